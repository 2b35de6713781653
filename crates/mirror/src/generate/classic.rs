//! Makers without a network: blocks of other days, and a Gaussian copula.

use super::windows::{Window, Windows};
use crate::learn::Chance;
use serde::{Deserialize, Serialize};

/// Blocks that a day is put together from.
const BLOCKS: usize = 4;
/// Share of the covariance that is left to each bucket alone (a linear shrinkage, Schäfer and Strimmer 2005).
const SHRINK: f64 = 0.1;
/// Share of a midnight window's covariance that comes from such windows alone.
const OWN: f64 = 0.7;

/// A day from blocks, each of a learnt window that begins near the same time of day on the same kind of day.
pub(super) fn bootstrap(windows: &Windows, when: (usize, usize), chance: &mut Chance) -> Vec<f32> {
    let whole = windows.per_day * windows.streams;
    let mut made = Vec::with_capacity(whole);
    let like = |window: &&Window| window.slot == when.1 && (window.weekday >= 5) == (when.0 >= 5);
    let mut among: Vec<&Window> = windows.learnt.iter().filter(like).collect();
    if among.len() < 3 {
        among = windows.learnt.iter().filter(|window| window.slot == when.1).collect();
    }
    if among.is_empty() {
        among = windows.learnt.iter().collect();
    }
    for block in 0..BLOCKS {
        let (from, to) = (block * windows.per_day / BLOCKS, (block + 1) * windows.per_day / BLOCKS);
        let cells = from * windows.streams..to * windows.streams;
        let known: Vec<&&Window> =
            among.iter().filter(|one| one.known[cells.clone()].iter().all(|k| *k > 0.0)).collect();
        let one = if known.is_empty() { among[chance.below(among.len())] } else { known[chance.below(known.len())] };
        made.extend_from_slice(&one.score[cells]);
    }
    made
}

/// Mean and covariance of the scores of a day, by the time of day that they are of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Copula {
    /// Per kind of day, per cell of a day from midnight on.
    mean: [Vec<f64>; 2],
    /// Lower triangle of the Cholesky factor over a window's cells, whenever it begins.
    factor: Vec<f64>,
    /// The same for windows that begin at midnight.
    midnight: Vec<f64>,
}

impl Copula {
    pub(super) fn learn(windows: &Windows) -> Self {
        let (per_day, streams) = (windows.per_day, windows.streams);
        let width = per_day * streams;
        let mut sums = [vec![(0.0, 0.0); width], vec![(0.0, 0.0); width]];
        let mut both = vec![(0.0, 0.0f64); width];
        for window in &windows.learnt {
            for (i, score) in window.score.iter().enumerate().filter(|(i, _)| window.known[*i] > 0.0) {
                let at = window.slot + i / streams;
                let kind = usize::from((window.weekday + at / per_day) % 7 >= 5);
                let cell = at % per_day * streams + i % streams;
                for sum in [&mut sums[kind][cell], &mut both[cell]] {
                    sum.0 += f64::from(*score);
                    sum.1 += 1.0;
                }
            }
        }
        // A kind of day that was hardly seen is like the other.
        let pull = per_day as f64;
        let of = |(own, all): (&(f64, f64), &(f64, f64))| (own.0 + pull * all.0 / all.1.max(1.0)) / (own.1 + pull);
        let mean = sums.map(|kind| kind.iter().zip(&both).map(of).collect::<Vec<f64>>());
        let mut all = Self { mean, factor: Vec::new(), midnight: Vec::new() };
        let every = all.covariance(windows, |_| true);
        // A day from midnight on holds together as days do, which windows across midnight do not show.
        let own = all.covariance(windows, |window| window.slot == 0);
        let midnight: Vec<f64> = every.iter().zip(&own).map(|(every, own)| every + OWN * (own - every)).collect();
        // Covariances of pairs need not fit together; they are shrunk until they do.
        let factor = |covariance: Vec<f64>| {
            let share = |tenths: i32| factorised(&covariance, width, f64::from(tenths) * SHRINK);
            (1..=10).find_map(share).unwrap_or(covariance)
        };
        (all.factor, all.midnight) = (factor(every), factor(midnight));
        all
    }

    /// Covariance of the cells of windows, from the pairs that are known.
    fn covariance(&self, windows: &Windows, which: impl Fn(&Window) -> bool) -> Vec<f64> {
        let width = windows.per_day * windows.streams;
        let mut covariance = vec![0.0; width * (width + 1) / 2];
        let mut pairs = vec![0.0f64; covariance.len()];
        for window in windows.learnt.iter().filter(|window| which(window)) {
            let away: Vec<f64> =
                (0..width).map(|i| f64::from(window.score[i]) - self.usual(windows, window.when(), i)).collect();
            let known = &window.known;
            let mut at = 0;
            for i in 0..width {
                if known[i] > 0.0 {
                    for j in (0..=i).filter(|j| known[*j] > 0.0) {
                        covariance[at + j] += away[i] * away[j];
                        pairs[at + j] += 1.0;
                    }
                }
                at += i + 1;
            }
        }
        covariance.iter().zip(&pairs).map(|(sum, pairs)| sum / pairs.max(1.0)).collect()
    }

    fn usual(&self, windows: &Windows, when: (usize, usize), i: usize) -> f64 {
        let at = when.1 + i / windows.streams;
        let kind = usize::from((when.0 + at / windows.per_day) % 7 >= 5);
        self.mean[kind][at % windows.per_day * windows.streams + i % windows.streams]
    }

    pub(super) fn make(&self, windows: &Windows, when: (usize, usize), chance: &mut Chance) -> Vec<f32> {
        let width = windows.per_day * windows.streams;
        let drawn = chance.normal(1, width);
        let drawn = drawn.as_slice();
        let factor = if when.1 == 0 { &self.midnight } else { &self.factor };
        let row = |i: usize| &factor[i * (i + 1) / 2..(i + 1) * (i + 2) / 2];
        let one = |i: usize| {
            let away: f64 = row(i).iter().zip(drawn).map(|(l, x)| l * f64::from(*x)).sum();
            (self.usual(windows, when, i) + away) as f32
        };
        (0..width).map(one).collect()
    }
}

/// The Cholesky factor of a covariance of which this share is left to each cell alone, if all pivots are well above 0.
fn factorised(covariance: &[f64], n: usize, share: f64) -> Option<Vec<f64>> {
    let at = |i: usize, j: usize| i * (i + 1) / 2 + j;
    let mut a = covariance.to_vec();
    for i in 0..n {
        for j in 0..=i {
            let mut sum = if i == j { a[at(i, j)].max(0.02) } else { a[at(i, j)] * (1.0 - share) };
            for k in 0..j {
                sum -= a[at(i, k)] * a[at(j, k)];
            }
            if i == j && sum < 0.01 {
                return None;
            }
            a[at(i, j)] = if i == j { sum.sqrt() } else { sum / a[at(j, j)] };
        }
    }
    Some(a)
}
