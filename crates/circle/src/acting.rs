//! What this device does of its own accord: letting in and putting out, naming, renewing, leaving.

use crate::circle::{Circle, CircleError, Effects, Known};
use crate::fork;
use crate::graph::Kind;
use crate::group::{self, Change, Charter, NAME_CHARACTERS_MAX, Package};
use crate::record::{Epoch, Record, Wish};
use crate::wire::{Body, Bytes, ENVELOPE_BYTES_MAX, Invitation};
use didymos_base::time::DAY_MS;
use didymos_base::{Did, Digest, Timestamp};
use didymos_identity::SignedDocument;

/// How often a device renews its keys, and after how many envelopes of its own at the latest.
pub const RENEW_MS: i64 = 7 * DAY_MS;
/// See [`RENEW_MS`].
pub const RENEW_ENVELOPES: u64 = 200;

/// Makes a key package: what others let this device in with, and what joins with it, to be kept sealed.
pub fn package(me: &crate::Me) -> Result<(Vec<u8>, zeroize::Zeroizing<Vec<u8>>), CircleError> {
    Ok(group::package(&me.actor())?)
}

impl Circle {
    fn tip_epoch(&self) -> Result<&Epoch, CircleError> {
        if !self.is_in() {
            return Err(CircleError::NotIn);
        }
        self.epoch().ok_or(CircleError::NotIn)
    }

    /// Commits a change in the epoch that counts.
    pub(crate) fn commit(
        &mut self,
        change: Change,
        people: Vec<Vec<SignedDocument>>,
        now: Timestamp,
    ) -> Result<(Effects, Option<Invitation>), CircleError> {
        let before = self.graph.have();
        let header = self.header(now);
        let tip = self.tip;
        self.tip_epoch()?;
        let known = self.epochs.get(&tip).ok_or(CircleError::NotIn)?;
        let keys = known.keys.as_ref().ok_or(CircleError::NotIn)?;
        let committed = group::commit(&self.me.actor(), keys, &self.id, header.aad(), change, now)?;
        if committed.commit.len() + 4_096 > ENVELOPE_BYTES_MAX {
            return Err(CircleError::Bounds);
        }
        let (id, taken) = self.write(header, Body::Commit { commit: committed.commit, people }, now);
        let commit = match &taken {
            Record::Taken { envelope, .. } => envelope.clone(),
            _ => Bytes::default(),
        };
        let grown = committed.grown;
        let author = self.me.device.did().clone();
        let epoch =
            Epoch { id, parent: Some(tip), number: grown.number, author, seats: grown.seats, charter: grown.charter };
        let mut effects = Effects { changed: true, placed: vec![id], ..Effects::default() };
        if let Some(keys) = &grown.keys {
            effects.before.push((id, Some(keys.to_bytes())));
        }
        effects.records.push(taken);
        effects.records.push(Record::Grew { circle: self.id, epoch: epoch.clone() });
        let invitation = committed.welcome.map(|welcome| Invitation {
            welcome,
            commit,
            people: epoch.owners().iter().filter_map(|owner| self.people.get(*owner).cloned()).collect(),
            before,
        });
        self.epochs.insert(id, Known { epoch, keys: grown.keys });
        effects.join(self.retip(now));
        Ok((effects, invitation))
    }

    /// Finds the epoch that counts, and gives up keys that are past.
    pub(crate) fn retip(&mut self, now: Timestamp) -> Effects {
        let mut effects = Effects::default();
        let tip = fork::tip(self);
        if tip != self.tip {
            for wish in fork::undone(self, self.tip, tip) {
                if !self.wishes.contains(&wish) {
                    self.wishes.push(wish.clone());
                    effects.records.push(Record::Wished { circle: self.id, wish, done: false });
                }
            }
            let old = std::mem::replace(&mut self.tip, tip);
            for (epoch, superseded) in [(old, Some(now)), (tip, None)] {
                let keys = self.epochs.get_mut(&epoch).and_then(|known| known.keys.as_mut());
                if let Some(keys) = keys.filter(|keys| keys.superseded.is_some() != superseded.is_some()) {
                    keys.superseded = superseded;
                    effects.after.push((epoch, Some(keys.to_bytes())));
                }
            }
            effects.changed = true;
        }
        for epoch in fork::past(self, now) {
            if let Some(known) = self.epochs.get_mut(&epoch) {
                known.keys = None;
                effects.after.retain(|(written, _)| *written != epoch);
                effects.after.push((epoch, None));
            }
        }
        effects
    }

    /// Renews this device's keys: whoever copied the old ones reads nothing that is written after this.
    pub fn renew(&mut self, now: Timestamp) -> Result<Effects, CircleError> {
        Ok(self.commit(Change::default(), Vec::new(), now)?.0)
    }

    /// Whether it is time to renew this device's keys.
    #[must_use]
    pub fn renewal_is_due(&self, now: Timestamp) -> bool {
        let Some(keys) = self.epochs.get(&self.tip).and_then(|known| known.keys.as_ref()) else { return false };
        if !self.is_in() || self.epoch().is_none_or(|epoch| epoch.seats.len() < 2) {
            return false;
        }
        let device = self.me.device.did();
        let since = self
            .chain()
            .iter()
            .find(|epoch| epoch.author == *device)
            .map_or(0, |epoch| self.graph.get(&epoch.id).map_or(0, |node| node.seq));
        now.0.saturating_sub(keys.renewed.0) > RENEW_MS
            || self.graph.whole(device).saturating_sub(since) > RENEW_ENVELOPES
    }

    /// Wishes something, if the owner may. It is done by [`duties`](Self::duties), now or when somebody is there.
    pub fn wish(&mut self, wish: Wish) -> Result<Effects, CircleError> {
        let me = self.me.owner.clone();
        let epoch = self.epoch().ok_or(CircleError::NotIn)?;
        if !self.owner_is_in() {
            return Err(CircleError::NotIn);
        }
        let charter = &epoch.charter;
        let may = match &wish {
            Wish::Add(_) if charter.pair => epoch.owners().len() < 2,
            Wish::Add(_) => charter.leads(&me),
            Wish::Name(name) => {
                if name.trim().is_empty() || name.chars().count() > NAME_CHARACTERS_MAX {
                    return Err(CircleError::Bounds);
                }
                charter.leads(&me) && !charter.pair
            }
            Wish::Remove(who) => charter.rank(&me) < charter.rank(who) && !charter.pair,
            Wish::Admin(..) => *charter.creator.as_str() == *me.as_str() && !charter.pair,
            Wish::Leave => true,
        };
        if !may {
            return Err(CircleError::NotAllowed);
        }
        let mut effects = Effects { changed: true, ..Effects::default() };
        let cancels = |known: &Wish| match (known, &wish) {
            (Wish::Add(a), Wish::Remove(b)) | (Wish::Remove(a), Wish::Add(b)) => a == b,
            (Wish::Name(_), Wish::Name(_)) => true,
            (Wish::Admin(a, _), Wish::Admin(b, _)) => a == b,
            _ => false,
        };
        let ended: Vec<Wish> = self.wishes.iter().filter(|known| cancels(known)).cloned().collect();
        for wish in ended {
            effects.join(self.fulfil(&wish));
        }
        if !self.wishes.contains(&wish) {
            self.wishes.push(wish.clone());
            effects.records.push(Record::Wished { circle: self.id, wish, done: false });
        }
        Ok(effects)
    }

    fn fulfil(&mut self, wish: &Wish) -> Effects {
        self.wishes.retain(|known| known != wish);
        let record = Record::Wished { circle: self.id, wish: wish.clone(), done: true };
        Effects { records: vec![record], changed: true, ..Effects::default() }
    }

    /// People who are to be let in: a key package of each is needed, see [`let_in`](Self::let_in).
    #[must_use]
    pub fn invited(&self) -> Vec<Did> {
        let add = |wish: &Wish| if let Wish::Add(owner) = wish { Some(owner.clone()) } else { None };
        self.wishes.iter().filter_map(add).collect()
    }

    /// Does what is to be done: wishes that are not fulfilled, devices that were revoked, people who leave, keys that
    /// are old. Called when something was wished or has come in.
    pub fn duties(&mut self, now: Timestamp) -> Result<Effects, CircleError> {
        let mut effects = self.retip(now);
        let Some(epoch) = self.epoch().cloned() else { return Ok(effects) };
        let me = self.me.owner.clone();
        let done = |wish: &Wish| match wish {
            Wish::Add(owner) => epoch.has_owner(owner) || !epoch.charter.pair && !epoch.charter.leads(&me),
            Wish::Remove(owner) => !epoch.has_owner(owner) || epoch.charter.rank(&me) >= epoch.charter.rank(owner),
            Wish::Name(name) => epoch.charter.name == *name || !epoch.charter.leads(&me),
            Wish::Admin(owner, admin) => epoch.charter.admins.contains(owner) == *admin || epoch.charter.creator != me,
            Wish::Leave => !epoch.has_owner(&me),
        };
        let over: Vec<Wish> = self.wishes.iter().filter(|wish| done(wish) || self.out).cloned().collect();
        for wish in over {
            effects.join(self.fulfil(&wish));
        }
        if !self.is_in() {
            return Ok(effects);
        }
        if self.wishes.contains(&Wish::Leave) {
            if !self.leaving(&epoch, &me, None) {
                let header = self.header(now);
                let (id, taken) = self.write(header, Body::Leave, now);
                effects.records.push(taken);
                effects.placed.push(id);
            }
            return Ok(effects);
        }
        let (change, people) = self.due(&epoch);
        if !change.removes.is_empty() || change.charter.is_some() {
            effects.join(self.commit(change, people, now)?.0);
        } else if self.renewal_is_due(now) {
            effects.join(self.renew(now)?);
        }
        Ok(effects)
    }

    /// The change that is to be made in this epoch, and the identities that say why.
    fn due(&self, epoch: &Epoch) -> (Change, Vec<Vec<SignedDocument>>) {
        let (mut change, mut people) = (Change::default(), Vec::new());
        let device = self.me.device.did();
        let mut charter = epoch.charter.clone();
        for owner in epoch.owners() {
            let seats = || epoch.seats.iter().filter(|seat| seat.owner == *owner && seat.device != *device);
            let wished = self.wishes.contains(&Wish::Remove(owner.clone()));
            if wished || (*owner != self.me.owner && self.leaving(epoch, owner, None)) {
                change.removes.extend(seats().map(|seat| seat.leaf));
                charter.admins.retain(|admin| admin != owner);
                continue;
            }
            let Some(identity) = self.identity(owner) else { continue };
            let revoked: Vec<u32> = seats()
                .filter(|seat| identity.document().revocation(&seat.device).is_some())
                .map(|seat| seat.leaf)
                .collect();
            if !revoked.is_empty() {
                change.removes.extend(revoked);
                people.extend(self.people.get(owner).cloned());
            }
        }
        for wish in &self.wishes {
            match wish {
                Wish::Name(name) => charter.name.clone_from(name),
                Wish::Admin(owner, true) if epoch.has_owner(owner) && !charter.admins.contains(owner) => {
                    charter.admins.push(owner.clone());
                }
                Wish::Admin(owner, false) => charter.admins.retain(|admin| admin != owner),
                _ => {}
            }
        }
        if charter != epoch.charter && may_change(&epoch.charter, &charter, &self.me.owner) {
            change.charter = Some(charter);
        }
        (change, people)
    }

    /// Whether an owner has said that they leave, since they came in: by the graph, or by what lies before `parents`.
    pub(crate) fn leaving(&self, epoch: &Epoch, owner: &Did, parents: Option<&[Digest]>) -> bool {
        let mut chain = vec![epoch.id];
        let mut at = Some(epoch);
        while let Some(parent) = at.and_then(|epoch| epoch.parent).and_then(|id| self.epochs.get(&id)) {
            if !parent.epoch.has_owner(owner) {
                break;
            }
            chain.push(parent.epoch.id);
            at = Some(&parent.epoch);
        }
        self.graph.nodes().any(|(id, node)| {
            node.kind == Kind::Leave
                && chain.contains(&node.epoch)
                && self.epochs.get(&node.epoch).and_then(|known| known.epoch.owner_of(&node.author)) == Some(owner)
                && parents.is_none_or(|parents| self.graph.precedes_any(id, parents))
        })
    }

    /// The same for a package that somebody brings who is proven to be `owner`: only a device of their own is let in.
    pub fn let_in_for(
        &mut self,
        owner: &Did,
        package: &[u8],
        versions: &[SignedDocument],
        now: Timestamp,
    ) -> Result<(Effects, Invitation), CircleError> {
        let read = group::read_package(&self.me.chance, package)?;
        if read.leaf.owner != *owner {
            return Err(CircleError::Stranger);
        }
        self.let_in(package, versions, now)
    }

    /// Lets a device in with its key package: somebody who is invited, or a device of a member whose identity lists it.
    /// A leaf that the device had before is given up.
    pub fn let_in(
        &mut self,
        package: &[u8],
        versions: &[SignedDocument],
        now: Timestamp,
    ) -> Result<(Effects, Invitation), CircleError> {
        let package = group::read_package(&self.me.chance, package)?;
        let mut effects = self.person(versions);
        let epoch = self.tip_epoch()?.clone();
        let Package { leaf, .. } = &package;
        let owner = leaf.owner.clone();
        let identity = self.identity(&owner).ok_or(CircleError::Stranger)?;
        if !identity.is_active(&leaf.device) || leaf.device == *self.me.device.did() {
            return Err(CircleError::Stranger);
        }
        if !epoch.has_owner(&owner) && !self.wishes.contains(&Wish::Add(owner.clone())) {
            return Err(CircleError::NotAllowed);
        }
        let known = self.people.get(&owner).cloned().unwrap_or_default();
        if known.len() > crate::wire::VERSIONS_MAX || epoch.seats.len() >= crate::wire::DEVICES_MAX {
            return Err(CircleError::Bounds);
        }
        let removes = epoch.seats.iter().filter(|seat| seat.device == leaf.device).map(|seat| seat.leaf).collect();
        let change = Change { adds: vec![package], removes, charter: None };
        let (committed, invitation) = self.commit(change, vec![known], now)?;
        effects.join(committed);
        let wish = Wish::Add(owner);
        if self.wishes.contains(&wish) && self.epoch().is_some_and(|epoch| owner_in(epoch, &wish)) {
            effects.join(self.fulfil(&wish));
        }
        Ok((effects, invitation.ok_or(CircleError::Malformed)?))
    }
}

fn owner_in(epoch: &Epoch, wish: &Wish) -> bool {
    matches!(wish, Wish::Add(owner) if epoch.has_owner(owner))
}

/// Whether somebody may change a charter so.
pub(crate) fn may_change(before: &Charter, after: &Charter, by: &Did) -> bool {
    let named = after.admins.iter().all(|admin| before.admins.contains(admin)) || before.creator == *by;
    let unnamed = before
        .admins
        .iter()
        .filter(|admin| !after.admins.contains(admin))
        .all(|admin| before.rank(by) < before.rank(admin) || admin == by);
    // Who was named earlier ranks higher, so the order is part of what is agreed.
    let kept: Vec<&Did> = before.admins.iter().filter(|admin| after.admins.contains(admin)).collect();
    let ordered = after.admins.iter().filter(|admin| before.admins.contains(admin)).eq(kept);
    let renamed = before.name == after.name || (before.leads(by) && !before.pair);
    after.creator == before.creator && after.pair == before.pair && named && unnamed && ordered && renamed
}
