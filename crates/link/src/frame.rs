//! Frames: four bytes of length, big end first, then that many bytes.
//!
//! Whoever reads says how long a frame may be at this place of the conversation, and a longer one ends it before a byte
//! of it is taken in. Memory grows with what has come, never with what was announced.

use iroh::endpoint::{RecvStream, SendStream};

/// Bytes of the length.
pub const HEAD_LEN: usize = 4;
/// Bytes of a frame that are taken in at a time.
const STEP: usize = 64 * 1024;

/// Why there is no frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The frame announces more than may come here.
    #[error("a message of {len} bytes where {max} are the most")]
    TooLong {
        /// Announced length, in bytes.
        len: usize,
        /// The most, in bytes.
        max: usize,
    },
    /// The other side ended in the middle, or broke off.
    #[error("the other side broke off")]
    BrokenOff,
}

/// The length that a frame's head announces, if it is at most `max` bytes.
pub fn length(head: [u8; HEAD_LEN], max: usize) -> Result<usize, FrameError> {
    let len = u32::from_be_bytes(head) as usize;
    if len > max { Err(FrameError::TooLong { len, max }) } else { Ok(len) }
}

/// A frame around `body`, which has to be shorter than 4 GiB; every message here is by far.
#[must_use]
pub fn framed(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD_LEN + body.len());
    bytes.extend_from_slice(&(body.len() as u32).to_be_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// A frame's body, and what follows it.
pub type Split<'a> = (&'a [u8], &'a [u8]);

/// The first frame in `bytes` and what follows it; none while some of it is still to come.
pub fn split(bytes: &[u8], max: usize) -> Result<Option<Split<'_>>, FrameError> {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD_LEN>() else { return Ok(None) };
    let len = length(*head, max)?;
    Ok(rest.split_at_checked(len))
}

/// Reads one frame of at most `max` bytes.
pub(crate) async fn read(from: &mut RecvStream, max: usize) -> Result<Vec<u8>, FrameError> {
    let mut head = [0; HEAD_LEN];
    from.read_exact(&mut head).await.map_err(|_| FrameError::BrokenOff)?;
    let len = length(head, max)?;
    let mut body = Vec::new();
    while body.len() < len {
        let have = body.len();
        body.resize(len.min(have + STEP), 0);
        from.read_exact(&mut body[have..]).await.map_err(|_| FrameError::BrokenOff)?;
    }
    Ok(body)
}

/// Writes one frame.
pub(crate) async fn write(to: &mut SendStream, body: &[u8]) -> Result<(), FrameError> {
    to.write_all(&framed(body)).await.map_err(|_| FrameError::BrokenOff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn frames_come_apart_as_they_were_put_together(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..6)) {
            let stream: Vec<u8> = bodies.iter().flat_map(|body| framed(body)).collect();
            let mut rest = stream.as_slice();
            for body in &bodies {
                let (frame, after) = split(rest, 50).expect("short").expect("whole");
                prop_assert_eq!(frame, body.as_slice());
                rest = after;
            }
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn a_frame_that_is_cut_is_waited_for(body in prop::collection::vec(any::<u8>(), 0..50), cut in any::<prop::sample::Index>()) {
            let stream = framed(&body);
            prop_assert_eq!(split(&stream[..cut.index(stream.len())], 50), Ok(None));
        }
    }

    #[test]
    fn a_frame_beyond_its_bound_is_refused_by_its_head_alone() {
        assert_eq!(split(&[0, 0, 0, 51], 50), Err(FrameError::TooLong { len: 51, max: 50 }));
        assert_eq!(split(&[255; 4], 50), Err(FrameError::TooLong { len: u32::MAX as usize, max: 50 }));
    }
}
