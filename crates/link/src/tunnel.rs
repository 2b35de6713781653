//! Tunnels: a browser's connection to a port of one machine, carried to the page that a twin serves on another.
//!
//! ```text
//! browser <-TCP-> forwarder  == Call "tunnel@1", then bytes both ways ==  twin <-TCP-> its own HTTP server on loopback
//! ```
//!
//! Each connection is a stream of its own. Nothing of what passes is read or changed: the browser says whom it speaks
//! to (`localhost` and the forwarder's port), and the server hears that. Who may tunnel is the host's to say; who may
//! see anything is the page's, which asks for a sign-in as it does on its own machine.

use crate::endpoint::{Inner, Live, close};
use crate::error::LinkError;
use crate::frame;
use crate::settings::count;
use crate::wire::{self, Call, Code, REPLY_BYTES_MAX, Refusal, Reply};
use didymos_base::{Did, canonical};
use iroh::endpoint::{RecvStream, SendStream, VarInt};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, copy_bidirectional, join};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// The call's name.
pub(crate) const CALL: &str = "tunnel@1";
/// Connections that are carried at a time; the streams of a connection between twins are the other bound.
const CARRIED_MAX: usize = 14;
/// How long a connection to a port of this very machine may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Answers a tunnel, and carries it until either side ends.
pub(crate) async fn answer(inner: &Arc<Inner>, live: &Live, mut send: SendStream, recv: RecvStream) -> Option<()> {
    let (host, peer) = (Arc::clone(&inner.host), Arc::clone(&live.peer));
    let granted = tokio::task::spawn_blocking(move || host.tunnel(&peer)).await.ok()?;
    let failed = || Refusal::new(Code::Failed, "the page does not answer there");
    let opened = match granted {
        // Wherever the host says: a tunnel leads to no other machine.
        Ok(addr) if addr.ip().to_canonical().is_loopback() => {
            let connected = timeout(CONNECT_MAX, TcpStream::connect(addr)).await;
            connected.ok().and_then(Result::ok).ok_or_else(failed)
        }
        Ok(_) => Err(failed()),
        Err(refusal) => Err(refusal),
    };
    match opened {
        Ok(mut page) => {
            let _ = page.set_nodelay(true);
            frame::write(&mut send, &canonical::encode(&Reply::Done(Vec::new()))).await.ok()?;
            let (taken, given) = copy_bidirectional(&mut join(recv, send), &mut page).await.ok()?;
            inner.counting.add_in(taken);
            inner.counting.add_out(given);
            Some(())
        }
        Err(refusal) => {
            frame::write(&mut send, &canonical::encode(&Reply::Refused(refusal))).await.ok()?;
            send.finish().ok()
        }
    }
}

/// Makes the runtime's own of a listener. Has to be called inside a runtime.
pub(crate) fn listen(listener: std::net::TcpListener) -> Result<TcpListener, LinkError> {
    let refused = |error: std::io::Error| LinkError::Bind(error.to_string());
    listener.set_nonblocking(true).map_err(refused)?;
    TcpListener::from_std(listener).map_err(refused)
}

/// Carries every connection of `listener` to the page of `did`.
pub(crate) async fn forward(inner: Arc<Inner>, did: Did, listener: TcpListener) {
    let places = Arc::new(Semaphore::new(CARRIED_MAX));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((browser, _)) = listener.accept().await else {
            // Out of file handles, or a connection gone before it was taken.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (inner, did) = (Arc::clone(&inner), did.clone());
        tokio::spawn(async move {
            let _place = place;
            carry(&inner, &did, browser).await;
        });
    }
}

async fn carry(inner: &Arc<Inner>, did: &Did, mut browser: TcpStream) {
    let _ = browser.set_nodelay(true);
    match open(inner, did).await {
        Ok((live, send, recv)) => {
            let _busy = live.busy();
            let _ = copy_bidirectional(&mut browser, &mut join(recv, send)).await;
        }
        Err(error) => {
            // A person sees words, and a program sees that it is not the twin's own answer.
            count(&inner.counting.strangers);
            let words = format!("The twin cannot be reached: {error}\n");
            let head = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n";
            let page = format!("{head}Content-Length: {}\r\n\r\n{words}", words.len());
            let _ = browser.write_all(page.as_bytes()).await;
            let _ = browser.shutdown().await;
        }
    }
}

/// Opens a tunnel, over a new connection where the one that was there has died.
async fn open(inner: &Arc<Inner>, did: &Did) -> Result<(Live, SendStream, RecvStream), LinkError> {
    let (live, was_there) = inner.reach(did).await?;
    match timeout(CONNECT_MAX, opened(&live)).await.unwrap_or(Err(LinkError::Closed)) {
        Err(LinkError::Closed) if was_there => {
            live.connection.close(VarInt::from_u32(close::DONE), b"");
            inner.forget(&live);
            let (live, _) = inner.reach(did).await?;
            let (send, recv) = opened(&live).await?;
            Ok((live, send, recv))
        }
        opened => opened.map(|(send, recv)| (live, send, recv)),
    }
}

async fn opened(live: &Live) -> Result<(SendStream, RecvStream), LinkError> {
    let (mut send, mut recv) = live.connection.open_bi().await.map_err(|_| LinkError::Closed)?;
    frame::write(&mut send, &canonical::encode(&Call::new(CALL, Vec::new()))).await?;
    let reply = frame::read(&mut recv, REPLY_BYTES_MAX).await?;
    match wire::decode(&reply, REPLY_BYTES_MAX).map_err(|_| LinkError::Malformed)? {
        Reply::Done(_) => Ok((send, recv)),
        Reply::Refused(refusal) => Err(LinkError::Refused(refusal)),
        Reply::Sends(..) => Err(LinkError::Malformed),
    }
}
