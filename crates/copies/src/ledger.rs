//! The owner's ledger: which shares are where, what is to be done next with whom, and how much may be lost.
//!
//! A state machine without input or output. What happens comes in ([`friends`](Ledger::friends),
//! [`listed`](Ledger::listed), [`took`](Ledger::took), [`judge`](Ledger::judge) …), and [`next`](Ledger::next) says what
//! to do with a friend now. Whoever drives it may stop at any moment, lose the ledger even, and go on: what a friend has
//! is asked of the friend, and putting a share that is there changes nothing.
//!
//! Three manifests are kept apart. The *draft* is what is being spread; once enough shares of each parcel are out it is
//! *published*, that is, given to the holders; once every holder that counts has all of its shares and the manifest it is
//! *complete*. Nothing of the last complete one is dropped before the next one is: whoever of the holders is left, they
//! have one manifest with enough shares between them.

use crate::code::share_len;
use crate::leaf::{self, leaf_count};
use crate::manifest::{Holder, Manifest};
use crate::parcel::{Span, sealed_len};
use crate::placement::{self, Friend, Wish};
use didymos_base::time::{DAY_MS, HOUR_MS};
use didymos_base::{Did, Digest, Timestamp};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet};

/// Who was not reached for so long is not counted on any more.
pub const AWAY_MS: i64 = 14 * DAY_MS;
/// How often a holder is asked to show what it keeps.
pub const AUDIT_EVERY_MS: i64 = DAY_MS;
/// How soon again, where something was wrong.
pub const AUDIT_AGAIN_MS: i64 = HOUR_MS;
/// Leaves that one audit asks for.
pub const AUDIT_LEAVES: usize = 64;
/// So many audits in a row with something missing, and a holder is not counted on any more.
pub const STRIKES_MAX: u8 = 3;
/// Names in one request to drop.
const DROP_MAX: usize = 512;

/// The chance that an audit finds a holder out that has lost this part of its bytes.
#[must_use]
pub fn certainty(lost: f64) -> f64 {
    1.0 - (1.0 - lost).powi(AUDIT_LEAVES as i32)
}

/// What is known of one friend.
// Four facts, none of which follows from another or shuts it out.
#[allow(clippy::struct_excessive_bools)]
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Book {
    /// Who.
    #[n(0)]
    pub did: Did,
    /// Under which contract they give room.
    #[n(1)]
    pub contract: Digest,
    /// How many bytes.
    #[n(2)]
    pub room: u64,
    /// Whether that contract is in force.
    #[n(3)]
    pub gives: bool,
    /// Known since.
    #[n(4)]
    pub since: Timestamp,
    /// Names of the shares that they say they have.
    #[n(5)]
    pub has: BTreeSet<Digest>,
    /// The number of the manifest that they have; 0: none.
    #[n(6)]
    pub manifest: u64,
    /// When they were last reached.
    #[n(7)]
    pub reached: Option<Timestamp>,
    /// When they were last asked to show something.
    #[n(8)]
    pub audited: Option<Timestamp>,
    /// When they last showed all that was asked.
    #[n(9)]
    pub proven: Option<Timestamp>,
    /// Audits in a row with something missing.
    #[n(10)]
    pub strikes: u8,
    /// They claimed what is not so, or lost too much: not counted on under this contract.
    #[n(11)]
    pub caught: bool,
    /// They said that there is no more room.
    #[n(12)]
    pub full: bool,
    /// What was wrong last.
    #[n(13)]
    pub wrong: Option<String>,
    /// Whether they were asked what they have since the ledger was opened.
    #[cbor(skip)]
    pub asked: bool,
}

/// What to do next with a friend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask what they have.
    List,
    /// Give them a share.
    Put {
        /// Of which parcel.
        span: Span,
        /// So many shares of it are enough.
        need: u8,
        /// Its number.
        number: u8,
        /// Its name.
        name: Digest,
    },
    /// Give them the published manifest.
    Manifest,
    /// Tell them that they need not keep these any more.
    Drop(Vec<Digest>),
    /// Have them show something.
    Audit,
}

/// A leaf that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Name of the share.
    pub share: Digest,
    /// Its length.
    pub len: usize,
    /// Which leaf.
    pub leaf: u32,
}

/// What a holder answers for one leaf: its bytes and its way up, or that it does not have it.
pub type Shown = Option<(Vec<u8>, Vec<Digest>)>;

/// What an audit found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Leaves that were shown.
    pub shown: usize,
    /// Leaves that the holder says it does not have.
    pub missing: usize,
    /// Leaves whose proof does not hold.
    pub false_: usize,
    /// Whether the holder is not counted on any more.
    pub caught: bool,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Ledger {
    /// What is being spread.
    #[n(0)]
    pub draft: Option<Manifest>,
    /// What holders are given.
    #[n(1)]
    pub published: Option<Manifest>,
    /// What every holder has.
    #[n(2)]
    pub complete: Option<Manifest>,
    /// Every friend who gives room, or did.
    #[n(3)]
    pub books: Vec<Book>,
}

fn share_bytes(span: Span, need: u8) -> usize {
    share_len(sealed_len(span), need)
}

impl Ledger {
    /// A ledger that knows one manifest, as it came back from a holder, and nothing of anybody yet.
    #[must_use]
    pub fn of(manifest: Manifest) -> Self {
        Self { draft: None, published: Some(manifest.clone()), complete: Some(manifest), books: Vec::new() }
    }

    /// What is known of a friend.
    #[must_use]
    pub fn book(&self, did: &Did) -> Option<&Book> {
        self.books.iter().find(|book| book.did == *did)
    }

    fn book_mut(&mut self, did: &Did) -> Option<&mut Book> {
        self.books.iter_mut().find(|book| book.did == *did)
    }

    /// What the holders are to have in the end: the draft, or what was published.
    #[must_use]
    pub fn goal(&self) -> Option<&Manifest> {
        self.draft.as_ref().or(self.published.as_ref())
    }

    /// The number of the next manifest: higher than any that is known. It is not below the time in milliseconds, so that
    /// numbers go on where the ledger was lost and friends have not been asked yet.
    #[must_use]
    pub fn next_number(&self, now: Timestamp) -> u64 {
        let known = [&self.draft, &self.published, &self.complete];
        let known = known.into_iter().flatten().map(|manifest| manifest.number);
        let highest = known.chain(self.books.iter().map(|book| book.manifest)).max().unwrap_or(0);
        (highest + 1).max(now.0.max(0) as u64)
    }

    /// Who gives room now, under which contract, and how much. Says whether that is news.
    pub fn friends(&mut self, giving: &[(Did, Digest, u64)], now: Timestamp) -> bool {
        let before: Vec<_> = self.books.iter().map(|book| (book.gives, book.contract, book.room)).collect();
        for book in &mut self.books {
            book.gives = false;
        }
        for (did, contract, room) in giving {
            if self.book(did).is_none() {
                self.books.push(Book {
                    did: did.clone(),
                    contract: *contract,
                    room: *room,
                    gives: true,
                    since: now,
                    has: BTreeSet::new(),
                    manifest: 0,
                    reached: None,
                    audited: None,
                    proven: None,
                    strikes: 0,
                    caught: false,
                    full: false,
                    wrong: None,
                    asked: false,
                });
            }
            let Some(book) = self.book_mut(did) else { continue };
            if book.contract != *contract || !book.gives && book.room != *room {
                (book.strikes, book.caught, book.full, book.wrong, book.since) = (0, false, false, None, now);
            }
            (book.contract, book.room, book.gives) = (*contract, *room, true);
        }
        before != self.books.iter().map(|book| (book.gives, book.contract, book.room)).collect::<Vec<_>>()
    }

    /// Whether a friend is counted on.
    #[must_use]
    pub fn counts(book: &Book, now: Timestamp) -> bool {
        let heard = book.reached.map_or(book.since, |reached| reached.max(book.since));
        book.gives && !book.caught && !book.full && now.0.saturating_sub(heard.0) < AWAY_MS
    }

    /// Who is to hold which shares, where a share of every parcel takes `bytes_each` together.
    #[must_use]
    pub fn placement(&self, wish: Wish, bytes_each: u64, now: Timestamp) -> Vec<Holder> {
        let numbers = |did: &Did| self.goal().map(|goal| goal.numbers_of(did)).unwrap_or_default();
        // A tenth is left for what is superseded and not dropped yet, and for the manifest.
        let friend =
            |book: &Book| Friend { did: book.did.clone(), room: book.room / 10 * 9, numbers: numbers(&book.did) };
        let friends: Vec<Friend> = self.books.iter().filter(|book| Self::counts(book, now)).map(friend).collect();
        let placed = placement::place(&friends, wish, bytes_each);
        let holder = |(friend, numbers): (Friend, Vec<u8>)| Holder { did: friend.did, numbers };
        friends.into_iter().zip(placed).filter(|(_, numbers)| !numbers.is_empty()).map(holder).collect()
    }

    /// Begins to spread `draft` in place of what was being spread.
    pub fn begin(&mut self, draft: Manifest) {
        self.draft = Some(draft);
    }

    /// A friend said what it has.
    pub fn listed(&mut self, did: &Did, has: BTreeSet<Digest>, manifest: Option<u64>, now: Timestamp) {
        if let Some(book) = self.book_mut(did) {
            (book.has, book.manifest) = (has, manifest.unwrap_or(0));
            (book.asked, book.reached) = (true, Some(now));
        }
        // A list with a higher number is there, of which nothing is known here: the clock was set back since, and the
        // ledger lost. What is being spread takes its place.
        let (number, goal) = (manifest.unwrap_or(0), self.goal().map_or(0, |goal| goal.number));
        if goal > 0 && number > goal {
            let mut next = self.draft.take().or_else(|| self.published.take());
            if let Some(next) = &mut next {
                next.number = number + 1;
            }
            self.draft = next;
        }
    }

    /// A friend took a share.
    pub fn took(&mut self, did: &Did, share: Digest, now: Timestamp) {
        if let Some(book) = self.book_mut(did) {
            book.has.insert(share);
            book.reached = Some(now);
        }
    }

    /// A friend has no room for a share.
    pub fn has_no_room(&mut self, did: &Did, now: Timestamp) {
        if let Some(book) = self.book_mut(did) {
            (book.full, book.reached) = (true, Some(now));
            book.wrong = Some("there is no more room".to_owned());
        }
    }

    /// A friend took the manifest with this number.
    pub fn took_manifest(&mut self, did: &Did, number: u64, now: Timestamp) {
        if let Some(book) = self.book_mut(did) {
            book.manifest = book.manifest.max(number);
            book.reached = Some(now);
        }
    }

    /// A friend was told that it need not keep these.
    pub fn dropped(&mut self, did: &Did, shares: &[Digest]) {
        if let Some(book) = self.book_mut(did) {
            for share in shares {
                book.has.remove(share);
            }
            // There is room again.
            book.full = false;
        }
    }

    /// Whether something waits for a friend.
    #[must_use]
    pub fn waits(&self, did: &Did, now: Timestamp) -> bool {
        self.next(did, now).is_some()
    }

    /// What to do with a friend now; nothing where all is as it should be, or has to wait for others.
    #[must_use]
    pub fn next(&self, did: &Did, now: Timestamp) -> Option<Step> {
        let book = self.book(did).filter(|book| book.gives && !book.caught)?;
        let goal = self.goal()?;
        // Who was away for long is not counted on before they were heard of again.
        if !book.asked || !(Self::counts(book, now) || book.full) {
            return Some(Step::List);
        }
        if !book.full
            && let Some((parcel, number, name)) = goal.shares_of(did).find(|(.., name)| !book.has.contains(name))
        {
            return Some(Step::Put { span: parcel.span, need: goal.need, number, name });
        }
        let holds = !goal.numbers_of(did).is_empty();
        if holds && self.published.as_ref().is_some_and(|published| published.number > book.manifest) {
            return Some(Step::Manifest);
        }
        let idle = self.superseded(book);
        if !idle.is_empty() {
            return Some(Step::Drop(idle));
        }
        let every = if book.strikes > 0 { AUDIT_AGAIN_MS } else { AUDIT_EVERY_MS };
        let due = book.audited.is_none_or(|last| now.0.saturating_sub(last.0) >= every || last > now);
        (due && holds && !book.has.is_empty()).then_some(Step::Audit)
    }

    /// Every manifest that still counts.
    fn standing(&self) -> impl Iterator<Item = &Manifest> {
        [&self.draft, &self.published, &self.complete].into_iter().flatten()
    }

    fn superseded(&self, book: &Book) -> Vec<Digest> {
        let kept: BTreeSet<Digest> =
            self.standing().flat_map(|manifest| manifest.shares_of(&book.did).map(|(.., name)| name)).collect();
        book.has.difference(&kept).copied().take(DROP_MAX).collect()
    }

    /// Whether enough shares of each parcel are out for the draft to be given to the holders; then it is.
    pub fn publish(&mut self) -> bool {
        let Some(draft) = &self.draft else { return false };
        let out = |counts: &Vec<usize>| counts.iter().sum::<usize>() >= usize::from(draft.need);
        if draft.holders.is_empty() || !self.spread_of(draft, |_| true).iter().all(out) {
            return false;
        }
        self.published = self.draft.take();
        true
    }

    /// Whether every holder that counts has all of what was published; then that is complete.
    pub fn settle(&mut self, now: Timestamp) -> bool {
        let Some(published) = &self.published else { return false };
        if self.complete.as_ref().is_some_and(|complete| complete.number == published.number) {
            return true;
        }
        let whole = |holder: &Holder| {
            let Some(book) = self.book(&holder.did).filter(|book| Self::counts(book, now)) else { return true };
            book.manifest >= published.number
                && published.shares_of(&holder.did).all(|(.., name)| book.has.contains(&name))
        };
        let all = published.holders.iter().all(whole);
        if all {
            self.complete = Some(published.clone());
        }
        all
    }

    /// For each parcel, how many of its shares each holder has that `counted` lets count.
    fn spread_of(&self, manifest: &Manifest, counted: impl Fn(&Book) -> bool) -> Vec<Vec<usize>> {
        let holders: Vec<(&Book, &[u8])> = manifest
            .holders
            .iter()
            .filter_map(|holder| {
                Some((self.book(&holder.did).filter(|book| counted(book))?, holder.numbers.as_slice()))
            })
            .collect();
        let mut spread = Vec::with_capacity(manifest.parcels.len());
        for parcel in &manifest.parcels {
            let has =
                |book: &Book, number: u8| manifest.share(parcel, number).is_some_and(|name| book.has.contains(&name));
            let count = |(book, numbers): &(&Book, &[u8])| numbers.iter().filter(|number| has(book, **number)).count();
            spread.push(holders.iter().map(count).collect());
        }
        spread
    }

    /// How many holders may be lost, whichever they are, and all that was published comes back; none if it does not.
    #[must_use]
    pub fn margin(&self, now: Timestamp) -> Option<u32> {
        let published = self.published.as_ref()?;
        let counted = |book: &Book| Self::counts(book, now) && book.manifest >= published.number;
        let spread = self.spread_of(published, counted);
        // None is less than any number: one parcel that does not come back is enough.
        spread.iter().map(|counts| placement::margin(counts, published.need)).min().flatten()
    }

    /// Lengths of the shares that a friend has, by name; of those that still count.
    #[must_use]
    pub fn kept(&self, did: &Did) -> BTreeMap<Digest, usize> {
        let Some(book) = self.book(did) else { return BTreeMap::new() };
        let shares = self.standing().flat_map(|manifest| {
            let need = manifest.need;
            manifest.shares_of(did).map(move |(parcel, _, name)| (name, share_bytes(parcel.span, need)))
        });
        shares.filter(|(name, _)| book.has.contains(name)).collect()
    }

    /// Leaves of what a friend says it has, drawn from `seed`, each as likely as any other.
    #[must_use]
    pub fn challenge(&self, did: &Did, seed: &[u8; 32]) -> Vec<Wanted> {
        let kept: Vec<(Digest, usize)> = self.kept(did).into_iter().collect();
        let all: u64 = kept.iter().map(|(_, len)| u64::from(leaf_count(*len))).sum();
        if all == 0 {
            return Vec::new();
        }
        let mut draws = blake3::Hasher::new_keyed(seed).update(b"audit").finalize_xof();
        let mut wanted = Vec::new();
        for _ in 0..AUDIT_LEAVES {
            let mut draw = [0; 16];
            draws.fill(&mut draw);
            let mut at = (u128::from_le_bytes(draw) % u128::from(all)) as u64;
            for (share, len) in &kept {
                let count = u64::from(leaf_count(*len));
                if at < count {
                    wanted.push(Wanted { share: *share, len: *len, leaf: at as u32 });
                    break;
                }
                at -= count;
            }
        }
        wanted.sort_by_key(|wanted| (wanted.share, wanted.leaf));
        wanted.dedup();
        wanted
    }

    /// What a friend showed of what was asked. What it could not show is put there again; who claims what is not so, or
    /// loses something again and again, is not counted on any more.
    pub fn judge(&mut self, did: &Did, wanted: &[Wanted], shown: &[Shown], now: Timestamp) -> Judged {
        let mut judged = Judged::default();
        let mut lost = BTreeSet::new();
        for (at, wanted) in wanted.iter().enumerate() {
            match shown.get(at) {
                Some(Some((bytes, path))) if leaf::holds(&wanted.share, wanted.len, wanted.leaf, bytes, path) => {
                    judged.shown += 1;
                }
                Some(Some(_)) => {
                    judged.false_ += 1;
                    lost.insert(wanted.share);
                }
                Some(None) | None => {
                    judged.missing += 1;
                    lost.insert(wanted.share);
                }
            }
        }
        let Some(book) = self.book_mut(did) else { return judged };
        (book.audited, book.reached) = (Some(now), Some(now));
        if lost.is_empty() {
            (book.strikes, book.proven, book.wrong) = (0, Some(now), None);
            return judged;
        }
        book.has.retain(|share| !lost.contains(share));
        book.strikes = book.strikes.saturating_add(1);
        book.caught = judged.false_ > 0 || book.strikes >= STRIKES_MAX;
        judged.caught = book.caught;
        book.wrong = Some(if judged.false_ > 0 {
            format!("{} of {} pieces that were asked for were not what they should be", judged.false_, wanted.len())
        } else {
            format!("{} of {} pieces that were asked for were not there", judged.missing, wanted.len())
        });
        judged
    }
}
