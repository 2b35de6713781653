//! Taking files in: a thread that reads, and one that packs and commits.
//!
//! Between them lies a short queue of batches, so that parsing and packing overlap on two cores and a slow disk holds
//! the reader back instead of filling the memory.

use crate::Twin;
use crate::capability::imports;
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::jobs::{JobState, no_job};
use crate::keeper::job_id;
use crate::request::{CsvColumns, Import, UploadWhich};
use crate::response::{ImportReport, ImportedFile, StreamCounts};
use didymos_base::{Digest, Part, Row, Sink, SinkClosed, Source, SourceKey, Stream, StreamKey, Timestamp};
use didymos_intake::{CsvMapping, IntakeError, Options, TimeFormat, expand, read, read_file};
use didymos_vault::spool::SpoolReader;
use didymos_vault::{ImportId, PartReport};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::PoisonError;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Rows that cross at once.
const BATCH: usize = 4_096;
/// Batches that may wait: several streams fill their buffers at about the same time, and the reader should not stand
/// still while they are packed. 16 MB of rows.
const QUEUE: usize = 64;
/// How often the watcher hears of it.
const TICK: Duration = Duration::from_millis(100);

enum Message {
    Part(Part),
    Stream(Stream),
    Source(Source),
    Rows(Vec<Row>),
    PartEnd(u64, Digest),
    Counted { skipped: BTreeMap<String, u64>, notes: BTreeMap<String, u64> },
    Progress(u64),
    FileEnd { name: String, bytes: u64, error: Option<IntakeError> },
}

/// The reader's end of the queue.
struct Sender {
    to: SyncSender<Message>,
    streams: HashMap<Stream, u32>,
    sources: HashMap<Source, u32>,
    rows: Vec<Row>,
    skipped: BTreeMap<String, u64>,
    notes: BTreeMap<String, u64>,
}

impl Sender {
    fn send(&self, message: Message) -> Result<(), SinkClosed> {
        self.to.send(message).map_err(|_| SinkClosed)
    }

    fn send_rows(&mut self) -> Result<(), SinkClosed> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(BATCH));
        self.send(Message::Rows(rows))
    }

    /// What was counted since the last part began.
    fn send_counts(&mut self) -> Result<(), SinkClosed> {
        self.send_rows()?;
        self.send_what_was_left()
    }

    fn send_what_was_left(&mut self) -> Result<(), SinkClosed> {
        let (skipped, notes) = (std::mem::take(&mut self.skipped), std::mem::take(&mut self.notes));
        if skipped.is_empty() && notes.is_empty() { Ok(()) } else { self.send(Message::Counted { skipped, notes }) }
    }
}

fn count(counts: &mut BTreeMap<String, u64>, what: &str) {
    match counts.get_mut(what) {
        Some(count) => *count += 1,
        None => drop(counts.insert(what.to_owned(), 1)),
    }
}

impl Sink for Sender {
    fn begin_part(&mut self, part: Part) -> Result<(), SinkClosed> {
        self.send_counts()?;
        self.send(Message::Part(part))
    }

    fn end_part(&mut self, bytes: u64, digest: Digest) -> Result<(), SinkClosed> {
        self.send_counts()?;
        self.send(Message::PartEnd(bytes, digest))
    }

    fn stream(&mut self, stream: &Stream) -> StreamKey {
        if let Some(key) = self.streams.get(stream) {
            return StreamKey(*key);
        }
        let key = self.streams.len() as u32;
        self.streams.insert(stream.clone(), key);
        // A closed queue is noticed with the next row.
        let _ = self.send(Message::Stream(stream.clone()));
        StreamKey(key)
    }

    fn source(&mut self, source: &Source) -> SourceKey {
        if let Some(key) = self.sources.get(source) {
            return SourceKey(*key);
        }
        let key = self.sources.len() as u32;
        self.sources.insert(source.clone(), key);
        let _ = self.send(Message::Source(source.clone()));
        SourceKey(key)
    }

    fn push(&mut self, row: Row) -> Result<(), SinkClosed> {
        self.rows.push(row);
        if self.rows.len() == BATCH { self.send_rows() } else { Ok(()) }
    }

    fn skip(&mut self, reason: &str) {
        count(&mut self.skipped, reason);
    }

    fn note(&mut self, what: &str) {
        count(&mut self.notes, what);
    }

    fn progress(&mut self, bytes: u64) -> Result<(), SinkClosed> {
        self.send_what_was_left()?;
        self.send(Message::Progress(bytes))
    }
}

fn options(asked: &Import) -> Options {
    Options {
        zone: asked.zone.clone(),
        person: asked.person.clone(),
        csv: asked.csv.as_ref().map(mapping),
        ..Options::default()
    }
}

fn mapping(columns: &CsvColumns) -> CsvMapping {
    let time_format = match columns.time_format.as_deref() {
        None | Some("rfc3339") => TimeFormat::Iso,
        Some("s") => TimeFormat::EpochSeconds,
        Some("ms") => TimeFormat::EpochMilliseconds,
        Some(pattern) => TimeFormat::Pattern(pattern.to_owned()),
    };
    CsvMapping {
        time: columns.time.clone(),
        end: columns.end.clone(),
        value: columns.value.clone(),
        stream: columns.stream.clone(),
        unit: columns.unit.clone(),
        source: columns.source.clone(),
        time_format,
        ..CsvMapping::default()
    }
}

/// A file to read.
struct Incoming {
    name: String,
    bytes: u64,
    from: Origin,
}

enum Origin {
    Path(PathBuf),
    Upload(Box<SpoolReader>),
}

impl Incoming {
    fn read(&mut self, options: &Options, to: &mut Sender) -> Result<(), IntakeError> {
        match &mut self.from {
            Origin::Path(path) => read_file(path, options, to).map(drop),
            Origin::Upload(reader) => read(&self.name, reader.as_mut(), options, to).map(drop),
        }
    }
}

/// How far an import is.
#[derive(Default)]
struct Far<'a> {
    /// The import's id.
    import: &'a str,
    /// Bytes read.
    done: u64,
    /// Rows read, by stream.
    read: &'a [(String, u64)],
    /// Rows left out, by reason.
    skipped: BTreeMap<String, u64>,
}

/// Gets how far it is, now and then.
type Tally<'a> = dyn Fn(Far<'_>) + 'a;

/// What an import is told beside the files.
struct Told<'a> {
    options: Options,
    batch: Option<String>,
    tally: &'a Tally<'a>,
}

/// The files that are meant.
pub(crate) fn files_of(asked: &Import) -> Result<Vec<PathBuf>, Failure> {
    if asked.paths.is_empty() {
        return Err(Failure::new(FailureCode::Invalid, "name at least one file or folder to import"));
    }
    Ok(expand(&asked.paths)?)
}

pub(crate) fn import(twin: &Twin, asked: &Import, watch: Watch<'_>) -> Result<ImportReport, Failure> {
    let incoming = |path: PathBuf| Incoming {
        name: path.display().to_string(),
        bytes: std::fs::metadata(&path).map_or(0, |meta| meta.len()),
        from: Origin::Path(path),
    };
    let files = files_of(asked)?.into_iter().map(incoming).collect();
    take_in(twin, files, Told { options: options(asked), batch: None, tally: &|_| {} }, watch)
}

/// Takes in an upload. Its job tells how far it is, and is gone when it is done.
pub(crate) fn upload(twin: &Twin, which: &UploadWhich, watch: Watch<'_>) -> Result<ImportReport, Failure> {
    let id = job_id(&which.job)?;
    let job = twin.jobs().get(&id).ok_or_else(no_job)?;
    let reader = twin.jobs().reader(&id)?;
    let file = Incoming { name: job.record.name, bytes: reader.len(), from: Origin::Upload(Box::new(reader)) };
    let tally = |far: Far<'_>| {
        let counts =
            |(stream, read): &(String, u64)| (stream.clone(), StreamCounts { read: *read, ..StreamCounts::default() });
        let streams = far.read.iter().map(counts).collect();
        let Far { import, done, skipped, .. } = far;
        twin.jobs().set(&id, JobState::Running { done, import: import.to_owned(), streams, skipped });
    };
    tally(Far::default());
    let options = options(&Import { zone: job.record.zone, ..Import::default() });
    let report = take_in(twin, vec![file], Told { options, batch: job.record.batch, tally: &tally }, watch)?;
    twin.jobs().forget(&id)?;
    Ok(report)
}

/// Says which import runs, until it is dropped.
struct Running<'a>(&'a Twin);

impl<'a> Running<'a> {
    fn new(twin: &'a Twin, id: ImportId) -> Self {
        *twin.importing.lock().unwrap_or_else(PoisonError::into_inner) = Some(id);
        Self(twin)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        *self.0.importing.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn take_in(twin: &Twin, files: Vec<Incoming>, told: Told<'_>, watch: Watch<'_>) -> Result<ImportReport, Failure> {
    let began = Instant::now();
    let Told { options, batch, tally } = told;
    let clock = || twin.now();
    let vault_import = twin.vault.import(&clock)?;
    let vault_import_id = vault_import.id();
    let _running = Running::new(twin, vault_import_id);
    let mut taking = Taking {
        import: vault_import,
        watch,
        whole: files.iter().map(|file| file.bytes).sum(),
        id: imports::id_text(&vault_import_id),
        read: Vec::new(),
        tally,
        before: 0,
        told: Instant::now(),
        files: Vec::new(),
        parts_of_file: 0,
        stopped: false,
    };
    std::thread::scope(|scope| -> Result<(), Failure> {
        let (to, from) = sync_channel(QUEUE);
        scope.spawn(move || {
            let mut sender = Sender {
                to,
                streams: HashMap::new(),
                sources: HashMap::new(),
                rows: Vec::with_capacity(BATCH),
                skipped: BTreeMap::new(),
                notes: BTreeMap::new(),
            };
            for mut file in files {
                let error = file.read(&options, &mut sender).err();
                let closed = sender.send_counts().is_err();
                let Incoming { name, bytes, .. } = file;
                if closed || sender.send(Message::FileEnd { name, bytes, error }).is_err() {
                    return;
                }
            }
        });
        taking.take(&from)
    })?;
    let Taking { import, mut files, stopped, .. } = taking;
    let imported = import.finish()?;
    for file in &mut files {
        if let Some(report) = file.part.and_then(|part| imported.parts.get(part as usize)) {
            fill(&mut file.file, report);
        }
    }
    let began_at = Timestamp(twin.now().0 - began.elapsed().as_millis() as i64);
    let report = ImportReport {
        import: imports::id_text(&imported.id),
        added: imported.parts.iter().map(|part| part.added).sum(),
        duplicate: imported.parts.iter().map(|part| part.duplicate).sum(),
        files: files.into_iter().map(|file| file.file).collect(),
        streams: imported.streams.into_iter().map(|(stream, added)| (stream.id.to_string(), added)).collect(),
        seconds: began.elapsed().as_secs_f64(),
    };
    let whole = !stopped && report.files.iter().all(|file| file.error.is_none());
    let duplicates = imported.duplicates.into_iter().map(|(stream, count)| (stream.id.to_string(), count)).collect();
    imports::keep(twin, &imports::Kept::new(&report, batch, began_at, duplicates, !whole))?;
    if stopped {
        let message = format!(
            "stopped. {} observations that were read before are kept; run the same command again for the rest, \
             which leaves out what is here already",
            report.added
        );
        return Err(Failure::new(FailureCode::Stopped, message));
    }
    Ok(report)
}

fn fill(file: &mut ImportedFile, report: &PartReport) {
    file.added = report.added;
    file.duplicate = report.duplicate;
    if report.unfit > 0 {
        let reason = "this twin has the stream with another unit or kind".to_owned();
        *file.skipped.entry(reason).or_default() += report.unfit;
    }
}

struct TakenFile {
    file: ImportedFile,
    /// Index among the import's parts.
    part: Option<u32>,
}

/// The packer's end of the queue.
struct Taking<'a, 'w> {
    import: didymos_vault::Import<'a>,
    watch: Watch<'w>,
    /// The import's id.
    id: String,
    /// Rows read so far, by stream, in the order of the streams' keys.
    read: Vec<(String, u64)>,
    tally: &'a Tally<'a>,
    /// Bytes of all files, and of those read to their end.
    whole: u64,
    before: u64,
    told: Instant,
    files: Vec<TakenFile>,
    /// Parts that the file being read has begun.
    parts_of_file: usize,
    stopped: bool,
}

impl Taking<'_, '_> {
    /// Takes everything from the queue, until its end or until the watcher wants no more. The queue's
    /// end is dropped behind this, which is what stops the reader.
    fn take(&mut self, from: &Receiver<Message>) -> Result<(), Failure> {
        loop {
            match from.recv_timeout(TICK) {
                Ok(message) => self.handle(message)?,
                Err(RecvTimeoutError::Timeout) => self.tell(self.before),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            if self.stopped {
                return Ok(());
            }
        }
    }

    fn handle(&mut self, message: Message) -> Result<(), Failure> {
        match message {
            Message::Part(part) => {
                let index = self.import.begin_part(&part.name, part.format);
                let file = ImportedFile { path: part.name, format: part.format.to_owned(), ..ImportedFile::default() };
                self.files.push(TakenFile { file, part: Some(index) });
                self.parts_of_file += 1;
            }
            Message::Stream(stream) => {
                let key = self.import.stream(&stream);
                debug_assert_eq!(key.0 as usize, self.read.len(), "keys count up");
                self.read.push((stream.id.to_string(), 0));
            }
            Message::Source(source) => drop(self.import.source(&source)),
            Message::Rows(rows) => {
                let part = self.files.last().and_then(|file| file.part).unwrap_or_default();
                for row in &rows {
                    if let Some((_, read)) = self.read.get_mut(row.stream.0 as usize) {
                        *read += 1;
                    }
                }
                self.import.rows(part, rows)?;
            }
            Message::PartEnd(bytes, digest) => {
                if let Some(part) = self.files.last().and_then(|file| file.part) {
                    self.import.end_part(part, bytes, digest);
                }
            }
            Message::Counted { skipped, notes } => {
                if let Some(TakenFile { file, .. }) = self.files.last_mut() {
                    for (reason, count) in skipped {
                        *file.skipped.entry(reason).or_default() += count;
                    }
                    for (what, count) in notes {
                        *file.notes.entry(what).or_default() += count;
                    }
                }
            }
            Message::Progress(bytes) => self.tell(self.before + bytes),
            Message::FileEnd { name, bytes, error } => {
                self.before += bytes;
                let began = std::mem::take(&mut self.parts_of_file);
                if let Some(error) = error.map(|error| error.to_string()) {
                    match self.files.last_mut().filter(|_| began > 0) {
                        Some(TakenFile { file, .. }) => file.error = Some(error),
                        None => self.files.push(TakenFile {
                            file: ImportedFile {
                                path: name,
                                format: "unknown".to_owned(),
                                error: Some(error),
                                ..ImportedFile::default()
                            },
                            part: None,
                        }),
                    }
                }
                self.tell(self.before);
            }
        }
        Ok(())
    }

    fn tell(&mut self, done: u64) {
        if self.told.elapsed() < TICK {
            return;
        }
        self.told = Instant::now();
        let done = done.min(self.whole);
        let skipped = imports::skipped_of(self.files.iter().map(|file| &file.file));
        (self.tally)(Far { import: &self.id, done, read: &self.read, skipped });
        let progress = Progress { doing: "importing".to_owned(), unit: "bytes".to_owned(), done, of: self.whole };
        self.stopped |= (self.watch)(progress).is_break();
    }
}
