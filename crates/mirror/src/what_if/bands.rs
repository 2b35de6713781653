//! Draws as bands, and an effect in one number.

/// The quantile `q` of sorted values, between neighbours in proportion (type 7 of Hyndman and Fan 1996); 0 of none.
#[must_use]
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let at = q.clamp(0.0, 1.0) * last as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (at - below as f64)
}

/// Which quantiles a fan has: the bands that hold 95, 80 and 50 %, and the median.
pub(super) const LEVELS: [f64; 7] = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975];

/// Quantiles of draws, step by step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fan {
    /// Per step the seven quantiles 2.5, 10, 25, 50, 75, 90 and 97.5 %.
    pub steps: Vec<[f64; 7]>,
}

impl Fan {
    /// Of paths of so many steps.
    #[must_use]
    pub fn of(paths: &[Vec<f64>], steps: usize) -> Self {
        let step = |i: usize| {
            let mut values: Vec<f64> = paths.iter().filter_map(|path| path.get(i).copied()).collect();
            values.sort_by(f64::total_cmp);
            LEVELS.map(|level| quantile(&values, level))
        };
        Fan { steps: (0..steps).map(step).collect() }
    }
}

/// An effect: the median of draws, which a few wild ones do not move, and the intervals that hold 50, 80 and 95 % of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// Median.
    pub median: f64,
    /// Half of all draws.
    pub interval_50: [f64; 2],
    /// Four of five.
    pub interval_80: [f64; 2],
    /// Nineteen of twenty.
    pub interval_95: [f64; 2],
}

impl Effect {
    /// Of draws of the effect; all zero where there are none.
    #[must_use]
    pub fn of(mut draws: Vec<f64>) -> Self {
        draws.sort_by(f64::total_cmp);
        let [lowest, low, below, median, above, high, highest] = LEVELS.map(|level| quantile(&draws, level));
        Effect { median, interval_50: [below, above], interval_80: [low, high], interval_95: [lowest, highest] }
    }

    /// Whether the 95 % interval leaves out zero.
    #[must_use]
    pub fn clear(&self) -> bool {
        self.interval_95[0] > 0.0 || self.interval_95[1] < 0.0
    }
}
