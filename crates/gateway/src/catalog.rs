//! What can be asked over HTTP: the one table that routing and documentation are both made from.

use didymos_twin::{request, response};
use schemars::{Schema, SchemaGenerator, json_schema};

/// How a request is treated over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Answered in moments; a few at a time.
    Quick,
    /// Waits for news or for somebody else's twin, and does next to nothing meanwhile; many at a time.
    Patient,
    /// Reads or copies everything; one at a time.
    Long,
    /// Not over HTTP, because it names paths of the twin's own machine: a page, even the owner's own, must not be
    /// able to point the twin at files. The `twin` command asks these.
    Closed,
}

type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// One request of the door.
pub(crate) struct Entry {
    /// Its name and version.
    pub(crate) name: &'static str,
    /// How it is treated.
    pub(crate) lane: Lane,
    /// Its parameters, if it has any.
    pub(crate) params: Option<SchemaOf>,
    /// Its answer.
    pub(crate) answer: SchemaOf,
}

const fn plain(name: &'static str, lane: Lane, answer: SchemaOf) -> Entry {
    Entry { name, lane, params: None, answer }
}

const fn with(name: &'static str, lane: Lane, params: SchemaOf, answer: SchemaOf) -> Entry {
    Entry { name, lane, params: Some(params), answer }
}

fn of<T: schemars::JsonSchema>(from: &mut SchemaGenerator) -> Schema {
    from.subschema_for::<T>()
}

fn did_document(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "description": "DID document, W3C DID Core 1.0" })
}

use Lane::{Closed, Long, Patient, Quick};

/// Every request, in the order of the door's own enum.
pub(crate) const CATALOG: &[Entry] = &[
    plain("twin.status@1", Quick, of::<response::Status>),
    plain("streams.list@1", Quick, of::<Vec<response::StreamInfo>>),
    with("timeline.query@1", Quick, of::<request::Query>, of::<response::QueryAnswer>),
    with("timeline.view@1", Quick, of::<request::View>, of::<response::ViewAnswer>),
    with("observation.show@1", Quick, of::<request::Which>, of::<response::Provenance>),
    with("proof.inclusion@1", Quick, of::<request::Which>, of::<response::ProofAnswer>),
    with("proof.witnessed@1", Quick, of::<request::Which>, of::<response::ProofAnswer>),
    with("journal.log@1", Quick, of::<request::Log>, of::<response::LogAnswer>),
    plain("journal.verify@1", Long, of::<response::VerifyReport>),
    plain("journal.repair@1", Long, of::<response::RepairReport>),
    with("import.files@1", Closed, of::<request::Import>, of::<response::ImportReport>),
    with("export.all@1", Closed, of::<request::Export>, of::<response::ExportReport>),
    with("backup.add@1", Closed, of::<request::BackupAdd>, of::<Vec<response::BackupReport>>),
    with("backup.run@1", Long, of::<request::BackupWhich>, of::<Vec<response::BackupReport>>),
    with("backup.check@1", Long, of::<request::BackupWhich>, of::<Vec<response::BackupReport>>),
    plain("backup.list@1", Quick, of::<Vec<response::BackupReport>>),
    with("mirror.forecast@1", Long, of::<request::Forecast>, of::<response::ForecastAnswer>),
    with("mirror.graph@1", Long, of::<request::Graph>, of::<response::GraphAnswer>),
    with("mirror.read@1", Quick, of::<request::Sentence>, of::<response::Reading>),
    with("mirror.what_if@1", Long, of::<request::WhatIf>, of::<response::WhatIfAnswer>),
    with("mirror.simulate@1", Long, of::<request::Simulate>, of::<response::SimulateAnswer>),
    with("mirror.experiment.add@1", Quick, of::<request::Experiment>, of::<response::ExperimentShown>),
    plain("mirror.experiment.list@1", Quick, of::<Vec<response::ExperimentShown>>),
    with("mirror.experiment.show@1", Quick, of::<request::ExperimentWhich>, of::<response::ExperimentShown>),
    with("mirror.experiment.end@1", Quick, of::<request::ExperimentWhich>, of::<response::ExperimentShown>),
    with("mirror.brain.add@1", Long, of::<request::BrainAdd>, of::<response::BrainShown>),
    plain("mirror.brain.show@1", Quick, of::<response::BrainShown>),
    with("mirror.learn@1", Long, of::<request::Learn>, of::<Vec<response::LearntModel>>),
    plain("mirror.learnt@1", Quick, of::<Vec<response::LearntModel>>),
    with("mirror.days@1", Long, of::<request::Days>, of::<response::DaysAnswer>),
    with("mirror.generate@1", Long, of::<request::Generate>, of::<response::GenerateAnswer>),
    with("mirror.propose@1", Long, of::<request::Propose>, of::<response::ProposeAnswer>),
    plain("identity.document@1", Quick, did_document),
    with("today.cards@1", Quick, of::<request::Today>, of::<response::TodayAnswer>),
    with("search.find@1", Quick, of::<request::Find>, of::<response::FindAnswer>),
    with("quality.coverage@1", Quick, of::<request::Quality>, of::<response::QualityAnswer>),
    with("receipts.list@1", Quick, of::<request::ReceiptsAsked>, of::<response::ReceiptsAnswer>),
    plain("protect.status@1", Quick, of::<response::ProtectAnswer>),
    plain("imports.list@1", Quick, of::<response::ImportsAnswer>),
    with("import.upload@1", Closed, of::<request::UploadWhich>, of::<response::ImportReport>),
    with("import.undo@1", Quick, of::<request::ImportWhich>, of::<response::UndoAnswer>),
    plain("tokens.list@1", Quick, of::<Vec<response::TokenShown>>),
    with("tokens.create@1", Quick, of::<request::TokenNew>, of::<response::TokenCreated>),
    with("tokens.revoke@1", Quick, of::<request::TokenWhich>, of::<Vec<response::TokenShown>>),
    plain("pair.invite@1", Quick, of::<Vec<response::PairingShown>>),
    with("pair.join@1", Patient, of::<request::PairJoin>, of::<Vec<response::PairingShown>>),
    with("pair.list@1", Patient, of::<request::PairAsked>, of::<Vec<response::PairingShown>>),
    with("pair.confirm@1", Quick, of::<request::PairConfirm>, of::<Vec<response::PairingShown>>),
    plain("contacts.list@1", Quick, of::<Vec<response::ContactShown>>),
    with("contacts.change@1", Patient, of::<request::ContactChange>, of::<Vec<response::ContactShown>>),
    with("contracts.offer@1", Patient, of::<request::ContractOffer>, of::<Vec<response::ContractShown>>),
    with("contracts.accept@1", Patient, of::<request::ContractWhich>, of::<Vec<response::ContractShown>>),
    with("contracts.end@1", Patient, of::<request::ContractWhich>, of::<Vec<response::ContractShown>>),
    plain("contracts.list@1", Quick, of::<Vec<response::ContractShown>>),
    with("contracts.preview@1", Quick, of::<request::ContractPreview>, of::<response::QueryAnswer>),
    with("contracts.uses@1", Quick, of::<request::UsesAsked>, of::<response::UsesAnswer>),
    with("contracts.look@1", Patient, of::<request::Look>, of::<response::LookAnswer>),
    with("contracts.paper@1", Closed, of::<request::PaperIn>, of::<response::Nothing>),
    with("space.offer@1", Patient, of::<request::SpaceOffer>, of::<Vec<response::SpaceShown>>),
    plain("space.list@1", Quick, of::<Vec<response::SpaceShown>>),
    plain("copies.status@1", Quick, of::<response::CopiesShown>),
    with("copies.set@1", Quick, of::<request::CopiesSet>, of::<response::CopiesShown>),
    plain("copies.spread@1", Long, of::<response::CopiesShown>),
    with("copies.audit@1", Long, of::<request::CopiesWhich>, of::<response::CopiesShown>),
    plain("copies.help@1", Quick, of::<response::HelpAnswer>),
    with("share.put@1", Closed, of::<request::SharePut>, of::<response::Nothing>),
    with("share.get@1", Closed, of::<request::ShareWhich>, of::<response::ShareBytes>),
    with("share.list@1", Closed, of::<request::ShareList>, of::<response::ShareNames>),
    with("share.prove@1", Closed, of::<request::ShareProve>, of::<response::ShareProofs>),
    with("share.drop@1", Closed, of::<request::ShareDrop>, of::<response::Nothing>),
    with("manifest.put@1", Closed, of::<request::ManifestPut>, of::<response::Nothing>),
    plain("manifest.get@1", Closed, of::<response::ShareBytes>),
    with("guardians.set@1", Patient, of::<request::GuardiansSet>, of::<response::GuardiansAnswer>),
    plain("guardians.list@1", Quick, of::<response::GuardiansAnswer>),
    plain("guardians.end@1", Patient, of::<response::GuardiansAnswer>),
    plain("guardians.rehearse@1", Patient, of::<response::RehearsalAnswer>),
    with("guardians.accept@1", Patient, of::<request::WardWhich>, of::<response::GuardiansAnswer>),
    with("guardians.refuse@1", Patient, of::<request::WardWhich>, of::<response::GuardiansAnswer>),
    with("guardians.approve@1", Patient, of::<request::ClaimApprove>, of::<response::GuardiansAnswer>),
    with("guardians.deny@1", Patient, of::<request::ClaimWhich>, of::<response::GuardiansAnswer>),
    with("guardians.cancel@1", Patient, of::<request::ClaimWhich>, of::<response::GuardiansAnswer>),
    with("recovery.begin@1", Quick, of::<request::RecoveryBegin>, of::<response::RecoveryAnswer>),
    plain("recovery.status@1", Patient, of::<response::RecoveryAnswer>),
    with("heirs.set@1", Patient, of::<request::HeirsSet>, of::<response::HeirsAnswer>),
    plain("heirs.list@1", Quick, of::<response::HeirsAnswer>),
    with("heirs.claim@1", Patient, of::<request::Inheritance>, of::<response::RecoveryAnswer>),
    with("heirs.open@1", Quick, of::<request::Inheritance>, of::<response::Inherited>),
    with("guardians.paper@1", Closed, of::<request::GuardPaperIn>, of::<response::Nothing>),
    with("guardians.collect@1", Closed, of::<request::Collect>, of::<response::Collected>),
    with("guardians.probe@1", Closed, of::<request::Probe>, of::<response::Probed>),
    plain("witness.list@1", Quick, of::<response::WitnessesAnswer>),
    with("witness.add@1", Patient, of::<request::WitnessWhich>, of::<response::WitnessesAnswer>),
    with("witness.remove@1", Quick, of::<request::WitnessWhich>, of::<response::WitnessesAnswer>),
    with("witness.evidence@1", Quick, of::<request::ForkWhich>, of::<response::EvidenceAnswer>),
    with("witness.checkpoint@1", Closed, of::<request::CheckpointIn>, of::<response::Witnessed>),
    with("witness.seen@1", Closed, of::<request::SeenIn>, of::<response::SeenAnswer>),
    with("witness.consistency@1", Closed, of::<request::ConsistencyAsked>, of::<response::Consistent>),
    plain("devices.list@1", Quick, of::<response::DevicesAnswer>),
    with("devices.add@1", Quick, of::<request::DeviceAdd>, of::<Vec<response::PairingShown>>),
    plain("devices.viewer@1", Quick, of::<Vec<response::PairingShown>>),
    with("devices.revoke@1", Quick, of::<request::DeviceRevoke>, of::<response::DevicesAnswer>),
    with("devices.promote@1", Quick, of::<request::DevicePromote>, of::<response::DevicesAnswer>),
    with("journal.pull@1", Closed, of::<request::JournalPull>, of::<response::Pulled>),
    with("receipts.bring@1", Closed, of::<request::ReceiptsBring>, of::<response::Nothing>),
    plain("phonebook.show@1", Quick, of::<response::PhoneBookShown>),
    with("phonebook.set@1", Quick, of::<request::PhoneBookSet>, of::<response::PhoneBookShown>),
    with("phonebook.export@1", Quick, of::<request::PhoneBookExport>, of::<response::PhoneBookFiles>),
    with("import.sent@1", Closed, of::<request::ImportSent>, of::<response::Nothing>),
    with("circle.create@1", Patient, of::<request::CircleNew>, of::<Vec<response::CircleShown>>),
    plain("circle.list@1", Quick, of::<Vec<response::CircleShown>>),
    with("circle.invite@1", Patient, of::<request::CircleWho>, of::<Vec<response::CircleShown>>),
    with("circle.remove@1", Quick, of::<request::CircleWho>, of::<Vec<response::CircleShown>>),
    with("circle.leave@1", Quick, of::<request::CircleWhich>, of::<Vec<response::CircleShown>>),
    with("circle.rename@1", Quick, of::<request::CircleRename>, of::<Vec<response::CircleShown>>),
    with("circle.admin@1", Quick, of::<request::CircleAdmin>, of::<Vec<response::CircleShown>>),
    with("circle.renew@1", Quick, of::<request::CircleWhich>, of::<Vec<response::CircleShown>>),
    with("message.send@1", Patient, of::<request::MessageNew>, of::<response::MessagesAnswer>),
    with("message.list@1", Patient, of::<request::Messages>, of::<response::MessagesAnswer>),
    with("message.read@1", Quick, of::<request::MessageRead>, of::<response::MessagesAnswer>),
    with("file.stage@1", Quick, of::<request::FileStage>, of::<response::FileStaged>),
    with("file.take@1", Closed, of::<request::FileTake>, of::<response::FileStaged>),
    with("file.fetch@1", Patient, of::<request::FileWhich>, of::<response::FileShown>),
    with("file.save@1", Closed, of::<request::FileSave>, of::<response::FileSaved>),
    with("file.read@1", Quick, of::<request::FileRead>, of::<response::FilePart>),
    with("circle.keypackage@1", Closed, of::<request::KeyPackageAsked>, of::<response::KeyPackageOut>),
    with("circle.welcome@1", Closed, of::<request::WelcomeIn>, of::<response::Nothing>),
    with("circle.sync@1", Closed, of::<request::SyncIn>, of::<response::SyncOut>),
    with("circle.piece@1", Closed, of::<request::PieceAsked>, of::<response::PieceOut>),
];

/// The line of `name`.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    CATALOG.iter().find(|entry| entry.name == name)
}
