//! A machine becomes one of the owner's devices: it has no twin yet, and is given all of one.
//!
//! Until both people (mostly one person, at two machines) have compared the digits it shows an identity that it made up
//! for this, with its own device key in it. Then the inviter's owner lists that key in their identity, and what comes
//! back are the versions and the key of the vault. From then on the machine calls as what it is, takes the journal in,
//! commit by commit, and wraps the keys under a passphrase of its own.

use super::enrol::Given;
use super::{PULL_BYTES_MAX, replica};
use crate::capability::pairing;
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::peers::ask::{Answer, Ask, CALL};
use crate::peers::online::Listen;
use crate::request::{CommitNamed, JournalPull};
use crate::response::PairingShown;
use crate::{Request, Response, Twin, World, home};
use didymos_base::{Did, Timestamp, canonical};
use didymos_identity::{DidDocument, KdfCost, KeyFile, RecoveryPhrase, Secret32, SigningKey, Unlocked, derive};
use didymos_link::{Call, Host, Known, LinkError, Own, Peer, Place, Purpose, Reach, Refusal, Reply, Settings, Ticket};
use didymos_vault::{Opening, Vault, VaultKey};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the machine shows, and what it was given.
struct Joiner {
    world: World,
    state: Mutex<Shown>,
}

struct Shown {
    own: Own,
    given: Option<Given>,
    /// Who gave it, and where they are.
    by: Option<(Did, Did, Place)>,
}

impl Joiner {
    fn state(&self) -> MutexGuard<'_, Shown> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for Joiner {
    fn own(&self) -> Option<Own> {
        Some(self.state().own.clone())
    }

    fn contact(&self, did: &Did) -> Option<Known> {
        let state = self.state();
        let (_, _, place) = state.by.as_ref().filter(|(by, ..)| by == did)?;
        Some(Known { versions: state.own.versions.clone(), places: vec![place.clone()] })
    }

    fn met(&self, _: &Peer) {}

    fn paired(&self, _: &Peer) -> Result<(), String> {
        Err("this machine becomes a device and has no contacts of its own".to_owned())
    }

    fn enrolled(&self, purpose: Purpose, peer: &Peer, given: &[u8]) -> Result<(), String> {
        if purpose != Purpose::Device {
            return Err("this ticket is for something else".to_owned());
        }
        let (given, identity) = Given::read(given)?;
        let mut state = self.state();
        // The identity has to be the one that was shown when the digits were compared, and it has to list this machine.
        let same = identity.id() == &peer.did && given.versions.starts_with(&peer.versions);
        if !same || !identity.is_active(state.own.device.did()) {
            return Err("what was given is not of whom the digits were compared with".to_owned());
        }
        let place = Place { endpoint: peer.endpoint, addrs: peer.addrs.clone() };
        state.by = Some((peer.did.clone(), peer.device.clone(), place));
        state.own.versions.clone_from(&given.versions);
        state.given = Some(given);
        Ok(())
    }

    fn answer(&self, _: &Peer, _: Call) -> Reply {
        Reply::Refused(Refusal::new(didymos_link::Code::Failed, "this machine is being set up"))
    }

    fn now(&self) -> Timestamp {
        self.world.now()
    }
}

/// A machine on its way to be a device.
pub struct Joining {
    world: World,
    home: PathBuf,
    seed: Secret32,
    host: Arc<Joiner>,
    link: Arc<dyn Reach>,
    pairing: u64,
    _lock: home::Lock,
}

impl Joining {
    /// Goes to whoever made the ticket (`twin device add`). The machine calls itself `name`.
    pub fn begin(world: World, home: &Path, ticket: &str, name: &str, listen: Listen) -> Result<Self, Failure> {
        home::make(home)?;
        let lock = home::lock(home)?;
        crate::twin::refuse_existing(home)?;
        let ticket: Ticket = ticket.parse().map_err(|error: didymos_link::BadTicket| invalid(error.to_string()))?;
        if ticket.purpose() != Purpose::Device {
            return Err(invalid(
                "this ticket adds no device: `twin device add` on the other machine makes one that does",
            ));
        }
        let seed = Secret32::from_bytes(world.random()?);
        let device = SigningKey::from_seed(&seed);
        // An identity for the pairing alone; nobody keeps it.
        let made_up = RecoveryPhrase::from_entropy(world.random()?).identity_key();
        let first = DidDocument::genesis(&made_up, device.did(), world.now(), None);
        let name = crate::capability::profile::sound_name(name)?;
        let own = Own { versions: vec![first], device, name: Some(name) };
        let state = Mutex::new(Shown { own, given: None, by: None });
        let host = Arc::new(Joiner { world: world.clone(), state });
        let bind = match listen {
            Listen::At(addrs) => addrs,
            Listen::Usual => Vec::new(),
        };
        let settings = Settings { bind, ..Settings::default() };
        let link =
            world.network.start(&derive(&seed, "link-endpoint", b""), settings, Arc::clone(&host) as Arc<dyn Host>)?;
        let pairing = link.join(ticket)?;
        Ok(Self { world, home: home.to_owned(), seed, host, link, pairing, _lock: lock })
    }

    /// How it stands.
    pub fn stands(&self) -> Result<PairingShown, Failure> {
        let meeting = self.link.meetings().into_iter().find(|meeting| meeting.id == self.pairing);
        meeting.map(pairing::shown).ok_or_else(|| Failure::new(FailureCode::NotFound, "the pairing is gone"))
    }

    /// The person's word on the digits.
    pub fn say(&self, same: bool) -> Result<(), Failure> {
        Ok(self.link.say(self.pairing, same)?)
    }

    /// Takes the journal in and wraps the keys. The pairing has to be done.
    pub fn finish(self, passphrase: &str, cost: KdfCost, watch: Watch<'_>) -> Result<Twin, Failure> {
        let Self { world, home, seed, host, link, _lock: lock, .. } = self;
        let (given, (owner, writer, place), key) = {
            let mut state = host.state();
            let given = state.given.take().zip(state.by.clone());
            let (given, by) = given.ok_or_else(|| invalid("the two machines have not agreed yet"))?;
            (given, by, state.own.device.clone())
        };
        let vault_key = Secret32::from_bytes(given.vault_key);
        let unlocked = Unlocked { vault_key: vault_key.clone(), device_seed: seed, owner: owner.clone() };
        crate::twin::clear_leftovers(&home);
        let chance = Some(Arc::clone(&world.chance));
        let opening = Opening { dir: &home, key: VaultKey::new(vault_key), owner: owner.clone(), signer: None, chance };
        let vault = Vault::begin_following_on(Arc::clone(&world.disk), opening)?;
        loop {
            let after = vault.tip().map(|tip| CommitNamed { seq: tip.seq, digest: tip.digest });
            let request = Request::JournalPull(JournalPull { after, wait_ms: 0 });
            let json = serde_json::to_vec(&request).map_err(|error| invalid(error.to_string()))?;
            let ask = Ask::new(json, owner.clone(), world.now(), world.random()?, &key);
            let (body, incoming) = link.call_with(&owner, Call::new(CALL, canonical::encode(&ask)), None)?;
            let malformed = || Failure::from(LinkError::Malformed);
            let answer = Answer::decode(&body).map_err(|_| malformed())?;
            let json = serde_json::from_slice(&answer.answer).map_err(|_| malformed())?;
            let Ok(Response::Pulled(pulled)) = Response::from_json(&request, json) else { return Err(malformed()) };
            let mut incoming = incoming.filter(|incoming| incoming.len() <= PULL_BYTES_MAX.max(pulled.sent.bytes));
            let of = pulled.sent.bytes;
            let from = incoming.as_mut().ok_or_else(malformed)?;
            vault.follow(from, &mut |done| {
                watch(Progress { doing: "taking the twin in".to_owned(), unit: "bytes".to_owned(), done, of })
            })?;
            if vault.tip().is_some_and(|tip| tip.seq >= pulled.newest.seq) {
                break;
            }
        }
        drop(vault);
        link.close();
        let keys = KeyFile::seal(&unlocked, passphrase, cost, world.random()?);
        home::write_keys(&home, &keys.map_err(|error| home::unlock_failure(&error))?)?;
        let twin = Twin::open_unlocked(world, &home, &unlocked, lock, Vec::new())?;
        replica::keep_place(&twin, writer, place.endpoint, place.addrs);
        Ok(twin)
    }
}

fn invalid(words: impl Into<String>) -> Failure {
    Failure::new(FailureCode::Invalid, words)
}
