//! Whether a passkey's word holds: the checks of a relying party in Web Authentication Level 3, §7.1 and §7.2.
//!
//! A browser brings three things: what *it* signed up to (client data: type, challenge, origin), what the passkey did
//! (authenticator data: for which host, with whom present), and a signature over both. All checks are here; the caller
//! keeps challenges, each for one use, and says what was expected.
//!
//! Attestation is not asked for, so none is believed: format `none`, or `packed` signed by the new key itself, which
//! says nothing about the maker. The user has to be present *and* verified (PIN, finger or face): a passkey stands in
//! for the passphrase.

mod cose;
mod data;

use crate::Passkey;
use cose::PublicKey;
use data::{AuthenticatorData, check_client_data};
use minicbor::Decoder;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

/// The longest piece of anything that is looked at.
pub const MAX_LEN: usize = 32 * 1024;
/// The algorithms that are understood, as COSE numbers them, in the order of preference: ES256 and `EdDSA`.
pub const ALGORITHMS: [i32; 2] = [-7, -8];

/// Why a passkey's word does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebAuthnError {
    /// Bytes that are none of a passkey's.
    #[error("the passkey's answer is malformed ({0})")]
    Malformed(&'static str),
    /// It answers something else than it was asked.
    #[error("the passkey's answer is not to what was asked ({0}); try again")]
    Unexpected(&'static str),
    /// Nobody showed to be the owner.
    #[error("the passkey did not check who uses it: set up its PIN, finger or face, and try again")]
    NotVerified,
    /// A key that this program cannot use.
    #[error("this passkey signs in a way that is not understood here; use another one")]
    Algorithm,
    /// The signature is another's.
    #[error("the passkey's signature does not hold")]
    Signature,
    /// It has signed less often than before.
    #[error("this passkey counts fewer signatures than it did: somebody may have copied it. Remove it and add it anew")]
    Copied,
}

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The challenge that was sent.
    pub challenge: &'a [u8; 32],
    /// Scheme, host and port of the page: `http://localhost:7437`.
    pub origin: &'a str,
    /// The host name that the passkey belongs to: `localhost`.
    pub rp_id: &'a str,
}

impl Expected<'_> {
    /// SHA-256 of the host name.
    #[must_use]
    pub fn rp_id_hash(&self) -> [u8; 32] {
        Sha256::digest(self.rp_id.as_bytes()).into()
    }
}

/// A passkey that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its id.
    pub credential: Vec<u8>,
    /// Its public key, in COSE.
    pub public_key: Vec<u8>,
    /// How many signatures it says it has made.
    pub sign_count: u32,
    /// Whether it may be copied to other devices.
    pub backup_eligible: bool,
}

/// Checks the making of a passkey (§7.1).
pub fn register(
    expected: &Expected<'_>,
    client_data: &[u8],
    attestation_object: &[u8],
) -> Result<Registered, WebAuthnError> {
    bounded(&[client_data, attestation_object])?;
    check_client_data(client_data, "webauthn.create", expected)?;
    let object = read_attestation(attestation_object).ok_or(WebAuthnError::Malformed("its attestation"))?;
    let data = AuthenticatorData::read(object.data)?;
    data.check(&expected.rp_id_hash())?;
    let made = data.credential.as_ref().ok_or(WebAuthnError::Malformed("it holds no new key"))?;
    let key = PublicKey::read(made.public_key)?;
    match object.statement {
        Statement::None => {}
        Statement::Packed { algorithm, signature } => {
            if algorithm != key.algorithm() as i32 {
                return Err(WebAuthnError::Malformed("its attestation is of another key"));
            }
            key.verify(object.data, &Sha256::digest(client_data).into(), signature)?;
        }
    }
    Ok(Registered {
        credential: made.id.to_vec(),
        public_key: made.public_key.to_vec(),
        sign_count: data.sign_count,
        backup_eligible: data.is_backup_eligible(),
    })
}

/// What a passkey brings to sign in.
#[derive(Clone, Copy, Debug)]
pub struct Assertion<'a> {
    /// The client data, as the browser serialised it.
    pub client_data: &'a [u8],
    /// The authenticator data.
    pub authenticator_data: &'a [u8],
    /// The signature over both.
    pub signature: &'a [u8],
    /// The account's name on the passkey, where it tells.
    pub user: Option<&'a [u8]>,
}

/// Checks that a passkey signs in (§7.2), and returns how many signatures it says it has made.
pub fn assert(expected: &Expected<'_>, passkey: &Passkey, brought: &Assertion<'_>) -> Result<u32, WebAuthnError> {
    bounded(&[brought.client_data, brought.authenticator_data, brought.signature])?;
    if brought.user.is_some_and(|user| user != passkey.user) {
        return Err(WebAuthnError::Unexpected("it is for another account"));
    }
    check_client_data(brought.client_data, "webauthn.get", expected)?;
    let rp_id_hash = expected.rp_id_hash();
    if !bool::from(passkey.rp_id_hash.as_slice().ct_eq(&rp_id_hash)) {
        return Err(WebAuthnError::Unexpected("it belongs to another host name"));
    }
    let data = AuthenticatorData::read(brought.authenticator_data)?;
    data.check(&rp_id_hash)?;
    if data.is_backup_eligible() != passkey.backup_eligible {
        return Err(WebAuthnError::Unexpected("it is not the passkey that was registered"));
    }
    let key = PublicKey::read(&passkey.public_key)?;
    key.verify(brought.authenticator_data, &Sha256::digest(brought.client_data).into(), brought.signature)?;
    let counts = data.sign_count != 0 || passkey.sign_count != 0;
    if counts && data.sign_count <= passkey.sign_count {
        return Err(WebAuthnError::Copied);
    }
    Ok(data.sign_count)
}

/// The challenge that client data name, if they are client data at all: by it the caller finds what it had asked.
#[must_use]
pub fn challenge_of(client_data: &[u8]) -> Option<[u8; 32]> {
    bounded(&[client_data]).ok()?;
    data::challenge_of(client_data)
}

fn bounded(pieces: &[&[u8]]) -> Result<(), WebAuthnError> {
    if pieces.iter().all(|piece| piece.len() <= MAX_LEN) { Ok(()) } else { Err(WebAuthnError::Malformed("too long")) }
}

struct AttestationObject<'a> {
    data: &'a [u8],
    statement: Statement<'a>,
}

enum Statement<'a> {
    None,
    Packed { algorithm: i32, signature: &'a [u8] },
}

/// `{"fmt": text, "attStmt": map, "authData": bytes}` in any order, each once, and nothing behind.
fn read_attestation(bytes: &[u8]) -> Option<AttestationObject<'_>> {
    let mut from = Decoder::new(bytes);
    let (mut format, mut statement, mut data) = (None, None, None);
    for _ in 0..from.map().ok()?? {
        match from.str().ok()? {
            "fmt" if format.is_none() => format = Some(from.str().ok()?),
            "authData" if data.is_none() => data = Some(from.bytes().ok()?),
            "attStmt" if statement.is_none() => {
                let begin = from.position();
                from.skip().ok()?;
                statement = Some(&bytes[begin..from.position()]);
            }
            _ => return None,
        }
    }
    if from.position() != bytes.len() {
        return None;
    }
    let mut from = Decoder::new(statement?);
    let entries = from.map().ok()??;
    let statement = match (format?, entries) {
        ("none", 0) => Statement::None,
        ("packed", 2) => {
            let (mut algorithm, mut signature) = (None, None);
            for _ in 0..entries {
                match from.str().ok()? {
                    "alg" => algorithm = Some(from.i32().ok()?),
                    "sig" => signature = Some(from.bytes().ok()?),
                    _ => return None,
                }
            }
            Statement::Packed { algorithm: algorithm?, signature: signature? }
        }
        _ => return None,
    };
    Some(AttestationObject { data: data?, statement })
}
