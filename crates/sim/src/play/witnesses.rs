//! Witnesses, and a machine that is set back to an older copy of itself and writes on.
//!
//! [`TWO_FACED`]'s journal is cosigned by two others, who cosign each other's too. In some towns its machine is set back.
//! If somebody had cosigned more by then, there are two histories: once the second is longer than what was cosigned, every
//! witness holds evidence of it that convinces anybody alone. Of nobody else is there ever any.

use crate::Broken;
use crate::lots::Lots;
use crate::town::Town;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::time::MINUTE_MS;
use didymos_guard::evidence;
use didymos_twin::request::{ContactChange, ForkWhich, WitnessWhich};
use didymos_twin::response::WitnessesAnswer;
use didymos_twin::{Request, Response};

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Commits something.
    Commit,
    /// Somebody copies the machine of the two-faced one.
    Copy,
    /// The machine is set back to that copy.
    SetBack,
}

impl Act {
    pub(crate) fn drawn(lots: &mut Lots) -> Self {
        match lots.below(16) {
            0..=11 => Self::Commit,
            12..=13 => Self::Copy,
            _ => Self::SetBack,
        }
    }
}

/// Whose machine may be set back.
pub const TWO_FACED: usize = 0;
/// Who witnesses whose journal.
const NAMED: [(usize, usize); 4] = [(TWO_FACED, 1), (TWO_FACED, 2), (1, 2), (2, 1)];
/// So long it takes before the next checkpoint is brought.
const BETWEEN_MS: i64 = 11 * MINUTE_MS;
/// So often people meet in the end.
const MEETINGS: usize = 6;

/// What is known of witnesses, from outside.
pub struct Witnesses {
    sets_back: bool,
    /// Commits of the copy, once there is one.
    copied: Option<u64>,
    /// Whether two histories were begun.
    forked: bool,
}

fn broken(words: impl Into<String>) -> Broken {
    Broken::new("who shows two histories is caught, and nobody else is", words)
}

fn witnesses(town: &Town, who: usize) -> Option<WitnessesAnswer> {
    match town.people[who].ask(Request::Witnesses) {
        Some(Ok(Response::Witnesses(answer))) => Some(answer),
        _ => None,
    }
}

/// Commits of the two-faced one's that somebody has cosigned.
fn cosigned(town: &Town) -> u64 {
    let did = town.people[TWO_FACED].did();
    let seen = [1, 2].into_iter().filter_map(|who| witnesses(town, who));
    let of = |answer: WitnessesAnswer| answer.watched.iter().filter(|one| one.did == *did).map(|one| one.commits).max();
    seen.filter_map(of).max().unwrap_or(0)
}

/// Something that is worth a checkpoint.
fn commit(town: &Town, who: usize) {
    let contact = town.eve.did().to_string();
    for blocked in [true, false] {
        let change = ContactChange { contact: contact.clone(), blocked: Some(blocked), ..ContactChange::default() };
        let _ = town.people[who].ask(Request::ContactChange(change));
    }
}

impl Witnesses {
    /// Everybody has cosigned something.
    pub fn begin(town: &mut Town, lots: &mut Lots) -> Result<Self, Broken> {
        for (who, witness) in NAMED {
            let contact = town.people[witness].did().to_string();
            Town::calm(&town.people[who], Request::WitnessAdd(WitnessWhich { contact }))?;
        }
        town.wait(BETWEEN_MS);
        town.settle()?;
        if cosigned(town) == 0 {
            return Err(broken("in calm a checkpoint is cosigned"));
        }
        Ok(Self { sets_back: !lots.once_in(3), copied: None, forked: false })
    }

    /// Does one thing.
    pub fn act(&mut self, town: &mut Town, act: Act, who: usize) -> Result<(), Broken> {
        match act {
            Act::Commit => commit(town, who),
            Act::Copy if self.sets_back => {
                self.copied = town.people[TWO_FACED].copy_machine().or(self.copied);
            }
            Act::SetBack => {
                let Some(commits) = self.copied else { return Ok(()) };
                let fork = cosigned(town) > commits;
                town.people[TWO_FACED].set_machine_back();
                town.people[TWO_FACED].open()?;
                town.trace().count(if fork { "histories forked" } else { "machines set back in time" });
                self.forked |= fork;
            }
            Act::Copy => {}
        }
        Ok(())
    }

    /// Everybody meets, and the two-faced one has written more than was ever cosigned.
    pub fn healed(&self, town: &mut Town) -> Result<(), Broken> {
        let most = cosigned(town);
        for _ in 0..MEETINGS {
            for _ in 0..200 {
                if witnesses(town, TWO_FACED).is_some_and(|answer| answer.commits > most + 2) {
                    break;
                }
                commit(town, TWO_FACED);
            }
            commit(town, 1);
            town.wait(BETWEEN_MS);
            town.settle()?;
        }
        let liar = town.people[TWO_FACED].did().clone();
        for who in 0..town.people.len() {
            let answer = witnesses(town, who).ok_or_else(|| broken(format!("{who} answers nothing")))?;
            if let Some(fork) = answer.forks.iter().find(|fork| fork.did != liar || !self.forked) {
                return Err(broken(format!("{who} holds {fork:?}")));
            }
            if self.forked && NAMED.contains(&(TWO_FACED, who)) {
                let fork = answer.forks.first().ok_or_else(|| broken(format!("{who} does not notice: {answer:?}")))?;
                let asked = ForkWhich { fork: fork.fork.to_string() };
                let Response::Evidence(shown) = Town::calm(&town.people[who], Request::Evidence(asked))? else {
                    return Err(broken(format!("{who} shows no evidence")));
                };
                let file = URL_SAFE_NO_PAD.decode(shown.evidence).unwrap_or_default();
                match evidence::check(&file) {
                    Ok(caught) if caught.origin == liar => town.trace().count("evidence that convinces"),
                    other => return Err(broken(format!("{who}'s evidence convinces nobody: {other:?}"))),
                }
            }
        }
        Ok(())
    }
}
