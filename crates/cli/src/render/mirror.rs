//! What the mirror learnt: how its models stand, days, days that never were, and proposals.

use super::spark::{spark, squeezed};
use super::table::{Side, Table, plain};
use super::{bad, faint, good, heading, notable, number, words};
use crate::exit::Exit;
use crate::trouble::Trouble;
use didymos_base::streams as known_streams;
use didymos_twin::request::Learnable;
use didymos_twin::response::{
    CausalKind, DaysAnswer, GenerateAnswer, LearntModel, LearntState, ProposeAnswer, Refused, TaskVerdict,
};

/// Days that never were that are drawn.
const DRAWN: usize = 14;
/// Numbers of a state that are drawn.
const STATES: usize = 16;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

fn no_answer(refused: &Refused) -> String {
    let mut text = format!("{}  {}\n", bad("No answer"), plain(&refused.because));
    for missing in &refused.missing {
        text.push_str(&format!("  missing: {}\n", plain(missing)));
    }
    text
}

fn label(stream: &str) -> String {
    plain(&known_streams::label(stream))
}

/// How the models stand.
pub(crate) fn learnt(models: &[LearntModel], width: usize) -> String {
    let mut table = Table::new([("model", Side::Left), ("state", Side::Left), ("days", Side::Left), ("", Side::Left)]);
    for model in models {
        let name = match model.model {
            Learnable::Portrait => "hours (portrait)",
            Learnable::World => "what follows (world)",
            Learnable::Days => "made-up days",
        };
        let share = |done: u64, of: u64| 100.0 * done as f64 / of.max(1) as f64;
        let state = match model.state {
            LearntState::Waiting => notable("not yet"),
            LearntState::Learning => format!("learning, {:.0} %", share(model.done, model.of)),
            LearntState::Begun => format!("begun, {:.0} %", share(model.done, model.of)),
            LearntState::Learnt => good("learnt"),
            LearntState::Refused => notable("cannot be learnt"),
        };
        let because = model.because.as_deref().map(plain).unwrap_or_default();
        table.row([name.to_owned(), state, format!("{} to {}", model.from, model.to), because]);
    }
    table.render(width)
}

fn methods(verdicts: &[TaskVerdict], width: usize) -> String {
    let mut table = Table::new([
        ("task", Side::Left),
        ("graph network", Side::Right),
        ("components", Side::Right),
        ("seasonal means", Side::Right),
        ("used", Side::Left),
        ("better by", Side::Right),
    ]);
    for verdict in verdicts {
        let task = match verdict.task.as_str() {
            "imputation" => "hidden hours (error)",
            "similar_days" => "similar days (error)",
            _ => "unusual days (area)",
        };
        let figure = |method: &str| {
            let found = verdict.figures.iter().find(|figure| figure.method == method);
            let text = found.map_or_else(String::new, |figure| format!("{:.3}", figure.figure));
            if verdict.best == method { good(&text) } else { text }
        };
        table.row([
            task.to_owned(),
            figure("graph_network"),
            figure("principal_components"),
            figure("seasonal_mean"),
            plain(&verdict.best.replace('_', " ")),
            format!("{:.1} %", verdict.better_by * 100.0),
        ]);
    }
    table.render(width)
}

/// An answer about days.
pub(crate) fn days(answer: &DaysAnswer, width: usize) -> String {
    if let Some(refused) = &answer.refused {
        return no_answer(refused);
    }
    let mut text = String::new();
    let streams: Vec<String> = answer.streams.iter().map(|stream| label(&stream.name)).collect();
    let names: Vec<&str> = streams.iter().take(5).map(String::as_str).collect();
    if !answer.like.is_empty() {
        text.push_str(&format!("{}\n", heading("Days alike")));
        let columns = [("day", Side::Left), ("distance", Side::Right)];
        let mut table = Table::new(columns.into_iter().chain(names.iter().map(|name| (*name, Side::Right))));
        for day in &answer.like {
            let means = day.means.iter().take(names.len());
            let means = means.map(|mean| mean.map_or_else(String::new, number::value));
            let mut cells = vec![day.date.clone(), format!("{:.2}", day.distance)];
            cells.extend(means);
            table.row(cells);
        }
        text.push_str(&table.render(width));
    } else if !answer.unusual.is_empty() {
        text.push_str(&format!("{}\n", heading("Days unlike the others")));
        let columns =
            [("day", Side::Left), ("score", Side::Right), ("above", Side::Right), ("most of all", Side::Left)];
        let mut table = Table::new(columns);
        for day in &answer.unusual {
            let above = format!("{:.1} %", day.above * 100.0);
            table.row([day.date.clone(), format!("{:.2}", day.score), above, label(&day.stream)]);
        }
        text.push_str(&table.render(width));
    } else if !answer.filled.is_empty() {
        text.push_str(&format!("{}\n", heading("Hours that nobody measured")));
        let columns =
            [("hour", Side::Left), ("stream", Side::Left), ("told", Side::Right), ("nine of ten", Side::Left)];
        let mut table = Table::new(columns);
        for hour in &answer.filled {
            let band = format!("{} to {}", number::value(hour.low), number::value(hour.high));
            table.row([hour.time.replace('T', " "), label(&hour.stream), number::value(hour.value), band]);
        }
        text.push_str(&table.render(width));
    } else if !answer.states.is_empty() {
        let date = answer.date.as_deref().unwrap_or_default();
        text.push_str(&format!("{}  hour by hour, {STATES} numbers\n", heading(&format!("State on {date}"))));
        for number in 0..STATES {
            let line: Vec<Option<f64>> =
                answer.states.iter().map(|hour| hour.get(number).map(|x| f64::from(*x))).collect();
            text.push_str(&format!("{:>3} {}\n", number + 1, spark(&line)));
        }
    }
    text.push_str(&format!("\n{}\n", methods(&answer.verdicts, width)));
    text.push_str(&faint(&format!("learnt from {} to {}: {}\n", answer.from, answer.to, streams.join(", "))));
    for note in &answer.notes {
        text.push_str(&faint(&format!("{}\n", plain(note))));
    }
    text
}

/// Days that never were.
pub(crate) fn made(answer: &GenerateAnswer, width: usize) -> String {
    let mut text = String::new();
    if let Some(refused) = &answer.refused {
        text.push_str(&no_answer(refused));
    }
    let room = width.saturating_sub(30).clamp(12, 24);
    for (at, stream) in answer.streams.iter().enumerate().filter(|_| !answer.days.is_empty()) {
        let unit = plain(&words::unit(&stream.unit));
        text.push_str(&format!("{}  {unit}, midnight to midnight\n", heading(&label(&stream.name))));
        for day in answer.days.iter().take(DRAWN) {
            let Some(hours) = day.hours.get(at) else { continue };
            let (low, high) =
                hours.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |all, x| (all.0.min(*x), all.1.max(*x)));
            let line = squeezed(&hours.iter().copied().map(Some).collect::<Vec<_>>(), room);
            let weekday = WEEKDAYS.get(day.weekday as usize).copied().unwrap_or_default();
            text.push_str(&format!(
                "  {weekday} {}  {} to {}\n",
                spark(&line),
                number::value(low),
                number::value(high)
            ));
        }
        text.push('\n');
    }
    if answer.days.len() > DRAWN {
        text.push_str(&faint(&format!("… and {} more: --json or --csv prints all\n\n", answer.days.len() - DRAWN)));
    }
    if !answer.makers.is_empty() {
        let mut table = Table::new([
            ("maker", Side::Left),
            ("told apart", Side::Right),
            ("predicts", Side::Right),
            ("attack", Side::Right),
            ("95 %", Side::Left),
            ("", Side::Left),
        ]);
        for maker in &answer.makers {
            let used = answer.maker.as_deref() == Some(maker.maker.as_str());
            let verdict = if maker.refused {
                bad("gives your days away")
            } else if used {
                good("used")
            } else {
                String::new()
            };
            table.row([
                plain(&maker.maker.replace('_', " ")),
                format!("{:.3}", maker.discriminative),
                format!("{:.3}", maker.predictive),
                format!("{:.2}", maker.attack),
                format!("{:.2} to {:.2}", maker.attack_95[0], maker.attack_95[1]),
                verdict,
            ]);
        }
        text.push_str(&table.render(width));
        let own = answer.own_predictive.map_or_else(String::new, |own| format!(" (your own days: {own:.3})"));
        text.push_str(&faint(&format!(
            "told apart: 0 is best, 0.5 worst; predicts: error of your next hours after learning from made days{own};\n\
             attack: chance of telling which days it learnt from, 0.5 is guessing. Learnt from {} to {}.\n",
            answer.from, answer.to
        )));
    }
    for note in &answer.notes {
        text.push_str(&faint(&format!("{}\n", plain(note))));
    }
    text
}

/// The days as rows: day, hour, and a column per stream.
pub(crate) fn made_csv(answer: &GenerateAnswer) -> Result<String, Trouble> {
    let failed = |words: String| Trouble::new(Exit::Io, format!("cannot write CSV: {words}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let head = ["day", "weekday", "hour"].map(str::to_owned).into_iter();
    let head: Vec<String> = head.chain(answer.streams.iter().map(|stream| stream.name.clone())).collect();
    writer.write_record(head).map_err(|error| failed(error.to_string()))?;
    for (number, day) in answer.days.iter().enumerate() {
        for hour in 0..day.hours.first().map_or(0, Vec::len) {
            let values = day.hours.iter().map(|stream| stream.get(hour).map_or_else(String::new, f64::to_string));
            let row: Vec<String> =
                [number + 1, day.weekday as usize, hour].map(|x| x.to_string()).into_iter().chain(values).collect();
            writer.write_record(row).map_err(|error| failed(error.to_string()))?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

/// What could be done in the coming days.
pub(crate) fn proposed(answer: &ProposeAnswer, width: usize) -> String {
    if let Some(refused) = &answer.refused {
        return no_answer(refused);
    }
    let names: Vec<String> =
        answer.limits.iter().map(|limit| words::with_unit(&label(limit.stream.as_str()), &limit.unit)).collect();
    let columns = [("day", Side::Left)].into_iter().chain(names.iter().map(|name| (name.as_str(), Side::Right)));
    let mut table = Table::new(columns);
    for day in &answer.plan {
        table.row([day.date.clone()].into_iter().chain(day.actions.iter().map(|x| number::value(*x))));
    }
    table.row(["usual".to_owned()].into_iter().chain(answer.limits.iter().map(|limit| number::value(limit.usual))));
    let limits = answer.limits.iter().map(|l| format!("{}–{}", number::value(l.low), number::value(l.high)));
    table.row(["limits".to_owned()].into_iter().chain(limits));
    if let Some(policy) = &answer.policy {
        let acts = policy.actions.iter().map(|x| number::value(*x));
        table.row(["policy".to_owned()].into_iter().chain(acts));
    }
    let mut text = format!("{}\n{}\n", heading("What you could do"), table.render(width));
    for told in &answer.outlook {
        let last = told.usual.len().saturating_sub(1);
        let at = |of: &[f64]| of.get(last).copied().map_or_else(String::new, number::value);
        text.push_str(&format!(
            "{}: {} as usual, {} with the plan on its last day; the difference lies between {} and {} nine of ten times\n",
            words::with_unit(&label(told.stream.as_str()), &told.unit),
            at(&told.usual),
            at(&told.planned),
            at(&told.difference_low),
            at(&told.difference_high)
        ));
    }
    for influence in answer.evidence.iter().filter(|influence| influence.shown) {
        text.push_str(&good(&format!(
            "{} goes before {}: {} per unit, {} to {} (p {:.4}, {} days)\n",
            label(influence.action.as_str()),
            label(influence.state.as_str()),
            number::value(influence.slope),
            number::value(influence.slope_95[0]),
            number::value(influence.slope_95[1]),
            influence.p,
            influence.days
        )));
    }
    for warning in &answer.warnings {
        text.push_str(&format!("{} {}\n", notable("Mind:"), plain(warning)));
    }
    if let Some(model) = &answer.model {
        text.push_str(&faint(&format!("by {}\n", plain(&model.says))));
    }
    for note in &answer.notes {
        text.push_str(&faint(&format!("{}\n", plain(note))));
    }
    if let Some(causal) = &answer.causal {
        let title = if causal.kind == CausalKind::Observational { "Not proven a cause." } else { "" };
        text.push_str(&format!("\n{} {}\n", notable(title), plain(&causal.says)));
        if let Some(trial) = &causal.trial {
            text.push_str(&format!("A trial would: {} (--save keeps it)\n", plain(&trial.says)));
        }
    }
    text
}
