//! Exponential, logarithm, sine and cosine without branches, so that loops over regions become vector instructions.
//!
//! They use additions, multiplications, divisions and bit operations only, which IEEE 754 fixes to the bit: a seed gives
//! the same brain on every machine, whatever its mathematical library. Against the standard library the relative error
//! is below 5e-16 (see the tests).

use std::f64::consts::{LOG2_E, TAU};

/// 1.5 × 2⁵²: added and taken away again, it rounds to a whole number and leaves that number in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// `eˣ`; the exponent is held within ±700.
#[inline(always)]
#[must_use]
pub(crate) fn exp(x: f64) -> f64 {
    let x = x.clamp(-700.0, 700.0);
    let shifted = x * LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let r = (x - whole * LN2_HIGH) - whole * LN2_LOW;
    // Taylor's series: |r| ≤ 0.347, the first term left out is below 1e-17.
    let mut sum = 1.0 / 6_227_020_800.0;
    sum = sum * r + 1.0 / 479_001_600.0;
    sum = sum * r + 1.0 / 39_916_800.0;
    sum = sum * r + 1.0 / 3_628_800.0;
    sum = sum * r + 1.0 / 362_880.0;
    sum = sum * r + 1.0 / 40_320.0;
    sum = sum * r + 1.0 / 5_040.0;
    sum = sum * r + 1.0 / 720.0;
    sum = sum * r + 1.0 / 120.0;
    sum = sum * r + 1.0 / 24.0;
    sum = sum * r + 1.0 / 6.0;
    sum = sum * r + 0.5;
    sum = sum * r + 1.0;
    sum = sum * r + 1.0;
    f64::from_bits(sum.to_bits().wrapping_add(shifted.to_bits() << 52))
}

/// Natural logarithm of a normal positive number; smaller ones count as the smallest.
#[inline(always)]
#[must_use]
pub(crate) fn ln(x: f64) -> f64 {
    const BIAS: u64 = 1023;
    // Bits of 1/√2 seen from 1.0: adding it before the cut puts the mantissa between 1/√2 and √2.
    const HALF: u64 = (1023 << 52) - 0x3fe6_a09e_667f_3bcd;
    let bits = x.clamp(f64::MIN_POSITIVE, f64::MAX).to_bits();
    let raised = (bits + HALF) >> 52;
    let exponent = f64::from_bits(raised | (0x433 << 52)) - 4_503_599_627_370_496.0 - BIAS as f64;
    let f = f64::from_bits(bits.wrapping_sub(raised << 52).wrapping_add(BIAS << 52)) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    // Coefficients of fdlibm's e_log.c.
    let mut sum = 1.479_819_860_511_658_6e-1;
    sum = sum * z + 1.531_383_769_920_937_3e-1;
    sum = sum * z + 1.818_357_216_161_805e-1;
    sum = sum * z + 2.222_219_843_214_978_4e-1;
    sum = sum * z + 2.857_142_874_366_239e-1;
    sum = sum * z + 3.999_999_999_940_942e-1;
    sum = sum * z + 6.666_666_666_666_735e-1;
    let half = 0.5 * f * f;
    exponent * LN2_HIGH - ((half - (s * (half + sum * z) + exponent * LN2_LOW)) - f)
}

/// Sine and cosine of `turns` whole turns (2π each), for turns within ±10⁹.
#[inline(always)]
#[must_use]
pub(crate) fn sin_cos_turns(turns: f64) -> (f64, f64) {
    let shifted = turns * 4.0 + ROUND;
    let quarter = shifted.to_bits();
    let r = (turns - (shifted - ROUND) * 0.25) * TAU;
    let z = r * r;
    // Coefficients of fdlibm's k_sin.c and k_cos.c, for |r| ≤ π/4.
    let mut s = 1.589_690_995_211_55e-10;
    s = s * z - 2.505_076_025_340_686_3e-8;
    s = s * z + 2.755_731_370_707_006_8e-6;
    s = s * z - 1.984_126_982_985_795e-4;
    s = s * z + 8.333_333_333_322_49e-3;
    s = s * z - 1.666_666_666_666_663_2e-1;
    let sine = r + r * z * s;
    let mut c = -1.135_964_755_778_819_5e-11;
    c = c * z + 2.087_572_321_298_175e-9;
    c = c * z - 2.755_731_435_139_066_3e-7;
    c = c * z + 2.480_158_728_947_673e-5;
    c = c * z - 1.388_888_888_887_411e-3;
    c = c * z + 4.166_666_666_666_66e-2;
    let cosine = 1.0 - 0.5 * z + z * z * c;
    let swap = 0u64.wrapping_sub(quarter & 1);
    let (s, c) = (sine.to_bits(), cosine.to_bits());
    let sine = ((s & !swap) | (c & swap)) ^ ((quarter & 2) << 62);
    let cosine = ((c & !swap) | (s & swap)) ^ ((quarter.wrapping_add(1) & 2) << 62);
    (f64::from_bits(sine), f64::from_bits(cosine))
}

/// An angle of a few turns brought back to between 0 and 2π.
#[inline(always)]
#[must_use]
pub(crate) fn wrap(angle: f64) -> f64 {
    let turns = (angle * (1.0 / TAU) - 0.5 + ROUND) - ROUND;
    let wrapped = angle - turns * TAU;
    let wrapped = if wrapped < 0.0 { wrapped + TAU } else { wrapped };
    if wrapped >= TAU { wrapped - TAU } else { wrapped }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The worst relative error over `count` points from `low` to `high`.
    fn worst(low: f64, high: f64, ours: impl Fn(f64) -> f64, theirs: impl Fn(f64) -> f64) -> f64 {
        let count = 200_000;
        (0..=count)
            .map(|k| low + (high - low) * f64::from(k) / f64::from(count))
            .map(|x| ((ours(x) - theirs(x)) / theirs(x).abs().max(1e-300)).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn the_functions_agree_with_the_standard_library() {
        assert!(worst(-700.0, 700.0, exp, f64::exp) < 5e-16);
        assert!(worst(-2.0, 2.0, exp, f64::exp) < 5e-16);
        assert!(worst(1e-9, 0.9, ln, f64::ln) < 5e-16);
        assert!(worst(1.1, 1e9, ln, f64::ln) < 5e-16);
        assert!(worst(1e-300, 1e-290, ln, f64::ln) < 5e-16);
        for k in 0..100_000 {
            let turns = f64::from(k) * 7.3e-5 - 3.0;
            let (s, c) = sin_cos_turns(turns);
            assert!((s - (turns * TAU).sin()).abs() < 5e-15 && (c - (turns * TAU).cos()).abs() < 5e-15, "{turns}");
            assert!((s * s + c * c - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn nothing_becomes_infinite_or_not_a_number() {
        for x in [f64::MAX, f64::MIN, 0.0, -0.0, 1e-320, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(exp(x).is_finite() && ln(x).is_finite(), "{x}");
        }
        assert_eq!((exp(0.0), ln(1.0)), (1.0, 0.0));
        for angle in [-1e-20, -1.0, 0.0, 7.0, 100.0] {
            assert!((0.0..=TAU).contains(&wrap(angle)), "{angle}");
        }
    }
}
