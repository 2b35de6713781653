//! Beat-to-beat heart rates inside a variability record.

use crate::clock::fraction_ms;
use crate::text;
use didymos_base::Timestamp;
use didymos_base::time::{DAY_MS, HOUR_MS, MINUTE_MS};

/// Beats kept of one record. A record spans about a minute; this is for many hours.
pub(crate) const BEATS_MAX: usize = 100_000;

/// One beat as written: a rate and a wall-clock time without its day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beat {
    pub(crate) bpm: f64,
    pub(crate) in_day_ms: i64,
    pub(crate) at: u64,
}

/// A time of day as the exporting phone's language writes it: `7:47:41.63`, `7:47:41,63`, `7.47.41,63`,
/// `7:47:41.63 PM`, `下午7:47:41.63`. The numbers come in the same order everywhere.
pub(crate) fn time_of_day(raw: &[u8]) -> Option<i64> {
    let time = text::unescaped(raw);
    let mut numbers = time.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let mut number = |max: i64| numbers.next()?.parse::<i64>().ok().filter(|n| *n <= max);
    let (mut hour, minute, second) = (number(23)?, number(59)?, number(60)?.min(59));
    let ms = fraction_ms(numbers.next().unwrap_or_default().as_bytes());
    if numbers.next().is_some() {
        return None;
    }
    let says = |words: &[&str]| words.iter().any(|word| time.contains(word));
    if says(&["PM", "pm", "p.m", "P.M", "下午", "午後", "오후", "μ.μ", "م"]) {
        hour = hour % 12 + 12;
    } else if says(&["AM", "am", "a.m", "A.M", "上午", "午前", "오전", "π.μ", "ص"]) {
        hour %= 12;
    }
    Some(hour * HOUR_MS + minute * MINUTE_MS + second * 1_000 + ms)
}

/// The instant of a beat: the time of day that lies nearest to the record's start, which is on the next day for a record
/// over midnight.
pub(crate) fn instant(start: Timestamp, offset_ms: i64, in_day_ms: i64) -> Timestamp {
    let start_wall = start.0 + offset_ms;
    let wall = start_wall.div_euclid(DAY_MS) * DAY_MS + in_day_ms;
    let wall = match wall - start_wall {
        late if late > DAY_MS / 2 => wall - DAY_MS,
        early if early < -DAY_MS / 2 => wall + DAY_MS,
        _ => wall,
    };
    Timestamp(wall - offset_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_in_several_languages() {
        let at = |hour: i64, minute: i64, second: i64, ms: i64| {
            Some(hour * HOUR_MS + minute * MINUTE_MS + second * 1_000 + ms)
        };
        for (written, expected) in [
            ("7:47:41.63", at(7, 47, 41, 630)),
            ("7:47:41,63", at(7, 47, 41, 630)),
            ("19.47.41,6", at(19, 47, 41, 600)),
            ("7:47:41.63 AM", at(7, 47, 41, 630)),
            ("7:47:41.63\u{202f}PM", at(19, 47, 41, 630)),
            ("12:00:01.00 AM", at(0, 0, 1, 0)),
            ("12:00:01.00 p.m.", at(12, 0, 1, 0)),
            ("下午7:47:41.63", at(19, 47, 41, 630)),
            ("7:47", None),
            ("25:00:00", None),
            ("", None),
            ("1:2:3:4:5", None),
            ("999999999999999999999:1:1", None),
        ] {
            assert_eq!(time_of_day(written.as_bytes()), expected, "{written}");
        }
    }

    #[test]
    fn a_record_over_midnight_has_its_later_beats_on_the_next_day() {
        let start = Timestamp(DAY_MS - 10_000);
        assert_eq!(instant(start, 0, 5_000), Timestamp(DAY_MS + 5_000));
        assert_eq!(instant(start, 0, DAY_MS - 5_000), Timestamp(DAY_MS - 5_000));
        assert_eq!(instant(Timestamp(1_000), 0, DAY_MS - 1_000), Timestamp(-1_000));
    }
}
