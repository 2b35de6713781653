//! Which zone a calendar means by a `TZID`.
//!
//! Names of the IANA database are what nearly all programs write, some with a prefix, Outlook its own; the database knows
//! better than what a file says of its zones, so that is asked only where no name leads anywhere.

use super::lines::Lines;
use super::own::{Observance, OwnZone};
use super::windows;
use crate::error::Fault;
use crate::text;
use didymos_base::time::Date;
use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::io::Read;

/// The longest id that is looked up.
const ID_BYTES_MAX: usize = 256;
/// Zones of one file, and the stretches of standard and daylight time of all of them.
const ZONES_MAX: usize = 500;
const OBSERVANCES_MAX: usize = 20_000;
/// What is remembered of zones already looked up.
const KNOWN_MAX: usize = 2_000;

pub(super) const UNKNOWN_ZONE: &str = "time zone unknown";

/// A zone, and the name by which it is found again: of the IANA database, or a rule of POSIX.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: Box<str>,
    pub(super) zone: TimeZone,
}

/// What a file says of zones, gathered in a first look through it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Survey {
    zones: HashMap<String, OwnZone>,
}

impl Survey {
    /// Reads all `VTIMEZONE`s: they may come after the events that name them.
    pub(crate) fn of(input: impl Read) -> Result<Self, Fault> {
        let mut lines = Lines::new(input);
        let (mut survey, mut observances) = (Self::default(), 0);
        let mut zone: Option<(String, OwnZone)> = None;
        let mut observance: Option<Observance> = None;
        while let Some(line) = lines.next()? {
            let Some(property) = line.property() else { continue };
            let component = |name: &str| property.value.eq_ignore_ascii_case(name.as_bytes());
            if property.is("BEGIN") {
                if component("VTIMEZONE") {
                    zone = Some((String::new(), OwnZone::default()));
                } else if zone.is_some() && (component("STANDARD") || component("DAYLIGHT")) {
                    observance = Some(Observance::new(component("DAYLIGHT")));
                }
            } else if property.is("END") {
                if let (Some((_, zone)), Some(whole)) = (&mut zone, observance.take())
                    && observances < OBSERVANCES_MAX
                {
                    observances += 1;
                    zone.observances.push(whole);
                }
                if component("VTIMEZONE")
                    && let Some((id, own)) = zone.take()
                    && survey.zones.len() < ZONES_MAX
                {
                    survey.zones.entry(id).or_insert(own);
                }
            } else if let Some(observance) = &mut observance {
                observance.take(&property);
            } else if let Some((id, own)) = &mut zone {
                if property.is("TZID") {
                    *id = key(property.value);
                } else if property.is("X-LIC-LOCATION") {
                    own.location = Some(key(property.value));
                }
            }
        }
        Ok(survey)
    }
}

/// An id as it is compared. Outlook writes some with quotation marks.
fn key(raw: &[u8]) -> String {
    text::cut(text::plain(raw).trim().trim_matches('"'), ID_BYTES_MAX).to_owned()
}

/// Zones by their ids.
pub(super) struct ZoneIds<'a> {
    survey: &'a Survey,
    named: HashMap<String, Option<Named>>,
    own: HashMap<(String, i32), Named>,
}

impl<'a> ZoneIds<'a> {
    pub(super) fn new(survey: &'a Survey) -> Self {
        Self { survey, named: HashMap::new(), own: HashMap::new() }
    }

    /// The zone that `id` means for an event at a wall-clock time.
    pub(super) fn find(&mut self, id: &[u8], wall: i64) -> Result<Named, &'static str> {
        let id = key(id);
        if let Some(named) = self.named(&id) {
            return Ok(named);
        }
        let own = self.survey.zones.get(&id).ok_or(UNKNOWN_ZONE)?;
        let year = Date::from_days(wall.div_euclid(didymos_base::time::DAY_MS)).year;
        let asked = (id, year);
        if let Some(known) = self.own.get(&asked) {
            return Ok(known.clone());
        }
        let rule = own.posix(year).ok_or(UNKNOWN_ZONE)?;
        let zone = TimeZone::posix(&rule).map_err(|_| UNKNOWN_ZONE)?;
        let named = Named { name: rule.into(), zone };
        if self.own.len() >= KNOWN_MAX {
            self.own.clear();
        }
        self.own.insert(asked, named.clone());
        Ok(named)
    }

    /// A zone of the database.
    pub(super) fn named(&mut self, id: &str) -> Option<Named> {
        if let Some(known) = self.named.get(id) {
            return known.clone();
        }
        let location = self.survey.zones.get(id).and_then(|zone| zone.location.as_deref());
        let found = iana(id).or_else(|| location.and_then(iana)).or_else(|| windows::iana(id).and_then(iana));
        if self.named.len() >= KNOWN_MAX {
            self.named.clear();
        }
        self.named.insert(id.to_owned(), found.clone());
        found
    }
}

/// The zone of this name, or of the name at the end of a longer one: `/citadel.org/20210210_1/Europe/Berlin`.
fn iana(id: &str) -> Option<Named> {
    let get = |name: &str| {
        let zone = TimeZone::get(name).ok()?;
        let name = zone.iana_name()?.into();
        Some(Named { name, zone })
    };
    if let Some(found) = get(id) {
        return Some(found);
    }
    let slashes: Vec<usize> = id.match_indices('/').map(|(at, _)| at).collect();
    // `America/Argentina/Buenos_Aires` has three parts, most have two; one alone could be anything but this.
    let ends = slashes.iter().rev().take(3).skip(1).rev().map(|at| &id[at + 1..]);
    ends.chain(id.strip_prefix('/'))
        .find_map(get)
        .or_else(|| (id.ends_with("/UTC") || id == "Z").then(|| get("UTC"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_many_programs_lead_to_the_database() {
        let survey = Survey::default();
        let mut zones = ZoneIds::new(&survey);
        for (id, expected) in [
            ("Europe/Zurich", Some("Europe/Zurich")),
            ("europe/zurich", Some("Europe/Zurich")),
            ("\"Europe/Zurich\"", Some("Europe/Zurich")),
            ("/freeassociation.sourceforge.net/Tzfile/Europe/Berlin", Some("Europe/Berlin")),
            ("/mozilla.org/20050126_1/America/Argentina/Buenos_Aires", Some("America/Argentina/Buenos_Aires")),
            ("/Europe/Paris", Some("Europe/Paris")),
            ("W. Europe Standard Time", Some("Europe/Berlin")),
            ("Etc/UTC", Some("Etc/UTC")),
            ("UTC", Some("UTC")),
            ("custom_America/New_York", None),
            ("Nowhere/Else", None),
            ("", None),
        ] {
            let found = zones.find(id.as_bytes(), 0);
            assert_eq!(found.as_ref().ok().map(|named| &*named.name), expected, "{id}");
        }
    }
}
