//! Contracts with contacts: offered, accepted, ended, listed, and used.

use crate::Request;
use crate::Twin;
use crate::door::{Failure, FailureCode};
use crate::moment::Moment;
use crate::peers::ask::Use;
use crate::peers::contracts::{Contracts, Entry, Record, Stand};
use crate::peers::{change_contracts, look, meant, online, take_paper};
use crate::request::{ContractOffer, ContractWhich, Every, Look, PaperIn, Query};
use crate::response::{ContractShown, ContractState, LookAnswer, Nothing, QueryAnswer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::time::DAY_MS;
use didymos_base::{Did, Timestamp, ZoneOffset};
use didymos_consent::grant::PAPER_BYTES_MAX;
use didymos_consent::{ContractId, Paper, Principal, Terms};
use std::collections::BTreeMap;

/// The longest term of a contract, in days.
const DAYS_MAX: u32 = 3_660;
/// The fewest digits that name a contract.
const PREFIX_MIN: usize = 4;

fn invalid(words: impl Into<String>) -> Failure {
    Failure::new(FailureCode::Invalid, words)
}

/// A moment of the owner's clock.
fn wall(moment: Option<Moment>) -> Result<Option<Timestamp>, Failure> {
    match moment {
        None => Ok(None),
        Some(Moment::Wall(wall)) => Ok(Some(Timestamp(wall))),
        Some(Moment::Exact(..)) => Err(invalid("a contract's period is on your own clock: write times without offset")),
    }
}

/// Signs an offer to `contact` and sends it on its way. `terms` gets who grants, to whom, since when, and a nonce.
pub(crate) fn sign(
    twin: &Twin,
    contact: &str,
    days: u32,
    terms: impl FnOnce(Did, Did, Timestamp, [u8; 16]) -> Terms,
) -> Result<ContractId, Failure> {
    let contact = meant(twin, contact)?;
    if contact.blocked {
        return Err(invalid(format!("{} is blocked: `twin contacts unblock` first", contact.name)));
    }
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(invalid("a contract is for 1 to 3,660 days"));
    }
    let at = twin.now();
    let terms = terms(twin.did().clone(), contact.did.clone(), at, twin.random()?);
    terms.check().map_err(|error| invalid(error.to_string()))?;
    let offer = terms.offer(twin.device_key());
    let id = offer.terms.id();
    change_contracts(twin, |book| {
        book.contracts.room_with(&contact.did, at)?;
        Ok(vec![Record::Paper { paper: Paper::Offer(Box::new(offer)), to: Some(contact.did.clone()), at }])
    })?;
    online::deliver_now(twin, &contact.did);
    Ok(id)
}

pub(crate) fn offer(twin: &Twin, asked: &ContractOffer) -> Result<Vec<ContractShown>, Failure> {
    meant(twin, &asked.contact)?;
    let known: Vec<_> = twin.vault.index().streams.iter().map(|stream| stream.stream.id.clone()).collect();
    let mut streams = asked.streams.clone();
    streams.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    streams.dedup();
    if let Some(missing) = streams.iter().find(|stream| !known.contains(stream)) {
        let words = format!("there is no stream {missing} in this twin: `twin streams` lists them");
        return Err(Failure::new(FailureCode::NotFound, words));
    }
    let (from, to) = (wall(asked.from)?, wall(asked.to)?);
    let terms = |assigner, assignee, at: Timestamp, nonce| Terms {
        version: 1,
        assigner,
        assignee,
        streams,
        from,
        to,
        resolution_ms: asked.every.map(Every::ms),
        rate: asked.rate,
        purpose: asked.purpose.trim().to_owned(),
        starts: at,
        expires: Timestamp(at.0 + i64::from(asked.days) * DAY_MS),
        nonce,
        space: None,
    };
    let id = sign(twin, &asked.contact, asked.days, terms)?;
    one(twin, &id)
}

/// The contract whose id begins so.
pub(crate) fn which(contracts: &Contracts, text: &str) -> Result<(ContractId, Entry), Failure> {
    let wanted = text.trim().to_lowercase();
    if wanted.len() < PREFIX_MIN {
        return Err(invalid("a contract is named by at least 4 digits of its id: `twin contracts` lists them"));
    }
    let mut found = contracts.all().filter(|(id, _)| id.to_string().starts_with(&wanted));
    match (found.next(), found.next()) {
        (Some((id, entry)), None) => Ok((*id, entry.clone())),
        (None, _) => {
            let words = format!("there is no contract {text}: `twin contracts` lists them");
            Err(Failure::new(FailureCode::NotFound, words))
        }
        _ => Err(invalid(format!("several contracts begin with {text}: write more of its id"))),
    }
}

pub(crate) fn accept(twin: &Twin, asked: &ContractWhich) -> Result<Vec<ContractShown>, Failure> {
    let (id, entry) = look(twin, |book| which(&book.contracts, &asked.contract))??;
    let at = twin.now();
    if entry.offer.terms.assignee != *twin.did() {
        return Err(invalid("this is your own offer: the other side accepts it"));
    }
    match entry.stand(at) {
        Stand::Offered => {}
        Stand::InForce => return one(twin, &id),
        Stand::Ended => return Err(invalid("this offer was ended: ask for a new one")),
        Stand::Expired => return Err(invalid("this offer has expired: ask for a new one")),
    }
    let to = entry.offer.terms.assigner.clone();
    let paper = Paper::Acceptance(entry.offer.accept(twin.device_key(), at));
    change_contracts(twin, |_| Ok(vec![Record::Paper { paper, to: Some(to.clone()), at }]))?;
    online::deliver_now(twin, &to);
    one(twin, &id)
}

fn other(me: &Did, entry: &Entry) -> Did {
    let terms = &entry.offer.terms;
    if terms.assigner == *me { terms.assignee.clone() } else { terms.assigner.clone() }
}

fn ending(twin: &Twin, entry: &Entry, at: Timestamp) -> Record {
    let paper = Paper::Ending(entry.offer.end(twin.did(), twin.device_key(), at));
    Record::Paper { paper, to: Some(other(twin.did(), entry)), at }
}

pub(crate) fn end(twin: &Twin, asked: &ContractWhich) -> Result<Vec<ContractShown>, Failure> {
    let (id, entry) = look(twin, |book| which(&book.contracts, &asked.contract))??;
    if entry.ending.is_none() {
        change_contracts(twin, |_| Ok(vec![ending(twin, &entry, twin.now())]))?;
        online::deliver_now(twin, &other(twin.did(), &entry));
    }
    one(twin, &id)
}

/// Ends every contract with `did` that has not ended.
pub(crate) fn end_all(twin: &Twin, did: &Did) -> Result<(), Failure> {
    change_contracts(twin, |book| {
        let at = twin.now();
        let live = |entry: &&Entry| other(twin.did(), entry) == *did && entry.ending.is_none();
        Ok(book.contracts.all().map(|(_, entry)| entry).filter(live).map(|entry| ending(twin, entry, at)).collect())
    })?;
    online::deliver_now(twin, did);
    Ok(())
}

fn shown(
    twin: &Twin,
    names: &BTreeMap<Did, String>,
    waits: &[ContractId],
    id: ContractId,
    entry: &Entry,
) -> ContractShown {
    let terms = &entry.offer.terms;
    let did = other(twin.did(), entry);
    let clock = |time: Timestamp| time.rfc3339(ZoneOffset::UNKNOWN);
    let utc = |time: Timestamp| time.rfc3339(ZoneOffset::UTC);
    ContractShown {
        contract: id,
        state: match entry.stand(twin.now()) {
            Stand::Offered => ContractState::Offered,
            Stand::InForce => ContractState::InForce,
            Stand::Ended => ContractState::Ended,
            Stand::Expired => ContractState::Expired,
        },
        granted: terms.assigner == *twin.did(),
        name: names.get(&did).cloned(),
        did,
        streams: terms.streams.clone(),
        from: terms.from.map(clock),
        to: terms.to.map(clock),
        every: terms.resolution_ms.and_then(Every::of_ms).map(|every| every.to_string()),
        rate: terms.rate,
        space: terms.space,
        purpose: terms.purpose.clone(),
        expires: utc(terms.expires),
        accepted: entry.acceptance.as_ref().map(|acceptance| utc(acceptance.at)),
        ended: entry.ending.as_ref().map(|ending| utc(ending.at)),
        undelivered: waits.contains(&id),
    }
}

pub(crate) fn list(twin: &Twin) -> Result<Vec<ContractShown>, Failure> {
    look(twin, |book| {
        let names = book.contacts.all().map(|contact| (contact.did.clone(), contact.name.clone())).collect();
        let waits: Vec<ContractId> = book.contracts.outbox().iter().map(|waiting| waiting.paper.contract()).collect();
        let mut all: Vec<_> = book.contracts.all().collect();
        all.sort_by_key(|(id, entry)| (std::cmp::Reverse(entry.offer.terms.starts), **id));
        all.into_iter().map(|(id, entry)| shown(twin, &names, &waits, *id, entry)).collect()
    })
}

fn one(twin: &Twin, id: &ContractId) -> Result<Vec<ContractShown>, Failure> {
    Ok(list(twin)?.into_iter().filter(|contract| contract.contract == *id).collect())
}

/// A paper that a contact sends.
pub(crate) fn paper(twin: &Twin, principal: &Principal, asked: &PaperIn) -> Result<Nothing, Failure> {
    let Principal::Twin(from) = principal else {
        return Err(invalid("papers come from other twins: `twin grant`, `accept` and `end` make yours"));
    };
    let malformed = || invalid("not a paper of a contract");
    if asked.paper.len() > PAPER_BYTES_MAX * 2 {
        return Err(malformed());
    }
    let bytes = URL_SAFE_NO_PAD.decode(&asked.paper).map_err(|_| malformed())?;
    let paper = Paper::decode(&bytes).map_err(|_| malformed())?;
    take_paper(twin, from, paper, twin.now())?;
    Ok(Nothing {})
}

/// Looks at what a contact lets the owner see.
pub(crate) fn look_at(twin: &Twin, asked: &Look) -> Result<LookAnswer, Failure> {
    let contact = meant(twin, &asked.contact)?;
    let at = twin.now();
    let granted = look(twin, |book| {
        let mut granted: Vec<Entry> = book
            .contracts
            .all()
            .map(|(_, entry)| entry)
            .filter(|entry| entry.offer.terms.assigner == contact.did && entry.stand(at) == Stand::InForce)
            .filter(|entry| entry.offer.terms.streams.contains(&asked.stream))
            .cloned()
            .collect();
        // The finest first; among these the one that was signed last.
        granted.sort_by_key(|entry| (entry.offer.terms.resolution_ms, std::cmp::Reverse(entry.offer.terms.starts)));
        granted
    })?;
    let Some(terms) = granted.first().map(|entry| &entry.offer.terms) else {
        let words = format!(
            "no contract in force lets you see {} of {}: `twin contracts` lists what there is",
            asked.stream, contact.name
        );
        return Err(Failure::new(FailureCode::Denied, words));
    };
    let edge = |wanted: Option<Moment>, terms: Option<Timestamp>| wanted.or(terms.map(|time| Moment::Wall(time.0)));
    let query = Query {
        stream: asked.stream.clone(),
        from: edge(asked.from, terms.from),
        to: edge(asked.to, terms.to),
        every: asked.every,
        source: None,
        limit: asked.limit,
    };
    let (ask, answer) = online::ask(twin, &contact.did, &Request::Query(query))?;
    let liar = |words: &str| Failure::new(FailureCode::Denied, format!("{}'s twin {words}", contact.name));
    let used = answer.used.ok_or_else(|| liar("answered without a receipt; the answer is not shown"))?;
    let identity = meant(twin, contact.did.as_str())?.identity()?;
    used.check(&ask, &answer.answer, &identity).map_err(|_| liar("sent a receipt that does not hold"))?;
    let kept = Use { ask, used };
    online::keep_use(twin, &kept)?;
    let answer: QueryAnswer =
        serde_json::from_slice(&answer.answer).map_err(|_| liar("answers in a form that is not known here"))?;
    Ok(LookAnswer { did: contact.did, name: contact.name, contract: kept.used.contract, answer })
}
