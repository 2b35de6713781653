//! An export: scanned, read, imported.

use didymos_base::{Digest, Part, Row, Sink, SinkClosed, Source, SourceKey, Stream, StreamKey};
use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_intake::{Options, read_file};
use didymos_twin::request::Import;
use didymos_twin::{Door, Request, Response, Twin, unwatched};
use serde_json::{Value, json};
use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::time::Instant;

type Figures = Result<Value, Box<dyn Error>>;

fn rate(file: &Path, began: Instant) -> Result<(f64, f64), Box<dyn Error>> {
    let seconds = began.elapsed().as_secs_f64();
    Ok((seconds, std::fs::metadata(file)?.len() as f64 / 1e6 / seconds))
}

pub(crate) fn scan(file: &Path) -> Figures {
    let began = Instant::now();
    let mut reader = quick_xml::Reader::from_reader(BufReader::with_capacity(1 << 18, File::open(file)?));
    let mut buffer = Vec::new();
    let mut elements = 0u64;
    loop {
        match reader.read_event_into(&mut buffer)? {
            quick_xml::events::Event::Eof => break,
            quick_xml::events::Event::Start(_) | quick_xml::events::Event::Empty(_) => elements += 1,
            _ => {}
        }
        buffer.clear();
    }
    let (seconds, megabytes) = rate(file, began)?;
    Ok(json!({ "elements": elements, "seconds": seconds, "mb_per_second": megabytes }))
}

#[derive(Default)]
struct Counter {
    rows: u64,
    skipped: u64,
    streams: Vec<Stream>,
    sources: Vec<Source>,
}

fn place<T: Clone + PartialEq>(list: &mut Vec<T>, item: &T) -> u32 {
    let known = list.iter().position(|known| known == item);
    known.unwrap_or_else(|| {
        list.push(item.clone());
        list.len() - 1
    }) as u32
}

impl Sink for Counter {
    fn begin_part(&mut self, _: Part) -> Result<(), SinkClosed> {
        Ok(())
    }
    fn end_part(&mut self, _: u64, _: Digest) -> Result<(), SinkClosed> {
        Ok(())
    }
    fn stream(&mut self, stream: &Stream) -> StreamKey {
        StreamKey(place(&mut self.streams, stream))
    }
    fn source(&mut self, source: &Source) -> SourceKey {
        SourceKey(place(&mut self.sources, source))
    }
    fn push(&mut self, _: Row) -> Result<(), SinkClosed> {
        self.rows += 1;
        Ok(())
    }
    fn skip(&mut self, _: &str) {
        self.skipped += 1;
    }
    fn note(&mut self, _: &str) {}
    fn progress(&mut self, _: u64) -> Result<(), SinkClosed> {
        Ok(())
    }
}

pub(crate) fn read(file: &Path) -> Figures {
    let mut counter = Counter::default();
    let began = Instant::now();
    read_file(file, &Options::default(), &mut counter)?;
    let (seconds, megabytes) = rate(file, began)?;
    Ok(json!({
        "rows": counter.rows,
        "skipped": counter.skipped,
        "seconds": seconds,
        "mb_per_second": megabytes,
        "rows_per_second": counter.rows as f64 / seconds,
    }))
}

pub(crate) fn import(file: &Path) -> Figures {
    let home = tempfile::tempdir()?;
    let phrase = RecoveryPhrase::from_entropy([7; 32]);
    let twin = Twin::init(home.path(), &phrase, "a passphrase", KdfCost::STANDARD)?;
    let request = || Request::Import(Import { paths: vec![file.to_owned()], ..Import::default() });
    let mut figures = Vec::new();
    for _ in 0..2 {
        let began = Instant::now();
        let Response::Import(report) = twin.ask(&twin.principal(), request(), &mut unwatched)? else {
            return Err("another answer than asked for".into());
        };
        let (seconds, megabytes) = rate(file, began)?;
        figures.push(json!({
            "added": report.added,
            "duplicate": report.duplicate,
            "seconds": seconds,
            "mb_per_second": megabytes,
        }));
    }
    let Response::Status(status) = twin.ask(&twin.principal(), Request::Status, &mut unwatched)? else {
        return Err("another answer than asked for".into());
    };
    Ok(json!({
        "first": figures[0],
        "again": figures[1],
        "bytes": status.bytes,
        "bytes_per_observation": status.bytes as f64 / status.observations as f64,
    }))
}
