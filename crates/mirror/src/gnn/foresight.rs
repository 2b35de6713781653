//! The network as a forecaster's eye: states of buckets that lie ahead, told from nothing but what lies behind an origin.
//!
//! The same message passing as in a portrait, learnt by another game: everything after an origin is hidden, and what
//! comes next is told from what is left. Streams with narrow buckets are looked at in quarters of an hour, of which only
//! those that were over at the origin are seen.

use super::diary::{Days, Diary};
use super::net::{Net, STATE, Span};
use crate::features::{Column, DAY_MS, Grid};
use crate::learn::{Adam, Chance, Parameters, Tape};

/// Days that are read together, the last of them around the origin.
const SPAN: usize = 9;
/// The narrowest bucket looked at.
const NARROWEST_MS: i64 = 900_000;
/// Days with a value that scales are taken from at least.
const DAYS_NEEDED: usize = 2;
const RATE: f32 = 3e-3;
const DECAY: f32 = 0.1;
/// Share of the averaged weights that a step renews.
const RENEWAL: f32 = 0.05;

/// Numbers that describe what is seen of a bucket ahead: its state, and what it is told to be.
pub(crate) const SEEN: usize = STATE + 1;

/// A network that looks ahead.
pub(crate) struct Foresight {
    days: Days,
    /// Buckets of the forecast in one of the network's.
    fine: usize,
    net: Net,
    parameters: Parameters,
    averaged: Parameters,
    adam: Adam,
    done: u64,
    seed: u64,
}

/// The mean of so many neighbouring buckets, of those that are known.
fn coarser(column: &Column, fine: usize) -> Column {
    let mean = |i: usize| {
        let known = (i * fine..(i + 1) * fine).filter_map(|at| column.get(at));
        let (sum, count) = known.fold((0.0, 0.0), |all, x| (all.0 + x, all.1 + 1.0));
        (count > 0.0).then(|| sum / count)
    };
    Column::from_options((0..column.len().div_ceil(fine)).map(mean))
}

impl Foresight {
    /// Ready to learn from `column` and others on the same grid; scales are those up to bucket `until`. None where a day
    /// has fewer than four buckets, or too little is known.
    pub(crate) fn begin(column: &Column, others: &[&Column], grid: &Grid, until: usize, seed: u64) -> Option<Self> {
        let fine = usize::try_from((NARROWEST_MS / grid.step).max(1)).ok()?;
        let step = grid.step * fine as i64;
        if DAY_MS % step != 0 || DAY_MS / step < 4 || grid.start.rem_euclid(DAY_MS) != 0 {
            return None;
        }
        let streams: Vec<Column> =
            [column].into_iter().chain(others.iter().copied()).map(|column| coarser(column, fine)).collect();
        let grid = Grid { start: grid.start, step, len: streams[0].len() };
        let diary = Diary { grid, streams: &streams, places: &[], events: &[] };
        let until = (until / fine).div_ceil(grid.per_day());
        let (usable, scales) = diary.scales_of(until, DAYS_NEEDED).ok()?;
        // What is forecast has to be among what is learnt from.
        if usable.used.first() != Some(&0) {
            return None;
        }
        let days = diary.days_in_units(&usable.used, &scales);
        let mut chance = Chance::new(seed ^ 0xf0e5);
        let mut parameters = Parameters::default();
        let net = Net::new(&mut parameters, days.streams, &mut chance);
        let averaged = parameters.clone();
        Some(Self { days, fine, net, parameters, averaged, adam: Adam::new(RATE, DECAY), done: 0, seed })
    }

    /// Days around an origin that are read, and the first of the network's buckets that is hidden.
    fn around(&self, origin: usize, ahead: usize) -> (std::ops::Range<usize>, usize) {
        let per_day = self.days.per_day;
        let end = ((origin + ahead) / self.fine / per_day + 1).min(self.days.days);
        // A bucket that is not over at the origin is hidden with the rest.
        (end.saturating_sub(SPAN)..end, (origin + 1) / self.fine)
    }

    /// Goes on learning from what lies up to bucket `until`, for so many steps.
    pub(crate) fn learn(&mut self, until: usize, horizon: usize, steps: usize, tape: &mut Tape) {
        let days = &self.days;
        let known_until = (until + 1) / self.fine;
        let first = days.per_day * 2 * self.fine;
        if until < first + horizon {
            return;
        }
        for step in 0..steps {
            self.done += 1;
            let mut chance = Chance::new(self.seed.wrapping_mul(0x9e37_79b9).wrapping_add(self.done));
            let origin = first + chance.below(until - horizon - first + 1);
            let (span, hidden) = self.around(origin, horizon);
            let (start, length) = (span.start * days.per_day, span.len() * days.per_day);
            let span = Span::of(days, span);
            let cells = span.cells(days);
            let (z, known) = (&days.z[cells.clone()], &days.known[cells]);
            let bucket = |cell: usize| start + cell / days.streams;
            let last = ((origin + horizon) / self.fine + 1).min(known_until);
            let shown: Vec<bool> = known.iter().enumerate().map(|(c, known)| *known && bucket(c) < hidden).collect();
            let counts: Vec<f32> = known
                .iter()
                .enumerate()
                .map(|(c, known)| f32::from(u8::from(*known && (hidden..last).contains(&bucket(c)))))
                .collect();
            tape.clear();
            let (_, told) = self.net.read(tape, &self.parameters, days, &span, z, &shown);
            let truth = tape.constant(length, days.streams, z);
            let counts = tape.constant(length, days.streams, &counts);
            let miss = tape.subtract(told, truth);
            let miss = tape.soft_abs(miss, 0.3);
            let loss = tape.weighted(miss, counts);
            tape.backward(loss);
            self.adam.rate = RATE * (2.0 * (steps - step) as f32 / steps as f32).min(1.0);
            self.adam.step(&mut self.parameters, tape);
            self.averaged.towards(&self.parameters, RENEWAL);
        }
    }

    /// What is seen, from `origin`, of the buckets 1 to `horizon` ahead, [`SEEN`] numbers each.
    pub(crate) fn look(&self, origin: usize, horizon: usize, tape: &mut Tape) -> Vec<[f32; SEEN]> {
        let days = &self.days;
        let (span, hidden) = self.around(origin, horizon);
        let start = span.start * days.per_day;
        let span = Span::of(days, span);
        let cells = span.cells(days);
        let (z, known) = (&days.z[cells.clone()], &days.known[cells]);
        let shown: Vec<bool> =
            known.iter().enumerate().map(|(c, known)| *known && start + c / days.streams < hidden).collect();
        tape.clear();
        let (state, told) = self.net.read(tape, &self.averaged, days, &span, z, &shown);
        let (state, told) = (tape.value(state), tape.value(told));
        let last = state.len() / STATE - 1;
        (1..=horizon)
            .map(|ahead| {
                // Beyond the last day of the data the last bucket stands in.
                let row = ((origin + ahead) / self.fine).saturating_sub(start).min(last);
                let mut seen = [0.0; SEEN];
                seen[..STATE].copy_from_slice(&state[row * STATE..(row + 1) * STATE]);
                seen[STATE] = told[row * days.streams];
                seen
            })
            .collect()
    }
}
