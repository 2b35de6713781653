//! The receipt: bounded, canonical, and readable in ten years.

use didymos_base::{Did, Digest, Timestamp};
use didymos_consent::receipt::{MAX_LEN, MAX_STREAMS, MAX_TEXT};
use didymos_consent::{Act, Asked, Basis, Decision, Outcome, Principal, Reason, Receipt, Streams, Transform};
use proptest::prelude::*;

fn did(name: &str) -> Did {
    format!("did:key:z{name}").parse().expect("a DID")
}

fn receipt() -> Receipt {
    let asked = Asked::new("timeline.query@1", Act::View).on(["steps".parse().expect("a stream")]);
    let allowed = Decision::Allow { transform: Transform::None, because: Basis::OwnersDevice };
    let device = Principal::Device { owner: did("o"), device: did("d") };
    Receipt::new(Timestamp(1_000), device, &asked, "per day", allowed, Outcome::Ok { items: 7 })
}

#[test]
fn the_canonical_form_stays() {
    let hex = receipt().encode().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    assert_eq!(hex, KEPT);
    let schema = serde_json::to_value(schemars::schema_for!(Receipt)).expect("JSON");
    assert_eq!(schema["title"], "Receipt");
}

/// A receipt as an earlier build wrote it.
const KEPT: &str = "891903e883006a6469643a6b65793a7a6f6a6469643a6b65793a7a647074696d656c696e652e7175\
                    657279403100816573746570730167706572206461798300810000820007";

#[test]
fn the_json_form_reads_like_a_sentence() {
    let expected = serde_json::json!({
        "time": 1_000,
        "principal": { "device": { "owner": "did:key:zo", "device": "did:key:zd" } },
        "request": "timeline.query@1",
        "act": "view",
        "streams": ["steps"],
        "stream_count": 1,
        "summary": "per day",
        "decision": { "allowed": { "because": "owners_device", "transform": "none" } },
        "outcome": { "ok": { "items": 7 } },
    });
    assert_eq!(serde_json::to_value(receipt()).expect("JSON"), expected);
    assert_eq!(serde_json::from_value::<Receipt>(expected).expect("ours"), receipt());
}

#[test]
fn whatever_is_asked_the_receipt_stays_small() {
    let longest: Did = format!("did:key:z{}", "1".repeat(didymos_base::did::MAX_LEN - 9)).parse().expect("a DID");
    let stream = |i: usize| format!("s{i:0119}").parse().expect("a stream");
    let asked = Asked::new("timeline.query@1", Act::View).on((0..100_000).map(stream));
    let outcome = Outcome::Failed { code: "é".repeat(100_000) };
    let device = Principal::Device { owner: longest.clone(), device: longest };
    let denied = Decision::Deny { because: Reason::RevokedDevice };
    let receipt = Receipt::new(Timestamp(i64::MIN), device, &asked, &"日".repeat(100_000), denied, outcome);
    assert_eq!((receipt.streams.len(), receipt.stream_count), (MAX_STREAMS, Some(100_000)));
    assert!(receipt.summary.len() <= MAX_TEXT && receipt.summary.chars().all(|c| c == '日'));
    let bytes = receipt.encode();
    assert!(bytes.len() <= MAX_LEN, "{} bytes", bytes.len());
    assert_eq!(Receipt::decode(&bytes).expect("ours"), receipt);
}

#[test]
fn a_receipt_beyond_its_bounds_is_refused() {
    let wordy = Receipt { summary: "x".repeat(MAX_TEXT + 1), ..receipt() };
    assert!(Receipt::decode(&wordy.encode()).is_err());
    let endless = Receipt { summary: "x".repeat(MAX_LEN), ..receipt() };
    assert!(Receipt::decode(&endless.encode()).is_err());
}

#[test]
fn every_verdict_outcome_and_principal_reads_back() {
    let decisions = [
        Decision::Allow { transform: Transform::None, because: Basis::Contract(Digest::of(b"c")) },
        Decision::Deny { because: Reason::NotAuthenticated },
        Decision::Deny { because: Reason::PeriodNotCovered },
    ];
    let outcomes = [Outcome::Ok { items: u64::MAX }, Outcome::Failed { code: "denied".to_owned() }];
    let principals = [Principal::Anonymous, Principal::Twin(did("t"))];
    let asked = Asked { streams: Streams::All, ..Asked::new("x@1", Act::Compute) };
    for decision in decisions {
        for outcome in &outcomes {
            for principal in &principals {
                let one = Receipt::new(Timestamp(-1), principal.clone(), &asked, "", decision, outcome.clone());
                assert_eq!(Receipt::decode(&one.encode()).expect("ours"), one);
                let json = serde_json::to_string(&one).expect("JSON");
                assert_eq!(serde_json::from_str::<Receipt>(&json).expect("ours"), one);
            }
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Receipt::decode(&bytes);
    }

    #[test]
    fn changed_bytes_are_refused_or_read_back_as_they_are(place: prop::sample::Index, flip in 1u8..) {
        let mut bytes = receipt().encode();
        let at = place.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(changed) = Receipt::decode(&bytes) {
            prop_assert_eq!(changed.encode(), bytes);
        }
    }
}
