//! `simglucose`'s `PIDController`: insulin by how far glucose is from a target, how long it was and how fast it moves.

use super::{Controller, Dose, Seen};

/// A proportional–integral–derivative controller that knows nothing of meals.
#[derive(Clone, Debug)]
pub struct Pid {
    proportional: f64,
    integral: f64,
    derivative: f64,
    target_mg_dl: f64,
    sum: f64,
    last: f64,
}

impl Pid {
    /// With gains in U/min per mg/dL, per mg/dL·min and per mg/dL/min.
    #[must_use]
    pub fn new([proportional, integral, derivative]: [f64; 3], target_mg_dl: f64) -> Self {
        Pid { proportional, integral, derivative, target_mg_dl, sum: 0.0, last: 0.0 }
    }

    /// The gains and the target of `simglucose`'s own example.
    #[must_use]
    pub fn of_the_example() -> Self {
        Pid::new([0.001, 0.000_01, 0.001], 140.0)
    }
}

impl Controller for Pid {
    fn dose(&mut self, seen: &Seen) -> Dose {
        let off = seen.cgm_mg_dl - self.target_mg_dl;
        let basal_u_per_min = self.proportional * off
            + self.integral * self.sum
            + self.derivative * (seen.cgm_mg_dl - self.last) / seen.step_min;
        self.last = seen.cgm_mg_dl;
        self.sum += off * seen.step_min;
        Dose { basal_u_per_min, bolus_u_per_min: 0.0 }
    }
}
