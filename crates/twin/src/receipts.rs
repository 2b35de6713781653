//! Leaving receipts: at once, or gathered for a moment.
//!
//! A receipt that cannot be committed takes its answer with it: no receipt, no answer. A twin that serves a browser is
//! asked dozens of times while a timeline is dragged, and a commit costs two syncs and most of a kilobyte for ever; so a
//! server gathers the receipts of the owner's own looking and commits them together: after ten seconds, with 256, or
//! with the next receipt that may not wait.

use crate::devices::replica;
use crate::door::Failure;
use crate::world::World;
use didymos_consent::Receipt;
use didymos_vault::{ObjectKind, Vault};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

const TOGETHER: usize = 256;
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Receipts {
    shared: Arc<Shared>,
    gathering: AtomicBool,
    committer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    vault: Arc<Vault>,
    world: World,
    state: Mutex<State>,
    changed: Condvar,
    /// Another device writes the journal: receipts wait beside it to be brought there.
    away: AtomicBool,
    /// Held by whoever changes what waits there.
    beside: Mutex<()>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Vec<u8>>,
    /// Records that are committed together with the receipts that they belong to.
    beside: Vec<(ObjectKind, Vec<u8>)>,
    ended: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits what waits. What cannot be committed goes on waiting.
    fn flush(&self, mut state: MutexGuard<'_, State>) -> Result<(), Failure> {
        if state.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut state.waiting);
        let beside = std::mem::take(&mut state.beside);
        drop(state);
        if self.away.load(Ordering::SeqCst) {
            let _beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner);
            return replica::keep_receipts(&self.vault, &waiting).inspect_err(|_| {
                self.state().waiting.splice(0..0, waiting);
            });
        }
        let mut records = vec![(ObjectKind::Receipts, waiting)];
        for (kind, record) in &beside {
            match records.iter_mut().find(|(known, _)| known == kind) {
                Some((_, all)) => all.push(record.clone()),
                None => records.push((*kind, vec![record.clone()])),
            }
        }
        self.vault.commit_records(&records, self.world.now()).map_err(|error| {
            let mut state = self.state();
            state.waiting.splice(0..0, std::mem::take(&mut records[0].1));
            state.beside.splice(0..0, beside);
            Failure::from(error)
        })
    }
}

impl Receipts {
    pub(crate) fn new(vault: Arc<Vault>, world: World) -> Self {
        let (state, changed, away, beside) =
            (Mutex::default(), Condvar::new(), AtomicBool::new(false), Mutex::default());
        let shared = Arc::new(Shared { vault, world, state, changed, away, beside });
        Self { shared, gathering: AtomicBool::new(false), committer: Mutex::default() }
    }

    /// From now on, receipts that may wait do.
    pub(crate) fn gather(&self) {
        if self.gathering.swap(true, Ordering::SeqCst) || !self.shared.world.threads {
            return;
        }
        let shared = self.shared.clone();
        let committer = std::thread::spawn(move || {
            loop {
                let mut state = shared.state();
                while state.waiting.is_empty() && !state.ended {
                    state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                if state.ended {
                    return;
                }
                let wait = shared.changed.wait_timeout_while(state, PATIENCE, |state| !state.ended);
                let (state, _) = wait.unwrap_or_else(PoisonError::into_inner);
                if shared.flush(state).is_err() {
                    // The disk may have room again later; the next receipt that cannot wait tells the owner.
                    std::thread::sleep(PATIENCE);
                }
            }
        });
        *self.committer.lock().unwrap_or_else(PoisonError::into_inner) = Some(committer);
    }

    /// Whether another device writes the journal.
    pub(crate) fn set_away(&self, away: bool) {
        self.shared.away.store(away, Ordering::SeqCst);
    }

    /// Does something to what waits beside the journal, with everything there and nobody else at it.
    pub(crate) fn settled<T>(&self, work: impl FnOnce() -> T) -> Result<T, Failure> {
        self.flush()?;
        let _beside = self.shared.beside.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(work())
    }

    /// Whether receipts that may wait do.
    pub(crate) fn gathers(&self) -> bool {
        self.gathering.load(Ordering::SeqCst)
    }

    /// Leaves a receipt. Returns once it is durable, or once it waits if it `may_wait`.
    pub(crate) fn leave(&self, receipt: &Receipt, may_wait: bool) -> Result<(), Failure> {
        self.leave_with(receipt, None, may_wait)
    }

    /// Leaves a receipt, and a record that is committed together with it.
    pub(crate) fn leave_with(
        &self,
        receipt: &Receipt,
        beside: Option<(ObjectKind, Vec<u8>)>,
        may_wait: bool,
    ) -> Result<(), Failure> {
        let mut state = self.shared.state();
        state.waiting.push(receipt.encode());
        state.beside.extend(beside);
        if may_wait && self.gathers() && state.waiting.len() < TOGETHER {
            self.shared.changed.notify_one();
            return Ok(());
        }
        self.shared.flush(state)
    }

    /// Commits what waits, so that the log shows it.
    pub(crate) fn flush(&self) -> Result<(), Failure> {
        self.shared.flush(self.shared.state())
    }
}

impl Drop for Receipts {
    fn drop(&mut self) {
        self.shared.state().ended = true;
        self.shared.changed.notify_all();
        if let Some(committer) = self.committer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = committer.join();
        }
        // Nobody is left to tell if this fails; every receipt that could not wait was committed before its answer.
        let _ = self.flush();
    }
}
