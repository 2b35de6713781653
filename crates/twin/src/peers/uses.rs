//! How often contracts were used: the budget that a decision reads.
//!
//! The receipts in the journal are the count. In memory lie the times that still matter, for each contract; they are
//! read from the receipts once, when a contract is first used after the twin was opened.
//!
//! A server is asked often, and a receipt that is durable costs two syncs. So before the first use it commits a *lease*:
//! so many uses may follow. Their receipts are gathered for some seconds; when the lease is used up another one is
//! committed, and when the twin is closed all are settled. After a crash the uses that a lease foresaw and no receipt
//! tells of count as made: whoever pulls the plug gets nothing for it, and the journal says how many may be missing.

use super::contracts::Record;
use crate::Twin;
use crate::capability::receipts;
use crate::door::Failure;
use didymos_base::Timestamp;
use didymos_base::time::HOUR_MS;
use didymos_consent::{Basis, Contract, ContractId, Rate, Receipt, Spent, Verdict};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::PoisonError;

/// So many receipts are looked at to find the uses of one contract.
const RECEIPTS_MAX: usize = 100_000;

/// So many uses one lease foresees, where the rate leaves as many.
const LEASE: u32 = 64;

/// What is known of each contract's uses.
#[derive(Default)]
pub(crate) struct Uses {
    tallies: HashMap<ContractId, Tally>,
    /// Whether it was looked for what an earlier process foresaw and did not settle.
    reconciled: bool,
}

#[derive(Default)]
struct Tally {
    /// Times of the last uses, as many as the rate allows, in the order in which they were made; none where the contract
    /// has no rate.
    times: VecDeque<Timestamp>,
    /// What is left of the lease.
    leased: u32,
}

/// Whether a use at `at` still counts at `now`. One that lies ahead does: the clock may have been set back.
fn counts(at: Timestamp, rate: Rate, now: Timestamp) -> bool {
    at.0 > now.0.saturating_sub(rate.per_ms)
}

impl Uses {
    /// What is spent of each of these contracts.
    pub(crate) fn spent(&mut self, twin: &Twin, contracts: &[Contract], now: Timestamp) -> Result<Vec<Spent>, Failure> {
        if !self.reconciled {
            reconcile(twin, now)?;
            self.reconciled = true;
        }
        let mut spent = Vec::new();
        for contract in contracts {
            if contract.space.is_some() {
                let bytes = twin.vault.held().used(&contract.assignee)?;
                spent.push(Spent { contract: contract.id, uses: 0, bytes });
            }
            let Some(rate) = contract.rate else { continue };
            let times = match self.tallies.entry(contract.id) {
                Entry::Occupied(known) => &mut known.into_mut().times,
                Entry::Vacant(unknown) => {
                    let times = from_receipts(twin, &contract.id, rate, now)?;
                    &mut unknown.insert(Tally { times, leased: 0 }).times
                }
            };
            // As many as there may be are kept, whatever the clock says now: it may be set back.
            while times.len() > rate.uses as usize {
                times.pop_front();
            }
            let uses = times.iter().filter(|at| counts(**at, rate, now)).count() as u64;
            spent.push(Spent { contract: contract.id, uses, bytes: 0 });
        }
        Ok(spent)
    }

    /// One more use. Where receipts are `gathered` it is foreseen by a lease; says whether its receipt may wait.
    pub(crate) fn used(&mut self, twin: &Twin, contract: &Contract, at: Timestamp, gathered: bool) -> bool {
        let tally = self.tallies.entry(contract.id).or_default();
        if contract.rate.is_some() {
            tally.times.push_back(at);
        }
        if gathered && tally.leased == 0 {
            let left = contract.rate.map_or(LEASE, |rate| {
                let spent = tally.times.iter().filter(|used| counts(**used, rate, at)).count() as u32;
                rate.uses.saturating_sub(spent) + 1
            });
            let record = Record::Leased { contract: contract.id, uses: left.min(LEASE), at };
            if super::change_contracts(twin, |_| Ok(vec![record])).is_ok() {
                tally.leased = left.min(LEASE);
            }
        }
        let foreseen = gathered && tally.leased > 0;
        tally.leased -= u32::from(foreseen);
        foreseen
    }

    /// Every receipt is durable: nothing is foreseen any more.
    fn settled(&mut self) {
        for tally in self.tallies.values_mut() {
            tally.leased = 0;
        }
    }
}

/// Settles what was foreseen before the twin is closed, once every receipt is durable.
pub(crate) fn settle(twin: &Twin) -> Result<(), Failure> {
    let mut uses = twin.peers.uses.lock().unwrap_or_else(PoisonError::into_inner);
    if !uses.reconciled {
        return Ok(());
    }
    let leased = super::look(twin, |book| book.contracts.leased())?;
    twin.flush_receipts()?;
    uses.settled();
    let at = twin.now();
    let settled = |(contract, _)| Record::Settled { contract, lost: 0, at };
    super::change_contracts(twin, |_| Ok(leased.into_iter().map(settled).collect()))
}

/// Counts what an earlier process foresaw and no receipt tells of: it was not closed, so these may have been made.
fn reconcile(twin: &Twin, now: Timestamp) -> Result<(), Failure> {
    let leased = super::look(twin, |book| book.contracts.leased())?;
    let mut records = Vec::new();
    for (contract, (since, foreseen)) in leased {
        let receipted = receipts_since(twin, &contract, since, foreseen as usize)?.len() as u32;
        records.push(Record::Settled { contract, lost: foreseen.saturating_sub(receipted), at: now });
    }
    super::change_contracts(twin, |_| Ok(records))
}

fn from_receipts(
    twin: &Twin,
    contract: &ContractId,
    rate: Rate,
    now: Timestamp,
) -> Result<VecDeque<Timestamp>, Failure> {
    // Receipts that wait to be committed together count too.
    twin.flush_receipts()?;
    // A clock that is ahead now may be set back: what counted at the last commit is counted too.
    let last = twin.vault.index().commits.last().map_or(now, |commit| commit.time.min(now));
    let since = Timestamp(last.0.saturating_sub(rate.per_ms).saturating_add(1));
    let mut times = receipts_since(twin, contract, since, rate.uses as usize)?;
    for (at, lost) in super::look(twin, |book| book.contracts.lost(contract))? {
        if at >= since {
            times.extend(std::iter::repeat_n(at, lost.min(rate.uses) as usize));
        }
    }
    times.sort();
    Ok(times.into())
}

/// Times of receipted uses from `since` on, the newest first and at most so many.
fn receipts_since(
    twin: &Twin,
    contract: &ContractId,
    since: Timestamp,
    most: usize,
) -> Result<Vec<Timestamp>, Failure> {
    let mut times = Vec::new();
    let mut looked_at = 0;
    for record in receipts::records(twin).iter().rev() {
        let time = twin.vault.index().commits.get(record.commit as usize).map(|commit| commit.time);
        // A receipt is committed within seconds; an hour is room for a clock that was set in between.
        let too_old = time.is_some_and(|time| time.0.saturating_add(HOUR_MS) < since.0);
        if too_old || looked_at > RECEIPTS_MAX || times.len() >= most {
            break;
        }
        for receipt in twin.vault.records(record)?.iter().rev().filter_map(|bytes| Receipt::decode(bytes).ok()) {
            looked_at += 1;
            let by =
                matches!(&receipt.decision, Verdict::Allowed { because: Basis::Contract(id), .. } if id == contract);
            if by && receipt.time >= since {
                times.push(receipt.time);
            }
        }
    }
    Ok(times)
}
