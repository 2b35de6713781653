//! Taking in what others bring: each envelope is checked, placed, and opened or followed.
//!
//! An envelope that does not hold is refused and counted, and changes nothing for anybody. One whose author was in the
//! epoch it names, and whose parents are there, gets its place, whatever it holds; what is in it is then opened with
//! the keys of that epoch, or followed if it is a commit that its author may make. What an envelope from before this
//! device's time holds is nobody's to read here: it has a place, so that others can be placed after it.

use crate::acting::may_change;
use crate::circle::{Circle, CircleError, Effects, Known};
use crate::content::Content;
use crate::fork;
use crate::group::{self, GroupError, Proposed};
use crate::record::{Epoch, Record};
use crate::wire::{Body, Bytes, Envelope, Header, Invitation};
use didymos_base::{Did, Digest, Timestamp};
use didymos_identity::{SignedDocument, verify_chain};
use std::collections::BTreeSet;

/// The most commits that are followed out of one epoch.
const SIBLINGS_MAX: usize = 8;

/// So much higher than all that is known an envelope may be whose causes cannot be checked.
const HEIGHT_AHEAD_MAX: u64 = 1_000_000;

/// What becomes of an envelope.
enum Verdict {
    /// It has its place, and what is in it counts.
    Place,
    /// It has its place, and is from before this device's time or beyond what it can check.
    Blind,
    /// Something that it names is not there yet.
    Wait,
    /// It does not hold.
    Refuse,
}

impl Circle {
    /// Takes in envelopes.
    pub fn take(&mut self, envelopes: &[Bytes], now: Timestamp) -> Effects {
        let mut effects = Effects::default();
        let wanted = self.graph.missing();
        for bytes in envelopes {
            let id = Digest::of(&bytes.0);
            if self.graph.has(&id) || self.graph.waits(&id) {
                continue;
            }
            let taken = Envelope::decode(&bytes.0).ok().filter(|envelope| envelope.header.circle == self.id);
            let holds = taken.filter(|envelope| envelope.check().is_ok());
            // What others' envelopes name is needed, whoever wrote it; beyond that nobody may flood.
            match holds.filter(|envelope| self.may_author(&envelope.header)) {
                Some(envelope)
                    if wanted.contains(&id) || self.budget.charge(&envelope.header.author, bytes.0.len(), now) =>
                {
                    self.judge(id, envelope, &wanted, now, &mut effects);
                }
                _ => effects.refused += 1,
            }
            self.settle(&wanted, now, &mut effects);
        }
        effects.join(self.retip(now));
        self.refused += effects.refused;
        effects
    }

    /// Places what waited and can be placed now.
    fn settle(&mut self, wanted: &BTreeSet<Digest>, now: Timestamp, effects: &mut Effects) {
        loop {
            let ready = self.graph.ready();
            if ready.is_empty() {
                return;
            }
            for (id, envelope) in ready {
                self.judge(id, envelope, wanted, now, effects);
            }
        }
    }

    /// Whether a device like this may have written in the circle at all, by what is known here.
    fn may_author(&self, header: &Header) -> bool {
        match self.epochs.get(&header.epoch) {
            Some(known) => known.epoch.has_device(&header.author) && known.epoch.number == header.number,
            // Of an epoch that is not known here: somebody whose identity is.
            None => self.owner_of(&header.author).is_some(),
        }
    }

    fn judge(
        &mut self,
        id: Digest,
        envelope: Envelope,
        wanted: &BTreeSet<Digest>,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        match self.verdict(&envelope, wanted.contains(&id)) {
            Verdict::Refuse => effects.refused += 1,
            Verdict::Wait => {
                if !self.graph.wait(id, envelope) {
                    effects.refused += 1;
                }
            }
            Verdict::Blind => self.put(id, &envelope, true, now, effects),
            Verdict::Place => self.put(id, &envelope, false, now, effects),
        }
    }

    fn verdict(&self, envelope: &Envelope, wanted: bool) -> Verdict {
        let header = &envelope.header;
        let base = self.epochs.get(&self.base).map_or(0, |known| known.epoch.number);
        let known = self.epochs.get(&header.epoch);
        if known.is_none() {
            let heads: Vec<Digest> = self.graph.heads().copied().collect();
            // What cannot be checked may not push everything that follows towards the greatest height there is.
            if header.height > self.graph.height_over(&heads) + HEIGHT_AHEAD_MAX {
                return Verdict::Refuse;
            }
            if header.number < base {
                return Verdict::Blind;
            }
        }
        if !header.parents.iter().all(|parent| self.graph.has(parent)) {
            return Verdict::Wait;
        }
        let Some(known) = known else {
            // A commit is among the causes of what is written in its epoch: it is there, and could not be followed. Who
            // names one that is not among the causes lies.
            return if self.graph.has(&header.epoch) || wanted { Verdict::Blind } else { Verdict::Refuse };
        };
        let begun = self.graph.get(&header.epoch).map_or(0, |node| node.height);
        let first = header.parents.is_empty() && header.seq == 1 && header.epoch == self.id;
        let sound = (first || !header.parents.is_empty())
            && header.height == self.graph.height_over(&header.parents)
            && header.height > begun
            && known.epoch.number == header.number
            && known.epoch.has_device(&header.author)
            && header.seq <= self.graph.whole(&header.author) + 1;
        if sound { Verdict::Place } else { Verdict::Refuse }
    }

    fn put(&mut self, id: Digest, envelope: &Envelope, blind: bool, now: Timestamp, effects: &mut Effects) {
        let header = &envelope.header;
        let equivocates = self.graph.same(&header.author, header.seq) > 0;
        self.graph.place(id, envelope);
        effects.placed.push(id);
        effects.changed = true;
        effects.records.push(Record::Taken { envelope: Bytes(envelope.encode()), at: now });
        if equivocates {
            // Told to some like this and to others like that: both have their place, and it is counted.
            effects.refused += 1;
        }
        if header.author == *self.me.device.did() {
            // Ours, and not known here: this machine was set back. What was sealed since must not be sealed again.
            if let Some(keys) = self.epochs.get_mut(&header.epoch).and_then(|known| known.keys.as_mut()) {
                keys.stale = true;
            }
        }
        let opened = !blind
            && match &envelope.body {
                Body::Message(sealed) => self.open_message(id, header, sealed, effects),
                Body::Commit { commit, people } => self.follow(id, header, commit, people, now, effects),
                Body::Leave => true,
            };
        if !opened {
            // Where its keys were here, it does not hold; where they were not, others may have gone on.
            let unknown = self.epochs.get(&header.epoch).is_none_or(|known| known.keys.is_none());
            let lost = unknown && !self.lost && fork::leads_away(self, id);
            self.lost |= lost;
            self.shut.insert(id);
            effects.records.push(Record::Shut { circle: self.id, envelope: id, lost });
        }
    }

    fn open_message(&mut self, id: Digest, header: &Header, sealed: &[u8], effects: &mut Effects) -> bool {
        let Some(known) = self.epochs.get_mut(&header.epoch) else { return false };
        let Some(keys) = known.keys.as_mut() else { return false };
        let Ok((leaf, plain)) = group::open(&self.me.chance, keys, &self.id, &header.aad(), sealed) else {
            return false;
        };
        effects.after.retain(|(epoch, _)| *epoch != header.epoch);
        effects.after.push((header.epoch, Some(keys.to_bytes())));
        let by_author = known.epoch.seats.iter().any(|seat| seat.leaf == leaf && seat.device == header.author);
        let Some(content) = Content::decode(&plain).ok().filter(|_| by_author) else {
            effects.refused += 1;
            return false;
        };
        if let Some(first) = content.again {
            // Only who wrote it says it again.
            let wrote = self.graph.get(&first).map(|node| node.author.clone());
            let same = wrote.is_none_or(|wrote| self.owner_of(&wrote) == self.owner_of(&header.author));
            if !same {
                effects.refused += 1;
                return false;
            }
            self.repeated.insert(first, header.epoch);
        }
        effects.records.push(Record::Opened { circle: self.id, envelope: id, content });
        true
    }

    fn follow(
        &mut self,
        id: Digest,
        header: &Header,
        commit: &[u8],
        people: &[Vec<SignedDocument>],
        now: Timestamp,
        effects: &mut Effects,
    ) -> bool {
        let siblings = self.epochs.values().filter(|known| known.epoch.parent == Some(header.epoch)).count();
        let Some(known) = self.epochs.get(&header.epoch) else { return false };
        let Some(keys) = &known.keys else { return false };
        if siblings >= SIBLINGS_MAX {
            return false;
        }
        let judge = |proposed: &Proposed| self.allows(&known.epoch, header, proposed, people);
        let followed = group::follow(&self.me.chance, keys, &self.id, &header.aad(), commit, judge);
        let Ok(grown) = followed else {
            effects.refused += 1;
            return false;
        };
        for versions in people {
            if self.merge(versions) {
                effects.records.push(Record::Person { circle: self.id, versions: versions.clone() });
            }
        }
        let epoch = Epoch {
            id,
            parent: Some(header.epoch),
            number: grown.number,
            author: header.author.clone(),
            seats: grown.seats,
            charter: grown.charter,
        };
        if let Some(keys) = &grown.keys {
            effects.after.push((id, Some(keys.to_bytes())));
        }
        effects.records.push(Record::Grew { circle: self.id, epoch: epoch.clone() });
        self.epochs.insert(id, Known { epoch, keys: grown.keys });
        effects.join(self.retip(now));
        true
    }

    /// Whether a commit is its author's to make. The answer rests on the commit, on what lies before it in the graph,
    /// and on the identities that it brings along, and so is the same for everybody.
    fn allows(
        &self,
        epoch: &Epoch,
        header: &Header,
        proposed: &Proposed,
        people: &[Vec<SignedDocument>],
    ) -> Result<(), GroupError> {
        let no = Err(GroupError::NotAllowed);
        let Some(by) = epoch.seats.iter().find(|seat| seat.leaf == proposed.by) else { return no };
        if by.device != header.author {
            return no;
        }
        let shown = |owner: &Did| {
            let versions = people.iter().find(|versions| versions.first().is_some_and(|v| v.document.id == *owner))?;
            let known = self.people.get(owner).map_or(&[][..], Vec::as_slice);
            let one_history = known.starts_with(versions) || versions.starts_with(known);
            verify_chain(versions).ok().filter(|_| one_history)
        };
        let charter = &epoch.charter;
        for add in &proposed.adds {
            let listed = shown(&add.owner).is_some_and(|identity| identity.is_active(&add.device));
            let member = epoch.has_owner(&add.owner);
            let may_invite = charter.leads(&by.owner) && (!charter.pair || epoch.owners().len() < 2);
            if !listed || !(member || may_invite) {
                return no;
            }
        }
        for remove in &proposed.removes {
            let Some(seat) = epoch.seats.iter().find(|seat| seat.leaf == *remove) else { return no };
            let own = seat.owner == by.owner;
            let senior = charter.rank(&by.owner) < charter.rank(&seat.owner) && !charter.pair;
            let let_in_anew = || proposed.adds.iter().any(|add| add.device == seat.device && add.owner == seat.owner);
            let revoked =
                || shown(&seat.owner).is_some_and(|identity| identity.document().revocation(&seat.device).is_some());
            let leaves = || self.leaving(epoch, &seat.owner, Some(&header.parents));
            if !(own || senior || let_in_anew() || revoked() || leaves()) {
                return no;
            }
        }
        let leaver = |admin: &Did| self.leaving(epoch, admin, Some(&header.parents));
        if let Some(after) = &proposed.charter {
            // Whoever puts out somebody who leaves takes their name from the charter too.
            let mut before = charter.clone();
            before.admins.retain(|admin| after.admins.contains(admin) || !leaver(admin));
            if !may_change(&before, after, &by.owner) {
                return no;
            }
        }
        Ok(())
    }

    /// Goes into a circle with an invitation, or back into one that is known. `package` is what was kept of the key
    /// package that it answers.
    #[expect(clippy::result_large_err, reason = "the circle that was there comes back, as it went in")]
    pub fn join(
        known: Option<Self>,
        me: crate::Me,
        invitation: &Invitation,
        package: &[u8],
        now: Timestamp,
    ) -> Result<(Self, Effects), (Option<Self>, CircleError)> {
        match Self::joined(known.as_ref(), &me, invitation, package, now) {
            Err(error) => Err((known, error)),
            Ok((envelope, epoch, keys)) => {
                let mut circle = known.unwrap_or_else(|| Self::empty(envelope.header.circle, me));
                let effects = circle.rebase(invitation, &envelope, epoch, keys, now);
                Ok((circle, effects))
            }
        }
    }

    fn joined(
        known: Option<&Self>,
        me: &crate::Me,
        invitation: &Invitation,
        package: &[u8],
        now: Timestamp,
    ) -> Result<(Envelope, Epoch, Option<crate::group::Keys>), CircleError> {
        let envelope = Envelope::decode(&invitation.commit.0).map_err(|_| CircleError::Malformed)?;
        envelope.check().map_err(|_| CircleError::Malformed)?;
        let (circle, grown) = group::join(&me.chance, package, &invitation.welcome, now)?;
        let header = &envelope.header;
        if header.circle != circle || !matches!(envelope.body, Body::Commit { .. }) || header.number + 1 != grown.number
        {
            return Err(CircleError::Malformed);
        }
        // Where we are in already, nobody leads us elsewhere whose word counts less than that of who let us in.
        if known.is_some_and(|known| known.is_in() && !known.may_lead_elsewhere(header)) {
            return Err(CircleError::NotAllowed);
        }
        // Every device in it is listed by an identity that is shown.
        let mut identities = Vec::new();
        for versions in &invitation.people {
            identities.push(verify_chain(versions).map_err(|_| CircleError::Stranger)?);
        }
        let listed = |seat: &crate::Seat| {
            identities
                .iter()
                .any(|identity| *identity.id() == seat.owner && identity.document().certificate(&seat.device).is_some())
        };
        if !grown.seats.iter().all(listed) || !grown.seats.iter().any(|seat| seat.device == header.author) {
            return Err(CircleError::Stranger);
        }
        let epoch = Epoch {
            id: envelope.id(),
            parent: Some(header.epoch),
            number: grown.number,
            author: header.author.clone(),
            seats: grown.seats,
            charter: grown.charter,
        };
        Ok((envelope, epoch, grown.keys))
    }

    fn may_lead_elsewhere(&self, header: &Header) -> bool {
        let Some(base) = self.epochs.get(&self.base).map(|known| &known.epoch) else { return true };
        let rank = |device: &Did| self.owner_of(device).map_or(usize::MAX, |owner| base.charter.rank(owner));
        self.epochs.contains_key(&header.epoch)
            || (self.owner_of(&header.author).is_some() && rank(&header.author) <= rank(&base.author))
    }

    fn rebase(
        &mut self,
        invitation: &Invitation,
        envelope: &Envelope,
        epoch: Epoch,
        keys: Option<crate::group::Keys>,
        now: Timestamp,
    ) -> Effects {
        let id = epoch.id;
        let mut effects = Effects { changed: true, ..Effects::default() };
        if self.epochs.contains_key(&self.tip) && !self.owner_is_in() {
            effects.join(self.put_out());
        }
        for versions in &invitation.people {
            effects.join(self.person(versions));
        }
        if let Some(keys) = &keys {
            effects.before.push((id, Some(keys.to_bytes())));
        }
        // Whoever was in it before goes on from what they have, and gets the rest.
        let mut before = if self.graph.is_empty() { invitation.before.clone() } else { Vec::new() };
        before.sort();
        before.dedup_by(|a, b| a.0 == b.0);
        self.graph.before(&before);
        effects.records.push(Record::Grew { circle: self.id, epoch: epoch.clone() });
        effects.records.push(Record::Based { circle: self.id, epoch: id, before: before.clone(), at: now });
        if !self.graph.has(&id) {
            self.graph.place(id, envelope);
            effects.placed.push(id);
            effects.records.push(Record::Taken { envelope: invitation.commit.clone(), at: now });
        }
        self.epochs.insert(id, Known { epoch, keys });
        self.based(id, &before);
        (self.lost, self.out) = (false, false);
        effects.join(self.retip(now));
        effects
    }
}
