//! Contracts with contacts: the papers of both sides, and what is still to be delivered.

use super::errand::Errand;
use super::{Book, change_contracts, look, online};
use crate::door::{Failure, FailureCode};
use crate::request::PaperIn;
use crate::{Request, Twin};
use didymos_base::{Did, Digest, Timestamp};
use didymos_consent::{Acceptance, Contract, ContractId, Ending, Offer, Paper};
use didymos_identity::VerifiedIdentity;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// Papers on their way.
pub(crate) const ERRAND: Errand = Errand {
    waits: |twin, did| {
        let waits = |book: &Book| book.contracts.outbox().iter().any(|waiting| waiting.to == *did);
        look(twin, waits).unwrap_or(false)
    },
    run: deliver,
    // Whoever was forgotten hears that what was agreed has ended.
    to_forgotten: true,
};

/// The most contracts with one contact that have not ended or expired.
const LIVE_MAX: usize = 128;

/// A change, as it lies in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub(crate) enum Record {
    /// A paper that counts. `to` is set where it has to be delivered.
    #[n(0)]
    Paper {
        #[n(0)]
        paper: Paper,
        #[n(1)]
        to: Option<Did>,
        #[n(2)]
        at: Timestamp,
    },
    /// A paper of ours that arrived, or that the other side does not want.
    #[n(1)]
    Delivered {
        #[n(0)]
        paper: Digest,
        #[n(1)]
        refused: Option<String>,
        #[n(2)]
        at: Timestamp,
    },
    /// So many uses may follow whose receipts are committed together a moment later: see
    /// [`uses`](crate::peers::uses).
    #[n(2)]
    Leased {
        #[n(0)]
        contract: ContractId,
        #[n(1)]
        uses: u32,
        #[n(2)]
        at: Timestamp,
    },
    /// Every use under earlier leases is receipted, but for so many that may have been lost with a crash.
    #[n(3)]
    Settled {
        #[n(0)]
        contract: ContractId,
        #[n(1)]
        lost: u32,
        #[n(2)]
        at: Timestamp,
    },
}

/// A contract and its papers.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) offer: Offer,
    pub(crate) acceptance: Option<Acceptance>,
    pub(crate) ending: Option<Ending>,
}

/// How a contract stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stand {
    Offered,
    InForce,
    Ended,
    Expired,
}

impl Entry {
    pub(crate) fn stand(&self, now: Timestamp) -> Stand {
        if self.ending.is_some() {
            Stand::Ended
        } else if now >= self.offer.terms.expires {
            Stand::Expired
        } else if self.acceptance.is_some() {
            Stand::InForce
        } else {
            Stand::Offered
        }
    }
}

/// A paper that has not arrived yet.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) to: Did,
    pub(crate) paper: Paper,
}

/// Every contract, and every paper on its way, oldest first.
#[derive(Default)]
pub(crate) struct Contracts {
    entries: BTreeMap<ContractId, Entry>,
    outbox: Vec<Waiting>,
    leases: BTreeMap<ContractId, Leases>,
}

/// Uses of a contract that were foreseen and not settled, and those that were lost.
#[derive(Clone, Debug, Default)]
struct Leases {
    /// When the first lease since the last settling began, and how many uses all of them foresaw.
    open: Option<(Timestamp, u32)>,
    /// Uses that a crash may have taken the receipts of: when they were found missing, and how many.
    lost: Vec<(Timestamp, u32)>,
}

/// A paper's name.
pub(crate) fn name(paper: &Paper) -> Digest {
    Digest::of(&paper.encode())
}

impl Contracts {
    pub(crate) fn apply(&mut self, record: Record) {
        match record {
            Record::Paper { paper, to, .. } => {
                if let Some(to) = to {
                    self.outbox.push(Waiting { to, paper: paper.clone() });
                }
                match paper {
                    Paper::Offer(offer) => {
                        let entry = || Entry { offer: *offer.clone(), acceptance: None, ending: None };
                        self.entries.entry(offer.terms.id()).or_insert_with(entry);
                    }
                    Paper::Acceptance(acceptance) => {
                        if let Some(entry) = self.entries.get_mut(&acceptance.contract) {
                            entry.acceptance.get_or_insert(acceptance);
                        }
                    }
                    Paper::Ending(ending) => {
                        if let Some(entry) = self.entries.get_mut(&ending.contract) {
                            entry.ending.get_or_insert(ending);
                        }
                    }
                }
            }
            Record::Leased { contract, uses, at } => {
                let leases = self.leases.entry(contract).or_default();
                let (since, before) = leases.open.unwrap_or((at, 0));
                leases.open = Some((since, before.saturating_add(uses)));
            }
            Record::Settled { contract, lost, at } => {
                let leases = self.leases.entry(contract).or_default();
                leases.open = None;
                if lost > 0 {
                    leases.lost.push((at, lost));
                }
            }
            Record::Delivered { paper, .. } => self.outbox.retain(|waiting| name(&waiting.paper) != paper),
        }
    }

    pub(crate) fn get(&self, id: &ContractId) -> Option<&Entry> {
        self.entries.get(id)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&ContractId, &Entry)> {
        self.entries.iter()
    }

    /// Uses that a crash may have taken the receipts of.
    pub(crate) fn lost(&self, id: &ContractId) -> Vec<(Timestamp, u32)> {
        self.leases.get(id).map(|leases| leases.lost.clone()).unwrap_or_default()
    }

    /// Contracts with uses that are foreseen and not settled: since when, and how many.
    pub(crate) fn leased(&self) -> Vec<(ContractId, (Timestamp, u32))> {
        self.leases.iter().filter_map(|(id, leases)| Some((*id, leases.open?))).collect()
    }

    /// Papers that have not arrived yet.
    pub(crate) fn outbox(&self) -> &[Waiting] {
        &self.outbox
    }

    /// The contracts that `me` granted to `party` and that both have signed, ended ones included.
    pub(crate) fn signed_with(&self, me: &Did, party: &Did) -> Vec<Contract> {
        let of = |entry: &&Entry| entry.offer.terms.assigner == *me && entry.offer.terms.assignee == *party;
        let signed = self.entries.values().filter(of).filter(|entry| entry.acceptance.is_some());
        signed.map(|entry| entry.offer.contract(entry.ending.as_ref())).collect()
    }

    fn live_with(&self, party: &Did, now: Timestamp) -> usize {
        let with = |entry: &&Entry| entry.offer.terms.assigner == *party || entry.offer.terms.assignee == *party;
        let live = |entry: &&Entry| matches!(entry.stand(now), Stand::Offered | Stand::InForce);
        self.entries.values().filter(with).filter(live).count()
    }

    /// Refuses one more contract with `party` than there may be.
    pub(crate) fn room_with(&self, party: &Did, now: Timestamp) -> Result<(), Failure> {
        if self.live_with(party, now) < LIVE_MAX {
            return Ok(());
        }
        Err(Failure::new(FailureCode::Invalid, "there are 128 contracts between these two already: end some first"))
    }
}

/// What a paper that the contact with this identity sent changes; nothing, where it was known.
pub(crate) fn taken(
    contracts: &Contracts,
    me: &Did,
    from: &VerifiedIdentity,
    paper: Paper,
    at: Timestamp,
) -> Result<Vec<Record>, Failure> {
    let invalid = |words: String| Failure::new(FailureCode::Invalid, words);
    let unknown = || Failure::new(FailureCode::NotFound, "there is no such contract between these two");
    let entry = contracts.get(&paper.contract());
    let counts = match &paper {
        Paper::Offer(offer) => {
            offer.check(from).map_err(|error| invalid(error.to_string()))?;
            if offer.terms.assignee != *me {
                return Err(invalid("this offer is for somebody else".to_owned()));
            }
            if entry.is_none() {
                contracts.room_with(from.id(), at)?;
            }
            entry.is_none()
        }
        Paper::Acceptance(acceptance) => {
            let entry = entry.filter(|entry| entry.offer.terms.assigner == *me).ok_or_else(unknown)?;
            acceptance.check(&entry.offer, from).map_err(|error| invalid(error.to_string()))?;
            // What ended before it was accepted stays ended, and is not in force for a moment. An offer that has
            // expired by the clock here may be good by theirs: it counts, so that both sides hold the same papers, and
            // opens nothing after its time.
            entry.acceptance.is_none() && entry.ending.is_none()
        }
        Paper::Ending(ending) => {
            let entry = entry.ok_or_else(unknown)?;
            if ending.by != *from.id() {
                return Err(invalid("somebody else's end".to_owned()));
            }
            ending.check(&entry.offer, from).map_err(|error| invalid(error.to_string()))?;
            entry.ending.is_none()
        }
    };
    Ok(if counts { vec![Record::Paper { paper, to: None, at }] } else { Vec::new() })
}

/// Delivers the papers that wait for `did`, in order. What cannot be delivered now goes on waiting.
fn deliver(twin: &Twin, did: &Did) -> Result<(), Failure> {
    let waiting: Vec<Waiting> =
        look(twin, |book| book.contracts.outbox().iter().filter(|waiting| waiting.to == *did).cloned().collect())?;
    for Waiting { paper, .. } in waiting {
        let request = Request::Paper(PaperIn::of(&paper));
        let refused = match online::ask(twin, did, &request) {
            Ok(_) => None,
            // Asking again would be answered with the same no; the owner sees it in the list of contracts.
            Err(failure) if matches!(failure.code, FailureCode::Invalid | FailureCode::NotFound) => {
                Some(failure.message)
            }
            Err(failure) => return Err(failure),
        };
        let record = Record::Delivered { paper: name(&paper), refused, at: twin.now() };
        change_contracts(twin, |_| Ok(vec![record]))?;
    }
    Ok(())
}
