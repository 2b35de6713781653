//! Cohorts in silico: so many virtual people × arms × days, from a protocol. Every person gets every arm on the very
//! same days (meals, sensor errors), so that a difference is the arm's.

use super::inference::{Effect, paired};
use crate::body::Refusal;
use crate::glucose::{Mersenne, Patient, Population};
use crate::policy::{Aims, BasalBolus, Pid, Planner, Ranges, Scenario, Trace};
use serde::{Deserialize, Serialize};

/// A trial of treatments on virtual people with type-1 diabetes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cohort {
    /// How many people. They are drawn around the published ones of the group.
    pub people: u32,
    /// Whom they resemble: `adult`, `adolescent` or `child`.
    pub group: String,
    /// Days under each arm.
    pub days: u32,
    /// Decides who they are and what they eat.
    pub seed: u32,
    /// The treatments; the first is what the others are compared with.
    pub arms: Vec<Arm>,
}

/// A treatment with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// What it is called in the results.
    pub name: String,
    /// What is done.
    pub treatment: Treatment,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Treatment {
    /// Basal–bolus, with doses multiplied.
    BasalBolus {
        /// Of the basal rate.
        #[serde(default = "unchanged")]
        basal_factor: f64,
        /// Of the meals' boluses.
        #[serde(default = "unchanged")]
        bolus_factor: f64,
    },
    /// `simglucose`'s PID controller.
    Pid,
    /// The planner, on a body fitted to so many days under basal–bolus.
    Planner {
        /// How many days it learns from.
        learn_days: u32,
    },
}

fn unchanged() -> f64 {
    1.0
}

/// How one person fared under one arm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PersonArm {
    /// The person's number, from 0.
    pub person: u32,
    /// The arm's place in the protocol.
    pub arm: usize,
    /// Percent of time in the ranges.
    pub ranges: Ranges,
    /// Mean units of insulin a day.
    pub insulin_u_per_day: f64,
}

/// How an arm fared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArmResult {
    /// Its name.
    pub name: String,
    /// Mean over people of the percent of time in the ranges.
    pub mean: Ranges,
    /// Mean units of insulin a day.
    pub insulin_u_per_day: f64,
    /// Percent of time in range, against the first arm; None for the first.
    pub in_range_gained: Option<Effect>,
    /// Percent of time under 70 mg/dL, against the first arm.
    pub under_70_gained: Option<Effect>,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CohortResult {
    /// Arm by arm.
    pub arms: Vec<ArmResult>,
    /// Person by person.
    pub people: Vec<PersonArm>,
}

impl Cohort {
    /// Runs the trial; `told` hears after each person how many are done, and ends it by answering false.
    pub fn run(&self, mut told: impl FnMut(u32) -> bool) -> Result<CohortResult, Refusal> {
        self.check()?;
        let group: Vec<Patient> = Patient::names()
            .filter(|name| name.split('#').next() == Some(self.group.as_str()))
            .map(Patient::named)
            .collect::<Result<_, _>>()?;
        let population = Population::of(&group).map_err(|_| {
            Refusal::senseless("the group", format!("`{}` is none of adult, adolescent, child", self.group))
        })?;
        let mut random = Mersenne::new(self.seed);
        let mut people = Vec::new();
        for person in 0..self.people {
            let patient = population.draw(&mut random)?;
            let seed = self.seed.wrapping_mul(10_007).wrapping_add(person);
            for (arm, Arm { treatment, .. }) in self.arms.iter().enumerate() {
                let trace = treatment.play(&patient, &population, seed, self.days)?;
                let insulin_u: f64 = trace.steps.iter().map(|step| step.insulin_u).sum();
                people.push(PersonArm {
                    person,
                    arm,
                    ranges: trace.ranges(),
                    insulin_u_per_day: insulin_u / f64::from(self.days),
                });
            }
            if !told(person + 1) {
                return Err(Refusal::undetermined("the trial", format!("it was stopped after {} people", person + 1)));
            }
        }
        let arms = (0..self.arms.len()).map(|arm| self.read(arm, &people)).collect::<Result<_, _>>()?;
        Ok(CohortResult { arms, people })
    }

    fn check(&self) -> Result<(), Refusal> {
        if self.arms.is_empty() || self.arms.len() > 16 {
            return Err(Refusal::senseless("the protocol", format!("it has {} arms, not 1 to 16", self.arms.len())));
        }
        let patient_days = (u64::from(self.people) * u64::from(self.days)).saturating_mul(self.arms.len() as u64);
        if patient_days == 0 || patient_days > 10_000_000 || self.days > 3650 {
            return Err(Refusal::senseless(
                "the protocol",
                format!("{patient_days} patient-days; it may be 1 to 10,000,000, of 10 years at most each"),
            ));
        }
        for arm in &self.arms {
            match arm.treatment {
                Treatment::BasalBolus { basal_factor, bolus_factor }
                    if !(0.0..=5.0).contains(&basal_factor) || !(0.0..=5.0).contains(&bolus_factor) =>
                {
                    return Err(Refusal::senseless("an arm", format!("the factors of `{}` are not 0 to 5", arm.name)));
                }
                Treatment::Planner { learn_days } if !(2..=60).contains(&learn_days) => {
                    return Err(Refusal::senseless(
                        "an arm",
                        format!("`{}` learns from {learn_days} days, not 2 to 60", arm.name),
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn read(&self, arm: usize, people: &[PersonArm]) -> Result<ArmResult, Refusal> {
        let of = |arm: usize| people.iter().filter(move |row| row.arm == arm);
        let mean = |figure: fn(&PersonArm) -> f64| of(arm).map(figure).sum::<f64>() / of(arm).count().max(1) as f64;
        let gained = |figure: fn(&PersonArm) -> f64| {
            // Too few people to compare is no reason to keep what they showed.
            let differences: Vec<f64> = of(arm).zip(of(0)).map(|(a, b)| figure(a) - figure(b)).collect();
            match paired(&differences, self.seed) {
                Err(Refusal::TooFew { .. }) => Ok(None),
                _ if arm == 0 => Ok(None),
                read => read.map(Some),
            }
        };
        Ok(ArmResult {
            name: self.arms[arm].name.clone(),
            mean: Ranges {
                in_range: mean(|row| row.ranges.in_range),
                under_70: mean(|row| row.ranges.under_70),
                under_54: mean(|row| row.ranges.under_54),
                over_180: mean(|row| row.ranges.over_180),
            },
            insulin_u_per_day: mean(|row| row.insulin_u_per_day),
            in_range_gained: gained(|row| row.ranges.in_range)?,
            under_70_gained: gained(|row| row.ranges.under_70)?,
        })
    }
}

impl Treatment {
    fn play(self, patient: &Patient, population: &Population, seed: u32, days: u32) -> Result<Trace, Refusal> {
        let scenario = Scenario::random(seed, days)?;
        match self {
            Treatment::BasalBolus { basal_factor, bolus_factor } => {
                let mut therapy = patient.therapy.clone();
                therapy.basal_u_per_min *= basal_factor;
                therapy.carb_ratio_g_per_u /= bolus_factor.max(1e-9);
                scenario.play(patient, &mut BasalBolus::new(therapy))
            }
            Treatment::Pid => scenario.play(patient, &mut Pid::of_the_example()),
            Treatment::Planner { learn_days } => {
                let before = Scenario::random(seed ^ 0x5555_5555, learn_days)?;
                let lived = before.play(patient, &mut BasalBolus::new(patient.therapy.clone()))?;
                let body = population.fit(&patient.therapy, lived.step_min, &lived.records())?;
                scenario.play(patient, &mut Planner::new(body, Aims::default()))
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn cohort() -> Cohort {
        let arm = |name: &str, bolus_factor| Arm {
            name: name.into(),
            treatment: Treatment::BasalBolus { basal_factor: 1.0, bolus_factor },
        };
        Cohort {
            people: 8,
            group: "adult".into(),
            days: 1,
            seed: 2,
            arms: vec![arm("as prescribed", 1.0), arm("no bolus", 0.0), arm("as prescribed again", 1.0)],
        }
    }

    #[test]
    fn skipping_boluses_costs_time_in_range_and_the_same_arm_twice_differs_in_nothing() {
        let result = cohort().run(|_| true).unwrap();
        assert_eq!(result.people.len(), 24);
        let [usual, skipped, again] = &result.arms[..] else { panic!("{:?}", result.arms) };
        assert_eq!(usual.in_range_gained, None);
        let lost = skipped.in_range_gained.as_ref().unwrap();
        assert!(lost.interval_95[1] < -10.0 && lost.p < 0.05, "{lost:?}");
        assert_eq!(again.in_range_gained.as_ref().unwrap().effect, 0.0);
        assert!(usual.mean.in_range > 75.0, "{:?}", usual.mean);
        assert_eq!(cohort().run(|_| true).unwrap(), result);
    }

    #[test]
    fn refuses_protocols_that_make_no_sense_and_stops_when_told() {
        let refused = |cohort: Cohort| assert!(matches!(cohort.run(|_| true), Err(Refusal::Senseless { .. })));
        refused(Cohort { people: 0, ..cohort() });
        refused(Cohort { people: u32::MAX, days: u32::MAX, ..cohort() });
        refused(Cohort { group: "dog".into(), ..cohort() });
        refused(Cohort { arms: vec![], ..cohort() });
        let mut wild = cohort();
        wild.arms[1].treatment = Treatment::BasalBolus { basal_factor: f64::NAN, bolus_factor: 1.0 };
        refused(wild);
        assert!(matches!(cohort().run(|done| done < 2), Err(Refusal::Undetermined { .. })));
    }
}
