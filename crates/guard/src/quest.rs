//! The claimant's side: a new machine that wants its owner's phrase back, or an heir.
//!
//! Guardians are believed nothing. Each hands over the charter that the ward signed, the versions of the ward's identity,
//! and a share; all of it is checked here, and who hands over something else is named.

use crate::desk::Stand;
use crate::paper::{Claim, Kind, SignedCharter};
use crate::record::Record;
use crate::ring::{Legacy, unlock};
use crate::share::{Share, combine};
use didymos_base::canonical::{self, CanonicalError};
use didymos_base::{Did, Digest, Timestamp};
use didymos_identity::hpke::{Opener, PublicKey, seal_to};
use didymos_identity::{RecoveryPhrase, Secret32, SignedDocument, derive, verify_chain};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// The longest release, in bytes: an identity with many versions.
pub const RELEASE_BYTES_MAX: usize = 1024 * 1024;

const RELEASE_INFO: &[u8] = b"didymos guardian release v1";

/// What a guardian hands over.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Release {
    /// What the ward decided.
    #[n(0)]
    pub charter: SignedCharter,
    /// Every version of the ward's identity that the guardian knows.
    #[n(1)]
    pub versions: Vec<SignedDocument>,
    /// Which deposit it is for.
    #[n(2)]
    pub place: u8,
    /// The guardian's share of it.
    #[n(3)]
    pub share: Share,
}

impl Release {
    /// Sealed to a claim's key, for this claim.
    #[must_use]
    pub fn seal_to(&self, claim: &Claim, ephemeral: &Secret32) -> Option<Vec<u8>> {
        let plain = zeroize::Zeroizing::new(canonical::encode(self));
        seal_to(&claim.key, ephemeral, RELEASE_INFO, claim.id().as_bytes(), &plain)
    }

    fn open(sealed: &[u8], claim: &Claim, key: &Opener) -> Option<Self> {
        let plain = key.open(RELEASE_INFO, claim.id().as_bytes(), sealed).ok()?;
        Self::decode(&plain).ok()
    }

    /// Reads canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        if bytes.len() > RELEASE_BYTES_MAX {
            return Err(CanonicalError::Malformed(minicbor::decode::Error::message("a release beyond its bounds")));
        }
        canonical::decode(bytes)
    }

    /// Whether everything that was handed over is what the ward signed.
    fn is_sound(&self, claim: &Claim) -> bool {
        let Ok(ward) = verify_chain(&self.versions) else { return false };
        let charter = &self.charter.charter;
        self.charter.check(&ward).is_ok()
            && charter.deposit_of(claim).is_some_and(|(place, deposit)| {
                place == self.place && self.share.index <= charter.people && self.share.is_sound(&deposit.points())
            })
    }
}

/// The key that a claim's answers are sealed to.
#[must_use]
pub fn claim_key(vault_key: &Secret32, nonce: &Digest) -> Opener {
    Opener::new(derive(vault_key, "guard claim key", nonce.as_bytes()))
}

/// The public half of [`claim_key`].
#[must_use]
pub fn claim_public(vault_key: &Secret32, nonce: &Digest) -> PublicKey {
    claim_key(vault_key, nonce).public()
}

/// How a guardian stood when last asked.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// How the claim stands there; none: never reached.
    pub stand: Option<Stand>,
    /// When they can hand over at the earliest.
    pub opens: Option<Timestamp>,
    /// What went wrong last.
    pub words: Option<String>,
    /// When they were asked last.
    pub at: Option<Timestamp>,
    /// What they handed over, sealed.
    pub release: Option<Vec<u8>>,
}

/// A claim of this twin's, and what became of it.
#[derive(Clone, Debug)]
pub struct Quest {
    /// The claim.
    pub claim: Claim,
    /// What its key grows from.
    pub nonce: Digest,
    /// Whose twin, where that is known from the start.
    pub of: Option<Did>,
    /// Each guardian that was asked.
    pub guardians: BTreeMap<Did, Heard>,
}

/// What the releases of a claim come to.
pub struct Outcome {
    /// Whose twin, as far as a guardian showed it.
    pub ward: Option<Did>,
    /// How many shares it takes, as far as that is known.
    pub need: Option<u8>,
    /// Guardians whose release is sound and counts.
    pub sound: Vec<Did>,
    /// Guardians whose release is not what the ward gave them.
    pub liars: Vec<Did>,
    /// What was deposited, if there are enough.
    pub legacy: Option<Legacy>,
}

impl Quest {
    /// Puts together what there is. `lasting` opens what was sealed to an heir.
    #[must_use]
    pub fn outcome(&self, vault_key: &Secret32, lasting: &Opener) -> Outcome {
        let key = claim_key(vault_key, &self.nonce);
        let mut outcome = Outcome { ward: None, need: None, sound: Vec::new(), liars: Vec::new(), legacy: None };
        let mut groups: BTreeMap<Digest, Vec<(Did, Release)>> = BTreeMap::new();
        for (guardian, heard) in &self.guardians {
            let Some(sealed) = &heard.release else { continue };
            match Release::open(sealed, &self.claim, &key).filter(|release| release.is_sound(&self.claim)) {
                Some(release) if self.of.as_ref().is_none_or(|of| *of == release.charter.charter.ward) => {
                    groups.entry(release.charter.charter.id()).or_default().push((guardian.clone(), release));
                }
                _ => outcome.liars.push(guardian.clone()),
            }
        }
        // The round of which most shares are here; of as many, the newest. What somebody made up is a group of its own.
        let Some(group) = groups.values().max_by_key(|group| (group.len(), group[0].1.charter.charter.round)) else {
            return outcome;
        };
        let charter = &group[0].1.charter.charter;
        (outcome.ward, outcome.need) = (Some(charter.ward.clone()), Some(charter.threshold));
        outcome.sound = group.iter().map(|(guardian, _)| guardian.clone()).collect();
        let full = |group: &&Vec<(Did, Release)>| group.len() >= usize::from(group[0].1.charter.charter.threshold);
        let wards: Vec<&Did> = groups.values().filter(full).map(|group| &group[0].1.charter.charter.ward).collect();
        if wards.is_empty() || wards.iter().any(|ward| **ward != charter.ward) {
            // Nobody, or two different people: guardians contradict each other, and nothing is opened.
            return outcome;
        }
        let shares: Vec<Share> = group.iter().map(|(_, release)| release.share.clone()).collect();
        let Some((_, deposit)) = charter.deposit_of(&self.claim) else { return outcome };
        let Ok(lock) = combine(&shares, &deposit.points()) else { return outcome };
        let plain = unlock(charter, deposit, &lock);
        let legacy = plain.and_then(|plain| match self.claim.kind {
            Kind::Recovery => Legacy::decode(&plain).ok(),
            Kind::Inheritance => Legacy::open(&plain, lasting),
        });
        outcome.legacy = legacy.filter(|legacy| match legacy.entropy {
            Some(entropy) => RecoveryPhrase::from_entropy(entropy.0).identity_key().did() == &charter.ward,
            None => self.claim.kind == Kind::Inheritance,
        });
        outcome
    }
}

/// Every claim of this twin's, the newest last.
#[derive(Default)]
pub struct Quests(Vec<Quest>);

impl Quests {
    pub(crate) fn apply(&mut self, record: Record) {
        match record {
            Record::Claims { claim, nonce, of } => {
                // One at a time for each person: a new claim replaces the former one.
                let same = |quest: &Quest| quest.claim.kind == claim.kind && quest.of == of;
                self.0.retain(|quest| !same(quest));
                self.0.push(Quest { claim: *claim, nonce, of, guardians: BTreeMap::new() });
            }
            Record::Asked { claim, guardian, stand, opens, words, at } => {
                if let Some(quest) = self.by_id(&claim) {
                    let heard = quest.guardians.entry(guardian).or_default();
                    (heard.opens, heard.words, heard.at) = (opens, words, Some(at));
                    if let Some(stand) = stand {
                        heard.stand = Stand::of_number(stand);
                    }
                }
            }
            Record::Got { claim, guardian, release } => {
                if let Some(quest) = self.by_id(&claim) {
                    quest.guardians.entry(guardian).or_default().release = Some(release);
                }
            }
            _ => {}
        }
    }

    fn by_id(&mut self, claim: &Digest) -> Option<&mut Quest> {
        self.0.iter_mut().find(|quest| quest.claim.id() == *claim)
    }

    /// Every claim, the newest last.
    #[must_use]
    pub fn all(&self) -> &[Quest] {
        &self.0
    }

    /// The newest claim of a kind, about `of` where that is given.
    #[must_use]
    pub fn newest(&self, kind: Kind, of: Option<&Did>) -> Option<&Quest> {
        self.0.iter().rev().find(|quest| quest.claim.kind == kind && (of.is_none() || quest.of.as_ref() == of))
    }
}
