//! The last step before the sink: what every reader checks of every row.

use crate::clock::{Moment, OUT_OF_RANGE};
use crate::error::Fault;
use crate::text;
use didymos_base::{
    Row, Sink, Source, SourceKey, Stream, StreamId, StreamKey, Timestamp, Value, ZoneOffset, observation, streams,
};
use std::collections::{HashMap, HashSet};

/// How many open streams one file may bring: a hostile file has a new type in every record.
const OPEN_STREAMS_MAX: usize = 1_000;
/// How many different notes one file may cause.
const NOTES_MAX: usize = 256;
/// How many bytes pass between two reports of progress.
const PROGRESS_BYTES: u64 = 1 << 20;

pub(crate) struct Outlet<'s> {
    sink: &'s mut dyn Sink,
    known: HashMap<&'static str, StreamKey>,
    open: HashMap<StreamId, (Stream, StreamKey)>,
    notes: HashSet<Box<str>>,
    reported: u64,
}

/// A stretch of time, and the zone at its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) zone: ZoneOffset,
}

impl Span {
    pub(crate) fn at(moment: Moment) -> Self {
        Self { start: moment.at, end: moment.at, zone: moment.zone }
    }

    pub(crate) fn lasting(moment: Moment, ms: i64) -> Self {
        Self { end: Timestamp(moment.at.0 + ms), ..Self::at(moment) }
    }
}

impl<'s> Outlet<'s> {
    pub(crate) fn new(sink: &'s mut dyn Sink) -> Self {
        Self { sink, known: HashMap::new(), open: HashMap::new(), notes: HashSet::new(), reported: 0 }
    }

    /// The key of a stream of the table. `id` is a name in this program, never one from a file.
    pub(crate) fn known(&mut self, id: &'static str) -> StreamKey {
        if let Some(key) = self.known.get(id) {
            return *key;
        }
        let line = streams::known(id).expect("readers name streams of the table");
        let key = self.sink.stream(&line.stream());
        self.known.insert(id, key);
        key
    }

    /// The key of an open stream, or the reason why there is none.
    pub(crate) fn open(&mut self, stream: &Stream) -> Result<StreamKey, &'static str> {
        if let Some((known, key)) = self.open.get(&stream.id) {
            // A stream has one kind and one unit, and nothing says which of two the file means.
            return if known == stream { Ok(*key) } else { Err("unit does not fit the stream") };
        }
        if self.open.len() >= OPEN_STREAMS_MAX {
            return Err("too many streams");
        }
        let key = self.sink.stream(stream);
        self.open.insert(stream.id.clone(), (stream.clone(), key));
        Ok(key)
    }

    pub(crate) fn source(&mut self, source: &Source) -> SourceKey {
        self.sink.source(source)
    }

    /// Hands one row over, or counts why not; says whether it went.
    pub(crate) fn push(
        &mut self,
        stream: StreamKey,
        source: SourceKey,
        span: Span,
        value: Value,
        at: u64,
    ) -> Result<bool, Fault> {
        let Span { start, end, zone } = span;
        if start < Timestamp::MIN || end > Timestamp::MAX || start > Timestamp::MAX {
            self.skip(OUT_OF_RANGE);
        } else if end < start {
            self.skip("end before start");
        } else if !value.is_sound() {
            self.skip(unsound(&value));
        } else {
            self.sink.push(Row { stream, source, start, end, zone, value, at })?;
            return Ok(true);
        }
        Ok(false)
    }

    pub(crate) fn skip(&mut self, reason: &'static str) {
        self.sink.skip(reason);
    }

    /// Notes `what` with a name from the file behind it, as long as there are not too many different ones.
    pub(crate) fn note(&mut self, what: &str, name: &str) {
        let name: String = text::cut(name, 80).chars().filter(|c| !c.is_control()).collect();
        let whole = if name.is_empty() { what.to_owned() } else { format!("{what} {name}") };
        if self.notes.contains(whole.as_str()) {
            self.sink.note(&whole);
        } else if self.notes.len() < NOTES_MAX {
            self.sink.note(&whole);
            self.notes.insert(whole.into());
        } else {
            self.sink.note("passed over: more kinds than are listed");
        }
    }

    /// Tells the sink now and then how far the reader is.
    pub(crate) fn progress(&mut self, bytes: u64) -> Result<(), Fault> {
        if bytes >= self.reported + PROGRESS_BYTES {
            self.reported = bytes;
            self.sink.progress(bytes)?;
        }
        Ok(())
    }
}

fn unsound(value: &Value) -> &'static str {
    match value {
        Value::Number(_) => "not a number",
        Value::Position { .. } => "position out of range",
        Value::Category(_) | Value::Text(_) | Value::Event(_) => "text too long",
    }
}

/// A text that fits into an observation, or the reason why it does not.
pub(crate) fn fitting(text: &str) -> Result<Box<str>, &'static str> {
    match text.trim() {
        "" => Err("value missing"),
        text if text.len() > observation::MAX_TEXT => Err("text too long"),
        text => Ok(text.into()),
    }
}
