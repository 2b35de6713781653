//! A table's records, one after the other, in bounded memory.

use crate::error::Fault;
use crate::window::{RECORD_BYTES_MAX, Refill, Window};
use csv_core::ReadRecordResult;
use std::io::Read;

/// Fields of one record that are kept; a wide minute table has about 60.
const FIELDS_MAX: usize = 4_096;

pub(crate) struct Records<R> {
    window: Window<R>,
    core: csv_core::Reader,
    fields: Vec<u8>,
    ends: Vec<usize>,
}

/// One record: unquoted fields.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    fields: &'a [u8],
    ends: &'a [usize],
    /// Position of its first byte.
    pub(crate) at: u64,
}

impl<'a> Record<'a> {
    /// A field without the blanks around it; `None` where it is empty or not there.
    pub(crate) fn get(&self, index: usize) -> Option<&'a [u8]> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.fields.get(start..end).map(<[u8]>::trim_ascii).filter(|field| !field.is_empty())
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.fields.iter().all(u8::is_ascii_whitespace)
    }
}

pub(crate) enum Entry<'a> {
    Record(Record<'a>),
    /// A record longer than any true one, stepped over.
    TooLong,
}

impl<R: Read> Records<R> {
    pub(crate) fn new(input: R, delimiter: u8) -> Self {
        let core = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        Self { window: Window::new(input), core, fields: vec![0; 4 << 10], ends: vec![0; 64] }
    }

    pub(crate) fn next(&mut self) -> Result<Option<Entry<'_>>, Fault> {
        // Empty lines, and the second half of a Windows line end, do not belong to the record after them.
        loop {
            let data = self.window.data();
            let blank = data.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
            let all = blank == data.len();
            self.window.consume(blank);
            if !all {
                break;
            }
            if self.window.more()? != Refill::More {
                return Ok(None);
            }
        }
        let at = self.window.position();
        let (mut bytes, mut count, mut too_long) = (0, 0, false);
        loop {
            let data = self.window.data();
            let (result, used, written, ended) =
                self.core.read_record(data, &mut self.fields[bytes..], &mut self.ends[count..]);
            self.window.consume(used);
            bytes += written;
            count += ended;
            match result {
                // At the end of the file the next call is with nothing, which is how the parser is told.
                ReadRecordResult::InputEmpty => {
                    if self.window.data().is_empty() {
                        self.window.more()?;
                    }
                }
                ReadRecordResult::OutputFull if self.fields.len() < RECORD_BYTES_MAX => {
                    self.fields.resize(self.fields.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < FIELDS_MAX => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    too_long = true;
                    (bytes, count) = (0, 0);
                }
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
            }
        }
        if too_long {
            return Ok(Some(Entry::TooLong));
        }
        Ok(Some(Entry::Record(Record { fields: &self.fields[..bytes], ends: &self.ends[..count], at })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(table: &str, expected: &[(u64, &[&str])]) {
        let mut records = Records::new(table.as_bytes(), b',');
        let mut got = Vec::new();
        while let Some(entry) = records.next().expect("from memory") {
            match entry {
                Entry::Record(record) => {
                    let field = |i| String::from_utf8_lossy(record.get(i).unwrap_or_default()).into_owned();
                    got.push((record.at, (0..record.len()).map(field).collect()));
                }
                Entry::TooLong => got.push((0, vec!["too long".to_owned()])),
            }
        }
        let expected: Vec<(u64, Vec<String>)> =
            expected.iter().map(|(at, fields)| (*at, fields.iter().map(ToString::to_string).collect())).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn records_know_where_they_start() {
        check(
            "a,b\r\n1,\"x, \"\"y\"\"\nz\"\r\n\r\n,3",
            &[(0, &["a", "b"]), (5, &["1", "x, \"y\"\nz"]), (23, &["", "3"])],
        );
        check("", &[]);
        check("\n\n", &[]);
    }

    #[test]
    fn a_record_without_end_is_stepped_over() {
        let table = format!("a,b\n\"{}\"\n1,2\n", "x".repeat(10_000_000));
        check(&table, &[(0, &["a", "b"]), (0, &["too long"]), (table.len() as u64 - 4, &["1", "2"])]);
        let wide = format!("{}\n1\n", ",".repeat(100_000));
        check(&wide, &[(0, &["too long"]), (wide.len() as u64 - 2, &["1"])]);
    }
}
