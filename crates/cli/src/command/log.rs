//! `twin log`: what entered the journal, and who asked for what.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::{bad, faint, heading, number, table::plain, words};
use crate::trouble::Trouble;
use clap::Args;
use didymos_base::{Timestamp, ZoneOffset};
use didymos_twin::request::Log as Ask;
use didymos_twin::response::{LogAnswer, LogCommit};
use didymos_twin::{Request, Response};
use serde_json::Value as Json;

/// Of more receipts in one commit, their number is shown: drawing the list of streams alone leaves one for each.
const RECEIPTS_MAX: usize = 6;

/// Lists commits with the files and receipts in them, newest first.
#[derive(Args)]
pub(crate) struct Log {
    /// At most so many commits
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
    /// Only commits before this number
    #[arg(long, value_name = "SEQ")]
    before: Option<u64>,
}

pub(crate) fn run(globals: &Globals, typed: &Log) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    let Response::Log(answer) = reach.ask(&Request::Log(Ask { before: typed.before, limit: typed.limit }))? else {
        return Err(Trouble::misunderstood());
    };
    if globals.json {
        output::json(&answer)?;
    } else {
        output::text(&render(&answer))?;
    }
    Ok(Exit::Done)
}

fn render(answer: &LogAnswer) -> String {
    let mut text = String::new();
    for commit in &answer.commits {
        one(&mut text, commit);
    }
    if let Some(next) = answer.next {
        text.push_str(&faint(&format!("older ones: twin log --before {next}\n")));
    }
    text
}

fn one(text: &mut String, entry: &LogCommit) {
    let commit = &entry.commit;
    let mut holds = Vec::new();
    if entry.observations > 0 {
        holds.push(number::counted(entry.observations, "observation"));
    }
    if !entry.files.is_empty() {
        holds.push(number::counted(entry.files.len() as u64, "file"));
    }
    if !entry.receipts.is_empty() {
        holds.push(number::counted(entry.receipts.len() as u64, "receipt"));
    }
    let title = heading(&format!("{:>5}", commit.seq));
    text.push_str(&format!(
        "{title}  {}  {}  {}\n",
        words::time(&commit.time),
        faint(&commit.digest.short()),
        holds.join(", ")
    ));
    for file in &entry.files {
        let size = file.bytes.map_or_else(|| "not read to its end".to_owned(), number::bytes);
        text.push_str(&format!(
            "       {} {}\n",
            plain(&file.name),
            faint(&format!("({}, {size})", plain(&file.format)))
        ));
    }
    for line in entry.receipts.iter().take(RECEIPTS_MAX).map(receipt) {
        text.push_str(&format!("       {line}\n"));
    }
    if let Some(more) = entry.receipts.len().checked_sub(RECEIPTS_MAX + 1) {
        text.push_str(&faint(&format!("       and {} more (all with --json)\n", more + 1)));
    }
}

/// One receipt in a line: when, what, how it ended.
fn receipt(receipt: &Json) -> String {
    let word = |pointer: &str| receipt.pointer(pointer).and_then(Json::as_str).map(plain).unwrap_or_default();
    let time = receipt.get("time").and_then(Json::as_i64).map_or_else(String::new, |ms| {
        let clock = Timestamp(ms).rfc3339(ZoneOffset::UTC);
        clock.get(11..19).unwrap_or_default().to_owned()
    });
    let end = if let Some(because) = receipt.pointer("/decision/denied/because") {
        bad(&format!("denied: {}", plain(&words::json_value(because))))
    } else if let Some(code) = receipt.pointer("/outcome/failed/code").and_then(Json::as_str) {
        bad(&format!("failed: {}", plain(code)))
    } else {
        let items = receipt.pointer("/outcome/ok/items").and_then(Json::as_u64).unwrap_or(0);
        faint(&number::counted(items, "item"))
    };
    let who = match receipt.pointer("/principal/device/device").and_then(Json::as_str) {
        Some(_) => String::new(),
        None => format!(" by {}", plain(&receipt.get("principal").map_or_else(String::new, words::json_value))),
    };
    format!("{} {} {}{who} {end}", faint(&time), word("/request"), word("/summary"))
}
