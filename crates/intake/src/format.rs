//! Which format a file is in, told from its content.

use crate::decode::Decoded;
use crate::error::Fault;
use crate::table;
use crate::xml::{Event, Scanner};
use memchr::memmem;
use std::io::Read;

/// How much of a file is looked at to tell its format.
pub(crate) const HEAD_BYTES: usize = 64 << 10;

/// A file format. More come with time; some are recognised so that the owner is told what the file is, even though
/// this version cannot read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// `export.xml` of Apple Health.
    AppleHealthXml,
    /// `export.zip` of Apple Health.
    AppleHealthZip,
    /// A zip archive of files in readable formats.
    Zip,
    /// Fitbit tables in the layouts of Fitabase.
    FitbitCsv,
    /// Glucose tables: Dexcom Clarity, `LibreView`, and plain time–glucose tables.
    GlucoseCsv,
    /// Observation tables written by `twin export`.
    TwinCsv,
    /// GPX 1.0 and 1.1.
    Gpx,
    /// A table read by a [`CsvMapping`](crate::CsvMapping).
    Csv,
    /// Garmin and ANT+ activities (not read yet).
    Fit,
    /// European Data Format and its 24-bit sibling BDF (not read yet).
    Edf,
    /// iCalendar.
    ICalendar,
    /// HDF5, which Neurodata Without Borders is written in (not read yet).
    Hdf5,
    /// Training Center XML (not read yet).
    Tcx,
    /// Keyhole Markup Language (not read yet).
    Kml,
    /// HL7 Clinical Document Architecture, the second file of an Apple Health export (not read).
    Cda,
    /// A gzip-compressed file (not unpacked).
    Gzip,
}

impl Format {
    /// The short name by which results and parts are labelled; it never changes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AppleHealthXml => "apple_health_xml",
            Self::AppleHealthZip => "apple_health_zip",
            Self::Zip => "zip",
            Self::FitbitCsv => "fitbit_csv",
            Self::GlucoseCsv => "glucose_csv",
            Self::TwinCsv => "twin_csv",
            Self::Gpx => "gpx",
            Self::Csv => "csv",
            Self::Fit => "fit",
            Self::Edf => "edf",
            Self::ICalendar => "ics",
            Self::Hdf5 => "hdf5",
            Self::Tcx => "tcx",
            Self::Kml => "kml",
            Self::Cda => "cda",
            Self::Gzip => "gzip",
        }
    }

    /// Whether this version reads it.
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.refusal().is_none()
    }

    /// The format in words and what the owner can do, where this version cannot read it.
    pub(crate) const fn refusal(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::AppleHealthXml
            | Self::AppleHealthZip
            | Self::Zip
            | Self::FitbitCsv
            | Self::GlucoseCsv
            | Self::TwinCsv
            | Self::Gpx
            | Self::ICalendar
            | Self::Csv => return None,
            Self::Fit => ("a FIT activity", "export it as GPX instead"),
            Self::Edf => ("an EDF or BDF recording", "export the derived values as CSV instead"),
            Self::Hdf5 => ("an HDF5 or NWB file", "export the derived values as CSV instead"),
            Self::Tcx => ("a Training Center (TCX) activity", "export it as GPX instead"),
            Self::Kml => ("a KML file", "export it as GPX instead"),
            Self::Cda => ("a clinical document (CDA)", "import export.xml, which lies beside it, instead"),
            Self::Gzip => ("a gzip-compressed file", "unpack it first"),
        })
    }

    pub(crate) fn readable(self) -> Result<Self, Fault> {
        match self.refusal() {
            None => Ok(self),
            Some((format, advice)) => Err(Fault::Unsupported { format, advice }),
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// The format of a file whose first 64 KiB (or all, if shorter) are `head`. The content decides; `name` only breaks
/// ties that content leaves, of which there are none yet.
#[must_use]
pub fn detect(head: &[u8], name: &str) -> Option<Format> {
    let _ = name;
    binary(head).or_else(|| {
        let text = head_text(head);
        let trimmed = text.trim_ascii_start();
        if trimmed.starts_with(b"<") {
            return markup(trimmed);
        }
        if trimmed.len() >= 15 && trimmed[..15].eq_ignore_ascii_case(b"BEGIN:VCALENDAR") {
            return Some(Format::ICalendar);
        }
        table::sniff(&text).map(|(_, layout)| layout.format())
    })
}

/// The head as UTF-8 text (or nearly so), without its byte order mark.
pub(crate) fn head_text(head: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let limit = 2 * HEAD_BYTES as u64;
    match Decoded::new(head).take(limit).read_to_end(&mut text) {
        Ok(_) => text,
        Err(_) => Vec::new(),
    }
}

fn binary(head: &[u8]) -> Option<Format> {
    let at = |from: usize, magic: &[u8]| head.get(from..).is_some_and(|rest| rest.starts_with(magic));
    if at(0, b"PK\x03\x04") || at(0, b"PK\x05\x06") {
        // Names are in clear at each member's start; the folder's name is the same in every language.
        let apple = memmem::find(head, b"apple_health_export/").is_some();
        return Some(if apple { Format::AppleHealthZip } else { Format::Zip });
    }
    if at(8, b".FIT") {
        return Some(Format::Fit);
    }
    let edf = at(0, b"0       ") && head.len() >= 256 && head[..256].is_ascii();
    if edf || at(0, b"\xffBIOSEMI") {
        return Some(Format::Edf);
    }
    if at(0, b"\x89HDF\r\n\x1a\n") {
        return Some(Format::Hdf5);
    }
    at(0, b"\x1f\x8b\x08").then_some(Format::Gzip)
}

/// By the root element, or by the document type where that fills the head.
fn markup(text: &[u8]) -> Option<Format> {
    let mut scanner = Scanner::new(text, false);
    loop {
        match scanner.next() {
            Ok(Some(Event::Open(tag))) => return root(tag.name()),
            Ok(Some(_)) => {}
            Ok(None) => return None,
            Err(_) => {
                let doctype = memmem::find(text, b"<!DOCTYPE")?;
                let name = text[doctype + 9..].trim_ascii_start();
                let end = name.iter().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(name.len());
                return root(&name[..end]);
            }
        }
    }
}

fn root(name: &[u8]) -> Option<Format> {
    Some(match name {
        b"HealthData" => Format::AppleHealthXml,
        b"gpx" => Format::Gpx,
        b"ClinicalDocument" => Format::Cda,
        b"TrainingCenterDatabase" => Format::Tcx,
        b"kml" => Format::Kml,
        _ => return None,
    })
}

/// What to tell the owner of a file that no reader knows.
pub(crate) fn hint(head: &[u8]) -> String {
    if head.is_empty() {
        return "the file is empty".to_owned();
    }
    let text = head_text(head);
    if text.trim_ascii_start().starts_with(b"<") {
        return "it is XML or HTML, but neither an Apple Health export nor a GPX track".to_owned();
    }
    if text.contains(&0) {
        return "it is binary and of no known kind".to_owned();
    }
    "if it is a table, say which column is what with a CSV mapping (time column, value column, stream, unit)".to_owned()
}
