//! Files on their way in: sealed from the first byte that touches the disk, readable at any place, gone when imported.
//!
//! ```text
//! uploads/ID        blocks of 64 KiB, each sealed: nonce(24) bytes tag(16); the last one is shorter, or empty
//! uploads/ID.job    what the file is, sealed; written last, so a file without it was never received to its end
//! ```
//!
//! A block is bound to its file, its place, and whether it is the last: blocks cannot be swapped, and a file that was cut
//! does not look whole. Names are random.

use crate::disk::{Disk, DiskFile, RealDisk, replace_file};
use crate::error::VaultError;
use crate::seal::{Fresh, StreamSeal};
use crate::vault::Vault;
use didymos_base::hex;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Name of the folder in the data directory.
pub const UPLOADS: &str = "uploads";
/// Plain bytes of a block.
const BLOCK: usize = 64 * 1024;
/// What sealing adds.
const OVERHEAD: usize = 24 + 16;
const SEALED_BLOCK: u64 = (BLOCK + OVERHEAD) as u64;
const JOB: &str = "job";
/// What describes a file is a name and a few numbers.
const JOB_LEN_MAX: u64 = 64 * 1024;

/// Names a file that waits.
pub type SpoolId = [u8; 16];

/// The folder of files that wait.
pub struct Spool {
    dir: PathBuf,
    key: Arc<StreamSeal>,
    fresh: Fresh,
}

fn label(id: &SpoolId, block: u64, last: bool) -> Vec<u8> {
    let mut label = b"upload 1".to_vec();
    label.extend_from_slice(id);
    label.extend_from_slice(&block.to_be_bytes());
    label.push(u8::from(last));
    label
}

impl Vault {
    /// The folder of files that wait to be imported.
    #[must_use]
    pub fn spool(&self) -> Spool {
        Spool { dir: self.dir.join(UPLOADS), key: Arc::new(self.key.uploads()), fresh: self.seal.fresh.clone() }
    }
}

impl Spool {
    fn path(&self, id: &SpoolId) -> PathBuf {
        self.dir.join(hex::encode(id))
    }

    fn job_path(&self, id: &SpoolId) -> PathBuf {
        self.path(id).with_extension(JOB)
    }

    /// Begins a new file.
    pub fn begin(&self) -> Result<SpoolWriter, VaultError> {
        std::fs::create_dir_all(&self.dir).map_err(VaultError::io("cannot make", &self.dir))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&self.dir, std::fs::Permissions::from_mode(0o700))
                .map_err(VaultError::io("cannot protect", &self.dir))?;
        }
        let id = self.fresh.random();
        let path = self.path(&id);
        let file = RealDisk.open(&path, true, true).map_err(VaultError::io("cannot create", &path))?;
        let spool = Self { dir: self.dir.clone(), key: Arc::clone(&self.key), fresh: self.fresh.clone() };
        Ok(SpoolWriter { spool, id, file, path, block: 0, plain: Vec::with_capacity(BLOCK), received: false })
    }

    /// Every file that was received to its end, with what describes it. What was not is removed.
    pub fn sweep(&self) -> Result<Vec<(SpoolId, Vec<u8>)>, VaultError> {
        let entries = match std::fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(VaultError::io("cannot read", &self.dir)(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(VaultError::io("cannot read", &self.dir))?;
            let name = entry.file_name();
            // Only names that are ours are touched.
            let Some(name) = name.to_str() else { continue };
            if let Some(id) = hex::decode::<16>(name) {
                match self.job(&id) {
                    Some(job) => found.push((id, job)),
                    None => self.remove(&id)?,
                }
            } else if let Some(id) = name.strip_suffix(".job").and_then(hex::decode::<16>)
                && !self.path(&id).exists()
            {
                self.remove(&id)?;
            }
        }
        Ok(found)
    }

    fn job(&self, id: &SpoolId) -> Option<Vec<u8>> {
        let path = self.job_path(id);
        if std::fs::metadata(&path).ok()?.len() > JOB_LEN_MAX {
            return None;
        }
        let label = label(id, u64::MAX, true);
        self.key.open(&label, &std::fs::read(path).ok()?).ok()
    }

    /// Opens a file.
    pub fn open(&self, id: &SpoolId) -> Result<SpoolReader, VaultError> {
        let path = self.path(id);
        let failed = |error| VaultError::io("cannot read", &path)(error);
        let file = RealDisk.open(&path, false, false).map_err(failed)?;
        let sealed = file.len().map_err(failed)?;
        let mut reader = SpoolReader {
            key: Arc::clone(&self.key),
            id: *id,
            file,
            sealed,
            len: 0,
            at: 0,
            held: None,
            plain: Vec::new(),
        };
        // The last block says that it is: what was cut is noticed before anything is read.
        let last = sealed.checked_sub(1).map(|end| end / SEALED_BLOCK);
        let last = last.ok_or_else(|| failed(io::ErrorKind::UnexpectedEof.into()))?;
        reader.hold(last).map_err(failed)?;
        reader.len = last * BLOCK as u64 + reader.plain.len() as u64;
        Ok(reader)
    }

    /// Removes a file, if it is there.
    pub fn remove(&self, id: &SpoolId) -> Result<(), VaultError> {
        for path in [self.job_path(id), self.path(id)] {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(VaultError::io("cannot delete", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Removes every file that waits, and the folder if nothing else is in it. Needs no key.
pub fn erase(home: &Path) -> io::Result<()> {
    let dir = home.join(UPLOADS);
    let entries = match std::fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let ours = entry.file_name().to_str().is_some_and(|name| {
            hex::decode::<16>(name.strip_suffix(".job.new").or_else(|| name.strip_suffix(".job")).unwrap_or(name))
                .is_some()
        });
        if ours {
            std::fs::remove_file(entry.path())?;
        }
    }
    // Somebody else's file keeps the folder.
    let _ = std::fs::remove_dir(dir);
    Ok(())
}

/// A file that is being received. Dropped before its end, it is removed.
pub struct SpoolWriter {
    spool: Spool,
    id: SpoolId,
    file: Box<dyn DiskFile>,
    path: PathBuf,
    block: u64,
    /// Plain bytes that do not fill a block yet.
    plain: Vec<u8>,
    received: bool,
}

impl SpoolWriter {
    /// Takes bytes.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), VaultError> {
        while !bytes.is_empty() {
            let room = (BLOCK - self.plain.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.plain.extend_from_slice(now);
            bytes = later;
            // A full block is written once there is more, so that the last one can be told.
            if self.plain.len() == BLOCK && !bytes.is_empty() {
                self.seal(false)?;
            }
        }
        Ok(())
    }

    fn seal(&mut self, last: bool) -> Result<(), VaultError> {
        let sealed = self.spool.key.seal(self.spool.fresh.nonce(), &label(&self.id, self.block, last), &self.plain);
        let at = self.block * SEALED_BLOCK;
        self.file.write_all_at(&sealed, at).map_err(VaultError::io("cannot write", &self.path))?;
        self.block += 1;
        self.plain.clear();
        Ok(())
    }

    /// Plain bytes so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.block * BLOCK as u64 + self.plain.len() as u64
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The file is whole. Returns once it and `job`, which describes it, are durable.
    pub fn finish(mut self, job: &[u8]) -> Result<SpoolId, VaultError> {
        if self.plain.len() == BLOCK {
            self.seal(false)?;
        }
        self.seal(true)?;
        self.file.sync().map_err(VaultError::io("cannot write", &self.path))?;
        let path = self.spool.job_path(&self.id);
        let sealed = self.spool.key.seal(self.spool.fresh.nonce(), &label(&self.id, u64::MAX, true), job);
        replace_file(&path, &sealed).map_err(VaultError::io("cannot write", &path))?;
        self.received = true;
        Ok(self.id)
    }
}

impl Drop for SpoolWriter {
    fn drop(&mut self) {
        if !self.received {
            // What stays behind is removed at the next opening.
            let _ = self.spool.remove(&self.id);
        }
    }
}

/// A file that waits, opened block by block.
pub struct SpoolReader {
    key: Arc<StreamSeal>,
    id: SpoolId,
    file: Box<dyn DiskFile>,
    /// Sealed length.
    sealed: u64,
    /// Plain length.
    len: u64,
    at: u64,
    /// The block that `plain` holds.
    held: Option<u64>,
    plain: Vec<u8>,
}

impl SpoolReader {
    /// Plain bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn hold(&mut self, block: u64) -> io::Result<()> {
        if self.held == Some(block) {
            return Ok(());
        }
        let at = block * SEALED_BLOCK;
        let length = (self.sealed - at).min(SEALED_BLOCK);
        let mut sealed = vec![0; length as usize];
        self.file.read_exact_at(&mut sealed, at)?;
        let last = at + length == self.sealed;
        let opened = self.key.open(&label(&self.id, block, last), &sealed);
        self.plain =
            opened.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "an upload is damaged: upload it again"))?;
        self.held = Some(block);
        Ok(())
    }
}

impl Read for SpoolReader {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.len || to.is_empty() {
            return Ok(0);
        }
        self.hold(self.at / BLOCK as u64)?;
        let from = (self.at % BLOCK as u64) as usize;
        let count = (self.plain.len() - from).min(to.len());
        to[..count].copy_from_slice(&self.plain[from..from + count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for SpoolReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a place before the beginning"))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::VaultKey;
    use didymos_identity::Secret32;
    use proptest::prelude::*;

    fn spool(dir: &Path, key: u8) -> Spool {
        let key = Arc::new(VaultKey::new(Secret32::from_bytes([key; 32])).uploads());
        Spool { dir: dir.join(UPLOADS), key, fresh: Fresh::of(None) }
    }

    fn pattern(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i * 31 / 7) as u8).collect()
    }

    fn put(spool: &Spool, bytes: &[u8]) -> SpoolId {
        let mut writer = spool.begin().expect("begins");
        for part in bytes.chunks(50_000) {
            writer.write(part).expect("written");
        }
        assert_eq!(writer.len(), bytes.len() as u64);
        writer.finish(b"a job").expect("kept")
    }

    #[test]
    fn what_was_put_reads_back_from_any_place_and_is_sealed() {
        let dir = tempfile::tempdir().expect("a folder");
        let spool = spool(dir.path(), 1);
        for len in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 77] {
            let bytes = pattern(len);
            let id = put(&spool, &bytes);
            let mut reader = spool.open(&id).expect("opens");
            assert_eq!(reader.len(), len as u64);
            let mut whole = Vec::new();
            reader.read_to_end(&mut whole).expect("reads");
            assert_eq!(whole, bytes);
            let from = len / 3;
            reader.seek(SeekFrom::End(from as i64 - len as i64)).expect("seeks");
            let mut rest = Vec::new();
            reader.read_to_end(&mut rest).expect("reads");
            assert_eq!(rest, &bytes[from..]);
            assert!(reader.seek(SeekFrom::Current(-(len as i64) - 1)).is_err());
            let on_disk = std::fs::read(spool.path(&id)).expect("a file");
            assert!(len < 64 || !on_disk.windows(32).any(|window| window == &bytes[16..48]), "in clear");
        }
        assert_eq!(spool.sweep().expect("reads").len(), 7);
    }

    #[test]
    fn an_upload_that_broke_off_is_swept_and_another_key_opens_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        let ours = spool(dir.path(), 1);
        let id = put(&ours, &pattern(100));
        let mut broken = ours.begin().expect("begins");
        broken.write(&pattern(200_000)).expect("written");
        let half = broken.id;
        std::mem::forget(broken);
        std::fs::write(dir.path().join(UPLOADS).join("notes.txt"), "mine").expect("written");
        assert_eq!(ours.sweep().expect("reads"), [(id, b"a job".to_vec())]);
        assert!(!ours.path(&half).exists());
        assert!(spool(dir.path(), 2).open(&id).is_err());
        drop(ours.begin().expect("begins"));
        erase(dir.path()).expect("erased");
        let left: Vec<_> = std::fs::read_dir(dir.path().join(UPLOADS)).expect("a folder").flatten().collect();
        assert_eq!(left.len(), 1, "what is not ours stays");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn a_flipped_byte_or_a_cut_is_noticed(at in 0usize..140_000, cut in any::<bool>()) {
            let dir = tempfile::tempdir().expect("a folder");
            let spool = spool(dir.path(), 1);
            let id = put(&spool, &pattern(2 * BLOCK + 5_000));
            let mut bytes = std::fs::read(spool.path(&id)).expect("a file");
            let at = at % bytes.len();
            if cut { bytes.truncate(at) } else { bytes[at] ^= 0x40 }
            std::fs::write(spool.path(&id), bytes).expect("written");
            let read = spool.open(&id).map(|mut reader| reader.read_to_end(&mut Vec::new()).is_ok());
            prop_assert!(!matches!(read, Ok(true)));
        }
    }
}
