//! The phone book's sources over real sockets: multicast on this machine, and a DHT of its own.
#![allow(clippy::unwrap_used)]

use didymos_identity::Secret32;
use didymos_link::book::{Lan, Mainline, Source};
use std::net::SocketAddr;
use std::time::Duration;

const DAY_MS: i64 = 86_400_000;

#[test]
fn two_twins_of_one_network_find_each_other_and_are_gone_when_they_go() {
    let (ann, bob) = ([1; 32], [2; 32]);
    let (Ok(at_ann), Ok(at_bob)) = (Lan::start(ann, true), Lan::start(bob, true)) else {
        println!("skipped: this machine has no multicast DNS");
        return;
    };
    let addr: SocketAddr = ([127, 0, 0, 1], 40_123).into();
    at_ann.publish(&[addr], 0).expect("published");
    let found = at_bob.find(&ann, 0, Duration::from_secs(10));
    if found.is_empty() {
        println!("skipped: multicast does not pass on this machine's loopback");
        return;
    }
    assert_eq!(found, [addr]);
    assert_eq!(at_bob.find(&ann, DAY_MS, Duration::ZERO), [addr], "a clock that is a day ahead");
    assert!(at_bob.find(&ann, 9 * DAY_MS, Duration::ZERO).is_empty());
    assert!(at_bob.find(&bob, 0, Duration::ZERO).is_empty(), "it has said nothing of itself");
}

#[test]
fn an_endpoint_is_found_by_its_key_in_a_network_of_ones_own_and_a_later_word_counts() {
    let network = mainline::Testnet::builder(5).build().expect("nodes on loopback");
    let seed = Secret32::from_bytes([7; 32]);
    let key = mainline::SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes();
    let at_ann = Mainline::start(&seed, &network.bootstrap, true).expect("joins");
    let at_bob = Mainline::start(&Secret32::from_bytes([8; 32]), &network.bootstrap, true).expect("joins");
    let addr = |port: u16| SocketAddr::from(([192, 0, 2, 1], port));
    assert!(at_bob.find(&key, 0, Duration::from_secs(10)).is_empty());
    at_ann.publish(&[addr(1)], 1_000).expect("put");
    assert_eq!(at_bob.find(&key, 0, Duration::from_secs(10)), [addr(1)]);
    at_ann.publish(&[addr(2), addr(3)], 2_000).expect("put");
    assert_eq!(at_bob.find(&key, 0, Duration::from_secs(10)), [addr(2), addr(3)]);
}
