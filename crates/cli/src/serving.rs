//! While this process holds the vault, other `twin` commands are served through it.

use crate::{interrupt, output};
use didymos_base::Did;
use didymos_gateway::socket::{self, ListenError, SocketServer, Verify};
use didymos_twin::{Door, Failure, Principal, Request, Response, Watch};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// An answer is on its way through the socket for a moment after the door has given it.
const DELIVERY: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_millis(25);
/// After so much waiting, the owner is told what for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Others are served for as long as this lives.
pub(crate) struct Serving {
    _server: SocketServer,
    counted: Arc<Counted>,
}

/// A door that knows how many are being answered.
struct Counted {
    door: Arc<dyn Door>,
    asked: AtomicU64,
    answered: AtomicU64,
}

impl Door for Counted {
    fn ask(&self, principal: &Principal, request: Request, watch: Watch<'_>) -> Result<Response, Failure> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.door.ask(principal, request, watch);
        self.answered.fetch_add(1, Ordering::SeqCst);
        answer
    }
}

impl Counted {
    fn is_idle(&self) -> bool {
        // Read in this order, a question that comes in between makes it look busy, never idle.
        let answered = self.answered.load(Ordering::SeqCst);
        self.asked.load(Ordering::SeqCst) == answered
    }
}

impl Serving {
    pub(crate) fn start(
        door: Arc<dyn Door>,
        owner: Did,
        verify: Box<Verify>,
        path: &Path,
    ) -> Result<Self, ListenError> {
        let counted = Arc::new(Counted { door, asked: AtomicU64::new(0), answered: AtomicU64::new(0) });
        let server = socket::listen(Arc::clone(&counted) as Arc<dyn Door>, owner, verify, path)?;
        Ok(Self { _server: server, counted })
    }

    /// Lets others have their answers before this process ends, unless the owner is in a hurry.
    pub(crate) fn finish(self) {
        let began = Instant::now();
        let mut told = false;
        while self.counted.asked.load(Ordering::SeqCst) > 0 && !interrupt::is_asked() {
            if self.counted.is_idle() {
                let asked = self.counted.asked.load(Ordering::SeqCst);
                std::thread::sleep(DELIVERY);
                if self.counted.is_idle() && self.counted.asked.load(Ordering::SeqCst) == asked {
                    return;
                }
            }
            if !told && began.elapsed() > PATIENCE {
                output::aside("done here; another `twin` command is still being served (Ctrl-C stops it)");
                told = true;
            }
            std::thread::sleep(PAUSE);
        }
    }
}
