//! Sleep of the owner: nights from sleep stages, and a two-process sleeper fitted to them.

use super::asleep;
use super::mirror_what_if::{Question, effect, fan, number_in_words};
use crate::Twin;
use crate::door::{Failure, FailureCode};
use crate::request::Every;
use crate::response::{
    Basis, Causal, CausalKind, Futures, ModelKind, ModelUsed, Parameter, Support, TrackRecord, WhatIfAnswer,
};
use didymos_base::Value;
use didymos_base::time::{DAY_MS, MINUTE_MS, wall_text};
use didymos_mirror::body::sleep::{Night, SleepFit};
use didymos_mirror::what_if::bedtime;
use didymos_vault::VaultError;
use didymos_vault::timeline::Range;
use std::ops::ControlFlow;

/// Awake for longer than this, and it is another night.
const APART_MIN: f64 = 90.0;
/// Nights shown before the futures part.
const RECENT: usize = 28;

/// Nights of the owner, in minutes of the wall clock since 1970, in order of time; none where no stages are recorded.
pub(crate) fn nights(twin: &Twin, source: Option<&str>) -> Result<Vec<Night>, Failure> {
    let stream = asleep::STREAM
        .parse()
        .map_err(|_| Failure::new(FailureCode::NotFound, "there is no stream of sleep stages"))?;
    let selection = match twin.vault.select(&stream, Range::default(), source) {
        Err(VaultError::NoStream) => return Ok(Vec::new()),
        selection => selection?,
    };
    let mut nights: Vec<Night> = Vec::new();
    twin.vault.each(&selection, |found| {
        let value = found.chunk.front.value(selection.stream.kind, found.index);
        if let Value::Category(label) = value
            && asleep::is_asleep(&label)
        {
            let minute = |ms: i64| ms as f64 / MINUTE_MS as f64;
            let (from_min, to_min) = (minute(found.start().wall(found.zone())), minute(found.end().wall(found.zone())));
            match nights.last_mut() {
                Some(last) if from_min <= last.to_min + APART_MIN => last.to_min = last.to_min.max(to_min),
                _ if to_min > from_min => nights.push(Night { from_min, to_min }),
                _ => {}
            }
        }
        ControlFlow::Continue(())
    })?;
    // A clock that was set back gives nights that lie in each other.
    nights.retain(|night| night.to_min - night.from_min <= 1440.0);
    nights.dedup_by(|next, before| next.from_min < before.to_min);
    Ok(nights)
}

/// A sleeper in words and numbers.
pub(crate) fn model(fit: &SleepFit, nights: usize) -> ModelUsed {
    let parameter = |name: &str, value: f64, unit: &str| Parameter { name: name.into(), value, unit: unit.into() };
    ModelUsed {
        kind: ModelKind::TwoProcess,
        says: format!("the two-process model of sleep, fitted to {nights} of your nights"),
        parameters: vec![
            parameter("sleep pressure at falling asleep", fit.sleeper.upper, "1"),
            parameter("sleep pressure at waking", fit.sleeper.lower, "1"),
            parameter("most alert", fit.sleeper.alert_minute, "min after midnight"),
            parameter("off on the length of a night", fit.off_min, "min"),
            parameter("off if every night were the mean night", fit.habit_off_min, "min"),
        ],
    }
}

pub(crate) fn what_if(twin: &Twin, question: &Question<'_>, minutes: f64) -> Result<WhatIfAnswer, Failure> {
    let horizon = question.horizon("7d").map_or(0, Every::ms);
    let count = usize::try_from(horizon / DAY_MS).unwrap_or(0);
    if horizon % DAY_MS != 0 || !(1..=60).contains(&count) {
        let because = "a question about nights looks 1 to 60 whole days ahead";
        return Ok(question.refused(because, vec!["a horizon such as 7d or 2w".to_owned()]));
    }
    let nights = nights(twin, question.asked.source.as_deref())?;
    if nights.is_empty() {
        let missing = vec!["sleep stages with their times (`sleep_stage`), of 14 nights at least".to_owned()];
        return Ok(question.refused("no night is recorded with its beginning and its end", missing));
    }
    let answer = match bedtime::moved(&nights, minutes, count, question.asked.seed) {
        Ok(answer) => answer,
        Err(refusal) => return Ok(question.refused_by(&refusal, "such a bedtime")),
    };
    let date = |ahead: usize| {
        let minute = nights.last().map_or(0.0, |night| night.to_min) as i64;
        wall_text((minute * MINUTE_MS).div_euclid(DAY_MS) * DAY_MS + ahead as i64 * DAY_MS)
    };
    let (checked, error, error_without) = answer.checked;
    let [coverage_50, coverage_80, coverage_95] = answer.coverage;
    let mut warnings = question.warnings();
    if error >= error_without {
        warnings.push(format!(
            "on {checked} checked nights the model was no better than telling the mean night (off by {} against {} min)",
            number_in_words(error),
            number_in_words(error_without)
        ));
    }
    let [low, high] = answer.middle_min;
    let inside = (low..=high).contains(&answer.asked_min);
    if !inside {
        warnings.push("such a bedtime is rare for you, so the answer leans on few nights".to_owned());
    }
    let lengths = |night: &Night| Some(night.to_min - night.from_min);
    let record = TrackRecord {
        checked: checked as u64,
        error,
        error_without,
        skill: if error_without > 0.0 { 1.0 - error / error_without } else { 0.0 },
        coverage_50,
        coverage_80,
        coverage_95,
        unusual: 0,
        direction_right: 0.0,
        says: format!(
            "{checked} past nights told from the nights before them: off by {} min on average, the mean night by {} min",
            number_in_words(error),
            number_in_words(error_without)
        ),
    };
    let futures = Futures {
        name: "length of sleep".to_owned(),
        stream: None,
        unit: "min".to_owned(),
        every: "1d".to_owned(),
        from: date(0),
        recent: nights.iter().rev().take(RECENT).rev().map(lengths).collect(),
        times: (1..=count).map(date).collect(),
        baseline: fan(&answer.baseline),
        intervention: fan(&answer.intervention),
        difference: fan(&answer.difference),
        effect: effect(
            &answer.effect,
            &format!("mean difference a night over {count} nights"),
            "length of sleep",
            "min",
        ),
        basis: Basis {
            days: answer.nights as u64,
            support: Some(Support {
                unit: "min after noon".to_owned(),
                usual: answer.usual_min,
                asked: answer.asked_min,
                lowest: answer.range_min[0],
                q05: low,
                q95: high,
                highest: answer.range_min[1],
                inside,
            }),
            ..Basis::default()
        },
        record: (checked >= 7).then_some(record),
    };
    Ok(WhatIfAnswer {
        understood: question.understood.clone(),
        refused: None,
        choices: Vec::new(),
        model: Some(model(&answer.fit, answer.nights)),
        outcomes: vec![futures],
        causal: Some(Causal {
            kind: CausalKind::Mechanistic,
            says: "Equations of sleep pressure and the body's clock say so, fitted to your nights. Alarms, light and \
                   company are not in them."
                .to_owned(),
            trial: None,
        }),
        warnings,
        notes: Vec::new(),
    })
}
