//! `twin check`: does a proof, or evidence of two histories, hold? Needs no twin, no key and no network.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::render::{bad, good, provenance};
use crate::trouble::Trouble;
use clap::Args;
use didymos_base::{Did, Digest, Kind, Source, StreamId, Value, ZoneOffset};
use didymos_guard::checkpoint::Checkpoint;
use didymos_guard::evidence;
use didymos_vault::proof::{self, Checked};
use serde::Serialize;
use std::io::Read;
use std::path::PathBuf;

/// Checks a proof made by `twin prove`, or evidence made by `twin witness evidence`. Exit code 1 if it does not hold.
#[derive(Args)]
pub(crate) struct Check {
    /// The proof, or the evidence
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    witnesses: Vec<WitnessShown<'a>>,
    bytes: usize,
}

#[derive(Serialize)]
struct WitnessShown<'a> {
    did: &'a Did,
    seen: String,
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
            witnesses: checked
                .witnesses
                .iter()
                .map(|(did, at)| WitnessShown { did, seen: at.rfc3339(ZoneOffset::UTC) })
                .collect(),
            bytes,
        }
    }
}

/// Evidence is longer than a proof may be.
const BYTES_MAX: usize = evidence::EVIDENCE_BYTES_MAX;

/// What evidence shows, with `--json`.
#[derive(Serialize)]
struct Caught<'a> {
    valid: bool,
    owner: &'a Did,
    commits: u64,
    first: Signed<'a>,
    second: Signed<'a>,
}

#[derive(Serialize)]
struct Signed<'a> {
    commits: u64,
    root: Digest,
    time: String,
    device: &'a Did,
}

impl<'a> Signed<'a> {
    fn of(checkpoint: &'a Checkpoint) -> Self {
        let time = checkpoint.at.rfc3339(ZoneOffset::UTC);
        Self { commits: checkpoint.size, root: checkpoint.root, time, device: &checkpoint.device }
    }
}

fn check_evidence(globals: &Globals, bytes: &[u8]) -> Result<Exit, Trouble> {
    match evidence::check(bytes) {
        Ok(caught) => {
            let (first, second) = (Signed::of(&caught.first), Signed::of(&caught.second));
            if globals.json {
                let (owner, commits) = (&caught.origin, caught.commits);
                output::json(&Caught { valid: true, owner, commits, first, second })?;
            } else {
                let line = |signed: &Signed<'_>| {
                    format!(
                        "  {} commits, root {}, signed {} by {}\n",
                        signed.commits, signed.root, signed.time, signed.device
                    )
                };
                output::text(&format!(
                    "{}: the twin of {} has shown two histories, which differ within their first {} commits\n{}{}",
                    good("holds"),
                    caught.origin,
                    caught.commits,
                    line(&first),
                    line(&second),
                ))?;
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

pub(crate) fn run(globals: &Globals, typed: &Check) -> Result<Exit, Trouble> {
    // One byte more than a proof can have is enough to see that it is too long.
    let mut bytes = Vec::new();
    std::fs::File::open(&typed.file)
        .and_then(|file| file.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| Trouble::file("read", &typed.file, &error))?;
    if evidence::is_evidence(&bytes) {
        return check_evidence(globals, &bytes);
    }
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
