//! `twin init`: a new twin, and the 24 words from which it can always be had again.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::render::{faint, heading, notable};
use crate::trouble::Trouble;
use crate::{output, passphrase};
use clap::Args;
use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::{Twin, home};
use serde::Serialize;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Makes a new twin. Its recovery phrase of 24 words is shown once: write it down.
#[derive(Args)]
pub(crate) struct Init {
    /// Use the recovery phrase in this file instead of a new one
    #[arg(long, value_name = "FILE")]
    phrase_file: Option<PathBuf>,
    /// Write the recovery phrase to this new file (readable by you only) instead of showing it
    #[arg(long, value_name = "FILE", conflicts_with = "phrase_file")]
    phrase_out: Option<PathBuf>,
    /// What you call yourself: people see it when you pair
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// With `--json`.
#[derive(Serialize)]
struct Made<'a> {
    did: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    phrase: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phrase_file: Option<&'a Path>,
}

pub(crate) fn run(globals: &Globals, init: &Init) -> Result<Exit, Trouble> {
    let home = globals.home()?;
    refuse_existing(&home)?;
    let phrase = match &init.phrase_file {
        Some(file) => passphrase::recovery_phrase(Some(file))?,
        None => new_phrase()?,
    };
    let passphrase = passphrase::new(globals.passphrase_file.as_deref(), "Passphrase for the new twin")?;
    // The words have to be safe before anything depends on them.
    let kept = init.phrase_out.as_deref().map(|path| passphrase::keep(&phrase, path)).transpose()?;
    let twin = match Twin::init(&home, &phrase, &passphrase, KdfCost::STANDARD) {
        Ok(twin) => twin,
        Err(failure) => {
            if let Some(path) = &kept {
                let _ = std::fs::remove_file(path);
            }
            return Err(failure.into());
        }
    };
    if let Some(name) = &init.name {
        twin.call_oneself(name)?;
    }
    let words = (init.phrase_file.is_none() && kept.is_none()).then(|| phrase.words());
    if globals.json {
        output::json(&Made {
            did: twin.did().as_str(),
            phrase: words.as_ref().map(|words| words.as_str()),
            phrase_file: kept.as_deref(),
        })?;
    } else {
        output::text(&text(&home, twin.did().as_str(), words.as_ref().map(|words| words.as_str()), kept.as_deref()))?;
    }
    Ok(Exit::Done)
}

/// A phrase from the operating system's randomness.
pub(crate) fn new_phrase() -> Result<RecoveryPhrase, Trouble> {
    let mut entropy = Zeroizing::new([0u8; 32]);
    getrandom::fill(entropy.as_mut_slice())
        .map_err(|error| Trouble::new(Exit::Io, format!("the operating system gave no random numbers: {error}")))?;
    Ok(RecoveryPhrase::from_entropy(*entropy))
}

/// Says no before anything is asked for.
pub(crate) fn refuse_existing(home: &Path) -> Result<(), Trouble> {
    if home::exists(home) {
        return Err(Trouble::new(Exit::Usage, format!("there is a twin in {} already", home.display()))
            .next("use it, or name another folder with --home"));
    }
    Ok(())
}

fn text(home: &Path, did: &str, words: Option<&str>, kept: Option<&Path>) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(4_096));
    text.push_str(&format!("{} in {}\n{}\n\n", heading("A new twin"), home.display(), faint(did)));
    if let Some(words) = words {
        text.push_str(&notable("These 24 words are your twin. They are shown this once:"));
        text.push_str("\n\n");
        in_columns(&mut text, words);
        text.push_str(
            "\nWrite them on paper, in order, and keep the paper where you keep your passport. Whoever has them has\n\
             your data; without them and without the passphrase, nobody has, not even we. Do not photograph them.\n",
        );
    }
    if let Some(path) = kept {
        text.push_str(&format!(
            "The 24 words are in {}, readable by you only. Copy them to paper, then delete the file.\n",
            path.display()
        ));
    }
    text.push_str("\nNext: `twin import FILE…`, or `twin demo` for a look around.\n");
    text
}

/// Numbered, in four columns of six that are read downwards.
fn in_columns(text: &mut String, words: &str) {
    let words: Vec<_> = words.split(' ').collect();
    let rows = words.len().div_ceil(4);
    for row in 0..rows {
        for (at, word) in words.iter().enumerate().skip(row).step_by(rows) {
            text.push_str(&format!("  {:>2}. {word:<10}", at + 1));
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_stand_numbered_in_four_columns() {
        let phrase = RecoveryPhrase::from_entropy([7; 32]);
        let words = phrase.words();
        let mut text = String::new();
        in_columns(&mut text, &words);
        assert_eq!(text.lines().count(), 6);
        let list: Vec<_> = words.split(' ').collect();
        let first: Vec<_> = text.lines().next().expect("a line").split_whitespace().collect();
        assert_eq!(first, ["1.", list[0], "7.", list[6], "13.", list[12], "19.", list[18]]);
        // What is shown can be typed in again, numbers and all.
        let shown: Vec<_> = (0..6).flat_map(|_| text.lines()).take(6).collect();
        assert_eq!(shown.join(" ").split_whitespace().count(), 48);
    }
}
