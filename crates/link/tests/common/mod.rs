//! Twins in memory, for tests over real sockets on the loopback interface.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use didymos_base::{Did, Timestamp};
use didymos_identity::document::commit_to_next;
use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, SigningKey};
use didymos_link::{
    Call, Code, Host, Incoming, Known, Link, Meeting, Outgoing, Own, Peer, Place, Refusal, Reply, Settings, Stage,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A twin that keeps everything in memory and echoes what it is called with.
pub struct Home {
    pub number: u8,
    pub phrase: RecoveryPhrase,
    pub own: Mutex<Own>,
    pub contacts: Mutex<BTreeMap<Did, Known>>,
    pub heard: Mutex<Vec<(Did, Call)>>,
    pub refuse_to_keep: Mutex<bool>,
    /// Says how many bytes came behind a call; else none are wanted.
    pub take_uploads: Mutex<bool>,
}

impl Home {
    pub fn new(number: u8) -> Arc<Self> {
        let phrase = RecoveryPhrase::from_entropy([number; 32]);
        let device = SigningKey::from_seed(&Secret32::from_bytes([number ^ 0x80; 32]));
        let next = commit_to_next(phrase.identity_key_number(1).did());
        let first = DidDocument::genesis(&phrase.identity_key(), device.did(), Timestamp(0), Some(next));
        let own = Own { versions: vec![first], device, name: Some(format!("Person {number}")) };
        Arc::new(Self {
            number,
            phrase,
            own: Mutex::new(own),
            contacts: Mutex::default(),
            heard: Mutex::default(),
            refuse_to_keep: Mutex::new(false),
            take_uploads: Mutex::new(false),
        })
    }

    pub fn did(&self) -> Did {
        self.own.lock().unwrap().did().unwrap().clone()
    }

    pub fn link(self: &Arc<Self>) -> Link {
        self.link_with(&Settings::default())
    }

    pub fn link_with(self: &Arc<Self>, settings: &Settings) -> Link {
        let bind = vec!["127.0.0.1:0".parse().unwrap()];
        let seed = Secret32::from_bytes([self.number ^ 0x40; 32]);
        Link::start(&seed, Settings { bind, ..settings.clone() }, self.clone() as Arc<dyn Host>).unwrap()
    }

    /// Makes the two contacts without pairing.
    pub fn know(&self, other: &Home, link: &Link) {
        let known = Known {
            versions: other.own.lock().unwrap().versions.clone(),
            places: vec![Place { endpoint: link.key(), addrs: link.addrs() }],
        };
        self.contacts.lock().unwrap().insert(other.did(), known);
    }
}

impl Host for Home {
    fn own(&self) -> Option<Own> {
        Some(self.own.lock().unwrap().clone())
    }

    fn contact(&self, did: &Did) -> Option<Known> {
        self.contacts.lock().unwrap().get(did).cloned()
    }

    fn met(&self, peer: &Peer) {
        let mut contacts = self.contacts.lock().unwrap();
        let Some(known) = contacts.get_mut(&peer.did) else { return };
        known.versions.clone_from(&peer.versions);
        known.places.retain(|place| place.endpoint != peer.endpoint);
        known.places.insert(0, Place { endpoint: peer.endpoint, addrs: peer.addrs.clone() });
    }

    fn paired(&self, peer: &Peer) -> Result<(), String> {
        if *self.refuse_to_keep.lock().unwrap() {
            return Err("the disk is full".to_owned());
        }
        let places = vec![Place { endpoint: peer.endpoint, addrs: peer.addrs.clone() }];
        self.contacts.lock().unwrap().insert(peer.did.clone(), Known { versions: peer.versions.clone(), places });
        Ok(())
    }

    fn answer(&self, peer: &Peer, call: Call) -> Reply {
        self.heard.lock().unwrap().push((peer.did.clone(), call.clone()));
        Reply::Done(call.body)
    }

    fn answer_with(&self, peer: &Peer, call: Call, upload: Option<&mut Incoming>) -> (Reply, Option<Outgoing>) {
        let reply = match upload {
            None => self.answer(peer, call),
            Some(upload) if *self.take_uploads.lock().unwrap() => match std::io::copy(upload, &mut std::io::sink()) {
                Ok(len) => Reply::Done(len.to_be_bytes().to_vec()),
                Err(error) => Reply::Refused(Refusal::new(Code::Failed, error.to_string())),
            },
            Some(_) => Reply::Refused(Refusal::new(Code::Invalid, "no bytes are wanted")),
        };
        (reply, None)
    }

    fn now(&self) -> Timestamp {
        Timestamp(1_000)
    }
}

/// Waits until `what` is there; a test that waits for ever has failed.
pub fn until<T>(mut what: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = what() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "it did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn meeting(link: &Link, id: u64) -> Meeting {
    link.meetings().into_iter().find(|meeting| meeting.id == id).unwrap()
}

pub fn digits(link: &Link, id: u64) -> (String, Did) {
    until(|| match meeting(link, id).stage {
        Stage::Compare { digits, did, .. } => Some((digits, did)),
        Stage::Failed { words } => panic!("{words}"),
        _ => None,
    })
}

/// How a pairing ended: the contact, or why not.
pub fn ended(link: &Link, id: u64) -> Result<Did, String> {
    until(|| match meeting(link, id).stage {
        Stage::Done { did } => Some(Ok(did)),
        Stage::Failed { words } => Some(Err(words)),
        _ => None,
    })
}

/// Two links that have a pairing whose digits are shown.
pub fn begin_pairing(inviter: &Link, joiner: &Link) -> (u64, u64) {
    let here = inviter.invite().unwrap();
    let ticket = meeting(inviter, here).ticket.unwrap();
    let there = joiner.join(ticket.parse().unwrap()).unwrap();
    (here, there)
}

pub fn call(name: &str, body: &[u8]) -> Call {
    Call::new(name, body.to_vec())
}
