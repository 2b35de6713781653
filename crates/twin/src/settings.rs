//! Settings: what the owner chose, as JSON objects in the journal, sealed like all of it. Each kind has a field of its own
//! that tells it apart from the others; a newer one replaces the older one.

use crate::Twin;
use crate::door::{Failure, FailureCode};
use didymos_vault::ObjectKind;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The newest setting of this kind, if there is one.
pub(crate) fn newest<T: DeserializeOwned>(twin: &Twin) -> Result<Option<T>, Failure> {
    let mut newest = None;
    twin.vault.records_of(ObjectKind::Setting, |_, records| {
        newest = records.iter().rev().find_map(|bytes| serde_json::from_slice(bytes).ok());
        newest.is_none()
    })?;
    Ok(newest)
}

/// A setting as the journal keeps it.
pub(crate) fn encode(setting: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(setting)
        .map_err(|error| Failure::new(FailureCode::Invalid, format!("the setting cannot be written: {error}")))
}

/// Keeps a setting.
pub(crate) fn keep(twin: &Twin, setting: &impl Serialize) -> Result<(), Failure> {
    Ok(twin.vault.commit_records(&[(ObjectKind::Setting, vec![encode(setting)?])], twin.now())?)
}
