//! What the owner is called: a setting in the journal, sealed like all of it.

use crate::Twin;
use crate::door::{Failure, FailureCode};
use crate::settings;
use serde::{Deserialize, Serialize};

/// The longest name, in characters.
const CHARACTERS_MAX: usize = 80;

#[derive(Serialize, Deserialize)]
struct Profile {
    name: String,
}

/// The setting. A newer one replaces the older one.
#[derive(Serialize, Deserialize)]
struct Setting {
    profile: Profile,
}

/// The name as it is kept, or why it cannot be.
pub(crate) fn sound_name(name: &str) -> Result<String, Failure> {
    let name = name.trim();
    let sound = (1..=CHARACTERS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if sound {
        return Ok(name.to_owned());
    }
    let words = format!("a name has 1 to {CHARACTERS_MAX} characters and no line breaks");
    Err(Failure::new(FailureCode::Invalid, words))
}

pub(crate) fn keep(twin: &Twin, name: &str) -> Result<(), Failure> {
    settings::keep(twin, &Setting { profile: Profile { name: name.to_owned() } })
}

/// The name, if the owner gave one and the journal can be read.
pub(crate) fn name(twin: &Twin) -> Option<String> {
    settings::newest::<Setting>(twin).ok()?.map(|setting| setting.profile.name)
}
