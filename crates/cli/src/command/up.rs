//! `twin up`: the page in the owner's browser, and a socket for other `twin` commands.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::reach::{self, Reach, open_own};
use crate::render::faint;
use crate::serving::Serving;
use crate::trouble::Trouble;
use crate::{interrupt, output, passphrase};
use clap::Args;
use didymos_gateway::{Access, Server, StartError};
use didymos_identity::KdfCost;
use didymos_twin::{Keeper, Standing};
use serde_json::json;
use std::io::{self, BufRead, IsTerminal};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Tried first, so that the address is the same from day to day.
const PORT: u16 = 7437;

/// Serves the twin's page until Ctrl-C. The link it prints opens one browser, once. Without `TWIN_PASSPHRASE` or
/// `--passphrase-file` the twin starts locked, and the page unlocks it.
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
    let home = globals.home()?;
    // With a passphrase at hand it starts open; else the browser unlocks it, or sets it up.
    let given = passphrase::given(globals.passphrase_file.as_deref())?;
    let keeper = match given {
        Some(passphrase) => {
            let twin = Arc::new(open_own(&home, &passphrase)?);
            twin.attach(reach::listen());
            Keeper::of(twin, KdfCost::STANDARD)
        }
        None => Keeper::new(home, KdfCost::STANDARD),
    };
    let keeper = serve_others(keeper.listening(reach::listen()));
    interrupt::heed("stopping");
    let served = serve(globals, typed, &keeper);
    // Lets go of the keys, and of the socket.
    keeper.lock();
    served.map(|()| Exit::Done)
}

fn serve(globals: &Globals, typed: &Up, keeper: &Arc<Keeper>) -> Result<(), Trouble> {
    let access = Access { allow_remote: typed.allow_remote, names: typed.name.clone() };
    let server = start(&typed.listen, |addr| Server::keep(Arc::clone(keeper), addr, access.clone()))?;
    keeper.page_at(server.addr());
    let standing = keeper.standing();
    if globals.json {
        let state = match standing {
            Standing::New => "new",
            Standing::Locked => "locked",
            Standing::Open => "open",
        };
        let (url, address) = (server.url(), server.addr());
        output::json(&json!({ "url": url, "address": address, "home": keeper.home(), "state": state }))?;
    } else {
        let advice = match standing {
            Standing::New => "There is no twin here yet: the link leads through the setup, once. Ctrl-C stops.",
            Standing::Locked => "The twin is locked: the page asks for a passkey or the passphrase. Ctrl-C stops.",
            Standing::Open => "The link opens one browser, once. Ctrl-C stops.",
        };
        output::text(&format!("{}\n{}\n", server.url(), faint(advice)))?;
    }
    until_stopped(server, globals.json)
}

/// Lets other `twin` commands in while the twin is open.
pub(crate) fn serve_others(keeper: Keeper) -> Arc<Keeper> {
    let keeper = Arc::new(keeper);
    let serving: Mutex<Option<Serving>> = Mutex::new(None);
    // Weak, for the keeper holds the hook.
    let door = Arc::downgrade(&keeper);
    keeper.tell(Box::new(move |twin| {
        let next = match (twin, door.upgrade()) {
            (Some(twin), Some(keeper)) => Reach::serve(keeper, twin.principal(), twin.home()),
            _ => None,
        };
        *serving.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }));
    keeper
}

/// Starts the server on the address asked for, or on the usual one, or near it.
pub(crate) fn start(listen: &Listen, at: impl Fn(SocketAddr) -> Result<Server, StartError>) -> Result<Server, Trouble> {
    let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let started = match listen.listen {
        Some(addr) => at(addr),
        None => match at(loopback(PORT)) {
            Err(StartError::Listen(_, error)) if error.kind() == io::ErrorKind::AddrInUse => at(loopback(0)),
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
