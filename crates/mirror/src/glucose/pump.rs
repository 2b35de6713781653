//! Insulin pumps: what is asked for is rounded to the pump's steps and held within its limits.

use super::patient::Row;
use crate::body::Refusal;

const PUMPS: &str = include_str!("../../data/glucose/pump_params.csv");
const PMOL_PER_U: f64 = 6000.0;

/// A pump. `simglucose` rounds in pmol/min (a step of 0.05 pmol/min, that is) and limits in U/min; so does this.
#[derive(Clone, Debug, PartialEq)]
pub struct Pump {
    bolus: Channel,
    basal: Channel,
}

/// Limits in U/min, steps in pmol/min.
#[derive(Clone, Debug, PartialEq)]
struct Channel {
    min: f64,
    max: f64,
    step_pmol: f64,
}

impl Pump {
    /// Looks a pump up: `Cozmo` or `Insulet`.
    pub fn named(name: &str) -> Result<Self, Refusal> {
        let row = Row::find(PUMPS, name)?;
        let channel = |kind: &str| {
            Ok(Channel {
                min: row.get(&format!("min_{kind}"))?,
                max: row.get(&format!("max_{kind}"))?,
                step_pmol: row.get(&format!("inc_{kind}"))?,
            })
        };
        Ok(Pump { bolus: channel("bolus")?, basal: channel("basal")? })
    }

    /// What flows, in U/min, when these rates are asked for.
    #[must_use]
    pub fn deliver(&self, basal_u_per_min: f64, bolus_u_per_min: f64) -> f64 {
        self.basal.deliver(basal_u_per_min) + self.bolus.deliver(bolus_u_per_min)
    }
}

impl Channel {
    fn deliver(&self, asked_u_per_min: f64) -> f64 {
        let step = self.step_pmol;
        let rounded = (asked_u_per_min * PMOL_PER_U / step).round_ties_even() * step / PMOL_PER_U;
        // `max` and `min` give the limit for what is not a number.
        rounded.min(self.max).max(self.min)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn asked_is_rounded_and_held_within_limits() {
        let pump = Pump::named("Insulet").unwrap();
        assert_eq!(pump.deliver(-1.0, -1.0), 0.0);
        assert_eq!(pump.deliver(100.0, 100.0), 60.0);
        assert!((pump.deliver(0.02, 0.0) - 0.02).abs() <= 0.025 / PMOL_PER_U);
        assert_eq!(pump.deliver(0.024 / PMOL_PER_U, 0.0), 0.0);
        assert!(Pump::named("tap").is_err());
    }
}
