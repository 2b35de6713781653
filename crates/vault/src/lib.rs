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
//! - [`Vault::import`] takes rows in and leaves out what is there already;
//! - [`timeline`] answers ranges and buckets;
//! - [`proof`] shows one observation to a stranger; [`proof::check`] needs no vault and no key;
//! - [`Vault::verify`] reads and hashes everything again, [`Vault::repair`] heals from copies, [`restore`] begins anew.
//!
//! The vault reads no clock: times come in with the call.

pub mod backup;
pub mod chunk;
mod column;
pub mod commit;
pub mod disk;
mod error;
pub mod fault;
pub mod frame;
mod import;
mod index;
pub mod journal;
pub mod proof;
mod repair;
pub mod rollup;
mod seal;
pub mod timeline;
mod vault;
mod verify;

pub use chunk::PartId;
pub use commit::ObjectKind;
pub use error::{Damage, Damaged, VaultError};
pub use import::{Import, Imported, PartRecord, PartReport};
pub use index::{ChunkRef, CommitRef, Index, RecordRef, StreamChunks};
pub use journal::Found;
pub use repair::{Copies, Repaired, Watch, owner_of, restore};
pub use seal::{StreamSeal, VaultKey};
pub use vault::{Opening, Signer, Vault};
pub use verify::Verified;
