//! Whether an action tells anything about what comes next beyond what is measured now: least squares over whole
//! transitions, each action's slope by its t-statistic, all pairs under false-discovery control (Benjamini and Hochberg).

use super::transitions::Transitions;
use crate::forecast::cholesky_solve;
use crate::graph::two_sided;
use serde::{Deserialize, Serialize};

/// What an action goes along with, one step later.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Influence {
    /// Place in the list of actions.
    pub action: usize,
    /// Place in the list of states.
    pub state: usize,
    /// Change of the state, in its unit, per unit of the action, all that is measured now being equal.
    pub slope: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Chance of evidence this strong where there is none.
    pub p: f64,
    /// It stands after false-discovery control at 5 % over all pairs.
    pub shown: bool,
    /// Transitions it rests on.
    pub transitions: usize,
}

const RATE: f64 = 0.05;

pub(super) fn evidence(all: &Transitions) -> Vec<Influence> {
    let width = all.units.len() + 1;
    let mut found = Vec::new();
    for state in 0..all.states {
        let rows: Vec<(Vec<f64>, f64)> = all
            .input
            .iter()
            .zip(&all.whole)
            .zip(&all.next)
            .filter(|((_, whole), _)| **whole)
            .filter_map(|((input, _), next)| Some((input.iter().copied().chain([1.0]).collect(), next[state]?)))
            .collect();
        if rows.len() < 2 * width {
            continue;
        }
        let mut gram = vec![0.0; width * (width + 1) / 2];
        let mut product = vec![0.0; width];
        for (x, y) in &rows {
            for i in 0..width {
                product[i] += x[i] * y;
                for j in 0..=i {
                    gram[i * (i + 1) / 2 + j] += x[i] * x[j];
                }
            }
        }
        let Some(slopes) = cholesky_solve(&mut gram.clone(), &product) else { continue };
        let miss = |(x, y): &(Vec<f64>, f64)| (y - x.iter().zip(&slopes).map(|(x, b)| x * b).sum::<f64>()).powi(2);
        let free = (rows.len() - width) as f64;
        let variance = rows.iter().map(miss).sum::<f64>() / free;
        for action in 0..all.units.len() - all.states {
            let at = all.states + action;
            let mut unit = vec![0.0; width];
            unit[at] = 1.0;
            let Some(column) = cholesky_solve(&mut gram.clone(), &unit) else { continue };
            let error = (variance * column[at]).sqrt();
            if !error.is_finite() || error <= 0.0 {
                continue;
            }
            let scale = all.units[state].spread / all.units[at].spread;
            let p = two_sided(slopes[at] / error, free);
            // 2 rather than 1.96: samples are not large.
            let (slope, half) = (slopes[at] * scale, 2.0 * error * scale);
            let transitions = rows.len();
            found.push(Influence {
                action,
                state,
                slope,
                low: slope - half,
                high: slope + half,
                p,
                shown: false,
                transitions,
            });
        }
    }
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by(|a, b| found[*a].p.total_cmp(&found[*b].p));
    let tests = (all.states * (all.units.len() - all.states)) as f64;
    let last = (0..order.len()).rfind(|rank| found[order[*rank]].p <= RATE * (*rank + 1) as f64 / tests);
    for rank in 0..last.map_or(0, |last| last + 1) {
        found[order[rank]].shown = true;
    }
    found
}
