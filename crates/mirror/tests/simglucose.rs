//! Days here beside the same days in the Python package `simglucose`, whose results are in `tests/data`
//! (`bench/mirror.d/simglucose_day.py` made them; `bench/mirror` compares in full, in one run).
#![allow(clippy::unwrap_used)]

use didymos_mirror::body::Body;
use didymos_mirror::glucose::{Minute, Patient};
use didymos_mirror::policy::{BasalBolus, Pid, Scenario, Trace};

const DAYS: &str = include_str!("data/simglucose_days.csv");
const TOLERANCE_MG_DL: f64 = 1.0;

/// Rows of one kind: person, seed, and mg/dL every 15 minutes.
fn rows(kind: &'static str) -> impl Iterator<Item = (&'static str, u32, Vec<f64>)> {
    DAYS.lines().filter_map(move |line| {
        let mut cells = line.strip_prefix(kind)?.strip_prefix(',')?.split(',');
        let (name, seed) = (cells.next()?, cells.next()?.parse().ok()?);
        Some((name, seed, cells.map(|cell| cell.parse().unwrap()).collect()))
    })
}

/// The largest difference of any row of this kind.
fn farthest(kind: &'static str, expected: usize, day: impl Fn(&Patient, u32) -> Vec<f64>) -> f64 {
    let mut worst: f64 = 0.0;
    let mut seen = 0;
    for (name, seed, peer) in rows(kind) {
        let ours = day(&Patient::named(name).unwrap(), seed);
        assert_eq!(ours.len(), peer.len(), "{kind} {name}");
        let off = ours.iter().zip(&peer).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < TOLERANCE_MG_DL, "{kind} {name}: {off} mg/dL apart");
        worst = worst.max(off);
        seen += 1;
    }
    assert_eq!(seen, expected, "{kind}");
    worst
}

fn glucose(trace: &Trace) -> Vec<f64> {
    trace.steps.iter().step_by(5).map(|step| step.glucose_mg_dl).collect()
}

fn cgm(trace: &Trace) -> Vec<f64> {
    trace.steps.iter().step_by(5).map(|step| step.cgm_mg_dl).collect()
}

fn basal_bolus(patient: &Patient, seed: u32) -> Trace {
    Scenario::random(seed, 1).unwrap().play(patient, &mut BasalBolus::new(patient.therapy.clone())).unwrap()
}

fn pid(patient: &Patient, seed: u32) -> Trace {
    Scenario::random(seed, 1).unwrap().play(patient, &mut Pid::of_the_example()).unwrap()
}

#[test]
fn a_day_of_all_thirty_equals_simglucose_within_one_mg_dl() {
    let worst = farthest("bb-glucose", 30, |patient, seed| glucose(&basal_bolus(patient, seed)));
    // The tolerance is the promise; this is what the integrator really does.
    assert!(worst < 0.1, "{worst}");
}

#[test]
fn sensors_meals_and_controllers_equal_simglucose_in_closed_loop() {
    farthest("bb-cgm", 3, |patient, seed| cgm(&basal_bolus(patient, seed)));
    farthest("pid-glucose", 2, |patient, seed| glucose(&pid(patient, seed)));
    farthest("pid-cgm", 2, |patient, seed| cgm(&pid(patient, seed)));
}

#[test]
fn overdoses_and_odd_meals_equal_simglucose() {
    let day = |meals: &'static [(usize, f64)], insulin: &'static [(usize, f64)]| {
        move |patient: &Patient, _: u32| {
            let at = |list: &[(usize, f64)], minute| list.iter().find(|(m, _)| *m == minute).map_or(0.0, |(_, x)| *x);
            let mut state = patient.state();
            let mut seen = Vec::new();
            for minute in 0..1440 {
                let flow = patient.basal_u_per_min() + at(insulin, minute);
                patient.step(&mut state, &Minute::new(at(meals, minute), flow).unwrap());
                if minute % 15 == 14 {
                    seen.push(patient.observe(&state));
                }
            }
            seen
        }
    };
    farthest("overdose", 1, day(&[], &[(60, 15.0), (61, 15.0)]));
    farthest("overdose-then-food", 1, day(&[(90, 30.0), (400, 60.0)], &[(60, 5.0)]));
    let snacks = &[(60, 1.0), (62, 200.0), (300, 0.1), (310, 3.0), (311, 3.0), (700, 12.0), (703, 2.0), (1000, 400.0)];
    farthest("snacks", 1, day(snacks, &[]));
}

/// A refusal, never NaN: also under inputs that no person survives.
#[test]
fn nothing_that_is_let_in_makes_the_body_senseless() {
    assert!(Minute::new(f64::NAN, 0.0).is_err() && Minute::new(-1.0, 0.0).is_err());
    assert!(Minute::new(0.0, f64::INFINITY).is_err() && Minute::new(0.0, -0.1).is_err());
    for name in Patient::names() {
        let patient = Patient::named(name).unwrap();
        for input in [Minute::new(2000.0, 0.0), Minute::new(0.0, 200.0), Minute::new(2000.0, 200.0)] {
            let mut state = patient.state();
            for _ in 0..600 {
                patient.step(&mut state, &input.clone().unwrap());
                assert!(state.x.iter().all(|amount| amount.is_finite()), "{name}: {:?}", state.x);
            }
        }
    }
}
