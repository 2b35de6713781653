//! Where secrets come from: a file, the environment, or the terminal without echo. Never the command line, which every
//! process of the machine can read.

use crate::exit::Exit;
use crate::trouble::Trouble;
use didymos_identity::RecoveryPhrase;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A new passphrase has at least so many characters.
const CHARACTERS_MIN: usize = 8;
/// No passphrase or phrase is longer than this.
const BYTES_MAX: u64 = 4_096;
const VARIABLE: &str = "TWIN_PASSPHRASE";
const ELSEWHERE: &str = "set TWIN_PASSPHRASE, or name a file with --passphrase-file";

/// The passphrase of a twin that is there.
pub(crate) fn existing(file: Option<&Path>) -> Result<Zeroizing<String>, Trouble> {
    match given(file)? {
        Some(passphrase) => Ok(passphrase),
        None => prompt("Passphrase: ", ELSEWHERE),
    }
}

/// The passphrase for a new twin, typed twice if typed.
pub(crate) fn new(file: Option<&Path>, what: &str) -> Result<Zeroizing<String>, Trouble> {
    match given(file)? {
        Some(passphrase) => Ok(as_given(passphrase)),
        None => typed_twice(what, ELSEWHERE),
    }
}

/// The passphrase that replaces the old one; the environment holds the old one, so it does not count.
pub(crate) fn replacement(file: Option<&Path>) -> Result<Zeroizing<String>, Trouble> {
    match file {
        Some(path) => first_line(path).map(as_given),
        None => typed_twice("New passphrase", "name a file with --new-passphrase-file"),
    }
}

/// The recovery phrase, from a file, from what is piped in, or from the terminal.
pub(crate) fn recovery_phrase(file: Option<&Path>) -> Result<RecoveryPhrase, Trouble> {
    let words = match file {
        Some(path) => read(path)?,
        None if !io::stdin().is_terminal() => read(Path::new("-")).map_err(|trouble| {
            trouble.next("name a file that holds the recovery phrase with --phrase-file, or pipe it in")
        })?,
        None => prompt("Recovery phrase (24 words, not shown): ", "name a file that holds it with --phrase-file")?,
    };
    RecoveryPhrase::parse(&words).map_err(|error| Trouble::new(Exit::Refused, error.to_string()))
}

/// The passphrase that was given along, if one was: in a file or in the environment.
pub(crate) fn given(file: Option<&Path>) -> Result<Option<Zeroizing<String>>, Trouble> {
    if let Some(path) = file {
        return first_line(path).map(Some);
    }
    match std::env::var(VARIABLE) {
        Ok(passphrase) if passphrase.is_empty() => {
            Err(Trouble::new(Exit::Usage, format!("{VARIABLE} is set but empty")).next("unset it, or give it a value"))
        }
        Ok(passphrase) => Ok(Some(Zeroizing::new(passphrase))),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Trouble::new(Exit::Usage, format!("{VARIABLE} is not UTF-8 text")))
        }
    }
}

/// The first line of a file, as it stands.
fn first_line(path: &Path) -> Result<Zeroizing<String>, Trouble> {
    let text = read(path)?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Zeroizing::new(line.to_owned())),
        _ => Err(Trouble::new(Exit::Usage, format!("the first line of {} is empty", path.display()))),
    }
}

/// What a file holds; `-` is standard input.
fn read(path: &Path) -> Result<Zeroizing<String>, Trouble> {
    let failed = |error: &io::Error| Trouble::file("read", path, error);
    // Room for all that is read, so that growing leaves no copy behind.
    let mut text = Zeroizing::new(String::with_capacity(BYTES_MAX as usize + 1));
    let taken = if path == Path::new("-") {
        io::stdin().lock().take(BYTES_MAX + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_string(&mut text))
    };
    taken.map_err(|error| failed(&error))?;
    let secret = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    match secret.len() {
        0 => Err(Trouble::new(Exit::Usage, format!("{} is empty", path.display()))),
        long if long as u64 > BYTES_MAX => {
            Err(Trouble::new(Exit::Usage, format!("{} is longer than {BYTES_MAX} bytes", path.display())))
        }
        _ => Ok(secret),
    }
}

fn prompt(question: &str, otherwise: &str) -> Result<Zeroizing<String>, Trouble> {
    let no_terminal =
        || Trouble::new(Exit::Refused, "a secret is needed, and there is no terminal to ask for it").next(otherwise);
    // Without this check a detached process would wait on a terminal that nobody looks at.
    if !io::stdin().is_terminal() && !io::stderr().is_terminal() {
        return Err(no_terminal());
    }
    rpassword::prompt_password(question).map(Zeroizing::new).map_err(|_| no_terminal())
}

fn typed_twice(what: &str, otherwise: &str) -> Result<Zeroizing<String>, Trouble> {
    let first = long_enough(prompt(&format!("{what} (at least {CHARACTERS_MIN} characters): "), otherwise)?)?;
    let second = prompt("Once more: ", otherwise)?;
    if first == second {
        Ok(first)
    } else {
        Err(Trouble::new(Exit::Usage, "the two passphrases differ").next("run the command again"))
    }
}

/// A script has its reasons; a person who typed would be asked for a longer one.
fn as_given(passphrase: Zeroizing<String>) -> Zeroizing<String> {
    if passphrase.chars().count() < CHARACTERS_MIN {
        crate::output::aside("that passphrase is short: whoever copies this folder can guess it");
    }
    passphrase
}

fn long_enough(passphrase: Zeroizing<String>) -> Result<Zeroizing<String>, Trouble> {
    if passphrase.chars().count() >= CHARACTERS_MIN {
        return Ok(passphrase);
    }
    Err(Trouble::new(Exit::Usage, format!("the passphrase has fewer than {CHARACTERS_MIN} characters"))
        .next("choose a longer one; four or five random words are easy to remember"))
}

/// Where a phrase is written on the owner's wish: a new file that nobody else can read.
pub(crate) fn keep(phrase: &RecoveryPhrase, path: &Path) -> Result<PathBuf, Trouble> {
    let mut words = phrase.words();
    words.push('\n');
    crate::private_file::create(path, words.as_bytes()).map_err(|error| Trouble::file("write", path, &error))?;
    Ok(path.to_owned())
}
