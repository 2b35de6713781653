//! What the owner's app asks beside charts: the day, search, quality, receipts, imports.

use didymos_base::{Did, StreamId};
use didymos_consent::Act;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which day to look at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Today {
    /// The day, `2024-05-01`. Default: the last day that was measured; with nothing but a calendar, the present one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// What to look for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// Words, a day (`2016-03-04`, `4 March 2016`), a month or a year; at most 200 characters.
    pub text: String,
    /// At most this many results of each kind: 1 to 100.
    #[serde(default = "default_find")]
    pub limit: u32,
}

fn default_find() -> u32 {
    8
}

/// Whose quality.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quality {
    /// One stream, with the agreement between its sources. Default: every stream, without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamId>,
}

/// Which receipts, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptsAsked {
    /// Receipts before this one: the `next` of an earlier answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// At most this many: 1 to 500.
    #[serde(default = "default_receipts")]
    pub limit: u32,
    /// Only of principals whose DID contains this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// Only of this act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
    /// Only those that were allowed, or denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionKind>,
}

fn default_receipts() -> u32 {
    50
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// Allowed.
    Allowed,
    /// Denied.
    Denied,
}

/// An upload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadWhich {
    /// The id that the upload was answered with.
    pub job: String,
}

/// An import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportWhich {
    /// Its `import`, as `imports.list@1` gives it.
    pub import: String,
}

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenNew {
    /// What will deliver with it, in the owner's words; at most 60 characters.
    pub name: String,
    /// For how many days it is in force: 1 to 3660.
    #[serde(default = "default_days")]
    pub days: u32,
}

fn default_days() -> u32 {
    365
}

/// A token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenWhich {
    /// Its DID, as `tokens.list@1` gives it.
    pub did: Did,
}
