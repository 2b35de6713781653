//! Reading everything again: `verify` names what is not as it was signed.

use crate::chunk::OpenChunk;
use crate::commit::{CommitFrame, Entry, ObjectKind};
use crate::error::{Damage, VaultError};
use crate::frame::FrameKind;
use crate::index::frame_len;
use crate::journal::{Found, JOURNAL};
use crate::proof::Checked;
use crate::records::{decode_records, records_root};
use crate::turn::span_of;
use crate::vault::Vault;
use didymos_base::{Did, Digest, merkle};
use didymos_identity::verify_chain;
use rayon::prelude::*;
use std::ops::ControlFlow;
use std::sync::PoisonError;

/// What a reading of everything found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Commits whose chain and signature hold.
    pub commits: u64,
    /// Objects whose digest, seal and root hold.
    pub objects: u64,
    /// Observations in them.
    pub observations: u64,
    /// Whatever does not hold.
    pub damaged: Vec<Damage>,
}

pub(crate) fn damage(at: u64, object: Option<Digest>, what: impl Into<String>) -> Damage {
    Damage { file: JOURNAL.into(), at, object, what: what.into() }
}

impl Vault {
    /// Reads and hashes everything again. `watch` gets objects done and in all, and can break off.
    pub fn verify(&self, mut watch: impl FnMut(u64, u64) -> ControlFlow<()>) -> Result<Verified, VaultError> {
        let found = self.found();
        let mut report = Verified::default();
        // What opening found is read again: it may have been repaired, or grown, since.
        report.damaged.extend(self.journal.read().unwrap_or_else(PoisonError::into_inner).slots(&self.seal)?.1);
        report.damaged.extend(found.damage);
        let count = self.index().commits.len() as u64;
        let of = self.frames().len() as u64;
        let controllers = self.controllers(&mut report);
        let mut previous: Option<Digest> = None;
        let mut history = merkle::Frontier::default();
        let mut done = 0;
        for seq in 0..count {
            let place = self.index().commits[seq as usize].clone();
            let frame = match self.commit_frame(seq) {
                Ok(frame) => frame,
                Err(VaultError::Damaged(what)) => {
                    report.damaged.push(what);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let mut holds = true;
            let mut wrong = |what: &str| {
                holds = false;
                report.damaged.push(damage(place.at, Some(place.id), what));
            };
            if let Err(what) = frame.check(&self.owner, &controllers) {
                wrong(what.0);
            }
            // A commit missing before this one was reported when the journal was opened.
            if previous.is_some_and(|previous| previous != frame.commit.previous) && found_whole(&self.found()) {
                wrong("a commit does not name the one before it");
            }
            if history.root() != frame.commit.history && found_whole(&self.found()) {
                wrong("a commit does not name the history before it");
            }
            if !self.head_matches(place.at, FrameKind::Commit, place.id, place.len)? {
                wrong("a frame's head is damaged");
            }
            previous = Some(frame.commit.digest());
            history.push(frame.commit.digest());
            report.commits += u64::from(holds);
            let checked = self.verify_objects(&frame)?;
            for result in checked {
                match result {
                    Ok(observations) => {
                        report.objects += 1;
                        report.observations += observations;
                    }
                    Err(what) => report.damaged.push(what),
                }
            }
            done += frame.entries.len() as u64 + 1;
            if watch(done.min(of), of).is_break() {
                break;
            }
        }
        report.damaged.sort_by(|a, b| (&a.file, a.at).cmp(&(&b.file, b.at)));
        report.damaged.dedup();
        Ok(report)
    }

    /// The identity keys that the owner has had, by the journal's own identity documents.
    fn controllers(&self, report: &mut Verified) -> Vec<Did> {
        let whole = found_whole(&self.found());
        match self.identity().map(|documents| verify_chain(&documents)) {
            Ok(Ok(identity)) if identity.id() == &self.owner => identity.controllers().to_vec(),
            outcome => {
                if let (true, Ok(_)) = (whole, outcome) {
                    report.damaged.push(damage(0, None, "the identity documents do not form a chain"));
                }
                vec![self.owner.clone()]
            }
        }
    }

    fn head_matches(&self, at: u64, kind: FrameKind, id: Digest, len: u32) -> Result<bool, VaultError> {
        let head = self.journal.read().unwrap_or_else(PoisonError::into_inner).head_at(at)?;
        Ok(head.is_some_and(|head| head.kind == kind && head.id == id && head.len == len))
    }

    fn verify_objects(&self, frame: &CommitFrame) -> Result<Vec<Result<u64, Damage>>, VaultError> {
        let mut at = frame.begins;
        let places: Vec<(u64, &Entry)> = frame
            .entries
            .iter()
            .map(|entry| {
                let here = at;
                at += frame_len(entry);
                (here, entry)
            })
            .collect();
        let results = places.into_par_iter().map(|(at, entry)| match self.verify_object(frame, at, entry) {
            Ok(count) => Ok(Ok(count)),
            Err(VaultError::Damaged(what)) => Ok(Err(what)),
            Err(error) => Err(error),
        });
        results.collect()
    }

    fn verify_object(&self, frame: &CommitFrame, at: u64, entry: &Entry) -> Result<u64, VaultError> {
        let wrong = |what: &str| VaultError::Damaged(damage(at, Some(entry.id), what));
        let sealed = self.read(at, entry.len, &entry.id)?;
        if !self.head_matches(at, FrameKind::Object, entry.id, entry.len)? {
            return Err(wrong("a frame's head is damaged"));
        }
        let Some(span) = &entry.span else {
            let plain = self.seal.open_records(entry.kind, &sealed).map_err(|what| wrong(what.0))?;
            let (salt, items) = decode_records(&plain).map_err(|what| wrong(what.0))?;
            let holds = records_root(&salt, &items) == entry.root && items.len() == entry.count as usize;
            return if holds { Ok(0) } else { Err(wrong("an object does not have the root that was signed")) };
        };
        let stream = &frame.streams[span.stream as usize];
        let key = self.stream_key(&stream.id);
        let chunk = OpenChunk::open(&key, &sealed).map_err(|what| wrong(what.0))?;
        let mut spans = span_of(&chunk);
        (spans.stream, spans.sources) = (span.stream, span.sources.clone());
        let sources: Vec<_> = span.sources.iter().map(|i| frame.sources[*i as usize].to_canonical()).collect();
        let told = &chunk.back.stream == stream && spans == *span && sources == chunk.back.sources;
        let sorted = chunk.front.start.is_sorted();
        if chunk.root() != entry.root || chunk.len() != entry.count as usize || !told || !sorted {
            return Err(wrong("a chunk does not have the root that was signed"));
        }
        Ok(chunk.len() as u64)
    }

    /// Proof that the journal as it was with `old` commits is the beginning of the journal as it is: the two roots and
    /// the hashes between them, for [`merkle::is_consistent`].
    pub fn consistency(&self, old: u64) -> Option<(Digest, Digest, Vec<Digest>)> {
        let index = self.index();
        let leaves: Vec<Digest> = index.commits.iter().map(|commit| commit.digest).collect();
        let proof = merkle::consistency(&leaves, old as usize)?;
        Some((merkle::root(&leaves[..old as usize]), index.history.root(), proof))
    }

    /// Proof that commit `seq` is part of the history: its place, the number of commits and the hashes beside its way
    /// up, for [`merkle::root_from_path`].
    pub fn inclusion(&self, seq: u64) -> Option<(Digest, u64, Vec<Digest>)> {
        let index = self.index();
        let leaves: Vec<Digest> = index.commits.iter().map(|commit| commit.digest).collect();
        let path = merkle::path(&leaves, seq as usize)?;
        Some((leaves[seq as usize], leaves.len() as u64, path))
    }

    /// The history's root when it had `size` commits; none where there are fewer.
    pub fn root_at(&self, size: u64) -> Option<Digest> {
        let index = self.index();
        if size == index.history.count() {
            return Some(index.history.root());
        }
        let leaves: Vec<Digest> = index.commits.iter().take(size as usize).map(|commit| commit.digest).collect();
        (leaves.len() as u64 == size).then(|| merkle::root(&leaves))
    }

    /// Proof that the journal as it was with `old` commits is the beginning of it as it was with `new`: the root at `old`
    /// and the hashes between, for [`merkle::is_consistent`].
    pub fn consistency_between(&self, old: u64, new: u64) -> Option<(Digest, Vec<Digest>)> {
        let index = self.index();
        let leaves: Vec<Digest> = index.commits.iter().take(new as usize).map(|commit| commit.digest).collect();
        if leaves.len() as u64 != new || old > new {
            return None;
        }
        let proof = merkle::consistency(&leaves, old as usize)?;
        Some((merkle::root(&leaves[..old as usize]), proof))
    }

    /// The hashes beside the way of commit `seq` up to the root that the history had with `size` commits.
    pub fn inclusion_at(&self, seq: u64, size: u64) -> Option<Vec<Digest>> {
        let index = self.index();
        let leaves: Vec<Digest> = index.commits.iter().take(size as usize).map(|commit| commit.digest).collect();
        if leaves.len() as u64 != size {
            return None;
        }
        merkle::path(&leaves, seq as usize)
    }

    /// Whether anything was committed from commit `seq` on beside records of these kinds.
    pub fn has_more_than(&self, seq: u64, kinds: &[ObjectKind]) -> bool {
        let index = self.index();
        let records = index.records.iter().any(|record| record.commit >= seq && !kinds.contains(&record.kind));
        records || index.streams.iter().any(|stream| stream.chunks.iter().any(|chunk| chunk.commit >= seq))
    }

    /// Whether what a checked proof names is still what this journal says.
    #[must_use]
    pub fn knows(&self, checked: &Checked) -> bool {
        self.index().commits.get(checked.commit.seq as usize).is_some_and(|c| c.digest == checked.commit.digest())
    }
}

fn found_whole(found: &Found) -> bool {
    found.damage.is_empty()
}
