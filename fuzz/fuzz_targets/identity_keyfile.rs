#![no_main]

use didymos_identity::KeyFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(keys) = KeyFile::parse(data) {
        let text = keys.to_text();
        let again = KeyFile::parse(&text).map(|keys| keys.to_text());
        assert_eq!(again.ok(), Some(text));
    }
});
