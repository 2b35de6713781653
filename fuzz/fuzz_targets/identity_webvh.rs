#![no_main]

use didymos_identity::webvh::{LINES_MAX, Log};
use libfuzzer_sys::fuzz_target;

// The log of an identity on the web, as it was kept or as somebody publishes it.
fuzz_target!(|text: &str| {
    if let Ok(log) = Log::read(text) {
        assert!((1..=LINES_MAX).contains(&log.len()));
        assert_eq!(Log::read(&log.text()), Ok(log));
    }
});
