//! Fitbit in the layouts of Fitabase: minutes, hours and days of one or many people.
//!
//! Column names decide; see the data dictionary that Fitabase publishes with its exports. Times are local without a
//! zone. Hourly and daily totals are the maker's own sums of the minutes and have streams of their own, or a day with
//! both files would count twice.

use super::survey::Columns;
use super::{Header, RowReader, account, is_person};
use crate::clock::{Order, Zones, parse};
use crate::error::Fault;
use crate::number;
use crate::options::Options;
use crate::outlet::{Outlet, Span};
use crate::table::records::Record;
use crate::text;
use didymos_base::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use didymos_base::{Kind, Source, SourceKey, Stream, StreamKey, Value};

/// What a number in a column means.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meaning {
    /// The number itself, divided.
    Number { divisor: f64 },
    /// One of a few labels, the first of which has this number.
    Label { first: usize, labels: &'static [&'static str] },
}

const AS_IS: Meaning = Meaning::Number { divisor: 1.0 };
const INTENSITY: Meaning = Meaning::Label { first: 0, labels: &["sedentary", "light", "moderate", "very_active"] };
const SLEEP: Meaning = Meaning::Label { first: 1, labels: &["asleep", "restless", "awake"] };

/// Stream of a column; names with a `.` are open streams, in the unit beside them.
type Column = (&'static str, &'static str, &'static str, Meaning);

const fn column(name: &'static str, stream: &'static str) -> Column {
    (name, stream, "", AS_IS)
}

/// One layout: its time column, how long a row lasts, columns that it must have, and the columns that are read.
struct Known {
    time: &'static str,
    lasts_ms: i64,
    needs: &'static [&'static str],
    columns: &'static [Column],
}

const MINUTE: [Column; 4] = [
    column("steps", "steps"),
    column("calories", "energy_total"),
    ("intensity", "activity_intensity", "", INTENSITY),
    // Stored as whole tenths.
    ("mets", "metabolic_equivalents", "", Meaning::Number { divisor: 10.0 }),
];

const DAY: [Column; 14] = [
    column("totalsteps", "steps_daily"),
    column("steptotal", "steps_daily"),
    column("totaldistance", "distance_daily"),
    column("calories", "energy_daily"),
    column("veryactiveminutes", "activity_very_active_minutes"),
    column("fairlyactiveminutes", "activity_fairly_active_minutes"),
    column("lightlyactiveminutes", "activity_lightly_active_minutes"),
    column("sedentaryminutes", "activity_sedentary_minutes"),
    ("trackerdistance", "fitbit.tracker_distance", "km", AS_IS),
    ("loggedactivitiesdistance", "fitbit.logged_activities_distance", "km", AS_IS),
    ("veryactivedistance", "fitbit.very_active_distance", "km", AS_IS),
    ("moderatelyactivedistance", "fitbit.moderately_active_distance", "km", AS_IS),
    ("lightactivedistance", "fitbit.light_active_distance", "km", AS_IS),
    ("sedentaryactivedistance", "fitbit.sedentary_active_distance", "km", AS_IS),
];

const KNOWN: &[Known] = &[
    Known { time: "time", lasts_ms: 0, needs: &["value"], columns: &[column("value", "heart_rate")] },
    Known { time: "activityminute", lasts_ms: MINUTE_MS, needs: &[], columns: &MINUTE },
    Known {
        time: "activityhour",
        lasts_ms: HOUR_MS,
        needs: &[],
        columns: &[
            column("steptotal", "steps_hourly"),
            column("calories", "energy_hourly"),
            column("totalintensity", "activity_intensity_hourly"),
        ],
    },
    Known { time: "activityday", lasts_ms: DAY_MS, needs: &[], columns: &DAY },
    Known { time: "activitydate", lasts_ms: DAY_MS, needs: &[], columns: &DAY },
    Known {
        time: "sleepday",
        lasts_ms: DAY_MS,
        needs: &[],
        columns: &[
            column("totalminutesasleep", "sleep_minutes"),
            column("totaltimeinbed", "sleep_in_bed_minutes"),
            column("totalsleeprecords", "sleep_periods"),
        ],
    },
    Known {
        time: "date",
        lasts_ms: MINUTE_MS,
        needs: &["value", "logid"],
        columns: &[("value", "sleep_stage", "", SLEEP)],
    },
    Known {
        time: "date",
        lasts_ms: 0,
        needs: &["weightkg"],
        columns: &[column("weightkg", "body_mass"), column("fat", "body_fat"), column("bmi", "body_mass_index")],
    },
];

/// Columns of a known layout that say nothing more than the ones that are read.
const REDUNDANT: [&str; 2] = ["logid", "ismanualreport"];

/// A table in a known layout: which column is what.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    person: usize,
    time: usize,
    by_hand: Option<usize>,
    lasts_ms: i64,
    values: Vec<ValueColumn>,
    /// Names of columns that are not read.
    passed: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct ValueColumn {
    index: usize,
    column: Column,
    /// Minutes after the row's time, in a table with one column per minute.
    after_min: i64,
}

impl Layout {
    pub(crate) fn of(header: &Header) -> Option<Self> {
        let person = header.column(&["id"])?;
        KNOWN.iter().find_map(|known| {
            let time = header.column(&[known.time])?;
            if !known.needs.iter().all(|name| header.column(&[*name]).is_some()) {
                return None;
            }
            let mut layout = Self {
                person,
                time,
                by_hand: header.column(&["ismanualreport"]),
                lasts_ms: known.lasts_ms,
                values: Vec::new(),
                passed: Vec::new(),
            };
            for (index, name) in header.columns.iter().enumerate() {
                let find = |name: &str, columns: &[Column]| columns.iter().find(|column| column.0 == name).copied();
                let wide = if known.lasts_ms == HOUR_MS { minute_of(name) } else { None };
                if let Some(column) = find(name, known.columns) {
                    layout.values.push(ValueColumn { index, column, after_min: 0 });
                } else if let Some((column, after_min)) = wide.and_then(|(name, min)| Some((find(name, &MINUTE)?, min)))
                {
                    layout.lasts_ms = MINUTE_MS;
                    layout.values.push(ValueColumn { index, column, after_min });
                } else if index != person && index != time && !REDUNDANT.contains(&name.as_str()) {
                    layout.passed.push(name.clone());
                }
            }
            (!layout.values.is_empty()).then_some(layout)
        })
    }

    pub(crate) fn survey(&self) -> Columns {
        Columns { person: Some(self.person), ..Columns::default() }
    }
}

/// The column's name and minute in a table with one column per minute: `steps07`.
fn minute_of(name: &str) -> Option<(&str, i64)> {
    let (name, minute) = name.split_at_checked(name.len().checked_sub(2)?)?;
    let minute = minute.parse().ok().filter(|minute| (0..60).contains(minute))?;
    // One layout has `intensity00`, another `calories00`; energy expenditure by weight is `mets00`.
    Some((name, minute))
}

pub(crate) struct Reader<'a> {
    layout: &'a Layout,
    streams: Vec<StreamKey>,
    person: Option<Vec<u8>>,
    zones: Zones,
    /// Keys of what the tracker and what the hand recorded, once a row needs them.
    sources: [Option<SourceKey>; 2],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(layout: &'a Layout, options: &Options, outlet: &mut Outlet<'_>) -> Result<Self, Fault> {
        let mut streams = Vec::with_capacity(layout.values.len());
        for value in &layout.values {
            let (_, id, unit, _) = value.column;
            let open = id.contains('.').then(|| id.parse().ok()).flatten();
            streams.push(match open {
                None => outlet.known(id),
                Some(id) => {
                    let stream = Stream { id, kind: Kind::Total, unit: unit.to_owned() };
                    outlet.open(&stream).map_err(|why| Fault::malformed(0, why))?
                }
            });
        }
        for name in &layout.passed {
            outlet.note("column", name);
        }
        Ok(Self {
            layout,
            streams,
            person: options.person.as_ref().map(|id| id.trim().as_bytes().to_vec()),
            zones: Zones::new(options.time_zone()?),
            sources: [None; 2],
        })
    }
}

impl RowReader for Reader<'_> {
    fn row(&mut self, record: &Record<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
        if !is_person(record, Some(self.layout.person), self.person.as_deref(), outlet) {
            return Ok(());
        }
        let time = record.get(self.layout.time).unwrap_or_default();
        let start = match parse(time, Order::MonthFirst) {
            Ok(wall) => wall,
            Err(reason) => {
                outlet.skip(reason);
                return Ok(());
            }
        };
        let by_hand = self.layout.by_hand.and_then(|column| record.get(column));
        let by_hand = by_hand.is_some_and(|text| text.eq_ignore_ascii_case(b"true") || text == b"1");
        let source = *self.sources[usize::from(by_hand)].get_or_insert_with(|| {
            // The survey made sure that all rows to be read are of one person.
            let account = record.get(self.layout.person).map(account);
            outlet.source(&Source { account, entered_by_hand: by_hand, ..Source::named("Fitbit") })
        });
        let mut empty = true;
        for (value, stream) in self.layout.values.iter().zip(&self.streams) {
            let Some(raw) = record.get(value.index) else { continue };
            empty = false;
            let value_at = match meaning(raw, value.column.3) {
                Ok(value_at) => value_at,
                Err(reason) => {
                    outlet.skip(reason);
                    continue;
                }
            };
            let wall = crate::clock::Wall { ms: start.ms + value.after_min * MINUTE_MS, ..start };
            let moment = self.zones.resolve(wall);
            let mut span = Span::lasting(moment, self.layout.lasts_ms);
            if self.layout.lasts_ms == DAY_MS {
                // A day ends when the next one starts, 23 or 25 hours later where the clock is changed.
                let next = self.zones.resolve(crate::clock::Wall { ms: wall.ms + DAY_MS, ..wall });
                span.end = next.at;
            }
            outlet.push(*stream, source, span, value_at, record.at)?;
        }
        if empty {
            outlet.skip("value missing");
        }
        Ok(())
    }
}

fn meaning(raw: &[u8], meaning: Meaning) -> Result<Value, &'static str> {
    match meaning {
        Meaning::Number { divisor } => {
            let number = number::parse(raw).ok_or("not a number")?;
            Ok(Value::Number(number / divisor))
        }
        Meaning::Label { first, labels } => {
            let code: usize = text::plain(raw).parse().map_err(|_| "not a number")?;
            let label = code.checked_sub(first).and_then(|place| labels.get(place)).ok_or("unknown code")?;
            Ok(Value::Category((*label).into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stream_named_here_is_in_the_table_or_open() {
        for column in KNOWN.iter().flat_map(|known| known.columns).chain(&MINUTE) {
            let (_, id, unit, _) = column;
            assert_eq!(didymos_base::streams::known(id).is_some(), unit.is_empty(), "{id}");
            assert!(id.parse::<didymos_base::StreamId>().is_ok(), "{id}");
        }
    }
}
