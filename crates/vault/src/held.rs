//! What is kept here for other people: sealed bytes that mean nothing to whoever keeps them.
//!
//! ```text
//! held/NAME       length(2, LE) of the head, the head, the bytes
//! held/NAME.new   being written; removed at the next opening
//! ```
//!
//! The head is sealed under a key of this vault: whose the bytes are, what their owner calls them, their digest. Names
//! are keyed hashes, so that the folder tells neither who nor what, only how much. Bytes that do not have their digest
//! any more are removed and never given out: their owner hears that they are not there, and puts them again.

use crate::disk::Disk;
use crate::error::VaultError;
use crate::seal::{Fresh, StreamSeal, VaultKey};
use didymos_base::{Did, Digest, Timestamp, canonical, hex};
use didymos_identity::Secret32;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Name of the folder in the data directory.
pub const HELD: &str = "held";
/// The longest thing that is kept, in bytes.
pub const HELD_BYTES_MAX: usize = 16 * 1024 * 1024;
const NEW: &str = ".new";
/// The longest sealed head.
const HEAD_MAX: usize = 1024;

/// What a thing is to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Sort {
    /// A share of a parcel.
    #[n(0)]
    Share,
    /// The list of shares; one at most.
    #[n(1)]
    Manifest,
}

#[derive(Clone, Debug, Encode, Decode)]
#[cbor(array)]
struct Head {
    #[n(0)]
    owner: Did,
    #[n(1)]
    sort: Sort,
    #[n(2)]
    name: Digest,
    #[n(3)]
    digest: Digest,
    #[n(4)]
    len: u32,
    /// A number that the owner gave it.
    #[n(5)]
    number: u64,
    #[n(6)]
    at: Timestamp,
}

#[derive(Clone, Debug)]
struct Kept {
    head: Head,
    /// Bytes before the owner's.
    skip: u64,
}

type Inventory = BTreeMap<Did, BTreeMap<(Sort, Digest), Kept>>;

/// The folder.
pub struct Held {
    dir: PathBuf,
    disk: Arc<dyn Disk>,
    key: StreamSeal,
    names: Secret32,
    fresh: Fresh,
    /// What is there, once it was looked for.
    inventory: Mutex<Option<Inventory>>,
}

impl Held {
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: &Path, key: &VaultKey, fresh: Fresh) -> Self {
        let (key, names) = key.held();
        Self { dir: dir.join(HELD), disk, key, names, fresh, inventory: Mutex::default() }
    }

    fn file_name(&self, owner: &Did, sort: Sort, name: &Digest) -> String {
        let mut hasher = blake3::Hasher::new_keyed(self.names.as_bytes());
        hasher.update(&canonical::encode(&(owner, sort, name)));
        hex::encode(&hasher.finalize().as_bytes()[..16])
    }

    fn inventory(&self) -> Result<MutexGuard<'_, Option<Inventory>>, VaultError> {
        let mut inventory = self.inventory.lock().unwrap_or_else(PoisonError::into_inner);
        if inventory.is_none() {
            *inventory = Some(self.look()?);
        }
        Ok(inventory)
    }

    /// Reads the heads of all that is there. What was not written to its end, or has a damaged head, is removed.
    fn look(&self) -> Result<Inventory, VaultError> {
        let mut inventory = Inventory::new();
        let names = match self.disk.list(&self.dir) {
            Ok(names) => names,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(inventory),
            Err(error) => return Err(VaultError::io("cannot read", &self.dir)(error)),
        };
        for name in names {
            let ours = hex::decode::<16>(name.strip_suffix(NEW).unwrap_or(&name)).is_some();
            if !ours {
                continue;
            }
            match self.read_head(&name) {
                Some(kept) => {
                    let things = inventory.entry(kept.head.owner.clone()).or_default();
                    things.insert((kept.head.sort, kept.head.name), kept);
                }
                None => self.remove_file(&name)?,
            }
        }
        Ok(inventory)
    }

    fn read_head(&self, name: &str) -> Option<Kept> {
        let file = self.disk.open(&self.dir.join(name), false, false).ok()?;
        let mut len = [0; 2];
        file.read_exact_at(&mut len, 0).ok()?;
        let mut sealed = vec![0; usize::from(u16::from_le_bytes(len))];
        if sealed.len() > HEAD_MAX {
            return None;
        }
        file.read_exact_at(&mut sealed, 2).ok()?;
        let head: Head = canonical::decode(&self.key.open(name.as_bytes(), &sealed).ok()?).ok()?;
        let skip = 2 + sealed.len() as u64;
        (file.len().ok()? == skip + u64::from(head.len)).then_some(Kept { head, skip })
    }

    fn remove_file(&self, name: &str) -> Result<(), VaultError> {
        let path = self.dir.join(name);
        match self.disk.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(VaultError::io("cannot delete", &path)(error)),
            _ => Ok(()),
        }
    }

    /// Keeps bytes. Returns once they are durable; whatever had the same name before is replaced as a whole.
    pub fn put(
        &self,
        owner: &Did,
        (sort, name): (Sort, Digest),
        number: u64,
        bytes: &[u8],
        at: Timestamp,
    ) -> Result<(), VaultError> {
        if bytes.len() > HELD_BYTES_MAX {
            return Err(VaultError::TooMuch("16 MiB is the most that is kept in one piece"));
        }
        let mut inventory = self.inventory()?;
        let file_name = self.file_name(owner, sort, &name);
        let (digest, len) = (Digest::of(bytes), bytes.len() as u32);
        let head = Head { owner: owner.clone(), sort, name, digest, len, number, at };
        let sealed = self.key.seal(self.fresh.nonce(), file_name.as_bytes(), &canonical::encode(&head));
        let mut whole = (sealed.len() as u16).to_le_bytes().to_vec();
        whole.extend_from_slice(&sealed);
        let skip = whole.len() as u64;
        whole.extend_from_slice(bytes);
        let (new, path) = (self.dir.join(format!("{file_name}{NEW}")), self.dir.join(&file_name));
        self.disk.make_dir(&self.dir).map_err(VaultError::io("cannot make", &self.dir))?;
        let written = self.write(&new, &whole).and_then(|()| self.disk.rename(&new, &path));
        if let Err(error) = written.and_then(|()| self.disk.sync_dir(&self.dir)) {
            let _ = self.disk.remove(&new);
            return Err(VaultError::io("cannot write", &path)(error));
        }
        let things = inventory.get_or_insert_default().entry(owner.clone()).or_default();
        things.insert((sort, name), Kept { head, skip });
        Ok(())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let file = self.disk.open(path, true, true)?;
        file.set_len(0)?;
        file.write_all_at(bytes, 0)?;
        file.sync()
    }

    /// The bytes, if they are there and whole.
    pub fn get(&self, owner: &Did, sort: Sort, name: &Digest) -> Result<Option<Vec<u8>>, VaultError> {
        let mut inventory = self.inventory()?;
        let things = inventory.as_mut().and_then(|inventory| inventory.get_mut(owner));
        let Some(things) = things else { return Ok(None) };
        let Some(kept) = things.get(&(sort, *name)) else { return Ok(None) };
        let file_name = self.file_name(owner, sort, name);
        let mut bytes = vec![0; kept.head.len as usize];
        let file = self.disk.open(&self.dir.join(&file_name), false, false);
        let read = file.and_then(|file| file.read_exact_at(&mut bytes, kept.skip));
        if read.is_ok() && Digest::of(&bytes) == kept.head.digest {
            return Ok(Some(bytes));
        }
        things.remove(&(sort, *name));
        self.remove_file(&file_name)?;
        Ok(None)
    }

    /// Whether it is kept, as far as is known without reading it.
    pub fn has(&self, owner: &Did, sort: Sort, name: &Digest) -> Result<bool, VaultError> {
        Ok(self.of(owner, |things| things.contains_key(&(sort, *name)))?.unwrap_or(false))
    }

    fn of<T>(
        &self,
        owner: &Did,
        work: impl FnOnce(&BTreeMap<(Sort, Digest), Kept>) -> T,
    ) -> Result<Option<T>, VaultError> {
        Ok(self.inventory()?.as_ref().and_then(|inventory| inventory.get(owner)).map(work))
    }

    /// Names of the shares that are kept for `owner`, in order, after `after`; at most `most`.
    pub fn shares(&self, owner: &Did, after: Option<Digest>, most: usize) -> Result<Vec<Digest>, VaultError> {
        let listed = self.of(owner, |things| {
            let names = things.keys().filter(|(sort, _)| *sort == Sort::Share).map(|(_, name)| *name);
            names.filter(|name| after.is_none_or(|after| *name > after)).take(most).collect()
        })?;
        Ok(listed.unwrap_or_default())
    }

    /// The number of the manifest that is kept for `owner`, if one is, and its name here.
    pub fn manifest(&self, owner: &Did) -> Result<Option<(u64, Digest)>, VaultError> {
        let found = self.of(owner, |things| {
            let manifest = things.iter().find(|((sort, _), _)| *sort == Sort::Manifest);
            manifest.map(|((_, name), kept)| (kept.head.number, *name))
        })?;
        Ok(found.flatten())
    }

    /// How many bytes are kept for `owner`.
    pub fn used(&self, owner: &Did) -> Result<u64, VaultError> {
        Ok(self.of(owner, |things| things.values().map(|kept| u64::from(kept.head.len)).sum())?.unwrap_or(0))
    }

    /// Everybody for whom something is kept.
    pub fn owners(&self) -> Result<Vec<Did>, VaultError> {
        let inventory = self.inventory()?;
        let kept = inventory.iter().flatten().filter(|(_, things)| !things.is_empty());
        Ok(kept.map(|(did, _)| did.clone()).collect())
    }

    /// Removes a thing, if it is there.
    pub fn remove(&self, owner: &Did, sort: Sort, name: &Digest) -> Result<(), VaultError> {
        let mut inventory = self.inventory()?;
        let things = inventory.as_mut().and_then(|inventory| inventory.get_mut(owner));
        if things.and_then(|things| things.remove(&(sort, *name))).is_some() {
            self.remove_file(&self.file_name(owner, sort, name))?;
        }
        Ok(())
    }

    /// Removes all that is kept for `owner`, and says how many bytes that were.
    pub fn remove_all(&self, owner: &Did) -> Result<u64, VaultError> {
        let things: Vec<(Sort, Digest)> =
            self.of(owner, |things| things.keys().copied().collect())?.unwrap_or_default();
        let used = self.used(owner)?;
        for (sort, name) in things {
            self.remove(owner, sort, &name)?;
        }
        Ok(used)
    }
}

/// Removes all that is kept for others, and the folder if nothing else is in it. Needs no key.
pub fn erase(home: &Path) -> io::Result<()> {
    let dir = home.join(HELD);
    let entries = match std::fs::read_dir(&dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let ours = |name: &str| hex::decode::<16>(name.strip_suffix(NEW).unwrap_or(name)).is_some();
        if entry.file_name().to_str().is_some_and(ours) {
            std::fs::remove_file(entry.path())?;
        }
    }
    // Somebody else's file keeps the folder.
    let _ = std::fs::remove_dir(dir);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::RealDisk;
    use crate::fault::FaultyDisk;

    fn held(disk: Arc<dyn Disk>, dir: &Path) -> Held {
        Held::new(disk, dir, &VaultKey::new(Secret32::from_bytes([1; 32])), Fresh::of(None))
    }

    fn did(name: &str) -> Did {
        format!("did:key:z{name}").parse().expect("a DID")
    }

    fn share(name: &[u8]) -> (Sort, Digest) {
        (Sort::Share, Digest::of(name))
    }

    #[test]
    fn what_is_kept_comes_back_and_tells_nothing_to_whoever_keeps_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let kept = held(Arc::new(RealDisk), dir.path());
        let (ann, bob) = (did("Ann"), did("Bob"));
        let bytes = [7; 5_000];
        kept.put(&ann, share(b"a"), 0, &bytes, Timestamp(1)).expect("kept");
        kept.put(&ann, share(b"b"), 0, &bytes[..10], Timestamp(1)).expect("kept");
        kept.put(&bob, share(b"a"), 0, &bytes[..20], Timestamp(1)).expect("kept");
        kept.put(&ann, (Sort::Manifest, Digest::of(b"list")), 3, b"first", Timestamp(1)).expect("kept");
        kept.put(&ann, (Sort::Manifest, Digest::of(b"list")), 4, b"second", Timestamp(1)).expect("kept");
        drop(kept);
        let kept = held(Arc::new(RealDisk), dir.path());
        assert_eq!(kept.get(&ann, Sort::Share, &Digest::of(b"a")).expect("reads").as_deref(), Some(&bytes[..]));
        assert_eq!(kept.get(&bob, Sort::Share, &Digest::of(b"b")).expect("reads"), None, "somebody else's");
        assert_eq!((kept.used(&ann).expect("reads"), kept.used(&bob).expect("reads")), (5_016, 20));
        assert_eq!(kept.manifest(&ann).expect("reads"), Some((4, Digest::of(b"list"))));
        assert_eq!(kept.shares(&ann, None, 10).expect("reads").len(), 2);
        let first = kept.shares(&ann, None, 1).expect("reads")[0];
        assert_eq!(kept.shares(&ann, Some(first), 10).expect("reads").len(), 1);
        for entry in std::fs::read_dir(dir.path().join(HELD)).expect("a folder").flatten() {
            let bytes = std::fs::read(entry.path()).expect("a file");
            assert!(!bytes.windows(3).any(|window| window == b"Ann" || window == b"Bob"));
            assert!(!bytes.windows(8).any(|window| window == &Digest::of(b"a").as_bytes()[..8]));
        }
        assert_eq!(kept.remove_all(&ann).expect("removed"), 5_016);
        assert_eq!(kept.owners().expect("reads"), [bob]);
    }

    #[test]
    fn what_has_rotted_is_not_given_out_and_is_not_there_any_more() {
        let dir = tempfile::tempdir().expect("a folder");
        let ann = did("Ann");
        for at in [0, 1, 40, 300, 1_000] {
            let kept = held(Arc::new(RealDisk), dir.path());
            kept.put(&ann, share(b"a"), 0, &[9; 900], Timestamp(1)).expect("kept");
            let entry = std::fs::read_dir(dir.path().join(HELD)).expect("a folder").flatten().next().expect("a file");
            let mut bytes = std::fs::read(entry.path()).expect("reads");
            let at = at.min(bytes.len() - 1);
            bytes[at] ^= 1;
            std::fs::write(entry.path(), bytes).expect("written");
            let kept = held(Arc::new(RealDisk), dir.path());
            assert_eq!(kept.get(&ann, Sort::Share, &Digest::of(b"a")).expect("reads"), None, "{at}");
            assert!(kept.owners().expect("reads").is_empty());
        }
    }

    #[test]
    fn a_full_disk_and_a_pulled_plug_leave_all_or_nothing_of_a_share() {
        let (dir, ann) = (Path::new("/home"), did("Ann"));
        let disk = FaultyDisk::default();
        let kept = held(Arc::new(disk.clone()), dir);
        kept.put(&ann, share(b"a"), 0, &[1; 500], Timestamp(1)).expect("kept");
        disk.set_room(Some(100));
        let error = kept.put(&ann, share(b"b"), 0, &[2; 500], Timestamp(1)).expect_err("full");
        assert!(error.to_string().contains("The disk is full"), "{error}");
        assert_eq!(kept.used(&ann).expect("reads"), 500);
        disk.set_room(None);
        for operations in 0..8 {
            let disk = disk.after_power_cut(1 << 20);
            let kept = held(Arc::new(disk.clone()), dir);
            disk.set_operations(Some(operations));
            let put = kept.put(&ann, share(b"b"), 0, &[2; 500], Timestamp(1)).is_ok();
            for torn in [0, 1, 300, 1 << 20] {
                let kept = held(Arc::new(disk.after_power_cut(torn)), dir);
                let there = kept.get(&ann, Sort::Share, &Digest::of(b"b")).expect("reads");
                assert!(there.as_deref() == Some(&[2; 500][..]) || (there.is_none() && !put), "{operations} {torn}");
                let before = kept.get(&ann, Sort::Share, &Digest::of(b"a")).expect("reads");
                assert_eq!(before.as_deref(), Some(&[1; 500][..]));
            }
        }
    }
}
