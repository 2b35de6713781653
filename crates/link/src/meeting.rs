//! Pairings under way: [`pairing`](crate::pairing)'s messages over a connection, and the two people's words.

use crate::endpoint::{Inner, close, open, received, refuse};
use crate::error::LinkError;
use crate::frame;
use crate::host::Host;
use crate::pairing::{Compared, Inviter, Joiner, Knock, Opened, Shown, Word, has_ticket};
use crate::peer::{Peer, Side};
use crate::settings::{INVITES_MAX, PAIRINGS_MAX, count};
use crate::ticket::{Purpose, Ticket};
use crate::wire::{self, Code, Greeting, OPENING_BYTES_MAX, Reception, Refusal, Reply};
use didymos_base::{Did, Timestamp, canonical};
use iroh::endpoint::{Connection, RecvStream, SendStream, VarInt};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;
use zeroize::Zeroizing;

/// How long the last word may take to arrive.
const FAREWELL: Duration = Duration::from_secs(5);

/// How a pairing stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A ticket is out, and nobody has come yet.
    Waiting,
    /// On the way to whoever made the ticket.
    Knocking,
    /// Both people compare the digits.
    Compare {
        /// What both see.
        digits: String,
        /// Who the other is.
        did: Did,
        /// What they call themself.
        name: Option<String>,
    },
    /// Both have said that they are the same: the other is a contact.
    Done {
        /// The contact.
        did: Did,
    },
    /// It came to nothing.
    Failed {
        /// Why, in words.
        words: String,
    },
}

/// A pairing, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// Its number since the link began, from 1.
    pub id: u64,
    /// The ticket, where this side made it.
    pub ticket: Option<String>,
    /// Until when the ticket is good.
    pub expires: Option<Timestamp>,
    /// Whether this side's owner has said that the digits are the same.
    pub said: Option<bool>,
    /// What for.
    pub purpose: Purpose,
    /// How it stands.
    pub stage: Stage,
}

struct Entry {
    ticket: Option<Ticket>,
    purpose: Purpose,
    said: watch::Sender<Option<bool>>,
    stage: Stage,
}

/// Every pairing that is remembered.
#[derive(Default)]
pub(crate) struct Meetings {
    entries: Mutex<BTreeMap<u64, Entry>>,
}

fn random<const N: usize>() -> Result<[u8; N], LinkError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| LinkError::NoRandomness)?;
    Ok(bytes)
}

impl Meetings {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, ticket: Option<Ticket>, purpose: Purpose, stage: Stage) -> u64 {
        let mut entries = self.entries();
        let id = entries.last_key_value().map_or(1, |(last, _)| last + 1);
        entries.insert(id, Entry { ticket, purpose, said: watch::Sender::new(None), stage });
        while entries.len() > PAIRINGS_MAX {
            entries.pop_first();
        }
        id
    }

    fn stand(&self, id: u64, stage: Stage) {
        if let Some(entry) = self.entries().get_mut(&id) {
            entry.stage = stage;
        }
    }

    fn fail(&self, id: u64, error: &LinkError) {
        self.stand(id, Stage::Failed { words: error.to_string() });
    }

    /// Every pairing, oldest first.
    pub(crate) fn list(&self, now: Timestamp) -> Vec<Meeting> {
        let mut entries = self.entries();
        for entry in entries.values_mut() {
            if entry.stage == Stage::Waiting && entry.ticket.as_ref().is_some_and(|ticket| ticket.expires <= now) {
                entry.stage =
                    Stage::Failed { words: "nobody came before the ticket expired; make a new one".to_owned() };
            }
        }
        let show = |(id, entry): (&u64, &Entry)| Meeting {
            id: *id,
            ticket: entry.ticket.as_ref().map(Ticket::to_string),
            expires: entry.ticket.as_ref().map(|ticket| ticket.expires),
            said: *entry.said.borrow(),
            purpose: entry.purpose,
            stage: entry.stage.clone(),
        };
        entries.iter().map(show).collect()
    }

    /// The owner's word: the digits are the same, or they are not.
    pub(crate) fn say(&self, id: u64, same: bool) -> Result<(), LinkError> {
        let entries = self.entries();
        let entry = entries.get(&id).ok_or(LinkError::NoPairing)?;
        match entry.stage {
            Stage::Compare { .. } => {}
            // The other side's no, or the time, was quicker than this word: how it ended stands there to be read.
            Stage::Failed { .. } => return Ok(()),
            _ => return Err(LinkError::NoPairing),
        }
        entry.said.send_if_modified(|said| {
            let first = said.is_none();
            *said = said.or(Some(same));
            first
        });
        Ok(())
    }

    fn said(&self, id: u64) -> Option<watch::Receiver<Option<bool>>> {
        self.entries().get(&id).map(|entry| entry.said.subscribe())
    }

    /// Whether a pairing is under way.
    pub(crate) fn is_busy(&self, now: Timestamp) -> bool {
        self.list(now).iter().any(|meeting| !matches!(meeting.stage, Stage::Done { .. } | Stage::Failed { .. }))
    }
}

/// Makes a ticket and waits for whoever comes with it.
pub(crate) fn invite(inner: &Inner, purpose: Purpose) -> Result<u64, LinkError> {
    let now = inner.host.now();
    let waiting = inner.meetings.list(now).iter().filter(|meeting| meeting.stage == Stage::Waiting).count();
    if waiting >= INVITES_MAX {
        return Err(LinkError::TooManyInvites);
    }
    let expires = Timestamp(now.0 + inner.settings.pairing_max.as_millis() as i64);
    let said = (purpose != Purpose::Contact).then_some(purpose);
    let (endpoint, addrs, secret) = (inner.key(), inner.addrs(), random()?);
    let ticket = Ticket { version: 1, endpoint, addrs, secret, expires, purpose: said };
    Ok(inner.meetings.add(Some(ticket), purpose, Stage::Waiting))
}

/// Goes to whoever made the ticket.
pub(crate) fn join(inner: &Arc<Inner>, ticket: Ticket, runtime: &tokio::runtime::Handle) -> u64 {
    let id = inner.meetings.add(None, ticket.purpose(), Stage::Knocking);
    let inner = Arc::clone(inner);
    runtime.spawn(async move {
        if let Err(error) = joined(&inner, id, ticket).await {
            inner.meetings.fail(id, &error);
        }
    });
    id
}

async fn joined(inner: &Arc<Inner>, id: u64, ticket: Ticket) -> Result<(), LinkError> {
    let knocking = async {
        let host = Arc::clone(&inner.host);
        let own = tokio::task::spawn_blocking(move || host.own()).await.map_err(|_| LinkError::Closed)?;
        let own = own.ok_or(LinkError::Nobody)?;
        let connection = inner.dial(ticket.endpoint, &ticket.addrs).await?;
        let channel = inner.channel(&connection, Side::Dialler)?;
        let (joiner, knock) = Joiner::knock(&own, &inner.addrs(), ticket.proof_secret(), channel, random()?)?;
        let (mut send, mut recv) = open(&connection, &Greeting::Pair(knock)).await?;
        let shown: Shown =
            wire::decode(&received(&mut recv).await?, OPENING_BYTES_MAX).map_err(|_| LinkError::Malformed)?;
        let (compared, opened) = joiner.open(shown)?;
        frame::write(&mut send, &canonical::encode(&opened)).await?;
        Ok::<_, LinkError>((connection, send, recv, compared, own))
    };
    let knocked = timeout(inner.settings.hello_max, knocking).await.unwrap_or(Err(LinkError::Unreachable));
    let (connection, send, recv, compared, own) = knocked?;
    let side = (Side::Dialler, ticket.purpose());
    compare(inner, id, &connection, (send, recv), compared, &own, side).await
}

/// Somebody knocks with a ticket.
pub(crate) async fn knocked(
    inner: Arc<Inner>,
    connection: Connection,
    (mut send, mut recv): (SendStream, RecvStream),
    knock: Knock,
    place: OwnedSemaphorePermit,
) {
    let Ok(channel) = inner.channel(&connection, Side::Dialled) else { return };
    let now = inner.host.now();
    let found = {
        let mut entries = inner.meetings.entries();
        let mut waiting = entries.iter_mut().filter(|(_, entry)| entry.stage == Stage::Waiting);
        let found = waiting.find_map(|(id, entry)| {
            let ticket = entry.ticket.as_ref().filter(|ticket| ticket.expires > now)?;
            let secret = ticket.proof_secret();
            if !has_ticket(&knock, &secret, &channel) {
                return None;
            }
            // A ticket lets one in, once.
            entry.stage = Stage::Knocking;
            Some((*id, secret, entry.purpose))
        });
        drop(entries);
        found
    };
    let Some((id, secret, purpose)) = found else {
        count(&inner.counting.strangers);
        let words = "this ticket is not known here, is used up or has expired: ask for a new one";
        let refusal = Reception::Refused(Refusal::new(Code::BadTicket, words));
        return refuse(&connection, &mut send, &refusal).await;
    };
    let shown = async {
        let host = Arc::clone(&inner.host);
        let own = tokio::task::spawn_blocking(move || host.own()).await.map_err(|_| LinkError::Closed)?;
        let own = own.ok_or(LinkError::Nobody)?;
        let (inviter, shown) = Inviter::show(&own, &inner.addrs(), &secret, channel, knock, random()?)?;
        let welcome = Reception::Welcome(canonical::encode(&shown));
        frame::write(&mut send, &canonical::encode(&welcome)).await?;
        let bytes = frame::read(&mut recv, OPENING_BYTES_MAX).await?;
        let opened: Opened = wire::decode(&bytes, OPENING_BYTES_MAX).map_err(|_| LinkError::Malformed)?;
        Ok::<_, LinkError>((inviter.hear(opened)?, own))
    };
    let result = match timeout(inner.settings.hello_max, shown).await.unwrap_or(Err(LinkError::TooLong)) {
        Ok((compared, own)) => {
            drop(place);
            let side = (Side::Dialled, purpose);
            compare(&inner, id, &connection, (send, recv), compared, &own, side).await
        }
        Err(error) => Err(error),
    };
    if let Err(error) = result {
        if matches!(error, LinkError::Pair(_) | LinkError::Malformed) {
            count(&inner.counting.proofs);
        }
        inner.meetings.fail(id, &error);
        connection.close(VarInt::from_u32(close::REFUSED), b"");
    }
}

/// Shows the digits, waits for both people's words, and keeps the contact if both are yes.
async fn compare(
    inner: &Arc<Inner>,
    id: u64,
    connection: &Connection,
    (mut send, mut recv): (SendStream, RecvStream),
    compared: Compared,
    own: &crate::peer::Own,
    (side, purpose): (Side, Purpose),
) -> Result<(), LinkError> {
    let stage = Stage::Compare {
        digits: compared.digits.to_string(),
        did: compared.peer.did.clone(),
        name: compared.peer.name.clone(),
    };
    inner.meetings.stand(id, stage);
    let mut said = inner.meetings.said(id).ok_or(LinkError::NoPairing)?;
    let speak = async {
        let same = said.wait_for(Option::is_some).await.is_ok_and(|said| *said == Some(true));
        frame::write(&mut send, &canonical::encode(&compared.word(own, same))).await?;
        // An inviter has more to say than the word where a machine joins.
        if !same || purpose == Purpose::Contact || side == Side::Dialler {
            let _ = send.finish();
        }
        if same { Ok(()) } else { Err(LinkError::Pair(crate::pairing::PairError::Different)) }
    };
    let listen = async {
        let bytes = frame::read(&mut recv, OPENING_BYTES_MAX).await?;
        let word: Word = wire::decode(&bytes, OPENING_BYTES_MAX).map_err(|_| LinkError::Malformed)?;
        Ok(compared.hear(&word)?)
    };
    let both = async { tokio::try_join!(speak, listen).map(|_| ()) };
    let agreed = timeout(inner.settings.pairing_max, both).await.unwrap_or(Err(LinkError::TooLong));
    let (host, peer) = (Arc::clone(&inner.host), compared.peer.clone());
    if agreed.is_ok() && purpose != Purpose::Contact {
        let given = match side {
            Side::Dialled => give(host, purpose, peer, &mut send).await,
            Side::Dialler => timeout(inner.settings.call_max, given(host, purpose, peer, &mut recv))
                .await
                .unwrap_or(Err(LinkError::TooLong)),
        };
        let _ = timeout(FAREWELL, send.stopped()).await;
        given?;
    } else {
        // The other side has to have the word before the connection may go.
        let _ = timeout(FAREWELL, send.stopped()).await;
        agreed?;
        let kept = tokio::task::spawn_blocking(move || host.paired(&peer)).await.map_err(|_| LinkError::Closed)?;
        kept.map_err(LinkError::NotKept)?;
    }
    inner.meetings.stand(id, Stage::Done { did: compared.peer.did.clone() });
    connection.close(VarInt::from_u32(close::DONE), b"");
    Ok(())
}

/// Gives the machine that joins what it needs.
async fn give(host: Arc<dyn Host>, purpose: Purpose, peer: Peer, send: &mut SendStream) -> Result<(), LinkError> {
    let given = tokio::task::spawn_blocking(move || host.enrol(purpose, &peer)).await.map_err(|_| LinkError::Closed)?;
    let (said, kept) = match given {
        Ok(bytes) => (Reply::Done(bytes.to_vec()), Ok(())),
        Err(words) => (Reply::Refused(Refusal::new(Code::Failed, words.clone())), Err(LinkError::NotKept(words))),
    };
    let said = Zeroizing::new(canonical::encode(&said));
    frame::write(send, &said).await?;
    let _ = send.finish();
    kept
}

/// Takes what the inviter gives.
async fn given(host: Arc<dyn Host>, purpose: Purpose, peer: Peer, recv: &mut RecvStream) -> Result<(), LinkError> {
    let said = Zeroizing::new(frame::read(recv, OPENING_BYTES_MAX).await?);
    let bytes = match wire::decode(&said, OPENING_BYTES_MAX).map_err(|_| LinkError::Malformed)? {
        Reply::Done(bytes) => Zeroizing::new(bytes),
        Reply::Refused(refusal) => return Err(LinkError::Refused(refusal)),
        Reply::Sends(..) => return Err(LinkError::Malformed),
    };
    let taken = tokio::task::spawn_blocking(move || host.enrolled(purpose, &peer, &bytes));
    taken.await.map_err(|_| LinkError::Closed)?.map_err(LinkError::NotKept)
}
