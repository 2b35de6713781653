//! Devices, versions and rotation: what a verified chain lets through and what it stops.

use didymos_base::{Did, Timestamp};
use didymos_identity::certificate::MAX_CERTIFICATE_LEN;
use didymos_identity::document::commit_to_next;
use didymos_identity::{
    ChainError, DeviceCertificate, DidDocument, DocumentError, IdentityKey, RecoveryPhrase, Secret32,
    SignedCertificate, SignedDocument, SigningKey, verify_chain,
};
use proptest::prelude::*;
use std::sync::LazyLock;

fn phrase() -> RecoveryPhrase {
    RecoveryPhrase::from_entropy([7; 32])
}

fn device(n: u8) -> Did {
    SigningKey::from_seed(&Secret32::from_bytes([n; 32])).did().clone()
}

fn genesis() -> SignedDocument {
    let phrase = phrase();
    let next = commit_to_next(phrase.identity_key_number(1).did());
    DidDocument::genesis(&phrase.identity_key(), &device(1), Timestamp(1_000), Some(next))
}

/// Phone, then laptop, then the phone is lost, then the identity key changes, then a watch.
fn history() -> Vec<SignedDocument> {
    static HISTORY: LazyLock<Vec<SignedDocument>> = LazyLock::new(make_history);
    HISTORY.clone()
}

fn make_history() -> Vec<SignedDocument> {
    let (old, new) = (phrase().identity_key(), phrase().identity_key_number(1));
    let mut versions = vec![genesis()];
    let mut then = |next: SignedDocument| {
        versions.push(next.clone());
        next
    };
    let two = then(genesis().with_device(&old, &device(2), Timestamp(2_000)).expect("two devices"));
    let three = then(two.revoke(&old, &device(1), Timestamp(3_000), Some(41)).expect("revoked"));
    let four = then(three.rotate(&old, &new, None).expect("rotated"));
    then(four.with_device(&new, &device(3), Timestamp(5_000)).expect("three devices"));
    versions
}

#[test]
fn an_identity_outlives_its_devices_and_its_key() {
    let versions = history();
    let identity = verify_chain(&versions).expect("sound");
    let (old, new) = (phrase().identity_key(), phrase().identity_key_number(1));
    assert_eq!(identity.id(), old.did());
    assert_eq!(identity.document().version, 5);
    assert_eq!(identity.controllers(), [old.did().clone(), new.did().clone()]);

    let may = |n, at| identity.authorises(&device(n), Timestamp(at));
    assert_eq!([may(1, 999), may(1, 1_000), may(1, 2_999), may(1, 3_000)], [false, true, true, false]);
    assert_eq!([may(2, 1_999), may(2, 2_000), may(3, 9_000), may(4, 9_000)], [false, true, true, false]);
    assert_eq!([1, 2, 3, 4].map(|n| identity.is_active(&device(n))), [false, true, true, false]);
    assert_eq!(identity.document().revocation(&device(1)).and_then(|r| r.after_seq), Some(41));

    for (n, signer) in [(1, &old), (2, &old), (3, &new)] {
        let (certificate, by) = identity.certificate(&device(n)).expect("listed");
        assert_eq!(by, signer.did());
        assert!(certificate.verify_by(by).is_ok());
        assert_eq!(certificate.verify().is_ok(), signer.did() == identity.id());
    }
    for at in 1..versions.len() {
        verify_chain(&versions[..at]).expect("every beginning is sound");
    }
}

#[test]
fn a_certificate_is_small_enough_for_a_proof() {
    let longest =
        DeviceCertificate { owner: device(1), device: device(2), issued: Timestamp(i64::MIN), serial: u32::MAX };
    let bytes = longest.sign(&phrase().identity_key()).encode();
    assert!(bytes.len() <= MAX_CERTIFICATE_LEN, "{} bytes", bytes.len());
    let back = SignedCertificate::decode(&bytes).expect("ours");
    assert_eq!(back.encode(), bytes);
}

#[test]
fn only_the_key_in_control_makes_a_next_version() {
    let (old, new, stranger) =
        (phrase().identity_key(), phrase().identity_key_number(1), phrase().identity_key_number(9));
    let first = genesis();
    let refused = first.with_device(&stranger, &device(2), Timestamp(0));
    assert!(matches!(refused, Err(DocumentError::NotController)));
    assert!(matches!(first.rotate(&old, &stranger, None), Err(DocumentError::NotTheCommittedKey)));
    let rotated = first.rotate(&old, &new, None).expect("the committed key");
    assert!(matches!(rotated.revoke(&old, &device(1), Timestamp(0), None), Err(DocumentError::NotController)));
    assert!(matches!(first.with_device(&old, &device(1), Timestamp(0)), Err(DocumentError::AlreadyListed)));
    assert!(matches!(first.revoke(&old, &device(2), Timestamp(0), None), Err(DocumentError::NotListed)));
    let web = "did:web:example.org".parse().expect("a DID");
    assert!(matches!(first.with_device(&old, &web, Timestamp(0)), Err(DocumentError::NoKey(_))));
    let revoked = first.revoke(&old, &device(1), Timestamp(0), None).expect("revoked");
    assert!(matches!(revoked.revoke(&old, &device(1), Timestamp(0), None), Err(DocumentError::AlreadyRevoked)));
    assert!(matches!(revoked.with_device(&old, &device(1), Timestamp(0)), Err(DocumentError::AlreadyListed)));
}

#[test]
fn versions_that_are_missing_swapped_or_from_elsewhere_are_refused() {
    let good = history();
    assert_eq!(verify_chain(&[]), Err(ChainError::Empty));
    assert_eq!(verify_chain(&good[1..]), Err(ChainError::NotGenesis));
    let without_second = [&good[..1], &good[2..]].concat();
    assert_eq!(verify_chain(&without_second), Err(ChainError::NotNext { version: 2 }));
    let mut swapped = good.clone();
    swapped.swap(2, 3);
    assert_eq!(verify_chain(&swapped), Err(ChainError::NotNext { version: 3 }));

    let other = RecoveryPhrase::from_entropy([8; 32]).identity_key();
    let elsewhere = DidDocument::genesis(&other, &device(1), Timestamp(1_000), None);
    let next = elsewhere.with_device(&other, &device(2), Timestamp(2_000)).expect("theirs");
    assert_eq!(verify_chain(&[good[0].clone(), next]), Err(ChainError::NotNext { version: 2 }));
    // Somebody else signs a first version in our name.
    let mut stolen_name = good[0].clone();
    stolen_name.signature = elsewhere.signature;
    assert_eq!(verify_chain(&[stolen_name]), Err(ChainError::BadSignature { version: 1 }));
}

#[test]
fn a_thief_of_the_identity_key_cannot_take_the_identity_over() {
    let (old, thiefs) = (phrase().identity_key(), phrase().identity_key_number(9));
    let first = genesis();
    // Straight to the thief's own key, correctly signed by both.
    let grabbed = DidDocument {
        version: 2,
        previous: Some(first.document.digest()),
        controller: thiefs.did().clone(),
        ..first.document.clone()
    };
    let takeover = Some(raw_key(9).sign("did-document-takeover", &grabbed.encode()));
    let grabbed = SignedDocument { signature: resign(&grabbed, &old), takeover, document: grabbed };
    assert_eq!(verify_chain(&[first.clone(), grabbed]), Err(ChainError::NotTheCommittedKey { version: 2 }));
    // Drop the commitment first, rotate afterwards.
    let dropped =
        DidDocument { version: 2, previous: Some(first.document.digest()), next: None, ..first.document.clone() };
    let mut dropped = SignedDocument { document: dropped, ..first.clone() };
    dropped.signature = resign(&dropped.document, &old);
    assert_eq!(verify_chain(&[first, dropped]), Err(ChainError::NotTheCommittedKey { version: 2 }));
}

/// The signature of `identity` over `document`: the context is public, the seed is the test's.
fn resign(document: &DidDocument, identity: &IdentityKey) -> didymos_identity::Signature {
    let seed = (0..10)
        .map(|n| (phrase().identity_key_number(n), n))
        .find(|(key, _)| key.did() == identity.did())
        .map(|(_, n)| n)
        .expect("one of the test's keys");
    raw_key(seed).sign("did-document", &document.encode())
}

/// The identity key as a plain signing key, which only a test can have: derived from the documented info string.
fn raw_key(number: u32) -> SigningKey {
    let mut seed = [0; 32];
    let bip39_seed = bip39::Mnemonic::parse_in_normalized(bip39::Language::English, &phrase().words())
        .expect("ours")
        .to_seed_normalized("");
    hkdf::Hkdf::<sha2::Sha256>::new(Some(b"didymos/recovery/v1"), &bip39_seed)
        .expand_multi_info(&[b"identity-key", &number.to_be_bytes()], &mut seed)
        .expect("32 bytes");
    SigningKey::from_seed(&Secret32::from_bytes(seed))
}

#[test]
fn a_key_that_takes_over_has_to_be_held() {
    let (old, new) = (phrase().identity_key(), phrase().identity_key_number(1));
    let first = genesis();
    let mut rotated = first.rotate(&old, &new, None).expect("rotated");
    rotated.takeover = None;
    assert_eq!(verify_chain(&[first.clone(), rotated.clone()]), Err(ChainError::BadSignature { version: 2 }));
    rotated.takeover = Some(rotated.signature);
    assert_eq!(verify_chain(&[first, rotated]), Err(ChainError::BadSignature { version: 2 }));
}

#[test]
fn what_was_said_about_devices_is_never_taken_back() {
    let good = history();
    let old = phrase().identity_key();
    let forge = |change: &dyn Fn(&mut DidDocument)| {
        // After the revocation, still under the old key.
        let mut document =
            DidDocument { version: 4, previous: Some(good[2].document.digest()), ..good[2].document.clone() };
        change(&mut document);
        let signature = resign(&document, &old);
        let forged = SignedDocument { document, signature, takeover: None };
        verify_chain(&[&good[..3], &[forged]].concat()).map(|_| ())
    };
    assert_eq!(forge(&|_| {}), Ok(()));
    let changed = Err(ChainError::HistoryChanged { version: 4 });
    assert_eq!(forge(&|d| d.revoked.clear()), changed);
    assert_eq!(forge(&|d| d.revoked[0].at = Timestamp(9_000)), changed);
    assert_eq!(forge(&|d| drop(d.devices.remove(0))), changed);
    assert_eq!(forge(&|d| d.revoked.push(d.revoked[0].clone())), changed);
    let bad = Err(ChainError::BadCertificate { version: 4 });
    // A second certificate for a revoked device would bring it back.
    let again = DeviceCertificate { owner: old.did().clone(), device: device(1), issued: Timestamp(0), serial: 3 };
    assert_eq!(forge(&|d| d.devices.push(again.clone().sign(&old))), bad);
    let fresh = DeviceCertificate { device: device(5), ..again };
    assert_eq!(forge(&|d| d.devices.push(fresh.clone().sign(&old))), Ok(()));
    let others = fresh.clone().sign(&phrase().identity_key_number(1));
    assert_eq!(forge(&|d| d.devices.push(others.clone())), bad);
    let wrong_serial = DeviceCertificate { serial: 7, ..fresh };
    assert_eq!(forge(&|d| d.devices.push(wrong_serial.clone().sign(&old))), bad);
}

#[test]
fn the_w3c_form_lists_the_controller_and_the_active_devices() {
    let identity = verify_chain(&history()).expect("sound");
    let json = identity.document().to_json();
    let id = identity.id().as_str();
    assert_eq!(json["id"], id);
    let methods = json["verificationMethod"].as_array().expect("a list");
    let keys: Vec<&str> = methods.iter().filter_map(|method| method["publicKeyMultibase"].as_str()).collect();
    let expected = [phrase().identity_key_number(1).did().clone(), device(2), device(3)];
    assert_eq!(keys, expected.each_ref().map(Did::specific_id));
    for method in methods {
        assert_eq!((method["type"].as_str(), method["controller"].as_str()), (Some("Multikey"), Some(id)));
        assert_eq!(method["id"], format!("{id}#{}", method["publicKeyMultibase"].as_str().expect("text")));
    }
    assert_eq!(json["authentication"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["authentication"], json["assertionMethod"]);
}

proptest! {
    #[test]
    fn canonical_and_json_forms_round_trip(pick in 0usize..5) {
        let signed = &history()[pick];
        prop_assert_eq!(&SignedDocument::decode(&signed.encode()).expect("ours"), signed);
        prop_assert_eq!(&DidDocument::decode(&signed.document.encode()).expect("ours"), &signed.document);
        let json = serde_json::to_string(signed).expect("JSON");
        prop_assert_eq!(&serde_json::from_str::<SignedDocument>(&json).expect("ours"), signed);
    }

    #[test]
    fn a_changed_byte_never_verifies(pick in 0usize..5, place: prop::sample::Index, flip in 1u8..) {
        let mut versions = history();
        let mut bytes = versions[pick].encode();
        let at = place.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(changed) = SignedDocument::decode(&bytes) {
            versions[pick] = changed;
            prop_assert!(verify_chain(&versions).is_err());
        }
    }

    #[test]
    fn no_bytes_make_the_decoders_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = SignedDocument::decode(&bytes);
        let _ = DidDocument::decode(&bytes);
        let _ = SignedCertificate::decode(&bytes);
    }

    #[test]
    fn a_claimed_length_reserves_no_memory(length in any::<u64>()) {
        // Nine fields' worth of head, then a list that says it has 2^64 devices.
        let mut bytes = genesis().document.encode();
        let at = bytes.len() - 1;
        bytes[at] = 0x9b;
        bytes.extend_from_slice(&length.to_be_bytes());
        let _ = DidDocument::decode(&bytes);
    }
}
