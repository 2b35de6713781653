//! The link as its twin uses it: blocking calls, from any thread.

use crate::endpoint::Inner;
use crate::error::LinkError;
use crate::host::{Host, Place};
use crate::meeting::{self, Meeting};
use crate::network::Called;
use crate::payload::Upload;
use crate::peer::EndpointKey;
use crate::returning::{CameBack, Claim};
use crate::serve;
use crate::settings::{Counts, Settings};
use crate::ticket::{Purpose, Ticket};
use crate::tunnel;
use crate::wire::Call;
use didymos_base::Did;
use didymos_identity::Secret32;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How long answers under way may take once the link is dropped.
const FAREWELL_MAX: Duration = Duration::from_secs(5);

/// A twin's end of everything that passes between twins. Dropping it closes every connection and waits for answers
/// under way.
pub struct Link {
    inner: Arc<Inner>,
    runtime: Option<Runtime>,
}

impl Link {
    /// Begins to listen. The endpoint's key grows from `seed`.
    pub fn start(seed: &Secret32, settings: Settings, host: Arc<dyn Host>) -> Result<Self, LinkError> {
        // A twin idles most of its life: one thread for the network, and threads for the door come and go.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(64)
            .thread_name("twin-link")
            .enable_all()
            .build()
            .map_err(|error| LinkError::Bind(error.to_string()))?;
        let inner = Self::wait(&runtime, {
            let seed = seed.clone();
            async move { Inner::bind(&seed, settings, host).await }
        })?;
        runtime.spawn(Arc::clone(&inner).accept());
        Ok(Self { inner, runtime: Some(runtime) })
    }

    /// Runs `work` on the link's own threads, wherever this is called from.
    fn wait<T: Send + 'static>(
        runtime: &Runtime,
        work: impl Future<Output = Result<T, LinkError>> + Send + 'static,
    ) -> Result<T, LinkError> {
        let (send, receive) = mpsc::sync_channel(1);
        runtime.spawn(async move {
            let _ = send.send(work.await);
        });
        receive.recv().unwrap_or(Err(LinkError::Closed))
    }

    fn runtime(&self) -> Result<&Runtime, LinkError> {
        self.runtime.as_ref().ok_or(LinkError::Closed)
    }

    /// The endpoint's public key.
    #[must_use]
    pub fn key(&self) -> EndpointKey {
        self.inner.key()
    }

    /// Where it can be reached, as far as it knows.
    #[must_use]
    pub fn addrs(&self) -> Vec<SocketAddr> {
        self.inner.addrs()
    }

    /// Makes a ticket and waits for whoever comes with it. Returns the pairing's number.
    pub fn invite(&self) -> Result<u64, LinkError> {
        self.invite_for(Purpose::Contact)
    }

    /// Makes a ticket for more than being contacts.
    pub fn invite_for(&self, purpose: Purpose) -> Result<u64, LinkError> {
        meeting::invite(&self.inner, purpose)
    }

    /// Carries every connection to `listener` to the [page](Host::tunnel) of `did`, until the result is dropped.
    pub fn forward(&self, did: &Did, listener: std::net::TcpListener) -> Result<Forwarding, LinkError> {
        let runtime = self.runtime()?;
        let _inside = runtime.enter();
        let listener = tunnel::listen(listener)?;
        let task = runtime.spawn(tunnel::forward(Arc::clone(&self.inner), did.clone(), listener));
        Ok(Forwarding(task.abort_handle()))
    }

    /// Goes to whoever made the ticket. Returns the pairing's number.
    pub fn join(&self, ticket: Ticket) -> Result<u64, LinkError> {
        Ok(meeting::join(&self.inner, ticket, self.runtime()?.handle()))
    }

    /// Pairings since the link began, oldest first.
    #[must_use]
    pub fn meetings(&self) -> Vec<Meeting> {
        self.inner.meetings.list(self.inner.host.now())
    }

    /// Whether a pairing is under way.
    #[must_use]
    pub fn is_pairing(&self) -> bool {
        self.inner.meetings.is_busy(self.inner.host.now())
    }

    /// The owner's word on a pairing's digits: the `same` as on the other side, or not.
    pub fn say(&self, pairing: u64, same: bool) -> Result<(), LinkError> {
        self.inner.meetings.say(pairing, same)
    }

    /// Calls a contact and returns the body of the reply.
    pub fn call(&self, did: &Did, call: Call) -> Result<Vec<u8>, LinkError> {
        Self::wait(self.runtime()?, serve::call(Arc::clone(&self.inner), did.clone(), call))
    }

    /// Calls a contact, with bytes behind the call, or for bytes behind the reply, or both. `upload` says how many bytes
    /// go, and gives them. Returns the reply's body, and what follows it if anything does.
    ///
    /// Blocks for as long as bytes go. What it returns has to be read before the link is closed.
    pub fn call_with(&self, did: &Did, call: Call, upload: Option<Upload<'_>>) -> Called {
        let call = Call { payload: upload.as_ref().map(|(len, _)| *len), ..call };
        let called = Self::wait(self.runtime()?, serve::begin(Arc::clone(&self.inner), did.clone(), call))?;
        serve::go_on(&self.inner, called, upload)
    }

    /// Makes sure that there is a connection to a contact, so that either side can call.
    pub fn greet(&self, did: &Did) -> Result<(), LinkError> {
        let (inner, did) = (Arc::clone(&self.inner), did.clone());
        Self::wait(self.runtime()?, async move { inner.reach(&did).await.map(|_| ()) })
    }

    /// Comes back to a contact on a new machine, with nothing but the recovery phrase: see [`Claim`]. They can be
    /// called from then on, for as long as the connection lasts.
    pub fn come_back(&self, place: Place, claim: Claim) -> Result<CameBack, LinkError> {
        Self::wait(self.runtime()?, Arc::clone(&self.inner).come_back(place, claim))
    }

    /// Ends everything now: whoever waits for an answer is told that the connection ended. The link is of no use after.
    pub fn close(&self) {
        let Some(runtime) = &self.runtime else { return };
        self.inner.part(None);
        let endpoint = self.inner.endpoint.clone();
        let _ = Self::wait(runtime, async move {
            endpoint.close().await;
            Ok(())
        });
    }

    /// Closes every connection to `did`, or to everybody. The next call proves everything anew.
    pub fn part(&self, did: Option<&Did>) {
        self.inner.part(did);
    }

    /// Contacts with a live connection.
    #[must_use]
    pub fn connected(&self) -> Vec<Did> {
        self.inner.connected()
    }

    /// What happened since the link began.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.inner.counting.read()
    }
}

/// Connections are carried for as long as this lives.
pub struct Forwarding(tokio::task::AbortHandle);

impl Drop for Forwarding {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.close();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(FAREWELL_MAX);
        }
    }
}
