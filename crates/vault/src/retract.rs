//! Taking a whole import back, without erasing anything.
//!
//! The journal only grows, so an import is undone by one more signed record: *these objects do not count any more*. From
//! then on timelines, roll-ups, exports and the search for duplicates pass them over, and the same file, imported again,
//! comes in anew. Commits, signatures, copies and proofs handed out before stay as they are.
//!
//! ```text
//! retraction = [import(16), [object id…]]      canonical CBOR
//! ```
//!
//! Which chunks an import brought follows from the journal: imports run one at a time, and the first commit of each
//! holds a record of its first file.

use crate::commit::ObjectKind;
use crate::error::VaultError;
use crate::import::{ImportId, PartRecord};
use crate::index::Index;
use crate::vault::Vault;
use didymos_base::{Digest, Timestamp, canonical};
use minicbor::{Decode, Encode};
use std::collections::HashSet;
use std::sync::TryLockError;

/// An import that was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Retraction {
    /// The import.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub import: ImportId,
    /// The objects that do not count any more.
    #[n(1)]
    pub objects: Vec<Digest>,
}

impl Vault {
    /// Takes an import back, and returns how many observations do not count any more.
    pub fn retract(&self, import: &ImportId, now: Timestamp) -> Result<u64, VaultError> {
        // What an import that runs will bring is not known yet.
        let _alone = match self.importing.try_lock() {
            Ok(turn) => turn,
            Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(VaultError::Busy(self.dir.clone())),
        };
        self.ensure_whole()?;
        let objects = self.objects_of(import)?;
        let retraction = Retraction { import: *import, objects };
        self.commit_records(&[(ObjectKind::Retractions, vec![canonical::encode(&retraction)])], now)?;
        Ok(self.index_mut().retract(&retraction.objects.into_iter().collect()))
    }

    /// The chunks that an import brought and that still count.
    fn objects_of(&self, import: &ImportId) -> Result<Vec<Digest>, VaultError> {
        // The imports in the order of the journal, each with its first commit.
        let mut begins: Vec<(u64, ImportId)> = Vec::new();
        self.records_of(ObjectKind::Parts, |commit, records| {
            for part in records.iter().rev().filter_map(|bytes| canonical::decode::<PartRecord>(bytes).ok()) {
                match begins.last_mut() {
                    Some(last) if last.1 == part.import => last.0 = commit,
                    _ => begins.push((commit, part.import)),
                }
            }
            true
        })?;
        begins.reverse();
        let at = begins.iter().position(|(_, known)| known == import).ok_or(VaultError::NoObservation)?;
        let commits = begins[at].0..begins.get(at + 1).map_or(u64::MAX, |next| next.0);
        let index = self.index();
        let chunks = index.streams.iter().flat_map(|stream| &stream.chunks);
        Ok(chunks.filter(|chunk| commits.contains(&chunk.commit)).map(|chunk| chunk.id).collect())
    }

    /// Every retraction, oldest first, with the time of its commit.
    pub fn retractions(&self) -> Result<Vec<(Timestamp, Retraction)>, VaultError> {
        let mut found = Vec::new();
        let times: Vec<Timestamp> = self.index().commits.iter().map(|commit| commit.time).collect();
        self.records_of(ObjectKind::Retractions, |commit, records| {
            let time = times.get(commit as usize).copied().unwrap_or(Timestamp(0));
            let records = records.iter().rev().filter_map(|bytes| canonical::decode::<Retraction>(bytes).ok());
            found.extend(records.map(|retraction| (time, retraction)));
            true
        })?;
        found.reverse();
        Ok(found)
    }

    /// Leaves out of the index what was taken back: an index built from commits alone does not know of it.
    pub(crate) fn apply_retractions(&self) -> Result<(), VaultError> {
        let objects: HashSet<Digest> =
            self.retractions()?.into_iter().flat_map(|(_, retraction)| retraction.objects).collect();
        if !objects.is_empty() {
            self.index_mut().retract(&objects);
        }
        Ok(())
    }
}

impl Index {
    /// Leaves these chunks out, and returns how many observations they hold.
    fn retract(&mut self, objects: &HashSet<Digest>) -> u64 {
        let mut observations = 0;
        for stream in &mut self.streams {
            let retracted = stream.chunks.extract_if(.., |chunk| objects.contains(&chunk.id));
            for chunk in retracted {
                stream.count -= u64::from(chunk.count);
                observations += u64::from(chunk.count);
                self.retracted.push(chunk);
            }
        }
        observations
    }
}
