//! What the owner asks about other people's twins, and what those twins send.

use super::{Every, Words, default_limit};
use crate::moment::Moment;
use crate::response::PairingState;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::StreamId;
use didymos_consent::{Paper, Rate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairJoin {
    /// The ticket's text, as the other side shows it.
    pub ticket: String,
}

/// Which pairings, and whether to wait for news.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairAsked {
    /// Only this one. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairing: Option<u64>,
    /// Answer only once it stands otherwise than this, or after ten seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless: Option<PairingState>,
}

/// What the owner says of the digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairConfirm {
    /// Which pairing.
    pub pairing: u64,
    /// Whether the digits are the same on both sides.
    pub same: bool,
}

/// What to change about a contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactChange {
    /// Their name, the beginning of it, or their DID.
    pub contact: String,
    /// What to call them from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether to hear nothing of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<bool>,
    /// The domain that they have, such as `ann.example.org`, where their twin may be looked up; empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web: Option<String>,
    /// Forget them: every contract with them ends.
    #[serde(default)]
    pub forget: bool,
}

/// What a contact may see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractOffer {
    /// Their name, the beginning of it, or their DID.
    pub contact: String,
    /// Which streams: 1 to 64.
    pub streams: Vec<StreamId>,
    /// What for, in a few words.
    pub purpose: String,
    /// Data from here on, on the owner's clock. Default: from the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// Data before this, on the owner's clock. Default: without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Moment>,
    /// Only statistics over stretches of this width and no finer. Default: single observations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Every>,
    /// How often they may look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// For how many days from now: 1 to 3,660.
    pub days: u32,
}

/// Which contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractWhich {
    /// Its id, or the beginning of it: at least 4 digits.
    pub contract: String,
}

/// Terms of a contract that is not offered yet, as far as they narrow one stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContractPreview {
    /// The stream.
    pub stream: StreamId,
    /// Data from here on, on the owner's clock. Default: from the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// Data before this, on the owner's clock. Default: without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Moment>,
    /// Only statistics over stretches of this width and no finer. Default: single observations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Every>,
    /// At most so many rows.
    #[serde(default = "default_limit")]
    pub limit: u32,
}

/// Which uses of which contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsesAsked {
    /// The contract's id, or the beginning of it: at least 4 digits.
    pub contract: String,
    /// Uses before this one: the `next` of an earlier answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// At most so many: 1 to 200.
    #[serde(default = "default_uses")]
    pub limit: u32,
}

fn default_uses() -> u32 {
    50
}

/// What to look at, of somebody else's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// Whose: their name, the beginning of it, or their DID.
    pub contact: String,
    /// The stream.
    pub stream: StreamId,
    /// First moment on their clock, inclusive. Default: as early as the contract goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// Last moment on their clock, exclusive. Default: as late as the contract goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Moment>,
    /// Width of a stretch. Default: as fine as the contract allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Every>,
    /// At most so many rows.
    #[serde(default = "default_limit")]
    pub limit: u32,
}

/// A paper on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PaperIn {
    /// Its canonical bytes in base64url.
    pub paper: String,
}

impl PaperIn {
    /// The request that brings `paper`.
    #[must_use]
    pub fn of(paper: &Paper) -> Self {
        Self { paper: URL_SAFE_NO_PAD.encode(paper.encode()) }
    }
}

/// Which sources are asked where contacts are, and told where this twin is. What is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneBookSet {
    /// The local network, by mDNS: it hears that some twin is there, under a name that changes every day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lan: Option<bool>,
    /// The Mainline DHT: it tells this machine's addresses to whoever knows its endpoint key, which contacts do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dht: Option<bool>,
    /// Domains that contacts have: each hears that somebody asks where its owner's twin is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web: Option<bool>,
}

/// What to put on a domain, so that contacts find this twin by it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneBookExport {
    /// The domain, or a path of one: `example.org`, `example.org/people/ann`.
    pub web: String,
    /// Where this twin is reached from outside, each `address:port`. None: as this machine knows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// The 24 words, where the log of the identity gets a line: at first, and when keys or devices have changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Words>,
}
