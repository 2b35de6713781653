//! Who gives the insulin: controllers, and the loop of sensor, controller, pump and person that they work in.
//!
//! A [`Controller`] is told, once a sensor step, what the sensor showed and which meal was announced, and answers
//! with rates for the pump. It never sees the person's state. [`Scenario::play`] runs the loop minute by minute as
//! `simglucose`'s `SimObj` does: the same seeds give the same meals, the same errors of the sensor and, with the same
//! controller, the same glucose.

mod basal_bolus;
mod pid;
mod planner;

pub use basal_bolus::BasalBolus;
pub use pid::Pid;
pub use planner::{Aims, Planner};

use crate::body::{Body, Refusal};
use crate::glucose::{Meal, Minute, Patient, Pump, Record, Sensor, random_meals};
use serde::Serialize;

/// What a controller is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// The sensor's reading in mg/dL.
    pub cgm_mg_dl: f64,
    /// Carbohydrate announced since it was last told.
    pub carbs_g: f64,
    /// Minutes since then.
    pub step_min: f64,
}

/// What a controller wants to flow until it is asked again.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dose {
    /// Slow insulin.
    pub basal_u_per_min: f64,
    /// Insulin for a meal or a correction, also as a rate.
    pub bolus_u_per_min: f64,
}

/// Decides about insulin.
pub trait Controller {
    /// Decides for the step that begins now.
    fn dose(&mut self, seen: &Seen) -> Dose;
}

/// Meals, sensor and pump of some days.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What is eaten, in order of time.
    pub meals: Vec<Meal>,
    /// How long it lasts.
    pub minutes: u32,
    /// The sensor.
    pub sensor: Sensor,
    /// The seed of its errors.
    pub noise_seed: u32,
    /// The pump.
    pub pump: Pump,
}

impl Scenario {
    /// Random days from midnight on, with the sensor and the pump that `simglucose` starts with.
    pub fn random(seed: u32, days: u32) -> Result<Self, Refusal> {
        let minutes = days * 24 * 60;
        Ok(Scenario {
            meals: random_meals(seed, 0, minutes),
            minutes,
            sensor: Sensor::named("Dexcom")?,
            noise_seed: seed,
            pump: Pump::named("Insulet")?,
        })
    }

    /// Lets `controller` treat `patient`.
    pub fn play(&self, patient: &Patient, controller: &mut impl Controller) -> Result<Trace, Refusal> {
        let step_min = self.sensor.sample_min.max(1);
        let step = f64::from(step_min);
        let mut noise = self.sensor.noise(self.noise_seed);
        let mut state = patient.state();
        let mut meals = self.meals.iter().peekable();
        let start_mg_dl = patient.observe(&state);
        let mut read = |glucose_mg_dl| self.sensor.read(glucose_mg_dl, noise.next().unwrap_or_default());
        // `simglucose` reads the sensor twice before it starts: once for the record, once for the controller.
        let recorded = read(start_mg_dl);
        let mut reading = read(start_mg_dl);
        let mut seen = Seen { cgm_mg_dl: reading, carbs_g: 0.0, step_min: step };
        let mut trace = Trace { step_min, steps: Vec::with_capacity((self.minutes / step_min) as usize + 1) };
        trace.steps.push(Step { glucose_mg_dl: start_mg_dl, cgm_mg_dl: recorded, insulin_u: 0.0, carbs_g: 0.0 });
        for start in (0..self.minutes).step_by(step_min as usize) {
            let dose = controller.dose(&seen);
            let insulin_u_per_min = self.pump.deliver(dose.basal_u_per_min, dose.bolus_u_per_min);
            let (mut glucose, mut cgm, mut carbs_g) = (0.0, 0.0, 0.0);
            for minute in start..start + step_min {
                let served: f64 =
                    std::iter::from_fn(|| meals.next_if(|meal| meal.minute <= minute)).map(|meal| meal.carbs_g).sum();
                patient.step(&mut state, &Minute::new(served, insulin_u_per_min)?);
                let now = patient.observe(&state);
                if (minute + 1) % step_min == 0 {
                    reading = read(now);
                }
                // A step shows the mean of its minutes, as in `simglucose`.
                glucose += now / step;
                cgm += reading / step;
                carbs_g += served;
            }
            seen = Seen { cgm_mg_dl: cgm, carbs_g, step_min: step };
            let insulin_u = insulin_u_per_min * step;
            trace.steps.push(Step { glucose_mg_dl: glucose, cgm_mg_dl: cgm, insulin_u, carbs_g });
        }
        Ok(trace)
    }
}

/// What happened in one step of the sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// True glucose under the skin.
    pub glucose_mg_dl: f64,
    /// What the sensor showed.
    pub cgm_mg_dl: f64,
    /// Insulin given in this step.
    pub insulin_u: f64,
    /// Carbohydrate announced in this step.
    pub carbs_g: f64,
}

/// What happened, the starting moment first.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Minutes in a step.
    pub step_min: u32,
    /// Step after step.
    pub steps: Vec<Step>,
}

/// Shares of time, in percent, by true glucose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Ranges {
    /// From 70 to 180 mg/dL.
    pub in_range: f64,
    /// Under 70 mg/dL.
    pub under_70: f64,
    /// Under 54 mg/dL.
    pub under_54: f64,
    /// Over 180 mg/dL.
    pub over_180: f64,
}

impl Trace {
    /// What a person's devices would have recorded of it.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        let record =
            |step: &Step| Record { carbs_g: step.carbs_g, insulin_u: step.insulin_u, cgm_mg_dl: Some(step.cgm_mg_dl) };
        self.steps.iter().skip(1).map(record).collect()
    }

    /// The shares of time in the ranges of the international consensus (Battelino et al., Diabetes Care 42, 2019).
    #[must_use]
    pub fn ranges(&self) -> Ranges {
        let share = |within: fn(f64) -> bool| {
            let hits = self.steps.iter().filter(|step| within(step.glucose_mg_dl)).count();
            100.0 * hits as f64 / self.steps.len().max(1) as f64
        };
        Ranges {
            in_range: share(|g| (70.0..=180.0).contains(&g)),
            under_70: share(|g| g < 70.0),
            under_54: share(|g| g < 54.0),
            over_180: share(|g| g > 180.0),
        }
    }
}
