//! Whole journeys through the door, on real files.
#![allow(clippy::unwrap_used)]

use didymos_consent::Principal;
use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::request::{BackupAdd, BackupWhich, Export, Import, Log, Query, View, Which};
use didymos_twin::{Door, Failure, FailureCode, Request, Response, Twin, home, unwatched};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

const PASSPHRASE: &str = "correct horse battery";

fn phrase() -> RecoveryPhrase {
    RecoveryPhrase::from_entropy([7; 32])
}

fn init(home: &Path) -> Twin {
    Twin::init(home, &phrase(), PASSPHRASE, KdfCost::for_tests()).unwrap()
}

fn ask(twin: &Twin, request: Request) -> Result<Response, Failure> {
    twin.ask(&twin.principal(), request, &mut unwatched)
}

macro_rules! answer {
    ($twin:expr, $request:expr, $variant:ident) => {
        match ask($twin, $request).unwrap() {
            Response::$variant(answer) => answer,
            other => panic!("another answer: {other:?}"),
        }
    };
}

/// Minutes of a heart, in the layout of a Fitabase export, and what they add up to.
fn heart_file(dir: &Path, days: u32) -> (PathBuf, u64, f64) {
    let mut text = String::from("Id,Time,Value\n");
    let (mut count, mut sum) = (0, 0.0);
    for day in 1..=days {
        for minute in (0..1_440).step_by(3) {
            let value = 50 + (minute / 60 * 7 + day) % 60;
            let (hour, half) = ((minute / 60 + 11) % 12 + 1, if minute < 720 { "AM" } else { "PM" });
            text.push_str(&format!("7,4/{day}/2016 {hour}:{:02}:00 {half},{value}\n", minute % 60));
            count += 1;
            sum += f64::from(value);
        }
    }
    let path = dir.join("heartrate_minutes.csv");
    std::fs::write(&path, text).unwrap();
    (path, count, sum)
}

fn import(paths: &[&Path]) -> Request {
    Request::Import(Import { paths: paths.iter().map(|path| path.to_path_buf()).collect(), ..Import::default() })
}

fn query(every: Option<&str>) -> Request {
    Request::Query(Query {
        stream: "heart_rate".parse().unwrap(),
        from: None,
        to: None,
        every: every.map(|every| every.parse().unwrap()),
        source: None,
        limit: 100_000,
    })
}

#[test]
fn a_life_in_one_folder_import_look_prove_verify_export_restore() {
    let dir = tempfile::tempdir().unwrap();
    let (home, elsewhere) = (dir.path().join("home"), dir.path().join("copy"));
    let (file, count, sum) = heart_file(dir.path(), 9);
    let twin = init(&home);
    let did = twin.did().clone();
    let report = answer!(&twin, import(&[&file]), Import);
    assert_eq!((report.added, report.duplicate, report.streams["heart_rate"]), (count, 0, count));
    let again = answer!(&twin, import(&[&file]), Import);
    assert_eq!((again.added, again.duplicate), (0, count));

    let days = answer!(&twin, query(Some("1d")), Query).buckets.unwrap();
    assert_eq!(days.len(), 9);
    assert_eq!(days[0].time, "2016-04-01T00:00:00");
    assert!((days.iter().filter_map(|day| day.sum).sum::<f64>() - sum).abs() < 1e-6);
    let points = answer!(&twin, query(None), Query).points.unwrap();
    assert_eq!((points.len() as u64, points[0].time.as_str()), (count, "2016-04-01T00:00:00"));

    let which = Which { stream: "heart_rate".parse().unwrap(), time: "2016-04-03T12:00".parse().unwrap() };
    let shown = answer!(&twin, Request::Show(which.clone()), Show);
    assert!(shown.verified);
    assert_eq!(shown.time, "2016-04-03T12:00:00");
    assert!(shown.file.name.ends_with("heartrate_minutes.csv") && shown.file.digest.is_some());
    let line = std::fs::read_to_string(&file).unwrap()[shown.position as usize..].lines().next().unwrap().to_owned();
    assert!(line.starts_with("7,4/3/2016 12:00:00 PM,"), "the position leads to {line:?}");
    let proof = answer!(&twin, Request::Prove(which), Proof);
    assert!(proof.bytes <= 2_048);

    let verified = answer!(&twin, Request::Verify, Verify);
    assert_eq!((verified.observations, verified.damaged.len()), (count, 0));

    let export = dir.path().join("export");
    let exported = answer!(&twin, Request::Export(Export { dir: export.clone() }), Export);
    assert_eq!(exported.observations, count);
    let table = std::fs::read_to_string(export.join("observations/heart_rate.csv")).unwrap();
    assert_eq!(table.lines().count() as u64, count + 1);
    // Read back, it is the same: into this twin nothing is new, into an empty one everything is.
    let back = answer!(&twin, import(&[&export]), Import);
    assert_eq!((back.added, back.duplicate), (0, count));
    let empty = init(&dir.path().join("empty"));
    let back = answer!(&empty, import(&[&export]), Import);
    assert_eq!((back.added, back.duplicate, back.files[0].format.as_str()), (count, 0, "twin_csv"));

    let target = elsewhere.display().to_string();
    answer!(&twin, Request::BackupAdd(BackupAdd { target: target.clone(), options: BTreeMap::new() }), Backup);
    let ran = answer!(&twin, Request::BackupRun(BackupWhich::default()), Backup);
    assert!(ran[0].copied > 3 && ran[0].error.is_none());
    let checked = answer!(&twin, Request::BackupCheck(BackupWhich::default()), Backup);
    assert!(checked[0].verified.is_some() && checked[0].missing.is_empty());
    let journal = std::fs::read(home.join("journal")).unwrap();
    drop(twin);

    let other = dir.path().join("other");
    let twin = Twin::restore(
        &other,
        &target,
        &BTreeMap::new(),
        &phrase(),
        "another passphrase",
        KdfCost::for_tests(),
        &mut unwatched,
    )
    .unwrap();
    assert_eq!(*twin.did(), did);
    let restored = std::fs::read(other.join("journal")).unwrap();
    let common = journal.iter().zip(&restored).take_while(|(a, b)| a == b).count();
    assert!(common as u64 * 10 > restored.len() as u64 * 8, "the journal is the same up to the new device's commit");
    let streams = answer!(&twin, Request::Streams, Streams);
    assert_eq!((streams[0].count, streams[0].unit.as_str()), (count, "/min"));
    assert_eq!(answer!(&twin, Request::Verify, Verify).damaged.len(), 0);
    // The restored twin is a device of its own, and may write.
    let newer = heart_file(dir.path(), 12).0;
    let report = answer!(&twin, import(&[&newer]), Import);
    assert_eq!((report.added, report.duplicate), (count / 3, count));
    drop(twin);
    let wrong = Twin::open(&other, PASSPHRASE).err().unwrap();
    assert_eq!(wrong.code, FailureCode::Denied);
}

#[test]
fn every_decision_leaves_a_receipt_also_a_denied_one() {
    let dir = tempfile::tempdir().unwrap();
    let twin = init(dir.path());
    let denied = twin.ask(&Principal::Anonymous, Request::Streams, &mut unwatched).unwrap_err();
    assert_eq!(denied.code, FailureCode::Denied);
    let stranger = Principal::Twin("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK".parse().unwrap());
    assert_eq!(twin.ask(&stranger, query(None), &mut unwatched).unwrap_err().code, FailureCode::Denied);
    ask(&twin, Request::Streams).unwrap();
    assert_eq!(ask(&twin, query(None)).unwrap_err().code, FailureCode::NotFound);
    let log = answer!(&twin, Request::Log(Log { before: None, limit: 100 }), Log);
    let receipts: Vec<_> = log.commits.iter().flat_map(|commit| &commit.receipts).collect();
    let of = |name: &str| receipts.iter().filter(|receipt| receipt["request"] == name).count();
    assert_eq!((of("streams.list@1"), of("timeline.query@1")), (2, 2), "{receipts:#?}");
    let denied = receipts.iter().filter(|receipt| receipt["decision"].get("denied").is_some()).count();
    assert_eq!(denied, 2);
}

#[test]
fn gathered_receipts_are_committed_when_the_twin_closes() {
    let dir = tempfile::tempdir().unwrap();
    let twin = init(dir.path());
    twin.gather_receipts();
    for _ in 0..10 {
        ask(&twin, Request::Streams).unwrap();
    }
    drop(twin);
    let twin = Twin::open(dir.path(), PASSPHRASE).unwrap();
    let log = answer!(&twin, Request::Log(Log { before: None, limit: 100 }), Log);
    let receipts: usize = log.commits.iter().map(|commit| commit.receipts.len()).sum();
    assert_eq!(receipts, 10);
}

#[test]
fn a_second_process_is_told_that_the_twin_is_busy() {
    let dir = tempfile::tempdir().unwrap();
    let twin = init(dir.path());
    assert_eq!(Twin::open(dir.path(), PASSPHRASE).err().unwrap().code, FailureCode::Busy);
    drop(twin);
    assert!(Twin::open(dir.path(), PASSPHRASE).is_ok());
    let again = Twin::init(dir.path(), &phrase(), PASSPHRASE, KdfCost::for_tests()).err().unwrap();
    assert_eq!(again.code, FailureCode::Invalid);
}

#[test]
fn an_import_that_is_stopped_keeps_what_was_read_and_completes_when_run_again() {
    let dir = tempfile::tempdir().unwrap();
    let twin = init(&dir.path().join("home"));
    let (file, ..) = heart_file(dir.path(), 28);
    let many: Vec<PathBuf> = (0..40)
        .map(|i| {
            let copy = dir.path().join(format!("heart{i:02}.csv"));
            let text = std::fs::read_to_string(&file).unwrap().replace("/2016 ", &format!("/{} ", 1_950 + i));
            std::fs::write(&copy, text).unwrap();
            copy
        })
        .collect();
    let request = Request::Import(Import { paths: many.clone(), ..Import::default() });
    let mut told = 0;
    let stopped = twin.ask(&twin.principal(), request.clone(), &mut |_| {
        told += 1;
        ControlFlow::Break(())
    });
    // A machine may be so quick that nobody was told before the end; then there is nothing to stop.
    if let Err(failure) = stopped {
        assert_eq!((failure.code, told), (FailureCode::Stopped, 1));
    }
    let kept = answer!(&twin, Request::Status, Status).observations;
    let report = answer!(&twin, request, Import);
    assert_eq!(report.added + kept, 28 * 480 * 40);
    assert_eq!(answer!(&twin, Request::Verify, Verify).damaged.len(), 0);
}

#[test]
fn files_that_cannot_be_read_are_named_and_the_others_come_in() {
    let dir = tempfile::tempdir().unwrap();
    let twin = init(&dir.path().join("home"));
    let (file, count, _) = heart_file(dir.path(), 2);
    let garbage = dir.path().join("garbage.bin");
    std::fs::write(&garbage, [0xff, 0, 1, 2, 3]).unwrap();
    let report = answer!(&twin, import(&[&garbage, &file]), Import);
    assert_eq!(report.added, count);
    let bad = report.files.iter().find(|file| file.error.is_some()).unwrap();
    assert!(bad.path.ends_with("garbage.bin") && bad.format == "unknown");
    let missing = ask(&twin, import(&[Path::new("/nowhere/at/all.csv")])).unwrap_err();
    assert_eq!(missing.code, FailureCode::NotFound);
}

#[test]
fn a_view_has_bands_from_afar_and_points_from_near() {
    let dir = tempfile::tempdir().unwrap();
    let twin = init(&dir.path().join("home"));
    let (file, count, _) = heart_file(dir.path(), 20);
    answer!(&twin, import(&[&file]), Import);
    let (from, to) = answer!(&twin, Request::Streams, Streams)[0].span;
    let view = |from, to, points| Request::View(View { stream: "heart_rate".parse().unwrap(), from, to, points });
    let far = answer!(&twin, view(from, to + 1, 100), View);
    assert!(far.bucket > 0 && far.time.len() <= 200);
    assert_eq!(far.count.iter().map(|count| u64::from(*count)).sum::<u64>(), count);
    let near = answer!(&twin, view(from, from + 3_600_000, 100), View);
    assert_eq!((near.bucket, near.time.len()), (0, 20));
    assert_eq!(ask(&twin, view(to, from, 100)).unwrap_err().code, FailureCode::Invalid);
}

#[test]
fn a_rotten_key_file_is_made_up_for_by_its_copy_and_repaired() {
    let dir = tempfile::tempdir().unwrap();
    drop(init(dir.path()));
    let path = dir.path().join("keys.json");
    let sound = std::fs::read(&path).unwrap();
    let mut rotten = sound.clone();
    rotten[sound.len() / 2] ^= 1;
    std::fs::write(&path, rotten).unwrap();
    let twin = Twin::open(dir.path(), PASSPHRASE).unwrap();
    assert!(twin.notices().iter().any(|notice| notice.contains("keys.json")));
    assert_eq!(answer!(&twin, Request::Verify, Verify).damaged[0].file, "keys.json");
    assert_eq!(answer!(&twin, Request::Repair, Repair).remaining.len(), 0);
    assert_eq!(std::fs::read(&path).unwrap(), sound);
    drop(twin);
    home::change_passphrase(dir.path(), PASSPHRASE, "a new passphrase", KdfCost::for_tests()).unwrap();
    assert_eq!(Twin::open(dir.path(), PASSPHRASE).err().unwrap().code, FailureCode::Denied);
    let twin = Twin::open(dir.path(), "a new passphrase").unwrap();

    // A change that was cut off between the two files leaves a copy that the old passphrase still opens.
    let (copy, newest) = (dir.path().join("keys.copy.json"), std::fs::read(&path).unwrap());
    std::fs::write(&copy, sound).unwrap();
    assert_eq!(answer!(&twin, Request::Verify, Verify).damaged[0].file, "keys.copy.json");
    assert_eq!(answer!(&twin, Request::Repair, Repair).remaining.len(), 0);
    assert_eq!(std::fs::read(&copy).unwrap(), newest);
    assert!(answer!(&twin, Request::Verify, Verify).damaged.is_empty());
}

#[test]
fn damage_refuses_answers_until_a_copy_heals_it() {
    let dir = tempfile::tempdir().unwrap();
    let (home, copy) = (dir.path().join("home"), dir.path().join("copy"));
    let twin = init(&home);
    let (file, count, _) = heart_file(dir.path(), 5);
    answer!(&twin, import(&[&file]), Import);
    let target = copy.display().to_string();
    answer!(&twin, Request::BackupAdd(BackupAdd { target, options: BTreeMap::new() }), Backup);
    answer!(&twin, Request::BackupRun(BackupWhich::default()), Backup);
    drop(twin);
    let path = home.join("journal");
    let (sound, head) = (std::fs::read(&path).unwrap(), std::fs::read(home.join("head")).unwrap());
    for at in (0..sound.len()).step_by(sound.len() / 23) {
        let mut rotten = sound.clone();
        rotten[at] ^= 0x10;
        std::fs::write(&path, &rotten).unwrap();
        let twin = Twin::open(&home, PASSPHRASE).unwrap();
        assert!(!answer!(&twin, Request::Verify, Verify).damaged.is_empty(), "byte {at} went unnoticed");
        match ask(&twin, query(None)) {
            Ok(Response::Query(answer)) => assert_eq!(answer.points.unwrap().len() as u64, count, "byte {at}"),
            other => assert_eq!(other.unwrap_err().code, FailureCode::Damaged, "byte {at}"),
        }
        let report = answer!(&twin, Request::Repair, Repair);
        assert_eq!(report.remaining, vec![], "byte {at}");
        let days = answer!(&twin, query(Some("1d")), Query).buckets.unwrap();
        assert_eq!(days.iter().map(|day| day.count).sum::<u64>(), count);
        drop(twin);
        // Acts since then left receipts: begin again from the same journal and head.
        std::fs::write(home.join("head"), &head).unwrap();
    }
}

#[test]
fn two_peoples_equal_readings_are_not_one_observation() {
    let dir = tempfile::tempdir().unwrap();
    let twin = init(&dir.path().join("home"));
    let (file, count, _) = heart_file(dir.path(), 2);
    answer!(&twin, import(&[&file]), Import);
    let other = dir.path().join("another.csv");
    std::fs::write(&other, std::fs::read_to_string(&file).unwrap().replace("\n7,", "\n8,")).unwrap();
    let report = answer!(&twin, import(&[&other]), Import);
    assert_eq!((report.added, report.duplicate), (count, 0));
    assert_eq!(answer!(&twin, Request::Streams, Streams)[0].sources, ["Fitbit, account 7", "Fitbit, account 8"]);
}
