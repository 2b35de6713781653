//! The owner's brain network: a connectome and, if there is one, a scan at rest, kept in the journal; the model that is
//! fitted to them; and what it does when connections change.

mod ask;

use crate::Twin;
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::request::{BrainAdd, Connection};
use crate::response::{BrainShown, ModelKind, ModelUsed, Parameter};
use crate::settings;
use didymos_mirror::body::Refusal;
use didymos_mirror::brain::Connectome;
use didymos_mirror::brain::fit::{Effort, Fitted, Knobs, fit, refine};
use didymos_mirror::brain::measure::{Series, functional_connectivity, matrix_correlation};
use serde::{Deserialize, Serialize};

pub(crate) use ask::{what_if, which};

const REGIONS: std::ops::RangeInclusive<usize> = 2..=200;
/// Readings of one region at most: an hour at 720 ms.
const READINGS_MOST: usize = 5_000;
const NAME_MAX: usize = 60;

/// The setting that holds it. A newer one replaces the older.
#[derive(Serialize, Deserialize)]
struct Setting {
    brain: Kept,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    regions: Vec<String>,
    weights: Vec<f64>,
    lengths: Vec<f64>,
    /// Fitted to the whole scan, to its first half, and to its second; empty without a scan.
    models: Vec<Model>,
    /// Measured functional connectivity of the whole scan.
    measured: Vec<f64>,
    /// Correlation of the first half's model with the second half.
    unseen: Option<f64>,
}

#[derive(Serialize, Deserialize)]
struct Model {
    strength: f64,
    input: f64,
    power: f64,
    weights: Vec<f64>,
    seen: f64,
}

fn invalid(refusal: &Refusal) -> Failure {
    Failure::new(FailureCode::Invalid, refusal.to_string())
}

pub(crate) fn add(twin: &Twin, asked: &BrainAdd, watch: Watch<'_>) -> Result<BrainShown, Failure> {
    let n = asked.weights.len().isqrt();
    let refuse = |message: String| Err(Failure::new(FailureCode::Invalid, message));
    if n * n != asked.weights.len() || asked.lengths.len() != n * n || !REGIONS.contains(&n) {
        return refuse(format!(
            "{} weights and {} lengths are not two square tables of 2 to 200 regions",
            asked.weights.len(),
            asked.lengths.len()
        ));
    }
    let sound = |name: &String| {
        !name.trim().is_empty() && name.chars().count() <= NAME_MAX && !name.chars().any(char::is_control)
    };
    if !asked.regions.is_empty() && (asked.regions.len() != n || !asked.regions.iter().all(sound)) {
        return refuse(format!(
            "{} names of regions are not one of 1 to 60 characters for each of {n}",
            asked.regions.len()
        ));
    }
    let connectome =
        Connectome::new(asked.weights.clone(), asked.lengths.clone()).map_err(|refusal| invalid(&refusal))?;
    let (mut models, mut measured, mut unseen) = (Vec::new(), Vec::new(), None);
    if !asked.bold.is_empty() {
        if asked.bold.len() / n > READINGS_MOST {
            return refuse(format!("a scan has at most {READINGS_MOST} readings of each region"));
        }
        let series =
            Series::new(n, asked.bold_ms.unwrap_or(720.0), asked.bold.clone()).map_err(|refusal| invalid(&refusal))?;
        let half = series.count() / 2;
        let part = |from, to| series.part(from, to).and_then(|part| functional_connectivity(&part));
        let scans = [part(0, series.count()), part(0, half), part(half, series.count())];
        for (at, scan) in scans.into_iter().enumerate() {
            let scan = scan.map_err(|refusal| invalid(&refusal))?;
            let model = fitted(&connectome, &scan, at, watch)?;
            if at == 0 {
                measured = scan;
            } else if at == 2 {
                let first: &Fitted = &models[1];
                unseen = first.slow_connectivity().and_then(|told| matrix_correlation(&told, &scan)).ok();
            }
            models.push(model);
        }
    }
    let models = models.iter().map(|fitted| Model {
        strength: fitted.knobs.strength,
        input: fitted.knobs.input,
        power: fitted.knobs.power,
        weights: fitted.connectome.weights().to_vec(),
        seen: fitted.seen,
    });
    let kept = Kept {
        regions: if asked.regions.is_empty() {
            (1..=n).map(|at| at.to_string()).collect()
        } else {
            asked.regions.clone()
        },
        weights: connectome.weights().to_vec(),
        lengths: connectome.lengths_mm().to_vec(),
        models: models.collect(),
        measured,
        unseen,
    };
    let shown = shown(&kept);
    settings::keep(twin, &Setting { brain: kept })?;
    Ok(shown)
}

fn fitted(connectome: &Connectome, measured: &[f64], at: usize, watch: Watch<'_>) -> Result<Fitted, Failure> {
    let effort = Effort { trials: 60, refinements: 30, seed: 1 };
    let of = 3 * (effort.trials + effort.refinements) as u64;
    let mut stopped = false;
    let mut heard = |base: usize, done: usize| {
        let done = (at * (effort.trials + effort.refinements) + base + done) as u64;
        stopped |= watch(Progress { doing: "fitting the brain".into(), unit: "trials".into(), done, of }).is_break();
        !stopped
    };
    let whole = fit(connectome, measured, &effort, |done, _| heard(0, done));
    let refined = whole.and_then(|whole| refine(&whole, measured, &effort, |done, _| heard(effort.trials, done)));
    if stopped {
        return Err(Failure::new(FailureCode::Stopped, "stopped; nothing was changed"));
    }
    refined.map_err(|refusal| invalid(&refusal))
}

fn kept(twin: &Twin) -> Result<Option<Kept>, Failure> {
    Ok(settings::newest::<Setting>(twin)?.map(|setting| setting.brain))
}

pub(crate) fn show(twin: &Twin) -> Result<BrainShown, Failure> {
    let none = BrainShown { regions: Vec::new(), connections: 0, unseen: None };
    Ok(kept(twin)?.as_ref().map_or(none, shown))
}

fn shown(kept: &Kept) -> BrainShown {
    let n = kept.regions.len();
    let connections = (0..n).flat_map(|a| (0..a).map(move |b| (a, b)));
    let there = connections.filter(|(a, b)| kept.weights[a * n + b] > 0.0 || kept.weights[b * n + a] > 0.0);
    BrainShown { connections: there.count() as u64, unseen: kept.unseen, regions: kept.regions.clone() }
}

/// The owner's brain model, ready to be changed.
pub(crate) struct Brain {
    pub(crate) regions: Vec<String>,
    models: Vec<Fitted>,
    measured: Vec<f64>,
    unseen: Option<f64>,
}

/// The fitted model, or what is missing for one.
pub(crate) fn brain(twin: &Twin) -> Result<Result<Brain, (String, Vec<String>)>, Failure> {
    let Some(kept) = kept(twin)? else {
        let missing = vec!["your connectome: weights and fibre lengths of tractography (`twin brain add`)".to_owned()];
        return Ok(Err(("no connectome of yours is here".to_owned(), missing)));
    };
    if kept.models.is_empty() {
        let missing = vec!["a scan at rest (BOLD) beside the connectome (`twin brain add … --bold`)".to_owned()];
        return Ok(Err(("the connectome is here, but nothing that a model could be fitted to".to_owned(), missing)));
    }
    let model = |model: &Model| {
        let connectome =
            Connectome::new(model.weights.clone(), kept.lengths.clone()).map_err(|refusal| invalid(&refusal))?;
        let knobs = Knobs { strength: model.strength, input: model.input, power: model.power };
        Ok(Fitted { knobs, connectome, seen: model.seen })
    };
    let models = kept.models.iter().map(model).collect::<Result<_, Failure>>()?;
    Ok(Ok(Brain { models, regions: kept.regions, measured: kept.measured, unseen: kept.unseen }))
}

impl Brain {
    /// A region by its name or its number from 1.
    fn region(&self, name: &str) -> Option<usize> {
        let by_name = self.regions.iter().position(|region| region.eq_ignore_ascii_case(name.trim()));
        by_name.or_else(|| name.trim().parse::<usize>().ok()?.checked_sub(1).filter(|at| *at < self.regions.len()))
    }

    /// The regions of a connection that exists, or why it does not.
    pub(crate) fn connection(&self, connection: &Connection) -> Result<(usize, usize, f64), String> {
        let region =
            |name: &str| self.region(name).ok_or_else(|| format!("there is no region “{name}” in your connectome"));
        let (a, b) = (region(&connection.from)?, region(&connection.to)?);
        let n = self.regions.len();
        let weights = self.models[0].connectome.weights();
        if a == b || weights[a * n + b].max(weights[b * n + a]) <= 0.0 {
            return Err(format!("“{}” and “{}” are not connected", self.regions[a], self.regions[b]));
        }
        if !(0.0..=2.0).contains(&connection.factor) {
            return Err(format!(
                "a connection {} times as strong is beyond what the model was fitted for (0 to 2)",
                connection.factor
            ));
        }
        Ok((a, b, connection.factor))
    }

    /// The strongest connections, and each one's share of the strongest.
    fn strongest(&self, count: usize) -> Vec<(usize, usize, f64)> {
        let n = self.regions.len();
        let weights = self.models[0].connectome.weights();
        let weight = |(a, b): (usize, usize)| weights[a * n + b].max(weights[b * n + a]);
        let mut pairs: Vec<(usize, usize)> = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).collect();
        pairs.retain(|pair| weight(*pair) > 0.0);
        pairs.sort_by(|x, y| weight(*y).total_cmp(&weight(*x)));
        let most = pairs.first().map_or(1.0, |pair| weight(*pair));
        pairs.into_iter().take(count).map(|pair| (pair.0, pair.1, weight(pair) / most)).collect()
    }

    /// Every connection of a region, cut.
    pub(crate) fn lesion(&self, name: &str) -> Result<Vec<(usize, usize, f64)>, String> {
        let region = self.region(name).ok_or_else(|| format!("there is no region “{name}” in your connectome"))?;
        let n = self.regions.len();
        let weights = self.models[0].connectome.weights();
        let linked = |other: &usize| weights[region * n + other].max(weights[other * n + region]) > 0.0;
        Ok((0..n).filter(|other| *other != region).filter(linked).map(|other| (region, other, 0.0)).collect())
    }

    /// The model of the whole scan with its connections changed.
    pub(crate) fn changed(&self, connections: &[(usize, usize, f64)]) -> Result<Fitted, Refusal> {
        let mut model = self.models[0].clone();
        let mut connectome = model.connectome.clone();
        for (a, b, factor) in connections {
            connectome = connectome.with_connection(*a, *b, *factor)?;
        }
        // Strength is told of the loudest region: where that one changed, the others must not.
        let loudest = |connectome: &Connectome| {
            connectome
                .weights()
                .chunks_exact(connectome.regions())
                .map(|row| row.iter().sum::<f64>())
                .fold(f64::MIN_POSITIVE, f64::max)
        };
        model.knobs.strength *= loudest(&connectome) / loudest(&model.connectome);
        model.connectome = connectome;
        Ok(model)
    }

    pub(crate) fn measured(&self) -> &[f64] {
        &self.measured
    }

    pub(crate) fn model(&self) -> ModelUsed {
        let parameter = |name: &str, value: f64, unit: &str| Parameter { name: name.into(), value, unit: unit.into() };
        let knobs = self.models[0].knobs;
        let mut says = format!(
            "Wilson–Cowan regions on your connectome of {} regions, fitted to your scan at rest",
            self.regions.len()
        );
        if let Some(unseen) = self.unseen {
            says = format!("{says}; a model of the first half of the scan goes with the second half by {unseen:.2}");
        }
        ModelUsed {
            kind: ModelKind::WholeBrain,
            says,
            parameters: vec![
                parameter("global coupling", knobs.strength, "1"),
                parameter("input", knobs.input, "1"),
                parameter("power of the weights", knobs.power, "1"),
                parameter("correlation with the scan that was fitted", self.models[0].seen, "1"),
            ],
        }
    }
}
