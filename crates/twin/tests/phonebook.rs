//! A contact that is not where it was is found again through the sources that both want, and through no other.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Person, pair, until};
use didymos_twin::request::PhoneBookSet;
use didymos_twin::response::PhoneBookShown;
use didymos_twin::{Request, Response};

fn set(person: &Person, asked: PhoneBookSet) -> PhoneBookShown {
    let Response::PhoneBook(shown) = person.ask(Request::PhoneBookSet(asked)).unwrap() else { panic!() };
    shown
}

#[test]
fn a_contact_that_has_moved_is_found_through_a_network_that_both_are_in() {
    let network = mainline::Testnet::builder(5).build().unwrap();
    let (ann, bob) = (Person::new(1), Person::new(2));
    for person in [&ann, &bob] {
        person.twin.join_dht_through(network.bootstrap.clone());
    }
    pair(&ann, &bob);
    // Both move, and neither is where the other looks first.
    let (ann, bob) = (ann.close(), bob.close());
    let (ann, bob) = (ann.elsewhere(), bob.elsewhere());
    for person in [&ann, &bob] {
        person.twin.join_dht_through(network.bootstrap.clone());
        person.twin.listen_for_contacts().unwrap();
    }
    // Nothing is asked of anybody before the owner wants it.
    assert!(bob.twin.carry_to(&ann.did()).is_err());

    let on = PhoneBookSet { dht: Some(true), lan: None };
    let shown = set(&ann, on.clone());
    assert!(shown.dht && !shown.lan && shown.troubles.is_empty(), "{:?}", shown.troubles);
    assert!(bob.twin.carry_to(&ann.did()).is_err(), "Bob does not want it yet");
    set(&bob, on);
    until(|| bob.twin.carry_to(&ann.did()).is_ok());
    until(|| ann.contacts()[0].connected);
}
