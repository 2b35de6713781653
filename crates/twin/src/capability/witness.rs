//! Witnesses: whom the owner shows checkpoints, whose checkpoints this twin cosigns, and who was caught.

use super::guardians::{names, peer};
use crate::Twin;
use crate::door::{Failure, FailureCode};
use crate::peers::guards::identity_of;
use crate::peers::witnesses::{caught, change, checkpoint_of, evidence_of, fork_meant, see, take_seen, versions_of};
use crate::peers::{meant, online};
use crate::request::{CheckpointIn, ConsistencyAsked, ForkWhich, SeenIn, WitnessWhich};
use crate::response::{
    Consistent, EvidenceAnswer, ForkShown, SeenAnswer, WatchedShown, WitnessShown, Witnessed, WitnessesAnswer,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::ZoneOffset;
use didymos_consent::Principal;
use didymos_guard::checkpoint::{Cosignature, PROOF_MAX};
use didymos_guard::watch::{Continues, Verdict, WITNESSES_MAX, WitnessRecord};

fn invalid(words: impl Into<String>) -> Failure {
    Failure::new(FailureCode::Invalid, words)
}

fn utc(time: didymos_base::Timestamp) -> String {
    time.rfc3339(ZoneOffset::UTC)
}

pub(crate) fn add(twin: &Twin, asked: &WitnessWhich) -> Result<WitnessesAnswer, Failure> {
    let contact = meant(twin, &asked.contact)?;
    change(twin, |watch| {
        if watch.is_named(&contact.did).is_some() {
            return Ok(Vec::new());
        }
        if watch.named().count() >= WITNESSES_MAX {
            return Err(invalid(format!("{WITNESSES_MAX} witnesses are the most")));
        }
        Ok(vec![WitnessRecord::Named { witness: contact.did.clone(), at: twin.now() }])
    })?;
    online::deliver_now(twin, &contact.did);
    list(twin)
}

pub(crate) fn remove(twin: &Twin, asked: &WitnessWhich) -> Result<WitnessesAnswer, Failure> {
    let contact = meant(twin, &asked.contact)?;
    change(twin, |watch| {
        let named = watch.is_named(&contact.did).is_some();
        let record = WitnessRecord::Unnamed { witness: contact.did.clone(), at: twin.now() };
        Ok(named.then_some(record).into_iter().collect())
    })?;
    list(twin)
}

pub(crate) fn list(twin: &Twin) -> Result<WitnessesAnswer, Failure> {
    let (names, commits) = (names(twin)?, twin.vault.index().commits.len() as u64);
    see(twin, |watch| WitnessesAnswer {
        commits,
        witnesses: watch
            .named()
            .map(|(did, named)| WitnessShown {
                did: did.clone(),
                name: names.get(did).cloned(),
                commits: named.cosigned.as_ref().map_or(0, |(checkpoint, _)| checkpoint.size),
                cosigned: named.cosigned.as_ref().map(|(_, cosignature)| utc(cosignature.at)),
                words: named.words.clone(),
            })
            .collect(),
        watched: watch
            .watched()
            .map(|(did, watched)| WatchedShown {
                did: did.clone(),
                name: names.get(did).cloned(),
                commits: watched.last.size,
                root: watched.last.root,
                cosigned: utc(watched.at),
                forked: watch.fork_of(did).is_some(),
            })
            .collect(),
        forks: watch
            .forks()
            .map(|(id, fork)| ForkShown {
                fork: *id,
                did: fork.evidence.first.origin.clone(),
                name: names.get(&fork.evidence.first.origin).cloned(),
                commits: fork.evidence.first.size,
                found: utc(fork.at),
                by: fork.by.clone(),
            })
            .collect(),
    })
}

pub(crate) fn evidence(twin: &Twin, asked: &ForkWhich) -> Result<EvidenceAnswer, Failure> {
    see(twin, |watch| {
        let id = fork_meant(watch, &asked.fork)?;
        let fork = watch.forks().find(|(other, _)| **other == id).map(|(_, fork)| fork);
        let fork = fork.ok_or_else(|| Failure::new(FailureCode::NotFound, "that evidence is gone"))?;
        let bytes = fork.evidence.encode();
        let (first, second) = (&fork.evidence.first, &fork.evidence.second);
        Ok(EvidenceAnswer {
            bytes: bytes.len() as u64,
            says: format!(
                "{} signed at {} that the first {} commits of its journal have the root {}, and at {} another history \
                 of {} commits",
                first.origin,
                utc(first.at),
                first.size,
                first.root,
                utc(second.at),
                second.size
            ),
            evidence: URL_SAFE_NO_PAD.encode(bytes),
        })
    })?
}

/// A contact brings a checkpoint.
pub(crate) fn checkpoint(twin: &Twin, principal: &Principal, asked: &CheckpointIn) -> Result<Witnessed, Failure> {
    let from = peer(principal)?;
    if asked.proof.len() > PROOF_MAX || asked.witnesses.len() > WITNESSES_MAX {
        return Err(invalid("a checkpoint beyond its bounds"));
    }
    let checkpoint = checkpoint_of(&asked.checkpoint)?;
    let (identity, versions) = (identity_of(twin, from)?, versions_of(twin, from)?);
    let continues = Continues { old_size: asked.old_size, old_root: asked.old_root, proof: &asked.proof };
    let at = twin.now();
    let mut verdict = Verdict::Cosign;
    change(twin, |watch| {
        verdict = watch.submitted(&checkpoint, continues, &identity, &versions)?;
        let known = watch.last(from);
        let same = known.is_some_and(|known| known.last.says_the_same(&checkpoint) && known.fellows == asked.witnesses);
        let cosigned = verdict == Verdict::Cosign && !same;
        let (checkpoint, fellows) = (checkpoint.clone(), asked.witnesses.clone());
        Ok(cosigned.then_some(WitnessRecord::Cosigned { checkpoint, fellows, at }).into_iter().collect())
    })?;
    match verdict {
        Verdict::Cosign => {
            let document = twin.document()?;
            let certificate = document.certificate(twin.device_key().did()).cloned();
            let certificate =
                certificate.ok_or_else(|| Failure::new(FailureCode::Damaged, "this device has no certificate"))?;
            let me = twin.did().clone();
            let cosignature = Cosignature::new(&checkpoint, me, at, certificate, twin.device_key());
            Ok(Witnessed::Cosigned(URL_SAFE_NO_PAD.encode(cosignature.encode())))
        }
        Verdict::Prove(last) => Ok(Witnessed::Prove { last: URL_SAFE_NO_PAD.encode(last.encode()) }),
        Verdict::Fork(evidence) => {
            caught(twin, (*evidence).clone(), None)?;
            Ok(Witnessed::Forked(URL_SAFE_NO_PAD.encode(evidence.encode())))
        }
    }
}

/// Another witness shows what it has seen of a twin that this one witnesses too.
pub(crate) fn seen(twin: &Twin, principal: &Principal, asked: &SeenIn) -> Result<SeenAnswer, Failure> {
    let from = peer(principal)?;
    let checkpoint = checkpoint_of(&asked.checkpoint)?;
    let origin = checkpoint.origin.clone();
    let fellow = see(twin, |watch| watch.last(&origin).is_some_and(|one| one.fellows.contains(from)))?;
    if !fellow {
        // Whom this twin witnesses is nobody's business but of those whom the witnessed twin named.
        return Ok(SeenAnswer::default());
    }
    if let Some(evidence) = &asked.evidence {
        caught(twin, evidence_of(evidence)?, Some(from))?;
    }
    take_seen(twin, from, &checkpoint)?;
    see(twin, |watch| SeenAnswer {
        checkpoint: watch.last(&origin).map(|one| URL_SAFE_NO_PAD.encode(one.last.encode())),
        evidence: watch.fork_of(&origin).map(|fork| URL_SAFE_NO_PAD.encode(fork.evidence.encode())),
    })
}

/// A witness asks to connect two checkpoints.
pub(crate) fn consistency(twin: &Twin, principal: &Principal, asked: &ConsistencyAsked) -> Result<Consistent, Failure> {
    let from = peer(principal)?;
    if see(twin, |watch| watch.is_named(from).is_none())? {
        return Err(Failure::new(FailureCode::NotFound, "you are no witness of this twin"));
    }
    let proof = (asked.old_size > 0).then(|| twin.vault.consistency_between(asked.old_size, asked.new_size)).flatten();
    let (old_root, proof) =
        proof.ok_or_else(|| Failure::new(FailureCode::NotFound, "this journal does not have as many commits"))?;
    Ok(Consistent { old_root, proof })
}
