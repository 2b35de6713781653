//! Apple Health's `export.xml`.
//!
//! One `HealthData` element holds everything: `Record`s by the million, `Workout`s, `ActivitySummary`s, one `Me`. The
//! order of attributes differs between versions, a record's zone is the exporting phone's (its true one is in a
//! `MetadataEntry`, if anywhere), and each device string holds a memory address that is new in every record.

mod beats;
mod device;
mod kinds;
mod record;
mod summary;
mod workout;

use crate::clock::{AppleClock, Moment};
use crate::error::Fault;
use crate::lookup::Lookup;
use crate::outlet::Outlet;
use crate::text;
use crate::xml::{Event, Scanner, Tag};
use device::Devices;
use jiff::tz::TimeZone;
use kinds::Kinds;
use record::Pending;
use std::io::Read;
use workout::Draft;

/// Attributes say `Some(text)`, or are empty, or are not there.
fn present(value: Option<&[u8]>) -> Option<&[u8]> {
    value.filter(|value| !value.is_empty())
}

pub(crate) fn read(input: impl Read, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    let mut scanner = Scanner::new(input, false);
    let mut reader = Reader::new(outlet);
    let mut position = 0;
    while let Some(event) = scanner.next()? {
        match event {
            Event::Open(tag) => {
                position = tag.at;
                reader.open(tag)?;
            }
            Event::Close(name) => reader.close(name)?,
            Event::Skipped(reason) => reader.outlet.skip(reason),
            Event::Text { .. } => {}
        }
        reader.outlet.progress(position)?;
    }
    if reader.complete {
        Ok(())
    } else {
        Err(Fault::malformed(scanner.position(), "the file ends before </HealthData>"))
    }
}

/// The element whose children are being read.
enum Inside {
    Nothing,
    /// A record that is kept until its end, for its metadata may change its zone and source.
    Record(Box<Pending>),
    /// Something whose children are passed over, until an end tag of this name.
    Passed(&'static [u8]),
}

struct Reader<'o, 's> {
    outlet: &'o mut Outlet<'s>,
    clock: AppleClock,
    kinds: Kinds,
    devices: Devices,
    zones: Lookup<1, Option<TimeZone>>,
    inside: Inside,
    workout: Option<Box<Draft>>,
    complete: bool,
}

impl<'o, 's> Reader<'o, 's> {
    fn new(outlet: &'o mut Outlet<'s>) -> Self {
        Self {
            outlet,
            clock: AppleClock::new(),
            kinds: Kinds::new(),
            devices: Devices::new(),
            zones: Lookup::new(1_000),
            inside: Inside::Nothing,
            workout: None,
            complete: false,
        }
    }

    fn open(&mut self, tag: Tag<'_>) -> Result<(), Fault> {
        // A new record ends one that was passed over, should its end tag be lost.
        if let Inside::Passed(until) = self.inside
            && (until != b"Record" || tag.name() != until)
        {
            return Ok(());
        }
        match tag.name() {
            b"Record" => self.open_record(tag)?,
            b"MetadataEntry" => self.metadata(tag)?,
            b"InstantaneousBeatsPerMinute" => self.beat(tag),
            b"Location" => self.location(tag)?,
            b"ActivitySummary" => summary::activity(tag, self.outlet)?,
            b"Workout" => self.open_workout(tag)?,
            b"WorkoutEvent" => self.workout_event(tag),
            b"WorkoutStatistics" => self.workout_statistics(tag),
            b"WorkoutRoute" => self.workout_route(tag),
            // The same records stand at top level, where they are read.
            b"Correlation" => {
                self.pass(b"Correlation", "the records of a correlation, which come again by themselves", tag);
            }
            // Its statistics and events are in the workout's own.
            b"WorkoutActivity" => self.pass(b"WorkoutActivity", "parts of a workout", tag),
            b"ClinicalRecord" => self.pass(b"ClinicalRecord", "ClinicalRecord", tag),
            b"Audiogram" => self.pass(b"Audiogram", "Audiogram", tag),
            b"VisionPrescription" => self.pass(b"VisionPrescription", "VisionPrescription", tag),
            b"FileReference" => self.outlet.note("route in a file of its own", ""),
            b"Me" => summary::me(tag, self.outlet)?,
            b"HealthData" | b"ExportDate" | b"HeartRateVariabilityMetadataList" => {}
            other => self.outlet.note("not read:", &text::plain(other)),
        }
        Ok(())
    }

    fn close(&mut self, name: &[u8]) -> Result<(), Fault> {
        match name {
            b"Record" => self.finish_record()?,
            b"Workout" => {
                self.finish_record()?;
                if let Inside::Passed(b"Workout") = self.inside {
                    self.inside = Inside::Nothing;
                }
                self.finish_workout()?;
            }
            b"HealthData" => {
                self.finish_record()?;
                self.finish_workout()?;
                self.complete = true;
            }
            _ => {
                if matches!(self.inside, Inside::Passed(until) if until == name) {
                    self.inside = Inside::Nothing;
                }
            }
        }
        Ok(())
    }

    fn pass(&mut self, name: &'static [u8], what: &str, tag: Tag<'_>) {
        self.outlet.note("not read:", what);
        if !tag.empty {
            self.inside = Inside::Passed(name);
        }
    }

    fn metadata(&mut self, tag: Tag<'_>) -> Result<(), Fault> {
        let key = tag.attribute(b"key").unwrap_or_default();
        let value = tag.attribute(b"value").unwrap_or_default();
        let taken = match &mut self.inside {
            Inside::Record(pending) => pending.metadata(key, value, &mut self.zones),
            _ => match &mut self.workout {
                Some(draft) => draft.metadata(key, value, &mut self.zones),
                None => false,
            },
        };
        if !taken {
            self.outlet.note("metadata", &text::unescaped(key));
        }
        Ok(())
    }

    /// The time in an attribute, or the reason why there is none.
    fn time(&mut self, value: Option<&[u8]>) -> Result<Moment, &'static str> {
        self.clock.read(value.unwrap_or_default())
    }
}

/// The zone that a metadata entry names.
fn zone_named(name: &[u8], zones: &mut Lookup<1, Option<TimeZone>>) -> Option<usize> {
    zones.find([name]).or_else(|| {
        let zone = TimeZone::get(&text::unescaped(name)).ok();
        zones.add([name], zone)
    })
}
