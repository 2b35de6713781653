//! The words that every part of a twin uses.
//!
//! A twin is made of **observations**: on one *stream* (a kind of measurement with one fixed [`Unit`](unit)), from
//! one [`Source`], over one stretch of [`time`], with one [`Value`]. Everything else in the project either brings
//! observations in, keeps them, or answers from them.
//!
//! This crate holds no input or output, reads no clock and draws no randomness, so that anything written in its
//! words can be tested with plain values. Four ideas live here:
//!
//! - [`observation`]: the schema, the compact [`Row`] that readers hand to the vault, and the [`Sink`] between them;
//! - [`streams`] and [`unit`]: the one table of what a twin knows how to measure, and the one place where a number
//!   changes its unit;
//! - [`canonical`]: the one byte form of a datum (deterministic CBOR, RFC 8949 §4.2), which is what gets hashed;
//! - [`merkle`]: the one hash tree (RFC 9162 over BLAKE3) behind chunks, commits and history.
//!
//! ```
//! use didymos_base::{streams, unit};
//!
//! let glucose = streams::known("glucose").expect("in the table");
//! assert_eq!(glucose.unit, "mg/dL");
//! let converted = unit::convert(5.5, "mmol/L", glucose.unit, glucose.analyte).expect("convertible");
//! assert!((converted - 99.09).abs() < 0.01);
//! ```

pub mod canonical;
pub mod did;
pub mod digest;
pub mod hex;
pub mod merkle;
pub mod observation;
pub mod recurrence;
pub mod source;
pub mod streams;
pub mod time;
pub mod unit;

pub use did::Did;
pub use digest::Digest;
pub use observation::{Observation, Part, Row, Sink, SinkClosed, SourceKey, StreamKey, Value};
pub use source::Source;
pub use streams::{Kind, Stream, StreamId};
pub use time::{Timestamp, ZoneOffset};
