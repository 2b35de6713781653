//! Frames: how they are cut from a stream of bytes, and what they can hold. Nothing here trusts a length.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use didymos_base::Did;
use didymos_twin::{Failure, Progress, Request, Response};
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

/// The longest frame that a client may send.
pub(super) const REQUEST_BYTES_MAX: usize = 1024 * 1024;
/// The longest frame that a server may send.
pub(super) const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
const LENGTH_BYTES: usize = 4;

/// 32 bytes, as base64url on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes32(pub [u8; 32]);

/// What one side says to the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "frame", rename_all = "snake_case")]
pub enum Frame {
    /// Server: who serves, and what to sign.
    Hello {
        /// What is spoken.
        version: String,
        /// Whose twin this is.
        owner: Did,
        /// Fresh random bytes.
        challenge: Bytes32,
    },
    /// Client: the signature.
    Prove {
        /// Fresh random bytes.
        nonce: Bytes32,
        /// By the device key, base64url.
        signature: String,
    },
    /// Server: come in.
    Welcome,
    /// Client: a request. Numbers grow by one.
    Ask {
        /// The number that answers refer to.
        number: u64,
        /// What is asked.
        ask: Request,
    },
    /// Client: the work on this request should stop.
    Stop {
        /// Of which request.
        number: u64,
    },
    /// Server: how far the work is.
    Progress {
        /// Of which request.
        number: u64,
        /// So far.
        progress: Progress,
    },
    /// Server: the answer.
    Answer {
        /// To which request.
        number: u64,
        /// Its form follows from the request.
        answer: serde_json::Value,
    },
    /// Server: no answer. Without a number it is about the connection, and the last frame.
    Failure {
        /// To which request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<u64>,
        /// Why.
        failure: Failure,
    },
}

/// An answer on its way out, without a copy of it.
#[derive(Serialize)]
#[serde(tag = "frame", rename = "answer")]
pub(super) struct AnswerOut<'a> {
    pub(super) number: u64,
    pub(super) answer: &'a Response,
}

/// The bytes are no frame, and the connection is of no more use.
#[derive(Debug, thiserror::Error)]
pub enum BadFrame {
    /// The length is beyond what this side may send.
    #[error("a frame of {0} bytes is longer than the {1} allowed")]
    TooLong(usize, usize),
    /// Not the JSON of a frame.
    #[error("malformed frame: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// Reads the first frame of what a client sent: the frame and how many bytes it took, or `None` while it is not all
/// there. Any bytes may come in; no more memory is used than they take.
pub fn decode_frame(bytes: &[u8]) -> Result<Option<(Frame, usize)>, BadFrame> {
    decode_within(bytes, REQUEST_BYTES_MAX)
}

pub(super) fn decode_within(bytes: &[u8], bytes_max: usize) -> Result<Option<(Frame, usize)>, BadFrame> {
    let Some((length, rest)) = bytes.split_first_chunk::<LENGTH_BYTES>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes(*length) as usize;
    if length > bytes_max {
        return Err(BadFrame::TooLong(length, bytes_max));
    }
    match rest.get(..length) {
        None => Ok(None),
        Some(json) => Ok(Some((serde_json::from_slice(json)?, LENGTH_BYTES + length))),
    }
}

/// Writes a frame in one piece; one that is longer than `bytes_max` is not begun.
pub(super) fn write(to: &mut impl Write, frame: &impl Serialize, bytes_max: usize) -> io::Result<()> {
    let mut bytes = vec![0; LENGTH_BYTES];
    serde_json::to_writer(&mut bytes, frame)?;
    let length = bytes.len() - LENGTH_BYTES;
    if length > bytes_max {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, BadFrame::TooLong(length, bytes_max)));
    }
    bytes[..LENGTH_BYTES].copy_from_slice(&(length as u32).to_be_bytes());
    to.write_all(&bytes)?;
    to.flush()
}

/// Cuts frames out of a stream. A read that times out loses nothing: the next call goes on where it was.
pub(super) struct FrameReader<R> {
    from: R,
    bytes_max: usize,
    held: Vec<u8>,
}

impl<R: Read> FrameReader<R> {
    pub(super) fn new(from: R, bytes_max: usize) -> Self {
        Self { from, bytes_max, held: Vec::new() }
    }

    /// The next frame; `None` at the end of the stream.
    pub(super) fn next(&mut self) -> io::Result<Option<Frame>> {
        let malformed = |bad: BadFrame| io::Error::new(io::ErrorKind::InvalidData, bad);
        let mut piece = [0u8; 16 * 1024];
        loop {
            if let Some((frame, taken)) = decode_within(&self.held, self.bytes_max).map_err(malformed)? {
                self.held.drain(..taken);
                if self.held.is_empty() {
                    // A long answer should not stay as long an allocation.
                    self.held = Vec::new();
                }
                return Ok(Some(frame));
            }
            match self.from.read(&mut piece) {
                Ok(0) => return Ok(None),
                Ok(read) => self.held.extend_from_slice(&piece[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Serialize for Bytes32 {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes32 {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(serde::de::Error::custom)?;
        bytes.try_into().map(Self).map_err(|_| serde::de::Error::custom("not 32 bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(json: &str) -> Vec<u8> {
        [&(json.len() as u32).to_be_bytes(), json.as_bytes()].concat()
    }

    #[test]
    fn a_frame_is_taken_only_when_it_is_all_there() {
        let bytes = framed(r#"{"frame":"stop","number":7}"#);
        for cut in 0..bytes.len() {
            assert!(decode_frame(&bytes[..cut]).expect("not refused").is_none(), "{cut}");
        }
        let twice = [bytes.as_slice(), bytes.as_slice()].concat();
        assert_eq!(decode_frame(&twice).expect("a frame"), Some((Frame::Stop { number: 7 }, bytes.len())));
    }

    #[test]
    fn lengths_beyond_the_limit_and_other_json_are_refused() {
        assert!(matches!(decode_frame(&[0xff; 4]), Err(BadFrame::TooLong(..))));
        for json in
            ["", "{}", "null", r#"{"frame":"stop"}"#, r#"{"frame":"dance"}"#, r#"{"frame":"ask","number":1,"ask":{}}"#]
        {
            assert!(matches!(decode_frame(&framed(json)), Err(BadFrame::Malformed(_))), "{json}");
        }
        assert!(matches!(decode_frame(&framed(&"[".repeat(100_000))), Err(BadFrame::Malformed(_))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_frame_or_refused_or_unfinished(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(Some((_, taken))) = decode_frame(&bytes) {
                prop_assert!(taken <= bytes.len());
            }
        }

        #[test]
        fn frames_read_back_as_written_however_the_stream_is_cut(number in any::<u64>(), cut in 1usize..40) {
            let frames = [
                Frame::Welcome,
                Frame::Stop { number },
                Frame::Ask { number, ask: Request::Status },
                Frame::Prove { nonce: Bytes32([7; 32]), signature: "c2ln".into() },
            ];
            let mut bytes = Vec::new();
            for frame in &frames {
                write(&mut bytes, frame, REQUEST_BYTES_MAX).expect("into memory");
            }
            let mut reader = FrameReader::new(Dribble { bytes: &bytes, cut }, REQUEST_BYTES_MAX);
            for frame in frames {
                prop_assert_eq!(reader.next().expect("readable"), Some(frame));
            }
            prop_assert_eq!(reader.next().expect("readable"), None);
        }
    }

    /// Gives a few bytes at a time.
    struct Dribble<'a> {
        bytes: &'a [u8],
        cut: usize,
    }

    impl Read for Dribble<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let now = self.cut.min(self.bytes.len()).min(into.len());
            into[..now].copy_from_slice(&self.bytes[..now]);
            self.bytes = &self.bytes[now..];
            Ok(now)
        }
    }
}
