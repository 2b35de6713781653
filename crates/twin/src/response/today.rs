//! The answer to `today.cards@1`.

use super::AgendaItem;
use didymos_base::StreamId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A day, beside what is normal for the owner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TodayAnswer {
    /// The day, `2024-05-01`; absent while there is no data at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Three to five values (fewer where there is too little data), the most unusual first.
    pub cards: Vec<Card>,
    /// What differs most from the day before, biggest first, measured by what is normal.
    pub changed: Vec<Change>,
    /// The day's events from calendars, those about whole days first, then by their beginning; at most 50.
    pub agenda: Vec<AgendaItem>,
    /// Events of the day beyond those.
    pub agenda_more: u32,
    /// Events whose coming again is of a kind that is not followed, so that they may be missing here.
    pub agenda_refused: u32,
    /// Streams of numbers that have a value on the day.
    pub streams: u32,
    /// Streams of numbers that there are.
    pub of: u32,
    /// Streams that could not be judged, and what is missing.
    pub missing: Vec<Missing>,
}

/// One value and how usual it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Card {
    /// The stream.
    pub stream: StreamId,
    /// What people call it.
    pub label: String,
    /// UCUM code.
    pub unit: String,
    /// The day's value.
    pub value: f64,
    /// How the value is made of the day's observations.
    pub made: Made,
    /// The day.
    pub day: String,
    /// The day is not over: it and the days before count up to this time of the wall clock, `14:30`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// What is normal for the owner.
    pub normal: Normal,
    /// How unusual: 0 is the middle, 1 the edge of the normal range, 10 the most that is told.
    pub unusual: f64,
    /// Where the value lies.
    pub direction: Direction,
    /// The source it is from: the one with most data on this stream.
    pub source: String,
    /// Against the day before.
    pub changed: SinceYesterday,
}

/// How a day's value is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Made {
    /// Mean of the day's readings.
    Mean,
    /// Sum of the day's counts.
    Sum,
    /// Minutes asleep in the night that ended on the day (noon to noon).
    Asleep,
}

/// What is normal: of the last 90 days with data before the day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Normal {
    /// 5 % of those days lie below.
    pub low: f64,
    /// 95 % of those days lie below.
    pub high: f64,
    /// Half of those days lie below.
    pub median: f64,
    /// So many days were looked at.
    pub days: u32,
    /// Which days: all, or, where there are enough of them, only those of the same kind.
    pub of: DayKind,
}

/// Kinds of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayKind {
    /// Every day.
    All,
    /// Monday to Friday.
    Weekdays,
    /// Saturday and Sunday.
    Weekends,
}

/// Where a value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Above the normal range.
    Above,
    /// Below it.
    Below,
    /// Inside.
    Inside,
}

/// Against the day before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SinceYesterday {
    /// Value less yesterday's; null where there was none.
    pub since_yesterday: Option<f64>,
}

/// A difference from the day before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The stream.
    pub stream: StreamId,
    /// What people call it.
    pub label: String,
    /// UCUM code.
    pub unit: String,
    /// The day before.
    pub yesterday: f64,
    /// The day.
    pub today: f64,
    /// The difference as a part of the normal range's width; 10 is the most that is told.
    pub share: f64,
}

/// A stream that could not be judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Missing {
    /// The stream.
    pub stream: StreamId,
    /// What people call it.
    pub label: String,
    /// What is missing.
    pub why: MissingWhy,
    /// Days with data before the day.
    pub days: u32,
    /// Days that are needed.
    pub needed: u32,
}

/// What is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingWhy {
    /// Too few days before it.
    TooFewDays,
    /// Nothing on the day itself.
    NothingThatDay,
    /// A total of the whole day, which may have been written down before the day was over.
    DayNotOver,
}
