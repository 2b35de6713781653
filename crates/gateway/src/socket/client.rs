//! The second process: a door that stands in another process.

use super::frame::{ANSWER_BYTES_MAX, Bytes32, Frame, FrameReader, REQUEST_BYTES_MAX, write};
use super::{Sign, VERSION, fits, random, to_sign};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use didymos_base::Did;
use didymos_twin::{Door, Failure, FailureCode, Principal, Progress, Request, Response, Watch};
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The server has to say hello and welcome within this time each.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// How often the caller's watch is asked whether to go on, at the least.
const WATCH_EVERY: Duration = Duration::from_millis(200);
/// A server that takes nothing for so long is given up.
const WRITE_MAX: Duration = Duration::from_secs(30);

/// Why the other process could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The operating system's limit.
    #[error("the path {0} is too long for a socket (103 bytes at most): choose a shorter data directory with --home")]
    PathTooLong(PathBuf),
    /// Nobody answers: the twin is not running, or a socket was left behind.
    #[error("no twin is serving {0} ({1})")]
    NobodyThere(PathBuf, io::Error),
    /// Somebody answers, but not as agreed.
    #[error("the twin that runs speaks another language ({0}): stop it and start this version")]
    OtherVersion(String),
    /// The twin does not know this device, or has no room.
    #[error(transparent)]
    Refused(Failure),
    /// The connection broke.
    #[error("the connection to the twin that runs broke: {0}; try again")]
    Broken(#[from] io::Error),
}

/// A twin that runs in another process of this machine.
pub struct Client {
    owner: Did,
    /// `None` once the connection has broken.
    line: Mutex<Option<Line>>,
}

struct Line {
    stream: UnixStream,
    reader: FrameReader<UnixStream>,
    number: u64,
}

impl Client {
    /// Connects to the twin that serves `path` and proves with `sign` to be one of its devices.
    pub fn connect(path: &Path, sign: &Sign) -> Result<Self, ConnectError> {
        if !fits(path) {
            return Err(ConnectError::PathTooLong(path.to_owned()));
        }
        let mut stream =
            UnixStream::connect(path).map_err(|error| ConnectError::NobodyThere(path.to_owned(), error))?;
        stream.set_read_timeout(Some(HANDSHAKE_MAX))?;
        stream.set_write_timeout(Some(WRITE_MAX))?;
        let mut reader = FrameReader::new(stream.try_clone()?, ANSWER_BYTES_MAX);
        let (owner, challenge) = match reader.next()? {
            Some(Frame::Hello { version, owner, challenge }) if version == VERSION => (owner, challenge),
            Some(Frame::Hello { version, .. }) => return Err(ConnectError::OtherVersion(version)),
            other => return Err(unwelcome(other)),
        };
        let nonce = random()?;
        let signature = URL_SAFE_NO_PAD.encode(sign(&to_sign(&challenge.0, &nonce, &owner)));
        write(&mut stream, &Frame::Prove { nonce: Bytes32(nonce), signature }, REQUEST_BYTES_MAX)?;
        match reader.next()? {
            Some(Frame::Welcome) => {}
            other => return Err(unwelcome(other)),
        }
        stream.set_read_timeout(Some(WATCH_EVERY))?;
        Ok(Self { owner, line: Mutex::new(Some(Line { stream, reader, number: 0 })) })
    }

    /// Whose twin it is.
    #[must_use]
    pub fn owner(&self) -> &Did {
        &self.owner
    }
}

fn unwelcome(frame: Option<Frame>) -> ConnectError {
    match frame {
        Some(Frame::Failure { failure, .. }) => ConnectError::Refused(failure),
        Some(_) => ConnectError::OtherVersion("frames out of order".into()),
        None => ConnectError::Broken(io::ErrorKind::UnexpectedEof.into()),
    }
}

impl Door for Client {
    /// Passes the request on. The twin decides for the principal whose key signed at [`Client::connect`], so asking
    /// for anybody else is refused here: it would lend them that key's rights.
    fn ask(&self, principal: &Principal, request: Request, watch: Watch<'_>) -> Result<Response, Failure> {
        if !matches!(principal, Principal::Device { .. }) {
            let words = "only the owner's own devices are served through another process of this machine";
            return Err(Failure::new(FailureCode::Denied, words));
        }
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = line.as_mut() else {
            return Err(gone());
        };
        open.ask(&request, watch).unwrap_or_else(|_| {
            *line = None;
            Err(gone())
        })
    }
}

fn gone() -> Failure {
    Failure::new(
        FailureCode::Io,
        "the twin that served this has gone; what it had committed is kept. Run the command again",
    )
}

impl Line {
    fn ask(&mut self, request: &Request, watch: Watch<'_>) -> io::Result<Result<Response, Failure>> {
        self.number += 1;
        let (number, mut stopping) = (self.number, false);
        let mut last = Progress { doing: String::new(), unit: String::new(), done: 0, of: 0 };
        let out = Frame::Ask { number, ask: request.clone() };
        match write(&mut self.stream, &out, REQUEST_BYTES_MAX) {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let words = "the request is longer than 1 MiB: name a folder instead of its files";
                return Ok(Err(Failure::new(FailureCode::Invalid, words)));
            }
            written => written?,
        }
        loop {
            match self.reader.next() {
                Ok(Some(Frame::Progress { number: of, progress })) if of == number => last = progress,
                Ok(Some(Frame::Answer { number: to, answer })) if to == number => {
                    return Response::from_json(request, answer).map(Ok).map_err(io::Error::other);
                }
                Ok(Some(Frame::Failure { number: to, failure })) if to.is_none_or(|to| to == number) => {
                    return Ok(Err(failure));
                }
                Ok(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                Err(error) => return Err(error),
            }
            // Without news the last state is shown again, so that a caller who wants to stop is heard in time.
            if !stopping && !last.doing.is_empty() && watch(last.clone()).is_break() {
                stopping = true;
                write(&mut self.stream, &Frame::Stop { number }, REQUEST_BYTES_MAX)?;
            }
        }
    }
}
