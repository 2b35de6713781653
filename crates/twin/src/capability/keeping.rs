//! What other people's twins have kept here: shares of their journals, and the lists of them.
//!
//! They come and go under a contract of room, which the door's decision holds them to, and each share is known by its
//! name alone. Nothing of it can be read here.

use crate::Twin;
use crate::capability::space;
use crate::door::{Failure, FailureCode};
use crate::payload::{Payload, Sent, broken};
use crate::peers::look;
use crate::request::{ManifestPut, ShareDrop, ShareList, ShareProve, SharePut, ShareWhich};
use crate::response::{LeafProof, Nothing, ShareBytes, ShareNames, ShareProofs};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::{Did, Digest, canonical};
use didymos_consent::{Principal, Reason};
use didymos_copies::leaf::{self, SHARE_BYTES_MAX};
use didymos_copies::manifest::{ENVELOPE_BYTES_MAX, Envelope};
use didymos_identity::Secret32;
use didymos_link::book::Beacon;
use didymos_link::book::beacon::BEACONS_MAX;
use didymos_vault::held::Sort;
use minicbor::bytes::ByteArray;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};

/// Name of the file of beacons beside the journal.
pub(crate) const BEACONS: &str = "beacons";
/// Names in one answer.
pub(crate) const NAMES_MAX: usize = 2_048;
/// Leaves in one question.
pub(crate) const LEAVES_MAX: usize = 128;
/// Names in one request to drop.
const DROP_MAX: usize = 512;

fn invalid(words: &str) -> Failure {
    Failure::new(FailureCode::Invalid, words)
}

fn gone() -> Failure {
    Failure::new(FailureCode::NotFound, "nothing of that name is kept here")
}

/// Whose keeping is asked about: the asker's own and nobody else's.
fn asker(principal: &Principal) -> Result<&Did, Failure> {
    match principal {
        Principal::Twin(did) => Ok(did),
        _ => Err(invalid("shares are put and fetched by other twins")),
    }
}

/// The list of shares has one name.
fn manifest_name() -> Digest {
    Digest::of(b"didymos/copies/manifest/v1")
}

/// What follows the request, whole.
fn whole(payload: &mut Payload<'_>, sent: &Sent, most: usize) -> Result<Vec<u8>, Failure> {
    if sent.bytes > most as u64 {
        return Err(invalid("more bytes than are kept in one piece"));
    }
    let mut bytes = Vec::new();
    payload.upload()?.read_to_end(&mut bytes).map_err(|error| broken(&error))?;
    Ok(bytes)
}

/// Keeps what fits into the room that the asker has. Two at a time do not both take the last of it.
fn keep(twin: &Twin, owner: &Did, what: (Sort, Digest), number: u64, bytes: &[u8]) -> Result<Nothing, Failure> {
    let _one = twin.peers.keeping.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (held, now) = (twin.vault.held(), twin.now());
    if what.0 == Sort::Share && held.has(owner, what.0, &what.1)? {
        return Ok(Nothing {});
    }
    let room = space::room(twin, twin.did(), owner, now)?.unwrap_or(0);
    if held.used(owner)?.saturating_add(bytes.len() as u64) > room {
        return Err(Failure::new(FailureCode::Denied, Reason::NoRoom.to_string()));
    }
    held.put(owner, what, number, bytes, now)?;
    Ok(Nothing {})
}

pub(crate) fn put(
    twin: &Twin,
    principal: &Principal,
    asked: &SharePut,
    payload: &mut Payload<'_>,
) -> Result<Nothing, Failure> {
    let owner = asker(principal)?;
    let bytes = whole(payload, &asked.sent, SHARE_BYTES_MAX)?;
    if leaf::name_of(&bytes) != asked.share {
        return Err(invalid("these bytes do not have this name"));
    }
    keep(twin, owner, (Sort::Share, asked.share), 0, &bytes)
}

fn give(payload: &mut Payload<'_>, bytes: Vec<u8>) -> ShareBytes {
    let sent = Sent { bytes: bytes.len() as u64, digest: Some(Digest::of(&bytes)) };
    payload.send(sent.bytes, Box::new(Cursor::new(bytes)));
    ShareBytes { sent }
}

pub(crate) fn get(
    twin: &Twin,
    principal: &Principal,
    asked: &ShareWhich,
    payload: &mut Payload<'_>,
) -> Result<ShareBytes, Failure> {
    let bytes = twin.vault.held().get(asker(principal)?, Sort::Share, &asked.share)?.ok_or_else(gone)?;
    Ok(give(payload, bytes))
}

pub(crate) fn list(twin: &Twin, principal: &Principal, asked: ShareList) -> Result<ShareNames, Failure> {
    let (owner, held) = (asker(principal)?, twin.vault.held());
    let mut shares = held.shares(owner, asked.after, NAMES_MAX + 1)?;
    let more = shares.len() > NAMES_MAX;
    shares.truncate(NAMES_MAX);
    let manifest = held.manifest(owner)?.map(|(number, _)| number);
    Ok(ShareNames { shares, more, used: held.used(owner)?, manifest })
}

pub(crate) fn prove(twin: &Twin, principal: &Principal, asked: &ShareProve) -> Result<ShareProofs, Failure> {
    let owner = asker(principal)?;
    if !(1..=LEAVES_MAX).contains(&asked.leaves.len()) {
        return Err(invalid("1 to 128 pieces can be asked for at once"));
    }
    // The last share read: whoever asks in order has each read once.
    let mut last: Option<(Digest, Option<Vec<u8>>)> = None;
    let mut leaves = Vec::with_capacity(asked.leaves.len());
    for wanted in &asked.leaves {
        if last.as_ref().is_none_or(|(share, _)| *share != wanted.share) {
            last = Some((wanted.share, twin.vault.held().get(owner, Sort::Share, &wanted.share)?));
        }
        let share = last.as_ref().and_then(|(_, bytes)| bytes.as_deref());
        let proven = share.and_then(|share| leaf::prove(share, wanted.leaf));
        leaves.push(proven.map(|(bytes, path)| LeafProof { leaf: URL_SAFE_NO_PAD.encode(bytes), path }));
    }
    Ok(ShareProofs { leaves })
}

pub(crate) fn drop_shares(twin: &Twin, principal: &Principal, asked: &ShareDrop) -> Result<Nothing, Failure> {
    let owner = asker(principal)?;
    if asked.shares.len() > DROP_MAX {
        return Err(invalid("512 shares can be dropped at once"));
    }
    for share in &asked.shares {
        twin.vault.held().remove(owner, Sort::Share, share)?;
    }
    Ok(Nothing {})
}

pub(crate) fn put_manifest(
    twin: &Twin,
    principal: &Principal,
    asked: &ManifestPut,
    payload: &mut Payload<'_>,
) -> Result<Nothing, Failure> {
    let owner = asker(principal)?;
    let bytes = whole(payload, &asked.sent, ENVELOPE_BYTES_MAX)?;
    let envelope = Envelope::decode(&bytes).map_err(|error| invalid(&error.to_string()))?;
    let identity = look(twin, |book| book.contacts.get(owner).map(crate::peers::contacts::Contact::identity))?;
    let identity = identity.ok_or_else(|| Failure::new(FailureCode::Denied, "no contact"))??;
    envelope.check(&identity).map_err(|error| invalid(&error.to_string()))?;
    let held = twin.vault.held();
    if held.manifest(owner)?.is_some_and(|(number, _)| number > envelope.number) {
        return Err(invalid("a newer list of shares is kept here already"));
    }
    keep(twin, owner, (Sort::Manifest, manifest_name()), envelope.number, &bytes)?;
    if let Some(seed) = &asked.beacon {
        let bytes = URL_SAFE_NO_PAD.decode(seed.as_str()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let seed = bytes.ok_or_else(|| invalid("the seed of a beacon has 32 bytes"))?;
        keep_beacon(twin, owner, seed)?;
    }
    Ok(Nothing {})
}

/// Seeds of beacons, by whose they are. They lie sealed beside the journal; one that is lost comes with the next list.
type Seeds = BTreeMap<Did, ByteArray<32>>;

fn seeds(twin: &Twin) -> Seeds {
    twin.vault.read_beside(BEACONS).and_then(|bytes| canonical::decode(&bytes).ok()).unwrap_or_default()
}

fn keep_beacon(twin: &Twin, owner: &Did, seed: [u8; 32]) -> Result<(), Failure> {
    let _one = twin.peers.keeping.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (mut seeds, keeping) = (seeds(twin), twin.vault.held().owners()?);
    seeds.retain(|did, _| keeping.contains(did));
    if seeds.get(owner).is_some_and(|known| **known == seed)
        || (seeds.len() >= BEACONS_MAX && !seeds.contains_key(owner))
    {
        return Ok(());
    }
    seeds.insert(owner.clone(), seed.into());
    Ok(twin.vault.write_beside(BEACONS, &canonical::encode(&seeds))?)
}

/// The beacons that this twin lights: of everybody whose list of shares is kept here.
pub(crate) fn beacons(twin: &Twin) -> Vec<Beacon> {
    let held = twin.vault.held();
    let is_kept = |owner: &Did| held.manifest(owner).is_ok_and(|manifest| manifest.is_some());
    let kept = seeds(twin).into_iter().filter(|(owner, _)| is_kept(owner));
    kept.map(|(_, seed)| Beacon::new(Secret32::from_bytes(*seed))).collect()
}

pub(crate) fn get_manifest(
    twin: &Twin,
    principal: &Principal,
    payload: &mut Payload<'_>,
) -> Result<ShareBytes, Failure> {
    let bytes = twin.vault.held().get(asker(principal)?, Sort::Manifest, &manifest_name())?.ok_or_else(gone)?;
    Ok(give(payload, bytes))
}
