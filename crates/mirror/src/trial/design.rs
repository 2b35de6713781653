//! A randomised trial with one person: laid out beforehand, read afterwards.

use super::inference::{Effect, PAIRS_NEEDED, paired};
use crate::body::Refusal;
use crate::glucose::Mersenne;
use serde::{Deserialize, Serialize};

/// A trial. In each block every arm has one period; the first days of a period are not counted, so that what the arm
/// before did can wear off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// What is compared; the first is what the others are compared with.
    pub arms: Vec<String>,
    /// How many times every arm has its turn.
    pub blocks: u32,
    /// Days in a period.
    pub days_per_period: u32,
    /// Of these, how many at the beginning are not counted.
    #[serde(default)]
    pub washout_days: u32,
    /// Decides the lots.
    pub seed: u32,
}

/// Some days under one arm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// Which block, from 0.
    pub block: u32,
    /// Which arm, by its place in the protocol.
    pub arm: usize,
    /// First day, counted from 0.
    pub first_day: u32,
    /// First day that counts.
    pub first_counted_day: u32,
    /// The day after the last.
    pub end_day: u32,
}

/// One arm against the first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contrast {
    /// The arm.
    pub arm: String,
    /// What it was compared with.
    pub against: String,
    /// By how much the outcome was higher under it.
    #[serde(flatten)]
    pub effect: Effect,
}

impl Protocol {
    /// The periods in order of time.
    pub fn schedule(&self) -> Result<Vec<Period>, Refusal> {
        let arms = self.arms.len();
        if !(2..=8).contains(&arms) {
            return Err(Refusal::senseless("the protocol", format!("it has {arms} arms, and a trial has 2 to 8")));
        }
        if self.arms.iter().enumerate().any(|(i, arm)| self.arms[..i].contains(arm)) {
            return Err(Refusal::senseless("the protocol", "two arms have one name"));
        }
        if (self.blocks as usize) < PAIRS_NEEDED {
            return Err(Refusal::TooFew { what: "blocks", have: self.blocks as usize, need: PAIRS_NEEDED });
        }
        if self.washout_days >= self.days_per_period {
            return Err(Refusal::senseless("the protocol", "no day of a period counts"));
        }
        let days = u64::from(self.blocks) * u64::from(self.days_per_period) * arms as u64;
        if days > 20_000 {
            return Err(Refusal::senseless("the protocol", format!("it lasts {days} days, more than 50 years")));
        }
        let mut random = Mersenne::new(self.seed);
        let mut periods = Vec::new();
        let mut day = 0;
        for block in 0..self.blocks {
            let mut order: Vec<usize> = (0..arms).collect();
            random.shuffle(&mut order);
            for arm in order {
                let end_day = day + self.days_per_period;
                periods.push(Period {
                    block,
                    arm,
                    first_day: day,
                    first_counted_day: day + self.washout_days,
                    end_day,
                });
                day = end_day;
            }
        }
        Ok(periods)
    }

    /// Reads the trial: `outcomes` by day, from the trial's first; None where nothing was measured. A block counts for
    /// an arm when both that arm and the first have an outcome in it.
    pub fn result(&self, outcomes: &[Option<f64>]) -> Result<Vec<Contrast>, Refusal> {
        let schedule = self.schedule()?;
        if let Some(outcome) = outcomes.iter().flatten().find(|outcome| !outcome.is_finite()) {
            return Err(Refusal::senseless("an outcome", format!("{outcome}")));
        }
        let mean = |block: u32, arm: usize| {
            let period = schedule.iter().find(|period| period.block == block && period.arm == arm)?;
            let days = period.first_counted_day..period.end_day;
            let seen: Vec<f64> = days.filter_map(|day| outcomes.get(day as usize).copied().flatten()).collect();
            (!seen.is_empty()).then(|| seen.iter().sum::<f64>() / seen.len() as f64)
        };
        (1..self.arms.len())
            .map(|arm| {
                let differences: Vec<f64> =
                    (0..self.blocks).filter_map(|block| Some(mean(block, arm)? - mean(block, 0)?)).collect();
                Ok(Contrast {
                    arm: self.arms[arm].clone(),
                    against: self.arms[0].clone(),
                    effect: paired(&differences, self.seed)?,
                })
            })
            .collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn protocol() -> Protocol {
        Protocol {
            arms: vec!["as usual".into(), "an hour more sleep".into(), "no coffee".into()],
            blocks: 10,
            days_per_period: 4,
            washout_days: 1,
            seed: 5,
        }
    }

    #[test]
    fn every_arm_has_its_turn_in_every_block_and_lots_differ() {
        let schedule = protocol().schedule().unwrap();
        assert_eq!(schedule.len(), 30);
        assert_eq!(schedule.last().unwrap().end_day, 120);
        for block in 0..10 {
            let mut arms: Vec<_> = schedule.iter().filter(|p| p.block == block).map(|p| p.arm).collect();
            arms.sort_unstable();
            assert_eq!(arms, [0, 1, 2]);
        }
        assert!((1..10).any(|block| schedule[block * 3].arm != schedule[0].arm));
        assert_ne!(Protocol { seed: 6, ..protocol() }.schedule().unwrap(), schedule);
    }

    /// A slow drift and a carry-over of one day, which the washout takes out, hide no effect and feign none.
    #[test]
    fn a_planted_effect_is_found_and_its_absence_too() {
        let protocol = protocol();
        let mut random = Mersenne::new(1);
        let mut outcomes = vec![None; 120];
        for period in protocol.schedule().unwrap() {
            for day in period.first_day..period.end_day {
                let carried = if day == period.first_day { 9.0 } else { 0.0 };
                let effect = if period.arm == 1 { 3.0 } else { 0.0 };
                outcomes[day as usize] = Some(50.0 + 0.1 * f64::from(day) + effect + carried + random.normal());
            }
        }
        outcomes[17] = None;
        let result = protocol.result(&outcomes).unwrap();
        let (sleep, coffee) = (&result[0].effect, &result[1].effect);
        assert!(sleep.p < 0.01 && sleep.interval_95[0] > 1.5 && sleep.interval_95[1] < 4.5, "{sleep:?}");
        assert!(coffee.p > 0.05 && coffee.interval_95[0] < 0.0 && coffee.interval_95[1] > 0.0, "{coffee:?}");
    }

    #[test]
    fn a_trial_that_can_tell_nothing_is_refused() {
        let refused = |protocol: Protocol| protocol.schedule().unwrap_err();
        assert!(matches!(refused(Protocol { blocks: 5, ..protocol() }), Refusal::TooFew { .. }));
        assert!(matches!(refused(Protocol { washout_days: 4, ..protocol() }), Refusal::Senseless { .. }));
        assert!(matches!(refused(Protocol { arms: vec!["a".into()], ..protocol() }), Refusal::Senseless { .. }));
        assert!(matches!(refused(Protocol { arms: vec!["a".into(); 2], ..protocol() }), Refusal::Senseless { .. }));
        assert!(matches!(refused(Protocol { blocks: u32::MAX, ..protocol() }), Refusal::Senseless { .. }));
        assert!(matches!(protocol().result(&[]), Err(Refusal::TooFew { .. })));
        assert!(matches!(protocol().result(&[Some(f64::NAN); 120]), Err(Refusal::Senseless { .. })));
    }
}
