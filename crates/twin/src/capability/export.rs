//! Everything out, in formats that outlive this program.
//!
//! ```text
//! observations/STREAM.csv   one row per observation; pandas and DuckDB read them as they are, one or all at once
//! files.json                the files that were imported, with digests
//! commits.jsonl             one line per commit: signed bytes, signature, certificate, objects and roots
//! identity.json             every version of the DID document, signed, and the newest as W3C DID document
//! README.txt                what the columns mean
//! ```
//!
//! The tables are enough to build an equal twin: `twin import` reads them back. A source is spelled out (as JSON) on the
//! first row of each table that has it, and by its number after that.

use crate::Twin;
use crate::capability::imports;
use crate::capability::timeline::source_of;
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::home::io_failure;
use crate::request::Export;
use crate::response::ExportReport;
use didymos_base::{StreamId, Value, canonical, hex, streams as table};
use didymos_intake::TWIN_CSV_COLUMNS;
use didymos_vault::timeline::Range;
use serde_json::json;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;

const README: &str = "\
This is everything that a twin kept, written by `twin export`.

observations/STREAM.csv
  stream, kind, unit   what was measured; unit is a UCUM code
  start, end           RFC 3339 with the offset from UTC in force; without an offset where it is not known
  value                a number, a label, a text, or an event's attributes as JSON; empty for places
  lat, lon             degrees (WGS 84), for places
  source               number of the source within this table
  source_detail        the source as JSON, on the first row that has it
  position             byte position of the record in the file it was read from
  commit               place in the chain of commits
files.json             the files that were imported, with BLAKE3 digests
commits.jsonl          the signed commits: canonical CBOR, Ed25519 signature, certificate, objects and roots, as hex
identity.json          the versions of the DID document, and the newest as W3C DID document

  pandas:  pandas.read_csv('observations/heart_rate.csv', parse_dates=['start', 'end'])
  DuckDB:  SELECT stream, count(*) FROM read_csv('observations/*.csv', all_varchar = true) GROUP BY stream
  twin:    twin import THIS_FOLDER
";

struct Out<'a> {
    dir: &'a Path,
    files: u64,
    bytes: u64,
}

struct Counted<W> {
    inner: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl Out<'_> {
    fn write(
        &mut self,
        name: &str,
        fill: impl FnOnce(&mut Counted<BufWriter<File>>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let path = self.dir.join(name);
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let created = options.open(&path).map_err(|error| io_failure("create", &path, &error))?;
        let mut to = Counted { inner: BufWriter::with_capacity(1 << 18, created), bytes: 0 };
        fill(&mut to)?;
        let done = to.flush().and_then(|()| to.inner.get_ref().sync_all());
        done.map_err(|error| io_failure("write", &path, &error))?;
        self.files += 1;
        self.bytes += to.bytes;
        Ok(())
    }
}

pub(crate) fn export(twin: &Twin, asked: &Export, watch: Watch<'_>) -> Result<ExportReport, Failure> {
    twin.vault.ensure_whole()?;
    let dir = &asked.dir;
    let occupied = std::fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if occupied {
        let message = format!("{} is not empty: name a folder that does not exist yet", dir.display());
        return Err(Failure::new(FailureCode::Invalid, message));
    }
    let observations = dir.join("observations");
    std::fs::create_dir_all(&observations).map_err(|error| io_failure("make", &observations, &error))?;
    let mut out = Out { dir, files: 0, bytes: 0 };
    let (streams, of) = {
        let index = twin.vault.index();
        let streams: Vec<StreamId> = index.streams.iter().map(|stream| stream.stream.id.clone()).collect();
        (streams, index.observations())
    };
    let mut done = 0;
    for stream in streams {
        out.write(&format!("observations/{stream}.csv"), |to| write_stream(twin, &stream, to, &mut done, of, watch))?;
    }
    out.write("files.json", |to| {
        let parts = parts(twin)?;
        write_json(to, &serde_json::Value::Array(parts))
    })?;
    let failed = |error: io::Error| io_failure("write to", dir, &error);
    out.write("commits.jsonl", |to| {
        let count = twin.vault.index().commits.len() as u64;
        for seq in 0..count {
            let line = commit_line(twin, seq)?;
            writeln!(to, "{line}").map_err(failed)?;
        }
        Ok(())
    })?;
    out.write("identity.json", |to| {
        let versions = twin.vault.identity()?;
        let signed: Vec<String> = versions.iter().map(|version| hex::encode(&version.encode())).collect();
        write_json(to, &json!({ "did_document": twin.document()?.to_json(), "versions": signed }))
    })?;
    out.write("README.txt", |to| to.write_all(README.as_bytes()).map_err(failed))?;
    Ok(ExportReport { dir: dir.display().to_string(), files: out.files, observations: done, bytes: out.bytes })
}

fn write_json(to: &mut impl Write, value: &serde_json::Value) -> Result<(), Failure> {
    serde_json::to_writer_pretty(to, value)
        .map_err(|error| Failure::new(FailureCode::Io, format!("cannot write the export: {error}")))
}

fn write_stream(
    twin: &Twin,
    id: &StreamId,
    to: &mut impl Write,
    done: &mut u64,
    of: u64,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let selection = twin.vault.select(id, Range::default(), None)?;
    let kind = selection.stream.kind;
    let kind_text =
        serde_json::to_value(kind).ok().and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default();
    let mut csv = csv::Writer::from_writer(to);
    let mut result = csv.write_record(TWIN_CSV_COLUMNS);
    let mut sources: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut stopped = false;
    twin.vault.each(&selection, |found| {
        let next = sources.len();
        let (number, detail) = if let Some(number) = sources.get(found.source()) {
            (*number, String::new())
        } else {
            sources.insert(found.source().to_vec(), next);
            (next, serde_json::to_string(&source_of(&found)).unwrap_or_default())
        };
        let (value, lat, lon) = match found.chunk.front.value(kind, found.index) {
            Value::Number(number) => (number.to_string(), String::new(), String::new()),
            Value::Position { lat, lon } => (String::new(), lat.to_string(), lon.to_string()),
            Value::Category(text) | Value::Text(text) | Value::Event(text) => {
                (text.into(), String::new(), String::new())
            }
        };
        result = csv.write_record([
            id.as_str(),
            &kind_text,
            &selection.stream.unit,
            &found.start().rfc3339(found.zone()),
            &found.end().rfc3339(found.zone()),
            &value,
            &lat,
            &lon,
            &number.to_string(),
            &detail,
            &found.chunk.back.at[found.index].to_string(),
            &found.at.commit.to_string(),
        ]);
        *done += 1;
        if (*done).is_multiple_of(65_536) {
            let unit = "observations".to_owned();
            stopped = watch(Progress { doing: "exporting".to_owned(), unit, done: *done, of }).is_break();
        }
        if result.is_err() || stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if stopped {
        let message = "stopped; the folder holds part of the export: delete it, and export again";
        return Err(Failure::new(FailureCode::Stopped, message));
    }
    let written = result.and_then(|()| csv.flush().map_err(csv::Error::from));
    written.map_err(|error| Failure::new(FailureCode::Io, format!("cannot write the export of {id}: {error}")))
}

/// Every imported file.
fn parts(twin: &Twin) -> Result<Vec<serde_json::Value>, Failure> {
    let part = |part: imports::PartAt| {
        json!({
            "id": hex::encode(&part.record.id),
            "import": hex::encode(&part.record.import),
            "name": part.record.name,
            "format": part.record.format,
            "imported": part.record.time.rfc3339(didymos_base::ZoneOffset::UTC),
            "bytes": part.record.whole.map(|(bytes, _)| bytes),
            "blake3": part.record.whole.map(|(_, digest)| digest),
            "commit": part.commit,
        })
    };
    Ok(imports::parts(twin)?.into_iter().map(part).collect())
}

fn commit_line(twin: &Twin, seq: u64) -> Result<serde_json::Value, Failure> {
    let frame = twin.vault.commit_frame(seq)?;
    let commit = &frame.commit;
    let objects: Vec<_> = frame
        .entries
        .iter()
        .map(|entry| {
            let stream = entry.span.as_ref().map(|span| &frame.streams[span.stream as usize].id);
            json!({
                "id": entry.id,
                "kind": entry.kind.purpose(),
                "root": entry.root,
                "count": entry.count,
                "stream": stream,
                "code": stream.and_then(|id| table::known(id.as_str())).and_then(|known| known.code),
            })
        })
        .collect();
    Ok(json!({
        "seq": commit.seq,
        "digest": commit.digest(),
        "previous": commit.previous,
        "history": commit.history,
        "time": commit.time.rfc3339(didymos_base::ZoneOffset::UTC),
        "device": commit.device,
        "objects_root": commit.objects,
        "observations": commit.observations,
        "objects": objects,
        "signed": hex::encode(&canonical::encode(commit)),
        "signature": frame.signature,
        "certificate": hex::encode(&frame.certificate.encode()),
    }))
}
