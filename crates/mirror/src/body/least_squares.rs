//! Fits parameters of a body to data: nonlinear least squares by Levenberg (1944) and Marquardt (1963), with slopes
//! taken by differences, and the covariance of what was found.

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// The parameters.
    pub parameters: Vec<f64>,
    /// Sum of the squared residuals there.
    pub squares: f64,
    /// The inverse of the squares' half curvature: times the residuals' variance it is the parameters' covariance.
    /// None when the data leave some parameter open.
    pub spread: Option<Vec<Vec<f64>>>,
}

/// Moves `start` to where the squares of `residuals` are least. Where `residuals` gives None or something that is not
/// finite, the parameters are outside of what makes sense; at the start that gives None.
pub fn fit(start: &[f64], steps: usize, mut residuals: impl FnMut(&[f64]) -> Option<Vec<f64>>) -> Option<Fitted> {
    let mut sound = |x: &[f64]| residuals(x).filter(|r| r.iter().all(|value| value.is_finite()));
    let mut at = start.to_vec();
    let mut here = sound(&at)?;
    let mut squares = dot(&here, &here);
    let mut damping = 1e-3;
    let mut curvature = None;
    for _ in 0..steps {
        let slopes = slopes(&at, &here, &mut sound)?;
        let normal: Vec<Vec<f64>> = slopes.iter().map(|a| slopes.iter().map(|b| dot(a, b)).collect()).collect();
        let downhill: Vec<f64> = slopes.iter().map(|a| -dot(a, &here)).collect();
        let mut gained = 0.0;
        while damping < 1e12 {
            let mut damped = normal.clone();
            for (i, row) in damped.iter_mut().enumerate() {
                row[i] += damping * row[i].max(1e-12);
            }
            let next = cholesky(&damped).map(|factor| {
                let step = solve(&factor, &downhill);
                at.iter().zip(step).map(|(x, dx)| x + dx).collect::<Vec<_>>()
            });
            let tried = next.and_then(|next| sound(&next).map(|there| (next, there)));
            if let Some((next, there)) = tried
                && dot(&there, &there) < squares
            {
                gained = squares - dot(&there, &there);
                squares -= gained;
                (at, here) = (next, there);
                damping = (damping * 0.3_f64).max(1e-12);
                break;
            }
            damping *= 4.0;
        }
        curvature = Some(normal);
        if gained <= 1e-9 * squares {
            break;
        }
    }
    let spread = curvature.as_deref().and_then(inverse);
    Some(Fitted { parameters: at, squares, spread })
}

/// How each residual changes with each parameter.
fn slopes(at: &[f64], here: &[f64], residuals: &mut impl FnMut(&[f64]) -> Option<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let mut near = at.to_vec();
    (0..at.len())
        .map(|i| {
            let by = 1e-5 * at[i].abs().max(1e-2);
            let slope = [by, -by].into_iter().find_map(|by| {
                near[i] = at[i] + by;
                let there = residuals(&near)?;
                Some(there.iter().zip(here).map(|(b, a)| (b - a) / by).collect())
            });
            near[i] = at[i];
            slope
        })
        .collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The lower triangle whose square is `matrix`; None unless it is positive definite.
pub(crate) fn cholesky(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let n = matrix.len();
    let mut lower = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in 0..=i {
            let rest = matrix[i][j] - dot(&lower[i][..j], &lower[j][..j]);
            if i == j {
                // A pivot lost in rounding says that a parameter does not matter.
                if rest.is_nan() || rest <= 1e-13 * matrix[i][i].abs() {
                    return None;
                }
                lower[i][i] = rest.sqrt();
            } else {
                lower[i][j] = rest / lower[j][j];
            }
        }
    }
    Some(lower)
}

fn solve(lower: &[Vec<f64>], right: &[f64]) -> Vec<f64> {
    let n = right.len();
    let mut x = right.to_vec();
    for i in 0..n {
        x[i] = (x[i] - dot(&lower[i][..i], &x[..i])) / lower[i][i];
    }
    for i in (0..n).rev() {
        let above: f64 = (i + 1..n).map(|j| lower[j][i] * x[j]).sum();
        x[i] = (x[i] - above) / lower[i][i];
    }
    x
}

fn inverse(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let lower = cholesky(matrix)?;
    let unit = |i: usize| (0..matrix.len()).map(|j| f64::from(u8::from(i == j))).collect::<Vec<_>>();
    Some((0..matrix.len()).map(|i| solve(&lower, &unit(i))).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Rosenbrock's valley.
    #[test]
    fn finds_the_bottom_of_a_bent_valley() {
        let found = fit(&[-1.2, 1.0], 200, |x| Some(vec![10.0 * (x[1] - x[0] * x[0]), 1.0 - x[0]])).unwrap();
        assert!((found.parameters[0] - 1.0).abs() < 1e-6 && (found.parameters[1] - 1.0).abs() < 1e-6, "{found:?}");
        assert!(found.spread.is_some());
    }

    #[test]
    fn says_when_a_parameter_is_open() {
        let found = fit(&[1.0, 2.0], 50, |x| Some(vec![x[0] + x[1] - 1.0, 2.0 * (x[0] + x[1]) - 2.0])).unwrap();
        assert_eq!(found.spread, None);
        assert!(fit(&[1.0], 10, |_| Some(vec![f64::NAN])).is_none());
    }
}
