//! A policy from the transitions themselves: fitted Q-iteration with boosted trees (Ernst, Geurts and Wehenkel 2005), which
//! never values an action that was not tried nearby (batch constraint, Fujimoto et al. 2019).

use super::dynamics::World;
use super::plan::{Aim, Limits};
use super::transitions::Support;
use crate::body::Refusal;
use crate::forecast::gbm::{Binned, Boosted, Loss};
use crate::learn::Chance;

/// What an action is worth in a state, all that follows included.
pub struct FittedQ {
    trees: Boosted,
    actions: Vec<Vec<f64>>,
}

const ROUNDS: usize = 10;
/// What comes a step later counts so much less.
const DISCOUNT: f64 = 0.8;
/// Levels of an action that are weighed against each other, and courses of all actions at most.
const LEVELS: usize = 7;
const COURSES: usize = 200;

impl FittedQ {
    /// Learns a policy from what the world learnt from, for an aim and within limits. Caution does not enter.
    pub fn learn(world: &World, aim: &Aim, limits: &Limits, seed: u64) -> Result<Self, Refusal> {
        world.check_aim(aim, limits)?;
        let all = &world.all;
        let units = &all.units[all.states..];
        // Levels at even shares of what was done, where the owner allows it.
        let level = |i: usize| -> Vec<f64> {
            let mut tried: Vec<f64> = all.input.iter().map(|input| units[i].x(input[all.states + i])).collect();
            tried.retain(|x| (limits.low[i]..=limits.high[i]).contains(x));
            tried.sort_unstable_by(f64::total_cmp);
            tried.dedup();
            let last = tried.len().saturating_sub(1);
            let mut levels: Vec<f64> =
                (0..LEVELS).filter_map(|k| tried.get(k * last / (LEVELS - 1)).copied()).collect();
            levels.dedup();
            levels
        };
        let levels: Vec<Vec<f64>> = (0..units.len()).map(level).collect();
        if levels.iter().any(Vec::is_empty) {
            return Err(Refusal::undetermined("what to do", "nothing within the limits was ever done"));
        }
        let mut actions: Vec<Vec<f64>> = vec![Vec::new()];
        for levels in &levels {
            actions = actions.iter().flat_map(|head| levels.iter().map(move |x| [&head[..], &[*x]].concat())).collect();
            if actions.len() > COURSES {
                let mut chance = Chance::new(seed);
                let order = chance.shuffled(actions.len());
                actions = order.into_iter().take(COURSES).map(|k| actions[k].clone()).collect();
            }
        }
        let rows: Vec<usize> = (0..all.input.len())
            .filter(|row| all.next[*row].iter().zip(&aim.weight).all(|(z, weight)| z.is_some() || *weight == 0.0))
            .collect();
        if rows.len() < 40 {
            return Err(Refusal::TooFew { what: "transitions that show what is aimed at", have: rows.len(), need: 40 });
        }
        let as_floats = |input: &[f64]| input.iter().map(|x| *x as f32).collect::<Vec<f32>>();
        let inputs: Vec<Vec<f32>> = rows.iter().map(|row| as_floats(&all.input[*row])).collect();
        let inputs: Vec<&[f32]> = inputs.iter().map(|row| &row[..]).collect();
        let binned = Binned::of(&inputs);
        let next = |row: usize| all.next[row].iter().map(|z| z.unwrap_or(0.0)).collect::<Vec<f64>>();
        let reward = |row: usize| next(row).iter().zip(&aim.weight).map(|(z, weight)| z * weight).sum::<f64>();
        let in_units = |state: &[f64], action: &[f64]| -> Vec<f64> {
            state.iter().copied().chain(units.iter().zip(action).map(|(unit, x)| unit.z(*x))).collect()
        };
        // What could have been done next, near to what was done.
        let choices: Vec<Vec<Vec<f32>>> = rows
            .iter()
            .map(|row| {
                let state = next(*row);
                let all_of = actions.iter().map(|action| in_units(&state, action));
                all_of.filter(|input| all.support(input) == Support::Within).map(|input| as_floats(&input)).collect()
            })
            .collect();
        let mut trees: Option<Boosted> = None;
        for _ in 0..ROUNDS {
            let value = |at: usize| {
                let Some(trees) = &trees else { return 0.0 };
                let best = choices[at].iter().map(|input| trees.predict(input)).fold(f64::NEG_INFINITY, f64::max);
                if best.is_finite() { best } else { 0.0 }
            };
            let targets: Vec<f64> =
                rows.iter().enumerate().map(|(at, row)| reward(*row) + DISCOUNT * value(at)).collect();
            trees = Some(Boosted::fit(&binned, &targets, Loss::Squared, seed));
        }
        let trees = trees.ok_or(Refusal::TooFew { what: "rounds", have: 0, need: 1 })?;
        Ok(Self { trees, actions })
    }

    /// The action of most worth in a state, of those that were tried in states like it, and how much more it is worth than
    /// the person's usual one. Refuses where nothing was.
    pub fn act(&self, world: &World, state: &[Option<f64>]) -> Result<(Vec<f64>, f64), Refusal> {
        let worth = |action: &[f64]| -> f64 {
            let state = state.iter().zip(&world.all.units).map(|(x, unit)| x.map_or(0.0, |x| unit.z(x)));
            let actions = world.all.units[world.all.states..].iter().zip(action).map(|(unit, x)| unit.z(*x));
            self.trees.predict(&state.chain(actions).map(|x| x as f32).collect::<Vec<f32>>())
        };
        world.check_state(state)?;
        let mut best: Option<(f64, &Vec<f64>)> = None;
        for action in &self.actions {
            if world.support(state, action)? == Support::Within {
                let worth = worth(action);
                if best.is_none_or(|(most, _)| worth > most) {
                    best = Some((worth, action));
                }
            }
        }
        let (most, action) = best.ok_or_else(|| {
            Refusal::undetermined("what to do", "nothing within the limits was ever tried in a state like this")
        })?;
        Ok((action.clone(), most - worth(&world.usual_action())))
    }
}
