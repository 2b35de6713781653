//! A world learnt from the person's own days, and what to do in it.
//!
//! Steps (days, or hours) go over into each other: what is measured next depends on what is measured now and on what the
//! person does. An ensemble learns this from the transitions that were seen, each member from another resampling of them,
//! so that where they disagree the world does not know ([`World`], after PETS: Chua et al. 2018). It is a
//! [`crate::body::Body`]: a state is a cloud of particles, each moved by one member and by errors that were really made.
//!
//! Whether an action does anything at all is judged apart ([`World::evidence`]), under false-discovery control; what was
//! never tried nearby is said ([`World::support`]), and refused or warned of by who plans: cross-entropy search over the
//! coming steps within the owner's limits ([`World::plan`], Rubinstein 1999) or a policy learnt from the same transitions
//! without any model ([`FittedQ`], Ernst et al. 2005). Order in time is no proof of cause; a trial is ([`crate::trial`]).

mod dynamics;
mod evidence;
mod fitted_q;
mod learner;
mod plan;
mod transitions;

pub use dynamics::{Cloud, Comparison, Outlook, Settings, World};
pub use evidence::Influence;
pub use fitted_q::FittedQ;
pub use learner::Learner;
pub use plan::{Aim, Limits, Proposal, Unsupported};
pub use transitions::{Record, Support};

#[cfg(test)]
mod tests;
