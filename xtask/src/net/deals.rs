//! Contracts: people grant, accept, end and look. In the end both sides of each say the same, and each is there once.

use super::Town;
use crate::Result;
use crate::seeded::Seeded;
use serde_json::Value;
use std::collections::BTreeMap;

/// What the owner of a contract was told of it.
#[derive(Default)]
struct Told {
    by: usize,
    to: usize,
    accepted: bool,
    ended: [bool; 2],
}

/// What is known of contracts, from outside.
#[derive(Default)]
pub(super) struct Deals {
    contracts: BTreeMap<String, Told>,
    /// Looks that were answered.
    pub(super) looks: u64,
}

impl Deals {
    /// Everybody grants the next one something, who accepts it.
    pub(super) fn begin(town: &Town) -> Result<Self> {
        let mut deals = Self::default();
        for by in 0..town.desks.len() {
            let to = (by + 1) % town.desks.len();
            let did = town.desks[to].did.as_str();
            let shown =
                town.desks[by].list(&town.hosts, &["grant", did, "glucose", "--every", "1d", "--purpose", "care"])?;
            deals.note(town, by, &shown);
            let id = shown.first().and_then(|shown| shown["contract"].as_str()).ok_or("no contract")?;
            town.until("an offer arrives and is accepted", || {
                Ok(match town.desks[to].try_answer(&town.hosts, &["accept", id])? {
                    Some(shown) => {
                        deals.note(town, to, &shown.as_array().cloned().unwrap_or_default());
                        Ok(())
                    }
                    None => Err(format!("host {to} has no offer of {by}'s")),
                })
            })?;
        }
        Ok(deals)
    }

    pub(super) fn count(&self) -> usize {
        self.contracts.len()
    }

    /// What its owner was told of contracts, or reads. Room for copies is another thing's affair.
    fn note(&mut self, town: &Town, who: usize, listed: &[Value]) {
        for shown in listed.iter().filter(|shown| shown["space"].is_null()) {
            let Some(id) = shown["contract"].as_str() else { continue };
            let Some(other) = town.whose(&shown["did"]) else { continue };
            let granted = shown["granted"] == true;
            let (by, to) = if granted { (who, other) } else { (other, who) };
            let told = self.contracts.entry(id.to_owned()).or_insert(Told { by, to, ..Told::default() });
            told.accepted |= !granted && !shown["accepted"].is_null();
            told.ended[usize::from(!granted)] |= shown["state"] == "ended";
        }
    }

    fn list(&mut self, town: &Town, who: usize) -> Result<Vec<Value>> {
        let listed = town.desks[who].list(&town.hosts, &["contracts"])?;
        self.note(town, who, &listed);
        Ok(listed.into_iter().filter(|shown| shown["space"].is_null()).collect())
    }

    /// Something that `who` does with `whom`, as far as their machine lets them.
    pub(super) fn act(&mut self, town: &Town, who: usize, whom: usize, lots: &mut Seeded) -> Result<()> {
        let listed = self.list(town, who)?;
        let which = |granted: Option<bool>, states: &[&str], field: &str| {
            let fits = |shown: &&Value| {
                granted.is_none_or(|granted| shown["granted"] == granted)
                    && states.iter().any(|state| shown["state"] == *state)
            };
            listed.iter().find(fits).and_then(|shown| shown[field].as_str()).map(str::to_owned)
        };
        let did = &town.desks[whom].did;
        let words: Vec<String> = match lots.below(12) {
            0..=2 => ["grant", did, "glucose", "--every", "1d", "--purpose", "care"].map(str::to_owned).to_vec(),
            3..=5 => match which(Some(false), &["offered"], "contract") {
                Some(id) => vec!["accept".into(), id],
                None => return Ok(()),
            },
            6 => match which(None, &["offered", "in_force"], "contract") {
                Some(id) => vec!["end".into(), id],
                None => return Ok(()),
            },
            _ => match which(Some(false), &["in_force"], "did") {
                Some(did) => vec!["look".into(), did, "glucose".into()],
                None => return Ok(()),
            },
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let Some(answer) = town.desks[who].try_answer(&town.hosts, &words)? else { return Ok(()) };
        if words[0] == "look" {
            self.looks += 1;
            let ended =
                answer["contract"].as_str().and_then(|id| self.contracts.get(id)).is_some_and(|told| told.ended[0]);
            if ended {
                return Err(format!("host {who} looks under a contract that its grantor has ended").into());
            }
        } else {
            self.note(town, who, &answer.as_array().cloned().unwrap_or_default());
        }
        Ok(())
    }

    /// Both sides of every contract, side by side; in words what is not so yet.
    pub(super) fn agree(&mut self, town: &Town) -> Result<std::result::Result<(), String>> {
        let lists = (0..town.desks.len()).map(|who| self.list(town, who)).collect::<Result<Vec<_>>>()?;
        for (id, told) in &self.contracts {
            let at =
                |who: usize| lists[who].iter().filter(|shown| shown["contract"] == id.as_str()).collect::<Vec<_>>();
            let (by, to) = (at(told.by), at(told.to));
            let ([by], [to]) = (by.as_slice(), to.as_slice()) else {
                return Ok(Err(format!("{id} is {} and {} times there", by.len(), to.len())));
            };
            let expected = match (told.accepted, told.ended != [false, false]) {
                (_, true) => "ended",
                (true, false) => "in_force",
                (false, false) => "offered",
            };
            let waits = by["undelivered"] == true || to["undelivered"] == true;
            if by["state"] != to["state"] || by["state"] != expected || waits {
                return Ok(Err(format!("{id}: {} and {}, told: {expected}", by["state"], to["state"])));
            }
        }
        Ok(Ok(()))
    }
}
