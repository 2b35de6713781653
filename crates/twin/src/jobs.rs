//! Uploaded files that wait to be imported, and the one that is being imported.
//!
//! The files and what describes them lie sealed in the home (see [`didymos_vault::spool`]), so that a reload, a lock or a
//! crash loses none; this list is what of it is in memory. Importing an upload is a request at the door like any other
//! (`import.upload@1`); a job is removed once that is answered.

use crate::door::{Failure, FailureCode};
use crate::response::StreamCounts;
use didymos_base::{Did, Timestamp};
use didymos_vault::Vault;
use didymos_vault::spool::{Spool, SpoolId, SpoolReader, SpoolWriter};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The longest name of a file or a batch, in characters.
const NAME_MAX: usize = 300;

/// What describes an upload, sealed beside it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct JobRecord {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) batch: Option<String>,
    pub(crate) bytes: u64,
    pub(crate) received: Timestamp,
    #[serde(default)]
    pub(crate) zone: Option<String>,
    /// Who delivered it; the owner, if nobody is named.
    #[serde(default)]
    pub(crate) by: Option<Did>,
}

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JobState {
    Waiting,
    Running { done: u64, import: String, streams: BTreeMap<String, StreamCounts>, skipped: BTreeMap<String, u64> },
    Failed(String),
}

/// An upload.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: SpoolId,
    pub(crate) record: JobRecord,
    pub(crate) state: JobState,
}

/// All uploads of a twin.
pub(crate) struct Jobs {
    spool: Spool,
    list: Mutex<Vec<Job>>,
    /// Jobs that the owner does not want any more, while they run.
    unwanted: Mutex<HashSet<SpoolId>>,
}

/// A file that is being uploaded.
pub(crate) struct Upload {
    writer: SpoolWriter,
    name: String,
    batch: Option<String>,
    zone: Option<String>,
    by: Option<Did>,
}

impl Upload {
    /// Takes bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.writer.write(bytes)?)
    }
}

fn unpoisoned<T>(result: Result<T, PoisonError<T>>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}

/// A name as it is kept: without what could look like anything else.
fn sound(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect()
}

pub(crate) fn no_job() -> Failure {
    Failure::new(FailureCode::NotFound, "there is no such upload: it was imported or removed")
}

impl Jobs {
    /// The uploads that wait in the home.
    pub(crate) fn open(vault: &Vault) -> Result<Self, Failure> {
        let spool = vault.spool();
        let mut list: Vec<Job> = spool
            .sweep()?
            .into_iter()
            .filter_map(|(id, bytes)| {
                let record = serde_json::from_slice(&bytes).ok()?;
                Some(Job { id, record, state: JobState::Waiting })
            })
            .collect();
        list.sort_by(|a, b| (a.record.received, &a.record.name).cmp(&(b.record.received, &b.record.name)));
        Ok(Self { spool, list: Mutex::new(list), unwanted: Mutex::default() })
    }

    fn list(&self) -> MutexGuard<'_, Vec<Job>> {
        unpoisoned(self.list.lock())
    }

    pub(crate) fn all(&self) -> Vec<Job> {
        self.list().clone()
    }

    pub(crate) fn begin(
        &self,
        name: &str,
        batch: Option<&str>,
        zone: Option<&str>,
        by: Option<Did>,
    ) -> Result<Upload, Failure> {
        let name = sound(name);
        if name.trim().is_empty() {
            return Err(Failure::new(FailureCode::Invalid, "an upload needs the file's name: ?name=export.zip"));
        }
        let zone = zone.map(sound).filter(|zone| !zone.is_empty());
        Ok(Upload { writer: self.spool.begin()?, name, batch: batch.map(sound), zone, by })
    }

    /// The upload is whole: from now on it waits, also after a crash.
    pub(crate) fn received(&self, upload: Upload, now: Timestamp) -> Result<SpoolId, Failure> {
        let Upload { writer, name, batch, zone, by } = upload;
        let record = JobRecord { name, batch, bytes: writer.len(), received: now, zone, by };
        let id = writer.finish(&serde_json::to_vec(&record).unwrap_or_default())?;
        self.list().push(Job { id, record, state: JobState::Waiting });
        Ok(id)
    }

    /// The job that waits for longest.
    pub(crate) fn next(&self) -> Option<SpoolId> {
        self.list().iter().find(|job| job.state == JobState::Waiting).map(|job| job.id)
    }

    pub(crate) fn get(&self, id: &SpoolId) -> Option<Job> {
        self.list().iter().find(|job| job.id == *id).cloned()
    }

    pub(crate) fn reader(&self, id: &SpoolId) -> Result<SpoolReader, Failure> {
        Ok(self.spool.open(id)?)
    }

    pub(crate) fn set(&self, id: &SpoolId, state: JobState) {
        if let Some(job) = self.list().iter_mut().find(|job| job.id == *id) {
            job.state = state;
        }
    }

    /// Removes a job and its file. One that runs is asked to stop, and goes then.
    pub(crate) fn remove(&self, id: &SpoolId) -> Result<(), Failure> {
        let job = self.get(id).ok_or_else(no_job)?;
        if matches!(job.state, JobState::Running { .. }) {
            unpoisoned(self.unwanted.lock()).insert(*id);
            return Ok(());
        }
        self.forget(id)
    }

    /// Whether the owner does not want it any more.
    pub(crate) fn is_unwanted(&self, id: &SpoolId) -> bool {
        unpoisoned(self.unwanted.lock()).contains(id)
    }

    /// The job is over.
    pub(crate) fn forget(&self, id: &SpoolId) -> Result<(), Failure> {
        self.spool.remove(id)?;
        self.list().retain(|job| job.id != *id);
        unpoisoned(self.unwanted.lock()).remove(id);
        Ok(())
    }
}
