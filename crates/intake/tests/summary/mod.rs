//! What was read, as a few lines of text that a test can state.

#![allow(dead_code, reason = "each test binary uses its own part")]

use didymos_base::{Row, Value};
use didymos_intake::{Collected, IntakeError, Options, read};
use std::fmt::Write as _;
use std::io::Cursor;
use std::path::PathBuf;

pub(crate) fn data(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/data", name].iter().collect()
}

pub(crate) fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(data(name)).expect("sample data")
}

/// Reads `file` from memory: what came before any error, and the error.
pub(crate) fn read_bytes(file: impl AsRef<[u8]>, options: &Options) -> (Collected, Option<IntakeError>) {
    let mut got = Collected::default();
    let outcome = read("file", &mut Cursor::new(file.as_ref()), options, &mut got);
    (got, outcome.err())
}

fn show(row: &Row, got: &Collected) -> String {
    let start = row.start.rfc3339(row.zone);
    let mut text = start;
    if row.end != row.start {
        let _ = write!(text, "+{}s", (row.end.0 - row.start.0) as f64 / 1_000.0);
    }
    let _ = match &row.value {
        Value::Number(number) => write!(text, " {number}"),
        Value::Category(label) | Value::Text(label) | Value::Event(label) => write!(text, " {label}"),
        Value::Position { lat, lon } => write!(text, " {lat},{lon}"),
    };
    let source = got.source_of(row);
    let _ = write!(text, " [{}]", source.summary());
    if let Some(unit) = &source.converted_from {
        let _ = write!(text, " from {unit}");
    }
    text
}

/// Every row in order, then skips and notes.
pub(crate) fn rows(got: &Collected) -> Vec<String> {
    let row = |row: &Row| format!("{} {}", got.stream_of(row).id, show(row, got));
    let skips = got.skips.iter().map(|(reason, count)| format!("skip {count} {reason}"));
    let notes = got.notes.iter().map(|(what, count)| format!("note {count} {what}"));
    got.rows.iter().map(row).chain(skips).chain(notes).collect()
}

/// One line for each stream: count, unit, sum, first and last row; then skips and notes.
pub(crate) fn streams(got: &Collected) -> Vec<String> {
    let mut lines = Vec::new();
    for stream in &got.streams {
        let id = stream.id.as_str();
        let of: Vec<_> = got.rows_of(id).collect();
        let (Some(first), Some(last)) = (of.first(), of.last()) else { continue };
        let sum = got.numbers(id).iter().fold(0.0, |sum, number| sum + number);
        let sum = (sum * 1e6).round() / 1e6;
        let span = format!("{} .. {}", first.start.rfc3339(first.zone), last.start.rfc3339(last.zone));
        lines.push(format!("{id} {} {} sum {sum} {span}", of.len(), stream.unit));
    }
    lines.extend(got.skips.iter().map(|(reason, count)| format!("skip {count} {reason}")));
    lines.extend(got.notes.iter().map(|(what, count)| format!("note {count} {what}")));
    lines
}
