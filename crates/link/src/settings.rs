//! Settings, bounds and counts of a link.

use crate::rate::Limit;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How a link works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen (UDP). Empty: on every interface, at a port that the system picks.
    pub bind: Vec<SocketAddr>,
    /// How much one contact may ask.
    pub limit: Limit,
    /// How many bytes behind calls and replies one contact may send and fetch; above that they come slower. The
    /// owner's own devices have no such limit.
    pub flow: Limit,
    /// How long a transfer may stand still.
    pub stall_max: Duration,
    /// How long dialling one endpoint, and the proofs at the start of a connection, may take.
    pub hello_max: Duration,
    /// How long a call and its reply may take, without the bytes behind them.
    pub call_max: Duration,
    /// After so long without a call, a connection is closed.
    pub idle_max: Duration,
    /// How long a ticket is good for, and how long people may compare.
    pub pairing_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bind: Vec::new(),
            limit: Limit { burst: 200, per_second: 50 },
            flow: Limit { burst: 256 << 20, per_second: 64 << 20 },
            stall_max: Duration::from_secs(20),
            hello_max: Duration::from_secs(5),
            call_max: Duration::from_secs(30),
            idle_max: Duration::from_mins(5),
            pairing_max: Duration::from_mins(10),
        }
    }
}

/// Connections whose other end has not proved anything yet, at a time.
pub(crate) const STRANGERS_MAX: usize = 32;
/// Connections of one contact at a time; of more, the oldest is closed.
pub(crate) const CONNECTIONS_MAX: usize = 4;
/// Calls of one connection at a time.
pub(crate) const CALLS_MAX: u32 = 16;
/// Bytes of one connection that may be under way to here, over all of its streams, before somebody takes them.
pub(crate) const WINDOW: u32 = 8 << 20;
/// Transfers of one contact at a time.
pub(crate) const TRANSFERS_MAX: usize = 4;
/// So many calls above the limit, and the connection is closed.
pub(crate) const EXCESS_MAX: u64 = 1_000;
/// Tickets that wait at a time.
pub(crate) const INVITES_MAX: usize = 8;
/// Pairings that are remembered.
pub(crate) const PAIRINGS_MAX: usize = 32;

/// What happened since the link began.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    pub(crate) accepted: AtomicU64,
    pub(crate) strangers: AtomicU64,
    pub(crate) malformed: AtomicU64,
    pub(crate) proofs: AtomicU64,
    pub(crate) versions: AtomicU64,
    pub(crate) flood: AtomicU64,
    pub(crate) calls: AtomicU64,
    pub(crate) stalled: AtomicU64,
    pub(crate) cut: AtomicU64,
    pub(crate) bytes_in: AtomicU64,
    pub(crate) bytes_out: AtomicU64,
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// How often what happened since the link began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Contacts let in.
    pub accepted: u64,
    /// Strangers and tickets that are no good, turned away.
    pub strangers: u64,
    /// Messages that are not what they should be.
    pub malformed: u64,
    /// Proofs that prove nothing.
    pub proofs: u64,
    /// Versions that are not spoken here.
    pub versions: u64,
    /// Calls, or whole connections, above a limit.
    pub flood: u64,
    /// Calls answered.
    pub calls: u64,
    /// Transfers that stood still for too long.
    pub stalled: u64,
    /// Transfers that brought less or more than was announced.
    pub cut: u64,
    /// Bytes that came behind calls and replies.
    pub bytes_in: u64,
    /// Bytes that went behind calls and replies.
    pub bytes_out: u64,
}

impl Counting {
    pub(crate) fn add_in(&self, bytes: u64) {
        self.bytes_in.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_out(&self, bytes: u64) {
        self.bytes_out.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            accepted: read(&self.accepted),
            strangers: read(&self.strangers),
            malformed: read(&self.malformed),
            proofs: read(&self.proofs),
            versions: read(&self.versions),
            flood: read(&self.flood),
            calls: read(&self.calls),
            stalled: read(&self.stalled),
            cut: read(&self.cut),
            bytes_in: read(&self.bytes_in),
            bytes_out: read(&self.bytes_out),
        }
    }
}
