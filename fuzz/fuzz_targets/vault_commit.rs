#![no_main]

use didymos_base::{Did, canonical};
use didymos_vault::commit::CommitFrame;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(frame) = canonical::decode::<CommitFrame>(data) else { return };
    assert_eq!(canonical::encode(&frame), data, "one frame, two encodings");
    let owner: Did = frame.commit.device.clone();
    let _ = frame.check(&owner, std::slice::from_ref(&owner));
    let _ = frame.commit.digest();
});
