#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(buckets) = didymos_vault::rollup::decode(data) {
        assert!(buckets.len() <= didymos_vault::chunk::MAX_ROWS);
    }
});
