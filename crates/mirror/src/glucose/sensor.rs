//! Continuous glucose sensors: glucose under the skin, plus a noise that wanders, within the sensor's range.
//!
//! The noise is that of Breton and Kovatchev (J. Diabetes Sci. Technol. 2, 2008): every 15 minutes a step of an
//! autoregressive process, bent by Johnson's SU transform so that large errors are commoner than in a normal
//! distribution; cubic splines through ten steps at a time give the minutes between.

use super::mersenne::Mersenne;
use super::patient::Row;
use crate::body::Refusal;
use crate::body::elementary::sinh;

const SENSORS: &str = include_str!("../../data/glucose/sensor_params.csv");
const STEP_MIN: f64 = 15.0;
const STEPS_AT_A_TIME: usize = 10;

/// A kind of sensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensor {
    /// Minutes from one reading to the next.
    pub sample_min: u32,
    min_mg_dl: f64,
    max_mg_dl: f64,
    carry_over: f64,
    gamma: f64,
    lambda: f64,
    delta: f64,
    xi: f64,
}

impl Sensor {
    /// Looks a sensor up: `Dexcom`, `GuardianRT` or `Navigator`.
    pub fn named(name: &str) -> Result<Self, Refusal> {
        let row = Row::find(SENSORS, name)?;
        Ok(Sensor {
            sample_min: row.get("sample_time")? as u32,
            min_mg_dl: row.get("min")?,
            max_mg_dl: row.get("max")?,
            carry_over: row.get("PACF")?,
            gamma: row.get("gamma")?,
            lambda: row.get("lambda")?,
            delta: row.get("delta")?,
            xi: row.get("xi")?,
        })
    }

    /// What the sensor shows for a glucose and an error, both in mg/dL.
    #[must_use]
    pub fn read(&self, glucose_mg_dl: f64, noise_mg_dl: f64) -> f64 {
        (glucose_mg_dl + noise_mg_dl).max(self.min_mg_dl).min(self.max_mg_dl)
    }

    /// The errors of one worn sensor, reading after reading, without end.
    #[must_use]
    pub fn noise(&self, seed: u32) -> SensorNoise {
        let mut random = Mersenne::new(seed);
        let level = random.normal();
        let mut noise = SensorNoise { sensor: self.clone(), random, level, knot: 0.0, ready: Vec::new() };
        noise.knot = noise.bent();
        noise
    }
}

/// The errors of one worn sensor in mg/dL.
#[derive(Clone, Debug)]
pub struct SensorNoise {
    sensor: Sensor,
    random: Mersenne,
    level: f64,
    /// The last step of the last spline, with which the next begins.
    knot: f64,
    /// Errors already made, the next one last.
    ready: Vec<f64>,
}

impl SensorNoise {
    fn bent(&self) -> f64 {
        let sensor = &self.sensor;
        sensor.xi + sensor.lambda * sinh((self.level - sensor.gamma) / sensor.delta)
    }

    fn refill(&mut self) {
        let mut knots = [self.knot; STEPS_AT_A_TIME + 1];
        for knot in &mut knots[1..] {
            self.level = self.sensor.carry_over * (self.level + self.random.normal());
            *knot = self.bent();
        }
        self.knot = knots[STEPS_AT_A_TIME];
        let sample_min = self.sensor.sample_min.max(1);
        let readings = STEPS_AT_A_TIME as u32 * STEP_MIN as u32 / sample_min;
        let bends = second_differences(&knots);
        self.ready.extend(
            (1..=readings).rev().map(|i| spline(&knots, &bends, f64::from(i) * f64::from(sample_min) / STEP_MIN)),
        );
    }
}

impl Iterator for SensorNoise {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        if self.ready.is_empty() {
            self.refill();
        }
        self.ready.pop()
    }
}

const KNOTS: usize = STEPS_AT_A_TIME + 1;

/// Second derivatives of the cubic spline through evenly spaced knots, with no knot at the second and the last but
/// one place ("not-a-knot"), by elimination of its three-banded equations.
fn second_differences(y: &[f64; KNOTS]) -> [f64; KNOTS] {
    let right = |i: usize| 6.0 * (y[i - 1] - 2.0 * y[i] + y[i + 1]);
    let last = KNOTS - 1;
    let mut bends = [0.0; KNOTS];
    // Evenly spaced, the ends' condition decides the second and the last but one alone.
    bends[1] = right(1) / 6.0;
    bends[last - 1] = right(last - 1) / 6.0;
    let mut upper = [0.0; KNOTS];
    for i in 2..=last - 2 {
        let below = if i == 2 { 0.0 } else { upper[i - 1] };
        let outside = if i == last - 2 { bends[last - 1] } else { 0.0 };
        let pivot = 4.0 - below;
        upper[i] = 1.0 / pivot;
        bends[i] = (right(i) - outside - bends[i - 1]) / pivot;
    }
    for i in (2..last - 2).rev() {
        bends[i] -= upper[i] * bends[i + 1];
    }
    bends[0] = 2.0 * bends[1] - bends[2];
    bends[last] = 2.0 * bends[last - 1] - bends[last - 2];
    bends
}

fn spline(y: &[f64; KNOTS], bends: &[f64; KNOTS], at: f64) -> f64 {
    let i = (at as usize).min(KNOTS - 2);
    let (right, left) = (at - i as f64, i as f64 + 1.0 - at);
    let cubic = |t: f64| (t * t * t - t) / 6.0;
    left * y[i] + right * y[i + 1] + cubic(left) * bends[i] + cubic(right) * bends[i + 1]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_cubic_goes_through_the_spline_unchanged() {
        let f = |x: f64| 2.0 - x + 0.3 * x * x - 0.05 * x * x * x;
        let y: [f64; KNOTS] = std::array::from_fn(|i| f(i as f64));
        let bends = second_differences(&y);
        for i in 0..=100 {
            let x = f64::from(i) / 10.0;
            assert!((spline(&y, &bends, x) - f(x)).abs() < 1e-12, "{x}");
        }
    }

    #[test]
    fn readings_stay_within_the_range() {
        let sensor = Sensor::named("Dexcom").unwrap();
        assert_eq!(sensor.read(10.0, 0.0), 39.0);
        assert_eq!(sensor.read(700.0, 0.0), 600.0);
        assert!(sensor.noise(1).take(10_000).all(|error| error.is_finite() && error.abs() < 200.0));
    }
}
