//! What models learn from: the owner's hours and days up to a day that the journal alone decides.
//!
//! Days that are over count. Of a longer life the weeks that are over count, so that models stay for a week; and the last
//! two years, since longer ago people were others.

use crate::Twin;
use crate::capability::mirror_days;
use crate::capability::mirror_nodes::{Hourly, Sort};
use crate::door::{Failure, FailureCode, Watch};
use didymos_base::streams as table;
use didymos_base::time::{DAY_MS, HOUR_MS, wall_text};
use didymos_mirror::features::{Column, Grid};
use std::collections::HashMap;
use std::sync::Arc;

/// Days that a stream must be known on.
const FEWEST_DAYS: usize = 14;
/// Hours a day that a stream must fill usually, to be looked at by the hour.
const HOURS_A_DAY: usize = 6;
/// From so many days on, models wait for a week to be over.
const WEEKS_FROM: i64 = 56;
/// The most days learnt from.
const DAYS_MOST: i64 = 730;
/// The most days looked at.
const DAYS_BACK: i64 = 12 * 366;
/// Streams of hours, and of days.
const HOURLY: usize = 12;
const DAILY: usize = 14;

/// A stream of the owner's hours.
#[derive(Clone)]
pub(crate) struct HourStream {
    pub(crate) name: String,
    pub(crate) unit: String,
    /// All hours there are.
    pub(crate) column: Column,
}

/// The owner's life as models see it.
pub(crate) struct Life {
    /// Hours of everything that there is, also of what is not learnt from.
    pub(crate) grid: Grid,
    pub(crate) hours: Vec<HourStream>,
    pub(crate) places: Vec<Option<u32>>,
    pub(crate) events: Vec<(usize, u32)>,
    /// Streams day by day.
    pub(crate) days: Vec<Arc<mirror_days::Days>>,
    /// First day learnt from, and the first that is not, counted from 1970-01-01.
    pub(crate) learnt: (i64, i64),
    /// Steps by which makers of days are taught.
    pub(crate) lessons: usize,
}

/// A day as text.
pub(crate) fn date_text(day: i64) -> String {
    wall_text(mirror_days::wall(day)).chars().take(10).collect()
}

/// A day from `2026-05-01`.
pub(crate) fn day_of(date: &str) -> Result<i64, Failure> {
    let bad = || Failure::new(FailureCode::Invalid, format!("“{date}” is no date: write it as 2026-05-01"));
    let moment: crate::Moment = date.parse().map_err(|_| bad())?;
    match moment {
        crate::Moment::Wall(wall) if wall.rem_euclid(DAY_MS) == 0 => Ok(wall.div_euclid(DAY_MS)),
        _ => Err(bad()),
    }
}

impl Life {
    /// Reads what there is.
    pub(crate) fn of(twin: &Twin, watch: Watch<'_>) -> Result<Self, Failure> {
        let Some((first, last, hourly)) = twin.graph.hours(twin, watch, |first, last| {
            let first = first.max(last.saturating_sub(DAYS_BACK * DAY_MS));
            Grid::over(first.div_euclid(DAY_MS) * DAY_MS, last, HOUR_MS, 1_000_000)
        })?
        else {
            let message = "there is nothing to learn from: import something first";
            return Err(Failure::new(FailureCode::NotFound, message));
        };
        let (grid, hourly) = hourly;
        let over = last.div_euclid(DAY_MS);
        // 1970-01-01 was a Thursday; weeks end on Sundays.
        let monday = (over + 3).div_euclid(7) * 7 - 3;
        let first = first.div_euclid(DAY_MS).max(grid.start.div_euclid(DAY_MS));
        let end = if over - first >= WEEKS_FROM { monday } else { over };
        let learnt = (first.max(end - DAYS_MOST), end.max(first));
        let mut life = Life {
            grid,
            hours: Vec::new(),
            places: vec![None; grid.len],
            events: Vec::new(),
            days: Vec::new(),
            learnt,
            lessons: twin.world.lessons,
        };
        life.take(twin, hourly);
        life.days = daily(twin, learnt);
        Ok(life)
    }

    fn take(&mut self, twin: &Twin, hourly: Vec<Hourly>) {
        let units: HashMap<String, String> = {
            let index = twin.vault.index();
            index.streams.iter().map(|of| (of.stream.id.to_string(), of.stream.unit.clone())).collect()
        };
        let (from, to) = self.learnt_hours();
        let mut streams: Vec<(usize, HourStream)> = Vec::new();
        let (mut place, mut kind, mut at_place) = (0, 0, vec![0.0; self.grid.len]);
        for Hourly { name, sort, column } in hourly {
            match sort {
                Sort::Place => {
                    for (t, minutes) in column.iter().enumerate() {
                        if let Some(minutes) = minutes.filter(|minutes| *minutes >= 20.0 && *minutes > at_place[t]) {
                            (at_place[t], self.places[t]) = (minutes, Some(place));
                        }
                    }
                    place += 1;
                }
                Sort::Event => {
                    let there = column.iter().enumerate().filter(|(_, count)| count.is_some_and(|count| count > 0.0));
                    self.events.extend(there.map(|(t, _)| (t, kind)));
                    kind += 1;
                }
                Sort::Numbers | Sort::Label => {
                    let learnt = Column::from_options((from..to).map(|t| column.get(t)));
                    let known: Vec<usize> =
                        learnt.iter().enumerate().filter_map(|(t, y)| y.is_some().then_some(t)).collect();
                    let mut days: Vec<usize> = known.iter().map(|t| t / 24).collect();
                    days.dedup();
                    if days.len() >= FEWEST_DAYS && known.len() >= HOURS_A_DAY * days.len() && learnt.tells() {
                        let unit = if sort == Sort::Label { Some("min".to_owned()) } else { units.get(&name).cloned() };
                        streams.push((known.len(), HourStream { unit: unit.unwrap_or_default(), name, column }));
                    }
                }
            }
        }
        streams.sort_by(|a, b| (b.0, &a.1.name).cmp(&(a.0, &b.1.name)));
        self.hours = streams.into_iter().take(HOURLY).map(|(_, stream)| stream).collect();
    }

    /// The hours learnt from.
    pub(crate) fn learnt_hours(&self) -> (usize, usize) {
        let first = self.grid.start.div_euclid(DAY_MS);
        let at = |day: i64| usize::try_from((day - first) * 24).unwrap_or(0).min(self.grid.len);
        (at(self.learnt.0), at(self.learnt.1))
    }

    /// First and last day learnt from.
    pub(crate) fn dates(&self) -> (String, String) {
        (date_text(self.learnt.0), date_text((self.learnt.1 - 1).max(self.learnt.0)))
    }

    /// The day of the life, from 0, of a date.
    pub(crate) fn number(&self, day: i64) -> Option<usize> {
        let number = usize::try_from(day - self.grid.start.div_euclid(DAY_MS)).ok()?;
        (number < self.grid.len.div_ceil(24)).then_some(number)
    }

    /// The date of a day of the life.
    pub(crate) fn date(&self, number: usize) -> String {
        date_text(self.grid.start.div_euclid(DAY_MS) + number as i64)
    }

    /// Bytes that change where the hours that are learnt from do.
    pub(crate) fn hours_in_bytes(&self, streams: usize) -> Vec<u8> {
        let (from, to) = self.learnt_hours();
        let mut bytes = Vec::new();
        bytes.extend(self.grid.time(from).to_le_bytes());
        for stream in self.hours.iter().take(streams) {
            bytes.extend(stream.name.as_bytes());
            bytes.push(0);
            bytes.extend((from..to).flat_map(|t| told(stream.column.get(t))));
        }
        bytes
    }

    /// Bytes that change where places or events do.
    pub(crate) fn circumstances_in_bytes(&self) -> Vec<u8> {
        let (from, to) = self.learnt_hours();
        let places = self.places[from..to].iter().flat_map(|place| place.map_or(u32::MAX, |place| place).to_le_bytes());
        let events = self.events.iter().filter(|(t, _)| (from..to).contains(t));
        let events = events.flat_map(|(t, kind)| [t.to_le_bytes(), u64::from(*kind).to_le_bytes()].concat());
        places.chain(events).collect()
    }

    /// Bytes that change where the days that are learnt from do.
    pub(crate) fn days_in_bytes(&self) -> Vec<u8> {
        let mut bytes = self.learnt.0.to_le_bytes().to_vec();
        for days in &self.days {
            bytes.extend(days.stream.as_str().as_bytes());
            bytes.push(0);
            bytes.extend(self.learnt_days(days).iter().flat_map(told));
        }
        bytes
    }

    /// A stream on the days that are learnt from.
    pub(crate) fn learnt_days(&self, days: &mirror_days::Days) -> Column {
        days.on(self.learnt.0, usize::try_from(self.learnt.1 - self.learnt.0).unwrap_or(0))
    }
}

fn told(value: Option<f64>) -> [u8; 8] {
    // What is unknown has bits that no known value has.
    value.map_or(u64::MAX, f64::to_bits).to_le_bytes()
}

/// Streams day by day that are known on enough of the days learnt from, those known on most days first; of streams that
/// measure one thing the first.
fn daily(twin: &Twin, learnt: (i64, i64)) -> Vec<Arc<mirror_days::Days>> {
    let len = usize::try_from(learnt.1 - learnt.0).unwrap_or(0);
    let mut found: Vec<(usize, Arc<mirror_days::Days>)> = Vec::new();
    for (id, _) in mirror_days::streams(twin).into_iter().take(3 * DAILY) {
        // Ends that others set for the owner are no measurements.
        if table::label(id.as_str()).ends_with("goal") {
            continue;
        }
        let Ok(days) = mirror_days::days(twin, &id, None) else { continue };
        let known = days.on(learnt.0, len).count();
        if known >= FEWEST_DAYS {
            found.push((known, days));
        }
    }
    found.sort_by(|a, b| (b.0, &a.1.stream).cmp(&(a.0, &b.1.stream)));
    found.into_iter().take(DAILY).map(|(_, days)| days).collect()
}
