//! Distance: datagrams between hosts pass through here, and arrive later, and not in the order in which they left.
//!
//! The hub redirects what is for a host's port to a port of this process, one for each host. From there it goes on from
//! a socket of its own for each sender, so that answers find their way back: between any two hosts lies something like
//! a home router. Loss is nftables' part, partitions are links that are down.

use crate::Result;
use crate::seeded::Seeded;
use clap::Args;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Where datagrams for the first host come in.
pub(super) const PORT_FIRST: u16 = 9_000;
/// Datagrams that are on their way at a time; of more, the newest are lost.
const WAY_MAX: usize = 20_000;
/// Senders that are told apart.
const FLOWS_MAX: usize = 2_000;

/// Delays what passes between hosts; run by `cargo xtask net` in a namespace of its own.
#[derive(Args)]
pub(crate) struct Forward {
    /// How many hosts
    #[arg(long)]
    hosts: u8,
    /// How long a datagram is on its way, in milliseconds
    #[arg(long)]
    delay_ms: u64,
    /// By how much that differs between datagrams, in milliseconds
    #[arg(long)]
    jitter_ms: u64,
}

/// A datagram on its way: when it arrives, from which socket it goes on, to whom.
struct Datagram {
    at: Instant,
    from: Arc<UdpSocket>,
    to: SocketAddr,
    bytes: Vec<u8>,
}

impl PartialEq for Datagram {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Datagram {}

impl PartialOrd for Datagram {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Datagram {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

/// Everything that is on its way.
struct Way {
    waiting: Mutex<(BinaryHeap<Reverse<Datagram>>, Seeded)>,
    changed: Condvar,
    delay: Duration,
    jitter_ms: u64,
}

impl Way {
    fn send(&self, from: &Arc<UdpSocket>, to: SocketAddr, bytes: &[u8]) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.0.len() < WAY_MAX {
            let jitter = Duration::from_millis(waiting.1.below(self.jitter_ms + 1));
            let at = Instant::now() + self.delay + jitter;
            waiting.0.push(Reverse(Datagram { at, from: Arc::clone(from), to, bytes: bytes.to_vec() }));
            self.changed.notify_one();
        }
    }

    fn run(&self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let now = Instant::now();
            match waiting.0.peek().map(|next| next.0.at) {
                None => waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(at) if at > now => {
                    waiting = self.changed.wait_timeout(waiting, at - now).unwrap_or_else(PoisonError::into_inner).0;
                }
                Some(_) => {
                    if let Some(Reverse(next)) = waiting.0.pop() {
                        // A host whose link is down gets nothing, and nobody is told.
                        let _ = next.from.send_to(&next.bytes, next.to);
                    }
                }
            }
        }
    }
}

/// The address of a host, counted from 0.
pub(super) fn address(host: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 77, host as u8 + 1, 2)
}

impl Forward {
    pub(crate) fn run(&self) -> Result<()> {
        let way = Arc::new(Way {
            waiting: Mutex::new((BinaryHeap::new(), Seeded::round(7, 7))),
            changed: Condvar::new(),
            delay: Duration::from_millis(self.delay_ms),
            jitter_ms: self.jitter_ms,
        });
        for host in 0..usize::from(self.hosts) {
            let inward = Arc::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT_FIRST + host as u16))?);
            let way = Arc::clone(&way);
            std::thread::spawn(move || inward_of(host, &inward, &way));
        }
        println!("forwarding");
        way.run();
        Ok(())
    }
}

/// Takes what is for `host`, and what it answers.
fn inward_of(host: usize, inward: &Arc<UdpSocket>, way: &Arc<Way>) {
    let mut flows: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
    let mut buffer = vec![0; 65_536];
    loop {
        let Ok((len, sender)) = inward.recv_from(&mut buffer) else { continue };
        if !flows.contains_key(&sender) {
            if flows.len() >= FLOWS_MAX {
                continue;
            }
            let Ok(outward) = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).map(Arc::new) else { continue };
            let (answers, back, way) = (Arc::clone(&outward), Arc::clone(inward), Arc::clone(way));
            std::thread::spawn(move || {
                let mut buffer = vec![0; 65_536];
                loop {
                    if let Ok((len, _)) = answers.recv_from(&mut buffer) {
                        way.send(&back, sender, &buffer[..len]);
                    }
                }
            });
            flows.insert(sender, outward);
        }
        let to = SocketAddr::from((address(host), didymos_twin::PORT));
        way.send(&flows[&sender], to, &buffer[..len]);
    }
}
