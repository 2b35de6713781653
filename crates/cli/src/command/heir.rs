//! `twin heir`: who gets what once you are silent for long, and what was left to you.

use super::recover;
use crate::arguments::Globals;
use crate::exit::Exit;
use crate::reach::reach;
use crate::render::table::plain;
use crate::render::{faint, good, heading, notable, number};
use crate::trouble::Trouble;
use crate::{output, passphrase};
use clap::{Args, Subcommand};
use didymos_base::StreamId;
use didymos_twin::request::{HeirWish, HeirsSet, Inheritance, Words};
use didymos_twin::response::{HeirsAnswer, Inherited};
use didymos_twin::{Request, Response};
use std::path::PathBuf;
use zeroize::Zeroizing;

const EXAMPLES: &str = "\
Examples:
  twin heir set --all dan --streams eve=heart_rate,steps --silence-days 120
  twin heir rehearse                     would it work? opens nothing
  twin heir claim ann                    on dan's machine, when ann has been silent for so long
  twin heir open ann                     once enough guardians have handed over their shares

Guardians keep what you leave, sealed to each heir. Using your twin from a device of yours is the
sign of life that they count from.";

/// Your heirs, and from whom you inherit; without more words, a list.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Heir {
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Subcommand)]
enum Act {
    /// Name heirs and what each gets; what stood before is replaced
    Set(Set),
    /// Go through every step with everybody, and open nothing
    Rehearse,
    /// Claim what was left to you, and see how it stands
    Claim(From),
    /// Open it
    Open(From),
}

#[derive(Args)]
struct Set {
    /// A contact who gets everything; can be said several times
    #[arg(long, value_name = "CONTACT")]
    all: Vec<String>,
    /// A contact who gets these streams and nothing else; can be said several times
    #[arg(long, value_name = "CONTACT=STREAM,…")]
    streams: Vec<String>,
    /// A file with a few words for a contact: at most 500 characters
    #[arg(long, value_name = "CONTACT=FILE")]
    letter: Vec<String>,
    /// After how many days without a sign of life
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u32).range(7..=3660))]
    silence_days: u32,
    /// File with the recovery phrase; else you are asked
    #[arg(long, value_name = "FILE")]
    phrase_file: Option<PathBuf>,
}

#[derive(Args)]
struct From {
    /// From whom: a name, the beginning of it, or a DID
    from: String,
}

fn halves<'a>(text: &'a str, what: &str) -> Result<(&'a str, &'a str), Trouble> {
    text.split_once('=').ok_or_else(|| Trouble::new(Exit::Usage, format!("{text:?} is not of the form CONTACT={what}")))
}

fn wishes(set: &Set) -> Result<Vec<HeirWish>, Trouble> {
    let wish = |heir: &str| HeirWish { heir: heir.to_owned(), streams: Vec::new(), letter: None };
    let mut wishes: Vec<HeirWish> = set.all.iter().map(|heir| wish(heir)).collect();
    for text in &set.streams {
        let (heir, list) = halves(text, "STREAM,…")?;
        let streams: Result<Vec<StreamId>, _> = list.split(',').map(|stream| stream.trim().parse()).collect();
        let streams = streams.map_err(|error| Trouble::new(Exit::Usage, format!("{list}: {error}")))?;
        wishes.push(HeirWish { streams, ..wish(heir) });
    }
    for text in &set.letter {
        let (heir, file) = halves(text, "FILE")?;
        let path = PathBuf::from(file);
        let letter = std::fs::read_to_string(&path).map_err(|error| Trouble::file("read", &path, &error))?;
        let Some(wish) = wishes.iter_mut().find(|wish| wish.heir == heir) else {
            return Err(Trouble::new(Exit::Usage, format!("{heir} gets a letter but nothing else"))
                .next("name what they get with --all or --streams"));
        };
        wish.letter = Some(letter.trim_end().to_owned());
    }
    Ok(wishes)
}

pub(crate) fn run(globals: &Globals, typed: Heir) -> Result<Exit, Trouble> {
    let from = |from: From| Inheritance { from: from.from };
    let request = match typed.act {
        None => Request::Heirs,
        Some(Act::Set(set)) => {
            let heirs = wishes(&set)?;
            let phrase = passphrase::recovery_phrase(set.phrase_file.as_deref())?;
            let silence_days = set.silence_days;
            Request::HeirsSet(HeirsSet { heirs, silence_days, phrase: Words::new(phrase.words()) })
        }
        Some(Act::Rehearse) => return super::guardian::rehearse(globals),
        Some(Act::Claim(who)) => Request::InheritanceClaim(from(who)),
        Some(Act::Open(who)) => Request::InheritanceOpen(from(who)),
    };
    match reach(globals)?.ask(&request)? {
        Response::Heirs(answer) if globals.json => output::json(&answer)?,
        Response::Heirs(answer) => output::text(&render(&answer))?,
        Response::Recovery(answer) => recover::tell(globals, &answer)?,
        Response::Inherited(answer) if globals.json => output::json(&answer)?,
        Response::Inherited(answer) => output::text(&inherited(&answer))?,
        _ => return Err(Trouble::misunderstood()),
    }
    Ok(Exit::Done)
}

fn share(streams: &[StreamId]) -> String {
    if streams.is_empty() {
        return "everything".to_owned();
    }
    streams.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn render(answer: &HeirsAnswer) -> String {
    let mut text = String::new();
    match answer.silence_days {
        None => text.push_str(&format!("You have no heirs. {}\n", faint("`twin heir set` names some."))),
        Some(days) => {
            text.push_str(&format!(
                "{}, after {} without a sign of life\n",
                heading("Your heirs"),
                number::counted(u64::from(days), "day")
            ));
            for heir in &answer.heirs {
                let name = heir.name.as_deref().map_or_else(|| heir.did.to_string(), plain);
                let told = if heir.told { good("knows") } else { faint("not told yet") };
                text.push_str(&format!("  {name}  {}  {told}\n", share(&heir.streams)));
            }
        }
    }
    if !answer.inherits.is_empty() {
        text.push_str(&format!("\n{}\n", heading("What is left to you")));
        for one in &answer.inherits {
            let name = one.name.as_deref().map_or_else(|| one.did.to_string(), plain);
            text.push_str(&format!(
                "  from {name}: {}, after {} without a sign of life; {} of {} guardians\n",
                share(&one.streams),
                number::counted(u64::from(one.silence_days), "day"),
                one.threshold,
                one.guardians.len()
            ));
        }
    }
    text
}

fn inherited(answer: &Inherited) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(8_192));
    if let Some(letter) = &answer.letter {
        text.push_str(&format!("{}\n\n", plain(letter)));
    }
    if let Some(phrase) = &answer.phrase {
        text.push_str(&notable("The 24 words of their twin; `twin restore` takes them:"));
        text.push_str(&format!("\n\n{}\n", phrase.as_str()));
    }
    for (stream, key) in &answer.streams {
        text.push_str(&format!("{stream}  {}\n", key.as_str()));
    }
    text
}
