//! What happened, line by line, and a digest of it: two runs of one seed have one digest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The lines that are kept to be shown.
const KEPT: usize = 400;

/// A record of a run that everything in it writes to.
#[derive(Clone, Default)]
pub struct Trace(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    hasher: blake3::Hasher,
    lines: Vec<String>,
    counts: BTreeMap<&'static str, u64>,
}

impl Trace {
    /// Writes a line.
    pub fn note(&self, line: impl Into<String>) {
        let line = line.into();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.hasher.update(line.as_bytes()).update(b"\n");
        if state.lines.len() >= KEPT * 2 {
            state.lines.drain(..KEPT);
        }
        state.lines.push(line);
    }

    /// Counts something that happened, so that it shows when nothing of a kind does.
    pub fn count(&self, what: &'static str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state.counts.entry(what).or_default() += 1;
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).counts.clone()
    }

    /// The digest of every line so far, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.hasher.finalize().to_hex().to_string()
    }

    /// The last lines.
    #[must_use]
    pub fn last(&self, count: usize) -> Vec<String> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.lines[state.lines.len().saturating_sub(count)..].to_vec()
    }
}
