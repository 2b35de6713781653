//! The signed papers of guardians and heirs.
//!
//! ```text
//! ward (the owner)                     guardian                            claimant (new machine, or heir)
//!   Appointment { Charter, share }  ->   checks its share
//!                                   <-   Answer: accepted, refused, lost
//!   Heartbeat                       ->
//!                                   <-   Notice { Claim }               <-  Claim
//!   Cancel                          ->
//!   Dismissal                       ->   destroys the share
//!   Bequest                         ------------------------------------>   heir
//! ```
//!
//! Each is signed by a device that the signer's identity lists, under a context of its own, over deterministic CBOR.

use crate::share::{PEOPLE_MAX, Point, THRESHOLD_MIN, are_sound};
use didymos_base::canonical::{self, CanonicalError};
use didymos_base::time::DAY_MS;
use didymos_base::{Did, Digest, StreamId, Timestamp};
use didymos_identity::hpke::PublicKey;
use didymos_identity::{Signature, SigningKey, VerifiedIdentity, verify};
use minicbor::{Decode, Encode};

/// The longest paper, in bytes: it has to fit into a request with room to spare.
pub const PAPER_BYTES_MAX: usize = 40 * 1024;
/// The most heirs.
pub const HEIRS_MAX: usize = 8;
/// The longest sealed content of one deposit, in bytes.
pub const LOCKED_BYTES_MAX: usize = 8 * 1024;
/// The longest name that a claim gives, in characters.
pub const WHO_CHARACTERS_MAX: usize = 120;
/// The most devices that one share is sealed to.
pub const DEVICES_MAX: usize = 8;
/// The shortest and the longest waiting time.
pub const WAIT_MS: (i64, i64) = (DAY_MS, 90 * DAY_MS);
/// The shortest and the longest silence after which heirs may come.
pub const SILENCE_MS: (i64, i64) = (7 * DAY_MS, 3_660 * DAY_MS);

const CHARTER: &str = "guardian-charter";
const ANSWER: &str = "guardian-answer";
const DISMISSAL: &str = "guardian-dismissal";
const HEARTBEAT: &str = "guardian-heartbeat";
const NOTICE: &str = "guardian-notice";
const CANCEL: &str = "guardian-cancel";
const CLAIM: &str = "guardian-claim";
const BEQUEST: &str = "guardian-bequest";
const PROBE: &str = "guardian-probe";

/// Why a paper does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// Beyond its bounds, or contradicting itself.
    #[error("the paper is beyond its bounds or contradicts itself")]
    Bounds,
    /// Signed by somebody else than it has to come from.
    #[error("the paper is not signed by a device of the party that it has to come from")]
    Signer,
    /// The signature does not hold.
    #[error("the signature on the paper does not hold")]
    Signature,
    /// The share is not the one that the charter speaks of.
    #[error("the share does not belong to the charter")]
    Share,
    /// There is no such thing between these two.
    #[error("there is no such guardianship between these two")]
    Unknown,
    /// An older round than the one that is known, or an older heartbeat.
    #[error("this was overtaken by something newer")]
    Old,
}

/// Something that only so many guardians together can open.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Deposit {
    /// For whom; none: for the ward, on a new machine.
    #[n(0)]
    pub heir: Option<Did>,
    /// Commitments to the shares of its key.
    #[n(1)]
    pub commitments: Vec<Commitment>,
    /// The content, sealed under that key.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub locked: Vec<u8>,
}

/// A [`Point`] as CBOR bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Commitment(#[cbor(with = "minicbor::bytes")] pub Point);

impl Deposit {
    /// The commitments as points.
    #[must_use]
    pub fn points(&self) -> Vec<Point> {
        self.commitments.iter().map(|one| one.0).collect()
    }
}

/// What the ward decided for one round of guardians. Every guardian of the round has the same.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Charter {
    /// Version of this structure: 1.
    #[n(0)]
    pub version: u8,
    /// Whose twin.
    #[n(1)]
    pub ward: Did,
    /// Counts up: what an earlier round gave out is useless.
    #[n(2)]
    pub round: u64,
    /// So many guardians it takes,
    #[n(3)]
    pub threshold: u8,
    /// of so many.
    #[n(4)]
    pub people: u8,
    /// For how long a guardian waits before a share is handed over.
    #[n(5)]
    pub wait_ms: i64,
    /// After how long without a sign of life heirs may claim; none where there are no heirs.
    #[n(6)]
    pub silence_ms: Option<i64>,
    /// First the ward's own, then one for each heir.
    #[n(7)]
    pub deposits: Vec<Deposit>,
    /// When.
    #[n(8)]
    pub at: Timestamp,
}

/// A charter with the ward's signature.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SignedCharter {
    /// What was decided.
    #[n(0)]
    pub charter: Charter,
    /// The ward's device that signs.
    #[n(1)]
    pub device: Did,
    /// Its signature.
    #[n(2)]
    pub signature: Signature,
}

fn signed(
    by: &VerifiedIdentity,
    party: &Did,
    device: &Did,
    context: &str,
    bytes: &[u8],
    signature: &Signature,
) -> Result<(), GuardError> {
    if by.id() != party || !by.is_active(device) {
        return Err(GuardError::Signer);
    }
    verify(device, context, bytes, signature).map_err(|_| GuardError::Signature)
}

fn within(value: i64, (least, most): (i64, i64)) -> bool {
    (least..=most).contains(&value)
}

impl Charter {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> Digest {
        Digest::of(&canonical::encode(self))
    }

    /// Checks every bound.
    pub fn check(&self) -> Result<(), GuardError> {
        let heirs: Vec<&Did> = self.deposits.iter().skip(1).filter_map(|deposit| deposit.heir.as_ref()).collect();
        let sound = self.version == 1
            && self.round >= 1
            && self.people <= PEOPLE_MAX
            && (THRESHOLD_MIN..=self.people).contains(&self.threshold)
            && within(self.wait_ms, WAIT_MS)
            && self.silence_ms.is_none_or(|silence| within(silence, SILENCE_MS))
            && self.silence_ms.is_some() == (self.deposits.len() > 1)
            && (1..=HEIRS_MAX + 1).contains(&self.deposits.len())
            && self.deposits[0].heir.is_none()
            && heirs.len() + 1 == self.deposits.len()
            && heirs.iter().enumerate().all(|(at, heir)| !heirs[..at].contains(heir) && **heir != self.ward)
            && self.deposits.iter().all(|deposit| {
                deposit.locked.len() <= LOCKED_BYTES_MAX && are_sound(&deposit.points(), self.threshold)
            });
        if sound { Ok(()) } else { Err(GuardError::Bounds) }
    }

    /// The ward's word.
    #[must_use]
    pub fn sign(self, device: &SigningKey) -> SignedCharter {
        let signature = device.sign(CHARTER, &canonical::encode(&self));
        SignedCharter { charter: self, device: device.did().clone(), signature }
    }

    /// The deposit that a claim is about, and its place.
    #[must_use]
    pub fn deposit_of(&self, claim: &Claim) -> Option<(u8, &Deposit)> {
        let place = match claim.kind {
            Kind::Recovery => 0,
            Kind::Inheritance => self.deposits.iter().position(|one| one.heir.as_ref() == Some(&claim.claimant))?,
        };
        Some((place as u8, self.deposits.get(place)?))
    }
}

impl SignedCharter {
    /// Checks the charter and that the ward signed it.
    pub fn check(&self, ward: &VerifiedIdentity) -> Result<(), GuardError> {
        self.charter.check()?;
        let bytes = canonical::encode(&self.charter);
        signed(ward, &self.charter.ward, &self.device, CHARTER, &bytes, &self.signature)
    }
}

/// A guardian's share, sealed to one of their devices.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SealedTo {
    /// The device that opens it.
    #[n(0)]
    pub device: Did,
    /// [`Shares`](crate::Shares), sealed.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
}

/// What one guardian gets.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Appointment {
    /// What the ward decided.
    #[n(0)]
    pub charter: SignedCharter,
    /// Who is to be guardian.
    #[n(1)]
    pub guardian: Did,
    /// Which share is theirs, from 1.
    #[n(2)]
    pub index: u8,
    /// The share, once for each device.
    #[n(3)]
    pub sealed: Vec<SealedTo>,
}

impl Appointment {
    /// What the seal of a share is bound to.
    #[must_use]
    pub fn binding(charter: &Digest, guardian: &Did, index: u8) -> Vec<u8> {
        canonical::encode(&(charter, guardian, index))
    }
}

/// A guardian's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Word {
    /// The share came and is sound; the person has not said anything yet.
    #[n(0)]
    Received,
    /// The person is the guardian.
    #[n(1)]
    Accepted,
    /// The person is not, or not any more; the share is destroyed.
    #[n(2)]
    Refused,
    /// The share cannot be read any more.
    #[n(3)]
    Lost,
}

macro_rules! paper {
    ($(#[$doc:meta])* $name:ident, $context:ident, $by:ident, { $($(#[$field_doc:meta])* $n:literal $field:ident: $type:ty),* $(,)? }, $device:literal, $signature:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
        #[cbor(array)]
        pub struct $name {
            $($(#[$field_doc])* #[n($n)] pub $field: $type,)*
            /// The device that signs.
            #[n($device)]
            pub device: Did,
            /// Its signature over all above.
            #[n($signature)]
            pub signature: Signature,
        }

        impl $name {
            /// Signs.
            #[must_use]
            #[allow(clippy::too_many_arguments)] // One for each field, in their order.
            pub fn new($($field: $type,)* key: &SigningKey) -> Self {
                let device = key.did().clone();
                let signature = key.sign($context, &canonical::encode(&($(&$field,)* &device)));
                Self { $($field,)* device, signature }
            }

            /// Checks that a device of whom it has to come from signed it.
            pub fn check(&self, by: &VerifiedIdentity) -> Result<(), GuardError> {
                let bytes = canonical::encode(&($(&self.$field,)* &self.device));
                signed(by, &self.$by, &self.device, $context, &bytes, &self.signature)
            }

            /// Its name.
            #[must_use]
            pub fn id(&self) -> Digest {
                Digest::of(&canonical::encode(self))
            }
        }
    };
}

paper!(
    /// A guardian answers the ward.
    Answer, ANSWER, guardian, {
        /// Which charter.
        0 charter: Digest,
        /// Who answers.
        1 guardian: Did,
        /// What.
        2 word: Word,
        /// When.
        3 at: Timestamp,
    }, 4, 5
);

paper!(
    /// The ward needs a guardian no more: whatever was given up to this round is to be destroyed.
    Dismissal, DISMISSAL, ward, {
        /// Who dismisses.
        0 ward: Did,
        /// Whom.
        1 guardian: Did,
        /// Up to which round.
        2 round: u64,
        /// When.
        3 at: Timestamp,
    }, 4, 5
);

paper!(
    /// The ward is alive: somebody used their twin from a device of theirs.
    Heartbeat, HEARTBEAT, ward, {
        /// Who.
        0 ward: Did,
        /// Counts up, so that an old one says nothing.
        1 count: u64,
        /// When, by the ward's clock.
        2 at: Timestamp,
    }, 3, 4
);

paper!(
    /// A guardian tells the ward of a claim on their twin.
    Notice, NOTICE, guardian, {
        /// Who tells.
        0 guardian: Did,
        /// Whose twin it is about.
        1 ward: Did,
        /// The claim.
        2 claim: Claim,
        /// When the guardian's twin saw it first.
        3 seen: Timestamp,
    }, 4, 5
);

paper!(
    /// The ward's word that a claim is theft.
    Cancel, CANCEL, ward, {
        /// Whose twin.
        0 ward: Did,
        /// Which claim.
        1 claim: Digest,
        /// Who made it.
        2 claimant: Did,
        /// When.
        3 at: Timestamp,
    }, 4, 5
);

paper!(
    /// An heir learns that something is left to them, and who can hand it over.
    Bequest, BEQUEST, ward, {
        /// From whom.
        0 ward: Did,
        /// To whom.
        1 heir: Did,
        /// Which round of guardians.
        2 round: u64,
        /// So many guardians it takes; 0: nothing is left to them any more.
        3 threshold: u8,
        /// Who they are.
        4 guardians: Vec<Did>,
        /// Only these streams; empty: everything.
        5 streams: Vec<StreamId>,
        /// After how long without a sign of life.
        6 silence_ms: i64,
        /// When.
        7 at: Timestamp,
    }, 8, 9
);

paper!(
    /// What a rehearsal was answered.
    ProbeWord, PROBE, by, {
        /// Who answers.
        0 by: Did,
        /// To whom.
        1 ward: Did,
        /// The round that was asked for.
        2 round: u64,
        /// The question's own.
        3 nonce: Digest,
        /// Whether all that was given is there, opens and is sound.
        4 holds: bool,
        /// The key to which something can be sealed for years: see [`lasting_key`](crate::lasting_key).
        5 key: Digest,
    }, 6, 7
);

impl Bequest {
    /// Whether nothing is left to the heir any more.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.threshold == 0
    }

    /// Whether this was decided after `known`. Rounds count; clocks may go backwards.
    #[must_use]
    pub const fn supersedes(&self, known: &Self) -> bool {
        self.round > known.round || (self.round == known.round && self.is_over() && !known.is_over())
    }
}

/// What a claim wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Kind {
    /// A new machine wants its owner's phrase back.
    #[n(0)]
    Recovery,
    /// An heir wants what was left to them.
    #[n(1)]
    Inheritance,
}

/// A request that guardians hand something over.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Claim {
    /// Version of this structure: 1.
    #[n(0)]
    pub version: u8,
    /// What it wants.
    #[n(1)]
    pub kind: Kind,
    /// Whose twin: a name by which guardians know them, or a DID.
    #[n(2)]
    pub who: String,
    /// Who claims: a new machine's own fresh identity, or the heir.
    #[n(3)]
    pub claimant: Did,
    /// What is handed over is sealed to this key.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub key: PublicKey,
    /// When, by the claimant's clock.
    #[n(5)]
    pub at: Timestamp,
    /// The claimant's device that signs.
    #[n(6)]
    pub device: Did,
    /// Its signature over all above.
    #[n(7)]
    pub signature: Signature,
}

impl Claim {
    /// Signs a claim.
    #[must_use]
    pub fn new(kind: Kind, who: String, claimant: Did, key: PublicKey, at: Timestamp, device: &SigningKey) -> Self {
        let mut claim = Self {
            version: 1,
            kind,
            who,
            claimant,
            key,
            at,
            device: device.did().clone(),
            signature: Signature([0; 64]),
        };
        claim.signature = device.sign(CLAIM, &claim.message());
        claim
    }

    fn message(&self) -> Vec<u8> {
        let key = Digest(self.key);
        canonical::encode(&(self.version, self.kind, &self.who, &self.claimant, key, self.at, &self.device))
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> Digest {
        Digest::of(&canonical::encode(self))
    }

    /// What people compare: twelve digits of its name. They recognise a claim; that the machine behind it is the
    /// person's own was found out when it was paired with.
    #[must_use]
    pub fn digits(&self) -> String {
        let id = self.id();
        let first = id.as_bytes().first_chunk::<8>().copied().unwrap_or_default();
        let number = u64::from_be_bytes(first) % 1_000_000_000_000;
        let part = |unit: u64| number / unit % 1_000;
        format!("{:03} {:03} {:03} {:03}", part(1_000_000_000), part(1_000_000), part(1_000), part(1))
    }

    /// Checks its bounds.
    pub fn check_bounds(&self) -> Result<(), GuardError> {
        let characters = self.who.chars().count();
        let sound = self.version == 1
            && (1..=WHO_CHARACTERS_MAX).contains(&characters)
            && !self.who.chars().any(char::is_control);
        if sound { Ok(()) } else { Err(GuardError::Bounds) }
    }

    /// Checks that a device of the claimant signed it.
    pub fn check(&self, claimant: &VerifiedIdentity) -> Result<(), GuardError> {
        self.check_bounds()?;
        signed(claimant, &self.claimant, &self.device, CLAIM, &self.message(), &self.signature)
    }

    /// Reads canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        bounded(bytes)
    }
}

/// A paper on its way.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Paper {
    /// To a guardian: be one.
    #[n(0)]
    Appointment(#[n(0)] Box<Appointment>),
    /// To the ward.
    #[n(1)]
    Answer(#[n(0)] Answer),
    /// To a guardian: be one no more.
    #[n(2)]
    Dismissal(#[n(0)] Dismissal),
    /// To a guardian: alive.
    #[n(3)]
    Heartbeat(#[n(0)] Heartbeat),
    /// To the ward: somebody claims your twin.
    #[n(4)]
    Notice(#[n(0)] Box<Notice>),
    /// To a guardian: it is theft.
    #[n(5)]
    Cancel(#[n(0)] Cancel),
    /// To an heir.
    #[n(6)]
    Bequest(#[n(0)] Box<Bequest>),
}

impl Paper {
    /// Canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads canonical bytes of at most [`PAPER_BYTES_MAX`]. Signatures are checked by each paper's `check`.
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        bounded(bytes)
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> Digest {
        Digest::of(&self.encode())
    }
}

pub(crate) fn bounded<T>(bytes: &[u8]) -> Result<T, CanonicalError>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    if bytes.len() > PAPER_BYTES_MAX {
        return Err(CanonicalError::Malformed(minicbor::decode::Error::message("a paper beyond its bounds")));
    }
    canonical::decode(bytes)
}
