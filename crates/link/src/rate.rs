//! A limit on how much a peer may ask: a bucket that fills at a steady rate and that every call takes from.
//!
//! Time comes in with the call, in milliseconds of a clock that does not go backwards.

/// How much is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// So many at once, after a while of quiet.
    pub burst: u32,
    /// So many a second in the long run. At least one.
    pub per_second: u32,
}

/// What is left of a limit: thousandths of a call.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    limit: Limit,
    left_milli: u64,
    filled_at_ms: u64,
}

impl Bucket {
    /// A full bucket.
    #[must_use]
    pub fn new(limit: Limit, now_ms: u64) -> Self {
        Self { limit, left_milli: u64::from(limit.burst) * 1_000, filled_at_ms: now_ms }
    }

    /// Takes one, or says after how many milliseconds there is one.
    pub fn take(&mut self, now_ms: u64) -> Result<(), u32> {
        let per_second = u64::from(self.limit.per_second.max(1));
        let gained = now_ms.saturating_sub(self.filled_at_ms).saturating_mul(per_second);
        self.left_milli = self.left_milli.saturating_add(gained).min(u64::from(self.limit.burst) * 1_000);
        self.filled_at_ms = self.filled_at_ms.max(now_ms);
        if self.left_milli >= 1_000 {
            self.left_milli -= 1_000;
            return Ok(());
        }
        Err((1_000 - self.left_milli).div_ceil(per_second) as u32)
    }
}

/// What is left of a rate in bytes. It may be overdrawn by what is on its way: whoever overdraws it waits.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    limit: Limit,
    /// Thousandths of a byte.
    left_milli: i64,
    filled_at_ms: u64,
}

impl Flow {
    /// A full one; the limit is in bytes.
    #[must_use]
    pub fn new(limit: Limit, now_ms: u64) -> Self {
        Self { limit, left_milli: i64::from(limit.burst) * 1_000, filled_at_ms: now_ms }
    }

    /// Takes so many bytes, and says for how many milliseconds to wait before taking more.
    pub fn take(&mut self, bytes: u64, now_ms: u64) -> u64 {
        let per_second = i64::from(self.limit.per_second.max(1));
        let passed = i64::try_from(now_ms.saturating_sub(self.filled_at_ms)).unwrap_or(i64::MAX);
        let full = i64::from(self.limit.burst) * 1_000;
        self.left_milli = self.left_milli.saturating_add(passed.saturating_mul(per_second)).min(full);
        self.filled_at_ms = self.filled_at_ms.max(now_ms);
        let taken = i64::try_from(bytes).unwrap_or(i64::MAX).saturating_mul(1_000);
        self.left_milli = self.left_milli.saturating_sub(taken);
        if self.left_milli >= 0 { 0 } else { self.left_milli.unsigned_abs().div_ceil(per_second.unsigned_abs()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_above_the_rate_are_waited_for() {
        let mut flow = Flow::new(Limit { burst: 1_000, per_second: 500 }, 0);
        assert_eq!(flow.take(1_000, 0), 0);
        assert_eq!(flow.take(250, 0), 500);
        assert_eq!(flow.take(0, 500), 0);
        assert_eq!(flow.take(500, 500), 1_000);
        assert_eq!(flow.take(0, 100_000), 0, "no more than the burst is saved up");
        assert_eq!(flow.take(1_001, 100_000), 2);
        assert!(flow.take(u64::MAX, u64::MAX) > 0);
    }

    #[test]
    fn a_burst_is_served_and_the_rest_waits_its_turn() {
        let mut bucket = Bucket::new(Limit { burst: 3, per_second: 10 }, 0);
        let taken: Vec<_> = (0..5).map(|_| bucket.take(0)).collect();
        assert_eq!(taken, [Ok(()), Ok(()), Ok(()), Err(100), Err(100)]);
        assert_eq!(bucket.take(99), Err(1));
        assert_eq!(bucket.take(100), Ok(()));
        assert_eq!(bucket.take(50), Err(100), "a clock that goes backwards gives nothing");
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_the_rate(steps in prop::collection::vec(0u64..500, 1..200)) {
            let limit = Limit { burst: 7, per_second: 20 };
            let (mut bucket, mut now, mut served) = (Bucket::new(limit, 0), 0, 0u64);
            for step in steps {
                now += step;
                match bucket.take(now) {
                    Ok(()) => served += 1,
                    Err(wait) => {
                        // Waiting so long is enough, and any less is not.
                        let (mut later, mut sooner) = (bucket, bucket);
                        prop_assert_eq!(later.take(now + u64::from(wait)), Ok(()));
                        prop_assert!(sooner.take(now + u64::from(wait) - 1).is_err());
                    }
                }
                prop_assert!(served <= 7 + now * 20 / 1_000);
            }
        }
    }
}
