#![no_main]

use didymos_base::canonical;
use didymos_copies::{CopyKeys, Envelope, Ledger, manifest};
use didymos_identity::Secret32;
use libfuzzer_sys::fuzz_target;

// The first byte chooses what is read; the rest is what came from a holder, or lay beside the journal.
fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    match which % 3 {
        0 => {
            if let Ok(envelope) = Envelope::decode(bytes) {
                assert_eq!(envelope.encode(), bytes, "one envelope, two encodings");
                assert!(envelope.open(&CopyKeys::new(&Secret32::from_bytes([0; 32]))).is_err(), "opened by any key");
            }
        }
        1 => {
            if let Ok(manifest) = manifest::decode(bytes) {
                assert_eq!(canonical::encode(&manifest), bytes, "one list, two encodings");
                for holder in &manifest.holders {
                    assert!(manifest.shares_of(&holder.did).count() <= manifest.parcels.len() * holder.numbers.len());
                }
                let _ = (manifest.end(), Ledger::of(manifest).next_number(didymos_base::Timestamp(0)));
            }
        }
        _ => {
            let _ = canonical::decode::<Ledger>(bytes);
        }
    }
});
