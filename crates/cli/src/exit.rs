//! Exit codes: stable, so that scripts can tell what happened without reading words.

use didymos_twin::FailureCode;
use std::process::ExitCode;

/// How a command ended. The numbers never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Done, and the answer is bad news: damage was found, a file was not imported, a proof does not hold.
    BadNews = 1,
    /// The command line or the request makes no sense.
    Usage = 2,
    /// The twin said no, or the passphrase is wrong.
    Refused = 3,
    /// The disk or a place on the network did not do its part.
    Io = 4,
    /// There is no such twin, stream, moment or file in the twin.
    NotFound = 5,
    /// Another process is at it and cannot be asked.
    Busy = 6,
    /// The owner stopped it.
    Stopped = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<FailureCode> for Exit {
    fn from(code: FailureCode) -> Self {
        match code {
            FailureCode::Denied | FailureCode::Locked => Self::Refused,
            FailureCode::Invalid => Self::Usage,
            FailureCode::NotFound => Self::NotFound,
            FailureCode::Busy => Self::Busy,
            FailureCode::Stopped => Self::Stopped,
            FailureCode::Damaged => Self::BadNews,
            FailureCode::Io => Self::Io,
        }
    }
}

/// The table of codes for the help text.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done                            4  the disk or the network failed
  1  done, with bad news: damage,    5  no such twin, stream or moment
     a file not imported, a proof    6  another process holds the twin
     that does not hold                 and cannot be asked
  2  the command makes no sense    130  stopped with Ctrl-C
  3  refused, or wrong passphrase";
