#![no_main]

use didymos_link::book::announced;
use didymos_link::peer::ADDRS_MAX;
use libfuzzer_sys::fuzz_target;

// What a node of the DHT gives for an endpoint key.
fuzz_target!(|value: &[u8]| {
    assert!(announced(value).len() <= ADDRS_MAX);
});
