//! What to do next: cross-entropy search over the coming steps (Rubinstein 1999; model-predictive, as in PETS).

use super::dynamics::World;
use super::transitions::Support;
use crate::body::{Body, Refusal};
use crate::learn::Chance;
use serde::Serialize;

/// What the owner wants of a state: it is worth `weight` per spread of the state and step to be higher (or lower, if
/// negative).
#[derive(Clone, Debug, PartialEq)]
pub struct Aim {
    /// Per state.
    pub weight: Vec<f64>,
    /// How much of the spread between particles is taken off what is expected: caution.
    pub caution: f64,
}

/// What the owner allows, per action, in its own unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Least.
    pub low: Vec<f64>,
    /// Greatest.
    pub high: Vec<f64>,
}

/// What becomes of plans that leave what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// They are not proposed; if nothing else is left, there is no proposal.
    Refuse,
    /// They may be proposed, and carry a warning.
    Warn,
}

/// A proposal for the coming steps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proposal {
    /// Step by step, each action in its own unit.
    pub actions: Vec<Vec<f64>>,
    /// What it is worth beyond doing the usual, per step, in the aim's terms.
    pub gain: f64,
    /// The least support of its steps; more than within is a warning.
    pub support: Support,
    /// Places of actions of which the evidence shows an influence on something that is aimed at. Where it is empty, the
    /// gain may be chance.
    pub shown: Vec<usize>,
}

const ROUNDS: usize = 8;
const SAMPLES: usize = 48;
const ELITE: usize = 8;
/// What a step outside of what was seen costs, in the aim's terms; one at the edge a tenth of it.
const STRAY: f64 = 10.0;

impl World {
    /// Proposes actions for `horizon` (1 to 30) steps from a state.
    pub fn plan(
        &self,
        state: &[Option<f64>],
        aim: &Aim,
        limits: &Limits,
        horizon: usize,
        unsupported: Unsupported,
        seed: u64,
    ) -> Result<Proposal, Refusal> {
        let (states, actions) = self.shape();
        self.check_aim(aim, limits)?;
        if !(1..=30).contains(&horizon) {
            return Err(Refusal::senseless("the horizon", "it must be 1 to 30 steps"));
        }
        let units = &self.all.units[states..];
        let held = |action: usize, x: f64| x.clamp(limits.low[action], limits.high[action]);
        let usual: Vec<f64> = (0..actions).map(|i| held(i, units[i].mean)).collect();
        let mut chance = Chance::new(seed);
        let mut middle: Vec<Vec<f64>> = vec![usual.clone(); horizon];
        let mut spread: Vec<Vec<f64>> =
            vec![(0..actions).map(|i| units[i].spread.min((limits.high[i] - limits.low[i]) / 2.0)).collect(); horizon];
        let (base, _) = self.worth(state, aim, &vec![usual; horizon], seed)?;
        let mut best: Option<(f64, Vec<Vec<f64>>, Support)> = None;
        for _ in 0..ROUNDS {
            let mut tried: Vec<(f64, Vec<Vec<f64>>)> = Vec::with_capacity(SAMPLES);
            for sample in 0..SAMPLES {
                let course: Vec<Vec<f64>> = (0..horizon)
                    .map(|t| {
                        let drawn = chance.normal(1, actions);
                        let one = |i: usize| {
                            let off = if sample == 0 { 0.0 } else { f64::from(drawn.row(0)[i]) * spread[t][i] };
                            held(i, middle[t][i] + off)
                        };
                        (0..actions).map(one).collect()
                    })
                    .collect();
                let (worth, support) = self.worth(state, aim, &course, seed)?;
                let allowed = unsupported == Unsupported::Warn || support != Support::Outside;
                if allowed && best.as_ref().is_none_or(|(most, ..)| worth > *most) {
                    best = Some((worth, course.clone(), support));
                }
                tried.push((worth, course));
            }
            tried.sort_by(|a, b| b.0.total_cmp(&a.0));
            let elite = &tried[..ELITE];
            for t in 0..horizon {
                for i in 0..actions {
                    let mean = elite.iter().map(|(_, course)| course[t][i]).sum::<f64>() / ELITE as f64;
                    let square = elite.iter().map(|(_, course)| (course[t][i] - mean).powi(2)).sum::<f64>();
                    middle[t][i] = mean;
                    spread[t][i] = (square / ELITE as f64).sqrt().max(0.02 * units[i].spread);
                }
            }
        }
        let (worth, actions, support) = best.ok_or_else(|| {
            Refusal::undetermined("what to do", "everything within the limits lies outside of what was ever seen")
        })?;
        let mut shown: Vec<usize> = self
            .evidence()
            .iter()
            .filter(|influence| influence.shown && aim.weight[influence.state] != 0.0)
            .map(|influence| influence.action)
            .collect();
        shown.sort_unstable();
        shown.dedup();
        Ok(Proposal { actions, gain: (worth - base) / horizon as f64, support, shown })
    }

    pub(super) fn check_aim(&self, aim: &Aim, limits: &Limits) -> Result<(), Refusal> {
        let (states, actions) = self.shape();
        let finite = aim.weight.iter().chain([&aim.caution]).all(|x| x.is_finite());
        if aim.weight.len() != states || !finite || aim.weight.iter().all(|x| *x == 0.0) {
            return Err(Refusal::senseless(
                "the aim",
                format!("{states} finite weights are needed, not all of them 0"),
            ));
        }
        let fit = |i: usize| limits.low[i].is_finite() && limits.high[i].is_finite() && limits.low[i] <= limits.high[i];
        if limits.low.len() != actions || limits.high.len() != actions || !(0..actions).all(fit) {
            return Err(Refusal::senseless("the limits", format!("{actions} finite pairs of low and high are needed")));
        }
        Ok(())
    }

    /// What a course is worth, strays taken off, and its least support.
    fn worth(
        &self,
        state: &[Option<f64>],
        aim: &Aim,
        course: &[Vec<f64>],
        seed: u64,
    ) -> Result<(f64, Support), Refusal> {
        let mut cloud = self.start(state, seed)?;
        let (mut worth, mut least) = (0.0, Support::Within);
        for action in course {
            match self.support_of(&cloud, action) {
                Support::Within => {}
                Support::Edge => {
                    worth -= STRAY / 10.0;
                    least = if least == Support::Outside { least } else { Support::Edge };
                }
                Support::Outside => {
                    worth -= STRAY;
                    least = Support::Outside;
                }
            }
            self.step(&mut cloud, action);
            let told = self.observe(&cloud);
            for (i, weight) in aim.weight.iter().enumerate() {
                let unit = &self.all.units[i];
                let spread = (told.high[i] - told.low[i]) / (3.29 * unit.spread);
                worth += weight * unit.z(told.mean[i]) - aim.caution * weight.abs() * spread;
            }
        }
        Ok((worth, least))
    }
}
