#![no_main]

use didymos_base::canonical;
use didymos_circle::{Content, Envelope, Invitation, Record, Sync};
use libfuzzer_sys::fuzz_target;

// The first byte chooses the message; the rest is what came.
fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    macro_rules! one_form {
        ($message:ty) => {
            if let Ok(message) = <$message>::decode(bytes) {
                assert_eq!(canonical::encode(&message), bytes, "one message, two encodings");
            }
        };
    }
    match which % 5 {
        0 => {
            one_form!(Envelope);
            if let Ok(envelope) = Envelope::decode(bytes) {
                let _ = envelope.check();
            }
        }
        1 => one_form!(Sync),
        2 => one_form!(Invitation),
        3 => one_form!(Content),
        _ => one_form!(Record),
    }
});
