//! `twin witness`: contacts who see to it that nobody shows two histories.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::table::{Side, Table, plain};
use crate::render::{bad, faint, heading, words};
use crate::trouble::Trouble;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::{Args, Subcommand};
use didymos_twin::request::{ForkWhich, WitnessWhich};
use didymos_twin::response::WitnessesAnswer;
use didymos_twin::{Request, Response};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  twin witness add bob                         bob's twin cosigns yours from now on
  twin witness evidence 3f2a -o fork.twinfork  what shows that a twin has told two histories
  twin check fork.twinfork                     anybody, anywhere";

/// Your witnesses, whose journals you witness, and who was caught; without more words, a list.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Witness {
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Subcommand)]
enum Act {
    /// Have a contact cosign your journal
    Add(Who),
    /// Have it no more
    Remove(Who),
    /// Write the evidence against a twin to a file
    Evidence(Evidence),
}

#[derive(Args)]
struct Who {
    /// A name, the beginning of it, or a DID
    contact: String,
}

#[derive(Args)]
struct Evidence {
    /// The evidence's id, or its first digits
    fork: String,
    /// File to write it to
    #[arg(short, long, value_name = "FILE", required_unless_present = "json")]
    output: Option<PathBuf>,
}

pub(crate) fn run(globals: &Globals, typed: Witness) -> Result<Exit, Trouble> {
    let which = |who: Who| WitnessWhich { contact: who.contact };
    let (request, file) = match typed.act {
        None => (Request::Witnesses, None),
        Some(Act::Add(who)) => (Request::WitnessAdd(which(who)), None),
        Some(Act::Remove(who)) => (Request::WitnessRemove(which(who)), None),
        Some(Act::Evidence(Evidence { fork, output })) => (Request::Evidence(ForkWhich { fork }), output),
    };
    match reach(globals)?.ask(&request)? {
        Response::Witnesses(answer) if globals.json => output::json(&answer)?,
        Response::Witnesses(answer) => output::text(&render(&answer, output::width()))?,
        Response::Evidence(answer) => {
            if let Some(path) = &file {
                let bytes = URL_SAFE_NO_PAD.decode(&answer.evidence).map_err(|_| Trouble::misunderstood())?;
                let mut options = OpenOptions::new();
                let made = options.write(true).create_new(true).open(path).and_then(|mut file| file.write_all(&bytes));
                made.map_err(|error| Trouble::file("write", path, &error))?;
            }
            if globals.json {
                output::json(&answer)?;
            } else {
                output::text(&format!("{}\nAnybody can check it with `twin check`.\n", plain(&answer.says)))?;
            }
        }
        _ => return Err(Trouble::misunderstood()),
    }
    Ok(Exit::Done)
}

fn render(answer: &WitnessesAnswer, width: usize) -> String {
    let mut text = String::new();
    let who = |name: Option<&String>, did: &didymos_base::Did| name.map_or_else(|| did.to_string(), |name| plain(name));
    if answer.witnesses.is_empty() {
        text.push_str(&format!("You have no witnesses. {}\n", faint("`twin witness add NAME` names one.")));
    } else {
        text.push_str(&format!("{}; your journal has {} commits\n", heading("Your witnesses"), answer.commits));
        let mut table =
            Table::new([("name", Side::Left), ("commits", Side::Right), ("cosigned", Side::Left), ("", Side::Left)]);
        for one in &answer.witnesses {
            let at = one.cosigned.as_deref().map(words::time).unwrap_or_default();
            let said = one.words.as_deref().map(|words| bad(&plain(words))).unwrap_or_default();
            table.row([who(one.name.as_ref(), &one.did), one.commits.to_string(), at, said]);
        }
        text.push_str(&table.render(width));
    }
    if !answer.watched.is_empty() {
        text.push_str(&format!("\n{}\n", heading("Whose journals you witness")));
        let mut table =
            Table::new([("name", Side::Left), ("commits", Side::Right), ("cosigned", Side::Left), ("", Side::Left)]);
        for one in &answer.watched {
            let state = if one.forked { bad("has shown two histories") } else { String::new() };
            table.row([who(one.name.as_ref(), &one.did), one.commits.to_string(), words::time(&one.cosigned), state]);
        }
        text.push_str(&table.render(width));
    }
    if !answer.forks.is_empty() {
        text.push_str(&format!("\n{}\n", bad("Twins that have shown two histories")));
        let mut table = Table::new([
            ("id", Side::Left),
            ("name", Side::Left),
            ("within commits", Side::Right),
            ("found", Side::Left),
        ]);
        for one in &answer.forks {
            let id = one.fork.to_string()[..8].to_owned();
            table.row([id, who(one.name.as_ref(), &one.did), one.commits.to_string(), words::time(&one.found)]);
        }
        text.push_str(&table.render(width));
    }
    text
}
