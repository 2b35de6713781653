//! Exponential smoothing with additive errors, a damped additive trend and an additive season: ETS(A,Ad,A), or
//! ETS(A,Ad,N) where there is no season to see (Hyndman et al. 2008, *Forecasting with Exponential Smoothing*).
//!
//! A missing value has no error: the state goes on without being corrected.

/// Smoothing parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Parameters {
    /// Of the level, 0 to 1.
    alpha: f64,
    /// Of the trend, as a share of α.
    beta: f64,
    /// Of the season.
    gamma: f64,
    /// Damping of the trend.
    phi: f64,
}

/// Where the smoothing stands after a bucket.
#[derive(Clone, Debug)]
pub(crate) struct State {
    level: f64,
    trend: f64,
    /// One per phase of the season; empty without a season.
    season: Vec<f64>,
    /// Buckets seen.
    at: usize,
}

impl State {
    /// The state before the first bucket, from the first two seasons: the level is their mean, a season's phase its
    /// mean distance from it.
    pub(crate) fn before(values: &[Option<f64>], season: usize) -> Self {
        let first = values.iter().position(Option::is_some).unwrap_or(0);
        let head: Vec<(usize, f64)> = (first..values.len())
            .take(if season > 1 { 2 * season } else { 10 })
            .filter_map(|i| values[i].map(|y| (i, y)))
            .collect();
        let level = head.iter().map(|(_, y)| y).sum::<f64>() / head.len().max(1) as f64;
        let mut phases = vec![(0.0, 0.0); if season > 1 { season } else { 0 }];
        for (i, y) in &head {
            if let Some(phase) = phases.get_mut(i % season.max(1)) {
                *phase = (phase.0 + y - level, phase.1 + 1.0);
            }
        }
        let season = phases.iter().map(|(sum, count): &(f64, f64)| sum / count.max(1.0)).collect();
        Self { level, trend: 0.0, season, at: 0 }
    }

    /// Takes in the next bucket; returns the one-step error where the bucket is known.
    pub(crate) fn step(&mut self, p: &Parameters, y: Option<f64>) -> Option<f64> {
        let phase = self.at % self.season.len().max(1);
        let seasonal = self.season.get(phase).copied().unwrap_or(0.0);
        let ahead = self.level + p.phi * self.trend;
        let error = y.map(|y| y - ahead - seasonal);
        let correction = error.unwrap_or(0.0);
        self.level = ahead + p.alpha * correction;
        self.trend = p.phi * self.trend + p.alpha * p.beta * correction;
        if let Some(seasonal) = self.season.get_mut(phase) {
            *seasonal += p.gamma * correction;
        }
        self.at += 1;
        error
    }

    /// The forecast `ahead` ≥ 1 buckets from here.
    pub(crate) fn ahead(&self, p: &Parameters, ahead: usize) -> f64 {
        let damped: f64 = if (p.phi - 1.0).abs() < 1e-9 {
            ahead as f64
        } else {
            p.phi * (1.0 - p.phi.powi(ahead as i32)) / (1.0 - p.phi)
        };
        let phase = (self.at + ahead - 1) % self.season.len().max(1);
        self.level + damped * self.trend + self.season.get(phase).copied().unwrap_or(0.0)
    }
}

/// Parameters with the least mean squared one-step error, by a simplex search (Nelder and Mead 1965) from two starts.
pub(crate) fn fit(values: &[Option<f64>], season: usize) -> Parameters {
    let before = State::before(values, season);
    let skip = if season > 1 { season } else { 10 };
    let loss = |x: &[f64; 4]| {
        let p = parameters(x);
        let mut state = before.clone();
        let (mut sum, mut count) = (0.0, 0.0);
        for (i, y) in values.iter().enumerate() {
            if let Some(error) = state.step(&p, *y).filter(|_| i >= skip) {
                sum += error * error;
                count += 1.0;
            }
        }
        let loss = sum / f64::max(count, 1.0);
        if loss.is_finite() { loss } else { f64::MAX }
    };
    let starts = [[-1.5, -2.0, -2.5, 1.0], [1.5, -1.0, -3.0, 1.0]];
    let best = starts.map(|start| simplex(&loss, start)).into_iter().min_by(|a, b| a.1.total_cmp(&b.1));
    best.map_or_else(|| parameters(&starts[0]), |(x, _)| parameters(&x))
}

/// From the whole line onto the admissible ranges.
fn parameters(x: &[f64; 4]) -> Parameters {
    let within = |x: f64, low: f64, high: f64| low + (high - low) / (1.0 + (-x).exp());
    let alpha = within(x[0], 1e-4, 0.999);
    Parameters {
        alpha,
        beta: within(x[1], 1e-4, 0.999),
        gamma: within(x[2], 1e-4, 0.999) * (1.0 - alpha),
        phi: within(x[3], 0.8, 0.98),
    }
}

const STEPS: usize = 90;

fn simplex(loss: &impl Fn(&[f64; 4]) -> f64, start: [f64; 4]) -> ([f64; 4], f64) {
    let mut points: Vec<([f64; 4], f64)> = vec![(start, loss(&start))];
    for i in 0..4 {
        let mut point = start;
        point[i] += 1.0;
        points.push((point, loss(&point)));
    }
    for _ in 0..STEPS {
        points.sort_by(|a, b| a.1.total_cmp(&b.1));
        let worst = points[4];
        let centre: [f64; 4] = std::array::from_fn(|j| points[..4].iter().map(|point| point.0[j]).sum::<f64>() / 4.0);
        let towards = |far: f64| -> ([f64; 4], f64) {
            let point = std::array::from_fn(|j| centre[j] + far * (worst.0[j] - centre[j]));
            (point, loss(&point))
        };
        let reflected = towards(-1.0);
        points[4] = if reflected.1 < points[0].1 {
            let expanded = towards(-2.0);
            if expanded.1 < reflected.1 { expanded } else { reflected }
        } else if reflected.1 < points[3].1 {
            reflected
        } else {
            let contracted = towards(0.5);
            if contracted.1 < worst.1 {
                contracted
            } else {
                let best = points[0].0;
                for point in &mut points[1..] {
                    let nearer = std::array::from_fn(|j| best[j] + 0.5 * (point.0[j] - best[j]));
                    *point = (nearer, loss(&nearer));
                }
                continue;
            }
        };
    }
    points.into_iter().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((start, f64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_season_is_continued_across_missing_values() {
        let wave = |i: usize| 100.0 + 20.0 * (i as f64 / 24.0 * std::f64::consts::TAU).sin();
        let values: Vec<Option<f64>> = (0..24 * 14).map(|i| (i % 11 != 0).then(|| wave(i))).collect();
        let parameters = fit(&values, 24);
        let mut state = State::before(&values, 24);
        for y in &values {
            state.step(&parameters, *y);
        }
        for ahead in [1, 7, 24] {
            let expected = wave(values.len() + ahead - 1);
            assert!((state.ahead(&parameters, ahead) - expected).abs() < 2.0, "{ahead} ahead");
        }
    }
}
