//! Who did what, when, why and with what decision: the receipts in the journal, newest first.

use crate::Twin;
use crate::door::{Failure, FailureCode};
use crate::request::{DecisionKind, ReceiptsAsked};
use crate::response::{ReceiptShown, ReceiptsAnswer};
use didymos_base::ZoneOffset;
use didymos_consent::{Principal, Receipt, Verdict};
use didymos_vault::{ObjectKind, RecordRef};

const MOST: u32 = 500;
/// A filter that matches nothing must not read the whole journal in one answer.
const LOOKED_AT_MAX: u64 = 50_000;

/// The place of a receipt: the commit that holds it, the object within the commit, and its number there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place(u64, u64, u64);

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|number| number.parse().ok());
        let place = Self(numbers.next()??, numbers.next()??, numbers.next()??);
        numbers.next().is_none().then_some(place)
    }

    fn text(self) -> String {
        format!("{}.{}.{}", self.0, self.1, self.2)
    }
}

pub(crate) fn list(twin: &Twin, asked: &ReceiptsAsked) -> Result<ReceiptsAnswer, Failure> {
    twin.vault.ensure_whole()?;
    let before =
        match &asked.before {
            None => None,
            Some(text) => Some(Place::parse(text).ok_or_else(|| {
                Failure::new(FailureCode::Invalid, "`before` has to be the `next` of an earlier answer")
            })?),
        };
    // Receipts that wait to be committed together are receipts too.
    twin.flush_receipts()?;
    let limit = asked.limit.clamp(1, MOST) as usize;
    let mut answer = ReceiptsAnswer { receipts: Vec::new(), next: None };
    let mut looked_at = 0;
    let records = records(twin);
    for (object, record) in records.iter().enumerate().rev() {
        let here = |number: usize| Place(record.commit, object as u64, number as u64);
        if before.is_some_and(|before| here(0) >= before) {
            continue;
        }
        let items = twin.vault.records(record)?;
        for (number, bytes) in items.iter().enumerate().rev() {
            if before.is_some_and(|before| here(number) >= before) {
                continue;
            }
            if answer.receipts.len() == limit || looked_at == LOOKED_AT_MAX {
                // What was looked at last is behind; what comes before it is next.
                answer.next = Some(Place(record.commit, object as u64, number as u64 + 1).text());
                return Ok(answer);
            }
            looked_at += 1;
            let Ok(receipt) = Receipt::decode(bytes) else { continue };
            if is_wanted(&receipt, asked) {
                answer.receipts.push(shown(receipt, record.commit));
            }
        }
    }
    Ok(answer)
}

/// Every object of receipts, in the order of the journal, which is the order of their numbers.
pub(crate) fn records(twin: &Twin) -> Vec<RecordRef> {
    twin.vault.index().records.iter().filter(|record| record.kind == ObjectKind::Receipts).cloned().collect()
}

fn is_wanted(receipt: &Receipt, asked: &ReceiptsAsked) -> bool {
    let who = asked.who.as_ref().is_none_or(|who| match &receipt.principal {
        Principal::Device { owner, device } => owner.as_str().contains(who) || device.as_str().contains(who),
        Principal::Twin(did) => did.as_str().contains(who),
        Principal::Anonymous => who == "anonymous",
    });
    let decision = asked.decision.is_none_or(|wanted| wanted == kind_of(&receipt.decision));
    who && decision && asked.act.is_none_or(|act| act == receipt.act)
}

fn kind_of(verdict: &Verdict) -> DecisionKind {
    match verdict {
        Verdict::Allowed { .. } => DecisionKind::Allowed,
        Verdict::Denied { .. } => DecisionKind::Denied,
    }
}

pub(crate) fn shown(receipt: Receipt, commit: u64) -> ReceiptShown {
    ReceiptShown { at: receipt.time.rfc3339(ZoneOffset::UTC), commit, receipt }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_back_and_nothing_else_does() {
        assert!(Place::parse(&Place(7, 2, 31).text()) == Some(Place(7, 2, 31)));
        for bad in ["", "7", "7.2", "7.2.31.1", "a.b.c", "-1.0.0", "7.2."] {
            assert!(Place::parse(bad).is_none(), "{bad}");
        }
    }
}
