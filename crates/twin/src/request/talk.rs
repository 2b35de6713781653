//! What the owner asks about circles and messages, and what the twins of a circle's members send each other.
//!
//! A *circle* is a group of people who write to each other. A conversation of two is a circle of two that either of
//! them may begin; it is named by the contact. Wherever a `circle` is asked for, its id, the beginning of its id, its
//! name, or (for a conversation of two) the contact's name or DID will do.

use crate::payload::Sent;
use didymos_base::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The most bytes of a text, as UTF-8.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// The most bytes of a file.
pub const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// The most bytes that one `file.stage@1` brings or one `file.read@1` returns, before base64.
pub const FILE_PART_BYTES_MAX: usize = 256 * 1024;
/// The most messages that one answer holds.
pub const MESSAGES_MAX: u32 = 500;

fn default_messages() -> u32 {
    50
}

/// A new circle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CircleNew {
    /// What its members see it called: 1 to 80 characters.
    pub name: String,
    /// Contacts to let in, each by name, the beginning of it, or DID.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invite: Vec<String>,
}

/// Which circle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CircleWhich {
    /// Its id or the beginning of it, its name, or the contact's name or DID.
    pub circle: String,
}

/// Somebody to let into a circle, or to put out of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CircleWho {
    /// Which circle.
    pub circle: String,
    /// A contact or a member: their name, the beginning of it, or their DID.
    pub who: String,
}

/// A new name for a circle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CircleRename {
    /// Which circle.
    pub circle: String,
    /// What its members see it called from now on: 1 to 80 characters.
    pub name: String,
}

/// Whether a member may let others in and put others out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CircleAdmin {
    /// Which circle.
    pub circle: String,
    /// A member: their name, the beginning of it, or their DID.
    pub who: String,
    /// Whether they may. Only who made the circle says so.
    pub admin: bool,
}

/// Something to say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageNew {
    /// To which circle or contact. A conversation with a contact begins with its first message.
    pub to: String,
    /// The text, at most 16 KiB. It may be empty beside a file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// A file that was staged (`file.stage@1`, or `file.take@1` on the twin's own machine).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staged: Option<String>,
    /// The message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Digest>,
}

/// Which messages, and whether to wait for news.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Messages {
    /// Of which circle or contact.
    pub circle: String,
    /// Only messages before this one in the order shown: pages go back in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Digest>,
    /// At most so many: 1 to 500.
    #[serde(default = "default_messages")]
    pub limit: u32,
    /// Answer only once the circle's `change` is not this number any more, or after ten seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless: Option<u64>,
}

impl Default for Messages {
    fn default() -> Self {
        Self { circle: String::new(), before: None, limit: default_messages(), unless: None }
    }
}

/// Says that the owner has seen messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageRead {
    /// Of which circle.
    pub circle: String,
    /// The last one seen; all before it count as seen too.
    pub message: Digest,
}

/// Part of a file that is to be sent: a browser brings it in parts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileStage {
    /// What the first part's answer called it; absent with the first part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staged: Option<String>,
    /// Its name, without folders.
    pub name: String,
    /// Its media type, for example `image/jpeg`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// The next bytes in base64url, at most 256 KiB before that.
    pub bytes: String,
    /// Whether these are the last.
    pub last: bool,
}

/// A file of the twin's machine that is to be sent. Not taken over HTTP: see `file.stage@1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileTake {
    /// Where it is.
    pub path: PathBuf,
}

/// The file of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileWhich {
    /// Of which circle.
    pub circle: String,
    /// Of which message.
    pub message: Digest,
}

/// Where to write the file of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSave {
    /// Of which circle.
    pub circle: String,
    /// Of which message.
    pub message: Digest,
    /// A folder, or a file that does not exist yet. Not taken over HTTP: see `file.read@1`.
    pub path: PathBuf,
}

/// Part of the file of a message, which has been fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileRead {
    /// Of which circle.
    pub circle: String,
    /// Of which message.
    pub message: Digest,
    /// From this byte on, at most 256 KiB.
    pub offset: u64,
}

/// A member's twin asks for a key package: with it this device can be let into a circle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyPackageAsked {}

/// This device was let into a circle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WelcomeIn {
    /// Canonical bytes of `didymos_circle::Invitation` follow.
    pub invitation: Sent,
}

/// What a member's twin has of a circle, and what it wants and brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SyncIn {
    /// Of which circle.
    pub circle: Digest,
    /// Canonical bytes of `didymos_circle::Sync` follow.
    pub sync: Sent,
}

/// A member's twin wants a piece of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PieceAsked {
    /// Of which circle.
    pub circle: Digest,
    /// The digest of its sealed bytes.
    pub piece: Digest,
}
