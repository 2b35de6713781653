//! What a day's calendar says, in the answer to `today.cards@1`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One event of a calendar on the answered day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgendaItem {
    /// What it is called; absent where the calendar gives no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Its beginning on the wall clock, in milliseconds since 1970-01-01T00:00; it may lie on a day before.
    pub start: i64,
    /// Its end on the wall clock; for whole days the midnight after the last. Equal to `start` where none is said.
    pub end: i64,
    /// It is about whole days.
    pub all_day: bool,
    /// It is not certain that it takes place.
    pub tentative: bool,
    /// IANA name of the zone whose wall clock is meant; absent where the calendar names none, and for whole days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The program and the calendar it is from.
    pub source: String,
}
