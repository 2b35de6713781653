//! Answers about circles and messages.

use crate::payload::Sent;
use didymos_base::{Did, Digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A member's part in a circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Made the circle.
    Creator,
    /// Lets others in and puts others out.
    Admin,
    /// Writes and reads.
    Member,
}

/// How this twin stands in a circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CircleState {
    /// A member: reads and writes.
    Member,
    /// A member that lacks the keys (a restored twin, or one that was away too long) and waits to be let in anew.
    Waiting,
    /// Left, or put out: what was received before stays.
    Out,
}

/// A person in a circle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MemberShown {
    /// Who.
    pub did: Did,
    /// What the owner calls them; absent for somebody who is no contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether this is the owner.
    pub me: bool,
    /// Their part.
    pub role: Role,
    /// Their devices that read along.
    pub devices: Vec<Did>,
    /// Whether they are asked to join and have not been let in yet.
    pub invited: bool,
}

/// A circle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CircleShown {
    /// Its id.
    pub circle: Digest,
    /// What it is called; for a conversation of two, what the owner calls the other.
    pub name: String,
    /// The other's DID, where it is a conversation of two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Did>,
    /// How this twin stands.
    pub state: CircleState,
    /// The people in it.
    pub members: Vec<MemberShown>,
    /// Messages that the owner has not seen.
    pub unread: u64,
    /// Messages in all.
    pub messages: u64,
    /// The newest message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<MessageShown>,
    /// Counts up with everything that changes here: see `message.list@1`.
    pub change: u64,
    /// How often the keys were changed so far (MLS epoch).
    pub epoch: u64,
    /// When this device last renewed its own keys, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed: Option<String>,
    /// Envelopes of others that were refused: malformed, forged, too many.
    pub refused: u64,
    /// Whether others wrote before the owner came: that is not here, and never will be.
    #[serde(default)]
    pub begins_later: bool,
}

/// How far a message of the owner's has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Only here so far.
    Waiting,
    /// At least one other twin has it, sealed, and hands it on.
    Handed,
    /// Every member has it, each on one device at least.
    Delivered,
    /// Every member has seen it.
    Read,
}

/// How far a message has come with one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryTo {
    /// The member.
    pub did: Did,
    /// How far.
    pub delivery: Delivery,
}

/// How much of a file is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// Whole, checked: it can be saved and read.
    Here,
    /// On its way: whoever has it is asked whenever they are there.
    Coming,
    /// Not asked for: too large to be fetched by itself. `file.fetch@1` asks.
    There,
}

/// A file in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileShown {
    /// Its name, without folders.
    pub name: String,
    /// Its media type, as the sender says.
    pub media: String,
    /// Its length.
    pub bytes: u64,
    /// Whether it is here.
    pub state: FileState,
    /// Bytes of it that are here.
    pub fetched: u64,
}

/// What happened in a circle, beside messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum CircleEvent {
    /// Somebody was let in.
    Joined {
        /// Who.
        did: Did,
    },
    /// Somebody left or was put out.
    Left {
        /// Who.
        did: Did,
    },
    /// The circle was named.
    Named {
        /// The new name.
        name: String,
    },
}

/// A message, or something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageShown {
    /// Its id.
    pub message: Digest,
    /// Who wrote it.
    pub from: Did,
    /// What the owner calls them; absent for somebody who is no contact, and for the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the owner wrote it.
    pub mine: bool,
    /// When, by the writer's clock, RFC 3339. The order shown follows what each writer had read, not clocks.
    pub at: String,
    /// When it came in here, RFC 3339.
    pub received: String,
    /// The text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileShown>,
    /// The message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<Digest>,
    /// What happened, where it is no message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<CircleEvent>,
    /// Whether the owner has seen it.
    pub seen: bool,
    /// How far it has come, for the owner's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// How far it has come with each member, for the owner's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delivered: Vec<DeliveryTo>,
}

/// Messages of a circle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MessagesAnswer {
    /// The circle.
    pub circle: CircleShown,
    /// In order, the oldest of the page first.
    pub messages: Vec<MessageShown>,
    /// Whether there are older ones.
    pub more: bool,
}

/// A file that is being staged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileStaged {
    /// What it is called until it is sent.
    pub staged: String,
    /// Bytes that have come so far.
    pub bytes: u64,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileSaved {
    /// Where to.
    pub path: std::path::PathBuf,
    /// Its length.
    pub bytes: u64,
}

/// Part of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FilePart {
    /// The file.
    pub file: FileShown,
    /// Its bytes from the offset on, base64url; empty at its end.
    pub bytes: String,
}

/// A key package for whoever asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyPackageOut {
    /// In base64url.
    pub package: String,
}

/// A step of synchronising a circle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SyncOut {
    /// Canonical bytes of `didymos_circle::Sync` follow.
    pub sync: Sent,
}

/// A piece of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PieceOut {
    /// Its sealed bytes follow; absent where it is not here yet and will be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub piece: Option<Sent>,
}
