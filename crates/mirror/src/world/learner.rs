//! Learning a world part by part, so that it can be stopped, kept, and gone on with to the same bits.
//!
//! Whole spans of time are held back in turn, once with lines and once with nets on what lines miss, and whichever told
//! them better is what the ensemble is made of; the errors made there are those its particles will meet.

use super::dynamics::{Member, Settings, World};
use super::evidence::evidence;
use super::transitions::{Record, Transitions};
use crate::body::Refusal;
use crate::learn::Chance;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

const MEMBERS: usize = 6;
const FOLDS: usize = 5;
/// A resampled block of transitions: neighbours in time belong together.
const BLOCK: usize = 7;
/// Errors that particles draw from.
const ERRORS_NEEDED: usize = 20;

/// What each held-back row was missed by, state by state.
type Missed = Vec<Vec<Option<f64>>>;

/// A world being learnt: plain data, to be stored at any moment and gone on with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learner {
    settings: Settings,
    all: Transitions,
    /// By lines, and by nets on top.
    missed: [Missed; 2],
    folds_done: usize,
    members: Vec<Member>,
}

impl Learner {
    /// Begins with a record of at least 40 steps, and five more per column, in which every column is known.
    pub fn begin(record: &Record<'_>, settings: Settings) -> Result<Self, Refusal> {
        if !(1..=100_000).contains(&settings.steps) {
            return Err(Refusal::senseless("the number of steps", "it must be 1 to 100,000"));
        }
        let all = Transitions::of(record)?;
        let rows = all.input.len();
        let missed = [vec![Vec::new(); rows], vec![Vec::new(); rows]];
        Ok(Self { settings, all, missed, folds_done: 0, members: Vec::new() })
    }

    /// Parts done and in all.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.folds_done + self.members.len(), 2 * FOLDS + MEMBERS)
    }

    /// Goes on until it is done or `watch`, which hears parts done and in all, breaks. Returns whether it is done. A break
    /// costs nothing but the part under way.
    pub fn advance(&mut self, watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>) -> Result<bool, Refusal> {
        loop {
            let (done, of) = self.progress();
            if done == of {
                return Ok(true);
            }
            if watch(done, of).is_break() {
                return Ok(false);
            }
            if self.folds_done < 2 * FOLDS {
                self.hold_back();
                if self.folds_done == 2 * FOLDS && self.errors().len() < ERRORS_NEEDED {
                    let have = self.errors().len();
                    return Err(Refusal::TooFew { what: "next steps without a gap", have, need: ERRORS_NEEDED });
                }
            } else {
                self.add_member();
            }
        }
    }

    fn hold_back(&mut self) {
        let Settings { seed, steps } = self.settings;
        let rows = self.all.input.len();
        let (bent, out) = (self.folds_done / FOLDS, self.folds_done % FOLDS);
        let fold = |row: usize| row * FOLDS / rows;
        let learnt: Vec<usize> = (0..rows).filter(|row| fold(*row) != out).collect();
        let member = Member::learn(&self.all, &learnt, (bent == 1).then_some(steps), seed ^ out as u64);
        for row in (0..rows).filter(|row| fold(*row) == out) {
            let told = member.next(&self.all.input[row]);
            let next = self.all.next[row].iter().zip(told);
            self.missed[bent][row] = next.map(|(next, told)| next.map(|next| next - told)).collect();
        }
        self.folds_done += 1;
    }

    /// Whether nets told what was held back better than lines.
    fn is_bent(&self) -> bool {
        let square = |missed: &Missed| missed.iter().flatten().flatten().map(|miss| miss * miss).sum::<f64>();
        square(&self.missed[1]) < square(&self.missed[0])
    }

    fn errors(&self) -> Vec<Vec<f64>> {
        let missed = &self.missed[usize::from(self.is_bent())];
        missed.iter().filter_map(|miss| miss.iter().copied().collect::<Option<Vec<f64>>>()).collect()
    }

    fn add_member(&mut self) {
        let Settings { seed, steps } = self.settings;
        let rows = self.all.input.len();
        let number = self.members.len() as u64;
        let mut chance = Chance::new(seed ^ (0xe5e3 + number));
        let blocks = (0..rows.div_ceil(BLOCK)).map(|_| chance.below(rows));
        let drawn: Vec<usize> = blocks.flat_map(|from| (from..from + BLOCK).map(|row| row % rows)).collect();
        let bent = self.is_bent().then_some(steps);
        self.members.push(Member::learn(&self.all, &drawn, bent, seed.wrapping_add(number)));
    }

    /// The world, once it is learnt.
    pub fn finish(self) -> Result<World, Refusal> {
        let (done, of) = self.progress();
        if done < of {
            return Err(Refusal::TooFew { what: "parts of learning", have: done, need: of });
        }
        let errors = self.errors();
        let missed = &self.missed[usize::from(self.is_bent())];
        let of_state = |state: usize| {
            let (miss, plain) = missed.iter().zip(&self.all.next).fold((0.0, 0.0), |sum, (miss, next)| {
                let (Some(miss), Some(next)) = (miss[state], next[state]) else { return sum };
                (sum.0 + miss * miss, sum.1 + next * next)
            });
            if plain > 0.0 { (miss / plain).sqrt() } else { 1.0 }
        };
        let skill = (0..self.all.states).map(of_state).collect();
        let influences = evidence(&self.all);
        Ok(World { members: self.members, errors, influences, skill, seed: self.settings.seed, all: self.all })
    }
}
