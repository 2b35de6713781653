//! Two people with a twin each, on the loopback interface.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use didymos_base::Did;
use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::request::{
    ContactChange, ContractOffer, ContractWhich, Import, Look, PairAsked, PairConfirm, PairJoin,
};
use didymos_twin::response::{ContactShown, ContractShown, LookAnswer, PairingShown, PairingState};
use didymos_twin::{Door, Failure, Listen, Request, Response, Twin, unwatched};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const PASSPHRASE: &str = "correct horse battery";

/// Somebody with a twin in a folder of their own.
pub struct Person {
    pub dir: TempDir,
    pub twin: Arc<Twin>,
}

/// Somebody whose twin does not run. It comes back where it was.
pub struct Away {
    dir: TempDir,
    home: PathBuf,
    addrs: Vec<SocketAddr>,
}

impl Away {
    pub fn back(self) -> Person {
        let twin = Twin::open(&self.home, PASSPHRASE).unwrap();
        Person { dir: self.dir, twin: open(twin, &self.addrs) }
    }

    /// It comes back at another address.
    pub fn elsewhere(self) -> Person {
        let twin = Twin::open(&self.home, PASSPHRASE).unwrap();
        Person { dir: self.dir, twin: open(twin, &[]) }
    }
}

pub fn open(twin: Twin, at: &[SocketAddr]) -> Arc<Twin> {
    let twin = Arc::new(twin);
    let at = if at.is_empty() { vec!["127.0.0.1:0".parse().unwrap()] } else { at.to_vec() };
    twin.attach(Listen::At(at));
    twin
}

impl Person {
    pub fn new(number: u8) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let phrase = RecoveryPhrase::from_entropy([number; 32]);
        let twin = Twin::init(&dir.path().join("twin"), &phrase, PASSPHRASE, KdfCost::for_tests()).unwrap();
        Self { dir, twin: open(twin, &[]) }
    }

    /// Closes the twin and opens it again, as a restart does.
    pub fn reopen(self) -> Self {
        self.close().back()
    }

    /// Closes the twin.
    pub fn close(self) -> Away {
        let Self { dir, twin } = self;
        let (home, addrs) = (twin.home().to_owned(), twin.link_addrs());
        twin.go_offline();
        let mut twin = twin;
        let began = Instant::now();
        // Whoever was answered last may hold it for a moment longer.
        while let Err(shared) = Arc::try_unwrap(twin).map(drop) {
            assert!(began.elapsed() < Duration::from_secs(20), "somebody keeps the twin open");
            std::thread::sleep(Duration::from_millis(5));
            twin = shared;
        }
        Away { dir, home, addrs }
    }

    pub fn ask(&self, request: Request) -> Result<Response, Failure> {
        self.twin.ask(&self.twin.principal(), request, &mut unwatched)
    }

    pub fn did(&self) -> Did {
        self.twin.did().clone()
    }

    /// Takes in a heart rate of every ten minutes for `days` days from 2016-04-01, and as many steps.
    pub fn with_data(self, days: u32) -> Self {
        for (file, name) in [("heartrate_minutes.csv", 60), ("minuteStepsNarrow.csv", 0)] {
            let mut text = String::from(if name == 60 { "Id,Time,Value\n" } else { "Id,ActivityMinute,Steps\n" });
            for day in 1..=days {
                for minute in (0..1_440).step_by(10) {
                    let (hour, half) = ((minute / 60 + 11) % 12 + 1, if minute < 720 { "AM" } else { "PM" });
                    let value = name + (minute / 60 * 7 + day) % 60;
                    text.push_str(&format!("7,4/{day}/2016 {hour}:{:02}:00 {half},{value}\n", minute % 60));
                }
            }
            let path = self.dir.path().join(file);
            std::fs::write(&path, text).unwrap();
            self.ask(Request::Import(Import { paths: vec![path], ..Import::default() })).unwrap();
        }
        self
    }

    fn pairing(&self, request: Request) -> PairingShown {
        let Response::Pairings(mut all) = self.ask(request).unwrap() else { panic!() };
        all.remove(0)
    }

    /// Waits until the pairing stands otherwise than `state`.
    fn after(&self, pairing: &PairingShown, state: PairingState) -> PairingShown {
        loop {
            let asked = PairAsked { pairing: Some(pairing.pairing), unless: Some(state) };
            let now = self.pairing(Request::PairList(asked));
            if now.state != state {
                return now;
            }
        }
    }

    pub fn contacts(&self) -> Vec<ContactShown> {
        let Response::Contacts(contacts) = self.ask(Request::Contacts).unwrap() else { panic!() };
        contacts
    }

    pub fn contracts(&self) -> Vec<ContractShown> {
        let Response::Contracts(contracts) = self.ask(Request::Contracts).unwrap() else { panic!() };
        contracts
    }

    pub fn grant(&self, offer: ContractOffer) -> ContractShown {
        let Response::Contracts(mut contracts) = self.ask(Request::ContractOffer(offer)).unwrap() else { panic!() };
        contracts.remove(0)
    }

    pub fn accept(&self, contract: &str) -> Result<ContractShown, Failure> {
        let which = ContractWhich { contract: contract.to_owned() };
        let Response::Contracts(mut contracts) = self.ask(Request::ContractAccept(which))? else { panic!() };
        Ok(contracts.remove(0))
    }

    pub fn end(&self, contract: &str) -> ContractShown {
        let which = ContractWhich { contract: contract.to_owned() };
        let Response::Contracts(mut contracts) = self.ask(Request::ContractEnd(which)).unwrap() else { panic!() };
        contracts.remove(0)
    }

    pub fn look(&self, look: Look) -> Result<LookAnswer, Failure> {
        match self.ask(Request::Look(look))? {
            Response::Looked(seen) => Ok(*seen),
            other => panic!("{other:?}"),
        }
    }

    pub fn change(&self, change: ContactChange) -> Result<Response, Failure> {
        self.ask(Request::ContactChange(change))
    }
}

/// Pairs the two; both people say yes.
pub fn pair(inviter: &Person, joiner: &Person) {
    let here = inviter.pairing(Request::PairInvite);
    let ticket = here.ticket.clone().unwrap();
    let there = joiner.pairing(Request::PairJoin(PairJoin { ticket }));
    let there = joiner.after(&there, PairingState::Knocking);
    let here = inviter.after(&inviter.after(&here, PairingState::Waiting), PairingState::Knocking);
    assert_eq!(here.digits, there.digits);
    assert_eq!((here.did.as_ref(), there.did.as_ref()), (Some(&joiner.did()), Some(&inviter.did())));
    for (person, pairing) in [(inviter, &here), (joiner, &there)] {
        person.pairing(Request::PairConfirm(PairConfirm { pairing: pairing.pairing, same: true }));
    }
    for (person, pairing) in [(inviter, &here), (joiner, &there)] {
        let mut now = person.after(pairing, PairingState::Compare);
        if now.state == PairingState::Said {
            now = person.after(pairing, PairingState::Said);
        }
        assert_eq!(now.state, PairingState::Done, "{:?}", now.words);
    }
}

/// Waits until `what` is so.
pub fn until(mut what: impl FnMut() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_secs(30), "it did not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn offer(contact: &Person, streams: &[&str]) -> ContractOffer {
    offer_to(&contact.did(), streams)
}

pub fn offer_to(contact: &Did, streams: &[&str]) -> ContractOffer {
    ContractOffer {
        contact: contact.to_string(),
        streams: streams.iter().map(|stream| stream.parse().unwrap()).collect(),
        purpose: "training together".to_owned(),
        from: Some("2016-04-02".parse().unwrap()),
        to: Some("2016-04-05".parse().unwrap()),
        every: Some("1h".parse().unwrap()),
        rate: None,
        days: 30,
    }
}

pub fn look(whose: &Person, stream: &str) -> Look {
    Look {
        contact: whose.did().to_string(),
        stream: stream.parse().unwrap(),
        from: None,
        to: None,
        every: None,
        limit: 1_000,
    }
}
