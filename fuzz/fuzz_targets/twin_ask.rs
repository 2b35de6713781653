#![no_main]

use didymos_base::canonical;
use didymos_twin::peers::ask::{Answer, Ask};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(ask) = Ask::decode(data) {
        assert_eq!(canonical::encode(&ask), data, "one ask, two encodings");
    }
    if let Ok(answer) = Answer::decode(data) {
        assert_eq!(canonical::encode(&answer), data, "one answer, two encodings");
    }
});
