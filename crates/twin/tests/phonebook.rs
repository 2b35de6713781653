//! A contact that is not where it was is found again through the sources that both want, and through no other.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Person, pair, until};
use didymos_identity::webvh::Log;
use didymos_twin::request::{ContactChange, PhoneBookExport, PhoneBookSet, Words};
use didymos_twin::response::{PhoneBookFiles, PhoneBookShown};
use didymos_twin::{Failure, FailureCode, Request, Response};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

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

    let on = PhoneBookSet { dht: Some(true), ..PhoneBookSet::default() };
    let shown = set(&ann, on.clone());
    assert!(shown.dht && !shown.lan && shown.troubles.is_empty(), "{:?}", shown.troubles);
    assert!(bob.twin.carry_to(&ann.did()).is_err(), "Bob does not want it yet");
    set(&bob, on);
    until(|| bob.twin.carry_to(&ann.did()).is_ok());
    until(|| ann.contacts()[0].connected);
}

/// A web server of this machine: gives what is put there to whoever asks for `path`.
fn domain(path: &str) -> (SocketAddr, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (addr, text, path) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(String::new())), path.to_owned());
    let served = Arc::clone(&text);
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let (mut head, mut byte) = (Vec::new(), [0]);
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                head.push(byte[0]);
            }
            let body = served.lock().unwrap().clone();
            let status = if head.starts_with(format!("GET /{path} ").as_bytes()) { "200 OK" } else { "404 Not Found" };
            let length = body.len();
            let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
        }
    });
    (addr, text)
}

fn export(person: &Person, asked: PhoneBookExport) -> Result<PhoneBookFiles, Failure> {
    match person.ask(Request::PhoneBookExport(asked))? {
        Response::PhoneBookFiles(files) => Ok(files),
        other => panic!("{other:?}"),
    }
}

/// What Ann puts on her domain, as one who is where she is now.
fn at(person: &Person, words: Option<Words>) -> PhoneBookExport {
    person.twin.listen_for_contacts().unwrap();
    let mut addresses: Vec<String> = person.twin.link_addrs().iter().map(ToString::to_string).collect();
    if addresses.is_empty() {
        // Nobody is reached before there is a contact.
        addresses.push("127.0.0.1:9".to_owned());
    }
    PhoneBookExport { web: "example.org/people/ann".to_owned(), addresses, words }
}

fn words(number: u8) -> Option<Words> {
    Some(Words::new(didymos_identity::RecoveryPhrase::from_entropy([number; 32]).words().to_string()))
}

#[test]
fn a_contact_that_has_moved_is_found_by_what_it_put_on_its_domain() {
    let (server, site) = domain("people/ann/did.json");
    let (ann, bob) = (Person::new(1), Person::new(2));
    pair(&ann, &bob);
    let (ann, bob) = (ann.close(), bob.close());
    let (ann, bob) = (ann.elsewhere(), bob.elsewhere());
    bob.twin.ask_for_domains_at(server);
    let files = export(&ann, at(&ann, words(1))).unwrap();
    assert_eq!(files.files[0].path, "people/ann/did.json");
    bob.twin.listen_for_contacts().unwrap();

    let on = || set(&bob, PhoneBookSet { web: Some(true), ..PhoneBookSet::default() });
    let knows = |web: &str| {
        let change =
            ContactChange { contact: ann.did().to_string(), web: Some(web.to_owned()), ..ContactChange::default() };
        bob.change(change).map(drop)
    };
    assert_eq!(knows("127.0.0.1").unwrap_err().code, FailureCode::Invalid);
    knows("example.org/people/ann").unwrap();
    assert_eq!(bob.contacts()[0].web.as_deref(), Some("example.org/people/ann"));
    *site.lock().unwrap() = files.files[0].text.clone();
    assert!(bob.twin.carry_to(&ann.did()).is_err(), "nothing is asked before the owner wants it");
    knows("").unwrap();
    assert!(on().web);
    assert!(bob.twin.carry_to(&ann.did()).is_err(), "no domain is known");
    knows("example.org/people/ann").unwrap();
    until(|| bob.twin.carry_to(&ann.did()).is_ok());
    until(|| ann.contacts()[0].connected);
}

#[test]
fn what_somebody_else_puts_on_a_domain_leads_nowhere() {
    let (server, site) = domain("people/ann/did.json");
    let (ann, bob, eve) = (Person::new(1), Person::new(2), Person::new(3));
    pair(&ann, &bob);
    pair(&ann, &eve);
    let (ann, bob) = (ann.close(), bob.close());
    let (ann, bob) = (ann.elsewhere(), bob.elsewhere());
    let before = eve.twin.link_counts().accepted;
    // Eve has the domain, and says that she is Ann.
    let forged = export(&eve, at(&eve, words(3))).unwrap().files[0].text.clone();
    *site.lock().unwrap() = forged.replace(eve.did().as_str(), ann.did().as_str());
    bob.twin.ask_for_domains_at(server);
    bob.twin.listen_for_contacts().unwrap();
    let web = Some("example.org/people/ann".to_owned());
    bob.change(ContactChange { contact: ann.did().to_string(), web, ..ContactChange::default() }).unwrap();
    set(&bob, PhoneBookSet { web: Some(true), ..PhoneBookSet::default() });
    assert!(bob.twin.carry_to(&ann.did()).is_err());
    assert_eq!(eve.twin.link_counts().accepted, before, "nobody came");
}

#[test]
fn the_log_of_a_domain_gets_a_line_when_the_identity_changes_and_needs_the_words_for_it() {
    let ann = Person::new(1);
    let failure = export(&ann, at(&ann, None)).unwrap_err();
    assert!(failure.code == FailureCode::Invalid && failure.message.contains("24 words"), "{failure:?}");
    assert_eq!(export(&ann, at(&ann, words(2))).unwrap_err().code, FailureCode::Invalid, "the words of somebody else");
    let first = export(&ann, at(&ann, words(1))).unwrap();
    let log = Log::read(&first.files[1].text).unwrap();
    assert_eq!((log.len(), log.did()), (1, &first.did_webvh));
    let state = log.state().unwrap();
    assert_eq!(state["alsoKnownAs"], serde_json::json!([ann.did(), first.did_web]));
    assert!(!first.files[1].text.contains("127.0.0.1"), "nobody forgets a log, so it says no address");
    // Another address changes what the device signs, and the log does not.
    let again = export(&ann, PhoneBookExport { addresses: vec!["192.0.2.1:5".to_owned()], ..at(&ann, None) }).unwrap();
    assert_eq!(again.files[1], first.files[1]);
    assert!(again.files[0].text.contains("192.0.2.1:5") && !again.files[0].text.contains("127.0.0.1"));
    let own = set(&ann, PhoneBookSet::default()).own.unwrap();
    assert_eq!((own.current, &own.did), (true, &first.did_webvh));
    // Another domain is another identifier.
    let elsewhere = PhoneBookExport { web: "example.com".to_owned(), ..at(&ann, words(1)) };
    assert_ne!(export(&ann, elsewhere).unwrap().did_webvh, first.did_webvh);
    for odd in ["not-an-address", "example.org:1"] {
        let asked = PhoneBookExport { addresses: vec![odd.to_owned()], ..at(&ann, words(1)) };
        assert_eq!(export(&ann, asked).unwrap_err().code, FailureCode::Invalid);
    }
}
