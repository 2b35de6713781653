//! A connectome: how strongly, and over what distance, each region of a brain is reached by each other region.

use crate::body::Refusal;

/// The most regions that are taken: beyond it the matrices alone would fill gigabytes.
const REGIONS_MAX: usize = 4096;

/// Weights and lengths of the fibres between regions, checked.
///
/// Row by row: `weights[i * n + j]` is how strongly region `i` hears region `j`; `lengths_mm` likewise. No region
/// hears itself: its own recurrence belongs to the model of a region.
#[derive(Clone, Debug, PartialEq)]
pub struct Connectome {
    regions: usize,
    weights: Vec<f64>,
    lengths_mm: Vec<f64>,
}

impl Connectome {
    /// Checks the matrices of one person. The diagonals are set to zero.
    pub fn new(weights: Vec<f64>, lengths_mm: Vec<f64>) -> Result<Connectome, Refusal> {
        let regions = side("the weights", &weights)?;
        let other = side("the fibre lengths", &lengths_mm)?;
        if other != regions {
            let reason = format!("{other} × {other}, while the weights are {regions} × {regions}");
            return Err(Refusal::senseless("the fibre lengths", reason));
        }
        let mut connectome = Connectome { regions, weights, lengths_mm };
        for region in 0..regions {
            connectome.weights[region * regions + region] = 0.0;
            connectome.lengths_mm[region * regions + region] = 0.0;
        }
        if regions > 1 && connectome.strongest() == 0.0 {
            return Err(Refusal::senseless("the weights", "no region is connected to another"));
        }
        Ok(connectome)
    }

    /// How many regions there are.
    #[must_use]
    pub fn regions(&self) -> usize {
        self.regions
    }

    /// The weights, row by row: what region `row` hears.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// The fibre lengths in millimetres, row by row.
    #[must_use]
    pub fn lengths_mm(&self) -> &[f64] {
        &self.lengths_mm
    }

    /// The strongest weight.
    #[must_use]
    pub fn strongest(&self) -> f64 {
        self.weights.iter().copied().fold(0.0, f64::max)
    }

    /// How far the weights are from symmetric: 0 for a symmetric matrix, 1 where every fibre runs one way only.
    ///
    /// Tractography cannot tell the two directions of a fibre apart, so an asymmetric matrix is allowed but worth
    /// telling to its owner.
    #[must_use]
    pub fn asymmetry(&self) -> f64 {
        let n = self.regions;
        let (mut apart, mut all) = (0.0, 0.0);
        for row in 0..n {
            for column in 0..row {
                let (there, back) = (self.weights[row * n + column], self.weights[column * n + row]);
                apart += (there - back).abs();
                all += there + back;
            }
        }
        if all > 0.0 { apart / all } else { 0.0 }
    }

    /// The same connectome with its strongest weight 1.
    #[must_use]
    pub fn normalised(&self) -> Connectome {
        let strongest = self.strongest();
        self.with_weights(|_, _, weight| if strongest > 0.0 { weight / strongest } else { 0.0 })
    }

    /// The same connectome with every weight raised to a power: below 1 it brings weak, long fibres forward, which
    /// tractography undercounts. The strongest becomes 1.
    pub fn raised(&self, power: f64) -> Result<Connectome, Refusal> {
        if !(0.01..=10.0).contains(&power) {
            return Err(Refusal::senseless("the power of the weights", format!("{power} is not from 0.01 to 10")));
        }
        let one = self.normalised();
        Ok(one.with_weights(|_, _, weight| if weight > 0.0 { weight.powf(power) } else { 0.0 }))
    }

    /// The same connectome with other weights between the same regions.
    pub fn reweighted(&self, weights: Vec<f64>) -> Result<Connectome, Refusal> {
        Connectome::new(weights, self.lengths_mm.clone())
    }

    /// A lesion: what `region` says and hears is multiplied by `left` (0 cuts it off, 1 changes nothing).
    pub fn with_lesion(&self, region: usize, left: f64) -> Result<Connectome, Refusal> {
        self.checked(region, left)?;
        Ok(self
            .with_weights(|row, column, weight| if row == region || column == region { weight * left } else { weight }))
    }

    /// One connection changed: both directions between `a` and `b` are multiplied by `factor`.
    pub fn with_connection(&self, a: usize, b: usize, factor: f64) -> Result<Connectome, Refusal> {
        self.checked(a, factor)?;
        self.checked(b, factor)?;
        if a == b {
            return Err(Refusal::senseless("the connection", format!("region {a} has none to itself")));
        }
        Ok(self.with_weights(
            |row, column, weight| {
                if (row, column) == (a, b) || (row, column) == (b, a) { weight * factor } else { weight }
            },
        ))
    }

    fn checked(&self, region: usize, factor: f64) -> Result<(), Refusal> {
        if region >= self.regions {
            let reason = format!("there is no region {region}: the last is {}", self.regions - 1);
            return Err(Refusal::senseless("the region", reason));
        }
        if !(0.0..=1000.0).contains(&factor) {
            return Err(Refusal::senseless("the factor", format!("{factor} is not from 0 to 1000")));
        }
        Ok(())
    }

    fn with_weights(&self, change: impl Fn(usize, usize, f64) -> f64) -> Connectome {
        let n = self.regions;
        let weights = self.weights.iter().enumerate().map(|(k, &weight)| change(k / n, k % n, weight)).collect();
        Connectome { regions: n, weights, lengths_mm: self.lengths_mm.clone() }
    }
}

/// The side of a square matrix of numbers that are finite and not negative.
fn side(what: &'static str, matrix: &[f64]) -> Result<usize, Refusal> {
    let regions = matrix.len().isqrt();
    if regions == 0 || regions * regions != matrix.len() {
        return Err(Refusal::senseless(what, format!("{} numbers do not make a square matrix", matrix.len())));
    }
    if regions > REGIONS_MAX {
        return Err(Refusal::senseless(what, format!("{regions} regions; at most {REGIONS_MAX} are taken")));
    }
    if let Some(at) = matrix.iter().position(|value| !value.is_finite() || *value < 0.0) {
        let (row, column, value) = (at / regions, at % regions, matrix[at]);
        let reason = format!("row {row}, column {column} is {value}; each must be finite and not negative");
        return Err(Refusal::senseless(what, reason));
    }
    Ok(regions)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn reason(weights: Vec<f64>, lengths: Vec<f64>) -> String {
        Connectome::new(weights, lengths).unwrap_err().to_string()
    }

    #[test]
    fn a_bad_matrix_is_refused_and_the_place_is_named() {
        let good = vec![0.0, 1.0, 2.0, 0.0];
        assert!(reason(vec![0.0; 3], good.clone()).contains("3 numbers do not make a square"));
        assert!(reason(vec![], vec![]).contains("square"));
        assert!(reason(vec![0.0, f64::NAN, 1.0, 0.0], good.clone()).contains("row 0, column 1 is NaN"));
        assert!(reason(vec![0.0, 1.0, -1.0, 0.0], good.clone()).contains("row 1, column 0 is -1"));
        assert!(reason(good.clone(), vec![0.0, f64::INFINITY, 1.0, 0.0]).contains("fibre lengths"));
        assert!(reason(good.clone(), vec![0.0; 9]).contains("3 × 3, while the weights are 2 × 2"));
        assert!(reason(vec![1.0, 0.0, 0.0, 1.0], good).contains("no region is connected"));
    }

    #[test]
    fn asymmetry_is_allowed_and_told() {
        let lengths = vec![0.0, 10.0, 10.0, 0.0];
        let one_way = Connectome::new(vec![0.0, 1.0, 0.0, 0.0], lengths.clone()).unwrap();
        let both = Connectome::new(vec![0.0, 1.0, 1.0, 0.0], lengths).unwrap();
        assert_eq!((one_way.asymmetry(), both.asymmetry()), (1.0, 0.0));
    }

    #[test]
    fn a_lesion_takes_what_a_region_says_and_hears() {
        let whole = Connectome::new(vec![1.0; 9], vec![10.0; 9]).unwrap();
        let lesion = whole.with_lesion(1, 0.5).unwrap();
        assert_eq!(lesion.weights(), [0.0, 0.5, 1.0, 0.5, 0.0, 0.5, 1.0, 0.5, 0.0]);
        let cut = whole.with_connection(0, 2, 0.0).unwrap();
        assert_eq!(cut.weights(), [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        assert!(whole.with_lesion(3, 0.5).unwrap_err().to_string().contains("the last is 2"));
        assert!(whole.with_connection(0, 0, 0.5).is_err() && whole.with_connection(0, 1, f64::NAN).is_err());
        assert_eq!(whole.with_lesion(1, 4.0).unwrap().normalised().strongest(), 1.0);
    }
}
