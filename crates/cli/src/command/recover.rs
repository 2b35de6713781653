//! `twin recover`: a twin back by its guardians, without the 24 words.

use super::backup::Options;
use super::init::{new_phrase, refuse_existing};
use super::pair::{self, Pair};
use crate::arguments::Globals;
use crate::exit::Exit;
use crate::reach::{Reach, open_own, reach};
use crate::render::progress::Meter;
use crate::render::table::{Side, Table, plain};
use crate::render::{bad, faint, good, heading, number, words};
use crate::trouble::Trouble;
use crate::{interrupt, output, passphrase};
use clap::{Args, Subcommand};
use didymos_identity::KdfCost;
use didymos_twin::request::RecoveryBegin;
use didymos_twin::response::{ClaimState, RecoveryAnswer};
use didymos_twin::{Friends, Request, Response, Twin, home};
use std::path::{Path, PathBuf};

/// Folder, within the home, of the twin that does the asking.
const FOLDER: &str = "recovering";

const EXAMPLES: &str = "\
Example, on a new machine:
  twin recover begin 'Ann'               whose twin: the name by which the guardians know you, or your DID
  twin recover add twin-hAFYIL...        a ticket that a guardian makes with `twin pair`, on the phone
  twin recover                           how it stands; asks every guardian
  twin recover finish /media/disk/copy   once enough have handed over their shares: restores from a copy
  twin recover finish --from-friends     or from friends who keep shares, the guardians first of all

Each guardian compares the digits with you and approves with `twin guardian approve`. Then the waiting
time runs that you chose; your old twin, if somebody has it, is told and can stop it.";

/// Gets a twin back by its guardians; without more words, says how it stands.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Recover {
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Subcommand)]
enum Act {
    /// Begin on this machine
    Begin(Begin),
    /// Reach one more guardian by their ticket, and compare digits
    Add(Add),
    /// Ask every guardian how it stands
    Status,
    /// Put the phrase together and restore from a copy, or from friends
    Finish(Finish),
    /// Give up and delete what was begun here
    Abandon,
}

#[derive(Args)]
struct Begin {
    /// Whose twin
    who: String,
}

#[derive(Args)]
struct Add {
    /// The guardian's ticket
    ticket: String,
}

#[derive(Args)]
struct Finish {
    /// A folder, or `s3://bucket/prefix`, with a copy of the twin
    #[arg(required_unless_present_any = ["phrase_out", "from_friends"])]
    target: Option<String>,
    /// Restore from friends who keep shares: the guardians, and these tickets or else whoever can be found
    #[arg(long, value_name = "TICKET", num_args = 0.., conflicts_with_all = ["target", "phrase_out"])]
    from_friends: Option<Vec<String>>,
    /// Only write the recovery phrase to this new file (readable by you only), for `twin restore`
    #[arg(long, value_name = "FILE", conflicts_with = "target")]
    phrase_out: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// The same settings, for the twin that asks.
fn asking(globals: &Globals) -> Result<Globals, Trouble> {
    Ok(Globals {
        home: Some(globals.home()?.join(FOLDER)),
        passphrase_file: globals.passphrase_file.clone(),
        json: globals.json,
        link_listen: globals.link_listen.clone(),
    })
}

fn begun(globals: &Globals) -> Result<Globals, Trouble> {
    let asking = asking(globals)?;
    if !home::exists(&asking.home()?) {
        return Err(Trouble::new(Exit::NotFound, "nothing is being recovered here").next("`twin recover begin` first"));
    }
    Ok(asking)
}

pub(crate) fn run(globals: &Globals, typed: Recover) -> Result<Exit, Trouble> {
    match typed.act.unwrap_or(Act::Status) {
        Act::Begin(begin) => begin_here(globals, begin),
        Act::Add(Add { ticket }) => {
            let asking = begun(globals)?;
            match pair::run(&asking, &Pair::joining(ticket))? {
                Exit::Done => status(&asking),
                other => Ok(other),
            }
        }
        Act::Status => status(&begun(globals)?),
        Act::Finish(finish) => finish_here(globals, &begun(globals)?, &finish),
        Act::Abandon => {
            remove(&begun(globals)?.home()?)?;
            Ok(Exit::Done)
        }
    }
}

fn remove(folder: &Path) -> Result<(), Trouble> {
    std::fs::remove_dir_all(folder).map_err(|error| Trouble::file("delete", folder, &error))
}

fn begin_here(globals: &Globals, begin: Begin) -> Result<Exit, Trouble> {
    let (home, asking) = (globals.home()?, asking(globals)?);
    refuse_existing(&home)?;
    let folder = asking.home()?;
    if home::exists(&folder) {
        return Err(Trouble::new(Exit::Usage, "something is being recovered here already")
            .next("go on with `twin recover`, or give it up with `twin recover abandon`"));
    }
    let passphrase = passphrase::new(globals.passphrase_file.as_deref(), "Passphrase for this machine")?;
    // The identity of the machine that asks is thrown away afterwards, and its words with it.
    let twin = Twin::init(&folder, &new_phrase()?, &passphrase, KdfCost::STANDARD)?;
    let name: String = format!("a new machine of {}", begin.who).chars().take(80).collect();
    twin.call_oneself(&name)?;
    let reach = Reach::own(folder, twin);
    let request = Request::RecoveryBegin(RecoveryBegin { who: begin.who });
    let Response::Recovery(answer) = reach.ask(&request)? else { return Err(Trouble::misunderstood()) };
    tell(globals, &answer)?;
    Ok(Exit::Done)
}

fn status(asking: &Globals) -> Result<Exit, Trouble> {
    let Response::Recovery(answer) = reach(asking)?.ask(&Request::RecoveryStatus)? else {
        return Err(Trouble::misunderstood());
    };
    tell(asking, &answer)?;
    Ok(Exit::Done)
}

fn finish_here(globals: &Globals, asking: &Globals, finish: &Finish) -> Result<Exit, Trouble> {
    let (home, folder) = (globals.home()?, asking.home()?);
    refuse_existing(&home)?;
    let passphrase = passphrase::existing(globals.passphrase_file.as_deref())?;
    let twin = open_own(&folder, &passphrase)?;
    let (did, phrase) = twin.recovered()?;
    let guardians = twin.contact_places()?;
    drop(twin);
    if let Some(path) = &finish.phrase_out {
        let kept = passphrase::keep(&phrase, path)?;
        output::text(&format!("The 24 words of {did} are in {}, readable by you only.\n", kept.display()))?;
        return Ok(Exit::Done);
    }
    let target = finish.target.as_deref().map(super::backup::target).transpose()?;
    let options = finish.options.read(target.as_deref().unwrap_or_default())?;
    interrupt::heed("stopping; the same command goes on from there");
    let (mut meter, cost) = (Meter::new(), KdfCost::STANDARD);
    let mut watch = |progress| meter.show(&progress);
    let twin = if let Some(target) = &target {
        Twin::restore(&home, target, &options, &phrase, &passphrase, cost, &mut watch)
    } else {
        let friends = super::restore::friends(finish.from_friends.as_deref().unwrap_or_default());
        let friends = Friends { places: guardians, ..friends };
        Twin::restore_from_friends(&home, &friends, &phrase, &passphrase, cost, &mut watch)
    };
    meter.finish();
    let reach = Reach::own(home, twin?);
    let Response::Status(status) = reach.ask(&Request::Status)? else { return Err(Trouble::misunderstood()) };
    remove(&folder)?;
    if globals.json {
        output::json(&status)?;
    } else {
        output::text(&format!(
            "{} {} as a new device of {}.\nName guardians anew (`twin guardian set`): their shares have been put together.\n",
            good("recovered"),
            number::counted(status.observations, "observation"),
            status.did
        ))?;
    }
    Ok(Exit::Done)
}

/// How a claim stands.
pub(crate) fn tell(globals: &Globals, answer: &RecoveryAnswer) -> Result<(), Trouble> {
    if globals.json {
        return output::json(answer);
    }
    let mut text = format!("Read these digits to each guardian:  {}\n", heading(&answer.digits));
    if answer.guardians.is_empty() {
        text.push_str(&faint(
            "Nobody is reached yet. A guardian makes a ticket with `twin pair`: `twin recover add TICKET`\n",
        ));
    } else {
        let mut table = Table::new([("guardian", Side::Left), ("", Side::Left), ("", Side::Left)]);
        for one in &answer.guardians {
            let state = match one.state {
                _ if one.lied => bad("handed over something else than was given to them"),
                None => faint("not reached yet"),
                Some(ClaimState::Unclear) => "has to say whose twin it is".to_owned(),
                Some(ClaimState::Unapproved) => "has not approved yet".to_owned(),
                Some(ClaimState::Early) => "there are signs of life".to_owned(),
                Some(ClaimState::Waiting | ClaimState::Ready) => {
                    format!("approved; not before {}", one.opens.as_deref().map(words::time).unwrap_or_default())
                }
                Some(ClaimState::Released) => good("handed over their share"),
                Some(ClaimState::Denied) => bad("said no"),
                Some(ClaimState::Cancelled) => bad("was told by the owner that this is theft"),
                Some(ClaimState::Gone) => bad("keeps nothing for it"),
            };
            let name = one.name.as_deref().map_or_else(|| one.did.to_string(), plain);
            table.row([name, state, one.words.as_deref().map(plain).unwrap_or_default()]);
        }
        text.push_str(&table.render(output::width()));
    }
    match (answer.ready, answer.need) {
        (true, _) => text.push_str(&good("There are enough shares.\n")),
        (false, Some(need)) => text.push_str(&format!("{} of {need} shares are here.\n", answer.have)),
        (false, None) => {}
    }
    output::text(&text)
}
