//! Who a twin is, and what its keys do.
//!
//! Everything grows from 24 words. The [`RecoveryPhrase`] gives the vault key, which opens the owner's data, and the
//! [`IdentityKey`], which speaks for the person. The identity key signs rarely: it lists the *devices* that may act,
//! in a [`DidDocument`] whose versions form a chain, so that keys change and the identity stays. A device signs with
//! its own [`SigningKey`] every day. On disk the secrets lie in a [`KeyFile`]: slots, each opened by one passphrase or passkey.
//!
//! This crate reads no clock, no disk, no network and draws no randomness: time and entropy are arguments. Secrets
//! are wiped when dropped and print as `…`.
//!
//! - [`phrase`] and [`secret`]: the words and the 32-byte secrets;
//! - [`sealed`]: authenticated encryption and key derivation;
//! - [`hpke`]: sealing to somebody who holds a key, with nothing agreed on before;
//! - [`key`], [`did_key`] and [`signature`]: Ed25519 signatures, each bound to what it is for, and keys as DIDs;
//! - [`certificate`], [`document`] and [`chain`]: devices, versions and their verification;
//! - [`keyfile`] and [`kdf`]: secrets at rest;
//! - [`web`], [`webvh`], [`integrity`] and [`jcs`]: the identity as the rest of the web reads it, from a domain;
//! - [`webauthn`]: whether a passkey's word holds.
//!
//! ```
//! use didymos_base::Timestamp;
//! use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, SigningKey, verify, verify_chain};
//!
//! let phrase = RecoveryPhrase::from_entropy([7; 32]);
//! let (identity, device) = (phrase.identity_key(), SigningKey::from_seed(&Secret32::from_bytes([9; 32])));
//! let first = DidDocument::genesis(&identity, device.did(), Timestamp(0), None);
//!
//! let signature = device.sign("commit", b"what happened");
//! assert!(verify(device.did(), "commit", b"what happened", &signature).is_ok());
//! assert!(verify_chain(&[first]).expect("sound").authorises(device.did(), Timestamp(1)));
//! ```

pub mod certificate;
pub mod chain;
pub mod did_key;
pub mod document;
pub mod hpke;
pub mod integrity;
pub mod jcs;
pub mod kdf;
pub mod key;
pub mod keyfile;
pub mod phrase;
pub mod sealed;
pub mod secret;
pub mod signature;
mod w3c;
pub mod web;
pub mod webauthn;
pub mod webvh;

pub use certificate::{DeviceCertificate, SignedCertificate};
pub use chain::{ChainError, VerifiedIdentity, verify_chain};
pub use did_key::{ResolveError, resolve_key};
pub use document::{DidDocument, DocumentError, Revocation, SignedDocument};
pub use hpke::{Opener, PublicKey, seal_to};
pub use kdf::KdfCost;
pub use key::{IdentityKey, SigningKey, VerifyingKey, verify};
pub use keyfile::{KeyFile, Passkey, UnlockError, Unlocked};
pub use phrase::{PhraseError, RecoveryPhrase};
pub use sealed::{OpenError, SealingKey, derive};
pub use secret::Secret32;
pub use signature::{BadSignature, Signature};
pub use web::WebPlace;
