//! What twins show of conversations and circles.

use super::{Place, broken};
use crate::Broken;
use crate::town::Town;
use didymos_base::Digest;
use didymos_twin::request::Messages as Page;
use didymos_twin::response::{CircleEvent, CircleShown, MessageShown, MessagesAnswer};
use didymos_twin::{Request, Response};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn circles(town: &Town, who: usize) -> Result<Vec<CircleShown>, Broken> {
    match town.people[who].ask(Request::Circles) {
        Some(Ok(Response::Circles(circles))) => Ok(circles),
        Some(other) => Err(broken(format!("{who} lists no circles: {other:?}"))),
        None => Ok(Vec::new()),
    }
}

pub(super) fn page(town: &Town, who: usize, circle: &Digest) -> Result<Option<MessagesAnswer>, Broken> {
    let asked = Page { circle: circle.to_string(), limit: 500, ..Page::default() };
    match town.people[who].ask(Request::Messages(asked)) {
        Some(Ok(Response::Messages(answer))) => Ok(Some(*answer)),
        Some(other) => Err(broken(format!("{who} does not read {circle}: {other:?}"))),
        None => Ok(None),
    }
}

/// Texts in the order shown.
pub(super) fn texts(page: &MessagesAnswer) -> Vec<String> {
    let said = page.messages.iter().filter(|message| message.event.is_none());
    said.map(|message| message.text.clone()).collect()
}

/// Who is in, by what a twin shows: those who are only asked to join are not yet.
pub(super) fn members(town: &Town, shown: &CircleShown) -> BTreeSet<usize> {
    let within = shown.members.iter().filter(|member| !member.devices.is_empty());
    within.filter_map(|member| town.number_of(&member.did)).collect()
}

/// Who is not in any more, by what a twin shows.
pub(super) fn left(town: &Town, page: &MessagesAnswer) -> BTreeSet<usize> {
    let mut left = BTreeSet::new();
    for event in page.messages.iter().filter_map(|message| message.event.as_ref()) {
        match event {
            CircleEvent::Joined { did } => drop(town.number_of(did).map(|who| left.remove(&who))),
            CircleEvent::Left { did } => drop(town.number_of(did).map(|who| left.insert(who))),
            CircleEvent::Named { .. } => {}
        }
    }
    left
}

pub(super) fn place_of(town: &Town, who: usize, shown: &CircleShown) -> Option<Place> {
    match &shown.with {
        None => Some(Place::Circle(shown.circle)),
        Some(with) => town.number_of(with).map(|other| Place::Pair(who.min(other), who.max(other))),
    }
}

/// What somebody's twin shows.
pub(super) struct View {
    pub(super) circles: BTreeMap<Digest, CircleShown>,
    pub(super) messages: BTreeMap<Place, Vec<(Digest, MessageShown)>>,
    pub(super) texts: BTreeMap<Place, Vec<String>>,
}

impl View {
    pub(super) fn of(town: &Town, who: usize) -> Result<Option<Self>, Broken> {
        let mut view = Self { circles: BTreeMap::new(), messages: BTreeMap::new(), texts: BTreeMap::new() };
        for shown in circles(town, who)? {
            let Some(place) = place_of(town, who, &shown) else { continue };
            let Some(page) = page(town, who, &shown.circle)? else { return Ok(None) };
            view.texts.entry(place).or_default().extend(texts(&page));
            let said = page.messages.into_iter().filter(|message| message.event.is_none());
            view.messages.entry(place).or_default().extend(said.map(|message| (shown.circle, message)));
            view.circles.insert(shown.circle, shown);
        }
        // Where the machine went down meanwhile, it does not show all.
        let person = &town.people[who];
        Ok((person.twin().is_some() && !person.is_pulled()).then_some(view))
    }

    pub(super) fn count(&self, place: Place, text: &str) -> usize {
        self.texts.get(&place).map_or(0, |texts| texts.iter().filter(|one| *one == text).count())
    }

    pub(super) fn find(&self, place: Place, text: &str) -> Option<&(Digest, MessageShown)> {
        self.messages.get(&place)?.iter().find(|(_, message)| message.text == text)
    }
}
