//! What is known of a person, as departures from the usual time of day, in units of each stream's own spread.

use crate::body::Refusal;
use crate::features::{Column, DAY_MS, Grid};
use serde::{Deserialize, Serialize};

/// Streams, places and events of a person on one grid of which a whole number of buckets makes a day.
#[derive(Clone, Copy, Debug)]
pub struct Diary<'a> {
    /// The grid; 4 to 96 buckets a day.
    pub grid: Grid,
    /// Streams, each as long as the grid.
    pub streams: &'a [Column],
    /// Per bucket the place, by a number of the caller's; may be empty.
    pub places: &'a [Option<u32>],
    /// Events: the bucket, and the kind by a number of the caller's; may be empty.
    pub events: &'a [(usize, u32)],
}

/// Days with a known value that it takes.
pub(super) const DAYS_NEEDED: usize = 14;
/// Departures are held within so many spreads: one wild value must not rule what is learnt.
const HELD: f64 = 6.0;
const MOST_STREAMS: usize = 64;
const MOST_DAYS: usize = 40_000;

/// How a stream is put into units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Scale {
    /// Per kind of day (working day, weekend) and bucket of the day, what is usual.
    pub(super) usual: [Vec<f64>; 2],
    /// Spread of departures from it.
    pub(super) spread: f64,
    /// Least and greatest value seen.
    pub(super) range: (f64, f64),
}

/// Which streams can be learnt from, and why others cannot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usable {
    /// Places in the list of streams.
    pub used: Vec<usize>,
    /// Streams left out, with the reason.
    pub left_out: Vec<(usize, String)>,
}

/// A diary in units.
#[derive(Clone, Debug)]
#[allow(clippy::struct_field_names)]
pub(super) struct Days {
    pub(super) per_day: usize,
    pub(super) days: usize,
    pub(super) streams: usize,
    /// Departures, bucket by bucket, stream within.
    pub(super) z: Vec<f32>,
    pub(super) known: Vec<bool>,
    /// What is usual, per kind of day and cell of a day, in the same units.
    pub(super) usual: [Vec<f32>; 2],
    /// 0 on a Monday.
    pub(super) first_weekday: usize,
    pub(super) places: Vec<Option<u32>>,
    pub(super) events: Vec<(usize, u32)>,
}

impl Diary<'_> {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let step = self.grid.step;
        if step <= 0 || DAY_MS % step != 0 || !(4..=96).contains(&(DAY_MS / step)) {
            return Err(Refusal::senseless("the grid", "4 to 96 buckets must make a day"));
        }
        if self.grid.start.rem_euclid(DAY_MS) != 0 {
            return Err(Refusal::senseless("the grid", "it must begin at a midnight"));
        }
        if self.streams.is_empty() || self.streams.len() > MOST_STREAMS {
            return Err(Refusal::senseless("the streams", format!("there are {}, not 1 to 64", self.streams.len())));
        }
        if self.streams.iter().any(|stream| stream.len() != self.grid.len) {
            return Err(Refusal::senseless("the streams", "they are not as long as the grid"));
        }
        if !self.places.is_empty() && self.places.len() != self.grid.len {
            return Err(Refusal::senseless("the places", "they are not as many as buckets"));
        }
        if self.days() > MOST_DAYS {
            return Err(Refusal::senseless("the grid", "it is longer than a hundred years"));
        }
        Ok(())
    }

    pub(super) fn days(&self) -> usize {
        self.grid.len.div_ceil(self.grid.per_day())
    }

    pub(super) fn weekday(&self, day: usize) -> usize {
        let first = self.grid.start.div_euclid(DAY_MS) + 3;
        (first + day as i64).rem_euclid(7) as usize
    }

    /// Scales of all streams that can be learnt from, from the first `until` days.
    pub(super) fn scales(&self, until: usize) -> Result<(Usable, Vec<Scale>), Refusal> {
        self.scales_of(until, DAYS_NEEDED * 3 / 4)
    }

    /// Scales of all streams that are known on `need` of the first `until` days.
    pub(super) fn scales_of(&self, until: usize, need: usize) -> Result<(Usable, Vec<Scale>), Refusal> {
        self.check()?;
        let per_day = self.grid.per_day();
        let (mut usable, mut scales) = (Usable::default(), Vec::new());
        let mut most = 0;
        for (i, stream) in self.streams.iter().enumerate() {
            let limit = until * per_day;
            let known: Vec<(usize, f64)> =
                stream.iter().take(limit).enumerate().filter_map(|(t, y)| Some((t, y?))).collect();
            let mut days: Vec<usize> = known.iter().map(|(t, _)| t / per_day).collect();
            days.dedup();
            most = most.max(days.len());
            let (low, high) =
                known.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |all, (_, y)| (all.0.min(*y), all.1.max(*y)));
            let reason = if days.len() < need {
                Some(format!("known on {} of the days that are learnt from; {need} are needed", days.len()))
            } else if low >= high {
                Some("every value is the same".to_owned())
            } else if low.abs().max(high.abs()) > 1e15 {
                Some("values beyond 10¹⁵: are units mixed up?".to_owned())
            } else {
                None
            };
            if let Some(reason) = reason {
                usable.left_out.push((i, reason));
                continue;
            }
            let scale = self.scale(&known, (low, high));
            if scale.spread > 0.0 && scale.spread.is_finite() {
                usable.used.push(i);
                scales.push(scale);
            } else {
                usable.left_out.push((i, "every day is the same".to_owned()));
            }
        }
        if scales.is_empty() {
            return Err(match usable.left_out.iter().find(|_| most >= need) {
                Some((_, reason)) => Refusal::undetermined("a portrait", reason.clone()),
                None => Refusal::TooFew { what: "days with values", have: most, need: DAYS_NEEDED },
            });
        }
        Ok((usable, scales))
    }

    /// What is usual at each bucket of the day, pulled towards the stream's mean where little is known.
    fn scale(&self, known: &[(usize, f64)], range: (f64, f64)) -> Scale {
        const PULL: f64 = 2.0;
        let per_day = self.grid.per_day();
        let overall = known.iter().map(|(_, y)| y).sum::<f64>() / known.len() as f64;
        let mut both = vec![(0.0, 0.0); per_day];
        let mut kinds = [both.clone(), both.clone()];
        for (t, y) in known {
            let kind = usize::from(self.weekday(t / per_day) >= 5);
            for sums in [&mut both[t % per_day], &mut kinds[kind][t % per_day]] {
                sums.0 += y;
                sums.1 += 1.0;
            }
        }
        let usual = kinds.map(|kind| {
            let of = |((sum, count), (all, days)): (&(f64, f64), &(f64, f64))| {
                let any = (all + PULL * overall) / (days + PULL);
                (sum + 2.0 * PULL * any) / (count + 2.0 * PULL)
            };
            kind.iter().zip(&both).map(of).collect::<Vec<f64>>()
        });
        let square = |(t, y): &(usize, f64)| {
            let kind = usize::from(self.weekday(t / per_day) >= 5);
            (y - usual[kind][t % per_day]).powi(2)
        };
        let spread = (known.iter().map(square).sum::<f64>() / known.len() as f64).sqrt();
        // A spread that is rounding error is none.
        let spread = if spread > 1e-9 * overall.abs() { spread } else { 0.0 };
        Scale { usual, spread, range }
    }

    /// The diary in units.
    pub(super) fn days_in_units(&self, used: &[usize], scales: &[Scale]) -> Days {
        let (per_day, days) = (self.grid.per_day(), self.days());
        let streams = used.len();
        let mut z = vec![0.0; days * per_day * streams];
        let mut known = vec![false; z.len()];
        for (place, (stream, scale)) in used.iter().zip(scales).enumerate() {
            let Some(column) = self.streams.get(*stream) else { continue };
            for (t, y) in column.iter().enumerate() {
                if let Some(y) = y {
                    let usual = scale.usual[usize::from(self.weekday(t / per_day) >= 5)][t % per_day];
                    z[t * streams + place] = ((y - usual) / scale.spread).clamp(-HELD, HELD) as f32;
                    known[t * streams + place] = true;
                }
            }
        }
        let usual = [0, 1].map(|kind| {
            let of = |slot: usize| scales.iter().map(move |scale| (scale.usual[kind][slot] / scale.spread) as f32);
            (0..per_day).flat_map(of).collect()
        });
        let mut places = self.places.to_vec();
        places.resize(days * per_day, None);
        let events = self.events.iter().copied().filter(|(t, _)| *t < days * per_day).collect();
        Days { per_day, days, streams, z, known, usual, first_weekday: self.weekday(0), places, events }
    }
}

impl Scale {
    /// From units back to the stream's own.
    pub(super) fn value(&self, z: f64, slot: usize, weekday: usize) -> f64 {
        let (low, high) = self.range;
        let room = (high - low) / 2.0;
        let low = if low >= 0.0 { (low - room).max(0.0) } else { low - room };
        (self.usual[usize::from(weekday >= 5)][slot] + z * self.spread).clamp(low, high + room)
    }
}

impl Days {
    pub(super) fn weekday(&self, day: usize) -> usize {
        (self.first_weekday + day) % 7
    }

    /// What is usual for the cells of a day.
    pub(super) fn usual(&self, day: usize) -> &[f32] {
        &self.usual[usize::from(self.weekday(day) >= 5)]
    }

    /// Whether anything is known of a day.
    pub(super) fn any(&self, day: usize) -> bool {
        self.count(day) > 0
    }

    /// Known values of a day.
    pub(super) fn count(&self, day: usize) -> usize {
        let width = self.per_day * self.streams;
        self.known[day * width..(day + 1) * width].iter().filter(|known| **known).count()
    }
}
