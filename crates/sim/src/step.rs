//! What happens in a town, as a list that is made before anything does: so that it can be shortened and run again.

use crate::hostile;
use crate::lots::Lots;
use crate::net::Weather;
use crate::play::{self, Theme};
use didymos_base::time::{DAY_MS, HOUR_MS};
use std::fmt;

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Time passes.
    Wait {
        /// So many milliseconds.
        ms: i64,
    },
    /// Somebody's clock is set, against the true time.
    SetClock {
        /// So far ahead.
        skew_ms: i64,
    },
    /// Somebody's machine goes down in the midst of its work.
    PullPlug {
        /// After so many more writes.
        after: u64,
    },
    /// Somebody's twin is closed in order and opened again.
    Restart,
    /// Somebody's twin is closed in order.
    Close,
    /// The way between two people is gone.
    Part,
    /// It is there again.
    Join,
    /// A call arrives that its caller gave up long ago.
    Arrive,
    /// Somebody's twin carries what waits.
    Carry,
    /// Somebody does something with somebody else.
    Play(play::Act),
    /// The one whose program is her own tries something.
    Hostile(hostile::Act),
}

/// A step: who does what to whom, and the lots of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its place in the whole list.
    pub number: usize,
    /// Who.
    pub who: usize,
    /// To whom.
    pub whom: usize,
    /// What.
    pub act: Act,
    /// Where its lots come from.
    pub lots: u64,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:3}. {} -> {}: {:?}", self.number, self.who, self.whom, self.act)
    }
}

/// What a town is like: each seed turns some faults on and others off, so that none hides behind another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own that a seed turns on or off")]
pub struct Climate {
    /// What it is about.
    pub theme: Theme,
    /// How many people.
    pub people: usize,
    /// What happens to calls.
    pub weather: Weather,
    clocks: bool,
    crashes: bool,
    parts: bool,
    restarts: bool,
    hostile: bool,
}

impl Climate {
    /// The climate of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut lots = Lots::of(seed, 1);
        let chance = |lots: &mut Lots| if lots.once_in(2) { lots.below(48) as u8 } else { 0 };
        let weather = Weather {
            unreachable: chance(&mut lots),
            broken_before: chance(&mut lots),
            broken_after: chance(&mut lots),
            call_lost: chance(&mut lots),
            late: chance(&mut lots),
            answer_lost: chance(&mut lots),
        };
        let theme = Theme::drawn(&mut lots);
        Self {
            theme,
            people: theme.people(&mut lots),
            weather,
            clocks: lots.once_in(2),
            crashes: !lots.once_in(3),
            parts: lots.once_in(2),
            restarts: lots.once_in(2),
            hostile: lots.once_in(2),
        }
    }

    fn act(&self, lots: &mut Lots) -> Act {
        match lots.below(100) {
            0..=5 => Act::Wait { ms: 1 + lots.below(5 * HOUR_MS as u64) as i64 },
            6..=8 if self.clocks => Act::SetClock { skew_ms: lots.below(2 * DAY_MS as u64) as i64 - DAY_MS },
            9..=12 if self.crashes => Act::PullPlug { after: lots.below(14) },
            15..=17 if self.restarts => Act::Restart,
            18..=19 if self.restarts => Act::Close,
            20..=23 if self.parts => Act::Part,
            24..=27 if self.parts => Act::Join,
            28..=31 => Act::Arrive,
            32..=37 if self.hostile => Act::Hostile(hostile::Act::drawn(lots)),
            38..=47 => Act::Carry,
            _ => Act::Play(self.theme.act(lots)),
        }
    }
}

/// The steps of a seed.
#[must_use]
pub fn steps(seed: u64, count: usize) -> Vec<Step> {
    let climate = Climate::of(seed);
    let mut lots = Lots::of(seed, 2);
    let step = |number| {
        let who = lots.place(climate.people);
        let whom = (who + 1 + lots.place(climate.people - 1)) % climate.people;
        Step { number, who, whom, act: climate.act(&mut lots), lots: lots.draw() }
    };
    (0..count).map(step).collect()
}
