//! Verification of a whole identity: every version of the document, from the first.

use crate::document::commit_to_next;
use crate::{DidDocument, SignedCertificate, SignedDocument, resolve_key};
use didymos_base::{Did, Digest, Timestamp};

/// Why the versions make no identity. `version` counts from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// No version at all.
    #[error("there is no DID document; restore it from a copy")]
    Empty,
    /// The first version is not the one that its DID names.
    #[error("version 1 of the DID document does not belong to its DID")]
    NotGenesis,
    /// A version does not follow the one before it.
    #[error("version {version} of the DID document does not follow the one before; some are missing or out of order")]
    NotNext {
        /// Which.
        version: u32,
    },
    /// A version is not signed by who controls it.
    #[error("version {version} of the DID document is not signed by the identity key in control")]
    BadSignature {
        /// Which.
        version: u32,
    },
    /// The key that takes control is not the one committed to.
    #[error("version {version} of the DID document names another identity key than the one committed to before")]
    NotTheCommittedKey {
        /// Which.
        version: u32,
    },
    /// A version drops or changes a device or a revocation, or lists a device that the owner did not sign.
    #[error("version {version} of the DID document changes what earlier versions said about devices")]
    HistoryChanged {
        /// Which.
        version: u32,
    },
    /// A device certificate does not belong.
    #[error("version {version} of the DID document lists a device without a valid certificate")]
    BadCertificate {
        /// Which.
        version: u32,
    },
}

/// An identity whose every version was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedIdentity {
    document: DidDocument,
    controllers: Vec<Did>,
    signers: Vec<usize>,
}

impl VerifiedIdentity {
    /// The lasting DID.
    #[must_use]
    pub fn id(&self) -> &Did {
        &self.document.id
    }

    /// The newest version.
    #[must_use]
    pub fn document(&self) -> &DidDocument {
        &self.document
    }

    /// Digest of the newest version.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.document.digest()
    }

    /// Every identity key there was, oldest first; the last is in control. The position is the number under which the
    /// recovery phrase derives it, if all were derived from it.
    #[must_use]
    pub fn controllers(&self) -> &[Did] {
        &self.controllers
    }

    /// The certificate of `device`, and the identity key that signed it.
    #[must_use]
    pub fn certificate(&self, device: &Did) -> Option<(&SignedCertificate, &Did)> {
        let at = self.document.devices.iter().position(|signed| signed.certificate.device == *device)?;
        Some((&self.document.devices[at], self.controllers.get(*self.signers.get(at)?)?))
    }

    /// Whether `device` could act at `at`. For "may it act now" use [`is_active`](Self::is_active): a revocation
    /// counts from the moment it is known, whatever the clock says.
    #[must_use]
    pub fn authorises(&self, device: &Did, at: Timestamp) -> bool {
        self.document.authorises(device, at)
    }

    /// Whether `device` is listed and not revoked.
    #[must_use]
    pub fn is_active(&self, device: &Did) -> bool {
        self.document.certificate(device).is_some() && self.document.revocation(device).is_none()
    }
}

/// Checks every version from the first: order, digests, signatures, commitments, certificates, and that nothing said
/// about a device was ever taken back.
pub fn verify_chain(versions: &[SignedDocument]) -> Result<VerifiedIdentity, ChainError> {
    let (first, rest) = versions.split_first().ok_or(ChainError::Empty)?;
    let mut identity = verify_genesis(first)?;
    for signed in rest {
        verify_next(&mut identity, signed)?;
    }
    Ok(identity)
}

fn verify_genesis(signed: &SignedDocument) -> Result<VerifiedIdentity, ChainError> {
    let document = &signed.document;
    let is_first = document.version == 1
        && document.previous.is_none()
        && document.controller == document.id
        && signed.takeover.is_none();
    if !is_first {
        return Err(ChainError::NotGenesis);
    }
    signed.verify_by(&document.id).map_err(|_| ChainError::BadSignature { version: 1 })?;
    let controllers = vec![document.id.clone()];
    let signers = certificate_signers(document, 0, &controllers)?;
    revocations_belong(document, 0)?;
    Ok(VerifiedIdentity { document: document.clone(), controllers, signers })
}

fn verify_next(identity: &mut VerifiedIdentity, signed: &SignedDocument) -> Result<(), ChainError> {
    let (before, after) = (&identity.document, &signed.document);
    let version = before.version.saturating_add(1);
    let follows = after.version == version
        && before.version != u32::MAX
        && after.id == before.id
        && after.previous == Some(before.digest());
    if !follows {
        return Err(ChainError::NotNext { version });
    }
    signed.verify_by(&before.controller).map_err(|_| ChainError::BadSignature { version })?;
    let rotates = after.controller != before.controller;
    if rotates {
        if before.next.is_some_and(|committed| committed != commit_to_next(&after.controller)) {
            return Err(ChainError::NotTheCommittedKey { version });
        }
        signed.verify_takeover().map_err(|_| ChainError::BadSignature { version })?;
    } else if signed.takeover.is_some() {
        return Err(ChainError::NotNext { version });
    } else if after.next != before.next {
        // Else the holder of a stolen key would drop the commitment first and rotate afterwards.
        return Err(ChainError::NotTheCommittedKey { version });
    }
    if !after.devices.starts_with(&before.devices) || !after.revoked.starts_with(&before.revoked) {
        return Err(ChainError::HistoryChanged { version });
    }
    // New certificates are signed by who controlled the version before, so the new key is not among them yet.
    let mut signers = certificate_signers(after, before.devices.len(), &identity.controllers)?;
    revocations_belong(after, before.revoked.len())?;
    identity.signers.append(&mut signers);
    if rotates {
        identity.controllers.push(after.controller.clone());
    }
    identity.document = after.clone();
    Ok(())
}

/// Checks the certificates from position `known` on and says, for each, which controller signed it.
fn certificate_signers(document: &DidDocument, known: usize, controllers: &[Did]) -> Result<Vec<usize>, ChainError> {
    let error = ChainError::BadCertificate { version: document.version };
    let current = controllers.len().checked_sub(1).ok_or(error)?;
    let mut signers = Vec::new();
    for (position, signed) in document.devices.iter().enumerate().skip(known) {
        let certificate = &signed.certificate;
        let belongs = certificate.owner == document.id
            && resolve_key(&certificate.device).is_ok()
            && certificate.serial as usize == position + 1
            && document.devices[..position].iter().all(|other| other.certificate.device != certificate.device);
        if position >= crate::document::MAX_DEVICES || !belongs || signed.verify_by(&controllers[current]).is_err() {
            return Err(error);
        }
        signers.push(current);
    }
    Ok(signers)
}

/// Checks that each revocation from position `known` on names a listed device, once.
fn revocations_belong(document: &DidDocument, known: usize) -> Result<(), ChainError> {
    let sound = document.revoked.iter().enumerate().skip(known).all(|(position, revocation)| {
        document.certificate(&revocation.device).is_some()
            && document.revoked[..position].iter().all(|other| other.device != revocation.device)
    });
    if sound { Ok(()) } else { Err(ChainError::HistoryChanged { version: document.version }) }
}
