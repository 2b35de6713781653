//! What contacts do for each other's safety, as pure protocols.
//!
//! *Guardians* keep shares of somebody's recovery phrase. So many of them together bring it back to a new machine, after
//! each of them has recognised the person and a waiting time has passed during which the person's living twin can say
//! that it is theft. *Heirs* get what was left to them the same way, after there was no sign of life for long enough.
//! *Witnesses* cosign the checkpoints of each other's journals, so that whoever shows two histories is caught.
//!
//! Everything here is free of input and output: papers and records in, records and papers out; time and randomness are
//! arguments. What a twin keeps is a [`Book`], folded from [`Record`]s of its journal.
//!
//! - [`share`]: a secret among several people, verifiably;
//! - [`paper`]: what is signed and sent;
//! - [`wait`]: a waiting time that a wrong clock cannot cut short;
//! - [`desk`]: the guardian's side; [`ring`]: the side of whose guardians they are; [`quest`]: the claimant's side;
//! - [`checkpoint`], [`watch`] and [`evidence`]: witnesses.
//!
//! ```
//! use didymos_guard::share::{combine, split};
//! use didymos_identity::Secret32;
//!
//! let split = split(2, 3, &Secret32::from_bytes([7; 32]))?;
//! assert!(split.shares.iter().all(|share| share.is_sound(&split.commitments)));
//! assert_eq!(combine(&split.shares[1..], &split.commitments)?, split.key);
//! assert!(combine(&split.shares[..1], &split.commitments).is_err());
//! # Ok::<(), didymos_guard::share::ShareError>(())
//! ```

pub mod checkpoint;
pub mod desk;
pub mod evidence;
pub mod paper;
pub mod quest;
pub mod record;
pub mod ring;
pub mod share;
pub mod wait;
pub mod watch;

pub use desk::{Desk, Stand};
pub use paper::{Appointment, Charter, Claim, GuardError, Kind, Paper, SignedCharter, Word};
pub use quest::{Outcome, Quest, Release};
pub use record::{Book, Record};
pub use ring::{Legacy, Ring, Shares, Wish, lasting_key};
pub use share::Share;
pub use wait::Wait;
