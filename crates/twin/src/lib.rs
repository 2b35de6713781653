//! The one door of a twin.
//!
//! Every act by anyone (the owner's terminal, a browser, later another twin or a researcher's program) is a typed
//! [`Request`] from an authenticated [`Principal`]. [`Twin`] puts it to the pure decision of `didymos-consent`, hands
//! it to the one capability that answers it, and leaves a receipt in the journal: of what was allowed and of what was
//! refused. Adapters know nothing but the [`Door`] trait, so there is no second way in, not for the owner either.
//!
//! A capability is a module with its own requests; it reads the vault and never another capability's data.
//!
//! ```
//! use didymos_identity::{KdfCost, RecoveryPhrase};
//! use didymos_twin::{Door, Request, Response, Twin, unwatched};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let home = tempfile::tempdir()?;
//! let phrase = RecoveryPhrase::from_entropy([7; 32]);
//! let twin = Twin::init(home.path(), &phrase, "correct horse battery", KdfCost::for_tests())?;
//! let answer = twin.ask(&twin.principal(), Request::Status, &mut unwatched)?;
//! assert!(matches!(answer, Response::Status(status) if status.observations == 0));
//! # Ok(())
//! # }
//! ```

mod capability;
pub mod devices;
pub mod door;
mod failure;
pub mod home;
mod jobs;
mod keeper;
pub mod moment;
pub mod payload;
pub mod peers;
mod receipts;
pub mod request;
pub mod response;
mod settings;
mod twin;
mod world;

pub use didymos_consent::Principal;
pub use door::{Door, Failure, FailureCode, Progress, Watch};
pub use keeper::{Hook, Keeper, PasskeyShown, Receiving, Standing, WORDS_CHECKED_MIN};
pub use moment::Moment;
pub use peers::online::{Listen, PORT};
pub use peers::phonebook::LookOut;
pub use peers::returning::Friends;
pub use request::Request;
pub use response::Response;
pub use twin::{Twin, unwatched};
pub use world::{Chance, World};
