//! A disk in memory that fails on command: full after so many bytes, torn at any byte, losing what was not synced.
//!
//! It keeps for every file what a power cut would leave (the synced bytes) beside what the running program sees, so a
//! test can let the vault work, pull the plug at a chosen moment, and open again what is left.

use crate::disk::{Disk, DiskFile};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A shared, failing disk. Clones see the same files.
#[derive(Clone, Default)]
pub struct FaultyDisk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    files: BTreeMap<PathBuf, Content>,
    /// Bytes that may still be written before the disk is full.
    room: Option<u64>,
    /// Operations (writes, cuts, syncs) that may still happen before everything fails, as after pulling the plug.
    operations: Option<u64>,
    /// Whether something failed because the plug is pulled.
    pulled: bool,
    written: u64,
    read: u64,
}

#[derive(Clone, Default)]
struct Content {
    seen: Vec<u8>,
    synced: Vec<u8>,
}

struct FaultyFile {
    disk: FaultyDisk,
    path: PathBuf,
}

impl FaultyDisk {
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on only so many bytes fit; then writes fail half way, as on a full disk.
    pub fn set_room(&self, bytes: Option<u64>) {
        self.with(|state| state.room = bytes);
    }

    /// After so many more writes, cuts and syncs, all of them fail.
    pub fn set_operations(&self, count: Option<u64>) {
        self.with(|state| state.operations = count);
    }

    /// Whether the plug was pulled while the program was at work: something that it wanted written was not.
    #[must_use]
    pub fn is_pulled(&self) -> bool {
        self.with(|state| state.pulled)
    }

    /// Bytes written so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.with(|state| state.written)
    }

    /// Bytes read so far.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.with(|state| state.read)
    }

    /// What is on the medium after a power cut when, of the bytes of each file that were not synced, the first `kept`
    /// reached it: every prefix is possible, so a test tries many.
    #[must_use]
    pub fn after_power_cut(&self, kept: usize) -> Self {
        let files = self.with(|state| {
            let survive = |content: &Content| {
                let first = content
                    .seen
                    .iter()
                    .zip(&content.synced)
                    .position(|(seen, synced)| seen != synced)
                    .unwrap_or(content.seen.len().min(content.synced.len()));
                let torn = (first + kept).min(content.seen.len());
                let mut bytes = content.seen[..torn].to_vec();
                if content.synced.len() > torn {
                    bytes.extend_from_slice(&content.synced[torn..]);
                }
                Content { seen: bytes.clone(), synced: bytes }
            };
            state.files.iter().map(|(path, content)| (path.clone(), survive(content))).collect()
        });
        Self(Arc::new(Mutex::new(State { files, ..State::default() })))
    }

    /// How many bytes of the file are not safe yet.
    #[must_use]
    pub fn unsynced(&self, path: &Path) -> usize {
        self.with(|state| {
            state.files.get(path).map_or(0, |content| {
                let same = content.seen.iter().zip(&content.synced).take_while(|(a, b)| a == b).count();
                content.seen.len() - same
            })
        })
    }

    /// The bytes of a file as the running program sees them.
    #[must_use]
    pub fn bytes(&self, path: &Path) -> Vec<u8> {
        self.with(|state| state.files.get(path).map(|content| content.seen.clone()).unwrap_or_default())
    }

    /// Takes a file away, as rot would.
    pub fn lose(&self, path: &Path) {
        self.with(|state| drop(state.files.remove(path)));
    }

    /// Puts these bytes in place of a file, as rot would.
    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        self.with(|state| {
            state.files.insert(path.to_owned(), Content { seen: bytes.clone(), synced: bytes });
        });
    }
}

impl State {
    fn operate(&mut self) -> io::Result<()> {
        match &mut self.operations {
            Some(0) => {
                self.pulled = true;
                Err(io::Error::other("the plug is pulled"))
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl DiskFile for FaultyFile {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        self.disk.with(|state| {
            let seen = &state.files.entry(self.path.clone()).or_default().seen;
            let from = usize::try_from(at).map_err(io::Error::other)?;
            let bytes = seen
                .get(from..)
                .and_then(|rest| rest.get(..buffer.len()))
                .ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
            buffer.copy_from_slice(bytes);
            state.read += buffer.len() as u64;
            Ok(())
        })
    }

    fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.disk.with(|state| {
            state.operate()?;
            let from = usize::try_from(at).map_err(io::Error::other)?;
            let seen = &mut state.files.entry(self.path.clone()).or_default().seen;
            let grows = (from + bytes.len()).saturating_sub(seen.len()) as u64;
            let fits = state.room.is_none_or(|room| grows <= room);
            let kept = if fits { bytes.len() } else { bytes.len() - (grows - state.room.unwrap_or(0)) as usize };
            if seen.len() < from + kept {
                seen.resize(from + kept, 0);
            }
            seen[from..from + kept].copy_from_slice(&bytes[..kept]);
            state.written += kept as u64;
            if let Some(room) = &mut state.room {
                *room = room.saturating_sub(grows);
            }
            if fits { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
        })
    }

    fn len(&self) -> io::Result<u64> {
        self.disk.with(|state| Ok(state.files.entry(self.path.clone()).or_default().seen.len() as u64))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.with(|state| {
            state.operate()?;
            let len = usize::try_from(len).map_err(io::Error::other)?;
            let seen = &mut state.files.entry(self.path.clone()).or_default().seen;
            if let Some(room) = &mut state.room {
                *room += seen.len().saturating_sub(len) as u64;
            }
            seen.resize(len, 0);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.with(|state| {
            state.operate()?;
            let content = state.files.entry(self.path.clone()).or_default();
            content.synced.clone_from(&content.seen);
            Ok(())
        })
    }
}

impl Disk for FaultyDisk {
    fn open(&self, path: &Path, _write: bool, create: bool) -> io::Result<Box<dyn DiskFile>> {
        self.with(|state| {
            if !create && !state.files.contains_key(path) {
                return Err(io::Error::from(io::ErrorKind::NotFound));
            }
            state.files.entry(path.to_owned()).or_default();
            Ok(())
        })?;
        Ok(Box::new(FaultyFile { disk: self.clone(), path: path.to_owned() }))
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.with(|state| {
            state.operate()?;
            let content = state.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
            state.files.insert(to.to_owned(), content);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.with(|state| {
            state.operate()?;
            let content = state.files.remove(path).ok_or(io::ErrorKind::NotFound)?;
            if let Some(room) = &mut state.room {
                *room += content.seen.len() as u64;
            }
            Ok(())
        })
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.with(|state| {
            let here = state.files.keys().filter(|path| path.parent() == Some(dir));
            Ok(here.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
        })
    }

    fn make_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}
