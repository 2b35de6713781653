//! Calls over a connection whose other end is proven: answered here, and made from here.

use crate::endpoint::{Inner, Live, close};
use crate::error::LinkError;
use crate::network::Called;
use crate::payload::{self, Incoming, NotSent, Outgoing, PAYLOAD_BYTES_MAX, Upload};
use crate::settings::{EXCESS_MAX, count};
use crate::wire::{self, CALL_BYTES_MAX, Call, Code, REPLY_BYTES_MAX, Refusal, Reply};
use crate::{block, frame, tunnel};
use didymos_base::{Did, canonical};
use iroh::endpoint::{RecvStream, SendStream, VarInt, WriteError};
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::timeout;

/// When a transfer that found no place is worth trying again.
const TRANSFER_WAIT_MS: u32 = 1_000;

/// Answers calls until the connection ends or nobody calls any more.
pub(crate) async fn run(inner: Arc<Inner>, live: Live) {
    let (host, peer) = (Arc::clone(&inner.host), Arc::clone(&live.peer));
    tokio::task::spawn_blocking(move || host.connected(&peer));
    let excess = Arc::new(AtomicU64::new(0));
    loop {
        let (send, recv) = match timeout(inner.settings.idle_max, live.connection.accept_bi()).await {
            Ok(Ok(stream)) => stream,
            Err(_) if !live.is_idle() => continue,
            Ok(Err(_)) | Err(_) => break,
        };
        if excess.load(Ordering::Relaxed) > EXCESS_MAX {
            live.connection.close(VarInt::from_u32(close::FLOOD), b"far too many calls");
            break;
        }
        let (inner, live, excess) = (Arc::clone(&inner), live.clone(), Arc::clone(&excess));
        // As many at a time as the connection lets the other side open streams.
        tokio::spawn(async move {
            let _busy = live.busy();
            answer(&inner, &live, send, recv, &excess).await;
        });
    }
    live.connection.close(VarInt::from_u32(close::DONE), b"");
    inner.forget(&live);
}

/// What is answered, and what the answer is followed by.
type Answer = (Reply, Option<Outgoing>);

fn no(code: Code, words: &str) -> Answer {
    (Reply::Refused(Refusal::new(code, words)), None)
}

fn too_much(words: &str, wait_ms: u32) -> Answer {
    let refusal = Refusal { retry_after_ms: Some(wait_ms), ..Refusal::new(Code::TooMuch, words) };
    (Reply::Refused(refusal), None)
}

async fn answer(
    inner: &Arc<Inner>,
    live: &Live,
    mut send: SendStream,
    mut recv: RecvStream,
    excess: &AtomicU64,
) -> Option<()> {
    let (reply, outgoing) = if let Err(wait) = inner.take(&live.peer.did) {
        count(&inner.counting.flood);
        excess.fetch_add(1, Ordering::Relaxed);
        let _ = recv.stop(VarInt::from_u32(close::FLOOD));
        too_much("too many calls: wait a moment", wait)
    } else {
        let bytes = timeout(inner.settings.call_max, frame::read(&mut recv, CALL_BYTES_MAX)).await.ok()?;
        let call = bytes.ok().and_then(|bytes| wire::decode::<Call>(&bytes, CALL_BYTES_MAX).ok());
        if let Some(call) = call {
            if call.name == tunnel::CALL {
                count(&inner.counting.calls);
                return tunnel::answer(inner, live, send, recv).await;
            }
            answered(inner, live, call, recv).await?
        } else {
            count(&inner.counting.malformed);
            let _ = recv.stop(VarInt::from_u32(close::REFUSED));
            no(Code::Malformed, "not a call of this protocol")
        }
    };
    let mut place = None;
    let (reply, outgoing) = match (reply, outgoing) {
        (Reply::Done(body), Some(outgoing)) if outgoing.len <= PAYLOAD_BYTES_MAX => {
            let transfers = inner.way(live, true).1;
            match timeout(inner.settings.stall_max, transfers.acquire_owned()).await {
                Ok(free) => {
                    place = free.ok();
                    (Reply::Sends(body, outgoing.len), Some(outgoing))
                }
                Err(_) => too_much("too many transfers at once: wait for one to end", TRANSFER_WAIT_MS),
            }
        }
        (reply, _) => (reply, None),
    };
    let mut bytes = canonical::encode(&reply);
    if bytes.len() > REPLY_BYTES_MAX {
        bytes = canonical::encode(&Reply::Refused(Refusal::new(Code::TooMuch, "the answer is too long: ask for less")));
        frame::write(&mut send, &bytes).await.ok()?;
        return send.finish().ok();
    }
    timeout(inner.settings.call_max, frame::write(&mut send, &bytes)).await.ok()?.ok()?;
    let Some(mut outgoing) = outgoing else { return send.finish().ok() };
    let way = inner.way(live, !live.is_own).0;
    let sending = tokio::task::spawn_blocking(move || {
        let _place = place;
        payload::send(&mut send, &mut outgoing.bytes, outgoing.len, &way)
    });
    sending.await.ok()?.ok()
}

/// Lets the host answer. Without bytes behind it a call has only so long; with bytes, each step of their way has.
async fn answered(inner: &Arc<Inner>, live: &Live, call: Call, recv: RecvStream) -> Option<Answer> {
    let (way, transfers) = inner.way(live, !live.is_own);
    let mut place = None;
    if call.payload.is_some() {
        place = transfers.try_acquire_owned().ok();
        if place.is_none() {
            count(&inner.counting.flood);
            return Some(too_much("too many transfers at once: wait for one to end", TRANSFER_WAIT_MS));
        }
    }
    count(&inner.counting.calls);
    let len = call.payload;
    let (host, peer) = (Arc::clone(inner), Arc::clone(&live.peer));
    let answering = tokio::task::spawn_blocking(move || {
        let mut upload = len.map(|len| Incoming::new(recv, len, way, place));
        let answer = host.host.answer_with(&peer, call, upload.as_mut());
        // Whatever the host made of it: what did not come whole has not come.
        match upload.as_ref().and_then(Incoming::failed) {
            Some(ErrorKind::TimedOut) => no(Code::Failed, "the bytes behind the call stood still for too long"),
            Some(_) => no(Code::Malformed, "other bytes than announced behind the call"),
            None => answer,
        }
    });
    let answer =
        if len.is_some() { answering.await } else { timeout(inner.settings.call_max, answering).await.ok()? };
    Some(answer.unwrap_or_else(|_| no(Code::Failed, "it went wrong here")))
}

/// A stream on which a call was made, and its connection.
pub(crate) struct Begun {
    live: Live,
    send: SendStream,
    recv: RecvStream,
}

/// Calls `did`, over a connection that is there or a new one.
///
/// A connection that was there may have died unnoticed; then the call is made once more over a new one, since every
/// call means the same when it is made twice.
pub(crate) async fn call(inner: Arc<Inner>, did: Did, call: Call) -> Result<Vec<u8>, LinkError> {
    let bytes = encoded(&call)?;
    let (live, was_there) = inner.reach(&did).await?;
    match once(&inner, &live, &bytes).await {
        Err(LinkError::Closed) if was_there => {
            live.connection.close(VarInt::from_u32(close::DONE), b"");
            inner.forget(&live);
            let (live, _) = inner.reach(&did).await?;
            once(&inner, &live, &bytes).await
        }
        answer => answer,
    }
}

fn encoded(call: &Call) -> Result<Vec<u8>, LinkError> {
    let bytes = canonical::encode(call);
    if bytes.len() > CALL_BYTES_MAX { Err(LinkError::Malformed) } else { Ok(bytes) }
}

async fn once(inner: &Inner, live: &Live, bytes: &[u8]) -> Result<Vec<u8>, LinkError> {
    let _busy = live.busy();
    let conversation = async {
        let (mut send, mut recv) = live.connection.open_bi().await.map_err(|_| LinkError::Closed)?;
        // A peer that refuses early stops the stream; its reply says why.
        if frame::write(&mut send, bytes).await.is_ok() {
            let _ = send.finish();
        }
        match replied(&mut recv).await? {
            (body, None) => Ok(body),
            // Dropping the stream tells the other side that nobody wants its bytes.
            (_, Some(_)) => Err(LinkError::Malformed),
        }
    };
    timeout(inner.settings.call_max, conversation).await.unwrap_or(Err(LinkError::TooLong))
}

/// The body of a reply, and how many bytes follow it.
async fn replied(recv: &mut RecvStream) -> Result<(Vec<u8>, Option<u64>), LinkError> {
    let reply = frame::read(recv, REPLY_BYTES_MAX).await?;
    match wire::decode(&reply, REPLY_BYTES_MAX).map_err(|_| LinkError::Malformed)? {
        Reply::Done(body) => Ok((body, None)),
        Reply::Sends(body, len) => Ok((body, Some(len))),
        Reply::Refused(refusal) => Err(LinkError::Refused(refusal)),
    }
}

/// Begins a call that bytes may follow. A connection that turns out to be dead before anything else was sent is
/// replaced by a new one.
pub(crate) async fn begin(inner: Arc<Inner>, did: Did, call: Call) -> Result<Begun, LinkError> {
    let bytes = encoded(&call)?;
    let (live, was_there) = inner.reach(&did).await?;
    match begun(&inner, live.clone(), &bytes).await {
        Err(LinkError::Closed) if was_there => {
            live.connection.close(VarInt::from_u32(close::DONE), b"");
            inner.forget(&live);
            let (live, _) = inner.reach(&did).await?;
            begun(&inner, live, &bytes).await
        }
        called => called,
    }
}

async fn begun(inner: &Inner, live: Live, bytes: &[u8]) -> Result<Begun, LinkError> {
    let begin = async {
        let (mut send, recv) = live.connection.open_bi().await.map_err(|_| LinkError::Closed)?;
        match send.write_all(&frame::framed(bytes)).await {
            Ok(()) | Err(WriteError::Stopped(_)) => Ok((send, recv)),
            Err(_) => Err(LinkError::Closed),
        }
    };
    let (send, recv) = timeout(inner.settings.call_max, begin).await.unwrap_or(Err(LinkError::TooLong))?;
    Ok(Begun { live, send, recv })
}

/// Sends what follows a call, and hears the reply. Blocks; not for threads of the runtime.
pub(crate) fn go_on(inner: &Inner, begun: Begun, upload: Option<Upload<'_>>) -> Called {
    let Begun { live, mut send, mut recv } = begun;
    // What this side asked for and what it sends of its own accord has no limit here.
    let way = inner.way(&live, false).0;
    match upload {
        None => drop(send.finish()),
        Some((len, source)) => match payload::send(&mut send, source, len, &way) {
            // A peer that refuses early stops the stream; its reply says why.
            Ok(()) | Err(NotSent::Unwanted) => {}
            Err(NotSent::Broken) => return Err(LinkError::Closed),
            Err(NotSent::Source(error)) => return Err(LinkError::Source(error.to_string())),
        },
    }
    let replied = block::on(replied(&mut recv), inner.settings.call_max).unwrap_or(Err(LinkError::TooLong));
    let (body, len) = replied?;
    Ok((body, len.map(|len| Incoming::new(recv, len, way, None))))
}
