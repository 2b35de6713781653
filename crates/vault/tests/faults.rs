//! Power cuts, full disks and rot: what was acknowledged stays, what is damaged is named, a copy heals it.
#![allow(clippy::unwrap_used)]

mod common;

use common::{create, heart_rate, import_minutes, opening};
use didymos_base::Digest;
use didymos_vault::disk::Disk;
use didymos_vault::fault::FaultyDisk;
use didymos_vault::journal::{HEAD, JOURNAL, SLOT};
use didymos_vault::timeline::Range;
use didymos_vault::{Copies, Vault, VaultError};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

const DIR: &str = "/vault";

fn open(disk: &FaultyDisk) -> Result<Vault, VaultError> {
    Vault::open_on(Arc::new(disk.clone()) as Arc<dyn Disk>, opening(Path::new(DIR)))
}

fn count(vault: &Vault) -> u64 {
    vault.index().observations()
}

fn damaged(vault: &Vault) -> usize {
    vault.verify(|_, _| ControlFlow::Continue(())).unwrap().damaged.len()
}

/// Two imports on a disk, the first one acknowledged for sure.
fn two_imports(disk: &FaultyDisk) -> Result<(), VaultError> {
    let vault = open(disk)?;
    import_minutes(&vault, 0..3_000, "Watch")?;
    Ok(())
}

#[test]
fn a_plug_pulled_at_any_operation_leaves_all_or_nothing_of_a_commit() {
    let disk = FaultyDisk::default();
    let vault = create(Arc::new(disk.clone()), Path::new(DIR));
    import_minutes(&vault, 0..1_000, "Watch").unwrap();
    drop(vault);
    let mut seen_both = (false, false);
    for operations in 0..12 {
        // Each attempt works on a copy of the disk as it was.
        let attempt = disk.after_power_cut(usize::MAX >> 1);
        attempt.set_operations(Some(operations));
        let acknowledged = two_imports(&attempt).is_ok();
        let unsynced = attempt.unsynced(&Path::new(DIR).join(JOURNAL));
        // The file system may have kept any part of what was not synced.
        for kept in (0..=unsynced).step_by(1 + unsynced / 400) {
            let after = attempt.after_power_cut(kept);
            let vault = open(&after).unwrap();
            let count = count(&vault);
            assert!(count == 1_000 || count == 3_000, "{operations} operations, {kept} bytes: {count}");
            assert!(!acknowledged || count == 3_000, "an acknowledged import is gone");
            assert_eq!(damaged(&vault), 0, "{operations} operations, {kept} bytes");
            import_minutes(&vault, 0..3_000, "Watch").unwrap();
            assert_eq!(self::count(&vault), 3_000);
            if count == 3_000 { seen_both.1 = true } else { seen_both.0 = true }
        }
    }
    assert_eq!(seen_both, (true, true), "the test met both sides of the commit");
}

#[test]
fn a_tail_torn_at_any_byte_is_dropped_and_reported() {
    let disk = FaultyDisk::default();
    drop(create(Arc::new(disk.clone()), Path::new(DIR)));
    let journal = Path::new(DIR).join(JOURNAL);
    let before = disk.bytes(&journal);
    let head = disk.bytes(&Path::new(DIR).join(HEAD));
    let vault = open(&disk).unwrap();
    import_minutes(&vault, 0..300, "Watch").unwrap();
    drop(vault);
    let after = disk.bytes(&journal);
    for len in before.len()..after.len() {
        let torn = FaultyDisk::default();
        torn.put(&journal, after[..len].to_vec());
        torn.put(&Path::new(DIR).join(HEAD), head.clone());
        let vault = open(&torn).unwrap();
        assert_eq!(count(&vault), 0);
        assert_eq!(vault.found().torn_bytes, (len - before.len()) as u64);
        assert_eq!(torn.bytes(&journal), before, "the torn tail is dropped");
    }
}

#[test]
fn a_full_disk_is_told_and_takes_nothing_away() {
    let disk = FaultyDisk::default();
    let vault = create(Arc::new(disk.clone()), Path::new(DIR));
    import_minutes(&vault, 0..1_000, "Watch").unwrap();
    for room in (0..20_000).step_by(1_111) {
        disk.set_room(Some(room));
        match import_minutes(&vault, 1_000..9_000, "Watch") {
            Ok(_) => break,
            Err(error) => assert!(error.to_string().contains("full"), "{error}"),
        }
        assert_eq!(count(&vault), 1_000);
        assert_eq!(damaged(&vault), 0);
    }
    disk.set_room(None);
    import_minutes(&vault, 0..9_000, "Watch").unwrap();
    assert_eq!(count(&vault), 9_000);
    drop(vault);
    assert_eq!(count(&open(&disk).unwrap()), 9_000);
}

struct Backup {
    objects: HashMap<Digest, Vec<u8>>,
    commits: Vec<Digest>,
}

impl Backup {
    fn of(vault: &Vault) -> Self {
        let all = vault.objects();
        let objects = all.iter().map(|(id, _)| (*id, vault.object(id).unwrap().unwrap())).collect();
        Self { objects, commits: all.into_iter().filter(|(_, commit)| *commit).map(|(id, _)| id).collect() }
    }
}

impl Copies for Backup {
    fn object(&mut self, id: &Digest) -> Option<Vec<u8>> {
        self.objects.get(id).cloned()
    }

    fn commit(&mut self, seq: u64) -> Option<Digest> {
        self.commits.get(seq as usize).copied()
    }
}

#[test]
fn any_flipped_byte_or_cut_is_named_and_healed_from_a_copy() {
    let disk = FaultyDisk::default();
    let vault = create(Arc::new(disk.clone()), Path::new(DIR));
    for day in 0..3 {
        import_minutes(&vault, day * 400..day * 400 + 400, "Watch").unwrap();
    }
    let mut backup = Backup::of(&vault);
    let right: Vec<_> = {
        let selection = vault.select(&heart_rate().id, Range::default(), None).unwrap();
        vault.buckets(&selection, 3_600_000).unwrap()
    };
    drop(vault);
    let files = [JOURNAL, HEAD].map(|name| (name, disk.bytes(&Path::new(DIR).join(name))));
    for (name, sound) in &files {
        let path = Path::new(DIR).join(name);
        let spoil = |bytes: Vec<u8>, what: &str, backup: &mut Backup| {
            let spoiled = FaultyDisk::default();
            for (other, bytes) in &files {
                spoiled.put(&Path::new(DIR).join(other), bytes.clone());
            }
            spoiled.put(&path, bytes);
            let vault = open(&spoiled).unwrap_or_else(|error| panic!("{name} {what}: {error}"));
            assert!(damaged(&vault) > 0, "{name} {what} went unnoticed");
            // Whatever can still be answered is answered right.
            let selection = vault.select(&heart_rate().id, Range::default(), None);
            if let Ok(buckets) = selection.and_then(|selection| vault.buckets(&selection, 3_600_000)) {
                assert_eq!(buckets, right, "{name} {what} gave a wrong answer");
            }
            let repaired = vault.repair(backup).unwrap();
            assert_eq!(repaired.remaining, vec![], "{name} {what}");
            assert_eq!(damaged(&vault), 0, "{name} {what}");
            drop(vault);
            assert_eq!(spoiled.bytes(&Path::new(DIR).join(JOURNAL)), files[0].1, "{name} {what}: healed bit for bit");
            assert_eq!(count(&open(&spoiled).unwrap()), 1_200);
        };
        let step = if *name == HEAD { SLOT as usize / 40 } else { 61 };
        for at in (0..sound.len()).step_by(step) {
            let mut bytes = sound.clone();
            bytes[at] ^= 1 << (at % 8);
            spoil(bytes, &format!("flipped at {at}"), &mut backup);
        }
        for len in (0..sound.len()).step_by(step * 7) {
            spoil(sound[..len].to_vec(), &format!("cut to {len}"), &mut backup);
        }
    }
}

#[test]
fn a_vault_is_restored_from_copies_bit_for_bit() {
    let disk = FaultyDisk::default();
    let vault = create(Arc::new(disk.clone()), Path::new(DIR));
    import_minutes(&vault, 0..20_000, "Watch").unwrap();
    let mut backup = Backup::of(&vault);
    drop(vault);
    let dir = tempfile::tempdir().unwrap();
    let key = opening(dir.path()).key;
    let commits = didymos_vault::restore(dir.path(), &key, &mut backup, &mut common::go_on).unwrap();
    assert_eq!(commits, 2);
    assert_eq!(std::fs::read(dir.path().join(JOURNAL)).unwrap(), disk.bytes(&Path::new(DIR).join(JOURNAL)));
    assert_eq!(didymos_vault::owner_of(dir.path(), &key).unwrap(), opening(dir.path()).owner);
    assert_eq!(count(&Vault::open(opening(dir.path())).unwrap()), 20_000);
    // A copy that lies is found out.
    let id = *backup.objects.keys().next().unwrap();
    backup.objects.get_mut(&id).unwrap()[3] ^= 1;
    let other = tempfile::tempdir().unwrap();
    assert!(didymos_vault::restore(other.path(), &key, &mut backup, &mut common::go_on).is_err());
}

#[test]
fn a_copy_that_lost_a_commit_restores_nothing_shorter_unsaid() {
    let disk = FaultyDisk::default();
    let vault = create(Arc::new(disk.clone()), Path::new(DIR));
    import_minutes(&vault, 0..1_000, "Watch").unwrap();
    import_minutes(&vault, 0..2_000, "Watch").unwrap();
    let commits = Backup::of(&vault).commits;
    assert_eq!(commits.len(), 3);
    let key = opening(Path::new(DIR)).key;
    for lost in commits {
        let mut backup = Backup::of(&vault);
        backup.objects.remove(&lost);
        let dir = tempfile::tempdir().unwrap();
        let outcome = didymos_vault::restore(dir.path(), &key, &mut backup, &mut common::go_on);
        assert!(matches!(&outcome, Err(VaultError::Damaged(damage)) if damage.object == Some(lost)), "{outcome:?}");
    }
}
