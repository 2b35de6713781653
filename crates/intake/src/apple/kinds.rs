//! What Apple measures: its type names, and the streams and units that they become.

use crate::lookup::Lookup;
use crate::outlet::Outlet;
use crate::text;
use didymos_base::unit::{Conversion, Dimension, UnitError};
use didymos_base::{Kind, Stream, StreamId, StreamKey, streams, unit};

/// Apple's quantity types (without `HKQuantityTypeIdentifier`) that the table of streams has.
const QUANTITIES: &[(&str, &str)] = &[
    ("HeartRate", "heart_rate"),
    ("RestingHeartRate", "heart_rate_resting"),
    ("WalkingHeartRateAverage", "heart_rate_walking"),
    ("HeartRateRecoveryOneMinute", "heart_rate_recovery"),
    ("HeartRateVariabilitySDNN", "heart_rate_variability_sdnn"),
    ("VO2Max", "vo2_max"),
    ("BloodPressureSystolic", "blood_pressure_systolic"),
    ("BloodPressureDiastolic", "blood_pressure_diastolic"),
    ("OxygenSaturation", "oxygen_saturation"),
    ("RespiratoryRate", "respiratory_rate"),
    ("BodyTemperature", "body_temperature"),
    ("AppleSleepingWristTemperature", "wrist_temperature"),
    ("BloodGlucose", "glucose"),
    ("InsulinDelivery", "insulin"),
    ("StepCount", "steps"),
    ("DistanceWalkingRunning", "distance"),
    ("DistanceCycling", "distance_cycling"),
    ("DistanceSwimming", "distance_swimming"),
    ("FlightsClimbed", "flights_climbed"),
    ("ActiveEnergyBurned", "energy_active"),
    ("BasalEnergyBurned", "energy_basal"),
    ("AppleExerciseTime", "exercise_minutes"),
    ("AppleStandTime", "stand_minutes"),
    ("PhysicalEffort", "metabolic_equivalents"),
    ("CyclingCadence", "cadence"),
    ("CyclingPower", "power"),
    ("RunningPower", "power"),
    ("CyclingSpeed", "speed"),
    ("RunningSpeed", "speed"),
    ("BodyMass", "body_mass"),
    ("BodyMassIndex", "body_mass_index"),
    ("BodyFatPercentage", "body_fat"),
    ("LeanBodyMass", "lean_body_mass"),
    ("Height", "height"),
    ("WaistCircumference", "waist"),
    ("DietaryEnergyConsumed", "dietary_energy"),
    ("DietaryCarbohydrates", "dietary_carbohydrates"),
    ("DietaryProtein", "dietary_protein"),
    ("DietaryFatTotal", "dietary_fat"),
    ("DietaryWater", "dietary_water"),
    ("DietaryCaffeine", "dietary_caffeine"),
    ("EnvironmentalAudioExposure", "sound_level"),
    ("HeadphoneAudioExposure", "headphone_level"),
    ("TimeInDaylight", "daylight_minutes"),
];

const CATEGORIES: &[(&str, &str)] =
    &[("SleepAnalysis", "sleep_stage"), ("AppleStandHour", "stand_hour"), ("MindfulSession", "mindful_session")];

/// What becomes of one record type in one unit.
pub(crate) struct Plan {
    pub(crate) stream: StreamKey,
    pub(crate) values: Values,
    /// The name without its prefix, in snake case.
    pub(crate) label: Box<str>,
    /// UCUM code of the stream's unit.
    pub(crate) unit: Box<str>,
}

pub(crate) enum Values {
    Number(Conversion),
    /// Labels, with the type's name to strip from each.
    Labels(Box<str>),
}

impl Plan {
    /// The unit converted from, where it is not the stream's own.
    pub(crate) fn converted_from(&self) -> Option<&'static str> {
        match &self.values {
            Values::Number(conversion) if !conversion.is_identity() => Some(conversion.from_ucum()),
            _ => None,
        }
    }
}

/// The plans made so far, by type and unit; or why there is none.
pub(crate) struct Kinds {
    known: Lookup<2, Result<Plan, &'static str>>,
}

impl Kinds {
    pub(crate) fn new() -> Self {
        Self { known: Lookup::new(4_000) }
    }

    /// The place of the plan for a raw type and unit (empty if the record has none).
    pub(crate) fn find(&mut self, kind: &[u8], unit: &[u8], outlet: &mut Outlet<'_>) -> Option<usize> {
        self.known.find([kind, unit]).or_else(|| {
            let plan = plan(&text::unescaped(kind), &text::unescaped(unit), outlet);
            self.known.add([kind, unit], plan)
        })
    }

    pub(crate) fn get(&self, at: usize) -> Result<&Plan, &'static str> {
        self.known.get(at).as_ref().map_err(|reason| *reason)
    }
}

fn plan(kind: &str, file_unit: &str, outlet: &mut Outlet<'_>) -> Result<Plan, &'static str> {
    if kind.is_empty() {
        return Err("type missing");
    }
    let category = kind.strip_prefix("HKCategoryTypeIdentifier");
    let prefixes = ["HKQuantityTypeIdentifier", "HKDataType"];
    let name = category.or_else(|| prefixes.iter().find_map(|prefix| kind.strip_prefix(prefix))).unwrap_or(kind);
    let label: Box<str> = text::snake(name).into();
    let table = if category.is_some() || file_unit.is_empty() { CATEGORIES } else { QUANTITIES };
    let known = table.iter().find(|(apple, _)| *apple == name).map(|(_, id)| *id);
    if file_unit.is_empty() && kind.starts_with("HKQuantityType") {
        return Err("unit missing");
    }
    if category.is_some() || file_unit.is_empty() {
        let stream = match known {
            Some(id) => outlet.known(id),
            None => open(&label, Kind::Category, "1", outlet)?,
        };
        return Ok(Plan { stream, values: Values::Labels(name.into()), label, unit: "1".into() });
    }
    let line = known.and_then(streams::known);
    let (stream, unit, analyte) = if let Some(line) = line {
        (outlet.known(line.id), line.unit, line.analyte)
    } else {
        let own = own_unit(file_unit).ok_or("unknown unit")?;
        (open(&label, kind_of(name), own, outlet)?, own, None)
    };
    // Body mass index comes as a `count`, and a percentage as the fraction: 0.97 is 97 %.
    let from = match file_unit {
        "count" if unit == "kg/m2" => "kg/m2",
        "%" if unit == "%" => "{fraction}",
        other => other,
    };
    let conversion = Conversion::new(from, unit, analyte).map_err(|error| match error {
        UnitError::Unknown => "unknown unit",
        UnitError::Incompatible => "unit does not fit the stream",
    })?;
    Ok(Plan { stream, values: Values::Number(conversion), label, unit: unit.into() })
}

fn open(label: &str, kind: Kind, unit: &str, outlet: &mut Outlet<'_>) -> Result<StreamKey, &'static str> {
    let id = StreamId::open("apple", label).filter(|id| id.as_str() != "apple").ok_or("type cannot name a stream")?;
    outlet.open(&Stream { id, kind, unit: unit.to_owned() })
}

/// The unit of an open stream: one for each dimension, so that an export with the phone set to miles and a later one in
/// kilometres meet in the same stream.
fn own_unit(file_unit: &str) -> Option<&'static str> {
    let found = unit::find(file_unit)?;
    Some(match found.dimension {
        Dimension::Count => "{count}",
        Dimension::Frequency => "/min",
        Dimension::Length => "m",
        Dimension::Mass => "mg",
        Dimension::Time => "min",
        Dimension::Energy => "kcal",
        Dimension::Power => "W",
        Dimension::Temperature => "Cel",
        Dimension::Pressure => "mm[Hg]",
        Dimension::Volume => "mL",
        Dimension::Speed => "m/s",
        Dimension::Ratio => "%",
        Dimension::MassConcentration => "mg/dL",
        _ => found.ucum,
    })
}

/// Whether an open type is counted over time (`HealthKit`'s cumulative types) or read at moments.
fn kind_of(name: &str) -> Kind {
    let total = ["Dietary", "Distance", "NumberOf", "InhalerUsage"].iter().any(|start| name.starts_with(start))
        || ["Count", "Time", "Energy", "Burned"].iter().any(|end| name.ends_with(end));
    // The one discrete type that ends like a duration.
    if total && name != "RunningGroundContactTime" { Kind::Total } else { Kind::Reading }
}

/// A category's value as a label: `HKCategoryValueSleepAnalysisAsleepCore` on `SleepAnalysis` is `core`.
pub(crate) fn label(kind: &str, value: &str) -> Box<str> {
    if kind == "SleepAnalysis" {
        return sleep_label(value).into();
    }
    let name = value.strip_prefix("HKCategoryValue").unwrap_or(value);
    match (kind, name) {
        ("AppleStandHour", "0") => return "stood".into(),
        ("AppleStandHour", "1") => return "idle".into(),
        ("MindfulSession", _) => return "session".into(),
        _ => {}
    }
    let prefixes = [kind, "Severity", "Presence"];
    let rest = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).filter(|rest| !rest.is_empty());
    text::snake(rest.unwrap_or(name)).into()
}

/// Sleep as it was named over the years, by number before iOS 9.
fn sleep_label(value: &str) -> String {
    match value.strip_prefix("HKCategoryValueSleepAnalysis").unwrap_or(value) {
        "InBed" | "0" => "in_bed".to_owned(),
        "Asleep" | "AsleepUnspecified" | "1" => "asleep".to_owned(),
        "Awake" | "2" => "awake".to_owned(),
        "AsleepCore" | "3" => "core".to_owned(),
        "AsleepDeep" | "4" => "deep".to_owned(),
        "AsleepREM" | "5" => "rem".to_owned(),
        other => text::snake(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Collected;

    #[test]
    fn every_stream_named_here_is_in_the_table() {
        for (_, id) in QUANTITIES.iter().chain(CATEGORIES) {
            assert!(streams::known(id).is_some(), "{id}");
        }
    }

    #[test]
    fn values_become_labels() {
        for (kind, value, expected) in [
            ("SleepAnalysis", "HKCategoryValueSleepAnalysisAsleepREM", "rem"),
            ("SleepAnalysis", "HKCategoryValueSleepAnalysisAsleep", "asleep"),
            ("SleepAnalysis", "0", "in_bed"),
            ("AppleStandHour", "HKCategoryValueAppleStandHourIdle", "idle"),
            ("AppleStandHour", "0", "stood"),
            ("MindfulSession", "HKCategoryValueNotApplicable", "session"),
            ("Headache", "HKCategoryValueSeverityMild", "mild"),
            ("HighHeartRateEvent", "HKCategoryValueNotApplicable", "not_applicable"),
            ("CervicalMucusQuality", "HKCategoryValueCervicalMucusQualityEggWhite", "egg_white"),
        ] {
            assert_eq!(&*label(kind, value), expected, "{kind} {value}");
        }
    }

    #[test]
    fn types_and_units_find_their_streams() {
        for (kind, file_unit, stream, unit, value, expected) in [
            ("HKQuantityTypeIdentifierHeartRate", "count/min", "heart_rate", "/min", 72.0, 72.0),
            ("HKQuantityTypeIdentifierOxygenSaturation", "%", "oxygen_saturation", "%", 0.97, 97.0),
            ("HKQuantityTypeIdentifierBodyMassIndex", "count", "body_mass_index", "kg/m2", 22.5, 22.5),
            ("HKQuantityTypeIdentifierBodyMass", "lb", "body_mass", "kg", 100.0, 45.359_237),
            ("HKQuantityTypeIdentifierBodyTemperature", "degF", "body_temperature", "Cel", 98.6, 37.0),
            ("HKQuantityTypeIdentifierWalkingSpeed", "mi/hr", "apple.walking_speed", "m/s", 1.0, 0.447_04),
            ("HKQuantityTypeIdentifierUVExposure", "count", "apple.uv_exposure", "{count}", 3.0, 3.0),
            (
                "HKQuantityTypeIdentifierWalkingAsymmetryPercentage",
                "%",
                "apple.walking_asymmetry_percentage",
                "%",
                0.02,
                2.0,
            ),
            ("HKDataTypeSleepDurationGoal", "hr", "apple.sleep_duration_goal", "min", 8.0, 480.0),
            (
                "HKQuantityTypeIdentifierBloodGlucose",
                "mmol&lt;180.1558800000541&gt;/L",
                "glucose",
                "mg/dL",
                5.5,
                99.085_745,
            ),
        ] {
            let mut got = Collected::default();
            let mut kinds = Kinds::new();
            let at = kinds.find(kind.as_bytes(), file_unit.as_bytes(), &mut Outlet::new(&mut got)).expect("room");
            let Ok(Plan { values: Values::Number(conversion), stream: key, .. }) = kinds.get(at) else {
                panic!("{kind} has no plan");
            };
            let got = &got.streams[key.0 as usize];
            assert_eq!((got.id.as_str(), got.unit.as_str()), (stream, unit));
            assert!((conversion.apply(value) - expected).abs() < 1e-6, "{kind}");
        }
    }
}
