//! The observation, and the narrow passage by which readers hand observations over.

use crate::{Digest, Source, Stream, StreamId, Timestamp, ZoneOffset};

/// The longest text, category label or encoded event kept, in bytes. Longer ones are refused and counted.
pub const MAX_TEXT: usize = 16 * 1024;

/// What was observed.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A finite number in the stream's unit.
    Number(f64),
    /// A category's label, for example `deep` on `sleep_stage`.
    Category(Box<str>),
    /// A short text.
    Text(Box<str>),
    /// A place on WGS 84, degrees.
    Position {
        /// Degrees north, −90 to 90.
        lat: f64,
        /// Degrees east, −180 to 180.
        lon: f64,
    },
    /// An event with attributes (a workout, a meal): a JSON object with sorted keys, which is its canonical form.
    Event(Box<str>),
}

impl Value {
    /// Whether the value can be kept: finite, on Earth, not too long.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Number(number) => number.is_finite(),
            Self::Position { lat, lon } => lat.abs() <= 90.0 && lon.abs() <= 180.0,
            Self::Category(text) | Self::Text(text) | Self::Event(text) => text.len() <= MAX_TEXT,
        }
    }
}

/// Index of a stream, given out by a [`Sink`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamKey(pub u32);

/// Index of a source, given out by a [`Sink`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceKey(pub u32);

/// One observation on its way from a reader to the vault: the stream and the source are indices, so that a million
/// rows do not carry a million copies of a watch's name.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// On which stream.
    pub stream: StreamKey,
    /// From which source.
    pub source: SourceKey,
    /// First instant that the value is about.
    pub start: Timestamp,
    /// Last instant; equal to `start` for a reading at a moment, never before it.
    pub end: Timestamp,
    /// The offset from UTC in force at `start`.
    pub zone: ZoneOffset,
    /// What was observed, in the stream's unit.
    pub value: Value,
    /// Byte position of the record in the file (in the uncompressed member, inside an archive).
    pub at: u64,
}

/// A file, or a member of an archive, whose rows follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The name people know it by: the path given, and the member's name inside an archive after `!`.
    pub name: String,
    /// Short name of the format, as reported to the owner.
    pub format: &'static str,
    /// Size in bytes (uncompressed), if known.
    pub bytes: Option<u64>,
}

/// The other side has stopped taking rows (it failed, or the owner pressed Ctrl-C); the reader should return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the import was stopped")]
pub struct SinkClosed;

/// Where readers put what they read. The vault implements it; tests use a plain list.
pub trait Sink {
    /// All rows after this come from `part`, until [`Sink::end_part`]. Parts do not nest.
    fn begin_part(&mut self, part: Part) -> Result<(), SinkClosed>;
    /// The part was read to its end: how many bytes it has and their digest.
    fn end_part(&mut self, bytes: u64, digest: Digest) -> Result<(), SinkClosed>;
    /// The index of a stream; asked once per stream and reader.
    fn stream(&mut self, stream: &Stream) -> StreamKey;
    /// The index of a source; asked once per source and reader.
    fn source(&mut self, source: &Source) -> SourceKey;
    /// Takes one row. Its value is sound and its end not before its start: readers check, and count what they skip.
    fn push(&mut self, row: Row) -> Result<(), SinkClosed>;
    /// A record was not taken, and why (a few fixed words, never a value from the file).
    fn skip(&mut self, reason: &str);
    /// Something beside the records was passed over on purpose (for example a kind of metadata), and what.
    fn note(&mut self, what: &str);
    /// How far the reader is in the part it reads, in bytes; called now and then.
    fn progress(&mut self, bytes: u64) -> Result<(), SinkClosed>;
}

/// An observation on its own, with everything it refers to spelled out.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Observation {
    /// On which stream.
    pub stream: StreamId,
    /// First instant, UTC milliseconds.
    pub start: Timestamp,
    /// Last instant, UTC milliseconds.
    pub end: Timestamp,
    /// Minutes east of UTC in force, if known.
    pub zone_minutes: Option<i16>,
    /// What was observed.
    pub value: Value,
    /// UCUM code of the unit.
    pub unit: String,
    /// From where.
    pub source: Source,
}
