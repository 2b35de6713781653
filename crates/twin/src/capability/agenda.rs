//! What a day's calendar says: the events of the stream `calendar_event` that fall on it, those that come again included.
//!
//! An export is taken in whole each time, so an event may be there in several versions. Of each event, and of each of its
//! days that was changed, the version with the highest `SEQUENCE` counts, of those the one changed last, of those the one
//! imported last; what is cancelled is left out (RFC 5545 §3.8.4.4, §3.8.7.4; RFC 5546 §2.1.5). Events stay at their time of
//! the wall clock in their zone, whatever daylight saving time does.

mod event;
mod series;

use crate::Twin;
use crate::capability::timeline::source_of;
use crate::door::Failure;
use crate::response::AgendaItem;
use didymos_base::time::DAY_MS;
use didymos_base::{StreamId, Value};
use didymos_vault::timeline::Range;
use event::{Event, Stored};
use series::Series;
use std::collections::HashMap;
use std::ops::ControlFlow;

/// The stream of events.
pub(crate) const STREAM: &str = "calendar_event";
/// Events of one day that are told.
const ITEMS_MAX: usize = 50;
/// Days of rules that are looked at for one answer: some tenths of a second.
const BUDGET: u64 = 5_000_000;

/// A day's events.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    pub(crate) items: Vec<AgendaItem>,
    /// Events beyond those.
    pub(crate) more: u32,
    /// Events whose rule is not followed.
    pub(crate) refused: u32,
}

fn id() -> Option<StreamId> {
    STREAM.parse().ok()
}

/// The day that it is now where the calendar imported last is kept; `None` without a calendar.
pub(crate) fn present_day(twin: &Twin) -> Option<i64> {
    let index = twin.vault.index();
    let last = index.stream(&id()?)?.chunks.iter().max_by_key(|chunk| chunk.commit)?;
    Some(twin.now().wall(last.zones.1).div_euclid(DAY_MS))
}

/// The events of a day (days since 1970).
pub(crate) fn of_day(twin: &Twin, day: i64) -> Result<Agenda, Failure> {
    let mut agenda = Agenda::default();
    let Some(id) = id().filter(|id| twin.vault.index().stream(id).is_some_and(|stream| stream.count > 0)) else {
        return Ok(agenda);
    };
    let (all, sources) = read(twin, &id, day, &mut agenda.refused)?;
    let mut budget = BUDGET;
    for series in all {
        let complete = series.on(day, &mut budget, |moment, event| {
            agenda.items.push(event.item(moment, &sources[event.source]));
        });
        agenda.refused += u32::from(!complete);
    }
    let key = |item: &AgendaItem| (!item.all_day, item.start, item.end, item.title.clone());
    agenda.items.sort_by_cached_key(key);
    agenda.more = agenda.items.len().saturating_sub(ITEMS_MAX) as u32;
    agenda.items.truncate(ITEMS_MAX);
    Ok(agenda)
}

/// All events, versions of the same one beside each other, and the names of their sources.
fn read(twin: &Twin, id: &StreamId, day: i64, refused: &mut u32) -> Result<(Vec<Series>, Vec<String>), Failure> {
    let selection = twin.vault.select(id, Range::default(), None)?;
    let mut sources: Vec<String> = Vec::new();
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut named: HashMap<String, Series> = HashMap::new();
    let mut unnamed: Vec<Series> = Vec::new();
    twin.vault.each(&selection, |found| {
        let Value::Event(json) = found.chunk.front.value(selection.stream.kind, found.index) else {
            return ControlFlow::Continue(());
        };
        let Ok(stored) = serde_json::from_str::<Stored>(&json) else {
            *refused += 1;
            return ControlFlow::Continue(());
        };
        let source = places.get(found.source()).copied().unwrap_or_else(|| {
            sources.push(source_of(&found).summary());
            places.insert(found.source().to_vec(), sources.len() - 1);
            sources.len() - 1
        });
        let imported = (found.at.commit, found.at.place);
        let event = Event::new(stored, found.start(), found.end(), found.zone(), source);
        let series = if event.stored.uid.is_empty() {
            unnamed.push(Series::default());
            unnamed.last_mut()
        } else {
            Some(named.entry(event.stored.uid.clone()).or_default())
        };
        if let Some(series) = series {
            series.take(event, imported, day);
        }
        ControlFlow::Continue(())
    })?;
    unnamed.extend(named.into_values());
    Ok((unnamed, sources))
}
