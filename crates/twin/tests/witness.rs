//! Witnesses: real twins on the loopback interface, one of which shows two histories.
#![allow(clippy::unwrap_used)]

mod common;
mod trust;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{PASSPHRASE, Person, open, pair, until};
use didymos_guard::evidence;
use didymos_twin::request::{ContactChange, ForkWhich, Which, WitnessWhich};
use didymos_twin::response::{EvidenceAnswer, WitnessesAnswer};
use didymos_twin::{Request, Response, Twin};
use didymos_vault::proof;
use std::path::Path;
use trust::{Clock, away, person, restart};

const MINUTE: i64 = 60_000;

fn witnesses(of: &Person) -> WitnessesAnswer {
    let Response::Witnesses(answer) = of.ask(Request::Witnesses).unwrap() else { panic!() };
    answer
}

fn name(of: &Person, witness: &Person) {
    let which = WitnessWhich { contact: witness.did().to_string() };
    of.ask(Request::WitnessAdd(which)).unwrap();
    until(|| witnesses(of).witnesses.iter().any(|one| one.did == witness.did() && one.commits > 0));
}

/// Something that is worth a checkpoint.
fn commit(person: &Person) {
    let contact = person.contacts()[0].did.to_string();
    for blocked in [true, false] {
        let change = ContactChange { contact: contact.clone(), blocked: Some(blocked), ..ContactChange::default() };
        person.change(change).unwrap();
    }
}

fn bring(of: &Person, witness: &Person, clock: &Clock) -> u64 {
    clock.pass(11 * MINUTE);
    of.twin.carry_to(&witness.did()).unwrap();
    witnesses(of).witnesses.iter().find(|one| one.did == witness.did()).unwrap().commits
}

fn copied(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

fn trio(clock: &Clock) -> (Person, Person, Person) {
    let (ann, bob, cyd) = (person(1, "Ann", clock), person(2, "Bob", clock), person(3, "Cyd", clock));
    pair(&ann, &bob);
    pair(&ann, &cyd);
    pair(&bob, &cyd);
    (ann, bob, cyd)
}

#[test]
fn a_witness_cosigns_what_continues_and_two_that_witness_each_other_come_to_rest() {
    let clock = Clock::new();
    let (ann, bob) = (person(1, "Ann", &clock), person(2, "Bob", &clock));
    pair(&ann, &bob);
    name(&ann, &bob);
    name(&bob, &ann);
    let before = witnesses(&ann).witnesses[0].commits;
    commit(&ann);
    assert!(bring(&ann, &bob, &clock) > before);
    let watched = &witnesses(&bob).watched[0];
    assert_eq!((watched.commits, watched.forked), (witnesses(&ann).witnesses[0].commits, false));

    let bob = restart(bob, &clock);
    commit(&ann);
    bring(&ann, &bob, &clock);
    commit(&bob);
    bring(&bob, &ann, &clock);
    // Cosigning itself is no reason to have something cosigned.
    let rest = (witnesses(&ann).witnesses[0].commits, witnesses(&bob).witnesses[0].commits);
    for _ in 0..3 {
        bring(&ann, &bob, &clock);
        bring(&bob, &ann, &clock);
    }
    assert_eq!((witnesses(&ann).witnesses[0].commits, witnesses(&bob).witnesses[0].commits), rest);
}

#[test]
fn a_twin_that_shows_two_histories_is_caught_and_the_evidence_convinces_anybody() {
    let clock = Clock::new();
    let (ann, bob, cyd) = trio(&clock);
    name(&ann, &bob);
    name(&ann, &cyd);
    clock.pass(11 * MINUTE);
    for witness in [&bob, &cyd] {
        ann.twin.carry_to(&witness.did()).unwrap();
    }
    // Somebody copies Ann's machine while it is off, and both go on: one meets Bob, and the other one Cyd.
    let ann = away(ann);
    let copy = tempfile::tempdir().unwrap();
    copied(ann.home(), copy.path());
    let cyd = away(cyd);
    let ann = ann.back(&clock);
    commit(&ann);
    let seen = bring(&ann, &bob, &clock);
    let ann = away(ann);
    let bob = away(bob);
    let cyd = cyd.back(&clock);

    let twin = open(Twin::open_in(clock.world(), copy.path(), PASSPHRASE).unwrap(), &[]);
    let other = Person { dir: copy, twin };
    other.twin.listen_for_contacts().unwrap();
    for _ in 0..4 {
        commit(&other);
    }
    let shown = bring(&other, &cyd, &clock);
    assert!(shown > seen && !witnesses(&cyd).watched[0].forked);
    let bob = bob.back(&clock);

    // The two witnesses compare what they have seen, and ask the twin to connect it.
    until(|| {
        let _ = bob.twin.carry_to(&cyd.did());
        let _ = cyd.twin.carry_to(&other.did());
        let _ = cyd.twin.carry_to(&bob.did());
        !witnesses(&cyd).forks.is_empty() && !witnesses(&bob).forks.is_empty()
    });
    assert!(witnesses(&bob).watched[0].forked && witnesses(&cyd).watched[0].forked);
    let fork = witnesses(&cyd).forks[0].clone();
    assert_eq!(fork.did, other.did());
    let asked = ForkWhich { fork: fork.fork.to_string()[..8].to_owned() };
    let Response::Evidence(EvidenceAnswer { evidence: file, says, .. }) = cyd.ask(Request::Evidence(asked)).unwrap()
    else {
        panic!()
    };
    let caught = evidence::check(&URL_SAFE_NO_PAD.decode(file).unwrap()).unwrap();
    assert_eq!((&caught.origin, caught.commits), (&other.did(), seen));
    assert!(says.contains("another history"), "{says}");

    // Whoever shows up with either half hears of it.
    commit(&other);
    bring(&other, &cyd, &clock);
    assert!(
        witnesses(&other)
            .witnesses
            .iter()
            .any(|one| one.words.as_deref().is_some_and(|words| words.contains("two histories")))
    );
    assert!(other.twin.notices().iter().any(|notice| notice.contains("your own twin")));
    drop(ann);
}

#[test]
fn an_older_copy_of_the_journal_is_noticed_when_it_meets_a_witness() {
    let clock = Clock::new();
    let (ann, bob) = (person(1, "Ann", &clock), person(2, "Bob", &clock));
    pair(&ann, &bob);
    name(&ann, &bob);
    let ann = away(ann);
    let copy = tempfile::tempdir().unwrap();
    copied(ann.home(), copy.path());
    let ann = ann.back(&clock);
    for _ in 0..6 {
        commit(&ann);
    }
    bring(&ann, &bob, &clock);
    let ann = away(ann);
    let twin = open(Twin::open_in(clock.world(), copy.path(), PASSPHRASE).unwrap(), &[]);
    let old = Person { dir: copy, twin };
    old.twin.listen_for_contacts().unwrap();
    commit(&old);
    bring(&old, &bob, &clock);
    let words = witnesses(&old).witnesses[0].words.clone().unwrap();
    assert!(words.contains("older copy"), "{words}");
    assert!(!witnesses(&bob).watched[0].forked, "a shorter history alone is no proof of anything");
    drop(ann);
}

#[test]
fn a_proof_can_carry_the_words_of_those_who_have_seen_it() {
    let clock = Clock::new();
    let (ann, bob) = (person(1, "Ann", &clock).with_data(1), person(2, "Bob", &clock));
    pair(&ann, &bob);
    let which = Which { stream: "heart_rate".parse().unwrap(), time: "2016-04-01T12:00".parse().unwrap() };
    let error = ann.ask(Request::ProveWitnessed(which.clone())).unwrap_err();
    assert!(error.message.contains("no witness"), "{error}");
    name(&ann, &bob);
    let proved = |request| {
        let Response::Proof(proof) = ann.ask(request).unwrap() else { panic!() };
        URL_SAFE_NO_PAD.decode(proof.proof).unwrap()
    };
    let plain = proof::check(&proved(Request::Prove(which.clone()))).unwrap();
    assert!(plain.witnesses.is_empty());
    let bytes = proved(Request::ProveWitnessed(which));
    let checked = proof::check(&bytes).unwrap();
    assert_eq!(checked.witnesses.iter().map(|(did, _)| did).collect::<Vec<_>>(), [&bob.did()]);
    let mut lying = proof::Proof::clone(&didymos_base::canonical::decode(&bytes).unwrap());
    lying.witnessed.as_mut().unwrap()[0].cosignature.at.0 += 1;
    assert!(proof::check(&lying.encode()).is_err());
}
