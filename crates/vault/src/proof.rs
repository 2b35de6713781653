//! A proof that one observation is in a signed journal, for somebody who has neither vault nor key.
//!
//! It shows the datum with its salt, the hashes beside its way up to the chunk's root, the chunk's header and the one
//! source the datum names, the hashes beside the chunk's way up to the commit, the commit with the device's signature,
//! and the owner's certificate for the device. All else stays hidden: sibling leaves are salted, so nobody can try
//! values on them; other streams, files and times appear as digests only.
//!
//! Canonical CBOR, at most [`MAX_LEN`] bytes for an owner who never changed their identity key.

use crate::commit::{CONTEXT, Commit, ObjectKind, object_leaf};
use crate::error::VaultError;
use crate::leaves::{Header, Salt, leaf};
use crate::timeline::{Edge, Found};
use crate::vault::Vault;
use didymos_base::canonical::{self, CanonicalError};
use didymos_base::{Did, Digest, Kind, Observation, Source, StreamId, Timestamp, Value, ZoneOffset, merkle};
use didymos_guard::checkpoint::{Checkpoint, Cosignature};
use didymos_identity::{Signature, SignedCertificate, SignedDocument, verify, verify_chain};
use minicbor::{Decode, Decoder, Encode};

/// The most bytes of a proof that are looked at. What an honest proof needs is below 2 KiB.
pub const MAX_LEN: usize = 64 * 1024;
/// The longest way up a tree that is followed.
const MAX_PATH: usize = 64;
/// The most witnesses that a proof shows.
pub const MAX_WITNESSED: usize = 16;

/// A proof, in the order in which it is checked.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(array)]
pub struct Proof {
    /// `twinproof`.
    #[n(0)]
    pub magic: String,
    /// 1.
    #[n(1)]
    pub version: u8,
    /// Canonical bytes of the observation.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub datum: Vec<u8>,
    /// Its salt.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub salt: [u8; 16],
    /// Its place in the chunk.
    #[n(4)]
    pub place: u32,
    /// Hashes beside its way up.
    #[n(5)]
    pub path: Vec<Digest>,
    /// The chunk's header.
    #[n(6)]
    pub header: Header,
    /// The header's salt.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub header_salt: [u8; 16],
    /// Canonical bytes of the source.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub source: Vec<u8>,
    /// Its salt.
    #[cbor(n(9), with = "minicbor::bytes")]
    pub source_salt: [u8; 16],
    /// Hashes beside its way up.
    #[n(10)]
    pub source_path: Vec<Digest>,
    /// The chunk's id.
    #[n(11)]
    pub object: Digest,
    /// Its place in the commit.
    #[n(12)]
    pub object_place: u32,
    /// Hashes beside its way up.
    #[n(13)]
    pub object_path: Vec<Digest>,
    /// The commit.
    #[n(14)]
    pub commit: Commit,
    /// The device's signature over it.
    #[n(15)]
    pub signature: Signature,
    /// The owner's certificate for the device.
    #[n(16)]
    pub certificate: SignedCertificate,
    /// Versions of the owner's identity document, where the certificate was signed by a later key than the DID names.
    #[n(17)]
    pub identity: Vec<SignedDocument>,
    /// Witnesses' words, where the owner chose to show them.
    #[n(18)]
    pub witnessed: Option<Vec<Witnessed>>,
}

/// That somebody else has seen the commit in the owner's history, and when.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(array)]
pub struct Witnessed {
    /// The checkpoint that was cosigned.
    #[n(0)]
    pub checkpoint: Checkpoint,
    /// Hashes beside the commit's way up to it.
    #[n(1)]
    pub path: Vec<Digest>,
    /// The witness's word.
    #[n(2)]
    pub cosignature: Cosignature,
}

impl Witnessed {
    /// Whether the witness has seen this commit of this owner.
    fn holds(&self, owner: &Did, commit: &Commit) -> bool {
        let checkpoint = &self.checkpoint;
        self.path.len() <= MAX_PATH
            && checkpoint.origin == *owner
            && self.cosignature.check(checkpoint).is_ok()
            && merkle::root_from_path(commit.digest(), commit.seq, checkpoint.size, &self.path) == Some(checkpoint.root)
    }
}

/// What a proof shows, once checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// Whose journal it is.
    pub owner: Did,
    /// What was observed.
    pub observation: Observation,
    /// The stream's kind.
    pub kind: Kind,
    /// Byte position of the record in its file.
    pub at: u64,
    /// The chunk's id.
    pub object: Digest,
    /// Place in the chunk, and how many observations the chunk has.
    pub place: (u32, u32),
    /// The commit that holds it.
    pub commit: Commit,
    /// Who else has seen that commit, and when by their clock.
    pub witnesses: Vec<(Did, Timestamp)>,
}

/// Why a proof shows nothing.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// Not a proof at all.
    #[error("this is not a proof made by a twin: {0}")]
    NotAProof(&'static str),
    /// Not canonical bytes.
    #[error("this is not a proof made by a twin: {0}")]
    Malformed(#[from] CanonicalError),
    /// A proof, but one of its steps fails.
    #[error("the proof does not hold: {0}")]
    DoesNotHold(&'static str),
}

impl Vault {
    /// Proves the observation that starts nearest to a moment.
    pub fn prove(&self, stream: &StreamId, edge: Edge) -> Result<Proof, VaultError> {
        self.nearest(stream, edge, |found, _| self.prove_found(found))?
    }

    /// Proves an observation that was found.
    pub fn prove_found(&self, found: Found<'_>) -> Result<Proof, VaultError> {
        let Found { at, chunk, index } = found;
        let frame = self.commit_frame(at.commit)?;
        let source = chunk.back.source[index] as usize;
        let sources: Vec<_> = (0..chunk.back.sources.len()).map(|i| chunk.source_leaf(i)).collect();
        let objects: Vec<_> = frame.entries.iter().map(crate::commit::Entry::leaf).collect();
        // An identity key that was never changed is the one the DID names: nothing more to show.
        let identity = if frame.certificate.verify().is_ok() { Vec::new() } else { self.identity()? };
        Ok(Proof {
            magic: "twinproof".to_owned(),
            version: 1,
            datum: chunk.datum(index),
            salt: chunk.salt(Salt::Observation, index),
            place: index as u32,
            path: merkle::path(&chunk.leaves(), index).unwrap_or_default(),
            header: canonical::decode(&chunk.header()).map_err(|_| VaultError::NoObservation)?,
            header_salt: chunk.salt(Salt::Header, 0),
            source: chunk.back.sources[source].clone(),
            source_salt: chunk.salt(Salt::Source, source),
            source_path: merkle::path(&sources, source).unwrap_or_default(),
            object: at.id,
            object_place: at.place,
            object_path: merkle::path(&objects, at.place as usize).unwrap_or_default(),
            commit: frame.commit,
            signature: frame.signature,
            certificate: frame.certificate,
            identity,
            witnessed: None,
        })
    }

    /// Adds the words of witnesses that have seen the proof's commit. At most [`MAX_WITNESSED`] of them.
    #[must_use]
    pub fn with_witnesses(&self, mut proof: Proof, words: Vec<(Checkpoint, Cosignature)>) -> Proof {
        let seq = proof.commit.seq;
        let owner = proof.certificate.certificate.owner.clone();
        let witnessed: Vec<Witnessed> = words
            .into_iter()
            .filter_map(|(checkpoint, cosignature)| {
                let path = self.inclusion_at(seq, checkpoint.size)?;
                Some(Witnessed { checkpoint, path, cosignature })
            })
            .filter(|witnessed| witnessed.holds(&owner, &proof.commit))
            .take(MAX_WITNESSED)
            .collect();
        proof.witnessed = (!witnessed.is_empty()).then_some(witnessed);
        proof
    }

    /// Every version of the owner's identity document, oldest first.
    pub fn identity(&self) -> Result<Vec<SignedDocument>, VaultError> {
        let mut documents = Vec::new();
        self.records_of(ObjectKind::Identity, |_, records| {
            documents.extend(records.iter().rev().filter_map(|bytes| SignedDocument::decode(bytes).ok()));
            true
        })?;
        documents.reverse();
        Ok(documents)
    }
}

impl Proof {
    /// The bytes to hand over.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }
}

/// Checks a proof. Needs nothing but its bytes; whether the reader trusts the owner that it names is theirs to say.
pub fn check(bytes: &[u8]) -> Result<Checked, ProofError> {
    if bytes.len() > MAX_LEN {
        return Err(ProofError::NotAProof("it is too long"));
    }
    let proof: Proof = canonical::decode(bytes)?;
    if proof.magic != "twinproof" {
        return Err(ProofError::NotAProof("it does not begin as one"));
    }
    if proof.version != 1 {
        return Err(ProofError::NotAProof("it has a version that this program does not know: get a newer one"));
    }
    let fails = ProofError::DoesNotHold;
    if [&proof.path, &proof.source_path, &proof.object_path].into_iter().any(|path| path.len() > MAX_PATH) {
        return Err(fails("a way up its tree is too long"));
    }
    let header = &proof.header;
    let datum = Datum::decode(&proof.datum).ok_or(fails("its datum is malformed"))?;
    let value = datum.value.of_kind(header.stream.kind).ok_or(fails("its value does not fit its stream"))?;
    let source_leaf = leaf(&proof.source_salt, &proof.source);
    let source_count = u64::from(header.sources.0);
    if merkle::root_from_path(source_leaf, u64::from(datum.source), source_count, &proof.source_path)
        != Some(header.sources.1)
    {
        return Err(fails("the source is not the one that the observation names"));
    }
    let observations = merkle::root_from_path(
        leaf(&proof.salt, &proof.datum),
        u64::from(proof.place),
        u64::from(header.count),
        &proof.path,
    )
    .ok_or(fails("the observation is not in the chunk"))?;
    let root = merkle::node(&leaf(&proof.header_salt, &canonical::encode(header)), &observations);
    let object = object_leaf(&proof.object, ObjectKind::Chunk, &root, header.count);
    let count = u64::from(proof.commit.count);
    if merkle::root_from_path(object, u64::from(proof.object_place), count, &proof.object_path)
        != Some(proof.commit.objects)
    {
        return Err(fails("the observation is not in the commit"));
    }
    verify(&proof.commit.device, CONTEXT, &canonical::encode(&proof.commit), &proof.signature)
        .map_err(|_| fails("the commit's signature is not the device's"))?;
    let certificate = &proof.certificate.certificate;
    if certificate.device != proof.commit.device {
        return Err(fails("the certificate is for another device"));
    }
    let certified = if proof.identity.is_empty() {
        proof.certificate.verify().is_ok()
    } else {
        verify_chain(&proof.identity).is_ok_and(|identity| {
            identity.id() == &certificate.owner
                && identity.controllers().iter().any(|controller| proof.certificate.verify_by(controller).is_ok())
        })
    };
    if !certified {
        return Err(fails("the owner did not certify the device"));
    }
    let witnessed = proof.witnessed.unwrap_or_default();
    let all_hold = witnessed.iter().all(|witnessed| witnessed.holds(&certificate.owner, &proof.commit));
    if witnessed.len() > MAX_WITNESSED || !all_hold {
        return Err(fails("the word of a witness does not belong to it"));
    }
    let source: Source = canonical::decode(&proof.source)?;
    Ok(Checked {
        owner: certificate.owner.clone(),
        observation: Observation {
            stream: header.stream.id.clone(),
            start: Timestamp(datum.start),
            end: Timestamp(datum.start.saturating_add(datum.duration)),
            zone_minutes: datum.zone.minutes(),
            value,
            unit: header.stream.unit.clone(),
            source,
        },
        kind: header.stream.kind,
        at: datum.at as u64,
        object: proof.object,
        place: (proof.place, header.count),
        commit: proof.commit,
        witnesses: witnessed.into_iter().map(|one| (one.cosignature.witness, one.cosignature.at)).collect(),
    })
}

/// A datum read back.
struct Datum {
    start: i64,
    duration: i64,
    zone: ZoneOffset,
    value: Raw,
    source: u32,
    at: i64,
}

enum Raw {
    Number(f64),
    Position(f64, f64),
    Text(Box<str>),
}

impl Raw {
    fn of_kind(self, kind: Kind) -> Option<Value> {
        match (self, kind) {
            (Self::Number(number), Kind::Reading | Kind::Total) => Some(Value::Number(number)),
            (Self::Position(lat, lon), Kind::Position) => Some(Value::Position { lat, lon }),
            (Self::Text(text), Kind::Category) => Some(Value::Category(text)),
            (Self::Text(text), Kind::Text) => Some(Value::Text(text)),
            (Self::Text(text), Kind::Event) => Some(Value::Event(text)),
            _ => None,
        }
    }
}

impl Datum {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = Decoder::new(bytes);
        (from.array().ok()? == Some(7)).then_some(())?;
        let start = from.i64().ok()?;
        let duration = from.i64().ok()?;
        let zone = if from.datatype().ok()? == minicbor::data::Type::Null {
            from.null().ok()?;
            ZoneOffset::UNKNOWN
        } else {
            ZoneOffset::from_minutes(from.i16().ok()?)?
        };
        let value = match from.datatype().ok()? {
            minicbor::data::Type::String => Raw::Text(from.str().ok()?.into()),
            minicbor::data::Type::Array => {
                (from.array().ok()? == Some(2)).then_some(())?;
                Raw::Position(canonical::read_float(&mut from).ok()?, canonical::read_float(&mut from).ok()?)
            }
            _ => Raw::Number(canonical::read_float(&mut from).ok()?),
        };
        let source = from.u32().ok()?;
        from.u32().ok()?;
        let at = from.i64().ok()?;
        (from.position() == bytes.len()).then_some(Self { start, duration, zone, value, source, at })
    }
}
