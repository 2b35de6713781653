//! A "what if" for a person: two fans over one another, the effect, how sure and why.

use super::table::{Side, Table, plain};
use super::{bad, faint, good, heading, notable, number, words};
use didymos_twin::response::{CausalKind, Fan, Futures, Reading, WhatIfAnswer};

/// Lines of the picture.
const ROWS: usize = 14;
/// Columns beside it, for numbers.
const MARGIN: usize = 10;
/// Columns of one step at most.
const WIDEST: usize = 5;

/// How a question was read.
pub(crate) fn reading(reading: &Reading) -> String {
    let mut text = format!("{}  {}\n", heading("Understood"), plain(&reading.says));
    if !reading.not_understood.is_empty() {
        let missing: Vec<String> = reading.not_understood.iter().map(|word| plain(word)).collect();
        text.push_str(&format!("{}  {}\n", notable("Not understood"), missing.join("; ")));
    }
    text
}

/// The answer for a person.
pub(crate) fn render(answer: &WhatIfAnswer, width: usize) -> String {
    let mut text = reading(&answer.understood);
    if let Some(refused) = &answer.refused {
        text.push_str(&format!("\n{}  {}\n", bad("No answer"), plain(&refused.because)));
        for missing in &refused.missing {
            text.push_str(&format!("  missing: {}\n", plain(missing)));
        }
        if !answer.choices.is_empty() {
            text.push_str(&format!("\n{}\n", heading("Which is meant?")));
        }
        for choice in &answer.choices {
            text.push_str(&format!("  twin ask \"{}\"\n", plain(&choice.sentence)));
            text.push_str(&faint(&format!("    {}\n", plain(&choice.says))));
        }
        return text;
    }
    for (at, futures) in answer.outcomes.iter().enumerate() {
        if at == 0 {
            text.push('\n');
            text.push_str(&picture(futures, width));
        }
        let says = plain(&futures.effect.says);
        text.push_str(&format!("{}\n", if futures.effect.clear { good(&says) } else { says }));
    }
    if let Some(first) = answer.outcomes.first() {
        text.push_str(&basis(first));
    }
    if let Some(model) = &answer.model {
        text.push_str(&faint(&format!("by {}\n", plain(&model.says))));
    }
    for note in &answer.notes {
        text.push_str(&faint(&format!("{}\n", plain(note))));
    }
    for warning in &answer.warnings {
        text.push_str(&format!("{} {}\n", notable("Mind:"), plain(warning)));
    }
    if let Some(causal) = &answer.causal {
        let title = match causal.kind {
            CausalKind::Observational => notable("Not proven a cause."),
            CausalKind::Mechanistic => notable("From equations."),
            CausalKind::Experimental => good("Settled by lot."),
        };
        text.push_str(&format!("\n{title} {}\n", plain(&causal.says)));
        if let Some(trial) = &causal.trial {
            text.push_str(&format!("The trial that would: {}.\n", plain(&trial.says)));
            text.push_str(&faint("keep it with `twin ask … --save`\n"));
        }
    }
    text
}

fn basis(futures: &Futures) -> String {
    let mut text = String::new();
    let basis = &futures.basis;
    if let Some(support) = &basis.support {
        text.push_str(&format!(
            "\n{} behind it, {} with about {} {} (usual {})\n",
            number::counted(basis.days, "day"),
            number::count(basis.days_like_asked),
            number::value(support.asked),
            plain(&words::unit(&support.unit)),
            number::value(support.usual)
        ));
    } else if basis.days > 0 {
        text.push_str(&format!("\n{} behind it\n", number::counted(basis.days, "day")));
    }
    if !basis.alike.is_empty() {
        let mut table = Table::new([("most like it", Side::Left), ("changed", Side::Right), ("outcome", Side::Right)]);
        for day in &basis.alike {
            table.row([day.date.clone(), number::value(day.changed), number::value(day.outcome)]);
        }
        text.push_str(&table.render(60));
    }
    if let Some(record) = &futures.record {
        text.push_str(&format!("So far: {}\n", plain(&record.says)));
    }
    text
}

/// Past as dots, both medians as lines, the changed future's bands as shade.
fn picture(futures: &Futures, width: usize) -> String {
    let ahead = futures.times.len();
    if ahead < 2 {
        return String::new();
    }
    let room = width.saturating_sub(MARGIN + 1).max(16);
    let per_step = (room * 2 / 3 / ahead).clamp(1, WIDEST);
    // A long future is shown in so many columns, each its first step.
    let columns = ahead.min(room * 2 / 3);
    let steps: Vec<usize> = (0..columns).map(|column| column * ahead / columns).collect();
    let past = futures.recent.len().min((room - columns * per_step) / per_step);
    let past = &futures.recent[futures.recent.len() - past..];
    let at = |fan: &[f64], step: usize| fan.get(step).copied().unwrap_or_default();
    let both: [&Fan; 2] = [&futures.baseline, &futures.intervention];
    let ends = steps.iter().flat_map(|step| both.iter().flat_map(|fan| [at(&fan.q025, *step), at(&fan.q975, *step)]));
    let (low, high) = past
        .iter()
        .flatten()
        .copied()
        .chain(ends)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    if low >= high || !low.is_finite() || !high.is_finite() {
        return String::new();
    }
    let row = |y: f64| (((y - low) / (high - low) * (ROWS - 1) as f64).round() as usize).min(ROWS - 1);
    let title = format!("{}  {}", heading(&plain(&futures.name)), plain(&words::unit(&futures.unit)));
    let mut text = format!("{title}\n");
    for line in (0..ROWS).rev() {
        let value = low + (high - low) * line as f64 / (ROWS - 1) as f64;
        let mark = if line % 4 == 1 || line == 0 { number::value(value) } else { String::new() };
        text.push_str(&format!("{mark:>width$} ", width = MARGIN - 1));
        for y in past {
            text.push_str(&(if y.map(row) == Some(line) { "•" } else { " " }).repeat(per_step));
        }
        text.push('│');
        for step in &steps {
            let fan = &futures.intervention;
            let within = |low: &[f64], high: &[f64]| (row(at(low, *step))..=row(at(high, *step))).contains(&line);
            let cell = match line {
                _ if row(at(&fan.q50, *step)) == line => "━",
                _ if row(at(&futures.baseline.q50, *step)) == line => "┄",
                _ if within(&fan.q25, &fan.q75) => "▓",
                _ if within(&fan.q10, &fan.q90) => "▒",
                _ if within(&fan.q025, &fan.q975) => "░",
                _ => " ",
            };
            text.push_str(&cell.repeat(per_step));
        }
        text.push('\n');
    }
    let now = format!("{}└ {}", " ".repeat(MARGIN + past.len() * per_step), futures.from.replace('T', " "));
    text.push_str(&faint(&now));
    text.push_str(&faint("\n━ changed  ┄ as usual  ▓▒░ 50, 80 and 95 % of what is likely when changed\n\n"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use didymos_twin::response::{Basis, EffectTold};

    fn futures(steps: usize) -> Futures {
        let fan = |middle: f64| {
            let line = |away: f64| (0..steps).map(|step| middle + away * (1.0 + step as f64)).collect::<Vec<f64>>();
            Fan {
                q025: line(-3.0),
                q10: line(-2.0),
                q25: line(-1.0),
                q50: line(0.0),
                q75: line(1.0),
                q90: line(2.0),
                q975: line(3.0),
            }
        };
        Futures {
            name: "Steps".into(),
            stream: None,
            unit: "{count}".into(),
            every: "1d".into(),
            from: "2024-05-01T00:00:00".into(),
            recent: vec![Some(100.0), None, Some(110.0)],
            times: vec![String::new(); steps],
            baseline: fan(100.0),
            intervention: fan(130.0),
            difference: fan(30.0),
            effect: EffectTold {
                what: "mean".into(),
                value: 30.0,
                interval_50: [25.0, 35.0],
                interval_80: [20.0, 40.0],
                interval_95: [10.0, 50.0],
                clear: true,
                says: "Steps: 30 higher".into(),
            },
            basis: Basis::default(),
            record: None,
        }
    }

    #[test]
    fn both_futures_are_drawn_and_fit_the_terminal() {
        for (steps, width) in [(7, 80), (60, 40), (288, 100), (2, 200)] {
            let text = picture(&futures(steps), width);
            for mark in ["━", "┄", "▓", "•"] {
                assert!(text.contains(mark), "{mark} at {steps} in {width}\n{text}");
            }
            let lines = text.lines().take(ROWS + 1);
            assert!(lines.clone().all(|line| console::measure_text_width(line) <= width.max(40)), "{text}");
        }
        assert_eq!(picture(&futures(1), 80), "");
    }
}
