//! Time as a twin keeps it: UTC milliseconds, and beside them the zone offset that was in force.
//!
//! A person lives by the wall clock: "steps on Tuesday" means the owner's Tuesday. So every observation carries the
//! offset from UTC that its clock showed, and days, weeks and hours are cut on [`Timestamp::wall`] time. The civil
//! arithmetic is Howard Hinnant's `days_from_civil` (proleptic Gregorian calendar), valid far beyond the range kept.

use std::fmt;

/// One day in milliseconds.
pub const DAY_MS: i64 = 86_400_000;
/// One hour in milliseconds.
pub const HOUR_MS: i64 = 3_600_000;
/// One minute in milliseconds.
pub const MINUTE_MS: i64 = 60_000;

/// Milliseconds since 1970-01-01T00:00:00Z, no leap seconds.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    minicbor::Encode,
    minicbor::Decode,
)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] pub i64);

/// Minutes east of UTC that the observing clock showed, or unknown when the file names no zone.
///
/// An unknown zone counts as zero for arithmetic: the wall time is then what the file said, which is all anyone knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ZoneOffset(Option<i16>);

impl ZoneOffset {
    /// UTC itself.
    pub const UTC: Self = Self(Some(0));
    /// The file did not say.
    pub const UNKNOWN: Self = Self(None);

    /// An offset in minutes; `None` when no clock on Earth shows it (beyond ±18 hours, the ISO 8601 tools' limit).
    #[must_use]
    pub const fn from_minutes(minutes: i16) -> Option<Self> {
        if minutes.unsigned_abs() <= 18 * 60 { Some(Self(Some(minutes))) } else { None }
    }

    /// Minutes east of UTC, if known.
    #[must_use]
    pub const fn minutes(self) -> Option<i16> {
        self.0
    }

    /// Milliseconds to add to UTC to get wall time.
    #[must_use]
    pub fn as_ms(self) -> i64 {
        i64::from(self.0.unwrap_or(0)) * MINUTE_MS
    }
}

/// A calendar date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Proleptic Gregorian year.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

impl Date {
    /// The date, if the calendar has it and it is between 1900 and 2199, the years a person's data can be from.
    #[must_use]
    pub fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u8::from(leap),
            _ => return None,
        };
        ((1900..=2199).contains(&year) && (1..=days).contains(&day)).then_some(Self { year, month, day })
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn days(self) -> i64 {
        let month = i64::from(self.month);
        let year = i64::from(self.year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// The date that is `days` after 1970-01-01.
    #[must_use]
    pub fn from_days(days: i64) -> Self {
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Self {
            year: (year_of_era + era * 400 + i64::from(month <= 2)) as i32,
            month: month as u8,
            day: (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u8,
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Timestamp {
    /// The first instant kept: 1900-01-01T00:00:00Z.
    pub const MIN: Self = Self(-2_208_988_800_000);
    /// The last instant kept: the end of 2199, UTC.
    pub const MAX: Self = Self(7_258_118_399_999);

    /// A wall-clock reading as UTC. `None` when a field is out of range (a 60th second is read as the 59th: leap
    /// seconds exist in files, not in this count).
    #[must_use]
    pub fn from_wall(date: Date, hour: u8, minute: u8, second: u8, ms: u16, zone: ZoneOffset) -> Option<Self> {
        if hour > 23 || minute > 59 || second > 60 || ms > 999 {
            return None;
        }
        let seconds = i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second.min(59));
        Some(Self(date.days() * DAY_MS + seconds * 1_000 + i64::from(ms) - zone.as_ms()))
    }

    /// Milliseconds on the wall clock that showed `zone`: what days and hours are cut on.
    #[must_use]
    pub fn wall(self, zone: ZoneOffset) -> i64 {
        self.0.saturating_add(zone.as_ms())
    }

    /// RFC 3339 with milliseconds only where there are any, and no offset at all where the zone is unknown.
    #[must_use]
    pub fn rfc3339(self, zone: ZoneOffset) -> String {
        let mut text = wall_text(self.wall(zone));
        match zone.minutes() {
            None => {}
            Some(0) => text.push('Z'),
            Some(minutes) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                text.push_str(&format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60));
            }
        }
        text
    }
}

/// `2024-05-01T07:30:00` for wall-clock milliseconds, with `.123` only where there are milliseconds.
#[must_use]
pub fn wall_text(wall_ms: i64) -> String {
    let date = Date::from_days(wall_ms.div_euclid(DAY_MS));
    let in_day = wall_ms.rem_euclid(DAY_MS);
    let (hour, minute, second) = (in_day / HOUR_MS, in_day / MINUTE_MS % 60, in_day / 1_000 % 60);
    let ms = in_day % 1_000;
    if ms == 0 {
        format!("{date}T{hour:02}:{minute:02}:{second:02}")
    } else {
        format!("{date}T{hour:02}:{minute:02}:{second:02}.{ms:03}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_dates() {
        let epoch = Date::new(1970, 1, 1).expect("a date");
        assert_eq!(epoch.days(), 0);
        let leap_day = Date::new(2024, 2, 29).expect("a date");
        assert_eq!(leap_day.days(), 19_782);
        assert_eq!(Date::new(2023, 2, 29), None);
        assert_eq!(Date::new(0, 1, 1), None);
        assert_eq!(Date::new(9999, 12, 31), None);
        let zone = ZoneOffset::from_minutes(-7 * 60).expect("a zone");
        let at = Timestamp::from_wall(leap_day, 23, 59, 60, 5, zone).expect("a time");
        assert_eq!(at.rfc3339(zone), "2024-02-29T23:59:59.005-07:00");
        assert_eq!(at.rfc3339(ZoneOffset::UTC), "2024-03-01T06:59:59.005Z");
        assert_eq!(Timestamp(0).rfc3339(ZoneOffset::UNKNOWN), "1970-01-01T00:00:00");
        assert_eq!(Timestamp::MIN.rfc3339(ZoneOffset::UTC), "1900-01-01T00:00:00Z");
        assert_eq!(Timestamp::MAX.rfc3339(ZoneOffset::UTC), "2199-12-31T23:59:59.999Z");
    }

    proptest! {
        #[test]
        fn days_and_dates_are_inverse(days in -25_567i64..84_000) {
            prop_assert_eq!(Date::from_days(days).days(), days);
        }
    }
}
