//! Ed25519 signatures as values.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use std::str::FromStr;

/// 64 bytes of Ed25519 (RFC 8032), written as base64url without padding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, minicbor::Encode, minicbor::Decode)]
#[cbor(transparent)]
pub struct Signature(#[cbor(with = "minicbor::bytes")] pub [u8; 64]);

/// The signature was not made by this key over these bytes for this purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify: the signed bytes, the signature or the named signer were changed")]
pub struct BadSignature;

/// The text is not 64 bytes of base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a signature: expected 86 characters of base64url")]
pub struct NotASignature;

impl Signature {
    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

impl FromStr for Signature {
    type Err = NotASignature;

    fn from_str(text: &str) -> Result<Self, NotASignature> {
        let mut bytes = [0; 64];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(64) => Ok(Self(bytes)),
            _ => Err(NotASignature),
        }
    }
}

impl serde::Serialize for Signature {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Signature {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Signature {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Signature".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]{86}$",
            "description": "Ed25519 signature (RFC 8032), base64url without padding"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_canonical_forms_round_trip(bytes: [u8; 32], more: [u8; 32]) {
            let mut all = [0; 64];
            all[..32].copy_from_slice(&bytes);
            all[32..].copy_from_slice(&more);
            let signature = Signature(all);
            prop_assert_eq!(signature.to_string().parse(), Ok(signature));
            let cbor = didymos_base::canonical::encode(&signature);
            prop_assert_eq!(cbor.len(), 66);
            prop_assert_eq!(didymos_base::canonical::decode::<Signature>(&cbor).expect("ours"), signature);
        }

        #[test]
        fn no_text_panics(text in ".{0,120}") {
            let _ = text.parse::<Signature>();
        }
    }
}
