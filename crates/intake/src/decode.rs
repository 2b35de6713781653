//! The layers between a file and its reader: the digest of its raw bytes, and UTF-16 made UTF-8.

use didymos_base::Digest;
use std::io::{self, Read};

/// Passes bytes on and takes their digest.
pub(crate) struct Hashed<R> {
    input: R,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<R: Read> Hashed<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, hasher: blake3::Hasher::new(), bytes: 0 }
    }

    /// Reads whatever is left, so that the digest is of the whole file: its length and digest.
    pub(crate) fn finish(mut self) -> io::Result<(u64, Digest)> {
        let mut rest = vec![0; 64 << 10];
        loop {
            match self.read(&mut rest) {
                Ok(0) => return Ok((self.bytes, self.hasher.finalize().into())),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(to)?;
        self.hasher.update(&to[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}

/// Passes UTF-8 (and anything else) on as it is, without its byte order mark, and turns UTF-16 with a byte order mark
/// into UTF-8. Positions after it count bytes of what comes out.
pub(crate) struct Decoded<R> {
    input: R,
    state: State,
    /// Bytes read but not passed on yet.
    pending: Vec<u8>,
    /// Bytes of UTF-16 that do not make a whole character yet.
    raw: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Utf16 { big_endian: bool },
}

impl<R: Read> Decoded<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, state: State::Start, pending: Vec::new(), raw: Vec::new() }
    }

    fn begin(&mut self) -> io::Result<()> {
        let mut head = Vec::with_capacity(3);
        (&mut self.input).take(3).read_to_end(&mut head)?;
        self.state = State::Plain;
        match head.as_slice() {
            [0xef, 0xbb, 0xbf] => {}
            [0xff, 0xfe, rest @ ..] => {
                self.state = State::Utf16 { big_endian: false };
                self.raw.extend_from_slice(rest);
            }
            [0xfe, 0xff, rest @ ..] => {
                self.state = State::Utf16 { big_endian: true };
                self.raw.extend_from_slice(rest);
            }
            other => self.pending.extend_from_slice(other),
        }
        Ok(())
    }

    /// Decodes what one read gives; false at the end.
    fn decode_some(&mut self, big_endian: bool) -> io::Result<bool> {
        let held = self.raw.len();
        self.raw.resize(held + (16 << 10), 0);
        let count = loop {
            match self.input.read(&mut self.raw[held..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.raw.truncate(held + count);
        let unit = |pair: &[u8]| {
            let pair = [pair[0], pair[1]];
            if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        };
        let mut units: Vec<u16> = self.raw.chunks_exact(2).map(unit).collect();
        let mut used = units.len() * 2;
        // The first half of a surrogate pair waits for the second, unless the file ends here.
        if count > 0 && units.last().is_some_and(|last| (0xd800..0xdc00).contains(last)) {
            units.pop();
            used -= 2;
        }
        let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        self.pending.extend_from_slice(text.as_bytes());
        self.raw.drain(..used);
        if count == 0 {
            self.raw.clear();
        }
        Ok(count > 0)
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if to.is_empty() {
            return Ok(0);
        }
        if self.state == State::Start {
            self.begin()?;
        }
        if let State::Utf16 { big_endian } = self.state {
            // Half a character makes no text, and no text would read as the end.
            while self.pending.is_empty() && self.decode_some(big_endian)? {}
        }
        if self.pending.is_empty() {
            return if self.state == State::Plain { self.input.read(to) } else { Ok(0) };
        }
        let count = self.pending.len().min(to.len());
        to[..count].copy_from_slice(&self.pending[..count]);
        self.pending.drain(..count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, as a slow pipe does.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(1);
            to[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn check(raw: &[u8], expected: &str) {
        for whole in [true, false] {
            let mut text = String::new();
            let input: Box<dyn Read> = if whole { Box::new(raw) } else { Box::new(Trickle(raw)) };
            Decoded::new(input).read_to_string(&mut text).expect("from memory");
            assert_eq!(text, expected, "{raw:x?}, whole: {whole}");
        }
    }

    #[test]
    fn byte_order_marks_choose_the_encoding() {
        check(b"", "");
        check(b"a", "a");
        check("\u{feff}Zoë".as_bytes(), "Zoë");
        let utf16 = |text: &str, big: bool| -> Vec<u8> {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            units.flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
        };
        let long = "Zoë 🏃,".repeat(9_000);
        for big in [true, false] {
            check(&utf16("Zoë 🏃", big), "Zoë 🏃");
            check(&utf16(&long, big), &long);
        }
        check(&[0xff, 0xfe, 0x00, 0xd8], "\u{fffd}");
        check(&[0xff, 0xfe, b'a', 0, b'b'], "a");
    }

    #[test]
    fn the_digest_is_of_the_whole_file_also_when_the_reader_stopped_early() {
        let mut hashed = Hashed::new(&b"one two three"[..]);
        let mut some = [0; 4];
        hashed.read_exact(&mut some).expect("from memory");
        assert_eq!(hashed.finish().expect("from memory"), (13, Digest::of(b"one two three")));
    }
}
