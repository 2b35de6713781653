//! What two twins say to each other, byte for byte: deterministic CBOR in [frames](crate::frame).
//!
//! ```text
//! connection  first stream:  Opening ->            <- Reception
//!             (pairing goes on in it:  see crate::pairing)
//!             then, in either direction, a stream each:  Call, bytes ->   <- Reply, bytes
//! ```
//!
//! [`Opening`] and [`Reception`] never change their shape: they carry the versions that a side speaks, so that a twin
//! of any age gets an answer that it understands. A [`Call`] names what it is for, with a version of its own; a name
//! that is not known is answered with [`Code::UnknownCall`] and harms nothing.

use crate::payload::PAYLOAD_BYTES_MAX;
use crate::peer::Card;
use didymos_base::Digest;
use didymos_base::canonical::{self, CanonicalError};
use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

/// The protocol's name in the TLS handshake (ALPN, RFC 7301).
pub const ALPN: &[u8] = b"didymos/link";
/// The newest version that is spoken here.
pub const VERSION: u16 = 1;
/// The oldest version that is spoken here.
pub const VERSION_MIN: u16 = 1;
/// The longest [`Opening`], [`Reception`] or message of pairing, in bytes: an identity with many versions.
pub const OPENING_BYTES_MAX: usize = 1024 * 1024;
/// The longest [`Call`], in bytes.
pub const CALL_BYTES_MAX: usize = 1024 * 1024;
/// The longest [`Reply`], in bytes.
pub const REPLY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The longest name of a call, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// The longest words of a refusal, in bytes.
pub const WORDS_BYTES_MAX: usize = 512;

/// First message of a connection, by whoever dialled.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Opening {
    /// The oldest version that the sender speaks.
    #[n(0)]
    pub low: u16,
    /// The newest version that the sender speaks; `body` is in this one.
    #[n(1)]
    pub high: u16,
    /// A [`Greeting`], canonically encoded.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub body: Vec<u8>,
}

/// The answer to an [`Opening`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Reception {
    /// Come in. The body is a [`Card`], or the inviter's part of a pairing.
    #[n(0)]
    Welcome(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// No.
    #[n(1)]
    Refused(#[n(0)] Refusal),
    /// The sender's versions and these do not meet.
    #[n(2)]
    Speaks {
        /// Oldest version spoken here.
        #[n(0)]
        low: u16,
        /// Newest version spoken here.
        #[n(1)]
        high: u16,
    },
}

/// What somebody who dials comes for. Version 1.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Greeting {
    /// A contact.
    #[n(0)]
    Contact(#[n(0)] Box<Card>),
    /// Somebody with a ticket.
    #[n(1)]
    Pair(#[n(0)] crate::pairing::Knock),
    /// A contact who has lost every machine, with their recovery phrase.
    #[n(2)]
    Returning(#[n(0)] crate::returning::Returning),
}

/// Something that one twin wants of another. One stream each.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Call {
    /// What for, with a version, for example `ask@1`.
    #[n(0)]
    pub name: String,
    /// In the form that the name stands for.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub body: Vec<u8>,
    /// So many bytes follow; none where nothing does.
    #[n(2)]
    pub payload: Option<u64>,
}

impl Call {
    /// A call that no bytes follow.
    #[must_use]
    pub fn new(name: impl Into<String>, body: Vec<u8>) -> Self {
        Self { name: name.into(), body, payload: None }
    }
}

/// The answer to a [`Call`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Reply {
    /// Here it is.
    #[n(0)]
    Done(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
    /// No.
    #[n(1)]
    Refused(#[n(0)] Refusal),
    /// Here it is, and so many bytes follow.
    #[n(2)]
    Sends(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>, #[n(1)] u64),
}

/// A no, and why.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, thiserror::Error)]
#[error("{words}")]
#[cbor(array)]
pub struct Refusal {
    /// The reason, for programs.
    #[n(0)]
    pub code: Code,
    /// The reason, for people. Never a secret.
    #[n(1)]
    pub words: String,
    /// Worth trying again after so many milliseconds.
    #[n(2)]
    pub retry_after_ms: Option<u32>,
}

impl Refusal {
    /// A refusal that trying again does not change.
    #[must_use]
    pub fn new(code: Code, words: impl Into<String>) -> Self {
        let mut words = words.into();
        while words.len() > WORDS_BYTES_MAX {
            words.pop();
        }
        Self { code, words, retry_after_ms: None }
    }
}

/// Reasons for a refusal. Newer twins may know more of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The bytes are not what they should be.
    Malformed,
    /// The sender is no contact here, or not any more.
    NotAContact,
    /// What was to prove the sender's keys does not.
    BadProof,
    /// The ticket is used up, expired or of another twin.
    BadTicket,
    /// Too much at once.
    TooMuch,
    /// No call of this name is known here.
    UnknownCall,
    /// The door's decision was no.
    Denied,
    /// The request is not well formed or asks for the impossible.
    Invalid,
    /// There is no such thing here.
    NotFound,
    /// It went wrong here.
    Failed,
    /// The receiver lacks versions of the sender's identity: send them all.
    NeedVersions,
    /// A reason of a newer twin.
    Other(u16),
}

const CODES: [Code; 11] = [
    Code::Malformed,
    Code::NotAContact,
    Code::BadProof,
    Code::BadTicket,
    Code::TooMuch,
    Code::UnknownCall,
    Code::Denied,
    Code::Invalid,
    Code::NotFound,
    Code::Failed,
    Code::NeedVersions,
];

impl<C> Encode<C> for Code {
    fn encode<W: Write>(&self, to: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        let number = match self {
            Self::Other(number) => *number,
            known => CODES.iter().position(|code| code == known).unwrap_or_default() as u16,
        };
        to.u16(number)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Code {
    fn decode(from: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let number = from.u16()?;
        Ok(CODES.get(usize::from(number)).copied().unwrap_or(Self::Other(number)))
    }
}

/// Reads a message of at most `max` bytes in its one canonical form.
pub fn decode<'b, T>(bytes: &'b [u8], max: usize) -> Result<T, CanonicalError>
where
    T: Decode<'b, ()> + Encode<()> + Bounded,
{
    let too_long = || CanonicalError::Malformed(DecodeError::message("a message beyond its bounds"));
    if bytes.len() > max {
        return Err(too_long());
    }
    let message: T = canonical::decode(bytes)?;
    if message.is_bounded() { Ok(message) } else { Err(too_long()) }
}

/// Whether every part of a message keeps its own bound.
pub trait Bounded {
    /// See the trait.
    fn is_bounded(&self) -> bool;
}

impl Bounded for Opening {
    fn is_bounded(&self) -> bool {
        self.low <= self.high
    }
}

impl Bounded for Reception {
    fn is_bounded(&self) -> bool {
        match self {
            Self::Welcome(_) => true,
            Self::Refused(refusal) => refusal.is_bounded(),
            Self::Speaks { low, high } => low <= high,
        }
    }
}

impl Bounded for Greeting {
    fn is_bounded(&self) -> bool {
        match self {
            Self::Contact(card) => card.is_bounded(),
            Self::Pair(_) => true,
            Self::Returning(returning) => returning.is_bounded(),
        }
    }
}

impl Bounded for Call {
    fn is_bounded(&self) -> bool {
        (1..=NAME_BYTES_MAX).contains(&self.name.len()) && self.payload.is_none_or(|len| len <= PAYLOAD_BYTES_MAX)
    }
}

impl Bounded for Reply {
    fn is_bounded(&self) -> bool {
        match self {
            Self::Done(_) => true,
            Self::Sends(_, len) => *len <= PAYLOAD_BYTES_MAX,
            Self::Refused(refusal) => refusal.is_bounded(),
        }
    }
}

impl Bounded for Refusal {
    fn is_bounded(&self) -> bool {
        self.words.len() <= WORDS_BYTES_MAX
    }
}

/// A digest over parts that cannot be shifted into one another: each comes with its length, under a purpose.
#[must_use]
pub fn digest_of(purpose: &str, parts: &[&[u8]]) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key(purpose);
    for part in parts {
        hasher.update(&(part.len() as u64).to_be_bytes()).update(part);
    }
    Digest(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_of_newer_twins_read_as_they_are() {
        for number in 0..200u16 {
            let bytes = canonical::encode(&number);
            let code: Code = canonical::decode(&bytes).expect("a code");
            assert_eq!(matches!(code, Code::Other(_)), usize::from(number) >= CODES.len());
        }
    }

    proptest! {
        #[test]
        fn calls_and_replies_read_back(name in "[a-z@0-9]{1,64}", body: Vec<u8>, words in ".{0,100}", wait: Option<u32>, len in prop::option::of(0..PAYLOAD_BYTES_MAX)) {
            let call = Call { name, body: body.clone(), payload: len };
            prop_assert_eq!(&decode::<Call>(&canonical::encode(&call), CALL_BYTES_MAX).expect("ours"), &call);
            let refusal = Refusal { retry_after_ms: wait, ..Refusal::new(Code::TooMuch, words) };
            for reply in [Reply::Done(body.clone()), Reply::Refused(refusal), Reply::Sends(body, len.unwrap_or(0))] {
                prop_assert_eq!(&decode::<Reply>(&canonical::encode(&reply), REPLY_BYTES_MAX).expect("ours"), &reply);
            }
        }

        #[test]
        fn no_bytes_panic_and_what_reads_has_one_form(bytes: Vec<u8>) {
            if let Ok(opening) = decode::<Opening>(&bytes, 4_096) {
                prop_assert_eq!(canonical::encode(&opening), bytes.clone());
            }
            if let Ok(reception) = decode::<Reception>(&bytes, 4_096) {
                prop_assert_eq!(canonical::encode(&reception), bytes);
            }
        }
    }

    #[test]
    fn names_and_words_have_bounds() {
        let call = Call::new("x".repeat(NAME_BYTES_MAX + 1), Vec::new());
        assert!(decode::<Call>(&canonical::encode(&call), CALL_BYTES_MAX).is_err());
        let call = Call { payload: Some(PAYLOAD_BYTES_MAX + 1), ..Call::new("x", Vec::new()) };
        assert!(decode::<Call>(&canonical::encode(&call), CALL_BYTES_MAX).is_err());
        let reply = Reply::Sends(Vec::new(), u64::MAX);
        assert!(decode::<Reply>(&canonical::encode(&reply), REPLY_BYTES_MAX).is_err());
        let long = Refusal { code: Code::Failed, words: "é".repeat(WORDS_BYTES_MAX), retry_after_ms: None };
        assert!(decode::<Reply>(&canonical::encode(&Reply::Refused(long)), REPLY_BYTES_MAX).is_err());
        assert!(Refusal::new(Code::Failed, "é".repeat(WORDS_BYTES_MAX)).is_bounded());
    }
}
