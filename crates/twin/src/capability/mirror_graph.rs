//! The owner as a graph: what goes before what.

use super::agenda;
use super::mirror_streams::{Series, What, read};
use crate::Twin;
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::request::Graph as Asked;
use crate::response::{GraphAnswer, GraphEdge, GraphNode};
use didymos_base::time::{DAY_MS, HOUR_MS};
use didymos_base::{Kind, StreamId};
use didymos_mirror::features::{Column, Grid};
use didymos_mirror::graph::{Edge, Graph, Node, Shape};
use std::collections::BTreeMap;

/// Nodes at most, those with the most observations first.
const NODES: usize = 24;
/// Labels of one stream that become nodes at most, those that last longest first.
const LABELS: usize = 3;
/// Days that a node must be known on.
const FEWEST_DAYS: usize = 14;
/// Buckets of an hour per day that a stream must fill usually, to be looked at by the hour.
const HOURS_A_DAY: usize = 6;
/// Longer ago than this, people were others.
const DAYS_BACK: i64 = 12 * 366;
const SEED: u64 = 1;

pub(crate) fn answer(twin: &Twin, asked: &Asked, watch: Watch<'_>) -> Result<GraphAnswer, Failure> {
    if !(0.001..=0.5).contains(&asked.rate) {
        return Err(Failure::new(FailureCode::Invalid, "the false-discovery rate must lie between 0.001 and 0.5"));
    }
    let wanted = wanted(twin)?;
    let mut series: Vec<(String, Series)> = Vec::new();
    for (i, (name, stream, what)) in wanted.iter().enumerate() {
        let progress =
            Progress { doing: "reading".into(), unit: "streams".into(), done: i as u64, of: wanted.len() as u64 };
        if watch(progress).is_break() {
            return Err(Failure::new(FailureCode::Stopped, "stopped; nothing was changed"));
        }
        let what = match what {
            Wanted::Numbers => What::Numbers,
            Wanted::Label(label) => What::Label(label),
            Wanted::Events => What::Events,
        };
        if let Ok(read) = read(twin, stream, asked.source.as_deref(), what) {
            series.push((name.clone(), read));
        }
    }
    let last = series.iter().map(|(_, series)| series.span.1).max();
    let first = series.iter().map(|(_, series)| series.span.0).min();
    let (Some(first), Some(last)) = (first, last) else {
        return Err(Failure::new(FailureCode::NotFound, "there is nothing to make a graph of: import something first"));
    };
    let first = first.max(last.saturating_sub(DAYS_BACK * DAY_MS));
    let mut answer = GraphAnswer { days: 0, rate: asked.rate, nodes: Vec::new(), edges: Vec::new() };
    let mut nodes: BTreeMap<String, u64> = BTreeMap::new();
    for (step, shape) in [(HOUR_MS, Shape::hours()), (DAY_MS, Shape::days())] {
        let too_long = || Failure::new(FailureCode::Invalid, "the streams span more time than a graph can hold");
        let grid = Grid::over(first, last, step, 1_000_000).ok_or_else(too_long)?;
        let columns: Vec<(String, Column)> =
            series.iter().map(|(name, series)| (name.clone(), series.on(&grid))).collect();
        let columns: Vec<(String, Column)> = columns.into_iter().filter(|(_, column)| fills(column, &grid)).collect();
        for (name, column) in &columns {
            let days = known_days(column, &grid) as u64;
            nodes.entry(name.clone()).and_modify(|known| *known = (*known).max(days)).or_insert(days);
        }
        let graph = grow(&columns, &grid, shape)?;
        answer.days = answer.days.max(graph.days() as u64);
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        answer.edges.extend(graph.edges(asked.rate, SEED).iter().filter_map(|edge| described(edge, &names, step)));
    }
    if nodes.is_empty() {
        let message = format!("no stream is known on {FEWEST_DAYS} days or more, which a graph needs at least");
        return Err(Failure::new(FailureCode::Invalid, message));
    }
    answer.nodes = nodes.into_iter().map(|(name, days)| GraphNode { name, days }).collect();
    for calendar in [TIME_OF_DAY, WEEKDAY] {
        answer.nodes.push(GraphNode { name: calendar.to_owned(), days: answer.days });
    }
    Ok(answer)
}

const TIME_OF_DAY: &str = "time of day";
const WEEKDAY: &str = "weekday";

/// What a node is made from.
enum Wanted {
    Numbers,
    Label(String),
    Events,
}

/// Streams, labels and kinds of events that could be nodes.
fn wanted(twin: &Twin) -> Result<Vec<(String, StreamId, Wanted)>, Failure> {
    let mut streams: Vec<(u64, StreamId, Kind)> = {
        let index = twin.vault.index();
        index.streams.iter().map(|of| (of.count, of.stream.id.clone(), of.stream.kind)).collect()
    };
    streams.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
    let mut wanted = Vec::new();
    for (_, id, kind) in streams {
        match kind {
            // What is planned is no observation of the owner, and comes again without being written again.
            Kind::Event if id.as_str() == agenda::STREAM => {}
            Kind::Reading | Kind::Total => wanted.push((id.to_string(), id, Wanted::Numbers)),
            Kind::Event => wanted.push((id.to_string(), id, Wanted::Events)),
            Kind::Category => {
                for label in longest_labels(twin, &id)? {
                    wanted.push((format!("{id}: {label}"), id.clone(), Wanted::Label(label)));
                }
            }
            Kind::Text | Kind::Position => {}
        }
        if wanted.len() >= NODES {
            break;
        }
    }
    wanted.truncate(NODES);
    Ok(wanted)
}

fn longest_labels(twin: &Twin, stream: &StreamId) -> Result<Vec<String>, Failure> {
    let selection = twin.vault.select(stream, didymos_vault::timeline::Range::default(), None)?;
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

fn known_days(column: &Column, grid: &Grid) -> usize {
    let per_day = grid.per_day();
    (0..grid.len.div_ceil(per_day))
        .filter(|day| (day * per_day..(day + 1) * per_day).any(|i| column.get(i).is_some()))
        .count()
}

/// Whether there is enough of it at this width of buckets, and whether it ever changes.
fn fills(column: &Column, grid: &Grid) -> bool {
    let days = known_days(column, grid);
    let first = column.iter().flatten().next();
    days >= FEWEST_DAYS
        && (grid.per_day() == 1 || column.count() >= HOURS_A_DAY * days)
        && column.iter().flatten().any(|y| Some(y) != first)
}

fn grow(columns: &[(String, Column)], grid: &Grid, shape: Shape) -> Result<Graph, Failure> {
    let per_day = shape.per_day();
    let mut graph = Graph::new(columns.len(), shape);
    for day in 0..grid.len.div_ceil(per_day) {
        let of = |column: &Column| (day * per_day..(day + 1) * per_day).map(|i| column.get(i)).collect();
        let buckets: Vec<Vec<Option<f64>>> = columns.iter().map(|(_, column)| of(column)).collect();
        // 1970-01-01 was a Thursday.
        let weekday = (grid.time(day * per_day).div_euclid(DAY_MS) + 3).rem_euclid(7) as usize;
        graph.add_day(&buckets, weekday).map_err(|error| Failure::new(FailureCode::Invalid, error.to_string()))?;
    }
    Ok(graph)
}

fn described(edge: &Edge, names: &[&str], step: i64) -> Option<GraphEdge> {
    let name = |node: Node| match node {
        Node::Stream(i) => names.get(i).map(|name| (*name).to_owned()),
        Node::TimeOfDay => Some(TIME_OF_DAY.to_owned()),
        Node::Weekday => Some(WEEKDAY.to_owned()),
    };
    // The weekday shows in days already; seen by the hour it would be the same edge again.
    if edge.from == Node::Weekday && step < DAY_MS {
        return None;
    }
    let unit = if step < DAY_MS { "h" } else { "d" };
    Some(GraphEdge {
        from: name(edge.from)?,
        to: name(edge.to)?,
        lag: format!("{}{unit}", edge.lag),
        weight: edge.weight,
        p: edge.p,
        days: edge.days as u64,
        stability: edge.stability,
    })
}
