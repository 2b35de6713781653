//! Layers: a line, several lines with bends between, and a recurrent cell.

use super::{Chance, Matrix, Parameters, Tape, Var, Weight};
use serde::{Deserialize, Serialize};

/// `x W + b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dense {
    weight: Weight,
    bias: Weight,
}

impl Dense {
    /// From so many columns to so many.
    pub fn new(parameters: &mut Parameters, from: usize, to: usize, chance: &mut Chance) -> Self {
        let weight = parameters.random(from, to, chance);
        Self { weight, bias: parameters.add(Matrix::zeros(1, to)) }
    }

    /// The layer applied to each row.
    pub fn apply(&self, tape: &mut Tape, parameters: &Parameters, x: Var) -> Var {
        let (weight, bias) = (tape.weight(parameters, self.weight), tape.weight(parameters, self.bias));
        let y = tape.multiply(x, weight);
        tape.add_row(y, bias)
    }
}

/// Dense layers with a leaky rectifier between them (Maas et al. 2013).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Perceptron {
    layers: Vec<Dense>,
}

/// Slope of the rectifier where it is off.
const LEAK: f32 = 0.1;

impl Perceptron {
    /// With these numbers of columns, the input's first.
    pub fn new(parameters: &mut Parameters, widths: &[usize], chance: &mut Chance) -> Self {
        let layers = widths.windows(2).map(|pair| Dense::new(parameters, pair[0], pair[1], chance)).collect();
        Self { layers }
    }

    /// The layers applied to each row.
    pub fn apply(&self, tape: &mut Tape, parameters: &Parameters, x: Var) -> Var {
        let mut x = x;
        for (i, layer) in self.layers.iter().enumerate() {
            if i > 0 {
                x = tape.rectify(x, LEAK);
            }
            x = layer.apply(tape, parameters, x);
        }
        x
    }
}

/// A gated recurrent unit (Cho et al. 2014), with one bias per gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gru {
    input: Weight,
    state: Weight,
    candidate: Weight,
    bias: Weight,
    hidden: usize,
}

/// A cell's weights once on a tape, for all its steps.
#[derive(Clone, Copy, Debug)]
pub struct GruUses {
    input: Var,
    state: Var,
    candidate: Var,
    bias: Var,
    hidden: usize,
}

impl Gru {
    /// A cell that reads so many columns and remembers so many.
    pub fn new(parameters: &mut Parameters, input: usize, hidden: usize, chance: &mut Chance) -> Self {
        Self {
            input: parameters.random(input, 3 * hidden, chance),
            state: parameters.random(hidden, 2 * hidden, chance),
            candidate: parameters.random(hidden, hidden, chance),
            bias: parameters.add(Matrix::zeros(1, 3 * hidden)),
            hidden,
        }
    }

    /// Puts the weights on the tape.
    pub fn uses(&self, tape: &mut Tape, parameters: &Parameters) -> GruUses {
        GruUses {
            input: tape.weight(parameters, self.input),
            state: tape.weight(parameters, self.state),
            candidate: tape.weight(parameters, self.candidate),
            bias: tape.weight(parameters, self.bias),
            hidden: self.hidden,
        }
    }

    /// The next state.
    #[allow(clippy::unused_self)]
    pub fn step(&self, tape: &mut Tape, uses: &mut GruUses, x: Var, state: Var) -> Var {
        let hidden = uses.hidden;
        let fed = tape.multiply(x, uses.input);
        let fed = tape.add_row(fed, uses.bias);
        let gates_fed = tape.columns(fed, 0, 2 * hidden);
        let gates = tape.multiply(state, uses.state);
        let gates = tape.add(gates, gates_fed);
        let gates = tape.sigmoid(gates);
        let (update, reset) = (tape.columns(gates, 0, hidden), tape.columns(gates, hidden, hidden));
        let kept = tape.times(reset, state);
        let candidate = tape.multiply(kept, uses.candidate);
        let candidate_fed = tape.columns(fed, 2 * hidden, hidden);
        let candidate = tape.add(candidate, candidate_fed);
        let candidate = tape.tanh(candidate);
        let change = tape.subtract(candidate, state);
        let change = tape.times(update, change);
        tape.add(state, change)
    }
}
