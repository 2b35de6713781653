//! Signing keys, the keys that verify, and signatures bound to what they are for.
//!
//! What is signed is `"didymos/" context "/v1" 0x00 || bytes`: a signature made for one purpose never verifies for
//! another. Contexts are constants of this project and hold no zero byte.

use crate::did_key::{did_of, resolve_key};
use crate::{BadSignature, ResolveError, Secret32, Signature};
use didymos_base::Did;
use ed25519_dalek::ed25519::signature::MultipartSigner;
use std::fmt;

const BEFORE: &[u8] = b"didymos/";
const AFTER: &[u8] = b"/v1\0";

/// An Ed25519 key (RFC 8032) of a device or of a pairwise relation. Wiped when dropped.
#[derive(Clone)]
pub struct SigningKey {
    // Boxed, so that moving the key leaves no copy of it behind.
    inner: Box<ed25519_dalek::SigningKey>,
    did: Did,
}

impl SigningKey {
    /// The key that grows from `seed`.
    #[must_use]
    pub fn from_seed(seed: &Secret32) -> Self {
        let inner = Box::new(ed25519_dalek::SigningKey::from_bytes(seed.as_bytes()));
        let did = did_of(inner.verifying_key().as_bytes());
        Self { inner, did }
    }

    /// The public half, as `did:key:z6Mk…`.
    #[must_use]
    pub fn did(&self) -> &Did {
        &self.did
    }

    /// The secret half of the X25519 key that grows from the same seed.
    pub(crate) fn to_x25519(&self) -> Secret32 {
        Secret32::from_bytes(self.inner.to_scalar_bytes())
    }

    /// Signs `bytes` for the purpose `context`.
    #[must_use]
    pub fn sign(&self, context: &'static str, bytes: &[u8]) -> Signature {
        debug_assert!(!context.contains('\0'), "the first zero byte ends the context");
        match self.inner.try_multipart_sign(&[BEFORE, context.as_bytes(), AFTER, bytes]) {
            Ok(signature) => Signature(signature.to_bytes()),
            // Keys that live elsewhere (a smart card) can fail; this one is in memory.
            Err(error) => unreachable!("signing in memory failed: {error}"),
        }
    }

    /// Signs two SHA-256 digests as Data Integrity wants it: see [`integrity`](crate::integrity).
    pub(crate) fn sign_digests(&self, digests: &[u8; 64]) -> [u8; 64] {
        match self.inner.try_multipart_sign(&[digests]) {
            Ok(signature) => signature.to_bytes(),
            Err(error) => unreachable!("signing in memory failed: {error}"),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, …)", self.did)
    }
}

/// The key that speaks for the person. It is a type of its own, so that no device key can sign in its place.
#[derive(Clone, Debug)]
pub struct IdentityKey(SigningKey);

impl IdentityKey {
    /// The key that grows from `seed`. [`RecoveryPhrase::identity_key`](crate::RecoveryPhrase::identity_key) is the
    /// usual way to one.
    #[must_use]
    pub fn from_seed(seed: &Secret32) -> Self {
        Self(SigningKey::from_seed(seed))
    }

    /// The public half. The first identity key's DID is the owner's DID for ever.
    #[must_use]
    pub fn did(&self) -> &Did {
        self.0.did()
    }

    pub(crate) fn sign(&self, context: &'static str, bytes: &[u8]) -> Signature {
        self.0.sign(context, bytes)
    }
}

/// A public key that verifies. Resolve it once where many signatures of one signer are checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

impl VerifyingKey {
    /// The key with these 32 bytes, unless they are no point, a point of small order, or a second spelling of a point.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, ResolveError> {
        if is_second_spelling(bytes) {
            return Err(ResolveError::Malformed);
        }
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| ResolveError::Malformed)?;
        if key.is_weak() { Err(ResolveError::WeakKey) } else { Ok(Self(key)) }
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The key as `did:key:z6Mk…`.
    #[must_use]
    pub fn did(&self) -> Did {
        did_of(self.0.as_bytes())
    }

    /// The public half of the X25519 key that grows from the same seed.
    pub(crate) fn to_x25519(self) -> [u8; 32] {
        self.0.to_montgomery().to_bytes()
    }

    /// Checks that this key signed `bytes` for the purpose `context`. Strict: no small-order points and no second form
    /// of a valid signature (Chalkias, Garillot, Nikolaenko, SSR 2020).
    pub fn verify(&self, context: &str, bytes: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        let message = [BEFORE, context.as_bytes(), AFTER, bytes].concat();
        let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        self.0.verify_strict(&message, &signature).map_err(|_| BadSignature)
    }

    /// Checks what [`SigningKey::sign_digests`] makes.
    pub(crate) fn verify_digests(&self, digests: &[u8; 64], signature: &[u8; 64]) -> Result<(), BadSignature> {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        self.0.verify_strict(digests, &signature).map_err(|_| BadSignature)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.did())
    }
}

/// Whether the y coordinate is not below the prime 2^255 − 19 (RFC 8032 §5.1.3 step 1): one key, one identifier.
fn is_second_spelling(bytes: &[u8; 32]) -> bool {
    bytes[0] >= 0xed && bytes[1..31].iter().all(|&b| b == 0xff) && bytes[31] & 0x7f == 0x7f
}

/// Checks that `did` signed `bytes` for the purpose `context`. A DID that names no usable key has signed nothing.
pub fn verify(did: &Did, context: &str, bytes: &[u8], signature: &Signature) -> Result<(), BadSignature> {
    resolve_key(did).map_err(|_| BadSignature)?.verify(context, bytes, signature)
}
