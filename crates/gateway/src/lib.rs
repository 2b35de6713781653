//! Adapters onto the door of a twin: the owner's browser, and other programs on the owner's machine.
//!
//! Whatever comes in here becomes a [`Request`](didymos_twin::Request) of a
//! [`Principal`](didymos_twin::Principal) and is put to one [`Door`](didymos_twin::Door); nothing in this crate
//! decides, reads or keeps anything of the owner's.
//!
//! - [`Server`]: a JSON API (`POST /api/timeline.view@1`, described by [`openapi_document`]) and one page, on
//!   loopback. A one-time link, the passphrase or a passkey becomes a session; requests of other sites' pages are
//!   refused by their headers. The twin may be locked, and may not exist yet: see [`didymos_twin::Keeper`].
//! - `socket`: a Unix socket through which a second `twin` process is served by the one that holds the vault.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use didymos_gateway::{Access, Server};
//! use didymos_twin::{Door, Failure, FailureCode, Principal, Request, Response, Watch};
//! use std::sync::Arc;
//!
//! struct Shut;
//! impl Door for Shut {
//!     fn ask(&self, _: &Principal, _: Request, _: Watch<'_>) -> Result<Response, Failure> {
//!         Err(Failure::new(FailureCode::Denied, "this door is painted on the wall"))
//!     }
//! }
//!
//! let server = Server::start(Arc::new(Shut), Principal::Anonymous, "127.0.0.1:0".parse()?, Access::default())?;
//! assert!(server.url().starts_with("http://localhost:"));
//! server.stop();
//! server.wait()?;
//! # Ok(())
//! # }
//! ```

mod access;
mod ask;
mod auth;
mod behind;
mod catalog;
mod delivery;
mod http;
mod openapi;
mod outside;
mod page;
mod passkey;
mod problem;
mod serve;
mod server;
mod session;
#[cfg(unix)]
pub mod socket;
mod upload;

pub use access::Access;
pub use behind::Behind;
pub use http::Gate;
pub use openapi::document as openapi_document;
pub use problem::Problem;
pub use serve::serve;
pub use server::{Server, StartError, Stopper};
pub use session::NoRandomness;
