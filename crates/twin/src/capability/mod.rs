//! One module per capability: what it answers, from the vault alone.

pub(crate) mod asleep;
pub(crate) mod backup;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod imports;
pub(crate) mod journal;
pub(crate) mod mirror_brain;
pub(crate) mod mirror_days;
pub(crate) mod mirror_experiments;
pub(crate) mod mirror_forecast;
pub(crate) mod mirror_glucose;
pub(crate) mod mirror_graph;
pub(crate) mod mirror_sentence;
pub(crate) mod mirror_simulate;
pub(crate) mod mirror_sleep;
pub(crate) mod mirror_streams;
pub(crate) mod mirror_what_if;
pub(crate) mod profile;
pub(crate) mod protect;
pub(crate) mod provenance;
pub(crate) mod quality;
pub(crate) mod receipts;
pub(crate) mod search;
pub(crate) mod status;
pub(crate) mod timeline;
pub(crate) mod today;
