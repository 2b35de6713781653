//! Matrices of `f32`, row by row, and the named set of those that are learnt.

use super::Chance;
use serde::{Deserialize, Serialize};

/// `rows × columns` numbers, row by row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    data: Vec<f32>,
}

impl Matrix {
    /// All zero.
    #[must_use]
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, data: vec![0.0; rows * columns] }
    }

    /// These numbers, row by row.
    #[must_use]
    pub fn from_vec(rows: usize, columns: usize, data: Vec<f32>) -> Self {
        assert_eq!(data.len(), rows * columns, "a matrix of {rows} × {columns}");
        Self { rows, columns, data }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// One row.
    #[must_use]
    pub fn row(&self, i: usize) -> &[f32] {
        &self.data[i * self.columns..(i + 1) * self.columns]
    }

    /// One row, to be changed.
    pub fn row_mut(&mut self, i: usize) -> &mut [f32] {
        &mut self.data[i * self.columns..(i + 1) * self.columns]
    }

    /// All numbers, row by row.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        &self.data
    }

    /// All numbers, to be changed.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.data
    }
}

/// Which matrix of a set of [`Parameters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weight(pub(super) usize);

/// Everything that is learnt, as plain data: it can be stored, and learning goes on from it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    pub(super) matrices: Vec<Matrix>,
}

impl Parameters {
    /// Adds a matrix.
    pub fn add(&mut self, matrix: Matrix) -> Weight {
        self.matrices.push(matrix);
        Weight(self.matrices.len() - 1)
    }

    /// Adds a matrix of random numbers whose spread keeps signals at their size (Glorot and Bengio 2010).
    pub fn random(&mut self, rows: usize, columns: usize, chance: &mut Chance) -> Weight {
        let spread = (2.0 / (rows + columns).max(1) as f32).sqrt();
        let mut matrix = chance.normal(rows, columns);
        matrix.as_mut_slice().iter_mut().for_each(|x| *x *= spread);
        self.add(matrix)
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, weight: Weight) -> &Matrix {
        &self.matrices[weight.0]
    }

    /// One of them, to be changed.
    pub fn get_mut(&mut self, weight: Weight) -> &mut Matrix {
        &mut self.matrices[weight.0]
    }

    /// Moves each number this share of the way towards the other's.
    pub fn towards(&mut self, other: &Self, share: f32) {
        for (own, other) in self.matrices.iter_mut().zip(&other.matrices) {
            own.data.iter_mut().zip(&other.data).for_each(|(x, y)| *x += share * (y - *x));
        }
    }

    /// How many numbers there are in all.
    #[must_use]
    pub fn count(&self) -> usize {
        self.matrices.iter().map(|matrix| matrix.data.len()).sum()
    }

    /// Whether every number is finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.matrices.iter().all(|matrix| matrix.data.iter().all(|x| x.is_finite()))
    }
}
