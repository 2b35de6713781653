//! `twin pair`: two people make their twins known to each other.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::table::plain;
use crate::render::{faint, good, heading};
use crate::trouble::Trouble;
use clap::Args;
use didymos_twin::request::{PairAsked, PairConfirm, PairJoin};
use didymos_twin::response::{PairingShown, PairingState};
use didymos_twin::{Failure, Request, Response};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use std::io::{self, BufRead};
use std::time::Duration;

/// How often a pairing that no twin holds is looked at.
const PAUSE: Duration = Duration::from_millis(50);

const EXAMPLES: &str = "\
Examples:
  twin pair                      makes a ticket: let the other person scan or paste it
  twin pair twin-hAFYIL...       takes the other person's ticket

Both twins then show six digits. Compare them by voice or face to face: if they are the same, nobody
is between you. A ticket is good for one pairing and ten minutes.

With --json every step is one line, and the answer (yes or no) is read from standard input.";

/// Make a ticket, or take one, and compare six digits.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Pair {
    /// The other person's ticket [default: make one]
    ticket: Option<String>,
}

impl Pair {
    /// Takes this ticket.
    pub(crate) fn joining(ticket: String) -> Self {
        Self { ticket: Some(ticket) }
    }
}

pub(crate) fn run(globals: &Globals, typed: &Pair) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    reach.expect_many();
    let begin = match &typed.ticket {
        None => Request::PairInvite,
        Some(ticket) => Request::PairJoin(PairJoin { ticket: ticket.clone() }),
    };
    let done = "You are in contact.\n";
    let exit = follow(globals, Stood { there: "twin pair TICKET", done }, &begin, |request| {
        let Response::Pairings(pairings) = reach.ask(request)? else { return Err(Trouble::misunderstood()) };
        Ok(pairings)
    })?;
    if matches!(exit, Exit::Done) && !globals.json {
        output::aside(&faint("`twin contacts` lists people; `twin grant` lets one of them see something."));
    }
    Ok(exit)
}

/// What is said at a pairing that depends on what it is for.
#[derive(Clone, Copy)]
pub(crate) struct Stood<'a> {
    /// What to type on the other machine.
    pub(crate) there: &'a str,
    /// What is so once it is done.
    pub(crate) done: &'a str,
}

/// Follows a pairing at the twin's door to its end.
pub(crate) fn follow(
    globals: &Globals,
    stood: Stood<'_>,
    begin: &Request,
    ask: impl Fn(&Request) -> Result<Vec<PairingShown>, Trouble>,
) -> Result<Exit, Trouble> {
    let one = |request: &Request| {
        ask(request)?.into_iter().next().ok_or_else(|| {
            Trouble::new(Exit::NotFound, "the pairing is gone: the process that held it has ended").next("begin again")
        })
    };
    let mut pairing = one(begin)?;
    loop {
        tell(globals, &stood, &pairing)?;
        let next = match pairing.state {
            PairingState::Done => return Ok(Exit::Done),
            PairingState::Failed => return Ok(Exit::BadNews),
            PairingState::Compare => {
                let same = answered(globals)?;
                Request::PairConfirm(PairConfirm { pairing: pairing.pairing, same })
            }
            state => Request::PairList(PairAsked { pairing: Some(pairing.pairing), unless: Some(state) }),
        };
        let before = pairing.state;
        pairing = one(&next)?;
        while pairing.state == before {
            let news = PairAsked { pairing: Some(pairing.pairing), unless: Some(before) };
            pairing = one(&Request::PairList(news))?;
        }
    }
}

/// Follows a pairing that no twin holds to its end.
pub(crate) fn follow_alone(
    globals: &Globals,
    stood: &Stood<'_>,
    stands: impl Fn() -> Result<PairingShown, Failure>,
    say: impl Fn(bool) -> Result<(), Failure>,
) -> Result<Exit, Trouble> {
    let mut told = None;
    loop {
        let pairing = stands()?;
        if told != Some(pairing.state) {
            tell(globals, stood, &pairing)?;
            told = Some(pairing.state);
            match pairing.state {
                PairingState::Done => return Ok(Exit::Done),
                PairingState::Failed => return Ok(Exit::BadNews),
                PairingState::Compare => say(answered(globals)?)?,
                _ => {}
            }
        }
        std::thread::sleep(PAUSE);
    }
}

fn tell(globals: &Globals, stood: &Stood<'_>, pairing: &PairingShown) -> Result<(), Trouble> {
    if globals.json {
        return output::json(pairing);
    }
    match pairing.state {
        PairingState::Waiting => {
            let ticket = pairing.ticket.as_deref().unwrap_or_default();
            if let Some(code) = code(ticket) {
                output::text(&code)?;
            }
            output::text(&format!("{ticket}\n"))?;
            let there = stood.there;
            output::aside(&faint(&format!(
                "On the other machine: {there}. Waiting for it; Ctrl-C takes the ticket back."
            )));
        }
        PairingState::Knocking => output::aside("Reaching the other twin …"),
        PairingState::Compare => {
            let name = pairing.name.as_deref().map_or_else(|| "somebody without a name".to_owned(), plain);
            let digits = pairing.digits.as_deref().unwrap_or_default();
            output::text(&format!("{}\n", heading(digits)))?;
            output::aside(&format!("The other twin says that it is {name}'s. Does it show the same digits? [yes/no]"));
        }
        PairingState::Said => output::aside("Waiting for the other person's word …"),
        PairingState::Done if stood.done.is_empty() => {}
        PairingState::Done => output::text(&good(stood.done))?,
        PairingState::Failed => {
            let words = pairing.words.as_deref().map_or_else(|| "it came to nothing".to_owned(), plain);
            output::aside(&format!("twin: {words}"));
        }
    }
    Ok(())
}

/// The ticket as a code that a phone reads from a terminal of light letters on dark ground, or the other way round.
fn code(ticket: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(ticket, EcLevel::L).ok()?;
    Some(code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

/// The owner's word. Nothing, or anything else than yes, is a no.
fn answered(globals: &Globals) -> Result<bool, Trouble> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.map_err(|error| Trouble::new(Exit::Io, format!("cannot read the answer: {error}")))?;
    let same = matches!(line.trim().to_lowercase().as_str(), "y" | "yes");
    if !same && !globals.json {
        output::aside("That is a no.");
    }
    Ok(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_fits_on_a_screen() {
        let code = code(&format!("twin-{}", "A".repeat(180))).expect("it fits");
        let lines: Vec<&str> = code.lines().collect();
        assert!(lines.len() <= 40 && lines.iter().all(|line| line.chars().count() <= 80), "{code}");
    }
}
