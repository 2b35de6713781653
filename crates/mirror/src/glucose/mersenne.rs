//! The random numbers of `NumPy`'s `RandomState`: Mersenne Twister (Matsumoto and Nishimura 1998) and Marsaglia's
//! polar method. With them a seed means the same meals and the same sensor noise here as in `simglucose`.

use crate::body::elementary::ln;

const LENGTH: usize = 624;
const SHIFT: usize = 397;

/// A seeded stream of random numbers.
#[derive(Clone, Debug)]
pub struct Mersenne {
    words: [u32; LENGTH],
    used: usize,
    spare: Option<f64>,
}

impl Mersenne {
    /// The stream of this seed.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        let mut words = [seed; LENGTH];
        for i in 1..LENGTH {
            let last = words[i - 1];
            words[i] = 1_812_433_253_u32.wrapping_mul(last ^ (last >> 30)).wrapping_add(i as u32);
        }
        Mersenne { words, used: LENGTH, spare: None }
    }

    fn word(&mut self) -> u32 {
        if self.used == LENGTH {
            for i in 0..LENGTH {
                let y = (self.words[i] & 0x8000_0000) | (self.words[(i + 1) % LENGTH] & 0x7fff_ffff);
                let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
                self.words[i] = self.words[(i + SHIFT) % LENGTH] ^ (y >> 1) ^ odd;
            }
            self.used = 0;
        }
        let mut y = self.words[self.used];
        self.used += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// Evenly from 0 (which it may be) to 1 (which it is not).
    pub fn uniform(&mut self) -> f64 {
        let (high, low) = (self.word() >> 5, self.word() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    /// Normal with mean 0 and variance 1.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                let factor = (-2.0 * ln(square) / square).sqrt();
                self.spare = Some(factor * x);
                return factor * y;
            }
        }
    }

    /// A whole number below `end`, evenly; 0 when `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        ((self.uniform() * end as f64) as usize).min(end.saturating_sub(1))
    }

    /// Puts `items` in a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unreadable_literal)]
mod tests {
    use super::*;

    /// `RandomState(42).rand(3)`, then `.randn(3)`, and 1,000 words further.
    #[test]
    fn draws_what_numpy_draws() {
        let mut random = Mersenne::new(42);
        let seen: Vec<f64> = (0..3).map(|_| random.uniform()).collect();
        assert_eq!(seen, [0.3745401188473625, 0.9507143064099162, 0.7319939418114051]);
        let seen: Vec<f64> = (0..3).map(|_| random.normal()).collect();
        for (seen, numpy) in seen.iter().zip([-1.1118801180469204, 0.31890218468938336, 0.2790412922001377]) {
            assert!((seen - numpy).abs() < 1e-14, "{seen} {numpy}");
        }
        for _ in 0..500 {
            random.uniform();
        }
        assert_eq!(random.uniform(), 0.72571950838836);
    }
}
