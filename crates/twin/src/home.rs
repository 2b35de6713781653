//! The data directory: which files there are, who may open them, and the keys that do.
//!
//! ```text
//! keys.json        the vault key and the device's seed, wrapped by the passphrase
//! keys.copy.json   the same again, for the day that a byte of the first one rots
//! journal, head    the vault
//! derived          roll-ups; safe to delete
//! lock             held by the process that writes
//! door.sock        where that process lets others in
//! uploads/         files that wait to be imported, sealed
//! copies           which friend has which share, sealed; made anew if it is gone
//! beacons          by what those whose shares are kept here find this twin, sealed
//! held/            shares of other people's journals, sealed by them
//! ```

use crate::door::{Failure, FailureCode};
use didymos_identity::{KdfCost, KeyFile, Passkey, Secret32, UnlockError, Unlocked};
use didymos_vault::disk::{Disk, RealDisk, replace_file};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

const KEYS: [&str; 2] = ["keys.json", "keys.copy.json"];

/// Where the process that holds the vault lets others in.
#[must_use]
pub fn socket_path(home: &Path) -> PathBuf {
    home.join("door.sock")
}

/// Whether there is a twin in this folder.
#[must_use]
pub fn exists(home: &Path) -> bool {
    KEYS.iter().any(|name| home.join(name).exists())
}

pub(crate) fn io_failure(doing: &str, path: &Path, error: &io::Error) -> Failure {
    let next = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ". The disk is full: free some space",
        io::ErrorKind::ReadOnlyFilesystem => {
            ". The disk is read-only, and every act leaves a receipt: make it writable, or copy the folder elsewhere"
        }
        io::ErrorKind::PermissionDenied => ". Check who owns the folder and whether you may write to it",
        _ => "",
    };
    Failure::new(FailureCode::Io, format!("cannot {doing} {}: {error}{next}", path.display()))
}

/// Makes the folder, for its owner's eyes only.
pub(crate) fn make(home: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(home).map_err(|error| io_failure("make the folder", home, &error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(home, std::fs::Permissions::from_mode(0o700))
            .map_err(|error| io_failure("protect the folder", home, &error))?;
    }
    Ok(())
}

/// The right to write, until it is dropped.
pub(crate) struct Lock {
    _file: File,
}

pub(crate) fn lock(home: &Path) -> Result<Lock, Failure> {
    let path = home.join("lock");
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).map_err(|error| io_failure("open", &path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(Failure::new(
            FailureCode::Busy,
            format!("another process is using the twin in {}: wait for it to finish, or stop it", home.display()),
        )),
        Err(TryLockError::Error(error)) => Err(io_failure("lock", &path, &error)),
    }
}

/// Reads the key file, or its copy where the first one is damaged or gone.
fn read_keys(home: &Path) -> Result<(KeyFile, Vec<String>), Failure> {
    let mut notices = Vec::new();
    let mut last = None;
    for name in KEYS {
        let path = home.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => match KeyFile::parse(&bytes) {
                Ok(keys) => return Ok((keys, notices)),
                Err(error @ UnlockError::Damaged { .. }) => {
                    notices.push(format!("{name} is damaged; `twin repair` puts it right from its copy"));
                    last = Some(Failure::new(FailureCode::Damaged, format!("{}: {error}", path.display())));
                }
                Err(error) => return Err(Failure::new(FailureCode::Invalid, format!("{}: {error}", path.display()))),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                notices.push(format!("{name} is missing; `twin repair` puts it back from its copy"));
            }
            Err(error) => return Err(io_failure("read", &path, &error)),
        }
    }
    Err(last.unwrap_or_else(|| {
        Failure::new(
            FailureCode::NotFound,
            format!(
                "there is no twin in {}: make one with `twin init`, or name another folder with --home",
                home.display()
            ),
        )
    }))
}

/// Removes every file that a twin makes, the keys first and for good before anything else. Other files stay.
pub(crate) fn erase(home: &Path) -> Result<(), Failure> {
    use didymos_vault::{journal, rollup};
    let remove = |name: &str| {
        let path = home.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_failure("delete", &path, &error)),
            _ => Ok(()),
        }
    };
    for name in KEYS {
        remove(name)?;
        remove(&format!("{name}.new"))?;
    }
    sync_dir(home)?;
    for name in [
        journal::JOURNAL,
        journal::HEAD,
        rollup::DERIVED,
        "places",
        "places.new",
        "copies",
        "copies.new",
        "beacons",
        "beacons.new",
        "door.sock",
    ] {
        remove(name)?;
    }
    didymos_vault::spool::erase(home).map_err(|error| io_failure("delete uploads in", home, &error))?;
    didymos_vault::held::erase(home).map_err(|error| io_failure("delete what is kept for others in", home, &error))?;
    sync_dir(home)
}

fn sync_dir(home: &Path) -> Result<(), Failure> {
    RealDisk.sync_dir(home).map_err(|error| io_failure("make durable", home, &error))
}

/// What is wrong with the key files: name and words.
pub(crate) fn damaged_keys(home: &Path) -> Vec<(&'static str, String)> {
    let [first, copy] = KEYS.map(|name| {
        let bytes = std::fs::read(home.join(name)).map_err(|error| (name, error.to_string()))?;
        KeyFile::parse(&bytes).map_err(|error| (name, error.to_string()))
    });
    match (first, copy) {
        // The first one is written first: a change of the passphrase that was cut off leaves the copy behind.
        (Ok(first), Ok(copy)) if first != copy => {
            vec![(KEYS[1], format!("says something else than {}, which is newer", KEYS[0]))]
        }
        (first, copy) => [first.err(), copy.err()].into_iter().flatten().collect(),
    }
}

/// Writes the sound key file over the damaged one.
pub(crate) fn heal_keys(home: &Path) -> Result<(), Failure> {
    let (keys, _) = read_keys(home)?;
    write_keys(home, &keys)
}

pub(crate) fn write_keys(home: &Path, keys: &KeyFile) -> Result<(), Failure> {
    for name in KEYS {
        let path = home.join(name);
        replace_file(&path, keys.to_text().as_bytes()).map_err(|error| io_failure("write", &path, &error))?;
    }
    Ok(())
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(FailureCode::Io, format!("the system gives no randomness: {error}")))?;
    Ok(bytes)
}

pub(crate) fn unlock_failure(error: &UnlockError) -> Failure {
    let code = match error {
        UnlockError::WrongPassphrase | UnlockError::WrongPasskey => FailureCode::Denied,
        UnlockError::Damaged { .. } => FailureCode::Damaged,
        _ => FailureCode::Invalid,
    };
    Failure::new(code, error.to_string())
}

/// How many keys of each kind open the twin.
pub(crate) struct Slots {
    pub(crate) passphrases: u32,
    pub(crate) passkeys: u32,
}

pub(crate) fn slots(home: &Path) -> Result<Slots, Failure> {
    let (keys, _) = read_keys(home)?;
    Ok(Slots { passphrases: keys.passphrases() as u32, passkeys: keys.passkeys().count() as u32 })
}

/// The passkeys that open the twin.
pub(crate) fn passkeys(home: &Path) -> Result<Vec<Passkey>, Failure> {
    let (keys, _) = read_keys(home)?;
    Ok(keys.passkeys().map(|slot| slot.passkey().clone()).collect())
}

/// Writes the key file anew.
pub(crate) fn change_keys(
    home: &Path,
    change: impl FnOnce(&KeyFile) -> Result<KeyFile, Failure>,
) -> Result<(), Failure> {
    let (keys, _) = read_keys(home)?;
    write_keys(home, &change(&keys)?)
}

/// Opens the keys with what a passkey's PRF gave. Returns them and what the owner should know.
pub(crate) fn unlock_with_passkey(
    home: &Path,
    credential: &[u8],
    prf: &Secret32,
) -> Result<(Unlocked, Vec<String>), Failure> {
    let (keys, notices) = read_keys(home)?;
    let unlocked = keys.open_passkey(credential, prf).map_err(|error| unlock_failure(&error))?;
    Ok((unlocked, notices))
}

/// Opens the keys with the passphrase. Returns them and what the owner should know.
pub fn unlock(home: &Path, passphrase: &str) -> Result<(Unlocked, Vec<String>), Failure> {
    let (keys, notices) = read_keys(home)?;
    let unlocked = keys.open(passphrase).map_err(|error| unlock_failure(&error))?;
    Ok((unlocked, notices))
}

/// Wraps the keys under a new passphrase.
pub fn change_passphrase(home: &Path, old: &str, new: &str, cost: KdfCost) -> Result<(), Failure> {
    change_keys(home, |keys| keys.change_passphrase(old, new, cost, random()?).map_err(|error| unlock_failure(&error)))
}
