//! What the vault's tests share: a twin's keys, rows, and one way to import them.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)]

use didymos_base::{Digest, Row, Source, Stream, Timestamp, Value, ZoneOffset, streams};
use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, SigningKey};
use didymos_vault::disk::Disk;
use didymos_vault::{ObjectKind, Opening, PartReport, Signer, Vault, VaultError, VaultKey};
use std::path::Path;
use std::sync::Arc;

pub const START: i64 = 1_700_000_000_000;

pub fn opening(dir: &Path) -> Opening<'_> {
    let phrase = RecoveryPhrase::from_entropy([7; 32]);
    let key = SigningKey::from_seed(&Secret32::from_bytes([9; 32]));
    let document = identity();
    let certificate = document.document.devices[0].clone();
    let owner = document.document.id;
    Opening {
        dir,
        key: VaultKey::new(phrase.vault_key()),
        owner,
        signer: Some(Signer { key, certificate }),
        chance: None,
    }
}

pub fn identity() -> didymos_identity::SignedDocument {
    let phrase = RecoveryPhrase::from_entropy([7; 32]);
    let key = SigningKey::from_seed(&Secret32::from_bytes([9; 32]));
    DidDocument::genesis(&phrase.identity_key(), key.did(), Timestamp(START), None)
}

pub fn create(disk: Arc<dyn Disk>, dir: &Path) -> Vault {
    let records = [(ObjectKind::Identity, vec![identity().encode()])];
    Vault::create_on(disk, opening(dir), &records, Timestamp(START)).unwrap()
}

pub fn heart_rate() -> Stream {
    streams::known("heart_rate").unwrap().stream()
}

pub fn now() -> Timestamp {
    Timestamp(START)
}

/// Minute `m` of a made-up heart: a daily wave, so that buckets differ.
pub fn beat(minute: i64) -> f64 {
    (60.0 + 15.0 * ((minute % 1_440) as f64 / 1_440.0 * std::f64::consts::TAU).sin()).round()
}

/// Imports minutes `from..to` of one source as one file.
pub fn import_minutes(
    vault: &Vault,
    minutes: std::ops::Range<i64>,
    source: &str,
) -> Result<Vec<PartReport>, VaultError> {
    let mut import = vault.import(&now)?;
    let part = import.begin_part("heart.csv", "csv");
    let stream = import.stream(&heart_rate());
    let source = import.source(&Source::named(source));
    let rows = minutes.map(|minute| Row {
        stream,
        source,
        start: Timestamp(START + minute * 60_000),
        end: Timestamp(START + minute * 60_000 + 59_000),
        zone: ZoneOffset::from_minutes(60).unwrap(),
        value: Value::Number(beat(minute)),
        at: minute as u64 * 40,
    });
    import.rows(part, rows)?;
    import.end_part(part, 1_000, Digest::of(b"file"));
    Ok(import.finish()?.parts)
}

/// Watches and never breaks off.
pub fn go_on(_: u64, _: u64) -> std::ops::ControlFlow<()> {
    std::ops::ControlFlow::Continue(())
}
