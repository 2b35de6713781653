//! What can be asked of a twin. A request's name carries its version; a changed meaning gets a new name, and an old
//! name keeps its meaning for as long as it is answered.

mod copies;
mod devices;
mod guard;
mod mirror;
mod owner;
mod peers;
mod talk;
mod witness;
mod words;

pub use copies::{
    CopiesSet, CopiesWhich, LeafAsked, ManifestPut, ShareDrop, ShareList, ShareProve, SharePut, ShareWhich, SpaceOffer,
};
pub use devices::{CommitNamed, DeviceAdd, DevicePromote, DeviceRevoke, ImportSent, JournalPull, ReceiptsBring};
pub use guard::{
    ClaimApprove, ClaimWhich, Collect, GuardPaperIn, GuardiansSet, HeirWish, HeirsSet, Inheritance, Probe,
    RecoveryBegin, WardWhich,
};
pub use mirror::{
    Allowed, BrainAdd, ChangeBy, Connection, Days, Experiment, ExperimentWhich, Generate, Injected, Intervention,
    Learn, Learnable, Propose, Sentence, Served, Simulate, TrialArm, TrialTreatment, WhatIf, Wish,
};
pub use owner::{DecisionKind, Find, ImportWhich, Quality, ReceiptsAsked, Today, TokenNew, TokenWhich, UploadWhich};

pub use peers::{
    ContactChange, ContractOffer, ContractPreview, ContractWhich, Look, PairAsked, PairConfirm, PairJoin, PaperIn,
    PhoneBookExport, PhoneBookSet, UsesAsked,
};
pub use talk::*;
pub use witness::{CheckpointIn, ConsistencyAsked, ForkWhich, SeenIn, WitnessWhich};
pub use words::Words;

use crate::moment::Moment;
use crate::payload::Sent;
use didymos_base::StreamId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One request. On every wire it is a JSON object whose `request` field is the name below.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "request", deny_unknown_fields)]
pub enum Request {
    /// How the twin is: identity, sizes, what needs attention.
    #[serde(rename = "twin.status@1")]
    Status,
    /// Every stream with its unit, span and sources.
    #[serde(rename = "streams.list@1")]
    Streams,
    /// Statistics per bucket of wall-clock time, or the observations themselves.
    #[serde(rename = "timeline.query@1")]
    Query(Query),
    /// What a chart of a given width needs: min/max bands while there are more points than pixels, points after.
    #[serde(rename = "timeline.view@1")]
    View(View),
    /// One observation with its whole provenance.
    #[serde(rename = "observation.show@1")]
    Show(Which),
    /// A proof that one observation is in the signed journal; it reveals nothing else.
    #[serde(rename = "proof.inclusion@1")]
    Prove(Which),
    /// The same, with the words of witnesses that have seen its commit: it reveals who they are, too.
    #[serde(rename = "proof.witnessed@1")]
    ProveWitnessed(Which),
    /// Commits and receipts, newest first.
    #[serde(rename = "journal.log@1")]
    Log(Log),
    /// Reads and hashes everything again.
    #[serde(rename = "journal.verify@1")]
    Verify,
    /// Heals what `verify` finds, from the backups.
    #[serde(rename = "journal.repair@1")]
    Repair,
    /// Takes in files that lie on the twin's own machine.
    #[serde(rename = "import.files@1")]
    Import(Import),
    /// Writes everything out in open formats.
    #[serde(rename = "export.all@1")]
    Export(Export),
    /// Names a place that keeps a copy.
    #[serde(rename = "backup.add@1")]
    BackupAdd(BackupAdd),
    /// Copies what the places do not have yet.
    #[serde(rename = "backup.run@1")]
    BackupRun(BackupWhich),
    /// Reads the copies back and compares them with the journal.
    #[serde(rename = "backup.check@1")]
    BackupCheck(BackupWhich),
    /// The places that keep copies.
    #[serde(rename = "backup.list@1")]
    BackupList,
    /// What comes next on a stream, how sure that is, and how right such answers have been.
    #[serde(rename = "mirror.forecast@1")]
    Forecast(Forecast),
    /// What goes before what: streams, calendar and the lagged edges between them, with their evidence.
    #[serde(rename = "mirror.graph@1")]
    Graph(Graph),
    /// What a plain question asks: its typed reading, to be checked.
    #[serde(rename = "mirror.read@1")]
    ReadSentence(Sentence),
    /// What would be: two futures from the same noise, the effect, what it rests on, and how right such answers were.
    #[serde(rename = "mirror.what_if@1")]
    WhatIf(WhatIf),
    /// A body moved on under what is said of it, or a trial on virtual people.
    #[serde(rename = "mirror.simulate@1")]
    Simulate(Simulate),
    /// Lays out a randomised trial on oneself and keeps it.
    #[serde(rename = "mirror.experiment.add@1")]
    ExperimentAdd(Experiment),
    /// Experiments, newest first.
    #[serde(rename = "mirror.experiment.list@1")]
    ExperimentList,
    /// One experiment with its schedule and, when it is over, its result.
    #[serde(rename = "mirror.experiment.show@1")]
    ExperimentShow(ExperimentWhich),
    /// Ends an experiment before its time.
    #[serde(rename = "mirror.experiment.end@1")]
    ExperimentEnd(ExperimentWhich),
    /// Keeps the owner's connectome, and fits a model of the brain to a scan if there is one.
    #[serde(rename = "mirror.brain.add@1")]
    BrainAdd(BrainAdd),
    /// What is kept of the owner's brain.
    #[serde(rename = "mirror.brain.show@1")]
    BrainShow,
    /// Learns the models that the mirror keeps, or goes on learning them.
    #[serde(rename = "mirror.learn@1")]
    Learn(Learn),
    /// How the models that the mirror keeps stand.
    #[serde(rename = "mirror.learnt@1")]
    Learnt,
    /// Asks about days: which are alike, which unusual, what unmeasured hours would have been, the state of the person.
    #[serde(rename = "mirror.days@1")]
    Days(Days),
    /// Makes up days of the owner, unless they would be real ones in disguise.
    #[serde(rename = "mirror.generate@1")]
    Generate(Generate),
    /// Proposes what to do in the coming days, within limits.
    #[serde(rename = "mirror.propose@1")]
    Propose(Propose),
    /// The twin's DID document (W3C DID Core 1.0).
    #[serde(rename = "identity.document@1")]
    Identity,
    /// The values of one day that are most unusual for the owner, each beside its normal range.
    #[serde(rename = "today.cards@1")]
    Today(Today),
    /// Searches over everything owned: days, streams, sources, events, labels and texts, files, commits, receipts.
    #[serde(rename = "search.find@1")]
    Find(Find),
    /// Coverage, gaps and sampling of streams and sources, and how sources agree.
    #[serde(rename = "quality.coverage@1")]
    Quality(Quality),
    /// Who did what, when, and with what decision, newest first.
    #[serde(rename = "receipts.list@1")]
    Receipts(ReceiptsAsked),
    /// Copies, recovery phrase, devices and passkeys.
    #[serde(rename = "protect.status@1")]
    Protect,
    /// Imports, newest first: done, under way and waiting.
    #[serde(rename = "imports.list@1")]
    Imports,
    /// Takes in a file that was uploaded. The twin asks this itself when the upload's turn comes.
    #[serde(rename = "import.upload@1")]
    ImportUpload(UploadWhich),
    /// Takes a whole import back. Nothing is erased from the journal; what it brought does not count any more.
    #[serde(rename = "import.undo@1")]
    Undo(ImportWhich),
    /// Tokens with which programs and devices of the owner's deliver files by themselves, newest first.
    #[serde(rename = "tokens.list@1")]
    Tokens,
    /// Makes a token that may deliver files and nothing else. The answer tells it, once.
    #[serde(rename = "tokens.create@1")]
    TokenNew(TokenNew),
    /// Ends a token at once. What it delivered stays, and can be taken back like any import.
    #[serde(rename = "tokens.revoke@1")]
    TokenRevoke(TokenWhich),
    /// Makes a ticket for somebody else's twin, and waits for it.
    #[serde(rename = "pair.invite@1")]
    PairInvite,
    /// Goes to the twin that made a ticket.
    #[serde(rename = "pair.join@1")]
    PairJoin(PairJoin),
    /// Pairings under way, and how they ended.
    #[serde(rename = "pair.list@1")]
    PairList(PairAsked),
    /// The owner's word: the digits are the same on both sides, or they are not.
    #[serde(rename = "pair.confirm@1")]
    PairConfirm(PairConfirm),
    /// People whose twins this one knows.
    #[serde(rename = "contacts.list@1")]
    Contacts,
    /// Names, blocks, unblocks or forgets a contact.
    #[serde(rename = "contacts.change@1")]
    ContactChange(ContactChange),
    /// Offers a contact to see some of the owner's data.
    #[serde(rename = "contracts.offer@1")]
    ContractOffer(ContractOffer),
    /// Accepts what a contact offers.
    #[serde(rename = "contracts.accept@1")]
    ContractAccept(ContractWhich),
    /// Ends a contract, or takes an offer back, or turns one down.
    #[serde(rename = "contracts.end@1")]
    ContractEnd(ContractWhich),
    /// Every contract with contacts, newest first.
    #[serde(rename = "contracts.list@1")]
    Contracts,
    /// What a contract of such terms would show of a stream, before it is offered: made by what would answer.
    #[serde(rename = "contracts.preview@1")]
    ContractPreview(ContractPreview),
    /// Each use of a contract as both sides have signed it, newest first.
    #[serde(rename = "contracts.uses@1")]
    ContractUses(UsesAsked),
    /// Looks at what a contact lets the owner see.
    #[serde(rename = "contracts.look@1")]
    Look(Look),
    /// A paper of a contract. Twins send these to each other.
    #[serde(rename = "contracts.paper@1")]
    Paper(PaperIn),
    /// Offers a contact room for their copies. Accepted and ended like any contract.
    #[serde(rename = "space.offer@1")]
    SpaceOffer(SpaceOffer),
    /// Room that the owner and contacts give each other, newest first.
    #[serde(rename = "space.list@1")]
    Spaces,
    /// How the owner's copies at friends stand, as far as is known without asking anybody.
    #[serde(rename = "copies.status@1")]
    Copies,
    /// How many shares are enough, and how many friends may be lost.
    #[serde(rename = "copies.set@1")]
    CopiesSet(CopiesSet),
    /// Spreads the journal as it is now over the friends who give room for it, and makes anew what is missing.
    #[serde(rename = "copies.spread@1")]
    CopiesSpread,
    /// Has friends show that they keep what they should.
    #[serde(rename = "copies.audit@1")]
    CopiesAudit(CopiesWhich),
    /// A ticket for a friend who restores their twin on a new machine.
    #[serde(rename = "copies.help@1")]
    CopiesHelp,
    /// A share to keep. Twins send these to each other.
    #[serde(rename = "share.put@1")]
    SharePut(SharePut),
    /// A share back.
    #[serde(rename = "share.get@1")]
    ShareGet(ShareWhich),
    /// Which shares are kept for the asker.
    #[serde(rename = "share.list@1")]
    ShareList(ShareList),
    /// Pieces of shares that show that they are there.
    #[serde(rename = "share.prove@1")]
    ShareProve(ShareProve),
    /// Shares that need not be kept any more.
    #[serde(rename = "share.drop@1")]
    ShareDrop(ShareDrop),
    /// The sealed list of the asker's shares, to keep.
    #[serde(rename = "manifest.put@1")]
    ManifestPut(ManifestPut),
    /// That list back.
    #[serde(rename = "manifest.get@1")]
    ManifestGet,
    /// Splits the recovery phrase among guardians, and sends each their share.
    #[serde(rename = "guardians.set@1")]
    GuardiansSet(GuardiansSet),
    /// The owner's guardians, those whose guardian the owner is, and claims.
    #[serde(rename = "guardians.list@1")]
    Guardians,
    /// Has no guardians any more: each is told to destroy their share.
    #[serde(rename = "guardians.end@1")]
    GuardiansEnd,
    /// Goes through every step with guardians and heirs, and opens nothing.
    #[serde(rename = "guardians.rehearse@1")]
    GuardiansRehearse,
    /// Is somebody's guardian.
    #[serde(rename = "guardians.accept@1")]
    GuardianAccept(WardWhich),
    /// Is not, or not any more: the share is destroyed.
    #[serde(rename = "guardians.refuse@1")]
    GuardianRefuse(WardWhich),
    /// The guardian's word that a claim comes from the person, after comparing digits.
    #[serde(rename = "guardians.approve@1")]
    ClaimApprove(ClaimApprove),
    /// The guardian's word that it does not.
    #[serde(rename = "guardians.deny@1")]
    ClaimDeny(ClaimWhich),
    /// The owner's word that a claim on their own twin is theft: no guardian hands anything over for it.
    #[serde(rename = "guardians.cancel@1")]
    ClaimCancel(ClaimWhich),
    /// On a new machine: claims somebody's twin back from their guardians.
    #[serde(rename = "recovery.begin@1")]
    RecoveryBegin(RecoveryBegin),
    /// Asks every guardian how it stands, and collects what they hand over.
    #[serde(rename = "recovery.status@1")]
    RecoveryStatus,
    /// Names heirs and what each gets.
    #[serde(rename = "heirs.set@1")]
    HeirsSet(HeirsSet),
    /// The owner's heirs, and from whom the owner inherits.
    #[serde(rename = "heirs.list@1")]
    Heirs,
    /// Claims what was left to the owner, and asks how it stands.
    #[serde(rename = "heirs.claim@1")]
    InheritanceClaim(Inheritance),
    /// Opens what was left to the owner, once enough guardians have handed over their share.
    #[serde(rename = "heirs.open@1")]
    InheritanceOpen(Inheritance),
    /// A paper about guardians or heirs. Twins send these to each other.
    #[serde(rename = "guardians.paper@1")]
    GuardPaper(GuardPaperIn),
    /// A claimant's machine asks a guardian's twin how its claim stands.
    #[serde(rename = "guardians.collect@1")]
    Collect(Collect),
    /// A twin asks its guardian's, or its heir's, whether all would go well.
    #[serde(rename = "guardians.probe@1")]
    Probe(Probe),
    /// Witnesses, whom the owner witnesses, and who was caught with two histories.
    #[serde(rename = "witness.list@1")]
    Witnesses,
    /// Names a contact as a witness of the owner's journal.
    #[serde(rename = "witness.add@1")]
    WitnessAdd(WitnessWhich),
    /// Names them no more.
    #[serde(rename = "witness.remove@1")]
    WitnessRemove(WitnessWhich),
    /// Evidence of two histories, as a file that anybody can check.
    #[serde(rename = "witness.evidence@1")]
    Evidence(ForkWhich),
    /// A twin brings its witness a checkpoint to cosign.
    #[serde(rename = "witness.checkpoint@1")]
    Checkpoint(CheckpointIn),
    /// Two witnesses of a twin compare what it has shown to each.
    #[serde(rename = "witness.seen@1")]
    Seen(SeenIn),
    /// A witness asks a twin to connect two of its checkpoints.
    #[serde(rename = "witness.consistency@1")]
    Consistency(ConsistencyAsked),
    /// The owner's own devices and viewers.
    #[serde(rename = "devices.list@1")]
    Devices,
    /// Makes a ticket for another machine of the owner's (`twin device join` there), and waits for it. Once the digits
    /// were compared it is a device: it keeps a whole live copy.
    #[serde(rename = "devices.add@1")]
    DeviceAdd(DeviceAdd),
    /// Makes a ticket for a computer that may open the twin's page (`twin connect` there) and holds nothing.
    #[serde(rename = "devices.viewer@1")]
    DeviceViewer,
    /// Takes a device's or a viewer's rights away, at once.
    #[serde(rename = "devices.revoke@1")]
    DeviceRevoke(DeviceRevoke),
    /// This device keeps a copy, and the one that wrote is lost: this one writes from now on, and the lost one is revoked.
    #[serde(rename = "devices.promote@1")]
    DevicePromote(DevicePromote),
    /// What another device of the owner's lacks of the journal; its bytes follow the answer.
    #[serde(rename = "journal.pull@1")]
    JournalPull(JournalPull),
    /// Receipts of what another device of the owner's answered by itself.
    #[serde(rename = "receipts.bring@1")]
    ReceiptsBring(ReceiptsBring),
    /// Which sources are asked where contacts are.
    #[serde(rename = "phonebook.show@1")]
    PhoneBook,
    /// Chooses them.
    #[serde(rename = "phonebook.set@1")]
    PhoneBookSet(PhoneBookSet),
    /// Writes what to put on a domain, so that contacts find this twin by it.
    #[serde(rename = "phonebook.export@1")]
    PhoneBookExport(PhoneBookExport),
    /// A file that another device of the owner's sends, to be imported here.
    #[serde(rename = "import.sent@1")]
    ImportSent(ImportSent),
    /// Makes a circle, and asks contacts to join it.
    #[serde(rename = "circle.create@1")]
    CircleCreate(CircleNew),
    /// Circles and conversations, the one with the newest message first.
    #[serde(rename = "circle.list@1")]
    Circles,
    /// Asks a contact to join a circle.
    #[serde(rename = "circle.invite@1")]
    CircleInvite(CircleWho),
    /// Puts a member out of a circle: they read nothing that is written from then on.
    #[serde(rename = "circle.remove@1")]
    CircleRemove(CircleWho),
    /// Leaves a circle. What was received before stays.
    #[serde(rename = "circle.leave@1")]
    CircleLeave(CircleWhich),
    /// Names a circle.
    #[serde(rename = "circle.rename@1")]
    CircleRename(CircleRename),
    /// Lets a member let others in and put others out, or no longer.
    #[serde(rename = "circle.admin@1")]
    CircleAdmin(CircleAdmin),
    /// Renews this device's keys in a circle at once: whoever stole the old ones reads nothing from then on.
    #[serde(rename = "circle.renew@1")]
    CircleRenew(CircleWhich),
    /// Writes to a circle or a contact.
    #[serde(rename = "message.send@1")]
    MessageSend(MessageNew),
    /// A page of a circle's messages.
    #[serde(rename = "message.list@1")]
    Messages(Messages),
    /// Says that messages were seen.
    #[serde(rename = "message.read@1")]
    MessageRead(MessageRead),
    /// Brings part of a file that is to be sent.
    #[serde(rename = "file.stage@1")]
    FileStage(FileStage),
    /// Stages a file of the twin's machine that is to be sent.
    #[serde(rename = "file.take@1")]
    FileTake(FileTake),
    /// Asks for a file that was too large to be fetched by itself.
    #[serde(rename = "file.fetch@1")]
    FileFetch(FileWhich),
    /// Writes the file of a message to disk.
    #[serde(rename = "file.save@1")]
    FileSave(FileSave),
    /// Part of the file of a message.
    #[serde(rename = "file.read@1")]
    FileRead(FileRead),
    /// A key package, with which a contact may let this device into a circle. Twins ask each other.
    #[serde(rename = "circle.keypackage@1")]
    KeyPackage(KeyPackageAsked),
    /// This device was let into a circle. Twins send these to each other.
    #[serde(rename = "circle.welcome@1")]
    Welcome(WelcomeIn),
    /// What each side has and lacks of a circle. Twins ask each other.
    #[serde(rename = "circle.sync@1")]
    CircleSync(SyncIn),
    /// A piece of a file. Twins ask each other.
    #[serde(rename = "circle.piece@1")]
    Piece(PieceAsked),
}

/// What is to be forecast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forecast {
    /// The stream.
    pub stream: StreamId,
    /// How far ahead.
    pub horizon: Every,
    /// Width of a step; default: what suits the stream and the horizon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Every>,
    /// Only observations whose source's text contains this, ignoring case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Where chance comes from: the same seed gives the same forecast.
    #[serde(default = "default_seed")]
    pub seed: u64,
}

fn default_seed() -> u64 {
    1
}

/// How the graph is to be drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    /// Share of the edges that may be false: 0.001 to 0.5.
    #[serde(default = "default_rate")]
    pub rate: f64,
    /// Only observations whose source's text contains this, ignoring case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

fn default_rate() -> f64 {
    0.05
}

/// Which observations, and how to sum them up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// The stream.
    pub stream: StreamId,
    /// First moment, inclusive. Default: the first there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// Last moment, exclusive. Default: after the last there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Moment>,
    /// Width of a bucket; without it the observations themselves are returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Every>,
    /// Only observations whose source's text contains this, ignoring case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// At most this many rows (buckets or observations) from the start; the answer says if there were more.
    #[serde(default = "default_limit")]
    pub limit: u32,
}

fn default_limit() -> u32 {
    10_000
}

/// The most rows one answer holds.
pub const MAX_ROWS: u32 = 1_000_000;

/// Width of a bucket of wall-clock time: a number of minutes, hours, days or (Monday-based) weeks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Every {
    /// Milliseconds: a whole number of minutes.
    ms: i64,
}

impl Every {
    /// Width in milliseconds.
    #[must_use]
    pub fn ms(self) -> i64 {
        self.ms
    }

    /// The width of so many milliseconds, if it is a whole number of minutes.
    #[must_use]
    pub fn of_ms(ms: i64) -> Option<Self> {
        (ms > 0 && ms % 60_000 == 0).then_some(Self { ms })
    }
}

/// The text is not a bucket width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a bucket width: use a whole number and m, h, d or w, for example 1m, 15m, 1h, 1d or 1w")]
pub struct BadEvery;

impl std::str::FromStr for Every {
    type Err = BadEvery;

    fn from_str(text: &str) -> Result<Self, BadEvery> {
        let at = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at)).ok_or(BadEvery)?;
        let (number, unit) = text.split_at(at);
        let minutes: i64 = match unit {
            "m" => 1,
            "h" => 60,
            "d" => 1_440,
            "w" => 10_080,
            _ => return Err(BadEvery),
        };
        let number: i64 = number.parse().map_err(|_| BadEvery)?;
        if !(1..=100_000).contains(&number) {
            return Err(BadEvery);
        }
        Ok(Self { ms: number * minutes * 60_000 })
    }
}

impl std::fmt::Display for Every {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let minutes = self.ms / 60_000;
        match minutes {
            m if m % 10_080 == 0 => write!(f, "{}w", m / 10_080),
            m if m % 1_440 == 0 => write!(f, "{}d", m / 1_440),
            m if m % 60 == 0 => write!(f, "{}h", m / 60),
            m => write!(f, "{m}m"),
        }
    }
}

impl Serialize for Every {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Every {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Every {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Every".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]{1,6}[mhdw]$", "examples": ["1m", "1h", "1d", "1w"] })
    }
}

/// A window of a stream as a chart wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct View {
    /// The stream.
    pub stream: StreamId,
    /// First wall-clock millisecond (as UTC milliseconds would be, had the owner's clock shown UTC).
    pub from: i64,
    /// Last wall-clock millisecond, exclusive.
    pub to: i64,
    /// About how many points the chart has room for: 16 to 4,000.
    pub points: u32,
}

/// One observation, by its stream and time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// The stream.
    pub stream: StreamId,
    /// The moment: the observation that starts nearest to it is meant.
    pub time: Moment,
}

/// Which part of the journal to list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Commits before this sequence number; default: from the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// At most this many commits: 1 to 1,000.
    #[serde(default = "default_log")]
    pub limit: u32,
}

fn default_log() -> u32 {
    20
}

/// Files to take in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// IANA name of the zone that local times without an offset were written in, for example `Europe/Zurich`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Whose rows to take from files that hold several people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// How to read a CSV file of no known layout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csv: Option<CsvColumns>,
}

/// Which column of a CSV file means what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CsvColumns {
    /// The stream that the values belong to: a known one, or `custom.` and a name.
    pub stream: String,
    /// Header of the column with the time.
    pub time: String,
    /// Header of the column with the value.
    pub value: String,
    /// Header of the column with the end of the interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    /// Header of the column that names the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Unit of the values; default: the stream's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// `rfc3339`, `s` or `ms` (since 1970), or a strptime pattern such as `%d.%m.%Y %H:%M`; default: tried in turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_format: Option<String>,
}

/// Where to write everything to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// A folder that does not exist yet, or is empty.
    pub dir: PathBuf,
}

/// A place that keeps a copy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupAdd {
    /// A folder's path, or `s3://bucket/prefix`.
    pub target: String,
    /// Settings of an S3-compatible store: `endpoint`, `region`, `access_key_id`, `secret_access_key`. Kept sealed.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub options: std::collections::BTreeMap<String, String>,
}

/// One place by its target text, or all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupWhich {
    /// As given to `backup.add`; default: every place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

impl Request {
    /// What follows the request, where bytes do. Only other twins can send them: see [`payload`](crate::payload).
    #[must_use]
    pub const fn upload(&self) -> Option<&Sent> {
        match self {
            Self::SharePut(put) => Some(&put.sent),
            Self::ManifestPut(put) => Some(&put.sent),
            Self::ImportSent(asked) => Some(&asked.sent),
            Self::Welcome(asked) => Some(&asked.invitation),
            Self::CircleSync(asked) => Some(&asked.sync),
            _ => None,
        }
    }

    /// The request's name and version, as on the wire and in receipts.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status => "twin.status@1",
            Self::Streams => "streams.list@1",
            Self::Query(_) => "timeline.query@1",
            Self::View(_) => "timeline.view@1",
            Self::Show(_) => "observation.show@1",
            Self::Prove(_) => "proof.inclusion@1",
            Self::ProveWitnessed(_) => "proof.witnessed@1",
            Self::Log(_) => "journal.log@1",
            Self::Verify => "journal.verify@1",
            Self::Repair => "journal.repair@1",
            Self::Import(_) => "import.files@1",
            Self::Export(_) => "export.all@1",
            Self::BackupAdd(_) => "backup.add@1",
            Self::BackupRun(_) => "backup.run@1",
            Self::BackupCheck(_) => "backup.check@1",
            Self::BackupList => "backup.list@1",
            Self::Forecast(_) => "mirror.forecast@1",
            Self::Graph(_) => "mirror.graph@1",
            Self::ReadSentence(_) => "mirror.read@1",
            Self::WhatIf(_) => "mirror.what_if@1",
            Self::Simulate(_) => "mirror.simulate@1",
            Self::ExperimentAdd(_) => "mirror.experiment.add@1",
            Self::ExperimentList => "mirror.experiment.list@1",
            Self::ExperimentShow(_) => "mirror.experiment.show@1",
            Self::ExperimentEnd(_) => "mirror.experiment.end@1",
            Self::BrainAdd(_) => "mirror.brain.add@1",
            Self::BrainShow => "mirror.brain.show@1",
            Self::Learn(_) => "mirror.learn@1",
            Self::Learnt => "mirror.learnt@1",
            Self::Days(_) => "mirror.days@1",
            Self::Generate(_) => "mirror.generate@1",
            Self::Propose(_) => "mirror.propose@1",
            Self::Identity => "identity.document@1",
            Self::Today(_) => "today.cards@1",
            Self::Find(_) => "search.find@1",
            Self::Quality(_) => "quality.coverage@1",
            Self::Receipts(_) => "receipts.list@1",
            Self::Protect => "protect.status@1",
            Self::Imports => "imports.list@1",
            Self::ImportUpload(_) => "import.upload@1",
            Self::Undo(_) => "import.undo@1",
            Self::Tokens => "tokens.list@1",
            Self::TokenNew(_) => "tokens.create@1",
            Self::TokenRevoke(_) => "tokens.revoke@1",
            Self::PairInvite => "pair.invite@1",
            Self::PairJoin(_) => "pair.join@1",
            Self::PairList(_) => "pair.list@1",
            Self::PairConfirm(_) => "pair.confirm@1",
            Self::Contacts => "contacts.list@1",
            Self::ContactChange(_) => "contacts.change@1",
            Self::ContractOffer(_) => "contracts.offer@1",
            Self::ContractAccept(_) => "contracts.accept@1",
            Self::ContractEnd(_) => "contracts.end@1",
            Self::Contracts => "contracts.list@1",
            Self::ContractPreview(_) => "contracts.preview@1",
            Self::ContractUses(_) => "contracts.uses@1",
            Self::Look(_) => "contracts.look@1",
            Self::Paper(_) => "contracts.paper@1",
            Self::SpaceOffer(_) => "space.offer@1",
            Self::Spaces => "space.list@1",
            Self::Copies => "copies.status@1",
            Self::CopiesSet(_) => "copies.set@1",
            Self::CopiesSpread => "copies.spread@1",
            Self::CopiesAudit(_) => "copies.audit@1",
            Self::CopiesHelp => "copies.help@1",
            Self::SharePut(_) => "share.put@1",
            Self::ShareGet(_) => "share.get@1",
            Self::ShareList(_) => "share.list@1",
            Self::ShareProve(_) => "share.prove@1",
            Self::ShareDrop(_) => "share.drop@1",
            Self::ManifestPut(_) => "manifest.put@1",
            Self::ManifestGet => "manifest.get@1",
            Self::GuardiansSet(_) => "guardians.set@1",
            Self::Guardians => "guardians.list@1",
            Self::GuardiansEnd => "guardians.end@1",
            Self::GuardiansRehearse => "guardians.rehearse@1",
            Self::GuardianAccept(_) => "guardians.accept@1",
            Self::GuardianRefuse(_) => "guardians.refuse@1",
            Self::ClaimApprove(_) => "guardians.approve@1",
            Self::ClaimDeny(_) => "guardians.deny@1",
            Self::ClaimCancel(_) => "guardians.cancel@1",
            Self::RecoveryBegin(_) => "recovery.begin@1",
            Self::RecoveryStatus => "recovery.status@1",
            Self::HeirsSet(_) => "heirs.set@1",
            Self::Heirs => "heirs.list@1",
            Self::InheritanceClaim(_) => "heirs.claim@1",
            Self::InheritanceOpen(_) => "heirs.open@1",
            Self::GuardPaper(_) => "guardians.paper@1",
            Self::Collect(_) => "guardians.collect@1",
            Self::Probe(_) => "guardians.probe@1",
            Self::Witnesses => "witness.list@1",
            Self::WitnessAdd(_) => "witness.add@1",
            Self::WitnessRemove(_) => "witness.remove@1",
            Self::Evidence(_) => "witness.evidence@1",
            Self::Checkpoint(_) => "witness.checkpoint@1",
            Self::Seen(_) => "witness.seen@1",
            Self::Consistency(_) => "witness.consistency@1",
            Self::Devices => "devices.list@1",
            Self::DeviceAdd(_) => "devices.add@1",
            Self::DeviceViewer => "devices.viewer@1",
            Self::DeviceRevoke(_) => "devices.revoke@1",
            Self::DevicePromote(_) => "devices.promote@1",
            Self::JournalPull(_) => "journal.pull@1",
            Self::ReceiptsBring(_) => "receipts.bring@1",
            Self::ImportSent(_) => "import.sent@1",
            Self::PhoneBook => "phonebook.show@1",
            Self::PhoneBookSet(_) => "phonebook.set@1",
            Self::PhoneBookExport(_) => "phonebook.export@1",
            Self::CircleCreate(_) => "circle.create@1",
            Self::Circles => "circle.list@1",
            Self::CircleInvite(_) => "circle.invite@1",
            Self::CircleRemove(_) => "circle.remove@1",
            Self::CircleLeave(_) => "circle.leave@1",
            Self::CircleRename(_) => "circle.rename@1",
            Self::CircleAdmin(_) => "circle.admin@1",
            Self::CircleRenew(_) => "circle.renew@1",
            Self::MessageSend(_) => "message.send@1",
            Self::Messages(_) => "message.list@1",
            Self::MessageRead(_) => "message.read@1",
            Self::FileStage(_) => "file.stage@1",
            Self::FileTake(_) => "file.take@1",
            Self::FileFetch(_) => "file.fetch@1",
            Self::FileSave(_) => "file.save@1",
            Self::FileRead(_) => "file.read@1",
            Self::KeyPackage(_) => "circle.keypackage@1",
            Self::Welcome(_) => "circle.welcome@1",
            Self::CircleSync(_) => "circle.sync@1",
            Self::Piece(_) => "circle.piece@1",
        }
    }
}
