//! A large vault: what questions, opening, verifying and proofs cost, beside the same rows in `SQLite`.

use crate::person::{START, Series, person, timestamp, zone};
use didymos_base::{Digest, Row, Source, Timestamp, Value as Observed};
use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, SigningKey};
use didymos_vault::disk::{Disk, DiskFile, RealDisk};
use didymos_vault::timeline::{Edge, Range};
use didymos_vault::{ObjectKind, Opening, Signer, Vault, VaultKey, proof};
use serde_json::{Value, json};
use std::error::Error;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

type Figures = Result<Value, Box<dyn Error>>;

const RUNS: usize = 9;
const YEAR_MS: i64 = 365 * 86_400_000;

/// The real disk, counting what is read.
#[derive(Clone, Default)]
struct CountingDisk(Arc<AtomicU64>);

struct CountingFile(Box<dyn DiskFile>, Arc<AtomicU64>);

impl Disk for CountingDisk {
    fn open(&self, path: &Path, write: bool, create: bool) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(CountingFile(RealDisk.open(path, write, create)?, self.0.clone())))
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.sync_dir(dir)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(dir)
    }
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.make_dir(dir)
    }
}

impl DiskFile for CountingFile {
    fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        self.1.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        self.0.read_exact_at(buffer, at)
    }
    fn write_all_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, at)
    }
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
}

pub(crate) fn opening(dir: &Path) -> (Opening<'_>, Vec<u8>) {
    let phrase = RecoveryPhrase::from_entropy([7; 32]);
    let key = SigningKey::from_seed(&Secret32::from_bytes([9; 32]));
    let document = DidDocument::genesis(&phrase.identity_key(), key.did(), Timestamp(START), None);
    let bytes = document.encode();
    let certificate = document.document.devices[0].clone();
    let owner = document.document.id;
    let signer = Some(Signer { key, certificate });
    (Opening { dir, key: VaultKey::new(phrase.vault_key()), owner, signer, chance: None }, bytes)
}

/// Median seconds of several runs, after one that does not count.
pub(crate) fn median<T>(mut work: impl FnMut() -> Result<T, Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    work()?;
    let mut seconds = Vec::new();
    for _ in 0..RUNS {
        let began = Instant::now();
        work()?;
        seconds.push(began.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[RUNS / 2])
}

/// A vault in `dir` that holds the person's data.
pub(crate) fn filled(dir: &Path, series: &[Series]) -> Result<Vault, Box<dyn Error>> {
    let (first, document) = opening(dir);
    let vault = Vault::create(first, &[(ObjectKind::Identity, vec![document])], Timestamp(START))?;
    let clock = || Timestamp(START);
    let mut import = vault.import(&clock)?;
    let part = import.begin_part("person", "bench");
    let source = import.source(&Source::named("Watch"));
    for series in series {
        let stream = import.stream(&series.stream);
        let rows = series.rows.iter().enumerate().map(|(i, (start, end, value))| Row {
            stream,
            source,
            start: timestamp(*start),
            end: timestamp(*end),
            zone: zone(*start),
            value: Observed::Number(*value),
            at: i as u64 * 400 + start.unsigned_abs() % 97,
        });
        import.rows(part, rows)?;
    }
    import.end_part(part, 0, Digest::of(b""));
    import.finish()?;
    Ok(vault)
}

pub(crate) fn vault(millions: u32) -> Figures {
    let series = person(u64::from(millions) * 1_000_000);
    let observations: u64 = series.iter().map(|series| series.rows.len() as u64).sum();
    let dir = tempfile::tempdir()?;
    let began = Instant::now();
    let vault = filled(dir.path(), &series)?;
    let written = began.elapsed().as_secs_f64();
    drop(vault);

    let disk = CountingDisk::default();
    let began = Instant::now();
    let vault = Vault::open_on(Arc::new(disk.clone()), opening(dir.path()).0)?;
    let opened = began.elapsed().as_secs_f64();
    let read_to_open = disk.0.load(Ordering::Relaxed);
    let bytes = vault.bytes()?;

    let heart = series[0].stream.id.clone();
    let years = Range { from: Some(Edge::Wall(START)), to: Some(Edge::Wall(START + 5 * YEAR_MS)) };
    let per_day = median(|| Ok(vault.buckets(&vault.select(&heart, years, None)?, 86_400_000)?))?;
    let days = vault.buckets(&vault.select(&heart, years, None)?, 86_400_000)?;
    // One core, every front of the range decrypted and decoded.
    let mut decoded = 0;
    let decoding = median(|| {
        let selection = vault.select(&heart, years, None)?;
        decoded = 0;
        for front in selection.fronts(&vault) {
            decoded += front?.len();
        }
        Ok(decoded)
    })?;
    let verifying = {
        let began = Instant::now();
        let report = vault.verify(|_, _| ControlFlow::Continue(()))?;
        if !report.damaged.is_empty() || report.observations != observations {
            return Err("the vault does not verify".into());
        }
        began.elapsed().as_secs_f64()
    };
    let moment = Edge::Exact(START + 3 * YEAR_MS);
    let proving = median(|| Ok(vault.prove(&heart, moment)?))?;
    let shown = vault.prove(&heart, moment)?.encode();
    let checking = median(|| Ok(proof::check(&shown)?))?;

    let sqlite = sqlite(dir.path(), &series, &days)?;
    Ok(json!({
        "observations": observations,
        "written_per_second": observations as f64 / written,
        "bytes_per_observation": bytes as f64 / observations as f64,
        "sqlite_bytes_per_observation": sqlite.1 / observations as f64,
        "opening_seconds": opened,
        "opening_reads_percent": 100.0 * read_to_open as f64 / bytes as f64,
        "five_years_per_day_ms": per_day * 1e3,
        "sqlite_five_years_per_day_ms": sqlite.0 * 1e3,
        "sqlite_over_twin": sqlite.0 / per_day,
        "decoded_per_second_per_core": decoded as f64 / decoding,
        "verified_per_second": observations as f64 / verifying,
        "proof_bytes": shown.len(),
        "proving_ms": proving * 1e3,
        "checking_ms": checking * 1e3,
    }))
}

/// The same rows in a database, plain and indexed.
pub(crate) fn plain_rows(path: &Path, series: &[Series]) -> Result<rusqlite::Connection, Box<dyn Error>> {
    let mut db = rusqlite::Connection::open(path)?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA cache_size = -262144;
         CREATE TABLE observation (stream INTEGER, start INTEGER, end INTEGER, zone INTEGER, value REAL, source INTEGER,
             PRIMARY KEY (stream, start, source)) WITHOUT ROWID;",
    )?;
    let transaction = db.transaction()?;
    {
        let mut insert = transaction.prepare("INSERT OR IGNORE INTO observation VALUES (?1, ?2, ?3, ?4, ?5, 0)")?;
        for (stream, series) in series.iter().enumerate() {
            for (start, end, value) in &series.rows {
                let offset = zone(*start).as_ms();
                insert.execute((stream as i64, start, end, offset, value))?;
            }
        }
    }
    transaction.commit()?;
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); ANALYZE;")?;
    Ok(db)
}

/// The same rows and the same question. Returns seconds and bytes; fails if the answers differ.
fn sqlite(dir: &Path, series: &[Series], days: &[didymos_vault::rollup::Bucket]) -> Result<(f64, f64), Box<dyn Error>> {
    let path = dir.join("rows.sqlite");
    let db = plain_rows(&path, series)?;
    let mut select = db.prepare(
        "SELECT (start + zone) / 86400000 AS day, count(*), sum(value), min(value), max(value) FROM observation
         WHERE stream = 0 AND start >= ?1 AND start < ?2 AND start + zone >= ?3 AND start + zone < ?4
         GROUP BY day ORDER BY day",
    )?;
    let to = START + 5 * YEAR_MS;
    let margin = 86_400_000;
    let mut answer = Vec::new();
    let seconds = median(|| {
        let rows = select.query_map((START - margin, to + margin, START, to), |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, f64>(2)?))
        })?;
        answer = rows.collect::<Result<Vec<_>, _>>()?;
        Ok(())
    })?;
    let same = answer.len() == days.len()
        && answer.iter().zip(days).all(|(row, day)| {
            row.0 * 86_400_000 == day.at && row.1 as u64 == day.count && (row.2 - day.sum).abs() < 1e-6
        });
    if same { Ok((seconds, std::fs::metadata(&path)?.len() as f64)) } else { Err("SQLite answers differently".into()) }
}
