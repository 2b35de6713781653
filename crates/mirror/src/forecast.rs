//! What comes next on one stream, how sure that is, and how right such answers have been.
//!
//! Simple and learnt candidates (seasonal naive, last value, seasonal mean and median, exponential smoothing, ridge
//! regression and boosted trees on lags, a neural net on the states of the graph network) forecast the past from rolling origins, each knowing only what lay before. On
//! those trials, and again only on the ones that were over, a combination is learnt: one for the mean, one for the
//! median. If a single candidate did better than the combination, it is taken instead and named. The band around the
//! median is conformal: it comes from the errors of the past windows, and its achieved coverage is told.
//!
//! Everything that is scored was forecast without knowing it; the first part of the windows only serves to learn the
//! weights and bands, and is not scored. Where there is too little or nothing to learn from, the answer is a
//! [`Refused`].

mod blend;
mod conformal;
mod ets;
pub(crate) mod gbm;
mod neural;
mod ridge;
mod rolling;
mod rows;
mod seeded;

use crate::features::{Column, DAY_MS, GREATEST, Grid};
use blend::{Aim, CANDIDATES, Guesses, Over, combine, learn};
use conformal::{Conformal, Place};
use neural::Neural;
pub(crate) use ridge::cholesky_solve;
use rolling::{Engine, NAMES, Rolled, Trial};
use rows::{Anchor, Rows};
pub(crate) use seeded::Seeded;
use std::collections::VecDeque;
use std::ops::ControlFlow;

/// Most steps ahead.
pub const MOST_AHEAD: usize = 500;
/// Parts of the horizon that have weights of their own.
const GROUPS: usize = 3;
/// After this share of all that is known, a window counts half when weights are learnt.
const HALF_LIFE: f64 = 0.15;

/// What is to be forecast.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Steps ahead, 1 to [`MOST_AHEAD`].
    pub horizon: usize,
    /// Steps in a season: a day's, or 7 where a step is a day.
    pub season: usize,
    /// Where chance comes from.
    pub seed: u64,
}

/// Why there is no forecast.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No value at all.
    #[error("there is no known value to learn from")]
    NothingKnown,
    /// Too short.
    #[error("{have} known buckets are too few: {need} are needed to learn from the past and to check it")]
    TooFew {
        /// Known buckets.
        have: usize,
        /// Needed.
        need: usize,
    },
    /// Always the same.
    #[error("every value is the same, so there is nothing to forecast and no error to judge it by")]
    Constant,
    /// So many steps cannot be asked for.
    #[error("a horizon of {0} steps: it must be 1 to 500, and at most a third of what is known")]
    Horizon(usize),
    /// No window of the past could be checked.
    #[error("what is known is so scattered that only {windows} past windows could be checked; 10 are needed")]
    NoWindows {
        /// Windows found.
        windows: usize,
    },
    /// Values so large that sums of them overflow.
    #[error("values of the order of {0} are beyond what can be calculated with: are units mixed up?")]
    TooLarge(String),
    /// The caller ended it.
    #[error("stopped")]
    Stopped,
}

/// One step ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Steps from the last known bucket, from 1.
    pub ahead: usize,
    /// Lower end of the 90 % band.
    pub q05: f64,
    /// Median: has the least absolute error.
    pub q50: f64,
    /// Upper end of the 90 % band.
    pub q95: f64,
    /// Mean: has the least squared error.
    pub mean: f64,
}

/// A forecast of the past that was scored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checked {
    /// The bucket it was made in.
    pub origin: usize,
    /// Everything was fitted on buckets up to this one.
    pub fitted: usize,
    /// What was said.
    pub point: Point,
    /// What seasonal naive said.
    pub naive: f64,
    /// What came.
    pub truth: f64,
}

/// How right such forecasts have been.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Windows (origins) scored.
    pub windows: usize,
    /// Mean absolute error of the median over that of seasonal naive within the data before the first scored window.
    pub mase: f64,
    /// Root of the mean squared error of the mean.
    pub rmse: f64,
    /// Mean absolute error of the median.
    pub mae: f64,
    /// 1 − mean absolute error / that of seasonal naive in the same windows.
    pub skill_vs_naive: f64,
    /// Share of scored values within the 90 % band.
    pub coverage_90: f64,
}

/// What comes next.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// The bucket it is made in: the last known one.
    pub origin: usize,
    /// One per step ahead.
    pub points: Vec<Point>,
    /// In words, what the median comes from.
    pub model: String,
    /// Candidates and their weights in the median, averaged over the horizon, greatest first.
    pub parts: Vec<(&'static str, f64)>,
    /// How right it has been.
    pub score: Score,
    /// All that was scored.
    pub checked: Vec<Checked>,
}

/// Forecasts `column`, which may learn from `others` on the same grid too. `watch` is told how many of how many parts
/// of the work are done, and may end it.
pub fn forecast(
    column: &Column,
    others: &[&Column],
    grid: &Grid,
    ask: &Ask,
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Forecast, Refused> {
    let bounds = refuse_senseless(column, ask)?;
    let rows = Rows::of(column, others, grid, ask.season, ask.horizon);
    let values: Vec<Option<f64>> = column.iter().collect();
    let Ask { horizon, season, seed } = *ask;
    let engine = Engine { rows: &rows, values: &values, horizon, season, seed, bounds };
    let neural = |from: usize| Neural::begin(column, others, grid, (from, horizon, seed));
    let rolled = engine.roll(neural, watch)?;
    Heads { rolled: &rolled, rows: &rows, values: &values, grid, ask, floor: (bounds.0 == 0.0).then_some(0.0) }.run()
}

/// A row as the learners see it, for those who want to measure other learners on the same features.
#[derive(Clone, Debug)]
pub struct FeatureRow {
    /// The bucket the forecast is made in.
    pub origin: usize,
    /// Steps ahead.
    pub ahead: usize,
    /// What the learners predict a difference from.
    pub anchor: f64,
    /// What came.
    pub truth: f64,
    /// The features; `NaN` is missing.
    pub features: Vec<f32>,
}

/// Every row of features whose origin and target are known.
pub fn feature_rows(column: &Column, others: &[&Column], grid: &Grid, ask: &Ask) -> Result<Vec<FeatureRow>, Refused> {
    refuse_senseless(column, ask)?;
    let rows = Rows::of(column, others, grid, ask.season, ask.horizon);
    let mut all = Vec::new();
    for origin in (0..column.len()).filter(|i| column.get(*i).is_some()) {
        for ahead in 1..=ask.horizon {
            if let Some(truth) = column.get(origin + ahead) {
                let (anchor, features) = (rows.anchor_value(origin, ahead), rows.row(origin, ahead));
                all.push(FeatureRow { origin, ahead, anchor, truth, features });
            }
        }
    }
    Ok(all)
}

/// Refuses what cannot be forecast; returns the least and greatest that a forecast may be.
fn refuse_senseless(column: &Column, ask: &Ask) -> Result<(f64, f64), Refused> {
    let (mut low, mut high, mut have) = (f64::INFINITY, f64::NEG_INFINITY, 0);
    for y in column.iter().flatten() {
        low = low.min(y);
        high = high.max(y);
        have += 1;
    }
    if have == 0 {
        return Err(Refused::NothingKnown);
    }
    if ask.horizon == 0 || ask.horizon > MOST_AHEAD || ask.season == 0 {
        return Err(Refused::Horizon(ask.horizon));
    }
    let season = ask.season;
    let need = if season >= 96 { 2 * season } else { (5 * season).max(42) };
    if have < need {
        return Err(Refused::TooFew { have, need });
    }
    if ask.horizon * 3 > have {
        return Err(Refused::Horizon(ask.horizon));
    }
    let greatest = low.abs().max(high.abs());
    if greatest > GREATEST {
        return Err(Refused::TooLarge(format!("{greatest:.0e}")));
    }
    if !column.tells() {
        return Err(Refused::Constant);
    }
    let room = (high - low) / 2.0;
    // What has never been negative is taken for something that cannot be.
    Ok((if low >= 0.0 { (low - room).max(0.0) } else { low - room }, high + room))
}

/// Turns trials into a median, a mean and a band.
struct Heads<'a> {
    rolled: &'a Rolled,
    rows: &'a Rows,
    values: &'a [Option<f64>],
    grid: &'a Grid,
    ask: &'a Ask,
    floor: Option<f64>,
}

/// Said and not yet over: where, what, and between which bounds.
type Open = (Place, Checked, Option<(f64, f64)>);

/// Weights per group of horizons.
#[derive(Clone, Copy)]
struct Weights {
    mean: [Guesses; GROUPS],
    median: [Guesses; GROUPS],
}

/// Whether the neural forecaster may join the combination: what it cost or gained on windows whose weights were learnt
/// before them. A learner with so many numbers of its own looks good on the windows it was weighed on. It learns from
/// absolute errors, so it may join the median only.
#[derive(Default)]
struct Entry {
    /// Per trial when it was over, and what it was missed by without and with.
    seen: Vec<(usize, [f64; 2])>,
}

/// Windows' trials that tell something, and by which share of the error the neural forecaster has to be better.
const ENTRY_TRIALS: usize = 100;
const ENTRY_GAIN: f64 = 0.01;

impl Entry {
    fn see(&mut self, both: &[Weights; 2], group: usize, trial: &Trial) {
        let miss = |weights: &Weights| (trial.truth - combine(&weights.median[group], &trial.guesses)).abs();
        self.seen.push((trial.origin + trial.ahead, [miss(&both[0]), miss(&both[1])]));
    }

    fn choose(&self, both: &[Weights; 2], now: usize) -> Weights {
        let over = || self.seen.iter().filter(|(over, _)| *over <= now);
        let sum = |with: usize| over().map(|(_, missed)| missed[with]).sum::<f64>();
        let joins = over().count() >= ENTRY_TRIALS && sum(1) < (1.0 - ENTRY_GAIN) * sum(0);
        both[usize::from(joins)]
    }
}

impl Heads<'_> {
    fn group(&self, ahead: usize) -> usize {
        (ahead - 1) * GROUPS / self.ask.horizon.max(1)
    }

    fn run(&self) -> Result<Forecast, Refused> {
        let trials = &self.rolled.trials;
        let last = self.rolled.last;
        // Scored is what comes after the first 60 % of what is known.
        let known: Vec<usize> = (0..self.values.len()).filter(|i| self.values[*i].is_some()).collect();
        let scored_from = known[known.len() * 6 / 10];
        let mut bands = Conformal::new(GROUPS, self.ask.horizon, self.floor);
        let lively = self.liveliness();
        let place = |origin: usize, ahead: usize| Place {
            group: self.group(ahead),
            ahead,
            day: self.grid.time(origin + ahead).rem_euclid(DAY_MS) as f64 / DAY_MS as f64,
            lively: lively[origin],
        };
        // Made and not yet over, in the order of their origins.
        let mut open: VecDeque<Open> = VecDeque::new();
        let mut checked = Vec::new();
        let mut entry = Entry::default();
        let mut both = self.both(0);
        let mut weights = both[0];
        let mut block = None;
        for trial in trials {
            if block != Some(trial.block) {
                block = Some(trial.block);
                both = self.both(trial.block);
                weights = entry.choose(&both, trial.block);
            }
            if self.rolled.neural {
                entry.see(&both, self.group(trial.ahead), trial);
            }
            while let Some((place, past, band)) =
                open.pop_front_if(|(_, past, _)| past.origin + self.ask.horizon <= trial.origin)
            {
                bands.learn(&place, past.point.q50, band, past.truth);
            }
            let place = place(trial.origin, trial.ahead);
            let (point, band) = point(&weights, &trial.guesses, &place, &mut bands);
            let Trial { origin, truth, .. } = *trial;
            let past = Checked { origin, fitted: trial.block, point, naive: trial.guesses[0], truth };
            if origin >= scored_from && band.is_some() {
                checked.push(past);
            }
            open.push_back((place, past, band));
        }
        for (place, past, band) in open {
            bands.learn(&place, past.point.q50, band, past.truth);
        }
        let score = self.score(&checked, scored_from)?;
        let weights = entry.choose(&self.both(last), last);
        let points = self.rolled.now.iter().enumerate();
        let points = points.map(|(i, guesses)| point(&weights, guesses, &place(last, i + 1), &mut bands).0).collect();
        let parts = parts(&weights);
        Ok(Forecast { origin: last, points, model: in_words(&parts), parts, score, checked })
    }

    /// Weights from the trials that were over at `now`: without the neural forecaster, and with it.
    fn both(&self, now: usize) -> [Weights; 2] {
        let plain = Weights {
            mean: self.weights(now, CANDIDATES - 1, Aim::Squared),
            median: self.weights(now, CANDIDATES - 1, Aim::Absolute),
        };
        let count = if self.rolled.neural { CANDIDATES } else { CANDIDATES - 1 };
        let joined = Weights { mean: plain.mean, median: self.weights(now, count, Aim::Absolute) };
        [plain, joined]
    }

    /// Weights of the first `count` candidates.
    fn weights(&self, now: usize, count: usize, aim: Aim) -> [Guesses; GROUPS] {
        let known = self.values.iter().flatten().count();
        let half_life = (HALF_LIFE * known as f64).max(1.0);
        let of = |group: usize| -> Guesses {
            let over = |trial: &&Trial| trial.origin + trial.ahead <= now && self.group(trial.ahead) == group;
            // Candidates that learn get better with what they have seen, and people change: late windows count more.
            let counts = |trial: &Trial| 0.5f64.powf((now - trial.origin) as f64 / half_life);
            let past = self.rolled.trials.iter().filter(over);
            let past: Vec<Over<'_>> = past.map(|trial| (&trial.guesses, trial.truth, counts(trial))).collect();
            best_or_blend(&past, learn(&past, aim, count), aim, count)
        };
        std::array::from_fn(of)
    }

    /// How much the stream has moved in the last hour against what is usual for it; 1 where that says nothing.
    fn liveliness(&self) -> Vec<f64> {
        if self.rows.anchor != Anchor::Last {
            return vec![1.0; self.values.len()];
        }
        let moved = |i: usize| Some((self.values[i]? - self.values[i.checked_sub(1)?]?).abs());
        let (mut slow, mut usual, mut count) = (None, 0.0, 0.0f64);
        let mut lively = Vec::with_capacity(self.values.len());
        for i in 0..self.values.len() {
            if let Some(moved) = moved(i) {
                usual += moved;
                count += 1.0;
                slow = Some(slow.map_or(moved, |slow: f64| slow + (moved - slow) / 6.0));
            }
            let usual = usual / count.max(1.0);
            lively.push(slow.filter(|_| usual > 0.0).map_or(1.0, |slow| (slow / usual).clamp(0.2, 5.0)));
        }
        lively
    }

    fn score(&self, checked: &[Checked], scored_from: usize) -> Result<Score, Refused> {
        let mut origins: Vec<usize> = checked.iter().map(|past| past.origin).collect();
        origins.dedup();
        let windows = origins.len();
        if windows < 10 {
            return Err(Refused::NoWindows { windows });
        }
        let season = self.ask.season;
        let differences =
            (season..scored_from).filter_map(|i| Some((self.values[i]? - self.values[i - season]?).abs()));
        let (sum, count) = differences.fold((0.0, 0.0f64), |all, x| (all.0 + x, all.1 + 1.0));
        let n = checked.len() as f64;
        let mean = |of: &dyn Fn(&Checked) -> f64| checked.iter().map(of).sum::<f64>() / n;
        let mae = mean(&|past| (past.truth - past.point.q50).abs());
        let naive = mean(&|past| (past.truth - past.naive).abs());
        // Where no value has a counterpart a season before, the naive error in the windows is the unit.
        let unit = if sum > 0.0 { sum / count } else { naive };
        let hit = |past: &Checked| f64::from(u8::from((past.point.q05..=past.point.q95).contains(&past.truth)));
        let ratio = |a: f64, b: f64| if b > 0.0 { a / b } else { 1.0 };
        Ok(Score {
            windows,
            mase: ratio(mae, unit),
            rmse: mean(&|past| (past.truth - past.point.mean).powi(2)).sqrt(),
            mae,
            skill_vs_naive: 1.0 - ratio(mae, naive),
            coverage_90: mean(&hit),
        })
    }
}

/// What is said where the candidates said this; its band too, if there can be one already.
fn point(weights: &Weights, guesses: &Guesses, place: &Place, bands: &mut Conformal) -> (Point, Option<(f64, f64)>) {
    let median = combine(&weights.median[place.group], guesses);
    let mean = combine(&weights.mean[place.group], guesses);
    let band = bands.band(place, median);
    let (q05, q95) = band.unwrap_or((median, median));
    (Point { ahead: place.ahead, q05, q50: median, q95, mean }, band)
}

/// The combination, unless one candidate alone has been better by more than chance would make it.
fn best_or_blend(past: &[Over<'_>], blend: Guesses, aim: Aim, count: usize) -> Guesses {
    let error = |weights: &Guesses| -> f64 {
        let miss = |(guesses, truth, _): &Over<'_>| (truth - combine(weights, guesses)).abs();
        let counted =
            |window: &Over<'_>| window.2 * if aim == Aim::Squared { miss(window).powi(2) } else { miss(window) };
        past.iter().map(counted).sum()
    };
    let only = |i: usize| std::array::from_fn(|j| f64::from(u8::from(i == j)));
    let best = (0..count).map(|i| (error(&only(i)), i)).min_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((alone, i)) if alone < error(&blend) => only(i),
        _ => blend,
    }
}

fn parts(weights: &Weights) -> Vec<(&'static str, f64)> {
    let mean = |i: usize| weights.median.iter().map(|group| group[i]).sum::<f64>() / GROUPS as f64;
    let mut parts: Vec<(&'static str, f64)> = NAMES.iter().enumerate().map(|(i, name)| (*name, mean(i))).collect();
    parts.retain(|(_, weight)| *weight >= 0.005);
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    parts
}

fn in_words(parts: &[(&'static str, f64)]) -> String {
    if let [(name, _)] = parts {
        return (*name).to_owned();
    }
    let each: Vec<String> = parts.iter().map(|(name, weight)| format!("{name} {:.0} %", weight * 100.0)).collect();
    format!("combination: {}", each.join(", "))
}
