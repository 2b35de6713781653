//! Guardians, wards and claims as the owner sees them.

use crate::Twin;
use crate::door::Failure;
use crate::peers::guards::{see, tick};
use crate::peers::look;
use crate::response::{
    ClaimKind, ClaimShown, ClaimState, GuardianShown, GuardianState, GuardiansAnswer, RingShown, WardShown, WardState,
};
use didymos_base::time::DAY_MS;
use didymos_base::{Did, Timestamp, ZoneOffset};
use didymos_guard::desk::Ward;
use didymos_guard::{Book, Kind, Ring, Stand, Word};
use std::collections::BTreeMap;

/// A time as answers tell it.
pub(crate) fn utc(time: Timestamp) -> String {
    time.rfc3339(ZoneOffset::UTC)
}

fn days(ms: i64) -> u32 {
    u32::try_from(ms / DAY_MS).unwrap_or_default()
}

/// As the answer says it.
pub(crate) fn state_of(stand: Stand) -> ClaimState {
    match stand {
        Stand::Unclear => ClaimState::Unclear,
        Stand::Unapproved => ClaimState::Unapproved,
        Stand::Early => ClaimState::Early,
        Stand::Waiting => ClaimState::Waiting,
        Stand::Ready => ClaimState::Ready,
        Stand::Released => ClaimState::Released,
        Stand::Denied => ClaimState::Denied,
        Stand::Cancelled => ClaimState::Cancelled,
        Stand::Gone => ClaimState::Gone,
    }
}

/// The other way round.
pub(crate) fn stand_of(state: ClaimState) -> Stand {
    match state {
        ClaimState::Unclear => Stand::Unclear,
        ClaimState::Unapproved => Stand::Unapproved,
        ClaimState::Early => Stand::Early,
        ClaimState::Waiting => Stand::Waiting,
        ClaimState::Ready => Stand::Ready,
        ClaimState::Released => Stand::Released,
        ClaimState::Denied => Stand::Denied,
        ClaimState::Cancelled => Stand::Cancelled,
        ClaimState::Gone => Stand::Gone,
    }
}

pub(crate) fn kind_of(kind: Kind) -> ClaimKind {
    match kind {
        Kind::Recovery => ClaimKind::Recovery,
        Kind::Inheritance => ClaimKind::Inheritance,
    }
}

fn ring_shown(ring: &Ring, book: &Book, names: &BTreeMap<Did, String>) -> RingShown {
    let charter = &ring.charter.charter;
    let shown = |did: &Did| {
        let word = ring.words.get(did);
        GuardianShown {
            did: did.clone(),
            name: names.get(did).cloned(),
            state: match word.map(|(word, _)| *word) {
                None => GuardianState::OnItsWay,
                Some(Word::Received) => GuardianState::Asked,
                Some(Word::Accepted) => GuardianState::Holding,
                Some(Word::Refused) => GuardianState::Refused,
                Some(Word::Lost) => GuardianState::Lost,
            },
            since: word.map(|(_, at)| utc(*at)),
            checked: ring.checked.get(did).map(|at| utc(*at)),
            undelivered: book.own.outbox().iter().any(|(to, _)| to == did),
        }
    };
    let (holding, need) = (ring.holding(), usize::from(charter.threshold));
    let mut notes = Vec::new();
    if holding < need {
        notes.push(format!("{holding} of the {need} guardians that it takes have accepted: talk to the others"));
    }
    if ring.words.values().any(|(word, _)| matches!(word, Word::Refused | Word::Lost)) {
        notes.push("a guardian has no share any more: set guardians anew".to_owned());
    }
    RingShown {
        round: charter.round,
        threshold: charter.threshold,
        wait_days: days(charter.wait_ms),
        made: utc(charter.at),
        ready: holding >= need,
        guardians: ring.guardians.iter().map(shown).collect(),
        notes,
    }
}

fn ward_shown(did: &Did, ward: &Ward, names: &BTreeMap<Did, String>, now: Timestamp) -> Option<WardShown> {
    let held = ward.held.as_ref()?;
    let charter = &held.charter.charter;
    let live = ward.live().is_some();
    Some(WardShown {
        did: did.clone(),
        name: names.get(did).cloned(),
        state: match held.said {
            _ if !live => WardState::Ended,
            Word::Received => WardState::Asking,
            Word::Accepted => WardState::Holding,
            Word::Refused => WardState::Ended,
            Word::Lost => WardState::Lost,
        },
        round: charter.round,
        threshold: charter.threshold,
        guardians: charter.people,
        wait_days: days(charter.wait_ms),
        since: utc(held.since),
        silence_days: charter.silence_ms.map(days),
        silent_days: charter.silence_ms.map(|total| days(held.silence.at(now, total).waited_ms)),
        heard: held.heard.map(utc),
        heirs: charter.deposits.iter().filter_map(|deposit| deposit.heir.clone()).collect(),
    })
}

pub(crate) fn names(twin: &Twin) -> Result<BTreeMap<Did, String>, Failure> {
    look(twin, |book| book.contacts.all().map(|contact| (contact.did.clone(), contact.name.clone())).collect())
}

pub(crate) fn list(twin: &Twin) -> Result<GuardiansAnswer, Failure> {
    tick(twin)?;
    let (names, now) = (names(twin)?, twin.now());
    see(twin, |book| {
        let mut claims: Vec<(Timestamp, ClaimShown)> = Vec::new();
        for (id, claimed) in book.desk.claims() {
            let claim = &claimed.claim;
            let stand = book.desk.stand(id, now);
            let opens = book.desk.opens(id, now).filter(|_| matches!(stand, Stand::Unapproved | Stand::Waiting));
            let shown = ClaimShown {
                claim: *id,
                digits: claim.digits(),
                kind: kind_of(claim.kind),
                mine: false,
                ward: claimed.ward.clone(),
                ward_name: claimed.ward.as_ref().and_then(|ward| names.get(ward).cloned()),
                who: claim.who.clone(),
                claimant: claim.claimant.clone(),
                claimant_name: names.get(&claim.claimant).cloned(),
                state: state_of(stand),
                seen: utc(claimed.seen),
                approved: claimed.approved.map(utc),
                opens: opens.map(utc),
                told: claimed.told,
                told_by: Vec::new(),
            };
            claims.push((claimed.seen, shown));
        }
        for (id, threat) in book.own.threats() {
            let claim = &threat.claim;
            let shown = ClaimShown {
                claim: *id,
                digits: claim.digits(),
                kind: kind_of(claim.kind),
                mine: true,
                ward: Some(twin.did().clone()),
                ward_name: None,
                who: claim.who.clone(),
                claimant: claim.claimant.clone(),
                claimant_name: names.get(&claim.claimant).cloned(),
                state: if threat.repelled.is_some() { ClaimState::Cancelled } else { ClaimState::Unapproved },
                seen: utc(threat.seen),
                approved: None,
                opens: None,
                told: true,
                told_by: threat.by.clone(),
            };
            claims.push((threat.seen, shown));
        }
        claims.sort_by_key(|(seen, shown)| (std::cmp::Reverse(*seen), shown.claim));
        GuardiansAnswer {
            ring: book.own.ring().map(|ring| ring_shown(ring, book, &names)),
            wards: book.desk.wards().filter_map(|(did, ward)| ward_shown(did, ward, &names, now)).collect(),
            claims: claims.into_iter().map(|(_, shown)| shown).collect(),
        }
    })
}
