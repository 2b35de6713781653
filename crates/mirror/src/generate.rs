//! Realistic days of a person that never were.
//!
//! Four makers of days learn from the person's own: days put together from blocks of others (block bootstrap, Künsch
//! 1989), a Gaussian copula, a variational autoencoder (Kingma and Welling 2014), and a recurrent adversarial pair in the
//! manner of `TimeGAN` (Yoon, Jarrett and van der Schaar 2019). All work on normal scores of each stream, hour by hour, under the
//! time of day and the kind of day.
//!
//! Each is scored by `TimeGAN`'s two measures ([`Judged::discriminative`], [`Judged::predictive`]) and attacked: are the days it
//! learnt from nearer to what it makes than days that it has not seen ([`Judged::attack`])? One whose attack succeeds gives
//! away the days it was made from, and is refused; of the others the best is kept.

mod adversarial;
mod autoencoder;
mod classic;
mod generator;
mod learner;
mod scores;
mod windows;

pub use generator::{Generator, Judged, Kind, MadeDay, Settings};
pub use learner::Learner;
pub use scores::{Area, membership};

#[cfg(test)]
mod tests;
