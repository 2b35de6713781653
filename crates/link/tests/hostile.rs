//! Whoever does not keep to the protocol is refused and counted, and nobody else notices.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, call};
use didymos_base::canonical;
use didymos_identity::Secret32;
use didymos_link::frame::framed;
use didymos_link::peer::{Card, Channel, Side};
use didymos_link::rate::Limit;
use didymos_link::wire::{ALPN, Greeting, Opening, Reception};
use didymos_link::{Code, Link, LinkError, Settings};
use iroh::endpoint::{Connection, presets};
use iroh::{Endpoint, EndpointAddr, EndpointId, TransportAddr};
use std::sync::Arc;
use std::time::Duration;

/// A bare endpoint that says whatever it likes.
struct Raw {
    runtime: tokio::runtime::Runtime,
    endpoint: Endpoint,
}

impl Raw {
    fn new(seed: u8) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let endpoint = runtime.block_on(async {
            let builder = Endpoint::builder(presets::Minimal).secret_key(iroh::SecretKey::from_bytes(&[seed; 32]));
            builder.clear_ip_transports().bind_addr("127.0.0.1:0").unwrap().bind().await.unwrap()
        });
        Self { runtime, endpoint }
    }

    fn addr(link: &Link) -> EndpointAddr {
        let id = EndpointId::from_bytes(&link.key()).unwrap();
        EndpointAddr::from_parts(id, link.addrs().into_iter().map(TransportAddr::Ip))
    }

    fn connect(&self, link: &Link, alpn: &[u8]) -> Result<Connection, String> {
        self.runtime.block_on(self.endpoint.connect(Self::addr(link), alpn)).map_err(|error| error.to_string())
    }

    /// Sends bytes on a new stream and returns what comes back, without its length.
    fn say(&self, connection: &Connection, bytes: &[u8]) -> Option<Vec<u8>> {
        self.runtime.block_on(async {
            let (mut send, mut recv) = connection.open_bi().await.ok()?;
            send.write_all(bytes).await.ok()?;
            send.finish().ok()?;
            let answer = tokio::time::timeout(Duration::from_secs(20), recv.read_to_end(1 << 20)).await.ok()?.ok()?;
            answer.get(4..).map(<[u8]>::to_vec)
        })
    }

    /// What binds a card to this connection.
    fn channel(&self, connection: &Connection) -> Channel {
        let mut exporter = [0; 32];
        connection.export_keying_material(&mut exporter, b"EXPORTER-didymos-link-v1", b"").unwrap();
        Channel { exporter, dialler: *self.endpoint.id().as_bytes(), dialled: *connection.remote_id().as_bytes() }
    }
}

fn opening(greeting: &Greeting) -> Vec<u8> {
    framed(&canonical::encode(&Opening { low: 1, high: 1, body: canonical::encode(greeting) }))
}

fn code(answer: &[u8]) -> Code {
    match canonical::decode(answer).unwrap() {
        Reception::Refused(refusal) => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn malformed_and_oversize_openings_are_refused_and_a_contact_is_served_all_the_while() {
    let (ann, bob) = (Home::new(1), Home::new(2));
    let (at_ann, at_bob) = (ann.link(), bob.link());
    ann.know(&bob, &at_bob);
    bob.know(&ann, &at_ann);
    let raw = Raw::new(9);
    let body = |body: Vec<u8>| framed(&canonical::encode(&Opening { low: 1, high: 1, body }));
    let longer_form = framed(&[0x83, 0x18, 0x01, 0x01, 0x40]);
    let bad: [Vec<u8>; 6] = [
        framed(b""),
        framed(b"GET / HTTP/1.1\r\n\r\n"),
        framed(&[0xff; 1_000]),
        vec![0xff; 4],
        body(vec![0; 9]),
        longer_form,
    ];
    for (number, bytes) in bad.iter().enumerate() {
        let connection = raw.connect(&at_ann, ALPN).unwrap();
        assert_eq!(code(&raw.say(&connection, bytes).unwrap()), Code::Malformed, "{number}");
        assert_eq!(at_ann.counts().malformed, number as u64 + 1);
        assert_eq!(at_bob.call(&ann.did(), call("echo@1", b"still here")).unwrap(), b"still here");
    }
}

#[test]
fn versions_that_are_not_spoken_get_a_polite_answer() {
    let ann = Home::new(1);
    let at_ann = ann.link();
    let raw = Raw::new(9);
    for (low, high) in [(2, 2), (2, 9), (1, 7)] {
        let connection = raw.connect(&at_ann, ALPN).unwrap();
        let opening = framed(&canonical::encode(&Opening { low, high, body: b"who knows".to_vec() }));
        let answer = raw.say(&connection, &opening).unwrap();
        assert_eq!(canonical::decode::<Reception>(&answer).unwrap(), Reception::Speaks { low: 1, high: 1 });
    }
    assert_eq!(at_ann.counts().versions, 3);
    assert!(raw.connect(&at_ann, b"another-protocol").is_err());
}

#[test]
fn a_card_that_was_seen_elsewhere_opens_nothing() {
    let (ann, bob) = (Home::new(1), Home::new(2));
    let (at_ann, at_bob) = (ann.link(), bob.link());
    ann.know(&bob, &at_bob);
    let raw = Raw::new(9);
    // Eve got this card from Bob on a connection of her own, and shows it to Ann.
    let elsewhere = Channel { exporter: [7; 32], dialler: at_bob.key(), dialled: *raw.endpoint.id().as_bytes() };
    let own = bob.own.lock().unwrap().clone();
    let card = Card::new(&own, 0, &[], false, &elsewhere, Side::Dialler).unwrap();
    let connection = raw.connect(&at_ann, ALPN).unwrap();
    assert_eq!(code(&raw.say(&connection, &opening(&Greeting::Contact(Box::new(card)))).unwrap()), Code::BadProof);
    assert_eq!(at_ann.counts().proofs, 1);
    assert!(at_ann.connected().is_empty());
}

#[test]
fn a_contact_that_sends_nonsense_is_told_so_and_may_go_on() {
    let (ann, bob) = (Home::new(1), Home::new(2));
    let at_ann = ann.link();
    ann.know(&bob, &at_ann);
    let raw = Raw::new(2 ^ 0x40);
    let connection = raw.connect(&at_ann, ALPN).unwrap();
    let own = bob.own.lock().unwrap().clone();
    let card = Card::new(&own, 0, &[], false, &raw.channel(&connection), Side::Dialler).unwrap();
    let welcome = raw.say(&connection, &opening(&Greeting::Contact(Box::new(card)))).unwrap();
    assert!(matches!(canonical::decode(&welcome).unwrap(), Reception::Welcome(_)));

    let nameless = framed(&canonical::encode(&call("", b"")));
    for bytes in [framed(b"nonsense"), vec![0xff; 8], nameless, vec![0, 0, 0, 9, 1]] {
        let reply = raw.say(&connection, &bytes).unwrap();
        assert!(
            matches!(canonical::decode(&reply).unwrap(), didymos_link::Reply::Refused(r) if r.code == Code::Malformed)
        );
    }
    assert_eq!(at_ann.counts().malformed, 4);
    let reply = raw.say(&connection, &framed(&canonical::encode(&call("echo@1", b"sorry")))).unwrap();
    assert_eq!(canonical::decode::<didymos_link::Reply>(&reply).unwrap(), didymos_link::Reply::Done(b"sorry".to_vec()));
}

#[test]
fn fewer_or_more_bytes_than_announced_are_refused_and_counted() {
    let (ann, bob) = (Home::new(1), Home::new(2));
    let at_ann = ann.link();
    ann.know(&bob, &at_ann);
    *ann.take_uploads.lock().unwrap() = true;
    let raw = Raw::new(2 ^ 0x40);
    let connection = raw.connect(&at_ann, ALPN).unwrap();
    let own = bob.own.lock().unwrap().clone();
    let card = Card::new(&own, 0, &[], false, &raw.channel(&connection), Side::Dialler).unwrap();
    raw.say(&connection, &opening(&Greeting::Contact(Box::new(card)))).unwrap();
    let with = |announced: u64, bytes: usize| {
        let call = didymos_link::Call { payload: Some(announced), ..call("put@1", b"") };
        let said = [framed(&canonical::encode(&call)), vec![7; bytes]].concat();
        canonical::decode::<didymos_link::Reply>(&raw.say(&connection, &said).unwrap()).unwrap()
    };
    assert_eq!(with(5, 5), didymos_link::Reply::Done(5u64.to_be_bytes().to_vec()));
    for (number, (announced, bytes)) in [(5, 4), (5, 6), (0, 1), (1_000_000, 10)].into_iter().enumerate() {
        let reply = with(announced, bytes);
        assert!(matches!(&reply, didymos_link::Reply::Refused(no) if no.code == Code::Malformed), "{reply:?}");
        assert_eq!(at_ann.counts().cut, number as u64 + 1);
    }
    let reply = with(didymos_link::PAYLOAD_BYTES_MAX + 1, 10);
    assert!(matches!(&reply, didymos_link::Reply::Refused(no) if no.code == Code::Malformed), "{reply:?}");
    assert_eq!(at_ann.counts().malformed, 1);
    assert_eq!(with(5, 5), didymos_link::Reply::Done(5u64.to_be_bytes().to_vec()));
}

#[test]
fn too_many_calls_wait_and_another_contact_does_not() {
    let (ann, bob, cat) = (Home::new(1), Home::new(2), Home::new(3));
    let settings = Settings { limit: Limit { burst: 5, per_second: 1 }, ..Settings::default() };
    let (at_ann, at_bob, at_cat) = (ann.link_with(&settings), bob.link(), cat.link());
    for (home, link) in [(&bob, &at_bob), (&cat, &at_cat)] {
        ann.know(home, link);
        home.know(&ann, &at_ann);
    }
    let outcomes: Vec<_> = (0..20).map(|_| at_bob.call(&ann.did(), call("echo@1", b""))).collect();
    assert!(outcomes[..5].iter().all(Result::is_ok), "the burst is served");
    let held_back = |outcome: &Result<_, _>| {
        matches!(outcome, Err(LinkError::Refused(refusal))
            if refusal.code == Code::TooMuch && (1..=1_000).contains(&refusal.retry_after_ms.unwrap()))
    };
    let held = outcomes.iter().filter(|outcome| held_back(outcome)).count();
    assert!(held >= 10, "{held} of 20");
    assert_eq!(at_ann.counts().flood, held as u64);
    assert!(at_cat.call(&ann.did(), call("echo@1", b"")).is_ok());
}

#[test]
fn strangers_that_say_nothing_are_let_go_after_a_while() {
    let (ann, bob) = (Home::new(1), Home::new(2));
    let settings = Settings { hello_max: Duration::from_millis(700), ..Settings::default() };
    let (at_ann, at_bob) = (ann.link_with(&settings), bob.link());
    ann.know(&bob, &at_bob);
    bob.know(&ann, &at_ann);
    let raw = Raw::new(9);
    let silent: Vec<_> = (0..40).map(|_| raw.connect(&at_ann, ALPN)).collect();
    assert!(silent.len() == 40);
    common::until(|| at_bob.call(&ann.did(), call("echo@1", b"")).ok());
}

#[test]
fn a_call_that_is_too_long_is_not_sent_and_one_of_an_unknown_name_is_the_hosts_to_answer() {
    let (ann, bob) = (Home::new(1), Home::new(2));
    let (at_ann, at_bob) = (ann.link(), bob.link());
    ann.know(&bob, &at_bob);
    bob.know(&ann, &at_ann);
    assert_eq!(at_ann.call(&bob.did(), call("echo@1", &vec![0; 1 << 20])), Err(LinkError::Malformed));
    let body = vec![7; 900_000];
    assert_eq!(at_ann.call(&bob.did(), call("anything@9", &body)).unwrap(), body);
}

#[test]
fn two_links_with_one_seed_have_one_key_and_others_another() {
    let key = |number| Home::new(number).link().key();
    assert_eq!(key(1), key(1));
    assert_ne!(key(1), key(2));
    let _ = Arc::new(Secret32::from_bytes([0; 32]));
}
