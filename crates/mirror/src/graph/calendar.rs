//! Whether the time of day and the weekday tell something about a stream: does knowing them make the guess better?
//!
//! Each day is guessed before it is learnt from: once by the mean of everything so far, once by the mean at that time of
//! day (or of that weekday). The day's gain is one observation; the test is one-sided.

use super::student;

/// Earlier days count for the guess as if the overall mean had been seen this often beside them.
const SHRINK: f64 = 2.0;
const WARM_UP: f64 = 7.0;

/// Two guesses beside each other, day by day.
#[derive(Clone, Debug)]
struct Contest {
    /// Sum and count per phase.
    phases: Vec<(f64, f64)>,
    gains: Gains,
}

#[derive(Clone, Copy, Debug, Default)]
struct Gains {
    days: f64,
    sum: f64,
    squares: f64,
    /// Squared errors of the plain guess.
    plain: f64,
    /// Days on which the phase guessed better.
    better: f64,
}

/// A stream's calendar.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    overall: (f64, f64),
    days: f64,
    time: Contest,
    week: Contest,
    /// Sum and count of days' means.
    levels: (f64, f64),
}

/// Evidence for a calendar edge.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rhythm {
    pub(super) explained: f64,
    pub(super) p: f64,
    pub(super) days: usize,
    pub(super) better: f64,
}

impl Contest {
    fn new(phases: usize) -> Self {
        Self { phases: vec![(0.0, 0.0); phases], gains: Gains::default() }
    }

    fn guess(&self, phase: usize, overall: f64) -> f64 {
        let (sum, count) = self.phases[phase];
        (sum + SHRINK * overall) / (count + SHRINK)
    }

    fn learn(&mut self, phase: usize, y: f64) {
        let (sum, count) = &mut self.phases[phase];
        *sum += y;
        *count += 1.0;
    }
}

impl Gains {
    fn add(&mut self, plain: f64, phased: f64) {
        let gain = plain - phased;
        self.days += 1.0;
        self.sum += gain;
        self.squares += gain * gain;
        self.plain += plain;
        self.better += f64::from(u8::from(gain > 0.0));
    }

    fn rhythm(&self) -> Option<Rhythm> {
        let n = self.days;
        (n >= 10.0 && self.plain > 0.0).then_some(())?;
        let mean = self.sum / n;
        let variance = (self.squares / n - mean * mean) * n / (n - 1.0);
        (variance > 0.0).then_some(())?;
        let t = mean / (variance / n).sqrt();
        let two_sided = student::two_sided(t, n - 1.0);
        let p = if t > 0.0 { two_sided / 2.0 } else { 1.0 - two_sided / 2.0 };
        Some(Rhythm { explained: self.sum / self.plain, p, days: n as usize, better: self.better / n })
    }
}

impl Calendar {
    pub(super) fn new(per_day: usize) -> Self {
        let (time, week) = (Contest::new(per_day), Contest::new(7));
        Self { overall: (0.0, 0.0), days: 0.0, time, week, levels: (0.0, 0.0) }
    }

    pub(super) fn add_day(&mut self, buckets: &[Option<f64>], weekday: usize) {
        let known: Vec<(usize, f64)> = buckets.iter().enumerate().filter_map(|(i, y)| Some((i, (*y)?))).collect();
        // Half a day is not a day's mean.
        if known.len() * 2 < buckets.len() || known.is_empty() {
            return;
        }
        let n = known.len() as f64;
        let level = known.iter().map(|(_, y)| y).sum::<f64>() / n;
        if self.days >= WARM_UP {
            let overall = self.overall.0 / self.overall.1;
            let squares =
                |guess: &dyn Fn(usize) -> f64| known.iter().map(|(i, y)| (y - guess(*i)).powi(2)).sum::<f64>();
            self.time.gains.add(squares(&|_| overall), squares(&|i| self.time.guess(i, overall)));
            let usual = self.levels.0 / self.levels.1;
            let guess = self.week.guess(weekday % 7, usual);
            self.week.gains.add((level - usual).powi(2), (level - guess).powi(2));
        }
        for (i, y) in &known {
            self.time.learn(*i, *y);
        }
        self.week.learn(weekday % 7, level);
        self.overall = (self.overall.0 + level * n, self.overall.1 + n);
        self.levels = (self.levels.0 + level, self.levels.1 + 1.0);
        self.days += 1.0;
    }

    pub(super) fn time_of_day(&self) -> Option<Rhythm> {
        (self.time.phases.len() > 1).then(|| self.time.gains.rhythm()).flatten()
    }

    pub(super) fn weekday(&self) -> Option<Rhythm> {
        self.week.gains.rhythm()
    }
}
