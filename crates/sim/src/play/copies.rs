//! Copies at friends: room offered, taken and ended; shares spread, shown, spoiled and lost.
//!
//! One person of the town, [`OWNER`], has their journal kept by all others. In the end friends give room again, and an
//! empty machine with nothing but the phrase gets the journal back bit for bit, whichever two of the friends are gone. In
//! some towns Eve gives room too: she takes what comes and shows nothing true of it.

use crate::Broken;
use crate::hostile::Eve;
use crate::lots::Lots;
use crate::town::Town;
use didymos_base::time::DAY_MS;
use didymos_twin::request::{ContractWhich, CopiesSet, CopiesWhich, Import, SpaceOffer};
use didymos_twin::response::{ContractState, CopiesShown, HolderState, SpaceShown};
use didymos_twin::{Failure, FailureCode, Request, Response};
use didymos_vault::disk::Disk;
use didymos_vault::held::HELD;
use didymos_vault::journal::JOURNAL;
use std::collections::BTreeSet;

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The owner takes in some data.
    Grow,
    /// The owner spreads.
    Spread,
    /// The owner has friends show what they keep.
    Audit,
    /// The owner takes room that was offered.
    Take,
    /// The owner wishes that so many shares be enough.
    Wish {
        /// So many.
        need: u8,
    },
    /// A friend offers room.
    Offer {
        /// So many MiB.
        mib: u64,
    },
    /// A friend gives no room any more.
    End,
    /// A friend's disk spoils a bit of what it keeps.
    Rot,
    /// A friend's disk loses something that it keeps.
    Lose,
}

impl Act {
    pub(crate) fn drawn(lots: &mut Lots) -> Self {
        match lots.below(32) {
            0..=5 => Self::Grow,
            6..=12 => Self::Spread,
            13..=18 => Self::Audit,
            19..=20 => Self::Take,
            21 => Self::Wish { need: 2 + lots.below(2) as u8 },
            22..=23 => Self::Offer { mib: 1 + lots.below(4) },
            24..=25 => Self::End,
            26..=28 => Self::Rot,
            _ => Self::Lose,
        }
    }
}

/// Whose journal is kept.
pub const OWNER: usize = 0;
/// How many may be lost.
const LOSE: usize = 2;
/// Days within which everything has to be as the owner wishes, once nothing stands in the way.
const DAYS_MAX: usize = 12;

/// What is known of copies, from outside.
#[derive(Default)]
pub struct Copies {
    grown: u32,
    /// Whether Eve gives room.
    eve: bool,
}

fn broken(words: impl Into<String>) -> Broken {
    Broken::new("whichever two of the friends are gone, the others give everything back", words)
}

fn is_an_answer(failure: &Failure) -> bool {
    !matches!(failure.code, FailureCode::Damaged | FailureCode::Locked)
}

fn spaces(town: &Town, who: usize) -> Vec<SpaceShown> {
    match town.people[who].ask(Request::Spaces) {
        Some(Ok(Response::Spaces(spaces))) => spaces,
        _ => Vec::new(),
    }
}

fn offer(town: &Town, mib: u64) -> Request {
    let contact = town.people[OWNER].did().to_string();
    Request::SpaceOffer(SpaceOffer { contact, bytes: mib << 20, days: 300 })
}

/// What the owner has not said yes to.
fn offered(town: &Town) -> Vec<Request> {
    let open = |space: &SpaceShown| !space.given && space.state == ContractState::Offered;
    let which = |space: SpaceShown| ContractWhich { contract: space.contract.to_string() };
    spaces(town, OWNER).into_iter().filter(open).map(which).map(Request::ContractAccept).collect()
}

impl Copies {
    /// Everybody gives the owner room.
    pub fn begin(town: &mut Town, lots: &mut Lots) -> Result<Self, Broken> {
        let begun = Self { grown: 0, eve: lots.once_in(2) };
        for who in 1..town.people.len() {
            Town::calm(&town.people[who], offer(town, 4))?;
            town.carry(who)?;
        }
        if begun.eve {
            Eve::give_room(town, OWNER, 4 << 20)?;
        }
        for accept in offered(town) {
            Town::calm(&town.people[OWNER], accept)?;
        }
        town.carry(OWNER)?;
        Town::calm(&town.people[OWNER], Request::CopiesSpread)?;
        Ok(begun)
    }

    /// Does one thing, and checks what comes of it.
    pub fn act(&mut self, town: &mut Town, act: Act, whom: usize, lots: &mut Lots) -> Result<(), Broken> {
        let whom = if whom == OWNER { 1 + lots.place(town.people.len() - 1) } else { whom };
        let (who, request) = match act {
            Act::Grow => {
                self.grown += 1;
                let text =
                    format!("Id,Time,Value\n7,5/1/2016 {}:{:02}:00 AM,70\n", self.grown % 12 + 1, self.grown / 12);
                let path = town.file(&format!("grown{}.csv", self.grown), &text)?;
                (OWNER, Request::Import(Import { paths: vec![path], ..Import::default() }))
            }
            Act::Spread => (OWNER, Request::CopiesSpread),
            Act::Audit => (OWNER, Request::CopiesAudit(CopiesWhich::default())),
            Act::Take => {
                let mut open = offered(town);
                if open.is_empty() {
                    return Ok(());
                }
                (OWNER, open.swap_remove(lots.place(open.len())))
            }
            Act::Wish { need } => (OWNER, Request::CopiesSet(CopiesSet { need: Some(need), lose: Some(LOSE as u8) })),
            Act::Offer { mib } => (whom, offer(town, mib)),
            Act::End => {
                let given = spaces(town, whom).into_iter().filter(|space| space.given);
                let mut in_force =
                    given.filter(|space| space.state == ContractState::InForce).map(|space| space.contract);
                let Some(contract) = in_force.next_back() else { return Ok(()) };
                (whom, Request::ContractEnd(ContractWhich { contract: contract.to_string() }))
            }
            Act::Rot | Act::Lose => return spoil(town, whom, act == Act::Lose, lots),
        };
        match town.people[who].ask(request) {
            Some(Ok(Response::Copies(shown))) => {
                found(town, &shown);
                Ok(())
            }
            None | Some(Ok(_)) => Ok(()),
            Some(Err(failure)) if is_an_answer(&failure) => {
                town.trace().note(format!("    {:?}: {}", failure.code, failure.message));
                Ok(())
            }
            Some(Err(failure)) => Err(broken(format!("{act:?} by {who}: {failure}"))),
        }
    }

    /// Friends give room again, and the owner takes it.
    pub fn reconcile(town: &mut Town) -> Result<(), Broken> {
        for who in 1..town.people.len() {
            let mut shown = spaces(town, who).into_iter().filter(|space| space.given);
            let enough = |space: &SpaceShown| space.state == ContractState::InForce && space.bytes >= 4 << 20;
            if !shown.any(|space| enough(&space)) {
                Town::calm(&town.people[who], offer(town, 4))?;
            }
        }
        Ok(())
    }

    /// Days pass until everything is as the owner wishes; then the machine burns down, and comes back.
    pub fn healed(town: &mut Town, lots: &mut Lots) -> Result<(), Broken> {
        let mut shown = Self::whole(town)?;
        for _ in 0..DAYS_MAX {
            if Self::stands(town, &shown) {
                break;
            }
            shown = Self::day(town)?;
        }
        if !Self::stands(town, &shown) {
            return Err(broken(format!("it does not come to stand as wished: {shown:?}")));
        }
        found(town, &shown);
        let covered = shown.covered.as_ref().map_or(0, |covered| covered.bytes as usize);
        let owner = &town.people[OWNER];
        let journal = owner.disk().bytes(&owner.home().join(JOURNAL));
        let mut left: Vec<usize> = (1..town.people.len()).collect();
        for _ in 0..LOSE {
            left.swap_remove(lots.place(left.len()));
        }
        let mut tickets = Vec::new();
        for who in &left {
            match Town::calm(&town.people[*who], Request::CopiesHelp)? {
                Response::Help(help) => tickets.push(help.ticket),
                other => return Err(broken(format!("{who} does not help: {other:?}"))),
            }
        }
        let (number, home) = town.machine();
        let restored = owner.restored(number, &home, &tickets);
        let restored = restored.map_err(|failure| broken(format!("from {left:?}: {failure}; {shown:?}")))?;
        if covered == 0 || restored.get(..covered) != journal.get(..covered) {
            return Err(broken(format!("from {left:?} another journal came back than {covered} bytes of it")));
        }
        town.trace().count("vaults restored");
        town.trace().note(format!("    restored {covered} bytes from {left:?}"));
        Ok(())
    }

    fn whole(town: &mut Town) -> Result<CopiesShown, Broken> {
        for accept in offered(town) {
            Town::calm(&town.people[OWNER], accept)?;
        }
        town.settle()?;
        match Town::calm(&town.people[OWNER], Request::CopiesSpread)? {
            Response::Copies(shown) => Ok(*shown),
            other => Err(broken(format!("{other:?}"))),
        }
    }

    /// A day passes: friends are asked to show what they keep, and whoever was found out gives room anew.
    fn day(town: &mut Town) -> Result<CopiesShown, Broken> {
        town.wait(DAY_MS);
        Town::calm(&town.people[OWNER], Request::CopiesAudit(CopiesWhich::default()))?;
        let shown = Self::whole(town)?;
        found(town, &shown);
        for holder in &shown.holders {
            let Some(who) = town.number_of(&holder.did) else { continue };
            if holder.state != HolderState::Caught {
                continue;
            }
            // Their disk was bad; it is another one now, and so is the contract.
            for space in spaces(town, who).into_iter().filter(|space| space.given) {
                if matches!(space.state, ContractState::InForce | ContractState::Offered) {
                    let which = ContractWhich { contract: space.contract.to_string() };
                    Town::calm(&town.people[who], Request::ContractEnd(which))?;
                }
            }
            Town::calm(&town.people[who], offer(town, 4))?;
        }
        Ok(shown)
    }

    fn stands(town: &Town, shown: &CopiesShown) -> bool {
        let eve = shown.holders.iter().find(|holder| town.number_of(&holder.did).is_none());
        let found_out =
            eve.is_none_or(|eve| matches!(eve.state, HolderState::Caught | HolderState::Leaving | HolderState::Away));
        let honest = shown.holders.iter().filter(|holder| town.number_of(&holder.did).is_some());
        let whole = honest.clone().filter(|holder| holder.state == HolderState::Whole).count();
        let none_behind = honest.clone().all(|holder| holder.state != HolderState::Behind);
        found_out && none_behind && whole + 1 == town.people.len() && shown.margin >= Some(LOSE as u32)
    }
}

/// Counts what the owner's twin has found out.
fn found(town: &Town, shown: &CopiesShown) {
    let states: BTreeSet<&'static str> = shown
        .holders
        .iter()
        .filter_map(|holder| match (holder.state, &holder.wrong) {
            (HolderState::Caught, _) if town.number_of(&holder.did).is_none() => Some("times a liar stands found out"),
            (HolderState::Caught, _) => Some("times a friend stands found out"),
            (_, Some(_)) => Some("times something is known to be wrong at a friend"),
            _ => None,
        })
        .collect();
    for state in states {
        town.trace().count(state);
    }
    town.trace().note(format!("    margin {:?}", shown.margin));
}

/// A friend's disk is not what it should be.
fn spoil(town: &Town, who: usize, lose: bool, lots: &mut Lots) -> Result<(), Broken> {
    let person = &town.people[who];
    let (disk, held) = (person.disk(), person.home().join(HELD));
    let mut files = disk.list(&held).map_err(|error| Broken::new("the machine gives a folder", error.to_string()))?;
    files.sort();
    if files.is_empty() {
        return Ok(());
    }
    let path = held.join(&files[lots.place(files.len())]);
    if lose {
        disk.lose(&path);
        town.trace().count("shares lost");
    } else {
        let mut bytes = disk.bytes(&path);
        if bytes.is_empty() {
            return Ok(());
        }
        let at = lots.place(bytes.len());
        bytes[at] ^= 1 << lots.below(8);
        disk.put(&path, bytes);
        town.trace().count("shares spoiled");
    }
    Ok(())
}
