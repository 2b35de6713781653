#![no_main]

use didymos_base::Digest;
use didymos_copies::{code, leaf};
use libfuzzer_sys::fuzz_target;

// Shares and proofs as a lying holder may send them: how many are needed, a length, then shares of 64 bytes with a
// number each.
fuzz_target!(|data: &[u8]| {
    let [need, len, rest @ ..] = data else { return };
    let shares: Vec<(u8, Vec<u8>)> =
        rest.chunks(65).filter_map(|share| share.split_first()).map(|(number, bytes)| (*number, bytes.to_vec())).collect();
    if let Ok(whole) = code::decode(usize::from(*len), *need, &shares) {
        assert_eq!(whole.len(), usize::from(*len));
    }
    let path: Vec<Digest> = rest.chunks_exact(32).map(|hash| Digest(hash.try_into().expect("32 bytes"))).collect();
    let name = path.first().copied().unwrap_or(Digest([0; 32]));
    let beginning = &rest[..rest.len().min(leaf::LEAF_BYTES)];
    assert!(!leaf::holds(&name, rest.len(), u32::from(*len), beginning, &path), "a proof from nothing");
    if !rest.is_empty() {
        let at = u32::from(*need) % leaf::leaf_count(rest.len());
        let (bytes, path) = leaf::prove(rest, at).expect("inside");
        assert!(leaf::holds(&leaf::name_of(rest), rest.len(), at, &bytes, &path));
    }
});
