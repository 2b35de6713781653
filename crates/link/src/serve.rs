//! Calls over a connection whose other end is proven: answered here, and made from here.

use crate::endpoint::{Inner, Live, close};
use crate::error::LinkError;
use crate::frame;
use crate::settings::{EXCESS_MAX, count};
use crate::wire::{self, CALL_BYTES_MAX, Call, Code, REPLY_BYTES_MAX, Refusal, Reply};
use didymos_base::{Did, canonical};
use iroh::endpoint::{RecvStream, SendStream, VarInt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::timeout;

/// Answers calls until the connection ends or nobody calls any more.
pub(crate) async fn run(inner: Arc<Inner>, live: Live) {
    let (host, peer) = (Arc::clone(&inner.host), Arc::clone(&live.peer));
    tokio::task::spawn_blocking(move || host.connected(&peer));
    let excess = Arc::new(AtomicU64::new(0));
    while let Ok(Ok((send, recv))) = timeout(inner.settings.idle_max, live.connection.accept_bi()).await {
        if excess.load(Ordering::Relaxed) > EXCESS_MAX {
            live.connection.close(VarInt::from_u32(close::FLOOD), b"far too many calls");
            break;
        }
        let (inner, live, excess) = (Arc::clone(&inner), live.clone(), Arc::clone(&excess));
        // As many at a time as the connection lets the other side open streams.
        tokio::spawn(async move {
            let limit = inner.settings.call_max;
            let _ = timeout(limit, answer(&inner, &live, send, recv, &excess)).await;
        });
    }
    live.connection.close(VarInt::from_u32(close::DONE), b"");
    inner.forget(&live);
}

async fn answer(
    inner: &Arc<Inner>,
    live: &Live,
    mut send: SendStream,
    mut recv: RecvStream,
    excess: &AtomicU64,
) -> Option<()> {
    let reply = if let Err(wait) = inner.take(&live.peer.did) {
        count(&inner.counting.flood);
        excess.fetch_add(1, Ordering::Relaxed);
        let _ = recv.stop(VarInt::from_u32(close::FLOOD));
        let refusal = Refusal::new(Code::TooMuch, "too many calls: wait a moment");
        Reply::Refused(Refusal { retry_after_ms: Some(wait), ..refusal })
    } else {
        let bytes = frame::read(&mut recv, CALL_BYTES_MAX).await;
        let call = bytes.ok().and_then(|bytes| wire::decode::<Call>(&bytes, CALL_BYTES_MAX).ok());
        if let Some(call) = call {
            count(&inner.counting.calls);
            let (inner, peer) = (Arc::clone(inner), Arc::clone(&live.peer));
            let answered = tokio::task::spawn_blocking(move || inner.host.answer(&peer, call));
            answered.await.unwrap_or_else(|_| Reply::Refused(Refusal::new(Code::Failed, "it went wrong here")))
        } else {
            count(&inner.counting.malformed);
            let _ = recv.stop(VarInt::from_u32(close::REFUSED));
            Reply::Refused(Refusal::new(Code::Malformed, "not a call of this protocol"))
        }
    };
    let mut bytes = canonical::encode(&reply);
    if bytes.len() > REPLY_BYTES_MAX {
        bytes = canonical::encode(&Reply::Refused(Refusal::new(Code::TooMuch, "the answer is too long: ask for less")));
    }
    frame::write(&mut send, &bytes).await.ok()?;
    send.finish().ok()
}

/// Calls `did`, over a connection that is there or a new one.
///
/// A connection that was there may have died unnoticed; then the call is made once more over a new one, since every
/// call means the same when it is made twice.
pub(crate) async fn call(inner: Arc<Inner>, did: Did, call: Call) -> Result<Vec<u8>, LinkError> {
    let bytes = canonical::encode(&call);
    if bytes.len() > CALL_BYTES_MAX {
        return Err(LinkError::Malformed);
    }
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

async fn once(inner: &Inner, live: &Live, bytes: &[u8]) -> Result<Vec<u8>, LinkError> {
    let conversation = async {
        let (mut send, mut recv) = live.connection.open_bi().await.map_err(|_| LinkError::Closed)?;
        // A peer that refuses early stops the stream; its reply says why.
        if frame::write(&mut send, bytes).await.is_ok() {
            let _ = send.finish();
        }
        let reply = frame::read(&mut recv, REPLY_BYTES_MAX).await?;
        match wire::decode(&reply, REPLY_BYTES_MAX).map_err(|_| LinkError::Malformed)? {
            Reply::Done(body) => Ok(body),
            Reply::Refused(refusal) => Err(LinkError::Refused(refusal)),
        }
    };
    timeout(inner.settings.call_max, conversation).await.unwrap_or(Err(LinkError::TooLong))
}
