//! Experiments: randomised trials on oneself, laid out beforehand, kept in the journal, and read when they are over.
//!
//! The order of the arms is drawn by lot when the trial is laid out; who reads the result before its last day would take
//! chance for an effect sooner or later, so there is none before. Days are days of UTC where a clock has to say which it
//! is, and the owner's own where data are read.

use super::mirror_days::days;
use super::mirror_sentence::intervention_in_words;
use super::mirror_what_if::{Question, number_in_words};
use crate::Twin;
use crate::door::{Failure, FailureCode};
use crate::request::{Experiment, ExperimentWhich};
use crate::response::{ArmContrast, Causal, CausalKind, Contrast, ExperimentShown, ExperimentState, PeriodShown};
use crate::settings;
use didymos_base::time::{DAY_MS, Date, wall_text};
use didymos_base::{Timestamp, ZoneOffset, hex, streams as table};
use didymos_mirror::trial::{Effect, Period, Protocol};
use didymos_vault::ObjectKind;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

const TITLE_MAX: usize = 120;
const ARM_MAX: usize = 200;
/// Experiments of one twin.
const MOST: usize = 500;
/// How far ahead or back a first day may lie.
const START_DAYS: i64 = 20_000;

/// An experiment as the journal keeps it.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    experiment: Laid,
}

#[derive(Clone, Serialize, Deserialize)]
struct Laid {
    id: String,
    created: Timestamp,
    plan: Experiment,
}

/// That an experiment was ended before its time.
#[derive(Serialize, Deserialize)]
struct Ended {
    experiment_ended: String,
}

fn all(twin: &Twin) -> Result<(Vec<Laid>, HashSet<String>), Failure> {
    let (mut laid, mut ended) = (Vec::new(), HashSet::new());
    twin.vault.records_of(ObjectKind::Setting, |_, records| {
        for bytes in records.iter().rev() {
            if let Ok(kept) = serde_json::from_slice::<Kept>(bytes) {
                laid.push(kept.experiment);
            } else if let Ok(end) = serde_json::from_slice::<Ended>(bytes) {
                ended.insert(end.experiment_ended);
            }
        }
        true
    })?;
    Ok((laid, ended))
}

pub(crate) fn add(twin: &Twin, asked: &Experiment) -> Result<ExperimentShown, Failure> {
    let invalid = |message: String| Failure::new(FailureCode::Invalid, message);
    let sound = |text: &str, most: usize| {
        !text.trim().is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
    };
    if !sound(&asked.title, TITLE_MAX) {
        return Err(invalid(format!("an experiment needs a title of 1 to {TITLE_MAX} characters")));
    }
    if let Some(arm) = asked.arms.iter().find(|arm| !sound(arm, ARM_MAX)) {
        return Err(invalid(format!("an arm needs a name of 1 to {ARM_MAX} characters, which {arm:?} is not")));
    }
    let known = super::mirror_days::streams(twin);
    if !known.iter().any(|(stream, _)| *stream == asked.outcome) {
        let message = format!(
            "nothing is measured on `{}` that could be read: `twin streams` lists what there is",
            asked.outcome
        );
        return Err(Failure::new(FailureCode::NotFound, message));
    }
    let today = today(twin);
    let start = match &asked.start {
        Some(text) => day(text).ok_or_else(|| invalid(format!("{text:?} is no day: write it as 2026-05-01")))?,
        None => today + 1,
    };
    if (start - today).abs() > START_DAYS {
        return Err(invalid("its first day is too far from today".to_owned()));
    }
    let seed = match asked.seed {
        Some(seed) => seed,
        None => u32::from_le_bytes(twin.random()?),
    };
    let plan = Experiment { start: Some(date(start)), seed: Some(seed), ..asked.clone() };
    // Refuses what could show nothing.
    protocol(&plan).schedule().map_err(|refusal| invalid(refusal.to_string()))?;
    if all(twin)?.0.len() >= MOST {
        return Err(invalid(format!("{MOST} experiments are kept already")));
    }
    let id: [u8; 6] = twin.random()?;
    let laid = Laid { id: hex::encode(&id), created: twin.now(), plan };
    settings::keep(twin, &Kept { experiment: laid.clone() })?;
    shown(twin, &laid, false)
}

pub(crate) fn list(twin: &Twin) -> Result<Vec<ExperimentShown>, Failure> {
    let (laid, ended) = all(twin)?;
    laid.iter().map(|laid| shown(twin, laid, ended.contains(&laid.id))).collect()
}

pub(crate) fn show(twin: &Twin, which: &ExperimentWhich) -> Result<ExperimentShown, Failure> {
    let (laid, ended) = all(twin)?;
    let laid = laid.iter().find(|laid| laid.id == which.id).ok_or_else(|| no_such(which))?;
    shown(twin, laid, ended.contains(&laid.id))
}

pub(crate) fn end(twin: &Twin, which: &ExperimentWhich) -> Result<ExperimentShown, Failure> {
    let shown = show(twin, which)?;
    match shown.state {
        ExperimentState::Planned | ExperimentState::Running => {
            settings::keep(twin, &Ended { experiment_ended: which.id.clone() })?;
            show(twin, which)
        }
        // What is over stays as it is.
        ExperimentState::Done | ExperimentState::Ended => Ok(shown),
    }
}

fn no_such(which: &ExperimentWhich) -> Failure {
    let id: String = which.id.chars().take(20).collect();
    Failure::new(FailureCode::NotFound, format!("there is no experiment `{id}`: `twin experiment list` shows them"))
}

fn protocol(plan: &Experiment) -> Protocol {
    Protocol {
        arms: plan.arms.clone(),
        blocks: plan.blocks,
        days_per_period: plan.days_per_period,
        washout_days: plan.washout_days,
        seed: plan.seed.unwrap_or_default(),
    }
}

fn today(twin: &Twin) -> i64 {
    twin.now().0.div_euclid(DAY_MS)
}

/// `2026-05-01` as days since 1970-01-01.
fn day(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, of_month) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none() && text.len() == 10;
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, of_month.parse().ok()?)?;
    whole.then(|| date.days())
}

fn date(day: i64) -> String {
    let text = wall_text(day.saturating_mul(DAY_MS));
    text.get(..10).unwrap_or(&text).to_owned()
}

fn shown(twin: &Twin, laid: &Laid, ended: bool) -> Result<ExperimentShown, Failure> {
    let plan = &laid.plan;
    let damaged =
        |what: String| Failure::new(FailureCode::Damaged, format!("the experiment `{}` is damaged: {what}", laid.id));
    let schedule = protocol(plan).schedule().map_err(|refusal| damaged(refusal.to_string()))?;
    let start = plan.start.as_deref().and_then(day).ok_or_else(|| damaged("it has no first day".to_owned()))?;
    let length = schedule.last().map_or(0, |period| i64::from(period.end_day));
    let done = (today(twin) - start).clamp(0, length);
    let state = match done {
        _ if ended => ExperimentState::Ended,
        _ if today(twin) < start => ExperimentState::Planned,
        done if done == length => ExperimentState::Done,
        _ => ExperimentState::Running,
    };
    let days = days(twin, &plan.outcome, None).ok();
    let outcomes: Vec<Option<f64>> = match &days {
        Some(days) => days.on(start, usize::try_from(length).unwrap_or(0)).iter().collect(),
        None => Vec::new(),
    };
    let counted = |period: &&Period| period.first_counted_day..period.end_day;
    let measured = schedule
        .iter()
        .flat_map(|period| counted(&period))
        .filter(|day| i64::from(*day) < done && outcomes.get(*day as usize).is_some_and(Option::is_some))
        .count();
    let unit = days.as_ref().map(|days| days.unit.clone());
    let (result, waiting) = match state {
        ExperimentState::Done => match protocol(plan).result(&outcomes) {
            Ok(contrasts) => {
                let told = |contrast: &didymos_mirror::trial::Contrast| arm(contrast, plan, unit.as_deref());
                (contrasts.iter().map(told).collect(), None)
            }
            Err(refusal) => (Vec::new(), Some(format!("the days measured do not tell: {refusal}"))),
        },
        ExperimentState::Ended => (Vec::new(), Some("it was ended before its time, so it tells nothing".to_owned())),
        _ => (Vec::new(), Some(format!("its result is read after its last day, {}", date(start + length - 1)))),
    };
    let mut notes = Vec::new();
    if start <= laid.created.0.div_euclid(DAY_MS) {
        notes.push("its first day was not to come any more when it was laid out: it counts only if you kept to this very order".to_owned());
    }
    let now_under = (state == ExperimentState::Running).then(|| {
        schedule.iter().find(|period| (i64::from(period.first_day)..i64::from(period.end_day)).contains(&done))
    });
    Ok(ExperimentShown {
        id: laid.id.clone(),
        experiment: plan.clone(),
        unit,
        created: laid.created.rfc3339(ZoneOffset::UTC),
        state,
        schedule: schedule.iter().map(|period| period_shown(period, plan, start)).collect(),
        today: now_under.flatten().and_then(|period| plan.arms.get(period.arm).cloned()),
        days_done: done as u64,
        days: length as u64,
        days_measured: measured as u64,
        result,
        waiting,
        notes,
    })
}

fn period_shown(period: &Period, plan: &Experiment, start: i64) -> PeriodShown {
    PeriodShown {
        from: date(start + i64::from(period.first_day)),
        to: date(start + i64::from(period.end_day) - 1),
        counted_from: date(start + i64::from(period.first_counted_day)),
        arm: plan.arms.get(period.arm).cloned().unwrap_or_default(),
        block: period.block + 1,
    }
}

/// A comparison as an answer has it.
pub(crate) fn contrast(effect: &Effect) -> Contrast {
    Contrast { effect: effect.effect, interval_95: effect.interval_95, p: effect.p, pairs: effect.pairs as u64 }
}

fn arm(told: &didymos_mirror::trial::Contrast, plan: &Experiment, unit: Option<&str>) -> ArmContrast {
    let unit =
        unit.filter(|unit| !unit.starts_with('{') && *unit != "1").map_or_else(String::new, |unit| format!(" {unit}"));
    let [low, high] = told.effect.interval_95;
    let label = table::label(plan.outcome.as_str());
    let (more, less) = (number_in_words(low), number_in_words(high));
    let says = if low > 0.0 || high < 0.0 {
        format!(
            "under “{}” {label} was {}{unit} {} than under “{}” (between {more} and {less})",
            told.arm,
            number_in_words(told.effect.effect.abs()),
            if told.effect.effect < 0.0 { "lower" } else { "higher" },
            told.against
        )
    } else {
        format!("no difference in {label} that stands out; anything from {more} to {less}{unit} fits")
    };
    ArmContrast { arm: told.arm.clone(), against: told.against.clone(), contrast: contrast(&told.effect), says }
}

/// Days of arms other than the first of every experiment, as nodes of the graph: name, first day, and per day whether
/// it was so.
pub(crate) fn arms_by_day(twin: &Twin) -> Result<Vec<(String, i64, Vec<bool>)>, Failure> {
    let (laid, ended) = all(twin)?;
    let mut arms = Vec::new();
    for laid in laid.iter().filter(|laid| !ended.contains(&laid.id)) {
        let (Ok(schedule), Some(start)) = (protocol(&laid.plan).schedule(), laid.plan.start.as_deref().and_then(day))
        else {
            continue;
        };
        let over = usize::try_from(today(twin) - start).unwrap_or(0);
        for (at, name) in laid.plan.arms.iter().enumerate().skip(1) {
            let mut days: Vec<bool> = schedule
                .iter()
                .flat_map(|period| (period.first_day..period.end_day).map(|_| period.arm == at))
                .collect();
            days.truncate(over);
            if !days.is_empty() {
                arms.push((format!("experiment: {name}"), start, days));
            }
        }
    }
    Ok(arms)
}

/// What is known of the cause: an experiment of the owner's that asked the same, if one is done.
pub(crate) fn known(twin: &Twin, question: &Question<'_>, causal: Causal) -> Result<Causal, Failure> {
    let Some(outcome) = causal.trial.as_ref().map(|offer| offer.experiment.outcome.clone()) else { return Ok(causal) };
    let same = |plan: &Experiment| plan.outcome == outcome && plan.settles == question.understood.interventions;
    let (laid, ended) = all(twin)?;
    for laid in laid.iter().filter(|laid| !ended.contains(&laid.id) && same(&laid.plan)) {
        let shown = shown(twin, laid, false)?;
        match (shown.state, shown.result.first()) {
            (ExperimentState::Done, Some(result)) => {
                let says = format!("Your experiment “{}” asked this by lot: {}.", laid.plan.title, result.says);
                return Ok(Causal { kind: CausalKind::Experimental, says, trial: None });
            }
            (ExperimentState::Planned | ExperimentState::Running, _) => {
                let what: Vec<String> = laid.plan.settles.iter().map(intervention_in_words).collect();
                let says = format!(
                    "{} A trial of it ({}) is laid out and ends on {}.",
                    causal.says,
                    what.join("; "),
                    shown.schedule.last().map_or("", |period| period.to.as_str())
                );
                return Ok(Causal { says, trial: None, ..causal });
            }
            _ => {}
        }
    }
    Ok(causal)
}
