//! Bergman's minimal model: when data are few, five numbers instead of twenty-four.
//!
//! Glucose returns to its basal level by itself (`S_G`) and faster under insulin, whose action follows plasma insulin
//! with a delay (`p₂`, and `S_I`, insulin sensitivity; Bergman et al., Am. J. Physiol. 236, 1979). Meals and injected
//! insulin come in through two compartments each, as in Hovorka et al. (Physiol. Meas. 25, 2004), whose insulin
//! kinetics are taken over unfitted. The fit starts from what people are like and says how far the data have
//! narrowed insulin sensitivity down; where they have not, it refuses.

use super::equations::Minute;
use super::personal::{Record, Watched};
use crate::body::elementary::{exp, ln};
use crate::body::runge_kutta::runge_kutta;
use crate::body::{Body, Refusal, least_squares};

/// Minutes to the peak of absorption of injected insulin.
const INSULIN_PEAK_MIN: f64 = 55.0;
/// How fast insulin leaves plasma, per minute.
const INSULIN_LOSS_PER_MIN: f64 = 0.138;
/// Where insulin is diluted, in litres per kg.
const INSULIN_VOLUME_L_PER_KG: f64 = 0.12;
const DAYS_NEEDED: usize = 1;

/// What people are like: mean and spread of the fitted numbers' logarithms.
const TYPICAL: [(f64, f64); 6] = [
    (0.014, 0.5),   // S_G, per min
    (0.025, 0.5),   // p₂, per min
    (0.000_5, 1.0), // S_I, per min per mU/L
    (130.0, 0.3),   // basal glucose, mg/dL
    (4.0, 0.5),     // rise per gram, mg/dL
    (45.0, 0.4),    // peak of a meal's absorption, min
];
const SENSITIVITY: usize = 2;

/// A person by five numbers, and what is known of their treatment.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimal {
    /// `S_G`: how fast glucose returns to its basal level by itself, per minute.
    pub effectiveness_per_min: f64,
    /// `p₂`: how fast insulin's action follows insulin, per minute.
    pub action_per_min: f64,
    /// `S_I`: how much one mU/L of insulin adds to the return, per minute.
    pub sensitivity_per_min_per_mu_l: f64,
    /// Where glucose rests under the basal rate.
    pub basal_mg_dl: f64,
    /// How far a gram of carbohydrate would raise glucose if nothing took it away.
    pub rise_mg_dl_per_g: f64,
    /// Minutes to the peak of a meal's absorption.
    pub meal_peak_min: f64,
    /// The basal rate.
    pub basal_u_per_min: f64,
    /// Body weight.
    pub weight_kg: f64,
}

/// All that changes: glucose, insulin's action, insulin in plasma beyond basal, meal and injected insulin on their way.
#[derive(Clone, Debug, PartialEq)]
pub struct MinimalState([f64; 7]);

impl Minimal {
    /// Pulls the state so that glucose comes nearer to a reading by this share of what is missing.
    pub(crate) fn pull(&self, state: &mut MinimalState, reading_mg_dl: f64, share: f64) {
        let now = self.observe(state);
        state.0[0] = (now + share * (reading_mg_dl - now)).max(1.0);
    }
}

impl Body for Minimal {
    type State = MinimalState;
    type Input = Minute;
    /// Glucose in mg/dL.
    type Seen = f64;

    fn state(&self) -> MinimalState {
        MinimalState([self.basal_mg_dl, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    }

    fn step(&self, state: &mut MinimalState, minute: &Minute) {
        state.0[3] += minute.carbs_g();
        let beyond_basal = minute.insulin_u_per_min() - self.basal_u_per_min;
        let (meal, skin) = (1.0 / self.meal_peak_min, 1.0 / INSULIN_PEAK_MIN);
        let mu_l_per_u = 1000.0 / (INSULIN_VOLUME_L_PER_KG * self.weight_kg);
        state.0 = runge_kutta(&state.0, 1.0, |[glucose, action, insulin, meal_1, meal_2, skin_1, skin_2]| {
            [
                self.effectiveness_per_min * (self.basal_mg_dl - glucose) - action * glucose
                    + self.rise_mg_dl_per_g * meal * meal_2,
                self.action_per_min * (self.sensitivity_per_min_per_mu_l * insulin - action),
                mu_l_per_u * skin * skin_2 - INSULIN_LOSS_PER_MIN * insulin,
                -meal * meal_1,
                meal * (meal_1 - meal_2),
                beyond_basal - skin * skin_1,
                skin * (skin_1 - skin_2),
            ]
        });
        state.0[0] = state.0[0].max(0.0);
    }

    fn observe(&self, state: &MinimalState) -> f64 {
        state.0[0]
    }
}

/// A person fitted by five numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct MinimalFit {
    /// The person.
    pub person: Minimal,
    /// A 90 % interval of insulin sensitivity.
    pub sensitivity_90: [f64; 2],
    /// Root mean square distance of model and readings.
    pub off_mg_dl: f64,
}

impl Minimal {
    /// Fits the person whose devices recorded this, in steps of `step_min`.
    pub fn fit(basal_u_per_min: f64, weight_kg: f64, step_min: u32, records: &[Record]) -> Result<MinimalFit, Refusal> {
        if !(5.0..=400.0).contains(&weight_kg) {
            return Err(Refusal::senseless("the weight", format!("{weight_kg} kg is not within 5 and 400 kg")));
        }
        if !(0.0..=1.0).contains(&basal_u_per_min) {
            return Err(Refusal::senseless("the basal rate", format!("{basal_u_per_min} U/min")));
        }
        let watched = Watched::new(step_min, records, DAYS_NEEDED)?;
        let meals = records.iter().filter(|record| record.carbs_g > 0.0).count();
        if meals < 3 {
            return Err(Refusal::TooFew { what: "meals with their carbohydrate", have: meals, need: 3 });
        }
        let person = |theta: &[f64]| Minimal {
            effectiveness_per_min: exp(theta[0]),
            action_per_min: exp(theta[1]),
            sensitivity_per_min_per_mu_l: exp(theta[SENSITIVITY]),
            basal_mg_dl: exp(theta[3]),
            rise_mg_dl_per_g: exp(theta[4]),
            meal_peak_min: exp(theta[5]),
            basal_u_per_min,
            weight_kg,
        };
        let start = TYPICAL.map(|(mean, _)| ln(mean));
        let found = least_squares::fit(&start, 60, |theta| {
            if theta.iter().zip(start).any(|(x, mean)| (x - mean).abs() > 4.0) {
                return None;
            }
            let mut residuals = watched.residuals(&person(theta));
            residuals.extend(theta.iter().zip(start).zip(TYPICAL).map(|((x, mean), (_, sd))| (x - mean) / sd));
            Some(residuals)
        });
        let found = found.ok_or_else(|| Refusal::undetermined("the body", "no parameters explain the readings"))?;
        let spread = found.spread.as_ref().map_or(f64::INFINITY, |spread| spread[SENSITIVITY][SENSITIVITY].sqrt());
        if spread > 0.5 * TYPICAL[SENSITIVITY].1 {
            return Err(Refusal::undetermined(
                "insulin sensitivity",
                "insulin varied too little; days with different doses for like meals would tell",
            ));
        }
        let sensitivity = found.parameters[SENSITIVITY];
        let person = person(&found.parameters);
        Ok(MinimalFit {
            sensitivity_90: [-1.645, 1.645].map(|z| exp(sensitivity + z * spread)),
            off_mg_dl: watched.off_mg_dl(&person),
            person,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::glucose::{Mersenne, random_meals};

    fn anna() -> Minimal {
        Minimal {
            effectiveness_per_min: 0.011,
            action_per_min: 0.018,
            sensitivity_per_min_per_mu_l: 0.000_9,
            basal_mg_dl: 118.0,
            rise_mg_dl_per_g: 3.2,
            meal_peak_min: 60.0,
            basal_u_per_min: 0.016,
            weight_kg: 64.0,
        }
    }

    /// Days of the person with boluses that miss by up to 30 % and readings that miss by some 8 mg/dL.
    fn lived(person: &Minimal, days: u32, seed: u32, dose: f64) -> Vec<Record> {
        let mut random = Mersenne::new(seed);
        let mut state = person.state();
        let meals = random_meals(seed, 0, days * 1440);
        (0..days * 288)
            .map(|step| {
                let mut carbs_g = 0.0;
                let mut insulin_u = person.basal_u_per_min * 5.0;
                for meal in meals.iter().filter(|meal| meal.minute / 5 == step) {
                    carbs_g += meal.carbs_g;
                    insulin_u += dose * meal.carbs_g / 9.0 * (0.7 + 0.6 * random.uniform());
                }
                person.step(&mut state, &Minute::new(carbs_g, insulin_u / 5.0).unwrap());
                for _ in 1..5 {
                    person.step(&mut state, &Minute::new(0.0, insulin_u / 5.0).unwrap());
                }
                let cgm = person.observe(&state) + 8.0 * random.normal();
                Record { carbs_g, insulin_u, cgm_mg_dl: Some(cgm.max(40.0)) }
            })
            .collect()
    }

    #[test]
    fn planted_insulin_sensitivity_is_found() {
        let anna = anna();
        let fit = Minimal::fit(anna.basal_u_per_min, anna.weight_kg, 5, &lived(&anna, 5, 1, 1.0)).unwrap();
        let (found, planted) = (fit.person.sensitivity_per_min_per_mu_l, anna.sensitivity_per_min_per_mu_l);
        assert!((found / planted - 1.0).abs() < 0.25, "{fit:?}");
        assert!(fit.sensitivity_90[0] < planted && planted < fit.sensitivity_90[1], "{fit:?}");
        assert!((fit.person.basal_mg_dl - 118.0).abs() < 6.0 && fit.off_mg_dl < 10.0, "{fit:?}");
    }

    #[test]
    fn refuses_what_tells_nothing() {
        let anna = anna();
        let fit = |records: &[Record]| Minimal::fit(anna.basal_u_per_min, anna.weight_kg, 5, records);
        assert!(matches!(fit(&lived(&anna, 5, 1, 1.0)[..100]), Err(Refusal::TooFew { .. })));
        let no_insulin = lived(&anna, 5, 1, 0.0);
        assert!(matches!(fit(&no_insulin), Err(Refusal::Undetermined { what: "insulin sensitivity", .. })));
        let unmarked: Vec<_> = lived(&anna, 5, 1, 1.0).iter().map(|r| Record { carbs_g: 0.0, ..*r }).collect();
        assert!(matches!(fit(&unmarked), Err(Refusal::TooFew { what: "meals with their carbohydrate", .. })));
        let mmol: Vec<_> =
            lived(&anna, 5, 1, 1.0).iter().map(|r| Record { cgm_mg_dl: r.cgm_mg_dl.map(|g| g / 18.0), ..*r }).collect();
        assert!(matches!(fit(&mmol), Err(Refusal::Senseless { .. })));
        assert!(Minimal::fit(f64::NAN, 64.0, 5, &[]).is_err() && Minimal::fit(0.01, f64::NAN, 5, &[]).is_err());
    }
}
