//! People whose twins share a clock that a test moves.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use crate::common::{PASSPHRASE, Person, open, pair, until};
use didymos_base::Timestamp;
use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::request::{ClaimApprove, ClaimWhich, GuardiansSet, RecoveryBegin, WardWhich, Words};
use didymos_twin::response::{ClaimShown, GuardiansAnswer, RecoveryAnswer, WardState};
use didymos_twin::{Failure, Request, Response, Twin, World};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

pub const HOUR: i64 = 3_600_000;
pub const DAY: i64 = 24 * HOUR;

/// What everybody's clock says.
#[derive(Clone)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    pub fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_800_000_000_000)))
    }

    pub fn pass(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    pub fn world(&self) -> World {
        let clock = Arc::clone(&self.0);
        World { clock: Arc::new(move || Timestamp(clock.load(Ordering::SeqCst))), ..World::default() }
    }
}

pub fn phrase(number: u8) -> RecoveryPhrase {
    RecoveryPhrase::from_entropy([number; 32])
}

pub fn words(number: u8) -> Words {
    Words::new(Zeroizing::new(phrase(number).words().to_string()))
}

/// Somebody with a name, and a twin on this clock.
pub fn person(number: u8, name: &str, clock: &Clock) -> Person {
    let dir = tempfile::tempdir().unwrap();
    let (home, cost) = (dir.path().join("twin"), KdfCost::for_tests());
    let twin = Twin::init_in(clock.world(), &home, &phrase(number), PASSPHRASE, cost).unwrap();
    twin.call_oneself(name).unwrap();
    let person = Person { dir, twin: open(twin, &[]) };
    person.twin.listen_for_contacts().unwrap();
    person
}

/// Somebody whose twin does not run.
pub struct Away {
    dir: tempfile::TempDir,
    home: std::path::PathBuf,
    addrs: Vec<std::net::SocketAddr>,
}

impl Away {
    pub fn home(&self) -> &std::path::Path {
        &self.home
    }

    /// It comes back where it was.
    pub fn back(self, clock: &Clock) -> Person {
        let twin = Twin::open_in(clock.world(), &self.home, PASSPHRASE).unwrap();
        let person = Person { dir: self.dir, twin: open(twin, &self.addrs) };
        person.twin.listen_for_contacts().unwrap();
        person
    }
}

/// Closes somebody's twin.
pub fn away(person: Person) -> Away {
    let Person { dir, twin } = person;
    let (home, addrs) = (twin.home().to_owned(), twin.link_addrs());
    twin.go_offline();
    let (mut twin, began) = (twin, Instant::now());
    while let Err(shared) = Arc::try_unwrap(twin).map(drop) {
        assert!(began.elapsed() < Duration::from_secs(30), "somebody keeps the twin open");
        std::thread::sleep(Duration::from_millis(5));
        twin = shared;
    }
    Away { dir, home, addrs }
}

/// Closes somebody's twin and opens it again where it was.
pub fn restart(person: Person, clock: &Clock) -> Person {
    away(person).back(clock)
}

pub fn guardians(of: &Person, request: Request) -> Result<GuardiansAnswer, Failure> {
    match of.ask(request)? {
        Response::Guardians(answer) => Ok(*answer),
        other => panic!("{other:?}"),
    }
}

pub fn list(of: &Person) -> GuardiansAnswer {
    guardians(of, Request::Guardians).unwrap()
}

pub fn recovery(of: &Person, request: Request) -> RecoveryAnswer {
    match of.ask(request).unwrap() {
        Response::Recovery(answer) => answer,
        other => panic!("{other:?}"),
    }
}

/// `ward` has these guardians, of whom it takes `threshold`; all have accepted.
pub fn guarded(ward: &Person, number: u8, by: &[&Person], threshold: u8, wait_days: u32) {
    for guardian in by {
        if ward.contacts().iter().all(|contact| contact.did != guardian.did()) {
            pair(ward, guardian);
        }
    }
    appoint(ward, number, by, threshold, wait_days);
}

/// The same, where they are in contact already.
pub fn appoint(ward: &Person, number: u8, by: &[&Person], threshold: u8, wait_days: u32) {
    let guardians_set = GuardiansSet {
        guardians: by.iter().map(|one| one.did().to_string()).collect(),
        threshold,
        wait_days,
        phrase: words(number),
    };
    guardians(ward, Request::GuardiansSet(guardians_set)).unwrap();
    accepted(ward, by);
}

/// Everybody accepts, and `ward` knows it.
pub fn accepted(ward: &Person, by: &[&Person]) {
    let round = list(ward).ring.unwrap().round;
    for guardian in by {
        let of = |answer: &GuardiansAnswer| {
            answer.wards.iter().any(|one| one.did == ward.did() && one.round == round && one.state == WardState::Asking)
        };
        until(|| of(&list(guardian)));
        let which = WardWhich { ward: ward.did().to_string() };
        guardians(guardian, Request::GuardianAccept(which)).unwrap();
    }
    until(|| {
        list(ward).ring.unwrap().guardians.iter().all(|one| one.state == didymos_twin::response::GuardianState::Holding)
    });
}

/// A new machine in the hands of somebody who says whose twin they want back, in contact with `guardians`.
pub fn machine(number: u8, who: &str, guardians: &[&Person], clock: &Clock) -> Person {
    let machine = person(number, "a new machine", clock);
    for guardian in guardians {
        pair(guardian, &machine);
    }
    recovery(&machine, Request::RecoveryBegin(RecoveryBegin { who: who.to_owned() }));
    machine
}

pub fn status(machine: &Person) -> RecoveryAnswer {
    recovery(machine, Request::RecoveryStatus)
}

pub fn claim_at(guardian: &Person) -> ClaimShown {
    list(guardian).claims.into_iter().next().unwrap()
}

pub fn approve(guardian: &Person, digits: &str, ward: Option<&str>) -> Result<GuardiansAnswer, Failure> {
    let claim = claim_at(guardian).claim.to_string();
    let asked = ClaimApprove { claim, digits: digits.to_owned(), ward: ward.map(str::to_owned) };
    guardians(guardian, Request::ClaimApprove(asked))
}

pub fn cancel(ward: &Person) -> Result<GuardiansAnswer, Failure> {
    let claim = claim_at(ward).claim.to_string();
    guardians(ward, Request::ClaimCancel(ClaimWhich { claim }))
}
