//! Brains as wholes: seeds, what-ifs, lesions, blood flow on a fast path, refusals.
#![allow(clippy::unwrap_used)]

use didymos_mirror::body::Body;
use didymos_mirror::brain::measure::{functional_connectivity, spectrum, synchrony};
use didymos_mirror::brain::{
    Bold, Brain, Connectome, Coupling, Kuramoto, Normals, Plan, Recording, WilsonCowan, WongWang,
};

const REGIONS: usize = 12;

/// A made-up brain: two rings of regions, near ones strongly connected, the rings weakly.
fn connectome() -> Connectome {
    let (mut weights, mut lengths) = (vec![0.0; REGIONS * REGIONS], vec![0.0; REGIONS * REGIONS]);
    for row in 0..REGIONS {
        for column in 0..REGIONS {
            let near = (row % 6).abs_diff(column % 6);
            let apart = near.min(6 - near) as f64 + if row / 6 == column / 6 { 0.0 } else { 3.0 };
            weights[row * REGIONS + column] = (-apart).exp();
            lengths[row * REGIONS + column] = 5.0 + 30.0 * apart;
        }
    }
    Connectome::new(weights, lengths).unwrap()
}

fn wilson_cowan(connectome: &Connectome, change: impl Fn(&mut WilsonCowan)) -> Brain<WilsonCowan> {
    let mut model = WilsonCowan::new(REGIONS);
    model.input_exc = vec![0.65; REGIONS];
    model.noise.sigma = 0.14;
    change(&mut model);
    Brain::new(connectome, &Coupling { strength: 2.0, ..Coupling::default() }, model).unwrap()
}

fn refusal<T: std::fmt::Debug>(result: Result<T, didymos_mirror::body::Refusal>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_seed_gives_one_future_and_another_seed_another() {
    let brain = wilson_cowan(&connectome(), |_| ());
    let run = |seed| brain.simulate(&Plan { duration_ms: 100.0, seed, ..Plan::default() }).unwrap();
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn a_drug_and_its_baseline_share_their_noise_and_differ_by_the_drug_only() {
    let plan = Plan { duration_ms: 400.0, seed: 3, sample_ms: 0.1, ..Plan::default() };
    let baseline = wilson_cowan(&connectome(), |_| ()).simulate(&plan).unwrap();
    // A drug that does nothing changes not one bit.
    assert_eq!(baseline, wilson_cowan(&connectome(), |model| model.inh_to_exc *= 1.0).simulate(&plan).unwrap());
    // More inhibition: excitation falls in every region.
    let drug = wilson_cowan(&connectome(), |model| model.inh_to_exc *= 1.3).simulate(&plan).unwrap();
    for (with, without) in drug.mean.iter().zip(&baseline.mean) {
        assert!(with < without, "{with} {without}");
    }
    // The noise is common: what remains between the two moves far less than either.
    let (with, without) = (drug.activity.region(0), baseline.activity.region(0));
    let spread = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
    };
    let first: Vec<f64> = with.iter().zip(without).take(30).map(|(a, b)| a - b).collect();
    assert!(spread(&first) < 0.2 * spread(&without[..30]), "{} {}", spread(&first), spread(&without[..30]));
}

#[test]
fn cutting_a_region_off_leaves_it_alone_with_its_noise() {
    let whole = connectome();
    let plan = Plan { duration_ms: 10_000.0, settle_ms: 200.0, seed: 5, ..Plan::default() };
    let run = |connectome: &Connectome| {
        let mut model = WilsonCowan::new(REGIONS);
        (model.inh_to_exc, model.noise.sigma) = (20.0, 0.02);
        let coupling = Coupling { strength: 10.0, ..Coupling::default() };
        let brain = Brain::new(connectome, &coupling, model).unwrap();
        functional_connectivity(&brain.simulate(&plan).unwrap().activity).unwrap()
    };
    let (before, after) = (run(&whole), run(&whole.with_lesion(4, 0.0).unwrap()));
    let strongest =
        |matrix: &[f64]| (0..REGIONS).filter(|&k| k != 4).map(|k| matrix[4 * REGIONS + k]).fold(0.0, f64::max);
    assert!(strongest(&before) > 0.2, "{}", strongest(&before));
    assert!(strongest(&after) < 0.15, "{}", strongest(&after));
    // One connection gone: these two hear each other less, directly at least.
    let cut = run(&whole.with_connection(0, 1, 0.0).unwrap());
    assert!(cut[1] < before[1]);
}

#[test]
fn a_region_alone_oscillates_where_the_theory_says() {
    // Without coupling and noise, the input decides between rest and a limit cycle (bifurcation of this model).
    let amplitude = |input: f64| {
        let mut model = WilsonCowan::new(2);
        model.input_exc = vec![input; 2];
        let two = Connectome::new(vec![0.0, 1.0, 1.0, 0.0], vec![0.0; 4]).unwrap();
        let brain = Brain::new(&two, &Coupling { strength: 0.0, ..Coupling::default() }, model).unwrap();
        let seen = brain.simulate(&Plan { duration_ms: 600.0, settle_ms: 400.0, ..Plan::default() }).unwrap().activity;
        let (low, high) = seen.region(0).iter().fold((1.0f64, 0.0f64), |(low, high), &e| (low.min(e), high.max(e)));
        high - low
    };
    assert!(amplitude(0.2) < 1e-3 && amplitude(1.5) > 0.2, "{} {}", amplitude(0.2), amplitude(1.5));
}

#[test]
fn phases_lock_beyond_the_critical_coupling_and_not_below_it() {
    // All to all, without delay, speeds spread evenly over 2γ: the critical coupling is 4γ/π (Pazó, 2005).
    let gamma = 0.05;
    let locked = |strength: f64| {
        let n = 60;
        let mut model = Kuramoto::new(n, 10.0);
        for (k, omega) in model.omega.iter_mut().enumerate() {
            *omega = 0.3 + gamma * (2.0 * (k as f64 + 0.5) / n as f64 - 1.0);
        }
        let all = Connectome::new(vec![1.0; n * n], vec![0.0; n * n]).unwrap();
        let brain = Brain::new(&all, &Coupling { strength, speed: 0.0, step_ms: 0.5 }, model).unwrap();
        let plan = Plan { duration_ms: 1500.0, settle_ms: 1500.0, sample_ms: 10.0, ..Plan::default() };
        let order = synchrony(&brain.simulate(&plan).unwrap().activity);
        order.iter().sum::<f64>() / order.len() as f64
    };
    let critical = 4.0 * gamma / std::f64::consts::PI;
    let (below, above) = (locked(0.7 * critical), locked(1.3 * critical));
    assert!(below < 0.4 && above > 0.8, "{below} {above}");
}

#[test]
fn blood_on_the_fast_path_agrees_with_blood_at_every_step() {
    let brain = wilson_cowan(&connectome(), |_| ());
    let run = |step_ms| {
        let bold = Some(Bold { step_ms, sample_ms: 500.0, ..Bold::default() });
        let plan = Plan { duration_ms: 10_000.0, settle_ms: 4000.0, seed: 4, sample_ms: 0.0, bold };
        brain.simulate(&plan).unwrap().bold
    };
    let (exact, fast) = (run(0.1), run(1.0));
    assert_eq!((exact.regions(), exact.count()), (REGIONS, 20));
    for region in 0..REGIONS {
        let values = exact.region(region);
        let middle = values.iter().sum::<f64>() / values.len() as f64;
        let spread = (values.iter().map(|value| (value - middle).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
        for (a, b) in values.iter().zip(fast.region(region)) {
            assert!((a - b).abs() < 0.01 * spread, "{a} {b} {spread}");
        }
    }
}

#[test]
fn a_recording_says_the_same_however_it_is_sampled() {
    let brain = wilson_cowan(&connectome(), |_| ());
    let run =
        |sample_ms| -> Recording { brain.simulate(&Plan { duration_ms: 64.0, sample_ms, ..Plan::default() }).unwrap() };
    let (all, some, none) = (run(0.1), run(1.6), run(0.0));
    let every: Vec<f64> = all.activity.region(3).iter().copied().skip(15).step_by(16).collect();
    assert_eq!(every, some.activity.region(3));
    assert_eq!((all.activity.count(), some.activity.count(), none.activity.count()), (640, 40, 0));
    assert_eq!((&all.mean, &some.mean), (&some.mean, &none.mean));
    let mean = all.activity.means()[3];
    assert!((mean - all.mean[3]).abs() < 1e-14);
}

#[test]
fn a_body_in_steps_is_the_simulation() {
    let brain = wilson_cowan(&connectome(), |_| ());
    let mut state = Body::state(&brain);
    let mut normals = Normals::new(8);
    let mut noise = vec![0.0; brain.noise_per_block()];
    let mut seen = Vec::new();
    for _ in 0..10 {
        normals.fill(&mut noise);
        brain.step(&mut state, &noise);
        seen.push(brain.observe(&state));
    }
    let mut normals = Normals::new(8);
    let plan = Plan { duration_ms: 16.0, sample_ms: 1.6, ..Plan::default() };
    let whole = brain.simulate_from(&mut Body::state(&brain), &plan, |noise| normals.fill(noise)).unwrap();
    for (time, activity) in seen.iter().enumerate() {
        for (region, value) in activity.iter().enumerate() {
            assert_eq!(*value, whole.activity.region(region)[time]);
        }
    }
}

#[test]
fn wong_wang_idles_at_a_few_hertz() {
    // Deco et al. (2014): uncoupled regions with feedback inhibition fire near 3 Hz.
    let brain =
        Brain::new(&connectome(), &Coupling { strength: 0.0, ..Coupling::default() }, WongWang::default()).unwrap();
    let plan = Plan { duration_ms: 1000.0, settle_ms: 2000.0, ..Plan::default() };
    let hertz = brain.simulate(&plan).unwrap().mean[0] * 1000.0;
    assert!((1.0..6.0).contains(&hertz), "{hertz}");
}

#[test]
fn divergence_is_named_and_never_answered() {
    let brain = wilson_cowan(&connectome(), |model| model.noise.sigma = 1e5);
    let reason = refusal(brain.simulate(&Plan::default()));
    assert!(reason.contains("leaves all bounds") && reason.contains("ms after the start"), "{reason}");
    let mut wong_wang = WongWang::default();
    wong_wang.noise.sigma = 1e5;
    let brain = Brain::new(&connectome(), &Coupling::default(), wong_wang).unwrap();
    assert!(refusal(brain.simulate(&Plan::default())).contains("leaves all bounds"));
}

#[test]
fn what_cannot_be_right_is_refused_with_a_reason() {
    let network = connectome();
    let with = |change: &dyn Fn(&mut WilsonCowan)| {
        let mut model = WilsonCowan::new(REGIONS);
        change(&mut model);
        refusal(Brain::new(&network, &Coupling::default(), model))
    };
    assert!(with(&|model| model.input_exc = vec![0.5; 3]).contains("3 values for 12 regions"));
    assert!(with(&|model| model.tau_exc_ms = 0.05).contains("not longer than the step"));
    assert!(with(&|model| model.noise.sigma = f64::NAN).contains("NaN"));
    assert!(with(&|model| model.inh_to_exc = -1.0).contains("-1"));
    let step =
        |step_ms| refusal(Brain::new(&network, &Coupling { step_ms, ..Coupling::default() }, WongWang::default()));
    assert!(step(0.0).contains("0 ms") && step(f64::NAN).contains("NaN"));

    let brain = wilson_cowan(&network, |_| ());
    let plan = |change: &dyn Fn(&mut Plan)| {
        let mut plan = Plan::default();
        change(&mut plan);
        refusal(brain.simulate(&plan))
    };
    assert!(plan(&|plan| plan.duration_ms = 0.0).contains("duration"));
    assert!(plan(&|plan| plan.duration_ms = f64::INFINITY).contains("duration"));
    assert!(plan(&|plan| plan.sample_ms = 0.15).contains("no whole number of steps"));
    assert!(plan(&|plan| (plan.duration_ms, plan.sample_ms) = (1e9, 0.1)).contains("sample less often"));
    assert!(plan(&|plan| plan.bold = Some(Bold { step_ms: 3.0, ..Bold::default() })).contains("must divide"));
    assert!(refusal(brain.state_from(&[0.0; 4])).contains("48 finite ones"));
    assert!(refusal(brain.state_from(&[f64::NAN; 48])).contains("48 finite ones"));
    let short = brain.simulate(&Plan { duration_ms: 2.0, ..Plan::default() }).unwrap().activity;
    assert!(refusal(functional_connectivity(&short)).contains("too few readings"));
    assert!(refusal(spectrum(&short, 64)).contains("too few readings"));
}
