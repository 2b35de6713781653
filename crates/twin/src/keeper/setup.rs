//! Setting a twin up from a browser: words shown, words checked, twin made.
//!
//! Until the last step everything is in this process's memory and nowhere else, so a setup that is broken off leaves
//! nothing behind, and one that a reload interrupts goes on with the same words.

use super::{Keeper, Standing};
use crate::Twin;
use crate::capability::{profile, protect};
use crate::door::{Failure, FailureCode};
use didymos_base::Did;
use didymos_identity::RecoveryPhrase;
use std::collections::BTreeMap;
use std::sync::PoisonError;
use zeroize::Zeroizing;

/// So many words have to be typed back.
pub const WORDS_CHECKED_MIN: usize = 3;
/// A passphrase that a person chooses has at least so many characters.
const CHARACTERS_MIN: usize = 8;

/// A setup under way.
pub(super) struct Setup {
    phrase: RecoveryPhrase,
    checked: bool,
}

fn invalid(words: impl Into<String>) -> Failure {
    Failure::new(FailureCode::Invalid, words)
}

impl Keeper {
    fn only_new(&self) -> Result<(), Failure> {
        if self.standing() == Standing::New {
            return Ok(());
        }
        Err(invalid("there is a twin here already: setting one up again would need another home"))
    }

    /// The 24 words of the twin to be. Asked again, they are the same, until the setup ends or the process does.
    pub fn setup_words(&self) -> Result<Zeroizing<String>, Failure> {
        self.only_new()?;
        let mut setup = self.setup.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(setup) = &*setup {
            return Ok(setup.phrase.words());
        }
        let entropy = Zeroizing::new(self.world.random::<32>()?);
        let phrase = RecoveryPhrase::from_entropy(*entropy);
        let words = phrase.words();
        *setup = Some(Setup { phrase, checked: false });
        Ok(words)
    }

    /// Compares what the owner typed back (place, from 1, and word) with the words.
    pub fn setup_check(&self, typed: &BTreeMap<u8, Zeroizing<String>>) -> Result<(), Failure> {
        self.only_new()?;
        let mut setup = self.setup.lock().unwrap_or_else(PoisonError::into_inner);
        let setup = setup.as_mut().ok_or_else(|| invalid("there are no words yet: begin the setup first"))?;
        if typed.len() < WORDS_CHECKED_MIN {
            return Err(invalid(format!("type at least {WORDS_CHECKED_MIN} of the words, with their places")));
        }
        let words = setup.phrase.words();
        let words: Vec<&str> = words.split(' ').collect();
        for (place, word) in typed {
            let right = usize::from(*place).checked_sub(1).and_then(|at| words.get(at));
            if right.is_none_or(|right| !right.eq_ignore_ascii_case(word.trim())) {
                return Err(invalid(format!("word {place} is another one: look at the paper again")));
            }
        }
        setup.checked = true;
        Ok(())
    }

    /// Makes the twin, and opens it. Without a passphrase the 24 words themselves open it, until a passkey does.
    pub fn setup_finish(&self, name: &str, passphrase: Option<&str>) -> Result<Did, Failure> {
        let _turn = self.turn();
        self.only_new()?;
        let name = profile::sound_name(name)?;
        if passphrase.is_some_and(|passphrase| passphrase.chars().count() < CHARACTERS_MIN) {
            return Err(invalid(format!(
                "the passphrase has fewer than {CHARACTERS_MIN} characters: four or five random words are easy to remember"
            )));
        }
        let mut setup = self.setup.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Setup { phrase, checked: true }) = &*setup else {
            return Err(invalid("the 24 words have not been checked yet: type some of them back first"));
        };
        let words = phrase.words();
        let twin = Twin::init_in(self.world.clone(), &self.home, phrase, passphrase.unwrap_or(&words), self.cost)?;
        profile::keep(&twin, &name)?;
        protect::keep_phrase_checked(&twin)?;
        let did = twin.did().clone();
        // From here on the words are on the owner's paper only.
        *setup = None;
        self.hold(twin);
        Ok(did)
    }
}
