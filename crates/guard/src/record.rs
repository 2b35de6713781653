//! What lies in the journal about guardians, heirs and claims, and the book that it is folded into.

use crate::desk::Desk;
use crate::paper::{Bequest, Claim, Notice, Paper, SignedCharter, Word};
use crate::quest::Quests;
use crate::ring::{Owned, Wish};
use crate::wait::Wait;
use didymos_base::{Did, Digest, Timestamp};
use minicbor::{Decode, Encode};

/// A change.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
#[allow(missing_docs, clippy::large_enum_variant)]
pub enum Record {
    /// As guardian: a share came and is sound. It is sealed under a key that lies beside the journal, so that it can be
    /// destroyed.
    #[n(0)]
    Appointed {
        #[n(0)]
        charter: Box<SignedCharter>,
        #[n(1)]
        index: u8,
        #[cbor(n(2), with = "minicbor::bytes")]
        sealed: Vec<u8>,
        #[n(3)]
        at: Timestamp,
    },
    /// As guardian: the word that was given to the ward.
    #[n(1)]
    Said {
        #[n(0)]
        ward: Did,
        #[n(1)]
        charter: Digest,
        #[n(2)]
        word: Word,
        #[n(3)]
        at: Timestamp,
    },
    /// As guardian: whatever the ward gave up to this round is over.
    #[n(2)]
    Ended {
        #[n(0)]
        ward: Did,
        #[n(1)]
        round: u64,
        #[n(2)]
        at: Timestamp,
    },
    /// As guardian: the ward is alive.
    #[n(3)]
    Heard {
        #[n(0)]
        ward: Did,
        #[n(1)]
        count: u64,
        #[n(2)]
        at: Timestamp,
    },
    /// As guardian: so long there was no sign of life.
    #[n(4)]
    Silent {
        #[n(0)]
        ward: Did,
        #[n(1)]
        wait: Wait,
    },
    /// As guardian: somebody claims. `ward` is set where it is clear whose twin.
    #[n(5)]
    Claimed {
        #[n(0)]
        claim: Box<Claim>,
        #[n(1)]
        ward: Option<Did>,
        #[n(2)]
        at: Timestamp,
    },
    /// As guardian: the person approved.
    #[n(6)]
    Approved {
        #[n(0)]
        claim: Digest,
        #[n(1)]
        ward: Did,
        #[n(2)]
        at: Timestamp,
    },
    /// As guardian: the person said no.
    #[n(7)]
    Denied {
        #[n(0)]
        claim: Digest,
        #[n(1)]
        at: Timestamp,
    },
    /// As guardian: the ward said that it is theft.
    #[n(8)]
    Cancelled {
        #[n(0)]
        ward: Did,
        #[n(1)]
        claim: Digest,
        #[n(2)]
        claimant: Did,
        #[n(3)]
        at: Timestamp,
    },
    /// As guardian: so far the waiting time of a claim has come.
    #[n(9)]
    Waited {
        #[n(0)]
        claim: Digest,
        #[n(1)]
        wait: Wait,
    },
    /// As guardian: the ward's twin knows of the claim.
    #[n(10)]
    Told {
        #[n(0)]
        claim: Digest,
        #[n(1)]
        at: Timestamp,
    },
    /// As guardian: the share was handed over.
    #[n(11)]
    Released {
        #[n(0)]
        claim: Digest,
        #[n(1)]
        at: Timestamp,
    },
    /// As ward: a new round of guardians.
    #[n(12)]
    Made {
        #[n(0)]
        charter: Box<SignedCharter>,
        #[n(1)]
        guardians: Vec<Did>,
        #[n(2)]
        wishes: Vec<Wish>,
        #[n(3)]
        at: Timestamp,
    },
    /// A paper that waits to be delivered.
    #[n(13)]
    Send {
        #[n(0)]
        to: Did,
        #[n(1)]
        paper: Box<Paper>,
    },
    /// A paper that arrived, or that the other side does not want.
    #[n(14)]
    Delivered {
        #[n(0)]
        to: Did,
        #[n(1)]
        paper: Digest,
        #[n(2)]
        refused: Option<String>,
        #[n(3)]
        at: Timestamp,
    },
    /// As ward: what a guardian said.
    #[n(15)]
    Answered {
        #[n(0)]
        guardian: Did,
        #[n(1)]
        charter: Digest,
        #[n(2)]
        word: Word,
        #[n(3)]
        at: Timestamp,
    },
    /// As ward: a rehearsal found a guardian's share sound.
    #[n(16)]
    Checked {
        #[n(0)]
        guardian: Did,
        #[n(1)]
        charter: Digest,
        #[n(2)]
        at: Timestamp,
    },
    /// As ward: a sign of life is to go out.
    #[n(17)]
    Beat {
        #[n(0)]
        count: u64,
        #[n(1)]
        at: Timestamp,
    },
    /// As ward: a guardian has it.
    #[n(18)]
    BeatTold {
        #[n(0)]
        guardian: Did,
        #[n(1)]
        count: u64,
    },
    /// As ward: a guardian told of a claim.
    #[n(19)]
    Noticed {
        #[n(0)]
        notice: Box<Notice>,
        #[n(1)]
        at: Timestamp,
    },
    /// As ward: that claim is theft.
    #[n(20)]
    Repelled {
        #[n(0)]
        claim: Digest,
        #[n(1)]
        at: Timestamp,
    },
    /// As ward: no guardians any more.
    #[n(21)]
    Dissolved {
        #[n(0)]
        at: Timestamp,
    },
    /// As heir: something is left to the owner, or not any more.
    #[n(22)]
    Bequeathed {
        #[n(0)]
        bequest: Box<Bequest>,
        #[n(1)]
        at: Timestamp,
    },
    /// As claimant: a claim of this twin's. What is handed over is sealed to a key that grows from the nonce.
    #[n(23)]
    Claims {
        #[n(0)]
        claim: Box<Claim>,
        #[n(1)]
        nonce: Digest,
        #[n(2)]
        of: Option<Did>,
    },
    /// As claimant: how it stands at a guardian.
    #[n(24)]
    Asked {
        #[n(0)]
        claim: Digest,
        #[n(1)]
        guardian: Did,
        #[n(2)]
        stand: Option<u8>,
        #[n(3)]
        opens: Option<Timestamp>,
        #[n(4)]
        words: Option<String>,
        #[n(5)]
        at: Timestamp,
    },
    /// As claimant: what a guardian handed over, still sealed.
    #[n(25)]
    Got {
        #[n(0)]
        claim: Digest,
        #[n(1)]
        guardian: Did,
        #[cbor(n(2), with = "minicbor::bytes")]
        release: Vec<u8>,
    },
}

/// Everything that a twin knows about guardians, heirs and claims.
#[derive(Default)]
pub struct Book {
    /// The owner as guardian.
    pub desk: Desk,
    /// The owner as ward and as heir, and what is to be sent.
    pub own: Owned,
    /// The owner as claimant.
    pub quests: Quests,
}

impl Book {
    /// Takes in a record.
    pub fn apply(&mut self, record: Record) {
        let Some(record) = self.desk.apply(record) else { return };
        let Some(record) = self.own.apply(record) else { return };
        self.quests.apply(record);
    }
}
