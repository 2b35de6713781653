//! Eve as somebody who gives room: she takes what she is given, says that she has it, and shows nothing true of it.

use crate::lots::Lots;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::{Digest, canonical};
use didymos_link::{Call, Incoming, Reply};
use didymos_twin::peers::ask::{Answer, Ask};
use didymos_twin::response::{LeafProof, Nothing, ShareNames, ShareProofs};
use didymos_twin::{Request, Response};
use std::collections::BTreeSet;

/// What she says she has.
#[derive(Default)]
pub(super) struct Claims {
    shares: BTreeSet<Digest>,
    manifest: u64,
}

impl Claims {
    /// Her answer to somebody who takes her for a holder; none where they want something else.
    pub(super) fn answer(&mut self, call: &Call, upload: Option<&mut Incoming>, lots: &mut Lots) -> Option<Reply> {
        let ask = Ask::decode(&call.body).ok()?;
        let request: Request = serde_json::from_slice(&ask.request).ok()?;
        let mut took = Vec::new();
        if let Some(upload) = upload {
            std::io::Read::read_to_end(upload, &mut took).ok()?;
        }
        let response = match request {
            Request::SharePut(put) => {
                self.shares.insert(put.share);
                Response::Nothing(Nothing {})
            }
            Request::ManifestPut(_) => {
                self.manifest = number_of(&took).unwrap_or(self.manifest + 1);
                Response::Nothing(Nothing {})
            }
            Request::ShareDrop(dropped) => {
                for share in &dropped.shares {
                    self.shares.remove(share);
                }
                Response::Nothing(Nothing {})
            }
            Request::ShareList(asked) => {
                let after = |share: &&Digest| asked.after.is_none_or(|after| **share > after);
                let shares: Vec<Digest> = self.shares.iter().filter(after).copied().collect();
                Response::ShareNames(ShareNames { shares, more: false, used: 1, manifest: Some(self.manifest) })
            }
            Request::ShareProve(asked) => {
                let leaves = asked.leaves.iter().map(|_| {
                    let leaf = URL_SAFE_NO_PAD.encode(lots.bytes::<1_024>());
                    (!lots.once_in(3)).then(|| LeafProof { leaf, path: vec![Digest(lots.bytes()); 3] })
                });
                Response::ShareProofs(ShareProofs { leaves: leaves.collect() })
            }
            _ => return None,
        };
        let answer = serde_json::to_vec(&response).ok()?;
        Some(Reply::Done(canonical::encode(&Answer { answer, used: None })))
    }
}

fn number_of(bytes: &[u8]) -> Option<u64> {
    didymos_copies::manifest::Envelope::decode(bytes).ok().map(|envelope| envelope.number)
}
