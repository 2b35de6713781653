//! A pull scanner for XML that streams, forgives and cannot be bombed.
//!
//! It is as strict as the readers need and no stricter: tags, attributes in either quotes, text, CDATA; comments,
//! processing instructions and the document type are stepped over, declared entities are never expanded, and nesting
//! costs nothing, for nothing is kept of it. A tag that makes no sense, or is longer than
//! [`RECORD_BYTES_MAX`](crate::window::RECORD_BYTES_MAX), is reported and stepped over. The file as a whole fails only
//! where it ends inside of something.

use crate::error::Fault;
use crate::window::{Refill, Window};
use memchr::{memchr, memchr3, memmem};
use std::io::Read;
use std::ops::Range;

/// Attributes of one tag that are kept; the formats read here have up to a dozen.
const ATTRIBUTES_MAX: usize = 128;

pub(crate) struct Scanner<R> {
    window: Window<R>,
    attributes: Vec<Attribute>,
    wants_text: bool,
}

/// One attribute: where its name and value are, counted from the tag's `<`.
struct Attribute {
    name: Range<u32>,
    value: Range<u32>,
}

pub(crate) enum Event<'a> {
    Open(Tag<'a>),
    /// The local name of an end tag.
    Close(&'a [u8]),
    /// Some text; one element's text can come in several pieces.
    Text {
        raw: &'a [u8],
        /// References are to be undone (not inside CDATA).
        escaped: bool,
    },
    /// A tag or text that was stepped over, and why.
    Skipped(&'static str),
}

#[derive(Clone, Copy)]
pub(crate) struct Tag<'a> {
    bytes: &'a [u8],
    name_end: usize,
    attributes: &'a [Attribute],
    /// `<name/>`: no end tag follows.
    pub(crate) empty: bool,
    /// Position of the `<`.
    pub(crate) at: u64,
}

impl<'a> Tag<'a> {
    /// The name without its namespace prefix.
    pub(crate) fn name(&self) -> &'a [u8] {
        local(&self.bytes[1..self.name_end])
    }

    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let bytes = self.bytes;
        let part = move |range: &Range<u32>| &bytes[range.start as usize..range.end as usize];
        self.attributes.iter().map(move |a| (part(&a.name), part(&a.value)))
    }

    pub(crate) fn attribute(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.attributes().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

fn local(name: &[u8]) -> &[u8] {
    memchr(b':', name).map_or(name, |colon| &name[colon + 1..])
}

/// What lies at the start of the window.
enum Found {
    Tag { len: usize, name_end: usize, empty: bool },
    Close { len: usize },
    Text { len: usize },
    Cdata { len: usize },
    Skip { len: usize },
    Broken { len: usize },
    Unending(Unending),
    Incomplete,
}

/// Something that may be longer than the window and is stepped over piece by piece.
enum Unending {
    Until(&'static [u8], usize),
    Doctype,
}

impl<R: Read> Scanner<R> {
    pub(crate) fn new(input: R, wants_text: bool) -> Self {
        Self { window: Window::new(input), attributes: Vec::with_capacity(16), wants_text }
    }

    pub(crate) fn position(&self) -> u64 {
        self.window.position()
    }

    /// What comes next; `None` at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<Event<'_>>, Fault> {
        loop {
            let at = self.window.position();
            let found = find(self.window.data(), &mut self.attributes);
            let start = self.window.start();
            match found {
                Found::Tag { len, name_end, empty } => {
                    self.window.consume(len);
                    let bytes = self.window.slice(start, start + len);
                    return Ok(Some(Event::Open(Tag { bytes, name_end, attributes: &self.attributes, empty, at })));
                }
                Found::Close { len } => {
                    self.window.consume(len);
                    let name = self.window.slice(start + 2, start + len - 1).trim_ascii();
                    return Ok(Some(Event::Close(local(name))));
                }
                Found::Text { len } => {
                    self.window.consume(len);
                    if self.wants_text && !self.window.slice(start, start + len).trim_ascii().is_empty() {
                        return Ok(Some(Event::Text { raw: self.window.slice(start, start + len), escaped: true }));
                    }
                }
                Found::Cdata { len } => {
                    self.window.consume(len);
                    if self.wants_text {
                        let raw = self.window.slice(start + CDATA.len(), start + len - 3);
                        return Ok(Some(Event::Text { raw, escaped: false }));
                    }
                }
                Found::Skip { len } => self.window.consume(len),
                Found::Broken { len } => {
                    self.window.consume(len);
                    return Ok(Some(Event::Skipped("malformed tag")));
                }
                Found::Unending(Unending::Until(end, from)) => self.skip_until(at, end, from)?,
                Found::Unending(Unending::Doctype) => match self.window.more()? {
                    Refill::More => {}
                    Refill::End => return Err(Fault::malformed(at, "the file ends inside its document type")),
                    Refill::Full => return Err(Fault::malformed(at, "the document type is longer than 1 MiB")),
                },
                Found::Incomplete => match self.window.more()? {
                    Refill::More => {}
                    Refill::End if self.window.data().is_empty() => return Ok(None),
                    Refill::End => return Err(Fault::malformed(at, "the file ends inside a tag")),
                    Refill::Full => {
                        self.skip_long_tag(at)?;
                        return Ok(Some(Event::Skipped("record too long")));
                    }
                },
            }
        }
    }

    /// Steps over everything up to and including `end`, which starts `from` bytes into the window at the earliest.
    fn skip_until(&mut self, at: u64, end: &'static [u8], from: usize) -> Result<(), Fault> {
        self.window.consume(from);
        loop {
            let data = self.window.data();
            if let Some(found) = memmem::find(data, end) {
                self.window.consume(found + end.len());
                return Ok(());
            }
            let keep = data.len().min(end.len() - 1);
            self.window.consume(data.len() - keep);
            if self.window.more()? != Refill::More {
                return Err(Fault::malformed(at, "the file ends inside a comment or instruction"));
            }
        }
    }

    /// Steps over a tag that does not fit into the window, knowing only whether it is inside a quoted value.
    fn skip_long_tag(&mut self, at: u64) -> Result<(), Fault> {
        let mut quote = None;
        loop {
            let data = self.window.data();
            let stop = match quote {
                Some(quote) => memchr(quote, data),
                None => memchr3(b'>', b'"', b'\'', data),
            };
            if let Some(stop) = stop {
                let b = data[stop];
                self.window.consume(stop + 1);
                match quote {
                    None if b == b'>' => return Ok(()),
                    None => quote = Some(b),
                    Some(_) => quote = None,
                }
            } else {
                self.window.consume(data.len());
                if self.window.more()? != Refill::More {
                    return Err(Fault::malformed(at, "the file ends inside a tag"));
                }
            }
        }
    }
}

const CDATA: &[u8] = b"<![CDATA[";
const DOCTYPE: &[u8] = b"<!DOCTYPE";

fn find(data: &[u8], attributes: &mut Vec<Attribute>) -> Found {
    match data {
        [] | [b'<'] => Found::Incomplete,
        [b'<', b'/', ..] => memchr(b'>', data).map_or(Found::Incomplete, |end| Found::Close { len: end + 1 }),
        [b'<', b'?', ..] => Found::Unending(Unending::Until(b"?>", 2)),
        [b'<', b'!', ..] => declaration(data),
        [b'<', first, ..] if first.is_ascii_alphabetic() || *first == b'_' || *first >= 0x80 => tag(data, attributes),
        [b'<', ..] => Found::Broken { len: 1 },
        _ => Found::Text { len: memchr(b'<', data).unwrap_or(data.len()) },
    }
}

fn declaration(data: &[u8]) -> Found {
    if data.starts_with(b"<!--") {
        Found::Unending(Unending::Until(b"-->", 4))
    } else if data.starts_with(CDATA) {
        memmem::find(data, b"]]>").map_or(Found::Incomplete, |end| Found::Cdata { len: end + 3 })
    } else if data.starts_with(DOCTYPE) {
        doctype_end(data).map_or(Found::Unending(Unending::Doctype), |len| Found::Skip { len })
    } else if data.len() < CDATA.len() && [b"<!--", CDATA, DOCTYPE].iter().any(|full| full.starts_with(data)) {
        Found::Incomplete
    } else {
        memchr(b'>', data).map_or(Found::Incomplete, |end| Found::Broken { len: end + 1 })
    }
}

/// The length of a document type with its internal subset; `None` while its end is not in sight.
///
/// Some of Apple's own exports carry a subset that a validating parser rejects, so only what decides where it ends is
/// looked at: quotes, comments, instructions and brackets.
fn doctype_end(data: &[u8]) -> Option<usize> {
    let mut at = DOCTYPE.len();
    let mut inside = false;
    loop {
        match *data.get(at)? {
            b'[' => inside = true,
            b']' => inside = false,
            b'>' if !inside => return Some(at + 1),
            quote @ (b'"' | b'\'') if !inside => at += 1 + memchr(quote, data.get(at + 1..)?)?,
            b'<' if inside => {
                let rest = &data[at..];
                at += match (rest.get(..4)?, rest.get(..2)?) {
                    (b"<!--", _) => 2 + memmem::find(&rest[4..], b"-->")? + 4,
                    (_, b"<?") => memmem::find(rest, b"?>")? + 1,
                    _ => declaration_end(rest)?,
                };
            }
            _ => {}
        }
        at += 1;
    }
}

/// Where the `>` of a markup declaration is, outside of quotes.
fn declaration_end(data: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr3(b'>', b'"', b'\'', data.get(at..)?)?;
        if data[at] == b'>' {
            return Some(at);
        }
        at += 2 + memchr(data[at], data.get(at + 1..)?)?;
    }
}

fn tag(data: &[u8], attributes: &mut Vec<Attribute>) -> Found {
    attributes.clear();
    let Some(name_len) = data[1..].iter().position(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/')) else {
        return Found::Incomplete;
    };
    let name_end = 1 + name_len;
    let mut at = name_end;
    loop {
        at += match data[at..].iter().position(|b| !b.is_ascii_whitespace()) {
            Some(blanks) => blanks,
            None => return Found::Incomplete,
        };
        match data[at] {
            b'>' => return Found::Tag { len: at + 1, name_end, empty: false },
            b'/' => match data.get(at + 1) {
                None => return Found::Incomplete,
                Some(b'>') => return Found::Tag { len: at + 2, name_end, empty: true },
                Some(_) => at += 1,
            },
            _ => match attribute(data, at) {
                Ok(Some((found, end))) => {
                    if attributes.len() < ATTRIBUTES_MAX {
                        attributes.push(found);
                    }
                    at = end;
                }
                Ok(None) => return Found::Incomplete,
                Err(broken_at) => {
                    // Everything up to the next `>` belongs to the tag that makes no sense.
                    return memchr(b'>', &data[broken_at..])
                        .map_or(Found::Incomplete, |end| Found::Broken { len: broken_at + end + 1 });
                }
            },
        }
    }
}

/// The attribute that starts at `at` and where it ends; `None` if the window does, `Err` with a place where it is broken.
fn attribute(data: &[u8], at: usize) -> Result<Option<(Attribute, usize)>, usize> {
    let is_end = |b: &u8| matches!(b, b'=' | b'>' | b'/') || b.is_ascii_whitespace();
    let Some(len) = data[at..].iter().position(is_end) else { return Ok(None) };
    let name = at as u32..(at + len) as u32;
    let mut next = at + len;
    let mut past_blanks = || {
        next += data[next..].iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(data.len() - next);
        let b = data.get(next).copied();
        next += 1;
        b
    };
    match past_blanks() {
        None => return Ok(None),
        Some(b'=') => {}
        Some(_) => return Err(at + len),
    }
    let quote = match past_blanks() {
        None => return Ok(None),
        Some(quote @ (b'"' | b'\'')) => quote,
        Some(_) => return Err(next - 1),
    };
    let Some(len) = memchr(quote, &data[next..]) else { return Ok(None) };
    Ok(Some((Attribute { name, value: next as u32..(next + len) as u32 }, next + len + 1)))
}
