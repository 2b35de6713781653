//! Answers about the owner's own devices.

use crate::payload::Sent;
use crate::request::CommitNamed;
use didymos_base::Did;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a device is to the twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceRole {
    /// It writes the journal. There is one of these.
    Writer,
    /// It keeps a whole live copy of the journal, answers from it, and passes on what is to be written.
    Replica,
    /// It may open the twin's page and holds nothing.
    Viewer,
    /// It may do nothing any more.
    Revoked,
}

/// A device of the owner's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OwnDevice {
    /// Its key; of a viewer, the identity that it made for itself.
    pub did: Did,
    /// What the owner calls it.
    pub name: String,
    /// What it is.
    pub role: DeviceRole,
    /// Whether it is the one that answers.
    pub this: bool,
    /// Since when, RFC 3339.
    pub since: String,
    /// When it was revoked, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
    /// When it was last heard of since this twin was opened, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
    /// So many commits of the journal it had then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commits: Option<u64>,
}

/// The owner's devices, this one first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DevicesAnswer {
    /// All of them.
    pub devices: Vec<OwnDevice>,
    /// Commits in the journal here.
    pub commits: u64,
    /// On a replica: what it waits for, in words; absent while it is up to date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
}

/// Whole commits of the journal, which follow the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pulled {
    /// How many.
    pub commits: u64,
    /// The newest commit there, in this stretch or after it.
    pub newest: CommitNamed,
    /// Their bytes.
    pub sent: Sent,
}
