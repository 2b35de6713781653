//! `twin phonebook`: which sources are asked where contacts are, and what to put on a domain of one's own.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::passphrase;
use crate::reach::reach;
use crate::render::table::plain;
use crate::render::{bad, good};
use crate::trouble::Trouble;
use clap::{Args, Subcommand, ValueEnum};
use didymos_twin::request::{PhoneBookExport, PhoneBookSet, Words};
use didymos_twin::response::PhoneBookFiles;
use didymos_twin::{Request, Response};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  twin phonebook               what is asked beside where contacts were last
  twin phonebook --lan on      find each other in one network, after a router has given new addresses
  twin phonebook --dht on      find each other anywhere: your addresses can be looked up by your contacts
  twin phonebook --web on      look contacts up on their domains: `twin contacts domain Ann ann.example.org`
  twin phonebook export example.org      write what to put on a domain of yours

Whoever answers at an address has to prove who they are; a phone book only says where to try.";

/// Which sources are asked where contacts are, and told where you are; without options, shows them
#[derive(Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct PhoneBook {
    #[command(subcommand)]
    act: Option<Act>,
    /// The local network (mDNS): hears that some twin is there, under a name that changes every day
    #[arg(long, value_name = "ON|OFF")]
    lan: Option<Switch>,
    /// The Mainline DHT: tells your addresses to whoever knows your endpoint key, as your contacts do
    #[arg(long, value_name = "ON|OFF")]
    dht: Option<Switch>,
    /// Domains that contacts have: each hears that somebody asks where its owner's twin is
    #[arg(long, value_name = "ON|OFF")]
    web: Option<Switch>,
}

#[derive(Subcommand)]
enum Act {
    /// Write what to put on a domain of yours, so that contacts find your twin by it
    Export(Export),
}

const ON_A_DOMAIN: &str = "\
Examples:
  twin phonebook export example.org --address 203.0.113.5:7438
  twin phonebook export example.org/people/ann --into public

Two files: did.json says where your twin is, signed by this device; write it anew when the address
changes. did.jsonl is the history of your keys (did:webvh), signed by keys of your 24 words, which you
are asked for at first and when your devices have changed. Anybody can read both: they say your
addresses and your devices.";

#[derive(Args)]
#[command(after_help = ON_A_DOMAIN)]
struct Export {
    /// The domain, or a path of one
    web: String,
    /// Folder to write to: what is in it goes to the root of the domain [default: named like the domain]
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
    /// Where this machine is reached from outside [default: as it knows itself]
    #[arg(long = "address", value_name = "ADDRESS:PORT")]
    addresses: Vec<String>,
    /// File with the recovery phrase; else you are asked, if it is needed
    #[arg(long, value_name = "FILE")]
    phrase_file: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

pub(crate) fn run(globals: &Globals, typed: &PhoneBook) -> Result<Exit, Trouble> {
    if let Some(Act::Export(export)) = &typed.act {
        return export_to(globals, export);
    }
    let on = |switch: Option<Switch>| switch.map(|switch| switch == Switch::On);
    let request = match (on(typed.lan), on(typed.dht), on(typed.web)) {
        (None, None, None) => Request::PhoneBook,
        (lan, dht, web) => Request::PhoneBookSet(PhoneBookSet { lan, dht, web }),
    };
    let Response::PhoneBook(shown) = reach(globals)?.ask(&request)? else { return Err(Trouble::misunderstood()) };
    if globals.json {
        output::json(&shown)?;
        return Ok(Exit::Done);
    }
    let state = |on| if on { good("on") } else { "off".to_owned() };
    output::text(&format!(
        "local network     {}\nMainline DHT      {}\ncontacts' domains {}\n",
        state(shown.lan),
        state(shown.dht),
        state(shown.web)
    ))?;
    if let Some(own) = &shown.own {
        let words = if own.current { "" } else { ": your devices have changed since, export it anew" };
        output::text(&format!("your domain       {}{words}\n", plain(&own.web)))?;
    }
    for trouble in &shown.troubles {
        output::text(&format!("{}\n", bad(&plain(trouble))))?;
    }
    Ok(Exit::Done)
}

fn export_to(globals: &Globals, typed: &Export) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    let Response::PhoneBook(shown) = reach.ask(&Request::PhoneBook)? else { return Err(Trouble::misunderstood()) };
    // Only what the log does not say yet is signed by the words.
    let is_said = shown.own.is_some_and(|own| own.current && own.web == typed.web.trim().to_lowercase());
    let words = if is_said {
        None
    } else {
        let phrase = passphrase::recovery_phrase(typed.phrase_file.as_deref())?;
        Some(Words::new(phrase.words().to_string()))
    };
    let asked = PhoneBookExport { web: typed.web.clone(), addresses: typed.addresses.clone(), words };
    let Response::PhoneBookFiles(files) = reach.ask(&Request::PhoneBookExport(asked))? else {
        return Err(Trouble::misunderstood());
    };
    let folder =
        typed.into.clone().unwrap_or_else(|| PathBuf::from(typed.web.trim().split('/').next().unwrap_or("web")));
    let written = write(&folder, &files)?;
    if globals.json {
        output::json(&files)?;
        return Ok(Exit::Done);
    }
    let mut text = format!("Your twin is at {}.\n", files.addresses.join(" and "));
    for path in &written {
        text.push_str(&format!("{} {}\n", good("written"), path.display()));
    }
    text.push_str("Put them on the domain. Contacts look there once they know it: `twin contacts domain`, `twin phonebook --web on`.\n");
    output::text(&text)?;
    Ok(Exit::Done)
}

fn write(folder: &Path, files: &PhoneBookFiles) -> Result<Vec<PathBuf>, Trouble> {
    let mut written = Vec::new();
    for file in &files.files {
        let path = folder.join(&file.path);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).map_err(|error| Trouble::file("make", parent, &error))?;
        std::fs::write(&path, &file.text).map_err(|error| Trouble::file("write", &path, &error))?;
        written.push(path);
    }
    Ok(written)
}
