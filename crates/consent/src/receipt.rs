//! The receipt: what was asked, what was decided, how it ended. It says what was looked at and never what was seen.

use crate::{Act, Basis, Decision, Principal, Reason, Streams, Transform};
use didymos_base::canonical::{self, CanonicalError};
use didymos_base::{StreamId, Timestamp};
use minicbor::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most streams that a receipt names; of more, their number remains.
pub const MAX_STREAMS: usize = 32;
/// The longest request name, summary or failure code kept, in bytes.
pub const MAX_TEXT: usize = 256;
/// No receipt is longer than this in canonical form.
pub const MAX_LEN: usize = 8 * 1024;

/// How it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[cbor(flat)]
pub enum Verdict {
    /// Yes.
    #[n(0)]
    Allowed {
        /// Why.
        #[n(0)]
        because: Basis,
        /// What was done to the answer.
        #[n(1)]
        transform: Transform,
    },
    /// No.
    #[n(1)]
    Denied {
        /// Why not.
        #[n(0)]
        because: Reason,
    },
}

impl From<Decision> for Verdict {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Allow { transform, because } => Self::Allowed { because, transform },
            Decision::Deny { because } => Self::Denied { because },
        }
    }
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[cbor(flat)]
pub enum Outcome {
    /// It was answered.
    #[n(0)]
    Ok {
        /// With so many items: observations, buckets, objects.
        #[n(0)]
        items: u64,
    },
    /// It was not.
    #[n(1)]
    Failed {
        /// The failure's code, for example `denied` or `not_found`.
        #[n(0)]
        code: String,
    },
}

/// One act at the door. Made by [`Receipt::new`], which keeps every part within its bound.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize, JsonSchema)]
#[cbor(array)]
pub struct Receipt {
    /// When.
    #[n(0)]
    pub time: Timestamp,
    /// Who asked.
    #[n(1)]
    pub principal: Principal,
    /// The request's versioned name.
    #[n(2)]
    pub request: String,
    /// What was to be done.
    #[n(3)]
    pub act: Act,
    /// With which streams: the first [`MAX_STREAMS`] of them.
    #[n(4)]
    pub streams: Vec<StreamId>,
    /// How many streams there were; none: all there are.
    #[n(5)]
    pub stream_count: Option<u64>,
    /// What was asked, in a few words for the owner. Never values.
    #[n(6)]
    pub summary: String,
    /// How it was decided.
    #[n(7)]
    pub decision: Verdict,
    /// How it ended.
    #[n(8)]
    pub outcome: Outcome,
}

impl Receipt {
    /// The receipt for `asked`; texts and lists beyond their bound are cut.
    #[must_use]
    pub fn new(
        time: Timestamp,
        principal: Principal,
        asked: &crate::Asked,
        summary: &str,
        decision: Decision,
        outcome: Outcome,
    ) -> Self {
        let (streams, stream_count) = match &asked.streams {
            Streams::All => (Vec::new(), None),
            Streams::Only(all) => (all.iter().take(MAX_STREAMS).cloned().collect(), Some(all.len() as u64)),
        };
        let outcome = match outcome {
            Outcome::Failed { code } => Outcome::Failed { code: cut(&code) },
            ok @ Outcome::Ok { .. } => ok,
        };
        Self {
            time,
            principal,
            request: cut(asked.request),
            act: asked.act,
            streams,
            stream_count,
            summary: cut(summary),
            decision: decision.into(),
            outcome,
        }
    }

    /// Canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads canonical bytes, and refuses what [`new`](Self::new) would have cut.
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        let too_long = || CanonicalError::Malformed(minicbor::decode::Error::message("a receipt beyond its bounds"));
        if bytes.len() > MAX_LEN {
            return Err(too_long());
        }
        let receipt: Self = canonical::decode(bytes)?;
        if receipt.is_bounded() { Ok(receipt) } else { Err(too_long()) }
    }

    fn is_bounded(&self) -> bool {
        let code = match &self.outcome {
            Outcome::Failed { code } => code.len(),
            Outcome::Ok { .. } => 0,
        };
        let texts = self.request.len().max(self.summary.len()).max(code);
        texts <= MAX_TEXT && self.streams.len() <= MAX_STREAMS
    }
}

/// The longest beginning of `text` within the bound that does not cut through a character.
fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TEXT)].to_owned()
}
