//! Pairing: two people who can see or hear each other make sure that their twins talk to each other and to nobody
//! between.
//!
//! ```text
//! Joiner (has the ticket)                       Inviter (made it)
//!   Knock { proof of ticket, H(nonce, card) } ->
//!                                             <- Shown { proof of ticket, nonce, card }
//!   Opened { nonce, card } ->
//!        both show the same six digits; the people compare
//!   Word { signature } ->                     <- Word { signature }
//! ```
//!
//! Whoever stands between has to show each side a card and a nonce of their own, and both times before they know what
//! the digits will be: towards the inviter the joiner's nonce is committed to, and towards the joiner the inviter's
//! nonce comes before the joiner's is opened (the order of ZRTP, RFC 6189 §4.4.1). So there is one try, and it
//! succeeds once in a million. Nothing is kept before both people have said that the digits are the same.
//!
//! Everything here is free of input and output: messages in, messages out.

use crate::peer::{Card, CardError, Channel, Own, Peer, Side};
use crate::wire::{Bounded, digest_of};
use didymos_base::{Digest, canonical};
use didymos_identity::{Signature, verify};
use minicbor::{Decode, Encode};
use std::fmt;
use std::net::SocketAddr;
use subtle::ConstantTimeEq;

const CONTEXT: &str = "link-pairing";

/// The joiner's first message.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Knock {
    /// Shows that the joiner has the ticket.
    #[n(0)]
    pub ticket: Digest,
    /// Commits to the joiner's nonce and card.
    #[n(1)]
    pub commitment: Digest,
}

/// The inviter's message.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Shown {
    /// Shows that the inviter has the ticket too.
    #[n(0)]
    pub ticket: Digest,
    /// Fresh randomness.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub nonce: [u8; 32],
    /// Who invites.
    #[n(2)]
    pub card: Card,
}

/// The joiner's second message.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Opened {
    /// What was committed to.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub nonce: [u8; 32],
    /// Who joins.
    #[n(1)]
    pub card: Card,
}

/// What a person said of the digits.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Word {
    /// The device's signature over everything that was said, if the digits are the same; none if not.
    #[n(0)]
    pub same: Option<Signature>,
}

impl Bounded for Shown {
    fn is_bounded(&self) -> bool {
        self.card.is_bounded()
    }
}

impl Bounded for Opened {
    fn is_bounded(&self) -> bool {
        self.card.is_bounded()
    }
}

impl Bounded for Word {
    fn is_bounded(&self) -> bool {
        true
    }
}

/// Why a pairing came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PairError {
    /// The other side does not have the ticket.
    #[error("the ticket is not the one that was made here, or was used already; make a new one")]
    Ticket,
    /// What was opened is not what was committed to.
    #[error("the other side changed its mind half-way: somebody may be between; pair again, closer together")]
    Commitment,
    /// Whoever it is does not prove who they are.
    #[error("the other side does not prove who it is: {0}")]
    Card(#[from] CardError),
    /// It is the same twin.
    #[error("this is your own twin: a ticket is for somebody else")]
    Oneself,
    /// One of the two people said no.
    #[error("the numbers were not the same: nothing was kept. If they really differed, somebody was between")]
    Different,
    /// The last word was not signed by who was shown.
    #[error("the last word does not belong to what was said before")]
    Word,
    /// This twin has no identity to show.
    #[error("this twin's identity cannot be read")]
    Nobody,
}

/// Six digits that both people see.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digits(u32);

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03} {:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn ticket_proof(secret: &[u8; 16], channel: &Channel, side: Side) -> Digest {
    let side = [side as u8];
    let parts: [&[u8]; 5] = [secret, &channel.exporter, &channel.dialler, &channel.dialled, &side];
    digest_of("didymos 2026 pairing ticket v1", &parts)
}

fn is_equal(a: &Digest, b: &Digest) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

fn commitment(opened: &[u8]) -> Digest {
    digest_of("didymos 2026 pairing commitment v1", &[opened])
}

/// What the two sides have agreed on, before the people have compared.
#[derive(Clone, Debug)]
pub struct Compared {
    /// What both people see.
    pub digits: Digits,
    /// Who the other side says and proves to be.
    pub peer: Peer,
    transcript: Digest,
    side: Side,
}

impl Compared {
    fn new(peer: Peer, channel: &Channel, said: [&[u8]; 3], side: Side) -> Self {
        let parts: [&[u8]; 6] = [&channel.exporter, &channel.dialler, &channel.dialled, said[0], said[1], said[2]];
        let transcript = digest_of("didymos 2026 pairing transcript v1", &parts);
        let digits = digest_of("didymos 2026 pairing digits v1", &[transcript.as_bytes()]);
        let first = digits.as_bytes().first_chunk::<8>().copied().unwrap_or_default();
        Self { digits: Digits((u64::from_be_bytes(first) % 1_000_000) as u32), peer, transcript, side }
    }

    fn message(&self, side: Side) -> Vec<u8> {
        let mut bytes = self.transcript.as_bytes().to_vec();
        bytes.push(side as u8);
        bytes
    }

    /// What this side says: that the digits are the `same`, or that they are not.
    #[must_use]
    pub fn word(&self, own: &Own, same: bool) -> Word {
        Word { same: same.then(|| own.device.sign(CONTEXT, &self.message(self.side))) }
    }

    /// Hears the other side's word.
    pub fn hear(&self, word: &Word) -> Result<(), PairError> {
        let signature = word.same.as_ref().ok_or(PairError::Different)?;
        verify(&self.peer.device, CONTEXT, &self.message(self.side.other()), signature).map_err(|_| PairError::Word)
    }
}

/// The side that has the ticket, after it has knocked.
#[derive(Clone, Debug)]
pub struct Joiner {
    channel: Channel,
    secret: [u8; 16],
    did: didymos_base::Did,
    knock: Vec<u8>,
    opened: Opened,
}

impl Joiner {
    /// Knocks. The `nonce` has to be fresh randomness.
    pub fn knock(
        own: &Own,
        addrs: &[SocketAddr],
        secret: [u8; 16],
        channel: Channel,
        nonce: [u8; 32],
    ) -> Result<(Self, Knock), PairError> {
        let card = Card::new(own, 0, addrs, true, &channel, Side::Dialler).ok_or(PairError::Nobody)?;
        let did = card.did.clone();
        let opened = Opened { nonce, card };
        let ticket = ticket_proof(&secret, &channel, Side::Dialler);
        let knock = Knock { ticket, commitment: commitment(&canonical::encode(&opened)) };
        Ok((Self { channel, secret, did, knock: canonical::encode(&knock), opened }, knock))
    }

    /// Hears who invites, and opens what was committed to.
    pub fn open(self, shown: Shown) -> Result<(Compared, Opened), PairError> {
        if !is_equal(&shown.ticket, &ticket_proof(&self.secret, &self.channel, Side::Dialled)) {
            return Err(PairError::Ticket);
        }
        let said = canonical::encode(&shown);
        let peer = shown.card.check(&[], &self.channel, Side::Dialled)?;
        if peer.did == self.did {
            return Err(PairError::Oneself);
        }
        let opened = canonical::encode(&self.opened);
        let compared = Compared::new(peer, &self.channel, [&self.knock, &said, &opened], Side::Dialler);
        Ok((compared, self.opened))
    }
}

/// The side that made the ticket, after it has been knocked at.
#[derive(Clone, Debug)]
pub struct Inviter {
    channel: Channel,
    knock: Knock,
    shown: Vec<u8>,
    did: didymos_base::Did,
}

/// Whether `knock` comes from somebody who has the ticket with this secret.
#[must_use]
pub fn has_ticket(knock: &Knock, secret: &[u8; 16], channel: &Channel) -> bool {
    is_equal(&knock.ticket, &ticket_proof(secret, channel, Side::Dialler))
}

impl Inviter {
    /// Answers a knock. The `nonce` has to be fresh randomness.
    pub fn show(
        own: &Own,
        addrs: &[SocketAddr],
        secret: &[u8; 16],
        channel: Channel,
        knock: Knock,
        nonce: [u8; 32],
    ) -> Result<(Self, Shown), PairError> {
        if !has_ticket(&knock, secret, &channel) {
            return Err(PairError::Ticket);
        }
        let card = Card::new(own, 0, addrs, true, &channel, Side::Dialled).ok_or(PairError::Nobody)?;
        let did = card.did.clone();
        let shown = Shown { ticket: ticket_proof(secret, &channel, Side::Dialled), nonce, card };
        Ok((Self { channel, knock, shown: canonical::encode(&shown), did }, shown))
    }

    /// Hears who joins.
    pub fn hear(self, opened: Opened) -> Result<Compared, PairError> {
        let said = canonical::encode(&opened);
        if !is_equal(&commitment(&said), &self.knock.commitment) {
            return Err(PairError::Commitment);
        }
        let peer = opened.card.check(&[], &self.channel, Side::Dialler)?;
        if peer.did == self.did {
            return Err(PairError::Oneself);
        }
        let knock = canonical::encode(&self.knock);
        Ok(Compared::new(peer, &self.channel, [&knock, &self.shown, &said], Side::Dialled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{Person, channel};

    const SECRET: [u8; 16] = [4; 16];

    /// Both sides of a pairing over one channel, with these nonces.
    fn pair(guest: &Person, maker: &Person, nonces: [u8; 2], channel: Channel) -> (Compared, Compared) {
        let (joiner, knock) = Joiner::knock(&guest.own, &[], SECRET, channel, [nonces[0]; 32]).expect("knocks");
        let (inviter, shown) = Inviter::show(&maker.own, &[], &SECRET, channel, knock, [nonces[1]; 32]).expect("shows");
        let (at_joiner, opened) = joiner.open(shown).expect("opens");
        (at_joiner, inviter.hear(opened).expect("hears"))
    }

    #[test]
    fn both_see_the_same_digits_and_learn_who_the_other_is() {
        let (ann, bob) = (Person::new(1), Person::new(2));
        let (at_ann, at_bob) = pair(&ann, &bob, [5, 6], channel());
        assert_eq!(at_ann.digits, at_bob.digits);
        assert_eq!((&at_ann.peer.did, &at_bob.peer.did), (&bob.did, &ann.did));
        at_bob.hear(&at_ann.word(&ann.own, true)).expect("signed");
        at_ann.hear(&at_bob.word(&bob.own, true)).expect("signed");
        assert_eq!(at_bob.hear(&at_ann.word(&ann.own, false)), Err(PairError::Different));
        assert_eq!(at_bob.hear(&at_bob.word(&bob.own, true)), Err(PairError::Word), "reflected");
        assert_eq!(at_bob.hear(&at_ann.word(&bob.own, true)), Err(PairError::Word), "another's");
        let (other, _) = pair(&ann, &bob, [5, 7], channel());
        assert_eq!(at_bob.hear(&other.word(&ann.own, true)), Err(PairError::Word), "of another pairing");
        let text = at_ann.digits.to_string();
        assert!(text.len() == 7 && text.bytes().all(|b| b == b' ' || b.is_ascii_digit()), "{text}");
    }

    #[test]
    fn whoever_stands_between_shows_different_digits() {
        let (ann, bob, eve) = (Person::new(1), Person::new(2), Person::new(3));
        let mut same = 0;
        for nonce in 0..50 {
            let to_ann = Channel { exporter: [10; 32], dialled: [66; 32], ..channel() };
            let to_bob = Channel { exporter: [11; 32], dialler: [66; 32], ..channel() };
            let (at_ann, _) = pair(&ann, &eve, [5, nonce], to_ann);
            let (_, at_bob) = pair(&eve, &bob, [nonce, 6], to_bob);
            same += usize::from(at_ann.digits == at_bob.digits);
        }
        assert_eq!(same, 0, "one in a million");
    }

    #[test]
    fn nothing_can_be_chosen_after_the_digits_are_known() {
        let (ann, bob) = (Person::new(1), Person::new(2));
        let (joiner, knock) = Joiner::knock(&ann.own, &[], SECRET, channel(), [5; 32]).expect("knocks");
        let (inviter, shown) = Inviter::show(&bob.own, &[], &SECRET, channel(), knock, [6; 32]).expect("shows");
        let (_, opened) = joiner.open(shown).expect("opens");
        let another_nonce = Opened { nonce: [7; 32], ..opened.clone() };
        assert_eq!(inviter.clone().hear(another_nonce).expect_err("refused"), PairError::Commitment);
        let card = Card::new(&Person::new(3).own, 0, &[], true, &channel(), Side::Dialler).expect("a card");
        let another_card = Opened { card, ..opened };
        assert_eq!(inviter.hear(another_card).expect_err("refused"), PairError::Commitment);
    }

    #[test]
    fn without_the_ticket_nobody_gets_beyond_the_knock() {
        let (ann, bob) = (Person::new(1), Person::new(2));
        let (joiner, knock) = Joiner::knock(&ann.own, &[], [0; 16], channel(), [5; 32]).expect("knocks");
        let shown = Inviter::show(&bob.own, &[], &SECRET, channel(), knock.clone(), [6; 32]);
        assert_eq!(shown.expect_err("refused"), PairError::Ticket);
        let (_, shown) = Inviter::show(&bob.own, &[], &[0; 16], channel(), knock, [6; 32]).expect("shows");
        let unproven = Shown { ticket: Digest([0; 32]), ..shown };
        assert_eq!(joiner.open(unproven).expect_err("refused"), PairError::Ticket);
    }

    #[test]
    fn nobody_pairs_with_themself() {
        let ann = Person::new(1);
        let (joiner, knock) = Joiner::knock(&ann.own, &[], SECRET, channel(), [5; 32]).expect("knocks");
        let (_, shown) = Inviter::show(&ann.own, &[], &SECRET, channel(), knock, [6; 32]).expect("shows");
        assert_eq!(joiner.open(shown).expect_err("refused"), PairError::Oneself);
    }
}
