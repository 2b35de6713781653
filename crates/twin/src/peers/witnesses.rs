//! What a twin keeps about checkpoints, its own and others', and what waits for witnesses.
//!
//! A checkpoint goes to each witness after something was committed, at most once in ten minutes. Receipts alone are no
//! reason before a day is over: two twins that witness each other would otherwise never come to rest, since cosigning
//! leaves receipts too.

use super::errand::Errand;
use super::guards::{identity_of, name_of};
use super::{look, online};
use crate::door::{Failure, FailureCode};
use crate::request::{CheckpointIn, ConsistencyAsked, SeenIn};
use crate::response::{SeenAnswer, Witnessed};
use crate::{Request, Response, Twin};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::time::{DAY_MS, MINUTE_MS};
use didymos_base::{Did, Digest, Timestamp, canonical};
use didymos_guard::checkpoint::{Checkpoint, Cosignature};
use didymos_guard::evidence::Evidence;
use didymos_guard::watch::{Compared, Watch, WitnessRecord, compare, connect};
use didymos_identity::SignedDocument;
use didymos_vault::ObjectKind;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Checkpoints to bring, to show and to connect.
pub(crate) const ERRAND: Errand = Errand { waits, run, to_forgotten: false };

/// How often a witness is bothered.
const EVERY_MS: i64 = 10 * MINUTE_MS;
/// What is no reason for a checkpoint before a day is over.
const QUIET: [ObjectKind; 3] = [ObjectKind::Receipts, ObjectKind::Uses, ObjectKind::Witness];
/// How often one submission may be answered with "prove from there".
const TURNS_MAX: u32 = 3;

/// What is held in memory.
#[derive(Default)]
pub(crate) struct Witnesses {
    watch: Mutex<Option<Watch>>,
    /// When each witness was bothered last.
    tried: Mutex<BTreeMap<Did, Timestamp>>,
}

impl Witnesses {
    /// Lets go of what was read of the journal: it is read anew when it is next needed.
    pub(crate) fn forget(&self) {
        *self.watch.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn read(twin: &Twin) -> Result<Watch, Failure> {
    let mut watch = Watch::default();
    for record in super::records(twin, ObjectKind::Witness)? {
        if let Ok(record) = canonical::decode(&record) {
            watch.apply(record);
        }
    }
    Ok(watch)
}

/// Looks at what is known.
pub(crate) fn see<T>(twin: &Twin, with: impl FnOnce(&Watch) -> T) -> Result<T, Failure> {
    let mut locked = twin.peers.witnesses.watch.lock().unwrap_or_else(PoisonError::into_inner);
    let watch = match locked.take() {
        Some(watch) => watch,
        None => read(twin)?,
    };
    let seen = with(&watch);
    *locked = Some(watch);
    Ok(seen)
}

/// Changes what is known: journalled first, then in memory.
pub(crate) fn change(
    twin: &Twin,
    work: impl FnOnce(&Watch) -> Result<Vec<WitnessRecord>, Failure>,
) -> Result<(), Failure> {
    let mut locked = twin.peers.witnesses.watch.lock().unwrap_or_else(PoisonError::into_inner);
    let mut watch = match locked.take() {
        Some(watch) => watch,
        None => read(twin)?,
    };
    let changed = work(&watch).and_then(|records| {
        if !records.is_empty() {
            let bytes = records.iter().map(canonical::encode).collect();
            twin.vault.commit_records(&[(ObjectKind::Witness, bytes)], twin.now())?;
            for record in records {
                watch.apply(record);
            }
        }
        Ok(())
    });
    *locked = Some(watch);
    changed
}

/// Every version of a contact's identity.
pub(crate) fn versions_of(twin: &Twin, did: &Did) -> Result<Vec<SignedDocument>, Failure> {
    let versions = look(twin, |book| book.contacts.get(did).map(|contact| contact.versions.clone()))?;
    versions.ok_or_else(|| Failure::new(FailureCode::NotFound, "no contact"))
}

/// Whether `witness`, who has cosigned `cosigned`, should see a newer checkpoint now.
fn is_due(twin: &Twin, witness: &Did, cosigned: Option<(u64, Timestamp)>) -> bool {
    let (now, commits) = (twin.now(), twin.vault.index().commits.len() as u64);
    let tried = twin.peers.witnesses.tried.lock().unwrap_or_else(PoisonError::into_inner).get(witness).copied();
    if tried.is_some_and(|at| (0..EVERY_MS).contains(&now.0.saturating_sub(at.0))) {
        return false;
    }
    let Some((size, at)) = cosigned else { return commits > 0 };
    let old = !(0..DAY_MS).contains(&now.0.saturating_sub(at.0));
    commits < size || twin.vault.has_more_than(size, &QUIET) || (old && commits > size)
}

/// Whether `did` is a witness of the owner's, and what they cosigned last.
fn cosigned(watch: &Watch, did: &Did) -> (bool, Option<(u64, Timestamp)>) {
    let named = watch.is_named(did);
    let last = named.and_then(|named| named.cosigned.as_ref());
    (named.is_some(), last.map(|(checkpoint, _)| (checkpoint.size, checkpoint.at)))
}

fn waits(twin: &Twin, did: &Did) -> bool {
    let Ok((named, show, apart)) =
        see(twin, |watch| (cosigned(watch, did), watch.to_show(did).next().is_some(), !watch.apart(did).is_empty()))
    else {
        return false;
    };
    let (named, cosigned) = named;
    show || apart || (named && is_due(twin, did, cosigned))
}

fn run(twin: &Twin, did: &Did) -> Result<(), Failure> {
    let (named, cosigned) = see(twin, |watch| cosigned(watch, did))?;
    if named && is_due(twin, did, cosigned) {
        let now = twin.now();
        twin.peers.witnesses.tried.lock().unwrap_or_else(PoisonError::into_inner).insert(did.clone(), now);
        submit(twin, did, cosigned.map_or(0, |(size, _)| size))?;
    }
    show(twin, did)?;
    connect_apart(twin, did)
}

fn malformed() -> Failure {
    Failure::new(FailureCode::Invalid, "their twin answers in a form that is not known here")
}

fn put(twin: &Twin, did: &Did, request: &Request) -> Result<Response, Failure> {
    let (_, answer) = online::ask(twin, did, request)?;
    let json = serde_json::from_slice(&answer.answer).map_err(|_| malformed())?;
    Response::from_json(request, json).map_err(|_| malformed())
}

pub(crate) fn bytes_of(text: &str, max: usize) -> Result<Vec<u8>, Failure> {
    if text.len() > max.div_ceil(3) * 4 {
        return Err(malformed());
    }
    URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed())
}

pub(crate) fn checkpoint_of(text: &str) -> Result<Checkpoint, Failure> {
    Checkpoint::decode(&bytes_of(text, didymos_guard::checkpoint::CHECKPOINT_BYTES_MAX)?).map_err(|_| malformed())
}

pub(crate) fn evidence_of(text: &str) -> Result<Evidence, Failure> {
    Evidence::decode(&bytes_of(text, didymos_guard::evidence::EVIDENCE_BYTES_MAX)?).map_err(|_| malformed())
}

/// Brings a checkpoint of the journal as it is now to a witness.
fn submit(twin: &Twin, did: &Did, known: u64) -> Result<(), Failure> {
    let (size, root) = {
        let index = twin.vault.index();
        (index.commits.len() as u64, index.history.root())
    };
    let checkpoint = Checkpoint::new(twin.did().clone(), size, root, twin.now(), twin.device_key());
    let witnesses: Vec<Did> = see(twin, |watch| watch.named().map(|(other, _)| other.clone()).collect())?;
    let mut old_size = known;
    for _ in 0..TURNS_MAX {
        let (old_root, proof) = match twin.vault.consistency_between(old_size, size) {
            Some((root, proof)) => (Some(root), proof),
            None => (None, Vec::new()),
        };
        let request = Request::Checkpoint(CheckpointIn {
            checkpoint: URL_SAFE_NO_PAD.encode(checkpoint.encode()),
            old_size,
            old_root,
            proof,
            witnesses: witnesses.iter().filter(|other| *other != did).cloned().collect(),
        });
        let Response::Witnessed(verdict) = put(twin, did, &request)? else { return Err(malformed()) };
        match verdict {
            Witnessed::Cosigned(text) => {
                let bytes = bytes_of(&text, didymos_guard::checkpoint::CHECKPOINT_BYTES_MAX)?;
                let cosignature = Cosignature::decode(&bytes).map_err(|_| malformed())?;
                cosignature.check_by(&checkpoint, &identity_of(twin, did)?)?;
                return change(twin, |_| Ok(vec![WitnessRecord::Got { checkpoint, cosignature }]));
            }
            Witnessed::Prove { last } => {
                let last = checkpoint_of(&last)?;
                let own = twin.versions();
                let own = didymos_identity::verify_chain(&own).map_err(|_| malformed())?;
                last.check(&own)?;
                if last.size > size {
                    let words = format!(
                        "has seen {} commits of your journal, and here are {size}: this is an older copy of it, or \
                         somebody else writes in your name",
                        last.size
                    );
                    return object(twin, did, words);
                }
                old_size = last.size;
            }
            Witnessed::Forked(text) => {
                caught(twin, evidence_of(&text)?, Some(did))?;
                return object(twin, did, "has evidence that your twin shows two histories".to_owned());
            }
        }
    }
    object(twin, did, "asks again and again for another proof".to_owned())
}

fn object(twin: &Twin, did: &Did, words: String) -> Result<(), Failure> {
    let same = see(twin, |watch| watch.is_named(did).is_some_and(|named| named.words.as_ref() == Some(&words)))?;
    if same {
        return Ok(());
    }
    twin.notice(format!("{} {words}", name_of(twin, did).unwrap_or_else(|| "a witness".to_owned())));
    change(twin, |_| Ok(vec![WitnessRecord::Objected { witness: did.clone(), words, at: twin.now() }]))
}

/// Keeps evidence that holds, and tells the owner.
pub(crate) fn caught(twin: &Twin, evidence: Evidence, by: Option<&Did>) -> Result<(), Failure> {
    let shown = evidence.check().map_err(|error| Failure::new(FailureCode::Invalid, error.to_string()))?;
    // The first evidence is enough, and a twin that nobody knows here is nobody's business.
    let knows = shown.origin == *twin.did() || name_of(twin, &shown.origin).is_some();
    let full = |watch: &Watch| watch.forks().count() >= didymos_guard::watch::FORKS_MAX;
    if !knows || see(twin, |watch| watch.fork_of(&shown.origin).is_some() || full(watch))? {
        return Ok(());
    }
    let by = by.cloned();
    change(twin, |_| Ok(vec![WitnessRecord::Caught { evidence: Box::new(evidence), by, at: twin.now() }]))?;
    let whose = if shown.origin == *twin.did() {
        "your own twin".to_owned()
    } else {
        name_of(twin, &shown.origin).unwrap_or_else(|| "a twin".to_owned())
    };
    twin.notice(format!(
        "{whose} has shown two histories that differ within the first {} commits: `twin witness` has the evidence",
        shown.commits
    ));
    Ok(())
}

/// Takes in what a fellow witness has seen of `origin`.
pub(crate) fn take_seen(twin: &Twin, fellow: &Did, checkpoint: &Checkpoint) -> Result<(), Failure> {
    let origin = checkpoint.origin.clone();
    let (identity, versions) = (identity_of(twin, &origin)?, versions_of(twin, &origin)?);
    let compared = see(twin, |watch| watch.shown(fellow, checkpoint, &identity, &versions))??;
    match compared {
        None => Ok(()),
        Some(Compared::Fork(evidence)) => caught(twin, *evidence, Some(fellow)),
        Some(Compared::Same) => {
            let apart = see(twin, |watch| watch.last(&origin).is_some_and(|one| one.apart.contains_key(fellow)))?;
            let together = WitnessRecord::Together { origin, fellow: fellow.clone() };
            change(twin, |_| Ok(apart.then_some(together).into_iter().collect()))
        }
        Some(Compared::Ask(..)) => {
            let known = see(twin, |watch| {
                let apart = watch.last(&origin).and_then(|one| one.apart.get(fellow).cloned());
                watch.fork_of(&origin).is_some() || apart.is_some_and(|known| known.says_the_same(checkpoint))
            })?;
            let record = WitnessRecord::Apart { fellow: fellow.clone(), checkpoint: checkpoint.clone() };
            change(twin, |_| Ok((!known).then_some(record).into_iter().collect()))
        }
    }
}

/// Shows a fellow witness what was seen of twins that the two have in common.
fn show(twin: &Twin, did: &Did) -> Result<(), Failure> {
    let all: Vec<(Did, Checkpoint, Option<Evidence>)> = see(twin, |watch| {
        let evidence = |origin: &Did| watch.fork_of(origin).map(|fork| fork.evidence.clone());
        watch.to_show(did).map(|(origin, one)| (origin.clone(), one.last.clone(), evidence(origin))).collect()
    })?;
    for (origin, last, evidence) in all {
        let request = Request::Seen(SeenIn {
            checkpoint: URL_SAFE_NO_PAD.encode(last.encode()),
            evidence: evidence.map(|evidence| URL_SAFE_NO_PAD.encode(evidence.encode())),
        });
        let Response::Seen(SeenAnswer { checkpoint, evidence }) = put(twin, did, &request)? else {
            return Err(malformed());
        };
        if let Some(evidence) = evidence {
            caught(twin, evidence_of(&evidence)?, Some(did))?;
        }
        if let Some(checkpoint) = checkpoint {
            let checkpoint = checkpoint_of(&checkpoint)?;
            if checkpoint.origin == origin {
                take_seen(twin, did, &checkpoint)?;
            }
        }
        change(twin, |_| Ok(vec![WitnessRecord::Shown { origin, fellow: did.clone(), size: last.size }]))?;
    }
    Ok(())
}

/// Asks a twin to connect what it has shown to others with what it has shown here.
fn connect_apart(twin: &Twin, origin: &Did) -> Result<(), Failure> {
    let apart = see(twin, |watch| watch.apart(origin))?;
    for (fellow, theirs) in apart {
        let Some(ours) = see(twin, |watch| watch.last(origin).map(|one| one.last.clone()))? else { return Ok(()) };
        let versions = versions_of(twin, origin)?;
        let together = WitnessRecord::Together { origin: origin.clone(), fellow: fellow.clone() };
        match compare(&ours, &theirs, &versions) {
            Compared::Same => change(twin, |_| Ok(vec![together]))?,
            Compared::Fork(evidence) => return caught(twin, *evidence, Some(&fellow)),
            Compared::Ask(small, large) => {
                let request = Request::Consistency(ConsistencyAsked { old_size: small.size, new_size: large.size });
                let Response::Consistent(answer) = put(twin, origin, &request)? else { return Err(malformed()) };
                match connect(&small, &large, answer.old_root, &answer.proof, &versions)? {
                    None => change(twin, |_| Ok(vec![together]))?,
                    Some(evidence) => return caught(twin, evidence, Some(&fellow)),
                }
            }
        }
    }
    Ok(())
}

/// The last cosignature of each witness: what a proof can carry.
pub(crate) fn cosignatures(twin: &Twin) -> Result<Vec<(Checkpoint, Cosignature)>, Failure> {
    see(twin, |watch| watch.named().filter_map(|(_, named)| named.cosigned.clone()).collect())
}

/// Digest of a fork's evidence that begins so.
pub(crate) fn fork_meant(watch: &Watch, text: &str) -> Result<Digest, Failure> {
    let wanted = text.trim().to_lowercase();
    let mut found = watch.forks().filter(|(id, _)| wanted.len() >= 4 && id.to_string().starts_with(&wanted));
    match (found.next(), found.next()) {
        (Some((id, _)), None) => Ok(*id),
        _ => Err(Failure::new(
            FailureCode::NotFound,
            format!("no evidence begins with {text:?}: `twin witness` lists it"),
        )),
    }
}
