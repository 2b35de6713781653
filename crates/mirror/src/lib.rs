//! A model of one person that forecasts, answers "what if", and knows when it does not know.
//!
//! Two kinds of knowledge meet here. What is known of bodies is written as equations behind one trait, *state, step,
//! observe* ([`body::Body`]): glucose and insulin ([`glucose`]), sleep and training ([`body::sleep`],
//! [`body::training`]), the whole brain ([`brain`]). What only the person's own data can tell is learned from them:
//! streams on a grid ([`features`]), who leads whom ([`graph`]), what comes next ([`forecast`]), which days are alike or
//! unusual and what is missing ([`gnn`]), what days could be like ([`generate`]), and what follows from what the person does
//! ([`world`]). What learns does so on a tape of this crate's own ([`learn`]).
//!
//! A what-if is two futures of one state under two inputs; their difference is the effect. Parameters are fitted to
//! the person, starting from what people are like. A dose can be planned on the fitted body ([`policy`]). Whether an
//! effect is real is settled by a trial, on oneself or on virtual people ([`trial`]). Too few or senseless data give a
//! [`body::Refusal`] that says what is missing, never a number made up, never NaN.
//!
//! Pure compute on plain slices: nothing here reads a clock, a file, the network or the environment; randomness comes
//! in as a seed, and the same seed gives the same result.
//!
//! ```
//! use didymos_mirror::{body::Body, glucose::{Minute, Patient}};
//! let anna = Patient::named("adult#004")?;
//! // What will glucose do after 60 g, and what with one unit less?
//! let mut futures = [(4.0, anna.state()), (3.0, anna.state())];
//! for (bolus_u, state) in &mut futures {
//!     anna.step(state, &Minute::new(60.0, anna.basal_u_per_min() + *bolus_u)?);
//!     for _ in 1..180 {
//!         anna.step(state, &Minute::new(0.0, anna.basal_u_per_min())?);
//!     }
//! }
//! let [four, three] = futures.map(|(_, state)| anna.observe(&state));
//! assert!(three > four + 5.0);
//! # Ok::<(), didymos_mirror::body::Refusal>(())
//! ```

pub mod body;
pub mod brain;
pub mod features;
pub mod forecast;
pub mod generate;
pub mod glucose;
pub mod gnn;
pub mod graph;
pub mod learn;
pub mod places;
pub mod policy;
pub mod trial;
pub mod what_if;
pub mod world;
