//! What learnt models are made of: matrices, a tape that knows derivatives, layers, and a descent.
//!
//! The models of one person are small (some thousand numbers) and there is no graphics card to feed, so what counts is
//! that a step costs little beside its arithmetic, that the program stays small, and that a seed gives the same bits on
//! every machine. Hence no library: reverse-mode differentiation on a tape (Linnainmaa 1970; Griewank and Walther,
//! *Evaluating Derivatives*, 2008) over `f32` matrices, with this crate's own exponential and nothing fused or
//! reordered. `bench/MIRROR.md` has the libraries beside it.
//!
//! Shapes that do not fit are a mistake in the code of a model, not of its data, and panic.

// Kernels must be inlined into the function that chooses the vectors' width; matrices have the letters they have.
#![allow(clippy::inline_always, clippy::many_single_char_names)]

mod adam;
mod functions;
mod kernels;
mod layers;
mod matrix;
mod tape;
mod tape_backward;

pub use adam::Adam;
pub use functions::exp32;
pub use layers::{Dense, Gru, GruUses, Perceptron};
pub use matrix::{Matrix, Parameters, Weight};
pub use tape::{Links, Tape, Var};

use crate::brain::Normals;
use crate::forecast::Seeded;

/// Chance for learning: whole numbers and normal ones from one seed.
#[derive(Clone, Debug)]
pub struct Chance {
    whole: Seeded,
    normals: Normals,
}

impl Chance {
    /// The chance of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { whole: Seeded::new(seed ^ 0x5eed), normals: Normals::new(seed) }
    }

    /// Evenly from `0..limit`; 0 if `limit` is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        self.whole.below(limit)
    }

    /// Evenly from 0 to 1, 1 not included.
    pub fn unit(&mut self) -> f64 {
        (self.whole.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A matrix of standard normal numbers.
    pub fn normal(&mut self, rows: usize, columns: usize) -> Matrix {
        let mut drawn = vec![0.0; rows * columns];
        self.normals.fill(&mut drawn);
        Matrix::from_vec(rows, columns, drawn.into_iter().map(|x| x as f32).collect())
    }

    /// `0..count` in random order (Fisher and Yates).
    pub fn shuffled(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}
