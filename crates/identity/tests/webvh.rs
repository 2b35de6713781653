//! The log of a `did:webvh`: lines of other programs are read as they are meant, and a change of any is found.
//!
//! The files come from the method's own test suite (didwebvh-test-suite, Apache-2.0; vectors `key-rotation` and
//! `deactivate` by its Rust program, `pre-rotation` by its Java program).
#![allow(clippy::unwrap_used)]

use didymos_base::Timestamp;
use didymos_identity::webvh::{Log, LogError};
use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, SigningKey, WebPlace, integrity};
use serde_json::{Map, Value, json};

const ROTATED: &str = include_str!("data/webvh-rotated.jsonl");
const CLOSED: &str = include_str!("data/webvh-closed.jsonl");
const COMMITTED: &str = include_str!("data/webvh-committed.jsonl");

fn phrase() -> RecoveryPhrase {
    RecoveryPhrase::from_entropy([7; 32])
}

fn begun() -> (Log, DidDocument) {
    let device = SigningKey::from_seed(&Secret32::from_bytes([9; 32]));
    let document = DidDocument::genesis(&phrase().identity_key(), device.did(), Timestamp(0), None).document;
    let place: WebPlace = "example.org/people/ann".parse().unwrap();
    let state = |did: &str| document.to_json_as(did, &[place.did().as_str()]);
    let log = Log::begin(&place, &phrase().web_key(0), &phrase().web_key(1), state, Timestamp(1_500)).unwrap();
    (log, document)
}

#[test]
fn logs_of_other_programs_are_read_as_they_are_meant() {
    let log = Log::read(ROTATED).unwrap();
    assert_eq!(log.did().as_str(), "did:webvh:Qmc57yQsqz5NYVyMwT1zWTAXBAX6cNHfiAzqcABAJTkLnY:example.com");
    assert_eq!(
        log.state().unwrap()["verificationMethod"][0]["publicKeyMultibase"],
        "z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf"
    );
    assert_eq!((log.len(), log.text().as_str()), (2, ROTATED));
    assert_eq!(Log::read(CLOSED).unwrap().state(), None);
    assert_eq!(Log::read(COMMITTED).unwrap().len(), 1);
}

#[test]
fn a_change_of_any_member_of_any_line_is_found() {
    for text in [ROTATED, CLOSED, COMMITTED] {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let entry: Map<String, Value> = serde_json::from_str(line).unwrap();
            for name in entry.keys() {
                let mut changed = entry.clone();
                changed.remove(name);
                let with = |changed: Map<String, Value>| {
                    let mut lines: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
                    lines[at] = Value::Object(changed).to_string();
                    Log::read(&lines.join("\n"))
                };
                assert!(with(changed.clone()).is_err(), "without {name}");
                changed.insert(name.clone(), json!("else"));
                assert!(with(changed).is_err(), "another {name}");
            }
        }
        let swapped: Vec<&str> = lines.iter().rev().copied().collect();
        assert!(lines.len() == 1 || Log::read(&swapped.join("\n")).is_err(), "in another order");
        assert!(Log::read(&format!("{text}{}", lines[0])).is_err(), "once more");
    }
    assert_eq!(Log::read(""), Err(LogError::Size));
    assert_eq!(Log::read(&"{}\n".repeat(257)), Err(LogError::Size));
}

#[test]
fn a_log_of_ones_own_goes_on_with_the_key_that_was_committed_to_and_with_no_other() {
    let (log, document) = begun();
    assert!(log.did().as_str().starts_with("did:webvh:Qm") && log.did().as_str().ends_with(":example.org:people:ann"));
    let known = log.state().unwrap()["alsoKnownAs"].clone();
    assert_eq!(known, json!([document.id, "did:web:example.org:people:ann"]));
    let state = document.to_json_as(log.did().as_str(), &[]);
    let (first, second, third) = (phrase().web_key(0), phrase().web_key(1), phrase().web_key(2));
    let later = Timestamp(3_000);
    assert_eq!(log.followed(&first, &second, state.clone(), later), Err(LogError::NotTheCommittedKey));
    assert_eq!(log.followed(&second, &third, state.clone(), Timestamp(1_900)), Err(LogError::TooSoon));
    let two = log.followed(&second, &third, state.clone(), later).unwrap();
    assert_eq!((two.len(), Log::read(&two.text())), (2, Ok(two.clone())));
    assert_eq!(two.state(), Some(&state));

    // Whoever stole the key of the newest line writes no next one, though every hash and signature is right.
    let mut entry: Map<String, Value> = serde_json::from_str(two.text().lines().nth(1).unwrap()).unwrap();
    entry.insert("parameters".into(), json!({ "updateKeys": [first.did().specific_id()], "nextKeyHashes": [] }));
    integrity::seal(&mut entry, &first, "1970-01-01T00:00:03Z");
    let forged = format!("{}{}", log.text(), Value::Object(entry));
    assert!(matches!(Log::read(&forged), Err(LogError::Line { line: 2, .. })));
}

#[test]
fn what_is_not_understood_is_refused_and_not_passed_over() {
    let entry: Map<String, Value> = serde_json::from_str(begun().0.text().trim()).unwrap();
    for (name, value) in
        [("witness", json!({ "threshold": 1 })), ("method", json!("did:webvh:99.0")), ("new", json!(1))]
    {
        let mut entry = entry.clone();
        entry["parameters"][name] = value;
        integrity::seal(&mut entry, &phrase().web_key(0), "1970-01-01T00:00:01Z");
        assert!(Log::read(&Value::Object(entry).to_string()).is_err(), "{name}");
    }
}
