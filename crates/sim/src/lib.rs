//! Whole twins in a world of one seed.
//!
//! A [town](town) has some people with a twin each, on disks, clocks and a network that are made here
//! ([`World`](didymos_twin::World)). They know each other, and so does Eve, whose program keeps to nothing. Then a list
//! of [steps](step) happens: people do things with their twins, calls are lost, doubled and late, ways are gone,
//! clocks jump, plugs are pulled in the midst of a write. In the end everything is made good, and what has to be so is
//! so: see [`play`]. What a town is about, its seed decides: [contracts](play::deals), [messages](play::messages),
//! [copies](play::copies), [guardians](play::guards), [witnesses](play::witnesses). Everything by chance comes from the seed, so that a run that went wrong can be run again, and
//! [shortened](run) to the steps that are enough for it.
//!
//! The twins are the real ones, from the door down to the bytes on the disk; only iroh is left out, and threads: what a
//! twin would do by itself, a step does. A run repeats line by line, but in towns about copies: there the lengths of
//! shares still differ from run to run, and what comes of them.
//!
//! ```
//! let passed = didymos_sim::run(1, 10).expect("everything holds");
//! assert_eq!(passed, didymos_sim::run(1, 10).expect("and again"));
//! ```

mod hostile;
mod lots;
mod meeting;
mod net;
mod person;
pub mod play;
mod returning;
mod run;
pub mod step;
pub mod town;
mod trace;

pub use lots::Lots;
pub use run::{Failed, Passed, STEPS, run};

/// Something that has to be so, and is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{invariant}: not so: {words}")]
pub struct Broken {
    /// What has to be so.
    pub invariant: &'static str,
    /// What is so instead.
    pub words: String,
}

impl Broken {
    fn new(invariant: &'static str, words: impl Into<String>) -> Self {
        Self { invariant, words: words.into() }
    }
}
