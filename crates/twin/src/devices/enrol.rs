//! Devices and viewers come and go: added with the 24 words, promoted with them, revoked with them.

use super::{DevicesSetting, Named, VIEWERS_MAX, ViewersSetting, identity, identity_key, invalid, list};
use super::{named_devices, viewers, writer};
use crate::capability::pairing;
use crate::door::{Failure, FailureCode};
use crate::request::{DeviceAdd, DevicePromote, DeviceRevoke};
use crate::response::{DevicesAnswer, PairingShown};
use crate::{Twin, settings};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::{Did, canonical};
use didymos_consent::Act;
use didymos_identity::{SignedDocument, VerifiedIdentity, verify_chain};
use didymos_link::peer::VERSIONS_MAX;
use didymos_link::{Peer, Purpose};
use didymos_vault::{ObjectKind, Signer};
use minicbor::{Decode, Encode};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// So long the owner's word that a device may be added holds: as long as the ticket, and a little.
const ADDING_MAX: Duration = Duration::from_mins(12);

/// What the machine that joins is given: everything that this one has but its own key.
#[derive(Encode, Decode)]
#[cbor(array)]
pub(crate) struct Given {
    /// Every version of the owner's identity, the new device in the last.
    #[n(0)]
    pub(crate) versions: Vec<SignedDocument>,
    /// Opens the vault.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) vault_key: [u8; 32],
}

impl Given {
    /// What was given, and the identity that it says.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, VerifiedIdentity), String> {
        let given: Self = canonical::decode(bytes).map_err(|_| "what was given cannot be read".to_owned())?;
        if given.versions.len() > VERSIONS_MAX {
            return Err("what was given has more versions of an identity than are taken in".to_owned());
        }
        let identity = verify_chain(&given.versions).map_err(|error| error.to_string())?;
        Ok((given, identity))
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.vault_key);
    }
}

/// Makes a ticket for another machine of the owner's.
pub(crate) fn add(twin: &Twin, asked: &DeviceAdd) -> Result<Vec<PairingShown>, Failure> {
    let (phrase, _) = identity_key(twin, &asked.words)?;
    let begun = pairing::invite_for(twin, Purpose::Device)?;
    twin.devices.state().adding = Some((phrase, Instant::now() + ADDING_MAX));
    Ok(begun)
}

/// Makes a ticket for a machine that may open the page.
pub(crate) fn viewer(twin: &Twin) -> Result<Vec<PairingShown>, Failure> {
    if viewers(twin).len() >= VIEWERS_MAX {
        return Err(invalid("32 viewers are the most: revoke one first"));
    }
    pairing::invite_for(twin, Purpose::Viewer)
}

/// Both sides have said that the digits are the same: keeps the machine, and says what it is given.
pub(crate) fn enrol(twin: &Twin, purpose: Purpose, peer: &Peer) -> Result<Zeroizing<Vec<u8>>, Failure> {
    match purpose {
        Purpose::Device => enrol_device(twin, peer),
        Purpose::Viewer => enrol_viewer(twin, peer).map(|()| Zeroizing::new(Vec::new())),
        Purpose::Contact => Err(invalid("a contact is no device")),
    }
}

fn enrol_device(twin: &Twin, peer: &Peer) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let adding = twin.devices.state().adding.take().filter(|(_, until)| Instant::now() < *until);
    let (phrase, _) = adding.ok_or_else(|| invalid("nobody has said that a device may be added: begin again"))?;
    twin.act("devices.enrol@1", Act::Manage, peer.device.as_str(), || {
        let versions = twin.versions();
        let key = super::controlling_key(&phrase, &versions)?;
        let last = versions.last().ok_or_else(|| invalid("there is no identity"))?;
        let at = twin.now();
        let next = last.with_device(&key, &peer.device, at).map_err(|error| invalid(error.to_string()))?;
        let mut named = named_devices(twin);
        named.push(Named { did: peer.device.clone(), name: name_for(twin, peer), since: at, versions: Vec::new() });
        let setting = settings::encode(&DevicesSetting { own_devices: named })?;
        let records = [(ObjectKind::Identity, vec![next.encode()]), (ObjectKind::Setting, vec![setting])];
        twin.vault.commit_records(&records, at)?;
        twin.read_identity()?;
        let vault_key = *twin.secrets().vault_key.to_bytes();
        let given = Given { versions: twin.versions(), vault_key };
        Ok(Zeroizing::new(canonical::encode(&given)))
    })
}

/// What the machine calls itself, unless another one is called so.
fn name_for(twin: &Twin, peer: &Peer) -> String {
    let given = peer.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).unwrap_or("device");
    let taken: Vec<String> = match list(twin) {
        Ok(answer) => answer.devices.into_iter().map(|device| device.name.to_lowercase()).collect(),
        Err(_) => Vec::new(),
    };
    let numbered = (2..).map(|number| format!("{given} {number}"));
    let free = |name: &String| !taken.contains(&name.to_lowercase());
    std::iter::once(given.to_owned()).chain(numbered).find(free).unwrap_or_default()
}

fn enrol_viewer(twin: &Twin, peer: &Peer) -> Result<(), Failure> {
    twin.act("devices.enrol@1", Act::Manage, peer.did.as_str(), || {
        let mut all = viewers(twin);
        all.retain(|viewer| viewer.did != peer.did);
        let encode = |version: &SignedDocument| URL_SAFE_NO_PAD.encode(version.encode());
        let versions = peer.versions.iter().map(encode).collect();
        all.push(Named { did: peer.did.clone(), name: name_for(twin, peer), since: twin.now(), versions });
        settings::keep(twin, &ViewersSetting { viewers: all })
    })
}

/// The device that `text` means: its DID, its name, or the beginning of that.
fn meant(twin: &Twin, text: &str) -> Result<Did, Failure> {
    let wanted = text.trim().to_lowercase();
    let devices = list(twin)?.devices;
    let exact = devices.iter().find(|one| one.did.as_str() == text.trim() || one.name.to_lowercase() == wanted);
    if let Some(device) = exact {
        return Ok(device.did.clone());
    }
    let begins: Vec<_> =
        devices.iter().filter(|device| !wanted.is_empty() && device.name.to_lowercase().starts_with(&wanted)).collect();
    match begins.as_slice() {
        [one] => Ok(one.did.clone()),
        [] => {
            let words = format!("there is no device {text:?}: `twin device list` lists them");
            Err(Failure::new(FailureCode::NotFound, words))
        }
        _ => Err(invalid(format!("several devices begin with {text:?}: say which"))),
    }
}

/// Takes a device's or a viewer's rights away, at once.
pub(crate) fn revoke(twin: &Twin, asked: &DeviceRevoke) -> Result<DevicesAnswer, Failure> {
    let device = meant(twin, &asked.device)?;
    let mut all = viewers(twin);
    if all.iter().any(|viewer| viewer.did == device) {
        all.retain(|viewer| viewer.did != device);
        settings::keep(twin, &ViewersSetting { viewers: all })?;
        if let Some(link) = twin.peers.online.running() {
            link.part(Some(&device));
        }
        return list(twin);
    }
    if device == *twin.device_key().did() {
        return Err(invalid(
            "this is the device that you are at: revoke it from another one, after `twin device promote`",
        ));
    }
    let words = asked.words.as_ref().ok_or_else(|| invalid("revoking a device takes the 24 words"))?;
    let (_, key) = identity_key(twin, words)?;
    let versions = twin.versions();
    let last = versions.last().ok_or_else(|| invalid("there is no identity"))?;
    let next = last.revoke(&key, &device, twin.now(), None).map_err(|error| invalid(error.to_string()))?;
    twin.vault.commit_records(&[(ObjectKind::Identity, vec![next.encode()])], twin.now())?;
    twin.read_identity()?;
    if let Some(link) = twin.peers.online.running() {
        link.part(Some(twin.did()));
    }
    list(twin)
}

/// This replica takes over from a writer that is lost.
pub(crate) fn promote(twin: &Twin, asked: &DevicePromote) -> Result<DevicesAnswer, Failure> {
    if !twin.is_replica() {
        return Err(invalid("this device writes the journal already"));
    }
    let (_, key) = identity_key(twin, &asked.words)?;
    let old = writer(twin).ok_or_else(|| invalid("the journal is empty"))?;
    // Two that write are worse than one that waits: whoever is there is asked to go first.
    if twin.link().is_ok_and(|link| link.greet(twin.did()).is_ok()) {
        let words =
            "the device that writes is there and answers: shut its twin down first, so that the two do not both write";
        return Err(Failure::new(FailureCode::Busy, words));
    }
    let versions = twin.versions();
    let last = versions.last().ok_or_else(|| invalid("there is no identity"))?;
    let at = twin.now();
    let tip = twin.vault.tip().map(|tip| tip.seq);
    let next = last.revoke(&key, &old, at, tip).map_err(|error| invalid(error.to_string()))?;
    let (certificate, _) = identity(twin)?
        .certificate(twin.device_key().did())
        .map(|(signed, by)| (signed.clone(), by.clone()))
        .ok_or_else(|| Failure::new(FailureCode::Denied, "the owner's identity does not list this device"))?;
    twin.vault.set_signer(Signer { key: twin.device_key().clone(), certificate });
    twin.vault.commit_records(&[(ObjectKind::Identity, vec![next.encode()])], at)?;
    twin.read_identity()?;
    twin.bring_receipts_home()?;
    twin.listen_for_contacts()?;
    list(twin)
}
