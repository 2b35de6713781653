//! A door for tests and for looking at the page: a pure function over made-up series, shaped like a real twin's.
#![allow(dead_code, reason = "each test uses a part of it")]

mod series;

use didymos_base::{Did, Digest, Kind, Observation, Source, Timestamp, Value};
use didymos_twin::request::{Query, View, Which};
use didymos_twin::response::{
    Bucket, Code, CommitInfo, FileInfo, LogAnswer, Point, ProofAnswer, Provenance, QueryAnswer, Response, Status,
    StreamInfo, VerifyReport, ViewAnswer,
};
use didymos_twin::{Door, Failure, FailureCode, Principal, Progress, Request, Watch};
use series::{Datum, Series, ZONE_MINUTES, zone};
use std::collections::BTreeMap;

/// The made-up twin.
pub(crate) struct SampleTwin {
    series: Vec<Series>,
}

/// Its owner.
pub(crate) fn owner() -> Did {
    "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK".parse().expect("a DID")
}

/// Its device.
pub(crate) fn device() -> Did {
    "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH".parse().expect("a DID")
}

/// The principal that the owner's browser is.
pub(crate) fn principal() -> Principal {
    Principal::Device { owner: owner(), device: device() }
}

impl SampleTwin {
    pub(crate) fn new() -> Self {
        Self { series: series::all() }
    }

    fn find(&self, id: &didymos_base::StreamId) -> Result<&Series, Failure> {
        self.series.iter().find(|series| series.id == *id).ok_or_else(|| {
            Failure::new(FailureCode::NotFound, format!("there is no stream {id}; `twin streams` lists them all"))
        })
    }
}

impl Door for SampleTwin {
    fn ask(&self, principal: &Principal, request: Request, watch: Watch<'_>) -> Result<Response, Failure> {
        if !matches!(principal, Principal::Device { .. }) {
            return Err(Failure::new(FailureCode::Denied, "only the owner's devices may ask"));
        }
        Ok(match request {
            Request::Status => Response::Status(Status {
                did: owner(),
                device: device(),
                version: env!("CARGO_PKG_VERSION").into(),
                commits: 42,
                history: Digest::of(b"history"),
                observations: self.series.iter().map(|series| series.data.len() as u64).sum(),
                streams: self.series.len() as u64,
                bytes: 4_300_000,
                notices: vec!["No backup yet: `twin backup add FOLDER` names a place that keeps a copy.".into()],
            }),
            Request::Streams => Response::Streams(self.series.iter().map(info).collect()),
            Request::View(ask) => Response::View(view(self.find(&ask.stream)?, &ask)?),
            Request::Query(ask) => Response::Query(query(self.find(&ask.stream)?, &ask)),
            Request::Show(which) => Response::Show(Box::new(show(self.find(&which.stream)?, &which)?)),
            Request::Prove(which) => {
                let shown = show(self.find(&which.stream)?, &which)?;
                let proof = serde_json::to_vec(&shown).map_err(|e| Failure::new(FailureCode::Io, e.to_string()))?;
                use base64::Engine;
                Response::Proof(ProofAnswer {
                    bytes: proof.len() as u64,
                    proof: base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(proof),
                    says: format!("one observation of {} at {}", which.stream, shown.time),
                })
            }
            Request::Log(_) => Response::Log(LogAnswer { commits: Vec::new(), next: None }),
            Request::Verify => {
                // Long work that stops when asked to.
                for done in 0..500 {
                    let step = Progress { doing: "reading".into(), unit: "objects".into(), done, of: 500 };
                    if watch(step).is_break() {
                        return Err(Failure::new(FailureCode::Stopped, "stopped; nothing was changed"));
                    }
                    std::thread::sleep(std::time::Duration::from_millis(10));
                }
                Response::Verify(VerifyReport { commits: 42, objects: 500, observations: 1, damaged: Vec::new() })
            }
            Request::Identity => Response::Identity(serde_json::json!({ "id": owner() })),
            Request::BackupList => Response::Backup(Vec::new()),
            other => {
                let words = format!("the sample twin cannot do {}", other.name());
                return Err(Failure::new(FailureCode::Invalid, words));
            }
        })
    }
}

fn info(series: &Series) -> StreamInfo {
    let span = series.span();
    let text = |wall: i64| Timestamp(wall - i64::from(ZONE_MINUTES) * 60_000).rfc3339(zone());
    StreamInfo {
        id: series.id.clone(),
        label: series.label.into(),
        kind: series.kind,
        unit: series.unit.into(),
        code: series.code.map(|(system, code)| Code { system: system.into(), code: code.into() }),
        count: series.data.len() as u64,
        first: text(span.0),
        last: text(span.1),
        span,
        sources: vec![series.source.summary()],
    }
}

/// Widths that buckets may have, in minutes.
const WIDTHS: [i64; 14] = [1, 5, 15, 30, 60, 120, 240, 480, 720, 1_440, 2_880, 10_080, 20_160, 40_320];

fn view(series: &Series, ask: &View) -> Result<ViewAnswer, Failure> {
    if ask.from >= ask.to || !(16..=4_000).contains(&ask.points) {
        return Err(Failure::new(FailureCode::Invalid, "`from` has to be before `to`, and `points` from 16 to 4000"));
    }
    let mut answer = ViewAnswer { unit: series.unit.into(), ..ViewAnswer::default() };
    let data: Vec<&Datum> = series.within(ask.from, ask.to).collect();
    if data.len() <= ask.points as usize {
        for datum in data {
            answer.time.push(datum.start);
            answer.end.push(datum.end);
            match &datum.value {
                Value::Number(number) => answer.min.push(*number),
                Value::Category(text) | Value::Text(text) | Value::Event(text) => answer.label.push(text.to_string()),
                Value::Position { lat, lon } => answer.label.push(format!("{lat} {lon}")),
            }
        }
        return Ok(answer);
    }
    let wanted = (ask.to - ask.from) / i64::from(ask.points);
    let width = WIDTHS.iter().map(|m| m * 60_000).find(|w| *w >= wanted).unwrap_or(40_320 * 60_000);
    answer.bucket = width;
    for (start, bucket) in buckets(series, ask.from.div_euclid(width) * width, ask.to, width) {
        answer.time.push(start);
        answer.count.push(bucket.count as u32);
        answer.min.extend(bucket.min);
        answer.max.extend(bucket.max);
        answer.mean.extend(bucket.mean);
        answer.sum.extend(bucket.sum);
    }
    Ok(answer)
}

fn buckets(series: &Series, from: i64, to: i64, width: i64) -> BTreeMap<i64, Bucket> {
    let mut all: BTreeMap<i64, Bucket> = BTreeMap::new();
    for datum in series.within(from, to) {
        let start = datum.start.div_euclid(width) * width;
        let bucket = all.entry(start).or_insert_with(|| Bucket {
            time: didymos_base::time::wall_text(start),
            count: 0,
            mean: None,
            min: None,
            max: None,
            sum: None,
            minutes: None,
        });
        bucket.count += 1;
        match &datum.value {
            Value::Number(n) => {
                bucket.min = Some(bucket.min.map_or(*n, |m| m.min(*n)));
                bucket.max = Some(bucket.max.map_or(*n, |m| m.max(*n)));
                bucket.sum = Some(bucket.sum.unwrap_or(0.0) + n);
                bucket.mean = bucket.sum.map(|sum| sum / bucket.count as f64);
            }
            Value::Category(label) => {
                let minutes = bucket.minutes.get_or_insert_default();
                *minutes.entry(label.to_string()).or_default() += (datum.end - datum.start) as f64 / 60_000.0;
            }
            _ => {}
        }
    }
    all
}

fn query(series: &Series, ask: &Query) -> QueryAnswer {
    let span = series.span();
    let (from, to) = (ask.from.map_or(span.0, |m| m.wall()), ask.to.map_or(span.1 + 1, |m| m.wall()));
    let limit = ask.limit as usize;
    let mut answer = QueryAnswer {
        stream: series.id.clone(),
        unit: series.unit.into(),
        kind: series.kind,
        every: ask.every.map(|every| every.to_string()),
        buckets: None,
        points: None,
        sources: None,
        more: false,
        notes: Vec::new(),
    };
    if let Some(every) = ask.every {
        let mut all: Vec<_> = buckets(series, from, to, every.ms()).into_values().collect();
        answer.more = all.len() > limit;
        all.truncate(limit);
        answer.buckets = Some(all);
        return answer;
    }
    let all: Vec<_> = series.within(from, to).collect();
    answer.more = all.len() > limit;
    answer.sources = Some(vec![series.source.summary()]);
    answer.points = Some(all.into_iter().take(limit).map(|datum| point(series, datum)).collect());
    answer
}

fn point(series: &Series, datum: &Datum) -> Point {
    let value = match &datum.value {
        Value::Number(number) => serde_json::json!(number),
        Value::Position { lat, lon } => serde_json::json!({ "lat": lat, "lon": lon }),
        Value::Event(text) => serde_json::from_str(text).unwrap_or_default(),
        Value::Category(text) | Value::Text(text) => serde_json::json!(text),
    };
    let (start, end) = series.exact(datum);
    Point { time: start.rfc3339(zone()), end: (start != end).then(|| end.rfc3339(zone())), value, source: 0 }
}

fn show(series: &Series, which: &Which) -> Result<Provenance, Failure> {
    let nearest = series
        .data
        .iter()
        .enumerate()
        .min_by_key(|(_, datum)| which.time.distance(series.exact(datum).0, zone()).abs())
        .ok_or_else(|| Failure::new(FailureCode::NotFound, "this stream is empty"))?;
    let (at, datum) = nearest;
    let (start, end) = series.exact(datum);
    let observation = Observation {
        stream: series.id.clone(),
        start,
        end,
        zone_minutes: Some(ZONE_MINUTES),
        value: datum.value.clone(),
        unit: series.unit.into(),
        source: series.source.clone(),
    };
    Ok(Provenance {
        observation,
        time: start.rfc3339(zone()),
        end: end.rfc3339(zone()),
        code: series.code.map(|(system, code)| Code { system: system.into(), code: code.into() }),
        file: FileInfo {
            name: "export.zip!apple_health_export/export.xml".into(),
            format: "apple_health".into(),
            bytes: Some(308_112_554),
            digest: Some(Digest::of(series.label.as_bytes())),
        },
        position: 1_204_511 + at as u64 * 317,
        imported: "2024-09-02T08:14:09Z".into(),
        commit: CommitInfo {
            seq: 17,
            digest: Digest::of(b"commit"),
            time: "2024-09-02T08:14:11Z".into(),
            device: device(),
        },
        object: Digest::of(b"object"),
        index: (at % 8_192) as u32,
        of: 8_192,
        verified: true,
        same_time: u32::from(series.kind == Kind::Total),
    })
}

/// A source as a watch writes it.
fn watch_source() -> Source {
    Source {
        app: "Zoë’s Watch".into(),
        app_version: Some("10.3".into()),
        model: Some("Watch6,2".into()),
        manufacturer: Some("Apple Inc.".into()),
        ..Source::default()
    }
}
