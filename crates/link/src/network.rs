//! Where a twin gets its link from, so that a test can put a network of its own beneath whole twins.
//!
//! A twin needs little of a network: an end of its own, pairings, and calls to contacts. [`Internet`] gives a [`Link`],
//! which is the real one. Another network hands calls to the other twin's [`Host`], and may lose, double, delay and
//! change them on the way; what it must keep is what TLS and [cards](crate::peer) keep: that a [`Peer`](crate::Peer)
//! is who it says.

use crate::error::LinkError;
use crate::host::{Host, Place};
use crate::link::Link;
use crate::meeting::Meeting;
use crate::payload::{Incoming, Upload};
use crate::peer::EndpointKey;
use crate::returning::{CameBack, Claim};
use crate::settings::{Counts, Settings};
use crate::ticket::{Purpose, Ticket};
use crate::wire::Call;
use didymos_base::Did;
use didymos_identity::Secret32;
use std::net::SocketAddr;
use std::sync::Arc;

/// The body of a reply, and what follows it if anything does.
pub type Called = Result<(Vec<u8>, Option<Incoming>), LinkError>;

/// Gives links.
pub trait Network: Send + Sync {
    /// Begins to listen for the twin behind `host`. The endpoint's key grows from `seed`.
    fn start(&self, seed: &Secret32, settings: Settings, host: Arc<dyn Host>) -> Result<Arc<dyn Reach>, LinkError>;
}

/// QUIC over the machine's own network: see [`Link`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Internet;

impl Network for Internet {
    fn start(&self, seed: &Secret32, settings: Settings, host: Arc<dyn Host>) -> Result<Arc<dyn Reach>, LinkError> {
        Ok(Arc::new(Link::start(seed, settings, host)?))
    }
}

/// A twin's end of everything that passes between twins. [`Link`] tells what each of these means.
pub trait Reach: Send + Sync {
    /// The endpoint's public key.
    fn key(&self) -> EndpointKey;
    /// Where it can be reached, as far as it knows.
    fn addrs(&self) -> Vec<SocketAddr>;
    /// Makes a ticket and waits for whoever comes with it. Returns the pairing's number.
    fn invite(&self) -> Result<u64, LinkError>;
    /// Makes a ticket for more than being contacts.
    fn invite_for(&self, purpose: Purpose) -> Result<u64, LinkError>;
    /// Goes to whoever made the ticket. Returns the pairing's number.
    fn join(&self, ticket: Ticket) -> Result<u64, LinkError>;
    /// Pairings since it began, oldest first.
    fn meetings(&self) -> Vec<Meeting>;
    /// The owner's word on a pairing's digits.
    fn say(&self, pairing: u64, same: bool) -> Result<(), LinkError>;
    /// Calls a contact and returns the body of the reply.
    fn call(&self, did: &Did, call: Call) -> Result<Vec<u8>, LinkError>;
    /// Calls with bytes behind the call, or for bytes behind the reply.
    fn call_with(&self, did: &Did, call: Call, upload: Option<Upload<'_>>) -> Called;
    /// Makes sure that there is a connection to a contact, so that either side can call.
    fn greet(&self, did: &Did) -> Result<(), LinkError>;
    /// Comes back to a contact on a new machine, with nothing but the recovery phrase.
    fn come_back(&self, place: Place, claim: Claim) -> Result<CameBack, LinkError> {
        let _ = (place, claim);
        Err(LinkError::Unreachable)
    }
    /// Ends everything now.
    fn close(&self);
    /// Closes every connection to `did`, or to everybody.
    fn part(&self, did: Option<&Did>);
    /// Contacts with a live connection.
    fn connected(&self) -> Vec<Did>;
    /// What happened since it began.
    fn counts(&self) -> Counts;
}

impl Reach for Link {
    fn key(&self) -> EndpointKey {
        Self::key(self)
    }

    fn addrs(&self) -> Vec<SocketAddr> {
        Self::addrs(self)
    }

    fn invite(&self) -> Result<u64, LinkError> {
        Self::invite(self)
    }

    fn invite_for(&self, purpose: Purpose) -> Result<u64, LinkError> {
        Self::invite_for(self, purpose)
    }

    fn join(&self, ticket: Ticket) -> Result<u64, LinkError> {
        Self::join(self, ticket)
    }

    fn meetings(&self) -> Vec<Meeting> {
        Self::meetings(self)
    }

    fn say(&self, pairing: u64, same: bool) -> Result<(), LinkError> {
        Self::say(self, pairing, same)
    }

    fn call(&self, did: &Did, call: Call) -> Result<Vec<u8>, LinkError> {
        Self::call(self, did, call)
    }

    fn call_with(&self, did: &Did, call: Call, upload: Option<Upload<'_>>) -> Called {
        Self::call_with(self, did, call, upload)
    }

    fn greet(&self, did: &Did) -> Result<(), LinkError> {
        Self::greet(self, did)
    }

    fn come_back(&self, place: Place, claim: Claim) -> Result<CameBack, LinkError> {
        Self::come_back(self, place, claim)
    }

    fn close(&self) {
        Self::close(self);
    }

    fn part(&self, did: Option<&Did>) {
        Self::part(self, did);
    }

    fn connected(&self) -> Vec<Did> {
        Self::connected(self)
    }

    fn counts(&self) -> Counts {
        Self::counts(self)
    }
}
