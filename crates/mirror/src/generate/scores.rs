//! How good and how harmless what was made is.

use super::windows::{WHEN, Windows};
use crate::body::Refusal;
use crate::learn::{Adam, Chance, Dense, Gru, Matrix, Parameters, Tape, Var};
use serde::{Deserialize, Serialize};

const HIDDEN: usize = 12;
const BATCH: usize = 32;
/// Steps of learning a reader at most; no more than the makers had.
const STEPS: usize = 250;
const RATE: f32 = 5e-3;
/// Runs that a score is the mean of.
const RUNS: u64 = 3;
const RESAMPLES: usize = 400;

/// A window, where it counts, and when it begins. What was made counts where the real window beside it is known.
#[derive(Clone, Copy)]
pub(super) struct Dated<'a> {
    pub(super) score: &'a [f32],
    pub(super) known: &'a [f32],
    pub(super) when: (usize, usize),
}

/// A window, and 1 where it is real.
type Labelled<'a> = (Dated<'a>, f32);

/// A small recurrent reader, learnt after the fact.
struct Reader {
    parameters: Parameters,
    cell: Gru,
    out: Dense,
}

impl Reader {
    fn new(streams: usize, out: usize, chance: &mut Chance) -> Self {
        let mut parameters = Parameters::default();
        let cell = Gru::new(&mut parameters, 2 * streams + WHEN, HIDDEN, chance);
        let out = Dense::new(&mut parameters, HIDDEN, out, chance);
        Self { parameters, cell, out }
    }

    /// The states after each bucket.
    fn states(&self, tape: &mut Tape, windows: &Windows, batch: &[Dated<'_>]) -> Vec<Var> {
        let when: Vec<(usize, usize)> = batch.iter().map(|dated| dated.when).collect();
        let scores: Vec<&[f32]> = batch.iter().map(|dated| dated.score).collect();
        let known: Vec<&[f32]> = batch.iter().map(|dated| dated.known).collect();
        let mut state = tape.filled(batch.len(), HIDDEN, 0.0);
        let mut uses = self.cell.uses(tape, &self.parameters);
        let mut states = Vec::new();
        for (t, when) in windows.when(&when).iter().enumerate() {
            let (x, when) = (tape.given(&windows.bucket(&scores, t)), tape.given(when));
            let known = tape.given(&windows.bucket(&known, t));
            let x = tape.times(x, known);
            let x = tape.beside(x, known);
            let x = tape.beside(x, when);
            state = self.cell.step(tape, &mut uses, x, state);
            states.push(state);
        }
        states
    }
}

/// The discriminative score of `TimeGAN`: how far from one half the accuracy is of a recurrent classifier that was
/// taught on four fifths of both and tells the rest apart; 0 is best, ½ worst. What is real is split by `days`.
pub(super) fn discriminative(
    windows: &Windows,
    real: &[(Dated<'_>, usize)],
    made: &[Dated<'_>],
    steps: usize,
    seed: u64,
) -> f64 {
    let mut days: Vec<usize> = real.iter().map(|(_, day)| *day).collect();
    days.sort_unstable();
    days.dedup();
    let mut off = 0.0;
    for run in 0..RUNS {
        let mut chance = Chance::new(seed ^ (0xd15c + run));
        let order = chance.shuffled(days.len());
        let test: Vec<usize> = order.iter().take(days.len().div_ceil(5)).map(|i| days[*i]).collect();
        let (mut taught, mut asked): (Vec<Labelled<'_>>, Vec<Labelled<'_>>) = (Vec::new(), Vec::new());
        for ((dated, day), made) in real.iter().zip(made) {
            let to = if test.contains(day) { &mut asked } else { &mut taught };
            to.push((*dated, 1.0));
            to.push((*made, 0.0));
        }
        let mut reader = Reader::new(windows.streams, 1, &mut chance);
        let mut adam = Adam::new(RATE, 0.01);
        let mut tape = Tape::new();
        for _ in 0..STEPS.min(steps) {
            let batch: Vec<Labelled<'_>> = (0..BATCH).map(|_| taught[chance.below(taught.len())]).collect();
            let dated: Vec<Dated<'_>> = batch.iter().map(|one| one.0).collect();
            let labels: Vec<f32> = batch.iter().map(|one| one.1).collect();
            tape.clear();
            let last = *reader.states(&mut tape, windows, &dated).last().unwrap_or(&tape.filled(0, 0, 0.0));
            let said = reader.out.apply(&mut tape, &reader.parameters, last);
            let labels = tape.constant(BATCH, 1, &labels);
            let softly = tape.softplus(said);
            let claimed = tape.times(said, labels);
            let loss = tape.subtract(softly, claimed);
            let loss = tape.mean(loss);
            tape.backward(loss);
            adam.step(&mut reader.parameters, &tape);
        }
        let dated: Vec<Dated<'_>> = asked.iter().map(|one| one.0).collect();
        tape.clear();
        let last = *reader.states(&mut tape, windows, &dated).last().unwrap_or(&tape.filled(0, 0, 0.0));
        let said = reader.out.apply(&mut tape, &reader.parameters, last);
        let right =
            tape.value(said).iter().zip(&asked).filter(|(said, (_, label))| (**said > 0.0) == (*label > 0.5)).count();
        off += (right as f64 / asked.len().max(1) as f64 - 0.5).abs() / RUNS as f64;
    }
    off
}

/// The predictive score of `TimeGAN`: the mean absolute error, on real windows, of a recurrent model that was taught on
/// `taught` to tell each next bucket; in normal scores.
pub(super) fn predictive(windows: &Windows, real: &[Dated<'_>], taught: &[Dated<'_>], steps: usize, seed: u64) -> f64 {
    let mut error = 0.0;
    for run in 0..RUNS {
        let mut chance = Chance::new(seed ^ (0x94ed + run));
        let mut reader = Reader::new(windows.streams, windows.streams, &mut chance);
        let mut adam = Adam::new(RATE, 0.01);
        let mut tape = Tape::new();
        for _ in 0..STEPS.min(steps) {
            let batch: Vec<Dated<'_>> = (0..BATCH).map(|_| taught[chance.below(taught.len())]).collect();
            tape.clear();
            let loss = reader.next_error(&mut tape, windows, &batch);
            tape.backward(loss);
            adam.step(&mut reader.parameters, &tape);
        }
        tape.clear();
        let loss = reader.next_error(&mut tape, windows, real);
        error += f64::from(tape.scalar(loss)) / RUNS as f64;
    }
    error
}

impl Reader {
    fn next_error(&self, tape: &mut Tape, windows: &Windows, batch: &[Dated<'_>]) -> Var {
        let states = self.states(tape, windows, batch);
        let scores: Vec<&[f32]> = batch.iter().map(|dated| dated.score).collect();
        let known: Vec<&[f32]> = batch.iter().map(|dated| dated.known).collect();
        let mut loss = tape.filled(1, 1, 0.0);
        for (t, state) in states.iter().enumerate().take(windows.per_day - 1) {
            let said = self.out.apply(tape, &self.parameters, *state);
            let next: Matrix = windows.bucket(&scores, t + 1);
            let next = tape.given(&next);
            let miss = tape.subtract(said, next);
            let miss = tape.soft_abs(miss, 0.01);
            let known = tape.given(&windows.bucket(&known, t + 1));
            let miss = tape.weighted(miss, known);
            loss = tape.add(loss, miss);
        }
        tape.scale(loss, 1.0 / (windows.per_day - 1) as f32)
    }
}

/// An area under a curve with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Area {
    /// Chance that a member is taken for one rather than another; ½ is no better than guessing.
    pub area: f64,
    /// Lower end, over resampled groups.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The attack by distance (Chen et al. 2020, *GAN-Leaks*): whoever lies nearer to what was made is taken for a member.
///
/// Each record is given with the group (a day) that it belongs to; groups are resampled for the interval, since windows of
/// one day are not independent. Distances are mean squares over what is known of a record; `NaN` is unknown, and what was
/// made is known all over. Refuses fewer than three groups on a
/// side.
pub fn membership(
    members: &[(&[f32], usize)],
    others: &[(&[f32], usize)],
    made: &[&[f32]],
    seed: u64,
) -> Result<Area, Refusal> {
    let groups = |records: &[(&[f32], usize)]| {
        let mut groups: Vec<usize> = records.iter().map(|record| record.1).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    };
    let sides = [groups(members), groups(others)];
    let have = sides[0].len().min(sides[1].len());
    if have < 3 || made.is_empty() {
        return Err(Refusal::TooFew { what: "days to attack with", have, need: 3 });
    }
    let nearest = |record: &[f32]| -> f64 {
        let known = record.iter().filter(|x| x.is_finite()).count().max(1) as f64;
        let square = |other: &[f32]| -> f64 {
            let pairs = record.iter().zip(other).filter(|(a, _)| a.is_finite());
            pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>() / known
        };
        made.iter().map(|other| square(other)).fold(f64::INFINITY, f64::min)
    };
    let by_group = |records: &[(&[f32], usize)], groups: &[usize]| -> Vec<Vec<f64>> {
        let mut all = vec![Vec::new(); groups.len()];
        for (record, group) in records {
            all[groups.partition_point(|other| other < group)].push(nearest(record));
        }
        all
    };
    let (near, far) = (by_group(members, &sides[0]), by_group(others, &sides[1]));
    // How often each group of members wins against each of the others, once for all resamples.
    let wins: Vec<Vec<(f64, f64)>> = near
        .iter()
        .map(|near| {
            let against = |far: &Vec<f64>| {
                let pairs = near.iter().flat_map(|a| far.iter().map(move |b| (*a, *b)));
                let won = pairs.map(|(a, b)| if a < b { 1.0 } else { 0.5 * f64::from(u8::from(a == b)) }).sum::<f64>();
                (won, (near.len() * far.len()) as f64)
            };
            far.iter().map(against).collect()
        })
        .collect();
    let area = |rows: &[usize], columns: &[usize]| {
        let (mut won, mut all) = (0.0, 0.0);
        for row in rows {
            for column in columns {
                won += wins[*row][*column].0;
                all += wins[*row][*column].1;
            }
        }
        won / f64::max(all, 1.0)
    };
    let whole = |n: usize| (0..n).collect::<Vec<usize>>();
    let mut chance = Chance::new(seed ^ 0xa77a);
    let mut drawn: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let mut draw = |n: usize| (0..n).map(|_| chance.below(n)).collect::<Vec<usize>>();
            let (rows, columns) = (draw(near.len()), draw(far.len()));
            area(&rows, &columns)
        })
        .collect();
    drawn.sort_unstable_by(f64::total_cmp);
    Ok(Area {
        area: area(&whole(near.len()), &whole(far.len())),
        low: drawn[RESAMPLES / 40],
        high: drawn[RESAMPLES - 1 - RESAMPLES / 40],
    })
}
