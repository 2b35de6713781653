//! `twin receipts`: every use of a contract, as both sides have signed it.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::table::{Side, Table};
use crate::render::{bad, faint, good, words};
use crate::trouble::Trouble;
use clap::Args;
use didymos_base::StreamId;
use didymos_twin::request::UsesAsked;
use didymos_twin::response::{UseShown, UsesAnswer};
use didymos_twin::{Request, Response};

const EXAMPLES: &str = "\
Examples:
  twin receipts 3f2a                 who looked at what under this contract, newest first
  twin receipts 3f2a --json          with the digests of what was asked and answered

The other side keeps the same: nobody can deny a look, and nobody can make one up. What was seen is
kept by nobody.";

/// Each use of a contract, with whether both signatures hold.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Receipts {
    /// Its id from `twin contracts`, or the beginning of it
    contract: String,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// Older ones: what an answer before this one ended with
    #[arg(long, value_name = "PLACE")]
    before: Option<String>,
}

pub(crate) fn run(globals: &Globals, typed: &Receipts) -> Result<Exit, Trouble> {
    let asked = UsesAsked { contract: typed.contract.clone(), before: typed.before.clone(), limit: typed.limit };
    let Response::Uses(answer) = reach(globals)?.ask(&Request::ContractUses(asked))? else {
        return Err(Trouble::misunderstood());
    };
    if globals.json {
        output::json(&answer)?;
    } else {
        output::text(&render(&answer, output::width()))?;
        if let Some(next) = &answer.next {
            output::aside(&faint(&format!("older ones: --before {next}")));
        }
    }
    Ok(if answer.uses.iter().all(|one| one.holds) { Exit::Done } else { Exit::BadNews })
}

fn render(answer: &UsesAnswer, width: usize) -> String {
    if answer.uses.is_empty() {
        return "Nobody has looked under this contract.\n".to_owned();
    }
    let columns = ["when", "who", "what", "from", "until", "how fine", "signatures"];
    let mut table = Table::new(columns.map(|column| (column, Side::Left)));
    for one in &answer.uses {
        table.row([
            words::time(&one.at),
            if one.by_owner { "I looked" } else { "they looked" }.to_owned(),
            what(one),
            one.from.clone().unwrap_or_default(),
            one.to.clone().unwrap_or_default(),
            one.every.clone().unwrap_or_default(),
            if one.holds { good("both hold") } else { bad("cannot be checked") },
        ]);
    }
    table.render(width)
}

fn what(one: &UseShown) -> String {
    let stream = one.stream.as_ref().map(StreamId::as_str);
    match (stream, one.request.as_str()) {
        (Some(stream), _) => stream.to_owned(),
        (None, "") => "a request of a newer version".to_owned(),
        (None, request) => request.to_owned(),
    }
}
