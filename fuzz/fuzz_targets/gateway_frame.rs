#![no_main]

use didymos_gateway::socket::decode_frame;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(Some((_, taken))) = decode_frame(data) {
        assert!(taken <= data.len());
    }
    // A length that fits, so that every input reaches the frame itself.
    let framed = [&(data.len() as u32).to_be_bytes(), data].concat();
    if let Ok(found) = decode_frame(&framed) {
        assert_eq!(found.map(|(_, taken)| taken), Some(framed.len()));
    }
});
