//! Dates and times as files write them, and the zone they are meant in.

use didymos_base::time::{DAY_MS, Date, HOUR_MS, MINUTE_MS};
use didymos_base::{Timestamp, ZoneOffset};
use jiff::tz::TimeZone;

/// An instant and the zone its clock showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) at: Timestamp,
    pub(crate) zone: ZoneOffset,
}

/// What a file says: a wall-clock time in milliseconds since 1970-01-01T00:00 on that wall, and the offset if written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wall {
    pub(crate) ms: i64,
    pub(crate) zone: Option<ZoneOffset>,
}

/// In which order a date's three numbers come, where the year is not first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    MonthFirst,
    DayFirst,
}

pub(crate) const MISSING: &str = "date missing";
pub(crate) const MALFORMED: &str = "date malformed";
pub(crate) const OUT_OF_RANGE: &str = "date out of range";

/// Reads `2024-05-01 07:30:00 +0200`, `2024-05-01T07:30:00.5Z`, `5/1/2024 7:30:00 AM`, `01.05.2024 07:30`,
/// `20240501073000+0200` and the date alone. A year of four digits in front decides the order of the date.
pub(crate) fn parse(text: &[u8], order: Order) -> Result<Wall, &'static str> {
    let mut at = Cursor(text.trim_ascii());
    if at.0.is_empty() {
        return Err(MISSING);
    }
    let date = if at.0.len() >= 8 && at.0[..8].iter().all(u8::is_ascii_digit) {
        let year = at.digits(4)?;
        let month = at.digits(2)?;
        date(year, month, at.digits(2)?)?
    } else {
        at.date(order)?
    };
    let mut ms = date.days() * DAY_MS;
    at.skip(|b| matches!(b, b' ' | b'T' | b't' | b','));
    if at.0.first().is_some_and(u8::is_ascii_digit) {
        ms += at.time()?;
    }
    at.skip(|b| b == b' ');
    Ok(Wall { ms, zone: at.zone()? })
}

fn date(year: i64, month: i64, day: i64) -> Result<Date, &'static str> {
    let narrow = |n: i64| u8::try_from(n).unwrap_or(u8::MAX);
    Date::new(year as i32, narrow(month), narrow(day)).ok_or(OUT_OF_RANGE)
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn skip(&mut self, what: impl Fn(u8) -> bool) {
        while let [first, rest @ ..] = self.0 {
            if !what(*first) {
                break;
            }
            self.0 = rest;
        }
    }

    fn eat(&mut self, what: &[u8]) -> bool {
        let found = self.0.first().is_some_and(|b| what.contains(b));
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    /// A number of 1 to `max` digits.
    fn digits(&mut self, max: usize) -> Result<i64, &'static str> {
        let count = self.0.iter().take(max).take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        if count == 0 { Err(MALFORMED) } else { Ok(digits.iter().fold(0, |n, b| n * 10 + i64::from(b - b'0'))) }
    }

    fn date(&mut self, order: Order) -> Result<Date, &'static str> {
        let start = self.0.len();
        let first = self.digits(4)?;
        let year_first = start - self.0.len() == 4;
        let divider = |cursor: &mut Self| if cursor.eat(b"-/.") { Ok(()) } else { Err(MALFORMED) };
        divider(self)?;
        let second = self.digits(4)?;
        divider(self)?;
        let before = self.0.len();
        let third = self.digits(4)?;
        // `16` is 2016, while `0016` is what it says.
        let year = if before - self.0.len() == 2 { third + 2_000 } else { third };
        match (year_first, order) {
            (true, _) => date(first, second, third),
            (false, Order::MonthFirst) => date(year, first, second),
            (false, Order::DayFirst) => date(year, second, first),
        }
    }

    fn time(&mut self) -> Result<i64, &'static str> {
        let mut hour = self.digits(2)?;
        let separated = self.eat(b":.");
        let minute = self.digits(2)?;
        let (mut second, mut ms) = (0, 0);
        if if separated { self.eat(b":.") } else { self.0.first().is_some_and(u8::is_ascii_digit) } {
            second = self.digits(2)?;
            if self.eat(b".,") {
                let count = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
                ms = fraction_ms(&self.0[..count]);
                self.0 = &self.0[count..];
            }
        }
        self.skip(|b| b == b' ');
        if let [half @ (b'a' | b'A' | b'p' | b'P'), b'm' | b'M', rest @ ..] = self.0 {
            if !(1..=12).contains(&hour) {
                return Err(OUT_OF_RANGE);
            }
            hour = hour % 12 + if half.eq_ignore_ascii_case(&b'p') { 12 } else { 0 };
            self.0 = rest;
        }
        if hour > 23 || minute > 59 || second > 60 {
            return Err(OUT_OF_RANGE);
        }
        // Leap seconds exist in files, not in the count of milliseconds.
        Ok(hour * HOUR_MS + minute * MINUTE_MS + second.min(59) * 1_000 + ms)
    }

    fn zone(&mut self) -> Result<Option<ZoneOffset>, &'static str> {
        match self.0 {
            [] => Ok(None),
            [b'Z' | b'z'] | b"UTC" | b"GMT" => Ok(Some(ZoneOffset::UTC)),
            [sign @ (b'+' | b'-'), rest @ ..] => {
                let mut rest = Cursor(rest);
                let hours = rest.digits(2)?;
                rest.eat(b":");
                let minutes = if rest.0.is_empty() { 0 } else { rest.digits(2)? };
                if !rest.0.is_empty() || minutes > 59 {
                    return Err(MALFORMED);
                }
                let total = (hours * 60 + minutes) as i16;
                let signed = if *sign == b'-' { -total } else { total };
                ZoneOffset::from_minutes(signed).map(Some).ok_or(OUT_OF_RANGE)
            }
            _ => Err(MALFORMED),
        }
    }
}

/// Milliseconds of the digits after a decimal sign.
pub(crate) fn fraction_ms(digits: &[u8]) -> i64 {
    let digit = |i: usize| digits.get(i).map_or(0, |b| i64::from(b - b'0'));
    digit(0) * 100 + digit(1) * 10 + digit(2)
}

/// Reads Apple's `2024-05-01 07:30:00 +0200`, remembering the last day and zone: in a health export nearly every
/// record is on the day of the one before.
pub(crate) struct AppleClock {
    day: [u8; 10],
    day_ms: i64,
    offset: [u8; 5],
    zone: ZoneOffset,
}

impl AppleClock {
    pub(crate) fn new() -> Self {
        Self { day: [0; 10], day_ms: 0, offset: [0; 5], zone: ZoneOffset::UNKNOWN }
    }

    pub(crate) fn read(&mut self, text: &[u8]) -> Result<Moment, &'static str> {
        let Some(text): Option<&[u8; 25]> = text.try_into().ok() else { return Self::read_other(text) };
        if text[..10] != self.day || text[20..] != self.offset {
            let moment = Self::read_other(text)?;
            if text[10] == b' ' && text[19] == b' ' && text[4] == b'-' {
                self.day.copy_from_slice(&text[..10]);
                self.offset.copy_from_slice(&text[20..]);
                self.zone = moment.zone;
                self.day_ms = moment.at.wall(moment.zone).div_euclid(DAY_MS) * DAY_MS;
            }
            return Ok(moment);
        }
        let pair = |at: usize| -> Option<i64> {
            let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
            (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
        };
        match (pair(11), pair(14), pair(17)) {
            (Some(hour @ ..24), Some(minute @ ..60), Some(second @ ..60))
                if text[10] == b' ' && text[13] == b':' && text[16] == b':' && text[19] == b' ' =>
            {
                let wall = self.day_ms + hour * HOUR_MS + minute * MINUTE_MS + second * 1_000;
                Ok(Moment { at: Timestamp(wall - self.zone.as_ms()), zone: self.zone })
            }
            _ => Self::read_other(text),
        }
    }

    #[cold]
    fn read_other(text: &[u8]) -> Result<Moment, &'static str> {
        let wall = parse(text, Order::DayFirst)?;
        let zone = wall.zone.unwrap_or(ZoneOffset::UNKNOWN);
        Ok(Moment { at: Timestamp(wall.ms - zone.as_ms()), zone })
    }
}

/// The zone in which a file's local times are meant.
pub(crate) struct Zones {
    zone: Option<TimeZone>,
    /// The quarter of an hour last asked for (transitions fall on quarters), the offset that its times are meant with, and
    /// the one in force then: the two differ in the hour that the clock leaves out.
    last: (i64, ZoneOffset, ZoneOffset),
}

const QUARTER_MS: i64 = 15 * MINUTE_MS;

impl Zones {
    pub(crate) fn new(zone: Option<TimeZone>) -> Self {
        Self { zone, last: (i64::MIN, ZoneOffset::UNKNOWN, ZoneOffset::UNKNOWN) }
    }

    /// The instant of a wall-clock time. In the hour that the clock shows twice, the first; in the hour that it leaves
    /// out, as if it had not been turned forward (RFC 5545 §3.3.5).
    pub(crate) fn resolve(&mut self, wall: Wall) -> Moment {
        let (meant, zone) = wall.zone.map_or_else(|| self.offsets_on_wall(wall.ms), |zone| (zone, zone));
        Moment { at: Timestamp(wall.ms - meant.as_ms()), zone }
    }

    fn offsets_on_wall(&mut self, wall_ms: i64) -> (ZoneOffset, ZoneOffset) {
        let Some(zone) = &self.zone else { return (ZoneOffset::UNKNOWN, ZoneOffset::UNKNOWN) };
        let quarter = wall_ms.div_euclid(QUARTER_MS);
        if self.last.0 != quarter {
            let civil = jiff::Timestamp::from_millisecond(wall_ms).ok().map(|as_if| TimeZone::UTC.to_datetime(as_if));
            let found = civil.and_then(|civil| {
                let at = zone.to_timestamp(civil).ok()?;
                let (meant, zone) = (wall_ms - at.as_millisecond(), minutes_of(zone.to_offset(at)));
                let gap = (meant - zone.as_ms()).abs() >= QUARTER_MS;
                let meant = ZoneOffset::from_minutes((meant / MINUTE_MS) as i16).filter(|_| gap);
                Some((meant.unwrap_or(zone), zone))
            });
            let (meant, zone) = found.unwrap_or((ZoneOffset::UNKNOWN, ZoneOffset::UNKNOWN));
            self.last = (quarter, meant, zone);
        }
        (self.last.1, self.last.2)
    }

    /// The offset that the file's zone had at an instant, if a zone was given.
    pub(crate) fn offset_at(&self, at: Timestamp) -> Option<ZoneOffset> {
        self.zone.as_ref().map(|zone| offset_in(zone, at))
    }
}

/// The offset in force in `zone` at an instant.
pub(crate) fn offset_in(zone: &TimeZone, at: Timestamp) -> ZoneOffset {
    jiff::Timestamp::from_millisecond(at.0).map_or(ZoneOffset::UNKNOWN, |at| minutes_of(zone.to_offset(at)))
}

/// Offsets before standard time have seconds (local mean time); they are rounded to the minute.
fn minutes_of(offset: jiff::tz::Offset) -> ZoneOffset {
    let minutes = (f64::from(offset.seconds()) / 60.0).round() as i16;
    ZoneOffset::from_minutes(minutes).unwrap_or(ZoneOffset::UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(wall: Wall) -> String {
        let zone = wall.zone.unwrap_or(ZoneOffset::UNKNOWN);
        Timestamp(wall.ms - zone.as_ms()).rfc3339(zone)
    }

    #[test]
    fn times_as_files_write_them() {
        use Order::{DayFirst, MonthFirst};
        for (written, order, expected) in [
            ("2024-05-01 07:30:00 +0200", DayFirst, Ok("2024-05-01T07:30:00+02:00")),
            ("2024-05-01T07:30:00.25Z", DayFirst, Ok("2024-05-01T07:30:00.250Z")),
            ("2024-05-01T07:30-07:00", DayFirst, Ok("2024-05-01T07:30:00-07:00")),
            ("2024-05-01", DayFirst, Ok("2024-05-01T00:00:00")),
            ("20141015120000-0700", DayFirst, Ok("2014-10-15T12:00:00-07:00")),
            ("4/12/2016 2:05:00 PM", MonthFirst, Ok("2016-04-12T14:05:00")),
            ("4/12/2016 12:00:00 AM", MonthFirst, Ok("2016-04-12T00:00:00")),
            ("4/12/16 12:05", MonthFirst, Ok("2016-04-12T12:05:00")),
            ("14-05-2021 10:34", DayFirst, Ok("2021-05-14T10:34:00")),
            ("01.05.2024 07:30", DayFirst, Ok("2024-05-01T07:30:00")),
            ("2016-12-31 23:59:60", DayFirst, Ok("2016-12-31T23:59:59")),
            ("", DayFirst, Err(MISSING)),
            ("NA", DayFirst, Err(MALFORMED)),
            ("2024-05", DayFirst, Err(MALFORMED)),
            ("2024-05-01 07:30:00 CEST", DayFirst, Err(MALFORMED)),
            ("0000-01-01 00:00:00 +0000", DayFirst, Err(OUT_OF_RANGE)),
            ("9999-12-31 00:00:00 +0000", DayFirst, Err(OUT_OF_RANGE)),
            ("2023-02-29", DayFirst, Err(OUT_OF_RANGE)),
            ("2024-05-01 24:00:00", DayFirst, Err(OUT_OF_RANGE)),
            ("2024-05-01 13:00 PM", DayFirst, Err(OUT_OF_RANGE)),
            ("2024-05-01 10:00:00 +9900", DayFirst, Err(OUT_OF_RANGE)),
            ("13/13/2016", MonthFirst, Err(OUT_OF_RANGE)),
            ("99999999999999999999", DayFirst, Err(OUT_OF_RANGE)),
        ] {
            assert_eq!(parse(written.as_bytes(), order).map(text).as_deref(), expected.as_deref(), "{written:?}");
        }
    }

    #[test]
    fn a_zone_follows_its_daylight_saving_time() {
        let mut zones = Zones::new(TimeZone::get("Europe/Zurich").ok());
        for (written, expected) in [
            ("2024-01-15 12:00", "2024-01-15T12:00:00+01:00"),
            ("2024-07-15 12:00", "2024-07-15T12:00:00+02:00"),
            ("2024-10-27 02:30", "2024-10-27T02:30:00+02:00"),
            ("2024-03-31 02:30", "2024-03-31T03:30:00+02:00"),
            ("2024-07-15 12:00 -0500", "2024-07-15T12:00:00-05:00"),
        ] {
            let moment = zones.resolve(parse(written.as_bytes(), Order::DayFirst).expect("a time"));
            assert_eq!(moment.at.rfc3339(moment.zone), expected);
        }
        let unknown = Zones::new(None).resolve(parse(b"2024-07-15 12:00", Order::DayFirst).expect("a time"));
        assert_eq!(unknown.at.rfc3339(unknown.zone), "2024-07-15T12:00:00");
    }

    proptest! {
        #[test]
        fn the_remembering_clock_agrees_with_the_plain_one(
            times in proptest::collection::vec((0i64..90_000, -12i16..=14, any::<bool>()), 1..20),
        ) {
            let mut clock = AppleClock::new();
            for (minutes, hours, garble) in times {
                let zone = ZoneOffset::from_minutes(hours * 60).expect("an offset");
                let at = Timestamp(1_700_000_000_000 + minutes * 60_000);
                let mut written = at.rfc3339(zone).replace('Z', "+00:00").replace('T', " ");
                written.remove(22);
                written.insert(19, ' ');
                if garble { written.replace_range(13..14, "x"); }
                let got = clock.read(written.as_bytes());
                if garble { prop_assert_eq!(got, Err(MALFORMED)); } else { prop_assert_eq!(got, Ok(Moment { at, zone })); }
            }
        }

        #[test]
        fn any_bytes_are_a_time_or_a_reason(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse(&bytes, Order::MonthFirst);
            let _ = AppleClock::new().read(&bytes);
        }
    }
}
