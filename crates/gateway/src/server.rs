//! The server for programs that are not asynchronous: it starts, prints its link, is waited for, is stopped.

use crate::access::Access;
use crate::behind::Behind;
use crate::http::Gate;
use crate::serve::serve;
use crate::session::NoRandomness;
use didymos_twin::{Door, Keeper, Principal};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address can be reached from elsewhere.
    #[error(
        "{0} can be reached by other machines, and this server has no TLS: listen on 127.0.0.1, or allow remote access \
         on purpose and put a TLS proxy in front"
    )]
    NotLoopback(SocketAddr),
    /// The address is taken, or is not one of this machine's.
    #[error("cannot listen on {0}: {1}; choose another port (port 0 picks a free one)")]
    Listen(SocketAddr, io::Error),
    /// The system refused threads or event queues.
    #[error("cannot start the server's threads: {0}")]
    Threads(io::Error),
    /// No link could be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// A running server. Dropping it stops it.
pub struct Server {
    addr: SocketAddr,
    url: String,
    gate: Arc<Gate>,
    stop: watch::Sender<bool>,
    served: Mutex<Option<JoinHandle<io::Result<()>>>>,
    runtime: Option<Runtime>,
}

/// Stops a server from elsewhere, for example from a signal handler's thread.
#[derive(Clone)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// Asks the server to stop.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Server {
    /// Serves `door` to browsers as `principal`, on `addr` (port 0 picks one), until stopped. There is nothing to unlock:
    /// whoever has the link is in.
    pub fn start(
        door: Arc<dyn Door>,
        principal: Principal,
        addr: SocketAddr,
        access: Access,
    ) -> Result<Self, StartError> {
        Self::start_behind(Behind::Door(door, principal), addr, access)
    }

    /// Serves the home that `keeper` keeps, open or locked or without a twin yet.
    pub fn keep(keeper: Arc<Keeper>, addr: SocketAddr, access: Access) -> Result<Self, StartError> {
        Self::start_behind(Behind::Keeper(keeper), addr, access)
    }

    fn start_behind(behind: Behind, addr: SocketAddr, access: Access) -> Result<Self, StartError> {
        if !access.permits_listening(addr) {
            return Err(StartError::NotLoopback(addr));
        }
        // A twin idles most of its life: two workers answer, and threads for the door come and go.
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(24)
            .thread_name("twin-http")
            .enable_all()
            .build()
            .map_err(StartError::Threads)?;
        let listening = |error| StartError::Listen(addr, error);
        let listener = runtime.block_on(tokio::net::TcpListener::bind(addr)).map_err(listening)?;
        let addr = listener.local_addr().map_err(listening)?;
        // `localhost` may mean either address of this machine; where the second is not to be had, one has to do.
        let other = (addr.ip() == Ipv4Addr::LOCALHOST).then_some(SocketAddr::from((Ipv6Addr::LOCALHOST, addr.port())));
        let other = other.and_then(|other| runtime.block_on(tokio::net::TcpListener::bind(other)).ok());
        let gate = Arc::new(Gate::new(addr, access));
        let url = gate.new_url()?;
        let (stop, stopped) = watch::channel(false);
        let served = runtime.spawn(serve(behind, listener, other, Arc::clone(&gate), until(stopped)));
        Ok(Self { addr, url, gate, stop, served: Mutex::new(Some(served)), runtime: Some(runtime) })
    }

    /// Where the server listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The first link; it lets one browser in, once.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A further link.
    pub fn new_url(&self) -> Result<String, NoRandomness> {
        self.gate.new_url()
    }

    /// A handle that stops this server from elsewhere.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// Asks the server to stop; [`wait`](Self::wait) returns once it has.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until the server has stopped. Not to be called from asynchronous code.
    pub fn wait(&self) -> io::Result<()> {
        let served = self.served.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (served, &self.runtime) {
            (Some(served), Some(runtime)) => runtime.block_on(served).map_err(io::Error::other)?,
            _ => Ok(()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        self.gate.end_all();
        if let Some(runtime) = self.runtime.take() {
            // Work at the door was asked to stop; whoever drops a server does not wait for ever.
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the server itself is gone, which is a reason to stop too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
