//! A rule from its text.

use super::{Freq, Rule, RuleError};
use crate::time::{DAY_MS, Date};
use std::str::FromStr;

/// The longest rule that is read: all days of the year by name are some 2,000 characters.
const TEXT_MAX: usize = 4 << 10;
const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        if text.len() > TEXT_MAX {
            return Err(RuleError::Malformed);
        }
        let text = text.trim().to_ascii_uppercase();
        let mut freq = None;
        let mut rule = Self {
            freq: Freq::Daily,
            interval: 1,
            count: None,
            until: None,
            by_day: Vec::new(),
            by_month_day: Vec::new(),
            by_month: 0,
            by_set_pos: Vec::new(),
            week_start: 0,
            by_time: [None; 3],
        };
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or(RuleError::Malformed)?;
            match name {
                "FREQ" => freq = Some(frequency(value)?),
                "INTERVAL" => rule.interval = value.parse().ok().filter(|n| *n > 0).ok_or(RuleError::Malformed)?,
                "COUNT" => rule.count = Some(value.parse().ok().filter(|n| *n > 0).ok_or(RuleError::Malformed)?),
                "UNTIL" => rule.until = Some(until(value).ok_or(RuleError::Malformed)?),
                "BYDAY" => rule.by_day = list(value, named_day)?,
                "BYMONTHDAY" => rule.by_month_day = list(value, |text| signed(text, 31))?,
                "BYMONTH" => {
                    let months: Vec<u16> = list(value, |text| text.parse().ok().filter(|n| (1..=12).contains(n)))?;
                    rule.by_month = months.iter().fold(0, |all, month| all | 1 << month);
                }
                "BYSETPOS" => rule.by_set_pos = list(value, |text| signed(text, 366))?,
                "WKST" => rule.week_start = weekday(value).ok_or(RuleError::Malformed)?,
                "BYHOUR" => rule.by_time[0] = Some(one(value, 23, "BYHOUR")?),
                "BYMINUTE" => rule.by_time[1] = Some(one(value, 59, "BYMINUTE")?),
                "BYSECOND" => rule.by_time[2] = Some(one(value, 59, "BYSECOND")?),
                "BYYEARDAY" => return Err(RuleError::Unsupported("BYYEARDAY")),
                "BYWEEKNO" => return Err(RuleError::Unsupported("BYWEEKNO")),
                "RSCALE" if value == "GREGORIAN" => {}
                "SKIP" if value == "OMIT" => {}
                "RSCALE" | "SKIP" => return Err(RuleError::Unsupported("RSCALE")),
                name if name.starts_with("X-") => {}
                _ => return Err(RuleError::Malformed),
            }
        }
        rule.freq = freq.ok_or(RuleError::Malformed)?;
        Ok(rule)
    }
}

fn frequency(text: &str) -> Result<Freq, RuleError> {
    Ok(match text {
        "DAILY" => Freq::Daily,
        "WEEKLY" => Freq::Weekly,
        "MONTHLY" => Freq::Monthly,
        "YEARLY" => Freq::Yearly,
        "SECONDLY" | "MINUTELY" | "HOURLY" => return Err(RuleError::Unsupported("more often than daily")),
        _ => return Err(RuleError::Malformed),
    })
}

fn list<T>(text: &str, each: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, RuleError> {
    text.split(',').map(|item| each(item.trim())).collect::<Option<_>>().ok_or(RuleError::Malformed)
}

/// A number from 1 to `most`, or from −`most` to −1.
fn signed<T: TryFrom<i16>>(text: &str, most: i16) -> Option<T> {
    let number: i16 = text.parse().ok()?;
    if number == 0 || number.abs() > most { None } else { T::try_from(number).ok() }
}

fn weekday(text: &str) -> Option<u8> {
    WEEKDAYS.iter().position(|known| *known == text).map(|at| at as u8)
}

/// `MO`, `2MO`, `-1FR`.
fn named_day(text: &str) -> Option<(i16, u8)> {
    let (number, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let ordinal = if number.is_empty() { 0 } else { signed(number, 53)? };
    Some((ordinal, weekday(name)?))
}

/// One value of a time of day. Several would make an event come more than once a day.
fn one(text: &str, most: u8, name: &'static str) -> Result<u8, RuleError> {
    if text.contains(',') {
        return Err(RuleError::Unsupported(name));
    }
    text.parse().ok().filter(|n| *n <= most).ok_or(RuleError::Malformed)
}

fn until(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    if !text.bytes().enumerate().all(|(at, b)| if at == 8 { b == b'T' } else { b.is_ascii_digit() }) {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u16>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    // A rule may run for ever and say so by the year 9999.
    let date = Date::new(i32::from(year.clamp(1900, 2199)), month as u8, day as u8)?.days() * DAY_MS;
    match text.len() {
        8 => Some(date + DAY_MS - 1),
        15 => {
            let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
            (hour < 24 && minute < 60 && second < 61).then_some(())?;
            Some(date + (i64::from(hour) * 3_600 + i64::from(minute) * 60 + i64::from(second.min(59))) * 1_000)
        }
        _ => None,
    }
}
