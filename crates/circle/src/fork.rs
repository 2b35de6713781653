//! Which epoch counts, where members committed at the same time.
//!
//! Nobody orders commits, so two may go out of one epoch. Every twin keeps both, and finds the same winner from the
//! commits alone:
//!
//! 1. a commit whose author was put out on the other side of the fork loses: nobody reaches back behind their removal;
//! 2. the commit of whom the charter ranks higher wins: who made the circle, then who was named to lead, in that order;
//! 3. the commit with the smaller id wins.
//!
//! What the loser wanted stays a wish of theirs, and is committed again where it still matters. Messages that were
//! sealed for an epoch that lost open all the same, with the keys of that epoch.

use crate::circle::Circle;
use crate::graph::Kind;
use crate::record::{Epoch, Wish};
use didymos_base::{Did, Digest, Timestamp};
use std::cmp::Reverse;

/// So many epochs behind the one that counts keep their keys, and for so long.
pub(crate) const KEPT_EPOCHS: u64 = 4;
pub(crate) const KEPT_MS: i64 = 3 * didymos_base::time::DAY_MS;

fn children<'a>(circle: &'a Circle, of: &Digest) -> Vec<&'a Epoch> {
    circle.epochs.values().map(|known| &known.epoch).filter(|epoch| epoch.parent == Some(*of)).collect()
}

/// Whether the author of `commit` is put out somewhere from `other` on.
fn put_out(circle: &Circle, commit: &Epoch, other: &Epoch) -> bool {
    let mut todo = vec![other];
    while let Some(epoch) = todo.pop() {
        if !epoch.has_device(&commit.author) {
            return true;
        }
        todo.extend(children(circle, &epoch.id));
    }
    false
}

/// Whether a commit that cannot be followed wins over where this device is: by the rules above as far as they can be
/// told without its content, because it is ahead, or because somebody whose word counts has seen where this device is and
/// goes on elsewhere all the same. Whoever fakes that makes it ask to be let in anew, and no more.
pub(crate) fn leads_away(circle: &Circle, id: Digest) -> bool {
    let Some(node) = circle.graph.get(&id) else { return false };
    let (Some(tip), Some(base)) = (circle.epoch(), circle.epochs.get(&circle.base).map(|known| &known.epoch)) else {
        return false;
    };
    let rank_in =
        |epoch: &Epoch, device: &Did| circle.owner_of(device).map_or(usize::MAX, |owner| epoch.charter.rank(owner));
    if circle.epochs.contains_key(&node.epoch) {
        // Its epoch is known, and the keys are gone: it is a rival of whatever we followed from there.
        if node.kind != Kind::Commit {
            return false;
        }
        let chain = circle.chain();
        let Some(ours) = chain.iter().find(|epoch| epoch.parent == Some(node.epoch)) else {
            return node.epoch == tip.id;
        };
        let put_out =
            chain.iter().take_while(|epoch| epoch.id != node.epoch).any(|epoch| !epoch.has_device(&node.author));
        return !put_out && (rank_in(ours, &node.author), id) < (rank_in(ours, &ours.author), ours.id);
    }
    let beside = node.kind == Kind::Commit
        && base.parent == Some(node.epoch)
        && base.id != id
        && (rank_in(base, &node.author), id) < (rank_in(base, &base.author), base.id);
    let ahead = node.kind == Kind::Commit && node.number >= tip.number;
    let elsewhere = tip.has_device(&node.author)
        && rank_in(base, &node.author) <= rank_in(base, &base.author)
        && circle.graph.precedes(&circle.base, &id);
    beside || ahead || elsewhere
}

/// The epoch that counts.
pub(crate) fn tip(circle: &Circle) -> Digest {
    let mut at = circle.chain_from(circle.base).last().map_or(circle.base, |epoch| epoch.id);
    loop {
        let siblings = children(circle, &at);
        let winner = siblings.iter().min_by_key(|commit| {
            let beaten = siblings.iter().any(|other| other.id != commit.id && put_out(circle, commit, other));
            let parent = circle.epochs.get(&at).map(|known| &known.epoch);
            let rank = parent
                .and_then(|parent| Some(parent.charter.rank(parent.owner_of(&commit.author)?)))
                .unwrap_or(usize::MAX);
            (beaten, rank, commit.id)
        });
        match winner {
            Some(winner) => at = winner.id,
            None => return at,
        }
    }
}

/// What this device had brought about on the way to `old` and is undone on the way to `new`: to be wished again.
pub(crate) fn undone(circle: &Circle, old: Digest, new: Digest) -> Vec<Wish> {
    let kept = circle.chain_from(new);
    let Some(now) = kept.first() else { return Vec::new() };
    let mut wishes = Vec::new();
    for epoch in circle.chain_from(old) {
        let Some(before) = epoch.parent.and_then(|id| circle.epochs.get(&id)).map(|known| &known.epoch) else { break };
        if kept.iter().any(|kept| kept.id == epoch.id) {
            break;
        }
        if epoch.author != *circle.me.device.did() {
            continue;
        }
        let added = epoch.owners().into_iter().filter(|owner| !before.has_owner(owner) && !now.has_owner(owner));
        wishes.extend(added.cloned().map(Wish::Add));
        let removed = before.owners().into_iter().filter(|owner| !epoch.has_owner(owner) && now.has_owner(owner));
        wishes.extend(removed.cloned().map(Wish::Remove));
        if epoch.charter.name != before.charter.name && now.charter.name == before.charter.name {
            wishes.push(Wish::Name(epoch.charter.name.clone()));
        }
        for owner in now.owners() {
            let admin = epoch.charter.admins.contains(owner);
            if admin != before.charter.admins.contains(owner) && admin != now.charter.admins.contains(owner) {
                wishes.push(Wish::Admin(owner.clone(), admin));
            }
        }
    }
    wishes
}

/// The epochs whose keys are given up by now: far behind, or long past.
pub(crate) fn past(circle: &Circle, now: Timestamp) -> Vec<Digest> {
    let Some(tip) = circle.epoch().map(|epoch| epoch.number) else { return Vec::new() };
    let keyed = circle.epochs.values().filter(|known| known.epoch.id != circle.tip);
    let past = keyed.filter(|known| {
        let Some(keys) = &known.keys else { return false };
        let long = keys.superseded.is_some_and(|since| now.0.saturating_sub(since.0) > KEPT_MS);
        known.epoch.number + KEPT_EPOCHS < tip || long
    });
    let mut past: Vec<&Epoch> = past.map(|known| &known.epoch).collect();
    past.sort_by_key(|epoch| Reverse(epoch.number));
    past.into_iter().map(|epoch| epoch.id).collect()
}
