//! Rolling origins: every candidate, fitted on the past alone, says what comes next, again and again.
//!
//! The span after the first 30 % of what is known is cut into blocks. At the start of each block all candidates are
//! fitted on what lies before; in the block they forecast from every origin (or every few, if there are many). What
//! comes out is a list of trials; weights, bands and scores are learnt from trials that were over by then.

use super::blend::{CANDIDATES, Guesses};
use super::gbm::{Binned, Boosted, Loss};
use super::neural::Neural;
use super::ridge::{Products, Ridge};
use super::rows::Rows;
use super::seeded::Seeded;
use super::{Refused, ets};
use std::ops::ControlFlow;

/// The candidates' names, in the order of their guesses.
pub(crate) const NAMES: [&str; CANDIDATES] = [
    "seasonal naive",
    "last value",
    "seasonal mean",
    "seasonal median",
    "exponential smoothing",
    "ridge",
    "strong ridge",
    "boosted trees (mean)",
    "boosted trees (median)",
    "neural net on graph states",
];

/// Blocks: how often everything is fitted anew.
pub(crate) const BLOCKS: usize = 14;
/// Origins that are forecast from at most.
const ORIGINS: usize = 1_000;
/// Origins that are trained on at most.
const TRAINED: usize = 2_500;
/// Rows that trees are trained on at most.
const TREE_ROWS: usize = 12_000;
const LAMBDAS: [f64; 2] = [0.003, 0.3];

/// One forecast of the past and what came.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    pub(crate) origin: usize,
    pub(crate) ahead: usize,
    /// The candidates knew nothing from this bucket on.
    pub(crate) block: usize,
    pub(crate) truth: f64,
    pub(crate) guesses: Guesses,
}

/// Everything rolled.
pub(crate) struct Rolled {
    /// In order of their origins.
    pub(crate) trials: Vec<Trial>,
    /// What the candidates say now, per step ahead, from the last known bucket.
    pub(crate) now: Vec<Guesses>,
    pub(crate) last: usize,
    /// Whether the neural forecaster said anything.
    pub(crate) neural: bool,
}

pub(crate) struct Engine<'a> {
    pub(crate) rows: &'a Rows,
    pub(crate) values: &'a [Option<f64>],
    pub(crate) horizon: usize,
    pub(crate) season: usize,
    pub(crate) seed: u64,
    /// Least and greatest a forecast may be.
    pub(crate) bounds: (f64, f64),
}

struct Fitted {
    /// Per step ahead, one line per λ.
    lines: Vec<[Option<Ridge>; 2]>,
    trees: Option<[Boosted; 2]>,
}

/// Rows of features of the origins that are trained on, made once.
struct Table {
    origins: Vec<usize>,
    /// Per origin, then per step ahead.
    rows: Vec<Vec<f32>>,
}

impl Engine<'_> {
    /// Rolls through the past. `watch` hears of each block and may end it.
    pub(crate) fn roll(
        &self,
        neural: impl FnOnce(usize) -> Option<Neural>,
        watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Rolled, Refused> {
        let known: Vec<usize> = (0..self.values.len()).filter(|i| self.values[*i].is_some()).collect();
        let last = *known.last().ok_or(Refused::NothingKnown)?;
        let from = known.len() * 3 / 10;
        let blocks: Vec<usize> = (0..BLOCKS).map(|block| known[from + (known.len() - from) * block / BLOCKS]).collect();
        let stride = (known.len() - from).div_ceil(ORIGINS);
        let table = self.table(&known);
        let mut trials = Vec::new();
        let mut neural = neural(blocks[0]);
        for (i, start) in blocks.iter().enumerate() {
            if watch(i, BLOCKS + 1).is_break() {
                return Err(Refused::Stopped);
            }
            let end = blocks.get(i + 1).copied().unwrap_or(last);
            let fitted = self.fit(&table, *start);
            let origins: Vec<usize> =
                known.iter().copied().skip(from).step_by(stride).filter(|t| (*start..end).contains(t)).collect();
            let smoothed = self.smoothed(*start, &origins);
            if let Some(neural) = &mut neural {
                neural.learn(self.rows, self.values, *start);
            }
            for (origin, smoothed) in origins.iter().zip(&smoothed) {
                let net = neural.as_mut().and_then(|neural| neural.ahead(self.rows, *origin));
                for ahead in 1..=self.horizon {
                    if let Some(truth) = self.values.get(origin + ahead).copied().flatten() {
                        let guesses = self.guess(
                            &fitted,
                            *origin,
                            ahead,
                            (smoothed[ahead - 1], net.as_ref().map(|net| net[ahead - 1])),
                        );
                        trials.push(Trial { origin: *origin, ahead, block: *start, truth, guesses });
                    }
                }
            }
        }
        if watch(BLOCKS, BLOCKS + 1).is_break() {
            return Err(Refused::Stopped);
        }
        let fitted = self.fit(&table, last);
        let smoothed = self.smoothed(last, &[last]);
        let net = neural.as_mut().and_then(|neural| {
            neural.learn(self.rows, self.values, last);
            neural.ahead(self.rows, last)
        });
        let now = (1..=self.horizon).map(|ahead| {
            self.guess(&fitted, last, ahead, (smoothed[0][ahead - 1], net.as_ref().map(|net| net[ahead - 1])))
        });
        Ok(Rolled { now: now.collect(), trials, last, neural: net.is_some() })
    }

    fn table(&self, known: &[usize]) -> Table {
        // Thinned by lot, not by a stride that could fall in step with the season.
        let keep = |origin: &usize| Seeded::new(*origin as u64).below(known.len().div_ceil(TRAINED)) == 0;
        let origins: Vec<usize> = known.iter().copied().filter(keep).collect();
        let row = |origin: &usize| (1..=self.horizon).map(|ahead| self.rows.row(*origin, ahead)).collect::<Vec<_>>();
        Table { rows: origins.iter().flat_map(row).collect(), origins }
    }

    /// Fits what learns from rows, on targets up to and including bucket `until`.
    fn fit(&self, table: &Table, until: usize) -> Fitted {
        let of = |at: usize, ahead: usize| -> Option<(&[f32], f64)> {
            let origin = table.origins[at];
            let target = Some(origin + ahead).filter(|target| *target <= until)?;
            let truth = self.values.get(target).copied().flatten()?;
            Some((&table.rows[at * self.horizon + ahead - 1][..], truth - self.rows.anchor_value(origin, ahead)))
        };
        // The first days have no earlier days to look back at.
        let first = table.origins.partition_point(|origin| *origin < table.origins[0] + self.season.min(until / 4));
        let origins = first..table.origins.len();
        let line = |ahead: usize| {
            let (rows, targets): (Vec<&[f32]>, Vec<f64>) = origins.clone().filter_map(|at| of(at, ahead)).unzip();
            let products = Products::of(&rows, &targets).filter(|_| rows.len() >= 20);
            LAMBDAS.map(|lambda| products.as_ref().and_then(|products| products.solve(lambda)))
        };
        let lines = (1..=self.horizon).map(line).collect();
        let all = origins.len() * self.horizon;
        let thin = all.div_ceil(TREE_ROWS);
        let mut random = Seeded::new(self.seed);
        let pairs = origins.clone().flat_map(|at| (1..=self.horizon).map(move |ahead| (at, ahead)));
        let (rows, targets): (Vec<&[f32]>, Vec<f64>) =
            pairs.filter(|_| random.below(thin) == 0).filter_map(|(at, ahead)| of(at, ahead)).unzip();
        let trees = (rows.len() >= 100).then(|| {
            let binned = Binned::of(&rows);
            [Loss::Squared, Loss::Absolute].map(|loss| Boosted::fit(&binned, &targets, loss, self.seed))
        });
        Fitted { lines, trees }
    }

    /// Exponential smoothing fitted on the past of `until`, then run on; its forecasts from each origin.
    fn smoothed(&self, until: usize, origins: &[usize]) -> Vec<Vec<f64>> {
        // Far back does not help: forty seasons are enough to see how fast this person changes.
        let from = until.saturating_sub(40 * self.season.clamp(7, 96));
        let season = if self.season > 96 { 1 } else { self.season };
        let past = &self.values[from..=until];
        let parameters = ets::fit(past, season);
        let mut state = ets::State::before(past, season);
        let mut at = from;
        let mut ahead_of = |origin: &usize| -> Vec<f64> {
            while at <= *origin {
                state.step(&parameters, self.values[at]);
                at += 1;
            }
            (1..=self.horizon).map(|ahead| state.ahead(&parameters, ahead)).collect()
        };
        origins.iter().map(&mut ahead_of).collect()
    }

    fn guess(&self, fitted: &Fitted, origin: usize, ahead: usize, (smoothed, net): (f64, Option<f64>)) -> Guesses {
        let rows = self.rows;
        let row = rows.row(origin, ahead);
        let mean = rows.seasonal_mean(origin, ahead);
        let anchor = rows.anchor_value(origin, ahead);
        let [light, strong] =
            [0, 1].map(|i| fitted.lines[ahead - 1][i].as_ref().map_or(mean, |line| anchor + line.predict(&row)));
        let [squared, absolute] =
            [0, 1].map(|i| fitted.trees.as_ref().map_or(mean, |trees| anchor + trees[i].predict(&row)));
        let naive = rows.seasonal_naive(origin, ahead);
        let median = rows.seasonal_median(origin, ahead);
        let guesses =
            [naive, rows.last(origin), mean, median, smoothed, light, strong, squared, absolute, net.unwrap_or(mean)];
        guesses.map(|guess| if guess.is_finite() { guess.clamp(self.bounds.0, self.bounds.1) } else { mean })
    }
}
