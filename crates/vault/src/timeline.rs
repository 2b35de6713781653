//! Reading a stream: single observations in order, buckets of any width, the one nearest to a moment.

use crate::chunk::{Front, OpenChunk, Values};
use crate::error::VaultError;
use crate::index::{ChunkRef, StreamChunks};
use crate::rollup::{Bucket, Level, accumulate, floor};
use crate::seal::StreamSeal;
use crate::vault::Vault;
use didymos_base::time::HOUR_MS;
use didymos_base::{StreamId, Timestamp, ZoneOffset};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

/// The farthest that a wall clock can be from UTC.
const FARTHEST_MS: i64 = 18 * HOUR_MS;

/// One end of a range of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// A reading of the owner's wall clock, wherever they were.
    Wall(i64),
    /// An instant, UTC milliseconds.
    Exact(i64),
}

impl Edge {
    /// Milliseconds from an observation's start to this edge.
    #[must_use]
    pub fn after(self, start: i64, zone: ZoneOffset) -> i64 {
        match self {
            Self::Wall(wall) => wall.saturating_sub(start + zone.as_ms()),
            Self::Exact(instant) => instant.saturating_sub(start),
        }
    }

    /// The earliest and the latest instant that this edge can mean.
    fn instants(self) -> (i64, i64) {
        match self {
            Self::Wall(wall) => (wall.saturating_sub(FARTHEST_MS), wall.saturating_add(FARTHEST_MS)),
            Self::Exact(instant) => (instant, instant),
        }
    }
}

/// Observations that start at or after `from` and before `to`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// The first moment.
    pub from: Option<Edge>,
    /// The moment after the last.
    pub to: Option<Edge>,
}

impl Range {
    /// Whether an observation lies in the range.
    #[must_use]
    pub fn has(&self, start: i64, zone: ZoneOffset) -> bool {
        self.from.is_none_or(|from| from.after(start, zone) <= 0) && self.to.is_none_or(|to| to.after(start, zone) > 0)
    }

    fn may_overlap(&self, chunk: &ChunkRef) -> bool {
        self.from.is_none_or(|from| chunk.last.0 >= from.instants().0)
            && self.to.is_none_or(|to| chunk.first.0 < to.instants().1)
    }

    fn surely_holds(&self, chunk: &ChunkRef) -> bool {
        self.from.is_none_or(|from| chunk.first.0 >= from.instants().1)
            && self.to.is_none_or(|to| chunk.last.0 < to.instants().0)
    }

    /// The observations of a chunk that lie in the range: a stretch, since chunks are in time order, found by search
    /// where one zone holds throughout.
    fn within(&self, front: &Front) -> (std::ops::Range<usize>, bool) {
        match &front.zone {
            crate::chunk::Zones::One(zone) => {
                let from = front.start.partition_point(|start| self.from.is_some_and(|f| f.after(*start, *zone) > 0));
                let to = front.start.partition_point(|start| self.to.is_none_or(|t| t.after(*start, *zone) > 0));
                (from..to.max(from), true)
            }
            crate::chunk::Zones::Each(_) => (0..front.len(), false),
        }
    }
}

/// A stream, and which of its sources count.
pub struct Selection {
    /// Its chunks that may lie in the range.
    chunks: Vec<ChunkRef>,
    range: Range,
    /// Indices of the sources that count, if not all do.
    sources: Option<Vec<u32>>,
    key: Arc<StreamSeal>,
    /// The stream.
    pub stream: didymos_base::Stream,
}

impl Selection {
    /// Leaves out chunks that are known already.
    pub fn without(&mut self, known: &std::collections::HashSet<didymos_base::Digest>) {
        self.chunks.retain(|chunk| !known.contains(&chunk.id));
    }
}

/// One observation in an opened chunk.
#[derive(Clone, Copy)]
pub struct Found<'a> {
    /// The chunk on disk.
    pub at: &'a ChunkRef,
    /// The chunk, opened.
    pub chunk: &'a OpenChunk,
    /// Its place in the chunk.
    pub index: usize,
}

impl Found<'_> {
    /// Its start.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        Timestamp(self.chunk.front.start[self.index])
    }

    /// Its end.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        Timestamp(self.chunk.front.start[self.index] + self.chunk.back.duration[self.index])
    }

    /// The zone in force.
    #[must_use]
    pub fn zone(&self) -> ZoneOffset {
        self.chunk.front.zone.at(self.index)
    }

    /// Canonical bytes of its source.
    #[must_use]
    pub fn source(&self) -> &[u8] {
        &self.chunk.back.sources[self.chunk.back.source[self.index] as usize]
    }
}

impl Vault {
    /// A stream's observations in a range, from the sources whose summary contains `source` (ignoring case).
    pub fn select(&self, stream: &StreamId, range: Range, source: Option<&str>) -> Result<Selection, VaultError> {
        let sources = source.map(|text| {
            let text = text.to_lowercase();
            let counts = |source: &didymos_base::Source| source.summary().to_lowercase().contains(&text);
            let index = self.index();
            (0..index.sources.len() as u32).filter(|i| counts(&index.sources[*i as usize])).collect::<Vec<_>>()
        });
        self.select_from(stream, range, sources)
    }

    /// A stream's observations in a range, from the sources at these places of [`Index::sources`](crate::Index), or from
    /// all.
    pub fn select_from(
        &self,
        stream: &StreamId,
        range: Range,
        sources: Option<Vec<u32>>,
    ) -> Result<Selection, VaultError> {
        self.ensure_whole()?;
        let key = self.stream_key(stream);
        let index = self.index();
        let StreamChunks { stream, chunks, .. } =
            index.stream(stream).filter(|stream| !stream.chunks.is_empty()).ok_or(VaultError::NoStream)?;
        let counts = |chunk: &&ChunkRef| {
            range.may_overlap(chunk)
                && sources.as_ref().is_none_or(|sources| chunk.sources.iter().any(|source| sources.contains(source)))
        };
        let chunks = chunks.iter().filter(counts).cloned().collect();
        Ok(Selection { chunks, range, sources, key, stream: stream.clone() })
    }

    /// Buckets of numbers, in order, empty ones left out.
    pub fn buckets(&self, selection: &Selection, width: i64) -> Result<Vec<Bucket>, VaultError> {
        let level = [Level::Day, Level::Quarter].into_iter().find(|level| width % level.width() == 0);
        let partial = |chunk: &ChunkRef| -> Result<Arc<Vec<Bucket>>, VaultError> {
            match level {
                Some(level) if selection.range.surely_holds(chunk) && selection.takes_all_of(chunk) => {
                    self.rollup(&selection.key, chunk, level)
                }
                _ => self.partial(selection, chunk, width),
            }
        };
        let partials = selection.chunks.par_iter().map(partial).collect::<Result<Vec<_>, _>>()?;
        let mut buckets: Vec<Bucket> = Vec::new();
        for bucket in partials.iter().flat_map(|partial| partial.iter()) {
            let at = floor(bucket.at, width);
            // In nearly every case chunks follow each other in time.
            let place = match buckets.last() {
                Some(last) if last.at == at => buckets.len() - 1,
                Some(last) if last.at > at => buckets.partition_point(|known| known.at < at),
                _ => buckets.len(),
            };
            if buckets.get(place).is_none_or(|known| known.at != at) {
                buckets.insert(place, Bucket::empty(at));
            }
            buckets[place].merge(bucket);
        }
        Ok(buckets)
    }

    fn partial(&self, selection: &Selection, chunk: &ChunkRef, width: i64) -> Result<Arc<Vec<Bucket>>, VaultError> {
        let range = &selection.range;
        if selection.takes_all_of(chunk) {
            let front = self.front(&selection.key, chunk)?;
            let (within, exact) = range.within(&front);
            let keep = |i: usize| exact || range.has(front.start[i], front.zone.at(i));
            return Ok(Arc::new(accumulate(&front, within, width, keep)));
        }
        let open = self.chunk(&selection.key, chunk)?;
        let counts = self.sources_that_count(selection, &open);
        let keep =
            |i: usize| range.has(open.front.start[i], open.front.zone.at(i)) && counts[open.back.source[i] as usize];
        Ok(Arc::new(accumulate(&open.front, 0..open.len(), width, keep)))
    }

    /// A chunk's roll-up, from the memo or made now.
    fn rollup(&self, key: &StreamSeal, chunk: &ChunkRef, level: Level) -> Result<Arc<Vec<Bucket>>, VaultError> {
        if let Some(buckets) = self.rollups().get(&self.rollup_keys, &chunk.id, level) {
            return Ok(buckets);
        }
        let front = self.front(key, chunk)?;
        let nonces = std::array::from_fn(|_| self.seal.fresh.nonce());
        let prepared = self.rollup_keys.prepare(&chunk.id, &front, nonces);
        let wanted = prepared.iter().find(|each| each.level() == level).map(crate::rollup::Prepared::buckets);
        self.rollups().put(prepared);
        Ok(wanted.unwrap_or_default())
    }

    /// Milliseconds per label and bucket, where values are categories; the label's observations count by their start.
    pub fn labels(&self, selection: &Selection, width: i64) -> Result<BTreeMap<i64, LabelBucket>, VaultError> {
        let mut buckets = BTreeMap::<i64, LabelBucket>::new();
        self.each(selection, |found| {
            let wall = found.start().wall(found.zone());
            let bucket = buckets.entry(floor(wall, width)).or_default();
            bucket.count += 1;
            if let Values::Text { distinct, index } = &found.chunk.front.values {
                let label = &distinct[index[found.index] as usize];
                let duration = found.chunk.back.duration[found.index];
                match bucket.ms.get_mut(label) {
                    Some(ms) => *ms += duration,
                    None => drop(bucket.ms.insert(label.clone(), duration)),
                }
            }
            ControlFlow::Continue(())
        })?;
        Ok(buckets)
    }

    /// Texts of the selection that `wanted` likes, each with how often it is there and the wall-clock start of its first
    /// and last observation, in the order of their first. Opens fronts only.
    pub fn texts(
        &self,
        selection: &Selection,
        wanted: impl Fn(&str) -> bool + Sync,
    ) -> Result<Vec<TextFound>, VaultError> {
        let partial = |chunk: &ChunkRef| -> Result<Vec<TextFound>, VaultError> {
            let front = self.front(&selection.key, chunk)?;
            let Values::Text { distinct, index } = &front.values else { return Ok(Vec::new()) };
            let mut found: Vec<Option<TextFound>> = distinct
                .iter()
                .map(|text| {
                    let none = TextFound { text: text.clone(), count: 0, first: i64::MAX, last: i64::MIN };
                    wanted(text).then_some(none)
                })
                .collect();
            for (i, text) in index.iter().enumerate() {
                let zone = front.zone.at(i);
                if let Some(found) = &mut found[*text as usize]
                    && selection.range.has(front.start[i], zone)
                {
                    let wall = front.start[i] + zone.as_ms();
                    found.count += 1;
                    (found.first, found.last) = (found.first.min(wall), found.last.max(wall));
                }
            }
            Ok(found.into_iter().flatten().filter(|found| found.count > 0).collect())
        };
        let partials = selection.chunks.par_iter().map(partial).collect::<Result<Vec<_>, _>>()?;
        let mut all: HashMap<Box<str>, TextFound> = HashMap::new();
        for found in partials.into_iter().flatten() {
            let known = all.entry(found.text.clone());
            known
                .and_modify(|known| {
                    known.count += found.count;
                    (known.first, known.last) = (known.first.min(found.first), known.last.max(found.last));
                })
                .or_insert(found);
        }
        let mut all: Vec<TextFound> = all.into_values().collect();
        all.sort_by(|a, b| (a.first, &a.text).cmp(&(b.first, &b.text)));
        Ok(all)
    }

    /// How many observations the selection has. Opens only the chunks that lie in the range with a part.
    pub fn count(&self, selection: &Selection) -> Result<u64, VaultError> {
        let counted = |chunk: &ChunkRef| -> Result<u64, VaultError> {
            if selection.range.surely_holds(chunk) && selection.takes_all_of(chunk) {
                return Ok(u64::from(chunk.count));
            }
            let open = self.chunk(&selection.key, chunk)?;
            let counts = self.sources_that_count(selection, &open);
            let here = |i: &usize| {
                selection.range.has(open.front.start[*i], open.front.zone.at(*i))
                    && counts[open.back.source[*i] as usize]
            };
            Ok((0..open.len()).filter(here).count() as u64)
        };
        Ok(selection.chunks.par_iter().map(counted).collect::<Result<Vec<_>, _>>()?.into_iter().sum())
    }

    /// Calls `take` with every observation of the selection, in order of their starts, until it has had enough.
    pub fn each(
        &self,
        selection: &Selection,
        mut take: impl FnMut(Found<'_>) -> ControlFlow<()>,
    ) -> Result<(), VaultError> {
        let mut chunks: Vec<&ChunkRef> = selection.chunks.iter().collect();
        chunks.sort_by_key(|chunk| chunk.first);
        let mut rest = chunks.as_slice();
        while !rest.is_empty() {
            // Chunks that overlap each other have to be read together.
            let mut last = rest[0].last;
            let mut count = 1;
            while let Some(next) = rest.get(count).filter(|next| next.first <= last) {
                last = last.max(next.last);
                count += 1;
            }
            let (together, after) = rest.split_at(count);
            rest = after;
            if self.each_of(selection, together, &mut take)?.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn each_of(
        &self,
        selection: &Selection,
        together: &[&ChunkRef],
        take: &mut impl FnMut(Found<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, VaultError> {
        let open = together
            .par_iter()
            .map(|chunk| self.chunk(&selection.key, chunk))
            .collect::<Result<Vec<_>, VaultError>>()?;
        let mut places: Vec<(i64, u32, u32)> = Vec::new();
        for (which, chunk) in open.iter().enumerate() {
            let counts = self.sources_that_count(selection, chunk);
            let (within, exact) = selection.range.within(&chunk.front);
            for i in within {
                let start = chunk.front.start[i];
                let inside = exact || selection.range.has(start, chunk.front.zone.at(i));
                if inside && counts[chunk.back.source[i] as usize] {
                    places.push((start, which as u32, i as u32));
                }
            }
        }
        if open.len() > 1 {
            places.sort_unstable();
        }
        for (_, which, i) in places {
            let found = Found { at: together[which as usize], chunk: &open[which as usize], index: i as usize };
            if take(found).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn sources_that_count(&self, selection: &Selection, chunk: &OpenChunk) -> Vec<bool> {
        let Some(sources) = &selection.sources else { return vec![true; chunk.back.sources.len()] };
        let index = self.index();
        let wanted: Vec<Vec<u8>> = sources.iter().map(|i| index.sources[*i as usize].to_canonical()).collect();
        chunk.back.sources.iter().map(|source| wanted.contains(source)).collect()
    }

    /// Calls `take` with the observation that starts nearest to `edge` (the earlier one of two equally near), and with
    /// how many others start at the same instant.
    pub fn nearest<T>(
        &self,
        stream: &StreamId,
        edge: Edge,
        take: impl FnOnce(Found<'_>, u32) -> T,
    ) -> Result<T, VaultError> {
        let selection = self.select(stream, Range::default(), None)?;
        let (early, late) = edge.instants();
        // How far the nearest observation of a chunk can be at least.
        let at_least =
            |chunk: &ChunkRef| (chunk.first.0.saturating_sub(late)).max(early.saturating_sub(chunk.last.0)).max(0);
        let mut chunks: Vec<&ChunkRef> = selection.chunks.iter().collect();
        chunks.sort_by_key(|chunk| at_least(chunk));
        let mut best: Option<(i64, i64, &ChunkRef, OpenChunk, usize)> = None;
        let mut same = 0;
        for chunk in chunks {
            if best.as_ref().is_some_and(|best| at_least(chunk) > best.0) {
                break;
            }
            let open = self.chunk(&selection.key, chunk)?;
            let distance = |i: usize| edge.after(open.front.start[i], open.front.zone.at(i)).saturating_abs();
            let Some(i) = (0..open.len()).min_by_key(|i| (distance(*i), open.front.start[*i])) else { continue };
            let (start, equal) = (open.front.start[i], open.front.start.iter().filter(|s| **s == open.front.start[i]));
            let equal = equal.count() as u32;
            match &best {
                Some(known) if known.1 == start => same += equal,
                Some(known) if (known.0, known.1) <= (distance(i), start) => {}
                _ => {
                    same = equal;
                    best = Some((distance(i), start, chunk, open, i));
                }
            }
        }
        let (_, _, at, chunk, index) = best.ok_or(VaultError::NoObservation)?;
        Ok(take(Found { at, chunk: &chunk, index }, same.saturating_sub(1)))
    }
}

/// A text, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFound {
    /// The text.
    pub text: Box<str>,
    /// Observations that have it.
    pub count: u64,
    /// Wall-clock start of the first.
    pub first: i64,
    /// Wall-clock start of the last.
    pub last: i64,
}

/// How long each label lasted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelBucket {
    /// Observations that start in the bucket.
    pub count: u64,
    /// Milliseconds per label.
    pub ms: BTreeMap<Box<str>, i64>,
}

impl Selection {
    fn takes_all_of(&self, chunk: &ChunkRef) -> bool {
        self.sources.as_ref().is_none_or(|sources| chunk.sources.iter().all(|source| sources.contains(source)))
    }

    /// How many sources its chunks have that count.
    #[must_use]
    pub fn source_count(&self) -> usize {
        let counts = |source: &&u32| self.sources.as_ref().is_none_or(|sources| sources.contains(source));
        let all = self.chunks.iter().flat_map(|chunk| &chunk.sources).filter(counts);
        all.collect::<std::collections::BTreeSet<_>>().len()
    }

    /// About how many observations there are at most.
    #[must_use]
    pub fn at_most(&self) -> u64 {
        self.chunks.iter().map(|chunk| u64::from(chunk.count)).sum()
    }

    /// Opens every chunk's front in turn: what a full reading of a range costs, for measuring.
    pub fn fronts<'v>(&'v self, vault: &'v Vault) -> impl Iterator<Item = Result<Front, VaultError>> + 'v {
        self.chunks.iter().map(|chunk| vault.front(&self.key, chunk))
    }
}
