//! `twin device`: the owner's other machines.

use crate::arguments::Globals;
use crate::command::pair::{Stood, follow};
use crate::exit::Exit;
use crate::reach::{Reach, listen, reach};
use crate::render::progress::Meter;
use crate::render::table::{Side, Table, plain};
use crate::render::{bad, faint, good, number, words};
use crate::trouble::Trouble;
use crate::{interrupt, output, passphrase};
use clap::Subcommand;
use didymos_identity::KdfCost;
use didymos_twin::devices::joining::Joining;
use didymos_twin::request::{DeviceAdd, DevicePromote, DeviceRevoke, Words};
use didymos_twin::response::{DeviceRole, DevicesAnswer};
use didymos_twin::{Request, Response, World};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  twin device add                      here: makes a ticket; needs the 24 words
  twin device join twin-hAFYIL...      on the new machine: takes it, compares six digits, gets everything
  twin up                              there: the copy stays live for as long as this runs on both
  twin device viewer                   a ticket for `twin connect` on a computer that holds nothing
  twin device promote                  the machine that wrote is lost: this one writes from now on
  twin device revoke 'old laptop'      a machine is stolen";

/// Your other machines: copies that stay live, and computers that may open the page
#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Device {
    /// Your devices, and how far each is
    List,
    /// Make another machine one of your devices, with a whole live copy of everything
    Add {
        /// File with the recovery phrase; else you are asked
        #[arg(long, value_name = "FILE")]
        phrase_file: Option<PathBuf>,
    },
    /// Make this machine, which has no twin yet, one of your devices
    Join {
        /// What `twin device add` shows on the other machine
        ticket: String,
        /// What to call this machine
        #[arg(long, value_name = "NAME", default_value_t = machine_name())]
        name: String,
    },
    /// Let a computer that holds nothing open your page with `twin connect`
    Viewer,
    /// Take a device's or a viewer's rights away, at once
    Revoke {
        /// Its name, the beginning of that, or its DID
        device: String,
        /// File with the recovery phrase; else you are asked
        #[arg(long, value_name = "FILE")]
        phrase_file: Option<PathBuf>,
    },
    /// Make this machine the one that writes, because the one that did is lost
    Promote {
        /// File with the recovery phrase; else you are asked
        #[arg(long, value_name = "FILE")]
        phrase_file: Option<PathBuf>,
    },
}

/// What this machine is called by those who run it.
pub(crate) fn machine_name() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = std::env::var("HOSTNAME").ok().or(kernel).map(|name| name.trim().to_owned());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "computer".to_owned())
}

fn the_words(file: Option<&std::path::Path>) -> Result<Words, Trouble> {
    let phrase = passphrase::recovery_phrase(file)?;
    Ok(Words::new(phrase.words().to_string()))
}

pub(crate) fn run(globals: &Globals, typed: Device) -> Result<Exit, Trouble> {
    match typed {
        Device::List => shown(globals, &reach(globals)?, &Request::Devices),
        Device::Add { phrase_file } => {
            let reach = reach(globals)?;
            let words = the_words(phrase_file.as_deref())?;
            let done = "The machine is one of your devices. Its copy stays live while `twin up` runs on both.\n";
            pairing(globals, &reach, &Request::DeviceAdd(DeviceAdd { words }), "twin device join TICKET", done)
        }
        Device::Viewer => {
            let done = "That computer may open your page now: `twin connect` there, while `twin up` runs here.\n";
            pairing(globals, &reach(globals)?, &Request::DeviceViewer, "twin connect --ticket TICKET", done)
        }
        Device::Join { ticket, name } => join(globals, &ticket, &name),
        Device::Revoke { device, phrase_file } => {
            let reach = reach(globals)?;
            let Response::Devices(known) = reach.ask(&Request::Devices)? else { return Err(Trouble::misunderstood()) };
            let wanted = device.trim().to_lowercase();
            let is_viewer = known.devices.iter().any(|known| {
                known.role == DeviceRole::Viewer
                    && (known.did.as_str() == device.trim() || known.name.to_lowercase().starts_with(&wanted))
            });
            let words = if is_viewer { None } else { Some(the_words(phrase_file.as_deref())?) };
            shown(globals, &reach, &Request::DeviceRevoke(DeviceRevoke { device, words }))
        }
        Device::Promote { phrase_file } => {
            let reach = reach(globals)?;
            let words = the_words(phrase_file.as_deref())?;
            shown(globals, &reach, &Request::DevicePromote(DevicePromote { words }))
        }
    }
}

fn pairing(globals: &Globals, reach: &Reach, begin: &Request, there: &str, done: &str) -> Result<Exit, Trouble> {
    reach.expect_many();
    follow(globals, Stood { there, done }, begin, |request| {
        let Response::Pairings(pairings) = reach.ask(request)? else { return Err(Trouble::misunderstood()) };
        Ok(pairings)
    })
}

fn join(globals: &Globals, ticket: &str, name: &str) -> Result<Exit, Trouble> {
    let home = globals.home()?;
    super::init::refuse_existing(&home)?;
    let joining = Joining::begin(World::default(), &home, ticket, name, listen())?;
    let stood = Stood { there: "", done: "" };
    let exit = super::pair::follow_alone(globals, &stood, || joining.stands(), |same| joining.say(same))?;
    if !matches!(exit, Exit::Done) {
        return Ok(exit);
    }
    let passphrase = passphrase::new(globals.passphrase_file.as_deref(), "Passphrase for this machine")?;
    interrupt::heed("stopping; nothing is left half done");
    let mut meter = Meter::new();
    let twin = joining.finish(&passphrase, KdfCost::STANDARD, &mut |progress| meter.show(&progress));
    meter.finish();
    let reach = Reach::own(home, twin?);
    let Response::Status(status) = reach.ask(&Request::Status)? else { return Err(Trouble::misunderstood()) };
    if globals.json {
        output::json(&status)?;
    } else {
        let counted = number::counted(status.observations, "observation");
        let place = reach.home().display();
        output::text(&format!("{} {counted} in {place}, as a device of {}\n", good("joined:"), status.did))?;
        output::aside(&faint("`twin up` here keeps it live; what you change here is passed on to the other device."));
    }
    Ok(Exit::Done)
}

fn shown(globals: &Globals, reach: &Reach, request: &Request) -> Result<Exit, Trouble> {
    let Response::Devices(answer) = reach.ask(request)? else { return Err(Trouble::misunderstood()) };
    if globals.json {
        output::json(&answer)?;
    } else {
        output::text(&render(&answer, output::width()))?;
    }
    Ok(Exit::Done)
}

fn render(answer: &DevicesAnswer, width: usize) -> String {
    let mut table = Table::new([("name", Side::Left), ("", Side::Left), ("since", Side::Left), ("seen", Side::Left)]);
    for device in &answer.devices {
        let role = match device.role {
            DeviceRole::Writer => good("writes"),
            DeviceRole::Replica => "copy".to_owned(),
            DeviceRole::Viewer => "viewer".to_owned(),
            DeviceRole::Revoked => bad("revoked"),
        };
        let seen = match (&device.seen, device.commits) {
            (Some(seen), Some(commits)) if device.role == DeviceRole::Replica => {
                format!("{}, {commits} of {} commits", words::time(seen), answer.commits)
            }
            (Some(seen), _) => words::time(seen).clone(),
            _ => String::new(),
        };
        let name = if device.this { format!("{} (this one)", plain(&device.name)) } else { plain(&device.name) };
        table.row([name, role, words::time(&device.since)[..10].to_owned(), seen]);
    }
    let mut text = table.render(width);
    if let Some(waiting) = &answer.waiting {
        text.push_str(&format!("{}\n", bad(&format!("not up to date: {}", plain(waiting)))));
    }
    text
}
