//! Net: real twins on hosts of their own, with distance, loss, partitions, wrong clocks and sudden death between them.
//!
//! Each host is a network namespace that this test makes and takes away; nothing goes out of them. Between two hosts a
//! datagram takes its time and may overtake others ([`forward`]), and one in twenty is lost. Clocks are up to a day
//! wrong. By the command line people pair, make contracts ([`deals`]), write to each other ([`chat`]), and spread their
//! journals over each other's disks ([`copies`]), while links go down and machines are killed. Then everything is made
//! good, and: nothing that was acknowledged is lost, nothing is there twice, everybody sees the same in an order that
//! fits, machines that burn down come back bit for bit from the friends who are left, and every vault verifies.

mod chat;
mod copies;
mod deals;
mod desk;
pub(crate) mod forward;
mod hosts;

use crate::program::{self, Program};
use crate::seeded::Seeded;
use crate::{Result, made_up};
use chat::Chat;
use clap::Args;
use copies::Copies;
use deals::Deals;
use desk::Desk;
use hosts::Hosts;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Loss between hosts, in percent.
const LOSS_PERCENT: u8 = 5;
/// How long a datagram is on its way, and by how much that differs.
const DELAY_MS: u64 = 100;
const JITTER_MS: u64 = 20;
/// How long anything may take that has to come.
const PATIENCE: Duration = Duration::from_mins(3);
const PAUSE: Duration = Duration::from_millis(500);
/// People do at least so many things while there is trouble.
const ACTS_MIN: u32 = 40;
const DAY_MS: i64 = 86_400_000;

/// How long, and with which program.
#[derive(Args)]
pub(crate) struct Net {
    /// How long things go wrong, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// The longest partition, in seconds; 600 are ten minutes
    #[arg(long, default_value_t = 15)]
    partition: u64,
    /// How many hosts; with six, each has five friends
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(5..=9))]
    hosts: u8,
    /// How many people spread their journals over the others' disks
    #[arg(long, default_value_t = 6)]
    owners: u8,
    /// How many times each of them loses their machine, each time with other friends gone
    #[arg(long, default_value_t = 10)]
    restores: u8,
    /// Where the lots come from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A built `twin`; wrong clocks need a debug build. Without it one is built in release
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// What is not so yet, in words.
type Yet = std::result::Result<(), String>;

struct Town {
    hosts: Hosts,
    desks: Vec<Desk>,
    stop: Arc<AtomicBool>,
}

impl Drop for Town {
    fn drop(&mut self) {
        for desk in &mut self.desks {
            desk.kill();
        }
    }
}

/// What people do with each other.
struct Doings {
    deals: Deals,
    chat: Chat,
    copies: Copies,
}

impl Doings {
    /// Something that a person does, as far as their machine lets them.
    fn act(&mut self, town: &Town, net: &Net, lots: &mut Seeded) -> Result<()> {
        let who = lots.below(town.desks.len() as u64) as usize;
        let whom = (who + 1 + lots.below(town.desks.len() as u64 - 1) as usize) % town.desks.len();
        if town.desks[who].running.is_none() {
            return Ok(());
        }
        match lots.below(10) {
            0..=3 => self.deals.act(town, who, whom, lots),
            4..=8 => self.chat.act(town, who, whom, lots),
            _ => self.copies.act(town, who, net, lots),
        }
    }

    /// Lets things happen and go wrong for a while.
    fn trouble(&mut self, town: &mut Town, net: &Net, lots: &mut Seeded) -> Result<(u64, u64)> {
        let (began, length) = (Instant::now(), Duration::from_secs(net.seconds));
        let (mut kills, mut partitions) = (0, 0);
        let mut down: BTreeMap<usize, Instant> = BTreeMap::new();
        let mut acts = 0;
        // However slow the machine is, something has to happen.
        while began.elapsed() < length || acts < ACTS_MIN {
            town.goes_on()?;
            let over = down.iter().filter(|(_, until)| **until <= Instant::now()).map(|(host, _)| *host);
            for host in over.collect::<Vec<_>>() {
                town.hosts.link(host, true)?;
                down.remove(&host);
            }
            let host = lots.below(town.desks.len() as u64) as usize;
            match lots.below(8) {
                0 => {
                    // The kill falls into whatever is going on; it comes back with what was acknowledged.
                    town.desks[host].kill();
                    kills += 1;
                }
                1 if down.len() < 2 && !down.contains_key(&host) => {
                    town.hosts.link(host, false)?;
                    down.insert(host, Instant::now() + Duration::from_secs(1 + lots.below(net.partition)));
                    partitions += 1;
                }
                _ => {
                    self.act(town, net, lots)?;
                    acts += 1;
                }
            }
            let host = lots.below(town.desks.len() as u64) as usize;
            town.desks[host].up(&town.hosts)?;
        }
        for host in down.into_keys() {
            town.hosts.link(host, true)?;
        }
        Ok((kills, partitions))
    }
}

impl Town {
    fn goes_on(&self) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) { Err("stopped".into()) } else { Ok(()) }
    }

    /// Whose DID this is.
    fn whose(&self, did: &Value) -> Option<usize> {
        self.desks.iter().position(|desk| *did == desk.did.as_str())
    }

    /// Waits until it is so.
    fn until(&self, what: &str, mut is_so: impl FnMut() -> Result<Yet>) -> Result<()> {
        let began = Instant::now();
        loop {
            self.goes_on()?;
            match is_so()? {
                Ok(()) => return Ok(()),
                Err(words) if began.elapsed() > PATIENCE => return Err(format!("{what}: not so: {words}").into()),
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }
}

impl Net {
    pub(crate) fn run(&self) -> Result<()> {
        if let Some(why) = Hosts::refused() {
            if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
                return Err(format!("there can be no network namespaces here: {why}").into());
            }
            println!("net: skipped, for there can be no network namespaces here: {why}");
            return Ok(());
        }
        self.run_on_hosts().map_err(|error| format!("net: seed {}: {error}", self.seed).into())
    }

    fn run_on_hosts(&self) -> Result<()> {
        let began = Instant::now();
        let tell = |words: &str| println!("net: {:4.0} s: {words}", began.elapsed().as_secs_f64());
        let binary = program::binary(self.binary.as_deref())?;
        let dir = tempfile::tempdir()?;
        let stop = Arc::new(AtomicBool::new(false));
        let heard = Arc::clone(&stop);
        ctrlc::set_handler(move || heard.store(true, Ordering::Relaxed))?;
        let mut lots = Seeded::round(self.seed, 0);
        let mut hosts = Hosts::new(usize::from(self.hosts), LOSS_PERCENT)?;
        hosts.forward(DELAY_MS, JITTER_MS)?;
        let table = dir.path().join("glucose.csv");
        made_up::glucose(&table, 0..copies::DAYS, self.seed)?;
        let mut town = Town { hosts, desks: Vec::new(), stop };
        for host in 0..town.hosts.count {
            let desk = Self::desk(host, &binary, dir.path(), &table, &town.hosts, &mut lots)?;
            town.desks.push(desk);
        }
        for b in 1..town.desks.len() {
            for a in 0..b {
                town.goes_on()?;
                desk::pair(&town.hosts, &town.desks[a], &town.desks[b])?;
            }
        }
        tell(&format!("{} hosts, {DELAY_MS} ms apart, {LOSS_PERCENT} % lost, are in contact", town.hosts.count));
        let chat = Chat::begin(&town)?;
        tell("they are in a circle");
        let copies = Copies::begin(&town, self, dir.path())?;
        tell("their journals lie at each other's");
        let mut doings = Doings { deals: Deals::begin(&town)?, chat, copies };
        tell("each sees something of the one before");
        let (kills, partitions) = doings.trouble(&mut town, self, &mut lots)?;
        tell(&format!("{kills} kills and {partitions} partitions are over"));
        // Everybody is there again; who begins anew greets everybody for whom something waits.
        for desk in &mut town.desks {
            desk.kill();
            desk.up(&town.hosts)?;
        }
        town.until("both sides of each contract say the same", || doings.deals.agree(&town))?;
        tell(&format!("{} contracts are the same on both sides, {} looks", doings.deals.count(), doings.deals.looks));
        town.until("every message is at every member", || doings.chat.agree(&town))?;
        tell(&format!("{} messages are at every member, once and in order", doings.chat.count()));
        let restored = doings.copies.restore(&mut town, self, &mut lots)?;
        for desk in &mut town.desks {
            desk.kill();
            desk.program.sound()?;
        }
        tell(&format!("{restored} machines came back bit for bit, and every vault verifies"));
        Ok(())
    }

    /// A host's twin: made, with data, and running.
    fn desk(host: usize, binary: &Path, dir: &Path, table: &Path, hosts: &Hosts, lots: &mut Seeded) -> Result<Desk> {
        let program = Program {
            binary: binary.to_owned(),
            home: dir.join(host.to_string()),
            passphrase: "correct horse battery".to_owned(),
        };
        let skew_ms = lots.below(2 * DAY_MS as u64) as i64 - DAY_MS;
        let mut desk = Desk { host, program, skew_ms, running: None, did: String::new() };
        let phrase = copies::phrase_file(&desk).display().to_string();
        let made = desk.answer(hosts, &["init", "--phrase-out", &phrase])?;
        desk.answer(hosts, &["import", &table.display().to_string()])?;
        made["did"].as_str().ok_or("no DID")?.clone_into(&mut desk.did);
        desk.up(hosts)?;
        Ok(desk)
    }
}
