//! What is kept of a circle: facts, in the order in which they became true.
//!
//! A circle is folded from its records when it is opened. They hold everything but keys; whoever has the records and no
//! keys (a twin that was restored from a copy) has the history, and is let in anew.

use crate::content::Content;
use crate::group::{Charter, Seat};
use crate::wire::Bytes;
use didymos_base::canonical::{self, CanonicalError};
use didymos_base::{Did, Digest, Timestamp};
use didymos_identity::SignedDocument;
use minicbor::{Decode, Encode};

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Record {
    /// This device begins to follow a circle here: with its first epoch, or with the one that let it in.
    #[n(0)]
    Based {
        /// Which circle.
        #[n(0)]
        circle: Digest,
        /// The epoch.
        #[n(1)]
        epoch: Digest,
        /// Envelopes of each author that lie before.
        #[n(2)]
        before: Vec<(Did, u64)>,
        /// When.
        #[n(3)]
        at: Timestamp,
    },
    /// An envelope has its place in the graph.
    #[n(1)]
    Taken {
        /// Its canonical bytes.
        #[n(0)]
        envelope: Bytes,
        /// When it came.
        #[n(1)]
        at: Timestamp,
    },
    /// A commit held, and began an epoch.
    #[n(2)]
    Grew {
        /// Which circle.
        #[n(0)]
        circle: Digest,
        /// What it begins.
        #[n(1)]
        epoch: Epoch,
    },
    /// A message was opened, or is our own.
    #[n(3)]
    Opened {
        /// Which circle.
        #[n(0)]
        circle: Digest,
        /// The envelope.
        #[n(1)]
        envelope: Digest,
        /// What it says.
        #[n(2)]
        content: Content,
    },
    /// An envelope has a place in the graph, and does not hold or does not open.
    #[n(4)]
    Shut {
        /// Which circle.
        #[n(0)]
        circle: Digest,
        /// The envelope.
        #[n(1)]
        envelope: Digest,
        /// Whether it shows that the others have gone on where this device cannot follow.
        #[n(2)]
        lost: bool,
    },
    /// A member's identity, as far as it is known.
    #[n(5)]
    Person {
        /// Which circle.
        #[n(0)]
        circle: Digest,
        /// Every version.
        #[n(1)]
        versions: Vec<SignedDocument>,
    },
    /// What the owner wants of the circle and has to come true yet, or has.
    #[n(6)]
    Wished {
        /// Which circle.
        #[n(0)]
        circle: Digest,
        /// What.
        #[n(1)]
        wish: Wish,
        /// Whether it has come true, or is not wanted any more.
        #[n(2)]
        done: bool,
    },
    /// The owner has seen everything up to this message.
    #[n(7)]
    Seen {
        /// Which circle.
        #[n(0)]
        circle: Digest,
        /// The message.
        #[n(1)]
        message: Digest,
        /// When.
        #[n(2)]
        at: Timestamp,
    },
    /// The members say that this owner is out.
    #[n(8)]
    Out {
        /// Which circle.
        #[n(0)]
        circle: Digest,
    },
}

/// An epoch, without its keys.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Epoch {
    /// The envelope of the commit that began it; the circle's id for the first one.
    #[n(0)]
    pub id: Digest,
    /// The epoch that the commit was made in.
    #[n(1)]
    pub parent: Option<Digest>,
    /// Counted from 0.
    #[n(2)]
    pub number: u64,
    /// The device that committed.
    #[n(3)]
    pub author: Did,
    /// The devices in it.
    #[n(4)]
    pub seats: Vec<Seat>,
    /// What is agreed.
    #[n(5)]
    pub charter: Charter,
}

impl Epoch {
    /// Whether a device of theirs is in it.
    #[must_use]
    pub fn has_owner(&self, owner: &Did) -> bool {
        self.seats.iter().any(|seat| seat.owner == *owner)
    }

    /// Whether the device is in it.
    #[must_use]
    pub fn has_device(&self, device: &Did) -> bool {
        self.seats.iter().any(|seat| seat.device == *device)
    }

    /// Whose device it is.
    #[must_use]
    pub fn owner_of(&self, device: &Did) -> Option<&Did> {
        self.seats.iter().find(|seat| seat.device == *device).map(|seat| &seat.owner)
    }

    /// The people in it, each once.
    #[must_use]
    pub fn owners(&self) -> Vec<&Did> {
        let mut owners: Vec<&Did> = self.seats.iter().map(|seat| &seat.owner).collect();
        owners.sort();
        owners.dedup();
        owners
    }
}

/// Something that a commit has to bring about, however often others' commits win over it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Wish {
    /// Let somebody in.
    #[n(0)]
    Add(#[n(0)] Did),
    /// Put somebody out.
    #[n(1)]
    Remove(#[n(0)] Did),
    /// Call the circle so.
    #[n(2)]
    Name(#[n(0)] String),
    /// Let somebody lead, or no longer.
    #[n(3)]
    Admin(#[n(0)] Did, #[n(1)] bool),
    /// Be out of it.
    #[n(4)]
    Leave,
}

impl Record {
    /// The circle that it is about.
    #[must_use]
    pub fn circle(&self) -> Option<Digest> {
        match self {
            Self::Based { circle, .. }
            | Self::Grew { circle, .. }
            | Self::Opened { circle, .. }
            | Self::Shut { circle, .. }
            | Self::Person { circle, .. }
            | Self::Wished { circle, .. }
            | Self::Seen { circle, .. }
            | Self::Out { circle } => Some(*circle),
            Self::Taken { envelope, .. } => {
                crate::wire::Envelope::decode(&envelope.0).ok().map(|envelope| envelope.header.circle)
            }
        }
    }

    /// Canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        canonical::decode(bytes)
    }
}
