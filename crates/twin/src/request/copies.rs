//! What the owner asks about room for each other's copies, and what twins send each other for that.
//!
//! Bytes never travel in JSON: they follow the request, or its answer, which say how many there are.

use super::Words;
use crate::payload::Sent;
use didymos_base::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Room for a contact's copies on this twin's disk. Of `space.offer@1` (`space.list@1` takes nothing; both answer `SpaceShown`s).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpaceOffer {
    /// Their name, the beginning of it, or their DID.
    pub contact: String,
    /// How many bytes: 1 MiB to 16 TiB.
    pub bytes: u64,
    /// For how many days from now: 1 to 3,660.
    pub days: u32,
}

/// How the owner's copies are spread over friends. Of `copies.set@1` (`copies.status@1`, `copies.spread@1` and `copies.help@1` take nothing; all but the last answer `CopiesShown`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CopiesSet {
    /// So many of the friends' shares are enough to have everything back: 1 to 16. Default: as it was, 3 at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need: Option<u8>,
    /// So many friends may be lost at once without loss, if there are enough of them: 0 to 16. Default: as it was, 2
    /// at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lose: Option<u8>,
}

/// Whose copies to look at. Of `copies.audit@1`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CopiesWhich {
    /// Only what this contact keeps: their name, the beginning of it, or their DID. Default: everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

/// A share to keep. Twins send these to each other, with the share's bytes beside. Of `share.put@1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SharePut {
    /// Its name: the root over its leaves of 1 KiB.
    pub share: Digest,
    /// The bytes that follow.
    pub sent: Sent,
}

/// A share that is wanted back. Of `share.get@1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareWhich {
    /// Its name.
    pub share: Digest,
}

/// Which of the shares that are kept for the asker to list. Of `share.list@1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareList {
    /// Only names after this one. Default: from the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Digest>,
}

/// Show that shares are there: pieces of them that nobody could foresee. Of `share.prove@1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareProve {
    /// Which pieces: 1 to 128.
    pub leaves: Vec<LeafAsked>,
}

/// One piece of a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeafAsked {
    /// Which share.
    pub share: Digest,
    /// Which leaf of 1 KiB, counted from 0.
    pub leaf: u32,
}

/// Shares that need not be kept any more. Of `share.drop@1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareDrop {
    /// Their names: 1 to 512.
    pub shares: Vec<Digest>,
}

/// The sealed list of a twin's shares, which every holder keeps whole. The newest counts. Of `manifest.put@1` (`manifest.get@1` takes nothing).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestPut {
    /// The signed envelope that follows.
    pub sent: Sent,
    /// The seed of the beacon by which the owner finds this holder when nothing is left but the phrase: 32 bytes in
    /// base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beacon: Option<Words>,
}
