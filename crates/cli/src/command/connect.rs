//! `twin connect`: the page of a twin that runs elsewhere, in this machine's browser.

use crate::arguments::Globals;
use crate::command::device::machine_name;
use crate::command::pair::{Stood, follow_alone};
use crate::exit::Exit;
use crate::reach::listen;
use crate::render::faint;
use crate::render::table::plain;
use crate::trouble::Trouble;
use crate::{interrupt, output};
use clap::Args;
use didymos_twin::World;
use didymos_twin::devices::connect::Connecting;
use serde_json::json;

const EXAMPLES: &str = "\
Examples:
  twin device viewer                   on the twin's machine: makes a ticket
  twin connect --ticket twin-hAFYIL... here, once: compares six digits, then opens the page
  twin connect                         here, from then on

This machine holds no data and no key of yours: the page asks you to sign in as it does at home, and
`twin device revoke` there ends it. What passes is encrypted between the two machines.";

/// Open the page of your twin on another machine, in this one's browser
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Connect {
    /// Whose twin: a name, the beginning of one, or a DID [default: the only one]
    twin: Option<String>,
    /// What `twin device viewer` shows on the twin's machine; needed once
    #[arg(long, value_name = "TICKET")]
    ticket: Option<String>,
    /// What to call this machine there
    #[arg(long, value_name = "NAME", default_value_t = machine_name())]
    name: String,
    /// The port of this machine that leads there; 0 picks one
    #[arg(long, default_value_t = 7439)]
    port: u16,
}

pub(crate) fn run(globals: &Globals, typed: &Connect) -> Result<Exit, Trouble> {
    let connecting = Connecting::open(World::default(), &globals.home()?, &typed.name, listen())?;
    let did = match &typed.ticket {
        None => connecting.meant(typed.twin.as_deref())?,
        Some(ticket) => {
            let pairing = connecting.join(ticket)?;
            let stood = Stood { there: "", done: "" };
            let exit =
                follow_alone(globals, &stood, || connecting.stands(pairing), |same| connecting.say(pairing, same))?;
            if !matches!(exit, Exit::Done) {
                return Ok(exit);
            }
            connecting.stands(pairing)?.did.ok_or_else(Trouble::misunderstood)?
        }
    };
    interrupt::heed("closing");
    // It is told now rather than in the browser that nobody is there; the port opens all the same.
    if let Err(failure) = connecting.greet(&did) {
        output::aside(&format!("note: {}", plain(&failure.message)));
    }
    let (addr, forwarding) = connecting.forward(&did, typed.port)?;
    let url = format!("http://localhost:{}", addr.port());
    if globals.json {
        output::json(&json!({ "url": url, "twin": did }))?;
    } else {
        output::text(&format!("{url}\n"))?;
        output::aside(&faint("Open it in this machine's browser, and sign in. Ctrl-C closes it."));
    }
    interrupt::wait();
    drop(forwarding);
    Ok(Exit::Done)
}
