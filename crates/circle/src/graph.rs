//! The graph of envelopes: who has seen what when they wrote, and so what comes before what.
//!
//! Every envelope names the newest ones that its author had seen. An envelope is placed once all that it names is
//! there; until then it waits. The order shown is by height and then by id: causes come before effects, and the rest
//! lies the same on every twin.

use crate::wire::{Body, Envelope, PARENTS_MAX};
use didymos_base::{Did, Digest};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The most envelopes that wait for others; more are dropped, and come again when their parents are there.
pub(crate) const WAITING_MAX: usize = 512;

/// An envelope in its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) author: Did,
    pub(crate) seq: u64,
    pub(crate) height: u64,
    pub(crate) parents: Vec<Digest>,
    pub(crate) epoch: Digest,
    pub(crate) number: u64,
    pub(crate) kind: Kind,
}

/// What an envelope holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Message,
    Commit,
    Leave,
}

/// One author's envelopes.
#[derive(Clone, Debug, Default)]
struct Line {
    /// So many are there, or lie before this device's time, without a gap.
    whole: u64,
    /// By number. More than one of a number: the author told different people different things.
    ids: BTreeMap<u64, Vec<Digest>>,
}

/// Every envelope of a circle.
#[derive(Default)]
pub(crate) struct Graph {
    nodes: HashMap<Digest, Node>,
    lines: BTreeMap<Did, Line>,
    heads: BTreeSet<Digest>,
    /// Every envelope that another one names.
    named: HashSet<Digest>,
    waiting: BTreeMap<Digest, Envelope>,
}

impl Graph {
    pub(crate) fn get(&self, id: &Digest) -> Option<&Node> {
        self.nodes.get(id)
    }

    pub(crate) fn has(&self, id: &Digest) -> bool {
        self.nodes.contains_key(id)
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What lies before this device's time counts as there.
    pub(crate) fn before(&mut self, before: &[(Did, u64)]) {
        for (author, count) in before {
            let line = self.lines.entry(author.clone()).or_default();
            line.whole = line.whole.max(*count);
            self.close(author);
        }
    }

    fn close(&mut self, author: &Did) {
        if let Some(line) = self.lines.get_mut(author) {
            while line.ids.contains_key(&(line.whole + 1)) {
                line.whole += 1;
            }
        }
    }

    /// Of each author's envelopes, how many are there without a gap.
    pub(crate) fn have(&self) -> Vec<(Did, u64)> {
        self.lines.iter().filter(|(_, line)| line.whole > 0).map(|(did, line)| (did.clone(), line.whole)).collect()
    }

    pub(crate) fn whole(&self, author: &Did) -> u64 {
        self.lines.get(author).map_or(0, |line| line.whole)
    }

    /// How many different envelopes of this author have this number.
    pub(crate) fn same(&self, author: &Did, seq: u64) -> usize {
        self.lines.get(author).and_then(|line| line.ids.get(&seq)).map_or(0, Vec::len)
    }

    pub(crate) fn heads(&self) -> impl Iterator<Item = &Digest> {
        self.heads.iter()
    }

    /// Places an envelope whose parents are there, or need not be.
    pub(crate) fn place(&mut self, id: Digest, envelope: &Envelope) {
        let header = &envelope.header;
        let kind = match envelope.body {
            Body::Message(_) => Kind::Message,
            Body::Commit { .. } => Kind::Commit,
            Body::Leave => Kind::Leave,
        };
        for parent in &header.parents {
            self.heads.remove(parent);
            self.named.insert(*parent);
        }
        // What comes late may be named already.
        if !self.named.contains(&id) {
            self.heads.insert(id);
        }
        let line = self.lines.entry(header.author.clone()).or_default();
        line.ids.entry(header.seq).or_default().push(id);
        let node = Node {
            author: header.author.clone(),
            seq: header.seq,
            height: header.height,
            parents: header.parents.clone(),
            epoch: header.epoch,
            number: header.number,
            kind,
        };
        self.nodes.insert(id, node);
        self.close(&header.author);
        self.waiting.remove(&id);
    }

    /// The newest envelopes as parents of the next one: all heads, or the highest and our own last where there are too
    /// many.
    pub(crate) fn parents(&self, me: &Did) -> Vec<Digest> {
        let mut heads: Vec<Digest> = self.heads.iter().copied().collect();
        if heads.len() > PARENTS_MAX {
            let own = |id: &Digest| self.nodes.get(id).is_some_and(|node| node.author == *me);
            heads.sort_by_key(|id| (!own(id), std::cmp::Reverse(self.nodes.get(id).map_or(0, |node| node.height))));
            heads.truncate(PARENTS_MAX);
            heads.sort();
        }
        heads
    }

    pub(crate) fn height_over(&self, parents: &[Digest]) -> u64 {
        1 + parents.iter().filter_map(|id| self.nodes.get(id)).map(|node| node.height).max().unwrap_or_default()
    }

    /// Lets an envelope wait for its parents; false where too many wait.
    pub(crate) fn wait(&mut self, id: Digest, envelope: Envelope) -> bool {
        if self.waiting.len() >= WAITING_MAX && !self.waiting.contains_key(&id) {
            return false;
        }
        self.waiting.insert(id, envelope);
        true
    }

    pub(crate) fn waits(&self, id: &Digest) -> bool {
        self.waiting.contains_key(id)
    }

    /// Takes out the envelopes that wait and whose parents are all there.
    pub(crate) fn ready(&mut self) -> Vec<(Digest, Envelope)> {
        let ready = |envelope: &Envelope| envelope.header.parents.iter().all(|parent| self.nodes.contains_key(parent));
        let ids: Vec<Digest> = self.waiting.iter().filter(|(_, envelope)| ready(envelope)).map(|(id, _)| *id).collect();
        ids.into_iter().filter_map(|id| Some((id, self.waiting.remove(&id)?))).collect()
    }

    /// Envelopes that others which wait name, and that are not there.
    pub(crate) fn missing(&self) -> BTreeSet<Digest> {
        let parents = self.waiting.values().flat_map(|envelope| &envelope.header.parents);
        parents.filter(|id| !self.nodes.contains_key(id) && !self.waiting.contains_key(id)).copied().collect()
    }

    /// What somebody who has so much lacks, parents first, at most so many.
    pub(crate) fn lacking(&self, have: &[(Did, u64)], want: &[Digest], most: usize) -> Vec<Digest> {
        let mut found: BTreeSet<(u64, Digest)> = BTreeSet::new();
        for (author, line) in &self.lines {
            let known = have.binary_search_by(|one| one.0.cmp(author)).map_or(0, |at| have[at].1);
            for id in line.ids.range(known + 1..).flat_map(|(_, ids)| ids) {
                found.insert((self.nodes.get(id).map_or(0, |node| node.height), *id));
            }
        }
        for id in want {
            if let Some(node) = self.nodes.get(id) {
                found.insert((node.height, *id));
            }
        }
        found.into_iter().map(|(_, id)| id).take(most).collect()
    }

    /// Whether the author of `later` had seen `earlier`.
    pub(crate) fn precedes(&self, earlier: &Digest, later: &Digest) -> bool {
        let Some(height) = self.nodes.get(earlier).map(|node| node.height) else { return false };
        let (mut todo, mut done) = (vec![*later], HashSet::new());
        while let Some(id) = todo.pop() {
            if id == *earlier {
                return true;
            }
            let Some(node) = self.nodes.get(&id) else { continue };
            if node.height > height && done.insert(id) {
                todo.extend(&node.parents);
            }
        }
        false
    }

    /// Whether the author of an envelope with these parents had seen `earlier`.
    pub(crate) fn precedes_any(&self, earlier: &Digest, parents: &[Digest]) -> bool {
        parents.iter().any(|parent| self.precedes(earlier, parent))
    }

    /// Of each author's envelopes, how many lie at or before a place in the order, without a gap.
    pub(crate) fn up_to(&self, place: (u64, Digest)) -> Vec<(Did, u64)> {
        let before = |id: &Digest| self.nodes.get(id).is_some_and(|node| (node.height, *id) <= place);
        let count = |line: &Line| {
            let mut count = 0;
            for seq in 1..=line.whole {
                match line.ids.get(&seq) {
                    Some(ids) if !ids.iter().any(before) => break,
                    _ => count = seq,
                }
            }
            count
        };
        let counts = self.lines.iter().map(|(did, line)| (did.clone(), count(line)));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// Messages that were not opened, of an author.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (&Digest, &Node)> {
        self.nodes.iter()
    }
}
