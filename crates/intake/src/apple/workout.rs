//! `Workout`: one event with its numbers, and the route as places.

use super::device::Variant;
use super::kinds::Values;
use super::{Inside, Reader, present, zone_named};
use crate::clock::Moment;
use crate::error::Fault;
use crate::json::Json;
use crate::lookup::Lookup;
use crate::number;
use crate::outlet::Span;
use crate::text;
use crate::xml::Tag;
use didymos_base::time::MINUTE_MS;
use didymos_base::{SourceKey, Value, observation, unit};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// Pauses, laps and segments kept of one workout, and statistics.
const EVENTS_MAX: usize = 120;
const STATISTICS_MAX: usize = 64;

/// A workout whose children are still to come.
pub(super) struct Draft {
    at: u64,
    device: usize,
    span: Span,
    zone: Option<usize>,
    attributes: BTreeMap<String, Json>,
    statistics: BTreeMap<String, Json>,
    events: Vec<Json>,
    /// The source of the route's points: the phone records the route even where the watch records the workout.
    route: Option<SourceKey>,
}

impl Draft {
    pub(super) fn metadata(&mut self, key: &[u8], value: &[u8], zones: &mut Lookup<1, Option<TimeZone>>) -> bool {
        let quantity = |to: &str| quantity(value, to).map(Json::number);
        let (name, value) = match key {
            b"HKTimeZone" => {
                self.zone = zone_named(value, zones);
                return true;
            }
            b"HKIndoorWorkout" => ("indoor", Some(Json::Flag(value == b"1"))),
            b"HKWeatherTemperature" => ("weather_temperature_cel", quantity("Cel")),
            b"HKWeatherHumidity" => ("weather_humidity_percent", humidity(value).map(Json::number)),
            b"HKElevationAscended" => ("elevation_ascended_m", quantity("m")),
            b"HKElevationDescended" => ("elevation_descended_m", quantity("m")),
            b"HKAverageMETs" => ("average_mets", quantity("kcal/(kg.h)")),
            b"HKLapLength" => ("lap_length_m", quantity("m")),
            _ => return false,
        };
        let Some(value) = value else { return false };
        self.attributes.insert(name.to_owned(), value);
        true
    }

    /// The event's JSON, short enough to keep, and whether its parts had to be left out for that.
    fn json(&self) -> Option<(String, bool)> {
        let mut whole = self.attributes.clone();
        if !self.statistics.is_empty() {
            whole.insert("statistics".to_owned(), Json::Object(self.statistics.clone()));
        }
        let short = serde_json::to_string(&whole).ok()?;
        if self.events.is_empty() {
            return (short.len() <= observation::MAX_TEXT).then_some((short, false));
        }
        whole.insert("events".to_owned(), Json::List(self.events.clone()));
        let long = serde_json::to_string(&whole).ok()?;
        if long.len() <= observation::MAX_TEXT {
            return Some((long, false));
        }
        (short.len() <= observation::MAX_TEXT).then_some((short, true))
    }
}

/// A quantity with its unit in one text, as metadata has it: `56 degF`.
fn quantity(raw: &[u8], to: &str) -> Option<f64> {
    let text = text::unescaped(raw);
    let (number, from) = text.trim().split_once(' ')?;
    unit::convert(number::parse(number.as_bytes())?, from, to, None).ok()
}

/// Relative humidity: older versions write `96 %`, newer ones `9600 %` for the same air.
fn humidity(raw: &[u8]) -> Option<f64> {
    let percent = quantity(raw, "%")?;
    Some(if percent > 100.0 { percent / 100.0 } else { percent })
}

impl Reader<'_, '_> {
    pub(super) fn open_workout(&mut self, tag: Tag<'_>) -> Result<(), Fault> {
        self.finish_record()?;
        self.finish_workout()?;
        match self.draft(tag) {
            Ok(draft) => {
                self.workout = Some(Box::new(draft));
                if tag.empty {
                    self.finish_workout()?;
                }
            }
            Err(reason) => {
                self.outlet.skip(reason);
                if !tag.empty {
                    self.inside = Inside::Passed(b"Workout");
                }
            }
        }
        Ok(())
    }

    fn draft(&mut self, tag: Tag<'_>) -> Result<Draft, &'static str> {
        let text = |name: &[u8]| text::unescaped(tag.attribute(name).unwrap_or_default());
        let start = self.time(tag.attribute(b"startDate"))?;
        let end = self.time(tag.attribute(b"endDate"))?;
        let raw = |name: &[u8]| tag.attribute(name).unwrap_or_default();
        let device = self.devices.find(raw(b"sourceName"), raw(b"sourceVersion"), raw(b"device"));
        let activity = text(b"workoutActivityType");
        let activity = text::snake(activity.strip_prefix("HKWorkoutActivityType").unwrap_or(&activity));
        let mut attributes = BTreeMap::from([("activity".to_owned(), Json::Text(activity))]);
        let mut number = |name: &str, value: &[u8], unit: &[u8], usual: &str, to: &str| {
            let Some(written) = present(tag.attribute(value)) else { return };
            let unit = text(unit);
            let unit = if unit.is_empty() { usual } else { &unit };
            match number::parse(written).and_then(|n| unit::convert(n, unit, to, None).ok()) {
                Some(number) => drop(attributes.insert(name.to_owned(), Json::number(number))),
                None => self.outlet.note("workout attribute without a sound number or unit:", name),
            }
        };
        number("duration_min", b"duration", b"durationUnit", "min", "min");
        number("distance_km", b"totalDistance", b"totalDistanceUnit", "km", "km");
        number("energy_kcal", b"totalEnergyBurned", b"totalEnergyBurnedUnit", "kcal", "kcal");
        Ok(Draft {
            at: tag.at,
            device: device.ok_or("too many sources")?,
            span: Span { start: start.at, end: end.at, zone: start.zone },
            zone: None,
            attributes,
            statistics: BTreeMap::new(),
            events: Vec::new(),
            route: None,
        })
    }

    pub(super) fn workout_event(&mut self, tag: Tag<'_>) {
        let Some(draft) = &mut self.workout else { return };
        if draft.events.len() >= EVENTS_MAX {
            self.outlet.note("workout events beyond the first 120", "");
            return;
        }
        let Ok(moment) = self.clock.read(tag.attribute(b"date").unwrap_or_default()) else {
            self.outlet.note("workout event without a date", "");
            return;
        };
        let kind = text::unescaped(tag.attribute(b"type").unwrap_or_default());
        let kind = text::snake(kind.strip_prefix("HKWorkoutEventType").unwrap_or(&kind));
        let after_min = (moment.at.0 - draft.span.start.0) as f64 / MINUTE_MS as f64;
        let mut event =
            BTreeMap::from([("type".to_owned(), Json::Text(kind)), ("after_min".to_owned(), Json::number(after_min))]);
        let unit = text::unescaped(tag.attribute(b"durationUnit").unwrap_or(b"min"));
        let duration = tag.attribute(b"duration").and_then(number::parse);
        if let Some(minutes) = duration.and_then(|n| unit::convert(n, &unit, "min", None).ok()) {
            event.insert("duration_min".to_owned(), Json::number(minutes));
        }
        draft.events.push(Json::Object(event));
    }

    pub(super) fn workout_statistics(&mut self, tag: Tag<'_>) {
        let Some(draft) = &mut self.workout else { return };
        let raw = |name: &[u8]| tag.attribute(name).unwrap_or_default();
        let plan = self.kinds.find(raw(b"type"), raw(b"unit"), self.outlet);
        let plan = plan.ok_or("too many types").and_then(|at| self.kinds.get(at));
        let (Ok(plan), true) = (plan, draft.statistics.len() < STATISTICS_MAX) else {
            self.outlet.note("workout statistics of unknown kind or unit", "");
            return;
        };
        let Values::Number(conversion) = &plan.values else { return };
        let mut entry = BTreeMap::from([("unit".to_owned(), Json::Text(plan.unit.to_string()))]);
        for (name, attribute) in
            [("sum", &b"sum"[..]), ("average", b"average"), ("minimum", b"minimum"), ("maximum", b"maximum")]
        {
            if let Some(number) = present(tag.attribute(attribute)).and_then(number::parse) {
                let number = conversion.apply(number);
                // Newer exports have the totals only here; an event says them in one place whatever the version.
                let total = match &*plan.label {
                    "distance_walking_running" | "distance_cycling" | "distance_swimming" => Some("distance_km"),
                    "active_energy_burned" => Some("energy_kcal"),
                    _ => None,
                };
                if let (Some(total), "sum") = (total, name) {
                    draft.attributes.entry(total.to_owned()).or_insert(Json::number(number));
                }
                entry.insert(name.to_owned(), Json::number(number));
            }
        }
        draft.statistics.insert(plan.label.to_string(), Json::Object(entry));
    }

    pub(super) fn workout_route(&mut self, tag: Tag<'_>) {
        let raw = |name: &[u8]| tag.attribute(name).unwrap_or_default();
        let device = self.devices.find(raw(b"sourceName"), raw(b"sourceVersion"), raw(b"device"));
        if let (Some(draft), Some(device)) = (&mut self.workout, device) {
            draft.route = Some(self.devices.key(device, Variant::default(), self.outlet));
        }
    }

    /// One point of a route that is written inside the workout.
    pub(super) fn location(&mut self, tag: Tag<'_>) -> Result<(), Fault> {
        let Some(draft) = &self.workout else {
            self.outlet.note("not read:", "Location outside of a workout");
            return Ok(());
        };
        let (device, route, zone) = (draft.device, draft.route, draft.zone);
        let moment = match self.time(tag.attribute(b"date")) {
            Ok(Moment { at, zone: written }) => Moment { at, zone: self.zone_at(zone, at).unwrap_or(written) },
            Err(reason) => {
                self.outlet.skip(reason);
                return Ok(());
            }
        };
        let source = route.unwrap_or_else(|| self.devices.key(device, Variant::default(), self.outlet));
        let span = Span::at(moment);
        let number = |name: &[u8]| present(tag.attribute(name)).map(number::parse);
        match (number(b"latitude"), number(b"longitude")) {
            (Some(Some(lat)), Some(Some(lon))) => {
                let stream = self.outlet.known("location");
                if !self.outlet.push(stream, source, span, Value::Position { lat, lon }, tag.at)? {
                    return Ok(());
                }
            }
            (None, _) | (_, None) => {
                self.outlet.skip("value missing");
                return Ok(());
            }
            _ => {
                self.outlet.skip("not a number");
                return Ok(());
            }
        }
        for (name, stream, below_zero_is_unknown) in [
            (&b"altitude"[..], "location_elevation", false),
            (b"speed", "speed", true),
            (b"course", "location_course", true),
            (b"horizontalAccuracy", "location_accuracy", true),
            (b"verticalAccuracy", "location_accuracy_vertical", true),
        ] {
            match number(name) {
                None => {}
                Some(None) => self.outlet.skip("not a number"),
                Some(Some(number)) if number < 0.0 && below_zero_is_unknown => self.outlet.note("unknown", stream),
                Some(Some(number)) => {
                    let stream = self.outlet.known(stream);
                    self.outlet.push(stream, source, span, Value::Number(number), tag.at)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the workout that is open, if one is.
    pub(super) fn finish_workout(&mut self) -> Result<(), Fault> {
        let Some(draft) = self.workout.take() else { return Ok(()) };
        let Some((json, shortened)) = draft.json() else {
            self.outlet.skip("text too long");
            return Ok(());
        };
        if shortened {
            self.outlet.note("workout events that do not fit", "");
        }
        let zone = self.zone_at(draft.zone, draft.span.start).unwrap_or(draft.span.zone);
        let source = self.devices.key(draft.device, Variant::default(), self.outlet);
        let stream = self.outlet.known("workout");
        self.outlet.push(stream, source, Span { zone, ..draft.span }, Value::Event(json.into()), draft.at)?;
        Ok(())
    }
}
