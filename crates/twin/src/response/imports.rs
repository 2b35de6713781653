//! The answer to `imports.list@1`.

use super::ImportedFile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What taking an import back did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UndoAnswer {
    /// Observations that do not count any more.
    pub observations: u64,
}

/// Imports, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImportsAnswer {
    /// The imports.
    pub imports: Vec<ImportShown>,
}

/// One import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImportShown {
    /// What undoes it is told this; absent until it has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<String>,
    /// Its upload's id, while it waits or runs, or where it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// What was imported: a file's name, or the first of several.
    pub name: String,
    /// What the uploads of one drop have in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// How it stands.
    pub state: ImportState,
    /// When it began, RFC 3339.
    pub began: String,
    /// Bytes read so far, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<u64>,
    /// Of so many bytes, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// Why it failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Files and archive members.
    pub files: Vec<ImportedFile>,
    /// Files that are left out here, because there are very many.
    pub files_more: u64,
    /// Observations that are new.
    pub added: u64,
    /// Observations that were here already.
    pub duplicate: u64,
    /// Counts per stream.
    pub streams: BTreeMap<String, StreamCounts>,
    /// Records not taken, by reason, over all files.
    pub skipped: BTreeMap<String, u64>,
    /// How long it took, or has taken so far, in seconds.
    pub seconds: f64,
    /// When it was undone, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<String>,
}

/// How an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// Its turn has not come.
    Waiting,
    /// It runs.
    Running,
    /// It could not be read; the upload is kept until it is removed.
    Failed,
    /// Everything was read.
    Done,
    /// It was stopped, or broke off; what was committed before is here.
    Partial,
    /// It was taken back: nothing of it counts any more.
    Undone,
}

/// Of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StreamCounts {
    /// Observations read so far, new or not, while it runs.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub read: u64,
    /// Observations that are new.
    pub added: u64,
    /// Observations that were here already.
    pub duplicate: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_zero(count: &u64) -> bool {
    *count == 0
}
