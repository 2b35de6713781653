//! Units: UCUM codes, what files call them, and the one place where a number changes its unit.
//!
//! A stream has one unit for ever. Readers convert at the door with [`convert`] and say so in the observation's
//! source ([`Source::converted_from`](crate::Source::converted_from)), so that no conversion is silent.

use Dimension::{
    Amount, Angle, Conductance, Count, Energy, Frequency, Length, Level, Mass, MassConcentration, MolarConcentration,
    None as Plain, Potential, Power, Pressure, Ratio, Speed, Temperature, Time, Volume, VolumeFlow,
};

/// What a unit measures. Only units of one dimension convert into each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// No unit at all.
    None,
    /// A number of things.
    Count,
    /// Things per time.
    Frequency,
    /// Length.
    Length,
    /// Mass.
    Mass,
    /// Time.
    Time,
    /// Energy.
    Energy,
    /// Power.
    Power,
    /// Temperature.
    Temperature,
    /// Pressure.
    Pressure,
    /// Volume.
    Volume,
    /// Volume per time.
    VolumeFlow,
    /// Length per time.
    Speed,
    /// A share of a whole.
    Ratio,
    /// Mass per volume.
    MassConcentration,
    /// Amount of substance per volume.
    MolarConcentration,
    /// Plane angle.
    Angle,
    /// Sound level.
    Level,
    /// Electric conductance.
    Conductance,
    /// Electric potential.
    Potential,
    /// Biological activity (international units) and other amounts of their own kind.
    Amount,
}

/// A unit: its UCUM code and how it relates to the reference unit of its dimension: `reference = value × scale + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// UCUM code (case sensitive).
    pub ucum: &'static str,
    /// What it measures.
    pub dimension: Dimension,
    scale: f64,
    offset: f64,
    /// Other names that files use.
    aliases: &'static [&'static str],
}

const fn unit(ucum: &'static str, dimension: Dimension, scale: f64, aliases: &'static [&'static str]) -> Unit {
    Unit { ucum, dimension, scale, offset: 0.0, aliases }
}

/// Every unit known. Scales are exact by definition (international yard and pound agreement of 1959, SI) except where
/// a comment says otherwise.
pub const UNITS: &[Unit] = &[
    unit("1", Plain, 1.0, &["", "unitless", "none"]),
    unit("{count}", Count, 1.0, &["count", "counts", "steps", "{steps}"]),
    unit("/min", Frequency, 1.0, &["count/min", "{beats}/min", "bpm", "1/min", "breaths/min", "{breaths}/min"]),
    unit("/s", Frequency, 60.0, &["count/s", "1/s", "Hz"]),
    unit("m", Length, 1.0, &["metre", "meter", "meters", "metres"]),
    unit("km", Length, 1_000.0, &["kilometre", "kilometer", "kilometers"]),
    unit("cm", Length, 0.01, &[]),
    unit("mm", Length, 0.001, &[]),
    unit("[mi_i]", Length, 1_609.344, &["mi", "mile", "miles"]),
    unit("[ft_i]", Length, 0.304_8, &["ft", "feet", "foot"]),
    unit("[in_i]", Length, 0.025_4, &["in", "inch", "inches"]),
    unit("[yd_i]", Length, 0.914_4, &["yd", "yard", "yards"]),
    unit("g", Mass, 1.0, &["gram", "grams"]),
    unit("kg", Mass, 1_000.0, &["kilogram", "kilograms"]),
    unit("mg", Mass, 0.001, &["milligram"]),
    unit("ug", Mass, 0.000_001, &["mcg", "µg", "μg", "microgram"]),
    unit("[lb_av]", Mass, 453.592_37, &["lb", "lbs", "pound", "pounds"]),
    unit("[oz_av]", Mass, 28.349_523_125, &["oz", "ounce", "ounces"]),
    unit("[stone_av]", Mass, 6_350.293_18, &["st", "stone"]),
    unit("s", Time, 1.0, &["sec", "second", "seconds"]),
    unit("ms", Time, 0.001, &["millisecond", "milliseconds"]),
    unit("min", Time, 60.0, &["minute", "minutes", "mins"]),
    unit("h", Time, 3_600.0, &["hr", "hour", "hours"]),
    unit("d", Time, 86_400.0, &["day", "days"]),
    unit("kcal", Energy, 4_184.0, &["Cal", "kilocalorie", "kilocalories", "[Cal]"]),
    unit("cal", Energy, 4.184, &["smallCalorie"]),
    unit("kJ", Energy, 1_000.0, &["kilojoule"]),
    unit("J", Energy, 1.0, &["joule"]),
    unit("W", Power, 1.0, &["watt", "watts"]),
    Unit { ucum: "Cel", dimension: Temperature, scale: 1.0, offset: 0.0, aliases: &["degC", "°C", "C", "celsius"] },
    Unit {
        ucum: "[degF]",
        dimension: Temperature,
        scale: 5.0 / 9.0,
        offset: -160.0 / 9.0,
        aliases: &["degF", "°F", "F", "fahrenheit"],
    },
    Unit { ucum: "K", dimension: Temperature, scale: 1.0, offset: -273.15, aliases: &["kelvin"] },
    unit("mm[Hg]", Pressure, 133.322_387_415, &["mmHg"]),
    unit("hPa", Pressure, 100.0, &["mbar"]),
    unit("kPa", Pressure, 1_000.0, &[]),
    unit("Pa", Pressure, 1.0, &[]),
    unit("L", Volume, 1.0, &["l", "litre", "liter"]),
    unit("mL", Volume, 0.001, &["ml"]),
    unit("[foz_us]", Volume, 0.029_573_529_562_5, &["fl_oz_us", "fl oz"]),
    unit("[foz_br]", Volume, 0.028_413_062_5, &["fl_oz_imp"]),
    unit("[cup_us]", Volume, 0.236_588_236_5, &["cup_us"]),
    unit("[pt_us]", Volume, 0.473_176_473, &["pt_us"]),
    unit("L/min", VolumeFlow, 1.0, &["l/min"]),
    unit("mL/(kg.min)", VolumeFlow, 1.0, &["mL/min·kg", "ml/(kg*min)", "mL/(kg*min)", "mL/kg/min", "ml/kg/min"]),
    unit("m/s", Speed, 1.0, &["mps"]),
    unit("km/h", Speed, 1.0 / 3.6, &["km/hr", "kph", "kmh"]),
    unit("[mi_i]/h", Speed, 0.447_04, &["mi/hr", "mph"]),
    unit("%", Ratio, 0.01, &["percent"]),
    unit("{fraction}", Ratio, 1.0, &["fraction"]),
    unit("mg/dL", MassConcentration, 1.0, &["mg/dl", "mgdl"]),
    unit("g/L", MassConcentration, 100.0, &["g/l"]),
    unit("mmol/L", MolarConcentration, 1.0, &["mmol/l", "mmoll", "mM"]),
    unit("kg/m2", Plain, 1.0, &["kg/m^2"]),
    unit("deg", Angle, 1.0, &["degree", "degrees", "°"]),
    unit("dB[SPL]", Level, 1.0, &["dBASPL", "dBA", "dB", "dBHL"]),
    unit("uS", Conductance, 1.0, &["mcS", "µS"]),
    unit("S", Conductance, 1e6, &["siemens"]),
    unit("uV", Potential, 1.0, &["µV", "microvolt"]),
    unit("[iU]", Amount, 1.0, &["IU", "units", "U"]),
    unit("kcal/(kg.h)", Amount, 1.0, &["kcal/hr·kg", "kcal/kg/hr", "MET", "met"]),
    unit("{score}", Amount, 1.0, &["appleEffortScore", "score"]),
];

/// A substance, where converting between mass and amount needs to know which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Analyte {
    /// D-glucose.
    Glucose,
    /// Cholesterol.
    Cholesterol,
}

impl Analyte {
    /// mg/dL in one mmol/L: a tenth of the molar mass in g/mol (NIST webbook: C6H12O6 180.1559, C27H46O 386.6535).
    #[must_use]
    pub const fn mg_dl_per_mmol_l(self) -> f64 {
        match self {
            Self::Glucose => 18.015_59,
            Self::Cholesterol => 38.665_35,
        }
    }
}

/// The unit that a file calls `name`: a UCUM code or one of the usual other spellings.
///
/// `HealthKit` writes molar units with the molar mass inside, `mmol<180.1558800000541>/L`; the mass is dropped, since
/// the stream knows its substance.
#[must_use]
pub fn find(name: &str) -> Option<&'static Unit> {
    let name = name.trim();
    let exact = |name: &str| UNITS.iter().find(|unit| unit.ucum == name || unit.aliases.contains(&name));
    exact(name).or_else(|| {
        let (before, rest) = name.split_once('<')?;
        let (_, after) = rest.split_once('>')?;
        exact(&format!("{before}{after}"))
    })
}

/// Why a number could not change its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// No unit of this name is known.
    #[error("unknown unit")]
    Unknown,
    /// The two units measure different things.
    #[error("unit does not fit the stream")]
    Incompatible,
}

/// A conversion, worked out once per stream and unit and then applied to many numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conversion {
    from: &'static Unit,
    factor: f64,
    offset: f64,
}

impl Conversion {
    /// How to get from the unit that a file calls `from` to the UCUM code `to`.
    pub fn new(from: &str, to: &str, analyte: Option<Analyte>) -> Result<Self, UnitError> {
        let from = find(from).ok_or(UnitError::Unknown)?;
        let to = find(to).ok_or(UnitError::Unknown)?;
        let plain = Self { from, factor: 1.0, offset: 0.0 };
        if from.ucum == to.ucum {
            return Ok(plain);
        }
        match (from.dimension, to.dimension, analyte) {
            (VolumeFlow | Amount | Level, _, _) => Err(UnitError::Incompatible),
            (MolarConcentration, MassConcentration, Some(analyte)) => {
                Ok(Self { factor: from.scale * analyte.mg_dl_per_mmol_l() / to.scale, ..plain })
            }
            (MassConcentration, MolarConcentration, Some(analyte)) => {
                Ok(Self { factor: from.scale / analyte.mg_dl_per_mmol_l() / to.scale, ..plain })
            }
            (one, other, _) if one == other => {
                Ok(Self { from, factor: from.scale / to.scale, offset: (from.offset - to.offset) / to.scale })
            }
            _ => Err(UnitError::Incompatible),
        }
    }

    /// Whether numbers pass unchanged.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.factor == 1.0 && self.offset == 0.0
    }

    /// UCUM code of the unit before.
    #[must_use]
    pub fn from_ucum(&self) -> &'static str {
        self.from.ucum
    }

    /// The number in the new unit. An identity returns the same bits.
    #[must_use]
    pub fn apply(&self, value: f64) -> f64 {
        if self.is_identity() { value } else { value * self.factor + self.offset }
    }
}

/// One number from the unit that a file calls `from` to the UCUM code `to`.
pub fn convert(value: f64, from: &str, to: &str, analyte: Option<Analyte>) -> Result<f64, UnitError> {
    Conversion::new(from, to, analyte).map(|conversion| conversion.apply(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_agree_with_published_values() {
        let cases = [
            (98.6, "degF", "Cel", None, 37.0),
            (310.15, "K", "Cel", None, 37.0),
            (150.0, "lb", "kg", None, 68.038_855_5),
            (26.2, "mi", "km", None, 42.164_812_8),
            (5.5, "mmol<180.1558800000541>/L", "mg/dL", Some(Analyte::Glucose), 99.085_745),
            (90.0, "mg/dL", "mmol/L", Some(Analyte::Glucose), 4.995_673),
            (1.0, "Cal", "kJ", None, 4.184),
            (0.97, "fraction", "%", None, 97.0),
            (6.0, "mi/hr", "km/h", None, 9.656_064),
        ];
        for (value, from, to, analyte, expected) in cases {
            let got = convert(value, from, to, analyte).expect("convertible");
            assert!((got - expected).abs() < 1e-6 * expected.abs(), "{value} {from} = {got} {to}, not {expected}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(convert(1.0, "kg", "km", None), Err(UnitError::Incompatible));
        assert_eq!(convert(1.0, "mmol/L", "mg/dL", None), Err(UnitError::Incompatible));
        assert_eq!(convert(1.0, "furlong", "m", None), Err(UnitError::Unknown));
    }

    #[test]
    fn no_two_units_share_a_name() {
        let names: Vec<_> = UNITS.iter().flat_map(|u| u.aliases.iter().copied().chain([u.ucum])).collect();
        for (i, name) in names.iter().enumerate() {
            assert!(!names[i + 1..].contains(name), "{name} is listed twice");
        }
    }
}
