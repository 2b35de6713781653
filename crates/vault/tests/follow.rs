//! A journal on two machines: one writes, the other follows and believes nothing.
#![allow(clippy::unwrap_used)]

mod common;

use common::{START, create, import_minutes, opening};
use didymos_base::Timestamp;
use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, SigningKey};
use didymos_vault::disk::RealDisk;
use didymos_vault::{Followed, ObjectKind, Opening, Signer, Vault, VaultError};
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

const MOST: u64 = 1 << 30;

fn follower(dir: &Path) -> Vault {
    Vault::begin_following(Opening { signer: None, ..opening(dir) }).unwrap()
}

/// Everything that `follower` lacks, as bytes.
fn rest(writer: &Arc<Vault>, follower: &Vault, most: u64) -> Vec<u8> {
    let mut stretch = writer.after(follower.tip(), most).unwrap();
    let said = stretch.left();
    let mut bytes = Vec::new();
    stretch.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, said);
    bytes
}

fn follow(vault: &Vault, bytes: &[u8]) -> Result<Followed, VaultError> {
    vault.follow(&mut &bytes[..], &mut |_| ControlFlow::Continue(()))
}

fn journal(dir: &Path) -> Vec<u8> {
    std::fs::read(dir.join("journal")).unwrap()
}

fn receipt(vault: &Vault, text: &str) {
    vault.commit_records(&[(ObjectKind::Receipts, vec![text.into()])], Timestamp(START)).unwrap();
}

struct Two {
    dir: tempfile::TempDir,
    writer: Arc<Vault>,
}

impl Two {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("writer")).unwrap();
        std::fs::create_dir(dir.path().join("follower")).unwrap();
        let writer = Arc::new(create(Arc::new(RealDisk), &dir.path().join("writer")));
        import_minutes(&writer, 0..20_000, "watch").unwrap();
        receipt(&writer, "one");
        Self { dir, writer }
    }

    fn there(&self) -> std::path::PathBuf {
        self.dir.path().join("follower")
    }

    fn is_same(&self) -> bool {
        journal(&self.dir.path().join("writer")) == journal(&self.there())
    }
}

#[test]
fn a_follower_has_the_same_journal_byte_for_byte_and_goes_on_where_it_was() {
    let two = Two::new();
    let there = follower(&two.there());
    let first = follow(&there, &rest(&two.writer, &there, MOST)).unwrap();
    assert_eq!(first.commits, two.writer.tip().unwrap().seq + 1);
    assert!(two.is_same());
    assert_eq!(there.index().observations(), 20_000);
    import_minutes(&two.writer, 20_000..21_000, "watch").unwrap();
    drop(there);
    let there = Vault::open(Opening { signer: None, ..opening(&two.there()) }).unwrap();
    assert!(there.found().damage.is_empty());
    assert!(follow(&there, &rest(&two.writer, &there, MOST)).unwrap().commits > 0);
    assert_eq!(follow(&there, &rest(&two.writer, &there, MOST)).unwrap(), Followed::default());
    assert!(two.is_same());
    assert_eq!(there.index().observations(), 21_000);
    assert!(there.verify(|_, _| ControlFlow::Continue(())).unwrap().damaged.is_empty());
    assert!(matches!(
        there.commit_records(&[(ObjectKind::Receipts, vec![vec![1]])], Timestamp(0)),
        Err(VaultError::NoSigner)
    ));
}

#[test]
fn a_stretch_is_of_whole_commits_within_its_bound() {
    let two = Two::new();
    let there = follower(&two.there());
    let mut turns = 0;
    while there.tip() != two.writer.tip() {
        assert_eq!(follow(&there, &rest(&two.writer, &there, 1)).unwrap().commits, 1, "at least one");
        turns += 1;
    }
    assert_eq!(turns, two.writer.tip().unwrap().seq + 1);
    assert!(two.is_same());
}

#[test]
fn whatever_byte_is_changed_or_missing_is_found_and_what_came_before_stays() {
    let two = Two::new();
    let there = follower(&two.there());
    let first = rest(&two.writer, &there, 1);
    follow(&there, &first).unwrap();
    for number in 0..6 {
        receipt(&two.writer, &format!("{number}"));
    }
    let bytes = rest(&two.writer, &there, MOST);
    for at in (0..bytes.len()).step_by(bytes.len() / 24 + 1) {
        let there_now = tempfile::tempdir().unwrap();
        let there = follower(there_now.path());
        follow(&there, &first).unwrap();
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(matches!(follow(&there, &changed), Err(VaultError::Incoming(_))), "{at}");
        let outcome = follow(&there, &rest(&two.writer, &there, MOST)).unwrap();
        assert!(outcome.commits > 0);
        assert!(journal(there_now.path()) == journal(&two.dir.path().join("writer")), "{at}");
        let cut = follower(tempfile::tempdir_in(there_now.path()).unwrap().path());
        follow(&cut, &first).unwrap();
        let _ = follow(&cut, &bytes[..at]);
        assert_eq!(cut.found().damage, []);
        follow(&cut, &rest(&two.writer, &cut, MOST)).unwrap();
        assert_eq!(cut.tip(), two.writer.tip());
    }
}

#[test]
fn two_machines_that_both_wrote_are_caught_at_the_first_difference() {
    let two = Two::new();
    let there = follower(&two.there());
    follow(&there, &rest(&two.writer, &there, MOST)).unwrap();
    let common = there.tip().unwrap();
    there.set_signer(opening(two.dir.path()).signer.unwrap());
    receipt(&there, "there");
    receipt(&two.writer, "here");
    let caught =
        |outcome: Result<_, VaultError>| matches!(outcome, Err(VaultError::Forked { seq }) if seq == common.seq + 1);
    assert!(caught(two.writer.after(there.tip(), MOST).map(drop)));
    receipt(&there, "and more");
    assert!(two.writer.after(there.tip(), MOST).is_err(), "ahead of the writer");
    // Sent all the same, it is not taken in.
    let mut rest = two.writer.after(Some(common), MOST).unwrap();
    let mut bytes = Vec::new();
    rest.read_to_end(&mut bytes).unwrap();
    assert!(matches!(follow(&there, &bytes), Err(VaultError::Incoming(_))));
}

#[test]
fn commits_of_a_device_that_the_owner_does_not_list_or_has_revoked_are_refused() {
    let two = Two::new();
    let there = follower(&two.there());
    follow(&there, &rest(&two.writer, &there, MOST)).unwrap();
    let phrase = RecoveryPhrase::from_entropy([7; 32]);
    let thief = SigningKey::from_seed(&Secret32::from_bytes([66; 32]));
    let forged =
        DidDocument::genesis(&RecoveryPhrase::from_entropy([66; 32]).identity_key(), thief.did(), Timestamp(1), None);
    let fork = tempfile::tempdir().unwrap();
    for name in ["journal", "head"] {
        std::fs::copy(two.there().join(name), fork.path().join(name)).unwrap();
    }
    let signer = Signer { key: thief, certificate: forged.document.devices[0].clone() };
    let stolen = Arc::new(Vault::open(Opening { signer: Some(signer), ..opening(fork.path()) }).unwrap());
    receipt(&stolen, "mine now");
    assert!(matches!(follow(&there, &rest(&stolen, &there, MOST)), Err(VaultError::Incoming(_))));

    // The owner takes the writer away from the other machine; what it signs from then on is refused.
    let other = SigningKey::from_seed(&Secret32::from_bytes([10; 32]));
    let with = common::identity().with_device(&phrase.identity_key(), other.did(), Timestamp(START)).unwrap();
    let record = |version: &didymos_identity::SignedDocument| [(ObjectKind::Identity, vec![version.encode()])];
    two.writer.commit_records(&record(&with), Timestamp(START)).unwrap();
    follow(&there, &rest(&two.writer, &there, MOST)).unwrap();
    let device = SigningKey::from_seed(&Secret32::from_bytes([9; 32]));
    let revoked =
        with.revoke(&phrase.identity_key(), device.did(), Timestamp(START + 1), there.tip().map(|tip| tip.seq));
    two.writer.commit_records(&record(&revoked.unwrap()), Timestamp(START)).unwrap();
    receipt(&two.writer, "still here");
    let error = follow(&there, &rest(&two.writer, &there, MOST)).unwrap_err();
    assert!(error.to_string().contains("revoked"), "{error}");
}
