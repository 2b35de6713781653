//! Standard output: the answer and nothing else.

use crate::trouble::Trouble;
use serde::Serialize;
use std::io::{self, BufWriter, IsTerminal, Write};

/// Prints text. A missing last newline is added.
pub(crate) fn text(text: &str) -> Result<(), Trouble> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| {
        if !text.is_empty() && !text.ends_with('\n') {
            out.write_all(b"\n")?;
        }
        out.flush()
    });
    written.map_err(|error| Trouble::output(&error))
}

/// Prints an answer as JSON: indented for a person, on one line for a program.
pub(crate) fn json(answer: &impl Serialize) -> Result<(), Trouble> {
    let pretty = io::stdout().is_terminal();
    let mut out = BufWriter::new(io::stdout().lock());
    let written =
        if pretty { serde_json::to_writer_pretty(&mut out, answer) } else { serde_json::to_writer(&mut out, answer) };
    written
        .map_err(io::Error::from)
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(|error| Trouble::output(&error))
}

/// Says something beside the answer, on standard error. If nobody can hear it, that is all right.
pub(crate) fn aside(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Columns that a line on standard output may have.
pub(crate) fn width() -> usize {
    let (_, columns) = console::Term::stdout().size_checked().unwrap_or((0, 100));
    usize::from(columns).clamp(40, 200)
}
