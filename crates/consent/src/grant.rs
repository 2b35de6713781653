//! The signed papers that a [`Contract`] is made of: an offer, its acceptance, an end.
//!
//! ```text
//! assigner                                  assignee
//!   Offer { terms, signature }  ->
//!                               <-  Acceptance { digest of terms, signature }      from here on it is in force
//!   Ending { digest of terms, signature }     by either side, at any time, for ever
//! ```
//!
//! Each paper is signed by a device that the signer's identity lists, under a context of its own, over deterministic
//! CBOR. The contract's id is the digest of its terms, so that nobody can accept or end anything else than was offered.
//! Terms in the vocabulary of ODRL 2.2: *assigner*, *assignee*, *target* (streams), *action* (view), *constraint*
//! (period, resolution, rate, expiry) and *purpose* (W3C Data Privacy Vocabulary).

use crate::contract::{Contract, ContractId, Period, Rate};
use crate::{Act, Streams};
use didymos_base::canonical::{self, CanonicalError};
use didymos_base::{Did, Digest, StreamId, Timestamp};
use didymos_identity::{Signature, SigningKey, VerifiedIdentity, verify};
use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest paper, in bytes.
pub const PAPER_BYTES_MAX: usize = 16 * 1024;
/// The most streams that one grant names.
pub const STREAMS_MAX: usize = 64;
/// The longest purpose, in characters.
pub const PURPOSE_CHARACTERS_MAX: usize = 200;
/// The finest resolution that can be asked for, and the step of all of them, in milliseconds.
pub const RESOLUTION_STEP_MS: i64 = 60_000;
/// The coarsest one: a year.
pub const RESOLUTION_MS_MAX: i64 = 366 * 86_400_000;
/// The longest stretch over which uses are counted, in milliseconds: 31 days.
pub const RATE_MS_MAX: i64 = 31 * 86_400_000;
/// The most uses within that stretch.
pub const RATE_USES_MAX: u32 = 10_000;

/// The least room that can be given, in bytes.
pub const SPACE_BYTES_MIN: u64 = 1 << 20;
/// The most room that can be given, in bytes.
pub const SPACE_BYTES_MAX: u64 = 1 << 44;

const OFFER: &str = "contract-offer";
const ACCEPTANCE: &str = "contract-acceptance";
const ENDING: &str = "contract-ending";

/// What a grant says: to view streams, or to keep copies in the assigner's room.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[cbor(array)]
pub struct Terms {
    /// Version of this structure: 1.
    #[n(0)]
    pub version: u8,
    /// Who grants: the owner of the data.
    #[n(1)]
    pub assigner: Did,
    /// Who may view.
    #[n(2)]
    pub assignee: Did,
    /// Which streams, in order and each once.
    #[n(3)]
    pub streams: Vec<StreamId>,
    /// Data from here on: milliseconds of the owner's wall clock; none: from the first.
    #[n(4)]
    pub from: Option<Timestamp>,
    /// Data before this: milliseconds of the owner's wall clock; none: without end.
    #[n(5)]
    pub to: Option<Timestamp>,
    /// Statistics over stretches of so many milliseconds and no finer: whole minutes. None: single observations.
    #[n(6)]
    pub resolution_ms: Option<i64>,
    /// How often; none: as often as the assigner's twin bears.
    #[n(7)]
    pub rate: Option<Rate>,
    /// What for, in the people's own words.
    #[n(8)]
    pub purpose: String,
    /// In force from here on, once accepted.
    #[n(9)]
    pub starts: Timestamp,
    /// Until here.
    #[n(10)]
    pub expires: Timestamp,
    /// Makes two grants of the same content two contracts.
    #[cbor(n(11), with = "minicbor::bytes")]
    #[serde(skip)]
    pub nonce: [u8; 16],
    /// Room for the assignee's copies, in bytes: a grant of this and of no stream. None: a view grant. (Absent from the
    /// bytes where there is none, so that older papers have the form that they had.)
    #[n(12)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<u64>,
}

/// Why a paper does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PaperError {
    /// The terms are beyond their bounds or contradict themselves.
    #[error(
        "these terms cannot be: 1 to {STREAMS_MAX} streams in order or else 1 MiB to 16 TiB of room, a period and a term that end after they begin, \
         a resolution of whole minutes, a rate within 31 days, a purpose of 1 to {PURPOSE_CHARACTERS_MAX} characters"
    )]
    Terms,
    /// Somebody signed who is not a party, or with a device that is not theirs.
    #[error("the paper is not signed by a device of the party that it has to come from")]
    Signer,
    /// The signature does not hold.
    #[error("the signature on the paper does not hold")]
    Signature,
    /// The paper is about another contract.
    #[error("the paper belongs to another contract")]
    AnotherContract,
    /// It was accepted before it was in force, or after it had expired.
    #[error("the acceptance came when the offer had expired")]
    TooLate,
}

impl Terms {
    /// The contract's name.
    #[must_use]
    pub fn id(&self) -> ContractId {
        Digest::of(&canonical::encode(self))
    }

    /// Checks every bound.
    pub fn check(&self) -> Result<(), PaperError> {
        let purpose = self.purpose.chars().count();
        let target = match self.space {
            None => (1..=STREAMS_MAX).contains(&self.streams.len()),
            Some(bytes) => {
                (SPACE_BYTES_MIN..=SPACE_BYTES_MAX).contains(&bytes)
                    && self.streams.is_empty()
                    && (self.from, self.to, self.resolution_ms, self.rate) == (None, None, None, None)
            }
        };
        let sound = self.version == 1
            && self.assigner != self.assignee
            && target
            && self.streams.is_sorted_by(|a, b| a.as_str() < b.as_str())
            && self.from.zip(self.to).is_none_or(|(from, to)| from < to)
            && self.resolution_ms.is_none_or(|ms| {
                ms % RESOLUTION_STEP_MS == 0 && (RESOLUTION_STEP_MS..=RESOLUTION_MS_MAX).contains(&ms)
            })
            && self.rate.is_none_or(|rate| {
                (1..=RATE_USES_MAX).contains(&rate.uses) && (1..=RATE_MS_MAX).contains(&rate.per_ms)
            })
            && (1..=PURPOSE_CHARACTERS_MAX).contains(&purpose)
            && !self.purpose.chars().any(char::is_control)
            && self.starts < self.expires;
        if sound { Ok(()) } else { Err(PaperError::Terms) }
    }

    /// The assigner's word.
    #[must_use]
    pub fn offer(self, device: &SigningKey) -> Offer {
        let signature = device.sign(OFFER, &canonical::encode(&self));
        Offer { terms: self, device: device.did().clone(), signature }
    }
}

/// Terms, signed by the assigner.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Offer {
    /// What is offered.
    #[n(0)]
    pub terms: Terms,
    /// The assigner's device that signs.
    #[n(1)]
    pub device: Did,
    /// Its signature.
    #[n(2)]
    pub signature: Signature,
}

/// The assignee's yes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Acceptance {
    /// Which terms.
    #[n(0)]
    pub contract: ContractId,
    /// When.
    #[n(1)]
    pub at: Timestamp,
    /// The assignee's device that signs.
    #[n(2)]
    pub device: Did,
    /// Its signature over the two above.
    #[n(3)]
    pub signature: Signature,
}

/// Either side's end, also of an offer that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Ending {
    /// Which terms.
    #[n(0)]
    pub contract: ContractId,
    /// When.
    #[n(1)]
    pub at: Timestamp,
    /// Who ends it.
    #[n(2)]
    pub by: Did,
    /// Their device that signs.
    #[n(3)]
    pub device: Did,
    /// Its signature over contract, time and party.
    #[n(4)]
    pub signature: Signature,
}

fn signed(
    by: &VerifiedIdentity,
    party: &Did,
    device: &Did,
    context: &str,
    bytes: &[u8],
    signature: &Signature,
) -> Result<(), PaperError> {
    // A device that was revoked since may have signed in its time; a paper that comes in now needs one that is not.
    if by.id() != party || !by.is_active(device) {
        return Err(PaperError::Signer);
    }
    verify(device, context, bytes, signature).map_err(|_| PaperError::Signature)
}

impl Offer {
    /// Checks the terms and that the assigner signed them.
    pub fn check(&self, assigner: &VerifiedIdentity) -> Result<(), PaperError> {
        self.terms.check()?;
        let bytes = canonical::encode(&self.terms);
        signed(assigner, &self.terms.assigner, &self.device, OFFER, &bytes, &self.signature)
    }

    /// The assignee's yes, by one of their devices.
    #[must_use]
    pub fn accept(&self, device: &SigningKey, at: Timestamp) -> Acceptance {
        let contract = self.terms.id();
        let signature = device.sign(ACCEPTANCE, &canonical::encode(&(contract, at)));
        Acceptance { contract, at, device: device.did().clone(), signature }
    }

    /// The end of it, by one of the parties.
    #[must_use]
    pub fn end(&self, by: &Did, device: &SigningKey, at: Timestamp) -> Ending {
        let contract = self.terms.id();
        let signature = device.sign(ENDING, &canonical::encode(&(contract, at, by)));
        Ending { contract, at, by: by.clone(), device: device.did().clone(), signature }
    }

    /// The contract as the decision reads it, from papers that were checked.
    #[must_use]
    pub fn contract(&self, ending: Option<&Ending>) -> Contract {
        let terms = &self.terms;
        Contract {
            id: terms.id(),
            assigner: terms.assigner.clone(),
            assignee: terms.assignee.clone(),
            acts: vec![if terms.space.is_some() { Act::Store } else { Act::View }],
            streams: Streams::Only(terms.streams.clone()),
            period: Period { from: terms.from, to: terms.to },
            resolution_ms: terms.resolution_ms,
            rate: terms.rate,
            space: terms.space,
            purpose: terms.purpose.clone(),
            starts: terms.starts,
            expires: terms.expires,
            ended: ending.map(|ending| ending.at),
        }
    }
}

impl Acceptance {
    /// Checks that the assignee of `offer` accepted it in time.
    pub fn check(&self, offer: &Offer, assignee: &VerifiedIdentity) -> Result<(), PaperError> {
        if self.contract != offer.terms.id() {
            return Err(PaperError::AnotherContract);
        }
        if self.at >= offer.terms.expires {
            return Err(PaperError::TooLate);
        }
        let bytes = canonical::encode(&(self.contract, self.at));
        signed(assignee, &offer.terms.assignee, &self.device, ACCEPTANCE, &bytes, &self.signature)
    }
}

impl Ending {
    /// Checks that a party of `offer`, whose identity this is, ended it.
    pub fn check(&self, offer: &Offer, by: &VerifiedIdentity) -> Result<(), PaperError> {
        if self.contract != offer.terms.id() {
            return Err(PaperError::AnotherContract);
        }
        if self.by != offer.terms.assigner && self.by != offer.terms.assignee {
            return Err(PaperError::Signer);
        }
        let bytes = canonical::encode(&(self.contract, self.at, &self.by));
        signed(by, &self.by, &self.device, ENDING, &bytes, &self.signature)
    }
}

/// A paper on its way from one side to the other.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Paper {
    /// An offer.
    #[n(0)]
    Offer(#[n(0)] Box<Offer>),
    /// Its acceptance.
    #[n(1)]
    Acceptance(#[n(0)] Acceptance),
    /// Its end.
    #[n(2)]
    Ending(#[n(0)] Ending),
}

impl Paper {
    /// Canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads canonical bytes of at most [`PAPER_BYTES_MAX`]. Signatures are checked by each paper's `check`.
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        if bytes.len() > PAPER_BYTES_MAX {
            return Err(CanonicalError::Malformed(minicbor::decode::Error::message("a paper beyond its bounds")));
        }
        canonical::decode(bytes)
    }

    /// The contract that it is about.
    #[must_use]
    pub fn contract(&self) -> ContractId {
        match self {
            Self::Offer(offer) => offer.terms.id(),
            Self::Acceptance(acceptance) => acceptance.contract,
            Self::Ending(ending) => ending.contract,
        }
    }
}
