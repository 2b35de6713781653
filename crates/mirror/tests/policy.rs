//! A body is learned from one person's readings, and our policy on it beats the peer's on days not seen before.
#![allow(clippy::unwrap_used)]

use didymos_mirror::body::{Body, Refusal};
use didymos_mirror::glucose::{Minute, Patient, Population, Record};
use didymos_mirror::policy::{Aims, BasalBolus, Pid, Planner, Scenario, Trace};

fn others(name: &str) -> Population {
    let others = Patient::names().filter(|other| other.starts_with("adult#") && *other != name);
    Population::of(&others.map(|other| Patient::named(other).unwrap()).collect::<Vec<_>>()).unwrap()
}

fn basal_bolus(patient: &Patient, seed: u32, days: u32) -> Trace {
    Scenario::random(seed, days).unwrap().play(patient, &mut BasalBolus::new(patient.therapy.clone())).unwrap()
}

/// Root mean square difference over a day in which twice the usual insulin is given with breakfast, none with lunch.
fn off_mg_dl(a: &Patient, b: &Patient) -> f64 {
    let (mut left, mut right) = (a.state(), b.state());
    let squares: f64 = (0..1440)
        .map(|minute| {
            let (carbs_g, bolus_u) = match minute {
                420 => (40.0, 80.0 / a.therapy.carb_ratio_g_per_u),
                780 => (30.0, 0.0),
                _ => (0.0, 0.0),
            };
            let input = Minute::new(carbs_g, a.basal_u_per_min() + bolus_u).unwrap();
            a.step(&mut left, &input);
            b.step(&mut right, &input);
            (a.observe(&left) - b.observe(&right)).powi(2)
        })
        .sum();
    (squares / 1440.0).sqrt()
}

#[test]
fn a_body_fitted_to_three_days_is_nearer_than_the_middle_of_the_others_and_the_planner_on_it_beats_the_peers() {
    let name = "adult#004";
    let patient = Patient::named(name).unwrap();
    let people = others(name);
    let learned = people.fit(&patient.therapy, 3, &basal_bolus(&patient, 77, 3).records()).unwrap();
    let middle = people.middle(&patient.therapy).unwrap();
    let (near, far) = (off_mg_dl(&patient, &learned), off_mg_dl(&patient, &middle));
    assert!(near < 0.4 * far, "{near} against {far} mg/dL");

    let scenario = Scenario::random(5, 1).unwrap();
    let ours = scenario.play(&patient, &mut Planner::new(learned, Aims::default())).unwrap().ranges();
    for peer in
        [basal_bolus(&patient, 5, 1).ranges(), scenario.play(&patient, &mut Pid::of_the_example()).unwrap().ranges()]
    {
        assert!(ours.in_range > peer.in_range && ours.under_70 <= peer.under_70, "{ours:?} {peer:?}");
    }
}

#[test]
fn a_fit_is_refused_with_a_reason() {
    let patient = Patient::named("adult#001").unwrap();
    let people = others("adult#001");
    let day = basal_bolus(&patient, 1, 1).records();
    assert!(matches!(people.fit(&patient.therapy, 3, &day), Err(Refusal::TooFew { .. })));
    assert!(matches!(people.fit(&patient.therapy, 3, &[]), Err(Refusal::TooFew { .. })));
    let record = |cgm| Record { carbs_g: 0.0, insulin_u: 0.05, cgm_mg_dl: Some(cgm) };
    assert!(matches!(people.fit(&patient.therapy, 3, &vec![record(120.0); 2000]), Err(Refusal::Senseless { .. })));
    // mmol/L where mg/dL are expected
    assert!(matches!(people.fit(&patient.therapy, 3, &vec![record(6.1); 2000]), Err(Refusal::Senseless { .. })));
    assert!(matches!(people.fit(&patient.therapy, 3, &vec![record(f64::NAN); 2000]), Err(Refusal::Senseless { .. })));
    assert!(matches!(Population::of(&[]), Err(Refusal::TooFew { .. })));
}

#[test]
fn the_same_seed_gives_the_same_days() {
    let patient = Patient::named("child#002").unwrap();
    assert_eq!(basal_bolus(&patient, 3, 2), basal_bolus(&patient, 3, 2));
    assert_ne!(basal_bolus(&patient, 3, 2), basal_bolus(&patient, 4, 2));
}
