//! The owner's brain network through the door: kept, fitted, asked about a weaker connection, a lesion and a drug.
#![allow(clippy::unwrap_used)]

use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::request::{BrainAdd, Simulate, WhatIf};
use didymos_twin::response::{CausalKind, ModelKind, SimulateAnswer, SimulatedLines, WhatIfAnswer};
use didymos_twin::{Door, Failure, FailureCode, Request, Response, Twin, unwatched};

const REGIONS: usize = 8;

fn ask(twin: &Twin, request: Request) -> Result<Response, Failure> {
    twin.ask(&twin.principal(), request, &mut unwatched)
}

/// A number from −1 to 1 that looks random.
fn lot(at: u64) -> f64 {
    let mut z = at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// A ring of regions, and a scan in which neighbours go together.
fn scanned() -> BrainAdd {
    let near = |a: usize, b: usize| a.abs_diff(b).min(REGIONS - a.abs_diff(b)) as f64;
    let pairs = || (0..REGIONS * REGIONS).map(|at| (at / REGIONS, at % REGIONS));
    // No two connections are alike, so that there is something to fit.
    let weight = |(a, b): (usize, usize)| {
        if a == b { 0.0 } else { (-1.2 * near(a, b)).exp() * (1.0 + 0.5 * ((a * b) as f64).sin()) }
    };
    let weights: Vec<f64> = pairs().map(weight).collect();
    let readings = 600;
    let mut now = [0.0f64; REGIONS];
    let mut scan = vec![0.0; REGIONS * readings];
    for t in 0..readings {
        let past = now;
        for region in 0..REGIONS {
            let heard: f64 = (0..REGIONS).map(|other| weights[region * REGIONS + other] * past[other]).sum();
            now[region] = 0.6 * past[region] + 0.3 * heard + lot((t * REGIONS + region) as u64);
            scan[region * readings + t] = now[region];
        }
    }
    BrainAdd {
        weights,
        lengths: pairs().map(|(a, b)| 20.0 * near(a, b)).collect(),
        regions: Vec::new(),
        bold: scan,
        bold_ms: Some(720.0),
    }
}

fn simulate(twin: &Twin, lesions: &[&str], inhibition: f64) -> Result<SimulatedLines, Failure> {
    let lesions = lesions.iter().map(|region| (*region).to_owned()).collect();
    let asked =
        Simulate::Brain { connections: Vec::new(), lesions, inhibition, excitation: 1.0, minutes: 1.0, seed: 3 };
    match ask(twin, Request::Simulate(asked))? {
        Response::Simulated(answer) => match *answer {
            SimulateAnswer::Lines(lines) => Ok(lines),
            other @ SimulateAnswer::Trial(_) => panic!("another answer: {other:?}"),
        },
        other => panic!("another answer: {other:?}"),
    }
}

fn figure(lines: &SimulatedLines, name: &str) -> Option<f64> {
    lines.figures.iter().find(|figure| figure.name == name).map(|figure| figure.value)
}

#[test]
fn a_weaker_connection_a_lesion_and_a_drug_are_answered_from_the_owners_own_scan() {
    let dir = tempfile::tempdir().unwrap();
    let phrase = RecoveryPhrase::from_entropy([7; 32]);
    let twin = Twin::init(&dir.path().join("home"), &phrase, "correct horse battery", KdfCost::for_tests()).unwrap();
    let Response::Brain(shown) = ask(&twin, Request::BrainAdd(scanned())).unwrap() else { panic!("another answer") };
    assert!(shown.regions.len() == REGIONS && shown.unseen.is_some_and(|unseen| unseen > 0.3), "{shown:?}");

    // Where it is not said which connection, those that there are can be chosen from.
    let sentence = Some("What does my brain network do if this connection weakens?".to_owned());
    let asked = WhatIf { sentence, ..WhatIf::default() };
    let Response::WhatIf(open) = ask(&twin, Request::WhatIf(asked)).unwrap() else { panic!("another answer") };
    assert!(open.refused.unwrap().because.contains("which connection"));
    assert_eq!(open.choices.len(), 6);
    let first = &open.choices[0];
    let typed = WhatIf { interventions: first.interventions.clone(), ..WhatIf::default() };
    let said = WhatIf { sentence: Some(first.sentence.clone()), ..WhatIf::default() };
    let [typed, said] = [typed, said].map(|asked| match ask(&twin, Request::WhatIf(asked)).unwrap() {
        Response::WhatIf(answer) => *answer,
        other => panic!("another answer: {other:?}"),
    });
    assert!(typed.refused.is_none() && typed.choices.is_empty(), "{:?}", typed.refused);
    assert_eq!(said.outcomes, typed.outcomes);

    let sentence = "What does my brain network do if the connection between 1 and 2 weakens?".to_owned();
    let asked = WhatIf { sentence: Some(sentence), ..WhatIf::default() };
    let Response::WhatIf(answer) = ask(&twin, Request::WhatIf(asked)).unwrap() else { panic!("another answer") };
    let WhatIfAnswer { refused, model, outcomes, causal, .. } = *answer;
    assert_eq!((refused, model.unwrap().kind), (None, ModelKind::WholeBrain));
    assert_eq!(causal.unwrap().kind, CausalKind::Mechanistic);
    let own = outcomes.iter().find(|outcome| outcome.name == "2 – 1").unwrap();
    assert!(own.effect.value < 0.0 && own.effect.value.is_finite(), "{:?}", own.effect);

    let usual = simulate(&twin, &[], 1.0).unwrap();
    assert_eq!(figure(&usual, "correlation with the unchanged connectivity"), None);
    for changed in [simulate(&twin, &["3"], 1.0).unwrap(), simulate(&twin, &[], 1.3).unwrap()] {
        let alike = figure(&changed, "correlation with the unchanged connectivity").unwrap();
        assert!(alike < 0.9999 && alike.is_finite(), "{alike}");
        assert!(changed.lines.iter().flat_map(|line| &line.values).all(|value| value.is_finite()));
    }
    for refused in [simulate(&twin, &["31"], 1.0), simulate(&twin, &[], 9.0), simulate(&twin, &[], f64::NAN)] {
        let refused = refused.unwrap_err();
        assert!(refused.code == FailureCode::Invalid && refused.message.len() > 20, "{refused:?}");
    }
}
