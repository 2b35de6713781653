//! Requests between two twins, beside bare iroh, in one run and in turns: whatever else the machine does meanwhile
//! slows all of them alike.
//!
//! - `bare`: a stream, a message of the size of an ask, and an answer of the size of an answer, over iroh alone;
//! - `call`: the same through a link: framed, proven, limited;
//! - `door`: a signed ask for a day of a stream by the hour, decided by a contract, answered from the vault, receipted
//!   by the answering twin, its signed receipt checked by the asking side;
//! - [`bulk`]: sealed objects from one device to another.

mod bulk;

use didymos_base::{Did, Timestamp, canonical};
use didymos_identity::{DidDocument, KdfCost, RecoveryPhrase, Secret32, SigningKey};
use didymos_link::{Call, Host, Known, Link, Own, Peer, Place, Reply, Settings, Stage};
use didymos_twin::peers::ask::{Answer, Ask};
use didymos_twin::request::{ContractOffer, Import, PairAsked, PairConfirm, Query};
use didymos_twin::response::PairingState;
use didymos_twin::{Door, Keeper, Listen, Request, Response, Twin, unwatched};
use iroh::endpoint::{Connection, presets};
use iroh::{Endpoint, EndpointAddr, SecretKey, TransportAddr};
use serde_json::{Value, json};
use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Turns of each, after some to warm up.
const TURNS: usize = 400;
const WARM_UP: usize = 50;

/// The asking side: keys, and what is known of the other.
struct Asker {
    own: Own,
    other: Mutex<Option<Known>>,
    answer_len: usize,
}

impl Host for Asker {
    fn own(&self) -> Option<Own> {
        Some(self.own.clone())
    }

    fn contact(&self, _: &Did) -> Option<Known> {
        self.other.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn met(&self, _: &Peer) {}

    fn paired(&self, peer: &Peer) -> std::result::Result<(), String> {
        let places = vec![Place { endpoint: peer.endpoint, addrs: peer.addrs.clone() }];
        let known = Known { versions: peer.versions.clone(), places };
        *self.other.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(())
    }

    fn answer(&self, _: &Peer, _: Call) -> Reply {
        Reply::Done(vec![7; self.answer_len])
    }

    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

fn asker(number: u8, answer_len: usize) -> Result<(Arc<Asker>, Link)> {
    let phrase = RecoveryPhrase::from_entropy([number; 32]);
    let device = SigningKey::from_seed(&Secret32::from_bytes([number ^ 0x80; 32]));
    let first = DidDocument::genesis(&phrase.identity_key(), device.did(), Timestamp(0), None);
    let own = Own { versions: vec![first], device, name: None };
    let host = Arc::new(Asker { own, other: Mutex::default(), answer_len });
    let bind = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
    let settings = Settings { bind, limit: unlimited(), ..Settings::default() };
    let link = Link::start(&Secret32::from_bytes([number ^ 0x40; 32]), settings, host.clone())?;
    Ok((host, link))
}

fn unlimited() -> didymos_link::rate::Limit {
    didymos_link::rate::Limit { burst: 1_000_000, per_second: 1_000_000 }
}

/// A twin with thirty days of a heart rate, kept as a server keeps it.
fn twin(dir: &Path) -> Result<(Arc<Twin>, Keeper)> {
    let twin =
        Twin::init(&dir.join("twin"), &RecoveryPhrase::from_entropy([7; 32]), "a passphrase", KdfCost::for_tests())?;
    let twin = Arc::new(twin);
    twin.attach(Listen::At(vec![SocketAddr::from(([127, 0, 0, 1], 0))]));
    let mut text = String::from("Id,Time,Value\n");
    for day in 1..=30 {
        for minute in 0..1_440 {
            let (hour, half) = ((minute / 60 + 11) % 12 + 1, if minute < 720 { "AM" } else { "PM" });
            let value = 50 + (minute / 60 * 7 + day) % 60;
            text.push_str(&format!("7,4/{day}/2016 {hour}:{:02}:00 {half},{value}\n", minute % 60));
        }
    }
    let path = dir.join("heartrate_minutes.csv");
    std::fs::write(&path, text)?;
    twin.ask(&twin.principal(), Request::Import(Import { paths: vec![path], ..Import::default() }), &mut unwatched)?;
    let keeper = Keeper::of(Arc::clone(&twin), KdfCost::for_tests());
    Ok((twin, keeper))
}

fn pair(twin: &Twin, link: &Link) -> Result<()> {
    let ask = |request| twin.ask(&twin.principal(), request, &mut unwatched);
    let Response::Pairings(begun) = ask(Request::PairInvite)? else { return Err("no pairing".into()) };
    let ticket = begun[0].ticket.clone().ok_or("no ticket")?;
    let id = link.join(ticket.parse()?)?;
    let stands = |wanted: fn(&Stage) -> bool| {
        let since = Instant::now();
        while !link.meetings().iter().any(|meeting| meeting.id == id && wanted(&meeting.stage)) {
            if since.elapsed() > Duration::from_secs(20) {
                return Err("the pairing does not go on");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    };
    stands(|stage| matches!(stage, Stage::Compare { .. }))?;
    link.say(id, true)?;
    let pairing = begun[0].pairing;
    // This side keeps its contact in its own time.
    let mut said = false;
    loop {
        let asked = PairAsked { pairing: Some(pairing), unless: None };
        let Response::Pairings(now) = ask(Request::PairList(asked))? else { return Err("no pairing".into()) };
        match now[0].state {
            PairingState::Done => break,
            PairingState::Compare if !said => {
                ask(Request::PairConfirm(PairConfirm { pairing, same: true }))?;
                said = true;
            }
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    Ok(stands(|stage| matches!(stage, Stage::Done { .. }))?)
}

/// Makes `other` known to `host`.
fn knows(host: &Asker, other: &Asker, link: &Link) {
    let places = vec![Place { endpoint: link.key(), addrs: link.addrs() }];
    let known = Known { versions: other.own.versions.clone(), places };
    *host.other.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
}

/// Two bare endpoints, one of which answers every stream with `answer_len` bytes.
struct Bare {
    runtime: tokio::runtime::Runtime,
    connection: Connection,
    _ends: [Endpoint; 2],
}

impl Bare {
    fn new(answer_len: usize) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (connection, ends) = runtime.block_on(async {
            let bind = |seed: u8| async move {
                let builder = Endpoint::builder(presets::Minimal).secret_key(SecretKey::from_bytes(&[seed; 32]));
                let builder = builder.alpns(vec![b"bare".to_vec()]).clear_ip_transports();
                Ok::<_, Box<dyn Error>>(builder.bind_addr("127.0.0.1:0")?.bind().await?)
            };
            let (here, there) = (bind(1).await?, bind(2).await?);
            let addrs = there.bound_sockets().into_iter().map(TransportAddr::Ip);
            let addr = EndpointAddr::from_parts(there.id(), addrs);
            let server = there.clone();
            tokio::spawn(async move {
                let Some(Ok(accepting)) = server.accept().await.map(iroh::endpoint::Incoming::accept) else { return };
                let Ok(connection) = accepting.await else { return };
                let part = vec![7; answer_len.min(64 * 1024)];
                while let Ok((mut send, mut recv)) = connection.accept_bi().await {
                    if recv.read_to_end(1 << 20).await.is_err() {
                        continue;
                    }
                    let mut left = answer_len;
                    while left > 0 && send.write_all(&part[..left.min(part.len())]).await.is_ok() {
                        left -= left.min(part.len());
                    }
                    let _ = send.finish();
                }
            });
            let connection = here.connect(addr, b"bare").await?;
            Ok::<_, Box<dyn Error>>((connection, [here, there]))
        })?;
        Ok(Self { runtime, connection, _ends: ends })
    }

    /// Asks, and takes the answer as it comes, into nothing.
    fn take(&self, message: &[u8]) -> Result<usize> {
        self.runtime.block_on(async {
            let (mut send, mut recv) = self.connection.open_bi().await?;
            send.write_all(message).await?;
            send.finish()?;
            let (mut part, mut all) = (vec![0; 64 * 1024], 0);
            while let Some(n) = recv.read(&mut part).await? {
                all += n;
            }
            Ok(all)
        })
    }

    fn ask(&self, message: &[u8]) -> Result<usize> {
        self.runtime.block_on(async {
            let (mut send, mut recv) = self.connection.open_bi().await?;
            send.write_all(message).await?;
            send.finish()?;
            Ok(recv.read_to_end(1 << 20).await?.len())
        })
    }
}

fn microseconds(mut times: Vec<Duration>) -> Value {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    json!({ "p50_us": at(0.5), "p90_us": at(0.9), "p99_us": at(0.99) })
}

pub(crate) fn run(megabytes: usize) -> Result<Value> {
    let dir = tempfile::tempdir()?;
    let (twin, keeper) = twin(dir.path())?;
    let (eve, link) = asker(3, 0)?;
    pair(&twin, &link)?;
    let did = eve.own.did().ok_or("no identity")?.clone();
    let offer = ContractOffer {
        contact: did.to_string(),
        streams: vec!["heart_rate".parse()?],
        purpose: "measuring".to_owned(),
        from: None,
        to: None,
        every: Some("1h".parse()?),
        rate: None,
        days: 1,
    };
    let Response::Contracts(offered) = twin.ask(&twin.principal(), Request::ContractOffer(offer), &mut unwatched)?
    else {
        return Err("no contract".into());
    };
    let offer = twin.offer_of(&offered[0].contract).ok_or("no offer")?;
    let device = &eve.own.device;
    let put = |request: &Request| -> Result<(Ask, Vec<u8>)> {
        let ask = Ask::new(serde_json::to_vec(request)?, twin.did().clone(), Timestamp(1), [0; 16], device);
        let body = link.call(twin.did(), Call::new("ask@1", canonical::encode(&ask)))?;
        Ok((ask, body))
    };
    let paper = didymos_consent::Paper::Acceptance(offer.accept(device, Timestamp(1)));
    put(&Request::Paper(didymos_twin::request::PaperIn::of(&paper)))?;
    let query = Request::Query(Query {
        stream: "heart_rate".parse()?,
        from: Some("2016-04-10".parse()?),
        to: Some("2016-04-11".parse()?),
        every: Some("1h".parse()?),
        source: None,
        limit: 100,
    });
    let (ask, body) = put(&query)?;
    let (ask_len, answer_len) = (canonical::encode(&ask).len(), body.len());
    let identity = didymos_identity::verify_chain(
        &eve.other.lock().unwrap_or_else(PoisonError::into_inner).as_ref().ok_or("not paired")?.versions,
    )?;

    let bare = Bare::new(answer_len)?;
    let message = vec![7; ask_len];
    let (ann, at_ann) = asker(1, answer_len)?;
    let (bob, at_bob) = asker(2, answer_len)?;
    knows(&ann, &bob, &at_bob);
    knows(&bob, &ann, &at_ann);
    let bobs = bob.own.did().ok_or("no identity")?.clone();

    let mut times: [Vec<Duration>; 3] = Default::default();
    for turn in 0..TURNS + WARM_UP {
        let began = Instant::now();
        if bare.ask(&message)? != answer_len {
            return Err("a short answer".into());
        }
        let bare_took = began.elapsed();
        let began = Instant::now();
        at_ann.call(&bobs, Call::new("echo@1", message.clone()))?;
        let call_took = began.elapsed();
        let began = Instant::now();
        let (ask, body) = put(&query)?;
        let answer = Answer::decode(&body)?;
        answer.used.as_ref().ok_or("no receipt")?.check(&ask, &answer.answer, &identity)?;
        let door_took = began.elapsed();
        if turn >= WARM_UP {
            for (times, took) in times.iter_mut().zip([bare_took, call_took, door_took]) {
                times.push(took);
            }
        }
        // As often as a contact may ask in the long run.
        std::thread::sleep(Duration::from_millis(25));
    }
    let [bare, call, door] = times.map(microseconds);
    let ratio = |of: &Value| of["p50_us"].as_f64().zip(bare["p50_us"].as_f64()).map(|(of, bare)| of / bare);
    let ratios = json!({ "call": ratio(&call), "door": ratio(&door) });
    keeper.lock();
    Ok(json!({
        "turns": TURNS, "ask_bytes": ask_len, "answer_bytes": answer_len,
        "bare": bare, "call": call, "door": door, "times_bare_p50": ratios,
        "bulk": bulk::run(megabytes)?, "catching_up": bulk::catching_up()?,
    }))
}
