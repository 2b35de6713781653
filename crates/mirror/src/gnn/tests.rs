#![allow(clippy::unwrap_used)]

use super::{Diary, Learner, Method, Portrait, Settings, Task};
use crate::body::Refusal;
use crate::features::{Column, DAY_MS, Grid};
use crate::learn::Chance;
use std::ops::ControlFlow;

const PER_DAY: usize = 8;

/// A person whose two streams follow the time of day and a mood that drifts over days; every sixth cell is missing.
/// Returns the columns and the truth.
fn person(days: usize, mood: f64, noise: f64, seed: u64) -> (Vec<Column>, Vec<Vec<f64>>) {
    let mut chance = Chance::new(seed);
    let n = days * PER_DAY;
    let mut level = 0.0;
    let mut truth = vec![Vec::with_capacity(n), Vec::with_capacity(n)];
    for t in 0..n {
        let drawn = chance.normal(1, 3);
        let drawn = drawn.row(0);
        if t % PER_DAY == 0 {
            level = 0.7 * level + f64::from(drawn[0]);
        }
        let turn = (t % PER_DAY) as f64 / PER_DAY as f64 * std::f64::consts::TAU;
        truth[0].push(70.0 + 8.0 * turn.sin() + mood * level + noise * f64::from(drawn[1]));
        truth[1].push(30.0 + 4.0 * turn.cos() - 0.5 * mood * level + 0.5 * noise * f64::from(drawn[2]));
    }
    let columns = truth
        .iter()
        .map(|values| Column::from_options(values.iter().map(|y| (chance.below(6) != 0).then_some(*y))))
        .collect();
    (columns, truth)
}

fn grid(days: usize) -> Grid {
    let step = DAY_MS / PER_DAY as i64;
    Grid { start: 20_000 * DAY_MS, step, len: days * PER_DAY }
}

fn diary(columns: &[Column]) -> Diary<'_> {
    Diary { grid: grid(columns[0].len() / PER_DAY), streams: columns, places: &[], events: &[] }
}

fn figure(portrait: &Portrait, task: Task, method: Method) -> f64 {
    let verdict = portrait.verdicts().iter().find(|verdict| verdict.task == task).unwrap();
    verdict.figures.iter().find(|(of, _)| *of == method).unwrap().1
}

const QUICK: Settings = Settings { seed: 5, steps: 250 };

#[test]
fn a_planted_mood_is_seen_and_what_is_filled_in_lies_in_its_band() {
    let (columns, truth) = person(80, 5.0, 1.0, 1);
    let diary = diary(&columns);
    let portrait = Learner::learn(&diary, QUICK).unwrap();
    let of = |method| figure(&portrait, Task::Imputation, method);
    assert!(of(Method::GraphNetwork) < 0.6 * of(Method::SeasonalMean), "{:?}", portrait.verdicts());
    let best = portrait.verdicts()[0].best;
    assert!(best != Method::SeasonalMean, "{best:?}");
    let filled = portrait.fill(&diary).unwrap();
    assert_eq!(filled.len(), columns.iter().map(|column| column.len() - column.count()).sum::<usize>());
    let within = filled.iter().filter(|f| (f.low..=f.high).contains(&truth[f.stream][f.bucket])).count();
    let share = within as f64 / filled.len() as f64;
    assert!((0.8..=0.98).contains(&share), "{share}");
    // The nearest days share the mood, which noise alone would not bring about.
    let level = |day: usize| truth[0][day * PER_DAY..(day + 1) * PER_DAY].iter().sum::<f64>() / PER_DAY as f64;
    let (mut near, mut any) = (0.0, 0.0);
    for day in 0..80 {
        let similar = portrait.similar(&diary, day, 5).unwrap();
        assert!(similar.iter().all(|other| other.day != day && other.distance.is_finite()));
        near += similar.iter().map(|other| (level(other.day) - level(day)).abs()).sum::<f64>() / 5.0;
        any += (0..80).map(|other| (level(other) - level(day)).abs()).sum::<f64>() / 79.0;
    }
    assert!(near < 0.6 * any, "{near} {any}");
}

#[test]
fn a_day_turned_round_is_unusual() {
    let (mut columns, truth) = person(60, 1.0, 0.5, 2);
    let mut turned = truth[0].clone();
    turned[30 * PER_DAY..31 * PER_DAY].rotate_left(PER_DAY / 2);
    columns[0] = Column::from_options(turned.into_iter().map(Some));
    let diary = diary(&columns);
    let portrait = Learner::learn(&diary, QUICK).unwrap();
    let unusual = portrait.unusual(&diary).unwrap();
    let most = unusual.iter().max_by(|a, b| a.score.total_cmp(&b.score)).unwrap();
    assert!(most.day == 30 && most.stream == 0 && most.above > 0.98, "{most:?}");
}

#[test]
fn in_noise_nothing_is_told_better_than_by_the_usual() {
    let (columns, _) = person(60, 0.0, 2.0, 3);
    let portrait = Learner::learn(&diary(&columns), QUICK).unwrap();
    let of = |method| figure(&portrait, Task::Imputation, method);
    assert!(of(Method::GraphNetwork) > 0.97 * of(Method::SeasonalMean), "{:?}", portrait.verdicts());
    assert!(of(Method::PrincipalComponents) > 0.97 * of(Method::SeasonalMean), "{:?}", portrait.verdicts());
}

#[test]
fn a_seed_gives_one_portrait_also_with_breaks_and_through_storage() {
    let (columns, _) = person(40, 3.0, 1.0, 4);
    let diary = diary(&columns);
    let settings = Settings { seed: 9, steps: 60 };
    let whole = Learner::learn(&diary, settings).unwrap();
    let mut learner = Learner::begin(&diary, settings).unwrap();
    let mut stopper =
        |done: usize, _: usize| if done == 23 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    assert!(!learner.advance(&diary, &mut stopper).unwrap());
    assert_eq!(learner.progress(), (23, 60));
    assert!(matches!(learner.clone().finish(&diary), Err(Refusal::TooFew { .. })));
    let bytes = serde_json::to_vec(&learner).unwrap();
    let mut learner: Learner = serde_json::from_slice(&bytes).unwrap();
    assert!(learner.advance(&diary, &mut |_, _| ControlFlow::Continue(())).unwrap());
    assert!(learner.finish(&diary).unwrap() == whole);
    assert!(Learner::learn(&diary, Settings { seed: 10, steps: 60 }).unwrap() != whole);
}

#[test]
fn places_and_events_tell_what_they_change() {
    let mut chance = Chance::new(7);
    let days = 60;
    let n = days * PER_DAY;
    let place: Vec<Option<u32>> = (0..n / 2).map(|_| chance.below(2) as u32).flat_map(|p| [Some(p); 2]).collect();
    let noise = chance.normal(n, 1);
    let value = |t: usize| 50.0 + 10.0 * f64::from(place[t].unwrap()) + f64::from(noise.as_slice()[t]);
    // Every other bucket is missing, so that the neighbour in the same place is not always there.
    let columns = [Column::from_options((0..n).map(|t| (chance.below(3) > 0).then(|| value(t))))];
    let with = Diary { grid: grid(days), streams: &columns, places: &place, events: &[] };
    let without = Diary { places: &[], ..with };
    let [with, without] = [with, without]
        .map(|diary| figure(&Learner::learn(&diary, QUICK).unwrap(), Task::Imputation, Method::GraphNetwork));
    assert!(with < 0.95 * without, "{with} {without}");
}

#[test]
fn what_cannot_be_learnt_from_is_refused_with_a_reason() {
    let refuse = |columns: &[Column], grid: Grid| {
        let diary = Diary { grid, streams: columns, places: &[], events: &[] };
        Learner::begin(&diary, QUICK).unwrap_err().to_string()
    };
    let days = 30;
    let n = days * PER_DAY;
    let column = |f: &dyn Fn(usize) -> Option<f64>| [Column::from_options((0..n).map(f))];
    assert!(refuse(&column(&|_| Some(5.0)), grid(days)).contains("the same"));
    assert!(refuse(&column(&|_| None), grid(days)).contains("too few days"));
    assert!(refuse(&column(&|_| Some(f64::NAN)), grid(days)).contains("too few days"));
    assert!(refuse(&column(&|t| (t < 3).then_some(t as f64)), grid(days)).contains("too few days"));
    assert!(refuse(&column(&|t| Some(1e300 * t as f64)), grid(days)).contains("units"));
    assert!(refuse(&column(&|t| Some(t as f64)), Grid { step: 7, ..grid(days) }).contains("make a day"));
    assert!(refuse(&column(&|t| Some(t as f64)), Grid { start: 5, ..grid(days) }).contains("midnight"));
    assert!(refuse(&column(&|t| Some(t as f64)), grid(29)).contains("as long as the grid"));
    assert!(refuse(&[], grid(days)).contains("0, not 1 to 64"));
    // One stream that is constant does not keep the others from being learnt from.
    let (mut columns, _) = person(30, 3.0, 1.0, 8);
    columns.push(Column::from_options((0..n).map(|_| Some(1.0))));
    let portrait = Learner::learn(&diary(&columns), Settings { seed: 1, steps: 20 }).unwrap();
    assert_eq!(portrait.usable().used, [0, 1]);
    assert!(portrait.usable().left_out[0].1.contains("the same"));
    let (others, _) = person(30, 3.0, 1.0, 8);
    assert!(portrait.fill(&diary(&others[..1])).unwrap_err().to_string().contains("the streams"));
    assert!(portrait.similar(&diary(&columns), 99, 3).is_err());
}
