//! What the owner asks about circles and messages.

use super::book::{self, Book, Entry, Room, me, unknown, versions_of, with};
use super::exchange::{duties, pairs_with, spread, spread_now};
use super::files;
use super::shown::{self, Names, with_whom};
use crate::Twin;
use crate::door::{Failure, FailureCode};
use crate::peers::{self, meant};
use crate::request::{
    CircleAdmin, CircleNew, CircleRename, CircleWhich, CircleWho, MESSAGES_MAX, MessageNew, MessageRead, Messages,
};
use crate::response::{CircleShown, MessagesAnswer};
use didymos_base::{Did, Digest};
use didymos_circle::{Charter, Circle, Content, File, NAME_CHARACTERS_MAX, Wish};
use std::collections::BTreeMap;

/// The fewest digits that name a circle.
const PREFIX_MIN: usize = 4;
/// The most contacts that are asked to join when a circle is made.
const INVITED_MAX: usize = 64;

fn invalid(words: impl Into<String>) -> Failure {
    Failure::new(FailureCode::Invalid, words)
}

fn begin(twin: &Twin, book: &mut Book, name: &str, pair: bool) -> Result<Digest, Failure> {
    let id = Digest(twin.random()?);
    let charter = Charter { name: name.to_owned(), creator: twin.did().clone(), admins: Vec::new(), pair };
    let (circle, effects) = Circle::begin(me(twin), id, charter, twin.versions(), twin.now())?;
    book.enter(twin, circle, effects)
}

fn wish(twin: &Twin, book: &mut Book, id: &Digest, wish: Wish) -> Result<(), Failure> {
    let effects = book.room(id)?.circle.wish(wish)?;
    book.keep(twin, id, effects)?;
    duties(twin, book, id)
}

fn one(twin: &Twin, id: &Digest) -> Result<Vec<CircleShown>, Failure> {
    let names = Names::of(twin)?;
    with(twin, |book| Ok(vec![shown::circle(twin, book.room(id)?, &names)?]))
}

fn sound_name(name: &str) -> Result<String, Failure> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX || name.chars().any(char::is_control) {
        return Err(invalid("a circle's name has 1 to 80 characters"));
    }
    Ok(name.to_owned())
}

pub(super) fn create(twin: &Twin, asked: &CircleNew) -> Result<Vec<CircleShown>, Failure> {
    let name = sound_name(&asked.name)?;
    if asked.invite.len() > INVITED_MAX {
        return Err(invalid("ask at most 64 contacts at once"));
    }
    let invited = asked.invite.iter().map(|text| reachable(twin, text)).collect::<Result<Vec<Did>, Failure>>()?;
    let id = with(twin, |book| {
        let id = begin(twin, book, &name, false)?;
        for did in invited {
            wish(twin, book, &id, Wish::Add(did))?;
        }
        Ok(id)
    })?;
    spread_now(twin, &id);
    one(twin, &id)
}

/// A contact that is not blocked.
fn reachable(twin: &Twin, text: &str) -> Result<Did, Failure> {
    let contact = meant(twin, text)?;
    if contact.blocked {
        return Err(invalid(format!("{} is blocked: `twin contacts unblock` first", contact.name)));
    }
    Ok(contact.did)
}

pub(super) fn list(twin: &Twin) -> Result<Vec<CircleShown>, Failure> {
    let names = Names::of(twin)?;
    with(twin, |book| {
        // A conversation that nobody was asked into, because the machine went down just then, is begun anew.
        let whole = |room: &&Room| {
            let pair = room.circle.epoch().is_some_and(|epoch| epoch.charter.pair);
            !pair || with_whom(room, twin.did()).is_some()
        };
        let rooms = book.rooms.values().filter(|room| !room.superseded).filter(whole);
        let mut all = rooms.map(|room| shown::circle(twin, room, &names)).collect::<Result<Vec<_>, _>>()?;
        all.sort_by(|a, b| {
            let received = |circle: &CircleShown| circle.last.as_ref().map(|last| last.received.clone());
            received(b).cmp(&received(a)).then(a.name.cmp(&b.name))
        });
        Ok(all)
    })
}

/// The circle that the owner means: its id or the beginning of it, its name, or the contact of a conversation of two.
pub(super) fn which(twin: &Twin, text: &str) -> Result<Digest, Failure> {
    let wanted = text.trim().to_lowercase();
    let contact = meant(twin, text.trim()).ok().map(|contact| contact.did);
    with(twin, |book| {
        let live = || book.rooms.iter().filter(|(_, room)| !room.superseded);
        let named = |room: &Room| room.circle.epoch().map(|epoch| epoch.charter.name.to_lowercase());
        if let Some((id, _)) = live().find(|(id, room)| id.to_string() == wanted || named(room) == Some(wanted.clone()))
        {
            return Ok(*id);
        }
        let with_them = |room: &Room| contact.is_some() && with_whom(room, twin.did()) == contact;
        let pair = live().filter(|(_, room)| with_them(room));
        if let Some((id, _)) = pair.max_by_key(|(_, room)| room.circle.owner_is_in()) {
            return Ok(*id);
        }
        let begins = |id: &Digest| wanted.len() >= PREFIX_MIN && id.to_string().starts_with(&wanted);
        let mut found = live().filter(|(id, room)| {
            begins(id) || named(room).is_some_and(|name| !wanted.is_empty() && name.starts_with(&wanted))
        });
        match (found.next(), found.next()) {
            (Some((id, _)), None) => Ok(*id),
            (None, _) => Err(unknown()),
            _ => Err(invalid(format!("several circles may be meant by {text}: write more of the name or id"))),
        }
    })
}

/// A member of a circle: what the owner calls them, or their DID.
fn member(twin: &Twin, id: &Digest, text: &str) -> Result<Did, Failure> {
    let contact = meant(twin, text).ok().map(|contact| contact.did);
    with(twin, |book| {
        let room = book.room(id)?;
        let members = room.circle.epoch().map(|epoch| epoch.owners().into_iter().cloned().collect::<Vec<_>>());
        let mut members = members.unwrap_or_default();
        members.extend(room.circle.invited());
        let found = members.into_iter().find(|did| Some(did) == contact.as_ref() || did.as_str() == text.trim());
        found.ok_or_else(|| {
            Failure::new(
                FailureCode::NotFound,
                format!("{text} is not in this circle: `twin circle show` lists who is"),
            )
        })
    })
}

fn change(twin: &Twin, id: &Digest, what: Wish) -> Result<Vec<CircleShown>, Failure> {
    with(twin, |book| wish(twin, book, id, what))?;
    spread_now(twin, id);
    one(twin, id)
}

pub(super) fn invite(twin: &Twin, asked: &CircleWho) -> Result<Vec<CircleShown>, Failure> {
    let id = which(twin, &asked.circle)?;
    change(twin, &id, Wish::Add(reachable(twin, &asked.who)?))
}

pub(super) fn remove(twin: &Twin, asked: &CircleWho) -> Result<Vec<CircleShown>, Failure> {
    let id = which(twin, &asked.circle)?;
    change(twin, &id, Wish::Remove(member(twin, &id, &asked.who)?))
}

pub(super) fn leave(twin: &Twin, asked: &CircleWhich) -> Result<Vec<CircleShown>, Failure> {
    let id = which(twin, &asked.circle)?;
    // Who is alone in a circle has nobody to tell.
    let alone = with(twin, |book| {
        let alone = book.room(&id)?.circle.epoch().is_none_or(|epoch| epoch.owners().len() < 2);
        if alone {
            let effects = book.room(&id)?.circle.put_out();
            book.keep(twin, &id, effects)?;
        }
        Ok(alone)
    })?;
    if alone { one(twin, &id) } else { change(twin, &id, Wish::Leave) }
}

pub(super) fn rename(twin: &Twin, asked: &CircleRename) -> Result<Vec<CircleShown>, Failure> {
    let (id, name) = (which(twin, &asked.circle)?, sound_name(&asked.name)?);
    change(twin, &id, Wish::Name(name))
}

pub(super) fn admin(twin: &Twin, asked: &CircleAdmin) -> Result<Vec<CircleShown>, Failure> {
    let id = which(twin, &asked.circle)?;
    change(twin, &id, Wish::Admin(member(twin, &id, &asked.who)?, asked.admin))
}

pub(super) fn renew(twin: &Twin, asked: &CircleWhich) -> Result<Vec<CircleShown>, Failure> {
    let id = which(twin, &asked.circle)?;
    with(twin, |book| {
        let effects = book.room(&id)?.circle.renew(twin.now())?;
        book.keep(twin, &id, effects).map(drop)
    })?;
    spread_now(twin, &id);
    one(twin, &id)
}

/// The conversation with a contact; begins one if there is none.
fn conversation(twin: &Twin, did: &Did) -> Result<Digest, Failure> {
    let (id, begun) = with(twin, |book| {
        if let Some(id) = pairs_with(book, did).first() {
            return Ok((*id, false));
        }
        let id = begin(twin, book, "", true)?;
        let effects = book.room(&id)?.circle.person(&versions_of(twin, did)?);
        book.keep(twin, &id, effects)?;
        wish(twin, book, &id, Wish::Add(did.clone()))?;
        Ok((id, true))
    })?;
    if begun {
        // They are let in before the first word, if they are there.
        spread_now(twin, &id);
    }
    // Both may have begun one.
    with(twin, |book| Ok(pairs_with(book, did).first().copied().unwrap_or(id)))
}

pub(super) fn send(twin: &Twin, asked: &MessageNew) -> Result<MessagesAnswer, Failure> {
    let id = match which(twin, &asked.to) {
        Ok(id) if with(twin, |book| Ok(book.room(&id)?.is_member()))? => id,
        Ok(id) => match with(twin, |book| Ok(with_whom(book.room(&id)?, twin.did())))? {
            Some(did) => conversation(twin, &did)?,
            None => return Err(Failure::new(FailureCode::Denied, "you are not in this circle any more")),
        },
        Err(failure) if failure.code == FailureCode::NotFound => conversation(twin, &reachable(twin, &asked.to)?)?,
        Err(failure) => return Err(failure),
    };
    let file = asked.staged.as_ref().map(|staged| files::staged(twin, staged)).transpose()?;
    say(twin, &id, &Content { text: asked.text.trim().to_owned(), file, answers: asked.answers, again: None })
}

fn say(twin: &Twin, id: &Digest, content: &Content) -> Result<MessagesAnswer, Failure> {
    if !content.is_sound() {
        return Err(invalid("a message has a text of at most 16 KiB, or a file of at most 256 MiB, or both"));
    }
    let message = with(twin, |book| {
        let room = book.room(id)?;
        if room.circle.is_leaving() {
            return Err(Failure::new(FailureCode::Denied, "you have left this circle"));
        }
        if !room.circle.is_in() {
            let words = "this device waits to be let into the circle anew: somebody of it has to be there first";
            return Err(Failure::new(FailureCode::Busy, words));
        }
        let (message, effects) = room.circle.say(content, twin.now())?;
        book.keep(twin, id, effects)?;
        duties(twin, book, id)?;
        Ok(message)
    })?;
    spread_now(twin, id);
    let names = Names::of(twin)?;
    with(twin, |book| {
        let room = book.room(id)?;
        let messages = shown::message(twin, room, &names, &message)?.into_iter().collect();
        Ok(MessagesAnswer { circle: shown::circle(twin, room, &names)?, messages, more: false })
    })
}

pub(super) fn messages(twin: &Twin, asked: &Messages) -> Result<MessagesAnswer, Failure> {
    if !(1..=MESSAGES_MAX).contains(&asked.limit) {
        return Err(invalid("a page has 1 to 500 messages"));
    }
    let id = which(twin, &asked.circle)?;
    if let Some(known) = asked.unless {
        book::wait_for_news(twin, || with(twin, |book| Ok(book.room(&id)?.change != known)))?;
    }
    page(twin, &id, asked)
}

fn page(twin: &Twin, id: &Digest, asked: &Messages) -> Result<MessagesAnswer, Failure> {
    let names = Names::of(twin)?;
    with(twin, |book| {
        let room = book.room(id)?;
        let mut lines: BTreeMap<(u64, Digest), Option<shown::Happened>> =
            shown::events(room).into_iter().map(|(place, event)| (place, Some(event))).collect();
        let mut ids = BTreeMap::new();
        for (place, message) in &room.order {
            lines.insert(*place, None);
            ids.insert(*place, *message);
        }
        let before = asked.before.and_then(|before| {
            lines.keys().find(|place| place.1 == before || ids.get(place) == Some(&before)).copied()
        });
        let wanted: Vec<_> =
            lines.into_iter().rev().skip_while(|(place, _)| before.is_some_and(|before| *place >= before)).collect();
        let more = wanted.len() > asked.limit as usize;
        let mut messages = Vec::new();
        for (place, event) in wanted.into_iter().take(asked.limit as usize) {
            if let Some(event) = event {
                messages.push(shown::event(twin, room, &names, place, event));
            } else if let Some(message) = ids.get(&place) {
                messages.extend(shown::message(twin, room, &names, message)?);
            }
        }
        messages.reverse();
        Ok(MessagesAnswer { circle: shown::circle(twin, room, &names)?, messages, more })
    })
}

pub(super) fn read(twin: &Twin, asked: &MessageRead) -> Result<MessagesAnswer, Failure> {
    let id = which(twin, &asked.circle)?;
    let changed = with(twin, |book| {
        let room = book.room(&id)?;
        let place = room.place(&asked.message).map(|place| place.1);
        let effects = room.circle.see(&place.ok_or_else(unknown)?, twin.now());
        let changed = effects.changed;
        book.keep(twin, &id, effects)?;
        Ok(changed)
    })?;
    if changed {
        spread(twin, &id, None);
    }
    page(twin, &id, &Messages { circle: id.to_string(), limit: 1, ..Messages::default() })
}

/// The file of a message.
pub(super) fn file_of(twin: &Twin, book: &mut Book, circle: &Digest, message: &Digest) -> Result<File, Failure> {
    let room = book.room(circle)?;
    let content = room.content(twin, message)?;
    content.and_then(|(content, _)| content.file).ok_or_else(|| {
        Failure::new(FailureCode::NotFound, "this message has no file: `twin messages` shows which have")
    })
}

/// Asks for a file that was too large to be fetched by itself.
pub(super) fn want(twin: &Twin, book: &mut Book, circle: &Digest, message: &Digest) -> Result<(), Failure> {
    if book.room(circle)?.wanted.contains(message) {
        return Ok(());
    }
    book.commit(twin, vec![Entry::Wanted { circle: *circle, message: *message }])
}

/// A message that was found.
pub(crate) struct Found {
    pub(crate) circle: Digest,
    pub(crate) name: String,
    pub(crate) message: Digest,
    pub(crate) from: String,
    pub(crate) at: didymos_base::Timestamp,
    pub(crate) text: String,
}

/// Messages whose text or file name matches, newest first; at most so many are looked at.
pub(crate) fn find(twin: &Twin, most: usize, matches: &dyn Fn(&str) -> bool) -> Result<Vec<Found>, Failure> {
    if !peers::look(twin, |book| book.contacts.len() > 0)? {
        return Ok(Vec::new());
    }
    let names = Names::of(twin)?;
    with(twin, |book| {
        let mut found = Vec::new();
        let mut looked_at = 0;
        for (id, room) in &book.rooms {
            for (_, message) in room.order.iter().rev() {
                looked_at += 1;
                if looked_at > most {
                    return Ok(found);
                }
                let Some((content, received)) = room.content(twin, message)? else { continue };
                let file = content.file.as_ref().map(|file| file.name.as_str()).unwrap_or_default();
                if !matches(&content.text) && !matches(file) {
                    continue;
                }
                let Some(shown) = shown::message(twin, room, &names, message)? else { continue };
                let name = shown::circle(twin, room, &names)?.name;
                let from =
                    if shown.mine { String::new() } else { shown.name.unwrap_or_else(|| shown.from.to_string()) };
                let text = if content.text.is_empty() { file.to_owned() } else { content.text };
                found.push(Found { circle: *id, name, message: *message, from, at: received, text });
            }
        }
        found.sort_by_key(|found| std::cmp::Reverse(found.at));
        Ok(found)
    })
}
