//! A person's own brain model: numbers searched so that functional connectivity is like the measured one.
//!
//! First the whole: the global coupling, the input, and the power to which tractography's weights are raised, by a
//! seeded evolutionary search ([`fit`]). Then, if wanted, the parts: each connection that exists is strengthened where
//! two regions go together less than they should, and weakened where more ([`refine`]; "effective connectivity", after
//! Deco et al., Curr. Biol. 2019). The regions are [`WilsonCowan`]'s; trials are judged by the network's linear answer
//! to slow noise, so that a search takes seconds. What is said of the person comes from a simulation of the whole
//! model, with delays, noise and blood flow ([`Fitted::connectivity`]).
//!
//! A fit says nothing unless it is judged on readings that it has not seen: fit on one half, judge on the other.

use super::connectome::Connectome;
use super::linear::{Rest, slow_connectivity};
use super::measure::{functional_connectivity, matrix_correlation};
use super::noise::Normals;
use super::simulate::{Bold, Brain, Coupling, Plan};
use super::wilson_cowan::WilsonCowan;
use crate::body::Refusal;

const STEP_MS: f64 = 0.5;
/// Blood forgets its start by e^-20 in this time.
const SETTLE_MS: f64 = 60_000.0;
const BLOOD_MS: f64 = 5.0;
const READ_MS: f64 = 720.0;
/// Trials of one generation, and how many of the best so far have offspring.
const GENERATION: usize = 16;
const PARENTS: usize = 3;
/// How far a round of refining follows a difference in correlation, at first.
const RATE: f64 = 1.0;
/// Noise so small that the brain stays near its rest, and the usual speed along fibres (m/s): neither is seen in slow
/// functional connectivity, so neither is fitted.
const SIGMA: f64 = 1e-4;
const SPEED: f64 = 20.0;

/// The numbers that are searched for the whole brain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knobs {
    /// What the most connected region hears when all others say 1.
    pub strength: f64,
    /// Input to the excitatory population of every region.
    pub input: f64,
    /// Power of the weights, see [`Connectome::raised`].
    pub power: f64,
}

impl Knobs {
    /// From places between 0 and 1, around the bifurcation of the network: only there are slow correlations as strong as
    /// measured ones.
    fn at(places: [f64; 3]) -> Knobs {
        let between = |k: usize, low: f64, high: f64| low + (high - low) * places[k].clamp(0.0, 1.0);
        Knobs {
            strength: between(0, 6f64.ln(), 16f64.ln()).exp(),
            input: between(1, 0.2, 0.35),
            power: between(2, 0.3, 1.3),
        }
    }
}

/// How long to search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// Trials of [`fit`].
    pub trials: usize,
    /// Rounds of [`refine`].
    pub refinements: usize,
    /// Seed of the search.
    pub seed: u64,
}

impl Default for Effort {
    fn default() -> Effort {
        Effort { trials: 120, refinements: 40, seed: 0 }
    }
}

/// A brain model fitted to a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// What was found for the whole.
    pub knobs: Knobs,
    /// The connectome it uses: raised and perhaps refined.
    pub connectome: Connectome,
    /// Correlation of the linear answer's and the measured functional connectivity. It is chosen to be high: judge by
    /// [`Fitted::connectivity`] against readings that were not fitted.
    pub seen: f64,
}

/// What a drug does to every region, as factors on the model's own numbers; 1 leaves them as they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drug {
    /// On inhibition of the excitatory population: GABA-A receptors, which benzodiazepines strengthen.
    pub inhibition: f64,
    /// On excitation of the excitatory population by itself: glutamate receptors, which ketamine blocks.
    pub excitation: f64,
}

impl Default for Drug {
    fn default() -> Drug {
        Drug { inhibition: 1.0, excitation: 1.0 }
    }
}

impl Fitted {
    /// The model, to simulate or to change.
    pub fn brain(&self) -> Result<Brain<WilsonCowan>, Refusal> {
        self.brain_under(&Drug::default())
    }

    /// The model under a drug. Refuses factors outside of ½ to 2, where nothing that was fitted holds.
    pub fn brain_under(&self, drug: &Drug) -> Result<Brain<WilsonCowan>, Refusal> {
        for (what, factor) in [("the drug's inhibition", drug.inhibition), ("the drug's excitation", drug.excitation)] {
            if !(0.5..=2.0).contains(&factor) {
                return Err(Refusal::senseless(what, format!("{factor} times as strong; ½ to 2 times can be asked")));
            }
        }
        let strength = self.knobs.strength / loudest(&self.connectome);
        let mut model = quiet(self.connectome.regions(), &self.knobs);
        model.inh_to_exc *= drug.inhibition;
        model.exc_to_exc *= drug.excitation;
        model.noise.sigma = SIGMA;
        Brain::new(&self.connectome, &Coupling { strength, speed: SPEED, step_ms: STEP_MS }, model)
    }

    /// Functional connectivity as the network's linear answer to slow noise: free of the sampling noise of a simulation.
    pub fn slow_connectivity(&self) -> Result<Vec<f64>, Refusal> {
        let n = self.connectome.regions();
        let strength = self.knobs.strength / loudest(&self.connectome);
        self.slow_connectivity_of(&self.connectome, strength, n)
    }

    /// The same with one connection multiplied by `factor`, and everything else as it is.
    pub fn slow_connectivity_with(&self, a: usize, b: usize, factor: f64) -> Result<Vec<f64>, Refusal> {
        let strength = self.knobs.strength / loudest(&self.connectome);
        let changed = self.connectome.with_connection(a, b, factor)?;
        self.slow_connectivity_of(&changed, strength, changed.regions())
    }

    fn slow_connectivity_of(&self, connectome: &Connectome, strength: f64, n: usize) -> Result<Vec<f64>, Refusal> {
        let weights: Vec<f64> = connectome.weights().iter().map(|weight| weight * strength).collect();
        slow_connectivity(&quiet(n, &self.knobs), &weights, &mut Rest::new(n))
    }

    /// Functional connectivity of simulated BOLD.
    pub fn connectivity(&self, minutes: f64, seed: u64) -> Result<Vec<f64>, Refusal> {
        let bold = Bold { step_ms: BLOOD_MS, sample_ms: READ_MS, ..Bold::default() };
        let duration_ms = (minutes * 60_000.0 / READ_MS).ceil() * READ_MS;
        let plan = Plan { duration_ms, settle_ms: SETTLE_MS, seed, sample_ms: 0.0, bold: Some(bold) };
        functional_connectivity(&self.brain()?.simulate(&plan)?.bold)
    }
}

/// Fits to measured functional connectivity. `more` is told trials done and to do, and may end the search by `false`:
/// the best so far is then the answer.
pub fn fit(
    connectome: &Connectome,
    measured: &[f64],
    effort: &Effort,
    mut more: impl FnMut(usize, usize) -> bool,
) -> Result<Fitted, Refusal> {
    check(connectome, measured)?;
    let mut draw = Normals::new(effort.seed);
    let mut tried: Vec<(f64, [f64; 3])> = Vec::new();
    for done in 1..=effort.trials {
        let places = propose(&tried, &mut draw, effort.trials);
        if let Ok(score) = trial(connectome, &Knobs::at(places), measured) {
            let rank = tried.partition_point(|(other, _)| *other >= score);
            tried.insert(rank, (score, places));
        }
        if !more(done, effort.trials) {
            break;
        }
    }
    let Some(&(seen, places)) = tried.first() else {
        let reason = "no trial had a stable state of rest";
        return Err(Refusal::undetermined("a personal brain model", reason));
    };
    let knobs = Knobs::at(places);
    Ok(Fitted { knobs, connectome: connectome.raised(knobs.power)?, seen })
}

/// Follows the measured connectivity with each connection that exists, and keeps the best round.
pub fn refine(
    fitted: &Fitted,
    measured: &[f64],
    effort: &Effort,
    mut more: impl FnMut(usize, usize) -> bool,
) -> Result<Fitted, Refusal> {
    check(&fitted.connectome, measured)?;
    let n = fitted.connectome.regions();
    let model = quiet(n, &fitted.knobs);
    let strength = fitted.knobs.strength / loudest(&fitted.connectome);
    let mut weights: Vec<f64> = fitted.connectome.weights().iter().map(|weight| weight * strength).collect();
    let (mut rest, mut rate) = (Rest::new(n), RATE);
    let (mut best, mut seen) = (weights.clone(), -1.0);
    for round in 0..effort.refinements {
        if let Ok(now) = slow_connectivity(&model, &weights, &mut rest) {
            let score = matrix_correlation(&now, measured)?;
            if score > seen {
                (seen, best) = (score, weights.clone());
            }
            // The level of correlation is not what is followed, but its pattern: coupling as a whole stays.
            let gap = (measured.iter().sum::<f64>() - now.iter().sum::<f64>()) / (n * n - n).max(1) as f64;
            for ((weight, should), is) in weights.iter_mut().zip(measured).zip(&now) {
                *weight *= (rate * (should - is - gap)).exp();
            }
        } else {
            // Too far: the brain has left its rest. Back, and on in smaller steps.
            rate *= 0.5;
            weights.clone_from(&best);
            for weight in &mut weights {
                *weight *= 0.99;
            }
            rest = Rest::new(n);
        }
        if !more(round + 1, effort.refinements) {
            break;
        }
    }
    if seen <= fitted.seen {
        return Ok(fitted.clone());
    }
    let connectome = fitted.connectome.reweighted(best)?;
    let knobs = Knobs { strength: loudest(&connectome), ..fitted.knobs };
    Ok(Fitted { knobs, connectome, seen })
}

fn check(connectome: &Connectome, measured: &[f64]) -> Result<(), Refusal> {
    let n = connectome.regions();
    if measured.len() != n * n {
        let reason = format!("{} numbers for {n} regions", measured.len());
        return Err(Refusal::senseless("the functional connectivity", reason));
    }
    // Refuses what is not finite or does not vary.
    matrix_correlation(measured, measured).map(|_| ())
}

/// The next places to try: at first anywhere, then near the best, ever nearer.
fn propose(tried: &[(f64, [f64; 3])], draw: &mut Normals, trials: usize) -> [f64; 3] {
    let mut places = [0.0; 3];
    let wide = (trials / 3).max(2);
    if tried.len() < wide {
        draw.uniform(&mut places);
        return places;
    }
    let mut which = [0.0; 1];
    draw.uniform(&mut which);
    let parent = tried[(which[0] * PARENTS as f64) as usize % tried.len()].1;
    let width = 0.15 * 0.75f64.powf((tried.len() - wide) as f64 / GENERATION as f64);
    draw.fill(&mut places);
    std::array::from_fn(|k| (parent[k] + width * places[k]).clamp(0.0, 1.0))
}

fn trial(connectome: &Connectome, knobs: &Knobs, measured: &[f64]) -> Result<f64, Refusal> {
    let raised = connectome.raised(knobs.power)?;
    let strength = knobs.strength / loudest(&raised);
    let weights: Vec<f64> = raised.weights().iter().map(|weight| weight * strength).collect();
    let n = raised.regions();
    matrix_correlation(&slow_connectivity(&quiet(n, knobs), &weights, &mut Rest::new(n))?, measured)
}

/// The regions' model, without noise.
fn quiet(regions: usize, knobs: &Knobs) -> WilsonCowan {
    let mut model = WilsonCowan::new(regions);
    model.input_exc = vec![knobs.input; regions];
    model
}

/// What the most connected region hears when all others say 1.
fn loudest(connectome: &Connectome) -> f64 {
    let rows = connectome.weights().chunks_exact(connectome.regions());
    rows.map(|row| row.iter().sum::<f64>()).fold(f64::MIN_POSITIVE, f64::max)
}
