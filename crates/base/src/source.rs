//! Where an observation came from: the device, the program and how the number was made.

use crate::Digest;

/// The origin of an observation, as far as the file tells. Two observations with equal sources, times and values
/// are the same observation, whichever export they came in, so nothing that changes from export to export (a
/// pointer in a device string, the time of export) may enter here.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    minicbor::Encode,
    minicbor::Decode,
)]
#[serde(default, deny_unknown_fields)]
#[cbor(array)]
pub struct Source {
    /// The program or account that recorded it, for example `Zoë’s Apple Watch` or `Dexcom G6`.
    #[n(0)]
    pub app: String,
    /// That program's version.
    #[n(1)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
    /// The device's name.
    #[n(2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Who made the device.
    #[n(3)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// The device's model.
    #[n(4)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The device's hardware revision.
    #[n(5)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hardware: Option<String>,
    /// The device's firmware or operating system version.
    #[n(6)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// Calibration in force (for example a sensor's calibration code).
    #[n(7)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<String>,
    /// Sampling as the maker states it (for example `1/min`, `mean over 60 s`).
    #[n(8)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampling: Option<String>,
    /// Accuracy as the maker states it (for example `MARD 9.0 %`).
    #[n(9)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<String>,
    /// UCUM code of the unit in the file, where it differs from the stream's and the value was converted.
    #[n(10)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub converted_from: Option<String>,
    /// The account, patient or participant that the file says it is of: two people's files stay two people's.
    #[n(12)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The person typed it in.
    #[n(11)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub entered_by_hand: bool,
}

impl Source {
    /// A source of which only the program's name is known.
    #[must_use]
    pub fn named(app: impl Into<String>) -> Self {
        Self { app: app.into(), ..Self::default() }
    }

    /// Canonical bytes: what is hashed, stored and shown in a proof.
    #[must_use]
    pub fn to_canonical(&self) -> Vec<u8> {
        crate::canonical::encode(self)
    }

    /// The digest of the canonical bytes.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_canonical())
    }

    /// One line for people: name, version and device.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut text = self.app.clone();
        if let Some(version) = &self.app_version {
            text.push(' ');
            text.push_str(version);
        }
        let device = self.device.as_deref().filter(|device| *device != self.app);
        let hardware = self.hardware.as_deref().or(self.model.as_deref());
        match (device, hardware) {
            (Some(device), Some(hardware)) => text.push_str(&format!(" ({device}, {hardware})")),
            (Some(one), None) | (None, Some(one)) => text.push_str(&format!(" ({one})")),
            (None, None) => {}
        }
        if let Some(account) = &self.account {
            text.push_str(&format!(", account {account}"));
        }
        if self.entered_by_hand {
            text.push_str(", entered by hand");
        }
        text
    }
}
