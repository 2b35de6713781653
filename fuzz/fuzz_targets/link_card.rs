#![no_main]

use didymos_link::peer::{Channel, Side};
use didymos_link::wire::{Greeting, OPENING_BYTES_MAX, decode};
use libfuzzer_sys::fuzz_target;

// Whatever a card says, checking it ends with a yes or a no.
fuzz_target!(|data: &[u8]| {
    let Ok(Greeting::Contact(card)) = decode::<Greeting>(data, OPENING_BYTES_MAX) else { return };
    let channel = Channel { exporter: [1; 32], dialler: [2; 32], dialled: [3; 32] };
    let known = card.versions.clone();
    let _ = card.clone().check(&[], &channel, Side::Dialler);
    let _ = card.check(&known, &channel, Side::Dialler);
});
