//! Answers about witnesses.

use didymos_base::{Did, Digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything about witnesses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WitnessesAnswer {
    /// Commits in the owner's journal now.
    pub commits: u64,
    /// Who witnesses the owner's journal.
    pub witnesses: Vec<WitnessShown>,
    /// Whose journals this twin has witnessed.
    pub watched: Vec<WatchedShown>,
    /// Twins that have shown two histories.
    pub forks: Vec<ForkShown>,
}

/// A witness of the owner's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WitnessShown {
    /// Who.
    pub did: Did,
    /// What the owner calls them, if they are a contact still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// So many commits they have cosigned; 0: none yet.
    pub commits: u64,
    /// When they cosigned, by their clock, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosigned: Option<String>,
    /// What they said last, where it was no cosignature: for example that they have seen a longer history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// A contact whose checkpoints this twin cosigns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WatchedShown {
    /// Who.
    pub did: Did,
    /// What the owner calls them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Commits of the last checkpoint that was cosigned.
    pub commits: u64,
    /// Its root.
    pub root: Digest,
    /// When it was cosigned, RFC 3339.
    pub cosigned: String,
    /// Whether they have shown two histories: nothing of theirs is cosigned any more.
    pub forked: bool,
}

/// A twin that has shown two histories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ForkShown {
    /// Digest of the evidence.
    pub fork: Digest,
    /// Whose twin.
    pub did: Did,
    /// What the owner calls them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Commits at which the two histories are known to differ.
    pub commits: u64,
    /// When it came to light here, RFC 3339.
    pub found: String,
    /// Who showed it, where it came from another witness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Did>,
}

/// Evidence as a file that anybody can check with `twin check`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceAnswer {
    /// The file's bytes, base64url without padding.
    pub evidence: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// What it says, in words.
    pub says: String,
}

/// What a witness answers to a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Witnessed {
    /// Cosigned: canonical bytes of the cosignature in base64url.
    Cosigned(String),
    /// The witness has cosigned another checkpoint last, this one: prove from there.
    Prove {
        /// The signed checkpoint: canonical bytes in base64url.
        last: String,
    },
    /// The two do not go together: the evidence, canonical bytes in base64url.
    Forked(String),
}

/// What a twin answers to a witness that wants two of its checkpoints to be connected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Consistent {
    /// The history's root at the earlier size, by this twin's journal.
    pub old_root: Digest,
    /// Consistency proof (RFC 9162 §2.1.4).
    pub proof: Vec<Digest>,
}

/// What another witness has seen of a twin that the two have in common.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SeenAnswer {
    /// The signed checkpoint that it cosigned last: canonical bytes in base64url; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// Evidence against that twin: canonical bytes in base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}
