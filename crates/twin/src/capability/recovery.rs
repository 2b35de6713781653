//! Getting a twin back by its guardians: the claimant's side.
//!
//! The new machine is first a twin of its own, with a fresh identity that is thrown away afterwards: so it is made known
//! to each guardian by a ticket and compared digits like anybody, speaks through the same door, and outlives restarts
//! while the waiting time runs.

use super::guardians::{kind_of, names, state_of};
use crate::Twin;
use crate::door::{Failure, FailureCode};
use crate::peers::guards::{ask_guardian, change, see};
use crate::peers::look;
use crate::request::RecoveryBegin;
use crate::response::{RecoveryAnswer, RecoveryGuardian};
use didymos_base::{Did, Digest, ZoneOffset};
use didymos_guard::quest::claim_public;
use didymos_guard::{Claim, Kind, Legacy, Outcome, Quest, Record, lasting_key};
use didymos_identity::RecoveryPhrase;
use didymos_link::Place;

/// Makes a claim of this twin's and keeps it.
pub(crate) fn claim(twin: &Twin, kind: Kind, who: &str, of: Option<Did>) -> Result<Quest, Failure> {
    let nonce = Digest(twin.random()?);
    let key = claim_public(&twin.secrets().vault_key, &nonce);
    let claim = Claim::new(kind, who.trim().to_owned(), twin.did().clone(), key, twin.now(), twin.device_key());
    claim.check_bounds().map_err(|_| {
        Failure::new(
            FailureCode::Invalid,
            "say whose twin it is: the name by which their guardians know them, or a DID",
        )
    })?;
    let id = claim.id();
    change(twin, |_| Ok(vec![Record::Claims { claim: Box::new(claim), nonce, of }]))?;
    see(twin, |book| book.quests.all().iter().find(|quest| quest.claim.id() == id).cloned())?
        .ok_or_else(|| Failure::new(FailureCode::Damaged, "the claim was not kept"))
}

/// Asks each of them, one after the other. Who cannot be reached is told in the answer.
pub(crate) fn ask_all(twin: &Twin, quest: &Quest, guardians: &[Did]) -> Result<Quest, Failure> {
    for guardian in guardians {
        let done = quest.guardians.get(guardian).is_some_and(|heard| heard.release.is_some());
        if !done {
            let _ = ask_guardian(twin, quest, guardian);
        }
    }
    let id = quest.claim.id();
    let now = see(twin, |book| book.quests.all().iter().find(|quest| quest.claim.id() == id).cloned())?;
    Ok(now.unwrap_or_else(|| quest.clone()))
}

fn outcome(twin: &Twin, quest: &Quest) -> Outcome {
    let vault_key = &twin.secrets().vault_key;
    quest.outcome(vault_key, &lasting_key(vault_key))
}

pub(crate) fn shown(twin: &Twin, quest: &Quest) -> Result<RecoveryAnswer, Failure> {
    let (names, outcome) = (names(twin)?, outcome(twin, quest));
    let guardians = quest.guardians.iter().map(|(did, heard)| RecoveryGuardian {
        did: did.clone(),
        name: names.get(did).cloned(),
        state: heard.stand.map(state_of),
        opens: heard.opens.map(|at| at.rfc3339(ZoneOffset::UTC)),
        lied: outcome.liars.contains(did),
        words: heard.words.clone(),
    });
    Ok(RecoveryAnswer {
        claim: quest.claim.id(),
        digits: quest.claim.digits(),
        kind: kind_of(quest.claim.kind),
        who: quest.claim.who.clone(),
        ward: outcome.ward.clone(),
        have: outcome.sound.len() as u8,
        need: outcome.need,
        ready: outcome.legacy.is_some(),
        guardians: guardians.collect(),
    })
}

/// What was deposited, once there are enough shares.
pub(crate) fn legacy(twin: &Twin, quest: &Quest) -> Result<(Did, Legacy), Failure> {
    let outcome = outcome(twin, quest);
    let have = outcome.sound.len();
    if let (Some(ward), Some(legacy)) = (outcome.ward, outcome.legacy) {
        return Ok((ward, legacy));
    }
    let words = match outcome.need {
        Some(need) => format!("{have} sound shares are here and {need} are needed"),
        None => "no guardian has handed over a share yet".to_owned(),
    };
    Err(Failure::new(FailureCode::NotFound, words))
}

fn contacts(twin: &Twin) -> Result<Vec<Did>, Failure> {
    look(twin, |book| book.contacts.all().filter(|one| !one.blocked).map(|one| one.did.clone()).collect())
}

pub(crate) fn begin(twin: &Twin, asked: &RecoveryBegin) -> Result<RecoveryAnswer, Failure> {
    let quest = claim(twin, Kind::Recovery, &asked.who, None)?;
    let quest = ask_all(twin, &quest, &contacts(twin)?)?;
    shown(twin, &quest)
}

fn newest(twin: &Twin) -> Result<Quest, Failure> {
    let newest = see(twin, |book| book.quests.newest(Kind::Recovery, None).cloned())?;
    newest.ok_or_else(|| {
        Failure::new(FailureCode::NotFound, "nothing is being recovered here: `twin recover begin` first")
    })
}

pub(crate) fn status(twin: &Twin) -> Result<RecoveryAnswer, Failure> {
    let quest = newest(twin)?;
    let quest = ask_all(twin, &quest, &contacts(twin)?)?;
    shown(twin, &quest)
}

impl Twin {
    /// The recovery phrase that guardians have given back to this machine, and whose it is. It is in memory only, and
    /// was checked against the identity that it is of.
    pub fn recovered(&self) -> Result<(Did, RecoveryPhrase), Failure> {
        let (ward, legacy) = legacy(self, &newest(self)?)?;
        let entropy = legacy
            .entropy
            .ok_or_else(|| Failure::new(FailureCode::Damaged, "what was handed over holds no recovery phrase"))?;
        Ok((ward, RecoveryPhrase::from_entropy(entropy.0)))
    }

    /// Where every contact was last: of a machine that asks guardians, where those are.
    pub fn contact_places(&self) -> Result<Vec<Place>, Failure> {
        look(self, |book| book.contacts.all().flat_map(|contact| contact.known().places).collect())
    }

    /// Says what the owner calls themself, where that is not done by a setup in the browser.
    pub fn call_oneself(&self, name: &str) -> Result<(), Failure> {
        let name = super::profile::sound_name(name)?;
        super::profile::keep(self, &name)
    }
}
