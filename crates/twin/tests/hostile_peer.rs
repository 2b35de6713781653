//! A contact whose twin does not keep to what was agreed.
#![allow(clippy::unwrap_used)]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{Person, offer_to, until};
use didymos_base::{Did, Timestamp, canonical};
use didymos_consent::{Paper, Terms};
use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, SigningKey, verify_chain};
use didymos_link::{Call, Code, Host, Known, Link, LinkError, Own, Peer, Place, Refusal, Reply, Settings, Stage};
use didymos_twin::peers::ask::{Answer, Ask};
use didymos_twin::request::{PairAsked, PairConfirm};
use didymos_twin::response::{ContractState, PairingState};
use didymos_twin::{Request, Response};
use serde_json::json;
use std::sync::{Arc, Mutex};

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
        let answer = Answer { answer: b"{}".to_vec(), used: None };
        Reply::Done(canonical::encode(&answer))
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
    /// Ann and Eve are in contact.
    fn new() -> Self {
        let phrase = RecoveryPhrase::from_entropy([66; 32]);
        let device = SigningKey::from_seed(&Secret32::from_bytes([67; 32]));
        let first = DidDocument::genesis(&phrase.identity_key(), device.did(), Timestamp(0), None);
        let own = Own { versions: vec![first], device, name: Some("Eve\u{0}\u{1b}[31m".to_owned()) };
        let eve = Arc::new(Eve { own, ann: Mutex::default() });
        let settings = Settings { bind: vec!["127.0.0.1:0".parse().unwrap()], ..Settings::default() };
        let link = Link::start(&Secret32::from_bytes([68; 32]), settings, eve.clone()).unwrap();
        let ann = Person::new(1).with_data(3);
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
        until(|| matches!(link.meetings()[0].stage, Stage::Done { .. }) && ann.contacts().len() == 1);
        Self { ann, eve, link }
    }

    fn put(&self, ask: &Ask) -> Result<Answer, LinkError> {
        let call = Call::new("ask@1", canonical::encode(ask));
        self.link.call(&self.ann.did(), call).map(|body| Answer::decode(&body).unwrap())
    }

    fn ask(&self, json: &serde_json::Value) -> Result<Answer, LinkError> {
        let request = serde_json::to_vec(json).unwrap();
        self.put(&Ask::new(request, self.ann.did(), Timestamp(1), [0; 16], &self.eve.own.device))
    }

    fn paper(&self, paper: &Paper) -> Result<Answer, LinkError> {
        self.ask(&json!({ "request": "contracts.paper@1", "paper": URL_SAFE_NO_PAD.encode(paper.encode()) }))
    }
}

fn code(result: Result<Answer, LinkError>) -> Code {
    match result.unwrap_err() {
        LinkError::Refused(Refusal { code, .. }) => code,
        other => panic!("{other}"),
    }
}

#[test]
fn a_contact_may_ask_nothing_but_what_was_granted() {
    let meeting = Meeting::new();
    let query = |extra: serde_json::Value| {
        let mut json =
            json!({ "request": "timeline.query@1", "stream": "heart_rate", "from": "2016-04-02", "to": "2016-04-03" });
        json.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json
    };
    // In contact, and nothing granted.
    assert_eq!(code(meeting.ask(&query(json!({})))), Code::Denied);
    let eve = meeting.eve.own.did().unwrap().clone();
    let granted = meeting.ann.grant(offer_to(&eve, &["heart_rate"]));
    assert_eq!(code(meeting.ask(&query(json!({})))), Code::Denied, "offered is not agreed");
    // The offer itself is what she signs; here her program knows it, as if it had been delivered.
    let offered = meeting.ann.twin.offer_of(&granted.contract).unwrap();
    meeting.paper(&Paper::Acceptance(offered.accept(&meeting.eve.own.device, Timestamp(1)))).unwrap();
    assert_eq!(meeting.ann.contracts()[0].state, ContractState::InForce);
    assert!(meeting.ask(&query(json!({}))).unwrap().used.is_some());

    for request in [
        "twin.status@1",
        "streams.list@1",
        "journal.verify@1",
        "journal.repair@1",
        "identity.document@1",
        "receipts.list@1",
        "protect.status@1",
        "imports.list@1",
        "contacts.list@1",
        "contracts.list@1",
        "pair.invite@1",
        "pair.list@1",
        "backup.list@1",
        "backup.run@1",
        "journal.log@1",
        "search.find@1",
    ] {
        let refused = match request {
            "search.find@1" => meeting.ask(&json!({ "request": request, "text": "heart" })),
            _ => meeting.ask(&json!({ "request": request })),
        };
        assert!(matches!(code(refused), Code::Denied | Code::UnknownCall), "{request}");
    }
    let stolen = meeting.ann.dir.path().join("stolen");
    assert_eq!(code(meeting.ask(&json!({ "request": "export.all@1", "dir": stolen }))), Code::Denied);
    assert!(!stolen.exists());
    let look = json!({ "request": "contracts.look@1", "contact": "Eve", "stream": "heart_rate" });
    assert_eq!(code(meeting.ask(&look)), Code::Denied, "she cannot make Ann's twin ask others");
    assert_eq!(code(meeting.ask(&query(json!({ "stream": "steps" })))), Code::Denied);
    assert_eq!(code(meeting.ask(&query(json!({ "to": "2016-04-09" })))), Code::Denied);
    assert_eq!(code(meeting.ask(&query(json!({ "source": "Fitbit" })))), Code::Invalid, "an oracle about sources");
    let exact = json!({ "from": "2016-04-02T00:00:00+14:00" });
    assert!(matches!(code(meeting.ask(&query(exact))), Code::Denied | Code::Invalid));
    let finest = meeting.ask(&query(json!({ "every": "1m", "limit": 1_000_000 }))).unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&finest.answer).unwrap();
    assert_eq!((answer["every"].as_str(), answer["buckets"].as_array().unwrap().len()), (Some("1h"), 24));
}

#[test]
fn forged_replayed_and_misdirected_asks_and_papers_change_nothing() {
    let meeting = Meeting::new();
    let eve = &meeting.eve.own;
    let status = br#"{"request":"timeline.query@1","stream":"heart_rate"}"#.to_vec();
    let other = SigningKey::from_seed(&Secret32::from_bytes([1; 32]));
    let by_another = Ask::new(status.clone(), meeting.ann.did(), Timestamp(1), [0; 16], &other);
    assert_eq!(code(meeting.put(&by_another)), Code::BadProof);
    let to_another = Ask::new(status.clone(), eve.did().unwrap().clone(), Timestamp(1), [0; 16], &eve.device);
    assert_eq!(code(meeting.put(&to_another)), Code::BadProof);
    let mut changed = Ask::new(status, meeting.ann.did(), Timestamp(1), [0; 16], &eve.device);
    changed.request.push(b' ');
    assert_eq!(code(meeting.put(&changed)), Code::BadProof);
    let not_an_ask = Call::new("ask@1", vec![0xff; 100]);
    assert!(
        matches!(meeting.link.call(&meeting.ann.did(), not_an_ask), Err(LinkError::Refused(r)) if r.code == Code::Malformed)
    );
    let unknown = Call::new("dance@1", Vec::new());
    assert!(
        matches!(meeting.link.call(&meeting.ann.did(), unknown), Err(LinkError::Refused(r)) if r.code == Code::UnknownCall)
    );

    // An offer in Ann's name, one to somebody else, one signed by nobody, and an acceptance of nothing.
    let terms = |assigner: &Did, assignee: &Did| Terms {
        version: 1,
        assigner: assigner.clone(),
        assignee: assignee.clone(),
        streams: vec!["heart_rate".parse().unwrap()],
        from: None,
        to: None,
        resolution_ms: None,
        rate: None,
        purpose: "trust me".to_owned(),
        starts: Timestamp(0),
        expires: Timestamp(i64::MAX),
        nonce: [0; 16],
        space: None,
    };
    let (ann, me) = (meeting.ann.did(), eve.did().unwrap().clone());
    let own_word = terms(&ann, &me).offer(&eve.device);
    let elsewhere = terms(&me, &"did:key:z6MkSomebodyElse".parse().unwrap()).offer(&eve.device);
    let unsigned = terms(&me, &ann).offer(&other);
    for offer in [&own_word, &elsewhere, &unsigned] {
        assert_eq!(code(meeting.paper(&Paper::Offer(Box::new(offer.clone())))), Code::Invalid);
    }
    let acceptance = Paper::Acceptance(own_word.accept(&eve.device, Timestamp(1)));
    assert_eq!(code(meeting.paper(&acceptance)), Code::NotFound);
    assert!(meeting.ann.contracts().is_empty());

    // A sound offer counts once, however often it comes, and only so many of them.
    let sound = terms(&me, &ann).offer(&eve.device);
    assert!(sound.check(&verify_chain(&eve.versions).unwrap()).is_ok());
    for _ in 0..3 {
        meeting.paper(&Paper::Offer(Box::new(sound.clone()))).unwrap();
    }
    assert_eq!(meeting.ann.contracts().len(), 1);
    // Eve's twin answers without a receipt; Ann's shows nothing of it.
    meeting.ann.accept(&sound.terms.id().to_string()).unwrap();
    let look = didymos_twin::request::Look {
        contact: me.to_string(),
        stream: "heart_rate".parse().unwrap(),
        from: None,
        to: None,
        every: None,
        limit: 5,
    };
    assert!(meeting.ann.look(look).unwrap_err().message.contains("without a receipt"));
}

#[test]
fn an_ask_that_comes_twice_is_one_use_and_has_one_answer() {
    let meeting = Meeting::new();
    let eve = meeting.eve.own.did().unwrap().clone();
    let rate = Some(didymos_consent::Rate { uses: 1, per_ms: 86_400_000 });
    let offer = didymos_twin::request::ContractOffer { rate, ..offer_to(&eve, &["heart_rate"]) };
    let granted = meeting.ann.grant(offer);
    let offered = meeting.ann.twin.offer_of(&granted.contract).unwrap();
    meeting.paper(&Paper::Acceptance(offered.accept(&meeting.eve.own.device, Timestamp(1)))).unwrap();
    let query =
        br#"{"request":"timeline.query@1","stream":"heart_rate","from":"2016-04-02","to":"2016-04-03"}"#.to_vec();
    let ask = |nonce| Ask::new(query.clone(), meeting.ann.did(), Timestamp(1), nonce, &meeting.eve.own.device);
    // Her link made the call again, because the connection ended when the answer was on its way.
    let first = meeting.put(&ask([5; 16])).unwrap();
    assert_eq!(meeting.put(&ask([5; 16])).unwrap(), first);
    assert_eq!(meeting.ann.twin.uses().unwrap().len(), 1);
    assert_eq!(code(meeting.put(&ask([6; 16]))), Code::Denied, "another one is above the rate");
    meeting.ann.end(&granted.contract.to_string());
    assert_eq!(code(meeting.put(&ask([5; 16]))), Code::Denied, "an end is immediate");
}
