//! What must hold of everything that a reader hands over, whatever the file.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run intake_apple -- -max_total_time=60` on the stable toolchain.

use didymos_base::{Digest, Part, Row, Sink, SinkClosed, Source, SourceKey, Stream, StreamKey, Timestamp, Value};
use didymos_intake::{IntakeError, Options, read};
use std::collections::HashMap;
use std::io::Cursor;

/// A sink that keeps nothing and believes nothing.
#[derive(Default)]
pub struct Checking {
    streams: Vec<Stream>,
    keys: HashMap<Stream, StreamKey>,
    sources: Vec<Source>,
    open: bool,
    progress: u64,
}

impl Sink for Checking {
    fn begin_part(&mut self, part: Part) -> Result<(), SinkClosed> {
        assert!(!self.open, "parts nest");
        assert!(!part.name.is_empty() && !part.format.is_empty());
        self.open = true;
        self.progress = 0;
        Ok(())
    }

    fn end_part(&mut self, _: u64, _: Digest) -> Result<(), SinkClosed> {
        assert!(self.open, "an end without a beginning");
        self.open = false;
        Ok(())
    }

    fn stream(&mut self, stream: &Stream) -> StreamKey {
        assert_eq!(stream.id.as_str().parse().as_ref(), Ok(&stream.id));
        assert!(didymos_base::unit::find(&stream.unit).is_some(), "{}", stream.unit);
        let next = StreamKey(self.streams.len() as u32);
        *self.keys.entry(stream.clone()).or_insert_with(|| {
            self.streams.push(stream.clone());
            next
        })
    }

    fn source(&mut self, source: &Source) -> SourceKey {
        assert!(source.app.len() <= 1_024);
        self.sources.push(source.clone());
        SourceKey(self.sources.len() as u32 - 1)
    }

    fn push(&mut self, row: Row) -> Result<(), SinkClosed> {
        assert!(self.open, "a row outside of any part");
        assert!(row.start <= row.end, "ends before it starts");
        assert!(row.start >= Timestamp::MIN && row.end <= Timestamp::MAX, "a time that no life has");
        assert!(row.value.is_sound(), "{:?}", row.value);
        assert!((row.source.0 as usize) < self.sources.len());
        let stream = &self.streams[row.stream.0 as usize];
        assert_eq!(stream.kind.is_number(), matches!(row.value, Value::Number(_)), "{stream:?} {:?}", row.value);
        Ok(())
    }

    fn skip(&mut self, reason: &str) {
        assert!(!reason.is_empty() && reason.len() < 80);
    }

    fn note(&mut self, what: &str) {
        assert!(!what.is_empty() && what.len() < 256);
    }

    fn progress(&mut self, bytes: u64) -> Result<(), SinkClosed> {
        assert!(bytes >= self.progress, "progress goes back");
        self.progress = bytes;
        Ok(())
    }
}

/// Reads `file`, called `name`; an error is an answer, a panic is not.
pub fn check(name: &str, file: &[u8], options: &Options) {
    let mut sink = Checking::default();
    match read(name, &mut Cursor::new(file), options, &mut sink) {
        Ok(_) => assert!(!sink.open, "read to the end, and the part was not ended"),
        Err(error @ IntakeError::Stopped(_)) => panic!("{error}, though nobody stopped it"),
        Err(error) => assert!(error.to_string().len() < 4_096),
    }
}
