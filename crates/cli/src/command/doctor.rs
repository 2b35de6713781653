//! `twin doctor`: what needs attention, and what to do about it.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::{Reach, reach};
use crate::render::{bad, good, heading, notable, number, table::plain};
use crate::trouble::Trouble;
use didymos_base::Timestamp;
use didymos_base::time::DAY_MS;
use didymos_twin::request::Log;
use didymos_twin::response::Status;
use didymos_twin::{Moment, Request, Response};
use serde::Serialize;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Less free space than this is worth a word.
const FREE_BYTES_MIN: u64 = 1_000_000_000;
/// Clocks may differ by so much.
const CLOCK_MS_MAX: i64 = 5 * 60_000;
/// A copy that was not read back for so long is taken on trust.
const CHECKED_DAYS_MAX: i64 = 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Good,
    Notable,
    Bad,
}

/// One thing looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    level: Level,
    says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

fn finding(what: &'static str, level: Level, says: impl Into<String>) -> Finding {
    Finding { what, level, says: says.into(), next: None }
}

impl Finding {
    fn next(self, advice: impl Into<String>) -> Self {
        Self { next: Some(advice.into()), ..self }
    }
}

/// With `--json`.
#[derive(Serialize)]
struct Report<'a> {
    healthy: bool,
    home: &'a Path,
    status: &'a Status,
    findings: &'a [Finding],
}

pub(crate) fn run(globals: &Globals) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    let Response::Status(status) = reach.ask(&Request::Status)? else {
        return Err(Trouble::misunderstood());
    };
    let findings = examine(&reach, &status)?;
    let healthy = findings.iter().all(|finding| finding.level != Level::Bad);
    if globals.json {
        output::json(&Report { healthy, home: reach.home(), status: &status, findings: &findings })?;
    } else {
        output::text(&render(&reach, &status, &findings))?;
    }
    Ok(if healthy { Exit::Done } else { Exit::BadNews })
}

fn examine(reach: &Reach, status: &Status) -> Result<Vec<Finding>, Trouble> {
    let Response::Log(log) = reach.ask(&Request::Log(Log { before: None, limit: 1 }))? else {
        return Err(Trouble::misunderstood());
    };
    let Response::Backup(backups) = reach.ask(&Request::BackupList)? else {
        return Err(Trouble::misunderstood());
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    let mut findings = vec![secrecy(reach.home()), room(reach.home())];
    findings.extend(clock(log.commits.first().map(|entry| entry.commit.time.as_str()), now));
    findings.extend(copies(backups.iter().map(|copy| (copy.target.as_str(), copy.verified.as_deref())), now));
    findings.push(if reach.is_served() {
        finding("process", Level::Good, "served by another `twin` process, which holds the vault")
    } else {
        finding("process", Level::Good, "nobody else holds the vault")
    });
    findings.extend(status.notices.iter().map(|notice| finding("notice", Level::Notable, notice)));
    Ok(findings)
}

/// Nobody else on this machine should be able to look.
#[cfg(unix)]
fn secrecy(home: &Path) -> Finding {
    use std::os::unix::fs::PermissionsExt;
    match std::fs::metadata(home).map(|found| found.permissions().mode() & 0o777) {
        Ok(mode) if mode & 0o077 == 0 => finding("folder", Level::Good, format!("only you can enter it ({mode:03o})")),
        Ok(mode) => finding("folder", Level::Bad, format!("other accounts can enter it ({mode:03o})"))
            .next(format!("chmod 700 {}", home.display())),
        Err(error) => finding("folder", Level::Bad, format!("cannot be looked at: {error}")),
    }
}

#[cfg(not(unix))]
fn secrecy(_: &Path) -> Finding {
    finding("folder", Level::Good, "is protected as your account's folders are")
}

#[cfg(unix)]
fn room(home: &Path) -> Finding {
    match rustix::fs::statvfs(home) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let says = format!("{} free", number::bytes(free));
            if free >= FREE_BYTES_MIN {
                finding("disk", Level::Good, says)
            } else {
                finding("disk", Level::Notable, says).next("make room before the next import")
            }
        }
        Err(error) => finding("disk", Level::Notable, format!("how much is free cannot be told: {error}")),
    }
}

#[cfg(not(unix))]
fn room(_: &Path) -> Finding {
    finding("disk", Level::Good, "how much is free is not looked at on this system")
}

/// A clock that went backwards makes the journal's times nonsense; the twin's own notice says so where it did.
fn clock(last: Option<&str>, now: i64) -> Option<Finding> {
    let agrees = finding("clock", Level::Good, "agrees with the journal");
    match last.and_then(|time| time.parse::<Moment>().ok()) {
        Some(Moment::Exact(last, _)) if last.0 - now > CLOCK_MS_MAX => None,
        _ => Some(agrees),
    }
}

/// Copies that were read back lately. Of all others the twin's own notices speak.
fn copies<'a>(places: impl Iterator<Item = (&'a str, Option<&'a str>)>, now: i64) -> Vec<Finding> {
    places
        .filter_map(|(target, verified)| match verified?.parse().ok()? {
            Moment::Exact(Timestamp(at), _) if now - at <= CHECKED_DAYS_MAX * DAY_MS => {
                let day = verified?.get(..10)?;
                Some(finding(
                    "copies",
                    Level::Good,
                    format!("{} was read back and found whole on {day}", plain(target)),
                ))
            }
            _ => None,
        })
        .collect()
}

fn render(reach: &Reach, status: &Status, findings: &[Finding]) -> String {
    let mut text = format!(
        "{}\n{} on {}, {}, {}\n{}, version {}\n\n",
        heading(status.did.as_str()),
        number::counted(status.observations, "observation"),
        number::counted(status.streams, "stream"),
        number::counted(status.commits, "commit"),
        number::bytes(status.bytes),
        reach.home().display(),
        status.version,
    );
    for Finding { what, level, says, next } in findings {
        let mark = match level {
            Level::Good => good("✓"),
            Level::Notable => notable("!"),
            Level::Bad => bad("✗"),
        };
        text.push_str(&format!("  {mark} {what:<8} {}\n", plain(says)));
        if let Some(next) = next {
            text.push_str(&format!("             {}\n", plain(next)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use didymos_base::ZoneOffset;

    #[test]
    fn only_what_is_well_is_called_well() {
        let noon = 1_700_000_000_000;
        let at = |ms| Timestamp(ms).rfc3339(ZoneOffset::UTC);
        assert!(clock(None, noon).is_some());
        assert!(clock(Some(&at(noon + 3_600_000)), noon).is_none(), "the clock went backwards");
        assert!(clock(Some(&at(noon + 1_000)), noon).is_some());

        let copy = at(noon);
        let found = |now| copies([("/copy", Some(copy.as_str())), ("/new", None)].into_iter(), now).len();
        assert_eq!((found(noon + DAY_MS), found(noon + 40 * DAY_MS)), (1, 0));
    }
}
