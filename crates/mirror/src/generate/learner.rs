//! Learning all makers part by part, so that it can be stopped, kept, and gone on with to the same bits.

use super::adversarial;
use super::autoencoder;
use super::classic::Copula;
use super::generator::{Generator, Judged, KINDS, Settings};
use super::windows::Windows;
use crate::body::Refusal;
use crate::features::{Column, Grid};
use crate::learn::Tape;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// A step of the adversarial pair costs about as much as so many of the autoencoder.
const PAIR: usize = 10;
/// And judging one kind as many steps as this share of all.
const JUDGING: usize = 2;

/// Chance of one step alone.
pub(super) fn step_seed(seed: u64, done: usize) -> u64 {
    seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(done as u64 + 1)
}

/// Makers being learnt: plain data, to be stored at any moment and gone on with. Where it is stored in a form that keeps
/// every bit of its numbers, the end is the same to the bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learner {
    settings: Settings,
    windows: Windows,
    copula: Copula,
    autoencoder: autoencoder::Learning,
    adversarial: adversarial::Learning,
    real_predictive: Option<f64>,
    judged: Vec<Judged>,
}

impl Learner {
    /// Begins with streams on one grid. Unknown hours stay unknown: nothing is filled in, nothing is learnt from them.
    /// Refuses less than 14 days known at least by half, and streams that never change.
    pub fn begin(grid: &Grid, streams: &[Column], settings: Settings) -> Result<Self, Refusal> {
        if !(1..=100_000).contains(&settings.steps) {
            return Err(Refusal::senseless("the number of steps", "it must be 1 to 100,000"));
        }
        let windows = Windows::of(grid, streams, settings.seed)?;
        Ok(Self {
            settings,
            copula: Copula::learn(&windows),
            autoencoder: autoencoder::Learning::begin(&windows, settings.seed),
            adversarial: adversarial::Learning::begin(&windows, settings.seed),
            real_predictive: None,
            judged: Vec::new(),
            windows,
        })
    }

    /// Parts done and in all, about equally long.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        let steps = self.settings.steps;
        let judged = usize::from(self.real_predictive.is_some()) + self.judged.len();
        let done = self.autoencoder.done + PAIR * self.adversarial.done + JUDGING * steps * judged;
        (done, (1 + PAIR + JUDGING * (1 + KINDS.len())) * steps)
    }

    /// Goes on until it is done or `watch`, which hears parts done and in all, breaks. Returns whether it is done. A break
    /// costs nothing but the part under way.
    pub fn advance(&mut self, watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>) -> Result<bool, Refusal> {
        let Settings { seed, steps } = self.settings;
        let mut tape = Tape::new();
        while self.autoencoder.done < steps || self.adversarial.done < steps {
            let (done, of) = self.progress();
            if watch(done, of).is_break() {
                return Ok(false);
            }
            if self.autoencoder.done < steps {
                self.autoencoder.step(&self.windows, steps, seed, &mut tape);
            } else {
                self.adversarial.step(&self.windows, steps, seed, &mut tape);
            }
        }
        let makers = self.makers()?;
        while self.judged.len() < KINDS.len() {
            let (done, of) = self.progress();
            if watch(done, of).is_break() {
                return Ok(false);
            }
            if self.real_predictive.is_none() {
                self.real_predictive = Some(makers.judge_real(self.settings));
            } else {
                self.judged.push(makers.judge(KINDS[self.judged.len()], self.settings)?);
            }
        }
        Ok(true)
    }

    fn makers(&self) -> Result<Generator, Refusal> {
        let autoencoder = self.autoencoder.finish(&self.windows);
        Generator::unjudged(self.windows.clone(), self.copula.clone(), autoencoder, self.adversarial.finish())
    }

    /// How every kind was judged so far, those that must not be used included.
    #[must_use]
    pub fn judged(&self) -> &[Judged] {
        &self.judged
    }

    /// The judged makers, the best chosen. Refuses a person whose every maker gives away what it learnt from.
    pub fn finish(&self) -> Result<Generator, Refusal> {
        let (done, of) = self.progress();
        let Some(real_predictive) = self.real_predictive.filter(|_| done == of) else {
            return Err(Refusal::TooFew { what: "parts of learning", have: done, need: of });
        };
        self.makers()?.choose(self.judged.clone(), real_predictive)
    }
}
