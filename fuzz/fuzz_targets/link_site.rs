#![no_main]

use didymos_base::Timestamp;
use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, SigningKey, VerifiedIdentity, WebPlace, verify_chain};
use didymos_link::book::site;
use didymos_link::peer::ADDRS_MAX;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static KNOWN: LazyLock<Option<(WebPlace, VerifiedIdentity)>> = LazyLock::new(|| {
    let device = SigningKey::from_seed(&Secret32::from_bytes([9; 32]));
    let phrase = RecoveryPhrase::from_entropy([7; 32]);
    let first = DidDocument::genesis(&phrase.identity_key(), device.did(), Timestamp(0), None);
    Some(("example.org".parse().ok()?, verify_chain(&[first]).ok()?))
});

// What somebody's domain gives for a contact who is said to have it.
fuzz_target!(|bytes: &[u8]| {
    let (place, identity) = KNOWN.as_ref().expect("a sound identity");
    let places = site::read(bytes, place, identity);
    assert!(places.len() <= ADDRS_MAX && places.iter().all(|place| (1..=ADDRS_MAX).contains(&place.addrs.len())));
});
