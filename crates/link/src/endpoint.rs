//! The endpoint: one UDP socket, everybody who connects over it, and whom it dials.
//!
//! No relay, no DNS, no discovery: an endpoint is reached at addresses that a ticket or an earlier meeting gave.

use crate::error::LinkError;
use crate::host::{Host, Known, Place};
use crate::payload::{Meter, Way};
use crate::peer::{ADDRS_MAX, Card, CardError, Channel, EndpointKey, Own, Peer, Side};
use crate::rate::{Bucket, Flow};
use crate::returning::{CameBack, Claim, Received, Returning};
use crate::settings::{CALLS_MAX, CONNECTIONS_MAX, Counting, STRANGERS_MAX, Settings, TRANSFERS_MAX, WINDOW, count};
use crate::wire::{self, ALPN, Code, Greeting, OPENING_BYTES_MAX, Opening, Reception, Refusal, VERSION, VERSION_MIN};
use crate::{frame, meeting, serve};
use didymos_base::{Did, canonical};
use didymos_identity::Secret32;
use iroh::endpoint::{Connection, Incoming, QuicTransportConfig, RecvStream, SendStream, VarInt, presets};
use iroh::{Endpoint, EndpointAddr, EndpointId, SecretKey, TransportAddr};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// What the connection's two ends derive from its TLS session to bind proofs to it.
const EXPORTER: &[u8] = b"EXPORTER-didymos-link-v1";
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Codes that a connection is closed with.
pub(crate) mod close {
    /// It was done, or idle.
    pub(crate) const DONE: u32 = 0;
    /// The other end was refused.
    pub(crate) const REFUSED: u32 = 1;
    /// The other end asked far too much.
    pub(crate) const FLOOD: u32 = 2;
}

/// Held by whoever uses a connection, in either direction: it is not idle meanwhile.
#[derive(Clone, Default)]
pub(crate) struct Busy(Arc<()>);

/// A live connection to a contact.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) peer: Arc<Peer>,
    pub(crate) connection: Connection,
    /// Whether it is another device of the same owner.
    pub(crate) is_own: bool,
    /// Shared by everything that goes on over it; the same for all clones of this.
    in_use: Arc<Busy>,
}

impl Live {
    /// Marks the connection as used for as long as this is held.
    pub(crate) fn busy(&self) -> Busy {
        Busy::clone(&self.in_use)
    }

    pub(crate) fn is_idle(&self) -> bool {
        Arc::strong_count(&self.in_use.0) == 1
    }
}

/// What one contact may do.
struct Contact {
    live: Vec<Live>,
    calls: Bucket,
    flow: Arc<Mutex<Flow>>,
    transfers: Arc<Semaphore>,
}

impl Contact {
    fn new(settings: &Settings, now_ms: u64) -> Self {
        Self {
            live: Vec::new(),
            calls: Bucket::new(settings.limit, now_ms),
            flow: Arc::new(Mutex::new(Flow::new(settings.flow, now_ms))),
            transfers: Arc::new(Semaphore::new(TRANSFERS_MAX)),
        }
    }
}

/// Everything that the tasks of a link share.
pub(crate) struct Inner {
    pub(crate) endpoint: Endpoint,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) settings: Settings,
    pub(crate) counting: Arc<Counting>,
    pub(crate) meetings: meeting::Meetings,
    contacts: Mutex<HashMap<Did, Contact>>,
    strangers: Arc<Semaphore>,
    began: Instant,
}

impl Inner {
    pub(crate) async fn bind(seed: &Secret32, settings: Settings, host: Arc<dyn Host>) -> Result<Arc<Self>, LinkError> {
        let transport = QuicTransportConfig::builder()
            .max_concurrent_bidi_streams(VarInt::from_u32(CALLS_MAX))
            .max_concurrent_uni_streams(VarInt::from_u32(0))
            .keep_alive_interval(KEEP_ALIVE)
            .receive_window(VarInt::from_u32(WINDOW))
            .build();
        let mut builder = Endpoint::builder(presets::Minimal)
            .secret_key(SecretKey::from_bytes(seed.as_bytes()))
            .alpns(vec![ALPN.to_vec()])
            .transport_config(transport);
        if !settings.bind.is_empty() {
            builder = builder.clear_ip_transports();
            for addr in &settings.bind {
                builder = builder.bind_addr(*addr).map_err(|error| LinkError::Bind(error.to_string()))?;
            }
        }
        let endpoint = builder.bind().await.map_err(|error| LinkError::Bind(error.to_string()))?;
        Ok(Arc::new(Self {
            endpoint,
            host,
            settings,
            counting: Arc::default(),
            meetings: meeting::Meetings::default(),
            contacts: Mutex::default(),
            strangers: Arc::new(Semaphore::new(STRANGERS_MAX)),
            began: Instant::now(),
        }))
    }

    /// Where this endpoint can be reached, as far as it knows.
    pub(crate) fn addrs(&self) -> Vec<SocketAddr> {
        let mut addrs: Vec<SocketAddr> = self.endpoint.addr().ip_addrs().copied().collect();
        for bound in self.endpoint.bound_sockets() {
            if !bound.ip().is_unspecified() && !addrs.contains(&bound) {
                addrs.push(bound);
            }
        }
        addrs.truncate(ADDRS_MAX);
        addrs
    }

    pub(crate) fn key(&self) -> EndpointKey {
        *self.endpoint.id().as_bytes()
    }

    fn contacts(&self) -> MutexGuard<'_, HashMap<Did, Contact>> {
        self.contacts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one call of this contact's limit, or says after how many milliseconds there is one.
    pub(crate) fn take(&self, did: &Did) -> Result<(), u32> {
        let now = self.began.elapsed().as_millis() as u64;
        let mut contacts = self.contacts();
        self.entry(&mut contacts, did).calls.take(now)
    }

    fn entry<'c>(&self, contacts: &'c mut HashMap<Did, Contact>, did: &Did) -> &'c mut Contact {
        let now = self.began.elapsed().as_millis() as u64;
        contacts.entry(did.clone()).or_insert_with(|| Contact::new(&self.settings, now))
    }

    /// How bytes behind a call go over `live`, and the places for its contact's transfers.
    pub(crate) fn way(&self, live: &Live, metered: bool) -> (Way, Arc<Semaphore>) {
        let mut contacts = self.contacts();
        let contact = self.entry(&mut contacts, &live.peer.did);
        let meter = metered.then(|| Meter::new(Arc::clone(&contact.flow), self.began));
        let (stall_max, counting) = (self.settings.stall_max, Arc::clone(&self.counting));
        (Way { stall_max, meter, counting, _busy: live.busy() }, Arc::clone(&contact.transfers))
    }

    /// Accepts for as long as the endpoint is open.
    pub(crate) async fn accept(self: Arc<Self>) {
        while let Some(incoming) = self.endpoint.accept().await {
            let Ok(place) = Arc::clone(&self.strangers).try_acquire_owned() else {
                count(&self.counting.flood);
                incoming.refuse();
                continue;
            };
            let inner = Arc::clone(&self);
            tokio::spawn(async move { inner.receive(incoming, place).await });
        }
    }

    /// Hears who connects and what for. The place among strangers is given back as soon as that is known.
    async fn receive(self: Arc<Self>, incoming: Incoming, place: OwnedSemaphorePermit) {
        let first_words = timeout(self.settings.hello_max, async {
            let connection = incoming.accept().ok()?.await.ok()?;
            let (send, mut recv) = connection.accept_bi().await.ok()?;
            let bytes = frame::read(&mut recv, OPENING_BYTES_MAX).await;
            Some((connection, send, recv, bytes))
        });
        let Ok(Some((connection, mut send, recv, bytes))) = first_words.await else { return };
        match self.greeted(bytes) {
            Ok(Greeting::Contact(card)) => {
                let inner = Arc::clone(&self);
                let hello = timeout(self.settings.hello_max, inner.welcome(&connection, &mut send, *card)).await;
                match hello.unwrap_or_else(|_| Err(Reception::Refused(Refusal::new(Code::Failed, "too slow")))) {
                    Ok((peer, is_own)) => {
                        drop(place);
                        count(&self.counting.accepted);
                        let live = self.register(peer, is_own, connection);
                        serve::run(self, live).await;
                    }
                    Err(reception) => refuse(&connection, &mut send, &reception).await,
                }
            }
            Ok(Greeting::Returning(returning)) => {
                let inner = Arc::clone(&self);
                let hello = timeout(self.settings.hello_max, inner.take_back(&connection, &mut send, returning)).await;
                match hello.unwrap_or_else(|_| Err(Reception::Refused(Refusal::new(Code::Failed, "too slow")))) {
                    Ok(peer) => {
                        drop(place);
                        count(&self.counting.accepted);
                        let live = self.register(peer, false, connection);
                        serve::run(self, live).await;
                    }
                    Err(reception) => refuse(&connection, &mut send, &reception).await,
                }
            }
            Ok(Greeting::Pair(knock)) => meeting::knocked(self, connection, (send, recv), knock, place).await,
            Err(reception) => refuse(&connection, &mut send, &reception).await,
        }
    }

    fn greeted(&self, bytes: Result<Vec<u8>, frame::FrameError>) -> Result<Greeting, Reception> {
        let malformed = || {
            count(&self.counting.malformed);
            Reception::Refused(Refusal::new(Code::Malformed, "not an opening of this protocol"))
        };
        let bytes = bytes.map_err(|_| malformed())?;
        let opening: Opening = wire::decode(&bytes, OPENING_BYTES_MAX).map_err(|_| malformed())?;
        if opening.high < VERSION_MIN || opening.low > VERSION || opening.high > VERSION {
            // Also a newer twin that still speaks this version has written its greeting in a newer one.
            count(&self.counting.versions);
            return Err(Reception::Speaks { low: VERSION_MIN, high: VERSION });
        }
        wire::decode(&opening.body, OPENING_BYTES_MAX).map_err(|_| malformed())
    }

    /// Lets a contact in, or says why not. Nothing is said of this twin before the other side has proved itself.
    async fn welcome(
        self: Arc<Self>,
        connection: &Connection,
        send: &mut SendStream,
        card: Card,
    ) -> Result<(Peer, bool), Reception> {
        let channel = self.channel(connection, Side::Dialled).map_err(|error| failed(&error))?;
        let inner = Arc::clone(&self);
        let addrs = self.addrs();
        let checked = tokio::task::spawn_blocking(move || {
            let refusal = |code, words: &str| Err(Reception::Refused(Refusal::new(code, words)));
            let Some(known) = inner.host.contact(&card.did) else {
                count(&inner.counting.strangers);
                return refusal(Code::NotAContact, "no contact of this twin: pair first");
            };
            let peer = match card.check(&known.versions, &channel, Side::Dialler) {
                Ok(peer) => peer,
                Err(CardError::NeedVersions) => return refusal(Code::NeedVersions, "send every version"),
                Err(error) => {
                    count(&inner.counting.proofs);
                    return refusal(Code::BadProof, &error.to_string());
                }
            };
            let own = inner.host.own().and_then(|own| Card::new(&own, 0, &addrs, false, &channel, Side::Dialled));
            let Some(own) = own else { return refusal(Code::Failed, "this twin cannot show who it is") };
            inner.host.met(&peer);
            Ok((peer, own))
        });
        let (peer, own) = checked.await.map_err(|_| failed(&LinkError::Closed))??;
        let welcome = canonical::encode(&Reception::Welcome(canonical::encode(&own)));
        frame::write(send, &welcome).await.map_err(|_| failed(&LinkError::Closed))?;
        let _ = send.finish();
        let is_own = peer.did == own.did;
        Ok((peer, is_own))
    }

    /// Lets somebody in who comes back with their recovery phrase, or says why not.
    async fn take_back(
        self: Arc<Self>,
        connection: &Connection,
        send: &mut SendStream,
        returning: Returning,
    ) -> Result<Peer, Reception> {
        let channel = self.channel(connection, Side::Dialled).map_err(|error| failed(&error))?;
        let (inner, addrs) = (Arc::clone(&self), self.addrs());
        let endpoint = *connection.remote_id().as_bytes();
        let checked = tokio::task::spawn_blocking(move || {
            let refusal = |code, words: &str| Err(Reception::Refused(Refusal::new(code, words)));
            let known = returning.did().and_then(|did| inner.host.contact(did));
            let Some(known) = known else {
                count(&inner.counting.strangers);
                return refusal(Code::NotAContact, "no contact of this twin");
            };
            let Ok(peer) = returning.check(&known.versions, &channel, endpoint, Vec::new()) else {
                count(&inner.counting.proofs);
                return refusal(Code::BadProof, "this recovery phrase is not that of the contact's identity");
            };
            let own = inner.host.own().and_then(|own| Card::new(&own, 0, &addrs, false, &channel, Side::Dialled));
            let Some(card) = own else { return refusal(Code::Failed, "this twin cannot show who it is") };
            inner.host.returned(&peer);
            Ok((peer, Received { card, versions: known.versions }))
        });
        let (peer, received) = checked.await.map_err(|_| failed(&LinkError::Closed))??;
        let welcome = canonical::encode(&Reception::Welcome(canonical::encode(&received)));
        frame::write(send, &welcome).await.map_err(|_| failed(&LinkError::Closed))?;
        let _ = send.finish();
        Ok(peer)
    }

    /// Comes back to a contact with the recovery phrase. From then on they can be called for as long as the connection
    /// lasts.
    pub(crate) async fn come_back(self: Arc<Self>, place: Place, claim: Claim) -> Result<CameBack, LinkError> {
        let coming = async {
            let connection = self.dial(place.endpoint, &place.addrs).await?;
            let channel = self.channel(&connection, Side::Dialler)?;
            let returning = claim.say(&channel).ok_or(LinkError::Nobody)?;
            let (mut send, mut recv) = open(&connection, &Greeting::Returning(returning)).await?;
            let _ = send.finish();
            let bytes = received(&mut recv).await?;
            let received: Received = wire::decode(&bytes, OPENING_BYTES_MAX).map_err(|_| LinkError::Malformed)?;
            let (peer, versions) = received.check(&claim, &channel).ok_or(LinkError::Malformed)?;
            let came = CameBack { did: peer.did.clone(), versions };
            let live = self.register(peer, false, connection);
            tokio::spawn(serve::run(Arc::clone(&self), live));
            Ok(came)
        };
        timeout(self.settings.hello_max, coming).await.unwrap_or(Err(LinkError::Unreachable))
    }

    pub(crate) fn channel(&self, connection: &Connection, side: Side) -> Result<Channel, LinkError> {
        let mut exporter = [0; 32];
        connection.export_keying_material(&mut exporter, EXPORTER, b"").map_err(|_| LinkError::Closed)?;
        let (own, other) = (self.key(), *connection.remote_id().as_bytes());
        Ok(match side {
            Side::Dialler => Channel { exporter, dialler: own, dialled: other },
            Side::Dialled => Channel { exporter, dialler: other, dialled: own },
        })
    }

    /// Keeps a proven connection, so that either side can call over it.
    fn register(&self, peer: Peer, is_own: bool, connection: Connection) -> Live {
        let live = Live { peer: Arc::new(peer), connection, is_own, in_use: Arc::default() };
        let mut contacts = self.contacts();
        let contact = self.entry(&mut contacts, &live.peer.did);
        contact.live.retain(|live| live.connection.close_reason().is_none());
        if contact.live.len() >= CONNECTIONS_MAX {
            contact.live.remove(0).connection.close(VarInt::from_u32(close::DONE), b"too many connections");
        }
        contact.live.push(live.clone());
        live
    }

    pub(crate) fn forget(&self, live: &Live) {
        if let Some(contact) = self.contacts().get_mut(&live.peer.did) {
            contact.live.retain(|other| other.connection.stable_id() != live.connection.stable_id());
        }
    }

    /// Closes every connection to `did`, for example because it was blocked.
    pub(crate) fn part(&self, did: Option<&Did>) {
        let mut contacts = self.contacts();
        let live: Vec<Live> = match did {
            Some(did) => contacts.get_mut(did).map(|contact| std::mem::take(&mut contact.live)).unwrap_or_default(),
            None => contacts.values_mut().flat_map(|contact| std::mem::take(&mut contact.live)).collect(),
        };
        for live in live {
            live.connection.close(VarInt::from_u32(close::DONE), b"");
        }
    }

    fn live(&self, did: &Did) -> Option<Live> {
        let contacts = self.contacts();
        contacts.get(did)?.live.iter().rev().find(|live| live.connection.close_reason().is_none()).cloned()
    }

    /// How many contacts are connected.
    pub(crate) fn connected(&self) -> Vec<Did> {
        let contacts = self.contacts();
        let live = |contact: &Contact| contact.live.iter().any(|live| live.connection.close_reason().is_none());
        contacts.iter().filter(|(_, contact)| live(contact)).map(|(did, _)| did.clone()).collect()
    }

    /// A connection to `did`: one that is there, or a new one. Says whether it was there already.
    pub(crate) async fn reach(self: &Arc<Self>, did: &Did) -> Result<(Live, bool), LinkError> {
        if let Some(live) = self.live(did) {
            return Ok((live, true));
        }
        let inner = Arc::clone(self);
        let whom = did.clone();
        let looked_up = tokio::task::spawn_blocking(move || (inner.host.contact(&whom), inner.host.own()));
        let (known, own) = looked_up.await.map_err(|_| LinkError::Closed)?;
        let known = known.ok_or(LinkError::NotAContact)?;
        let own = own.ok_or(LinkError::Nobody)?;
        let first = self.try_places(did, &known.places, &known, &own).await;
        let Err(LinkError::NoAddress | LinkError::Unreachable | LinkError::Closed | LinkError::TooLong) = first else {
            return first.map(|live| (live, false));
        };
        let (inner, whom, has) = (Arc::clone(self), did.clone(), known.clone());
        let more = tokio::task::spawn_blocking(move || inner.host.look_up(&whom, &has)).await;
        let more = more.unwrap_or_default();
        if more.is_empty() {
            return first.map(|live| (live, false));
        }
        self.try_places(did, &more, &known, &own).await.map(|live| (live, false))
    }

    /// A connection to whoever is at one of these places, if that is `did`.
    async fn try_places(
        self: &Arc<Self>,
        did: &Did,
        places: &[Place],
        known: &Known,
        own: &Own,
    ) -> Result<Live, LinkError> {
        let mut last = LinkError::NoAddress;
        for place in places {
            let attempt = self.greet(did, place.endpoint, &place.addrs, known, own);
            match timeout(self.settings.hello_max, attempt).await.unwrap_or(Err(LinkError::Unreachable)) {
                Ok(live) => return Ok(live),
                // Whoever answered with a no is there: other places of the same twin would say the same.
                Err(error @ (LinkError::Refused(_) | LinkError::Card(_) | LinkError::Versions { .. })) => {
                    return Err(error);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    pub(crate) async fn dial(&self, endpoint: EndpointKey, addrs: &[SocketAddr]) -> Result<Connection, LinkError> {
        let id = EndpointId::from_bytes(&endpoint).map_err(|_| LinkError::NoAddress)?;
        let addr = EndpointAddr::from_parts(id, addrs.iter().copied().map(TransportAddr::Ip));
        self.endpoint.connect(addr, ALPN).await.map_err(|_| LinkError::Unreachable)
    }

    async fn greet(
        self: &Arc<Self>,
        did: &Did,
        endpoint: EndpointKey,
        addrs: &[SocketAddr],
        known: &Known,
        own: &Own,
    ) -> Result<Live, LinkError> {
        let connection = self.dial(endpoint, addrs).await?;
        let channel = self.channel(&connection, Side::Dialler)?;
        let card = Card::new(own, 0, &self.addrs(), false, &channel, Side::Dialler).ok_or(LinkError::Nobody)?;
        let (mut send, mut recv) = open(&connection, &Greeting::Contact(Box::new(card))).await?;
        let _ = send.finish();
        let welcome = received(&mut recv).await?;
        let card: Card = wire::decode(&welcome, OPENING_BYTES_MAX).map_err(|_| LinkError::Malformed)?;
        let peer = card.check(&known.versions, &channel, Side::Dialled)?;
        if peer.did != *did {
            return Err(LinkError::Card(CardError::AnotherIdentity));
        }
        let inner = Arc::clone(self);
        let peer = tokio::task::spawn_blocking(move || {
            inner.host.met(&peer);
            peer
        });
        let is_own = own.did().is_some_and(|own| own == did);
        let live = self.register(peer.await.map_err(|_| LinkError::Closed)?, is_own, connection);
        tokio::spawn(serve::run(Arc::clone(self), live.clone()));
        Ok(live)
    }
}

/// Opens the first stream of a connection with `greeting`.
pub(crate) async fn open(connection: &Connection, greeting: &Greeting) -> Result<(SendStream, RecvStream), LinkError> {
    let (mut send, recv) = connection.open_bi().await.map_err(|_| LinkError::Unreachable)?;
    let opening = Opening { low: VERSION_MIN, high: VERSION, body: canonical::encode(greeting) };
    frame::write(&mut send, &canonical::encode(&opening)).await?;
    Ok((send, recv))
}

/// What the other side says to an opening.
pub(crate) async fn received(recv: &mut RecvStream) -> Result<Vec<u8>, LinkError> {
    let bytes = frame::read(recv, OPENING_BYTES_MAX).await?;
    match wire::decode(&bytes, OPENING_BYTES_MAX).map_err(|_| LinkError::Malformed)? {
        Reception::Welcome(body) => Ok(body),
        Reception::Refused(refusal) => Err(LinkError::Refused(refusal)),
        Reception::Speaks { low, high } => Err(LinkError::Versions { low, high }),
    }
}

fn failed(error: &LinkError) -> Reception {
    Reception::Refused(Refusal::new(Code::Failed, error.to_string()))
}

/// Says no, waits a moment for it to be heard, and closes.
pub(crate) async fn refuse(connection: &Connection, send: &mut SendStream, reception: &Reception) {
    if frame::write(send, &canonical::encode(reception)).await.is_ok() {
        let _ = send.finish();
        let _ = timeout(Duration::from_secs(2), send.stopped()).await;
    }
    connection.close(VarInt::from_u32(close::REFUSED), b"");
}
