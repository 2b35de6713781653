//! What was imported when, and what it brought.
//!
//! An import leaves two things in the journal beside its observations: a record of each file, written with the first
//! commit that holds anything of it, and at its end one of what it brought. An import that breaks off has only the
//! first, and is told of as partial.

use crate::Twin;
use crate::door::Failure;
use crate::response::{ImportReport, ImportShown, ImportState, ImportedFile, ImportsAnswer, StreamCounts};
use crate::twin::now;
use didymos_base::{Timestamp, ZoneOffset, canonical};
use didymos_vault::{ImportId, ObjectKind, PartRecord};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Files that a record names one by one.
const FILES_MAX: usize = 2_000;

/// What an import brought, as the journal keeps it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    import: String,
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

fn skipped_of(files: &[ImportedFile]) -> BTreeMap<String, u64> {
    let mut skipped: BTreeMap<String, u64> = BTreeMap::new();
    for (reason, count) in files.iter().flat_map(|file| &file.skipped) {
        *skipped.entry(reason.clone()).or_default() += count;
    }
    skipped
}

/// Writes down what an import brought.
pub(crate) fn keep(twin: &Twin, kept: Kept) -> Result<(), Failure> {
    let bytes = serde_json::to_vec(&kept).unwrap_or_default();
    Ok(twin.vault.commit_records(&[(ObjectKind::Imports, vec![bytes])], now())?)
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
    // What broke off before its end left only its files.
    let mut broken: HashMap<ImportId, Vec<PartRecord>> = HashMap::new();
    for PartAt { record, .. } in parts(twin)? {
        broken.entry(record.import).or_default().push(record);
    }
    for (id, parts) in broken {
        let id = id_text(&id);
        if !imports.iter().any(|(_, known)| known.import.as_deref() == Some(&id)) {
            let began = parts.iter().map(|part| part.time).min().unwrap_or(Timestamp(0));
            imports.push((began, broken_off(id, began, parts)));
        }
    }
    imports.sort_by_key(|(began, _)| std::cmp::Reverse(*began));
    Ok(ImportsAnswer { imports: imports.into_iter().map(|(_, shown)| shown).collect() })
}

fn shown(kept: Kept) -> ImportShown {
    ImportShown {
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
    hex(id)
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
