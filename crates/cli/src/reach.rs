//! The way to the door: this process opens the vault, or asks the process that already has.
//!
//! A vault has one writer. A second `twin` is served by the first over a socket in the data directory, and whoever
//! types the command does not notice.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::passphrase;
use crate::render::progress::Meter;
use crate::trouble::Trouble;
use didymos_gateway::socket::{self, Client, ConnectError, SocketServer};
use didymos_identity::{Signature, SigningKey};
use didymos_twin::{Door, FailureCode, Principal, Request, Response, Twin, home};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So long a second process tries to be let in, by the lock or by the socket.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);
/// What a device key signs here is good for the socket only.
const CONTEXT: &str = "socket";

/// A door that can be asked, and as whom.
pub(crate) struct Reach {
    home: PathBuf,
    door: Arc<dyn Door>,
    principal: Principal,
    own: Option<Arc<Twin>>,
}

/// Opens the twin, or finds the process that has it open.
pub(crate) fn reach(globals: &Globals) -> Result<Reach, Trouble> {
    let home = globals.home()?;
    must_be_there(&home)?;
    let passphrase = passphrase::existing(globals.passphrase_file.as_deref())?;
    let deadline = Instant::now() + PATIENCE;
    let mut device = None;
    loop {
        match Twin::open(&home, &passphrase) {
            Ok(twin) => return Ok(Reach::own(home, twin)),
            Err(failure) if failure.code != FailureCode::Busy => return Err(failure.into()),
            Err(_) => {}
        }
        let key = match device.take() {
            Some(key) => key,
            None => home::unlock(&home, &passphrase)?.0.device_key(),
        };
        match connect(&home, &key) {
            Ok(reach) => return Ok(reach),
            // The other process may be about to open its socket, or about to end: both are worth a moment.
            Err(ConnectError::NobodyThere(..) | ConnectError::Broken(_)) if Instant::now() < deadline => {}
            Err(error) => return Err(unreachable_other(&error)),
        }
        device = Some(key);
        std::thread::sleep(PAUSE);
    }
}

/// Opens the twin for this process alone, which is going to serve others.
pub(crate) fn open_own(globals: &Globals) -> Result<Reach, Trouble> {
    let home = globals.home()?;
    must_be_there(&home)?;
    let passphrase = passphrase::existing(globals.passphrase_file.as_deref())?;
    match Twin::open(&home, &passphrase) {
        Ok(twin) => Ok(Reach::own(home, twin)),
        Err(failure) if failure.code == FailureCode::Busy => {
            Err(Trouble::new(Exit::Busy, "this twin is open in another `twin` process already")
                .next("use that one, or stop it first"))
        }
        Err(failure) => Err(failure.into()),
    }
}

impl Reach {
    /// A twin that this process holds.
    pub(crate) fn own(home: PathBuf, twin: Twin) -> Self {
        let twin = Arc::new(twin);
        for notice in twin.notices() {
            crate::output::aside(&format!("note: {notice}"));
        }
        let principal = twin.principal();
        Self { home, door: Arc::clone(&twin) as Arc<dyn Door>, principal, own: Some(twin) }
    }

    /// The door itself.
    pub(crate) fn door(&self) -> Arc<dyn Door> {
        Arc::clone(&self.door)
    }

    /// Who asks.
    pub(crate) fn principal(&self) -> Principal {
        self.principal.clone()
    }

    /// Where the twin lies.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// Many small questions follow: their receipts may be committed together.
    pub(crate) fn expect_many(&self) {
        if let Some(twin) = &self.own {
            twin.gather_receipts();
        }
    }

    /// Whether another process answers.
    pub(crate) fn is_served(&self) -> bool {
        self.own.is_none()
    }

    /// Asks, with a progress bar if it takes long.
    pub(crate) fn ask(&self, request: Request) -> Result<Response, Trouble> {
        let mut meter = Meter::new();
        let answer = self.door.ask(&self.principal, request, &mut |progress| meter.show(&progress));
        meter.finish();
        answer.map_err(Trouble::from)
    }

    /// Serves other processes for as long as the result lives. Nothing happens where this process is itself served.
    pub(crate) fn serve_others(&self) -> Option<SocketServer> {
        let twin = self.own.as_ref()?;
        let Principal::Device { owner, device } = self.principal() else { return None };
        let principal = self.principal();
        let verify = move |message: &[u8], signature: &[u8]| {
            let signature = Signature(signature.try_into().ok()?);
            didymos_identity::verify(&device, CONTEXT, message, &signature).ok()?;
            Some(principal.clone())
        };
        let door = Arc::clone(twin) as Arc<dyn Door>;
        match socket::listen(door, owner, Box::new(verify), &home::socket_path(&self.home)) {
            Ok(server) => Some(server),
            Err(error) => {
                // The work at hand does not need the socket.
                crate::output::aside(&format!("note: other `twin` commands will have to wait: {error}"));
                None
            }
        }
    }
}

fn connect(home: &Path, key: &SigningKey) -> Result<Reach, ConnectError> {
    let signer = key.clone();
    let sign = move |message: &[u8]| signer.sign(CONTEXT, message).as_bytes().to_vec();
    let client = Client::connect(&home::socket_path(home), &sign)?;
    let principal = Principal::Device { owner: client.owner().clone(), device: key.did().clone() };
    Ok(Reach { home: home.to_owned(), door: Arc::new(client), principal, own: None })
}

fn unreachable_other(error: &ConnectError) -> Trouble {
    match error {
        ConnectError::NobodyThere(..) => {
            Trouble::new(Exit::Busy, "another `twin` process holds this twin and does not serve others")
                .next("wait until it is done, or stop it, and try again")
        }
        ConnectError::Refused(failure) => Trouble::from(failure.clone()),
        other => Trouble::new(Exit::Busy, format!("another process holds this twin and cannot be asked: {other}")),
    }
}

pub(crate) fn must_be_there(home: &Path) -> Result<(), Trouble> {
    if home::exists(home) {
        return Ok(());
    }
    match std::fs::read_dir(home) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Trouble::file("read", home, &error)),
        _ => Err(Trouble::new(Exit::NotFound, format!("there is no twin in {}", home.display()))
            .next("make one with `twin init`, or say where yours is with --home or TWIN_HOME")),
    }
}
