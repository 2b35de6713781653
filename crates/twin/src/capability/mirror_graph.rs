//! The owner as a graph: what goes before what.
//!
//! Nodes and the graph over whole days are kept in memory between requests. What an import adds behind them is added
//! to them; where it changes a day that was there already, the graph is built anew. Either way it is the same graph.

use super::mirror_nodes::{Hourly, Nodes};
use crate::Twin;
use crate::door::{Failure, FailureCode, Watch};
use crate::request::Graph as Asked;
use crate::response::{GraphAnswer, GraphEdge, GraphNode};
use didymos_base::time::{DAY_MS, HOUR_MS};
use didymos_mirror::features::{Column, Grid};
use didymos_mirror::graph::{Edge, Graph, Node, Shape};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Days that a node must be known on.
const FEWEST_DAYS: usize = 14;
/// Buckets of an hour per day that a stream must fill usually, to be looked at by the hour.
const HOURS_A_DAY: usize = 6;
/// Longer ago than this, people were others.
const DAYS_BACK: i64 = 12 * 366;
const SEED: u64 = 1;

/// What is kept between requests.
#[derive(Default)]
pub(crate) struct Kept(Mutex<State>);

#[derive(Default)]
struct State {
    nodes: Nodes,
    /// By the hour and by the day.
    grown: [Option<Grown>; 2],
}

/// A graph over whole days: all but the last, which may still go on.
struct Grown {
    first: i64,
    names: Vec<String>,
    columns: Vec<Column>,
    graph: Graph,
}

/// First and last moment of everything, and a grid with every node on it.
type Gathered = (i64, i64, (Grid, Vec<Hourly>));

impl Kept {
    /// Every node hour by hour, on the grid that `over` lays over everything; none where there is nothing.
    pub(crate) fn hours(
        &self,
        twin: &Twin,
        watch: Watch<'_>,
        over: impl FnOnce(i64, i64) -> Option<Grid>,
    ) -> Result<Option<Gathered>, Failure> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.nodes.update(twin, None, watch)?;
        let Some((first, last)) = state.nodes.span() else { return Ok(None) };
        let too_long = || Failure::new(FailureCode::Invalid, "the streams span more time than can be learnt from");
        let grid = over(first, last).ok_or_else(too_long)?;
        let hourly = state.nodes.hourly(&grid);
        Ok(Some((first, last, (grid, hourly))))
    }
}

pub(crate) fn answer(twin: &Twin, asked: &Asked, watch: Watch<'_>) -> Result<GraphAnswer, Failure> {
    if !(0.001..=0.5).contains(&asked.rate) {
        return Err(Failure::new(FailureCode::Invalid, "the false-discovery rate must lie between 0.001 and 0.5"));
    }
    let mut state = twin.graph.0.lock().unwrap_or_else(PoisonError::into_inner);
    let State { nodes: gathered, grown } = &mut *state;
    gathered.update(twin, asked.source.as_deref(), watch)?;
    let Some((first, last)) = gathered.span() else {
        return Err(Failure::new(FailureCode::NotFound, "there is nothing to make a graph of: import something first"));
    };
    let first = first.max(last.saturating_sub(DAYS_BACK * DAY_MS));
    let mut answer = GraphAnswer { days: 0, rate: asked.rate, nodes: Vec::new(), edges: Vec::new() };
    let mut nodes: BTreeMap<String, u64> = BTreeMap::new();
    for ((step, shape), kept) in [(HOUR_MS, Shape::hours()), (DAY_MS, Shape::days())].into_iter().zip(grown) {
        let too_long = || Failure::new(FailureCode::Invalid, "the streams span more time than a graph can hold");
        let grid = Grid::over(first, last, step, 1_000_000).ok_or_else(too_long)?;
        let columns: Vec<(String, Column)> = gathered.columns(twin, &grid)?;
        let columns: Vec<(String, Column)> = columns.into_iter().filter(|(_, column)| fills(column, &grid)).collect();
        for (name, column) in &columns {
            let days = known_days(column, &grid) as u64;
            nodes.entry(name.clone()).and_modify(|known| *known = (*known).max(days)).or_insert(days);
        }
        let graph = Grown::grow(kept, columns, &grid, &shape)?;
        answer.days = answer.days.max(graph.days() as u64);
        let names: Vec<&str> =
            kept.as_ref().map(|kept| kept.names.iter().map(String::as_str).collect()).unwrap_or_default();
        answer.edges.extend(graph.edges(asked.rate, SEED).iter().filter_map(|edge| described(edge, &names, step)));
    }
    if nodes.is_empty() {
        let message = format!(
            "no stream is known on {FEWEST_DAYS} days or more with values that change and can be calculated with, which a \
             graph needs at least"
        );
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

impl Grown {
    /// The graph over all days: what is kept, if these columns only go on where it ended, and what comes after.
    fn grow(
        kept: &mut Option<Self>,
        columns: Vec<(String, Column)>,
        grid: &Grid,
        shape: &Shape,
    ) -> Result<Graph, Failure> {
        let (names, columns): (Vec<String>, Vec<Column>) = columns.into_iter().unzip();
        let per_day = shape.per_day();
        let days = grid.len.div_ceil(per_day);
        let goes_on = |kept: &Grown| {
            let buckets = kept.graph.days() * per_day;
            let same = |(a, b): (&Column, &Column)| (0..buckets).all(|at| a.get(at) == b.get(at));
            kept.first == grid.start && kept.names == names && kept.columns.iter().zip(&columns).all(same)
        };
        let mut grown = match kept.take() {
            Some(grown) if goes_on(&grown) => grown,
            _ => {
                let graph = Graph::new(columns.len(), shape.clone());
                Grown { first: grid.start, names: names.clone(), columns: Vec::new(), graph }
            }
        };
        for day in grown.graph.days()..days.saturating_sub(1) {
            add_day(&mut grown.graph, &columns, grid, day, per_day)?;
        }
        let mut whole = grown.graph.clone();
        if whole.days() < days {
            add_day(&mut whole, &columns, grid, days - 1, per_day)?;
        }
        grown.columns = columns;
        *kept = Some(grown);
        Ok(whole)
    }
}

fn add_day(graph: &mut Graph, columns: &[Column], grid: &Grid, day: usize, per_day: usize) -> Result<(), Failure> {
    let of = |column: &Column| (day * per_day..(day + 1) * per_day).map(|i| column.get(i)).collect();
    let buckets: Vec<Vec<Option<f64>>> = columns.iter().map(of).collect();
    // 1970-01-01 was a Thursday.
    let weekday = (grid.time(day * per_day).div_euclid(DAY_MS) + 3).rem_euclid(7) as usize;
    graph.add_day(&buckets, weekday).map_err(|error| Failure::new(FailureCode::Invalid, error.to_string()))
}

fn known_days(column: &Column, grid: &Grid) -> usize {
    let per_day = grid.per_day();
    (0..grid.len.div_ceil(per_day))
        .filter(|day| (day * per_day..(day + 1) * per_day).any(|i| column.get(i).is_some()))
        .count()
}

/// Whether there is enough of it at this width of buckets, and whether it tells anything.
fn fills(column: &Column, grid: &Grid) -> bool {
    let days = known_days(column, grid);
    days >= FEWEST_DAYS && (grid.per_day() == 1 || column.count() >= HOURS_A_DAY * days) && column.tells()
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
    Some(told_edge(edge, name(edge.from)?, name(edge.to)?, unit))
}

/// An edge between nodes of these names, as it is told; `unit` is that of its lag.
pub(crate) fn told_edge(edge: &Edge, from: String, to: String, unit: &str) -> GraphEdge {
    GraphEdge {
        from,
        to,
        lag: format!("{}{unit}", edge.lag),
        weight: edge.weight,
        p: edge.p,
        days: edge.days as u64,
        stability: edge.stability,
    }
}
