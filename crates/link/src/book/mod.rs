//! The phone book: where a contact's endpoint may be when it is not where it was.
//!
//! Every source gives *hints*: addresses to try. None is believed: whoever answers there has to prove, as always, that
//! they hold the endpoint key and are the contact (see [`peer`](crate::peer)). A source that lies costs a dial.
//!
//! | source | asks | shows |
//! |---|---|---|
//! | known contacts | nobody: where they were last | nothing |
//! | [`Lan`] | the local network, by mDNS (RFC 6762) | that some twin is here, under a name that changes every day |
//! | [`Mainline`] | the DHT of BitTorrent, by BEP 44 as pkarr does | addresses, to whoever knows the endpoint key |
//! | [`Web`] | the domain that a contact has, for its `did:web` document | to the domain, that somebody asks |

pub mod beacon;
mod lan;
mod mainline;
pub mod site;
mod web;

pub use beacon::Beacon;
pub use lan::Lan;
pub use mainline::{Mainline, announced};
pub use web::{Web, is_public};

use crate::host::{Known, Place};
use crate::peer::EndpointKey;
use didymos_identity::{SignedDocument, WebPlace};
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// Who is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    /// The endpoint.
    pub endpoint: &'a EndpointKey,
    /// Every version of its owner's identity that is known.
    pub versions: &'a [SignedDocument],
    /// The domain that they are said to have.
    pub web: Option<&'a WebPlace>,
}

/// Where endpoints may be found.
pub trait Source: Send + Sync {
    /// What the owner calls it.
    fn name(&self) -> &'static str;

    /// Says where this endpoint is. Called again from time to time, and when its addresses change.
    fn publish(&self, addrs: &[SocketAddr], now_ms: i64) -> Result<(), NotPublished>;

    /// Says by each of these beacons that this endpoint is at `here`, and by no other any more.
    fn light(&self, beacons: &[Beacon], here: &Place, now_ms: i64) -> Result<(), NotPublished> {
        let _ = (beacons, here, now_ms);
        Ok(())
    }

    /// What is said by any of these beacons. Waits no longer than `patience`.
    fn look_out(&self, beacons: &[Beacon], now_ms: i64, patience: Duration) -> Vec<Place> {
        let _ = (beacons, now_ms, patience);
        Vec::new()
    }

    /// Where the endpoint may be. Waits no longer than `patience`.
    fn find(&self, sought: &Sought<'_>, now_ms: i64, patience: Duration) -> Vec<SocketAddr>;
}

/// Why a source does not say where this endpoint is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{source_name}: {words}")]
pub struct NotPublished {
    /// Which source.
    pub source_name: &'static str,
    /// Why.
    pub words: String,
}

/// Sources, in the order in which they are asked.
#[derive(Default)]
pub struct PhoneBook(Vec<Box<dyn Source>>);

impl fmt::Debug for PhoneBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl PhoneBook {
    /// A book of these sources.
    #[must_use]
    pub fn new(sources: Vec<Box<dyn Source>>) -> Self {
        Self(sources)
    }

    /// The sources' names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|source| source.name())
    }

    /// Says in every source where this endpoint is; returns what went wrong.
    #[must_use]
    pub fn publish(&self, addrs: &[SocketAddr], now_ms: i64) -> Vec<NotPublished> {
        self.0.iter().filter_map(|source| source.publish(addrs, now_ms).err()).collect()
    }

    /// Says by these beacons, in every source, that this endpoint is at `here`; returns what went wrong.
    #[must_use]
    pub fn light(&self, beacons: &[Beacon], here: &Place, now_ms: i64) -> Vec<NotPublished> {
        self.0.iter().filter_map(|source| source.light(beacons, here, now_ms).err()).collect()
    }

    /// What is said by any of these beacons in any source, each endpoint once.
    #[must_use]
    pub fn look_out(&self, beacons: &[Beacon], now_ms: i64, patience: Duration) -> Vec<Place> {
        let mut places: Vec<Place> = Vec::new();
        for found in self.0.iter().flat_map(|source| source.look_out(beacons, now_ms, patience)) {
            match places.iter_mut().find(|place| place.endpoint == found.endpoint) {
                Some(place) => {
                    place.addrs.extend(found.addrs);
                    place.addrs.sort_unstable();
                    place.addrs.dedup();
                    place.addrs.truncate(crate::peer::ADDRS_MAX);
                }
                None => places.push(found),
            }
        }
        places
    }

    /// Places of a contact that are not known yet, from the first source that has any. `web` is a domain that they have.
    #[must_use]
    pub fn find(&self, known: &Known, web: Option<&WebPlace>, now_ms: i64, patience: Duration) -> Vec<Place> {
        for source in &self.0 {
            let mut places = Vec::new();
            for place in &known.places {
                let sought = Sought { endpoint: &place.endpoint, versions: &known.versions, web };
                let mut addrs = source.find(&sought, now_ms, patience);
                addrs.retain(|addr| !place.addrs.contains(addr));
                addrs.truncate(crate::peer::ADDRS_MAX);
                if !addrs.is_empty() {
                    places.push(Place { endpoint: place.endpoint, addrs });
                }
            }
            if !places.is_empty() {
                return places;
            }
        }
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    struct Fixed(&'static str, Vec<SocketAddr>, Mutex<u32>);

    impl Source for Fixed {
        fn name(&self) -> &'static str {
            self.0
        }

        fn publish(&self, _: &[SocketAddr], _: i64) -> Result<(), NotPublished> {
            Err(NotPublished { source_name: self.0, words: "no".to_owned() })
        }

        fn find(&self, _: &Sought<'_>, _: i64, _: Duration) -> Vec<SocketAddr> {
            if let Ok(mut asked) = self.2.lock() {
                *asked += 1;
            }
            self.1.clone()
        }
    }

    #[test]
    fn the_first_source_that_knows_something_new_is_the_last_one_asked() {
        let addr = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let source =
            |name, ports: &[u16]| Box::new(Fixed(name, ports.iter().map(|port| addr(*port)).collect(), Mutex::new(0)));
        let book = PhoneBook::new(vec![
            source("old", &[1]),
            source("empty", &[]),
            source("new", &[1, 2]),
            source("never", &[3]),
        ]);
        let known = Known { versions: Vec::new(), places: vec![Place { endpoint: [7; 32], addrs: vec![addr(1)] }] };
        let found = book.find(&known, None, 0, Duration::ZERO);
        assert_eq!(found, [Place { endpoint: [7; 32], addrs: vec![addr(2)] }]);
        assert_eq!(book.publish(&[], 0).len(), 4);
        assert_eq!(format!("{book:?}"), r#"["old", "empty", "new", "never"]"#);
        assert!(PhoneBook::default().find(&known, None, 0, Duration::ZERO).is_empty());
    }
}
