//! A graph neural network over the person's hours, and what its states are good for.
//!
//! Every hour is a node that hears from the streams it has values of; hours hear from the hours before and after, from
//! the same hour of the days and weeks around, and, through hubs, from their day, their time of day, the places and the
//! kinds of events they belong to: relational message passing (Schlichtkrull et al. 2018, *Modeling relational data with
//! graph convolutional networks*), with masks, so that what is unknown says nothing. The network learns by hiding known
//! values and telling them from the rest ([`Learner`]). Its states describe hours and days: the [`Portrait`] finds similar
//! days, fills in what is missing (and says so), and tells which days are unusual.
//!
//! The same three tasks are done by principal components of days and by seasonal means. All are judged on the last
//! quarter of the days, which none has learnt from, and for each task the best is kept and named ([`Verdict`]).

mod diary;
pub(crate) mod foresight;
mod judge;
mod learner;
mod links;
mod net;
mod pca;
mod portrait;
#[cfg(test)]
mod tests;

pub use diary::{Diary, Usable};
pub use judge::{Method, Task, Verdict};
pub use learner::{Learner, Settings};
pub use portrait::{Filled, Portrait, SimilarDay, Unusual};
