//! Coming back: somebody whose machines are gone, and who has the recovery phrase still, to a contact of theirs.
//!
//! They know nobody's keys any more, and their new device is in no version of their identity. What they have is the
//! identity key, which the phrase gives. It certifies the new device, for this alone: the certificate has serial 0, which
//! no identity ever lists. The contact holds it against the identity that it knows, lets the device speak for that
//! person over this connection, and says what versions of the identity it has seen.

use crate::host::Place;
use crate::peer::{ADDRS_MAX, Card, Channel, EndpointKey, Peer, Side};
use crate::ticket::{self, BadTicket};
use crate::wire::{Bounded, digest_of};
use didymos_base::{Did, Timestamp, canonical};
use didymos_identity::{
    BadSignature, DeviceCertificate, RecoveryPhrase, Signature, SignedCertificate, SignedDocument, SigningKey, verify,
    verify_chain,
};
use minicbor::{Decode, Encode};
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

const CONTEXT: &str = "link-returning";
/// What the text of a friend's place begins with.
pub const PREFIX: &str = "help-";
/// The identity keys that are tried: so often can a phrase's keys have been rotated.
const KEYS_MAX: usize = 16;

/// What somebody who comes back says first.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Returning {
    /// That the device may speak for them, by each identity key of the phrase that may be in control.
    #[n(0)]
    pub certificates: Vec<SignedCertificate>,
    /// The device's signature over the connection.
    #[n(1)]
    pub proof: Signature,
}

/// What the contact answers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Received {
    /// Who the contact is.
    #[n(0)]
    pub card: Card,
    /// Every version of the identity of who comes back that the contact has seen.
    #[n(1)]
    pub versions: Vec<SignedDocument>,
}

impl Bounded for Returning {
    fn is_bounded(&self) -> bool {
        (1..=KEYS_MAX).contains(&self.certificates.len())
    }
}

impl Bounded for Received {
    fn is_bounded(&self) -> bool {
        self.card.is_bounded()
    }
}

/// Who comes back.
#[derive(Clone, Debug)]
pub struct Claim {
    certificates: Vec<SignedCertificate>,
    device: SigningKey,
}

/// What is known after coming back to a contact.
#[derive(Clone, Debug)]
pub struct CameBack {
    /// Who the contact is.
    pub did: Did,
    /// See [`Received::versions`], checked.
    pub versions: Vec<SignedDocument>,
}

fn message(channel: &Channel, owner: &Did) -> Vec<u8> {
    let digest = digest_of(
        "didymos link returning v1",
        &[&channel.exporter, &channel.dialler, &channel.dialled, owner.as_str().as_bytes()],
    );
    canonical::encode(&digest)
}

impl Claim {
    /// The claim of whoever has `phrase`, with a new device.
    #[must_use]
    pub fn new(phrase: &RecoveryPhrase, device: SigningKey, now: Timestamp) -> Self {
        let owner = phrase.identity_key().did().clone();
        let certified = |number: u32| {
            let (owner, device) = (owner.clone(), device.did().clone());
            DeviceCertificate { owner, device, issued: now, serial: 0 }.sign(&phrase.identity_key_number(number))
        };
        Self { certificates: (0..KEYS_MAX as u32).map(certified).collect(), device }
    }

    /// Whose it is.
    #[must_use]
    pub fn did(&self) -> Option<&Did> {
        self.certificates.first().map(|signed| &signed.certificate.owner)
    }

    /// What is said over a connection that this side dialled.
    #[must_use]
    pub fn say(&self, channel: &Channel) -> Option<Returning> {
        let proof = self.device.sign(CONTEXT, &message(channel, self.did()?));
        Some(Returning { certificates: self.certificates.clone(), proof })
    }

    /// Checks that the versions that the contact has seen are of this identity.
    #[must_use]
    pub fn owns(&self, versions: &[SignedDocument]) -> bool {
        verify_chain(versions).is_ok_and(|identity| Some(identity.id()) == self.did())
    }
}

impl Returning {
    /// Whose twin they say it is.
    #[must_use]
    pub fn did(&self) -> Option<&Did> {
        self.certificates.first().map(|signed| &signed.certificate.owner)
    }

    /// Checks all of it against the identity as it is known.
    pub fn check(
        &self,
        known: &[SignedDocument],
        channel: &Channel,
        endpoint: EndpointKey,
        addrs: Vec<SocketAddr>,
    ) -> Result<Peer, BadSignature> {
        let identity = verify_chain(known).map_err(|_| BadSignature)?;
        let controller = &identity.document().controller;
        let certified = |signed: &&SignedCertificate| {
            let certificate = &signed.certificate;
            certificate.owner == *identity.id() && certificate.serial == 0 && signed.verify_by(controller).is_ok()
        };
        let device = &self.certificates.iter().find(certified).ok_or(BadSignature)?.certificate.device;
        // Whoever stole a device that was listed does not become another one of it.
        if identity.document().certificate(device).is_some() {
            return Err(BadSignature);
        }
        verify(device, CONTEXT, &message(channel, identity.id()), &self.proof)?;
        Ok(Peer {
            did: identity.id().clone(),
            device: device.clone(),
            endpoint,
            addrs,
            name: None,
            versions: known.to_vec(),
            identity,
        })
    }
}

impl Received {
    /// Checks who answered.
    #[must_use]
    pub fn check(self, claim: &Claim, channel: &Channel) -> Option<(Peer, Vec<SignedDocument>)> {
        let peer = self.card.check(&[], channel, Side::Dialled).ok()?;
        claim.owns(&self.versions).then_some((peer, self.versions))
    }
}

/// A friend's place as text.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Written {
    #[n(0)]
    version: u8,
    #[cbor(n(1), with = "minicbor::bytes")]
    endpoint: EndpointKey,
    #[n(2)]
    addrs: Vec<SocketAddr>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let written = Written { version: 1, endpoint: self.endpoint, addrs: self.addrs.clone() };
        f.write_str(&ticket::to_text(PREFIX, canonical::encode(&written)))
    }
}

impl FromStr for Place {
    type Err = BadTicket;

    fn from_str(text: &str) -> Result<Self, BadTicket> {
        let bytes = ticket::from_text(PREFIX, text)?;
        let written: Written = canonical::decode(&bytes).map_err(|_| BadTicket::Damaged)?;
        if written.version != 1 || written.addrs.len() > ADDRS_MAX {
            return Err(BadTicket::Damaged);
        }
        Ok(Self { endpoint: written.endpoint, addrs: written.addrs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{Person, channel};
    use didymos_identity::Secret32;

    fn device() -> SigningKey {
        SigningKey::from_seed(&Secret32::from_bytes([50; 32]))
    }

    fn came(returning: &Returning, known: &[SignedDocument], channel: &Channel) -> Result<Peer, BadSignature> {
        returning.check(known, channel, [2; 32], Vec::new())
    }

    #[test]
    fn the_phrase_speaks_for_its_owner_over_one_connection_and_nobody_else_does() {
        let ann = Person::new(1);
        let claim = Claim::new(&RecoveryPhrase::from_entropy([1; 32]), device(), Timestamp(5));
        let returning = claim.say(&channel()).expect("a claim");
        let peer = came(&returning, &ann.own.versions, &channel()).expect("proven");
        assert_eq!((&peer.did, &peer.device), (&ann.did, device().did()));
        // The key that took control since counts, and the older one does not any more.
        assert!(came(&returning, &ann.rotated().own.versions, &channel()).is_ok());
        let stolen = Returning { certificates: returning.certificates[..1].to_vec(), ..returning.clone() };
        assert!(came(&stolen, &ann.rotated().own.versions, &channel()).is_err());

        let elsewhere = Channel { exporter: [9; 32], ..channel() };
        assert!(came(&returning, &ann.own.versions, &elsewhere).is_err(), "seen elsewhere");
        assert!(came(&returning, &Person::new(2).own.versions, &channel()).is_err(), "somebody else's");
        let eve = Claim::new(&RecoveryPhrase::from_entropy([66; 32]), device(), Timestamp(5));
        assert!(came(&eve.say(&channel()).expect("a claim"), &ann.own.versions, &channel()).is_err());
        // A device's own certificate does not open this way.
        let listed = ann.own.versions[0].document.devices[0].clone();
        let device_speaks = Returning {
            certificates: vec![listed],
            proof: ann.own.device.sign(CONTEXT, &message(&channel(), &ann.did)),
        };
        assert!(came(&device_speaks, &ann.own.versions, &channel()).is_err());
        assert!(claim.owns(&ann.own.versions) && !claim.owns(&Person::new(2).own.versions) && !claim.owns(&[]));
    }

    #[test]
    fn a_place_survives_being_copied_and_no_change() {
        let place = Place { endpoint: [7; 32], addrs: vec!["192.168.1.5:40000".parse().expect("an address")] };
        let text = place.to_string();
        assert_eq!(text.parse(), Ok(place.clone()));
        assert_eq!(format!(" {}\n{} ", &text[..20], &text[20..]).parse(), Ok(place));
        assert_eq!(text[..text.len() - 1].parse::<Place>(), Err(BadTicket::Damaged));
        assert_eq!("twin-abc".parse::<Place>(), Err(BadTicket::NotATicket));
    }
}
