//! What a twin costs, measured. Each command prints JSON; `bench/run` runs them beside the peers, in one run, and
//! writes `bench/RESULTS.md`.
//!
//! ```text
//! bench scan EXPORT.xml      a bare quick-xml pass: the ceiling that parsing is measured against
//! bench read EXPORT.xml      our reader into a sink that only counts
//! bench import EXPORT.xml    the whole way into a new twin, in this process
//! bench vault                10 million observations over 8 years: queries, decoding, opening, verifying, proving,
//!                            beside the same rows in SQLite
//! bench charts               the same person through a running server: every view of the app, beside SQLite
//! bench brain run ...       whole-brain simulation, for bench/mirror.d/brain.py
//! bench forecast ...        forecasts, features and the graph, for bench/mirror.d/forecast.py
//! bench glucose speed ...   glucose bodies and who treats them, for bench/mirror.d/glucose.py
//! bench decade               ten years of one person through the door: the first graph, and a day more
//! bench link                 requests between two twins, beside bare iroh
//! ```

mod brain;
mod charts;
mod decade;
mod forecast;
mod glucose;
mod import;
mod link;
mod person;
mod vault;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "Measures what a twin costs, beside its peers")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A bare quick-xml pass over an export
    Scan {
        /// The export
        file: PathBuf,
    },
    /// Our reader into a sink that only counts
    Read {
        /// The export
        file: PathBuf,
    },
    /// The whole way into a new twin
    Import {
        /// The export
        file: PathBuf,
    },
    /// Requests between two twins, beside bare iroh
    Link {
        /// So many megabytes in bulk
        #[arg(long, default_value_t = 256)]
        megabytes: usize,
    },
    /// Whole-brain simulation
    Brain {
        /// What to measure
        #[command(subcommand)]
        what: brain::Command,
    },
    /// Forecasts, features and the graph
    Forecast {
        /// What to measure
        #[command(subcommand)]
        what: forecast::Command,
    },
    /// Glucose bodies and who treats them
    Glucose {
        /// What to measure
        #[command(subcommand)]
        what: glucose::Command,
    },
    /// Ten years of one person through the door
    Decade {
        /// Years; fewer for a trial run
        #[arg(long, default_value_t = 10)]
        years: u32,
    },
    /// A large vault, beside the same rows in a plain database
    Vault {
        /// Observations, in millions
        #[arg(long, default_value_t = 10)]
        millions: u32,
    },
    /// The app's charts over HTTP, beside a plain database
    Charts {
        /// Observations, in millions
        #[arg(long, default_value_t = 10)]
        millions: u32,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Scan { file } => import::scan(&file),
        Command::Read { file } => import::read(&file),
        Command::Import { file } => import::import(&file),
        Command::Brain { what } => brain::run(&what),
        Command::Forecast { what } => forecast::run(&what),
        Command::Glucose { what } => glucose::run(&what),
        Command::Link { megabytes } => link::run(megabytes),
        Command::Decade { years } => decade::decade(years),
        Command::Vault { millions } => vault::vault(millions),
        Command::Charts { millions } => charts::charts(millions),
    };
    match result {
        Ok(figures) => {
            println!("{figures:#}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
