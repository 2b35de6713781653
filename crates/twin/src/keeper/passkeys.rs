//! Passkeys as keys of the home: added while it is open, opening it when it is locked.
//!
//! What a passkey proves (who signed which challenge) is checked before these are called; here its PRF's output wraps
//! and unwraps the same secrets that the passphrase does. Signing in to an open twin takes the output too, so that a
//! tampered key file lets nobody in.

use super::Keeper;
use crate::Twin;
use crate::door::{Failure, FailureCode};
use crate::home;
use crate::settings;
use didymos_base::{Timestamp, ZoneOffset, hex};
use didymos_consent::Act;
use didymos_identity::{Passkey, Secret32};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const NAME_MAX: usize = 60;

/// What the owner calls a passkey, and since when it is one. A setting in the journal, for a name tells of a person.
#[derive(Clone, Serialize, Deserialize)]
struct Named {
    name: String,
    created: Timestamp,
}

/// The setting: credential id in hexadecimal, and the name. A newer one replaces the older one.
#[derive(Default, Serialize, Deserialize)]
struct Setting {
    passkeys: BTreeMap<String, Named>,
}

/// A passkey, as the owner knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PasskeyShown {
    /// Its id, base64url.
    pub id: String,
    /// What the owner calls it.
    pub name: String,
    /// When it was added, RFC 3339; absent where that was not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// It belongs to the host name under which the twin is asked now.
    pub here: bool,
}

fn names(twin: &Twin) -> Result<Setting, Failure> {
    Ok(settings::newest(twin)?.unwrap_or_default())
}

impl Keeper {
    /// Every passkey of the home, also while it is locked.
    pub fn passkeys(&self) -> Result<Vec<Passkey>, Failure> {
        if !home::exists(&self.home) {
            return Ok(Vec::new());
        }
        home::passkeys(&self.home)
    }

    /// Every passkey with its name, while the twin is open.
    pub fn passkeys_named(&self, rp_id_hash: &[u8]) -> Result<Vec<PasskeyShown>, Failure> {
        use base64::Engine as _;
        let lease = self.lease()?;
        let kept = names(lease.twin()?)?;
        let shown = |passkey: Passkey| {
            let named = kept.passkeys.get(&hex::encode(&passkey.credential));
            PasskeyShown {
                id: base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&passkey.credential),
                name: named.map_or_else(|| "passkey".to_owned(), |named| named.name.clone()),
                created: named.map(|named| named.created.rfc3339(ZoneOffset::UTC)),
                here: passkey.rp_id_hash == rp_id_hash,
            }
        };
        Ok(self.passkeys()?.into_iter().map(shown).collect())
    }

    /// Adds a passkey as a key of the open twin. `prf` is what it gives for its salt.
    pub fn add_passkey(&self, passkey: Passkey, prf: &Secret32, name: &str) -> Result<(), Failure> {
        let _turn = self.turn();
        let lease = self.lease()?;
        let twin = lease.twin()?;
        let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
        let name = if name.trim().is_empty() { "passkey".to_owned() } else { name.trim().to_owned() };
        twin.act("keys.passkey_add@1", Act::Manage, "", || {
            let id = hex::encode(&passkey.credential);
            home::change_keys(&self.home, |keys| {
                keys.with_passkey(twin.secrets(), passkey, prf, twin.random()?)
                    .map_err(|error| home::unlock_failure(&error))
            })?;
            let mut setting = names(twin)?;
            setting.passkeys.insert(id, Named { name, created: twin.now() });
            settings::keep(twin, &setting)
        })
    }

    /// Removes a passkey; the last key of all stays.
    pub fn remove_passkey(&self, credential: &[u8]) -> Result<(), Failure> {
        let _turn = self.turn();
        let lease = self.lease()?;
        let twin = lease.twin()?;
        twin.act("keys.passkey_remove@1", Act::Manage, "", || {
            home::change_keys(&self.home, |keys| {
                keys.without_passkey(credential).map_err(|error| {
                    let code = if error == didymos_identity::UnlockError::WrongPasskey {
                        FailureCode::NotFound
                    } else {
                        FailureCode::Invalid
                    };
                    Failure::new(code, error.to_string())
                })
            })?;
            let mut setting = names(twin)?;
            setting.passkeys.remove(&hex::encode(credential));
            settings::keep(twin, &setting)
        })
    }

    /// Opens the twin with a passkey whose signature was checked. An open twin stays open, and the output is tried all
    /// the same.
    pub fn unlock_with_passkey(&self, credential: &[u8], prf: &Secret32, sign_count: u32) -> Result<(), Failure> {
        let _turn = self.turn();
        let (unlocked, notices) = home::unlock_with_passkey(&self.home, credential, prf)?;
        if sign_count != 0 {
            // A copy of the passkey would count from where the original stood.
            home::change_keys(&self.home, |keys| Ok(keys.with_sign_count(credential, sign_count)))?;
        }
        self.open_with(&unlocked, notices, "passkey")
    }
}
