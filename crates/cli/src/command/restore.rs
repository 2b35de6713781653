//! `twin restore`: a twin back from a copy, or from friends, and the 24 words.

use super::backup::Options;
use super::init::refuse_existing;
use crate::arguments::Globals;
use crate::exit::Exit;
use crate::reach::Reach;
use crate::render::progress::Meter;
use crate::render::{good, number};
use crate::trouble::Trouble;
use crate::{interrupt, output, passphrase};
use clap::Args;
use didymos_identity::KdfCost;
use didymos_twin::{Friends, LookOut, Request, Response, Twin};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  twin restore /media/disk/twin-copy
  twin --home ~/twin2 restore s3://bucket/twin --option endpoint=https://s3.example.org
  twin restore --from-friends                         looks for friends in the local network and in the DHT
  twin restore --from-friends help-AbC… help-XyZ…     each friend makes one with `twin copies help`

Friends are found by themselves where they have switched that on: `twin phonebook --lan on`, `--dht on`.";

/// Gets the twin back from a copy, or from friends who keep shares of it. Needs the recovery phrase and nothing else; you
/// choose a new passphrase.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Restore {
    #[arg(help = "A folder, or s3://bucket/prefix", required_unless_present = "from_friends")]
    target: Option<String>,
    /// From friends who keep shares: any few of them are enough. Tickets of theirs [default: those who can be found]
    #[arg(long, value_name = "TICKET", num_args = 0.., conflicts_with = "target")]
    from_friends: Option<Vec<String>>,
    /// File with the recovery phrase; else you are asked
    #[arg(long, value_name = "FILE")]
    phrase_file: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// Friends by their tickets; without any, those who say where they are.
pub(crate) fn friends(tickets: &[String]) -> Friends {
    let look_out = if tickets.is_empty() { LookOut::everywhere() } else { LookOut::default() };
    Friends { look_out, ..Friends::by_tickets(tickets) }
}

pub(crate) fn run(globals: &Globals, typed: &Restore) -> Result<Exit, Trouble> {
    let home = globals.home()?;
    refuse_existing(&home)?;
    let target = typed.target.as_deref().map(super::backup::target).transpose()?;
    let options = typed.options.read(target.as_deref().unwrap_or_default())?;
    let phrase = passphrase::recovery_phrase(typed.phrase_file.as_deref())?;
    let passphrase = passphrase::new(globals.passphrase_file.as_deref(), "Passphrase for this machine")?;
    interrupt::heed("stopping; the same command goes on from there");
    let mut meter = Meter::new();
    let mut watch = |progress| meter.show(&progress);
    let cost = KdfCost::STANDARD;
    let twin = if let Some(target) = &target {
        Twin::restore(&home, target, &options, &phrase, &passphrase, cost, &mut watch)
    } else {
        let friends = friends(typed.from_friends.as_deref().unwrap_or_default());
        Twin::restore_from_friends(&home, &friends, &phrase, &passphrase, cost, &mut watch)
    };
    meter.finish();
    let twin = twin?;
    let reach = Reach::own(home, twin);
    let Response::Status(status) = reach.ask(&Request::Status)? else {
        return Err(Trouble::misunderstood());
    };
    if globals.json {
        output::json(&status)?;
    } else {
        output::text(&format!(
            "{} {} in {}, as a new device of {}\n`twin verify` reads it all once more; `twin backup add` names where copies go from here.\n",
            good("restored"),
            number::counted(status.observations, "observation"),
            reach.home().display(),
            status.did,
        ))?;
    }
    Ok(Exit::Done)
}
