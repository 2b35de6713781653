//! A conditional variational autoencoder over whole windows (Kingma and Welling 2014; Sohn et al. 2015). What the decoder
//! leaves unexplained is added as first-order autoregressive noise with the residuals' own spread and persistence.

use super::learner::step_seed;
use super::windows::Windows;
use crate::body::elementary::cos_sin_turns;
use crate::learn::{Adam, Chance, Matrix, Parameters, Perceptron, Tape};
use serde::{Deserialize, Serialize};

const LATENT: usize = 6;
const HIDDEN: usize = 48;
const CONDITION: usize = 4;
const BATCH: usize = 64;
const RATE: f32 = 2e-3;
const DECAY: f32 = 0.05;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Autoencoder {
    parameters: Parameters,
    encoder: Perceptron,
    decoder: Perceptron,
    /// Spread and persistence of what is left, per stream.
    left: Vec<(f32, f32)>,
}

/// When a window is: its beginning on the circle of the day, and how much of it is weekend at both ends.
fn condition(windows: &Windows, when: (usize, usize)) -> [f32; CONDITION] {
    let (c, s) = cos_sin_turns(when.1 as f64 / windows.per_day as f64);
    let weekend = |weekday: usize| f32::from(u8::from(weekday % 7 >= 5));
    [c as f32, s as f32, weekend(when.0), weekend(when.0 + 1)]
}

/// An autoencoder being learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Learning {
    model: Autoencoder,
    adam: Adam,
    /// The squared error's unit: what is left unexplained. It follows the fit.
    variance: f32,
    pub(super) done: usize,
}

impl Learning {
    pub(super) fn begin(windows: &Windows, seed: u64) -> Self {
        let width = windows.per_day * windows.streams;
        let mut chance = Chance::new(seed ^ 0xae);
        let mut parameters = Parameters::default();
        let encoder = Perceptron::new(&mut parameters, &[2 * width + CONDITION, HIDDEN, 2 * LATENT], &mut chance);
        let decoder = Perceptron::new(&mut parameters, &[LATENT + CONDITION, HIDDEN, width], &mut chance);
        let model = Autoencoder { parameters, encoder, decoder, left: vec![(1.0, 0.0); windows.streams] };
        Self { model, adam: Adam::new(RATE, DECAY), variance: 1.0, done: 0 }
    }

    /// One step of `steps`, with chance of its own, so that it does not matter when the last break was.
    pub(super) fn step(&mut self, windows: &Windows, steps: usize, seed: u64, tape: &mut Tape) {
        let mut chance = Chance::new(step_seed(seed ^ 0xae, self.done));
        let batch: Vec<usize> = (0..BATCH).map(|_| chance.below(windows.learnt.len())).collect();
        tape.clear();
        let noise = chance.normal(BATCH, LATENT);
        let (loss, error) = self.model.loss(tape, windows, &batch, &noise, self.variance);
        self.variance += 0.02 * (error - self.variance);
        tape.backward(loss);
        self.adam.rate = RATE * (3.0 * (steps - self.done) as f32 / steps as f32).min(1.0);
        self.adam.step(&mut self.model.parameters, tape);
        self.done += 1;
    }

    pub(super) fn finish(&self, windows: &Windows) -> Autoencoder {
        let mut model = self.model.clone();
        model.measure_left(windows);
        model
    }
}

impl Autoencoder {
    fn inputs(windows: &Windows, batch: &[usize]) -> [Matrix; 3] {
        let width = windows.per_day * windows.streams;
        let (mut x, mut known, mut c) = (Vec::with_capacity(batch.len() * width), Vec::new(), Vec::new());
        for i in batch {
            let window = &windows.learnt[*i];
            x.extend_from_slice(&window.score);
            known.extend_from_slice(&window.known);
            c.extend_from_slice(&condition(windows, window.when()));
        }
        let n = batch.len();
        [Matrix::from_vec(n, width, x), Matrix::from_vec(n, width, known), Matrix::from_vec(n, CONDITION, c)]
    }

    /// The evidence's lower bound, negative and per window, and the mean square of what is missed.
    fn loss(
        &self,
        tape: &mut Tape,
        windows: &Windows,
        batch: &[usize],
        noise: &Matrix,
        variance: f32,
    ) -> (crate::learn::Var, f32) {
        let inputs = Self::inputs(windows, batch);
        let width = inputs[0].columns() as f32;
        let [x, known, c] = [0, 1, 2].map(|i| tape.given(&inputs[i]));
        let noise = tape.given(noise);
        let input = tape.beside(x, known);
        let input = tape.beside(input, c);
        let code = self.encoder.apply(tape, &self.parameters, input);
        let (mean, spread) = (tape.columns(code, 0, LATENT), tape.columns(code, LATENT, LATENT));
        // The logarithm of the spread, held so that it cannot run away.
        let spread = tape.tanh(spread);
        let log_spread = tape.scale(spread, 3.0);
        let spread = tape.exp(log_spread);
        let off = tape.times(spread, noise);
        let latent = tape.add(mean, off);
        let latent = tape.beside(latent, c);
        let told = self.decoder.apply(tape, &self.parameters, latent);
        let miss = tape.subtract(told, x);
        let squares = tape.times(miss, miss);
        let error = tape.weighted(squares, known);
        let fit = tape.scale(error, 0.5 * width / variance.max(0.01));
        let (means, spreads) = (tape.times(mean, mean), tape.times(spread, spread));
        let both = tape.add(means, spreads);
        let twice = tape.scale(log_spread, 2.0);
        let divergence = tape.subtract(both, twice);
        let divergence = tape.mean(divergence);
        let divergence = tape.scale(divergence, 0.5 * LATENT as f32);
        let whole = tape.add(fit, divergence);
        (tape.scale(whole, 1.0 / width), tape.scalar(error))
    }

    fn measure_left(&mut self, windows: &Windows) {
        let streams = windows.streams;
        let mut tape = Tape::new();
        let mut sums = vec![(0.0, 0.0, 0.0f64); streams];
        for batch in (0..windows.learnt.len()).collect::<Vec<usize>>().chunks(256) {
            let [x, known, c] = Self::inputs(windows, batch);
            tape.clear();
            let (given, shown, c) = (tape.given(&x), tape.given(&known), tape.given(&c));
            let input = tape.beside(given, shown);
            let input = tape.beside(input, c);
            let code = self.encoder.apply(&mut tape, &self.parameters, input);
            let mean = tape.columns(code, 0, LATENT);
            let latent = tape.beside(mean, c);
            let told = self.decoder.apply(&mut tape, &self.parameters, latent);
            let told = tape.matrix(told);
            for row in 0..batch.len() {
                let miss = |i: usize| f64::from(x.row(row)[i] - told.row(row)[i]);
                let known = |i: usize| known.row(row)[i] > 0.0;
                for i in (streams..x.columns()).filter(|i| known(*i) && known(i - streams)) {
                    let sum = &mut sums[i % streams];
                    sum.0 += miss(i) * miss(i);
                    sum.1 += miss(i) * miss(i - streams);
                    sum.2 += 1.0;
                }
            }
        }
        let of = |(square, product, n): (f64, f64, f64)| {
            let persistence = if square > 0.0 { (product / square).clamp(-0.95, 0.95) } else { 0.0 };
            ((square / n.max(1.0)).sqrt() as f32, persistence as f32)
        };
        self.left = sums.into_iter().map(of).collect();
    }

    pub(super) fn make(&self, windows: &Windows, when: (usize, usize), chance: &mut Chance) -> Vec<f32> {
        let mut tape = Tape::new();
        let latent = chance.normal(1, LATENT);
        let (latent, c) = (tape.given(&latent), tape.constant(1, CONDITION, &condition(windows, when)));
        let input = tape.beside(latent, c);
        let told = self.decoder.apply(&mut tape, &self.parameters, input);
        let mut made = tape.value(told).to_vec();
        let drawn = chance.normal(1, made.len());
        for (stream, (spread, persistence)) in self.left.iter().enumerate() {
            let mut noise = 0.0;
            for (t, (x, drawn)) in
                made.iter_mut().zip(drawn.as_slice()).skip(stream).step_by(windows.streams).enumerate()
            {
                let fresh = if t == 0 { 1.0 } else { (1.0 - persistence * persistence).sqrt() };
                noise = persistence * noise + fresh * spread * drawn;
                *x += noise;
            }
        }
        made
    }

    pub(super) fn is_finite(&self) -> bool {
        self.parameters.is_finite()
    }
}
