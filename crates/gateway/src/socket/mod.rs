//! The way in for a second `twin` process on the same machine: a Unix socket in the data directory.
//!
//! A vault has one writer. Whoever comes second does not wait for the lock but is served through the first, over
//! [`listen`] and [`Client`], and sees the same [`Door`](didymos_twin::Door).
//!
//! What is said, in frames of a big-endian `u32` length and that many bytes of JSON:
//!
//! | server | client |
//! |---|---|
//! | `hello` version, owner, 32-byte challenge | |
//! | | `prove` 32-byte nonce, signature by a device key over [`to_sign`] |
//! | `welcome` (or `failure` and the end) | |
//! | | `ask` number, request |
//! | `progress` number, … (any times) | `stop` number (any time) |
//! | `answer` or `failure`, number | |
//!
//! The socket is readable by the owner's account only (mode 0600); the signature keeps out other programs that run
//! under that account but hold no device key. It covers the challenge, the nonce and the owner's DID, so it is good
//! for this connection to this twin and for nothing else.

mod client;
mod frame;
mod server;

pub use client::{Client, ConnectError};
pub use frame::{BadFrame, Frame, decode_frame};
pub use server::{ListenError, SocketServer, listen};

use didymos_base::Did;
use didymos_twin::Principal;

/// Signs with the device key.
pub type Sign = dyn Fn(&[u8]) -> Vec<u8> + Send + Sync;

/// Finds whose signature over a message this is; `None` refuses.
pub type Verify = dyn Fn(&[u8], &[u8]) -> Option<Principal> + Send + Sync;

/// Version of what is said.
const VERSION: &str = "didymos-socket@1";

/// The longest path a socket can have everywhere: `sun_path` holds 104 bytes on macOS and 108 on Linux, with the zero.
const PATH_BYTES_MAX: usize = 103;

/// What a client signs: the domain, the server's challenge, its own nonce, and whose twin it means to talk to.
#[must_use]
pub fn to_sign(challenge: &[u8; 32], nonce: &[u8; 32], owner: &Did) -> Vec<u8> {
    let mut message = Vec::with_capacity(128);
    message.extend_from_slice(VERSION.as_bytes());
    message.push(0);
    message.extend_from_slice(challenge);
    message.extend_from_slice(nonce);
    message.extend_from_slice(owner.as_str().as_bytes());
    message
}

fn random() -> std::io::Result<[u8; 32]> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes)
}

/// Whether the path fits into a socket address.
fn fits(path: &std::path::Path) -> bool {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().len() <= PATH_BYTES_MAX
}
