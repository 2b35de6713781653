//! Signatures, `did:key`, and sealing against published vectors.

use didymos_base::Did;
use didymos_identity::sealed::{OVERHEAD, open, seal};
use didymos_identity::{
    IdentityKey, OpenError, ResolveError, SealingKey, Secret32, Signature, SigningKey, VerifyingKey, derive,
    resolve_key, verify,
};
use proptest::prelude::*;

fn did(text: &str) -> Did {
    text.parse().expect("a DID")
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
}

fn key(last: u8) -> SigningKey {
    let mut seed = [0; 32];
    seed[31] = last;
    SigningKey::from_seed(&Secret32::from_bytes(seed))
}

#[test]
fn keys_of_the_did_key_test_vectors_have_their_names() {
    let vectors = [
        "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
        "did:key:z6MkjchhfUsD6mmvni8mCdXHw216Xrm9bQe2mBH1P5RDjVJG",
        "did:key:z6MknGc3ocHs3zdPiJbnaaqDi58NGb4pk1Sp9WxWufuXSdxf",
    ];
    for (seed, name) in (0..).zip(vectors) {
        assert_eq!(key(seed).did().as_str(), name);
        assert_eq!(resolve_key(&did(name)).expect("an Ed25519 key").did().as_str(), name);
    }
    let example = resolve_key(&did("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK")).expect("the example");
    let expected = bytes("2e6fcce36701dc791488e0d0b1745cc1e33a4c1c9fcc41c63bd343dbbe0970e6");
    assert_eq!(example.as_bytes().as_slice(), expected);
}

#[test]
fn identifiers_without_a_usable_key_are_refused_with_a_reason() {
    let unsupported = |method: &str| ResolveError::UnsupportedMethod { method: method.to_owned() };
    let weak = format!("did:key:z{}", bs58_of(&[&[0xed, 1], [0; 32].as_slice()].concat()));
    // The prime 2^255 − 19 itself: a second spelling of y = 0.
    let mut prime = [0xff; 32];
    (prime[0], prime[31]) = (0xed, 0x7f);
    let respelt = format!("did:key:z{}", bs58_of(&[&[0xed, 1], prime.as_slice()].concat()));
    let short = format!("did:key:z{}", bs58_of(&[0xed, 1, 7]));
    let cases = [
        ("did:web:example.org", unsupported("web")),
        ("did:webvh:QmX:example.org", unsupported("webvh")),
        ("did:key:6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", ResolveError::Malformed),
        ("did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDoo0p", ResolveError::Malformed),
        ("did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169", ResolveError::UnsupportedKeyType),
        (weak.as_str(), ResolveError::WeakKey),
        (respelt.as_str(), ResolveError::Malformed),
        (short.as_str(), ResolveError::Malformed),
    ];
    for (name, expected) in cases {
        assert_eq!(resolve_key(&did(name)), Err(expected), "{name}");
    }
}

fn bs58_of(bytes: &[u8]) -> String {
    bs58::encode(bytes).into_string()
}

#[test]
fn a_signature_counts_for_its_signer_its_purpose_and_its_bytes_only() {
    let (ours, theirs) = (key(1), key(2));
    let signature = ours.sign("commit", b"bytes");
    assert!(verify(ours.did(), "commit", b"bytes", &signature).is_ok());
    assert!(verify(theirs.did(), "commit", b"bytes", &signature).is_err());
    assert!(verify(ours.did(), "receipt", b"bytes", &signature).is_err());
    assert!(verify(ours.did(), "commit", b"byteS", &signature).is_err());
    assert!(verify(&did("did:web:example.org"), "commit", b"bytes", &signature).is_err());
    // What is signed is as documented, so that others can verify with any Ed25519.
    let plain =
        ed25519_dalek::VerifyingKey::from_bytes(resolve_key(ours.did()).expect("ours").as_bytes()).expect("a key");
    let raw = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
    assert!(plain.verify_strict(b"didymos/commit/v1\0bytes", &raw).is_ok());
}

#[test]
fn a_second_form_of_a_valid_signature_is_refused() {
    // s + L, with L the group order (RFC 8032 §5.1).
    let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let signer = key(1);
    let mut forged = *signer.sign("commit", b"bytes").as_bytes();
    let mut carry = 0;
    for (place, add) in forged[32..].iter_mut().zip(order) {
        let sum = u16::from(*place) + u16::from(add) + carry;
        *place = sum as u8;
        carry = sum >> 8;
    }
    assert!(verify(signer.did(), "commit", b"bytes", &Signature(forged)).is_err());
}

#[test]
fn keys_do_not_print_their_secret() {
    let seed = Secret32::from_bytes([0xab; 32]);
    let printed = format!("{:?} {:?}", SigningKey::from_seed(&seed), IdentityKey::from_seed(&seed));
    assert!(printed.contains("did:key:z6Mk") && !printed.contains("171") && !printed.contains("abab"), "{printed}");
    assert_eq!(format!("{:?}", SealingKey::new(&seed)), "SealingKey(…)");
}

#[test]
fn sealing_is_that_of_the_xchacha_draft() {
    // draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    let key = Secret32::from_bytes(std::array::from_fn(|i| 0x80 + i as u8));
    let nonce: [u8; 24] = std::array::from_fn(|i| 0x40 + i as u8);
    let aad = bytes("50515253c0c1c2c3c4c5c6c7");
    let plain =
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen \
                  would be it.";
    let sealed = seal(&key, nonce, &aad, plain);
    assert_eq!(sealed.len(), plain.len() + OVERHEAD);
    assert_eq!(sealed[..24], nonce);
    assert_eq!(sealed[24..40], bytes("bd6d179d3e83d43b9576579493c0e939"));
    assert_eq!(sealed[sealed.len() - 16..], bytes("c0875924c1c7987947deafd8780acf49"));
    assert_eq!(open(&key, &aad, &sealed).expect("ours").as_slice(), plain);
}

#[test]
fn derived_keys_are_those_that_another_implementation_derives() {
    let key = Secret32::from_bytes(std::array::from_fn(|i| i as u8));
    let expected = bytes("366dd7f1b1f7c2e5dd9b19f48f0b2b13e933c0144aefb808b684c6f3b99bc3fd");
    assert_eq!(derive(&key, "stream", b"heart_rate").as_bytes().as_slice(), expected);
    assert_ne!(derive(&key, "stream", b"heart_rate"), derive(&key, "streamheart", b"_rate"));
}

#[test]
fn a_reused_buffer_holds_nothing_after_a_failure() {
    let key = SealingKey::new(&Secret32::from_bytes([1; 32]));
    let mut buffer = b"what was here before".to_vec();
    assert_eq!(key.open_into(b"", b"short", &mut buffer), Err(OpenError::TooShort));
    assert!(buffer.is_empty());
    key.open_into(b"", &key.seal([0; 24], b"", b"plain"), &mut buffer).expect("ours");
    assert_eq!(buffer, b"plain");
    let mut damaged = key.seal([0; 24], b"", b"plain");
    damaged[30] ^= 1;
    assert_eq!(key.open_into(b"", &damaged, &mut buffer), Err(OpenError::NotAuthentic));
    assert!(buffer.is_empty());
}

proptest! {
    #[test]
    fn every_way_of_sealing_agrees_and_opens(
        seed: [u8; 32],
        nonce: [u8; 24],
        aad in prop::collection::vec(any::<u8>(), 0..40),
        plain in prop::collection::vec(any::<u8>(), 0..400),
        room in 0usize..100,
    ) {
        let key = SealingKey::new(&Secret32::from_bytes(seed));
        let sealed = key.seal(nonce, &aad, &plain);
        let mut reused = vec![7; room];
        key.seal_into(nonce, &aad, &plain, &mut reused);
        prop_assert_eq!(&reused, &sealed);
        let mut in_place = Vec::with_capacity(plain.len() + room);
        in_place.extend_from_slice(&plain);
        key.seal_in_place(nonce, &aad, &mut in_place);
        prop_assert_eq!(&in_place, &sealed);

        let opened = key.open(&aad, &sealed).expect("ours");
        prop_assert_eq!(opened.as_slice(), plain.as_slice());
        prop_assert_eq!(key.open_in_place(&aad, &mut in_place).expect("ours"), plain.as_slice());
    }

    #[test]
    fn a_changed_bit_is_found(plain in prop::collection::vec(any::<u8>(), 0..60), place: prop::sample::Index, bit in 0..8) {
        let key = SealingKey::new(&Secret32::from_bytes([3; 32]));
        let mut sealed = key.seal([4; 24], b"place", &plain);
        let at = place.index(sealed.len());
        sealed[at] ^= 1u8 << bit;
        let before = sealed.clone();
        prop_assert_eq!(key.open(b"place", &sealed), Err(OpenError::NotAuthentic));
        prop_assert!(key.open_in_place(b"place", &mut sealed).is_err());
        prop_assert_eq!(sealed, before);
    }

    #[test]
    fn no_bytes_make_the_decoders_panic(bytes in prop::collection::vec(any::<u8>(), 0..80), raw: [u8; 32], id in "z[1-9A-Za-z]{0,60}") {
        let key = SealingKey::new(&Secret32::from_bytes([3; 32]));
        prop_assert!(key.open(b"", &bytes).is_err());
        let _ = VerifyingKey::from_bytes(&raw);
        if let Ok(did) = format!("did:key:{id}").parse() {
            let _ = resolve_key(&did);
        }
    }
}
