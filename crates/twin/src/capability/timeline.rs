//! Streams, and what happened on them when.

use crate::Twin;
use crate::door::{Failure, FailureCode};
use crate::moment::Moment;
use crate::request::{Every, MAX_ROWS, Query, View};
use crate::response::{Bucket, Code, Point, QueryAnswer, StreamInfo, ViewAnswer};
use didymos_base::time::{DAY_MS, HOUR_MS, MINUTE_MS, wall_text};
use didymos_base::{Kind, Source, Value, canonical, streams as table};
use didymos_vault::StreamChunks;
use didymos_vault::timeline::{Edge, Found, Range, Selection};
use std::collections::HashMap;
use std::ops::ControlFlow;

pub(crate) fn edge(moment: Moment) -> Edge {
    match moment {
        Moment::Wall(wall) => Edge::Wall(wall),
        Moment::Exact(instant, _) => Edge::Exact(instant.0),
    }
}

pub(crate) fn code(stream: &str) -> Option<Code> {
    let code = table::known(stream)?.code?;
    Some(Code { system: code.system.to_owned(), code: code.code.to_owned() })
}

pub(crate) fn streams(twin: &Twin) -> Result<Vec<StreamInfo>, Failure> {
    twin.vault.ensure_whole()?;
    let index = twin.vault.index();
    let mut streams: Vec<StreamInfo> =
        index.streams.iter().filter_map(|stream| stream_info(stream, &index.sources)).collect();
    // In the order of the table, which goes from the heart outwards; what is not in it comes last.
    let place = |id: &str| table::STREAMS.iter().position(|line| line.id == id).unwrap_or(usize::MAX);
    streams.sort_by(|a, b| (place(a.id.as_str()), &a.id).cmp(&(place(b.id.as_str()), &b.id)));
    Ok(streams)
}

fn stream_info(chunks: &StreamChunks, all_sources: &[Source]) -> Option<StreamInfo> {
    let StreamChunks { stream, count, chunks } = chunks;
    let first = chunks.iter().min_by_key(|chunk| chunk.first)?;
    let last = chunks.iter().max_by_key(|chunk| chunk.end)?;
    let mut sources: Vec<u32> = chunks.iter().flat_map(|chunk| chunk.sources.iter().copied()).collect();
    sources.sort_unstable();
    sources.dedup();
    let mut sources: Vec<String> = sources.into_iter().map(|i| all_sources[i as usize].summary()).collect();
    sources.sort();
    sources.dedup();
    let label = table::label(stream.id.as_str()).into_owned();
    Some(StreamInfo {
        id: stream.id.clone(),
        label,
        kind: stream.kind,
        unit: stream.unit.clone(),
        code: code(stream.id.as_str()),
        count: *count,
        first: first.first.rfc3339(first.zones.0),
        last: last.end.rfc3339(last.zones.1),
        span: (first.first.wall(first.zones.0), last.end.wall(last.zones.1)),
        sources,
    })
}

pub(crate) fn query(twin: &Twin, query: &Query) -> Result<QueryAnswer, Failure> {
    let range = Range { from: query.from.map(edge), to: query.to.map(edge) };
    if let (Some(from), Some(to)) = (query.from, query.to)
        && from.wall() >= to.wall()
    {
        return Err(Failure::new(FailureCode::Invalid, "`from` is not before `to`: swap them"));
    }
    let selection = twin.vault.select(&query.stream, range, query.source.as_deref())?;
    let limit = query.limit.clamp(1, MAX_ROWS) as usize;
    let mut answer = QueryAnswer {
        stream: query.stream.clone(),
        unit: selection.stream.unit.clone(),
        kind: selection.stream.kind,
        every: query.every.map(|every| every.to_string()),
        buckets: None,
        points: None,
        sources: None,
        more: false,
        notes: Vec::new(),
    };
    match query.every {
        Some(every) => {
            let sources = selection.source_count();
            if selection.stream.kind == Kind::Total && sources > 1 {
                // A phone and a watch count the same steps, and no file says which ones they share.
                let text = format!(
                    "{sources} sources are added up, and what two of them counted counts twice: choose one with `source`"
                );
                answer.notes.push(text);
            }
            let mut buckets = buckets(twin, &selection, every)?;
            answer.more = buckets.len() > limit;
            buckets.truncate(limit);
            answer.buckets = Some(buckets);
        }
        None => points(twin, &selection, limit, &mut answer)?,
    }
    Ok(answer)
}

fn buckets(twin: &Twin, selection: &Selection, every: Every) -> Result<Vec<Bucket>, Failure> {
    if selection.stream.kind.is_number() {
        let buckets = twin.vault.buckets(selection, every.ms())?;
        let bucket = |bucket: didymos_vault::rollup::Bucket| Bucket {
            time: wall_text(bucket.at),
            count: bucket.count,
            mean: Some(bucket.sum / bucket.count as f64),
            min: Some(bucket.min),
            max: Some(bucket.max),
            sum: Some(bucket.sum),
            minutes: None,
        };
        return Ok(buckets.into_iter().map(bucket).collect());
    }
    let labelled = selection.stream.kind == Kind::Category;
    let buckets = twin.vault.labels(selection, every.ms())?;
    Ok(buckets
        .into_iter()
        .map(|(at, bucket)| Bucket {
            time: wall_text(at),
            count: bucket.count,
            mean: None,
            min: None,
            max: None,
            sum: None,
            minutes: labelled.then(|| {
                bucket.ms.into_iter().map(|(label, ms)| (label.into(), ms as f64 / MINUTE_MS as f64)).collect()
            }),
        })
        .collect())
}

fn points(twin: &Twin, selection: &Selection, limit: usize, answer: &mut QueryAnswer) -> Result<(), Failure> {
    let mut points = Vec::new();
    let mut sources = Vec::new();
    let mut places: HashMap<Vec<u8>, u32> = HashMap::new();
    let kind = selection.stream.kind;
    twin.vault.each(selection, |found| {
        if points.len() == limit {
            answer.more = true;
            return ControlFlow::Break(());
        }
        let source = places.get(found.source()).copied().unwrap_or_else(|| {
            let place = sources.len() as u32;
            sources.push(source_of(&found).summary());
            places.insert(found.source().to_vec(), place);
            place
        });
        let end = (found.end() > found.start()).then(|| found.end().rfc3339(found.zone()));
        let value = json_value(found.chunk.front.value(kind, found.index));
        points.push(Point { time: found.start().rfc3339(found.zone()), end, value, source });
        ControlFlow::Continue(())
    })?;
    answer.points = Some(points);
    answer.sources = Some(sources);
    Ok(())
}

pub(crate) fn source_of(found: &Found<'_>) -> Source {
    // Written by us and checked by the seal; a source of a newer version shows as an unnamed one.
    canonical::decode(found.source()).unwrap_or_default()
}

fn json_value(value: Value) -> serde_json::Value {
    match value {
        Value::Number(number) => number.into(),
        Value::Category(text) | Value::Text(text) => String::from(text).into(),
        Value::Position { lat, lon } => serde_json::json!({ "lat": lat, "lon": lon }),
        Value::Event(text) => serde_json::from_str(&text).unwrap_or_else(|_| String::from(text).into()),
    }
}

/// Widths that people can name, in minutes.
const WIDTHS: [i64; 17] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080, 20_160, 43_200, 129_600];

pub(crate) fn view(twin: &Twin, view: &View) -> Result<ViewAnswer, Failure> {
    let length = view.to.saturating_sub(view.from);
    let too_long = 1_000 * 366 * DAY_MS;
    if !(16..=4_000).contains(&view.points) || length <= 0 || length > too_long {
        let message = "a view needs from < to, at most 1,000 years, and 16 to 4,000 points";
        return Err(Failure::new(FailureCode::Invalid, message));
    }
    let range = Range { from: Some(Edge::Wall(view.from)), to: Some(Edge::Wall(view.to)) };
    let selection = twin.vault.select(&view.stream, range, None)?;
    let mut answer = ViewAnswer { unit: selection.stream.unit.clone(), ..ViewAnswer::default() };
    let (numbers, places) = (selection.stream.kind.is_number(), selection.stream.kind == Kind::Position);
    // Counting exactly would open every chunk; what lies in a short window is cheap to open and count.
    if !numbers || length <= 12 * HOUR_MS || selection.at_most() <= 4 * u64::from(view.points) {
        let few = singles(twin, &selection, view.points as usize, &mut answer)?;
        if few || places {
            return Ok(answer);
        }
        answer = ViewAnswer { unit: answer.unit, ..ViewAnswer::default() };
    }
    let wanted = length / i64::from(view.points);
    let width = WIDTHS.iter().map(|minutes| minutes * MINUTE_MS).find(|width| *width >= wanted);
    answer.bucket = width.unwrap_or_else(|| (wanted / DAY_MS + 1) * DAY_MS);
    if !numbers {
        for (at, bucket) in twin.vault.labels(&selection, answer.bucket)? {
            answer.time.push(at);
            answer.count.push(u32::try_from(bucket.count).unwrap_or(u32::MAX));
        }
        return Ok(answer);
    }
    for bucket in twin.vault.buckets(&selection, answer.bucket)? {
        answer.time.push(bucket.at);
        answer.min.push(bucket.min);
        answer.max.push(bucket.max);
        answer.mean.push(bucket.sum / bucket.count as f64);
        answer.sum.push(bucket.sum);
        answer.count.push(u32::try_from(bucket.count).unwrap_or(u32::MAX));
    }
    Ok(answer)
}

/// Single observations, unless there are more than `limit`, where neighbours of the same label count as one. Places are
/// thinned out instead.
fn singles(twin: &Twin, selection: &Selection, limit: usize, answer: &mut ViewAnswer) -> Result<bool, Failure> {
    let kind = selection.stream.kind;
    let mut few = true;
    twin.vault.each(selection, |found| {
        let zone = found.zone();
        let (start, end) = (found.start().wall(zone), found.end().wall(zone));
        match found.chunk.front.value(kind, found.index) {
            Value::Number(number) => {
                if answer.time.len() == limit {
                    few = false;
                    return ControlFlow::Break(());
                }
                answer.min.push(number);
            }
            Value::Position { lat, lon } => {
                answer.min.push(lat);
                answer.max.push(lon);
            }
            Value::Category(text) | Value::Text(text) | Value::Event(text) => {
                let joins = answer.label.last().is_some_and(|last| **last == *text)
                    && answer.end.last().is_some_and(|last| (start - last).abs() < MINUTE_MS);
                if let (true, Some(last)) = (joins, answer.end.last_mut()) {
                    *last = end.max(*last);
                    return ControlFlow::Continue(());
                }
                if answer.time.len() == limit {
                    few = false;
                    return ControlFlow::Break(());
                }
                answer.label.push(text.into());
            }
        }
        answer.time.push(start);
        answer.end.push(end);
        if answer.time.len() >= MOST_SINGLES {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    Ok(few)
}

/// The most places that one view carries.
const MOST_SINGLES: usize = 20_000;
