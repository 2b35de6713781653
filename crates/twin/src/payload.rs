//! Bytes that cross between twins beside a request or its answer: what is too large for JSON.
//!
//! The request says how many bytes follow it ([`Request::upload`](crate::Request::upload)), and so does the answer
//! ([`Response::download`](crate::Response::download)); where the digest of the whole is known beforehand, it is said
//! too. Both are signed with what says them. Whoever reads gets the bytes while they come, and an error in place of the
//! last of them if their number or digest is another.

use crate::door::{Failure, FailureCode};
use didymos_base::Digest;
use didymos_link::Outgoing;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::io::{self, ErrorKind, Read};

/// What is said of bytes that follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// How many.
    pub bytes: u64,
    /// BLAKE3 of all of them. Absent where what is sent is named piece by piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// Bytes as they come, held against what was said of them.
pub struct Checked<R> {
    from: R,
    left: u64,
    hash: Option<(Box<blake3::Hasher>, Digest)>,
}

impl<R: Read> Checked<R> {
    /// Reads `from`, of which `sent` was said.
    pub fn new(from: R, sent: &Sent) -> Self {
        let hash = sent.digest.map(|digest| (Box::default(), digest));
        Self { from, left: sent.bytes, hash }
    }

    /// So many bytes are still to come.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left
    }

    /// The last byte was read: is that all, and is it what was said?
    fn end(&mut self) -> io::Result<()> {
        if self.from.read(&mut [0])? != 0 {
            return Err(io::Error::new(ErrorKind::InvalidData, "more bytes than were announced"));
        }
        match self.hash.take() {
            Some((hasher, digest)) if Digest::from(hasher.finalize()) != digest => {
                Err(io::Error::new(ErrorKind::InvalidData, "other bytes than were announced"))
            }
            _ => Ok(()),
        }
    }

    /// All of it. For what is known to be small: `most` bytes at most.
    pub fn all(mut self, most: u64) -> io::Result<Vec<u8>> {
        if self.left > most {
            return Err(io::Error::new(ErrorKind::InvalidData, "more bytes than may come here"));
        }
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            // Also where nothing was to come, its end has to.
            return self.end().map(|()| 0);
        }
        let most = into.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let n = self.from.read(&mut into[..most])?;
        if n == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if let Some((hasher, _)) = &mut self.hash {
            hasher.update(&into[..n]);
        }
        self.left -= n as u64;
        if self.left == 0 {
            self.end()?;
        }
        Ok(n)
    }
}

/// What a capability is given beside a request, and gives beside its answer.
#[derive(Default)]
pub struct Payload<'a> {
    upload: Option<Checked<&'a mut (dyn Read + 'a)>>,
    download: Option<Outgoing>,
}

impl<'a> Payload<'a> {
    /// Bytes that came with a request that says `sent` of them.
    pub(crate) fn with(from: &'a mut (dyn Read + 'a), sent: &Sent) -> Self {
        Self { upload: Some(Checked::new(from, sent)), download: None }
    }

    /// The bytes behind the request. They have to be read to the end before they are believed.
    pub(crate) fn upload(&mut self) -> Result<&mut Checked<&'a mut (dyn Read + 'a)>, Failure> {
        self.upload
            .as_mut()
            .ok_or_else(|| Failure::new(FailureCode::Invalid, "this request comes with bytes behind it"))
    }

    /// Sends so many bytes of `bytes` behind the answer, once the receipt is left.
    pub(crate) fn send(&mut self, len: u64, bytes: Box<dyn Read + Send>) {
        self.download = Some(Outgoing { len, bytes });
    }

    pub(crate) fn into_download(self) -> Option<Outgoing> {
        self.download
    }
}

/// Bytes that did not come as they should have.
pub(crate) fn broken(error: &io::Error) -> Failure {
    Failure::new(FailureCode::Io, format!("what was to be transferred did not come whole: {error}; try again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], sent: &Sent) -> Result<Vec<u8>, ErrorKind> {
        let mut all = Vec::new();
        let mut from = Checked::new(bytes, sent);
        let mut part = [0; 3];
        loop {
            match from.read(&mut part).map_err(|error| error.kind())? {
                0 => return Ok(all),
                n => all.extend_from_slice(&part[..n]),
            }
        }
    }

    #[test]
    fn the_last_byte_is_not_given_before_the_whole_is_what_was_said() {
        let digest = Some(Digest::of(b"seven..."));
        assert_eq!(read(b"seven...", &Sent { bytes: 8, digest }).as_deref(), Ok(&b"seven..."[..]));
        assert_eq!(read(b"seven...", &Sent { bytes: 8, digest: None }).as_deref(), Ok(&b"seven..."[..]));
        assert_eq!(read(b"Seven...", &Sent { bytes: 8, digest }), Err(ErrorKind::InvalidData));
        assert_eq!(read(b"seven..", &Sent { bytes: 8, digest }), Err(ErrorKind::UnexpectedEof));
        assert_eq!(read(b"seven....", &Sent { bytes: 8, digest }), Err(ErrorKind::InvalidData));
        assert_eq!(read(b"", &Sent { bytes: 0, digest: Some(Digest::of(b"")) }).as_deref(), Ok(&b""[..]));
        assert_eq!(read(b"x", &Sent { bytes: 0, digest: None }), Err(ErrorKind::InvalidData));
        let mut exact = [0; 8];
        let wrong = Sent { bytes: 8, digest: Some(Digest::of(b"other")) };
        assert!(Checked::new(&b"seven..."[..], &wrong).read_exact(&mut exact).is_err());
        assert!(Checked::new(&b"seven..."[..], &Sent { bytes: 8, digest: None }).all(7).is_err());
    }
}
