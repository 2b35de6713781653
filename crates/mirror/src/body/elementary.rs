//! Exponentials and the logarithm, giving the same bits on every machine: only the four operations that IEEE 754
//! fixes, no library of the platform. Within a few units in the last place; without branches, so that loops over
//! them can be vectorised.

/// The exponential of `x`, which is first held within ±700.
pub(crate) fn exp(x: f64) -> f64 {
    const SHIFT: f64 = 6_755_399_441_055_744.0; // 1.5·2⁵²: adding it rounds to an integer
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    /// 1/n! for n = 13 down to 0.
    const TERMS: [f64; 14] = [
        1.0 / 6_227_020_800.0,
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let x = x.clamp(-700.0, 700.0);
    let shifted = x * std::f64::consts::LOG2_E + SHIFT;
    let k = shifted - SHIFT;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let mantissa = TERMS[1..].iter().fold(TERMS[0], |sum, term| sum * r + term);
    mantissa * f64::from_bits(((k as i64 + 1023) as u64) << 52)
}

/// The hyperbolic tangent, to 1e-15 absolutely.
pub(crate) fn tanh(x: f64) -> f64 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}

/// The hyperbolic sine, to 1e-15 of `cosh`.
pub(crate) fn sinh(x: f64) -> f64 {
    let e = exp(x);
    0.5 * (e - 1.0 / e)
}

/// The natural logarithm of a positive, normal number.
pub(crate) fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    let high = mantissa > std::f64::consts::SQRT_2;
    let (mantissa, carry) = if high { (mantissa / 2.0, 1) } else { (mantissa, 0) };
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1023 + carry;
    // ln m = 2·artanh s, and |s| < 0.172
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let series = (0..12).rev().fold(0.0, |sum, n| sum * s * s + 1.0 / f64::from(2 * n + 1));
    exponent as f64 * std::f64::consts::LN_2 + 2.0 * s * series
}

/// Cosine and sine of so many full turns, to 1e-15.
pub(crate) fn cos_sin_turns(turns: f64) -> (f64, f64) {
    // Within an eighth of a turn of a quarter's corner, then by Taylor's series.
    let turns = turns - turns.floor();
    let quarter = (4.0 * turns + 0.5).floor();
    let x = (turns - quarter / 4.0) * std::f64::consts::TAU;
    let series = |first: f64, odd: f64| {
        let (mut term, mut sum) = (first, first);
        for n in 0..9 {
            let k = 2.0 * f64::from(n) + odd;
            term *= -x * x / ((k + 1.0) * (k + 2.0));
            sum += term;
        }
        sum
    };
    let (cos, sin) = (series(1.0, 0.0), series(x, 1.0));
    match quarter as i64 & 3 {
        0 => (cos, sin),
        1 => (-sin, cos),
        2 => (-cos, -sin),
        _ => (sin, -cos),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_platforms_functions() {
        for i in -4000..=4000 {
            let x = f64::from(i) * 0.0101;
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-15, "exp({x})");
            assert!((tanh(x) - x.tanh()).abs() < 1e-15, "tanh({x})");
            assert!((sinh(x) - x.sinh()).abs() < 1e-15 * x.cosh(), "sinh({x})");
        }
        for i in 1..=4000 {
            let x = exp(f64::from(i - 2000) * 0.0101);
            assert!((ln(x) - x.ln()).abs() <= 4e-16 * x.ln().abs().max(1.0), "ln({x})");
        }
        for i in -400..=400 {
            let turns = f64::from(i) * 0.0101;
            let (cos, sin) = cos_sin_turns(turns);
            let angle = turns * std::f64::consts::TAU;
            assert!((cos - angle.cos()).abs() < 1e-14 && (sin - angle.sin()).abs() < 1e-14, "{turns} turns");
        }
        assert_eq!(tanh(1e300), 1.0);
        assert_eq!(tanh(-1e300), -1.0);
    }
}
