//! Bytes that follow a call or a reply on the same stream: shards, files, ranges of a journal.
//!
//! Their number is announced before them and is kept to: one byte less or more, and the transfer has failed. Nobody
//! holds them in memory: whoever reads takes them from the stream as fast as they can use them, and QUIC's windows hold
//! back whoever sends. A side waits only so long for each step of the way, not for the whole, so that a slow line may
//! take its time and a stalled one may not. What a contact sends or fetches counts against a rate; above it the
//! transfer is slowed, not refused.

use crate::block;
use crate::endpoint::{Busy, close};
use crate::rate::Flow;
use crate::settings::{Counting, count};
use iroh::endpoint::{ReadError, RecvStream, SendStream, VarInt, WriteError};
use std::io::{self, ErrorKind, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;

/// The most bytes that may be announced at once.
pub const PAYLOAD_BYTES_MAX: u64 = 64 << 30;
/// A step of the way: so many bytes have to come, or go, within [`stall_max`](crate::Settings::stall_max).
const STEP: u64 = 64 * 1024;

/// Slows a contact's bytes down to its rate.
#[derive(Clone)]
pub(crate) struct Meter {
    flow: Arc<Mutex<Flow>>,
    began: Instant,
}

impl Meter {
    pub(crate) fn new(flow: Arc<Mutex<Flow>>, began: Instant) -> Self {
        Self { flow, began }
    }

    /// Takes so many bytes of the rate, and waits for as long as that takes.
    fn take(&self, bytes: u64) {
        let now = self.began.elapsed().as_millis() as u64;
        let wait = self.flow.lock().unwrap_or_else(PoisonError::into_inner).take(bytes, now);
        if wait > 0 {
            std::thread::sleep(Duration::from_millis(wait));
        }
    }
}

/// What both directions share: how long a step may take, and what it is counted against.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) stall_max: Duration,
    pub(crate) meter: Option<Meter>,
    pub(crate) counting: Arc<Counting>,
    pub(crate) _busy: Busy,
}

/// How long may still be waited for the step that is under way.
struct Step {
    left: Duration,
    bytes: u64,
    stall_max: Duration,
}

impl Step {
    fn new(stall_max: Duration) -> Self {
        Self { left: stall_max, bytes: 0, stall_max }
    }

    /// Waits for `work`, which moves some bytes. Only time that passes in here counts: whoever is slow to use what
    /// came is not the other side's fault.
    fn wait<T>(&mut self, work: impl Future<Output = T>, moved: impl FnOnce(&T) -> u64) -> Option<T> {
        let began = Instant::now();
        let done = block::on(work, self.left)?;
        self.left = self.left.saturating_sub(began.elapsed());
        self.bytes += moved(&done);
        if self.bytes >= STEP {
            *self = Self::new(self.stall_max);
        }
        Some(done)
    }
}

fn broken_off() -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, "the other side broke off")
}

fn stalled() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "the other side has stalled")
}

/// Bytes that follow a call: how many, and where they come from.
pub type Upload<'a> = (u64, &'a mut dyn Read);

/// Bytes on their way here. Reading waits for the network; the end comes only if exactly what was announced has come.
/// Dropped early, it tells the other side to stop.
pub struct Incoming {
    len: u64,
    from: From,
    /// What went wrong, if something did.
    failed: Option<ErrorKind>,
}

enum From {
    Stream(Box<Stream>),
    /// Of another network than the real one, such as a test's.
    Other(Box<dyn Read + Send>),
}

impl Incoming {
    pub(crate) fn new(recv: RecvStream, len: u64, way: Way, place: Option<OwnedSemaphorePermit>) -> Self {
        let stream = Stream { step: Step::new(way.stall_max), recv: Some(recv), left: len, way, _place: place };
        Self { len, from: From::Stream(Box::new(stream)), failed: None }
    }

    /// So many bytes of `from`, for a [network](crate::Network) that has streams of its own.
    #[must_use]
    pub fn of(len: u64, from: Box<dyn Read + Send>) -> Self {
        Self { len, from: From::Other(from), failed: None }
    }

    /// So many bytes were announced.
    #[allow(clippy::len_without_is_empty)]
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// What went wrong, if something did.
    pub(crate) fn failed(&self) -> Option<ErrorKind> {
        self.failed
    }
}

impl Read for Incoming {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Some(kind) = self.failed {
            return Err(kind.into());
        }
        let read = match &mut self.from {
            From::Stream(stream) => stream.read(into),
            From::Other(from) => from.read(into),
        };
        read.inspect_err(|error| self.failed = Some(error.kind()))
    }
}

/// A stream of QUIC, of which so much is still to come.
struct Stream {
    recv: Option<RecvStream>,
    left: u64,
    step: Step,
    way: Way,
    /// One of the contact's transfers at a time.
    _place: Option<OwnedSemaphorePermit>,
}

impl Stream {
    fn fail(&mut self, error: io::Error) -> io::Error {
        let counting = &self.way.counting;
        count(if error.kind() == ErrorKind::TimedOut { &counting.stalled } else { &counting.cut });
        if let Some(mut recv) = self.recv.take() {
            let _ = recv.stop(VarInt::from_u32(close::REFUSED));
        }
        error
    }

    /// After the last byte nothing more may come.
    fn end(&mut self) -> io::Result<usize> {
        let Some(recv) = self.recv.as_mut() else { return Ok(0) };
        let mut more = [0];
        match self.step.wait(recv.read(&mut more), |_| 0) {
            Some(Ok(None)) => {
                self.recv = None;
                Ok(0)
            }
            Some(Ok(Some(_))) => {
                Err(self.fail(io::Error::new(ErrorKind::InvalidData, "the other side sends more than it announced")))
            }
            Some(Err(_)) => Err(self.fail(broken_off())),
            None => Err(self.fail(stalled())),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            return self.end();
        }
        let Some(recv) = self.recv.as_mut() else { return Ok(0) };
        let most = into.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let moved = |read: &Result<Option<usize>, ReadError>| read.as_ref().map_or(0, |n| n.unwrap_or(0) as u64);
        match self.step.wait(recv.read(&mut into[..most]), moved) {
            Some(Ok(Some(n))) => {
                self.left -= n as u64;
                self.way.counting.add_in(n as u64);
                if let Some(meter) = &self.way.meter {
                    meter.take(n as u64);
                }
                Ok(n)
            }
            Some(Ok(None) | Err(_)) => Err(self.fail(broken_off())),
            None => Err(self.fail(stalled())),
        }
    }
}

/// Bytes that a reply is followed by.
pub struct Outgoing {
    /// How many.
    pub len: u64,
    /// Where they come from; as many as were announced have to come.
    pub bytes: Box<dyn Read + Send>,
}

/// Why bytes did not go.
#[derive(Debug)]
pub(crate) enum NotSent {
    /// The other side wants no more of them: its reply says why.
    Unwanted,
    /// The connection ended, or the other side takes nothing any more.
    Broken,
    /// They could not be read here.
    Source(io::Error),
}

/// Sends `len` bytes of `source`, and ends the stream. On any failure the stream is broken off, so that nobody takes a
/// part for the whole.
pub(crate) fn send(to: &mut SendStream, source: &mut dyn Read, len: u64, way: &Way) -> Result<(), NotSent> {
    let sent = pump(to, source, len, way);
    match &sent {
        Ok(()) => drop(to.finish()),
        Err(_) => drop(to.reset(VarInt::from_u32(close::REFUSED))),
    }
    sent
}

fn pump(to: &mut SendStream, source: &mut dyn Read, len: u64, way: &Way) -> Result<(), NotSent> {
    let mut buffer = vec![0; (STEP as usize).min(usize::try_from(len).unwrap_or(usize::MAX))];
    let mut step = Step::new(way.stall_max);
    let mut left = len;
    while left > 0 {
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let n = loop {
            match source.read(&mut buffer[..most]) {
                Ok(0) => return Err(NotSent::Source(ErrorKind::UnexpectedEof.into())),
                Ok(n) => break n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(NotSent::Source(error)),
            }
        };
        if let Some(meter) = &way.meter {
            meter.take(n as u64);
        }
        let mut part = &buffer[..n];
        while !part.is_empty() {
            let moved = |written: &Result<usize, WriteError>| written.as_ref().map_or(0, |n| *n as u64);
            match step.wait(to.write(part), moved) {
                Some(Ok(written)) => part = &part[written..],
                Some(Err(WriteError::Stopped(_))) => return Err(NotSent::Unwanted),
                Some(Err(_)) => return Err(NotSent::Broken),
                None => {
                    count(&way.counting.stalled);
                    return Err(NotSent::Broken);
                }
            }
        }
        way.counting.add_out(n as u64);
        left -= n as u64;
    }
    Ok(())
}
