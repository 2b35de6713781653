//! Mechanistic bodies: small systems of known equations that move in time, one trait for all of them.
//!
//! A body knows *where it starts* ([`Body::state`]), *how it moves* ([`Body::step`], one fixed step of its own under
//! an input) and *what of it can be seen* ([`Body::observe`]). The state is plain data, so that two futures that part
//! at one moment are two clones of one state, moved by two inputs; their difference is the effect.

pub(crate) mod elementary;
pub mod least_squares;
pub(crate) mod runge_kutta;
pub mod sleep;
pub mod training;

use thiserror::Error;

/// A system that moves in steps of fixed length.
///
/// Parameters live in the body, all that changes lives in the state. `step` is a pure function of body, state and
/// input: randomness, where a body has any, comes in with the input or lives, seeded, in the state.
pub trait Body {
    /// All that changes in time.
    type State: Clone;
    /// What acts on the body during one step.
    type Input: ?Sized;
    /// What an instrument would read.
    type Seen;

    /// The state in which the body starts when nothing else is known: at rest.
    fn state(&self) -> Self::State;

    /// Moves the state by one step.
    fn step(&self, state: &mut Self::State, input: &Self::Input);

    /// Reads the state.
    fn observe(&self, state: &Self::State) -> Self::Seen;
}

/// Moves `state` through `inputs` and gives what was seen after each.
pub fn run<'i, B: Body>(
    body: &'i B,
    state: &mut B::State,
    inputs: impl IntoIterator<Item = &'i B::Input>,
) -> Vec<B::Seen>
where
    B::Input: 'i,
{
    inputs
        .into_iter()
        .map(|input| {
            body.step(state, input);
            body.observe(state)
        })
        .collect()
}

/// Why a model gives no answer. It names what is missing, so that the owner can bring it.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum Refusal {
    /// There are too few data.
    #[error("too few {what}: {have}, and {need} are needed")]
    TooFew {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        have: usize,
        /// How many it takes.
        need: usize,
    },
    /// The data, or a parameter, cannot be right.
    #[error("{what} cannot be right: {reason}")]
    Senseless {
        /// What is wrong.
        what: &'static str,
        /// In which way.
        reason: String,
    },
    /// The data say nothing about what was asked.
    #[error("{what} cannot be told from these data: {reason}")]
    Undetermined {
        /// What was asked.
        what: &'static str,
        /// Why it stays open.
        reason: String,
    },
}

impl Refusal {
    /// Something cannot be right.
    pub fn senseless(what: &'static str, reason: impl Into<String>) -> Self {
        Refusal::Senseless { what, reason: reason.into() }
    }

    /// Something cannot be told.
    pub fn undetermined(what: &'static str, reason: impl Into<String>) -> Self {
        Refusal::Undetermined { what, reason: reason.into() }
    }
}
