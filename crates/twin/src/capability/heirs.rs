//! Heirs: who gets what once there is no sign of life for long enough, and what was left to the owner.

use super::guardians::{begin_round, guardians_of, names, own_phrase, probe_at};
use super::recovery::{ask_all, legacy, shown};
use crate::Twin;
use crate::door::{Failure, FailureCode};
use crate::peers::contacts::Contact;
use crate::peers::guards::see;
use crate::peers::{look, meant};
use crate::request::{HeirsSet, Inheritance, Words};
use crate::response::{HeirShown, HeirsAnswer, InheritanceShown, Inherited, RecoveryAnswer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::Did;
use didymos_base::time::DAY_MS;
use didymos_guard::paper::HEIRS_MAX;
use didymos_guard::ring::LETTER_CHARACTERS_MAX;
use didymos_guard::{Kind, Paper, Wish};
use didymos_identity::RecoveryPhrase;
use zeroize::Zeroizing;

fn invalid(words: impl Into<String>) -> Failure {
    Failure::new(FailureCode::Invalid, words)
}

pub(crate) fn set(twin: &Twin, asked: &HeirsSet) -> Result<HeirsAnswer, Failure> {
    let ring = see(twin, |book| book.own.ring().cloned())?
        .ok_or_else(|| invalid("heirs take guardians: `twin guardian set` first"))?;
    if asked.heirs.len() > HEIRS_MAX {
        return Err(invalid(format!("{HEIRS_MAX} heirs are the most")));
    }
    if !(7..=3_660).contains(&asked.silence_days) {
        return Err(invalid("silence is 7 to 3,660 days"));
    }
    let phrase = own_phrase(twin, &asked.phrase)?;
    let known: Vec<_> = twin.vault.index().streams.iter().map(|stream| stream.stream.id.clone()).collect();
    let mut wishes: Vec<Wish> = Vec::new();
    for wish in &asked.heirs {
        let contact = meant(twin, &wish.heir)?;
        if wishes.iter().any(|one| one.heir == contact.did) {
            return Err(invalid(format!("{} is named twice", contact.name)));
        }
        if let Some(missing) = wish.streams.iter().find(|stream| !known.contains(stream)) {
            let words = format!("there is no stream {missing} in this twin: `twin streams` lists them");
            return Err(Failure::new(FailureCode::NotFound, words));
        }
        if wish.letter.as_ref().is_some_and(|letter| letter.chars().count() > LETTER_CHARACTERS_MAX) {
            return Err(invalid(format!("a letter has at most {LETTER_CHARACTERS_MAX} characters")));
        }
        let former = ring.wishes.iter().find(|one| one.heir == contact.did).map(|one| one.key);
        // What is left to somebody is sealed to a key of theirs that outlives their devices; their twin tells it.
        let key = match former {
            Some(key) => key,
            None => probe_at(twin, &contact.did, 0).map(|word| word.key).map_err(|failure| {
                Failure::new(
                    failure.code,
                    format!(
                        "{}'s twin has to be reached once before something can be left to them: {failure}",
                        contact.name
                    ),
                )
            })?,
        };
        let mut streams = wish.streams.clone();
        streams.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        streams.dedup();
        wishes.push(Wish { heir: contact.did, streams, letter: wish.letter.clone(), key });
    }
    let contacts: Vec<Contact> =
        look(twin, |book| ring.guardians.iter().filter_map(|did| book.contacts.get(did).cloned()).collect())?;
    if contacts.len() != ring.guardians.len() {
        return Err(invalid("a guardian is no contact any more: set guardians anew first"));
    }
    let charter = &ring.charter.charter;
    let silence = (!wishes.is_empty()).then(|| i64::from(asked.silence_days) * DAY_MS);
    let numbers = (charter.threshold, charter.wait_ms);
    begin_round(twin, &guardians_of(&contacts)?, numbers, (&wishes, silence), &phrase)?;
    list(twin)
}

pub(crate) fn list(twin: &Twin) -> Result<HeirsAnswer, Failure> {
    let names = names(twin)?;
    let quests = see(twin, |book| book.quests.all().to_vec())?;
    let mut answer = see(twin, |book| {
        let ring = book.own.ring();
        let untold =
            |heir: &Did| book.own.outbox().iter().any(|(to, paper)| to == heir && matches!(paper, Paper::Bequest(_)));
        let heirs = ring.iter().flat_map(|ring| &ring.wishes).map(|wish| HeirShown {
            did: wish.heir.clone(),
            name: names.get(&wish.heir).cloned(),
            streams: wish.streams.clone(),
            told: !untold(&wish.heir),
        });
        let inherits = book.own.bequests().map(|bequest| InheritanceShown {
            did: bequest.ward.clone(),
            name: names.get(&bequest.ward).cloned(),
            streams: bequest.streams.clone(),
            silence_days: u32::try_from(bequest.silence_ms / DAY_MS).unwrap_or_default(),
            threshold: bequest.threshold,
            guardians: bequest.guardians.clone(),
            claim: None,
        });
        HeirsAnswer {
            heirs: heirs.collect(),
            silence_days: ring.and_then(|ring| ring.charter.charter.silence_ms).map(|ms| (ms / DAY_MS) as u32),
            inherits: inherits.collect(),
        }
    })?;
    for inherits in &mut answer.inherits {
        let of = |quest: &&didymos_guard::Quest| quest.of.as_ref() == Some(&inherits.did);
        inherits.claim = quests.iter().rev().find(of).map(|quest| shown(twin, quest)).transpose()?;
    }
    Ok(answer)
}

/// From whom, if something is left to the owner.
fn from(twin: &Twin, text: &str) -> Result<Did, Failure> {
    let did =
        meant(twin, text).map(|contact| contact.did).or_else(|failure| text.trim().parse().map_err(|_| failure))?;
    if see(twin, |book| book.own.bequest(&did).is_none())? {
        let words = format!("{text} has left nothing to you: `twin heir` lists who has");
        return Err(Failure::new(FailureCode::NotFound, words));
    }
    Ok(did)
}

pub(crate) fn claim(twin: &Twin, asked: &Inheritance) -> Result<RecoveryAnswer, Failure> {
    let of = from(twin, &asked.from)?;
    let known = see(twin, |book| book.quests.newest(Kind::Inheritance, Some(&of)).cloned())?;
    let quest = match known {
        Some(quest) => quest,
        None => super::recovery::claim(twin, Kind::Inheritance, of.as_str(), Some(of.clone()))?,
    };
    let guardians = see(twin, |book| book.own.bequest(&of).map(|one| one.guardians.clone()).unwrap_or_default())?;
    let quest = ask_all(twin, &quest, &guardians)?;
    shown(twin, &quest)
}

pub(crate) fn open(twin: &Twin, asked: &Inheritance) -> Result<Inherited, Failure> {
    let of = from(twin, &asked.from)?;
    let quest = see(twin, |book| book.quests.newest(Kind::Inheritance, Some(&of)).cloned())?;
    let quest = quest.ok_or_else(|| Failure::new(FailureCode::NotFound, "claim it first: `twin heir claim`"))?;
    let (did, legacy) = legacy(twin, &quest)?;
    let phrase = legacy.entropy.map(|entropy| Words::new(RecoveryPhrase::from_entropy(entropy.0).words()));
    let key = |key: &didymos_base::Digest| Words::new(Zeroizing::new(URL_SAFE_NO_PAD.encode(key.0)));
    Ok(Inherited {
        did,
        phrase,
        streams: legacy.streams.iter().map(|(stream, secret)| (stream.clone(), key(secret))).collect(),
        letter: legacy.letter.clone(),
    })
}
