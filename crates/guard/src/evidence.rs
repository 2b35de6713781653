//! Evidence that a twin has shown two histories: a file that anybody can check, with no key and nobody's word.
//!
//! It holds two checkpoints that devices of one identity have signed, and a proof that the later one continues another
//! history than the earlier one tells of: a consistency proof from a root at the earlier size, which is not the root that
//! was signed for that size. Nobody can make one for a twin that never did.

use crate::checkpoint::{Checkpoint, PROOF_MAX};
use didymos_base::canonical::{self, CanonicalError};
use didymos_base::{Did, Digest, merkle};
use didymos_identity::{SignedDocument, verify_chain};
use minicbor::{Decode, Encode};

/// What every evidence begins with.
pub const MAGIC: &str = "twinfork";
/// The most bytes of evidence that are looked at.
pub const EVIDENCE_BYTES_MAX: usize = 512 * 1024;

/// Evidence, in the order in which it is checked.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Evidence {
    /// [`MAGIC`].
    #[n(0)]
    pub magic: String,
    /// 1.
    #[n(1)]
    pub version: u8,
    /// The identity's versions, which list the devices.
    #[n(2)]
    pub versions: Vec<SignedDocument>,
    /// The earlier checkpoint, or one of two of the same size.
    #[n(3)]
    pub first: Checkpoint,
    /// The later one.
    #[n(4)]
    pub second: Checkpoint,
    /// The root that the later one's history had at the size of the first.
    #[n(5)]
    pub old_root: Digest,
    /// Consistency proof from there (RFC 9162 §2.1.4).
    #[n(6)]
    pub proof: Vec<Digest>,
}

/// What evidence shows, once checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// Whose twin.
    pub origin: Did,
    /// The two histories differ within their first so many commits.
    pub commits: u64,
    /// One of them says so,
    pub first: Checkpoint,
    /// the other one so.
    pub second: Checkpoint,
}

/// Why evidence shows nothing.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// Not evidence at all.
    #[error("this is no evidence made by a twin: {0}")]
    NotEvidence(&'static str),
    /// Not canonical bytes.
    #[error("this is no evidence made by a twin: {0}")]
    Malformed(#[from] CanonicalError),
    /// Evidence, but one of its steps fails.
    #[error("the evidence does not hold: {0}")]
    DoesNotHold(&'static str),
}

impl Evidence {
    /// Puts evidence together; whether it holds says [`check`](Self::check).
    #[must_use]
    pub fn new(
        versions: Vec<SignedDocument>,
        first: Checkpoint,
        second: Checkpoint,
        old_root: Digest,
        proof: Vec<Digest>,
    ) -> Self {
        Self { magic: MAGIC.to_owned(), version: 1, versions, first, second, old_root, proof }
    }

    /// The file's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> Digest {
        Digest::of(&self.encode())
    }

    /// Reads canonical bytes. Whether it holds says [`check`](Self::check).
    pub fn decode(bytes: &[u8]) -> Result<Self, EvidenceError> {
        if bytes.len() > EVIDENCE_BYTES_MAX {
            return Err(EvidenceError::NotEvidence("it is too long"));
        }
        let evidence: Self = canonical::decode(bytes)?;
        if evidence.magic != MAGIC {
            return Err(EvidenceError::NotEvidence("it does not begin as one"));
        }
        if evidence.version != 1 {
            return Err(EvidenceError::NotEvidence(
                "it has a version that this program does not know: get a newer one",
            ));
        }
        Ok(evidence)
    }

    /// Checks every step.
    pub fn check(&self) -> Result<Caught, EvidenceError> {
        let fails = EvidenceError::DoesNotHold;
        let identity = verify_chain(&self.versions).map_err(|_| fails("the identity does not verify"))?;
        for checkpoint in [&self.first, &self.second] {
            if checkpoint.origin != *identity.id() {
                return Err(fails("a checkpoint is of another twin"));
            }
            if identity.document().certificate(&checkpoint.device).is_none() {
                return Err(fails("a checkpoint is signed by a device that the identity does not list"));
            }
            checkpoint.check_signature().map_err(|_| fails("a checkpoint's signature does not hold"))?;
        }
        if self.proof.len() > PROOF_MAX {
            return Err(fails("the proof is too long"));
        }
        let (first, second) = (&self.first, &self.second);
        if !merkle::is_consistent(first.size, self.old_root, second.size, second.root, &self.proof) {
            return Err(fails("the proof does not lead to the later checkpoint"));
        }
        if self.old_root == first.root {
            return Err(fails("the two checkpoints tell one and the same history"));
        }
        Ok(Caught { origin: first.origin.clone(), commits: first.size, first: first.clone(), second: second.clone() })
    }
}

/// Reads and checks a file.
pub fn check(bytes: &[u8]) -> Result<Caught, EvidenceError> {
    Evidence::decode(bytes)?.check()
}

/// Whether the bytes begin like evidence, so that whoever checks a file knows what it is.
#[must_use]
pub fn is_evidence(bytes: &[u8]) -> bool {
    // An array of seven, and a text of eight bytes.
    bytes.starts_with(&[0x87, 0x68]) && bytes[2..].starts_with(MAGIC.as_bytes())
}
