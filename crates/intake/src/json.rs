//! The JSON of events, in one form only.

use serde::Serialize;
use std::collections::BTreeMap;

/// A JSON value whose objects are sorted by key, whatever features other crates switch on in `serde_json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Json {
    Flag(bool),
    Whole(i64),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Whole numbers without `.0`, as RFC 8785 writes them.
    pub(crate) fn number(number: f64) -> Self {
        if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
            Self::Whole(number as i64)
        } else {
            Self::Number(number)
        }
    }
}
