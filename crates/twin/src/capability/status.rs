//! How the twin is.

use crate::Twin;
use crate::capability::backup;
use crate::door::Failure;
use crate::response::Status;
use didymos_base::time::{DAY_MS, MINUTE_MS};
use didymos_base::{Timestamp, ZoneOffset};

/// How far the clock may be behind the last commit before it is worth a word.
const CLOCK_SLACK_MS: i64 = 5 * MINUTE_MS;
/// How old the last full reading of a copy may be.
const COPY_AGE_MS: i64 = 30 * DAY_MS;

/// What to say when the clock is behind what the journal has seen.
fn clock_notice(now: Timestamp, last: Timestamp) -> Option<String> {
    (now.0 + CLOCK_SLACK_MS < last.0).then(|| {
        format!(
            "this machine's clock says {}, but the last commit was made at {}: set the clock. \
             Order is kept by the chain of commits, whatever the clock says",
            now.rfc3339(ZoneOffset::UTC),
            last.rfc3339(ZoneOffset::UTC)
        )
    })
}

pub(crate) fn status(twin: &Twin) -> Result<Status, Failure> {
    let mut notices = twin.notices();
    let bytes = twin.vault.bytes()?;
    let whole = twin.vault.ensure_whole().is_ok();
    let (commits, history, observations, streams, last) = {
        let index = twin.vault.index();
        let last = index.commits.last().map(|commit| commit.time);
        (index.commits.len() as u64, index.history.root(), index.observations(), index.streams.len() as u64, last)
    };
    let now = twin.now();
    notices.extend(last.and_then(|last| clock_notice(now, last)));
    if whole && observations > 0 {
        let places = backup::places(twin)?;
        if places.is_empty() {
            notices.push("there is no copy anywhere else: `twin backup add FOLDER` makes one".to_owned());
        }
        for place in places {
            match place.verified {
                None => notices.push(format!(
                    "the copy at {} was never read back: `twin backup check {}` does",
                    place.target, place.target
                )),
                Some(time) if time.0 + COPY_AGE_MS < now.0 => notices.push(format!(
                    "the copy at {} was last read back on {}: `twin backup check {}` does it again",
                    place.target,
                    &time.rfc3339(ZoneOffset::UTC)[..10],
                    place.target
                )),
                Some(_) => {}
            }
        }
    }
    Ok(Status {
        did: twin.did().clone(),
        device: twin.device_key().did().clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commits,
        history,
        observations,
        streams,
        bytes,
        notices,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_went_backwards_is_told_and_a_small_slip_is_not() {
        let last = Timestamp(1_700_000_000_000);
        let behind = |ms| clock_notice(Timestamp(last.0 - ms), last);
        assert_eq!(behind(MINUTE_MS), None);
        let notice = behind(3 * DAY_MS).expect("three days are worth a word");
        assert!(notice.contains("2023-11-14T22:13:20Z") && notice.contains("set the clock"), "{notice}");
    }
}
