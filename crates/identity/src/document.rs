//! The DID document and its versions.
//!
//! Each version names the one before by digest, the key in control from now on, every device there ever was, and every
//! revocation. Who controls version *n* signs version *n* + 1; a key that takes over signs too, which shows that it is
//! held and stops the holder of a stolen older key from rotating in somebody else's name. A version may also commit to
//! the *digest* of the next key (pre-rotation): then no other key can take over.

use crate::{
    BadSignature, DeviceCertificate, IdentityKey, ResolveError, Signature, SignedCertificate, resolve_key, verify,
};
use didymos_base::canonical::{self, CanonicalError};
use didymos_base::{Did, Digest, Timestamp};
use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest document read, in bytes.
pub const MAX_DOCUMENT_LEN: usize = 256 * 1024;
/// The most devices that one document lists, revoked ones included.
pub const MAX_DEVICES: usize = 512;

pub(crate) const CONTEXT: &str = "did-document";
const TAKEOVER_CONTEXT: &str = "did-document-takeover";

/// A device that may act no more.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[cbor(array)]
pub struct Revocation {
    /// The device.
    #[n(0)]
    pub device: Did,
    /// Since when.
    #[n(1)]
    pub at: Timestamp,
    /// The last sequence number of the device's journal that still counts, where the owner knows it: what a thief
    /// signs later and dates back is then refused as well.
    #[n(2)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_seq: Option<u64>,
}

/// One version of what an owner says about their own keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[cbor(array)]
pub struct DidDocument {
    /// Who: the DID of the first identity key, for ever.
    #[n(0)]
    pub id: Did,
    /// Counted from 1.
    #[n(1)]
    pub version: u32,
    /// Digest of the version before; none for the first.
    #[n(2)]
    pub previous: Option<Digest>,
    /// The identity key in control from this version on.
    #[n(3)]
    pub controller: Did,
    /// Commitment to the next identity key: see [`commit_to_next`].
    #[n(4)]
    pub next: Option<Digest>,
    /// Every device that was ever listed, oldest first.
    #[n(5)]
    pub devices: Vec<SignedCertificate>,
    /// Every revocation, oldest first.
    #[n(6)]
    pub revoked: Vec<Revocation>,
}

/// A version with its signatures.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[cbor(array)]
pub struct SignedDocument {
    /// What is said.
    #[n(0)]
    pub document: DidDocument,
    /// By the controller of the version before (for the first: by its own).
    #[n(1)]
    pub signature: Signature,
    /// By the new controller, where it changed.
    #[n(2)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takeover: Option<Signature>,
}

/// Why there can be no such next version.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The key given is not the one in control.
    #[error("this is not the identity key in control of the document; derive the current one from the recovery phrase")]
    NotController,
    /// The document committed to another next key.
    #[error("the document commits to another next identity key; use that one")]
    NotTheCommittedKey,
    /// The device's DID holds no key that can verify.
    #[error("the device has to be named by its key: {0}")]
    NoKey(#[from] ResolveError),
    /// The device is listed already, or was and is revoked.
    #[error("the device is already listed; give it a new key to list it again")]
    AlreadyListed,
    /// The document lists no such device.
    #[error("the document lists no such device")]
    NotListed,
    /// The device is revoked already.
    #[error("the device is already revoked")]
    AlreadyRevoked,
    /// A limit is reached.
    #[error("a document lists at most {MAX_DEVICES} devices and has at most 2^32 versions")]
    Full,
    /// Not a signed document in canonical form.
    #[error("not a signed DID document")]
    Malformed(#[from] CanonicalError),
    /// Longer than any document may be.
    #[error("a DID document has at most {MAX_DOCUMENT_LEN} bytes")]
    TooLong,
}

/// The commitment to a next identity key: BLAKE3 of `didymos/next-key/v1`, a zero byte and its DID.
#[must_use]
pub fn commit_to_next(key: &Did) -> Digest {
    Digest::of(&[b"didymos/next-key/v1\0", key.as_str().as_bytes()].concat())
}

impl DidDocument {
    /// The first version: one identity key, one device, and perhaps a commitment to the next identity key.
    #[must_use]
    pub fn genesis(identity: &IdentityKey, device: &Did, issued: Timestamp, next: Option<Digest>) -> SignedDocument {
        let id = identity.did().clone();
        let certificate = DeviceCertificate { owner: id.clone(), device: device.clone(), issued, serial: 1 };
        let document = Self {
            controller: id.clone(),
            id,
            version: 1,
            previous: None,
            next,
            devices: vec![certificate.sign(identity)],
            revoked: Vec::new(),
        };
        document.sign(identity)
    }

    /// Canonical bytes: what is signed, and what [`digest`](Self::digest) is of.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DocumentError> {
        if bytes.len() > MAX_DOCUMENT_LEN {
            return Err(DocumentError::TooLong);
        }
        Ok(canonical::decode(bytes)?)
    }

    /// The name of this version, by which the next one refers to it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.encode())
    }

    /// The certificate of `device`, revoked or not.
    #[must_use]
    pub fn certificate(&self, device: &Did) -> Option<&SignedCertificate> {
        self.devices.iter().find(|signed| signed.certificate.device == *device)
    }

    /// The revocation of `device`, if it was revoked.
    #[must_use]
    pub fn revocation(&self, device: &Did) -> Option<&Revocation> {
        self.revoked.iter().find(|revocation| revocation.device == *device)
    }

    /// Whether `device` could act at `at`: listed by then, and not revoked by then.
    #[must_use]
    pub fn authorises(&self, device: &Did, at: Timestamp) -> bool {
        self.certificate(device).is_some_and(|signed| signed.certificate.issued <= at)
            && self.revocation(device).is_none_or(|revocation| at < revocation.at)
    }

    /// The devices that are listed and not revoked.
    pub fn active_devices(&self) -> impl Iterator<Item = &Did> {
        self.devices.iter().map(|signed| &signed.certificate.device).filter(|device| self.revocation(device).is_none())
    }

    /// The document as W3C DID Core 1.0 JSON: Multikey verification methods for the controller and each active device.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        crate::w3c::document(self)
    }

    /// The same as what it says of `id`, another identifier of the same person, which is known as `others` too.
    #[must_use]
    pub fn to_json_as(&self, id: &str, others: &[&str]) -> serde_json::Value {
        let mut document = crate::w3c::document_as(self, id);
        document["alsoKnownAs"] = std::iter::once(self.id.as_str()).chain(others.iter().copied()).collect();
        document
    }

    fn sign(self, identity: &IdentityKey) -> SignedDocument {
        let signature = identity.sign(CONTEXT, &self.encode());
        SignedDocument { document: self, signature, takeover: None }
    }

    /// The version after this one, with nothing changed yet.
    fn successor(&self, identity: &IdentityKey) -> Result<Self, DocumentError> {
        if *identity.did() != self.controller {
            return Err(DocumentError::NotController);
        }
        let version = self.version.checked_add(1).ok_or(DocumentError::Full)?;
        Ok(Self { version, previous: Some(self.digest()), ..self.clone() })
    }
}

impl SignedDocument {
    /// The next version, which lists `device` too.
    pub fn with_device(&self, identity: &IdentityKey, device: &Did, issued: Timestamp) -> Result<Self, DocumentError> {
        let mut next = self.document.successor(identity)?;
        resolve_key(device)?;
        if next.certificate(device).is_some() {
            return Err(DocumentError::AlreadyListed);
        }
        if next.devices.len() >= MAX_DEVICES {
            return Err(DocumentError::Full);
        }
        let serial = next.devices.len() as u32 + 1;
        let certificate = DeviceCertificate { owner: next.id.clone(), device: device.clone(), issued, serial };
        next.devices.push(certificate.sign(identity));
        Ok(next.sign(identity))
    }

    /// The next version, which revokes `device`.
    pub fn revoke(
        &self,
        identity: &IdentityKey,
        device: &Did,
        at: Timestamp,
        after_seq: Option<u64>,
    ) -> Result<Self, DocumentError> {
        let mut next = self.document.successor(identity)?;
        if next.certificate(device).is_none() {
            return Err(DocumentError::NotListed);
        }
        if next.revocation(device).is_some() {
            return Err(DocumentError::AlreadyRevoked);
        }
        next.revoked.push(Revocation { device: device.clone(), at, after_seq });
        Ok(next.sign(identity))
    }

    /// The next version, in which `new` takes control from `current`. Devices, revocations and the DID stay.
    pub fn rotate(
        &self,
        current: &IdentityKey,
        new: &IdentityKey,
        next: Option<Digest>,
    ) -> Result<Self, DocumentError> {
        let mut version = self.document.successor(current)?;
        if self.document.next.is_some_and(|committed| committed != commit_to_next(new.did())) {
            return Err(DocumentError::NotTheCommittedKey);
        }
        version.controller = new.did().clone();
        version.next = next;
        let takeover = new.sign(TAKEOVER_CONTEXT, &version.encode());
        Ok(Self { takeover: Some(takeover), ..version.sign(current) })
    }

    /// Canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads canonical bytes. Signatures are checked by [`verify_chain`](crate::verify_chain).
    pub fn decode(bytes: &[u8]) -> Result<Self, DocumentError> {
        if bytes.len() > MAX_DOCUMENT_LEN {
            return Err(DocumentError::TooLong);
        }
        Ok(canonical::decode(bytes)?)
    }

    /// Checks the signature of the controller of the version before.
    pub(crate) fn verify_by(&self, controller: &Did) -> Result<(), BadSignature> {
        verify(controller, CONTEXT, &self.document.encode(), &self.signature)
    }

    /// Checks that whoever takes control holds the key.
    pub(crate) fn verify_takeover(&self) -> Result<(), BadSignature> {
        let signature = self.takeover.as_ref().ok_or(BadSignature)?;
        verify(&self.document.controller, TAKEOVER_CONTEXT, &self.document.encode(), signature)
    }
}
