//! The vault as a whole: open it, read from it, commit to it.

use crate::chunk::{self, Front, OpenChunk};
use crate::commit::{CommitFrame, ObjectKind};
use crate::disk::{Disk, RealDisk};
use crate::error::{Damage, Damaged, VaultError};
use crate::frame::FrameKind;
use crate::held::Held;
use crate::index::{ChunkRef, Index, RecordRef};
use crate::journal::{Found, JOURNAL, Journal, Placed};
use crate::records::decode_records;
use crate::rollup::{RollupKeys, Rollups};
use crate::seal::{Chance, Fresh, Seal, StreamSeal, VaultKey};
use crate::turn::{Turn, acknowledged};
use didymos_base::{Did, Digest, StreamId, Timestamp, canonical};
use didymos_identity::{SignedCertificate, SigningKey};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Who signs commits: a device's key, and the owner's word that it may.
pub struct Signer {
    /// The device's key.
    pub key: SigningKey,
    /// The owner's certificate for it.
    pub certificate: SignedCertificate,
}

/// What opening a vault takes.
pub struct Opening<'a> {
    /// The data directory.
    pub dir: &'a Path,
    /// The vault key.
    pub key: VaultKey,
    /// The twin's DID: commits by anyone else's devices are damage.
    pub owner: Did,
    /// Who signs what is committed from now on; without one the vault can be read only, until
    /// [`Vault::set_signer`].
    pub signer: Option<Signer>,
    /// Where salts and nonces come from: the operating system, if nothing else is said.
    pub chance: Option<Chance>,
}

/// An open vault. Any number of threads may read while one writes.
pub struct Vault {
    pub(crate) dir: PathBuf,
    disk: Arc<dyn Disk>,
    pub(crate) owner: Did,
    pub(crate) key: VaultKey,
    pub(crate) seal: Seal,
    pub(crate) signer: OnceLock<Signer>,
    pub(crate) journal: RwLock<Journal>,
    pub(crate) index: RwLock<Index>,
    /// Held from the first staged object to the commit, so that two writers take turns.
    writing: Mutex<()>,
    found: Mutex<Found>,
    keys: Mutex<HashMap<StreamId, Arc<StreamSeal>>>,
    rollups: Mutex<Rollups>,
    pub(crate) rollup_keys: RollupKeys,
    held: Held,
    /// Held while an import runs: two at once could not see each other's rows.
    pub(crate) importing: Mutex<()>,
}

pub(crate) fn unpoisoned<T>(result: Result<T, PoisonError<T>>) -> T {
    // A thread that panicked elsewhere leaves the data behind these locks as it was between two statements that do not
    // panic; the journal protects itself against half-done writes.
    result.unwrap_or_else(PoisonError::into_inner)
}

impl Vault {
    /// Makes a new vault whose first commit holds `records`.
    pub fn create(
        opening: Opening<'_>,
        records: &[(ObjectKind, Vec<Vec<u8>>)],
        now: Timestamp,
    ) -> Result<Self, VaultError> {
        Self::create_on(Arc::new(RealDisk), opening, records, now)
    }

    /// The same on another disk.
    pub fn create_on(
        disk: Arc<dyn Disk>,
        opening: Opening<'_>,
        records: &[(ObjectKind, Vec<Vec<u8>>)],
        now: Timestamp,
    ) -> Result<Self, VaultError> {
        let journal = Journal::create(&*disk, opening.dir)?;
        let vault = Self::with(disk, opening, journal, &[], Found::default());
        vault.commit_records(records, now)?;
        Ok(vault)
    }

    /// Opens a vault, reading its commits and nothing else. What it found is in [`Vault::found`].
    pub fn open(opening: Opening<'_>) -> Result<Self, VaultError> {
        Self::open_on(Arc::new(RealDisk), opening)
    }

    /// The same on another disk.
    pub fn open_on(disk: Arc<dyn Disk>, opening: Opening<'_>) -> Result<Self, VaultError> {
        let (journal, commits, found) = Journal::open(&*disk, opening.dir, &opening.key.seal())?;
        let vault = Self::with(disk, opening, journal, &commits, found);
        // A tail that was never acknowledged is dropped now, so that nothing lies behind what is written next.
        if vault.found().damage.is_empty() {
            if vault.found().torn_bytes > 0 {
                unpoisoned(vault.journal.write()).roll_back()?;
            }
            if let Some(last) = commits.last() {
                vault.restore_head(last)?;
            }
        }
        match vault.apply_retractions() {
            Err(VaultError::Damaged(damage)) => vault.report_damage(damage),
            applied => applied?,
        }
        Ok(vault)
    }

    pub(crate) fn with(
        disk: Arc<dyn Disk>,
        opening: Opening<'_>,
        journal: Journal,
        commits: &[Placed],
        found: Found,
    ) -> Self {
        let mut index = Index::default();
        for commit in commits {
            index.add(commit);
        }
        let fresh = Fresh::of(opening.chance);
        let held = Held::new(Arc::clone(&disk), opening.dir, &opening.key, fresh.clone());
        let rollups = Rollups::new(Arc::clone(&disk), opening.dir);
        Self {
            dir: opening.dir.to_owned(),
            owner: opening.owner,
            seal: opening.key.seal_with(fresh),
            disk,
            rollup_keys: RollupKeys::new(&opening.key),
            held,
            key: opening.key,
            signer: opening.signer.map_or_else(OnceLock::new, OnceLock::from),
            journal: RwLock::new(journal),
            index: RwLock::new(index),
            writing: Mutex::new(()),
            found: Mutex::new(found),
            keys: Mutex::default(),
            rollups: Mutex::new(rollups),
            importing: Mutex::default(),
        }
    }

    /// Brings the head up to date when the last commit was written but its acknowledgement was cut off. Damaged slots
    /// are left as they are: `verify` names them and `repair` heals them.
    fn restore_head(&self, last: &Placed) -> Result<(), VaultError> {
        let mut journal = unpoisoned(self.journal.write());
        let (slots, damage) = journal.slots(&self.seal)?;
        let slot = acknowledged(last);
        if damage.is_empty() && slots.into_iter().flatten().all(|known| known.seq < slot.seq) {
            journal.write_slot(slot, &self.seal)?;
        }
        Ok(())
    }

    /// What opening found: a torn tail, damage.
    #[must_use]
    pub fn found(&self) -> Found {
        unpoisoned(self.found.lock()).clone()
    }

    pub(crate) fn set_found(&self, found: Found) {
        *unpoisoned(self.found.lock()) = found;
    }

    /// What is kept here for other people.
    #[must_use]
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// The data directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The twin's DID.
    #[must_use]
    pub fn owner(&self) -> &Did {
        &self.owner
    }

    /// The device that signs, if there is one.
    #[must_use]
    pub fn device(&self) -> Option<&Did> {
        self.signer.get().map(|signer| signer.key.did())
    }

    /// Who signs from now on, if nobody did before. The certificate is in the journal, so it is known only once the
    /// vault is open.
    pub fn set_signer(&self, signer: Signer) {
        let _ = self.signer.set(signer);
    }

    /// Takes note of damage met while reading: from now on nothing is answered but `verify` and `repair`.
    pub fn report_damage(&self, damage: Damage) {
        unpoisoned(self.found.lock()).damage.push(damage);
    }

    /// The index. Holding it keeps writers from committing, so take what you need and let go.
    pub fn index(&self) -> RwLockReadGuard<'_, Index> {
        unpoisoned(self.index.read())
    }

    pub(crate) fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        unpoisoned(self.index.write())
    }

    pub(crate) fn replace_index(&self, index: Index) {
        *self.index_mut() = index;
    }

    /// Bytes of the journal.
    pub fn bytes(&self) -> Result<u64, VaultError> {
        unpoisoned(self.journal.read()).len()
    }

    /// Refuses when commits are damaged: an answer that leaves out what cannot be read would be a wrong answer.
    pub fn ensure_whole(&self) -> Result<(), VaultError> {
        match self.found().damage.into_iter().next() {
            None => Ok(()),
            Some(damage) => Err(VaultError::Damaged(damage)),
        }
    }

    pub(crate) fn stream_key(&self, id: &StreamId) -> Arc<StreamSeal> {
        let mut keys = unpoisoned(self.keys.lock());
        if let Some(key) = keys.get(id) {
            return key.clone();
        }
        let key = Arc::new(self.key.stream(id));
        keys.insert(id.clone(), key.clone());
        key
    }

    pub(crate) fn rollups(&self) -> MutexGuard<'_, Rollups> {
        unpoisoned(self.rollups.lock())
    }

    /// The sealed bytes of an object, checked against its id.
    pub(crate) fn read(&self, at: u64, len: u32, id: &Digest) -> Result<Vec<u8>, VaultError> {
        unpoisoned(self.journal.read()).read(at, len, id)
    }

    fn damaged(chunk: &ChunkRef) -> impl FnOnce(Damaged) -> VaultError {
        let (at, object) = (chunk.at, chunk.id);
        move |what| {
            VaultError::Damaged(Damage { file: JOURNAL.into(), at, object: Some(object), what: what.0.to_owned() })
        }
    }

    /// Opens what timelines need of a chunk.
    pub fn front(&self, key: &StreamSeal, chunk: &ChunkRef) -> Result<Front, VaultError> {
        let sealed = self.read(chunk.at, chunk.len, &chunk.id)?;
        chunk::open_front_of(key, &sealed).map_err(Self::damaged(chunk))
    }

    /// Opens a whole chunk.
    pub fn chunk(&self, key: &StreamSeal, chunk: &ChunkRef) -> Result<OpenChunk, VaultError> {
        let sealed = self.read(chunk.at, chunk.len, &chunk.id)?;
        OpenChunk::open(key, &sealed).map_err(Self::damaged(chunk))
    }

    /// The records of an object, each as the bytes that were committed.
    pub fn records(&self, record: &RecordRef) -> Result<Vec<Vec<u8>>, VaultError> {
        let sealed = self.read(record.at, record.len, &record.id)?;
        let damaged = |what: Damaged| {
            let (at, object) = (record.at, Some(record.id));
            VaultError::Damaged(Damage { file: JOURNAL.into(), at, object, what: what.0.to_owned() })
        };
        let plain = self.seal.open_records(record.kind, &sealed).map_err(damaged)?;
        decode_records(&plain).map(|(_, records)| records).map_err(damaged)
    }

    /// The newest records of a kind first, as long as `take` wants more.
    pub fn records_of(
        &self,
        kind: ObjectKind,
        mut take: impl FnMut(u64, Vec<Vec<u8>>) -> bool,
    ) -> Result<(), VaultError> {
        let refs: Vec<RecordRef> =
            self.index().records.iter().rev().filter(|record| record.kind == kind).cloned().collect();
        for record in refs {
            if !take(record.commit, self.records(&record)?) {
                break;
            }
        }
        Ok(())
    }

    /// A commit's frame as it lies in the journal, unsealed.
    pub fn commit_frame(&self, seq: u64) -> Result<CommitFrame, VaultError> {
        let commit = self.index().commits.get(seq as usize).cloned().ok_or(VaultError::NoObservation)?;
        let sealed = self.read(commit.at, commit.len, &commit.id)?;
        let damaged = |what: &str| {
            let (at, object) = (commit.at, Some(commit.id));
            VaultError::Damaged(Damage { file: JOURNAL.into(), at, object, what: what.to_owned() })
        };
        let plain = self.seal.open_commit(&sealed).map_err(|what| damaged(what.0))?;
        canonical::decode(&plain).map_err(|_| damaged("a commit is malformed"))
    }

    /// Commits records in one go.
    pub fn commit_records(&self, records: &[(ObjectKind, Vec<Vec<u8>>)], now: Timestamp) -> Result<(), VaultError> {
        let mut turn = self.turn()?;
        for (kind, items) in records {
            turn.stage_records(*kind, items)?;
        }
        turn.commit(now)
    }

    /// Waits until nobody writes, and keeps it so.
    pub(crate) fn alone(&self) -> MutexGuard<'_, ()> {
        unpoisoned(self.writing.lock())
    }

    /// Waits for the turn to write.
    pub(crate) fn turn(&self) -> Result<Turn<'_>, VaultError> {
        let turn = self.alone();
        self.ensure_whole()?;
        Ok(Turn::new(self, turn))
    }

    /// Keeps a small sealed file beside the journal, for what must be known when the journal cannot be read.
    pub fn write_beside(&self, name: &str, plain: &[u8]) -> Result<(), VaultError> {
        let path = self.dir.join(name);
        let sealed = self.seal.seal_beside(name, plain);
        crate::disk::replace_on(&*self.disk, &path, &sealed).map_err(VaultError::io("cannot write", &path))
    }

    /// Takes it away, if it is there.
    pub fn remove_beside(&self, name: &str) -> Result<(), VaultError> {
        let path = self.dir.join(name);
        match self.disk.remove(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(VaultError::io("cannot remove", &path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Reads it back, if it is there and whole.
    #[must_use]
    pub fn read_beside(&self, name: &str) -> Option<Vec<u8>> {
        let file = self.disk.open(&self.dir.join(name), false, false).ok()?;
        let mut sealed = vec![0; usize::try_from(file.len().ok()?).ok()?];
        file.read_exact_at(&mut sealed, 0).ok()?;
        self.seal.open_beside(name, &sealed).ok()
    }

    /// Names of the files beside the journal that begin so.
    pub fn beside(&self, prefix: &str) -> Result<Vec<String>, VaultError> {
        let mut names = self.disk.list(&self.dir).map_err(VaultError::io("cannot read", &self.dir))?;
        names.retain(|name| name.starts_with(prefix));
        Ok(names)
    }

    /// Objects and commits in the order of the journal: kind, id, position, length.
    pub(crate) fn frames(&self) -> Vec<(FrameKind, Digest, u64, u32)> {
        let index = self.index();
        let chunks = index.streams.iter().flat_map(|stream| &stream.chunks).chain(&index.retracted);
        let chunks = chunks.map(|c| (FrameKind::Object, c.id, c.at, c.len));
        let records = index.records.iter().map(|r| (FrameKind::Object, r.id, r.at, r.len));
        let commits = index.commits.iter().map(|c| (FrameKind::Commit, c.id, c.at, c.len));
        let mut frames: Vec<_> = chunks.chain(records).chain(commits).collect();
        frames.sort_unstable_by_key(|frame| frame.2);
        frames
    }

    /// Every object that a copy elsewhere needs, in the order of the journal. The flag says which are commits, whose
    /// sequence numbers count up from 0.
    #[must_use]
    pub fn objects(&self) -> Vec<(Digest, bool)> {
        self.frames().into_iter().map(|(kind, id, ..)| (id, kind == FrameKind::Commit)).collect()
    }

    /// Objects and commits in the order of the journal: id, where its frame begins, length of the sealed bytes.
    #[must_use]
    pub fn places(&self) -> Vec<(Digest, u64, u32)> {
        self.frames().into_iter().map(|(_, id, at, len)| (id, at, len)).collect()
    }

    /// The sealed bytes of an object by its id.
    pub fn object(&self, id: &Digest) -> Result<Option<Vec<u8>>, VaultError> {
        let place = self.frames().into_iter().find(|frame| frame.1 == *id);
        place.map(|(_, id, at, len)| self.read(at, len, &id)).transpose()
    }
}
