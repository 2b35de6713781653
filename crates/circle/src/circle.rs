//! A circle as one device sees it: the graph of envelopes, the epochs and their keys, and who has received what.

use crate::content::Content;
use crate::fork;
use crate::graph::{Graph, Kind};
use crate::group::{self, Actor, Charter, GroupError, Keys};
use crate::provider::Chance;
use crate::record::{Epoch, Record, Wish};
use crate::wire::{Ack, Body, Bytes, Envelope, Header};
use didymos_base::{Did, Digest, Timestamp};
use didymos_identity::{SignedDocument, SigningKey, VerifiedIdentity, verify_chain};
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// Who this is.
#[derive(Clone)]
pub struct Me {
    /// The owner.
    pub owner: Did,
    /// This device.
    pub device: SigningKey,
    /// Where randomness comes from.
    pub chance: Chance,
}

impl Me {
    pub(crate) fn actor(&self) -> Actor<'_> {
        Actor { chance: &self.chance, owner: &self.owner, device: &self.device }
    }
}

/// Why something cannot be done in a circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CircleError {
    /// This device is not in it, or has no keys of it.
    #[error("this device is not in the circle, or waits to be let in anew")]
    NotIn,
    /// Only who leads may do this.
    #[error("only who made the circle, or whom they named for it, may do this")]
    NotAllowed,
    /// Beyond a bound.
    #[error("beyond the bounds of a circle: 128 devices, a name of 80 characters, a text of 16 KiB")]
    Bounds,
    /// MLS says no.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// The bytes are none of this circle.
    #[error("not of this circle")]
    Malformed,
    /// The device is none of that person's, or they are not in the circle.
    #[error("the device is not listed by an identity in the circle")]
    Stranger,
}

/// An epoch and its keys.
pub(crate) struct Known {
    pub(crate) epoch: Epoch,
    pub(crate) keys: Option<Keys>,
}

/// Keys to write, or to delete, under the epoch's id.
pub type KeysWritten = (Digest, Option<Zeroizing<Vec<u8>>>);

/// What has to be kept before anything that a step made may leave.
///
/// The order makes a crash harmless. Keys that *seal* are written `before` the records: what was sealed with them is
/// in the records only when their ratchet cannot go back. Keys that *opened* are written `after`: a message's key is
/// gone only when the message is kept. Keys are deleted last of all.
#[derive(Default)]
pub struct Effects {
    /// Keys to write first.
    pub before: Vec<KeysWritten>,
    /// Facts to keep then, in one go.
    pub records: Vec<Record>,
    /// Keys to write or delete last.
    pub after: Vec<KeysWritten>,
    /// Envelopes that were placed: their canonical bytes are among the records.
    pub placed: Vec<Digest>,
    /// Messages of ours that somebody could not open: to be sent again.
    pub again: Vec<Digest>,
    /// Whether anything that is shown has changed.
    pub changed: bool,
    /// Envelopes that were refused.
    pub refused: u64,
}

impl Effects {
    pub(crate) fn join(&mut self, other: Self) {
        self.before.extend(other.before);
        self.records.extend(other.records);
        self.after.extend(other.after);
        self.placed.extend(other.placed);
        self.again.extend(other.again);
        self.changed |= other.changed;
        self.refused += other.refused;
    }

    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.records.is_empty() && self.after.is_empty()
    }
}

/// A circle.
pub struct Circle {
    pub(crate) id: Digest,
    pub(crate) me: Me,
    pub(crate) graph: Graph,
    pub(crate) epochs: BTreeMap<Digest, Known>,
    /// The epoch from which this device follows.
    pub(crate) base: Digest,
    /// The number of the first epoch that this device was in, since its owner was last out: what lies before is not its
    /// to read any more.
    pub(crate) since: u64,
    /// Whether something was written before that.
    missed: bool,
    /// The epoch that counts.
    pub(crate) tip: Digest,
    pub(crate) people: BTreeMap<Did, Vec<SignedDocument>>,
    /// Envelopes whose content is not known and will not be.
    pub(crate) shut: BTreeSet<Digest>,
    /// Of messages that were sent again: the first envelope, and the epoch of the newest.
    pub(crate) repeated: BTreeMap<Digest, Digest>,
    pub(crate) wishes: Vec<Wish>,
    pub(crate) acks: BTreeMap<Did, Ack>,
    /// The greatest counter of this device's acknowledgements that others have, where it is greater than ours.
    pub(crate) counted: u64,
    /// What the owner has seen.
    pub(crate) seen: Option<(u64, Digest)>,
    /// A commit was met that leads on and cannot be followed.
    pub(crate) lost: bool,
    /// The members say that this owner is out.
    pub(crate) out: bool,
    pub(crate) refused: u64,
    pub(crate) budget: crate::budget::Budget,
}

impl Circle {
    pub(crate) fn empty(id: Digest, me: Me) -> Self {
        Self {
            id,
            me,
            graph: Graph::default(),
            epochs: BTreeMap::new(),
            base: id,
            since: u64::MAX,
            missed: false,
            tip: id,
            people: BTreeMap::new(),
            shut: BTreeSet::new(),
            repeated: BTreeMap::new(),
            wishes: Vec::new(),
            acks: BTreeMap::new(),
            counted: 0,
            seen: None,
            lost: false,
            out: false,
            refused: 0,
            budget: crate::budget::Budget::default(),
        }
    }

    /// Begins a circle with this device alone in it. `versions` is the owner's identity.
    #[expect(clippy::needless_pass_by_value, reason = "a charter belongs to its circle from here on")]
    pub fn begin(
        me: Me,
        id: Digest,
        charter: Charter,
        versions: Vec<SignedDocument>,
        now: Timestamp,
    ) -> Result<(Self, Effects), CircleError> {
        let grown = group::begin(&me.actor(), &id, &charter, now)?;
        let mut circle = Self::empty(id, me);
        let epoch = Epoch {
            id,
            parent: None,
            number: grown.number,
            author: circle.me.device.did().clone(),
            seats: grown.seats,
            charter: grown.charter,
        };
        let mut effects = Effects { changed: true, ..Effects::default() };
        effects.before.push((id, grown.keys.as_ref().map(Keys::to_bytes)));
        effects.records.push(Record::Person { circle: id, versions: versions.clone() });
        effects.records.push(Record::Grew { circle: id, epoch: epoch.clone() });
        effects.records.push(Record::Based { circle: id, epoch: id, before: Vec::new(), at: now });
        circle.people.insert(circle.me.owner.clone(), versions);
        circle.epochs.insert(id, Known { epoch, keys: grown.keys });
        circle.based(id, &[]);
        Ok((circle, effects))
    }

    /// A circle of which nothing is known yet: to be folded from its records, oldest first, and then
    /// [`opened`](Self::opened).
    #[must_use]
    pub fn blank(me: Me, id: Digest) -> Self {
        Self::empty(id, me)
    }

    /// Folds a circle from its records, oldest first.
    pub fn open(
        me: Me,
        id: Digest,
        records: impl IntoIterator<Item = Record>,
        keys: impl FnMut(&Digest) -> Option<Zeroizing<Vec<u8>>>,
    ) -> Self {
        let mut circle = Self::empty(id, me);
        for record in records {
            circle.fold(record);
        }
        circle.opened(keys)
    }

    /// Finds the keys. Those that are not found are gone: see [`needs_in`](Self::needs_in).
    #[must_use]
    pub fn opened(self, mut keys: impl FnMut(&Digest) -> Option<Zeroizing<Vec<u8>>>) -> Self {
        let mut circle = self;
        for (epoch, known) in &mut circle.epochs {
            known.keys = keys(epoch).and_then(|bytes| Keys::from_bytes(&bytes));
        }
        // Keys that are older than what was sealed with them come from an older copy of this machine: they never seal
        // again.
        let own = circle.me.device.did();
        for (_, node) in circle.graph.nodes().filter(|(_, node)| node.author == *own) {
            let keys = circle.epochs.get_mut(&node.epoch).and_then(|known| known.keys.as_mut());
            if let Some(keys) = keys.filter(|keys| node.kind == Kind::Message && keys.sent < node.seq) {
                keys.stale = true;
            }
        }
        circle.tip = fork::tip(&circle);
        circle
    }

    /// Takes in one more of its records.
    pub fn fold(&mut self, record: Record) {
        match record {
            Record::Based { epoch, before, .. } => {
                self.based(epoch, &before);
                self.graph.before(&before);
                (self.lost, self.out) = (false, false);
            }
            Record::Taken { envelope, .. } => {
                if let Ok(read) = Envelope::decode(&envelope.0) {
                    self.graph.place(Digest::of(&envelope.0), &read);
                }
            }
            Record::Grew { epoch, .. } => {
                self.epochs.insert(epoch.id, Known { epoch, keys: None });
            }
            Record::Opened { envelope, content, .. } => {
                if let Some(first) = content.again
                    && let Some(node) = self.graph.get(&envelope)
                {
                    self.repeated.insert(first, node.epoch);
                }
            }
            Record::Shut { envelope, lost, .. } => {
                self.shut.insert(envelope);
                self.lost |= lost;
            }
            Record::Person { versions, .. } => {
                if let Some(first) = versions.first() {
                    self.people.insert(first.document.id.clone(), versions);
                }
            }
            Record::Wished { wish, done, .. } => {
                self.wishes.retain(|known| *known != wish);
                if !done {
                    self.wishes.push(wish);
                }
            }
            Record::Seen { message, .. } => {
                let place = self.graph.get(&message).map(|node| (node.height, message));
                self.seen = self.seen.max(place);
            }
            Record::Out { .. } => self.out = true,
        }
    }

    /// Takes an epoch for where this device begins; so many envelopes of each author lie `before`.
    pub(crate) fn based(&mut self, epoch: Digest, before: &[(Did, u64)]) {
        self.base = epoch;
        let number = self.epochs.get(&epoch).map_or(0, |known| known.epoch.number);
        if self.since == u64::MAX {
            // One of them for each epoch but this one's: what is more was written.
            let envelopes: u64 = before.iter().map(|(_, count)| *count).fold(0, u64::saturating_add);
            self.missed = envelopes > number.saturating_sub(1);
        }
        // Whoever was out does not read what was written meanwhile.
        self.since = if self.out { number } else { self.since.min(number) };
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> Digest {
        self.id
    }

    /// The epoch that counts, if one is known.
    #[must_use]
    pub fn epoch(&self) -> Option<&Epoch> {
        self.epochs.get(&self.tip).map(|known| &known.epoch)
    }

    /// Whether something was written before this owner's first device was let in, which they will never read.
    #[must_use]
    pub fn begins_later(&self) -> bool {
        self.missed
    }

    /// Whether the owner has said that they leave.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.wishes.contains(&Wish::Leave)
    }

    /// The epochs from the one that counts back to the first that is known.
    #[must_use]
    pub fn chain(&self) -> Vec<&Epoch> {
        self.chain_from(self.tip)
    }

    pub(crate) fn chain_from(&self, epoch: Digest) -> Vec<&Epoch> {
        let mut chain = Vec::new();
        let mut at = Some(epoch);
        while let Some(known) = at.and_then(|id| self.epochs.get(&id)) {
            chain.push(&known.epoch);
            at = known.epoch.parent;
        }
        chain
    }

    /// Whether this device reads and writes in it.
    #[must_use]
    pub fn is_in(&self) -> bool {
        let device = self.me.device.did();
        let known = self.epochs.get(&self.tip);
        known.is_some_and(|known| known.keys.is_some() && known.epoch.has_device(device)) && !self.lost && !self.out
    }

    /// Whether the owner is in it, with any device, as far as is known here.
    #[must_use]
    pub fn owner_is_in(&self) -> bool {
        !self.out && self.epoch().is_some_and(|epoch| epoch.has_owner(&self.me.owner))
    }

    /// Whether somebody has to let this device in anew.
    #[must_use]
    pub fn needs_in(&self) -> bool {
        self.owner_is_in() && !self.is_in()
    }

    /// Whether an epoch lies behind the one that counts: who says what was so then says nothing of now.
    #[must_use]
    pub fn is_past(&self, epoch: &Digest) -> bool {
        *epoch != self.tip
            && (self.chain().iter().any(|known| known.id == *epoch || known.parent == Some(*epoch))
                || self.graph.precedes(epoch, &self.tip))
    }

    /// Takes note that the members say that this owner is out.
    pub fn put_out(&mut self) -> Effects {
        if self.out {
            return Effects::default();
        }
        self.out = true;
        Effects { records: vec![Record::Out { circle: self.id }], changed: true, ..Effects::default() }
    }

    /// Whether somebody is in it now, or was before as far as is known.
    #[must_use]
    pub fn knows(&self, owner: &Did) -> bool {
        self.epochs.values().any(|known| known.epoch.has_owner(owner))
    }

    /// What the owner wants of it and has not come true yet.
    #[must_use]
    pub fn wishes(&self) -> &[Wish] {
        &self.wishes
    }

    /// Envelopes of others that were refused since it was opened.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Number of envelopes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.graph.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.graph.len() == 0
    }

    /// An envelope's place in the order in which everybody sees them.
    #[must_use]
    pub fn place(&self, envelope: &Digest) -> Option<(u64, Digest)> {
        self.graph.get(envelope).map(|node| (node.height, *envelope))
    }

    /// The number of the first epoch that everybody in it shares: in a conversation of two, what lies before is with who
    /// began it alone, and was sent again.
    #[must_use]
    pub fn shared_since(&self) -> u64 {
        if !self.epoch().is_some_and(|epoch| epoch.charter.pair) {
            return 0;
        }
        let mut both = self.chain().into_iter().filter(|epoch| epoch.owners().len() > 1);
        both.next_back().map_or(0, |epoch| epoch.number)
    }

    /// The number of the epoch that an envelope was written in.
    #[must_use]
    pub fn number(&self, envelope: &Digest) -> Option<u64> {
        self.graph.get(envelope).map(|node| node.number)
    }

    /// Who wrote an envelope: device and number.
    #[must_use]
    pub fn author(&self, envelope: &Digest) -> Option<(&Did, u64)> {
        self.graph.get(envelope).map(|node| (&node.author, node.seq))
    }

    /// Whose device it is or was.
    #[must_use]
    pub fn owner_of(&self, device: &Did) -> Option<&Did> {
        let in_tip = self.epoch().and_then(|epoch| epoch.owner_of(device));
        in_tip.or_else(|| self.epochs.values().find_map(|known| known.epoch.owner_of(device))).or_else(|| {
            let lists = |versions: &&Vec<SignedDocument>| {
                versions.last().is_some_and(|last| last.document.certificate(device).is_some())
            };
            self.people.values().find(lists).and_then(|versions| versions.first()).map(|first| &first.document.id)
        })
    }

    /// What the owner has seen so far.
    #[must_use]
    pub fn seen(&self) -> Option<(u64, Digest)> {
        self.seen
    }

    /// When this device renewed its keys last.
    #[must_use]
    pub fn renewed(&self) -> Option<Timestamp> {
        let keys = self.epochs.get(&self.tip)?.keys.as_ref()?;
        Some(keys.renewed).filter(|at| *at > Timestamp::MIN)
    }

    /// The identity of a member, checked.
    pub(crate) fn identity(&self, owner: &Did) -> Option<VerifiedIdentity> {
        verify_chain(self.people.get(owner)?).ok()
    }

    /// Takes in what is known of somebody's identity by now. Says whether it is news; another history than the one that
    /// is known is no news.
    pub fn person(&mut self, versions: &[SignedDocument]) -> Effects {
        let mut effects = Effects::default();
        if self.merge(versions) {
            effects.records.push(Record::Person { circle: self.id, versions: versions.to_vec() });
        }
        effects
    }

    pub(crate) fn merge(&mut self, versions: &[SignedDocument]) -> bool {
        let Some(id) = versions.first().map(|first| &first.document.id) else { return false };
        let known = self.people.get(id).map_or(&[][..], Vec::as_slice);
        let newer = versions.len() > known.len() && versions.starts_with(known) && verify_chain(versions).is_ok();
        if newer {
            self.people.insert(id.clone(), versions.to_vec());
        }
        newer
    }

    /// A header for what this device writes next.
    pub(crate) fn header(&self, now: Timestamp) -> Header {
        let device = self.me.device.did();
        let parents = self.graph.parents(device);
        Header {
            circle: self.id,
            author: device.clone(),
            seq: self.graph.whole(device) + 1,
            height: self.graph.height_over(&parents),
            parents,
            epoch: self.tip,
            number: self.epoch().map_or(0, |epoch| epoch.number),
            at: now,
        }
    }

    /// Signs and places what this device writes.
    pub(crate) fn write(&mut self, header: Header, body: Body, now: Timestamp) -> (Digest, Record) {
        let envelope = Envelope::sign(header, body, &self.me.device);
        let bytes = envelope.encode();
        let id = Digest::of(&bytes);
        self.graph.place(id, &envelope);
        (id, Record::Taken { envelope: Bytes(bytes), at: now })
    }

    /// Writes a message. It may leave once the effects are kept.
    pub fn say(&mut self, content: &Content, now: Timestamp) -> Result<(Digest, Effects), CircleError> {
        if !content.is_sound() {
            return Err(CircleError::Bounds);
        }
        if !self.is_in() {
            return Err(CircleError::NotIn);
        }
        let mut effects = Effects::default();
        // Keys from an older copy of this machine are renewed before anything is sealed again.
        if self.epochs.get(&self.tip).and_then(|known| known.keys.as_ref()).is_some_and(|keys| keys.stale) {
            effects.join(self.renew(now)?);
        }
        let header = self.header(now);
        let tip = self.tip;
        let keys = self.epochs.get_mut(&tip).and_then(|known| known.keys.as_mut()).ok_or(CircleError::NotIn)?;
        let sealed = group::seal(&self.me.chance, keys, &self.id, header.aad(), &content.encode())?;
        keys.sent = header.seq;
        effects.before.retain(|(epoch, _)| *epoch != tip);
        effects.before.push((tip, Some(keys.to_bytes())));
        if let Some(first) = content.again {
            self.repeated.insert(first, tip);
        }
        let (id, taken) = self.write(header, Body::Message(sealed), now);
        effects.records.push(taken);
        effects.records.push(Record::Opened { circle: self.id, envelope: id, content: content.clone() });
        effects.placed.push(id);
        effects.changed = true;
        Ok((id, effects))
    }

    /// The owner has seen everything up to a message.
    pub fn see(&mut self, message: &Digest, now: Timestamp) -> Effects {
        let mut effects = Effects::default();
        let place = self.place(message);
        if place > self.seen {
            self.seen = place;
            effects.records.push(Record::Seen { circle: self.id, message: *message, at: now });
            effects.changed = true;
        }
        effects
    }
}
