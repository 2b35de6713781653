//! The journal itself: its log, its verification, its repair.

use crate::Twin;
use crate::capability::{backup, provenance};
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::home;
use crate::peers::gathering::{Anywhere, FromFriends};
use crate::request::Log;
use crate::response::{Damage, LogAnswer, LogCommit, RepairReport, VerifyReport};
use didymos_base::canonical;
use didymos_consent::Receipt;
use didymos_vault::backup::Places;
use didymos_vault::{CommitRef, ObjectKind, PartRecord, RecordRef};

const MOST_COMMITS: u32 = 1_000;

pub(crate) fn log(twin: &Twin, log: &Log) -> Result<LogAnswer, Failure> {
    twin.vault.ensure_whole()?;
    let (commits, records): (Vec<CommitRef>, Vec<RecordRef>) = {
        let index = twin.vault.index();
        let end = log.before.unwrap_or(u64::MAX).min(index.commits.len() as u64) as usize;
        let begin = end.saturating_sub(log.limit.clamp(1, MOST_COMMITS) as usize);
        let commits = index.commits[begin..end].iter().rev().cloned().collect();
        let within = begin as u64..end as u64;
        (commits, index.records.iter().filter(|record| within.contains(&record.commit)).cloned().collect())
    };
    let next = commits.last().map(|oldest| oldest.seq).filter(|seq| *seq > 0);
    let commits = commits
        .into_iter()
        .map(|commit| {
            let (mut files, mut receipts) = (Vec::new(), Vec::new());
            for record in records.iter().filter(|record| record.commit == commit.seq) {
                let items = || twin.vault.records(record);
                match record.kind {
                    ObjectKind::Parts => files.extend(
                        items()?
                            .iter()
                            .filter_map(|bytes| canonical::decode::<PartRecord>(bytes).ok())
                            .filter(|part| part.whole.is_some())
                            .map(|part| provenance::file_info(&part)),
                    ),
                    ObjectKind::Receipts => receipts.extend(
                        items()?
                            .iter()
                            .filter_map(|bytes| Receipt::decode(bytes).ok())
                            .filter_map(|receipt| serde_json::to_value(receipt).ok()),
                    ),
                    _ => {}
                }
            }
            Ok(LogCommit {
                objects: u64::from(commit.objects),
                observations: commit.observations,
                files,
                receipts,
                commit: provenance::commit_info(&commit),
            })
        })
        .collect::<Result<_, Failure>>()?;
    Ok(LogAnswer { commits, next })
}

fn damage(damage: didymos_vault::Damage) -> Damage {
    Damage { file: damage.file.display().to_string(), at: damage.at, object: damage.object, what: damage.what }
}

/// What is wrong with the small files beside the journal.
fn damaged_beside(twin: &Twin) -> Vec<Damage> {
    let mut damaged = home::damaged_keys(&twin.home);
    damaged.extend(backup::damaged_beside(twin));
    damaged.into_iter().map(|(file, what)| Damage { file: file.to_owned(), at: 0, object: None, what }).collect()
}

pub(crate) fn verify(twin: &Twin, watch: Watch<'_>) -> Result<VerifyReport, Failure> {
    let mut stopped = false;
    let verified = twin.vault.verify(|done, of| {
        let step = watch(Progress { doing: "verifying".to_owned(), unit: "objects".to_owned(), done, of });
        stopped |= step.is_break();
        step
    })?;
    if stopped {
        return Err(Failure::new(
            FailureCode::Stopped,
            "stopped before everything was read: nothing is known of the rest",
        ));
    }
    let mut damaged: Vec<Damage> = verified.damaged.into_iter().map(damage).collect();
    damaged.extend(damaged_beside(twin));
    Ok(VerifyReport {
        commits: verified.commits,
        objects: verified.objects,
        observations: verified.observations,
        damaged,
    })
}

pub(crate) fn repair(twin: &Twin) -> Result<RepairReport, Failure> {
    let beside = damaged_beside(twin);
    if beside.iter().any(|damage| damage.file.starts_with("keys")) {
        home::heal_keys(&twin.home)?;
    }
    // The places are named in the journal; where that part is damaged, the folder's own list of them has to do.
    let mut copies = Anywhere { places: Places(Vec::new()), friends: FromFriends::of(twin) };
    for place in backup::places_for_repair(twin) {
        if let Ok(open) = place.open(false) {
            copies.places.0.push(open);
        }
    }
    let mut repaired = twin.vault.repair(&mut copies)?;
    let mut healed: Vec<Damage> = repaired.healed.drain(..).map(damage).collect();
    // What only friends have is fetched between two passes, while the journal can be read.
    while !repaired.remaining.is_empty() && copies.friends.as_mut().is_some_and(FromFriends::fetch) {
        repaired = twin.vault.repair(&mut copies)?;
        healed.extend(repaired.healed.drain(..).map(damage));
    }
    backup::heal_beside(twin)?;
    healed.extend(beside);
    let mut remaining: Vec<Damage> = repaired.remaining.into_iter().map(damage).collect();
    remaining.extend(damaged_beside(twin));
    if remaining.is_empty() {
        twin.read_identity()?;
        twin.clear_notices();
    } else if copies.is_nowhere() {
        let message = "nothing to repair from: no copy of this twin is known, or none can be reached. \
                       Attach the copy and run `twin repair` again, or restore into another folder with `twin restore`";
        return Err(Failure::new(FailureCode::NotFound, message));
    }
    Ok(RepairReport { healed, remaining })
}
