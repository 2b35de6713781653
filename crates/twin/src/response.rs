//! What a twin answers. One variant per request, under the request's own name.

mod agenda;
mod copies;
mod devices;
mod guard;
mod imports;
mod mirror;
mod owner;
mod peers;
mod talk;
mod today;
mod witness;

pub use agenda::*;
pub use copies::*;
pub use devices::*;
pub use guard::*;
pub use imports::*;
pub use mirror::*;
pub use owner::*;
pub use peers::*;
pub use talk::*;
pub use today::*;
pub use witness::*;

use crate::Request;
use crate::payload::Sent;
use didymos_base::{Did, Digest, Kind, Observation, StreamId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The answer to a [`Request`](crate::Request), as plain data.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Response {
    /// To `twin.status@1`.
    Status(Status),
    /// To `streams.list@1`.
    Streams(Vec<StreamInfo>),
    /// To `timeline.query@1` and `contracts.preview@1`.
    Query(QueryAnswer),
    /// To `timeline.view@1`.
    View(ViewAnswer),
    /// To `observation.show@1`.
    Show(Box<Provenance>),
    /// To `proof.inclusion@1`.
    Proof(ProofAnswer),
    /// To `journal.log@1`.
    Log(LogAnswer),
    /// To `journal.verify@1`.
    Verify(VerifyReport),
    /// To `journal.repair@1`.
    Repair(RepairReport),
    /// To `import.files@1` and `import.upload@1`.
    Import(ImportReport),
    /// To `export.all@1`.
    Export(ExportReport),
    /// To the `backup.…@1` requests.
    Backup(Vec<BackupReport>),
    /// To `mirror.forecast@1`.
    Forecast(Box<ForecastAnswer>),
    /// To `mirror.graph@1`.
    Graph(GraphAnswer),
    /// To `mirror.read@1`.
    Reading(Reading),
    /// To `mirror.what_if@1`.
    WhatIf(Box<WhatIfAnswer>),
    /// To `mirror.simulate@1`.
    Simulated(Box<SimulateAnswer>),
    /// To `mirror.experiment.add@1`, `mirror.experiment.show@1` and `mirror.experiment.end@1`.
    Experiment(Box<ExperimentShown>),
    /// To `mirror.experiment.list@1`.
    Experiments(Vec<ExperimentShown>),
    /// To `mirror.brain.add@1` and `mirror.brain.show@1`.
    Brain(BrainShown),
    /// To `mirror.learn@1` and `mirror.learnt@1`.
    Learnt(Vec<LearntModel>),
    /// To `mirror.days@1`.
    Days(Box<DaysAnswer>),
    /// To `mirror.generate@1`.
    Generated(Box<GenerateAnswer>),
    /// To `mirror.propose@1`.
    Proposed(Box<ProposeAnswer>),
    /// To `identity.document@1`: the DID document as JSON-LD.
    Identity(serde_json::Value),
    /// To `today.cards@1`.
    Today(TodayAnswer),
    /// To `search.find@1`.
    Find(FindAnswer),
    /// To `quality.coverage@1`.
    Quality(QualityAnswer),
    /// To `receipts.list@1`.
    Receipts(ReceiptsAnswer),
    /// To `protect.status@1`.
    Protect(ProtectAnswer),
    /// To `imports.list@1`.
    Imports(ImportsAnswer),
    /// To `import.undo@1`.
    Undo(UndoAnswer),
    /// To `tokens.list@1` and `tokens.revoke@1`.
    Tokens(Vec<TokenShown>),
    /// To `tokens.create@1`.
    TokenCreated(TokenCreated),
    /// To the `pair.…@1` requests.
    Pairings(Vec<PairingShown>),
    /// To the `contacts.…@1` requests.
    Contacts(Vec<ContactShown>),
    /// To `contracts.list@1`, `.offer@1`, `.accept@1` and `.end@1`.
    Contracts(Vec<ContractShown>),
    /// To `contracts.uses@1`.
    Uses(UsesAnswer),
    /// To `contracts.look@1`.
    Looked(Box<LookAnswer>),
    /// To `contracts.paper@1`, `receipts.bring@1`, `import.sent@1`, `share.put@1`,
    /// `share.drop@1`, `manifest.put@1` and `circle.welcome@1`: it has arrived.
    Nothing(Nothing),
    /// To `guardians.list@1` and to what changes guardians and claims.
    Guardians(Box<GuardiansAnswer>),
    /// To `guardians.rehearse@1`.
    Rehearsal(RehearsalAnswer),
    /// To `recovery.begin@1`, `recovery.status@1` and `heirs.claim@1`.
    Recovery(RecoveryAnswer),
    /// To `heirs.list@1` and `heirs.set@1`.
    Heirs(HeirsAnswer),
    /// To `heirs.open@1`.
    Inherited(Box<Inherited>),
    /// To `guardians.collect@1`.
    Collected(Collected),
    /// To `guardians.probe@1`.
    Probed(Probed),
    /// To `witness.list@1`, `witness.add@1` and `witness.remove@1`.
    Witnesses(WitnessesAnswer),
    /// To `witness.evidence@1`.
    Evidence(EvidenceAnswer),
    /// To `witness.checkpoint@1`.
    Witnessed(Witnessed),
    /// To `witness.seen@1`.
    Seen(SeenAnswer),
    /// To `witness.consistency@1`.
    Consistent(Consistent),
    /// To `devices.list@1`, `.revoke@1` and `.promote@1`.
    Devices(DevicesAnswer),
    /// To `journal.pull@1`.
    Pulled(Pulled),
    /// To `space.offer@1` and `space.list@1`.
    Spaces(Vec<SpaceShown>),
    /// To `copies.status@1`, `.set@1`, `.spread@1` and `.audit@1`.
    Copies(Box<CopiesShown>),
    /// To `copies.help@1`.
    Help(HelpAnswer),
    /// To `share.get@1` and `manifest.get@1`.
    Share(ShareBytes),
    /// To `share.list@1`.
    ShareNames(ShareNames),
    /// To `share.prove@1`.
    ShareProofs(ShareProofs),
    /// To the `phonebook.…@1` requests.
    PhoneBook(PhoneBookShown),
    /// To `phonebook.export@1`.
    PhoneBookFiles(PhoneBookFiles),
    /// To the `circle.…@1` requests of the owner's; the circle that was changed comes alone.
    Circles(Vec<CircleShown>),
    /// To `message.send@1`, `message.list@1` and `message.read@1`; after sending, the page holds what was sent.
    Messages(Box<MessagesAnswer>),
    /// To `file.stage@1` and `file.take@1`.
    FileStaged(FileStaged),
    /// To `file.fetch@1`.
    File(FileShown),
    /// To `file.save@1`.
    FileSaved(FileSaved),
    /// To `file.read@1`.
    FilePart(FilePart),
    /// To `circle.keypackage@1`.
    KeyPackage(KeyPackageOut),
    /// To `circle.sync@1`.
    Synced(SyncOut),
    /// To `circle.piece@1`.
    Piece(PieceOut),
}

impl Response {
    /// What follows the answer, where bytes do. Only other twins get them: see [`payload`](crate::payload).
    #[must_use]
    pub const fn download(&self) -> Option<&Sent> {
        match self {
            Self::Share(share) => Some(&share.sent),
            Self::Pulled(pulled) => Some(&pulled.sent),
            Self::Synced(answer) => Some(&answer.sync),
            Self::Piece(answer) => answer.piece.as_ref(),
            _ => None,
        }
    }

    /// Reads the answer to `request` back from JSON: which variant it is follows from what was asked.
    pub fn from_json(request: &Request, json: serde_json::Value) -> Result<Self, serde_json::Error> {
        use serde_json::from_value as read;
        Ok(match request {
            Request::Status => Self::Status(read(json)?),
            Request::Streams => Self::Streams(read(json)?),
            Request::Query(_) | Request::ContractPreview(_) => Self::Query(read(json)?),
            Request::View(_) => Self::View(read(json)?),
            Request::Show(_) => Self::Show(read(json)?),
            Request::Prove(_) | Request::ProveWitnessed(_) => Self::Proof(read(json)?),
            Request::Log(_) => Self::Log(read(json)?),
            Request::Verify => Self::Verify(read(json)?),
            Request::Repair => Self::Repair(read(json)?),
            Request::Import(_) | Request::ImportUpload(_) => Self::Import(read(json)?),
            Request::Export(_) => Self::Export(read(json)?),
            Request::BackupAdd(_) | Request::BackupRun(_) | Request::BackupCheck(_) | Request::BackupList => {
                Self::Backup(read(json)?)
            }
            Request::Forecast(_) => Self::Forecast(Box::new(read(json)?)),
            Request::Graph(_) => Self::Graph(read(json)?),
            Request::ReadSentence(_) => Self::Reading(read(json)?),
            Request::WhatIf(_) => Self::WhatIf(Box::new(read(json)?)),
            Request::Simulate(_) => Self::Simulated(Box::new(read(json)?)),
            Request::ExperimentAdd(_) | Request::ExperimentShow(_) | Request::ExperimentEnd(_) => {
                Self::Experiment(Box::new(read(json)?))
            }
            Request::ExperimentList => Self::Experiments(read(json)?),
            Request::BrainAdd(_) | Request::BrainShow => Self::Brain(read(json)?),
            Request::Learn(_) | Request::Learnt => Self::Learnt(read(json)?),
            Request::Days(_) => Self::Days(Box::new(read(json)?)),
            Request::Generate(_) => Self::Generated(Box::new(read(json)?)),
            Request::Propose(_) => Self::Proposed(Box::new(read(json)?)),
            Request::Identity => Self::Identity(json),
            Request::Today(_) => Self::Today(read(json)?),
            Request::Find(_) => Self::Find(read(json)?),
            Request::Quality(_) => Self::Quality(read(json)?),
            Request::Receipts(_) => Self::Receipts(read(json)?),
            Request::Protect => Self::Protect(read(json)?),
            Request::Imports => Self::Imports(read(json)?),
            Request::Undo(_) => Self::Undo(read(json)?),
            Request::Tokens | Request::TokenRevoke(_) => Self::Tokens(read(json)?),
            Request::TokenNew(_) => Self::TokenCreated(read(json)?),
            Request::PairInvite
            | Request::PairJoin(_)
            | Request::PairList(_)
            | Request::PairConfirm(_)
            | Request::DeviceAdd(_)
            | Request::DeviceViewer => Self::Pairings(read(json)?),
            Request::Contacts | Request::ContactChange(_) => Self::Contacts(read(json)?),
            Request::ContractOffer(_) | Request::ContractAccept(_) | Request::ContractEnd(_) | Request::Contracts => {
                Self::Contracts(read(json)?)
            }
            Request::ContractUses(_) => Self::Uses(read(json)?),
            Request::Look(_) => Self::Looked(read(json)?),
            Request::GuardiansSet(_)
            | Request::Guardians
            | Request::GuardiansEnd
            | Request::GuardianAccept(_)
            | Request::GuardianRefuse(_)
            | Request::ClaimApprove(_)
            | Request::ClaimDeny(_)
            | Request::ClaimCancel(_) => Self::Guardians(read(json)?),
            Request::GuardiansRehearse => Self::Rehearsal(read(json)?),
            Request::RecoveryBegin(_) | Request::RecoveryStatus | Request::InheritanceClaim(_) => {
                Self::Recovery(read(json)?)
            }
            Request::HeirsSet(_) | Request::Heirs => Self::Heirs(read(json)?),
            Request::InheritanceOpen(_) => Self::Inherited(read(json)?),
            Request::Collect(_) => Self::Collected(read(json)?),
            Request::Probe(_) => Self::Probed(read(json)?),
            Request::Witnesses | Request::WitnessAdd(_) | Request::WitnessRemove(_) => Self::Witnesses(read(json)?),
            Request::Evidence(_) => Self::Evidence(read(json)?),
            Request::Checkpoint(_) => Self::Witnessed(read(json)?),
            Request::Seen(_) => Self::Seen(read(json)?),
            Request::Consistency(_) => Self::Consistent(read(json)?),
            Request::SharePut(_)
            | Request::ShareDrop(_)
            | Request::ManifestPut(_)
            | Request::Paper(_)
            | Request::Welcome(_)
            | Request::GuardPaper(_)
            | Request::ReceiptsBring(_)
            | Request::ImportSent(_) => Self::Nothing(read(json)?),
            Request::Devices | Request::DeviceRevoke(_) | Request::DevicePromote(_) => Self::Devices(read(json)?),
            Request::JournalPull(_) => Self::Pulled(read(json)?),
            Request::SpaceOffer(_) | Request::Spaces => Self::Spaces(read(json)?),
            Request::Copies | Request::CopiesSet(_) | Request::CopiesSpread | Request::CopiesAudit(_) => {
                Self::Copies(Box::new(read(json)?))
            }
            Request::CopiesHelp => Self::Help(read(json)?),
            Request::ShareGet(_) | Request::ManifestGet => Self::Share(read(json)?),
            Request::ShareList(_) => Self::ShareNames(read(json)?),
            Request::ShareProve(_) => Self::ShareProofs(read(json)?),
            Request::PhoneBook | Request::PhoneBookSet(_) => Self::PhoneBook(read(json)?),
            Request::PhoneBookExport(_) => Self::PhoneBookFiles(read(json)?),
            Request::CircleCreate(_)
            | Request::Circles
            | Request::CircleInvite(_)
            | Request::CircleRemove(_)
            | Request::CircleLeave(_)
            | Request::CircleRename(_)
            | Request::CircleAdmin(_)
            | Request::CircleRenew(_) => Self::Circles(read(json)?),
            Request::MessageSend(_) | Request::Messages(_) | Request::MessageRead(_) => {
                Self::Messages(Box::new(read(json)?))
            }
            Request::FileStage(_) | Request::FileTake(_) => Self::FileStaged(read(json)?),
            Request::FileFetch(_) => Self::File(read(json)?),
            Request::FileSave(_) => Self::FileSaved(read(json)?),
            Request::FileRead(_) => Self::FilePart(read(json)?),
            Request::KeyPackage(_) => Self::KeyPackage(read(json)?),
            Request::CircleSync(_) => Self::Synced(read(json)?),
            Request::Piece(_) => Self::Piece(read(json)?),
        })
    }
}

/// What comes next on a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ForecastAnswer {
    /// The stream.
    pub stream: StreamId,
    /// UCUM code.
    pub unit: String,
    /// Width of a step: a value is the mean of the step, or the total where the stream counts something.
    pub every: String,
    /// What the median comes from, in words.
    pub model: String,
    /// The same, as numbers.
    pub parts: Vec<ForecastPart>,
    /// Other streams that the model learnt from.
    pub learnt_from: Vec<String>,
    /// Start of the last step that is known, on the owner's wall clock.
    pub from: String,
    /// What comes next, step by step.
    pub points: Vec<ForecastPoint>,
    /// The last known steps up to `from`, oldest first, null where unknown; for charts.
    pub recent: Vec<Option<f64>>,
    /// 1 − mean absolute error / that of seasonal naive, over the rolling windows.
    pub skill_vs_naive: f64,
    /// Share of the windows' values that lay within the 90 % band.
    pub coverage_90: f64,
    /// Mean absolute scaled error over the windows (Hyndman and Koehler 2006), by seasonal naive.
    pub mase: f64,
    /// Mean absolute error of the median over the windows.
    pub mae: f64,
    /// Root mean squared error of the mean over the windows.
    pub rmse: f64,
    /// Rolling windows that were forecast without knowing them, and scored.
    pub windows: u64,
    /// What the owner should know, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A candidate's share in a forecast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ForecastPart {
    /// Its name.
    pub name: String,
    /// Its weight, 0 to 1.
    pub weight: f64,
}

/// One step of the future.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ForecastPoint {
    /// Start of the step on the owner's wall clock, ISO 8601 without offset.
    pub time: String,
    /// Lower end of the 90 % band.
    pub q05: f64,
    /// Median.
    pub q50: f64,
    /// Upper end of the 90 % band.
    pub q95: f64,
    /// Mean.
    pub mean: f64,
}

/// What goes before what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GraphAnswer {
    /// Days looked at.
    pub days: u64,
    /// Share of the edges that may be false.
    pub rate: f64,
    /// Streams, labels, events and the calendar.
    pub nodes: Vec<GraphNode>,
    /// What holds between them, strongest evidence first within hours and within days.
    pub edges: Vec<GraphEdge>,
}

/// A node of the graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GraphNode {
    /// A stream, a stream's label, or a part of the calendar.
    pub name: String,
    /// Days on which it is known.
    pub days: u64,
}

/// A lagged edge with its evidence. It tells an order in time and not a cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GraphEdge {
    /// What comes first.
    pub from: String,
    /// What follows.
    pub to: String,
    /// How much later, `3h` or `1d`; `0h` is in the same hour, without direction.
    pub lag: String,
    /// Between streams a correlation beyond own past and rhythm; from the calendar the share of variance explained.
    pub weight: f64,
    /// Chance of evidence this strong where there is no edge.
    pub p: f64,
    /// Days behind it.
    pub days: u64,
    /// Share of resampled histories in which it shows; from the calendar the share of days on which it helped.
    pub stability: f64,
}

/// A standard's name for what a stream measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Code {
    /// `LOINC`, `IEEE 1752.1` or `Open mHealth`.
    pub system: String,
    /// The code, or the schema's name.
    pub code: String,
}

/// How the twin is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// Who the twin is.
    pub did: Did,
    /// The device that answers.
    pub device: Did,
    /// Version of the program.
    pub version: String,
    /// Commits in the journal.
    pub commits: u64,
    /// Root of the history over all commits.
    pub history: Digest,
    /// Observations kept.
    pub observations: u64,
    /// Streams kept.
    pub streams: u64,
    /// Bytes of the journal on disk.
    pub bytes: u64,
    /// What the owner should know or do, in plain words; empty when all is well.
    pub notices: Vec<String>,
}

/// A stream and what there is of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StreamInfo {
    /// Its name.
    pub id: StreamId,
    /// What people call it.
    pub label: String,
    /// What its values are.
    pub kind: Kind,
    /// UCUM code.
    pub unit: String,
    /// A standard's code for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// Observations.
    pub count: u64,
    /// Start of the first one, RFC 3339.
    pub first: String,
    /// End of the last one, RFC 3339.
    pub last: String,
    /// First and last as wall-clock milliseconds, for charts.
    pub span: (i64, i64),
    /// Sources, one line each.
    pub sources: Vec<String>,
}

/// Statistics of one bucket. `mean`, `min`, `max` and `sum` are there where the stream's values are numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bucket {
    /// Start of the bucket on the owner's wall clock, ISO 8601 without offset.
    pub time: String,
    /// Observations that start in it.
    pub count: u64,
    /// Arithmetic mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Smallest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<f64>,
    /// Minutes per label, where the values are categories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<BTreeMap<String, f64>>,
}

/// One observation as a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Point {
    /// Start, RFC 3339 with the offset in force (without one where it is unknown).
    pub time: String,
    /// End, where it differs from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// A number, a label or text, `{"lat","lon"}`, or an event's attributes.
    pub value: serde_json::Value,
    /// Index into the answer's `sources`.
    pub source: u32,
}

/// Rows of a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueryAnswer {
    /// The stream.
    pub stream: StreamId,
    /// UCUM code of every value.
    pub unit: String,
    /// What its values are.
    pub kind: Kind,
    /// Width of a bucket, if buckets were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<String>,
    /// The buckets, in order; empty ones are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buckets: Option<Vec<Bucket>>,
    /// The observations, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<Vec<Point>>,
    /// Sources that `points` refer to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<Vec<String>>,
    /// There were more rows than the limit.
    pub more: bool,
    /// What to know before believing the numbers, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A window for a chart, in columns of equal length. Times are wall-clock milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ViewAnswer {
    /// UCUM code of every value.
    pub unit: String,
    /// Width of a bucket in milliseconds; 0 means that the columns hold single observations.
    pub bucket: i64,
    /// Start of each bucket or observation.
    pub time: Vec<i64>,
    /// End of each observation (only when `bucket` is 0).
    pub end: Vec<i64>,
    /// Smallest value of each bucket of numbers; the value itself when `bucket` is 0 and values are numbers.
    pub min: Vec<f64>,
    /// Largest value of each bucket (only when `bucket` is not 0).
    pub max: Vec<f64>,
    /// Mean of each bucket (only when `bucket` is not 0).
    pub mean: Vec<f64>,
    /// Sum of each bucket (only when `bucket` is not 0).
    pub sum: Vec<f64>,
    /// Observations in each bucket (only when `bucket` is not 0), of whatever kind.
    pub count: Vec<u32>,
    /// Labels or texts, where values are no numbers and `bucket` is 0.
    pub label: Vec<String>,
}

/// Where one observation comes from, all the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Provenance {
    /// The observation.
    pub observation: Observation,
    /// Its start as people read it, RFC 3339.
    pub time: String,
    /// Its end.
    pub end: String,
    /// The stream's standard code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The file that it was read from.
    pub file: FileInfo,
    /// Byte position of the record in that file.
    pub position: u64,
    /// The import that brought it.
    pub imported: String,
    /// The signed commit that holds it.
    pub commit: CommitInfo,
    /// Id of the sealed object that holds it.
    pub object: Digest,
    /// Its place among the object's observations.
    pub index: u32,
    /// How many observations the object holds.
    pub of: u32,
    /// The commit's signature was checked just now, and the leaf hashed up to the object's root in that commit.
    pub verified: bool,
    /// Other observations of this stream that start at the very same moment.
    pub same_time: u32,
}

/// A file that was imported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FileInfo {
    /// Name, with the archive's member after `!`.
    pub name: String,
    /// Format it was read as.
    pub format: String,
    /// Bytes, if it was read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// BLAKE3 digest, if it was read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// A signed commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CommitInfo {
    /// Its place in the chain, from 0.
    pub seq: u64,
    /// Digest of its canonical bytes.
    pub digest: Digest,
    /// When the device's clock says it was made, RFC 3339.
    pub time: String,
    /// The device that signed it.
    pub device: Did,
}

/// A proof to hand to somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProofAnswer {
    /// The proof file's bytes, base64url without padding.
    pub proof: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// What it says, in words.
    pub says: String,
}

/// Commits and receipts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogAnswer {
    /// Commits, newest first.
    pub commits: Vec<LogCommit>,
    /// Pass this as `before` for older ones; absent at the beginning of the journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// One commit of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogCommit {
    /// The commit.
    #[serde(flatten)]
    pub commit: CommitInfo,
    /// Sealed objects in it.
    pub objects: u64,
    /// Observations in it.
    pub observations: u64,
    /// Files whose reading ended in it.
    pub files: Vec<FileInfo>,
    /// Receipts in it.
    pub receipts: Vec<serde_json::Value>,
}

/// What a reading of everything found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyReport {
    /// Commits whose chain and signature hold.
    pub commits: u64,
    /// Objects whose digest, seal and root hold.
    pub objects: u64,
    /// Observations in them.
    pub observations: u64,
    /// Whatever does not hold; empty when all is well.
    pub damaged: Vec<Damage>,
}

/// Something that is not as it was signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Damage {
    /// The file in the data directory.
    pub file: String,
    /// Byte position in it.
    pub at: u64,
    /// The object's id, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Digest>,
    /// What is wrong, in words.
    pub what: String,
}

/// What a repair did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RepairReport {
    /// What was healed.
    pub healed: Vec<Damage>,
    /// What could not be.
    pub remaining: Vec<Damage>,
}

/// What an import brought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImportReport {
    /// Which import it was; what undoes it is told this.
    pub import: String,
    /// Each file, and each member of an archive.
    pub files: Vec<ImportedFile>,
    /// Observations that are new.
    pub added: u64,
    /// Observations that were here already.
    pub duplicate: u64,
    /// New observations per stream.
    pub streams: BTreeMap<String, u64>,
    /// How long it took.
    pub seconds: f64,
}

/// What one file brought.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImportedFile {
    /// Its name, with the archive's member after `!`.
    pub path: String,
    /// The format it was read as; `unknown` where it could not be.
    pub format: String,
    /// Observations that are new.
    pub added: u64,
    /// Observations that were here already.
    pub duplicate: u64,
    /// Records not taken, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// What was passed over on purpose beside the records.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, u64>,
    /// Why the file could not be read to its end, if so. What was read before stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What an export wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExportReport {
    /// The folder.
    pub dir: String,
    /// Files written.
    pub files: u64,
    /// Observations written.
    pub observations: u64,
    /// Bytes written.
    pub bytes: u64,
}

/// How a place that keeps a copy stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BackupReport {
    /// Its target text.
    pub target: String,
    /// Objects there that the journal names.
    pub objects: u64,
    /// Objects copied just now.
    pub copied: u64,
    /// Bytes copied just now.
    pub bytes: u64,
    /// Objects that should be there and are not, or not as they should be.
    pub missing: Vec<Digest>,
    /// Objects committed since the last copying: not there yet.
    pub behind: u64,
    /// When all of it was last read back and found right, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<String>,
    /// What went wrong, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
