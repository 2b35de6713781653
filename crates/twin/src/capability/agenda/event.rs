//! An event as the vault keeps it, and what it is on a day.

use crate::Moment;
use crate::response::AgendaItem;
use didymos_base::time::{DAY_MS, wall_text};
use didymos_base::{Timestamp, ZoneOffset};
use jiff::tz::TimeZone;
use serde::Deserialize;

/// An event's attributes, as the reader of calendars writes them. All dates are on the wall clock of `zone`, but for
/// `replaces`, which is an instant where there is a zone.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Stored {
    pub(super) uid: String,
    pub(super) title: Option<String>,
    pub(super) place: Option<String>,
    pub(super) status: String,
    pub(super) sequence: u32,
    pub(super) modified: String,
    pub(super) all_day: bool,
    pub(super) zone: Option<String>,
    pub(super) zone_shown: Option<String>,
    pub(super) rule: Option<String>,
    pub(super) added: Vec<String>,
    pub(super) left_out: Vec<String>,
    pub(super) replaces: Option<String>,
    pub(super) range: String,
}

/// An event as it was written.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) stored: Stored,
    /// Its first beginning on the wall clock of its zone.
    pub(super) start: i64,
    /// How long it lasts, exactly; for whole days so many days.
    pub(super) length: i64,
    zone: Option<TimeZone>,
    shown: Option<TimeZone>,
    /// Index of its source.
    pub(super) source: usize,
}

/// When an event takes place, on the wall clock on which it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: i64,
    pub(super) end: i64,
}

/// A zone by its name in the IANA database, or as a rule of POSIX.
fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).or_else(|_| TimeZone::posix(name)).ok()
}

fn wall_in(zone: &TimeZone, at: i64) -> i64 {
    let offset = jiff::Timestamp::from_millisecond(at).map_or(0, |at| zone.to_offset(at).seconds());
    at + i64::from(offset) * 1_000
}

/// The instant of a wall-clock time; in the hour that the clock leaves out, as if it had not been turned forward.
fn instant_in(zone: &TimeZone, wall: i64) -> i64 {
    let civil = jiff::Timestamp::from_millisecond(wall).map(|as_if_utc| TimeZone::UTC.to_datetime(as_if_utc));
    civil.and_then(|civil| zone.to_timestamp(civil)).map_or(wall, jiff::Timestamp::as_millisecond)
}

impl Event {
    pub(super) fn new(stored: Stored, start: Timestamp, end: Timestamp, offset: ZoneOffset, source: usize) -> Self {
        let own = stored.zone.as_deref().and_then(zone);
        let shown = stored.zone_shown.as_deref().and_then(zone);
        let length = end.0 - start.0;
        let (start, length) = if stored.all_day {
            // Where the clock is turned, whole days are an hour more or less.
            (start.wall(offset), ((length + DAY_MS / 2) / DAY_MS).max(1) * DAY_MS)
        } else {
            (own.as_ref().map_or(start.wall(offset), |zone| wall_in(zone, start.0)), length)
        };
        Self { stored, start, length, zone: own, shown, source }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.stored.status == "cancelled"
    }

    pub(super) fn is_for_all_after(&self) -> bool {
        self.stored.range == "this_and_future"
    }

    /// When it takes place if it begins at `wall` in its own zone and lasts `length`.
    pub(super) fn span(&self, wall: i64, length: i64) -> Span {
        let Some(zone) = self.zone.as_ref().filter(|_| !self.stored.all_day) else {
            return Span { start: wall, end: wall + length };
        };
        let at = instant_in(zone, wall);
        let shown = self.shown.as_ref().unwrap_or(zone);
        Span { start: wall_in(shown, at), end: wall_in(shown, at + length) }
    }

    /// The names by which a day of this event can be called that begins at `wall`: the instant, the time, the date.
    pub(super) fn names(&self, wall: i64) -> [String; 3] {
        let time = wall_text(wall);
        let date = time[..10].to_owned();
        let instant = match self.zone.as_ref().filter(|_| !self.stored.all_day) {
            Some(zone) => Timestamp(instant_in(zone, wall)).rfc3339(ZoneOffset::UTC),
            None => time.clone(),
        };
        [instant, time, date]
    }

    /// A moment that was named, on the wall clock of this event's zone.
    pub(super) fn wall_of(&self, name: &str) -> Option<i64> {
        Some(match (name.parse().ok()?, &self.zone) {
            (Moment::Wall(wall), _) => wall,
            (Moment::Exact(at, _), Some(zone)) => wall_in(zone, at.0),
            (Moment::Exact(at, _), None) => at.0,
        })
    }

    /// Dates added, and how long they last.
    pub(super) fn added(&self) -> impl Iterator<Item = (i64, i64)> {
        self.stored.added.iter().filter_map(|text| {
            let (begin, length) = text.split_once('/').unwrap_or((text, ""));
            let seconds = length.strip_prefix("PT").and_then(|text| text.strip_suffix('S'));
            let length = seconds.and_then(|text| text.parse::<i64>().ok()).map(|seconds| seconds.saturating_mul(1_000));
            Some((self.wall_of(begin)?, length.unwrap_or(self.length)))
        })
    }

    pub(super) fn item(&self, span: Span, source: &str) -> AgendaItem {
        let zone = self.shown.as_ref().or(self.zone.as_ref()).filter(|_| !self.stored.all_day);
        AgendaItem {
            title: self.stored.title.clone(),
            place: self.stored.place.clone(),
            start: span.start,
            end: span.end,
            all_day: self.stored.all_day,
            tentative: self.stored.status == "tentative",
            zone: zone.and_then(TimeZone::iana_name).map(str::to_owned),
            source: source.to_owned(),
        }
    }
}
