//! One `VEVENT`: gathered line by line, and made an observation at its end.
//!
//! Kept is what is needed to let it come again later (RFC 5545 §3.8.5). All dates in it are turned into the wall-clock time
//! of the event's own zone, so that whoever expands it needs that zone and nothing else. What an export writes anew each
//! time (`DTSTAMP`, alarms that were seen) is left out.

use super::lines::Property;
use super::when::{When, duration, when};
use super::zones::{Named, ZoneIds};
use crate::clock::{MISSING, Wall, Zones, offset_in};
use crate::json::Json;
use crate::outlet::Span;
use didymos_base::recurrence::Rule;
use didymos_base::time::{DAY_MS, wall_text};
use didymos_base::{Timestamp, ZoneOffset, observation};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

const TEXT_BYTES_MAX: usize = 1 << 10;
const URL_BYTES_MAX: usize = 2 << 10;
const NAME_BYTES_MAX: usize = 256;
/// Dates added and left out; more do not fit into an observation.
const DATES_MAX: usize = 1_500;
const TOO_LONG: &str = "text too long";

/// A date as written, and the id of its zone.
#[derive(Clone, Debug)]
struct Written {
    value: Box<[u8]>,
    zone: Option<Box<[u8]>>,
}

impl Written {
    fn of(property: &Property<'_>, value: &[u8]) -> Self {
        Self { value: value.into(), zone: property.parameter("TZID").map(Into::into) }
    }
}

/// An event whose end is still to come.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    /// Where it begins in the file.
    pub(super) at: u64,
    start: Option<Written>,
    end: Option<Written>,
    duration: Option<Box<[u8]>>,
    replaces: Option<Written>,
    rule: Option<String>,
    added: Vec<Written>,
    left_out: Vec<Written>,
    attributes: BTreeMap<&'static str, Json>,
    too_long: bool,
}

/// The zones that an event can be in.
pub(super) struct Place<'a, 'z> {
    pub(super) zones: &'a mut ZoneIds<'z>,
    /// The zone that the owner named for what has none.
    pub(super) owner: Option<&'a Named>,
    /// The zone in which times in UTC are shown: the owner's, or the calendar's.
    pub(super) shown: Option<&'a Named>,
}

/// A moment of an event.
struct Placed {
    wall: i64,
    at: Timestamp,
    zone: Option<Named>,
    date_only: bool,
}

/// An event as an observation: when, and its attributes as JSON.
pub(super) struct Finished {
    pub(super) span: Span,
    pub(super) json: String,
    /// What was passed over.
    pub(super) notes: Vec<(&'static str, String)>,
}

fn wall_in(zone: &TimeZone, at: i64) -> i64 {
    Timestamp(at).wall(offset_in(zone, Timestamp(at)))
}

fn instant_in(zone: &TimeZone, wall: i64) -> Timestamp {
    Zones::new(Some(zone.clone())).resolve(Wall { ms: wall, zone: None }).at
}

impl Draft {
    pub(super) fn new(at: u64) -> Self {
        Self { at, ..Self::default() }
    }

    /// Takes a line of the event; the second of two that exclude each other is passed over.
    pub(super) fn take(&mut self, property: &Property<'_>) {
        let written = || Some(Written::of(property, property.value));
        match property.name.to_ascii_uppercase().as_slice() {
            b"DTSTART" if self.start.is_none() => self.start = written(),
            b"DTEND" if self.end.is_none() => self.end = written(),
            b"DURATION" if self.duration.is_none() => self.duration = Some(property.value.into()),
            b"RECURRENCE-ID" if self.replaces.is_none() => {
                self.replaces = written();
                if property.parameter("RANGE").is_some_and(|range| range.eq_ignore_ascii_case(b"THISANDFUTURE")) {
                    self.attributes.insert("range", Json::Text("this_and_future".to_owned()));
                }
            }
            b"RRULE" if self.rule.is_none() => self.rule = Some(property.text(4 << 10).to_ascii_uppercase()),
            b"RDATE" => Self::dates(&mut self.added, property, &mut self.too_long),
            b"EXDATE" => Self::dates(&mut self.left_out, property, &mut self.too_long),
            b"SUMMARY" => self.text("title", property.text(TEXT_BYTES_MAX)),
            b"LOCATION" => self.text("place", property.text(TEXT_BYTES_MAX)),
            b"UID" => self.text("uid", property.text(TEXT_BYTES_MAX)),
            b"URL" => {
                let url = property.text(URL_BYTES_MAX + 1);
                if url.len() <= URL_BYTES_MAX {
                    self.text("url", url);
                }
            }
            b"ORGANIZER" => {
                let address = property.text(NAME_BYTES_MAX);
                let name = property.parameter("CN").map(crate::text::plain).filter(|name| !name.trim().is_empty());
                let name = name.map(|name| crate::text::cut(name.trim(), NAME_BYTES_MAX).to_owned());
                let plain = address.get(..7).filter(|start| start.eq_ignore_ascii_case("mailto:"));
                let plain = plain.map_or(address.as_str(), |start| &address[start.len()..]).to_owned();
                self.text("organizer", name.unwrap_or(plain));
            }
            b"STATUS" => {
                let status = property.text(NAME_BYTES_MAX).to_ascii_lowercase();
                if ["confirmed", "tentative", "cancelled"].contains(&status.as_str()) {
                    self.text("status", status);
                }
            }
            b"SEQUENCE" => {
                if let Ok(number) = property.text(NAME_BYTES_MAX).parse::<u32>() {
                    self.attributes.insert("sequence", Json::Whole(i64::from(number)));
                }
            }
            b"LAST-MODIFIED" => {
                if let Ok(When::Utc(at)) = when(property.value) {
                    self.text("modified", Timestamp(at).rfc3339(ZoneOffset::UTC));
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, name: &'static str, text: String) {
        if !text.is_empty() {
            self.attributes.entry(name).or_insert(Json::Text(text));
        }
    }

    fn dates(to: &mut Vec<Written>, property: &Property<'_>, too_long: &mut bool) {
        for value in property.value.split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|value| !value.is_empty()) {
            if to.len() >= DATES_MAX {
                *too_long = true;
                return;
            }
            to.push(Written::of(property, value));
        }
    }

    /// The observation, or the reason why there is none.
    pub(super) fn finish(mut self, place: &mut Place<'_, '_>) -> Result<Finished, &'static str> {
        if self.too_long {
            return Err(TOO_LONG);
        }
        let mut notes = Vec::new();
        let start = place.find(self.start.as_ref().ok_or(MISSING)?, None)?;
        let end = self.end(&start, place)?;
        let shown = start.zone.as_ref().filter(|zone| &*zone.name == "UTC").and(place.shown);
        let zone = match shown.or(start.zone.as_ref()) {
            Some(named) => offset_in(&named.zone, start.at),
            // The start is the wall-clock time itself.
            None => ZoneOffset::UNKNOWN,
        };
        let mut set = |name: &'static str, value: Json| drop(self.attributes.insert(name, value));
        if start.date_only {
            set("all_day", Json::Flag(true));
        }
        if let Some(named) = start.zone.as_ref().filter(|_| !start.date_only) {
            set("zone", Json::Text(named.name.to_string()));
        }
        if let Some(named) = shown {
            set("zone_shown", Json::Text(named.name.to_string()));
        }
        if let Some(replaces) = &self.replaces {
            let replaced = place.find(replaces, start.zone.as_ref())?;
            set("replaces", Json::Text(replaced.instant_text()));
        }
        if let Some(rule) = &self.rule {
            if let Err(error) = rule.parse::<Rule>() {
                notes.push(("event that comes again:", error.to_string()));
            }
            set("rule", Json::Text(local_rule(rule, start.zone.as_ref())));
        }
        for (name, dates) in [("added", &self.added), ("left_out", &self.left_out)] {
            let mut texts: Vec<String> = Vec::new();
            for written in dates {
                match place.listed(written, &start) {
                    Ok(text) => texts.push(text),
                    Err(reason) => notes.push(("date added to an event or left out of it:", reason.to_owned())),
                }
            }
            texts.sort();
            texts.dedup();
            if !texts.is_empty() {
                set(name, Json::List(texts.into_iter().map(Json::Text).collect()));
            }
        }
        let json = serde_json::to_string(&self.attributes).map_err(|_| TOO_LONG)?;
        if json.len() > observation::MAX_TEXT {
            return Err(TOO_LONG);
        }
        Ok(Finished { span: Span { start: start.at, end, zone }, json, notes })
    }

    fn end(&self, start: &Placed, place: &mut Place<'_, '_>) -> Result<Timestamp, &'static str> {
        let later = |days: i64, ms: i64| {
            let wall = start.wall + days * DAY_MS;
            let at = match (&start.zone, days) {
                (_, 0) => start.at,
                (Some(named), _) => instant_in(&named.zone, wall),
                (None, _) => Timestamp(wall),
            };
            Timestamp(at.0 + ms)
        };
        if let Some(written) = &self.end {
            let end = place.find(written, start.zone.as_ref())?;
            // Many programs write one day as from a day to the same day.
            let one_day = start.date_only && end.wall == start.wall;
            return Ok(if one_day { later(1, 0) } else { end.at });
        }
        if let Some(written) = &self.duration {
            let (days, ms) = duration(written)?;
            return Ok(later(days, ms));
        }
        Ok(if start.date_only { later(1, 0) } else { start.at })
    }
}

impl Place<'_, '_> {
    /// A moment; one without a zone is in `own`, or else in the owner's.
    fn find(&mut self, written: &Written, own: Option<&Named>) -> Result<Placed, &'static str> {
        let placed = |wall: i64, named: Option<&Named>, date_only| {
            let at = named.map_or(Timestamp(wall), |named| instant_in(&named.zone, wall));
            Placed { wall, at, zone: named.cloned(), date_only }
        };
        match when(&written.value)? {
            When::Date(wall) => Ok(placed(wall, own.or(self.owner), true)),
            When::Local(wall) => match &written.zone {
                Some(id) => self.zones.find(id, wall).map(|named| placed(wall, Some(&named), false)),
                None => Ok(placed(wall, own.or(self.owner), false)),
            },
            When::Utc(at) => {
                let utc = Named { name: "UTC".into(), zone: TimeZone::UTC };
                Ok(Placed { wall: at, at: Timestamp(at), zone: Some(utc), date_only: false })
            }
        }
    }

    /// A date added or left out, on the event's own wall clock; with its length, where it says one.
    fn listed(&mut self, written: &Written, start: &Placed) -> Result<String, &'static str> {
        let mut parts = written.value.splitn(2, |b| *b == b'/');
        let mut part = || parts.next().map(|value| Written { value: value.into(), zone: written.zone.clone() });
        let (first, length) = (part().ok_or(MISSING)?, part());
        let own = start.zone.as_ref();
        let begin = self.find(&first, own)?;
        let text = begin.wall_text(own);
        let Some(length) = length else { return Ok(text) };
        let ms = match duration(&length.value) {
            Ok((days, ms)) => days * DAY_MS + ms,
            Err(_) => self.find(&length, own)?.at.0 - begin.at.0,
        };
        if ms < 0 { Err("end before start") } else { Ok(format!("{text}/PT{}S", ms / 1_000)) }
    }
}

impl Placed {
    /// On the wall clock of `own`.
    fn wall_text(&self, own: Option<&Named>) -> String {
        if self.date_only {
            return wall_text(self.wall)[..10].to_owned();
        }
        wall_text(own.map_or(self.wall, |named| wall_in(&named.zone, self.at.0)))
    }

    /// The instant in UTC; of what has no zone the wall-clock time, of a date the date.
    fn instant_text(&self) -> String {
        match &self.zone {
            Some(_) if !self.date_only => self.at.rfc3339(ZoneOffset::UTC),
            _ => self.wall_text(None),
        }
    }
}

/// The rule with its end on the event's own wall clock.
fn local_rule(rule: &str, zone: Option<&Named>) -> String {
    let part = |part: &str| {
        let until = part.strip_prefix("UNTIL=").map(|until| when(until.trim().as_bytes()));
        match (until, zone) {
            (Some(Ok(When::Utc(at))), zone) => {
                let wall = wall_text(zone.map_or(at, |named| wall_in(&named.zone, at)));
                format!("UNTIL={}", wall[..19].replace(['-', ':'], ""))
            }
            _ => part.to_owned(),
        }
    };
    rule.split(';').map(part).collect::<Vec<_>>().join(";")
}
