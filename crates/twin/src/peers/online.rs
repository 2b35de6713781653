//! The twin's link: when it runs, and what is delivered over it.
//!
//! It runs from when somebody is to be reached, or a ticket waits for somebody, until the twin is locked. A server
//! starts it as soon as the twin is open if there are contacts; a command that only calls starts it for a moment, on a
//! port of its own that it tells nobody.

use super::ask::{Answer, Ask, CALL, Use};
use super::errand;
use super::host::Behind;
use crate::devices::{self, Role};
use crate::door::{Failure, FailureCode};
use crate::payload::Checked;
use crate::{Request, Response, Twin};
use didymos_base::{Did, canonical};
use didymos_consent::{ContractId, Offer};
use didymos_identity::derive;
use didymos_link::{Call, Code, Incoming, LinkError, Reach, Settings};
use didymos_vault::ObjectKind;
use std::io::Read;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak, mpsc};
use std::time::Duration;

/// The UDP port that a twin listens on for others, if nobody else has it.
pub const PORT: u16 = 7438;

/// So long somebody who signs waits for the other side to have it.
const SIGNED_WAIT_MAX: Duration = Duration::from_secs(2);
/// How often contacts for whom something waits are looked for: often at first, and less and less.
const CARRY_MIN: Duration = Duration::from_secs(15);
const CARRY_MAX: Duration = Duration::from_mins(10);

/// Where a twin listens for others.
#[derive(Clone, Debug, Default)]
pub enum Listen {
    /// On every interface at [`PORT`], or at any other port where that is taken.
    #[default]
    Usual,
    /// Here, for example `127.0.0.1:0`.
    At(Vec<SocketAddr>),
}

/// A flag that can be waited for.
#[derive(Default)]
pub(crate) struct Ended(Mutex<bool>, Condvar);

impl Ended {
    fn set(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.1.notify_all();
    }

    fn is_set(&self) -> bool {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, and says whether it was set.
    pub(crate) fn wait(&self, at_most: Duration) -> bool {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.1.wait_timeout_while(ended, at_most, |ended| !*ended);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The link, if it runs.
#[derive(Default)]
pub(crate) struct Online {
    me: OnceLock<Weak<Twin>>,
    listen: OnceLock<Listen>,
    link: Mutex<Option<Arc<dyn Reach>>>,
    /// The twin is being locked: nothing begins any more.
    ended: Arc<Ended>,
    /// Whether somebody carries papers out from time to time.
    carried: AtomicBool,
    /// Held by whoever delivers, so that papers arrive in order.
    delivering: Mutex<()>,
}

impl Online {
    fn locked(&self) -> MutexGuard<'_, Option<Arc<dyn Reach>>> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The twin, for a thread that outlives the call.
    pub(crate) fn me(&self) -> Option<Weak<Twin>> {
        self.me.get().cloned()
    }

    /// Where the twin listens.
    pub(crate) fn listens(&self) -> Listen {
        self.listen.get().cloned().unwrap_or_default()
    }

    /// Whether the twin is being locked.
    pub(crate) fn is_ending(&self) -> bool {
        self.ended.is_set()
    }

    /// The flag that says so.
    pub(crate) fn ended(&self) -> &Arc<Ended> {
        &self.ended
    }

    /// The link, if it runs.
    pub(crate) fn running(&self) -> Option<Arc<dyn Reach>> {
        self.locked().clone()
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        let code = match &error {
            LinkError::NotAContact | LinkError::NoPairing => FailureCode::NotFound,
            LinkError::Refused(refusal) => match refusal.code {
                Code::NotAContact | Code::Denied | Code::BadProof | Code::BadTicket => FailureCode::Denied,
                Code::NotFound => FailureCode::NotFound,
                Code::TooMuch => FailureCode::Busy,
                Code::Failed => FailureCode::Io,
                _ => FailureCode::Invalid,
            },
            LinkError::Card(_) | LinkError::Pair(_) => FailureCode::Denied,
            LinkError::TooManyInvites => FailureCode::Invalid,
            LinkError::Nobody => FailureCode::Damaged,
            _ => FailureCode::Io,
        };
        Self::new(code, error.to_string())
    }
}

impl Twin {
    /// Lets this twin reach others, and be reached. Nothing listens before there is somebody to reach.
    pub fn attach(self: &Arc<Self>, listen: Listen) {
        let _ = self.peers.online.listen.set(listen);
        let _ = self.peers.online.me.set(Arc::downgrade(self));
    }

    /// Listens for contacts, if there are any, greets them, and delivers what waits for them, now and from time to
    /// time. Called by servers, once the twin is open.
    pub fn listen_for_contacts(&self) -> Result<(), Failure> {
        let role = self.role();
        let alone = super::look(self, |book| book.reachable().is_empty() && book.contacts.len() == 0)?
            && !devices::has_others(self);
        if role == Role::Revoked || (role == Role::Writer && alone) {
            return Ok(());
        }
        self.link()?;
        let online = &self.peers.online;
        let Some(me) = online.me.get().cloned() else { return Ok(()) };
        if role == Role::Replica {
            devices::replica::begin(self, &me);
            return Ok(());
        }
        if self.world.threads && !online.carried.swap(true, Ordering::SeqCst) {
            let ended = Arc::clone(&online.ended);
            std::thread::spawn(move || carry(&me, &ended));
        }
        Ok(())
    }

    /// Contacts for whom something waits: those that a carrying thread greets from time to time.
    pub fn waiting(&self) -> Result<Vec<Did>, Failure> {
        let known = super::look(self, super::Book::reachable)?;
        Ok(known.into_iter().filter(|did| errand::waits(self, did)).collect())
    }

    /// Greets a contact and carries what waits for them, as threads do where a twin has any.
    pub fn carry_to(&self, did: &Did) -> Result<(), Failure> {
        self.link()?.greet(did)?;
        deliver(self, did)
    }

    /// Where this twin can be reached by others right now; nowhere while nothing listens.
    #[must_use]
    pub fn link_addrs(&self) -> Vec<SocketAddr> {
        self.peers.online.running().map(|link| link.addrs()).unwrap_or_default()
    }

    /// What happened on the link since it began to run.
    #[must_use]
    pub fn link_counts(&self) -> didymos_link::Counts {
        self.peers.online.running().map(|link| link.counts()).unwrap_or_default()
    }

    /// Ends every conversation with others, and waits for answers under way.
    pub fn go_offline(&self) {
        let online = &self.peers.online;
        online.ended.set();
        super::phonebook::close(self);
        if let Some(link) = online.locked().take() {
            link.close();
        }
        // Whoever delivers finds the link gone and ends.
        drop(online.delivering.lock());
        // What cannot be settled now, on a full disk for example, counts as lost when the twin is opened again.
        let _ = super::uses::settle(self);
    }

    /// The link; begins to listen if nothing does.
    pub(crate) fn link(&self) -> Result<Arc<dyn Reach>, Failure> {
        let online = &self.peers.online;
        let mut link = online.locked();
        if let Some(link) = &*link {
            return Ok(Arc::clone(link));
        }
        if online.ended.is_set() {
            return Err(Failure::new(FailureCode::Locked, "the twin is being locked"));
        }
        let me = online.me.get().cloned().ok_or_else(|| {
            Failure::new(FailureCode::Invalid, "this process does not reach other twins; `twin up` does")
        })?;
        let seed = derive(&self.secrets().device_seed, "link-endpoint", b"");
        let start = |bind: Vec<SocketAddr>| {
            let settings = Settings { bind, ..Settings::default() };
            let behind = Behind { twin: me.clone(), world: self.world.clone() };
            self.world.network.start(&seed, settings, Arc::new(behind))
        };
        let started = match online.listen.get().cloned().unwrap_or_default() {
            Listen::At(addrs) => start(addrs),
            Listen::Usual => start(vec![(Ipv4Addr::UNSPECIFIED, PORT).into(), (Ipv6Addr::UNSPECIFIED, PORT).into()])
                .or_else(|_| start(vec![(Ipv4Addr::UNSPECIFIED, PORT).into()]))
                .or_else(|_| start(Vec::new())),
        };
        let started = started?;
        *link = Some(Arc::clone(&started));
        Ok(started)
    }
}

/// Puts `request` to a contact's door, and returns the ask and its answer.
pub(crate) fn ask(twin: &Twin, did: &Did, request: &Request) -> Result<(Ask, Answer), Failure> {
    let json = serde_json::to_vec(request)
        .map_err(|error| Failure::new(FailureCode::Invalid, format!("the request cannot be written: {error}")))?;
    let ask = Ask::new(json, did.clone(), twin.now(), twin.random()?, twin.device_key());
    let call = Call::new(CALL, canonical::encode(&ask));
    let body = twin.link()?.call(did, call)?;
    let answer = Answer::decode(&body).map_err(|_| Failure::from(LinkError::Malformed))?;
    Ok((ask, answer))
}

/// The same with bytes behind the request, or behind its answer: `upload` gives as many as the request says. Returns
/// what follows the answer too, to be read while it comes; reading it fails if it is not what the answer says.
pub(crate) fn ask_with(
    twin: &Twin,
    did: &Did,
    request: &Request,
    upload: Option<&mut dyn Read>,
) -> Result<(Ask, Answer, Option<Checked<Incoming>>), Failure> {
    let malformed = || Failure::from(LinkError::Malformed);
    let json = serde_json::to_vec(request)
        .map_err(|error| Failure::new(FailureCode::Invalid, format!("the request cannot be written: {error}")))?;
    let ask = Ask::new(json, did.clone(), twin.now(), twin.random()?, twin.device_key());
    let upload = match (request.upload(), upload) {
        (Some(sent), Some(from)) => Some((sent.bytes, from)),
        (None, None) => None,
        _ => return Err(Failure::new(FailureCode::Invalid, "what follows the request is not what it says")),
    };
    let (body, incoming) = twin.link()?.call_with(did, Call::new(CALL, canonical::encode(&ask)), upload)?;
    let answer = Answer::decode(&body).map_err(|_| malformed())?;
    let response = serde_json::from_slice(&answer.answer).and_then(|json| Response::from_json(request, json));
    let said = response.map_err(|_| malformed())?.download().copied();
    let incoming = match (said, incoming) {
        (Some(sent), Some(incoming)) if sent.bytes == incoming.len() => Some(Checked::new(incoming, &sent)),
        (None, None) => None,
        _ => return Err(malformed()),
    };
    Ok((ask, answer, incoming))
}

/// Keeps what both sides signed of one use of a contract.
pub(crate) fn keep_use(twin: &Twin, kept: &Use) -> Result<(), Failure> {
    Ok(twin.vault.commit_records(&[(ObjectKind::Uses, vec![canonical::encode(kept)])], twin.now())?)
}

impl Twin {
    /// The signed offer of a contract, if there is one: to show it to a third person.
    #[must_use]
    pub fn offer_of(&self, contract: &ContractId) -> Option<Offer> {
        super::look(self, |book| book.contracts.get(contract).map(|entry| entry.offer.clone())).ok().flatten()
    }

    /// Every use of a contract with a contact, by either side, oldest first: what both have signed.
    pub fn uses(&self) -> Result<Vec<Use>, Failure> {
        let records = super::records(self, ObjectKind::Uses)?;
        Ok(records.iter().filter_map(|bytes| canonical::decode(bytes).ok()).collect())
    }
}

/// Carries what waits for `did`, one errand behind the other.
pub(crate) fn deliver(twin: &Twin, did: &Did) -> Result<(), Failure> {
    let _one = twin.peers.online.delivering.lock().unwrap_or_else(PoisonError::into_inner);
    errand::run(twin, did)
}

/// Carries what waits for `did` from a thread of its own, if anything does. The receiver hears when that is over.
pub(crate) fn deliver_soon(twin: &Twin, did: &Did) -> mpsc::Receiver<()> {
    let (done, over) = mpsc::channel();
    if twin.world.threads
        && errand::waits(twin, did)
        && let Some(me) = twin.peers.online.me.get().cloned()
    {
        let did = did.clone();
        std::thread::spawn(move || {
            if let Some(twin) = me.upgrade() {
                let _ = deliver(&twin, &did);
            }
            drop(done);
        });
    }
    over
}

/// Delivers what was just signed. Whoever signed waits a moment for it; a twin that is away gets it later.
pub(crate) fn deliver_now(twin: &Twin, did: &Did) {
    let _ = deliver_soon(twin, did).recv_timeout(SIGNED_WAIT_MAX);
}

/// Waits a moment for a delivery that was begun.
pub(crate) fn wait_for_delivery(over: &mpsc::Receiver<()>) {
    let _ = over.recv_timeout(SIGNED_WAIT_MAX);
}

/// Greets contacts that are not connected and for whom something waits, or whom nobody has greeted yet: their twins
/// learn where this one is, and both sides deliver what waits.
fn carry(me: &Weak<Twin>, ended: &Ended) {
    let (mut wait, mut first) = (CARRY_MIN, true);
    loop {
        {
            let Some(twin) = me.upgrade() else { return };
            super::phonebook::publish(&twin);
            // A device that this one took over from hears of it as soon as it is there again.
            if twin.role() == Role::Writer
                && twin.devices.replica.place(&twin).is_some()
                && let Ok(link) = twin.link()
            {
                let _ = link.greet(twin.did());
            }
            let wanted = super::look(&twin, super::Book::reachable);
            for did in wanted.unwrap_or_default() {
                if !first && !errand::waits(&twin, &did) {
                    continue;
                }
                if ended.is_set() {
                    return;
                }
                // Whoever is not there now is greeted again later, or comes by themself.
                if let Ok(link) = twin.link()
                    && link.greet(&did).is_ok()
                {
                    let _ = deliver(&twin, &did);
                }
            }
        }
        if ended.wait(wait) {
            return;
        }
        (wait, first) = ((wait * 2).min(CARRY_MAX), false);
    }
}
