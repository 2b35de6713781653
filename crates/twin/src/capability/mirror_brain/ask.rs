//! What the owner's brain network does when a connection changes, and which connections could be meant.

use super::brain;
use crate::Twin;
use crate::capability::mirror_what_if::{Question, number_in_words};
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::request::{Connection, Intervention};
use crate::response::{Basis, Causal, CausalKind, Choice, EffectTold, Fan, Futures, TrackRecord, WhatIfAnswer};

/// How many pairs of regions an answer names, beside the mean.
const PAIRS: usize = 5;
/// How many connections are offered where none is named.
const CHOICES: usize = 6;

/// Which connection could be meant: the strongest that there are.
pub(crate) fn which(twin: &Twin, question: &Question<'_>) -> Result<WhatIfAnswer, Failure> {
    let brain = match brain(twin)? {
        Ok(brain) => brain,
        Err((because, missing)) => return Ok(question.refused(because, missing)),
    };
    let factor = question.understood.some_connection.unwrap_or(1.0);
    let because = "the question does not say which connection is meant; the strongest of your connectome are listed";
    let missing = vec!["two regions, by names or numbers: `the connection between A and B`".to_owned()];
    let mut answer = question.refused(because, missing);
    answer.choices = brain
        .strongest(CHOICES)
        .into_iter()
        .map(|(a, b, share)| {
            let [from, to] = [a, b].map(|at| brain.regions[at].clone());
            let does = match factor {
                0.0 => "is cut".to_owned(),
                weaker if weaker < 1.0 => format!("gets {:.0} % weaker", 100.0 * (1.0 - weaker)),
                stronger => format!("gets {:.0} % stronger", 100.0 * (stronger - 1.0)),
            };
            Choice {
                sentence: format!("What does my brain network do if the connection between {from} and {to} {does}?"),
                says: format!("{:.0} % as strong as the strongest", 100.0 * share),
                interventions: vec![Intervention::Connection { from, to, factor }],
            }
        })
        .collect();
    Ok(answer)
}

pub(crate) fn what_if(twin: &Twin, question: &Question<'_>, watch: Watch<'_>) -> Result<WhatIfAnswer, Failure> {
    let brain = match brain(twin)? {
        Ok(brain) => brain,
        Err((because, missing)) => return Ok(question.refused(because, missing)),
    };
    let Some(Intervention::Connection { from, to, factor }) = question.understood.interventions.first() else {
        return Ok(question.refused("the brain is asked about connections only", vec![]));
    };
    let connection = Connection { from: from.clone(), to: to.clone(), factor: *factor };
    let (a, b, factor) = match brain.connection(&connection) {
        Ok(found) => found,
        Err(because) => {
            return Ok(question
                .refused(because, vec!["a connection that exists, by names or numbers of its regions".to_owned()]));
        }
    };
    if watch(Progress { doing: "asking".into(), unit: "models".into(), done: 0, of: brain.models.len() as u64 })
        .is_break()
    {
        return Err(Failure::new(FailureCode::Stopped, "stopped; nothing was changed"));
    }
    // Each model answers twice; their spread says how much the scan leaves open.
    let mut answers = Vec::new();
    for model in &brain.models {
        match model.slow_connectivity().and_then(|before| Ok((before, model.slow_connectivity_with(a, b, factor)?))) {
            Ok(answer) => answers.push(answer),
            Err(refusal) => {
                let because = format!("with this change the model loses its state of rest: {refusal}");
                return Ok(question.refused(because, vec!["a smaller change".to_owned()]));
            }
        }
    }
    let n = brain.regions.len();
    let moved = |at: usize| answers[0].1[at] - answers[0].0[at];
    let mut pairs: Vec<usize> = (0..n).flat_map(|i| (0..i).map(move |j| i * n + j)).collect();
    pairs.sort_by(|x, y| moved(*y).abs().total_cmp(&moved(*x).abs()));
    let mean =
        |fc: &[f64]| (0..n).flat_map(|i| (0..i).map(move |j| fc[i * n + j])).sum::<f64>() / (n * (n - 1) / 2) as f64;
    let own = a.max(b) * n + a.min(b);
    let mut outcomes = vec![figure(
        "mean functional connectivity",
        &answers.iter().map(|(x, y)| (mean(x), mean(y))).collect::<Vec<_>>(),
    )];
    for pair in [own].into_iter().chain(pairs.into_iter().filter(|pair| *pair != own)).take(PAIRS) {
        let name = format!("{} – {}", brain.regions[pair / n], brain.regions[pair % n]);
        outcomes.push(figure(&name, &answers.iter().map(|(x, y)| (x[pair], y[pair])).collect::<Vec<_>>()));
    }
    for (at, outcome) in outcomes.iter_mut().enumerate() {
        outcome.record = brain.unseen.filter(|_| at == 0).map(|unseen| TrackRecord {
            checked: 1,
            error: 1.0 - unseen,
            error_without: 1.0,
            skill: unseen,
            coverage_50: 0.0,
            coverage_80: 0.0,
            coverage_95: 0.0,
            unusual: 0,
            direction_right: 0.0,
            says: format!("fitted to the first half of the scan, its connectivity goes with that of the second by {unseen:.2}; changes of connections could not be checked"),
        });
    }
    Ok(WhatIfAnswer {
        understood: question.understood.clone(),
        refused: None,
        choices: Vec::new(),
        model: Some(brain.model()),
        outcomes,
        causal: Some(Causal {
            kind: CausalKind::Mechanistic,
            says: "A model of your network at rest says so. What a brain does beside (learning, compensating) is not in it, \
                   and no such change of yours has been seen."
                .to_owned(),
            trial: None,
        }),
        warnings: question.warnings(),
        notes: vec!["the intervals are the range of three models: of the whole scan, of its first and of its second half".to_owned()],
    })
}

/// One figure of the network in both futures, from every model; the first is the whole scan's.
fn figure(name: &str, told: &[(f64, f64)]) -> Futures {
    let range = |of: &dyn Fn(&(f64, f64)) -> f64| {
        let values: Vec<f64> = told.iter().map(of).collect();
        let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
        (low, values.first().copied().unwrap_or_default(), high)
    };
    let fan = |(low, middle, high): (f64, f64, f64)| Fan {
        q025: vec![low],
        q10: vec![low],
        q25: vec![low],
        q50: vec![middle],
        q75: vec![high],
        q90: vec![high],
        q975: vec![high],
    };
    let apart = range(&|(before, after)| after - before);
    let (low, value, high) = apart;
    let clear = low > 0.0 || high < 0.0;
    Futures {
        name: name.to_owned(),
        stream: None,
        unit: "1".to_owned(),
        every: "once".to_owned(),
        from: String::new(),
        recent: Vec::new(),
        times: vec!["at rest".to_owned()],
        baseline: fan(range(&|(before, _)| *before)),
        intervention: fan(range(&|(_, after)| *after)),
        difference: fan(apart),
        effect: EffectTold {
            what: "difference in correlation".to_owned(),
            value,
            interval_50: [low, high],
            interval_80: [low, high],
            interval_95: [low, high],
            clear,
            says: format!(
                "{name}: {} in correlation ({} to {} over three models)",
                number_in_words(value),
                number_in_words(low),
                number_in_words(high)
            ),
        },
        basis: Basis::default(),
        record: None,
    }
}
