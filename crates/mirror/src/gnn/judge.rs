//! Which method does which task best, on days that none has learnt from.

use super::diary::Days;
use super::learner::{SPAN, hide};
use super::net::{Net, STATE, Span};
use super::pca::Patterns;
use crate::learn::{Chance, Parameters, Tape};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A way to tell what is missing and to describe a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The graph neural network.
    GraphNetwork,
    /// Principal components of days.
    PrincipalComponents,
    /// The mean at that time of that kind of day.
    SeasonalMean,
}

/// What is asked of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// Values that were hidden: root of the mean squared error, in spreads of the stream.
    Imputation,
    /// The hidden second half of a day from its five nearest days: root of the mean squared error, in spreads.
    SimilarDays,
    /// Days that were tampered with beside the same days as they were: chance of telling which (area under the curve).
    Anomaly,
}

/// How a task was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The task.
    pub task: Task,
    /// Every method and its figure, in the order of [`Method`]; for [`Task::Anomaly`] more is better, else less.
    pub figures: Vec<(Method, f64)>,
    /// The best, which is used from now on.
    pub best: Method,
    /// What was judged: hidden values, days, pairs of days.
    pub judged: usize,
}

pub(super) const METHODS: [Method; 3] = [Method::GraphNetwork, Method::PrincipalComponents, Method::SeasonalMean];
const NEAREST: usize = 5;
const DRAWS: usize = 6;
/// Days judged at most.
const MOST: usize = 28;
pub(super) const FOLDS: usize = 4;

/// All methods, learnt.
pub(super) struct Methods<'a> {
    pub(super) net: &'a Net,
    pub(super) parameters: &'a Parameters,
    pub(super) patterns: &'a Patterns,
}

/// Per cell what a method tells, and per day how it describes it.
pub(super) struct Told {
    pub(super) z: Vec<f32>,
    pub(super) day: Vec<Vec<f64>>,
}

impl Methods<'_> {
    /// What a method tells of days `from..to` from what is shown of all days.
    pub(super) fn tell(&self, method: Method, days: &Days, z: &[f32], shown: &[bool], from: usize, to: usize) -> Told {
        let width = days.per_day * days.streams;
        let cells = |day: usize| day * width..(day + 1) * width;
        match method {
            Method::SeasonalMean => Told {
                z: vec![0.0; (to - from) * width],
                day: (from..to)
                    .map(|day| (0..7).map(|weekday| f64::from(u8::from(days.weekday(day) == weekday))).collect())
                    .collect(),
            },
            Method::PrincipalComponents => {
                let mut told = Told { z: Vec::new(), day: Vec::new() };
                for day in from..to {
                    let (z, shown) = (&z[cells(day)], &shown[cells(day)]);
                    told.z.extend(self.patterns.tell(z, shown).iter().map(|x| *x as f32));
                    told.day.push(self.patterns.score(z, shown));
                }
                told
            }
            Method::GraphNetwork => self.network(days, z, shown, from, to),
        }
    }

    fn network(&self, days: &Days, z: &[f32], shown: &[bool], from: usize, to: usize) -> Told {
        let mut told = Told { z: Vec::new(), day: Vec::new() };
        self.spans(days, z, shown, from..to, |values, state| {
            told.z.extend_from_slice(values);
            let columns = STATE;
            for state in state.chunks_exact(days.per_day * columns) {
                // Each half of a day is described by itself.
                let (morning, evening) = state.split_at(days.per_day / 2 * columns);
                let mean = |half: &[f32], c: usize| {
                    let n = (half.len() / columns) as f64;
                    half.iter().skip(c).step_by(columns).map(|x| f64::from(*x)).sum::<f64>() / n
                };
                let halves = [morning, evening];
                told.day.push(halves.iter().flat_map(|half| (0..columns).map(|c| mean(half, c))).collect());
            }
        });
        told
    }

    /// The state of every bucket, told from all that is known.
    pub(super) fn states(&self, days: &Days) -> Vec<Vec<f32>> {
        let mut states = Vec::new();
        self.spans(days, &days.z, &days.known, 0..days.days, |_, state| {
            states.extend(state.chunks_exact(STATE).map(<[f32]>::to_vec));
        });
        states
    }

    /// The network reads spans that overlap by half; each day's values and states come from a span around it.
    fn spans(&self, days: &Days, z: &[f32], shown: &[bool], which: Range<usize>, mut each: impl FnMut(&[f32], &[f32])) {
        let width = days.per_day * days.streams;
        let length = SPAN.min(days.days);
        let mut tape = Tape::new();
        let mut next = which.start;
        while next < which.end {
            let start = next.saturating_sub(length / 4).min(days.days - length);
            let end = start + length;
            let to = which.end;
            let until = if end == days.days { to } else { (end - length / 4).max(next + 1).min(to) };
            let span = Span::of(days, start..end);
            let cells = span.cells(days);
            tape.clear();
            let (state, values) =
                self.net.read(&mut tape, self.parameters, days, &span, &z[cells.clone()], &shown[cells]);
            let (from, until_here) = (next - start, until - start);
            let hour = days.per_day * STATE;
            each(
                &tape.value(values)[from * width..until_here * width],
                &tape.value(state)[from * hour..until_here * hour],
            );
            next = until;
        }
    }

    /// How unlike what is told each day is: the mean square of what it misses by, each cell told without its like, and
    /// the place in the list of streams that misses by most. None where nothing is known.
    pub(super) fn unlike(
        &self,
        method: Method,
        days: &Days,
        z: &[f32],
        from: usize,
        to: usize,
    ) -> Vec<Option<(f64, usize)>> {
        let width = days.per_day * days.streams;
        let run = (days.per_day / 8).max(1);
        let mut misses = vec![vec![(0.0, 0.0f64); days.streams]; to - from];
        for fold in 0..FOLDS {
            let of = |cell: usize| (cell / days.streams / run + cell / width) % FOLDS == fold;
            let shown: Vec<bool> = days.known.iter().enumerate().map(|(cell, known)| *known && !of(cell)).collect();
            let told = self.tell(method, days, z, &shown, from, to);
            for cell in (from * width..to * width).filter(|cell| days.known[*cell] && of(*cell)) {
                let miss = &mut misses[cell / width - from][cell % days.streams];
                miss.0 += f64::from(z[cell] - told.z[cell - from * width]).powi(2);
                miss.1 += 1.0;
            }
        }
        let whole = |misses: Vec<(f64, f64)>| {
            let (sum, count) = misses.iter().fold((0.0, 0.0), |all, one| (all.0 + one.0, all.1 + one.1));
            let mean = |one: &(f64, f64)| if one.1 > 0.0 { one.0 / one.1 } else { 0.0 };
            let most = (0..misses.len()).max_by(|a, b| mean(&misses[*a]).total_cmp(&mean(&misses[*b])));
            (count > 0.0).then(|| (sum / count, most.unwrap_or(0)))
        };
        misses.into_iter().map(whole).collect()
    }

    /// Judges all tasks on the days from `until` on. Also gives each stream's half width of a 90 % band for imputed
    /// values by the method that is best at it.
    pub(super) fn judge(&self, days: &Days, until: usize, seed: u64) -> (Vec<Verdict>, Vec<f64>) {
        let to = days.days.min(until + MOST);
        let (imputation, bands) = self.imputation(days, until, to, seed);
        (vec![imputation, self.similar(days, until, to), self.anomaly(days, until, to, seed)], bands)
    }

    fn imputation(&self, days: &Days, from: usize, to: usize, seed: u64) -> (Verdict, Vec<f64>) {
        let width = days.per_day * days.streams;
        let mut misses: Vec<Vec<Vec<f64>>> = vec![vec![Vec::new(); days.streams]; METHODS.len()];
        for draw in 0..DRAWS {
            let mut chance = Chance::new(seed ^ (0x1234 + draw as u64));
            let known = &days.known[from * width..to * width];
            let hidden = hide(days, to - from, known, &mut chance);
            let mut shown = days.known.clone();
            for (shown, hidden) in shown[from * width..].iter_mut().zip(&hidden) {
                *shown &= !hidden;
            }
            for (method, misses) in METHODS.iter().zip(&mut misses) {
                let told = self.tell(*method, days, &days.z, &shown, from, to);
                for (i, told) in told.z.iter().enumerate().filter(|(i, _)| hidden[*i] && known[*i]) {
                    misses[i % days.streams].push(f64::from((days.z[from * width + i] - told).abs()));
                }
            }
        }
        let error = |misses: &Vec<Vec<f64>>| root_mean_square(misses.iter().flatten());
        let figures: Vec<(Method, f64)> = METHODS.iter().copied().zip(misses.iter().map(error)).collect();
        let judged = misses[0].iter().map(Vec::len).sum();
        let verdict = verdict(Task::Imputation, figures, judged, false);
        let place = METHODS.iter().position(|method| *method == verdict.best).unwrap_or(0);
        let band = |misses: &mut Vec<f64>| {
            misses.sort_unstable_by(f64::total_cmp);
            // Nothing hidden, nothing known of the error: as wide as values are held.
            misses.get((misses.len() * 9).div_ceil(10).saturating_sub(1)).copied().unwrap_or(6.0)
        };
        (verdict, misses[place].iter_mut().map(band).collect())
    }

    fn similar(&self, days: &Days, from: usize, to: usize) -> Verdict {
        let width = days.per_day * days.streams;
        let half = days.per_day / 2 * days.streams;
        let usable = |day: &usize| days.count(*day) * 2 > width;
        let past: Vec<usize> = (0..from).filter(usable).collect();
        let mut misses: Vec<Vec<f64>> = vec![Vec::new(); METHODS.len()];
        let mut judged = 0;
        for day in (from..to).filter(usable) {
            let mut shown = days.known.clone();
            shown[day * width + half..(day + 1) * width].fill(false);
            judged += 1;
            for (method, misses) in METHODS.iter().zip(&mut misses) {
                let told = self.tell(*method, days, &days.z, &shown, 0, day + 1);
                let nearest = nearest(&told.day, day, &past, NEAREST);
                for cell in half..width {
                    if !days.known[day * width + cell] {
                        continue;
                    }
                    let theirs = nearest.iter().map(|(other, _)| other * width + cell).filter(|at| days.known[*at]);
                    let (sum, count) =
                        theirs.fold((0.0, 0.0f64), |all, at| (all.0 + f64::from(days.z[at]), all.1 + 1.0));
                    let said = if count > 0.0 { sum / count } else { 0.0 };
                    misses.push(f64::from(days.z[day * width + cell]) - said);
                }
            }
        }
        let figures = METHODS.iter().copied().zip(misses.iter().map(root_mean_square)).collect();
        verdict(Task::SimilarDays, figures, judged, false)
    }

    /// Each day is tampered with in two ways: a third of it is put elsewhere, and a stream's third is another day's.
    fn anomaly(&self, days: &Days, from: usize, to: usize, seed: u64) -> Verdict {
        let width = days.per_day * days.streams;
        let mut chance = Chance::new(seed ^ 0xa0a0);
        let usable: Vec<usize> = (from..to).filter(|day| days.count(*day) * 2 > width).collect();
        let mut wins = vec![0.0; METHODS.len()];
        let mut pairs = 0;
        let plain: Vec<Vec<Option<(f64, usize)>>> =
            METHODS.iter().map(|method| self.unlike(*method, days, &days.z, from, to)).collect();
        for day in &usable {
            for way in 0..2 {
                let mut z = days.z.clone();
                let usual = days.usual(*day);
                if way == 0 {
                    for cell in 0..width {
                        let there = (cell + width - days.per_day / 3 * days.streams) % width;
                        z[day * width + cell] = days.z[day * width + there] + usual[there] - usual[cell];
                    }
                } else {
                    let (stream, other) = (chance.below(days.streams), chance.below(from));
                    let shift = chance.below(days.per_day);
                    for t in days.per_day / 3..2 * days.per_day / 3 {
                        let (cell, there) = (t, (t + shift) % days.per_day);
                        let (cell, there) = (cell * days.streams + stream, there * days.streams + stream);
                        if days.known[other * width + there] {
                            z[day * width + cell] =
                                days.z[other * width + there] + days.usual(other)[there] - usual[cell];
                        }
                    }
                }
                pairs += usable.len();
                for (i, method) in METHODS.iter().enumerate() {
                    let Some((tampered, _)) = self.unlike(*method, days, &z, *day, day + 1)[0] else { continue };
                    for other in &usable {
                        let Some((plain, _)) = plain[i][other - from] else { continue };
                        wins[i] += if tampered > plain { 1.0 } else { 0.5 * f64::from(u8::from(tampered == plain)) };
                    }
                }
            }
        }
        let figures = METHODS.iter().copied().zip(wins.iter().map(|wins| wins / f64::from(pairs.max(1) as u32)));
        verdict(Task::Anomaly, figures.collect(), pairs, true)
    }
}

fn root_mean_square<'a>(misses: impl IntoIterator<Item = &'a f64>) -> f64 {
    let (sum, count) = misses.into_iter().fold((0.0, 0.0f64), |all, miss| (all.0 + miss * miss, all.1 + 1.0));
    if count > 0.0 { (sum / count).sqrt() } else { 0.0 }
}

/// The best; on a tie the simpler. Where nothing could be judged, the seasonal mean.
fn verdict(task: Task, figures: Vec<(Method, f64)>, judged: usize, more: bool) -> Verdict {
    let better = |a: f64, b: f64| if more { a > b } else { a < b };
    let mut best = Method::SeasonalMean;
    if judged > 0 {
        let mut figure = figures[2].1;
        for (method, own) in figures.iter().rev() {
            if better(*own, figure) {
                (best, figure) = (*method, *own);
            }
        }
    }
    Verdict { task, figures, best, judged }
}

/// The days of `among` whose descriptions are nearest to that of `day`, with their distances: every number of a
/// description counts in units of its own spread. Of days equally near, the latest come first.
pub(super) fn nearest(descriptions: &[Vec<f64>], day: usize, among: &[usize], count: usize) -> Vec<(usize, f64)> {
    let width = descriptions.get(day).map_or(0, Vec::len);
    let n = among.len().max(1) as f64;
    let weights: Vec<f64> = (0..width)
        .map(|c| {
            let mean = among.iter().map(|other| descriptions[*other][c]).sum::<f64>() / n;
            let variance = among.iter().map(|other| (descriptions[*other][c] - mean).powi(2)).sum::<f64>() / n;
            if variance > 1e-12 { 1.0 / variance } else { 0.0 }
        })
        .collect();
    let distance = |other: usize| {
        let parts = descriptions[day].iter().zip(&descriptions[other]).zip(&weights);
        (parts.map(|((a, b), weight)| weight * (a - b) * (a - b)).sum::<f64>() / width.max(1) as f64).sqrt()
    };
    let mut all: Vec<(usize, f64)> =
        among.iter().filter(|other| **other != day).map(|other| (*other, distance(*other))).collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
    all.truncate(count);
    all
}
