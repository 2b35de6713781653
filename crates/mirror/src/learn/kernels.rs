//! Products of matrices, in an order of additions that is the same however wide the machine's vectors are.

/// Rows of `b` that are taken together.
const TOGETHER: usize = 4;

/// `c += a b`, with `a` of m × k, `b` of k × n.
#[inline(always)]
pub(super) fn multiply(a: &[f32], b: &[f32], c: &mut [f32], k: usize, n: usize) {
    if k == 0 || n == 0 {
        return;
    }
    for (a, c) in a.chunks_exact(k).zip(c.chunks_exact_mut(n)) {
        let mut rows = b.chunks_exact(TOGETHER * n);
        let mut factors = a.chunks_exact(TOGETHER);
        for (b, a) in (&mut rows).zip(&mut factors) {
            let (b0, rest) = b.split_at(n);
            let (b1, rest) = rest.split_at(n);
            let (b2, b3) = rest.split_at(n);
            for ((((c, b0), b1), b2), b3) in c.iter_mut().zip(b0).zip(b1).zip(b2).zip(b3) {
                *c += (a[0] * b0 + a[1] * b1) + (a[2] * b2 + a[3] * b3);
            }
        }
        for (b, a) in rows.remainder().chunks_exact(n).zip(factors.remainder()) {
            for (c, b) in c.iter_mut().zip(b) {
                *c += a * b;
            }
        }
    }
}

/// `c += aᵀ b`, with `a` of m × k, `b` of m × n, `c` of k × n.
#[inline(always)]
pub(super) fn multiply_transposed(a: &[f32], b: &[f32], c: &mut [f32], k: usize, n: usize) {
    if k == 0 || n == 0 {
        return;
    }
    let (mut fours, mut others) = (a.chunks_exact(TOGETHER * k), b.chunks_exact(TOGETHER * n));
    for (a, b) in (&mut fours).zip(&mut others) {
        let (b0, rest) = b.split_at(n);
        let (b1, rest) = rest.split_at(n);
        let (b2, b3) = rest.split_at(n);
        for (i, c) in c.chunks_exact_mut(n).enumerate() {
            let a = [a[i], a[k + i], a[2 * k + i], a[3 * k + i]];
            for ((((c, b0), b1), b2), b3) in c.iter_mut().zip(b0).zip(b1).zip(b2).zip(b3) {
                *c += (a[0] * b0 + a[1] * b1) + (a[2] * b2 + a[3] * b3);
            }
        }
    }
    for (a, b) in fours.remainder().chunks_exact(k).zip(others.remainder().chunks_exact(n)) {
        for (a, c) in a.iter().zip(c.chunks_exact_mut(n)) {
            for (c, b) in c.iter_mut().zip(b) {
                *c += a * b;
            }
        }
    }
}

/// `b` of k × n turned on its side into `out`, n × k.
pub(super) fn transpose(b: &[f32], out: &mut Vec<f32>, k: usize, n: usize) {
    out.clear();
    out.resize(k * n, 0.0);
    for (i, row) in b.chunks_exact(n.max(1)).enumerate() {
        for (j, x) in row.iter().enumerate() {
            out[j * k + i] = *x;
        }
    }
}
