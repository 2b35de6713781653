//! The way to the door: this process opens the vault, or asks the process that already has.
//!
//! A vault has one writer. A second `twin` is served by the first over a socket in the data directory, and whoever
//! types the command does not notice. If the first one goes while it answers, the second takes its place and asks
//! again: every request means the same when it is put twice.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::render::progress::Meter;
use crate::serving::Serving;
use crate::trouble::Trouble;
use crate::{interrupt, output, passphrase};
use didymos_gateway::socket::{Client, ConnectError};
use didymos_identity::{Signature, SigningKey};
use didymos_twin::{Door, Failure, FailureCode, Listen, Principal, Request, Response, Twin, home};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// So long a second process tries to be let in, by the lock or by the socket.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);
/// When a request that has to wait for another one is put again: soon at first, and less and less often, since each
/// time leaves a receipt.
const WAIT_MIN: Duration = Duration::from_millis(200);
const WAIT_MAX: Duration = Duration::from_secs(5);
/// What a device key signs here is good for the socket only.
const CONTEXT: &str = "socket";

/// A door that can be asked, and as whom.
pub(crate) struct Reach {
    home: PathBuf,
    way: RefCell<Way>,
    /// Kept where another process answers, in case it goes.
    passphrase: Option<Zeroizing<String>>,
}

#[derive(Clone)]
struct Way {
    door: Arc<dyn Door>,
    principal: Principal,
    /// The twin, where this process holds it.
    own: Option<Arc<Twin>>,
}

/// Where twins that this process opens listen for other people's.
static LISTEN: OnceLock<Listen> = OnceLock::new();

/// Says where to listen for other people's twins; without addresses, where it is usual.
pub(crate) fn listen_for_twins_at(addrs: &[SocketAddr]) {
    if !addrs.is_empty() {
        let _ = LISTEN.set(Listen::At(addrs.to_vec()));
    }
}

/// Where to listen for other people's twins.
pub(crate) fn listen() -> Listen {
    LISTEN.get().cloned().unwrap_or_default()
}

/// Opens the twin, or finds the process that has it open.
pub(crate) fn reach(globals: &Globals) -> Result<Reach, Trouble> {
    let home = globals.home()?;
    must_be_there(&home)?;
    let passphrase = passphrase::existing(globals.passphrase_file.as_deref())?;
    let way = find(&home, &passphrase)?;
    let passphrase = way.own.is_none().then_some(passphrase);
    Ok(Reach { home, way: RefCell::new(way), passphrase })
}

/// Opens the twin for this process alone, which is going to serve others.
pub(crate) fn open_own(home: &Path, passphrase: &str) -> Result<Twin, Trouble> {
    must_be_there(home)?;
    match Twin::open(home, passphrase) {
        Ok(twin) => {
            tell_notices(&twin);
            Ok(twin)
        }
        Err(failure) if failure.code == FailureCode::Busy => {
            Err(Trouble::new(Exit::Busy, "this twin is open in another `twin` process already")
                .next("use that one, or stop it first"))
        }
        Err(failure) => Err(failure.into()),
    }
}

fn tell_notices(twin: &Twin) {
    for notice in twin.notices() {
        output::aside(&format!("note: {notice}"));
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

impl Reach {
    /// A twin that this process holds.
    pub(crate) fn own(home: PathBuf, twin: Twin) -> Self {
        Self { home, way: RefCell::new(Way::own(twin)), passphrase: None }
    }

    /// The twin, where this process holds it.
    pub(crate) fn into_own(self) -> Option<Arc<Twin>> {
        self.way.into_inner().own
    }

    /// Where the twin lies.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// Many small questions follow: their receipts may be committed together.
    pub(crate) fn expect_many(&self) {
        if let Some(twin) = &self.way.borrow().own {
            twin.gather_receipts();
        }
    }

    /// Whether another process answers.
    pub(crate) fn is_served(&self) -> bool {
        self.way.borrow().own.is_none()
    }

    /// Asks something that is answered in a moment.
    pub(crate) fn ask(&self, request: &Request) -> Result<Response, Trouble> {
        self.put(request, false)
    }

    /// Asks for something that may take a while: others are served meanwhile, and Ctrl-C is a wish that `says` answers.
    pub(crate) fn work(&self, request: &Request, says: &'static str) -> Result<Response, Trouble> {
        interrupt::heed(says);
        self.put(request, true)
    }

    fn put(&self, request: &Request, serve: bool) -> Result<Response, Trouble> {
        let mut wait = WAIT_MIN;
        loop {
            let serving = if serve { self.serve_others() } else { None };
            match self.ask_once(request.clone()) {
                Err(failure) if failure.code == FailureCode::Busy && !interrupt::is_asked() => {
                    if wait == WAIT_MIN {
                        output::aside("waiting for another import to end");
                    }
                    std::thread::sleep(wait);
                    wait = (wait * 2).min(WAIT_MAX);
                }
                Err(failure) if self.is_abandoned(&failure) => self.find_again()?,
                answer => {
                    if let Some(serving) = serving {
                        serving.finish();
                    }
                    return answer.map_err(Trouble::from);
                }
            }
        }
    }

    fn ask_once(&self, request: Request) -> Result<Response, Failure> {
        let Way { door, principal, .. } = self.way.borrow().clone();
        let mut meter = Meter::new();
        let answer = door.ask(&principal, request, &mut |progress| meter.show(&progress));
        meter.finish();
        answer
    }

    /// Whether the process that answered has gone, rather than the owner having stopped it or the disk being full.
    fn is_abandoned(&self, failure: &Failure) -> bool {
        self.is_served()
            && !interrupt::is_asked()
            && match failure.code {
                // Nobody here asked it to stop, so the other process is ending.
                FailureCode::Stopped => true,
                FailureCode::Io => UnixStream::connect(home::socket_path(&self.home)).is_err(),
                _ => false,
            }
    }

    fn find_again(&self) -> Result<(), Trouble> {
        let Some(passphrase) = &self.passphrase else { return Err(Trouble::misunderstood()) };
        let way = find(&self.home, passphrase)?;
        self.way.replace(way);
        Ok(())
    }

    /// Serves other processes for as long as the result lives. Nothing happens where this process is itself served.
    pub(crate) fn serve_others(&self) -> Option<Serving> {
        let Way { door, principal, own } = self.way.borrow().clone();
        own?;
        Self::serve(door, principal, &self.home)
    }

    /// Serves other processes at `door`, whoever of them proves to hold this device's key.
    pub(crate) fn serve(door: Arc<dyn Door>, principal: Principal, home: &Path) -> Option<Serving> {
        let Principal::Device { owner, device } = principal.clone() else { return None };
        let verify = move |message: &[u8], signature: &[u8]| {
            let signature = Signature(signature.try_into().ok()?);
            didymos_identity::verify(&device, CONTEXT, message, &signature).ok()?;
            Some(principal.clone())
        };
        match Serving::start(door, owner, Box::new(verify), &home::socket_path(home)) {
            Ok(serving) => Some(serving),
            Err(error) => {
                // The work at hand does not need the socket.
                output::aside(&format!("note: other `twin` commands will have to wait: {error}"));
                None
            }
        }
    }
}

impl Way {
    fn own(twin: Twin) -> Self {
        tell_notices(&twin);
        let twin = Arc::new(twin);
        twin.attach(listen());
        let principal = twin.principal();
        Self { door: Arc::clone(&twin) as Arc<dyn Door>, principal, own: Some(twin) }
    }

    fn through(home: &Path, key: &SigningKey) -> Result<Self, ConnectError> {
        let signer = key.clone();
        let sign = move |message: &[u8]| signer.sign(CONTEXT, message).as_bytes().to_vec();
        let client = Client::connect(&home::socket_path(home), &sign)?;
        let principal = Principal::Device { owner: client.owner().clone(), device: key.did().clone() };
        Ok(Self { door: Arc::new(client), principal, own: None })
    }
}

fn find(home: &Path, passphrase: &str) -> Result<Way, Trouble> {
    let deadline = Instant::now() + PATIENCE;
    let mut device = None;
    loop {
        match Twin::open(home, passphrase) {
            Ok(twin) => return Ok(Way::own(twin)),
            Err(failure) if failure.code != FailureCode::Busy => return Err(failure.into()),
            Err(_) => {}
        }
        let key = match device.take() {
            Some(key) => key,
            None => home::unlock(home, passphrase)?.0.device_key(),
        };
        match Way::through(home, &key) {
            Ok(way) => return Ok(way),
            // The other process may be about to open its socket, or about to end: both are worth a moment.
            Err(ConnectError::NobodyThere(..) | ConnectError::Broken(_)) if Instant::now() < deadline => {}
            Err(error) => return Err(unreachable_other(&error)),
        }
        device = Some(key);
        std::thread::sleep(PAUSE);
    }
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
