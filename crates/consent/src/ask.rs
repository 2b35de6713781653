//! Who asks, and for what.

use didymos_base::{Did, StreamId, Timestamp};
use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who asks, as the adapter at the door has authenticated them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[cbor(flat)]
pub enum Principal {
    /// A device that says it is the owner's own. Whether it is, [`decide`](crate::decide) finds out.
    #[n(0)]
    Device {
        /// Whose device it says it is.
        #[n(0)]
        owner: Did,
        /// The key that it proved to hold.
        #[n(1)]
        device: Did,
    },
    /// Another person's twin.
    #[n(1)]
    Twin(#[n(0)] Did),
    /// Nobody in particular.
    #[n(2)]
    Anonymous,
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device { device, .. } => write!(f, "device {device}"),
            Self::Twin(did) => write!(f, "twin {did}"),
            Self::Anonymous => f.write_str("somebody unknown"),
        }
    }
}

/// What is done with the data (an *action* in ODRL's terms).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[cbor(index_only)]
pub enum Act {
    /// See data.
    #[n(0)]
    View,
    /// Get a result that is computed from data which stay here.
    #[n(1)]
    Compute,
    /// Get a proof of something.
    #[n(2)]
    Prove,
    /// Send the owner a message.
    #[n(3)]
    Message,
    /// Add data.
    #[n(4)]
    Write,
    /// Change how the twin works: keys, backups, contracts. The owner's alone; no contract can grant it.
    #[n(5)]
    Manage,
    /// Put sealed bytes into the owner's keeping, within the room that they give.
    #[n(6)]
    Store,
    /// Have shown, or back, what one gave into the owner's keeping.
    #[n(7)]
    Fetch,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 8] =
        [Self::View, Self::Compute, Self::Prove, Self::Message, Self::Write, Self::Manage, Self::Store, Self::Fetch];

    /// Its name, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Compute => "compute",
            Self::Prove => "prove",
            Self::Message => "message",
            Self::Write => "write",
            Self::Manage => "manage",
            Self::Store => "store",
            Self::Fetch => "fetch",
        }
    }

    /// Whether it is about no stream, and yet not about the twin itself: for others to do under a contract.
    #[must_use]
    pub const fn needs_no_stream(self) -> bool {
        matches!(self, Self::Message | Self::Store | Self::Fetch)
    }
}

/// Which streams (a *target* in ODRL's terms).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Streams {
    /// Every stream there is or will be.
    All,
    /// These and no others. An empty list is no stream at all: a message, a status.
    Only(Vec<StreamId>),
}

impl Streams {
    /// No stream at all.
    pub const NONE: Self = Self::Only(Vec::new());

    /// Whether it is no stream at all.
    #[must_use]
    pub fn is_none(&self) -> bool {
        matches!(self, Self::Only(streams) if streams.is_empty())
    }

    /// Whether every stream of `asked` is among these.
    #[must_use]
    pub fn cover(&self, asked: &Self) -> bool {
        match (self, asked) {
            (Self::All, _) => true,
            (Self::Only(_), Self::All) => false,
            (Self::Only(granted), Self::Only(asked)) => asked.iter().all(|stream| granted.contains(stream)),
        }
    }
}

/// A request, as far as deciding needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its versioned name, for example `timeline.query@1`.
    pub request: &'static str,
    /// What is done.
    pub act: Act,
    /// With which streams.
    pub streams: Streams,
    /// From when on, inclusive; none: from the first datum.
    pub from: Option<Timestamp>,
    /// Until when, exclusive; none: without end.
    pub to: Option<Timestamp>,
    /// How many bytes are to be kept that are not kept yet.
    pub bytes: u64,
}

impl Asked {
    /// A request that touches no stream.
    #[must_use]
    pub const fn new(request: &'static str, act: Act) -> Self {
        Self { request, act, streams: Streams::NONE, from: None, to: None, bytes: 0 }
    }

    /// The same request, on these streams.
    #[must_use]
    pub fn on(self, streams: impl IntoIterator<Item = StreamId>) -> Self {
        Self { streams: Streams::Only(streams.into_iter().collect()), ..self }
    }

    /// The same request, on every stream.
    #[must_use]
    pub fn on_all(self) -> Self {
        Self { streams: Streams::All, ..self }
    }

    /// The same request, with so many more bytes to be kept.
    #[must_use]
    pub fn keeping(self, bytes: u64) -> Self {
        Self { bytes, ..self }
    }

    /// The same request, for a period.
    #[must_use]
    pub fn during(self, from: Option<Timestamp>, to: Option<Timestamp>) -> Self {
        Self { from, to, ..self }
    }
}
