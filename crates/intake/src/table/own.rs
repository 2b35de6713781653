//! The tables that `twin export` writes, read back: the same streams, times, values and sources as before.
//!
//! A source is spelled out as JSON on the first row of a table that has it, and named by its number after that.

use super::{Header, RowReader};
use crate::clock::{Moment, Order, Zones, parse};
use crate::error::Fault;
use crate::number;
use crate::options::Options;
use crate::outlet::{Outlet, Span, fitting};
use crate::table::records::Record;
use crate::text;
use didymos_base::{Kind, Source, SourceKey, Stream, StreamKey, Value, streams};
use std::collections::HashMap;

/// The columns of an observation table, in order.
pub const COLUMNS: [&str; 12] =
    ["stream", "kind", "unit", "start", "end", "value", "lat", "lon", "source", "source_detail", "position", "commit"];
/// The most sources that one table may bring.
const SOURCES_MAX: usize = 100_000;

#[derive(Clone, Debug)]
pub(crate) struct Layout;

impl Layout {
    pub(crate) fn of(header: &Header) -> Option<Self> {
        (header.row == 0 && header.columns == COLUMNS).then_some(Self)
    }
}

pub(crate) struct Reader {
    zones: Zones,
    streams: HashMap<Vec<u8>, (Stream, StreamKey)>,
    sources: HashMap<u32, SourceKey>,
}

impl Reader {
    pub(crate) fn new(options: &Options) -> Result<Self, Fault> {
        Ok(Self { zones: Zones::new(options.time_zone()?), streams: HashMap::new(), sources: HashMap::new() })
    }

    fn stream(&mut self, record: &Record<'_>, outlet: &mut Outlet<'_>) -> Result<(Kind, StreamKey), &'static str> {
        let (Some(id), Some(kind), Some(unit)) = (record.get(0), record.get(1), record.get(2)) else {
            return Err("stream missing");
        };
        let name = [id, kind, unit].join(&b'\n');
        if let Some((stream, key)) = self.streams.get(&name) {
            return Ok((stream.kind, *key));
        }
        let kind = serde_json::Value::from(text::plain(kind).as_ref());
        let stream = Stream {
            id: text::plain(id).parse().map_err(|_| "stream name malformed")?,
            kind: serde_json::from_value(kind).map_err(|_| "stream kind unknown")?,
            unit: fitting(&text::plain(unit))?.into(),
        };
        let key = match streams::known(stream.id.as_str()) {
            Some(line) if line.stream() == stream => outlet.known(line.id),
            Some(_) => return Err("unit does not fit the stream"),
            None => outlet.open(&stream)?,
        };
        let kind = stream.kind;
        self.streams.insert(name, (stream, key));
        Ok((kind, key))
    }

    fn source(&mut self, record: &Record<'_>, outlet: &mut Outlet<'_>) -> Result<SourceKey, &'static str> {
        let number = record.get(8).and_then(|raw| text::plain(raw).parse().ok()).ok_or("source missing")?;
        if let Some(detail) = record.get(9) {
            let source: Source = serde_json::from_slice(detail).map_err(|_| "source malformed")?;
            if self.sources.len() >= SOURCES_MAX {
                return Err("too many sources");
            }
            let key = outlet.source(&source);
            self.sources.insert(number, key);
            return Ok(key);
        }
        self.sources.get(&number).copied().ok_or("source missing")
    }

    fn moment(&mut self, raw: Option<&[u8]>) -> Result<Moment, &'static str> {
        Ok(self.zones.resolve(parse(raw.ok_or("date missing")?, Order::DayFirst)?))
    }

    fn take(&mut self, record: &Record<'_>, outlet: &mut Outlet<'_>) -> Result<Taken, &'static str> {
        let (kind, stream) = self.stream(record, outlet)?;
        let source = self.source(record, outlet)?;
        let start = self.moment(record.get(3))?;
        let span = Span { end: self.moment(record.get(4))?.at, ..Span::at(start) };
        let number = |column| record.get(column).and_then(number::parse).ok_or("not a number");
        let label = || fitting(&text::plain(record.get(5).unwrap_or_default()));
        let value = match kind {
            Kind::Reading | Kind::Total => Value::Number(number(5)?),
            Kind::Position => Value::Position { lat: number(6)?, lon: number(7)? },
            Kind::Category => Value::Category(label()?),
            Kind::Text => Value::Text(label()?),
            Kind::Event => Value::Event(label()?),
        };
        Ok((stream, source, span, value))
    }
}

type Taken = (StreamKey, SourceKey, Span, Value);

impl RowReader for Reader {
    fn row(&mut self, record: &Record<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
        match self.take(record, outlet) {
            Ok((stream, source, span, value)) => outlet.push(stream, source, span, value, record.at).map(drop),
            Err(reason) => {
                outlet.skip(reason);
                Ok(())
            }
        }
    }
}
