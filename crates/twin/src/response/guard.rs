//! Answers about guardians, heirs, and getting a twin back.

use didymos_base::{Did, Digest, StreamId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything about guardians: the owner's own, whose guardian the owner is, and claims.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GuardiansAnswer {
    /// The owner's guardians, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring: Option<RingShown>,
    /// Those whose guardian the owner is, or is asked to be.
    pub wards: Vec<WardShown>,
    /// Requests to hand something over: to the owner as guardian, or about the owner's own twin; newest first.
    pub claims: Vec<ClaimShown>,
}

/// The owner's guardians.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RingShown {
    /// Which round of splitting this is, from 1. What earlier rounds gave out is useless.
    pub round: u64,
    /// So many guardians have to hand over their share.
    pub threshold: u8,
    /// For how many days each of them waits first.
    pub wait_days: u32,
    /// When it was split, RFC 3339.
    pub made: String,
    /// Whether enough guardians hold their share.
    pub ready: bool,
    /// The guardians.
    pub guardians: Vec<GuardianShown>,
    /// What should be done, in plain words; empty when all is well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How a guardian stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GuardianState {
    /// Their share has not reached their twin yet.
    OnItsWay,
    /// Their twin has it and found it sound; the person has not said anything yet.
    Asked,
    /// The person accepted, and the share is kept.
    Holding,
    /// The person refused, or gave it up; their twin has destroyed the share.
    Refused,
    /// Their twin said that it has lost the share: split anew.
    Lost,
}

/// A guardian of the owner's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GuardianShown {
    /// Who.
    pub did: Did,
    /// What the owner calls them, if they are a contact still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How it stands with them.
    pub state: GuardianState,
    /// Since when, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// When a rehearsal last found that their share is there and sound, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<String>,
    /// Whether something for them has not arrived yet.
    pub undelivered: bool,
}

/// How it stands with somebody whose guardian the owner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WardState {
    /// They ask; the owner has not said anything yet.
    Asking,
    /// The owner keeps a share for them.
    Holding,
    /// It is over: ended by them, refused or given up by the owner. The share is destroyed.
    Ended,
    /// The share cannot be read any more; they were told.
    Lost,
}

/// Somebody whose guardian the owner is, or is asked to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WardShown {
    /// Who.
    pub did: Did,
    /// What the owner calls them, if they are a contact still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How it stands.
    pub state: WardState,
    /// Which round of theirs.
    pub round: u64,
    /// So many guardians it takes,
    pub threshold: u8,
    /// of so many.
    pub guardians: u8,
    /// For how many days the owner's twin waits before it hands the share over.
    pub wait_days: u32,
    /// When they asked, RFC 3339.
    pub since: String,
    /// After how many days without a sign of life their heirs may come; absent: they named none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_days: Option<u32>,
    /// How many whole days there was no sign of life, as the owner's twin counted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_days: Option<u32>,
    /// When their last sign of life came, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<String>,
    /// Their heirs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heirs: Vec<Did>,
}

/// What a claim wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// A new machine wants its owner's recovery phrase back.
    Recovery,
    /// An heir wants what was left to them.
    Inheritance,
}

/// How a claim stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimState {
    /// It is not clear whose twin it is about: the guardian says so when approving.
    Unclear,
    /// The guardian has not said anything yet.
    Unapproved,
    /// An heir came before there was silence for long enough.
    Early,
    /// Approved; the waiting time runs.
    Waiting,
    /// Approved, and the waiting time is over: the claimant's machine may come and get it.
    Ready,
    /// The share was handed over.
    Released,
    /// The guardian said no.
    Denied,
    /// The owner whose twin it is about said that it is theft.
    Cancelled,
    /// The guardian holds no share of that owner any more.
    Gone,
}

/// A request to hand something over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClaimShown {
    /// Its id.
    pub claim: Digest,
    /// What the claimant's machine shows too: the people compare.
    pub digits: String,
    /// What it wants.
    pub kind: ClaimKind,
    /// Whether it is about the owner's own twin: cancel it unless it is you.
    pub mine: bool,
    /// Whose twin it is about, once that is clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ward: Option<Did>,
    /// What the owner calls them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ward_name: Option<String>,
    /// Whom the claimant named.
    pub who: String,
    /// The machine, or the heir's twin, that claims.
    pub claimant: Did,
    /// What the owner calls it, if it is a contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimant_name: Option<String>,
    /// How it stands.
    pub state: ClaimState,
    /// When it was seen first, RFC 3339.
    pub seen: String,
    /// When the guardian approved, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<String>,
    /// When the share can be handed over at the earliest, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<String>,
    /// Whether the owner of that twin was told (of a claim on a ward), or who told (of a claim on oneself).
    pub told: bool,
    /// Guardians that told of it, where it is about the owner's own twin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told_by: Vec<Did>,
}

/// How getting a twin back stands, on the new machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecoveryAnswer {
    /// The claim's id.
    pub claim: Digest,
    /// What each guardian compares and types.
    pub digits: String,
    /// What it wants.
    pub kind: ClaimKind,
    /// Whose twin, as it was named.
    pub who: String,
    /// Whose twin, once a guardian said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ward: Option<Did>,
    /// Shares that were handed over and are sound.
    pub have: u8,
    /// Shares that it takes; unknown before the first guardian has handed over theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub need: Option<u8>,
    /// Whether there are enough.
    pub ready: bool,
    /// Each guardian.
    pub guardians: Vec<RecoveryGuardian>,
}

/// How a guardian stands to a claim, as the claimant knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecoveryGuardian {
    /// Who.
    pub did: Did,
    /// What they are called here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How it stands there, when it was last heard; absent: never reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ClaimState>,
    /// When they can hand over their share at the earliest, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<String>,
    /// Whether what they handed over is not what the owner gave them: it does not count, and they are named here.
    pub lied: bool,
    /// What went wrong last, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// What a guardian's twin answers to a claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Collected {
    /// How the claim stands there.
    pub state: ClaimState,
    /// When the share can be handed over at the earliest, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<String>,
    /// The share, sealed to the claim's key: base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<String>,
}

/// Heirs: the owner's own, and from whom the owner inherits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeirsAnswer {
    /// Who inherits from the owner.
    pub heirs: Vec<HeirShown>,
    /// After how many days without a sign of life; absent: nobody inherits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_days: Option<u32>,
    /// From whom the owner inherits.
    pub inherits: Vec<InheritanceShown>,
}

/// An heir of the owner's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeirShown {
    /// Who.
    pub did: Did,
    /// What the owner calls them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Only these streams; empty: everything.
    pub streams: Vec<StreamId>,
    /// Whether their twin knows of it.
    pub told: bool,
}

/// What was left to the owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InheritanceShown {
    /// From whom.
    pub did: Did,
    /// What the owner calls them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Only these streams; empty: everything.
    pub streams: Vec<StreamId>,
    /// After how many days without a sign of life.
    pub silence_days: u32,
    /// So many guardians it takes.
    pub threshold: u8,
    /// Who the guardians are.
    pub guardians: Vec<Did>,
    /// The claim, once the owner has made one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<RecoveryAnswer>,
}

/// What was left to an heir, opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Inherited {
    /// From whom.
    pub did: Did,
    /// The recovery phrase of their twin, where everything was left: `twin restore` takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrase: Option<crate::request::Words>,
    /// Keys of the streams that were left, base64url, by stream.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub streams: std::collections::BTreeMap<StreamId, crate::request::Words>,
    /// A few words from them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<String>,
}

/// What a rehearsal found. Nothing was opened, and no share has left its guardian.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RehearsalAnswer {
    /// Whether it would work now.
    pub would_work: bool,
    /// So many shares it takes.
    pub need: u8,
    /// Guardians that hold a sound share now.
    pub sound: u8,
    /// Each step with each person.
    pub steps: Vec<RehearsalStep>,
}

/// One step of a rehearsal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RehearsalStep {
    /// With whom.
    pub did: Did,
    /// What the owner calls them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is an heir; else a guardian.
    pub heir: bool,
    /// Whether it went well.
    pub ok: bool,
    /// What was found, in words.
    pub words: String,
}

/// What a twin answers to a rehearsal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Probed {
    /// Whether it holds what it was given, and could open its seal just now.
    pub holds: bool,
    /// The signed word of it: canonical bytes in base64url.
    pub word: String,
}
