//! A seed, run from its first step to its last check; and, where it fails, shortened.

use crate::Broken;
use crate::play::Plays;
use crate::step::{Climate, Step, steps};
use crate::town::Town;
use crate::trace::Trace;
use std::collections::BTreeMap;
use std::fmt;

/// Steps of a run, unless somebody says otherwise.
pub const STEPS: usize = 80;
/// Lines of a run that are kept.
const LINES: usize = 400;
/// How many times a failing run is tried again with fewer steps.
const TRIES_MAX: usize = 150;

/// A run in which everything held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The digest of its trace.
    pub trace: String,
    /// How often what happened in it.
    pub counts: BTreeMap<&'static str, u64>,
    /// What was written last.
    pub lines: Vec<String>,
}

/// A run in which something did not.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The seed.
    pub seed: u64,
    /// How many steps it has.
    pub steps: usize,
    /// What did not hold.
    pub broken: Broken,
    /// The steps that are enough for that.
    pub enough: Vec<Step>,
    /// What was written last.
    pub trace: Vec<String>,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.broken)?;
        writeln!(f, "these of its {} steps are enough:", self.steps)?;
        for step in &self.enough {
            writeln!(f, "  {step}")?;
        }
        writeln!(f, "the last that was written:")?;
        for line in &self.trace {
            writeln!(f, "  {line}")?;
        }
        write!(f, "again: cargo xtask sim --seed {} --steps {}", self.seed, self.steps)
    }
}

fn through(seed: u64, steps: &[Step]) -> (Trace, Result<(), Broken>) {
    let trace = Trace::default();
    let all = || {
        let mut town = Town::new(seed, &trace)?;
        let mut plays = Plays::begin(&mut town, Climate::of(seed).theme, seed)?;
        for step in steps {
            town.step(step, &mut plays)?;
        }
        town.heal(&mut plays)
    };
    let done = all();
    (trace, done)
}

/// Runs one seed.
pub fn run(seed: u64, count: usize) -> Result<Passed, Box<Failed>> {
    let all = steps(seed, count);
    let (trace, done) = through(seed, &all);
    match done {
        Ok(()) => Ok(Passed { trace: trace.digest(), counts: trace.counts(), lines: trace.last(LINES) }),
        Err(broken) => Err(Box::new(shortened(seed, count, all, broken, trace))),
    }
}

/// Leaves steps out as long as the same thing goes wrong: first many at a time, then fewer.
fn shortened(seed: u64, count: usize, all: Vec<Step>, broken: Broken, trace: Trace) -> Failed {
    let (mut enough, mut broken, mut trace) = (all, broken, trace);
    let (mut tries, mut size) = (0, enough.len().div_ceil(2));
    while size >= 1 && tries < TRIES_MAX {
        let mut at = 0;
        while at < enough.len() && tries < TRIES_MAX {
            let mut fewer = enough.clone();
            fewer.drain(at..(at + size).min(enough.len()));
            tries += 1;
            match through(seed, &fewer) {
                (shorter, Err(again)) if again.invariant == broken.invariant => {
                    (enough, broken, trace) = (fewer, again, shorter);
                }
                _ => at += size,
            }
        }
        size /= 2;
    }
    Failed { seed, steps: count, broken, enough, trace: trace.last(160) }
}
