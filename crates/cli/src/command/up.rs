//! `twin up`: the page in the owner's browser, and a socket for other `twin` commands.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::reach::{Reach, open_own};
use crate::render::faint;
use crate::trouble::Trouble;
use crate::{interrupt, output};
use clap::Args;
use didymos_gateway::{Access, Server, StartError};
use serde_json::json;
use std::io::{self, BufRead, IsTerminal};
use std::net::SocketAddr;
use std::sync::Arc;

/// Tried first, so that the address is the same from day to day.
const PORT: u16 = 7437;

/// Serves the twin's page until Ctrl-C. The link it prints opens one browser, once.
#[derive(Args)]
pub(crate) struct Up {
    #[command(flatten)]
    listen: Listen,
    /// Also serve other machines; there is no TLS here, so put a proxy that has it in front
    #[arg(long, requires = "listen")]
    allow_remote: bool,
    /// Name under which browsers reach that proxy
    #[arg(long, value_name = "HOST", requires = "allow_remote")]
    name: Vec<String>,
}

/// Where to listen.
#[derive(Args)]
pub(crate) struct Listen {
    /// Address and port; port 0 picks one [default: 127.0.0.1:7437, or another port if that is taken]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
}

pub(crate) fn run(globals: &Globals, typed: &Up) -> Result<Exit, Trouble> {
    let reach = open_own(globals)?;
    let serving = reach.serve_others();
    interrupt::heed("stopping");
    let access = Access { allow_remote: typed.allow_remote, names: typed.name.clone() };
    let server = start(&reach, &typed.listen, access)?;
    if globals.json {
        output::json(&json!({ "url": server.url(), "address": server.addr(), "home": reach.home() }))?;
    } else {
        let advice = faint("The link opens one browser, once. Ctrl-C stops.");
        output::text(&format!("{}\n{advice}\n", server.url()))?;
    }
    until_stopped(server, globals.json)?;
    drop(serving);
    Ok(Exit::Done)
}

/// Starts the server on the address asked for, or on the usual one, or near it.
pub(crate) fn start(reach: &Reach, listen: &Listen, access: Access) -> Result<Server, Trouble> {
    reach.expect_many();
    let at = |addr, access| Server::start(reach.door(), reach.principal(), addr, access);
    let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let started = match listen.listen {
        Some(addr) => at(addr, access),
        None => match at(loopback(PORT), access.clone()) {
            Err(StartError::Listen(_, error)) if error.kind() == io::ErrorKind::AddrInUse => at(loopback(0), access),
            started => started,
        },
    };
    started.map_err(|error| {
        let exit = if matches!(error, StartError::NotLoopback(_)) { Exit::Refused } else { Exit::Io };
        let trouble = Trouble::new(exit, error.to_string());
        match error {
            StartError::NotLoopback(_) => trouble.next("on purpose means: --allow-remote"),
            _ => trouble,
        }
    })
}

/// Serves until the owner asks to stop. On a terminal, Enter gives a further link.
pub(crate) fn until_stopped(server: Server, json: bool) -> Result<(), Trouble> {
    let server = Arc::new(server);
    if io::stdin().is_terminal() && !json {
        output::aside(&faint("Press Enter for another link."));
        let links = Arc::downgrade(&server);
        // The thread ends with the program: reading a terminal cannot be interrupted.
        std::thread::spawn(move || {
            for _ in io::stdin().lock().lines().map_while(Result::ok) {
                let Some(server) = links.upgrade() else { return };
                match server.new_url() {
                    Ok(url) => drop(output::text(&url)),
                    Err(error) => output::aside(&format!("twin: {error}")),
                }
            }
        });
    }
    interrupt::wait();
    server.stop();
    server.wait().map_err(|error| Trouble::new(Exit::Io, format!("the server broke: {error}")))
}
