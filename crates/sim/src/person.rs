//! Somebody with a twin, on a machine with a clock, a disk and a plug.

use crate::Broken;
use crate::lots::Lots;
use crate::net::Net;
use didymos_base::{Did, Timestamp};
use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::{Door, Failure, FailureCode, Friends, Listen, Request, Response, Twin, World, unwatched};
use didymos_vault::disk::RealDisk;
use didymos_vault::fault::FaultyDisk;
use didymos_vault::journal::JOURNAL;
use didymos_vault::{Opening, Vault, VaultKey};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

const PASSPHRASE: &str = "correct horse battery";

/// Somebody with a twin.
pub struct Person {
    /// Counted from 0.
    pub number: usize,
    /// Whether receipts of looking are gathered, as a server does.
    pub gathers: bool,
    /// Whether the clock was ever set back.
    pub set_back: bool,
    /// How often it was set ahead.
    pub set_ahead: u32,
    /// How often the plug was pulled.
    pub crashes: u32,
    /// How often the twin was opened.
    pub openings: u32,
    machine: Machine,
    did: Did,
    entropy: [u8; 32],
    /// A copy of the machine's disk, as somebody made it.
    copy: Option<FaultyDisk>,
    twin: Option<Arc<Twin>>,
}

/// What a twin runs on.
struct Machine {
    number: usize,
    home: PathBuf,
    disk: FaultyDisk,
    net: Net,
    time: Arc<AtomicI64>,
    skew: Arc<AtomicI64>,
    chance: Arc<Mutex<Lots>>,
}

impl Machine {
    fn world(&self) -> World {
        let (time, skew, chance) = (Arc::clone(&self.time), Arc::clone(&self.skew), Arc::clone(&self.chance));
        World {
            clock: Arc::new(move || Timestamp(time.load(Ordering::Relaxed) + skew.load(Ordering::Relaxed))),
            chance: Arc::new(move |bytes: &mut [u8]| {
                chance.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
                true
            }),
            disk: Arc::new(self.disk.clone()),
            network: Arc::new(self.net.socket(self.number, self.disk.clone())),
            threads: false,
            ..World::default()
        }
    }
}

fn failed(doing: &str, failure: &Failure) -> Broken {
    Broken::new("a twin opens and answers its owner", format!("{doing}: {failure}"))
}

impl Person {
    /// Makes somebody's twin, with keys from `seed`.
    pub fn new(number: usize, seed: u64, dir: &Path, net: &Net, time: &Arc<AtomicI64>) -> Result<Self, Broken> {
        let mut chance = Lots::of(seed, 0x0100 + number as u64);
        let entropy = chance.bytes();
        let phrase = RecoveryPhrase::from_entropy(entropy);
        let gathers = chance.once_in(3);
        let machine = Machine {
            number,
            home: dir.join(number.to_string()),
            disk: FaultyDisk::default(),
            net: net.clone(),
            time: Arc::clone(time),
            skew: Arc::default(),
            chance: Arc::new(Mutex::new(chance)),
        };
        let twin = Twin::init_in(machine.world(), &machine.home, &phrase, PASSPHRASE, KdfCost::for_tests())
            .map_err(|failure| failed("a new twin", &failure))?;
        let did = twin.did().clone();
        let mut person = Self {
            number,
            gathers,
            set_back: false,
            set_ahead: 0,
            crashes: 0,
            openings: 1,
            machine,
            did,
            entropy,
            copy: None,
            twin: None,
        };
        person.attach(twin);
        Ok(person)
    }

    fn attach(&mut self, twin: Twin) {
        let twin = Arc::new(twin);
        twin.attach(Listen::Usual);
        if self.gathers {
            twin.gather_receipts();
        }
        self.twin = Some(twin);
    }

    /// The twin, if it runs.
    #[must_use]
    pub fn twin(&self) -> Option<&Arc<Twin>> {
        self.twin.as_ref()
    }

    /// The twin's DID.
    #[must_use]
    pub fn did(&self) -> &Did {
        &self.did
    }

    /// The phrase that the person keeps on paper.
    #[must_use]
    pub fn phrase(&self) -> RecoveryPhrase {
        RecoveryPhrase::from_entropy(self.entropy)
    }

    /// The disk under the twin.
    #[must_use]
    pub fn disk(&self) -> &FaultyDisk {
        &self.machine.disk
    }

    /// The twin's folder on it.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.machine.home
    }

    /// The person's twin on an empty machine with this number and folder, from friends with these tickets. Its journal
    /// is what comes back.
    pub fn restored(&self, number: usize, home: &Path, tickets: &[String]) -> Result<Vec<u8>, Failure> {
        let world = World {
            disk: Arc::new(RealDisk),
            network: Arc::new(self.machine.net.socket(number, FaultyDisk::default())),
            ..self.machine.world()
        };
        let keys = (PASSPHRASE, KdfCost::for_tests());
        let twin = Twin::restore_from_friends_in(
            world,
            home,
            &Friends::by_tickets(tickets),
            &self.phrase(),
            keys,
            &mut unwatched,
        );
        self.machine.net.unplug(number);
        drop(twin?);
        let path = home.join(JOURNAL);
        std::fs::read(&path).map_err(|error| Failure::new(FailureCode::Io, format!("{}: {error}", path.display())))
    }

    /// Asks the twin, as its owner. None while it does not run, or where its plug was pulled meanwhile.
    pub fn ask(&self, request: Request) -> Option<Result<Response, Failure>> {
        let twin = self.twin.as_ref()?;
        let answer = twin.ask(&twin.principal(), request, &mut unwatched);
        (answer.is_ok() || !self.is_pulled()).then_some(answer)
    }

    /// Whether the machine went down while the twin was at work.
    #[must_use]
    pub fn is_pulled(&self) -> bool {
        self.machine.disk.is_pulled()
    }

    /// After so many more writes the machine goes down.
    pub fn pull_plug_after(&self, operations: u64) {
        self.machine.disk.set_operations(Some(operations));
    }

    /// The plug stays where it is.
    pub fn keep_plugged(&self) {
        if !self.is_pulled() {
            self.machine.disk.set_operations(None);
        }
    }

    /// Moves the clock against everybody else's.
    pub fn set_clock(&mut self, skew_ms: i64) {
        let before = self.machine.skew.swap(skew_ms, Ordering::Relaxed);
        self.set_back |= skew_ms < before;
        self.set_ahead += u32::from(skew_ms > before);
    }

    /// The machine goes down now. Of what each file had not made durable, `kept` bytes reached the medium.
    pub fn crash(&mut self, kept: usize) {
        self.machine.disk.set_operations(Some(0));
        self.machine.net.unplug(self.number);
        self.twin = None;
        self.machine.disk = self.machine.disk.after_power_cut(kept);
        self.crashes += 1;
    }

    /// Somebody copies the machine's disk. Returns how many commits its journal has, if it can be read.
    pub fn copy_machine(&mut self) -> Option<u64> {
        let copy = self.machine.disk.after_power_cut(0);
        let opening = Opening {
            dir: &self.machine.home,
            key: VaultKey::new(self.phrase().vault_key()),
            owner: self.did.clone(),
            signer: None,
            chance: None,
        };
        let vault = Vault::open_on(Arc::new(copy.after_power_cut(0)), opening).ok()?;
        self.copy = Some(copy);
        Some(vault.tip()?.seq + 1)
    }

    /// The machine is set back to the copy of its disk, if there is one.
    pub fn set_machine_back(&mut self) {
        if let Some(copy) = &self.copy {
            self.machine.net.unplug(self.number);
            self.twin = None;
            self.machine.disk = copy.after_power_cut(0);
        }
    }

    /// Closes the twin in order.
    pub fn close(&mut self) {
        if let Some(twin) = self.twin.take() {
            twin.go_offline();
        }
        self.machine.net.unplug(self.number);
    }

    /// Opens the twin again, and listens.
    pub fn open(&mut self) -> Result<(), Broken> {
        if self.twin.is_some() {
            return Ok(());
        }
        let twin = Twin::open_in(self.machine.world(), &self.machine.home, PASSPHRASE)
            .map_err(|failure| failed(&format!("person {} opens", self.number), &failure))?;
        self.openings += 1;
        self.attach(twin);
        self.listen()
    }

    /// Listens for contacts.
    pub fn listen(&self) -> Result<(), Broken> {
        let Some(twin) = &self.twin else { return Ok(()) };
        match twin.listen_for_contacts() {
            Err(failure) if !self.is_pulled() => Err(failed("listening", &failure)),
            _ => Ok(()),
        }
    }
}
