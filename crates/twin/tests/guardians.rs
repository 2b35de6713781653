//! Guardians: real twins on the loopback interface, and a clock that the test moves.
#![allow(clippy::unwrap_used)]

mod common;
mod trust;

use common::{pair, until};
use didymos_identity::KdfCost;
use didymos_twin::request::{BackupAdd, BackupWhich, GuardiansSet, WardWhich};
use didymos_twin::response::{ClaimState, GuardianState, RehearsalAnswer, WardState};
use didymos_twin::{FailureCode, Request, Response, Twin, unwatched};
use std::collections::BTreeMap;
use trust::{
    Clock, DAY, HOUR, appoint, approve, cancel, claim_at, guarded, guardians, list, machine, person, phrase, restart,
    status, words,
};

#[test]
fn two_of_three_guardians_bring_everything_back_after_the_waiting_time() {
    let clock = Clock::new();
    let (ann, bob, cyd, dan) = (
        person(1, "Ann", &clock).with_data(2),
        person(2, "Bob", &clock),
        person(3, "Cyd", &clock),
        person(4, "Dan", &clock),
    );
    guarded(&ann, 1, &[&bob, &cyd, &dan], 2, 4);
    let copy = ann.dir.path().join("copy").display().to_string();
    ann.ask(Request::BackupAdd(BackupAdd { target: copy.clone(), options: BTreeMap::new() })).unwrap();
    ann.ask(Request::BackupRun(BackupWhich { target: None })).unwrap();

    let new = machine(9, "ann", &[&bob, &cyd], &clock);
    let begun = status(&new);
    assert!(begun.guardians.iter().all(|one| one.state == Some(ClaimState::Unapproved)), "{begun:?}");
    assert_eq!(claim_at(&bob).digits, begun.digits);
    // The living twin is told at once, by each guardian.
    until(|| list(&ann).claims.first().is_some_and(|claim| claim.mine && claim.told_by.len() == 2));
    assert!(ann.twin.notices().iter().any(|notice| notice.contains("twin guardian cancel")));

    // Whoever does not compare the digits approves nothing.
    let wrong = approve(&bob, "000 000 000 000", None).unwrap_err();
    assert_eq!(wrong.code, FailureCode::Invalid);
    approve(&bob, &begun.digits, None).unwrap();
    approve(&cyd, &begun.digits, None).unwrap();
    assert!(status(&new).guardians.iter().all(|one| one.state == Some(ClaimState::Waiting)));

    // A guardian restarts, its clock jumps ahead and goes back: nothing of that makes the time shorter.
    clock.pass(12 * HOUR);
    status(&new);
    let bob = restart(bob, &clock);
    clock.pass(1_000 * DAY);
    assert!(status(&new).guardians.iter().all(|one| one.state == Some(ClaimState::Waiting)));
    clock.pass(-1_000 * DAY);
    assert!(status(&new).guardians.iter().all(|one| one.state == Some(ClaimState::Waiting)));
    for _ in 0..4 {
        clock.pass(12 * HOUR);
        let now = status(&new);
        assert_eq!((now.have, now.ready), (0, false), "{now:?}");
    }
    for _ in 0..4 {
        clock.pass(12 * HOUR);
        status(&new);
    }
    let done = status(&new);
    assert_eq!((done.have, done.need, done.ready), (2, Some(2), true), "{done:?}");
    assert_eq!(done.ward.as_ref(), Some(&ann.did()));
    assert_eq!(claim_at(&bob).state, ClaimState::Released);

    let (did, found) = new.twin.recovered().unwrap();
    assert_eq!((did, found.words()), (ann.did(), phrase(1).words()));
    let home = new.dir.path().join("restored");
    let restored = Twin::restore(
        &home,
        &copy,
        &BTreeMap::new(),
        &found,
        "another passphrase",
        KdfCost::for_tests(),
        &mut unwatched,
    );
    assert_eq!(restored.unwrap().did(), &ann.did());
    drop(dan);
}

#[test]
fn one_guardian_is_too_few_and_nothing_shows() {
    let clock = Clock::new();
    let (ann, bob, cyd) = (person(1, "Ann", &clock), person(2, "Bob", &clock), person(3, "Cyd", &clock));
    guarded(&ann, 1, &[&bob, &cyd], 2, 1);
    let new = machine(9, ann.did().as_str(), &[&bob], &clock);
    approve(&bob, &status(&new).digits, None).unwrap();
    for _ in 0..5 {
        clock.pass(6 * HOUR);
        status(&new);
    }
    let now = status(&new);
    assert_eq!((now.have, now.need, now.ready), (1, Some(2), false), "{now:?}");
    let error = new.twin.recovered().unwrap_err();
    assert!(error.message.contains("1 sound shares are here and 2 are needed"), "{error}");
}

#[test]
fn the_owner_cancels_and_no_guardian_hands_anything_over_any_more() {
    let clock = Clock::new();
    let (ann, bob, cyd) = (person(1, "Ann", &clock), person(2, "Bob", &clock), person(3, "Cyd", &clock));
    guarded(&ann, 1, &[&bob, &cyd], 2, 1);
    // A thief has talked one guardian into it, and will come to the other one later.
    let thief = machine(9, "ann", &[&bob], &clock);
    approve(&bob, &status(&thief).digits, None).unwrap();
    until(|| !list(&ann).claims.is_empty());
    assert!(cancel(&ann).unwrap().claims[0].state == ClaimState::Cancelled);
    until(|| claim_at(&bob).state == ClaimState::Cancelled);
    assert_eq!(approve(&bob, &claim_at(&bob).digits, None).unwrap_err().code, FailureCode::Invalid);
    let blocked = |of: &common::Person| of.contacts().iter().any(|one| one.did == thief.did() && one.blocked);
    until(|| blocked(&bob));

    until(|| list(&ann).ring.unwrap().guardians.iter().all(|one| !one.undelivered));
    pair(&cyd, &thief);
    status(&thief);
    assert_eq!(claim_at(&cyd).state, ClaimState::Cancelled, "the other guardian was told before it saw the claim");
    for _ in 0..6 {
        clock.pass(6 * HOUR);
        let now = status(&thief);
        assert_eq!((now.have, now.ready), (0, false), "{now:?}");
    }
    assert!(thief.twin.recovered().is_err());
}

#[test]
fn a_guardian_says_whose_twin_it_is_where_the_claim_does_not() {
    let clock = Clock::new();
    let (ann, bob, cyd) = (person(1, "Ann", &clock), person(2, "Bob", &clock), person(3, "Cyd", &clock));
    guarded(&ann, 1, &[&bob, &cyd], 2, 1);
    let new = machine(9, "my old nickname", &[&bob, &cyd], &clock);
    let begun = status(&new);
    assert!(begun.guardians.iter().all(|one| one.state == Some(ClaimState::Unclear)), "{begun:?}");
    assert!(list(&ann).claims.is_empty());
    // Time that passes before the owner can know does not count.
    for _ in 0..8 {
        clock.pass(6 * HOUR);
        status(&new);
    }
    assert!(approve(&bob, &begun.digits, None).unwrap_err().message.contains("--ward"));
    approve(&bob, &begun.digits, Some("ann")).unwrap();
    until(|| !list(&ann).claims.is_empty());
    assert_eq!(claim_at(&bob).state, ClaimState::Waiting);
}

#[test]
fn a_new_round_makes_old_shares_useless_and_destroys_them() {
    let clock = Clock::new();
    let (ann, bob, cyd, dan) =
        (person(1, "Ann", &clock), person(2, "Bob", &clock), person(3, "Cyd", &clock), person(4, "Dan", &clock));
    guarded(&ann, 1, &[&bob, &cyd], 2, 1);
    let shares = |of: &common::Person| std::fs::metadata(of.twin.home().join("shares")).map_or(0, |meta| meta.len());
    let (bobs, cyds) = (shares(&bob), shares(&cyd));
    assert!(bobs > 0 && cyds == bobs);
    pair(&ann, &dan);
    appoint(&ann, 1, &[&bob, &dan], 2, 1);
    let ring = list(&ann).ring.unwrap();
    assert_eq!((ring.round, ring.ready, ring.guardians.len()), (2, true, 2));
    until(|| list(&cyd).wards[0].state == WardState::Ended);
    until(|| shares(&cyd) < cyds && shares(&bob) == bobs);

    let new = machine(9, "ann", &[&bob, &cyd], &clock);
    approve(&bob, &status(&new).digits, None).unwrap();
    // Cyd keeps nothing of Ann's any more: to her the claim is about nobody.
    assert!(approve(&cyd, &status(&new).digits, Some("ann")).is_err());
    for _ in 0..5 {
        clock.pass(6 * HOUR);
        status(&new);
    }
    let now = status(&new);
    assert_eq!((now.have, now.ready), (1, false), "{now:?}");
}

#[test]
fn whoever_refuses_keeps_nothing_and_the_owner_knows() {
    let clock = Clock::new();
    let (ann, bob, cyd) = (person(1, "Ann", &clock), person(2, "Bob", &clock), person(3, "Cyd", &clock));
    pair(&ann, &bob);
    pair(&ann, &cyd);
    let set = |phrase| GuardiansSet { guardians: vec!["bob".into(), "cyd".into()], threshold: 2, wait_days: 1, phrase };
    let error = guardians(&ann, Request::GuardiansSet(set(words(7)))).unwrap_err();
    assert!(error.message.contains("another twin"), "{error}");
    guardians(&ann, Request::GuardiansSet(set(words(1)))).unwrap();
    until(|| list(&bob).wards.len() == 1 && list(&cyd).wards.len() == 1);
    guardians(&bob, Request::GuardianRefuse(WardWhich { ward: "ann".into() })).unwrap();
    until(|| list(&ann).ring.unwrap().guardians[0].state == GuardianState::Refused);
    let ring = list(&ann).ring.unwrap();
    assert!(!ring.ready && ring.notes.iter().any(|note| note.contains("anew")), "{ring:?}");
    assert_eq!(list(&bob).wards[0].state, WardState::Ended);
}

#[test]
fn a_rehearsal_proves_that_it_would_work_and_opens_nothing() {
    let clock = Clock::new();
    let (ann, bob, cyd) = (person(1, "Ann", &clock), person(2, "Bob", &clock), person(3, "Cyd", &clock));
    guarded(&ann, 1, &[&bob, &cyd], 2, 1);
    let rehearsed = || -> RehearsalAnswer {
        let Response::Rehearsal(answer) = ann.ask(Request::GuardiansRehearse).unwrap() else { panic!() };
        answer
    };
    let answer = rehearsed();
    assert!(answer.would_work && answer.sound == 2 && answer.steps.iter().all(|step| step.ok), "{answer:?}");
    assert!(list(&ann).ring.unwrap().guardians.iter().all(|one| one.checked.is_some()));
    assert!(list(&bob).claims.is_empty() && list(&ann).claims.is_empty());

    // A share that was lost is found to be lost, and the owner is told.
    std::fs::remove_file(cyd.twin.home().join("shares")).unwrap();
    let answer = rehearsed();
    assert!(!answer.would_work && answer.sound == 1, "{answer:?}");
    until(|| list(&ann).ring.unwrap().guardians[1].state == GuardianState::Lost);
}

#[test]
fn no_share_and_no_phrase_lies_anywhere_in_clear() {
    let clock = Clock::new();
    let (ann, bob, cyd) = (person(1, "Ann", &clock), person(2, "Bob", &clock), person(3, "Cyd", &clock));
    guarded(&ann, 1, &[&bob, &cyd], 2, 1);
    let first = phrase(1).words().split(' ').take(3).collect::<Vec<_>>().join(" ");
    for person in [&ann, &bob, &cyd] {
        for file in std::fs::read_dir(person.twin.home()).unwrap() {
            let path = file.unwrap().path();
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
            assert!(!has(&[1; 32]) && !has(first.as_bytes()), "{}", path.display());
        }
    }
}
