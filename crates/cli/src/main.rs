//! The `twin` command: an adapter that turns a line typed into a request at the door, and the answer into something
//! a person likes to read or a program can.
//!
//! - [`arguments`] says what can be typed; each module of [`command`] does one command.
//! - [`reach`] finds the door: it opens the vault, or asks the process that already has it open.
//! - [`serving`] lets other `twin` processes in while this one holds the vault.
//! - [`render`] turns answers into text. It prints nothing: what is printed where is decided in [`output`].
//! - [`trouble`] and [`exit`]: what goes wrong is one sentence, one next step and one stable code.
//!
//! Nothing here decides what may be seen, and nothing here touches the vault's files. Answers go to standard output,
//! everything else to standard error; secrets go to neither, but for the recovery phrase, once, when it is made.

mod arguments;
mod command;
mod exit;
mod interrupt;
mod nearest;
mod output;
mod passphrase;
mod private_file;
mod reach;
mod render;
mod serving;
mod trouble;

use arguments::Arguments;
use clap::Parser;
use exit::Exit;
use std::process::ExitCode;
use trouble::Trouble;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(apologise));
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version come this way too, and are no errors; a closed pipe is none either.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    match command::run(arguments) {
        Ok(exit) => exit.into(),
        Err(trouble) => {
            complain(&trouble);
            trouble.exit.into()
        }
    }
}

fn complain(trouble: &Trouble) {
    if trouble.message.is_empty() {
        return;
    }
    let label = console::style("twin:").for_stderr().red().bold();
    output::aside(&format!("{label} {}", trouble.message));
    if let Some(next) = &trouble.next {
        output::aside(&format!("      {next}"));
    }
}

/// A panic is a bug in this program. Its message may hold anything, so only the place is shown.
fn apologise(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(String::new, |at| {
        let file = at.file().rsplit(['/', '\\']).next().unwrap_or_default();
        format!(" ({file}, line {})", at.line())
    });
    output::aside(&format!(
        "twin: this should not have happened{place}. What was committed is safe; `twin verify` makes sure of it.\n      \
         Please report it with that place, the command, and `twin --version`."
    ));
}
