//! Glucose tables: Dexcom Clarity, `FreeStyle` `LibreView`, and plain tables of times and glucose.
//!
//! A plain table is recognised by a time column and a glucose column; their names are in [`TIMES`] and [`GLUCOSE`], and
//! the unit stands in the glucose column's name or in a column `unit`. Without any it is mg/dL, unless the values
//! say otherwise: then the owner has to.

use super::survey::{Columns, Survey};
use super::{Header, RowReader, account, is_person};
use crate::clock::{Moment, Order, Zones, parse};
use crate::error::Fault;
use crate::lookup::Lookup;
use crate::number;
use crate::options::Options;
use crate::outlet::{Outlet, Span, fitting};
use crate::table::records::Record;
use crate::text::{self, NAME_BYTES_MAX};
use didymos_base::unit::{Analyte, Conversion};
use didymos_base::{Source, SourceKey, StreamKey, Value};

const TIMES: [&str; 9] = [
    "time",
    "timestamp",
    "datetime",
    "date time",
    "date",
    "device timestamp",
    "display time",
    "displaytime",
    "glucosedisplaytime",
];
const GLUCOSE: [&str; 11] = [
    "gl",
    "glucose",
    "bg",
    "sgv",
    "cgm",
    "glucose value",
    "glucosevalue",
    "blood glucose",
    "sensor glucose",
    "glucose level",
    "glucose reading",
];
const PEOPLE: [&str; 7] = ["id", "subject", "subject id", "subjectid", "patient", "patient id", "patientid"];

/// The highest glucose that a person lives with in mmol/L; in mg/dL nobody stays below it.
const MMOL_MAX: f64 = 36.0;

/// A number column of a table, and the stream that it goes to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    index: usize,
    stream: &'static str,
    /// How the maker samples it, where the columns differ in that.
    sampling: Option<&'static str>,
    /// Unit in the file.
    unit: &'static str,
    /// Unit of the stream.
    to: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) enum Layout {
    Clarity {
        time: usize,
        event: usize,
        subtype: Option<usize>,
        glucose: Numbers,
        insulin: Option<usize>,
        carbohydrates: Option<usize>,
        device_info: Option<usize>,
        device: Option<usize>,
        transmitter: Option<usize>,
    },
    Libre {
        time: usize,
        device: Option<usize>,
        note: Option<usize>,
        numbers: Vec<Numbers>,
    },
    Plain {
        time: usize,
        person: Option<usize>,
        glucose: Numbers,
        unit_named: bool,
        unit: Option<usize>,
        diagnosis: Option<usize>,
        device: Option<usize>,
    },
}

/// The unit in a column's name.
fn unit_in(name: &str) -> Option<&'static str> {
    if name.contains("mmol") {
        Some("mmol/L")
    } else if name.contains("mg/dl") || name.contains("mg_dl") || name.contains("mgdl") {
        Some("mg/dL")
    } else {
        None
    }
}

/// A column's name without its unit: `glucose_value (mg/dL)` is `glucose value`.
fn bare(name: &str) -> String {
    let name = name.split(['(', '[']).next().unwrap_or_default().replace(['_', '-'], " ");
    let units = ["mg/dl", "mgdl", "mg dl", "mmol/l", "mmol l", "mmoll", "mmol"];
    let name = name.trim();
    units.iter().find_map(|unit| name.strip_suffix(unit)).unwrap_or(name).trim().to_owned()
}

fn glucose_column(index: usize, name: &str, stream: &'static str, sampling: Option<&'static str>) -> Numbers {
    Numbers { index, stream, sampling, unit: unit_in(name).unwrap_or("mg/dL"), to: "mg/dL" }
}

impl Layout {
    pub(crate) fn of(header: &Header) -> Option<Self> {
        Self::clarity(header).or_else(|| Self::libre(header)).or_else(|| Self::plain(header))
    }

    fn clarity(header: &Header) -> Option<Self> {
        let glucose = header.column_starting("glucose value")?;
        Some(Self::Clarity {
            time: header.column_starting("timestamp")?,
            event: header.column(&["event type"])?,
            subtype: header.column(&["event subtype"]),
            glucose: glucose_column(glucose, header.name(glucose), "glucose", None),
            insulin: header.column_starting("insulin value"),
            carbohydrates: header.column_starting("carb value"),
            device_info: header.column(&["device info"]),
            device: header.column(&["source device id"]),
            transmitter: header.column(&["transmitter id"]),
        })
    }

    fn libre(header: &Header) -> Option<Self> {
        let historic = header.column_starting("historic glucose")?;
        let time = header.column(&["device timestamp"])?;
        let named = |index| header.name(index);
        let mut numbers = vec![glucose_column(historic, named(historic), "glucose", Some("stored every 15 min"))];
        if let Some(index) = header.column_starting("scan glucose") {
            numbers.push(glucose_column(index, named(index), "glucose", Some("on scan")));
        }
        if let Some(index) = header.column_starting("strip glucose") {
            numbers.push(glucose_column(index, named(index), "glucose_blood", None));
        }
        let plain = |start: &str, stream, unit| {
            let index = header.column_starting(start)?;
            Some(Numbers { index, stream, sampling: None, unit, to: unit })
        };
        numbers.extend(plain("ketone mmol", "ketones", "mmol/L"));
        numbers.extend(plain("rapid-acting insulin", "insulin", "[iU]"));
        numbers.extend(plain("long-acting insulin", "insulin_long_acting", "[iU]"));
        numbers.extend(plain("carbohydrates (grams", "dietary_carbohydrates", "g"));
        Some(Self::Libre { time, device: header.column(&["device"]), note: header.column(&["notes"]), numbers })
    }

    fn plain(header: &Header) -> Option<Self> {
        let bare: Vec<String> = header.columns.iter().map(|name| bare(name)).collect();
        let find = |names: &[&str]| names.iter().find_map(|name| bare.iter().position(|column| column == name));
        let (time, glucose) = (find(&TIMES)?, find(&GLUCOSE)?);
        let unit_named = unit_in(header.name(glucose)).is_some();
        Some(Self::Plain {
            time,
            person: find(&PEOPLE),
            glucose: glucose_column(glucose, header.name(glucose), "glucose", None),
            unit_named,
            unit: find(&["unit", "units"]).filter(|_| !unit_named),
            diagnosis: find(&["diagnosis"]),
            device: find(&["device", "source"]),
        })
    }

    pub(crate) fn survey(&self) -> Columns {
        match self {
            Self::Clarity { time, .. } | Self::Libre { time, .. } => {
                Columns { time: Some(*time), ..Columns::default() }
            }
            Self::Plain { time, person, glucose, .. } => {
                Columns { time: Some(*time), person: *person, value: Some(glucose.index) }
            }
        }
    }

    /// Refuses a table whose unit would have to be guessed against the look of its values.
    pub(crate) fn check(&self, survey: &Survey) -> Result<(), Fault> {
        let Self::Plain { unit_named: false, unit: None, .. } = self else { return Ok(()) };
        match survey.value_max {
            Some(max) if max < MMOL_MAX => Err(Fault::NotRecognised(
                "its glucose column names no unit and its values look like mmol/L; say so with a CSV mapping \
                 (stream glucose, unit mmol/L)"
                    .to_owned(),
            )),
            _ => Ok(()),
        }
    }
}

pub(super) fn reader<'a>(
    layout: &'a Layout,
    survey: &Survey,
    options: &Options,
) -> Result<Box<dyn RowReader + 'a>, Fault> {
    let app = match layout {
        Layout::Clarity { .. } => "Dexcom Clarity",
        Layout::Libre { .. } => "LibreView",
        Layout::Plain { .. } => "Glucose table",
    };
    let person = options.person.as_ref().map(|id| id.trim().as_bytes().to_vec());
    let desk = Desk {
        app,
        order: survey.order(),
        zones: Zones::new(options.time_zone()?),
        sources: Lookup::new(10_000),
        account: None,
        model: None,
    };
    Ok(match layout {
        Layout::Clarity { .. } => Box::new(Clarity { layout, desk }),
        Layout::Libre { .. } => Box::new(Libre { layout, desk }),
        Layout::Plain { .. } => Box::new(Plain { layout, desk, person, diagnosis: None }),
    })
}

/// What all three layouts need for a row.
struct Desk {
    app: &'static str,
    order: Order,
    zones: Zones,
    sources: Lookup<4, SourceKey>,
    /// The person that the rows are of, where a column says so.
    account: Option<String>,
    /// The receiver's model, from the rows above the readings.
    model: Option<String>,
}

impl Desk {
    fn moment(&mut self, record: &Record<'_>, column: usize) -> Result<Moment, &'static str> {
        let wall = parse(record.get(column).unwrap_or_default(), self.order)?;
        Ok(self.zones.resolve(wall))
    }

    /// The source of a value, by device, transmitter, sampling and the unit that it was converted from.
    fn source(
        &mut self,
        device: Option<&[u8]>,
        transmitter: Option<&[u8]>,
        sampling: Option<&'static str>,
        from: Option<&'static str>,
        outlet: &mut Outlet<'_>,
    ) -> Result<SourceKey, &'static str> {
        let bytes = |text: Option<&'static str>| text.unwrap_or_default().as_bytes();
        let key = [device.unwrap_or_default(), transmitter.unwrap_or_default(), bytes(sampling), bytes(from)];
        if let Some(at) = self.sources.find(key) {
            return Ok(*self.sources.get(at));
        }
        let field = |raw: Option<&[u8]>| raw.map(|raw| text::cut(&text::plain(raw), NAME_BYTES_MAX).to_owned());
        let source = Source {
            app: self.app.to_owned(),
            account: self.account.clone(),
            device: field(device),
            model: self.model.clone(),
            hardware: field(transmitter),
            sampling: sampling.map(str::to_owned),
            converted_from: from.map(str::to_owned),
            ..Source::default()
        };
        let source = outlet.source(&source);
        self.sources.add(key, source).ok_or("too many sources")?;
        Ok(source)
    }
}

/// A number as a table writes it, in the stream's unit, and what it was converted from.
fn read_number(raw: &[u8], unit: &str, to: &str) -> Result<(f64, Option<&'static str>), &'static str> {
    if [&b"low"[..], b"high", b"lo", b"hi"].iter().any(|word| raw.eq_ignore_ascii_case(word)) {
        return Err("outside the sensor's range");
    }
    let number = number::parse(raw).or_else(|| number::parse_comma(raw)).ok_or("not a number")?;
    let conversion = Conversion::new(unit, to, Some(Analyte::Glucose)).map_err(|_| "unknown unit")?;
    Ok((conversion.apply(number), (!conversion.is_identity()).then(|| conversion.from_ucum())))
}

/// Counts the reason, if that is what came of a row.
fn counted(outcome: Result<Result<(), Fault>, &'static str>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    outcome.unwrap_or_else(|reason| {
        outlet.skip(reason);
        Ok(())
    })
}

struct Clarity<'a> {
    layout: &'a Layout,
    desk: Desk,
}

impl Clarity<'_> {
    fn take(&mut self, record: &Record<'_>, outlet: &mut Outlet<'_>) -> Result<Result<(), Fault>, &'static str> {
        let Layout::Clarity { time, event, subtype, glucose, insulin, carbohydrates, device_info, device, transmitter } =
            self.layout
        else {
            return Ok(Ok(()));
        };
        let field = |column: &Option<usize>| column.and_then(|column| record.get(column));
        let event = text::plain(record.get(*event).unwrap_or_default()).to_lowercase();
        let long_acting = field(subtype).is_some_and(|text| text.to_ascii_lowercase().starts_with(b"long"));
        let (column, stream, unit, to) = match event.as_str() {
            "egv" => (Some(glucose.index), "glucose", glucose.unit, "mg/dL"),
            "calibration" => (Some(glucose.index), "glucose_blood", glucose.unit, "mg/dL"),
            "insulin" if long_acting => (*insulin, "insulin_long_acting", "[iU]", "[iU]"),
            "insulin" => (*insulin, "insulin", "[iU]", "[iU]"),
            "carbs" | "carbohydrates" => (*carbohydrates, "dietary_carbohydrates", "g", "g"),
            "device" => {
                self.desk.model = field(device_info).map(|raw| text::cut(&text::plain(raw), NAME_BYTES_MAX).to_owned());
                return Ok(Ok(()));
            }
            // Rows above the readings say who the patient is, which the twin knows better.
            "firstname" | "lastname" | "dateofbirth" | "patientidentifier" => {
                outlet.note("rows about the patient", "");
                return Ok(Ok(()));
            }
            "exercise" | "health" | "alert" | "activity" | "notes" => {
                outlet.note("not read:", &event);
                return Ok(Ok(()));
            }
            _ => return Err("unknown event"),
        };
        let moment = self.desk.moment(record, *time)?;
        let raw = field(&column).ok_or("value missing")?;
        let (number, from) = read_number(raw, unit, to)?;
        let source = self.desk.source(field(device), field(transmitter), None, from, outlet)?;
        let stream = outlet.known(stream);
        Ok(outlet.push(stream, source, Span::at(moment), Value::Number(number), record.at).map(drop))
    }
}

impl RowReader for Clarity<'_> {
    fn row(&mut self, record: &Record<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
        let outcome = self.take(record, outlet);
        counted(outcome, outlet)
    }
}

struct Libre<'a> {
    layout: &'a Layout,
    desk: Desk,
}

impl RowReader for Libre<'_> {
    fn row(&mut self, record: &Record<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
        let Layout::Libre { time, device, note, numbers } = self.layout else { return Ok(()) };
        let device = device.and_then(|column| record.get(column));
        let moment = match self.desk.moment(record, *time) {
            Ok(moment) => moment,
            Err(reason) => return counted(Err(reason), outlet),
        };
        let mut empty = true;
        for column in numbers {
            let Some(raw) = record.get(column.index) else { continue };
            empty = false;
            let mut take = || -> Result<(StreamKey, SourceKey, f64), &'static str> {
                let (number, from) = read_number(raw, column.unit, column.to)?;
                let source = self.desk.source(device, None, column.sampling, from, outlet)?;
                Ok((outlet.known(column.stream), source, number))
            };
            match take() {
                Ok((stream, source, number)) => {
                    outlet.push(stream, source, Span::at(moment), Value::Number(number), record.at)?;
                }
                Err(reason) => outlet.skip(reason),
            }
        }
        if let Some(raw) = note.and_then(|column| record.get(column)) {
            empty = false;
            match (fitting(&text::plain(raw)), self.desk.source(device, None, None, None, outlet)) {
                (Ok(note), Ok(source)) => {
                    let stream = outlet.known("note");
                    outlet.push(stream, source, Span::at(moment), Value::Text(note), record.at)?;
                }
                (Err(reason), _) | (_, Err(reason)) => outlet.skip(reason),
            }
        }
        if empty {
            outlet.skip("value missing");
        }
        Ok(())
    }
}

struct Plain<'a> {
    layout: &'a Layout,
    desk: Desk,
    person: Option<Vec<u8>>,
    /// The diagnosis last written, which stands in every row and is one fact.
    diagnosis: Option<Box<str>>,
}

impl Plain<'_> {
    fn take(&mut self, record: &Record<'_>, outlet: &mut Outlet<'_>) -> Result<Result<(), Fault>, &'static str> {
        let Layout::Plain { time, glucose, unit, diagnosis, device, .. } = self.layout else { return Ok(Ok(())) };
        let field = |column: &Option<usize>| column.and_then(|column| record.get(column));
        let moment = self.desk.moment(record, *time)?;
        let raw = record.get(glucose.index).ok_or("value missing")?;
        let unit = field(unit).map_or(glucose.unit.into(), text::plain);
        let (number, from) = read_number(raw, &unit, glucose.to)?;
        let source = self.desk.source(field(device), None, None, from, outlet)?;
        let stream = outlet.known(glucose.stream);
        if let Err(fault) = outlet.push(stream, source, Span::at(moment), Value::Number(number), record.at) {
            return Ok(Err(fault));
        }
        let Some(label) = field(diagnosis).map(|raw| text::snake(&text::plain(raw))) else { return Ok(Ok(())) };
        if label.is_empty() || self.diagnosis.as_deref() == Some(&label) {
            return Ok(Ok(()));
        }
        self.diagnosis = Some(label.clone().into());
        let source = self.desk.source(field(device), None, None, None, outlet)?;
        let stream = outlet.known("diagnosis");
        Ok(outlet.push(stream, source, Span::at(moment), Value::Category(label.into()), record.at).map(drop))
    }
}

impl RowReader for Plain<'_> {
    fn row(&mut self, record: &Record<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
        let Layout::Plain { person, .. } = self.layout else { return Ok(()) };
        if !is_person(record, *person, self.person.as_deref(), outlet) {
            return Ok(());
        }
        if self.desk.account.is_none() {
            self.desk.account = person.and_then(|column| record.get(column)).map(account);
        }
        let outcome = self.take(record, outlet);
        counted(outcome, outlet)
    }
}
