//! The side of the owner: guardians, heirs, signs of life, claims on the own twin, and papers on their way.

use crate::paper::{
    Appointment, Bequest, Cancel, Charter, Claim, Commitment, Deposit, Dismissal, GuardError, Heartbeat, Notice, Paper,
    SealedTo, SignedCharter, Word,
};
use crate::record::Record;
use crate::share::{Share, split};
use didymos_base::canonical::{self, CanonicalError};
use didymos_base::{Did, Digest, StreamId, Timestamp};
use didymos_identity::hpke::{Opener, PublicKey, public_of_device, seal_to};
use didymos_identity::{Secret32, SigningKey, derive, sealed};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;
use zeroize::{Zeroize, Zeroizing};

/// What seals of shares are for.
const SHARE_INFO: &[u8] = b"didymos guardian share v1";
/// What seals of legacies are for.
const LEGACY_INFO: &[u8] = b"didymos legacy v1";
/// The longest letter, in characters.
pub const LETTER_CHARACTERS_MAX: usize = 500;

/// Somebody's shares: one for each deposit of the charter.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Shares(pub Vec<Share>);

impl Shares {
    /// Whether each share is the one that the charter speaks of.
    #[must_use]
    pub fn are_sound(&self, charter: &Charter, index: u8) -> bool {
        self.0.len() == charter.deposits.len()
            && (1..=charter.people).contains(&index)
            && self
                .0
                .iter()
                .zip(&charter.deposits)
                .all(|(share, deposit)| share.index == index && share.is_sound(&deposit.points()))
    }

    /// Canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(canonical::encode(self))
    }

    /// Reads them.
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        crate::paper::bounded(bytes)
    }
}

/// What a deposit holds.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Legacy {
    /// The 32 bytes of the recovery phrase.
    #[n(0)]
    pub entropy: Option<Digest>,
    /// Keys of streams.
    #[n(1)]
    pub streams: Vec<(StreamId, Digest)>,
    /// A few words.
    #[n(2)]
    pub letter: Option<String>,
}

impl Drop for Legacy {
    fn drop(&mut self) {
        if let Some(entropy) = &mut self.entropy {
            entropy.0.zeroize();
        }
        for (_, key) in &mut self.streams {
            key.0.zeroize();
        }
        if let Some(letter) = &mut self.letter {
            letter.zeroize();
        }
    }
}

impl Legacy {
    /// The phrase alone.
    #[must_use]
    pub fn phrase(entropy: &Secret32) -> Self {
        Self { entropy: Some(Digest(*entropy.as_bytes())), streams: Vec::new(), letter: None }
    }

    /// Canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(canonical::encode(self))
    }

    /// Reads them.
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        crate::paper::bounded(bytes)
    }

    /// Sealed to an heir's lasting key.
    #[must_use]
    pub fn seal_to(&self, heir: &PublicKey, ephemeral: &Secret32) -> Option<Vec<u8>> {
        seal_to(heir, ephemeral, LEGACY_INFO, b"", &self.encode())
    }

    /// Opens what was sealed to the heir.
    #[must_use]
    pub fn open(sealed: &[u8], key: &Opener) -> Option<Self> {
        Self::decode(&key.open(LEGACY_INFO, b"", sealed).ok()?).ok()
    }
}

/// The key to which something can be sealed for years: it grows from the vault key, and outlives every device.
#[must_use]
pub fn lasting_key(vault_key: &Secret32) -> Opener {
    Opener::new(derive(vault_key, "guard lasting key", b""))
}

/// What an heir gets, as the owner keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Wish {
    /// Who.
    #[n(0)]
    pub heir: Did,
    /// Only these streams; empty: everything.
    #[n(1)]
    pub streams: Vec<StreamId>,
    /// A few words.
    #[n(2)]
    pub letter: Option<String>,
    /// The heir's lasting key.
    #[n(3)]
    pub key: Digest,
}

/// What a new round is made of.
pub struct Founding<'a> {
    /// Whose twin.
    pub ward: &'a Did,
    /// Which round.
    pub round: u64,
    /// How many guardians it takes.
    pub threshold: u8,
    /// Guardians, each with the devices that may open their share.
    pub guardians: &'a [(Did, Vec<Did>)],
    /// Waiting time.
    pub wait_ms: i64,
    /// Silence, where there are heirs.
    pub silence_ms: Option<i64>,
    /// What each deposit holds: first the ward's, then each heir's.
    pub contents: Vec<(Option<Did>, Zeroizing<Vec<u8>>)>,
    /// Fresh randomness.
    pub seed: &'a Secret32,
    /// When.
    pub at: Timestamp,
}

/// What a lock is bound to.
fn lock_aad(ward: &Did, round: u64, heir: Option<&Did>) -> Vec<u8> {
    canonical::encode(&(ward, round, heir))
}

/// Opens a deposit with its key.
#[must_use]
pub fn unlock(charter: &Charter, deposit: &Deposit, key: &Secret32) -> Option<Zeroizing<Vec<u8>>> {
    let aad = lock_aad(&charter.ward, charter.round, deposit.heir.as_ref());
    sealed::open(key, &aad, &deposit.locked).ok()
}

/// Splits every content, and seals each guardian's shares to their devices.
pub fn found(founding: Founding<'_>, device: &SigningKey) -> Result<(SignedCharter, Vec<Appointment>), GuardError> {
    let Founding { ward, round, threshold, guardians, wait_ms, silence_ms, contents, seed, at } = founding;
    let people = u8::try_from(guardians.len()).map_err(|_| GuardError::Bounds)?;
    let mut deposits = Vec::new();
    let mut shares: Vec<Vec<Share>> = vec![Vec::new(); guardians.len()];
    for (place, (heir, content)) in contents.into_iter().enumerate() {
        let split = split(threshold, people, &derive(seed, "guardian split", &[place as u8]))
            .map_err(|_| GuardError::Bounds)?;
        // Each key seals this one thing.
        let locked = sealed::seal(&split.key, [0; 24], &lock_aad(ward, round, heir.as_ref()), &content);
        let commitments = split.commitments.into_iter().map(Commitment).collect();
        deposits.push(Deposit { heir, commitments, locked });
        for (own, share) in shares.iter_mut().zip(split.shares) {
            own.push(share);
        }
    }
    let ward = ward.clone();
    let charter = Charter { version: 1, ward, round, threshold, people, wait_ms, silence_ms, deposits, at };
    charter.check()?;
    let (id, charter) = (charter.id(), charter.sign(device));
    let mut appointments = Vec::new();
    for (place, ((guardian, devices), shares)) in guardians.iter().zip(shares).enumerate() {
        let index = place as u8 + 1;
        let (plain, aad) = (Shares(shares).encode(), Appointment::binding(&id, guardian, index));
        let mut sealed = Vec::new();
        for (number, device) in devices.iter().take(crate::paper::DEVICES_MAX).enumerate() {
            let to = public_of_device(device).map_err(|_| GuardError::Bounds)?;
            let ephemeral = derive(seed, "guardian envelope", &[index, number as u8]);
            let bytes = seal_to(&to, &ephemeral, SHARE_INFO, &aad, &plain).ok_or(GuardError::Bounds)?;
            sealed.push(SealedTo { device: device.clone(), sealed: bytes });
        }
        appointments.push(Appointment { charter: charter.clone(), guardian: guardian.clone(), index, sealed });
    }
    Ok((charter, appointments))
}

/// Opens the shares of an appointment with this device's key, and checks them.
pub fn open_shares(appointment: &Appointment, device: &SigningKey) -> Result<Shares, GuardError> {
    let charter = &appointment.charter.charter;
    let envelope = appointment.sealed.iter().find(|one| one.device == *device.did()).ok_or(GuardError::Share)?;
    let aad = Appointment::binding(&charter.id(), &appointment.guardian, appointment.index);
    let opener = Opener::of_device(device);
    let plain = opener.open(SHARE_INFO, &aad, &envelope.sealed).map_err(|_| GuardError::Share)?;
    let shares = Shares::decode(&plain).map_err(|_| GuardError::Share)?;
    if shares.are_sound(charter, appointment.index) { Ok(shares) } else { Err(GuardError::Share) }
}

/// The owner's guardians of one round.
#[derive(Clone, Debug)]
pub struct Ring {
    /// What was decided.
    pub charter: SignedCharter,
    /// Its name.
    pub id: Digest,
    /// Who, in the order of their shares.
    pub guardians: Vec<Did>,
    /// Heirs.
    pub wishes: Vec<Wish>,
    /// What each guardian said last.
    pub words: BTreeMap<Did, (Word, Timestamp)>,
    /// When a rehearsal found their share sound.
    pub checked: BTreeMap<Did, Timestamp>,
}

impl Ring {
    /// How many hold their share and said so.
    #[must_use]
    pub fn holding(&self) -> usize {
        self.words.values().filter(|(word, _)| *word == Word::Accepted).count()
    }
}

/// A claim on the owner's own twin.
#[derive(Clone, Debug)]
pub struct Threat {
    /// The claim.
    pub claim: Claim,
    /// When the first guardian saw it.
    pub seen: Timestamp,
    /// Guardians that told of it.
    pub by: Vec<Did>,
    /// When the owner called it theft.
    pub repelled: Option<Timestamp>,
}

/// Everything on the owner's side.
#[derive(Default)]
pub struct Owned {
    ring: Option<Ring>,
    rounds: u64,
    outbox: Vec<(Did, Paper)>,
    beat: Option<(u64, Timestamp)>,
    beat_told: BTreeMap<Did, u64>,
    threats: BTreeMap<Digest, Threat>,
    bequests: BTreeMap<Did, Bequest>,
}

impl Owned {
    pub(crate) fn apply(&mut self, record: Record) -> Option<Record> {
        match record {
            Record::Made { charter, guardians, wishes, .. } => {
                let id = charter.charter.id();
                self.rounds = self.rounds.max(charter.charter.round);
                // What has not arrived of an earlier round never will.
                self.outbox.retain(|(_, paper)| !matches!(paper, Paper::Appointment(_) | Paper::Bequest(_)));
                let (words, checked) = (BTreeMap::new(), BTreeMap::new());
                self.ring = Some(Ring { charter: *charter, id, guardians, wishes, words, checked });
            }
            Record::Send { to, paper } => self.outbox.push((to, *paper)),
            Record::Delivered { to, paper, .. } => {
                self.outbox.retain(|(whom, one)| *whom != to || one.id() != paper);
            }
            Record::Answered { guardian, charter, word, at } => {
                if let Some(ring) = self.ring.as_mut().filter(|ring| ring.id == charter) {
                    ring.words.insert(guardian, (word, at));
                }
            }
            Record::Checked { guardian, charter, at } => {
                if let Some(ring) = self.ring.as_mut().filter(|ring| ring.id == charter) {
                    ring.checked.insert(guardian, at);
                }
            }
            Record::Beat { count, at } => self.beat = Some((count, at)),
            Record::BeatTold { guardian, count } => {
                self.beat_told.insert(guardian, count);
            }
            Record::Noticed { notice, .. } => {
                let Notice { guardian, claim, seen, .. } = *notice;
                let fresh = || Threat { claim: claim.clone(), seen, by: Vec::new(), repelled: None };
                let threat = self.threats.entry(claim.id()).or_insert_with(fresh);
                threat.seen = threat.seen.min(seen);
                if !threat.by.contains(&guardian) {
                    threat.by.push(guardian);
                }
            }
            Record::Repelled { claim, at } => {
                if let Some(threat) = self.threats.get_mut(&claim) {
                    threat.repelled.get_or_insert(at);
                }
            }
            Record::Dissolved { .. } => {
                self.ring = None;
                self.outbox.retain(|(_, paper)| !matches!(paper, Paper::Appointment(_) | Paper::Bequest(_)));
            }
            Record::Bequeathed { bequest, .. } => {
                let newer = self.bequests.get(&bequest.ward).is_none_or(|known| bequest.supersedes(known));
                if newer {
                    self.bequests.insert(bequest.ward.clone(), *bequest);
                }
            }
            other => return Some(other),
        }
        None
    }

    /// The owner's guardians.
    #[must_use]
    pub fn ring(&self) -> Option<&Ring> {
        self.ring.as_ref()
    }

    /// The round that comes next.
    #[must_use]
    pub fn next_round(&self) -> u64 {
        self.rounds + 1
    }

    /// Papers that wait, oldest first.
    #[must_use]
    pub fn outbox(&self) -> &[(Did, Paper)] {
        &self.outbox
    }

    /// Claims on the owner's own twin.
    pub fn threats(&self) -> impl Iterator<Item = (&Digest, &Threat)> {
        self.threats.iter()
    }

    /// What is left to the owner.
    pub fn bequests(&self) -> impl Iterator<Item = &Bequest> {
        self.bequests.values().filter(|bequest| !bequest.is_over())
    }

    /// What `ward` left to the owner.
    #[must_use]
    pub fn bequest(&self, ward: &Did) -> Option<&Bequest> {
        self.bequests.get(ward).filter(|bequest| !bequest.is_over())
    }

    /// Whether a bequest that came says anything new. The paper was checked.
    #[must_use]
    pub fn bequeathed(&self, bequest: &Bequest, at: Timestamp) -> Vec<Record> {
        let newer = self.bequests.get(&bequest.ward).is_none_or(|known| bequest.supersedes(known));
        newer.then(|| Record::Bequeathed { bequest: Box::new(bequest.clone()), at }).into_iter().collect()
    }

    /// The records of a new round: guardians that are no more are dismissed, and heirs hear of it.
    #[must_use]
    pub fn made(
        &self,
        (charter, appointments): (SignedCharter, Vec<Appointment>),
        wishes: &[Wish],
        device: &SigningKey,
        at: Timestamp,
    ) -> Vec<Record> {
        let (round, ward) = (charter.charter.round, charter.charter.ward.clone());
        let guardians: Vec<Did> = appointments.iter().map(|one| one.guardian.clone()).collect();
        let mut records = vec![Record::Made {
            charter: Box::new(charter.clone()),
            guardians: guardians.clone(),
            wishes: wishes.to_vec(),
            at,
        }];
        let mut send = |to: &Did, paper| records.push(Record::Send { to: to.clone(), paper: Box::new(paper) });
        for former in self.ring.iter().flat_map(|ring| &ring.guardians).filter(|one| !guardians.contains(one)) {
            let paper = Dismissal::new(ward.clone(), former.clone(), round, at, device);
            send(former, Paper::Dismissal(paper));
        }
        for appointment in appointments {
            send(&appointment.guardian.clone(), Paper::Appointment(Box::new(appointment)));
        }
        let silence_ms = charter.charter.silence_ms.unwrap_or_default();
        for wish in wishes {
            let paper = Bequest::new(
                ward.clone(),
                wish.heir.clone(),
                round,
                charter.charter.threshold,
                guardians.clone(),
                wish.streams.clone(),
                silence_ms,
                at,
                device,
            );
            send(&wish.heir, Paper::Bequest(Box::new(paper)));
        }
        let former = self.ring.iter().flat_map(|ring| &ring.wishes);
        for heir in former.map(|wish| &wish.heir).filter(|heir| wishes.iter().all(|wish| wish.heir != **heir)) {
            send(heir, Self::nothing_left(&ward, heir, round, at, device));
        }
        records
    }

    fn nothing_left(ward: &Did, heir: &Did, round: u64, at: Timestamp, device: &SigningKey) -> Paper {
        let (guardians, streams) = (Vec::new(), Vec::new());
        Paper::Bequest(Box::new(Bequest::new(ward.clone(), heir.clone(), round, 0, guardians, streams, 0, at, device)))
    }

    /// The records of having no guardians any more.
    #[must_use]
    pub fn dissolved(&self, ward: &Did, device: &SigningKey, at: Timestamp) -> Vec<Record> {
        let Some(ring) = &self.ring else { return Vec::new() };
        let mut records = vec![Record::Dissolved { at }];
        for guardian in &ring.guardians {
            let paper = Dismissal::new(ward.clone(), guardian.clone(), self.rounds, at, device);
            records.push(Record::Send { to: guardian.clone(), paper: Box::new(Paper::Dismissal(paper)) });
        }
        for wish in &ring.wishes {
            let paper = Self::nothing_left(ward, &wish.heir, self.rounds, at, device);
            records.push(Record::Send { to: wish.heir.clone(), paper: Box::new(paper) });
        }
        records
    }

    /// The records of calling a claim theft: every guardian hears of it, also those that have not seen it.
    pub fn repelled(
        &self,
        claim: &Digest,
        ward: &Did,
        device: &SigningKey,
        at: Timestamp,
    ) -> Result<Vec<Record>, GuardError> {
        let threat = self.threats.get(claim).ok_or(GuardError::Unknown)?;
        if threat.repelled.is_some() {
            return Ok(Vec::new());
        }
        let mut records = vec![Record::Repelled { claim: *claim, at }];
        let mut guardians = threat.by.clone();
        for guardian in self.ring.iter().flat_map(|ring| &ring.guardians) {
            if !guardians.contains(guardian) {
                guardians.push(guardian.clone());
            }
        }
        for guardian in guardians {
            let paper = Cancel::new(ward.clone(), *claim, threat.claim.claimant.clone(), at, device);
            records.push(Record::Send { to: guardian, paper: Box::new(Paper::Cancel(paper)) });
        }
        Ok(records)
    }

    /// How often a sign of life should go out; never, where there are no heirs.
    #[must_use]
    pub fn beat_every_ms(&self) -> Option<i64> {
        let silence = self.ring.as_ref()?.charter.charter.silence_ms?;
        Some((silence / 16).clamp(didymos_base::time::HOUR_MS, didymos_base::time::DAY_MS))
    }

    /// The record of a new sign of life, if one is due: the owner used the twin at `used`.
    #[must_use]
    pub fn beat_due(&self, used: Option<Timestamp>) -> Option<Record> {
        let (used, every) = (used?, self.beat_every_ms()?);
        let made = self.ring.as_ref()?.charter.charter.at;
        let (count, last) = self.beat.unwrap_or((0, made));
        // A clock that was set back does not silence anybody.
        let due = used.0.saturating_sub(last.0) >= every || used.0 < last.0;
        (due && used != last).then_some(Record::Beat { count: count + 1, at: used })
    }

    /// The sign of life that `guardian` does not have yet.
    #[must_use]
    pub fn beat_for(&self, guardian: &Did, ward: &Did, device: &SigningKey) -> Option<Heartbeat> {
        let (count, at) = self.beat?;
        let ring = self.ring.as_ref().filter(|ring| ring.guardians.contains(guardian))?;
        ring.charter.charter.silence_ms?;
        let told = self.beat_told.get(guardian).copied().unwrap_or_default();
        (count > told).then(|| Heartbeat::new(ward.clone(), count, at, device))
    }

    /// Whether there is one, without signing it.
    #[must_use]
    pub fn beat_waits(&self, guardian: &Did) -> bool {
        let guards = self
            .ring
            .as_ref()
            .is_some_and(|ring| ring.charter.charter.silence_ms.is_some() && ring.guardians.contains(guardian));
        let told = self.beat_told.get(guardian).copied().unwrap_or_default();
        guards && self.beat.is_some_and(|(count, _)| count > told)
    }
}
