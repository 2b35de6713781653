//! Pairings over the network in memory: the messages of [`didymos_link::pairing`], handed over one after the other.

use crate::net::{End, addrs};
use didymos_base::Timestamp;
use didymos_link::pairing::{Compared, Inviter, Joiner, has_ticket};
use didymos_link::{EndpointKey, LinkError, Meeting, Purpose, Stage, Ticket};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long a ticket is good for.
const TICKET_MS: i64 = 600_000;

struct Entry {
    ticket: Option<Ticket>,
    said: Option<bool>,
    stage: Stage,
    compared: Option<Compared>,
    /// The same pairing at the other end.
    other: Option<(EndpointKey, u64)>,
}

/// One twin's pairings.
#[derive(Default)]
pub(crate) struct Meetings(BTreeMap<u64, Entry>);

impl Meetings {
    fn add(&mut self, ticket: Option<Ticket>, stage: Stage) -> u64 {
        let id = self.0.last_key_value().map_or(1, |(last, _)| last + 1);
        self.0.insert(id, Entry { ticket, said: None, stage, compared: None, other: None });
        id
    }

    pub(crate) fn list(&self) -> Vec<Meeting> {
        let show = |(id, entry): (&u64, &Entry)| Meeting {
            id: *id,
            purpose: Purpose::Contact,
            ticket: entry.ticket.as_ref().map(Ticket::to_string),
            expires: entry.ticket.as_ref().map(|ticket| ticket.expires),
            said: entry.said,
            stage: entry.stage.clone(),
        };
        self.0.iter().map(show).collect()
    }
}

pub(crate) fn invite(end: &End) -> Result<u64, LinkError> {
    let expires = Timestamp(end.host.now().0.saturating_add(TICKET_MS));
    let mut state = end.net.state();
    let secret = state.lots.bytes();
    let ticket = Ticket { version: 1, endpoint: end.key, addrs: addrs(end.number), secret, expires, purpose: None };
    let node = state.nodes.get_mut(&end.key).ok_or(LinkError::Closed)?;
    Ok(node.meetings.add(Some(ticket), Stage::Waiting))
}

fn with_entry<T>(end: &End, at: (EndpointKey, u64), work: impl FnOnce(&mut Entry) -> T) -> Option<T> {
    let mut state = end.net.state();
    state.nodes.get_mut(&at.0)?.meetings.0.get_mut(&at.1).map(work)
}

pub(crate) fn join(end: &End, ticket: &Ticket) -> u64 {
    let id = {
        let mut state = end.net.state();
        let Some(node) = state.nodes.get_mut(&end.key) else { return 0 };
        node.meetings.add(None, Stage::Knocking)
    };
    if let Err(error) = joined(end, id, ticket) {
        with_entry(end, (end.key, id), |entry| entry.stage = Stage::Failed { words: error.to_string() });
    }
    id
}

fn joined(end: &End, id: u64, ticket: &Ticket) -> Result<(), LinkError> {
    let (there, host) = end.dial(&ticket.endpoint).ok_or(LinkError::Unreachable)?;
    let channel = end.channel(&ticket.endpoint);
    let nonces: [[u8; 32]; 2] = std::array::from_fn(|_| end.net.state().lots.bytes());
    let own = end.host.own().ok_or(LinkError::Nobody)?;
    let (joiner, knock) = Joiner::knock(&own, &addrs(end.number), ticket.secret, channel, nonces[0])?;
    let now = host.now();
    let found = {
        let mut state = end.net.state();
        let node = state.nodes.get_mut(&ticket.endpoint).ok_or(LinkError::Closed)?;
        let mut waiting = node.meetings.0.iter_mut().filter(|(_, entry)| entry.stage == Stage::Waiting);
        waiting.find_map(|(id, entry)| {
            let ticket = entry.ticket.as_ref().filter(|ticket| ticket.expires > now)?;
            let secret = ticket.secret;
            if !has_ticket(&knock, &secret, &channel) {
                return None;
            }
            entry.stage = Stage::Knocking;
            Some((*id, secret))
        })
    };
    let (their_id, secret) = found.ok_or(LinkError::Pair(didymos_link::pairing::PairError::Ticket))?;
    let theirs = host.own().ok_or(LinkError::Nobody)?;
    let (inviter, shown) = Inviter::show(&theirs, &addrs(there), &secret, channel, knock, nonces[1])?;
    let (at_joiner, opened) = joiner.open(shown)?;
    let at_inviter = inviter.hear(opened)?;
    let ends = [((end.key, id), at_joiner), ((ticket.endpoint, their_id), at_inviter)];
    let others = [ends[1].0, ends[0].0];
    for ((at, compared), other) in ends.into_iter().zip(others) {
        with_entry(end, at, |entry| {
            entry.stage = Stage::Compare {
                digits: compared.digits.to_string(),
                did: compared.peer.did.clone(),
                name: compared.peer.name.clone(),
            };
            (entry.compared, entry.other) = (Some(compared), Some(other));
        });
    }
    Ok(())
}

pub(crate) fn say(end: &End, pairing: u64, same: bool) -> Result<(), LinkError> {
    let here = (end.key, pairing);
    let other = with_entry(end, here, |entry| {
        matches!(entry.stage, Stage::Compare { .. }).then(|| {
            entry.said = entry.said.or(Some(same));
            entry.other
        })
    });
    let other = other.flatten().flatten().ok_or(LinkError::NoPairing)?;
    let part = |at| with_entry(end, at, |entry| Some((entry.said?, entry.compared.clone()?))).flatten();
    let (Some((said, mine)), Some((their_word, theirs))) = (part(here), part(other)) else { return Ok(()) };
    let Some(their_host) = end.net.state().nodes.get(&other.0).map(|node| Arc::clone(&node.host)) else {
        return Ok(());
    };
    let sides = [(here, Arc::clone(&end.host), said, mine), (other, their_host, their_word, theirs)];
    for (me, you) in [(0, 1), (1, 0)] {
        let (_, their_host, their_said, their_compared) = &sides[you];
        let (at, host, said, compared) = &sides[me];
        let word = their_host.own().map(|own| their_compared.word(&own, *their_said));
        let stage = match word.ok_or(LinkError::Nobody).and_then(|word| Ok(compared.hear(&word)?)) {
            Ok(()) if *said => match host.paired(&compared.peer) {
                Ok(()) => Stage::Done { did: compared.peer.did.clone() },
                Err(words) => Stage::Failed { words },
            },
            Ok(()) => Stage::Failed { words: didymos_link::pairing::PairError::Different.to_string() },
            Err(error) => Stage::Failed { words: error.to_string() },
        };
        with_entry(end, *at, |entry| entry.stage = stage);
    }
    Ok(())
}
