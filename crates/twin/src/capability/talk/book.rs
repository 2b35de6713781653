//! The circles of a twin in memory, and how they are kept.
//!
//! Facts lie in the journal as records; the keys of epochs, which have to be forgotten, lie sealed beside it, one file an
//! epoch, under names that say nothing. A step in a circle is kept in the order that [`Effects`] gives, and if that
//! fails, what is in memory is thrown away and read anew: it is never ahead of the disk.

use crate::Twin;
use crate::door::{Failure, FailureCode};
use crate::peers;
use didymos_base::{Did, Digest, Timestamp, canonical};
use didymos_circle::wire::{Ack, Bytes, Envelope};
use didymos_circle::{Circle, Content, Effects, File, KeysWritten, Me, Record, Sync};
use didymos_identity::{SignedDocument, derive};
use didymos_vault::{ObjectKind, RecordRef};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// The most circles that a twin is in.
pub(super) const CIRCLES_MAX: usize = 512;
/// The most key packages that wait for an invitation, and of these for one contact.
const PACKAGES_MAX: usize = 256;
const PACKAGES_EACH_MAX: usize = 4;
/// So long a question waits for news.
const NEWS_WAIT_MAX: Duration = Duration::from_secs(10);

/// The circles, once they were read.
#[derive(Default)]
pub(crate) struct Talk {
    book: Mutex<Option<Book>>,
    /// Counts changes, for those who wait for one.
    changes: Mutex<u64>,
    changed: Condvar,
}

impl Talk {
    /// Lets go of what was read of the journal: it is read anew when it is next needed.
    pub(crate) fn forget(&self) {
        *self.book.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Every circle.
#[derive(Default)]
pub(super) struct Book {
    pub(super) rooms: BTreeMap<Digest, Room>,
    pub(super) packages: Vec<Package>,
    /// Where each piece of a file is.
    pub(super) pieces: HashMap<Digest, Digest>,
    /// Something could not be kept: what is in memory is not to be believed.
    broken: bool,
}

/// What joins with a key package that a contact was given.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(super) struct Package {
    #[n(0)]
    pub(super) given_to: Did,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(super) kept: Vec<u8>,
}

impl Drop for Package {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.kept);
    }
}

/// A circle and what is shown of it.
pub(super) struct Room {
    pub(super) circle: Circle,
    envelopes: HashMap<Digest, Spot>,
    pub(super) messages: HashMap<Digest, Said>,
    /// Messages in the order in which they are shown.
    pub(super) order: BTreeSet<((u64, Digest), Digest)>,
    pub(super) change: u64,
    /// What contacts had when they were last spoken with.
    pub(super) told: BTreeMap<Did, Sync>,
    acks: usize,
    /// Files that were asked for, by message.
    pub(super) wanted: BTreeSet<Digest>,
    /// Another conversation with the same contact is used instead.
    pub(super) superseded: bool,
    /// Invitations that have not arrived yet.
    pub(super) invitations: BTreeMap<Did, Vec<u8>>,
    /// Files that are not here in whole, by message.
    pub(super) lacking: BTreeMap<Digest, File>,
    /// Pieces of all files that were sent here.
    pub(super) pieces: HashSet<Digest>,
    /// Who was in it and has been told that they are out, with the last epoch that had them.
    pub(super) told_out: BTreeMap<Did, Digest>,
    /// Who was in it and is not any more, as of the epoch that counts.
    former: Option<(Digest, BTreeMap<Did, Digest>)>,
    /// Contacts who did not have a piece of a message's file, and when they said so.
    pub(super) had_not: HashMap<(Did, Digest), Timestamp>,
}

/// Where a record lies.
#[derive(Clone)]
struct Spot {
    record: Arc<RecordRef>,
    at: usize,
    time: Timestamp,
}

/// A message.
#[derive(Clone)]
pub(super) struct Said {
    /// The envelopes that it came in: the first one, and those in which it was sent again.
    pub(super) envelopes: Vec<Digest>,
    content: Spot,
}

impl Said {
    /// Every envelope that a message was sent in, the first one of all first.
    fn sent_in<'a>(&'a self, id: &'a Digest) -> impl Iterator<Item = &'a Digest> {
        std::iter::once(id).chain(&self.envelopes)
    }
}

/// A record in the journal.
#[derive(Encode, Decode)]
#[cbor(flat)]
#[expect(clippy::large_enum_variant, reason = "almost all entries are the large one, and none lives for long")]
pub(super) enum Entry {
    /// A fact of a circle.
    #[n(0)]
    Circle(#[n(0)] Record),
    /// A piece of a file is in this object.
    #[n(1)]
    Piece {
        #[n(0)]
        piece: Digest,
        #[n(1)]
        object: Digest,
    },
    /// The owner wants the file of a message.
    #[n(2)]
    Wanted {
        #[n(0)]
        circle: Digest,
        #[n(1)]
        message: Digest,
    },
    /// Another conversation with the same contact is used instead.
    #[n(3)]
    Superseded {
        #[n(0)]
        circle: Digest,
    },
    /// Somebody was let in: this is to reach them, or has (then it is empty).
    #[n(4)]
    Invited {
        #[n(0)]
        circle: Digest,
        #[n(1)]
        to: Did,
        #[n(2)]
        invitation: Bytes,
    },
    /// Somebody who was in the circle up to an epoch has been told that they are out.
    #[n(5)]
    ToldOut {
        #[n(0)]
        circle: Digest,
        #[n(1)]
        who: Did,
        #[n(2)]
        epoch: Digest,
    },
}

const PACKAGES: &str = "circle-packages";

/// The name of a file beside the journal: it says nothing about what is in it, nor the same on two machines.
fn beside(twin: &Twin, what: &str, circle: &Digest, epoch: &Digest) -> String {
    let name = derive(&twin.secrets().device_seed, what, &canonical::encode(&(circle, epoch)));
    format!("circle-{}", &Digest(*name.as_bytes()).to_string()[..32])
}

pub(super) fn me(twin: &Twin) -> Me {
    Me { owner: twin.did().clone(), device: twin.device_key().clone(), chance: Arc::clone(&twin.world.chance) }
}

/// Works with the circles; nobody else does meanwhile.
pub(super) fn with<T>(twin: &Twin, work: impl FnOnce(&mut Book) -> Result<T, Failure>) -> Result<T, Failure> {
    let mut locked = twin.talk.book.lock().unwrap_or_else(PoisonError::into_inner);
    // Taken out while it is worked on: whoever panics in between leaves it to be read anew.
    let mut book = match locked.take() {
        Some(book) => book,
        None => read(twin)?,
    };
    let done = work(&mut book);
    if !book.broken {
        *locked = Some(book);
    }
    done
}

fn refs(twin: &Twin, kind: ObjectKind) -> Vec<RecordRef> {
    twin.vault.index().records.iter().filter(|record| record.kind == kind).cloned().collect()
}

fn read(twin: &Twin) -> Result<Book, Failure> {
    let mut book = Book::default();
    let mut rooms: BTreeMap<Digest, Room> = BTreeMap::new();
    for record in refs(twin, ObjectKind::Messages) {
        let record = Arc::new(record);
        for (at, bytes) in twin.vault.records(&record)?.iter().enumerate() {
            // A record of a newer version is passed over: this one would not know what it means.
            let Ok(entry) = canonical::decode::<Entry>(bytes) else { continue };
            match entry {
                Entry::Circle(fact) => {
                    let Some(id) = fact.circle() else { continue };
                    let room = rooms.entry(id).or_insert_with(|| Room::new(Circle::blank(me(twin), id)));
                    room.learn(&fact, &record, at);
                    room.circle.fold(fact);
                }
                Entry::Piece { piece, object } => {
                    book.pieces.insert(piece, object);
                }
                Entry::Wanted { circle, .. }
                | Entry::Superseded { circle }
                | Entry::Invited { circle, .. }
                | Entry::ToldOut { circle, .. } => {
                    if let Some(room) = rooms.get_mut(&circle) {
                        room.note(&entry);
                    }
                }
            }
        }
    }
    let mut live = BTreeSet::from([PACKAGES.to_owned()]);
    for (id, mut room) in rooms {
        let keys = |epoch: &Digest| {
            let name = beside(twin, "circle-keys", &id, epoch);
            let bytes = twin.vault.read_beside(&name).map(Zeroizing::new)?;
            live.insert(name);
            Some(bytes)
        };
        room.circle = room.circle.opened(keys);
        let acks = beside(twin, "circle-acks", &id, &id);
        if let Some(bytes) = twin.vault.read_beside(&acks) {
            room.circle.recall(canonical::decode::<Vec<Ack>>(&bytes).unwrap_or_default());
            live.insert(acks);
        }
        room.reorder();
        room.lacking.retain(|_, file| !file.pieces.iter().all(|piece| book.pieces.contains_key(piece)));
        book.rooms.insert(id, room);
    }
    if let Some(bytes) = twin.vault.read_beside(PACKAGES).map(Zeroizing::new) {
        book.packages = canonical::decode(&bytes).unwrap_or_default();
    }
    sweep(twin, &live);
    Ok(book)
}

/// Deletes keys that belong to nothing: a crash came between writing them and the record that names them.
fn sweep(twin: &Twin, live: &BTreeSet<String>) {
    let names = twin.vault.beside("circle-").unwrap_or_default();
    for name in names.iter().filter(|name| !live.contains(*name)) {
        let _ = twin.vault.remove_beside(name);
    }
}

impl Room {
    fn new(circle: Circle) -> Self {
        Self {
            circle,
            envelopes: HashMap::new(),
            messages: HashMap::new(),
            order: BTreeSet::new(),
            change: 0,
            told: BTreeMap::new(),
            acks: 0,
            wanted: BTreeSet::new(),
            superseded: false,
            invitations: BTreeMap::new(),
            lacking: BTreeMap::new(),
            pieces: HashSet::new(),
            told_out: BTreeMap::new(),
            former: None,
            had_not: HashMap::new(),
        }
    }

    /// Takes in what is no fact of the circle's own.
    fn note(&mut self, entry: &Entry) {
        match entry {
            Entry::Wanted { message, .. } => {
                self.wanted.insert(*message);
            }
            Entry::Superseded { .. } => self.superseded = true,
            Entry::Invited { to, invitation, .. } if invitation.0.is_empty() => drop(self.invitations.remove(to)),
            Entry::Invited { to, invitation, .. } => {
                drop(self.invitations.insert(to.clone(), invitation.0.clone()));
            }
            Entry::ToldOut { who, epoch, .. } => drop(self.told_out.insert(who.clone(), *epoch)),
            Entry::Circle(_) | Entry::Piece { .. } => {}
        }
    }

    /// Whether the owner is in it and has not said that they leave.
    pub(super) fn is_member(&self) -> bool {
        self.circle.owner_is_in() && !self.circle.is_leaving()
    }

    /// Who was in it, is not any more and has not been told so, with the last epoch that had them.
    pub(super) fn untold(&mut self) -> BTreeMap<Did, Digest> {
        let Some(tip) = self.circle.epoch().filter(|_| self.circle.owner_is_in() && !self.superseded) else {
            return BTreeMap::new();
        };
        let tip = tip.id;
        if self.former.as_ref().is_none_or(|(known, _)| *known != tip) {
            let mut former = BTreeMap::new();
            let chain = self.circle.chain();
            let owners =
                chain.iter().skip(1).flat_map(|epoch| epoch.owners().into_iter().map(|owner| (owner, epoch.id)));
            for (owner, last) in owners.filter(|(owner, _)| !chain[0].has_owner(owner)) {
                former.entry(owner.clone()).or_insert(last);
            }
            self.former = Some((tip, former));
        }
        let former = self.former.iter().flat_map(|(_, former)| former);
        let untold = former.filter(|(did, last)| self.told_out.get(*did) != Some(*last));
        untold.map(|(did, last)| (did.clone(), *last)).collect()
    }

    fn learn(&mut self, fact: &Record, record: &Arc<RecordRef>, at: usize) {
        match fact {
            Record::Taken { envelope, at: time } => {
                let spot = Spot { record: Arc::clone(record), at, time: *time };
                self.envelopes.insert(Digest::of(&envelope.0), spot);
            }
            Record::Opened { envelope, content, .. } => {
                let time = self.envelopes.get(envelope).map_or(Timestamp::MIN, |spot| spot.time);
                let spot = Spot { record: Arc::clone(record), at, time };
                let id = content.again.unwrap_or(*envelope);
                if let Some(file) = content.file.as_ref().filter(|_| !self.messages.contains_key(&id)) {
                    self.pieces.extend(&file.pieces);
                    self.lacking.insert(id, file.clone());
                }
                let said = self.messages.entry(id).or_insert_with(|| Said { envelopes: Vec::new(), content: spot });
                said.envelopes.push(*envelope);
            }
            _ => {}
        }
    }

    /// A message's place: that of the first of its envelopes that others can have too. Who begins a conversation alone
    /// sends again what they wrote until then: the other one has it from there, and so have both.
    fn place_in(&self, shared_since: u64, id: &Digest, said: &Said) -> Option<(u64, Digest)> {
        let places = |envelope: &Digest| self.circle.place(envelope);
        let shared = self.shared(shared_since, id, said).find_map(places);
        shared.or_else(|| said.sent_in(id).find_map(places))
    }

    /// The envelopes of a message that were written in epochs from `since` on.
    fn shared<'a>(&'a self, since: u64, id: &'a Digest, said: &'a Said) -> impl Iterator<Item = &'a Digest> {
        said.sent_in(id).filter(move |envelope| self.circle.number(envelope).is_some_and(|number| number >= since))
    }

    /// The owner's messages that not everybody who is in it can have, in order: see [`place_in`](Self::place_in).
    pub(super) fn unshared(&self, own: &Did) -> Vec<Digest> {
        let since = self.circle.shared_since();
        let mine = |id: &&Digest| self.circle.author(id).is_some_and(|(author, _)| author == own);
        let unshared =
            |id: &&Digest| self.messages.get(*id).is_some_and(|said| self.shared(since, id, said).next().is_none());
        self.order.iter().map(|(_, id)| id).filter(mine).filter(unshared).copied().collect()
    }

    /// See [`place_in`](Self::place_in).
    pub(super) fn place(&self, id: &Digest) -> Option<(u64, Digest)> {
        self.place_in(self.circle.shared_since(), id, self.messages.get(id)?)
    }

    fn reorder(&mut self) {
        let since = self.circle.shared_since();
        let places = self.messages.iter().filter_map(|(id, said)| Some((self.place_in(since, id, said)?, *id)));
        self.order = places.collect();
    }

    /// What a message says, and when it came.
    pub(super) fn content(&self, twin: &Twin, id: &Digest) -> Result<Option<(Content, Timestamp)>, Failure> {
        let Some(said) = self.messages.get(id) else { return Ok(None) };
        let records = twin.vault.records(&said.content.record)?;
        let entry = records.get(said.content.at).and_then(|bytes| canonical::decode::<Entry>(bytes).ok());
        let Some(Entry::Circle(Record::Opened { content, .. })) = entry else { return Ok(None) };
        Ok(Some((content, said.content.time)))
    }

    /// The bytes of an envelope.
    pub(super) fn bytes(&self, twin: &Twin, id: &Digest) -> Option<Vec<u8>> {
        let spot = self.envelopes.get(id)?;
        let records = twin.vault.records(&spot.record).ok()?;
        let entry = records.get(spot.at).and_then(|bytes| canonical::decode::<Entry>(bytes).ok());
        let Some(Entry::Circle(Record::Taken { envelope: Bytes(bytes), .. })) = entry else { return None };
        Some(bytes)
    }

    /// What the writer's clock said, and when it came.
    pub(super) fn times(&self, twin: &Twin, id: &Digest) -> Option<(Timestamp, Timestamp)> {
        let envelope = Envelope::decode(&self.bytes(twin, id)?).ok()?;
        Some((envelope.header.at, self.envelopes.get(id)?.time))
    }

    /// What each envelope holds, for somebody who lacks it.
    pub(super) fn answer(&mut self, twin: &Twin, from: &Sync) -> Sync {
        let Self { circle, envelopes, .. } = self;
        let mut last: Option<(Digest, Vec<Vec<u8>>)> = None;
        let mut fetch = |id: &Digest| {
            let spot = envelopes.get(id)?;
            // Envelopes that came together lie together.
            if last.as_ref().is_none_or(|(object, _)| *object != spot.record.id) {
                last = Some((spot.record.id, twin.vault.records(&spot.record).ok()?));
            }
            let bytes = last.as_ref().and_then(|(_, records)| records.get(spot.at))?;
            match canonical::decode::<Entry>(bytes) {
                Ok(Entry::Circle(Record::Taken { envelope: Bytes(bytes), .. })) => Some(bytes),
                _ => None,
            }
        };
        circle.answer(from, &mut fetch, twin.now())
    }
}

impl Book {
    /// Keeps what a step in a circle made, in the order that makes a crash harmless. Says what is to be sent again.
    pub(super) fn keep(&mut self, twin: &Twin, id: &Digest, effects: Effects) -> Result<Vec<Digest>, Failure> {
        self.keep_with(twin, id, effects, Vec::new())
    }

    /// The same, together with entries that have to be there if and only if the effects are.
    pub(super) fn keep_with(
        &mut self,
        twin: &Twin,
        id: &Digest,
        effects: Effects,
        entries: Vec<Entry>,
    ) -> Result<Vec<Digest>, Failure> {
        if effects.is_empty() && !effects.changed && entries.is_empty() {
            return Ok(effects.again);
        }
        let kept = self.try_keep(twin, id, &effects, entries);
        if kept.is_err() {
            self.broken = true;
        }
        kept.map(|()| effects.again)
    }

    fn try_keep(&mut self, twin: &Twin, id: &Digest, effects: &Effects, entries: Vec<Entry>) -> Result<(), Failure> {
        let write = |keys: &[KeysWritten]| -> Result<(), Failure> {
            for (epoch, bytes) in keys {
                let name = beside(twin, "circle-keys", id, epoch);
                match bytes {
                    Some(bytes) => twin.vault.write_beside(&name, bytes)?,
                    None => drop(twin.vault.remove_beside(&name)),
                }
            }
            Ok(())
        };
        write(&effects.before)?;
        self.commit(twin, effects.records.iter().cloned().map(Entry::Circle).chain(entries).collect())?;
        write(&effects.after)?;
        if let Some(room) = self.rooms.get_mut(id)
            && effects.changed
        {
            room.change += 1;
            told_all(twin);
        }
        Ok(())
    }

    /// Commits entries, and takes them in.
    #[expect(clippy::needless_pass_by_value, reason = "what was committed is not to be committed again")]
    pub(super) fn commit(&mut self, twin: &Twin, entries: Vec<Entry>) -> Result<(), Failure> {
        if entries.is_empty() {
            return Ok(());
        }
        let bytes = entries.iter().map(canonical::encode).collect();
        twin.vault.commit_records(&[(ObjectKind::Messages, bytes)], twin.now())?;
        // Nobody else writes records of this kind, and this is done by one at a time.
        let last = twin.vault.index().records.iter().rev().find(|record| record.kind == ObjectKind::Messages).cloned();
        let record =
            Arc::new(last.ok_or_else(|| Failure::new(FailureCode::Damaged, "a record is not where it was put"))?);
        for (at, entry) in entries.iter().enumerate() {
            match entry {
                Entry::Circle(fact) => {
                    let Some(room) = fact.circle().and_then(|id| self.rooms.get_mut(&id)) else { continue };
                    room.learn(fact, &record, at);
                    if let Record::Opened { envelope, content, .. } = fact {
                        let pieces = &self.pieces;
                        room.lacking.retain(|_, file| !file.pieces.iter().all(|piece| pieces.contains_key(piece)));
                        let id = content.again.unwrap_or(*envelope);
                        if content.again.is_some() {
                            room.order.retain(|(_, known)| *known != id);
                        }
                        if let Some(place) = room.place(&id) {
                            room.order.insert((place, id));
                        }
                    }
                }
                Entry::Piece { piece, object } => {
                    self.pieces.insert(*piece, *object);
                }
                Entry::Wanted { circle, .. }
                | Entry::Superseded { circle }
                | Entry::Invited { circle, .. }
                | Entry::ToldOut { circle, .. } => {
                    if let Some(room) = self.rooms.get_mut(circle) {
                        room.note(entry);
                    }
                }
            }
        }
        Ok(())
    }

    /// Puts a new circle beside the others, once what made it is kept.
    pub(super) fn enter(&mut self, twin: &Twin, circle: Circle, effects: Effects) -> Result<Digest, Failure> {
        let id = circle.id();
        if let Some(room) = self.rooms.get_mut(&id) {
            room.circle = circle;
        } else if self.rooms.len() >= CIRCLES_MAX {
            return Err(Failure::new(FailureCode::Invalid, "512 circles are the most that a twin is in: leave some"));
        } else {
            self.rooms.insert(id, Room::new(circle));
        }
        self.keep(twin, &id, effects)?;
        Ok(id)
    }

    pub(super) fn room(&mut self, id: &Digest) -> Result<&mut Room, Failure> {
        self.rooms.get_mut(id).ok_or_else(unknown)
    }

    /// Keeps what joins with a key package that is given to a contact.
    pub(super) fn give_package(&mut self, twin: &Twin, to: &Did, kept: &[u8]) -> Result<(), Failure> {
        while self.packages.iter().filter(|one| one.given_to == *to).count() >= PACKAGES_EACH_MAX {
            if let Some(at) = self.packages.iter().position(|one| one.given_to == *to) {
                self.packages.remove(at);
            }
        }
        if self.packages.len() >= PACKAGES_MAX {
            self.packages.remove(0);
        }
        self.packages.push(Package { given_to: to.clone(), kept: kept.to_vec() });
        self.write_packages(twin)
    }

    pub(super) fn write_packages(&self, twin: &Twin) -> Result<(), Failure> {
        let bytes = Zeroizing::new(canonical::encode(&self.packages));
        Ok(twin.vault.write_beside(PACKAGES, &bytes)?)
    }

    /// Keeps what others have received and seen; it comes again if that fails.
    pub(super) fn keep_acks(&mut self, twin: &Twin, id: &Digest) {
        let Some(room) = self.rooms.get_mut(id) else { return };
        let acks = canonical::encode(&room.circle.acks());
        let digest = Digest::of(&acks).0[..8].iter().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
        if digest != room.acks && twin.vault.write_beside(&beside(twin, "circle-acks", id, id), &acks).is_ok() {
            room.acks = digest;
        }
    }
}

pub(super) fn unknown() -> Failure {
    Failure::new(FailureCode::NotFound, "there is no such circle: `twin circle list` lists them")
}

/// Tells those who wait for news that there is some.
pub(super) fn told_all(twin: &Twin) {
    *twin.talk.changes.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    twin.talk.changed.notify_all();
}

/// Waits until something changes anywhere, but not for long.
pub(super) fn wait_for_news(twin: &Twin, mut news: impl FnMut() -> Result<bool, Failure>) -> Result<(), Failure> {
    let began = std::time::Instant::now();
    loop {
        let before = *twin.talk.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let left = NEWS_WAIT_MAX.saturating_sub(began.elapsed());
        if news()? || left.is_zero() {
            return Ok(());
        }
        let changes = twin.talk.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = twin.talk.changed.wait_timeout_while(changes, left, |changes| *changes == before);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

/// What is known of everybody: the owner's own identity, and contacts'.
pub(super) fn versions_of(twin: &Twin, did: &Did) -> Result<Vec<SignedDocument>, Failure> {
    if did == twin.did() {
        return Ok(twin.versions());
    }
    peers::look(twin, |book| book.contacts.get(did).map(|contact| contact.versions.clone()).unwrap_or_default())
}
