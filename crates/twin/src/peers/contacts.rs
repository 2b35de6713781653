//! Contacts: who they are, by which keys since when, where they were last, and whether they are blocked.
//!
//! Every change is a record in the journal, so that the history of a contact's keys can be walked back to the pairing.

use crate::door::{Failure, FailureCode};
use didymos_base::{Did, Timestamp, canonical};
use didymos_consent::{Act, Contract, Period, Streams};
use didymos_identity::{SignedDocument, VerifiedIdentity, WebPlace, verify_chain};
use didymos_link::{EndpointKey, Known, Peer, Place};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The most endpoints of one contact that are remembered.
const PLACES_MAX: usize = 8;

/// A change, as it lies in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub(crate) enum Record {
    /// Both people said that the digits were the same.
    #[n(0)]
    Paired {
        #[n(0)]
        did: Did,
        #[n(1)]
        name: String,
        #[n(2)]
        at: Timestamp,
    },
    /// Versions of their identity that were seen and checked, after the first `since`.
    #[n(1)]
    Versions {
        #[n(0)]
        did: Did,
        #[n(1)]
        since: u32,
        #[n(2)]
        versions: Vec<SignedDocument>,
        #[n(3)]
        at: Timestamp,
    },
    /// Where one of their devices says that it can be reached.
    #[n(2)]
    Seen {
        #[n(0)]
        did: Did,
        #[n(1)]
        device: Did,
        #[cbor(n(2), with = "minicbor::bytes")]
        endpoint: EndpointKey,
        #[n(3)]
        addrs: Vec<SocketAddr>,
        #[n(4)]
        at: Timestamp,
    },
    /// What the owner calls them.
    #[n(3)]
    Named {
        #[n(0)]
        did: Did,
        #[n(1)]
        name: String,
    },
    /// The owner wants to hear nothing of them, or again.
    #[n(4)]
    Blocked {
        #[n(0)]
        did: Did,
        #[n(1)]
        blocked: bool,
        #[n(2)]
        at: Timestamp,
    },
    /// The owner does not know them any more.
    #[n(5)]
    Forgotten {
        #[n(0)]
        did: Did,
        #[n(1)]
        at: Timestamp,
    },
    /// The domain that they have, as the owner was told; none any more.
    #[n(6)]
    Web {
        #[n(0)]
        did: Did,
        #[n(1)]
        web: Option<String>,
    },
}

/// One of a contact's endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) device: Did,
    pub(crate) endpoint: EndpointKey,
    pub(crate) addrs: Vec<SocketAddr>,
    pub(crate) at: Timestamp,
}

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) did: Did,
    /// What the owner calls them; no two contacts have the same.
    pub(crate) name: String,
    pub(crate) paired: Timestamp,
    pub(crate) versions: Vec<SignedDocument>,
    /// How many versions were known from when on.
    pub(crate) learnt: Vec<(u32, Timestamp)>,
    /// The one that was seen last first.
    pub(crate) places: Vec<Seen>,
    pub(crate) blocked: bool,
    /// The domain that they have.
    pub(crate) web: Option<WebPlace>,
}

impl Contact {
    /// Their identity, from the versions that were checked when they came in.
    pub(crate) fn identity(&self) -> Result<VerifiedIdentity, Failure> {
        verify_chain(&self.versions)
            .map_err(|error| Failure::new(FailureCode::Damaged, format!("the keys of {}: {error}", self.name)))
    }

    /// What a link needs to know.
    pub(crate) fn known(&self) -> Known {
        let place = |seen: &Seen| Place { endpoint: seen.endpoint, addrs: seen.addrs.clone() };
        Known { versions: self.versions.clone(), places: self.places.iter().map(place).collect() }
    }

    /// What `peer`, who is this contact, showed that was not known yet.
    pub(crate) fn news(&self, peer: &Peer, at: Timestamp) -> Vec<Record> {
        let mut news = Vec::new();
        let did = &self.did;
        if let Some(fresh) = peer.versions.get(self.versions.len()..).filter(|fresh| !fresh.is_empty()) {
            let since = self.versions.len() as u32;
            news.push(Record::Versions { did: did.clone(), since, versions: fresh.to_vec(), at });
        }
        let last = self.places.iter().find(|seen| seen.endpoint == peer.endpoint);
        // Somebody who only calls and does not listen says no address: the one known before stays.
        let moved = last.is_none_or(|seen| !peer.addrs.is_empty() && seen.addrs != peer.addrs);
        if moved {
            let (device, addrs) = (peer.device.clone(), peer.addrs.clone());
            news.push(Record::Seen { did: did.clone(), device, endpoint: peer.endpoint, addrs, at });
        }
        news
    }
}

/// Every contact.
#[derive(Default)]
pub(crate) struct Contacts {
    known: BTreeMap<Did, Contact>,
    /// Whom the owner does not know any more: where they were, for what is still to reach them.
    forgotten: BTreeMap<Did, Contact>,
}

impl Contacts {
    pub(crate) fn apply(&mut self, record: Record) {
        match record {
            Record::Paired { did, name, at } => {
                self.forgotten.remove(&did);
                let contact = self.known.entry(did.clone()).or_insert_with(|| Contact {
                    did,
                    name: name.clone(),
                    paired: at,
                    versions: Vec::new(),
                    learnt: Vec::new(),
                    places: Vec::new(),
                    blocked: false,
                    web: None,
                });
                (contact.name, contact.paired, contact.blocked) = (name, at, false);
            }
            Record::Versions { did, since, versions, at } => {
                if let Some(contact) =
                    self.known.get_mut(&did).filter(|contact| contact.versions.len() == since as usize)
                {
                    contact.versions.extend(versions);
                    contact.learnt.push((contact.versions.len() as u32, at));
                }
            }
            Record::Seen { did, device, endpoint, addrs, at } => {
                if let Some(contact) = self.known.get_mut(&did) {
                    contact.places.retain(|seen| seen.endpoint != endpoint);
                    contact.places.insert(0, Seen { device, endpoint, addrs, at });
                    contact.places.truncate(PLACES_MAX);
                }
            }
            Record::Named { did, name } => {
                if let Some(contact) = self.known.get_mut(&did) {
                    contact.name = name;
                }
            }
            Record::Blocked { did, blocked, .. } => {
                if let Some(contact) = self.known.get_mut(&did) {
                    contact.blocked = blocked;
                }
            }
            Record::Web { did, web } => {
                if let Some(contact) = self.known.get_mut(&did) {
                    contact.web = web.and_then(|web| web.parse().ok());
                }
            }
            Record::Forgotten { did, .. } => {
                if let Some(contact) = self.known.remove(&did) {
                    self.forgotten.insert(did, contact);
                }
            }
        }
    }

    pub(crate) fn get(&self, did: &Did) -> Option<&Contact> {
        self.known.get(did)
    }

    /// Somebody whom the owner has forgotten.
    pub(crate) fn forgotten(&self, did: &Did) -> Option<&Contact> {
        self.forgotten.get(did)
    }

    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Contact> {
        self.known.values()
    }

    /// The one contact that `text` names; else the names that it may mean.
    pub(crate) fn meant(&self, text: &str) -> Result<&Contact, Vec<String>> {
        let wanted = text.trim().to_lowercase();
        let exact = |contact: &&Contact| contact.did.as_str() == text.trim() || contact.name.to_lowercase() == wanted;
        if let Some(contact) = self.all().find(exact) {
            return Ok(contact);
        }
        let begins: Vec<&Contact> = self
            .all()
            .filter(|contact| !wanted.is_empty() && contact.name.to_lowercase().starts_with(&wanted))
            .collect();
        match begins.as_slice() {
            [one] => Ok(one),
            many => Err(many.iter().map(|contact| contact.name.clone()).collect()),
        }
    }

    /// `name`, or `name 2`, `name 3`, … if somebody else has it.
    fn free_name(&self, did: &Did, name: &str) -> String {
        let taken = |name: &str| {
            let lower = name.to_lowercase();
            self.all().any(|contact| contact.did != *did && contact.name.to_lowercase() == lower)
        };
        let mut free = name.to_owned();
        let mut number = 2;
        while taken(&free) {
            free = format!("{name} {number}");
            number += 1;
        }
        free
    }

    /// The records of a pairing with `peer`.
    pub(crate) fn paired(&self, peer: &Peer, at: Timestamp) -> Vec<Record> {
        let known = self.get(&peer.did);
        let given = peer.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).unwrap_or("somebody");
        let name = known.map_or_else(|| self.free_name(&peer.did, given), |contact| contact.name.clone());
        let mut records = vec![Record::Paired { did: peer.did.clone(), name: name.clone(), at }];
        let fresh = Contact {
            did: peer.did.clone(),
            name,
            paired: at,
            versions: Vec::new(),
            learnt: Vec::new(),
            places: Vec::new(),
            blocked: false,
            web: None,
        };
        records.extend(known.unwrap_or(&fresh).news(peer, at));
        records
    }

    /// The record of a new name.
    pub(crate) fn named(&self, contact: &Contact, name: &str) -> Result<Record, Failure> {
        let name = crate::capability::profile::sound_name(name)?;
        if self.free_name(&contact.did, &name) != name {
            return Err(Failure::new(FailureCode::Invalid, format!("another contact is called {name} already")));
        }
        Ok(Record::Named { did: contact.did.clone(), name })
    }
}

/// The standing contract with a contact: they may send papers and messages, and have back what they gave into keeping,
/// and nothing else. Pairing is what both
/// signed for it, so its name is a digest of the two parties and of when they paired.
pub(crate) fn standing(me: &Did, contact: &Contact) -> Contract {
    let bytes = canonical::encode(&("standing", me, &contact.did, contact.paired));
    Contract {
        id: didymos_base::Digest::of(&bytes),
        assigner: me.clone(),
        assignee: contact.did.clone(),
        acts: vec![Act::Message, Act::Fetch],
        streams: Streams::NONE,
        period: Period::ALWAYS,
        resolution_ms: None,
        rate: None,
        space: None,
        purpose: "being in contact".to_owned(),
        starts: Timestamp::MIN,
        expires: Timestamp::MAX,
        ended: None,
    }
}
