//! Circles and messages as the owner sees them.

use super::book::Room;
use super::files;
use crate::Twin;
use crate::door::Failure;
use crate::peers;
use crate::response::{CircleEvent, CircleShown, CircleState, Delivery, DeliveryTo, MemberShown, MessageShown, Role};
use didymos_base::{Did, Digest, Timestamp, ZoneOffset};
use didymos_circle::Epoch;
use std::collections::BTreeMap;

/// What the owner calls people.
pub(super) struct Names {
    pub(super) me: Did,
    names: BTreeMap<Did, String>,
}

impl Names {
    pub(super) fn of(twin: &Twin) -> Result<Self, Failure> {
        let names = peers::look(twin, |book| {
            book.contacts.all().map(|contact| (contact.did.clone(), contact.name.clone())).collect()
        })?;
        Ok(Self { me: twin.did().clone(), names })
    }

    pub(super) fn get(&self, did: &Did) -> Option<String> {
        self.names.get(did).cloned()
    }
}

fn clock(time: Timestamp) -> String {
    time.rfc3339(ZoneOffset::UTC)
}

/// The other one of a conversation of two.
pub(super) fn with_whom(room: &Room, me: &Did) -> Option<Did> {
    let epoch = room.circle.epoch().filter(|epoch| epoch.charter.pair)?;
    let others = || epoch.owners().into_iter().filter(|owner| *owner != me).cloned();
    others().next().or_else(|| room.circle.invited().into_iter().next()).or_else(|| {
        let before = room.circle.chain();
        before.iter().flat_map(|epoch| epoch.owners()).find(|owner| *owner != me).cloned()
    })
}

pub(super) fn circle(twin: &Twin, room: &Room, names: &Names) -> Result<CircleShown, Failure> {
    let epoch = room.circle.epoch();
    let with = with_whom(room, &names.me);
    let pair = with.is_some();
    let charter = epoch.map(|epoch| &epoch.charter);
    let name = match (&with, charter) {
        (Some(with), _) => names.get(with).unwrap_or_else(|| with.to_string()),
        (None, Some(charter)) => charter.name.clone(),
        (None, None) => String::new(),
    };
    let state = if room.circle.is_leaving() {
        CircleState::Out
    } else if room.circle.is_in() {
        CircleState::Member
    } else if room.circle.owner_is_in() {
        CircleState::Waiting
    } else {
        CircleState::Out
    };
    let mut members: Vec<MemberShown> = Vec::new();
    for owner in epoch.map(Epoch::owners).unwrap_or_default() {
        let role = match charter.map_or(usize::MAX, |charter| charter.rank(owner)) {
            0 => Role::Creator,
            usize::MAX => Role::Member,
            _ => Role::Admin,
        };
        let seats = epoch.into_iter().flat_map(|epoch| &epoch.seats);
        let devices = seats.filter(|seat| seat.owner == *owner).map(|seat| seat.device.clone()).collect();
        let (did, name, me) = (owner.clone(), names.get(owner), *owner == names.me);
        members.push(MemberShown { did, name, me, role, devices, invited: room.invitations.contains_key(owner) });
    }
    for did in room.circle.invited() {
        if !members.iter().any(|member| member.did == did) {
            let name = names.get(&did);
            members.push(MemberShown { did, name, me: false, role: Role::Member, devices: Vec::new(), invited: true });
        }
    }
    let seen = room.circle.seen();
    let unread = room.order.iter().filter(|(place, id)| Some(*place) > seen && !mine(room, id, &names.me)).count();
    let last = room.order.last().map(|(_, id)| *id);
    let last = last.map(|id| message(twin, room, names, &id)).transpose()?.flatten();
    Ok(CircleShown {
        circle: room.circle.id(),
        name,
        with,
        state,
        members,
        unread: unread as u64,
        messages: room.order.len() as u64,
        last,
        change: room.change,
        epoch: epoch.map_or(0, |epoch| epoch.number),
        renewed: room.circle.renewed().map(clock),
        refused: room.circle.refused(),
        // In a conversation of two what was written before is sent again.
        begins_later: !pair && room.circle.begins_later(),
    })
}

fn author(room: &Room, id: &Digest) -> Option<Did> {
    let said = room.messages.get(id)?;
    let (device, _) = said.envelopes.iter().find_map(|envelope| room.circle.author(envelope))?;
    room.circle.owner_of(device).cloned()
}

fn mine(room: &Room, id: &Digest, me: &Did) -> bool {
    author(room, id).is_some_and(|author| author == *me)
}

/// How far a message of the owner's has come with everybody who is in the circle.
fn delivery(room: &Room, id: &Digest, me: &Did) -> (Delivery, Vec<DeliveryTo>) {
    let none = (Delivery::Waiting, Vec::new());
    let (Some(said), Some(epoch)) = (room.messages.get(id), room.circle.epoch()) else { return none };
    let sent: Vec<(&Did, u64, &Digest)> = said
        .envelopes
        .iter()
        .filter_map(|envelope| room.circle.author(envelope).map(|(device, seq)| (device, seq, envelope)))
        .collect();
    let mut each = Vec::new();
    for owner in epoch.owners().into_iter().filter(|owner| *owner != me) {
        let mut best = Delivery::Waiting;
        for seat in epoch.seats.iter().filter(|seat| seat.owner == *owner) {
            for (device, seq, envelope) in &sent {
                let (has, read) = room.circle.reached(&seat.device, device, *seq, envelope);
                // Who has seen what comes after it on one device has it there.
                let now = if has && read {
                    Delivery::Read
                } else if has {
                    Delivery::Delivered
                } else {
                    Delivery::Waiting
                };
                best = best.max(now);
            }
        }
        each.push(DeliveryTo { did: owner.clone(), delivery: best });
    }
    let all = each.iter().map(|to| to.delivery).min().unwrap_or(Delivery::Waiting);
    let handed = sent.iter().any(|(device, seq, _)| room.circle.handed(device, *seq));
    let all = if all == Delivery::Waiting && handed { Delivery::Handed } else { all };
    (all, each)
}

pub(super) fn message(twin: &Twin, room: &Room, names: &Names, id: &Digest) -> Result<Option<MessageShown>, Failure> {
    let Some((content, received)) = room.content(twin, id)? else { return Ok(None) };
    let Some(from) = author(room, id) else { return Ok(None) };
    let first = room.messages.get(id).and_then(|said| said.envelopes.first());
    let at = first.and_then(|envelope| room.times(twin, envelope)).map_or(received, |(at, _)| at);
    let mine = from == names.me;
    let (delivery, delivered) = if mine { delivery(room, id, &names.me) } else { (Delivery::Waiting, Vec::new()) };
    let place = room.place(id);
    Ok(Some(MessageShown {
        message: *id,
        name: names.get(&from),
        from,
        mine,
        at: clock(at),
        received: clock(received),
        text: content.text,
        file: content.file.as_ref().map(|file| files::shown(twin, room, id, file)),
        answers: content.answers,
        event: None,
        seen: mine || place <= room.circle.seen(),
        delivery: mine.then_some(delivery),
        delivered,
    }))
}

/// What a commit brought about.
pub(super) struct Happened {
    by: Did,
    event: CircleEvent,
    commit: Digest,
}

/// What happened beside messages, in the order shown.
pub(super) fn events(room: &Room) -> BTreeMap<(u64, Digest), Happened> {
    let mut events = BTreeMap::new();
    let chain = room.circle.chain();
    for pair in chain.windows(2) {
        let [after, before] = pair else { continue };
        let Some((height, id)) = room.circle.place(&after.id) else { continue };
        let by = after.owner_of(&after.author).cloned().unwrap_or_else(|| after.charter.creator.clone());
        let joined = after.owners().into_iter().filter(|owner| !before.has_owner(owner));
        let left = before.owners().into_iter().filter(|owner| !after.has_owner(owner));
        let named = (after.charter.name != before.charter.name).then(|| after.charter.name.clone());
        let all = joined
            .map(|did| CircleEvent::Joined { did: did.clone() })
            .chain(left.map(|did| CircleEvent::Left { did: did.clone() }))
            .chain(named.map(|name| CircleEvent::Named { name }));
        for (number, event) in all.enumerate() {
            // One commit may do several things: each has a place of its own behind it.
            let mut place = id;
            place.0[31] = place.0[31].wrapping_add(number as u8);
            events.insert((height, place), Happened { by: by.clone(), event, commit: id });
        }
    }
    events
}

/// Something that happened, as a line among messages.
pub(super) fn event(twin: &Twin, room: &Room, names: &Names, place: (u64, Digest), what: Happened) -> MessageShown {
    let Happened { by: from, event, commit } = what;
    let times = room.times(twin, &commit).unwrap_or((Timestamp(0), Timestamp(0)));
    MessageShown {
        message: place.1,
        name: names.get(&from),
        mine: from == names.me,
        from,
        at: clock(times.0),
        received: clock(times.1),
        text: String::new(),
        file: None,
        answers: None,
        event: Some(event),
        seen: true,
        delivery: None,
        delivered: Vec::new(),
    }
}
