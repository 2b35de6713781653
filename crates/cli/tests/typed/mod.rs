//! What a person types, and what they see: the real program, in a folder of its own.

// Each file of tests uses a part of this.
#![allow(dead_code, unreachable_pub, missing_docs)]

use serde_json::Value as Json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub const PASSPHRASE: &str = "correct horse battery";
/// Nothing that is waited for takes so long, not on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(2);

pub struct Desk {
    dir: TempDir,
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
            err: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
        }
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        self.exits(0)
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// The whole of standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("not JSON: {error}\n{self:#?}"))
    }

    /// A failure in words: nothing on standard output, and all of `words` on standard error.
    #[track_caller]
    pub fn complains_of(&self, words: &[&str]) {
        assert_eq!(self.out, "", "{self:#?}");
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in\n{}", self.err);
        }
        assert!(!self.err.contains("panicked") && !self.err.contains("should not have happened"), "{}", self.err);
        assert!(!self.err.contains(PASSPHRASE), "a passphrase was printed");
    }
}

impl Desk {
    pub fn new() -> Self {
        // Sockets need short paths, which the usual temporary folder may not have.
        let dir = tempfile::Builder::new().prefix("tw").tempdir().expect("a temporary folder");
        Self { dir }
    }

    /// A desk with a twin on it.
    pub fn with_twin() -> Self {
        let desk = Self::new();
        desk.twin(&["init", "--phrase-out", &desk.arg("phrase"), "--json"]).ok();
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn arg(&self, name: &str) -> String {
        self.path(name).to_str().expect("UTF-8").to_owned()
    }

    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), bytes).expect("written");
        self.arg(name)
    }

    /// The program with this person's environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_twin"));
        for (name, _) in std::env::vars_os() {
            if ["TWIN_", "AWS_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .env("TWIN_HOME", self.home())
            .env("TWIN_PASSPHRASE", PASSPHRASE)
            .env("HOME", self.dir.path())
            .env_remove("XDG_DATA_HOME")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn twin(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().expect("the program runs"))
    }

    /// Like [`twin`](Self::twin), with `--json`, and the answer read.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Json {
        let mut all = arguments.to_vec();
        all.push("--json");
        self.twin(&all).ok().json()
    }

    pub fn start(&self, arguments: &[&str]) -> Running {
        Running(Some(self.command(arguments).spawn().expect("the program starts")))
    }

    /// Observations per stream.
    #[track_caller]
    pub fn counts(&self) -> std::collections::BTreeMap<String, u64> {
        let streams = self.json(&["streams"]);
        let text = |stream: &Json| stream["id"].as_str().expect("an id").to_owned();
        let count = |stream: &Json| stream["count"].as_u64().expect("a count");
        streams.as_array().expect("a list").iter().map(|stream| (text(stream), count(stream))).collect()
    }
}

/// A command under way. It does not outlive its test.
pub struct Running(Option<Child>);

impl Running {
    pub fn of(child: Child) -> Self {
        Self(Some(child))
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = self.0.as_ref().expect("running").id();
        let pid = rustix::process::Pid::from_raw(i32::try_from(id).expect("a process id")).expect("a process id");
        rustix::process::kill_process(pid, signal).expect("the signal is delivered");
    }

    pub fn end(mut self) -> Said {
        let child = self.0.take().expect("running");
        Said::of(child.wait_with_output().expect("the program ends"))
    }

    pub fn is_running(&mut self) -> bool {
        self.0.as_mut().is_some_and(|child| child.try_wait().expect("a state").is_none())
    }

    /// The next line of standard output.
    pub fn line(&mut self) -> String {
        use std::io::Read;
        let out = self.0.as_mut().and_then(|child| child.stdout.as_mut()).expect("running");
        let mut line = Vec::new();
        let mut byte = [0];
        while out.read(&mut byte).expect("readable") == 1 && byte[0] != b'\n' {
            line.push(byte[0]);
        }
        String::from_utf8(line).expect("UTF-8")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until `is_so`, and fails if it never is.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The demo's sample data: what they hold is counted independently of the program.
pub fn sample(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo").join(name);
    path.to_str().expect("UTF-8").to_owned()
}

pub const HEART_RATE: &str = "5553957443_heartrate_minutes.csv";
pub const STEPS: &str = "5553957443_minuteStepsNarrow.csv";
pub const GLUCOSE: &str = "1636-70-1005_glucose.csv";
pub const WALK: &str = "cerknicko-jezero.gpx";

/// A table of as many seconds of heart rate as are wanted, from the start of 2020.
pub fn seconds_of_heart_rate(rows: u32) -> String {
    let mut table = String::with_capacity(40 * rows as usize);
    table.push_str("Id,Time,Value\r\n");
    for at in 0..rows {
        let (day, second) = (at / 86_400, at % 86_400);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        // February has 28 days in every year that matters here, so no month is longer.
        let (month, day) = (day / 28 + 1, day % 28 + 1);
        let (half, hour) = (if hour < 12 { "AM" } else { "PM" }, (hour + 11) % 12 + 1);
        let value = 60 + (at / 7) % 40;
        let _ = write!(table, "7,{month}/{day}/2020 {hour}:{minute:02}:{second:02} {half},{value}\r\n");
    }
    table
}
