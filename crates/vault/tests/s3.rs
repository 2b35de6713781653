//! Copies in an S3-compatible store, against a real server: `moto_server` on loopback, or whatever
//! `TWIN_S3_TEST_ENDPOINT` (with `_REGION`, `_BUCKET`, `_KEY` and `_SECRET`) names, as `cargo xtask garage` does.
#![allow(clippy::unwrap_used)]

mod common;

use common::{create, import_minutes, opening};
use didymos_base::Digest;
use didymos_vault::backup::{BackupError, Place};
use didymos_vault::disk::RealDisk;
use didymos_vault::journal::JOURNAL;
use didymos_vault::{Copies, Vault, VaultError};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ObjectStoreExt, path::Path as Key};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A store, and its server where this test started one.
struct Store {
    options: BTreeMap<String, String>,
    bucket: String,
    server: Option<Child>,
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

impl Store {
    /// The store to test against; `None`, with the reason printed, where there is none.
    fn find() -> Option<Self> {
        let variable = |name: &str| std::env::var(format!("TWIN_S3_TEST_{name}")).ok();
        if let Some(endpoint) = variable("ENDPOINT") {
            let region = variable("REGION").unwrap_or_else(|| "us-east-1".to_owned());
            let options = options(&endpoint, &region, &variable("KEY").unwrap(), &variable("SECRET").unwrap());
            return Some(Self { options, bucket: variable("BUCKET").unwrap(), server: None });
        }
        let started = Self::start();
        if started.is_none() {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "CI needs moto_server: pip install 'moto[server]'");
            eprintln!("skipped: there is no moto_server here (pip install 'moto[server]')");
        }
        started
    }

    fn start() -> Option<Self> {
        // Another process may take the free port before the server does: then the next one is tried.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let server = Command::new("moto_server")
                .args(["-H", "127.0.0.1", "-p", &port.to_string()])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .ok()?;
            let mut store = Self {
                options: options(&format!("http://127.0.0.1:{port}"), "us-east-1", "test", "test"),
                bucket: "twin".to_owned(),
                server: Some(server),
            };
            let began = Instant::now();
            while began.elapsed() < Duration::from_mins(1) {
                if make_bucket(port, &store.bucket).is_some() {
                    return Some(store);
                }
                if store.server.as_mut().unwrap().try_wait().unwrap().is_some() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        None
    }

    /// A prefix of its own for each test, so that they share the bucket.
    fn target(&self, test: &str) -> (String, Key) {
        let run = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let prefix = format!("{test}-{run}");
        (format!("s3://{}/{prefix}", self.bucket), Key::from(prefix))
    }

    fn place(&self, target: &str) -> Place {
        Place::open(target, &self.options, true).unwrap()
    }

    /// The store as anybody else with the keys sees it.
    fn raw(&self) -> AmazonS3 {
        let mut builder = AmazonS3Builder::new().with_bucket_name(&self.bucket).with_allow_http(true);
        for (name, value) in &self.options {
            builder = builder.with_config(name.parse().unwrap(), value);
        }
        builder.build().unwrap()
    }
}

fn options(endpoint: &str, region: &str, key: &str, secret: &str) -> BTreeMap<String, String> {
    [("endpoint", endpoint), ("region", region), ("access_key_id", key), ("secret_access_key", secret)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// `PUT /bucket`, by hand: the store's client makes no buckets, and this server checks no signature.
fn make_bucket(port: u16, bucket: &str) -> Option<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    write!(stream, "PUT /{bucket} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.starts_with("HTTP/1.1 200").then_some(())
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn all(_: u64, _: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn vault(dir: &Path) -> Vault {
    let vault = create(Arc::new(RealDisk), dir);
    for day in 0..3 {
        import_minutes(&vault, day * 9_000..day * 9_000 + 9_000, "Watch").unwrap();
    }
    vault
}

fn object_key(prefix: &Key, id: &Digest) -> Key {
    let name = id.to_string();
    prefix.clone().join("objects").join(&name[..2]).join(name)
}

#[test]
fn a_bucket_keeps_a_copy_that_is_checked_mended_and_restored_from() {
    let Some(store) = Store::find() else { return };
    let dir = tempfile::tempdir().unwrap();
    let vault = vault(dir.path());
    let (target, prefix) = store.target("copy");
    let mut place = store.place(&target);
    assert!(!place.holds_something().unwrap());

    let ran = place.run(&vault, all).unwrap();
    assert_eq!((ran.copied, ran.objects), (ran.objects, vault.objects().len() as u64));
    let again = place.run(&vault, all).unwrap();
    assert_eq!((again.copied, again.bytes), (0, 0));
    let checked = place.check(&vault, all).unwrap();
    assert_eq!((checked.objects, checked.missing.len(), checked.behind), (ran.objects, 0, 0));

    // Somebody at the store flips a byte of one object and deletes another.
    let ids: Vec<Digest> = vault.objects().into_iter().map(|(id, _)| id).collect();
    let (spoiled, deleted) = (ids[1], ids[ids.len() - 1]);
    let raw = store.raw();
    let mut bytes =
        wait(async { raw.get(&object_key(&prefix, &spoiled)).await.unwrap().bytes().await.unwrap().to_vec() });
    bytes[7] ^= 1;
    wait(raw.put(&object_key(&prefix, &spoiled), bytes.into())).unwrap();
    wait(raw.delete(&object_key(&prefix, &deleted))).unwrap();
    let mut missing = place.check(&vault, all).unwrap().missing;
    missing.sort();
    let mut expected = vec![spoiled, deleted];
    expected.sort();
    assert_eq!(missing, expected);
    let elsewhere = tempfile::tempdir().unwrap();
    let key = opening(dir.path()).key;
    assert!(matches!(
        didymos_vault::restore(elsewhere.path(), &key, &mut place, &mut common::go_on),
        Err(VaultError::Damaged(_))
    ));
    assert_eq!(place.mend(&vault, &missing).unwrap(), 2);
    assert_eq!(place.check(&vault, all).unwrap().missing, []);
    // A commit whose name is gone is not taken for the journal's end.
    wait(raw.delete(&prefix.clone().join("commits").join("000000000002"))).unwrap();
    let outcome = didymos_vault::restore(tempfile::tempdir().unwrap().path(), &key, &mut place, &mut common::go_on);
    assert!(matches!(outcome, Err(VaultError::Damaged(_))), "{outcome:?}");
    place.run(&vault, all).unwrap();

    // Another machine, with nothing but the key.
    let restored = tempfile::tempdir().unwrap();
    let commits = didymos_vault::restore(restored.path(), &key, &mut store.place(&target), &mut common::go_on).unwrap();
    assert_eq!(commits, vault.index().commits.len() as u64);
    let journal = |dir: &Path| std::fs::read(dir.join(JOURNAL)).unwrap();
    assert_eq!(journal(restored.path()), journal(dir.path()), "bit for bit");
    let restored = Vault::open(opening(restored.path())).unwrap();
    assert_eq!(restored.index().observations(), 27_000);
    assert_eq!(restored.verify(all).unwrap().damaged, []);
}

#[test]
fn a_copying_that_was_interrupted_goes_on_where_it_was() {
    let Some(store) = Store::find() else { return };
    let dir = tempfile::tempdir().unwrap();
    let vault = vault(dir.path());
    let (target, prefix) = store.target("interrupted");
    let mut place = store.place(&target);
    let of = vault.objects().len() as u64;
    let stopped =
        place.run(&vault, |done, _| if done * 2 > of { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
    assert!(matches!(stopped, Err(BackupError::Stopped)));
    // Only commits that are there whole have a name, so that the half copy is a sound, shorter one.
    let half = tempfile::tempdir().unwrap();
    let key = opening(dir.path()).key;
    let commits = didymos_vault::restore(half.path(), &key, &mut place, &mut common::go_on).unwrap();
    assert!(commits > 0 && commits < vault.index().commits.len() as u64, "{commits}");
    assert_eq!(Vault::open(opening(half.path())).unwrap().verify(all).unwrap().damaged, []);
    // A name without its object, as a store that lost one would have.
    let lost = vault.objects()[0].0;
    wait(store.raw().delete(&object_key(&prefix, &lost))).unwrap();
    let rest = place.run(&vault, all).unwrap();
    assert!(rest.copied > 0 && rest.copied < of, "{} of {of}", rest.copied);
    assert_eq!(place.check(&vault, all).unwrap().missing, []);
    assert_eq!(place.object(&lost).map(|bytes| Digest::of(&bytes)), Some(lost));
}

#[test]
fn a_wrong_bucket_or_a_dead_store_is_told_and_the_target_named() {
    let Some(store) = Store::find() else { return };
    let place = store.place("s3://there-is-no-such-bucket/twin");
    let error = place.holds_something().and_then(|there| if there { Ok(()) } else { Err(BackupError::Stopped) });
    assert!(error.is_err());
    let dir = tempfile::tempdir().unwrap();
    let error = place.run(&vault(dir.path()), all).unwrap_err().to_string();
    assert!(error.starts_with("s3://there-is-no-such-bucket/twin: "), "{error}");
}
