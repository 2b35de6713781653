#![no_main]

use didymos_twin::devices::is_given;
use libfuzzer_sys::fuzz_target;

// What a machine that joins its owner's others decodes, with the vault key in it.
fuzz_target!(|bytes: &[u8]| {
    let _ = is_given(bytes);
});
