//! A waiting time that a wrong clock cannot cut short.
//!
//! What counts is time that was seen to pass. Between two looks at the clock no more than a quarter of the whole counts,
//! and a clock that went backwards counts nothing: a single jump into the future opens nothing, and a guardian whose twin
//! is off for days waits longer, never shorter.

use didymos_base::Timestamp;
use didymos_base::time::HOUR_MS;
use minicbor::{Decode, Encode};

/// So far a waiting time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Wait {
    /// So much counted.
    #[n(0)]
    pub waited_ms: i64,
    /// When the clock was looked at last.
    #[n(1)]
    pub last: Timestamp,
}

impl Wait {
    /// Begins.
    #[must_use]
    pub const fn begin(now: Timestamp) -> Self {
        Self { waited_ms: 0, last: now }
    }

    /// The most that counts between two looks.
    #[must_use]
    pub fn step_max(total_ms: i64) -> i64 {
        (total_ms / 4).max(HOUR_MS)
    }

    /// How it stands at `now`.
    #[must_use]
    pub fn at(self, now: Timestamp, total_ms: i64) -> Self {
        let passed = now.0.saturating_sub(self.last.0).clamp(0, Self::step_max(total_ms));
        Self { waited_ms: self.waited_ms.saturating_add(passed).min(total_ms), last: now }
    }

    /// Whether so much has passed since the last look that it should be kept: a restart must not lose it.
    #[must_use]
    pub fn is_worth_keeping(self, now: Timestamp, total_ms: i64) -> bool {
        let passed = now.0.saturating_sub(self.last.0);
        self.waited_ms < total_ms && (passed >= (total_ms / 32).max(HOUR_MS / 4) || passed < -HOUR_MS)
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(self, now: Timestamp, total_ms: i64) -> bool {
        self.at(now, total_ms).waited_ms >= total_ms
    }

    /// When it will be over at the earliest.
    #[must_use]
    pub fn opens(self, now: Timestamp, total_ms: i64) -> Timestamp {
        Timestamp(now.0.saturating_add(total_ms - self.at(now, total_ms).waited_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use didymos_base::time::DAY_MS;
    use proptest::prelude::*;

    #[test]
    fn no_jump_of_the_clock_opens_anything() {
        let total = 8 * DAY_MS;
        let wait = Wait::begin(Timestamp(0));
        assert!(!wait.is_over(Timestamp(1_000 * DAY_MS), total), "one jump");
        assert_eq!(wait.at(Timestamp(1_000 * DAY_MS), total).waited_ms, 2 * DAY_MS);
        let back = wait.at(Timestamp(2 * DAY_MS), total).at(Timestamp(-DAY_MS), total);
        assert_eq!(back.waited_ms, 2 * DAY_MS, "backwards counts nothing");
        assert_eq!(back.at(Timestamp(0), total).waited_ms, 3 * DAY_MS, "and goes on from there");
    }

    proptest! {
        #[test]
        fn never_more_than_was_seen_to_pass(steps in prop::collection::vec(-10i64..10, 1..60)) {
            let total = 7 * DAY_MS;
            let (mut now, mut passed, mut wait) = (0i64, 0i64, Wait::begin(Timestamp(0)));
            for step in steps {
                now += step * HOUR_MS * 5;
                passed += (step * HOUR_MS * 5).max(0);
                wait = wait.at(Timestamp(now), total);
                prop_assert!(wait.waited_ms <= passed && wait.waited_ms <= total);
            }
        }
    }
}
