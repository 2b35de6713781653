//! From a file to its reader, and the frame that every reader runs in.

use crate::decode::{Decoded, Hashed};
use crate::error::{Fault, IntakeError};
use crate::format::{Format, HEAD_BYTES, detect, head_text, hint};
use crate::options::Options;
use crate::outlet::Outlet;
use crate::{apple, archive, gpx, ical, table};
use didymos_base::{Part, Sink};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Reads the file at `path` into `sink`, as [`read`] does.
pub fn read_file(path: &Path, options: &Options, sink: &mut dyn Sink) -> Result<Format, IntakeError> {
    let name = path.display().to_string();
    let open = || -> Result<File, Fault> {
        // Asked first, because opening a pipe would wait for its writer.
        if !std::fs::metadata(path)?.is_file() {
            return Err(Fault::NotRecognised("it is not a regular file".to_owned()));
        }
        Ok(File::open(path)?)
    };
    let mut file = open().map_err(|fault| fault.in_file(&name))?;
    read(&name, &mut file, options, sink)
}

/// Reads `input`, called `name`, into `sink`: recognises the format by content, announces each part, pushes its rows and
/// ends it with the length and the digest of its bytes. Rows pushed before an error stay pushed, and the part in
/// question is not ended.
pub fn read(
    name: &str,
    input: &mut (impl Read + Seek),
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<Format, IntakeError> {
    read_any(name, input, options, sink).map_err(|fault| fault.in_file(name))
}

fn read_any(
    name: &str,
    input: &mut (impl Read + Seek),
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<Format, Fault> {
    // Said before anything is read, so that a wrong option never leaves half an import.
    options.time_zone()?;
    input.seek(SeekFrom::Start(0))?;
    let head = head_of(input)?;
    let format = match detect(&head, name) {
        Some(Format::FitbitCsv | Format::GlucoseCsv) | None if options.csv.is_some() && is_text(&head) => Format::Csv,
        Some(format) => format.readable()?,
        None => return Err(Fault::NotRecognised(hint(&head))),
    };
    match format {
        Format::AppleHealthZip | Format::Zip => archive::read(name, input, options, sink),
        _ => read_part(name, format, &mut WholeFile(input), false, options, sink).map(|()| format),
    }
}

fn is_text(head: &[u8]) -> bool {
    let text = head_text(head);
    !text.is_empty() && !text.contains(&0)
}

pub(crate) fn head_of(input: &mut (impl Read + ?Sized)) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    input.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Something that can be read from its start more than once: some tables need a first look through all of them.
pub(crate) trait Input {
    fn open(&mut self) -> Result<Box<dyn Read + '_>, Fault>;
    /// Size in bytes, if known.
    fn bytes(&mut self) -> Option<u64>;
}

struct WholeFile<'a, I>(&'a mut I);

impl<I: Read + Seek> Input for WholeFile<'_, I> {
    fn open(&mut self) -> Result<Box<dyn Read + '_>, Fault> {
        self.0.seek(SeekFrom::Start(0))?;
        Ok(Box::new(&mut *self.0))
    }

    fn bytes(&mut self) -> Option<u64> {
        self.0.seek(SeekFrom::End(0)).ok()
    }
}

/// Reads one file or member in a readable format that is not an archive.
pub(crate) fn read_part(
    name: &str,
    format: Format,
    input: &mut dyn Input,
    among_others: bool,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<(), Fault> {
    // Whatever would refuse the file as a whole comes before its part begins.
    let plan = match format {
        Format::FitbitCsv | Format::GlucoseCsv | Format::TwinCsv | Format::Csv => {
            Some(table::plan(format, input, options)?)
        }
        _ => None,
    };
    let zones = if format == Format::ICalendar { Some(ical::Survey::of(Decoded::new(input.open()?))?) } else { None };
    sink.begin_part(Part { name: name.to_owned(), format: format.name(), bytes: input.bytes() })?;
    let mut raw = Hashed::new(input.open()?);
    let mut outlet = Outlet::new(sink);
    let text = Decoded::new(&mut raw);
    let outcome = match (format, &plan, &zones) {
        (_, Some(plan), _) => table::read(text, plan, options, &mut outlet),
        (_, _, Some(zones)) => ical::read(text, zones, options, &mut outlet),
        (Format::Gpx, ..) => gpx::read(text, options, &mut outlet),
        _ => apple::read(text, &mut outlet),
    };
    let one_of_many = matches!(format, Format::Gpx | Format::ICalendar);
    match outcome {
        // One broken route must not cost the other five hundred of an archive.
        Err(Fault::Malformed { .. }) if one_of_many && among_others => outlet.skip("damaged file"),
        other => other?,
    }
    let (bytes, digest) = raw.finish()?;
    sink.end_part(bytes, digest)?;
    Ok(())
}
