//! Zip archives: each readable member is a part of its own, streamed and never written anywhere.

use crate::error::Fault;
use crate::format::{Format, detect};
use crate::options::Options;
use crate::outlet::Outlet;
use crate::read::{Input, head_of, read_part};
use crate::text;
use didymos_base::Sink;
use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;
use zip::ZipArchive;
use zip::result::ZipError;

/// Members and bytes of an archive's table of contents, which is held in memory.
const MEMBERS_MAX: u64 = 200_000;
const TABLE_BYTES_MAX: u64 = 64 << 20;
/// From here on a member may not be more than [`RATIO_MAX`] times as large as it is packed. Deflate reaches about
/// 1,000 on nothing but zeros; health exports reach 10 to 40.
const RATIO_FREE_BYTES: u64 = 100 << 20;
const RATIO_MAX: u64 = 200;

struct Candidate {
    index: usize,
    name: String,
    format: Format,
}

pub(crate) fn read(
    name: &str,
    input: &mut (impl Read + Seek),
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<Format, Fault> {
    check_table(input)?;
    let left = Rc::new(Cell::new(2 * TABLE_BYTES_MAX));
    let mut archive = ZipArchive::new(Metered { input, left: Rc::clone(&left) }).map_err(of_zip)?;
    left.set(u64::MAX);
    let (candidates, passed) = candidates(&mut archive, options)?;
    if candidates.is_empty() {
        let seen = if passed.is_empty() { "nothing".to_owned() } else { passed.join(", ") };
        return Err(Fault::NotRecognised(format!("the archive has no file that this version reads (found: {seen})")));
    }
    let mut outlet = Outlet::new(sink);
    for what in &passed {
        outlet.note("not read:", what);
    }
    for Candidate { index, name: member, format } in &candidates {
        let part = format!("{name}!{member}");
        let mut input = Member { archive: &mut archive, index: *index, options };
        read_part(&part, *format, &mut input, candidates.len() > 1, options, sink)
            .map_err(|fault| in_member(fault, member))?;
    }
    let apple = candidates.iter().any(|one| one.format == Format::AppleHealthXml);
    Ok(if apple { Format::AppleHealthZip } else { Format::Zip })
}

/// The members to read in order, an Apple export before its routes, and in a few words what else there is.
fn candidates<I: Read + Seek>(
    archive: &mut ZipArchive<Metered<'_, I>>,
    options: &Options,
) -> Result<(Vec<Candidate>, Vec<&'static str>), Fault> {
    let mut found = Vec::new();
    let mut passed = Vec::new();
    for index in 0..archive.len() {
        let (name, is_dir) = {
            let member = archive.by_index_raw(index).map_err(of_zip)?;
            (text::plain(member.name_raw()).into_owned(), member.is_dir())
        };
        let file = name.rsplit('/').next().unwrap_or_default();
        if is_dir || file.is_empty() || file.starts_with('.') || name.starts_with("__MACOSX/") {
            continue;
        }
        let name: String = text::cut(&name, 1 << 10).chars().filter(|c| !c.is_control()).collect();
        let head = head_of(&mut Member { archive, index, options }.open()?).map_err(|e| of_member(e, &name))?;
        let what = match detect(&head, &name) {
            Some(Format::Zip | Format::AppleHealthZip) => "archive in the archive",
            Some(format) if format.is_readable() => {
                found.push(Candidate { index, name, format });
                continue;
            }
            Some(format) => format.name(),
            None => "file of unknown kind",
        };
        if !passed.contains(&what) {
            passed.push(what);
        }
    }
    found.sort_by(|a, b| (a.format, &a.name).cmp(&(b.format, &b.name)));
    Ok((found, passed))
}

struct Member<'a, 'i, I> {
    archive: &'a mut ZipArchive<Metered<'i, I>>,
    index: usize,
    options: &'a Options,
}

impl<I: Read + Seek> Input for Member<'_, '_, I> {
    fn open(&mut self) -> Result<Box<dyn Read + '_>, Fault> {
        let member = self.archive.by_index(self.index).map_err(of_zip)?;
        let packed = member.compressed_size();
        Ok(Box::new(Guarded { input: member, packed, passed: 0, limit: self.options.member_bytes_max }))
    }

    fn bytes(&mut self) -> Option<u64> {
        self.archive.by_index_raw(self.index).ok().map(|member| member.size())
    }
}

/// Stops a member that unpacks to more than any true one would.
struct Guarded<R> {
    input: R,
    packed: u64,
    passed: u64,
    limit: u64,
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(to)?;
        self.passed += count as u64;
        if self.passed > self.limit {
            let limit = format!("{} bytes", self.limit);
            return Err(Fault::TooLarge { what: "the unpacked size of an archive member", limit }.into());
        }
        if self.passed > RATIO_FREE_BYTES && self.passed / RATIO_MAX > self.packed {
            let limit = format!("{RATIO_MAX} to 1");
            return Err(Fault::TooLarge { what: "the compression of an archive member", limit }.into());
        }
        Ok(count)
    }
}

/// Refuses an archive whose table of contents claims to be huge, before memory is set aside for it.
fn check_table(input: &mut (impl Read + Seek)) -> Result<(), Fault> {
    let size = input.seek(SeekFrom::End(0))?;
    // The end record, the longest comment, and the locator of the 64-bit form before them.
    let tail_bytes = size.min(22 + 65_535 + 20);
    input.seek(SeekFrom::Start(size - tail_bytes))?;
    let mut tail = Vec::new();
    input.take(tail_bytes).read_to_end(&mut tail)?;
    let too_large = |members: Option<u64>, bytes: Option<u64>| -> Result<(), Fault> {
        if members.is_some_and(|n| n > MEMBERS_MAX) {
            return Err(Fault::TooLarge { what: "the number of files in the archive", limit: MEMBERS_MAX.to_string() });
        }
        if bytes.is_some_and(|n| n > TABLE_BYTES_MAX) {
            let limit = format!("{TABLE_BYTES_MAX} bytes");
            return Err(Fault::TooLarge { what: "the archive's table of contents", limit });
        }
        Ok(())
    };
    for at in memchr::memmem::find_iter(&tail, b"PK\x05\x06") {
        too_large(None, number(&tail, at + 12, 4).filter(|n| *n != 0xffff_ffff))?;
    }
    // The 64-bit form's record lies wherever its locator says.
    for at in memchr::memmem::find_iter(&tail, b"PK\x06\x07") {
        let Some(at) = number(&tail, at + 8, 8).filter(|at| *at < size) else { continue };
        let mut record = Vec::new();
        input.seek(SeekFrom::Start(at))?;
        input.take(56).read_to_end(&mut record)?;
        too_large(number(&record, 32, 8), number(&record, 40, 8))?;
    }
    input.seek(SeekFrom::Start(0))?;
    Ok(())
}

/// A little-endian number in `raw`, if it is long enough.
fn number(raw: &[u8], from: usize, bytes: usize) -> Option<u64> {
    let raw = raw.get(from..from + bytes)?;
    Some(raw.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b)))
}

/// Counts what is read while the table of contents is, so that no arrangement of it can fill the memory.
struct Metered<'a, I> {
    input: &'a mut I,
    left: Rc<Cell<u64>>,
}

impl<I: Read> Read for Metered<'_, I> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(to)?;
        let Some(left) = self.left.get().checked_sub(count as u64) else {
            let limit = format!("{TABLE_BYTES_MAX} bytes");
            return Err(Fault::TooLarge { what: "the archive's table of contents", limit }.into());
        };
        if self.left.get() != u64::MAX {
            self.left.set(left);
        }
        Ok(count)
    }
}

impl<I: Seek> Seek for Metered<'_, I> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.input.seek(to)
    }
}

fn of_zip(error: ZipError) -> Fault {
    match error {
        ZipError::Io(error) => of_member(error, "its table of contents"),
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => Fault::Unsupported {
            format: "a zip archive with a password",
            advice: "unpack it yourself and import the folder",
        },
        ZipError::CompressionMethodNotSupported(_) | ZipError::UnsupportedArchive(_) => Fault::Unsupported {
            format: "a zip archive packed in an unusual way",
            advice: "unpack it yourself and import the folder",
        },
        other => Fault::malformed(0, format!("not a whole zip archive ({other}); was the download cut short?")),
    }
}

/// Damage inside a member comes as an input error from the unpacker.
fn of_member(error: io::Error, member: &str) -> Fault {
    let damaged = matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other
    );
    match Fault::from(error) {
        Fault::Io(error) if damaged => Fault::malformed(0, format!("{member} cannot be unpacked ({error})")),
        other => other,
    }
}

/// Names the member in what went wrong inside it.
fn in_member(fault: Fault, member: &str) -> Fault {
    match fault {
        Fault::Io(error) => of_member(error, member),
        Fault::Malformed { at, line, why } => Fault::Malformed { at, line, why: format!("in {member}: {why}") },
        Fault::NotRecognised(hint) => Fault::NotRecognised(format!("in {member}: {hint}")),
        other => other,
    }
}
