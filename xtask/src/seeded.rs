//! Lots drawn from a seed: `SplitMix64` (Steele, Lea, Flood 2014), which is all that choosing places and moments needs.

/// A sequence of lots.
#[derive(Clone)]
pub(crate) struct Seeded(u64);

impl Seeded {
    /// The lots of one round: each round has its own, so that it can be run again alone.
    pub(crate) fn round(seed: u64, round: u64) -> Self {
        let mut lots = Self(seed ^ round.wrapping_mul(0xa076_1d64_78bd_642f));
        lots.next();
        lots
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is at least 1.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A number from 0 to 1, exclusive.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Once in `of`.
    pub(crate) fn once_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }
}
