#![no_main]

use didymos_vault::chunk::{MAX_ROWS, decode_plain};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((length, rest)) = data.split_first_chunk::<2>() else { return };
    let (front, back) = rest.split_at(rest.len().min(usize::from(u16::from_le_bytes(*length))));
    let Ok(chunk) = decode_plain(front, back) else { return };
    assert!(!chunk.is_empty() && chunk.len() <= MAX_ROWS);
    // Whatever opens can be walked through.
    let _ = chunk.root();
    for i in 0..chunk.len() {
        let _ = chunk.datum(i);
        let _ = chunk.front.value(chunk.back.stream.kind, i);
    }
});
