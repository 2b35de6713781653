//! `twin days`: which are alike, which unusual, and what nobody measured.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::mirror;
use crate::trouble::Trouble;
use clap::Subcommand;
use didymos_twin::request::Days as Asked;
use didymos_twin::{Request, Response};

const EXAMPLES: &str = "\
Examples:
  twin days like 2024-05-01
  twin days unusual --count 10
  twin days filled 2024-05-01 --json
  twin days state

A graph network, principal components and seasonal means are learnt side by side; for each task
the one answers that did best on days kept from all of them, and it is said by how much.";

/// Which days are alike, which are unusual, what unmeasured hours would have been
#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Days {
    /// Days like one
    Like {
        /// The day, such as 2024-05-01 [default: the last one]
        date: Option<String>,
        /// How many
        #[arg(long, default_value_t = 5)]
        count: u32,
    },
    /// The days that are least like the others
    Unusual {
        /// How many
        #[arg(long, default_value_t = 5)]
        count: u32,
    },
    /// What the hours of a day that nobody measured would have been
    Filled {
        /// The day [default: the last one with such hours]
        date: Option<String>,
    },
    /// Your state hour by hour, as the graph network has it
    State {
        /// The day [default: the last one]
        date: Option<String>,
    },
}

pub(crate) fn run(globals: &Globals, typed: Days) -> Result<Exit, Trouble> {
    let asked = match typed {
        Days::Like { date, count } => Asked::Like { date, count },
        Days::Unusual { count } => Asked::Unusual { count },
        Days::Filled { date } => Asked::Filled { date },
        Days::State { date } => Asked::State { date },
    };
    let answer = reach(globals)?.work(&Request::Days(asked), "stopping; what was learnt so far is kept")?;
    let Response::Days(answer) = answer else { return Err(Trouble::misunderstood()) };
    if globals.json {
        output::json(&answer)?;
    } else {
        output::text(&mirror::days(&answer, output::width()))?;
    }
    Ok(if answer.refused.is_some() { Exit::BadNews } else { Exit::Done })
}
