//! What is compared between a simulated and a real brain: means, spectra, functional connectivity, synchrony.

use std::f64::consts::TAU;

use super::math::sin_cos_turns;
use crate::body::Refusal;

/// Equally spaced readings of every region, region after region.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    regions: usize,
    interval_ms: f64,
    values: Vec<f64>,
}

impl Series {
    /// Checks readings: `values[region * count + time]`.
    pub fn new(regions: usize, interval_ms: f64, values: Vec<f64>) -> Result<Series, Refusal> {
        if regions == 0 || !values.len().is_multiple_of(regions) {
            let reason = format!("{} readings do not divide among {regions} regions", values.len());
            return Err(Refusal::senseless("the readings", reason));
        }
        if !(interval_ms.is_finite() && interval_ms > 0.0) {
            return Err(Refusal::senseless("the interval", format!("{interval_ms} ms")));
        }
        let count = values.len() / regions;
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            let reason = format!("reading {} of region {} is {}", at % count, at / count, values[at]);
            return Err(Refusal::senseless("the readings", reason));
        }
        Ok(Series { regions, interval_ms, values })
    }

    /// How many regions.
    #[must_use]
    pub fn regions(&self) -> usize {
        self.regions
    }

    /// How many readings each region has.
    #[must_use]
    pub fn count(&self) -> usize {
        self.values.len() / self.regions
    }

    /// Milliseconds from one reading to the next.
    #[must_use]
    pub fn interval_ms(&self) -> f64 {
        self.interval_ms
    }

    /// The readings of one region; none for a region that there is not.
    #[must_use]
    pub fn region(&self, region: usize) -> &[f64] {
        let count = self.count();
        self.values.get(region * count..(region + 1) * count).unwrap_or(&[])
    }

    /// The readings from `from` to before `to`, of every region.
    pub fn part(&self, from: usize, to: usize) -> Result<Series, Refusal> {
        if from >= to || to > self.count() {
            return Err(Refusal::TooFew { what: "readings", have: self.count(), need: to.max(from + 1) });
        }
        let values = (0..self.regions).flat_map(|region| self.region(region)[from..to].iter().copied()).collect();
        Ok(Series { regions: self.regions, interval_ms: self.interval_ms, values })
    }

    /// The mean of each region.
    #[must_use]
    pub fn means(&self) -> Vec<f64> {
        (0..self.regions).map(|region| mean(self.region(region))).collect()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Pearson correlation of every pair of regions, row by row; the diagonal is 1.
pub fn functional_connectivity(series: &Series) -> Result<Vec<f64>, Refusal> {
    let (n, count) = (series.regions(), series.count());
    if count < 3 {
        return Err(Refusal::TooFew { what: "readings", have: count, need: 3 });
    }
    let mut unit = Vec::with_capacity(n * count);
    for region in 0..n {
        let values = series.region(region);
        let middle = mean(values);
        let length = values.iter().map(|value| (value - middle).powi(2)).sum::<f64>().sqrt();
        // Rounding alone leaves about 1e-16 of the value.
        if length <= 1e-13 * middle.abs() * (count as f64).sqrt() || length == 0.0 {
            return Err(Refusal::undetermined("functional connectivity", format!("region {region} does not change")));
        }
        unit.extend(values.iter().map(|value| (value - middle) / length));
    }
    let mut matrix = vec![1.0; n * n];
    for (row, a) in unit.chunks_exact(count).enumerate() {
        for (column, b) in unit.chunks_exact(count).enumerate().take(row) {
            let together: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
            matrix[row * n + column] = together.clamp(-1.0, 1.0);
            matrix[column * n + row] = matrix[row * n + column];
        }
    }
    Ok(matrix)
}

/// Pearson correlation of the upper triangles of two matrices of the same size: how alike two connectivities are.
pub fn matrix_correlation(a: &[f64], b: &[f64]) -> Result<f64, Refusal> {
    let n = a.len().isqrt();
    if n * n != a.len() || a.len() != b.len() {
        let reason = format!("{} and {} numbers are no two square matrices of one size", a.len(), b.len());
        return Err(Refusal::senseless("the matrices", reason));
    }
    let upper =
        |m: &[f64]| -> Vec<f64> { (0..n).flat_map(|row| m[row * n + row + 1..(row + 1) * n].to_vec()).collect() };
    let (a, b) = (upper(a), upper(b));
    if a.len() < 3 {
        return Err(Refusal::TooFew { what: "pairs of regions", have: a.len(), need: 3 });
    }
    let pairs = Series::new(2, 1.0, [a, b].concat())?;
    Ok(functional_connectivity(&pairs)?[1])
}

/// How much each frequency holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// Hz from one line to the next; the first is at zero.
    pub spacing_hz: f64,
    /// Power of each line: mean square amplitude, as `scipy.signal.welch(scaling="spectrum")`.
    pub power: Vec<f64>,
}

/// The power spectrum, averaged over regions, by Welch's method: windows of `window` readings (a power of two) that
/// overlap by half, without their mean, under a Hann window.
pub fn spectrum(series: &Series, window: usize) -> Result<Spectrum, Refusal> {
    if !window.is_power_of_two() || window < 8 {
        return Err(Refusal::senseless("the window", format!("{window} is not a power of two from 8 on")));
    }
    if series.count() < window {
        return Err(Refusal::TooFew { what: "readings", have: series.count(), need: window });
    }
    let hann: Vec<f64> = (0..window).map(|k| 0.5 - 0.5 * sin_cos_turns(k as f64 / window as f64).1).collect();
    let gain = hann.iter().sum::<f64>().powi(2);
    let mut power = vec![0.0; window / 2 + 1];
    let mut windows = 0.0;
    for region in 0..series.regions() {
        let values = series.region(region);
        for start in (0..=values.len() - window).step_by(window / 2) {
            let part = &values[start..start + window];
            let middle = mean(part);
            let mut real: Vec<f64> = part.iter().zip(&hann).map(|(value, weight)| (value - middle) * weight).collect();
            let mut imaginary = vec![0.0; window];
            fourier(&mut real, &mut imaginary);
            for (k, line) in power.iter_mut().enumerate() {
                let twice = if k == 0 || k == window / 2 { 1.0 } else { 2.0 };
                *line += twice * (real[k] * real[k] + imaginary[k] * imaginary[k]) / gain;
            }
            windows += 1.0;
        }
    }
    for line in &mut power {
        *line /= windows;
    }
    Ok(Spectrum { spacing_hz: 1000.0 / series.interval_ms() / window as f64, power })
}

/// Fast Fourier transform in place (radix 2); the length is a power of two.
fn fourier(real: &mut [f64], imaginary: &mut [f64]) {
    let n = real.len();
    let bits = n.trailing_zeros();
    for k in 0..n {
        let other = k.reverse_bits() >> (usize::BITS - bits);
        if other > k {
            real.swap(k, other);
            imaginary.swap(k, other);
        }
    }
    let mut half = 1;
    while half < n {
        for k in 0..half {
            let (sine, cosine) = sin_cos_turns(-(k as f64) / (2 * half) as f64);
            for low in (k..n).step_by(2 * half) {
                let high = low + half;
                let re = real[high] * cosine - imaginary[high] * sine;
                let im = real[high] * sine + imaginary[high] * cosine;
                (real[high], imaginary[high]) = (real[low] - re, imaginary[low] - im);
                real[low] += re;
                imaginary[low] += im;
            }
        }
        half *= 2;
    }
}

/// Kuramoto's order parameter at each reading of phases: 1 when all regions move together, near 0 when none do.
#[must_use]
pub fn synchrony(phases: &Series) -> Vec<f64> {
    (0..phases.count())
        .map(|time| {
            let (sine, cosine) = (0..phases.regions()).fold((0.0, 0.0), |(sine, cosine), region| {
                let (s, c) = sin_cos_turns(phases.region(region)[time] / TAU);
                (sine + s, cosine + c)
            });
            sine.hypot(cosine) / phases.regions() as f64
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::brain::noise::Normals;

    #[test]
    fn correlations_are_what_they_are_known_to_be() {
        let up = [1.0, 2.0, 3.0, 4.0];
        let down = [4.0, 3.0, 2.0, 1.0];
        let bent = [1.0, -1.0, -1.0, 1.0];
        let matrix = functional_connectivity(&Series::new(3, 1.0, [up, down, bent].concat()).unwrap()).unwrap();
        for (ours, known) in matrix.iter().zip([1.0, -1.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0, 1.0]) {
            assert!((ours - known).abs() < 1e-15);
        }
        assert!((matrix_correlation(&matrix, &matrix).unwrap() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn readings_that_cannot_be_used_are_refused() {
        let constant = Series::new(2, 1.0, vec![0.1, 0.1, 0.1, 0.1, 1.0, 2.0, 3.0, 4.0]).unwrap();
        assert!(functional_connectivity(&constant).unwrap_err().to_string().contains("region 0 does not change"));
        let few = Series::new(2, 1.0, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        assert!(functional_connectivity(&few).unwrap_err().to_string().contains("too few readings: 2"));
        assert!(Series::new(2, 1.0, vec![1.0; 3]).is_err() && Series::new(0, 1.0, vec![]).is_err());
        assert!(Series::new(1, 1.0, vec![f64::NAN]).unwrap_err().to_string().contains("reading 0 of region 0 is NaN"));
        assert!(matrix_correlation(&[1.0; 4], &[1.0; 9]).is_err());
        assert!(spectrum(&few, 12).is_err() && spectrum(&few, 16).is_err() && few.part(1, 1).is_err());
    }

    #[test]
    fn a_tone_has_its_power_at_its_frequency() {
        // 3 sin(2π 40 t) has a mean square of 4.5; noise of variance 1 spreads evenly.
        let mut values = vec![0.0; 16_384];
        Normals::new(2).fill(&mut values);
        for (k, value) in values.iter_mut().enumerate() {
            *value += 3.0 * (TAU * 40.0 * k as f64 / 1024.0).sin() + 7.0;
        }
        let found = spectrum(&Series::new(1, 1000.0 / 1024.0, values).unwrap(), 512).unwrap();
        assert!((found.spacing_hz - 2.0).abs() < 1e-12);
        assert!((found.power[20] - 4.5).abs() < 0.1, "{}", found.power[20]);
        let rest: f64 = found.power[30..200].iter().sum::<f64>() / 170.0;
        // The Hann window makes 1.5 lines of white noise into one.
        assert!((rest - 1.5 * 2.0 / 512.0).abs() < 6e-4, "{rest}");
    }

    #[test]
    fn phases_together_are_one_and_opposite_ones_are_none() {
        let same = Series::new(2, 1.0, vec![1.0, 4.0, 1.0, 4.0]).unwrap();
        assert!(synchrony(&same).iter().all(|r| (r - 1.0).abs() < 1e-12));
        let opposite = Series::new(2, 1.0, vec![1.0, 1.0 + TAU / 2.0]).unwrap();
        assert!(synchrony(&opposite)[0] < 1e-12);
    }
}
