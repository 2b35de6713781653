#![allow(clippy::unwrap_used)]

use super::{Aim, FittedQ, Learner, Limits, Record, Settings, Support, Unsupported, World};
use crate::body::Body;
use crate::features::Column;
use crate::learn::Chance;
use std::ops::ControlFlow;

/// Days of somebody whose energy tomorrow is half of today's and 0.8 per hour slept above 7, and whose weight does as it
/// likes; coffee does nothing. Sleep depends on energy too: what is done is no accident. `gaps` is one in how many cells is
/// missing, 0 none.
fn days(count: usize, effect: f64, gaps: usize, seed: u64) -> (Vec<Column>, Vec<Column>) {
    let mut chance = Chance::new(seed);
    let (mut energy, mut weight) = (0.0, 70.0);
    let mut columns = vec![Vec::new(); 4];
    for _ in 0..count {
        let drawn = chance.normal(1, 4);
        let drawn: Vec<f64> = drawn.row(0).iter().map(|x| f64::from(*x)).collect();
        let sleep = 7.0 - 0.3 * energy + 0.8 * drawn[0];
        let coffee = 2.0 + drawn[1];
        for (column, x) in columns.iter_mut().zip([energy, weight, sleep, coffee]) {
            column.push((gaps == 0 || chance.below(gaps) > 0).then_some(x));
        }
        energy = 0.5 * energy + effect * (sleep - 7.0) + 0.6 * drawn[2];
        weight = 70.0 + 0.9 * (weight - 70.0) + 0.3 * drawn[3];
    }
    let mut columns = columns.into_iter().map(Column::from_options);
    let state = vec![columns.next().unwrap(), columns.next().unwrap()];
    (state, columns.collect())
}

fn learn(state: &[Column], action: &[Column]) -> World {
    World::learn(&Record { state, action }, QUICK, &mut |_, _| ControlFlow::Continue(())).unwrap().unwrap()
}

const QUICK: Settings = Settings { seed: 3, steps: 60 };
const FREE: fn() -> Limits = || Limits { low: vec![4.0, 0.0], high: vec![10.0, 5.0] };
const ENERGY: fn() -> Aim = || Aim { weight: vec![1.0, 0.0], caution: 0.1 };

#[test]
fn a_planted_effect_is_found_with_its_size_and_used() {
    let (state, action) = days(300, 0.8, 0, 1);
    let world = learn(&state, &action);
    let shown: Vec<(usize, usize)> = world.evidence().iter().filter(|i| i.shown).map(|i| (i.action, i.state)).collect();
    assert_eq!(shown, [(0, 0)]);
    let sleep = world.evidence().iter().find(|i| i.shown).unwrap();
    assert!(sleep.low < 0.8 && 0.8 < sleep.high && sleep.high - sleep.low < 0.4, "{sleep:?}");
    assert!(world.errors()[0] < 0.8, "{:?}", world.errors());
    // An hour more, once: 0.8 tomorrow, 0.4 the day after.
    let one = vec![vec![7.0, 2.0]; 2];
    let other = vec![vec![8.0, 2.0], vec![7.0, 2.0]];
    let told = world.compare(&[Some(0.0), Some(70.0)], &one, &other).unwrap();
    for (step, truth) in [(0, 0.8), (1, 0.4)] {
        let (low, mean, high) =
            (told.difference[step].low[0], told.difference[step].mean[0], told.difference[step].high[0]);
        assert!((mean - truth).abs() < 0.15 && low <= mean && mean <= high, "{step}: {low} {mean} {high}");
    }
    let plan = world.plan(&[Some(0.0), Some(70.0)], &ENERGY(), &FREE(), 3, Unsupported::Refuse, 1).unwrap();
    assert!(plan.actions.iter().take(2).all(|a| a[0] > 7.5 && a[0] < 10.0), "{plan:?}");
    assert!(plan.gain > 0.2 && plan.shown == [0], "{plan:?}");
    let policy = FittedQ::learn(&world, &ENERGY(), &FREE(), 1).unwrap();
    let (best, gain) = policy.act(&world, &[Some(0.0), Some(70.0)]).unwrap();
    assert!(best[0] > 7.3 && gain > 0.0, "{best:?} {gain}");
}

#[test]
fn in_shuffled_days_nothing_is_shown() {
    let mut false_finds = 0;
    for seed in 0..20 {
        let (state, action) = days(150, 0.8, 0, 100 + seed);
        let mut chance = Chance::new(seed);
        let order = chance.shuffled(150);
        let action: Vec<Column> =
            action.iter().map(|column| Column::from_options(order.iter().map(|t| column.get(*t)))).collect();
        let world = learn(&state, &action);
        false_finds += usize::from(world.evidence().iter().any(|influence| influence.shown));
    }
    // One in twenty is what the control promises.
    assert!(false_finds <= 3, "{false_finds}");
}

#[test]
fn what_was_never_tried_is_refused_or_warned_of() {
    let (state, action) = days(300, 0.8, 0, 2);
    let world = learn(&state, &action);
    let usual = [Some(0.0), Some(70.0)];
    assert_eq!(world.support(&usual, &[7.0, 2.0]).unwrap(), Support::Within);
    assert_eq!(world.support(&usual, &[1.0, 2.0]).unwrap(), Support::Outside);
    assert_eq!(world.support(&[Some(30.0), Some(70.0)], &[7.0, 2.0]).unwrap(), Support::Outside);
    let (one, other) = (vec![vec![7.0, 2.0]; 3], vec![vec![1.0, 2.0]; 3]);
    assert!(world.compare(&usual, &one, &other).unwrap_err().to_string().contains("ever seen"));
    // Within limits of which all was never tried there is nothing to propose; a warning is the most there can be.
    let limits = Limits { low: vec![0.0, 1.0], high: vec![1.0, 3.0] };
    assert!(world.plan(&usual, &ENERGY(), &limits, 2, Unsupported::Refuse, 1).is_err());
    let warned = world.plan(&usual, &ENERGY(), &limits, 2, Unsupported::Warn, 1).unwrap();
    assert_eq!(warned.support, Support::Outside);
    assert!(FittedQ::learn(&world, &ENERGY(), &limits, 1).is_err());
    // Limits bind.
    let limits = Limits { low: vec![6.5, 1.0], high: vec![7.2, 3.0] };
    let plan = world.plan(&usual, &ENERGY(), &limits, 2, Unsupported::Refuse, 1).unwrap();
    assert!(plan.actions.iter().all(|a| (6.5..=7.2).contains(&a[0]) && (1.0..=3.0).contains(&a[1])), "{plan:?}");
}

#[test]
fn bands_hold_under_missingness() {
    for gaps in [0, 5] {
        let (state, action) = days(400, 0.8, gaps, 4);
        let world = learn(&state, &action);
        // Days that it has not learnt from, of the same person.
        let (truth, done) = days(400, 0.8, 0, 5);
        let (mut hits, mut asked) = (0, 0);
        for t in 20..399 {
            let now: Vec<Option<f64>> = truth.iter().map(|column| column.get(t)).collect();
            let action: Vec<f64> = done.iter().map(|column| column.get(t).unwrap()).collect();
            let mut cloud = world.start(&now, t as u64).unwrap();
            world.step(&mut cloud, &action);
            let seen = world.observe(&cloud);
            for (i, column) in truth.iter().enumerate() {
                let next = column.get(t + 1).unwrap();
                hits += usize::from((seen.low[i]..=seen.high[i]).contains(&next));
                asked += 1;
            }
        }
        let share = f64::from(hits as u32) / f64::from(asked);
        assert!((0.84..=0.96).contains(&share), "{gaps}: {share}");
    }
}

#[test]
fn a_seed_gives_one_world_and_a_break_none() {
    let (state, action) = days(120, 0.8, 6, 6);
    assert!(learn(&state, &action) == learn(&state, &action));
    let world = learn(&state, &action);
    let plan = |seed| world.plan(&[None, None], &ENERGY(), &FREE(), 2, Unsupported::Warn, seed).unwrap();
    assert_eq!(plan(1), plan(1));
    let none = World::learn(&Record { state: &state, action: &action }, QUICK, &mut |done, _| {
        if done == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(none.unwrap().is_none());
}

#[test]
fn what_cannot_be_learnt_from_is_refused_with_a_reason() {
    let refuse = |state: &[Column], action: &[Column]| {
        World::learn(&Record { state, action }, QUICK, &mut |_, _| ControlFlow::Continue(())).unwrap_err().to_string()
    };
    let (state, action) = days(120, 0.8, 0, 7);
    let constant = [Column::from_options((0..120).map(|_| Some(3.0)))];
    let nothing = [Column::from_options((0..120).map(|_| None))];
    let huge = [Column::from_options((0..120).map(|t| Some(f64::from(t) * 1e300)))];
    assert!(refuse(&constant, &action).contains("never changes"));
    assert!(refuse(&state, &constant).contains("never changes"));
    assert!(refuse(&nothing, &action).contains("too few"));
    assert!(refuse(&huge, &action).contains("cannot be told"));
    assert!(refuse(&state, &[]).contains("columns"));
    let (short, few) = days(3, 0.8, 0, 8);
    assert!(refuse(&short, &few).contains("too few"));
    assert!(refuse(&state, &few).contains("one length"));
    let world = learn(&state, &action);
    assert!(world.start(&[Some(f64::NAN), None], 1).is_err() && world.start(&[None], 1).is_err());
    assert!(world.support(&[None, None], &[f64::INFINITY, 1.0]).is_err());
    assert!(world.support(&[], &[7.0, 1.0]).is_err() && world.support(&[None, None], &[7.0]).is_err());
    let mut cloud = world.state();
    world.step(&mut cloud, &[f64::NAN, 1e300]);
    assert!(world.observe(&cloud).mean.iter().all(|x| x.is_finite()));
    let nowhere = Limits { low: vec![8.0, 0.0], high: vec![7.0, 5.0] };
    assert!(world.plan(&[None, None], &ENERGY(), &nowhere, 2, Unsupported::Warn, 1).is_err());
    let aimless = Aim { weight: vec![0.0, 0.0], caution: 0.0 };
    assert!(world.plan(&[None, None], &aimless, &FREE(), 2, Unsupported::Warn, 1).is_err());
    assert!(world.plan(&[None, None], &ENERGY(), &FREE(), 0, Unsupported::Warn, 1).is_err());
}

#[test]
fn a_break_after_every_part_changes_no_bit_of_a_world() {
    let (state, action) = days(120, 0.8, 9, 6);
    let record = Record { state: &state, action: &action };
    let settings = Settings { seed: 2, steps: 20 };
    let whole = World::learn(&record, settings, &mut |_, _| ControlFlow::Continue(())).unwrap().unwrap();
    let mut learner = Learner::begin(&record, settings).unwrap();
    let mut parts = 0;
    loop {
        let mut first = true;
        let mut one = |_: usize, _: usize| {
            if std::mem::take(&mut first) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        if learner.advance(&mut one).unwrap() {
            break;
        }
        parts += 1;
        assert!(learner.clone().finish().is_err());
        learner = serde_json::from_slice(&serde_json::to_vec(&learner).unwrap()).unwrap();
    }
    assert!(parts > 10, "{parts}");
    assert!(learner.finish().unwrap() == whole);
}
