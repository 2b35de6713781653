//! A recurrent adversarial pair in the manner of `TimeGAN` (Yoon et al. 2019): a maker that turns noise and the time of
//! day into a window, bucket by bucket, a judge that reads windows, and `TimeGAN`'s term that holds the means and spreads of
//! what is made to those of what was.

use super::learner::step_seed;
use super::windows::{WHEN, Windows};
use crate::learn::{Adam, Chance, Dense, Gru, Matrix, Parameters, Tape, Var};
use serde::{Deserialize, Serialize};

/// Noise of the whole window, and of each bucket.
const WHOLE: usize = 4;
const FRESH: usize = 4;
const HIDDEN: usize = 24;
const BATCH: usize = 32;
const RATE: f32 = 2e-3;
/// Noise added to what the judge reads, so that it cannot win by details (Sønderby et al. 2017).
const BLUR: f32 = 0.15;
const MOMENTS: f32 = 5.0;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Adversarial {
    parameters: Parameters,
    cell: Gru,
    out: Dense,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Judge {
    parameters: Parameters,
    cell: Gru,
    out: Dense,
}

impl Judge {
    /// One number per window; the greater, the more real.
    fn read(&self, tape: &mut Tape, buckets: &[Var], known: &[Matrix], when: &[Matrix]) -> Var {
        let rows = tape.shape(buckets[0]).0;
        let mut state = tape.filled(rows, HIDDEN, 0.0);
        let mut sum = state;
        let mut uses = self.cell.uses(tape, &self.parameters);
        for ((x, known), when) in buckets.iter().zip(known).zip(when) {
            let (known, when) = (tape.given(known), tape.given(when));
            let x = tape.times(*x, known);
            let x = tape.beside(x, known);
            let x = tape.beside(x, when);
            state = self.cell.step(tape, &mut uses, x, state);
            sum = tape.add(sum, state);
        }
        let mean = tape.scale(sum, 1.0 / buckets.len() as f32);
        let read = tape.beside(mean, state);
        self.out.apply(tape, &self.parameters, read)
    }
}

/// A pair being learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Learning {
    model: Adversarial,
    judge: Judge,
    descents: (Adam, Adam),
    averaged: Parameters,
    pub(super) done: usize,
}

impl Learning {
    pub(super) fn begin(windows: &Windows, seed: u64) -> Self {
        let mut chance = Chance::new(seed ^ 0x6a);
        let mut parameters = Parameters::default();
        let cell = Gru::new(&mut parameters, WHOLE + FRESH + WHEN, HIDDEN, &mut chance);
        let out = Dense::new(&mut parameters, HIDDEN, windows.streams, &mut chance);
        let model = Adversarial { parameters, cell, out };
        let mut parameters = Parameters::default();
        let cell = Gru::new(&mut parameters, 2 * windows.streams + WHEN, HIDDEN, &mut chance);
        let out = Dense::new(&mut parameters, 2 * HIDDEN, 1, &mut chance);
        let judge = Judge { parameters, cell, out };
        let averaged = model.parameters.clone();
        Self { model, judge, descents: (Adam::new(RATE, 0.0), Adam::new(RATE, 0.0)), averaged, done: 0 }
    }

    /// One step of `steps` for both, with chance of its own.
    pub(super) fn step(&mut self, windows: &Windows, steps: usize, seed: u64, tape: &mut Tape) {
        let mut chance = Chance::new(step_seed(seed ^ 0x6a, self.done));
        let batch: Vec<usize> = (0..BATCH).map(|_| chance.below(windows.learnt.len())).collect();
        let real: Vec<&[f32]> = batch.iter().map(|i| &windows.learnt[*i].score[..]).collect();
        let known: Vec<&[f32]> = batch.iter().map(|i| &windows.learnt[*i].known[..]).collect();
        let known: Vec<Matrix> = (0..windows.per_day).map(|t| windows.bucket(&known, t)).collect();
        let when: Vec<(usize, usize)> = batch.iter().map(|i| windows.learnt[*i].when()).collect();
        let when = windows.when(&when);
        // The judge's turn: what is made is given, not learnt from.
        tape.clear();
        let made = self.model.buckets(tape, &when, &mut chance);
        let made: Vec<Matrix> = made.iter().map(|x| tape.matrix(*x)).collect();
        tape.clear();
        let blurred = |tape: &mut Tape, chance: &mut Chance, x: &Matrix| {
            let mut noise = chance.normal(x.rows(), x.columns());
            noise.as_mut_slice().iter_mut().zip(x.as_slice()).for_each(|(n, x)| *n = *n * BLUR + x);
            tape.given(&noise)
        };
        let real: Vec<Matrix> = (0..windows.per_day).map(|t| windows.bucket(&real, t)).collect();
        let reals: Vec<Var> = real.iter().map(|x| blurred(tape, &mut chance, x)).collect();
        let mades: Vec<Var> = made.iter().map(|x| blurred(tape, &mut chance, x)).collect();
        let of_real = self.judge.read(tape, &reals, &known, &when);
        let of_made = self.judge.read(tape, &mades, &known, &when);
        let loss = verdict_loss(tape, of_real, of_made);
        tape.backward(loss);
        self.descents.0.step(&mut self.judge.parameters, tape);
        let loss = self.model.turn(tape, &self.judge, &when, (&real, &known), &mut chance);
        tape.backward(loss);
        self.descents.1.step(&mut self.model.parameters, tape);
        self.averaged.towards(&self.model.parameters, if self.done * 2 < steps { 1.0 } else { 0.01 });
        self.done += 1;
    }

    pub(super) fn finish(&self) -> Adversarial {
        Adversarial { parameters: self.averaged.clone(), ..self.model.clone() }
    }
}

impl Adversarial {
    fn buckets(&self, tape: &mut Tape, when: &[Matrix], chance: &mut Chance) -> Vec<Var> {
        let rows = when[0].rows();
        let whole = chance.normal(rows, WHOLE);
        let whole = tape.given(&whole);
        let mut state = tape.filled(rows, HIDDEN, 0.0);
        let mut uses = self.cell.uses(tape, &self.parameters);
        let mut made = Vec::with_capacity(when.len());
        for when in when {
            let fresh = chance.normal(rows, FRESH);
            let (fresh, when) = (tape.given(&fresh), tape.given(when));
            let x = tape.beside(whole, fresh);
            let x = tape.beside(x, when);
            state = self.cell.step(tape, &mut uses, x, state);
            made.push(self.out.apply(tape, &self.parameters, state));
        }
        made
    }

    /// The maker's loss: what the judge, who stays as he is, takes for made, and how far means and spreads are off.
    fn turn(
        &self,
        tape: &mut Tape,
        judge: &Judge,
        when: &[Matrix],
        real: (&[Matrix], &[Matrix]),
        chance: &mut Chance,
    ) -> Var {
        let (real, known) = real;
        tape.clear();
        let made = self.buckets(tape, when, chance);
        tape.freeze(true);
        let verdict = judge.read(tape, &made, known, when);
        tape.freeze(false);
        let away = tape.scale(verdict, -1.0);
        let doubt = tape.softplus(away);
        let mut loss = tape.mean(doubt);
        let rows = real[0].rows();
        let each = vec![1.0 / rows as f32; rows];
        let each = tape.constant(1, rows, &each);
        for ((made, real), known) in made.iter().zip(real).zip(known) {
            let (real, known) = (tape.given(real), tape.given(known));
            let made = tape.times(*made, known);
            let squares = [made, real].map(|x| tape.times(x, x));
            for (made, real) in [(made, real), (squares[0], squares[1])] {
                let (made, real) = (tape.multiply(each, made), tape.multiply(each, real));
                let off = tape.subtract(made, real);
                let off = tape.soft_abs(off, 0.05);
                let off = tape.mean(off);
                let off = tape.scale(off, MOMENTS / when.len() as f32);
                loss = tape.add(loss, off);
            }
        }
        loss
    }

    pub(super) fn make(&self, windows: &Windows, when: (usize, usize), chance: &mut Chance) -> Vec<f32> {
        let mut tape = Tape::new();
        let when = windows.when(&[when]);
        let made = self.buckets(&mut tape, &when, chance);
        made.iter().flat_map(|x| tape.value(*x).to_vec()).collect()
    }

    pub(super) fn is_finite(&self) -> bool {
        self.parameters.is_finite()
    }
}

/// Cross entropy of the judge, real windows counting as 0.9 (Salimans et al. 2016).
fn verdict_loss(tape: &mut Tape, real: Var, made: Var) -> Var {
    let (real_softly, made) = (tape.softplus(real), tape.softplus(made));
    let claimed = tape.scale(real, 0.9);
    let real = tape.subtract(real_softly, claimed);
    let both = tape.add(real, made);
    tape.mean(both)
}
