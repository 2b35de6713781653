//! A network in memory: it proves who is at both ends as the real one does, and keeps nothing else.
//!
//! A call is handed to the other twin's [`Host`] and comes back, or it does not: what happens on the way is drawn from
//! the lots of the step that makes it. Connections begin with the same [cards](didymos_link::peer) as real ones, over a
//! channel secret that is drawn here instead of by TLS; pairing is that of [`meeting`](crate::meeting).
//!
//! Nothing here holds a lock while a twin is at work: a twin that answers may call others.

use crate::lots::Lots;
use crate::meeting::Meetings;
use crate::trace::Trace;
use didymos_base::{Did, canonical};
use didymos_identity::Secret32;
use didymos_link::peer::{Card, CardError, Channel, Side};
use didymos_link::wire::{self, CALL_BYTES_MAX, Greeting, OPENING_BYTES_MAX, REPLY_BYTES_MAX};
use didymos_link::{
    Call, Called, CameBack, Claim, Code, EndpointKey, Host, Incoming, LinkError, Meeting, Network, Peer, Place,
    Purpose, Reach, Refusal, Reply, Settings, Ticket, Upload,
};
use didymos_twin::peers::ask::Ask;
use didymos_vault::fault::FaultyDisk;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Calls that are remembered, for somebody to play back.
const HEARD_MAX: usize = 64;
/// Calls that are on their way for longer than their caller waits.
const LATE_MAX: usize = 16;

/// How likely what is to happen to a call, each in 256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// Nobody comes to the door when a connection is dialled.
    pub unreachable: u8,
    /// The connection ends before the call arrives; the caller's link tries once more.
    pub broken_before: u8,
    /// The connection ends when the call is answered and the answer on its way; the link tries once more, so that the
    /// call is made twice.
    pub broken_after: u8,
    /// The call does not arrive in time, and never will.
    pub call_lost: u8,
    /// The call does not arrive in time, but later.
    pub late: u8,
    /// The answer does not arrive in time.
    pub answer_lost: u8,
}

enum Fate {
    Fine,
    BrokenBefore,
    BrokenAfter,
    CallLost,
    Late,
    AnswerLost,
}

/// A call that somebody made.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Who called.
    pub from: usize,
    /// Who was called.
    pub to: usize,
    /// The call's bytes.
    pub bytes: Vec<u8>,
}

struct Late {
    peer: Arc<Peer>,
    to: usize,
    incarnation: u64,
    bytes: Vec<u8>,
    upload: Option<Vec<u8>>,
}

pub(crate) struct Node {
    pub(crate) number: usize,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) meetings: Meetings,
    disk: FaultyDisk,
    incarnation: u64,
}

pub(crate) struct State {
    pub(crate) nodes: BTreeMap<EndpointKey, Node>,
    /// Who is proven to be at the other end, by the two ends' numbers.
    live: BTreeMap<(usize, usize), Arc<Peer>>,
    cut: BTreeSet<(usize, usize)>,
    weather: Weather,
    pub(crate) lots: Lots,
    late: Vec<Late>,
    heard: Vec<Heard>,
    incarnations: u64,
}

/// The network.
#[derive(Clone)]
pub struct Net {
    state: Arc<Mutex<State>>,
    pub(crate) trace: Trace,
}

fn pair(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

/// What a call asks, for the trace.
fn told(call: &Call) -> String {
    let request = Ask::decode(&call.body).ok().and_then(|ask| {
        let json: serde_json::Value = serde_json::from_slice(&ask.request).ok()?;
        Some(json.get("request")?.as_str()?.to_owned())
    });
    request.unwrap_or_else(|| call.name.chars().take(20).collect())
}

impl Net {
    /// A calm network.
    #[must_use]
    pub fn new(trace: Trace) -> Self {
        let state = State {
            nodes: BTreeMap::new(),
            live: BTreeMap::new(),
            cut: BTreeSet::new(),
            weather: Weather::default(),
            lots: Lots::of(0, 0),
            late: Vec::new(),
            heard: Vec::new(),
            incarnations: 0,
        };
        Self { state: Arc::new(Mutex::new(state)), trace }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The socket of the person with this number, whose twin writes to this disk.
    #[must_use]
    pub fn socket(&self, number: usize, disk: FaultyDisk) -> Socket {
        Socket { net: self.clone(), number, disk }
    }

    /// What happens from now on is drawn from these lots, in this weather.
    pub fn set(&self, weather: Weather, lots: Lots) {
        let mut state = self.state();
        (state.weather, state.lots) = (weather, lots);
    }

    /// Takes the way between the two away, or gives it back.
    pub fn part(&self, a: usize, b: usize, parted: bool) {
        let mut state = self.state();
        if parted {
            state.cut.insert(pair(a, b));
        } else {
            state.cut.remove(&pair(a, b));
        }
    }

    /// Every way is there again, and nothing is on its way any more.
    pub fn mend(&self) {
        let mut state = self.state();
        state.cut.clear();
        state.late.clear();
    }

    /// The twin with this number is gone: connections end, and what was on its way to it is lost.
    pub fn unplug(&self, number: usize) {
        let mut state = self.state();
        state.nodes.retain(|_, node| node.number != number);
        state.live.retain(|(a, b), _| *a != number && *b != number);
        state.late.retain(|late| late.to != number);
    }

    /// A call that somebody made before.
    pub fn heard(&self, lots: &mut Lots) -> Option<Heard> {
        let state = self.state();
        (!state.heard.is_empty()).then(|| state.heard[lots.place(state.heard.len())].clone())
    }

    /// A call arrives whose caller does not wait any more. Says whether there was one.
    pub fn arrive_late(&self) -> bool {
        let late = {
            let mut state = self.state();
            if state.late.is_empty() {
                return false;
            }
            let len = state.late.len();
            let at = state.lots.place(len);
            state.late.remove(at)
        };
        let there =
            self.state().nodes.values().any(|node| node.number == late.to && node.incarnation == late.incarnation);
        if there {
            self.trace.count("late calls arrived");
            let _ = self.hand(&late.peer, late.to, &late.bytes, late.upload, "late ");
        }
        true
    }

    /// Hands a call to the twin with this number, as one of `peer`'s, and returns its reply.
    pub fn hand(
        &self,
        peer: &Arc<Peer>,
        to: usize,
        bytes: &[u8],
        upload: Option<Vec<u8>>,
        how: &str,
    ) -> Result<(Reply, Option<Vec<u8>>), LinkError> {
        let (host, disk) = {
            let state = self.state();
            let node = state.nodes.values().find(|node| node.number == to).ok_or(LinkError::Closed)?;
            (Arc::clone(&node.host), node.disk.clone())
        };
        let (reply, outgoing) = match wire::decode::<Call>(bytes, CALL_BYTES_MAX) {
            Ok(call) => {
                let what = told(&call);
                let mut upload = upload.map(|bytes| Incoming::of(bytes.len() as u64, Box::new(Cursor::new(bytes))));
                let (reply, outgoing) = host.answer_with(peer, call, upload.as_mut());
                let outcome = match &reply {
                    Reply::Refused(refusal) => format!("{:?}: {}", refusal.code, refusal.words),
                    Reply::Done(body) | Reply::Sends(body, _) => format!("{} bytes", body.len()),
                };
                self.trace.note(format!("    {how}{what} to {to}: {outcome}"));
                (reply, outgoing)
            }
            Err(_) => (Reply::Refused(Refusal::new(Code::Malformed, "not a call of this protocol")), None),
        };
        let mut download = None;
        if let Some(mut outgoing) = outgoing {
            let mut bytes = Vec::new();
            outgoing.bytes.read_to_end(&mut bytes).map_err(|_| LinkError::Closed)?;
            if bytes.len() as u64 != outgoing.len {
                return Err(LinkError::Closed);
            }
            download = Some(bytes);
        }
        if disk.is_pulled() {
            self.trace.count("plugs pulled while answering");
            // The machine went down before its answer went out.
            return Err(LinkError::Closed);
        }
        let mut bytes = canonical::encode(&reply);
        if bytes.len() > REPLY_BYTES_MAX {
            bytes = canonical::encode(&Reply::Refused(Refusal::new(Code::TooMuch, "the answer is too long")));
        }
        let reply = wire::decode(&bytes, REPLY_BYTES_MAX).map_err(|_| LinkError::Malformed)?;
        Ok((reply, download))
    }
}

/// Where a twin plugs itself in.
#[derive(Clone)]
pub struct Socket {
    net: Net,
    number: usize,
    disk: FaultyDisk,
}

impl Network for Socket {
    fn start(&self, seed: &Secret32, _: Settings, host: Arc<dyn Host>) -> Result<Arc<dyn Reach>, LinkError> {
        Ok(Arc::new(self.end(seed, host)))
    }
}

impl Socket {
    /// An end of the network, with a key that grows from `seed`.
    #[must_use]
    pub fn end(&self, seed: &Secret32, host: Arc<dyn Host>) -> End {
        let key = *blake3::hash(seed.as_bytes()).as_bytes();
        let mut state = self.net.state();
        state.incarnations += 1;
        let node = Node {
            number: self.number,
            host: Arc::clone(&host),
            meetings: Meetings::default(),
            disk: self.disk.clone(),
            incarnation: state.incarnations,
        };
        state.nodes.insert(key, node);
        drop(state);
        End { net: self.net.clone(), number: self.number, key, host }
    }
}

/// A twin's end of the network.
pub struct End {
    pub(crate) net: Net,
    pub(crate) number: usize,
    pub(crate) key: EndpointKey,
    pub(crate) host: Arc<dyn Host>,
}

impl End {
    fn fate(&self) -> Fate {
        let mut state = self.net.state();
        let weather = state.weather;
        let chances = [
            (weather.broken_before, Fate::BrokenBefore),
            (weather.broken_after, Fate::BrokenAfter),
            (weather.call_lost, Fate::CallLost),
            (weather.late, Fate::Late),
            (weather.answer_lost, Fate::AnswerLost),
        ];
        for (chance, fate) in chances {
            if state.lots.hits(chance) {
                return fate;
            }
        }
        Fate::Fine
    }

    fn break_off(&self, there: usize) {
        let mut state = self.net.state();
        state.live.remove(&(self.number, there));
        state.live.remove(&(there, self.number));
    }

    fn once(&self, there: usize, bytes: &[u8], upload: Option<&Vec<u8>>) -> Called {
        let (mut from, incarnation) = {
            let mut state = self.net.state();
            let node = state.nodes.values().find(|node| node.number == there);
            let incarnation = node.map(|node| node.incarnation).unwrap_or_default();
            if state.heard.len() >= HEARD_MAX {
                state.heard.remove(0);
            }
            state.heard.push(Heard { from: self.number, to: there, bytes: bytes.to_vec() });
            (state.live.get(&(there, self.number)).cloned(), incarnation)
        };
        let parted = self.net.state().cut.contains(&pair(self.number, there));
        let Some(peer) = from.take().filter(|_| !parted) else {
            self.break_off(there);
            return Err(if parted { LinkError::TooLong } else { LinkError::Closed });
        };
        let fate = self.fate();
        match fate {
            Fate::BrokenBefore => {
                self.net.trace.count("connections broken before a call");
                self.break_off(there);
                return Err(LinkError::Closed);
            }
            Fate::CallLost => {
                self.net.trace.count("calls lost");
                return Err(LinkError::TooLong);
            }
            Fate::Late => {
                self.net.trace.count("calls late");
                let mut state = self.net.state();
                if state.late.len() < LATE_MAX {
                    let (bytes, upload) = (bytes.to_vec(), upload.cloned());
                    state.late.push(Late { peer, to: there, incarnation, bytes, upload });
                }
                return Err(LinkError::TooLong);
            }
            Fate::Fine | Fate::BrokenAfter | Fate::AnswerLost => {}
        }
        let (reply, download) = self.net.hand(&peer, there, bytes, upload.cloned(), "")?;
        match fate {
            Fate::BrokenAfter => {
                self.net.trace.count("connections broken after a call");
                self.break_off(there);
                Err(LinkError::Closed)
            }
            Fate::AnswerLost => {
                self.net.trace.count("answers lost");
                Err(LinkError::TooLong)
            }
            _ => match reply {
                Reply::Done(body) | Reply::Sends(body, _) => {
                    let incoming = |bytes: Vec<u8>| Incoming::of(bytes.len() as u64, Box::new(Cursor::new(bytes)));
                    Ok((body, download.map(incoming)))
                }
                Reply::Refused(refusal) => Err(LinkError::Refused(refusal)),
            },
        }
    }

    /// The number of who is at the other end of a connection to `did`, and whether that was there already.
    fn reach(&self, did: &Did) -> Result<(usize, bool), LinkError> {
        let there = {
            let state = self.net.state();
            let mut mine = state.live.iter().filter(|((at, _), peer)| *at == self.number && peer.did == *did);
            mine.next_back().map(|((_, there), _)| *there)
        };
        if let Some(there) = there {
            return Ok((there, true));
        }
        let known = self.host.contact(did).ok_or(LinkError::NotAContact)?;
        let own = self.host.own().ok_or(LinkError::Nobody)?;
        let mut last = LinkError::NoAddress;
        for place in &known.places {
            let Some((there, host)) = self.dial(&place.endpoint) else {
                last = LinkError::Unreachable;
                continue;
            };
            let channel = self.channel(&place.endpoint);
            let card = Card::new(&own, 0, &self.addrs(), false, &channel, Side::Dialler).ok_or(LinkError::Nobody)?;
            let greeting = canonical::encode(&Greeting::Contact(Box::new(card)));
            let Ok(Greeting::Contact(card)) = wire::decode(&greeting, OPENING_BYTES_MAX) else {
                return Err(LinkError::Malformed);
            };
            let refusal = |code, words: &str| LinkError::Refused(Refusal::new(code, words));
            let theirs = host
                .contact(&card.did)
                .ok_or_else(|| refusal(Code::NotAContact, "no contact of this twin: pair first"))?;
            let me = card
                .check(&theirs.versions, &channel, Side::Dialler)
                .map_err(|error| refusal(Code::BadProof, &error.to_string()))?;
            let shown = host.own().and_then(|own| Card::new(&own, 0, &addrs(there), false, &channel, Side::Dialled));
            let shown = shown.ok_or_else(|| refusal(Code::Failed, "this twin cannot show who it is"))?;
            host.met(&me);
            let peer = shown.check(&known.versions, &channel, Side::Dialled)?;
            if peer.did != *did {
                return Err(LinkError::Card(CardError::AnotherIdentity));
            }
            self.host.met(&peer);
            let (me, peer) = (Arc::new(me), Arc::new(peer));
            self.meet(there, Arc::clone(&me), Arc::clone(&peer));
            host.connected(&me);
            self.host.connected(&peer);
            return Ok((there, false));
        }
        Err(last)
    }

    /// Both ends have proved who they are: `me` to the other one, and `peer` to this one.
    pub(crate) fn meet(&self, there: usize, me: Arc<Peer>, peer: Arc<Peer>) {
        let mut state = self.net.state();
        state.live.insert((self.number, there), peer);
        state.live.insert((there, self.number), me);
    }

    /// Who listens with this key, if the way is open.
    pub(crate) fn dial(&self, endpoint: &EndpointKey) -> Option<(usize, Arc<dyn Host>)> {
        let mut state = self.net.state();
        let chance = state.weather.unreachable;
        if state.lots.hits(chance) {
            return None;
        }
        let node = state.nodes.get(endpoint)?;
        (!state.cut.contains(&pair(self.number, node.number))).then(|| (node.number, Arc::clone(&node.host)))
    }

    pub(crate) fn channel(&self, dialled: &EndpointKey) -> Channel {
        Channel { exporter: self.net.state().lots.bytes(), dialler: self.key, dialled: *dialled }
    }

    /// Calls with these very bytes, as nobody's link would let anybody do.
    pub fn call_raw(&self, did: &Did, bytes: &[u8], upload: Option<Vec<u8>>) -> Result<Reply, LinkError> {
        let (there, _) = self.reach(did)?;
        let peer = self.net.state().live.get(&(there, self.number)).cloned().ok_or(LinkError::Closed)?;
        if bytes.len() > CALL_BYTES_MAX {
            return Ok(Reply::Refused(Refusal::new(Code::Malformed, "not a call of this protocol")));
        }
        Ok(self.net.hand(&peer, there, bytes, upload, "hostile ")?.0)
    }
}

pub(crate) fn addrs(number: usize) -> Vec<SocketAddr> {
    vec![SocketAddr::from((Ipv4Addr::new(10, 0, 0, number as u8), didymos_twin::PORT))]
}

impl Reach for End {
    fn key(&self) -> EndpointKey {
        self.key
    }

    fn addrs(&self) -> Vec<SocketAddr> {
        addrs(self.number)
    }

    fn invite(&self) -> Result<u64, LinkError> {
        crate::meeting::invite(self)
    }

    fn invite_for(&self, purpose: Purpose) -> Result<u64, LinkError> {
        if purpose == Purpose::Contact { self.invite() } else { Err(LinkError::NoPairing) }
    }

    fn join(&self, ticket: Ticket) -> Result<u64, LinkError> {
        Ok(crate::meeting::join(self, &ticket))
    }

    fn meetings(&self) -> Vec<Meeting> {
        let state = self.net.state();
        state.nodes.get(&self.key).map(|node| node.meetings.list()).unwrap_or_default()
    }

    fn say(&self, pairing: u64, same: bool) -> Result<(), LinkError> {
        crate::meeting::say(self, pairing, same)
    }

    fn call(&self, did: &Did, call: Call) -> Result<Vec<u8>, LinkError> {
        self.call_with(did, call, None).map(|(body, _)| body)
    }

    fn call_with(&self, did: &Did, call: Call, upload: Option<Upload<'_>>) -> Called {
        let mut call = call;
        let mut follows = None;
        if let Some((len, from)) = upload {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).map_err(|error| LinkError::Source(error.to_string()))?;
            if bytes.len() as u64 != len {
                return Err(LinkError::Source("it ended early".to_owned()));
            }
            (call.payload, follows) = (Some(len), Some(bytes));
        }
        let bytes = canonical::encode(&call);
        if bytes.len() > CALL_BYTES_MAX {
            return Err(LinkError::Malformed);
        }
        let (there, was_there) = self.reach(did)?;
        match self.once(there, &bytes, follows.as_ref()) {
            Err(LinkError::Closed) if was_there => {
                self.break_off(there);
                let (there, _) = self.reach(did)?;
                self.once(there, &bytes, follows.as_ref())
            }
            answer => answer,
        }
    }

    fn greet(&self, did: &Did) -> Result<(), LinkError> {
        self.reach(did).map(|_| ())
    }

    fn come_back(&self, place: Place, claim: Claim) -> Result<CameBack, LinkError> {
        crate::returning::come_back(self, &place, &claim)
    }

    fn close(&self) {
        self.net.unplug(self.number);
    }

    fn part(&self, did: Option<&Did>) {
        let mut state = self.net.state();
        let number = self.number;
        let ends: Vec<usize> = state
            .live
            .iter()
            .filter(|((at, _), peer)| *at == number && did.is_none_or(|did| peer.did == *did))
            .map(|((_, there), _)| *there)
            .collect();
        for there in ends {
            state.live.remove(&(number, there));
            state.live.remove(&(there, number));
        }
    }

    fn connected(&self) -> Vec<Did> {
        let state = self.net.state();
        let mine = state.live.iter().filter(|((at, _), _)| *at == self.number);
        mine.map(|(_, peer)| peer.did.clone()).collect()
    }

    fn counts(&self) -> didymos_link::Counts {
        didymos_link::Counts::default()
    }
}
