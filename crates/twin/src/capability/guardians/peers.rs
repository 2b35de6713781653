//! What other people's twins ask about guardians: papers that they send, claims, and rehearsals.

use super::shown::{state_of, utc};
use super::{invalid, not_found, peer, say, tell_ward};
use crate::Twin;
use crate::door::Failure;
use crate::peers::contacts::Contact;
use crate::peers::guards::{change, destroy_old, identity_of, name_of, open_held, seal_shares, see, tick};
use crate::peers::{change_contacts, contacts, look, online};
use crate::request::{Collect, GuardPaperIn, Probe};
use crate::response::{ClaimState, Collected, Nothing, Probed};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::{Did, Digest, canonical};
use didymos_consent::Principal;
use didymos_guard::desk::Ward;
use didymos_guard::paper::{Answer, Cancel, Notice, PAPER_BYTES_MAX, ProbeWord};
use didymos_guard::ring::open_shares;
use didymos_guard::{Appointment, Claim, Kind, Paper, Record, Release, Stand, Word, lasting_key};
use didymos_identity::Secret32;

/// A paper that a contact sends.
pub(crate) fn paper(twin: &Twin, principal: &Principal, asked: &GuardPaperIn) -> Result<Nothing, Failure> {
    let from = peer(principal)?;
    let bytes = asked.bytes(PAPER_BYTES_MAX).ok_or_else(|| invalid("not a paper about guardians"))?;
    let paper = Paper::decode(&bytes).map_err(|_| invalid("not a paper about guardians"))?;
    let (identity, now) = (identity_of(twin, from)?, twin.now());
    let for_me = |did: &Did| if did == twin.did() { Ok(()) } else { Err(invalid("this paper is for somebody else")) };
    match paper {
        Paper::Appointment(appointment) => {
            for_me(&appointment.guardian)?;
            appointment.charter.check(&identity)?;
            appointed(twin, from, &appointment)?;
        }
        Paper::Answer(paper) => {
            paper.check(&identity)?;
            answered(twin, from, &paper)?;
        }
        Paper::Dismissal(paper) => {
            paper.check(&identity)?;
            for_me(&paper.guardian)?;
            change(twin, |book| Ok(book.desk.dismissed(&paper, now)))?;
            destroy_old(twin)?;
        }
        Paper::Heartbeat(paper) => {
            paper.check(&identity)?;
            change(twin, |book| Ok(book.desk.heard(&paper, now)?))?;
        }
        Paper::Notice(paper) => {
            paper.check(&identity)?;
            for_me(&paper.ward)?;
            paper.claim.check_bounds()?;
            noticed(twin, from, &paper)?;
        }
        Paper::Cancel(paper) => {
            paper.check(&identity)?;
            cancelled(twin, from, &paper)?;
        }
        Paper::Bequest(paper) => {
            paper.check(&identity)?;
            for_me(&paper.heir)?;
            if paper.guardians.len() > 32 || paper.streams.len() > 64 {
                return Err(invalid("this paper is beyond its bounds"));
            }
            change(twin, |book| Ok(book.own.bequeathed(&paper, now)))?;
        }
    }
    Ok(Nothing {})
}

/// Somebody wants the owner to be their guardian. Their share is opened and held against the charter at once.
fn appointed(twin: &Twin, from: &Did, appointment: &Appointment) -> Result<(), Failure> {
    let id = appointment.charter.charter.id();
    if see(twin, |book| book.desk.has(&id, from))? {
        return Ok(());
    }
    see(twin, |book| book.desk.may_take(&appointment.charter))??;
    let shares = open_shares(appointment, twin.device_key())?;
    let sealed = seal_shares(twin, &id, &shares)?;
    change(twin, |book| {
        book.desk.may_take(&appointment.charter)?;
        let (me, at) = (twin.did().clone(), twin.now());
        let word = Answer::new(id, me, Word::Received, at, twin.device_key());
        let charter = Box::new(appointment.charter.clone());
        Ok(vec![
            Record::Appointed { charter, index: appointment.index, sealed, at },
            Record::Send { to: from.clone(), paper: Box::new(Paper::Answer(word)) },
        ])
    })?;
    destroy_old(twin)?;
    drop(online::deliver_soon(twin, from));
    Ok(())
}

/// A guardian's word.
fn answered(twin: &Twin, from: &Did, paper: &Answer) -> Result<(), Failure> {
    change(twin, |book| {
        let ring = book.own.ring().filter(|ring| ring.id == paper.charter && ring.guardians.contains(from));
        let ring = ring.ok_or_else(|| not_found("that round is over"))?;
        if ring.words.get(from).is_some_and(|(word, _)| *word == paper.word) {
            return Ok(Vec::new());
        }
        let (guardian, charter, word) = (from.clone(), paper.charter, paper.word);
        Ok(vec![Record::Answered { guardian, charter, word, at: twin.now() }])
    })
}

/// A guardian tells of a claim on the owner's twin.
fn noticed(twin: &Twin, from: &Did, paper: &Notice) -> Result<(), Failure> {
    let mut first = false;
    change(twin, |book| {
        if !book.own.ring().is_some_and(|ring| ring.guardians.contains(from)) {
            return Err(not_found("you are no guardian of mine"));
        }
        let known = book.own.threats().find(|(id, _)| **id == paper.claim.id());
        if known.is_some_and(|(_, threat)| threat.by.contains(from)) || book.own.threats().count() > 256 {
            return Ok(Vec::new());
        }
        first = known.is_none();
        Ok(vec![Record::Noticed { notice: Box::new(paper.clone()), at: twin.now() }])
    })?;
    if first {
        let id = paper.claim.id().to_string();
        twin.notice(format!(
            "somebody asks your guardians to hand over your twin (claim {}, seen by {}). If this is not you: \
             twin guardian cancel {}",
            &id[..8],
            name_of(twin, from).unwrap_or_else(|| "a guardian".to_owned()),
            &id[..8],
        ));
    }
    Ok(())
}

/// A ward says that a claim is theft.
fn cancelled(twin: &Twin, from: &Did, paper: &Cancel) -> Result<(), Failure> {
    let now = twin.now();
    change(twin, |book| {
        book.desk.ward(from).ok_or_else(|| not_found("you are no ward of mine"))?;
        Ok(book.desk.cancelled(paper, now))
    })?;
    // Whoever was called a thief is not heard any more; an heir or a friend is still a contact.
    let machine = |claimed: &didymos_guard::desk::Claimed| {
        claimed.claim.kind == Kind::Recovery && claimed.claim.claimant == paper.claimant
    };
    let called = see(twin, |book| {
        let claimed = book.desk.claim(&paper.claim);
        claimed.is_some_and(|claimed| machine(claimed) && claimed.ward.as_ref() == Some(from))
    })?;
    if !called {
        return Ok(());
    }
    change_contacts(twin, |contacts| {
        let known = contacts.get(&paper.claimant).filter(|contact| !contact.blocked);
        let block = |contact: &Contact| contacts::Record::Blocked { did: contact.did.clone(), blocked: true, at: now };
        Ok(known.map(block).into_iter().collect())
    })
}

/// Whose twin a claim is about, if that is clear from what it says.
fn ward_of(twin: &Twin, claim: &Claim) -> Result<Option<Did>, Failure> {
    let wards: Vec<Did> = see(twin, |book| {
        book.desk.wards().filter(|(_, ward)| ward.live().is_some()).map(|(did, _)| did.clone()).collect()
    })?;
    if let Some(did) = wards.iter().find(|did| did.as_str() == claim.who.trim()) {
        return Ok(Some(did.clone()));
    }
    let wanted = claim.who.trim().to_lowercase();
    let named: Vec<(Did, String)> =
        wards.into_iter().filter_map(|did| Some((did.clone(), name_of(twin, &did)?.to_lowercase()))).collect();
    if let Some((did, _)) = named.iter().find(|(_, name)| *name == wanted) {
        return Ok(Some(did.clone()));
    }
    let mut begin = named.iter().filter(|(_, name)| !wanted.is_empty() && name.starts_with(&wanted));
    match (begin.next(), begin.next()) {
        (Some((did, _)), None) => Ok(Some(did.clone())),
        _ => Ok(None),
    }
}

/// A claimant asks how their claim stands.
pub(crate) fn collect(twin: &Twin, principal: &Principal, asked: &Collect) -> Result<Collected, Failure> {
    let from = peer(principal)?;
    let malformed = || invalid("not a claim");
    if asked.claim.len() > 8 * 1024 {
        return Err(malformed());
    }
    let bytes = URL_SAFE_NO_PAD.decode(&asked.claim).map_err(|_| malformed())?;
    let claim = Claim::decode(&bytes).map_err(|_| malformed())?;
    claim.check(&identity_of(twin, from)?)?;
    if claim.claimant != *from {
        return Err(invalid("this claim is somebody else's"));
    }
    tick(twin)?;
    let (id, now) = (claim.id(), twin.now());
    let ward = ward_of(twin, &claim)?;
    let known = see(twin, |book| book.desk.claim(&id).is_some())?;
    change(twin, |book| Ok(book.desk.claimed(&claim, ward.as_ref(), now)?))?;
    if !known {
        twin.notice(format!(
            "{} asks for what you keep for {:?}: `twin guardian` shows the claim. Talk to the person before you approve",
            name_of(twin, from).unwrap_or_else(|| "somebody".to_owned()),
            claim.who
        ));
        tell_ward(twin, &id);
    }
    let (stand, opens) = see(twin, |book| (book.desk.stand(&id, now), book.desk.opens(&id, now)))?;
    let opens = opens.filter(|_| matches!(stand, Stand::Unapproved | Stand::Waiting)).map(utc);
    let mut collected = Collected { state: state_of(stand), opens, share: None };
    if !matches!(stand, Stand::Ready | Stand::Released) {
        return Ok(collected);
    }
    let found = see(twin, |book| {
        let ward = book.desk.claim(&id)?.ward.clone()?;
        let held = book.desk.ward(&ward)?.live()?.clone();
        Some((ward, held))
    })?;
    let Some((ward, held)) = found else { return Ok(collected) };
    let Some(shares) = open_held(twin, &held) else {
        say(twin, &ward, Word::Lost)?;
        collected.state = ClaimState::Gone;
        return Ok(collected);
    };
    let charter = held.charter.charter.clone();
    let (place, _) = charter.deposit_of(&claim).ok_or_else(malformed)?;
    let share = shares.0.get(usize::from(place)).cloned().ok_or_else(malformed)?;
    let versions = look(twin, |book| book.contacts.get(&ward).map(|contact| contact.versions.clone()))?;
    let release = Release { charter: held.charter, versions: versions.unwrap_or_default(), place, share };
    let ephemeral = Secret32::from_bytes(twin.random()?);
    let sealed = release.seal_to(&claim, &ephemeral).ok_or_else(|| invalid("the claim's key is unsound"))?;
    change(twin, |_| Ok(vec![Record::Released { claim: id, at: now }]))?;
    (collected.state, collected.share) = (ClaimState::Released, Some(URL_SAFE_NO_PAD.encode(sealed)));
    Ok(collected)
}

/// A twin asks its guardian's, or its heir's, whether all would go well. No share leaves, and nothing is put together.
pub(crate) fn probe(twin: &Twin, principal: &Principal, asked: &Probe) -> Result<Probed, Failure> {
    let from = peer(principal)?;
    let nonce: Digest =
        asked.nonce.parse().map_err(|_| invalid("a rehearsal's own number has 64 hexadecimal digits"))?;
    tick(twin)?;
    let held = see(twin, |book| book.desk.ward(from).and_then(Ward::live).cloned())?;
    let held = held.filter(|held| held.charter.charter.round == asked.round);
    let holds = match &held {
        Some(held) => held.said == Word::Accepted && open_held(twin, held).is_some(),
        None => see(twin, |book| book.own.bequest(from).is_some_and(|one| one.round == asked.round))?,
    };
    if let Some(held) = &held
        && held.said == Word::Accepted
        && !holds
    {
        say(twin, from, Word::Lost)?;
    }
    let key = Digest(lasting_key(&twin.secrets().vault_key).public());
    let me = twin.did().clone();
    let word = ProbeWord::new(me, from.clone(), asked.round, nonce, holds, key, twin.device_key());
    Ok(Probed { holds, word: URL_SAFE_NO_PAD.encode(canonical::encode(&word)) })
}
