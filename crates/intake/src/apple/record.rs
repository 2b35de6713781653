//! `Record`: one quantity or category over one stretch of time.

use super::beats::{self, BEATS_MAX, Beat};
use super::device::Variant;
use super::kinds::{Values, label};
use super::{Inside, Reader, present, zone_named};
use crate::clock::offset_in;
use crate::error::Fault;
use crate::lookup::Lookup;
use crate::number;
use crate::outlet::{Span, fitting};
use crate::text;
use crate::xml::Tag;
use didymos_base::{StreamKey, Timestamp, Value, ZoneOffset};
use jiff::tz::TimeZone;

/// A record whose children are still to come.
pub(super) struct Pending {
    at: u64,
    stream: StreamKey,
    device: usize,
    variant: Variant,
    span: Span,
    value: Value,
    zone: Option<usize>,
    motion: Option<&'static str>,
    beats: Vec<Beat>,
}

impl Pending {
    /// Takes what a metadata entry says about this record, if it is something known.
    pub(super) fn metadata(&mut self, key: &[u8], value: &[u8], zones: &mut Lookup<1, Option<TimeZone>>) -> bool {
        match key {
            b"HKWasUserEntered" => self.variant.by_hand = matches!(value, b"1" | b"true" | b"YES"),
            b"HKTimeZone" => self.zone = zone_named(value, zones),
            b"HKMetadataKeyHeartRateMotionContext" => {
                self.motion = match value {
                    b"0" => Some("not_set"),
                    b"1" => Some("sedentary"),
                    b"2" => Some("active"),
                    _ => return false,
                };
            }
            _ => return false,
        }
        true
    }
}

/// The attributes of a record that are looked at.
#[derive(Default)]
struct Raw<'a> {
    kind: &'a [u8],
    unit: &'a [u8],
    value: Option<&'a [u8]>,
    source: &'a [u8],
    version: &'a [u8],
    device: &'a [u8],
    start: Option<&'a [u8]>,
    end: Option<&'a [u8]>,
}

impl<'a> Raw<'a> {
    fn of(tag: Tag<'a>) -> Self {
        let mut raw = Self::default();
        for (name, value) in tag.attributes() {
            match name {
                b"type" => raw.kind = value,
                b"unit" => raw.unit = value,
                b"value" => raw.value = Some(value),
                b"sourceName" => raw.source = value,
                b"sourceVersion" => raw.version = value,
                b"device" => raw.device = value,
                b"startDate" => raw.start = Some(value),
                b"endDate" => raw.end = Some(value),
                _ => {}
            }
        }
        raw
    }
}

impl Reader<'_, '_> {
    pub(super) fn open_record(&mut self, tag: Tag<'_>) -> Result<(), Fault> {
        self.finish_record()?;
        match self.pending(&Raw::of(tag), tag.at) {
            Ok(pending) if tag.empty => self.push_record(pending)?,
            Ok(pending) => self.inside = Inside::Record(Box::new(pending)),
            Err(reason) => {
                self.outlet.skip(reason);
                if !tag.empty {
                    self.inside = Inside::Passed(b"Record");
                }
            }
        }
        Ok(())
    }

    fn pending(&mut self, raw: &Raw<'_>, at: u64) -> Result<Pending, &'static str> {
        let plan = self.kinds.find(raw.kind, raw.unit, self.outlet).ok_or("too many types")?;
        let plan = self.kinds.get(plan)?;
        let value = present(raw.value);
        let value = match &plan.values {
            Values::Number(conversion) => {
                let number = number::parse(value.ok_or("value missing")?).ok_or("not a number")?;
                Value::Number(conversion.apply(number))
            }
            // Some categories have no value: that they happened is all there is to say.
            Values::Labels(kind) => {
                let text = text::unescaped(value.unwrap_or(b"HKCategoryValueNotApplicable"));
                Value::Category(fitting(&label(kind, &text))?)
            }
        };
        let (stream, converted_from) = (plan.stream, plan.converted_from());
        let start = self.time(raw.start)?;
        let end = if raw.end == raw.start { start } else { self.time(raw.end)? };
        let device = self.devices.find(raw.source, raw.version, raw.device).ok_or("too many sources")?;
        Ok(Pending {
            at,
            stream,
            device,
            variant: Variant { converted_from, by_hand: false },
            span: Span { start: start.at, end: end.at, zone: start.zone },
            value,
            zone: None,
            motion: None,
            beats: Vec::new(),
        })
    }

    pub(super) fn beat(&mut self, tag: Tag<'_>) {
        let Inside::Record(pending) = &mut self.inside else { return };
        let bpm = tag.attribute(b"bpm").and_then(number::parse);
        let time = tag.attribute(b"time").and_then(beats::time_of_day);
        match (bpm, time) {
            (Some(_), Some(_)) if pending.beats.len() >= BEATS_MAX => self.outlet.skip("too many beats"),
            (Some(bpm), Some(in_day_ms)) => pending.beats.push(Beat { bpm, in_day_ms, at: tag.at }),
            (None, _) => self.outlet.skip("not a number"),
            (_, None) => self.outlet.skip("date malformed"),
        }
    }

    /// Ends the record that is open, if one is.
    pub(super) fn finish_record(&mut self) -> Result<(), Fault> {
        match std::mem::replace(&mut self.inside, Inside::Nothing) {
            Inside::Record(pending) => self.push_record(*pending),
            Inside::Nothing | Inside::Passed(b"Record") => Ok(()),
            other @ Inside::Passed(_) => {
                self.inside = other;
                Ok(())
            }
        }
    }

    fn push_record(&mut self, pending: Pending) -> Result<(), Fault> {
        let Pending { at, stream, device, variant, mut span, value, zone, motion, beats } = pending;
        // Beats are written on the clock of the export, like all times; only the label changes with the true zone.
        let written_offset_ms = span.zone.as_ms();
        span.zone = self.zone_at(zone, span.start).unwrap_or(span.zone);
        let source = self.devices.key(device, variant, self.outlet);
        if !self.outlet.push(stream, source, span, value, at)? {
            return Ok(());
        }
        if motion.is_none() && beats.is_empty() {
            return Ok(());
        }
        let plain = self.devices.key(device, Variant { converted_from: None, ..variant }, self.outlet);
        if let Some(motion) = motion {
            let stream = self.outlet.known("heart_rate_motion");
            self.outlet.push(stream, plain, span, Value::Category(motion.into()), at)?;
        }
        if !beats.is_empty() {
            let stream = self.outlet.known("heart_rate_beat");
            for beat in beats {
                let instant = beats::instant(span.start, written_offset_ms, beat.in_day_ms);
                let span = Span { start: instant, end: instant, ..span };
                self.outlet.push(stream, plain, span, Value::Number(beat.bpm), beat.at)?;
            }
        }
        Ok(())
    }

    /// The offset in a zone that metadata named, if it named one that exists.
    pub(super) fn zone_at(&self, zone: Option<usize>, at: Timestamp) -> Option<ZoneOffset> {
        let zone = self.zones.get(zone?).as_ref()?;
        Some(offset_in(zone, at)).filter(|offset| *offset != ZoneOffset::UNKNOWN)
    }
}
