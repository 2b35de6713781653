//! Forecasts and the graph through the door: from files to answers, and refusals.
#![allow(clippy::unwrap_used)]

use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::request::{Forecast, Graph, Import};
use didymos_twin::response::{ForecastAnswer, GraphAnswer};
use didymos_twin::{Door, Failure, FailureCode, Request, Response, Twin, unwatched};
use std::path::Path;

fn twin(dir: &Path) -> Twin {
    let phrase = RecoveryPhrase::from_entropy([7; 32]);
    Twin::init(&dir.join("home"), &phrase, "correct horse battery", KdfCost::for_tests()).unwrap()
}

fn ask(twin: &Twin, request: Request) -> Result<Response, Failure> {
    twin.ask(&twin.principal(), request, &mut unwatched)
}

/// A heart read every 20 minutes in the layout of a Fitabase export: a daily wave, and what `value` adds.
fn import_heart(twin: &Twin, dir: &Path, days: u32, value: impl Fn(u32, f64) -> f64) {
    let mut text = String::from("Id,Time,Value\n");
    let mut lot = 1u64;
    for day in 1..=days {
        for minute in (0..1_440).step_by(20) {
            lot = lot.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let noise = (lot >> 33) as f64 / f64::from(1 << 31);
            let (hour, half) = ((minute / 60 + 11) % 12 + 1, if minute < 720 { "AM" } else { "PM" });
            text.push_str(&format!("7,4/{day}/2016 {hour}:{:02}:00 {half},{:.1}\n", minute % 60, value(minute, noise)));
        }
    }
    let path = dir.join("heartrate_minutes.csv");
    std::fs::write(&path, text).unwrap();
    let Response::Import(report) =
        ask(twin, Request::Import(Import { paths: vec![path], ..Import::default() })).unwrap()
    else {
        panic!("another answer")
    };
    assert_eq!(report.added, u64::from(days) * 72);
}

fn wave(minute: u32, noise: f64) -> f64 {
    65.0 + 12.0 * (f64::from(minute) / 1_440.0 * std::f64::consts::TAU).sin() + 6.0 * noise
}

fn forecast(twin: &Twin, horizon: &str) -> Result<ForecastAnswer, Failure> {
    let stream = "heart_rate".parse().unwrap();
    let asked = Forecast { stream, horizon: horizon.parse().unwrap(), every: None, source: None, seed: 1 };
    match ask(twin, Request::Forecast(asked))? {
        Response::Forecast(answer) => Ok(*answer),
        other => panic!("another answer: {other:?}"),
    }
}

fn graph(twin: &Twin) -> Result<GraphAnswer, Failure> {
    match ask(twin, Request::Graph(Graph { rate: 0.05, source: None }))? {
        Response::Graph(answer) => Ok(answer),
        other => panic!("another answer: {other:?}"),
    }
}

#[test]
fn a_heart_is_forecast_hour_by_hour_after_its_last_hour() {
    let dir = tempfile::tempdir().unwrap();
    let twin = twin(dir.path());
    import_heart(&twin, dir.path(), 14, wave);
    let answer = forecast(&twin, "6h").unwrap();
    assert_eq!((answer.every.as_str(), answer.unit.as_str(), answer.points.len()), ("1h", "/min", 6));
    assert_eq!(answer.from, "2016-04-14T23:00:00");
    assert_eq!(answer.points[0].time, "2016-04-15T00:00:00");
    assert!(answer.skill_vs_naive > 0.0 && answer.windows > 50, "{answer:?}");
    let told = serde_json::to_value(&answer).unwrap();
    for name in ["model", "points", "skill_vs_naive", "coverage_90", "mase", "windows"] {
        assert!(!told[name].is_null(), "{name}");
    }
    assert_eq!(forecast(&twin, "6h").unwrap(), answer);
}

#[test]
fn what_cannot_be_forecast_is_refused_with_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let twin = twin(dir.path());
    assert_eq!(forecast(&twin, "6h").unwrap_err().code, FailureCode::NotFound);
    import_heart(&twin, dir.path(), 2, |_, _| 60.0);
    let few = forecast(&twin, "6h").unwrap_err();
    assert!(few.code == FailureCode::Invalid && few.message.contains("too few"), "{few}");
    let short = forecast(&twin, "5m").unwrap_err();
    assert!(short.message.contains("about every 20m"), "{short}");
    import_heart_again(&twin, dir.path());
    let constant = forecast(&twin, "6h").unwrap_err();
    assert!(constant.message.contains("every value is the same"), "{constant}");
    let graph = graph(&twin).unwrap_err();
    assert!(graph.message.contains("14 days"), "{graph}");
}

/// Thirteen days of the same value, the first two of which are there already.
fn import_heart_again(twin: &Twin, dir: &Path) {
    let before = std::fs::read_to_string(dir.join("heartrate_minutes.csv")).unwrap();
    let mut text = before.clone();
    for day in 3..=13 {
        text.extend(before.lines().skip(1).take(72).map(|line| line.replacen("4/1/", &format!("4/{day}/"), 1) + "\n"));
    }
    let path = dir.join("more_heartrate_minutes.csv");
    std::fs::write(&path, text).unwrap();
    ask(twin, Request::Import(Import { paths: vec![path], ..Import::default() })).unwrap();
}

#[test]
fn the_time_of_day_is_found_in_the_graph() {
    let dir = tempfile::tempdir().unwrap();
    let twin = twin(dir.path());
    import_heart(&twin, dir.path(), 24, wave);
    let answer = graph(&twin).unwrap();
    let edge = answer.edges.iter().find(|edge| edge.from == "time of day" && edge.to == "heart_rate").unwrap();
    assert!(edge.weight > 0.5 && edge.days > 10 && edge.p < 0.001, "{edge:?}");
    assert!(answer.nodes.iter().any(|node| node.name == "heart_rate" && node.days == 24));
    assert!(answer.edges.iter().all(|edge| edge.from != "weekday"), "{:?}", answer.edges);
}

#[test]
fn a_graph_that_is_kept_and_grown_is_the_graph_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let kept = twin(dir.path());
    import_heart(&kept, dir.path(), 20, wave);
    let before = graph(&kept).unwrap();
    assert_eq!(graph(&kept).unwrap(), before);
    import_heart_more(&kept, dir.path());
    let grown = graph(&kept).unwrap();
    assert_eq!((before.days, grown.days), (20, 24));
    drop(kept);
    let anew = Twin::open(&dir.path().join("home"), "correct horse battery").unwrap();
    assert_eq!(graph(&anew).unwrap(), grown);
}

/// Four days more behind the twenty.
fn import_heart_more(twin: &Twin, dir: &Path) {
    let before = std::fs::read_to_string(dir.join("heartrate_minutes.csv")).unwrap();
    let mut text = String::from("Id,Time,Value\n");
    for day in 21..=24 {
        text.extend(before.lines().skip(1).take(72).map(|line| line.replacen("4/1/", &format!("4/{day}/"), 1) + "\n"));
    }
    let path = dir.join("more_heartrate_minutes.csv");
    std::fs::write(&path, text).unwrap();
    ask(twin, Request::Import(Import { paths: vec![path], ..Import::default() })).unwrap();
}
