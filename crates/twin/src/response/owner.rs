//! Answers to what the owner's app asks: receipts, protection, search, quality.

use super::BackupReport;
use didymos_base::{Did, Digest, StreamId};
use didymos_consent::Receipt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Receipts, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptsAnswer {
    /// The receipts.
    pub receipts: Vec<ReceiptShown>,
    /// Pass this as `before` for older ones; absent at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A receipt, and where it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptShown {
    /// When, RFC 3339.
    pub at: String,
    /// The commit that holds it.
    pub commit: u64,
    /// What it says.
    pub receipt: Receipt,
}

/// How the twin is protected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProtectAnswer {
    /// Places that keep copies; `verified` is when all of it was last read back and found right.
    pub backups: Vec<BackupReport>,
    /// When the owner last typed the recovery phrase right, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrase_checked: Option<String>,
    /// Devices that the identity document names.
    pub devices: Vec<DeviceShown>,
    /// Passkeys that open the twin.
    pub passkeys: u32,
    /// Whether a passphrase opens it too.
    pub passphrase: bool,
}

/// A device of the owner's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceShown {
    /// Its key.
    pub did: Did,
    /// It is the one that answers.
    pub this: bool,
    /// From when on it may act, RFC 3339.
    pub since: String,
    /// Since when it may not any more, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
}

/// What was found, by kind; kinds without results are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FindAnswer {
    /// The kinds, most direct first.
    pub groups: Vec<FoundGroup>,
}

/// Results of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FoundGroup {
    /// What they are.
    pub kind: FoundKind,
    /// The results, best first.
    pub results: Vec<FoundResult>,
    /// There were more than asked for.
    pub more: bool,
}

/// What can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FoundKind {
    /// A day, a month or a year.
    Date,
    /// A stream.
    Stream,
    /// A device or program that recorded.
    Source,
    /// A workout, a meal or another event.
    Event,
    /// A category's label or a text.
    Text,
    /// A file that was imported.
    File,
    /// A commit.
    Commit,
    /// A receipt.
    Receipt,
    /// A message in a circle.
    Message,
}

/// One thing that was found. Days are those of the owner's wall clock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FoundResult {
    /// What to call it.
    pub label: String,
    /// What else to know, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// First day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// Last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// How many there are of what `counts` says.
    pub count: u64,
    /// What `count` counts.
    pub counts: Counts,
    /// Where to go.
    pub go: Go,
}

/// What a number of things is a number of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counts {
    /// Observations.
    #[default]
    Observations,
    /// Bytes.
    Bytes,
}

/// Where to go from a result; all that is there helps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Go {
    /// This stream on the timeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamId>,
    /// From this wall-clock millisecond.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// To this wall-clock millisecond, exclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i64>,
    /// Only this source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// This import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<String>,
    /// This commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<u64>,
    /// This circle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circle: Option<Digest>,
    /// This message in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Digest>,
}

/// How good the data are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QualityAnswer {
    /// Each stream.
    pub streams: Vec<StreamQuality>,
}

/// How good a stream is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StreamQuality {
    /// The stream.
    pub stream: StreamId,
    /// What people call it.
    pub label: String,
    /// UCUM code.
    pub unit: String,
    /// Over all sources.
    pub coverage: Coverage,
    /// Observations that imports left out because they were here already.
    pub duplicates: u64,
    /// Each source.
    pub sources: Vec<SourceQuality>,
    /// How sources that measured in the same minutes agree (only when one stream was asked for, of numbers).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreement: Vec<Agreement>,
}

/// One source on one stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SourceQuality {
    /// The source.
    pub source: String,
    /// What it covers.
    pub coverage: Coverage,
}

/// How much of a span is covered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Observations.
    pub count: u64,
    /// First day with data.
    pub first: String,
    /// Last day with data.
    pub last: String,
    /// Days with data.
    pub days: u32,
    /// Days from the first to the last.
    pub of: u32,
    /// Stretches of days without data.
    pub gaps: u32,
    /// The longest of them, if there is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_gap: Option<Gap>,
    /// Half of the observations follow the one before within so many seconds (of those within a day).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_seconds: Option<f64>,
}

/// Days without data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// The first of them.
    pub first: String,
    /// The last.
    pub last: String,
    /// How many.
    pub days: u32,
}

/// Bland–Altman: how the means of the same minutes differ between two sources.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Agreement {
    /// One source.
    pub a: String,
    /// The other.
    pub b: String,
    /// Minutes in which both measured.
    pub n: u64,
    /// Mean of `a` less `b`.
    pub mean_difference: f64,
    /// Lower 95 % limit of agreement: the mean less 1.96 standard deviations of the differences.
    pub lower: f64,
    /// Upper 95 % limit of agreement.
    pub upper: f64,
}

/// A token of a live source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TokenShown {
    /// Who delivers with it, as receipts name them.
    pub did: Did,
    /// What the owner calls it.
    pub name: String,
    /// Whether it may deliver.
    pub state: TokenState,
    /// When it was made, RFC 3339.
    pub created: String,
    /// Until when it is in force, RFC 3339.
    pub expires: String,
    /// The last delivery that was let in, RFC 3339; absent if there is none among the newest receipts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

/// Whether a token may deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// It may.
    InForce,
    /// Its time is over.
    Expired,
    /// The owner ended it.
    Revoked,
}

/// A new token. Nobody can show it again.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TokenCreated {
    /// The token, for the header `Authorization: Bearer …`.
    pub secret: String,
    /// How it is listed.
    pub token: TokenShown,
}

impl fmt::Debug for TokenCreated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCreated").field("token", &self.token).finish_non_exhaustive()
    }
}
