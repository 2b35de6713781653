//! "What if" through the door: from files and a sentence to two futures, experiments and simulations; and refusals.
#![allow(clippy::unwrap_used)]

use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::request::{
    ChangeBy, CsvColumns, Experiment, ExperimentWhich, Import, Injected, Intervention, Sentence, Served, Simulate,
    TrialArm, TrialTreatment, WhatIf,
};
use didymos_twin::response::{
    CausalKind, ExperimentShown, ExperimentState, ModelKind, Reading, SimulateAnswer, WhatIfAnswer,
};
use didymos_twin::{Door, Failure, FailureCode, Request, Response, Twin, unwatched};
use std::ops::ControlFlow;
use std::path::Path;

fn twin(dir: &Path) -> Twin {
    let phrase = RecoveryPhrase::from_entropy([7; 32]);
    Twin::init(&dir.join("home"), &phrase, "correct horse battery", KdfCost::for_tests()).unwrap()
}

fn ask(twin: &Twin, request: Request) -> Result<Response, Failure> {
    twin.ask(&twin.principal(), request, &mut unwatched)
}

/// Rows of `time,end,value` of one stream.
fn import(twin: &Twin, dir: &Path, stream: &str, rows: &[(String, String, f64)]) {
    let mut text = String::from("time,end,value\n");
    for (time, end, value) in rows {
        text.push_str(&format!("{time},{end},{value}\n"));
    }
    let path = dir.join(format!("{stream}.csv"));
    std::fs::write(&path, text).unwrap();
    let columns = CsvColumns {
        stream: stream.into(),
        time: "time".into(),
        value: "value".into(),
        end: Some("end".into()),
        ..CsvColumns::default()
    };
    let asked = Import { paths: vec![path], zone: Some("UTC".into()), csv: Some(columns), ..Import::default() };
    let Response::Import(report) = ask(twin, Request::Import(asked)).unwrap() else { panic!("another answer") };
    assert_eq!(report.added, rows.len() as u64, "{stream}: {report:?}");
}

/// A number from 0 to 1 that looks random.
fn lot(at: u64) -> f64 {
    let mut z = at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// `2024-01-01` and so many days.
fn date(day: u32) -> String {
    const MONTHS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let (mut day, mut month) = (day, 0);
    while day >= MONTHS[month] {
        day -= MONTHS[month];
        month += 1;
    }
    format!("2024-{:02}-{:02}", month + 1, day + 1)
}

/// Nights that are followed by 8 steps for each minute of sleep, and a mood of its own.
fn lived(twin: &Twin, dir: &Path, days: u32) {
    let (mut sleep, mut steps, mut mood) = (Vec::new(), Vec::new(), Vec::new());
    for day in 0..days {
        let slept = 420.0 + 120.0 * (lot(u64::from(day)) - 0.5) * 2.0;
        let date = date(day);
        sleep.push((format!("{date}T06:00:00Z"), format!("{date}T06:30:00Z"), slept.round()));
        let walked = 4_000.0 + 8.0 * slept + 1_500.0 * (lot(u64::from(day) + 1_000) - 0.5);
        steps.push((format!("{date}T08:00:00Z"), format!("{date}T20:30:00Z"), walked.round()));
        let felt = 5.0 + (lot(u64::from(day) + 2_000) - 0.5) * 4.0;
        mood.push((format!("{date}T21:00:00Z"), format!("{date}T21:00:00Z"), felt));
    }
    import(twin, dir, "sleep_minutes", &sleep);
    import(twin, dir, "steps", &steps);
    import(twin, dir, "mood", &mood);
}

fn what_if(twin: &Twin, asked: WhatIf) -> WhatIfAnswer {
    match ask(twin, Request::WhatIf(asked)).unwrap() {
        Response::WhatIf(answer) => *answer,
        other => panic!("another answer: {other:?}"),
    }
}

fn said(twin: &Twin, sentence: &str) -> WhatIfAnswer {
    what_if(twin, WhatIf { sentence: Some(sentence.into()), ..WhatIf::default() })
}

#[test]
fn an_hour_more_of_sleep_is_answered_with_two_futures_basis_and_record() {
    let dir = tempfile::tempdir().unwrap();
    let twin = twin(dir.path());
    lived(&twin, dir.path(), 120);
    let answer = said(&twin, "What if I sleep an hour more?");
    assert_eq!(answer.refused, None, "{answer:?}");
    assert_eq!(answer.model.as_ref().unwrap().kind, ModelKind::Regression);
    let steps = &answer.outcomes[0];
    assert_eq!(steps.stream.as_ref().unwrap().as_str(), "steps");
    let [low, high] = steps.effect.interval_95;
    assert!(steps.effect.clear && low < 480.0 && 480.0 < high && high - low < 300.0, "{:?}", steps.effect);
    assert_eq!((steps.times.len(), steps.baseline.q50.len(), steps.difference.q975.len()), (7, 7, 7));
    assert_eq!(steps.times[0].get(..10), Some(date(120).as_str()));
    assert!(steps.basis.days == 120 && steps.basis.days_like_asked > 5 && !steps.basis.alike.is_empty());
    let record = steps.record.as_ref().unwrap();
    assert!(record.checked > 60 && record.skill > 0.2 && record.direction_right > 0.8, "{record:?}");
    let causal = answer.causal.as_ref().unwrap();
    assert_eq!(causal.kind, CausalKind::Observational);
    let trial = causal.trial.as_ref().unwrap();
    assert_eq!(trial.experiment.settles, answer.understood.interventions);
    // The mood is noise, and is told so.
    if let Some(mood) = answer.outcomes.iter().find(|outcome| outcome.name == "Mood") {
        assert!(mood.effect.value.abs() < 1.0 && mood.record.as_ref().unwrap().skill < 0.1, "{mood:?}");
    }
    assert_eq!(said(&twin, "What if I sleep an hour more?"), answer);
}

#[test]
fn what_cannot_be_answered_is_refused_with_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let twin = twin(dir.path());
    let refused = |answer: WhatIfAnswer, words: &str| {
        let refused = answer.refused.clone().unwrap_or_else(|| panic!("an answer: {answer:?}"));
        assert!(answer.outcomes.is_empty() && answer.model.is_none());
        let all = format!("{} {}", refused.because, refused.missing.join(" "));
        assert!(all.contains(words), "{words} is not in {all}");
    };
    refused(said(&twin, "What if I sleep an hour more?"), "sleep_minutes");
    refused(said(&twin, "What will my glucose do after this meal and two units less?"), "glucose");
    refused(said(&twin, "What does my brain network do if the connection between 1 and 2 weakens?"), "connectome");
    refused(said(&twin, "What if I go to bed an hour earlier?"), "sleep_stage");
    lived(&twin, dir.path(), 13);
    refused(said(&twin, "What if I sleep an hour more?"), "8 more days");
    refused(said(&twin, "What if I sleep more?"), "by how much");
    refused(said(&twin, "How are you?"), "what you would do differently");
    let too_long = WhatIf { sentence: Some("sleep ".repeat(100)), ..WhatIf::default() };
    assert_eq!(ask(&twin, Request::WhatIf(too_long)).unwrap_err().code, FailureCode::Invalid);
}

#[test]
fn what_has_never_been_is_refused_and_what_is_rare_is_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    let twin = twin(dir.path());
    lived(&twin, dir.path(), 100);
    let more = |value: f64| {
        let stream = "sleep_minutes".parse().unwrap();
        what_if(
            &twin,
            WhatIf {
                interventions: vec![Intervention::Stream { stream, change: ChangeBy::Add { value } }],
                outcome: Some("steps".parse().unwrap()),
                ..WhatIf::default()
            },
        )
    };
    assert!(more(300.0).refused.unwrap().because.contains("there has been"));
    assert!(
        more(110.0).warnings.iter().any(|warning| warning.contains("rare for you")) || more(110.0).refused.is_some()
    );
    assert!(more(f64::MAX).refused.is_some());
    assert!(more(30.0).warnings.is_empty());
}

#[test]
fn a_sentence_is_read_alone_too() {
    let dir = tempfile::tempdir().unwrap();
    let twin = twin(dir.path());
    lived(&twin, dir.path(), 5);
    let asked = Request::ReadSentence(Sentence {
        sentence: "Was passiert mit meinen Schritten, wenn ich 30 Minuten weniger schlafe?".into(),
    });
    let Response::Reading(Reading { interventions, language, .. }) = ask(&twin, asked).unwrap() else {
        panic!("another answer")
    };
    let stream = "sleep_minutes".parse().unwrap();
    assert_eq!(interventions, [Intervention::Stream { stream, change: ChangeBy::Add { value: -30.0 } }]);
    assert_eq!(language.as_deref(), Some("de"));
}

fn experiment(answer: Result<Response, Failure>) -> ExperimentShown {
    match answer.unwrap() {
        Response::Experiment(shown) => *shown,
        other => panic!("another answer: {other:?}"),
    }
}

#[test]
fn an_experiment_is_kept_scheduled_read_when_over_and_then_known_to_the_answer() {
    let dir = tempfile::tempdir().unwrap();
    let twin = twin(dir.path());
    lived(&twin, dir.path(), 120);
    let answer = said(&twin, "What if I sleep an hour more?");
    let offer = answer.causal.unwrap().trial.unwrap();
    let planned = experiment(ask(&twin, Request::ExperimentAdd(offer.experiment.clone())));
    assert_eq!((planned.state, planned.result.len()), (ExperimentState::Planned, 0));
    assert_eq!(planned.days, offer.days);
    assert_eq!(planned.schedule.len() as u32, offer.experiment.blocks * 2);
    assert!(planned.waiting.unwrap().contains("after its last day"));
    let known = said(&twin, "What if I sleep an hour more?").causal.unwrap();
    assert!(known.says.contains("is laid out") && known.trial.is_none(), "{known:?}");
    let ended = experiment(ask(&twin, Request::ExperimentEnd(ExperimentWhich { id: planned.id.clone() })));
    assert_eq!(ended.state, ExperimentState::Ended);

    // One that lies in the past, on whose changed days there were 3,000 steps more.
    let past =
        Experiment { title: "walk in the morning".into(), start: Some(date(150)), blocks: 8, ..offer.experiment };
    let done = experiment(ask(&twin, Request::ExperimentAdd(past)));
    assert_eq!(done.state, ExperimentState::Done);
    assert!(done.waiting.unwrap().contains("do not tell") && !done.notes.is_empty());
    let mut rows = Vec::new();
    let mut day = 150;
    for period in &done.schedule {
        for _ in 0..3 {
            let more = if period.arm == "as usual" { 0.0 } else { 3_000.0 };
            let steps = 7_000.0 + more + 500.0 * lot(u64::from(day));
            rows.push((format!("{}T08:00:00Z", date(day)), format!("{}T20:30:00Z", date(day)), steps.round()));
            day += 1;
        }
    }
    import(&twin, dir.path(), "steps", &rows);
    let done = experiment(ask(&twin, Request::ExperimentShow(ExperimentWhich { id: done.id })));
    let [result] = &done.result[..] else { panic!("{done:?}") };
    let [low, high] = result.contrast.interval_95;
    assert!(low < 3_000.0 && 3_000.0 < high && low > 2_000.0 && result.contrast.p < 0.05, "{result:?}");
    assert_eq!(done.days_measured, 32);
    let known = said(&twin, "What if I sleep an hour more?").causal.unwrap();
    assert_eq!(known.kind, CausalKind::Experimental);
    let Response::Experiments(all) = ask(&twin, Request::ExperimentList).unwrap() else { panic!("another answer") };
    assert_eq!(all.len(), 2);
}

#[test]
fn experiments_that_could_show_nothing_or_are_senseless_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let twin = twin(dir.path());
    lived(&twin, dir.path(), 3);
    let good = Experiment {
        title: "coffee".into(),
        outcome: "mood".parse().unwrap(),
        arms: vec!["as usual".into(), "no coffee".into()],
        blocks: 6,
        days_per_period: 2,
        washout_days: 1,
        start: None,
        seed: None,
        settles: Vec::new(),
    };
    let add = |experiment| ask(&twin, Request::ExperimentAdd(experiment)).map_err(|failure| failure.code);
    for bad in [
        Experiment { blocks: 5, ..good.clone() },
        Experiment { washout_days: 2, ..good.clone() },
        Experiment { title: " ".into(), ..good.clone() },
        Experiment { arms: vec!["one".into()], ..good.clone() },
        Experiment { start: Some("2024-02-30".into()), ..good.clone() },
        Experiment { start: Some("soon".into()), ..good.clone() },
        Experiment { blocks: u32::MAX, ..good.clone() },
    ] {
        assert_eq!(add(bad).unwrap_err(), FailureCode::Invalid);
    }
    assert_eq!(
        add(Experiment { outcome: "glucose".parse().unwrap(), ..good.clone() }).unwrap_err(),
        FailureCode::NotFound
    );
    assert!(add(good).is_ok());
    let none = Request::ExperimentShow(ExperimentWhich { id: "nothing".into() });
    assert_eq!(ask(&twin, none).unwrap_err().code, FailureCode::NotFound);
}

#[test]
fn bodies_and_trials_are_simulated_and_can_be_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let twin = twin(dir.path());
    let meal = Simulate::Glucose {
        person: Some("adult#004".into()),
        meals: vec![Served { minute: 30, grams: 60.0 }],
        boluses: vec![Injected { minute: 30, units: 4.0 }],
        hours: 6,
    };
    let Response::Simulated(answer) = ask(&twin, Request::Simulate(meal)).unwrap() else { panic!("another answer") };
    let SimulateAnswer::Lines(lines) = *answer else { panic!("not lines") };
    assert_eq!((lines.time.len(), lines.lines[0].values.len()), (361, 361));
    assert!(lines.lines[0].values[120] > lines.lines[0].values[0] + 20.0);
    let arm = |name: &str, bolus_factor| TrialArm {
        name: name.into(),
        treatment: TrialTreatment::BasalBolus { basal_factor: 1.0, bolus_factor },
    };
    let trial = Simulate::Trial {
        people: 7,
        group: "adult".into(),
        days: 1,
        seed: 1,
        arms: vec![arm("as prescribed", 1.0), arm("half the bolus", 0.5)],
    };
    let Response::Simulated(answer) = ask(&twin, Request::Simulate(trial.clone())).unwrap() else {
        panic!("another answer")
    };
    let SimulateAnswer::Trial(table) = *answer else { panic!("not a trial") };
    assert_eq!((table.arms.len(), table.people.len(), table.patient_days), (2, 14, 14));
    assert!(table.arms[1].in_range_gained.as_ref().unwrap().effect < 0.0);
    let mut stop = |_| ControlFlow::Break(());
    let stopped = twin.ask(&twin.principal(), Request::Simulate(trial), &mut stop).unwrap_err();
    assert_eq!(stopped.code, FailureCode::Stopped);
    let own = Simulate::Glucose { person: None, meals: vec![], boluses: vec![], hours: 6 };
    let lacking = ask(&twin, Request::Simulate(own)).unwrap_err();
    assert!(lacking.message.contains("missing: readings of a glucose sensor"), "{lacking}");
    assert!(ask(&twin, Request::Simulate(Simulate::Sleep { bedtime_later: 0.0, nights: 7 })).is_err());
}
