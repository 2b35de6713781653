//! Hybrid public key encryption (RFC 9180): base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
//!
//! It is the one suite that the circles' MLS groups use. The crates at hand bring a second copy of every primitive;
//! over those that are in the program already it is this page, held against the RFC's own vectors below.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use curve25519_dalek::montgomery::MontgomeryPoint;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of keys, public, private and encapsulated.
pub(crate) const KEY_LEN: usize = 32;

const KEM_SUITE: &[u8] = b"KEM\x00\x20";
const SUITE: &[u8] = b"HPKE\x00\x20\x00\x01\x00\x03";
const VERSION: &[u8] = b"HPKE-v1";

/// A key is not a key, or bytes were not sealed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed;

type Secret = Zeroizing<[u8; KEY_LEN]>;

fn labeled_extract(suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]) -> Hkdf<Sha256> {
    let labeled = Zeroizing::new([VERSION, suite, label, ikm].concat());
    Hkdf::new(Some(salt), &labeled)
}

fn labeled_expand(prk: &Hkdf<Sha256>, suite: &[u8], label: &[u8], info: &[u8], out: &mut [u8]) -> Result<(), Failed> {
    let len = u16::try_from(out.len()).map_err(|_| Failed)?.to_be_bytes();
    prk.expand_multi_info(&[&len, VERSION, suite, label, info], out).map_err(|_| Failed)
}

fn public_of(private: &[u8; KEY_LEN]) -> [u8; KEY_LEN] {
    MontgomeryPoint::mul_base_clamped(*private).to_bytes()
}

/// A key pair from key material, private half first (RFC 9180 §7.1.3).
pub(crate) fn derive_key_pair(ikm: &[u8]) -> Result<(Secret, [u8; KEY_LEN]), Failed> {
    let prk = labeled_extract(KEM_SUITE, b"", b"dkp_prk", ikm);
    let mut private = Zeroizing::new([0; KEY_LEN]);
    labeled_expand(&prk, KEM_SUITE, b"sk", b"", &mut *private)?;
    let public = public_of(&private);
    Ok((private, public))
}

/// X25519 that refuses points of small order (RFC 9180 §7.1.4).
fn diffie_hellman(private: &[u8; KEY_LEN], public: [u8; KEY_LEN]) -> Result<Secret, Failed> {
    let shared = Zeroizing::new(MontgomeryPoint(public).mul_clamped(*private).to_bytes());
    if shared.iter().fold(0, |all, byte| all | byte) == 0 {
        return Err(Failed);
    }
    Ok(shared)
}

fn extract_and_expand(dh: &Secret, enc: &[u8], recipient: &[u8]) -> Result<Secret, Failed> {
    let prk = labeled_extract(KEM_SUITE, b"", b"eae_prk", &**dh);
    let mut shared = Zeroizing::new([0; KEY_LEN]);
    labeled_expand(&prk, KEM_SUITE, b"shared_secret", &[enc, recipient].concat(), &mut *shared)?;
    Ok(shared)
}

/// What both ends derive from the shared secret.
struct Schedule {
    key: Secret,
    nonce: Zeroizing<[u8; 12]>,
    exporter: Secret,
}

fn key_schedule(shared: &Secret, info: &[u8]) -> Result<Schedule, Failed> {
    let extracted = |label: &[u8], ikm: &[u8]| {
        let (bytes, _) = Hkdf::<Sha256>::extract(Some(b""), &[VERSION, SUITE, label, ikm].concat());
        bytes
    };
    let context = [&[0][..], &extracted(b"psk_id_hash", b""), &extracted(b"info_hash", info)].concat();
    let secret = labeled_extract(SUITE, &**shared, b"secret", b"");
    let mut schedule =
        Schedule { key: Zeroizing::new([0; 32]), nonce: Zeroizing::new([0; 12]), exporter: Zeroizing::new([0; 32]) };
    labeled_expand(&secret, SUITE, b"key", &context, &mut *schedule.key)?;
    labeled_expand(&secret, SUITE, b"base_nonce", &context, &mut *schedule.nonce)?;
    labeled_expand(&secret, SUITE, b"exp", &context, &mut *schedule.exporter)?;
    Ok(schedule)
}

fn key(bytes: &[u8]) -> Result<[u8; KEY_LEN], Failed> {
    bytes.try_into().map_err(|_| Failed)
}

/// The sender's end; `seed` is fresh randomness that the ephemeral key is derived from.
fn sender(recipient: &[u8], info: &[u8], seed: &[u8; 32]) -> Result<([u8; KEY_LEN], Schedule), Failed> {
    let recipient = key(recipient)?;
    let (ephemeral, enc) = derive_key_pair(seed)?;
    let shared = extract_and_expand(&diffie_hellman(&ephemeral, recipient)?, &enc, &recipient)?;
    Ok((enc, key_schedule(&shared, info)?))
}

fn receiver(enc: &[u8], private: &[u8], info: &[u8]) -> Result<Schedule, Failed> {
    let private = Zeroizing::new(key(private)?);
    let enc = key(enc)?;
    let shared = extract_and_expand(&diffie_hellman(&private, enc)?, &enc, &public_of(&private))?;
    key_schedule(&shared, info)
}

/// Seals for `recipient`: the encapsulated key and the sealed bytes.
pub(crate) fn seal(
    recipient: &[u8],
    info: &[u8],
    aad: &[u8],
    plain: &[u8],
    seed: &[u8; 32],
) -> Result<([u8; KEY_LEN], Vec<u8>), Failed> {
    let (enc, schedule) = sender(recipient, info, seed)?;
    Ok((enc, aead_seal(&*schedule.key, &*schedule.nonce, aad, plain)?))
}

/// Opens what was sealed for the holder of `private`.
pub(crate) fn open(enc: &[u8], private: &[u8], info: &[u8], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Failed> {
    let schedule = receiver(enc, private, info)?;
    aead_open(&*schedule.key, &*schedule.nonce, aad, sealed)
}

fn export(schedule: &Schedule, context: &[u8], len: usize) -> Result<Vec<u8>, Failed> {
    let prk = Hkdf::<Sha256>::from_prk(&*schedule.exporter).map_err(|_| Failed)?;
    let mut out = vec![0; len];
    labeled_expand(&prk, SUITE, b"sec", context, &mut out)?;
    Ok(out)
}

/// A secret that only the holder of `recipient`'s private half can derive too: the encapsulated key, and the secret.
pub(crate) fn send_export(
    recipient: &[u8],
    info: &[u8],
    context: &[u8],
    len: usize,
    seed: &[u8; 32],
) -> Result<([u8; KEY_LEN], Vec<u8>), Failed> {
    let (enc, schedule) = sender(recipient, info, seed)?;
    Ok((enc, export(&schedule, context, len)?))
}

/// The receiver's half of [`send_export`].
pub(crate) fn receive_export(
    enc: &[u8],
    private: &[u8],
    info: &[u8],
    context: &[u8],
    len: usize,
) -> Result<Vec<u8>, Failed> {
    export(&receiver(enc, private, info)?, context, len)
}

/// ChaCha20-Poly1305 (RFC 8439).
pub(crate) fn aead_seal(key: &[u8], nonce: &[u8], aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, Failed> {
    let cipher = ChaCha20Poly1305::new_from_slice(key).map_err(|_| Failed)?;
    let nonce: [u8; 12] = nonce.try_into().map_err(|_| Failed)?;
    cipher.encrypt(&Nonce::from(nonce), Payload { msg: plain, aad }).map_err(|_| Failed)
}

/// The other way.
pub(crate) fn aead_open(key: &[u8], nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Failed> {
    let cipher = ChaCha20Poly1305::new_from_slice(key).map_err(|_| Failed)?;
    let nonce: [u8; 12] = nonce.try_into().map_err(|_| Failed)?;
    cipher.decrypt(&Nonce::from(nonce), Payload { msg: sealed, aad }).map_err(|_| Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
    }

    /// RFC 9180, appendix A.2.1: base mode of this suite.
    #[test]
    fn the_vectors_of_rfc_9180_hold() {
        let info = hex("4f6465206f6e2061204772656369616e2055726e");
        let ephemeral = hex("909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b");
        let recipient_ikm = hex("1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df");
        let (private, public) = derive_key_pair(&recipient_ikm).expect("a pair");
        assert_eq!(private.to_vec(), hex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb"));
        assert_eq!(public.to_vec(), hex("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"));
        let seed: [u8; 32] = ephemeral.try_into().expect("32 bytes");
        let plain = hex("4265617574792069732074727574682c20747275746820626561757479");
        let (enc, sealed) = seal(&public, &info, &hex("436f756e742d30"), &plain, &seed).expect("sealed");
        assert_eq!(enc.to_vec(), hex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"));
        assert_eq!(
            sealed,
            hex("1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28")
        );
        assert_eq!(open(&enc, &*private, &info, &hex("436f756e742d30"), &sealed), Ok(plain));
        let exported = receive_export(&enc, &*private, &info, b"", 32).expect("exported");
        assert_eq!(exported, hex("4bbd6243b8bb54cec311fac9df81841b6fd61f56538a775e7c80a9f40160606e"));
        assert_eq!(send_export(&public, &info, b"", 32, &seed), Ok((enc, exported)));
    }

    #[test]
    fn what_was_changed_or_is_for_another_does_not_open() {
        let (private, public) = derive_key_pair(b"a").expect("a pair");
        let (other, _) = derive_key_pair(b"b").expect("a pair");
        let (enc, mut sealed) = seal(&public, b"info", b"aad", b"plain", &[7; 32]).expect("sealed");
        assert_eq!(open(&enc, &*other, b"info", b"aad", &sealed), Err(Failed));
        assert_eq!(open(&enc, &*private, b"other", b"aad", &sealed), Err(Failed));
        sealed[0] ^= 1;
        assert_eq!(open(&enc, &*private, b"info", b"aad", &sealed), Err(Failed));
        // A point of small order gives a secret that everybody knows.
        assert_eq!(seal(&[0; 32], b"info", b"aad", b"plain", &[7; 32]), Err(Failed));
    }
}
