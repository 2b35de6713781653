//! Copies at friends, as the owner sees them: how they stand, spreading, auditing, and helping a friend back.

use crate::Twin;
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::peers::{look, meant, spreading};
use crate::request::{CopiesSet, CopiesWhich};
use crate::response::{CopiesShown, Covered, HelpAnswer, HolderShown, HolderState};
use crate::settings;
use didymos_base::{Did, Timestamp, ZoneOffset};
use didymos_copies::code::NEED_MAX;
use didymos_copies::ledger::{Book, certainty};
use didymos_copies::manifest::HOLDERS_MAX;
use didymos_copies::{Ledger, Wish};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::mpsc;

/// What part of its shares an audit is told to find the loss of.
const LOST: f64 = 0.1;
/// How often everybody is gone through: a share that is made anew may let a manifest out, that what it supersedes.
const ROUNDS: usize = 4;

/// The setting.
#[derive(Serialize, Deserialize)]
struct Setting {
    copies: Wanted,
}

#[derive(Serialize, Deserialize)]
struct Wanted {
    need: u8,
    lose: u8,
}

/// How many shares are to be enough, and how many friends may be lost.
pub(crate) fn wish(twin: &Twin) -> Result<Wish, Failure> {
    let setting = settings::newest::<Setting>(twin)?;
    Ok(setting.map_or_else(Wish::default, |setting| Wish { need: setting.copies.need, lose: setting.copies.lose }))
}

pub(crate) fn set(twin: &Twin, asked: CopiesSet) -> Result<CopiesShown, Failure> {
    let before = wish(twin)?;
    let (need, lose) = (asked.need.unwrap_or(before.need), asked.lose.unwrap_or(before.lose));
    if !(1..=NEED_MAX).contains(&need) || usize::from(lose) >= HOLDERS_MAX {
        return Err(Failure::new(FailureCode::Invalid, "1 to 16 shares can be enough, and 0 to 31 friends be lost"));
    }
    if (Wish { need, lose }) != before {
        settings::keep(twin, &Setting { copies: Wanted { need, lose } })?;
    }
    status(twin)
}

/// Bytes of the owner's that a friend has, as far as is known.
pub(crate) fn bytes_at(twin: &Twin, did: &Did) -> Result<u64, Failure> {
    Ok(spreading::with(twin, |ledger| ledger.kept(did).values().map(|len| *len as u64).sum()))
}

fn holder(ledger: &Ledger, book: &Book, name: Option<String>, now: Timestamp) -> HolderShown {
    let kept = ledger.kept(&book.did);
    let goal = ledger.goal();
    let numbers = goal.map(|goal| goal.numbers_of(&book.did)).unwrap_or_default();
    let missing =
        goal.map_or(0, |goal| goal.shares_of(&book.did).filter(|(.., name)| !book.has.contains(name)).count() as u64);
    let listed = ledger.published.as_ref().is_some_and(|published| book.manifest >= published.number);
    let state = if !book.gives {
        HolderState::Leaving
    } else if book.caught {
        HolderState::Caught
    } else if !Ledger::counts(book, now) && !book.full {
        HolderState::Away
    } else if book.full || (numbers.is_empty() && goal.is_some()) {
        HolderState::Full
    } else if missing > 0 || !listed {
        HolderState::Behind
    } else {
        HolderState::Whole
    };
    let utc = |time: Timestamp| time.rfc3339(ZoneOffset::UTC);
    HolderShown {
        did: book.did.clone(),
        name,
        state,
        numbers,
        shares: kept.len() as u64,
        missing,
        bytes: kept.values().map(|len| *len as u64).sum(),
        room: book.room,
        listed,
        reached: book.reached.map(utc),
        proven: book.proven.map(utc),
        wrong: book.wrong.clone(),
    }
}

pub(crate) fn status(twin: &Twin) -> Result<CopiesShown, Failure> {
    let (now, wish) = (twin.now(), wish(twin)?);
    spreading::recount(twin, now)?;
    let names: BTreeMap<Did, String> =
        look(twin, |book| book.contacts.all().map(|contact| (contact.did.clone(), contact.name.clone())).collect())?;
    let newest = twin.vault.newest().map_or(0, |(commit, _)| commit.seq);
    Ok(spreading::with(twin, |ledger| CopiesShown {
        need: wish.need,
        lose: wish.lose,
        margin: ledger.margin(now),
        covered: ledger.published.as_ref().map(|published| Covered {
            commits: published.seq + 1,
            at: published.at.rfc3339(ZoneOffset::UTC),
            bytes: published.end(),
            behind: newest.saturating_sub(published.seq),
        }),
        parcels: ledger.goal().map_or(0, |goal| goal.parcels.len() as u64),
        holders: ledger
            .books
            .iter()
            .filter(|book| book.gives || !book.has.is_empty())
            .map(|book| holder(ledger, book, names.get(&book.did).cloned(), now))
            .collect(),
        audit_certainty: certainty(LOST),
        notes: Vec::new(),
    }))
}

/// Friends whom it makes sense to call.
fn friends(twin: &Twin) -> Vec<Did> {
    spreading::with(twin, |ledger| {
        let giving = ledger.books.iter().filter(|book| book.gives && !book.caught);
        giving.map(|book| book.did.clone()).collect()
    })
}

/// Bytes that are still to go.
fn to_go(twin: &Twin) -> u64 {
    spreading::with(twin, |ledger| {
        let Some(goal) = ledger.goal() else { return 0 };
        let missing = |book: &Book| {
            let shares = goal.shares_of(&book.did).filter(|(.., name)| !book.has.contains(name));
            shares.map(|(parcel, ..)| spreading::share_bytes(parcel.span, goal.need)).sum::<u64>()
        };
        ledger.books.iter().filter(|book| book.gives && !book.caught && !book.full).map(missing).sum()
    })
}

/// Calls every friend at once, each on a thread of its own where the world has threads. Returns what went wrong with whom.
fn call_all(twin: &Twin, friends: &[Did], watch: Watch<'_>, told: &mut u64) -> Result<BTreeMap<Did, Failure>, Failure> {
    let of = *told + to_go(twin);
    let mut wrong = BTreeMap::new();
    let mut stopped = false;
    if !twin.world.threads {
        // One after the other, where the world has no threads.
        for did in friends {
            if let Err(failure) = spreading::carry(twin, did, u64::MAX, &mut |_| ControlFlow::Continue(())) {
                wrong.insert(did.clone(), failure);
            }
        }
        return Ok(wrong);
    }
    std::thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        for did in friends {
            let send = send.clone();
            scope.spawn(move || {
                // Whoever is told that nobody listens any more stops.
                let went = |bytes| match send.send(Ok(bytes)) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                };
                let mut went = went;
                if let Err(failure) = spreading::carry(twin, did, u64::MAX, &mut went) {
                    let _ = send.send(Err((did.clone(), failure)));
                }
            });
        }
        drop(send);
        while let Ok(news) = receive.recv() {
            match news {
                Ok(bytes) => *told += bytes,
                Err((did, failure)) => drop(wrong.insert(did, failure)),
            }
            let doing = "spreading shares over friends".to_owned();
            if watch(Progress { doing, unit: "bytes".to_owned(), done: *told, of: of.max(*told) }).is_break() {
                stopped = true;
                break;
            }
        }
    });
    if stopped {
        return Err(Failure::new(
            FailureCode::Stopped,
            "stopped; what friends have they keep, and the same command goes on",
        ));
    }
    Ok(wrong)
}

pub(crate) fn spread(twin: &Twin, watch: Watch<'_>) -> Result<CopiesShown, Failure> {
    spreading::refresh(twin, true, watch)?;
    let friends = friends(twin);
    if friends.is_empty() {
        let words = "nobody gives you room yet: a friend offers it with `twin space offer`, and you accept it";
        return Err(Failure::new(FailureCode::NotFound, words));
    }
    let mut wrong = BTreeMap::new();
    let mut told = 0;
    for _ in 0..ROUNDS {
        let left: Vec<Did> = friends.iter().filter(|did| !wrong.contains_key(*did)).cloned().collect();
        let now = twin.now();
        let waiting: Vec<Did> =
            left.into_iter().filter(|did| spreading::with(twin, |ledger| ledger.waits(did, now))).collect();
        if waiting.is_empty() {
            break;
        }
        wrong.extend(call_all(twin, &waiting, watch, &mut told)?);
        // Who was found out or is full has made a new layout necessary.
        spreading::refresh(twin, false, watch)?;
    }
    shown_with(twin, wrong)
}

fn shown_with(twin: &Twin, wrong: BTreeMap<Did, Failure>) -> Result<CopiesShown, Failure> {
    let mut shown = status(twin)?;
    for (did, failure) in wrong {
        let name = shown.holders.iter().find(|holder| holder.did == did).and_then(|holder| holder.name.clone());
        shown.notes.push(format!("{}: {}", name.unwrap_or_else(|| did.to_string()), failure.message));
    }
    Ok(shown)
}

pub(crate) fn audit(twin: &Twin, asked: &CopiesWhich, watch: Watch<'_>) -> Result<CopiesShown, Failure> {
    let mut friends = friends(twin);
    if let Some(text) = &asked.contact {
        let contact = meant(twin, text)?;
        friends.retain(|did| *did == contact.did);
        if friends.is_empty() {
            let words = format!("{} keeps nothing of yours: `twin copies` shows who does", contact.name);
            return Err(Failure::new(FailureCode::NotFound, words));
        }
    }
    let mut wrong = BTreeMap::new();
    let of = friends.len() as u64;
    for (at, did) in friends.into_iter().enumerate() {
        if let Err(failure) = spreading::audit(twin, &did) {
            wrong.insert(did, failure);
        }
        let progress =
            Progress { doing: "asking friends".to_owned(), unit: "objects".to_owned(), done: at as u64 + 1, of };
        if watch(progress).is_break() {
            break;
        }
    }
    spreading::keep(twin)?;
    shown_with(twin, wrong)
}

pub(crate) fn help(twin: &Twin) -> Result<HelpAnswer, Failure> {
    let link = twin.link()?;
    let place = didymos_link::Place { endpoint: link.key(), addrs: link.addrs() };
    Ok(HelpAnswer { ticket: place.to_string() })
}
