//! A secret among several people: any `threshold` of them can put it together again, and fewer learn nothing.
//!
//! Shamir's scheme (Communications of the ACM 22, 1979) over the scalars of Ristretto255 (RFC 9496), made verifiable by
//! Pedersen's commitments (CRYPTO '91): two random polynomials *f* and *g* of degree `threshold − 1`; the secret is
//! *f*(0); person *i* gets *f*(*i*) and *g*(*i*); and `C_j = f_j·G + g_j·H` are told to everybody. Who gets a share checks
//!
//! ```text
//! f(i)·G + g(i)·H  =  Σ C_j · i^j
//! ```
//!
//! so that a wrong share is noticed when it is given and a lying one when it is given back. The commitments hide the
//! secret perfectly, also from whoever will be able to compute discrete logarithms one day; a person who keeps a share
//! for ten years keeps the commitments as long.

use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT as G;
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use didymos_identity::{Secret32, derive};
use minicbor::{Decode, Encode};
use std::fmt;
use std::sync::LazyLock;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The most people that a secret is split among.
pub const PEOPLE_MAX: u8 = 32;
/// The fewest of them that it may take.
pub const THRESHOLD_MIN: u8 = 2;

/// The second base point: nobody knows its logarithm, since it comes out of a hash.
static H: LazyLock<RistrettoPoint> =
    LazyLock::new(|| RistrettoPoint::from_uniform_bytes(&wide("didymos 2026 guardian second base point v1", &[])));

/// One commitment: a compressed point.
pub type Point = [u8; 32];

/// One person's share. Wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq, Encode, Decode, Zeroize, ZeroizeOnDrop)]
#[cbor(array)]
pub struct Share {
    /// Whose it is: 1 to [`PEOPLE_MAX`].
    #[n(0)]
    pub index: u8,
    #[cbor(n(1), with = "minicbor::bytes")]
    value: [u8; 32],
    #[cbor(n(2), with = "minicbor::bytes")]
    blind: [u8; 32],
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({}, …)", self.index)
    }
}

/// Why there can be no such splitting, or no putting together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// Numbers that make no sense.
    #[error("it takes 2 to {PEOPLE_MAX} people, and a number of them that is at least 2 and no more than there are")]
    Numbers,
    /// Fewer shares than it takes.
    #[error("{have} shares are here and {need} are needed")]
    TooFew {
        /// Sound ones of different people.
        have: u8,
        /// The threshold.
        need: u8,
    },
    /// The commitments are no points.
    #[error("the commitments are damaged")]
    Commitments,
}

/// A secret, split.
pub struct Split {
    /// The key that grows from the secret.
    pub key: Secret32,
    /// One commitment per coefficient; as many as the threshold.
    pub commitments: Vec<Point>,
    /// One per person, in order.
    pub shares: Vec<Share>,
}

fn wide(purpose: &'static str, parts: &[&[u8]]) -> [u8; 64] {
    let mut hasher = blake3::Hasher::new_derive_key(purpose);
    for part in parts {
        hasher.update(part);
    }
    let mut bytes = [0; 64];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

fn coefficients(seed: &Secret32, which: u8, threshold: u8) -> Zeroizing<Vec<Scalar>> {
    let one = |at: u8| {
        let bytes = Zeroizing::new(wide("didymos 2026 guardian coefficient v1", &[seed.as_bytes(), &[which, at]]));
        Scalar::from_bytes_mod_order_wide(&bytes)
    };
    Zeroizing::new((0..threshold).map(one).collect())
}

fn evaluate(coefficients: &[Scalar], at: u8) -> Scalar {
    coefficients.iter().rev().fold(Scalar::ZERO, |sum, coefficient| sum * Scalar::from(at) + coefficient)
}

fn key_of(secret: &Scalar) -> Secret32 {
    derive(&Secret32::from_bytes(secret.to_bytes()), "guardian lock", b"")
}

/// Splits a fresh secret among `people`. The `seed` has to be fresh randomness.
pub fn split(threshold: u8, people: u8, seed: &Secret32) -> Result<Split, ShareError> {
    if !(THRESHOLD_MIN..=people).contains(&threshold) || people > PEOPLE_MAX {
        return Err(ShareError::Numbers);
    }
    let (values, blinds) = (coefficients(seed, 0, threshold), coefficients(seed, 1, threshold));
    let commit = |(value, blind): (&Scalar, &Scalar)| (G * value + *H * blind).compress().to_bytes();
    let share = |index: u8| {
        let (value, blind) = (evaluate(&values, index).to_bytes(), evaluate(&blinds, index).to_bytes());
        Share { index, value, blind }
    };
    Ok(Split {
        key: key_of(&values[0]),
        commitments: values.iter().zip(blinds.iter()).map(commit).collect(),
        shares: (1..=people).map(share).collect(),
    })
}

fn points(commitments: &[Point]) -> Option<Vec<RistrettoPoint>> {
    commitments.iter().map(|bytes| CompressedRistretto(*bytes).decompress()).collect()
}

fn scalar(bytes: &[u8; 32]) -> Option<Scalar> {
    Scalar::from_canonical_bytes(*bytes).into()
}

/// Whether commitments are as many as the threshold, and points.
#[must_use]
pub fn are_sound(commitments: &[Point], threshold: u8) -> bool {
    commitments.len() == usize::from(threshold) && points(commitments).is_some()
}

impl Share {
    /// Whether this is the share that the commitments speak of.
    #[must_use]
    pub fn is_sound(&self, commitments: &[Point]) -> bool {
        let (Some(points), Some(value), Some(blind)) = (points(commitments), scalar(&self.value), scalar(&self.blind))
        else {
            return false;
        };
        if self.index == 0 || self.index > PEOPLE_MAX || points.is_empty() {
            return false;
        }
        let at = Scalar::from(self.index);
        let expected = points.iter().rev().fold(RistrettoPoint::default(), |sum, point| sum * at + point);
        G * value + *H * blind == expected
    }
}

/// The key of the secret, from sound shares. What is not sound, or doubled, is passed over.
pub fn combine(shares: &[Share], commitments: &[Point]) -> Result<Secret32, ShareError> {
    points(commitments).ok_or(ShareError::Commitments)?;
    let mut sound: Vec<&Share> = shares.iter().filter(|share| share.is_sound(commitments)).collect();
    sound.sort_by_key(|share| share.index);
    sound.dedup_by_key(|share| share.index);
    let need = commitments.len();
    if sound.len() < need || need == 0 {
        return Err(ShareError::TooFew { have: sound.len() as u8, need: need as u8 });
    }
    sound.truncate(need);
    interpolate(&sound).map(|secret| key_of(&secret)).ok_or(ShareError::Commitments)
}

/// The polynomial through these shares, at zero (Lagrange).
fn interpolate(shares: &[&Share]) -> Option<Zeroizing<Scalar>> {
    let mut secret = Zeroizing::new(Scalar::ZERO);
    for share in shares {
        let at = Scalar::from(share.index);
        let others = shares.iter().filter(|other| other.index != share.index).map(|other| Scalar::from(other.index));
        let (over, under) =
            others.fold((Scalar::ONE, Scalar::ONE), |(over, under), other| (over * other, under * (other - at)));
        let value = Zeroizing::new(scalar(&share.value)?);
        *secret += *value * over * under.invert();
    }
    Some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seed(number: u8) -> Secret32 {
        Secret32::from_bytes([number; 32])
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused() {
        for (threshold, people) in [(0, 3), (1, 3), (4, 3), (2, 1), (2, 33)] {
            assert_eq!(split(threshold, people, &seed(1)).map(|_| ()), Err(ShareError::Numbers));
        }
    }

    #[test]
    fn a_lying_share_is_known_and_does_not_count() {
        let Split { key, commitments, mut shares } = split(2, 3, &seed(1)).expect("sound");
        assert!(shares.iter().all(|share| share.is_sound(&commitments)));
        let other = split(2, 3, &seed(2)).expect("sound");
        assert!(!other.shares[0].is_sound(&commitments));
        shares[0].value[0] ^= 1;
        assert!(!shares[0].is_sound(&commitments));
        assert_eq!(combine(&shares, &commitments).as_ref(), Ok(&key));
        shares[2].blind[0] ^= 1;
        assert_eq!(combine(&shares, &commitments), Err(ShareError::TooFew { have: 1, need: 2 }));
        // The same share twice is one share.
        let twice = [shares[1].clone(), shares[1].clone()];
        assert_eq!(combine(&twice, &commitments), Err(ShareError::TooFew { have: 1, need: 2 }));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn any_so_many_give_the_secret_and_fewer_do_not(bytes: [u8; 32], people in 2u8..9, pick: [u8; 16]) {
            let threshold = 2 + bytes[0] % (people - 1);
            let Split { key, commitments, shares } = split(threshold, people, &Secret32::from_bytes(bytes)).expect("sound");
            let mut order: Vec<usize> = (0..shares.len()).collect();
            order.sort_by_key(|at| pick[*at]);
            let some = |count: usize| order[..count].iter().map(|at| shares[*at].clone()).collect::<Vec<_>>();
            let combined = combine(&some(usize::from(threshold)), &commitments);
            prop_assert_eq!(combined.as_ref(), Ok(&key));
            let few = some(usize::from(threshold) - 1);
            let need = threshold;
            prop_assert_eq!(combine(&few, &commitments), Err(ShareError::TooFew { have: need - 1, need }));
        }

        #[test]
        fn one_share_too_few_fits_every_secret_equally(bytes: [u8; 32], guess: [u8; 32], threshold in 2u8..6) {
            // Through the shares that somebody has and any secret at all goes one polynomial of the right degree: so the
            // shares speak for none of them. (That the commitments do not either is Pedersen's theorem.)
            let Split { key, shares, .. } = split(threshold, threshold, &Secret32::from_bytes(bytes)).expect("sound");
            let guess = Scalar::from_bytes_mod_order(guess);
            let mut known = vec![(Scalar::ZERO, guess)];
            let have = shares[..usize::from(threshold) - 1].iter();
            known.extend(have.map(|share| (Scalar::from(share.index), scalar(&share.value).expect("a scalar"))));
            let at = Scalar::from(threshold);
            let missing: Scalar = known
                .iter()
                .map(|(x, y)| {
                    let basis = known.iter().filter(|(other, _)| other != x);
                    basis.fold(*y, |sum, (other, _)| sum * (at - other) * (x - other).invert())
                })
                .sum();
            let mut fitted = shares.clone();
            let last = usize::from(threshold) - 1;
            fitted[last].value = missing.to_bytes();
            // Each of these shares with blinds of its own is committed to as well as any other.
            let secret = interpolate(&fitted.iter().collect::<Vec<_>>()).expect("scalars");
            prop_assert_eq!(*secret, guess);
            prop_assert!(key_of(&secret) != key);
        }

        #[test]
        fn no_bytes_panic(index: u8, value: [u8; 32], blind: [u8; 32], points: Vec<[u8; 32]>) {
            let _ = Share { index, value, blind }.is_sound(&points);
        }
    }
}
