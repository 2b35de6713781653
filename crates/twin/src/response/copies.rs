//! Answers about copies that friends keep of each other.

use super::ContractState;
use crate::payload::Sent;
use didymos_base::{Did, Digest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Room that one of two contacts gives the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SpaceShown {
    /// The contract: `contracts.accept@1` and `contracts.end@1` take it.
    pub contract: Digest,
    /// How it stands.
    pub state: ContractState,
    /// Whether the owner gives the room; else the contact does.
    pub given: bool,
    /// The contact.
    pub did: Did,
    /// What the owner calls them, if they are known still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How many bytes at most.
    pub bytes: u64,
    /// How many of them are in use, as far as this twin knows.
    pub used: u64,
    /// In force until, RFC 3339.
    pub expires: String,
    /// Who keeps it deletes it then, RFC 3339; set once no contract of room is in force any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<String>,
    /// Whether a paper of the owner's has not arrived yet.
    pub undelivered: bool,
}

/// How a friend keeps the owner's copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HolderState {
    /// Has all that it should have.
    Whole,
    /// Some of it is on its way.
    Behind,
    /// Has not been reached for so long that it is not counted on.
    Away,
    /// The room is too small for the shares, so it is not used.
    Full,
    /// Could not show what it said it keeps: not counted on any more. A new contract begins anew.
    Caught,
    /// The contract has ended: what is there stays until it is deleted, and is made anew elsewhere.
    Leaving,
}

/// A friend who keeps shares of the owner's journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HolderShown {
    /// Who.
    pub did: Did,
    /// What the owner calls them, if they are known still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How it stands.
    pub state: HolderState,
    /// Which shares of every parcel it keeps.
    pub numbers: Vec<u8>,
    /// Shares that it has.
    pub shares: u64,
    /// Shares that it should have and has not yet.
    pub missing: u64,
    /// Bytes of the shares that it has.
    pub bytes: u64,
    /// Bytes that it gives room for.
    pub room: u64,
    /// Whether it has the newest list of shares.
    pub listed: bool,
    /// When it was last reached, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<String>,
    /// When it last showed that it keeps what it should, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven: Option<String>,
    /// What was wrong when it was last asked, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrong: Option<String>,
}

/// How far back a restore from friends would reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Covered {
    /// Commits that friends have.
    pub commits: u64,
    /// When they were spread, RFC 3339.
    pub at: String,
    /// Bytes of the journal up to there.
    pub bytes: u64,
    /// Commits since then.
    pub behind: u64,
}

/// How the owner's copies at friends stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CopiesShown {
    /// So many shares are enough to have everything back, as the owner chose.
    pub need: u8,
    /// So many friends may be lost at once, as the owner chose.
    pub lose: u8,
    /// So many friends may be lost right now, whichever they are, and all that is `covered` comes back; none while
    /// nothing would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<u32>,
    /// What would come back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered: Option<Covered>,
    /// Parcels that the journal is cut into.
    pub parcels: u64,
    /// Friends who keep shares, or did.
    pub holders: Vec<HolderShown>,
    /// What a holder that had lost a tenth of its shares would be found out with at one audit, from 0 to 1.
    pub audit_certainty: f64,
    /// What happened just now, in words for the owner, where something was done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Where this twin can be reached right now, for a friend who restores theirs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HelpAnswer {
    /// The text that the friend types: `twin restore --from-friends TICKET…`.
    pub ticket: String,
}

/// A share, or a list of shares: its bytes follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShareBytes {
    /// How many, and their digest.
    pub sent: Sent,
}

/// Names of shares that are kept for whoever asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShareNames {
    /// In order; at most 2,048.
    pub shares: Vec<Digest>,
    /// Whether there are more after the last.
    pub more: bool,
    /// Bytes in use, of the asker's room.
    pub used: u64,
    /// The number of the list of shares that is kept, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<u64>,
}

/// Pieces of shares, each with its way to the root, in the order asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShareProofs {
    /// None where the share is not there, or not whole.
    pub leaves: Vec<Option<LeafProof>>,
}

/// One piece of a share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeafProof {
    /// Its bytes in base64url.
    pub leaf: String,
    /// The hashes beside its way up.
    pub path: Vec<Digest>,
}
