//! How often contracts were used: the budget that a decision reads.
//!
//! The receipts in the journal are the count. In memory lie the times that still matter, for each contract with a
//! rate; they are read from the receipts once, when a contract is first used after the twin was opened.

use crate::Twin;
use crate::capability::receipts;
use crate::door::Failure;
use didymos_base::Timestamp;
use didymos_consent::{Basis, Contract, ContractId, Rate, Receipt, Spent, Verdict};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

/// So many receipts are looked at to find the uses of one contract.
const RECEIPTS_MAX: usize = 100_000;

/// Times of uses, oldest first, for each contract with a rate.
#[derive(Default)]
pub(crate) struct Uses(HashMap<ContractId, VecDeque<Timestamp>>);

/// Whether a use at `at` still counts at `now`. One that lies ahead does: the clock may have been set back.
fn counts(at: Timestamp, rate: Rate, now: Timestamp) -> bool {
    at.0 > now.0.saturating_sub(rate.per_ms)
}

impl Uses {
    /// What is spent of each of these contracts.
    pub(crate) fn spent(&mut self, twin: &Twin, contracts: &[Contract], now: Timestamp) -> Result<Vec<Spent>, Failure> {
        let mut spent = Vec::new();
        for contract in contracts {
            let Some(rate) = contract.rate else { continue };
            let times = match self.0.entry(contract.id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(from_receipts(twin, &contract.id, rate, now)?),
            };
            while times.front().is_some_and(|at| !counts(*at, rate, now)) {
                times.pop_front();
            }
            let uses = times.iter().filter(|at| counts(**at, rate, now)).count() as u64;
            spent.push(Spent { contract: contract.id, uses });
        }
        Ok(spent)
    }

    /// One more use, if the contract has a rate.
    pub(crate) fn used(&mut self, contract: &ContractId, at: Timestamp) {
        if let Some(times) = self.0.get_mut(contract) {
            times.push_back(at);
        }
    }
}

fn from_receipts(
    twin: &Twin,
    contract: &ContractId,
    rate: Rate,
    now: Timestamp,
) -> Result<VecDeque<Timestamp>, Failure> {
    // Receipts that wait to be committed together count too.
    twin.flush_receipts()?;
    let mut times = VecDeque::new();
    let mut looked_at = 0;
    for record in receipts::records(twin).iter().rev() {
        let time = twin.vault.index().commits.get(record.commit as usize).map(|commit| commit.time);
        // A receipt is committed within seconds; an hour is room for a clock that was set in between.
        let too_old = time.is_some_and(|time| !counts(Timestamp(time.0.saturating_add(3_600_000)), rate, now));
        if too_old || looked_at > RECEIPTS_MAX || times.len() >= rate.uses as usize {
            break;
        }
        for receipt in twin.vault.records(record)?.iter().rev().filter_map(|bytes| Receipt::decode(bytes).ok()) {
            looked_at += 1;
            let by =
                matches!(&receipt.decision, Verdict::Allowed { because: Basis::Contract(id), .. } if id == contract);
            if by && counts(receipt.time, rate, now) {
                times.push_front(receipt.time);
            }
        }
    }
    Ok(times)
}
