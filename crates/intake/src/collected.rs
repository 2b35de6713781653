//! A sink that keeps everything in memory, for tests and small looks.

use didymos_base::{Digest, Part, Row, Sink, SinkClosed, Source, SourceKey, Stream, StreamKey, Value};
use std::collections::BTreeMap;

/// Everything that a reader handed over, in order.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// The rows.
    pub rows: Vec<Row>,
    /// How many records were not taken, by reason.
    pub skips: BTreeMap<String, u64>,
    /// What was passed over on purpose, and how often.
    pub notes: BTreeMap<String, u64>,
    /// The parts read.
    pub parts: Vec<CollectedPart>,
    /// The streams; a [`StreamKey`] is an index into them.
    pub streams: Vec<Stream>,
    /// The sources; a [`SourceKey`] is an index into them.
    pub sources: Vec<Source>,
}

/// One part and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectedPart {
    /// The part as announced.
    pub part: Part,
    /// Its length and digest, once it was read to its end.
    pub end: Option<(u64, Digest)>,
}

impl Collected {
    /// The rows of one stream.
    pub fn rows_of<'a>(&'a self, stream: &'a str) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(move |row| self.stream_of(row).id.as_str() == stream)
    }

    /// The numbers of one stream.
    #[must_use]
    pub fn numbers(&self, stream: &str) -> Vec<f64> {
        let number = |row: &Row| if let Value::Number(number) = row.value { Some(number) } else { None };
        self.rows_of(stream).filter_map(number).collect()
    }

    /// The labels, texts or events of one stream.
    #[must_use]
    pub fn texts<'a>(&'a self, stream: &'a str) -> Vec<&'a str> {
        self.rows_of(stream)
            .filter_map(|row| match &row.value {
                Value::Category(text) | Value::Text(text) | Value::Event(text) => Some(&**text),
                Value::Number(_) | Value::Position { .. } => None,
            })
            .collect()
    }

    /// How many rows each stream has.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for row in &self.rows {
            *counts.entry(self.stream_of(row).id.as_str()).or_default() += 1;
        }
        counts
    }

    /// The stream of a row.
    #[must_use]
    pub fn stream_of(&self, row: &Row) -> &Stream {
        &self.streams[row.stream.0 as usize]
    }

    /// The source of a row.
    #[must_use]
    pub fn source_of(&self, row: &Row) -> &Source {
        &self.sources[row.source.0 as usize]
    }
}

fn index_of<T: Clone + PartialEq>(list: &mut Vec<T>, item: &T) -> u32 {
    let at = list.iter().position(|known| known == item).unwrap_or_else(|| {
        list.push(item.clone());
        list.len() - 1
    });
    at as u32
}

impl Sink for Collected {
    fn begin_part(&mut self, part: Part) -> Result<(), SinkClosed> {
        self.parts.push(CollectedPart { part, end: None });
        Ok(())
    }

    fn end_part(&mut self, bytes: u64, digest: Digest) -> Result<(), SinkClosed> {
        if let Some(part) = self.parts.last_mut() {
            part.end = Some((bytes, digest));
        }
        Ok(())
    }

    fn stream(&mut self, stream: &Stream) -> StreamKey {
        StreamKey(index_of(&mut self.streams, stream))
    }

    fn source(&mut self, source: &Source) -> SourceKey {
        SourceKey(index_of(&mut self.sources, source))
    }

    fn push(&mut self, row: Row) -> Result<(), SinkClosed> {
        self.rows.push(row);
        Ok(())
    }

    fn skip(&mut self, reason: &str) {
        *self.skips.entry(reason.to_owned()).or_default() += 1;
    }

    fn note(&mut self, what: &str) {
        *self.notes.entry(what.to_owned()).or_default() += 1;
    }

    fn progress(&mut self, _: u64) -> Result<(), SinkClosed> {
        Ok(())
    }
}
