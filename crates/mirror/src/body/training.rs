//! Fitness and fatigue: what training does to performance (Banister et al. 1975; Morton, Fitz-Clarke and Banister,
//! J. Appl. Physiol. 69, 1990).
//!
//! Each day's load adds to two stores that leak: fitness, slowly, and fatigue, fast. Performance is a base, plus
//! fitness, minus fatigue. With more than a handful of tests the five numbers can be fitted; whether they tell more
//! than the mean of the tests is checked, and if not, the fit is refused.

use super::elementary::{exp, ln};
use super::{Body, Refusal, least_squares};

const TESTS_NEEDED: usize = 10;
const DAYS_NEEDED: usize = 28;

/// How a person answers to training.
#[derive(Clone, Debug, PartialEq)]
pub struct Athlete {
    /// Performance untrained, in the tests' unit.
    pub base: f64,
    /// Performance per unit of load that fitness adds.
    pub fitness_gain: f64,
    /// Performance per unit of load that fatigue takes.
    pub fatigue_gain: f64,
    /// Days in which fitness falls to 1/e.
    pub fitness_days: f64,
    /// Days in which fatigue falls to 1/e.
    pub fatigue_days: f64,
}

/// The two stores, in units of load.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stores {
    /// Fitness.
    pub fitness: f64,
    /// Fatigue.
    pub fatigue: f64,
}

impl Body for Athlete {
    type State = Stores;
    /// A day's load.
    type Input = f64;
    /// Performance.
    type Seen = f64;

    fn state(&self) -> Stores {
        Stores::default()
    }

    fn step(&self, state: &mut Stores, load: &f64) {
        // A day that says nothing is a day of rest.
        let load = if load.is_finite() { load.max(0.0) } else { 0.0 };
        state.fitness = state.fitness * exp(-1.0 / self.fitness_days) + load;
        state.fatigue = state.fatigue * exp(-1.0 / self.fatigue_days) + load;
    }

    fn observe(&self, state: &Stores) -> f64 {
        self.base + self.fitness_gain * state.fitness - self.fatigue_gain * state.fatigue
    }
}

/// A test of performance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// After which day's training, counted from 0.
    pub day: usize,
    /// What was reached.
    pub performance: f64,
}

/// An athlete, and how well the tests are told.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingFit {
    /// The athlete.
    pub athlete: Athlete,
    /// Root mean square distance of model and tests.
    pub off: f64,
    /// Share of the tests' variance that the model tells.
    pub explained: f64,
    /// Where the stores are after the last day.
    pub now: Stores,
}

impl Athlete {
    /// Fits an athlete to daily loads and tests.
    pub fn fit(loads: &[f64], tests: &[Test]) -> Result<TrainingFit, Refusal> {
        let spread = check(loads, tests)?;
        let n = tests.len() as f64;
        let mean = tests.iter().map(|test| test.performance).sum::<f64>() / n;
        let load = loads.iter().sum::<f64>() / loads.len() as f64;
        let athlete = |x: &[f64]| Athlete {
            base: x[0],
            fitness_gain: exp(x[1]),
            fatigue_gain: exp(x[2]),
            fitness_days: exp(x[3]),
            fatigue_days: exp(x[4]),
        };
        // Typical time constants, each with a wide prior; gains such that both stores matter.
        let (fitness_days, fatigue_days) = (42.0, 7.0);
        let mut best: Option<least_squares::Fitted> = None;
        for share in [0.3, 1.0, 3.0] {
            let gain = |days: f64| ln((share * spread / (load * days)).max(1e-12));
            let start = [mean, gain(fitness_days), gain(fatigue_days), ln(fitness_days), ln(fatigue_days)];
            let found = least_squares::fit(&start, 200, |x| {
                let sensible = x[3] < ln(200.0) && x[4] > ln(0.5) && x[4] < x[3] && x[1].max(x[2]).abs() < 60.0;
                sensible.then(|| {
                    let told = tell(&athlete(x), loads, tests);
                    let noise = 0.3 * spread;
                    let mut residuals: Vec<f64> =
                        tests.iter().zip(told.0).map(|(test, told)| (told - test.performance) / noise).collect();
                    residuals.push((x[3] - start[3]) / 0.5);
                    residuals.push((x[4] - start[4]) / 0.5);
                    residuals
                })
            });
            if let Some(found) = found
                && best.as_ref().is_none_or(|best| found.squares < best.squares)
            {
                best = Some(found);
            }
        }
        let best = best.ok_or_else(|| Refusal::undetermined("the athlete", "no parameters explain the tests"))?;
        let athlete = athlete(&best.parameters);
        let (told, now) = tell(&athlete, loads, tests);
        let squares: f64 = tests.iter().zip(told).map(|(test, told)| (told - test.performance).powi(2)).sum();
        let plain = spread * spread * n;
        // Akaike's criterion, corrected for few tests, against the mean alone.
        let criterion = |squares: f64, k: f64| n * ln((squares / n).max(1e-300)) + 2.0 * k * n / (n - k - 1.0);
        if criterion(squares, 6.0) >= criterion(plain, 2.0) {
            return Err(Refusal::undetermined(
                "what training does",
                "the loads tell no more about the tests than the tests' mean does",
            ));
        }
        Ok(TrainingFit { athlete, off: (squares / n).sqrt(), explained: 1.0 - squares / plain, now })
    }
}

/// What the model says of each test, and where it ends.
fn tell(athlete: &Athlete, loads: &[f64], tests: &[Test]) -> (Vec<f64>, Stores) {
    let mut state = athlete.state();
    let curve: Vec<f64> = loads
        .iter()
        .map(|load| {
            athlete.step(&mut state, load);
            athlete.observe(&state)
        })
        .collect();
    (tests.iter().map(|test| curve[test.day]).collect(), state)
}

/// Refuses what no fit can come from; gives the tests' standard deviation.
fn check(loads: &[f64], tests: &[Test]) -> Result<f64, Refusal> {
    if loads.len() < DAYS_NEEDED {
        return Err(Refusal::TooFew { what: "days of training", have: loads.len(), need: DAYS_NEEDED });
    }
    if tests.len() < TESTS_NEEDED {
        return Err(Refusal::TooFew { what: "tests of performance", have: tests.len(), need: TESTS_NEEDED });
    }
    if let Some(load) = loads.iter().find(|load| !(0.0..=1e9).contains(*load)) {
        return Err(Refusal::senseless("a day's load", format!("{load}")));
    }
    if loads.iter().all(|load| *load == loads[0]) {
        return Err(Refusal::undetermined("what training does", "every day's load is the same"));
    }
    if let Some(test) = tests.iter().find(|test| test.day >= loads.len() || !test.performance.is_finite()) {
        return Err(Refusal::senseless("a test", format!("{} on day {}", test.performance, test.day)));
    }
    let n = tests.len() as f64;
    let mean = tests.iter().map(|test| test.performance).sum::<f64>() / n;
    let spread = (tests.iter().map(|test| (test.performance - mean).powi(2)).sum::<f64>() / n).sqrt();
    if spread <= 1e-9 * mean.abs() {
        return Err(Refusal::senseless("the tests", "they never change"));
    }
    Ok(spread)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::glucose::Mersenne;

    fn ben() -> Athlete {
        Athlete { base: 240.0, fitness_gain: 0.05, fatigue_gain: 0.12, fitness_days: 45.0, fatigue_days: 9.0 }
    }

    /// Blocks of training with rest between, and a test every fifth day that misses by some 2 units.
    fn season(athlete: &Athlete, days: usize) -> (Vec<f64>, Vec<Test>) {
        let mut random = Mersenne::new(11);
        let loads: Vec<f64> =
            (0..days).map(|day| if day % 28 < 20 { 40.0 + 80.0 * random.uniform() } else { 5.0 }).collect();
        let days: Vec<Test> = (9..days).step_by(5).map(|day| Test { day, performance: 0.0 }).collect();
        let told = tell(athlete, &loads, &days).0;
        let tests =
            days.iter().zip(told).map(|(t, told)| Test { performance: told + 2.0 * random.normal(), ..*t }).collect();
        (loads, tests)
    }

    #[test]
    fn a_planted_athlete_is_found_and_foretold() {
        let (loads, tests) = season(&ben(), 200);
        let (fitted, later) = tests.split_at(30);
        let fit = Athlete::fit(&loads[..=fitted[29].day], fitted).unwrap();
        assert!(fit.explained > 0.9 && fit.off < 4.0, "{fit:?}");
        let foretold = tell(&fit.athlete, &loads, later).0;
        let off: f64 = later.iter().zip(&foretold).map(|(t, told)| (t.performance - told).abs()).sum::<f64>();
        assert!(off / (later.len() as f64) < 6.0, "{off} {fit:?}");
    }

    #[test]
    fn refuses_chance_and_nonsense() {
        let (loads, tests) = season(&ben(), 120);
        assert!(matches!(Athlete::fit(&loads, &tests[..9]), Err(Refusal::TooFew { .. })));
        assert!(matches!(Athlete::fit(&loads[..20], &tests), Err(Refusal::TooFew { .. })));
        assert!(matches!(Athlete::fit(&vec![50.0; 120], &tests), Err(Refusal::Undetermined { .. })));
        let mut random = Mersenne::new(5);
        let chance: Vec<Test> = tests.iter().map(|t| Test { performance: 200.0 + random.normal(), ..*t }).collect();
        assert!(matches!(Athlete::fit(&loads, &chance), Err(Refusal::Undetermined { .. })));
        let flat: Vec<Test> = tests.iter().map(|t| Test { performance: 200.0, ..*t }).collect();
        assert!(matches!(Athlete::fit(&loads, &flat), Err(Refusal::Senseless { .. })));
        let mut spoiled = loads.clone();
        spoiled[7] = f64::NAN;
        assert!(matches!(Athlete::fit(&spoiled, &tests), Err(Refusal::Senseless { .. })));
        let beyond = [tests.clone(), vec![Test { day: 500, performance: 1.0 }]].concat();
        assert!(matches!(Athlete::fit(&loads, &beyond), Err(Refusal::Senseless { .. })));
    }
}
