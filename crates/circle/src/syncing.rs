//! Bringing two members' graphs together: each says what it has, gives what the other lacks, and wants what it has only
//! heard of. Who has it gives it, whoever wrote it: that is the mailbox of those who are away.

use crate::circle::{Circle, Effects};
use crate::graph::Kind;
use crate::wire::{Ack, Bytes, GIVE_BYTES_MAX, GIVE_MAX, SHUT_MAX, Sync, WANT_MAX};
use didymos_base::{Did, Digest, Timestamp};

impl Circle {
    /// The first step towards somebody of whom nothing is known.
    #[must_use]
    pub fn greet(&mut self, now: Timestamp) -> Sync {
        self.acknowledge(now);
        let mut sync = Sync::about(self.id);
        sync.have = self.graph.have();
        sync.heads = self.graph.heads().copied().take(WANT_MAX).collect();
        sync.want = self.graph.missing().into_iter().take(WANT_MAX).collect();
        sync.acked = self.acked();
        sync
    }

    /// Acknowledgements of those who are in it. Others' are nobody's to keep: who came later does not even know them.
    fn live_acks(&self) -> impl Iterator<Item = (&Did, &Ack)> {
        let here = |device: &Did| self.epoch().is_some_and(|epoch| epoch.has_device(device));
        self.acks.iter().filter(move |(device, _)| here(device))
    }

    fn acked(&self) -> Vec<(Did, u64)> {
        self.live_acks().map(|(device, ack)| (device.clone(), ack.counter)).collect()
    }

    /// The answer to a step, or the next one: what the other side lacks, and what is wanted of it.
    pub fn answer(&mut self, from: &Sync, fetch: &mut dyn FnMut(&Digest) -> Option<Vec<u8>>, now: Timestamp) -> Sync {
        // Others have a later word of this device than it has itself: the next one counts on from there.
        let device = self.me.device.did().clone();
        if let Ok(at) = from.acked.binary_search_by(|one| one.0.cmp(&device))
            && from.acked[at].1 < u64::MAX
            && self.acks.get(&device).is_none_or(|ack| ack.counter < from.acked[at].1)
        {
            self.acks.remove(&device);
            self.counted = from.acked[at].1;
        }
        let mut sync = self.greet(now);
        let unknown = from.heads.iter().filter(|head| !self.graph.has(head) && !self.graph.waits(head));
        sync.want.extend(unknown.copied());
        sync.want.sort();
        sync.want.dedup();
        sync.want.truncate(WANT_MAX);
        let mut bytes = 0;
        for id in self.graph.lacking(&from.have, &from.want, GIVE_MAX) {
            let Some(envelope) = fetch(&id) else { continue };
            if bytes > 0 && bytes + envelope.len() > GIVE_BYTES_MAX {
                break;
            }
            bytes += envelope.len();
            sync.give.push(Bytes(envelope));
        }
        let newer = |ack: &&Ack| {
            from.acked.binary_search_by(|one| one.0.cmp(&ack.device)).map_or(0, |at| from.acked[at].1) < ack.counter
        };
        sync.acks = self.live_acks().map(|(_, ack)| ack).filter(newer).cloned().collect();
        sync
    }

    /// Whether a step says anything that the other side does not know, or wants anything.
    #[must_use]
    pub fn has_news(sync: &Sync, for_one: &Sync) -> bool {
        !sync.give.is_empty()
            || !sync.acks.is_empty()
            || sync.want.iter().any(|id| for_one.heads.contains(id))
            || lacks(&sync.have, &for_one.have)
    }

    /// Takes in what others have received and seen. Whoever cannot open a message of ours gets it again.
    pub fn take_acks(&mut self, acks: &[Ack]) -> Effects {
        let mut effects = Effects::default();
        for ack in acks {
            let newer = self.acks.get(&ack.device).is_none_or(|known| known.counter < ack.counter);
            let member = self.owner_of(&ack.device).is_some();
            if ack.circle != self.id || !newer || ack.device == *self.me.device.did() {
                continue;
            }
            if !member || ack.check().is_err() {
                effects.refused += 1;
                continue;
            }
            self.acks.insert(ack.device.clone(), ack.clone());
            effects.changed = true;
        }
        // Also of those that came earlier, when we were not in it ourselves or they were not.
        let shut = self.live_acks().flat_map(|(device, ack)| ack.shut.iter().map(move |id| (device, id)));
        effects.again = shut.filter(|(device, id)| self.is_to_repeat(device, id)).map(|(_, id)| *id).collect();
        effects.again.sort_by_key(|id| self.place(id));
        effects.again.dedup();
        self.refused += effects.refused;
        effects
    }

    /// Whether a message of ours is to be sent again, for a device that cannot open it: of somebody who was in when it was
    /// written.
    fn is_to_repeat(&self, device: &Did, id: &Digest) -> bool {
        let Some(node) = self.graph.get(id) else { return false };
        let own = node.author == *self.me.device.did() && node.kind == Kind::Message;
        let was_in = || {
            let then = self.epochs.get(&node.epoch).map(|known| &known.epoch);
            let owner = self.owner_of(device);
            then.is_none_or(|then| then.charter.pair || owner.is_some_and(|owner| then.has_owner(owner)))
        };
        own && self.repeated.get(id) != Some(&self.tip) && was_in()
    }

    /// What this device has received and its owner has seen, signed anew if it changed.
    fn acknowledge(&mut self, now: Timestamp) {
        let device = self.me.device.did().clone();
        if !self.is_in() {
            return;
        }
        let have = self.graph.have();
        let read = self.seen.map(|place| self.graph.up_to(place)).unwrap_or_default();
        let since = self.since;
        let open = |id: &&Digest| {
            let node = self.graph.get(id);
            let ours = |node: &crate::graph::Node| node.author == device || node.number < since;
            node.is_some_and(|node| node.kind == Kind::Message && !ours(node)) && !self.repeated.contains_key(*id)
        };
        let mut shut: Vec<Digest> = self.shut.iter().filter(open).copied().collect();
        shut.sort_by_key(|id| std::cmp::Reverse(self.place(id)));
        shut.truncate(SHUT_MAX);
        let last = self.acks.get(&device);
        if last.is_some_and(|ack| ack.have == have && ack.read == read && ack.shut == shut) {
            return;
        }
        // By the clock, so that it counts up even if the last one was not kept; and never back, if the clock was set.
        let counter = last.map_or(0, |ack| ack.counter).max(self.counted) + 1;
        let counter = counter.max(now.0.max(1) as u64);
        let ack = Ack::sign(self.id, counter, have, read, shut, &self.me.device);
        self.acks.insert(device, ack);
    }

    /// Everybody's acknowledgements, to be kept beside: they come again from others if they are lost.
    #[must_use]
    pub fn acks(&self) -> Vec<Ack> {
        self.acks.values().cloned().collect()
    }

    /// Takes back what was kept of [`acks`](Self::acks).
    pub fn recall(&mut self, acks: Vec<Ack>) {
        for ack in acks.into_iter().filter(|ack| ack.circle == self.id) {
            self.acks.entry(ack.device.clone()).or_insert(ack);
        }
    }

    /// How far an envelope of this owner's has come with a device: it has it, and its owner has seen it.
    #[must_use]
    pub fn reached(&self, device: &Did, author: &Did, seq: u64, id: &Digest) -> (bool, bool) {
        let Some(ack) = self.acks.get(device) else { return (false, false) };
        let within = |counts: &[(Did, u64)]| {
            counts.binary_search_by(|one| one.0.cmp(author)).is_ok_and(|at| counts[at].1 >= seq)
        };
        (within(&ack.have) && !ack.shut.contains(id), within(&ack.read))
    }

    /// Whether any device but this one has it.
    #[must_use]
    pub fn handed(&self, author: &Did, seq: u64) -> bool {
        let own = self.me.device.did();
        self.acks
            .iter()
            .filter(|(device, _)| *device != own)
            .any(|(_, ack)| ack.have.binary_search_by(|one| one.0.cmp(author)).is_ok_and(|at| ack.have[at].1 >= seq))
    }
}

/// Whether somebody who has `theirs` lacks something of `mine`.
fn lacks(mine: &[(Did, u64)], theirs: &[(Did, u64)]) -> bool {
    let has = |did: &Did| theirs.binary_search_by(|one| one.0.cmp(did)).map_or(0, |at| theirs[at].1);
    mine.iter().any(|(did, count)| *count > has(did))
}
