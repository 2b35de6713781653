//! The UVA/Padova body and its controllers: days, speed and the table of policies, for `bench/mirror.d/glucose.py`,
//! which runs simglucose beside it.

use clap::Subcommand;
use didymos_mirror::body::{Body, Refusal};
use didymos_mirror::glucose::{Minute, Patient, Population};
use didymos_mirror::policy::{Aims, BasalBolus, Controller, Pid, Planner, Ranges, Scenario, Seen, Trace};
use serde_json::{Value, json};
use std::io::{BufRead, Write};

type Error = Box<dyn std::error::Error>;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// One closed-loop day, as simglucose plays it with the same seed
    Day {
        /// The virtual person
        name: String,
        /// Seed of meals and sensor
        seed: u32,
        /// `bb` or `pid`
        controller: String,
    },
    /// Glucose after each minute of the carbohydrate (g) and insulin (U/min) on standard input, a line a minute
    Replay {
        /// The virtual person
        name: String,
    },
    /// Closed-loop basal–bolus days of all thirty people in turn
    Speed {
        /// How many days each
        days: u32,
    },
    /// Shares of time in range of our policy, basal–bolus and PID
    Policy {
        /// How many random scenarios
        scenarios: u32,
        /// The first one's seed
        #[arg(long, default_value_t = 5000)]
        seed: u32,
        /// Days in a scenario
        #[arg(long, default_value_t = 7)]
        days: u32,
        /// Which people
        names: Vec<String>,
    },
    /// Our policy as a filter: readings (mg/dL), announced carbohydrate (g) and minutes in, basal and bolus (U/min) out
    Control {
        /// The virtual person
        name: String,
    },
}

pub(crate) fn run(command: &Command) -> Result<Value, Error> {
    match command {
        Command::Day { name, seed, controller } => {
            let patient = Patient::named(name)?;
            let scenario = Scenario::random(*seed, 1)?;
            let trace = match controller.as_str() {
                "bb" => scenario.play(&patient, &mut BasalBolus::new(patient.therapy.clone()))?,
                "pid" => scenario.play(&patient, &mut Pid::of_the_example())?,
                other => return Err(format!("`{other}` is neither `bb` nor `pid`").into()),
            };
            Ok(json!({
                "glucose": trace.steps.iter().map(|step| step.glucose_mg_dl).collect::<Vec<_>>(),
                "cgm": trace.steps.iter().map(|step| step.cgm_mg_dl).collect::<Vec<_>>(),
            }))
        }
        Command::Replay { name } => replay(&Patient::named(name)?),
        Command::Speed { days } => {
            let mut in_range = 0.0;
            for name in Patient::names() {
                let patient = Patient::named(name)?;
                for seed in 0..*days {
                    in_range += basal_bolus(&patient, seed, 1)?.ranges().in_range;
                }
            }
            let days = days * Patient::names().count() as u32;
            Ok(json!({ "patient_days": days, "in_range": in_range / f64::from(days) }))
        }
        Command::Policy { scenarios, seed, days, names } => names
            .iter()
            .map(|name| Ok(json!({ "name": name, "rows": policy(name, *seed..*seed + *scenarios, *days)? })))
            .collect(),
        Command::Control { name } => control(name),
    }
}

fn replay(patient: &Patient) -> Result<Value, Error> {
    let mut state = patient.state();
    let mut seen = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (carbs_g, insulin) = line.split_once(' ').ok_or("each line is: carbohydrate insulin")?;
        patient.step(&mut state, &Minute::new(carbs_g.parse()?, insulin.parse()?)?);
        seen.push(patient.observe(&state));
    }
    Ok(json!(seen))
}

fn basal_bolus(patient: &Patient, seed: u32, days: u32) -> Result<Trace, Refusal> {
    Scenario::random(seed, days)?.play(patient, &mut BasalBolus::new(patient.therapy.clone()))
}

/// The person as two weeks of readings under basal–bolus show them, starting from what the nine others are like.
fn learn(patient: &Patient) -> Result<Patient, Refusal> {
    let group = patient.name.split('#').next().unwrap_or_default();
    let others: Vec<Patient> = Patient::names()
        .filter(|other| other.starts_with(group) && *other != patient.name)
        .map(Patient::named)
        .collect::<Result<_, _>>()?;
    let lived = basal_bolus(patient, 77, 14)?;
    Population::of(&others)?.fit(&patient.therapy, lived.step_min, &lived.records())
}

fn policy(name: &str, seeds: std::ops::Range<u32>, days: u32) -> Result<Value, Refusal> {
    let patient = Patient::named(name)?;
    let learned = learn(&patient)?;
    let mut sums = [[0.0; 5]; 3];
    let n = f64::from(seeds.end - seeds.start);
    for seed in seeds {
        let scenario = Scenario::random(seed, days)?;
        let traces = [
            scenario.play(&patient, &mut Planner::new(learned.clone(), Aims::default()))?,
            scenario.play(&patient, &mut BasalBolus::new(patient.therapy.clone()))?,
            scenario.play(&patient, &mut Pid::of_the_example())?,
        ];
        for (sum, trace) in sums.iter_mut().zip(traces) {
            let Ranges { in_range, under_70, under_54, over_180 } = trace.ranges();
            let insulin = trace.steps.iter().map(|step| step.insulin_u).sum::<f64>() / f64::from(days);
            for (sum, figure) in sum.iter_mut().zip([in_range, under_70, under_54, over_180, insulin]) {
                *sum += figure / n;
            }
        }
    }
    Ok(json!({ "ours": sums[0], "bb": sums[1], "pid": sums[2] }))
}

fn control(name: &str) -> Result<Value, Error> {
    let mut planner = Planner::new(learn(&Patient::named(name)?)?, Aims::default());
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let figures = line?.split(' ').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
        let [cgm_mg_dl, carbs_g, step_min] = figures[..] else {
            return Err("each line is: reading carbohydrate minutes".into());
        };
        let dose = planner.dose(&Seen { cgm_mg_dl, carbs_g, step_min });
        writeln!(out, "{} {}", dose.basal_u_per_min, dose.bolus_u_per_min)?;
        out.flush()?;
    }
    Ok(json!("done"))
}
