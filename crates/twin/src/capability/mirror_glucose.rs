//! Glucose of the owner: readings, meals and insulin as records of five minutes, the treatment that they tell, and the
//! body that is fitted to them.

use super::mirror_what_if::{Question, effect, fan, number_in_words};
use crate::Twin;
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::request::Intervention;
use crate::response::{Basis, Causal, CausalKind, Futures, ModelKind, ModelUsed, Parameter, TrackRecord, WhatIfAnswer};
use didymos_base::time::{DAY_MS, MINUTE_MS, wall_text};
use didymos_base::{Kind, StreamId, Value};
use didymos_mirror::glucose::{Record, Therapy};
use didymos_mirror::what_if::glucose::{self as mirror, Answer, Fitted, Serving};
use didymos_vault::VaultError;
use didymos_vault::timeline::Range;
use std::ops::ControlFlow;

const STEP_MIN: i64 = 5;
const STEP_MS: i64 = STEP_MIN * MINUTE_MS;
/// Days that are fitted: longer ago, people and their ratios were others.
const DAYS: i64 = 10;
/// Insulin so near a meal belongs to it.
const WITH_MEAL_STEPS: usize = 4;
/// Body weight where none is recorded.
const WEIGHT_KG: f64 = 70.0;
/// Glucose shown before the futures part.
const RECENT: usize = 36;

/// What the owner's devices recorded, and what it tells of the treatment.
pub(crate) struct Recorded {
    /// Where the first record begins, wall clock.
    pub(crate) start: i64,
    pub(crate) records: Vec<Record>,
    pub(crate) therapy: Therapy,
    pub(crate) notes: Vec<String>,
}

/// What is missing for a body of glucose.
pub(crate) struct Lacking {
    pub(crate) because: String,
    pub(crate) missing: Vec<String>,
}

/// Wall-clock start and end, and value of each observation from this moment on.
fn numbers(twin: &Twin, stream: &str, source: Option<&str>, from: i64) -> Result<Vec<(i64, i64, f64)>, Failure> {
    let Ok(id) = stream.parse::<StreamId>() else { return Ok(Vec::new()) };
    let selection = match twin.vault.select(&id, Range::default(), source) {
        Err(VaultError::NoStream) => return Ok(Vec::new()),
        selection => selection?,
    };
    let kind: Kind = selection.stream.kind;
    let mut rows = Vec::new();
    twin.vault.each(&selection, |found| {
        let (start, end) = (found.start().wall(found.zone()), found.end().wall(found.zone()));
        if start >= from
            && let Value::Number(value) = found.chunk.front.value(kind, found.index)
        {
            rows.push((start, end, value));
        }
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}

/// Reads what there is, or says what is missing.
pub(crate) fn recorded(twin: &Twin, source: Option<&str>) -> Result<Result<Recorded, Lacking>, Failure> {
    let readings = numbers(twin, "glucose", source, i64::MIN)?;
    let lacking = |because: &str, missing: Vec<String>| Ok(Err(Lacking { because: because.to_owned(), missing }));
    let Some(last) = readings.iter().map(|row| row.0).max() else {
        return lacking("no glucose is measured", missing(true, true, true));
    };
    let from = last - DAYS * DAY_MS;
    let meals = numbers(twin, "dietary_carbohydrates", None, from)?;
    let insulin = numbers(twin, "insulin", None, from)?;
    let slow = numbers(twin, "insulin_long_acting", None, from)?;
    if meals.is_empty() || insulin.is_empty() {
        let because =
            "glucose is measured, but not what moves it: without meals and insulin nothing tells what they do";
        return lacking(because, missing(false, meals.is_empty(), insulin.is_empty()));
    }
    // All three have to be known over the days that are fitted.
    let begins = |rows: &[(i64, i64, f64)]| rows.iter().map(|row| row.0).min().unwrap_or(last);
    let first = begins(&readings).max(from).max(begins(&meals).min(begins(&insulin)));
    let start = first.div_euclid(STEP_MS) * STEP_MS;
    let ends = [&meals, &insulin].into_iter().flatten().map(|row| row.0).max().unwrap_or(last).min(last + DAY_MS / 4);
    let len = usize::try_from((last.max(ends) - start) / STEP_MS + 1).unwrap_or(0);
    let mut records = vec![Record { carbs_g: 0.0, insulin_u: 0.0, cgm_mg_dl: None }; len];
    let at = |time: i64| usize::try_from((time - start).div_euclid(STEP_MS)).ok().filter(|at| *at < len);
    for (time, _, value) in &readings {
        if let Some(at) = at(*time) {
            records[at].cgm_mg_dl = Some(*value);
        }
    }
    for (time, _, grams) in &meals {
        if let Some(at) = at(*time) {
            records[at].carbs_g += grams.max(0.0);
        }
    }
    let spread = |records: &mut Vec<Record>, time: i64, end: i64, units: f64| {
        let steps = ((end - time) / STEP_MS).clamp(1, DAY_MS / STEP_MS);
        for step in 0..steps {
            if let Some(at) = at(time + step * STEP_MS) {
                records[at].insulin_u += units.max(0.0) / steps as f64;
            }
        }
    };
    for (time, end, units) in &insulin {
        spread(&mut records, *time, *end, *units);
    }
    let Some(basal_u_per_min) = basal(&slow, &records) else {
        let missing =
            vec!["slow insulin: `insulin_long_acting`, or what a pump gives without meals on `insulin`".to_owned()];
        return lacking("insulin is recorded with meals only", missing);
    };
    for (time, _, units) in &slow {
        spread(&mut records, *time, time + DAY_MS, *units);
    }
    let mut notes = Vec::new();
    let weight = numbers(twin, "body_mass", None, i64::MIN)?.last().map(|row| row.2);
    if weight.is_none() {
        notes.push(format!("no body weight is recorded (`body_mass`): {WEIGHT_KG} kg is assumed"));
    }
    let therapy = therapy(&records, basal_u_per_min, weight.unwrap_or(WEIGHT_KG));
    Ok(Ok(Recorded { start, records, therapy, notes }))
}

fn missing(glucose: bool, meals: bool, insulin: bool) -> Vec<String> {
    let mut missing = Vec::new();
    if glucose {
        missing.push("readings of a glucose sensor (`glucose`)".to_owned());
    }
    if meals {
        missing.push("meals with their carbohydrate (`dietary_carbohydrates`)".to_owned());
    }
    if insulin {
        missing.push("insulin with its times (`insulin`)".to_owned());
    }
    missing
}

/// The basal rate: slow insulin of a day, or what a pump gives in hours without a meal and without a bolus.
fn basal(slow: &[(i64, i64, f64)], records: &[Record]) -> Option<f64> {
    if !slow.is_empty() {
        let days = slow.iter().map(|row| row.0.div_euclid(DAY_MS)).collect::<std::collections::BTreeSet<_>>().len();
        return Some(slow.iter().map(|row| row.2).sum::<f64>() / days.max(1) as f64 / 1440.0);
    }
    let mut hours: Vec<f64> = records
        .chunks((60 / STEP_MIN) as usize)
        .filter(|hour| hour.iter().all(|record| record.carbs_g == 0.0))
        .map(|hour| hour.iter().map(|record| record.insulin_u).sum())
        .collect();
    hours.sort_by(f64::total_cmp);
    let middle = hours.get(hours.len() / 2).copied().filter(|units| *units > 0.0)?;
    Some(middle / 60.0)
}

/// Ratios as the owner's own boluses tell them.
fn therapy(records: &[Record], basal_u_per_min: f64, weight_kg: f64) -> Therapy {
    let mut ratios: Vec<f64> = (0..records.len())
        .filter(|at| records[*at].carbs_g >= 15.0)
        .filter_map(|at| {
            let units = bolus(records, at, basal_u_per_min);
            (units > 0.3).then(|| records[at].carbs_g / units)
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let days = (records.len() as f64 * STEP_MIN as f64 / 1440.0).max(1.0);
    let daily = (records.iter().map(|record| record.insulin_u).sum::<f64>() / days).max(1.0);
    Therapy {
        // 500 rule and 1,700 rule where no meal tells.
        carb_ratio_g_per_u: ratios.get(ratios.len() / 2).copied().unwrap_or(500.0 / daily),
        correction_mg_dl_per_u: 1700.0 / daily,
        daily_insulin_u: daily,
        basal_u_per_min,
        weight_kg,
        age_years: 40.0,
    }
}

/// Insulin given with the meal at `at`, beside the basal rate.
fn bolus(records: &[Record], at: usize, basal_u_per_min: f64) -> f64 {
    let near = at.saturating_sub(WITH_MEAL_STEPS)..(at + WITH_MEAL_STEPS + 1).min(records.len());
    let given: f64 = records[near.clone()].iter().map(|record| record.insulin_u).sum();
    (given - basal_u_per_min * (near.len() as i64 * STEP_MIN) as f64).max(0.0)
}

/// What is eaten and injected in both futures, from when on, and what had to be assumed.
struct Plan {
    until: usize,
    baseline: Serving,
    intervention: Serving,
    notes: Vec<String>,
}

fn plan(question: &Question<'_>, recorded: &Recorded) -> Result<Plan, Lacking> {
    let interventions = &question.understood.interventions;
    let meal = interventions.iter().find_map(|one| match one {
        Intervention::Meal { grams, in_both } => Some((*grams, *in_both)),
        _ => None,
    });
    let units: f64 =
        interventions.iter().map(|one| if let Intervention::Insulin { units } = one { *units } else { 0.0 }).sum();
    let records = &recorded.records;
    let therapy = &recorded.therapy;
    let (mut until, mut notes) = (records.len(), Vec::new());
    let (carbs_g, usual, in_both) = match meal {
        None => (0.0, 0.0, true),
        Some((Some(grams), in_both)) => {
            let usual = grams / therapy.carb_ratio_g_per_u;
            notes.push(format!(
                "the usual bolus for {grams:.0} g is taken as {usual:.1} units: your meals had one unit per {:.1} g",
                therapy.carb_ratio_g_per_u
            ));
            (grams, usual, in_both)
        }
        Some((None, in_both)) => {
            let Some(at) = records.iter().rposition(|record| record.carbs_g > 0.0) else {
                let missing = vec!["a recorded meal, or how many grams it has".to_owned()];
                return Err(Lacking { because: "no meal is recorded that could be meant".to_owned(), missing });
            };
            until = at;
            let usual = bolus(records, at, therapy.basal_u_per_min);
            let time = wall_text(recorded.start + at as i64 * STEP_MS).replace('T', " ");
            notes.push(format!(
                "the meal meant is the one of {time}: {:.0} g with {usual:.1} units",
                records[at].carbs_g
            ));
            (records[at].carbs_g, usual, in_both)
        }
    };
    let given = usual + units;
    if given < 0.0 {
        let because = format!("the usual bolus has {usual:.1} units, so {:.1} fewer cannot be given", -units);
        return Err(Lacking { because, missing: vec!["a smaller difference, or a meal with more insulin".to_owned()] });
    }
    let baseline = if in_both { Serving { carbs_g, units: usual } } else { Serving::default() };
    Ok(Plan { until, baseline, intervention: Serving { carbs_g, units: given }, notes })
}

pub(crate) fn what_if(twin: &Twin, question: &Question<'_>, watch: Watch<'_>) -> Result<WhatIfAnswer, Failure> {
    let hours = question.horizon("8h").map_or(0, |horizon| horizon.ms() / (60 * MINUTE_MS));
    let Some(hours) = u32::try_from(hours).ok().filter(|hours| (1..=24).contains(hours)) else {
        let because = "a question about glucose looks 1 to 24 hours ahead";
        return Ok(question.refused(because, vec!["a horizon such as 8h".to_owned()]));
    };
    if question.understood.outcome.as_ref().is_some_and(|outcome| outcome.as_str() != "glucose") {
        let because = "meals and insulin are asked of a body that tells glucose, and nothing else";
        return Ok(question.refused(because, vec!["a question about glucose".to_owned()]));
    }
    let doing = Progress { doing: "fitting the body".into(), unit: "bodies".into(), done: 0, of: 2 };
    if watch(doing).is_break() {
        return Err(Failure::new(FailureCode::Stopped, "stopped; nothing was changed"));
    }
    let recorded = match recorded(twin, question.asked.source.as_deref())? {
        Ok(recorded) => recorded,
        Err(lacking) => return Ok(question.refused(lacking.because, lacking.missing)),
    };
    let plan = match plan(question, &recorded) {
        Ok(plan) => plan,
        Err(lacking) => return Ok(question.refused(lacking.because, lacking.missing)),
    };
    let asked = mirror::Question {
        therapy: &recorded.therapy,
        step_min: STEP_MIN as u32,
        records: &recorded.records,
        until: plan.until,
        baseline: plan.baseline,
        intervention: plan.intervention,
        hours,
        seed: question.asked.seed,
    };
    let answer = match asked.answer() {
        Ok(answer) => answer,
        Err(refusal) => return Ok(question.refused_by(&refusal, "such meals or doses")),
    };
    let mut notes = recorded.notes.clone();
    notes.extend(plan.notes.iter().cloned());
    Ok(WhatIfAnswer {
        understood: question.understood.clone(),
        refused: None,
        choices: Vec::new(),
        model: Some(model(&answer.body, &recorded.therapy, answer.days, answer.meals)),
        outcomes: vec![futures(&recorded, &plan, &answer)],
        causal: Some(Causal {
            kind: CausalKind::Mechanistic,
            says:
                "Equations of glucose and insulin say so, fitted to your readings, meals and insulin. It is no advice \
                   on a dose: exercise, illness and stress are not in them."
                    .to_owned(),
            trial: None,
        }),
        warnings: question.warnings(),
        notes,
    })
}

/// A fitted body in words and numbers.
pub(crate) fn model(body: &Fitted, therapy: &Therapy, days: f64, meals: usize) -> ModelUsed {
    let parameter = |name: &str, value: f64, unit: &str| Parameter { name: name.into(), value, unit: unit.into() };
    let mut parameters = vec![
        parameter("basal rate", therapy.basal_u_per_min * 60.0, "[iU]/h"),
        parameter("carbohydrate for a unit", therapy.carb_ratio_g_per_u, "g/[iU]"),
        parameter("body weight", therapy.weight_kg, "kg"),
    ];
    let (kind, name) = match body {
        Fitted::Full(_) => (ModelKind::UvaPadova, "the UVA/Padova body of glucose and insulin"),
        Fitted::Few(person) => {
            parameters.push(parameter("insulin sensitivity", person.sensitivity_per_min_per_mu_l, "L/(min.m[iU])"));
            parameters.push(parameter("basal glucose", person.basal_mg_dl, "mg/dL"));
            (ModelKind::MinimalModel, "Bergman's minimal model of glucose and insulin, since data are few")
        }
    };
    ModelUsed { kind, says: format!("{name}, fitted to {days:.1} days with {meals} meals"), parameters }
}

fn futures(recorded: &Recorded, plan: &Plan, answer: &Answer) -> Futures {
    let time = |step: i64| wall_text(recorded.start + (plan.until as i64 + step) * STEP_MS);
    let from = plan.until.saturating_sub(RECENT);
    let what = format!("largest difference, {} min after", answer.peak_min);
    Futures {
        name: "Glucose".to_owned(),
        stream: "glucose".parse().ok(),
        unit: "mg/dL".to_owned(),
        every: "5m".to_owned(),
        from: time(0),
        recent: recorded.records[from..plan.until].iter().map(|record| record.cgm_mg_dl).collect(),
        times: (1..=answer.baseline.steps.len() as i64).map(time).collect(),
        baseline: fan(&answer.baseline),
        intervention: fan(&answer.intervention),
        difference: fan(&answer.difference),
        effect: effect(&answer.effect, &what, "Glucose", "mg/dL"),
        basis: Basis { days: answer.days.ceil() as u64, days_like_asked: answer.meals as u64, ..Basis::default() },
        record: answer.record.as_ref().map(|told| {
            let [coverage_50, coverage_80, coverage_95] = told.coverage;
            TrackRecord {
                checked: told.windows as u64,
                error: told.error,
                error_without: told.error_without,
                skill: if told.error_without > 0.0 { 1.0 - told.error / told.error_without } else { 0.0 },
                coverage_50,
                coverage_80,
                coverage_95,
                unusual: 0,
                direction_right: 0.0,
                says: format!(
                    "{} windows of days that were not fitted: off by {} mg/dL on average, staying as it was by {}; the \
                     80 % band held {:.0} %",
                    told.windows,
                    number_in_words(told.error),
                    number_in_words(told.error_without),
                    coverage_80 * 100.0
                ),
            }
        }),
    }
}
