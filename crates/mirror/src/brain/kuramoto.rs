//! Kuramoto's region: a phase that turns at its own speed and is drawn towards the delayed phases that it hears.
//!
//! ```text
//! dθi/dt = ωi + (k / n) Σj wij sin(θj(t − delay) − θi) + noise
//! ```
//!
//! The sine of the difference is `sin θj cos θi − cos θj sin θi`: what travels are the sine and cosine of each phase,
//! and the coupling is linear in them, so that it runs through the same blocked sum as the other models.

use std::f64::consts::TAU;

use super::math::{sin_cos_turns, wrap};
use super::neurons::{Neurons, Wander, per_region, within};
use super::noise::Normals;
use crate::body::Refusal;

/// Parameters of all regions.
#[derive(Clone, Debug, PartialEq)]
pub struct Kuramoto {
    /// Own speed of each region, radians per ms.
    pub omega: Vec<f64>,
    /// Noise; its mean is not used.
    pub noise: Wander,
}

impl Kuramoto {
    /// Regions that all turn at `hertz`.
    #[must_use]
    pub fn new(regions: usize, hertz: f64) -> Kuramoto {
        Kuramoto { omega: vec![hertz * TAU / 1000.0; regions], noise: Wander::default() }
    }
}

impl Neurons for Kuramoto {
    const SENT: usize = 2;
    /// Sine, cosine, phase and noise.
    const VARIABLES: usize = 4;
    const NOISES: usize = 1;
    const ACTIVITY: usize = 2;
    const BLOOD: (usize, f64) = (0, 1.0);
    const LARGEST: f64 = 1e6;

    fn check(&self, regions: usize, step_ms: f64) -> Result<(), Refusal> {
        per_region("the speeds of the phases", &self.omega, regions)?;
        let most = std::f64::consts::PI / step_ms;
        within("the speed of a phase (half a turn per step at most)", &self.omega, -most, most)?;
        self.noise.check(step_ms)
    }

    fn start(&self, regions: usize, draw: &mut Normals) -> Vec<f64> {
        let mut state = vec![0.0; 4 * regions];
        draw.uniform(&mut state[2 * regions..3 * regions]);
        for k in 0..regions {
            let turns = state[2 * regions + k];
            (state[k], state[regions + k]) = sin_cos_turns(turns);
            state[2 * regions + k] = turns * TAU;
        }
        state
    }

    #[inline(always)]
    fn step(&self, step_ms: f64, regions: usize, state: &mut [f64], heard: &[f64], noise: &[f64]) {
        let n = regions;
        let (sine, rest) = state.split_at_mut(n);
        let (cosine, rest) = rest.split_at_mut(n);
        let (phase, wander) = rest.split_at_mut(n);
        let wander = &mut wander[..n];
        let (heard_sine, heard_cosine, noise) = (&heard[..n], &heard[n..2 * n], &noise[..n]);
        let omega = &self.omega[..n];
        let share = 1.0 / n as f64;
        let back = step_ms / self.noise.tau_ms;
        let kick = self.noise.sigma * step_ms.sqrt();
        for k in 0..n {
            let drawn = (heard_sine[k] * cosine[k] - heard_cosine[k] * sine[k]) * share;
            let w = wander[k];
            let theta = wrap(phase[k] + step_ms * (omega[k] + drawn + w));
            (sine[k], cosine[k]) = sin_cos_turns(theta * (1.0 / TAU));
            phase[k] = theta;
            wander[k] = w - w * back + kick * noise[k];
        }
    }
}
