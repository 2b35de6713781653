//! One step of the classical Runge–Kutta method.

/// Moves `x` by `h` along `slope`.
#[inline]
pub(crate) fn runge_kutta<const N: usize>(x: &[f64; N], h: f64, slope: impl Fn(&[f64; N]) -> [f64; N]) -> [f64; N] {
    let ahead = |slope: &[f64; N], h: f64| std::array::from_fn(|i| x[i] + h * slope[i]);
    let first = slope(x);
    let second = slope(&ahead(&first, 0.5 * h));
    let third = slope(&ahead(&second, 0.5 * h));
    let last = slope(&ahead(&third, h));
    std::array::from_fn(|i| x[i] + h / 6.0 * (first[i] + 2.0 * (second[i] + third[i]) + last[i]))
}
