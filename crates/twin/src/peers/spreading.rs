//! The owner's copies at friends: what the [ledger](didymos_copies::ledger) says is to be done, done.
//!
//! The ledger lies beside the journal, sealed. It is derived: without it, friends are asked what they have, and the next
//! spreading makes it anew. So nothing of it is journalled, and spreading does not make more to spread.

use super::errand::Errand;
use super::look;
use super::online::{ask, ask_with};
use crate::capability::{copies, space};
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::payload::Sent;
use crate::peers::contracts::Stand;
use crate::request::{LeafAsked, ManifestPut, ShareDrop, ShareList, ShareProve, SharePut, Words};
use crate::response::{ShareNames, ShareProofs};
use crate::{Request, Twin};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::time::{DAY_MS, HOUR_MS};
use didymos_base::{Did, Digest, Timestamp, canonical};
use didymos_consent::Reason;
use didymos_copies::ledger::AUDIT_LEAVES;
use didymos_copies::{CopyKeys, Judged, Ledger, Manifest, Parcel, Shown, Span, Step, code, cut, leaf, parcel};
use didymos_link::book::beacon;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Copies on their way.
pub(crate) const ERRAND: Errand = Errand { waits, run, to_forgotten: false };

/// Name of the ledger beside the journal.
pub(crate) const LEDGER: &str = "copies";
/// How soon after a spreading new data are spread.
const SPREAD_MS: i64 = HOUR_MS;
/// How soon what the twin only noted down is.
const NOTES_SPREAD_MS: i64 = DAY_MS;
/// So much goes to one friend before others have their turn.
const TURN_BYTES: u64 = 64 << 20;
/// How many steps are taken before the ledger is written down.
const STEPS_KEPT: usize = 32;

/// What is held in memory.
#[derive(Default)]
pub(crate) struct Spreading {
    ledger: Mutex<Option<Ledger>>,
    /// Held while a draft is made.
    drafting: Mutex<()>,
    /// Friends with whom somebody is at it.
    busy: Mutex<BTreeSet<Did>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panic may have left half done is asked of the friends again.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Works with the ledger; reads it first if nobody has.
pub(crate) fn with<T>(twin: &Twin, work: impl FnOnce(&mut Ledger) -> T) -> T {
    let mut ledger = locked(&twin.peers.spreading.ledger);
    let read = || {
        let bytes = twin.vault.read_beside(LEDGER)?;
        canonical::decode::<Ledger>(&bytes).ok()
    };
    work(ledger.get_or_insert_with(|| read().unwrap_or_default()))
}

/// Writes the ledger down.
pub(crate) fn keep(twin: &Twin) -> Result<(), Failure> {
    // With the ledger in hand: two at a time would write into each other's file.
    Ok(with(twin, |ledger| twin.vault.write_beside(LEDGER, &canonical::encode(ledger)))?)
}

/// The keys of the owner's copies.
pub(crate) fn keys(twin: &Twin) -> CopyKeys {
    CopyKeys::new(&twin.secrets().vault_key)
}

/// Who gives the owner room: contacts with a contract in force, the largest of each.
fn giving(twin: &Twin, now: Timestamp) -> Result<Vec<(Did, Digest, u64)>, Failure> {
    look(twin, |book| {
        let mut most: BTreeMap<Did, (Digest, u64)> = BTreeMap::new();
        for (id, entry) in book.contracts.all() {
            let terms = &entry.offer.terms;
            let known = book.contacts.get(&terms.assigner).is_some_and(|contact| !contact.blocked);
            let Some(room) = terms.space.filter(|_| known && terms.assignee == *twin.did()) else { continue };
            if entry.stand(now) == Stand::InForce && most.get(&terms.assigner).is_none_or(|(_, most)| room > *most) {
                most.insert(terms.assigner.clone(), (*id, room));
            }
        }
        most.into_iter().map(|(did, (id, room))| (did, id, room)).collect()
    })
}

/// Brings the ledger up to who gives room now, and says whether there is something new to spread.
fn is_due(twin: &Twin, now: Timestamp, at_once: bool) -> Result<bool, Failure> {
    let (giving, wish) = (giving(twin, now)?, copies::wish(twin)?);
    let Some((commit, end)) = twin.vault.newest() else { return Ok(false) };
    let bytes_each = bytes_each(end, wish.need);
    Ok(with(twin, |ledger| {
        ledger.friends(&giving, now);
        let placed = ledger.placement(wish, bytes_each, now);
        if placed.is_empty() {
            return false;
        }
        let Some(goal) = ledger.goal() else { return true };
        if goal.need != wish.need || goal.holders != placed {
            return true;
        }
        let since = now.0.saturating_sub(goal.at.0);
        commit.seq > goal.seq
            && (at_once || since >= NOTES_SPREAD_MS || (since >= SPREAD_MS && twin.vault.has_news_since(goal.seq)))
    }))
}

/// Brings the ledger up to who gives room now.
pub(crate) fn recount(twin: &Twin, now: Timestamp) -> Result<(), Failure> {
    let giving = giving(twin, now)?;
    let gone: Vec<Did> = with(twin, |ledger| {
        ledger.friends(&giving, now);
        ledger.books.iter().filter(|book| !book.gives).map(|book| (book.did.clone(), book.contract)).collect::<Vec<_>>()
    })
    .into_iter()
    .filter(|(_, contract)| is_over(twin, contract, now))
    .map(|(did, _)| did)
    .collect();
    with(twin, |ledger| ledger.books.retain(|book| book.gives || !gone.contains(&book.did)));
    Ok(())
}

/// Whether what was kept under a contract of room has been deleted by now.
fn is_over(twin: &Twin, contract: &Digest, now: Timestamp) -> bool {
    let over = look(twin, |book| {
        let entry = book.contracts.get(contract)?;
        Some(entry.ending.as_ref().map_or(entry.offer.terms.expires, |ending| ending.at))
    });
    over.ok().flatten().is_none_or(|over| over.0.saturating_add(space::GRACE_MS) < now.0)
}

/// What a share of a parcel takes.
pub(crate) fn share_bytes(span: Span, need: u8) -> u64 {
    code::share_len(parcel::sealed_len(span), need) as u64
}

/// What one share of every parcel takes together.
fn bytes_each(end: u64, need: u8) -> u64 {
    cut(end).into_iter().map(|span| share_bytes(span, need)).sum()
}

fn wrong(error: &impl ToString) -> Failure {
    Failure::new(FailureCode::Damaged, error.to_string())
}

/// The shares of a parcel with these numbers.
fn shares(
    twin: &Twin,
    keys: &CopyKeys,
    span: Span,
    need: u8,
    numbers: &[u8],
) -> Result<(Digest, Vec<Vec<u8>>), Failure> {
    let plain = twin.vault.span(span.begins, span.len)?;
    let sealed = keys.seal(span, &plain);
    Ok((Digest::of(&plain), code::encode(&sealed, need, numbers).map_err(|error| wrong(&error))?))
}

/// Lays out the journal as it is now for the friends who give room now, and begins to spread that.
fn draft(twin: &Twin, watch: Watch<'_>) -> Result<(), Failure> {
    let _one = locked(&twin.peers.spreading.drafting);
    let (now, wish, keys) = (twin.now(), copies::wish(twin)?, keys(twin));
    let Some((commit, end)) = twin.vault.newest() else { return Ok(()) };
    let bytes_each = bytes_each(end, wish.need);
    let (holders, number, before) = with(twin, |ledger| {
        let before = ledger.goal().filter(|goal| goal.need == wish.need).cloned();
        (ledger.placement(wish, bytes_each, now), ledger.next_number(now), before)
    });
    let mut numbers: Vec<u8> = holders.iter().flat_map(|holder| holder.numbers.iter().copied()).collect();
    numbers.sort_unstable();
    let known: BTreeMap<u64, &Parcel> =
        before.iter().flat_map(|goal| &goal.parcels).map(|parcel| (parcel.span.begins, parcel)).collect();
    let same = |span: &Span| known.get(&span.begins).copied().filter(|parcel| parcel.span == *span);
    let spans = cut(end);
    // What is spread for the first time is read and hashed first.
    if let Some(first) = spans.iter().find(|span| same(span).is_none()) {
        twin.vault.check_range(first.begins, end)?;
    }
    let mut parcels = Vec::with_capacity(spans.len());
    for span in &spans {
        let names = |parcel: &Parcel| {
            let goal = before.as_ref()?;
            numbers.iter().map(|number| goal.share(parcel, *number)).collect::<Option<Vec<_>>>()
        };
        let kept = same(span).and_then(|parcel| Some((parcel.digest, names(parcel)?)));
        let (digest, shares) = if let Some(kept) = kept {
            kept
        } else {
            let (digest, made) = shares(twin, &keys, *span, wish.need, &numbers)?;
            (digest, made.iter().map(|share| leaf::name_of(share)).collect())
        };
        parcels.push(Parcel { span: *span, digest, shares });
        let progress =
            Progress { doing: "laying out shares".to_owned(), unit: "bytes".to_owned(), done: span.ends(), of: end };
        if watch(progress).is_break() {
            return Err(Failure::new(FailureCode::Stopped, "stopped; what friends have they keep"));
        }
    }
    let manifest = Manifest {
        version: 1,
        owner: twin.did().clone(),
        number,
        at: now,
        seq: commit.seq,
        commit: commit.digest,
        need: wish.need,
        numbers,
        parcels,
        holders,
    };
    manifest.check().map_err(|error| wrong(&error))?;
    with(twin, |ledger| ledger.begin(manifest));
    keep(twin)
}

/// Makes a draft if one is due.
pub(crate) fn refresh(twin: &Twin, at_once: bool, watch: Watch<'_>) -> Result<(), Failure> {
    twin.vault.ensure_whole()?;
    if is_due(twin, twin.now(), at_once)? { draft(twin, watch) } else { Ok(()) }
}

fn waits(twin: &Twin, did: &Did) -> bool {
    // The journal is spread by the device that writes it.
    if twin.is_replica() {
        return false;
    }
    let _ = space::sweep(twin);
    let now = twin.now();
    let due = is_due(twin, now, false).unwrap_or(false);
    let gives = with(twin, |ledger| ledger.book(did).is_some_and(|book| book.gives && !book.caught));
    gives && (due || with(twin, |ledger| ledger.waits(did, now)))
}

fn run(twin: &Twin, did: &Did) -> Result<(), Failure> {
    refresh(twin, false, &mut crate::unwatched)?;
    carry(twin, did, TURN_BYTES, &mut |_| ControlFlow::Continue(())).map(|_| ())
}

/// Marks that somebody is at it with a friend.
struct Busy<'a>(&'a Twin, Did);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        locked(&self.0.peers.spreading.busy).remove(&self.1);
    }
}

/// Does with a friend what is to be done, until there is nothing left, or so many bytes went. `watch` gets the bytes of
/// each share that went, and may break off. Says whether anything was done.
pub(crate) fn carry(
    twin: &Twin,
    did: &Did,
    most: u64,
    watch: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<bool, Failure> {
    if !locked(&twin.peers.spreading.busy).insert(did.clone()) {
        return Ok(false);
    }
    let _busy = Busy(twin, did.clone());
    let keys = keys(twin);
    let (mut went, mut steps) = (0, 0);
    let outcome = loop {
        let now = twin.now();
        let step = with(twin, |ledger| {
            ledger.publish();
            ledger.settle(now);
            ledger.next(did, now)
        });
        let Some(step) = step.filter(|_| went < most) else { break Ok(()) };
        match take(twin, &keys, did, &step) {
            Ok(bytes) => {
                went += bytes;
                if watch(bytes).is_break() {
                    break Err(Failure::new(FailureCode::Stopped, "stopped; what friends have they keep"));
                }
            }
            Err(failure) => break Err(failure),
        }
        steps += 1;
        if steps % STEPS_KEPT == 0 {
            keep(twin)?;
        }
    };
    if steps > 0 {
        with(twin, |ledger| {
            ledger.publish();
            ledger.settle(twin.now());
        });
        keep(twin)?;
    }
    outcome.map(|()| steps > 0)
}

fn answered<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes)
        .map_err(|_| Failure::new(FailureCode::Denied, "the other twin's answer makes no sense"))
}

/// Takes one step with a friend, and says how many bytes went.
fn take(twin: &Twin, keys: &CopyKeys, did: &Did, step: &Step) -> Result<u64, Failure> {
    match step {
        Step::List => {
            let (has, manifest) = list(twin, did)?;
            with(twin, |ledger| ledger.listed(did, has, manifest, twin.now()));
            Ok(0)
        }
        Step::Put { span, need, number, name } => {
            let (_, made) = shares(twin, keys, *span, *need, &[*number])?;
            let share = made.into_iter().next().unwrap_or_default();
            if leaf::name_of(&share) != *name {
                // What was laid out is not what is there now: it will be laid out anew.
                with(twin, |ledger| (ledger.draft, ledger.published) = (None, None));
                return Err(Failure::new(
                    FailureCode::Damaged,
                    "the journal is not as it was when its shares were laid out",
                ));
            }
            let sent = Sent { bytes: share.len() as u64, digest: None };
            let request = Request::SharePut(SharePut { share: *name, sent });
            match ask_with(twin, did, &request, Some(&mut share.as_slice())) {
                Ok(_) => with(twin, |ledger| ledger.took(did, *name, twin.now())),
                Err(failure) if failure.message == Reason::NoRoom.to_string() => {
                    with(twin, |ledger| ledger.has_no_room(did, twin.now()));
                }
                Err(failure) => return Err(failure),
            }
            Ok(sent.bytes)
        }
        Step::Manifest => {
            let Some(published) = with(twin, |ledger| ledger.published.clone()) else { return Ok(0) };
            let bytes = published.seal(keys, twin.random()?, twin.device_key()).encode();
            let sent = Sent { bytes: bytes.len() as u64, digest: None };
            // A share has one holder, so its number is nobody else's.
            let number =
                published.holders.iter().find(|holder| holder.did == *did).and_then(|holder| holder.numbers.first());
            let beacon = number.map(|number| {
                let seed = beacon::seed(&twin.secrets().vault_key, *number);
                Words::new(URL_SAFE_NO_PAD.encode(seed.as_bytes()))
            });
            let request = Request::ManifestPut(ManifestPut { sent, beacon });
            ask_with(twin, did, &request, Some(&mut bytes.as_slice()))?;
            with(twin, |ledger| ledger.took_manifest(did, published.number, twin.now()));
            Ok(sent.bytes)
        }
        Step::Drop(shares) => {
            ask(twin, did, &Request::ShareDrop(ShareDrop { shares: shares.clone() }))?;
            with(twin, |ledger| ledger.dropped(did, shares));
            Ok(0)
        }
        Step::Audit => audit(twin, did).map(|_| 0),
    }
}

fn list(twin: &Twin, did: &Did) -> Result<(BTreeSet<Digest>, Option<u64>), Failure> {
    let mut has = BTreeSet::new();
    let mut after = None;
    loop {
        let (_, answer) = ask(twin, did, &Request::ShareList(ShareList { after }))?;
        let names: ShareNames = answered(&answer.answer)?;
        let last = names.shares.last().copied();
        has.extend(names.shares);
        // Who says that there is more has to get further.
        if !names.more || last <= after || has.len() > 1 << 20 {
            return Ok((has, names.manifest));
        }
        after = last;
    }
}

/// Has a friend show what it keeps; nothing, where there is nothing to show.
pub(crate) fn audit(twin: &Twin, did: &Did) -> Result<Option<Judged>, Failure> {
    let seed = twin.random()?;
    let wanted = with(twin, |ledger| ledger.challenge(did, &seed));
    if wanted.is_empty() {
        return Ok(None);
    }
    debug_assert!(wanted.len() <= AUDIT_LEAVES);
    let leaves = wanted.iter().map(|wanted| LeafAsked { share: wanted.share, leaf: wanted.leaf }).collect();
    let (_, answer) = ask(twin, did, &Request::ShareProve(ShareProve { leaves }))?;
    let proofs: ShareProofs = answered(&answer.answer)?;
    let shown: Vec<Shown> = proofs
        .leaves
        .into_iter()
        .map(|proof| proof.map(|proof| (URL_SAFE_NO_PAD.decode(proof.leaf).unwrap_or_default(), proof.path)))
        .collect();
    let judged = with(twin, |ledger| ledger.judge(did, &wanted, &shown, twin.now()));
    if judged.caught {
        let name = look(twin, |book| book.contacts.get(did).map(|contact| contact.name.clone()))?;
        let name = name.unwrap_or_else(|| did.to_string());
        twin.notice(format!("{name} could not show what they said they keep; their shares are made anew elsewhere"));
    }
    Ok(Some(judged))
}

/// Begins a ledger with the list of shares that the twin came back by.
pub(crate) fn take_over(twin: &Twin, manifest: Manifest) -> Result<(), Failure> {
    with(twin, |ledger| *ledger = Ledger::of(manifest));
    keep(twin)
}

impl Twin {
    /// Gives a contact a share to keep, whatever the ledger says: for tests of what a contact may put.
    #[doc(hidden)]
    pub fn put_share(&self, did: &Did, name: Digest, share: &[u8]) -> Result<(), Failure> {
        let sent = Sent { bytes: share.len() as u64, digest: None };
        let request = Request::SharePut(SharePut { share: name, sent });
        let mut bytes = share;
        ask_with(self, did, &request, Some(&mut bytes)).map(drop)
    }
}
