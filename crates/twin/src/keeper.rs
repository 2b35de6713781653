//! The keeper of one home: whether a twin lies in it, whether its keys are in memory, and who changes that.
//!
//! A [`Twin`] is always open. A server outlives that: it begins before anybody has given the keys, and it goes on after
//! the owner has locked up. So a server holds a keeper, which is a [`Door`] too: locked, it answers nothing.
//!
//! ```text
//! New ──setup──▶ Open ◀──unlock── Locked
//!  ▲              │ ──── lock ────▶ ▲
//!  └───delete─────┘
//! ```
//!
//! Locking is over when the last answer under way has ended and the keys are wiped, not before. Argon2 runs once at a
//! time, however many ask.

mod erase;
mod passkeys;
mod setup;
mod uploads;

pub use passkeys::PasskeyShown;
pub use setup::WORDS_CHECKED_MIN;
pub use uploads::Receiving;
pub(crate) use uploads::job_id;

use crate::door::{Door, Failure, FailureCode, Watch};
use crate::home;
use crate::peers::online::Listen;
use crate::{Request, Response, Twin, World};
use didymos_consent::{Act, Principal};
use didymos_identity::{KdfCost, RecoveryPhrase, Unlocked};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use zeroize::Zeroizing;

/// How a home stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is no twin yet.
    New,
    /// There is one, and its keys are not in memory.
    Locked,
    /// Its keys are in memory.
    Open,
}

/// Told whenever the twin opens (with the twin) and before it is locked (without).
pub type Hook = dyn Fn(Option<&Arc<Twin>>) + Send + Sync;

/// The keeper of a home.
pub struct Keeper {
    home: PathBuf,
    cost: KdfCost,
    world: World,
    held: Arc<Held>,
    /// Held while keys are unwrapped, made or dropped: one at a time.
    turn: Mutex<()>,
    setup: Mutex<Option<setup::Setup>>,
    hook: OnceLock<Box<Hook>>,
}

#[derive(Default)]
struct Held {
    state: Mutex<State>,
    returned: Condvar,
    /// The owner wants to lock: work under way is asked to stop.
    locking: AtomicBool,
    /// Where to listen for other people's twins.
    listen: OnceLock<Listen>,
    /// Where the twin's page is served.
    page: OnceLock<SocketAddr>,
}

#[derive(Default)]
struct State {
    twin: Option<Arc<Twin>>,
    leases: usize,
    /// How often the twin was opened.
    opened: u64,
    /// How often there was something new for it to do.
    work: u64,
}

impl Held {
    fn state(&self) -> MutexGuard<'_, State> {
        // Numbers and a pointer: nothing can be left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The open twin, if it is open and stays so.
    fn lease(self: &Arc<Self>) -> Option<Lease> {
        let mut state = self.state();
        if self.locking.load(Ordering::SeqCst) {
            return None;
        }
        let twin = Some(state.twin.clone()?);
        state.leases += 1;
        Some(Lease { twin, held: Arc::clone(self) })
    }

    /// Takes an open twin over.
    fn hold(self: &Arc<Self>, twin: Arc<Twin>) {
        twin.gather_receipts();
        twin.attach(self.listen.get().cloned().unwrap_or_default());
        if let Some(page) = self.page.get() {
            twin.page_at(*page);
        }
        // A twin that cannot listen is still one's own: what went wrong is told when somebody is to be reached.
        let _ = twin.listen_for_contacts();
        {
            let mut state = self.state();
            state.twin = Some(twin);
            state.opened += 1;
        }
        self.import_uploads();
    }
}

/// The open twin, for as long as one answer takes. Locking waits for it.
pub(crate) struct Lease {
    /// Always there; an `Option` so that it can be let go before the lease is counted back.
    twin: Option<Arc<Twin>>,
    held: Arc<Held>,
}

impl Lease {
    pub(crate) fn twin(&self) -> Result<&Arc<Twin>, Failure> {
        self.twin.as_ref().ok_or_else(locked)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.twin = None;
        let mut state = self.held.state();
        state.leases -= 1;
        self.held.returned.notify_all();
    }
}

fn locked() -> Failure {
    Failure::new(FailureCode::Locked, "the twin is locked: unlock it with a passkey or the passphrase")
}

fn no_twin() -> Failure {
    Failure::new(FailureCode::NotFound, "there is no twin here yet: set one up first")
}

impl Keeper {
    /// The keeper of `home`. Key slots that it makes cost `cost` to guess at.
    #[must_use]
    pub fn new(home: PathBuf, cost: KdfCost) -> Self {
        Self {
            home,
            cost,
            world: World::default(),
            held: Arc::default(),
            turn: Mutex::default(),
            setup: Mutex::default(),
            hook: OnceLock::new(),
        }
    }

    /// The keeper of a home whose twin is open already.
    #[must_use]
    pub fn of(twin: Arc<Twin>, cost: KdfCost) -> Self {
        let keeper = Self::new(twin.home.clone(), cost);
        keeper.held.hold(twin);
        keeper
    }

    /// The machine that the twins run on that this keeper opens or makes.
    #[must_use]
    pub fn in_world(mut self, world: World) -> Self {
        self.world = world;
        self
    }

    /// Where the twins that this keeper opens listen for others. Only the first word counts, and only for twins that
    /// are not open yet; without one it is [`Listen::Usual`].
    #[must_use]
    pub fn listening(self, listen: Listen) -> Self {
        let _ = self.held.listen.set(listen);
        self
    }

    /// Says where the twin's page is served on this machine: what `twin connect` on another one leads to. Only the
    /// first word counts.
    pub fn page_at(&self, addr: SocketAddr) {
        let _ = self.held.page.set(addr);
        if let Some(twin) = &self.held.state().twin {
            twin.page_at(addr);
        }
    }

    /// Who is told when the twin opens and when it is locked. Only the first one counts; it is told at once if the twin
    /// is open.
    pub fn tell(&self, hook: Box<Hook>) {
        let _ = self.hook.set(hook);
        let twin = self.held.state().twin.clone();
        if let (Some(hook), Some(twin)) = (self.hook.get(), twin) {
            hook(Some(&twin));
        }
    }

    /// Whether it waits for work under way to end, because it is being locked.
    #[must_use]
    pub fn is_locking(&self) -> bool {
        self.held.locking.load(Ordering::SeqCst)
    }

    /// The home.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// How the home stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        if self.held.state().twin.is_some() {
            Standing::Open
        } else if home::exists(&self.home) {
            Standing::Locked
        } else {
            Standing::New
        }
    }

    /// The open twin, unless it is locked or there is none.
    pub(crate) fn lease(&self) -> Result<Lease, Failure> {
        self.held.lease().ok_or_else(|| if self.standing() == Standing::New { no_twin() } else { locked() })
    }

    /// The owner on this device, while the twin is open.
    pub fn principal(&self) -> Result<Principal, Failure> {
        self.lease()?.twin().map(|twin| twin.principal())
    }

    /// The open twin's DID and the name that its owner gave.
    pub fn who(&self) -> Result<(didymos_base::Did, Option<String>), Failure> {
        let lease = self.lease()?;
        let twin = lease.twin()?;
        Ok((twin.did().clone(), crate::capability::profile::name(twin)))
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the twin with the passphrase, or with the 24 words where they are a key slot. An open twin stays open: the
    /// passphrase is checked all the same.
    pub fn unlock(&self, passphrase: &str) -> Result<(), Failure> {
        let _turn = self.turn();
        if !home::exists(&self.home) {
            return Err(no_twin());
        }
        // The words count however they are typed.
        let passphrase = match RecoveryPhrase::parse(passphrase) {
            Ok(phrase) => phrase.words(),
            Err(_) => Zeroizing::new(passphrase.to_owned()),
        };
        let (unlocked, notices) = home::unlock(&self.home, &passphrase)?;
        self.open_with(&unlocked, notices, "passphrase")
    }

    /// Opens the twin, if it is not, and leaves a receipt of who came in by what.
    fn open_with(&self, unlocked: &Unlocked, notices: Vec<String>, by: &str) -> Result<(), Failure> {
        if self.held.state().twin.is_none() {
            let lock = home::lock(&self.home)?;
            self.hold(Twin::open_unlocked(self.world.clone(), &self.home, unlocked, lock, notices)?);
        }
        let lease = self.lease()?;
        let twin = lease.twin()?;
        if twin.vault.ensure_whole().is_err() {
            // The owner may look at the damage; a damaged journal takes no receipts.
            return Ok(());
        }
        twin.act("keys.unlock@1", Act::Manage, by, || Ok(()))
    }

    /// Whether these are the twin's 24 words. If they are, the day is kept: paper fades and is mislaid.
    pub fn check_phrase(&self, words: &str) -> Result<(), Failure> {
        let lease = self.lease()?;
        let twin = lease.twin()?;
        let phrase =
            RecoveryPhrase::parse(words).map_err(|error| Failure::new(FailureCode::Invalid, error.to_string()))?;
        if phrase.vault_key() != twin.secrets().vault_key {
            let words = "this is a recovery phrase, but not this twin's: look for the other paper";
            return Err(Failure::new(FailureCode::Invalid, words));
        }
        twin.act("keys.phrase_check@1", Act::Manage, "", || crate::capability::protect::keep_phrase_checked(twin))
    }

    /// Takes an open twin over and tells of it.
    fn hold(&self, twin: Twin) {
        let twin = Arc::new(twin);
        self.held.hold(Arc::clone(&twin));
        if let Some(hook) = self.hook.get() {
            hook(Some(&twin));
        }
    }

    /// Lets go of the keys. Returns once the last answer under way has ended and they are wiped from memory.
    pub fn lock(&self) {
        let _turn = self.turn();
        if let Ok(lease) = self.lease()
            && let Ok(twin) = lease.twin()
        {
            // A receipt that cannot be left, on a full disk for example, is no reason to stay open.
            let _ = twin.act("keys.lock@1", Act::Manage, "", || Ok(()));
        }
        self.let_go();
    }

    fn let_go(&self) {
        self.held.locking.store(true, Ordering::SeqCst);
        if let Some(hook) = self.hook.get() {
            hook(None);
        }
        let mut state = self.held.state();
        let twin = state.twin.take();
        self.held.returned.notify_all();
        drop(state);
        if let Some(twin) = &twin {
            twin.go_offline();
        }
        let mut state = self.held.state();
        while state.leases > 0 {
            state = self.held.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        // The last one: receipts that waited are committed, and the keys wiped.
        drop(twin);
        self.held.locking.store(false, Ordering::SeqCst);
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.let_go();
    }
}

impl Door for Keeper {
    fn ask(&self, principal: &Principal, request: Request, watch: Watch<'_>) -> Result<Response, Failure> {
        let lease = self.lease()?;
        let held = Arc::clone(&self.held);
        let mut until_locked = move |progress| {
            if held.locking.load(Ordering::SeqCst) { ControlFlow::Break(()) } else { watch(progress) }
        };
        lease.twin()?.ask(principal, request, &mut until_locked)
    }
}
