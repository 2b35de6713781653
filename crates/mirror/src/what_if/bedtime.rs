//! "What if I go to bed an hour earlier?": nights of a two-process sleeper, fitted to the person's own nights, with
//! usual and with moved bedtimes.

use super::bands::{Effect, Fan, quantile};
use crate::body::sleep::{Night, SleepFit, Sleeper, Wish};
use crate::body::{Body, Refusal};
use crate::glucose::Mersenne;

/// Nights at least, and nights at most that are looked back on.
const NEEDED: usize = 14;
const LATE: usize = 60;
/// Sleep shorter than this is a nap.
const NAP_MIN: f64 = 180.0;
const DAY_MIN: f64 = 1440.0;
/// Sleepers fitted to parts of the nights, and paths of noise for each.
const SLEEPERS: usize = 10;
const PATHS: usize = 20;

/// Two futures of how long sleep lasts, in minutes, one value a night.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The sleeper, fitted to all nights.
    pub fit: SleepFit,
    /// Nights behind it.
    pub nights: usize,
    /// With usual bedtimes.
    pub baseline: Fan,
    /// With moved ones.
    pub intervention: Fan,
    /// The one less the other.
    pub difference: Fan,
    /// Mean difference a night.
    pub effect: Effect,
    /// The usual bedtime in minutes after noon, and what it would be.
    pub usual_min: f64,
    /// The moved one, likewise.
    pub asked_min: f64,
    /// The earliest and the latest there has been.
    pub range_min: [f64; 2],
    /// One night in twenty is earlier than the first, one later than the second.
    pub middle_min: [f64; 2],
    /// Nights told from those before: how many, mean absolute error, and the same of habit alone.
    pub checked: (usize, f64, f64),
    /// Shares of nights within the 50, 80 and 95 % bands.
    pub coverage: [f64; 3],
}

/// Minutes after noon.
fn after_noon(minute: f64) -> f64 {
    (minute - DAY_MIN / 2.0).rem_euclid(DAY_MIN)
}

/// Bedtimes moved by `later` minutes for so many nights.
pub fn moved(nights: &[Night], later: f64, count: usize, seed: u32) -> Result<Answer, Refusal> {
    if !(later.is_finite() && later.abs() <= 600.0 && (1..=60).contains(&count)) {
        return Err(Refusal::senseless("the change", format!("{later} min for {count} nights")));
    }
    let nights: Vec<Night> = nights.iter().filter(|night| night.to_min - night.from_min >= NAP_MIN).copied().collect();
    if nights.len() < NEEDED {
        return Err(Refusal::TooFew { what: "nights with their beginning and end", have: nights.len(), need: NEEDED });
    }
    let nights = &nights[nights.len().saturating_sub(400)..];
    let fit = Sleeper::fit(nights)?;
    let mut beds: Vec<f64> = nights.iter().map(|night| after_noon(night.from_min)).collect();
    let late: Vec<f64> = beds.iter().rev().take(28).copied().collect();
    beds.sort_by(f64::total_cmp);
    let mut sorted = late.clone();
    sorted.sort_by(f64::total_cmp);
    let usual_min = quantile(&sorted, 0.5);
    let asked_min = usual_min + later;
    let range_min = [beds[0], beds[beds.len() - 1]];
    if !(range_min[0]..=range_min[1]).contains(&asked_min) {
        let hour =
            |minute: f64| format!("{:02.0}:{:02.0}", (minute / 60.0 + 12.0).floor() % 24.0, (minute % 60.0).floor());
        let reason = format!(
            "it asks for bed at {}, and bedtimes have been from {} to {}",
            hour(asked_min.rem_euclid(DAY_MIN)),
            hour(range_min[0]),
            hour(range_min[1])
        );
        return Err(Refusal::undetermined("what happens at such bedtimes", reason));
    }
    let (errors, habit) = checked(nights);
    let mean = |errors: &[f64]| errors.iter().map(|e| e.abs()).sum::<f64>() / errors.len().max(1) as f64;
    let noise = if errors.is_empty() { vec![0.0] } else { errors.clone() };
    let mut random = Mersenne::new(seed);
    let (mut baseline, mut intervention, mut difference) = (Vec::new(), Vec::new(), Vec::new());
    for sleeper in sleepers(nights, &fit) {
        for _ in 0..PATHS {
            let around: Vec<f64> = (0..count).map(|_| late[random.below(late.len())] - usual_min).collect();
            let errors: Vec<f64> = (0..count).map(|_| noise[random.below(noise.len())]).collect();
            let lengths = |moved: f64| -> Vec<f64> {
                let beds = around.iter().map(|away| usual_min + away + moved);
                lengths(&sleeper, beds)
                    .into_iter()
                    .zip(&errors)
                    .map(|(length, error)| (length + error).max(0.0))
                    .collect()
            };
            let (one, other) = (lengths(0.0), lengths(later));
            difference.push(other.iter().zip(&one).map(|(a, b)| a - b).collect::<Vec<f64>>());
            baseline.push(one);
            intervention.push(other);
        }
    }
    let means = difference.iter().map(|path| path.iter().sum::<f64>() / path.len().max(1) as f64).collect();
    let coverage = [0.5, 0.8, 0.95].map(|share| covered(&errors, share));
    Ok(Answer {
        nights: nights.len(),
        baseline: Fan::of(&baseline, count),
        intervention: Fan::of(&intervention, count),
        difference: Fan::of(&difference, count),
        effect: Effect::of(means),
        usual_min,
        asked_min,
        range_min,
        middle_min: [quantile(&beds, 0.05), quantile(&beds, 0.95)],
        checked: (errors.len(), mean(&errors), mean(&habit)),
        coverage,
        fit,
    })
}

/// Sleepers fitted to parts of the nights, all standing where the last night ended.
fn sleepers(nights: &[Night], fit: &SleepFit) -> Vec<SleepFit> {
    let part = (nights.len() * 2 / 3).max(NEEDED);
    let parts = (0..SLEEPERS).filter_map(|at| {
        let from = (nights.len() - part) * at / (SLEEPERS - 1);
        let fitted = Sleeper::fit(&nights[from..from + part]).ok()?;
        Some(SleepFit { now: fit.now, ..fitted })
    });
    let found: Vec<SleepFit> = parts.collect();
    if found.is_empty() { vec![fit.clone()] } else { found }
}

/// How long sleep lasts on the coming nights, with these bedtimes in minutes after noon.
#[must_use]
pub fn lengths(fit: &SleepFit, beds: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut state = fit.now;
    let noon = ((state.minute - DAY_MIN / 2.0) / DAY_MIN).floor() * DAY_MIN + DAY_MIN / 2.0;
    let mut lengths = Vec::new();
    for (night, bed) in beds.into_iter().enumerate() {
        let mut bed = noon + night as f64 * DAY_MIN + bed;
        // After a waking in the afternoon the first night is the next one.
        if bed <= state.minute {
            bed = state.minute + 1.0;
        }
        while state.minute < bed {
            fit.sleeper.step(&mut state, &Wish::Awake);
        }
        let begun = state.minute;
        fit.sleeper.step(&mut state, &Wish::Asleep);
        while state.asleep && state.minute < begun + DAY_MIN {
            fit.sleeper.step(&mut state, &Wish::Free);
        }
        lengths.push(state.minute - begun);
    }
    lengths
}

/// Errors on nights told from those before, and those of habit (the mean of the nights before).
fn checked(nights: &[Night]) -> (Vec<f64>, Vec<f64>) {
    let length = |night: &Night| night.to_min - night.from_min;
    let first = NEEDED.max(nights.len().saturating_sub(LATE));
    (first..nights.len())
        .filter_map(|at| {
            let before = &nights[at.saturating_sub(LATE)..at];
            let fit = Sleeper::fit(before).ok()?;
            let mut state = fit.now;
            while state.minute < nights[at].from_min {
                fit.sleeper.step(&mut state, &Wish::Awake);
            }
            let told = fit.sleeper.length(nights[at].from_min, state.pressure);
            let habit = before.iter().map(length).sum::<f64>() / before.len() as f64;
            Some((length(&nights[at]) - told, length(&nights[at]) - habit))
        })
        .unzip()
}

/// Share of errors of each half within the band of the other half.
fn covered(errors: &[f64], share: f64) -> f64 {
    let half = errors.len() / 2;
    let (mut hits, mut count) = (0.0, 0.0);
    for (learn, judge) in [(&errors[..half], &errors[half..]), (&errors[half..], &errors[..half])] {
        let mut known = learn.to_vec();
        known.sort_by(f64::total_cmp);
        let band = quantile(&known, 0.5 - share / 2.0)..=quantile(&known, 0.5 + share / 2.0);
        hits += judge.iter().filter(|error| !known.is_empty() && band.contains(error)).count() as f64;
        count += judge.len() as f64;
    }
    hits / f64::max(count, 1.0)
}
