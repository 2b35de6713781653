//! Answers as text. Everything here is a function from values to a string.

pub(crate) mod bar;
pub(crate) mod experiment;
pub(crate) mod forecast;
pub(crate) mod graph;
pub(crate) mod import;
pub(crate) mod mirror;
pub(crate) mod number;
pub(crate) mod progress;
pub(crate) mod provenance;
pub(crate) mod query;
pub(crate) mod simulate;
pub(crate) mod spark;
pub(crate) mod streams;
pub(crate) mod table;
pub(crate) mod what_if;
pub(crate) mod words;

use console::style;

/// A heading.
pub(crate) fn heading(text: &str) -> String {
    style(text).bold().to_string()
}

/// What is there for those who look closely.
pub(crate) fn faint(text: &str) -> String {
    style(text).dim().to_string()
}

/// Good news.
pub(crate) fn good(text: &str) -> String {
    style(text).green().to_string()
}

/// Bad news.
pub(crate) fn bad(text: &str) -> String {
    style(text).red().to_string()
}

/// Something to look at.
pub(crate) fn notable(text: &str) -> String {
    style(text).yellow().to_string()
}
