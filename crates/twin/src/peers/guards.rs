//! What a twin keeps about guardians, heirs and claims, and what waits for them.
//!
//! Records lie in the journal and are folded into [`didymos_guard::Book`]. Shares that are kept for others are sealed in
//! it under keys of their own, one for each, that lie in a sealed file beside it: a share is destroyed by forgetting its
//! key, which a journal that only grows could not do.

use super::errand::Errand;
use super::{look, online};
use crate::door::{Failure, FailureCode};
use crate::request::{Collect, GuardPaperIn};
use crate::response::Collected;
use crate::{Request, Response, Twin};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::time::HOUR_MS;
use didymos_base::{Did, Digest, Timestamp, canonical};
use didymos_guard::desk::{Claimed, Held};
use didymos_guard::paper::{Notice, Word};
use didymos_guard::ring::Shares;
use didymos_guard::{Book, GuardError, Paper, Quest, Record, Stand};
use didymos_identity::{Secret32, VerifiedIdentity, sealed};
use didymos_vault::ObjectKind;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// Papers on their way, claims to tell of, signs of life, and claims of this twin's.
pub(crate) const ERRAND: Errand = Errand { waits, run, to_forgotten: false };

/// Name of the sealed file with the keys of shares.
const BESIDE: &str = "shares";
/// How often a claimant asks a guardian by itself.
const ASK_EVERY_MS: i64 = HOUR_MS;

/// What is held in memory.
#[derive(Default)]
pub(crate) struct Guards {
    book: Mutex<Option<Book>>,
    /// When the owner used the twin last; 0: not since it was opened.
    used: AtomicI64,
}

impl Guards {
    /// Lets go of what was read of the journal: it is read anew when it is next needed.
    pub(crate) fn forget(&self) {
        *self.book.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The owner used the twin.
    pub(crate) fn used(&self, at: Timestamp) {
        self.used.store(at.0, Ordering::Relaxed);
    }

    fn last_used(&self) -> Option<Timestamp> {
        Some(self.used.load(Ordering::Relaxed)).filter(|at| *at != 0).map(Timestamp)
    }
}

impl From<GuardError> for Failure {
    fn from(error: GuardError) -> Self {
        let code = match error {
            GuardError::Unknown => FailureCode::NotFound,
            _ => FailureCode::Invalid,
        };
        Self::new(code, error.to_string())
    }
}

fn read(twin: &Twin) -> Result<Book, Failure> {
    let mut book = Book::default();
    for record in super::records(twin, ObjectKind::Guardians)? {
        // A record of a newer version is passed over: this one would not know what it means.
        if let Ok(record) = canonical::decode(&record) {
            book.apply(record);
        }
    }
    Ok(book)
}

/// Looks at what is known.
pub(crate) fn see<T>(twin: &Twin, with: impl FnOnce(&Book) -> T) -> Result<T, Failure> {
    let mut locked = twin.peers.guards.book.lock().unwrap_or_else(PoisonError::into_inner);
    let book = match locked.take() {
        Some(book) => book,
        None => read(twin)?,
    };
    let seen = with(&book);
    *locked = Some(book);
    Ok(seen)
}

/// Changes what is known: journalled first, then in memory.
pub(crate) fn change(twin: &Twin, work: impl FnOnce(&Book) -> Result<Vec<Record>, Failure>) -> Result<(), Failure> {
    let mut locked = twin.peers.guards.book.lock().unwrap_or_else(PoisonError::into_inner);
    let mut book = match locked.take() {
        Some(book) => book,
        None => read(twin)?,
    };
    let changed = work(&book).and_then(|records| {
        if !records.is_empty() {
            let bytes = records.iter().map(canonical::encode).collect();
            twin.vault.commit_records(&[(ObjectKind::Guardians, bytes)], twin.now())?;
            for record in records {
                book.apply(record);
            }
        }
        Ok(())
    });
    *locked = Some(book);
    changed
}

/// Keeps what of passing time would be lost with a restart.
pub(crate) fn tick(twin: &Twin) -> Result<(), Failure> {
    let now = twin.now();
    if see(twin, |book| book.desk.tick(now).is_empty())? {
        return Ok(());
    }
    change(twin, |book| Ok(book.desk.tick(now)))
}

/// Digest of a charter, and the key of its shares: one behind the other, as they lie in the file.
const PAIR: usize = 64;

fn keys(twin: &Twin) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(twin.vault.read_beside(BESIDE).unwrap_or_default())
}

/// Those of which `wanted` says so, by their charter.
fn only(keys: &[u8], wanted: impl Fn(&[u8]) -> bool) -> Zeroizing<Vec<u8>> {
    let mut kept = Zeroizing::new(Vec::with_capacity(keys.len() + PAIR));
    for pair in keys.chunks_exact(PAIR).filter(|pair| wanted(&pair[..32])) {
        kept.extend_from_slice(pair);
    }
    kept
}

/// Seals shares under a fresh key, which is durable before this returns.
pub(crate) fn seal_shares(twin: &Twin, charter: &Digest, shares: &Shares) -> Result<Vec<u8>, Failure> {
    let key = Secret32::from_bytes(twin.random()?);
    let mut keys = only(&keys(twin), |known| known != charter.as_bytes());
    keys.extend_from_slice(charter.as_bytes());
    keys.extend_from_slice(key.as_bytes());
    twin.vault.write_beside(BESIDE, &keys)?;
    Ok(sealed::seal(&key, twin.random()?, charter.as_bytes(), &shares.encode()))
}

/// Opens shares that are kept; none where their key is gone, or they are not what the charter speaks of.
pub(crate) fn open_held(twin: &Twin, held: &Held) -> Option<Shares> {
    let charter = &held.charter.charter;
    let id = charter.id();
    let keys = only(&keys(twin), |known| known == id.as_bytes());
    let key = Secret32::from_bytes(keys.get(32..PAIR)?.try_into().ok()?);
    let plain = sealed::open(&key, id.as_bytes(), &held.sealed).ok()?;
    Shares::decode(&plain).ok().filter(|shares| shares.are_sound(charter, held.index))
}

/// Destroys every share that is not kept any more.
pub(crate) fn destroy_old(twin: &Twin) -> Result<(), Failure> {
    let live: Vec<Digest> =
        see(twin, |book| book.desk.wards().filter_map(|(_, ward)| Some(ward.live()?.charter.charter.id())).collect())?;
    let before = keys(twin);
    let after = only(&before, |charter| live.iter().any(|one| one.as_bytes() == charter));
    if after.len() == before.len() { Ok(()) } else { Ok(twin.vault.write_beside(BESIDE, &after)?) }
}

/// A contact's checked identity.
pub(crate) fn identity_of(twin: &Twin, did: &Did) -> Result<VerifiedIdentity, Failure> {
    let contact = look(twin, |book| book.contacts.get(did).cloned())?;
    contact.ok_or_else(|| Failure::new(FailureCode::Denied, "no contact"))?.identity()
}

/// What the owner calls somebody.
pub(crate) fn name_of(twin: &Twin, did: &Did) -> Option<String> {
    look(twin, |book| book.contacts.get(did).map(|contact| contact.name.clone())).ok().flatten()
}

/// The word that is told to a ward.
pub(crate) fn answer(twin: &Twin, held: &Held, word: Word) -> Record {
    let charter = &held.charter.charter;
    let me = twin.did().clone();
    let paper = didymos_guard::paper::Answer::new(charter.id(), me, word, twin.now(), twin.device_key());
    Record::Send { to: charter.ward.clone(), paper: Box::new(Paper::Answer(paper)) }
}

fn is_asked_again(quest: &Quest, did: &Did, now: Timestamp) -> bool {
    let Some(heard) = quest.guardians.get(did) else { return false };
    let done = heard.release.is_some() || heard.stand.is_some_and(Stand::is_final);
    !done && heard.at.is_none_or(|at| now.0.saturating_sub(at.0) >= ASK_EVERY_MS || now < at)
}

fn waits(twin: &Twin, did: &Did) -> bool {
    // Whoever looks whether something waits has looked at the clock.
    let _ = tick(twin);
    let (now, used) = (twin.now(), twin.peers.guards.last_used());
    see(twin, |book| {
        let own = &book.own;
        own.outbox().iter().any(|(to, _)| to == did)
            || book.desk.untold(did).next().is_some()
            || own.beat_waits(did)
            || own.ring().is_some_and(|ring| ring.guardians.contains(did)) && own.beat_due(used).is_some()
            || book.quests.all().iter().any(|quest| is_asked_again(quest, did, now))
    })
    .unwrap_or(false)
}

/// What becomes of a paper that was sent: delivered, or not wanted; an error where it has to go on waiting.
fn sent(result: Result<(), Failure>) -> Result<Option<String>, Failure> {
    match result {
        Ok(()) => Ok(None),
        // Asking again would be answered with the same no.
        Err(failure) if matches!(failure.code, FailureCode::Invalid | FailureCode::NotFound) => {
            Ok(Some(failure.message))
        }
        Err(failure) => Err(failure),
    }
}

fn send(twin: &Twin, did: &Did, paper: &Paper) -> Result<Option<String>, Failure> {
    let request = Request::GuardPaper(GuardPaperIn::of(&paper.encode()));
    sent(online::ask(twin, did, &request).map(|_| ()))
}

fn run(twin: &Twin, did: &Did) -> Result<(), Failure> {
    let waiting: Vec<Paper> = see(twin, |book| {
        book.own.outbox().iter().filter(|(to, _)| to == did).map(|(_, paper)| paper.clone()).collect()
    })?;
    for paper in waiting {
        let refused = send(twin, did, &paper)?;
        let record = Record::Delivered { to: did.clone(), paper: paper.id(), refused, at: twin.now() };
        change(twin, |_| Ok(vec![record]))?;
    }
    let untold: Vec<(Digest, Claimed)> =
        see(twin, |book| book.desk.untold(did).map(|(id, claimed)| (*id, claimed.clone())).collect())?;
    for (claim, claimed) in untold {
        let me = twin.did().clone();
        let notice = Notice::new(me, did.clone(), claimed.claim, claimed.seen, twin.device_key());
        send(twin, did, &Paper::Notice(Box::new(notice)))?;
        change(twin, |_| Ok(vec![Record::Told { claim, at: twin.now() }]))?;
    }
    let used = twin.peers.guards.last_used();
    let guards = see(twin, |book| book.own.ring().is_some_and(|ring| ring.guardians.contains(did)))?;
    if guards {
        change(twin, |book| Ok(book.own.beat_due(used).into_iter().collect()))?;
    }
    if let Some(beat) = see(twin, |book| book.own.beat_for(did, twin.did(), twin.device_key()))? {
        let count = beat.count;
        send(twin, did, &Paper::Heartbeat(beat))?;
        change(twin, |_| Ok(vec![Record::BeatTold { guardian: did.clone(), count }]))?;
    }
    let now = twin.now();
    let quests: Vec<Quest> =
        see(twin, |book| book.quests.all().iter().filter(|quest| is_asked_again(quest, did, now)).cloned().collect())?;
    for quest in quests {
        ask_guardian(twin, &quest, did)?;
    }
    Ok(())
}

/// Asks a guardian how a claim of this twin's stands, and keeps what they hand over.
pub(crate) fn ask_guardian(twin: &Twin, quest: &Quest, guardian: &Did) -> Result<(), Failure> {
    let claim = quest.claim.id();
    let request = Request::Collect(Collect { claim: URL_SAFE_NO_PAD.encode(canonical::encode(&quest.claim)) });
    let asked = |stand: Option<Stand>, opens, words| Record::Asked {
        claim,
        guardian: guardian.clone(),
        stand: stand.map(Stand::number),
        opens,
        words,
        at: twin.now(),
    };
    let collected = online::ask(twin, guardian, &request).and_then(|(_, answer)| {
        let malformed = || Failure::new(FailureCode::Invalid, "their twin answers in a form that is not known here");
        let json = serde_json::from_slice(&answer.answer).map_err(|_| malformed())?;
        match Response::from_json(&request, json).map_err(|_| malformed())? {
            Response::Collected(collected) => Ok(collected),
            _ => Err(malformed()),
        }
    });
    let records = match &collected {
        Ok(Collected { state, opens, share }) => {
            let opens = opens.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
            let opens = opens.map(|at| Timestamp(at.as_millisecond()));
            let mut records = vec![asked(Some(crate::capability::guardians::stand_of(*state)), opens, None)];
            let release = share.as_ref().and_then(|share| URL_SAFE_NO_PAD.decode(share).ok());
            if let Some(release) = release.filter(|bytes| bytes.len() <= didymos_guard::quest::RELEASE_BYTES_MAX) {
                records.push(Record::Got { claim, guardian: guardian.clone(), release });
            }
            records
        }
        Err(failure) => vec![asked(None, None, Some(failure.message.chars().take(200).collect()))],
    };
    change(twin, |_| Ok(records))?;
    collected.map(|_| ())
}
