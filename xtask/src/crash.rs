//! Crash: real processes, killed at random moments while they write.
//!
//! A twin lives through a row of overlapping exports. In each round the process that takes one in (or copies, or changes
//! the passphrase) is killed. Then: nothing is damaged, no commit that was seen is gone, an import that had reported is
//! there whole, and taking the same export in again ends where a twin that was never killed is.

use crate::program::{self, Program, told};
use crate::seeded::Seeded;
use crate::{Result, full_disk, made_up};
use clap::Args;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Exports that one twin lives through.
const EXPORTS: u32 = 5;
const DAYS_EACH: u32 = 14;

/// How often, and with which program.
#[derive(Args)]
pub(crate) struct Crash {
    /// Kills
    #[arg(long, default_value_t = 200)]
    rounds: u64,
    /// Where the lots come from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A built `twin`; without it one is built in release
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// What a twin holds after each of the exports, when nothing goes wrong, and how long that takes.
struct Reference {
    counts: BTreeMap<String, u64>,
    took: Duration,
}

/// A twin that is killed again and again.
struct Life<'a> {
    program: Program,
    exports: &'a [PathBuf],
    references: &'a [Reference],
    /// Exports that were taken in whole.
    whole: usize,
    commits: u64,
    counts: BTreeMap<String, u64>,
    /// How long a process takes that only looks: what of a kill's moment is before the work.
    look: Duration,
    /// How fast the machine is now beside when it was measured: learnt from which processes had ended before their kill.
    pace: f64,
}

impl Crash {
    pub(crate) fn run(&self) -> Result<()> {
        let began = Instant::now();
        let binary = program::binary(self.binary.as_deref())?;
        let dir = tempfile::tempdir()?;
        let exports = made_up::exports(dir.path(), EXPORTS, DAYS_EACH, self.seed)?;
        let program =
            Program { binary, home: dir.path().join("template"), passphrase: "correct horse battery".to_owned() };
        program.answer(&["init"])?;
        let look = Instant::now();
        program.sound()?;
        let look = look.elapsed();
        let references = references(&program, dir.path(), &exports)?;
        let (mut killed, mut ended, mut lives) = (0, 0, 0);
        let mut life: Option<Life<'_>> = None;
        let mut pace = 1.0;
        for round in 0..self.rounds {
            let mut lots = Seeded::round(self.seed, round);
            let mut now = if let Some(life) = life.take().filter(|life| life.whole < exports.len()) {
                life
            } else {
                lives += 1;
                let home = dir.path().join(format!("life-{lives}"));
                copy_folder(&program.home, &home)?;
                let program = Program { home, ..program.clone() };
                let copy = dir.path().join(format!("copy-{lives}"));
                program.answer(&["backup", "add", &copy.display().to_string()])?;
                Life {
                    commits: program.sound()?,
                    counts: program.counts()?,
                    program,
                    exports: &exports,
                    references: &references,
                    whole: 0,
                    look,
                    pace,
                }
            };
            let ended_first =
                now.round(&mut lots).map_err(|error| format!("seed {} round {round}: {error}", self.seed))?;
            *(if ended_first { &mut ended } else { &mut killed }) += 1;
            pace = now.pace;
            if now.whole == exports.len() {
                std::fs::remove_dir_all(&now.program.home)?;
            }
            life = Some(now);
        }
        println!(
            "crash: {} rounds with seed {} over {lives} twins: {killed} killed at work, {ended} had just ended, nothing lost, {:.1} s",
            self.rounds,
            self.seed,
            began.elapsed().as_secs_f64()
        );
        full_disk::run(&program, &exports)
    }
}

impl Life<'_> {
    /// One kill and what must hold after it. Returns whether the process had ended by itself.
    fn round(&mut self, lots: &mut Seeded) -> Result<bool> {
        let mut ended = match lots.below(8) {
            0 => self.kill(&["backup", "run"], self.look * 2, lots)?.0,
            1 => self.kill_passphrase_change(lots)?,
            _ => self.kill_import(lots)?,
        };
        // Sometimes the second attempt is killed too, on top of what the first one left.
        if lots.once_in(3) {
            ended = self.kill_import(lots)?;
        }
        if lots.once_in(4) {
            // The next round comes on top of what this one left.
            return Ok(ended);
        }
        let folder = self.exports[self.whole].display().to_string();
        self.program.answer(&["import", &folder])?;
        self.check()?;
        let right = &self.references[self.whole].counts;
        if self.counts != *right {
            return Err(format!("after a complete import there are {:?} instead of {right:?}", self.counts).into());
        }
        self.whole += 1;
        if self.whole == self.exports.len() {
            self.program.answer(&["backup", "run"])?;
            let checked = self.program.answer(&["backup", "check"])?;
            if checked[0]["missing"].as_array().is_none_or(|missing| !missing.is_empty()) {
                return Err(format!("the copy is not whole: {checked}").into());
            }
        }
        Ok(ended)
    }

    fn kill_import(&mut self, lots: &mut Seeded) -> Result<bool> {
        let folder = self.exports[self.whole].display().to_string();
        let (ended, reported) = self.kill(&["import", &folder], self.references[self.whole].took, lots)?;
        if reported && self.counts != self.references[self.whole].counts {
            return Err(format!("an import reported success, and there are {:?}", self.counts).into());
        }
        Ok(ended)
    }

    /// Starts a command and kills it within what it usually takes; returns whether it had ended, and reported success.
    fn kill(&mut self, arguments: &[&str], took: Duration, lots: &mut Seeded) -> Result<(bool, bool)> {
        let mut child = self.program.start(arguments)?;
        // One kill in eight may hit the program still opening its vault; the others hit it at work.
        let from = if lots.once_in(8) { 0.0 } else { self.look.as_secs_f64() * 0.7 };
        let from = from * self.pace;
        let to = (took.as_secs_f64() * self.pace).max(from);
        std::thread::sleep(Duration::from_secs_f64(from + lots.share() * (to - from)));
        child.kill()?;
        let output = child.wait_with_output()?;
        let ended = output.status.code().is_some();
        // About one process in four should end before its kill: then the kills reach to the very end of the work.
        self.pace = (self.pace * if ended { 0.85 } else { 1.055 }).clamp(0.1, 4.0);
        if ended && !output.status.success() {
            return Err(format!("twin {}: {}", arguments.join(" "), told(&output)).into());
        }
        self.check()?;
        Ok((ended, ended))
    }

    /// Changes the passphrase and is killed; the old one or the new one opens the twin, and the keys are whole.
    fn kill_passphrase_change(&mut self, lots: &mut Seeded) -> Result<bool> {
        let file = self.program.home.with_extension("passphrase");
        let next = format!("another passphrase {}", lots.below(1_000_000));
        std::fs::write(&file, &next)?;
        let mut child = self.program.start(&["passwd", "--new-passphrase-file", &file.display().to_string()])?;
        std::thread::sleep(self.look.mul_f64(3.0 * lots.share()));
        child.kill()?;
        let output = child.wait_with_output()?;
        let changed = Program { passphrase: next, ..self.program.clone() };
        let (old, new) = (self.program.counts().is_ok(), changed.counts().is_ok());
        match (old, new) {
            (true, false) if !output.status.success() => {}
            (false, true) => self.program = changed,
            _ => {
                return Err(
                    format!("after {} the old passphrase opens: {old}, the new one: {new}", output.status).into()
                );
            }
        }
        self.check()?;
        Ok(output.status.success())
    }

    /// Nothing is damaged, and nothing that was seen before is gone.
    fn check(&mut self) -> Result<()> {
        let commits = self.program.sound()?;
        if commits < self.commits {
            return Err(format!("{} commits were seen, and {commits} are there", self.commits).into());
        }
        let counts = self.program.counts()?;
        for (stream, count) in &self.counts {
            if counts.get(stream).is_none_or(|now| now < count) {
                return Err(format!("{stream} had {count} observations, and has {:?}", counts.get(stream)).into());
            }
        }
        let most = &self.references[self.whole.min(self.references.len() - 1)].counts;
        for (stream, count) in &counts {
            if most.get(stream).is_none_or(|most| count > most) {
                return Err(format!("{stream} has {count} observations, more than were taken in").into());
            }
        }
        (self.commits, self.counts) = (commits, counts);
        Ok(())
    }
}

/// Takes the exports in with no kill.
fn references(program: &Program, dir: &Path, exports: &[PathBuf]) -> Result<Vec<Reference>> {
    let home = dir.join("reference");
    copy_folder(&program.home, &home)?;
    let program = Program { home, ..program.clone() };
    exports
        .iter()
        .map(|folder| {
            let began = Instant::now();
            program.answer(&["import", &folder.display().to_string()])?;
            let took = began.elapsed();
            Ok(Reference { counts: program.counts()?, took })
        })
        .collect()
}

pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
