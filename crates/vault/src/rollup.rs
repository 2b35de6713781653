//! Roll-ups: for every chunk of numbers its count, sum, smallest and largest per quarter of an hour and per day of the
//! owner's wall clock.
//!
//! Every civil offset in use is a multiple of a quarter of an hour, so from these any longer bucket can be put together
//! without opening chunks. They are a memo, not a truth: kept in one sealed file beside the journal, made anew from the
//! chunk whenever missing or unreadable, and safe to delete. Sums are added in the order of the chunk's observations and
//! then of the journal's chunks, so that a rebuilt memo gives the same bits.
//!
//! ```text
//! derived = (magic(4) length(4, LE) name(16) sealed(length))*
//! ```
//! `name` is a keyed hash of chunk and level, so the file does not even tell which objects are numbers.

use crate::Damaged;
use crate::chunk::{Front, Values};
use crate::column::{Order, get_floats, get_ints, put_floats, put_ints};
use crate::disk::{Disk, DiskFile};
use crate::seal::{StreamSeal, VaultKey};
use didymos_base::Digest;
use didymos_base::time::{DAY_MS, MINUTE_MS};
use didymos_identity::Secret32;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Name of the roll-ups' file in the data directory.
pub const DERIVED: &str = "derived";
const MAGIC: [u8; 4] = [0xd1, 0xd7, 0x3a, 0x02];
const HEAD_LEN: u64 = 24;
const MAX_LEN: u32 = 4 << 20;

/// Sums of one stretch of wall-clock time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Its first wall-clock millisecond.
    pub at: i64,
    /// Observations that start in it.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Bucket {
    /// A bucket that holds nothing yet.
    #[must_use]
    pub fn empty(at: i64) -> Self {
        Self { at, count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }

    /// Adds one value.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Adds another bucket's sums.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

/// How fine a roll-up is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// A quarter of an hour.
    Quarter,
    /// A day.
    Day,
}

impl Level {
    /// Its width in milliseconds.
    #[must_use]
    pub fn width(self) -> i64 {
        match self {
            Self::Quarter => 15 * MINUTE_MS,
            Self::Day => DAY_MS,
        }
    }
}

/// Where a moment's bucket begins. Weeks begin on Monday.
#[must_use]
pub fn floor(wall: i64, width: i64) -> i64 {
    // 1970-01-05 was a Monday.
    let origin = if width % (7 * DAY_MS) == 0 { 4 * DAY_MS } else { 0 };
    (wall - origin).div_euclid(width) * width + origin
}

/// Adds observations `range` of a chunk of numbers to buckets of `width`.
pub fn accumulate(
    front: &Front,
    range: std::ops::Range<usize>,
    width: i64,
    keep: impl Fn(usize) -> bool,
) -> Vec<Bucket> {
    let Values::Number(numbers) = &front.values else { return Vec::new() };
    let mut buckets: Vec<Bucket> = Vec::new();
    for i in range {
        if !keep(i) {
            continue;
        }
        let wall = front.start[i] + front.zone.at(i).as_ms();
        let current = buckets.last_mut().filter(|bucket| (bucket.at..bucket.at + width).contains(&wall));
        if let Some(bucket) = current {
            bucket.add(numbers[i]);
            continue;
        }
        let at = floor(wall, width);
        // Wall time runs backwards where an offset changes: the bucket may be there already.
        let place = buckets.partition_point(|bucket| bucket.at < at);
        if buckets.get(place).is_none_or(|bucket| bucket.at != at) {
            buckets.insert(place, Bucket::empty(at));
        }
        buckets[place].add(numbers[i]);
    }
    buckets
}

/// Plaintext of a roll-up.
#[must_use]
pub fn encode(buckets: &[Bucket]) -> Vec<u8> {
    let mut bytes = (buckets.len() as u32).to_le_bytes().to_vec();
    let floats = |pick: fn(&Bucket) -> f64| buckets.iter().map(pick).collect::<Vec<_>>();
    put_ints(&mut bytes, &buckets.iter().map(|bucket| bucket.at).collect::<Vec<_>>(), Order::Rising);
    put_ints(&mut bytes, &buckets.iter().map(|bucket| bucket.count as i64).collect::<Vec<_>>(), Order::Any);
    put_floats(&mut bytes, &floats(|bucket| bucket.sum), Order::Any);
    put_floats(&mut bytes, &floats(|bucket| bucket.min), Order::Any);
    put_floats(&mut bytes, &floats(|bucket| bucket.max), Order::Any);
    bytes
}

/// Reads what [`encode`] wrote; what fuzzing feeds.
pub fn decode(bytes: &[u8]) -> Result<Vec<Bucket>, Damaged> {
    let (count, rest) = bytes.split_first_chunk::<4>().ok_or(Damaged("a roll-up is too short"))?;
    let count = u32::from_le_bytes(*count) as usize;
    if count > crate::chunk::MAX_ROWS {
        return Err(Damaged("a roll-up has an impossible length"));
    }
    let mut from = minicbor::Decoder::new(rest);
    let at = get_ints(&mut from, count)?;
    let counts = get_ints(&mut from, count)?;
    let sum = get_floats(&mut from, count)?;
    let min = get_floats(&mut from, count)?;
    let max = get_floats(&mut from, count)?;
    let bucket = |i| Bucket { at: at[i], count: counts[i] as u64, sum: sum[i], min: min[i], max: max[i] };
    Ok((0..count).map(bucket).collect())
}

/// The keys of the memo: what seals an entry, and what hides which chunk it is of.
pub(crate) struct RollupKeys {
    seal: StreamSeal,
    names: Secret32,
}

/// An entry that is ready to be put.
pub(crate) struct Prepared {
    chunk: Digest,
    level: Level,
    name: [u8; 16],
    sealed: Vec<u8>,
    buckets: Arc<Vec<Bucket>>,
}

impl RollupKeys {
    pub(crate) fn new(key: &VaultKey) -> Self {
        let (seal, names) = key.rollups();
        Self { seal, names }
    }

    fn name(&self, chunk: &Digest, level: Level) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new_keyed(self.names.as_bytes());
        hasher.update(chunk.as_bytes()).update(&level.width().to_le_bytes());
        let mut name = [0; 16];
        hasher.finalize_xof().fill(&mut name);
        name
    }

    /// Rolls a chunk of numbers up at every level.
    pub(crate) fn prepare(&self, chunk: &Digest, front: &Front, nonces: [[u8; 24]; 2]) -> Vec<Prepared> {
        let levels = [Level::Day, Level::Quarter].into_iter().filter(|_| matches!(front.values, Values::Number(_)));
        levels
            .zip(nonces)
            .map(|(level, nonce)| {
                let buckets = Arc::new(accumulate(front, 0..front.len(), level.width(), |_| true));
                let name = self.name(chunk, level);
                let sealed = self.seal.seal(nonce, &name, &encode(&buckets));
                Prepared { chunk: *chunk, level, name, sealed, buckets }
            })
            .collect()
    }
}

/// The memo.
pub(crate) struct Rollups {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    opened: Option<Opened>,
    /// Days are few; they stay in memory once read.
    days: HashMap<Digest, Arc<Vec<Bucket>>>,
}

struct Opened {
    file: Box<dyn DiskFile>,
    end: u64,
    places: HashMap<[u8; 16], (u64, u32)>,
}

impl Rollups {
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: &Path) -> Self {
        Self { disk, path: dir.join(DERIVED), opened: None, days: HashMap::new() }
    }

    /// Opens the file, if that can be done. A memo that cannot be read or written is done without.
    fn opened(&mut self) -> Option<&mut Opened> {
        if self.opened.is_none() {
            let file = self.disk.open(&self.path, true, true).ok()?;
            let len = file.len().ok()?;
            let (mut end, mut places) = (0, HashMap::new());
            let mut head = [0; HEAD_LEN as usize];
            while end + HEAD_LEN <= len && file.read_exact_at(&mut head, end).is_ok() {
                let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
                let next = end + HEAD_LEN + u64::from(size);
                if head[..4] != MAGIC || size > MAX_LEN || next > len {
                    break;
                }
                let mut name = [0; 16];
                name.copy_from_slice(&head[8..]);
                places.insert(name, (end, size));
                end = next;
            }
            self.opened = Some(Opened { file, end, places });
        }
        self.opened.as_mut()
    }

    /// The roll-up of a chunk, if the memo has it.
    pub(crate) fn get(&mut self, keys: &RollupKeys, chunk: &Digest, level: Level) -> Option<Arc<Vec<Bucket>>> {
        if let (Level::Day, Some(buckets)) = (level, self.days.get(chunk)) {
            return Some(buckets.clone());
        }
        let name = keys.name(chunk, level);
        let opened = self.opened()?;
        let (at, len) = *opened.places.get(&name)?;
        let mut sealed = vec![0; len as usize];
        opened.file.read_exact_at(&mut sealed, at + HEAD_LEN).ok()?;
        let plain = keys.seal.open(&name, &sealed).ok()?;
        let buckets = Arc::new(decode(&plain).ok()?);
        if level == Level::Day {
            self.days.insert(*chunk, buckets.clone());
        }
        Some(buckets)
    }

    /// Remembers roll-ups.
    pub(crate) fn put(&mut self, prepared: Vec<Prepared>) {
        for Prepared { chunk, level, name, sealed, buckets } in prepared {
            if level == Level::Day {
                self.days.insert(chunk, buckets);
            }
            let Some(opened) = self.opened() else { continue };
            let mut bytes = MAGIC.to_vec();
            bytes.extend_from_slice(&(sealed.len() as u32).to_le_bytes());
            bytes.extend_from_slice(&name);
            bytes.extend_from_slice(&sealed);
            // Nothing depends on the memo, so it is neither synced nor worth an error.
            if opened.file.write_all_at(&bytes, opened.end).is_ok() {
                opened.places.insert(name, (opened.end, sealed.len() as u32));
                opened.end += bytes.len() as u64;
            }
        }
    }
}

impl Prepared {
    pub(crate) fn level(&self) -> Level {
        self.level
    }

    pub(crate) fn buckets(&self) -> Arc<Vec<Bucket>> {
        self.buckets.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn weeks_begin_on_monday_and_days_at_midnight() {
        let wednesday = 1_714_521_600_000 + 5_000; // 2024-05-01T00:00:05
        assert_eq!(floor(wednesday, DAY_MS), 1_714_521_600_000);
        assert_eq!(floor(wednesday, 7 * DAY_MS), 1_714_521_600_000 - 2 * DAY_MS);
        assert_eq!(floor(-1, DAY_MS), -DAY_MS);
    }

    proptest! {
        #[test]
        fn a_rollup_reads_back_as_written(values in prop::collection::vec((0i64..1_000_000, 1u64..9_000, -1e9f64..1e9), 0..200)) {
            let buckets: Vec<_> = values.into_iter().map(|(at, count, sum)| Bucket { at, count, sum, min: sum, max: sum }).collect();
            prop_assert_eq!(decode(&encode(&buckets)).expect("our own"), buckets);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode(&bytes);
        }
    }
}
