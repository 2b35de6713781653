//! Uploads come in while the twin is open, and are imported one after the other by a thread of the keeper's.
//!
//! The thread asks the door like anybody else. Locking stops the import that runs; what it committed stays, and after the
//! next unlocking it begins anew, which leaves out what is there already. When it has been quiet for a while, the same
//! thread has the mirror learn what is new; whatever else there is to do comes first, and learning goes on after it.

use super::{Held, Keeper, Lease};
use crate::capability::tokens;
use crate::door::{Door, Failure, FailureCode};
use crate::jobs::{JobState, Upload};
use crate::request::{Learn, UploadWhich};
use crate::{Request, Twin};
use didymos_base::hex;
use didymos_consent::Principal;
use didymos_vault::spool::SpoolId;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How long to wait when somebody else imports.
const PATIENCE: Duration = Duration::from_secs(1);

impl Keeper {
    /// Begins to receive a file. The twin stays open for as long as the result lives.
    pub fn begin_upload(&self, name: &str, batch: Option<&str>, zone: Option<&str>) -> Result<Receiving, Failure> {
        let lease = self.lease()?;
        let upload = lease.twin()?.jobs().begin(name, batch, zone, None)?;
        Ok(Receiving { upload, lease })
    }

    /// Begins to receive a file from a live source that brings `token`. Without a name the file is called after the
    /// source. What it delivers is imported in the source's name, so a token that is revoked meanwhile brings nothing.
    pub fn begin_delivery(&self, token: &str, name: Option<&str>, zone: Option<&str>) -> Result<Receiving, Failure> {
        let lease = self.lease()?;
        let Some((did, source)) = tokens::holder(lease.twin()?, token) else {
            let words = "this token is not in force: make another one in the settings, or with `twin token create`";
            return Err(Failure::new(FailureCode::Denied, words));
        };
        let upload = lease.twin()?.jobs().begin(name.unwrap_or(&source), Some(&source), zone, Some(did))?;
        Ok(Receiving { upload, lease })
    }

    /// Removes an upload that waits or failed, or stops the one that is being imported.
    pub fn remove_upload(&self, job: &str) -> Result<(), Failure> {
        let lease = self.lease()?;
        let jobs = lease.twin()?.jobs();
        jobs.remove(&job_id(job)?)
    }
}

/// A file that is being received.
pub struct Receiving {
    upload: Upload,
    lease: Lease,
}

impl Receiving {
    /// Takes bytes. Fails once the owner locks the twin.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.lease.held.locking.load(Ordering::SeqCst) {
            return Err(super::locked());
        }
        self.upload.write(bytes)
    }

    /// The file is whole: it is durable now, and its import begins when its turn comes. Returns the job's id.
    pub fn finish(self) -> Result<String, Failure> {
        let Self { upload, lease } = self;
        let twin = lease.twin()?;
        let id = twin.jobs().received(upload, twin.now())?;
        lease.held.more_work();
        Ok(hex::encode(&id))
    }
}

pub(crate) fn job_id(text: &str) -> Result<SpoolId, Failure> {
    hex::decode(text).ok_or_else(crate::jobs::no_job)
}

impl Held {
    fn more_work(&self) {
        self.state().work += 1;
        self.returned.notify_all();
    }

    /// Imports what waits, until the twin is locked; when nothing has come for a while, the mirror learns. One thread for each
    /// time that it is opened.
    pub(super) fn import_uploads(self: &Arc<Self>) {
        let opened = self.state().opened;
        let held = Arc::clone(self);
        // Without a thread uploads wait for the next opening.
        let _ = std::thread::Builder::new().name("twin-uploads".into()).spawn(move || {
            // What there was when learning was last done with.
            let mut learnt = None;
            while let Some(seen) = held.is_opened(opened) {
                let worked = held.lease().is_some_and(|lease| lease.twin().is_ok_and(|twin| one(twin, &held)));
                if worked {
                    continue;
                }
                if learnt == Some(seen) {
                    held.wait_for_work(opened, seen);
                } else if held.is_quiet(opened, seen) {
                    let done = held.lease().is_none_or(|lease| {
                        lease.twin().map_or(true, |twin| learn(twin, &|| held.is_busy(opened, seen)))
                    });
                    learnt = done.then_some(seen);
                }
            }
        });
    }

    /// Waits for a while, and says whether it was quiet.
    fn is_quiet(&self, opened: u64, seen: u64) -> bool {
        let idle = |state: &mut super::State| state.twin.is_some() && state.opened == opened && state.work == seen;
        let state = self.state();
        let Some(quiet) = state.twin.as_ref().map(|twin| twin.world.quiet) else { return false };
        let waited = self.returned.wait_timeout_while(state, quiet, idle);
        waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Whether there is something better to do than to learn.
    fn is_busy(&self, opened: u64, seen: u64) -> bool {
        self.locking.load(Ordering::SeqCst) || self.is_opened(opened) != Some(seen)
    }

    /// How much work there was, while the twin has been open since this opening.
    fn is_opened(&self, opened: u64) -> Option<u64> {
        let state = self.state();
        (state.twin.is_some() && state.opened == opened).then_some(state.work)
    }

    fn wait_for_work(&self, opened: u64, seen: u64) {
        let idle = |state: &mut super::State| state.twin.is_some() && state.opened == opened && state.work == seen;
        let waited = self.returned.wait_while(self.state(), idle);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

/// Learns what there is to learn, unless there is something better to do. Says whether it is done with.
fn learn(twin: &Arc<Twin>, is_busy: &dyn Fn() -> bool) -> bool {
    if twin.learning.is_stopped() {
        return true;
    }
    let mut watch = |_| {
        let over = is_busy() || twin.learning.is_wanted() || twin.learning.is_stopped();
        if over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    // A refusal is an answer too: there may be nothing to learn from.
    let answer = twin.ask(&twin.principal(), Request::Learn(Learn::default()), &mut watch);
    answer.is_ok() || !(is_busy() || twin.learning.is_wanted())
}

/// Imports one upload, and says whether any waited.
fn one(twin: &Arc<Twin>, held: &Held) -> bool {
    let Some(id) = twin.jobs().next() else { return false };
    let by = twin.jobs().get(&id).and_then(|job| job.record.by);
    let principal = by.map_or_else(|| twin.principal(), Principal::Twin);
    let request = Request::ImportUpload(UploadWhich { job: hex::encode(&id) });
    let mut watch = |_| {
        let over = held.locking.load(Ordering::SeqCst) || twin.jobs().is_unwanted(&id);
        if over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let answer = twin.ask(&principal, request, &mut watch);
    match answer {
        Ok(_) => twin.learning.allow(),
        Err(failure) if failure.code == FailureCode::Busy => {
            twin.jobs().set(&id, JobState::Waiting);
            std::thread::sleep(PATIENCE);
        }
        Err(failure) if failure.code == FailureCode::Stopped => {
            if twin.jobs().is_unwanted(&id) {
                let _ = twin.jobs().forget(&id);
            } else {
                twin.jobs().set(&id, JobState::Waiting);
            }
        }
        Err(failure) => twin.jobs().set(&id, JobState::Failed(failure.message)),
    }
    true
}
