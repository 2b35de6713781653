//! Observations gathered into buckets as they come in, so that a new day needs no look at the old ones.

use super::{Column, DAY_MS, Gathered, Grid, How, combined};

/// Buckets at most: hours of a hundred years.
const MOST: usize = 1_000_000;

/// What every source has said of every bucket so far. Its columns are those of [`resample`](super::resample).
#[derive(Clone, Debug)]
pub struct Gatherer {
    step: i64,
    /// Where the first bucket begins.
    start: i64,
    parts: Vec<Gathered>,
}

impl Gatherer {
    /// Nothing yet, in buckets of `step` milliseconds (a part of a day, or days).
    #[must_use]
    pub fn new(step: i64) -> Self {
        Self { step: step.max(1), start: i64::MAX, parts: Vec::new() }
    }

    /// Takes an observation of a source. What is not finite, or would make the span too long, is passed over.
    pub fn add(&mut self, source: usize, at: i64, value: f64) {
        if !value.is_finite() || source > 10_000 {
            return;
        }
        let unit = self.step.max(DAY_MS);
        let begins = at.div_euclid(unit).saturating_mul(unit);
        if self.start == i64::MAX {
            self.start = begins;
        }
        if begins < self.start {
            let more = usize::try_from(self.start.saturating_sub(begins) / self.step).unwrap_or(usize::MAX);
            if more.saturating_add(self.len()) > MOST {
                return;
            }
            for part in &mut self.parts {
                part.sum.splice(0..0, std::iter::repeat_n(0.0, more));
                part.count.splice(0..0, std::iter::repeat_n(0, more));
            }
            self.start = begins;
        }
        let bucket = usize::try_from(at.saturating_sub(self.start) / self.step).unwrap_or(usize::MAX);
        if bucket >= MOST {
            return;
        }
        while self.parts.len() <= source {
            self.parts.push(Gathered { sum: Vec::new(), count: Vec::new(), zeros: false });
        }
        let part = &mut self.parts[source];
        if part.sum.len() <= bucket {
            part.sum.resize(bucket + 1, 0.0);
            part.count.resize(bucket + 1, 0);
        }
        part.sum[bucket] += value;
        part.count[bucket] += 1;
        part.zeros |= value == 0.0;
    }

    fn len(&self) -> usize {
        self.parts.iter().map(|part| part.sum.len()).max().unwrap_or(0)
    }

    /// The column on a grid of the same step, begun at a midnight as [`Grid::over`] does; empty buckets on any other.
    #[must_use]
    pub fn column(&self, grid: &Grid, how: How) -> Column {
        let same =
            grid.step == self.step && self.start != i64::MAX && grid.start.saturating_sub(self.start) % self.step == 0;
        if !same {
            return Column::from_options(std::iter::repeat_n(None, grid.len));
        }
        let shift = grid.start.saturating_sub(self.start) / self.step;
        let on = |part: &Gathered| {
            let mut moved = Gathered::empty(grid);
            moved.zeros = part.zeros;
            for bucket in 0..grid.len {
                if let Some(from) = usize::try_from(bucket as i64 + shift).ok().filter(|from| *from < part.sum.len()) {
                    (moved.sum[bucket], moved.count[bucket]) = (part.sum[from], part.count[from]);
                }
            }
            moved
        };
        combined(self.parts.iter().map(on), grid, how)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Samples, resample};
    use super::*;
    use crate::forecast::Seeded;

    #[test]
    fn gathered_in_any_order_gives_the_column_of_all_at_once() {
        for (step, how) in [(DAY_MS / 24, How::Mean), (DAY_MS / 24, How::Sum), (DAY_MS, How::Sum)] {
            let mut random = Seeded::new(5);
            let mut gatherer = Gatherer::new(step);
            let (mut at, mut value) = (vec![Vec::new(); 2], vec![Vec::new(); 2]);
            for _ in 0..3_000 {
                let source = random.below(2);
                // Whole numbers, so that sums do not depend on their order.
                let (time, y) =
                    (random.below(40 * 24 * 60) as i64 * 60_000 + 5 * DAY_MS, random.below(50) as f64 + 1.0);
                gatherer.add(source, time, y);
                at[source].push(time);
                value[source].push(y);
            }
            let grid = Grid::over(3 * DAY_MS, 50 * DAY_MS, step, 100_000).expect("a grid");
            let samples: Vec<Samples<'_>> =
                at.iter().zip(&value).map(|(start, value)| Samples { start, value }).collect();
            assert_eq!(gatherer.column(&grid, how), resample(&samples, &grid, how));
        }
    }

    #[test]
    fn senseless_observations_cost_nothing() {
        let mut gatherer = Gatherer::new(DAY_MS);
        gatherer.add(0, 0, f64::NAN);
        gatherer.add(0, 10 * DAY_MS, 1.0);
        gatherer.add(0, i64::MAX, 1.0);
        gatherer.add(0, i64::MIN + 1, 1.0);
        let grid = Grid::over(0, 20 * DAY_MS, DAY_MS, 100).expect("a grid");
        assert_eq!(gatherer.column(&grid, How::Mean).count(), 1);
    }
}
