//! How the twin is protected: copies and when they were last read back, the phrase, devices, what opens it.

use crate::Twin;
use crate::capability::backup;
use crate::door::Failure;
use crate::home;
use crate::response::{DeviceShown, ProtectAnswer};
use crate::settings;
use didymos_base::{Timestamp, ZoneOffset};
use serde::{Deserialize, Serialize};

/// The setting that says when the phrase was typed right. A newer one replaces the older one.
#[derive(Serialize, Deserialize)]
struct Setting {
    phrase_checked: Timestamp,
}

pub(crate) fn keep_phrase_checked(twin: &Twin) -> Result<(), Failure> {
    settings::keep(twin, &Setting { phrase_checked: twin.now() })
}

fn phrase_checked(twin: &Twin) -> Result<Option<Timestamp>, Failure> {
    Ok(settings::newest::<Setting>(twin)?.map(|setting| setting.phrase_checked))
}

pub(crate) fn status(twin: &Twin) -> Result<ProtectAnswer, Failure> {
    twin.vault.ensure_whole()?;
    let text = |time: Timestamp| time.rfc3339(ZoneOffset::UTC);
    let document = twin.document()?;
    let devices = document.devices.iter().map(|signed| {
        let certificate = &signed.certificate;
        let revoked = document.revoked.iter().find(|revocation| revocation.device == certificate.device);
        DeviceShown {
            did: certificate.device.clone(),
            this: &certificate.device == twin.device_key().did(),
            since: text(certificate.issued),
            revoked: revoked.map(|revocation| text(revocation.at)),
        }
    });
    let slots = home::slots(&twin.home)?;
    Ok(ProtectAnswer {
        backups: backup::list(twin)?,
        phrase_checked: phrase_checked(twin)?.map(text),
        devices: devices.collect(),
        passkeys: slots.passkeys,
        passphrase: slots.passphrases > 0,
    })
}
