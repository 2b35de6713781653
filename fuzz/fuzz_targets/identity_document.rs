#![no_main]

use didymos_identity::{SignedDocument, verify_chain};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(document) = SignedDocument::decode(data) {
        assert_eq!(document.encode(), data, "one document, two encodings");
        let _ = document.document.to_json();
        let _ = verify_chain(&[document]);
    }
});
