//! `twin guardian`: people who can bring the recovery phrase back together.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::reach::reach;
use crate::render::table::{Side, Table, plain};
use crate::render::{bad, faint, good, heading, number, words};
use crate::trouble::Trouble;
use crate::{output, passphrase};
use clap::{Args, Subcommand};
use didymos_twin::request::{ClaimApprove, ClaimWhich, GuardiansSet, WardWhich, Words};
use didymos_twin::response::{ClaimState, GuardianState, GuardiansAnswer, RehearsalAnswer, WardState};
use didymos_twin::{Request, Response};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  twin guardian set bob cyd dan --threshold 2 --wait-days 7     asks for your 24 words; nobody keeps them
  twin guardian accept ann                                      on bob's machine
  twin guardian rehearse                                        would it work today? opens nothing
  twin guardian approve 3f2a --digits '123 456 789 012'         on bob's machine, with ann on the phone

Each guardian keeps a share that alone says nothing. When you have lost everything, `twin recover` on a
new machine asks them; each compares digits with you and approves. Then the waiting time runs, during
which your old twin, if somebody has it, is told and can stop it with `twin guardian cancel`.";

/// Your guardians, those whose guardian you are, and requests to hand something over; without more words, a list.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Guardian {
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Subcommand)]
enum Act {
    /// Split the recovery phrase among these contacts; shares of earlier rounds become useless
    Set(Set),
    /// Have no guardians any more
    End,
    /// Go through every step with everybody, and open nothing
    Rehearse,
    /// Be somebody's guardian
    Accept(Who),
    /// Be it not, or not any more; the share is destroyed
    Refuse(Who),
    /// Say that a request comes from the person, after comparing digits with them
    Approve(Approve),
    /// Say that it does not
    Deny(Which),
    /// Say that a request about your own twin is theft: no guardian hands anything over for it
    Cancel(Which),
}

#[derive(Args)]
struct Set {
    /// Contacts: names, beginnings of names, or DIDs
    #[arg(required = true, num_args = 2..=32)]
    guardians: Vec<String>,
    /// How many of them it takes
    #[arg(long, value_parser = clap::value_parser!(u8).range(2..=32))]
    threshold: u8,
    /// For how many days each waits before handing over their share
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=90))]
    wait_days: u32,
    /// File with the recovery phrase; else you are asked
    #[arg(long, value_name = "FILE")]
    phrase_file: Option<PathBuf>,
}

#[derive(Args)]
struct Who {
    /// Whose: a name, the beginning of it, or a DID
    ward: String,
}

#[derive(Args)]
struct Which {
    /// The request's id, or its first digits
    claim: String,
}

#[derive(Args)]
struct Approve {
    /// The request's id, or its first digits
    claim: String,
    /// The digits on the other machine, as the person reads them out
    #[arg(long)]
    digits: String,
    /// Whose twin it is about, where the request does not say so clearly
    #[arg(long)]
    ward: Option<String>,
}

pub(crate) fn run(globals: &Globals, typed: Guardian) -> Result<Exit, Trouble> {
    let claim = |which: Which| ClaimWhich { claim: which.claim };
    let ward = |who: Who| WardWhich { ward: who.ward };
    let request = match typed.act {
        None => Request::Guardians,
        Some(Act::Set(set)) => {
            let phrase = passphrase::recovery_phrase(set.phrase_file.as_deref())?;
            let Set { guardians, threshold, wait_days, .. } = set;
            Request::GuardiansSet(GuardiansSet { guardians, threshold, wait_days, phrase: Words::new(phrase.words()) })
        }
        Some(Act::End) => Request::GuardiansEnd,
        Some(Act::Rehearse) => Request::GuardiansRehearse,
        Some(Act::Accept(who)) => Request::GuardianAccept(ward(who)),
        Some(Act::Refuse(who)) => Request::GuardianRefuse(ward(who)),
        Some(Act::Approve(Approve { claim, digits, ward })) => {
            Request::ClaimApprove(ClaimApprove { claim, digits, ward })
        }
        Some(Act::Deny(which)) => Request::ClaimDeny(claim(which)),
        Some(Act::Cancel(which)) => Request::ClaimCancel(claim(which)),
    };
    match reach(globals)?.ask(&request)? {
        Response::Guardians(answer) => {
            if globals.json {
                output::json(&answer)?;
            } else {
                output::text(&render(&answer, output::width()))?;
            }
            Ok(Exit::Done)
        }
        Response::Rehearsal(answer) => {
            if globals.json {
                output::json(&answer)?;
            } else {
                output::text(&rehearsal(&answer, output::width()))?;
            }
            Ok(if answer.would_work { Exit::Done } else { Exit::BadNews })
        }
        _ => Err(Trouble::misunderstood()),
    }
}

/// Goes through every step with guardians and heirs.
pub(crate) fn rehearse(globals: &Globals) -> Result<Exit, Trouble> {
    run(globals, Guardian { act: Some(Act::Rehearse) })
}

fn who(name: Option<&String>, did: &didymos_base::Did) -> String {
    name.map_or_else(|| did.to_string(), |name| plain(name))
}

fn rehearsal(answer: &RehearsalAnswer, width: usize) -> String {
    let mut table = Table::new([("who", Side::Left), ("", Side::Left), ("", Side::Left)]);
    for step in &answer.steps {
        let state = if step.ok { good("well") } else { bad("not well") };
        let role = if step.heir { "heir: " } else { "" };
        table.row([who(step.name.as_ref(), &step.did), state, format!("{role}{}", plain(&step.words))]);
    }
    let verdict = if answer.would_work { good("It would work.") } else { bad("It would not work.") };
    format!(
        "{}\n{verdict} {} of the {} shares that it takes are there. Nothing was opened.\n",
        table.render(width),
        answer.sound,
        answer.need
    )
}

fn render(answer: &GuardiansAnswer, width: usize) -> String {
    let mut text = String::new();
    match &answer.ring {
        None => text.push_str(&format!(
            "You have no guardians. {}\n",
            faint("`twin guardian set NAME NAME… --threshold N` names some.")
        )),
        Some(ring) => {
            text.push_str(&format!(
                "{}: {} of {} bring your twin back, after {}. Round {}.\n",
                heading("Your guardians"),
                ring.threshold,
                ring.guardians.len(),
                number::counted(u64::from(ring.wait_days), "day"),
                ring.round
            ));
            let mut table = Table::new([("name", Side::Left), ("", Side::Left), ("checked", Side::Left)]);
            for one in &ring.guardians {
                let state = match one.state {
                    GuardianState::OnItsWay => faint("not reached yet"),
                    GuardianState::Asked => "has not answered yet".to_owned(),
                    GuardianState::Holding => good("holds a share"),
                    GuardianState::Refused => bad("refused"),
                    GuardianState::Lost => bad("lost the share"),
                };
                let checked = one.checked.as_deref().map_or_else(String::new, |at| words::time(at)[..10].to_owned());
                table.row([who(one.name.as_ref(), &one.did), state, checked]);
            }
            text.push_str(&table.render(width));
            for note in &ring.notes {
                text.push_str(&format!("note: {note}\n"));
            }
        }
    }
    if !answer.wards.is_empty() {
        text.push_str(&format!("\n{}\n", heading("Whose guardian you are")));
        let mut table =
            Table::new([("name", Side::Left), ("", Side::Left), ("waits", Side::Left), ("silent", Side::Left)]);
        for one in &answer.wards {
            let state = match one.state {
                WardState::Asking => bad("asks: `twin guardian accept` or `refuse`"),
                WardState::Holding => good("you hold a share"),
                WardState::Ended => faint("over"),
                WardState::Lost => bad("your share is lost; they know"),
            };
            let silent = match (one.silent_days, one.silence_days) {
                (Some(silent), Some(of)) => format!("{silent} of {of} days"),
                _ => String::new(),
            };
            table.row([
                who(one.name.as_ref(), &one.did),
                state,
                number::counted(u64::from(one.wait_days), "day"),
                silent,
            ]);
        }
        text.push_str(&table.render(width));
    }
    if !answer.claims.is_empty() {
        text.push_str(&format!("\n{}\n", heading("Requests to hand something over")));
        let mut table = Table::new([
            ("id", Side::Left),
            ("digits", Side::Left),
            ("about", Side::Left),
            ("from", Side::Left),
            ("", Side::Left),
        ]);
        for claim in &answer.claims {
            let state = match claim.state {
                ClaimState::Unapproved if claim.mine => bad("not you? `twin guardian cancel`"),
                ClaimState::Unclear => "whose twin? `twin guardian approve --ward`".to_owned(),
                ClaimState::Unapproved => "waits for your word".to_owned(),
                ClaimState::Early => "there are signs of life".to_owned(),
                ClaimState::Waiting => {
                    let opens = claim.opens.as_deref().map(words::time).unwrap_or_default();
                    format!("approved; not before {opens}")
                }
                ClaimState::Ready => good("may be collected"),
                ClaimState::Released => "handed over".to_owned(),
                ClaimState::Denied => faint("you said no"),
                ClaimState::Cancelled => faint("theft, says the owner"),
                ClaimState::Gone => faint("nothing is kept for it"),
            };
            let about =
                if claim.mine { bad("your twin") } else { plain(claim.ward_name.as_deref().unwrap_or(&claim.who)) };
            let id = claim.claim.to_string()[..8].to_owned();
            table.row([id, claim.digits.clone(), about, who(claim.claimant_name.as_ref(), &claim.claimant), state]);
        }
        text.push_str(&table.render(width));
    }
    text
}
