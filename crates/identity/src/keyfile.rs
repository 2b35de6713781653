//! The key file: a twin's secrets at rest, in slots that each open with a passphrase (the idea of LUKS).
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

use crate::kdf::key_of;
use crate::sealed::{NONCE_LEN, SealingKey, TAG_LEN};
use crate::{KdfCost, Secret32, SigningKey};
use didymos_base::{Did, Digest};
use minicbor::{Decoder, Encoder};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The longest key file read, in bytes.
pub const MAX_LEN: usize = 64 * 1024;
/// The most slots in one file: opening tries each.
pub const MAX_SLOTS: usize = 8;
/// The version written.
pub const VERSION: u32 = 1;

const FORMAT: &str = "didymos-keys";
const AAD: &[u8] = b"didymos/key-slot/v1 passphrase argon2id";
/// Two secrets with their CBOR heads, and the longest DID with its own.
const MAX_PLAIN: usize = 1 + 2 * 34 + 3 + didymos_base::did::MAX_LEN;

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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Slot {
    Passphrase {
        kdf: Kdf,
        memory_kib: u32,
        passes: u32,
        lanes: u32,
        #[serde(with = "base64url")]
        salt: Vec<u8>,
        #[serde(with = "base64url")]
        nonce: Vec<u8>,
        #[serde(with = "base64url")]
        sealed: Vec<u8>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kdf {
    Argon2id,
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
        Ok(Self { slots: vec![Slot::seal(unlocked, passphrase, cost, entropy)?] })
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
        slots[at] = Slot::seal(&unlocked, new, cost, entropy)?;
        Ok(Self { slots })
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
        if header.version != VERSION {
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
        let written = Written { format: FORMAT, version: VERSION, slots: &self.slots };
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
            match slot.open(passphrase) {
                Err(UnlockError::WrongPassphrase) => {}
                other => return other.map(|unlocked| (at, unlocked)),
            }
        }
        Err(UnlockError::WrongPassphrase)
    }
}

impl Slot {
    fn seal(unlocked: &Unlocked, passphrase: &str, cost: KdfCost, entropy: [u8; 40]) -> Result<Self, UnlockError> {
        let (mut salt, mut nonce) = ([0; 16], [0; NONCE_LEN]);
        salt.copy_from_slice(&entropy[..16]);
        nonce.copy_from_slice(&entropy[16..]);
        let key = SealingKey::new(&key_of(passphrase, &salt, cost)?);
        let sealed = key.seal(nonce, AAD, &plain_of(unlocked));
        Ok(Self::Passphrase {
            kdf: Kdf::Argon2id,
            memory_kib: cost.memory_kib,
            passes: cost.passes,
            lanes: cost.lanes,
            salt: salt.to_vec(),
            nonce: nonce.to_vec(),
            sealed: sealed[NONCE_LEN..].to_vec(),
        })
    }

    fn open(&self, passphrase: &str) -> Result<Unlocked, UnlockError> {
        let Self::Passphrase { kdf: Kdf::Argon2id, memory_kib, passes, lanes, salt, nonce, sealed } = self;
        let cost = KdfCost { memory_kib: *memory_kib, passes: *passes, lanes: *lanes };
        let salt = salt.as_slice().try_into().map_err(|_| UnlockError::Damaged { what: "a slot" })?;
        let key = SealingKey::new(&key_of(passphrase, salt, cost)?);
        let plain = key.open(AAD, &[nonce.as_slice(), sealed].concat()).map_err(|_| UnlockError::WrongPassphrase)?;
        read_plain(&plain).map_err(|_| UnlockError::Damaged { what: "the content of a slot" })
    }

    fn is_sound(&self) -> bool {
        let Self::Passphrase { salt, nonce, sealed, .. } = self;
        salt.len() == 16 && nonce.len() == NONCE_LEN && (TAG_LEN..=MAX_PLAIN + TAG_LEN).contains(&sealed.len())
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

/// What is sealed: a CBOR array of the two secrets and the owner's DID.
fn plain_of(unlocked: &Unlocked) -> Zeroizing<Vec<u8>> {
    // Room for all, so that the buffer never grows and leaves no copy behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(MAX_PLAIN));
    let mut to = Encoder::new(&mut *plain);
    let written = to
        .array(3)
        .and_then(|to| to.bytes(unlocked.vault_key.as_bytes()))
        .and_then(|to| to.bytes(unlocked.device_seed.as_bytes()))
        .and_then(|to| to.str(unlocked.owner.as_str()))
        .is_ok();
    debug_assert!(written, "a Vec takes all");
    plain
}

fn read_plain(plain: &[u8]) -> Result<Unlocked, minicbor::decode::Error> {
    let bad = minicbor::decode::Error::message;
    let secret = |from: &mut Decoder<'_>| {
        let bytes: &[u8; 32] = from.bytes()?.try_into().map_err(|_| bad("a secret has 32 bytes"))?;
        Ok(Secret32::build(|place| place.copy_from_slice(bytes)))
    };
    let mut from = Decoder::new(plain);
    if from.array()? != Some(3) {
        return Err(bad("three fields expected"));
    }
    let (vault_key, device_seed) = (secret(&mut from)?, secret(&mut from)?);
    let owner = from.decode()?;
    if from.position() == plain.len() {
        Ok(Unlocked { vault_key, device_seed, owner })
    } else {
        Err(bad("trailing bytes"))
    }
}

mod base64url {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde::Deserialize;

    pub(super) fn serialize<S: serde::Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        URL_SAFE_NO_PAD.decode(String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}
