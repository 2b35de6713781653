#![no_main]

use didymos_twin::Request;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(request) = serde_json::from_slice::<Request>(data) else { return };
    let written = serde_json::to_vec(&request).expect("a request can be written");
    let again = serde_json::from_slice::<Request>(&written).expect("what was written can be read");
    assert_eq!(again, request);
});
