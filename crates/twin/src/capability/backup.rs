//! Copies of the journal in other places.
//!
//! Where copies are kept is a setting in the journal, sealed like all of it, so that a restored twin knows its places.
//! A second, sealed list lies beside the journal for the day that the journal itself cannot be read.

use crate::Twin;
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::request::{BackupAdd, BackupWhich};
use crate::response::BackupReport;
use crate::settings;
use didymos_base::{Timestamp, ZoneOffset};
use didymos_vault::backup::{Place, Standing};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Name of the sealed list beside the journal.
const BESIDE: &str = "places";
const MOST_PLACES: usize = 32;

/// A place that keeps a copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownPlace {
    pub(crate) target: String,
    options: BTreeMap<String, String>,
    /// When all of it was last read back and found right.
    pub(crate) verified: Option<Timestamp>,
}

/// The setting that lists the places. A newer list replaces the older one.
#[derive(Serialize, Deserialize)]
struct Setting {
    backups: Vec<KnownPlace>,
}

impl KnownPlace {
    pub(crate) fn open(&self, create: bool) -> Result<Place, Failure> {
        Ok(Place::open(&self.target, &self.options, create)?)
    }

    fn report(&self, standing: &Standing) -> BackupReport {
        BackupReport {
            target: self.target.clone(),
            objects: standing.objects,
            copied: standing.copied,
            bytes: standing.bytes,
            missing: standing.missing.clone(),
            behind: standing.behind,
            verified: self.verified.map(|time| time.rfc3339(ZoneOffset::UTC)),
            error: None,
        }
    }

    fn failed(&self, failure: &Failure) -> BackupReport {
        BackupReport { error: Some(failure.message.clone()), ..self.report(&Standing::default()) }
    }
}

/// The places as the journal has them.
pub(crate) fn places(twin: &Twin) -> Result<Vec<KnownPlace>, Failure> {
    Ok(settings::newest::<Setting>(twin)?.map(|setting| setting.backups).unwrap_or_default())
}

/// The places, from the journal or from the list beside it.
pub(crate) fn places_for_repair(twin: &Twin) -> Vec<KnownPlace> {
    places(twin).ok().filter(|places| !places.is_empty()).unwrap_or_else(|| {
        let beside = twin.vault.read_beside(BESIDE);
        beside
            .and_then(|bytes| serde_json::from_slice::<Setting>(&bytes).ok())
            .map(|setting| setting.backups)
            .unwrap_or_default()
    })
}

/// Whether the list beside the journal is missing or unreadable.
pub(crate) fn damaged_beside(twin: &Twin) -> Option<(&'static str, String)> {
    let expected = places(twin).is_ok_and(|places| !places.is_empty()) || twin.home.join(BESIDE).exists();
    let sound =
        || twin.vault.read_beside(BESIDE).is_some_and(|bytes| serde_json::from_slice::<Setting>(&bytes).is_ok());
    (expected && !sound()).then(|| (BESIDE, "the list of copies beside the journal is damaged".to_owned()))
}

/// Writes the list beside the journal again, from the journal.
pub(crate) fn heal_beside(twin: &Twin) -> Result<(), Failure> {
    if damaged_beside(twin).is_none() || twin.vault.ensure_whole().is_err() {
        return Ok(());
    }
    let bytes = serde_json::to_vec(&Setting { backups: places(twin)? }).unwrap_or_default();
    Ok(twin.vault.write_beside(BESIDE, &bytes)?)
}

fn keep(twin: &Twin, backups: Vec<KnownPlace>) -> Result<(), Failure> {
    let setting = Setting { backups };
    twin.vault.write_beside(BESIDE, &settings::encode(&setting)?)?;
    settings::keep(twin, &setting)
}

fn chosen(twin: &Twin, which: &BackupWhich) -> Result<Vec<KnownPlace>, Failure> {
    let places = places(twin)?;
    let Some(target) = &which.target else {
        if places.is_empty() {
            let message = "no place is named yet: `twin backup add FOLDER` names one";
            return Err(Failure::new(FailureCode::NotFound, message));
        }
        return Ok(places);
    };
    let place = places.into_iter().find(|place| place.target == *target);
    let message = || format!("{target} is not one of the places: `twin backup list` shows them");
    place.map(|place| vec![place]).ok_or_else(|| Failure::new(FailureCode::NotFound, message()))
}

pub(crate) fn list(twin: &Twin) -> Result<Vec<BackupReport>, Failure> {
    Ok(places(twin)?.iter().map(|place| place.report(&Standing::default())).collect())
}

pub(crate) fn add(twin: &Twin, asked: &BackupAdd) -> Result<Vec<BackupReport>, Failure> {
    let mut places = places(twin)?;
    if places.len() >= MOST_PLACES {
        return Err(Failure::new(FailureCode::Invalid, "32 places are the most that a twin keeps copies in"));
    }
    let place = KnownPlace { target: asked.target.clone(), options: asked.options.clone(), verified: None };
    // Reaching it now is the time to find a wrong name or key.
    place.open(true)?.holds_something()?;
    places.retain(|known| known.target != place.target);
    places.push(place.clone());
    keep(twin, places)?;
    Ok(vec![place.report(&Standing::default())])
}

fn progress(
    watch: &mut dyn FnMut(Progress) -> std::ops::ControlFlow<()>,
    doing: &str,
    done: u64,
    of: u64,
) -> std::ops::ControlFlow<()> {
    watch(Progress { doing: doing.to_owned(), unit: "objects".to_owned(), done, of })
}

pub(crate) fn run(twin: &Twin, which: &BackupWhich, watch: Watch<'_>) -> Result<Vec<BackupReport>, Failure> {
    twin.vault.ensure_whole()?;
    let mut reports = Vec::new();
    for known in chosen(twin, which)? {
        let doing = format!("copying to {}", known.target);
        let ran = known
            .open(true)
            .and_then(|place| Ok(place.run(&twin.vault, |done, of| progress(watch, &doing, done, of))?));
        match ran {
            Ok(standing) => reports.push(known.report(&standing)),
            Err(failure) if failure.code == FailureCode::Stopped => return Err(failure),
            Err(failure) => reports.push(known.failed(&failure)),
        }
    }
    Ok(reports)
}

/// Copies what a copying itself left behind: its receipt. What fails here is made up for by the next copying.
pub(crate) fn top_up(twin: &Twin, which: &BackupWhich) {
    for known in chosen(twin, which).unwrap_or_default() {
        if let Ok(place) = known.open(false) {
            let _ = place.run(&twin.vault, |_, _| std::ops::ControlFlow::Continue(()));
        }
    }
}

pub(crate) fn check(twin: &Twin, which: &BackupWhich, watch: Watch<'_>) -> Result<Vec<BackupReport>, Failure> {
    twin.vault.ensure_whole()?;
    let mut reports = Vec::new();
    let mut checked = Vec::new();
    for mut known in chosen(twin, which)? {
        let doing = format!("reading back from {}", known.target);
        let ran = known
            .open(false)
            .and_then(|place| Ok(place.check(&twin.vault, |done, of| progress(watch, &doing, done, of))?));
        match ran {
            Ok(standing) => {
                if standing.missing.is_empty() && standing.objects > 0 {
                    known.verified = Some(twin.now());
                    checked.push(known.clone());
                }
                reports.push(known.report(&standing));
            }
            Err(failure) if failure.code == FailureCode::Stopped => return Err(failure),
            Err(failure) => reports.push(known.failed(&failure)),
        }
    }
    if !checked.is_empty() {
        let mut places = places(twin)?;
        for place in &mut places {
            if let Some(known) = checked.iter().find(|known| known.target == place.target) {
                place.verified = known.verified;
            }
        }
        keep(twin, places)?;
    }
    Ok(reports)
}
