//! Net: real twins on hosts of their own, with distance, loss, partitions, wrong clocks and sudden death between them.
//!
//! Each host is a network namespace that this test makes and takes away; nothing goes out of them. Between two hosts a
//! datagram takes its time and may overtake others ([`forward`]), and one in twenty is lost. Clocks are up to a day
//! wrong. People pair, grant, look and end by the command line, while links go down and machines are killed. Then
//! everything is made good, and: nothing that was acknowledged is lost, both sides of every contract say the same, each
//! contract is there once, and every vault verifies.

pub(crate) mod forward;
mod hosts;

use crate::program::{self, Program, told};
use crate::seeded::Seeded;
use crate::{Result, made_up};
use clap::Args;
use hosts::Hosts;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Loss between hosts, in percent.
const LOSS_PERCENT: u8 = 5;
/// How long a datagram is on its way, and by how much that differs.
const DELAY_MS: u64 = 100;
const JITTER_MS: u64 = 20;
/// How long anything may take that has to come.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often pairing is tried, where five in a hundred datagrams are lost.
const PAIRING_TRIES: usize = 3;
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
    /// How many hosts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(2..=9))]
    hosts: u8,
    /// Where the lots come from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A built `twin`; wrong clocks need a debug build. Without it one is built in release
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// A person's twin on a host.
struct Desk {
    host: usize,
    program: Program,
    skew_ms: i64,
    running: Option<Child>,
    did: String,
}

/// What the owner of a contract was told of it.
#[derive(Default)]
struct Told {
    by: usize,
    to: usize,
    accepted: bool,
    ended: [bool; 2],
}

struct Town {
    hosts: Hosts,
    desks: Vec<Desk>,
    contracts: BTreeMap<String, Told>,
    stop: Arc<AtomicBool>,
    looks: u64,
}

impl Drop for Town {
    fn drop(&mut self) {
        for desk in &mut self.desks {
            desk.kill();
        }
    }
}

impl Desk {
    fn command(&self, hosts: &Hosts, arguments: &[&str]) -> Command {
        let mut command = hosts.command(self.host, &self.program.binary.display().to_string());
        command
            .args(arguments)
            .arg("--json")
            .env("TWIN_HOME", &self.program.home)
            .env("TWIN_PASSPHRASE", &self.program.passphrase)
            .env("TWIN_TEST_CLOCK_MS", self.skew_ms.to_string())
            .stdin(Stdio::null());
        command
    }

    /// What the command says, whatever it is.
    fn output(&self, hosts: &Hosts, arguments: &[&str]) -> Result<std::process::Output> {
        Ok(self.command(hosts, arguments).output()?)
    }

    fn answer(&self, hosts: &Hosts, arguments: &[&str]) -> Result<Value> {
        let output = self.output(hosts, arguments)?;
        if output.status.success() {
            return Ok(serde_json::from_slice(&output.stdout)?);
        }
        Err(format!("host {}: twin {}: {}", self.host, arguments.join(" "), told(&output)).into())
    }

    /// Starts `twin up`, and waits until it serves.
    fn up(&mut self, hosts: &Hosts) -> Result<()> {
        if self.running.is_some() {
            return Ok(());
        }
        let mut command = self.command(hosts, &["up", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let stdout = child.stdout.take().ok_or("no output")?;
        self.running = Some(child);
        let mut line = String::new();
        let mut lines = BufReader::new(stdout);
        if lines.read_line(&mut line)? == 0 {
            return Err(format!("host {}: twin up ended", self.host).into());
        }
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Ok(())
    }

    /// `kill -9`.
    fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn contracts(&self, hosts: &Hosts) -> Result<Vec<Value>> {
        let listed = self.answer(hosts, &["contracts"])?;
        Ok(listed.as_array().cloned().ok_or("`contracts` is no list")?)
    }
}

/// A line of JSON that says that the pairing stands so, or an error.
fn stands(lines: &mut impl BufRead, state: &str) -> Result<Value> {
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Err(format!("pairing ended before it was at {state}").into());
        }
        let json: Value = serde_json::from_str(&line)?;
        match json["state"].as_str() {
            Some(at) if at == state => return Ok(json),
            Some("failed") => return Err(format!("pairing failed: {}", json["words"]).into()),
            _ => {}
        }
    }
}

/// A `twin pair` under way; killed if it is left.
struct Pairing(Child, BufReader<std::process::ChildStdout>);

impl Pairing {
    fn begin(desk: &Desk, hosts: &Hosts, arguments: &[&str]) -> Result<Self> {
        let mut command = desk.command(hosts, &[&["pair"][..], arguments].concat());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let lines = BufReader::new(child.stdout.take().ok_or("no output")?);
        Ok(Self(child, lines))
    }

    fn yes(&mut self) -> Result<()> {
        Ok(writeln!(self.0.stdin.as_mut().ok_or("no input")?, "yes")?)
    }
}

impl Drop for Pairing {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Town {
    fn pair(&self, a: usize, b: usize) -> Result<()> {
        let mut last = None;
        for _ in 0..PAIRING_TRIES {
            match self.try_pair(a, b) {
                Ok(()) => return Ok(()),
                Err(error) => last = Some(error),
            }
        }
        Err(format!("hosts {a} and {b}: {}", last.map(|error| error.to_string()).unwrap_or_default()).into())
    }

    fn try_pair(&self, a: usize, b: usize) -> Result<()> {
        let mut here = Pairing::begin(&self.desks[a], &self.hosts, &[])?;
        let ticket = stands(&mut here.1, "waiting")?["ticket"].as_str().ok_or("no ticket")?.to_owned();
        let mut there = Pairing::begin(&self.desks[b], &self.hosts, &[&ticket])?;
        let digits =
            [stands(&mut there.1, "compare")?, stands(&mut here.1, "compare")?].map(|now| now["digits"].clone());
        if digits[0] != digits[1] {
            return Err("the digits differ".into());
        }
        here.yes()?;
        there.yes()?;
        stands(&mut here.1, "done")?;
        stands(&mut there.1, "done")?;
        Ok(())
    }

    fn goes_on(&self) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) { Err("stopped".into()) } else { Ok(()) }
    }

    /// What its owner was told of contracts, or reads.
    fn note(&mut self, who: usize, listed: &[Value]) {
        for shown in listed {
            let Some(id) = shown["contract"].as_str() else { continue };
            let Some(other) = self.desks.iter().position(|desk| shown["did"] == desk.did.as_str()) else { continue };
            let granted = shown["granted"] == true;
            let (by, to) = if granted { (who, other) } else { (other, who) };
            let told = self.contracts.entry(id.to_owned()).or_insert(Told { by, to, ..Told::default() });
            told.accepted |= !granted && !shown["accepted"].is_null();
            told.ended[usize::from(!granted)] |= shown["state"] == "ended";
        }
    }

    /// Something that a person does, as far as their machine lets them.
    fn act(&mut self, lots: &mut Seeded) -> Result<()> {
        let who = lots.below(self.desks.len() as u64) as usize;
        let whom = (who + 1 + lots.below(self.desks.len() as u64 - 1) as usize) % self.desks.len();
        if self.desks[who].running.is_none() {
            return Ok(());
        }
        let did = self.desks[whom].did.clone();
        let listed = self.desks[who].contracts(&self.hosts)?;
        self.note(who, &listed);
        let which = |granted: Option<bool>, states: &[&str]| {
            let fits = |shown: &&Value| {
                granted.is_none_or(|granted| shown["granted"] == granted)
                    && states.iter().any(|state| shown["state"] == *state)
            };
            listed.iter().find(fits).and_then(|shown| shown["contract"].as_str()).map(str::to_owned)
        };
        let words: Vec<String> = match lots.below(10) {
            0..=2 => vec![
                "grant".into(),
                did,
                "glucose".into(),
                "--every".into(),
                "1d".into(),
                "--purpose".into(),
                "care".into(),
            ],
            3..=5 => match which(Some(false), &["offered"]) {
                Some(id) => vec!["accept".into(), id],
                None => return Ok(()),
            },
            6 => match which(None, &["offered", "in_force"]) {
                Some(id) => vec!["end".into(), id],
                None => return Ok(()),
            },
            _ => vec!["look".into(), did, "glucose".into()],
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = self.desks[who].output(&self.hosts, &words)?;
        if !output.status.success() {
            return Ok(());
        }
        let answer: Value = serde_json::from_slice(&output.stdout)?;
        if words[0] == "look" {
            self.looks += 1;
            let ended =
                answer["contract"].as_str().and_then(|id| self.contracts.get(id)).is_some_and(|told| told.ended[0]);
            if ended {
                return Err(format!("host {who} looks under a contract that its grantor has ended").into());
            }
        } else {
            let shown = answer.as_array().cloned().unwrap_or_default();
            self.note(who, &shown);
        }
        Ok(())
    }

    /// Lets things happen and go wrong for a while.
    fn trouble(&mut self, net: &Net, lots: &mut Seeded) -> Result<(u64, u64)> {
        let (began, length) = (Instant::now(), Duration::from_secs(net.seconds));
        let (mut kills, mut partitions) = (0, 0);
        let mut down: BTreeMap<usize, Instant> = BTreeMap::new();
        while began.elapsed() < length {
            self.goes_on()?;
            for host in
                down.iter().filter(|(_, until)| **until <= Instant::now()).map(|(host, _)| *host).collect::<Vec<_>>()
            {
                self.hosts.link(host, true)?;
                down.remove(&host);
            }
            let host = lots.below(self.desks.len() as u64) as usize;
            match lots.below(8) {
                0 => {
                    // The kill falls into whatever is going on; it comes back with what was acknowledged.
                    self.desks[host].kill();
                    kills += 1;
                }
                1 if down.len() < 2 && !down.contains_key(&host) => {
                    self.hosts.link(host, false)?;
                    down.insert(host, Instant::now() + Duration::from_secs(1 + lots.below(net.partition)));
                    partitions += 1;
                }
                _ => self.act(lots)?,
            }
            let host = lots.below(self.desks.len() as u64) as usize;
            self.desks[host].up(&self.hosts)?;
        }
        for host in down.into_keys() {
            self.hosts.link(host, true)?;
        }
        Ok((kills, partitions))
    }

    /// Both sides of every contract, side by side.
    fn agree(&mut self) -> Result<std::result::Result<(), String>> {
        let mut lists = Vec::new();
        for who in 0..self.desks.len() {
            let listed = self.desks[who].contracts(&self.hosts)?;
            self.note(who, &listed);
            lists.push(listed);
        }
        for (id, told) in &self.contracts {
            let at =
                |who: usize| lists[who].iter().filter(|shown| shown["contract"] == id.as_str()).collect::<Vec<_>>();
            let (by, to) = (at(told.by), at(told.to));
            let ([by], [to]) = (by.as_slice(), to.as_slice()) else {
                return Ok(Err(format!("{id} is {} and {} times there", by.len(), to.len())));
            };
            let expected = match (told.accepted, told.ended != [false, false]) {
                (_, true) => "ended",
                (true, false) => "in_force",
                (false, false) => "offered",
            };
            if by["state"] != to["state"]
                || by["state"] != expected
                || by["undelivered"] == true
                || to["undelivered"] == true
            {
                return Ok(Err(format!("{id}: {} and {}, told: {expected}", by["state"], to["state"])));
            }
        }
        Ok(Ok(()))
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
        let began = Instant::now();
        let binary = program::binary(self.binary.as_deref())?;
        let dir = tempfile::tempdir()?;
        let stop = Arc::new(AtomicBool::new(false));
        let heard = Arc::clone(&stop);
        ctrlc::set_handler(move || heard.store(true, Ordering::Relaxed))?;
        let mut lots = Seeded::round(self.seed, 0);
        let mut hosts = Hosts::new(usize::from(self.hosts), LOSS_PERCENT)?;
        hosts.forward(DELAY_MS, JITTER_MS)?;
        let table = dir.path().join("glucose.csv");
        made_up::glucose(&table, 0..5, self.seed)?;
        let mut town = Town { hosts, desks: Vec::new(), contracts: BTreeMap::new(), stop, looks: 0 };
        for host in 0..town.hosts.count {
            let desk = Self::desk(host, &binary, dir.path(), &table, &town.hosts, &mut lots)?;
            town.desks.push(desk);
        }
        let all = 0..town.desks.len();
        let pairs = all.clone().flat_map(|a| (a + 1..town.desks.len()).map(move |b| (a, b)));
        for (a, b) in pairs.collect::<Vec<_>>() {
            town.goes_on()?;
            town.pair(a, b)?;
        }
        println!("net: {} hosts in contact after {:.0} s", town.hosts.count, began.elapsed().as_secs_f64());
        let (kills, partitions) = town.trouble(self, &mut lots)?;
        // Everybody is there again; who begins anew greets everybody for whom something waits.
        for who in all.clone() {
            town.desks[who].kill();
            town.desks[who].up(&town.hosts)?;
        }
        let mut last = Ok(());
        let waited = Instant::now();
        while waited.elapsed() < PATIENCE {
            town.goes_on()?;
            last = town.agree()?;
            if last.is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        last.map_err(|words| format!("seed {}: both sides of each contract say the same: {words}", self.seed))?;
        for desk in &mut town.desks {
            desk.kill();
            desk.program.sound()?;
        }
        println!(
            "net: {} hosts with seed {}, {DELAY_MS} ms apart, {LOSS_PERCENT} % lost: {kills} kills, {partitions} partitions, \
             {} contracts the same on both sides, {} looks, nothing lost, {:.0} s",
            town.hosts.count,
            self.seed,
            town.contracts.len(),
            town.looks,
            began.elapsed().as_secs_f64()
        );
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
        let made = desk.answer(hosts, &["init"])?;
        desk.answer(hosts, &["import", &table.display().to_string()])?;
        made["did"].as_str().ok_or("no DID")?.clone_into(&mut desk.did);
        desk.up(hosts)?;
        Ok(desk)
    }
}
