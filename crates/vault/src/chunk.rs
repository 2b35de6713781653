//! A chunk: up to 8,192 observations of one stream, in columns, in time order.
//!
//! Open, it is a handful of vectors ([`OpenChunk`]). Sealed, it is two boxes: the *front* holds what timelines read
//! (start, zone, value), the *back* what provenance reads (header, duration, source, part, position), so that a chart
//! of ten years decrypts and decodes only what it draws.
//!
//! Every observation is a leaf of the chunk's hash tree: `BLAKE3(0x00 || salt || datum)`. The datum is a CBOR array of
//! `[start, duration, zone, value, source, part, position]`; source and part are places in the chunk's header. The
//! salts are cut from one secret of the chunk, so that a proof's sibling hashes cannot be guessed through (there are
//! only so many heart rates). The root binds header and observations: `node(leaf(header), root(leaves))`.

use crate::Damaged;
use crate::column::{Order, get_floats, get_ints, get_texts, put_floats, put_ints, put_texts, sure};
use crate::seal::StreamSeal;
use didymos_base::{Digest, Stream, Value, ZoneOffset};
use minicbor::{Decoder, Encoder};

/// The most observations in a chunk.
pub const MAX_ROWS: usize = 8_192;
/// The most bytes of text in a chunk.
pub const MAX_TEXT: usize = 4 << 20;
/// The most bytes of a sealed object.
pub const MAX_SEALED: usize = 16 << 20;

const VERSION: u8 = 1;
const UNKNOWN_ZONE: i64 = i16::MIN as i64;

/// Identifies a part (a file, or a member of an archive) across the whole journal.
pub type PartId = [u8; 16];

/// The values of a chunk, by kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers.
    Number(Vec<f64>),
    /// Places.
    Position {
        /// Degrees north.
        lat: Vec<f64>,
        /// Degrees east.
        lon: Vec<f64>,
    },
    /// Labels, texts or events: each distinct one once, in order of first use.
    Text {
        /// The distinct texts.
        distinct: Vec<Box<str>>,
        /// Which of them, per observation.
        index: Vec<u32>,
    },
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Self::Number(numbers) => numbers.len(),
            Self::Position { lat, .. } => lat.len(),
            Self::Text { index, .. } => index.len(),
        }
    }
}

/// What timelines read.
#[derive(Clone, Debug, PartialEq)]
pub struct Front {
    /// First instants, UTC milliseconds, rising.
    pub start: Vec<i64>,
    /// Zones in force.
    pub zone: Zones,
    /// What was observed.
    pub values: Values,
}

/// The zone column: in nearly every chunk one zone throughout.
#[derive(Clone, Debug, PartialEq)]
pub enum Zones {
    /// The same for all.
    One(ZoneOffset),
    /// One per observation.
    Each(Vec<ZoneOffset>),
}

impl Zones {
    /// The zone of observation `i`.
    #[must_use]
    pub fn at(&self, i: usize) -> ZoneOffset {
        match self {
            Self::One(zone) => *zone,
            Self::Each(zones) => zones[i],
        }
    }
}

/// What provenance reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Back {
    /// The stream.
    pub stream: Stream,
    /// Canonical bytes of each source.
    pub sources: Vec<Vec<u8>>,
    /// Parts that observations were read from.
    pub parts: Vec<PartId>,
    /// What the salts are cut from.
    pub secret: [u8; 32],
    /// Milliseconds from start to end.
    pub duration: Vec<i64>,
    /// Index into `sources`.
    pub source: Vec<u32>,
    /// Index into `parts`.
    pub part: Vec<u32>,
    /// Byte positions in the part.
    pub at: Vec<i64>,
}

/// A chunk that can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenChunk {
    /// What timelines read.
    pub front: Front,
    /// What provenance reads.
    pub back: Back,
}

/// A chunk as it lies on disk: nothing in it can be read without the stream's key.
#[derive(Clone, Debug)]
pub struct SealedChunk {
    /// BLAKE3 of `bytes`.
    pub id: Digest,
    /// The object's bytes.
    pub bytes: Vec<u8>,
    /// Root over header and observations.
    pub root: Digest,
}

impl Front {
    /// Observations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.start.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start.is_empty()
    }

    /// The value of observation `i`, as the stream's kind has it.
    #[must_use]
    pub fn value(&self, kind: didymos_base::Kind, i: usize) -> Value {
        match &self.values {
            Values::Number(numbers) => Value::Number(numbers[i]),
            Values::Position { lat, lon } => Value::Position { lat: lat[i], lon: lon[i] },
            Values::Text { distinct, index } => {
                let text = distinct[index[i] as usize].clone();
                match kind {
                    didymos_base::Kind::Category => Value::Category(text),
                    didymos_base::Kind::Event => Value::Event(text),
                    _ => Value::Text(text),
                }
            }
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len() * 2 + 64);
        sure(Encoder::new(&mut bytes).u32(self.len() as u32));
        put_ints(&mut bytes, &self.start, Order::Rising);
        match &self.zone {
            Zones::One(zone) => put_ints(&mut bytes, &vec![zone_code(*zone); self.len()], Order::Any),
            Zones::Each(zones) => {
                put_ints(&mut bytes, &zones.iter().map(|zone| zone_code(*zone)).collect::<Vec<_>>(), Order::Any);
            }
        }
        match &self.values {
            Values::Number(numbers) => {
                sure(Encoder::new(&mut bytes).u8(0));
                put_floats(&mut bytes, numbers, Order::Any);
            }
            Values::Position { lat, lon } => {
                sure(Encoder::new(&mut bytes).u8(1));
                put_floats(&mut bytes, lat, Order::Rising);
                put_floats(&mut bytes, lon, Order::Rising);
            }
            Values::Text { distinct, index } => {
                sure(Encoder::new(&mut bytes).u8(2));
                put_texts(&mut bytes, distinct);
                put_ints(&mut bytes, &index.iter().map(|i| i64::from(*i)).collect::<Vec<_>>(), Order::Any);
            }
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let malformed = |_| Damaged("a chunk's front is malformed");
        let mut from = Decoder::new(bytes);
        let count = from.u32().map_err(malformed)? as usize;
        if count == 0 || count > MAX_ROWS {
            return Err(Damaged("a chunk has an impossible number of observations"));
        }
        let start = get_ints(&mut from, count)?;
        let zone = get_ints(&mut from, count)?;
        let zone = if zone.iter().all(|code| *code == zone[0]) {
            Zones::One(zone_of(zone[0])?)
        } else {
            Zones::Each(zone.into_iter().map(zone_of).collect::<Result<_, _>>()?)
        };
        let values = match from.u8().map_err(malformed)? {
            0 => Values::Number(get_floats(&mut from, count)?),
            1 => Values::Position { lat: get_floats(&mut from, count)?, lon: get_floats(&mut from, count)? },
            2 => {
                let distinct = get_texts(&mut from)?;
                let index = indices(get_ints(&mut from, count)?, distinct.len())?;
                Values::Text { distinct, index }
            }
            _ => return Err(Damaged("a chunk has values of an unknown kind")),
        };
        Ok(Self { start, zone, values })
    }
}

impl Back {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.duration.len() * 2 + 256);
        let mut to = Encoder::new(&mut bytes);
        sure(to.array(4).and_then(|to| to.encode(&self.stream)).and_then(|to| to.array(self.sources.len() as u64)));
        for source in &self.sources {
            sure(to.bytes(source));
        }
        sure(to.array(self.parts.len() as u64));
        for part in &self.parts {
            sure(to.bytes(part));
        }
        sure(to.bytes(&self.secret));
        put_ints(&mut bytes, &self.duration, Order::Any);
        put_ints(&mut bytes, &self.source.iter().map(|i| i64::from(*i)).collect::<Vec<_>>(), Order::Any);
        put_ints(&mut bytes, &self.part.iter().map(|i| i64::from(*i)).collect::<Vec<_>>(), Order::Any);
        put_ints(&mut bytes, &self.at, Order::Rising);
        bytes
    }

    fn decode(bytes: &[u8], count: usize) -> Result<Self, Damaged> {
        let malformed = |_| Damaged("a chunk's back is malformed");
        let mut from = Decoder::new(bytes);
        if from.array().map_err(malformed)? != Some(4) {
            return Err(Damaged("a chunk's back is malformed"));
        }
        let stream = from.decode().map_err(malformed)?;
        let limited = |length: Option<u64>| match length {
            Some(length @ 1..=8_192) => Ok(length),
            _ => Err(Damaged("a chunk's header has an impossible length")),
        };
        let mut sources = Vec::new();
        for _ in 0..limited(from.array().map_err(malformed)?)? {
            sources.push(from.bytes().map_err(malformed)?.to_vec());
        }
        let mut parts = Vec::new();
        for _ in 0..limited(from.array().map_err(malformed)?)? {
            parts.push(
                PartId::try_from(from.bytes().map_err(malformed)?).map_err(|_| Damaged("a part's id is malformed"))?,
            );
        }
        let secret = from
            .bytes()
            .map_err(malformed)?
            .try_into()
            .map_err(|_| Damaged("a chunk's secret has the wrong length"))?;
        let duration = get_ints(&mut from, count)?;
        let source = indices(get_ints(&mut from, count)?, sources.len())?;
        let part = indices(get_ints(&mut from, count)?, parts.len())?;
        let at = get_ints(&mut from, count)?;
        Ok(Self { stream, sources, parts, secret, duration, source, part, at })
    }
}

impl OpenChunk {
    /// Observations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.front.len()
    }

    /// Whether there are none (never so in a chunk read from disk).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.front.is_empty()
    }

    /// Plaintext of front and back.
    #[must_use]
    pub fn encode_plain(&self) -> [Vec<u8>; 2] {
        [self.front.encode(), self.back.encode()]
    }

    /// Seals the chunk under its stream's key. `nonces` must be fresh randomness.
    #[must_use]
    pub fn seal(&self, key: &StreamSeal, nonces: [[u8; 24]; 2]) -> SealedChunk {
        debug_assert!(self.len() <= MAX_ROWS && self.front.values.len() == self.len());
        let [front, back] = self.encode_plain();
        let front = key.seal(nonces[0], b"chunk front 1", &front);
        let back = key.seal(nonces[1], b"chunk back 1", &back);
        let mut bytes = Vec::with_capacity(5 + front.len() + back.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&(front.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&front);
        bytes.extend_from_slice(&back);
        SealedChunk { id: Digest::of(&bytes), root: self.root(), bytes }
    }

    /// Opens both boxes.
    pub fn open(key: &StreamSeal, sealed: &[u8]) -> Result<Self, Damaged> {
        let (front_box, back_box) = boxes(sealed)?;
        let front = open_front(key, front_box)?;
        let back = Back::decode(&key.open(b"chunk back 1", back_box)?, front.len())?;
        Ok(Self { front, back })
    }
}

/// Opens only the front box: what a timeline needs.
pub fn open_front_of(key: &StreamSeal, sealed: &[u8]) -> Result<Front, Damaged> {
    open_front(key, boxes(sealed)?.0)
}

fn open_front(key: &StreamSeal, front: &[u8]) -> Result<Front, Damaged> {
    Front::decode(&key.open(b"chunk front 1", front)?)
}

/// Reads what [`OpenChunk::encode_plain`] wrote; what fuzzing feeds.
pub fn decode_plain(front: &[u8], back: &[u8]) -> Result<OpenChunk, Damaged> {
    let front = Front::decode(front)?;
    let back = Back::decode(back, front.len())?;
    Ok(OpenChunk { front, back })
}

fn boxes(sealed: &[u8]) -> Result<(&[u8], &[u8]), Damaged> {
    let (head, rest) = sealed.split_at_checked(5).ok_or(Damaged("a chunk is too short"))?;
    if head[0] != VERSION {
        return Err(Damaged("a chunk has a version that this program does not know"));
    }
    let front = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
    rest.split_at_checked(front).ok_or(Damaged("a chunk is too short"))
}

fn zone_code(zone: ZoneOffset) -> i64 {
    zone.minutes().map_or(UNKNOWN_ZONE, i64::from)
}

fn zone_of(code: i64) -> Result<ZoneOffset, Damaged> {
    if code == UNKNOWN_ZONE {
        return Ok(ZoneOffset::UNKNOWN);
    }
    i16::try_from(code).ok().and_then(ZoneOffset::from_minutes).ok_or(Damaged("a chunk has an impossible zone"))
}

fn indices(numbers: Vec<i64>, below: usize) -> Result<Vec<u32>, Damaged> {
    if numbers.iter().all(|number| (0..below as i64).contains(number)) {
        Ok(numbers.into_iter().map(|number| number as u32).collect())
    } else {
        Err(Damaged("a chunk refers to something it does not have"))
    }
}
