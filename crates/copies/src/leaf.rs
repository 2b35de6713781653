//! A share's name, and showing pieces of it.
//!
//! A share is named by the root of a hash tree over its leaves of 1 KiB. So whoever knows the name alone can ask for any
//! leaf and check the answer: which leaves are asked for is drawn at random each time, and only who still has them can
//! answer. A holder that has lost a part `f` of its bytes passes a challenge of `c` leaves with probability `(1 - f)^c`.

use didymos_base::{Digest, merkle};

/// Bytes of a leaf; the last one of a share may be shorter.
pub const LEAF_BYTES: usize = 1024;
/// The longest share, in bytes: a whole parcel in one.
pub const SHARE_BYTES_MAX: usize = (crate::parcel::PARCEL_BYTES as usize) + 4096;
/// The longest way up, in hashes.
pub const PATH_MAX: usize = 16;
/// One block of BLAKE3 per leaf, set apart from all other hashes.
const LEAF_KEY: &[u8; 32] = b"didymos/copies/leaf-of-share/v1\0";

/// How many leaves `len` bytes have.
#[must_use]
pub fn leaf_count(len: usize) -> u32 {
    len.div_ceil(LEAF_BYTES) as u32
}

fn hash(leaf: &[u8]) -> Digest {
    blake3::keyed_hash(LEAF_KEY, leaf).into()
}

fn leaves(share: &[u8]) -> Vec<Digest> {
    share.chunks(LEAF_BYTES).map(hash).collect()
}

/// The name of a share.
#[must_use]
pub fn name_of(share: &[u8]) -> Digest {
    merkle::root(&leaves(share))
}

/// A leaf, and the hashes beside its way up. None past the end.
#[must_use]
pub fn prove(share: &[u8], leaf: u32) -> Option<(Vec<u8>, Vec<Digest>)> {
    let path = merkle::path(&leaves(share), leaf as usize)?;
    let bytes = share.chunks(LEAF_BYTES).nth(leaf as usize)?;
    Some((bytes.to_vec(), path))
}

/// Whether `bytes` is leaf number `leaf` of the share of `len` bytes with this name.
#[must_use]
pub fn holds(name: &Digest, len: usize, leaf: u32, bytes: &[u8], path: &[Digest]) -> bool {
    let count = u64::from(leaf_count(len));
    let begins = leaf as usize * LEAF_BYTES;
    bytes.len() == len.saturating_sub(begins).min(LEAF_BYTES)
        && path.len() <= PATH_MAX
        && merkle::root_from_path(hash(bytes), u64::from(leaf), count, path) == Some(*name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_leaf_shows_itself_and_nothing_else_does(len in 1usize..20_000, at: u32, flip: usize) {
            let share: Vec<u8> = (0..len).map(|i| (i * 31 / 7) as u8).collect();
            let name = name_of(&share);
            let leaf = at % leaf_count(len);
            let (bytes, path) = prove(&share, leaf).expect("inside");
            prop_assert!(holds(&name, len, leaf, &bytes, &path));
            prop_assert!(!holds(&name, len, (leaf + 1) % leaf_count(len), &bytes, &path) || leaf_count(len) == 1);
            let mut wrong = bytes.clone();
            let flip = flip % wrong.len();
            wrong[flip] ^= 1;
            prop_assert!(!holds(&name, len, leaf, &wrong, &path));
            prop_assert!(prove(&share, leaf_count(len)).is_none());
            let mut rotten = share.clone();
            rotten[flip] ^= 1;
            prop_assert_ne!(name_of(&rotten), name);
        }
    }
}
