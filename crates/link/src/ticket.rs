//! Tickets: how to reach a twin that waits for somebody, and a secret that lets one in, once.
//!
//! ```text
//! "twin-" base64url( ticket(CBOR array) || first 4 bytes of BLAKE3(ticket) )
//! ```
//!
//! The text fits into a QR code that a phone reads from a screen. Whoever sees it may knock, so it is good for one
//! pairing and some minutes, and the two people compare numbers all the same (see [`pairing`](crate::pairing)).

use crate::peer::{ADDRS_MAX, EndpointKey};
use crate::wire::digest_of;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use didymos_base::{Timestamp, canonical};
use minicbor::{Decode, Encode};
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// What every ticket's text begins with.
pub const PREFIX: &str = "twin-";
/// The longest text read, in bytes.
pub const TEXT_BYTES_MAX: usize = 1024;
const CHECK_LEN: usize = 4;

/// An invitation.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Ticket {
    /// Version of this structure: 1.
    #[n(0)]
    pub version: u8,
    /// The endpoint that waits.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub endpoint: EndpointKey,
    /// Where it waits.
    #[n(2)]
    pub addrs: Vec<SocketAddr>,
    /// Lets one in.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub secret: [u8; 16],
    /// Until when.
    #[n(4)]
    pub expires: Timestamp,
    /// What for, if not to be contacts.
    #[n(5)]
    pub purpose: Option<Purpose>,
}

/// What two machines pair for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Purpose {
    /// Two people's twins become contacts.
    #[n(0)]
    Contact,
    /// The machine that joins becomes a device of the inviter's owner, with everything on it.
    #[n(1)]
    Device,
    /// The machine that joins may open the inviter's page, and nothing else.
    #[n(2)]
    Viewer,
}

impl Ticket {
    /// What for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose.unwrap_or(Purpose::Contact)
    }

    /// What both sides show that they have: the secret, bound to what it is for.
    #[must_use]
    pub fn proof_secret(&self) -> [u8; 16] {
        if self.purpose() == Purpose::Contact {
            return self.secret;
        }
        let bound = digest_of("didymos 2026 ticket purpose v1", &[&self.secret, &[self.purpose() as u8]]);
        bound.as_bytes().first_chunk().copied().unwrap_or_default()
    }
}

/// The text is no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTicket {
    /// Not the form of a ticket at all.
    #[error("not a ticket: it begins with {PREFIX} and comes from `twin pair` on the other side")]
    NotATicket,
    /// Characters are missing or wrong.
    #[error("the ticket was not copied whole: copy it again, from {PREFIX} to the end")]
    Damaged,
    /// A ticket of a newer twin.
    #[error("the ticket is of a newer twin: update this one")]
    Newer,
}

/// Bytes as text that survives being copied: a prefix, base64url, and a check.
pub(crate) fn to_text(prefix: &str, mut bytes: Vec<u8>) -> String {
    let check = *blake3::hash(&bytes).as_bytes();
    bytes.extend_from_slice(&check[..CHECK_LEN]);
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The bytes of a text, if it was copied whole.
pub(crate) fn from_text(prefix: &str, text: &str) -> Result<Vec<u8>, BadTicket> {
    // Line breaks come in where a long text is copied out of a message.
    let text: String = text.chars().filter(|c| !c.is_whitespace()).take(TEXT_BYTES_MAX + 1).collect();
    let body = text.strip_prefix(prefix).filter(|_| text.len() <= TEXT_BYTES_MAX).ok_or(BadTicket::NotATicket)?;
    let bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| BadTicket::Damaged)?;
    let (ticket, check) = bytes.split_last_chunk::<CHECK_LEN>().ok_or(BadTicket::Damaged)?;
    if blake3::hash(ticket).as_bytes()[..CHECK_LEN] != *check {
        return Err(BadTicket::Damaged);
    }
    if is_newer(minicbor::Decoder::new(ticket)) {
        return Err(BadTicket::Newer);
    }
    Ok(ticket.to_vec())
}

impl FromStr for Ticket {
    type Err = BadTicket;

    fn from_str(text: &str) -> Result<Self, BadTicket> {
        let ticket: Self = canonical::decode(&from_text(PREFIX, text)?).map_err(|_| BadTicket::Damaged)?;
        if ticket.version != 1 || ticket.addrs.len() > ADDRS_MAX { Err(BadTicket::Damaged) } else { Ok(ticket) }
    }
}

fn is_newer(mut ticket: minicbor::Decoder<'_>) -> bool {
    ticket.array().is_ok() && ticket.u8().is_ok_and(|version| version > 1)
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_text(PREFIX, canonical::encode(self)))
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("addrs", &self.addrs).field("expires", &self.expires).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ticket() -> Ticket {
        Ticket {
            version: 1,
            endpoint: [7; 32],
            addrs: vec!["192.168.1.5:40000".parse().expect("an address"), "[fe80::1]:1".parse().expect("an address")],
            secret: [9; 16],
            expires: Timestamp(1_700_000_000_000),
            purpose: None,
        }
    }

    #[test]
    fn a_ticket_for_one_purpose_lets_nobody_in_for_another() {
        let all = [None, Some(Purpose::Device), Some(Purpose::Viewer)].map(|purpose| Ticket { purpose, ..ticket() });
        for (i, one) in all.iter().enumerate() {
            assert_eq!(one.to_string().parse().as_ref(), Ok(one));
            for other in &all[i + 1..] {
                assert_ne!(one.proof_secret(), other.proof_secret());
            }
        }
        assert_eq!(all[0].proof_secret(), all[0].secret);
    }

    #[test]
    fn a_ticket_survives_being_copied_with_line_breaks_and_no_other_change() {
        let text = ticket().to_string();
        assert!(text.len() < 200, "{} characters make a coarse QR code", text.len());
        let broken = format!(" {}\n  {}\n", &text[..40], &text[40..]);
        assert_eq!(broken.parse(), Ok(ticket()));
        for at in PREFIX.len()..text.len() {
            let mut damaged = text.clone().into_bytes();
            damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
            let damaged = String::from_utf8(damaged).expect("text");
            assert_eq!(damaged.parse::<Ticket>(), Err(BadTicket::Damaged), "{at}");
        }
        assert_eq!(text[..text.len() - 1].parse::<Ticket>(), Err(BadTicket::Damaged));
        assert_eq!(Ticket { version: 2, ..ticket() }.to_string().parse::<Ticket>(), Err(BadTicket::Newer));
        assert_eq!("https://example.org".parse::<Ticket>(), Err(BadTicket::NotATicket));
    }

    #[test]
    fn the_secret_is_not_printed() {
        assert!(!format!("{:?}", ticket()).contains('9'.to_string().repeat(2).as_str()));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(twin-)?.{0,200}") {
            let _ = text.parse::<Ticket>();
        }
    }
}
