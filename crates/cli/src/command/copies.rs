//! `twin space` and `twin copies`: friends keep sealed shares of each other's journals.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::reach::reach;
use crate::render::table::{Side, Table, plain};
use crate::render::{bad, faint, good, notable, number, words};
use crate::trouble::Trouble;
use crate::{interrupt, output};
use clap::{Args, Subcommand};
use didymos_twin::request::{ContractWhich, CopiesSet, CopiesWhich, SpaceOffer};
use didymos_twin::response::{ContractState, CopiesShown, HolderShown, HolderState, SpaceShown};
use didymos_twin::{Request, Response};

const SPACE_EXAMPLES: &str = "\
Examples:
  twin space offer ann 5GB                 ann takes it with `twin accept ID`
  twin space                               who gives whom how much
  twin space end 3f2a                      what is kept is deleted after 30 days";
const COPIES_EXAMPLES: &str = "\
Examples:
  twin copies                              how many friends may be lost right now
  twin copies spread                       brings every friend up to now
  twin copies audit                        has friends show that they keep what they should
  twin copies set --need 3 --lose 2        any 3 shares are enough; any 2 friends may be lost
  twin copies help                         a ticket for a friend who lost their machine";

/// Room for each other's copies; without more words, a list.
#[derive(Args)]
#[command(after_help = SPACE_EXAMPLES)]
pub(crate) struct Space {
    #[command(subcommand)]
    what: Option<SpaceWhat>,
}

#[derive(Subcommand)]
enum SpaceWhat {
    /// Give a contact room for their copies on this machine
    Offer {
        /// Who: a name from `twin contacts`
        contact: String,
        /// How much: 500MB, 5GB, 2TB
        #[arg(value_parser = size)]
        room: u64,
        /// For how many days from now
        #[arg(long, default_value_t = 3_650, value_parser = clap::value_parser!(u32).range(1..=3_660))]
        days: u32,
    },
    /// Who gives whom how much
    List,
    /// End a contract of room; what is kept is deleted after 30 days
    End {
        /// Its id from `twin space`, or the beginning of it
        contract: String,
    },
}

/// Copies at friends; without more words, how they stand.
#[derive(Args)]
#[command(after_help = COPIES_EXAMPLES)]
pub(crate) struct Copies {
    #[command(subcommand)]
    what: Option<CopiesWhat>,
}

#[derive(Subcommand)]
enum CopiesWhat {
    /// How they stand: how many friends may be lost, up to which commit, who keeps what
    Status,
    /// Spread the journal as it is now over the friends who give room, and make anew what is missing
    Spread,
    /// Have friends show that they keep what they should
    Audit {
        /// Only this friend
        contact: Option<String>,
    },
    /// Choose how many shares are enough, and how many friends may be lost at once
    Set {
        /// So many shares bring everything back
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
        need: Option<u8>,
        /// So many friends may be lost at once, if there are enough
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=31))]
        lose: Option<u8>,
    },
    /// Make a ticket for a friend who restores their twin on a new machine, and wait for them
    Help,
}

/// `5GB`, in powers of ten as disks are sold.
fn size(text: &str) -> Result<u64, String> {
    let wrong = || "write a number and MB, GB or TB, for example 5GB".to_owned();
    let text = text.trim().to_lowercase();
    let at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(at);
    let factor: u64 = match unit {
        "mb" | "m" => 1_000_000,
        "gb" | "g" => 1_000_000_000,
        "tb" | "t" => 1_000_000_000_000,
        _ => return Err(wrong()),
    };
    let number: u64 = number.trim().parse().map_err(|_| wrong())?;
    number.checked_mul(factor).filter(|bytes| *bytes > 0).ok_or_else(wrong)
}

pub(crate) fn space(globals: &Globals, typed: &Space) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    let request = match &typed.what {
        None | Some(SpaceWhat::List) => Request::Spaces,
        Some(SpaceWhat::Offer { contact, room, days }) => {
            Request::SpaceOffer(SpaceOffer { contact: contact.clone(), bytes: *room, days: *days })
        }
        Some(SpaceWhat::End { contract }) => {
            reach.ask(&Request::ContractEnd(ContractWhich { contract: contract.clone() }))?;
            Request::Spaces
        }
    };
    let Response::Spaces(spaces) = reach.ask(&request)? else { return Err(Trouble::misunderstood()) };
    if globals.json {
        output::json(&spaces)?;
    } else {
        output::text(&render_spaces(&spaces, output::width()))?;
        if spaces.iter().any(|space| space.undelivered) {
            output::aside("What you signed waits until the other twin can be reached; `twin up` delivers it then.");
        }
    }
    Ok(Exit::Done)
}

fn render_spaces(spaces: &[SpaceShown], width: usize) -> String {
    if spaces.is_empty() {
        return format!("No room is given yet. {}\n", faint("`twin space offer` gives a contact some."));
    }
    let columns = ["id", "", "who gives whom", "used", "of", "until"];
    let sides = [Side::Left, Side::Left, Side::Left, Side::Right, Side::Right, Side::Left];
    let mut table = Table::new(columns.into_iter().zip(sides));
    for space in spaces {
        let name = space.name.as_deref().map_or_else(|| "somebody forgotten".to_owned(), plain);
        let state = match space.state {
            ContractState::Offered if space.undelivered => "offered, on its way",
            ContractState::Offered if space.given => "offered",
            ContractState::Offered => "`twin accept` it?",
            ContractState::InForce => "in force",
            ContractState::Ended => "ended",
            ContractState::Expired => "expired",
        };
        let until = match &space.deleted {
            Some(deleted) => format!("{}, then deleted", &words::time(deleted)[..10]),
            None => words::time(&space.expires)[..10].to_owned(),
        };
        table.row([
            space.contract.to_string()[..8].to_owned(),
            state.to_owned(),
            if space.given { format!("I give {name}") } else { format!("{name} gives me") },
            number::bytes(space.used),
            number::bytes(space.bytes),
            until,
        ]);
    }
    table.render(width)
}

pub(crate) fn copies(globals: &Globals, typed: &Copies) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    let says = "stopping; what friends have they keep (Ctrl-C again stops at once)";
    let response = match &typed.what {
        None | Some(CopiesWhat::Status) => reach.ask(&Request::Copies)?,
        Some(CopiesWhat::Spread) => reach.work(&Request::CopiesSpread, says)?,
        Some(CopiesWhat::Audit { contact }) => {
            reach.work(&Request::CopiesAudit(CopiesWhich { contact: contact.clone() }), says)?
        }
        Some(CopiesWhat::Set { need, lose }) => {
            reach.ask(&Request::CopiesSet(CopiesSet { need: *need, lose: *lose }))?
        }
        Some(CopiesWhat::Help) => reach.ask(&Request::CopiesHelp)?,
    };
    match response {
        Response::Copies(shown) => {
            if globals.json {
                output::json(&shown)?;
            } else {
                output::text(&render(&shown, output::width()))?;
            }
            let sound = shown.notes.is_empty() && shown.holders.iter().all(|holder| holder.wrong.is_none());
            Ok(if sound { Exit::Done } else { Exit::BadNews })
        }
        Response::Help(help) => {
            if globals.json {
                output::json(&help)?;
            } else {
                output::text(&format!("{}\n", help.ticket))?;
            }
            if !reach.is_served() {
                interrupt::heed("");
                output::aside(&faint(
                    "Your friend types: twin restore --from-friends TICKET. Waiting for them; Ctrl-C ends that.",
                ));
                let _serving = reach.serve_others();
                interrupt::wait();
            }
            Ok(Exit::Done)
        }
        _ => Err(Trouble::misunderstood()),
    }
}

fn state(holder: &HolderShown) -> String {
    match holder.state {
        HolderState::Whole => good("whole"),
        HolderState::Behind => notable("behind"),
        HolderState::Away => bad("away for long"),
        HolderState::Full => bad("too little room"),
        HolderState::Caught => bad("not to be counted on"),
        HolderState::Leaving => faint("leaving"),
    }
}

fn render(shown: &CopiesShown, width: usize) -> String {
    let mut text = String::new();
    match (&shown.covered, shown.margin) {
        (Some(covered), margin) => {
            let safe = match margin {
                None => bad("Too few shares are out: a restore would not succeed right now."),
                Some(0) => notable("Everything comes back, if no friend is lost."),
                Some(1) => good("Any one friend may be lost, and everything comes back."),
                Some(many) => good(&format!("Any {many} friends may be lost, and everything comes back.")),
            };
            text.push_str(&format!(
                "{safe}\nUp to commit {} of {} ({}); {} since.\n",
                number::count(covered.commits.saturating_sub(1)),
                words::time(&covered.at),
                number::bytes(covered.bytes),
                number::counted(covered.behind, "commit"),
            ));
        }
        (None, _) if shown.holders.is_empty() => {
            let next = faint("A friend offers it with `twin space offer`, and you accept it.");
            return format!("Nobody gives you room yet. {next}\n");
        }
        (None, _) => text.push_str("Nothing is spread yet: `twin copies spread`.\n"),
    }
    let columns = ["friend", "", "keeps", "of", "last shown", ""];
    let sides = [Side::Left, Side::Left, Side::Right, Side::Right, Side::Left, Side::Left];
    let mut table = Table::new(columns.into_iter().zip(sides));
    for holder in &shown.holders {
        let name = holder.name.as_deref().map_or_else(|| "somebody forgotten".to_owned(), plain);
        let proven = holder.proven.as_deref().map_or_else(|| "never".to_owned(), words::time);
        let wrong = holder.wrong.as_deref().map(plain).unwrap_or_default();
        table.row([name, state(holder), number::bytes(holder.bytes), number::bytes(holder.room), proven, wrong]);
    }
    text.push_str(&table.render(width));
    for note in &shown.notes {
        text.push_str(&format!("{} {}\n", bad("failed:"), plain(note)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_a_number_and_a_unit() {
        assert_eq!(
            (size("5GB"), size("500 mb"), size("2T")),
            (Ok(5_000_000_000), Ok(500_000_000), Ok(2_000_000_000_000))
        );
        for wrong in ["5", "GB", "5XB", "-1GB", "0GB", "99999999999999TB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
