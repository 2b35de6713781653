//! Sim: whole twins on networks, disks and clocks of one seed each, many seeds one after the other.
//!
//! What goes wrong is told with the steps that are enough for it, and with the command that makes it go wrong again.

use crate::Result;
use clap::Args;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Failures after which no further seed is begun.
const FAILURES_MAX: usize = 3;

/// Which seeds.
#[derive(Args)]
pub(crate) struct Sim {
    /// How many seeds
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// This seed alone
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// Steps of each
    #[arg(long, default_value_t = didymos_sim::STEPS)]
    steps: usize,
    /// Print what happens
    #[arg(long, requires = "seed")]
    show: bool,
    /// Seeds at a time; by default as many as there are cores
    #[arg(long)]
    jobs: Option<usize>,
}

impl Sim {
    pub(crate) fn run(&self) -> Result<()> {
        let began = Instant::now();
        let (first, count) = self.seed.map_or((self.from, self.seeds), |seed| (seed, 1));
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let (failed, passed) = (Mutex::new(Vec::new()), Mutex::new((0, BTreeMap::new())));
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.unwrap_or(cores).clamp(1, 64) {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        if at >= count || stop.load(Ordering::Relaxed) {
                            return;
                        }
                        match didymos_sim::run(first + at, self.steps) {
                            Ok(run) => {
                                let mut passed = passed.lock().unwrap_or_else(PoisonError::into_inner);
                                passed.0 += 1;
                                for (what, often) in run.counts {
                                    *passed.1.entry(what).or_insert(0) += often;
                                }
                                if self.show {
                                    println!("{}\ntrace {}", run.lines.join("\n"), run.trace);
                                }
                            }
                            Err(failure) => {
                                println!("{failure}\n");
                                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                                failed.push(failure.seed);
                                stop.store(failed.len() >= FAILURES_MAX, Ordering::Relaxed);
                            }
                        }
                    }
                });
            }
        });
        let (passed, counts) = passed.into_inner().unwrap_or_else(PoisonError::into_inner);
        let took = began.elapsed().as_secs_f64();
        let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        let counts: Vec<String> = counts.into_iter().map(|(what, often)| format!("{often} {what}")).collect();
        println!("sim: {}", counts.join(", "));
        println!(
            "sim: {passed} seeds of {} steps from {first} on passed, {} failed, {took:.1} s ({:.0} a minute)",
            self.steps,
            failed.len(),
            (passed + failed.len()) as f64 * 60.0 / took
        );
        if failed.is_empty() { Ok(()) } else { Err(format!("seeds that fail: {failed:?}").into()) }
    }
}
