//! Answers of the mirror beside forecasts and the graph.

use super::GraphEdge;
use crate::request::{Experiment, Intervention, Learnable};
use didymos_base::StreamId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A question as the twin reads it, for the owner to check.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reading {
    /// What is done differently.
    pub interventions: Vec<Intervention>,
    /// What is asked about, if the words said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<StreamId>,
    /// How far ahead, if the words said so: `7d`, `8h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub horizon: Option<String>,
    /// A connection of the brain is meant, and it is not said which: what its weight would be multiplied by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub some_connection: Option<f64>,
    /// The reading in words.
    pub says: String,
    /// Words that the twin made nothing of and that could matter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_understood: Vec<String>,
    /// `en` or `de`: the language of the sentence, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// Two futures and what they rest on, or why there are none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WhatIfAnswer {
    /// What was answered.
    pub understood: Reading,
    /// Why there is no answer; then everything below is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
    /// What could be meant, where the question leaves it open and is refused for that; the likeliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// What answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelUsed>,
    /// The futures, the one that tells most first.
    pub outcomes: Vec<Futures>,
    /// Whether this is a cause, and what would settle it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causal: Option<Causal>,
    /// What the owner should know before believing it.
    pub warnings: Vec<String>,
    /// What else was done or passed over.
    pub notes: Vec<String>,
}

/// Why there is no answer, and what would make one possible.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Refused {
    /// In a sentence.
    pub because: String,
    /// What is missing, one thing each.
    pub missing: Vec<String>,
}

/// A question that could be meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// As the twin would understand it.
    pub sentence: String,
    /// What is known of it, in words.
    pub says: String,
    /// What it would change: to be asked with.
    pub interventions: Vec<Intervention>,
}

/// What answered a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelUsed {
    /// Which kind.
    pub kind: ModelKind,
    /// In words, with what it was fitted to.
    pub says: String,
    /// What was fitted, with its unit.
    pub parameters: Vec<Parameter>,
}

/// Kinds of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// Regression on lagged edges of the personal graph.
    Regression,
    /// Glucose and insulin, UVA/Padova 2008.
    UvaPadova,
    /// Glucose and insulin, Bergman's minimal model.
    MinimalModel,
    /// Two-process model of sleep.
    TwoProcess,
    /// Fitness and fatigue.
    FitnessFatigue,
    /// Whole brain on the owner's connectome.
    WholeBrain,
    /// A world of days, learnt from the owner's own.
    World,
}

/// A number that was fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its unit.
    pub unit: String,
}

/// Two futures of one thing, from the same noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Futures {
    /// What it is: a stream's name, or a figure of a model (`sleep length`, `connectivity`).
    pub name: String,
    /// The stream, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamId>,
    /// Unit (UCUM).
    pub unit: String,
    /// Width of a step: `1d`, `5m`.
    pub every: String,
    /// When the futures part, wall clock.
    pub from: String,
    /// What was before, oldest first, one value a step; null is unknown.
    pub recent: Vec<Option<f64>>,
    /// Time of each step ahead, wall clock.
    pub times: Vec<String>,
    /// If nothing is changed.
    pub baseline: Fan,
    /// If it is.
    pub intervention: Fan,
    /// The one less the other, draw by draw.
    pub difference: Fan,
    /// The difference in one number.
    pub effect: EffectTold,
    /// What it rests on.
    pub basis: Basis,
    /// How right such answers have been, where that could be checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<TrackRecord>,
}

/// Quantiles, one value a step: the median and bands that hold 50, 80 and 95 % of all draws.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fan {
    /// 2.5 %.
    pub q025: Vec<f64>,
    /// 10 %.
    pub q10: Vec<f64>,
    /// 25 %.
    pub q25: Vec<f64>,
    /// Median.
    pub q50: Vec<f64>,
    /// 75 %.
    pub q75: Vec<f64>,
    /// 90 %.
    pub q90: Vec<f64>,
    /// 97.5 %.
    pub q975: Vec<f64>,
}

/// An effect in one number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EffectTold {
    /// What the number is, for example `mean difference a day`.
    pub what: String,
    /// The number, in the future's unit.
    pub value: f64,
    /// Half of all draws lie within.
    pub interval_50: [f64; 2],
    /// Four of five.
    pub interval_80: [f64; 2],
    /// Nineteen of twenty.
    pub interval_95: [f64; 2],
    /// Whether the 95 % interval leaves out zero.
    pub clear: bool,
    /// In a sentence.
    pub says: String,
}

/// What an answer rests on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Basis {
    /// Days behind it.
    pub days: u64,
    /// Of these, days on which the changed thing was about as asked.
    pub days_like_asked: u64,
    /// Such days, the ones most like the present first.
    pub alike: Vec<DayLike>,
    /// Edges of the graph that it follows.
    pub edges: Vec<GraphEdge>,
    /// Where what is asked lies among what has been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support: Option<Support>,
}

/// A past day on which the changed thing was about as asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DayLike {
    /// The day, `2026-05-01`.
    pub date: String,
    /// What the changed thing was.
    pub changed: f64,
    /// What the outcome was.
    pub outcome: f64,
    /// How far its circumstances were from today's, in standard deviations.
    pub distance: f64,
}

/// Where what is asked lies among what has been.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Support {
    /// Unit of these numbers.
    pub unit: String,
    /// What it would be without the change.
    pub usual: f64,
    /// What it is with it.
    pub asked: f64,
    /// The least there has been.
    pub lowest: f64,
    /// One day in twenty is below.
    pub q05: f64,
    /// One day in twenty is above.
    pub q95: f64,
    /// The most there has been.
    pub highest: f64,
    /// Whether what is asked lies within the 90 % in the middle.
    pub inside: bool,
}

/// How right such answers have been: each past day told from the days before it alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrackRecord {
    /// Days or windows that could be checked.
    pub checked: u64,
    /// Mean absolute error where the changed thing is known.
    pub error: f64,
    /// The same where it is not known.
    pub error_without: f64,
    /// 1 − error / error without: how much knowing it helps; may be negative.
    pub skill: f64,
    /// Share of checked values within the 50 % band.
    pub coverage_50: f64,
    /// Within the 80 % band.
    pub coverage_80: f64,
    /// Within the 95 % band.
    pub coverage_95: f64,
    /// Checked days on which the changed thing was far from usual.
    pub unusual: u64,
    /// Share of those on which the outcome went the way the model said.
    pub direction_right: f64,
    /// In a sentence.
    pub says: String,
}

/// Whether this is a cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Causal {
    /// Where the answer comes from.
    pub kind: CausalKind,
    /// In a sentence: what may be concluded, and what not.
    pub says: String,
    /// The trial that would settle it: ready to be sent as `mirror.experiment.add@1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<TrialOffer>,
}

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CausalKind {
    /// From how things went together by themselves.
    Observational,
    /// From equations of the body, fitted to the owner.
    Mechanistic,
    /// From an experiment that was done.
    Experimental,
}

/// A trial that would settle a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrialOffer {
    /// What to send.
    pub experiment: Experiment,
    /// How many days it takes.
    pub days: u64,
    /// The least difference it would show in four of five such trials, in the outcome's unit.
    pub shows: f64,
    /// In a sentence.
    pub says: String,
}

/// What a simulation gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum SimulateAnswer {
    /// Lines over time.
    Lines(SimulatedLines),
    /// A trial on virtual people.
    Trial(SimulatedTrial),
}

/// Lines over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SimulatedLines {
    /// What simulated it.
    pub model: ModelUsed,
    /// Unit of time of the steps: `min` or `d`.
    pub time_unit: String,
    /// Time of each step, from 0.
    pub time: Vec<f64>,
    /// Lines.
    pub lines: Vec<SimulatedLine>,
    /// Figures, such as time in range or correlation with the measured network.
    pub figures: Vec<Parameter>,
    /// What the owner should know.
    pub notes: Vec<String>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SimulatedLine {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// One value per step.
    pub values: Vec<f64>,
}

/// A trial on virtual people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SimulatedTrial {
    /// Arm by arm.
    pub arms: Vec<SimulatedArm>,
    /// Person by person and arm by arm.
    pub people: Vec<SimulatedPerson>,
    /// Simulated patient-days.
    pub patient_days: u64,
}

/// Percent of time by glucose.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GlucoseRanges {
    /// 70 to 180 mg/dL.
    pub in_range: f64,
    /// Under 70 mg/dL.
    pub under_70: f64,
    /// Under 54 mg/dL.
    pub under_54: f64,
    /// Over 180 mg/dL.
    pub over_180: f64,
}

/// How an arm fared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SimulatedArm {
    /// Its name.
    pub name: String,
    /// Mean over people.
    #[serde(flatten)]
    pub ranges: GlucoseRanges,
    /// Mean units of insulin a day.
    pub insulin_u_per_day: f64,
    /// Percent of time in range, against the first arm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_range_gained: Option<Contrast>,
    /// Percent of time under 70 mg/dL, against the first arm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under_70_gained: Option<Contrast>,
}

/// How one person fared under one arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SimulatedPerson {
    /// The person's number, from 1.
    pub person: u32,
    /// The arm's name.
    pub arm: String,
    /// Percent of time.
    #[serde(flatten)]
    pub ranges: GlucoseRanges,
    /// Mean units of insulin a day.
    pub insulin_u_per_day: f64,
}

/// A comparison by randomisation inference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contrast {
    /// Mean of the differences.
    pub effect: f64,
    /// Every effect within is compatible with what was seen, at 95 %.
    pub interval_95: [f64; 2],
    /// How often chance alone shows as much.
    pub p: f64,
    /// Pairs it rests on.
    pub pairs: u64,
}

/// An experiment as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExperimentShown {
    /// Its id.
    pub id: String,
    /// As it was laid out, seed and start included.
    pub experiment: Experiment,
    /// Unit of the outcome, if the stream is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// When it was laid out, RFC 3339.
    pub created: String,
    /// How it stands.
    pub state: ExperimentState,
    /// Periods in order of time.
    pub schedule: Vec<PeriodShown>,
    /// What to do today, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub today: Option<String>,
    /// Days of the schedule that are over.
    pub days_done: u64,
    /// Days of the schedule.
    pub days: u64,
    /// Counted days so far on which the outcome was measured.
    pub days_measured: u64,
    /// Each arm against the first, once it is over. Looking earlier would make chance look like an effect.
    pub result: Vec<ArmContrast>,
    /// Why there is no result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<String>,
    /// What the owner should know before believing it.
    pub notes: Vec<String>,
}

/// How an experiment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExperimentState {
    /// Its first day is still to come.
    Planned,
    /// It is under way.
    Running,
    /// Its last day is over.
    Done,
    /// The owner ended it before its time.
    Ended,
}

/// Days under one arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PeriodShown {
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// First day that counts.
    pub counted_from: String,
    /// The arm.
    pub arm: String,
    /// Which block, from 1.
    pub block: u32,
}

/// One arm against the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArmContrast {
    /// The arm.
    pub arm: String,
    /// What it was compared with.
    pub against: String,
    /// By how much the outcome was higher under it.
    #[serde(flatten)]
    pub contrast: Contrast,
    /// In a sentence.
    pub says: String,
}

/// What is kept of the owner's brain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BrainShown {
    /// Names of the regions; empty where there is no connectome.
    pub regions: Vec<String>,
    /// Connections that exist.
    pub connections: u64,
    /// Correlation of modelled and measured functional connectivity on the half of the scan that was not fitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen: Option<f64>,
}

/// How a learnt model stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LearntModel {
    /// Which.
    pub model: Learnable,
    /// How it stands.
    pub state: LearntState,
    /// Parts that are done, where it was begun.
    pub done: u64,
    /// Of so many.
    pub of: u64,
    /// First day that is learnt from.
    pub from: String,
    /// Last one.
    pub to: String,
    /// Why it cannot be learnt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// How a model stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LearntState {
    /// Nothing was learnt of these days yet.
    Waiting,
    /// It is being learnt.
    Learning,
    /// It was begun, and goes on from there.
    Begun,
    /// It is there.
    Learnt,
    /// It cannot be learnt from these days.
    Refused,
}

/// An answer about days.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DaysAnswer {
    /// Why there is no answer; then everything below is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
    /// First day that was learnt from.
    pub from: String,
    /// Last one.
    pub to: String,
    /// Streams that are looked at.
    pub streams: Vec<DayStream>,
    /// How each method did each task on days that none had learnt from.
    pub verdicts: Vec<TaskVerdict>,
    /// The day that was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// That day, and the days like it, nearest first.
    pub like: Vec<DayAlike>,
    /// The days least like the others first.
    pub unusual: Vec<DayUnusual>,
    /// Hours that nobody measured.
    pub filled: Vec<HourFilled>,
    /// Hour by hour, the person's state: 16 numbers.
    pub states: Vec<Vec<f32>>,
    /// What else the owner should know.
    pub notes: Vec<String>,
}

/// A stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DayStream {
    /// Its name, or a label of it.
    pub name: String,
    /// Its unit (UCUM).
    pub unit: String,
}

/// How a task was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskVerdict {
    /// `imputation`, `similar_days` or `anomaly`.
    pub task: String,
    /// Every method with its figure.
    pub figures: Vec<MethodFigure>,
    /// The best, which is used.
    pub best: String,
    /// By which share of the next best's figure it is better.
    pub better_by: f64,
    /// What was judged: hidden values, days, or pairs of days.
    pub judged: u64,
    /// In a sentence.
    pub says: String,
}

/// A method's figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MethodFigure {
    /// `graph_network`, `principal_components` or `seasonal_mean`.
    pub method: String,
    /// An error in spreads of the stream; for `anomaly` the chance of telling which day was tampered with.
    pub figure: f64,
}

/// A day, and how like another one it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DayAlike {
    /// The day.
    pub date: String,
    /// 0 is the same, 1 about as far as two days drawn by lot.
    pub distance: f64,
    /// Mean of each stream's known hours.
    pub means: Vec<Option<f64>>,
}

/// A day that is unlike the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DayUnusual {
    /// The day.
    pub date: String,
    /// Mean square of what its hours were missed by when told from the others, in spreads; about 1 is usual.
    pub score: f64,
    /// Share of days that are less unlike.
    pub above: f64,
    /// The stream that is furthest off.
    pub stream: String,
}

/// An hour that nobody measured. It is told, and kept nowhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HourFilled {
    /// The stream.
    pub stream: String,
    /// The hour, wall clock.
    pub time: String,
    /// What it would have been.
    pub value: f64,
    /// Nine of ten times it is more.
    pub low: f64,
    /// And less than this.
    pub high: f64,
}

/// Days that never were.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GenerateAnswer {
    /// Why there are none; how the makers were judged is told all the same, where they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
    /// First day that was learnt from.
    pub from: String,
    /// Last one.
    pub to: String,
    /// Streams that days are made of.
    pub streams: Vec<DayStream>,
    /// Who made them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<String>,
    /// How every maker was judged.
    pub makers: Vec<MakerJudged>,
    /// The predictive score of the owner's own days: what made ones can hope for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_predictive: Option<f64>,
    /// The days.
    pub days: Vec<DayMade>,
    /// What else the owner should know.
    pub notes: Vec<String>,
}

/// How a maker of days was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MakerJudged {
    /// `block_bootstrap`, `gaussian_copula`, `autoencoder` or `adversarial`.
    pub maker: String,
    /// How far a classifier is from guessing when it tells made days from the owner's: 0 is best, ½ worst.
    pub discriminative: f64,
    /// Error of telling the owner's next hours after learning from made ones only, in normal scores.
    pub predictive: f64,
    /// Chance that days it learnt from are told from days it did not by how near they are to what it makes: ½ is guessing.
    pub attack: f64,
    /// Its 95 % interval.
    pub attack_95: [f64; 2],
    /// The whole interval is above one half: its days are the owner's in disguise, and it is not used.
    pub refused: bool,
}

/// A day that never was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DayMade {
    /// 0 for Monday to 6.
    pub weekday: u32,
    /// Per stream, hour by hour.
    pub hours: Vec<Vec<f64>>,
}

/// What could be done in the coming days.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProposeAnswer {
    /// Why there is no proposal; then nearly everything below is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
    /// What proposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelUsed>,
    /// What is done usually, and what is allowed.
    pub limits: Vec<ActionLimits>,
    /// Day by day, what is proposed, in the order of the limits.
    pub plan: Vec<DayPlanned>,
    /// What it is worth beyond doing the usual, in spreads of what is wished for, per day.
    pub gain: f64,
    /// `within`, `edge` or `outside` of what was ever done.
    pub support: String,
    /// What is wished for, if things go on as usual and if the plan is followed.
    pub outlook: Vec<OutlookTold>,
    /// What of this stands out in the owner's own days, one day later.
    pub evidence: Vec<InfluenceTold>,
    /// What the policy that learnt from the same days without a model would do tomorrow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyTold>,
    /// Whether it is a cause, and the trial that would settle it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causal: Option<Causal>,
    /// What the owner should know before doing it.
    pub warnings: Vec<String>,
    /// What else was done or passed over.
    pub notes: Vec<String>,
}

/// What is done usually, and what is allowed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActionLimits {
    /// The stream.
    pub stream: StreamId,
    /// Its unit, per day.
    pub unit: String,
    /// What is usual.
    pub usual: f64,
    /// At least.
    pub low: f64,
    /// At most.
    pub high: f64,
}

/// A day of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DayPlanned {
    /// The day.
    pub date: String,
    /// What to do, in the order of the limits.
    pub actions: Vec<f64>,
}

/// What is expected of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OutlookTold {
    /// The stream.
    pub stream: StreamId,
    /// Its unit, per day.
    pub unit: String,
    /// On the day after each day of the plan, with the usual.
    pub usual: Vec<f64>,
    /// With the plan.
    pub planned: Vec<f64>,
    /// Ends of the 90 % band of the difference that the plan makes.
    pub difference_low: Vec<f64>,
    /// The upper ones.
    pub difference_high: Vec<f64>,
    /// Error on days not learnt from, over that of saying the mean: 1 and more is no skill.
    pub error: f64,
}

/// What something done goes along with, a day later.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InfluenceTold {
    /// What is done.
    pub action: StreamId,
    /// What is measured.
    pub state: StreamId,
    /// Change of the one per unit of the other, all else that is measured being equal.
    pub slope: f64,
    /// Its 95 % interval.
    pub slope_95: [f64; 2],
    /// Chance of evidence this strong where there is none.
    pub p: f64,
    /// It stands after false-discovery control.
    pub shown: bool,
    /// Days that it rests on.
    pub days: u64,
}

/// What a learnt policy would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyTold {
    /// What to do, in the order of the limits.
    pub actions: Vec<f64>,
    /// What it is worth beyond the usual, what follows included.
    pub gain: f64,
}
