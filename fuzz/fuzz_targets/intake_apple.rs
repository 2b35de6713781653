#![no_main]

use didymos_intake::Options;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let file = [b"<HealthData>", data, b"</HealthData>"].concat();
    didymos_fuzz::check("export.xml", &file, &Options::default());
});
