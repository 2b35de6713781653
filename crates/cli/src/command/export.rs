//! `twin export`: everything, in formats that other programs read.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::{notable, number};
use crate::trouble::Trouble;
use clap::Args;
use didymos_twin::request::Export as Ask;
use didymos_twin::{Request, Response};
use std::path::PathBuf;

/// Writes every observation as CSV, with sources, commits and signatures beside them. `twin import` reads it back.
#[derive(Args)]
pub(crate) struct Export {
    /// A folder that does not exist yet, or is empty
    dir: PathBuf,
}

pub(crate) fn run(globals: &Globals, typed: &Export) -> Result<Exit, Trouble> {
    let dir = std::path::absolute(&typed.dir).map_err(|error| Trouble::file("use", &typed.dir, &error))?;
    let reach = reach(globals)?;
    let request = Request::Export(Ask { dir });
    let Response::Export(report) = reach.work(&request, "stopping; the export will be incomplete")? else {
        return Err(Trouble::misunderstood());
    };
    if globals.json {
        output::json(&report)?;
    } else {
        output::text(&format!(
            "{} in {}, {}, in {}\n{}\n",
            number::counted(report.observations, "observation"),
            number::counted(report.files, "file"),
            number::bytes(report.bytes),
            report.dir,
            notable("These files are not encrypted: whoever can read them can read your data."),
        ))?;
    }
    Ok(Exit::Done)
}
