//! The contract: what the owner grants to whom. Named in ODRL's terms where it has one (*assigner*, *assignee*).
//!
//! This is the first form: prices and onward rules come with the capability that needs them. A contract reaches
//! [`decide`](crate::decide) only after the [papers](crate::grant) that it is made of were checked.

use crate::{Act, Asked, Streams};
use didymos_base::{Did, Digest, Timestamp};
use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Digest of a contract's canonical bytes.
pub type ContractId = Digest;

/// A stretch of time: `from` inclusive, `to` exclusive, either may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// First instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// First instant after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
}

impl Period {
    /// All of time.
    pub const ALWAYS: Self = Self { from: None, to: None };

    /// Whether all of `from..to` lies within. An open end is covered by an open end only.
    #[must_use]
    pub fn covers(self, from: Option<Timestamp>, to: Option<Timestamp>) -> bool {
        let starts = self.from.is_none_or(|first| from.is_some_and(|from| first <= from));
        let ends = self.to.is_none_or(|last| to.is_some_and(|to| to <= last));
        starts && ends
    }
}

/// How often something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[cbor(array)]
pub struct Rate {
    /// So many times at most,
    #[n(0)]
    pub uses: u32,
    /// within any stretch of so many milliseconds.
    #[n(1)]
    pub per_ms: i64,
}

/// How often a contract was used within the stretch that its [`Rate`] speaks of, up to now, and how many bytes are kept
/// for its assignee: the budget that [`decide`](crate::decide) is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spent {
    /// The contract.
    pub contract: ContractId,
    /// Its uses.
    pub uses: u64,
    /// Bytes that are kept for the assignee.
    pub bytes: u64,
}

/// What the owner grants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Which contract it is.
    pub id: ContractId,
    /// Who grants: the owner of the twin.
    pub assigner: Did,
    /// Who may.
    pub assignee: Did,
    /// What may be done.
    pub acts: Vec<Act>,
    /// With which streams.
    pub streams: Streams,
    /// With data from which time.
    pub period: Period,
    /// Statistics over stretches of so many milliseconds of the owner's wall clock, and no finer; none: single data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution_ms: Option<i64>,
    /// How often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// How many bytes may be kept under it in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<u64>,
    /// What for, in a few words (*purpose* in the Data Privacy Vocabulary).
    pub purpose: String,
    /// In force from here on, inclusive.
    pub starts: Timestamp,
    /// Until here, exclusive. A contract without an end is none.
    pub expires: Timestamp,
    /// Set when either side ended it early: from then on it is not in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

impl Contract {
    /// Whether it is in force. One that was ended is not, whatever the clock says: clocks go backwards.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.ended.is_none() && self.starts <= now && now < self.expires
    }

    /// Whether it grants all that is asked, leaving aside who asks and when.
    #[must_use]
    pub fn covers(&self, asked: &Asked) -> bool {
        self.covers_act(asked.act) && self.covers_streams(&asked.streams) && self.period.covers(asked.from, asked.to)
    }

    /// Whether its rate is used up.
    pub(crate) fn is_spent(&self, spent: &[Spent]) -> bool {
        let uses = spent.iter().find(|one| one.contract == self.id).map_or(0, |one| one.uses);
        self.rate.is_some_and(|rate| uses >= u64::from(rate.uses))
    }

    /// Whether so many bytes more fit into the room that it gives.
    pub(crate) fn has_room(&self, spent: &[Spent], bytes: u64) -> bool {
        let kept = spent.iter().find(|one| one.contract == self.id).map_or(0, |one| one.bytes);
        bytes == 0 || self.space.is_some_and(|space| kept.saturating_add(bytes) <= space)
    }

    pub(crate) fn covers_act(&self, act: Act) -> bool {
        act != Act::Manage && self.acts.contains(&act)
    }

    pub(crate) fn covers_streams(&self, streams: &Streams) -> bool {
        self.streams.cover(streams)
    }
}
