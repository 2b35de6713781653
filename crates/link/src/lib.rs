//! How two twins meet: an endpoint, a pairing, and calls in both directions, with nobody in the middle.
//!
//! A [`Link`] is a twin's end of everything that passes between twins. It listens on one UDP port (QUIC, by iroh) and
//! reaches others at addresses that it was told, or that a [phone book](book) gives: no relay, no account. TLS proves endpoint keys;
//! a [card](peer) binds each to a device that an identity lists; a [pairing](pairing) makes two people sure of each
//! other's identity, once; from then on contacts [call](wire::Call) each other.
//!
//! What a call means is not decided here. It is handed to the [`Host`], the twin, which puts it to its door. This
//! crate sees to it that who calls is proven, that what comes is bounded, and that nobody calls too often; strangers
//! learn nothing but that somebody is there.
//!
//! A call, and its reply, may be [followed by bytes](Incoming): announced, bounded, and never held in memory.
//!
//! - [`frame`], [`wire`]: bytes on the way, and their bounds;
//! - [`peer`], [`pairing`], [`returning`], [`ticket`], [`rate`]: pure, and tested without a network;
//! - [`Link`]: the network, for callers that are not asynchronous; [`Network`]: what a twin needs of one.

mod block;
pub mod book;
mod endpoint;
mod error;
pub mod frame;
mod host;
mod link;
mod meeting;
mod network;
pub mod pairing;
mod payload;
pub mod peer;
#[cfg(test)]
mod people;
pub mod rate;
pub mod returning;
mod serve;
mod settings;
pub mod ticket;
mod tunnel;
pub mod wire;

pub use error::LinkError;
pub use host::{Host, Known, Place};
pub use link::{Forwarding, Link};
pub use meeting::{Meeting, Stage};
pub use network::{Called, Internet, Network, Reach};
pub use payload::{Incoming, Outgoing, PAYLOAD_BYTES_MAX, Upload};
pub use peer::{EndpointKey, Own, Peer};
pub use returning::{CameBack, Claim};
pub use settings::{Counts, Settings};
pub use ticket::{BadTicket, Purpose, Ticket};
pub use wire::{Call, Code, Refusal, Reply};
