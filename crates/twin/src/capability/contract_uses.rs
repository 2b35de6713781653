//! Each use of a contract, as both sides have signed it; and what a contract would show, before it is offered.

use crate::Twin;
use crate::capability::contracts::which;
use crate::door::{Failure, FailureCode};
use crate::peers::ask::Use;
use crate::peers::{look, narrow};
use crate::request::{ContractPreview, Query, UsesAsked};
use crate::response::{QueryAnswer, UseShown, UsesAnswer};
use crate::{Moment, Request};
use didymos_base::{Did, ZoneOffset, canonical};
use didymos_consent::{ContractId, Transform};
use didymos_identity::{VerifiedIdentity, verify_chain};
use didymos_vault::{ObjectKind, RecordRef};

/// The most uses of one answer.
const MOST: u32 = 200;
/// Uses looked through for one answer: those of other contracts lie between.
const LOOKED_AT_MAX: u32 = 50_000;

/// The uses of one contract, newest first.
pub(crate) fn list(twin: &Twin, asked: &UsesAsked) -> Result<UsesAnswer, Failure> {
    let (id, parties) = parties(twin, &asked.contract)?;
    let before = before(asked)?;
    // Uses that wait to be committed together with others' are uses too.
    twin.flush_receipts()?;
    let limit = asked.limit.clamp(1, MOST) as usize;
    let mut answer = UsesAnswer { uses: Vec::new(), next: None };
    let mut looked_at = 0;
    let index = twin.vault.index();
    let objects: Vec<RecordRef> =
        index.records.iter().filter(|record| record.kind == ObjectKind::Uses).cloned().collect();
    for (object, record) in objects.iter().enumerate().rev() {
        if before.is_some_and(|before| (object, 0) >= before) {
            continue;
        }
        for (number, bytes) in twin.vault.records(record)?.iter().enumerate().rev() {
            if before.is_some_and(|before| (object, number) >= before) {
                continue;
            }
            if answer.uses.len() == limit || looked_at == LOOKED_AT_MAX {
                answer.next = Some(format!("{object}.{}", number + 1));
                return Ok(answer);
            }
            looked_at += 1;
            let Ok(one) = canonical::decode::<Use>(bytes) else { continue };
            if one.used.contract == id {
                answer.uses.push(shown(&one, &parties));
            }
        }
    }
    Ok(answer)
}

/// Where an earlier answer ended: the object of uses, and the number within it.
fn before(asked: &UsesAsked) -> Result<Option<(usize, usize)>, Failure> {
    let Some(text) = &asked.before else { return Ok(None) };
    let place = text.split_once('.').and_then(|(object, number)| Some((object.parse().ok()?, number.parse().ok()?)));
    let wrong = || Failure::new(FailureCode::Invalid, "`before` has to be the `next` of an earlier answer");
    place.ok_or_else(wrong).map(Some)
}

/// Both sides of a contract. The other one's keys are known as long as they are a contact.
struct Parties {
    me: VerifiedIdentity,
    them: Option<VerifiedIdentity>,
}

impl Parties {
    fn identity(&self, did: &Did) -> Option<&VerifiedIdentity> {
        [Some(&self.me), self.them.as_ref()].into_iter().flatten().find(|identity| identity.id() == did)
    }
}

fn parties(twin: &Twin, contract: &str) -> Result<(ContractId, Parties), Failure> {
    let (id, entry) = look(twin, |book| which(&book.contracts, contract))??;
    let terms = &entry.offer.terms;
    let other = if terms.assigner == *twin.did() { &terms.assignee } else { &terms.assigner };
    let them = look(twin, |book| book.contacts.get(other).and_then(|contact| contact.identity().ok()))?;
    let me = verify_chain(&twin.versions())
        .map_err(|error| Failure::new(FailureCode::Damaged, format!("this twin's own keys: {error}")))?;
    Ok((id, Parties { me, them }))
}

fn shown(one: &Use, parties: &Parties) -> UseShown {
    let Use { ask, used } = one;
    let asker = [Some(&parties.me), parties.them.as_ref()].into_iter().flatten().find(|by| *by.id() != ask.to);
    let holds =
        asker.zip(parties.identity(&ask.to)).is_some_and(|(asker, answerer)| one.check(asker, answerer).is_ok());
    let request = serde_json::from_slice::<Request>(&ask.request).ok();
    let query = match &request {
        Some(Request::Query(query)) => Some(query),
        _ => None,
    };
    let text = |moment: Option<Moment>| moment.map(|moment| moment.to_string());
    UseShown {
        at: used.at.rfc3339(ZoneOffset::UTC),
        by_owner: ask.to != *parties.me.id(),
        request: request.as_ref().map_or_else(String::new, |request| request.name().to_owned()),
        stream: query.map(|query| query.stream.clone()),
        from: query.and_then(|query| text(query.from)),
        to: query.and_then(|query| text(query.to)),
        every: query.and_then(|query| query.every).map(|every| every.to_string()),
        asked_by: ask.device.clone(),
        answered_by: used.device.clone(),
        ask: used.ask,
        answer: used.answer,
        holds,
    }
}

/// What somebody with a contract of these terms would see of a stream at this moment, made by what would answer them.
pub(crate) fn preview(twin: &Twin, asked: &ContractPreview) -> Result<QueryAnswer, Failure> {
    let transform = asked.every.map_or(Transform::None, |every| Transform::Coarsen { resolution_ms: every.ms() });
    let query = Query {
        stream: asked.stream.clone(),
        from: asked.from,
        to: asked.to,
        every: asked.every,
        source: None,
        limit: asked.limit,
    };
    narrow::query(twin, &query, transform, twin.now())
}
