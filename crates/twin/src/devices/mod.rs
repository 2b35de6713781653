//! The owner's own devices: one that writes the journal, others that keep a whole live copy of it, and viewers.
//!
//! A journal has one writer: the device that signed its last commit. Nothing else says who writes, so nothing can say
//! it wrongly. Every other device that the owner's identity lists is a *replica*: it [follows](replica) the writer,
//! answers from its copy, passes on what is to be written, and brings the receipts of what it answered. A replica that
//! is promoted revokes the writer, from the last commit that it has on, and signs that as its own first commit; the old
//! writer stops as soon as it hears of it, and what it has signed since is taken in by nobody.
//!
//! A *viewer* is no device of the identity. It holds no data and may open the twin's page, where it has to sign in.

pub mod connect;
mod enrol;
pub mod joining;
pub(crate) mod replica;
pub(crate) mod sent;

use crate::door::{Failure, FailureCode};
use crate::payload::{Payload, Sent};
use crate::request::{CommitNamed, JournalPull, Words};
use crate::response::{DeviceRole, DevicesAnswer, OwnDevice, Pulled};
use crate::{Request, Twin, settings};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::{Did, Digest, Timestamp, ZoneOffset, canonical};
use didymos_consent::{Act, Contract, Period, Principal, Streams};
use didymos_identity::{IdentityKey, RecoveryPhrase, SignedDocument, VerifiedIdentity, verify_chain};
use didymos_link::{Known, Place};
use didymos_vault::Tip;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use enrol::{add, enrol, promote, revoke, viewer};

/// The most viewers at a time.
const VIEWERS_MAX: usize = 32;
/// The most bytes of the journal that are sent in one go.
pub(crate) const PULL_BYTES_MAX: u64 = 1 << 30;
/// How long a device that has everything may be kept waiting for news.
const WAIT_MAX: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(20);
/// Following and tunnelling leave a receipt when they begin, and again after so long: each would otherwise be news that
/// the next one has to bring.
const RECEIPT_EVERY_MS: i64 = 24 * 3_600_000;

/// What of the owner's devices lies in memory.
#[derive(Default)]
pub(crate) struct Devices {
    state: Mutex<State>,
    pub(crate) replica: replica::State,
    /// Where the twin's own page is served.
    page: Mutex<Option<SocketAddr>>,
}

#[derive(Default)]
struct State {
    /// The owner has said with the 24 words that a device may be added, until then.
    adding: Option<(RecoveryPhrase, Instant)>,
    /// When a device was last heard of, and how many commits it had.
    seen: BTreeMap<Did, (Timestamp, u64)>,
    /// When a receipt was last left of a principal that comes often.
    receipted: BTreeMap<Did, Timestamp>,
}

impl Devices {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what `who` does now leaves a receipt of its own.
    pub(crate) fn leaves_receipt(&self, who: &Did, now: Timestamp) -> bool {
        let mut state = self.state();
        let last = state.receipted.get(who);
        let due = last.is_none_or(|last| now.0.saturating_sub(last.0) >= RECEIPT_EVERY_MS || now < *last);
        if due {
            state.receipted.insert(who.clone(), now);
        }
        due
    }
}

/// What this device is, as the journal and the identity say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Role {
    #[default]
    Writer,
    Replica,
    Revoked,
}

/// A device that was added, or a viewer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) did: Did,
    pub(crate) name: String,
    pub(crate) since: Timestamp,
    /// Of a viewer: the versions of its identity, in base64url of their canonical bytes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) versions: Vec<String>,
}

/// The setting that names devices. A newer one replaces the older one.
#[derive(Default, Serialize, Deserialize)]
struct DevicesSetting {
    own_devices: Vec<Named>,
}

/// The setting that lists viewers.
#[derive(Default, Serialize, Deserialize)]
struct ViewersSetting {
    viewers: Vec<Named>,
}

fn invalid(words: impl Into<String>) -> Failure {
    Failure::new(FailureCode::Invalid, words)
}

fn named_devices(twin: &Twin) -> Vec<Named> {
    settings::newest::<DevicesSetting>(twin).ok().flatten().unwrap_or_default().own_devices
}

pub(crate) fn viewers(twin: &Twin) -> Vec<Named> {
    settings::newest::<ViewersSetting>(twin).ok().flatten().unwrap_or_default().viewers
}

/// The identity that a viewer made for itself, if it is one.
pub(crate) fn viewer_known(twin: &Twin, did: &Did) -> Option<Known> {
    let viewer = viewers(twin).into_iter().find(|viewer| viewer.did == *did)?;
    let version = |text: &String| SignedDocument::decode(&URL_SAFE_NO_PAD.decode(text).ok()?).ok();
    let versions = viewer.versions.iter().map(version).collect::<Option<Vec<_>>>()?;
    Some(Known { versions, places: Vec::new() })
}

/// What a link needs to know of the owner's other devices.
pub(crate) fn own_known(twin: &Twin) -> Known {
    let versions = twin.versions();
    let place = |place: &replica::WriterPlace| Place { endpoint: place.endpoint, addrs: place.addrs.clone() };
    Known { versions, places: twin.devices.replica.place(twin).as_ref().map(place).into_iter().collect() }
}

/// The identity key in control, grown from the owner's words.
fn identity_key(twin: &Twin, words: &Words) -> Result<(RecoveryPhrase, IdentityKey), Failure> {
    let phrase = RecoveryPhrase::parse(words.as_str()).map_err(|error| invalid(error.to_string()))?;
    let key = controlling_key(&phrase, &twin.versions())?;
    Ok((phrase, key))
}

/// Whether a machine that joins could take these bytes for what it is given: for fuzzing.
#[doc(hidden)]
#[must_use]
pub fn is_given(bytes: &[u8]) -> bool {
    enrol::Given::read(bytes).is_ok()
}

/// Refuses words of another identity than this twin's.
pub(crate) fn controlled_by(twin: &Twin, phrase: &RecoveryPhrase) -> Result<(), Failure> {
    controlling_key(phrase, &twin.versions()).map(drop)
}

fn controlling_key(phrase: &RecoveryPhrase, versions: &[SignedDocument]) -> Result<IdentityKey, Failure> {
    let identity = verify_chain(versions).map_err(|error| Failure::new(FailureCode::Damaged, error.to_string()))?;
    let number = identity.controllers().len() as u32 - 1;
    let key = phrase.identity_key_number(number);
    if identity.controllers().last() != Some(key.did()) {
        return Err(invalid("these are not the 24 words of this twin: look for the other paper"));
    }
    Ok(key)
}

fn identity(twin: &Twin) -> Result<VerifiedIdentity, Failure> {
    verify_chain(&twin.versions()).map_err(|error| Failure::new(FailureCode::Damaged, error.to_string()))
}

/// The device that signed the last commit.
pub(crate) fn writer(twin: &Twin) -> Option<Did> {
    twin.vault.index().commits.last().map(|last| last.device.clone())
}

/// What a device is called: the name that it was given, or where it comes in the identity's list.
fn name_of(named: &[Named], did: &Did, number: usize) -> String {
    let given = named.iter().find(|device| device.did == *did).map(|device| device.name.clone());
    given.unwrap_or_else(|| if number == 0 { "first device".to_owned() } else { format!("device {}", number + 1) })
}

pub(crate) fn list(twin: &Twin) -> Result<DevicesAnswer, Failure> {
    let (identity, writer) = (identity(twin)?, writer(twin));
    let (named, seen) = (named_devices(twin), twin.devices.state().seen.clone());
    let utc = |time: Timestamp| time.rfc3339(ZoneOffset::UTC);
    let own = twin.device_key().did();
    let mut devices: Vec<OwnDevice> = Vec::new();
    for (number, signed) in identity.document().devices.iter().enumerate() {
        let did = signed.certificate.device.clone();
        let revoked = identity.document().revocation(&did).map(|revocation| utc(revocation.at));
        let role = if revoked.is_some() {
            DeviceRole::Revoked
        } else if writer.as_ref() == Some(&did) {
            DeviceRole::Writer
        } else {
            DeviceRole::Replica
        };
        devices.push(OwnDevice {
            name: name_of(&named, &did, number),
            role,
            this: did == *own,
            since: utc(signed.certificate.issued),
            revoked,
            seen: seen.get(&did).map(|(at, _)| utc(*at)),
            commits: seen.get(&did).map(|(_, commits)| *commits),
            did,
        });
    }
    devices.sort_by_key(|device| (!device.this, device.role == DeviceRole::Revoked));
    devices.extend(viewers(twin).into_iter().map(|viewer| OwnDevice {
        name: viewer.name,
        role: DeviceRole::Viewer,
        this: false,
        since: utc(viewer.since),
        revoked: None,
        seen: seen.get(&viewer.did).map(|(at, _)| utc(*at)),
        commits: None,
        did: viewer.did,
    }));
    let commits = twin.vault.index().commits.len() as u64;
    Ok(DevicesAnswer { devices, commits, waiting: replica::waiting(twin) })
}

fn said(tip: Tip) -> CommitNamed {
    CommitNamed { seq: tip.seq, digest: tip.digest }
}

/// Answers another device of the owner's that follows the journal.
pub(crate) fn pull(
    twin: &Twin,
    principal: &Principal,
    asked: &JournalPull,
    payload: &mut Payload<'_>,
) -> Result<Pulled, Failure> {
    let Principal::Device { device, .. } = principal else {
        return Err(Failure::new(FailureCode::Denied, "only the owner's own devices follow the journal"));
    };
    let after = asked.after.map(|named| Tip { seq: named.seq, digest: named.digest });
    let until = Instant::now() + WAIT_MAX.min(Duration::from_millis(u64::from(asked.wait_ms)));
    while twin.vault.tip() == after && Instant::now() < until && !twin.peers.online.is_ending() {
        std::thread::sleep(PAUSE);
    }
    let stretch = twin.vault.after(after, PULL_BYTES_MAX)?;
    let newest = twin.vault.tip().map(said).ok_or_else(|| Failure::new(FailureCode::NotFound, "an empty journal"))?;
    let has = after.map_or(0, |tip| tip.seq + 1);
    twin.devices.state().seen.insert(device.clone(), (twin.now(), has));
    let (commits, bytes) = (stretch.commits, stretch.left());
    payload.send(bytes, Box::new(stretch));
    Ok(Pulled { commits, newest, sent: Sent { bytes, digest: None } })
}

/// Whether a replica answers this from its own copy. Everything else is the writer's to do.
pub(crate) fn is_answered_here(request: &Request) -> bool {
    matches!(
        request,
        Request::Status
            | Request::Streams
            | Request::Query(_)
            | Request::View(_)
            | Request::Show(_)
            | Request::Prove(_)
            | Request::Log(_)
            | Request::Verify
            | Request::Export(_)
            | Request::Forecast(_)
            | Request::Graph(_)
            | Request::ReadSentence(_)
            | Request::WhatIf(_)
            | Request::Simulate(_)
            | Request::ExperimentList
            | Request::ExperimentShow(_)
            | Request::BrainShow
            | Request::Identity
            | Request::Today(_)
            | Request::Find(_)
            | Request::Quality(_)
            | Request::Receipts(_)
            | Request::Protect
            | Request::Imports
            | Request::BackupList
            | Request::Contacts
            | Request::Contracts
            | Request::ContractUses(_)
            | Request::ContractPreview(_)
            | Request::Circles
            | Request::Messages(_)
            | Request::FileRead(_)
            | Request::FileSave(_)
            | Request::Guardians
            | Request::Heirs
            | Request::Witnesses
            | Request::Evidence(_)
            | Request::Spaces
            | Request::Days(_)
            | Request::Generate(_)
            | Request::Propose(_)
            | Request::Learnt
            | Request::Devices
            | Request::PhoneBook
            | Request::DevicePromote(_)
    )
}

/// What names files of the machine that it is asked on, and can therefore not be passed on.
pub(crate) fn names_paths(request: &Request) -> bool {
    matches!(
        request,
        Request::BackupAdd(_)
            | Request::BackupRun(_)
            | Request::BackupCheck(_)
            | Request::Repair
            | Request::BrainAdd(_)
    )
}

/// Whether there is another machine that may come by: a device of the owner's, or a viewer.
pub(crate) fn has_others(twin: &Twin) -> bool {
    let active = twin.document().map_or(0, |document| document.active_devices().count());
    active > 1 || !viewers(twin).is_empty()
}

/// Where the tunnel of a viewer, or of another device of the owner's, ends.
pub(crate) fn tunnel(twin: &Twin, peer: &didymos_link::Peer) -> Result<SocketAddr, Failure> {
    let own = peer.did == *twin.did();
    let principal = if own {
        Principal::Device { owner: peer.did.clone(), device: peer.device.clone() }
    } else {
        Principal::Twin(peer.did.clone())
    };
    let who = if own { &peer.device } else { &peer.did };
    let contract = viewers(twin).into_iter().find(|viewer| viewer.did == peer.did).map(|viewer| opens(twin, &viewer));
    twin.pass(&principal, didymos_consent::PAGE, who, |principal, asked, now| {
        twin.decide_with(principal, asked, contract.as_slice(), now)
    })?;
    twin.devices.state().seen.insert(who.clone(), (twin.now(), 0));
    let page = *twin.devices.page.lock().unwrap_or_else(PoisonError::into_inner);
    page.ok_or_else(|| Failure::new(FailureCode::NotFound, "no page is served there: `twin up` does"))
}

/// What a viewer may: reach the page, and nothing else.
fn opens(twin: &Twin, viewer: &Named) -> Contract {
    Contract {
        id: Digest::of(&canonical::encode(&("viewer", twin.did(), &viewer.did, viewer.since))),
        assigner: twin.did().clone(),
        assignee: viewer.did.clone(),
        acts: vec![Act::View],
        streams: Streams::NONE,
        period: Period::ALWAYS,
        resolution_ms: None,
        rate: None,
        space: None,
        purpose: "opening the page".to_owned(),
        starts: Timestamp::MIN,
        expires: Timestamp::MAX,
        ended: None,
    }
}

impl Twin {
    /// Says where the twin's own page is served on this machine, for those who may reach it from elsewhere.
    pub fn page_at(&self, addr: SocketAddr) {
        *self.devices.page.lock().unwrap_or_else(PoisonError::into_inner) = Some(addr);
    }
}
