//! The day: which of its values are unusual for this owner, and what its calendar says.
//!
//! A day's value is the mean of its readings or the sum of its counts, of the one source with most data, so that a phone
//! and a watch are not added up. It is held against the last 90 days with data before it: median, and the range from the
//! 5 % to the 95 % quantile, of weekdays or weekends alone where there are enough of them. How unusual it is, is its
//! distance from the median over that of the range's edge on the same side. With fewer than 14 days nothing is claimed.
//!
//! A day that is not over is held against the same hours of the days before. A maker's total of a whole day says nothing of
//! its last day: the file may have been written before that day was over.

use crate::Twin;
use crate::capability::{agenda, asleep};
use crate::door::{Failure, FailureCode};
use crate::request::Today;
use crate::response::{
    Card, Change, DayKind, Direction, Made, Missing, MissingWhy, Normal, SinceYesterday, TodayAnswer,
};
use didymos_base::time::{DAY_MS, Date, MINUTE_MS, wall_text};
use didymos_base::{Kind, StreamId, streams as table};
use didymos_vault::StreamChunks;
use didymos_vault::timeline::{Edge, Range};
use std::collections::BTreeMap;

/// Days with data that make a normal range.
const DAYS_MAX: usize = 90;
/// How far back they may lie.
const REACH_DAYS: i64 = 400;
/// Fewer days than this make none.
const DAYS_MIN: usize = 14;
/// So many days of the same kind are enough to leave the others out.
const SAME_KIND_MIN: usize = 20;
/// A day whose last data end after this is over.
const OVER_MS: i64 = 22 * 60 * MINUTE_MS;
/// An observation that lasts so long is about a whole day.
const WHOLE_DAY_MS: i64 = 20 * 60 * MINUTE_MS;
/// A stream without data for longer than this has ended.
const MISSED_DAYS: i64 = 30;
const CARDS_MIN: usize = 3;
const CARDS_MAX: usize = 5;
const CHANGES_MAX: usize = 8;
/// The most unusual that is told.
const MOST: f64 = 10.0;
const QUARTER_MS: i64 = 15 * MINUTE_MS;

/// Values by day (days since 1970), and what they are.
struct Days {
    id: StreamId,
    label: String,
    unit: String,
    made: Made,
    source: String,
    until: Option<i64>,
    values: BTreeMap<i64, f64>,
}

impl Stream {
    /// The last day with data. An observation that ends at midnight ends the day before.
    fn last_day(&self) -> i64 {
        (self.last - 1).div_euclid(DAY_MS)
    }

    /// The last day of which the value can be believed.
    fn last_whole_day(&self) -> i64 {
        self.last_day() - i64::from(self.whole_days)
    }
}

/// What is needed of a stream without holding the index.
struct Stream {
    id: StreamId,
    kind: Kind,
    unit: String,
    /// Wall-clock end of its last observation.
    last: i64,
    /// Its last observation is about a whole day.
    whole_days: bool,
    /// The source with most chunks' worth of data, and its summary.
    source: (u32, String),
}

pub(crate) fn cards(twin: &Twin, asked: &Today) -> Result<TodayAnswer, Failure> {
    twin.vault.ensure_whole()?;
    let streams = streams(twin);
    let day = match &asked.date {
        Some(text) => parse_day(text)?,
        // What is planned does not make a day: only where nothing at all was measured, it is the present one.
        None => match streams.iter().map(Stream::last_whole_day).max().or_else(|| agenda::present_day(twin)) {
            Some(day) => day,
            None => return Ok(TodayAnswer::default()),
        },
    };
    let planned = agenda::of_day(twin, day)?;
    let mut answer = TodayAnswer {
        date: Some(date_text(day)),
        agenda: planned.items,
        agenda_more: planned.more,
        agenda_refused: planned.refused,
        of: streams.len() as u32,
        ..TodayAnswer::default()
    };
    let mut cards = Vec::new();
    let mut changes = Vec::new();
    for stream in &streams {
        let mut days = days(twin, stream, day)?;
        if stream.whole_days {
            days.values.remove(&stream.last_day());
        }
        let before = days.values.range(..day).count();
        if day > stream.last_whole_day() && day <= stream.last_day() {
            answer.missing.push(missing(&days, MissingWhy::DayNotOver, before));
            continue;
        }
        let Some(value) = days.values.get(&day).copied() else {
            // A stream that ended long ago is not missed.
            if days.values.range(day - MISSED_DAYS..day).next().is_some() {
                answer.missing.push(missing(&days, MissingWhy::NothingThatDay, before));
            }
            continue;
        };
        answer.streams += 1;
        let Some(normal) = normal(&days.values, day) else {
            answer.missing.push(missing(&days, MissingWhy::TooFewDays, before));
            continue;
        };
        let yesterday = days.values.get(&(day - 1)).copied();
        if let Some(yesterday) = yesterday {
            changes.push(change(&days, &normal, yesterday, value));
        }
        cards.push(card(days, day, value, normal, yesterday));
    }
    cards.sort_by(|a, b| b.unusual.total_cmp(&a.unusual).then(is_open(&a.stream).cmp(&is_open(&b.stream))));
    // One number under two names, as makers like to give it, is one card.
    cards.dedup_by(|b, a| a.unit == b.unit && a.value == b.value && a.normal == b.normal);
    let outside = cards.iter().filter(|card| card.direction != Direction::Inside).count();
    cards.truncate(outside.clamp(CARDS_MIN, CARDS_MAX));
    changes.sort_by(|a, b| b.share.total_cmp(&a.share).then(is_open(&a.stream).cmp(&is_open(&b.stream))));
    changes.dedup_by(|b, a| a.unit == b.unit && a.yesterday == b.yesterday && a.today == b.today);
    changes.retain(|change| change.today != change.yesterday);
    changes.truncate(CHANGES_MAX);
    (answer.cards, answer.changed) = (cards, changes);
    Ok(answer)
}

/// Whether a reader named the stream, because the table does not know it.
fn is_open(stream: &StreamId) -> bool {
    table::known(stream.as_str()).is_none()
}

fn parse_day(text: &str) -> Result<i64, Failure> {
    let bad = || Failure::new(FailureCode::Invalid, "`date` has to be a day, for example 2024-05-01");
    match text.parse() {
        Ok(crate::Moment::Wall(wall)) if text.trim().len() == 10 => Ok(wall.div_euclid(DAY_MS)),
        _ => Err(bad()),
    }
}

pub(crate) fn date_text(day: i64) -> String {
    Date::from_days(day).to_string()
}

/// Streams of numbers and of sleep, each once: a maker's daily total stands back behind what it is a total of.
fn streams(twin: &Twin) -> Vec<Stream> {
    let index = twin.vault.index();
    let has = |id: &str| index.streams.iter().any(|other| other.stream.id.as_str() == id && !other.chunks.is_empty());
    let again = |id: &str| {
        let base = id.strip_suffix("_daily").or_else(|| id.strip_suffix("_hourly"));
        base.is_some_and(has) || (id == asleep::STREAM && has("sleep_minutes"))
    };
    let wanted = |chunks: &&StreamChunks| {
        let id = chunks.stream.id.as_str();
        (chunks.stream.kind.is_number() || id == asleep::STREAM) && !again(id)
    };
    let stream = |chunks: &StreamChunks| {
        let last = chunks.chunks.iter().max_by_key(|chunk| chunk.end)?;
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        for chunk in &chunks.chunks {
            for source in &chunk.sources {
                *counts.entry(*source).or_default() += u64::from(chunk.count) / chunk.sources.len() as u64;
            }
        }
        let (source, _) = counts.into_iter().max_by_key(|(source, count)| (*count, std::cmp::Reverse(*source)))?;
        Some(Stream {
            id: chunks.stream.id.clone(),
            kind: chunks.stream.kind,
            unit: chunks.stream.unit.clone(),
            last: last.end.wall(last.zones.1),
            whole_days: last.end.0 - last.last.0 >= WHOLE_DAY_MS,
            source: (source, index.sources.get(source as usize)?.summary()),
        })
    };
    index.streams.iter().filter(wanted).filter_map(stream).collect()
}

/// The stream's values by day, from long before `day` to `day`.
fn days(twin: &Twin, stream: &Stream, day: i64) -> Result<Days, Failure> {
    let range = Range { from: Some(Edge::Wall((day - REACH_DAYS) * DAY_MS)), to: Some(Edge::Wall((day + 1) * DAY_MS)) };
    let label = table::label(stream.id.as_str()).into_owned();
    let mut days = Days {
        id: stream.id.clone(),
        label,
        unit: stream.unit.clone(),
        made: Made::Mean,
        source: stream.source.1.clone(),
        until: None,
        values: BTreeMap::new(),
    };
    let selection = twin.vault.select_from(&stream.id, range, Some(vec![stream.source.0]))?;
    if stream.kind == Kind::Category {
        days.made = Made::Asleep;
        days.unit = String::from("min");
        days.values = asleep::minutes_by_day(twin, &selection)?;
        return Ok(days);
    }
    let unfinished = stream.last - day * DAY_MS;
    if stream.kind == Kind::Total && (0..OVER_MS).contains(&unfinished) {
        // Whole quarters of an hour are what the days are cut on.
        let until = unfinished / QUARTER_MS * QUARTER_MS;
        days.until = Some(until);
        days.made = Made::Sum;
        for bucket in twin.vault.buckets(&selection, QUARTER_MS)? {
            if bucket.at.rem_euclid(DAY_MS) < until {
                *days.values.entry(bucket.at.div_euclid(DAY_MS)).or_default() += bucket.sum;
            }
        }
        return Ok(days);
    }
    let total = stream.kind == Kind::Total;
    days.made = if total { Made::Sum } else { Made::Mean };
    for bucket in twin.vault.buckets(&selection, DAY_MS)? {
        let value = if total { bucket.sum } else { bucket.sum / bucket.count as f64 };
        days.values.insert(bucket.at.div_euclid(DAY_MS), value);
    }
    Ok(days)
}

fn is_weekend(day: i64) -> bool {
    // 1970-01-01 was a Thursday.
    matches!((day + 3).rem_euclid(7), 5 | 6)
}

/// What the days before `day` say is normal, if they are enough.
fn normal(values: &BTreeMap<i64, f64>, day: i64) -> Option<Normal> {
    let last: Vec<(i64, f64)> = values
        .range(..day)
        .rev()
        .filter(|(_, value)| value.is_finite())
        .take(DAYS_MAX)
        .map(|(d, v)| (*d, *v))
        .collect();
    if last.len() < DAYS_MIN {
        return None;
    }
    let weekend = is_weekend(day);
    let alike: Vec<f64> = last.iter().filter(|(day, _)| is_weekend(*day) == weekend).map(|(_, value)| *value).collect();
    let (mut sorted, of) = if alike.len() >= SAME_KIND_MIN {
        (alike, if weekend { DayKind::Weekends } else { DayKind::Weekdays })
    } else {
        (last.into_iter().map(|(_, value)| value).collect(), DayKind::All)
    };
    sorted.sort_by(f64::total_cmp);
    Some(Normal {
        low: quantile(&sorted, 0.05),
        high: quantile(&sorted, 0.95),
        median: quantile(&sorted, 0.5),
        days: sorted.len() as u32,
        of,
    })
}

/// Linear between neighbours (Hyndman and Fan's type 7, as R and `numpy` have it). `sorted` is not empty.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * (place - place.floor())
}

/// How far a value is from the median, over how far the edge on its side is.
fn unusual(value: f64, normal: &Normal) -> f64 {
    let (distance, edge) = if value >= normal.median {
        (value - normal.median, normal.high - normal.median)
    } else {
        (normal.median - value, normal.median - normal.low)
    };
    if distance <= 0.0 {
        0.0
    } else if edge <= 0.0 {
        MOST
    } else {
        (distance / edge).min(MOST)
    }
}

fn card(days: Days, day: i64, value: f64, normal: Normal, yesterday: Option<f64>) -> Card {
    let direction = if value > normal.high {
        Direction::Above
    } else if value < normal.low {
        Direction::Below
    } else {
        Direction::Inside
    };
    Card {
        stream: days.id,
        label: days.label,
        unit: days.unit,
        value,
        made: days.made,
        day: date_text(day),
        until: days.until.map(|until| wall_text(until)[11..16].to_owned()),
        unusual: unusual(value, &normal),
        normal,
        direction,
        source: days.source,
        changed: SinceYesterday { since_yesterday: yesterday.map(|yesterday| value - yesterday) },
    }
}

fn change(days: &Days, normal: &Normal, yesterday: f64, today: f64) -> Change {
    let (difference, width) = ((today - yesterday).abs(), normal.high - normal.low);
    let share = if difference == 0.0 {
        0.0
    } else if width <= 0.0 {
        MOST
    } else {
        (difference / width).min(MOST)
    };
    Change { stream: days.id.clone(), label: days.label.clone(), unit: days.unit.clone(), yesterday, today, share }
}

fn missing(days: &Days, why: MissingWhy, before: usize) -> Missing {
    Missing { stream: days.id.clone(), label: days.label.clone(), why, days: before as u32, needed: DAYS_MIN as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([1, 2, 4, 8, 16], [0.05, 0.5, 0.95])
        let sorted = [1.0, 2.0, 4.0, 8.0, 16.0];
        for (share, expected) in [(0.05, 1.2), (0.5, 4.0), (0.95, 14.4)] {
            assert!((quantile(&sorted, share) - expected).abs() < 1e-12, "{share}");
        }
        assert_eq!(quantile(&[7.0], 0.95), 7.0);
    }

    #[test]
    fn weekends_are_saturday_and_sunday() {
        let day = |text: &str| parse_day(text).expect("a day");
        for (text, weekend) in [
            ("2024-05-03", false),
            ("2024-05-04", true),
            ("2024-05-05", true),
            ("2024-05-06", false),
            ("1969-12-28", true),
        ] {
            assert_eq!(is_weekend(day(text)), weekend, "{text}");
        }
    }

    #[test]
    fn a_range_of_no_width_makes_nothing_infinite() {
        let values: BTreeMap<i64, f64> = (0..30).map(|day| (day, 5.0)).collect();
        let normal = normal(&values, 30).expect("enough days");
        assert_eq!((unusual(5.0, &normal), unusual(5.1, &normal), unusual(4.0, &normal)), (0.0, MOST, MOST));
        assert!(super::normal(&values, 13).is_none(), "thirteen days are too few");
    }

    #[test]
    fn enough_days_of_one_kind_leave_the_others_out() {
        let values: BTreeMap<i64, f64> = (0..90).map(|day| (day, if is_weekend(day) { 100.0 } else { 10.0 })).collect();
        let monday = (90..97).find(|day| (day + 3i64).rem_euclid(7) == 0).expect("a Monday");
        let weekday = normal(&values, monday).expect("enough days");
        assert_eq!((weekday.of, weekday.median, weekday.high), (DayKind::Weekdays, 10.0, 10.0));
        let weekend = normal(&values, monday + 5).expect("enough days");
        assert_eq!((weekend.of, weekend.median), (DayKind::Weekends, 100.0));
    }
}
