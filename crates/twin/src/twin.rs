//! The twin itself: every request is decided, answered and receipted here, and nowhere else.

use crate::capability::{
    backup, contacts, contract_uses, contracts, copies, export, guardians, heirs, import, imports, journal, keeping,
    mirror_brain, mirror_days, mirror_experiments, mirror_forecast, mirror_generate, mirror_graph, mirror_learn,
    mirror_portrait, mirror_propose, mirror_simulate, mirror_what_if, pairing, protect, provenance, quality, receipts,
    recovery, search, space, status, talk, timeline, today, tokens, witness,
};
use crate::devices::{self, Devices, Role};
use crate::door::{Door, Failure, FailureCode, Progress, Watch};
use crate::home::{self, Lock};
use crate::jobs::Jobs;
use crate::payload::Payload;
use crate::peers::returning::Friends;
use crate::peers::{self, Peers, narrow};
use crate::receipts::Receipts;
use crate::request::{Quality, Today};
use crate::response::Nothing;
use crate::world::World;
use crate::{Request, Response};
use didymos_base::{Did, StreamId, Timestamp, ZoneOffset};
use didymos_consent::{Act, Asked, Basis, Contract, Decision, Outcome, Owner, Principal, Receipt, Transform, decide};
use didymos_identity::document::commit_to_next;
use didymos_identity::{
    DidDocument, KdfCost, KeyFile, RecoveryPhrase, Secret32, SignedDocument, SigningKey, Unlocked, verify_chain,
};
use didymos_vault::backup::Place;
use didymos_vault::{ImportId, ObjectKind, Opening, Signer, Vault, VaultError, VaultKey};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// So often can the identity key of a phrase have been rotated.
const IDENTITY_KEYS_MAX: u32 = 16;

/// A person's twin, open. It holds the writer's lock of its folder until it is dropped.
pub struct Twin {
    pub(crate) world: World,
    pub(crate) vault: Arc<Vault>,
    pub(crate) home: PathBuf,
    /// What a key slot holds: new slots are made from it.
    secrets: Unlocked,
    device: SigningKey,
    identity: RwLock<Known>,
    receipts: Receipts,
    jobs: Jobs,
    /// Tokens of live sources, once they were read.
    pub(crate) tokens: Mutex<Option<tokens::Setting>>,
    /// Other people's twins.
    pub(crate) peers: Peers,
    /// The owner's other devices.
    pub(crate) devices: Devices,
    /// What this one is among them.
    pub(crate) role: Mutex<Role>,
    /// Circles and messages.
    pub(crate) talk: talk::Talk,
    /// The graph, as it was when it was last asked for.
    pub(crate) graph: mirror_graph::Kept,
    /// Streams day by day, as they were when they were last read.
    pub(crate) days: mirror_days::Remembered,
    /// Models that were learnt, and who learns.
    pub(crate) learning: mirror_learn::Learning,
    /// The import that runs, if one does.
    pub(crate) importing: Mutex<Option<ImportId>>,
    /// What opening found worth telling.
    notices: Mutex<Vec<String>>,
    _lock: Lock,
}

/// What the journal says of the owner's identity.
#[derive(Default)]
struct Known {
    /// Every version of the identity document, oldest first.
    versions: Vec<SignedDocument>,
    /// The newest one.
    document: Option<SignedDocument>,
    /// Devices that may act.
    devices: Vec<Did>,
    /// Devices that no longer may.
    revoked: Vec<Did>,
}

impl Twin {
    /// Makes a new twin in `home` for the person who keeps `phrase`.
    pub fn init(home: &Path, phrase: &RecoveryPhrase, passphrase: &str, cost: KdfCost) -> Result<Self, Failure> {
        Self::init_in(World::default(), home, phrase, passphrase, cost)
    }

    /// Makes a new twin in a world of its own.
    pub fn init_in(
        world: World,
        home: &Path,
        phrase: &RecoveryPhrase,
        passphrase: &str,
        cost: KdfCost,
    ) -> Result<Self, Failure> {
        home::make(home)?;
        let lock = home::lock(home)?;
        refuse_existing(home)?;
        let device_seed = Secret32::from_bytes(world.random()?);
        let device = SigningKey::from_seed(&device_seed);
        let identity = phrase.identity_key();
        // The next identity key is committed to from the start: whoever steals this one cannot take over.
        let next = commit_to_next(phrase.identity_key_number(1).did());
        let document = DidDocument::genesis(&identity, device.did(), world.now(), Some(next));
        let owner = document.document.id.clone();
        let signer = signer(&device_seed, &document)?;
        let opening = Opening {
            dir: home,
            key: VaultKey::new(phrase.vault_key()),
            owner: owner.clone(),
            signer: Some(signer),
            chance: Some(Arc::clone(&world.chance)),
        };
        // Without a key file there is no twin here yet, whatever an interrupted attempt may have left behind.
        clear_leftovers(home);
        let vault = Vault::create_on(
            Arc::clone(&world.disk),
            opening,
            &[(ObjectKind::Identity, vec![document.encode()])],
            world.now(),
        )?;
        let unlocked = Unlocked { vault_key: phrase.vault_key(), device_seed, owner };
        let keys = KeyFile::seal(&unlocked, passphrase, cost, world.random()?);
        home::write_keys(home, &keys.map_err(|error| home::unlock_failure(&error))?)?;
        Self::with(world, home, vault, &unlocked, lock, Vec::new())
    }

    /// Opens the twin in `home`. Fails with [`FailureCode::Busy`] while another process has it open.
    pub fn open(home: &Path, passphrase: &str) -> Result<Self, Failure> {
        Self::open_in(World::default(), home, passphrase)
    }

    /// Opens the twin in `home` in a world of its own.
    pub fn open_in(world: World, home: &Path, passphrase: &str) -> Result<Self, Failure> {
        let (unlocked, notices) = home::unlock(home, passphrase)?;
        let lock = home::lock(home)?;
        Self::open_unlocked(world, home, &unlocked, lock, notices)
    }

    pub(crate) fn open_unlocked(
        world: World,
        home: &Path,
        unlocked: &Unlocked,
        lock: Lock,
        notices: Vec<String>,
    ) -> Result<Self, Failure> {
        // The certificate is in the journal, which opens without a signer; so a first look fetches it.
        let opening = Opening {
            dir: home,
            key: VaultKey::new(unlocked.vault_key.clone()),
            owner: unlocked.owner.clone(),
            signer: None,
            chance: Some(Arc::clone(&world.chance)),
        };
        let vault = Vault::open_on(Arc::clone(&world.disk), opening)?;
        Self::with(world, home, vault, unlocked, lock, notices)
    }

    /// Builds the twin anew in an empty `home` from a copy and the recovery phrase, on a device of its own.
    pub fn restore(
        home: &Path,
        target: &str,
        options: &BTreeMap<String, String>,
        phrase: &RecoveryPhrase,
        passphrase: &str,
        cost: KdfCost,
        watch: Watch<'_>,
    ) -> Result<Self, Failure> {
        let world = World::default();
        home::make(home)?;
        let lock = home::lock(home)?;
        refuse_existing(home)?;
        let mut place = Place::open(target, options, false)?;
        if !place.holds_something()? {
            return Err(Failure::new(FailureCode::NotFound, format!("{target}: there is no copy of a twin here")));
        }
        clear_leftovers(home);
        let key = VaultKey::new(phrase.vault_key());
        didymos_vault::restore(home, &key, &mut place, &mut |done, of| {
            watch(Progress { doing: "restoring".to_owned(), unit: "commits".to_owned(), done, of })
        })?;
        let device_seed = Secret32::from_bytes(world.random()?);
        Self::settle_in(world, home, phrase, device_seed, &[], (passphrase, cost), lock)
    }

    /// Builds the twin anew in an empty `home` from what friends keep and the recovery phrase, on a device of its own.
    /// Each of `tickets` is a friend's: what `copies.help@1` answers them.
    pub fn restore_from_friends(
        home: &Path,
        friends: &Friends,
        phrase: &RecoveryPhrase,
        passphrase: &str,
        cost: KdfCost,
        watch: Watch<'_>,
    ) -> Result<Self, Failure> {
        Self::restore_from_friends_in(World::default(), home, friends, phrase, (passphrase, cost), watch)
    }

    /// The same in a world of its own.
    pub fn restore_from_friends_in(
        world: World,
        home: &Path,
        friends: &Friends,
        phrase: &RecoveryPhrase,
        passphrase: (&str, KdfCost),
        watch: Watch<'_>,
    ) -> Result<Self, Failure> {
        home::make(home)?;
        let lock = home::lock(home)?;
        refuse_existing(home)?;
        for leftover in [didymos_vault::journal::HEAD, didymos_vault::rollup::DERIVED] {
            let _ = std::fs::remove_file(home.join(leftover));
        }
        let device_seed = Secret32::from_bytes(world.random()?);
        let returned = peers::returning::restore(&world, home, phrase, &device_seed, friends, watch)?;
        let twin = Self::settle_in(world, home, phrase, device_seed, &returned.versions, passphrase, lock)?;
        peers::spreading::take_over(&twin, returned.manifest)?;
        returned.notices.into_iter().for_each(|notice| twin.notice(notice));
        Ok(twin)
    }

    /// Makes this machine a new device of the twin whose journal was put together in `home`. `seen` is what others have
    /// seen of the identity, which may be more than the journal knows.
    fn settle_in(
        world: World,
        home: &Path,
        phrase: &RecoveryPhrase,
        device_seed: Secret32,
        seen: &[SignedDocument],
        (passphrase, cost): (&str, KdfCost),
        lock: Lock,
    ) -> Result<Self, Failure> {
        let key = VaultKey::new(phrase.vault_key());
        let owner = didymos_vault::owner_of(home, &key)?;
        let device = SigningKey::from_seed(&device_seed);
        let unlocked = Unlocked { vault_key: phrase.vault_key(), device_seed, owner };
        let (owner, chance) = (unlocked.owner.clone(), Some(Arc::clone(&world.chance)));
        let vault = Vault::open(Opening { dir: home, key, owner, signer: None, chance })?;
        // This machine is a new device: the identity key, which only the phrase gives, says that it may sign.
        let documents = vault.identity()?;
        let newer = if seen.starts_with(&documents) { &seen[documents.len()..] } else { &[] };
        let last = newer.last().or(documents.last()).ok_or_else(|| {
            Failure::new(FailureCode::Damaged, "the copy holds no identity document: try another copy")
        })?;
        let cannot = |error: &dyn std::fmt::Display| {
            Failure::new(FailureCode::Invalid, format!("this recovery phrase cannot add a device: {error}"))
        };
        let identity = (0..IDENTITY_KEYS_MAX)
            .map(|number| phrase.identity_key_number(number))
            .find(|identity| *identity.did() == last.document.controller)
            .unwrap_or_else(|| phrase.identity_key());
        let next = last.with_device(&identity, device.did(), world.now()).map_err(|error| cannot(&error))?;
        vault.set_signer(signer(&unlocked.device_seed, &next)?);
        let versions = newer.iter().chain([&next]).map(SignedDocument::encode).collect();
        vault.commit_records(&[(ObjectKind::Identity, versions)], world.now())?;
        let keys = KeyFile::seal(&unlocked, passphrase, cost, world.random()?);
        home::write_keys(home, &keys.map_err(|error| home::unlock_failure(&error))?)?;
        let twin = Self::with(world, home, vault, &unlocked, lock, Vec::new())?;
        backup::heal_beside(&twin)?;
        Ok(twin)
    }

    fn with(
        world: World,
        home: &Path,
        vault: Vault,
        unlocked: &Unlocked,
        lock: Lock,
        notices: Vec<String>,
    ) -> Result<Self, Failure> {
        let vault = Arc::new(vault);
        let twin = Self {
            receipts: Receipts::new(vault.clone(), world.clone()),
            jobs: Jobs::open(&vault)?,
            tokens: Mutex::default(),
            peers: Peers::default(),
            devices: Devices::default(),
            role: Mutex::default(),
            talk: talk::Talk::default(),
            world,
            graph: mirror_graph::Kept::default(),
            days: mirror_days::Remembered::default(),
            learning: mirror_learn::Learning::default(),
            importing: Mutex::default(),
            vault,
            home: home.to_owned(),
            secrets: unlocked.clone(),
            device: unlocked.device_key(),
            identity: RwLock::default(),
            notices: Mutex::new(notices),
            _lock: lock,
        };
        twin.read_identity()?;
        let found = twin.vault.found();
        if found.torn_bytes > 0 {
            twin.notice(format!(
                "an interrupted write left {} bytes that were never acknowledged; they were dropped. \
                 If it was an import, run it again: it adds only what is missing",
                found.torn_bytes
            ));
        }
        for damage in found.damage.iter().chain(&found.harmless) {
            twin.notice(format!("{damage}; run `twin verify`, then `twin repair`"));
        }
        Ok(twin)
    }

    /// Learns from the journal which devices are the owner's, and by what certificate this one signs.
    ///
    /// Where the journal is too damaged for that, the key file still opened, so this is the owner: they may look at the
    /// damage and repair it, and nothing else is answered until then.
    pub(crate) fn read_identity(&self) -> Result<(), Failure> {
        let documents = match self.vault.identity() {
            Ok(documents) => documents,
            Err(VaultError::Damaged(damage)) => {
                self.vault.report_damage(damage);
                Vec::new()
            }
            Err(error) => return Err(error.into()),
        };
        let chain = verify_chain(&documents).ok().filter(|chain| chain.id() == &self.secrets.owner);
        let known = match (chain, documents.last().cloned()) {
            (Some(chain), Some(newest)) => {
                // Another device of the owner's may have said more than this journal holds: that this one acts no more.
                let newer = devices::replica::newer_versions(self, &documents);
                let newer = newer.and_then(|versions| verify_chain(&versions).ok());
                let latest = newer.as_ref().unwrap_or(&chain);
                let writes = devices::writer(self).is_none_or(|writer| writer == *self.device.did());
                let role = match latest.document().revocation(self.device.did()) {
                    Some(_) => Role::Revoked,
                    None if writes => Role::Writer,
                    None => Role::Replica,
                };
                if let Some((certificate, _)) = chain.certificate(self.device.did())
                    && role == Role::Writer
                {
                    let key = SigningKey::from_seed(&self.secrets.device_seed);
                    self.vault.set_signer(Signer { key, certificate: certificate.clone() });
                }
                self.receipts.set_away(role != Role::Writer);
                *self.role.lock().unwrap_or_else(PoisonError::into_inner) = role;
                let document = latest.document();
                Known {
                    versions: documents,
                    document: Some(newest),
                    devices: document.active_devices().cloned().collect(),
                    revoked: document.revoked.iter().map(|revocation| revocation.device.clone()).collect(),
                }
            }
            _ if self.vault.ensure_whole().is_err() => Known {
                versions: Vec::new(),
                document: None,
                devices: vec![self.device.did().clone()],
                revoked: Vec::new(),
            },
            _ => return Err(no_identity()),
        };
        *self.identity.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    fn guardians(answer: crate::response::GuardiansAnswer) -> Response {
        Response::Guardians(Box::new(answer))
    }

    /// The journal has grown by what another device wrote: what was read of it before is read anew.
    pub(crate) fn journal_moved(&self) -> Result<(), Failure> {
        self.peers.forget();
        self.peers.guards.forget();
        self.peers.witnesses.forget();
        self.talk.forget();
        *self.tokens.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.read_identity()
    }

    /// Does something to receipts that wait beside the journal.
    pub(crate) fn with_receipts_settled<T>(&self, work: impl FnOnce(&Self) -> T) -> Result<T, Failure> {
        self.receipts.settled(|| work(self))
    }

    /// Decides about somebody who comes often without a request of their own, and leaves a receipt when they begin.
    pub(crate) fn pass(
        &self,
        principal: &Principal,
        name: &'static str,
        who: &Did,
        work: impl FnOnce(&Principal, &Asked, Timestamp) -> Decision,
    ) -> Result<(), Failure> {
        let (asked, time) = (Asked::new(name, Act::View), self.now());
        let decision = work(principal, &asked, time);
        let result = match &decision {
            Decision::Allow { .. } => Ok(()),
            Decision::Deny { because } => Err(Failure::new(FailureCode::Denied, because.to_string())),
        };
        if self.devices.leaves_receipt(who, time) {
            let outcome = outcome(&result, |()| 1);
            let receipt = Receipt::new(time, principal.clone(), &asked, who.as_str(), decision, outcome);
            self.receipts.leave(&receipt, false)?;
        }
        result
    }

    pub(crate) fn notice(&self, notice: String) {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).push(notice);
    }

    /// Gather receipts of the owner's own looking for a moment before they are committed together, as a server does
    /// that is asked many times a second. Whatever changes, proves or is refused is still receipted before the answer.
    pub fn gather_receipts(&self) {
        self.receipts.gather();
    }

    /// Files that wait to be imported.
    pub(crate) fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// Commits the receipts that wait.
    pub fn flush_receipts(&self) -> Result<(), Failure> {
        self.receipts.flush()
    }

    /// Does something to the keys that is no request of the door, decided and receipted like one.
    pub(crate) fn act<T>(
        &self,
        name: &'static str,
        act: Act,
        summary: &str,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (asked, principal, time) = (Asked::new(name, act), self.principal(), self.now());
        let decision = self.decide(&principal, &asked, time);
        let result = match &decision {
            Decision::Allow { .. } => work(),
            Decision::Deny { because } => Err(Failure::new(FailureCode::Denied, because.to_string())),
        };
        let outcome = outcome(&result, |_| 1);
        self.receipts.leave(&Receipt::new(time, principal, &asked, summary, decision, outcome), false)?;
        result
    }

    /// Decides by these contracts alone.
    pub(crate) fn decide_with(
        &self,
        principal: &Principal,
        asked: &Asked,
        contracts: &[Contract],
        time: Timestamp,
    ) -> Decision {
        let known = self.identity.read().unwrap_or_else(PoisonError::into_inner);
        let owner = Owner { did: &self.secrets.owner, devices: &known.devices, revoked: &known.revoked };
        decide(principal, asked, contracts, &[], &owner, time)
    }

    fn decide(&self, principal: &Principal, asked: &Asked, time: Timestamp) -> Decision {
        self.decide_and_count(principal, asked, time).0
    }

    /// Decides, and says whether the receipt of it may wait: the owner's own looking, and uses of a contract that were
    /// foreseen.
    fn decide_and_count(&self, principal: &Principal, asked: &Asked, time: Timestamp) -> (Decision, bool) {
        let known = self.identity.read().unwrap_or_else(PoisonError::into_inner);
        let owner = Owner { did: &self.secrets.owner, devices: &known.devices, revoked: &known.revoked };
        let seen = matches!(asked.act, Act::View | Act::Store | Act::Fetch);
        let looks = |decision: &Decision| decision.is_allowed() && seen;
        let Principal::Twin(party) = principal else {
            let decision = decide(principal, asked, &[], &[], &owner, time);
            return (decision, looks(&decision));
        };
        // Where contracts cannot be read, there are none. Uses are counted and decided on in one go.
        let mut uses = self.peers.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let mut contracts = peers::contracts_with(self, party).unwrap_or_default();
        contracts.extend(tokens::contracts(self));
        let Ok(spent) = uses.spent(self, &contracts, time) else {
            return (decide(principal, asked, &[], &[], &owner, time), false);
        };
        let decision = decide(principal, asked, &contracts, &spent, &owner, time);
        let Decision::Allow { because: Basis::Contract(id), .. } = &decision else { return (decision, false) };
        let contract = contracts.iter().find(|contract| contract.id == *id);
        let gathered = looks(&decision) && self.receipts.gathers();
        let may_wait = contract.is_some_and(|contract| uses.used(self, contract, time, gathered));
        (decision, may_wait)
    }

    /// What the clock says, UTC milliseconds.
    pub(crate) fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// Fresh randomness.
    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], Failure> {
        self.world.random()
    }

    /// The owner, on this device.
    #[must_use]
    pub fn principal(&self) -> Principal {
        Principal::Device { owner: self.secrets.owner.clone(), device: self.device.did().clone() }
    }

    /// This device's key, to prove to another process of the owner's who is asking.
    #[must_use]
    pub fn device_key(&self) -> &SigningKey {
        &self.device
    }

    /// The twin's DID.
    #[must_use]
    pub fn did(&self) -> &Did {
        &self.secrets.owner
    }

    /// What a key slot holds.
    pub(crate) fn secrets(&self) -> &Unlocked {
        &self.secrets
    }

    /// Where it lies.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// What the owner should know since the twin was opened.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn clear_notices(&self) {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Every version of the twin's identity document, oldest first.
    pub(crate) fn versions(&self) -> Vec<SignedDocument> {
        self.identity.read().unwrap_or_else(PoisonError::into_inner).versions.clone()
    }

    /// The twin's identity document, newest version.
    pub(crate) fn document(&self) -> Result<DidDocument, Failure> {
        let known = self.identity.read().unwrap_or_else(PoisonError::into_inner);
        known.document.as_ref().map(|signed| signed.document.clone()).ok_or_else(no_identity)
    }

    /// The identity document with the endpoint at which the twin can be reached, while it can.
    fn with_endpoint(&self, mut document: serde_json::Value) -> serde_json::Value {
        if let Some(link) = self.peers.online.running() {
            document["service"] = serde_json::json!([{
                "id": format!("{}#twin", self.secrets.owner),
                "type": "TwinEndpoint",
                "serviceEndpoint": {
                    "device": self.device.did(),
                    "key": didymos_base::hex::encode(&link.key()),
                    "addresses": link.addrs().iter().map(ToString::to_string).collect::<Vec<_>>(),
                },
            }]);
        }
        document
    }

    fn answer(
        &self,
        principal: &Principal,
        transform: Transform,
        request: Request,
        payload: &mut Payload<'_>,
        watch: Watch<'_>,
    ) -> Result<Response, Failure> {
        match (&request, principal) {
            (Request::Query(query), Principal::Twin(_)) => {
                return narrow::query(self, query, transform, self.now()).map(Response::Query);
            }
            // Only what narrows may be asked under a contract that narrows.
            _ if transform != Transform::None => {
                return Err(Failure::new(FailureCode::Denied, "a contract that narrows does not cover this"));
            }
            _ => {}
        }
        match request {
            Request::Status => status::status(self).map(Response::Status),
            Request::Identity => {
                self.document().map(|document| Response::Identity(self.with_endpoint(document.to_json())))
            }
            Request::Streams => timeline::streams(self).map(Response::Streams),
            Request::Query(query) => timeline::query(self, &query).map(Response::Query),
            Request::View(view) => timeline::view(self, &view).map(Response::View),
            Request::Show(which) => provenance::show(self, &which).map(|shown| Response::Show(Box::new(shown))),
            Request::Prove(which) => provenance::prove(self, &which, false).map(Response::Proof),
            Request::ProveWitnessed(which) => provenance::prove(self, &which, true).map(Response::Proof),
            Request::Log(log) => journal::log(self, &log).map(Response::Log),
            Request::Verify => journal::verify(self, watch).map(Response::Verify),
            Request::Repair => journal::repair(self).map(Response::Repair),
            Request::Import(asked) => import::import(self, &asked, watch).map(Response::Import),
            Request::Export(asked) => export::export(self, &asked, watch).map(Response::Export),
            Request::BackupAdd(asked) => backup::add(self, &asked).map(Response::Backup),
            Request::BackupRun(asked) => backup::run(self, &asked, watch).map(Response::Backup),
            Request::BackupCheck(asked) => backup::check(self, &asked, watch).map(Response::Backup),
            Request::BackupList => backup::list(self).map(Response::Backup),
            Request::Today(asked) => today::cards(self, &asked).map(Response::Today),
            Request::Find(asked) => search::find(self, &asked).map(Response::Find),
            Request::Quality(asked) => quality::coverage(self, &asked).map(Response::Quality),
            Request::Receipts(asked) => receipts::list(self, &asked).map(Response::Receipts),
            Request::Protect => protect::status(self).map(Response::Protect),
            Request::Imports => imports::list(self).map(Response::Imports),
            Request::ImportUpload(which) => import::upload(self, &which, watch).map(Response::Import),
            Request::Undo(which) => imports::undo(self, &which).map(Response::Undo),
            Request::Tokens => tokens::list(self).map(Response::Tokens),
            Request::TokenNew(asked) => tokens::create(self, &asked).map(Response::TokenCreated),
            Request::TokenRevoke(asked) => tokens::revoke(self, &asked).map(Response::Tokens),
            Request::Forecast(asked) => {
                mirror_forecast::answer(self, &asked, watch).map(|answer| Response::Forecast(Box::new(answer)))
            }
            Request::Graph(asked) => mirror_graph::answer(self, &asked, watch).map(Response::Graph),
            Request::PairInvite => pairing::invite(self).map(Response::Pairings),
            Request::PairJoin(asked) => pairing::join(self, &asked).map(Response::Pairings),
            Request::PairList(asked) => Ok(Response::Pairings(pairing::list(self, &asked, watch))),
            Request::PairConfirm(asked) => pairing::confirm(self, &asked).map(Response::Pairings),
            Request::Contacts => contacts::list(self).map(Response::Contacts),
            Request::ContactChange(asked) => contacts::change(self, &asked).map(Response::Contacts),
            Request::ContractOffer(asked) => contracts::offer(self, &asked).map(Response::Contracts),
            Request::ContractAccept(which) => contracts::accept(self, &which).map(Response::Contracts),
            Request::ContractEnd(which) => contracts::end(self, &which).map(Response::Contracts),
            Request::Contracts => contracts::list(self).map(Response::Contracts),
            Request::ContractPreview(asked) => contract_uses::preview(self, &asked).map(Response::Query),
            Request::ContractUses(asked) => contract_uses::list(self, &asked).map(Response::Uses),
            Request::Look(asked) => contracts::look_at(self, &asked).map(|seen| Response::Looked(Box::new(seen))),
            Request::Paper(paper) => contracts::paper(self, principal, &paper).map(Response::Nothing),
            Request::SpaceOffer(asked) => space::offer(self, &asked).map(Response::Spaces),
            Request::Spaces => space::list(self).map(Response::Spaces),
            Request::Copies => copies::status(self).map(|shown| Response::Copies(Box::new(shown))),
            Request::CopiesSet(asked) => copies::set(self, asked).map(|shown| Response::Copies(Box::new(shown))),
            Request::CopiesSpread => copies::spread(self, watch).map(|shown| Response::Copies(Box::new(shown))),
            Request::CopiesAudit(asked) => {
                copies::audit(self, &asked, watch).map(|shown| Response::Copies(Box::new(shown)))
            }
            Request::CopiesHelp => copies::help(self).map(Response::Help),
            Request::SharePut(asked) => keeping::put(self, principal, &asked, payload).map(Response::Nothing),
            Request::ShareGet(asked) => keeping::get(self, principal, &asked, payload).map(Response::Share),
            Request::ShareList(asked) => keeping::list(self, principal, asked).map(Response::ShareNames),
            Request::ShareProve(asked) => keeping::prove(self, principal, &asked).map(Response::ShareProofs),
            Request::ShareDrop(asked) => keeping::drop_shares(self, principal, &asked).map(Response::Nothing),
            Request::ManifestPut(asked) => {
                keeping::put_manifest(self, principal, &asked, payload).map(Response::Nothing)
            }
            Request::ManifestGet => keeping::get_manifest(self, principal, payload).map(Response::Share),
            Request::Devices => devices::list(self).map(Response::Devices),
            Request::DeviceAdd(asked) => devices::add(self, &asked).map(Response::Pairings),
            Request::DeviceViewer => devices::viewer(self).map(Response::Pairings),
            Request::DeviceRevoke(asked) => devices::revoke(self, &asked).map(Response::Devices),
            Request::DevicePromote(asked) => devices::promote(self, &asked).map(Response::Devices),
            Request::JournalPull(asked) => devices::pull(self, principal, &asked, payload).map(Response::Pulled),
            Request::PhoneBook => Ok(Response::PhoneBook(peers::phonebook::show(self))),
            Request::PhoneBookSet(asked) => peers::phonebook::set(self, &asked).map(Response::PhoneBook),
            Request::PhoneBookExport(asked) => peers::website::export(self, &asked).map(Response::PhoneBookFiles),
            Request::ImportSent(asked) => {
                devices::sent::take(self, principal, &asked, payload).map(|()| Response::Nothing(Nothing {}))
            }
            Request::ReceiptsBring(brought) => {
                let taken = devices::replica::take_receipts(self, principal, &brought);
                taken.map(|()| Response::Nothing(Nothing {}))
            }
            Request::ReadSentence(asked) => mirror_what_if::reading(self, &asked).map(Response::Reading),
            Request::WhatIf(asked) => {
                mirror_what_if::answer(self, &asked, watch).map(|answer| Response::WhatIf(Box::new(answer)))
            }
            Request::Simulate(asked) => {
                mirror_simulate::answer(self, &asked, watch).map(|answer| Response::Simulated(Box::new(answer)))
            }
            Request::ExperimentAdd(asked) => {
                mirror_experiments::add(self, &asked).map(|shown| Response::Experiment(Box::new(shown)))
            }
            Request::ExperimentList => mirror_experiments::list(self).map(Response::Experiments),
            Request::ExperimentShow(which) => {
                mirror_experiments::show(self, &which).map(|shown| Response::Experiment(Box::new(shown)))
            }
            Request::ExperimentEnd(which) => {
                mirror_experiments::end(self, &which).map(|shown| Response::Experiment(Box::new(shown)))
            }
            Request::BrainAdd(asked) => mirror_brain::add(self, &asked, watch).map(Response::Brain),
            Request::BrainShow => mirror_brain::show(self).map(Response::Brain),
            Request::GuardiansSet(asked) => guardians::set(self, &asked).map(Self::guardians),
            Request::Guardians => guardians::list(self).map(Self::guardians),
            Request::GuardiansEnd => guardians::end(self).map(Self::guardians),
            Request::GuardiansRehearse => guardians::rehearse(self).map(Response::Rehearsal),
            Request::GuardianAccept(which) => guardians::accept(self, &which).map(Self::guardians),
            Request::GuardianRefuse(which) => guardians::refuse(self, &which).map(Self::guardians),
            Request::ClaimApprove(asked) => guardians::approve(self, &asked).map(Self::guardians),
            Request::ClaimDeny(which) => guardians::deny(self, &which).map(Self::guardians),
            Request::ClaimCancel(which) => guardians::cancel(self, &which).map(Self::guardians),
            Request::RecoveryBegin(asked) => recovery::begin(self, &asked).map(Response::Recovery),
            Request::RecoveryStatus => recovery::status(self).map(Response::Recovery),
            Request::HeirsSet(asked) => heirs::set(self, &asked).map(Response::Heirs),
            Request::Heirs => heirs::list(self).map(Response::Heirs),
            Request::InheritanceClaim(asked) => heirs::claim(self, &asked).map(Response::Recovery),
            Request::InheritanceOpen(asked) => {
                heirs::open(self, &asked).map(|inherited| Response::Inherited(Box::new(inherited)))
            }
            Request::GuardPaper(paper) => guardians::paper(self, principal, &paper).map(Response::Nothing),
            Request::Collect(asked) => guardians::collect(self, principal, &asked).map(Response::Collected),
            Request::Probe(asked) => guardians::probe(self, principal, &asked).map(Response::Probed),
            Request::Witnesses => witness::list(self).map(Response::Witnesses),
            Request::WitnessAdd(which) => witness::add(self, &which).map(Response::Witnesses),
            Request::WitnessRemove(which) => witness::remove(self, &which).map(Response::Witnesses),
            Request::Evidence(which) => witness::evidence(self, &which).map(Response::Evidence),
            Request::Checkpoint(asked) => witness::checkpoint(self, principal, &asked).map(Response::Witnessed),
            Request::Seen(asked) => witness::seen(self, principal, &asked).map(Response::Seen),
            Request::Consistency(asked) => witness::consistency(self, principal, &asked).map(Response::Consistent),
            Request::Learn(asked) => mirror_learn::learn(self, &asked, watch).map(Response::Learnt),
            Request::Learnt => mirror_learn::status(self, watch).map(Response::Learnt),
            Request::Days(asked) => {
                mirror_portrait::answer(self, &asked, watch).map(|answer| Response::Days(Box::new(answer)))
            }
            Request::Generate(asked) => {
                mirror_generate::answer(self, &asked, watch).map(|answer| Response::Generated(Box::new(answer)))
            }
            Request::Propose(asked) => {
                mirror_propose::answer(self, &asked, watch).map(|answer| Response::Proposed(Box::new(answer)))
            }
            request => talk::answer(self, principal, request, payload, watch),
        }
    }
}

/// Told of a decision and its answer before the receipt is left; returns a record that is committed with the receipt.
pub(crate) type Witness<'a> = &'a mut dyn FnMut(&Decision, &Response) -> Option<(ObjectKind, Vec<u8>)>;

impl Twin {
    /// Decides, answers and leaves a receipt. The one way through the door.
    pub(crate) fn put(
        &self,
        principal: &Principal,
        request: Request,
        watch: Watch<'_>,
        witness: Option<Witness<'_>>,
    ) -> Result<Response, Failure> {
        self.put_with(principal, request, &mut Payload::default(), watch, witness)
    }

    /// The same for a request that bytes follow, or whose answer they follow.
    pub(crate) fn put_with(
        &self,
        principal: &Principal,
        request: Request,
        payload: &mut Payload<'_>,
        watch: Watch<'_>,
        witness: Option<Witness<'_>>,
    ) -> Result<Response, Failure> {
        match self.role() {
            Role::Writer => {}
            // It may not even leave a receipt: what it writes belongs to no journal any more.
            Role::Revoked => {
                let words = "the owner has revoked this device from another one of theirs: it answers nothing and writes \
                             nothing. What it held lies on the other device";
                return Err(Failure::new(FailureCode::Denied, words));
            }
            Role::Replica if devices::is_answered_here(&request) => {}
            Role::Replica => return devices::replica::pass_on(self, principal, &request),
        }
        let asked = asked_of(&request);
        let summary = summary_of(&request);
        let time = self.now();
        // Each receipt of following would be news to be followed.
        let quiet = match (&request, principal) {
            (Request::JournalPull(_), Principal::Device { device, .. }) => !self.devices.leaves_receipt(device, time),
            _ => false,
        };
        let (decision, may_wait) = self.decide_and_count(principal, &asked, time);
        if decision.is_allowed() && matches!(principal, Principal::Device { .. }) && shows_life(&request) {
            self.peers.guards.used(time);
        }
        let copied = if let Request::BackupRun(which) = &request { Some(which.clone()) } else { None };
        let result = match &decision {
            Decision::Allow { transform, .. } => self.answer(principal, *transform, request, payload, watch),
            Decision::Deny { because } => Err(Failure::new(FailureCode::Denied, because.to_string())),
        };
        let beside = match (&result, witness) {
            (Ok(response), Some(witness)) => witness(&decision, response),
            _ => None,
        };
        let outcome = outcome(&result, items);
        let quiet = quiet && decision.is_allowed();
        let receipt = Receipt::new(time, principal.clone(), &asked, &summary, decision, outcome);
        // A journal that is damaged takes no receipts, and nothing is answered from it but what heals it.
        if self.vault.ensure_whole().is_ok() && !quiet {
            self.receipts.leave_with(&receipt, beside, may_wait)?;
            if let (Some(which), Ok(_)) = (copied, &result) {
                backup::top_up(self, &which);
            }
        }
        result
    }
}

/// Whether a request of the owner's shows that they live. What an open page asks by itself does not.
fn shows_life(request: &Request) -> bool {
    !matches!(
        request,
        Request::Status | Request::PairList(_) | Request::Imports | Request::ImportUpload(_) | Request::Contacts
    )
}

impl Door for Twin {
    fn ask(&self, principal: &Principal, request: Request, watch: Watch<'_>) -> Result<Response, Failure> {
        self.put(principal, request, watch, None)
    }
}

fn outcome<T>(result: &Result<T, Failure>, items: impl Fn(&T) -> u64) -> Outcome {
    match result {
        Ok(response) => Outcome::Ok { items: items(response) },
        Err(failure) => Outcome::Failed { code: format!("{:?}", failure.code).to_lowercase() },
    }
}

fn no_identity() -> Failure {
    Failure::new(FailureCode::Damaged, "the journal holds no identity document of this twin: run `twin verify`")
}

/// Removes what an interrupted attempt to make a twin may have left behind.
pub(crate) fn clear_leftovers(home: &Path) {
    use didymos_vault::{journal, rollup};
    for leftover in [journal::JOURNAL, journal::HEAD, rollup::DERIVED] {
        let _ = std::fs::remove_file(home.join(leftover));
    }
}

pub(crate) fn refuse_existing(home: &Path) -> Result<(), Failure> {
    if home::exists(home) {
        let message = format!("{} already holds a twin: name another folder with --home", home.display());
        return Err(Failure::new(FailureCode::Invalid, message));
    }
    Ok(())
}

fn signer(device_seed: &Secret32, document: &SignedDocument) -> Result<Signer, Failure> {
    let key = SigningKey::from_seed(device_seed);
    let certificate = document.document.certificate(key.did()).cloned().ok_or_else(no_identity)?;
    Ok(Signer { key, certificate })
}

/// What is asked, in the words that contracts are written in.
fn asked_of(request: &Request) -> Asked {
    let on = |act, stream: &StreamId| Asked::new(request.name(), act).on([stream.clone()]);
    let exact = |moment: Option<crate::Moment>| {
        moment.map(|moment| match moment {
            crate::Moment::Wall(wall) => Timestamp(wall),
            crate::Moment::Exact(instant, _) => instant,
        })
    };
    match request {
        Request::Query(query) => on(Act::View, &query.stream).during(exact(query.from), exact(query.to)),
        Request::View(view) => on(Act::View, &view.stream).during(Some(Timestamp(view.from)), Some(Timestamp(view.to))),
        Request::ContractPreview(asked) => on(Act::View, &asked.stream).during(exact(asked.from), exact(asked.to)),
        Request::Show(which) => on(Act::View, &which.stream),
        Request::Prove(which) | Request::ProveWitnessed(which) => on(Act::Prove, &which.stream),
        Request::Quality(Quality { stream: Some(stream) }) => on(Act::View, stream),
        // A forecast may learn from every stream.
        Request::Streams
        | Request::Today(_)
        | Request::Find(_)
        | Request::Quality(_)
        | Request::Forecast(_)
        | Request::Graph(_)
        | Request::WhatIf(_)
        | Request::Simulate(_)
        | Request::ExperimentList
        | Request::ExperimentShow(_)
        | Request::BrainShow
        | Request::Learn(_)
        | Request::Learnt
        | Request::Days(_)
        | Request::Generate(_)
        | Request::Propose(_) => Asked::new(request.name(), Act::View).on_all(),
        Request::Status
        | Request::Log(_)
        | Request::Verify
        | Request::Identity
        | Request::BackupList
        | Request::Receipts(_)
        | Request::Protect
        | Request::ReadSentence(_)
        | Request::Imports
        | Request::Tokens
        | Request::PairList(_)
        | Request::Contacts
        | Request::Contracts
        | Request::Spaces
        | Request::Copies
        | Request::ContractUses(_)
        | Request::Devices
        | Request::Look(_)
        | Request::Circles
        | Request::Messages(_)
        | Request::MessageRead(_)
        | Request::FileFetch(_)
        | Request::FileSave(_)
        | Request::FileRead(_)
        | Request::PhoneBook
        | Request::Guardians
        | Request::GuardiansRehearse
        | Request::RecoveryStatus
        | Request::Heirs
        | Request::Witnesses
        | Request::Evidence(_) => Asked::new(request.name(), Act::View),
        Request::Paper(_)
        | Request::GuardPaper(_)
        | Request::Collect(_)
        | Request::Probe(_)
        | Request::Checkpoint(_)
        | Request::Seen(_)
        | Request::Consistency(_)
        | Request::KeyPackage(_)
        | Request::Welcome(_)
        | Request::CircleSync(_)
        | Request::Piece(_) => Asked::new(request.name(), Act::Message),
        Request::JournalPull(_) => Asked::new(request.name(), Act::View).on_all(),
        Request::ReceiptsBring(_) => Asked::new(request.name(), Act::Write),
        Request::ImportSent(_) => Asked::new(request.name(), Act::Write).on_all(),
        Request::Import(_) | Request::ExperimentAdd(_) | Request::ExperimentEnd(_) | Request::BrainAdd(_) => {
            Asked::new(request.name(), Act::Write)
        }
        Request::SharePut(put) => Asked::new(request.name(), Act::Store).keeping(put.sent.bytes),
        Request::ManifestPut(put) => Asked::new(request.name(), Act::Store).keeping(put.sent.bytes),
        Request::ShareGet(_)
        | Request::ShareList(_)
        | Request::ShareProve(_)
        | Request::ShareDrop(_)
        | Request::ManifestGet => Asked::new(request.name(), Act::Fetch),
        // Which streams a file holds shows when it is read.
        Request::ImportUpload(_) => Asked::new(request.name(), Act::Write).on_all(),
        Request::Export(_)
        | Request::Undo(_)
        | Request::TokenNew(_)
        | Request::TokenRevoke(_)
        | Request::Repair
        | Request::BackupAdd(_)
        | Request::BackupRun(_)
        | Request::BackupCheck(_)
        | Request::PairInvite
        | Request::PairJoin(_)
        | Request::PairConfirm(_)
        | Request::ContactChange(_)
        | Request::ContractOffer(_)
        | Request::ContractAccept(_)
        | Request::ContractEnd(_)
        | Request::SpaceOffer(_)
        | Request::CopiesSet(_)
        | Request::CopiesSpread
        | Request::CopiesAudit(_)
        | Request::CopiesHelp
        | Request::GuardiansSet(_)
        | Request::GuardiansEnd
        | Request::GuardianAccept(_)
        | Request::GuardianRefuse(_)
        | Request::ClaimApprove(_)
        | Request::ClaimDeny(_)
        | Request::ClaimCancel(_)
        | Request::RecoveryBegin(_)
        | Request::HeirsSet(_)
        | Request::InheritanceClaim(_)
        | Request::InheritanceOpen(_)
        | Request::WitnessAdd(_)
        | Request::WitnessRemove(_)
        | Request::DeviceAdd(_)
        | Request::DeviceViewer
        | Request::PhoneBookSet(_)
        | Request::PhoneBookExport(_)
        | Request::DeviceRevoke(_)
        | Request::DevicePromote(_)
        | Request::CircleCreate(_)
        | Request::CircleInvite(_)
        | Request::CircleRemove(_)
        | Request::CircleLeave(_)
        | Request::CircleRename(_)
        | Request::CircleAdmin(_)
        | Request::CircleRenew(_)
        // Nobody else writes in the owner's name, whatever a contract says.
        | Request::MessageSend(_)
        | Request::FileTake(_)
        | Request::FileStage(_) => Asked::new(request.name(), Act::Manage),
    }
}

/// What is asked, in words for the log: never a value, a path or a secret.
fn summary_of(request: &Request) -> String {
    match request {
        Request::Query(query) => {
            let mut text = match query.every {
                Some(every) => format!("{} every {every}", query.stream),
                None => format!("{} raw", query.stream),
            };
            for (word, moment) in [("from", query.from), ("to", query.to)] {
                if let Some(moment) = moment {
                    text.push_str(&format!(" {word} {moment}"));
                }
            }
            text
        }
        Request::View(view) => {
            let text = |wall: i64| Timestamp(wall).rfc3339(ZoneOffset::UNKNOWN);
            format!("{} from {} to {}", view.stream, text(view.from), text(view.to))
        }
        Request::Show(which) | Request::Prove(which) | Request::ProveWitnessed(which) => {
            format!("{} at {}", which.stream, which.time)
        }
        Request::Forecast(asked) => format!("{} for {}", asked.stream, asked.horizon),
        Request::Look(asked) => format!("{} of {}", asked.stream, asked.contact),
        Request::ContactChange(asked) => asked.contact.clone(),
        Request::MessageSend(asked) => asked.to.clone(),
        Request::ContractOffer(asked) => format!("{} streams to {}", asked.streams.len(), asked.contact),
        Request::ContractPreview(asked) => asked.stream.to_string(),
        Request::ContractUses(asked) => asked.contract.clone(),
        Request::ContractAccept(which) | Request::ContractEnd(which) => which.contract.clone(),
        Request::SpaceOffer(asked) => format!("{} bytes to {}", asked.bytes, asked.contact),
        Request::SharePut(put) => format!("{} bytes", put.sent.bytes),
        Request::DeviceRevoke(asked) => asked.device.clone(),
        Request::Import(import) => format!("{} paths", import.paths.len()),
        Request::Today(Today { date: Some(date) }) => date.clone(),
        Request::TokenRevoke(which) => which.did.to_string(),
        Request::GuardiansSet(asked) => format!("{} of {} guardians", asked.threshold, asked.guardians.len()),
        Request::HeirsSet(asked) => format!("{} heirs", asked.heirs.len()),
        Request::GuardianAccept(which) | Request::GuardianRefuse(which) => which.ward.clone(),
        Request::ClaimApprove(asked) => asked.claim.clone(),
        Request::ClaimDeny(which) | Request::ClaimCancel(which) => which.claim.clone(),
        Request::InheritanceClaim(which) | Request::InheritanceOpen(which) => which.from.clone(),
        Request::WitnessAdd(which) | Request::WitnessRemove(which) => which.contact.clone(),
        Request::Quality(Quality { stream: Some(stream) }) => stream.to_string(),
        _ => String::new(),
    }
}

fn items(response: &Response) -> u64 {
    match response {
        Response::Streams(streams) => streams.len() as u64,
        Response::Query(answer) => {
            (answer.buckets.as_ref().map_or(0, Vec::len) + answer.points.as_ref().map_or(0, Vec::len)) as u64
        }
        Response::View(answer) => answer.time.len() as u64,
        Response::Forecast(answer) => answer.points.len() as u64,
        Response::Graph(answer) => answer.edges.len() as u64,
        Response::WhatIf(answer) => answer.outcomes.len() as u64,
        Response::Experiments(experiments) => experiments.len() as u64,
        Response::Log(answer) => answer.commits.len() as u64,
        Response::Verify(report) => report.observations,
        Response::Import(report) => report.added,
        Response::Export(report) => report.observations,
        Response::Backup(reports) => reports.iter().map(|report| report.copied).sum(),
        Response::Repair(report) => report.healed.len() as u64,
        Response::Today(answer) => answer.cards.len() as u64,
        Response::Find(answer) => answer.groups.iter().map(|group| group.results.len() as u64).sum(),
        Response::Quality(answer) => answer.streams.len() as u64,
        Response::Receipts(answer) => answer.receipts.len() as u64,
        Response::Imports(answer) => answer.imports.len() as u64,
        Response::Undo(answer) => answer.observations,
        Response::Tokens(tokens) => tokens.len() as u64,
        Response::Pairings(answer) => answer.len() as u64,
        Response::Contacts(answer) => answer.len() as u64,
        Response::Contracts(answer) => answer.len() as u64,
        Response::Uses(answer) => answer.uses.len() as u64,
        Response::Looked(answer) => {
            let answer = &answer.answer;
            (answer.buckets.as_ref().map_or(0, Vec::len) + answer.points.as_ref().map_or(0, Vec::len)) as u64
        }
        Response::Spaces(answer) => answer.len() as u64,
        Response::ShareNames(answer) => answer.shares.len() as u64,
        Response::ShareProofs(answer) => answer.leaves.len() as u64,
        Response::Learnt(models) => models.len() as u64,
        Response::Days(answer) => {
            (answer.like.len() + answer.unusual.len() + answer.filled.len() + answer.states.len()) as u64
        }
        Response::Generated(answer) => answer.days.len() as u64,
        Response::Proposed(answer) => answer.plan.len() as u64,
        Response::Nothing(_) => 0,
        Response::Heirs(answer) => answer.heirs.len() as u64,
        Response::Recovery(answer) => u64::from(answer.have),
        Response::Rehearsal(answer) => answer.steps.len() as u64,
        Response::Witnesses(answer) => answer.witnesses.len() as u64,
        Response::Seen(answer) => u64::from(answer.checkpoint.is_some()),
        Response::Devices(answer) => answer.devices.len() as u64,
        Response::Pulled(answer) => answer.commits,
        Response::PhoneBook(_) => 1,
        Response::PhoneBookFiles(answer) => answer.files.len() as u64,
        Response::Circles(circles) => circles.len() as u64,
        Response::Messages(page) => page.messages.len() as u64,
        Response::TokenCreated(_)
        | Response::Copies(_)
        | Response::Help(_)
        | Response::Share(_)
        | Response::Guardians(_)
        | Response::Inherited(_)
        | Response::Collected(_)
        | Response::Probed(_)
        | Response::Evidence(_)
        | Response::Witnessed(_)
        | Response::Consistent(_)
        | Response::FileStaged(_)
        | Response::File(_)
        | Response::FileSaved(_)
        | Response::FilePart(_)
        | Response::KeyPackage(_)
        | Response::Synced(_)
        | Response::Piece(_)
        | Response::Reading(_)
        | Response::Simulated(_)
        | Response::Experiment(_)
        | Response::Brain(_)
        | Response::Protect(_)
        | Response::Status(_)
        | Response::Show(_)
        | Response::Proof(_)
        | Response::Identity(_) => 1,
    }
}

/// Never breaks off: for callers that do not watch.
pub fn unwatched(_: crate::Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
