//! A moment as people write it: on their own wall clock, or exact with an offset.

use didymos_base::time::{DAY_MS, Date};
use didymos_base::{Timestamp, ZoneOffset};
use std::fmt;
use std::str::FromStr;

/// `2024-05-01`, `2024-05-01T07:30`, `2024-05-01 07:30:15.250` mean the owner's wall clock, wherever they were;
/// `2024-05-01T07:30:00Z` and `…+02:00` mean one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Milliseconds on the wall clock.
    Wall(i64),
    /// An instant.
    Exact(Timestamp, ZoneOffset),
}

impl Moment {
    /// Whether an observation that starts at `start` where `zone` was in force lies before this moment.
    #[must_use]
    pub fn is_after(self, start: Timestamp, zone: ZoneOffset) -> bool {
        self.distance(start, zone) > 0
    }

    /// Milliseconds from an observation's start to this moment.
    #[must_use]
    pub fn distance(self, start: Timestamp, zone: ZoneOffset) -> i64 {
        match self {
            Self::Wall(wall) => wall - start.wall(zone),
            Self::Exact(instant, _) => instant.0 - start.0,
        }
    }

    /// Milliseconds on the wall clock, for an instant in its own offset.
    #[must_use]
    pub fn wall(self) -> i64 {
        match self {
            Self::Wall(wall) => wall,
            Self::Exact(instant, zone) => instant.wall(zone),
        }
    }
}

/// The text is not a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time between 1900 and 2199: write 2024-05-01, 2024-05-01T07:30, or 2024-05-01T07:30:00+02:00")]
pub struct BadMoment;

impl FromStr for Moment {
    type Err = BadMoment;

    fn from_str(text: &str) -> Result<Self, BadMoment> {
        let bytes = text.trim().as_bytes();
        let number = |from: usize, to: usize| -> Option<u32> {
            let digits = bytes.get(from..to)?;
            digits.iter().all(u8::is_ascii_digit).then_some(())?;
            digits.iter().try_fold(0u32, |sum, b| sum.checked_mul(10)?.checked_add(u32::from(b - b'0')))
        };
        let byte = |at: usize| bytes.get(at).copied();
        let parse = || -> Option<Self> {
            (byte(4)? == b'-' && byte(7)? == b'-').then_some(())?;
            let date = Date::new(number(0, 4)? as i32, number(5, 7)? as u8, number(8, 10)? as u8)?;
            if bytes.len() == 10 {
                return Some(Self::Wall(date.days() * DAY_MS));
            }
            (matches!(byte(10)?, b'T' | b't' | b' ') && byte(13)? == b':').then_some(())?;
            let (hour, minute) = (number(11, 13)?, number(14, 16)?);
            let (mut at, mut second, mut ms) = (16, 0, 0);
            if byte(at) == Some(b':') {
                second = number(17, 19)?;
                at = 19;
                if byte(at) == Some(b'.') {
                    let end = (at + 1..bytes.len()).find(|i| !bytes[*i].is_ascii_digit()).unwrap_or(bytes.len());
                    let kept = end.min(at + 4);
                    ms = number(at + 1, kept)? * 10u32.pow(3 - (kept - at - 1) as u32);
                    at = end;
                }
            }
            let zone = match bytes.get(at..)? {
                [] => None,
                b"Z" | b"z" => Some(ZoneOffset::UTC),
                [sign @ (b'+' | b'-'), rest @ ..] => {
                    let colon = usize::from(rest.get(2) == Some(&b':'));
                    (rest.len() == 4 + colon).then_some(())?;
                    let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 3 + colon, at + 5 + colon)?);
                    let offset = (hours * 60 + minutes) as i16;
                    Some(ZoneOffset::from_minutes(if *sign == b'-' { -offset } else { offset })?)
                }
                _ => return None,
            };
            let in_zone = zone.unwrap_or(ZoneOffset::UTC);
            let at = Timestamp::from_wall(date, hour as u8, minute as u8, second as u8, ms as u16, in_zone)?;
            Some(zone.map_or(Self::Wall(at.0), |zone| Self::Exact(at, zone)))
        };
        parse().ok_or(BadMoment)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wall(wall) => f.write_str(&Timestamp(*wall).rfc3339(ZoneOffset::UNKNOWN)),
            Self::Exact(instant, zone) => f.write_str(&instant.rfc3339(*zone)),
        }
    }
}

impl serde::Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Moment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A wall-clock time (2024-05-01, 2024-05-01T07:30) or an exact one with offset (RFC 3339)",
            "examples": ["2024-05-01", "2024-05-01T07:30:00+02:00"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_read_back_as_written() {
        for (text, shown) in [
            ("2024-05-01", "2024-05-01T00:00:00"),
            ("2024-05-01 07:30", "2024-05-01T07:30:00"),
            ("2024-05-01T07:30:15.25", "2024-05-01T07:30:15.250"),
            ("2024-05-01T07:30:15.123456Z", "2024-05-01T07:30:15.123Z"),
            ("2024-05-01T07:30+0530", "2024-05-01T07:30:00+05:30"),
            ("2024-05-01T07:30:00-08:00", "2024-05-01T07:30:00-08:00"),
        ] {
            let moment: Moment = text.parse().expect(text);
            assert_eq!(moment.to_string(), shown);
            assert_eq!(shown.parse(), Ok(moment));
        }
        for bad in [
            "",
            "today",
            "2024-5-1",
            "2024-13-01",
            "2024-05-01T25:00",
            "2024-05-01T07:30:00+2",
            "0000-01-01",
            "2024-05-01T07:30X",
            "2024-05-01T07:30.",
            "２０２４-05-01",
        ] {
            assert_eq!(bad.parse::<Moment>(), Err(BadMoment), "{bad}");
        }
    }
}
