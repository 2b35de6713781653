//! Who is at the other end: the binding of a connection to a device, of the device to an identity.
//!
//! TLS proves that the other end holds its *endpoint key*, which is all that iroh knows of it. A [`Card`] proves the
//! rest: the device key signs the endpoint keys of both ends and a secret of this very connection (RFC 5705, RFC 9266),
//! and the identity's versions list the device. So whoever shows a card holds both keys now, and a card that was seen
//! elsewhere is worth nothing here.

use crate::wire::Bounded;
use didymos_base::{Did, canonical};
use didymos_identity::{ChainError, Signature, SignedDocument, SigningKey, VerifiedIdentity, verify, verify_chain};
use minicbor::{Decode, Encode};
use std::net::SocketAddr;

/// The most addresses that an endpoint is said to have.
pub const ADDRS_MAX: usize = 16;
/// The most versions of an identity that are taken in.
pub const VERSIONS_MAX: usize = 256;
/// The longest name that somebody gives themself, in characters.
pub const NAME_CHARACTERS_MAX: usize = 80;

const CONTEXT: &str = "link-card";

/// The public half of an endpoint key (Ed25519).
pub type EndpointKey = [u8; 32];

/// Which end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Side {
    /// Who dialled.
    #[n(0)]
    Dialler,
    /// Who was dialled.
    #[n(1)]
    Dialled,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Dialler => Self::Dialled,
            Self::Dialled => Self::Dialler,
        }
    }
}

/// What a card is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    /// A secret that only the two ends of this connection know.
    pub exporter: [u8; 32],
    /// Endpoint key of who dialled.
    pub dialler: EndpointKey,
    /// Endpoint key of who was dialled.
    pub dialled: EndpointKey,
}

impl Channel {
    /// The endpoint key at this side.
    #[must_use]
    pub const fn endpoint(&self, side: Side) -> &EndpointKey {
        match side {
            Side::Dialler => &self.dialler,
            Side::Dialled => &self.dialled,
        }
    }

    /// What the device at `side` signs.
    fn message(&self, side: Side, did: &Did, addrs: &[SocketAddr], name: Option<&str>) -> Vec<u8> {
        canonical::encode(&Bound {
            exporter: self.exporter,
            dialler: self.dialler,
            dialled: self.dialled,
            side,
            did: did.clone(),
            addrs: addrs.to_vec(),
            name: name.map(str::to_owned),
        })
    }
}

#[derive(Encode)]
#[cbor(array)]
struct Bound {
    #[cbor(n(0), with = "minicbor::bytes")]
    exporter: [u8; 32],
    #[cbor(n(1), with = "minicbor::bytes")]
    dialler: EndpointKey,
    #[cbor(n(2), with = "minicbor::bytes")]
    dialled: EndpointKey,
    #[n(3)]
    side: Side,
    #[n(4)]
    did: Did,
    #[n(5)]
    addrs: Vec<SocketAddr>,
    #[n(6)]
    name: Option<String>,
}

/// What a twin says of itself at the start of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Card {
    /// Whose twin.
    #[n(0)]
    pub did: Did,
    /// So many versions of the identity are left out, because the receiver has them.
    #[n(1)]
    pub since: u32,
    /// The versions after those.
    #[n(2)]
    pub versions: Vec<SignedDocument>,
    /// The device that speaks.
    #[n(3)]
    pub device: Did,
    /// Where its endpoint can be reached, as far as it knows.
    #[n(4)]
    pub addrs: Vec<SocketAddr>,
    /// What the owner calls themself; said when pairing.
    #[n(5)]
    pub name: Option<String>,
    /// The device's signature over the connection and this card.
    #[n(6)]
    pub proof: Signature,
}

/// What somebody needs in order to show cards.
#[derive(Clone, Debug)]
pub struct Own {
    /// Every version of the identity.
    pub versions: Vec<SignedDocument>,
    /// The device's key.
    pub device: SigningKey,
    /// What the owner calls themself.
    pub name: Option<String>,
}

impl Own {
    /// Whose twin it is, if there is a version at all.
    #[must_use]
    pub fn did(&self) -> Option<&Did> {
        self.versions.first().map(|first| &first.document.id)
    }
}

/// A proven peer.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Whose twin.
    pub did: Did,
    /// The device that speaks.
    pub device: Did,
    /// Its endpoint.
    pub endpoint: EndpointKey,
    /// Where it says that it can be reached.
    pub addrs: Vec<SocketAddr>,
    /// What its owner calls themself.
    pub name: Option<String>,
    /// Every version of its identity, checked.
    pub versions: Vec<SignedDocument>,
    /// What they say.
    pub identity: VerifiedIdentity,
}

/// Why a card proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// Versions of the identity are missing between those known and those shown.
    #[error("versions of the identity are missing")]
    NeedVersions,
    /// The versions make no identity, or another one.
    #[error("the identity does not verify: {0}")]
    Identity(#[from] ChainError),
    /// The versions are of another identity than the card says.
    #[error("the versions belong to another identity")]
    AnotherIdentity,
    /// The identity shows another version than it did before: somebody has forked it.
    #[error("version {version} of this identity differs from the one that was shown before")]
    Forked {
        /// Counted from 1.
        version: u32,
    },
    /// The identity does not list the device, or has revoked it.
    #[error("the identity does not let this device act")]
    Device,
    /// The signature does not bind the device to this connection.
    #[error("the device's proof does not belong to this connection")]
    Proof,
}

impl Bounded for Card {
    fn is_bounded(&self) -> bool {
        self.versions.len() <= VERSIONS_MAX
            && self.addrs.len() <= ADDRS_MAX
            && self.name.as_ref().is_none_or(|name| is_name(name))
    }
}

/// Whether a twin may show this name: short, and without characters that steer a terminal.
#[must_use]
pub fn is_name(name: &str) -> bool {
    (1..=NAME_CHARACTERS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}

impl Card {
    /// The card of `own` at `side` of `channel`, for somebody who has the first `since` versions.
    #[must_use]
    pub fn new(
        own: &Own,
        since: u32,
        addrs: &[SocketAddr],
        named: bool,
        channel: &Channel,
        side: Side,
    ) -> Option<Self> {
        let did = own.did()?.clone();
        let addrs = addrs[..addrs.len().min(ADDRS_MAX)].to_vec();
        let name = own.name.clone().filter(|name| named && is_name(name));
        let proof = own.device.sign(CONTEXT, &channel.message(side, &did, &addrs, name.as_deref()));
        let versions = own.versions.get(since as usize..).unwrap_or_default().to_vec();
        let since = (own.versions.len() - versions.len()) as u32;
        Some(Self { did, since, versions, device: own.device.did().clone(), addrs, name, proof })
    }

    /// Checks everything that the card says, against the versions that are `known` already.
    pub fn check(self, known: &[SignedDocument], channel: &Channel, side: Side) -> Result<Peer, CardError> {
        let since = self.since as usize;
        if since > known.len() {
            return Err(CardError::NeedVersions);
        }
        for (at, (before, now)) in known[since..].iter().zip(&self.versions).enumerate() {
            if before != now {
                return Err(CardError::Forked { version: (since + at) as u32 + 1 });
            }
        }
        let fresh = self.versions.get(known.len() - since..).unwrap_or_default();
        let versions = [known, fresh].concat();
        if versions.len() > VERSIONS_MAX {
            return Err(CardError::Identity(ChainError::NotNext { version: VERSIONS_MAX as u32 + 1 }));
        }
        let identity = verify_chain(&versions)?;
        if *identity.id() != self.did {
            return Err(CardError::AnotherIdentity);
        }
        if !identity.is_active(&self.device) {
            return Err(CardError::Device);
        }
        let message = channel.message(side, &self.did, &self.addrs, self.name.as_deref());
        verify(&self.device, CONTEXT, &message, &self.proof).map_err(|_| CardError::Proof)?;
        Ok(Peer {
            did: self.did,
            device: self.device,
            endpoint: *channel.endpoint(side),
            addrs: self.addrs,
            name: self.name,
            versions,
            identity,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{Person, channel};
    use didymos_base::Timestamp;
    use didymos_identity::{Secret32, SigningKey};

    #[test]
    fn a_card_proves_identity_device_and_connection() {
        let ann = Person::new(1);
        let card = Card::new(&ann.own, 0, &[], true, &channel(), Side::Dialler).expect("a card");
        let peer = card.clone().check(&[], &channel(), Side::Dialler).expect("proven");
        assert_eq!((&peer.did, &peer.device, peer.endpoint), (&ann.did, ann.own.device.did(), channel().dialler));

        let elsewhere = Channel { exporter: [9; 32], ..channel() };
        assert_eq!(card.clone().check(&[], &elsewhere, Side::Dialler).expect_err("refused"), CardError::Proof);
        let relayed = Channel { dialled: [9; 32], ..channel() };
        assert_eq!(card.clone().check(&[], &relayed, Side::Dialler).expect_err("refused"), CardError::Proof);
        assert_eq!(
            card.clone().check(&[], &channel(), Side::Dialled).expect_err("refused"),
            CardError::Proof,
            "reflected"
        );
        let renamed = Card { name: Some("Somebody else".to_owned()), ..card.clone() };
        assert_eq!(renamed.check(&[], &channel(), Side::Dialler).expect_err("refused"), CardError::Proof);
        let bob = Person::new(2);
        let borrowed = Card { versions: bob.own.versions.clone(), ..card.clone() };
        assert_eq!(borrowed.check(&[], &channel(), Side::Dialler).expect_err("refused"), CardError::AnotherIdentity);
        let listed_by_nobody = Own { device: bob.own.device.clone(), ..ann.own.clone() };
        let foreign = Card::new(&listed_by_nobody, 0, &[], true, &channel(), Side::Dialler).expect("a card");
        assert_eq!(foreign.check(&[], &channel(), Side::Dialler).expect_err("refused"), CardError::Device);
    }

    #[test]
    fn new_keys_are_seen_and_an_identity_that_forks_is_caught() {
        let ann = Person::new(1);
        let known = ann.own.versions.clone();
        let rotated = ann.rotated();
        let card = Card::new(&rotated.own, 1, &[], false, &channel(), Side::Dialled).expect("a card");
        assert_eq!(card.versions.len(), 1, "only what is new");
        let peer = card.clone().check(&known, &channel(), Side::Dialled).expect("proven");
        assert_eq!(peer.identity.controllers().len(), 2);
        assert_eq!(card.check(&[], &channel(), Side::Dialled).expect_err("refused"), CardError::NeedVersions);

        let device = SigningKey::from_seed(&Secret32::from_bytes([77; 32]));
        let other = ann.own.versions[0].with_device(&ann.identity, device.did(), Timestamp(9)).expect("a version");
        let forked = Own { versions: vec![ann.own.versions[0].clone(), other], ..ann.own.clone() };
        let card = Card::new(&forked, 0, &[], false, &channel(), Side::Dialled).expect("a card");
        let error = card.check(&rotated.own.versions, &channel(), Side::Dialled).expect_err("refused");
        assert_eq!(error, CardError::Forked { version: 2 });
    }

    #[test]
    fn a_revoked_device_proves_nothing() {
        let ann = Person::new(1);
        let revoked =
            ann.own.versions[0].revoke(&ann.identity, ann.own.device.did(), Timestamp(9), None).expect("a version");
        let versions = vec![ann.own.versions[0].clone(), revoked];
        let card = Card::new(&ann.own, 0, &[], false, &channel(), Side::Dialler).expect("a card");
        // The thief leaves the revocation out; who has seen it is not deceived.
        assert!(card.clone().check(&[], &channel(), Side::Dialler).is_ok());
        assert_eq!(card.check(&versions, &channel(), Side::Dialler).expect_err("refused"), CardError::Device);
    }
}
