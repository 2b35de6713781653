//! Who sits at a leaf of a circle's tree: a device, of an owner.
//!
//! A leaf's signature key is not the device's own but one that lives with the leaf: whoever copies a circle's state
//! gets no key that signs elsewhere, and renewing a leaf renews that key too. The device signs for it, and the owner's
//! identity lists the device; so a credential is good by itself, wherever the key package was found.

use didymos_base::Did;
use didymos_base::canonical;
use didymos_identity::{Signature, SigningKey, verify};
use minicbor::{Decode, Encode};

const CONTEXT: &str = "circle-leaf";

/// What an MLS basic credential holds here.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub(crate) struct Leaf {
    #[n(0)]
    pub(crate) owner: Did,
    #[n(1)]
    pub(crate) device: Did,
    /// The device's signature over owner, device and the leaf's public key.
    #[n(2)]
    signature: Signature,
}

fn signed(owner: &Did, device: &Did, key: &[u8]) -> Vec<u8> {
    let mut bytes = canonical::encode(&(owner, device));
    bytes.extend_from_slice(key);
    bytes
}

impl Leaf {
    pub(crate) fn sign(owner: &Did, device: &SigningKey, key: &[u8; 32]) -> Self {
        let signature = device.sign(CONTEXT, &signed(owner, device.did(), key));
        Self { owner: owner.clone(), device: device.did().clone(), signature }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads a credential and checks that the device signed for this key.
    pub(crate) fn check(bytes: &[u8], key: &[u8]) -> Option<Self> {
        let leaf: Self = canonical::decode(bytes).ok()?;
        verify(&leaf.device, CONTEXT, &signed(&leaf.owner, &leaf.device, key), &leaf.signature).ok()?;
        Some(leaf)
    }
}
