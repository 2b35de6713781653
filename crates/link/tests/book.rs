//! The phone book's sources over real sockets: multicast on this machine, and a DHT of its own.
#![allow(clippy::unwrap_used)]

mod common;

use common::Home;
use didymos_base::Timestamp;
use didymos_identity::Secret32;
use didymos_identity::{VerifyingKey, WebPlace};
use didymos_link::book::{Lan, Mainline, Sought, Source, Web, site};
use didymos_link::{EndpointKey, Place};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Somebody of whom only the endpoint is known.
fn by_key(endpoint: &EndpointKey) -> Sought<'_> {
    Sought { endpoint, versions: &[], web: None }
}

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
    let found = at_bob.find(&by_key(&ann), 0, Duration::from_secs(10));
    if found.is_empty() {
        println!("skipped: multicast does not pass on this machine's loopback");
        return;
    }
    assert_eq!(found, [addr]);
    assert_eq!(at_bob.find(&by_key(&ann), DAY_MS, Duration::ZERO), [addr], "a clock that is a day ahead");
    assert!(at_bob.find(&by_key(&ann), 9 * DAY_MS, Duration::ZERO).is_empty());
    assert!(at_bob.find(&by_key(&bob), 0, Duration::ZERO).is_empty(), "it has said nothing of itself");
}

#[test]
fn an_endpoint_is_found_by_its_key_in_a_network_of_ones_own_and_a_later_word_counts() {
    let network = mainline::Testnet::builder(5).build().expect("nodes on loopback");
    let seed = Secret32::from_bytes([7; 32]);
    let key = mainline::SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes();
    let at_ann = Mainline::start(&seed, &network.bootstrap, true).expect("joins");
    let at_bob = Mainline::start(&Secret32::from_bytes([8; 32]), &network.bootstrap, true).expect("joins");
    let addr = |port: u16| SocketAddr::from(([192, 0, 2, 1], port));
    assert!(at_bob.find(&by_key(&key), 0, Duration::from_secs(10)).is_empty());
    at_ann.publish(&[addr(1)], 1_000).expect("put");
    assert_eq!(at_bob.find(&by_key(&key), 0, Duration::from_secs(10)), [addr(1)]);
    at_ann.publish(&[addr(2), addr(3)], 2_000).expect("put");
    assert_eq!(at_bob.find(&by_key(&key), 0, Duration::from_secs(10)), [addr(2), addr(3)]);
}

/// A server of this machine that answers every request with `answer`, and what it was asked.
fn server(answer: Vec<u8>) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let (say, asked) = mpsc::channel();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                head.push(byte[0]);
            }
            // Whoever has read enough hangs up.
            let _ = stream.write_all(&answer);
            if say.send(String::from_utf8(head).unwrap()).is_err() {
                return;
            }
        }
    });
    (addr, asked)
}

fn page(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len()).into_bytes()
}

#[test]
fn a_domain_is_asked_for_one_file_and_believed_what_the_contact_signed() {
    let home = Home::new(1);
    let place: WebPlace = "ann.example.org".parse().unwrap();
    let own = home.own.lock().unwrap().clone();
    let history = "did:webvh:Qm1:ann.example.org".parse().unwrap();
    let endpoint = *VerifyingKey::from_bytes(&mainline::SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes())
        .unwrap()
        .as_bytes();
    let twin = Place { endpoint, addrs: vec![([192, 0, 2, 1], 7).into()] };
    let text = site::write(&own.versions[0].document, &place, &history, &twin, &own.device, Timestamp(0));
    let find = |answer: Vec<u8>, patience| {
        let (addr, asked) = server(answer);
        let web = Web::start(Some(addr)).unwrap();
        let sought = Sought { endpoint: &endpoint, versions: &own.versions, web: Some(&place) };
        let found = web.find(&sought, 0, patience);
        assert_eq!(web.find(&sought, 1_000, patience), found, "remembered for a moment, not asked again");
        (found, asked.try_iter().collect::<Vec<_>>())
    };
    let patience = Duration::from_secs(20);
    let (found, asked) = find(page(&text), patience);
    assert_eq!(found, twin.addrs);
    assert_eq!(asked.len(), 1);
    let head = asked[0].to_lowercase();
    assert!(
        head.starts_with("get /.well-known/did.json http/1.1\r\n") && head.contains("host: ann.example.org"),
        "{head}"
    );
    assert!(!head.contains("cookie") && !head.contains("referer") && !head.contains("user-agent"), "{head}");

    assert!(find(page(&text.replace("192.0.2.1", "192.0.2.2")), patience).0.is_empty(), "changed on the domain");
    // A redirect is not followed, wherever it leads.
    let moved = b"HTTP/1.1 302 Found\r\nLocation: http://ann.example.org/else\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (found, asked) = find(moved.to_vec(), patience);
    assert!(found.is_empty() && asked.len() == 1, "{asked:?}");
    // More than a document can be, said at once or not at all.
    let long = format!("{text}{}", " ".repeat(site::SITE_BYTES_MAX));
    assert!(find(page(&long), patience).0.is_empty());
    let unsaid = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{long}");
    assert!(find(unsaid.into_bytes(), patience).0.is_empty());
    assert!(find(page("<html>not here</html>"), patience).0.is_empty());
    assert!(
        find(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(), patience)
            .0
            .is_empty()
    );
}

#[test]
fn a_domain_that_does_not_answer_costs_no_more_than_the_patience() {
    // It takes the connection and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let web = Web::start(Some(silent.local_addr().unwrap())).unwrap();
    let place: WebPlace = "ann.example.org".parse().unwrap();
    let began = Instant::now();
    assert!(web.fetch(&place, site::FILE, Duration::from_millis(200)).is_empty());
    assert!(began.elapsed() < Duration::from_secs(10));
    drop(silent);
}
