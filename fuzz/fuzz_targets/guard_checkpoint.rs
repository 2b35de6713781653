#![no_main]

use didymos_guard::checkpoint::{Checkpoint, Cosignature};
use didymos_guard::evidence;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(checkpoint) = Checkpoint::decode(data) {
        assert_eq!(checkpoint.encode(), data, "one checkpoint, two encodings");
        let _ = checkpoint.check_signature();
    }
    if let Ok(cosignature) = Cosignature::decode(data) {
        assert_eq!(cosignature.encode(), data, "one cosignature, two encodings");
    }
    // Signatures cannot be guessed, so whatever holds was signed by somebody.
    if let Ok(caught) = evidence::check(data) {
        assert!(evidence::is_evidence(data) && caught.commits > 0);
    }
});
