//! Passkeys: the slot that one opens, and what of its word holds and what does not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_identity::webauthn::{Assertion, Expected, WebAuthnError, assert, challenge_of, register};
use didymos_identity::{KdfCost, KeyFile, Passkey, RecoveryPhrase, Secret32, UnlockError, Unlocked};
use ed25519_dalek::Signer as _;
use p256::ecdsa::DerSignature;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const EXPECTED: Expected<'_> = Expected { challenge: &[7; 32], origin: "http://localhost:7437", rp_id: "localhost" };
const NONE: &[u8] = b"\x64none\x67attStmt\xa0";

fn unlocked() -> Unlocked {
    Unlocked {
        vault_key: Secret32::from_bytes([0xa1; 32]),
        device_seed: Secret32::from_bytes([0xb2; 32]),
        owner: RecoveryPhrase::from_entropy([7; 32]).identity_key().did().clone(),
    }
}

fn file() -> KeyFile {
    KeyFile::seal(&unlocked(), "correct horse", KdfCost::for_tests(), [3; 40]).expect("sealed")
}

enum Key {
    P256(p256::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

impl Key {
    fn p256() -> Self {
        Self::P256(p256::ecdsa::SigningKey::from_slice(&[5; 32]).expect("a scalar"))
    }

    fn ed25519() -> Self {
        Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[6; 32]))
    }

    fn cose(&self) -> Vec<u8> {
        match self {
            Self::P256(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let (x, y) = (&point.as_bytes()[1..33], &point.as_bytes()[33..]);
                [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", x, b"\x22\x58\x20", y].concat()
            }
            Self::Ed25519(key) => {
                [b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20", key.verifying_key().as_bytes().as_slice()].concat()
            }
        }
    }

    fn sign(&self, data: &[u8], client_data: &[u8]) -> Vec<u8> {
        let signed = [data, Sha256::digest(client_data).as_slice()].concat();
        match self {
            Self::P256(key) => {
                let signature: DerSignature = p256::ecdsa::signature::Signer::sign(key, &signed);
                signature.as_bytes().to_vec()
            }
            Self::Ed25519(key) => key.sign(&signed).to_bytes().to_vec(),
        }
    }
}

fn client_data(kind: &str, challenge: &[u8], origin: &str, more: &str) -> Vec<u8> {
    let challenge = URL_SAFE_NO_PAD.encode(challenge);
    format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}"{more}}}"#).into_bytes()
}

fn data(flags: u8, count: u32, credential: &[u8]) -> Vec<u8> {
    [Sha256::digest(b"localhost").as_slice(), &[flags], &count.to_be_bytes(), credential].concat()
}

fn credential(id: &[u8], cose: &[u8]) -> Vec<u8> {
    [&[0; 16], (id.len() as u16).to_be_bytes().as_slice(), id, cose].concat()
}

fn object(statement: &[u8], data: &[u8]) -> Vec<u8> {
    [b"\xa3\x63fmt", statement, b"\x68authData\x59", &(data.len() as u16).to_be_bytes(), data].concat()
}

fn passkey(key: &Key, count: u32) -> Passkey {
    Passkey {
        credential: b"id".to_vec(),
        public_key: key.cose(),
        rp_id_hash: EXPECTED.rp_id_hash().to_vec(),
        user: vec![4; 32],
        salt: vec![8; 32],
        backup_eligible: false,
        sign_count: count,
    }
}

#[test]
fn a_passkey_opens_the_slot_that_was_sealed_for_it() {
    let (prf, other) = (Secret32::from_bytes([1; 32]), Secret32::from_bytes([2; 32]));
    let added = file().with_passkey(&unlocked(), passkey(&Key::p256(), 0), &prf, [9; 24]).expect("room");
    let text = added.to_text();
    assert!(text.contains("\"version\": 2") && file().to_text().contains("\"version\": 1"));
    let read = KeyFile::parse(&text).expect("whole");
    assert_eq!(read, added);
    assert_eq!(read.open_passkey(b"id", &prf).expect("opens"), unlocked());
    assert_eq!(read.open_passkey(b"id", &other), Err(UnlockError::WrongPasskey));
    assert_eq!(read.open_passkey(b"di", &prf), Err(UnlockError::WrongPasskey));
    assert_eq!(read.open("correct horse").expect("opens"), unlocked());
    let changed = read.change_passphrase("correct horse", "battery staple", KdfCost::for_tests(), [5; 40]);
    assert_eq!(changed.expect("changed").open_passkey(b"id", &prf).expect("opens"), unlocked());
    assert_eq!(read.with_sign_count(b"id", 12).passkeys().next().expect("a passkey").passkey().sign_count, 12);
    assert!(read.with_sign_count(b"id", 12).open_passkey(b"id", &prf).is_ok());

    assert_eq!(read.without_passkey(b"id").expect("removed"), file());
    assert_eq!(read.without_passkey(b"di"), Err(UnlockError::WrongPasskey));
    let again = read.with_passkey(&unlocked(), passkey(&Key::p256(), 0), &other, [9; 24]).expect("room");
    assert_eq!(again.passkeys().count(), 1, "one slot for one passkey");
    let mut full = file();
    for number in 0..15 {
        let passkey = Passkey { credential: vec![number], ..passkey(&Key::p256(), 0) };
        full = full.with_passkey(&unlocked(), passkey, &prf, [9; 24]).expect("room");
    }
    let one_more = full.with_passkey(&unlocked(), passkey(&Key::p256(), 0), &prf, [9; 24]);
    assert_eq!(one_more, Err(UnlockError::Full));
    assert_eq!(KeyFile::parse(full.to_text()).expect("whole"), full);
}

#[test]
fn another_key_in_the_slot_opens_nothing() {
    let prf = Secret32::from_bytes([1; 32]);
    let spoiled: [fn(&mut Passkey); 4] = [
        |passkey| passkey.public_key = Key::ed25519().cose(),
        |passkey| passkey.rp_id_hash = vec![0; 32],
        |passkey| passkey.user = vec![0; 32],
        |passkey| passkey.backup_eligible = true,
    ];
    for spoil in spoiled {
        let (mut mine, mut theirs) = (passkey(&Key::p256(), 0), passkey(&Key::p256(), 0));
        spoil(&mut theirs);
        let seal = |passkey: Passkey| {
            let file = file().with_passkey(&unlocked(), passkey, &prf, [9; 24]).expect("room");
            serde_json::from_str::<serde_json::Value>(&file.to_text()).expect("JSON")["slots"][1].clone()
        };
        std::mem::swap(&mut mine, &mut theirs);
        let (mut tampered, honest) = (seal(mine), seal(theirs));
        tampered["sealed"] = honest["sealed"].clone();
        let text = serde_json::json!({ "format": "didymos-keys", "version": 2, "slots": [tampered] });
        let text = text.to_string();
        let before = format!("{},\"check\"", text.trim_end_matches('}'));
        // A check sum protects against accidents, so whoever tampers makes a right one.
        let sum = didymos_base::Digest::of(before.trim_end_matches("\"check\"").as_bytes());
        let file = KeyFile::parse(format!("{before}:\"{sum}\"}}")).expect("whole");
        assert_eq!(file.open_passkey(b"id", &prf), Err(UnlockError::WrongPasskey));
    }
}

#[test]
fn new_passkeys_of_both_kinds_are_taken_and_nothing_else_is() {
    for key in [Key::p256(), Key::ed25519()] {
        let made = data(0x45, 3, &credential(b"id", &key.cose()));
        let client = client_data("webauthn.create", &[7; 32], EXPECTED.origin, r#","crossOrigin":false,"new":1"#);
        let registered = register(&EXPECTED, &client, &object(NONE, &made)).expect("sound");
        assert_eq!((registered.credential.as_slice(), registered.sign_count), (b"id".as_slice(), 3));
        assert_eq!((registered.public_key, registered.backup_eligible), (key.cose(), false));

        // Signed by itself, which proves nothing more but has to hold.
        let algorithm = if matches!(key, Key::P256(_)) { b"\x26" } else { b"\x27" };
        let packed = |signature: &[u8]| {
            let head = [b"\x66packed\x67attStmt\xa2\x63alg", algorithm.as_slice(), b"\x63sig\x58"].concat();
            [head.as_slice(), &[signature.len() as u8], signature].concat()
        };
        let signature = key.sign(&made, &client);
        assert!(register(&EXPECTED, &client, &object(&packed(&signature), &made)).is_ok());
        let another = register(&EXPECTED, &client, &object(&packed(&key.sign(&made, b"{}")), &made));
        assert_eq!(another, Err(WebAuthnError::Signature));

        // With an extension's output behind the key, and with something behind that.
        let extended = data(0xc5, 3, &[credential(b"id", &key.cose()), b"\xa1\x63abc\xf5".to_vec()].concat());
        assert!(register(&EXPECTED, &client, &object(NONE, &extended)).is_ok());
        let trailing = [extended.as_slice(), b"\0"].concat();
        assert!(register(&EXPECTED, &client, &object(NONE, &trailing)).is_err());
        for end in 0..made.len() {
            assert!(register(&EXPECTED, &client, &object(NONE, &made[..end])).is_err(), "cut at {end}");
        }
        for (what, bad) in [
            ("no key", data(0x05, 3, &[])),
            ("not verified", data(0x41, 3, &credential(b"id", &key.cose()))),
            ("no id", data(0x45, 3, &credential(b"", &key.cose()))),
            ("a long id", data(0x45, 3, &credential(&[1; 1_024], &key.cose()))),
            ("another curve", data(0x45, 3, &credential(b"id", b"\xa4\x01\x01\x03\x27\x20\x07\x21\x40"))),
            (
                "a weak key",
                data(
                    0x45,
                    3,
                    &credential(b"id", &[b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20".as_slice(), &[0; 32]].concat()),
                ),
            ),
            (
                "no point",
                data(
                    0x45,
                    3,
                    &credential(
                        b"id",
                        &[b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".as_slice(), &[1; 32], b"\x22\x58\x20", &[1; 32]]
                            .concat(),
                    ),
                ),
            ),
        ] {
            assert!(register(&EXPECTED, &client, &object(NONE, &bad)).is_err(), "{what}");
        }
        for (kind, challenge, origin, more) in [
            ("webauthn.get", [7; 32], EXPECTED.origin, ""),
            ("webauthn.create", [8; 32], EXPECTED.origin, ""),
            ("webauthn.create", [7; 32], "http://localhost:7438", ""),
            ("webauthn.create", [7; 32], "https://localhost:7437", ""),
            ("webauthn.create", [7; 32], EXPECTED.origin, r#","crossOrigin":true"#),
            ("webauthn.create", [7; 32], EXPECTED.origin, r#","topOrigin":"http://evil.example""#),
        ] {
            let client = client_data(kind, &challenge, origin, more);
            assert!(register(&EXPECTED, &client, &object(NONE, &made)).is_err(), "{kind} {origin} {more}");
        }
    }
}

#[test]
fn a_sign_in_holds_for_its_key_its_account_and_its_count() {
    for key in [Key::p256(), Key::ed25519()] {
        let client = client_data("webauthn.get", &[7; 32], EXPECTED.origin, "");
        assert_eq!(challenge_of(&client), Some([7; 32]));
        let sign_in = |known: u32, count: u32, user: Option<&[u8]>, spoil: bool| {
            let data = data(0x05, count, &[]);
            let mut signature = key.sign(&data, &client);
            if spoil {
                let last = signature.len() - 1;
                signature[last] ^= 1;
            }
            let brought = Assertion { client_data: &client, authenticator_data: &data, signature: &signature, user };
            assert(&EXPECTED, &passkey(&key, known), &brought)
        };
        assert_eq!(sign_in(0, 0, None, false), Ok(0), "one that does not count");
        assert_eq!(sign_in(0, 5, Some(&[4; 32]), false), Ok(5));
        assert_eq!(sign_in(5, 6, None, false), Ok(6));
        assert_eq!(sign_in(5, 5, None, false), Err(WebAuthnError::Copied));
        assert_eq!(sign_in(5, 0, None, false), Err(WebAuthnError::Copied));
        assert_eq!(sign_in(0, 0, None, true), Err(WebAuthnError::Signature));
        assert!(sign_in(0, 0, Some(&[5; 32]), false).is_err());
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0usize..200, byte in any::<u8>()) {
        let client = client_data("webauthn.create", &[7; 32], EXPECTED.origin, "");
        let _ = register(&EXPECTED, &bytes, &bytes);
        let _ = register(&EXPECTED, &client, &bytes);
        let _ = challenge_of(&bytes);
        let made = data(0x45, 3, &credential(b"id", &Key::p256().cose()));
        let mut spoiled = object(NONE, &made);
        let at = at % spoiled.len();
        spoiled[at] = byte;
        let _ = register(&EXPECTED, &client, &spoiled);
        let brought = Assertion { client_data: &client, authenticator_data: &bytes, signature: &bytes, user: None };
        prop_assert!(assert(&EXPECTED, &passkey(&Key::p256(), 0), &brought).is_err());
    }
}
