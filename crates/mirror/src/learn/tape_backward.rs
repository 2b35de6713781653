//! Back through the tape: the chain rule, from the last operation to the first.

use super::functions::sigmoid;
use super::kernels::{multiply, multiply_transposed, transpose};
use super::tape::{Node, Op};
use super::{Tape, Var, Weight};
use crate::brain::wide::wide;

impl Tape {
    /// The derivatives of the one number `of` after everything it was computed from.
    pub fn backward(&mut self, of: Var) {
        self.slopes.clear();
        self.slopes.resize(self.values.len(), 0.0);
        self.slopes[self.nodes[of.0].at] = 1.0;
        for i in (0..=of.0).rev() {
            if self.nodes[i].learnt {
                let node = self.nodes[i].clone();
                self.back(&node);
            }
        }
    }

    /// The derivative after what was computed here, row by row.
    #[must_use]
    pub fn slope(&self, of: Var) -> &[f32] {
        &self.slopes[self.nodes[of.0].range()]
    }

    /// Every use of a weight, and the derivative after it there.
    pub fn weight_slopes(&self) -> impl Iterator<Item = (Weight, &[f32])> {
        self.nodes.iter().filter_map(|node| match node.op {
            Op::Weight(weight) => Some((Weight(weight), &self.slopes[node.range()])),
            _ => None,
        })
    }

    /// Adds `f(slope, input, output)` to the input's slopes.
    #[inline(always)]
    fn back_each(&mut self, node: &Node, a: usize, f: impl Fn(f32, f32, f32) -> f32) {
        if !self.nodes[a].learnt {
            return;
        }
        let (past, own) = self.slopes.split_at_mut(node.at);
        let range = self.nodes[a].range();
        let numbers = self.values[range.clone()].iter().zip(&self.values[node.range()]);
        let targets = past[range].iter_mut();
        wide(
            #[inline(always)]
            || targets.zip(own.iter()).zip(numbers).for_each(|((to, slope), (x, y))| *to += f(*slope, *x, *y)),
        );
    }

    /// Adds `slope · values of other` to the slopes of `a`.
    fn back_times(&mut self, node: &Node, a: usize, other: usize) {
        if !self.nodes[a].learnt {
            return;
        }
        let (past, own) = self.slopes.split_at_mut(node.at);
        let factors = &self.values[self.nodes[other].range()];
        for ((to, slope), factor) in past[self.nodes[a].range()].iter_mut().zip(own.iter()).zip(factors) {
            *to += slope * factor;
        }
    }

    fn back_multiply(&mut self, node: &Node, a: usize, b: usize) {
        let (k, n) = (self.nodes[a].columns, node.columns);
        let (one, other) = (self.nodes[a].range(), self.nodes[b].range());
        let (past, own) = self.slopes.split_at_mut(node.at);
        let own = &own[..node.rows * n];
        if self.nodes[a].learnt {
            transpose(&self.values[other.clone()], &mut self.spare, k, n);
            let sideways = &self.spare;
            let to = &mut past[one.clone()];
            wide(
                #[inline(always)]
                || multiply(own, sideways, to, n, k),
            );
        }
        if self.nodes[b].learnt {
            let values = &self.values[one];
            let to = &mut past[other];
            wide(
                #[inline(always)]
                || multiply_transposed(values, own, to, k, n),
            );
        }
    }

    fn back(&mut self, node: &Node) {
        let columns = node.columns.max(1);
        match &node.op {
            Op::Constant | Op::Weight(_) => {}
            Op::Multiply(a, b) => self.back_multiply(node, *a, *b),
            Op::Add(a, b) => {
                self.back_each(node, *a, |slope, _, _| slope);
                self.back_each(node, *b, |slope, _, _| slope);
            }
            Op::Subtract(a, b) => {
                self.back_each(node, *a, |slope, _, _| slope);
                self.back_each(node, *b, |slope, _, _| -slope);
            }
            Op::Times(a, b) => {
                self.back_times(node, *a, *b);
                self.back_times(node, *b, *a);
            }
            Op::AddRow(a, row) => {
                self.back_each(node, *a, |slope, _, _| slope);
                if self.nodes[*row].learnt {
                    let (past, own) = self.slopes.split_at_mut(node.at);
                    let to = &mut past[self.nodes[*row].range()];
                    for own in own[..node.rows * node.columns].chunks_exact(columns) {
                        to.iter_mut().zip(own).for_each(|(to, slope)| *to += slope);
                    }
                }
            }
            Op::TimesColumn(a, column) => {
                let (one, other) = (self.nodes[*a].range(), self.nodes[*column].range());
                let (past, own) = self.slopes.split_at_mut(node.at);
                for (i, own) in own[..node.rows * node.columns].chunks_exact(columns).enumerate() {
                    let row = one.start + i * node.columns..one.start + (i + 1) * node.columns;
                    if self.nodes[*column].learnt {
                        past[other.start + i] +=
                            own.iter().zip(&self.values[row.clone()]).map(|(slope, x)| slope * x).sum::<f32>();
                    }
                    if self.nodes[*a].learnt {
                        let factor = self.values[other.start + i];
                        past[row].iter_mut().zip(own).for_each(|(to, slope)| *to += slope * factor);
                    }
                }
            }
            Op::Scale(a, factor) => self.back_each(node, *a, |slope, _, _| slope * factor),
            Op::Shift(a) => self.back_each(node, *a, |slope, _, _| slope),
            Op::Tanh(a) => self.back_each(node, *a, |slope, _, y| slope * (1.0 - y * y)),
            Op::Sigmoid(a) => self.back_each(node, *a, |slope, _, y| slope * y * (1.0 - y)),
            Op::Rectify(a, low) => self.back_each(node, *a, |slope, x, _| if x > 0.0 { slope } else { slope * low }),
            Op::Softplus(a) => self.back_each(node, *a, |slope, x, _| slope * sigmoid(x)),
            Op::Exp(a) => self.back_each(node, *a, |slope, _, y| slope * y),
            Op::SoftAbs(a, epsilon) => self.back_each(node, *a, |slope, x, y| slope * x / (y + epsilon)),
            Op::Columns(a, from) => {
                let source = &self.nodes[*a];
                let (past, own) = self.slopes.split_at_mut(node.at);
                let to = past[source.range()].chunks_exact_mut(source.columns.max(1));
                for (to, own) in to.zip(own.chunks_exact(columns)) {
                    to[*from..*from + node.columns].iter_mut().zip(own).for_each(|(to, slope)| *to += slope);
                }
            }
            Op::Beside(a, b) => {
                let left = self.nodes[*a].columns;
                let (past, own) = self.slopes.split_at_mut(node.at);
                for (input, from) in [(*a, 0), (*b, left)] {
                    let input = &self.nodes[input];
                    if input.learnt {
                        let to = past[input.range()].chunks_exact_mut(input.columns.max(1));
                        for (to, own) in to.zip(own.chunks_exact(columns)) {
                            to.iter_mut().zip(&own[from..]).for_each(|(to, slope)| *to += slope);
                        }
                    }
                }
            }
            Op::Rows(a, which) => {
                let source = self.nodes[*a].at;
                let (past, own) = self.slopes.split_at_mut(node.at);
                for (row, own) in which.iter().zip(own.chunks_exact(columns)) {
                    let to = source + *row as usize * node.columns;
                    past[to..to + node.columns].iter_mut().zip(own).for_each(|(to, slope)| *to += slope);
                }
            }
            Op::Spread(a, links) => {
                let source = self.nodes[*a].at;
                let (past, own) = self.slopes.split_at_mut(node.at);
                for (from, to, weight) in &links.each {
                    let (from, to) = (source + *from as usize * node.columns, *to as usize * node.columns);
                    let pairs = past[from..from + node.columns].iter_mut().zip(&own[to..to + node.columns]);
                    pairs.for_each(|(to, slope)| *to += weight * slope);
                }
            }
            Op::Sum(a) => {
                let slope = self.slopes[node.at];
                let range = self.nodes[*a].range();
                self.slopes[range].iter_mut().for_each(|to| *to += slope);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::learn::{Chance, Dense, Gru, Links, Parameters, Perceptron, Tape, Var};
    use std::rc::Rc;

    /// Everything there is, in one number.
    fn loss(tape: &mut Tape, parameters: &Parameters, layers: &(Gru, Dense, Perceptron), seed: u64) -> Var {
        let mut chance = Chance::new(seed);
        let links = Rc::new(Links::mean(&[(0, 1), (2, 1), (4, 3), (1, 0)], 5));
        let which: Rc<[u32]> = Rc::from([0, 3, 3, 2, 1]);
        let (first, second) = (chance.normal(5, 3), chance.normal(5, 3));
        let column = chance.normal(5, 1);
        let mut state = tape.filled(5, 4, 0.0);
        let mut uses = layers.0.uses(tape, parameters);
        for input in [&first, &second] {
            let x = tape.given(input);
            state = layers.0.step(tape, &mut uses, x, state);
        }
        let passed = tape.spread(state, &links);
        let both = tape.beside(passed, state);
        let out = layers.1.apply(tape, parameters, both);
        let taken = tape.rows(out, &which);
        let column = tape.given(&column);
        let weighed = tape.columns(taken, 0, 1);
        let gate = tape.sigmoid(weighed);
        let gate = tape.times(gate, column);
        let gated = tape.times_column(taken, gate);
        let bent = tape.rectify(gated, 0.2);
        let bent = tape.shift(bent, 0.1);
        let deep = layers.2.apply(tape, parameters, bent);
        let near = tape.soft_abs(deep, 0.1);
        let soft = tape.softplus(deep);
        let grown = tape.scale(deep, 0.3);
        let grown = tape.exp(grown);
        let all = tape.add(near, soft);
        let all = tape.subtract(all, grown);
        let target = tape.filled(5, 2, 0.3);
        let weights = tape.filled(5, 2, 0.5);
        let squares = tape.squares(all, target, weights);
        let mean = tape.mean(deep);
        tape.add(squares, mean)
    }

    #[test]
    fn derivatives_are_those_of_small_changes() {
        let mut parameters = Parameters::default();
        let mut chance = Chance::new(3);
        let gru = Gru::new(&mut parameters, 3, 4, &mut chance);
        let dense = Dense::new(&mut parameters, 8, 4, &mut chance);
        let perceptron = Perceptron::new(&mut parameters, &[4, 6, 2], &mut chance);
        let layers = (gru, dense, perceptron);
        let mut tape = Tape::new();
        let whole = loss(&mut tape, &parameters, &layers, 9);
        tape.backward(whole);
        let mut slopes: Vec<Vec<f32>> = parameters.matrices.iter().map(|m| vec![0.0; m.as_slice().len()]).collect();
        for (weight, slope) in tape.weight_slopes() {
            slopes[weight.0].iter_mut().zip(slope).for_each(|(all, own)| *all += own);
        }
        let step = 3e-3;
        let mut checked = 0;
        for (i, slopes) in slopes.iter().enumerate() {
            for (j, told) in slopes.iter().enumerate() {
                let mut at = |change: f32| {
                    let mut moved = parameters.clone();
                    moved.matrices[i].as_mut_slice()[j] += change;
                    tape.clear();
                    let whole = loss(&mut tape, &moved, &layers, 9);
                    f64::from(tape.scalar(whole))
                };
                let measured = (at(step) - at(-step)) / (2.0 * f64::from(step));
                let told = f64::from(*told);
                assert!((measured - told).abs() < 4e-3 + 1e-2 * told.abs(), "{i} {j}: {measured} and {told}");
                checked += usize::from(told != 0.0);
            }
        }
        assert!(checked > 150, "{checked}");
    }
}
