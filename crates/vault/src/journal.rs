//! The journal file: append frames, make them count with a commit, and find the way back after a crash.
//!
//! Two files. `journal` holds the frames. `head` holds two slots, written in turn, each saying how far the journal is
//! acknowledged; it is what tells a torn tail (never acknowledged, dropped and reported) from a tail that was cut off
//! (acknowledged, damage). A commit is acknowledged once the journal and then the head are synced.
//!
//! Opening walks the commits backwards from the head and reads nothing else; a full scan that finds its way around
//! damage is the fallback, after which the vault answers nothing but `verify` and `repair`.

use crate::commit::CommitFrame;
use crate::disk::{Disk, DiskFile};
use crate::error::{Damage, VaultError};
use crate::frame::{self, FILE_HEAD, FrameKind, HEAD_LEN, Head, read_head, read_payload};
use crate::seal::Seal;
use didymos_base::{Digest, canonical};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Name of the journal file in the data directory.
pub const JOURNAL: &str = "journal";
/// Name of the head file in the data directory.
pub const HEAD: &str = "head";
/// Bytes kept for a slot of the head file.
pub const SLOT: u64 = 512;
const SLOT_PLAIN: usize = 52;
const SLOT_SEALED: usize = SLOT_PLAIN + 40;

/// How far the journal is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub seq: u64,
    /// Where the journal ends.
    pub end: u64,
    /// Length of the last commit's frame, head included.
    pub last_len: u32,
    /// Digest of the last commit.
    pub digest: Digest,
}

/// A commit and where its frame lies.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub at: u64,
    pub id: Digest,
    pub len: u32,
    pub frame: CommitFrame,
}

impl Placed {
    pub(crate) fn end(&self) -> u64 {
        self.at + HEAD_LEN as u64 + u64::from(self.len)
    }
}

/// What opening found beside the commits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Bytes at the end that were never acknowledged: an interrupted write. They are dropped before the next one.
    pub torn_bytes: u64,
    /// Damage. With any of it, only `verify` and `repair` are possible.
    pub damage: Vec<Damage>,
    /// Damage that takes nothing away (a slot of the head that the other one makes up for).
    pub harmless: Vec<Damage>,
}

pub(crate) struct Journal {
    file: Arc<dyn DiskFile>,
    head: Box<dyn DiskFile>,
    path: PathBuf,
    head_path: PathBuf,
    /// Where the acknowledged part ends.
    pub end: u64,
    /// Where the next frame goes.
    tail: u64,
    poisoned: bool,
}

impl Journal {
    /// Makes the two files of a new vault.
    pub(crate) fn create(disk: &dyn Disk, dir: &Path) -> Result<Self, VaultError> {
        let (path, head_path) = (dir.join(JOURNAL), dir.join(HEAD));
        let open = |path: &Path| disk.open(path, true, true).map_err(VaultError::io("cannot create", path));
        let (file, head) = (open(&path)?, open(&head_path)?);
        if !file.is_empty().map_err(VaultError::io("cannot read", &path))? {
            return Err(VaultError::Exists(dir.to_owned()));
        }
        file.write_all_at(FILE_HEAD, 0).map_err(VaultError::io("cannot write", &path))?;
        head.set_len(2 * SLOT).map_err(VaultError::io("cannot write", &head_path))?;
        disk.sync_dir(dir).map_err(VaultError::io("cannot write", dir))?;
        let start = FILE_HEAD.len() as u64;
        Ok(Self { file: file.into(), head, path, head_path, end: start, tail: start, poisoned: false })
    }

    /// Opens the files of a vault and finds its commits.
    pub(crate) fn open(disk: &dyn Disk, dir: &Path, seal: &Seal) -> Result<(Self, Vec<Placed>, Found), VaultError> {
        let (path, head_path) = (dir.join(JOURNAL), dir.join(HEAD));
        let open = |path: &Path, create: bool| {
            disk.open(path, true, create).map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => VaultError::Missing(dir.to_owned()),
                _ => VaultError::io("cannot open", path)(error),
            })
        };
        let (file, head) = (open(&path, false)?, open(&head_path, true)?);
        let start = FILE_HEAD.len() as u64;
        let mut journal = Self { file: file.into(), head, path, head_path, end: start, tail: start, poisoned: false };
        let (commits, found) = journal.recover(seal)?;
        journal.end = commits.last().map_or(start, Placed::end);
        journal.tail = journal.end;
        Ok((journal, commits, found))
    }

    fn io(&self, doing: &'static str) -> impl FnOnce(std::io::Error) -> VaultError {
        VaultError::io(doing, &self.path)
    }

    pub(crate) fn len(&self) -> Result<u64, VaultError> {
        self.file.len().map_err(self.io("cannot read"))
    }

    fn damage(at: u64, object: Option<Digest>, what: impl Into<String>) -> Damage {
        Damage { file: JOURNAL.into(), at, object, what: what.into() }
    }

    /// Both slots of the head, and what is wrong with them.
    pub(crate) fn slots(&self, seal: &Seal) -> Result<([Option<Acknowledged>; 2], Vec<Damage>), VaultError> {
        let mut slots = [None, None];
        let mut damage = Vec::new();
        let mut wrong = |at, what: &str| damage.push(Damage { file: HEAD.into(), at, object: None, what: what.into() });
        let len = self.head.len().map_err(VaultError::io("cannot read", &self.head_path))?;
        if len != 2 * SLOT {
            wrong(len, "the head has the wrong length");
        }
        for (i, slot) in slots.iter_mut().enumerate() {
            let at = i as u64 * SLOT;
            let mut bytes = [0; SLOT as usize];
            if self.head.read_exact_at(&mut bytes, at).is_err() {
                wrong(at, "the head ends within a slot");
                continue;
            }
            if bytes[SLOT_SEALED..].iter().any(|byte| *byte != 0) {
                wrong(at + SLOT_SEALED as u64, "there is something behind a slot of the head");
            }
            *slot = seal.open_slot(&bytes[..SLOT_SEALED]).ok().and_then(|plain| Acknowledged::decode(&plain));
            if slot.is_none() {
                wrong(at, "a slot of the head is damaged");
            }
        }
        Ok((slots, damage))
    }

    /// Finds the commits again after a repair.
    pub(crate) fn recover_again(&self, seal: &Seal) -> Result<(Vec<Placed>, Found), VaultError> {
        self.recover(seal)
    }

    fn recover(&self, seal: &Seal) -> Result<(Vec<Placed>, Found), VaultError> {
        let mut found = Found::default();
        let len = self.len()?;
        let mut file_head = [0; FILE_HEAD.len()];
        if self.file.read_exact_at(&mut file_head, 0).is_err() || file_head != *FILE_HEAD {
            found.damage.push(Self::damage(0, None, "the journal's first bytes are damaged"));
        }
        let (slots, slot_damage) = self.slots(seal)?;
        found.harmless = slot_damage;
        let newest = slots.into_iter().flatten().max_by_key(|slot| slot.seq);
        let walked = match newest {
            Some(newest) => self.walk_back(newest, seal)?,
            None => None,
        };
        let mut commits = if let Some(commits) = walked {
            commits
        } else {
            let (commits, mut damage) = self.scan(seal, len)?;
            if commits.is_empty() && newest.is_none() {
                // Neither a slot nor a commit opens: rather another key than two damages at once.
                return Err(VaultError::WrongKey);
            }
            if newest.is_some_and(|newest| newest.end > len) {
                damage.push(Self::damage(len, None, "the journal's end is missing"));
            }
            if damage.is_empty() && newest.is_some() {
                damage.push(Self::damage(len, None, "the journal does not match its head"));
            }
            found.damage.append(&mut damage);
            commits
        };
        if found.damage.is_empty() {
            self.follow(&mut commits, len, seal)?;
            found.torn_bytes = len - commits.last().map_or(FILE_HEAD.len() as u64, Placed::end);
        }
        Ok((commits, found))
    }

    /// Reads the commit whose frame lies at `at`, if it is whole.
    fn read_commit(&self, at: u64, seal: &Seal) -> Result<Option<Placed>, VaultError> {
        let Ok(head) = read_head(&*self.file, at).map_err(self.io("cannot read"))? else { return Ok(None) };
        if head.kind != FrameKind::Commit {
            return Ok(None);
        }
        let Ok(payload) = read_payload(&*self.file, at, head.len).map_err(self.io("cannot read"))? else {
            return Ok(None);
        };
        if Digest::of(&payload) != head.id {
            return Ok(None);
        }
        let Ok(plain) = seal.open_commit(&payload) else { return Ok(None) };
        let Ok(frame) = canonical::decode::<CommitFrame>(&plain) else { return Ok(None) };
        Ok(Some(Placed { at, id: head.id, len: head.len, frame }))
    }

    /// All commits from the first to the acknowledged one, or `None` if one of them is not as it should be.
    fn walk_back(&self, newest: Acknowledged, seal: &Seal) -> Result<Option<Vec<Placed>>, VaultError> {
        let mut commits: Vec<Placed> = Vec::new();
        let (mut end, mut len, mut digest) = (newest.end, newest.last_len, newest.digest);
        for seq in (0..=newest.seq).rev() {
            let Some(at) = end.checked_sub(u64::from(len)) else { return Ok(None) };
            let Some(commit) = self.read_commit(at, seal)? else { return Ok(None) };
            let frame = &commit.frame;
            if frame.commit.seq != seq || frame.commit.digest() != digest || commit.end() != end {
                return Ok(None);
            }
            (end, len, digest) = (frame.begins, frame.previous_len, frame.commit.previous);
            commits.push(commit);
        }
        commits.reverse();
        Ok((end == FILE_HEAD.len() as u64).then_some(commits))
    }

    /// Adopts commits that were written in full after the last acknowledged one.
    fn follow(&self, commits: &mut Vec<Placed>, len: u64, seal: &Seal) -> Result<(), VaultError> {
        loop {
            let end = commits.last().map_or(FILE_HEAD.len() as u64, Placed::end);
            let mut at = end;
            let mut objects = Vec::new();
            let commit = loop {
                if at + HEAD_LEN as u64 > len {
                    return Ok(());
                }
                let Ok(head) = read_head(&*self.file, at).map_err(self.io("cannot read"))? else { return Ok(()) };
                if head.kind == FrameKind::Commit {
                    break self.read_commit(at, seal)?;
                }
                let Ok(payload) = read_payload(&*self.file, at, head.len).map_err(self.io("cannot read"))? else {
                    return Ok(());
                };
                if Digest::of(&payload) != head.id {
                    return Ok(());
                }
                objects.push((head.id, head.len));
                at += head.frame_len();
            };
            let Some(commit) = commit else { return Ok(()) };
            let (seq, previous) = commits
                .last()
                .map_or((0, Digest([0; 32])), |last| (last.frame.commit.seq + 1, last.frame.commit.digest()));
            let listed = commit.frame.entries.iter().map(|entry| (entry.id, entry.len));
            let fits = commit.frame.commit.seq == seq
                && commit.frame.commit.previous == previous
                && commit.frame.begins == end
                && listed.eq(objects);
            if !fits {
                return Ok(());
            }
            commits.push(commit);
        }
    }

    /// Every commit that can be read, from the first byte to the last, around whatever is damaged.
    fn scan(&self, seal: &Seal, len: u64) -> Result<(Vec<Placed>, Vec<Damage>), VaultError> {
        let mut at = FILE_HEAD.len() as u64;
        let (mut commits, mut damage) = (Vec::new(), Vec::new());
        while at < len {
            let head = read_head(&*self.file, at).map_err(self.io("cannot read"))?;
            match head {
                Ok(head) if at + head.frame_len() <= len => {
                    if head.kind == FrameKind::Commit {
                        match self.read_commit(at, seal)? {
                            Some(commit) => commits.push(commit),
                            None => damage.push(Self::damage(at, Some(head.id), "a commit is damaged")),
                        }
                    }
                    at += head.frame_len();
                }
                _ => {
                    let next = frame::find_head(&*self.file, at + 1, len).map_err(self.io("cannot read"))?;
                    damage.push(Self::damage(at, None, "a frame's head is damaged"));
                    at = next.unwrap_or(len);
                }
            }
        }
        Ok((commits, damage))
    }

    /// Writes a frame behind what is there. It does not count before [`Journal::acknowledge`].
    pub(crate) fn stage(&mut self, kind: FrameKind, payload: &[u8]) -> Result<(Digest, u64), VaultError> {
        let head = Head::of(kind, payload);
        let at = self.tail;
        let mut bytes = Vec::with_capacity(HEAD_LEN + payload.len());
        bytes.extend_from_slice(&head.encode());
        bytes.extend_from_slice(payload);
        self.stage_frame(&bytes)?;
        Ok((head.id, at))
    }

    /// Writes a frame, head and payload, behind what is there.
    pub(crate) fn stage_frame(&mut self, frame: &[u8]) -> Result<(), VaultError> {
        if self.poisoned {
            return Err(VaultError::Poisoned);
        }
        self.file.write_all_at(frame, self.tail).map_err(self.io("cannot write"))?;
        self.tail += frame.len() as u64;
        Ok(())
    }

    /// Drops what is staged from `at` on.
    pub(crate) fn unstage(&mut self, at: u64) -> Result<(), VaultError> {
        if at < self.tail {
            self.file.set_len(at).map_err(self.io("cannot cut"))?;
            self.tail = at;
        }
        Ok(())
    }

    /// The file, for a thread that makes durable what is written while more is.
    pub(crate) fn file(&self) -> Arc<dyn DiskFile> {
        Arc::clone(&self.file)
    }

    /// Something was not made durable, so what the medium holds is not certain any more.
    pub(crate) fn failed(&mut self, error: std::io::Error) -> VaultError {
        self.poisoned = true;
        self.io("cannot make durable")(error)
    }

    /// Bytes of the file as they are.
    pub(crate) fn copy(&self, into: &mut [u8], at: u64) -> std::io::Result<()> {
        self.file.read_exact_at(into, at)
    }

    /// Makes everything staged count: syncs the journal, then says so in the head and syncs that.
    pub(crate) fn acknowledge(
        &mut self,
        seq: u64,
        digest: Digest,
        last_len: u32,
        seal: &Seal,
    ) -> Result<(), VaultError> {
        if let Err(error) = self.file.sync() {
            // What a failed sync leaves on the medium is not known: only reading it again tells.
            self.poisoned = true;
            return Err(self.io("cannot make durable")(error));
        }
        let slot = Acknowledged { seq, end: self.tail, last_len, digest };
        self.write_slot(slot, seal)?;
        self.end = self.tail;
        Ok(())
    }

    /// Writes one slot and syncs it.
    pub(crate) fn write_slot(&mut self, slot: Acknowledged, seal: &Seal) -> Result<(), VaultError> {
        let mut bytes = seal.seal_slot(&slot.encode());
        bytes.resize(SLOT as usize, 0);
        let written = self.head.write_all_at(&bytes, slot.seq % 2 * SLOT).and_then(|()| self.head.sync());
        written.map_err(|error| {
            self.poisoned = true;
            VaultError::io("cannot write", &self.head_path)(error)
        })
    }

    /// Fills the slot that the first commit leaves empty, so that an unreadable slot always means damage.
    pub(crate) fn fill_both_slots(&mut self, slot: Acknowledged, seal: &Seal) -> Result<(), VaultError> {
        let mut bytes = seal.seal_slot(&slot.encode());
        bytes.resize(SLOT as usize, 0);
        let at = (slot.seq + 1) % 2 * SLOT;
        self.head
            .set_len(2 * SLOT)
            .and_then(|()| self.head.write_all_at(&bytes, at))
            .and_then(|()| self.head.sync())
            .map_err(VaultError::io("cannot write", &self.head_path))?;
        self.write_slot(slot, seal)
    }

    /// Takes back everything staged since the last commit.
    pub(crate) fn roll_back(&mut self) -> Result<(), VaultError> {
        self.tail = self.end;
        if self.poisoned {
            return Ok(());
        }
        let len = self.len()?;
        if len > self.end {
            self.file.set_len(self.end).map_err(self.io("cannot cut"))?;
        }
        Ok(())
    }

    /// Whether frames are staged.
    pub(crate) fn is_staged(&self) -> bool {
        self.tail > self.end
    }

    /// The payload of the frame at `at`, if it is the object `id`.
    pub(crate) fn read(&self, at: u64, len: u32, id: &Digest) -> Result<Vec<u8>, VaultError> {
        let payload = read_payload(&*self.file, at, len).map_err(self.io("cannot read"))?;
        match payload {
            Ok(payload) if Digest::of(&payload) == *id => Ok(payload),
            Ok(_) => Err(VaultError::Damaged(Self::damage(at, Some(*id), "its bytes do not have its digest"))),
            Err(what) => Err(VaultError::Damaged(Self::damage(at, Some(*id), what.0))),
        }
    }

    /// Bytes of the file, for copies.
    pub(crate) fn bytes(&self, at: u64, len: u32) -> Result<Vec<u8>, VaultError> {
        let mut bytes = vec![0; len as usize];
        self.file.read_exact_at(&mut bytes, at).map_err(self.io("cannot read"))?;
        Ok(bytes)
    }

    /// The head of the frame at `at`, for checking it against what a commit lists.
    pub(crate) fn head_at(&self, at: u64) -> Result<Option<Head>, VaultError> {
        Ok(read_head(&*self.file, at).map_err(self.io("cannot read"))?.ok())
    }

    /// Writes a whole frame over what is at `at`, for repair.
    pub(crate) fn overwrite(&mut self, at: u64, kind: FrameKind, payload: &[u8]) -> Result<(), VaultError> {
        let mut bytes = Head::of(kind, payload).encode().to_vec();
        bytes.extend_from_slice(payload);
        self.file.write_all_at(&bytes, at).map_err(self.io("cannot write"))
    }

    /// Writes the first bytes again, for repair.
    pub(crate) fn overwrite_file_head(&mut self) -> Result<(), VaultError> {
        self.file.write_all_at(FILE_HEAD, 0).map_err(self.io("cannot write"))
    }

    /// Cuts or confirms the file's length and syncs it, for repair.
    pub(crate) fn finish_repair(&mut self, end: u64) -> Result<(), VaultError> {
        self.file.set_len(end).and_then(|()| self.file.sync()).map_err(self.io("cannot write"))?;
        (self.end, self.tail) = (end, end);
        Ok(())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Best effort: what is left behind unacknowledged is dropped at the next opening anyway.
        if self.is_staged() {
            let _ = self.roll_back();
        }
    }
}

impl Acknowledged {
    fn encode(&self) -> [u8; SLOT_PLAIN] {
        let mut bytes = [0; SLOT_PLAIN];
        bytes[..8].copy_from_slice(&self.seq.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.end.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.last_len.to_le_bytes());
        bytes[20..].copy_from_slice(self.digest.as_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            seq: u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?),
            end: u64::from_le_bytes(bytes.get(8..16)?.try_into().ok()?),
            last_len: u32::from_le_bytes(bytes.get(16..20)?.try_into().ok()?),
            digest: Digest(bytes.get(20..)?.try_into().ok()?),
        })
    }
}
