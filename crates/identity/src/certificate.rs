//! Device certificates: the owner's word that a device may act.
//!
//! A certificate travels inside every proof, which must stay below 2 KiB, so it is one flat CBOR array of at most
//! [`MAX_CERTIFICATE_LEN`] bytes.

use crate::{BadSignature, IdentityKey, Signature, verify};
use didymos_base::canonical::{self, CanonicalError};
use didymos_base::{Did, Timestamp};
use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// No certificate between two `did:key` identifiers is longer.
pub const MAX_CERTIFICATE_LEN: usize = 220;

pub(crate) const CONTEXT: &str = "device-certificate";

/// What the owner says about a device.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[cbor(array)]
pub struct DeviceCertificate {
    /// Whose device it is.
    #[n(0)]
    pub owner: Did,
    /// The key that the device signs with.
    #[n(1)]
    pub device: Did,
    /// Since when it may.
    #[n(2)]
    pub issued: Timestamp,
    /// The how manieth device of this owner it is, counted from 1.
    #[n(3)]
    pub serial: u32,
}

/// A certificate and the signature of the identity key that was in force when it was issued.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[cbor(array)]
pub struct SignedCertificate {
    /// What is said.
    #[n(0)]
    pub certificate: DeviceCertificate,
    /// Who said so.
    #[n(1)]
    pub signature: Signature,
}

impl DeviceCertificate {
    /// Signs the certificate with the identity key.
    #[must_use]
    pub fn sign(self, identity: &IdentityKey) -> SignedCertificate {
        let signature = identity.sign(CONTEXT, &canonical::encode(&self));
        SignedCertificate { certificate: self, signature }
    }
}

impl SignedCertificate {
    /// Checks the signature under the owner's first identity key, which the owner's DID names. A certificate issued
    /// after a rotation is signed by a later key: see [`verify_by`](Self::verify_by).
    pub fn verify(&self) -> Result<(), BadSignature> {
        self.verify_by(&self.certificate.owner)
    }

    /// Checks the signature under `controller`, an identity key of the owner
    /// (see [`VerifiedIdentity::controllers`](crate::VerifiedIdentity::controllers)).
    pub fn verify_by(&self, controller: &Did) -> Result<(), BadSignature> {
        verify(controller, CONTEXT, &canonical::encode(&self.certificate), &self.signature)
    }

    /// Canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads canonical bytes. The signature is not checked.
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        canonical::decode(bytes)
    }
}
