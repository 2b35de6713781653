//! An import that was taken back stays so: in a restart, without roll-ups, after a repair, and in a restored twin.
#![allow(clippy::unwrap_used)]

use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::request::{BackupAdd, BackupWhich, Export, Import, ImportWhich, Query};
use didymos_twin::response::ImportState;
use didymos_twin::{Door, FailureCode, Request, Response, Twin, unwatched};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

const PASSPHRASE: &str = "correct horse battery";

fn phrase() -> RecoveryPhrase {
    RecoveryPhrase::from_entropy([7; 32])
}

macro_rules! answer {
    ($twin:expr, $request:expr, $variant:ident) => {
        match $twin.ask(&$twin.principal(), $request, &mut unwatched).unwrap() {
            Response::$variant(answer) => answer,
            other => panic!("another answer: {other:?}"),
        }
    };
}

/// A heart on these days of April.
fn file(dir: &Path, name: &str, days: std::ops::RangeInclusive<u32>) -> Import {
    let mut text = String::from("Id,Time,Value\n");
    for day in days {
        for hour in 1..=11 {
            writeln!(text, "7,4/{day}/2016 {hour}:00:00 AM,{}", 50 + hour + day).unwrap();
        }
    }
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    Import { paths: vec![path], ..Import::default() }
}

fn days(twin: &Twin) -> Vec<(String, u64)> {
    let query = Query {
        stream: "heart_rate".parse().unwrap(),
        from: None,
        to: None,
        every: Some("1d".parse().unwrap()),
        source: None,
        limit: 100,
    };
    let buckets = answer!(twin, Request::Query(query), Query).buckets.unwrap();
    buckets.into_iter().map(|bucket| (bucket.time[..10].to_owned(), bucket.count)).collect()
}

#[test]
fn what_was_taken_back_stays_so_after_a_restart_a_repair_and_a_restore() {
    let dir = tempfile::tempdir().unwrap();
    let (home, copy) = (dir.path().join("home"), dir.path().join("copy").display().to_string());
    let twin = Twin::init(&home, &phrase(), PASSPHRASE, KdfCost::for_tests()).unwrap();
    let first = answer!(twin, Request::Import(file(dir.path(), "first.csv", 1..=5)), Import);
    let second = answer!(twin, Request::Import(file(dir.path(), "second.csv", 4..=8)), Import);
    assert_eq!((first.added, second.added, second.duplicate), (55, 33, 22));
    answer!(twin, Request::BackupAdd(BackupAdd { target: copy.clone(), options: BTreeMap::new() }), Backup);
    let undone = answer!(twin, Request::Undo(ImportWhich { import: first.import.clone() }), Undo);
    assert_eq!(undone.observations, 55);
    answer!(twin, Request::BackupRun(BackupWhich::default()), Backup);
    let left = [("2016-04-06", 11), ("2016-04-07", 11), ("2016-04-08", 11)].map(|(day, n)| (day.to_owned(), n));
    assert_eq!(days(&twin), left);
    let states = answer!(twin, Request::Imports, Imports).imports;
    assert_eq!(states.iter().map(|one| one.state).collect::<Vec<_>>(), [ImportState::Done, ImportState::Undone]);
    let export = dir.path().join("export");
    assert_eq!(answer!(twin, Request::Export(Export { dir: export }), Export).observations, 33);
    drop(twin);

    std::fs::remove_file(home.join("derived")).unwrap();
    let twin = Twin::open(&home, PASSPHRASE).unwrap();
    assert_eq!(days(&twin), left);
    let verified = answer!(twin, Request::Verify, Verify);
    assert_eq!((verified.observations, verified.damaged.len()), (88, 0), "nothing was erased");
    answer!(twin, Request::BackupRun(BackupWhich::default()), Backup);
    drop(twin);

    // Every byte of the journal's second half, rotten: the record of the undoing too.
    let journal = home.join("journal");
    let mut bytes = std::fs::read(&journal).unwrap();
    let from = bytes.len() / 2;
    bytes[from..].iter_mut().step_by(97).for_each(|byte| *byte ^= 0xff);
    std::fs::write(&journal, bytes).unwrap();
    let twin = Twin::open(&home, PASSPHRASE).unwrap();
    let refused = twin.ask(&twin.principal(), Request::Streams, &mut unwatched).unwrap_err();
    assert_eq!(refused.code, FailureCode::Damaged);
    let repaired = answer!(twin, Request::Repair, Repair);
    assert!(repaired.remaining.is_empty() && !repaired.healed.is_empty(), "{:?}", repaired.remaining);
    assert_eq!(days(&twin), left);
    drop(twin);

    let elsewhere = dir.path().join("elsewhere");
    let restored = Twin::restore(
        &elsewhere,
        &copy,
        &BTreeMap::new(),
        &phrase(),
        "another one",
        KdfCost::for_tests(),
        &mut unwatched,
    );
    let restored = restored.unwrap();
    assert_eq!(days(&restored), left);
    let again = answer!(restored, Request::Import(file(dir.path(), "first.csv", 1..=5)), Import);
    assert_eq!((again.added, again.duplicate), (55, 0), "the same file comes in anew, and with it the days of both");
    assert_eq!(days(&restored).len(), 8);
}
