//! What was worked out for a few byte strings, found again quickly.

use std::collections::HashMap;

/// How many of the latest entries are compared one by one before hashing.
const RECENT: usize = 12;

/// A table from `N` byte strings to a value. A health export repeats a handful of types and devices a million times
/// in a row, so the latest few are compared byte for byte, which is several times cheaper than hashing 150 bytes.
pub(crate) struct Lookup<const N: usize, V> {
    entries: Vec<([Box<[u8]>; N], V)>,
    index: HashMap<Vec<u8>, usize>,
    recent: Vec<usize>,
    scratch: Vec<u8>,
    limit: usize,
}

impl<const N: usize, V> Lookup<N, V> {
    /// An empty table that takes up to `limit` entries: a hostile file has a new name in every record.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            entries: Vec::new(),
            index: HashMap::new(),
            recent: Vec::with_capacity(RECENT),
            scratch: Vec::new(),
            limit,
        }
    }

    pub(crate) fn find(&mut self, key: [&[u8]; N]) -> Option<usize> {
        for place in 0..self.recent.len() {
            let at = self.recent[place];
            if self.entries[at].0.iter().zip(key).all(|(known, asked)| **known == *asked) {
                if place > 0 {
                    self.recent.swap(place, place - 1);
                }
                return Some(at);
            }
        }
        self.join(key);
        let at = *self.index.get(&self.scratch)?;
        if let Some(last) = self.recent.last_mut() {
            *last = at;
        }
        Some(at)
    }

    /// Adds what [`Lookup::find`] did not find; `None` when the table is full.
    pub(crate) fn add(&mut self, key: [&[u8]; N], value: V) -> Option<usize> {
        if self.entries.len() >= self.limit {
            return None;
        }
        let at = self.entries.len();
        self.join(key);
        self.index.insert(self.scratch.clone(), at);
        self.entries.push((key.map(Into::into), value));
        if self.recent.len() < RECENT {
            self.recent.push(at);
        }
        Some(at)
    }

    pub(crate) fn get(&self, at: usize) -> &V {
        &self.entries[at].1
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> &mut V {
        &mut self.entries[at].1
    }

    /// One key of several, with lengths so that no two run together alike.
    fn join(&mut self, key: [&[u8]; N]) {
        self.scratch.clear();
        for part in key {
            self.scratch.extend_from_slice(&part.len().to_le_bytes());
            self.scratch.extend_from_slice(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_added_and_stops_at_its_limit() {
        let mut table = Lookup::<2, u32>::new(100);
        for round in 0..3 {
            for i in 0..100u32 {
                let key = i.to_string();
                let found = table.find([key.as_bytes(), b"x"]);
                if round == 0 {
                    assert_eq!(found, None);
                    assert!(table.add([key.as_bytes(), b"x"], i).is_some());
                } else {
                    assert_eq!(found.map(|at| *table.get(at)), Some(i));
                }
            }
        }
        assert_eq!(table.find([b"1x", b""]), None);
        assert_eq!(table.add([b"one", b"more"], 0), None);
    }
}
