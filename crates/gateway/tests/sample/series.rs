//! The made-up person's year: a heart that rests at night, steps by day, meals that lift the glucose.

use didymos_base::{Kind, Source, StreamId, Timestamp, Value, ZoneOffset, streams};

/// The person lives at +02:00.
pub(crate) const ZONE_MINUTES: i16 = 120;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 1 September 2024 on the person's wall clock: when everything ends.
const LAST: i64 = 1_725_148_800_000;

pub(crate) fn zone() -> ZoneOffset {
    ZoneOffset::from_minutes(ZONE_MINUTES).unwrap_or(ZoneOffset::UTC)
}

/// One observation, on the wall clock.
pub(crate) struct Datum {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) value: Value,
}

/// One stream, in order of time.
pub(crate) struct Series {
    pub(crate) id: StreamId,
    pub(crate) label: &'static str,
    pub(crate) kind: Kind,
    pub(crate) unit: &'static str,
    pub(crate) code: Option<(&'static str, &'static str)>,
    pub(crate) source: Source,
    pub(crate) data: Vec<Datum>,
}

impl Series {
    fn new(id: &str, source: Source, data: Vec<Datum>) -> Self {
        let known = streams::known(id).expect("a known stream");
        Self {
            id: id.parse().expect("a stream id"),
            label: known.label,
            kind: known.kind,
            unit: known.unit,
            code: known.code.map(|code| (code.system, code.code)),
            source,
            data,
        }
    }

    pub(crate) fn span(&self) -> (i64, i64) {
        let last = self.data.iter().map(|datum| datum.end).max().unwrap_or(0);
        (self.data.first().map_or(0, |datum| datum.start), last)
    }

    pub(crate) fn within(&self, from: i64, to: i64) -> impl Iterator<Item = &Datum> {
        let start = self.data.partition_point(|datum| datum.start < from);
        self.data[start..].iter().take_while(move |datum| datum.start < to)
    }

    pub(crate) fn exact(&self, datum: &Datum) -> (Timestamp, Timestamp) {
        let offset = i64::from(ZONE_MINUTES) * MINUTE;
        (Timestamp(datum.start - offset), Timestamp(datum.end - offset))
    }
}

/// Noise between 0 and 1 that is the same every time (SplitMix64's mixing).
fn noise(seed: i64) -> f64 {
    let mut x = (seed as u64).wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Noise that changes slowly: linear between values `every` apart.
fn drift(at: i64, every: i64, seed: i64) -> f64 {
    let (cell, part) = (at.div_euclid(every), at.rem_euclid(every) as f64 / every as f64);
    noise(cell * 31 + seed) * (1.0 - part) + noise((cell + 1) * 31 + seed) * part
}

fn reading(start: i64, value: f64) -> Datum {
    Datum { start, end: start, value: Value::Number(value) }
}

fn text(value: &str) -> Value {
    Value::Category(value.into())
}

fn is_running(at: i64) -> bool {
    let (day, hour) = (at.div_euclid(DAY), at.rem_euclid(DAY) as f64 / HOUR as f64);
    day % 3 == 0 && (7.0..7.75).contains(&hour)
}

fn heart(at: i64) -> f64 {
    let hour = at.rem_euclid(DAY) as f64 / HOUR as f64;
    let awake = if (6.5..22.5).contains(&hour) { 1.0 } else { 0.0 };
    let rest = 52.0 + 5.0 * drift(at, 20 * DAY, 1);
    let day = awake * (12.0 + 26.0 * drift(at, 40 * MINUTE, 2).powi(2));
    let run = if is_running(at) { 62.0 + 14.0 * drift(at, 6 * MINUTE, 3) } else { 0.0 };
    (rest + day + run + 5.0 * noise(at / MINUTE)).round()
}

pub(crate) fn all() -> Vec<Series> {
    let watch = super::watch_source;
    let minutes = (0..60 * 1_440).map(|i| LAST - 60 * DAY + i * MINUTE);
    // The watch charges for an hour every evening, and was left at home for three days.
    let worn = |at: &i64| {
        let hour = at.rem_euclid(DAY) / HOUR;
        hour != 20 && !(LAST - 33 * DAY..LAST - 30 * DAY).contains(at)
    };
    let heart_rate = minutes.filter(worn).map(|at| reading(at, heart(at))).collect();

    let quarters = (0..400 * 96).map(|i| LAST - 400 * DAY + i * 15 * MINUTE);
    let steps = quarters.filter_map(|start| {
        let hour = start.rem_euclid(DAY) / HOUR;
        let share = drift(start, 2 * HOUR, 5).powi(3) * noise(start / MINUTE + 7);
        let count = if is_running(start) { 2_300.0 + 300.0 * share } else { (share * 1_400.0).round() };
        let walked = (7..23).contains(&hour) && count > 15.0;
        walked.then_some(Datum { start, end: start + 15 * MINUTE, value: Value::Number(count.round()) })
    });

    let grams = Source::named("Dexcom G6");
    let fives = (0..14 * 288).map(|i| LAST - 14 * DAY + i * 5 * MINUTE);
    let sensor_lost = |at: &i64| !(LAST - 6 * DAY - 3 * HOUR..LAST - 6 * DAY + 2 * HOUR).contains(at);
    let glucose = fives.filter(sensor_lost).map(|at| {
        let hour = at.rem_euclid(DAY) as f64 / HOUR as f64;
        let meals: f64 = [7.9, 12.6, 19.2]
            .iter()
            .map(|meal| {
                let since = hour - meal;
                let size = 40.0 + 70.0 * noise(at.div_euclid(DAY) * 3 + (*meal as i64));
                if since > 0.0 { size * since * (-since * 1.3).exp() * 2.2 } else { 0.0 }
            })
            .sum();
        reading(at, (86.0 + 12.0 * drift(at, 5 * HOUR, 9) + meals + 2.0 * noise(at / 7)).round())
    });

    let mass = (0..260).map(|i| {
        let at = LAST - 730 * DAY + i * 67 * HOUR + (noise(i) * 3.0 * HOUR as f64) as i64;
        reading(at, ((71.8 + 2.6 * drift(at, 120 * DAY, 11) + 0.7 * noise(i + 900)) * 10.0).round() / 10.0)
    });

    let start = LAST - 3 * DAY + 7 * HOUR;
    let track = (0..560).map(|i| {
        let turn = f64::from(i) / 560.0 * std::f64::consts::TAU;
        let (lat, lon) = (
            47.3572 + 0.011 * turn.sin() + 0.0028 * (turn * 3.0).sin(),
            8.5411 + 0.017 * turn.cos() + 0.004 * (turn * 2.0).sin(),
        );
        let at = start + i64::from(i) * 5_000;
        Datum { start: at, end: at, value: Value::Position { lat, lon } }
    });

    let workouts = (0..134).filter(|i| noise(i * 13) > 0.2).map(|i| {
        let start = (LAST - (3 * i + 2) * DAY).div_euclid(3 * DAY) * 3 * DAY + 7 * HOUR;
        let event = format!(r#"{{"activity":"running","distance_km":{:.1}}}"#, 6.0 + 4.0 * noise(i));
        Datum { start, end: start + 45 * MINUTE, value: Value::Event(event.into()) }
    });
    let mut workouts: Vec<_> = workouts.collect();
    workouts.sort_by_key(|datum| datum.start);

    let notes = ["Slept badly, late coffee", "New shoes", "Cold coming on", "Back to normal", "Half marathon!"];
    let notes = notes.iter().enumerate().map(|(i, note)| {
        let at = LAST - (26 - 6 * i as i64) * DAY + 21 * HOUR;
        Datum { start: at, end: at, value: Value::Text((*note).into()) }
    });

    vec![
        Series::new("heart_rate", watch(), heart_rate),
        Series::new("steps", watch(), steps.collect()),
        Series::new("sleep_stage", watch(), nights()),
        Series::new("glucose", grams, glucose.collect()),
        Series::new("body_mass", Source { entered_by_hand: true, ..Source::named("Scales") }, mass.collect()),
        Series::new("location", Source::named("Trail Tracker"), track.collect()),
        Series::new("workout", watch(), workouts),
        Series::new("note", Source::named("Diary"), notes.collect()),
    ]
}

fn nights() -> Vec<Datum> {
    let mut data = Vec::new();
    for night in 0..300 {
        let mut at = LAST - (300 - night) * DAY - 90 * MINUTE + (noise(night) * 80.0) as i64 * MINUTE;
        let wake = at + (6.6 + 2.0 * noise(night + 500)) as i64 * HOUR;
        let mut cycle = 0;
        while at < wake {
            for (stage, minutes) in
                [("light", 22), ("deep", 34 - 7 * cycle.min(4)), ("light", 18), ("rem", 9 + 6 * cycle), ("awake", 2)]
            {
                let length = (minutes as f64 * (0.6 + 0.8 * noise(at / MINUTE))).max(1.0) as i64 * MINUTE;
                data.push(Datum { start: at, end: at + length, value: text(stage) });
                at += length;
            }
            cycle += 1;
        }
    }
    data
}
