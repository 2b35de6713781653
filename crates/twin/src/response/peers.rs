//! Answers about other people's twins.

use super::QueryAnswer;
use didymos_base::{Did, Digest, StreamId};
use didymos_consent::Rate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a pairing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PairingState {
    /// A ticket waits for somebody.
    Waiting,
    /// On the way to whoever made the ticket.
    Knocking,
    /// Both people compare the digits.
    Compare,
    /// The owner has said yes; the other person has not said anything yet.
    Said,
    /// They are contacts.
    Done,
    /// It came to nothing.
    Failed,
}

/// What two machines pair for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PairingPurpose {
    /// Two people's twins become contacts.
    #[default]
    Contact,
    /// A machine becomes one of the owner's devices.
    Device,
    /// A computer may open the twin's page.
    Viewer,
}

/// A pairing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PairingShown {
    /// Its number.
    pub pairing: u64,
    /// What for.
    #[serde(default)]
    pub purpose: PairingPurpose,
    /// How it stands.
    pub state: PairingState,
    /// The ticket, while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Until when the ticket is good, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// What both people compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digits: Option<String>,
    /// Who the other is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub did: Option<Did>,
    /// What they call themself; nobody has checked that but you.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Why it came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// A contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContactShown {
    /// Who.
    pub did: Did,
    /// What the owner calls them.
    pub name: String,
    /// When the two paired, RFC 3339.
    pub paired: String,
    /// Whether the owner hears nothing of them.
    pub blocked: bool,
    /// Whether they are connected right now.
    pub connected: bool,
    /// Their keys as they were seen and checked, oldest first.
    pub keys: Vec<KeysSeen>,
    /// Where their devices were last.
    pub places: Vec<PlaceShown>,
    /// The domain that they have, as the owner knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web: Option<String>,
}

/// What of a contact's keys was known from when on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeysSeen {
    /// Version of their identity document.
    pub version: u32,
    /// Seen at, RFC 3339.
    pub seen: String,
    /// The identity key in control.
    pub controller: Did,
    /// Devices that could act.
    pub devices: Vec<Did>,
}

/// Where a device was last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlaceShown {
    /// The device.
    pub device: Did,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// Seen at, RFC 3339.
    pub seen: String,
}

/// How a contract stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContractState {
    /// Offered, and not accepted yet.
    Offered,
    /// Signed by both.
    InForce,
    /// Ended by one of them.
    Ended,
    /// Over.
    Expired,
}

/// A contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContractShown {
    /// Its id.
    pub contract: Digest,
    /// How it stands.
    pub state: ContractState,
    /// Whether the owner grants; else the contact does.
    pub granted: bool,
    /// The contact.
    pub did: Did,
    /// What the owner calls them, if they are known still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Which streams.
    pub streams: Vec<StreamId>,
    /// Data from here on, on the grantor's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Data before this, on the grantor's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Statistics of this width and no finer; absent: single observations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<String>,
    /// How often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Room for copies in bytes, where that is what is granted: then there are no streams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<u64>,
    /// What for, in the grantor's words.
    pub purpose: String,
    /// In force until, RFC 3339.
    pub expires: String,
    /// When it was accepted, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// When it was ended, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Whether a paper of the owner's has not arrived yet.
    pub undelivered: bool,
}

/// Uses of a contract, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UsesAnswer {
    /// The uses.
    pub uses: Vec<UseShown>,
    /// Pass this as `before` for older ones; absent at the first use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One use of a contract: the ask, signed by who asked, and that it was answered, signed by who answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UseShown {
    /// When, by the clock of who answered, RFC 3339.
    pub at: String,
    /// Whether the owner asked; else the contact did.
    pub by_owner: bool,
    /// Name of the request; empty where this version does not know it.
    pub request: String,
    /// The stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamId>,
    /// From when on, as it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Until when, as it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// How fine, as it was asked; the contract may allow coarser only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<String>,
    /// The device that signed the ask.
    pub asked_by: Did,
    /// The device that signed the answer.
    pub answered_by: Did,
    /// Digest of the ask.
    pub ask: Digest,
    /// Digest of the answer; what was seen is kept by nobody.
    pub answer: Digest,
    /// Both signatures were checked just now and hold. They cannot be checked once a contact is forgotten.
    pub holds: bool,
}

/// What a contact let the owner see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LookAnswer {
    /// Whose.
    pub did: Did,
    /// What the owner calls them.
    pub name: String,
    /// Under which contract; their signature on that is kept in both journals.
    pub contract: Digest,
    /// What there was to see.
    pub answer: QueryAnswer,
}

/// Nothing more to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Which sources are asked where contacts are, beside where they were last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PhoneBookShown {
    /// The local network.
    pub lan: bool,
    /// The Mainline DHT.
    pub dht: bool,
    /// Domains that contacts have.
    pub web: bool,
    /// The domain that the owner has, if one was exported to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnDomain>,
    /// What cannot be had at the moment, and why.
    pub troubles: Vec<String>,
}

/// A domain that the owner has exported to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnDomain {
    /// The domain, or a path of one.
    pub web: String,
    /// Its `did:webvh`.
    pub did: Did,
    /// Whether its log says what the identity says now. If not, the next export needs the 24 words.
    pub current: bool,
}

/// What to put on a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PhoneBookFiles {
    /// The domain's `did:web`.
    pub did_web: Did,
    /// Its `did:webvh`, whose history anybody can check.
    pub did_webvh: Did,
    /// Where contacts will try to reach this twin.
    pub addresses: Vec<String>,
    /// The files, by their path on the domain.
    pub files: Vec<WebFile>,
}

/// A file to put on a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebFile {
    /// Its path on the domain, without a slash in front.
    pub path: String,
    /// What is in it.
    pub text: String,
}
