//! What one region is: a few equations, the same for all regions, moved one step at a time over arrays of regions.

use super::noise::Normals;
use crate::body::Refusal;

/// A model of a region. All regions' values of one variable lie side by side, variable after variable.
pub trait Neurons {
    /// Fields that are sent along the fibres: the first variables of the state.
    const SENT: usize;
    /// Variables per region.
    const VARIABLES: usize;
    /// Independent noises per region.
    const NOISES: usize;
    /// The variable that is taken for a region's activity.
    const ACTIVITY: usize;
    /// The variable that feeds the blood flow, and how many times over.
    const BLOOD: (usize, f64);
    /// Beyond this the state has left the model's meaning: the simulation diverges.
    const LARGEST: f64;

    /// Refuses parameters that cannot be right.
    fn check(&self, regions: usize, step_ms: f64) -> Result<(), Refusal>;

    /// A starting state, drawn.
    fn start(&self, regions: usize, draw: &mut Normals) -> Vec<f64>;

    /// One Euler–Maruyama step of `step_ms`: `heard` is [`Neurons::SENT`] × regions, `noise` [`Neurons::NOISES`] ×
    /// regions of standard normal numbers.
    fn step(&self, step_ms: f64, regions: usize, state: &mut [f64], heard: &[f64], noise: &[f64]);
}

/// An Ornstein–Uhlenbeck process: noise with a memory, the part of a region's input that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wander {
    /// Memory in ms.
    pub tau_ms: f64,
    /// Noise per √ms.
    pub sigma: f64,
    /// Where it returns to, for excitatory and inhibitory neurons.
    pub mean: [f64; 2],
}

impl Default for Wander {
    fn default() -> Wander {
        Wander { tau_ms: 5.0, sigma: 0.0, mean: [0.0; 2] }
    }
}

impl Wander {
    pub(super) fn check(&self, step_ms: f64) -> Result<(), Refusal> {
        longer("the memory of the noise", self.tau_ms, step_ms)?;
        within("the strength of the noise", &[self.sigma], 0.0, 1e6)?;
        within("the mean of the noise", &self.mean, -1e6, 1e6)
    }
}

/// A time constant must be longer than the step: Euler's method would swing otherwise.
pub(super) fn longer(what: &'static str, tau_ms: f64, step_ms: f64) -> Result<(), Refusal> {
    if tau_ms.is_finite() && tau_ms > step_ms {
        return Ok(());
    }
    Err(Refusal::senseless(what, format!("{tau_ms} ms is not longer than the step of {step_ms} ms")))
}

/// Each value must lie from `low` to `high`.
pub(super) fn within(what: &'static str, values: &[f64], low: f64, high: f64) -> Result<(), Refusal> {
    match values.iter().find(|value| !(low..=high).contains(*value)) {
        Some(value) => Err(Refusal::senseless(what, format!("{value} is not from {low} to {high}"))),
        None => Ok(()),
    }
}

/// One value per region, or one for all.
pub(super) fn per_region(what: &'static str, values: &[f64], regions: usize) -> Result<(), Refusal> {
    within(what, values, -1e6, 1e6)?;
    if values.len() == regions {
        return Ok(());
    }
    Err(Refusal::senseless(what, format!("{} values for {regions} regions", values.len())))
}
