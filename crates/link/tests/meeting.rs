//! Two twins meet over real sockets.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, begin_pairing, call, digits, ended, meeting};
use didymos_base::Timestamp;
use didymos_identity::{Secret32, SigningKey};
use didymos_link::{Code, LinkError, Own, Stage};

#[test]
fn two_people_pair_and_call_each_other_in_both_directions() {
    let (ann, bob) = (Home::new(1), Home::new(2));
    let (at_ann, at_bob) = (ann.link(), bob.link());
    let (here, there) = begin_pairing(&at_ann, &at_bob);
    let (seen_by_ann, seen_by_bob) = (digits(&at_ann, here), digits(&at_bob, there));
    assert_eq!(seen_by_ann.0, seen_by_bob.0, "the same digits");
    assert_eq!((&seen_by_ann.1, &seen_by_bob.1), (&bob.did(), &ann.did()));

    at_ann.say(here, true).unwrap();
    assert!(ann.contacts.lock().unwrap().is_empty() && bob.contacts.lock().unwrap().is_empty(), "one word is none");
    at_bob.say(there, true).unwrap();
    assert_eq!((ended(&at_ann, here), ended(&at_bob, there)), (Ok(bob.did()), Ok(ann.did())));

    assert_eq!(at_ann.call(&bob.did(), call("echo@1", b"hello")).unwrap(), b"hello");
    assert_eq!(at_bob.call(&ann.did(), call("echo@1", b"hello back")).unwrap(), b"hello back");
    assert_eq!(bob.heard.lock().unwrap()[0], (ann.did(), call("echo@1", b"hello")));
    assert!(at_ann.connected().contains(&bob.did()));
    assert!(!at_ann.is_pairing());
}

#[test]
fn one_no_is_enough_and_nothing_is_kept() {
    for says_no in [0, 1] {
        let (ann, bob) = (Home::new(1), Home::new(2));
        let (at_ann, at_bob) = (ann.link(), bob.link());
        let (here, there) = begin_pairing(&at_ann, &at_bob);
        digits(&at_ann, here);
        digits(&at_bob, there);
        at_ann.say(here, says_no != 0).unwrap();
        at_bob.say(there, says_no != 1).unwrap();
        for ended in [ended(&at_ann, here), ended(&at_bob, there)] {
            assert!(ended.unwrap_err().contains("nothing was kept"));
        }
        assert!(ann.contacts.lock().unwrap().is_empty() && bob.contacts.lock().unwrap().is_empty());
        // A yes that comes after the other side's no is no mistake of who says it, and changes nothing.
        assert_eq!(at_ann.say(here, true), Ok(()));
        assert!(ended(&at_ann, here).unwrap_err().contains("nothing was kept"));
        assert_eq!(at_ann.say(here + 1, true), Err(LinkError::NoPairing));
    }
}

#[test]
fn a_ticket_lets_one_in_once_and_until_it_expires() {
    let (ann, bob, eve) = (Home::new(1), Home::new(2), Home::new(3));
    let (at_ann, at_bob, at_eve) = (ann.link(), bob.link(), eve.link());
    let (here, there) = begin_pairing(&at_ann, &at_bob);
    let ticket = meeting(&at_ann, here).ticket.unwrap();
    digits(&at_bob, there);
    let late = at_eve.join(ticket.parse().unwrap()).unwrap();
    assert!(ended(&at_eve, late).unwrap_err().contains("used up"), "somebody else has used it");

    let id = at_ann.invite().unwrap();
    let mut guessed: didymos_link::Ticket = meeting(&at_ann, id).ticket.unwrap().parse().unwrap();
    guessed.secret = [0; 16];
    let guess = at_eve.join(guessed).unwrap();
    assert!(ended(&at_eve, guess).unwrap_err().contains("not known here"));
    assert_eq!(meeting(&at_ann, id).stage, Stage::Waiting, "a wrong guess uses nothing up");
    assert_eq!(at_ann.counts().strangers, 2);
}

#[test]
fn a_contact_that_cannot_be_kept_is_told_to_the_owner() {
    let (ann, bob) = (Home::new(1), Home::new(2));
    let (at_ann, at_bob) = (ann.link(), bob.link());
    *ann.refuse_to_keep.lock().unwrap() = true;
    let (here, there) = begin_pairing(&at_ann, &at_bob);
    digits(&at_ann, here);
    digits(&at_bob, there);
    at_ann.say(here, true).unwrap();
    at_bob.say(there, true).unwrap();
    assert!(ended(&at_ann, here).unwrap_err().contains("the disk is full"));
}

#[test]
fn new_keys_and_new_addresses_of_a_contact_are_seen_and_checked() {
    let (ann, bob) = (Home::new(1), Home::new(2));
    let (at_ann, at_bob) = (ann.link(), bob.link());
    ann.know(&bob, &at_bob);
    bob.know(&ann, &at_ann);
    at_ann.call(&bob.did(), call("echo@1", b"")).unwrap();

    // Bob takes a new identity key and comes back at another port.
    let rotated = {
        let own = bob.own.lock().unwrap().clone();
        let (old, new) = (bob.phrase.identity_key(), bob.phrase.identity_key_number(1));
        let version = own.versions[0].rotate(&old, &new, None).unwrap();
        Own { versions: vec![own.versions[0].clone(), version], ..own }
    };
    *bob.own.lock().unwrap() = rotated;
    drop(at_bob);
    let at_bob = bob.link();
    at_bob.call(&ann.did(), call("echo@1", b"it is still me")).unwrap();
    assert_eq!(ann.contacts.lock().unwrap()[&bob.did()].versions.len(), 2, "the rotation was seen");
    at_bob.part(None);
    at_ann.part(None);
    assert_eq!(at_ann.call(&bob.did(), call("echo@1", b"and found")).unwrap(), b"and found");
}

#[test]
fn a_device_that_is_not_listed_or_is_revoked_is_turned_away() {
    let (ann, bob) = (Home::new(1), Home::new(2));
    let (at_ann, at_bob) = (ann.link(), bob.link());
    ann.know(&bob, &at_bob);
    bob.know(&ann, &at_ann);
    let refused = |error| matches!(error, LinkError::Refused(refusal) if refusal.code == Code::BadProof);

    let own = bob.own.lock().unwrap().clone();
    let stolen = SigningKey::from_seed(&Secret32::from_bytes([66; 32]));
    *bob.own.lock().unwrap() = Own { device: stolen, ..own.clone() };
    assert!(refused(at_bob.call(&ann.did(), call("echo@1", b"")).unwrap_err()));

    *bob.own.lock().unwrap() = own.clone();
    at_bob.call(&ann.did(), call("echo@1", b"")).unwrap();
    let revoked = own.versions[0].revoke(&bob.phrase.identity_key(), own.device.did(), Timestamp(5), None).unwrap();
    ann.contacts.lock().unwrap().get_mut(&bob.did()).unwrap().versions.push(revoked);
    at_ann.part(Some(&bob.did()));
    at_bob.part(None);
    assert!(refused(at_bob.call(&ann.did(), call("echo@1", b"")).unwrap_err()));
    assert_eq!(at_ann.counts().proofs, 2);
    assert_eq!(ann.heard.lock().unwrap().len(), 1, "only the one call in between");
}

#[test]
fn strangers_and_the_blocked_learn_nothing_and_are_counted() {
    let (ann, eve) = (Home::new(1), Home::new(3));
    let (at_ann, at_eve) = (ann.link(), eve.link());
    eve.know(&ann, &at_ann);
    let error = at_eve.call(&ann.did(), call("echo@1", b"")).unwrap_err();
    assert!(matches!(&error, LinkError::Refused(refusal) if refusal.code == Code::NotAContact), "{error}");
    assert!(!error.to_string().contains(ann.did().as_str()));
    assert_eq!(at_ann.counts().strangers, 1);
    assert!(ann.heard.lock().unwrap().is_empty());
    assert_eq!(at_ann.call(&eve.did(), call("echo@1", b"")), Err(LinkError::NotAContact));
}

#[test]
fn somebody_else_at_the_address_of_a_contact_is_not_taken_for_them() {
    let (ann, bob, eve) = (Home::new(1), Home::new(2), Home::new(3));
    let (at_ann, at_eve) = (ann.link(), eve.link());
    ann.know(&bob, &at_eve);
    eve.know(&ann, &at_ann);
    let error = at_ann.call(&bob.did(), call("echo@1", b"for Bob only")).unwrap_err();
    assert!(matches!(error, LinkError::Card(_)), "{error}");
    assert!(eve.heard.lock().unwrap().is_empty());
}

#[test]
fn a_contact_that_is_gone_is_said_to_be() {
    let (ann, bob) = (Home::new(1), Home::new(2));
    let settings = didymos_link::Settings { hello_max: std::time::Duration::from_millis(500), ..Default::default() };
    let (at_ann, at_bob) = (ann.link_with(&settings), bob.link());
    ann.know(&bob, &at_bob);
    drop(at_bob);
    assert_eq!(at_ann.call(&bob.did(), call("echo@1", b"")), Err(LinkError::Unreachable));
}
