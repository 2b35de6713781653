//! Thirty-two secret bytes.

use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A 256-bit secret: wiped when dropped, compared in constant time, never printed.
///
/// It lives on the heap, so that moving the value moves a pointer and leaves no copy of the secret behind.
#[derive(Clone)]
pub struct Secret32(Box<[u8; 32]>);

impl Secret32 {
    /// Takes the bytes over and wipes the copy that was passed. The caller's own copy, if any, is the caller's to wipe.
    #[must_use]
    pub fn from_bytes(mut bytes: [u8; 32]) -> Self {
        let secret = Self::build(|place| place.copy_from_slice(&bytes));
        bytes.zeroize();
        secret
    }

    /// A secret that `fill` writes straight into its final place.
    pub(crate) fn build(fill: impl FnOnce(&mut [u8; 32])) -> Self {
        let mut place = Box::new([0; 32]);
        fill(&mut place);
        Self(place)
    }

    /// The secret itself. Copies made of it are not wiped.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A copy that wipes itself.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*self.0)
    }
}

impl Drop for Secret32 {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Secret32 {}

impl PartialEq for Secret32 {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl Eq for Secret32 {}

impl fmt::Debug for Secret32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret32(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_compares_and_does_not_print() {
        let one = Secret32::from_bytes([0xab; 32]);
        assert_eq!(one, one.clone());
        assert_ne!(one, Secret32::from_bytes([0xac; 32]));
        assert_eq!(format!("{one:?}"), "Secret32(…)");
        assert_eq!(*one.to_bytes(), [0xab; 32]);
    }
}
