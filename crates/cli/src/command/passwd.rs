//! `twin passwd`: a new passphrase for the same twin.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::trouble::Trouble;
use crate::{output, passphrase};
use clap::Args;
use didymos_identity::KdfCost;
use didymos_twin::home;
use serde_json::json;
use std::path::PathBuf;

/// Changes the passphrase. The recovery phrase stays as it is; copies of the twin keep the keys they have.
#[derive(Args)]
pub(crate) struct Passwd {
    /// File whose first line is the new passphrase; else you are asked
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
}

pub(crate) fn run(globals: &Globals, typed: &Passwd) -> Result<Exit, Trouble> {
    let home = globals.home()?;
    crate::reach::must_be_there(&home)?;
    let old = passphrase::existing(globals.passphrase_file.as_deref())?;
    // A wrong one is said before a new one is thought of.
    home::unlock(&home, &old)?;
    let new = passphrase::replacement(typed.new_passphrase_file.as_deref())?;
    home::change_passphrase(&home, &old, &new, KdfCost::STANDARD)?;
    if globals.json {
        output::json(&json!({ "changed": true }))?;
    } else {
        output::text("The passphrase is changed. The 24 words stay the same.")?;
    }
    Ok(Exit::Done)
}
