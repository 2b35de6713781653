//! Zones that only the file itself describes (`VTIMEZONE`, RFC 5545 §3.6.5).
//!
//! What holds in an event's year is kept as one rule of POSIX (IEEE Std 1003.1, `TZ`), which is short, which every program
//! reads, and by which the event can come again later. A change that no such rule can say leaves the offset that was last
//! begun.

use super::lines::Property;
use super::when::{When, when};
use didymos_base::time::{DAY_MS, Date};
use std::fmt::Write as _;

/// Beginnings listed for one stretch.
const LISTED_MAX: usize = 1_000;

/// A zone as the file describes it.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnZone {
    /// `X-LIC-LOCATION`.
    pub(super) location: Option<String>,
    pub(super) observances: Vec<Observance>,
}

/// `STANDARD` or `DAYLIGHT`: from when on which offset holds.
#[derive(Clone, Debug)]
pub(super) struct Observance {
    daylight: bool,
    /// Seconds east of UTC.
    offset: Option<i64>,
    /// Wall-clock time of the first beginning.
    start: Option<i64>,
    /// Other beginnings.
    listed: Vec<i64>,
    rule: Option<String>,
}

impl Observance {
    pub(super) fn new(daylight: bool) -> Self {
        Self { daylight, offset: None, start: None, listed: Vec::new(), rule: None }
    }

    pub(super) fn take(&mut self, property: &Property<'_>) {
        let wall = |text: &[u8]| match when(text) {
            Ok(When::Date(ms) | When::Local(ms) | When::Utc(ms)) => Some(ms),
            // Local mean time began in years before those kept.
            Err(_) => None,
        };
        if property.is("TZOFFSETTO") {
            self.offset = offset(property.value);
        } else if property.is("DTSTART") {
            self.start = wall(property.value);
        } else if property.is("RDATE") {
            let room = LISTED_MAX.saturating_sub(self.listed.len());
            self.listed.extend(property.value.split(|b| *b == b',').filter_map(wall).take(room));
        } else if property.is("RRULE") {
            self.rule = Some(property.text(1 << 10).to_ascii_uppercase());
        }
    }

    fn part(&self, name: &str) -> Option<&str> {
        self.rule.as_deref()?.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
    }

    /// Whether it begins anew in this year by its rule.
    fn comes_in(&self, year: i32) -> bool {
        let begun = self.start.is_some_and(|start| year_of(start) <= year);
        let last = |until: &str| until.get(..4).and_then(|year| year.parse().ok());
        self.rule.is_some()
            && begun
            && self.part("UNTIL").is_none_or(|until| last(until).is_none_or(|last: i32| last >= year))
    }

    /// The last beginning in or before this year.
    fn last_begun(&self, year: i32) -> Option<i64> {
        let begun = |at: &i64| year_of(*at) <= year;
        let listed = self.listed.iter().copied().chain(self.start).filter(begun).max()?;
        let until = self.part("UNTIL").and_then(|until| until.get(..4)?.parse().ok()).unwrap_or(year).min(year);
        let by_rule = self.rule.as_ref().map(|_| Date { year: until, month: 12, day: 31 }.days() * DAY_MS);
        Some(by_rule.unwrap_or(listed).max(listed))
    }

    /// The day of the year on which it begins, and the time, as POSIX writes them.
    fn posix(&self) -> Option<String> {
        let start = self.start?;
        let date = Date::from_days(start.div_euclid(DAY_MS));
        let seconds = start.rem_euclid(DAY_MS) / 1_000;
        let month: u8 = self.part("BYMONTH").map_or(Some(date.month), |text| text.parse().ok())?;
        let days: Option<Vec<i64>> = self.part("BYMONTHDAY").map(|text| text.split(',').flat_map(str::parse).collect());
        let day = match (self.part("BYDAY"), days) {
            (Some(named), days) => {
                let (number, name) = named.split_at_checked(named.len().checked_sub(2)?)?;
                let weekday = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"].iter().position(|known| *known == name)?;
                let week = match (number, days.as_deref()) {
                    ("-1", None) => 5,
                    (number, None) => number.trim_start_matches('+').parse().ok().filter(|n| (1..=4).contains(n))?,
                    // The Sunday on or after the 8th is the second.
                    ("", Some(days)) => week_of(days)?,
                    _ => return None,
                };
                format!("M{month}.{week}.{weekday}")
            }
            (None, days) => {
                let day = match days.as_deref() {
                    None => i64::from(date.day),
                    Some([day]) => *day,
                    Some(_) => return None,
                };
                // Counted as if no year had a 29 February.
                let of_year = Date::new(2023, month, u8::try_from(day).ok()?)?.days()
                    - Date { year: 2023, month: 1, day: 1 }.days();
                format!("J{}", of_year + 1)
            }
        };
        Some(format!("{day}/{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60))
    }
}

/// Which week of a month seven days in a row are: 1 to 4, or 5 for the last.
fn week_of(days: &[i64]) -> Option<u8> {
    let mut days = days.to_vec();
    days.sort_unstable();
    let (first, last) = (*days.first()?, *days.last()?);
    (days.len() == 7 && last - first == 6).then_some(())?;
    match first {
        -7 => Some(5),
        1 | 8 | 15 | 22 => Some((first / 7 + 1) as u8),
        _ => None,
    }
}

fn year_of(wall: i64) -> i32 {
    Date::from_days(wall.div_euclid(DAY_MS)).year
}

/// `+0100`, `-000115`: seconds east of UTC, less than a day.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, digits) = text.split_first()?;
    let sign = match sign {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    let part = |from: usize| digits.get(from..from + 2).and_then(|text| text.parse::<i64>().ok());
    let seconds = if digits.len() == 6 { part(4)? } else { 0 };
    let (hours, minutes) = (part(0)?, part(2)?);
    (matches!(digits.len(), 4 | 6) && hours <= 18 && minutes < 60 && seconds < 60)
        .then_some(sign * (hours * 3_600 + minutes * 60 + seconds))
}

/// The name that POSIX wants, and the offset, which it counts to the west.
fn posix_offset(seconds: i64) -> String {
    let (east, west) = if seconds < 0 { ('-', "") } else { ('+', "-") };
    let (hours, minutes, rest) = (seconds.abs() / 3_600, seconds.abs() / 60 % 60, seconds.abs() % 60);
    let mut text = format!("<{east}{hours:02}{minutes:02}>{west}{hours}");
    if minutes != 0 || rest != 0 {
        let _ = write!(text, ":{minutes:02}");
    }
    if rest != 0 {
        let _ = write!(text, ":{rest:02}");
    }
    text
}

impl OwnZone {
    /// What holds in a year; `None` where the zone has no offset at all.
    pub(super) fn posix(&self, year: i32) -> Option<String> {
        let current = |daylight: bool| {
            let of_kind = self.observances.iter().filter(|one| one.daylight == daylight && one.comes_in(year));
            of_kind.max_by_key(|one| one.start)
        };
        if let (Some(standard), Some(daylight)) = (current(false), current(true))
            && let (Some(off), Some(on), Some(begins), Some(ends)) =
                (standard.offset, daylight.offset, daylight.posix(), standard.posix())
        {
            return Some(format!("{}{},{begins},{ends}", posix_offset(off), posix_offset(on)));
        }
        let with_offset = || self.observances.iter().filter(|one| one.offset.is_some());
        let last = with_offset().filter_map(|one| Some((one.last_begun(year)?, !one.daylight, one)));
        let last = last.max_by_key(|(at, standard, _)| (*at, *standard)).map(|(_, _, one)| one);
        // Before all of them the standard time of the first holds.
        let one = last.or_else(|| with_offset().min_by_key(|one| (one.daylight, one.start)))?;
        one.offset.map(posix_offset)
    }
}
