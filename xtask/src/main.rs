//! The project's chores, each one command: `cargo xtask crash`, `rot`, `fuzz`, `garage`, `docs`, `types`.
//!
//! Whatever draws lots does so from one seed, which it prints: the same seed makes the same round.

mod crash;
mod docs;
mod full_disk;
mod fuzz;
mod fuzz_seeds;
mod garage;
mod made_up;
mod net;
mod program;
mod rot;
mod seeded;
mod sim;
mod types;

use clap::Parser;
use std::process::ExitCode;

/// What went wrong, in words: a chore is read by the person who ran it.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Parser)]
#[command(about = "Chores of the Didymos project")]
enum Chore {
    /// Kill `twin` at random moments while it writes; nothing acknowledged may be lost
    Crash(crash::Crash),
    /// Flip bytes and cut files of a data directory; all of it must be named and healed
    Rot(rot::Rot),
    /// Run the fuzz targets, each for some seconds
    Fuzz(fuzz::Fuzz),
    /// Run the S3 tests against a Garage cluster of one
    Garage(garage::Garage),
    /// Run real twins on hosts of their own (network namespaces) with everything that goes wrong between them
    Net(net::Net),
    #[command(hide = true)]
    NetForward(net::forward::Forward),
    /// Run whole twins in worlds of one seed each; what goes wrong can be run again
    Sim(sim::Sim),
    /// Check that the documents say what the code has
    Docs,
    /// Write the API's types in TypeScript for the page
    Types(types::Types),
}

fn main() -> ExitCode {
    let done = match Chore::parse() {
        Chore::Crash(crash) => crash.run(),
        Chore::Rot(rot) => rot.run(),
        Chore::Fuzz(fuzz) => fuzz.run(),
        Chore::Garage(garage) => garage.run(),
        Chore::Net(net) => net.run(),
        Chore::NetForward(forward) => forward.run(),
        Chore::Sim(sim) => sim.run(),
        Chore::Docs => docs::run(),
        Chore::Types(types) => types.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The checkout's root.
fn root() -> &'static std::path::Path {
    std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
