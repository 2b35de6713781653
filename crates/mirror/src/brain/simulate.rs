//! A brain that runs: regions, fibres and noise in blocks of steps, and what is written down on the way.

use super::balloon::{Balloon, Blood};
use super::connectome::Connectome;
use super::delayed::{BLOCK, Delayed, Past, Quad};
use super::measure::Series;
use super::neurons::Neurons;
use super::noise::Normals;
use super::wide::wide;
use crate::body::{Body, Refusal};

/// The most readings that one recording keeps.
const READINGS_MAX: f64 = 2e8;

/// How regions are coupled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coupling {
    /// Global strength: all weights times this.
    pub strength: f64,
    /// Speed along fibres, m/s; 0 stands for no delay.
    pub speed: f64,
    /// Length of a step, ms.
    pub step_ms: f64,
}

impl Default for Coupling {
    fn default() -> Coupling {
        Coupling { strength: 0.6, speed: 20.0, step_ms: 0.1 }
    }
}

/// A connectome with a model of its regions, ready to run. One [`Body::step`] is [`BLOCK`] steps of integration.
#[derive(Clone, Debug)]
pub struct Brain<M> {
    regions: usize,
    step_ms: f64,
    fibres: Delayed,
    model: M,
}

/// All that changes while a brain runs.
#[derive(Clone, Debug)]
pub struct BrainState {
    values: Vec<f64>,
    past: Past,
    heard: Vec<f64>,
    sums: Vec<[f64; BLOCK]>,
    quad: Vec<Quad>,
}

impl BrainState {
    /// The variables, one after the other, each with all regions.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

/// What to simulate and what to keep of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// How long, ms.
    pub duration_ms: f64,
    /// What is simulated before that and not kept, ms.
    pub settle_ms: f64,
    /// The seed of noise and starting state.
    pub seed: u64,
    /// One reading of the activity per this many ms; none if zero.
    pub sample_ms: f64,
    /// Blood flow, if wanted.
    pub bold: Option<Bold>,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan { duration_ms: 2000.0, settle_ms: 0.0, seed: 0, sample_ms: 1.0, bold: None }
    }
}

/// How blood flow is followed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bold {
    /// Constants of blood flow.
    pub balloon: Balloon,
    /// Step of blood flow, ms. Blood is slow: 1 ms with the mean of the activity over each step differs from 0.1 ms by
    /// less than 1 % of the signal's spread (see the tests) and costs next to nothing.
    pub step_ms: f64,
    /// One reading per this many ms.
    pub sample_ms: f64,
}

impl Default for Bold {
    fn default() -> Bold {
        Bold { balloon: Balloon::default(), step_ms: 1.0, sample_ms: 2000.0 }
    }
}

/// What was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Activity of each region; empty if it was not asked for.
    pub activity: Series,
    /// BOLD signal of each region; empty if it was not asked for.
    pub bold: Series,
    /// The mean activity of each region over every step that was kept.
    pub mean: Vec<f64>,
}

impl<M: Neurons> Brain<M> {
    /// Joins a connectome and a model.
    pub fn new(connectome: &Connectome, coupling: &Coupling, model: M) -> Result<Brain<M>, Refusal> {
        let step_ms = coupling.step_ms;
        if !(1e-4..=100.0).contains(&step_ms) {
            return Err(Refusal::senseless("the step", format!("{step_ms} ms is not from 0.0001 to 100")));
        }
        model.check(connectome.regions(), step_ms)?;
        let fibres = Delayed::new(connectome, coupling.strength, coupling.speed, step_ms)?;
        Ok(Brain { regions: connectome.regions(), step_ms, fibres, model })
    }

    /// The model of a region.
    #[must_use]
    pub fn model(&self) -> &M {
        &self.model
    }

    /// A state in which every region has always been as `values` says (variable after variable).
    pub fn state_from(&self, values: &[f64]) -> Result<BrainState, Refusal> {
        let need = M::VARIABLES * self.regions;
        if values.len() != need || values.iter().any(|value| !value.is_finite()) {
            let reason = format!("{} values; {need} finite ones are needed", values.len());
            return Err(Refusal::senseless("the starting state", reason));
        }
        Ok(self.begin(values.to_vec()))
    }

    fn begin(&self, values: Vec<f64>) -> BrainState {
        let n = self.regions;
        BrainState {
            past: self.fibres.past(&values[..M::SENT * n]),
            heard: vec![0.0; BLOCK * M::SENT * n],
            sums: vec![[0.0; BLOCK]; n],
            quad: vec![Quad::default(); n],
            values,
        }
    }

    /// Numbers of noise that a block takes.
    #[must_use]
    pub fn noise_per_block(&self) -> usize {
        BLOCK * M::NOISES * self.regions
    }

    /// Moves by [`BLOCK`] steps under `noise` and shows the state after each.
    fn advance(&self, state: &mut BrainState, noise: &[f64], seen: impl FnMut(&[f64])) {
        wide(
            #[inline(always)]
            || self.move_block(state, noise, seen),
        );
    }

    #[inline(always)]
    fn move_block(&self, state: &mut BrainState, noise: &[f64], mut seen: impl FnMut(&[f64])) {
        let (n, width) = (self.regions, M::SENT * self.regions);
        let BrainState { values, past, heard, sums, quad } = state;
        self.fibres.block(past, M::SENT, sums, heard);
        for (step, noise) in noise.chunks_exact(M::NOISES * n).take(BLOCK).enumerate() {
            self.fibres.step(past, M::SENT, step, &values[..width], quad, heard);
            self.model.step(self.step_ms, n, values, &heard[step * width..][..width], noise);
            self.fibres.push(past, &values[..width]);
            seen(values);
        }
    }

    /// Runs a plan with its own noise.
    pub fn simulate(&self, plan: &Plan) -> Result<Recording, Refusal> {
        let mut normals = Normals::new(plan.seed);
        let mut state = self.begin(self.model.start(self.regions, &mut normals));
        self.simulate_from(&mut state, plan, |noise| normals.fill(noise))
    }

    /// Runs a plan from a state, with noise from outside: each call fills a block, step after step, in each step the
    /// excitatory noise of all regions and then the inhibitory one.
    pub fn simulate_from(
        &self,
        state: &mut BrainState,
        plan: &Plan,
        mut draw: impl FnMut(&mut [f64]),
    ) -> Result<Recording, Refusal> {
        let mut writer = Writer::new(plan, self.regions, self.step_ms)?;
        let mut noise = vec![0.0; self.noise_per_block()];
        let (source, gain) = M::BLOOD;
        let (n, mut taken) = (self.regions, 0);
        while taken < writer.steps {
            draw(&mut noise);
            self.advance(state, &noise, |values| {
                writer.see(&values[M::ACTIVITY * n..][..n], &values[source * n..][..n], gain);
            });
            // A sum is not finite, or large, if one of its terms is.
            let largest = state.values.iter().fold(0.0, |sum: f64, value| sum + value.abs());
            if !largest.is_finite() || largest > M::LARGEST * state.values.len() as f64 {
                return Err(self.diverged(state, taken as f64 * self.step_ms));
            }
            taken += BLOCK;
        }
        writer.finish()
    }

    fn diverged(&self, state: &BrainState, at_ms: f64) -> Refusal {
        let size = |value: &f64| if value.is_finite() { value.abs() } else { f64::INFINITY };
        let worst = (0..state.values.len()).max_by(|&a, &b| size(&state.values[a]).total_cmp(&size(&state.values[b])));
        let region = worst.unwrap_or(0) % self.regions;
        let reason = format!(
            "region {region} leaves all bounds about {at_ms:.1} ms after the start; a weaker coupling, less noise or a \
             shorter step than {} ms may hold it",
            self.step_ms
        );
        Refusal::senseless("the simulation", reason)
    }
}

impl<M: Neurons> Body for Brain<M> {
    type State = BrainState;
    /// Noise of one block: [`Brain::noise_per_block`] standard normal numbers. Missing ones leave steps out.
    type Input = [f64];
    /// The activity of each region.
    type Seen = Vec<f64>;

    fn state(&self) -> BrainState {
        self.begin(self.model.start(self.regions, &mut Normals::new(0)))
    }

    fn step(&self, state: &mut BrainState, input: &[f64]) {
        self.advance(state, input, |_| ());
    }

    fn observe(&self, state: &BrainState) -> Vec<f64> {
        state.values[M::ACTIVITY * self.regions..][..self.regions].to_vec()
    }
}

/// Writes down activity and blood while steps go by.
struct Writer {
    regions: usize,
    /// Steps to take, of which the first `settle` are not kept.
    steps: usize,
    settle: usize,
    step: usize,
    every: usize,
    sample_ms: f64,
    activity: Vec<f64>,
    sum: Vec<f64>,
    bold: Option<BoldWriter>,
}

struct BoldWriter {
    balloon: Balloon,
    blood: Blood,
    step_s: f64,
    every: usize,
    sample_every: usize,
    sample_ms: f64,
    mean: Vec<f64>,
    /// Activity of blood's next steps, one after the other, until there are [`BLOCK`] of them or somebody reads.
    waiting: Vec<f64>,
    readings: Vec<f64>,
}

impl BoldWriter {
    /// One step of integration has been taken; `reads` says whether BOLD is read after it.
    #[inline(always)]
    fn see(&mut self, step: usize, source: &[f64], gain: f64, reads: bool) {
        if self.every == 1 {
            self.waiting.extend(source.iter().map(|value| value * gain));
        } else {
            for (mean, value) in self.mean.iter_mut().zip(source) {
                *mean += value;
            }
            if step.is_multiple_of(self.every) {
                let share = gain / self.every as f64;
                self.waiting.extend(self.mean.iter().map(|mean| mean * share));
                self.mean.fill(0.0);
            }
        }
        if reads || self.waiting.len() >= BLOCK * self.mean.len() {
            self.balloon.steps(self.step_s, &mut self.blood, &self.waiting);
            self.waiting.clear();
        }
        if reads {
            self.readings.extend(self.balloon.read(&self.blood));
        }
    }
}

impl Writer {
    fn new(plan: &Plan, regions: usize, step_ms: f64) -> Result<Writer, Refusal> {
        let steps = whole("the duration", plan.duration_ms, step_ms)?;
        let settle = if plan.settle_ms == 0.0 { 0 } else { whole("the time to settle", plan.settle_ms, step_ms)? };
        let every = if plan.sample_ms == 0.0 { usize::MAX } else { whole("the sampling", plan.sample_ms, step_ms)? };
        let readings = (steps / every) as f64 * regions as f64;
        if readings > READINGS_MAX {
            let reason = format!("{readings} readings; at most {READINGS_MAX} are kept: sample less often");
            return Err(Refusal::senseless("the sampling", reason));
        }
        let bold = match plan.bold {
            Some(bold) => {
                let every = whole("the step of blood flow", bold.step_ms, step_ms)?;
                let sample_every = whole("the sampling of BOLD", bold.sample_ms, step_ms)?;
                if bold.step_ms > 100.0 || !sample_every.is_multiple_of(every) {
                    let reason = format!("{} ms must divide {} ms and be at most 100", bold.step_ms, bold.sample_ms);
                    return Err(Refusal::senseless("the step of blood flow", reason));
                }
                Some(BoldWriter {
                    balloon: bold.balloon,
                    blood: Blood::new(regions),
                    step_s: every as f64 * step_ms / 1000.0,
                    every,
                    sample_every,
                    sample_ms: bold.sample_ms,
                    mean: vec![0.0; regions],
                    waiting: Vec::with_capacity(BLOCK * regions),
                    readings: Vec::new(),
                })
            }
            None => None,
        };
        let (sum, activity) = (vec![0.0; regions], Vec::new());
        let (sample_ms, steps) = (plan.sample_ms, steps + settle);
        Ok(Writer { regions, steps, settle, step: 0, every, sample_ms, activity, sum, bold })
    }

    /// One step has been taken.
    #[inline(always)]
    fn see(&mut self, activity: &[f64], source: &[f64], gain: f64) {
        self.step += 1;
        if self.step > self.steps {
            return;
        }
        let kept = self.step.saturating_sub(self.settle);
        if kept > 0 {
            for (sum, value) in self.sum.iter_mut().zip(activity) {
                *sum += value;
            }
            if kept.is_multiple_of(self.every) {
                self.activity.extend_from_slice(activity);
            }
        }
        if let Some(bold) = &mut self.bold {
            let reads = kept > 0 && kept.is_multiple_of(bold.sample_every);
            bold.see(self.step, source, gain, reads);
        }
    }

    fn finish(self) -> Result<Recording, Refusal> {
        let n = self.regions;
        let series = |rows: &[f64], interval_ms: f64| {
            let count = rows.len() / n;
            let values = (0..n * count).map(|k| rows[k % count * n + k / count]).collect();
            Series::new(n, if interval_ms > 0.0 { interval_ms } else { 1.0 }, values)
        };
        let kept = (self.steps - self.settle) as f64;
        Ok(Recording {
            activity: series(&self.activity, self.sample_ms)?,
            bold: match &self.bold {
                Some(bold) => series(&bold.readings, bold.sample_ms)?,
                None => series(&[], 1.0)?,
            },
            mean: self.sum.iter().map(|sum| sum / kept).collect(),
        })
    }
}

/// A time as a whole number of steps.
fn whole(what: &'static str, time_ms: f64, step_ms: f64) -> Result<usize, Refusal> {
    let steps = (time_ms / step_ms).round();
    if !(1.0..=1e12).contains(&steps) || (steps * step_ms - time_ms).abs() > 1e-6 * time_ms {
        return Err(Refusal::senseless(what, format!("{time_ms} ms is no whole number of steps of {step_ms} ms")));
    }
    Ok(steps as usize)
}
