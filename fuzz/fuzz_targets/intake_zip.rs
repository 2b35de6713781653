#![no_main]

use didymos_intake::Options;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // Small, so that a bomb that a fuzzer finds costs no time.
    let options = Options { member_bytes_max: 1 << 20, ..Options::default() };
    didymos_fuzz::check("export.zip", data, &options);
});
