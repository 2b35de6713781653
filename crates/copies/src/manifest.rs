//! The manifest: which parcels make up the journal, what their shares are called, and who has which.
//!
//! It is sealed under a key from the vault key and kept whole by every holder, so that any of them gives it back. Around
//! it lies an *envelope* that a holder can read: whose it is, its number, and a signature by one of the owner's devices,
//! so that an older one, or somebody else's, never takes the newer one's place.

use crate::code::{NEED_MAX, NUMBERS_MAX};
use crate::parcel::{CopyKeys, PARCEL_BYTES, Span};
use didymos_base::canonical::{self, CanonicalError};
use didymos_base::{Did, Digest, Timestamp};
use didymos_identity::{Signature, SigningKey, VerifiedIdentity, verify};
use minicbor::{Decode, Encode};

/// The longest envelope, in bytes: enough for a journal of some 100 GB.
pub const ENVELOPE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most friends who hold shares.
pub const HOLDERS_MAX: usize = 32;
/// The most shares of one parcel.
pub const SHARES_MAX: usize = NUMBERS_MAX as usize;
const CONTEXT: &str = "copies-manifest";
const LABEL: &[u8] = b"manifest 1";

/// A parcel and its shares.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Parcel {
    /// Which stretch of the journal.
    #[n(0)]
    pub span: Span,
    /// Digest of the journal's bytes there.
    #[n(1)]
    pub digest: Digest,
    /// Names of its shares, in the order of [`Manifest::numbers`].
    #[n(2)]
    pub shares: Vec<Digest>,
}

/// A friend and the numbers of the shares that they hold of each parcel.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Holder {
    /// Who.
    #[n(0)]
    pub did: Did,
    /// Which numbers, ascending.
    #[n(1)]
    pub numbers: Vec<u8>,
}

/// All that is needed to put a journal together again.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Manifest {
    /// Version of this structure: 1.
    #[n(0)]
    pub version: u8,
    /// Whose journal.
    #[n(1)]
    pub owner: Did,
    /// Counts up; of several, the highest counts.
    #[n(2)]
    pub number: u64,
    /// When it was made.
    #[n(3)]
    pub at: Timestamp,
    /// Number of the last commit that it covers.
    #[n(4)]
    pub seq: u64,
    /// Digest of that commit.
    #[n(5)]
    pub commit: Digest,
    /// So many shares give a parcel back.
    #[n(6)]
    pub need: u8,
    /// Numbers of the shares that are made of each parcel, ascending.
    #[n(7)]
    pub numbers: Vec<u8>,
    /// The parcels, in order and without a gap.
    #[n(8)]
    pub parcels: Vec<Parcel>,
    /// Who holds which numbers.
    #[n(9)]
    pub holders: Vec<Holder>,
}

/// Why a manifest does not count.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not the bytes of one, or longer than any.
    #[error("not a list of shares: {0}")]
    Malformed(#[from] CanonicalError),
    /// Its parts contradict each other.
    #[error("the list of shares contradicts itself")]
    Unsound,
    /// It does not open, or is not what its envelope says.
    #[error("the list of shares does not open with this recovery phrase")]
    Sealed,
    /// No device of the owner's signed it.
    #[error("the list of shares is not signed by a device of its owner")]
    Signature,
}

impl Manifest {
    /// Where the journal ends that it covers.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.parcels.last().map_or(0, |parcel| parcel.span.ends())
    }

    /// Checks everything that can be checked of it alone.
    pub fn check(&self) -> Result<(), ManifestError> {
        let ascending = |numbers: &[u8]| numbers.is_sorted_by(|a, b| a < b);
        let mut end = 0;
        let mut sound = self.version == 1
            && (1..=NEED_MAX).contains(&self.need)
            && self.numbers.len() <= SHARES_MAX
            && ascending(&self.numbers)
            && self.numbers.last().is_none_or(|last| *last < NUMBERS_MAX)
            && self.holders.len() <= HOLDERS_MAX;
        for parcel in &self.parcels {
            sound &= parcel.span.begins == end
                && (1..=PARCEL_BYTES).contains(&u64::from(parcel.span.len))
                && parcel.shares.len() == self.numbers.len();
            end = parcel.span.ends();
        }
        let mut given: Vec<u8> = self.holders.iter().flat_map(|holder| holder.numbers.iter().copied()).collect();
        sound &= self.holders.iter().all(|holder| ascending(&holder.numbers));
        given.sort_unstable();
        sound &= ascending(&given) && given.iter().all(|number| self.numbers.binary_search(number).is_ok());
        if sound { Ok(()) } else { Err(ManifestError::Unsound) }
    }

    /// The name of share `number` of a parcel.
    #[must_use]
    pub fn share(&self, parcel: &Parcel, number: u8) -> Option<Digest> {
        parcel.shares.get(self.numbers.binary_search(&number).ok()?).copied()
    }

    /// Every share that `did` is to hold: parcel, number and name, in the order of the journal.
    pub fn shares_of<'a>(&'a self, did: &Did) -> impl Iterator<Item = (&'a Parcel, u8, Digest)> + use<'a> {
        let numbers = self.numbers_of(did);
        self.parcels.iter().flat_map(move |parcel| {
            let named = |number: &u8| Some((parcel, *number, self.share(parcel, *number)?));
            numbers.iter().filter_map(named).collect::<Vec<_>>()
        })
    }

    /// The numbers that `did` holds.
    #[must_use]
    pub fn numbers_of(&self, did: &Did) -> Vec<u8> {
        self.holders.iter().find(|holder| holder.did == *did).map(|holder| holder.numbers.clone()).unwrap_or_default()
    }

    /// Seals it, in an envelope that `device` signs. The nonce has to be fresh randomness.
    #[must_use]
    pub fn seal(&self, keys: &CopyKeys, nonce: [u8; 24], device: &SigningKey) -> Envelope {
        let sealed = keys.manifest.seal(nonce, LABEL, &canonical::encode(self));
        let mut envelope = Envelope {
            version: 1,
            owner: self.owner.clone(),
            number: self.number,
            at: self.at,
            sealed,
            device: device.did().clone(),
            signature: Signature([0; 64]),
        };
        envelope.signature = device.sign(CONTEXT, &envelope.message());
        envelope
    }
}

/// A sealed manifest as holders keep it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Envelope {
    /// Version of this structure: 1.
    #[n(0)]
    pub version: u8,
    /// Whose it is.
    #[n(1)]
    pub owner: Did,
    /// See [`Manifest::number`].
    #[n(2)]
    pub number: u64,
    /// When it was made.
    #[n(3)]
    pub at: Timestamp,
    /// The sealed manifest.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
    /// The owner's device that signs.
    #[n(5)]
    pub device: Did,
    /// Its signature over all above.
    #[n(6)]
    pub signature: Signature,
}

impl Envelope {
    fn message(&self) -> Vec<u8> {
        let sealed = Digest::of(&self.sealed);
        canonical::encode(&(self.version, &self.owner, self.number, self.at, sealed, &self.device))
    }

    /// Canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads canonical bytes of at most [`ENVELOPE_BYTES_MAX`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.len() > ENVELOPE_BYTES_MAX {
            return Err(ManifestError::Unsound);
        }
        let envelope: Self = canonical::decode(bytes)?;
        if envelope.version == 1 { Ok(envelope) } else { Err(ManifestError::Unsound) }
    }

    /// Checks that a device of this owner signed it.
    pub fn check(&self, owner: &VerifiedIdentity) -> Result<(), ManifestError> {
        if self.owner != *owner.id() || !owner.is_active(&self.device) {
            return Err(ManifestError::Signature);
        }
        verify(&self.device, CONTEXT, &self.message(), &self.signature).map_err(|_| ManifestError::Signature)
    }

    /// Opens it. That the key opens it shows that it is the owner's; who signed does not matter any more.
    pub fn open(&self, keys: &CopyKeys) -> Result<Manifest, ManifestError> {
        let plain = keys.manifest.open(LABEL, &self.sealed).map_err(|_| ManifestError::Sealed)?;
        let manifest = decode(&plain)?;
        if manifest.owner != self.owner || manifest.number != self.number {
            return Err(ManifestError::Sealed);
        }
        Ok(manifest)
    }
}

/// Reads a manifest's canonical bytes, and checks it.
pub fn decode(bytes: &[u8]) -> Result<Manifest, ManifestError> {
    let manifest: Manifest = canonical::decode(bytes)?;
    manifest.check()?;
    Ok(manifest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, verify_chain};

    fn manifest(owner: Did) -> Manifest {
        let parcel = |begins, len| {
            let share = |number: u8| Digest::of(&[number, begins as u8]);
            Parcel { span: Span { begins, len }, digest: Digest::of(b"plain"), shares: vec![share(0), share(1)] }
        };
        let holder =
            |number| Holder { did: format!("did:key:z6Mk{number}").parse().expect("a DID"), numbers: vec![number] };
        Manifest {
            version: 1,
            owner,
            number: 7,
            at: Timestamp(5),
            seq: 3,
            commit: Digest::of(b"commit"),
            need: 1,
            numbers: vec![0, 1],
            parcels: vec![parcel(0, 100), parcel(100, 50)],
            holders: vec![holder(0), holder(1)],
        }
    }

    #[test]
    fn a_manifest_opens_with_its_key_and_only_its_owners_devices_sign_it() {
        let phrase = RecoveryPhrase::from_entropy([1; 32]);
        let device = SigningKey::from_seed(&Secret32::from_bytes([2; 32]));
        let first = DidDocument::genesis(&phrase.identity_key(), device.did(), Timestamp(0), None);
        let identity = verify_chain(&[first]).expect("an identity");
        let keys = CopyKeys::new(&phrase.vault_key());
        let manifest = manifest(identity.id().clone());
        let envelope = manifest.seal(&keys, [3; 24], &device);
        let read = Envelope::decode(&envelope.encode()).expect("ours");
        assert!(read.check(&identity).is_ok());
        assert_eq!(read.open(&keys).expect("opens"), manifest);
        assert!(read.open(&CopyKeys::new(&Secret32::from_bytes([9; 32]))).is_err());
        let renumbered = Envelope { number: 8, ..read.clone() };
        assert!(renumbered.check(&identity).is_err() && renumbered.open(&keys).is_err());
        let eve = SigningKey::from_seed(&Secret32::from_bytes([4; 32]));
        assert!(manifest.seal(&keys, [3; 24], &eve).check(&identity).is_err());
        let bytes = envelope.encode();
        assert!(!bytes.windows(4).any(|window| window == b"z6Mk3"[..4].as_ref()) || bytes.len() > 100);
    }

    #[test]
    fn a_manifest_that_contradicts_itself_is_refused() {
        let sound = manifest("did:key:z6MkOwner".parse().expect("a DID"));
        assert!(sound.check().is_ok());
        let gap = |manifest: &mut Manifest| manifest.parcels[1].span.begins = 101;
        let twice = |manifest: &mut Manifest| manifest.holders[1].numbers = vec![0];
        let unknown = |manifest: &mut Manifest| manifest.holders[1].numbers = vec![5];
        let short = |manifest: &mut Manifest| manifest.parcels[1].shares.truncate(1);
        let none = |manifest: &mut Manifest| manifest.need = 0;
        for spoil in [gap, twice, unknown, short, none] as [fn(&mut Manifest); 5] {
            let mut spoilt = sound.clone();
            spoil(&mut spoilt);
            assert!(spoilt.check().is_err());
        }
        assert_eq!(sound.shares_of(&sound.holders[1].did).count(), 2);
        assert_eq!(sound.end(), 150);
    }
}
