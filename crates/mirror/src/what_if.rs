//! "What if": two futures of one person, from the same noise, and how sure that is.
//!
//! A question is about days: something measured of each day ([`Question::changed`]) is more or less than it would be;
//! what becomes of another thing ([`Question::outcome`])? A regression on lagged values is fitted to the person's days
//! ([`Model`]): the outcome's own past, the weekday, the changed thing on the same and earlier days, and what else was
//! there the day before. Both futures are then drawn with the same parameters and the same noise, and differ in
//! nothing but the change; their difference is the effect. Parameters are drawn by resampling the past in weeks (a
//! cluster bootstrap, widened for few weeks by Student's t), noise from errors made on days that were not known.
//!
//! How right it has been is told beside it ([`Record`]): each past day from the days before it alone. A question
//! beyond what has been is refused: nothing is known there. And what goes together by itself need not be a cause; that
//! is for a trial to settle ([`trial`](crate::trial)).
//!
//! ```
//! use didymos_mirror::features::Column;
//! use didymos_mirror::what_if::{Change, Question};
//! // Steps grow by 10 for every minute of sleep.
//! let sleep: Vec<f64> = (0..120).map(|day| 420.0 + f64::from(day * 37 % 61)).collect();
//! let steps = sleep.iter().enumerate().map(|(day, slept)| Some(10.0 * slept + (day * 53 % 97) as f64));
//! let (sleep, steps) = (Column::from_options(sleep.iter().copied().map(Some)), Column::from_options(steps));
//! let question = Question::of(&steps, &sleep, Change::Add(20.0));
//! let answer = question.answer()?;
//! assert!((answer.effect.median - 200.0).abs() < 60.0 && answer.effect.clear());
//! # Ok::<(), didymos_mirror::body::Refusal>(())
//! ```

mod alike;
mod bands;
pub mod bedtime;
pub mod glucose;
mod model;
mod record;

pub use alike::Alike;
pub use bands::{Effect, Fan, quantile};
pub use record::Record;

use crate::body::Refusal;
use crate::features::Column;
use crate::forecast::Seeded;
use model::{Model, Past};

/// Days on which both must be known.
pub const DAYS_NEEDED: usize = 21;
/// Days ahead at most.
pub const DAYS_MOST: usize = 60;
/// Draws of parameters, and paths of noise for each.
const PARAMETERS: usize = 250;
const PATHS: usize = 4;
/// Days on which the changed thing was about as asked or further: fewer than this and nothing is known there.
const LIKE_NEEDED: usize = 3;
/// Days about as asked: fewer than this and it is said.
const LIKE_FEW: usize = 7;

/// By how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// So much more.
    Add(f64),
    /// So many times as much.
    Times(f64),
    /// Exactly so much.
    Set(f64),
}

impl Change {
    /// What becomes of this value.
    #[must_use]
    pub fn of(self, value: f64) -> f64 {
        match self {
            Change::Add(by) => value + by,
            Change::Times(by) => value * by,
            Change::Set(to) => to,
        }
    }

    fn number(self) -> f64 {
        match self {
            Change::Add(number) | Change::Times(number) | Change::Set(number) => number,
        }
    }
}

/// A question about a person's days. All columns have one bucket a day and begin on the same day.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// What is asked about.
    pub outcome: &'a Column,
    /// What is changed.
    pub changed: &'a Column,
    /// What else there is, to be held equal: as it was the day before.
    pub others: &'a [&'a Column],
    /// Weekday of the first day, 0 on a Monday.
    pub first_weekday: usize,
    /// By how much, every day ahead.
    pub change: Change,
    /// Whether what is changed may act on the same day (a night's sleep on the day that follows it).
    pub same_day: bool,
    /// Days ahead, 1 to [`DAYS_MOST`].
    pub days: usize,
    /// Where chance comes from.
    pub seed: u64,
}

/// Where what is asked lies among what has been.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Support {
    /// The changed thing as it is usually: the median of the last four weeks.
    pub usual: f64,
    /// The same, changed.
    pub asked: f64,
    /// The least there has been.
    pub lowest: f64,
    /// One day in twenty is below.
    pub q05: f64,
    /// One day in twenty is above.
    pub q95: f64,
    /// The most there has been.
    pub highest: f64,
    /// Days on which it was about as asked.
    pub days_like: usize,
    /// How near "about" is.
    pub about: f64,
}

impl Support {
    /// Whether what is asked lies within the 90 % in the middle, on more than a few days.
    #[must_use]
    pub fn inside(&self) -> bool {
        (self.q05..=self.q95).contains(&self.asked) && self.days_like >= LIKE_FEW
    }
}

/// Two futures.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The last day on which both are known; the futures begin on the next.
    pub origin: usize,
    /// If nothing is changed, one step a day.
    pub baseline: Fan,
    /// If it is.
    pub intervention: Fan,
    /// The one less the other, draw by draw.
    pub difference: Fan,
    /// The difference's mean over all days ahead.
    pub effect: Effect,
    /// Days behind it.
    pub days: usize,
    /// Where what is asked lies.
    pub support: Support,
    /// Past days like that, the ones most like the present first.
    pub alike: Vec<Alike>,
    /// How right such answers have been; none where too few days could be checked.
    pub record: Option<Record>,
}

impl<'a> Question<'a> {
    /// A question about a week, with nothing else held equal.
    #[must_use]
    pub fn of(outcome: &'a Column, changed: &'a Column, change: Change) -> Self {
        let (others, first_weekday, same_day, days, seed) = (&[][..], 0, true, 7, 1);
        Question { outcome, changed, others, first_weekday, change, same_day, days, seed }
    }

    /// Answers, or says why not.
    pub fn answer(&self) -> Result<Answer, Refusal> {
        if !(1..=DAYS_MOST).contains(&self.days) {
            return Err(Refusal::senseless("the horizon", format!("{} days are not 1 to {DAYS_MOST}", self.days)));
        }
        if !self.change.number().is_finite() || self.change.number().abs() > 1e12 {
            return Err(Refusal::senseless("the change", format!("{}", self.change.number())));
        }
        let past = Past::of(self)?;
        let support = self.support(&past)?;
        let model = Model::fit(&past, past.rows.len())
            .ok_or_else(|| Refusal::undetermined("the effect", "the days do not tell the streams apart"))?;
        let record = record::of(&past);
        let noise = match &record {
            Some((_, errors)) => errors.clone(),
            None => past.rows.iter().map(|row| row.outcome - model.at(&row.features)).collect(),
        };
        let draws = Draws { question: self, past: &past, noise: &noise }.draw(&model);
        let [mut baseline, mut intervention, difference] =
            [&draws.baseline, &draws.intervention, &draws.difference].map(|paths| Fan::of(paths, self.days));
        // What has never been negative is taken for something that cannot be.
        if past.rows.iter().all(|row| row.outcome >= 0.0) {
            for level in baseline.steps.iter_mut().chain(&mut intervention.steps).flatten() {
                *level = level.max(0.0);
            }
        }
        let effect = Effect::of(
            draws.difference.iter().map(|path| path.iter().sum::<f64>() / path.len().max(1) as f64).collect(),
        );
        Ok(Answer {
            origin: past.origin,
            baseline,
            intervention,
            difference,
            effect,
            days: past.rows.len(),
            alike: alike::days(&past, &support),
            support,
            record: record.map(|(record, _)| record),
        })
    }

    /// Where what is asked lies among what has been, or that it has never been.
    fn support(&self, past: &Past) -> Result<Support, Refusal> {
        let mut known: Vec<f64> = past.rows.iter().map(|row| row.changed).collect();
        let mut late: Vec<f64> = known.iter().rev().take(28).copied().collect();
        known.sort_by(f64::total_cmp);
        late.sort_by(f64::total_cmp);
        let n = known.len() as f64;
        let mean = known.iter().sum::<f64>() / n;
        let spread = (known.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        let (lowest, highest) = (known[0], known[known.len() - 1]);
        let usual = quantile(&late, 0.5);
        let asked = self.change.of(usual);
        let about = (0.5 * (asked - usual).abs()).max(0.25 * spread);
        let days_like = known.iter().filter(|x| (**x - asked).abs() <= about).count();
        let support = Support {
            usual,
            asked,
            lowest,
            highest,
            about,
            days_like,
            q05: quantile(&known, 0.05),
            q95: quantile(&known, 0.95),
        };
        // Days as asked, or further: in between the line is held from both sides.
        let as_far =
            known.iter().filter(|x| if asked > usual { **x >= asked - about } else { **x <= asked + about }).count();
        if !(lowest..=highest).contains(&asked) || as_far < LIKE_NEEDED {
            let reason = format!(
                "it asks for {}, and of {} days only {as_far} came near that; there has been {} to {}",
                short(asked),
                known.len(),
                short(lowest),
                short(highest)
            );
            return Err(Refusal::undetermined("what happens so far from what has been", reason));
        }
        Ok(support)
    }
}

/// A number for a sentence.
fn short(number: f64) -> String {
    let digits = if number.abs() >= 100.0 { 0 } else { 2 };
    format!("{number:.digits$}")
}

/// What is needed to draw futures.
struct Draws<'a> {
    question: &'a Question<'a>,
    past: &'a Past,
    noise: &'a [f64],
}

#[derive(Default)]
struct Drawn {
    baseline: Vec<Vec<f64>>,
    intervention: Vec<Vec<f64>>,
    difference: Vec<Vec<f64>>,
}

impl Draws<'_> {
    fn draw(&self, model: &Model) -> Drawn {
        let mut random = Seeded::new(self.question.seed ^ 0x7768_6174_6966);
        let mut drawn = Drawn::default();
        for _ in 0..PARAMETERS {
            let model = model.resampled(self.past, &mut random);
            for _ in 0..PATHS {
                let noise: Vec<f64> =
                    (0..self.question.days).map(|_| self.noise[random.below(self.noise.len())]).collect();
                let changed = self.past.changed_ahead(self.question.days, &mut random);
                let moved: Vec<f64> = changed.iter().map(|x| self.question.change.of(*x)).collect();
                let baseline = self.past.future(&model, &changed, &noise);
                let intervention = self.past.future(&model, &moved, &noise);
                drawn.difference.push(intervention.iter().zip(&baseline).map(|(a, b)| a - b).collect());
                drawn.baseline.push(baseline);
                drawn.intervention.push(intervention);
            }
        }
        drawn
    }
}
