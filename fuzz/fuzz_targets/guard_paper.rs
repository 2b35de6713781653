#![no_main]

use didymos_guard::{Claim, Paper, Release, Shares};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(paper) = Paper::decode(data) {
        assert_eq!(paper.encode(), data, "one paper, two encodings");
        if let Paper::Appointment(appointment) = &paper {
            let _ = appointment.charter.charter.check();
        }
    }
    if let Ok(claim) = Claim::decode(data) {
        let _ = claim.check_bounds();
        assert_eq!(claim.digits().len(), 15);
    }
    let _ = Release::decode(data);
    let _ = Shares::decode(data);
    let _ = didymos_guard::Legacy::decode(data);
});
