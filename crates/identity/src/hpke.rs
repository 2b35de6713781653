//! Sealing to somebody who holds a key: HPKE (RFC 9180), base mode, one message each, with DHKEM(X25519, HKDF-SHA256),
//! HKDF-SHA256 and ChaCha20-Poly1305.
//!
//! Sealed bytes are `encapsulated key (32) || ciphertext || tag (16)`. Base mode says nothing about who sealed: what
//! matters is signed inside, or outside.
//!
//! A device's signing key also opens: its Ed25519 key maps to an X25519 key, so that something can be sealed to a device
//! that is away and has never been asked for another key. Using one key pair for both is sound for Ed25519 and a KEM on
//! X25519 (Thormarker, "On using the same key pair for Ed25519 and an X25519 based KEM", 2021).

use crate::{OpenError, ResolveError, Secret32, SigningKey, resolve_key};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use curve25519_dalek::MontgomeryPoint;
use didymos_base::Did;
use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// The public half (X25519).
pub type PublicKey = [u8; 32];

/// How much longer sealed bytes are than plain ones.
pub const OVERHEAD: usize = 32 + 16;

const KEM: &[u8] = b"KEM\x00\x20";
const SUITE: &[u8] = b"HPKE\x00\x20\x00\x01\x00\x03";

/// The secret half: opens what was sealed to its public half. Wiped when dropped.
#[derive(Clone)]
pub struct Opener(Secret32);

impl Opener {
    /// The key with these 32 secret bytes.
    #[must_use]
    pub fn new(secret: Secret32) -> Self {
        Self(secret)
    }

    /// The one that belongs to a device's signing key.
    #[must_use]
    pub fn of_device(key: &SigningKey) -> Self {
        Self(key.to_x25519())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        MontgomeryPoint::mul_base_clamped(*self.0.as_bytes()).to_bytes()
    }

    /// Opens what was sealed to this key for the same `info` and `aad`.
    pub fn open(&self, info: &[u8], aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (enc, text) = sealed.split_first_chunk::<32>().ok_or(OpenError::TooShort)?;
        let shared = shared(enc, &self.0, enc, &self.public()).ok_or(OpenError::NotAuthentic)?;
        let (key, nonce) = schedule(&shared, info);
        let cipher = ChaCha20Poly1305::new(key.as_bytes().into());
        cipher
            .decrypt(&Nonce::from(nonce), Payload { msg: text, aad })
            .map(Zeroizing::new)
            .map_err(|_| OpenError::NotAuthentic)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opener(…)")
    }
}

/// The public key that a device opens with.
pub fn public_of_device(device: &Did) -> Result<PublicKey, ResolveError> {
    Ok(resolve_key(device)?.to_x25519())
}

/// Seals a copy of `plain` to `to`. The `ephemeral` secret has to be fresh randomness. None where `to` is no usable key.
#[must_use]
pub fn seal_to(to: &PublicKey, ephemeral: &Secret32, info: &[u8], aad: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let enc = MontgomeryPoint::mul_base_clamped(*ephemeral.as_bytes()).to_bytes();
    let shared = shared(to, ephemeral, &enc, to)?;
    let (key, nonce) = schedule(&shared, info);
    let cipher = ChaCha20Poly1305::new(key.as_bytes().into());
    let text = cipher.encrypt(&Nonce::from(nonce), Payload { msg: plain, aad }).ok()?;
    Some([enc.as_slice(), &text].concat())
}

/// `Encap` and `Decap` of RFC 9180 §4.1 from the Diffie-Hellman on; none where that gives zero (RFC 7748 §6.1).
fn shared(theirs: &[u8; 32], ours: &Secret32, enc: &[u8; 32], to: &PublicKey) -> Option<Secret32> {
    let dh = Zeroizing::new(MontgomeryPoint(*theirs).mul_clamped(*ours.as_bytes()).to_bytes());
    if *dh == [0; 32] {
        return None;
    }
    let prk = extract(KEM, b"", b"eae_prk", dh.as_slice());
    Some(expand(KEM, &prk, b"shared_secret", &[enc.as_slice(), to].concat()))
}

/// The key schedule of RFC 9180 §5.1 in base mode: key and nonce of the one message.
fn schedule(shared: &Secret32, info: &[u8]) -> (Secret32, [u8; 12]) {
    let psk_id = extract(SUITE, b"", b"psk_id_hash", b"");
    let info = extract(SUITE, b"", b"info_hash", info);
    let context = [[0].as_slice(), psk_id.as_bytes(), info.as_bytes()].concat();
    let secret = extract(SUITE, shared.as_bytes(), b"secret", b"");
    let mut nonce = [0; 12];
    expand_into(SUITE, &secret, b"base_nonce", &context, &mut nonce);
    (expand(SUITE, &secret, b"key", &context), nonce)
}

/// `LabeledExtract` of RFC 9180 §4.
fn extract(suite: &[u8], salt: &[u8], label: &[u8], key: &[u8]) -> Secret32 {
    let labelled = Zeroizing::new([b"HPKE-v1", suite, label, key].concat());
    let (prk, _) = Hkdf::<Sha256>::extract(Some(salt), &labelled);
    Secret32::from_bytes(prk.into())
}

/// `LabeledExpand` of RFC 9180 §4.
fn expand_into(suite: &[u8], prk: &Secret32, label: &[u8], info: &[u8], place: &mut [u8]) {
    let length = (place.len() as u16).to_be_bytes();
    let expanded = Hkdf::<Sha256>::from_prk(prk.as_bytes())
        .map(|hkdf| hkdf.expand_multi_info(&[&length, b"HPKE-v1", suite, label, info], place));
    // A key of hash length, and an output of a few bytes, are always possible (RFC 5869 §2.3).
    if !matches!(expanded, Ok(Ok(()))) {
        unreachable!("a few bytes of HKDF output are always to be had");
    }
}

fn expand(suite: &[u8], prk: &Secret32, label: &[u8], info: &[u8]) -> Secret32 {
    Secret32::build(|place| expand_into(suite, prk, label, info, place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
    }

    fn secret(text: &str) -> Secret32 {
        Secret32::from_bytes(hex(text).try_into().expect("32 bytes"))
    }

    #[test]
    fn the_vector_of_rfc_9180_a_2_1_holds_both_ways() {
        let opener = Opener::new(secret("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb"));
        let ephemeral = secret("f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600");
        let public = hex("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a");
        let info = hex("4f6465206f6e2061204772656369616e2055726e");
        let (aad, plain) = (b"Count-0", b"Beauty is truth, truth beauty");
        assert_eq!(opener.public().to_vec(), public);
        let sealed = seal_to(&opener.public(), &ephemeral, &info, aad, plain).expect("a sound key");
        let expected = "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a\
                        1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28";
        assert_eq!(sealed, hex(expected));
        assert_eq!(opener.open(&info, aad, &sealed).expect("ours").as_slice(), plain);
    }

    #[test]
    fn a_device_opens_what_was_sealed_to_its_did() {
        let device = SigningKey::from_seed(&Secret32::from_bytes([7; 32]));
        let to = public_of_device(device.did()).expect("a key");
        let opener = Opener::of_device(&device);
        assert_eq!(opener.public(), to);
        let sealed = seal_to(&to, &Secret32::from_bytes([9; 32]), b"info", b"aad", b"share").expect("sound");
        assert_eq!(opener.open(b"info", b"aad", &sealed).expect("ours").as_slice(), b"share");
        assert!(Opener::new(Secret32::from_bytes([7; 32])).open(b"info", b"aad", &sealed).is_err());
        assert!(opener.open(b"another", b"aad", &sealed).is_err());
        assert!(opener.open(b"info", b"another", &sealed).is_err());
    }

    #[test]
    fn nothing_is_sealed_to_a_key_of_small_order() {
        assert!(seal_to(&[0; 32], &Secret32::from_bytes([9; 32]), b"", b"", b"share").is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_none_but_ours_open(bytes: Vec<u8>) {
            prop_assert!(Opener::new(Secret32::from_bytes([3; 32])).open(b"", b"", &bytes).is_err());
        }
    }
}
