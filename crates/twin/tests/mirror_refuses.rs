//! Bad data at every request of the mirror: a refusal with a reason, never a number made up, never NaN, never a panic.
#![allow(clippy::unwrap_used)]

use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::request::{CsvColumns, Import};
use didymos_twin::{Door, FailureCode, Request, Twin, unwatched};
use serde_json::{Value, json};
use std::path::Path;

/// 2024-01-01 in hours since 1970.
const START_H: i64 = 473_352;

/// What is wrong, and with which rows: hour from the start, and value as text.
type Bad = (&'static str, fn() -> Vec<(i64, String)>);

fn wave(hour: i64) -> f64 {
    60.0 + 10.0 * ((hour % 24) as f64 / 24.0 * std::f64::consts::TAU).sin() + (hour * 7 % 5) as f64
}

const BAD: [Bad; 8] = [
    ("nothing", Vec::new),
    ("three points", || [0, 30, 61].map(|hour| (hour, format!("{}", 60 + hour))).into()),
    ("constant", || (0..24 * 40).map(|hour| (hour, "72".to_owned())).collect()),
    ("constant but for rounding", || {
        (0..24 * 40).map(|hour| (hour, if hour % 2 == 0 { "72.00000000000001" } else { "72" }.to_owned())).collect()
    }),
    ("nothing but missing values", || (0..24 * 40).map(|hour| (hour, String::new())).collect()),
    ("a clock in the future", || {
        (0..24 * 40).map(|hour| (hour + 24 * 365 * 60, format!("{:.1}", wave(hour)))).collect()
    }),
    ("clocks far apart", || {
        let old = (0..5).map(|hour| (hour - START_H + 24, format!("{:.1}", wave(hour))));
        old.chain((0..5).map(|hour| (hour, format!("{:.1}", wave(hour))))).collect()
    }),
    ("units mixed up", || {
        let value = |hour: i64| if hour % 3 == 0 { 1e200 * wave(hour) } else { wave(hour) };
        (0..24 * 40).map(|hour| (hour, format!("{:e}", value(hour)))).collect()
    }),
];

/// Every request of the mirror, as it comes over HTTP.
fn requests() -> Vec<Value> {
    let name = |name: &str, params: Value| json!({ "request": name, "params": params });
    vec![
        name("mirror.forecast@1", json!({ "stream": "heart_rate", "horizon": "24h" })),
        name("mirror.forecast@1", json!({ "stream": "heart_rate", "horizon": "7d", "every": "1d" })),
        name("mirror.graph@1", json!({})),
        name("mirror.what_if@1", json!({ "sentence": "what if I sleep an hour more?" })),
        name("mirror.what_if@1", json!({ "sentence": "what if my heart rate is 5 less?", "outcome": "steps" })),
        name("mirror.what_if@1", json!({ "sentence": "what will my glucose do after this meal and two units less?" })),
        name("mirror.what_if@1", json!({ "sentence": "what if the connection between 1 and 2 weakens?" })),
        name("mirror.what_if@1", json!({ "sentence": "wenn ich eine Stunde früher ins Bett gehe?" })),
        name("mirror.simulate@1", json!({ "what": "glucose", "hours": 8 })),
        name("mirror.simulate@1", json!({ "what": "sleep" })),
        name("mirror.simulate@1", json!({ "what": "training", "load": "heart_rate", "performance": "heart_rate" })),
        name("mirror.simulate@1", json!({ "what": "brain" })),
        name("mirror.days@1", json!({ "what": "like" })),
        name("mirror.days@1", json!({ "what": "unusual" })),
        name("mirror.days@1", json!({ "what": "filled" })),
        name("mirror.days@1", json!({ "what": "state" })),
        name("mirror.generate@1", json!({ "days": 2 })),
        name("mirror.propose@1", json!({ "aims": [{ "stream": "heart_rate", "weight": 1.0 }] })),
        name(
            "mirror.experiment.add@1",
            json!({
                "title": "x", "outcome": "heart_rate", "arms": ["a"], "blocks": 1, "days_per_period": 0
            }),
        ),
        name("mirror.brain.add@1", json!({ "weights": [0.0, 1.0, 1.0, 0.0], "lengths": [0.0, -1.0, 1.0, 0.0] })),
    ]
}

fn request(named: &Value) -> Request {
    let mut form = named["params"].as_object().unwrap().clone();
    form.insert("request".to_owned(), named["request"].clone());
    serde_json::from_value(Value::Object(form)).unwrap_or_else(|error| panic!("{named}: {error}"))
}

fn import(twin: &Twin, dir: &Path, rows: &[(i64, String)]) {
    let mut text = String::from("time,value\n");
    for (hour, value) in rows {
        text.push_str(&format!("{},{value}\n", (START_H + hour) * 3_600));
    }
    let path = dir.join("heart.csv");
    std::fs::write(&path, text).unwrap();
    let columns = CsvColumns {
        stream: "heart_rate".into(),
        time: "time".into(),
        value: "value".into(),
        time_format: Some("s".into()),
        ..CsvColumns::default()
    };
    let asked = Import { paths: vec![path], zone: Some("UTC".into()), csv: Some(columns), ..Import::default() };
    // Whatever the reader leaves out, it says so itself.
    let _ = twin.ask(&twin.principal(), Request::Import(asked), &mut unwatched);
}

/// Every number of an answer is finite: JSON writes one that is not as `null`, so no `null` may stand where a number has to.
fn numbers_are_finite(answer: &Value, at: &str) {
    // What may be unknown, and says so.
    const MAY_BE_NULL: [&str; 2] = ["recent", "means"];
    match answer {
        Value::Null => panic!("{at} is not a number"),
        Value::Array(items) => items.iter().for_each(|item| numbers_are_finite(item, at)),
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| !MAY_BE_NULL.contains(&name.as_str())) {
                numbers_are_finite(value, &format!("{at}.{name}"));
            }
        }
        _ => {}
    }
}

#[test]
fn bad_data_are_refused_with_a_reason_at_every_request_of_the_mirror() {
    for (what, rows) in BAD {
        let dir = tempfile::tempdir().unwrap();
        let phrase = RecoveryPhrase::from_entropy([7; 32]);
        let home = dir.path().join("home");
        let twin = Twin::init(&home, &phrase, "correct horse battery", KdfCost::for_tests()).unwrap();
        import(&twin, dir.path(), &rows());
        for named in requests() {
            let place = format!("{what}, {}", named["request"].as_str().unwrap());
            match twin.ask(&twin.principal(), request(&named), &mut unwatched) {
                Err(failure) => {
                    let fits = matches!(failure.code, FailureCode::Invalid | FailureCode::NotFound);
                    assert!(fits && failure.message.len() > 15, "{place}: {failure:?}");
                }
                Ok(answer) => {
                    let answer = serde_json::to_value(&answer).unwrap();
                    numbers_are_finite(&answer, &place);
                    // Nothing can be said of such data, so what is no failure says why there is no answer.
                    let because = answer["refused"]["because"].as_str().unwrap_or_default();
                    assert!(because.len() > 15, "{place}: {answer}");
                    let missing = answer["refused"]["missing"].as_array().unwrap();
                    assert!(!missing.is_empty(), "{place}: {answer}");
                }
            }
        }
    }
}
