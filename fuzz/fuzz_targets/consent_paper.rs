#![no_main]

use didymos_consent::Paper;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(paper) = Paper::decode(data) else { return };
    assert_eq!(paper.encode(), data, "one paper, two encodings");
    if let Paper::Offer(offer) = &paper {
        let _ = offer.terms.check();
        assert_eq!(offer.contract(None).id, paper.contract());
    }
});
