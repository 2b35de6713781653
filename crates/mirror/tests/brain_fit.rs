//! Personal brain models: what was planted is found again, and what cannot be fitted is refused.
#![allow(clippy::unwrap_used)]

use didymos_mirror::brain::Connectome;
use didymos_mirror::brain::fit::{Drug, Effort, Fitted, Knobs, fit, refine};

const REGIONS: usize = 10;
const EFFORT: Effort = Effort { trials: 60, refinements: 40, seed: 3 };

/// A ring whose neighbours are connected, with some longer fibres.
fn ring() -> Connectome {
    let (mut weights, mut lengths) = (vec![0.0; REGIONS * REGIONS], vec![0.0; REGIONS * REGIONS]);
    for row in 0..REGIONS {
        for column in 0..REGIONS {
            let near = row.abs_diff(column).min(REGIONS - row.abs_diff(column)) as f64;
            weights[row * REGIONS + column] = (-1.2 * near).exp() * (1.0 + 0.5 * ((row * column) as f64).sin());
            lengths[row * REGIONS + column] = 20.0 * near;
        }
    }
    Connectome::new(weights, lengths).unwrap()
}

const KNOWN: Knobs = Knobs { strength: 8.0, input: 0.2, power: 1.0 };

/// What a brain with this connectome and known numbers shows in twelve minutes.
fn shown(connectome: &Connectome) -> Vec<f64> {
    Fitted { knobs: KNOWN, connectome: connectome.clone(), seen: 0.0 }.connectivity(12.0, 77).unwrap()
}

#[test]
fn a_planted_brain_is_found_again_and_the_same_way_twice() {
    let measured = shown(&ring());
    let found = fit(&ring(), &measured, &EFFORT, |_, _| true).unwrap();
    assert!(found.seen > 0.8, "{} with {:?}", found.seen, found.knobs);
    assert_eq!(found, fit(&ring(), &measured, &EFFORT, |_, _| true).unwrap());
}

#[test]
fn a_stronger_connection_is_found_by_refining() {
    let person = ring().with_connection(2, 7, 60.0).unwrap();
    let measured = shown(&person);
    let before = Fitted { knobs: KNOWN, connectome: ring().normalised(), seen: -1.0 };
    let after = refine(&before, &measured, &EFFORT, |_, _| true).unwrap();
    // The connection that was strengthened grows more than any other.
    let growth = |k: usize| after.connectome.weights()[k] / before.connectome.weights()[k].max(1e-12);
    let lower = (0..REGIONS * REGIONS).filter(|k| k % REGIONS < k / REGIONS);
    assert_eq!(lower.max_by(|&a, &b| growth(a).total_cmp(&growth(b))), Some(7 * REGIONS + 2));
}

#[test]
fn a_search_can_be_stopped_and_answers_with_the_best_so_far() {
    let measured = ring().normalised().weights().to_vec();
    let mut told = Vec::new();
    let found = fit(&ring(), &measured, &EFFORT, |done, all| {
        told.push((done, all));
        done < 2
    });
    assert_eq!((told, found.is_ok()), (vec![(1, 60), (2, 60)], true));
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let refusal =
        |measured: &[f64], effort: &Effort| fit(&ring(), measured, effort, |_, _| true).unwrap_err().to_string();
    assert!(refusal(&[1.0; 16], &EFFORT).contains("16 numbers for 10 regions"));
    assert!(refusal(&[1.0; 100], &EFFORT).contains("does not change"));
    let mut broken = ring().normalised().weights().to_vec();
    assert!(refusal(&broken, &Effort { trials: 0, ..EFFORT }).contains("no trial"));
    broken[1] = f64::NAN;
    assert!(refusal(&broken, &EFFORT).contains("NaN"));
}

#[test]
fn a_drug_changes_what_it_says_and_nothing_that_was_not_fitted_is_asked() {
    let fitted = Fitted { knobs: KNOWN, connectome: ring(), seen: 0.0 };
    let (plain, calm) = (Drug::default(), Drug { inhibition: 1.2, excitation: 0.9 });
    let (usual, drugged) = (fitted.brain_under(&plain).unwrap(), fitted.brain_under(&calm).unwrap());
    assert_eq!(usual.model(), fitted.brain().unwrap().model());
    let (usual, drugged) = (usual.model(), drugged.model());
    assert!((drugged.inh_to_exc / usual.inh_to_exc - 1.2).abs() < 1e-12);
    assert!((drugged.exc_to_exc / usual.exc_to_exc - 0.9).abs() < 1e-12);
    for inhibition in [0.1, 3.0, f64::NAN] {
        assert!(fitted.brain_under(&Drug { inhibition, ..plain }).is_err(), "{inhibition}");
    }
}
