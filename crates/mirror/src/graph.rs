//! The person as a graph: what goes before what.
//!
//! Nodes are streams, the time of day and the weekday. An edge says that one node tells something about another, this
//! many buckets later, *that the other's own past and its daily rhythm did not tell already*. That is what keeps two
//! streams that merely share a rhythm apart: each stream is first predicted from its own past and the calendar, by a
//! regression that at every moment knows only earlier days; what it did *beyond* that (its innovation) is compared with
//! the innovations of the others (prewhitening, Haugh 1976).
//!
//! Every number behind an edge is a sum over days, so a new day is added without looking back ([`Graph::add_day`]), and
//! adding days one by one gives the same graph as building it anew. Days are also the unit of evidence: hours of one
//! day are not independent, so the test of an edge takes each day's sum as one observation (a cluster-robust t-test).
//! Over all possible edges between streams, and over all from the calendar, the false-discovery rate is held by
//! Benjamini and Hochberg's procedure; each lagged edge must also hold beside the other edges into the same node; and
//! its stability is the share of resampled histories, in blocks of weeks, in which it shows.
//!
//! An edge is evidence of order in time, not of cause: only an experiment tells causes.

mod calendar;
mod edges;
mod innovation;
mod student;

use crate::features::DAY_MS;
use calendar::Calendar;
use innovation::Stream;
pub(crate) use student::two_sided;

/// How a graph reads time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Width of a bucket in milliseconds: an hour or a day, in general a part of a day or a day.
    pub step: i64,
    /// Buckets that a cause may lie before its effect, from 1; 0 (at the same time) is always looked at.
    pub lags: Vec<usize>,
}

impl Shape {
    /// Buckets of an hour, up to a day back.
    #[must_use]
    pub fn hours() -> Self {
        Self { step: DAY_MS / 24, lags: vec![1, 2, 3, 4, 5, 6, 8, 10, 12, 18, 24] }
    }

    /// Buckets of a day, up to a week back.
    #[must_use]
    pub fn days() -> Self {
        Self { step: DAY_MS, lags: (1..=7).collect() }
    }

    /// Buckets of a day.
    #[must_use]
    pub fn per_day(&self) -> usize {
        usize::try_from(DAY_MS / self.step.max(1)).unwrap_or(1).max(1)
    }
}

/// A node of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// A stream, by its place in the list.
    Stream(usize),
    /// The time of day.
    TimeOfDay,
    /// The day of the week.
    Weekday,
}

/// A connection with its evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// What comes first.
    pub from: Node,
    /// What follows.
    pub to: Node,
    /// So many buckets later; 0 is at the same time, and then the edge has no direction.
    pub lag: usize,
    /// Between streams the correlation of innovations, −1 to 1; from the calendar the share of variance it explains.
    pub weight: f64,
    /// Chance of evidence this strong where there is no edge.
    pub p: f64,
    /// Days with evidence.
    pub days: usize,
    /// Share of resampled histories in which the edge shows, with the same sign.
    pub stability: f64,
}

/// A graph that grows day by day.
#[derive(Clone, Debug)]
pub struct Graph {
    shape: Shape,
    streams: Vec<Stream>,
    calendars: Vec<Calendar>,
    /// Per ordered pair of streams and per lag (0 first).
    sums: Vec<edges::Sums>,
    days: usize,
}

/// The day does not fit the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a day needs {streams} streams of {per_day} buckets each")]
pub struct BadDay {
    /// Streams of the graph.
    pub streams: usize,
    /// Buckets of a day.
    pub per_day: usize,
}

impl Graph {
    /// An empty graph over so many streams.
    #[must_use]
    pub fn new(streams: usize, shape: Shape) -> Self {
        let per_day = shape.per_day();
        Self {
            streams: vec![Stream::new(per_day); streams],
            calendars: vec![Calendar::new(per_day); streams],
            sums: vec![edges::Sums::default(); streams * streams * (shape.lags.len() + 1)],
            shape,
            days: 0,
        }
    }

    /// Days added so far.
    #[must_use]
    pub fn days(&self) -> usize {
        self.days
    }

    /// Adds the next day: per stream, its buckets of that day. `weekday` is 0 on a Monday.
    pub fn add_day(&mut self, day: &[Vec<Option<f64>>], weekday: usize) -> Result<(), BadDay> {
        let per_day = self.shape.per_day();
        if day.len() != self.streams.len() || day.iter().any(|buckets| buckets.len() != per_day) {
            return Err(BadDay { streams: self.streams.len(), per_day });
        }
        for ((stream, calendar), buckets) in self.streams.iter_mut().zip(&mut self.calendars).zip(day) {
            stream.add_day(buckets, weekday);
            calendar.add_day(buckets, weekday);
        }
        self.days += 1;
        self.add_products();
        Ok(())
    }
}
