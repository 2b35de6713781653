//! GPX 1.0 and 1.1: timed places, with what watches add to them.

use crate::clock::{MALFORMED, Moment, Order, Wall, Zones, parse};
use crate::error::Fault;
use crate::json::Json;
use crate::number;
use crate::options::Options;
use crate::outlet::{Outlet, Span};
use crate::text::{self, NAME_BYTES_MAX};
use crate::xml::{Event, Scanner, Tag};
use didymos_base::{Source, SourceKey, Timestamp, Value};
use std::collections::BTreeMap;
use std::io::Read;

/// The longest text of one element that is kept while it is read.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// Elements of a point that are numbers: local name, stream, and whether less than zero means unknown. GPX 1.0 has
/// speed and course directly; Apple, Garmin (`TrackPointExtension`) and Cluetrust put theirs into extensions.
const NUMBERS: [(&[u8], &str, bool); 13] = [
    (b"ele", "location_elevation", false),
    (b"speed", "speed", true),
    (b"course", "location_course", true),
    (b"hAcc", "location_accuracy", true),
    (b"vAcc", "location_accuracy_vertical", true),
    (b"hr", "heart_rate", true),
    (b"heartrate", "heart_rate", true),
    (b"cad", "cadence", true),
    (b"cadence", "cadence", true),
    (b"atemp", "ambient_temperature", false),
    (b"temp", "ambient_temperature", false),
    (b"power", "power", true),
    (b"PowerInWatts", "power", true),
];

pub(crate) fn read(input: impl Read, options: &Options, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    let mut scanner = Scanner::new(input, true);
    let mut reader = Reader {
        creator: Source::named("GPX"),
        source: None,
        outlet,
        zones: Zones::new(options.time_zone()?),
        point: None,
        text: Vec::new(),
        complete: false,
    };
    let mut position = 0;
    while let Some(event) = scanner.next()? {
        match event {
            Event::Open(tag) => {
                position = tag.at;
                reader.open(tag)?;
            }
            Event::Text { raw, escaped } => reader.text(raw, escaped),
            Event::Close(name) => reader.close(name)?,
            Event::Skipped(reason) => reader.outlet.skip(reason),
        }
        reader.outlet.progress(position)?;
    }
    if reader.complete { Ok(()) } else { Err(Fault::malformed(scanner.position(), "the file ends before </gpx>")) }
}

struct Point {
    at: u64,
    waypoint: bool,
    /// Degrees, or why not.
    lat: Result<f64, &'static str>,
    lon: Result<f64, &'static str>,
    time: Option<Result<Wall, &'static str>>,
    name: Option<String>,
    numbers: [Option<f64>; NUMBERS.len()],
    bad_numbers: usize,
    /// Inside a `link`, whose `text` and `name` are not the point's.
    in_link: bool,
}

struct Reader<'o, 's> {
    outlet: &'o mut Outlet<'s>,
    zones: Zones,
    /// The program that wrote the file, and its key once a point needs it.
    creator: Source,
    source: Option<SourceKey>,
    point: Option<Box<Point>>,
    /// Text since the last tag.
    text: Vec<u8>,
    complete: bool,
}

impl Reader<'_, '_> {
    fn open(&mut self, tag: Tag<'_>) -> Result<(), Fault> {
        self.text.clear();
        match tag.name() {
            b"gpx" => {
                if let Some(creator) = tag.attribute(b"creator").filter(|raw| !raw.is_empty()) {
                    let creator = text::unescaped(creator);
                    self.creator = Source::named(text::cut(creator.trim(), NAME_BYTES_MAX));
                    self.source = None;
                }
            }
            name @ (b"trkpt" | b"rtept" | b"wpt") => {
                self.finish_point()?;
                let degrees = |name: &[u8]| {
                    tag.attribute(name).ok_or("value missing").and_then(|raw| number::parse(raw).ok_or("not a number"))
                };
                self.point = Some(Box::new(Point {
                    at: tag.at,
                    waypoint: name == b"wpt",
                    lat: degrees(b"lat"),
                    lon: degrees(b"lon"),
                    time: None,
                    name: None,
                    numbers: [None; NUMBERS.len()],
                    bad_numbers: 0,
                    in_link: false,
                }));
                if tag.empty {
                    self.finish_point()?;
                }
            }
            b"link" => {
                if let Some(point) = &mut self.point {
                    point.in_link = !tag.empty;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, raw: &[u8], escaped: bool) {
        if self.point.is_none() {
            return;
        }
        let room = TEXT_BYTES_MAX.saturating_sub(self.text.len());
        if escaped {
            self.text.extend_from_slice(&raw[..raw.len().min(room)]);
        } else {
            // CDATA is text as it stands, while what is gathered here will be unescaped.
            let literal = String::from_utf8_lossy(&raw[..raw.len().min(room)]).replace('&', "&amp;");
            self.text.extend_from_slice(literal.as_bytes());
        }
    }

    fn close(&mut self, name: &[u8]) -> Result<(), Fault> {
        match name {
            b"trkpt" | b"rtept" | b"wpt" => self.finish_point()?,
            b"gpx" => {
                self.finish_point()?;
                self.complete = true;
            }
            _ => {
                if let Some(point) = &mut self.point {
                    point.take(name, self.text.trim_ascii());
                }
            }
        }
        self.text.clear();
        Ok(())
    }

    fn finish_point(&mut self) -> Result<(), Fault> {
        let Some(point) = self.point.take() else { return Ok(()) };
        for _ in 0..point.bad_numbers {
            self.outlet.skip("not a number");
        }
        let moment = match point.time {
            None => return self.skip("no time"),
            Some(Err(reason)) => return self.skip(reason),
            Some(Ok(wall)) => self.moment(wall),
        };
        let (lat, lon) = match (point.lat, point.lon) {
            (Ok(lat), Ok(lon)) => (lat, lon),
            (Err(reason), _) | (_, Err(reason)) => return self.skip(reason),
        };
        let span = Span::at(moment);
        let source = *self.source.get_or_insert_with(|| self.outlet.source(&self.creator));
        let place = self.outlet.known("location");
        if !self.outlet.push(place, source, span, Value::Position { lat, lon }, point.at)? {
            return Ok(());
        }
        for ((_, stream, below_zero_is_unknown), number) in NUMBERS.into_iter().zip(point.numbers) {
            match number {
                None => {}
                Some(number) if number < 0.0 && below_zero_is_unknown => self.outlet.note("unknown", stream),
                Some(number) => {
                    let stream = self.outlet.known(stream);
                    self.outlet.push(stream, source, span, Value::Number(number), point.at)?;
                }
            }
        }
        if let (true, Some(name)) = (point.waypoint, point.name) {
            let name = Json::Text(text::cut(&name, NAME_BYTES_MAX).to_owned());
            let named = [("lat", Json::number(lat)), ("lon", Json::number(lon)), ("name", name)];
            let named: BTreeMap<&str, Json> = named.into();
            if let Ok(json) = serde_json::to_string(&named) {
                let stream = self.outlet.known("place_named");
                self.outlet.push(stream, source, span, Value::Event(json.into()), point.at)?;
            }
        }
        Ok(())
    }

    fn skip(&mut self, reason: &'static str) -> Result<(), Fault> {
        self.outlet.skip(reason);
        Ok(())
    }

    /// GPX times are UTC; the zone that the owner names says which wall clock hung there.
    fn moment(&mut self, wall: Wall) -> Moment {
        let Some(written) = wall.zone else { return self.zones.resolve(wall) };
        let at = Timestamp(wall.ms - written.as_ms());
        let zone = if written.minutes() == Some(0) { self.zones.offset_at(at).unwrap_or(written) } else { written };
        Moment { at, zone }
    }
}

impl Point {
    fn take(&mut self, name: &[u8], raw: &[u8]) {
        if name == b"link" {
            self.in_link = false;
        } else if name == b"time" {
            self.time = Some(if raw.is_empty() { Err(MALFORMED) } else { parse(raw, Order::DayFirst) });
        } else if name == b"name" && !self.in_link {
            self.name = Some(text::unescaped(raw).into_owned()).filter(|name| !name.is_empty());
        } else if let Some(place) = NUMBERS.iter().position(|(known, _, _)| *known == name)
            && !raw.is_empty()
        {
            match number::parse(raw) {
                Some(number) => self.numbers[place] = Some(number),
                None => self.bad_numbers += 1,
            }
        }
    }
}
