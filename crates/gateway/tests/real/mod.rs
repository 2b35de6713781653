//! A real twin in a folder of its own, with weeks of a real person's heart rate in it.
#![allow(dead_code, reason = "each test uses a part of it")]

use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::request::Import;
use didymos_twin::{Door, Request, Twin, unwatched};
use std::path::PathBuf;
use std::sync::Arc;

/// The twin and where it lives; both are gone when this is dropped.
pub(crate) struct Home {
    pub(crate) twin: Arc<Twin>,
    pub(crate) folder: tempfile::TempDir,
}

/// 44 thousand minutes of heart rate.
pub(crate) fn heart_rate() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../demo/5553957443_heartrate_minutes.csv"))
}

pub(crate) fn import_heart_rate() -> Request {
    Request::Import(Import { paths: vec![heart_rate()], ..Import::default() })
}

/// A twin that knows nothing yet.
pub(crate) fn empty() -> Home {
    let folder = tempfile::tempdir().expect("a folder");
    let phrase = RecoveryPhrase::from_entropy([7; 32]);
    let home = folder.path().join("home");
    let twin = Twin::init(&home, &phrase, "correct horse battery", KdfCost::for_tests()).expect("a twin");
    Home { twin: Arc::new(twin), folder }
}

/// A twin with a heart.
pub(crate) fn filled() -> Home {
    let home = empty();
    home.twin.ask(&home.twin.principal(), import_heart_rate(), &mut unwatched).expect("imported");
    home
}
