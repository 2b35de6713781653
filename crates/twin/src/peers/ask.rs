//! A request from twin to twin, and its answer, each signed: so that either side can show later what was asked, under
//! which contract, and what came back.
//!
//! ```text
//! "ask@1":  Ask { request, to, at, nonce, signature of the asking device }
//!           Answer { answer, Used { contract, digest of ask, digest of answer, at, signature of the answering device } }
//! ```
//!
//! `request` and `answer` are the JSON of the door's own `Request` and `Response`. Both sides keep the ask and the
//! `Used` in their journals as a [`Use`].

use didymos_base::canonical::{self, CanonicalError};
use didymos_base::{Did, Digest, Timestamp};
use didymos_consent::ContractId;
use didymos_identity::{BadSignature, Signature, SigningKey, VerifiedIdentity, verify};
use minicbor::{Decode, Encode};

/// The call's name on the wire.
pub(crate) const CALL: &str = "ask@1";
/// The longest ask, in bytes.
pub const ASK_BYTES_MAX: usize = 64 * 1024;

const ASK: &str = "peer-ask";
const USED: &str = "peer-use";

/// A signed request.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Ask {
    /// JSON of the request.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub request: Vec<u8>,
    /// Whom it is put to.
    #[n(1)]
    pub to: Did,
    /// When, by the asker's clock.
    #[n(2)]
    pub at: Timestamp,
    /// Makes two asks of the same content two.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub nonce: [u8; 16],
    /// The asker's device.
    #[n(4)]
    pub device: Did,
    /// Its signature over all above.
    #[n(5)]
    pub signature: Signature,
}

/// An answer, and the word of who gave it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Answer {
    /// JSON of the response.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub answer: Vec<u8>,
    /// The receipt that both sides keep, where a contract was used.
    #[n(1)]
    pub used: Option<Used>,
}

/// What the answering side signs of one use of a contract.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Used {
    /// The contract.
    #[n(0)]
    pub contract: ContractId,
    /// Digest of the [`Ask`].
    #[n(1)]
    pub ask: Digest,
    /// Digest of the answer's JSON.
    #[n(2)]
    pub answer: Digest,
    /// When, by the answering side's clock.
    #[n(3)]
    pub at: Timestamp,
    /// The answering device.
    #[n(4)]
    pub device: Did,
    /// Its signature over all above.
    #[n(5)]
    pub signature: Signature,
}

/// One use of a contract, as both journals keep it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Use {
    /// What was asked, signed by who asked.
    #[n(0)]
    pub ask: Ask,
    /// That it was answered, signed by who answered.
    #[n(1)]
    pub used: Used,
}

impl Ask {
    /// Signs a request for `to`. The `nonce` has to be fresh randomness.
    #[must_use]
    pub fn new(request: Vec<u8>, to: Did, at: Timestamp, nonce: [u8; 16], key: &SigningKey) -> Self {
        let device = key.did().clone();
        let signature = key.sign(ASK, &canonical::encode(&(Bytes(&request), &to, at, Bytes(&nonce), &device)));
        Self { request, to, at, nonce, device, signature }
    }

    /// Reads canonical bytes of at most [`ASK_BYTES_MAX`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        if bytes.len() > ASK_BYTES_MAX {
            return Err(CanonicalError::Malformed(minicbor::decode::Error::message("an ask beyond its bounds")));
        }
        canonical::decode(bytes)
    }

    /// Checks that `device` put this to `to`.
    pub(crate) fn check(&self, device: &Did, to: &Did) -> Result<(), BadSignature> {
        if self.device != *device || self.to != *to {
            return Err(BadSignature);
        }
        let signed = (Bytes(&self.request), &self.to, self.at, Bytes(&self.nonce), &self.device);
        verify(&self.device, ASK, &canonical::encode(&signed), &self.signature)
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&canonical::encode(self))
    }
}

impl Used {
    pub(crate) fn new(contract: ContractId, ask: &Ask, answer: &[u8], at: Timestamp, key: &SigningKey) -> Self {
        let (ask, answer, device) = (ask.digest(), Digest::of(answer), key.did().clone());
        let signature = key.sign(USED, &canonical::encode(&(contract, ask, answer, at, &device)));
        Self { contract, ask, answer, at, device, signature }
    }

    /// Checks that a device of `by` signed this for `ask` and this answer.
    pub fn check(&self, ask: &Ask, answer: &[u8], by: &VerifiedIdentity) -> Result<(), BadSignature> {
        if self.ask != ask.digest() || self.answer != Digest::of(answer) || !by.is_active(&self.device) {
            return Err(BadSignature);
        }
        let signed = (self.contract, self.ask, self.answer, self.at, &self.device);
        verify(&self.device, USED, &canonical::encode(&signed), &self.signature)
    }
}

impl Use {
    /// Checks that `asker` and `answerer` have signed this, with devices that could act then.
    pub fn check(&self, asker: &VerifiedIdentity, answerer: &VerifiedIdentity) -> Result<(), BadSignature> {
        let Self { ask, used } = self;
        ask.check(&ask.device, answerer.id())?;
        if used.ask != ask.digest()
            || !asker.authorises(&ask.device, ask.at)
            || !answerer.authorises(&used.device, used.at)
        {
            return Err(BadSignature);
        }
        let signed = (used.contract, used.ask, used.answer, used.at, &used.device);
        verify(&used.device, USED, &canonical::encode(&signed), &used.signature)
    }
}

impl Answer {
    /// Reads canonical bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        canonical::decode(bytes)
    }
}

/// Bytes as CBOR bytes.
struct Bytes<'a>(&'a [u8]);

impl<C> Encode<C> for Bytes<'_> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        to: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        to.bytes(self.0)?.ok()
    }
}
