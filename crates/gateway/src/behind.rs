//! What lies behind the gate: a door that is always open, or a home that can be locked.

use didymos_twin::{Door, Failure, FailureCode, Keeper, Principal, Standing};
use std::sync::Arc;

/// What a server serves.
#[derive(Clone)]
pub enum Behind {
    /// A door, and as whom it is asked. Nothing locks it.
    Door(Arc<dyn Door>, Principal),
    /// A home with its keeper.
    Keeper(Arc<Keeper>),
}

impl Behind {
    /// The door, and as whom to ask it; a locked twin has none.
    pub(crate) fn door(&self) -> Result<(Arc<dyn Door>, Principal), Failure> {
        match self {
            Self::Door(door, principal) => Ok((Arc::clone(door), principal.clone())),
            Self::Keeper(keeper) => Ok((Arc::clone(keeper) as Arc<dyn Door>, keeper.principal()?)),
        }
    }

    /// The keeper, where there is something to lock and unlock.
    pub(crate) fn keeper(&self) -> Result<Arc<Keeper>, Failure> {
        match self {
            Self::Keeper(keeper) => Ok(Arc::clone(keeper)),
            Self::Door(..) => {
                let words = "this server was given one open twin: there is nothing to unlock, lock or set up here";
                Err(Failure::new(FailureCode::NotFound, words))
            }
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        match self {
            Self::Keeper(keeper) => keeper.standing(),
            Self::Door(..) => Standing::Open,
        }
    }
}
