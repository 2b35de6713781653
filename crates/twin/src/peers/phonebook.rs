//! The phone book as the owner sets it: which sources are asked where contacts are, and told where this twin is.
//!
//! All are off until the owner wants them: the local network hears that some twin is there, the DHT the addresses of this
//! machine, and a contact's domain that somebody asks. Where contacts were last is always known, and asked first.

use super::online::Listen;
use crate::capability::keeping;
use crate::door::Failure;
use crate::request::PhoneBookSet;
use crate::response::PhoneBookShown;
use crate::{Twin, settings};
use didymos_base::Did;
use didymos_identity::{Secret32, derive};
use didymos_link::book::{Beacon, Lan, Mainline, NotPublished, PhoneBook, Source, Web};
use didymos_link::{Known, Place};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// How long one source may take to find somebody.
const PATIENCE: Duration = Duration::from_secs(4);

/// Which sources the owner wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Wanted {
    lan: bool,
    dht: bool,
    #[serde(default)]
    web: bool,
}

/// The setting. A newer one replaces the older one.
#[derive(Default, Serialize, Deserialize)]
struct Setting {
    phone_book: Wanted,
}

/// The book, once it is open.
#[derive(Default)]
pub(crate) struct Book {
    open: Mutex<Option<Open>>,
    /// Nodes through which the DHT is joined, in place of the public ones.
    bootstrap: OnceLock<Vec<String>>,
    /// A server of this machine that stands for every domain, in tests.
    domains: OnceLock<SocketAddr>,
}

struct Open {
    wanted: Wanted,
    book: Arc<PhoneBook>,
    /// What cannot be had here.
    troubles: Vec<String>,
}

impl Book {
    fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wanted(twin: &Twin) -> Wanted {
    settings::newest::<Setting>(twin).ok().flatten().unwrap_or_default().phone_book
}

/// The book as the owner wants it now.
fn book(twin: &Twin) -> Arc<PhoneBook> {
    let wanted = wanted(twin);
    let mut open = twin.peers.book_of_places.open();
    if let Some(open) = open.as_ref().filter(|open| open.wanted == wanted) {
        return Arc::clone(&open.book);
    }
    // The old one lets go of its sockets first.
    *open = None;
    let seed = derive(&twin.secrets().device_seed, "link-endpoint", b"");
    let local =
        matches!(twin.peers.online.listens(), Listen::At(addrs) if addrs.iter().all(|addr| addr.ip().is_loopback()));
    let (mut sources, mut troubles): (Vec<Box<dyn Source>>, _) = (Vec::new(), Vec::new());
    let mut add = |source: Result<Box<dyn Source>, NotPublished>| match source {
        Ok(source) => sources.push(source),
        Err(error) => troubles.push(error.to_string()),
    };
    if wanted.lan
        && let Ok(link) = twin.link()
    {
        add(Lan::start(link.key(), local).map(|lan| Box::new(lan) as Box<dyn Source>));
    }
    if wanted.dht {
        let bootstrap = twin.peers.book_of_places.bootstrap.get().cloned().unwrap_or_default();
        add(Mainline::start(&seed, &bootstrap, local).map(|dht| Box::new(dht) as Box<dyn Source>));
    }
    if wanted.web {
        add(Web::start(twin.peers.book_of_places.domains.get().copied()).map(|web| Box::new(web) as Box<dyn Source>));
    }
    let book = Arc::new(PhoneBook::new(sources));
    *open = Some(Open { wanted, book: Arc::clone(&book), troubles });
    book
}

/// Says where this twin is, in every source that the owner wants. Waits for the network.
pub(crate) fn publish(twin: &Twin) {
    if wanted(twin) == Wanted::default() {
        return;
    }
    let Some(link) = twin.peers.online.running() else { return };
    let (book, here) = (book(twin), Place { endpoint: link.key(), addrs: link.addrs() });
    let mut failed = book.publish(&here.addrs, twin.now().0);
    failed.extend(book.light(&keeping::beacons(twin), &here, twin.now().0));
    if let Some(open) = twin.peers.book_of_places.open().as_mut() {
        open.troubles = failed.iter().map(ToString::to_string).collect();
    }
}

/// Where else a contact may be.
pub(crate) fn look_up(twin: &Twin, did: &Did, known: &Known) -> Vec<Place> {
    if wanted(twin) == Wanted::default() {
        return Vec::new();
    }
    let web = super::look(twin, |book| book.contacts.get(did).and_then(|contact| contact.web.clone())).ok().flatten();
    book(twin).find(known, web.as_ref(), twin.now().0, PATIENCE)
}

/// Where somebody who has nothing but a phrase looks for friends.
#[derive(Clone, Debug, Default)]
pub struct LookOut {
    /// In the local network.
    pub lan: bool,
    /// In the Mainline DHT.
    pub dht: bool,
    /// Nodes through which the DHT is joined, in place of the public ones.
    pub bootstrap: Vec<String>,
    /// On this machine alone: for tests.
    pub loopback: bool,
}

impl LookOut {
    /// Wherever friends can be found.
    #[must_use]
    pub fn everywhere() -> Self {
        Self { lan: true, dht: true, ..Self::default() }
    }

    /// Where the friends of whoever has this vault key say that they are, and what went wrong.
    pub(crate) fn look(&self, vault_key: &Secret32, now_ms: i64) -> (Vec<Place>, Vec<String>) {
        let (mut sources, mut troubles): (Vec<Box<dyn Source>>, _) = (Vec::new(), Vec::new());
        let mut add = |source: Result<Box<dyn Source>, NotPublished>| match source {
            Ok(source) => sources.push(source),
            Err(error) => troubles.push(error.to_string()),
        };
        // Nothing is said by this one: the keys are of no meaning.
        let nobody = derive(vault_key, "returning-beacon", b"nobody");
        if self.lan {
            let own = *Beacon::new(Secret32::from_bytes(*nobody.as_bytes())).key();
            add(Lan::start(own, self.loopback).map(|lan| Box::new(lan) as Box<dyn Source>));
        }
        if self.dht {
            add(Mainline::start(&nobody, &self.bootstrap, self.loopback).map(|dht| Box::new(dht) as Box<dyn Source>));
        }
        let found = PhoneBook::new(sources).look_out(&Beacon::all(vault_key), now_ms, PATIENCE);
        (found, troubles)
    }
}

/// Lets go of every source.
pub(crate) fn close(twin: &Twin) {
    *twin.peers.book_of_places.open() = None;
}

pub(crate) fn show(twin: &Twin) -> PhoneBookShown {
    let wanted = wanted(twin);
    let open = twin.peers.book_of_places.open();
    let troubles = open.as_ref().map(|open| open.troubles.clone()).unwrap_or_default();
    let own = super::website::own(twin);
    PhoneBookShown { lan: wanted.lan, dht: wanted.dht, web: wanted.web, own, troubles }
}

pub(crate) fn set(twin: &Twin, asked: &PhoneBookSet) -> Result<PhoneBookShown, Failure> {
    let before = wanted(twin);
    let after = Wanted {
        lan: asked.lan.unwrap_or(before.lan),
        dht: asked.dht.unwrap_or(before.dht),
        web: asked.web.unwrap_or(before.web),
    };
    if after != before {
        settings::keep(twin, &Setting { phone_book: after })?;
    }
    publish(twin);
    Ok(show(twin))
}

impl Twin {
    /// Joins the DHT through these nodes and not through the public ones. Only the first word counts.
    pub fn join_dht_through(&self, bootstrap: Vec<String>) {
        let _ = self.peers.book_of_places.bootstrap.set(bootstrap);
    }

    /// Asks this server, without TLS, in place of every domain: for tests that have no internet. Only the first word
    /// counts.
    pub fn ask_for_domains_at(&self, server: SocketAddr) {
        let _ = self.peers.book_of_places.domains.set(server);
    }
}
