//! Any table, read as its owner says: one column of times, one of values, one stream.

use super::{Header, RowReader, find_header};
use crate::clock::{Moment, Order, Wall, Zones, parse};
use crate::error::Fault;
use crate::lookup::Lookup;
use crate::number;
use crate::options::{CsvMapping, Options, TimeFormat};
use crate::outlet::{Outlet, Span, fitting};
use crate::table::records::Record;
use crate::text::{self, NAME_BYTES_MAX};
use didymos_base::unit::{self, Conversion};
use didymos_base::{Kind, Source, SourceKey, Stream, StreamId, StreamKey, Timestamp, Value, ZoneOffset, streams};
use jiff::fmt::strtime;

#[derive(Clone, Debug)]
pub(crate) struct Layout {
    time: usize,
    end: Option<usize>,
    value: usize,
    source: Option<usize>,
    stream: Stream,
    conversion: Option<Conversion>,
    time_format: TimeFormat,
    zone: Option<jiff::tz::TimeZone>,
    decimal_comma: bool,
}

fn bad(option: &'static str, why: impl Into<String>) -> Fault {
    Fault::BadOption { option, why: why.into() }
}

impl Layout {
    pub(crate) fn of(head: &[u8], mapping: &CsvMapping, options: &Options) -> Result<(Header, Self), Fault> {
        let (stream, conversion) = stream_of(mapping)?;
        let delimiter = match mapping.delimiter {
            None => None,
            Some(c) if c.is_ascii() && !matches!(c, '"' | '\n' | '\r') => Some(c as u8),
            Some(_) => return Err(bad("csv.delimiter", "give one ASCII character, for example ;")),
        };
        let (time, value) = (mapping.time.trim().to_lowercase(), mapping.value.trim().to_lowercase());
        let found = find_header(head, delimiter, |header| {
            Some((header.column(&[time.as_str()])?, header.column(&[value.as_str()])?))
        });
        let Some((header, (time, value))) = found else {
            return Err(bad("csv", missing_columns(head, delimiter, &mapping.time, &mapping.value)));
        };
        let optional = |option, name: &Option<String>| match name {
            None => Ok(None),
            Some(name) => match header.column(&[name.trim().to_lowercase().as_str()]) {
                Some(column) => Ok(Some(column)),
                None => Err(bad(option, format!("the table has no column {name}"))),
            },
        };
        let (end, source) = (optional("csv.end", &mapping.end)?, optional("csv.source", &mapping.source)?);
        let zone = mapping.zone.clone().or_else(|| options.zone.clone());
        let zone = Options { zone, ..Options::default() }.time_zone()?;
        let layout = Self {
            time,
            end,
            value,
            source,
            stream,
            conversion,
            time_format: mapping.time_format.clone(),
            zone,
            decimal_comma: mapping.decimal_comma,
        };
        Ok((header, layout))
    }
}

/// The columns that the table has, for an owner who mistyped one.
fn missing_columns(head: &[u8], delimiter: Option<u8>, time: &str, value: &str) -> String {
    let first = find_header(head, delimiter, |header| (header.columns.len() > 1).then(|| header.columns.clone()));
    let columns = first.map_or_else(|| "none".to_owned(), |(_, columns)| columns.join(", "));
    format!("the table has no columns {time} and {value}; it has: {}", text::cut(&columns, 500))
}

/// The stream of a mapping, and how its numbers get into its unit (none where it holds no numbers).
fn stream_of(mapping: &CsvMapping) -> Result<(Stream, Option<Conversion>), Fault> {
    let name = mapping.stream.trim();
    if let Some(line) = streams::known(name) {
        if matches!(line.kind, Kind::Position | Kind::Event) {
            return Err(bad("csv.stream", "one column cannot hold a place or an event"));
        }
        let from = mapping.unit.as_deref().unwrap_or(line.unit);
        let conversion = Conversion::new(from, line.unit, line.analyte);
        let conversion =
            conversion.map_err(|why| bad("csv.unit", format!("{why}: {name} is kept in {}", line.unit)))?;
        return Ok((line.stream(), line.kind.is_number().then_some(conversion)));
    }
    let own = name.strip_prefix("custom.").unwrap_or(name);
    let id = StreamId::open("custom", own).filter(|id| id.as_str() != "custom");
    let id = id.ok_or_else(|| bad("csv.stream", "give a name of letters, digits and _"))?;
    let kind = mapping.kind.unwrap_or(Kind::Reading);
    match kind {
        Kind::Position | Kind::Event => Err(bad("csv.kind", "one column cannot hold a place or an event")),
        Kind::Category | Kind::Text => Ok((Stream { id, kind, unit: "1".to_owned() }, None)),
        Kind::Reading | Kind::Total => {
            let unit = mapping.unit.as_deref().ok_or_else(|| {
                bad("csv.unit", "a stream of your own needs a unit; give a UCUM code, for example kg, or 1 for none")
            })?;
            let unit = unit::find(unit).ok_or_else(|| bad("csv.unit", "unknown unit; give a UCUM code"))?;
            let conversion =
                Conversion::new(unit.ucum, unit.ucum, None).map_err(|why| bad("csv.unit", why.to_string()))?;
            Ok((Stream { id, kind, unit: unit.ucum.to_owned() }, Some(conversion)))
        }
    }
}

pub(crate) struct Reader<'a> {
    layout: &'a Layout,
    stream: StreamKey,
    zones: Zones,
    sources: Lookup<1, SourceKey>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(layout: &'a Layout, outlet: &mut Outlet<'_>) -> Result<Self, Fault> {
        let stream = match streams::known(layout.stream.id.as_str()) {
            Some(line) => outlet.known(line.id),
            None => outlet.open(&layout.stream).map_err(|why| bad("csv.stream", why))?,
        };
        Ok(Self { layout, stream, zones: Zones::new(layout.zone.clone()), sources: Lookup::new(10_000) })
    }

    fn take(&mut self, record: &Record<'_>, outlet: &mut Outlet<'_>) -> Result<(SourceKey, Span, Value), &'static str> {
        let layout = self.layout;
        let start = self.moment(record.get(layout.time).ok_or("date missing")?)?;
        let mut span = Span::at(start);
        if let Some(end) = layout.end {
            span.end = self.moment(record.get(end).ok_or("date missing")?)?.at;
        }
        let raw = record.get(layout.value).ok_or("value missing")?;
        let value = match (layout.stream.kind, layout.conversion) {
            (_, Some(conversion)) => {
                let number = if layout.decimal_comma { number::parse_comma(raw) } else { number::parse(raw) };
                Value::Number(conversion.apply(number.ok_or("not a number")?))
            }
            (Kind::Category, None) => Value::Category(fitting(&text::snake(&text::plain(raw)))?),
            (_, None) => Value::Text(fitting(&text::plain(raw))?),
        };
        let name = layout.source.and_then(|column| record.get(column)).unwrap_or(b"csv");
        if let Some(at) = self.sources.find([name]) {
            return Ok((*self.sources.get(at), span, value));
        }
        let converted = layout.conversion.filter(|conversion| !conversion.is_identity());
        let source = outlet.source(&Source {
            converted_from: converted.map(|conversion| conversion.from_ucum().to_owned()),
            ..Source::named(text::cut(&text::plain(name), NAME_BYTES_MAX))
        });
        self.sources.add([name], source).ok_or("too many sources")?;
        Ok((source, span, value))
    }

    fn moment(&mut self, raw: &[u8]) -> Result<Moment, &'static str> {
        let epoch = |scale: f64, zones: &Zones| {
            let ms = number::parse(raw).ok_or("date malformed")? * scale;
            // 1900 to 2199 and to spare; what is beyond is told by the row's own check.
            let at = Timestamp(ms.round().clamp(-1e15, 1e15) as i64);
            Ok(Moment { at, zone: zones.offset_at(at).unwrap_or(ZoneOffset::UTC) })
        };
        match &self.layout.time_format {
            TimeFormat::Iso => Ok(self.zones.resolve(parse(raw, Order::DayFirst)?)),
            TimeFormat::EpochSeconds => epoch(1_000.0, &self.zones),
            TimeFormat::EpochMilliseconds => epoch(1.0, &self.zones),
            TimeFormat::Pattern(pattern) => {
                let text = text::plain(raw);
                let parsed = strtime::parse(pattern.as_str(), text.as_ref()).map_err(|_| "date malformed")?;
                let civil = parsed.to_datetime().or_else(|_| parsed.to_date().map(|date| date.at(0, 0, 0, 0)));
                let civil = civil.map_err(|_| "date malformed")?;
                let ms = jiff::tz::TimeZone::UTC.to_timestamp(civil).map_err(|_| "date out of range")?.as_millisecond();
                let minutes = parsed.offset().map(|offset| (offset.seconds() / 60) as i16);
                Ok(self.zones.resolve(Wall { ms, zone: minutes.and_then(ZoneOffset::from_minutes) }))
            }
        }
    }
}

impl RowReader for Reader<'_> {
    fn row(&mut self, record: &Record<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
        match self.take(record, outlet) {
            Ok((source, span, value)) => outlet.push(self.stream, source, span, value, record.at).map(drop),
            Err(reason) => {
                outlet.skip(reason);
                Ok(())
            }
        }
    }
}
