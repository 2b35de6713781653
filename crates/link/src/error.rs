//! What can go wrong on the way to another twin.

use crate::frame::FrameError;
use crate::pairing::PairError;
use crate::peer::CardError;
use crate::wire::Refusal;

/// Why another twin was not reached, or did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The socket or its threads could not be had.
    #[error("cannot listen for other twins: {0}")]
    Bind(String),
    /// There is no such contact, or it is blocked.
    #[error("this is no contact of yours, or it is blocked: `twin contacts` lists them")]
    NotAContact,
    /// No address is known.
    #[error("it is not known where this contact can be reached: ask them to connect to you, or pair again")]
    NoAddress,
    /// Nobody answered.
    #[error("nobody answered there: is the other twin running (`twin up`), and in the same network?")]
    Unreachable,
    /// The connection ended.
    #[error("the connection ended")]
    Closed,
    /// It took too long.
    #[error("no answer in time; try again later")]
    TooLong,
    /// What came is not what should have come.
    #[error("the other side does not speak as this twin does")]
    Malformed,
    /// The other side speaks versions that this twin does not.
    #[error("the other twin speaks versions {low} to {high} of this protocol, this one others: update the older one")]
    Versions {
        /// Its oldest.
        low: u16,
        /// Its newest.
        high: u16,
    },
    /// The other side said no.
    #[error("the other twin says: {0}")]
    Refused(Refusal),
    /// The other side did not prove who it is.
    #[error("whoever answered did not prove to be this contact: {0}")]
    Card(#[from] CardError),
    /// Pairing came to nothing.
    #[error(transparent)]
    Pair(#[from] PairError),
    /// This twin cannot show who it is.
    #[error("this twin's identity cannot be read: run `twin verify`")]
    Nobody,
    /// There is no such pairing under way.
    #[error("there is no such pairing under way: `twin pair` begins one")]
    NoPairing,
    /// Too many tickets wait already.
    #[error("too many tickets wait already: let some expire first")]
    TooManyInvites,
    /// The system gives no randomness.
    #[error("the operating system gives no randomness")]
    NoRandomness,
    /// What was to be sent could not be read here.
    #[error("what was to be sent could not be read: {0}")]
    Source(String),
    /// The contact could not be kept.
    #[error("the contact could not be kept: {0}")]
    NotKept(String),
}

impl From<FrameError> for LinkError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::TooLong { .. } => Self::Malformed,
            FrameError::BrokenOff => Self::Closed,
        }
    }
}
