//! One reader per file format: bytes in, observations out.
//!
//! A reader is given a file and a [`Sink`](didymos_base::Sink). It recognises the format by content ([`detect`]), walks
//! the file once from front to back in a fixed amount of memory however large it is, and pushes rows in the units and
//! streams of `didymos-base`. It knows nothing of vaults, users or progress bars.
//!
//! What all readers hold to:
//!
//! - **Nothing silent.** A record that cannot be taken is counted under a few fixed words
//!   ([`skip`](didymos_base::Sink::skip)); what is passed over on purpose is noted; a number that changed its unit says so in
//!   its source. Only a file that cannot go on as a whole is an [`IntakeError`], which names the byte.
//! - **Nothing trusted.** Every field, record, name table and archive member has a ceiling. Entities declared in a
//!   file are never expanded, archives never touch the disk, and numbers must be finite and times between 1900 and 2199.
//! - **Nothing that changes from export to export** enters a source or a value, so that the same reading in a newer
//!   export is the same observation.
//!
//! ```
//! use didymos_intake::{Collected, Format, Options, read};
//! use std::io::Cursor;
//!
//! let file = "Id,Time,Value\n7,4/12/2016 7:21:00 AM,97\n7,4/12/2016 7:22:00 AM,n/a\n";
//! let mut got = Collected::default();
//! let format = read("heartrate.csv", &mut Cursor::new(file), &Options::default(), &mut got)?;
//! assert_eq!(format, Format::FitbitCsv);
//! assert_eq!(got.numbers("heart_rate"), [97.0]);
//! assert_eq!(got.skips["not a number"], 1);
//! # Ok::<(), didymos_intake::IntakeError>(())
//! ```

mod apple;
mod archive;
mod clock;
mod collected;
mod decode;
mod error;
mod expand;
mod format;
mod gpx;
mod ical;
mod json;
mod lookup;
mod number;
mod options;
mod outlet;
mod read;
mod table;
mod text;
mod window;
mod xml;

pub use collected::{Collected, CollectedPart};
pub use error::IntakeError;
pub use expand::expand;
pub use format::{Format, detect};
pub use options::{CsvMapping, Options, TimeFormat};
pub use read::{read, read_file};
pub use table::own::COLUMNS as TWIN_CSV_COLUMNS;
