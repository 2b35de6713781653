//! What the owner asks about their own devices, and what these ask of each other.

use super::Words;
use crate::payload::Sent;
use didymos_base::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The right to change the owner's identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceAdd {
    /// The 24 words.
    pub words: Words,
}

/// A device that may act no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceRevoke {
    /// Which: its name, the beginning of that, or its DID.
    pub device: String,
    /// The 24 words. A viewer is no device of the identity and needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Words>,
}

/// This device takes over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DevicePromote {
    /// The 24 words.
    pub words: Words,
}

/// A commit, by its number and digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommitNamed {
    /// Its number, from 0.
    pub seq: u64,
    /// Its digest.
    pub digest: Digest,
}

/// From where on another device lacks the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JournalPull {
    /// The last commit that it has; absent: it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<CommitNamed>,
    /// Where there is nothing new, wait for so many milliseconds, 20,000 at most.
    #[serde(default)]
    pub wait_ms: u32,
}

/// Receipts of what another device of the owner's answered by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptsBring {
    /// Each in base64url of its canonical bytes, 200 at most.
    pub receipts: Vec<String>,
}

/// A file that another device of the owner's sends; its bytes follow the request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportSent {
    /// What it is called.
    pub name: String,
    /// Zone of times that name none, as for `import.files@1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Its bytes.
    pub sent: Sent,
}
