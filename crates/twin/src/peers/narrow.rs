//! What a contract lets another person see of a query, and no more.
//!
//! A resolution is kept only if nothing finer can be put together from many answers. So stretches lie on one grid,
//! whatever is asked; a stretch that the period, or the present moment, cuts is left out; and no source can be chosen.
//! Single observations, where the contract has no resolution, come without the names of devices and apps.

use crate::Twin;
use crate::capability::timeline;
use crate::door::{Failure, FailureCode};
use crate::moment::Moment;
use crate::request::{Every, Query};
use crate::response::QueryAnswer;
use didymos_base::time::{DAY_MS, MINUTE_MS};
use didymos_base::{Timestamp, ZoneOffset};
use didymos_consent::Transform;
use didymos_vault::rollup::floor;

/// The most rows of an answer to another person.
const ROWS_MAX: u32 = 10_000;

fn invalid(words: &str) -> Failure {
    Failure::new(FailureCode::Invalid, words)
}

/// The width that is given, for one that is asked: the resolution or, where that divides a day, the next multiple of
/// it. Then every edge of every grid lies on the finest grid, and differences of answers show nothing finer.
fn width(asked: Option<i64>, resolution: i64) -> i64 {
    match asked {
        Some(asked) if asked > resolution && DAY_MS % resolution == 0 => {
            (asked.saturating_add(resolution - 1)) / resolution * resolution
        }
        _ => resolution,
    }
}

/// `from..to` without the stretches that it cuts.
fn whole(from: Option<i64>, to: i64, width: i64) -> (Option<i64>, i64) {
    let up = |wall: i64| if floor(wall, width) == wall { wall } else { floor(wall, width).saturating_add(width) };
    (from.map(up), floor(to, width))
}

/// Answers `query` for another person, under `transform`.
pub(crate) fn query(twin: &Twin, query: &Query, transform: Transform, now: Timestamp) -> Result<QueryAnswer, Failure> {
    let wall = |moment: Option<Moment>| match moment {
        None => Ok(None),
        Some(Moment::Wall(wall)) => Ok(Some(wall)),
        Some(Moment::Exact(..)) => Err(invalid("write times without an offset: the other person's own clock is meant")),
    };
    let (from, to) = (wall(query.from)?, wall(query.to)?);
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        return Err(invalid("`from` is not before `to`: swap them"));
    }
    if query.source.is_some() {
        return Err(invalid("a contract does not show sources, so none can be chosen"));
    }
    let narrowed = Query { limit: query.limit.min(ROWS_MAX), ..query.clone() };
    let mut answer = match transform {
        Transform::None => timeline::query(twin, &narrowed)?,
        Transform::Coarsen { resolution_ms } => {
            let width = width(query.every.map(Every::ms), resolution_ms);
            let now = wall_now(twin, query, now);
            let (from, to) = whole(from, to.unwrap_or(i64::MAX).min(now), width);
            let every =
                Every::of_ms(width).ok_or_else(|| invalid("this contract's resolution is no width of stretches"))?;
            if from.is_some_and(|from| from >= to) {
                return nothing(twin, query, every);
            }
            let range = (from.map(Moment::Wall), Some(Moment::Wall(to)));
            timeline::query(twin, &Query { from: range.0, to: range.1, every: Some(every), ..narrowed })?
        }
        _ => return Err(Failure::new(FailureCode::Denied, "this twin does not know how to narrow the answer")),
    };
    answer.sources = None;
    for point in answer.points.iter_mut().flatten() {
        point.source = 0;
    }
    answer.notes.clear();
    Ok(answer)
}

/// What the owner's clock shows now, as far as the stream knows the owner's zone; else what the last clock on Earth
/// shows, so that no stretch counts as over that is not.
fn wall_now(twin: &Twin, query: &Query, now: Timestamp) -> i64 {
    let index = twin.vault.index();
    let stream = index.streams.iter().find(|stream| stream.stream.id == query.stream);
    let last = stream.and_then(|stream| stream.chunks.iter().max_by_key(|chunk| chunk.end));
    match last.map(|chunk| chunk.zones.1) {
        Some(zone) if zone != ZoneOffset::UNKNOWN => now.wall(zone),
        _ => now.0.saturating_sub(12 * 60 * MINUTE_MS),
    }
}

fn nothing(twin: &Twin, query: &Query, every: Every) -> Result<QueryAnswer, Failure> {
    let index = twin.vault.index();
    let stream = index.streams.iter().find(|stream| stream.stream.id == query.stream);
    let stream = &stream.ok_or_else(|| Failure::new(FailureCode::NotFound, "no such stream"))?.stream;
    Ok(QueryAnswer {
        stream: stream.id.clone(),
        unit: stream.unit.clone(),
        kind: stream.kind,
        every: Some(every.to_string()),
        buckets: Some(Vec::new()),
        points: None,
        sources: None,
        more: false,
        notes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 60 * MINUTE_MS;

    #[test]
    fn every_edge_of_every_answer_lies_on_the_contracts_own_grid() {
        let resolutions = [MINUTE_MS, 15 * MINUTE_MS, HOUR, 5 * HOUR, DAY_MS, 3 * DAY_MS, 7 * DAY_MS, 14 * DAY_MS];
        let asked = [None, Some(MINUTE_MS), Some(7 * HOUR), Some(DAY_MS), Some(10 * DAY_MS), Some(7 * DAY_MS)];
        for resolution in resolutions {
            for every in asked {
                let width = width(every, resolution);
                assert!(width >= resolution && width % resolution == 0, "{resolution} {every:?}");
                for start in [-5 * DAY_MS - 1, 0, 1, 4 * DAY_MS + 17 * MINUTE_MS] {
                    let (from, to) = whole(Some(start), start + 40 * DAY_MS + 1, width);
                    for edge in [from.expect("given"), to] {
                        assert_eq!(floor(edge, resolution), edge, "{resolution} {every:?} {start}");
                        assert!((start..=start + 40 * DAY_MS + 1).contains(&edge), "within what was asked");
                    }
                }
            }
        }
    }
}
