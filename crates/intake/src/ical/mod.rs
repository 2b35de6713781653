//! iCalendar (RFC 5545): one observation for each event, with what is needed to let it come again.
//!
//! A calendar is read twice: first for the zones that it describes, which may stand behind the events that name them, then
//! for its events. To-dos, journal entries, free and busy times and availabilities are counted and passed over.

mod event;
mod lines;
mod own;
mod when;
mod windows;
mod zones;

use crate::error::Fault;
use crate::options::Options;
use crate::outlet::Outlet;
use crate::text;
use didymos_base::{Source, SourceKey, Value};
use event::{Draft, Place};
use lines::{Lines, Property};
use std::io::Read;
pub(crate) use zones::Survey;
use zones::{Named, ZoneIds};

const NAME_BYTES_MAX: usize = 256;

pub(crate) fn read(input: impl Read, survey: &Survey, options: &Options, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    let mut lines = Lines::new(input);
    let owner = options.time_zone()?.and_then(|zone| Some(Named { name: zone.iana_name()?.into(), zone }));
    let mut reader = Reader {
        outlet,
        zones: ZoneIds::new(survey),
        owner,
        shown: None,
        source: Source::named("iCalendar"),
        key: None,
        event: None,
        nested: 0,
        passed: 0,
        open: false,
        complete: false,
    };
    while let Some(line) = lines.next()? {
        let at = line.at;
        match line.property() {
            Some(property) if property.is("BEGIN") => reader.begin(&property, at),
            Some(property) if property.is("END") => reader.end(&property)?,
            Some(property) => reader.property(&property),
            None if line.is_blank() => {}
            None => reader.outlet.note("line without a value", ""),
        }
        reader.outlet.progress(at)?;
    }
    if reader.complete { Ok(()) } else { Err(Fault::malformed(lines.position(), "the file ends before END:VCALENDAR")) }
}

struct Reader<'o, 's, 'z> {
    outlet: &'o mut Outlet<'s>,
    zones: ZoneIds<'z>,
    /// The zone that the owner named.
    owner: Option<Named>,
    /// The zone that the calendar names for its owner.
    shown: Option<Named>,
    /// The program and the calendar, and their key once an event needs it.
    source: Source,
    key: Option<SourceKey>,
    event: Option<Box<Draft>>,
    /// Components that are open within the event (alarms).
    nested: u32,
    /// Components that are open and passed over.
    passed: u32,
    open: bool,
    complete: bool,
}

impl Reader<'_, '_, '_> {
    fn begin(&mut self, property: &Property<'_>, at: u64) {
        let component = property.value.to_ascii_uppercase();
        if component == b"VCALENDAR" {
            self.restart();
            (self.open, self.complete) = (true, false);
            return;
        }
        if component == b"VEVENT" && self.passed == 0 {
            self.abandon();
            self.event = Some(Box::new(Draft::new(at)));
            return;
        }
        if self.event.is_some() {
            self.nested = self.nested.saturating_add(1);
            return;
        }
        if self.passed == 0 {
            match component.as_slice() {
                b"VTODO" => self.outlet.skip("to-do, not an event"),
                b"VJOURNAL" => self.outlet.skip("journal entry, not an event"),
                b"VFREEBUSY" => self.outlet.skip("free or busy time, not an event"),
                b"VAVAILABILITY" => self.outlet.skip("availability, not an event"),
                _ => {}
            }
        }
        self.passed = self.passed.saturating_add(1);
    }

    fn end(&mut self, property: &Property<'_>) -> Result<(), Fault> {
        if property.value.eq_ignore_ascii_case(b"VCALENDAR") {
            self.abandon();
            (self.nested, self.passed, self.complete) = (0, 0, self.open || self.complete);
            self.open = false;
        } else if self.event.is_none() {
            self.passed = self.passed.saturating_sub(1);
        } else if property.value.eq_ignore_ascii_case(b"VEVENT") {
            self.nested = 0;
            self.finish()?;
        } else {
            self.nested = self.nested.saturating_sub(1);
        }
        Ok(())
    }

    fn property(&mut self, property: &Property<'_>) {
        if let Some(event) = &mut self.event {
            if self.nested == 0 {
                event.take(property);
            }
        } else if self.passed == 0 && self.open {
            if property.is("PRODID") {
                self.source.app = program(&property.text(NAME_BYTES_MAX));
                self.key = None;
            } else if property.is("X-WR-CALNAME") || property.is("NAME") {
                let name = property.text(NAME_BYTES_MAX);
                self.source.account = Some(name).filter(|name| !name.is_empty());
                self.key = None;
            } else if property.is("X-WR-TIMEZONE") {
                self.shown = self.zones.named(&property.text(NAME_BYTES_MAX));
            }
        }
    }

    /// Forgets the calendar before.
    fn restart(&mut self) {
        self.abandon();
        (self.nested, self.passed) = (0, 0);
        self.source = Source::named("iCalendar");
        (self.key, self.shown) = (None, None);
    }

    /// Counts the event that is open: another begins before it ends.
    fn abandon(&mut self) {
        self.nested = 0;
        if self.event.take().is_some() {
            self.outlet.skip("event without its end");
        }
    }

    fn finish(&mut self) -> Result<(), Fault> {
        let Some(event) = self.event.take() else { return Ok(()) };
        let at = event.at;
        let shown = self.owner.as_ref().or(self.shown.as_ref());
        let mut place = Place { zones: &mut self.zones, owner: self.owner.as_ref(), shown };
        match event.finish(&mut place) {
            Err(reason) => self.outlet.skip(reason),
            Ok(finished) => {
                for (what, name) in finished.notes {
                    self.outlet.note(what, &name);
                }
                let source = *self.key.get_or_insert_with(|| self.outlet.source(&self.source));
                let stream = self.outlet.known("calendar_event");
                self.outlet.push(stream, source, finished.span, Value::Event(finished.json.into()), at)?;
            }
        }
        Ok(())
    }
}

/// The program in a `PRODID`: `-//Google Inc//Google Calendar 70.9054//EN` is `Google Calendar`. Its version changes from
/// export to export and would make every event another one.
fn program(id: &str) -> String {
    let parts: Vec<&str> = id.split("//").map(str::trim).collect();
    let named = match parts.as_slice() {
        ["-" | "+", _, product, _, ..] if product.len() > 2 => product,
        ["-" | "+", owner, ..] => owner,
        _ => id.trim(),
    };
    let named = named.rsplit_once("NONSGML ").map_or(named, |(_, name)| name);
    let mut words: Vec<&str> = named.split_whitespace().collect();
    let is_version = |word: &str| {
        let number = word.trim_start_matches(['v', 'V', '(']);
        number.starts_with(|c: char| c.is_ascii_digit())
    };
    while words.len() > 1 && words.last().is_some_and(|word| is_version(word)) {
        words.pop();
    }
    let name = words.join(" ");
    let name = name.trim_matches(|c: char| c == '/' || c.is_whitespace());
    if name.is_empty() { "iCalendar".to_owned() } else { text::cut(name, NAME_BYTES_MAX).to_owned() }
}

#[cfg(test)]
mod tests {
    use super::program;

    #[test]
    fn programs_are_named_without_their_version() {
        for (id, name) in [
            ("-//Google Inc//Google Calendar 70.9054//EN", "Google Calendar"),
            ("-//Apple Inc.//macOS 14.4.1//EN", "macOS"),
            ("-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN", "Mozilla Calendar"),
            ("-//PIMUTILS.ORG//NONSGML khal / icalendar //EN", "khal / icalendar"),
            ("-//Podio API//EN//view-exporter//52593453", "Podio API"),
            ("Microsoft Exchange Server 2010", "Microsoft Exchange Server"),
            ("-//Offline Calendar//iCal Import/Export 2.8.1//EN", "iCal Import/Export"),
            ("2.0", "2.0"),
            ("", "iCalendar"),
            ("//", "iCalendar"),
        ] {
            assert_eq!(program(id), name, "{id}");
        }
    }
}
