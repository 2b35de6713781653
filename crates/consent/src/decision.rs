//! The decision.

use crate::{Act, Asked, Contract, ContractId, Principal};
use didymos_base::{Did, Timestamp};
use minicbor::{Decode, Encode};
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

/// What is done to an answer before it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
#[non_exhaustive]
pub enum Transform {
    /// Nothing.
    #[default]
    #[n(0)]
    None,
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

/// Decides. Contracts that others have granted, or that were granted to others, are passed over.
#[must_use]
pub fn decide(
    principal: &Principal,
    asked: &Asked,
    contracts: &[Contract],
    owner: &Owner<'_>,
    now: Timestamp,
) -> Decision {
    let decided = match principal {
        Principal::Device { owner: of, device } => owners_device(of, device, owner),
        Principal::Twin(_) if is_owners_alone(asked) => Err(Reason::OwnerOnly),
        Principal::Twin(party) => by_contract(party, asked, contracts, owner, now),
        Principal::Anonymous => Err(Reason::NotAuthenticated),
    };
    match decided {
        Ok(because) => Decision::Allow { transform: Transform::None, because },
        Err(because) => Decision::Deny { because },
    }
}

/// What no contract can grant: managing the twin, and whatever names no stream, since that is about the twin itself
/// and every contract would cover it vacuously. A message names no stream either and is for others to send.
fn is_owners_alone(asked: &Asked) -> bool {
    asked.act == Act::Manage || (asked.act != Act::Message && asked.streams.is_none())
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
    owner: &Owner<'_>,
    now: Timestamp,
) -> Result<Basis, Reason> {
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
        } else {
            return Ok(Basis::Contract(contract.id));
        };
        // The reasons are declared in the order in which they are met.
        if missing as u8 > nearest as u8 {
            nearest = missing;
        }
    }
    Err(nearest)
}
