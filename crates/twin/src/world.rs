//! What a twin takes from the machine it runs on: time, randomness, the disk under its vault, and the network.
//!
//! A twin reads the clock and asks for randomness here and nowhere else, so that a test can let days pass, let two
//! clocks disagree, pull the plug at any write, lose what is on its way, and have the same run again from the same seed.

use crate::door::{Failure, FailureCode};
use didymos_base::Timestamp;
use didymos_link::{Internet, Network};
use didymos_vault::disk::{Disk, RealDisk};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Fills bytes with randomness; false where there is none.
pub type Chance = Arc<dyn Fn(&mut [u8]) -> bool + Send + Sync>;

/// The machine, as a twin sees it. [`World::default`] is the real one.
#[derive(Clone)]
pub struct World {
    /// What the clock says, UTC milliseconds.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Where randomness comes from.
    pub chance: Chance,
    /// The disk under the vault.
    pub disk: Arc<dyn Disk>,
    /// Where its link comes from.
    pub network: Arc<dyn Network>,
    /// Whether it has threads of its own for what is done later, such as delivering. Where it has none, whoever drives
    /// the twin does these things: see [`Twin::carry_to`](crate::Twin::carry_to).
    pub threads: bool,
    /// Steps by which makers of days are taught, 1 to 100,000: fewer where the way through is looked at, and not the days.
    pub lessons: usize,
    /// How long it has to have been quiet for the mirror to learn in the background.
    pub quiet: Duration,
}

impl Default for World {
    fn default() -> Self {
        let clock = || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp((since.as_millis() as i64).saturating_add(wrong_by_ms()))
        };
        let chance = |bytes: &mut [u8]| getrandom::fill(bytes).is_ok();
        Self {
            clock: Arc::new(clock),
            chance: Arc::new(chance),
            disk: Arc::new(RealDisk),
            network: Arc::new(Internet),
            threads: true,
            quiet: Duration::from_mins(1),
            lessons: didymos_mirror::generate::Settings::default().steps,
        }
    }
}

/// How far the clock of a program that is tested is set wrong, on purpose: namespaces have one wall clock for all of
/// them. There is no such switch in a program that is built to be used.
#[cfg(debug_assertions)]
fn wrong_by_ms() -> i64 {
    static WRONG_BY_MS: std::sync::LazyLock<i64> = std::sync::LazyLock::new(|| {
        let set = std::env::var("TWIN_TEST_CLOCK_MS").ok();
        set.and_then(|text| text.parse().ok()).unwrap_or_default()
    });
    *WRONG_BY_MS
}

#[cfg(not(debug_assertions))]
const fn wrong_by_ms() -> i64 {
    0
}

impl World {
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N], Failure> {
        let mut bytes = [0; N];
        if (self.chance)(&mut bytes) {
            return Ok(bytes);
        }
        Err(Failure::new(FailureCode::Io, "the system gives no randomness"))
    }
}
