//! `did:key` (W3C CCG, *The did:key Method v0.9*): the public key is the identifier.
//!
//! Ed25519 only: multicodec `ed25519-pub` (0xed, written as the varint `ed 01`), then the 32 bytes of the key, in
//! base58btc with the multibase prefix `z`. Such identifiers start with `z6Mk`.

use crate::VerifyingKey;
use didymos_base::Did;

const ED25519_PUB: [u8; 2] = [0xed, 0x01];
/// 34 bytes of base58 are never longer than this.
const MAX_ENCODED: usize = 48;

/// Why a DID names no key that we can use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// Only `did:key` can be resolved without asking anybody.
    #[error("DID method {method} is not supported yet; use a did:key identifier")]
    UnsupportedMethod {
        /// The method asked for.
        method: String,
    },
    /// Some other kind of key, for example P-256 or X25519.
    #[error("this did:key does not hold an Ed25519 key; use one that starts with did:key:z6Mk")]
    UnsupportedKeyType,
    /// Cut short, mistyped, or not a point on the curve.
    #[error("this did:key is malformed; copy the whole identifier again")]
    Malformed,
    /// One of the few keys under which anybody can forge.
    #[error("this did:key holds a weak key; whoever made it has to make a new one")]
    WeakKey,
}

/// The key that `did` names.
pub fn resolve_key(did: &Did) -> Result<VerifyingKey, ResolveError> {
    if did.method() != "key" {
        return Err(ResolveError::UnsupportedMethod { method: did.method().chars().take(32).collect() });
    }
    let encoded = did.specific_id().strip_prefix('z').ok_or(ResolveError::Malformed)?;
    if encoded.len() > MAX_ENCODED {
        // Base58 decoding takes quadratic time; RSA keys (z4MX…) are longer, and not ours.
        return Err(ResolveError::UnsupportedKeyType);
    }
    let mut bytes = [0; MAX_ENCODED];
    let length = bs58::decode(encoded).onto(&mut bytes).map_err(|_| ResolveError::Malformed)?;
    match bytes.get(..length).and_then(|bytes| bytes.split_first_chunk::<2>()) {
        Some((&ED25519_PUB, key)) => VerifyingKey::from_bytes(key.try_into().map_err(|_| ResolveError::Malformed)?),
        _ => Err(ResolveError::UnsupportedKeyType),
    }
}

/// What follows `did:key:`, which is also the `publicKeyMultibase` of a W3C Multikey.
pub(crate) fn multibase(key: &[u8; 32]) -> String {
    let mut bytes = [0; 34];
    bytes[..2].copy_from_slice(&ED25519_PUB);
    bytes[2..].copy_from_slice(key);
    format!("z{}", bs58::encode(bytes).into_string())
}

/// The identifier of `key`.
pub(crate) fn did_of(key: &[u8; 32]) -> Did {
    match format!("did:key:{}", multibase(key)).parse() {
        Ok(did) => did,
        // Base58 is letters and digits, and 34 bytes of it are well within a DID's length.
        Err(error) => unreachable!("a did:key is always well formed: {error}"),
    }
}
