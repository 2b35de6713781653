//! Heirs: real twins on the loopback interface, and a clock that the test moves.
#![allow(clippy::unwrap_used)]

mod common;
mod trust;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{Person, pair, until};
use didymos_identity::derive;
use didymos_twin::request::{HeirWish, HeirsSet, Inheritance};
use didymos_twin::response::{ClaimState, HeirsAnswer, Inherited, RecoveryAnswer};
use didymos_twin::{Failure, FailureCode, Request, Response};
use trust::{Clock, DAY, HOUR, accepted, approve, guarded, list, person, phrase, recovery, words};

fn heirs(of: &Person, request: Request) -> Result<HeirsAnswer, Failure> {
    match of.ask(request)? {
        Response::Heirs(answer) => Ok(answer),
        other => panic!("{other:?}"),
    }
}

fn claim(heir: &Person) -> RecoveryAnswer {
    recovery(heir, Request::InheritanceClaim(Inheritance { from: "ann".to_owned() }))
}

fn opened(heir: &Person) -> Result<Inherited, Failure> {
    match heir.ask(Request::InheritanceOpen(Inheritance { from: "ann".to_owned() }))? {
        Response::Inherited(inherited) => Ok(*inherited),
        other => panic!("{other:?}"),
    }
}

/// Days go by, and guardians' twins look at the clock.
fn days(count: u32, clock: &Clock, guardians: &[&Person]) {
    for _ in 0..count {
        clock.pass(DAY);
        for guardian in guardians {
            list(guardian);
        }
    }
}

fn all(answer: &RecoveryAnswer, state: ClaimState) -> bool {
    answer.guardians.len() == 2 && answer.guardians.iter().all(|one| one.state == Some(state))
}

#[test]
fn heirs_get_what_was_left_to_them_only_after_silence() {
    let clock = Clock::new();
    let ann = person(1, "Ann", &clock).with_data(1);
    let (bob, cyd, dan, eve) =
        (person(2, "Bob", &clock), person(3, "Cyd", &clock), person(4, "Dan", &clock), person(5, "Eve", &clock));
    guarded(&ann, 1, &[&bob, &cyd], 2, 1);
    for heir in [&dan, &eve] {
        pair(&ann, heir);
        pair(&bob, heir);
        pair(&cyd, heir);
    }
    let wishes = vec![
        HeirWish { heir: "dan".to_owned(), streams: Vec::new(), letter: Some("water the plants".to_owned()) },
        HeirWish { heir: "eve".to_owned(), streams: vec!["heart_rate".parse().unwrap()], letter: None },
    ];
    let asked = HeirsSet { heirs: wishes, silence_days: 8, phrase: words(1) };
    assert_eq!(heirs(&ann, Request::HeirsSet(asked)).unwrap().heirs.len(), 2);
    accepted(&ann, &[&bob, &cyd]);
    for heir in [&dan, &eve] {
        until(|| heirs(heir, Request::Heirs).unwrap().inherits.len() == 1);
    }
    let Response::Rehearsal(rehearsal) = ann.ask(Request::GuardiansRehearse).unwrap() else { panic!() };
    assert!(rehearsal.would_work && rehearsal.steps.len() == 4, "{rehearsal:?}");

    // As long as Ann uses her twin nobody gets anything.
    assert!(all(&claim(&dan), ClaimState::Early));
    days(5, &clock, &[&bob, &cyd]);
    assert!(list(&bob).wards[0].silent_days.unwrap() >= 4);
    list(&ann);
    for guardian in [&bob, &cyd] {
        ann.twin.carry_to(&guardian.did()).unwrap();
        until(|| list(guardian).wards[0].silent_days == Some(0));
    }
    days(5, &clock, &[&bob, &cyd]);
    assert!(all(&claim(&dan), ClaimState::Early), "the sign of life began the silence anew");
    assert!(list(&bob).claims.is_empty(), "nothing is kept of a claim that comes too early");

    let did = ann.did();
    let away = ann.close();
    days(5, &clock, &[&bob, &cyd]);
    let begun = claim(&dan);
    assert!(all(&begun, ClaimState::Unapproved), "{begun:?}");
    for guardian in [&bob, &cyd] {
        approve(guardian, &begun.digits, None).unwrap();
    }
    assert!(all(&claim(&dan), ClaimState::Waiting), "the waiting time holds for heirs too");
    assert_eq!(opened(&dan).unwrap_err().code, FailureCode::NotFound);
    for _ in 0..5 {
        clock.pass(6 * HOUR);
        claim(&dan);
    }
    assert!(claim(&dan).ready);
    let everything = opened(&dan).unwrap();
    assert_eq!(everything.did, did);
    assert_eq!(everything.phrase.unwrap().as_str(), phrase(1).words().as_str());
    assert_eq!(everything.letter.as_deref(), Some("water the plants"));

    let begun = claim(&eve);
    for guardian in [&bob, &cyd] {
        approve(guardian, &begun.digits, None).unwrap();
    }
    for _ in 0..5 {
        clock.pass(6 * HOUR);
        claim(&eve);
    }
    let some = opened(&eve).unwrap();
    assert!(some.phrase.is_none() && some.letter.is_none());
    let key = derive(&phrase(1).vault_key(), "vault stream", b"heart_rate");
    let streams: Vec<(String, String)> =
        some.streams.iter().map(|(stream, key)| (stream.to_string(), key.as_str().to_owned())).collect();
    assert_eq!(streams, [("heart_rate".to_owned(), URL_SAFE_NO_PAD.encode(key.as_bytes()))]);
    drop(away);
}

#[test]
fn whoever_is_no_heir_gets_nothing_by_silence() {
    let clock = Clock::new();
    let (ann, bob, cyd, dan) =
        (person(1, "Ann", &clock), person(2, "Bob", &clock), person(3, "Cyd", &clock), person(4, "Dan", &clock));
    guarded(&ann, 1, &[&bob, &cyd], 2, 1);
    pair(&ann, &dan);
    let asked = |heirs| HeirsSet { heirs, silence_days: 8, phrase: words(1) };
    let wish = HeirWish { heir: "dan".to_owned(), streams: Vec::new(), letter: None };
    heirs(&ann, Request::HeirsSet(asked(vec![wish]))).unwrap();
    until(|| heirs(&dan, Request::Heirs).unwrap().inherits.len() == 1);
    // Ann thinks otherwise: Dan is told, and a bequest that is over is none.
    heirs(&ann, Request::HeirsSet(asked(Vec::new()))).unwrap();
    until(|| heirs(&dan, Request::Heirs).unwrap().inherits.is_empty());
    let error = dan.ask(Request::InheritanceClaim(Inheritance { from: "ann".to_owned() })).unwrap_err();
    assert_eq!(error.code, FailureCode::NotFound);
    until(|| list(&bob).wards[0].silence_days.is_none());
}
