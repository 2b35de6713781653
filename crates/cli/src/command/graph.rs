//! `twin graph`: what goes before what.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::graph;
use crate::trouble::Trouble;
use clap::Args;
use didymos_twin::request::Graph as Ask;
use didymos_twin::{Request, Response};

/// What goes before what: streams, the calendar, and the lagged edges between them with their evidence.
#[derive(Args)]
pub(crate) struct Graph {
    /// Share of the edges that may be false
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    rate: f64,
    /// Only from sources whose name contains this
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,
}

pub(crate) fn run(globals: &Globals, typed: &Graph) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    let ask = Request::Graph(Ask { rate: typed.rate, source: typed.source.clone() });
    let Response::Graph(answer) = reach.ask(&ask)? else {
        return Err(Trouble::misunderstood());
    };
    if globals.json {
        output::json(&answer)?;
    } else {
        output::text(&graph::render(&answer, output::width()))?;
    }
    Ok(Exit::Done)
}
