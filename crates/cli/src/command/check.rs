//! `twin check`: does a proof hold? Needs no twin, no key and no network.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::render::{bad, provenance};
use crate::trouble::Trouble;
use clap::Args;
use didymos_base::{Did, Digest, Kind, Source, StreamId, Value, ZoneOffset};
use didymos_vault::proof::{self, Checked};
use serde::Serialize;
use std::io::Read;
use std::path::PathBuf;

/// Checks a proof made by `twin prove`. Exit code 1 if it does not hold.
#[derive(Args)]
pub(crate) struct Check {
    /// The proof
    file: PathBuf,
}

/// With `--json`.
#[derive(Serialize)]
#[serde(untagged)]
enum Verdict<'a> {
    Holds(Box<Holds<'a>>),
    Fails { valid: bool, why: String },
}

/// What a proof shows.
#[derive(Serialize)]
struct Holds<'a> {
    valid: bool,
    owner: &'a Did,
    stream: &'a StreamId,
    kind: Kind,
    value: &'a Value,
    unit: &'a str,
    time: String,
    end: String,
    source: &'a Source,
    position: u64,
    object: Digest,
    index: u32,
    of: u32,
    commit: CommitShown<'a>,
    bytes: usize,
}

#[derive(Serialize)]
struct CommitShown<'a> {
    seq: u64,
    digest: Digest,
    time: String,
    device: &'a Did,
}

impl<'a> Holds<'a> {
    fn of(checked: &'a Checked, bytes: usize) -> Self {
        let observation = &checked.observation;
        let zone = observation.zone_minutes.and_then(ZoneOffset::from_minutes).unwrap_or(ZoneOffset::UNKNOWN);
        let commit = &checked.commit;
        Self {
            valid: true,
            owner: &checked.owner,
            stream: &observation.stream,
            kind: checked.kind,
            value: &observation.value,
            unit: &observation.unit,
            time: observation.start.rfc3339(zone),
            end: observation.end.rfc3339(zone),
            source: &observation.source,
            position: checked.at,
            object: checked.object,
            index: checked.place.0,
            of: checked.place.1,
            commit: CommitShown {
                seq: commit.seq,
                digest: commit.digest(),
                time: commit.time.rfc3339(ZoneOffset::UTC),
                device: &commit.device,
            },
            bytes,
        }
    }
}

pub(crate) fn run(globals: &Globals, typed: &Check) -> Result<Exit, Trouble> {
    // One byte more than a proof can have is enough to see that it is too long.
    let mut bytes = Vec::new();
    std::fs::File::open(&typed.file)
        .and_then(|file| file.take(proof::MAX_LEN as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| Trouble::file("read", &typed.file, &error))?;
    match proof::check(&bytes) {
        Ok(checked) => {
            if globals.json {
                output::json(&Verdict::Holds(Box::new(Holds::of(&checked, bytes.len()))))?;
            } else {
                output::text(&provenance::checked(&checked, bytes.len()))?;
            }
            Ok(Exit::Done)
        }
        Err(error) => {
            if globals.json {
                output::json(&Verdict::Fails { valid: false, why: error.to_string() })?;
            } else {
                output::text(&format!("{}: {error}", bad("does not hold")))?;
            }
            Ok(Exit::BadNews)
        }
    }
}
