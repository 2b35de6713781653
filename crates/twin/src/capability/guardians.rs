//! Guardians: the owner's own, those whose guardian the owner is, and claims.

mod peers;
mod shown;

pub(crate) use peers::{collect, paper, probe};
pub(crate) use shown::{kind_of, list, names, stand_of, state_of};

use crate::Twin;
use crate::door::{Failure, FailureCode};
use crate::peers::contacts::Contact;
use crate::peers::guards::{answer, change, destroy_old, identity_of, name_of, open_held, see, tick};
use crate::peers::{meant, online};
use crate::request::{ClaimApprove, ClaimWhich, GuardiansSet, Probe, WardWhich, Words};
use crate::response::{GuardiansAnswer, RehearsalAnswer, RehearsalStep};
use crate::{Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::time::DAY_MS;
use didymos_base::{Did, Digest, canonical};
use didymos_consent::Principal;
use didymos_guard::desk::Ward;
use didymos_guard::paper::{PAPER_BYTES_MAX, ProbeWord};
use didymos_guard::ring::{Founding, found};
use didymos_guard::{Book, Legacy, Paper, Record, Wish, Word};
use didymos_identity::{RecoveryPhrase, Secret32};

fn invalid(words: impl Into<String>) -> Failure {
    Failure::new(FailureCode::Invalid, words)
}

fn not_found(words: impl Into<String>) -> Failure {
    Failure::new(FailureCode::NotFound, words)
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
        Ok(book.own.made(made, wishes, twin.device_key(), at))
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

/// Gives the ward `did` the person's word.
fn say(twin: &Twin, did: &Did, said: Word) -> Result<(), Failure> {
    change(twin, |book| {
        let held = book.desk.ward(did).and_then(Ward::live).ok_or_else(|| not_found("that guardianship is over"))?;
        let word = if said == Word::Accepted && open_held(twin, held).is_none() { Word::Lost } else { said };
        let charter = held.charter.charter.id();
        let said = Record::Said { ward: did.clone(), charter, word, at: twin.now() };
        Ok(vec![said, answer(twin, held, word)])
    })?;
    destroy_old(twin)?;
    online::deliver_now(twin, did);
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
