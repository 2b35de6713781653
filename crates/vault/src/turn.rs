//! The turn to write: objects are staged behind the journal's end, and count once a signed commit lists them.

use crate::chunk::{self, OpenChunk};
use crate::commit::{CONTEXT, Commit, CommitFrame, Entry, MAX_OBJECTS, ObjectKind, Span};
use crate::error::VaultError;
use crate::frame::{FrameKind, HEAD_LEN};
use crate::journal::{Acknowledged, Placed};
use crate::records::{encode_records, records_root};
use crate::vault::{Vault, unpoisoned};
use didymos_base::{Digest, Source, Stream, Timestamp, canonical, merkle};
use std::sync::MutexGuard;

/// An object on its way into a commit.
pub(crate) struct Staged {
    pub entry: Entry,
    pub stream: Option<Stream>,
    pub sources: Vec<Source>,
}

/// The right to write, until it is committed or dropped.
pub(crate) struct Turn<'v> {
    vault: &'v Vault,
    staged: Vec<Staged>,
    _alone: MutexGuard<'v, ()>,
}

impl<'v> Turn<'v> {
    /// A turn, as long as `alone` keeps others out.
    pub(crate) fn new(vault: &'v Vault, alone: MutexGuard<'v, ()>) -> Self {
        Self { vault, staged: Vec::new(), _alone: alone }
    }

    /// Writes an object behind the journal's end.
    pub(crate) fn stage(
        &mut self,
        payload: &[u8],
        entry: impl FnOnce(Digest) -> Entry,
        stream: Option<Stream>,
        sources: Vec<Source>,
    ) -> Result<(), VaultError> {
        if payload.len() > chunk::MAX_SEALED {
            return Err(VaultError::TooMuch("an object of more than 16 MiB"));
        }
        let (id, _) = unpoisoned(self.vault.journal.write()).stage(FrameKind::Object, payload)?;
        self.staged.push(Staged { entry: entry(id), stream, sources });
        Ok(())
    }

    pub(crate) fn stage_records(&mut self, kind: ObjectKind, items: &[Vec<u8>]) -> Result<(), VaultError> {
        let salt = self.vault.seal.fresh.random();
        let plain = encode_records(&salt, items);
        let sealed = self.vault.seal.seal_records(kind, &plain).ok_or(VaultError::TooMuch("records of that kind"))?;
        let (root, count) = (records_root(&salt, items), items.len() as u32);
        let entry = |id| Entry { id, kind, root, count, len: sealed.len() as u32, span: None };
        self.stage(&sealed, entry, None, Vec::new())
    }

    /// Signs what is staged, writes the commit and returns once it is durable. On any failure nothing of it counts.
    pub(crate) fn commit(&mut self, now: Timestamp) -> Result<(), VaultError> {
        if self.staged.is_empty() {
            return Ok(());
        }
        if self.staged.len() > MAX_OBJECTS {
            return Err(VaultError::TooMuch("more than 512 objects in one commit"));
        }
        let vault = self.vault;
        let signer = vault.signer.get().ok_or(VaultError::NoSigner)?;
        let (mut streams, mut sources) = (Vec::<Stream>::new(), Vec::<Source>::new());
        let mut entries = Vec::with_capacity(self.staged.len());
        for staged in self.staged.drain(..) {
            let mut entry = staged.entry;
            if let (Some(span), Some(stream)) = (&mut entry.span, staged.stream) {
                span.stream = position_or_push(&mut streams, stream);
                span.sources =
                    staged.sources.into_iter().map(|source| position_or_push(&mut sources, source)).collect();
            }
            entries.push(entry);
        }
        let leaves: Vec<_> = entries.iter().map(Entry::leaf).collect();
        let mut index = unpoisoned(vault.index.write());
        let last = index.commits.last();
        let commit = Commit {
            version: 1,
            seq: last.map_or(0, |last| last.seq + 1),
            previous: last.map_or(Digest([0; 32]), |last| last.digest),
            history: index.history.root(),
            time: now,
            device: signer.key.did().clone(),
            objects: merkle::root(&leaves),
            count: entries.len() as u32,
            observations: entries.iter().filter(|e| e.kind == ObjectKind::Chunk).map(|e| u64::from(e.count)).sum(),
        };
        let signature = signer.key.sign(CONTEXT, &canonical::encode(&commit));
        let mut journal = unpoisoned(vault.journal.write());
        let frame = CommitFrame {
            signature,
            certificate: signer.certificate.clone(),
            begins: journal.end,
            previous_len: last.map_or(0, |last| HEAD_LEN as u32 + last.len),
            streams,
            sources,
            entries,
            commit,
        };
        let sealed = vault.seal.seal_commit(&canonical::encode(&frame));
        let first = frame.commit.seq == 0;
        let done = journal.stage(FrameKind::Commit, &sealed).and_then(|(id, at)| {
            let placed = Placed { at, id, len: sealed.len() as u32, frame };
            let slot = acknowledged(&placed);
            journal.acknowledge(slot.seq, slot.digest, slot.last_len, &vault.seal)?;
            if first {
                journal.fill_both_slots(slot, &vault.seal)?;
            }
            Ok(placed)
        });
        match done {
            Ok(placed) => {
                index.add(&placed);
                Ok(())
            }
            Err(error) => {
                journal.roll_back()?;
                Err(error)
            }
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut journal = unpoisoned(self.vault.journal.write());
        if journal.is_staged() {
            // Best effort: what stays behind was never acknowledged and is dropped at the next opening.
            let _ = journal.roll_back();
        }
    }
}

pub(crate) fn acknowledged(last: &Placed) -> Acknowledged {
    Acknowledged {
        seq: last.frame.commit.seq,
        end: last.end(),
        last_len: HEAD_LEN as u32 + last.len,
        digest: last.frame.commit.digest(),
    }
}

fn position_or_push<T: PartialEq>(list: &mut Vec<T>, item: T) -> u32 {
    let at = list.iter().position(|known| *known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    });
    at as u32
}

/// The span of a chunk, before its stream and sources have places in a commit's list.
pub(crate) fn span_of(chunk: &OpenChunk) -> Span {
    let front = &chunk.front;
    let last = front.len().saturating_sub(1);
    let end = (0..front.len()).map(|i| front.start[i] + chunk.back.duration[i]).max().unwrap_or_default();
    Span {
        stream: 0,
        first: Timestamp(front.start[0]),
        last: Timestamp(front.start[last]),
        end: Timestamp(end),
        zones: (front.zone.at(0).minutes(), front.zone.at(last).minutes()),
        sources: Vec::new(),
    }
}
