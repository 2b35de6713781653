//! Circles: people who write to each other, with nobody in the middle.
//!
//! A [`Circle`] is a group of devices that share keys by MLS (RFC 9420) and a graph of signed [envelopes](wire). Each
//! member's twin keeps the graph, sealed as it is, and gives it to any other member that comes by; whoever was away
//! catches up with whomever is there. Every envelope names what its author had seen, so causes come before effects on
//! every twin, and the rest lies in the same order everywhere, without a server to order it.
//!
//! A commit (somebody is let in or put out, keys are renewed, a name is changed) begins an epoch. Members may commit at
//! the same time; then every twin finds the same [winner](fork), and what the loser wanted is committed again. The keys
//! of some epochs behind the one that counts are kept for some days, so that what was sealed for them opens late; whoever
//! was away for longer, or lost its keys, is let in anew by any member. What somebody cannot open any more, its author
//! sends again.
//!
//! | who copied a device's keys | reads what is sealed for the epochs whose keys were there, until the device renews its leaf (weekly, every 200 envelopes, or at once) |
//! | who was put out | reads nothing that is written by who has seen it |
//! | who was let in | reads nothing from before |
//! | a member who lies | can say different things to different people, commit against the charter, bring garbage or floods: it is refused or stays without effect, and is counted |
//!
//! This crate reads no clock, no disk and no network. A step returns [`Effects`]: what to keep, and in which order, before
//! anything that the step made may leave. That order is what makes a crash harmless.
//!
//! - [`wire`]: bytes on the way, and their bounds; [`content`]: what a message says; [`record`]: what is kept.

mod acting;
mod budget;
mod circle;
pub mod content;
mod fork;
mod graph;
mod group;
mod hpke;
mod image;
mod leaf;
mod provider;
pub mod record;
mod syncing;
mod taking;
pub mod wire;

pub use acting::{RENEW_ENVELOPES, RENEW_MS, package};
pub use circle::{Circle, CircleError, Effects, KeysWritten, Me};
pub use content::{Content, File};
pub use group::{Charter, GroupError, NAME_CHARACTERS_MAX, Seat};
pub use provider::Chance;
pub use record::{Epoch, Record, Wish};
pub use wire::{Ack, Envelope, Invitation, Sync};
