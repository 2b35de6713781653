//! Somebody who is in contact with everybody, and whose program keeps to nothing.
//!
//! Eve has keys and a place on the network, and no twin. Whatever she sends is refused, unless it is what a contact may
//! send; whatever she answers is taken for no more than it proves.

mod asking;
mod holding;

pub(crate) use asking::At;

use crate::Broken;
use crate::lots::Lots;
use crate::net::{End, Net};
use crate::town::Town;
use didymos_base::time::DAY_MS;
use didymos_base::{Did, Timestamp, canonical};
use didymos_consent::{Paper, Terms};
use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, SigningKey};
use didymos_link::{
    Call, Code, Host, Incoming, Known, LinkError, Outgoing, Own, Peer, Place, Reach, Refusal, Reply, Ticket,
};
use didymos_twin::Request;
use didymos_twin::peers::ask::{ASK_BYTES_MAX, Answer, Ask};
use didymos_twin::request::PaperIn;
use didymos_vault::fault::FaultyDisk;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What she tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Bytes that mean nothing.
    Garbage,
    /// A call of a name that nobody knows.
    Unknown,
    /// A call of somebody else, as it was heard.
    Replay,
    /// A call of somebody else with a bit changed.
    Changed,
    /// A paper that somebody else signed, in an ask of her own.
    Borrowed,
    /// A request that is its owner's alone.
    Owners,
    /// An ask to somebody else, or by another key.
    Misdirected,
    /// An ask beyond its bounds.
    Oversize,
    /// A request of one of the capabilities that twins use with each other, with something wrong about it.
    Of(At),
}

impl Act {
    pub(crate) fn drawn(lots: &mut Lots) -> Self {
        let at = asking::At::drawn(lots);
        [
            Self::Garbage,
            Self::Unknown,
            Self::Replay,
            Self::Changed,
            Self::Borrowed,
            Self::Owners,
            Self::Misdirected,
            Self::Oversize,
            Self::Of(at),
            Self::Of(at),
            Self::Of(at),
            Self::Of(at),
        ][lots.place(12)]
    }
}

/// Requests that are an owner's alone.
const OWNERS: [&str; 12] = [
    r#"{"request":"twin.status@1"}"#,
    r#"{"request":"streams.list@1"}"#,
    r#"{"request":"journal.verify@1"}"#,
    r#"{"request":"receipts.list@1"}"#,
    r#"{"request":"contacts.list@1"}"#,
    r#"{"request":"contracts.list@1"}"#,
    r#"{"request":"pair.invite@1"}"#,
    r#"{"request":"timeline.query@1","stream":"heart_rate"}"#,
    r#"{"request":"contracts.look@1","contact":"somebody","stream":"heart_rate"}"#,
    r#"{"request":"contracts.end@1","contract":"0000"}"#,
    r#"{"request":"contacts.change@1","contact":"somebody","forget":true}"#,
    r#"{"request":"backup.run@1"}"#,
];

/// What her program holds.
struct Program {
    own: Own,
    known: Mutex<BTreeMap<Did, Known>>,
    lots: Mutex<Lots>,
    claims: Mutex<holding::Claims>,
}

impl Host for Program {
    fn own(&self) -> Option<Own> {
        Some(self.own.clone())
    }

    fn contact(&self, did: &Did) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(did).cloned()
    }

    fn met(&self, _: &Peer) {}

    fn paired(&self, peer: &Peer) -> Result<(), String> {
        let places = vec![Place { endpoint: peer.endpoint, addrs: peer.addrs.clone() }];
        let known = Known { versions: peer.versions.clone(), places };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(peer.did.clone(), known);
        Ok(())
    }

    fn answer(&self, _: &Peer, call: Call) -> Reply {
        let mut lots = self.lots.lock().unwrap_or_else(PoisonError::into_inner);
        match lots.below(6) {
            0 => Reply::Done(lots.bytes::<24>().to_vec()),
            1 => Reply::Done(call.body),
            2 => Reply::Done(canonical::encode(&Answer { answer: b"{}".to_vec(), used: None })),
            3 => Reply::Refused(Refusal::new(Code::Failed, "\u{1b}[2J come again")),
            4 => Reply::Refused(Refusal { retry_after_ms: Some(u32::MAX), ..Refusal::new(Code::TooMuch, "no") }),
            _ => Reply::Done(vec![0xff; 70_000]),
        }
    }

    fn answer_with(&self, peer: &Peer, call: Call, upload: Option<&mut Incoming>) -> (Reply, Option<Outgoing>) {
        let held = {
            let mut lots = self.lots.lock().unwrap_or_else(PoisonError::into_inner);
            self.claims.lock().unwrap_or_else(PoisonError::into_inner).answer(&call, upload, &mut lots)
        };
        (held.unwrap_or_else(|| self.answer(peer, call)), None)
    }

    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

/// Eve.
pub struct Eve {
    program: Arc<Program>,
    end: Arc<End>,
    number: usize,
}

impl Eve {
    /// Her end of the network, which has this number.
    #[must_use]
    pub fn new(seed: u64, number: usize, net: &Net) -> Self {
        let mut lots = Lots::of(seed, 0x0eee);
        let phrase = RecoveryPhrase::from_entropy(lots.bytes());
        let device = SigningKey::from_seed(&Secret32::from_bytes(lots.bytes()));
        let first = DidDocument::genesis(&phrase.identity_key(), device.did(), Timestamp(0), None);
        let own = Own { versions: vec![first], device, name: Some("Eve".to_owned()) };
        let program = Arc::new(Program {
            own,
            known: Mutex::default(),
            lots: Mutex::new(lots.clone()),
            claims: Mutex::default(),
        });
        let host: Arc<dyn Host> = program.clone();
        let socket = net.socket(number, FaultyDisk::default());
        let end = socket.end(&Secret32::from_bytes(lots.bytes()), host);
        Self { program, end: Arc::new(end), number }
    }

    /// Her DID.
    #[must_use]
    pub fn did(&self) -> &Did {
        &self.program.own.versions[0].document.id
    }

    /// Comes with a ticket, and says yes.
    pub fn join(&self, ticket: &str) -> Result<(), String> {
        let ticket: Ticket = ticket.parse().map_err(|error: didymos_link::BadTicket| error.to_string())?;
        let id = self.end.join(ticket).map_err(|error| error.to_string())?;
        self.end.say(id, true).map_err(|error| error.to_string())
    }

    /// She offers somebody room, as any contact may.
    pub fn give_room(town: &Town, whom: usize, bytes: u64) -> Result<(), Broken> {
        let program = &town.eve.program;
        let (did, starts) = (town.people[whom].did().clone(), town.now());
        let none = || Broken::new("in calm everything succeeds", "Eve has no name");
        let terms = Terms {
            version: 1,
            assigner: program.own.did().cloned().ok_or_else(none)?,
            assignee: did.clone(),
            streams: Vec::new(),
            from: None,
            to: None,
            resolution_ms: None,
            rate: None,
            purpose: "as much as you like".to_owned(),
            starts,
            expires: Timestamp(starts.0 + 300 * DAY_MS),
            nonce: [0xee; 16],
            space: Some(bytes),
        };
        let paper = Request::Paper(PaperIn::of(&Paper::Offer(Box::new(terms.offer(&program.own.device)))));
        let paper =
            serde_json::to_vec(&paper).map_err(|error| Broken::new("a request is written", error.to_string()))?;
        let bytes = Self::ask(&did, &paper, &program.own.device, &mut Lots::of(0, 12));
        match town.eve.end.call_raw(&did, &bytes, None) {
            Ok(Reply::Done(_)) => Ok(()),
            other => Err(Broken::new("in calm everything succeeds", format!("an offer of room: {other:?}"))),
        }
    }

    fn ask(to: &Did, request: &[u8], key: &SigningKey, lots: &mut Lots) -> Vec<u8> {
        let ask = Ask::new(request.to_vec(), to.clone(), Timestamp(1), lots.bytes(), key);
        canonical::encode(&Call::new("ask@1", canonical::encode(&ask)))
    }

    /// She tries something with `whom`'s twin.
    pub fn act(town: &mut Town, act: Act, whom: usize, lots: &mut Lots) -> Result<(), Broken> {
        let eve = &town.eve;
        let device = &eve.program.own.device;
        let did = town.people[whom].did().clone();
        let heard = town.net().heard(lots).filter(|heard| heard.from != eve.number);
        let mut upload = None;
        let bytes = match act {
            Act::Garbage => {
                let body = lots.bytes::<96>()[..lots.place(96)].to_vec();
                canonical::encode(&Call::new("ask@1", body))
            }
            Act::Unknown => canonical::encode(&Call::new("dance@1", Vec::new())),
            Act::Replay => match heard {
                Some(heard) => heard.bytes,
                None => return Ok(()),
            },
            Act::Changed => match heard {
                Some(mut heard) => {
                    let at = lots.place(heard.bytes.len());
                    heard.bytes[at] ^= 1 << lots.below(8);
                    heard.bytes
                }
                None => return Ok(()),
            },
            Act::Borrowed => {
                let paper = heard.and_then(|heard| {
                    let call: Call = canonical::decode(&heard.bytes).ok()?;
                    let ask = Ask::decode(&call.body).ok()?;
                    ask.request.starts_with(br#"{"request":"contracts.paper"#).then_some(ask.request)
                });
                let Some(paper) = paper else { return Ok(()) };
                Self::ask(&did, &paper, device, lots)
            }
            Act::Owners => Self::ask(&did, OWNERS[lots.place(OWNERS.len())].as_bytes(), device, lots),
            Act::Of(at) => {
                let asked = asking::draw(at, lots);
                let ask = Ask::new(asked.json.into_bytes(), did.clone(), Timestamp(1), lots.bytes(), device);
                let mut call = Call::new("ask@1", canonical::encode(&ask));
                call.payload = asked.upload.as_ref().map(|bytes| bytes.len() as u64);
                upload = asked.upload;
                canonical::encode(&call)
            }
            Act::Misdirected => {
                let request = br#"{"request":"contracts.list@1"}"#;
                if lots.once_in(2) {
                    let other = SigningKey::from_seed(&Secret32::from_bytes(lots.bytes()));
                    Self::ask(&did, request, &other, lots)
                } else {
                    let own = eve.program.own.did().cloned().unwrap_or_else(|| did.clone());
                    Self::ask(&own, request, device, lots)
                }
            }
            Act::Oversize => {
                let len = if lots.once_in(2) { ASK_BYTES_MAX + 1 } else { didymos_link::wire::CALL_BYTES_MAX + 1 };
                canonical::encode(&Call::new("ask@1", vec![7; len]))
            }
        };
        match eve.end.call_raw(&did, &bytes, upload) {
            Ok(Reply::Done(_) | Reply::Sends(..)) => Err(Broken::new(
                "who keeps to nothing is refused",
                format!("{act:?} at {whom} was answered: {} bytes", bytes.len()),
            )),
            Ok(Reply::Refused(refusal)) => {
                town.trace().count("hostile calls refused");
                town.trace().note(format!("    refused: {:?}", refusal.code));
                Ok(())
            }
            Err(LinkError::Refused(refusal)) if refusal.code == Code::NotAContact => {
                town.trace().note("    blocked");
                Ok(())
            }
            Err(error @ (LinkError::Closed | LinkError::Unreachable | LinkError::NoAddress)) => {
                town.trace().note(format!("    {error}"));
                Ok(())
            }
            Err(error) => Err(Broken::new("who keeps to nothing is refused", format!("{act:?} at {whom}: {error}"))),
        }
    }
}
