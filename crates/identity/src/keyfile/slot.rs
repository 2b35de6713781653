//! Slots: the same secrets, sealed once for each key that opens them.

use super::{PasskeySlot, UnlockError, Unlocked};
use crate::kdf::key_of;
use crate::sealed::{NONCE_LEN, SealingKey, TAG_LEN};
use crate::{KdfCost, Secret32};
use minicbor::{Decoder, Encoder};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const AAD: &[u8] = b"didymos/key-slot/v1 passphrase argon2id";
/// Two secrets with their CBOR heads, and the longest DID with its own.
const MAX_PLAIN: usize = 1 + 2 * 34 + 3 + didymos_base::did::MAX_LEN;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Slot {
    Passphrase(PassphraseSlot),
    Passkey(PasskeySlot),
}

/// Opens with a passphrase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PassphraseSlot {
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kdf {
    Argon2id,
}

impl Slot {
    pub(super) fn is_sound(&self) -> bool {
        match self {
            Self::Passphrase(slot) => {
                slot.salt.len() == 16 && slot.nonce.len() == NONCE_LEN && is_sealed_sound(&slot.sealed)
            }
            Self::Passkey(slot) => slot.is_sound(),
        }
    }

    pub(super) fn is_passkey(&self, credential: &[u8]) -> bool {
        matches!(self, Self::Passkey(slot) if slot.passkey.credential == credential)
    }
}

pub(super) fn is_sealed_sound(sealed: &[u8]) -> bool {
    (TAG_LEN..=MAX_PLAIN + TAG_LEN).contains(&sealed.len())
}

/// Seals the secrets under a passphrase. `entropy` is the salt (16) and the nonce (24).
pub(super) fn seal(
    unlocked: &Unlocked,
    passphrase: &str,
    cost: KdfCost,
    entropy: [u8; 40],
) -> Result<Slot, UnlockError> {
    let (mut salt, mut nonce) = ([0; 16], [0; NONCE_LEN]);
    salt.copy_from_slice(&entropy[..16]);
    nonce.copy_from_slice(&entropy[16..]);
    let key = SealingKey::new(&key_of(passphrase, &salt, cost)?);
    let sealed = key.seal(nonce, AAD, &plain_of(unlocked));
    Ok(Slot::Passphrase(PassphraseSlot {
        kdf: Kdf::Argon2id,
        memory_kib: cost.memory_kib,
        passes: cost.passes,
        lanes: cost.lanes,
        salt: salt.to_vec(),
        nonce: nonce.to_vec(),
        sealed: sealed[NONCE_LEN..].to_vec(),
    }))
}

impl PassphraseSlot {
    pub(super) fn open(&self, passphrase: &str) -> Result<Unlocked, UnlockError> {
        let Self { kdf: Kdf::Argon2id, memory_kib, passes, lanes, salt, nonce, sealed } = self;
        let cost = KdfCost { memory_kib: *memory_kib, passes: *passes, lanes: *lanes };
        let salt = salt.as_slice().try_into().map_err(|_| UnlockError::Damaged { what: "a slot" })?;
        let key = SealingKey::new(&key_of(passphrase, salt, cost)?);
        let plain = key.open(AAD, &[nonce.as_slice(), sealed].concat()).map_err(|_| UnlockError::WrongPassphrase)?;
        read_plain(&plain).map_err(|_| UnlockError::Damaged { what: "the content of a slot" })
    }
}

/// What is sealed: a CBOR array of the two secrets and the owner's DID.
pub(super) fn plain_of(unlocked: &Unlocked) -> Zeroizing<Vec<u8>> {
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

pub(super) fn read_plain(plain: &[u8]) -> Result<Unlocked, minicbor::decode::Error> {
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

pub(super) mod base64url {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde::Deserialize;

    pub(in crate::keyfile) fn serialize<S: serde::Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(in crate::keyfile) fn deserialize<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        URL_SAFE_NO_PAD.decode(String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}
