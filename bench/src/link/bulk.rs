//! Sealed objects in bulk, beside bare iroh, in turns in one run: 64 KiB objects of a journal from one vault to another.
//!
//! - `bare`: as many bytes over one stream of iroh, from memory to nowhere;
//! - `sync`: a writer's journal over a link into a replica's, each frame held against its digest, each commit against
//!   its list and signature, written and made durable.

use super::{Bare, Result, asker, knows};
use didymos_base::{Did, Timestamp, canonical};
use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, SigningKey};
use didymos_link::{Call, Host, Incoming, Known, Link, Outgoing, Own, Peer, Reply, Settings};
use didymos_vault::{ObjectKind, Opening, Signer, Tip, Vault, VaultKey};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes of an object, about those of a chunk of a busy stream.
const OBJECT: usize = 64 * 1024;
const OBJECTS_OF_COMMIT: usize = 128;
const TURNS: usize = 9;

/// The writing side of the owner: it answers with what comes after a commit.
struct Writer {
    asker: Arc<super::Asker>,
    vault: Arc<Vault>,
}

impl Host for Writer {
    fn own(&self) -> Option<Own> {
        self.asker.own()
    }

    fn contact(&self, did: &Did) -> Option<Known> {
        self.asker.contact(did)
    }

    fn met(&self, _: &Peer) {}

    fn paired(&self, _: &Peer) -> std::result::Result<(), String> {
        Ok(())
    }

    fn answer(&self, peer: &Peer, call: Call) -> Reply {
        self.asker.answer(peer, call)
    }

    fn answer_with(&self, _: &Peer, call: Call, _: Option<&mut Incoming>) -> (Reply, Option<Outgoing>) {
        let after: Option<(u64, didymos_base::Digest)> = canonical::decode(&call.body).unwrap_or_default();
        let after = after.map(|(seq, digest)| Tip { seq, digest });
        match self.vault.after(after, u64::MAX) {
            Ok(stretch) => (Reply::Done(Vec::new()), Some(Outgoing { len: stretch.left(), bytes: Box::new(stretch) })),
            Err(_) => (Reply::Done(Vec::new()), None),
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

fn opening(dir: &Path, signs: bool) -> (Opening<'_>, Vec<u8>) {
    let phrase = RecoveryPhrase::from_entropy([8; 32]);
    let key = SigningKey::from_seed(&Secret32::from_bytes([9; 32]));
    let document = DidDocument::genesis(&phrase.identity_key(), key.did(), Timestamp(0), None);
    let signer = Signer { key, certificate: document.document.devices[0].clone() };
    let owner = document.document.id.clone();
    let signer = signs.then_some(signer);
    (Opening { dir, key: VaultKey::new(phrase.vault_key()), owner, signer, chance: None }, document.encode())
}

/// Bytes that do not pack, as sealed ones do not.
fn noise(len: usize, seed: &mut u64) -> Vec<u8> {
    let mut bytes = vec![0; len];
    for part in bytes.chunks_mut(8) {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mixed = (*seed ^ (*seed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        part.copy_from_slice(&mixed.to_le_bytes()[..part.len()]);
    }
    bytes
}

/// Throughputs in megabytes a second.
pub(super) fn run(megabytes: usize) -> Result<Value> {
    let dir = tempfile::tempdir()?;
    let writer_dir = dir.path().join("writer");
    std::fs::create_dir(&writer_dir)?;
    let (open, document) = opening(&writer_dir, true);
    let vault = Arc::new(Vault::create(open, &[(ObjectKind::Identity, vec![document])], Timestamp(0))?);
    let mut seed = 7;
    for _ in 0..(megabytes << 20) / (OBJECT * OBJECTS_OF_COMMIT) {
        let objects: Vec<_> =
            (0..OBJECTS_OF_COMMIT).map(|_| (ObjectKind::Uses, vec![noise(OBJECT, &mut seed)])).collect();
        vault.commit_records(&objects, Timestamp(0))?;
    }
    let bytes = vault.bytes()?;
    // Two devices of one owner.
    let (ann, _) = asker(11, 0)?;
    let phrase = RecoveryPhrase::from_entropy([11; 32]);
    let other = SigningKey::from_seed(&Secret32::from_bytes([12; 32]));
    let with = ann.own.versions[0].with_device(&phrase.identity_key(), other.did(), Timestamp(0))?;
    let versions = vec![ann.own.versions[0].clone(), with];
    let own = |device: &SigningKey| Own { versions: versions.clone(), device: device.clone(), name: None };
    let here = Arc::new(super::Asker { own: own(&ann.own.device), other: std::sync::Mutex::default(), answer_len: 0 });
    let there = Arc::new(super::Asker { own: own(&other), other: std::sync::Mutex::default(), answer_len: 0 });
    let start = |seed: u8, host: Arc<dyn Host>| {
        let bind = vec![std::net::SocketAddr::from(([127, 0, 0, 1], 0))];
        Link::start(&Secret32::from_bytes([seed; 32]), Settings { bind, ..Settings::default() }, host)
    };
    let at_writer = start(21, Arc::new(Writer { asker: Arc::clone(&here), vault: Arc::clone(&vault) }))?;
    let at_replica = start(22, Arc::clone(&there) as Arc<dyn Host>)?;
    knows(&there, &here, &at_writer);
    knows(&here, &there, &at_replica);
    let owner = ann.own.did().ok_or("no identity")?.clone();
    let bare = Bare::new(bytes as usize)?;

    let (mut bares, mut syncs) = (Vec::new(), Vec::new());
    for turn in 0..=TURNS {
        let began = Instant::now();
        if bare.take(b"all of it")? != bytes as usize {
            return Err("a short answer".into());
        }
        let bare_took = began.elapsed();
        let home = dir.path().join("replica");
        std::fs::create_dir(&home)?;
        let replica = Vault::begin_following(opening(&home, false).0)?;
        let began = Instant::now();
        let none: Option<(u64, didymos_base::Digest)> = None;
        let (_, incoming) = at_replica.call_with(&owner, Call::new("after", canonical::encode(&none)), None)?;
        let mut incoming = incoming.ok_or("nothing came")?;
        replica.follow(&mut incoming, &mut |_| ControlFlow::Continue(()))?;
        let sync_took = began.elapsed();
        if replica.tip() != vault.tip() {
            return Err("not the same journal".into());
        }
        drop(replica);
        std::fs::remove_dir_all(&home)?;
        // The first turn warms up.
        if turn > 0 {
            bares.push(bare_took);
            syncs.push(sync_took);
        }
    }
    let (bare, sync) = (speed(bytes, &mut bares), speed(bytes, &mut syncs));
    Ok(json!({ "bytes": bytes, "turns": TURNS, "bare_mb_s": bare, "sync_mb_s": sync, "of_bare": sync / bare }))
}

fn speed(bytes: u64, times: &mut [Duration]) -> f64 {
    times.sort();
    bytes as f64 / 1e6 / times[times.len() / 2].as_secs_f64()
}

/// How many round trips and how long it takes a replica to catch up with a thousand commits.
pub(super) fn catching_up() -> Result<Value> {
    let dir = tempfile::tempdir()?;
    let writer_dir = dir.path().join("writer");
    let replica_dir = dir.path().join("replica");
    std::fs::create_dir(&writer_dir)?;
    std::fs::create_dir(&replica_dir)?;
    let (open, document) = opening(&writer_dir, true);
    let writer = Arc::new(Vault::create(open, &[(ObjectKind::Identity, vec![document])], Timestamp(0))?);
    let replica = Vault::begin_following(opening(&replica_dir, false).0)?;
    let mut from = writer.after(None, u64::MAX)?;
    replica.follow(&mut from, &mut |_| ControlFlow::Continue(()))?;
    for number in 0..1_000u32 {
        writer.commit_records(&[(ObjectKind::Receipts, vec![number.to_be_bytes().to_vec()])], Timestamp(0))?;
    }
    let began = Instant::now();
    let mut stretches = 0;
    while replica.tip() != writer.tip() {
        let mut stretch = writer.after(replica.tip(), 1 << 30)?;
        replica.follow(&mut stretch, &mut |_| ControlFlow::Continue(()))?;
        stretches += 1;
    }
    Ok(json!({ "commits": 1_000, "stretches": stretches, "seconds": began.elapsed().as_secs_f64() }))
}
