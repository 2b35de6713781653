//! What can stop a reader, and what to do about it.

use didymos_base::SinkClosed;
use std::io;

/// Why a file could not be read, or not to its end. Rows before the place named were already handed over.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The file could not be opened or read.
    #[error("{file}: {source}; check that the file exists and that you may read it")]
    Io {
        /// Name of the file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// The content is in no format known here.
    #[error("{file}: not recognised: {hint}")]
    NotRecognised {
        /// Name of the file.
        file: String,
        /// What was seen and what would help.
        hint: String,
    },
    /// The content is in a known format that this version cannot read.
    #[error("{file}: recognised as {format}, which this version cannot read yet; {advice}")]
    Unsupported {
        /// Name of the file.
        file: String,
        /// The format in words.
        format: &'static str,
        /// What would help.
        advice: &'static str,
    },
    /// The file breaks its format where it cannot be stepped over.
    #[error("{file}: damaged at byte {at}{}: {why}; export it again, or repair it there", line_text(*.line))]
    Malformed {
        /// Name of the file.
        file: String,
        /// Byte position in the file (in the uncompressed member, inside an archive).
        at: u64,
        /// Line, where the format has lines.
        line: Option<u64>,
        /// What is wrong.
        why: String,
    },
    /// The file asks for more than a reader gives any file.
    #[error("{file}: {what} is over the limit of {limit}; a true export stays far below, so this may be a trap")]
    TooLarge {
        /// Name of the file.
        file: String,
        /// What is too large.
        what: &'static str,
        /// The limit, in its own words.
        limit: String,
    },
    /// The file holds several people's data, and a twin is one person's.
    #[error("{file}: holds {count} people ({}{}); choose one with --person ID", .ids.join(", "), if *.count > .ids.len() { ", …" } else { "" })]
    SeveralPeople {
        /// Name of the file.
        file: String,
        /// How many people (counted up to 10,000).
        count: usize,
        /// Some of their ids.
        ids: Vec<String>,
    },
    /// An option does not fit.
    #[error("{option}: {why}")]
    BadOption {
        /// Which option.
        option: &'static str,
        /// What is wrong and what would be right.
        why: String,
    },
    /// The sink takes no more.
    #[error(transparent)]
    Stopped(#[from] SinkClosed),
}

fn line_text(line: Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!(" (line {line})"))
}

/// An [`IntakeError`] that does not know its file yet.
#[derive(Debug)]
pub(crate) enum Fault {
    Io(io::Error),
    NotRecognised(String),
    Unsupported { format: &'static str, advice: &'static str },
    Malformed { at: u64, line: Option<u64>, why: String },
    TooLarge { what: &'static str, limit: String },
    SeveralPeople { count: usize, ids: Vec<String> },
    BadOption { option: &'static str, why: String },
    Stopped(SinkClosed),
}

impl Fault {
    pub(crate) fn malformed(at: u64, why: impl Into<String>) -> Self {
        Self::Malformed { at, line: None, why: why.into() }
    }

    pub(crate) fn in_file(self, file: &str) -> IntakeError {
        let file = file.to_owned();
        match self {
            Self::Io(source) => IntakeError::Io { file, source },
            Self::NotRecognised(hint) => IntakeError::NotRecognised { file, hint },
            Self::Unsupported { format, advice } => IntakeError::Unsupported { file, format, advice },
            Self::Malformed { at, line, why } => IntakeError::Malformed { file, at, line, why },
            Self::TooLarge { what, limit } => IntakeError::TooLarge { file, what, limit },
            Self::SeveralPeople { count, ids } => IntakeError::SeveralPeople { file, count, ids },
            Self::BadOption { option, why } => IntakeError::BadOption { option, why },
            Self::Stopped(closed) => IntakeError::Stopped(closed),
        }
    }
}

impl From<SinkClosed> for Fault {
    fn from(closed: SinkClosed) -> Self {
        Self::Stopped(closed)
    }
}

/// A fault on its way through `io::Error`, where only that type passes (a guard inside a chain of `Read`s).
#[derive(Debug)]
struct Carried(std::sync::Mutex<Option<Fault>>);

impl std::fmt::Display for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the reader refused the file")
    }
}

impl std::error::Error for Carried {}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Io(error) => error,
            other => Self::other(Carried(std::sync::Mutex::new(Some(other)))),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        let carried = error.get_ref().and_then(|inner| inner.downcast_ref::<Carried>());
        match carried.and_then(|carried| carried.0.lock().ok().and_then(|mut fault| fault.take())) {
            Some(fault) => fault,
            None => Self::Io(error),
        }
    }
}
