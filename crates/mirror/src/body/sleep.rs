//! The two-process model of sleep (Borbély 1982; Daan, Beersma and Borbély, Am. J. Physiol. 246, 1984).
//!
//! Sleep pressure rises towards 1 while awake and falls towards 0 asleep; a person falls asleep when it reaches an
//! upper threshold and wakes at a lower one, and both thresholds swing with the body's clock, once in 24 hours. The
//! time constants are those of the papers. A person's thresholds and the phase of the clock are fitted to nights.
//! Regular nights leave open how much is threshold and how much is clock; what they tell is when sleep ends.

use super::elementary::{cos_sin_turns, exp};
use super::{Body, Refusal, least_squares};

const MIN_PER_DAY: f64 = 1440.0;
const RISE_MIN: f64 = 18.2 * 60.0;
const FALL_MIN: f64 = 4.2 * 60.0;
const SWING: f64 = 0.1;
const NIGHTS_NEEDED: usize = 7;

/// A sleeper.
#[derive(Clone, Debug, PartialEq)]
pub struct Sleeper {
    /// Pressure at which sleep begins, without the clock.
    pub upper: f64,
    /// Pressure at which it ends, without the clock.
    pub lower: f64,
    /// Minute of the day (0 to 1440) at which the clock is most for being awake.
    pub alert_minute: f64,
}

/// One minute's circumstances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// Sleep and wake as the body wants.
    #[default]
    Free,
    /// Stay awake.
    Awake,
    /// Lie down; as after a bedtime or before an alarm, sleep goes on or begins.
    Asleep,
}

/// All that changes in a sleeper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SleepState {
    /// Minutes since some midnight.
    pub minute: f64,
    /// Sleep pressure, 0 to 1.
    pub pressure: f64,
    /// Whether asleep.
    pub asleep: bool,
}

impl Sleeper {
    /// How much the clock lifts both thresholds.
    fn clock(&self, minute: f64) -> f64 {
        SWING * cos_sin_turns((minute - self.alert_minute) / MIN_PER_DAY).0
    }
}

impl Body for Sleeper {
    type State = SleepState;
    type Input = Wish;
    /// Whether asleep.
    type Seen = bool;

    /// Midnight, just asleep.
    fn state(&self) -> SleepState {
        SleepState { minute: 0.0, pressure: self.upper + self.clock(0.0), asleep: true }
    }

    /// Moves by one minute.
    fn step(&self, state: &mut SleepState, wish: &Wish) {
        state.pressure = after(state.pressure, state.asleep, 1.0);
        state.minute += 1.0;
        let clock = self.clock(state.minute);
        state.asleep = match wish {
            Wish::Awake => false,
            Wish::Asleep => true,
            Wish::Free if state.asleep => state.pressure > self.lower + clock,
            Wish::Free => state.pressure >= self.upper + clock,
        };
    }

    fn observe(&self, state: &SleepState) -> bool {
        state.asleep
    }
}

/// Sleep pressure after so many minutes awake or asleep.
fn after(pressure: f64, asleep: bool, minutes: f64) -> f64 {
    if asleep { pressure * exp(-minutes / FALL_MIN) } else { 1.0 - (1.0 - pressure) * exp(-minutes / RISE_MIN) }
}

/// A night in minutes since some midnight: when sleep began and when it ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Night {
    /// Falling asleep.
    pub from_min: f64,
    /// Waking.
    pub to_min: f64,
}

/// A sleeper, and how well nights are told by the model and by habit.
#[derive(Clone, Debug, PartialEq)]
pub struct SleepFit {
    /// The sleeper.
    pub sleeper: Sleeper,
    /// Root mean square error, in minutes, of when sleep ends, told when it begins.
    pub off_min: f64,
    /// The same if every night were told to last as long as the mean night. Use whichever is smaller.
    pub habit_off_min: f64,
    /// State at the last waking, from which the next days can be simulated.
    pub now: SleepState,
}

impl Sleeper {
    /// Fits a sleeper to nights in order of time. Naps count as nights.
    pub fn fit(nights: &[Night]) -> Result<SleepFit, Refusal> {
        check(nights)?;
        let pressures = pressures(nights);
        // Where the clock stands is told weakly by regular nights, so it starts from where people's stands: most for
        // being awake some 14 hours after the middle of sleep.
        let middle = mean_of_day(nights.iter().map(|night| 0.5 * (night.from_min + night.to_min)));
        let phase = middle + 14.0 * 60.0;
        let sleeper = |x: &[f64]| Sleeper { upper: x[0], lower: x[1], alert_minute: x[2].rem_euclid(MIN_PER_DAY) };
        let found = least_squares::fit(&[0.67, 0.17, phase], 100, |x| {
            let sleeper = sleeper(x);
            let mut residuals = vec![(x[0] - 0.67) / 0.1, (x[1] - 0.17) / 0.08, (x[2] - phase) / 90.0];
            for (night, [begun, ended]) in nights.iter().zip(&pressures) {
                residuals.push((begun - sleeper.upper - sleeper.clock(night.from_min)) / 0.05);
                residuals.push((ended - sleeper.lower - sleeper.clock(night.to_min)) / 0.03);
            }
            Some(residuals)
        });
        let sleeper = found.map(|found| sleeper(&found.parameters)).filter(|s| s.lower + 2.0 * SWING < s.upper);
        let Some(sleeper) = sleeper else {
            return Err(Refusal::undetermined("the sleeper", "sleep does not follow time awake in these nights"));
        };
        let lengths: Vec<f64> = nights.iter().map(|night| night.to_min - night.from_min).collect();
        let mean = lengths.iter().sum::<f64>() / lengths.len() as f64;
        let told: Vec<f64> =
            nights.iter().zip(&pressures).map(|(night, [begun, _])| sleeper.length(night.from_min, *begun)).collect();
        let rms = |told: &dyn Fn(usize) -> f64| {
            let squares: f64 = lengths.iter().enumerate().map(|(i, length)| (length - told(i)).powi(2)).sum();
            (squares / lengths.len() as f64).sqrt()
        };
        let last = nights.len() - 1;
        Ok(SleepFit {
            off_min: rms(&|i| told[i]),
            habit_off_min: rms(&|_| mean),
            now: SleepState { minute: nights[last].to_min, pressure: pressures[last][1], asleep: false },
            sleeper,
        })
    }

    /// How long sleep lasts that begins then with this pressure; a day at most.
    #[must_use]
    pub fn length(&self, from_min: f64, pressure: f64) -> f64 {
        let mut state = SleepState { minute: from_min, pressure, asleep: true };
        while state.asleep && state.minute < from_min + MIN_PER_DAY {
            self.step(&mut state, &Wish::Free);
        }
        state.minute - from_min
    }
}

fn check(nights: &[Night]) -> Result<(), Refusal> {
    if nights.len() < NIGHTS_NEEDED {
        return Err(Refusal::TooFew { what: "nights", have: nights.len(), need: NIGHTS_NEEDED });
    }
    let mut end = f64::NEG_INFINITY;
    for night in nights {
        let length = night.to_min - night.from_min;
        if !(night.from_min.is_finite() && length > 0.0 && length <= MIN_PER_DAY) {
            return Err(Refusal::senseless("a night", format!("from {} to {}", night.from_min, night.to_min)));
        }
        if night.from_min < end {
            return Err(Refusal::senseless(
                "a night",
                format!("it begins at {} before the last one ended", night.from_min),
            ));
        }
        end = night.to_min;
    }
    Ok(())
}

/// Pressure at the beginning and the end of each night, as if the first had begun with the usual one.
fn pressures(nights: &[Night]) -> Vec<[f64; 2]> {
    let mut pressure = 0.67;
    let mut awake_since: Option<f64> = None;
    nights
        .iter()
        .map(|night| {
            if let Some(since) = awake_since {
                pressure = after(pressure, false, night.from_min - since);
            }
            let begun = pressure;
            pressure = after(pressure, true, night.to_min - night.from_min);
            awake_since = Some(night.to_min);
            [begun, pressure]
        })
        .collect()
}

/// The mean on the circle of a day.
fn mean_of_day(minutes: impl Iterator<Item = f64>) -> f64 {
    let (mut x, mut y) = (0.0, 0.0);
    for minute in minutes {
        let (cos, sin) = cos_sin_turns(minute / MIN_PER_DAY);
        x += cos;
        y += sin;
    }
    // The angle by halving: the circle of a day is small, and a minute is near enough.
    (0..1440)
        .map(f64::from)
        .max_by(|a, b| {
            let along = |minute: f64| {
                let (cos, sin) = cos_sin_turns(minute / MIN_PER_DAY);
                cos * x + sin * y
            };
            along(*a).total_cmp(&along(*b))
        })
        .unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn owl() -> Sleeper {
        Sleeper { upper: 0.7, lower: 0.2, alert_minute: 19.0 * 60.0 }
    }

    /// Nights of a sleeper who is kept up for some hours on every third day.
    fn nights(sleeper: &Sleeper, days: u32) -> Vec<Night> {
        let mut state = SleepState { minute: 8.0 * 60.0, pressure: 0.15, asleep: false };
        let mut nights = Vec::new();
        let mut from = None;
        for minute in 0..days * 1440 {
            let kept_up = minute / 1440 % 3 == 1 && state.pressure < 0.82;
            let was = state.asleep;
            sleeper.step(&mut state, if kept_up && !was { &Wish::Awake } else { &Wish::Free });
            match (was, state.asleep) {
                (false, true) => from = Some(state.minute),
                (true, false) => nights.extend(from.map(|from_min| Night { from_min, to_min: state.minute })),
                _ => {}
            }
        }
        nights
    }

    #[test]
    fn a_sleeper_sleeps_once_a_day_and_longer_after_a_long_day() {
        let nights = nights(&owl(), 30);
        assert!((28..=31).contains(&nights.len()), "{}", nights.len());
        let sleeper = owl();
        assert!(sleeper.length(23.0 * 60.0, 0.85) > sleeper.length(23.0 * 60.0, 0.75) + 20.0);
    }

    #[test]
    fn planted_thresholds_tell_nights_better_than_habit_does() {
        let fit = Sleeper::fit(&nights(&owl(), 40)).unwrap();
        assert!(fit.off_min < 0.2 * fit.habit_off_min, "{fit:?}");
    }

    #[test]
    fn refuses_few_or_senseless_nights() {
        let good = nights(&owl(), 20);
        assert!(matches!(Sleeper::fit(&good[..6]), Err(Refusal::TooFew { .. })));
        let spoiled = |f: fn(&mut Night)| {
            let mut nights = good.clone();
            f(&mut nights[3]);
            Sleeper::fit(&nights)
        };
        assert!(matches!(spoiled(|night| night.to_min = f64::NAN), Err(Refusal::Senseless { .. })));
        assert!(matches!(spoiled(|night| night.to_min = night.from_min - 1.0), Err(Refusal::Senseless { .. })));
        assert!(matches!(spoiled(|night| night.from_min -= 3000.0), Err(Refusal::Senseless { .. })));
    }
}
