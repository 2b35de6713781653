//! What goes wrong, said to the owner: one sentence, and what to do next.

use crate::exit::Exit;
use didymos_twin::Failure;
use std::io;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) struct Trouble {
    /// The program's exit code.
    pub(crate) exit: Exit,
    /// What happened. Empty when there is nobody to tell.
    pub(crate) message: String,
    /// What to do about it, where the message does not say.
    pub(crate) next: Option<String>,
}

impl Trouble {
    /// A trouble of this kind.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), next: None }
    }

    /// The same, with advice.
    #[must_use]
    pub(crate) fn next(self, advice: impl Into<String>) -> Self {
        Self { next: Some(advice.into()), ..self }
    }

    /// The door answered something else than was asked.
    pub(crate) fn misunderstood() -> Self {
        Self::new(Exit::Io, "the twin gave an answer to another question")
            .next("stop other `twin` processes, check that all are of one version, and try again")
    }

    /// A file that could not be read or written.
    pub(crate) fn file(doing: &str, path: &std::path::Path, error: &io::Error) -> Self {
        let trouble = Self::new(Exit::Io, format!("cannot {doing} {}: {}", path.display(), reason(error)));
        match advice(error) {
            Some(advice) => trouble.next(advice),
            None => trouble,
        }
    }

    /// Output that could not be written. A reader that has seen enough (`twin log | head`) is no trouble.
    pub(crate) fn output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::new(Exit::Done, "");
        }
        Self::new(Exit::Io, format!("cannot write the answer: {}", reason(error)))
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::new(failure.code.into(), failure.message)
    }
}

/// What the system said, without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

fn advice(error: &io::Error) -> Option<&'static str> {
    Some(match error.kind() {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::PermissionDenied => "check who owns it and who may use it",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on that disk and try again",
        io::ErrorKind::ReadOnlyFilesystem => "choose a place on a disk that can be written",
        io::ErrorKind::AlreadyExists => "choose another name, or move the old file away",
        io::ErrorKind::IsADirectory => "name a file in that folder",
        _ => return None,
    })
}
