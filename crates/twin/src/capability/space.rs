//! Room for each other's copies: a contract like any other, of which the bytes that are kept are the budget.
//!
//! When it has ended, what is kept stays for a month more: long enough to be made anew elsewhere, or to be had back by
//! somebody whose house has burnt down meanwhile. Then it is deleted.

use crate::Twin;
use crate::capability::contracts;
use crate::door::{Failure, FailureCode};
use crate::peers::contracts::{Entry, Stand};
use crate::peers::look;
use crate::request::SpaceOffer;
use crate::response::SpaceShown;
use didymos_base::time::DAY_MS;
use didymos_base::{Did, Timestamp, ZoneOffset};
use didymos_consent::Terms;
use didymos_consent::grant::{SPACE_BYTES_MAX, SPACE_BYTES_MIN};

/// So long what is kept stays after the last contract of room has ended.
pub(crate) const GRACE_MS: i64 = 30 * DAY_MS;
const PURPOSE: &str = "copies of each other's twins";

pub(crate) fn offer(twin: &Twin, asked: &SpaceOffer) -> Result<Vec<SpaceShown>, Failure> {
    if !(SPACE_BYTES_MIN..=SPACE_BYTES_MAX).contains(&asked.bytes) {
        return Err(Failure::new(FailureCode::Invalid, "room is given from 1 MiB to 16 TiB"));
    }
    let terms = |assigner: Did, assignee: Did, at: Timestamp, nonce: [u8; 16]| Terms {
        version: 1,
        assigner,
        assignee,
        streams: Vec::new(),
        from: None,
        to: None,
        resolution_ms: None,
        rate: None,
        purpose: PURPOSE.to_owned(),
        starts: at,
        expires: Timestamp(at.0 + i64::from(asked.days) * DAY_MS),
        nonce,
        space: Some(asked.bytes),
    };
    let id = contracts::sign(twin, &asked.contact, asked.days, terms)?;
    Ok(list(twin)?.into_iter().filter(|shown| shown.contract == id).collect())
}

/// Room that `giver` gives `taker` by contracts in force: the most that one of them says. Two do not add up.
pub(crate) fn room(twin: &Twin, giver: &Did, taker: &Did, now: Timestamp) -> Result<Option<u64>, Failure> {
    look(twin, |book| {
        let of = |entry: &&Entry| entry.offer.terms.assigner == *giver && entry.offer.terms.assignee == *taker;
        let all = book.contracts.all().map(|(_, entry)| entry).filter(of);
        all.filter(|entry| entry.stand(now) == Stand::InForce).filter_map(|entry| entry.offer.terms.space).max()
    })
}

/// When `giver` deletes what they keep for `taker`; none while a contract of room is in force.
fn deleted_at(twin: &Twin, giver: &Did, taker: &Did, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    if room(twin, giver, taker, now)?.is_some() {
        return Ok(None);
    }
    let over = look(twin, |book| {
        let room = |entry: &&Entry| {
            let terms = &entry.offer.terms;
            terms.assigner == *giver && terms.assignee == *taker && terms.space.is_some()
        };
        let all = book.contracts.all().map(|(_, entry)| entry).filter(room);
        all.filter(|entry| entry.acceptance.is_some())
            .map(|entry| {
                entry
                    .ending
                    .as_ref()
                    .map_or(entry.offer.terms.expires, |ending| ending.at.min(entry.offer.terms.expires))
            })
            .max()
    })?;
    Ok(Some(Timestamp(over.unwrap_or(now).0.saturating_add(GRACE_MS))))
}

/// Deletes what has been kept for long enough after the last contract of room had ended.
pub(crate) fn sweep(twin: &Twin) -> Result<(), Failure> {
    let now = twin.now();
    for owner in twin.vault.held().owners()? {
        if deleted_at(twin, twin.did(), &owner, now)?.is_some_and(|at| at <= now) {
            let bytes = twin.vault.held().remove_all(&owner)?;
            twin.notice(format!(
                "{bytes} bytes that were kept for {owner} are deleted: the room had ended 30 days before"
            ));
        }
    }
    Ok(())
}

pub(crate) fn list(twin: &Twin) -> Result<Vec<SpaceShown>, Failure> {
    let now = twin.now();
    let shown = contracts::list(twin)?;
    let mut spaces = Vec::new();
    for contract in shown {
        let Some(bytes) = contract.space else { continue };
        let used = if contract.granted {
            twin.vault.held().used(&contract.did)?
        } else {
            super::copies::bytes_at(twin, &contract.did)?
        };
        let (me, them) = (twin.did(), &contract.did);
        let (giver, taker) = if contract.granted { (me, them) } else { (them, me) };
        let deleted = if used > 0 { deleted_at(twin, giver, taker, now)? } else { None };
        spaces.push(SpaceShown {
            contract: contract.contract,
            state: contract.state,
            given: contract.granted,
            did: contract.did,
            name: contract.name,
            bytes,
            used,
            expires: contract.expires,
            deleted: deleted.map(|at| at.rfc3339(ZoneOffset::UTC)),
            undelivered: contract.undelivered,
        });
    }
    Ok(spaces)
}
