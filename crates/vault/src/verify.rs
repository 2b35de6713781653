//! Reading everything again: `verify` names what is not as it was signed, `repair` puts back what a copy still has,
//! `restore` builds a whole journal from copies. All three work because an object's bytes never change and the journal
//! is nothing but objects in a known order: a healed or restored journal is the same file, bit for bit.

use crate::chunk::OpenChunk;
use crate::commit::{CommitFrame, Entry, ObjectKind};
use crate::disk::RealDisk;
use crate::error::{Damage, VaultError};
use crate::frame::{FILE_HEAD, FrameKind, HEAD_LEN};
use crate::index::{Index, frame_len};
use crate::journal::{Acknowledged, Found, HEAD, JOURNAL, Journal, Placed};
use crate::proof::Checked;
use crate::seal::{Seal, VaultKey};
use crate::vault::{Vault, decode_records, records_root, span_of};
use didymos_base::{Did, Digest, canonical, merkle};
use didymos_identity::{SignedDocument, verify_chain};
use rayon::prelude::*;
use std::ops::ControlFlow;
use std::path::Path;
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

/// What a repair did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repaired {
    /// What was put back.
    pub healed: Vec<Damage>,
    /// What no copy had.
    pub remaining: Vec<Damage>,
}

/// Copies of objects, kept elsewhere.
pub trait Copies {
    /// The bytes of an object; whoever asks checks them against the id.
    fn object(&mut self, id: &Digest) -> Option<Vec<u8>>;
    /// The id of the frame of commit `seq`.
    fn commit(&mut self, seq: u64) -> Option<Digest>;
    /// The number of the newest commit that is named there, where that can be told: what shows that one before it is lost.
    fn newest(&mut self) -> Option<u64> {
        None
    }
}

fn damage(at: u64, object: Option<Digest>, what: impl Into<String>) -> Damage {
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
        let index = self.index();
        let (count, of) = (index.commits.len() as u64, self.frames().len() as u64);
        drop(index);
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

    /// Puts back from `copies` whatever is damaged. Afterwards the vault answers again, if all of it could be healed.
    pub fn repair(&self, copies: &mut dyn Copies) -> Result<Repaired, VaultError> {
        let before = self.verify(|_, _| ControlFlow::Continue(()))?;
        if before.damaged.is_empty() {
            return Ok(Repaired::default());
        }
        let mut remaining = Vec::new();
        {
            let mut journal = self.journal.write().unwrap_or_else(PoisonError::into_inner);
            rebuild(&mut journal, &self.seal, Some(&self.index()), copies, &mut remaining)?;
        }
        let (commits, found) = {
            let journal = self.journal.read().unwrap_or_else(PoisonError::into_inner);
            journal.recover_again(&self.seal)?
        };
        let mut index = Index::default();
        for commit in &commits {
            index.add(commit);
        }
        self.replace_index(index);
        self.set_found(found);
        let after = self.verify(|_, _| ControlFlow::Continue(()))?;
        let healed = before.damaged.into_iter().filter(|damage| !after.damaged.contains(damage)).collect();
        remaining.extend(after.damaged);
        remaining.dedup();
        Ok(Repaired { healed, remaining })
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

    /// Whether what a checked proof names is still what this journal says.
    #[must_use]
    pub fn knows(&self, checked: &Checked) -> bool {
        self.index().commits.get(checked.commit.seq as usize).is_some_and(|c| c.digest == checked.commit.digest())
    }
}

fn found_whole(found: &Found) -> bool {
    found.damage.is_empty()
}

/// Writes the journal that the commits describe, taking from the file what is sound there and the rest from `copies`.
fn rebuild(
    journal: &mut Journal,
    seal: &Seal,
    index: Option<&Index>,
    copies: &mut dyn Copies,
    remaining: &mut Vec<Damage>,
) -> Result<Option<Acknowledged>, VaultError> {
    let (slots, _) = journal.slots(seal)?;
    let acknowledged = slots.into_iter().flatten().map(|slot| slot.seq).chain(copies.newest()).max();
    let known = |seq: u64| index.and_then(|index| index.commits.iter().find(|commit| commit.seq == seq));
    journal.overwrite_file_head()?;
    let mut at = FILE_HEAD.len() as u64;
    let mut last: Option<(Acknowledged, CommitFrame)> = None;
    for seq in 0.. {
        let wanted = known(seq).map(|commit| (commit.at, commit.len, commit.id));
        let here = wanted.and_then(|(at, len, id)| Some((id, journal.read(at, len, &id).ok()?)));
        let named = if here.is_none() { copies.commit(seq) } else { None };
        let found = here.or_else(|| named.and_then(|id| Some((id, fetch(copies, &id)?))));
        // A commit that a copy names and does not have is lost, and not the end of the journal.
        let expected = wanted.is_some() || named.is_some() || acknowledged.is_some_and(|last| seq <= last);
        let Some((id, sealed)) = found else {
            if expected {
                let id = wanted.map(|wanted| wanted.2).or(named);
                remaining.push(damage(at, id, format!("no copy has commit {seq}")));
            }
            break;
        };
        let Some(frame) =
            seal.open_commit(&sealed).ok().and_then(|plain| canonical::decode::<CommitFrame>(&plain).ok())
        else {
            remaining.push(damage(at, Some(id), format!("the copy of commit {seq} does not open")));
            break;
        };
        let follows = frame.commit.seq == seq
            && frame.begins == at
            && last.as_ref().is_none_or(|(slot, _)| slot.digest == frame.commit.previous);
        if !follows {
            remaining.push(damage(at, Some(id), format!("the copy of commit {seq} belongs to another journal")));
            break;
        }
        for entry in &frame.entries {
            put(journal, at, FrameKind::Object, &entry.id, entry.len, copies, remaining)?;
            at += frame_len(entry);
        }
        let sound = journal.read(at, sealed.len() as u32, &id).is_ok()
            && journal.head_at(at)?.is_some_and(|head| head.kind == FrameKind::Commit && head.id == id);
        if !sound {
            journal.overwrite(at, FrameKind::Commit, &sealed)?;
        }
        at += HEAD_LEN as u64 + sealed.len() as u64;
        let last_len = HEAD_LEN as u32 + sealed.len() as u32;
        last = Some((Acknowledged { seq, end: at, last_len, digest: frame.commit.digest() }, frame));
    }
    let Some((slot, _)) = last else { return Ok(None) };
    // Commits that no copy has are not cut off: what is left of them may yet be read by another copy.
    let end = if remaining.is_empty() { at } else { at.max(journal.len()?) };
    journal.finish_repair(end)?;
    if remaining.is_empty() {
        journal.fill_both_slots(slot, seal)?;
    }
    Ok(Some(slot))
}

fn fetch(copies: &mut dyn Copies, id: &Digest) -> Option<Vec<u8>> {
    copies.object(id).filter(|bytes| Digest::of(bytes) == *id)
}

fn put(
    journal: &mut Journal,
    at: u64,
    kind: FrameKind,
    id: &Digest,
    len: u32,
    copies: &mut dyn Copies,
    remaining: &mut Vec<Damage>,
) -> Result<(), VaultError> {
    let head = journal.head_at(at)?;
    let here = journal.read(at, len, id).ok();
    if here.is_some() && head.is_some_and(|head| head.kind == kind && head.id == *id && head.len == len) {
        return Ok(());
    }
    if let Some(bytes) = here.or_else(|| fetch(copies, id)) {
        return journal.overwrite(at, kind, &bytes);
    }
    remaining.push(damage(at, Some(*id), "no copy has this object"));
    Ok(())
}

/// Builds a journal in an empty directory from copies alone, and returns how many commits it has.
pub fn restore(dir: &Path, key: &VaultKey, copies: &mut dyn Copies) -> Result<u64, VaultError> {
    let seal = key.seal();
    // A key that does not open the first commit is the wrong key: say so before writing anything.
    let Some(id) = copies.commit(0) else {
        return Err(match copies.newest() {
            Some(_) => VaultError::Damaged(damage(0, None, "no copy has commit 0")),
            None => VaultError::Missing(dir.to_owned()),
        });
    };
    let Some(first) = fetch(copies, &id) else {
        return Err(VaultError::Damaged(damage(0, Some(id), "no copy has commit 0")));
    };
    if seal.open_commit(&first).is_err() {
        return Err(VaultError::WrongKey);
    }
    let mut journal = Journal::create(&RealDisk, dir)?;
    let mut remaining = Vec::new();
    let slot = rebuild(&mut journal, &seal, None, copies, &mut remaining)?;
    match (slot, remaining.into_iter().next()) {
        (Some(slot), None) => Ok(slot.seq + 1),
        (_, Some(damage)) => Err(VaultError::Damaged(damage)),
        (None, None) => Err(VaultError::Missing(dir.to_owned())),
    }
}

/// The twin's DID as the first commit's identity document names it: what a restore learns from the copies.
pub fn owner_of(dir: &Path, key: &VaultKey) -> Result<Did, VaultError> {
    let seal = key.seal();
    let (journal, commits, _) = Journal::open(&RealDisk, dir, &seal)?;
    let first: &Placed = commits.first().ok_or(VaultError::WrongKey)?;
    let mut at = first.frame.begins;
    for entry in &first.frame.entries {
        if entry.kind == ObjectKind::Identity {
            let sealed = journal.read(at, entry.len, &entry.id)?;
            let document = seal
                .open_records(entry.kind, &sealed)
                .and_then(|plain| decode_records(&plain))
                .ok()
                .and_then(|(_, items)| items.first().and_then(|bytes| SignedDocument::decode(bytes).ok()));
            if let Some(document) = document {
                return Ok(document.document.id);
            }
        }
        at += frame_len(entry);
    }
    let what = "the first commit holds no identity document".to_owned();
    Err(VaultError::Damaged(Damage { file: HEAD.into(), at: 0, object: None, what }))
}
