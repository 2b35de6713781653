//! `twin completions`: what a shell needs to complete a line.

use crate::arguments::Arguments;
use crate::exit::Exit;
use crate::output;
use crate::trouble::Trouble;
use clap::{Args, CommandFactory};

/// Prints completions, for example: twin completions bash > ~/.local/share/bash-completion/completions/twin
#[derive(Args)]
pub(crate) struct Completions {
    shell: clap_complete::Shell,
}

pub(crate) fn run(typed: &Completions) -> Result<Exit, Trouble> {
    let mut script = Vec::new();
    clap_complete::generate(typed.shell, &mut Arguments::command(), "twin", &mut script);
    output::text(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
