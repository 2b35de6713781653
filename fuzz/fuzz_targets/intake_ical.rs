#![no_main]

use didymos_base::recurrence::Rule;
use didymos_intake::Options;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let file = [b"BEGIN:VCALENDAR\n", data, b"\nEND:VCALENDAR\n"].concat();
    let options = Options { zone: Some("Europe/Zurich".to_owned()), ..Options::default() };
    didymos_fuzz::check("calendar.ics", &file, &options);
    didymos_fuzz::check("calendar.ics", &file, &Options::default());
    if let Some(rule) = std::str::from_utf8(data).ok().and_then(|text| text.parse::<Rule>().ok()) {
        let _ = rule.between(0, 1_700_000_000_000, 1_700_200_000_000, &mut 100_000);
    }
});
