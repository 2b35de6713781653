//! The table of known streams: what a twin can measure, in which unit, under which standard code.
//!
//! To add a stream, add a line. Codes are LOINC where one fits, else a schema of IEEE 1752.1 or Open mHealth. What a
//! file brings beyond the table still comes in, as an *open* stream named by its reader (`apple.…`, `custom.…`).

use crate::unit::Analyte;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// What the values of a stream are.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    minicbor::Encode,
    minicbor::Decode,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Kind {
    /// Numbers read at moments or averaged over short times: they have a mean.
    #[n(0)]
    Reading,
    /// Numbers counted over a stretch of time: they have a sum.
    #[n(1)]
    Total,
    /// One of a few labels, over a stretch of time.
    #[n(2)]
    Category,
    /// Short texts.
    #[n(3)]
    Text,
    /// Places.
    #[n(4)]
    Position,
    /// Events with attributes.
    #[n(5)]
    Event,
}

impl Kind {
    /// Whether the values are numbers.
    #[must_use]
    pub fn is_number(self) -> bool {
        matches!(self, Self::Reading | Self::Total)
    }
}

/// A stream's name: lower-case words joined by `_` and `.`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(Box<str>);

impl StreamId {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A stream name made from any text: `FooBar` under `apple` becomes `apple.foo_bar`
    /// Letters and digits are kept in lower case, everything else becomes `_`.
    #[must_use]
    pub fn open(namespace: &str, text: &str) -> Option<Self> {
        let mut name = String::with_capacity(namespace.len() + text.len() + 8);
        name.push_str(namespace);
        name.push('.');
        let mut previous = '_';
        for c in text.chars() {
            if c.is_ascii_alphanumeric() {
                if c.is_ascii_uppercase() && (previous.is_ascii_lowercase() || previous.is_ascii_digit()) {
                    name.push('_');
                }
                name.push(c.to_ascii_lowercase());
                previous = c;
            } else if previous != '_' {
                name.push('_');
                previous = '_';
            }
        }
        while name.ends_with('_') {
            name.pop();
        }
        name.parse().ok()
    }
}

/// The text cannot name a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a stream name: use up to 120 lower-case letters, digits, '_' and '.', for example heart_rate")]
pub struct BadStreamId;

impl FromStr for StreamId {
    type Err = BadStreamId;

    fn from_str(text: &str) -> Result<Self, BadStreamId> {
        let good = (1..=120).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.')
            && text.as_bytes()[0].is_ascii_lowercase()
            && !text.ends_with('.');
        if good { Ok(Self(text.into())) } else { Err(BadStreamId) }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl serde::Serialize for StreamId {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for StreamId {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for StreamId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StreamId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[a-z][a-z0-9_.]{0,119}$", "examples": ["heart_rate"] })
    }
}

impl<C> minicbor::Encode<C> for StreamId {
    fn encode<W: minicbor::encode::Write>(
        &self,
        to: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        to.str(&self.0)?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for StreamId {
    fn decode(from: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        from.str()?.parse().map_err(|_| minicbor::decode::Error::message("not a stream name"))
    }
}

/// A stream as the vault knows it.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    minicbor::Encode,
    minicbor::Decode,
)]
#[cbor(array)]
pub struct Stream {
    /// Its name.
    #[n(0)]
    pub id: StreamId,
    /// What its values are.
    #[n(1)]
    pub kind: Kind,
    /// UCUM code of its unit, fixed for ever; `1` where values have none.
    #[n(2)]
    pub unit: String,
}

/// A standard's name for what a stream measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Code {
    /// `LOINC`, `IEEE 1752.1` or `Open mHealth`.
    pub system: &'static str,
    /// The code, or the schema's name.
    pub code: &'static str,
}

const fn loinc(code: &'static str) -> Option<Code> {
    Some(Code { system: "LOINC", code })
}
const fn ieee(code: &'static str) -> Option<Code> {
    Some(Code { system: "IEEE 1752.1", code })
}
const fn omh(code: &'static str) -> Option<Code> {
    Some(Code { system: "Open mHealth", code })
}

/// A line of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// The stream's name.
    pub id: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// UCUM code.
    pub unit: &'static str,
    /// The standard's code, where there is one.
    pub code: Option<Code>,
    /// The substance measured, where units depend on it.
    pub analyte: Option<Analyte>,
}

impl Known {
    /// The stream of this line.
    #[must_use]
    pub fn stream(&self) -> Stream {
        Stream { id: StreamId(self.id.into()), kind: self.kind, unit: self.unit.to_owned() }
    }
}

const fn line(id: &'static str, label: &'static str, kind: Kind, unit: &'static str, code: Option<Code>) -> Known {
    Known { id, label, kind, unit, code, analyte: None }
}

use Kind::{Category, Event, Position, Reading, Text, Total};

/// Every stream known by name.
pub const STREAMS: &[Known] = &[
    // Heart
    line("heart_rate", "Heart rate", Reading, "/min", loinc("8867-4")),
    line("heart_rate_beat", "Beat-to-beat heart rate", Reading, "/min", loinc("8867-4")),
    line("heart_rate_motion", "Motion during heart rate", Category, "1", None),
    line("heart_rate_resting", "Resting heart rate", Reading, "/min", loinc("40443-4")),
    line("heart_rate_walking", "Walking heart rate average", Reading, "/min", None),
    line("heart_rate_recovery", "Heart rate recovery, one minute", Reading, "/min", None),
    line("heart_rate_variability_sdnn", "Heart rate variability (SDNN)", Reading, "ms", loinc("80404-7")),
    line("heart_rate_variability_rmssd", "Heart rate variability (RMSSD)", Reading, "ms", None),
    line("vo2_max", "VO₂max", Reading, "mL/(kg.min)", loinc("60842-2")),
    line("blood_pressure_systolic", "Systolic blood pressure", Reading, "mm[Hg]", loinc("8480-6")),
    line("blood_pressure_diastolic", "Diastolic blood pressure", Reading, "mm[Hg]", loinc("8462-4")),
    // Breath, blood, temperature
    line("oxygen_saturation", "Oxygen saturation", Reading, "%", loinc("59408-5")),
    line("respiratory_rate", "Respiratory rate", Reading, "/min", loinc("9279-1")),
    line("body_temperature", "Body temperature", Reading, "Cel", loinc("8310-5")),
    line("wrist_temperature", "Wrist temperature asleep", Reading, "Cel", None),
    Known { analyte: Some(Analyte::Glucose), ..line("glucose", "Glucose", Reading, "mg/dL", loinc("99504-3")) },
    Known {
        analyte: Some(Analyte::Glucose),
        ..line("glucose_blood", "Glucose in blood, from a finger prick", Reading, "mg/dL", loinc("41653-7"))
    },
    line("ketones", "Ketones in blood", Reading, "mmol/L", None),
    line("insulin", "Insulin delivered", Total, "[iU]", None),
    line("insulin_long_acting", "Long-acting insulin delivered", Total, "[iU]", None),
    // Movement
    line("steps", "Steps", Total, "{count}", loinc("41950-7")),
    line("steps_daily", "Steps per day, as the maker totals them", Total, "{count}", loinc("41950-7")),
    line("steps_hourly", "Steps per hour, as the maker totals them", Total, "{count}", loinc("41950-7")),
    line("distance", "Distance on foot", Total, "km", loinc("41953-1")),
    line("distance_daily", "Distance per day, as the maker totals it", Total, "km", loinc("41953-1")),
    line("distance_cycling", "Distance cycling", Total, "km", None),
    line("distance_swimming", "Distance swimming", Total, "km", None),
    line("flights_climbed", "Flights climbed", Total, "{count}", loinc("93831-6")),
    line("activity_intensity", "Activity intensity", Category, "1", ieee("physical-activity")),
    line("activity_intensity_hourly", "Activity intensity summed per hour", Total, "{score}", None),
    line("metabolic_equivalents", "Metabolic equivalents", Reading, "kcal/(kg.h)", None),
    line("energy_active", "Active energy", Total, "kcal", loinc("41981-2")),
    line("energy_basal", "Resting energy", Total, "kcal", None),
    line("energy_daily", "Energy burned per day", Total, "kcal", loinc("41981-2")),
    line("energy_hourly", "Energy burned per hour, as the maker totals it", Total, "kcal", loinc("41981-2")),
    line("energy_total", "Energy burned, active and resting", Total, "kcal", None),
    line("exercise_minutes", "Exercise minutes", Total, "min", omh("physical-activity")),
    line("stand_minutes", "Stand minutes", Total, "min", None),
    line("stand_hour", "Stand hour", Category, "1", None),
    line("activity_very_active_minutes", "Very active minutes per day", Total, "min", None),
    line("activity_fairly_active_minutes", "Fairly active minutes per day", Total, "min", None),
    line("activity_lightly_active_minutes", "Lightly active minutes per day", Total, "min", None),
    line("activity_sedentary_minutes", "Sedentary minutes per day", Total, "min", None),
    line("summary_energy_active", "Activity rings: energy", Total, "kcal", None),
    line("summary_energy_active_goal", "Activity rings: energy goal", Total, "kcal", None),
    line("summary_move_minutes", "Activity rings: move minutes", Total, "min", None),
    line("summary_move_minutes_goal", "Activity rings: move goal", Total, "min", None),
    line("summary_exercise_minutes", "Activity rings: exercise", Total, "min", None),
    line("summary_exercise_minutes_goal", "Activity rings: exercise goal", Total, "min", None),
    line("summary_stand_hours", "Activity rings: stand hours", Total, "h", None),
    line("summary_stand_hours_goal", "Activity rings: stand goal", Total, "h", None),
    line("workout", "Workout", Event, "1", ieee("physical-activity")),
    line("cadence", "Cadence", Reading, "/min", None),
    line("power", "Power", Reading, "W", None),
    line("speed", "Speed over ground", Reading, "m/s", None),
    // Sleep
    line("sleep_stage", "Sleep stage", Category, "1", ieee("sleep-stage-episode")),
    line("sleep_minutes", "Time asleep", Total, "min", ieee("total-sleep-time")),
    line("sleep_in_bed_minutes", "Time in bed", Total, "min", ieee("time-in-bed")),
    line("sleep_periods", "Sleep periods in a night", Total, "{count}", None),
    // Body
    line("body_mass", "Body weight", Reading, "kg", loinc("29463-7")),
    line("body_mass_index", "Body mass index", Reading, "kg/m2", loinc("39156-5")),
    line("body_fat", "Body fat", Reading, "%", loinc("41982-0")),
    line("lean_body_mass", "Lean body mass", Reading, "kg", loinc("91557-9")),
    line("height", "Height", Reading, "cm", loinc("8302-2")),
    line("waist", "Waist circumference", Reading, "cm", loinc("8280-0")),
    // Food
    line("dietary_energy", "Energy eaten", Total, "kcal", loinc("9052-2")),
    line("dietary_carbohydrates", "Carbohydrates eaten", Total, "g", loinc("9059-7")),
    line("dietary_protein", "Protein eaten", Total, "g", None),
    line("dietary_fat", "Fat eaten", Total, "g", None),
    line("dietary_water", "Water drunk", Total, "mL", None),
    line("dietary_caffeine", "Caffeine", Total, "mg", None),
    // Surroundings
    line("sound_level", "Sound level around", Reading, "dB[SPL]", None),
    line("headphone_level", "Sound level in headphones", Reading, "dB[SPL]", None),
    line("daylight_minutes", "Time in daylight", Total, "min", None),
    line("ambient_temperature", "Temperature around", Reading, "Cel", None),
    // Mind
    line("mindful_session", "Mindful session", Category, "1", None),
    line("mood", "Mood", Reading, "{score}", None),
    // Places
    line("location", "Place", Position, "deg", omh("geoposition")),
    line("location_elevation", "Elevation", Reading, "m", None),
    line("location_accuracy", "Horizontal accuracy of a place", Reading, "m", None),
    line("location_accuracy_vertical", "Vertical accuracy of a place", Reading, "m", None),
    line("location_course", "Course over ground", Reading, "deg", None),
    line("place_named", "Named place", Event, "1", None),
    // Agenda
    line("calendar_event", "Calendar event", Event, "1", None),
    // The owner
    line("profile_date_of_birth", "Date of birth", Text, "1", loinc("21112-8")),
    line("profile_sex", "Sex", Category, "1", loinc("46098-0")),
    line("profile_blood_type", "Blood type", Category, "1", loinc("882-1")),
    line("profile_skin_type", "Fitzpatrick skin type", Category, "1", loinc("66472-2")),
    line("diagnosis", "Diagnosis", Category, "1", loinc("29308-4")),
    line("note", "Note", Text, "1", None),
];

/// The line of the table for `id`.
#[must_use]
pub fn known(id: &str) -> Option<&'static Known> {
    STREAMS.iter().find(|line| line.id == id)
}

/// What people call a stream: its name in the table, or else its own id made readable.
///
/// ```
/// use didymos_base::streams::label;
///
/// assert_eq!(label("heart_rate"), "Heart rate");
/// assert_eq!(label("fitbit.very_active_distance"), "Very active distance (fitbit)");
/// assert_eq!(label("custom.mood_score"), "Mood score");
/// ```
#[must_use]
pub fn label(id: &str) -> Cow<'static, str> {
    if let Some(known) = known(id) {
        return Cow::Borrowed(known.label);
    }
    let (maker, name) = id.split_once('.').unwrap_or(("", id));
    let mut label = name.replace(['_', '.'], " ");
    // Ids are ASCII; a stream's id never begins with anything but a letter.
    if let Some(first) = label.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if !["", "custom"].contains(&maker) {
        label.push_str(&format!(" ({maker})"));
    }
    Cow::Owned(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        for (i, line) in STREAMS.iter().enumerate() {
            assert!(line.id.parse::<StreamId>().is_ok(), "{}", line.id);
            assert!(!STREAMS[i + 1..].iter().any(|other| other.id == line.id), "{} is listed twice", line.id);
            let known_unit = crate::unit::find(line.unit).is_some();
            assert!(known_unit, "{}: {}", line.id, line.unit);
        }
    }

    #[test]
    fn any_name_becomes_a_stream_or_is_refused() {
        let id = |text| StreamId::open("apple", text).map(|id| id.to_string());
        assert_eq!(
            id("HKQuantityTypeIdentifierUVExposure").as_deref(),
            Some("apple.hkquantity_type_identifier_uvexposure")
        );
        assert_eq!(id("Über größe").as_deref(), Some("apple.ber_gr_e"));
        assert_eq!(id("___"), None);
        assert_eq!(id(&"x".repeat(200)), None);
    }
}
