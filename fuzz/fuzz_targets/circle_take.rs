#![no_main]

use didymos_base::{Digest, Timestamp};
use didymos_circle::wire::{Body, Bytes, Header};
use didymos_circle::{Charter, Circle, Envelope, Me, package};
use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, SigningKey};
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;

// A member signs whatever MLS message comes: a commit, a message or a key package that no honest twin would make.
fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let phrase = RecoveryPhrase::from_entropy([7; 32]);
    let device = SigningKey::from_seed(&Secret32::from_bytes([9; 32]));
    let document = DidDocument::genesis(&phrase.identity_key(), device.did(), Timestamp(0), None);
    let chance = Arc::new(|bytes: &mut [u8]| {
        bytes.fill(5);
        true
    });
    let me = Me { owner: document.document.id.clone(), device: device.clone(), chance };
    let (id, now) = (Digest([1; 32]), Timestamp(0));
    let charter = Charter { name: "fuzz".into(), creator: me.owner.clone(), admins: Vec::new(), pair: false };
    let Ok((mut circle, _)) = Circle::begin(me.clone(), id, charter, vec![document.clone()], now) else { return };
    let header = Header {
        circle: id,
        author: device.did().clone(),
        seq: 1,
        parents: Vec::new(),
        height: 1,
        epoch: id,
        number: 0,
        at: now,
    };
    match which % 3 {
        0 => drop(circle.let_in(bytes, &[document], now)),
        1 => {
            let envelope = Envelope::sign(header, Body::Message(bytes.to_vec()), &device);
            drop(circle.take(&[Bytes(envelope.encode())], now));
        }
        _ => {
            let body = Body::Commit { commit: bytes.to_vec(), people: Vec::new() };
            drop(circle.take(&[Bytes(Envelope::sign(header, body, &device).encode())], now));
        }
    }
    let _ = package(&me);
});
