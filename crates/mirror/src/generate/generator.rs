//! Learning all makers, judging them, and making days with the best that keeps the owner's days to itself.

use super::adversarial::Adversarial;
use super::autoencoder::Autoencoder;
use super::classic::{Copula, bootstrap};
use super::learner::Learner;
use super::scores::{Area, Dated, discriminative, membership, predictive};
use super::windows::{Window, Windows};
use crate::body::Refusal;
use crate::features::{Column, Grid};
use crate::learn::Chance;
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

/// A kind of maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Blocks of learnt days put together anew.
    BlockBootstrap,
    /// Normal scores with the covariance of the learnt days.
    GaussianCopula,
    /// A conditional variational autoencoder.
    Autoencoder,
    /// A recurrent adversarial pair.
    Adversarial,
}

pub(super) const KINDS: [Kind; 4] = [Kind::BlockBootstrap, Kind::GaussianCopula, Kind::Autoencoder, Kind::Adversarial];

/// How long is learnt, and by which chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Where chance comes from.
    pub seed: u64,
    /// Steps of descent of each network; 1 to 100,000.
    pub steps: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 1, steps: 1_200 }
    }
}

/// How a maker was judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The maker.
    pub kind: Kind,
    /// How far a recurrent classifier is from guessing when it tells made from real; 0 is best, ½ worst.
    pub discriminative: f64,
    /// Mean absolute error, in normal scores, of telling real next buckets after learning from made ones only.
    pub predictive: f64,
    /// Whether nearness to what is made gives away what was learnt from.
    pub attack: Area,
    /// The attack's whole interval lies above one half: the maker is not used.
    pub refused: bool,
}

/// A day that never was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MadeDay {
    /// 0 on a Monday.
    pub weekday: usize,
    /// Per stream, in the order they were learnt, a value per bucket in the stream's own unit.
    pub streams: Vec<Vec<f64>>,
}

/// A maker of days that has been judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generator {
    windows: Windows,
    copula: Copula,
    autoencoder: Autoencoder,
    adversarial: Adversarial,
    judged: Vec<Judged>,
    real_predictive: f64,
    best: Kind,
}

/// Windows that scores are taken on at most.
const SCORED: usize = 400;
/// Windows made for the attack, per window that is attacked, and at most.
const ATTACK: usize = 4;
const MADE: usize = 1_000;

impl Generator {
    /// Learns from streams on one grid and judges every kind, in one go; [`super::Learner`] says what is refused. `watch`
    /// hears of parts done and in all and may break, and then there is no generator.
    pub fn learn(
        grid: &Grid,
        streams: &[Column],
        settings: Settings,
        watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Option<Self>, Refusal> {
        let mut learner = Learner::begin(grid, streams, settings)?;
        if learner.advance(watch)? { learner.finish().map(Some) } else { Ok(None) }
    }

    /// Makers that have not been judged yet.
    pub(super) fn unjudged(
        windows: Windows,
        copula: Copula,
        autoencoder: Autoencoder,
        adversarial: Adversarial,
    ) -> Result<Self, Refusal> {
        if !autoencoder.is_finite() || !adversarial.is_finite() {
            return Err(Refusal::undetermined("days", "learning did not settle"));
        }
        let best = Kind::GaussianCopula;
        Ok(Self { windows, copula, autoencoder, adversarial, judged: Vec::new(), real_predictive: 0.0, best })
    }

    /// What made days can hope for: how well the learnt days tell the kept ones.
    pub(super) fn judge_real(&self, settings: Settings) -> f64 {
        let kept: Vec<Dated<'_>> = self.windows.kept.iter().map(Window::dated).collect();
        let learnt: Vec<Dated<'_>> = self.windows.learnt.iter().map(Window::dated).collect();
        predictive(&self.windows, &kept, &learnt, settings.steps, settings.seed)
    }

    pub(super) fn judge(&self, kind: Kind, settings: Settings) -> Result<Judged, Refusal> {
        let Settings { seed, steps } = settings;
        let windows = &self.windows;
        let mut chance = Chance::new(seed ^ 0x1ad6);
        let mut real: Vec<&Window> = windows.learnt.iter().chain(&windows.kept).collect();
        let order = chance.shuffled(real.len());
        real = order.into_iter().take(SCORED).map(|i| real[i]).collect();
        let dated: Vec<(Dated<'_>, usize)> = real.iter().map(|window| (window.dated(), window.day)).collect();
        let kept: Vec<Dated<'_>> = windows.kept.iter().map(Window::dated).collect();
        let made: Vec<Vec<f32>> = dated.iter().map(|(dated, _)| self.scores(kind, dated.when, &mut chance)).collect();
        let made: Vec<Dated<'_>> =
            made.iter().zip(&dated).map(|(made, (dated, _))| Dated { score: made, ..*dated }).collect();
        let attack = self.attack(kind, seed, &mut chance)?;
        let judged = Judged {
            kind,
            discriminative: discriminative(windows, &dated, &made, steps, seed),
            predictive: predictive(windows, &kept, &made, steps, seed),
            attack,
            refused: attack.low > 0.5,
        };
        if (judged.discriminative + judged.predictive).is_finite() {
            Ok(judged)
        } else {
            Err(Refusal::undetermined("days", "what was made is not finite"))
        }
    }

    /// Keeps the best of those that may be used.
    pub(super) fn choose(mut self, judged: Vec<Judged>, real_predictive: f64) -> Result<Self, Refusal> {
        // Both scores count alike: each in units of the best among those that may be used.
        let fit: Vec<&Judged> = judged.iter().filter(|one| !one.refused).collect();
        let least = |of: fn(&Judged) -> f64| fit.iter().map(|one| of(one)).fold(f64::INFINITY, f64::min).max(0.02);
        let (first, second) = (least(|one| one.discriminative), least(|one| one.predictive));
        let total = |one: &Judged| one.discriminative / first + one.predictive / second;
        let best = fit.iter().min_by(|a, b| total(a).total_cmp(&total(b))).map(|one| one.kind);
        self.best = best.ok_or_else(|| {
            Refusal::undetermined(
                "days that are not the owner's in disguise",
                "every maker gives away what it learnt from",
            )
        })?;
        (self.judged, self.real_predictive) = (judged, real_predictive);
        Ok(self)
    }

    /// The attack on whole windows and on quarters of them, which a maker could have copied; whichever finds more.
    fn attack(&self, kind: Kind, seed: u64, chance: &mut Chance) -> Result<Area, Refusal> {
        let windows = &self.windows;
        let quarter = windows.per_day / 4;
        let aligned = |windows: &'_ [Window]| -> Vec<Window> {
            windows.iter().filter(|window| window.slot % quarter == 0).cloned().collect()
        };
        let (members, others) = (aligned(&windows.learnt), aligned(&windows.kept));
        let count = (ATTACK * members.len()).min(MADE);
        let when = |i: usize| members.get(i % members.len().max(1)).map_or((0, 0), Window::when);
        let made: Vec<Vec<f32>> = (0..count).map(|i| self.scores(kind, when(i), chance)).collect();
        let mut found: Option<Area> = None;
        for parts in [1, 4] {
            let length = windows.per_day / parts * windows.streams;
            let records = |windows: &'_ [Window]| -> Vec<(Vec<f32>, usize)> {
                let cut = |window: &Window| {
                    let day = window.day;
                    let cells: Vec<f32> = window
                        .score
                        .iter()
                        .zip(&window.known)
                        .map(|(x, k)| if *k > 0.0 { *x } else { f32::NAN })
                        .collect();
                    let parts = cells.chunks_exact(length).map(|part| (part.to_vec(), day));
                    // Of a part that is hardly known nothing can be said.
                    parts
                        .filter(|(part, _)| 2 * part.iter().filter(|x| x.is_finite()).count() >= length)
                        .collect::<Vec<_>>()
                };
                windows.iter().flat_map(cut).collect()
            };
            let (members, others) = (records(&members), records(&others));
            let members: Vec<(&[f32], usize)> = members.iter().map(|(part, day)| (&part[..], *day)).collect();
            let others: Vec<(&[f32], usize)> = others.iter().map(|(part, day)| (&part[..], *day)).collect();
            let made: Vec<&[f32]> = made.iter().flat_map(|made| made.chunks_exact(length)).collect();
            let area = membership(&members, &others, &made, seed)?;
            if found.is_none_or(|other| area.low > other.low) {
                found = Some(area);
            }
        }
        found.ok_or(Refusal::TooFew { what: "days to attack with", have: 0, need: 3 })
    }

    /// How every kind was judged.
    #[must_use]
    pub fn judged(&self) -> &[Judged] {
        &self.judged
    }

    /// The predictive score of the real days that were learnt from: what made days can hope for.
    #[must_use]
    pub fn real_predictive(&self) -> f64 {
        self.real_predictive
    }

    /// The kind that makes days.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.best
    }

    fn scores(&self, kind: Kind, when: (usize, usize), chance: &mut Chance) -> Vec<f32> {
        match kind {
            Kind::BlockBootstrap => bootstrap(&self.windows, when, chance),
            Kind::GaussianCopula => self.copula.make(&self.windows, when, chance),
            Kind::Autoencoder => self.autoencoder.make(&self.windows, when, chance),
            Kind::Adversarial => self.adversarial.make(&self.windows, when, chance),
        }
    }

    /// Makes days from midnight to midnight, by the best kind that was not refused. The first falls on `weekday`, 0 on a
    /// Monday; days are made independently of each other. At most 10,000.
    pub fn days(&self, count: usize, weekday: usize, seed: u64) -> Result<Vec<MadeDay>, Refusal> {
        if count > 10_000 || weekday > 6 {
            return Err(Refusal::senseless("the days asked for", "at most 10,000 from a weekday of 0 to 6"));
        }
        let mut chance = Chance::new(seed);
        let one = |day: usize| {
            let weekday = (weekday + day) % 7;
            let made = self.scores(self.best, (weekday, 0), &mut chance);
            let stream = |s: usize| {
                let scores = made.iter().skip(s).step_by(self.windows.streams);
                scores.map(|score| self.windows.scores[s].value(f64::from(*score))).collect()
            };
            MadeDay { weekday, streams: (0..self.windows.streams).map(stream).collect() }
        };
        Ok((0..count).map(one).collect())
    }
}
