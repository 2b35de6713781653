//! The vault: one append-only, signed, hash-linked journal of sealed objects, and what is derived from it.
//!
//! Observations are grouped by stream into [chunks](chunk), packed in columns, sealed under a key of their stream and
//! named by the digest of the sealed bytes. A [commit](commit) signs the roots of a few hundred objects at most and
//! names the commit before it, so that nothing can be changed, reordered or dropped without breaking a signature. The
//! [journal](journal) file is nothing but those objects and commits, one behind the other; opening a vault reads the
//! commits only.
//!
//! One process writes; many threads read what was committed before they began. Everything else here (the
//! [`Index`] in memory, the [roll-ups](rollup)) is derived and can be thrown away.
//!
//! - [`Vault::import`] takes rows in and leaves out what is there already; [`Vault::retract`] takes an import back;
//! - [`spool`] keeps files that wait to be imported, sealed;
//! - [`timeline`] answers ranges and buckets;
//! - [`proof`] shows one observation to a stranger; [`proof::check`] needs no vault and no key;
//! - [`held`] keeps sealed bytes of other people's; [`Vault::span`] and [`Rebuilding`] serve copies at friends;
//! - [`Vault::verify`] reads and hashes everything again, [`Vault::repair`] heals from copies, [`restore`] begins anew.
//!
//! The vault reads no clock: times come in with the call.
//!
//! ```
//! use didymos_base::{Row, Source, Timestamp, Value, ZoneOffset, streams};
//! use didymos_identity::{DidDocument, RecoveryPhrase, Secret32, SigningKey};
//! use didymos_vault::{ObjectKind, Opening, Signer, Vault, VaultKey, proof, timeline::Edge};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (phrase, now) = (RecoveryPhrase::from_entropy([7; 32]), Timestamp(1_700_000_000_000));
//! let key = SigningKey::from_seed(&Secret32::from_bytes([9; 32]));
//! let identity = DidDocument::genesis(&phrase.identity_key(), key.did(), now, None);
//! let signer = Some(Signer { key, certificate: identity.document.devices[0].clone() });
//! let dir = tempfile::tempdir()?;
//! let owner = identity.document.id.clone();
//! let key = VaultKey::new(phrase.vault_key());
//! let opening = Opening { dir: dir.path(), key, owner, signer, chance: None };
//! let vault = Vault::create(opening, &[(ObjectKind::Identity, vec![identity.encode()])], now)?;
//!
//! let clock = || now;
//! let mut import = vault.import(&clock)?;
//! let part = import.begin_part("scales.csv", "csv");
//! let stream = import.stream(&streams::known("body_mass").expect("in the table").stream());
//! let source = import.source(&Source::named("Scales"));
//! let value = Value::Number(68.2);
//! import.rows(part, [Row { stream, source, start: now, end: now, zone: ZoneOffset::UTC, value: value.clone(), at: 0 }])?;
//! assert_eq!(import.finish()?.parts[0].added, 1);
//!
//! let shown = vault.prove(&"body_mass".parse()?, Edge::Exact(now.0))?.encode();
//! assert_eq!(proof::check(&shown)?.observation.value, value);
//! # Ok(())
//! # }
//! ```

pub mod backup;
pub mod chunk;
mod column;
pub mod commit;
pub mod disk;
mod error;
pub mod fault;
mod follow;
pub mod frame;
pub mod held;
mod import;
mod index;
pub mod journal;
pub mod leaves;
pub mod proof;
mod records;
mod repair;
mod retract;
pub mod rollup;
mod seal;
mod spans;
pub mod spool;
pub mod timeline;
mod turn;
mod vault;
mod verify;

pub use chunk::PartId;
pub use commit::ObjectKind;
pub use error::{Damage, Damaged, VaultError};
pub use follow::{Followed, Stretch, Tip};
pub use import::{Import, ImportId, Imported, PartRecord, PartReport};
pub use index::{ChunkRef, CommitRef, Index, RecordRef, StreamChunks};
pub use journal::Found;
pub use repair::{Copies, Repaired, Watch, owner_of, restore};
pub use retract::Retraction;
pub use seal::{Chance, StreamSeal, VaultKey};
pub use spans::Rebuilding;
pub use vault::{Opening, Signer, Vault};
pub use verify::Verified;
