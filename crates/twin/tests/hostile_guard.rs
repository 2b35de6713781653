//! A contact whose twin lies about guardians, heirs and checkpoints: refused, and without effect.
#![allow(clippy::unwrap_used)]

mod common;
mod trust;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::until;
use common::{Person, pair};
use didymos_base::time::DAY_MS;
use didymos_base::{Did, Digest, Timestamp, canonical};
use didymos_guard::checkpoint::Checkpoint;
use didymos_guard::paper::{Answer, Bequest, Cancel, Heartbeat, Notice, Word};
use didymos_guard::ring::{Founding, found};
use didymos_guard::{Claim, Kind, Legacy, Paper};
use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, SigningKey};
use didymos_link::{Call, Code, Host, Known, Link, LinkError, Own, Peer, Place, Refusal, Reply, Settings, Stage};
use didymos_twin::peers::ask::{Answer as Answered, Ask};
use didymos_twin::request::{PairAsked, PairConfirm};
use didymos_twin::response::{PairingState, WitnessesAnswer};
use didymos_twin::{Request, Response};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use trust::{Clock, guarded, list, person};

/// Eve's end: her own program, with her own keys.
struct Eve {
    own: Own,
    ann: Mutex<Option<Known>>,
}

impl Host for Eve {
    fn own(&self) -> Option<Own> {
        Some(self.own.clone())
    }

    fn contact(&self, _: &Did) -> Option<Known> {
        self.ann.lock().unwrap().clone()
    }

    fn met(&self, _: &Peer) {}

    fn paired(&self, peer: &Peer) -> Result<(), String> {
        let places = vec![Place { endpoint: peer.endpoint, addrs: peer.addrs.clone() }];
        *self.ann.lock().unwrap() = Some(Known { versions: peer.versions.clone(), places });
        Ok(())
    }

    fn answer(&self, _: &Peer, _: Call) -> Reply {
        Reply::Done(canonical::encode(&Answered { answer: b"{}".to_vec(), used: None }))
    }

    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

struct Meeting {
    ann: Person,
    eve: Arc<Eve>,
    link: Link,
}

impl Meeting {
    fn with(ann: Person) -> Self {
        let phrase = RecoveryPhrase::from_entropy([66; 32]);
        let device = SigningKey::from_seed(&Secret32::from_bytes([67; 32]));
        let first = DidDocument::genesis(&phrase.identity_key(), device.did(), Timestamp(0), None);
        let own = Own { versions: vec![first], device, name: Some("Eve".to_owned()) };
        let eve = Arc::new(Eve { own, ann: Mutex::default() });
        let settings = Settings { bind: vec!["127.0.0.1:0".parse().unwrap()], ..Settings::default() };
        let link = Link::start(&Secret32::from_bytes([68; 32]), settings, eve.clone()).unwrap();
        let Response::Pairings(begun) = ann.ask(Request::PairInvite).unwrap() else { panic!() };
        let id = link.join(begun[0].ticket.as_ref().unwrap().parse().unwrap()).unwrap();
        until(|| matches!(link.meetings()[0].stage, Stage::Compare { .. }));
        link.say(id, true).unwrap();
        let pairing = begun[0].pairing;
        until(|| {
            let asked = PairAsked { pairing: Some(pairing), unless: None };
            let Response::Pairings(now) = ann.ask(Request::PairList(asked)).unwrap() else { panic!() };
            now[0].state == PairingState::Compare
        });
        ann.ask(Request::PairConfirm(PairConfirm { pairing, same: true })).unwrap();
        let eves = eve.own.did().unwrap().clone();
        until(|| ann.contacts().iter().any(|contact| contact.did == eves) && eve.ann.lock().unwrap().is_some());
        Self { ann, eve, link }
    }

    fn did(&self) -> Did {
        self.eve.own.did().unwrap().clone()
    }

    fn device(&self) -> &SigningKey {
        &self.eve.own.device
    }

    fn ask(&self, json: &Value) -> Result<Value, LinkError> {
        let request = serde_json::to_vec(json).unwrap();
        let ask = Ask::new(request, self.ann.did(), Timestamp(1), [0; 16], self.device());
        let body = self.link.call(&self.ann.did(), Call::new("ask@1", canonical::encode(&ask)))?;
        Ok(serde_json::from_slice(&Answered::decode(&body).unwrap().answer).unwrap())
    }

    fn paper(&self, paper: &Paper) -> Code {
        let json = json!({ "request": "guardians.paper@1", "paper": URL_SAFE_NO_PAD.encode(paper.encode()) });
        code(&self.ask(&json))
    }

    fn claim(&self, claim: &Claim) -> Result<Value, LinkError> {
        self.ask(
            &json!({ "request": "guardians.collect@1", "claim": URL_SAFE_NO_PAD.encode(canonical::encode(claim)) }),
        )
    }
}

fn code(result: &Result<Value, LinkError>) -> Code {
    match result {
        Err(LinkError::Refused(Refusal { code, .. })) => *code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_contact_decides_nothing_and_makes_up_nothing_about_guardians() {
    let clock = Clock::new();
    let (ann, bob, cyd) = (person(1, "Ann", &clock), person(2, "Bob", &clock), person(3, "Cyd", &clock));
    guarded(&ann, 1, &[&bob, &cyd], 2, 1);
    let round = list(&ann).ring.unwrap().round;
    let meeting = Meeting::with(ann);
    let (anns, eves, key) = (meeting.ann.did(), meeting.did(), meeting.device());

    // What is the owner's to ask is denied.
    for request in [
        json!({ "request": "guardians.list@1" }),
        json!({ "request": "guardians.end@1" }),
        json!({ "request": "guardians.cancel@1", "claim": "0000" }),
        json!({ "request": "heirs.list@1" }),
        json!({ "request": "recovery.status@1" }),
        json!({ "request": "witness.list@1" }),
    ] {
        assert_eq!(code(&meeting.ask(&request)), Code::Denied, "{request}");
    }

    // Garbage, and too much of it.
    for paper in ["", "AAAA", &"A".repeat(60_000)] {
        assert_eq!(code(&meeting.ask(&json!({ "request": "guardians.paper@1", "paper": paper }))), Code::Invalid);
    }

    // Words of somebody who is no guardian, no ward, and not who they say.
    let at = Timestamp(5);
    let stranger = SigningKey::from_seed(&Secret32::from_bytes([90; 32]));
    let charter = Digest::of(b"charter");
    assert_eq!(
        meeting.paper(&Paper::Answer(Answer::new(charter, eves.clone(), Word::Accepted, at, key))),
        Code::NotFound
    );
    assert_eq!(meeting.paper(&Paper::Answer(Answer::new(charter, bob.did(), Word::Refused, at, key))), Code::Invalid);
    assert_eq!(meeting.paper(&Paper::Heartbeat(Heartbeat::new(eves.clone(), 9, at, key))), Code::NotFound);
    assert_eq!(meeting.paper(&Paper::Heartbeat(Heartbeat::new(bob.did(), 9, at, key))), Code::Invalid);
    let cancel = Cancel::new(eves.clone(), charter, bob.did(), at, key);
    assert_eq!(meeting.paper(&Paper::Cancel(cancel)), Code::NotFound);
    let claim = Claim::new(Kind::Recovery, "ann".to_owned(), eves.clone(), [9; 32], at, key);
    let notice = Notice::new(eves.clone(), anns.clone(), claim.clone(), at, key);
    assert_eq!(meeting.paper(&Paper::Notice(Box::new(notice))), Code::NotFound, "she is no guardian of Ann's");
    let bequest = Bequest::new(bob.did(), anns.clone(), 1, 2, Vec::new(), Vec::new(), 8 * DAY_MS, at, key);
    assert_eq!(meeting.paper(&Paper::Bequest(Box::new(bequest))), Code::Invalid, "Bob left nothing");

    // A share that is not the one of its charter, and one that is for somebody else.
    let guardians =
        [(anns.clone(), vec![meeting.ann.twin.device_key().did().clone()]), (bob.did(), vec![stranger.did().clone()])];
    let founded = |seed| {
        let founding = Founding {
            ward: &eves,
            round: 1,
            threshold: 2,
            guardians: &guardians,
            wait_ms: DAY_MS,
            silence_ms: None,
            contents: vec![(None, Legacy::phrase(&Secret32::from_bytes([6; 32])).encode())],
            seed: &Secret32::from_bytes([seed; 32]),
            at,
        };
        found(founding, key).unwrap().1
    };
    let (mut one, other) = (founded(1), founded(2));
    assert_eq!(meeting.paper(&Paper::Appointment(Box::new(one[1].clone()))), Code::Invalid, "it is Bob's");
    let mut mixed = one.remove(0);
    mixed.sealed.clone_from(&other[0].sealed);
    assert_eq!(meeting.paper(&Paper::Appointment(Box::new(mixed))), Code::Invalid);

    // Claims: somebody else's, and more of them than anybody needs.
    let foreign = Claim::new(Kind::Recovery, "ann".to_owned(), bob.did(), [9; 32], at, key);
    assert_eq!(code(&meeting.claim(&foreign)), Code::Invalid);
    let heir = Claim::new(Kind::Inheritance, bob.did().to_string(), eves.clone(), [9; 32], at, key);
    assert_eq!(code(&meeting.claim(&heir)), Code::NotFound);
    let many: Vec<bool> = (0..8)
        .map(|number| {
            let claim = Claim::new(Kind::Recovery, format!("number {number}"), eves.clone(), [9; 32], at, key);
            meeting.claim(&claim).is_ok()
        })
        .collect();
    assert_eq!(many.iter().filter(|ok| **ok).count(), 4, "{many:?}");

    let now = list(&meeting.ann);
    let ring = now.ring.unwrap();
    assert!(ring.ready && ring.round == round && now.wards.is_empty());
    assert!(now.claims.iter().all(|claim| !claim.mine && claim.state == didymos_twin::response::ClaimState::Unclear));
}

#[test]
fn a_contact_makes_up_no_checkpoint_and_learns_of_none() {
    let clock = Clock::new();
    let (ann, bob) = (person(1, "Ann", &clock), person(2, "Bob", &clock));
    pair(&ann, &bob);
    let bobs = bob.did();
    let which = didymos_twin::request::WitnessWhich { contact: bobs.to_string() };
    ann.ask(Request::WitnessAdd(which)).unwrap();
    let witnessed = |of: &Person| -> WitnessesAnswer {
        let Response::Witnesses(answer) = of.ask(Request::Witnesses).unwrap() else { panic!() };
        answer
    };
    until(|| witnessed(&ann).witnesses[0].commits > 0);
    // Eve meets Bob, who witnesses Ann.
    let anns = ann.did();
    let meeting = Meeting::with(bob);
    let key = meeting.device();
    let brought = |checkpoint: &Checkpoint, old: u64, proof: Vec<Digest>| {
        meeting.ask(&json!({
            "request": "witness.checkpoint@1",
            "checkpoint": URL_SAFE_NO_PAD.encode(checkpoint.encode()),
            "old_size": old,
            "old_root": (old > 0).then(|| Digest::of(b"other")),
            "proof": proof,
        }))
    };
    let in_anns_name = Checkpoint::new(anns.clone(), 900, Digest::of(b"x"), Timestamp(1), key);
    assert_eq!(code(&brought(&in_anns_name, 0, Vec::new())), Code::Invalid);
    let nothing = Checkpoint::new(meeting.did(), 0, Digest::of(b"x"), Timestamp(1), key);
    assert_eq!(code(&brought(&nothing, 0, Vec::new())), Code::Invalid);
    let own = Checkpoint::new(meeting.did(), 5, Digest::of(b"x"), Timestamp(1), key);
    assert!(brought(&own, 0, Vec::new()).is_ok());
    let later = Checkpoint::new(meeting.did(), 9, Digest::of(b"y"), Timestamp(2), key);
    assert_eq!(code(&brought(&later, 5, vec![Digest::of(b"z")])), Code::Invalid, "a proof that leads nowhere");
    assert_eq!(code(&brought(&later, 5, vec![Digest::of(b"z"); 129])), Code::Invalid);
    // Whom Bob witnesses is not hers to know, and what she says of Ann's journal counts for nothing.
    let seen = json!({ "request": "witness.seen@1", "checkpoint": URL_SAFE_NO_PAD.encode(in_anns_name.encode()) });
    assert_eq!(meeting.ask(&seen).unwrap(), json!({}));
    let asked = json!({ "request": "witness.consistency@1", "old_size": 1, "new_size": 2 });
    assert_eq!(code(&meeting.ask(&asked)), Code::NotFound);
    // Her own second history is the end of it.
    let fork = Checkpoint::new(meeting.did(), 5, Digest::of(b"another"), Timestamp(3), key);
    assert!(brought(&fork, 0, Vec::new()).unwrap().get("forked").is_some());
    assert!(brought(&own, 0, Vec::new()).unwrap().get("forked").is_some());
    let now = witnessed(&meeting.ann);
    assert_eq!((now.forks.len(), &now.forks[0].did), (1, &meeting.did()));
    assert!(now.watched.iter().any(|one| one.did == anns && !one.forked));
}
