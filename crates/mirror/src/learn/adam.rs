//! Descent: Adam (Kingma and Ba 2015) with decoupled decay of weights (Loshchilov and Hutter 2019) and the whole slope
//! held to a length (Pascanu et al. 2013).

use super::{Parameters, Tape};
use serde::{Deserialize, Serialize};

const FADE: f32 = 0.9;
const FADE_SQUARES: f32 = 0.999;
const EPSILON: f32 = 1e-8;

/// Where the descent is. As plain data, so that it can be stored and gone on with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    /// Length of a step.
    pub rate: f32,
    /// Share of a weight that is taken away per step and unit of rate.
    pub decay: f32,
    /// Greatest length of the whole slope.
    pub clip: f32,
    mean: Vec<Vec<f32>>,
    square: Vec<Vec<f32>>,
    steps: u64,
    fades: (f32, f32),
}

impl Adam {
    /// At the beginning.
    #[must_use]
    pub fn new(rate: f32, decay: f32) -> Self {
        Self { rate, decay, clip: 1.0, mean: Vec::new(), square: Vec::new(), steps: 0, fades: (1.0, 1.0) }
    }

    /// Steps gone.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// One step down the slopes of the last [`Tape::backward`]. Returns the slopes' length before it was held; a step
    /// whose slopes are not finite is not taken.
    pub fn step(&mut self, parameters: &mut Parameters, tape: &Tape) -> f32 {
        let mut slopes: Vec<Vec<f32>> = parameters.matrices.iter().map(|_| Vec::new()).collect();
        for (weight, slope) in tape.weight_slopes() {
            let own = &mut slopes[weight.0];
            if own.is_empty() {
                own.extend_from_slice(slope);
            } else {
                own.iter_mut().zip(slope).for_each(|(all, one)| *all += one);
            }
        }
        let squares: f64 = slopes.iter().flatten().map(|x| f64::from(*x) * f64::from(*x)).sum();
        let length = squares.sqrt() as f32;
        if !length.is_finite() {
            return length;
        }
        let held = if length > self.clip { self.clip / length } else { 1.0 };
        for matrix in &parameters.matrices[self.mean.len()..] {
            self.mean.push(vec![0.0; matrix.as_slice().len()]);
            self.square.push(vec![0.0; matrix.as_slice().len()]);
        }
        self.steps += 1;
        self.fades.0 *= FADE;
        self.fades.1 *= FADE_SQUARES;
        let (first, second) = (1.0 / (1.0 - self.fades.0), 1.0 / (1.0 - self.fades.1));
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((matrix, slope), (mean, square)) in parameters.matrices.iter_mut().zip(&slopes).zip(moments) {
            let numbers = matrix.as_mut_slice().iter_mut().zip(slope);
            for ((x, slope), (mean, square)) in numbers.zip(mean.iter_mut().zip(square.iter_mut())) {
                let slope = slope * held;
                *mean = FADE * *mean + (1.0 - FADE) * slope;
                *square = FADE_SQUARES * *square + (1.0 - FADE_SQUARES) * slope * slope;
                let step = *mean * first / ((*square * second).sqrt() + EPSILON) + self.decay * *x;
                *x -= self.rate * step;
            }
        }
        length
    }
}

#[cfg(test)]
mod tests {
    use crate::learn::{Adam, Chance, Parameters, Perceptron, Tape};

    fn learn(steps: usize, from: Option<(Parameters, Adam)>) -> (Parameters, Adam, f32) {
        let mut chance = Chance::new(1);
        let mut parameters = Parameters::default();
        let net = Perceptron::new(&mut parameters, &[1, 16, 1], &mut chance);
        let (mut parameters, mut adam) = from.unwrap_or((parameters, Adam::new(0.01, 0.0)));
        let x: Vec<f32> = (0..64).map(|i| i as f32 / 32.0 - 1.0).collect();
        let y: Vec<f32> = x.iter().map(|x| x * x - 0.3).collect();
        let mut tape = Tape::new();
        let mut last = f32::NAN;
        for _ in 0..steps {
            tape.clear();
            let (x, y) = (tape.constant(64, 1, &x), tape.constant(64, 1, &y));
            let said = net.apply(&mut tape, &parameters, x);
            let all = tape.filled(64, 1, 1.0);
            let loss = tape.squares(said, y, all);
            last = tape.scalar(loss);
            tape.backward(loss);
            adam.step(&mut parameters, &tape);
        }
        (parameters, adam, last)
    }

    #[test]
    fn a_parabola_is_learnt_and_a_break_changes_nothing() {
        let (whole, _, loss) = learn(600, None);
        assert!(loss < 1e-3, "{loss}");
        let (parameters, adam, _) = learn(250, None);
        assert_eq!(learn(350, Some((parameters, adam))).0, whole);
    }
}
