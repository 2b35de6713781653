//! Our policy: a planner on the person's fitted body.
//!
//! It carries a copy of the body along: what was given and announced moves it, each reading of the sensor pulls it a
//! little. Every quarter of an hour, and at once when a meal is announced, it tries doses on that copy (a bolus now,
//! and how much of the basal rate to give for the next two hours), looks ten hours ahead, and takes the dose whose
//! future costs least; the next plan makes the rest good (receding horizon). A low costs more than a high, and both
//! cost from well within the range on, because neither the body nor the sensor is exact.
//!
//! It knows what `BasalBolus` knows (therapy, readings, announced meals), and a body that was fitted to earlier
//! readings of the same person by [`crate::glucose::Population::fit`]. It never sees the person's state or true
//! parameters.

use super::{Controller, Dose, Seen};
use crate::body::Body;
use crate::glucose::{Minute, Patient, PatientState};

/// What the planner aims at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aims {
    /// Below this a future begins to cost, steeply.
    pub low_mg_dl: f64,
    /// Above this a future begins to cost.
    pub high_mg_dl: f64,
    /// How many times more a mg/dL costs below than above.
    pub low_weight: f64,
    /// Which share of a reading's surprise the copy takes over, each minute.
    pub trust_per_min: f64,
}

impl Default for Aims {
    fn default() -> Self {
        Aims { low_mg_dl: 100.0, high_mg_dl: 140.0, low_weight: 3.0, trust_per_min: 0.007 }
    }
}

const AHEAD_MIN: u32 = 600;
const STRIDE_MIN: u32 = 2;
const BASAL_FOR_MIN: u32 = 120;
const PLAN_EVERY_MIN: f64 = 15.0;
const MAX_BOLUS_U: f64 = 25.0;
const MAX_BASAL_FACTOR: f64 = 3.0;

/// Plans on a copy of the person.
#[derive(Clone, Debug)]
pub struct Planner {
    body: Patient,
    aims: Aims,
    state: PatientState,
    flowing_u_per_min: f64,
    basal_factor: f64,
    since_plan_min: f64,
    started: bool,
}

impl Planner {
    /// Plans on this body.
    #[must_use]
    pub fn new(body: Patient, aims: Aims) -> Self {
        let state = body.state();
        let flowing_u_per_min = body.basal_u_per_min();
        let since_plan_min = PLAN_EVERY_MIN;
        Planner { body, aims, state, flowing_u_per_min, basal_factor: 1.0, since_plan_min, started: false }
    }

    /// Moves the copy to now, and pulls it towards the reading.
    fn follow(&mut self, seen: &Seen) {
        let minutes = (seen.step_min as u32).clamp(1, 60);
        let mut expected = 0.0;
        for minute in 0..minutes {
            let carbs_g = if minute == 0 { seen.carbs_g } else { 0.0 };
            let input = Minute::new(carbs_g, self.flowing_u_per_min).unwrap_or_default();
            self.body.step(&mut self.state, &input);
            expected += self.body.observe(&self.state) / f64::from(minutes);
        }
        let surprise = seen.cgm_mg_dl - expected;
        if surprise.is_finite() {
            let plasma = self.state.x[3].max(1.0);
            let pull = (self.aims.trust_per_min * f64::from(minutes) * surprise * self.body.vg).max(-0.5 * plasma);
            let factor = (plasma + pull) / plasma;
            for i in [3, 4, 12] {
                self.state.x[i] *= factor;
            }
        }
    }

    /// What the future costs after a bolus now and this much of the basal rate.
    fn cost(&self, bolus_u: f64, basal_factor: f64, step_min: u32) -> f64 {
        let basal = self.body.basal_u_per_min();
        let bolus_min = step_min.next_multiple_of(STRIDE_MIN);
        let with_bolus = Minute::new(0.0, basal_factor * basal + bolus_u / f64::from(bolus_min)).unwrap_or_default();
        let at_first = Minute::new(0.0, basal_factor * basal).unwrap_or_default();
        let later = Minute::new(0.0, basal).unwrap_or_default();
        let mut state = self.state.clone();
        let mut cost = 0.0;
        for minute in (0..AHEAD_MIN).step_by(STRIDE_MIN as usize) {
            let input = match minute {
                m if m < bolus_min => &with_bolus,
                m if m < BASAL_FOR_MIN => &at_first,
                _ => &later,
            };
            self.body.stride(&mut state, input);
            let glucose = self.body.observe(&state);
            let (low, high) = (self.aims.low_mg_dl - glucose, glucose - self.aims.high_mg_dl);
            if low > 0.0 {
                cost += self.aims.low_weight * low * low;
            } else if high > 0.0 {
                cost += high * high;
            }
            let off = glucose - 0.5 * (self.aims.low_mg_dl + self.aims.high_mg_dl);
            cost += 0.01 * off * off;
        }
        cost
    }

    /// Searches for the cheapest bolus and basal factor, along one and then the other, in ever smaller steps.
    fn plan(&self, guess_u: f64, step_min: u32) -> (f64, f64) {
        let (mut at, mut stride) = ((guess_u, self.basal_factor), ((0.3 * guess_u).max(0.2), 0.6));
        let mut best = self.cost(at.0, at.1, step_min);
        for _ in 0..6 {
            let mut moved = false;
            for (bolus, factor) in [(stride.0, 0.0), (-stride.0, 0.0), (0.0, stride.1), (0.0, -stride.1)] {
                let next = ((at.0 + bolus).clamp(0.0, MAX_BOLUS_U), (at.1 + factor).clamp(0.0, MAX_BASAL_FACTOR));
                if next != at {
                    let cost = self.cost(next.0, next.1, step_min);
                    if cost < best {
                        (at, best, moved) = (next, cost, true);
                    }
                }
            }
            if !moved {
                stride = (stride.0 * 0.4, stride.1 * 0.4);
            }
        }
        at
    }
}

impl Controller for Planner {
    fn dose(&mut self, seen: &Seen) -> Dose {
        if self.started {
            self.follow(seen);
        }
        self.started = true;
        let step_min = (seen.step_min as u32).clamp(1, 60);
        let basal = self.body.basal_u_per_min();
        let mut bolus_u = 0.0;
        self.since_plan_min += f64::from(step_min);
        if seen.carbs_g > 0.0 || self.since_plan_min >= PLAN_EVERY_MIN {
            self.since_plan_min = 0.0;
            (bolus_u, self.basal_factor) = self.plan(seen.carbs_g / self.body.therapy.carb_ratio_g_per_u, step_min);
        }
        let dose = Dose { basal_u_per_min: self.basal_factor * basal, bolus_u_per_min: bolus_u / f64::from(step_min) };
        self.flowing_u_per_min = dose.basal_u_per_min + dose.bolus_u_per_min;
        dose
    }
}
