//! The door itself, as everything outside sees it: one method.

use crate::{Request, Response};
use didymos_consent::Principal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// How far long work is. `done` and `of` are in `unit`s; `of` is 0 while the whole is not known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    /// What is being done, in a few words.
    pub doing: String,
    /// `bytes`, `objects`, `commits` or `observations`.
    pub unit: String,
    /// So much is done.
    pub done: u64,
    /// Of so much, if known.
    pub of: u64,
}

/// Called now and then during long work; answering `Break` asks it to stop, keeping what is committed.
pub type Watch<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of failure it is.
    pub code: FailureCode,
    /// What happened, where, and what to do next, in words for the owner. Never holds a secret.
    pub message: String,
}

/// The kinds of failure, stable for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// The decision was no.
    Denied,
    /// The request is not well formed or asks for the impossible.
    Invalid,
    /// There is no such thing here.
    NotFound,
    /// Somebody else is at it; try again later.
    Busy,
    /// The owner stopped it.
    Stopped,
    /// What is stored is damaged; `verify` and `repair` are next.
    Damaged,
    /// The disk, or a place on the network, did not do its part.
    Io,
    /// The keys are not in memory: the owner has to unlock the twin first.
    Locked,
}

impl Failure {
    /// A failure of this kind with these words.
    #[must_use]
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The one way in. A twin answers it itself; a connection to a twin that runs elsewhere passes it on.
pub trait Door: Send + Sync {
    /// Decides, answers and leaves a receipt.
    fn ask(&self, principal: &Principal, request: Request, watch: Watch<'_>) -> Result<Response, Failure>;
}
