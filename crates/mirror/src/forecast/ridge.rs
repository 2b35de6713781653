//! Ridge regression on standardised columns, by Cholesky: `min |y - Xb|² + λ n |b|²`.
//!
//! A missing feature is `NaN` and counts as its column's mean, which is 0 once standardised.

/// A fitted line: `offset + slope · standardised(x)`.
#[derive(Clone, Debug)]
pub(crate) struct Ridge {
    mean: Vec<f64>,
    /// One over the standard deviation; 0 where a column says nothing.
    scale: Vec<f64>,
    slope: Vec<f64>,
    offset: f64,
}

/// Sums of squares and products of a training set, from which a line for any λ follows.
pub(crate) struct Products {
    mean: Vec<f64>,
    scale: Vec<f64>,
    /// Lower triangle of `X'X`, row by row.
    gram: Vec<f64>,
    with_target: Vec<f64>,
    offset: f64,
    rows: f64,
}

impl Products {
    /// Over rows of features and their targets.
    pub(crate) fn of(rows: &[&[f32]], target: &[f64]) -> Option<Self> {
        let width = rows.first()?.len();
        let n = rows.len() as f64;
        let (mut mean, mut square, mut count) = (vec![0.0; width], vec![0.0; width], vec![0.0f64; width]);
        for row in rows {
            for (j, x) in row.iter().enumerate().filter(|(_, x)| x.is_finite()) {
                mean[j] += f64::from(*x);
                square[j] += f64::from(*x) * f64::from(*x);
                count[j] += 1.0;
            }
        }
        let mut scale = vec![0.0; width];
        for j in 0..width {
            let seen = count[j].max(1.0);
            mean[j] /= seen;
            let variance = (square[j] / seen - mean[j] * mean[j]).max(0.0);
            if variance > 1e-9 * (1.0 + mean[j] * mean[j]) {
                scale[j] = 1.0 / variance.sqrt();
            }
        }
        let offset = target.iter().sum::<f64>() / n;
        let mut gram = vec![0.0; width * (width + 1) / 2];
        let mut with_target = vec![0.0; width];
        let mut z = vec![0.0; width];
        for (row, y) in rows.iter().zip(target) {
            standardise(row, &mean, &scale, &mut z);
            let y = y - offset;
            let mut at = 0;
            for (i, zi) in z.iter().enumerate() {
                with_target[i] += zi * y;
                for (sum, zj) in gram[at..=at + i].iter_mut().zip(&z) {
                    *sum += zi * zj;
                }
                at += i + 1;
            }
        }
        Some(Self { mean, scale, gram, with_target, offset, rows: n })
    }

    /// The line for this λ.
    pub(crate) fn solve(&self, lambda: f64) -> Option<Ridge> {
        let mut factor = self.gram.clone();
        for i in 0..self.mean.len() {
            factor[i * (i + 1) / 2 + i] += lambda * self.rows + 1e-6 * self.rows;
        }
        let slope = cholesky_solve(&mut factor, &self.with_target)?;
        Some(Ridge { mean: self.mean.clone(), scale: self.scale.clone(), slope, offset: self.offset })
    }
}

fn standardise(row: &[f32], mean: &[f64], scale: &[f64], z: &mut [f64]) {
    for (((z, x), mean), scale) in z.iter_mut().zip(row).zip(mean).zip(scale) {
        *z = if x.is_finite() { (f64::from(*x) - mean) * scale } else { 0.0 };
    }
}

/// Solves `A b = c` for a positive definite `A` given as the lower triangle, which is overwritten by its factor.
pub(crate) fn cholesky_solve(a: &mut [f64], c: &[f64]) -> Option<Vec<f64>> {
    let n = c.len();
    let at = |i: usize, j: usize| i * (i + 1) / 2 + j;
    for i in 0..n {
        for j in 0..=i {
            let mut sum = a[at(i, j)];
            for k in 0..j {
                sum -= a[at(i, k)] * a[at(j, k)];
            }
            if i == j {
                if sum <= 0.0 || !sum.is_finite() {
                    return None;
                }
                a[at(i, i)] = sum.sqrt();
            } else {
                a[at(i, j)] = sum / a[at(j, j)];
            }
        }
    }
    let mut b = c.to_vec();
    for i in 0..n {
        for k in 0..i {
            b[i] -= a[at(i, k)] * b[k];
        }
        b[i] /= a[at(i, i)];
    }
    for i in (0..n).rev() {
        for k in i + 1..n {
            b[i] -= a[at(k, i)] * b[k];
        }
        b[i] /= a[at(i, i)];
    }
    b.iter().all(|b| b.is_finite()).then_some(b)
}

impl Ridge {
    /// The line's value at these features.
    pub(crate) fn predict(&self, row: &[f32]) -> f64 {
        let parts = row.iter().zip(&self.mean).zip(self.scale.iter().zip(&self.slope));
        let term = |((x, mean), (scale, slope)): ((&f32, &f64), (&f64, &f64))| {
            if x.is_finite() { (f64::from(*x) - mean) * scale * slope } else { 0.0 }
        };
        self.offset + parts.map(term).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_where_features_are_missing_or_say_nothing() {
        let table: Vec<[f32; 3]> = (0..200)
            .map(|i| {
                let x = (i % 17) as f32;
                [x, 5.0, if i % 10 == 0 { f32::NAN } else { -((i % 7) as f32) }]
            })
            .collect();
        let rows: Vec<&[f32]> = table.iter().map(|row| &row[..]).collect();
        let target: Vec<f64> = table.iter().map(|row| 3.0 * f64::from(row[0]) + 10.0).collect();
        let line = Products::of(&rows, &target).and_then(|products| products.solve(1e-6)).expect("a line");
        assert!((line.predict(&[4.0, 5.0, -1.0]) - 22.0).abs() < 1e-2);
        assert!((line.predict(&[4.0, f32::NAN, f32::NAN]) - 22.0).abs() < 0.1);
    }
}
