//! Principal components of days with gaps: a day is a mean plus a few patterns, told from whatever of it is known.
//!
//! Patterns and scores take turns in being ridge regressions on what is known (alternating least squares; the maximum
//! a posteriori of probabilistic principal components, Tipping and Bishop 1999). How many patterns and how much they are
//! pulled together is chosen on the last fifth of the days that are learnt from.

use super::diary::Days;
use super::learner::hide;
use crate::forecast::cholesky_solve;
use crate::learn::Chance;
use serde::{Deserialize, Serialize};

const TURNS: usize = 12;

/// Patterns of days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Patterns {
    /// Cell by cell, one number per pattern.
    cells: Vec<Vec<f64>>,
    pull: f64,
    count: usize,
}

/// Ridge regression of values on rows of equal width.
fn ridge<'a>(pairs: impl Iterator<Item = (&'a [f64], f64)>, width: usize, pull: f64) -> Vec<f64> {
    let mut gram = vec![0.0; width * (width + 1) / 2];
    let mut target = vec![0.0; width];
    for (row, y) in pairs {
        let mut at = 0;
        for i in 0..width {
            target[i] += row[i] * y;
            for j in 0..=i {
                gram[at + j] += row[i] * row[j];
            }
            at += i + 1;
        }
    }
    for i in 0..width {
        gram[i * (i + 1) / 2 + i] += pull;
    }
    cholesky_solve(&mut gram, &target).unwrap_or_else(|| vec![0.0; width])
}

impl Patterns {
    /// Learns from the first `until` days.
    pub(super) fn learn(days: &Days, until: usize, seed: u64) -> Self {
        let inner = (until * 4 / 5).max(1);
        let width = days.per_day * days.streams;
        let mut chance = Chance::new(seed);
        let cells = inner * width..until * width;
        let known = &days.known[cells.clone()];
        let hidden = hide(days, until - inner, known, &mut chance);
        let shown: Vec<bool> = known.iter().zip(&hidden).map(|(known, hidden)| *known && !hidden).collect();
        let mut best = (f64::INFINITY, 2, 2.0);
        for count in [1, 2, 4, 8] {
            for pull in [1.0, 4.0] {
                let own = Self::fit(days, inner, count, pull, seed);
                let mut error = 0.0;
                for day in inner..until {
                    let at = (day - inner) * width;
                    let told = own.tell(&days.z[day * width..(day + 1) * width], &shown[at..at + width]);
                    for (i, told) in told.iter().enumerate().filter(|(i, _)| known[at + i] && hidden[at + i]) {
                        error += (f64::from(days.z[day * width + i]) - told).powi(2);
                    }
                }
                if error < best.0 {
                    best = (error, count, pull);
                }
            }
        }
        Self::fit(days, until, best.1, best.2, seed)
    }

    fn fit(days: &Days, until: usize, count: usize, pull: f64, seed: u64) -> Self {
        let width = days.per_day * days.streams;
        let mut chance = Chance::new(seed);
        let draw = |chance: &mut Chance| (0..count).map(|_| chance.unit() - 0.5).collect::<Vec<f64>>();
        let mut all = Self { cells: (0..width).map(|_| draw(&mut chance)).collect(), pull, count };
        for _ in 0..TURNS {
            let scores: Vec<Vec<f64>> = (0..until)
                .map(|day| {
                    all.score(&days.z[day * width..(day + 1) * width], &days.known[day * width..(day + 1) * width])
                })
                .collect();
            for (cell, pattern) in all.cells.iter_mut().enumerate() {
                let known = scores.iter().enumerate().filter(|(day, _)| days.known[day * width + cell]);
                let pairs = known.map(|(day, score)| (&score[..], f64::from(days.z[day * width + cell])));
                *pattern = ridge(pairs, count, pull);
            }
        }
        all
    }

    /// How much of each pattern a day has.
    pub(super) fn score(&self, z: &[f32], shown: &[bool]) -> Vec<f64> {
        let cells = self.cells.iter().zip(z).zip(shown).filter(|(_, shown)| **shown);
        ridge(cells.map(|((cell, z), _)| (&cell[..], f64::from(*z))), self.count, self.pull)
    }

    /// What the day would be, from what is shown of it.
    pub(super) fn tell(&self, z: &[f32], shown: &[bool]) -> Vec<f64> {
        let score = self.score(z, shown);
        self.cells.iter().map(|cell| cell.iter().zip(&score).map(|(a, b)| a * b).sum()).collect()
    }
}
