#![no_main]

use didymos_twin::peers::ask::Answer;
use didymos_twin::{Request, Response};
use libfuzzer_sys::fuzz_target;

// What a lying twin answers: a request, a line break, the answer to it.
fuzz_target!(|data: &[u8]| {
    let _ = Answer::decode(data);
    let Some(at) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (request, answer) = data.split_at(at);
    let Ok(request) = serde_json::from_slice::<Request>(request) else { return };
    let Ok(json) = serde_json::from_slice(&answer[1..]) else { return };
    if let Ok(response) = Response::from_json(&request, json) {
        let again = serde_json::to_value(&response).expect("what reads can be written");
        assert!(Response::from_json(&request, again).is_ok(), "what was written does not read");
    }
});
