//! People with circles, in memory: what a twin does around this crate, with seeded randomness and a clock that is told.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

use didymos_base::{Did, Digest, Timestamp};
use didymos_circle::wire::Bytes;
use didymos_circle::{
    Chance, Charter, Circle, Content, Effects, Envelope, Invitation, Me, Record, Sync, Wish, package,
};
use didymos_identity::{DidDocument, IdentityKey, RecoveryPhrase, Secret32, SignedDocument, SigningKey};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

pub const START: Timestamp = Timestamp(1_760_000_000_000);

/// Randomness from a seed.
pub fn chance(seed: u64) -> Chance {
    let reader = blake3::Hasher::new().update(b"chance").update(&seed.to_be_bytes()).finalize_xof();
    let reader = Mutex::new(reader);
    Arc::new(move |bytes: &mut [u8]| {
        reader.lock().expect("not poisoned").fill(bytes);
        true
    })
}

/// What a disk holds.
#[derive(Clone, Default)]
pub struct Disk {
    pub records: Vec<Record>,
    pub keys: BTreeMap<Digest, Zeroizing<Vec<u8>>>,
}

/// One device of somebody's.
pub struct Device {
    pub name: &'static str,
    pub me: Me,
    pub versions: Vec<SignedDocument>,
    pub identity: IdentityKey,
    pub disk: Disk,
    pub circle: Option<Circle>,
    pub bytes: HashMap<Digest, Vec<u8>>,
    /// Messages as they were opened: id (of the first envelope), text.
    pub opened: Vec<(Digest, String)>,
    pub again: Vec<Digest>,
    pub now: Timestamp,
    /// After how many parts of the next step that is kept the power fails.
    pub fails: Option<usize>,
    /// The power has failed: nothing is kept, and nothing leaves.
    pub dead: bool,
}

pub fn person(name: &'static str, number: u8) -> Device {
    let phrase = RecoveryPhrase::from_entropy([number; 32]);
    let identity = phrase.identity_key();
    let device = SigningKey::from_seed(&Secret32::from_bytes([number ^ 0x5a; 32]));
    let document = DidDocument::genesis(&identity, device.did(), START, None);
    let owner = document.document.id.clone();
    let me = Me { owner, device, chance: chance(u64::from(number)) };
    Device {
        name,
        me,
        versions: vec![document],
        identity,
        disk: Disk::default(),
        circle: None,
        bytes: HashMap::new(),
        opened: Vec::new(),
        again: Vec::new(),
        now: START,
        fails: None,
        dead: false,
    }
}

pub fn charter(by: &Device, name: &str) -> Charter {
    Charter { name: name.to_owned(), creator: by.me.owner.clone(), admins: Vec::new(), pair: false }
}

impl Device {
    /// Another device of the same person's.
    pub fn another(&mut self, name: &'static str, number: u8) -> Device {
        let device = SigningKey::from_seed(&Secret32::from_bytes([number ^ 0x5a; 32]));
        let next = self.versions.last().expect("a version").with_device(&self.identity, device.did(), START);
        self.versions.push(next.expect("added"));
        Device {
            name,
            me: Me { owner: self.me.owner.clone(), device, chance: chance(u64::from(number)) },
            versions: self.versions.clone(),
            identity: RecoveryPhrase::from_entropy([1; 32]).identity_key(),
            disk: Disk::default(),
            circle: None,
            bytes: HashMap::new(),
            opened: Vec::new(),
            again: Vec::new(),
            now: START,
            fails: None,
            dead: false,
        }
    }

    pub fn did(&self) -> &Did {
        &self.me.owner
    }

    pub fn circle(&mut self) -> &mut Circle {
        self.circle.as_mut().expect("a circle")
    }

    /// Keeps what a step made, in its order; `cut` says after how many of the three parts the power fails.
    #[expect(clippy::needless_pass_by_value, reason = "what a step made is used up")]
    pub fn keep_until(&mut self, effects: Effects, cut: usize) {
        for part in 0..3 {
            if part >= cut {
                return;
            }
            let keys = match part {
                0 => &effects.before,
                1 => {
                    for record in &effects.records {
                        self.learn(record);
                        self.disk.records.push(record.clone());
                    }
                    continue;
                }
                _ => &effects.after,
            };
            for (epoch, bytes) in keys {
                match bytes {
                    Some(bytes) => drop(self.disk.keys.insert(*epoch, bytes.clone())),
                    None => drop(self.disk.keys.remove(epoch)),
                }
            }
        }
        self.again.extend(&effects.again);
    }

    pub fn keep(&mut self, effects: Effects) {
        if self.dead {
            return;
        }
        match self.fails.take_if(|_| !effects.is_empty()) {
            Some(cut) => {
                self.dead = true;
                self.keep_until(effects, cut);
            }
            None => self.keep_until(effects, 3),
        }
    }

    fn learn(&mut self, record: &Record) {
        match record {
            Record::Taken { envelope, .. } => {
                self.bytes.insert(Digest::of(&envelope.0), envelope.0.clone());
            }
            Record::Opened { envelope, content, .. } => {
                let id = content.again.unwrap_or(*envelope);
                if !self.opened.iter().any(|(known, _)| *known == id) {
                    self.opened.push((id, content.text.clone()));
                }
            }
            _ => {}
        }
    }

    /// Opens everything again from what is on the disk.
    pub fn reopen(&mut self) {
        let id = self.circle().id();
        let (records, keys) = (self.disk.records.clone(), self.disk.keys.clone());
        (self.dead, self.fails) = (false, None);
        self.bytes.clear();
        self.opened.clear();
        self.again.clear();
        for record in &records {
            self.learn(record);
        }
        self.circle = Some(Circle::open(self.me.clone(), id, records, |epoch| keys.get(epoch).cloned()));
    }

    pub fn begin(&mut self, name: &str) {
        let (charter, id) = (charter(self, name), Digest::of(name.as_bytes()));
        let (circle, effects) =
            Circle::begin(self.me.clone(), id, charter, self.versions.clone(), self.now).expect("begun");
        self.circle = Some(circle);
        self.keep(effects);
    }

    pub fn say(&mut self, text: &str) -> Digest {
        let content = Content { text: text.to_owned(), file: None, answers: None, again: None };
        let now = self.now;
        let (id, effects) = self.circle().say(&content, now).expect("said");
        self.keep(effects);
        id
    }

    pub fn wish(&mut self, wish: Wish) {
        let effects = self.circle().wish(wish).expect("may wish");
        self.keep(effects);
        self.duties();
    }

    pub fn duties(&mut self) {
        let now = self.now;
        let effects = self.circle().duties(now).expect("done");
        self.keep(effects);
        for id in std::mem::take(&mut self.again) {
            let Some(text) = self.opened.iter().find(|(known, _)| *known == id).map(|(_, text)| text.clone()) else {
                continue;
            };
            let content = Content { text, file: None, answers: None, again: Some(id) };
            if let Ok((_, effects)) = self.circle().say(&content, now) {
                self.keep(effects);
            }
        }
    }

    /// Lets somebody in who is there.
    pub fn invite(&mut self, other: &mut Device) {
        self.wish(Wish::Add(other.did().clone()));
        let (public, kept) = package(&other.me).expect("a package");
        let now = self.now;
        let (effects, invitation) = self.circle().let_in(&public, &other.versions, now).expect("let in");
        self.keep(effects);
        other.join(&invitation, &kept);
    }

    pub fn join(&mut self, invitation: &Invitation, kept: &[u8]) {
        let invitation = Invitation::decode(&invitation.encode()).expect("reads back");
        let joined = Circle::join(self.circle.take(), self.me.clone(), &invitation, kept, self.now);
        match joined {
            Ok((circle, effects)) => {
                self.circle = Some(circle);
                self.keep(effects);
            }
            Err((circle, error)) => {
                self.circle = circle;
                panic!("{} cannot join: {error}", self.name);
            }
        }
    }

    /// Takes in a step as a twin does, and answers it.
    pub fn hear(&mut self, from: &Device, sync: &[u8], kept: Option<&[u8]>) -> Vec<u8> {
        let sync = Sync::decode(sync).expect("within bounds");
        let now = self.now;
        let mut answer = Sync::about(sync.circle);
        let circle = self.circle();
        let effects = circle.person(&from.versions);
        self.keep(effects);
        let circle = self.circle();
        if !circle.epoch().is_some_and(|epoch| epoch.has_owner(from.did())) {
            answer.out = true;
            return answer.encode();
        }
        if let (Some(invitation), Some(kept)) = (&sync.invitation, kept) {
            self.join(invitation, kept);
        }
        if sync.out {
            let effects = self.circle().put_out();
            self.keep(effects);
        }
        let effects = self.circle().take(&sync.give, now);
        self.keep(effects);
        let effects = self.circle().take_acks(&sync.acks);
        self.keep(effects);
        self.duties();
        let mut invitation = None;
        if let Some(Bytes(package)) = &sync.package
            && let Ok((effects, made)) = self.circle().let_in(package, &from.versions, now)
        {
            self.keep(effects);
            invitation = Some(Box::new(made));
        }
        let bytes = self.bytes.clone();
        let mut answer = self.circle().answer(&sync, &mut |id| bytes.get(id).cloned(), now);
        answer.invitation = invitation;
        answer.encode()
    }

    pub fn texts(&mut self) -> Vec<String> {
        let mut placed: Vec<_> = Vec::new();
        for (id, text) in self.opened.clone() {
            placed.push((self.circle().place(&id).unwrap_or((u64::MAX, id)), text));
        }
        placed.sort();
        placed.into_iter().map(|(_, text)| text).collect()
    }

    /// The envelopes on the disk.
    pub fn envelopes(&self) -> Vec<Envelope> {
        self.bytes.values().map(|bytes| Envelope::decode(bytes).expect("ours")).collect()
    }
}

/// One whole conversation between two devices, until neither has news.
pub fn meet(a: &mut Device, b: &mut Device) {
    meet_until(a, b, &mut || true);
}

/// A conversation that breaks off when `arrives` says so, or when somebody's power fails.
pub fn meet_until(a: &mut Device, b: &mut Device, arrives: &mut dyn FnMut() -> bool) {
    let mut kept = None;
    let now = a.now;
    let mut step = a.circle().greet(now);
    for _ in 0..32 {
        if a.circle().needs_in() && kept.is_none() {
            let (public, private) = package(&a.me).expect("a package");
            step.package = Some(Bytes(public));
            kept = Some(private);
        }
        if a.dead || !arrives() {
            return;
        }
        let answer = b.hear(a, &step.encode(), None);
        if b.dead || !arrives() {
            return;
        }
        let from = Sync::decode(&answer).expect("within bounds");
        let before = step.clone();
        let next = a.hear(b, &answer, kept.as_deref().map(Vec::as_slice));
        if from.invitation.is_some() {
            kept = None;
        }
        step = Sync::decode(&next).expect("within bounds");
        if step.out || from.out {
            return;
        }
        let quiet = step.give.is_empty()
            && step.acks.is_empty()
            && step.package.is_none()
            && from.give.is_empty()
            && from.acks.is_empty();
        if quiet && step.have == from.have && step.heads == from.heads && before.heads == step.heads {
            return;
        }
    }
}
