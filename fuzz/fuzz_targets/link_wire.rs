#![no_main]

use didymos_base::canonical;
use didymos_link::frame;
use didymos_link::pairing::{Opened, Shown, Word};
use didymos_link::returning::Received;
use didymos_link::wire::{Call, Greeting, OPENING_BYTES_MAX, Opening, Reception, Reply, decode};
use libfuzzer_sys::fuzz_target;

// The first byte chooses the message; the rest is what came.
fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    macro_rules! one_form {
        ($message:ty) => {
            if let Ok(message) = decode::<$message>(bytes, OPENING_BYTES_MAX) {
                assert_eq!(canonical::encode(&message), bytes, "one message, two encodings");
            }
        };
    }
    match which % 10 {
        0 => one_form!(Opening),
        1 => one_form!(Reception),
        2 => one_form!(Greeting),
        3 => one_form!(Call),
        4 => one_form!(Reply),
        5 => one_form!(Shown),
        6 => one_form!(Opened),
        7 => one_form!(Word),
        8 => one_form!(Received),
        _ => {
            if let Ok(Some((body, rest))) = frame::split(bytes, 1_000) {
                assert!(body.len() <= 1_000 && body.len() + rest.len() + frame::HEAD_LEN == bytes.len());
            }
        }
    }
});
