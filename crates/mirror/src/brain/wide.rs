//! The widest vector instructions that this machine has, chosen when the program runs.
//!
//! The same additions and multiplications are done in the same order on two, four or eight numbers at a time and never
//! fused, so the result is the same to the bit whichever is chosen.

use fearless_simd::{Level, Simd, dispatch};

/// Runs `work`, compiled for the widest vectors; it must be inlined as a whole.
pub(crate) fn wide<R>(work: impl FnOnce() -> R) -> R {
    dispatch!(Level::new(), simd => simd.vectorize(work))
}

#[cfg(test)]
mod tests {
    use super::wide;
    use crate::brain::math::{exp, ln, sin_cos_turns};

    /// A loop such as those of the models.
    #[inline(always)]
    fn work(values: &mut [f64]) {
        for value in values {
            let (sine, cosine) = sin_cos_turns(*value);
            *value = ln(exp(*value * 1.37) + 0.3) / (1.0 + exp(-*value)) * 0.7 + sine * cosine;
        }
    }

    #[test]
    fn wide_vectors_give_the_same_bits() {
        let mut narrow: Vec<f64> = (0..1003).map(|k| f64::from(k) * 0.013 - 6.0).collect();
        let mut broad = narrow.clone();
        for _ in 0..20 {
            work(&mut narrow);
            wide(
                #[inline(always)]
                || work(&mut broad),
            );
        }
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&narrow), bits(&broad));
    }
}
