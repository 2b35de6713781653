//! "What if": from a question to two futures, by the model that knows most of it, or to a refusal.
//!
//! Glucose under meals and insulin, bedtimes and the brain's connections are asked of bodies of known equations, fitted
//! to the owner; whatever else is measured day by day, of a regression on the owner's days. Who answers is told, and
//! how right it has been.

mod days;
mod offer;

use super::mirror_days;
use super::mirror_sentence::{self, LONGEST};
use crate::Twin;
use crate::door::{Failure, FailureCode, Watch};
use crate::request::{ChangeBy, Every, Intervention, Sentence, WhatIf};
use crate::response::{EffectTold, Fan, Reading, Refused, WhatIfAnswer};
use didymos_mirror::body::Refusal;
use didymos_mirror::what_if as mirror;

pub(crate) use offer::{offer, offer_plainly};

/// Interventions of one question.
const INTERVENTIONS: usize = 4;

/// Reads a sentence, and does nothing else.
pub(crate) fn reading(twin: &Twin, asked: &Sentence) -> Result<Reading, Failure> {
    if asked.sentence.chars().count() > LONGEST {
        return Err(Failure::new(FailureCode::Invalid, format!("a question has at most {LONGEST} characters")));
    }
    Ok(mirror_sentence::read(&asked.sentence, &mirror_days::streams(twin)))
}

pub(crate) fn answer(twin: &Twin, asked: &WhatIf, watch: Watch<'_>) -> Result<WhatIfAnswer, Failure> {
    let mut understood = match &asked.sentence {
        Some(sentence) => reading(twin, &Sentence { sentence: sentence.clone() })?,
        None => Reading::default(),
    };
    if !asked.interventions.is_empty() {
        understood.interventions.clone_from(&asked.interventions);
        understood.not_understood.clear();
        understood.some_connection = None;
    }
    understood.outcome = asked.outcome.clone().or(understood.outcome);
    understood.horizon = asked.horizon.map(|horizon| horizon.to_string()).or(understood.horizon);
    understood.says = mirror_sentence::says(&understood);
    if understood.interventions.len() > INTERVENTIONS {
        return Err(Failure::new(
            FailureCode::Invalid,
            format!("at most {INTERVENTIONS} things can be changed at once"),
        ));
    }
    let question = Question { asked, understood };
    match question.understood.interventions.first() {
        Some(_) if question.is_about_glucose() => super::mirror_glucose::what_if(twin, &question, watch),
        Some(_) if question.understood.interventions.len() > 1 => Ok(question.refused(
            "several things at once are answered for meals and insulin only: what goes together cannot be told apart",
            vec!["one change at a time".to_owned()],
        )),
        Some(Intervention::Bedtime { minutes }) => super::mirror_sleep::what_if(twin, &question, *minutes),
        Some(Intervention::Connection { .. }) => super::mirror_brain::what_if(twin, &question, watch),
        Some(Intervention::Stream { stream, change }) => days::answer(twin, &question, stream, *change, watch),
        None if question.understood.some_connection.is_some() => super::mirror_brain::which(twin, &question),
        // Meals and insulin are above.
        None | Some(Intervention::Meal { .. } | Intervention::Insulin { .. }) => Ok(question.nothing_to_do()),
    }
}

/// A question as it was read.
pub(crate) struct Question<'a> {
    pub(crate) asked: &'a WhatIf,
    pub(crate) understood: Reading,
}

impl Question<'_> {
    fn is_about_glucose(&self) -> bool {
        let body = |intervention: &Intervention| {
            matches!(intervention, Intervention::Meal { .. } | Intervention::Insulin { .. })
        };
        !self.understood.interventions.is_empty() && self.understood.interventions.iter().all(body)
    }

    /// How far ahead, or this.
    pub(crate) fn horizon(&self, otherwise: &str) -> Option<Every> {
        self.understood.horizon.as_deref().unwrap_or(otherwise).parse().ok()
    }

    pub(crate) fn refused(&self, because: impl Into<String>, missing: Vec<String>) -> WhatIfAnswer {
        WhatIfAnswer {
            understood: self.understood.clone(),
            refused: Some(Refused { because: because.into(), missing }),
            choices: Vec::new(),
            model: None,
            outcomes: Vec::new(),
            causal: None,
            warnings: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn nothing_to_do(&self) -> WhatIfAnswer {
        // A hint is a phrase; a word that was not understood is not missing.
        let hints = self.understood.not_understood.iter().filter(|said| said.contains(' '));
        let mut missing: Vec<String> = hints.cloned().collect();
        if missing.is_empty() {
            missing.push(
                "what you would do differently, with a number: `an hour more sleep`, `2000 more steps`".to_owned(),
            );
        }
        self.refused("the question does not say what would be done differently, or not by how much", missing)
    }

    /// What a model's refusal means for the owner.
    pub(crate) fn refused_by(&self, refusal: &Refusal, what: &str) -> WhatIfAnswer {
        let missing = match refusal {
            Refusal::TooFew { what, have, need } => vec![format!("{} more {what}", need.saturating_sub(*have))],
            Refusal::Senseless { what, .. } => vec![format!("a value of {what} that makes sense")],
            Refusal::Undetermined { .. } => {
                vec![format!("days with {what}: try it on some days, best by lot (`twin experiment`)")]
            }
        };
        self.refused(refusal.to_string(), missing)
    }

    /// Words that were passed over are a warning, not a refusal, once there is something to answer.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let words = &self.understood.not_understood;
        if words.is_empty() {
            return Vec::new();
        }
        vec![format!("of the question this was not understood and is not in the answer: {}", words.join(", "))]
    }
}

/// Quantiles as the answer has them.
pub(crate) fn fan(fan: &mirror::Fan) -> Fan {
    let level = |at: usize| fan.steps.iter().map(|step| step[at]).collect();
    Fan { q025: level(0), q10: level(1), q25: level(2), q50: level(3), q75: level(4), q90: level(5), q975: level(6) }
}

/// An effect as the answer has it.
pub(crate) fn effect(effect: &mirror::Effect, what: &str, name: &str, unit: &str) -> EffectTold {
    let number = number_in_words;
    let unit = if unit.starts_with('{') || unit == "1" { String::new() } else { format!(" {unit}") };
    let [low, high] = effect.interval_95;
    let says = if effect.clear() {
        format!(
            "{name}: {}{unit} {} ({what}), between {} and {} nineteen times of twenty",
            number(effect.median.abs()),
            if effect.median < 0.0 { "lower" } else { "higher" },
            number(low),
            number(high)
        )
    } else {
        format!(
            "{name}: no effect that stands out; anything from {} to {}{unit} fits ({what})",
            number(low),
            number(high)
        )
    };
    EffectTold {
        what: what.to_owned(),
        value: effect.median,
        interval_50: effect.interval_50,
        interval_80: effect.interval_80,
        interval_95: effect.interval_95,
        clear: effect.clear(),
        says,
    }
}

/// A number with as many digits as one wants to read.
pub(crate) fn number_in_words(x: f64) -> String {
    let digits = match x.abs() {
        a if a >= 100.0 => 0,
        a if a >= 10.0 => 1,
        a if a >= 1.0 => 2,
        _ => 3,
    };
    format!("{x:.digits$}")
}

/// The change in the mirror's words.
pub(crate) fn change(change: ChangeBy) -> mirror::Change {
    match change {
        ChangeBy::Add { value } => mirror::Change::Add(value),
        ChangeBy::Times { value } => mirror::Change::Times(value),
        ChangeBy::Set { value } => mirror::Change::Set(value),
    }
}
