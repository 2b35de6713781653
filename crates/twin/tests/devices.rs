//! One owner, several machines: a copy that stays live, writes that are passed on, and a writer that is lost.
#![allow(clippy::unwrap_used)]

mod common;

use common::{PASSPHRASE, Person, offer, pair, until};
use didymos_consent::Principal;
use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::devices::connect::Connecting;
use didymos_twin::devices::joining::Joining;
use didymos_twin::request::{
    ContactChange, DeviceAdd, DevicePromote, DeviceRevoke, JournalPull, PairAsked, PairConfirm, PairJoin, Query,
    ReceiptsAsked, ReceiptsBring, Words,
};
use didymos_twin::response::{DeviceRole, DevicesAnswer, PairingShown, PairingState};
use didymos_twin::{Door as _, FailureCode, Listen, Request, Response, Twin, World, unwatched};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use tempfile::TempDir;

fn words(number: u8) -> Words {
    Words::new(RecoveryPhrase::from_entropy([number; 32]).words().to_string())
}

fn here() -> Listen {
    Listen::At(vec!["127.0.0.1:0".parse().unwrap()])
}

fn pairing(person: &Person, request: Request) -> PairingShown {
    let Response::Pairings(mut all) = person.ask(request).unwrap() else { panic!() };
    all.remove(0)
}

/// Waits at the inviter until the pairing stands so.
fn stands(person: &Person, id: u64, state: PairingState) -> PairingShown {
    let mut last = None;
    until(|| {
        let now = pairing(person, Request::PairList(PairAsked { pairing: Some(id), unless: None }));
        assert!(now.state != PairingState::Failed || state == PairingState::Failed, "{:?}", now.words);
        last = Some(now.clone());
        now.state == state
    });
    last.unwrap()
}

/// Makes another device of the owner's, from nothing.
fn join(person: &Person, number: u8, name: &str) -> (TempDir, Twin) {
    let begun = pairing(person, Request::DeviceAdd(DeviceAdd { words: words(number) }));
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("twin");
    let joining = Joining::begin(World::default(), &home, begun.ticket.as_ref().unwrap(), name, here()).unwrap();
    let shown = stands(person, begun.pairing, PairingState::Compare);
    until(|| joining.stands().unwrap().state == PairingState::Compare);
    assert_eq!(joining.stands().unwrap().digits, shown.digits);
    joining.say(true).unwrap();
    person.ask(Request::PairConfirm(PairConfirm { pairing: begun.pairing, same: true })).unwrap();
    stands(person, begun.pairing, PairingState::Done);
    until(|| joining.stands().unwrap().state == PairingState::Done);
    let twin = joining.finish(PASSPHRASE, KdfCost::for_tests(), &mut unwatched).unwrap();
    (dir, twin)
}

fn replica(person: &Person, number: u8) -> Person {
    let (dir, twin) = join(person, number, "laptop");
    Person { dir, twin: common::open(twin, &[]) }
}

fn devices(person: &Person) -> DevicesAnswer {
    let Response::Devices(answer) = person.ask(Request::Devices).unwrap() else { panic!() };
    answer
}

fn journal(person: &Person) -> Vec<u8> {
    std::fs::read(person.twin.home().join("journal")).unwrap()
}

fn query() -> Request {
    Request::Query(Query {
        stream: "heart_rate".parse().unwrap(),
        from: Some("2016-04-02".parse().unwrap()),
        to: Some("2016-04-03".parse().unwrap()),
        every: Some("1h".parse().unwrap()),
        source: None,
        limit: 100,
    })
}

#[test]
fn a_device_that_joins_has_the_whole_journal_and_stays_live() {
    let ann = Person::new(1).with_data(5);
    let laptop = replica(&ann, 1);
    assert!(laptop.twin.is_replica() && !ann.twin.is_replica());
    assert_eq!(laptop.did(), ann.did());
    laptop.twin.follow_now().unwrap();
    assert_eq!(journal(&laptop), journal(&ann));
    assert_eq!(laptop.ask(query()).unwrap(), ann.ask(query()).unwrap());

    // Written there, it is here in a moment, with no one asking.
    laptop.twin.listen_for_contacts().unwrap();
    let ann = ann.with_data(8);
    until(|| journal(&laptop).len() >= journal(&ann).len());
    assert_eq!(laptop.ask(query()).unwrap(), ann.ask(query()).unwrap());
    let shown = devices(&ann);
    assert_eq!(
        shown.devices.iter().map(|device| device.role).collect::<Vec<_>>(),
        [DeviceRole::Writer, DeviceRole::Replica]
    );
    assert_eq!((shown.devices[1].name.as_str(), shown.devices[0].this), ("laptop", true));
    assert!(shown.devices[1].commits.is_some());
}

#[test]
fn a_thousand_commits_are_caught_up_with_in_few_round_trips() {
    let ann = Person::new(1).with_data(2);
    let laptop = replica(&ann, 1);
    laptop.twin.follow_now().unwrap();
    for _ in 0..1_000 {
        ann.ask(Request::Streams).unwrap();
    }
    let calls = || ann.twin.link_counts().calls;
    let before = calls();
    let came = laptop.twin.follow_now().unwrap();
    assert!(came >= 1_000, "{came}");
    assert!(calls() - before <= 20, "{} round trips", calls() - before);
    assert_eq!(journal(&laptop), journal(&ann));
}

#[test]
fn what_is_changed_on_a_copy_is_changed_by_the_writer_and_seen_on_both() {
    let (ann, bob) = (Person::new(1).with_data(4), Person::new(2));
    pair(&ann, &bob);
    let laptop = replica(&ann, 1);
    let granted = laptop.grant(offer(&bob, &["heart_rate"]));
    until(|| bob.contracts().len() == 1);
    assert_eq!(ann.contracts()[0].contract, granted.contract);
    until(|| laptop.contracts().len() == 1);
    let named =
        ContactChange { name: Some("Bob".to_owned()), contact: "somebody".to_owned(), ..ContactChange::default() };
    laptop.change(named).unwrap();
    until(|| laptop.contacts()[0].name == "Bob");
    assert_eq!(ann.contacts()[0].name, "Bob");
    // A file of this machine crosses, and is imported there.
    let before = ann.ask(query()).unwrap();
    let laptop = laptop.with_data(9);
    until(|| {
        let Response::Imports(imports) = ann.ask(Request::Imports).unwrap() else { panic!() };
        imports.imports.len() == 4 && imports.imports.iter().all(|import| import.job.is_none())
    });
    assert_eq!(ann.ask(query()).unwrap(), before, "the same days");
    let places = Request::BackupRun(didymos_twin::request::BackupWhich::default());
    assert!(laptop.ask(places).unwrap_err().message.contains("keeps a copy"));

    // With the writer away, the copy answers, and writes nothing.
    let away = ann.close();
    assert!(laptop.ask(query()).is_ok());
    let change = ContactChange { contact: "Bob".to_owned(), blocked: Some(true), ..ContactChange::default() };
    assert!(laptop.change(change).unwrap_err().message.contains("cannot be reached"));
    let ann = away.back();
    ann.twin.listen_for_contacts().unwrap();
    until(|| laptop.twin.follow_now().is_ok());
    // What the copy answered by itself is receipted in the journal, in its name.
    let Response::Receipts(receipts) = ann
        .ask(Request::Receipts(ReceiptsAsked { before: None, limit: 500, who: None, act: None, decision: None }))
        .unwrap()
    else {
        panic!()
    };
    let by_laptop = |receipt: &didymos_twin::response::ReceiptShown| {
        receipt.receipt.request == "timeline.query@1" && receipt.receipt.principal == laptop.twin.principal()
    };
    assert!(receipts.receipts.iter().any(by_laptop));
}

#[test]
fn a_copy_takes_over_from_a_lost_writer_which_then_may_nothing() {
    let ann = Person::new(1).with_data(3);
    let laptop = replica(&ann, 1);
    laptop.twin.follow_now().unwrap();
    let promote = || Request::DevicePromote(DevicePromote { words: words(1) });
    let refused = laptop.ask(promote()).unwrap_err();
    assert!(refused.message.contains("shut its twin down"), "{refused}");
    let away = ann.close();
    let wrong = laptop.ask(Request::DevicePromote(DevicePromote { words: words(2) })).unwrap_err();
    assert_eq!(wrong.code, FailureCode::Invalid);
    laptop.ask(promote()).unwrap();
    assert!(!laptop.twin.is_replica());
    let laptop = laptop.with_data(4);
    let roles: Vec<_> = devices(&laptop).devices.iter().map(|device| (device.this, device.role)).collect();
    assert_eq!(roles, [(true, DeviceRole::Writer), (false, DeviceRole::Revoked)]);

    // The old one comes back, and writes before it has heard: a fork, which nobody follows.
    let ann = away.back();
    ann.ask(Request::Streams).unwrap();
    ann.twin.listen_for_contacts().unwrap();
    let _ = laptop.twin.carry_to(&ann.did());
    until(|| ann.ask(Request::Streams).is_err_and(|failure| failure.message.contains("revoked")));
    let ann = ann.reopen();
    assert!(ann.ask(Request::Status).unwrap_err().message.contains("revoked"), "also after a restart");
    let laptop = laptop.reopen();
    assert!(laptop.ask(query()).is_ok() && !laptop.twin.is_replica());
}

#[test]
fn a_revoked_device_is_closed_out_at_once() {
    let ann = Person::new(1).with_data(2);
    let laptop = replica(&ann, 1);
    laptop.twin.follow_now().unwrap();
    let revoke = |words| Request::DeviceRevoke(DeviceRevoke { device: "lap".to_owned(), words });
    assert!(ann.ask(revoke(None)).is_err() && ann.ask(revoke(Some(words(9)))).is_err());
    ann.ask(revoke(Some(words(1)))).unwrap();
    assert!(laptop.twin.follow_now().is_err());
    assert_eq!(devices(&ann).devices[1].role, DeviceRole::Revoked);
    let principal = Principal::Device { owner: ann.did(), device: laptop.twin.device_key().did().clone() };
    let denied = ann.twin.ask(&principal, Request::Streams, &mut unwatched).unwrap_err();
    assert_eq!(denied.code, FailureCode::Denied);
}

#[test]
fn tickets_and_requests_of_devices_serve_nobody_else() {
    let (ann, bob) = (Person::new(1).with_data(1), Person::new(2));
    let begun = pairing(&ann, Request::DeviceAdd(DeviceAdd { words: words(1) }));
    let ticket = begun.ticket.clone().unwrap();
    assert!(bob.ask(Request::PairJoin(PairJoin { ticket })).unwrap_err().message.contains("twin device join"));
    assert!(ann.ask(Request::DeviceAdd(DeviceAdd { words: words(2) })).is_err(), "another paper");
    let people = pairing(&ann, Request::PairInvite).ticket.unwrap();
    let dir = tempfile::tempdir().unwrap();
    assert!(Joining::begin(World::default(), &dir.path().join("t"), &people, "x", here()).is_err());
    pair(&ann, &bob);
    for request in [
        Request::JournalPull(JournalPull { after: None, wait_ms: 0 }),
        Request::ReceiptsBring(ReceiptsBring { receipts: Vec::new() }),
        Request::Devices,
        Request::DeviceViewer,
        Request::DevicePromote(DevicePromote { words: words(1) }),
    ] {
        let denied = ann.twin.ask(&Principal::Twin(bob.did()), request, &mut unwatched).unwrap_err();
        assert_eq!(denied.code, FailureCode::Denied);
    }
    assert!(!format!("{:?}", words(1)).contains(words(1).as_str().split(' ').next().unwrap()));
}

/// A page on this machine that says what it was asked.
fn page() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut stream = stream;
                let mut bytes = Vec::new();
                let mut part = [0; 4_096];
                while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
                    match stream.read(&mut part) {
                        Ok(n) if n > 0 => bytes.extend_from_slice(&part[..n]),
                        _ => return,
                    }
                }
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", bytes.len());
                let _ = stream.write_all(&[head.as_bytes(), &bytes].concat());
            });
        }
    });
    addr
}

fn get(addr: SocketAddr) -> String {
    let mut stream = TcpStream::connect(addr).unwrap();
    let request = format!("GET /x HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n", addr.port());
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn a_computer_that_holds_nothing_opens_the_page_until_it_is_revoked() {
    let ann = Person::new(1).with_data(1);
    let begun = pairing(&ann, Request::DeviceViewer);
    let dir = tempfile::tempdir().unwrap();
    let connecting = Connecting::open(World::default(), dir.path(), "library", here()).unwrap();
    let id = connecting.join(begun.ticket.as_ref().unwrap()).unwrap();
    stands(&ann, begun.pairing, PairingState::Compare);
    until(|| connecting.stands(id).unwrap().state == PairingState::Compare);
    connecting.say(id, true).unwrap();
    ann.ask(Request::PairConfirm(PairConfirm { pairing: begun.pairing, same: true })).unwrap();
    stands(&ann, begun.pairing, PairingState::Done);
    until(|| connecting.stands(id).unwrap().state == PairingState::Done);
    assert!(ann.contacts().is_empty(), "a viewer is no contact");

    let did = connecting.meant(None).unwrap();
    assert_eq!(did, ann.did());
    let (addr, forwarding) = connecting.forward(&did, 0).unwrap();
    assert!(get(addr).starts_with("HTTP/1.1 502"), "no page is served yet");
    ann.twin.page_at(page());
    for _ in 0..3 {
        let answer = get(addr);
        assert!(answer.contains(&format!("Host: localhost:{}", addr.port())), "{answer}");
    }
    // The link is lost and comes back.
    let away = ann.close();
    assert!(get(addr).starts_with("HTTP/1.1 502"));
    let ann = away.back();
    ann.twin.listen_for_contacts().unwrap();
    ann.twin.page_at(page());
    until(|| get(addr).starts_with("HTTP/1.1 200"));
    // Started again, it knows what it knew.
    drop((forwarding, connecting));
    let connecting = Connecting::open(World::default(), dir.path(), "library", here()).unwrap();
    let (addr, forwarding) = connecting.forward(&connecting.meant(Some(ann.did().as_str())).unwrap(), 0).unwrap();
    until(|| get(addr).starts_with("HTTP/1.1 200"));
    ann.ask(Request::DeviceRevoke(DeviceRevoke { device: "library".to_owned(), words: None })).unwrap();
    assert!(get(addr).starts_with("HTTP/1.1 502"));
    drop(forwarding);
}
