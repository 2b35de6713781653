//! Normal random numbers from a seed, eight generators abreast.
//!
//! Xoshiro256++ in eight lanes (each seeded by `SplitMix64`) and the Box–Muller transform, with this crate's own
//! logarithm and sine: vector instructions throughout, and the same numbers on every machine.

use super::math::{ln, sin_cos_turns};
use super::wide::wide;

const LANES: usize = 8;
/// Numbers are drawn by this many at a time.
const DRAW: usize = 2 * LANES;

/// A stream of standard normal numbers.
#[derive(Clone, Debug)]
pub struct Normals {
    lanes: [[u64; LANES]; 4],
}

impl Normals {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Normals {
        let mut counter = seed;
        let mut next = || {
            counter = counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = counter;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        let mut lanes = [[0; LANES]; 4];
        for lane in 0..LANES {
            for word in &mut lanes {
                word[lane] = next();
            }
        }
        Normals { lanes }
    }

    /// Eight numbers evenly from 1 to 2.
    #[inline(always)]
    fn one_to_two(&mut self) -> [f64; LANES] {
        let [a, b, c, d] = &mut self.lanes;
        std::array::from_fn(|k| {
            let drawn = a[k].wrapping_add(d[k]).rotate_left(23).wrapping_add(a[k]);
            let shifted = b[k] << 17;
            c[k] ^= a[k];
            d[k] ^= b[k];
            b[k] ^= c[k];
            a[k] ^= d[k];
            c[k] ^= shifted;
            d[k] = d[k].rotate_left(45);
            f64::from_bits((drawn >> 12) | (0x3ff << 52))
        })
    }

    /// Fills `out`; what remains behind the last whole sixteen is drawn and partly thrown away.
    pub fn fill(&mut self, out: &mut [f64]) {
        wide(
            #[inline(always)]
            || self.draw(out),
        );
    }

    #[inline(always)]
    fn draw(&mut self, out: &mut [f64]) {
        for chunk in out.chunks_mut(DRAW) {
            let mut drawn = [0.0; DRAW];
            let (radius, angle) = (self.one_to_two(), self.one_to_two());
            for k in 0..LANES {
                // 2 − u lies above 0 and up to 1.
                let length = (-2.0 * ln(2.0 - radius[k])).sqrt();
                let (sine, cosine) = sin_cos_turns(angle[k]);
                drawn[k] = length * cosine;
                drawn[k + LANES] = length * sine;
            }
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
    }

    /// Numbers evenly from 0 to 1.
    pub fn uniform(&mut self, out: &mut [f64]) {
        for chunk in out.chunks_mut(LANES) {
            let drawn = self.one_to_two();
            for (place, value) in chunk.iter_mut().zip(drawn) {
                *place = value - 1.0;
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_normal_and_independent_and_the_seeds_own() {
        let mut drawn = vec![0.0; 400_000];
        Normals::new(5).fill(&mut drawn);
        let count = drawn.len() as f64;
        let moment = |power: i32| drawn.iter().map(|x| x.powi(power)).sum::<f64>() / count;
        // Standard errors: 1.6e-3, 2.2e-3, 6.1e-3, 1.5e-2.
        assert!(moment(1).abs() < 8e-3 && (moment(2) - 1.0).abs() < 1.1e-2);
        assert!(moment(3).abs() < 3e-2 && (moment(4) - 3.0).abs() < 8e-2);
        for lag in [1, 2, 8, 16] {
            let together = drawn.iter().zip(&drawn[lag..]).map(|(a, b)| a * b).sum::<f64>() / count;
            assert!(together.abs() < 8e-3, "lag {lag}: {together}");
        }
        let beyond = drawn.iter().filter(|x| x.abs() > 3.0).count() as f64 / count;
        assert!((beyond - 0.0027).abs() < 5e-4, "{beyond}");
        let mut again = vec![0.0; 64];
        Normals::new(5).fill(&mut again);
        assert_eq!(again, drawn[..64]);
        Normals::new(6).fill(&mut again);
        assert_ne!(again, drawn[..64]);
    }

    #[test]
    fn a_seed_gives_these_numbers_on_every_machine() {
        let mut drawn = vec![0.0; 3];
        Normals::new(1).fill(&mut drawn);
        let bits: Vec<u64> = drawn.iter().map(|x: &f64| x.to_bits()).collect();
        assert_eq!(bits, [13_808_322_828_223_143_890, 13_821_433_519_140_663_143, 13_818_423_482_967_200_101]);
    }
}
