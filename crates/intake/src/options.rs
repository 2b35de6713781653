//! What the owner may say about a file that the file does not say itself.

use crate::error::Fault;
use serde::{Deserialize, Serialize};

/// How to read. The default is right for every file that speaks for itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// IANA name of the zone (for example `Europe/Zurich`) in which a file's local times are meant, where the file
    /// gives no offset. Without it such times are kept as they stand, with an unknown offset.
    pub zone: Option<String>,
    /// Which person of a study file to read, by the file's own id.
    pub person: Option<String>,
    /// How to read a table that is not recognised.
    pub csv: Option<CsvMapping>,
    /// The largest archive member that is read, in bytes unpacked.
    pub member_bytes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { zone: None, person: None, csv: None, member_bytes_max: 64 << 30 }
    }
}

impl Options {
    pub(crate) fn time_zone(&self) -> Result<Option<jiff::tz::TimeZone>, Fault> {
        let Some(name) = self.zone.as_deref() else { return Ok(None) };
        jiff::tz::TimeZone::get(name).map(Some).map_err(|_| Fault::BadOption {
            option: "zone",
            why: "not a time zone; give an IANA name, for example Europe/Zurich".to_owned(),
        })
    }
}

/// How one table becomes one stream: which column holds the time, which the value, and what the value means.
///
/// Columns are named as in the table's first line, without regard to case. A stream of the table of known streams
/// takes numbers in any unit that converts into its own; any other name is kept as `custom.NAME` and needs `unit`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CsvMapping {
    /// Column of the (first) instant.
    pub time: String,
    /// Column of the last instant, for values over a stretch of time.
    pub end: Option<String>,
    /// Column of the value.
    pub value: String,
    /// The stream: a known one, or a name of your own (letters, digits, `_`).
    pub stream: String,
    /// The unit in the file, as a UCUM code or a usual name; if absent, the stream's own.
    pub unit: Option<String>,
    /// What the values of a custom stream are; readings if absent.
    pub kind: Option<didymos_base::Kind>,
    /// How times are written.
    pub time_format: TimeFormat,
    /// The character between fields; found by looking if absent.
    pub delimiter: Option<char>,
    /// Column that names the device or program; if absent, the source is `csv`.
    pub source: Option<String>,
    /// IANA zone of times without an offset; [`Options::zone`] if absent.
    pub zone: Option<String>,
    /// Numbers are written with a decimal comma.
    pub decimal_comma: bool,
}

/// How a column writes an instant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// `2024-05-01T07:30:00+02:00`, also with a blank for the `T`, without seconds, without offset, or the date alone.
    #[default]
    Iso,
    /// A `strptime` pattern, for example `%d.%m.%Y %H:%M`; `%z` reads an offset.
    Pattern(String),
    /// Seconds since 1970-01-01T00:00:00Z, also with decimals.
    EpochSeconds,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    EpochMilliseconds,
}
