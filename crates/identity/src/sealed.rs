//! Sealing: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), and keys derived from keys (HKDF-SHA256, RFC 5869).
//!
//! Sealed bytes are `nonce (24) || ciphertext || tag (16)`, so they are [`OVERHEAD`] longer than what went in. A nonce
//! may be drawn at random: with 192 bits two never meet. The associated data (`aad`) is not stored; whoever opens must
//! name the same, which binds sealed bytes to the place where they belong.
//!
//! ```
//! use didymos_identity::{Secret32, SealingKey, derive};
//!
//! let vault = Secret32::from_bytes([1; 32]);
//! let key = SealingKey::new(&derive(&vault, "stream", b"heart_rate"));
//! let sealed = key.seal([2; 24], b"chunk 7", b"62 bpm");
//! assert_eq!(key.open(b"chunk 7", &sealed).expect("ours").as_slice(), b"62 bpm");
//! assert!(key.open(b"chunk 8", &sealed).is_err());
//! ```

use crate::Secret32;
use chacha20poly1305::aead::{AeadInOut, KeyInit, inout::InOutBuf};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a nonce.
pub const NONCE_LEN: usize = 24;
/// Bytes of an authentication tag.
pub const TAG_LEN: usize = 16;
/// How much longer sealed bytes are than plain ones.
pub const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

/// The bytes were not sealed under this key for this place, or were changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Shorter than a nonce and a tag.
    #[error("sealed bytes are cut short; restore them from a copy")]
    TooShort,
    /// The tag does not fit.
    #[error("sealed bytes are damaged or belong to another key or place; restore them from a copy")]
    NotAuthentic,
}

/// A key prepared for sealing many things. Wiped when dropped.
pub struct SealingKey(Box<XChaCha20Poly1305>);

impl SealingKey {
    /// Prepares `key`.
    #[must_use]
    pub fn new(key: &Secret32) -> Self {
        Self(Box::new(XChaCha20Poly1305::new(key.as_bytes().into())))
    }

    /// Seals a copy of `plain`. Never use one nonce twice under one key.
    #[must_use]
    pub fn seal(&self, nonce: [u8; NONCE_LEN], aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD);
        self.seal_into(nonce, aad, plain, &mut sealed);
        sealed
    }

    /// Like [`seal`](Self::seal), into a buffer that is used again and again; what it held is replaced.
    pub fn seal_into(&self, nonce: [u8; NONCE_LEN], aad: &[u8], plain: &[u8], sealed: &mut Vec<u8>) {
        sealed.resize(plain.len() + OVERHEAD, 0);
        sealed[..NONCE_LEN].copy_from_slice(&nonce);
        let (text, tag) = sealed[NONCE_LEN..].split_at_mut(plain.len());
        // The two slices have one length, so the pair is always there.
        if let Ok(buffer) = InOutBuf::new(plain, text) {
            tag.copy_from_slice(&self.encrypt(nonce, aad, buffer));
        }
    }

    /// Replaces the plain bytes in `buffer` by the sealed ones. Where the buffer must grow, the plain bytes are wiped
    /// from the old place.
    pub fn seal_in_place(&self, nonce: [u8; NONCE_LEN], aad: &[u8], buffer: &mut Vec<u8>) {
        let plain_len = buffer.len();
        if buffer.capacity() < plain_len + OVERHEAD {
            let mut grown = Vec::with_capacity(plain_len + OVERHEAD);
            grown.extend_from_slice(buffer);
            std::mem::replace(buffer, grown).zeroize();
        }
        buffer.resize(plain_len + OVERHEAD, 0);
        buffer.copy_within(..plain_len, NONCE_LEN);
        buffer[..NONCE_LEN].copy_from_slice(&nonce);
        let (text, tag) = buffer[NONCE_LEN..].split_at_mut(plain_len);
        tag.copy_from_slice(&self.encrypt(nonce, aad, text.into()));
    }

    /// Opens a copy.
    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let mut plain = Zeroizing::new(Vec::new());
        self.open_into(aad, sealed, &mut plain)?;
        Ok(plain)
    }

    /// Opens into a buffer that is used again and again; what it held is replaced, also on failure. The buffer is not
    /// wiped: that is for its owner to do at the end.
    pub fn open_into(&self, aad: &[u8], sealed: &[u8], plain: &mut Vec<u8>) -> Result<(), OpenError> {
        let (nonce, text, tag) = parts(sealed).inspect_err(|_| plain.clear())?;
        plain.resize(text.len(), 0);
        let buffer = InOutBuf::new(text, plain.as_mut_slice()).map_err(|_| OpenError::NotAuthentic)?;
        let opened = self.0.decrypt_inout_detached(&nonce, aad, buffer, &tag);
        opened.map_err(|_| plain.clear()).map_err(|()| OpenError::NotAuthentic)
    }

    /// Opens where the sealed bytes lie and returns the plain part. On failure the bytes stay as they were.
    pub fn open_in_place<'a>(&self, aad: &[u8], sealed: &'a mut [u8]) -> Result<&'a [u8], OpenError> {
        let (nonce, text, tag) = parts(sealed)?;
        let range = NONCE_LEN..NONCE_LEN + text.len();
        let text = &mut sealed[range];
        let opened = self.0.decrypt_inout_detached(&nonce, aad, (&mut *text).into(), &tag);
        opened.map_err(|_| OpenError::NotAuthentic)?;
        Ok(text)
    }

    fn encrypt(&self, nonce: [u8; NONCE_LEN], aad: &[u8], buffer: InOutBuf<'_, '_, u8>) -> Tag {
        match self.0.encrypt_inout_detached(&nonce.into(), aad, buffer) {
            Ok(tag) => tag,
            // The cipher refuses only what is longer than 256 GiB, which does not fit into memory.
            Err(_) => unreachable!("more than 256 GiB sealed at once"),
        }
    }
}

fn parts(sealed: &[u8]) -> Result<(XNonce, &[u8], Tag), OpenError> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(OpenError::TooShort)?;
    let (text, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(OpenError::TooShort)?;
    Ok(((*nonce).into(), text, (*tag).into()))
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// Seals one thing under `key`; for many, prepare a [`SealingKey`].
#[must_use]
pub fn seal(key: &Secret32, nonce: [u8; NONCE_LEN], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    SealingKey::new(key).seal(nonce, aad, plain)
}

/// Opens one thing; for many, prepare a [`SealingKey`].
pub fn open(key: &Secret32, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    SealingKey::new(key).open(aad, sealed)
}

/// The key for `purpose` and `info` that grows from `key`. Knowing it tells nothing about `key` or about any other.
///
/// HKDF-SHA256 with salt `didymos/derive/v1` and info `u64 length of purpose, big endian || purpose || info`, so that
/// no two pairs of purpose and info can run into each other.
#[must_use]
pub fn derive(key: &Secret32, purpose: &str, info: &[u8]) -> Secret32 {
    let length = (purpose.len() as u64).to_be_bytes();
    expand(b"didymos/derive/v1", key.as_bytes(), &[&length, purpose.as_bytes(), info])
}

/// HKDF-SHA256 to 32 bytes.
pub(crate) fn expand(salt: &[u8], key: &[u8], info: &[&[u8]]) -> Secret32 {
    let hkdf = Hkdf::<Sha256>::new(Some(salt), key);
    Secret32::build(|place| {
        // HKDF refuses only more than 255 × 32 bytes of output (RFC 5869 §2.3).
        if hkdf.expand_multi_info(info, place).is_err() {
            unreachable!("32 bytes of HKDF output are always to be had");
        }
    })
}
