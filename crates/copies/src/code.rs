//! Shares of a parcel: any `need` of them give it back (Reed–Solomon over GF(2^16), Lin, Han and Chung 2014).
//!
//! Shares are numbered, and share *n* of a parcel is the same whatever other shares are made of it: a friend who joins
//! gets a number of their own and nobody else's share changes. Numbers below `need` are the parcel itself in slices.

use reed_solomon_simd::engine::DefaultEngine;
use reed_solomon_simd::rate::{LowRateDecoder, LowRateEncoder, RateDecoder, RateEncoder};

/// The most shares that can be needed.
pub const NEED_MAX: u8 = 16;
/// Numbers are below this.
pub const NUMBERS_MAX: u8 = 128;
/// Lengths of shares are multiples of this.
const STEP: usize = 64;

/// Why shares cannot be made, or give no parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Fewer different shares than are needed.
    #[error("too few shares: {have} of {need}")]
    TooFew {
        /// Different shares of the right length.
        have: usize,
        /// As many are needed.
        need: u8,
    },
    /// Nonsense was asked.
    #[error("1 to {NEED_MAX} shares can be needed, with numbers below {NUMBERS_MAX}")]
    Bounds,
}

/// Bytes of one share of `len` bytes.
#[must_use]
pub fn share_len(len: usize, need: u8) -> usize {
    len.div_ceil(usize::from(need.max(1))).next_multiple_of(STEP)
}

fn bounds(need: u8, numbers: impl Iterator<Item = u8>) -> Result<usize, CodeError> {
    let mut highest = 0;
    for number in numbers {
        highest = highest.max(number);
    }
    if !(1..=NEED_MAX).contains(&need) || highest >= NUMBERS_MAX {
        return Err(CodeError::Bounds);
    }
    Ok(usize::from(highest))
}

/// The shares of `sealed` with these numbers, in their order.
pub fn encode(sealed: &[u8], need: u8, numbers: &[u8]) -> Result<Vec<Vec<u8>>, CodeError> {
    let highest = bounds(need, numbers.iter().copied())?;
    let (count, len) = (usize::from(need), share_len(sealed.len(), need));
    let mut padded = sealed.to_vec();
    padded.resize(len * count, 0);
    let slice = |at: usize| &padded[at * len..(at + 1) * len];
    if need == 1 {
        return Ok(numbers.iter().map(|_| padded.clone()).collect());
    }
    if highest < count {
        return Ok(numbers.iter().map(|number| slice(usize::from(*number)).to_vec()).collect());
    }
    let recovery = highest + 1 - count;
    let impossible = |_| CodeError::Bounds;
    let mut encoder = LowRateEncoder::new(count, recovery, len, DefaultEngine::new(), None).map_err(impossible)?;
    for at in 0..count {
        encoder.add_original_shard(slice(at)).map_err(impossible)?;
    }
    let made = encoder.encode().map_err(impossible)?;
    let share = |number: &u8| {
        let number = usize::from(*number);
        let bytes = if number < count { Some(slice(number)) } else { made.recovery(number - count) };
        bytes.map(<[u8]>::to_vec).ok_or(CodeError::Bounds)
    };
    numbers.iter().map(share).collect()
}

/// The `len` bytes that `shares` (number and bytes) were made of. More than needed do no harm, nor does one twice; but
/// each has to be sound: check its name first.
pub fn decode(len: usize, need: u8, shares: &[(u8, Vec<u8>)]) -> Result<Vec<u8>, CodeError> {
    bounds(need, shares.iter().map(|(number, _)| *number))?;
    let (count, size) = (usize::from(need), share_len(len, need));
    let mut chosen: Vec<&(u8, Vec<u8>)> = shares.iter().filter(|(_, bytes)| bytes.len() == size).collect();
    chosen.sort_by_key(|(number, _)| *number);
    chosen.dedup_by_key(|(number, _)| *number);
    if chosen.len() < count {
        return Err(CodeError::TooFew { have: chosen.len(), need });
    }
    chosen.truncate(count);
    if need == 1 {
        let mut whole = chosen[0].1.clone();
        whole.truncate(len);
        return Ok(whole);
    }
    let mut whole = vec![0; size * count];
    let mut lacking: Vec<usize> = (0..count).collect();
    for (number, bytes) in chosen.iter().filter(|(number, _)| usize::from(*number) < count) {
        let at = usize::from(*number);
        whole[at * size..(at + 1) * size].copy_from_slice(bytes);
        lacking.retain(|slice| *slice != at);
    }
    if !lacking.is_empty() {
        let impossible = |_| CodeError::Bounds;
        let highest = chosen.last().map_or(0, |(number, _)| usize::from(*number));
        let recovery = highest + 1 - count;
        let mut decoder = LowRateDecoder::new(count, recovery, size, DefaultEngine::new(), None).map_err(impossible)?;
        for (number, bytes) in chosen {
            let number = usize::from(*number);
            if number < count {
                decoder.add_original_shard(number, bytes).map_err(impossible)?;
            } else {
                decoder.add_recovery_shard(number - count, bytes).map_err(impossible)?;
            }
        }
        let result = decoder.decode().map_err(impossible)?;
        for at in lacking {
            let bytes = result.restored_original(at).ok_or(CodeError::Bounds)?;
            whole[at * size..(at + 1) * size].copy_from_slice(bytes);
        }
    }
    whole.truncate(len);
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(len: usize) -> Vec<u8> {
        (0..len).map(|at| (at.wrapping_mul(2_654_435_761) >> 7) as u8).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_k_of_n_shares_bring_back_every_byte(
            need in 1u8..=8,
            more in 0u8..=8,
            len in 1usize..5_000,
            order in prop::collection::vec(any::<u16>(), 16),
        ) {
            let numbers: Vec<u8> = (0..need + more).collect();
            let whole = pattern(len);
            let shares = encode(&whole, need, &numbers).expect("made");
            let mut chosen: Vec<(u8, Vec<u8>)> = numbers.iter().copied().zip(shares).collect();
            chosen.sort_by_key(|(number, _)| order[usize::from(*number)]);
            chosen.truncate(usize::from(need));
            prop_assert_eq!(decode(len, need, &chosen).expect("enough"), whole);
            chosen.pop();
            let have = chosen.len();
            prop_assert_eq!(decode(len, need, &chosen), Err(CodeError::TooFew { have, need }));
        }

        #[test]
        fn a_share_is_the_same_whatever_others_are_made(need in 1u8..=6, number in 0u8..40, others in prop::collection::vec(0u8..60, 0..6)) {
            let whole = pattern(1_000);
            let alone = encode(&whole, need, &[number]).expect("made");
            let mut numbers = others;
            numbers.push(number);
            let among = encode(&whole, need, &numbers).expect("made");
            prop_assert_eq!(alone.last(), among.last());
        }
    }

    #[test]
    fn what_is_beyond_bounds_is_refused() {
        assert_eq!(encode(&[1], 0, &[0]), Err(CodeError::Bounds));
        assert_eq!(encode(&[1], 17, &[0]), Err(CodeError::Bounds));
        assert_eq!(encode(&[1], 3, &[128]), Err(CodeError::Bounds));
        assert_eq!(decode(10, 2, &[(0, vec![0; 64]), (0, vec![0; 64])]), Err(CodeError::TooFew { have: 1, need: 2 }));
    }
}
