//! The checkpoint: how long a twin's journal is, and its root, signed; and the cosignature of who has witnessed it.
//!
//! The model is that of transparency logs (RFC 9162; C2SP tlog-checkpoint, tlog-cosignature and tlog-witness), with a
//! person's journal as the log and contacts as witnesses. The bytes are deterministic CBOR, as all that is signed here.

use crate::paper::GuardError;
use didymos_base::canonical::{self, CanonicalError};
use didymos_base::{Did, Digest, Timestamp};
use didymos_identity::{Signature, SignedCertificate, SigningKey, VerifiedIdentity, verify};
use minicbor::{Decode, Encode};

const CHECKPOINT: &str = "checkpoint";
const COSIGNATURE: &str = "checkpoint-cosignature";

/// The longest checkpoint or cosignature, in bytes.
pub const CHECKPOINT_BYTES_MAX: usize = 1024;
/// The longest consistency proof: two hashes for each level of a tree of 2^64 leaves.
pub const PROOF_MAX: usize = 128;

/// So many commits a journal has, and this is the root over them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Checkpoint {
    /// Version of this structure: 1.
    #[n(0)]
    pub version: u8,
    /// Whose journal.
    #[n(1)]
    pub origin: Did,
    /// Commits in it.
    #[n(2)]
    pub size: u64,
    /// Root of the tree over their digests.
    #[n(3)]
    pub root: Digest,
    /// When, by the origin's clock.
    #[n(4)]
    pub at: Timestamp,
    /// The origin's device that signs.
    #[n(5)]
    pub device: Did,
    /// Its signature over all above.
    #[n(6)]
    pub signature: Signature,
}

impl Checkpoint {
    /// Signs.
    #[must_use]
    pub fn new(origin: Did, size: u64, root: Digest, at: Timestamp, key: &SigningKey) -> Self {
        let device = key.did().clone();
        let signature = key.sign(CHECKPOINT, &canonical::encode(&(1u8, &origin, size, root, at, &device)));
        Self { version: 1, origin, size, root, at, device, signature }
    }

    /// Checks that the named device signed it, whoever's it is.
    pub fn check_signature(&self) -> Result<(), GuardError> {
        if self.version != 1 || self.size == 0 {
            return Err(GuardError::Bounds);
        }
        let bytes = canonical::encode(&(self.version, &self.origin, self.size, self.root, self.at, &self.device));
        verify(&self.device, CHECKPOINT, &bytes, &self.signature).map_err(|_| GuardError::Signature)
    }

    /// Checks that a device of the origin signed it, one that may act.
    pub fn check(&self, origin: &VerifiedIdentity) -> Result<(), GuardError> {
        if origin.id() != &self.origin || !origin.is_active(&self.device) {
            return Err(GuardError::Signer);
        }
        self.check_signature()
    }

    /// Whether the other one says the same of the journal, whenever it was signed.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.origin == other.origin && self.size == other.size && self.root == other.root
    }

    /// Canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        short(bytes)
    }
}

fn short<T>(bytes: &[u8]) -> Result<T, CanonicalError>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    if bytes.len() > CHECKPOINT_BYTES_MAX {
        return Err(CanonicalError::Malformed(minicbor::decode::Error::message("beyond its bounds")));
    }
    canonical::decode(bytes)
}

/// A witness's word: at this time I saw this checkpoint, and it continues what I saw before.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Cosignature {
    /// Who.
    #[n(0)]
    pub witness: Did,
    /// When, by the witness's clock.
    #[n(1)]
    pub at: Timestamp,
    /// The owner's word that the device is the witness's.
    #[n(2)]
    pub certificate: SignedCertificate,
    /// The device's signature over the checkpoint, without its own, and the above.
    #[n(3)]
    pub signature: Signature,
}

fn message(checkpoint: &Checkpoint, witness: &Did, at: Timestamp) -> Vec<u8> {
    canonical::encode(&(&checkpoint.origin, checkpoint.size, checkpoint.root, witness, at))
}

impl Cosignature {
    /// Signs.
    #[must_use]
    pub fn new(
        checkpoint: &Checkpoint,
        witness: Did,
        at: Timestamp,
        certificate: SignedCertificate,
        key: &SigningKey,
    ) -> Self {
        let signature = key.sign(COSIGNATURE, &message(checkpoint, &witness, at));
        Self { witness, at, certificate, signature }
    }

    /// Checks that the certified device of the witness signed this checkpoint. Without the witness's versions the
    /// certificate has to be signed by the key that their DID names.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<(), GuardError> {
        let certificate = &self.certificate.certificate;
        if certificate.owner != self.witness || self.certificate.verify().is_err() {
            return Err(GuardError::Signer);
        }
        let bytes = message(checkpoint, &self.witness, self.at);
        verify(&certificate.device, COSIGNATURE, &bytes, &self.signature).map_err(|_| GuardError::Signature)
    }

    /// Checks that an active device of the witness, whose identity this is, signed it.
    pub fn check_by(&self, checkpoint: &Checkpoint, witness: &VerifiedIdentity) -> Result<(), GuardError> {
        let device = &self.certificate.certificate.device;
        if witness.id() != &self.witness || !witness.is_active(device) {
            return Err(GuardError::Signer);
        }
        let bytes = message(checkpoint, &self.witness, self.at);
        verify(device, COSIGNATURE, &bytes, &self.signature).map_err(|_| GuardError::Signature)
    }

    /// Canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        short(bytes)
    }
}
