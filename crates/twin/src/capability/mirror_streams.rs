//! Streams as the mirror wants them: on a grid of the owner's wall clock, known or unknown.

use crate::Twin;
use crate::door::{Failure, FailureCode};
use didymos_base::time::DAY_MS;
use didymos_base::{Kind, Stream, StreamId, Value};
use didymos_mirror::features::{Column, Grid, How, Samples, resample};
use didymos_vault::timeline::Range;
use std::collections::HashMap;
use std::ops::ControlFlow;

/// Observations of one stream in memory at most: one a minute for twenty years.
const MOST: usize = 10_000_000;

/// One source's observations.
#[derive(Default)]
struct Told {
    /// The last millisecond that the value is about: before that, nobody could know it.
    at: Vec<i64>,
    duration: Vec<i64>,
    value: Vec<f64>,
}

/// A stream, read.
pub(crate) struct Series {
    pub(crate) stream: Stream,
    how: How,
    told: Vec<Told>,
    /// First and last moment on the wall clock.
    pub(crate) span: (i64, i64),
    /// Half of all neighbours are at most this many milliseconds apart.
    pub(crate) usual_gap: i64,
    /// Observations that lie in the future and were passed over: a clock was wrong.
    pub(crate) in_future: u64,
}

/// Reads a stream.
pub(crate) fn read(twin: &Twin, stream: &StreamId, source: Option<&str>) -> Result<Series, Failure> {
    let selection = twin.vault.select(stream, Range::default(), source)?;
    let kind = selection.stream.kind;
    if !kind.is_number() {
        let message =
            format!("`{stream}` holds no numbers: choose a stream whose values are numbers from `twin streams`");
        return Err(Failure::new(FailureCode::Invalid, message));
    }
    // A day's grace is for travellers.
    let until = twin.now().0 + DAY_MS;
    let mut told: Vec<Told> = Vec::new();
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let (mut count, mut in_future) = (0, 0);
    twin.vault.each(&selection, |found| {
        if found.start().0 > until {
            in_future += 1;
            return ControlFlow::Continue(());
        }
        let (start, end) = (found.start().wall(found.zone()), found.end().wall(found.zone()));
        let duration = end - start;
        let Value::Number(value) = found.chunk.front.value(kind, found.index) else { return ControlFlow::Continue(()) };
        let place = places.get(found.source()).copied().unwrap_or_else(|| {
            told.push(Told::default());
            places.insert(found.source().to_vec(), told.len() - 1);
            told.len() - 1
        });
        let own = &mut told[place];
        own.at.push((end - 1).max(start));
        own.duration.push(duration);
        own.value.push(value);
        count += 1;
        if count < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let moments = || told.iter().flat_map(|told| told.at.iter().copied());
    let (Some(first), Some(last)) = (moments().min(), moments().max()) else {
        let message = format!(
            "`{stream}` has nothing to learn from here: `twin streams` shows what there is, and from when to when"
        );
        return Err(Failure::new(FailureCode::NotFound, message));
    };
    let how = if kind == Kind::Reading { How::Mean } else { How::Sum };
    let usual_gap = usual_gap(&told);
    Ok(Series { stream: selection.stream.clone(), how, told, span: (first, last), usual_gap, in_future })
}

fn usual_gap(told: &[Told]) -> i64 {
    let mut gaps: Vec<i64> =
        told.iter().flat_map(|told| told.at.windows(2).map(|pair| pair[1] - pair[0])).filter(|gap| *gap > 0).collect();
    if gaps.is_empty() {
        return DAY_MS;
    }
    let middle = gaps.len() / 2;
    *gaps.select_nth_unstable(middle).1
}

impl Series {
    /// The stream on this grid. What was counted over much longer than a bucket says nothing about single buckets.
    pub(crate) fn on(&self, grid: &Grid) -> Column {
        let fits = |told: &Told| -> (Vec<i64>, Vec<f64>) {
            let rows = told.at.iter().zip(&told.value).zip(&told.duration);
            rows.filter(|(_, duration)| **duration <= grid.step + grid.step / 2)
                .map(|((at, value), _)| (*at, *value))
                .unzip()
        };
        let parts: Vec<(Vec<i64>, Vec<f64>)> = self.told.iter().map(fits).collect();
        let samples: Vec<Samples<'_>> = parts.iter().map(|(start, value)| Samples { start, value }).collect();
        resample(&samples, grid, self.how)
    }
}
