//! Pairing with another person's twin.

use crate::Twin;
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::request::{PairAsked, PairConfirm, PairJoin};
use crate::response::{PairingPurpose, PairingShown, PairingState};
use didymos_base::ZoneOffset;
use didymos_link::{Meeting, Purpose, Stage, Ticket};
use std::time::{Duration, Instant};

/// The longest that an answer waits for news.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How far two people's clocks may be apart when they pair.
const CLOCKS_APART_MS: i64 = 2 * didymos_base::time::DAY_MS;
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) fn shown(meeting: Meeting) -> PairingShown {
    let mut shown = PairingShown {
        pairing: meeting.id,
        purpose: match meeting.purpose {
            Purpose::Contact => PairingPurpose::Contact,
            Purpose::Device => PairingPurpose::Device,
            Purpose::Viewer => PairingPurpose::Viewer,
        },
        state: PairingState::Waiting,
        ticket: None,
        expires: None,
        digits: None,
        did: None,
        name: None,
        words: None,
    };
    match meeting.stage {
        Stage::Waiting => {
            shown.ticket = meeting.ticket;
            shown.expires = meeting.expires.map(|time| time.rfc3339(ZoneOffset::UTC));
        }
        Stage::Knocking => shown.state = PairingState::Knocking,
        Stage::Compare { digits, did, name } => {
            shown.state = if meeting.said.is_some() { PairingState::Said } else { PairingState::Compare };
            (shown.digits, shown.did, shown.name) = (Some(digits), Some(did), name);
        }
        Stage::Done { did } => (shown.state, shown.did) = (PairingState::Done, Some(did)),
        Stage::Failed { words } => (shown.state, shown.words) = (PairingState::Failed, Some(words)),
    }
    shown
}

/// The pairing `id`, alone.
fn one(twin: &Twin, id: u64) -> Result<Vec<PairingShown>, Failure> {
    let meetings = twin.link()?.meetings().into_iter().filter(|meeting| meeting.id == id);
    Ok(meetings.map(shown).collect())
}

pub(crate) fn invite(twin: &Twin) -> Result<Vec<PairingShown>, Failure> {
    let id = twin.link()?.invite()?;
    one(twin, id)
}

/// Makes a ticket for more than being contacts.
pub(crate) fn invite_for(twin: &Twin, purpose: Purpose) -> Result<Vec<PairingShown>, Failure> {
    let id = twin.link()?.invite_for(purpose)?;
    one(twin, id)
}

pub(crate) fn join(twin: &Twin, asked: &PairJoin) -> Result<Vec<PairingShown>, Failure> {
    let ticket: Ticket = asked
        .ticket
        .parse()
        .map_err(|error: didymos_link::BadTicket| Failure::new(FailureCode::Invalid, error.to_string()))?;
    // Whether it has expired is for the clock to say by which it was made; this one may be a day off.
    if ticket.expires.0.saturating_add(CLOCKS_APART_MS) <= twin.now().0 {
        let words = "this ticket has expired (or this machine's clock is days ahead): ask for a new one";
        return Err(Failure::new(FailureCode::Invalid, words));
    }
    let words = match ticket.purpose() {
        Purpose::Contact => None,
        Purpose::Device => {
            Some("this ticket makes a machine without a twin one of somebody's devices: `twin device join`")
        }
        Purpose::Viewer => Some("this ticket lets a computer open somebody's page: `twin connect --ticket`"),
    };
    if let Some(words) = words {
        return Err(Failure::new(FailureCode::Invalid, words));
    }
    let id = twin.link()?.join(ticket)?;
    one(twin, id)
}

pub(crate) fn list(twin: &Twin, asked: &PairAsked, watch: Watch<'_>) -> Vec<PairingShown> {
    let until = Instant::now() + WAIT_MAX;
    loop {
        // Looking is no reason to begin to listen.
        let running = twin.peers.online.running();
        let meetings = running.map(|link| link.meetings()).unwrap_or_default();
        let wanted = |shown: &PairingShown| asked.pairing.is_none_or(|id| id == shown.pairing);
        let shown: Vec<PairingShown> = meetings.into_iter().map(shown).filter(wanted).collect();
        let same = |known| !shown.is_empty() && shown.iter().all(|shown| shown.state == known);
        let stopped = || Progress { doing: "waiting".to_owned(), unit: "pairings".to_owned(), done: 0, of: 0 };
        if !asked.unless.is_some_and(same) || Instant::now() >= until || watch(stopped()).is_break() {
            return shown;
        }
        std::thread::sleep(PAUSE);
    }
}

pub(crate) fn confirm(twin: &Twin, asked: &PairConfirm) -> Result<Vec<PairingShown>, Failure> {
    twin.link()?.say(asked.pairing, asked.same)?;
    one(twin, asked.pairing)
}
