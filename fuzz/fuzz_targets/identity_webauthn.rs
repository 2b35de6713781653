#![no_main]

use didymos_identity::Passkey;
use didymos_identity::webauthn::{Assertion, Expected, assert, challenge_of, register};
use libfuzzer_sys::fuzz_target;

const EXPECTED: Expected<'_> =
    Expected { challenge: &[7; 32], origin: "http://localhost:7437", rp_id: "localhost" };
const CLIENT_DATA: &[u8] = br#"{"type":"webauthn.create","challenge":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc","origin":"http://localhost:7437"}"#;

fuzz_target!(|data: &[u8]| {
    let _ = challenge_of(data);
    let registered = register(&EXPECTED, CLIENT_DATA, data);
    let (public_key, rest) = match &registered {
        Ok(made) => (made.public_key.clone(), data),
        Err(_) => {
            let (key, rest) = data.split_at(data.len() / 2);
            (key.to_vec(), rest)
        }
    };
    let passkey = Passkey {
        credential: vec![1],
        public_key,
        rp_id_hash: EXPECTED.rp_id_hash().to_vec(),
        user: vec![2; 32],
        salt: vec![3; 32],
        backup_eligible: false,
        sign_count: 0,
    };
    let brought = Assertion { client_data: CLIENT_DATA, authenticator_data: rest, signature: rest, user: None };
    // Client data of a registration sign nobody in.
    assert!(assert(&EXPECTED, &passkey, &brought).is_err());
});
