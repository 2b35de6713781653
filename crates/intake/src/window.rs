//! A window that slides over a stream of bytes, and how far it may grow.

use std::io::{self, Read};

/// What is read at once: large enough that a system call costs nothing, small enough to stay in the second-level cache.
const CHUNK: usize = 256 << 10;
/// The longest tag, text or record that a reader holds at once.
pub(crate) const RECORD_BYTES_MAX: usize = 1 << 20;

pub(crate) struct Window<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Position of `buffer[0]` in the stream.
    base: u64,
}

/// What asking for more bytes gave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refill {
    More,
    End,
    /// The window holds [`RECORD_BYTES_MAX`] and may not grow.
    Full,
}

impl<R: Read> Window<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, buffer: vec![0; CHUNK], start: 0, end: 0, base: 0 }
    }

    pub(crate) fn data(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// The bytes from `offset` before or after the current start; only what is still in the buffer may be asked for.
    pub(crate) fn slice(&self, from: usize, to: usize) -> &[u8] {
        &self.buffer[from..to]
    }

    pub(crate) fn start(&self) -> usize {
        self.start
    }

    /// Position of the first byte of [`Window::data`] in the stream.
    pub(crate) fn position(&self) -> u64 {
        self.base + self.start as u64
    }

    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }

    /// Reads on, keeping what is not consumed.
    pub(crate) fn more(&mut self) -> io::Result<Refill> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.base += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            if self.end >= RECORD_BYTES_MAX {
                return Ok(Refill::Full);
            }
            self.buffer.resize(self.end * 2, 0);
        }
        let before = self.end;
        // A trickling input must not make a long tag be looked at again for every byte.
        while self.end < self.buffer.len() {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => break,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(if self.end > before { Refill::More } else { Refill::End })
    }
}
