//! Guardians, heirs, and getting a twin back by them: what the owner asks, and what twins send each other for it.
//!
//! ```text
//! owner                        guardian                         new machine, or heir
//!   guardians.set       -->      guardians.accept
//!                                guardians.help (a ticket)  -->   recovery.begin, recovery.join
//!   (is told)           <--      sees the claim             <--   guardians.collect
//!   guardians.cancel    -->      guardians.approve
//!                                after the waiting time     -->   recovery.status, then the phrase
//! ```

use super::Words;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::StreamId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Splits the recovery phrase among guardians, anew: what an earlier round gave out becomes useless.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardiansSet {
    /// Who: 2 to 32 contacts, each by name, the beginning of it, or DID.
    pub guardians: Vec<String>,
    /// How many of them it takes: 2 or more, and no more than there are.
    pub threshold: u8,
    /// For how many days a guardian waits, from when they saw a request, before their share is handed over: 1 to 90.
    pub wait_days: u32,
    /// The recovery phrase. The twin does not keep it; so it has to be typed for every new round.
    pub phrase: Words,
}

/// Whose guardian the owner is, or is to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WardWhich {
    /// Their name, the beginning of it, or their DID.
    pub ward: String,
}

/// Which claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimWhich {
    /// Its id, or the beginning of it: at least 4 digits.
    pub claim: String,
}

/// The guardian's word: this machine is in the hands of whose guardian I am.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimApprove {
    /// The claim's id, or the beginning of it: at least 4 digits.
    pub claim: String,
    /// The digits that the other machine shows, as the person read them out. Spaces do not matter.
    pub digits: String,
    /// Whose twin it is about, where the claim does not say so clearly: a name, the beginning of it, or a DID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ward: Option<String>,
}

/// Begins, on a new machine, to get somebody's twin back by their guardians.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoveryBegin {
    /// Whose twin: the name by which the guardians know them, or their DID.
    pub who: String,
}

/// What one heir gets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeirWish {
    /// Who: a contact's name, the beginning of it, or their DID.
    pub heir: String,
    /// Only these streams. Empty: everything, that is, the recovery phrase.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<StreamId>,
    /// A few words to them, which they read only once it is theirs: at most 2,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<String>,
}

/// Names heirs. Takes guardians, and begins a new round with them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeirsSet {
    /// Every heir: what stood before is replaced. Empty: no heirs any more.
    pub heirs: Vec<HeirWish>,
    /// After how many days without a sign of life the handing over may begin: 7 to 3,660.
    pub silence_days: u32,
    /// The recovery phrase, as for `guardians.set`.
    pub phrase: Words,
}

/// From whom an heir inherits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inheritance {
    /// Their name, the beginning of it, or their DID.
    pub from: String,
}

/// A signed paper about guardians, on its way from twin to twin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardPaperIn {
    /// Its canonical bytes in base64url.
    pub paper: String,
}

impl GuardPaperIn {
    /// The request's part for these bytes.
    #[must_use]
    pub fn of(paper: &[u8]) -> Self {
        Self { paper: URL_SAFE_NO_PAD.encode(paper) }
    }

    /// The bytes, if they are base64url of at most `max` bytes.
    pub(crate) fn bytes(&self, max: usize) -> Option<Vec<u8>> {
        (self.paper.len() <= max.div_ceil(3) * 4).then(|| URL_SAFE_NO_PAD.decode(&self.paper).ok()).flatten()
    }
}

/// A claim, and a question how it stands. The first time makes it known; every later one asks again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Collect {
    /// The signed claim: canonical bytes in base64url.
    pub claim: String,
}

/// Asks a guardian, or an heir, whether all would go well. Nothing is opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Of which round of the asking owner's.
    pub round: u64,
    /// Fresh randomness, so that the answer is of now: 64 hexadecimal digits.
    pub nonce: String,
}
