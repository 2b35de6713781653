//! `twin grant`, `contracts`, `accept`, `end` and `look`: what contacts let each other see.

use crate::arguments::{self, Globals};
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::query::{self, Stat};
use crate::render::table::{Side, Table, plain};
use crate::render::{faint, number, words};
use crate::trouble::Trouble;
use clap::Args;
use didymos_base::StreamId;
use didymos_consent::Rate;
use didymos_twin::request::{ContractOffer, ContractWhich, Every, Look as Ask};
use didymos_twin::response::{ContractShown, ContractState};
use didymos_twin::{Moment, Request, Response};

const GRANT_EXAMPLES: &str = "\
Examples:
  twin grant ann heart_rate steps --every 1d --purpose 'training together'
  twin grant dr-berg glucose --from 2024-05-01 --to 2024-08-01 --days 90 --at-most 10/1d --purpose treatment

Nothing can be seen before the other person accepts. `twin end` ends it at once, from either side.";
const LOOK_EXAMPLES: &str = "\
Examples:
  twin look ann heart_rate                               as fine as the contract allows
  twin look ann steps --every 1w --json

Times are on the other person's clock. Both twins keep a receipt that both have signed.";

/// Offer a contact to see some of your data: which, how fine, how often, how long, and what for.
#[derive(Args)]
#[command(after_help = GRANT_EXAMPLES)]
pub(crate) struct Grant {
    /// Who: a name from `twin contacts`
    contact: String,
    /// Names from `twin streams`
    #[arg(value_parser = arguments::stream, required = true)]
    streams: Vec<StreamId>,
    /// What for, in a few words that the other person reads
    #[arg(long, value_name = "TEXT")]
    purpose: String,
    /// Only statistics over stretches of this width [default: single observations]
    #[arg(long, value_name = "WIDTH")]
    every: Option<Every>,
    /// Data from here on, on your clock [default: from the first]
    #[arg(long, value_name = "TIME")]
    from: Option<Moment>,
    /// Data before this, on your clock [default: without end]
    #[arg(long, value_name = "TIME")]
    to: Option<Moment>,
    /// How often they may look, for example 24/1d [default: as often as they like]
    #[arg(long, value_name = "N/WIDTH", value_parser = rate)]
    at_most: Option<Rate>,
    /// For how many days from now
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_660))]
    days: u32,
}

/// Which contract.
#[derive(Args)]
pub(crate) struct Which {
    /// Its id from `twin contracts`, or the beginning of it
    contract: String,
}

/// See what a contact lets you see.
#[derive(Args)]
#[command(after_help = LOOK_EXAMPLES)]
pub(crate) struct Look {
    /// Who: a name from `twin contacts`
    contact: String,
    /// The stream
    #[arg(value_parser = arguments::stream)]
    stream: StreamId,
    /// First moment [default: as early as the contract goes]
    #[arg(long, value_name = "TIME")]
    from: Option<Moment>,
    /// Moment to stop before [default: as late as the contract goes]
    #[arg(long, value_name = "TIME")]
    to: Option<Moment>,
    /// Width of a stretch [default: as fine as the contract allows]
    #[arg(long, value_name = "WIDTH")]
    every: Option<Every>,
    /// At most so many rows
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

/// `24/1d`.
fn rate(text: &str) -> Result<Rate, String> {
    let wrong = || "write how many times within how long, for example 24/1d".to_owned();
    let (uses, width) = text.split_once('/').ok_or_else(wrong)?;
    let uses = uses.trim().parse().map_err(|_| wrong())?;
    let width: Every = width.trim().parse().map_err(|_| wrong())?;
    Ok(Rate { uses, per_ms: width.ms() })
}

pub(crate) fn grant(globals: &Globals, typed: &Grant) -> Result<Exit, Trouble> {
    let offer = ContractOffer {
        contact: typed.contact.clone(),
        streams: typed.streams.clone(),
        purpose: typed.purpose.clone(),
        from: typed.from,
        to: typed.to,
        every: typed.every,
        rate: typed.at_most,
        days: typed.days,
    };
    ask(globals, &Request::ContractOffer(offer))
}

pub(crate) fn list(globals: &Globals) -> Result<Exit, Trouble> {
    ask(globals, &Request::Contracts)
}

pub(crate) fn accept(globals: &Globals, typed: &Which) -> Result<Exit, Trouble> {
    ask(globals, &Request::ContractAccept(ContractWhich { contract: typed.contract.clone() }))
}

pub(crate) fn end(globals: &Globals, typed: &Which) -> Result<Exit, Trouble> {
    ask(globals, &Request::ContractEnd(ContractWhich { contract: typed.contract.clone() }))
}

fn ask(globals: &Globals, request: &Request) -> Result<Exit, Trouble> {
    let Response::Contracts(contracts) = reach(globals)?.ask(request)? else { return Err(Trouble::misunderstood()) };
    if globals.json {
        output::json(&contracts)?;
    } else {
        output::text(&render(&contracts, output::width()))?;
        if contracts.iter().any(|contract| contract.undelivered) {
            output::aside("What you signed waits until the other twin can be reached; `twin up` delivers it then.");
        }
    }
    Ok(Exit::Done)
}

fn render(contracts: &[ContractShown], width: usize) -> String {
    if contracts.is_empty() {
        return format!("No contracts yet. {}\n", faint("`twin grant` offers one to a contact."));
    }
    let mut table = Table::new([
        ("id", Side::Left),
        ("", Side::Left),
        ("who sees what", Side::Left),
        ("how fine", Side::Left),
        ("until", Side::Left),
        ("for", Side::Left),
    ]);
    for contract in contracts {
        let name = contract.name.as_deref().map_or_else(|| "somebody forgotten".to_owned(), plain);
        let streams: Vec<&str> = contract.streams.iter().map(StreamId::as_str).collect();
        let streams = streams.join(", ");
        table.row([
            contract.contract.to_string()[..8].to_owned(),
            state(contract).to_owned(),
            match (contract.space, contract.granted) {
                (Some(bytes), true) => format!("I give {name} {} of room", number::bytes(bytes)),
                (Some(bytes), false) => format!("{name} gives me {} of room", number::bytes(bytes)),
                (None, true) => format!("{name} sees my {streams}"),
                (None, false) => format!("I see {name}'s {streams}"),
            },
            contract.every.clone().unwrap_or_else(|| "all".to_owned()),
            words::time(&contract.expires)[..10].to_owned(),
            plain(&contract.purpose),
        ]);
    }
    table.render(width)
}

fn state(contract: &ContractShown) -> &'static str {
    match (contract.state, contract.undelivered) {
        (ContractState::Offered, true) => "offered, on its way",
        (ContractState::Offered, false) if contract.granted => "offered",
        (ContractState::Offered, false) => "`twin accept` it?",
        (ContractState::InForce, _) => "in force",
        (ContractState::Ended, _) => "ended",
        (ContractState::Expired, _) => "expired",
    }
}

pub(crate) fn look(globals: &Globals, typed: &Look) -> Result<Exit, Trouble> {
    let ask = Ask {
        contact: typed.contact.clone(),
        stream: typed.stream.clone(),
        from: typed.from,
        to: typed.to,
        every: typed.every,
        limit: typed.limit,
    };
    let Response::Looked(seen) = reach(globals)?.ask(&Request::Look(ask))? else {
        return Err(Trouble::misunderstood());
    };
    if globals.json {
        output::json(&seen)?;
        return Ok(Exit::Done);
    }
    let every = seen.answer.every.as_deref().and_then(|every| every.parse().ok()).map(Every::ms);
    output::text(&query::render(&seen.answer, Stat::usual(seen.answer.kind), every, output::width()))?;
    if seen.answer.more {
        output::aside(&query::more(typed.limit));
    }
    output::aside(&faint(&format!(
        "{} let you see this under contract {}; both twins keep the receipt.",
        plain(&seen.name),
        &seen.contract.to_string()[..8]
    )));
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_a_number_and_a_width() {
        assert_eq!(rate("24/1d"), Ok(Rate { uses: 24, per_ms: 86_400_000 }));
        for bad in ["24", "24/", "/1d", "x/1d", "24/1y"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }
}
