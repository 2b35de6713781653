//! The functions of neurons in `f32`, from additions, multiplications and divisions alone, so that loops over them become
//! vector instructions and every machine gets the same bits.

/// 1.5 × 2²³: added and taken away again, it rounds to a whole number and leaves it in the low bits.
const ROUND: f32 = 12_582_912.0;
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// `eˣ` within 2e-7 of its size; the exponent is held within ±87.
#[inline(always)]
#[must_use]
pub fn exp32(x: f32) -> f32 {
    let x = x.clamp(-87.0, 87.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let r = (x - whole * LN2_HIGH) - whole * LN2_LOW;
    let mut sum = 1.0 / 5040.0;
    sum = sum * r + 1.0 / 720.0;
    sum = sum * r + 1.0 / 120.0;
    sum = sum * r + 1.0 / 24.0;
    sum = sum * r + 1.0 / 6.0;
    sum = sum * r + 0.5;
    sum = sum * r + 1.0;
    sum = sum * r + 1.0;
    f32::from_bits(sum.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// 1 / (1 + e⁻ˣ).
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp32(-x))
}

/// Hyperbolic tangent.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    2.0 / (1.0 + exp32(-2.0 * x)) - 1.0
}

/// ln(1 + eˣ).
pub(super) fn softplus(x: f32) -> f32 {
    let small = f64::from(exp32(-x.abs()));
    x.max(0.0) + crate::body::elementary::ln(1.0 + small) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_agree_with_the_standard_library() {
        for k in -8000..8000 {
            let x = k as f32 * 0.01;
            let near = |ours: f32, theirs: f64, within: f64| {
                assert!((f64::from(ours) - theirs).abs() <= within, "{x}: {ours} and {theirs}");
            };
            let exact = f64::from(x);
            near(exp32(x), exact.exp(), 4e-7 * exact.exp());
            near(tanh(x), exact.tanh(), 3e-7);
            near(sigmoid(x), 1.0 / (1.0 + (-exact).exp()), 3e-7);
            near(softplus(x), exact.max(0.0) + (-exact.abs()).exp().ln_1p(), 1e-5);
        }
        assert!(exp32(1e30).is_finite() && exp32(-1e30) >= 0.0);
    }
}
