//! What the vault keeps in memory: for every chunk where it lies and what it spans. Built from the commits alone.

use crate::commit::{Entry, ObjectKind};
use crate::frame::HEAD_LEN;
use crate::journal::Placed;
use didymos_base::{Did, Digest, Source, Stream, StreamId, Timestamp, ZoneOffset, merkle};
use std::collections::HashMap;

/// A chunk on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct ChunkRef {
    /// Its id.
    pub id: Digest,
    /// Its root, as signed.
    pub root: Digest,
    /// Observations in it.
    pub count: u32,
    /// Earliest start.
    pub first: Timestamp,
    /// Latest start.
    pub last: Timestamp,
    /// Latest end.
    pub end: Timestamp,
    /// Zones of the first and the last observation.
    pub zones: (ZoneOffset, ZoneOffset),
    /// Indices into [`Index::sources`].
    pub sources: Vec<u32>,
    /// The commit that holds it.
    pub commit: u64,
    /// Its place in that commit's list.
    pub place: u32,
    pub(crate) at: u64,
    pub(crate) len: u32,
}

/// An object that is not a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRef {
    /// Its id.
    pub id: Digest,
    /// What it is.
    pub kind: ObjectKind,
    /// Items in it.
    pub count: u32,
    /// The commit that holds it.
    pub commit: u64,
    pub(crate) at: u64,
    pub(crate) len: u32,
}

/// A stream and its chunks, in the order of the journal.
#[derive(Clone, Debug)]
pub struct StreamChunks {
    /// The stream.
    pub stream: Stream,
    /// Observations in all.
    pub count: u64,
    /// Its chunks.
    pub chunks: Vec<ChunkRef>,
}

/// A commit, without its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitRef {
    /// Place in the chain.
    pub seq: u64,
    /// Digest of the signed part.
    pub digest: Digest,
    /// What the device's clock said.
    pub time: Timestamp,
    /// Who signed.
    pub device: Did,
    /// Objects in it.
    pub objects: u32,
    /// Observations in it.
    pub observations: u64,
    /// Id of the sealed frame.
    pub id: Digest,
    pub(crate) at: u64,
    pub(crate) len: u32,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Index {
    /// Streams, in order of first appearance.
    pub streams: Vec<StreamChunks>,
    /// Every source seen.
    pub sources: Vec<Source>,
    /// Chunks of imports that were taken back: they count for nothing, and still belong to the journal.
    pub retracted: Vec<ChunkRef>,
    /// Records, in the order of the journal.
    pub records: Vec<RecordRef>,
    /// Commits, in order.
    pub commits: Vec<CommitRef>,
    /// The history over all commits.
    pub history: merkle::Frontier,
    stream_of: HashMap<StreamId, usize>,
    source_of: HashMap<Source, u32>,
}

impl Index {
    /// The stream's chunks.
    #[must_use]
    pub fn stream(&self, id: &StreamId) -> Option<&StreamChunks> {
        self.stream_of.get(id).map(|i| &self.streams[*i])
    }

    /// Observations in all.
    #[must_use]
    pub fn observations(&self) -> u64 {
        self.streams.iter().map(|stream| stream.count).sum()
    }

    /// Takes in a commit.
    pub(crate) fn add(&mut self, placed: &Placed) {
        let frame = &placed.frame;
        let sources: Vec<u32> = frame.sources.iter().map(|source| self.source(source)).collect();
        let mut at = frame.begins;
        for (place, entry) in frame.entries.iter().enumerate() {
            match &entry.span {
                Some(span) => {
                    let stream = self.stream_mut(&frame.streams[span.stream as usize]);
                    stream.count += u64::from(entry.count);
                    stream.chunks.push(ChunkRef {
                        id: entry.id,
                        root: entry.root,
                        count: entry.count,
                        first: span.first,
                        last: span.last,
                        end: span.end,
                        zones: (zone(span.zones.0), zone(span.zones.1)),
                        sources: span.sources.iter().map(|i| sources[*i as usize]).collect(),
                        commit: frame.commit.seq,
                        place: place as u32,
                        at,
                        len: entry.len,
                    });
                }
                None => self.records.push(RecordRef {
                    id: entry.id,
                    kind: entry.kind,
                    count: entry.count,
                    commit: frame.commit.seq,
                    at,
                    len: entry.len,
                }),
            }
            at += frame_len(entry);
        }
        let digest = frame.commit.digest();
        self.history.push(digest);
        self.commits.push(CommitRef {
            seq: frame.commit.seq,
            digest,
            time: frame.commit.time,
            device: frame.commit.device.clone(),
            objects: frame.commit.count,
            observations: frame.commit.observations,
            id: placed.id,
            at: placed.at,
            len: placed.len,
        });
    }

    fn stream_mut(&mut self, stream: &Stream) -> &mut StreamChunks {
        let i = *self.stream_of.entry(stream.id.clone()).or_insert_with(|| {
            self.streams.push(StreamChunks { stream: stream.clone(), count: 0, chunks: Vec::new() });
            self.streams.len() - 1
        });
        &mut self.streams[i]
    }

    fn source(&mut self, source: &Source) -> u32 {
        if let Some(i) = self.source_of.get(source) {
            return *i;
        }
        let i = self.sources.len() as u32;
        self.sources.push(source.clone());
        self.source_of.insert(source.clone(), i);
        i
    }
}

/// Bytes that an entry's frame takes in the journal.
pub(crate) fn frame_len(entry: &Entry) -> u64 {
    HEAD_LEN as u64 + u64::from(entry.len)
}

fn zone(minutes: Option<i16>) -> ZoneOffset {
    minutes.and_then(ZoneOffset::from_minutes).unwrap_or(ZoneOffset::UNKNOWN)
}
