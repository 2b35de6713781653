//! Bytes behind calls and replies: whole, bounded, and never waited for longer than for the next step.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Home, until};
use didymos_base::{Did, Digest, Timestamp};
use didymos_link::rate::Limit;
use didymos_link::{Call, Code, Host, Incoming, Known, Link, LinkError, Outgoing, Own, Peer, Refusal, Reply, Settings};
use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Keeps what is uploaded by its digest, and sends so many bytes as it is asked for.
struct Store(Arc<Home>);

/// The same bytes for the same seed, made as they are read.
struct Made {
    next: u64,
    left: u64,
    /// Ends, or waits, after so many.
    until: Option<(u64, Duration)>,
}

impl Made {
    fn new(len: u64) -> Self {
        Self { next: 1, left: len, until: None }
    }
}

impl Read for Made {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Some((left, wait)) = self.until
            && self.left <= left
        {
            std::thread::sleep(wait);
            return Err(io::ErrorKind::Other.into());
        }
        let n = into.len().min(self.left as usize);
        for byte in &mut into[..n] {
            self.next = self.next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = (self.next >> 56) as u8;
        }
        self.left -= n as u64;
        Ok(n)
    }
}

/// A source that takes its time for each step.
struct Steps(Made);

impl Read for Steps {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        std::thread::sleep(Duration::from_millis(60));
        self.0.read(into)
    }
}

/// A source that breaks off half way, once the other side has begun to take what it sends: a stream that is broken off
/// before may take the call with it.
struct BreaksOff<'a>(Made, &'a Link);

impl Read for BreaksOff<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.0.left <= 500_000 {
            until(|| (self.1.counts().bytes_in > 0).then_some(()));
            return Err(io::ErrorKind::Other.into());
        }
        self.0.read(into)
    }
}

fn digest(mut from: impl Read) -> io::Result<(u64, Digest)> {
    let (mut bytes, mut part) = (Vec::new(), vec![0; 10_000]);
    loop {
        match from.read(&mut part)? {
            0 => return Ok((bytes.len() as u64, Digest::of(&bytes))),
            n => bytes.extend_from_slice(&part[..n]),
        }
    }
}

impl Host for Store {
    fn own(&self) -> Option<Own> {
        self.0.own()
    }

    fn contact(&self, did: &Did) -> Option<Known> {
        self.0.contact(did)
    }

    fn met(&self, peer: &Peer) {
        self.0.met(peer);
    }

    fn paired(&self, peer: &Peer) -> Result<(), String> {
        self.0.paired(peer)
    }

    fn answer(&self, peer: &Peer, call: Call) -> Reply {
        self.0.answer(peer, call)
    }

    fn answer_with(&self, peer: &Peer, call: Call, upload: Option<&mut Incoming>) -> (Reply, Option<Outgoing>) {
        let said = |len: &[u8]| u64::from_be_bytes(len.try_into().unwrap());
        match (call.name.as_str(), upload) {
            ("put@1", Some(upload)) => match digest(upload) {
                Ok((_, digest)) => (Reply::Done(digest.as_bytes().to_vec()), None),
                Err(error) => (Reply::Refused(Refusal::new(Code::Failed, error.to_string())), None),
            },
            ("get@1", None) => {
                let len = said(&call.body);
                (Reply::Done(b"here".to_vec()), Some(Outgoing { len, bytes: Box::new(Made::new(len)) }))
            }
            ("get-broken@1", None) => {
                let made = Made { until: Some((said(&call.body) / 2, Duration::ZERO)), ..Made::new(said(&call.body)) };
                (Reply::Done(Vec::new()), Some(Outgoing { len: said(&call.body), bytes: Box::new(made) }))
            }
            ("refuse@1", Some(_)) => (Reply::Refused(Refusal::new(Code::Denied, "not that")), None),
            (_, upload) => {
                assert!(upload.is_none());
                (self.0.answer(peer, call), None)
            }
        }
    }

    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

struct Pair {
    ann: Arc<Home>,
    at_ann: Link,
    at_bob: Link,
}

fn pair(settings: &Settings) -> Pair {
    let (ann, bob) = (Home::new(1), Home::new(2));
    let start = |home: &Arc<Home>, host: Arc<dyn Host>| {
        let seed = didymos_identity::Secret32::from_bytes([home.number ^ 0x40; 32]);
        let bind = vec!["127.0.0.1:0".parse().unwrap()];
        Link::start(&seed, Settings { bind, ..settings.clone() }, host).unwrap()
    };
    let (at_ann, at_bob) = (start(&ann, Arc::new(Store(ann.clone()))), start(&bob, bob.clone()));
    ann.know(&bob, &at_bob);
    bob.know(&ann, &at_ann);
    Pair { ann, at_ann, at_bob }
}

impl Pair {
    fn put(&self, name: &str, len: u64, from: &mut dyn Read) -> Result<Vec<u8>, LinkError> {
        let (body, more) = self.at_bob.call_with(&self.ann.did(), Call::new(name, Vec::new()), Some((len, from)))?;
        assert!(more.is_none());
        Ok(body)
    }

    fn get(&self, name: &str, len: u64) -> Result<Incoming, LinkError> {
        let call = Call::new(name, len.to_be_bytes().to_vec());
        self.at_bob.call_with(&self.ann.did(), call, None).map(|(_, more)| more.unwrap())
    }
}

fn code<T: std::fmt::Debug>(outcome: Result<T, LinkError>) -> Code {
    match outcome {
        Err(LinkError::Refused(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn bytes_of_any_length_cross_whole_in_both_directions() {
    let pair = pair(&Settings::default());
    for len in [0, 1, 65_535, 65_536, 65_537, 5_000_000] {
        let (_, made) = digest(Made::new(len)).unwrap();
        assert_eq!(pair.put("put@1", len, &mut Made::new(len)).unwrap(), made.as_bytes());
        let mut incoming = pair.get("get@1", len).unwrap();
        assert_eq!(digest(&mut incoming).unwrap(), (len, made));
    }
    let counts = pair.at_ann.counts();
    assert_eq!(counts.bytes_in, 5_196_609);
    assert_eq!((counts.bytes_out, counts.cut, counts.stalled), (5_196_609, 0, 0));
    assert_eq!(pair.at_bob.call(&pair.ann.did(), common::call("echo@1", b"still")).unwrap(), b"still");
}

#[test]
fn an_upload_that_is_refused_is_not_sent_to_its_end() {
    let pair = pair(&Settings::default());
    let len = 1 << 34;
    assert_eq!(code(pair.put("refuse@1", len, &mut Made::new(len))), Code::Denied);
    assert_eq!(pair.at_ann.counts().bytes_in, 0);
    assert!(pair.at_bob.counts().bytes_out < 64 << 20, "what the windows hold, and no more");
}

#[test]
fn a_source_that_breaks_off_half_way_is_told_and_counted() {
    let pair = pair(&Settings::default());
    let mut broken = BreaksOff(Made::new(1_000_000), &pair.at_ann);
    assert!(matches!(pair.put("put@1", 1_000_000, &mut broken), Err(LinkError::Source(_))));
    until(|| (pair.at_ann.counts().cut == 1).then_some(()));
    // Breaking a stream off may take the reply with it, or only what follows it.
    if let Ok(mut incoming) = pair.get("get-broken@1", 1_000_000) {
        assert_eq!(digest(&mut incoming).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(pair.at_bob.counts().cut, 1);
    }
}

#[test]
fn a_transfer_that_stands_still_is_given_up_and_one_that_goes_on_is_not() {
    let pair = pair(&Settings { stall_max: Duration::from_millis(400), ..Settings::default() });
    let mut slow = Made { until: Some((500_000, Duration::from_millis(1_500))), ..Made::new(1_000_000) };
    let _ = pair.put("put@1", 1_000_000, &mut slow);
    assert_eq!(pair.at_ann.counts().stalled, 1);
    // Far longer than a stall in all, and never for long without a step.
    assert!(pair.put("put@1", 1_000_000, &mut Steps(Made::new(1_000_000))).is_ok());
    assert_eq!(pair.at_ann.counts().stalled, 1);
}

#[test]
fn bytes_above_a_contacts_rate_come_slower_and_are_not_refused() {
    let flow = Limit { burst: 200_000, per_second: 1_000_000 };
    let pair = pair(&Settings { flow, ..Settings::default() });
    let began = Instant::now();
    pair.put("put@1", 500_000, &mut Made::new(500_000)).unwrap();
    assert!(began.elapsed() >= Duration::from_millis(250), "{:?}", began.elapsed());
}

#[test]
fn so_many_transfers_of_one_contact_go_at_a_time() {
    let pair = pair(&Settings { stall_max: Duration::from_secs(5), ..Settings::default() });
    let slow = || Steps(Made::new(1_000_000));
    // All of them over one connection.
    assert!(pair.put("put@1", 10, &mut Made::new(10)).is_ok());
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..6).map(|_| scope.spawn(|| pair.put("put@1", 1_000_000, &mut slow()))).collect();
        let refused = all.into_iter().map(|put| put.join().unwrap());
        let refused = refused.filter(|put| matches!(put, Err(LinkError::Refused(no)) if no.code == Code::TooMuch));
        assert_eq!(refused.count(), 2);
    });
    assert!(pair.put("put@1", 10, &mut Made::new(10)).is_ok());
}

#[test]
fn a_download_that_nobody_reads_on_ends_and_holds_nobody_up() {
    let pair = pair(&Settings::default());
    for _ in 0..6 {
        let mut incoming = pair.get("get@1", 1 << 34).unwrap();
        incoming.read_exact(&mut [0; 1_000]).unwrap();
    }
    assert!(pair.get("get@1", 10).is_ok());
}

#[test]
fn a_host_that_knows_of_no_bytes_wants_none() {
    let pair = pair(&Settings::default());
    let bob = pair.at_bob.call(&pair.ann.did(), common::call("echo@1", b"x")).unwrap();
    assert_eq!(bob, b"x");
    // Bob's host is a plain one.
    let did = pair.ann.contacts.lock().unwrap().keys().next().unwrap().clone();
    let outcome = pair.at_ann.call_with(&did, Call::new("put@1", Vec::new()), Some((10, &mut Made::new(10))));
    assert_eq!(code(outcome.map(|(body, _)| body)), Code::Invalid);
}
