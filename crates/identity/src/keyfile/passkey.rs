//! A slot that opens with a passkey: the secret is what the passkey's PRF (the `prf` extension of WebAuthn, `hmac-secret`
//! of CTAP2) gives for the slot's salt.
//!
//! Beside the sealed secrets lies what checking a signature takes. None of it names the owner: the credential's id and
//! public key are random to everybody else, and of the server's name there is only the hash that the passkey signs. All
//! of it but the count of signatures is bound to the seal, so that nobody puts another key in its place.

use super::slot::{base64url, is_sealed_sound, plain_of, read_plain};
use super::{UnlockError, Unlocked};
use crate::Secret32;
use crate::sealed::{NONCE_LEN, SealingKey, derive};
use serde::{Deserialize, Serialize};

/// The longest credential id of WebAuthn.
const CREDENTIAL_MAX: usize = 1_023;
/// A P-256 key in COSE has 77 bytes.
const PUBLIC_KEY_MAX: usize = 256;

/// A passkey, as far as its server has to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// Its id.
    #[serde(with = "base64url")]
    pub credential: Vec<u8>,
    /// Its public key, in COSE.
    #[serde(with = "base64url")]
    pub public_key: Vec<u8>,
    /// SHA-256 of the host name that it belongs to.
    #[serde(with = "base64url")]
    pub rp_id_hash: Vec<u8>,
    /// The random name of the account on the passkey.
    #[serde(with = "base64url")]
    pub user: Vec<u8>,
    /// What its PRF is asked for.
    #[serde(with = "base64url")]
    pub salt: Vec<u8>,
    /// Whether it may be copied to other devices of its owner's, as its maker's cloud does. A passkey never changes this.
    pub backup_eligible: bool,
    /// How many signatures it said it had made; 0 where it does not count.
    pub sign_count: u32,
}

/// A slot that opens with a passkey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeySlot {
    #[serde(flatten)]
    pub(super) passkey: Passkey,
    #[serde(with = "base64url")]
    nonce: Vec<u8>,
    #[serde(with = "base64url")]
    sealed: Vec<u8>,
}

impl Passkey {
    /// What the seal is bound to.
    fn aad(&self) -> Vec<u8> {
        let mut aad = b"didymos/key-slot/v2 passkey prf\0".to_vec();
        for part in [&self.rp_id_hash, &self.user, &self.salt, &self.credential, &self.public_key] {
            aad.extend_from_slice(&(part.len() as u32).to_be_bytes());
            aad.extend_from_slice(part);
        }
        aad.push(u8::from(self.backup_eligible));
        aad
    }
}

impl PasskeySlot {
    /// The passkey.
    #[must_use]
    pub fn passkey(&self) -> &Passkey {
        &self.passkey
    }

    pub(super) fn seal(unlocked: &Unlocked, passkey: Passkey, prf: &Secret32, nonce: [u8; NONCE_LEN]) -> Self {
        let sealed = key_of(prf).seal(nonce, &passkey.aad(), &plain_of(unlocked));
        Self { passkey, nonce: nonce.to_vec(), sealed: sealed[NONCE_LEN..].to_vec() }
    }

    pub(super) fn open(&self, prf: &Secret32) -> Result<Unlocked, UnlockError> {
        let sealed = [self.nonce.as_slice(), &self.sealed].concat();
        let plain = key_of(prf).open(&self.passkey.aad(), &sealed).map_err(|_| UnlockError::WrongPasskey)?;
        read_plain(&plain).map_err(|_| UnlockError::Damaged { what: "the content of a slot" })
    }

    pub(super) fn is_sound(&self) -> bool {
        let Passkey { credential, public_key, rp_id_hash, user, salt, .. } = &self.passkey;
        (1..=CREDENTIAL_MAX).contains(&credential.len())
            && (1..=PUBLIC_KEY_MAX).contains(&public_key.len())
            && (1..=64).contains(&user.len())
            && [rp_id_hash.len(), salt.len()] == [32, 32]
            && self.nonce.len() == NONCE_LEN
            && is_sealed_sound(&self.sealed)
    }
}

/// The PRF's output is used for nothing else, and not as it is.
fn key_of(prf: &Secret32) -> SealingKey {
    SealingKey::new(&derive(prf, "key-slot passkey", b""))
}
