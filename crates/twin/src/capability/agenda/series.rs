//! All versions of one event, and of its days that were changed, as one.

use super::event::{Event, Span};
use didymos_base::recurrence::Rule;
use didymos_base::time::{DAY_MS, HOUR_MS};
use std::collections::BTreeMap;

/// The farthest that two wall clocks are apart, and an hour for daylight saving time.
const SLACK_MS: i64 = 27 * HOUR_MS;
/// Of something that lasts longer and comes again, only so much is looked back.
const LOOK_BACK_MS: i64 = 400 * DAY_MS;

/// Which version of an event is the newest: `SEQUENCE`, `LAST-MODIFIED`, and when it was imported.
type Rank = (u32, String, (u64, u32));

/// The newest version; its event is let go where it cannot fall on the day.
#[derive(Debug)]
struct Version {
    rank: Rank,
    event: Option<Box<Event>>,
}

/// One event in all its versions.
#[derive(Debug, Default)]
pub(super) struct Series {
    main: Option<Version>,
    /// Days that were changed, by the moment that they replace.
    changed: BTreeMap<String, Version>,
}

/// A day to look at, in wall-clock milliseconds.
#[derive(Clone, Copy)]
struct Window {
    from: i64,
    to: i64,
}

impl Window {
    fn of(day: i64) -> Self {
        Self { from: day * DAY_MS, to: (day + 1) * DAY_MS }
    }

    fn has(self, span: Span) -> bool {
        span.start < self.to && (span.end > self.from || span.start >= self.from)
    }
}

impl Series {
    /// Takes a version of the event, or of one of its days, if it is newer than what is there.
    pub(super) fn take(&mut self, event: Event, imported: (u64, u32), day: i64) {
        let rank = (event.stored.sequence, event.stored.modified.clone(), imported);
        let window = Window::of(day);
        let comes_again = event.stored.rule.is_some() || !event.stored.added.is_empty() || event.is_for_all_after();
        let here = window.has(event.span(event.start, event.length));
        let replaces = event.stored.replaces.clone();
        // Cancelling is told apart from lying elsewhere.
        let event = (comes_again || here || event.is_cancelled()).then(|| Box::new(event));
        let version = Version { rank, event };
        match replaces {
            None => {
                if self.main.as_ref().is_none_or(|known| known.rank < version.rank) {
                    self.main = Some(version);
                }
            }
            Some(name) => {
                let newer = self.changed.get(&name).is_none_or(|known| known.rank < version.rank);
                if newer {
                    self.changed.insert(name, version);
                }
            }
        }
    }

    /// Tells every time that the event takes place on a day. False where its rule is not followed, so that some may be
    /// missing.
    pub(super) fn on(&self, day: i64, budget: &mut u64, mut tell: impl FnMut(Span, &Event)) -> bool {
        let window = Window::of(day);
        let main = match &self.main {
            Some(Version { event: Some(event), .. }) if event.is_cancelled() => return true,
            Some(Version { event: Some(event), .. }) => Some(Times::of(event)),
            Some(Version { event: None, .. }) => None,
            // Days of an event that is itself not there stand for themselves.
            None => {
                for event in self.changed.values().filter_map(|version| version.event.as_deref()) {
                    if !event.is_cancelled() {
                        let times = Times::of(event);
                        for (wall, length) in times.within(window, 0, budget).unwrap_or_default() {
                            tell_if_within(window, event.span(wall, length), event, &mut tell);
                        }
                    }
                }
                return true;
            }
        };
        let Some(times) = main else {
            self.tell_changed(None, window, budget, &mut tell);
            return true;
        };
        let mut complete = times.is_followed();
        let event = times.event;
        let mut parts: Vec<(i64, Option<&Event>)> = vec![(i64::MIN, Some(event))];
        for (name, version) in &self.changed {
            if let (Some(from), Some(change)) = (event.wall_of(name), version.event.as_deref())
                && change.is_for_all_after()
            {
                parts.push((from, Some(change).filter(|change| !change.is_cancelled())));
            }
        }
        parts.sort_by_key(|(from, _)| *from);
        for (place, (from, change)) in parts.iter().enumerate() {
            let Some(change) = change else { continue };
            let until = parts.get(place + 1).map_or(i64::MAX, |(next, _)| *next);
            let moved = if *from == i64::MIN { 0 } else { change.start - from };
            let Some(found) = times.within(window, moved, budget) else {
                complete = false;
                break;
            };
            for (wall, length) in found {
                if (*from..until).contains(&wall) && !self.is_changed(event, wall) {
                    let length = if *from == i64::MIN { length } else { change.length };
                    tell_if_within(window, change.span(wall.saturating_add(moved), length), change, &mut tell);
                }
            }
        }
        self.tell_changed(Some(&times), window, budget, &mut tell);
        complete
    }

    /// Whether the day that begins at `wall` was changed by itself.
    fn is_changed(&self, event: &Event, wall: i64) -> bool {
        let alone = |version: &Version| version.event.as_deref().is_none_or(|event| !event.is_for_all_after());
        !self.changed.is_empty() && event.names(wall).iter().any(|name| self.changed.get(name).is_some_and(alone))
    }

    /// Tells the days that were changed by themselves, if they are the event's at all: after it was moved as a whole,
    /// changes of days that it no longer has are void.
    fn tell_changed(
        &self,
        times: Option<&Times<'_>>,
        window: Window,
        budget: &mut u64,
        tell: &mut impl FnMut(Span, &Event),
    ) {
        for (name, version) in &self.changed {
            let Some(change) = version.event.as_deref().filter(|one| !one.is_cancelled() && !one.is_for_all_after())
            else {
                continue;
            };
            let is_one = times.is_none_or(|times| !times.is_followed() || times.has(name, budget));
            if is_one {
                tell_if_within(window, change.span(change.start, change.length), change, tell);
            }
        }
    }
}

fn tell_if_within(window: Window, span: Span, event: &Event, tell: &mut impl FnMut(Span, &Event)) {
    if window.has(span) {
        tell(span, event);
    }
}

/// When an event begins: its start, its rule, what was added, without what was left out.
struct Times<'a> {
    event: &'a Event,
    rule: Option<Rule>,
    followed: bool,
}

impl<'a> Times<'a> {
    fn of(event: &'a Event) -> Self {
        let rule = event.stored.rule.as_deref().map(str::parse).transpose();
        Self { event, followed: rule.is_ok(), rule: rule.unwrap_or_default() }
    }

    fn is_followed(&self) -> bool {
        self.followed
    }

    /// Beginnings on the wall clock of the event's zone that can reach into a window after they were moved, with lengths.
    /// `None` where the budget does not suffice.
    fn within(&self, window: Window, moved: i64, budget: &mut u64) -> Option<Vec<(i64, i64)>> {
        let event = self.event;
        let from = window.from.saturating_sub(moved) - SLACK_MS;
        let to = window.to.saturating_sub(moved) + SLACK_MS;
        let mut found = vec![(event.start, event.length)];
        if let Some(rule) = &self.rule {
            let back = event.length.clamp(0, LOOK_BACK_MS);
            found.extend(rule.between(event.start, from - back, to, budget)?.into_iter().map(|at| (at, event.length)));
        }
        found.extend(event.added());
        found.retain(|(at, length)| *at < to && at.saturating_add(*length) >= from);
        found.sort_unstable();
        found.dedup_by_key(|(at, _)| *at);
        if !event.stored.left_out.is_empty() {
            let is_left_out = |at: i64| event.names(at).iter().any(|name| event.stored.left_out.contains(name));
            found.retain(|(at, _)| !is_left_out(*at));
        }
        Some(found)
    }

    /// Whether the event begins at the moment that `name` names.
    fn has(&self, name: &str, budget: &mut u64) -> bool {
        let Some(wall) = self.event.wall_of(name) else { return false };
        let whole_day = name.len() == 10;
        let (from, to) = if whole_day { (wall, wall + DAY_MS) } else { (wall, wall + 1) };
        let within = |at: &i64| (from..to).contains(at);
        let by_rule =
            |rule: &Rule| rule.between(self.event.start, from, to, budget).is_none_or(|found| !found.is_empty());
        within(&self.event.start)
            || self.event.added().any(|(at, _)| within(&at))
            || self.rule.as_ref().is_some_and(by_rule)
    }
}
