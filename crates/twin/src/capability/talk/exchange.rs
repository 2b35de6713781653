//! What members' twins do for each other: let devices in, and bring graphs together.
//!
//! It passes between contacts only. Two members who are not in contact with each other hear of each other by whoever is
//! in contact with both, first of all whoever let them in: nobody's address or presence is told to somebody whom they did
//! not choose. A contact who is not in a circle learns nothing of it, not even that it is.

use super::book::{self, Book, Entry, Room, me, unknown, versions_of, with};
use super::files;
use crate::door::{Failure, FailureCode};
use crate::payload::{Payload, Sent, broken};
use crate::peers::errand::Errand;
use crate::peers::{self, online};
use crate::request::{KeyPackageAsked, SyncIn, WelcomeIn};
use crate::response::{KeyPackageOut, Nothing, SyncOut};
use crate::{Request, Twin};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::{Did, Digest};
use didymos_circle::wire::{Bytes, Envelope, INVITATION_BYTES_MAX, SYNC_BYTES_MAX};
use didymos_circle::{Circle, CircleError, Invitation, Sync, package};
use didymos_identity::verify_chain;
use std::io::Read as _;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Circles, to be brought up to date.
pub(crate) const ERRAND: Errand = Errand { waits, run, to_forgotten: false };

/// The most steps of one conversation about one circle.
const STEPS_MAX: usize = 64;
/// The longest key package, in bytes.
const PACKAGE_BYTES_MAX: usize = 4_096;
/// So long whoever writes waits for others to have it: who are there, and who may be.
const CONNECTED_WAIT_MAX: Duration = Duration::from_millis(300);
const AWAY_WAIT_MAX: Duration = Duration::from_secs(2);

impl From<CircleError> for Failure {
    fn from(error: CircleError) -> Self {
        let code = match error {
            CircleError::NotIn | CircleError::NotAllowed | CircleError::Stranger => FailureCode::Denied,
            _ => FailureCode::Invalid,
        };
        Self::new(code, error.to_string())
    }
}

fn sent(bytes: &[u8]) -> Sent {
    Sent { bytes: bytes.len() as u64, digest: Some(Digest::of(bytes)) }
}

/// Whether a circle is somebody's too: they are in it, or are invited.
fn concerns(room: &Room, did: &Did) -> bool {
    !room.superseded
        && (room.circle.epoch().is_some_and(|epoch| epoch.has_owner(did)) || room.circle.invited().contains(did))
}

/// Says to somebody that they are not in a circle any more, and by which epoch.
fn out_of(room: &Room) -> Sync {
    let heads = room.circle.epoch().map(|epoch| epoch.id).into_iter().collect();
    Sync { out: true, heads, ..Sync::about(room.circle.id()) }
}

/// Whether there is something to say to a contact, or to ask.
fn has_news(room: &mut Room, did: &Did, twin: &Twin) -> bool {
    if room.untold().contains_key(did) {
        return true;
    }
    if !concerns(room, did) || (!room.circle.owner_is_in() && room.circle.wishes().is_empty()) {
        return false;
    }
    if room.circle.invited().contains(did) || room.invitations.contains_key(did) || room.circle.needs_in() {
        return true;
    }
    let Some(told) = room.told.get(did) else { return true };
    let now = room.circle.greet(twin.now());
    now.have != told.have || now.heads != told.heads || !now.want.is_empty() || now.acked != told.acked
}

fn waits(twin: &Twin, did: &Did) -> bool {
    // Nobody opens the circles just to find that there are none.
    with(twin, |book| {
        let news = book.rooms.values_mut().any(|room| has_news(room, did, twin));
        Ok(news || files::wants(twin, book, did))
    })
    .unwrap_or(false)
}

fn run(twin: &Twin, did: &Did) -> Result<(), Failure> {
    let rooms: Vec<Digest> = with(twin, |book| {
        let concerned = book.rooms.iter_mut().filter_map(|(id, room)| has_news(room, did, twin).then_some(*id));
        Ok(concerned.collect())
    })?;
    let mut first = Ok(());
    for id in rooms {
        let done =
            tell_out(twin, &id, did).and_then(|()| invite(twin, &id, did)).and_then(|()| converse(twin, &id, did));
        first = first.and(done);
    }
    first.and(files::fetch_from(twin, did))
}

/// Whether the other side has heard it and will not have it: saying it again would change nothing.
fn is_refusal(failure: &Failure) -> bool {
    matches!(failure.code, FailureCode::Invalid | FailureCode::Denied | FailureCode::NotFound)
}

/// Nothing is left to be brought to somebody who was let in.
fn no_invitation(id: &Digest, did: &Did) -> Entry {
    Entry::Invited { circle: *id, to: did.clone(), invitation: Bytes::default() }
}

/// Tells somebody who was in a circle that they are not any more: nobody else would, since nobody shares it with them.
fn tell_out(twin: &Twin, id: &Digest, did: &Did) -> Result<(), Failure> {
    let untold = with(twin, |book| {
        let room = book.room(id)?;
        Ok(room.untold().remove(did).map(|epoch| (epoch, out_of(room))))
    })?;
    let Some((epoch, says)) = untold else { return Ok(()) };
    let bytes = says.encode();
    let request = Request::CircleSync(SyncIn { circle: *id, sync: sent(&bytes) });
    let told = online::ask_with(twin, did, &request, Some(&mut bytes.as_slice())).map(drop);
    // Whoever knows already, or never came in, has no such circle.
    if told.as_ref().err().is_none_or(is_refusal) {
        let entry = Entry::ToldOut { circle: *id, who: did.clone(), epoch };
        with(twin, |book| book.commit(twin, vec![entry]))?;
        return Ok(());
    }
    told
}

/// Lets somebody in who is wished for, now that they are there, and tells those who were let in.
fn invite(twin: &Twin, id: &Digest, did: &Did) -> Result<(), Failure> {
    let (invited, mut invitation) = with(twin, |book| {
        let room = book.room(id)?;
        let invited = room.circle.invited().contains(did) && room.circle.is_in();
        // Who was put out before it reached them is not let in by it.
        let within = room.circle.epoch().is_some_and(|epoch| epoch.has_owner(did));
        let invitation = room.invitations.get(did).cloned();
        if invitation.is_some() && !within {
            book.commit(twin, vec![no_invitation(id, did)])?;
        }
        Ok((invited, invitation.filter(|_| within)))
    })?;
    if invited && invitation.is_none() {
        let (_, answer) = online::ask(twin, did, &Request::KeyPackage(KeyPackageAsked {}))?;
        let answer: KeyPackageOut = serde_json::from_slice(&answer.answer).map_err(|_| unknown())?;
        let package = URL_SAFE_NO_PAD.decode(&answer.package).map_err(|_| unknown())?;
        if package.len() > PACKAGE_BYTES_MAX {
            return Err(unknown());
        }
        invitation = with(twin, |book| let_in(twin, book, id, did, &package))?;
    }
    let Some(invitation) = invitation else { return Ok(()) };
    with(twin, |book| repeat_before(twin, book, id))?;
    let request = Request::Welcome(WelcomeIn { invitation: sent(&invitation) });
    let welcomed = online::ask_with(twin, did, &request, Some(&mut invitation.as_slice())).map(drop);
    if welcomed.as_ref().err().is_none_or(is_refusal) {
        with(twin, |book| book.commit(twin, vec![no_invitation(id, did)]))?;
    }
    welcomed
}

fn let_in(twin: &Twin, book: &mut Book, id: &Digest, did: &Did, package: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
    let versions = versions_of(twin, did)?;
    let circle = &mut book.room(id)?.circle;
    if !circle.invited().contains(did) {
        return Ok(None);
    }
    let own = circle.person(&twin.versions());
    book.keep(twin, id, own)?;
    let (effects, invitation) = book.room(id)?.circle.let_in_for(did, package, &versions, twin.now())?;
    let invitation = invitation.encode();
    // Whoever is in and has no invitation would never hear of it.
    let entry = Entry::Invited { circle: *id, to: did.clone(), invitation: Bytes(invitation.clone()) };
    book.keep_with(twin, id, effects, vec![entry])?;
    Ok(Some(invitation))
}

/// In a conversation of two, what was written before the other one was let in is theirs too.
fn repeat_before(twin: &Twin, book: &mut Book, id: &Digest) -> Result<(), Failure> {
    let room = book.room(id)?;
    if !room.circle.epoch().is_some_and(|epoch| epoch.charter.pair) {
        return Ok(());
    }
    let before = room.unshared(twin.device_key().did());
    say_again(twin, book, id, before)
}

/// Sends messages of ours again, for somebody who could not open them.
fn say_again(twin: &Twin, book: &mut Book, id: &Digest, again: Vec<Digest>) -> Result<(), Failure> {
    for message in again {
        let room = book.room(id)?;
        let Some((mut content, _)) = room.content(twin, &message)? else { continue };
        content.again = Some(message);
        match room.circle.say(&content, twin.now()) {
            Ok((_, effects)) => drop(book.keep(twin, id, effects)?),
            Err(CircleError::NotIn) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What is to be done in a circle now that something has come in or was wished.
pub(super) fn duties(twin: &Twin, book: &mut Book, id: &Digest) -> Result<(), Failure> {
    let people = book.room(id)?.circle.epoch().map(|epoch| epoch.owners().into_iter().cloned().collect::<Vec<_>>());
    for did in people.unwrap_or_default() {
        let versions = versions_of(twin, &did)?;
        let effects = book.room(id)?.circle.person(&versions);
        book.keep(twin, id, effects)?;
    }
    match book.room(id)?.circle.duties(twin.now()) {
        Ok(effects) => book.keep(twin, id, effects).map(drop),
        // What cannot be done now is tried again when something comes in.
        Err(_) => Ok(()),
    }
}

/// Takes a step in, and gives the next one.
fn hear(
    twin: &Twin,
    book: &mut Book,
    id: &Digest,
    from: &Did,
    sync: &Sync,
    kept: Option<&[u8]>,
) -> Result<Sync, Failure> {
    let now = twin.now();
    if let (Some(invitation), Some(kept)) = (&sync.invitation, kept) {
        join(twin, book, invitation, kept)?;
    }
    // Whoever has not heard yet that we were let in again says nothing new.
    let is_past = |room: &Room| sync.heads.first().is_some_and(|epoch| room.circle.is_past(epoch));
    if sync.out && !is_past(book.room(id)?) {
        let effects = book.room(id)?.circle.put_out();
        book.keep(twin, id, effects)?;
        duties(twin, book, id)?;
        return Ok(Sync::about(*id));
    }
    let effects = book.room(id)?.circle.take(&sync.give, now);
    book.keep(twin, id, effects)?;
    let effects = book.room(id)?.circle.take_acks(&sync.acks);
    let again = book.keep(twin, id, effects)?;
    duties(twin, book, id)?;
    say_again(twin, book, id, again)?;
    let mut invitation = None;
    if let Some(Bytes(package)) = &sync.package {
        let versions = versions_of(twin, from)?;
        // Only a device of the contact's own is let in on their asking.
        if let Ok((effects, made)) = book.room(id)?.circle.let_in_for(from, package, &versions, now) {
            book.keep(twin, id, effects)?;
            invitation = Some(Box::new(made));
        }
    }
    let room = book.room(id)?;
    let mut answer = room.answer(twin, sync);
    answer.invitation = invitation;
    let told = Sync { give: Vec::new(), acks: Vec::new(), invitation: None, package: None, ..sync.clone() };
    room.told.insert(from.clone(), told);
    book.keep_acks(twin, id);
    Ok(answer)
}

/// Goes into a circle, or back into it.
fn join(twin: &Twin, book: &mut Book, invitation: &Invitation, kept: &[u8]) -> Result<Digest, Failure> {
    let envelope = Envelope::decode(&invitation.commit.0).map_err(|_| CircleError::Malformed)?;
    let id = envelope.header.circle;
    let known = book.rooms.get_mut(&id).map(|room| std::mem::replace(&mut room.circle, Circle::blank(me(twin), id)));
    match Circle::join(known, me(twin), invitation, kept, twin.now()) {
        Ok((circle, effects)) => book.enter(twin, circle, effects),
        Err((known, error)) => {
            if let (Some(circle), Some(room)) = (known, book.rooms.get_mut(&id)) {
                room.circle = circle;
            }
            Err(error.into())
        }
    }
}

/// Speaks with a contact about a circle until neither has news.
fn converse(twin: &Twin, id: &Digest, did: &Did) -> Result<(), Failure> {
    let mut kept = None;
    let mut step = with(twin, |book| {
        duties(twin, book, id)?;
        let room = book.room(id)?;
        if !room.circle.epoch().is_some_and(|epoch| epoch.has_owner(did)) {
            return Ok(None);
        }
        // What they had when they were last spoken with says what they lack.
        let told = room.told.get(did).cloned();
        Ok(Some(match told {
            Some(told) => room.answer(twin, &told),
            None => room.circle.greet(twin.now()),
        }))
    })?;
    let mut moved = false;
    for _ in 0..STEPS_MAX {
        let Some(mut next) = step.take() else { break };
        if kept.is_none() && with(twin, |book| Ok(book.room(id)?.circle.needs_in()))? {
            let (public, private) = package(&me(twin))?;
            next.package = Some(Bytes(public));
            kept = Some(private);
        }
        let bytes = next.encode();
        let request = Request::CircleSync(SyncIn { circle: *id, sync: sent(&bytes) });
        let (_, _, incoming) = online::ask_with(twin, did, &request, Some(&mut bytes.as_slice()))?;
        let bytes = incoming.ok_or_else(unknown)?.all(SYNC_BYTES_MAX as u64).map_err(|error| broken(&error))?;
        let malformed =
            || Failure::new(FailureCode::Invalid, "the other twin answers in a form that is not known here");
        let from = Sync::decode(&bytes).map_err(|_| malformed())?;
        if from.circle != *id {
            return Err(malformed());
        }
        moved |= !from.give.is_empty() || from.invitation.is_some();
        let after = with(twin, |book| hear(twin, book, id, did, &from, kept.as_deref().map(Vec::as_slice)))?;
        let quiet = after.give.is_empty()
            && after.acks.is_empty()
            && from.give.is_empty()
            && from.acks.is_empty()
            && from.invitation.is_none()
            && !after.want.iter().any(|want| from.heads.contains(want));
        if from.out || quiet {
            break;
        }
        step = Some(after);
    }
    if moved {
        spread(twin, id, Some(did));
    }
    Ok(())
}

/// Hands on what is new in a circle to those members who are contacts, but for one who has it already. Returns what
/// says when that is over.
fn hand_on(twin: &Twin, id: &Digest, but: Option<&Did>) -> Vec<(bool, mpsc::Receiver<()>)> {
    let members = with(twin, |book| {
        let room = book.room(id)?;
        let mut members: Vec<Did> = room.untold().into_keys().collect();
        let circle = &room.circle;
        members.extend(circle.invited());
        members.extend(
            circle.epoch().map(|epoch| epoch.owners().into_iter().cloned().collect::<Vec<_>>()).unwrap_or_default(),
        );
        Ok(members)
    });
    let connected = twin.peers.online.running().map(|link| link.connected()).unwrap_or_default();
    let mut members = members.unwrap_or_default();
    members.retain(|did| did != twin.did() && Some(did) != but);
    members.dedup();
    let contact = |did: &Did| {
        peers::look(twin, |book| book.contacts.get(did).is_some_and(|contact| !contact.blocked)).unwrap_or(false)
    };
    members.retain(contact);
    members.sort_by_key(|did| !connected.contains(did));
    // Whoever is away is looked for in their own time, unless everybody is.
    let nobody = !members.iter().any(|did| connected.contains(did));
    let wanted = members.into_iter().filter(|did| nobody || connected.contains(did));
    wanted.map(|did| (connected.contains(&did), online::deliver_soon(twin, &did))).collect()
}

/// Hands on, and does not wait.
pub(super) fn spread(twin: &Twin, id: &Digest, but: Option<&Did>) {
    drop(hand_on(twin, id, but));
}

/// Hands on what was just written, and waits a moment for it.
pub(super) fn spread_now(twin: &Twin, id: &Digest) {
    let began = Instant::now();
    for (connected, over) in hand_on(twin, id, None) {
        let most = if connected { CONNECTED_WAIT_MAX } else { AWAY_WAIT_MAX };
        let _ = over.recv_timeout(most.saturating_sub(began.elapsed()));
    }
}

/// A contact asks for a key package.
pub(super) fn give_package(twin: &Twin, from: &Did) -> Result<KeyPackageOut, Failure> {
    with(twin, |book| {
        let (public, kept) = package(&me(twin))?;
        book.give_package(twin, from, &kept)?;
        Ok(KeyPackageOut { package: URL_SAFE_NO_PAD.encode(public) })
    })
}

/// A contact lets this device in.
pub(super) fn welcome(twin: &Twin, from: &Did, payload: &mut Payload<'_>) -> Result<Nothing, Failure> {
    let upload = payload.upload()?;
    let malformed = || Failure::new(FailureCode::Invalid, "not an invitation to a circle");
    if upload.left() > INVITATION_BYTES_MAX as u64 {
        return Err(malformed());
    }
    let mut bytes = Vec::new();
    upload.read_to_end(&mut bytes).map_err(|error| broken(&error))?;
    let invitation = Invitation::decode(&bytes).map_err(|_| malformed())?;
    let envelope = Envelope::decode(&invitation.commit.0).map_err(|_| malformed())?;
    // It is the contact who lets us in, with a device of theirs.
    let identity = verify_chain(&versions_of(twin, from)?).map_err(|_| malformed())?;
    if !identity.is_active(&envelope.header.author) {
        return Err(malformed());
    }
    let id = with(twin, |book| {
        let wanted: Vec<usize> =
            (0..book.packages.len()).rev().filter(|at| book.packages[*at].given_to == *from).collect();
        let pairs = pairs_with(book, from);
        let mut refused = malformed();
        for at in wanted {
            let kept = zeroize::Zeroizing::new(book.packages[at].kept.clone());
            match join(twin, book, &invitation, &kept) {
                Ok(id) => {
                    book.packages.remove(at);
                    book.write_packages(twin)?;
                    merge_pairs(twin, book, &id, &pairs)?;
                    duties(twin, book, &id)?;
                    return Ok(id);
                }
                Err(failure) => refused = failure,
            }
        }
        Err(refused)
    })?;
    book::told_all(twin);
    spread(twin, &id, None);
    Ok(Nothing {})
}

/// Conversations with a contact, the one that is used first.
pub(super) fn pairs_with(book: &Book, did: &Did) -> Vec<Digest> {
    let with_them = |room: &Room| {
        let pair = room.circle.epoch().is_some_and(|epoch| epoch.charter.pair);
        pair && room.circle.owner_is_in() && concerns(room, did)
    };
    book.rooms.iter().filter(|(_, room)| with_them(room)).map(|(id, _)| *id).collect()
}

/// Both began a conversation with each other at the same time: the one with the smaller id is used by both, and what
/// this owner wrote in the other one is written there again.
fn merge_pairs(twin: &Twin, book: &mut Book, joined: &Digest, before: &[Digest]) -> Result<(), Failure> {
    if !book.room(joined)?.circle.epoch().is_some_and(|epoch| epoch.charter.pair) {
        return Ok(());
    }
    let Some(other) = before.iter().find(|id| *id != joined).copied() else { return Ok(()) };
    // A conversation in which nobody else is yet gives way; else the smaller id counts, on both sides.
    let alone = book.room(&other)?.circle.epoch().is_some_and(|epoch| epoch.owners().len() < 2);
    let (stays, goes) = if alone || *joined < other { (*joined, other) } else { (other, *joined) };
    let own = twin.device_key().did().clone();
    let room = book.room(&goes)?;
    let mine: Vec<Digest> = room.order.iter().map(|(_, id)| *id).collect();
    let mut contents = Vec::new();
    for id in mine {
        if room.circle.author(&id).is_some_and(|(author, _)| *author == own) {
            contents.extend(room.content(twin, &id)?.map(|(content, _)| content));
        }
    }
    book.commit(twin, vec![Entry::Superseded { circle: goes }])?;
    for mut content in contents {
        content.again = None;
        let (_, effects) = book.room(&stays)?.circle.say(&content, twin.now())?;
        book.keep(twin, &stays, effects)?;
    }
    Ok(())
}

/// A contact brings and wants what is new in a circle.
pub(super) fn synchronise(
    twin: &Twin,
    from: &Did,
    asked: &SyncIn,
    payload: &mut Payload<'_>,
) -> Result<SyncOut, Failure> {
    let id = asked.circle;
    // Nothing is read of somebody who has no part in it.
    let member = with(twin, |book| {
        let room = book.rooms.get(&id).filter(|room| room.circle.knows(from)).ok_or_else(unknown)?;
        // Whoever is out themselves does not say who is in.
        if !room.circle.owner_is_in() {
            return Err(unknown());
        }
        Ok(room.circle.epoch().is_some_and(|epoch| epoch.has_owner(from)))
    })?;
    let upload = payload.upload()?;
    let malformed = || Failure::new(FailureCode::Invalid, "not a step of synchronising a circle");
    if upload.left() > SYNC_BYTES_MAX as u64 {
        return Err(malformed());
    }
    let mut bytes = Vec::new();
    upload.read_to_end(&mut bytes).map_err(|error| broken(&error))?;
    let sync = Sync::decode(&bytes).ok().filter(|sync| sync.circle == id).ok_or_else(malformed)?;
    let answer = if member {
        let moved = !sync.give.is_empty() || !sync.acks.is_empty();
        let answer = with(twin, |book| {
            duties(twin, book, &id)?;
            hear(twin, book, &id, from, &sync, None)
        })?;
        if moved {
            spread(twin, &id, Some(from));
        }
        answer
    } else {
        with(twin, |book| Ok(out_of(book.room(&id)?)))?
    };
    let bytes = answer.encode();
    let said = sent(&bytes);
    payload.send(said.bytes, Box::new(std::io::Cursor::new(bytes)));
    Ok(SyncOut { sync: said })
}
