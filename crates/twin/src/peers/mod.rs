//! Other people's twins: who they are, what was agreed with them, and the link over which they are reached.
//!
//! What is known of others is journalled as records and folded into a [`Book`] when it is first needed. A contact's
//! keys, places and blocking are kept; so are the papers of contracts, on both sides, and each use of one. The link
//! runs while somebody is to be reached: see [`online`].

pub(crate) mod answered;
pub mod ask;
pub(crate) mod contacts;
pub(crate) mod contracts;
pub(crate) mod errand;
pub(crate) mod gathering;
pub(crate) mod guards;
pub(crate) mod host;
pub(crate) mod narrow;
pub(crate) mod online;
pub(crate) mod phonebook;
pub(crate) mod returning;
pub(crate) mod spreading;
pub(crate) mod uses;
pub(crate) mod website;
pub(crate) mod witnesses;

use crate::Twin;
use crate::door::{Failure, FailureCode};
use contacts::{Contact, Contacts};
use contracts::Contracts;
use didymos_base::{Did, Timestamp, canonical};
use didymos_consent::{Contract, Paper};
use didymos_link::Peer;
use didymos_vault::ObjectKind;
use online::Online;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use uses::Uses;

/// The most contacts that a twin has.
const CONTACTS_MAX: usize = 2_000;

/// Everything that a twin holds in memory about others.
#[derive(Default)]
pub(crate) struct Peers {
    book: Mutex<Option<Book>>,
    /// Held while a peer's request is decided and counted, so that two at a time do not both take the last use.
    pub(crate) uses: Mutex<Uses>,
    /// What was answered a moment ago.
    pub(crate) answered: Mutex<answered::Answered>,
    pub(crate) online: Online,
    /// Held while it is decided whether something still fits into the room that somebody was given.
    pub(crate) keeping: Mutex<()>,
    /// The owner's own copies at friends.
    pub(crate) spreading: spreading::Spreading,
    /// Guardians, heirs and claims.
    pub(crate) guards: guards::Guards,
    /// Checkpoints, of the owner's and of others'.
    pub(crate) witnesses: witnesses::Witnesses,
    /// Where contacts may be that are not where they were.
    pub(crate) book_of_places: phonebook::Book,
}

/// What the journal says of others.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) contacts: Contacts,
    pub(crate) contracts: Contracts,
}

impl Book {
    /// Somebody who was forgotten while papers waited for them: they are reached once more, and may do nothing.
    pub(crate) fn parting(&self, did: &Did) -> Option<&Contact> {
        self.contacts.forgotten(did).filter(|_| self.contracts.outbox().iter().any(|waiting| waiting.to == *did))
    }

    /// Everybody to whom something may be carried.
    pub(crate) fn reachable(&self) -> Vec<Did> {
        let known = self.contacts.all().filter(|contact| !contact.blocked).map(|contact| contact.did.clone());
        let waiting = self.contracts.outbox().iter().map(|waiting| &waiting.to);
        let parting: BTreeSet<Did> = waiting.filter(|did| self.parting(did).is_some()).cloned().collect();
        known.chain(parting).collect()
    }
}

impl Peers {
    /// Lets go of what was read of the journal: it is read anew when it is next needed.
    pub(crate) fn forget(&self) {
        *self.locked() = None;
    }

    fn locked(&self) -> MutexGuard<'_, Option<Book>> {
        // Whoever panics in between has taken the book out: it is read anew.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(twin: &Twin) -> Result<Book, Failure> {
    let mut book = Book::default();
    for record in records(twin, ObjectKind::Contacts)? {
        // A record of a newer version is passed over: this one would not know what it means.
        if let Ok(record) = canonical::decode(&record) {
            book.contacts.apply(record);
        }
    }
    for record in records(twin, ObjectKind::Contracts)? {
        if let Ok(record) = canonical::decode(&record) {
            book.contracts.apply(record);
        }
    }
    Ok(book)
}

/// Every record of a kind, oldest first.
pub(crate) fn records(twin: &Twin, kind: ObjectKind) -> Result<Vec<Vec<u8>>, Failure> {
    let mut all = Vec::new();
    twin.vault.records_of(kind, |_, records| {
        all.extend(records.into_iter().rev());
        true
    })?;
    all.reverse();
    Ok(all)
}

/// Looks at what is known of others.
pub(crate) fn look<T>(twin: &Twin, with: impl FnOnce(&Book) -> T) -> Result<T, Failure> {
    let mut locked = twin.peers.locked();
    let book = match locked.take() {
        Some(book) => book,
        None => read(twin)?,
    };
    let seen = with(&book);
    *locked = Some(book);
    Ok(seen)
}

/// Changes what is known of contacts: journalled first, then in memory.
pub(crate) fn change_contacts(
    twin: &Twin,
    work: impl FnOnce(&Contacts) -> Result<Vec<contacts::Record>, Failure>,
) -> Result<(), Failure> {
    change(twin, |book| {
        let records = work(&book.contacts)?;
        let bytes = records.iter().map(canonical::encode).collect();
        let apply = move |book: &mut Book| records.into_iter().for_each(|record| book.contacts.apply(record));
        Ok((ObjectKind::Contacts, bytes, apply))
    })
}

/// Changes what was agreed: journalled first, then in memory.
pub(crate) fn change_contracts(
    twin: &Twin,
    work: impl FnOnce(&Book) -> Result<Vec<contracts::Record>, Failure>,
) -> Result<(), Failure> {
    change(twin, |book| {
        let records = work(book)?;
        let bytes = records.iter().map(canonical::encode).collect();
        let apply = move |book: &mut Book| records.into_iter().for_each(|record| book.contracts.apply(record));
        Ok((ObjectKind::Contracts, bytes, apply))
    })
}

fn change<A: FnOnce(&mut Book)>(
    twin: &Twin,
    work: impl FnOnce(&Book) -> Result<(ObjectKind, Vec<Vec<u8>>, A), Failure>,
) -> Result<(), Failure> {
    let mut locked = twin.peers.locked();
    let mut book = match locked.take() {
        Some(book) => book,
        None => read(twin)?,
    };
    let changed = work(&book).and_then(|(kind, records, apply)| {
        if !records.is_empty() {
            twin.vault.commit_records(&[(kind, records)], twin.now())?;
            apply(&mut book);
        }
        Ok(())
    });
    *locked = Some(book);
    changed
}

/// The contact that the owner means: a name, the beginning of one, or a DID.
pub(crate) fn meant(twin: &Twin, text: &str) -> Result<Contact, Failure> {
    look(twin, |book| book.contacts.meant(text).cloned())?.map_err(|candidates| {
        let words = match candidates.as_slice() {
            [] => format!("there is no contact {text:?}: `twin contacts` lists them, `twin pair` makes one"),
            many => format!("{text:?} may be {}: say which", many.join(" or ")),
        };
        Failure::new(FailureCode::NotFound, words)
    })
}

/// The contracts that a decision about `party` reads: those that are signed by both, and the standing one that every
/// contact has, under which papers and messages may be sent.
pub(crate) fn contracts_with(twin: &Twin, party: &Did) -> Result<Vec<Contract>, Failure> {
    let me = twin.did().clone();
    look(twin, |book| {
        let Some(contact) = book.contacts.get(party).filter(|contact| !contact.blocked) else { return Vec::new() };
        let mut contracts = book.contracts.signed_with(&me, party);
        contracts.push(contacts::standing(&me, contact));
        contracts
    })
}

/// Keeps a contact that both people have agreed on.
pub(crate) fn paired(twin: &Twin, peer: &Peer, at: Timestamp) -> Result<(), Failure> {
    change_contacts(twin, |contacts| {
        if contacts.get(&peer.did).is_none() && contacts.len() >= CONTACTS_MAX {
            return Err(Failure::new(FailureCode::Invalid, "2,000 contacts are the most that a twin has"));
        }
        Ok(contacts.paired(peer, at))
    })
}

/// Takes in a paper that a contact signed. Taking it in twice changes nothing.
pub(crate) fn take_paper(twin: &Twin, from: &Did, paper: Paper, at: Timestamp) -> Result<(), Failure> {
    let me = twin.did().clone();
    change_contracts(twin, |book| {
        let contact = book.contacts.get(from).ok_or_else(|| Failure::new(FailureCode::Denied, "no contact"))?;
        let identity = contact.identity()?;
        contracts::taken(&book.contracts, &me, &identity, paper, at)
    })
}
