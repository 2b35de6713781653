//! What is learnt of the owner, and kept: the portrait, the maker of days, the world.
//!
//! A model is learnt on whole days of the journal, up to a day that follows from the journal alone ([`Life`]); so what it
//! is does not depend on when it was learnt. It is derived: kept sealed beside the journal, thrown away without loss, and
//! learnt anew to the same bits. Learning can be stopped at any moment, and goes on where it was, also in another process;
//! whoever waits for a model takes over from the background.

mod life;
mod models;

use crate::Twin;
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::request::{Learn, Learnable};
use crate::response::{LearntModel, LearntState};
use didymos_base::Digest;
use didymos_mirror::body::Refusal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(crate) use life::{Life, date_text, day_of};
pub(crate) use models::{Known, MadeDays, Pictured, Worldly, roles, with_diary, world_of};

/// The form in which models are kept, and the way they are learnt: whatever changes either counts this up.
const VERSION: u32 = 1;
/// Learning is kept on disk this often.
const KEPT_EVERY_MS: i64 = 10_000;

/// Models in memory, and who learns.
#[derive(Default)]
pub(crate) struct Learning {
    /// Held by whoever learns.
    turn: Mutex<Memory>,
    /// So many wait for a model.
    waiting: AtomicUsize,
    /// The owner wants no learning in the background, until there is something new.
    stopped: AtomicBool,
    /// What is being learnt right now.
    now: Mutex<Option<Progress>>,
}

#[derive(Default)]
struct Memory {
    portrait: Option<(Digest, Arc<<Pictured as Model>::Done>)>,
    days: Option<(Digest, Arc<<MadeDays as Model>::Done>)>,
    world: Option<(Digest, Arc<<Worldly as Model>::Done>)>,
}

type Slot<M> = Option<(Digest, Arc<<M as Model>::Done>)>;

/// A kind of model that is learnt part by part and kept.
pub(crate) trait Model {
    type Learner: Serialize + DeserializeOwned;
    type Done: Serialize + DeserializeOwned;
    const WHICH: Learnable;
    /// The file beside the journal.
    const FILE: &'static str;
    /// What is being done, for whoever watches.
    const DOING: &'static str;

    /// What it would learn from, in bytes that change where that does.
    fn material(life: &Life) -> Vec<u8>;
    fn begin(life: &Life) -> Result<Self::Learner, Refusal>;
    fn advance(
        learner: &mut Self::Learner,
        life: &Life,
        watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<bool, Refusal>;
    fn progress(learner: &Self::Learner) -> (usize, usize);
    fn finish(learner: Self::Learner, life: &Life) -> Result<Self::Done, Refusal>;
    #[doc(hidden)]
    fn slot(memory: &mut MemoryOf<'_>) -> Slot<Self>
    where
        Self: Sized;
    #[doc(hidden)]
    fn remember(memory: &mut MemoryOf<'_>, slot: Slot<Self>)
    where
        Self: Sized;
}

/// Memory, as models see it.
pub(crate) struct MemoryOf<'a>(&'a mut Memory);

/// What lies beside the journal.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct Kept<M: Model> {
    version: u32,
    /// Of what was learnt from.
    material: Digest,
    state: State<M>,
}

#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
enum State<M: Model> {
    Begun(M::Learner),
    Done(M::Done),
    /// It cannot be learnt from this, and why not.
    Refused(String),
}

fn mark<M: Model>(life: &Life) -> Digest {
    let mut bytes = VERSION.to_le_bytes().to_vec();
    bytes.extend(M::material(life));
    Digest::of(&bytes)
}

fn kept<M: Model>(twin: &Twin, material: &Digest) -> Option<State<M>> {
    let kept: Kept<M> = serde_json::from_slice(&twin.vault.read_beside(M::FILE)?).ok()?;
    (kept.version == VERSION && kept.material == *material).then_some(kept.state)
}

fn keep<M: Model>(twin: &Twin, material: &Digest, state: State<M>) -> Result<State<M>, Failure> {
    let kept = Kept { version: VERSION, material: *material, state };
    let bytes = serde_json::to_vec(&kept)
        .map_err(|error| Failure::new(FailureCode::Invalid, format!("what was learnt cannot be kept: {error}")))?;
    twin.vault.write_beside(M::FILE, &bytes)?;
    Ok(kept.state)
}

/// A model that is learnt, or why it cannot be.
pub(crate) type Learnt<M> = Result<Arc<<M as Model>::Done>, String>;

impl Learning {
    fn locked(&self) -> MutexGuard<'_, Memory> {
        // Models are put in whole.
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self) -> MutexGuard<'_, Memory> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let memory = self.locked();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        memory
    }

    /// Whether somebody waits for whom the background should stand aside.
    pub(crate) fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// Whether the owner stopped the background.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// There is something new to learn from.
    pub(crate) fn allow(&self) {
        self.stopped.store(false, Ordering::SeqCst);
    }

    fn tell(&self, progress: Option<Progress>) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = progress;
    }
}

/// The model of this life: remembered, kept, or learnt now.
pub(crate) fn learnt<M: Model>(twin: &Twin, life: &Life, watch: Watch<'_>) -> Result<Learnt<M>, Failure> {
    let mut memory = twin.learning.wait();
    let memory = &mut MemoryOf(&mut memory);
    let material = mark::<M>(life);
    if let Some((of, done)) = M::slot(memory)
        && of == material
    {
        return Ok(Ok(done));
    }
    let state = match kept::<M>(twin, &material) {
        Some(State::Begun(learner)) => go_on::<M>(twin, life, &material, Some(learner), watch)?,
        Some(state) => state,
        None => go_on::<M>(twin, life, &material, None, watch)?,
    };
    match state {
        State::Done(done) => {
            let done = Arc::new(done);
            M::remember(memory, Some((material, Arc::clone(&done))));
            Ok(Ok(done))
        }
        State::Refused(because) => Ok(Err(because)),
        State::Begun(_) => Err(stopped()),
    }
}

fn stopped() -> Failure {
    Failure::new(FailureCode::Stopped, "stopped; what was learnt so far is kept, and learning goes on from there")
}

/// Learns on to the end, keeping what there is from time to time.
fn go_on<M: Model>(
    twin: &Twin,
    life: &Life,
    material: &Digest,
    begun: Option<M::Learner>,
    watch: Watch<'_>,
) -> Result<State<M>, Failure> {
    let refused = |refusal: &Refusal| keep::<M>(twin, material, State::Refused(refusal.to_string()));
    let mut learner = match begun {
        Some(learner) => learner,
        None => match M::begin(life) {
            Ok(learner) => learner,
            Err(refusal) => return refused(&refusal),
        },
    };
    loop {
        let (since, mut ended) = (twin.now().0, false);
        let mut slice = |done: usize, of: usize| {
            let told = Progress { doing: M::DOING.into(), unit: "parts".into(), done: done as u64, of: of as u64 };
            twin.learning.tell(Some(told.clone()));
            ended = watch(told).is_break();
            if ended || twin.now().0 - since > KEPT_EVERY_MS {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let advanced = M::advance(&mut learner, life, &mut slice);
        twin.learning.tell(None);
        match advanced {
            Err(refusal) => return refused(&refusal),
            Ok(true) => {
                return match M::finish(learner, life) {
                    Ok(done) => keep::<M>(twin, material, State::Done(done)),
                    Err(refusal) => refused(&refusal),
                };
            }
            Ok(false) => {
                let State::Begun(kept) = keep::<M>(twin, material, State::Begun(learner))? else {
                    return Err(stopped());
                };
                learner = kept;
                if ended {
                    return Err(stopped());
                }
            }
        }
    }
}

/// Learns all models that are not learnt yet, and says how they stand.
pub(crate) fn learn(twin: &Twin, asked: &Learn, watch: Watch<'_>) -> Result<Vec<LearntModel>, Failure> {
    if asked.stop {
        twin.learning.stopped.store(true, Ordering::SeqCst);
        return status(twin, watch);
    }
    let only = |which: Learnable| asked.only.is_empty() || asked.only.contains(&which);
    if asked.again {
        let mut memory = twin.learning.wait();
        *memory = Memory::default();
        for (which, file) in
            [(Pictured::WHICH, Pictured::FILE), (MadeDays::WHICH, MadeDays::FILE), (Worldly::WHICH, Worldly::FILE)]
        {
            if only(which) {
                twin.vault.remove_beside(file)?;
            }
        }
    }
    let life = Life::of(twin, watch)?;
    if only(Pictured::WHICH) {
        learnt::<Pictured>(twin, &life, watch)?.ok();
    }
    if only(Worldly::WHICH) {
        learnt::<Worldly>(twin, &life, watch)?.ok();
    }
    if only(MadeDays::WHICH) {
        learnt::<MadeDays>(twin, &life, watch)?.ok();
    }
    Ok(all(twin, &life))
}

/// How the models stand, without learning anything.
pub(crate) fn status(twin: &Twin, watch: Watch<'_>) -> Result<Vec<LearntModel>, Failure> {
    let life = Life::of(twin, watch)?;
    Ok(all(twin, &life))
}

fn all(twin: &Twin, life: &Life) -> Vec<LearntModel> {
    let now = twin.learning.now.lock().unwrap_or_else(PoisonError::into_inner).clone();
    vec![
        shown::<Pictured>(twin, life, now.as_ref()),
        shown::<Worldly>(twin, life, now.as_ref()),
        shown::<MadeDays>(twin, life, now.as_ref()),
    ]
}

fn shown<M: Model>(twin: &Twin, life: &Life, now: Option<&Progress>) -> LearntModel {
    let now = now.filter(|progress| progress.doing == M::DOING);
    let (from, to) = life.dates();
    let mut model =
        LearntModel { model: M::WHICH, state: LearntState::Waiting, done: 0, of: 0, from, to, because: None };
    match kept::<M>(twin, &mark::<M>(life)) {
        None => {}
        Some(State::Done(_)) => model.state = LearntState::Learnt,
        Some(State::Refused(because)) => {
            (model.state, model.because) = (LearntState::Refused, Some(because));
        }
        Some(State::Begun(learner)) => {
            let (done, of) = M::progress(&learner);
            (model.state, model.done, model.of) = (LearntState::Begun, done as u64, of as u64);
        }
    }
    if let Some(progress) = now {
        (model.state, model.done, model.of) = (LearntState::Learning, progress.done, progress.of);
    }
    model
}
