//! A chunk's hash tree: the canonical bytes of each observation, their salts, and the root that a commit signs.

use crate::chunk::{OpenChunk, Values};
use crate::column::sure;
use didymos_base::{Digest, Stream, canonical, merkle};
use minicbor::Encoder;

/// What a chunk's root binds beside its observations.
#[derive(Clone, Debug, PartialEq, minicbor::Encode, minicbor::Decode)]
#[cbor(array)]
pub struct Header {
    /// The stream.
    #[n(0)]
    pub stream: Stream,
    /// Observations in the chunk.
    #[n(1)]
    pub count: u32,
    /// How many sources, and the root over their salted leaves.
    #[n(2)]
    pub sources: (u32, Digest),
    /// How many parts, and the root over their salted leaves.
    #[n(3)]
    pub parts: (u32, Digest),
}

impl OpenChunk {
    /// Canonical bytes of observation `i`: what its leaf hashes.
    #[must_use]
    pub fn datum(&self, i: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(48);
        self.put_datum(i, &mut bytes);
        bytes
    }

    fn put_datum(&self, i: usize, bytes: &mut Vec<u8>) {
        let mut to = Encoder::new(&mut *bytes);
        sure(to.array(7).and_then(|to| to.i64(self.front.start[i])).and_then(|to| to.i64(self.back.duration[i])));
        match self.front.zone.at(i).minutes() {
            Some(minutes) => sure(to.i16(minutes)),
            None => sure(to.null()),
        }
        match &self.front.values {
            Values::Number(numbers) => sure(canonical::float(&mut to, numbers[i])),
            Values::Position { lat, lon } => {
                sure(to.array(2));
                sure(canonical::float(&mut to, lat[i]));
                sure(canonical::float(&mut to, lon[i]));
            }
            Values::Text { distinct, index } => sure(to.str(&distinct[index[i] as usize])),
        }
        sure(
            to.u32(self.back.source[i]).and_then(|to| to.u32(self.back.part[i])).and_then(|to| to.i64(self.back.at[i])),
        );
    }

    /// Canonical bytes of the header, which the root binds.
    #[must_use]
    pub fn header(&self) -> Vec<u8> {
        let sources: Vec<_> = (0..self.back.sources.len()).map(|i| self.source_leaf(i)).collect();
        let parts: Vec<_> =
            self.back.parts.iter().enumerate().map(|(i, part)| leaf(&self.salt(Salt::Part, i), part)).collect();
        canonical::encode(&Header {
            stream: self.back.stream.clone(),
            count: self.len() as u32,
            sources: (sources.len() as u32, merkle::root(&sources)),
            parts: (parts.len() as u32, merkle::root(&parts)),
        })
    }

    /// The leaf of source `i`.
    #[must_use]
    pub fn source_leaf(&self, i: usize) -> Digest {
        leaf(&self.salt(Salt::Source, i), &self.back.sources[i])
    }

    /// The salt of leaf `i` of one kind.
    #[must_use]
    pub fn salt(&self, of: Salt, i: usize) -> [u8; 16] {
        let mut salt = [0; 16];
        let mut cut = salts(&self.back.secret, of);
        cut.set_position(16 * i as u64);
        cut.fill(&mut salt);
        salt
    }

    /// The leaves of all observations.
    #[must_use]
    pub fn leaves(&self) -> Vec<Digest> {
        let mut salt = vec![0; 16 * self.len()];
        salts(&self.back.secret, Salt::Observation).fill(&mut salt);
        let mut bytes = Vec::with_capacity(128);
        salt.chunks_exact(16)
            .enumerate()
            .map(|(i, salt)| {
                bytes.clear();
                bytes.push(0);
                bytes.extend_from_slice(salt);
                self.put_datum(i, &mut bytes);
                Digest::of(&bytes)
            })
            .collect()
    }

    /// The root over header and observations, as the commit signs it.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.root_over(&self.leaves())
    }

    /// The root, when the leaves are known.
    #[must_use]
    pub fn root_over(&self, leaves: &[Digest]) -> Digest {
        merkle::node(&leaf(&self.salt(Salt::Header, 0), &self.header()), &merkle::root(leaves))
    }
}

/// What a salt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Salt {
    /// An observation.
    Observation,
    /// The header.
    Header,
    /// A source.
    Source,
    /// A part.
    Part,
}

fn salts(secret: &[u8; 32], of: Salt) -> blake3::OutputReader {
    let label: &[u8] = match of {
        Salt::Observation => b"observation",
        Salt::Header => b"header",
        Salt::Source => b"source",
        Salt::Part => b"part",
    };
    blake3::Hasher::new_keyed(secret).update(label).finalize_xof()
}

/// A salted leaf: `BLAKE3(0x00 || salt || datum)`.
#[must_use]
pub fn leaf(salt: &[u8; 16], datum: &[u8]) -> Digest {
    let mut bytes = Vec::with_capacity(17 + datum.len());
    bytes.push(0);
    bytes.extend_from_slice(salt);
    bytes.extend_from_slice(datum);
    Digest::of(&bytes)
}
