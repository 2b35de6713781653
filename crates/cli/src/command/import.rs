//! `twin import`: files in, a report of what was new, known and left out.

use crate::arguments::{self, Globals};
use crate::exit::Exit;
use crate::output;
use crate::reach::{Reach, reach};
use crate::render::{import as report, notable, number};
use crate::trouble::Trouble;
use clap::Args;
use didymos_twin::request::{CsvColumns, Import as Ask};
use didymos_twin::response::ImportReport;
use didymos_twin::{Request, Response};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  twin import ~/Downloads/export.zip                     Apple Health, zipped or not
  twin import Fitabase/ --zone Europe/Zurich             a folder; local times are Zurich's
  twin import study.csv --person 5553957443              one person of a table of many
  twin import scale.csv --csv-stream body_mass --csv-time Date --csv-value Pounds --csv-unit lb

Importing a file again, or a newer export that overlaps, adds only what is new.";

/// Takes in files and folders. What kind a file is, its content says.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Import {
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Zone of local times that name none, for example Europe/Zurich
    #[arg(long, value_name = "IANA")]
    zone: Option<String>,
    /// Whose rows to take from a file that holds several people
    #[arg(long, value_name = "ID")]
    person: Option<String>,
    #[command(flatten)]
    csv: Csv,
}

/// How to read a CSV file of no known layout.
#[derive(Args)]
#[command(next_help_heading = "CSV of any layout")]
struct Csv {
    /// Stream that the values belong to: one of `twin streams`, or custom.NAME
    #[arg(id = "csv_stream", long = "csv-stream", value_name = "STREAM", requires_all = ["csv_time", "csv_value"])]
    stream: Option<String>,
    /// Heading of the column with the time
    #[arg(id = "csv_time", long = "csv-time", value_name = "COLUMN", requires = "csv_stream")]
    time: Option<String>,
    /// Heading of the column with the value
    #[arg(id = "csv_value", long = "csv-value", value_name = "COLUMN", requires = "csv_stream")]
    value: Option<String>,
    /// Heading of the column with the end of an interval
    #[arg(id = "csv_end", long = "csv-end", value_name = "COLUMN", requires = "csv_stream")]
    end: Option<String>,
    /// Heading of the column that names the source
    #[arg(id = "csv_source", long = "csv-source", value_name = "COLUMN", requires = "csv_stream")]
    source: Option<String>,
    /// Unit of the values, if not the stream's own
    #[arg(id = "csv_unit", long = "csv-unit", value_name = "UNIT", requires = "csv_stream")]
    unit: Option<String>,
    /// rfc3339, s or ms (since 1970), or a pattern such as '%d.%m.%Y %H:%M'
    #[arg(id = "csv_time_format", long = "csv-time-format", value_name = "FORMAT", requires = "csv_stream")]
    time_format: Option<String>,
}

impl Csv {
    fn columns(self) -> Result<Option<CsvColumns>, Trouble> {
        let (Some(stream), Some(time), Some(value)) = (self.stream, self.time, self.value) else {
            return Ok(None);
        };
        let stream =
            arguments::stream(&stream).map_err(|error| Trouble::new(Exit::Usage, error.to_string()))?.to_string();
        Ok(Some(CsvColumns {
            stream,
            time,
            value,
            end: self.end,
            source: self.source,
            unit: self.unit,
            time_format: self.time_format,
        }))
    }
}

pub(crate) fn run(globals: &Globals, import: Import) -> Result<Exit, Trouble> {
    let paths = import.paths.iter().map(|path| absolute(path)).collect::<Result<_, _>>()?;
    let ask = Ask { paths, zone: import.zone, person: import.person, csv: import.csv.columns()? };
    let reach = reach(globals)?;
    let report = take_in(&reach, ask)?;

    if globals.json {
        output::json(&report)?;
    } else {
        output::text(&report::render(&report, output::width()))?;
    }
    let torn = report.files.iter().filter(|file| !report::is_whole(file)).count();
    if torn > 0 || report.files.is_empty() {
        if !globals.json && torn > 0 {
            let files = number::counted(torn as u64, "file");
            output::aside(&notable(&format!("{files} could not be read; what the others hold is in")));
        }
        return Ok(Exit::BadNews);
    }
    Ok(Exit::Done)
}

/// Asks the door to take files in.
pub(crate) fn take_in(reach: &Reach, ask: Ask) -> Result<ImportReport, Trouble> {
    match reach.work(&Request::Import(ask), "stopping; what is read so far is kept (Ctrl-C again stops at once)")? {
        Response::Import(report) => Ok(report),
        _ => Err(Trouble::misunderstood()),
    }
}

/// The path as another process would have to open it; it has to be there before a passphrase is asked for.
fn absolute(path: &Path) -> Result<PathBuf, Trouble> {
    let readable = std::fs::metadata(path)
        .and_then(|found| if found.is_file() { std::fs::File::open(path).map(drop) } else { Ok(()) });
    readable.and_then(|()| std::path::absolute(path)).map_err(|error| {
        let mut trouble = Trouble::file("read", path, &error);
        trouble.exit = Exit::BadNews;
        trouble.message.push_str("; nothing was imported");
        trouble
    })
}
