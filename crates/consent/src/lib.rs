//! Who may do what: the decision of the door, and the receipt that it leaves.
//!
//! Everything that anybody asks of a twin passes [`decide`]: a pure function of *who* asks ([`Principal`]), *what* is
//! asked ([`Asked`]), the [`Contract`]s, whose twin it is ([`Owner`]) and the time. The answer is a [`Decision`], and
//! each decision, also a refusal, is kept as a [`Receipt`].
//!
//! The rules fit into three sentences. A device that the owner lists and has not revoked may do everything. Anybody
//! else may do what a contract in force covers: this party, this act, all the streams asked for, all of the period, no
//! more often than it says, and seen no finer than it says. Nothing else is allowed.
//!
//! This crate reads no clock and keeps nothing.
//!
//! ```
//! use didymos_base::{Did, Timestamp};
//! use didymos_consent::{Act, Asked, Decision, Owner, Principal, Reason, decide};
//!
//! let owner: Did = "did:key:z6MkOwner".parse()?;
//! let phone: Did = "did:key:z6MkPhone".parse()?;
//! let state = Owner { did: &owner, devices: &[phone.clone()], revoked: &[] };
//! let asked = Asked::new("timeline.query@1", Act::View).on(["heart_rate".parse()?]);
//!
//! let device = Principal::Device { owner: owner.clone(), device: phone };
//! assert!(decide(&device, &asked, &[], &[], &state, Timestamp(0)).is_allowed());
//!
//! let stranger = Principal::Twin("did:key:z6MkStranger".parse()?);
//! assert_eq!(decide(&stranger, &asked, &[], &[], &state, Timestamp(0)), Decision::Deny { because: Reason::NoContract });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod ask;
pub mod contract;
pub mod decision;
pub mod grant;
pub mod receipt;

pub use ask::{Act, Asked, Principal, Streams};
pub use contract::{Contract, ContractId, Period, Rate, Spent};
pub use decision::{Basis, Decision, Owner, PAGE, Reason, Transform, VIEWS, decide};
pub use grant::{Acceptance, Ending, Offer, Paper, PaperError, Terms};
pub use receipt::{Outcome, Receipt, Verdict};
