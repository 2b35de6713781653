//! The commit: what a device signs, and the sealed frame that carries it.
//!
//! The signed part is small and says nothing about the owner: place in the chain, digest of the one before, root of the
//! whole history before, time, device, and the root over the objects it adds. Beside it, sealed in the same frame, lies
//! the *list* of those objects with what is needed to find and skip them (stream, span, length), so that opening a
//! vault reads its commits and nothing else.

use crate::Damaged;
use didymos_base::{Did, Digest, Source, Stream, Timestamp, merkle};
use didymos_identity::{Signature, SignedCertificate};
use minicbor::{Decode, Encode};

/// The most objects in one commit: bounds a proof's path and the work lost in a crash.
pub const MAX_OBJECTS: usize = 512;

/// What is signed. Encoded as a canonical CBOR array.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Commit {
    /// Version of this structure.
    #[n(0)]
    pub version: u8,
    /// Place in the chain, from 0.
    #[n(1)]
    pub seq: u64,
    /// Digest of the commit before; all zeros for the first.
    #[n(2)]
    pub previous: Digest,
    /// Root of the tree over the digests of all commits before.
    #[n(3)]
    pub history: Digest,
    /// What the device's clock said, UTC milliseconds.
    #[n(4)]
    pub time: Timestamp,
    /// The device that signs.
    #[n(5)]
    pub device: Did,
    /// Root over the objects, in the order of the list.
    #[n(6)]
    pub objects: Digest,
    /// Number of objects.
    #[n(7)]
    pub count: u32,
    /// Observations in them.
    #[n(8)]
    pub observations: u64,
}

/// The context that commits are signed in.
pub const CONTEXT: &str = "commit";

impl Commit {
    /// What the next commit and the history name it by.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&didymos_base::canonical::encode(self))
    }
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum ObjectKind {
    /// Observations of one stream.
    #[n(0)]
    Chunk,
    /// Receipts of the door.
    #[n(1)]
    Receipts,
    /// Files and archive members that were imported.
    #[n(2)]
    Parts,
    /// A version of the twin's identity document.
    #[n(3)]
    Identity,
    /// Settings that must outlive this machine, such as where copies are kept.
    #[n(4)]
    Setting,
    /// What imports brought.
    #[n(5)]
    Imports,
    /// Imports that the owner took back.
    #[n(6)]
    Retractions,
    /// People whose twins this one knows: their keys, places and names.
    #[n(7)]
    Contacts,
    /// Papers of contracts with them.
    #[n(8)]
    Contracts,
    /// Uses of contracts, signed by both sides.
    #[n(9)]
    Uses,
    /// Guardians, heirs, and claims.
    #[n(12)]
    Guardians = 12,
    /// Checkpoints of others, cosignatures, and evidence.
    #[n(13)]
    Witness = 13,
    /// Circles and what was written in them.
    #[n(20)]
    Messages = 20,
    /// Pieces of files that came with messages, sealed once more.
    #[n(21)]
    Pieces = 21,
}

impl ObjectKind {
    /// Whether it only notes down what was asked and met, as a twin does by itself all the time.
    #[must_use]
    pub fn is_bookkeeping(self) -> bool {
        matches!(self, Self::Receipts | Self::Uses | Self::Contacts)
    }

    /// The purpose its key is derived for, where the kind has one key.
    #[must_use]
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Chunk => "chunk",
            Self::Receipts => "receipts",
            Self::Parts => "parts",
            Self::Identity => "identity",
            Self::Setting => "setting",
            Self::Imports => "imports",
            Self::Retractions => "retractions",
            Self::Contacts => "contacts",
            Self::Contracts => "contracts",
            Self::Uses => "uses",
            Self::Guardians => "guardians",
            Self::Witness => "witness",
            Self::Messages => "messages",
            Self::Pieces => "pieces",
        }
    }
}

/// An object as a commit lists it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(array)]
pub struct Entry {
    /// BLAKE3 of the sealed bytes.
    #[n(0)]
    pub id: Digest,
    /// What it is.
    #[n(1)]
    pub kind: ObjectKind,
    /// Root over its contents.
    #[n(2)]
    pub root: Digest,
    /// Items in it: observations, receipts, parts.
    #[n(3)]
    pub count: u32,
    /// Length of the sealed bytes.
    #[n(4)]
    pub len: u32,
    /// Of a chunk, what a query needs to know before opening it.
    #[n(5)]
    pub span: Option<Span>,
}

/// What of a chunk is known without opening it.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(array)]
pub struct Span {
    /// Index into the list's streams.
    #[n(0)]
    pub stream: u32,
    /// Earliest start, UTC milliseconds.
    #[n(1)]
    pub first: Timestamp,
    /// Latest start.
    #[n(2)]
    pub last: Timestamp,
    /// Latest end.
    #[n(3)]
    pub end: Timestamp,
    /// Zone code of the first and of the last observation (minutes, or `None`).
    #[n(4)]
    pub zones: (Option<i16>, Option<i16>),
    /// Indices into the list's sources.
    #[n(5)]
    pub sources: Vec<u32>,
}

impl Entry {
    /// The entry's leaf in the tree that a commit signs: everything that names the object, nothing that tells of it.
    #[must_use]
    pub fn leaf(&self) -> Digest {
        object_leaf(&self.id, self.kind, &self.root, self.count)
    }
}

/// See [`Entry::leaf`].
#[must_use]
pub fn object_leaf(id: &Digest, kind: ObjectKind, root: &Digest, count: u32) -> Digest {
    let mut bytes = [0; 70];
    bytes[1..33].copy_from_slice(id.as_bytes());
    bytes[33] = kind as u8;
    bytes[34..66].copy_from_slice(root.as_bytes());
    bytes[66..].copy_from_slice(&count.to_be_bytes());
    Digest::of(&bytes)
}

/// What a commit's frame holds once unsealed.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(array)]
pub struct CommitFrame {
    /// The signed part.
    #[n(0)]
    pub commit: Commit,
    /// The device's signature over it.
    #[n(1)]
    pub signature: Signature,
    /// That the owner lets this device sign.
    #[n(2)]
    pub certificate: SignedCertificate,
    /// Byte position of the frame before the first object: where the commit before ended.
    #[n(3)]
    pub begins: u64,
    /// Length of the frame of the commit before, to walk backwards by; 0 for the first.
    #[n(4)]
    pub previous_len: u32,
    /// Streams that the entries refer to.
    #[n(5)]
    pub streams: Vec<Stream>,
    /// Sources that the entries refer to.
    #[n(6)]
    pub sources: Vec<Source>,
    /// The objects.
    #[n(7)]
    pub entries: Vec<Entry>,
}

impl CommitFrame {
    /// Everything that can be checked without reading an object: signature, certificate, list against root.
    /// `controllers` are the identity keys that the owner has had.
    pub fn check(&self, owner: &Did, controllers: &[Did]) -> Result<(), Damaged> {
        if self.commit.version != 1 {
            return Err(Damaged("a commit has a version that this program does not know"));
        }
        let bytes = didymos_base::canonical::encode(&self.commit);
        didymos_identity::verify(&self.commit.device, CONTEXT, &bytes, &self.signature)
            .map_err(|_| Damaged("a commit's signature does not hold"))?;
        let certificate = &self.certificate.certificate;
        let certified = controllers.iter().any(|controller| self.certificate.verify_by(controller).is_ok());
        if !certified || certificate.device != self.commit.device || &certificate.owner != owner {
            return Err(Damaged("a commit is signed by a device that is not the owner's"));
        }
        let leaves: Vec<_> = self.entries.iter().map(Entry::leaf).collect();
        let observations: u64 =
            self.entries.iter().filter(|e| e.kind == ObjectKind::Chunk).map(|e| u64::from(e.count)).sum();
        let sound = self.commit.count as usize == self.entries.len()
            && self.entries.len() <= MAX_OBJECTS
            && self.commit.objects == merkle::root(&leaves)
            && self.commit.observations == observations
            && self.entries.iter().all(|entry| {
                (entry.kind == ObjectKind::Chunk) == entry.span.is_some()
                    && entry.span.as_ref().is_none_or(|span| {
                        (span.stream as usize) < self.streams.len()
                            && span.sources.iter().all(|source| (*source as usize) < self.sources.len())
                    })
            });
        if sound { Ok(()) } else { Err(Damaged("a commit's list does not match what was signed")) }
    }
}
