//! What a link needs of the twin that it works for.

use crate::payload::{Incoming, Outgoing};
use crate::peer::{EndpointKey, Own, Peer};
use crate::ticket::Purpose;
use crate::wire::{Call, Code, Refusal, Reply};
use didymos_base::{Did, Timestamp};
use didymos_identity::SignedDocument;
use std::net::SocketAddr;
use zeroize::Zeroizing;

/// An endpoint of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its key.
    pub endpoint: EndpointKey,
    /// Where it was last.
    pub addrs: Vec<SocketAddr>,
}

/// A contact, as far as a link needs to know one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Every version of their identity that was seen and checked.
    pub versions: Vec<SignedDocument>,
    /// Their endpoints, the one that was seen last first.
    pub places: Vec<Place>,
}

/// The twin behind a link. Methods may block: they are called off the network's threads.
pub trait Host: Send + Sync + 'static {
    /// What this twin shows of itself; none when its identity cannot be read.
    fn own(&self) -> Option<Own>;

    /// The contact with this DID. None for strangers and for whoever is blocked: from outside they look the same.
    fn contact(&self, did: &Did) -> Option<Known>;

    /// Where else a contact may be, when they are at none of their known places. Hints: whoever answers has to prove
    /// who they are.
    fn look_up(&self, did: &Did, known: &Known) -> Vec<Place> {
        let _ = (did, known);
        Vec::new()
    }

    /// A contact has proved who they are. What they showed may be new: versions, endpoint, addresses.
    fn met(&self, peer: &Peer);

    /// Calls to this contact go through without dialling from now on.
    fn connected(&self, peer: &Peer) {
        let _ = peer;
    }

    /// A contact has come back on a new machine, with nothing but their recovery phrase.
    fn returned(&self, peer: &Peer) {
        let _ = peer;
    }

    /// Both people have said that the digits are the same: keep the contact. The error is told to the owner.
    fn paired(&self, peer: &Peer) -> Result<(), String>;

    /// Both sides have said yes to more than being contacts, and this one made the ticket: keeps the machine that
    /// joins, and says what it is given.
    fn enrol(&self, purpose: Purpose, peer: &Peer) -> Result<Zeroizing<Vec<u8>>, String> {
        let _ = (purpose, peer);
        Err("this machine takes in no others".to_owned())
    }

    /// Both sides have said yes to more than being contacts, and this one joined: takes what it is given.
    fn enrolled(&self, purpose: Purpose, peer: &Peer, given: &[u8]) -> Result<(), String> {
        let _ = (purpose, peer, given);
        Err("this machine joins no other".to_owned())
    }

    /// Where a [tunnel](crate::Link::forward) of this peer's ends: a port of this very machine.
    fn tunnel(&self, peer: &Peer) -> Result<SocketAddr, Refusal> {
        let _ = peer;
        Err(Refusal::new(Code::UnknownCall, "there is no page here"))
    }

    /// Answers what a contact wants.
    fn answer(&self, peer: &Peer, call: Call) -> Reply;

    /// Answers a call that bytes may follow, or whose reply they follow. No byte of `upload` is taken before it is
    /// read here; what is left unread is not wanted, and its sender is told so.
    fn answer_with(&self, peer: &Peer, call: Call, upload: Option<&mut Incoming>) -> (Reply, Option<Outgoing>) {
        if upload.is_some() {
            return (Reply::Refused(Refusal::new(Code::Invalid, "no bytes may follow this call")), None);
        }
        (self.answer(peer, call), None)
    }

    /// UTC milliseconds.
    fn now(&self) -> Timestamp;
}
