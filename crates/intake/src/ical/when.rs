//! Dates, times and durations as calendars write them (RFC 5545 §3.3.4 to §3.3.6, §3.3.14).

use crate::clock::{MALFORMED, MISSING, OUT_OF_RANGE};
use didymos_base::time::{DAY_MS, Date};

/// A date, a wall-clock time, or an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Midnight of the day, in milliseconds on the wall.
    Date(i64),
    /// Milliseconds on the wall.
    Local(i64),
    /// UTC milliseconds.
    Utc(i64),
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

pub(super) fn when(text: &[u8]) -> Result<When, &'static str> {
    let part = |from: usize, to: usize| text.get(from..to).and_then(number).ok_or(MALFORMED);
    if text.is_empty() {
        return Err(MISSING);
    }
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let date = Date::new(year as i32, month as u8, day as u8).ok_or(OUT_OF_RANGE)?.days() * DAY_MS;
    if text.len() == 8 {
        return Ok(When::Date(date));
    }
    if !matches!(text[8], b'T' | b't') {
        return Err(MALFORMED);
    }
    let (hour, minute, second) = (part(9, 11)?, part(11, 13)?, part(13, 15)?);
    if hour > 23 || minute > 59 || second > 60 {
        return Err(OUT_OF_RANGE);
    }
    let ms = date + (hour * 3_600 + minute * 60 + second.min(59)) * 1_000;
    match &text[15..] {
        [] => Ok(When::Local(ms)),
        [b'Z' | b'z'] => Ok(When::Utc(ms)),
        _ => Err(MALFORMED),
    }
}

/// Days, which are as long as the wall clock says, and milliseconds, which are exact. Less than nothing is malformed.
pub(super) fn duration(text: &[u8]) -> Result<(i64, i64), &'static str> {
    let rest = text.strip_prefix(b"+").unwrap_or(text);
    let mut rest = rest.strip_prefix(b"P").or_else(|| rest.strip_prefix(b"p")).ok_or(MALFORMED)?;
    let (mut days, mut ms, mut in_day, mut any) = (0i64, 0i64, false, false);
    while let Some(first) = rest.first() {
        if matches!(first, b'T' | b't') {
            in_day = true;
            rest = &rest[1..];
            continue;
        }
        let digits = rest.iter().take(9).take_while(|b| b.is_ascii_digit()).count();
        let count = if digits == 0 { None } else { number(&rest[..digits]) }.ok_or(MALFORMED)?;
        match (rest.get(digits).map(u8::to_ascii_uppercase), in_day) {
            (Some(b'W'), false) => days += count * 7,
            (Some(b'D'), false) => days += count,
            (Some(b'H'), true) => ms += count * 3_600_000,
            (Some(b'M'), true) => ms += count * 60_000,
            (Some(b'S'), true) => ms += count * 1_000,
            _ => return Err(MALFORMED),
        }
        any = true;
        rest = &rest[digits + 1..];
    }
    if any { Ok((days, ms)) } else { Err(MALFORMED) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_and_durations_as_calendars_write_them() {
        let day = 19_844 * DAY_MS;
        for (text, expected) in [
            ("20240501", Ok(When::Date(day))),
            ("20240501T073000", Ok(When::Local(day + 27_000_000))),
            ("20240501T073000Z", Ok(When::Utc(day + 27_000_000))),
            ("20240501T235960Z", Ok(When::Utc(day + DAY_MS - 1_000))),
            ("", Err(MISSING)),
            ("2024-05-01", Err(MALFORMED)),
            ("20240501T0730", Err(MALFORMED)),
            ("20240501T073000+0200", Err(MALFORMED)),
            ("20240501 073000", Err(MALFORMED)),
            ("20240230", Err(OUT_OF_RANGE)),
            ("16040501", Err(OUT_OF_RANGE)),
            ("20240501T240000", Err(OUT_OF_RANGE)),
        ] {
            assert_eq!(when(text.as_bytes()), expected, "{text}");
        }
        for (text, expected) in [
            ("PT1H30M", Ok((0, 5_400_000))),
            ("P2W", Ok((14, 0))),
            ("+P1DT12H0M5S", Ok((1, 43_205_000))),
            ("-PT15M", Err(MALFORMED)),
            ("P", Err(MALFORMED)),
            ("PT", Err(MALFORMED)),
            ("P1H", Err(MALFORMED)),
            ("PT1D", Err(MALFORMED)),
            ("P9999999999D", Err(MALFORMED)),
            ("PT5", Err(MALFORMED)),
        ] {
            assert_eq!(duration(text.as_bytes()), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_time_or_a_reason(bytes in proptest::collection::vec(any::<u8>(), 0..30), text in "[0-9PTWDHMSZ]{0,20}") {
            let _ = (when(&bytes), duration(&bytes), when(text.as_bytes()), duration(text.as_bytes()));
        }
    }
}
