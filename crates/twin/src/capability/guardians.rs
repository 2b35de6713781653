//! Guardians: the owner's own, those whose guardian the owner is, and claims.

use crate::Twin;
use crate::door::{Failure, FailureCode};
use crate::peers::contacts::Contact;
use crate::peers::guards::{answer, change, destroy_old, identity_of, name_of, open_held, seal_shares, see, tick};
use crate::peers::{change_contacts, contacts, look, meant, online};
use crate::request::{ClaimApprove, ClaimWhich, Collect, GuardPaperIn, GuardiansSet, Probe, WardWhich, Words};
use crate::response::{
    ClaimKind, ClaimShown, ClaimState, Collected, GuardianShown, GuardianState, GuardiansAnswer, Nothing, Probed,
    RehearsalAnswer, RehearsalStep, RingShown, WardShown, WardState,
};
use crate::{Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::time::DAY_MS;
use didymos_base::{Did, Digest, Timestamp, ZoneOffset, canonical};
use didymos_consent::Principal;
use didymos_guard::desk::Ward;
use didymos_guard::paper::{PAPER_BYTES_MAX, ProbeWord};
use didymos_guard::ring::{Founding, found, open_shares};
use didymos_guard::{Book, Claim, Kind, Legacy, Paper, Record, Release, Ring, Stand, Wish, Word, lasting_key};
use didymos_identity::{RecoveryPhrase, Secret32};
use std::collections::BTreeMap;

fn invalid(words: impl Into<String>) -> Failure {
    Failure::new(FailureCode::Invalid, words)
}

fn not_found(words: impl Into<String>) -> Failure {
    Failure::new(FailureCode::NotFound, words)
}

fn utc(time: Timestamp) -> String {
    time.rfc3339(ZoneOffset::UTC)
}

fn days(ms: i64) -> u32 {
    u32::try_from(ms / DAY_MS).unwrap_or_default()
}

/// The other twin that asks.
pub(crate) fn peer(principal: &Principal) -> Result<&Did, Failure> {
    match principal {
        Principal::Twin(did) => Ok(did),
        _ => Err(invalid("this comes from other twins only")),
    }
}

/// The phrase in a request, if it is this twin's own.
pub(crate) fn own_phrase(twin: &Twin, words: &Words) -> Result<RecoveryPhrase, Failure> {
    let phrase = RecoveryPhrase::parse(words.as_str()).map_err(|error| invalid(error.to_string()))?;
    if phrase.vault_key() != twin.secrets().vault_key {
        return Err(invalid("these are the words of another twin"));
    }
    Ok(phrase)
}

/// Who guards, and with which devices they open.
pub(crate) fn guardians_of(contacts: &[Contact]) -> Result<Vec<(Did, Vec<Did>)>, Failure> {
    contacts
        .iter()
        .map(|contact| {
            let identity = contact.identity()?;
            let devices: Vec<Did> = identity.document().active_devices().cloned().collect();
            // The newest devices are the ones that are still in use.
            let devices = devices.into_iter().rev().take(didymos_guard::paper::DEVICES_MAX).collect();
            Ok((contact.did.clone(), devices))
        })
        .collect()
}

/// Begins a new round with these guardians and heirs.
pub(crate) fn begin_round(
    twin: &Twin,
    guardians: &[(Did, Vec<Did>)],
    (threshold, wait_ms): (u8, i64),
    heirs: (&[Wish], Option<i64>),
    phrase: &RecoveryPhrase,
) -> Result<(), Failure> {
    let (wishes, silence_ms) = heirs;
    let seed = Secret32::from_bytes(twin.random()?);
    let entropy = phrase.entropy();
    let mut contents = vec![(None, Legacy::phrase(&entropy).encode())];
    let vault_key = didymos_vault::VaultKey::new(twin.secrets().vault_key.clone());
    for wish in wishes {
        let streams =
            wish.streams.iter().map(|stream| (stream.clone(), Digest(*vault_key.stream_secret(stream).as_bytes())));
        let legacy = Legacy {
            entropy: wish.streams.is_empty().then(|| Digest(*entropy.as_bytes())),
            streams: streams.collect(),
            letter: wish.letter.clone(),
        };
        let ephemeral = Secret32::from_bytes(twin.random()?);
        let sealed = legacy.seal_to(&wish.key.0, &ephemeral).ok_or_else(|| invalid("an heir's key is unsound"))?;
        contents.push((Some(wish.heir.clone()), sealed.into()));
    }
    let at = twin.now();
    change(twin, |book| {
        let round = book.own.next_round();
        let founding =
            Founding { ward: twin.did(), round, threshold, guardians, wait_ms, silence_ms, contents, seed: &seed, at };
        let made = found(founding, twin.device_key())?;
        let longest = made.1.iter().map(|one| Paper::Appointment(Box::new(one.clone())).encode().len()).max();
        if longest.is_some_and(|bytes| bytes > PAPER_BYTES_MAX) {
            return Err(invalid(
                "this is more than fits into one paper: fewer heirs, fewer streams or shorter letters",
            ));
        }
        Ok(book.own.made(made, wishes.to_vec(), twin.device_key(), at))
    })?;
    deliver_all(twin);
    Ok(())
}

/// Delivers what waits, to whoever it waits for.
pub(crate) fn deliver_all(twin: &Twin) {
    let mut whom: Vec<Did> =
        see(twin, |book| book.own.outbox().iter().map(|(to, _)| to.clone()).collect()).unwrap_or_default();
    whom.sort();
    whom.dedup();
    let under_way: Vec<_> = whom.iter().map(|did| online::deliver_soon(twin, did)).collect();
    for over in under_way {
        online::wait_for_delivery(&over);
    }
}

pub(crate) fn set(twin: &Twin, asked: &GuardiansSet) -> Result<GuardiansAnswer, Failure> {
    let mut chosen: Vec<Contact> = Vec::new();
    for text in &asked.guardians {
        let contact = meant(twin, text)?;
        if contact.blocked {
            return Err(invalid(format!("{} is blocked: `twin contacts unblock` first", contact.name)));
        }
        if chosen.iter().any(|one| one.did == contact.did) {
            return Err(invalid(format!("{} is named twice", contact.name)));
        }
        chosen.push(contact);
    }
    if !(2..=32).contains(&chosen.len()) || !(2..=chosen.len()).contains(&usize::from(asked.threshold)) {
        return Err(invalid("choose 2 to 32 guardians, and how many of them it takes: at least 2"));
    }
    if !(1..=90).contains(&asked.wait_days) {
        return Err(invalid("guardians wait for 1 to 90 days"));
    }
    let phrase = own_phrase(twin, &asked.phrase)?;
    let guardians = guardians_of(&chosen)?;
    let (wishes, silence) = see(twin, |book| {
        let ring = book.own.ring();
        (
            ring.map(|ring| ring.wishes.clone()).unwrap_or_default(),
            ring.and_then(|ring| ring.charter.charter.silence_ms),
        )
    })?;
    let numbers = (asked.threshold, i64::from(asked.wait_days) * DAY_MS);
    begin_round(twin, &guardians, numbers, (&wishes, silence), &phrase)?;
    list(twin)
}

pub(crate) fn end(twin: &Twin) -> Result<GuardiansAnswer, Failure> {
    change(twin, |book| Ok(book.own.dissolved(twin.did(), twin.device_key(), twin.now())))?;
    deliver_all(twin);
    list(twin)
}

/// The ward that `text` means.
fn ward_meant(twin: &Twin, text: &str) -> Result<Did, Failure> {
    let known = |did: &Did| see(twin, |book| book.desk.ward(did).is_some_and(|ward| ward.held.is_some()));
    if let Ok(contact) = meant(twin, text)
        && known(&contact.did)?
    {
        return Ok(contact.did);
    }
    match text.trim().parse::<Did>() {
        Ok(did) if known(&did)? => Ok(did),
        _ => Err(not_found(format!("you are nobody's guardian by the name of {text:?}: `twin guardian` lists them"))),
    }
}

/// Gives the ward the person's word.
fn say(twin: &Twin, ward: &Did, word: Word) -> Result<(), Failure> {
    change(twin, |book| {
        let held = book.desk.ward(ward).and_then(Ward::live).ok_or_else(|| not_found("that guardianship is over"))?;
        let word = if word == Word::Accepted && open_held(twin, held).is_none() { Word::Lost } else { word };
        let charter = held.charter.charter.id();
        let said = Record::Said { ward: ward.clone(), charter, word, at: twin.now() };
        Ok(vec![said, answer(twin, held, word)])
    })?;
    destroy_old(twin)?;
    online::deliver_now(twin, ward);
    Ok(())
}

pub(crate) fn accept(twin: &Twin, asked: &WardWhich) -> Result<GuardiansAnswer, Failure> {
    say(twin, &ward_meant(twin, &asked.ward)?, Word::Accepted)?;
    list(twin)
}

pub(crate) fn refuse(twin: &Twin, asked: &WardWhich) -> Result<GuardiansAnswer, Failure> {
    say(twin, &ward_meant(twin, &asked.ward)?, Word::Refused)?;
    list(twin)
}

/// The claim whose id begins so.
fn claim_meant(book: &Book, text: &str) -> Result<Digest, Failure> {
    let wanted = text.trim().to_lowercase();
    if wanted.len() < 4 {
        return Err(invalid("a claim is named by at least 4 digits of its id: `twin guardian` lists them"));
    }
    let all = book.desk.claims().map(|(id, _)| *id).chain(book.own.threats().map(|(id, _)| *id));
    let mut found: Vec<Digest> = all.filter(|id| id.to_string().starts_with(&wanted)).collect();
    found.dedup();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(not_found(format!("there is no claim {text}: `twin guardian` lists them"))),
        _ => Err(invalid(format!("several claims begin with {text}: write more of the id"))),
    }
}

pub(crate) fn approve(twin: &Twin, asked: &ClaimApprove) -> Result<GuardiansAnswer, Failure> {
    let id = see(twin, |book| claim_meant(book, &asked.claim))??;
    let ward = asked.ward.as_deref().map(|text| ward_meant(twin, text)).transpose()?;
    let typed: String = asked.digits.chars().filter(char::is_ascii_digit).collect();
    tick(twin)?;
    change(twin, |book| {
        let claimed =
            book.desk.claim(&id).ok_or_else(|| not_found("that claim is not on somebody whose guardian you are"))?;
        let shown: String = claimed.claim.digits().chars().filter(char::is_ascii_digit).collect();
        if typed != shown {
            return Err(invalid(
                "these are not the digits of this claim: have them read out again from the machine in the person's hands. \
                 If they differ, it is somebody else's claim",
            ));
        }
        if claimed.ward.is_none() && ward.is_none() {
            return Err(invalid("it is not clear whose twin this is about: say so with --ward"));
        }
        Ok(book.desk.approve(&id, ward.as_ref(), twin.now())?)
    })?;
    tell_ward(twin, &id);
    list(twin)
}

pub(crate) fn deny(twin: &Twin, asked: &ClaimWhich) -> Result<GuardiansAnswer, Failure> {
    change(twin, |book| {
        let id = claim_meant(book, &asked.claim)?;
        book.desk.claim(&id).ok_or_else(|| not_found("that claim is not on somebody whose guardian you are"))?;
        Ok(vec![Record::Denied { claim: id, at: twin.now() }])
    })?;
    list(twin)
}

pub(crate) fn cancel(twin: &Twin, asked: &ClaimWhich) -> Result<GuardiansAnswer, Failure> {
    change(twin, |book| {
        let id = claim_meant(book, &asked.claim)?;
        Ok(book.own.repelled(&id, twin.did(), twin.device_key(), twin.now())?)
    })?;
    deliver_all(twin);
    list(twin)
}

/// Tells the ward's own twin of a claim, without waiting for it.
fn tell_ward(twin: &Twin, claim: &Digest) {
    let ward = see(twin, |book| book.desk.claim(claim).and_then(|claimed| claimed.ward.clone()));
    if let Ok(Some(ward)) = ward {
        drop(online::deliver_soon(twin, &ward));
    }
}

/// A paper that a contact sends.
pub(crate) fn paper(twin: &Twin, principal: &Principal, asked: &GuardPaperIn) -> Result<Nothing, Failure> {
    let from = peer(principal)?;
    let bytes = asked.bytes(PAPER_BYTES_MAX).ok_or_else(|| invalid("not a paper about guardians"))?;
    let paper = Paper::decode(&bytes).map_err(|_| invalid("not a paper about guardians"))?;
    let identity = identity_of(twin, from)?;
    let now = twin.now();
    let for_me = |did: &Did| if did == twin.did() { Ok(()) } else { Err(invalid("this paper is for somebody else")) };
    match paper {
        Paper::Appointment(appointment) => {
            for_me(&appointment.guardian)?;
            appointment.charter.check(&identity)?;
            let id = appointment.charter.charter.id();
            if see(twin, |book| book.desk.has(&id, from))? {
                return Ok(Nothing {});
            }
            see(twin, |book| book.desk.may_take(&appointment.charter))??;
            let shares = open_shares(&appointment, twin.device_key())?;
            let sealed = seal_shares(twin, &id, &shares)?;
            change(twin, |book| {
                book.desk.may_take(&appointment.charter)?;
                let me = twin.did().clone();
                let word = didymos_guard::paper::Answer::new(id, me, Word::Received, now, twin.device_key());
                let charter = Box::new(appointment.charter.clone());
                Ok(vec![
                    Record::Appointed { charter, index: appointment.index, sealed, at: now },
                    Record::Send { to: from.clone(), paper: Box::new(Paper::Answer(word)) },
                ])
            })?;
            destroy_old(twin)?;
            drop(online::deliver_soon(twin, from));
        }
        Paper::Answer(paper) => {
            paper.check(&identity)?;
            change(twin, |book| {
                let ring = book.own.ring().filter(|ring| ring.id == paper.charter && ring.guardians.contains(from));
                let ring = ring.ok_or_else(|| not_found("that round is over"))?;
                if ring.words.get(from).is_some_and(|(word, _)| *word == paper.word) {
                    return Ok(Vec::new());
                }
                let (guardian, charter, word) = (from.clone(), paper.charter, paper.word);
                Ok(vec![Record::Answered { guardian, charter, word, at: now }])
            })?;
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
            let mut first = false;
            change(twin, |book| {
                let guards = book.own.ring().is_some_and(|ring| ring.guardians.contains(from));
                if !guards {
                    return Err(not_found("you are no guardian of mine"));
                }
                let known = book.own.threats().find(|(id, _)| **id == paper.claim.id());
                if known.is_some_and(|(_, threat)| threat.by.contains(from)) || book.own.threats().count() > 256 {
                    return Ok(Vec::new());
                }
                first = known.is_none();
                Ok(vec![Record::Noticed { notice: paper.clone(), at: now }])
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
        }
        Paper::Cancel(paper) => {
            paper.check(&identity)?;
            change(twin, |book| {
                book.desk.ward(from).ok_or_else(|| not_found("you are no ward of mine"))?;
                Ok(book.desk.cancelled(&paper, now))
            })?;
            // Whoever was called a thief is not heard any more; an heir or a friend is still a contact.
            let stranger =
                see(twin, |book| book.desk.claim(&paper.claim).is_some_and(|one| one.claim.kind == Kind::Recovery))?;
            if stranger {
                change_contacts(twin, |contacts| {
                    let known = contacts.get(&paper.claimant).filter(|contact| !contact.blocked);
                    let block = |contact: &Contact| contacts::Record::Blocked {
                        did: contact.did.clone(),
                        blocked: true,
                        at: now,
                    };
                    Ok(known.map(block).into_iter().collect())
                })?;
            }
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

/// Puts a rehearsal's question to a contact, and checks the answer.
pub(crate) fn probe_at(twin: &Twin, did: &Did, round: u64) -> Result<ProbeWord, Failure> {
    let nonce = Digest(twin.random()?);
    let request = Request::Probe(Probe { round, nonce: nonce.to_string() });
    let (_, answer) = online::ask(twin, did, &request)?;
    let malformed = || invalid("their twin answers in a form that is not known here");
    let json = serde_json::from_slice(&answer.answer).map_err(|_| malformed())?;
    let Ok(Response::Probed(probed)) = Response::from_json(&request, json) else { return Err(malformed()) };
    let bytes = URL_SAFE_NO_PAD.decode(&probed.word).map_err(|_| malformed())?;
    let word: ProbeWord = canonical::decode(&bytes).map_err(|_| malformed())?;
    word.check(&identity_of(twin, did)?)?;
    if word.by != *did || word.ward != *twin.did() || word.round != round || word.nonce != nonce {
        return Err(invalid("their twin answered another question"));
    }
    Ok(word)
}

pub(crate) fn rehearse(twin: &Twin) -> Result<RehearsalAnswer, Failure> {
    let ring = see(twin, |book| book.own.ring().cloned())?;
    let ring = ring.ok_or_else(|| not_found("you have no guardians yet: `twin guardian set` names some"))?;
    let charter = &ring.charter.charter;
    let mut answer = RehearsalAnswer { would_work: false, need: charter.threshold, sound: 0, steps: Vec::new() };
    let mut heirs_ok = true;
    let step = |did: &Did, heir, ok, words: String| RehearsalStep {
        did: did.clone(),
        name: name_of(twin, did),
        heir,
        ok,
        words,
    };
    for guardian in &ring.guardians {
        let (ok, words) = match probe_at(twin, guardian, charter.round) {
            Ok(word) if word.holds => (true, "holds a sound share".to_owned()),
            Ok(_) => (false, "does not hold a share of this round".to_owned()),
            Err(failure) => (false, failure.message),
        };
        if ok {
            answer.sound += 1;
            let (guardian, charter, at) = (guardian.clone(), ring.id, twin.now());
            change(twin, |_| Ok(vec![Record::Checked { guardian, charter, at }]))?;
        }
        answer.steps.push(step(guardian, false, ok, words));
    }
    for wish in &ring.wishes {
        let (ok, words) = match probe_at(twin, &wish.heir, charter.round) {
            Ok(word) if word.key != wish.key => {
                (false, "has other keys than when you named them: name them again".to_owned())
            }
            Ok(word) if word.holds => (true, "knows of it, and could open it".to_owned()),
            Ok(_) => (false, "does not know of it yet".to_owned()),
            Err(failure) => (false, failure.message),
        };
        heirs_ok &= ok;
        answer.steps.push(step(&wish.heir, true, ok, words));
    }
    answer.would_work = answer.sound >= answer.need && heirs_ok;
    Ok(answer)
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
