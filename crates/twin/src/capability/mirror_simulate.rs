//! Simulations: bodies moved on under what is said of them, and trials on virtual people.

use super::mirror_days::{MINUTES, days};
use super::{mirror_brain, mirror_experiments, mirror_glucose, mirror_sleep};
use crate::Twin;
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::request::{Connection, Injected, Served, Simulate, TrialArm, TrialTreatment};
use crate::response::{
    GlucoseRanges, ModelKind, ModelUsed, Parameter, SimulateAnswer, SimulatedArm, SimulatedLine, SimulatedLines,
    SimulatedPerson, SimulatedTrial,
};
use didymos_base::{StreamId, streams as table};
use didymos_mirror::body::sleep::Sleeper;
use didymos_mirror::body::training::{Athlete, Test};
use didymos_mirror::body::{Body, Refusal};
use didymos_mirror::brain::fit::Drug;
use didymos_mirror::brain::measure::{functional_connectivity, matrix_correlation};
use didymos_mirror::brain::{Bold, Plan};
use didymos_mirror::glucose::{Bolus, Meal, Patient, Population};
use didymos_mirror::policy::Ranges;
use didymos_mirror::trial::{Arm, Cohort, Treatment};
use didymos_mirror::what_if::bedtime;

/// Meals and boluses of one simulation.
const SERVED_MOST: usize = 500;
/// Patient-days of one trial asked of a twin.
const PATIENT_DAYS_MOST: u64 = 200_000;
const BLOOD_MS: f64 = 5.0;
const READ_MS: f64 = 720.0;
/// Regions whose signal is shown.
const REGIONS_SHOWN: usize = 6;

fn refused(refusal: &Refusal) -> Failure {
    let code = match refusal {
        Refusal::Undetermined { what: "the trial", .. } => FailureCode::Stopped,
        _ => FailureCode::Invalid,
    };
    Failure::new(code, refusal.to_string())
}

fn lacking(because: &str, missing: &[String]) -> Failure {
    Failure::new(FailureCode::Invalid, format!("{because}; missing: {}", missing.join("; ")))
}

pub(crate) fn answer(twin: &Twin, asked: &Simulate, watch: Watch<'_>) -> Result<SimulateAnswer, Failure> {
    match asked {
        Simulate::Glucose { person, meals, boluses, hours } => {
            glucose(twin, person.as_deref(), meals, boluses, *hours).map(SimulateAnswer::Lines)
        }
        Simulate::Sleep { bedtime_later, nights } => sleep(twin, *bedtime_later, *nights).map(SimulateAnswer::Lines),
        Simulate::Training { load, performance, factor, days } => {
            training(twin, load, performance, *factor, *days).map(SimulateAnswer::Lines)
        }
        Simulate::Brain { connections, lesions, inhibition, excitation, minutes, seed } => {
            let drug = Drug { inhibition: *inhibition, excitation: *excitation };
            brain(twin, (connections, lesions, drug), *minutes, *seed, watch).map(SimulateAnswer::Lines)
        }
        Simulate::Trial { people, group, days, seed, arms } => {
            trial(*people, group, *days, *seed, arms, watch).map(SimulateAnswer::Trial)
        }
    }
}

fn figure(name: &str, value: f64, unit: &str) -> Parameter {
    Parameter { name: name.to_owned(), value, unit: unit.to_owned() }
}

fn glucose(
    twin: &Twin,
    person: Option<&str>,
    meals: &[Served],
    boluses: &[Injected],
    hours: u32,
) -> Result<SimulatedLines, Failure> {
    if !(1..=72).contains(&hours) || meals.len() + boluses.len() > SERVED_MOST {
        return Err(Failure::new(
            FailureCode::Invalid,
            "a simulation of glucose lasts 1 to 72 hours, with at most 500 meals and boluses",
        ));
    }
    let mut notes = Vec::new();
    let (body, model) = if let Some(name) = person {
        let body = Patient::named(name).map_err(|refusal| refused(&refusal))?;
        let says = format!("the UVA/Padova body of the virtual person {name}");
        let parameters = vec![
            figure("basal rate", body.therapy.basal_u_per_min * 60.0, "[iU]/h"),
            figure("carbohydrate for a unit", body.therapy.carb_ratio_g_per_u, "g/[iU]"),
        ];
        (body, ModelUsed { kind: ModelKind::UvaPadova, says, parameters })
    } else {
        let recorded = mirror_glucose::recorded(twin, None)?.map_err(|lack| lacking(&lack.because, &lack.missing))?;
        notes.extend(recorded.notes.iter().cloned());
        let people: Vec<Patient> = Patient::names()
            .filter(|name| name.starts_with("adult#"))
            .map(Patient::named)
            .collect::<Result<_, _>>()
            .map_err(|refusal| refused(&refusal))?;
        let body = Population::of(&people)
            .and_then(|population| population.fit(&recorded.therapy, 5, &recorded.records))
            .map_err(|refusal| refused(&refusal))?;
        let days = recorded.records.len() as f64 * 5.0 / MINUTES as f64;
        let meals = recorded.records.iter().filter(|record| record.carbs_g > 0.0).count();
        let fitted = didymos_mirror::what_if::glucose::Fitted::Full(Box::new(body.clone()));
        (body, mirror_glucose::model(&fitted, &recorded.therapy, days, meals))
    };
    let meals: Vec<Meal> = meals.iter().map(|meal| Meal { minute: meal.minute, carbs_g: meal.grams }).collect();
    let boluses: Vec<Bolus> = boluses.iter().map(|bolus| Bolus { minute: bolus.minute, units: bolus.units }).collect();
    let values = body.future(&meals, &boluses, hours * 60).map_err(|refusal| refused(&refusal))?;
    let share = |within: &dyn Fn(f64) -> bool| {
        100.0 * values.iter().filter(|glucose| within(**glucose)).count() as f64 / values.len().max(1) as f64
    };
    let figures = vec![
        figure("time in 70–180 mg/dL", share(&|g| (70.0..=180.0).contains(&g)), "%"),
        figure("time under 70 mg/dL", share(&|g| g < 70.0), "%"),
        figure("lowest", values.iter().copied().fold(f64::INFINITY, f64::min), "mg/dL"),
        figure("highest", values.iter().copied().fold(0.0, f64::max), "mg/dL"),
    ];
    Ok(SimulatedLines {
        model,
        time_unit: "min".to_owned(),
        time: (0..values.len()).map(|minute| minute as f64).collect(),
        lines: vec![SimulatedLine { name: "glucose".to_owned(), unit: "mg/dL".to_owned(), values }],
        figures,
        notes,
    })
}

fn sleep(twin: &Twin, later: f64, count: u32) -> Result<SimulatedLines, Failure> {
    if !((1..=60).contains(&count) && later.is_finite() && later.abs() <= 600.0) {
        return Err(Failure::new(
            FailureCode::Invalid,
            "a simulation of sleep has 1 to 60 nights and bedtimes moved by 600 minutes at most",
        ));
    }
    let nights = mirror_sleep::nights(twin, None)?;
    let fit = Sleeper::fit(&nights).map_err(|refusal| refused(&refusal))?;
    let mut beds: Vec<f64> =
        nights.iter().rev().take(28).map(|night| (night.from_min - 720.0).rem_euclid(1440.0)).collect();
    beds.sort_by(f64::total_cmp);
    let usual = beds.get(beds.len() / 2).copied().unwrap_or(660.0);
    let line = |moved: f64| bedtime::lengths(&fit, (0..count).map(|_| usual + moved));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let (as_usual, moved) = (line(0.0), line(later));
    let figures = vec![
        figure("usual bedtime", (usual + 720.0).rem_euclid(1440.0), "min after midnight"),
        figure("mean length, usual", mean(&as_usual), "min"),
        figure("mean length, moved", mean(&moved), "min"),
    ];
    let named = |name: &str, values| SimulatedLine { name: name.to_owned(), unit: "min".to_owned(), values };
    Ok(SimulatedLines {
        model: mirror_sleep::model(&fit, nights.len()),
        time_unit: "d".to_owned(),
        time: (0..count).map(f64::from).collect(),
        lines: vec![named("length of sleep, usual bedtime", as_usual), named("length of sleep, moved bedtime", moved)],
        figures,
        notes: Vec::new(),
    })
}

fn training(
    twin: &Twin,
    load: &StreamId,
    performance: &StreamId,
    factor: f64,
    ahead: u32,
) -> Result<SimulatedLines, Failure> {
    if !(1..=365).contains(&ahead) || !(0.0..=5.0).contains(&factor) {
        return Err(Failure::new(
            FailureCode::Invalid,
            "a simulation of training has 1 to 365 days and 0 to 5 times the usual load",
        ));
    }
    let (loads, tests) = (days(twin, load, None)?, days(twin, performance, None)?);
    let len = usize::try_from(loads.end() - loads.first).unwrap_or(0);
    let column = loads.on(loads.first, len);
    // A day that says nothing is a day of rest.
    let daily: Vec<f64> = column.iter().map(|load| load.unwrap_or(0.0).max(0.0)).collect();
    let tested = tests.on(loads.first, len);
    let of_tests: Vec<Test> =
        tested.iter().enumerate().filter_map(|(day, told)| Some(Test { day, performance: told? })).collect();
    let fit = Athlete::fit(&daily, &of_tests).map_err(|refusal| refused(&refusal))?;
    let late = &daily[daily.len().saturating_sub(28)..];
    let usual = late.iter().sum::<f64>() / late.len().max(1) as f64;
    let line = |load: f64| {
        let mut state = fit.now;
        let step = |_| {
            fit.athlete.step(&mut state, &load);
            fit.athlete.observe(&state)
        };
        (0..ahead).map(step).collect::<Vec<f64>>()
    };
    let named = |name: &str, values| SimulatedLine { name: name.to_owned(), unit: tests.unit.clone(), values };
    let athlete = &fit.athlete;
    Ok(SimulatedLines {
        model: ModelUsed {
            kind: ModelKind::FitnessFatigue,
            says: format!(
                "fitness and fatigue, fitted to {} days of {} and {} values of {}, of whose variance it tells {:.0} %",
                daily.len(),
                table::label(load.as_str()),
                of_tests.len(),
                table::label(performance.as_str()),
                100.0 * fit.explained
            ),
            parameters: vec![
                figure("fitness fades in", athlete.fitness_days, "d"),
                figure("fatigue fades in", athlete.fatigue_days, "d"),
                figure("off on a test", fit.off, &tests.unit),
            ],
        },
        time_unit: "d".to_owned(),
        time: (1..=ahead).map(f64::from).collect(),
        lines: vec![named("usual load", line(usual)), named("changed load", line(usual * factor))],
        figures: vec![
            figure("usual load a day", usual, &loads.unit),
            figure("changed load a day", usual * factor, &loads.unit),
        ],
        notes: Vec::new(),
    })
}

fn brain(
    twin: &Twin,
    (connections, lesions, drug): (&[Connection], &[String], Drug),
    minutes: f64,
    seed: u32,
    watch: Watch<'_>,
) -> Result<SimulatedLines, Failure> {
    if !(1.0..=20.0).contains(&minutes) || connections.len() > 100 || lesions.len() > 20 {
        return Err(Failure::new(
            FailureCode::Invalid,
            "a simulation of the brain lasts 1 to 20 minutes, with at most 100 changed connections and 20 lesions",
        ));
    }
    let brain = mirror_brain::brain(twin)?.map_err(|(because, missing)| lacking(&because, &missing))?;
    let invalid = |because: String| Failure::new(FailureCode::Invalid, because);
    let mut changes = Vec::new();
    for connection in connections {
        changes.push(brain.connection(connection).map_err(invalid)?);
    }
    for region in lesions {
        changes.extend(brain.lesion(region).map_err(invalid)?);
    }
    let bold = Bold { step_ms: BLOOD_MS, sample_ms: READ_MS, ..Bold::default() };
    let duration_ms = (minutes * 60_000.0 / READ_MS).ceil() * READ_MS;
    let plan = Plan { duration_ms, settle_ms: 60_000.0, seed: u64::from(seed), sample_ms: 0.0, bold: Some(bold) };
    let mut run = |done: u64, changes: &[(usize, usize, f64)], drug: &Drug| {
        let doing = Progress { doing: "simulating".into(), unit: "runs".into(), done, of: 2 };
        if watch(doing).is_break() {
            return Err(Failure::new(FailureCode::Stopped, "stopped; nothing was changed"));
        }
        let model =
            brain.changed(changes).and_then(|model| model.brain_under(drug)).map_err(|refusal| refused(&refusal))?;
        model.simulate(&plan).map(|recording| recording.bold).map_err(|refusal| refused(&refusal))
    };
    let before = run(0, &[], &Drug::default())?;
    let is_changed = !changes.is_empty() || drug != Drug::default();
    let after = if is_changed { Some(run(1, &changes, &drug)?) } else { None };
    let told = |series| functional_connectivity(series).map_err(|refusal| refused(&refusal));
    let connectivity = told(&before)?;
    let mut figures = Vec::new();
    let alike = |a: &[f64], b: &[f64]| matrix_correlation(a, b).map_err(|refusal| refused(&refusal));
    figures.push(figure("correlation with the measured connectivity", alike(&connectivity, brain.measured())?, "1"));
    let mut shown: Vec<usize> = changes.iter().flat_map(|(a, b, _)| [*a, *b]).chain(0..brain.regions.len()).collect();
    let mut once = std::collections::HashSet::new();
    shown.retain(|region| once.insert(*region));
    shown.truncate(if after.is_some() { REGIONS_SHOWN / 2 } else { REGIONS_SHOWN });
    let mut lines = Vec::new();
    for region in shown {
        let named = |what: &str, series: &didymos_mirror::brain::measure::Series| SimulatedLine {
            name: format!("{}{what}", brain.regions[region]),
            unit: "1".to_owned(),
            values: series.region(region).to_vec(),
        };
        lines.push(named("", &before));
        lines.extend(after.as_ref().map(|after| named(", changed", after)));
    }
    if let Some(after) = &after {
        let told_after = told(after)?;
        figures.push(figure("correlation with the unchanged connectivity", alike(&connectivity, &told_after)?, "1"));
        figures.push(figure(
            "correlation with the measured connectivity, changed",
            alike(&told_after, brain.measured())?,
            "1",
        ));
    }
    Ok(SimulatedLines {
        model: brain.model(),
        time_unit: "min".to_owned(),
        time: (0..before.count()).map(|at| (at + 1) as f64 * READ_MS / 60_000.0).collect(),
        lines,
        figures,
        notes: Vec::new(),
    })
}

fn trial(
    people: u32,
    group: &str,
    days: u32,
    seed: u32,
    arms: &[TrialArm],
    watch: Watch<'_>,
) -> Result<SimulatedTrial, Failure> {
    let patient_days = u64::from(people).saturating_mul(u64::from(days)).saturating_mul(arms.len() as u64);
    if patient_days > PATIENT_DAYS_MOST {
        let message =
            format!("{patient_days} patient-days are more than the {PATIENT_DAYS_MOST} that one trial may have");
        return Err(Failure::new(FailureCode::Invalid, message));
    }
    let arm = |arm: &TrialArm| Arm {
        name: arm.name.clone(),
        treatment: match arm.treatment {
            TrialTreatment::BasalBolus { basal_factor, bolus_factor } => {
                Treatment::BasalBolus { basal_factor, bolus_factor }
            }
            TrialTreatment::Pid => Treatment::Pid,
            TrialTreatment::Planner { learn_days } => Treatment::Planner { learn_days },
        },
    };
    let cohort = Cohort { people, group: group.to_owned(), days, seed, arms: arms.iter().map(arm).collect() };
    let heard = |done: u32| {
        let of = u64::from(people);
        !watch(Progress { doing: "simulating".into(), unit: "people".into(), done: u64::from(done), of }).is_break()
    };
    let result = cohort.run(heard).map_err(|refusal| refused(&refusal))?;
    let ranges = |ranges: &Ranges| GlucoseRanges {
        in_range: ranges.in_range,
        under_70: ranges.under_70,
        under_54: ranges.under_54,
        over_180: ranges.over_180,
    };
    Ok(SimulatedTrial {
        arms: result
            .arms
            .iter()
            .map(|arm| SimulatedArm {
                name: arm.name.clone(),
                ranges: ranges(&arm.mean),
                insulin_u_per_day: arm.insulin_u_per_day,
                in_range_gained: arm.in_range_gained.as_ref().map(mirror_experiments::contrast),
                under_70_gained: arm.under_70_gained.as_ref().map(mirror_experiments::contrast),
            })
            .collect(),
        people: result
            .people
            .iter()
            .map(|row| SimulatedPerson {
                person: row.person + 1,
                arm: arms.get(row.arm).map_or_else(String::new, |arm| arm.name.clone()),
                ranges: ranges(&row.ranges),
                insulin_u_per_day: row.insulin_u_per_day,
            })
            .collect(),
        patient_days,
    })
}
