//! The recovery phrase: 24 words (BIP-39, English list) from which everything can be had again.
//!
//! | secret | derivation from the BIP-39 seed (empty passphrase) |
//! |---|---|
//! | vault key | HKDF-SHA256, salt `didymos/recovery/v1`, info `vault-key` |
//! | identity key *n* | HKDF-SHA256, salt `didymos/recovery/v1`, info `identity-key` then *n* as u32, big endian |
//! | web key *n* | HKDF-SHA256, salt `didymos/recovery/v1`, info `web-key` then *n* as u32, big endian |
//!
//! Identity keys are numbered, so that rotation needs nothing new to be written down.

use crate::sealed::expand;
use crate::{IdentityKey, Secret32, SigningKey};
use bip39::{Language, Mnemonic};
use std::fmt;
use zeroize::Zeroizing;

/// How many words a phrase has: 256 bits and an 8-bit checksum.
pub const WORDS: usize = 24;

const SALT: &[u8] = b"didymos/recovery/v1";

/// Why the text is no recovery phrase. Errors name positions and never words: they end up in logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// Too few or too many words.
    #[error("a recovery phrase has 24 words, this text has {found}; check for missing or doubled ones")]
    WordCount {
        /// How many there are.
        found: usize,
    },
    /// A word that is not on the BIP-39 English list.
    #[error("word {position} is not on the BIP-39 word list; check its spelling")]
    UnknownWord {
        /// Counted from 1.
        position: usize,
    },
    /// All words are known, but not in this order.
    #[error(
        "the words do not belong together: one of them is wrong or two are swapped; compare with what you wrote down"
    )]
    Checksum,
}

/// The 24 words. Wiped when dropped, never printed but by [`words`](Self::words).
#[derive(Clone)]
pub struct RecoveryPhrase(Box<Mnemonic>);

impl RecoveryPhrase {
    /// The phrase for 32 bytes of fresh randomness.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 32]) -> Self {
        let entropy = Zeroizing::new(entropy);
        match Mnemonic::from_entropy_in(Language::English, entropy.as_slice()) {
            Ok(mnemonic) => Self(Box::new(mnemonic)),
            // BIP-39 refuses only lengths other than 16 to 32 bytes in steps of 4.
            Err(error) => unreachable!("256 bits always make a phrase: {error}"),
        }
    }

    /// Reads what a person typed or pasted: any case, any white space, with or without numbers (`1. abandon`) and
    /// commas.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        // Room for 24 words and one misspelt one in any script: the buffer never grows, so no copy is left behind.
        let mut joined = Zeroizing::new(String::with_capacity(WORDS * 9 + 64));
        let (mut found, mut unknown) = (0, None);
        let is_filler = |c: char| c.is_whitespace() || c.is_ascii_digit() || ".,;:)(-".contains(c);
        for word in text.split(is_filler).filter(|word| !word.is_empty()) {
            found += 1;
            if found > WORDS || unknown.is_some() {
                continue;
            }
            let start = joined.len() + usize::from(found > 1);
            if found > 1 {
                joined.push(' ');
            }
            // The longest word of the list has eight letters.
            joined.extend(word.chars().take(9).map(|c| c.to_ascii_lowercase()));
            if Language::English.find_word(&joined[start..]).is_none() {
                unknown = Some(found);
            }
        }
        match unknown {
            _ if found != WORDS => Err(PhraseError::WordCount { found }),
            Some(position) => Err(PhraseError::UnknownWord { position }),
            None => Mnemonic::parse_in_normalized(Language::English, &joined)
                .map(|mnemonic| Self(Box::new(mnemonic)))
                .map_err(|_| PhraseError::Checksum),
        }
    }

    /// The words, in lower case with single spaces: to be shown to the owner once, and to nobody else.
    #[must_use]
    pub fn words(&self) -> Zeroizing<String> {
        let mut words = Zeroizing::new(String::with_capacity(WORDS * 9));
        for (i, word) in self.0.words().enumerate() {
            if i > 0 {
                words.push(' ');
            }
            words.push_str(word);
        }
        words
    }

    /// The 32 bytes that the words stand for.
    #[must_use]
    pub fn entropy(&self) -> Secret32 {
        let (bytes, len) = self.0.to_entropy_array();
        let bytes = Zeroizing::new(bytes);
        Secret32::build(|place| {
            debug_assert_eq!(len, place.len(), "24 words are 256 bits");
            place.copy_from_slice(&bytes[..32]);
        })
    }

    /// The key that opens the vault.
    #[must_use]
    pub fn vault_key(&self) -> Secret32 {
        expand(SALT, self.seed().as_slice(), &[b"vault-key"])
    }

    /// The first identity key, whose DID is the owner's.
    #[must_use]
    pub fn identity_key(&self) -> IdentityKey {
        self.identity_key_number(0)
    }

    /// The identity key after `number` rotations.
    #[must_use]
    pub fn identity_key_number(&self, number: u32) -> IdentityKey {
        IdentityKey::from_seed(&expand(SALT, self.seed().as_slice(), &[b"identity-key", &number.to_be_bytes()]))
    }

    /// The key that signs line *number* of the identity's log on the web, counted from 0: see [`webvh`](crate::webvh).
    #[must_use]
    pub fn web_key(&self, number: u32) -> SigningKey {
        SigningKey::from_seed(&expand(SALT, self.seed().as_slice(), &[b"web-key", &number.to_be_bytes()]))
    }

    fn seed(&self) -> Zeroizing<[u8; 64]> {
        Zeroizing::new(self.0.to_seed_normalized(""))
    }
}

impl fmt::Debug for RecoveryPhrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryPhrase(…)")
    }
}
