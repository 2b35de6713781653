//! People for tests: identities that grow from a number.

use crate::peer::{Channel, Own};
use didymos_base::{Did, Timestamp};
use didymos_identity::document::commit_to_next;
use didymos_identity::{DidDocument, IdentityKey, RecoveryPhrase, Secret32, SigningKey};

pub(crate) struct Person {
    pub(crate) did: Did,
    pub(crate) own: Own,
    pub(crate) identity: IdentityKey,
    phrase: RecoveryPhrase,
}

impl Person {
    pub(crate) fn new(number: u8) -> Self {
        let phrase = RecoveryPhrase::from_entropy([number; 32]);
        let device = SigningKey::from_seed(&Secret32::from_bytes([number ^ 0x80; 32]));
        let identity = phrase.identity_key();
        let next = commit_to_next(phrase.identity_key_number(1).did());
        let first = DidDocument::genesis(&identity, device.did(), Timestamp(0), Some(next));
        let did = first.document.id.clone();
        let own = Own { versions: vec![first], device, name: Some(format!("Person {number}")) };
        Self { did, own, identity, phrase }
    }

    /// The same person after a rotation of the identity key.
    pub(crate) fn rotated(&self) -> Self {
        let new = self.phrase.identity_key_number(1);
        let last = self.own.versions.last().expect("a version");
        let version = last.rotate(&self.identity, &new, None).expect("a version");
        let mut own = self.own.clone();
        own.versions.push(version);
        Self { did: self.did.clone(), own, identity: new, phrase: self.phrase.clone() }
    }
}

pub(crate) fn channel() -> Channel {
    Channel { exporter: [1; 32], dialler: [2; 32], dialled: [3; 32] }
}
