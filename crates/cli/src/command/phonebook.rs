//! `twin phonebook`: which sources are asked where contacts are.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::table::plain;
use crate::render::{bad, good};
use crate::trouble::Trouble;
use clap::{Args, ValueEnum};
use didymos_twin::request::PhoneBookSet;
use didymos_twin::{Request, Response};

const EXAMPLES: &str = "\
Examples:
  twin phonebook               what is asked beside where contacts were last
  twin phonebook --lan on      find each other in one network, after a router has given new addresses
  twin phonebook --dht on      find each other anywhere: your addresses can be looked up by your contacts

Whoever answers at an address has to prove who they are; a phone book only says where to try.";

/// Which sources are asked where contacts are, and told where you are; without options, shows them
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PhoneBook {
    /// The local network (mDNS): hears that some twin is there, under a name that changes every day
    #[arg(long, value_name = "ON|OFF")]
    lan: Option<Switch>,
    /// The Mainline DHT: tells your addresses to whoever knows your endpoint key, as your contacts do
    #[arg(long, value_name = "ON|OFF")]
    dht: Option<Switch>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

pub(crate) fn run(globals: &Globals, typed: &PhoneBook) -> Result<Exit, Trouble> {
    let on = |switch: Option<Switch>| switch.map(|switch| switch == Switch::On);
    let request = match (on(typed.lan), on(typed.dht)) {
        (None, None) => Request::PhoneBook,
        (lan, dht) => Request::PhoneBookSet(PhoneBookSet { lan, dht }),
    };
    let Response::PhoneBook(shown) = reach(globals)?.ask(&request)? else { return Err(Trouble::misunderstood()) };
    if globals.json {
        output::json(&shown)?;
        return Ok(Exit::Done);
    }
    let state = |on| if on { good("on") } else { "off".to_owned() };
    output::text(&format!("local network  {}\nMainline DHT   {}\n", state(shown.lan), state(shown.dht)))?;
    for trouble in &shown.troubles {
        output::text(&format!("{}\n", bad(&plain(trouble))))?;
    }
    Ok(Exit::Done)
}
