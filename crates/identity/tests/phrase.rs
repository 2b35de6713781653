//! The recovery phrase against BIP-39's own vectors, and against derivations computed with another implementation
//! (Python's `hashlib` and `hmac`).

use didymos_identity::{IdentityKey, PhraseError, RecoveryPhrase, Secret32};
use proptest::prelude::*;

fn bytes32(hex: &str) -> [u8; 32] {
    *hex.parse::<didymos_base::Digest>().expect("64 hexadecimal digits").as_bytes()
}

const HAMSTER: &str = "hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel \
                       tennis maple dilemma loan word shrug inflict delay length";

#[test]
fn words_are_those_of_the_official_vectors() {
    let repeated = |word: &str, times: usize, last: &str| format!("{}{last}", format!("{word} ").repeat(times));
    let winner = "legal winner thank year wave sausage worth useful";
    let vectors = [
        ("00".repeat(32), repeated("abandon", 23, "art")),
        ("7f".repeat(32), format!("{winner} {winner} legal winner thank year wave sausage worth title")),
        ("ff".repeat(32), repeated("zoo", 23, "vote")),
        ("68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c".to_owned(), HAMSTER.to_owned()),
    ];
    for (entropy, words) in vectors {
        let phrase = RecoveryPhrase::from_entropy(bytes32(&entropy));
        assert_eq!(*phrase.words(), words);
        assert_eq!(RecoveryPhrase::parse(&words).expect("valid").words(), phrase.words());
    }
}

#[test]
fn keys_are_those_that_another_implementation_derives() {
    let phrase = RecoveryPhrase::parse(HAMSTER).expect("valid");
    let vault_key = bytes32("cd14c0d01cfc5dac33d9827630b1d2ff8f81c5f1a96ea8a764b44828a9897223");
    assert_eq!(phrase.vault_key(), Secret32::from_bytes(vault_key));
    let seeds = [
        "8ee0acee9aa6989725c320bd13803d2a8283b7474e35964ab3a5e5df3ac224d2",
        "39cf7d0946b394bd5667dc03e5d31a3642ca308ca69dd714a91174b9b89d5965",
    ];
    for (number, seed) in (0..).zip(seeds) {
        let expected = IdentityKey::from_seed(&Secret32::from_bytes(bytes32(seed)));
        assert_eq!(phrase.identity_key_number(number).did(), expected.did());
    }
    assert_eq!(phrase.identity_key().did(), phrase.identity_key_number(0).did());
}

#[test]
fn what_people_type_is_understood() {
    let words: Vec<&str> = HAMSTER.split_whitespace().collect();
    let each = |shape: fn(usize, &str) -> String| {
        words.iter().enumerate().map(|(i, word)| shape(i + 1, word)).collect::<Vec<_>>().concat()
    };
    let numbered = each(|n, word| format!("{n}. {word}\n"));
    let glued = each(|n, word| format!("{n:02}){word}\t"));
    for typed in [HAMSTER.to_uppercase(), words.join(",  "), words.join("\r\n\r\n"), numbered, glued] {
        assert_eq!(*RecoveryPhrase::parse(&typed).expect(&typed).words(), HAMSTER);
    }
}

#[test]
fn mistakes_are_named_by_position_and_never_repeat_a_word() {
    let mistyped = HAMSTER.replacen("dutch", "dutchmen", 1);
    let swapped = HAMSTER.replacen("hamster diagram", "diagram hamster", 1);
    let shortened = HAMSTER.rsplit_once(' ').expect("words").0;
    let cases = [
        (mistyped.as_str(), PhraseError::UnknownWord { position: 4 }),
        (swapped.as_str(), PhraseError::Checksum),
        (shortened, PhraseError::WordCount { found: 23 }),
        ("", PhraseError::WordCount { found: 0 }),
    ];
    for (typed, expected) in cases {
        let error = RecoveryPhrase::parse(typed).expect_err("not a phrase");
        assert_eq!(error, expected);
        assert!(!error.to_string().contains("dutch"));
    }
}

#[test]
fn a_phrase_does_not_print() {
    let phrase = RecoveryPhrase::from_entropy([0; 32]);
    assert_eq!(format!("{phrase:?}"), "RecoveryPhrase(…)");
}

proptest! {
    #[test]
    fn every_phrase_reads_back(entropy: [u8; 32]) {
        let phrase = RecoveryPhrase::from_entropy(entropy);
        let words = phrase.words();
        prop_assert_eq!(RecoveryPhrase::parse(&words).expect("ours").words(), words);
    }

    #[test]
    fn no_text_panics(text in "(\\PC{0,12}[ \n]){0,40}") {
        let _ = RecoveryPhrase::parse(&text);
    }
}
