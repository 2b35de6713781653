//! The neural forecaster: a small net that reads a row of features beside what the graph network's states say of the
//! bucket ahead, and tells the difference from the anchor.
//!
//! It goes on learning from block to block instead of beginning anew, which costs little; the states are told anew three
//! times. It is a candidate like the others, and counts only where it has shown itself (see `Heads`).

use super::rows::Rows;
use super::seeded::Seeded;
use crate::features::{Column, Grid};
use crate::gnn::foresight::{Foresight, SEEN};
use crate::learn::{Adam, Chance, Parameters, Perceptron, Tape};
use std::collections::HashMap;

const HIDDEN: usize = 32;
const BATCH: usize = 128;
const RATE: f32 = 2e-3;
const DECAY: f32 = 0.2;
/// Share of the averaged weights that a step renews.
const RENEWAL: f32 = 0.02;
/// Steps of the network and of the net at first, and from block to block.
const SIGHT_STEPS: [usize; 2] = [240, 80];
const STEPS: [usize; 2] = [400, 120];
/// Blocks after which states are told anew.
const RENEWED: usize = 5;
/// Origins that are learnt from at most.
const ORIGINS: usize = 500;
/// Features are held within so many spreads.
const HELD: f32 = 5.0;

/// The forecaster, as far as it has learnt.
pub(crate) struct Neural {
    sight: Foresight,
    horizon: usize,
    /// Mean and one over spread of each feature.
    units: Vec<(f32, f32)>,
    /// Spread of what is told.
    spread: f32,
    parameters: Parameters,
    averaged: Parameters,
    net: Perceptron,
    adam: Adam,
    seen: HashMap<usize, Vec<[f32; SEEN]>>,
    blocks: usize,
    done: u64,
    seed: u64,
    tape: Tape,
}

/// A row to learn from: where, and what came.
type Lesson = (usize, usize, f32);

impl Neural {
    /// Ready to learn, if there is enough up to bucket `until` to begin with.
    pub(crate) fn begin(
        column: &Column,
        others: &[&Column],
        grid: &Grid,
        (until, horizon, seed): (usize, usize, u64),
    ) -> Option<Self> {
        let sight = Foresight::begin(column, others, grid, until, seed)?;
        Some(Self {
            sight,
            horizon,
            units: Vec::new(),
            spread: 1.0,
            parameters: Parameters::default(),
            averaged: Parameters::default(),
            net: Perceptron::new(&mut Parameters::default(), &[1, 1], &mut Chance::new(0)),
            adam: Adam::new(RATE, DECAY),
            seen: HashMap::new(),
            blocks: 0,
            done: 0,
            seed,
            tape: Tape::new(),
        })
    }

    /// Goes on learning from everything up to bucket `until`.
    pub(crate) fn learn(&mut self, rows: &Rows, values: &[Option<f64>], until: usize) {
        let fresh = usize::from(self.blocks > 0);
        if self.blocks.is_multiple_of(RENEWED) {
            self.sight.learn(until, self.horizon, SIGHT_STEPS[fresh], &mut self.tape);
            self.seen.clear();
        }
        self.blocks += 1;
        let known: Vec<usize> = (0..=until).filter(|at| values.get(*at).is_some_and(Option::is_some)).collect();
        let thin = known.len().div_ceil(ORIGINS);
        let mut lessons: Vec<Lesson> = Vec::new();
        for origin in known.iter().skip(known.len() / 20) {
            if Seeded::new(*origin as u64 ^ 0x77).below(thin) > 0 {
                continue;
            }
            for ahead in 1..=self.horizon {
                let Some(truth) = Some(origin + ahead).filter(|at| *at <= until).and_then(|at| values[at]) else {
                    continue;
                };
                lessons.push((*origin, ahead, (truth - rows.anchor_value(*origin, ahead)) as f32));
            }
        }
        if lessons.len() < BATCH {
            return;
        }
        if self.units.is_empty() {
            self.measure(rows, &lessons);
        }
        let steps = STEPS[fresh];
        for step in 0..steps {
            self.done += 1;
            let mut chance = Chance::new(self.seed.wrapping_mul(0x51ed_2701).wrapping_add(self.done));
            let batch: Vec<Lesson> = (0..BATCH).map(|_| lessons[chance.below(lessons.len())]).collect();
            let width = self.units.len() + SEEN;
            let mut x = Vec::with_capacity(BATCH * width);
            for (origin, ahead, _) in &batch {
                self.input(rows, *origin, *ahead, &mut x);
            }
            let y: Vec<f32> = batch.iter().map(|lesson| (lesson.2 / self.spread).clamp(-HELD, HELD)).collect();
            let tape = &mut self.tape;
            tape.clear();
            let (x, y) = (tape.constant(BATCH, width, &x), tape.constant(BATCH, 1, &y));
            let said = self.net.apply(tape, &self.parameters, x);
            let miss = tape.subtract(said, y);
            let miss = tape.soft_abs(miss, 0.3);
            let loss = tape.mean(miss);
            tape.backward(loss);
            self.adam.rate = RATE * (3.0 * (steps - step) as f32 / steps as f32).min(1.0);
            self.adam.step(&mut self.parameters, tape);
            self.averaged.towards(&self.parameters, RENEWAL);
        }
    }

    fn measure(&mut self, rows: &Rows, lessons: &[Lesson]) {
        let all: Vec<Vec<f32>> = lessons.iter().map(|(origin, ahead, _)| rows.row(*origin, *ahead)).collect();
        let unit = |feature: usize| {
            let known = all.iter().map(|row| f64::from(row[feature])).filter(|x| x.is_finite());
            let (sum, square, count) = known.fold((0.0, 0.0, 0.0), |all, x| (all.0 + x, all.1 + x * x, all.2 + 1.0));
            let mean = sum / f64::max(count, 1.0);
            let spread = (square / f64::max(count, 1.0) - mean * mean).max(0.0).sqrt();
            if spread > 1e-6 * mean.abs() { (mean as f32, (1.0 / spread) as f32) } else { (mean as f32, 0.0) }
        };
        self.units = (0..all[0].len()).map(unit).collect();
        let square = lessons.iter().map(|lesson| f64::from(lesson.2).powi(2)).sum::<f64>() / lessons.len() as f64;
        self.spread = (square.sqrt() as f32).max(f32::MIN_POSITIVE);
        let mut chance = Chance::new(self.seed ^ 0x6e65);
        self.net = Perceptron::new(&mut self.parameters, &[self.units.len() + SEEN, HIDDEN, 1], &mut chance);
        self.averaged.clone_from(&self.parameters);
    }

    fn input(&mut self, rows: &Rows, origin: usize, ahead: usize, x: &mut Vec<f32>) {
        let row = rows.row(origin, ahead);
        let units = row.iter().zip(&self.units);
        x.extend(units.map(
            |(x, (mean, scale))| {
                if x.is_finite() { ((x - mean) * scale).clamp(-HELD, HELD) } else { 0.0 }
            },
        ));
        let seen = self.seen.entry(origin).or_insert_with(|| self.sight.look(origin, self.horizon, &mut self.tape));
        x.extend_from_slice(&seen[ahead - 1]);
    }

    /// What comes at each step ahead of an origin; none before there was enough to learn from.
    pub(crate) fn ahead(&mut self, rows: &Rows, origin: usize) -> Option<Vec<f64>> {
        if self.units.is_empty() {
            return None;
        }
        let width = self.units.len() + SEEN;
        let mut x = Vec::with_capacity(self.horizon * width);
        for ahead in 1..=self.horizon {
            self.input(rows, origin, ahead, &mut x);
        }
        let tape = &mut self.tape;
        tape.clear();
        let x = tape.constant(self.horizon, width, &x);
        let said = self.net.apply(tape, &self.averaged, x);
        let told = tape
            .value(said)
            .iter()
            .zip(1..)
            .map(|(said, ahead)| rows.anchor_value(origin, ahead) + f64::from(said * self.spread));
        Some(told.collect())
    }
}
