//! Streams day by day, as "what if" and experiments want them: one number a day, known or not, remembered in memory
//! for as long as the stream does not change.

use super::mirror_streams::read;
use crate::Twin;
use crate::capability::asleep;
use crate::door::{Failure, FailureCode};
use didymos_base::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use didymos_base::{Digest, Kind, StreamId};
use didymos_mirror::features::{Column, GREATEST, Grid};
use didymos_vault::timeline::Range;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A day whose data end before this hour is not over.
const OVER_HOUR: i64 = 20;
/// Streams remembered.
const REMEMBERED: usize = 200;

/// A stream, day by day.
#[derive(Debug)]
pub(crate) struct Days {
    pub(crate) stream: StreamId,
    pub(crate) unit: String,
    /// The first day, counted from 1970-01-01.
    pub(crate) first: i64,
    pub(crate) column: Column,
}

/// What tells whether a stream is still the same: how many observations, how many chunks, and the last of them.
type Mark = (u64, usize, Option<Digest>);

/// Streams as they were when they were last read.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<HashMap<Which, (Mark, Arc<Days>)>>);

/// A stream, and which of its sources.
type Which = (StreamId, Option<String>);

impl Days {
    /// The stream on `len` days from `first`.
    pub(crate) fn on(&self, first: i64, len: usize) -> Column {
        let at = |day: i64| usize::try_from(day - self.first).ok().and_then(|day| self.column.get(day));
        Column::from_options((0..len).map(|day| at(first + day as i64)))
    }

    /// The day after the last.
    pub(crate) fn end(&self) -> i64 {
        self.first + self.column.len() as i64
    }
}

/// Whether a stream can be told day by day.
pub(crate) fn is_daily(id: &StreamId, kind: Kind) -> bool {
    kind.is_number() || id.as_str() == asleep::STREAM
}

/// Streams that can be told day by day, most observations first, each with its unit a day.
pub(crate) fn streams(twin: &Twin) -> Vec<(StreamId, String)> {
    let index = twin.vault.index();
    let mut streams: Vec<_> =
        index.streams.iter().filter(|of| of.count > 0 && is_daily(&of.stream.id, of.stream.kind)).collect();
    streams.sort_by(|a, b| (b.count, &a.stream.id).cmp(&(a.count, &b.stream.id)));
    streams.into_iter().map(|of| (of.stream.id.clone(), unit(&of.stream.id, &of.stream.unit))).collect()
}

fn unit(id: &StreamId, unit: &str) -> String {
    if id.as_str() == asleep::STREAM { "min".to_owned() } else { unit.to_owned() }
}

/// Reads a stream day by day, or takes it from memory.
pub(crate) fn days(twin: &Twin, stream: &StreamId, source: Option<&str>) -> Result<Arc<Days>, Failure> {
    let mark = {
        let index = twin.vault.index();
        index.stream(stream).map(|of| (of.count, of.chunks.len(), of.chunks.last().map(|chunk| chunk.id)))
    };
    let key = (stream.clone(), source.map(str::to_owned));
    let remembered = || twin.days.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(mark) = &mark
        && let Some((_, days)) = remembered().get(&key).filter(|(known, _)| known == mark)
    {
        return Ok(Arc::clone(days));
    }
    let days = Arc::new(if stream.as_str() == asleep::STREAM {
        asleep_days(twin, stream, source)?
    } else {
        numbers(twin, stream, source)?
    });
    if let Some(mark) = mark {
        let mut remembered = remembered();
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key, (mark, Arc::clone(&days)));
    }
    Ok(days)
}

fn numbers(twin: &Twin, stream: &StreamId, source: Option<&str>) -> Result<Days, Failure> {
    let series = read(twin, stream, source)?;
    let too_long = || Failure::new(FailureCode::Invalid, format!("`{stream}` spans more time than can be looked at"));
    let grid = Grid::over(series.span.0, series.span.1, DAY_MS, 100_000).ok_or_else(too_long)?;
    let column = series.on(&grid);
    // What is told by the minute and ends at noon is half a day.
    let unfinished = series.usual_gap <= 2 * HOUR_MS && series.span.1.rem_euclid(DAY_MS) < OVER_HOUR * HOUR_MS;
    let whole = column.len() - usize::from(unfinished && column.len() > 1);
    let column = Column::from_options(column.iter().take(whole));
    if column.iter().flatten().any(|value| value.abs() > GREATEST) {
        let message = format!("`{stream}` has values that cannot be calculated with: are units mixed up?");
        return Err(Failure::new(FailureCode::Invalid, message));
    }
    Ok(Days { stream: stream.clone(), unit: series.stream.unit.clone(), first: grid.start.div_euclid(DAY_MS), column })
}

fn asleep_days(twin: &Twin, stream: &StreamId, source: Option<&str>) -> Result<Days, Failure> {
    let selection = twin.vault.select(stream, Range::default(), source)?;
    let minutes = asleep::minutes_by_day(twin, &selection)?;
    let (Some((first, _)), Some((last, _))) = (minutes.first_key_value(), minutes.last_key_value()) else {
        return Err(Failure::new(FailureCode::NotFound, format!("`{stream}` has no sleep in it")));
    };
    let (first, last) = (*first, *last);
    if last - first > 100_000 {
        return Err(Failure::new(FailureCode::Invalid, format!("`{stream}` spans more time than can be looked at")));
    }
    let column = Column::from_options((first..=last).map(|day| minutes.get(&day).copied()));
    Ok(Days { stream: stream.clone(), unit: "min".to_owned(), first, column })
}

/// When days begin on the wall clock.
pub(crate) fn wall(day: i64) -> i64 {
    day.saturating_mul(DAY_MS)
}

/// Minutes of a day.
pub(crate) const MINUTES: i64 = DAY_MS / MINUTE_MS;
