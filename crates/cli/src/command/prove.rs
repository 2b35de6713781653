//! `twin prove`: a small file that shows one observation to somebody who has neither this vault nor a key.

use super::ask_about;
use crate::arguments::{self, Globals};
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::{faint, number, table::plain};
use crate::trouble::Trouble;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Args;
use didymos_base::StreamId;
use didymos_twin::request::Which;
use didymos_twin::{Moment, Request, Response};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Example:
  twin prove glucose 2024-05-01T07:30 -o morning.twinproof
  twin check morning.twinproof                           anybody, anywhere

It reveals this one observation, its source and when it was signed, and nothing else.";

/// Writes a proof of the observation that starts nearest to a time.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Prove {
    /// A name from `twin streams`
    #[arg(value_parser = arguments::stream)]
    stream: StreamId,
    /// 2024-05-01T07:30, on your wall clock, or with an offset
    time: Moment,
    /// File to write the proof to
    #[arg(short, long, value_name = "FILE", required_unless_present = "json")]
    output: Option<PathBuf>,
    /// Show also which of your witnesses have seen it, and when
    #[arg(long)]
    witnessed: bool,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(globals: &Globals, typed: &Prove) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    let which = Which { stream: typed.stream.clone(), time: typed.time };
    let request = if typed.witnessed { Request::ProveWitnessed(which) } else { Request::Prove(which) };
    let Response::Proof(proof) = ask_about(&reach, &typed.stream, &request)? else {
        return Err(Trouble::misunderstood());
    };
    let bytes = URL_SAFE_NO_PAD.decode(&proof.proof).map_err(|_| Trouble::misunderstood())?;
    if let Some(path) = &typed.output {
        write(path, &bytes, typed.force)?;
    }
    if globals.json {
        output::json(&proof)?;
    } else if let Some(path) = &typed.output {
        let size = faint(&format!("({} bytes)", number::count(proof.bytes)));
        output::text(&format!(
            "{}\n\n{} {size}\nAnybody can check it with `twin check {}`.\n",
            plain(&proof.says),
            path.display(),
            path.display()
        ))?;
    }
    Ok(Exit::Done)
}

fn write(path: &Path, bytes: &[u8], force: bool) -> Result<(), Trouble> {
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    options.open(path).and_then(|mut file| file.write_all(bytes)).map_err(|error| {
        let trouble = Trouble::file("write", path, &error);
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => trouble.next("choose another name, or say --force to replace it"),
            _ => trouble,
        }
    })
}
