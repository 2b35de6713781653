//! What a stream did beyond what its own past and its rhythm had announced.

use crate::forecast::cholesky_solve;

/// Features of the regression: constant, six of the time of day, weekend, and three of the own past.
const WIDTH: usize = 11;
/// Days before which nothing is predicted.
const WARM_UP: usize = 7;
/// Innovations beyond this many standard deviations are cut: one outlier is not evidence of many days.
const CUT: f64 = 3.0;

/// A stream's regression on its past, and its innovations so far.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    per_day: usize,
    /// Every bucket so far.
    values: Vec<Option<f64>>,
    /// Standardised innovations; not a number where there is none.
    innovations: Vec<f32>,
    gram: [f64; WIDTH * (WIDTH + 1) / 2],
    with_target: [f64; WIDTH],
    rows: f64,
    /// What values are measured from: the first one known.
    centre: Option<f64>,
    /// How far each bucket was from its time of day's mean on earlier days, in standard deviations; not a number where
    /// that is unknown.
    levels: Vec<f32>,
    /// Sum and count per time of day.
    usual: Vec<(f64, f64)>,
    /// Sum and count of squared distances from the usual.
    away: (f64, f64),
    /// Sum and count of squared innovations.
    spread: (f64, f64),
}

impl Stream {
    pub(super) fn new(per_day: usize) -> Self {
        Self {
            per_day,
            values: Vec::new(),
            innovations: Vec::new(),
            gram: [0.0; WIDTH * (WIDTH + 1) / 2],
            with_target: [0.0; WIDTH],
            rows: 0.0,
            centre: None,
            levels: Vec::new(),
            usual: vec![(0.0, 0.0); per_day],
            away: (0.0, 0.0),
            spread: (0.0, 0.0),
        }
    }

    /// The innovation in bucket `i`.
    pub(super) fn innovation(&self, i: usize) -> Option<f64> {
        self.innovations.get(i).map(|x| f64::from(*x)).filter(|x| x.is_finite())
    }

    /// All of them; not a number where there is none.
    pub(super) fn innovations(&self) -> &[f32] {
        &self.innovations
    }

    /// Distances from the usual for the time of day; not a number where unknown.
    pub(super) fn levels(&self) -> &[f32] {
        &self.levels
    }

    /// Features of bucket `i`, if the bucket before it is known. Older values that are unknown count as the mean.
    fn features(&self, i: usize, weekday: usize, centre: f64) -> Option<[f64; WIDTH]> {
        let back = |lag: usize| i.checked_sub(lag).and_then(|i| self.values[i]).map(|y| y - centre);
        let before = back(1)?;
        let far = if self.per_day == 1 { 7 } else { self.per_day };
        let turn = (i % self.per_day) as f64 / self.per_day as f64 * std::f64::consts::TAU;
        let wave = |k: f64| if self.per_day == 1 { (0.0, 0.0) } else { ((k * turn).sin(), (k * turn).cos()) };
        let (one, two, three) = (wave(1.0), wave(2.0), wave(3.0));
        let weekend = f64::from(u8::from(weekday >= 5));
        let past = [before, back(2).unwrap_or(0.0), back(far).unwrap_or(0.0)];
        Some([1.0, one.0, one.1, two.0, two.1, three.0, three.1, weekend, past[0], past[1], past[2]])
    }

    /// Predicts the day by what was known before it, then learns from it.
    pub(super) fn add_day(&mut self, buckets: &[Option<f64>], weekday: usize) {
        let slope = self.slope();
        let centre = self.centre.or_else(|| buckets.iter().copied().find_map(|y| y)).unwrap_or(0.0);
        if buckets.iter().any(Option::is_some) {
            self.centre = Some(centre);
        }
        for y in buckets {
            let i = self.values.len();
            self.values.push(*y);
            let row = self.features(i, weekday, centre);
            let surprise = row
                .zip(*y)
                .zip(slope.as_ref())
                .map(|((row, y), slope)| y - centre - row.iter().zip(slope).map(|(x, b)| x * b).sum::<f64>());
            let usual = (self.spread.0 / f64::max(self.spread.1, 1.0)).sqrt();
            // A constant's surprises are rounding.
            let known = surprise.filter(|_| self.spread.1 >= 20.0 && usual > 1e-9 * (1.0 + centre.abs()));
            self.innovations.push(known.map_or(f32::NAN, |e| (e / usual).clamp(-CUT, CUT) as f32));
            if let Some(e) = surprise {
                // A surprise far out would blow up the yardstick that it is measured by.
                let e = if self.spread.1 >= 20.0 { e.clamp(-5.0 * usual, 5.0 * usual) } else { e };
                self.spread = (self.spread.0 + e * e, self.spread.1 + 1.0);
            }
        }
        self.learn(buckets.len(), weekday, centre);
        self.add_levels(buckets);
    }

    fn add_levels(&mut self, buckets: &[Option<f64>]) {
        for (y, usual) in buckets.iter().zip(&mut self.usual) {
            let distance = y.filter(|_| usual.1 > 0.0).map(|y| y - usual.0 / usual.1);
            let spread = (self.away.0 / f64::max(self.away.1, 1.0)).sqrt();
            let known = distance.filter(|_| spread > 0.0).map(|distance| (distance / spread).clamp(-CUT, CUT));
            self.levels.push(known.map_or(f32::NAN, |level| level as f32));
            if let Some(distance) = distance {
                self.away = (self.away.0 + distance * distance, self.away.1 + 1.0);
            }
            if let Some(y) = y {
                *usual = (usual.0 + y, usual.1 + 1.0);
            }
        }
    }

    fn learn(&mut self, count: usize, weekday: usize, centre: f64) {
        for i in self.values.len() - count..self.values.len() {
            let Some(y) = self.values[i] else { continue };
            let Some(row) = self.features(i, weekday, centre) else { continue };
            let mut at = 0;
            for (j, x) in row.iter().enumerate() {
                self.with_target[j] += x * (y - centre);
                for (cell, other) in self.gram[at..=at + j].iter_mut().zip(&row) {
                    *cell += x * other;
                }
                at += j + 1;
            }
            self.rows += 1.0;
        }
    }

    fn slope(&self) -> Option<Vec<f64>> {
        let warm = self.values.len() >= WARM_UP * self.per_day && self.rows >= 2.0 * WIDTH as f64;
        warm.then_some(())?;
        let mut gram = self.gram;
        for j in 0..WIDTH {
            let diagonal = j * (j + 1) / 2 + j;
            gram[diagonal] += 1e-4 * gram[diagonal] + 1e-6 * self.rows;
        }
        cholesky_solve(&mut gram, &self.with_target)
    }
}
