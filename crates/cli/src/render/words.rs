//! Units, times and identifiers as people read them.

use didymos_base::time::wall_text;
use didymos_base::{Observation, Source, Value, ZoneOffset};
use serde_json::Value as Json;

/// A UCUM code as people write the unit; empty where there is none.
pub(crate) fn unit(ucum: &str) -> String {
    match ucum {
        "1" | "{count}" | "{score}" => String::new(),
        "Cel" => "°C".into(),
        "deg" => "°".into(),
        "mm[Hg]" => "mmHg".into(),
        "[iU]" => "IU".into(),
        "dB[SPL]" => "dB".into(),
        "mL/(kg.min)" => "mL/kg/min".into(),
        "kcal/(kg.h)" => "MET".into(),
        "kg/m2" => "kg/m²".into(),
        other => other.into(),
    }
}

/// A number or a text with the unit behind it, if there is one.
pub(crate) fn with_unit(text: &str, ucum: &str) -> String {
    let unit = unit(ucum);
    match unit.as_str() {
        "" => text.to_owned(),
        "°" => format!("{text}°"),
        unit => format!("{text} {unit}"),
    }
}

/// An RFC 3339 time with a blank for the `T`.
pub(crate) fn time(rfc3339: &str) -> String {
    rfc3339.replacen('T', " ", 1)
}

/// A time without what is zero for every row: `day` leaves the clock time out, otherwise seconds go if they are zero.
pub(crate) fn bucket_time(iso: &str, day: bool) -> String {
    match (day, iso.get(..10), iso.get(..16)) {
        (true, Some(date), _) => date.to_owned(),
        (false, _, Some(minute)) if iso.get(16..) == Some(":00") => minute.replacen('T', " ", 1),
        _ => time(iso),
    }
}

/// The date of wall-clock milliseconds.
pub(crate) fn date(wall_ms: i64) -> String {
    wall_text(wall_ms).get(..10).unwrap_or_default().to_owned()
}

/// What was observed.
pub(crate) fn value(value: &Value, ucum: &str) -> String {
    match value {
        Value::Number(number) => with_unit(&super::number::value(*number), ucum),
        Value::Category(text) | Value::Text(text) | Value::Event(text) => text.to_string(),
        Value::Position { lat, lon } => position(*lat, *lon),
    }
}

/// What was observed, as it stands in JSON.
pub(crate) fn json_value(value: &Json) -> String {
    match (value, value.get("lat").and_then(Json::as_f64), value.get("lon").and_then(Json::as_f64)) {
        (Json::String(text), ..) => text.clone(),
        (Json::Number(number), ..) => number.as_f64().map_or_else(|| number.to_string(), super::number::value),
        (_, Some(lat), Some(lon)) => position(lat, lon),
        (other, ..) => other.to_string(),
    }
}

/// Five decimals are a metre.
fn position(lat: f64, lon: f64) -> String {
    let (north, east) = (if lat < 0.0 { 'S' } else { 'N' }, if lon < 0.0 { 'W' } else { 'E' });
    format!("{:.5}° {north}, {:.5}° {east}", lat.abs(), lon.abs())
}

/// Start and end of an observation, and whether its zone is known.
pub(crate) fn when(observation: &Observation) -> String {
    let zone = observation.zone_minutes.and_then(ZoneOffset::from_minutes).unwrap_or(ZoneOffset::UNKNOWN);
    let mut text = time(&observation.start.rfc3339(zone));
    if observation.end > observation.start {
        text.push_str(" to ");
        text.push_str(&time(&observation.end.rfc3339(zone)));
    }
    if observation.zone_minutes.is_none() {
        text.push_str(", on a clock whose zone the file does not tell");
    }
    text
}

/// Everything that is known of a source, line by line.
pub(crate) fn source(source: &Source) -> Vec<String> {
    let mut lines = vec![source.summary()];
    let said = [
        ("made by", &source.manufacturer),
        ("firmware", &source.firmware),
        ("calibration", &source.calibration),
        ("sampling", &source.sampling),
        ("accuracy", &source.accuracy),
        ("converted from", &source.converted_from),
    ];
    lines.extend(said.into_iter().filter_map(|(what, is)| Some(format!("{what} {}", is.as_ref()?))));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_places_are_said_plainly() {
        assert_eq!(bucket_time("2016-04-01T00:00:00", true), "2016-04-01");
        assert_eq!(bucket_time("2016-04-01T07:30:00", false), "2016-04-01 07:30");
        assert_eq!(bucket_time("2016-04-01T07:30:15", false), "2016-04-01 07:30:15");
        assert_eq!(json_value(&serde_json::json!({"lat": -45.5, "lon": 14.25})), "45.50000° S, 14.25000° E");
        assert_eq!(with_unit("72", "/min"), "72 /min");
        assert_eq!(with_unit("72", "{count}"), "72");
    }
}
