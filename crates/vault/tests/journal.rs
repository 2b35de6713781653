//! A vault keeps what it acknowledged, adds only what is new, and proves it.
#![allow(clippy::unwrap_used)]

mod common;

use common::{START, beat, create, go_on, heart_rate, import_minutes, now, opening};
use didymos_base::{Digest, Kind, Row, Source, Timestamp, Value, ZoneOffset, merkle, streams};
use didymos_vault::disk::RealDisk;
use didymos_vault::fault::FaultyDisk;
use didymos_vault::timeline::{Edge, Range};
use didymos_vault::{Vault, VaultError, proof};
use std::ops::ControlFlow;
use std::sync::Arc;

#[test]
fn what_was_imported_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(Arc::new(RealDisk), dir.path());
    let reports = import_minutes(&vault, 0..100_000, "Watch").unwrap();
    assert_eq!((reports[0].added, reports[0].duplicate), (100_000, 0));
    drop(vault);
    let vault = Vault::open(opening(dir.path())).unwrap();
    let selection = vault.select(&heart_rate().id, Range::default(), None).unwrap();
    let mut minute = 0;
    vault
        .each(&selection, |found| {
            assert_eq!(found.start().0, START + minute * 60_000);
            assert_eq!(found.chunk.front.value(Kind::Reading, found.index), Value::Number(beat(minute)));
            minute += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(minute, 100_000);
    let verified = vault.verify(go_on).unwrap();
    assert_eq!((verified.observations, verified.damaged), (100_000, vec![]));
}

#[test]
fn reimporting_an_overlapping_export_adds_only_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(Arc::new(RealDisk), dir.path());
    import_minutes(&vault, 0..30_000, "Watch").unwrap();
    let again = import_minutes(&vault, 0..30_000, "Watch").unwrap();
    assert_eq!((again[0].added, again[0].duplicate), (0, 30_000));
    let newer = import_minutes(&vault, 20_000..50_000, "Watch").unwrap();
    assert_eq!((newer[0].added, newer[0].duplicate), (20_000, 10_000));
    let other = import_minutes(&vault, 0..10, "Phone").unwrap();
    assert_eq!((other[0].added, other[0].duplicate), (10, 0));
    assert_eq!(vault.index().observations(), 50_010);
}

#[test]
fn rows_out_of_order_and_repeated_within_one_file_count_once() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(Arc::new(RealDisk), dir.path());
    let mut import = vault.import(&now).unwrap();
    let part = import.begin_part("x", "csv");
    let stream = import.stream(&heart_rate());
    let source = import.source(&Source::default());
    let row = |minute: i64| Row {
        stream,
        source,
        start: Timestamp(START + minute * 60_000),
        end: Timestamp(START + minute * 60_000),
        zone: ZoneOffset::UNKNOWN,
        value: Value::Number(60.0),
        at: 0,
    };
    // Backwards and twice, far apart, so that the second time meets chunks that are packed but not yet committed.
    import.rows(part, (0..70_000).rev().map(row)).unwrap();
    import.rows(part, (0..70_000).map(row)).unwrap();
    let parts = import.finish().unwrap().parts;
    assert_eq!((parts[0].added, parts[0].duplicate), (70_000, 70_000));
}

#[test]
fn buckets_agree_with_adding_up_by_hand_from_rollups_and_from_raw() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(Arc::new(RealDisk), dir.path());
    import_minutes(&vault, 0..50_000, "Watch").unwrap();
    import_minutes(&vault, 49_000..60_000, "Phone").unwrap();
    for width in [60_000, 300_000, 900_000, 3_600_000, 86_400_000, 7 * 86_400_000] {
        for range in [
            Range::default(),
            Range { from: Some(Edge::Exact(START + 7_777 * 60_000)), to: Some(Edge::Wall(START + 44_444 * 60_000)) },
        ] {
            let selection = vault.select(&heart_rate().id, range, None).unwrap();
            let mut expected = std::collections::BTreeMap::<i64, (u64, f64, f64, f64)>::new();
            let rows = (0..50_000).chain(49_000..60_000);
            for minute in rows.filter(|m| range.has(START + m * 60_000, ZoneOffset::from_minutes(60).unwrap())) {
                let wall = START + minute * 60_000 + 3_600_000;
                let entry = expected.entry(didymos_vault::rollup::floor(wall, width)).or_insert((0, 0.0, 1e9, -1e9));
                let value = beat(minute);
                *entry = (entry.0 + 1, entry.1 + value, entry.2.min(value), entry.3.max(value));
            }
            let once = vault.buckets(&selection, width).unwrap();
            let got: Vec<_> = once.iter().map(|b| (b.at, (b.count, b.sum, b.min, b.max))).collect();
            assert_eq!(got, expected.into_iter().collect::<Vec<_>>(), "{width} {range:?}");
            assert_eq!(vault.buckets(&selection, width).unwrap(), once, "the memo says the same");
        }
    }
    let phone = vault.select(&heart_rate().id, Range::default(), Some("phone")).unwrap();
    let count: u64 = vault.buckets(&phone, 86_400_000).unwrap().iter().map(|b| b.count).sum();
    assert_eq!(count, 11_000);
}

#[test]
fn derived_files_can_be_deleted_or_spoiled_and_answers_stay_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(Arc::new(RealDisk), dir.path());
    import_minutes(&vault, 0..30_000, "Watch").unwrap();
    let ask = |vault: &Vault| {
        let selection = vault.select(&heart_rate().id, Range::default(), None).unwrap();
        vault.buckets(&selection, 86_400_000).unwrap()
    };
    let first = ask(&vault);
    drop(vault);
    let derived = dir.path().join(didymos_vault::rollup::DERIVED);
    let bytes = std::fs::read(&derived).unwrap();
    std::fs::remove_file(&derived).unwrap();
    assert_eq!(ask(&Vault::open(opening(dir.path())).unwrap()), first);
    for at in (0..bytes.len()).step_by(97) {
        let mut spoiled = bytes.clone();
        spoiled[at] ^= 0x40;
        std::fs::write(&derived, spoiled).unwrap();
        assert_eq!(ask(&Vault::open(opening(dir.path())).unwrap()), first, "byte {at}");
    }
}

#[test]
fn a_proof_holds_alone_is_small_and_breaks_with_any_bit() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(Arc::new(RealDisk), dir.path());
    import_minutes(&vault, 0..200_000, "A watch with quite a long name, as people give them").unwrap();
    let edge = Edge::Exact(START + 12_345 * 60_000 + 10_000);
    let bytes = vault.prove(&heart_rate().id, edge).unwrap().encode();
    assert!(bytes.len() <= 2_048, "{} bytes", bytes.len());
    let checked = proof::check(&bytes).unwrap();
    assert_eq!(checked.observation.value, Value::Number(beat(12_345)));
    assert_eq!(checked.observation.start, Timestamp(START + 12_345 * 60_000));
    assert_eq!(checked.owner, *vault.owner());
    assert!(vault.knows(&checked));
    for at in 0..bytes.len() {
        let mut forged = bytes.clone();
        forged[at] ^= 1 << (at % 8);
        assert!(proof::check(&forged).is_err(), "byte {at} of the proof does not matter");
    }
}

#[test]
fn every_kind_of_value_comes_back_and_proves() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(Arc::new(RealDisk), dir.path());
    let values = [
        ("sleep_stage", Value::Category("deep".into())),
        ("note", Value::Text("slept — badly 😴".into())),
        ("location", Value::Position { lat: 46.758_123_456, lon: -122.4 }),
        ("workout", Value::Event(r#"{"activity":"running"}"#.into())),
        ("body_mass", Value::Number(68.039)),
    ];
    let mut import = vault.import(&now).unwrap();
    let part = import.begin_part("x", "csv");
    let source = import.source(&Source::named("s"));
    for (id, value) in &values {
        let stream = import.stream(&streams::known(id).unwrap().stream());
        let (start, end) = (Timestamp(START), Timestamp(START + 5));
        let row = Row { stream, source, start, end, zone: ZoneOffset::UNKNOWN, value: value.clone(), at: 9 };
        import.rows(part, [row]).unwrap();
    }
    import.finish().unwrap();
    for (id, value) in values {
        let proof = vault.prove(&id.parse().unwrap(), Edge::Exact(START)).unwrap();
        let checked = proof::check(&proof.encode()).unwrap();
        assert_eq!(checked.observation.value, value);
        assert_eq!(checked.at, 9);
    }
}

#[test]
fn histories_are_consistent_and_commits_included() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(Arc::new(RealDisk), dir.path());
    for day in 0..9 {
        import_minutes(&vault, day * 10..day * 10 + 10, "Watch").unwrap();
    }
    let count = vault.index().commits.len() as u64;
    for old in 1..=count {
        let (old_root, new_root, proof) = vault.consistency(old).unwrap();
        assert!(merkle::is_consistent(old, old_root, count, new_root, &proof));
        let (leaf, of, path) = vault.inclusion(old - 1).unwrap();
        assert_eq!(merkle::root_from_path(leaf, old - 1, of, &path), Some(new_root));
    }
}

#[test]
fn the_wrong_key_is_told_apart_from_damage() {
    let dir = tempfile::tempdir().unwrap();
    drop(create(Arc::new(RealDisk), dir.path()));
    let other = didymos_identity::RecoveryPhrase::from_entropy([8; 32]);
    let mut wrong = opening(dir.path());
    wrong.key = didymos_vault::VaultKey::new(other.vault_key());
    assert!(matches!(Vault::open(wrong), Err(VaultError::WrongKey)));
}

#[test]
fn a_stream_never_changes_its_unit() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(Arc::new(RealDisk), dir.path());
    import_minutes(&vault, 0..10, "Watch").unwrap();
    let mut import = vault.import(&now).unwrap();
    let part = import.begin_part("x", "csv");
    let stream = import.stream(&didymos_base::Stream { unit: "kg".into(), ..heart_rate() });
    let source = import.source(&Source::default());
    let (start, end) = (Timestamp(START), Timestamp(START));
    let row = Row { stream, source, start, end, zone: ZoneOffset::UNKNOWN, value: Value::Number(1.0), at: 0 };
    import.rows(part, [row]).unwrap();
    let imported = import.finish().unwrap();
    assert_eq!((imported.parts[0].added, imported.parts[0].unfit, imported.streams.len()), (0, 1, 0));
}

#[test]
fn a_second_import_at_the_same_time_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(Arc::new(RealDisk), dir.path());
    let first = vault.import(&now).unwrap();
    assert!(matches!(vault.import(&now), Err(VaultError::Busy(_))));
    drop(first);
    assert!(vault.import(&now).is_ok());
}

#[test]
fn opening_reads_no_more_than_one_percent() {
    let disk = FaultyDisk::default();
    let dir = std::path::Path::new("/vault");
    let vault = create(Arc::new(disk.clone()), dir);
    // Seconds and values as irregular as a watch's: a vault of nothing but repetition packs down to its commits.
    let mut import = vault.import(&now).unwrap();
    let part = import.begin_part("export.xml", "apple_health_xml");
    let (stream, source) = (import.stream(&heart_rate()), import.source(&Source::named("Watch")));
    let mut state = 1u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let rows = (0..300_000).map(|minute| Row {
        stream,
        source,
        start: Timestamp(START + minute * 60_000 + random(60) as i64 * 1_000),
        end: Timestamp(START + minute * 60_000 + 60_000),
        zone: ZoneOffset::UTC,
        value: Value::Number(beat(minute) + random(12) as f64),
        at: minute as u64 * 1_100 + random(300),
    });
    import.rows(part, rows).unwrap();
    import.finish().unwrap();
    let bytes = vault.bytes().unwrap();
    drop(vault);
    let before = disk.read();
    let vault = Vault::open_on(Arc::new(disk.clone()), opening(dir)).unwrap();
    let read = disk.read() - before;
    assert!(read * 100 <= bytes, "{read} of {bytes} bytes");
    assert_eq!(vault.index().observations(), 300_000);
}

#[test]
fn an_object_is_named_by_the_digest_of_its_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(Arc::new(RealDisk), dir.path());
    import_minutes(&vault, 0..30_000, "Watch").unwrap();
    for (id, _) in vault.objects() {
        assert_eq!(Digest::of(&vault.object(&id).unwrap().unwrap()), id);
    }
}

#[test]
fn a_clock_that_runs_backwards_changes_no_order_and_breaks_no_proof() {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(Arc::new(RealDisk), dir.path());
    for (day, time) in [START, START - 86_400_000, START - 900 * 86_400_000].into_iter().enumerate() {
        let clock = move || Timestamp(time);
        let mut import = vault.import(&clock).unwrap();
        let part = import.begin_part("x", "csv");
        let (stream, source) = (import.stream(&heart_rate()), import.source(&Source::default()));
        let start = Timestamp(START + day as i64 * 60_000);
        let value = Value::Number(60.0);
        import.rows(part, [Row { stream, source, start, end: start, zone: ZoneOffset::UTC, value, at: 0 }]).unwrap();
        import.finish().unwrap();
    }
    drop(vault);
    let vault = Vault::open(opening(dir.path())).unwrap();
    assert_eq!(vault.index().observations(), 3);
    assert_eq!(vault.verify(go_on).unwrap().damaged, vec![]);
    let last = vault.prove(&heart_rate().id, Edge::Exact(START + 120_000)).unwrap();
    assert_eq!(proof::check(&last.encode()).unwrap().commit.time, Timestamp(START - 900 * 86_400_000));
}
