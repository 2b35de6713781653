//! What can be asked of the mirror beside forecasts and the graph: "what if", simulations, experiments.

use super::Every;
use didymos_base::StreamId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A plain sentence to be read: what would be done differently, and what is asked about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sentence {
    /// The question, English or German, at most 300 characters.
    pub sentence: String,
}

/// A question about what would be: in plain words, or as typed values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhatIf {
    /// The question in plain words. What is also given typed wins over what the words say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentence: Option<String>,
    /// What is done differently, at most 4.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interventions: Vec<Intervention>,
    /// What is asked about. Default: what the model is about, or the streams that follow the changed one most closely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<StreamId>,
    /// How far ahead. Default: 7d for days, 8h for glucose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<Every>,
    /// Only observations whose source's text contains this, ignoring case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where chance comes from: the same seed gives the same answer.
    #[serde(default)]
    pub seed: u32,
}

/// Something done differently.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Intervention {
    /// What is measured of a day is more or less than it would be, every day.
    Stream {
        /// The stream.
        stream: StreamId,
        /// By how much, in the stream's unit per day.
        change: ChangeBy,
    },
    /// Something is eaten.
    Meal {
        /// Carbohydrate. Default: that of the last meal recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grams: Option<f64>,
        /// Whether it is eaten in both futures, so that it is not what differs.
        #[serde(default, skip_serializing_if = "is_default")]
        in_both: bool,
    },
    /// More or less insulin than usual, at the start.
    Insulin {
        /// Units more; negative is less.
        units: f64,
    },
    /// Going to bed later, every night.
    Bedtime {
        /// Minutes later; negative is earlier.
        minutes: f64,
    },
    /// A connection of the brain is weaker or stronger.
    Connection {
        /// One region: its name, or its number from 1.
        from: String,
        /// The other.
        to: String,
        /// What its weight is multiplied by: 0 cuts it.
        factor: f64,
    },
}

/// By how much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
pub enum ChangeBy {
    /// So much more; negative is less.
    Add {
        /// In the stream's unit.
        value: f64,
    },
    /// So many times as much.
    Times {
        /// The factor.
        value: f64,
    },
    /// Exactly so much.
    Set {
        /// In the stream's unit.
        value: f64,
    },
}

/// What is to be simulated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Simulate {
    /// Glucose of a person under meals and insulin.
    Glucose {
        /// A virtual person such as `adult#004`. Default: the owner, fitted to the owner's data.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        person: Option<String>,
        /// What is eaten.
        #[serde(default)]
        meals: Vec<Served>,
        /// Insulin beside the basal rate.
        #[serde(default)]
        boluses: Vec<Injected>,
        /// How long: 1 to 72 hours.
        #[serde(default = "default_hours")]
        hours: u32,
    },
    /// Sleep of the owner, from the owner's nights.
    Sleep {
        /// Minutes that every bedtime is later; negative is earlier.
        #[serde(default)]
        bedtime_later: f64,
        /// How many nights: 1 to 60.
        #[serde(default = "default_nights")]
        nights: u32,
    },
    /// Fitness and fatigue of the owner.
    Training {
        /// The stream of the load of a day.
        load: StreamId,
        /// The stream that tells performance.
        performance: StreamId,
        /// What the usual load is multiplied by.
        #[serde(default = "one")]
        factor: f64,
        /// How many days: 1 to 365.
        #[serde(default = "default_days")]
        days: u32,
    },
    /// The owner's brain network, as it is and changed: other connections, a lesion, a drug.
    Brain {
        /// Changed connections.
        #[serde(default)]
        connections: Vec<Connection>,
        /// Regions that are cut off: names, or numbers from 1; at most 20.
        #[serde(default)]
        lesions: Vec<String>,
        /// What a drug multiplies inhibition by, in every region: ½ to 2.
        #[serde(default = "one")]
        inhibition: f64,
        /// What it multiplies excitation by: ½ to 2.
        #[serde(default = "one")]
        excitation: f64,
        /// Minutes of brain time: 1 to 20.
        #[serde(default = "default_minutes")]
        minutes: f64,
        /// Where chance comes from.
        #[serde(default)]
        seed: u32,
    },
    /// A trial of treatments on virtual people with type-1 diabetes.
    Trial {
        /// How many people.
        people: u32,
        /// Whom they resemble: `adult`, `adolescent` or `child`.
        group: String,
        /// Days under each arm.
        days: u32,
        /// Decides who they are and what they eat.
        #[serde(default)]
        seed: u32,
        /// The treatments; the first is what the others are compared with.
        arms: Vec<TrialArm>,
    },
}

/// What is left out of JSON because its absence means the same.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn default_hours() -> u32 {
    8
}

fn default_nights() -> u32 {
    7
}

fn default_days() -> u32 {
    42
}

fn default_minutes() -> f64 {
    5.0
}

fn one() -> f64 {
    1.0
}

/// Something eaten.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Served {
    /// Minutes from the start.
    pub minute: u32,
    /// Carbohydrate.
    pub grams: f64,
}

/// Insulin given at once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Injected {
    /// Minutes from the start.
    pub minute: u32,
    /// Units.
    pub units: f64,
}

/// A changed connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// One region: its name, or its number from 1.
    pub from: String,
    /// The other.
    pub to: String,
    /// What its weight is multiplied by.
    pub factor: f64,
}

/// A treatment with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialArm {
    /// What it is called in the results.
    pub name: String,
    /// What is done.
    pub treatment: TrialTreatment,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TrialTreatment {
    /// A constant basal rate and a bolus at each meal, with doses multiplied.
    BasalBolus {
        /// Of the basal rate.
        #[serde(default = "one")]
        basal_factor: f64,
        /// Of the meals' boluses.
        #[serde(default = "one")]
        bolus_factor: f64,
    },
    /// A PID controller.
    Pid,
    /// The planner, on a body fitted to so many days under basal–bolus.
    Planner {
        /// How many days it learns from: 2 to 60.
        learn_days: u32,
    },
}

/// A randomised trial on oneself, to be kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// What it is called, at most 120 characters.
    pub title: String,
    /// The stream that is read: its value of each day.
    pub outcome: StreamId,
    /// What is compared; the first is what the others are compared with.
    pub arms: Vec<String>,
    /// How many times every arm has its turn: 6 at least.
    pub blocks: u32,
    /// Days in a period.
    pub days_per_period: u32,
    /// Of these, how many at the beginning are not counted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub washout_days: u32,
    /// First day, `2026-05-01`. Default: tomorrow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// Decides the lots. Default: drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// The question that it settles, if it came from one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settles: Vec<Intervention>,
}

/// One experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExperimentWhich {
    /// Its `id`.
    pub id: String,
}

/// The owner's connectome, as a scanner's tractography gave it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BrainAdd {
    /// Weights, row by row: what a region hears of each other one. As many rows as columns, 2 to 200.
    pub weights: Vec<f64>,
    /// Fibre lengths in mm, likewise.
    pub lengths: Vec<f64>,
    /// Names of the regions. Default: their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// BOLD signal at rest, region by region, if there is one: the model is then fitted to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bold: Vec<f64>,
    /// Milliseconds between readings of the BOLD signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bold_ms: Option<f64>,
}

/// What is to be learnt, or not any more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Learn {
    /// Only these; default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<Learnable>,
    /// Throw away what was learnt before, and learn anew.
    #[serde(default, skip_serializing_if = "is_default")]
    pub again: bool,
    /// Learn nothing in the background until something new is imported; what was learnt is kept.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stop: bool,
}

/// Models that are learnt and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Learnable {
    /// A graph network over hours, beside principal components and seasonal means.
    Portrait,
    /// Makers of days that never were.
    Days,
    /// What follows, day by day, from what the owner does.
    World,
}

/// What is asked about days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum Days {
    /// Days like one.
    Like {
        /// The day, `2026-05-01`. Default: the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        date: Option<String>,
        /// How many: 1 to 100.
        #[serde(default = "default_count")]
        count: u32,
    },
    /// The days that are least like the others.
    Unusual {
        /// How many: 1 to 100.
        #[serde(default = "default_count")]
        count: u32,
    },
    /// What the hours of a day that nobody measured would have been.
    Filled {
        /// The day. Default: the last one that has such hours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        date: Option<String>,
    },
    /// The state of the person, hour by hour, as the graph network has it.
    State {
        /// The day. Default: the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        date: Option<String>,
    },
}

fn default_count() -> u32 {
    5
}

/// Days to be made up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// How many: 1 to 366.
    #[serde(default = "default_nights")]
    pub days: u32,
    /// Weekday of the first, 0 for Monday to 6.
    #[serde(default, skip_serializing_if = "is_default")]
    pub weekday: u32,
    /// Where chance comes from: the same seed gives the same days.
    #[serde(default)]
    pub seed: u32,
}

/// A wish for the coming days, within limits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Propose {
    /// What is to be more, or less: 1 to 4 streams.
    pub aims: Vec<Wish>,
    /// What the owner would do, and within which limits: at most 4 streams. Default: what there is to decide on, within the
    /// 90 % in the middle of what was done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Allowed>,
    /// How many days ahead: 1 to 14. Default: 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// Whether what lies outside of what was ever done may be proposed, with a warning.
    #[serde(default, skip_serializing_if = "is_default")]
    pub beyond: bool,
    /// Where chance comes from.
    #[serde(default)]
    pub seed: u32,
}

/// A stream that is to be more, or less.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// The stream.
    pub stream: StreamId,
    /// How much it counts: 1 for more, -1 for less, other numbers for more or less important.
    #[serde(default = "one")]
    pub weight: f64,
}

/// Limits of what is done in a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Allowed {
    /// The stream.
    pub stream: StreamId,
    /// At least, in the stream's unit per day. Default: what was rarely less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// At most. Default: what was rarely more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}
