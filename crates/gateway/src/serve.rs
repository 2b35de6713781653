//! The accept loop: bounded connections, bounded headers, bounded patience.

use crate::ask::Asker;
use crate::behind::Behind;
use crate::http::{Gate, Shared, router};
use crate::upload::UPLOADS_MAX;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Connections at the same time. A browser opens six.
const CONNECTIONS_MAX: usize = 128;
/// All headers of a request have to be here by then; also the longest idle time of a kept connection.
const HEADER_TIME_MAX: Duration = Duration::from_secs(30);
/// Bytes of request line and headers.
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Header lines.
const HEADERS_MAX: usize = 64;
/// How long answers under way may take after the order to stop.
const FAREWELL_MAX: Duration = Duration::from_secs(5);

/// Serves what is `behind` the gate to whoever the gate lets in, until `shutdown` resolves. `other` is the same machine
/// by its other address.
pub async fn serve(
    behind: Behind,
    listener: TcpListener,
    other: Option<TcpListener>,
    gate: Arc<Gate>,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let shared = Arc::new(Shared { gate, asker: Asker::new(behind), uploads: Semaphore::new(UPLOADS_MAX) });
    let service = TowerToHyperService::new(router(Arc::clone(&shared)));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME_MAX)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEADER_BYTES_MAX);
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, other.as_ref(), &room) => accepted,
        };
        let Some((stream, place)) = accepted else { continue };
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service.clone()));
        tokio::spawn(async move {
            // What a browser's connection dies of is no news to anybody.
            let _ = connection.await;
            drop(place);
        });
    }
    drop((listener, other));
    shared.gate.end_all();
    shared.asker.close();
    let _ = tokio::time::timeout(FAREWELL_MAX, graceful.shutdown()).await;
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    other: Option<&TcpListener>,
    room: &Arc<Semaphore>,
) -> Option<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.ok()?;
    let by_other = async {
        match other {
            Some(other) => other.accept().await,
            None => std::future::pending().await,
        }
    };
    let accepted = tokio::select! {
        accepted = listener.accept() => accepted,
        accepted = by_other => accepted,
    };
    let Ok((stream, _)) = accepted else {
        // Out of file handles, or a connection gone before we took it: give others time to finish.
        tokio::time::sleep(Duration::from_millis(100)).await;
        return None;
    };
    let _ = stream.set_nodelay(true);
    Some((stream, place))
}
