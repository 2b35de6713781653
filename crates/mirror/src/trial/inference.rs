//! Randomisation inference for pairs (Fisher 1935): under the hypothesis that the effect is τ, each pair's difference
//! from τ could as well have had the other sign, because a lot decided who came first. The p-value counts how many of
//! all signs give as much; the interval holds every τ that is not refuted.

use crate::body::Refusal;
use crate::glucose::Mersenne;
use serde::Serialize;

/// With fewer pairs no result could refute anything at 95 %.
pub(super) const PAIRS_NEEDED: usize = 6;
/// Up to so many pairs all signs are gone through; beyond, this many are drawn.
const EXACT_UP_TO: usize = 14;
const DRAWS: usize = 4_999;

/// What a comparison showed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// Mean of the differences.
    pub effect: f64,
    /// Every effect within is compatible with what was seen, at 95 %.
    pub interval_95: [f64; 2],
    /// How often chance alone shows as much, in either direction.
    pub p: f64,
    /// How many pairs it rests on.
    pub pairs: usize,
}

/// Reads paired differences. `seed` matters only with more than 14 pairs.
pub fn paired(differences: &[f64], seed: u32) -> Result<Effect, Refusal> {
    let pairs = differences.len();
    if pairs < PAIRS_NEEDED {
        return Err(Refusal::TooFew { what: "pairs", have: pairs, need: PAIRS_NEEDED });
    }
    if let Some(difference) = differences.iter().find(|d| !d.is_finite()) {
        return Err(Refusal::senseless("a difference", format!("{difference}")));
    }
    let effect = differences.iter().sum::<f64>() / pairs as f64;
    // Under τ, signs s give Σ s·(d − τ), and what was seen is Σ (d − τ). The former is at least the latter when
    // Σ over flipped pairs of (d − τ) ≤ 0, that is, when the mean of the flipped differences is at most τ. So every
    // question about every τ is answered by the means over flipped pairs, sorted.
    let means = flipped_means(differences, seed);
    let count = means.len() + 1;
    // Nothing flipped is always as extreme.
    let at_most = |tau: f64| 1 + means.partition_point(|mean| *mean <= tau);
    let at_least = |tau: f64| 1 + means.len() - means.partition_point(|mean| *mean < tau);
    let p = (2.0 * at_most(0.0).min(at_least(0.0)) as f64 / count as f64).min(1.0);
    // τ is refuted from below while at most 2.5 % of all signs have a mean ≤ τ.
    let allowed = ((0.025 * count as f64) as usize).saturating_sub(1);
    let interval_95 = [means[allowed.min(means.len() - 1)], means[means.len() - 1 - allowed.min(means.len() - 1)]];
    Ok(Effect { effect, interval_95, p, pairs })
}

/// Mean difference of every (or many a) set of flipped pairs but the empty one, sorted.
fn flipped_means(differences: &[f64], seed: u32) -> Vec<f64> {
    let pairs = differences.len();
    let mean = |flipped: &dyn Fn(usize) -> bool| {
        let (mut sum, mut n) = (0.0, 0_u32);
        for (_, difference) in differences.iter().enumerate().filter(|(i, _)| flipped(*i)) {
            sum += difference;
            n += 1;
        }
        (n > 0).then(|| sum / f64::from(n))
    };
    let mut means: Vec<f64> = if pairs <= EXACT_UP_TO {
        (1..1_u32 << pairs).filter_map(|signs| mean(&|i| signs >> i & 1 == 1)).collect()
    } else {
        let mut random = Mersenne::new(seed);
        let mut drawn = || {
            let signs: Vec<bool> = (0..pairs).map(|_| random.uniform() < 0.5).collect();
            mean(&|i| signs[i])
        };
        std::iter::from_fn(|| Some(drawn())).flatten().take(DRAWS).collect()
    };
    means.sort_by(f64::total_cmp);
    means
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn six_pairs_that_agree_are_the_least_that_refutes_chance() {
        let effect = paired(&[1.0, 2.0, 3.0, 1.5, 2.5, 2.0], 0).unwrap();
        assert_eq!(effect.p, 2.0 / 64.0);
        assert_eq!((effect.effect, effect.pairs), (2.0, 6));
        assert!(effect.interval_95[0] > 0.0 && effect.interval_95[1] <= 3.0, "{effect:?}");
        assert!(matches!(paired(&[1.0; 5], 0), Err(Refusal::TooFew { .. })));
        assert!(matches!(paired(&[f64::NAN; 8], 0), Err(Refusal::Senseless { .. })));
        assert_eq!(paired(&[0.0; 8], 0).unwrap().p, 1.0);
    }

    /// 400 trials of 8 pairs (exact) and 60 of 30 (drawn), noise with long tails, an effect of 0.7.
    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say_and_nothing_is_found_in_chance() {
        for (pairs, trials) in [(8, 400), (30, 60)] {
            let mut random = Mersenne::new(3);
            let (mut held, mut found) = (0, 0);
            for trial in 0..trials {
                let noise: Vec<f64> =
                    (0..pairs).map(|_| random.normal().abs().powi(2) - random.normal().abs().powi(2)).collect();
                let moved: Vec<f64> = noise.iter().map(|x| x + 0.7).collect();
                let [low, high] = paired(&moved, trial).unwrap().interval_95;
                held += u32::from(low <= 0.7 && 0.7 <= high);
                found += u32::from(paired(&noise, trial).unwrap().p <= 0.05);
            }
            assert!(held * 100 >= trials * 92, "{pairs} pairs: {held} of {trials} intervals hold");
            assert!(found * 100 <= trials * 8, "{pairs} pairs: {found} of {trials} found something in chance");
        }
    }
}
