//! Two twins meet, agree on something, and see exactly that.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Person, look, offer, offer_to, pair, until};
use didymos_base::Timestamp;
use didymos_consent::{Basis, Outcome, Principal, Reason, Transform, Verdict};
use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::request::{ContactChange, ContractPreview, Look, ReceiptsAsked, UsesAsked};
use didymos_twin::response::{ContractState, UseShown};
use didymos_twin::{Door, FailureCode, Twin, World};
use didymos_twin::{Request, Response};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

fn receipts(of: &Person, request: &str) -> Vec<didymos_consent::Receipt> {
    let asked = serde_json::from_value(serde_json::json!({ "request": "receipts.list@1" })).unwrap();
    let Request::Receipts(asked) = asked else { panic!() };
    let Response::Receipts(answer) = of.ask(Request::Receipts(ReceiptsAsked { limit: 500, ..asked })).unwrap() else {
        panic!()
    };
    answer.receipts.into_iter().map(|shown| shown.receipt).filter(|receipt| receipt.request == request).collect()
}

/// Ann grants Bob her heart rate by the hour for three days, and Bob accepts.
fn granted() -> (Person, Person, String) {
    let (ann, bob) = (Person::new(1).with_data(6), Person::new(2));
    pair(&ann, &bob);
    let id = ann.grant(offer(&bob, &["heart_rate"])).contract.to_string();
    until(|| bob.contracts().len() == 1);
    bob.accept(&id).unwrap();
    until(|| ann.contracts()[0].state == ContractState::InForce);
    (ann, bob, id)
}

#[test]
fn a_contact_sees_exactly_what_both_have_signed() {
    let (ann, bob, id) = granted();
    let shown = &bob.contracts()[0];
    assert_eq!((shown.state, shown.granted, shown.every.as_deref()), (ContractState::InForce, false, Some("1h")));
    assert_eq!(shown.purpose, "training together");

    let seen = bob.look(look(&ann, "heart_rate")).unwrap();
    assert_eq!(seen.contract.to_string(), id);
    let buckets = seen.answer.buckets.unwrap();
    assert_eq!(buckets.len(), 3 * 24, "three whole days by the hour");
    assert_eq!((buckets[0].time.as_str(), buckets[71].time.as_str()), ("2016-04-02T00:00:00", "2016-04-04T23:00:00"));
    assert!(buckets.iter().all(|bucket| bucket.count == 6));
    assert!(seen.answer.points.is_none() && seen.answer.sources.is_none() && seen.answer.notes.is_empty());

    // Whatever is asked for, it comes on the contract's grid, and cut stretches do not come at all.
    let cut = Look {
        from: Some("2016-04-02T10:20".parse().unwrap()),
        to: Some("2016-04-02T14:10".parse().unwrap()),
        every: Some("1m".parse().unwrap()),
        ..look(&ann, "heart_rate")
    };
    let answer = bob.look(cut).unwrap().answer;
    let hours: Vec<String> = answer.buckets.unwrap().into_iter().map(|bucket| bucket.time).collect();
    assert_eq!(answer.every.as_deref(), Some("1h"));
    assert_eq!(hours, ["2016-04-02T11:00:00", "2016-04-02T12:00:00", "2016-04-02T13:00:00"]);
    let within = Look {
        from: Some("2016-04-02T10:20".parse().unwrap()),
        to: Some("2016-04-02T10:30".parse().unwrap()),
        ..look(&ann, "heart_rate")
    };
    assert_eq!(bob.look(within).unwrap().answer.buckets.unwrap().len(), 0);
}

#[test]
fn what_a_contract_does_not_cover_is_denied_and_receipted() {
    let (ann, bob, _) = granted();
    // Bob's own twin knows of no such contract; so he asks with one that covers the stream but not the time.
    let early = Look { from: Some("2016-04-01".parse().unwrap()), ..look(&ann, "heart_rate") };
    let error = bob.look(early).unwrap_err();
    assert_eq!(error.code, FailureCode::Denied);
    assert!(error.message.contains("this period"), "{error}");
    assert_eq!(bob.look(look(&ann, "steps")).unwrap_err().code, FailureCode::Denied);
    assert_eq!(ann.look(look(&bob, "heart_rate")).unwrap_err().code, FailureCode::Denied, "the other way round");

    let at_ann = receipts(&ann, "timeline.query@1");
    assert!(at_ann.iter().any(|receipt| receipt.principal == Principal::Twin(bob.did())
        && receipt.decision == Verdict::Denied { because: Reason::PeriodNotCovered }));
}

#[test]
fn every_use_leaves_a_receipt_with_both() {
    let (ann, bob, id) = granted();
    bob.look(look(&ann, "heart_rate")).unwrap();
    let at_ann = receipts(&ann, "timeline.query@1");
    assert_eq!(at_ann.len(), 1);
    assert_eq!(at_ann[0].principal, Principal::Twin(bob.did()));
    assert_eq!(at_ann[0].outcome, Outcome::Ok { items: 72 });
    let Verdict::Allowed { because: Basis::Contract(contract), transform } = at_ann[0].decision else { panic!() };
    assert_eq!(contract.to_string(), id);
    assert_eq!(transform, Transform::Coarsen { resolution_ms: 3_600_000 });
    assert_eq!(receipts(&bob, "contracts.look@1").len(), 1);
    assert_eq!(receipts(&ann, "contracts.paper@1").len(), 1, "Bob's acceptance came through the door too");
    // The paper that both have signed is the same on both sides, byte for byte.
    let uses = |of: &Person| of.twin.uses().unwrap();
    assert_eq!(uses(&ann).len(), 1);
    assert_eq!(uses(&ann), uses(&bob));
}

#[test]
fn both_can_list_the_uses_of_a_contract_and_check_their_signatures() {
    let (ann, bob, id) = granted();
    for _ in 0..3 {
        bob.look(look(&ann, "heart_rate")).unwrap();
    }
    let uses = |of: &Person, before: Option<String>, limit| {
        let asked = UsesAsked { contract: id[..8].to_owned(), before, limit };
        let Response::Uses(answer) = of.ask(Request::ContractUses(asked)).unwrap() else { panic!() };
        answer
    };
    let (at_ann, at_bob) = (uses(&ann, None, 50), uses(&bob, None, 50));
    assert_eq!((at_ann.uses.len(), at_ann.next.as_deref()), (3, None));
    assert!(at_ann.uses.iter().chain(&at_bob.uses).all(|one| one.holds && one.request == "timeline.query@1"));
    assert!(at_ann.uses.iter().all(|one| !one.by_owner) && at_bob.uses.iter().all(|one| one.by_owner));
    let digests = |uses: &[UseShown]| uses.iter().map(|one| (one.ask, one.answer)).collect::<Vec<_>>();
    assert_eq!(digests(&at_ann.uses), digests(&at_bob.uses), "the same papers on both sides");
    // Page by page nothing is missing and nothing comes twice.
    let first = uses(&ann, None, 2);
    let rest = uses(&ann, first.next.clone(), 2);
    assert_eq!(digests(&[first.uses, rest.uses].concat()), digests(&at_ann.uses));
    assert_eq!(rest.next, None);

    // Somebody forgotten has no keys here any more, so that nothing of theirs can be checked.
    ann.change(ContactChange { contact: bob.did().to_string(), forget: true, ..ContactChange::default() }).unwrap();
    assert!(uses(&ann, None, 50).uses.iter().all(|one| !one.holds));
}

#[test]
fn a_preview_shows_what_a_contract_of_these_terms_would() {
    let (ann, bob, _) = granted();
    let seen = bob.look(look(&ann, "heart_rate")).unwrap().answer;
    let terms = offer(&bob, &["heart_rate"]);
    let stream = terms.streams[0].clone();
    let preview = |from, to, every, limit| {
        let asked = ContractPreview { stream: stream.clone(), from, to, every, limit };
        let Response::Query(answer) = ann.ask(Request::ContractPreview(asked)).unwrap() else { panic!() };
        answer
    };
    assert_eq!(preview(terms.from, terms.to, terms.every, 1_000), seen);
    let single = preview(terms.from, terms.to, None, 1_000);
    assert_eq!(single.points.unwrap().len(), 3 * 144);
    assert!(single.sources.is_none() && single.notes.is_empty());
}

#[test]
fn a_rate_holds_across_threads_and_restarts() {
    let (ann, bob) = (Person::new(1).with_data(6), Person::new(2));
    pair(&ann, &bob);
    let rate = Some(didymos_consent::Rate { uses: 3, per_ms: 86_400_000 });
    let id = ann.grant(didymos_twin::request::ContractOffer { rate, ..offer(&bob, &["heart_rate"]) }).contract;
    until(|| bob.contracts().len() == 1);
    bob.accept(&id.to_string()).unwrap();
    until(|| ann.contracts()[0].state == ContractState::InForce);
    let outcomes: Vec<bool> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..8).map(|_| scope.spawn(|| bob.look(look(&ann, "heart_rate")).is_ok())).collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|ok| **ok).count(), 3, "{outcomes:?}");

    let ann = ann.reopen();
    ann.twin.listen_for_contacts().unwrap();
    let error = bob.look(look(&ann, "heart_rate")).unwrap_err();
    assert!(error.message.contains("no more of this for now"), "{error}");
}

/// What is left of a home when its process is killed: the files as they are.
fn pulled(person: &Person) -> (tempfile::TempDir, didymos_twin::Twin) {
    let dir = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(person.twin.home()).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
        }
    }
    let twin = didymos_twin::Twin::open(dir.path(), common::PASSPHRASE).unwrap();
    (dir, twin)
}

#[test]
fn pulling_the_plug_gives_nobody_another_look() {
    let (ann, bob) = (Person::new(1).with_data(6), Person::new(2));
    pair(&ann, &bob);
    let rate = Some(didymos_consent::Rate { uses: 4, per_ms: 86_400_000 });
    let id = ann.grant(didymos_twin::request::ContractOffer { rate, ..offer(&bob, &["heart_rate"]) }).contract;
    until(|| bob.contracts().len() == 1);
    bob.accept(&id.to_string()).unwrap();
    until(|| ann.contracts()[0].state == ContractState::InForce);
    // As a server does: receipts of looking are gathered.
    ann.twin.gather_receipts();
    for _ in 0..3 {
        bob.look(look(&ann, "heart_rate")).unwrap();
    }
    let (_dir, after) = pulled(&ann);
    let query = Request::Query(didymos_twin::request::Query {
        stream: "heart_rate".parse().unwrap(),
        from: Some("2016-04-02".parse().unwrap()),
        to: Some("2016-04-03".parse().unwrap()),
        every: None,
        source: None,
        limit: 5,
    });
    let asked = |twin: &didymos_twin::Twin| {
        twin.ask(&Principal::Twin(bob.did()), query.clone(), &mut didymos_twin::unwatched).map(drop)
    };
    assert!(asked(&after).unwrap_err().message.contains("no more of this for now"), "what was foreseen counts as made");
    // Closed in order, the count is exact: one is left.
    let ann = ann.reopen();
    assert!(asked(&ann.twin).is_ok());
    assert!(asked(&ann.twin).is_err());
}

#[test]
fn an_end_is_immediate_from_either_side_and_for_ever() {
    for ann_ends in [true, false] {
        let (ann, bob, id) = granted();
        bob.look(look(&ann, "heart_rate")).unwrap();
        let ended = if ann_ends { ann.end(&id) } else { bob.end(&id) };
        assert_eq!(ended.state, ContractState::Ended);
        until(|| ann.contracts()[0].state == ContractState::Ended && bob.contracts()[0].state == ContractState::Ended);
        assert_eq!(bob.look(look(&ann, "heart_rate")).unwrap_err().code, FailureCode::Denied);
        assert_eq!(bob.accept(&id).unwrap_err().code, FailureCode::Invalid);
        let ann = ann.reopen();
        assert_eq!(ann.contracts()[0].state, ContractState::Ended);
    }
}

#[test]
fn papers_wait_for_a_twin_that_is_away_and_arrive_in_order() {
    let (ann, bob) = (Person::new(1).with_data(2), Person::new(2));
    pair(&ann, &bob);
    let bob = bob.close();
    let id = ann.grant(offer_to(&ann.contacts()[0].did, &["heart_rate"])).contract.to_string();
    assert!(ann.contracts()[0].undelivered);
    ann.end(&id);
    let ann = ann.reopen();
    assert!(ann.contracts()[0].undelivered, "a restart forgets nothing");
    let bob = bob.back();
    bob.twin.listen_for_contacts().unwrap();
    ann.twin.listen_for_contacts().unwrap();
    until(|| bob.contracts().first().is_some_and(|contract| contract.state == ContractState::Ended));
    until(|| !ann.contracts()[0].undelivered);
    assert_eq!(bob.contracts()[0].contract.to_string(), id);
}

#[test]
fn whoever_is_blocked_hears_and_may_nothing_until_unblocked() {
    let (ann, bob, _) = granted();
    let named =
        |blocked| ContactChange { contact: "somebody".to_owned(), blocked: Some(blocked), ..ContactChange::default() };
    assert_eq!(ann.contacts()[0].name, "somebody", "neither has said a name");
    ann.change(named(true)).unwrap();
    let error = bob.look(look(&ann, "heart_rate")).unwrap_err();
    assert_eq!(error.code, FailureCode::Denied);
    assert!(error.message.contains("no contact of this twin"), "as a stranger hears it: {error}");
    assert!(receipts(&ann, "timeline.query@1").is_empty());
    ann.change(named(false)).unwrap();
    bob.look(look(&ann, "heart_rate")).unwrap();
}

#[test]
fn whoever_is_forgotten_is_a_stranger_and_every_contract_has_ended() {
    let (ann, bob, _) = granted();
    let rename = ContactChange { contact: "some".to_owned(), name: Some("Bob".to_owned()), ..ContactChange::default() };
    ann.change(rename).unwrap();
    ann.change(ContactChange { contact: "bob".to_owned(), forget: true, ..ContactChange::default() }).unwrap();
    assert!(ann.contacts().is_empty());
    assert_eq!(ann.contracts()[0].state, ContractState::Ended);
    until(|| bob.contracts()[0].state == ContractState::Ended);
    let error = ann.change(ContactChange { contact: "bob".to_owned(), ..ContactChange::default() }).unwrap_err();
    assert_eq!(error.code, FailureCode::NotFound);
}

#[test]
fn whoever_is_forgotten_while_away_still_hears_that_everything_has_ended() {
    let (ann, bob, _) = granted();
    let bob = bob.close();
    let contact = ann.contacts()[0].did.to_string();
    ann.change(ContactChange { contact, forget: true, ..ContactChange::default() }).unwrap();
    assert!(ann.contacts().is_empty() && ann.contracts()[0].undelivered);
    let ann = ann.reopen();
    let bob = bob.back();
    bob.twin.listen_for_contacts().unwrap();
    ann.twin.listen_for_contacts().unwrap();
    until(|| bob.contracts()[0].state == ContractState::Ended);
    until(|| !ann.contracts()[0].undelivered);
    // And no more than that: Ann knows nobody of that name.
    assert!(ann.contacts().is_empty() && ann.twin.waiting().unwrap().is_empty());
    let _ = bob.twin.carry_to(&ann.did());
    assert_eq!(bob.look(look(&ann, "heart_rate")).unwrap_err().code, FailureCode::Denied);
}

#[test]
fn a_clock_that_is_set_back_gives_no_uses_back() {
    let ahead_ms = Arc::new(AtomicI64::new(0));
    let (real, ahead) = (World::default().clock, Arc::clone(&ahead_ms));
    let clock = Arc::new(move || Timestamp(real().0 + ahead.load(Ordering::SeqCst)));
    let dir = tempfile::tempdir().unwrap();
    let phrase = RecoveryPhrase::from_entropy([1; 32]);
    let (home, cost) = (dir.path().join("twin"), KdfCost::for_tests());
    let twin = Twin::init_in(World { clock, ..World::default() }, &home, &phrase, common::PASSPHRASE, cost).unwrap();
    let (ann, bob) = (Person { dir, twin: common::open(twin, &[]) }.with_data(6), Person::new(2));
    pair(&ann, &bob);
    let rate = Some(didymos_consent::Rate { uses: 2, per_ms: 86_400_000 });
    let id = ann.grant(didymos_twin::request::ContractOffer { rate, ..offer(&bob, &["heart_rate"]) }).contract;
    until(|| bob.contracts().len() == 1);
    bob.accept(&id.to_string()).unwrap();
    until(|| ann.contracts()[0].state == ContractState::InForce);
    let uses = |count: usize| (0..count).filter(|_| bob.look(look(&ann, "heart_rate")).is_ok()).count();
    assert_eq!(uses(3), 2);
    ahead_ms.store(2 * 86_400_000, Ordering::SeqCst);
    assert_eq!(uses(1), 1, "two days later there are more");
    ahead_ms.store(0, Ordering::SeqCst);
    assert_eq!(uses(1), 0, "what was used today was used today");
}

#[test]
fn contacts_and_contracts_outlive_restarts_and_leave_nothing_readable_on_disk() {
    let (ann, bob, id) = granted();
    let (ann, bob) = (ann.reopen(), bob.reopen());
    assert_eq!(ann.contacts()[0].did, bob.did());
    assert_eq!(ann.contacts()[0].keys.len(), 1);
    assert_eq!(bob.contracts()[0].contract.to_string(), id);
    for person in [&ann, &bob] {
        let journal = std::fs::read(person.twin.home().join("journal")).unwrap();
        for secret in [ann.did().as_str(), bob.did().as_str(), "training together", "127.0.0.1"] {
            let found = journal.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret}");
        }
    }
}
