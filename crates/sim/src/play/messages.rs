//! Conversations and circles: written, read, made, joined, left, and changed by several at a time.
//!
//! Every text is another one, so that it shows where each has come. In the end, whoever was a member when something was
//! written, and stayed one, reads it once, with its file; whoever the writer knew to be out reads none of it; what was
//! written after something had been read stands after it, everywhere; and everybody who is in a circle says the same of
//! who is.

mod shown;

use crate::Broken;
use crate::lots::Lots;
use crate::town::Town;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::Digest;
use didymos_twin::request::{
    CircleAdmin, CircleNew, CircleRename, CircleWhich, CircleWho, FileRead, FileStage, MessageNew, MessageRead,
};
use didymos_twin::response::{CircleShown, CircleState, FileState};
use didymos_twin::{Failure, FailureCode, Request, Response};
use shown::{View, circles, left, members, page, texts};
use std::collections::{BTreeMap, BTreeSet};

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Writes to the other one.
    Write {
        /// With a file.
        file: bool,
    },
    /// Writes into a circle.
    Tell {
        /// With a file.
        file: bool,
    },
    /// Makes a circle with some of the others in it.
    Make,
    /// Lets the other one in.
    Invite,
    /// Puts the other one out.
    Remove,
    /// Goes out of a circle.
    Leave,
    /// Gives a circle another name.
    Rename,
    /// Lets the other one lead, or no more.
    Admin {
        /// Whether they may.
        admin: bool,
    },
    /// Renews the keys.
    Renew,
    /// Has seen what is there.
    Read,
}

impl Act {
    pub(crate) fn drawn(lots: &mut Lots) -> Self {
        match lots.below(64) {
            0..=13 => Self::Write { file: lots.once_in(5) },
            14..=33 => Self::Tell { file: lots.once_in(6) },
            34..=36 => Self::Make,
            37..=40 => Self::Invite,
            41..=44 => Self::Remove,
            45 => Self::Leave,
            46..=48 => Self::Rename,
            49..=52 => Self::Admin { admin: !lots.once_in(4) },
            53..=55 => Self::Renew,
            _ => Self::Read,
        }
    }

    fn changes_who_is_in(self) -> bool {
        matches!(self, Self::Invite | Self::Remove | Self::Leave | Self::Rename | Self::Admin { .. } | Self::Renew)
    }
}

/// The most circles of a town.
const CIRCLES_MAX: usize = 3;

/// Where something was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Between two people, the lower number first.
    Pair(usize, usize),
    Circle(Digest),
}

#[derive(Clone, Debug)]
struct Said {
    by: usize,
    place: Place,
    /// Whether its writer was told that it is sent.
    told: bool,
    /// Who was in, by what the writer's twin showed.
    members: BTreeSet<usize>,
    /// Who had been in and was not any more, by the same.
    left: BTreeSet<usize>,
    /// What the writer's twin showed above it.
    before: BTreeSet<String>,
    file: Option<Vec<u8>>,
}

/// What is known of what was written, from outside.
#[derive(Default)]
pub struct Messages {
    said: BTreeMap<String, Said>,
    circles: Vec<Digest>,
    /// Who was put out of a circle at some time, or left it, or may have.
    gone: BTreeSet<(Digest, usize)>,
    /// Who last changed the circle in which epoch.
    changed: BTreeMap<(Digest, u64), usize>,
    written: u32,
}

fn broken(words: impl Into<String>) -> Broken {
    Broken::new("what is sent is read once, in order, by everybody who was in and by nobody else", words)
}

/// A failure that is an answer, not a defect.
fn is_an_answer(failure: &Failure) -> bool {
    matches!(failure.code, FailureCode::Denied | FailureCode::Invalid | FailureCode::NotFound | FailureCode::Busy)
}

impl Messages {
    /// Does one thing, and checks what comes of it.
    pub fn act(&mut self, town: &mut Town, act: Act, who: usize, whom: usize, lots: &mut Lots) -> Result<(), Broken> {
        let mut mine = circles(town, who)?;
        mine.retain(|shown| shown.with.is_none() && shown.state == CircleState::Member);
        let chosen = (!mine.is_empty()).then(|| mine.swap_remove(lots.place(mine.len())));
        let other = town.people[whom].did().to_string();
        match act {
            Act::Write { file } => {
                let place = Place::Pair(who.min(whom), who.max(whom));
                self.say(town, who, place, other, file, lots)
            }
            Act::Read => Self::read(town, who, lots),
            Act::Make => self.make(town, who, lots),
            _ => {
                let Some(circle) = chosen else { return Ok(()) };
                // Whoever goes takes along what nobody else has yet: no twin can bring that back.
                let goes = match act {
                    Act::Remove => Some(whom),
                    Act::Leave => Some(who),
                    _ => None,
                };
                let place = Place::Circle(circle.circle);
                if self.said.values().any(|said| Some(said.by) == goes && said.file.is_some() && said.place == place) {
                    return Ok(());
                }
                let id = circle.circle.to_string();
                let request = match act {
                    Act::Tell { file } => {
                        return self.say(town, who, Place::Circle(circle.circle), id, file, lots);
                    }
                    Act::Invite => Request::CircleInvite(CircleWho { circle: id, who: other }),
                    Act::Remove => Request::CircleRemove(CircleWho { circle: id, who: other }),
                    Act::Leave => Request::CircleLeave(CircleWhich { circle: id }),
                    Act::Rename => {
                        let name = format!("circle {}", lots.below(1_000));
                        Request::CircleRename(CircleRename { circle: id, name })
                    }
                    Act::Admin { admin } => Request::CircleAdmin(CircleAdmin { circle: id, who: other, admin }),
                    _ => Request::CircleRenew(CircleWhich { circle: id }),
                };
                let answer = town.people[who].ask(request);
                self.changed(town, act, who, whom, &circle, answer)
            }
        }
    }

    fn changed(
        &mut self,
        town: &Town,
        act: Act,
        who: usize,
        whom: usize,
        before: &CircleShown,
        answer: Option<Result<Response, Failure>>,
    ) -> Result<(), Broken> {
        let circle = before.circle;
        // Whatever the answer: where the machine went down, it may have come to that before.
        let done = !matches!(&answer, Some(Err(_)));
        match act {
            Act::Remove if done => drop(self.gone.insert((circle, whom))),
            Act::Leave if done => drop(self.gone.insert((circle, who))),
            _ => {}
        }
        match answer {
            None => Ok(()),
            Some(Ok(Response::Circles(shown))) => {
                let shown = shown.first().ok_or_else(|| broken("a circle is gone in the moment it is changed"))?;
                if act.changes_who_is_in() && shown.epoch > before.epoch {
                    town.trace().count("commits in circles");
                    let first = *self.changed.entry((circle, before.epoch)).or_insert(who);
                    if first != who {
                        town.trace().count("commits in conflict");
                    }
                }
                town.trace().note(format!("    epoch {} of {} people", shown.epoch, shown.members.len()));
                Ok(())
            }
            Some(Err(failure)) if is_an_answer(&failure) => {
                town.trace().note(format!("    {:?}: {}", failure.code, failure.message));
                Ok(())
            }
            Some(other) => Err(broken(format!("{act:?} by {who}: {other:?}"))),
        }
    }

    fn make(&mut self, town: &Town, who: usize, lots: &mut Lots) -> Result<(), Broken> {
        if self.circles.len() >= CIRCLES_MAX {
            return Ok(());
        }
        let others = (0..town.people.len()).filter(|other| *other != who && !lots.once_in(4));
        let invite = others.map(|other| town.people[other].did().to_string()).collect();
        let name = format!("circle of {who}");
        match town.people[who].ask(Request::CircleCreate(CircleNew { name, invite })) {
            Some(Ok(Response::Circles(shown))) => {
                let shown = shown.first().ok_or_else(|| broken("a circle is gone in the moment it is made"))?;
                self.circles.push(shown.circle);
                town.trace().count("circles made");
                Ok(())
            }
            None => Ok(()),
            // Somebody is blocked.
            Some(Err(failure)) if is_an_answer(&failure) => Ok(()),
            Some(other) => Err(broken(format!("a circle by {who}: {other:?}"))),
        }
    }

    fn say(
        &mut self,
        town: &Town,
        who: usize,
        place: Place,
        to: String,
        file: bool,
        lots: &mut Lots,
    ) -> Result<(), Broken> {
        self.written += 1;
        let text = format!("word {}", self.written);
        let person = &town.people[who];
        let mut said = Said {
            by: who,
            place,
            told: false,
            members: BTreeSet::new(),
            left: BTreeSet::new(),
            before: BTreeSet::new(),
            file: None,
        };
        let mut staged = None;
        if file {
            let mut bytes = vec![0; 1 + lots.place(3_000)];
            lots.fill(&mut bytes);
            let part = FileStage {
                name: format!("file {}.txt", self.written),
                bytes: URL_SAFE_NO_PAD.encode(&bytes),
                last: true,
                ..FileStage::default()
            };
            staged = match person.ask(Request::FileStage(part)) {
                Some(Ok(Response::FileStaged(staged))) => Some(staged.staged),
                None => return Ok(()),
                Some(other) => return Err(broken(format!("{who} stages a file: {other:?}"))),
            };
            said.file = Some(bytes);
        }
        let asked = MessageNew { to, text: text.clone(), staged, ..MessageNew::default() };
        let answer = person.ask(Request::MessageSend(asked));
        match answer {
            Some(Ok(Response::Messages(answer))) => {
                said.told = true;
                said.members = members(town, &answer.circle);
                if let Place::Pair(a, b) = place {
                    said.members.extend([a, b]);
                }
                let Some(page) = page(town, who, &answer.circle.circle)? else { return Ok(()) };
                let shown = texts(&page);
                let Some(at) = shown.iter().position(|one| *one == text) else {
                    return Err(broken(format!("{who} does not see what they wrote just now")));
                };
                said.before = shown[..at].iter().cloned().collect();
                said.left = left(town, &page);
                town.trace().count("messages sent");
                self.said.insert(text, said);
                Ok(())
            }
            None => {
                // It may have come to that before the machine went down.
                self.said.insert(text, said);
                Ok(())
            }
            Some(Err(failure)) if is_an_answer(&failure) => {
                town.trace().note(format!("    {:?}: {}", failure.code, failure.message));
                Ok(())
            }
            Some(other) => Err(broken(format!("{who} writes: {other:?}"))),
        }
    }

    fn read(town: &Town, who: usize, lots: &mut Lots) -> Result<(), Broken> {
        let all = circles(town, who)?;
        if all.is_empty() {
            return Ok(());
        }
        let circle = all[lots.place(all.len())].circle;
        let Some(page) = page(town, who, &circle)? else { return Ok(()) };
        let Some(last) = page.messages.iter().rev().find(|message| message.event.is_none()) else { return Ok(()) };
        let read = MessageRead { circle: circle.to_string(), message: last.message };
        match town.people[who].ask(Request::MessageRead(read)) {
            None | Some(Ok(Response::Messages(_))) => Ok(()),
            Some(other) => Err(broken(format!("{who} has seen a message: {other:?}"))),
        }
    }

    /// Whoever comes back has everything that they were told is sent.
    pub fn came_back(&mut self, town: &Town, who: usize) -> Result<(), Broken> {
        if !self.said.values().any(|said| said.by == who && said.told) {
            return Ok(());
        }
        let Some(view) = View::of(town, who)? else { return Ok(()) };
        for (text, said) in self.said.iter().filter(|(_, said)| said.by == who && said.told) {
            let count = view.count(said.place, text);
            if count != 1 {
                return Err(broken(format!("{who} was told that {text:?} is sent, and has it {count} times")));
            }
        }
        Ok(())
    }

    /// Everything has arrived.
    pub fn healed(&self, town: &Town) -> Result<(), Broken> {
        if self.said.is_empty() && self.circles.is_empty() {
            return Ok(());
        }
        let mut views = Vec::new();
        for who in 0..town.people.len() {
            views.push(View::of(town, who)?.ok_or_else(|| broken(format!("{who} answers nothing")))?);
        }
        for (text, said) in &self.said {
            self.arrived(town, &views, text, said)?;
        }
        self.ordered(&views)?;
        Self::agreed(town, &views)
    }

    /// Who reads it, and how often.
    fn arrived(&self, town: &Town, views: &[View], text: &str, said: &Said) -> Result<(), Broken> {
        let sent = views[said.by].count(said.place, text);
        if sent == 0 && !said.told {
            if let Some(other) = views.iter().position(|view| view.count(said.place, text) > 0) {
                return Err(broken(format!("{other} reads {text:?}, which {} did not write", said.by)));
            }
            return Ok(());
        }
        for (who, view) in views.iter().enumerate() {
            let count = view.count(said.place, text);
            let stayed = match said.place {
                Place::Pair(..) => true,
                Place::Circle(circle) => !self.gone.contains(&(circle, who)),
            };
            // Whoever is put out before their twin meets anybody has nobody to bring it to.
            let by_stayed = match said.place {
                Place::Pair(..) => true,
                Place::Circle(circle) => !self.gone.contains(&(circle, said.by)),
            };
            let was_in = said.members.contains(&who);
            if count > 1 || (was_in && stayed && by_stayed && count == 0) {
                return Err(broken(format!("{who} has {text:?} of {} {count} times", said.by)));
            }
            if said.told && said.left.contains(&who) && count > 0 {
                return Err(broken(format!("{who} reads {text:?}, and {} knew that they are out", said.by)));
            }
            if count == 1 && who != said.by {
                town.trace().count("messages read");
            }
            if let (Some(bytes), true) = (&said.file, count == 1 && stayed) {
                Self::file(town, who, view, text, said.place, bytes)?;
            }
        }
        Ok(())
    }

    fn file(town: &Town, who: usize, view: &View, text: &str, place: Place, bytes: &[u8]) -> Result<(), Broken> {
        let found = view.find(place, text).ok_or_else(|| broken("a message is gone while it is looked at"))?;
        let (circle, message) = found;
        let state = message.file.as_ref().map(|file| file.state);
        if state != Some(FileState::Here) {
            return Err(broken(format!("{who} has {text:?} and not its file: {state:?}")));
        }
        let asked = FileRead { circle: circle.to_string(), message: message.message, offset: 0 };
        match town.people[who].ask(Request::FileRead(asked)) {
            Some(Ok(Response::FilePart(part))) if part.bytes == URL_SAFE_NO_PAD.encode(bytes) => {
                town.trace().count("files read");
                Ok(())
            }
            other => Err(broken(format!("{who} reads another file with {text:?}: {other:?}"))),
        }
    }

    /// What was written after something had been read stands after it; and what two people both have, they have in one
    /// order.
    fn ordered(&self, views: &[View]) -> Result<(), Broken> {
        for (who, view) in views.iter().enumerate() {
            for (place, texts) in &view.texts {
                for (at, text) in texts.iter().enumerate() {
                    let later = self.said.get(text).map(|said| &said.before);
                    let early = texts[at + 1..].iter().find(|one| later.is_some_and(|before| before.contains(*one)));
                    if let Some(early) = early {
                        return Err(broken(format!(
                            "{who} has {early:?} after {text:?}, which was written knowing it"
                        )));
                    }
                }
                for (other, theirs) in views.iter().enumerate().skip(who + 1) {
                    let Some(theirs) = theirs.texts.get(place) else { continue };
                    let both = |a: &[String], b: &[String]| -> Vec<String> {
                        a.iter().filter(|text| b.contains(text)).cloned().collect()
                    };
                    let (mine, theirs) = (both(texts, theirs), both(theirs, texts));
                    if mine != theirs {
                        return Err(broken(format!("{who} has {mine:?} and {other} has {theirs:?} in {place:?}")));
                    }
                }
            }
        }
        Ok(())
    }

    /// Everybody who is in a circle says the same of it.
    fn agreed(town: &Town, views: &[View]) -> Result<(), Broken> {
        let all: BTreeSet<Digest> = views.iter().flat_map(|view| view.circles.keys().copied()).collect();
        for circle in all {
            let shown: Vec<(usize, &CircleShown)> =
                views.iter().enumerate().filter_map(|(who, view)| Some((who, view.circles.get(&circle)?))).collect();
            if let Some((who, _)) = shown.iter().find(|(_, shown)| shown.state == CircleState::Waiting) {
                return Err(broken(format!("{who} waits still to be let into {circle}")));
            }
            let within: BTreeSet<usize> =
                shown.iter().filter(|(_, shown)| shown.state == CircleState::Member).map(|(who, _)| *who).collect();
            let mut said = None;
            for (who, shown) in shown.iter().filter(|(who, _)| within.contains(who)) {
                let mine = (shown.epoch, shown.name.clone(), members(town, shown));
                if mine.2 != within {
                    return Err(broken(format!("{who} says that {:?} are in, and {within:?} are", mine.2)));
                }
                // What a conversation of two is called, each says for themselves.
                let mine = (mine.0, shown.with.is_none().then_some(mine.1));
                let first = said.get_or_insert_with(|| (*who, mine.clone()));
                if first.1 != mine {
                    return Err(broken(format!("{} has {:?} and {who} has {mine:?}", first.0, first.1)));
                }
            }
        }
        Ok(())
    }
}
