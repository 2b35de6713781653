//! What a message says, once it is opened.

use didymos_base::Digest;
use didymos_base::canonical::{self, CanonicalError};
use minicbor::decode::Error as DecodeError;
use minicbor::{Decode, Encode};

/// The most bytes of a text.
pub const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a piece of a file, before sealing.
pub const PIECE_BYTES: usize = 256 * 1024;
/// The most bytes of a file.
pub const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// The longest name of a file, in bytes.
pub const FILE_NAME_BYTES_MAX: usize = 200;
/// The longest media type, in bytes.
pub const MEDIA_BYTES_MAX: usize = 100;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Content {
    /// The text; may be empty beside a file.
    #[n(0)]
    pub text: String,
    /// The file.
    #[n(1)]
    pub file: Option<File>,
    /// The message that it answers.
    #[n(2)]
    pub answers: Option<Digest>,
    /// The envelope that it was sent in first, where somebody could not open that one: it is the same message.
    #[n(3)]
    pub again: Option<Digest>,
}

/// A file: where its pieces are, and the key that opens them.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct File {
    /// Its name, without folders.
    #[n(0)]
    pub name: String,
    /// Its media type.
    #[n(1)]
    pub media: String,
    /// Its length.
    #[n(2)]
    pub bytes: u64,
    /// The digest of the whole.
    #[n(3)]
    pub digest: Digest,
    /// The key of its pieces, fresh for this file.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub key: [u8; 32],
    /// The digests of its sealed pieces, in order: each of [`PIECE_BYTES`] but the last.
    #[n(5)]
    pub pieces: Vec<Digest>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File").field("bytes", &self.bytes).field("pieces", &self.pieces.len()).finish_non_exhaustive()
    }
}

impl Content {
    /// Canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Reads canonical bytes, within every bound.
    pub fn decode(bytes: &[u8]) -> Result<Self, CanonicalError> {
        let content: Self = canonical::decode(bytes)?;
        if content.is_sound() {
            return Ok(content);
        }
        Err(CanonicalError::Malformed(DecodeError::message("a message beyond its bounds")))
    }

    /// Whether it says something, within every bound.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let file = self.file.as_ref();
        self.text.len() <= TEXT_BYTES_MAX
            && (file.is_some() || !self.text.trim().is_empty())
            && file.is_none_or(File::is_sound)
    }
}

impl File {
    fn is_sound(&self) -> bool {
        let plain = |text: &str| !text.chars().any(char::is_control);
        self.bytes <= FILE_BYTES_MAX
            && self.pieces.len() as u64 == self.bytes.div_ceil(PIECE_BYTES as u64)
            && (1..=FILE_NAME_BYTES_MAX).contains(&self.name.len())
            && plain(&self.name)
            // It is a name for a person to see and for a folder to hold, never a path.
            && !self.name.contains(['/', '\\'])
            && self.name != "."
            && self.name != ".."
            && self.media.len() <= MEDIA_BYTES_MAX
            && plain(&self.media)
    }
}
