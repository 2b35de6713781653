//! The key file: a twin's secrets at rest, in slots that each open with a passphrase or with a passkey (the idea of
//! LUKS).
//!
//! It is JSON with nothing about the owner in it: no DID, no name, no date. Damage is told apart from a wrong
//! passphrase by `check`, which is BLAKE3 over all that stands before it, white space left out. `check` protects
//! against accidents only; against forgery stands the seal of each slot.
//!
//! ```
//! use didymos_identity::{KdfCost, KeyFile, Secret32, SigningKey, UnlockError, Unlocked};
//!
//! let device_seed = Secret32::from_bytes([2; 32]);
//! let owner = SigningKey::from_seed(&device_seed).did().clone();
//! let unlocked = Unlocked { vault_key: Secret32::from_bytes([1; 32]), device_seed, owner };
//!
//! let file = KeyFile::seal(&unlocked, "correct horse", KdfCost::for_tests(), [3; 40])?;
//! let read_back = KeyFile::parse(file.to_text())?;
//! assert_eq!(read_back.open("correct horse")?, unlocked);
//! assert!(matches!(read_back.open("battery staple"), Err(UnlockError::WrongPassphrase)));
//! # Ok::<(), UnlockError>(())
//! ```

mod passkey;
mod slot;

pub use passkey::{Passkey, PasskeySlot};

use crate::{KdfCost, Secret32, SigningKey};
use didymos_base::{Did, Digest};
use serde::{Deserialize, Serialize};
use slot::Slot;

/// The longest key file read, in bytes.
pub const MAX_LEN: usize = 64 * 1024;
/// The most slots in one file: opening tries each.
pub const MAX_SLOTS: usize = 16;
/// The newest version: with passkeys. A file without any is written as version 1.
pub const VERSION: u32 = 2;

const FORMAT: &str = "didymos-keys";

/// What the key file keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlocked {
    /// Opens the vault.
    pub vault_key: Secret32,
    /// Grows this device's signing key.
    pub device_seed: Secret32,
    /// Whose twin it is.
    pub owner: Did,
}

impl Unlocked {
    /// This device's signing key.
    #[must_use]
    pub fn device_key(&self) -> SigningKey {
        SigningKey::from_seed(&self.device_seed)
    }
}

/// Why a key file does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnlockError {
    /// The file is whole and no slot opens.
    #[error("wrong passphrase; try again, or restore with the recovery phrase")]
    WrongPassphrase,
    /// The file is whole, and this passkey opens none of its slots.
    #[error("this passkey does not open this twin; use another one, or the passphrase")]
    WrongPasskey,
    /// There is no room for a further slot.
    #[error("a twin has at most {MAX_SLOTS} keys; remove a passkey first")]
    Full,
    /// What is to be removed is the only key.
    #[error("this is the only key that opens the twin; add another one first")]
    LastKey,
    /// The file changed since it was written.
    #[error("the key file is damaged ({what}); put back a copy of it, or restore with the recovery phrase")]
    Damaged {
        /// Where.
        what: &'static str,
    },
    /// A later version of the program wrote it.
    #[error("the key file has version {version}, this program knows up to {VERSION}; use a newer program")]
    TooNew {
        /// The version of the file.
        version: u32,
    },
    /// The file asks for more work than any of ours.
    #[error(
        "the key file asks for {memory_kib} KiB, {passes} passes and {lanes} lanes of Argon2, outside of what is \
         allowed (1 GiB, 16, 16); put back a copy of it"
    )]
    KdfTooCostly {
        /// Memory asked for, in KiB.
        memory_kib: u32,
        /// Passes asked for.
        passes: u32,
        /// Lanes asked for.
        lanes: u32,
    },
    /// The machine has less memory than Argon2 needs.
    #[error("unlocking needs {memory_kib} KiB of memory; close other programs and try again")]
    OutOfMemory {
        /// How much, in KiB.
        memory_kib: u32,
    },
}

/// A key file, parsed and whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    slots: Vec<Slot>,
}

/// All but `check`, as it is written. `check` comes last, so that a reader of any version can verify it.
#[derive(Serialize)]
struct Written<'a> {
    format: &'a str,
    version: u32,
    slots: &'a [Slot],
}

/// What every version has in common.
#[derive(Deserialize)]
struct Header {
    format: String,
    version: u32,
    check: Digest,
}

#[derive(Deserialize)]
struct Body {
    slots: Vec<Slot>,
}

impl KeyFile {
    /// A file with one slot. `entropy` is 40 fresh random bytes: the salt (16) and the nonce (24).
    pub fn seal(unlocked: &Unlocked, passphrase: &str, cost: KdfCost, entropy: [u8; 40]) -> Result<Self, UnlockError> {
        Ok(Self { slots: vec![slot::seal(unlocked, passphrase, cost, entropy)?] })
    }

    /// The secrets, if the passphrase opens a slot. Takes the time that the slot's cost asks for.
    pub fn open(&self, passphrase: &str) -> Result<Unlocked, UnlockError> {
        self.find(passphrase).map(|(_, unlocked)| unlocked)
    }

    /// The same secrets under a new passphrase; other slots stay. `entropy` as in [`seal`](Self::seal).
    pub fn change_passphrase(
        &self,
        old: &str,
        new: &str,
        cost: KdfCost,
        entropy: [u8; 40],
    ) -> Result<Self, UnlockError> {
        let (at, unlocked) = self.find(old)?;
        let mut slots = self.slots.clone();
        slots[at] = slot::seal(&unlocked, new, cost, entropy)?;
        Ok(Self { slots })
    }

    /// How many passphrases open the file.
    #[must_use]
    pub fn passphrases(&self) -> usize {
        self.slots.iter().filter(|slot| matches!(slot, Slot::Passphrase(_))).count()
    }

    /// The passkeys that open the file.
    pub fn passkeys(&self) -> impl Iterator<Item = &PasskeySlot> {
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Passkey(slot) => Some(slot),
            Slot::Passphrase(_) => None,
        })
    }

    /// The same file with a further slot, which opens with what the passkey's PRF gives. `nonce` is fresh randomness.
    pub fn with_passkey(
        &self,
        unlocked: &Unlocked,
        passkey: Passkey,
        prf: &Secret32,
        nonce: [u8; 24],
    ) -> Result<Self, UnlockError> {
        if self.slots.len() >= MAX_SLOTS {
            return Err(UnlockError::Full);
        }
        let mut slots = self.slots.clone();
        slots.retain(|slot| !slot.is_passkey(&passkey.credential));
        slots.push(Slot::Passkey(PasskeySlot::seal(unlocked, passkey, prf, nonce)));
        Ok(Self { slots })
    }

    /// The same file without a passkey's slot.
    pub fn without_passkey(&self, credential: &[u8]) -> Result<Self, UnlockError> {
        let mut slots = self.slots.clone();
        slots.retain(|slot| !slot.is_passkey(credential));
        if slots.len() == self.slots.len() {
            return Err(UnlockError::WrongPasskey);
        }
        if slots.is_empty() { Err(UnlockError::LastKey) } else { Ok(Self { slots }) }
    }

    /// The same file with the number of signatures that a passkey says it has made.
    #[must_use]
    pub fn with_sign_count(&self, credential: &[u8], count: u32) -> Self {
        let mut file = self.clone();
        for slot in &mut file.slots {
            match slot {
                Slot::Passkey(slot) if slot.passkey.credential == credential => slot.passkey.sign_count = count,
                _ => {}
            }
        }
        file
    }

    /// The secrets, if what the passkey's PRF gave opens its slot.
    pub fn open_passkey(&self, credential: &[u8], prf: &Secret32) -> Result<Unlocked, UnlockError> {
        let mut passkeys = self.passkeys();
        let slot = passkeys.find(|slot| slot.passkey.credential == credential).ok_or(UnlockError::WrongPasskey)?;
        slot.open(prf)
    }

    /// Reads a key file. What is returned is whole: a slot that does not open has another passphrase.
    pub fn parse(file: impl AsRef<[u8]>) -> Result<Self, UnlockError> {
        let damaged = |what| UnlockError::Damaged { what };
        if file.as_ref().len() > MAX_LEN {
            return Err(damaged("too long"));
        }
        let text = std::str::from_utf8(file.as_ref()).map_err(|_| damaged("not text"))?;
        let header: Header = serde_json::from_str(text).map_err(|_| damaged("not the JSON of a key file"))?;
        let before = text.rfind("\"check\"").map(|at| &text[..at]).ok_or_else(|| damaged("no check sum"))?;
        if check_of(before) != header.check {
            return Err(damaged("its check sum does not fit"));
        }
        if header.format != FORMAT {
            return Err(damaged("it is of another format"));
        }
        if !(1..=VERSION).contains(&header.version) {
            return Err(UnlockError::TooNew { version: header.version });
        }
        let Body { slots } = serde_json::from_str(text).map_err(|_| damaged("a slot"))?;
        if slots.is_empty() || slots.len() > MAX_SLOTS || !slots.iter().all(Slot::is_sound) {
            return Err(damaged("a slot"));
        }
        Ok(Self { slots })
    }

    /// The text to be written to disk.
    #[must_use]
    pub fn to_text(&self) -> String {
        let version = if self.passkeys().next().is_some() { VERSION } else { 1 };
        let written = Written { format: FORMAT, version, slots: &self.slots };
        let Ok(mut text) = serde_json::to_string_pretty(&written) else {
            unreachable!("strings and numbers are always JSON");
        };
        // Put the check sum before the closing brace.
        text.truncate(text.trim_end_matches(['}', '\n']).len());
        text.push_str(",\n  ");
        let check = check_of(&text);
        text.push_str(&format!("\"check\": \"{check}\"\n}}\n"));
        text
    }

    fn find(&self, passphrase: &str) -> Result<(usize, Unlocked), UnlockError> {
        for (at, slot) in self.slots.iter().enumerate() {
            let Slot::Passphrase(slot) = slot else { continue };
            match slot.open(passphrase) {
                Err(UnlockError::WrongPassphrase) => {}
                other => return other.map(|unlocked| (at, unlocked)),
            }
        }
        Err(UnlockError::WrongPassphrase)
    }
}

/// BLAKE3 over the text without white space, so that a tool that lays JSON out anew does no harm.
fn check_of(text: &str) -> Digest {
    let mut hasher = blake3::Hasher::new();
    for part in text.split_ascii_whitespace() {
        hasher.update(part.as_bytes());
    }
    hasher.finalize().into()
}
