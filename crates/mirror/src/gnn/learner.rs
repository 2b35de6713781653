//! Learning by hiding: known values are hidden, alone, in runs, or whole hours at once, and told from what is left.

use super::Portrait;
use super::diary::{DAYS_NEEDED, Days, Diary, Scale, Usable};
use super::net::{Net, Span};
use crate::body::Refusal;
use crate::learn::{Adam, Chance, Parameters, Tape, Var};
use serde::{Deserialize, Serialize};
use std::ops::{ControlFlow, Range};

/// How long is learnt, and by which chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Where chance comes from.
    pub seed: u64,
    /// Steps of descent; 1 to 100,000. The default takes seconds.
    pub steps: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 1, steps: 500 }
    }
}

/// Days that are read together.
pub(super) const SPAN: usize = 28;
const RATE: f32 = 2e-3;
const DECAY: f32 = 0.1;
/// Share of the averaged weights that a step renews.
const RENEWAL: f32 = 0.05;
/// Steps from one look at the days kept for choosing to the next.
const LOOK: usize = 10;
/// Patterns of hiding that are looked at.
const LOOKS: u64 = 6;

/// A portrait being learnt: plain data, to be stored at any moment and gone on with. Where it is stored in a form that keeps
/// every bit of its numbers, the end is the same to the bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learner {
    pub(super) settings: Settings,
    pub(super) usable: Usable,
    pub(super) scales: Vec<Scale>,
    pub(super) net: Net,
    pub(super) parameters: Parameters,
    adam: Adam,
    /// Weights averaged over the steps: steadier than the last ones (Polyak and Juditsky 1992).
    averaged: Parameters,
    /// The average that told hidden values best on the days kept for choosing, and its error there.
    pub(super) best: Parameters,
    error: f32,
    done: usize,
    /// Days learnt from; the rest is to judge by.
    pub(super) until: usize,
    shape: (i64, i64),
}

/// Share of days that are learnt from.
fn split(days: usize) -> usize {
    (days * 3).div_ceil(4)
}

impl Learner {
    /// Begins with a diary of at least 14 days. Refuses grids that do not fit, and streams none of which can be learnt
    /// from.
    pub fn begin(diary: &Diary<'_>, settings: Settings) -> Result<Self, Refusal> {
        diary.check()?;
        if !(1..=100_000).contains(&settings.steps) {
            return Err(Refusal::senseless("the number of steps", "it must be 1 to 100,000"));
        }
        let days = diary.days();
        if days < DAYS_NEEDED {
            return Err(Refusal::TooFew { what: "days", have: days, need: DAYS_NEEDED });
        }
        let until = split(days);
        let (usable, scales) = diary.scales(until)?;
        let mut chance = Chance::new(settings.seed);
        let mut parameters = Parameters::default();
        let net = Net::new(&mut parameters, scales.len(), &mut chance);
        let (averaged, best) = (parameters.clone(), parameters.clone());
        let shape = (diary.grid.start, diary.grid.step);
        let adam = Adam::new(RATE, DECAY);
        let error = f32::MAX;
        Ok(Self { settings, usable, scales, net, parameters, adam, averaged, best, error, done: 0, until, shape })
    }

    /// Steps done and in all.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.done, self.settings.steps)
    }

    /// Goes on learning until it is done or `watch`, which hears steps done and in all, breaks. Returns whether it is
    /// done. A break costs nothing: the same call later goes on to the same result.
    pub fn advance(
        &mut self,
        diary: &Diary<'_>,
        watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<bool, Refusal> {
        diary.check()?;
        if (diary.grid.start, diary.grid.step) != self.shape || diary.days() < self.until {
            return Err(Refusal::senseless("the diary", "it is not the one that learning began with"));
        }
        let days = diary.days_in_units(&self.usable.used, &self.scales);
        let mut tape = Tape::new();
        while self.done < self.settings.steps {
            if watch(self.done, self.settings.steps).is_break() {
                return Ok(false);
            }
            self.step(&days, &mut tape);
            self.done += 1;
            if self.done.is_multiple_of(LOOK) || self.done == self.settings.steps {
                self.choose(&days, &mut tape);
            }
        }
        if !self.best.is_finite() {
            return Err(Refusal::undetermined("a portrait", "learning did not settle"));
        }
        Ok(true)
    }

    fn step(&mut self, days: &Days, tape: &mut Tape) {
        // Chance of this step alone, so that it does not matter when the last break was.
        let mut chance = Chance::new(self.settings.seed.wrapping_mul(0x9e37_79b9).wrapping_add(self.done as u64 + 1));
        let inner = self.inner();
        let length = SPAN.min(inner);
        let from = chance.below(inner - length + 1);
        let loss = self.loss(days, from..from + length, 0, &self.parameters, &mut chance, tape);
        tape.backward(loss);
        // The last third of the way slows down.
        let left = (self.settings.steps - self.done) as f32 / self.settings.steps as f32;
        self.adam.rate = RATE * (3.0 * left).min(1.0);
        self.adam.step(&mut self.parameters, tape);
        self.averaged.towards(&self.parameters, RENEWAL);
    }

    /// Days that slopes are taken on; those between them and `until` choose when to stop.
    fn inner(&self) -> usize {
        self.until * 4 / 5
    }

    /// Mean square of what hidden values of a span are missed by, from its day `first` on.
    fn loss(
        &self,
        days: &Days,
        span: Range<usize>,
        first: usize,
        parameters: &Parameters,
        chance: &mut Chance,
        tape: &mut Tape,
    ) -> Var {
        let length = span.len();
        let span = Span::of(days, span);
        let cells = span.cells(days);
        let (z, known) = (&days.z[cells.clone()], &days.known[cells]);
        let mut hidden = hide(days, length, known, chance);
        hidden[..first * days.per_day * days.streams].fill(false);
        let shown: Vec<bool> = known.iter().zip(&hidden).map(|(known, hidden)| *known && !hidden).collect();
        let counts: Vec<f32> =
            known.iter().zip(&hidden).map(|(known, hidden)| f32::from(u8::from(*known && *hidden))).collect();
        tape.clear();
        let (_, told) = self.net.read(tape, parameters, days, &span, z, &shown);
        let rows = length * days.per_day;
        let (truth, counts) = (tape.constant(rows, days.streams, z), tape.constant(rows, days.streams, &counts));
        tape.squares(told, truth, counts)
    }

    /// Keeps the averaged weights if they are the best so far.
    fn choose(&mut self, days: &Days, tape: &mut Tape) {
        let from = self.until.saturating_sub(SPAN);
        let mut error = 0.0;
        for look in 0..LOOKS {
            let mut chance = Chance::new(self.settings.seed ^ (0xc400 + look));
            let first = self.inner().max(from) - from;
            let loss = self.loss(days, from..self.until, first, &self.averaged, &mut chance, tape);
            error += tape.scalar(loss);
        }
        if error < self.error {
            self.error = error;
            self.best.clone_from(&self.averaged);
        }
    }

    /// Judges the network and its baselines on the days that were kept back, and keeps the best for each task.
    pub fn finish(self, diary: &Diary<'_>) -> Result<Portrait, Refusal> {
        if self.done < self.settings.steps {
            return Err(Refusal::TooFew { what: "steps of learning", have: self.done, need: self.settings.steps });
        }
        Portrait::judged(self, diary)
    }

    /// All of it in one go, without a break.
    pub fn learn(diary: &Diary<'_>, settings: Settings) -> Result<Portrait, Refusal> {
        let mut learner = Self::begin(diary, settings)?;
        learner.advance(diary, &mut |_, _| ControlFlow::Continue(()))?;
        learner.finish(diary)
    }
}

/// Which cells are hidden: a third of the steps hides cells by lot, a third runs of one stream, a third whole hours.
pub(super) fn hide(days: &Days, length: usize, known: &[bool], chance: &mut Chance) -> Vec<bool> {
    let streams = days.streams;
    let hours = length * days.per_day;
    let mut hidden = vec![false; known.len()];
    match chance.below(3) {
        0 => hidden.iter_mut().for_each(|hidden| *hidden = chance.unit() < 0.2),
        kind => {
            let longest = (days.per_day * 2 / 3).max(2);
            let mut count = 0;
            while count < hours * streams / 5 {
                let run = run(hours, longest, chance);
                let one = chance.below(streams);
                for t in run {
                    for s in (0..streams).filter(|s| kind == 2 || *s == one) {
                        count += usize::from(!hidden[t * streams + s]);
                        hidden[t * streams + s] = true;
                    }
                }
                // Where the same is drawn again and again, enough is enough.
                count += 1;
            }
        }
    }
    hidden
}

fn run(hours: usize, longest: usize, chance: &mut Chance) -> Range<usize> {
    let from = chance.below(hours);
    from..(from + 1 + chance.below(longest)).min(hours)
}
