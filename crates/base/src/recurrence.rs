//! Rules by which calendar events come again (RFC 5545 §3.3.10), on wall-clock time.
//!
//! A rule cuts time into periods (days, weeks, months, years), takes every n-th, and chooses days in it. To say what falls
//! into a window only the periods of that window are looked at, however long ago the rule began; a `COUNT` makes that
//! impossible only where it can run out before the window, and then the periods before it are walked through once.
//! All work is charged to the caller's budget, so that a hostile calendar costs no more than a true one.
//!
//! Wall-clock milliseconds go in and come out: daylight saving time is the caller's affair, since an event at nine stays
//! at nine. `SECONDLY`, `MINUTELY` and `HOURLY`, `BYYEARDAY`, `BYWEEKNO` and the other calendars of RFC 7529 are refused.

mod parse;

use crate::time::{DAY_MS, Date};

/// How long one period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Freq {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// Why a rule cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// It is no rule.
    #[error("not a recurrence rule of RFC 5545")]
    Malformed,
    /// It is a rule of a kind that is not followed here.
    #[error("a recurrence rule of a kind that is not supported ({0})")]
    Unsupported(&'static str),
}

/// A recurrence rule, read from the value of `RRULE` by [`str::parse`]. `UNTIL` is taken as wall-clock time whether it
/// ends in `Z` or not; a date alone means the end of that day.
///
/// ```
/// use didymos_base::recurrence::Rule;
/// use didymos_base::time::DAY_MS;
///
/// // Every Friday the 13th, asked of October 2023.
/// let rule: Rule = "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13".parse()?;
/// let october = 19_631 * DAY_MS;
/// let found = rule.between(10_000 * DAY_MS, october, october + 31 * DAY_MS, &mut 1_000);
/// assert_eq!(found, Some(vec![october + 12 * DAY_MS]));
/// # Ok::<(), didymos_base::recurrence::RuleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    freq: Freq,
    interval: u32,
    count: Option<u64>,
    until: Option<i64>,
    /// Ordinal (0: every one) and weekday, Monday 0.
    by_day: Vec<(i16, u8)>,
    /// 1 to 31, or −31 to −1 from the month's end.
    by_month_day: Vec<i8>,
    /// Bit 1 is January; 0 where not given.
    by_month: u16,
    by_set_pos: Vec<i16>,
    /// Monday is 0.
    week_start: u8,
    /// Hour, minute and second where given; one each.
    by_time: [Option<u8>; 3],
}

/// Monday is 0. 1970-01-01 was a Thursday.
fn weekday(day: i64) -> u8 {
    (day + 3).rem_euclid(7) as u8
}

/// First day of a month counted from the year 0, and how many days it has.
fn month(period: i64) -> (i64, i64) {
    let first = |period: i64| {
        Date { year: period.div_euclid(12) as i32, month: period.rem_euclid(12) as u8 + 1, day: 1 }.days()
    };
    (first(period), first(period + 1) - first(period))
}

impl Rule {
    /// Every moment of the rule from `from` on and before `to`, in order, of an event that began at `start` (all three in
    /// wall-clock milliseconds). `start` itself is among them only if the rule says so. Each day looked at costs one of
    /// `budget`; `None` when it does not suffice.
    #[must_use]
    pub fn between(&self, start: i64, from: i64, to: i64, budget: &mut u64) -> Option<Vec<i64>> {
        let mut found = Vec::new();
        let to = self.until.map_or(to, |until| to.min(until.saturating_add(1)));
        let from = from.max(start);
        if from >= to {
            return Some(found);
        }
        let rule = self.with_defaults(start);
        let time = rule.time_of_day(start);
        let interval = i64::from(rule.interval);
        let (anchor, last) = (rule.period_of(start), rule.period_of(to - 1));
        let periods = ((last - anchor) / interval + 1).unsigned_abs();
        // Where the count cannot run out before the window ends, it need not be counted.
        let count = rule.count.filter(|count| *count < periods * rule.most_in_a_period());
        let mut left = count.unwrap_or(u64::MAX);
        // A day before, since another time of day may be given than that of the start.
        let begin = if count.is_some() { anchor } else { rule.period_of(from - DAY_MS).max(anchor) };
        let mut period = anchor + (begin - anchor) / interval * interval;
        let mut days = Vec::new();
        while period <= last {
            days.clear();
            *budget = budget.checked_sub(rule.days_of(period, &mut days))?;
            rule.choose(&mut days);
            for at in days.iter().map(|day| day * DAY_MS + time) {
                if at >= to || left == 0 {
                    return Some(found);
                }
                if at >= start {
                    left -= 1;
                    if at >= from {
                        found.push(at);
                    }
                }
            }
            period += interval;
        }
        Some(found)
    }

    /// With what the start says where the rule says nothing.
    fn with_defaults(&self, start: i64) -> Self {
        let mut rule = self.clone();
        let day = start.div_euclid(DAY_MS);
        if rule.by_day.is_empty() && rule.by_month_day.is_empty() {
            let date = Date::from_days(day);
            match rule.freq {
                Freq::Daily => {}
                Freq::Weekly => rule.by_day.push((0, weekday(day))),
                Freq::Monthly => rule.by_month_day.push(date.day as i8),
                Freq::Yearly => {
                    rule.by_month_day.push(date.day as i8);
                    if rule.by_month == 0 {
                        rule.by_month = 1 << date.month;
                    }
                }
            }
        }
        rule
    }

    fn time_of_day(&self, start: i64) -> i64 {
        let in_day = start.rem_euclid(DAY_MS);
        let [hour, minute, second] = self.by_time;
        let part = |given: Option<u8>, own: i64| given.map_or(own, i64::from);
        let seconds = part(hour, in_day / 3_600_000) * 3_600
            + part(minute, in_day / 60_000 % 60) * 60
            + part(second, in_day / 1_000 % 60);
        seconds * 1_000 + in_day % 1_000
    }

    fn period_of(&self, wall: i64) -> i64 {
        let day = wall.div_euclid(DAY_MS);
        let date = Date::from_days(day);
        match self.freq {
            Freq::Daily => day,
            Freq::Weekly => (day + 3 - i64::from(self.week_start)).div_euclid(7),
            Freq::Monthly => i64::from(date.year) * 12 + i64::from(date.month) - 1,
            Freq::Yearly => i64::from(date.year),
        }
    }

    fn most_in_a_period(&self) -> u64 {
        match self.freq {
            Freq::Daily => 1,
            Freq::Weekly => 7,
            Freq::Monthly => 31,
            Freq::Yearly => 366,
        }
    }

    /// Puts the days that the rule has in a period into `days`, in order; says how many were looked at.
    fn days_of(&self, period: i64, days: &mut Vec<i64>) -> u64 {
        let week = period.saturating_mul(7) - 3 + i64::from(self.week_start);
        match self.freq {
            Freq::Daily => self.take(period..period + 1, None, days),
            Freq::Weekly => self.take(week..week + 7, None, days),
            Freq::Monthly => {
                let (first, length) = month(period);
                self.take(first..first + length, Some((first, first + length - 1)), days)
            }
            Freq::Yearly => {
                let (first, next) = (month(period * 12).0, month(period * 12 + 12).0);
                let mut looked = 0;
                for number in 0..12 {
                    if self.by_month != 0 && self.by_month & (2 << number) == 0 {
                        looked += 1;
                        continue;
                    }
                    let (from, length) = month(period * 12 + number);
                    // `2MO` is the second of the month where months are named, else of the year.
                    let scope = if self.by_month == 0 { (first, next - 1) } else { (from, from + length - 1) };
                    looked += self.take(from..from + length, Some(scope), days);
                }
                looked
            }
        }
    }

    fn take(&self, range: std::ops::Range<i64>, scope: Option<(i64, i64)>, days: &mut Vec<i64>) -> u64 {
        let looked = (range.end - range.start).unsigned_abs();
        days.extend(range.filter(|day| self.has(*day, scope)));
        looked
    }

    fn has(&self, day: i64, scope: Option<(i64, i64)>) -> bool {
        let of_weekday = |(ordinal, name): &(i16, u8)| {
            *name == weekday(day)
                && match (*ordinal, scope) {
                    (0, _) | (_, None) => true,
                    (n @ 1.., Some((first, _))) => (day - first) / 7 + 1 == i64::from(n),
                    (n, Some((_, last))) => (last - day) / 7 + 1 == -i64::from(n),
                }
        };
        if !self.by_day.is_empty() && !self.by_day.iter().any(of_weekday) {
            return false;
        }
        if self.by_month == 0 && self.by_month_day.is_empty() {
            return true;
        }
        let date = Date::from_days(day);
        if self.by_month != 0 && self.by_month & (1 << date.month) == 0 {
            return false;
        }
        let length = || month(i64::from(date.year) * 12 + i64::from(date.month) - 1).1 as i8;
        let of_month = |n: &i8| if *n > 0 { *n == date.day as i8 } else { date.day as i8 == length() + 1 + *n };
        self.by_month_day.is_empty() || self.by_month_day.iter().any(of_month)
    }

    /// Keeps the days at the places that `BYSETPOS` names.
    fn choose(&self, days: &mut Vec<i64>) {
        if self.by_set_pos.is_empty() {
            return;
        }
        let length = days.len() as i64;
        let mut place = 0;
        days.retain(|_| {
            place += 1;
            let from_end = place - length - 1;
            self.by_set_pos.iter().any(|pos| [place, from_end].contains(&i64::from(*pos)))
        });
    }
}

#[cfg(test)]
mod tests;
