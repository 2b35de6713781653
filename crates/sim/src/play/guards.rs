//! Guardians: a new machine wants somebody's phrase back, and some of the guardians approve.
//!
//! The [`WARD`] of a town has three guardians, of whom it takes two, each after a day. No guardian hands anything over
//! sooner, whatever its clock and its restarts do; none does once the ward's no has arrived; and where nobody says no and
//! enough approve, the phrase comes back.

use crate::Broken;
use crate::lots::Lots;
use crate::net::Weather;
use crate::person::Person;
use crate::town::Town;
use didymos_base::Digest;
use didymos_base::time::{DAY_MS, HOUR_MS};
use didymos_twin::request::{ClaimApprove, ClaimWhich, GuardiansSet, RecoveryBegin, WardWhich, Words};
use didymos_twin::response::{ClaimShown, ClaimState, GuardiansAnswer, RecoveryAnswer};
use didymos_twin::{Failure, FailureCode, Request, Response};
use std::collections::{BTreeMap, BTreeSet};
use zeroize::Zeroizing;

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A new machine comes to one more guardian.
    Claim,
    /// It asks how things stand.
    Ask,
    /// A guardian approves.
    Approve,
    /// A guardian approves without having compared the digits.
    Guess,
    /// The ward says no.
    Cancel,
    /// The ward has it rehearsed.
    Rehearse,
}

impl Act {
    pub(crate) fn drawn(lots: &mut Lots) -> Self {
        match lots.below(32) {
            0..=6 => Self::Claim,
            7..=19 => Self::Ask,
            20..=26 => Self::Approve,
            27 => Self::Guess,
            28 => Self::Cancel,
            _ => Self::Rehearse,
        }
    }
}

/// Whose guardians they are.
pub const WARD: usize = 0;
/// Who they are.
const GUARDIANS: [usize; 3] = [1, 2, 3];
const THRESHOLD: u8 = 2;
const WAIT_MS: i64 = DAY_MS;
/// So much counts at most between two looks at a clock.
const LOOK_MS: i64 = WAIT_MS / 4;

/// A new machine, and what it had of whom.
struct Machine {
    person: Person,
    /// When it made its claim, by the true time.
    begun: i64,
    /// How often each guardian's clock had been set ahead by then.
    ahead: BTreeMap<usize, u32>,
    met: BTreeSet<usize>,
    released: BTreeSet<usize>,
}

/// What is known of guardians, from outside.
#[derive(Default)]
pub struct Guards {
    machine: Option<Machine>,
    /// Who approved, and who may have before their machine went down.
    approved: BTreeSet<usize>,
    perhaps: BTreeSet<usize>,
    /// Whether the ward said no, or may have.
    cancelled: Option<bool>,
    /// Guardians whom that had reached.
    told_no: BTreeSet<usize>,
}

fn broken(words: impl Into<String>) -> Broken {
    Broken::new("guardians hand over after the waiting time, never against the ward's word, and then all of it", words)
}

fn is_an_answer(failure: &Failure) -> bool {
    !matches!(failure.code, FailureCode::Damaged | FailureCode::Locked)
}

fn guardians(town: &Town, who: usize) -> Option<GuardiansAnswer> {
    match town.people[who].ask(Request::Guardians) {
        Some(Ok(Response::Guardians(answer))) => Some(*answer),
        _ => None,
    }
}

/// The claim of the machine with this DID, as somebody's twin shows it.
fn claim_at(town: &Town, who: usize, machine: &Machine) -> Option<ClaimShown> {
    let claims = guardians(town, who)?.claims;
    claims.into_iter().find(|claim| claim.claimant == *machine.person.did())
}

impl Guards {
    /// Everybody accepts.
    pub fn begin(town: &mut Town) -> Result<Self, Broken> {
        let ward = &town.people[WARD];
        let set = GuardiansSet {
            guardians: GUARDIANS.map(|who| town.people[who].did().to_string()).to_vec(),
            threshold: THRESHOLD,
            wait_days: (WAIT_MS / DAY_MS) as u32,
            phrase: Words::new(Zeroizing::new(ward.phrase().words().to_string())),
        };
        Town::calm(ward, Request::GuardiansSet(set))?;
        town.carry(WARD)?;
        for who in GUARDIANS {
            let which = WardWhich { ward: town.people[WARD].did().to_string() };
            Town::calm(&town.people[who], Request::GuardianAccept(which))?;
            town.carry(who)?;
        }
        if guardians(town, WARD).and_then(|answer| answer.ring).is_some_and(|ring| ring.ready) {
            return Ok(Self::default());
        }
        Err(broken("in calm three guardians accept"))
    }

    /// Does one thing, and checks what comes of it.
    pub fn act(&mut self, town: &mut Town, act: Act, whom: usize, lots: &mut Lots) -> Result<(), Broken> {
        let guardian = GUARDIANS[whom % GUARDIANS.len()];
        match act {
            Act::Claim => self.claim(town, guardian, lots),
            Act::Ask => self.ask(town).map(drop),
            Act::Approve | Act::Guess => self.approve(town, guardian, act == Act::Guess),
            Act::Cancel => self.cancel(town),
            Act::Rehearse => match town.people[WARD].ask(Request::GuardiansRehearse) {
                Some(Ok(Response::Rehearsal(answer))) => {
                    let count =
                        if answer.would_work { "rehearsals that would work" } else { "rehearsals that would not" };
                    town.trace().count(count);
                    Ok(())
                }
                Some(Err(failure)) if !is_an_answer(&failure) => Err(broken(format!("a rehearsal: {failure}"))),
                _ => Ok(()),
            },
        }
    }

    fn claim(&mut self, town: &mut Town, guardian: usize, lots: &mut Lots) -> Result<(), Broken> {
        if self.machine.is_none() {
            let person = town.newcomer()?;
            let ahead = GUARDIANS.into_iter().map(|who| (who, town.people[who].set_ahead)).collect();
            let (met, released) = (BTreeSet::new(), BTreeSet::new());
            self.machine = Some(Machine { person, begun: town.now().0, ahead, met, released });
        }
        let Some(machine) = &mut self.machine else { return Ok(()) };
        if machine.met.contains(&guardian) {
            return Ok(());
        }
        // People sit beside each other when they compare digits.
        town.net().set(Weather::default(), lots.clone());
        if Town::pair(&town.people[guardian], &machine.person).is_err() || town.people[guardian].is_pulled() {
            return Ok(());
        }
        let first = machine.met.is_empty();
        machine.met.insert(guardian);
        let who = town.people[WARD].did().to_string();
        if first {
            Town::calm(&machine.person, Request::RecoveryBegin(RecoveryBegin { who }))?;
            town.trace().count("claims made");
        }
        Ok(())
    }

    /// How it stands, as the machine hears it; and whether anybody gave what they should not have given yet.
    fn ask(&mut self, town: &Town) -> Result<Option<RecoveryAnswer>, Broken> {
        let Some(machine) = self.machine.as_mut().filter(|machine| !machine.met.is_empty()) else { return Ok(None) };
        for who in GUARDIANS {
            let claim = claim_at(town, who, machine);
            if claim.is_some_and(|claim| claim.state == ClaimState::Cancelled) {
                self.told_no.insert(who);
            }
        }
        let answer = match machine.person.ask(Request::RecoveryStatus) {
            Some(Ok(Response::Recovery(answer))) => answer,
            other => return Err(broken(format!("the machine does not say how it stands: {other:?}"))),
        };
        let now = town.now().0;
        for one in answer.guardians.iter().filter(|one| one.state == Some(ClaimState::Released)) {
            let Some(who) = town.number_of(&one.did) else { continue };
            if !machine.released.insert(who) {
                continue;
            }
            town.trace().count("shares handed over");
            if self.told_no.contains(&who) {
                return Err(broken(format!("{who} hands over what the ward has said no to")));
            }
            if !self.approved.contains(&who) && !self.perhaps.contains(&who) {
                return Err(broken(format!("{who} hands over what they have not approved")));
            }
            let jumps = town.people[who].set_ahead - machine.ahead.get(&who).copied().unwrap_or(0);
            let least = WAIT_MS - i64::from(jumps) * LOOK_MS;
            if now - machine.begun < least {
                let hours = (now - machine.begun) / HOUR_MS;
                return Err(broken(format!("{who} hands over after {hours} h, its clock set ahead {jumps} times")));
            }
        }
        town.trace().note(format!("    {} of {:?} shares", answer.have, answer.need));
        Ok(Some(answer))
    }

    fn approve(&mut self, town: &Town, who: usize, guessed: bool) -> Result<(), Broken> {
        let Some(machine) = &self.machine else { return Ok(()) };
        let Some(claim) = claim_at(town, who, machine) else { return Ok(()) };
        let digits = if guessed { "000 000 000 000".to_owned() } else { claim.digits };
        let asked = ClaimApprove { claim: claim.claim.to_string(), digits, ward: None };
        match town.people[who].ask(Request::ClaimApprove(asked)) {
            Some(Ok(_)) if guessed => Err(broken(format!("{who} approves without having compared the digits"))),
            Some(Ok(_)) => {
                town.trace().count("claims approved");
                self.approved.insert(who);
                Ok(())
            }
            None => {
                self.perhaps.insert(who);
                Ok(())
            }
            Some(Err(failure)) if is_an_answer(&failure) => {
                town.trace().note(format!("    {:?}: {}", failure.code, failure.message));
                Ok(())
            }
            Some(Err(failure)) => Err(broken(format!("{who} approves: {failure}"))),
        }
    }

    fn cancel(&mut self, town: &Town) -> Result<(), Broken> {
        let Some(machine) = &self.machine else { return Ok(()) };
        let Some(claim) = claim_at(town, WARD, machine).filter(|claim| claim.mine) else { return Ok(()) };
        let which = ClaimWhich { claim: claim.claim.to_string() };
        match town.people[WARD].ask(Request::ClaimCancel(which)) {
            Some(Ok(_)) => {
                town.trace().count("claims cancelled");
                self.cancelled = Some(true);
                Ok(())
            }
            None => {
                self.cancelled = self.cancelled.or(Some(false));
                Ok(())
            }
            Some(Err(failure)) if is_an_answer(&failure) => Ok(()),
            Some(Err(failure)) => Err(broken(format!("the ward cancels: {failure}"))),
        }
    }

    /// Whoever comes back knows what they said.
    pub fn came_back(&mut self, town: &Town, who: usize) -> Result<(), Broken> {
        let Some(machine) = &self.machine else { return Ok(()) };
        let Some(claim) = claim_at(town, who, machine) else {
            if self.approved.contains(&who) {
                return Err(broken(format!("{who} has forgotten a claim that they approved")));
            }
            return Ok(());
        };
        if self.approved.contains(&who) && claim.approved.is_none() && claim.state != ClaimState::Cancelled {
            return Err(broken(format!("{who} has forgotten having approved: {:?}", claim.state)));
        }
        if who == WARD && self.cancelled == Some(true) && claim.state != ClaimState::Cancelled {
            return Err(broken("the ward has forgotten their no"));
        }
        if self.told_no.contains(&who) && claim.state != ClaimState::Cancelled {
            return Err(broken(format!("{who} has forgotten the ward's no: {:?}", claim.state)));
        }
        Ok(())
    }

    /// Time passes until whatever is to be handed over is.
    pub fn healed(&mut self, town: &mut Town) -> Result<(), Broken> {
        let mut last = None;
        for _ in 0..8 {
            last = self.ask(town)?;
            town.settle()?;
            town.wait(LOOK_MS);
        }
        let (Some(answer), Some(machine)) = (last, &self.machine) else { return Ok(()) };
        let twin = machine.person.twin().ok_or_else(|| broken("the new machine went down"))?;
        if self.cancelled == Some(true) {
            for who in machine.met.iter().filter(|who| !machine.released.contains(who)) {
                match claim_at(town, *who, machine).map(|claim| claim.state) {
                    Some(ClaimState::Cancelled) => {}
                    other => return Err(broken(format!("the ward's no did not come to {who}: {other:?}"))),
                }
            }
        }
        let heard = guardians(town, WARD).map(|answer| answer.claims).unwrap_or_default();
        let claim: Digest = answer.claim;
        if !heard.iter().any(|shown| shown.claim == claim && shown.mine) {
            return Err(broken("the ward is not told of the claim"));
        }
        let sure = self.approved.intersection(&machine.met).count();
        let most = sure + self.perhaps.difference(&self.approved).count();
        let enough = usize::from(THRESHOLD);
        match twin.recovered() {
            Ok((did, phrase)) => {
                let ward = &town.people[WARD];
                if most < enough {
                    return Err(broken(format!("{most} approved, and the phrase comes back")));
                }
                if did != *ward.did() || *phrase.words() != *ward.phrase().words() {
                    return Err(broken("another phrase comes back"));
                }
                town.trace().count("phrases recovered");
                Ok(())
            }
            Err(failure) if sure >= enough && self.cancelled.is_none() => {
                Err(broken(format!("{sure} approved, and nothing comes back: {failure}; {answer:?}")))
            }
            Err(_) => Ok(()),
        }
    }
}
