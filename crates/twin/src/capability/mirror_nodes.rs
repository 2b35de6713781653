//! What becomes a node of the graph, gathered into hours and days, and remembered: what a new import brings is added
//! without reading the old again.
//!
//! Nodes are streams of numbers, the labels of categories that last longest, kinds of events, places where the owner
//! stays, and the arms of experiments.

use super::mirror_experiments::arms_by_day;
use crate::Twin;
use crate::capability::agenda;
use crate::door::{Failure, FailureCode, Progress, Watch};
use didymos_base::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use didymos_base::{Digest, Kind, StreamId, Value};
use didymos_mirror::features::{Column, Gatherer, Grid, How};
use didymos_mirror::places::{Fix, places};
use didymos_vault::timeline::{Found, Range};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

/// Nodes at most, those with the most observations first.
const NODES: usize = 24;
/// Labels of one stream, kinds of one stream's events, and places that become nodes at most.
const LABELS: usize = 3;
const KINDS: usize = 3;
const PLACES: usize = 3;
/// Positions looked at.
const FIXES_MOST: usize = 5_000_000;

/// What of a stream a node is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum What {
    Numbers,
    Label(String),
    Event(String),
}

/// What a node tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Numbers of a stream.
    Numbers,
    /// Minutes of a label.
    Label,
    /// How often something happened.
    Event,
    /// Minutes at a place.
    Place,
}

/// A node hour by hour.
pub(crate) struct Hourly {
    pub(crate) name: String,
    pub(crate) sort: Sort,
    pub(crate) column: Column,
}

/// A node's observations so far.
struct Node {
    name: String,
    what: What,
    how: How,
    hours: Gatherer,
    days: Gatherer,
}

/// All nodes of one stream, and which chunks they have.
struct Gathered {
    chunks: Vec<Digest>,
    nodes: Vec<Node>,
    sources: HashMap<Vec<u8>, usize>,
    span: Option<(i64, i64)>,
}

/// What is remembered of every stream.
#[derive(Default)]
pub(crate) struct Nodes {
    source: Option<String>,
    streams: HashMap<StreamId, Gathered>,
}

impl Nodes {
    /// Reads what is new, or everything where that is not enough.
    pub(crate) fn update(&mut self, twin: &Twin, source: Option<&str>, watch: Watch<'_>) -> Result<(), Failure> {
        if self.source.as_deref() != source {
            *self = Self { source: source.map(str::to_owned), streams: HashMap::new() };
        }
        let mut wanted: Vec<(u64, StreamId, Vec<Digest>)> = {
            let index = twin.vault.index();
            let useful = |of: &&didymos_vault::StreamChunks| of.count > 0 && of.stream.kind != Kind::Text;
            let chunks = |of: &didymos_vault::StreamChunks| of.chunks.iter().map(|chunk| chunk.id).collect();
            index.streams.iter().filter(useful).map(|of| (of.count, of.stream.id.clone(), chunks(of))).collect()
        };
        wanted.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
        wanted.truncate(NODES);
        self.streams.retain(|id, _| wanted.iter().any(|(_, wanted, _)| wanted == id));
        let of = wanted.len() as u64;
        for (done, (_, id, chunks)) in wanted.into_iter().enumerate() {
            let doing = Progress { doing: "reading".into(), unit: "streams".into(), done: done as u64, of };
            if watch(doing).is_break() {
                return Err(Failure::new(FailureCode::Stopped, "stopped; nothing was changed"));
            }
            let known = self.streams.get_mut(&id);
            let grows = known.as_ref().is_some_and(|known| chunks.starts_with(&known.chunks));
            match known {
                Some(known) if grows => known.add(twin, &id, source, chunks)?,
                _ => {
                    if let Some(new) = Gathered::read(twin, &id, source, chunks)? {
                        self.streams.insert(id, new);
                    } else {
                        self.streams.remove(&id);
                    }
                }
            }
        }
        Ok(())
    }

    /// First and last moment of everything, on the wall clock.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        let spans = self.streams.values().filter_map(|of| of.span);
        spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Every node on a grid of hours, in the order of their names, with what it tells of.
    pub(crate) fn hourly(&self, grid: &Grid) -> Vec<Hourly> {
        let mut all: Vec<Hourly> = Vec::new();
        for node in self.streams.values().flat_map(|of| &of.nodes) {
            let sort = match node.what {
                What::Numbers if node.name.starts_with("place ") => Sort::Place,
                What::Numbers => Sort::Numbers,
                What::Label(_) => Sort::Label,
                What::Event(_) => Sort::Event,
            };
            all.push(Hourly { name: node.name.clone(), sort, column: node.hours.column(grid, node.how) });
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// Every node on this grid, in the order of their names.
    pub(crate) fn columns(&self, twin: &Twin, grid: &Grid) -> Result<Vec<(String, Column)>, Failure> {
        let mut columns: BTreeMap<String, Column> = BTreeMap::new();
        for node in self.streams.values().flat_map(|of| &of.nodes) {
            let gatherer = if grid.step == DAY_MS { &node.days } else { &node.hours };
            columns.insert(node.name.clone(), gatherer.column(grid, node.how));
        }
        if grid.step == DAY_MS {
            for (name, first, days) in arms_by_day(twin)? {
                let at = |day: usize| {
                    let day = grid.time(day).div_euclid(DAY_MS) - first;
                    usize::try_from(day).ok().and_then(|day| days.get(day)).map(|on| f64::from(u8::from(*on)))
                };
                columns.insert(name, Column::from_options((0..grid.len).map(at)));
            }
        }
        Ok(columns.into_iter().collect())
    }
}

impl Gathered {
    fn read(twin: &Twin, id: &StreamId, source: Option<&str>, chunks: Vec<Digest>) -> Result<Option<Self>, Failure> {
        let kind = {
            let index = twin.vault.index();
            index.stream(id).map(|of| of.stream.kind)
        };
        let Some(kind) = kind else { return Ok(None) };
        if kind == Kind::Position {
            return positions(twin, id, source, chunks).map(Some);
        }
        let whats = match kind {
            Kind::Reading | Kind::Total => vec![(id.to_string(), What::Numbers)],
            // What is planned is no observation of the owner, and comes again without being written again.
            Kind::Event if id.as_str() == agenda::STREAM => Vec::new(),
            Kind::Event => {
                let kinds = kinds(twin, id, source)?;
                kinds.into_iter().map(|kind| (format!("{id}: {kind}"), What::Event(kind))).collect()
            }
            _ => {
                let labels = longest_labels(twin, id)?;
                labels.into_iter().map(|label| (format!("{id}: {label}"), What::Label(label))).collect()
            }
        };
        let how = if kind == Kind::Reading { How::Mean } else { How::Sum };
        let node = |(name, what): (String, What)| Node {
            name,
            what,
            how,
            hours: Gatherer::new(HOUR_MS),
            days: Gatherer::new(DAY_MS),
        };
        let nodes = whats.into_iter().map(node).collect();
        let mut gathered = Self { chunks: Vec::new(), nodes, sources: HashMap::new(), span: None };
        gathered.add(twin, id, source, chunks)?;
        Ok(Some(gathered))
    }

    /// Takes in the chunks that are not in yet.
    fn add(&mut self, twin: &Twin, id: &StreamId, source: Option<&str>, chunks: Vec<Digest>) -> Result<(), Failure> {
        if chunks.len() == self.chunks.len() {
            return Ok(());
        }
        if self.nodes.iter().any(|node| node.name.starts_with("place ")) {
            // Places move with every position.
            *self = positions(twin, id, source, chunks)?;
            return Ok(());
        }
        let known: HashSet<Digest> = self.chunks.iter().copied().collect();
        let mut selection = twin.vault.select(id, Range::default(), source)?;
        selection.without(&known);
        let kind = selection.stream.kind;
        let until = twin.now().0 + DAY_MS;
        twin.vault.each(&selection, |found| {
            if found.start().0 <= until {
                self.take(&found, &found.chunk.front.value(kind, found.index));
            }
            ControlFlow::Continue(())
        })?;
        self.chunks = chunks;
        Ok(())
    }

    fn take(&mut self, found: &Found<'_>, value: &Value) {
        let (start, end) = (found.start().wall(found.zone()), found.end().wall(found.zone()));
        let (duration, at) = (end - start, (end - 1).max(start));
        let next = self.sources.len();
        let source = match self.sources.get(found.source()) {
            Some(source) => *source,
            None => *self.sources.entry(found.source().to_vec()).or_insert(next),
        };
        for node in &mut self.nodes {
            let amount = match (&node.what, value) {
                (What::Numbers, Value::Number(number)) => *number,
                (What::Label(label), Value::Category(text)) if **text == **label => duration as f64 / MINUTE_MS as f64,
                (What::Event(kind), Value::Event(text)) if event_kind(text) == *kind => 1.0,
                _ => continue,
            };
            // What was counted over much longer than a bucket says nothing about single buckets.
            for (gatherer, step) in [(&mut node.hours, HOUR_MS), (&mut node.days, DAY_MS)] {
                if duration <= step + step / 2 {
                    gatherer.add(source, at, amount);
                }
            }
            let span = self.span.unwrap_or((at, at));
            self.span = Some((span.0.min(at), span.1.max(at)));
        }
    }
}

/// What an event is called: its activity, type or name; `event` where it says none.
fn event_kind(text: &str) -> String {
    let parsed: Option<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(text).ok();
    let named = parsed.and_then(|map| {
        ["activity", "type", "kind", "name"].iter().find_map(|key| map.get(*key)?.as_str().map(str::to_owned))
    });
    named.filter(|name| !name.is_empty() && name.chars().count() <= 60).unwrap_or_else(|| "event".to_owned())
}

/// The most frequent kinds of a stream's events.
fn kinds(twin: &Twin, id: &StreamId, source: Option<&str>) -> Result<Vec<String>, Failure> {
    let selection = twin.vault.select(id, Range::default(), source)?;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    twin.vault.each(&selection, |found| {
        if let Value::Event(text) = found.chunk.front.value(selection.stream.kind, found.index) {
            *counts.entry(event_kind(&text)).or_default() += 1;
        }
        ControlFlow::Continue(())
    })?;
    let mut kinds: Vec<(u64, String)> = counts.into_iter().map(|(kind, count)| (count, kind)).collect();
    kinds.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
    Ok(kinds.into_iter().take(KINDS).map(|(_, kind)| kind).collect())
}

fn longest_labels(twin: &Twin, stream: &StreamId) -> Result<Vec<String>, Failure> {
    let selection = twin.vault.select(stream, Range::default(), None)?;
    let mut lasted: BTreeMap<String, i64> = BTreeMap::new();
    for bucket in twin.vault.labels(&selection, 7 * DAY_MS)?.into_values() {
        for (label, ms) in bucket.ms {
            *lasted.entry(label.into()).or_default() += ms;
        }
    }
    let mut labels: Vec<(i64, String)> = lasted.into_iter().map(|(label, ms)| (ms, label)).collect();
    labels.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
    Ok(labels.into_iter().take(LABELS).map(|(_, label)| label).collect())
}

/// Places where the owner stays, as minutes there; hours with a position and no stay count as none.
fn positions(twin: &Twin, id: &StreamId, source: Option<&str>, chunks: Vec<Digest>) -> Result<Gathered, Failure> {
    let selection = twin.vault.select(id, Range::default(), source)?;
    let mut fixes = Vec::new();
    twin.vault.each(&selection, |found| {
        if let Value::Position { lat, lon } = found.chunk.front.value(selection.stream.kind, found.index) {
            fixes.push(Fix { at: found.start().wall(found.zone()), lat, lon });
        }
        if fixes.len() < FIXES_MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    fixes.sort_by_key(|fix| fix.at);
    let span = fixes.first().zip(fixes.last()).map(|(first, last)| (first.at, last.at));
    let (found, stays) = places(&fixes);
    let mut nodes = Vec::new();
    for (at, place) in found.iter().enumerate().take(PLACES) {
        let mut node = Node {
            name: format!("place {}: {:.3}, {:.3}", at + 1, place.lat, place.lon),
            what: What::Numbers,
            how: How::Sum,
            hours: Gatherer::new(HOUR_MS),
            days: Gatherer::new(DAY_MS),
        };
        for stay in stays.iter().filter(|stay| stay.place == at) {
            let mut from = stay.from;
            while from < stay.to {
                let to = ((from.div_euclid(HOUR_MS) + 1) * HOUR_MS).min(stay.to);
                let minutes = (to - from) as f64 / MINUTE_MS as f64;
                node.hours.add(0, from, minutes);
                node.days.add(0, from, minutes);
                from = to;
            }
        }
        nodes.push(node);
    }
    Ok(Gathered { chunks, nodes, sources: HashMap::new(), span })
}
