//! The tape: each operation computes at once and is written down; going back through it gives the derivatives.

use super::functions::{exp32, sigmoid, softplus, tanh};
use super::kernels::multiply;
use super::{Matrix, Parameters, Weight};
use crate::brain::wide::wide;
use std::rc::Rc;

/// A matrix on a [`Tape`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Var(pub(super) usize);

/// Weighted links from rows to rows: what messages pass along.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Links {
    /// From which row, to which row, and how much of it.
    pub each: Vec<(u32, u32, f32)>,
    /// How many rows messages arrive at.
    pub rows: usize,
}

impl Links {
    /// Links whose weights add up to 1 at each row that any arrive at: the mean of the neighbours.
    #[must_use]
    pub fn mean(pairs: &[(u32, u32)], rows: usize) -> Self {
        let mut count = vec![0.0f32; rows];
        for (_, to) in pairs {
            count[*to as usize] += 1.0;
        }
        Self { each: pairs.iter().map(|(from, to)| (*from, *to, 1.0 / count[*to as usize])).collect(), rows }
    }
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    Constant,
    Weight(usize),
    Multiply(usize, usize),
    Add(usize, usize),
    Subtract(usize, usize),
    Times(usize, usize),
    AddRow(usize, usize),
    TimesColumn(usize, usize),
    Scale(usize, f32),
    Shift(usize),
    Tanh(usize),
    Sigmoid(usize),
    Rectify(usize, f32),
    Softplus(usize),
    Exp(usize),
    SoftAbs(usize, f32),
    Columns(usize, usize),
    Beside(usize, usize),
    Rows(usize, Rc<[u32]>),
    Spread(usize, Rc<Links>),
    Sum(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) op: Op,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Where its numbers begin.
    pub(super) at: usize,
    /// Whether a weight lies behind it.
    pub(super) learnt: bool,
}

impl Node {
    pub(super) fn range(&self) -> std::ops::Range<usize> {
        self.at..self.at + self.rows * self.columns
    }
}

/// What has been computed, in order. [`Tape::clear`] keeps the memory for the next round.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    pub(super) nodes: Vec<Node>,
    pub(super) values: Vec<f32>,
    pub(super) slopes: Vec<f32>,
    pub(super) spare: Vec<f32>,
    frozen: bool,
}

impl Tape {
    /// An empty tape.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets all that was computed.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.values.clear();
    }

    /// Rows and columns.
    #[must_use]
    pub fn shape(&self, of: Var) -> (usize, usize) {
        (self.nodes[of.0].rows, self.nodes[of.0].columns)
    }

    /// The numbers, row by row.
    #[must_use]
    pub fn value(&self, of: Var) -> &[f32] {
        &self.values[self.nodes[of.0].range()]
    }

    /// The numbers as a matrix.
    #[must_use]
    pub fn matrix(&self, of: Var) -> Matrix {
        let (rows, columns) = self.shape(of);
        Matrix::from_vec(rows, columns, self.value(of).to_vec())
    }

    /// The first number; that of a sum is its only one.
    #[must_use]
    pub fn scalar(&self, of: Var) -> f32 {
        self.values[self.nodes[of.0].at]
    }

    fn push(&mut self, op: Op, rows: usize, columns: usize, learnt: bool) -> Var {
        let at = self.values.len();
        self.values.resize(at + rows * columns, 0.0);
        self.nodes.push(Node { op, rows, columns, at, learnt });
        Var(self.nodes.len() - 1)
    }

    fn leaf(&mut self, op: Op, rows: usize, columns: usize, data: &[f32]) -> Var {
        assert_eq!(data.len(), rows * columns, "a matrix of {rows} × {columns}");
        let at = self.values.len();
        let learnt = matches!(op, Op::Weight(_));
        self.values.extend_from_slice(data);
        self.nodes.push(Node { op, rows, columns, at, learnt });
        Var(self.nodes.len() - 1)
    }

    /// Numbers that are given, not learnt.
    pub fn constant(&mut self, rows: usize, columns: usize, data: &[f32]) -> Var {
        self.leaf(Op::Constant, rows, columns, data)
    }

    /// A given matrix.
    pub fn given(&mut self, matrix: &Matrix) -> Var {
        self.constant(matrix.rows(), matrix.columns(), matrix.as_slice())
    }

    /// The same number everywhere.
    pub fn filled(&mut self, rows: usize, columns: usize, number: f32) -> Var {
        let made = self.push(Op::Constant, rows, columns, false);
        let range = self.nodes[made.0].range();
        self.values[range].fill(number);
        made
    }

    /// What was computed, cut off: nothing behind it is learnt from what follows.
    pub fn detached(&mut self, of: Var) -> Var {
        let matrix = self.matrix(of);
        self.given(&matrix)
    }

    /// From now on weights are put on the tape as given numbers, until it is called with `false`: one model can be learnt
    /// through another that stays as it is.
    pub fn freeze(&mut self, frozen: bool) {
        self.frozen = frozen;
    }

    /// A matrix that is learnt.
    pub fn weight(&mut self, parameters: &Parameters, weight: Weight) -> Var {
        let matrix = parameters.get(weight);
        let op = if self.frozen { Op::Constant } else { Op::Weight(weight.0) };
        self.leaf(op, matrix.rows(), matrix.columns(), matrix.as_slice())
    }

    /// A new node of which each number is `f` of the input's at the same place.
    #[inline(always)]
    fn each(&mut self, op: Op, a: Var, f: impl Fn(f32) -> f32) -> Var {
        let (rows, columns) = self.shape(a);
        let made = self.push(op, rows, columns, self.nodes[a.0].learnt);
        let (from, at) = (self.nodes[a.0].range(), self.nodes[made.0].at);
        let (past, fresh) = self.values.split_at_mut(at);
        wide(
            #[inline(always)]
            || fresh.iter_mut().zip(&past[from]).for_each(|(y, x)| *y = f(*x)),
        );
        made
    }

    /// A new node of which each number is `f` of both inputs' at the same place.
    #[inline(always)]
    fn pair(&mut self, op: Op, a: Var, b: Var, f: impl Fn(f32, f32) -> f32) -> Var {
        let (rows, columns) = self.shape(a);
        assert_eq!(self.shape(b), (rows, columns), "two matrices of one shape");
        let made = self.push(op, rows, columns, self.nodes[a.0].learnt || self.nodes[b.0].learnt);
        let (one, other, at) = (self.nodes[a.0].range(), self.nodes[b.0].range(), self.nodes[made.0].at);
        let (past, fresh) = self.values.split_at_mut(at);
        let inputs = past[one].iter().zip(&past[other]);
        wide(
            #[inline(always)]
            || fresh.iter_mut().zip(inputs).for_each(|(z, (x, y))| *z = f(*x, *y)),
        );
        made
    }

    /// The product of matrices.
    pub fn multiply(&mut self, a: Var, b: Var) -> Var {
        let ((m, k), (inner, n)) = (self.shape(a), self.shape(b));
        assert_eq!(k, inner, "columns of the first are rows of the second");
        let learnt = self.nodes[a.0].learnt || self.nodes[b.0].learnt;
        let made = self.push(Op::Multiply(a.0, b.0), m, n, learnt);
        let (one, other, at) = (self.nodes[a.0].range(), self.nodes[b.0].range(), self.nodes[made.0].at);
        let (past, fresh) = self.values.split_at_mut(at);
        wide(
            #[inline(always)]
            || multiply(&past[one], &past[other], fresh, k, n),
        );
        made
    }

    /// `a + b`.
    pub fn add(&mut self, a: Var, b: Var) -> Var {
        self.pair(Op::Add(a.0, b.0), a, b, |x, y| x + y)
    }

    /// `a − b`.
    pub fn subtract(&mut self, a: Var, b: Var) -> Var {
        self.pair(Op::Subtract(a.0, b.0), a, b, |x, y| x - y)
    }

    /// `a · b`, number by number.
    pub fn times(&mut self, a: Var, b: Var) -> Var {
        self.pair(Op::Times(a.0, b.0), a, b, |x, y| x * y)
    }

    /// Adds the one row `row` to each row of `a`.
    pub fn add_row(&mut self, a: Var, row: Var) -> Var {
        let (rows, columns) = self.shape(a);
        assert_eq!(self.shape(row), (1, columns), "one row of as many columns");
        let learnt = self.nodes[a.0].learnt || self.nodes[row.0].learnt;
        let made = self.push(Op::AddRow(a.0, row.0), rows, columns, learnt);
        let (one, other, at) = (self.nodes[a.0].range(), self.nodes[row.0].range(), self.nodes[made.0].at);
        let (past, fresh) = self.values.split_at_mut(at);
        let row = &past[other];
        let width = columns.max(1);
        for (fresh, a) in fresh.chunks_exact_mut(width).zip(past[one].chunks_exact(width)) {
            for ((y, x), r) in fresh.iter_mut().zip(a).zip(row) {
                *y = x + r;
            }
        }
        made
    }

    /// Each row of `a` times that row's number in the one column `column`.
    pub fn times_column(&mut self, a: Var, column: Var) -> Var {
        let (rows, columns) = self.shape(a);
        assert_eq!(self.shape(column), (rows, 1), "one column of as many rows");
        let learnt = self.nodes[a.0].learnt || self.nodes[column.0].learnt;
        let made = self.push(Op::TimesColumn(a.0, column.0), rows, columns, learnt);
        let (one, other, at) = (self.nodes[a.0].range(), self.nodes[column.0].range(), self.nodes[made.0].at);
        let (past, fresh) = self.values.split_at_mut(at);
        let width = columns.max(1);
        for ((fresh, a), c) in fresh.chunks_exact_mut(width).zip(past[one].chunks_exact(width)).zip(past[other].iter())
        {
            for (y, x) in fresh.iter_mut().zip(a) {
                *y = x * c;
            }
        }
        made
    }

    /// `factor · a`.
    pub fn scale(&mut self, a: Var, factor: f32) -> Var {
        self.each(Op::Scale(a.0, factor), a, |x| x * factor)
    }

    /// `a + summand`.
    pub fn shift(&mut self, a: Var, summand: f32) -> Var {
        self.each(Op::Shift(a.0), a, |x| x + summand)
    }

    /// Hyperbolic tangent.
    pub fn tanh(&mut self, a: Var) -> Var {
        self.each(Op::Tanh(a.0), a, tanh)
    }

    /// 1 / (1 + e⁻ᵃ).
    pub fn sigmoid(&mut self, a: Var) -> Var {
        self.each(Op::Sigmoid(a.0), a, sigmoid)
    }

    /// `a` where it is positive, `slope · a` elsewhere.
    pub fn rectify(&mut self, a: Var, slope: f32) -> Var {
        self.each(Op::Rectify(a.0, slope), a, |x| if x > 0.0 { x } else { slope * x })
    }

    /// ln(1 + eᵃ).
    pub fn softplus(&mut self, a: Var) -> Var {
        self.each(Op::Softplus(a.0), a, softplus)
    }

    /// eᵃ.
    pub fn exp(&mut self, a: Var) -> Var {
        self.each(Op::Exp(a.0), a, exp32)
    }

    /// √(a² + ε²) − ε: the absolute value with a rounded tip.
    pub fn soft_abs(&mut self, a: Var, epsilon: f32) -> Var {
        self.each(Op::SoftAbs(a.0, epsilon), a, |x| (x * x + epsilon * epsilon).sqrt() - epsilon)
    }

    /// `count` columns from column `from` on.
    pub fn columns(&mut self, a: Var, from: usize, count: usize) -> Var {
        let (rows, columns) = self.shape(a);
        assert!(from + count <= columns, "columns {from} to {} of {columns}", from + count);
        let made = self.push(Op::Columns(a.0, from), rows, count, self.nodes[a.0].learnt);
        let (range, at) = (self.nodes[a.0].range(), self.nodes[made.0].at);
        let (past, fresh) = self.values.split_at_mut(at);
        for (fresh, a) in fresh.chunks_exact_mut(count.max(1)).zip(past[range].chunks_exact(columns.max(1))) {
            fresh.copy_from_slice(&a[from..from + count]);
        }
        made
    }

    /// `a` and `b` side by side.
    pub fn beside(&mut self, a: Var, b: Var) -> Var {
        let ((rows, left), (others, right)) = (self.shape(a), self.shape(b));
        assert_eq!(rows, others, "as many rows on both sides");
        let learnt = self.nodes[a.0].learnt || self.nodes[b.0].learnt;
        let made = self.push(Op::Beside(a.0, b.0), rows, left + right, learnt);
        let (one, other, at) = (self.nodes[a.0].at, self.nodes[b.0].at, self.nodes[made.0].at);
        let (past, fresh) = self.values.split_at_mut(at);
        for (i, fresh) in fresh.chunks_exact_mut((left + right).max(1)).enumerate() {
            fresh[..left].copy_from_slice(&past[one + i * left..one + (i + 1) * left]);
            fresh[left..].copy_from_slice(&past[other + i * right..other + (i + 1) * right]);
        }
        made
    }

    /// These rows, in this order; a row may come more than once.
    pub fn rows(&mut self, a: Var, which: &Rc<[u32]>) -> Var {
        let columns = self.shape(a).1;
        let made = self.push(Op::Rows(a.0, Rc::clone(which)), which.len(), columns, self.nodes[a.0].learnt);
        let (from, at) = (self.nodes[a.0].at, self.nodes[made.0].at);
        let (past, fresh) = self.values.split_at_mut(at);
        for (fresh, row) in fresh.chunks_exact_mut(columns.max(1)).zip(which.iter()) {
            let row = from + *row as usize * columns;
            fresh.copy_from_slice(&past[row..row + columns]);
        }
        made
    }

    /// Passes messages: each row of the result is the weighted sum of the rows that are linked to it.
    pub fn spread(&mut self, a: Var, links: &Rc<Links>) -> Var {
        let columns = self.shape(a).1;
        let made = self.push(Op::Spread(a.0, Rc::clone(links)), links.rows, columns, self.nodes[a.0].learnt);
        let (from, at) = (self.nodes[a.0].at, self.nodes[made.0].at);
        let (past, fresh) = self.values.split_at_mut(at);
        wide(
            #[inline(always)]
            || {
                for (source, target, weight) in &links.each {
                    let (source, target) = (from + *source as usize * columns, *target as usize * columns);
                    let pairs = fresh[target..target + columns].iter_mut().zip(&past[source..source + columns]);
                    pairs.for_each(|(y, x)| *y += weight * x);
                }
            },
        );
        made
    }

    /// The sum of all numbers.
    pub fn sum(&mut self, a: Var) -> Var {
        let total: f64 = self.value(a).iter().map(|x| f64::from(*x)).sum();
        let made = self.push(Op::Sum(a.0), 1, 1, self.nodes[a.0].learnt);
        let at = self.nodes[made.0].at;
        self.values[at] = total as f32;
        made
    }

    /// The mean of all numbers.
    pub fn mean(&mut self, a: Var) -> Var {
        let count = self.value(a).len().max(1);
        let sum = self.sum(a);
        self.scale(sum, 1.0 / count as f32)
    }

    /// `Σ w (a − b)² / Σ w`; 0 where all weights are 0.
    pub fn squares(&mut self, a: Var, b: Var, weights: Var) -> Var {
        let miss = self.subtract(a, b);
        let square = self.times(miss, miss);
        self.weighted(square, weights)
    }

    /// `Σ w a / Σ w`; 0 where all weights are 0.
    pub fn weighted(&mut self, a: Var, weights: Var) -> Var {
        let all: f32 = self.value(weights).iter().sum();
        let counted = self.times(a, weights);
        let sum = self.sum(counted);
        self.scale(sum, if all > 0.0 { 1.0 / all } else { 0.0 })
    }
}
