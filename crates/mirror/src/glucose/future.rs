//! A day that might be: meals and boluses in, glucose out.

use super::equations::Minute;
use super::meals::Meal;
use super::patient::Patient;
use crate::body::{Body, Refusal};

/// Insulin given at once, beside the basal rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bolus {
    /// Minutes from the start of the simulation.
    pub minute: u32,
    /// Units.
    pub units: f64,
}

impl Patient {
    /// Glucose in mg/dL at the start and after every minute, at rest to begin with.
    pub fn future(&self, meals: &[Meal], boluses: &[Bolus], minutes: u32) -> Result<Vec<f64>, Refusal> {
        let late = meals.iter().map(|meal| meal.minute).chain(boluses.iter().map(|bolus| bolus.minute));
        if let Some(late) = late.max().filter(|minute| *minute >= minutes) {
            return Err(Refusal::senseless("the plan", format!("minute {late} is after its end, minute {minutes}")));
        }
        let mut state = self.state();
        let mut seen = vec![self.observe(&state)];
        for minute in 0..minutes {
            let carbs_g = meals.iter().filter(|meal| meal.minute == minute).map(|meal| meal.carbs_g).sum();
            let units: f64 = boluses.iter().filter(|bolus| bolus.minute == minute).map(|bolus| bolus.units).sum();
            self.step(&mut state, &Minute::new(carbs_g, self.basal_u_per_min() + units)?);
            seen.push(self.observe(&state));
        }
        Ok(seen)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn two_units_less_leave_glucose_higher_and_only_afterwards() {
        let anna = Patient::named("adult#004").unwrap();
        let meals = [Meal { minute: 60, carbs_g: 60.0 }];
        let future = |units| anna.future(&meals, &[Bolus { minute: 60, units }], 480).unwrap();
        let (four, two) = (future(4.0), future(2.0));
        assert_eq!(four[..=60], two[..=60]);
        assert!(two[240] > four[240] + 10.0);
        assert!(anna.future(&meals, &[], 60).is_err());
        assert!(anna.future(&meals, &[Bolus { minute: 1, units: f64::NAN }], 480).is_err());
    }
}
