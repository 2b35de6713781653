#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // Signatures cannot be guessed, so whatever holds was signed by somebody.
    let _ = didymos_vault::proof::check(data);
});
