//! What was imported when, and what it brought.
//!
//! An import leaves two things in the journal beside its observations: a record of each file, written with the first
//! commit that holds anything of it, and at its end one of what it brought. An import that breaks off has only the
//! first, and is told of as partial.

use crate::Twin;
use crate::door::{Failure, FailureCode};
use crate::jobs::{Job, JobState};
use crate::request::ImportWhich;
use crate::response::{ImportReport, ImportShown, ImportState, ImportedFile, ImportsAnswer, StreamCounts, UndoAnswer};
use didymos_base::{Timestamp, ZoneOffset, canonical, hex};
use didymos_vault::{ImportId, ObjectKind, PartRecord};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::PoisonError;

/// Files that a record names one by one.
const FILES_MAX: usize = 2_000;

/// What an import brought, as the journal keeps it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    import: String,
    #[serde(default)]
    batch: Option<String>,
    began: Timestamp,
    seconds: f64,
    files: Vec<ImportedFile>,
    files_more: u64,
    added: u64,
    duplicate: u64,
    skipped: BTreeMap<String, u64>,
    streams: BTreeMap<String, StreamCounts>,
    stopped: bool,
}

impl Kept {
    pub(crate) fn new(
        report: &ImportReport,
        batch: Option<String>,
        began: Timestamp,
        duplicates: BTreeMap<String, u64>,
        stopped: bool,
    ) -> Self {
        let mut streams: BTreeMap<String, StreamCounts> = BTreeMap::new();
        for (stream, added) in &report.streams {
            streams.entry(stream.clone()).or_default().added = *added;
        }
        for (stream, duplicate) in duplicates {
            streams.entry(stream).or_default().duplicate = duplicate;
        }
        Self {
            import: report.import.clone(),
            batch,
            began,
            seconds: report.seconds,
            files: report.files.iter().take(FILES_MAX).cloned().collect(),
            files_more: report.files.len().saturating_sub(FILES_MAX) as u64,
            added: report.added,
            duplicate: report.duplicate,
            skipped: skipped_of(&report.files),
            streams,
            stopped,
        }
    }
}

/// Rows of all these files that were left out, by reason.
pub(crate) fn skipped_of<'a>(files: impl IntoIterator<Item = &'a ImportedFile>) -> BTreeMap<String, u64> {
    let mut skipped: BTreeMap<String, u64> = BTreeMap::new();
    for (reason, count) in files.into_iter().flat_map(|file| &file.skipped) {
        *skipped.entry(reason.clone()).or_default() += count;
    }
    skipped
}

/// Writes down what an import brought.
pub(crate) fn keep(twin: &Twin, kept: &Kept) -> Result<(), Failure> {
    let bytes = serde_json::to_vec(kept).unwrap_or_default();
    Ok(twin.vault.commit_records(&[(ObjectKind::Imports, vec![bytes])], twin.now())?)
}

/// A file or archive member, and the commit that holds its newest record.
pub(crate) struct PartAt {
    pub(crate) record: PartRecord,
    pub(crate) commit: u64,
}

/// Every imported file, as its newest record has it, oldest first.
pub(crate) fn parts(twin: &Twin) -> Result<Vec<PartAt>, Failure> {
    let mut seen = std::collections::HashSet::new();
    let mut parts = Vec::new();
    twin.vault.records_of(ObjectKind::Parts, |commit, records| {
        for record in records.iter().rev().filter_map(|bytes| canonical::decode::<PartRecord>(bytes).ok()) {
            if seen.insert(record.id) {
                parts.push(PartAt { record, commit });
            }
        }
        true
    })?;
    parts.reverse();
    Ok(parts)
}

/// Every record of what an import brought, newest first.
fn kept(twin: &Twin) -> Result<Vec<Kept>, Failure> {
    let mut kept = Vec::new();
    twin.vault.records_of(ObjectKind::Imports, |_, records| {
        kept.extend(records.iter().rev().filter_map(|bytes| serde_json::from_slice::<Kept>(bytes).ok()));
        true
    })?;
    Ok(kept)
}

pub(crate) fn list(twin: &Twin) -> Result<ImportsAnswer, Failure> {
    twin.vault.ensure_whole()?;
    let mut imports: Vec<(Timestamp, ImportShown)> =
        kept(twin)?.into_iter().map(|kept| (kept.began, shown(kept))).collect();
    // An upload that runs is told of by its job.
    let jobs = twin.jobs().all();
    let running = *twin.importing.lock().unwrap_or_else(PoisonError::into_inner);
    let by_job =
        |id: &str| jobs.iter().any(|job| matches!(&job.state, JobState::Running { import, .. } if import == id));
    // What broke off before its end left only its files.
    let mut broken: HashMap<ImportId, Vec<PartRecord>> = HashMap::new();
    for PartAt { record, .. } in parts(twin)? {
        broken.entry(record.import).or_default().push(record);
    }
    for (id, parts) in broken {
        let id = id_text(&id);
        if !imports.iter().any(|(_, known)| known.import.as_deref() == Some(&id)) && !by_job(&id) {
            let began = parts.iter().map(|part| part.time).min().unwrap_or(Timestamp(0));
            let runs = running.is_some_and(|running| id_text(&running) == id);
            let state = if runs { ImportState::Running } else { ImportState::Partial };
            imports.push((began, ImportShown { state, ..broken_off(id, began, parts) }));
        }
    }
    for (time, retraction) in twin.vault.retractions()? {
        let id = id_text(&retraction.import);
        for (_, shown) in imports.iter_mut().filter(|(_, shown)| shown.import.as_deref() == Some(&id)) {
            shown.state = ImportState::Undone;
            shown.undone = Some(time.rfc3339(ZoneOffset::UTC));
        }
    }
    imports.extend(jobs.into_iter().map(|job| (job.record.received, of_job(job))));
    imports.sort_by_key(|(began, _)| std::cmp::Reverse(*began));
    Ok(ImportsAnswer { imports: imports.into_iter().map(|(_, shown)| shown).collect() })
}

/// Takes an import back.
pub(crate) fn undo(twin: &Twin, which: &ImportWhich) -> Result<UndoAnswer, Failure> {
    twin.vault.ensure_whole()?;
    let missing = || Failure::new(FailureCode::NotFound, "there is no such import: `imports.list@1` lists them all");
    let part = parts(twin)?.into_iter().find(|part| id_text(&part.record.import) == which.import);
    let import = part.ok_or_else(missing)?.record.import;
    if twin.vault.retractions()?.iter().any(|(_, retraction)| retraction.import == import) {
        return Err(Failure::new(FailureCode::Invalid, "this import was taken back already"));
    }
    Ok(UndoAnswer { observations: twin.vault.retract(&import, twin.now())? })
}

fn of_job(job: Job) -> ImportShown {
    let (state, done, import, streams, skipped, error) = match job.state {
        JobState::Waiting => (ImportState::Waiting, None, None, BTreeMap::new(), BTreeMap::new(), None),
        JobState::Running { done, import, streams, skipped } => {
            (ImportState::Running, Some(done), Some(import), streams, skipped, None)
        }
        JobState::Failed(why) => (ImportState::Failed, None, None, BTreeMap::new(), BTreeMap::new(), Some(why)),
    };
    ImportShown {
        import: import.filter(|import| !import.is_empty()),
        job: Some(hex::encode(&job.id)),
        name: job.record.name,
        batch: job.record.batch,
        state,
        began: job.record.received.rfc3339(ZoneOffset::UTC),
        done,
        of: Some(job.record.bytes),
        error,
        files: Vec::new(),
        files_more: 0,
        added: 0,
        duplicate: 0,
        streams,
        skipped,
        seconds: 0.0,
        undone: None,
    }
}

fn shown(kept: Kept) -> ImportShown {
    ImportShown {
        job: None,
        batch: kept.batch,
        done: None,
        of: None,
        error: None,
        name: kept.files.first().map(|file| file.path.clone()).unwrap_or_default(),
        import: Some(kept.import),
        state: if kept.stopped { ImportState::Partial } else { ImportState::Done },
        began: kept.began.rfc3339(ZoneOffset::UTC),
        files: kept.files,
        files_more: kept.files_more,
        added: kept.added,
        duplicate: kept.duplicate,
        streams: kept.streams,
        skipped: kept.skipped,
        seconds: kept.seconds,
        undone: None,
    }
}

fn broken_off(id: String, began: Timestamp, parts: Vec<PartRecord>) -> ImportShown {
    let files_more = parts.len().saturating_sub(FILES_MAX) as u64;
    let file = |part: PartRecord| ImportedFile { path: part.name, format: part.format, ..ImportedFile::default() };
    ImportShown {
        import: Some(id),
        job: None,
        batch: None,
        done: None,
        of: None,
        error: None,
        name: parts.first().map(|part| part.name.clone()).unwrap_or_default(),
        state: ImportState::Partial,
        began: began.rfc3339(ZoneOffset::UTC),
        files: parts.into_iter().take(FILES_MAX).map(file).collect(),
        files_more,
        added: 0,
        duplicate: 0,
        streams: BTreeMap::new(),
        skipped: BTreeMap::new(),
        seconds: 0.0,
        undone: None,
    }
}

/// Observations that imports left out because they were here already, by stream.
pub(crate) fn duplicates_by_stream(twin: &Twin) -> Result<BTreeMap<String, u64>, Failure> {
    let mut duplicates: BTreeMap<String, u64> = BTreeMap::new();
    for (stream, counts) in kept(twin)?.into_iter().flat_map(|kept| kept.streams) {
        *duplicates.entry(stream).or_default() += counts.duplicate;
    }
    Ok(duplicates)
}

/// An import's name in answers.
pub(crate) fn id_text(id: &ImportId) -> String {
    hex::encode(id)
}
