#![no_main]

use didymos_intake::Options;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = didymos_intake::detect(data, "file");
    didymos_fuzz::check("file", data, &Options { member_bytes_max: 1 << 20, ..Options::default() });
});
