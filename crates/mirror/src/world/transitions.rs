//! Transitions that were seen, in units, and how near something asked lies to them.

use crate::body::Refusal;
use crate::features::Column;
use serde::{Deserialize, Serialize};

/// What was measured and what was done, step by step.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// What is measured at each step; 1 to 16 columns of one length.
    pub state: &'a [Column],
    /// What the person does in each step, which works on the next; 1 to 8 columns of the same length.
    pub action: &'a [Column],
}

/// How near a state and an action lie to what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// As near as what was seen lies to each other.
    Within,
    /// Further than 95 % of what was seen lies from its like, or an action beyond 98 % of those seen: a warning.
    Edge,
    /// Further than anything that was seen lies from its like, or an action that was never taken.
    Outside,
}

/// Transitions that it takes, and so many more per column.
const NEEDED: usize = 40;
const NEEDED_EACH: usize = 5;
const NEIGHBOURS: usize = 5;
/// Pairs that nearness is measured against at most.
const MOST: usize = 1_000;

/// Mean and spread of a column, and the ends of its middle 96 % and of all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Unit {
    pub(super) mean: f64,
    pub(super) spread: f64,
    pub(super) inner: (f64, f64),
    pub(super) range: (f64, f64),
}

impl Unit {
    fn of(column: &Column) -> Option<Self> {
        let mut values: Vec<f64> = column.iter().flatten().collect();
        values.sort_unstable_by(f64::total_cmp);
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let spread = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        let (low, high) = (*values.first()?, *values.last()?);
        let (from, to) = (values[values.len() / 50], values[values.len() - 1 - values.len() / 50]);
        (spread > 1e-9 * mean.abs() && low.abs().max(high.abs()) < 1e15).then_some(Self {
            mean,
            spread,
            inner: (from, to),
            range: (low, high),
        })
    }

    pub(super) fn z(&self, x: f64) -> f64 {
        (x - self.mean) / self.spread
    }

    pub(super) fn x(&self, z: f64) -> f64 {
        self.mean + z * self.spread
    }
}

/// Everything that was seen, in units; unknown is `NaN` in targets and 0, the mean, where it is an input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Transitions {
    pub(super) states: usize,
    pub(super) units: Vec<Unit>,
    /// State and action, in units.
    pub(super) input: Vec<Vec<f64>>,
    /// Whether all of an input was known.
    pub(super) whole: Vec<bool>,
    /// The next state, in units.
    pub(super) next: Vec<Vec<Option<f64>>>,
    /// Inputs that nearness is measured to, and how far 95 % and all of them lie from their like.
    near: Vec<Vec<f64>>,
    reach: (f64, f64),
}

impl Transitions {
    pub(super) fn of(record: &Record<'_>) -> Result<Self, Refusal> {
        let Record { state, action } = record;
        if !(1..=16).contains(&state.len()) || !(1..=8).contains(&action.len()) {
            return Err(Refusal::senseless("the record", "1 to 16 columns of states and 1 to 8 of actions are needed"));
        }
        let columns: Vec<&Column> = state.iter().chain(*action).collect();
        let steps = columns[0].len();
        if columns.iter().any(|column| column.len() != steps) {
            return Err(Refusal::senseless("the record", "its columns are not of one length"));
        }
        let need = NEEDED + NEEDED_EACH * columns.len();
        let fewest = columns.iter().map(|column| column.count()).min().unwrap_or(0);
        if fewest < need {
            return Err(Refusal::TooFew { what: "days with values", have: fewest, need });
        }
        let units: Option<Vec<Unit>> = columns.iter().map(|column| Unit::of(column)).collect();
        let units = units.ok_or_else(|| {
            Refusal::undetermined("a world", "a column never changes, or has values beyond what can be calculated with")
        })?;
        let (mut input, mut whole, mut next) = (Vec::new(), Vec::new(), Vec::new());
        for t in 0..steps.saturating_sub(1) {
            let now: Vec<Option<f64>> =
                columns.iter().zip(&units).map(|(column, unit)| column.get(t).map(|x| unit.z(x))).collect();
            let after: Vec<Option<f64>> =
                state.iter().zip(&units).map(|(column, unit)| column.get(t + 1).map(|x| unit.z(x))).collect();
            // An action that is not known teaches nothing about actions.
            if now[state.len()..].iter().all(Option::is_some) && after.iter().any(Option::is_some) {
                whole.push(now.iter().all(Option::is_some));
                input.push(now.into_iter().map(|z| z.unwrap_or(0.0)).collect());
                next.push(after);
            }
        }
        if input.len() < need {
            return Err(Refusal::TooFew { what: "transitions", have: input.len(), need });
        }
        let mut all = Self { states: state.len(), units, input, whole, next, near: Vec::new(), reach: (0.0, 0.0) };
        let stride = all.input.len().div_ceil(MOST);
        all.near = all
            .input
            .iter()
            .zip(&all.whole)
            .filter(|(_, whole)| **whole)
            .step_by(stride)
            .map(|(x, _)| x.clone())
            .collect();
        if all.near.len() < NEEDED / 2 {
            return Err(Refusal::TooFew { what: "transitions without a gap", have: all.near.len(), need: NEEDED / 2 });
        }
        let mut far: Vec<f64> = all.near.iter().map(|one| all.distance(one, 1)).collect();
        far.sort_unstable_by(f64::total_cmp);
        all.reach = (far[(far.len() - 1) * 95 / 100], far[far.len() - 1]);
        Ok(all)
    }

    /// Mean distance to the nearest inputs, the first `skip` left out.
    fn distance(&self, input: &[f64], skip: usize) -> f64 {
        let mut nearest = [f64::INFINITY; NEIGHBOURS + 1];
        for other in &self.near {
            let mut d: f64 = other.iter().zip(input).map(|(a, b)| (a - b).powi(2)).sum();
            for slot in &mut nearest {
                if d < *slot {
                    std::mem::swap(&mut d, slot);
                }
            }
        }
        nearest[skip..skip + NEIGHBOURS].iter().map(|d| d.sqrt()).sum::<f64>() / NEIGHBOURS as f64
    }

    /// How near a state and an action, both in units, lie to what was seen.
    pub(super) fn support(&self, input: &[f64]) -> Support {
        let actions = self.units[self.states..].iter().zip(&input[self.states..]);
        let mut worst = Support::Within;
        for (unit, z) in actions {
            let x = unit.x(*z);
            let slack = 1e-9 * unit.spread;
            if x < unit.range.0 - slack || x > unit.range.1 + slack {
                return Support::Outside;
            }
            if x < unit.inner.0 - slack || x > unit.inner.1 + slack {
                worst = Support::Edge;
            }
        }
        match self.distance(input, 0) {
            far if far > self.reach.1 => Support::Outside,
            far if far > self.reach.0 => Support::Edge,
            _ => worst,
        }
    }
}
