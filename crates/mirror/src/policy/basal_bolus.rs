//! What people with a pump do by hand, as `simglucose`'s `BBController` has it: a constant basal rate, and at each
//! meal a bolus by the carbohydrate ratio, with a correction when glucose is over 150 mg/dL.

use super::{Controller, Dose, Seen};
use crate::glucose::Therapy;

/// Basal–bolus by the person's own ratios.
#[derive(Clone, Debug)]
pub struct BasalBolus {
    therapy: Therapy,
    target_mg_dl: f64,
}

impl BasalBolus {
    /// With the target of `simglucose`, 140 mg/dL.
    #[must_use]
    pub fn new(therapy: Therapy) -> Self {
        BasalBolus { therapy, target_mg_dl: 140.0 }
    }
}

impl Controller for BasalBolus {
    fn dose(&mut self, seen: &Seen) -> Dose {
        let mut bolus_u = 0.0;
        if seen.carbs_g > 0.0 {
            bolus_u = seen.carbs_g / self.therapy.carb_ratio_g_per_u;
            if seen.cgm_mg_dl > 150.0 {
                bolus_u += (seen.cgm_mg_dl - self.target_mg_dl) / self.therapy.correction_mg_dl_per_u;
            }
        }
        Dose { basal_u_per_min: self.therapy.basal_u_per_min, bolus_u_per_min: bolus_u / seen.step_min }
    }
}
