//! Public keys as passkeys write them (COSE, RFC 9052 §7 and RFC 9053 §7), and their signatures.

use super::WebAuthnError;
use minicbor::Decoder;
use minicbor::data::Type;
use p256::ecdsa::signature::Verifier;

/// The longest map of a key: five entries.
const ENTRIES_MAX: u64 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Es256 = -7,
    EdDsa = -8,
}

pub(super) enum PublicKey {
    P256(Box<p256::ecdsa::VerifyingKey>),
    Ed25519(Box<ed25519_dalek::VerifyingKey>),
}

/// The entries of a key's map.
#[derive(Default)]
struct Entries<'a> {
    kty: Option<i64>,
    alg: Option<i64>,
    crv: Option<i64>,
    x: Option<&'a [u8]>,
    y: Option<&'a [u8]>,
}

impl PublicKey {
    /// Reads a key; nothing may be missing, twice, or beyond.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, WebAuthnError> {
        let malformed = WebAuthnError::Malformed("its public key");
        let entries = Entries::read(bytes).ok_or(malformed)?;
        let part = |part: Option<&[u8]>| part.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()).ok_or(malformed);
        match (entries.kty, entries.alg, entries.crv) {
            (Some(2), Some(-7), Some(1)) => {
                let point = [&[4u8][..], &part(entries.x)?, &part(entries.y)?].concat();
                // Refuses points that are not on the curve.
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(|_| malformed)?;
                Ok(Self::P256(Box::new(key)))
            }
            (Some(1), Some(-8), Some(6)) if entries.y.is_none() => {
                let key = ed25519_dalek::VerifyingKey::from_bytes(&part(entries.x)?).map_err(|_| malformed)?;
                if key.is_weak() { Err(malformed) } else { Ok(Self::Ed25519(Box::new(key))) }
            }
            _ => Err(WebAuthnError::Algorithm),
        }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Self::P256(_) => Algorithm::Es256,
            Self::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    /// Checks the signature over authenticator data and the hash of the client data.
    pub(super) fn verify(
        &self,
        data: &[u8],
        client_data_hash: &[u8; 32],
        signature: &[u8],
    ) -> Result<(), WebAuthnError> {
        let signed = [data, client_data_hash].concat();
        let holds = match self {
            Self::P256(key) => p256::ecdsa::DerSignature::from_bytes(signature)
                .and_then(|signature| key.verify(&signed, &signature))
                .is_ok(),
            Self::Ed25519(key) => {
                let signature =
                    <[u8; 64]>::try_from(signature).map(|bytes| ed25519_dalek::Signature::from_bytes(&bytes));
                signature.is_ok_and(|signature| key.verify_strict(&signed, &signature).is_ok())
            }
        };
        if holds { Ok(()) } else { Err(WebAuthnError::Signature) }
    }
}

impl<'a> Entries<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut from = Decoder::new(bytes);
        let count = from.map().ok()??;
        let mut entries = Self::default();
        for _ in 0..(count <= ENTRIES_MAX).then_some(count)? {
            match from.i64().ok()? {
                1 => once(&mut entries.kty, from.i64().ok()?)?,
                3 => once(&mut entries.alg, from.i64().ok()?)?,
                -1 => once(&mut entries.crv, from.i64().ok()?)?,
                -2 => once(&mut entries.x, from.bytes().ok()?)?,
                // A boolean here would be a compressed point, which WebAuthn does not allow.
                -3 if from.datatype().ok()? == Type::Bytes => once(&mut entries.y, from.bytes().ok()?)?,
                _ => return None,
            }
        }
        (from.position() == bytes.len()).then_some(entries)
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}
