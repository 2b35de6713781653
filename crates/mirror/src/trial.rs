//! Experiments: a randomised trial on oneself, and cohorts of virtual people.
//!
//! What days look like with and without an intervention is no proof: it may have been tried on good days. A randomised
//! order is. [`Protocol`] lays a trial out in blocks, in each of which every arm has its turn in an order drawn by
//! lot; [`Protocol::result`] reads it by asking how often another lot would have shown as much (randomisation
//! inference: no distribution assumed, valid for one person). [`Cohort`] does the same with virtual people, who can
//! be given every arm on the very same days.

mod cohort;
mod design;
mod inference;

pub use cohort::{Arm, ArmResult, Cohort, CohortResult, PersonArm, Treatment};
pub use design::{Contrast, Period, Protocol};
pub use inference::{Effect, paired};
