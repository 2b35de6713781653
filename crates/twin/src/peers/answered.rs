//! Answers that were given a moment ago.
//!
//! A connection may end while an answer is on its way. The link then makes its call once more over a new one, and the
//! same ask, signed once and with one nonce, comes twice. It is one use of a contract: whoever asked gets the answer
//! that was given, and it is counted and receipted once. Only a moment, and not across a restart: then it is a new use.

use crate::Twin;
use crate::peers::ask::Answer;
use didymos_base::{Did, Digest, Timestamp};
use std::collections::VecDeque;

/// How long an answer is remembered.
const MOMENT_MS: i64 = 60_000;
/// The most answers that are remembered.
const KEPT_MAX: usize = 64;
/// The most bytes of them.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// What was answered lately, oldest first.
#[derive(Default)]
pub(crate) struct Answered(VecDeque<Given>);

struct Given {
    to: Did,
    ask: Digest,
    answer: Answer,
    at: Timestamp,
}

impl Answered {
    fn prune(&mut self, now: Timestamp) {
        self.0.retain(|given| (now.0.saturating_sub(MOMENT_MS)..=now.0).contains(&given.at.0));
        let bytes = |kept: &VecDeque<Given>| kept.iter().map(|given| given.answer.answer.len()).sum::<usize>();
        while self.0.len() > KEPT_MAX || bytes(&self.0) > BYTES_MAX {
            self.0.pop_front();
        }
    }

    /// Remembers what `to` was answered, where that used a contract.
    pub(crate) fn keep(&mut self, to: &Did, ask: Digest, answer: &Answer, now: Timestamp) {
        if answer.used.is_some() {
            self.0.push_back(Given { to: to.clone(), ask, answer: answer.clone(), at: now });
            self.prune(now);
        }
    }

    /// What `to` was answered to this very ask, if that was a moment ago and the contract holds still.
    pub(crate) fn again(&mut self, twin: &Twin, to: &Did, ask: &Digest) -> Option<Answer> {
        self.prune(twin.now());
        let given = self.0.iter().find(|given| given.to == *to && given.ask == *ask)?;
        let contract = given.answer.used.as_ref()?.contract;
        let holds = super::look(twin, |book| {
            let knows = book.contacts.get(to).is_some_and(|contact| !contact.blocked);
            knows && book.contracts.get(&contract).is_some_and(|entry| entry.ending.is_none())
        });
        holds.unwrap_or(false).then(|| given.answer.clone())
    }
}
