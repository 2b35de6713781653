//! How objects lie in the journal file: one frame after the other, each with a head that says its length and digest.
//!
//! ```text
//! file   = "DIDYMOS JOURNAL\x01" frame*
//! frame  = magic(4) kind(1) zero(3) length(4, LE) id(32) check(4) payload(length)
//! ```
//!
//! `id` is BLAKE3 of the payload, `check` the first four bytes of BLAKE3 of the head before it. A head tells nothing but
//! a length. All frames of a commit come before the commit's own frame; what follows the last commit frame was never
//! acknowledged.

use crate::Damaged;
use crate::chunk::MAX_SEALED;
use crate::disk::DiskFile;
use didymos_base::Digest;
use std::io;

/// The first bytes of a journal file.
pub const FILE_HEAD: &[u8; 16] = b"DIDYMOS JOURNAL\x01";
/// Bytes of a frame before its payload.
pub const HEAD_LEN: usize = 48;
const MAGIC: [u8; 4] = [0xd1, 0xd7, 0x3a, 0x01];

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A sealed object.
    Object,
    /// A sealed commit.
    Commit,
}

/// A frame's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What the payload is.
    pub kind: FrameKind,
    /// Length of the payload.
    pub len: u32,
    /// BLAKE3 of the payload.
    pub id: Digest,
}

impl Head {
    /// The head of a frame around `payload`.
    #[must_use]
    pub fn of(kind: FrameKind, payload: &[u8]) -> Self {
        Self { kind, len: payload.len() as u32, id: Digest::of(payload) }
    }

    /// Bytes of the whole frame.
    #[must_use]
    pub fn frame_len(&self) -> u64 {
        HEAD_LEN as u64 + u64::from(self.len)
    }

    /// The head's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEAD_LEN] {
        let mut bytes = [0; HEAD_LEN];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4] = u8::from(self.kind == FrameKind::Commit);
        bytes[8..12].copy_from_slice(&self.len.to_le_bytes());
        bytes[12..44].copy_from_slice(self.id.as_bytes());
        let check = check(&bytes[..44]);
        bytes[44..].copy_from_slice(&check);
        bytes
    }

    /// Reads a head back.
    pub fn decode(bytes: &[u8; HEAD_LEN]) -> Result<Self, Damaged> {
        let kind = match (&bytes[..4] == MAGIC.as_slice(), bytes[4]) {
            (true, 0) => FrameKind::Object,
            (true, 1) => FrameKind::Commit,
            _ => return Err(Damaged("a frame's head is damaged")),
        };
        let len = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        let mut id = [0; 32];
        id.copy_from_slice(&bytes[12..44]);
        if bytes[5..8] != [0; 3] || bytes[44..] != check(&bytes[..44]) || len as usize > MAX_SEALED {
            return Err(Damaged("a frame's head is damaged"));
        }
        Ok(Self { kind, len, id: Digest(id) })
    }
}

fn check(bytes: &[u8]) -> [u8; 4] {
    let digest = Digest::of(bytes);
    [digest.0[0], digest.0[1], digest.0[2], digest.0[3]]
}

/// Reads the head at `at`. `Ok(Err(..))` when bytes are there but are no head.
pub fn read_head(file: &dyn DiskFile, at: u64) -> io::Result<Result<Head, Damaged>> {
    let mut bytes = [0; HEAD_LEN];
    match file.read_exact_at(&mut bytes, at) {
        Ok(()) => Ok(Head::decode(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Err(Damaged("the file ends within a frame"))),
        Err(error) => Err(error),
    }
}

/// Reads `len` bytes of payload behind the head at `at`.
pub fn read_payload(file: &dyn DiskFile, at: u64, len: u32) -> io::Result<Result<Vec<u8>, Damaged>> {
    let mut bytes = vec![0; len as usize];
    match file.read_exact_at(&mut bytes, at + HEAD_LEN as u64) {
        Ok(()) => Ok(Ok(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Err(Damaged("the file ends within a frame"))),
        Err(error) => Err(error),
    }
}

/// The next place from `from` on where a sound head lies, for finding the way again behind damage.
pub fn find_head(file: &dyn DiskFile, from: u64, end: u64) -> io::Result<Option<u64>> {
    const WINDOW: usize = 1 << 20;
    let mut at = from;
    let mut window = vec![0; WINDOW];
    while at + HEAD_LEN as u64 <= end {
        let len = WINDOW.min((end - at) as usize);
        file.read_exact_at(&mut window[..len], at)?;
        for offset in 0..=len - HEAD_LEN {
            if window[offset..offset + 4] == MAGIC {
                let mut head = [0; HEAD_LEN];
                head.copy_from_slice(&window[offset..offset + HEAD_LEN]);
                if Head::decode(&head).is_ok() {
                    return Ok(Some(at + offset as u64));
                }
            }
        }
        at += (len - HEAD_LEN + 1) as u64;
    }
    Ok(None)
}
