//! A made-up person whose numbers are as irregular as a watch's: 8 years, five streams, ten million observations.
//!
//! Heart rate per minute at an irregular second, steps and energy of the minutes awake, a step's distance in millimetres,
//! glucose every five minutes. Deterministic.

use didymos_base::time::MINUTE_MS;
use didymos_base::{Stream, Timestamp, ZoneOffset, streams};

/// One stream of the person.
pub(crate) struct Series {
    pub(crate) stream: Stream,
    /// Start, end and value of each observation, in order.
    pub(crate) rows: Vec<(i64, i64, f64)>,
}

/// 2016-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_451_606_400_000;

pub(crate) fn zone(at: i64) -> ZoneOffset {
    // Summer time, roughly: the wall clock of a real person changes twice a year.
    let day = (at - START) / 86_400_000 % 365;
    ZoneOffset::from_minutes(if (85..300).contains(&day) { 120 } else { 60 }).unwrap_or(ZoneOffset::UTC)
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        // Knuth's MMIX multiplier; the high bits are good enough for noise.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn known(id: &str) -> Stream {
    streams::known(id).map_or_else(|| unreachable!("{id} is in the table"), streams::Known::stream)
}

pub(crate) fn person(observations: u64) -> Vec<Series> {
    let mut random = Random(1);
    let mut series: Vec<Series> = ["heart_rate", "steps", "energy_active", "distance", "glucose"]
        .into_iter()
        .map(|id| Series { stream: known(id), rows: Vec::new() })
        .collect();
    let (mut count, mut minute, mut level) = (0, 0i64, 100.0f64);
    while count < observations {
        let at = START + minute * MINUTE_MS;
        let of_day = minute % 1_440;
        let awake = (420..1_380).contains(&of_day);
        let wave = ((of_day - 240) as f64 / 1_440.0 * std::f64::consts::TAU).sin();
        let moving = awake && random.below(10) < 7;
        let rate =
            (62.0 + 10.0 * wave + random.below(9) as f64 + if moving { random.below(35) as f64 } else { 0.0 }).round();
        let second = at + random.below(60) as i64 * 1_000;
        series[0].rows.push((second, at + 59_000, rate));
        count += 1;
        if moving {
            let steps = 3 + random.below(120);
            series[1].rows.push((at, at + MINUTE_MS, steps as f64));
            series[2].rows.push((at, at + MINUTE_MS, (steps * 35 + random.below(900)) as f64 / 1_000.0));
            series[3].rows.push((at, at + MINUTE_MS, (steps * 720) as f64 / 1e6));
            count += 3;
        }
        if minute % 5 == 0 {
            level = (level + random.below(9) as f64 - 4.0).clamp(55.0, 240.0);
            series[4].rows.push((at + 12_000, at + 12_000, level));
            count += 1;
        }
        minute += 1;
    }
    series
}

pub(crate) fn timestamp(at: i64) -> Timestamp {
    Timestamp(at)
}
