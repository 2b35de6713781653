//! Putting right and beginning anew: `repair` puts back what a copy still has, `restore` builds a whole journal from
//! copies. Both work because an object's bytes never change and the journal is nothing but objects in a known order: a
//! healed or restored journal is the same file, bit for bit.

use crate::commit::{CommitFrame, Entry, ObjectKind};
use crate::disk::RealDisk;
use crate::error::{Damage, VaultError};
use crate::frame::{FILE_HEAD, FrameKind, HEAD_LEN};
use crate::index::{Index, frame_len};
use crate::journal::{Acknowledged, HEAD, Journal, Placed};
use crate::records::decode_records;
use crate::seal::{Seal, VaultKey};
use crate::vault::Vault;
use crate::verify::damage;
use didymos_base::{Did, Digest, canonical};
use didymos_identity::SignedDocument;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::PoisonError;

/// Objects that are asked of a copy at once.
const AT_ONCE: usize = 64;

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
    /// The bytes of several objects, in their order. Places far away overlap the waiting.
    fn objects(&mut self, ids: &[Digest]) -> Vec<Option<Vec<u8>>> {
        ids.iter().map(|id| self.object(id)).collect()
    }
    /// The id of the frame of commit `seq`.
    fn commit(&mut self, seq: u64) -> Option<Digest>;
    /// The number of the newest commit that is named there, where that can be told: what shows that one before it is lost.
    fn newest(&mut self) -> Option<u64> {
        None
    }
}

/// Gets commits done and in all; `Break` stops.
pub type Watch<'a> = &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>;

impl Vault {
    /// Puts back from `copies` whatever is damaged. Afterwards the vault answers again, if all of it could be healed.
    pub fn repair(&self, copies: &mut dyn Copies) -> Result<Repaired, VaultError> {
        let before = self.verify(|_, _| ControlFlow::Continue(()))?;
        if before.damaged.is_empty() {
            return Ok(Repaired::default());
        }
        let mut remaining = Vec::new();
        // No commit may come between: it would wait for the journal with the index in its hands, and we the other way
        // round.
        let _alone = self.alone();
        {
            let mut journal = self.journal.write().unwrap_or_else(PoisonError::into_inner);
            rebuild(&mut journal, &self.seal, Some(&self.index()), copies, &mut remaining, &mut |_, _| {
                ControlFlow::Continue(())
            })?;
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
        if let Err(VaultError::Damaged(damage)) = self.apply_retractions() {
            self.report_damage(damage);
        }
        let after = self.verify(|_, _| ControlFlow::Continue(()))?;
        let healed = before.damaged.into_iter().filter(|damage| !after.damaged.contains(damage)).collect();
        remaining.extend(after.damaged);
        remaining.dedup();
        Ok(Repaired { healed, remaining })
    }
}

/// Writes the journal that the commits describe, taking from the file what is sound there and the rest from `copies`.
fn rebuild(
    journal: &mut Journal,
    seal: &Seal,
    index: Option<&Index>,
    copies: &mut dyn Copies,
    remaining: &mut Vec<Damage>,
    watch: Watch<'_>,
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
        at = put_objects(journal, at, &frame.entries, copies, remaining)?;
        let sound = journal.read(at, sealed.len() as u32, &id).is_ok()
            && journal.head_at(at)?.is_some_and(|head| head.kind == FrameKind::Commit && head.id == id);
        if !sound {
            journal.overwrite(at, FrameKind::Commit, &sealed)?;
        }
        at += HEAD_LEN as u64 + sealed.len() as u64;
        let last_len = HEAD_LEN as u32 + sealed.len() as u32;
        last = Some((Acknowledged { seq, end: at, last_len, digest: frame.commit.digest() }, frame));
        if watch(seq + 1, acknowledged.map_or(0, |newest| newest + 1)).is_break() {
            return Err(VaultError::Stopped);
        }
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

/// Puts back the objects of a commit that are not sound, and returns where they end.
fn put_objects(
    journal: &mut Journal,
    begins: u64,
    entries: &[Entry],
    copies: &mut dyn Copies,
    remaining: &mut Vec<Damage>,
) -> Result<u64, VaultError> {
    let mut at = begins;
    let mut lost: Vec<(u64, Digest)> = Vec::new();
    for entry in entries {
        let head = journal.head_at(at)?;
        let headed = head.is_some_and(|h| h.kind == FrameKind::Object && h.id == entry.id && h.len == entry.len);
        match journal.read(at, entry.len, &entry.id) {
            Ok(_) if headed => {}
            Ok(bytes) => journal.overwrite(at, FrameKind::Object, &bytes)?,
            Err(_) => lost.push((at, entry.id)),
        }
        at += frame_len(entry);
    }
    for group in lost.chunks(AT_ONCE) {
        let ids: Vec<Digest> = group.iter().map(|(_, id)| *id).collect();
        for ((at, id), bytes) in group.iter().zip(copies.objects(&ids)) {
            match bytes.filter(|bytes| Digest::of(bytes) == *id) {
                Some(bytes) => journal.overwrite(*at, FrameKind::Object, &bytes)?,
                None => remaining.push(damage(*at, Some(*id), "no copy has this object")),
            }
        }
    }
    Ok(at)
}

/// Builds a journal in an empty directory from copies alone, and returns how many commits it has. `watch` gets commits
/// done and in all (0 if not known), and can break off.
pub fn restore(dir: &Path, key: &VaultKey, copies: &mut dyn Copies, watch: Watch<'_>) -> Result<u64, VaultError> {
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
    let slot = rebuild(&mut journal, &seal, None, copies, &mut remaining, watch)?;
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
