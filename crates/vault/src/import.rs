//! Taking rows in: gather them by stream, leave out what is there already, pack, seal and commit the rest.
//!
//! Rows wait in one buffer per stream. A full buffer is sorted by time and compared with itself and with the chunks,
//! committed or about to be, that overlap it in time; what remains becomes chunks, encoded on all cores. Comparing by
//! decoding the overlapping chunks needs no table of everything ever seen: an export in time order touches each old
//! chunk about once, whatever the size of the vault.
//!
//! Two rows are the same observation when stream, start, end, source and value are: the place in the file and the zone
//! that an exporting phone happened to be in do not count.
//!
//! A batch of chunks is committed as soon as it is large enough, so an import that is interrupted keeps what was
//! committed, and running it again adds the rest.

use crate::chunk::{Back, Front, MAX_ROWS, MAX_TEXT, OpenChunk, PartId, SealedChunk, Values, Zones};
use crate::commit::{Entry, ObjectKind, Span};
use crate::error::VaultError;
use crate::rollup::Prepared;
use crate::seal::StreamSeal;
use crate::turn::span_of;
use crate::vault::Vault;
use didymos_base::{Digest, Kind, Row, Source, SourceKey, Stream, StreamKey, Timestamp, Value, canonical};
use minicbor::{Decode, Encode};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, MutexGuard, TryLockError};

/// Rows of one stream that are gathered before they are packed.
const BUFFER_ROWS: usize = 4 * MAX_ROWS;
/// Rows of all streams that may wait at once: 64 bytes each.
const WAITING_ROWS: usize = 600_000;
/// Chunks that make a commit worth its sync.
const BATCH_CHUNKS: usize = 128;
/// Sealed bytes that make a commit worth its sync.
const BATCH_BYTES: usize = 16 << 20;

/// Names an import.
pub type ImportId = [u8; 16];

/// A file or archive member, as the journal remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PartRecord {
    /// Its id, which observations refer to.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub id: PartId,
    /// The import that it came with.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub import: ImportId,
    /// Its name.
    #[n(2)]
    pub name: String,
    /// The format it was read as.
    #[n(3)]
    pub format: String,
    /// When reading began.
    #[n(4)]
    pub time: Timestamp,
    /// Its size and digest, once it was read to its end.
    #[n(5)]
    pub whole: Option<(u64, Digest)>,
}

/// What one part brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartReport {
    /// The part.
    pub record: PartRecord,
    /// Observations that are new.
    pub added: u64,
    /// Observations that were there already.
    pub duplicate: u64,
    /// Rows of streams that the vault has with another unit or kind.
    pub unfit: u64,
}

/// What an import brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Which import it was, as its parts say.
    pub id: ImportId,
    /// Each part.
    pub parts: Vec<PartReport>,
    /// New observations of each stream that has any.
    pub streams: Vec<(Stream, u64)>,
    /// Observations that were there already, of each stream that has any.
    pub duplicates: Vec<(Stream, u64)>,
}

struct Incoming {
    stream: Stream,
    key: Arc<StreamSeal>,
    /// The vault knows a stream of this name that measures something else.
    unfit: bool,
    rows: Vec<(u32, Row)>,
    added: u64,
    duplicate: u64,
}

struct Waiting {
    stream: Stream,
    span: Span,
    sources: Vec<Source>,
    count: u32,
    sealed: SealedChunk,
    rollups: Vec<Prepared>,
}

/// An import in progress. Dropping it leaves what was committed.
pub struct Import<'v> {
    vault: &'v Vault,
    clock: &'v (dyn Fn() -> Timestamp + Sync),
    id: ImportId,
    streams: Vec<Incoming>,
    sources: Vec<(Source, Vec<u8>)>,
    source_of: HashMap<Vec<u8>, u32>,
    parts: Vec<PartReport>,
    /// Parts whose record is not yet committed as it is now.
    unwritten: HashSet<usize>,
    waiting: Vec<Waiting>,
    waiting_rows: usize,
    _alone: MutexGuard<'v, ()>,
}

/// Everything that makes an observation what it is, within its stream.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Identity {
    start: i64,
    duration: i64,
    source: u32,
    value: [u64; 2],
}

fn value_identity(value: &Value) -> [u64; 2] {
    match value {
        Value::Number(number) => [number.to_bits(), 0],
        Value::Position { lat, lon } => [lat.to_bits(), lon.to_bits()],
        Value::Category(text) | Value::Text(text) | Value::Event(text) => text_identity(text),
    }
}

/// 128 bits of digest: two texts of one stream, time and source do not meet by chance.
fn text_identity(text: &str) -> [u64; 2] {
    let digest = Digest::of(text.as_bytes()).0;
    let half = |from: usize| u64::from_le_bytes(std::array::from_fn(|i| digest[from + i]));
    [half(0), half(8)]
}

impl Vault {
    /// Begins an import. Only one runs at a time: another one is told that the vault is busy.
    pub fn import<'v>(&'v self, clock: &'v (dyn Fn() -> Timestamp + Sync)) -> Result<Import<'v>, VaultError> {
        self.ensure_whole()?;
        let turn = match self.importing.try_lock() {
            Ok(turn) => turn,
            Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(VaultError::Busy(self.dir.clone())),
        };
        Ok(Import {
            vault: self,
            clock,
            id: self.seal.fresh.random(),
            streams: Vec::new(),
            sources: Vec::new(),
            source_of: HashMap::new(),
            parts: Vec::new(),
            unwritten: HashSet::new(),
            waiting: Vec::new(),
            waiting_rows: 0,
            _alone: turn,
        })
    }
}

impl Import<'_> {
    /// Names this import; its parts carry it.
    #[must_use]
    pub fn id(&self) -> ImportId {
        self.id
    }

    /// A file or member whose rows follow; returns its index among this import's parts.
    pub fn begin_part(&mut self, name: &str, format: &str) -> u32 {
        let (id, time) = (self.vault.seal.fresh.random(), (self.clock)());
        let record =
            PartRecord { id, import: self.id, name: name.to_owned(), format: format.to_owned(), time, whole: None };
        self.unwritten.insert(self.parts.len());
        self.parts.push(PartReport { record, added: 0, duplicate: 0, unfit: 0 });
        self.parts.len() as u32 - 1
    }

    /// The part was read to its end.
    pub fn end_part(&mut self, part: u32, bytes: u64, digest: Digest) {
        if let Some(report) = self.parts.get_mut(part as usize) {
            report.record.whole = Some((bytes, digest));
            self.unwritten.insert(part as usize);
        }
    }

    /// The key that rows of this stream carry. Keys count up from 0.
    pub fn stream(&mut self, stream: &Stream) -> StreamKey {
        let known = self.streams.iter().position(|incoming| incoming.stream == *stream);
        let at = known.unwrap_or_else(|| {
            let same_name = self.streams.iter().map(|incoming| &incoming.stream).find(|other| other.id == stream.id);
            let unfit = same_name.is_some()
                || self.vault.index().stream(&stream.id).is_some_and(|chunks| chunks.stream != *stream);
            let key = self.vault.stream_key(&stream.id);
            self.streams.push(Incoming {
                stream: stream.clone(),
                key,
                unfit,
                rows: Vec::new(),
                added: 0,
                duplicate: 0,
            });
            self.streams.len() - 1
        });
        StreamKey(at as u32)
    }

    /// The key that rows of this source carry. Keys count up from 0.
    pub fn source(&mut self, source: &Source) -> SourceKey {
        let bytes = source.to_canonical();
        if let Some(at) = self.source_of.get(&bytes) {
            return SourceKey(*at);
        }
        let at = self.sources.len() as u32;
        self.source_of.insert(bytes.clone(), at);
        self.sources.push((source.clone(), bytes));
        SourceKey(at)
    }

    /// Takes rows of one part.
    pub fn rows(&mut self, part: u32, rows: impl IntoIterator<Item = Row>) -> Result<(), VaultError> {
        for row in rows {
            let at = row.stream.0 as usize;
            let incoming = &mut self.streams[at];
            debug_assert!(row.value.is_sound() && row.start <= row.end, "readers check their rows");
            if incoming.unfit || !fits(incoming.stream.kind, &row.value) {
                self.parts[part as usize].unfit += 1;
                continue;
            }
            incoming.rows.push((part, row));
            self.waiting_rows += 1;
            if self.streams[at].rows.len() >= BUFFER_ROWS {
                self.pack(at)?;
            } else if self.waiting_rows >= WAITING_ROWS {
                let fullest = (0..self.streams.len()).max_by_key(|i| self.streams[*i].rows.len()).unwrap_or(at);
                self.pack(fullest)?;
            }
        }
        Ok(())
    }

    /// Packs and commits what is left. Returns what each part brought, and each stream.
    pub fn finish(mut self) -> Result<Imported, VaultError> {
        for at in 0..self.streams.len() {
            self.pack(at)?;
        }
        self.commit()?;
        let counted = |count: fn(&Incoming) -> u64| {
            let streams = self.streams.iter().map(|s| (s.stream.clone(), count(s)));
            streams.filter(|(_, count)| *count > 0).collect()
        };
        let (streams, duplicates) = (counted(|s| s.added), counted(|s| s.duplicate));
        Ok(Imported { id: self.id, parts: self.parts, streams, duplicates })
    }

    /// Turns a stream's waiting rows into sealed chunks.
    fn pack(&mut self, at: usize) -> Result<(), VaultError> {
        let mut rows = std::mem::take(&mut self.streams[at].rows);
        if rows.is_empty() {
            return Ok(());
        }
        self.waiting_rows -= rows.len();
        let mut order: Vec<(Identity, u32)> = rows
            .iter()
            .enumerate()
            .map(|(i, (_, row))| {
                let duration = row.end.0 - row.start.0;
                let value = value_identity(&row.value);
                (Identity { start: row.start.0, duration, source: row.source.0, value }, i as u32)
            })
            .collect();
        order.sort_unstable();
        let known = self.known(at, order[0].0.start, order[order.len() - 1].0.start)?;
        let mut previous = None;
        order.retain(|(identity, i)| {
            let again = previous == Some(*identity) || known.contains(identity);
            previous = Some(*identity);
            let report = &mut self.parts[rows[*i as usize].0 as usize];
            if again {
                report.duplicate += 1;
            } else {
                report.added += 1;
            }
            !again
        });
        self.streams[at].added += order.len() as u64;
        self.streams[at].duplicate += (rows.len() - order.len()) as u64;
        let groups = self.groups(at, &order, &mut rows);
        let incoming = &self.streams[at];
        // Drawn one behind the other: threads would take them in any order.
        let fresh = &self.vault.seal.fresh;
        let nonces: Vec<[[u8; 24]; 4]> = groups.iter().map(|_| std::array::from_fn(|_| fresh.nonce())).collect();
        let sealed: Vec<Waiting> = groups
            .into_par_iter()
            .zip(nonces)
            .map(|((chunk, sources), [front, back, day, quarter])| {
                let mut span = span_of(&chunk);
                span.stream = 0;
                let sealed = chunk.seal(&incoming.key, [front, back]);
                // The observations are at hand now: rolling them up later would decode them again.
                let rollups = self.vault.rollup_keys.prepare(&sealed.id, &chunk.front, [day, quarter]);
                Waiting { stream: incoming.stream.clone(), span, sources, count: chunk.len() as u32, sealed, rollups }
            })
            .collect();
        self.waiting.extend(sealed);
        let bytes: usize = self.waiting.iter().map(|waiting| waiting.sealed.bytes.len()).sum();
        if self.waiting.len() >= BATCH_CHUNKS || bytes >= BATCH_BYTES {
            self.commit()?;
        }
        Ok(())
    }

    /// Identities of what is there already and starts between `from` and `to`.
    fn known(&self, at: usize, from: i64, to: i64) -> Result<HashSet<Identity>, VaultError> {
        let incoming = &self.streams[at];
        let overlaps = |first: Timestamp, last: Timestamp| first.0 <= to && last.0 >= from;
        let committed: Vec<_> = self.vault.index().stream(&incoming.stream.id).map_or(Vec::new(), |stream| {
            stream.chunks.iter().filter(|chunk| overlaps(chunk.first, chunk.last)).cloned().collect()
        });
        let waiting: Vec<_> = self
            .waiting
            .iter()
            .filter(|waiting| {
                waiting.stream.id == incoming.stream.id && overlaps(waiting.span.first, waiting.span.last)
            })
            .collect();
        let mut chunks = committed
            .par_iter()
            .map(|chunk| self.vault.chunk(&incoming.key, chunk))
            .collect::<Result<Vec<_>, VaultError>>()?;
        for waiting in waiting {
            // Sealed by this very import a moment ago.
            if let Ok(chunk) = OpenChunk::open(&incoming.key, &waiting.sealed.bytes) {
                chunks.push(chunk);
            }
        }
        let mut known = HashSet::with_capacity(chunks.iter().map(OpenChunk::len).sum());
        for chunk in &chunks {
            let sources: Vec<Option<u32>> =
                chunk.back.sources.iter().map(|source| self.source_of.get(source).copied()).collect();
            let texts: Vec<[u64; 2]> = match &chunk.front.values {
                Values::Text { distinct, .. } => distinct.iter().map(|text| text_identity(text)).collect(),
                _ => Vec::new(),
            };
            for i in 0..chunk.len() {
                let start = chunk.front.start[i];
                let Some(source) = sources[chunk.back.source[i] as usize] else { continue };
                if !(from..=to).contains(&start) {
                    continue;
                }
                let value = match &chunk.front.values {
                    Values::Number(numbers) => [numbers[i].to_bits(), 0],
                    Values::Position { lat, lon } => [lat[i].to_bits(), lon[i].to_bits()],
                    Values::Text { index, .. } => texts[index[i] as usize],
                };
                known.insert(Identity { start, duration: chunk.back.duration[i], source, value });
            }
        }
        Ok(known)
    }

    /// Cuts rows, in order, into chunks.
    fn groups(&self, at: usize, order: &[(Identity, u32)], rows: &mut [(u32, Row)]) -> Vec<(OpenChunk, Vec<Source>)> {
        let text = |i: u32| match &rows[i as usize].1.value {
            Value::Category(text) | Value::Text(text) | Value::Event(text) => text.len(),
            _ => 0,
        };
        let mut cuts = Vec::new();
        let (mut from, mut bytes) = (0, 0);
        for (place, (_, i)) in order.iter().enumerate() {
            bytes += text(*i);
            if place - from == MAX_ROWS || bytes > MAX_TEXT {
                cuts.push(from..place);
                (from, bytes) = (place, text(*i));
            }
        }
        if from < order.len() {
            cuts.push(from..order.len());
        }
        cuts.into_iter().map(|cut| self.open_chunk(at, &order[cut], rows)).collect()
    }

    fn open_chunk(&self, at: usize, order: &[(Identity, u32)], rows: &mut [(u32, Row)]) -> (OpenChunk, Vec<Source>) {
        let count = order.len();
        let stream = &self.streams[at].stream;
        let (mut sources, mut parts) = (Vec::<u32>::new(), Vec::<u32>::new());
        let mut back = Back {
            stream: stream.clone(),
            sources: Vec::new(),
            parts: Vec::new(),
            secret: self.vault.seal.fresh.random(),
            duration: Vec::with_capacity(count),
            source: Vec::with_capacity(count),
            part: Vec::with_capacity(count),
            at: Vec::with_capacity(count),
        };
        let mut start = Vec::with_capacity(count);
        let mut zone = Vec::with_capacity(count);
        let mut values = ValuesBuilder::new(stream.kind, count);
        for (identity, i) in order {
            let (part, row) = &mut rows[*i as usize];
            start.push(identity.start);
            zone.push(row.zone);
            values.push(std::mem::replace(&mut row.value, Value::Number(0.0)));
            back.duration.push(identity.duration);
            back.source.push(place_of(&mut sources, identity.source));
            back.part.push(place_of(&mut parts, *part));
            back.at.push(row.at as i64);
        }
        back.sources = sources.iter().map(|key| self.sources[*key as usize].1.clone()).collect();
        back.parts = parts.iter().map(|part| self.parts[*part as usize].record.id).collect();
        let zone = if zone.iter().all(|z| *z == zone[0]) { Zones::One(zone[0]) } else { Zones::Each(zone) };
        let front = Front { start, zone, values: values.done() };
        let named = sources.iter().map(|key| self.sources[*key as usize].0.clone()).collect();
        (OpenChunk { front, back }, named)
    }

    /// Commits what waits, in as many commits as the limit on objects asks for.
    fn commit(&mut self) -> Result<(), VaultError> {
        let mut waiting = std::mem::take(&mut self.waiting).into_iter().peekable();
        while waiting.peek().is_some() || !self.unwritten.is_empty() {
            let mut turn = self.vault.turn()?;
            let mut rollups = Vec::new();
            for Waiting { stream, span, sources, count, sealed, rollups: prepared } in
                waiting.by_ref().take(2 * BATCH_CHUNKS)
            {
                rollups.extend(prepared);
                let len = sealed.bytes.len() as u32;
                let entry = |id| Entry { id, kind: ObjectKind::Chunk, root: sealed.root, count, len, span: Some(span) };
                turn.stage(&sealed.bytes, entry, Some(stream), sources)?;
            }
            let mut parts: Vec<usize> = self.unwritten.iter().copied().collect();
            parts.sort_unstable();
            if !parts.is_empty() {
                let records: Vec<_> = parts.iter().map(|part| canonical::encode(&self.parts[*part].record)).collect();
                turn.stage_records(ObjectKind::Parts, &records)?;
            }
            turn.commit((self.clock)())?;
            self.unwritten.clear();
            self.vault.rollups().put(rollups);
        }
        Ok(())
    }
}

fn fits(kind: Kind, value: &Value) -> bool {
    matches!(
        (kind, value),
        (Kind::Reading | Kind::Total, Value::Number(_))
            | (Kind::Category, Value::Category(_))
            | (Kind::Text, Value::Text(_))
            | (Kind::Event, Value::Event(_))
            | (Kind::Position, Value::Position { .. })
    )
}

fn place_of(list: &mut Vec<u32>, key: u32) -> u32 {
    // Nearly always the one used last.
    let known = list.iter().rposition(|known| *known == key);
    known.unwrap_or_else(|| {
        list.push(key);
        list.len() - 1
    }) as u32
}

/// Gathers values of one kind into their column.
enum ValuesBuilder {
    Number(Vec<f64>),
    Position(Vec<f64>, Vec<f64>),
    Text { distinct: Vec<Box<str>>, place: HashMap<Box<str>, u32>, index: Vec<u32> },
}

impl ValuesBuilder {
    fn new(kind: Kind, count: usize) -> Self {
        match kind {
            Kind::Reading | Kind::Total => Self::Number(Vec::with_capacity(count)),
            Kind::Position => Self::Position(Vec::with_capacity(count), Vec::with_capacity(count)),
            Kind::Category | Kind::Text | Kind::Event => {
                Self::Text { distinct: Vec::new(), place: HashMap::new(), index: Vec::with_capacity(count) }
            }
        }
    }

    fn push(&mut self, value: Value) {
        match (self, value) {
            (Self::Number(numbers), Value::Number(number)) => numbers.push(number),
            (Self::Position(lats, lons), Value::Position { lat, lon }) => {
                lats.push(lat);
                lons.push(lon);
            }
            (Self::Text { distinct, place, index }, Value::Category(t) | Value::Text(t) | Value::Event(t)) => {
                let next = distinct.len() as u32;
                let at = *place.entry(t).or_insert_with_key(|text| {
                    distinct.push(text.clone());
                    next
                });
                index.push(at);
            }
            _ => unreachable!("rows that do not fit their stream were left out before"),
        }
    }

    fn done(self) -> Values {
        match self {
            Self::Number(numbers) => Values::Number(numbers),
            Self::Position(lat, lon) => Values::Position { lat, lon },
            Self::Text { distinct, index, .. } => Values::Text { distinct, index },
        }
    }
}
