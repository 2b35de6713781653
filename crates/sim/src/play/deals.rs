//! Contracts: offered, accepted, ended, and looks under them.
//!
//! What a twin's owner was told is done is remembered here. After any crash it is so still; when everything has
//! arrived, both sides say the same; nobody sees anything under a contract that its grantor has ended, and nobody more
//! often than was agreed.

use crate::Broken;
use crate::lots::Lots;
use crate::town::Town;
use didymos_base::{Digest, StreamId};
use didymos_consent::Rate;
use didymos_twin::peers::ask::Use;
use didymos_twin::request::{ContactChange, ContractOffer, ContractWhich, Look};
use didymos_twin::response::{ContractShown, ContractState};
use didymos_twin::{Failure, FailureCode, Request, Response};
use std::collections::{BTreeMap, BTreeSet};

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Offers the other one a contract.
    Offer {
        /// At most so many looks within six hours.
        uses: Option<u32>,
        /// For so many days.
        days: u32,
    },
    /// Accepts an offer.
    Accept,
    /// Ends a contract.
    End,
    /// Looks at the other one's data.
    Look,
    /// Blocks the other one.
    Block,
    /// Hears the other one again.
    Unblock,
}

/// The stretch that a rate of these contracts is over.
const RATE_MS: i64 = 6 * didymos_base::time::HOUR_MS;

impl Act {
    pub(crate) fn drawn(lots: &mut Lots) -> Self {
        match lots.below(32) {
            0..=4 => Self::Offer {
                uses: lots.once_in(2).then(|| 1 + lots.below(4) as u32),
                days: if lots.once_in(6) { 1 } else { 30 },
            },
            5..=12 => Self::Accept,
            13..=14 => Self::End,
            15 => Self::Block,
            16..=17 => Self::Unblock,
            _ => Self::Look,
        }
    }
}

#[derive(Clone, Debug)]
struct Deal {
    by: usize,
    to: usize,
    rate: Option<Rate>,
    accepted: bool,
    /// By the grantor, by the other.
    ended: [bool; 2],
    /// Looks whose answer came.
    seen: u64,
}

/// What is known of contracts, from outside.
#[derive(Default)]
pub struct Deals {
    deals: BTreeMap<Digest, Deal>,
    /// Who has blocked whom.
    blocked: BTreeSet<(usize, usize)>,
}

fn broken(words: impl Into<String>) -> Broken {
    Broken::new("both sides of a contract see it as it was signed, and it is kept to", words)
}

fn stream() -> StreamId {
    match "heart_rate".parse() {
        Ok(stream) => stream,
        Err(_) => unreachable!("a stream's name"),
    }
}

/// A failure that is an answer, not a defect.
fn is_an_answer(failure: &Failure) -> bool {
    !matches!(failure.code, FailureCode::Damaged | FailureCode::Locked)
}

fn contracts(town: &Town, who: usize) -> Option<Vec<ContractShown>> {
    match town.people[who].ask(Request::Contracts)? {
        Ok(Response::Contracts(contracts)) => Some(contracts),
        _ => None,
    }
}

impl Deals {
    /// Does one thing, and checks what comes of it.
    pub fn act(&mut self, town: &mut Town, act: Act, who: usize, whom: usize, lots: &mut Lots) -> Result<(), Broken> {
        let which = |contract: &Digest| ContractWhich { contract: contract.to_string() };
        let request = match act {
            Act::Offer { uses, days } => Request::ContractOffer(ContractOffer {
                contact: town.people[whom].did().to_string(),
                streams: vec![stream()],
                purpose: "training together".to_owned(),
                from: None,
                to: None,
                every: "1h".parse().ok(),
                rate: uses.map(|uses| Rate { uses, per_ms: RATE_MS }),
                days,
            }),
            Act::Accept | Act::End => {
                let mut listed = contracts(town, who).unwrap_or_default();
                let wanted = |shown: &ContractShown| match act {
                    Act::Accept => !shown.granted && shown.state == ContractState::Offered,
                    _ => matches!(shown.state, ContractState::Offered | ContractState::InForce),
                };
                listed.retain(wanted);
                if listed.is_empty() {
                    return Ok(());
                }
                let chosen = which(&listed[lots.place(listed.len())].contract);
                if act == Act::Accept { Request::ContractAccept(chosen) } else { Request::ContractEnd(chosen) }
            }
            Act::Look => Request::Look(Look {
                contact: self.looked_at(town, who, whom, lots),
                stream: stream(),
                from: None,
                to: None,
                every: None,
                limit: 100,
            }),
            Act::Block | Act::Unblock => Request::ContactChange(ContactChange {
                contact: town.people[whom].did().to_string(),
                blocked: Some(act == Act::Block),
                ..ContactChange::default()
            }),
        };
        let answer = town.people[who].ask(request);
        let Some(answer) = answer else {
            town.trace().note("    no answer: it does not run, or went down");
            if act == Act::Unblock {
                // It may have come to that before the machine went down.
                self.blocked.remove(&(who, whom));
            }
            return Ok(());
        };
        match answer {
            Ok(response) => self.done(town, act, who, whom, response),
            Err(failure) if is_an_answer(&failure) => {
                if failure.message.contains("no more of this for now") {
                    town.trace().count("looks above the rate refused");
                }
                town.trace().note(format!("    {:?}: {}", failure.code, failure.message));
                Ok(())
            }
            Err(failure) => Err(broken(format!("{act:?} by {who}: {failure}"))),
        }
    }

    /// Whom `who` looks at: mostly somebody who has granted them something.
    fn looked_at(&self, town: &Town, who: usize, whom: usize, lots: &mut Lots) -> String {
        let granted: Vec<usize> =
            self.deals.values().filter(|deal| deal.to == who && deal.accepted).map(|deal| deal.by).collect();
        let whom = if granted.is_empty() || lots.once_in(4) { whom } else { granted[lots.place(granted.len())] };
        town.people[whom].did().to_string()
    }

    fn done(&mut self, town: &Town, act: Act, who: usize, whom: usize, response: Response) -> Result<(), Broken> {
        match (act, response) {
            (Act::Block, _) => drop(self.blocked.insert((who, whom))),
            (Act::Unblock, _) => drop(self.blocked.remove(&(who, whom))),
            (_, Response::Contracts(contracts)) => {
                let shown = contracts.first().ok_or_else(|| broken("a contract is gone in the moment it is made"))?;
                town.trace().count(match act {
                    Act::Offer { .. } => "contracts offered",
                    Act::Accept => "contracts accepted",
                    _ => "contracts ended",
                });
                self.told(town, who, shown);
            }
            (_, Response::Looked(seen)) => {
                town.trace().note(format!("    sees {} buckets", seen.answer.buckets.map_or(0, |all| all.len())));
                let deal = self.deals.get_mut(&seen.contract);
                let deal = deal.ok_or_else(|| broken(format!("{who} looks under {}, unknown", seen.contract)))?;
                deal.seen += 1;
                town.trace().count("looks answered");
                if deal.ended[0] {
                    return Err(broken(format!("{who} looks under {}, which {} has ended", seen.contract, deal.by)));
                }
                if self.blocked.contains(&(deal.by, who)) {
                    return Err(broken(format!("{who} looks at {}, who has blocked them", deal.by)));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What `who` was told, or reads in their own list.
    fn told(&mut self, town: &Town, who: usize, shown: &ContractShown) {
        let Some(other) = town.number_of(&shown.did) else { return };
        let (by, to) = if shown.granted { (who, other) } else { (other, who) };
        let fresh = Deal { by, to, rate: shown.rate, accepted: false, ended: [false; 2], seen: 0 };
        let deal = self.deals.entry(shown.contract).or_insert(fresh);
        deal.accepted |= !shown.granted && shown.accepted.is_some();
        deal.ended[usize::from(!shown.granted)] |= shown.state == ContractState::Ended;
    }

    /// Whoever comes back knows everything that they were told before.
    pub fn came_back(&mut self, town: &Town, who: usize) -> Result<(), Broken> {
        let Some(listed) = contracts(town, who) else { return Ok(()) };
        for (id, deal) in self.deals.iter().filter(|(_, deal)| deal.by == who || deal.to == who) {
            let shown = listed.iter().find(|shown| shown.contract == *id);
            let by_me = deal.by == who;
            let state = match shown {
                None if by_me || deal.accepted || deal.ended[1] => {
                    return Err(broken(format!("{who} has forgotten the contract {id}")));
                }
                None => continue,
                Some(shown) => shown.state,
            };
            if !by_me && deal.accepted && state == ContractState::Offered {
                return Err(broken(format!("{who} has forgotten having accepted {id}")));
            }
            if deal.ended[usize::from(!by_me)] && state != ContractState::Ended {
                return Err(broken(format!("{who} has forgotten having ended {id}: {state:?}")));
            }
        }
        for shown in &listed {
            self.told(town, who, shown);
        }
        Ok(())
    }

    /// Takes back what keeps people apart.
    pub fn reconcile(&mut self, town: &mut Town) -> Result<(), Broken> {
        for (who, whom) in town.pairs() {
            self.act(town, Act::Unblock, who, whom, &mut Lots::of(0, 0))?;
        }
        Ok(())
    }

    /// Everything has arrived: both sides say the same, and nobody saw more than was agreed.
    pub fn healed(&self, town: &Town) -> Result<(), Broken> {
        let lists: Vec<Vec<ContractShown>> =
            (0..town.people.len()).map(|who| contracts(town, who).unwrap_or_default()).collect();
        for (who, whom) in town.pairs() {
            let with = |list: &[ContractShown], did: &didymos_base::Did| {
                let mut all: Vec<(Digest, ContractState, bool, bool)> = list
                    .iter()
                    .filter(|shown| shown.did == *did)
                    .map(|shown| (shown.contract, shown.state, shown.granted, shown.undelivered))
                    .collect();
                all.sort_by_key(|shown| shown.0);
                all
            };
            let mine = with(&lists[who], town.people[whom].did());
            let mut theirs = with(&lists[whom], town.people[who].did());
            for shown in &mut theirs {
                shown.2 = !shown.2;
            }
            if mine != theirs {
                return Err(broken(format!("{who} has {mine:?} with {whom}, who has {theirs:?}")));
            }
        }
        let uses: Vec<Vec<Use>> = town.people.iter().map(|person| town.uses_of(person)).collect::<Result<_, _>>()?;
        for (id, deal) in &self.deals {
            let under =
                |uses: &[Use]| uses.iter().filter(|kept| kept.used.contract == *id).cloned().collect::<Vec<_>>();
            let (granted, looked) = (under(&uses[deal.by]), under(&uses[deal.to]));
            let by = &town.people[deal.by];
            if (looked.len() as u64) < deal.seen {
                return Err(broken(format!("{} saw {} under {id} and keeps {}", deal.to, deal.seen, looked.len())));
            }
            // Whoever gathers receipts may lose some with the plug, and counts them as used; nobody else loses any.
            let may_lose = by.gathers && by.crashes > 0;
            if !may_lose && let Some(lost) = looked.iter().find(|kept| !granted.contains(kept)) {
                return Err(broken(format!("{} keeps a use of {id} that {} does not: {lost:?}", deal.to, deal.by)));
            }
            let mut asks = BTreeSet::new();
            let twice = granted.iter().filter(|kept| !asks.insert(kept.used.ask)).count();
            if twice > 0 && by.openings == 1 {
                return Err(broken(format!("{} counts {twice} uses of {id} twice", deal.by)));
            }
            if let Some(rate) = deal.rate.filter(|_| !by.set_back) {
                let alone = looked.iter().filter(|kept| !granted.contains(kept));
                let mut times: Vec<i64> = granted.iter().chain(alone).map(|kept| kept.used.at.0).collect();
                times.sort_unstable();
                for (at, from) in times.iter().enumerate() {
                    let within = times[at..].iter().take_while(|to| **to < from + rate.per_ms).count();
                    if within > rate.uses as usize {
                        return Err(broken(format!("{within} uses of {id} where {} are agreed", rate.uses)));
                    }
                }
            }
        }
        Ok(())
    }
}
