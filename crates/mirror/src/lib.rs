//! A model of one person that forecasts, answers "what if", and knows when it does not know.
//!
//! Pure compute on plain slices: nothing here reads a clock, a file, the network or the environment; randomness comes
//! in as a seed, and the same seed gives the same result.

pub mod body;
pub mod brain;
pub mod features;
pub mod forecast;
pub mod glucose;
pub mod graph;
pub mod policy;
