//! The guardian's side: shares that are kept for others, signs of life, and claims.
//!
//! A claim passes these stands, and only [`Stand::Ready`] hands anything over:
//!
//! ```text
//!            the person approves        the waiting time is over        the machine comes
//! Unapproved ------------------> Waiting ------------------> Ready ------------------> Released
//!      the ward's living twin says "theft": Cancelled, from every one of them, for ever
//! ```
//!
//! The waiting time runs from when the claim was seen, not from when it was approved: the ward is told at the same moment.

use crate::paper::{Cancel, Claim, Dismissal, GuardError, Heartbeat, Kind, SignedCharter, Word};
use crate::record::Record;
use crate::wait::Wait;
use didymos_base::{Did, Digest, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The most claims that are kept; more are refused.
pub const CLAIMS_MAX: usize = 256;
/// The most claims of one claimant that are open.
pub const OPEN_MAX: usize = 4;

/// What is kept for one person.
#[derive(Clone, Debug)]
pub struct Held {
    /// What they decided.
    pub charter: SignedCharter,
    /// Which share.
    pub index: u8,
    /// The share, sealed under a key beside the journal.
    pub sealed: Vec<u8>,
    /// Since when.
    pub since: Timestamp,
    /// The word that was given.
    pub said: Word,
    /// So long there was no sign of life.
    pub silence: Wait,
    /// When the last sign of life came.
    pub heard: Option<Timestamp>,
}

/// Somebody whose guardian the owner is, or was.
#[derive(Clone, Debug, Default)]
pub struct Ward {
    /// The newest round that came.
    pub held: Option<Held>,
    /// Everything up to this round is over.
    pub over: u64,
    /// The last sign of life.
    pub count: u64,
}

impl Ward {
    /// What is kept, unless it is over.
    #[must_use]
    pub fn live(&self) -> Option<&Held> {
        self.held.as_ref().filter(|held| held.charter.charter.round > self.over && held.said != Word::Refused)
    }
}

/// A claim, as a guardian keeps it.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The claim.
    pub claim: Claim,
    /// Whose twin, once that is clear.
    pub ward: Option<Did>,
    /// When it was seen first.
    pub seen: Timestamp,
    wait: Wait,
    /// When the person approved.
    pub approved: Option<Timestamp>,
    denied: bool,
    released: bool,
    /// Whether the ward's twin knows of it.
    pub told: bool,
}

/// How a claim stands with a guardian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// It is not clear whose twin it is about.
    Unclear,
    /// The person has not said anything.
    Unapproved,
    /// An heir came while there are signs of life.
    Early,
    /// Approved; the waiting time runs.
    Waiting,
    /// To be handed over.
    Ready,
    /// Handed over.
    Released,
    /// The person said no.
    Denied,
    /// The ward said that it is theft.
    Cancelled,
    /// There is nothing to hand over: no share of theirs is kept, or the claimant is no heir.
    Gone,
}

impl Stand {
    const ALL: [Self; 9] = [
        Self::Unclear,
        Self::Unapproved,
        Self::Early,
        Self::Waiting,
        Self::Ready,
        Self::Released,
        Self::Denied,
        Self::Cancelled,
        Self::Gone,
    ];

    /// Its number in records.
    #[must_use]
    pub fn number(self) -> u8 {
        Self::ALL.iter().position(|one| *one == self).unwrap_or_default() as u8
    }

    /// The one with this number.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Whether it stays so whatever happens.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Denied | Self::Cancelled)
    }
}

/// The owner as guardian.
#[derive(Default)]
pub struct Desk {
    wards: BTreeMap<Did, Ward>,
    claims: BTreeMap<Digest, Claimed>,
    /// Whom a ward called a thief: claims of theirs on that ward's twin are dead, seen here before or after.
    thieves: BTreeSet<(Did, Did)>,
}

impl Desk {
    /// Takes in a record; returns it if it is of another kind.
    pub(crate) fn apply(&mut self, record: Record) -> Option<Record> {
        match record {
            Record::Appointed { charter, index, sealed, at } => {
                let ward = self.wards.entry(charter.charter.ward.clone()).or_default();
                let (silence, heard) = (Wait::begin(at), None);
                let said = Word::Received;
                ward.held = Some(Held { charter: *charter, index, sealed, since: at, said, silence, heard });
            }
            Record::Said { ward, charter, word, .. } => {
                let held = self.wards.get_mut(&ward).and_then(|ward| ward.held.as_mut());
                if let Some(held) = held.filter(|held| held.charter.charter.id() == charter) {
                    held.said = word;
                }
            }
            Record::Ended { ward, round, .. } => {
                let ward = self.wards.entry(ward).or_default();
                ward.over = ward.over.max(round);
            }
            Record::Heard { ward: did, count, at } => {
                let ward = self.wards.entry(did.clone()).or_default();
                ward.count = ward.count.max(count);
                if let Some(held) = &mut ward.held {
                    (held.silence, held.heard) = (Wait::begin(at), Some(at));
                }
                // Who lives is not inherited from: heirs have to come again, and to be approved again.
                self.claims.retain(|_, one| one.claim.kind != Kind::Inheritance || one.ward.as_ref() != Some(&did));
            }
            Record::Silent { ward, wait } => {
                if let Some(held) = self.wards.get_mut(&ward).and_then(|ward| ward.held.as_mut()) {
                    held.silence = wait;
                }
            }
            Record::Claimed { claim, ward, at } => {
                let id = claim.id();
                let wait = Wait::begin(at);
                let fresh = Claimed {
                    claim: *claim,
                    ward,
                    seen: at,
                    wait,
                    approved: None,
                    denied: false,
                    released: false,
                    told: false,
                };
                self.claims.entry(id).or_insert(fresh);
            }
            Record::Approved { claim, ward, at } => {
                if let Some(claimed) = self.claims.get_mut(&claim) {
                    claimed.approved.get_or_insert(at);
                    claimed.ward.get_or_insert(ward);
                }
            }
            Record::Denied { claim, .. } => {
                if let Some(claimed) = self.claims.get_mut(&claim) {
                    claimed.denied = true;
                }
            }
            Record::Cancelled { ward, claimant, .. } => {
                self.thieves.insert((ward, claimant));
            }
            Record::Waited { claim, wait } => {
                if let Some(claimed) = self.claims.get_mut(&claim) {
                    claimed.wait = wait;
                }
            }
            Record::Told { claim, .. } => {
                if let Some(claimed) = self.claims.get_mut(&claim) {
                    claimed.told = true;
                }
            }
            Record::Released { claim, .. } => {
                if let Some(claimed) = self.claims.get_mut(&claim) {
                    claimed.released = true;
                }
            }
            other => return Some(other),
        }
        None
    }

    /// Everybody whose guardian the owner is, or was.
    pub fn wards(&self) -> impl Iterator<Item = (&Did, &Ward)> {
        self.wards.iter()
    }

    /// One of them.
    #[must_use]
    pub fn ward(&self, did: &Did) -> Option<&Ward> {
        self.wards.get(did)
    }

    /// Every claim.
    pub fn claims(&self) -> impl Iterator<Item = (&Digest, &Claimed)> {
        self.claims.iter()
    }

    /// One of them.
    #[must_use]
    pub fn claim(&self, id: &Digest) -> Option<&Claimed> {
        self.claims.get(id)
    }

    fn held(&self, ward: &Did) -> Option<&Held> {
        self.wards.get(ward)?.live()
    }

    /// Whether a share of this round may be taken: it is newer than what is there.
    pub fn may_take(&self, charter: &SignedCharter) -> Result<(), GuardError> {
        let Some(ward) = self.wards.get(&charter.charter.ward) else { return Ok(()) };
        let known = ward.held.as_ref().map_or(0, |held| held.charter.charter.round);
        if charter.charter.round <= known.max(ward.over) { Err(GuardError::Old) } else { Ok(()) }
    }

    /// Whether this very charter was taken already.
    #[must_use]
    pub fn has(&self, charter: &Digest, ward: &Did) -> bool {
        let held = self.wards.get(ward).and_then(|ward| ward.held.as_ref());
        held.is_some_and(|held| held.charter.charter.id() == *charter)
    }

    /// A ward does not need the owner any more. The paper was checked.
    #[must_use]
    pub fn dismissed(&self, paper: &Dismissal, at: Timestamp) -> Vec<Record> {
        let over = self.wards.get(&paper.ward).map_or(0, |ward| ward.over);
        let newer = paper.round > over;
        newer.then(|| Record::Ended { ward: paper.ward.clone(), round: paper.round, at }).into_iter().collect()
    }

    /// A sign of life. The paper was checked.
    pub fn heard(&self, paper: &Heartbeat, at: Timestamp) -> Result<Vec<Record>, GuardError> {
        let ward = self.wards.get(&paper.ward).filter(|ward| ward.live().is_some()).ok_or(GuardError::Unknown)?;
        if paper.count < ward.count {
            return Err(GuardError::Old);
        }
        let newer = paper.count > ward.count;
        Ok(newer.then(|| Record::Heard { ward: paper.ward.clone(), count: paper.count, at }).into_iter().collect())
    }

    /// A ward calls a claim theft. The paper was checked.
    #[must_use]
    pub fn cancelled(&self, paper: &Cancel, at: Timestamp) -> Vec<Record> {
        // A ward speaks about claims on their own twin and about nobody else's.
        let of_another = self.claims.get(&paper.claim).is_some_and(|claimed| {
            claimed.claim.claimant != paper.claimant || claimed.ward.as_ref().is_some_and(|ward| *ward != paper.ward)
        });
        let (ward, claimant) = (paper.ward.clone(), paper.claimant.clone());
        if of_another || self.thieves.contains(&(ward.clone(), claimant.clone())) {
            return Vec::new();
        }
        vec![Record::Cancelled { ward, claim: paper.claim, claimant, at }]
    }

    fn is_cancelled(&self, claimed: &Claimed) -> bool {
        let key = claimed.ward.clone().map(|ward| (ward, claimed.claim.claimant.clone()));
        key.is_some_and(|key| self.thieves.contains(&key))
    }

    /// Whether there was no sign of life of `ward` for as long as they chose.
    #[must_use]
    pub fn is_silent(&self, ward: &Did, now: Timestamp) -> bool {
        let Some(held) = self.held(ward) else { return false };
        held.charter.charter.silence_ms.is_some_and(|silence| held.silence.is_over(now, silence))
    }

    /// A claim comes, or comes again. `ward` is whose twin it is about, where that is clear; the signature was checked.
    pub fn claimed(&self, claim: &Claim, ward: Option<&Did>, now: Timestamp) -> Result<Vec<Record>, GuardError> {
        let id = claim.id();
        if self.claims.contains_key(&id) {
            return Ok(Vec::new());
        }
        if claim.kind == Kind::Inheritance {
            // An heir is known by name, and nothing is kept of one that comes too early.
            let ward = ward.ok_or(GuardError::Unknown)?;
            let held = self.held(ward).ok_or(GuardError::Unknown)?;
            held.charter.charter.deposit_of(claim).ok_or(GuardError::Unknown)?;
            if !self.is_silent(ward, now) {
                return Ok(Vec::new());
            }
        }
        let open = self.claims.values().filter(|one| one.claim.claimant == claim.claimant && !one.denied);
        if open.count() >= OPEN_MAX || self.claims.len() >= CLAIMS_MAX {
            return Err(GuardError::Bounds);
        }
        Ok(vec![Record::Claimed { claim: Box::new(claim.clone()), ward: ward.cloned(), at: now }])
    }

    /// How a claim stands; one that is not kept is an heir's who comes too early.
    #[must_use]
    pub fn stand(&self, id: &Digest, now: Timestamp) -> Stand {
        let Some(claimed) = self.claims.get(id) else { return Stand::Early };
        if self.is_cancelled(claimed) {
            return Stand::Cancelled;
        }
        if claimed.denied {
            return Stand::Denied;
        }
        let Some(ward) = &claimed.ward else { return Stand::Unclear };
        let Some(held) = self.held(ward).filter(|held| held.said == Word::Accepted) else { return Stand::Gone };
        let charter = &held.charter.charter;
        if charter.deposit_of(&claimed.claim).is_none() {
            return Stand::Gone;
        }
        if claimed.claim.kind == Kind::Inheritance && !self.is_silent(ward, now) {
            return Stand::Early;
        }
        match claimed.approved {
            None => Stand::Unapproved,
            Some(_) if !claimed.wait.is_over(now, charter.wait_ms) => Stand::Waiting,
            Some(_) if claimed.released => Stand::Released,
            Some(_) => Stand::Ready,
        }
    }

    /// When something can be handed over for a claim at the earliest.
    #[must_use]
    pub fn opens(&self, id: &Digest, now: Timestamp) -> Option<Timestamp> {
        let claimed = self.claims.get(id)?;
        let held = self.held(claimed.ward.as_ref()?)?;
        Some(claimed.wait.opens(now, held.charter.charter.wait_ms))
    }

    /// The person says that the claimant is who they say, and whose twin it is about.
    pub fn approve(&self, id: &Digest, ward: Option<&Did>, now: Timestamp) -> Result<Vec<Record>, GuardError> {
        let claimed = self.claims.get(id).ok_or(GuardError::Unknown)?;
        let ward = claimed.ward.as_ref().or(ward).ok_or(GuardError::Unknown)?;
        self.held(ward).filter(|held| held.said == Word::Accepted).ok_or(GuardError::Unknown)?;
        let thief = self.thieves.contains(&(ward.clone(), claimed.claim.claimant.clone()));
        if thief || claimed.denied {
            return Err(GuardError::Old);
        }
        if claimed.approved.is_some() {
            return Ok(Vec::new());
        }
        let mut records = vec![Record::Approved { claim: *id, ward: ward.clone(), at: now }];
        if claimed.ward.is_none() {
            // Only now it is clear whom to tell: the time that they have to answer begins now.
            records.push(Record::Waited { claim: *id, wait: Wait::begin(now) });
        }
        Ok(records)
    }

    /// Claims on `ward`'s twin that their own twin does not know of yet.
    pub fn untold<'a>(&'a self, ward: &'a Did) -> impl Iterator<Item = (&'a Digest, &'a Claimed)> {
        let tell = move |one: &&Claimed| one.ward.as_ref() == Some(ward) && !one.told && !self.is_cancelled(one);
        self.claims.iter().filter(move |(_, one)| tell(one))
    }

    /// What of the passing time should be kept, so that a restart does not lose it.
    #[must_use]
    pub fn tick(&self, now: Timestamp) -> Vec<Record> {
        let mut records = Vec::new();
        for (did, ward) in &self.wards {
            let Some(held) = ward.live() else { continue };
            let Some(silence) = held.charter.charter.silence_ms else { continue };
            if held.silence.is_worth_keeping(now, silence) {
                records.push(Record::Silent { ward: did.clone(), wait: held.silence.at(now, silence) });
            }
        }
        for (id, claimed) in self.claims.iter().filter(|(_, one)| !one.denied && !self.is_cancelled(one)) {
            let Some(held) = claimed.ward.as_ref().and_then(|ward| self.held(ward)) else { continue };
            let total = held.charter.charter.wait_ms;
            if claimed.wait.is_worth_keeping(now, total) {
                records.push(Record::Waited { claim: *id, wait: claimed.wait.at(now, total) });
            }
        }
        records
    }
}
