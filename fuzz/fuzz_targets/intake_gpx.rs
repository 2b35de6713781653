#![no_main]

use didymos_intake::Options;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let file = [b"<gpx creator='x'>", data, b"</gpx>"].concat();
    let options = Options { zone: Some("Europe/Zurich".to_owned()), ..Options::default() };
    didymos_fuzz::check("track.gpx", &file, &options);
});
