//! Messages: everybody writes in one circle and to each other. In the end every message that its writer was told is sent
//! is at every member once, and nowhere before one that its writer had read.

use super::Town;
use crate::Result;
use crate::seeded::Seeded;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Messages of a page.
const PAGE: &str = "500";
/// What the circle of all is called.
const NAME: &str = "everybody";

/// Where something is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// The circle of all.
    All,
    /// A conversation of two, the lower number first.
    Two(usize, usize),
}

impl Place {
    fn members(self, count: usize) -> Vec<usize> {
        match self {
            Self::All => (0..count).collect(),
            Self::Two(a, b) => vec![a, b],
        }
    }
}

/// A message that its writer was told is sent.
struct Sent {
    place: Place,
    text: String,
    /// The texts that the writer had read.
    after: BTreeSet<String>,
}

/// What is known of messages, from outside.
#[derive(Default)]
pub(super) struct Chat {
    circle: String,
    written: u64,
    sent: Vec<Sent>,
}

impl Chat {
    /// Makes the circle, and waits until everybody is in it.
    pub(super) fn begin(town: &Town) -> Result<Self> {
        let dids = town.desks[1..].iter().map(|desk| desk.did.as_str());
        let words: Vec<&str> = ["circle", "create", NAME].into_iter().chain(dids).collect();
        town.desks[0].answer(&town.hosts, &words)?;
        let mut circle = String::new();
        town.until("everybody is in the circle", || {
            for desk in &town.desks {
                let listed = desk.list(&town.hosts, &["circle", "list"])?;
                let Some(shown) = listed.iter().find(|shown| shown["name"] == NAME) else {
                    return Ok(Err(format!("host {} knows of no circle", desk.host)));
                };
                let members = shown["members"]
                    .as_array()
                    .map_or(0, |members| members.iter().filter(|member| member["invited"] == false).count());
                if shown["state"] != "member" || members != town.desks.len() {
                    return Ok(Err(format!("host {}: {}, with {members} members", desk.host, shown["state"])));
                }
                shown["circle"].as_str().unwrap_or_default().clone_into(&mut circle);
            }
            Ok(Ok(()))
        })?;
        Ok(Self { circle, ..Self::default() })
    }

    /// How many messages were told to be sent.
    pub(super) fn count(&self) -> usize {
        self.sent.len()
    }

    fn called(&self, town: &Town, place: Place, who: usize) -> String {
        match place {
            Place::All => self.circle.clone(),
            Place::Two(a, b) => town.desks[if a == who { b } else { a }].did.clone(),
        }
    }

    /// The texts that `who` has in a place, in order; nothing where nothing was written yet.
    fn texts(&self, town: &Town, place: Place, who: usize) -> Result<Vec<String>> {
        let called = self.called(town, place, who);
        let mut pages: Vec<Vec<String>> = Vec::new();
        let mut before: Option<String> = None;
        loop {
            let mut words = vec!["messages", &called, "--limit", PAGE];
            words.extend(before.iter().flat_map(|before| ["--before", before.as_str()]));
            let Some(page) = town.desks[who].try_answer(&town.hosts, &words)? else { break };
            let messages = page["messages"].as_array().cloned().unwrap_or_default();
            let text = |message: &Value| message["text"].as_str().map(str::to_owned);
            pages.push(messages.iter().filter(|message| message["event"].is_null()).filter_map(text).collect());
            before = messages.first().and_then(|message| message["message"].as_str()).map(str::to_owned);
            if page["more"] != true || before.is_none() {
                break;
            }
        }
        Ok(pages.into_iter().rev().flatten().collect())
    }

    /// `who` reads, and writes to all or to `whom`.
    pub(super) fn act(&mut self, town: &Town, who: usize, whom: usize, lots: &mut Seeded) -> Result<()> {
        let place = if lots.once_in(3) { Place::Two(who.min(whom), who.max(whom)) } else { Place::All };
        let after: BTreeSet<String> = self.texts(town, place, who)?.into_iter().collect();
        self.written += 1;
        let text = format!("message {} from host {who}", self.written);
        let called = self.called(town, place, who);
        // Whoever is killed while they write does not know whether it was sent.
        if town.desks[who].try_answer(&town.hosts, &["send", &called, &text])?.is_some() {
            self.sent.push(Sent { place, text, after });
        }
        Ok(())
    }

    /// Every message at every member, once, in order; in words what is not so yet. What can never become so is an error.
    pub(super) fn agree(&self, town: &Town) -> Result<std::result::Result<(), String>> {
        let mut places: BTreeMap<Place, Vec<&Sent>> = BTreeMap::new();
        for sent in &self.sent {
            places.entry(sent.place).or_default().push(sent);
        }
        for (place, sent) in places {
            let mut first: Option<BTreeSet<String>> = None;
            for who in place.members(town.desks.len()) {
                let texts = self.texts(town, place, who)?;
                let mut at: BTreeMap<&str, usize> = BTreeMap::new();
                for (number, text) in texts.iter().enumerate() {
                    if at.insert(text, number).is_some() {
                        return Err(format!("host {who} has \"{text}\" twice").into());
                    }
                }
                for message in &sent {
                    let Some(here) = at.get(message.text.as_str()) else {
                        return Ok(Err(format!("host {who} lacks \"{}\"", message.text)));
                    };
                    for before in &message.after {
                        match at.get(before.as_str()) {
                            None => return Ok(Err(format!("host {who} lacks \"{before}\""))),
                            Some(there) if there > here => {
                                let text = &message.text;
                                return Err(format!("host {who} has \"{before}\" after \"{text}\"").into());
                            }
                            Some(_) => {}
                        }
                    }
                }
                let all: BTreeSet<String> = texts.into_iter().collect();
                if *first.get_or_insert_with(|| all.clone()) != all {
                    return Ok(Err(format!("host {who} has other messages than the one before")));
                }
            }
        }
        Ok(Ok(()))
    }
}
