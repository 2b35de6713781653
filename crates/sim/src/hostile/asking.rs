//! What Eve asks of each capability, as one of its own requests: malformed, beyond its bounds, of another version, or of
//! somebody else's.

use crate::lots::Lots;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::Digest;

/// A capability that twins use with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Circles.
    Talk,
    /// Shares that are kept.
    Keeping,
    /// Guardians.
    Guard,
    /// Witnesses.
    Witness,
    /// The owner's own devices.
    Devices,
}

impl At {
    pub(super) fn drawn(lots: &mut Lots) -> Self {
        [Self::Talk, Self::Keeping, Self::Guard, Self::Witness, Self::Devices][lots.place(5)]
    }
}

/// A request, and what follows it.
pub(super) struct Asked {
    pub(super) json: String,
    pub(super) upload: Option<Vec<u8>>,
}

fn bytes(lots: &mut Lots, most: usize) -> Vec<u8> {
    let mut bytes = vec![0; lots.place(most)];
    lots.fill(&mut bytes);
    bytes
}

/// A request of hers to this capability. None of them is a contact's to make, or holds.
pub(super) fn draw(at: At, lots: &mut Lots) -> Asked {
    let some = Digest(lots.bytes());
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let junk = bytes(lots, 600);
    // One in two says how many bytes follow, and one in eight of these says something else than follows.
    let follows = if lots.once_in(8) { bytes(lots, 5_000) } else { junk.clone() };
    let sent = format!(r#"{{"bytes":{},"digest":"{}"}}"#, junk.len(), Digest::of(&junk));
    let plain = |json: String| Asked { json, upload: None };
    let mut asked = match (at, lots.below(6)) {
        (At::Talk, 0..=1) => Asked {
            json: format!(r#"{{"request":"circle.sync@1","circle":"{some}","sync":{sent}}}"#),
            upload: Some(follows),
        },
        (At::Talk, 2..=3) => {
            Asked { json: format!(r#"{{"request":"circle.welcome@1","invitation":{sent}}}"#), upload: Some(follows) }
        }
        (At::Talk, _) => plain(format!(r#"{{"request":"circle.piece@1","circle":"{some}","piece":"{some}"}}"#)),
        (At::Keeping, 0) => Asked {
            json: format!(r#"{{"request":"share.put@1","share":"{some}","sent":{sent}}}"#),
            upload: Some(follows),
        },
        (At::Keeping, 1) => {
            Asked { json: format!(r#"{{"request":"manifest.put@1","sent":{sent}}}"#), upload: Some(follows) }
        }
        (At::Keeping, 2) => plain(format!(r#"{{"request":"share.get@1","share":"{some}"}}"#)),
        (At::Keeping, 3) => plain(r#"{"request":"share.prove@1","leaves":[]}"#.to_owned()),
        (At::Keeping, 4) => plain(r#"{"request":"manifest.get@1"}"#.to_owned()),
        (At::Keeping, _) => plain(r#"{"request":"share.list@1","after":"everything"}"#.to_owned()),
        (At::Guard, 0..=2) => plain(format!(r#"{{"request":"guardians.paper@1","paper":"{}"}}"#, text(&junk))),
        (At::Guard, 3..=4) => plain(format!(r#"{{"request":"guardians.collect@1","claim":"{}"}}"#, text(&junk))),
        (At::Guard, _) => plain(r#"{"request":"guardians.probe@1","round":1,"nonce":"what"}"#.to_owned()),
        (At::Witness, 0..=1) => {
            plain(format!(r#"{{"request":"witness.checkpoint@1","checkpoint":"{}","old_size":0}}"#, text(&junk)))
        }
        (At::Witness, 2..=3) => plain(format!(r#"{{"request":"witness.seen@1","checkpoint":"{}"}}"#, text(&junk))),
        (At::Witness, _) => {
            plain(format!(r#"{{"request":"witness.consistency@1","old_size":0,"new_size":{}}}"#, u64::MAX))
        }
        (At::Devices, 0..=2) => plain(r#"{"request":"journal.pull@1","wait_ms":0}"#.to_owned()),
        (At::Devices, _) => plain(r#"{"request":"receipts.bring@1","receipts":[]}"#.to_owned()),
    };
    if lots.once_in(6) {
        // Of a version that nobody has heard of.
        asked.json = asked.json.replacen("@1", "@7", 1);
    }
    asked
}
