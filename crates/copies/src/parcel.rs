//! Parcels: the journal in pieces, each sealed once more, so that a holder sees sizes and times and nothing else.
//!
//! A journal only grows, so it is cut at fixed places: parcels of 4 MiB, and behind the last whole one segments of
//! 256 KiB, of which the last one is short. A journal that grew has the same parcels as before but for that last one,
//! which is superseded, and for sixteen segments that become a parcel. So a byte is sent twice or so, and what has to be
//! sent again because a little was added is at most a segment.
//!
//! The nonce comes from what is sealed: the same piece gives the same bytes, so that a share that was lost can be made
//! again and still has its name.

use didymos_identity::Secret32;
use didymos_identity::sealed::{OpenError, SealingKey, derive};
use minicbor::{Decode, Encode};

/// Bytes of a whole parcel.
pub const PARCEL_BYTES: u64 = 4 << 20;
/// Bytes of a whole segment.
pub const SEGMENT_BYTES: u64 = 256 << 10;

/// A stretch of the journal file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Span {
    /// Its first byte.
    #[n(0)]
    pub begins: u64,
    /// How many bytes.
    #[n(1)]
    pub len: u32,
}

impl Span {
    /// The first byte after it.
    #[must_use]
    pub fn ends(&self) -> u64 {
        self.begins.saturating_add(u64::from(self.len))
    }
}

/// The pieces of a journal of `len` bytes, in order.
#[must_use]
pub fn cut(len: u64) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut begins = 0;
    while begins < len {
        let left = len - begins;
        let size = if left >= PARCEL_BYTES { PARCEL_BYTES } else { left.min(SEGMENT_BYTES) };
        spans.push(Span { begins, len: size as u32 });
        begins += size;
    }
    spans
}

/// The keys of an owner's parcels and manifests, all from the vault key.
pub struct CopyKeys {
    parcel: SealingKey,
    nonce: Secret32,
    pub(crate) manifest: SealingKey,
}

fn label(span: Span) -> Vec<u8> {
    let mut label = b"parcel 1".to_vec();
    label.extend_from_slice(&span.begins.to_be_bytes());
    label.extend_from_slice(&span.len.to_be_bytes());
    label
}

impl CopyKeys {
    /// The keys that grow from the vault key.
    #[must_use]
    pub fn new(vault_key: &Secret32) -> Self {
        let key = |purpose: &[u8]| derive(vault_key, "copies", purpose);
        Self {
            parcel: SealingKey::new(&key(b"parcel")),
            nonce: key(b"parcel nonce"),
            manifest: SealingKey::new(&key(b"manifest")),
        }
    }

    /// Seals the bytes of `span`. The same bytes at the same place give the same sealed bytes.
    #[must_use]
    pub fn seal(&self, span: Span, plain: &[u8]) -> Vec<u8> {
        let label = label(span);
        let mut hasher = blake3::Hasher::new_keyed(self.nonce.as_bytes());
        let digest = hasher.update(&label).update(plain).finalize();
        let mut nonce = [0; 24];
        nonce.copy_from_slice(&digest.as_bytes()[..24]);
        self.parcel.seal(nonce, &label, plain)
    }

    /// Opens what was sealed for `span`.
    pub fn open(&self, span: Span, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let mut plain = Vec::new();
        self.parcel.open_into(&label(span), sealed, &mut plain)?;
        Ok(plain)
    }
}

/// Bytes of a sealed parcel.
#[must_use]
pub fn sealed_len(span: Span) -> usize {
    span.len as usize + didymos_identity::sealed::OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_journal_that_grew_keeps_its_parcels_but_for_the_last() {
        for (before, after) in
            [(10, 11), (SEGMENT_BYTES, SEGMENT_BYTES + 1), (PARCEL_BYTES + 5, PARCEL_BYTES + 400_000)]
        {
            let (old, new) = (cut(before), cut(after));
            let kept = old.iter().filter(|span| new.contains(span)).count();
            assert!(kept + 1 >= old.len(), "{before} {after}");
        }
        assert_eq!(cut(PARCEL_BYTES - 1).len(), 16);
        assert_eq!(cut(PARCEL_BYTES).len(), 1);
        assert!(cut(0).is_empty());
    }

    proptest! {
        #[test]
        fn parcels_lie_side_by_side_and_are_bounded(len in 0u64..40_000_000) {
            let spans = cut(len);
            let mut end = 0;
            for span in &spans {
                prop_assert_eq!(span.begins, end);
                prop_assert!(span.len > 0 && u64::from(span.len) <= PARCEL_BYTES);
                end = span.ends();
            }
            prop_assert_eq!(end, len);
            prop_assert!(spans.len() as u64 <= len / PARCEL_BYTES + 16);
        }

        #[test]
        fn a_parcel_opens_where_it_belongs_and_nowhere_else(plain in prop::collection::vec(any::<u8>(), 1..300), begins: u64) {
            let keys = CopyKeys::new(&Secret32::from_bytes([1; 32]));
            let span = Span { begins, len: plain.len() as u32 };
            let sealed = keys.seal(span, &plain);
            prop_assert_eq!(sealed.len(), sealed_len(span));
            prop_assert_eq!(&keys.seal(span, &plain), &sealed, "made again, it is the same");
            prop_assert_eq!(keys.open(span, &sealed).expect("ours"), plain);
            let elsewhere = Span { begins: begins ^ 1, ..span };
            prop_assert!(keys.open(elsewhere, &sealed).is_err());
            prop_assert!(CopyKeys::new(&Secret32::from_bytes([2; 32])).open(span, &sealed).is_err());
        }
    }
}
