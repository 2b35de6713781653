//! The first process: hears the others and asks the door for them.

use super::frame::{ANSWER_BYTES_MAX, AnswerOut, Bytes32, Frame, FrameReader, REQUEST_BYTES_MAX, write};
use super::{VERSION, Verify, fits, random, to_sign};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use didymos_base::Did;
use didymos_twin::{Door, Failure, FailureCode, Principal, Progress, Request};
use std::collections::BTreeMap;
use std::io;
use std::net::Shutdown;
use std::ops::ControlFlow;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Connections at the same time.
const CONNECTIONS_MAX: usize = 16;
/// A client has to prove itself by then.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// A client that takes nothing for so long is given up.
const WRITE_MAX: Duration = Duration::from_secs(30);
/// Progress is passed on at most this often.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Why no socket could be opened.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The operating system's limit.
    #[error("the path {0} is too long for a socket (103 bytes at most): choose a shorter data directory with --home")]
    PathTooLong(PathBuf),
    /// Somebody answers there.
    #[error("another twin is already serving {0}")]
    Taken(PathBuf),
    /// Something that is no socket lies there.
    #[error("{0} is in the way and is not a socket: move it away")]
    NotASocket(PathBuf),
    /// The operating system refused.
    #[error("cannot open the socket {0}: {1}")]
    Io(PathBuf, io::Error),
}

/// A socket that is being served. Dropping it stops that and removes the socket: whoever is connected gets the answer
/// that is under way, or hears that it was stopped, and then the end.
pub struct SocketServer {
    path: PathBuf,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    door: Arc<dyn Door>,
    owner: Did,
    verify: Box<Verify>,
    closing: AtomicBool,
    connected: Mutex<Connected>,
}

/// Who is connected, by a number of their own.
#[derive(Default)]
struct Connected {
    last: u64,
    streams: BTreeMap<u64, UnixStream>,
}

impl Shared {
    fn connected(&self) -> MutexGuard<'_, Connected> {
        // A map is whole whatever panicked.
        self.connected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves `door` on a Unix socket at `path`, to whoever `verify` recognises by a signature.
///
/// Only the process that holds the vault's lock may call this: a socket left behind by a process that died is removed.
pub fn listen(door: Arc<dyn Door>, owner: Did, verify: Box<Verify>, path: &Path) -> Result<SocketServer, ListenError> {
    if !fits(path) {
        return Err(ListenError::PathTooLong(path.to_owned()));
    }
    let failed = |error| ListenError::Io(path.to_owned(), error);
    if let Ok(found) = std::fs::symlink_metadata(path) {
        if !found.file_type().is_socket() {
            return Err(ListenError::NotASocket(path.to_owned()));
        }
        if UnixStream::connect(path).is_ok() {
            return Err(ListenError::Taken(path.to_owned()));
        }
        std::fs::remove_file(path).map_err(failed)?;
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    // Between the two calls another account could connect where the directory lets it in; it still could not sign.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    let shared = Arc::new(Shared { door, owner, verify, closing: AtomicBool::new(false), connected: Mutex::default() });
    let serving = Arc::clone(&shared);
    let accepting =
        thread::Builder::new().name("twin-socket".into()).spawn(move || accept(&listener, &serving)).map_err(failed)?;
    Ok(SocketServer { path: path.to_owned(), shared, accepting: Some(accepting) })
}

impl SocketServer {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketServer {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::Relaxed);
        // Wakes the accept loop, which then sees that it is over.
        let woken = UnixStream::connect(&self.path).is_ok();
        let _ = std::fs::remove_file(&self.path);
        if let (true, Some(accepting)) = (woken, self.accepting.take()) {
            let _ = accepting.join();
        }
        // Nothing further is heard from anybody; what is being answered can still be said.
        for stream in self.shared.connected().streams.values() {
            let _ = stream.shutdown(Shutdown::Read);
        }
    }
}

fn accept(listener: &UnixListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.closing.load(Ordering::Relaxed) {
            return;
        }
        let Ok(stream) = stream else {
            // Out of file handles: give others time to finish.
            thread::sleep(Duration::from_millis(100));
            continue;
        };
        let place = Place::take(shared, &stream);
        let shared = Arc::clone(shared);
        let serving = thread::Builder::new().name("twin-socket-ask".into()).spawn(move || {
            if let Some(_place) = place {
                // A connection that breaks is the client's business; it sees the end of the stream.
                let _ = converse(&shared, &stream);
            } else {
                let words = "too many programs are connected to this twin; close one and try again";
                let _ = stream.set_write_timeout(Some(HANDSHAKE_MAX));
                let _ = refuse(&stream, Failure::new(FailureCode::Busy, words));
            }
        });
        drop(serving);
    }
}

/// One of the connections allowed at the same time.
struct Place {
    shared: Arc<Shared>,
    number: u64,
}

impl Place {
    fn take(shared: &Arc<Shared>, stream: &UnixStream) -> Option<Self> {
        let mut connected = shared.connected();
        if connected.streams.len() == CONNECTIONS_MAX {
            return None;
        }
        let stream = stream.try_clone().ok()?;
        connected.last += 1;
        let number = connected.last;
        connected.streams.insert(number, stream);
        Some(Self { shared: Arc::clone(shared), number })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.connected().streams.remove(&self.number);
    }
}

fn refuse(mut stream: &UnixStream, failure: Failure) -> io::Result<()> {
    write(&mut stream, &Frame::Failure { number: None, failure }, ANSWER_BYTES_MAX)
}

fn converse(shared: &Shared, stream: &UnixStream) -> io::Result<()> {
    stream.set_write_timeout(Some(WRITE_MAX))?;
    let mut reader = FrameReader::new(stream.try_clone()?, REQUEST_BYTES_MAX);
    let Some(principal) = handshake(shared, stream, &mut reader)? else {
        return refuse(stream, Failure::new(FailureCode::Denied, "this device's key is not one of this twin's"));
    };
    stream.set_read_timeout(None)?;

    // One thread reads all the time, so that `stop` and the end of the connection are heard during work.
    let (asked, asks) = mpsc::sync_channel(1);
    let stop = Arc::new(Stop::default());
    let hearing = Arc::clone(&stop);
    let reading =
        thread::Builder::new().name("twin-socket-read".into()).spawn(move || hear(reader, &asked, &hearing))?;
    for (number, request) in asks {
        if answer(shared, stream, &principal, &stop, number, request).is_err() {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
    let _ = reading.join();
    Ok(())
}

/// Returns whom the other side proved to be; `None` if nobody we know.
fn handshake(
    shared: &Shared,
    mut stream: &UnixStream,
    reader: &mut FrameReader<UnixStream>,
) -> io::Result<Option<Principal>> {
    let deadline = Instant::now() + HANDSHAKE_MAX;
    let challenge = random()?;
    let hello = Frame::Hello { version: VERSION.into(), owner: shared.owner.clone(), challenge: Bytes32(challenge) };
    write(&mut stream, &hello, ANSWER_BYTES_MAX)?;
    stream.set_read_timeout(Some(deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1))))?;
    let Some(Frame::Prove { nonce, signature }) = reader.next()? else {
        return Ok(None);
    };
    let message = to_sign(&challenge, &nonce.0, &shared.owner);
    let principal = URL_SAFE_NO_PAD.decode(signature).ok().and_then(|signature| (shared.verify)(&message, &signature));
    if principal.is_some() {
        write(&mut stream, &Frame::Welcome, ANSWER_BYTES_MAX)?;
    }
    Ok(principal)
}

/// What the reading thread heard while work was going on.
#[derive(Default)]
struct Stop {
    gone: AtomicBool,
    /// Requests up to this number should stop; numbers count from 1.
    up_to: std::sync::atomic::AtomicU64,
}

impl Stop {
    fn is_asked(&self, number: u64) -> bool {
        self.gone.load(Ordering::Relaxed) || self.up_to.load(Ordering::Relaxed) >= number
    }
}

fn hear(mut reader: FrameReader<UnixStream>, asked: &mpsc::SyncSender<(u64, Request)>, stop: &Stop) {
    let mut last = 0;
    // Anything but a frame of the conversation ends it: two programs of one version do not misunderstand each other.
    while let Ok(Some(frame)) = reader.next() {
        match frame {
            Frame::Ask { number, ask } if number > last => {
                last = number;
                // The channel holds one: a client that asks again before it is answered is not one of ours.
                if asked.try_send((number, ask)).is_err() {
                    break;
                }
            }
            Frame::Stop { number } if number <= last => {
                stop.up_to.fetch_max(number, Ordering::Relaxed);
            }
            _ => break,
        }
    }
    stop.gone.store(true, Ordering::Relaxed);
}

fn answer(
    shared: &Shared,
    mut stream: &UnixStream,
    principal: &Principal,
    stop: &Stop,
    number: u64,
    request: Request,
) -> io::Result<()> {
    let mut told = Instant::now();
    let mut watch = |progress: Progress| {
        if shared.closing.load(Ordering::Relaxed) || stop.is_asked(number) {
            return ControlFlow::Break(());
        }
        if told.elapsed() >= PROGRESS_EVERY {
            told = Instant::now();
            if write(&mut stream, &Frame::Progress { number, progress }, ANSWER_BYTES_MAX).is_err() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    };
    let failure = match shared.door.ask(principal, request, &mut watch) {
        Err(failure) => failure,
        Ok(response) => match write(&mut stream, &AnswerOut { number, answer: &response }, ANSWER_BYTES_MAX) {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Failure::new(
                FailureCode::Invalid,
                "the answer is longer than 64 MiB: ask for a shorter span of time, wider buckets or a smaller limit",
            ),
            written => return written,
        },
    };
    write(&mut stream, &Frame::Failure { number: Some(number), failure }, ANSWER_BYTES_MAX)
}
