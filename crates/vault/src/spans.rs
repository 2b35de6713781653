//! The journal file by stretches of bytes: read for copies that friends keep, and put together again from them.
//!
//! What was acknowledged never changes and only grows, so a stretch read once is the same for ever; and a journal that
//! was put together from stretches is the same file, bit for bit.

use crate::disk::{Disk, DiskFile, RealDisk};
use crate::error::VaultError;
use crate::frame::HEAD_LEN;
use crate::index::CommitRef;
use crate::journal::{JOURNAL, Journal};
use crate::seal::VaultKey;
use crate::turn::acknowledged;
use crate::vault::Vault;
use crate::verify::damage;
use didymos_base::Digest;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

impl Vault {
    /// The newest commit, and where the journal ends behind it.
    #[must_use]
    pub fn newest(&self) -> Option<(CommitRef, u64)> {
        let index = self.index();
        let last = index.commits.last()?;
        Some((last.clone(), last.at + HEAD_LEN as u64 + u64::from(last.len)))
    }

    /// Reads and hashes every object and commit that begins from byte `from` on, and before byte `to`: nothing that has
    /// rotted here is to be spread as if it were sound.
    pub fn check_range(&self, from: u64, to: u64) -> Result<(), VaultError> {
        self.ensure_whole()?;
        for (_, id, at, len) in self.frames() {
            if (from..to).contains(&at) {
                self.read(at, len, &id)?;
            }
        }
        Ok(())
    }

    /// The bytes of the journal file from `begins` on.
    pub fn span(&self, begins: u64, len: u32) -> Result<Vec<u8>, VaultError> {
        self.journal.read().unwrap_or_else(PoisonError::into_inner).bytes(begins, len)
    }

    /// Whether anything was committed after `seq` but for receipts and what else the twin notes down by itself.
    #[must_use]
    pub fn has_news_since(&self, seq: u64) -> bool {
        let index = self.index();
        let chunks = index.commits.iter().rev().take_while(|commit| commit.seq > seq).any(|c| c.observations > 0);
        chunks || index.records.iter().rev().take_while(|record| record.commit > seq).any(|r| !r.kind.is_bookkeeping())
    }
}

/// A journal that is being put together from stretches. What is there already stays, so that it can be gone on with.
pub struct Rebuilding {
    dir: PathBuf,
    path: PathBuf,
    file: Box<dyn DiskFile>,
}

impl Rebuilding {
    /// Begins, or goes on, in an empty directory.
    pub fn begin(dir: &Path) -> Result<Self, VaultError> {
        let path = dir.join(JOURNAL);
        let file = RealDisk.open(&path, true, true).map_err(VaultError::io("cannot create", &path))?;
        Ok(Self { dir: dir.to_owned(), path, file })
    }

    /// The digest of what is there, if so much is.
    #[must_use]
    pub fn digest(&self, begins: u64, len: u32) -> Option<Digest> {
        let mut bytes = vec![0; len as usize];
        self.file.read_exact_at(&mut bytes, begins).ok()?;
        Some(Digest::of(&bytes))
    }

    /// Puts bytes where they belong.
    pub fn put(&self, begins: u64, bytes: &[u8]) -> Result<(), VaultError> {
        self.file.write_all_at(bytes, begins).map_err(VaultError::io("cannot write", &self.path))
    }

    /// All is there: makes it durable, walks its commits from the first to the last, and says how many there are. It has
    /// to end with commit `seq`, of this digest.
    pub fn finish(self, key: &VaultKey, end: u64, seq: u64, commit: Digest) -> Result<u64, VaultError> {
        let Self { dir, path, file } = self;
        file.set_len(end).and_then(|()| file.sync()).map_err(VaultError::io("cannot write", &path))?;
        drop(file);
        RealDisk.sync_dir(&dir).map_err(VaultError::io("cannot write", &dir))?;
        let seal = key.seal();
        let (mut journal, commits, found) = Journal::open(&RealDisk, &dir, &seal)?;
        if let Some(damage) = found.damage.into_iter().next() {
            return Err(VaultError::Damaged(damage));
        }
        let last = commits
            .last()
            .filter(|last| last.frame.commit.seq == seq && last.frame.commit.digest() == commit && last.end() == end);
        let Some(last) = last else {
            return Err(VaultError::Damaged(damage(
                end,
                None,
                "the journal does not end with the commit that it should",
            )));
        };
        journal.fill_both_slots(acknowledged(last), &seal)?;
        Ok(seq + 1)
    }
}
