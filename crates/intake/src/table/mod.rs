//! Tables of comma-separated values: what they look like, and a first look through them where one is needed.
//!
//! A table's layout is told by the names in its header, which may be preceded by a title, may be separated by commas,
//! semicolons, tabs or bars, and may be quoted. Whatever would refuse a table as a whole (several people in it, a
//! missing column, a unit that nobody named) is found out before its first row is handed over.

mod fitbit;
mod glucose;
mod mapped;
pub(crate) mod own;
mod records;
mod survey;

use crate::error::Fault;
use crate::format::{Format, head_text};
use crate::options::Options;
use crate::outlet::Outlet;
use crate::read::{Input, head_of};
use crate::text;
use records::{Entry, Record, Records};
use std::io::Read;
use survey::Survey;

/// How far down a header may stand, below titles and notes.
const HEADER_ROWS: usize = 20;
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Where a table's header is and what it says.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    delimiter: u8,
    /// Records before it.
    row: usize,
    /// Lower-case names, trimmed.
    columns: Vec<String>,
}

impl Header {
    /// The first column with one of these names.
    fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.columns.iter().position(|column| column == name))
    }

    fn column_starting(&self, start: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.starts_with(start))
    }

    fn name(&self, column: usize) -> &str {
        self.columns.get(column).map_or("", String::as_str)
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Layout {
    Fitbit(fitbit::Layout),
    Glucose(glucose::Layout),
    Own(own::Layout),
}

impl Layout {
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Fitbit(_) => Format::FitbitCsv,
            Self::Glucose(_) => Format::GlucoseCsv,
            Self::Own(_) => Format::TwinCsv,
        }
    }
}

/// The known layout that a file's head shows.
pub(crate) fn sniff(text: &[u8]) -> Option<(Header, Layout)> {
    if text.contains(&0) {
        return None;
    }
    find_header(text, None, |header| {
        let own = own::Layout::of(header).map(Layout::Own);
        let fitbit = || fitbit::Layout::of(header).map(Layout::Fitbit);
        own.or_else(fitbit).or_else(|| glucose::Layout::of(header).map(Layout::Glucose))
    })
}

/// The first record of the head, under any delimiter, in which `recognise` sees a header.
fn find_header<T>(text: &[u8], delimiter: Option<u8>, recognise: impl Fn(&Header) -> Option<T>) -> Option<(Header, T)> {
    let all = DELIMITERS.into_iter().filter(|_| delimiter.is_none()).chain(delimiter);
    for delimiter in all {
        let mut records = Records::new(text, delimiter);
        for row in 0..HEADER_ROWS {
            let Ok(Some(entry)) = records.next() else { break };
            let Entry::Record(record) = entry else { continue };
            let name = |i| text::plain(record.get(i).unwrap_or_default()).to_lowercase();
            let header = Header { delimiter, row, columns: (0..record.len()).map(name).collect() };
            if let Some(found) = recognise(&header) {
                return Some((header, found));
            }
        }
    }
    None
}

/// A table that is known to be readable, and how.
pub(crate) struct Plan {
    header: Header,
    reader: Reading,
}

enum Reading {
    Fitbit(fitbit::Layout),
    Glucose(glucose::Layout, Survey),
    Mapped(mapped::Layout),
    Own,
}

/// Looks at a table and, where its layout asks for it, once through all of it.
pub(crate) fn plan(format: Format, input: &mut dyn Input, options: &Options) -> Result<Plan, Fault> {
    let head = head_text(&head_of(&mut *input.open()?)?);
    if let (Format::Csv, Some(mapping)) = (format, &options.csv) {
        let (header, layout) = mapped::Layout::of(&head, mapping, options)?;
        return Ok(Plan { header, reader: Reading::Mapped(layout) });
    }
    let (header, layout) = sniff(&head).ok_or_else(|| Fault::malformed(0, "the header is gone"))?;
    let reader = match layout {
        Layout::Fitbit(layout) => {
            Survey::of(&header, layout.survey(), input)?.one_person(options)?;
            Reading::Fitbit(layout)
        }
        Layout::Glucose(layout) => {
            let survey = Survey::of(&header, layout.survey(), input)?;
            survey.one_person(options)?;
            layout.check(&survey)?;
            Reading::Glucose(layout, survey)
        }
        Layout::Own(own::Layout) => Reading::Own,
    };
    Ok(Plan { header, reader })
}

/// One layout at work: takes record after record.
trait RowReader {
    fn row(&mut self, record: &Record<'_>, outlet: &mut Outlet<'_>) -> Result<(), Fault>;
}

pub(crate) fn read(input: impl Read, plan: &Plan, options: &Options, outlet: &mut Outlet<'_>) -> Result<(), Fault> {
    let mut reader: Box<dyn RowReader> = match &plan.reader {
        Reading::Fitbit(layout) => Box::new(fitbit::Reader::new(layout, options, outlet)?),
        Reading::Glucose(layout, survey) => glucose::reader(layout, survey, options)?,
        Reading::Own => Box::new(own::Reader::new(options)?),
        Reading::Mapped(layout) => Box::new(mapped::Reader::new(layout, outlet)?),
    };
    let mut records = Records::new(input, plan.header.delimiter);
    let mut row = 0;
    while let Some(entry) = records.next()? {
        row += 1;
        match entry {
            _ if row <= plan.header.row + 1 => {}
            Entry::TooLong => outlet.skip("record too long"),
            Entry::Record(record) if record.is_blank() => {}
            Entry::Record(record) => {
                reader.row(&record, outlet)?;
                outlet.progress(record.at)?;
            }
        }
    }
    Ok(())
}

/// A person's id as a source names it.
fn account(raw: &[u8]) -> String {
    text::cut(&text::plain(raw), text::NAME_BYTES_MAX).to_owned()
}

/// Whether the record is of the person to read.
fn is_person(record: &Record<'_>, column: Option<usize>, person: Option<&[u8]>, outlet: &mut Outlet<'_>) -> bool {
    let (Some(column), Some(person)) = (column, person) else { return true };
    let same = record.get(column) == Some(person);
    if !same {
        outlet.skip("another person's row");
    }
    same
}
