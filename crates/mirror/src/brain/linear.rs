//! Functional connectivity without simulating: how a Wilson–Cowan brain answers small, slow noise around its rest.
//!
//! A scanner sees fluctuations far slower than neurons. Around the state of rest, activity follows them as a linear
//! system at frequency zero: one matrix inverse gives its covariance, in milliseconds and free of the sampling noise
//! that minutes of simulation have (the moments method of Deco et al., J. Neurosci. 2013 and 2014). Delays do not matter
//! at that frequency.

use super::math::exp;
use super::wilson_cowan::WilsonCowan;
use crate::body::Refusal;

/// Step, steps and tolerance of the way to rest; a rest that is not stable is never reached.
const STEP_MS: f64 = 0.5;
const STEPS_MAX: usize = 6000;
const STILL: f64 = 1e-8;

/// The state of rest, kept between calls so that the next one starts near it.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    exc: Vec<f64>,
    inh: Vec<f64>,
}

impl Rest {
    pub(super) fn new(regions: usize) -> Rest {
        Rest { exc: vec![0.03; regions], inh: vec![0.02; regions] }
    }
}

/// Functional connectivity of excitation under equal slow noise on both populations of every region; `weights` include
/// the global coupling.
pub(super) fn slow_connectivity(model: &WilsonCowan, weights: &[f64], rest: &mut Rest) -> Result<Vec<f64>, Refusal> {
    let n = rest.exc.len();
    let lost = || Refusal::undetermined("slow connectivity", "there is no stable state of rest");
    settle(model, weights, rest).ok_or_else(lost)?;

    // 0 = −system × excitation + noise, with inhibition, which follows excitation and its own noise, put in.
    let (mut system, mut from_inh) = (vec![0.0; n * n], vec![0.0; n]);
    for (k, heard) in hear(weights, &rest.exc).into_iter().enumerate() {
        let (e, i) = (rest.exc[k], rest.inh[k]);
        let (fire_exc, fire_inh) = fire(model, k, e, i, heard);
        let gain_exc = (1.0 - e) * model.gain_exc * fire_exc * (1.0 - fire_exc);
        let gain_inh = (1.0 - i) * model.gain_inh * fire_inh * (1.0 - fire_inh);
        let leave = 1.0 + fire_inh + gain_inh * model.inh_to_inh;
        from_inh[k] = -gain_exc * model.inh_to_exc / leave;
        for (place, weight) in system[k * n..(k + 1) * n].iter_mut().zip(&weights[k * n..(k + 1) * n]) {
            *place = -gain_exc * weight;
        }
        system[k * n + k] += 1.0 + fire_exc - gain_exc * model.exc_to_exc - from_inh[k] * gain_inh * model.exc_to_inh;
    }
    let answer = inverse(&system, n).ok_or_else(lost)?;
    let mut answers = vec![0.0; 2 * n * n];
    for (row, answer) in answers.chunks_exact_mut(2 * n).zip(answer.chunks_exact(n)) {
        for (j, value) in answer.iter().enumerate() {
            (row[j], row[n + j]) = (*value, value * from_inh[j]);
        }
    }
    correlate(&answers, n).ok_or_else(lost)
}

/// Which shares of both populations of region `k` are made to fire.
fn fire(model: &WilsonCowan, k: usize, e: f64, i: f64, heard: f64) -> (f64, f64) {
    let drive_exc = model.exc_to_exc * e - model.inh_to_exc * i + heard + model.input_exc[k];
    let drive_inh = model.exc_to_inh * e - model.inh_to_inh * i + model.input_inh[k];
    (
        1.0 / (1.0 + exp(-model.gain_exc * (drive_exc - model.threshold_exc))),
        1.0 / (1.0 + exp(-model.gain_inh * (drive_inh - model.threshold_inh))),
    )
}

/// Moves to rest; none if it does not come to rest.
fn settle(model: &WilsonCowan, weights: &[f64], rest: &mut Rest) -> Option<()> {
    for _ in 0..STEPS_MAX {
        let mut moved: f64 = 0.0;
        for (k, heard) in hear(weights, &rest.exc).into_iter().enumerate() {
            let (e, i) = (rest.exc[k], rest.inh[k]);
            let (fire_exc, fire_inh) = fire(model, k, e, i, heard);
            let (up, across) = ((1.0 - e) * fire_exc - e, (1.0 - i) * fire_inh - i);
            rest.exc[k] = e + STEP_MS / model.tau_exc_ms * up;
            rest.inh[k] = i + STEP_MS / model.tau_inh_ms * across;
            moved = moved.max(up.abs()).max(across.abs());
        }
        if moved < STILL {
            return Some(());
        }
    }
    None
}

fn hear(weights: &[f64], exc: &[f64]) -> Vec<f64> {
    weights.chunks_exact(exc.len()).map(|row| row.iter().zip(exc).map(|(w, e)| w * e).sum()).collect()
}

/// Correlations of the rows' answers to independent noises.
fn correlate(answers: &[f64], n: usize) -> Option<Vec<f64>> {
    let width = answers.len() / n;
    let mut unit = answers.to_vec();
    for row in unit.chunks_exact_mut(width) {
        let length = row.iter().map(|value| value * value).sum::<f64>().sqrt();
        if !(length.is_finite() && length > 0.0) {
            return None;
        }
        for value in row {
            *value /= length;
        }
    }
    let mut matrix = vec![1.0; n * n];
    for (i, a) in unit.chunks_exact(width).enumerate() {
        for (j, b) in unit.chunks_exact(width).enumerate().take(i) {
            let together: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
            (matrix[i * n + j], matrix[j * n + i]) = (together, together);
        }
    }
    Some(matrix)
}

/// The inverse by Gauss and Jordan with pivots; none if there is none.
fn inverse(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let width = 2 * n;
    let mut rows = vec![0.0; n * width];
    for k in 0..n {
        rows[k * width..k * width + n].copy_from_slice(&matrix[k * n..(k + 1) * n]);
        rows[k * width + n + k] = 1.0;
    }
    for column in 0..n {
        let best =
            (column..n).max_by(|&a, &b| rows[a * width + column].abs().total_cmp(&rows[b * width + column].abs()))?;
        let size = rows[best * width + column];
        if !(size.is_finite() && size.abs() > 1e-14) {
            return None;
        }
        for k in 0..width {
            rows.swap(best * width + k, column * width + k);
        }
        let pivot: Vec<f64> = rows[column * width..(column + 1) * width].iter().map(|value| value / size).collect();
        rows[column * width..(column + 1) * width].copy_from_slice(&pivot);
        for (other, row) in rows.chunks_exact_mut(width).enumerate() {
            let factor = row[column];
            if other != column && factor != 0.0 {
                for (value, pivot) in row.iter_mut().zip(&pivot) {
                    *value -= factor * pivot;
                }
            }
        }
    }
    Some((0..n).flat_map(|k| rows[k * width + n..(k + 1) * width].to_vec()).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::brain::measure::functional_connectivity;
    use crate::brain::{Bold, Brain, Connectome, Coupling, Plan};

    #[test]
    fn the_linear_answer_is_what_a_long_simulation_shows() {
        let n = 5;
        let (mut weights, mut lengths) = (vec![0.0; n * n], vec![0.0; n * n]);
        for row in 0..n {
            for column in 0..n {
                let near = row.abs_diff(column) as f64;
                weights[row * n + column] = if row == column { 0.0 } else { (-near).exp() };
                lengths[row * n + column] = 10.0 * near;
            }
        }
        let connectome = Connectome::new(weights.clone(), lengths).unwrap();
        let mut model = WilsonCowan::new(n);
        model.input_exc = vec![0.3; n];
        model.noise.sigma = 1e-4;
        // The weakest coupling at which neighbours clearly go together.
        let (strength, linear) = (20..400)
            .map(|tenth| f64::from(tenth) / 10.0)
            .find_map(|strength| {
                let weights: Vec<f64> = weights.iter().map(|weight| weight * strength).collect();
                let linear = slow_connectivity(&model, &weights, &mut Rest::new(n)).ok()?;
                (linear[1] > 0.2).then_some((strength, linear))
            })
            .unwrap();
        let brain = Brain::new(&connectome, &Coupling { strength, speed: 5.0, step_ms: 0.5 }, model).unwrap();
        let bold = Some(Bold { step_ms: 5.0, sample_ms: 1000.0, ..Bold::default() });
        let plan = Plan { duration_ms: 1_200_000.0, settle_ms: 60_000.0, seed: 2, sample_ms: 0.0, bold };
        let shown = functional_connectivity(&brain.simulate(&plan).unwrap().bold).unwrap();
        for (a, b) in linear.iter().zip(&shown) {
            assert!((a - b).abs() < 0.12, "{linear:.2?} {shown:.2?}");
        }
    }

    #[test]
    fn an_inverse_undoes_its_matrix_and_a_singular_one_has_none() {
        let matrix = [0.0, 2.0, 1.0, 1.0, 0.0, 3.0, 4.0, 1.0, 0.5];
        let undone = inverse(&matrix, 3).unwrap();
        for i in 0..3 {
            for j in 0..3 {
                let product: f64 = (0..3).map(|k| matrix[i * 3 + k] * undone[k * 3 + j]).sum();
                assert!((product - if i == j { 1.0 } else { 0.0 }).abs() < 1e-14);
            }
        }
        assert!(inverse(&[1.0, 2.0, 2.0, 4.0], 2).is_none());
    }
}
