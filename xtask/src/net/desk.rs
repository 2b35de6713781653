//! A person's desk on a host: their twin, what they type, and what becomes of both.

use super::hosts::Hosts;
use crate::Result;
use crate::program::{Program, told};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a command may take, and a twin to begin to serve: longer, and it hangs.
const LIMIT: Duration = Duration::from_secs(150);
const GLANCE: Duration = Duration::from_millis(10);
/// How often pairing is tried, where five in a hundred datagrams are lost.
const PAIRING_TRIES: usize = 3;

/// A person's twin on a host.
pub(super) struct Desk {
    pub(super) host: usize,
    pub(super) program: Program,
    pub(super) skew_ms: i64,
    pub(super) running: Option<Child>,
    pub(super) did: String,
}

/// Runs a command to its end. One that hangs is killed, and is an error.
pub(super) fn finished(mut command: Command, what: &str) -> Result<Output> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let read = |pipe: Option<Box<dyn Read + Send>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            pipe.map(|mut pipe| pipe.read_to_end(&mut bytes)).transpose().map(|_| bytes)
        })
    };
    let stdout = read(child.stdout.take().map(|pipe| Box::new(pipe) as Box<_>));
    let stderr = read(child.stderr.take().map(|pipe| Box::new(pipe) as Box<_>));
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if began.elapsed() > LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("{what}: not done after {} s", LIMIT.as_secs()).into());
        }
        std::thread::sleep(GLANCE);
    };
    let bytes = |reader: std::thread::JoinHandle<std::io::Result<Vec<u8>>>| {
        reader.join().map_err(|_| "a reader panicked")?.map_err(Box::<dyn std::error::Error>::from)
    };
    Ok(Output { status, stdout: bytes(stdout)?, stderr: bytes(stderr)? })
}

impl Desk {
    pub(super) fn command(&self, hosts: &Hosts, arguments: &[&str]) -> Command {
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

    fn what(&self, arguments: &[&str]) -> String {
        format!("host {}: twin {}", self.host, arguments.join(" "))
    }

    /// What the command says, whatever it is.
    pub(super) fn output(&self, hosts: &Hosts, arguments: &[&str]) -> Result<Output> {
        finished(self.command(hosts, arguments), &self.what(arguments))
    }

    /// The answer, if it succeeds.
    pub(super) fn try_answer(&self, hosts: &Hosts, arguments: &[&str]) -> Result<Option<Value>> {
        let output = self.output(hosts, arguments)?;
        if output.status.success() { Ok(Some(serde_json::from_slice(&output.stdout)?)) } else { Ok(None) }
    }

    pub(super) fn answer(&self, hosts: &Hosts, arguments: &[&str]) -> Result<Value> {
        let output = self.output(hosts, arguments)?;
        if output.status.success() {
            return Ok(serde_json::from_slice(&output.stdout)?);
        }
        Err(format!("{}: {}", self.what(arguments), told(&output)).into())
    }

    pub(super) fn list(&self, hosts: &Hosts, arguments: &[&str]) -> Result<Vec<Value>> {
        let listed = self.answer(hosts, arguments)?;
        Ok(listed.as_array().cloned().ok_or_else(|| format!("{}: no list", self.what(arguments)))?)
    }

    /// Starts `twin up`, and waits until it serves.
    pub(super) fn up(&mut self, hosts: &Hosts) -> Result<()> {
        if self.running.is_some() {
            return Ok(());
        }
        let mut command = self.command(hosts, &["up", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let stdout = child.stdout.take().ok_or("no output")?;
        self.running = Some(child);
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let (mut line, mut lines) = (String::new(), BufReader::new(stdout));
            let _ = tell.send(lines.read_line(&mut line).map(|bytes| bytes > 0));
            std::io::copy(&mut lines, &mut std::io::sink())
        });
        match told.recv_timeout(LIMIT) {
            Ok(Ok(true)) => Ok(()),
            Ok(_) => Err(format!("host {}: twin up ended", self.host).into()),
            Err(_) => Err(format!("host {}: twin up does not serve after {} s", self.host, LIMIT.as_secs()).into()),
        }
    }

    /// `kill -9`.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
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

/// Pairs two people, who both say yes.
pub(super) fn pair(hosts: &Hosts, a: &Desk, b: &Desk) -> Result<()> {
    let mut last = None;
    for _ in 0..PAIRING_TRIES {
        match try_pair(hosts, a, b) {
            Ok(()) => return Ok(()),
            Err(error) => last = Some(error),
        }
    }
    Err(format!("hosts {} and {}: {}", a.host, b.host, last.map(|error| error.to_string()).unwrap_or_default()).into())
}

fn try_pair(hosts: &Hosts, a: &Desk, b: &Desk) -> Result<()> {
    let mut here = Pairing::begin(a, hosts, &[])?;
    let ticket = stands(&mut here.1, "waiting")?["ticket"].as_str().ok_or("no ticket")?.to_owned();
    let mut there = Pairing::begin(b, hosts, &[&ticket])?;
    let digits = [stands(&mut there.1, "compare")?, stands(&mut here.1, "compare")?].map(|now| now["digits"].clone());
    if digits[0] != digits[1] {
        return Err("the digits differ".into());
    }
    here.yes()?;
    there.yes()?;
    stands(&mut here.1, "done")?;
    stands(&mut there.1, "done")?;
    Ok(())
}
