//! The key file: what opens it, what damage looks like, and what it gives away.

use didymos_identity::keyfile::MAX_LEN;
use didymos_identity::{KdfCost, KeyFile, RecoveryPhrase, Secret32, UnlockError, Unlocked};
use proptest::prelude::*;

const CHEAP: KdfCost = KdfCost::for_tests();

fn unlocked() -> Unlocked {
    Unlocked {
        vault_key: Secret32::from_bytes([0xa1; 32]),
        device_seed: Secret32::from_bytes([0xb2; 32]),
        owner: RecoveryPhrase::from_entropy([7; 32]).identity_key().did().clone(),
    }
}

fn file() -> KeyFile {
    KeyFile::seal(&unlocked(), "correct horse", CHEAP, std::array::from_fn(|i| i as u8)).expect("sealed")
}

/// A file as an earlier build wrote it: the format is kept for ever.
const KEPT: &str = include_str!("data/keyfile-v1.json");

#[test]
fn the_format_stays() {
    assert_eq!(file().to_text(), KEPT);
    assert_eq!(KeyFile::parse(KEPT).expect("whole").open("correct horse").expect("opens"), unlocked());
}

#[test]
fn the_standard_cost_opens_too() {
    let costly = KeyFile::seal(&unlocked(), "p", KdfCost::STANDARD, [1; 40]).expect("sealed");
    assert_eq!(costly.open("p").expect("opens"), unlocked());
}

#[test]
fn a_wrong_passphrase_is_told_apart_from_damage() {
    let file = file();
    for wrong in ["", "Correct horse", "correct horse "] {
        assert_eq!(file.open(wrong), Err(UnlockError::WrongPassphrase), "{wrong:?}");
    }
    let text = file.to_text();
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            match KeyFile::parse(&bytes) {
                Ok(same) => assert_eq!(same, file, "bit {bit} of byte {at}"),
                Err(error) => assert!(matches!(error, UnlockError::Damaged { .. }), "bit {bit} of byte {at}: {error}"),
            }
        }
        match KeyFile::parse(&text[..at]) {
            Ok(same) => assert_eq!(same, file, "cut at {at}"),
            Err(error) => assert!(matches!(error, UnlockError::Damaged { .. }), "cut at {at}: {error}"),
        }
    }
}

#[test]
fn a_file_laid_out_anew_is_still_whole() {
    let compact: String = file().to_text().split_whitespace().collect();
    assert_eq!(KeyFile::parse(compact).expect("whole"), file());
    let windows = file().to_text().replace('\n', "\r\n");
    assert_eq!(KeyFile::parse(windows).expect("whole"), file());
}

#[test]
fn a_newer_file_is_called_newer() {
    let newer = rewritten(&file(), |text| text.replace("\"version\": 1", "\"version\": 3"));
    assert_eq!(KeyFile::parse(newer), Err(UnlockError::TooNew { version: 3 }));
    let other = rewritten(&file(), |text| text.replace("didymos-keys", "didymos-kegs"));
    assert!(matches!(KeyFile::parse(other), Err(UnlockError::Damaged { .. })));
}

#[test]
fn a_hostile_cost_is_refused_before_it_is_paid() {
    let costs = [
        ("\"memory_kib\": 8", "\"memory_kib\": 4294967295"),
        ("\"memory_kib\": 8", "\"memory_kib\": 1048577"),
        ("\"memory_kib\": 8", "\"memory_kib\": 0"),
        ("\"passes\": 1", "\"passes\": 17"),
        ("\"passes\": 1", "\"passes\": 0"),
        ("\"lanes\": 1", "\"lanes\": 16777216"),
        ("\"lanes\": 1", "\"lanes\": 0"),
    ];
    for (ours, hostile) in costs {
        let file = KeyFile::parse(rewritten(&file(), |text| text.replace(ours, hostile))).expect("whole");
        let error = file.open("correct horse").expect_err(hostile);
        assert!(matches!(error, UnlockError::KdfTooCostly { .. }), "{hostile}: {error}");
    }
    let refused = KeyFile::seal(&unlocked(), "p", KdfCost { passes: 17, ..CHEAP }, [0; 40]);
    assert!(matches!(refused, Err(UnlockError::KdfTooCostly { .. })));
}

#[test]
fn a_cheaper_cost_written_into_the_file_does_not_open_it() {
    let cost = KdfCost { memory_kib: 16, passes: 2, lanes: 1 };
    let file = KeyFile::seal(&unlocked(), "p", cost, [0; 40]).expect("sealed");
    let cheaper = rewritten(&file, |text| text.replace("\"passes\": 2", "\"passes\": 1"));
    assert_eq!(KeyFile::parse(cheaper).expect("whole").open("p"), Err(UnlockError::WrongPassphrase));
}

/// The file with its text changed and its check sum made anew, as somebody who forges it would.
fn rewritten(file: &KeyFile, change: impl Fn(String) -> String) -> String {
    let text = file.to_text();
    let (before, _) = text.rsplit_once("\"check\"").expect("a check sum");
    let before = change(before.to_owned());
    let bare: String = before.split_ascii_whitespace().collect();
    format!("{before}\"check\": \"{}\"}}", didymos_base::Digest::of(bare.as_bytes()))
}

#[test]
fn changing_the_passphrase_changes_nothing_else() {
    let changed = file().change_passphrase("correct horse", "battery staple", CHEAP, [9; 40]).expect("changed");
    assert_eq!(changed.open("battery staple").expect("opens"), unlocked());
    assert_eq!(changed.open("correct horse"), Err(UnlockError::WrongPassphrase));
    let refused = file().change_passphrase("wrong", "battery staple", CHEAP, [9; 40]);
    assert_eq!(refused, Err(UnlockError::WrongPassphrase));
}

#[test]
fn one_passphrase_typed_on_two_systems_is_one_passphrase() {
    let composed = KeyFile::seal(&unlocked(), "caf\u{e9}", CHEAP, [0; 40]).expect("sealed");
    assert_eq!(composed.open("cafe\u{301}").expect("opens"), unlocked());
}

#[test]
fn neither_file_nor_debug_nor_errors_give_anything_away() {
    let printed = format!("{:?}", unlocked());
    assert!(!printed.contains("161") && !printed.contains("a1a1") && printed.contains("Secret32(…)"), "{printed}");
    let text = file().to_text();
    let owner = unlocked().owner;
    for secret in ["did:", owner.specific_id(), "correct", "horse", "202"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(KeyFile::parse(&text).is_err());
        prop_assert!(KeyFile::parse(&bytes).is_err());
    }

    #[test]
    fn no_slot_makes_the_parser_panic(slot in "[{\\[\"a-z:,0-9\\]} ]{0,120}") {
        let text = rewritten(&file(), |text| {
            let (head, _) = text.split_once('[').expect("slots");
            format!("{head}[{slot}],")
        });
        let _ = KeyFile::parse(text);
    }

    #[test]
    fn any_passphrase_opens_what_it_sealed(passphrase in "\\PC{0,40}", entropy in prop::collection::vec(any::<u8>(), 40)) {
        let entropy: [u8; 40] = entropy.try_into().expect("40 bytes");
        let file = KeyFile::seal(&unlocked(), &passphrase, CHEAP, entropy).expect("sealed");
        let back = KeyFile::parse(file.to_text()).expect("whole");
        prop_assert_eq!(back.open(&passphrase).expect("opens"), unlocked());
    }
}

#[test]
fn a_text_without_end_is_refused_at_once() {
    let endless = format!("{}{}", file().to_text(), " ".repeat(MAX_LEN));
    assert!(matches!(KeyFile::parse(endless), Err(UnlockError::Damaged { what: "too long" })));
}
