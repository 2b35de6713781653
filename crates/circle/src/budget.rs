//! How much one author may bring: enough for people, too little for a flood.

use didymos_base::time::HOUR_MS;
use didymos_base::{Did, Timestamp};
use std::collections::BTreeMap;

/// So many envelopes at once, and so many more each hour.
const ENVELOPES_MAX: i64 = 4_096;
const ENVELOPES_PER_HOUR: i64 = 512;
/// So many bytes at once, and so many more each hour.
const BYTES_MAX: i64 = 16 * 1024 * 1024;
const BYTES_PER_HOUR: i64 = 2 * 1024 * 1024;

#[derive(Clone, Copy)]
struct Left {
    envelopes: i64,
    bytes: i64,
    at: Timestamp,
}

/// What is left to each author.
#[derive(Default)]
pub(crate) struct Budget(BTreeMap<Did, Left>);

impl Budget {
    /// Whether one more envelope of so many bytes is within bounds; it is charged if so.
    pub(crate) fn charge(&mut self, author: &Did, bytes: usize, now: Timestamp) -> bool {
        let full = Left { envelopes: ENVELOPES_MAX, bytes: BYTES_MAX, at: now };
        let left = self.0.entry(author.clone()).or_insert(full);
        // A clock that is set back gives nothing and takes nothing.
        let passed = now.0.saturating_sub(left.at.0).clamp(0, 24 * HOUR_MS);
        let (envelopes, more) = (passed * ENVELOPES_PER_HOUR / HOUR_MS, passed * BYTES_PER_HOUR / HOUR_MS);
        if envelopes > 0 {
            left.envelopes = (left.envelopes + envelopes).min(ENVELOPES_MAX);
            left.bytes = (left.bytes + more).min(BYTES_MAX);
            left.at = now;
        }
        let within = left.envelopes > 0 && left.bytes >= bytes as i64;
        if within {
            left.envelopes -= 1;
            left.bytes -= bytes as i64;
        }
        within
    }
}
