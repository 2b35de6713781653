//! Witnesses: contacts that cosign each other's checkpoints, so that nobody shows two histories unseen.

use didymos_base::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names a contact as a witness of the owner's journal, or no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WitnessWhich {
    /// Their name, the beginning of it, or their DID.
    pub contact: String,
}

/// Which fork's evidence to write out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForkWhich {
    /// Digest of the evidence, or the beginning of it: at least 4 digits.
    pub fork: String,
}

/// A checkpoint that a twin brings to its witness.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckpointIn {
    /// The signed checkpoint: canonical bytes in base64url.
    pub checkpoint: String,
    /// Commits of the last checkpoint that this witness cosigned, as far as the asking twin knows; 0: none.
    pub old_size: u64,
    /// The history's root at that size, by the asking twin's own journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_root: Option<Digest>,
    /// Consistency proof from there to the checkpoint (RFC 9162 §2.1.4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proof: Vec<Digest>,
    /// The asking twin's other witnesses, with whom this one may compare what it has seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<didymos_base::Did>,
}

/// What a witness has seen of a twin that the two have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenIn {
    /// The signed checkpoint: canonical bytes in base64url.
    pub checkpoint: String,
    /// Evidence that the asking witness has against that twin: canonical bytes in base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// Asks a twin to prove that one of its checkpoints is the beginning of another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsistencyAsked {
    /// Commits of the earlier one: at least 1.
    pub old_size: u64,
    /// Commits of the later one.
    pub new_size: u64,
}
