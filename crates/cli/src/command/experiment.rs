//! `twin experiment`: randomised trials on oneself.

use crate::arguments::{self, Globals};
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::experiment;
use crate::trouble::Trouble;
use clap::{Args, Subcommand};
use didymos_base::StreamId;
use didymos_twin::request::{Experiment as Plan, ExperimentWhich};
use didymos_twin::{Request, Response};

const EXAMPLES: &str = "\
Example:
  twin experiment add \"coffee and sleep\" --outcome sleep_minutes --arm \"as usual\" --arm \"no coffee\" --days 3 --washout 1

Every block has each arm once, in an order drawn by lot. The result is read after the last day,
not before: who looks every day takes chance for an effect sooner or later.";

/// Randomised trials on oneself: lay one out, follow its schedule, read its result.
#[derive(Subcommand)]
pub(crate) enum Experiment {
    /// Lay out a trial and keep it
    Add(Add),
    /// All trials, newest first
    List,
    /// One trial: its schedule and, when it is over, its result
    Show(Which),
    /// End a trial before its time
    End(Which),
}

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Add {
    /// What it is called
    title: String,
    /// The stream whose value of each day is read
    #[arg(long, value_name = "STREAM", value_parser = arguments::stream)]
    outcome: StreamId,
    /// What is compared: two or more; the first is what the others are compared with
    #[arg(long = "arm", value_name = "TEXT", required = true)]
    arms: Vec<String>,
    /// How many times every arm has its turn
    #[arg(long, default_value_t = 8)]
    blocks: u32,
    /// Days in a period
    #[arg(long, default_value_t = 3)]
    days: u32,
    /// Of these, how many at the beginning do not count
    #[arg(long, default_value_t = 1)]
    washout: u32,
    /// First day [default: tomorrow]
    #[arg(long, value_name = "DATE")]
    start: Option<String>,
    /// Decides the lots [default: drawn]
    #[arg(long)]
    seed: Option<u32>,
}

#[derive(Args)]
pub(crate) struct Which {
    /// Its id, from `twin experiment list`
    id: String,
}

pub(crate) fn run(globals: &Globals, typed: Experiment) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    let request = match typed {
        Experiment::Add(Add { title, outcome, arms, blocks, days, washout, start, seed }) => {
            let (days_per_period, washout_days) = (days, washout);
            let settles = Vec::new();
            Request::ExperimentAdd(Plan {
                title,
                outcome,
                arms,
                blocks,
                days_per_period,
                washout_days,
                start,
                seed,
                settles,
            })
        }
        Experiment::List => Request::ExperimentList,
        Experiment::Show(Which { id }) => Request::ExperimentShow(ExperimentWhich { id }),
        Experiment::End(Which { id }) => Request::ExperimentEnd(ExperimentWhich { id }),
    };
    match reach.ask(&request)? {
        Response::Experiments(all) if globals.json => output::json(&all)?,
        Response::Experiments(all) => output::text(&experiment::list(&all, output::width()))?,
        Response::Experiment(shown) if globals.json => output::json(&shown)?,
        Response::Experiment(shown) => output::text(&experiment::one(&shown, output::width()))?,
        _ => return Err(Trouble::misunderstood()),
    }
    Ok(Exit::Done)
}
