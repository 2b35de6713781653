//! `twin learn`: the models that the mirror keeps.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::mirror;
use crate::trouble::Trouble;
use clap::{Args, ValueEnum};
use didymos_twin::request::{Learn as Asked, Learnable};
use didymos_twin::{Request, Response};

const HELP: &str = "\
What is learnt lies sealed beside the journal and can be learnt anew to the same bits. Ctrl-C stops;
the same command goes on where it was. `twin up` learns by itself when nothing else is to be done.";

/// Learn the models that the mirror keeps, or go on learning them
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Learn {
    /// Only these
    #[arg(long, value_enum)]
    only: Vec<Which>,
    /// Throw away what was learnt before, and learn anew
    #[arg(long)]
    again: bool,
    /// Only say how they stand
    #[arg(long, conflicts_with_all = ["again", "only"])]
    status: bool,
    /// Learn nothing in the background until something new is imported
    #[arg(long, conflicts_with_all = ["again", "only", "status"])]
    stop: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Which {
    /// The graph network over hours
    Portrait,
    /// Makers of days
    Days,
    /// What follows from what you do
    World,
}

pub(crate) fn run(globals: &Globals, typed: &Learn) -> Result<Exit, Trouble> {
    let only = typed.only.iter().map(|which| match which {
        Which::Portrait => Learnable::Portrait,
        Which::Days => Learnable::Days,
        Which::World => Learnable::World,
    });
    let request = if typed.status {
        Request::Learnt
    } else {
        Request::Learn(Asked { only: only.collect(), again: typed.again, stop: typed.stop })
    };
    let answer = reach(globals)?.work(&request, "stopping; what was learnt so far is kept")?;
    let Response::Learnt(models) = answer else { return Err(Trouble::misunderstood()) };
    if globals.json {
        output::json(&models)?;
    } else {
        output::text(&mirror::learnt(&models, output::width()))?;
    }
    Ok(Exit::Done)
}
