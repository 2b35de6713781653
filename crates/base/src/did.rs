//! Decentralized identifiers (W3C DID Core 1.0 §3.1): parsed once, then trusted to be well formed.

use std::fmt;
use std::str::FromStr;

/// The longest identifier accepted, in bytes: room for every method in use, none for abuse.
pub const MAX_LEN: usize = 512;

/// A well-formed DID such as `did:key:z6Mk…`. The method is open: what a DID *means* is decided by its resolver.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Did(Box<str>);

impl Did {
    /// The whole identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The method name, for example `key` or `webvh`.
    #[must_use]
    pub fn method(&self) -> &str {
        self.0.split(':').nth(1).unwrap_or_default()
    }

    /// What follows the method, in the method's own form.
    #[must_use]
    pub fn specific_id(&self) -> &str {
        self.0.splitn(3, ':').nth(2).unwrap_or_default()
    }
}

/// The text does not follow DID Core's syntax.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a DID: {0:?} (expected did:method:identifier)")]
pub struct BadDid(String);

impl FromStr for Did {
    type Err = BadDid;

    fn from_str(text: &str) -> Result<Self, BadDid> {
        let well_formed = text.len() <= MAX_LEN && {
            let mut parts = text.splitn(3, ':');
            parts.next() == Some("did")
                && parts.next().is_some_and(|method| {
                    !method.is_empty() && method.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
                })
                && parts.next().is_some_and(|id| {
                    !id.is_empty()
                        && !id.ends_with(':')
                        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:%".contains(&b))
                })
        };
        if well_formed { Ok(Self(text.into())) } else { Err(BadDid(text.chars().take(80).collect())) }
    }
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for Did {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Did {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Did {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Did".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^did:[a-z0-9]+:.+$",
            "description": "Decentralized identifier (W3C DID Core 1.0)"
        })
    }
}

impl<C> minicbor::Encode<C> for Did {
    fn encode<W: minicbor::encode::Write>(
        &self,
        to: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        to.str(&self.0)?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Did {
    fn decode(from: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        from.str()?.parse().map_err(|_| minicbor::decode::Error::message("not a DID"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_did_are_named_and_anything_else_is_refused() {
        let did: Did = "did:webvh:QmX:example.org:alice".parse().expect("a DID");
        assert_eq!((did.method(), did.specific_id()), ("webvh", "QmX:example.org:alice"));
        for bad in ["", "did:", "did:key:", "did:Key:z6", "urn:key:z6", "did:key:a b", "did:key:z6:", "did::x"] {
            assert!(bad.parse::<Did>().is_err(), "{bad:?}");
        }
        assert!(format!("did:key:{}", "z".repeat(MAX_LEN)).parse::<Did>().is_err());
    }
}
