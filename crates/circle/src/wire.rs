//! What members' twins send each other, byte for byte: deterministic CBOR, bounded.
//!
//! ```text
//! Envelope    { circle, author, seq, parents, height, epoch, number, at, body, signature }      id = digest of it
//!   body      Message { MLS private message } | Commit { MLS public message, people } | Leave
//! Sync        what a side has, wants and brings; and who has received and read how much
//! Invitation  a welcome (RFC 9420 §12.4.3.1) and what a newcomer needs beside it
//! ```
//!
//! The header of an envelope is signed by the author's device and is the associated data of what MLS seals in it, so
//! that neither can be put with another. Members pass envelopes on as they are; they are not meant for anybody else.

use didymos_base::canonical::{self, CanonicalError};
use didymos_base::{Did, Digest, Timestamp};
use didymos_identity::{BadSignature, Signature, SignedDocument, SigningKey, verify};
use minicbor::decode::Error as DecodeError;
use minicbor::{Decode, Encode};

/// The longest envelope, in bytes.
pub const ENVELOPE_BYTES_MAX: usize = 128 * 1024;
/// The longest [`Sync`], in bytes.
pub const SYNC_BYTES_MAX: usize = 512 * 1024;
/// The longest [`Invitation`], in bytes.
pub const INVITATION_BYTES_MAX: usize = 512 * 1024;
/// So many bytes of envelopes one [`Sync`] brings at most; the first one comes whatever its length.
pub const GIVE_BYTES_MAX: usize = 192 * 1024;
/// The most envelopes in one [`Sync`].
pub const GIVE_MAX: usize = 256;
/// The most ids that one [`Sync`] wants, and the most heads that it names.
pub const WANT_MAX: usize = 256;
/// The most parents of an envelope.
pub const PARENTS_MAX: usize = 16;
/// The most devices in a circle.
pub const DEVICES_MAX: usize = 128;
/// The most versions of an identity that come with a commit or an invitation.
pub const VERSIONS_MAX: usize = 64;

const ENVELOPE: &str = "circle-envelope";
const ACK: &str = "circle-ack";

/// One entry of a circle's graph.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Envelope {
    /// What is said.
    #[n(0)]
    pub header: Header,
    /// By which means.
    #[n(1)]
    pub body: Body,
    /// The author's device signs both.
    #[n(2)]
    pub signature: Signature,
}

/// Where an envelope stands.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Header {
    /// Of which circle.
    #[n(0)]
    pub circle: Digest,
    /// The device that wrote it.
    #[n(1)]
    pub author: Did,
    /// How many this device has written in this circle, this one included.
    #[n(2)]
    pub seq: u64,
    /// What the device had seen last: every envelope that no other one it had seen names, in order of their ids.
    #[n(3)]
    pub parents: Vec<Digest>,
    /// One more than the greatest height among the parents. Orders what is causally related.
    #[n(4)]
    pub height: u64,
    /// The commit that began the epoch it is written in; the circle's id for the first one.
    #[n(5)]
    pub epoch: Digest,
    /// The number of that epoch.
    #[n(6)]
    pub number: u64,
    /// What the device's clock said. Shown, and never relied on.
    #[n(7)]
    pub at: Timestamp,
}

/// What an envelope holds.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Body {
    /// A message, as MLS sealed it for the epoch's members.
    #[n(0)]
    Message(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// A change of members, keys or name: it begins an epoch.
    #[n(1)]
    Commit {
        /// As MLS framed it.
        #[cbor(n(0), with = "minicbor::bytes")]
        commit: Vec<u8>,
        /// Identities that say why: of whom it lets in, and of whose revoked device it puts out.
        #[n(1)]
        people: Vec<Vec<SignedDocument>>,
    },
    /// The author's owner leaves. Whoever sees it puts all of their devices out.
    #[n(2)]
    Leave,
}

impl Header {
    /// What is bound into what MLS seals.
    pub(crate) fn aad(&self) -> Vec<u8> {
        canonical::encode(self)
    }
}

fn too_long() -> CanonicalError {
    CanonicalError::Malformed(DecodeError::message("beyond its bounds"))
}

impl Envelope {
    /// Signs.
    #[must_use]
    pub fn sign(header: Header, body: Body, device: &SigningKey) -> Self {
        let signature = device.sign(ENVELOPE, &canonical::encode(&(&header, &body)));
        Self { header, body, signature }
    }

    /// Its name in the graph.
    #[must_use]
    pub fn id(&self) -> Digest {
        Digest::of(&self.encode())
    }

    /// Canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads canonical bytes of at most [`ENVELOPE_BYTES_MAX`], within every bound.
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        if bytes.len() > ENVELOPE_BYTES_MAX {
            return Err(too_long());
        }
        let envelope: Self = canonical::decode(bytes)?;
        let header = &envelope.header;
        let people = match &envelope.body {
            Body::Commit { people, .. } => people.as_slice(),
            Body::Message(_) | Body::Leave => &[],
        };
        let sound = header.parents.len() <= PARENTS_MAX
            && header.parents.is_sorted_by(|a, b| a < b)
            && header.seq > 0
            && header.height > 0
            // Counts that nobody can reach by counting would leave no room for the next.
            && header.seq < 1 << 48
            && header.height < 1 << 48
            && header.number < 1 << 48
            && people.len() <= DEVICES_MAX
            && people.iter().all(|versions| (1..=VERSIONS_MAX).contains(&versions.len()));
        if sound { Ok(envelope) } else { Err(too_long()) }
    }

    /// Checks the author's signature.
    pub fn check(&self) -> Result<(), BadSignature> {
        let signed = canonical::encode(&(&self.header, &self.body));
        verify(&self.header.author, ENVELOPE, &signed, &self.signature)
    }
}

/// How much one device has received and its owner has seen. A newer one replaces an older one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Ack {
    /// Of which circle.
    #[n(0)]
    pub circle: Digest,
    /// The device.
    #[n(1)]
    pub device: Did,
    /// Counts up.
    #[n(2)]
    pub counter: u64,
    /// Of each author's envelopes, how many the device has received and opened without a gap.
    #[n(3)]
    pub have: Vec<(Did, u64)>,
    /// Of each author's envelopes, how many the owner has seen.
    #[n(4)]
    pub read: Vec<(Did, u64)>,
    /// Messages that it received and cannot open, since it has no keys of their epoch any more: their authors send them
    /// again.
    #[n(5)]
    pub shut: Vec<Digest>,
    /// The device's signature.
    #[n(6)]
    pub signature: Signature,
}

/// The most messages that an [`Ack`] asks for again.
pub const SHUT_MAX: usize = 32;

impl Ack {
    /// Signs.
    #[must_use]
    pub fn sign(
        circle: Digest,
        counter: u64,
        have: Vec<(Did, u64)>,
        read: Vec<(Did, u64)>,
        shut: Vec<Digest>,
        key: &SigningKey,
    ) -> Self {
        let device = key.did().clone();
        let signature = key.sign(ACK, &canonical::encode(&(circle, &device, counter, &have, &read, &shut)));
        Self { circle, device, counter, have, read, shut, signature }
    }

    /// Checks the signature.
    pub fn check(&self) -> Result<(), BadSignature> {
        let signed = (self.circle, &self.device, self.counter, &self.have, &self.read, &self.shut);
        verify(&self.device, ACK, &canonical::encode(&signed), &self.signature)
    }

    fn is_bounded(&self) -> bool {
        let counts = |counts: &[(Did, u64)]| counts.len() <= 2 * DEVICES_MAX && counts.is_sorted_by(|a, b| a.0 < b.0);
        counts(&self.have) && counts(&self.read) && self.shut.len() <= SHUT_MAX
    }
}

/// One step of bringing two members' graphs together, in either direction.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Sync {
    /// Of which circle.
    #[n(0)]
    pub circle: Digest,
    /// Of each author's envelopes, how many the sender has without a gap.
    #[n(1)]
    pub have: Vec<(Did, u64)>,
    /// The sender's newest envelopes: those that no other one names.
    #[n(2)]
    pub heads: Vec<Digest>,
    /// Envelopes that the sender has heard of and lacks.
    #[n(3)]
    pub want: Vec<Digest>,
    /// Envelopes that the receiver lacks, parents first, each in canonical bytes.
    #[n(4)]
    pub give: Vec<Bytes>,
    /// What others have received, as far as it is news to the receiver.
    #[n(5)]
    pub acks: Vec<Ack>,
    /// Which of these the sender has: device and counter.
    #[n(6)]
    pub acked: Vec<(Did, u64)>,
    /// The sender is or was a member and has no keys: a key package, to be let in with.
    #[n(7)]
    pub package: Option<Bytes>,
    /// The answer to that.
    #[n(8)]
    pub invitation: Option<Box<Invitation>>,
    /// The receiver is no member any more, by the epoch whose commit is the first of `heads`.
    #[n(9)]
    pub out: bool,
}

/// Bytes as CBOR bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Bytes(#[cbor(n(0), with = "minicbor::bytes")] pub Vec<u8>);

impl Sync {
    /// A step that says nothing yet.
    #[must_use]
    pub fn about(circle: Digest) -> Self {
        Self {
            circle,
            have: Vec::new(),
            heads: Vec::new(),
            want: Vec::new(),
            give: Vec::new(),
            acks: Vec::new(),
            acked: Vec::new(),
            package: None,
            invitation: None,
            out: false,
        }
    }

    /// Canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads canonical bytes of at most [`SYNC_BYTES_MAX`], within every bound.
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        if bytes.len() > SYNC_BYTES_MAX {
            return Err(too_long());
        }
        let sync: Self = canonical::decode(bytes)?;
        let counts = |counts: &[(Did, u64)]| counts.len() <= 2 * DEVICES_MAX && counts.is_sorted_by(|a, b| a.0 < b.0);
        let sound = counts(&sync.have)
            && counts(&sync.acked)
            && sync.heads.len() <= WANT_MAX
            && sync.want.len() <= WANT_MAX
            && sync.give.len() <= GIVE_MAX
            && sync.acks.len() <= 2 * DEVICES_MAX
            && sync.acks.iter().all(Ack::is_bounded)
            && sync.invitation.as_ref().is_none_or(|invitation| invitation.is_bounded());
        if sound { Ok(sync) } else { Err(too_long()) }
    }
}

/// What lets a device in.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Invitation {
    /// As MLS framed it, with the tree.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub welcome: Vec<u8>,
    /// The envelope of the commit that lets it in, in canonical bytes.
    #[n(1)]
    pub commit: Bytes,
    /// Every member's identity.
    #[n(2)]
    pub people: Vec<Vec<SignedDocument>>,
    /// Of each author's envelopes, how many lie before: the newcomer cannot read them and need not have them.
    #[n(3)]
    pub before: Vec<(Did, u64)>,
}

impl Invitation {
    /// Canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads canonical bytes of at most [`INVITATION_BYTES_MAX`], within every bound.
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        if bytes.len() > INVITATION_BYTES_MAX {
            return Err(too_long());
        }
        let invitation: Self = canonical::decode(bytes)?;
        if invitation.is_bounded() { Ok(invitation) } else { Err(too_long()) }
    }

    fn is_bounded(&self) -> bool {
        self.people.len() <= DEVICES_MAX
            && self.people.iter().all(|versions| (1..=VERSIONS_MAX).contains(&versions.len()))
            && self.before.len() <= 2 * DEVICES_MAX
    }
}
