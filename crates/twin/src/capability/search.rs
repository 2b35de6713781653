//! Search over everything owned: days, streams, sources, events, labels and texts, files, commits, receipts.
//!
//! There is no index to keep true: names are few and in memory already, and texts are looked at where they lie, each
//! distinct one once per chunk. A word matches where it begins a word of the text, ignoring case; all words have to.

mod dates;

use crate::Twin;
use crate::capability::today::date_text;
use crate::capability::{agenda, imports, receipts, talk};
use crate::door::{Failure, FailureCode};
use crate::request::Find;
use crate::response::{Counts, FindAnswer, FoundGroup, FoundKind, FoundResult, Go};
use didymos_base::time::{DAY_MS, wall_text};
use didymos_base::{Kind, StreamId, ZoneOffset, streams as table};
use didymos_consent::Receipt;
use didymos_vault::timeline::{Edge, Range, TextFound};
use std::cmp::Reverse;

const TEXT_MAX: usize = 200;
const RESULTS_MAX: u32 = 100;
/// Receipts that are looked at, newest first.
const RECEIPTS_MAX: usize = 5_000;
/// Messages that are looked at, newest first in each circle.
const MESSAGES_MAX: usize = 20_000;
/// What is shown of a long text.
const LABEL_MAX: usize = 120;

/// The words to look for, in lower case.
struct Words(Vec<String>);

impl Words {
    fn of(text: &str) -> Self {
        Self(
            text.to_lowercase()
                .split(|c: char| !c.is_alphanumeric())
                .filter(|w| !w.is_empty())
                .map(str::to_owned)
                .collect(),
        )
    }

    fn are_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.0.iter().all(|word| {
            text.match_indices(word.as_str())
                .any(|(at, _)| !text[..at].chars().next_back().is_some_and(char::is_alphanumeric))
        })
    }
}

pub(crate) fn find(twin: &Twin, asked: &Find) -> Result<FindAnswer, Failure> {
    twin.vault.ensure_whole()?;
    let text = asked.text.trim();
    if text.chars().count() > TEXT_MAX {
        return Err(Failure::new(FailureCode::Invalid, format!("look for at most {TEXT_MAX} characters")));
    }
    let words = Words::of(text);
    if words.0.is_empty() {
        return Ok(FindAnswer::default());
    }
    let limit = asked.limit.clamp(1, RESULTS_MAX) as usize;
    let (events, texts) = texts(twin, &words)?;
    let groups = [
        (FoundKind::Date, dates(twin, text)?),
        (FoundKind::Stream, streams(twin, &words)),
        (FoundKind::Source, sources(twin, &words)),
        (FoundKind::Event, events),
        (FoundKind::Text, texts),
        (FoundKind::File, files(twin, &words)?),
        (FoundKind::Commit, commits(twin, text)),
        (FoundKind::Message, messages(twin, &words)?),
        (FoundKind::Receipt, receipts(twin, &words, limit)?),
    ];
    let groups = groups.into_iter().filter(|(_, results)| !results.is_empty());
    let groups = groups.map(|(kind, mut results)| {
        let more = results.len() > limit;
        results.truncate(limit);
        FoundGroup { kind, results, more }
    });
    Ok(FindAnswer { groups: groups.collect() })
}

/// Days, months and years that the text can mean, with how much there is of them.
fn dates(twin: &Twin, text: &str) -> Result<Vec<FoundResult>, Failure> {
    let today = twin.now().0.div_euclid(DAY_MS);
    let streams: Vec<(StreamId, Kind)> = {
        let index = twin.vault.index();
        index.streams.iter().map(|stream| (stream.stream.id.clone(), stream.stream.kind)).collect()
    };
    dates::parse(text, today)
        .into_iter()
        .map(|span| {
            let (from, to) = (span.first * DAY_MS, (span.last + 1) * DAY_MS);
            let range = Range { from: Some(Edge::Wall(from)), to: Some(Edge::Wall(to)) };
            let (mut count, mut with_data) = (0, 0u32);
            for (id, kind) in &streams {
                let selection = twin.vault.select(id, range, None)?;
                let here: u64 = if kind.is_number() {
                    twin.vault.buckets(&selection, DAY_MS)?.iter().map(|bucket| bucket.count).sum()
                } else {
                    twin.vault.count(&selection)?
                };
                count += here;
                with_data += u32::from(here > 0);
            }
            Ok(FoundResult {
                label: span.label,
                detail: Some(format!("{with_data} streams")),
                first: Some(date_text(span.first)),
                last: Some(date_text(span.last)),
                count,
                go: Go { from: Some(from), to: Some(to), ..Go::default() },
                ..FoundResult::default()
            })
        })
        .collect()
}

/// Messages by their text or the name of their file, newest first.
fn messages(twin: &Twin, words: &Words) -> Result<Vec<FoundResult>, Failure> {
    let found = talk::find(twin, MESSAGES_MAX, &|text| words.are_in(text))?;
    let results = found.into_iter().map(|found| {
        let day = date_text(found.at.0.div_euclid(DAY_MS));
        let label: String = found.text.chars().take(LABEL_MAX).collect();
        let detail = if found.from.is_empty() { found.name } else { format!("{} · {}", found.name, found.from) };
        FoundResult {
            label,
            detail: Some(detail),
            first: Some(day.clone()),
            last: Some(day),
            count: 1,
            go: Go { circle: Some(found.circle), message: Some(found.message), ..Go::default() },
            ..FoundResult::default()
        }
    });
    Ok(results.collect())
}

fn streams(twin: &Twin, words: &Words) -> Vec<FoundResult> {
    let index = twin.vault.index();
    let mut found: Vec<FoundResult> = index
        .streams
        .iter()
        .filter_map(|stream| {
            let id = &stream.stream.id;
            let label = table::label(id.as_str());
            if !words.are_in(&label) && !words.are_in(&id.as_str().replace('_', " ")) {
                return None;
            }
            let first = stream.chunks.iter().map(|chunk| chunk.first.wall(chunk.zones.0)).min()?;
            let last = stream.chunks.iter().map(|chunk| chunk.end.wall(chunk.zones.1)).max()?;
            Some(FoundResult {
                label: label.into_owned(),
                detail: Some(stream.stream.unit.clone()).filter(|unit| unit != "1"),
                count: stream.count,
                go: Go { stream: Some(id.clone()), from: Some(first), to: Some(last), ..Go::default() },
                ..between(first, last)
            })
        })
        .collect();
    found.sort_by_key(|result| Reverse(result.count));
    found
}

fn sources(twin: &Twin, words: &Words) -> Vec<FoundResult> {
    let index = twin.vault.index();
    let mut found: Vec<FoundResult> = Vec::new();
    for (place, source) in index.sources.iter().enumerate() {
        let summary = source.summary();
        if !words.are_in(&summary) || found.iter().any(|known| known.label == summary) {
            continue;
        }
        let mut result = FoundResult { label: summary.clone(), ..between(i64::MAX, i64::MIN) };
        let (mut first, mut last, mut most) = (i64::MAX, i64::MIN, 0);
        for stream in &index.streams {
            let mut here = 0;
            for chunk in stream.chunks.iter().filter(|chunk| chunk.sources.contains(&(place as u32))) {
                here += u64::from(chunk.count) / chunk.sources.len() as u64;
                first = first.min(chunk.first.wall(chunk.zones.0));
                last = last.max(chunk.end.wall(chunk.zones.1));
            }
            result.count += here;
            if here > most {
                most = here;
                result.go.stream = Some(stream.stream.id.clone());
            }
        }
        if result.count == 0 {
            continue;
        }
        let days = between(first, last);
        (result.first, result.last) = (days.first, days.last);
        (result.go.from, result.go.to, result.go.source) = (Some(first), Some(last), Some(summary));
        found.push(result);
    }
    found.sort_by_key(|result| Reverse(result.count));
    found
}

/// Events, and labels and texts.
fn texts(twin: &Twin, words: &Words) -> Result<(Vec<FoundResult>, Vec<FoundResult>), Failure> {
    let streams: Vec<(StreamId, Kind)> = {
        let index = twin.vault.index();
        let of_text = |kind| matches!(kind, Kind::Category | Kind::Text | Kind::Event);
        let streams = index.streams.iter().filter(|stream| of_text(stream.stream.kind) && stream.count > 0);
        streams.map(|stream| (stream.stream.id.clone(), stream.stream.kind)).collect()
    };
    let (mut events, mut texts) = (Vec::new(), Vec::new());
    for (id, kind) in streams {
        let label = table::label(id.as_str());
        let selection = twin.vault.select(&id, Range::default(), None)?;
        let planned = id.as_str() == agenda::STREAM;
        let found = twin.vault.texts(&selection, |text| {
            if planned { words.are_in(&planned_label(text)) } else { words.are_in(&text.replace('_', " ")) }
        })?;
        let to = if kind == Kind::Event { &mut events } else { &mut texts };
        to.extend(found.into_iter().map(|found| (found.last, text_result(&id, &label, kind, &found))));
    }
    let newest_first = |mut found: Vec<(i64, FoundResult)>| {
        found.sort_by_key(|(last, _)| Reverse(*last));
        found.into_iter().map(|(_, result)| result).collect()
    };
    Ok((newest_first(events), newest_first(texts)))
}

fn text_result(id: &StreamId, stream: &str, kind: Kind, found: &TextFound) -> FoundResult {
    let mut label = match kind {
        Kind::Event if id.as_str() == agenda::STREAM => planned_label(&found.text),
        Kind::Event => event_label(&found.text),
        _ => found.text.to_string(),
    };
    label.truncate(label.floor_char_boundary(LABEL_MAX));
    // An event is one moment; a label that comes again and again is shown from its first to its last.
    let to = if found.count == 1 { found.first + 1 } else { found.last + 1 };
    FoundResult {
        label,
        detail: Some(stream.to_owned()),
        count: found.count,
        go: Go { stream: Some(id.clone()), from: Some(found.first), to: Some(to), ..Go::default() },
        ..between(found.first, found.last)
    }
}

/// An event's attributes in one line: its kind first, then what else is a text or a number.
fn event_label(json: &str) -> String {
    let Ok(serde_json::Value::Object(attributes)) = serde_json::from_str(json) else { return json.to_owned() };
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text.replace('_', " ")),
        _ => None,
    };
    let kind = attributes.get("kind").or_else(|| attributes.get("type")).or_else(|| attributes.get("activity"));
    let first = kind.and_then(text);
    let others = attributes.values().filter_map(text).filter(|other| Some(other) != first.as_ref());
    first.iter().cloned().chain(others).collect::<Vec<_>>().join(", ")
}

/// What people know an event of a calendar by; its ids and rules are looked for by nobody.
fn planned_label(json: &str) -> String {
    let attributes: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
    let known = ["title", "place", "organizer"].into_iter().filter_map(|name| attributes[name].as_str());
    known.collect::<Vec<_>>().join(", ")
}

fn files(twin: &Twin, words: &Words) -> Result<Vec<FoundResult>, Failure> {
    let mut found = Vec::new();
    for imports::PartAt { record: part, .. } in imports::parts(twin)? {
        if !words.are_in(&part.name) {
            continue;
        }
        let (bytes, day) = (part.whole.map_or(0, |(bytes, _)| bytes), part.time.0.div_euclid(DAY_MS));
        found.push(FoundResult {
            label: part.name.clone(),
            detail: Some(part.format.clone()),
            first: Some(date_text(day)),
            last: Some(date_text(day)),
            count: bytes,
            counts: Counts::Bytes,
            go: Go { import: Some(imports::id_text(&part.import)), ..Go::default() },
        });
    }
    found.reverse();
    Ok(found)
}

/// A commit by its number (`17`, `commit 17`, `#17`) or the beginning of its digest.
fn commits(twin: &Twin, text: &str) -> Vec<FoundResult> {
    let text = text.to_lowercase();
    let wanted = text.strip_prefix("commit").unwrap_or(&text).trim().trim_start_matches('#');
    let index = twin.vault.index();
    let by_number = wanted.parse::<usize>().ok().and_then(|seq| index.commits.get(seq));
    let is_digest = wanted.len() >= 6 && wanted.bytes().all(|b| b.is_ascii_hexdigit());
    let by_digest = index.commits.iter().filter(|commit| is_digest && commit.digest.to_string().starts_with(wanted));
    by_number
        .into_iter()
        .chain(by_digest)
        .map(|commit| {
            let day = date_text(commit.time.0.div_euclid(DAY_MS));
            FoundResult {
                label: format!("commit {}", commit.seq),
                detail: Some(commit.digest.to_string()),
                first: Some(day.clone()),
                last: Some(day),
                count: commit.observations,
                go: Go { commit: Some(commit.seq), ..Go::default() },
                ..FoundResult::default()
            }
        })
        .collect()
}

fn receipts(twin: &Twin, words: &Words, limit: usize) -> Result<Vec<FoundResult>, Failure> {
    let (mut found, mut looked_at) = (Vec::new(), 0);
    for record in receipts::records(twin).iter().rev() {
        for receipt in twin.vault.records(record)?.iter().rev().filter_map(|bytes| Receipt::decode(bytes).ok()) {
            looked_at += 1;
            let text = format!("{} {}", receipt.request.replace(['.', '_', '@'], " "), receipt.summary);
            if words.are_in(&text.replace('_', " ")) {
                let day = date_text(receipt.time.0.div_euclid(DAY_MS));
                found.push(FoundResult {
                    label: receipt.request.clone(),
                    detail: Some(format!("{} {}", receipt.time.rfc3339(ZoneOffset::UTC), receipt.summary)),
                    first: Some(day.clone()),
                    last: Some(day),
                    count: 0,
                    go: Go { commit: Some(record.commit), ..Go::default() },
                    ..FoundResult::default()
                });
            }
            if found.len() > limit || looked_at >= RECEIPTS_MAX {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// A result that spans these wall-clock moments.
fn between(first: i64, last: i64) -> FoundResult {
    let day = |wall: i64| Some(wall_text(wall)[..10].to_owned());
    if first > last {
        return FoundResult::default();
    }
    FoundResult { first: day(first), last: day(last), ..FoundResult::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_match_where_words_begin() {
        let words = Words::of("heart RATE");
        assert!(words.are_in("Beat-to-beat heart rate") && words.are_in("Heart rate variability"));
        assert!(!words.are_in("Heartless") && !words.are_in("sweetheart rate"));
        assert!(Words::of("zoë").are_in("Zoë’s Watch") && Words::of("watch").are_in("Zoë’s Watch"));
    }

    #[test]
    fn an_event_reads_as_a_line() {
        assert_eq!(event_label(r#"{"energy":12,"kind":"trail_run","place":"Bled"}"#), "trail run, Bled");
        assert_eq!(event_label("not JSON"), "not JSON");
    }
}
