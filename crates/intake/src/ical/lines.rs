//! Content lines, unfolded (RFC 5545 §3.1), and what they are made of.

use crate::error::Fault;
use crate::text;
use crate::window::{Refill, Window};
use memchr::memchr;
use std::borrow::Cow;
use std::io::Read;

/// What is kept of one line; pictures written into a calendar are longer and nothing is lost with them.
pub(super) const LINE_BYTES_MAX: usize = 64 << 10;

pub(super) struct Lines<R> {
    window: Window<R>,
    line: Vec<u8>,
}

/// One line with its continuations.
pub(super) struct Line<'a> {
    /// Position of its first byte.
    pub(super) at: u64,
    bytes: &'a [u8],
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { window: Window::new(input), line: Vec::new() }
    }

    pub(super) fn position(&self) -> u64 {
        self.window.position()
    }

    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, Fault> {
        self.line.clear();
        let at = self.window.position();
        if !self.append()? {
            return Ok(None);
        }
        while self.continues()? {
            self.window.consume(1);
            self.append()?;
        }
        Ok(Some(Line { at, bytes: &self.line }))
    }

    fn continues(&mut self) -> Result<bool, Fault> {
        if self.window.data().is_empty() && self.window.more()? != Refill::More {
            return Ok(false);
        }
        Ok(matches!(self.window.data().first(), Some(b' ' | b'\t')))
    }

    /// Puts the bytes up to the next line end behind what is there; false at the end of the file.
    fn append(&mut self) -> Result<bool, Fault> {
        let mut any = false;
        loop {
            let data = self.window.data();
            if data.is_empty() {
                if self.window.more()? != Refill::More {
                    return Ok(any);
                }
                continue;
            }
            any = true;
            let end = memchr(b'\n', data);
            let text = &data[..end.unwrap_or(data.len())];
            let room = LINE_BYTES_MAX.saturating_sub(self.line.len());
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            let used = text.len() + usize::from(end.is_some());
            self.window.consume(used);
            if end.is_some() {
                if self.line.last() == Some(&b'\r') {
                    self.line.pop();
                }
                return Ok(true);
            }
        }
    }
}

/// `NAME;PARAMETER=value:value`.
#[derive(Clone, Copy)]
pub(super) struct Property<'a> {
    pub(super) name: &'a [u8],
    parameters: &'a [u8],
    pub(super) value: &'a [u8],
}

/// The place of the first of `what` that does not stand between quotation marks.
fn outside_quotes(text: &[u8], what: &[u8]) -> Option<usize> {
    let mut quoted = false;
    text.iter().position(|b| {
        quoted ^= *b == b'"';
        !quoted && what.contains(b)
    })
}

impl<'a> Line<'a> {
    /// Its parts; `None` where it has no value.
    pub(super) fn property(&self) -> Option<Property<'a>> {
        let name = self.bytes.iter().position(|b| matches!(b, b';' | b':'))?;
        let rest = &self.bytes[name..];
        let colon = outside_quotes(rest, b":").or_else(|| memchr(b':', rest))?;
        let parameters = if colon == 0 { &[][..] } else { &rest[1..colon] };
        Some(Property { name: self.bytes[..name].trim_ascii(), parameters, value: rest[colon + 1..].trim_ascii() })
    }

    pub(super) fn is_blank(&self) -> bool {
        self.bytes.trim_ascii().is_empty()
    }
}

impl<'a> Property<'a> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The value of a parameter, without its quotation marks.
    pub(super) fn parameter(&self, name: &str) -> Option<&'a [u8]> {
        let mut rest = self.parameters;
        while !rest.is_empty() {
            let end = outside_quotes(rest, b";").unwrap_or(rest.len());
            let one = &rest[..end];
            rest = rest.get(end + 1..).unwrap_or_default();
            let Some(equals) = memchr(b'=', one) else { continue };
            if one[..equals].trim_ascii().eq_ignore_ascii_case(name.as_bytes()) {
                let value = one[equals + 1..].trim_ascii();
                let inner = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
                return Some(inner.unwrap_or(value));
            }
        }
        None
    }

    /// The value as text: escapes undone (§3.3.11), in one line, without blanks around it, cut to `max` bytes.
    pub(super) fn text(&self, max: usize) -> String {
        let written = text::plain(self.value);
        let plain = if written.contains('\\') { Cow::Owned(unescaped(&written)) } else { written };
        let words: Vec<&str> = plain.split(|c: char| c.is_whitespace() || c.is_control()).collect();
        let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        text::cut(&line, max).to_owned()
    }
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n' | 'N') => out.push('\n'),
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(file: &[u8]) -> Vec<(u64, String, Option<String>, String)> {
        let mut lines = Lines::new(file);
        let mut got = Vec::new();
        while let Some(line) = lines.next().expect("from memory") {
            let Some(property) = line.property() else { continue };
            let plain = |raw: &[u8]| String::from_utf8_lossy(raw).into_owned();
            got.push((line.at, plain(property.name), property.parameter("p").map(plain), property.text(1_000)));
        }
        got
    }

    #[test]
    fn lines_are_unfolded_also_within_a_character() {
        let one = |at, name: &str, p: Option<&str>, value: &str| (at, name.into(), p.map(str::to_owned), value.into());
        assert_eq!(
            parts(b"A:one\r\n  two\r\nB;P=\"x;y:z\";Q=2:three\\, \\n\\;four\nC;p=a:Zo\xc3\n \xab\n\nno value\nD:"),
            [
                one(0, "A", None, "one two"),
                one(14, "B", Some("x;y:z"), "three, ;four"),
                one(47, "C", Some("a"), "Zoë"),
                one(70, "D", None, ""),
            ]
        );
        assert_eq!(parts(b"A;P=\"open:x"), [one(0, "A", Some("\"open"), "x")]);
        assert_eq!(parts(b""), []);
    }

    #[test]
    fn a_line_without_end_costs_no_memory() {
        let file = format!("A:{}\n {}\nB:after", "x".repeat(3_000_000), "y".repeat(3_000_000));
        let mut lines = Lines::new(file.as_bytes());
        let first = lines.next().expect("from memory").expect("a line");
        assert_eq!(first.bytes.len(), LINE_BYTES_MAX);
        let second = lines.next().expect("from memory").and_then(|line| line.property().map(|p| p.text(9)));
        assert_eq!(second.as_deref(), Some("after"));
        assert!(lines.line.capacity() <= 2 * LINE_BYTES_MAX);
    }
}
