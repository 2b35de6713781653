//! What the mirror learns and keeps, through the door: days, made-up days, proposals; kept, stopped, deleted, refused.
#![allow(clippy::unwrap_used)]

use didymos_identity::{KdfCost, RecoveryPhrase};
use didymos_twin::request::{Allowed, CsvColumns, Days, Generate, Import, Learn, Learnable, Propose, Wish};
use didymos_twin::response::{DaysAnswer, GenerateAnswer, LearntModel, LearntState, ProposeAnswer};
use didymos_twin::{Door, Failure, FailureCode, Keeper, Listen, Request, Response, Twin, World, unwatched};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

fn twin(dir: &Path) -> Twin {
    let phrase = RecoveryPhrase::from_entropy([7; 32]);
    Twin::init(&dir.join("home"), &phrase, "correct horse battery", KdfCost::for_tests()).unwrap()
}

fn ask(twin: &Twin, request: Request) -> Result<Response, Failure> {
    twin.ask(&twin.principal(), request, &mut unwatched)
}

fn import(twin: &Twin, dir: &Path, stream: &str, rows: impl Iterator<Item = (i64, f64)>) {
    let mut text = String::from("time,value\n");
    for (minute, value) in rows {
        text.push_str(&format!("{},{value:.2}\n", (START_MIN + minute) * 60));
    }
    let path = dir.join(format!("{stream}.csv"));
    std::fs::write(&path, text).unwrap();
    let columns = CsvColumns {
        stream: stream.into(),
        time: "time".into(),
        value: "value".into(),
        time_format: Some("s".into()),
        ..CsvColumns::default()
    };
    let asked = Import { paths: vec![path], zone: Some("UTC".into()), csv: Some(columns), ..Import::default() };
    let Response::Import(report) = ask(twin, Request::Import(asked)).unwrap() else { panic!("another answer") };
    assert!(report.added > 0, "{stream}: {report:?}");
}

/// 2024-01-01, a Monday, in minutes since 1970.
const START_MIN: i64 = 28_401_120;
const DAY: i64 = 1_440;

/// A number from 0 to 1 that looks random.
fn lot(at: i64) -> f64 {
    let mut z = (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// A heart that follows the hour and a mood of the day, and steps; on day 33, after those that are learnt from, it does as it likes.
fn hours(twin: &Twin, dir: &Path, days: i64) {
    let heart = |at: i64| {
        let (day, hour) = (at / 24, at % 24);
        if day == 33 {
            return 62.0 + 40.0 * (lot(at + 30_000) - 0.5);
        }
        let wave = ((hour - 6) as f64 / 24.0 * std::f64::consts::TAU).sin();
        62.0 + 9.0 * wave + 6.0 * (lot(day + 900) - 0.5) + 3.0 * (lot(at + 5_000) - 0.5)
    };
    let known = |at: &i64| lot(at + 77_000) > 0.08;
    import(twin, dir, "heart_rate", (0..days * 24).filter(known).map(|at| (at * 60 + 20, heart(at))));
    let steps = |at: i64| if (7..22).contains(&(at % 24)) { 900.0 * lot(at + 9_000) } else { 0.0 };
    import(twin, dir, "steps", (0..days * 24).map(|at| (at * 60 + 5, steps(at).round())));
}

/// Days on which what was drunk takes away from the mood of the next.
fn moods(twin: &Twin, dir: &Path, days: i64) {
    let coffee = |day: i64| 400.0 * lot(day + 40);
    let mood = |day: i64| 8.0 - 0.01 * coffee(day - 1) + lot(day + 3_000);
    import(twin, dir, "dietary_caffeine", (0..days).map(|day| (day * DAY + 600, coffee(day))));
    import(twin, dir, "mood", (0..days).map(|day| (day * DAY + 1_300, mood(day))));
}

fn days(twin: &Twin, asked: Days) -> DaysAnswer {
    match ask(twin, Request::Days(asked)).unwrap() {
        Response::Days(answer) => *answer,
        other => panic!("another answer: {other:?}"),
    }
}

fn generate(twin: &Twin) -> GenerateAnswer {
    match ask(twin, Request::Generate(Generate { days: 3, weekday: 5, seed: 2 })).unwrap() {
        Response::Generated(answer) => *answer,
        other => panic!("another answer: {other:?}"),
    }
}

fn propose(twin: &Twin, asked: Propose) -> Result<ProposeAnswer, Failure> {
    match ask(twin, Request::Propose(asked))? {
        Response::Proposed(answer) => Ok(*answer),
        other => panic!("another answer: {other:?}"),
    }
}

fn status(twin: &Twin) -> Vec<LearntModel> {
    match ask(twin, Request::Learnt).unwrap() {
        Response::Learnt(models) => models,
        other => panic!("another answer: {other:?}"),
    }
}

fn state(models: &[LearntModel], which: Learnable) -> LearntState {
    models.iter().find(|model| model.model == which).unwrap().state
}

#[test]
fn days_are_told_by_the_method_that_did_best_and_the_same_after_what_was_learnt_is_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let twin = twin(dir.path());
    hours(&twin, dir.path(), 40);
    assert_eq!(state(&status(&twin), Learnable::Portrait), LearntState::Waiting);

    // Stopped half way and opened anew, learning goes on where it was.
    let mut heard = 0;
    let learn = Request::Learn(Learn { only: vec![Learnable::Portrait], ..Learn::default() });
    let stopped = twin.ask(&twin.principal(), learn.clone(), &mut |progress| {
        heard += u32::from(progress.doing.contains("learning"));
        if heard > 200 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(stopped.unwrap_err().code, FailureCode::Stopped);
    drop(twin);
    let twin = Twin::open(&dir.path().join("home"), "correct horse battery").unwrap();
    let models = status(&twin);
    let begun = models.iter().find(|model| model.model == Learnable::Portrait).unwrap();
    assert!(begun.state == LearntState::Begun && begun.done >= 150 && begun.done < begun.of, "{begun:?}");
    ask(&twin, learn).unwrap();
    assert_eq!(state(&status(&twin), Learnable::Portrait), LearntState::Learnt);

    let asked = [
        Days::Like { date: Some("2024-02-05".into()), count: 4 },
        Days::Unusual { count: 3 },
        Days::Filled { date: Some("2024-01-10".into()) },
        Days::State { date: None },
    ];
    let before: Vec<DaysAnswer> = asked.iter().map(|asked| days(&twin, asked.clone())).collect();
    let [like, unusual, filled, states] = &before[..] else { panic!("four answers") };
    assert_eq!((like.like.len(), like.like[0].date.as_str()), (5, "2024-02-05"));
    assert!(like.like[1..].iter().all(|day| day.date != "2024-02-05" && day.distance.is_finite()));
    assert_eq!(like.verdicts.len(), 3);
    for verdict in &like.verdicts {
        assert!(verdict.figures.len() == 3 && verdict.better_by.is_finite() && verdict.judged > 0, "{verdict:?}");
    }
    assert_eq!(unusual.unusual[0].date, "2024-02-03", "{:?}", unusual.unusual);
    assert!(!filled.filled.is_empty());
    for hour in &filled.filled {
        assert!(hour.stream == "heart_rate" && hour.low <= hour.value && hour.value <= hour.high, "{hour:?}");
        assert!((40.0..90.0).contains(&hour.value), "{hour:?}");
    }
    assert_eq!((states.states.len(), states.states[0].len()), (24, 16));

    // Derived: thrown away, learnt anew, the same.
    drop(twin);
    std::fs::remove_file(dir.path().join("home/learnt-portrait")).unwrap();
    let twin = Twin::open(&dir.path().join("home"), "correct horse battery").unwrap();
    let after: Vec<DaysAnswer> = asked.iter().map(|asked| days(&twin, asked.clone())).collect();
    assert_eq!(before, after);
}

#[test]
fn what_is_learnt_lies_sealed_and_spoiled_files_are_learnt_anew() {
    let dir = tempfile::tempdir().unwrap();
    let twin = twin(dir.path());
    hours(&twin, dir.path(), 20);
    let before = days(&twin, Days::Like { date: None, count: 2 });
    let file = dir.path().join("home/learnt-portrait");
    let mut bytes = std::fs::read(&file).unwrap();
    for word in ["heart_rate", "steps", "parameters"] {
        assert!(!bytes.windows(word.len()).any(|part| part == word.as_bytes()), "{word} is readable");
    }
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    drop(twin);
    let twin = Twin::open(&dir.path().join("home"), "correct horse battery").unwrap();
    assert_eq!(days(&twin, Days::Like { date: None, count: 2 }), before);
}

#[test]
fn made_up_days_are_refused_where_there_are_too_few_to_hide_among() {
    let dir = tempfile::tempdir().unwrap();
    let twin = twin(dir.path());
    hours(&twin, dir.path(), 10);
    let answer = generate(&twin);
    let refused = answer.refused.unwrap();
    assert!(refused.because.contains("too few") && !refused.missing.is_empty(), "{refused:?}");
    assert!(answer.days.is_empty() && answer.makers.is_empty());
}

/// Little is taught: the way through is looked at, and not how good the days are.
const LESSONS: usize = 20;

#[test]
fn made_up_days_come_with_scores_and_the_maker_that_copies_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let world = World { lessons: LESSONS, ..World::default() };
    let phrase = RecoveryPhrase::from_entropy([7; 32]);
    let home = dir.path().join("home");
    let twin = Twin::init_in(world, &home, &phrase, "correct horse battery", KdfCost::for_tests()).unwrap();
    hours(&twin, dir.path(), 40);
    let answer = generate(&twin);
    assert_eq!(answer.makers.len(), 4, "{answer:?}");
    let blocks = answer.makers.iter().find(|maker| maker.maker == "block_bootstrap").unwrap();
    assert!(blocks.refused && blocks.attack_95[0] > 0.5, "{blocks:?}");
    // Whether another maker may be used is the attack's to say; if none may, there are no days.
    if let Some(refused) = &answer.refused {
        assert!(answer.days.is_empty() && refused.because.contains("disguise"), "{refused:?}");
    } else {
        assert!(answer.maker.is_some() && answer.maker.as_deref() != Some("block_bootstrap"));
        assert_eq!((answer.days.len(), answer.days[0].weekday, answer.days[2].weekday), (3, 5, 0));
        let values = || answer.days.iter().flat_map(|day| day.hours.iter().flatten());
        assert!(values().count() == 3 * answer.streams.len() * 24 && values().all(|x| x.is_finite()));
    }
    assert_eq!(generate(&twin), answer);
}

/// How a model stands once it stands so.
fn once(keeper: &Keeper, which: Learnable, stands: impl Fn(&LearntModel) -> bool) -> LearntModel {
    let since = Instant::now();
    loop {
        let asked = keeper.ask(&keeper.principal().unwrap(), Request::Learnt, &mut unwatched).unwrap();
        let Response::Learnt(models) = asked else { panic!("another answer") };
        let model = models.iter().find(|model| model.model == which).unwrap();
        if stands(model) {
            return model.clone();
        }
        assert!(since.elapsed() < Duration::from_mins(5), "{model:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_background_learns_says_how_far_it_is_stops_with_the_twin_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let made = twin(dir.path());
    hours(&made, dir.path(), 16);
    drop(made);
    // So many lessons that it cannot be over before it is stopped.
    let world = World { lessons: 100_000, quiet: Duration::ZERO, ..World::default() };
    let here = Listen::At(vec!["127.0.0.1:0".parse().unwrap()]);
    let home = dir.path().join("home");
    let keeper = Keeper::new(home.clone(), KdfCost::for_tests()).listening(here).in_world(world.clone());
    keeper.unlock("correct horse battery").unwrap();
    let learning = once(&keeper, Learnable::Days, |model| model.state == LearntState::Learning && model.done > 3);
    assert!(learning.of > 100_000, "{learning:?}");
    // Locking waits for nothing but the part under way, and what was learnt is kept.
    keeper.lock();
    let twin = Twin::open_in(world, &home, "correct horse battery").unwrap();
    let models = status(&twin);
    assert_eq!(state(&models, Learnable::Portrait), LearntState::Learnt);
    let begun = models.iter().find(|model| model.model == Learnable::Days).unwrap();
    assert!(begun.state == LearntState::Begun && begun.done >= learning.done, "{begun:?} after {learning:?}");
    drop(twin);
    keeper.unlock("correct horse battery").unwrap();
    once(&keeper, Learnable::Days, |model| model.state == LearntState::Learning && model.done > begun.done);
    // The owner wants none of it: it stops, and stays so.
    let stop = Request::Learn(Learn { stop: true, ..Learn::default() });
    keeper.ask(&keeper.principal().unwrap(), stop, &mut unwatched).unwrap();
    once(&keeper, Learnable::Days, |model| model.state == LearntState::Begun);
    keeper.lock();
}

#[test]
fn a_proposal_follows_what_stands_out_stays_within_limits_and_offers_the_trial() {
    let dir = tempfile::tempdir().unwrap();
    let twin = twin(dir.path());
    moods(&twin, dir.path(), 140);
    let wish = |stream: &str| vec![Wish { stream: stream.parse().unwrap(), weight: 1.0 }];
    let limit = |low: f64, high: f64| {
        vec![Allowed { stream: "dietary_caffeine".parse().unwrap(), low: Some(low), high: Some(high) }]
    };
    let asked = Propose { aims: wish("mood"), limits: limit(50.0, 350.0), ..Propose::default() };
    let answer = propose(&twin, asked.clone()).unwrap();
    assert_eq!(answer.refused, None);
    assert_eq!((answer.plan.len(), answer.support.as_str()), (3, "within"), "{answer:?}");
    // The last days' coffee changes nothing any more that is looked at; the first days' does.
    assert!(answer.plan.iter().take(2).all(|day| (50.0..150.0).contains(&day.actions[0])), "{:?}", answer.plan);
    let coffee = answer.evidence.iter().find(|influence| influence.action.as_str() == "dietary_caffeine").unwrap();
    assert!(coffee.shown && coffee.slope_95[0] < -0.01 && -0.01 < coffee.slope_95[1], "{coffee:?}");
    let outlook = &answer.outlook[0];
    assert!(outlook.planned[1] > outlook.usual[1] && outlook.error < 0.7, "{outlook:?}");
    let trial = answer.causal.as_ref().unwrap().trial.as_ref().unwrap();
    assert!(trial.experiment.outcome.as_str() == "mood" && trial.experiment.title.contains("Caffeine"), "{trial:?}");
    assert_eq!(propose(&twin, asked).unwrap(), answer);

    // Never done: refused; or proposed with a warning, if the owner says so.
    let beyond = Propose { aims: wish("mood"), limits: limit(900.0, 1_000.0), ..Propose::default() };
    let refused = propose(&twin, beyond.clone()).unwrap().refused.unwrap();
    assert!(refused.because.contains("ever seen") && !refused.missing.is_empty(), "{refused:?}");
    let warned = propose(&twin, Propose { beyond: true, ..beyond }).unwrap();
    assert!(warned.support == "outside" && warned.warnings.iter().any(|warning| warning.contains("nobody knows")));
    let senseless = Propose { aims: wish("dietary_caffeine"), limits: limit(0.0, 1.0), ..Propose::default() };
    assert_eq!(propose(&twin, senseless).unwrap_err().code, FailureCode::Invalid);
}
