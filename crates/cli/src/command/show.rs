//! `twin show`: one observation, and where it comes from.

use super::ask_about;
use crate::arguments::{self, Globals};
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::provenance;
use crate::trouble::Trouble;
use clap::Args;
use didymos_base::StreamId;
use didymos_twin::request::Which;
use didymos_twin::{Moment, Request, Response};

/// Shows the observation that starts nearest to a time: its value, and the chain from the file to the signature.
#[derive(Args)]
pub(crate) struct Show {
    /// A name from `twin streams`
    #[arg(value_parser = arguments::stream)]
    stream: StreamId,
    /// 2024-05-01T07:30, on your wall clock, or with an offset
    time: Moment,
}

pub(crate) fn run(globals: &Globals, typed: &Show) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    let which = Which { stream: typed.stream.clone(), time: typed.time };
    let Response::Show(shown) = ask_about(&reach, &typed.stream, &Request::Show(which))? else {
        return Err(Trouble::misunderstood());
    };
    if globals.json {
        output::json(&shown)?;
    } else {
        output::text(&provenance::render(&shown))?;
    }
    Ok(if shown.verified { Exit::Done } else { Exit::BadNews })
}
