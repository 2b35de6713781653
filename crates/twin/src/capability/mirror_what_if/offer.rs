//! The trial that would settle a question: as long as its effect asks for.

use super::number_in_words;
use crate::capability::mirror_days::Days;
use crate::capability::mirror_sentence::intervention_in_words;
use crate::request::{Experiment, Intervention};
use crate::response::TrialOffer;
use didymos_base::streams as table;
use didymos_mirror::what_if::Answer;

/// Days in a period, and how many of them wear off what was before.
const PERIOD: u32 = 3;
const WASHOUT: u32 = 1;
const BLOCKS: std::ops::RangeInclusive<u32> = 6..=20;
/// A difference so many standard errors wide shows in four of five trials at 5 % (1.96 + 0.84).
const SHOWS: f64 = 2.8;

/// Lays out a trial that would show an effect of this size, or as small a one as 20 blocks can.
pub(crate) fn offer(interventions: &[Intervention], outcome: &Days, answer: &Answer, seed: u32) -> Option<TrialOffer> {
    // What a day misses by, from the record or from the band's half.
    let [low, .., high] = answer.baseline.steps.first().copied()?;
    let error = answer.record.as_ref().map_or((high - low) / 3.92, |record| 1.25 * record.error);
    offer_plainly(interventions, outcome, (error, answer.effect.median), seed)
}

/// The same from what a day misses by, and the effect that is expected.
pub(crate) fn offer_plainly(
    interventions: &[Intervention],
    outcome: &Days,
    (error, effect): (f64, f64),
    seed: u32,
) -> Option<TrialOffer> {
    let first = interventions.first()?;
    let counted = f64::from(PERIOD - WASHOUT);
    let shows = |blocks: u32| SHOWS * error * (2.0 / counted).sqrt() / f64::from(blocks).sqrt();
    let blocks = BLOCKS.into_iter().find(|blocks| shows(*blocks) <= effect.abs()).unwrap_or(*BLOCKS.end());
    let label = table::label(outcome.stream.as_str());
    let changed = intervention_in_words(first);
    let days = u64::from(blocks) * u64::from(PERIOD) * 2;
    let least = shows(blocks);
    let enough = least <= effect.abs();
    let says = format!(
        "{days} days in {blocks} blocks, as usual and changed in an order drawn by lot; it shows differences of {} and \
         more in four of five such trials{}",
        number_in_words(least),
        if enough { "" } else { ", so an effect as small as expected may stay hidden" }
    );
    let title: String = format!("{changed} → {label}").chars().take(120).collect();
    let experiment = Experiment {
        title,
        outcome: outcome.stream.clone(),
        arms: vec!["as usual".to_owned(), changed],
        blocks,
        days_per_period: PERIOD,
        washout_days: WASHOUT,
        start: None,
        seed: Some(seed),
        settles: interventions.to_vec(),
    };
    Some(TrialOffer { experiment, days, shows: least, says })
}
