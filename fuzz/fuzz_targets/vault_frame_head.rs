#![no_main]

use didymos_vault::frame::{HEAD_LEN, Head};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(bytes) = data.first_chunk::<HEAD_LEN>() else { return };
    let _ = Head::decode(bytes);
    // The check at the end stops nearly every input; with it put right, the rest of the head is reached.
    let mut sound = *bytes;
    let check = didymos_base::Digest::of(&bytes[..HEAD_LEN - 4]);
    sound[HEAD_LEN - 4..].copy_from_slice(&check.0[..4]);
    if let Ok(head) = Head::decode(&sound) {
        assert_eq!(Head::decode(&head.encode()), Ok(head));
    }
});
