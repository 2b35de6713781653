//! Lots drawn from a seed: `SplitMix64` (Steele, Lea, Flood 2014). Everything that happens by chance in a town comes
//! from here, keys included: nothing is kept secret in it.

/// A sequence of lots.
#[derive(Clone, Debug)]
pub struct Lots(u64);

impl Lots {
    /// The lots of one purpose: each has its own, so that drawing more for one changes nothing for another.
    #[must_use]
    pub fn of(seed: u64, purpose: u64) -> Self {
        let mut lots = Self(seed ^ purpose.wrapping_mul(0xa076_1d64_78bd_642f));
        lots.draw();
        lots
    }

    /// The next one.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: u64) -> u64 {
        self.draw() % end.max(1)
    }

    /// A place among `len` of them, which is at least 1.
    pub fn place(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// Once in `of`.
    pub fn once_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    /// So many times in 256.
    pub fn hits(&mut self, of_256: u8) -> bool {
        self.below(256) < u64::from(of_256)
    }

    /// Fills bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.draw().to_le_bytes()[..part.len()]);
        }
    }

    /// So many bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}
