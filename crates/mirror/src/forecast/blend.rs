//! Several forecasts into one: weights that are not negative and add up to 1, learnt on past windows and pulled towards
//! what each candidate's own error says (Timmermann 2006, *Forecast Combinations*: shrinkage beats bare regression).

/// Candidates that are combined.
pub(crate) const CANDIDATES: usize = 10;
/// What each candidate says.
pub(crate) type Guesses = [f64; CANDIDATES];

/// Pull towards the prior, in units of the best candidate's squared error.
const SHRINKAGE: f64 = 0.5;
/// How sharply the prior prefers what erred less.
const SHARPNESS: i32 = 6;

/// Which error the weights are to make small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    Squared,
    Absolute,
}

/// The combination.
pub(crate) fn combine(weights: &Guesses, guesses: &Guesses) -> f64 {
    weights.iter().zip(guesses).map(|(weight, guess)| weight * guess).sum()
}

/// A window that is over: what the candidates said, what came, and how much it counts.
pub(crate) type Over<'a> = (&'a Guesses, f64, f64);

/// Weights of the first `count` candidates from windows that are over; the others have none. Without any windows, all
/// candidates count equally.
pub(crate) fn learn(past: &[Over<'_>], aim: Aim, count: usize) -> Guesses {
    let even = std::array::from_fn(|i| if i < count { 1.0 / count as f64 } else { 0.0 });
    if past.len() < 2 * count {
        return even;
    }
    let n: f64 = past.iter().map(|window| window.2).sum();
    let mut errors = [0.0; CANDIDATES];
    for (guesses, truth, counts) in past {
        for (error, guess) in errors.iter_mut().zip(*guesses) {
            let miss = truth - guess;
            *error += match aim {
                Aim::Squared => counts * miss * miss / n,
                Aim::Absolute => counts * miss.abs() / n,
            };
        }
    }
    errors[count..].fill(f64::INFINITY);
    let best = errors.iter().copied().fold(f64::INFINITY, f64::min);
    if best <= 0.0 || !best.is_finite() {
        return errors
            .map(|error| if error == best { 1.0 } else { 0.0 })
            .map(|x| x / errors.iter().filter(|e| **e == best).count().max(1) as f64);
    }
    let power = if aim == Aim::Squared { SHARPNESS } else { 2 * SHARPNESS };
    let mut prior = errors.map(|error| (best / error).powi(power));
    let sum: f64 = prior.iter().sum();
    prior = prior.map(|weight| weight / sum);
    match aim {
        Aim::Squared => {
            let each: Vec<f64> = past.iter().map(|window| window.2).collect();
            least_squares(past, &each, &prior, best, count)
        }
        Aim::Absolute => {
            // Absolute errors by reweighted squares; ε keeps a window that was hit exactly from taking all the weight.
            let floor = 0.1 * best;
            let mut weights = prior;
            for _ in 0..6 {
                let each: Vec<f64> = past
                    .iter()
                    .map(|(guesses, truth, counts)| {
                        counts * best / (truth - combine(&weights, guesses)).abs().max(floor)
                    })
                    .collect();
                weights = least_squares(past, &each, &prior, best * best, count);
            }
            weights
        }
    }
}

/// Minimises the weighted squares plus the pull towards the prior, over the simplex, by projected gradients.
fn least_squares(past: &[Over<'_>], each: &[f64], prior: &Guesses, unit: f64, count: usize) -> Guesses {
    let mut gram = [[0.0; CANDIDATES]; CANDIDATES];
    let mut total = 0.0;
    for ((guesses, truth, _), weight) in past.iter().zip(each) {
        // Weights add up to 1, so the error is the same combination of the candidates' errors.
        let miss = guesses.map(|guess| truth - guess);
        total += weight;
        for (row, a) in gram.iter_mut().zip(&miss) {
            for (cell, b) in row.iter_mut().zip(&miss) {
                *cell += weight * a * b;
            }
        }
    }
    let pull = SHRINKAGE * unit;
    let mut largest: f64 = 0.0;
    for (i, row) in gram.iter_mut().enumerate() {
        for cell in row.iter_mut() {
            *cell /= total;
        }
        row[i] += pull;
        largest = largest.max(row.iter().map(|cell| cell.abs()).sum());
    }
    let mut weights = *prior;
    for _ in 0..400 {
        let slope: Guesses = std::array::from_fn(|i| combine(&gram[i], &weights) - pull * prior[i]);
        let moved: Guesses =
            std::array::from_fn(|i| if i < count { weights[i] - slope[i] / largest } else { f64::MIN / 1e6 });
        weights = onto_simplex(&moved);
    }
    weights
}

/// The nearest point with parts that are not negative and add up to 1 (Duchi et al. 2008).
fn onto_simplex(point: &Guesses) -> Guesses {
    let mut sorted = *point;
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let (mut sum, mut shift) = (0.0, 0.0);
    for (i, x) in sorted.iter().enumerate() {
        sum += x;
        let candidate = (sum - 1.0) / (i + 1) as f64;
        if x - candidate > 0.0 {
            shift = candidate;
        }
    }
    point.map(|x| (x - shift).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weight_goes_to_who_is_right_and_to_who_errs_the_other_way() {
        let windows: Vec<(Guesses, f64)> = (0..400)
            .map(|i| {
                let truth = f64::from(i % 19);
                let noise = if i % 2 == 0 { 3.0 } else { -3.0 };
                let mut guesses = [truth + 40.0; CANDIDATES];
                guesses[2] = truth + noise;
                guesses[5] = truth - noise;
                (guesses, truth)
            })
            .collect();
        let past: Vec<Over<'_>> = windows.iter().map(|(guesses, truth)| (guesses, *truth, 1.0)).collect();
        for aim in [Aim::Squared, Aim::Absolute] {
            let weights = learn(&past, aim, CANDIDATES);
            assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            assert!((weights[2] - 0.5).abs() < 0.05 && (weights[5] - 0.5).abs() < 0.05, "{aim:?}: {weights:?}");
        }
    }
}
