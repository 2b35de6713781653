//! Minutes asleep, from a recorder's sleep stages: of the night that ended on a day, noon to noon.

use crate::Twin;
use crate::door::Failure;
use didymos_base::Value;
use didymos_base::time::{DAY_MS, MINUTE_MS};
use didymos_vault::timeline::Selection;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// The stream of stages.
pub(crate) const STREAM: &str = "sleep_stage";
/// Stages that are sleep. Lying awake, being restless and being in bed are not.
const ASLEEP: [&str; 5] = ["asleep", "core", "deep", "rem", "light"];
const HALF_DAY_MS: i64 = DAY_MS / 2;

pub(crate) fn minutes_by_day(twin: &Twin, selection: &Selection) -> Result<BTreeMap<i64, f64>, Failure> {
    let mut days: BTreeMap<i64, f64> = BTreeMap::new();
    // Stages that overlap (a whole night beside its parts) count once.
    let mut until = i64::MIN;
    twin.vault.each(selection, |found| {
        let value = found.chunk.front.value(selection.stream.kind, found.index);
        if let Value::Category(label) = value
            && ASLEEP.contains(&&*label)
        {
            let (start, end) = (found.start().0, found.end().0);
            let fresh = end - start.max(until);
            if fresh > 0 {
                until = end;
                let day = (found.start().wall(found.zone()) + HALF_DAY_MS).div_euclid(DAY_MS);
                *days.entry(day).or_default() += fresh as f64 / MINUTE_MS as f64;
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(days)
}

/// Whether this stage is sleep.
pub(crate) fn is_asleep(label: &str) -> bool {
    ASLEEP.contains(&label)
}
