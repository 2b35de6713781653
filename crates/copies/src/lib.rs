//! What friends keep of a journal, so that a burnt-down house costs nothing.
//!
//! The journal is cut into [parcels](parcel), each sealed once more so that nobody but the owner sees more than sizes.
//! Of each parcel [shares](code) are made, any few of which give it back. A share is named by the root of a
//! [hash tree](leaf) over it, so that a holder can be asked for any piece and cannot answer without having it. The
//! [manifest] names all shares and who has which; every holder keeps it, sealed. [Placement](placement) says who is to
//! hold what, and the [ledger] what is to be done next and how much may be lost right now.
//!
//! There is no input or output here, no clock and no randomness: what happens comes in, what is to be done comes out.
//!
//! ```
//! use didymos_copies::{code, leaf, parcel};
//! use didymos_identity::Secret32;
//!
//! let keys = parcel::CopyKeys::new(&Secret32::from_bytes([7; 32]));
//! let journal = b"sealed objects and commits".repeat(100);
//! let span = parcel::cut(journal.len() as u64)[0];
//! let sealed = keys.seal(span, &journal);
//!
//! // Five shares, any three of which are enough; each is known by its name.
//! let shares = code::encode(&sealed, 3, &[0, 1, 2, 3, 4])?;
//! let names: Vec<_> = shares.iter().map(|share| leaf::name_of(share)).collect();
//! assert_ne!(names[0], names[1]);
//!
//! let left = [(4, shares[4].clone()), (1, shares[1].clone()), (3, shares[3].clone())];
//! let back = code::decode(sealed.len(), 3, &left)?;
//! assert_eq!(keys.open(span, &back).expect("ours"), journal);
//! # Ok::<(), code::CodeError>(())
//! ```

pub mod code;
pub mod leaf;
pub mod ledger;
pub mod manifest;
pub mod parcel;
pub mod placement;

pub use ledger::{Judged, Ledger, Shown, Step, Wanted};
pub use manifest::{Envelope, Holder, Manifest, ManifestError, Parcel};
pub use parcel::{CopyKeys, Span, cut};
pub use placement::Wish;
