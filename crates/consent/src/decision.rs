//! The decision.

use crate::contract::Spent;
use crate::{Act, Asked, Contract, ContractId, Principal};
use didymos_base::{Did, Timestamp};
use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose twin it is, and which devices speak for them.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// The owner.
    pub did: &'a Did,
    /// Every device that the owner's DID document lists, revoked ones included or not.
    pub devices: &'a [Did],
    /// The revoked ones. Revocation wins over listing.
    pub revoked: &'a [Did],
}

/// What is done to an answer before it leaves. In canonical form: `0`, or an array of number and arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Transform {
    /// Nothing.
    #[default]
    None,
    /// Statistics over whole stretches of the owner's wall clock that are over, and nothing finer.
    Coarsen {
        /// Length of a stretch in milliseconds; a multiple of it may be asked for.
        resolution_ms: i64,
    },
}

impl<C> Encode<C> for Transform {
    fn encode<W: Write>(&self, to: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        match self {
            Self::None => to.u8(0)?.ok(),
            Self::Coarsen { resolution_ms } => to.array(2)?.u8(1)?.i64(*resolution_ms)?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Transform {
    fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        if from.datatype()? != minicbor::data::Type::Array {
            return if from.u8()? == 0 { Ok(Self::None) } else { Err(DecodeError::message("an unknown transform")) };
        }
        match (from.array()?, from.u8()?) {
            (Some(2), 1) => Ok(Self::Coarsen { resolution_ms: from.i64()? }),
            _ => Err(DecodeError::message("an unknown transform")),
        }
    }
}

/// Why something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[cbor(flat)]
pub enum Basis {
    /// The owner asks.
    #[n(0)]
    OwnersDevice,
    /// A contract grants it.
    #[n(1)]
    Contract(#[n(0)] ContractId),
}

/// Why something is refused.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize, JsonSchema, thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Reason {
    /// Nobody proved to be anybody.
    #[error("say who you are first: there is no contract with somebody unknown")]
    #[n(0)]
    NotAuthenticated,
    /// A device of another owner.
    #[error("this device belongs to another owner; ask as their twin")]
    #[n(1)]
    AnotherOwner,
    /// A device that the owner's DID document does not list.
    #[error("the owner does not list this device; add it from a device that is listed")]
    #[n(2)]
    UnknownDevice,
    /// A device that the owner revoked.
    #[error("the owner has revoked this device")]
    #[n(3)]
    RevokedDevice,
    /// Only the owner may do this.
    #[error("only the owner may do this, from one of their own devices")]
    #[n(4)]
    OwnerOnly,
    /// There is no contract with this party.
    #[error("there is no contract with you; ask the owner for one")]
    #[n(5)]
    NoContract,
    /// There are only contracts that have not begun, have expired or were ended.
    #[error("no contract with you is in force; ask the owner to renew it")]
    #[n(6)]
    NotInForce,
    /// The contracts in force do not grant this act.
    #[error("your contract does not cover this act")]
    #[n(7)]
    ActNotCovered,
    /// They do not grant it on all of these streams.
    #[error("your contract does not cover all of these streams")]
    #[n(8)]
    StreamNotCovered,
    /// They do not grant it for all of this period.
    #[error("your contract does not cover all of this period")]
    #[n(9)]
    PeriodNotCovered,
    /// What the contract allows within a stretch of time is used up.
    #[error("your contract allows no more of this for now; ask again later")]
    #[n(10)]
    RateExceeded,
    /// There is not so much room left in the contract.
    #[error("the room that your contract gives is full; drop something, or ask for more")]
    #[n(11)]
    NoRoom,
}

/// Yes or no, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Yes.
    Allow {
        /// What to do to the answer first.
        transform: Transform,
        /// Why.
        because: Basis,
    },
    /// No.
    Deny {
        /// Why not.
        because: Reason,
    },
}

impl Decision {
    /// Whether it is a yes.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow { .. })
    }
}

/// What can be seen under a contract. Every other view shows more than its streams and period say (where a datum comes
/// from, which others there are), and is the owner's alone.
pub const VIEWS: [&str; 1] = ["timeline.query@1"];

/// Reaching the twin's own page from another machine. It shows nothing by itself: the page asks for a sign-in.
pub const PAGE: &str = "page.tunnel@1";

/// Decides. Contracts that others have granted, or that were granted to others, are passed over. A contract with a
/// rate counts as unused if `spent` does not name it.
#[must_use]
pub fn decide(
    principal: &Principal,
    asked: &Asked,
    contracts: &[Contract],
    spent: &[Spent],
    owner: &Owner<'_>,
    now: Timestamp,
) -> Decision {
    let decided = match principal {
        Principal::Device { owner: of, device } => {
            owners_device(of, device, owner).map(|because| (Transform::None, because))
        }
        Principal::Twin(_) if is_owners_alone(asked) => Err(Reason::OwnerOnly),
        Principal::Twin(party) => by_contract(party, asked, contracts, spent, owner, now),
        Principal::Anonymous => Err(Reason::NotAuthenticated),
    };
    match decided {
        Ok((transform, because)) => Decision::Allow { transform, because },
        Err(because) => Decision::Deny { because },
    }
}

/// What no contract can grant: managing the twin, views that show more than streams, and whatever names no stream,
/// since that is about the twin itself and every contract would cover it vacuously. A message names no stream either
/// and is for others to send; so are bytes that the owner keeps for them.
fn is_owners_alone(asked: &Asked) -> bool {
    if asked.request == PAGE {
        return false;
    }
    asked.act == Act::Manage
        || (!asked.act.needs_no_stream() && asked.streams.is_none())
        || (asked.act == Act::View && !VIEWS.contains(&asked.request))
}

fn owners_device(of: &Did, device: &Did, owner: &Owner<'_>) -> Result<Basis, Reason> {
    if of != owner.did {
        Err(Reason::AnotherOwner)
    } else if owner.revoked.contains(device) {
        Err(Reason::RevokedDevice)
    } else if owner.devices.contains(device) {
        Ok(Basis::OwnersDevice)
    } else {
        Err(Reason::UnknownDevice)
    }
}

/// The first contract that covers everything; else how far the best one got. One contract must cover all: two halves
/// do not add up, since they may serve different purposes.
fn by_contract(
    party: &Did,
    asked: &Asked,
    contracts: &[Contract],
    spent: &[Spent],
    owner: &Owner<'_>,
    now: Timestamp,
) -> Result<(Transform, Basis), Reason> {
    let mut nearest = Reason::NoContract;
    for contract in contracts.iter().filter(|one| one.assigner == *owner.did && one.assignee == *party) {
        let missing = if !contract.is_in_force(now) {
            Reason::NotInForce
        } else if !contract.covers_act(asked.act) {
            Reason::ActNotCovered
        } else if !contract.covers_streams(&asked.streams) {
            Reason::StreamNotCovered
        } else if !contract.period.covers(asked.from, asked.to) {
            Reason::PeriodNotCovered
        } else if contract.is_spent(spent) {
            Reason::RateExceeded
        } else if !contract.has_room(spent, asked.bytes) {
            Reason::NoRoom
        } else {
            let transform = contract
                .resolution_ms
                .filter(|_| asked.act == Act::View)
                .map_or(Transform::None, |resolution_ms| Transform::Coarsen { resolution_ms });
            return Ok((transform, Basis::Contract(contract.id)));
        };
        // The reasons are declared in the order in which they are met.
        if missing as u8 > nearest as u8 {
            nearest = missing;
        }
    }
    Err(nearest)
}
