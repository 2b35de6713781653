#![allow(clippy::unwrap_used)]

use super::{Generator, Kind, Learner, Settings, membership};
use crate::features::{Column, DAY_MS, Grid};
use crate::learn::Chance;
use std::ops::ControlFlow;

const PER_DAY: usize = 8;

/// Two streams that follow the time of day and, all day long, a level drawn anew each day; together.
fn person(days: usize, seed: u64) -> (Grid, Vec<Column>) {
    let mut chance = Chance::new(seed);
    let mut level = 0.0;
    let mut values = [Vec::new(), Vec::new()];
    for t in 0..days * PER_DAY {
        let drawn = chance.normal(1, 3);
        if t % PER_DAY == 0 {
            level = f64::from(drawn.row(0)[0]);
        }
        let turn = (t % PER_DAY) as f64 / PER_DAY as f64 * std::f64::consts::TAU;
        values[0].push(Some(70.0 + 8.0 * turn.sin() + 6.0 * level + 2.0 * f64::from(drawn.row(0)[1])));
        values[1].push(Some((50.0 + 30.0 * turn.cos() + 20.0 * level + 5.0 * f64::from(drawn.row(0)[2])).max(0.0)));
    }
    let grid = Grid { start: 20_000 * DAY_MS, step: DAY_MS / PER_DAY as i64, len: days * PER_DAY };
    (grid, values.into_iter().map(Column::from_options).collect())
}

fn learn(days: usize, settings: Settings) -> Generator {
    let (grid, streams) = person(days, 1);
    Generator::learn(&grid, &streams, settings, &mut |_, _| ControlFlow::Continue(())).unwrap().unwrap()
}

#[test]
fn made_days_have_the_shape_and_the_level_of_real_ones_and_blocks_are_refused() {
    let generator = learn(56, Settings { seed: 2, steps: 60 });
    let of = |kind| *generator.judged().iter().find(|one| one.kind == kind).unwrap();
    // Blocks of the very days are nearest to them: that is what the attack is for.
    assert!(of(Kind::BlockBootstrap).refused, "{:?}", of(Kind::BlockBootstrap));
    assert!(!of(Kind::GaussianCopula).refused, "{:?}", of(Kind::GaussianCopula));
    assert!(generator.kind() != Kind::BlockBootstrap);
    let days = generator.days(400, 0, 3).unwrap();
    assert_eq!(days.len(), 400);
    assert_eq!((days[8].weekday, days[8].streams.len(), days[8].streams[0].len()), (1, 2, PER_DAY));
    let mean = |t: usize| days.iter().map(|day| day.streams[0][t]).sum::<f64>() / 400.0;
    assert!((mean(2) - 78.0).abs() < 3.0 && (mean(6) - 62.0).abs() < 3.0, "{} {}", mean(2), mean(6));
    // A day's level holds through the day: its first and its last bucket belong together.
    let (a, b) = (mean(1), mean(7));
    let product =
        |f: &dyn Fn(f64, f64) -> f64| days.iter().map(|d| f(d.streams[0][1] - a, d.streams[0][7] - b)).sum::<f64>();
    let together = product(&|x, y| x * y) / (product(&|x, _| x * x) * product(&|_, y| y * y)).sqrt();
    assert!(together > 0.3, "{together} {:?}", generator.judged());
    assert!(days.iter().flat_map(|day| &day.streams[1]).all(|y| y.is_finite() && *y >= 0.0));
}

#[test]
fn a_seed_gives_the_same_days() {
    let settings = Settings { seed: 4, steps: 4 };
    let (one, other) = (learn(40, settings), learn(40, settings));
    assert!(one == other);
    assert_eq!(one.days(5, 2, 9).unwrap(), other.days(5, 2, 9).unwrap());
    assert_ne!(one.days(5, 2, 9).unwrap(), one.days(5, 2, 10).unwrap());
    let (grid, streams) = person(40, 1);
    let none = Generator::learn(&grid, &streams, settings, &mut |done, _| {
        if done > 9 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(none.unwrap().is_none());
}

#[test]
fn breaks_and_storage_change_no_bit_of_what_is_learnt() {
    let settings = Settings { seed: 4, steps: 3 };
    let whole = learn(40, settings);
    let (grid, streams) = person(40, 1);
    let mut learner = Learner::begin(&grid, &streams, settings).unwrap();
    let mut breaks = 0;
    loop {
        let mut parts = 0;
        let mut two = |_: usize, _: usize| {
            parts += 1;
            if parts > 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        if learner.advance(&mut two).unwrap() {
            break;
        }
        assert!(learner.finish().is_err());
        breaks += 1;
        learner = serde_json::from_slice(&serde_json::to_vec(&learner).unwrap()).unwrap();
    }
    assert!(breaks >= 4, "{breaks}");
    assert_eq!(learner.progress().0, learner.progress().1);
    assert!(learner.finish().unwrap() == whole);
}

#[test]
fn an_attack_succeeds_on_copies_and_not_on_strangers() {
    let mut chance = Chance::new(5);
    let records: Vec<Vec<f32>> = (0..120).map(|_| chance.normal(1, 6).row(0).to_vec()).collect();
    let side = |from: usize| (from..from + 40).map(|i| (&records[i][..], i)).collect::<Vec<_>>();
    let (members, others, strangers) = (side(0), side(40), side(80));
    let copies: Vec<&[f32]> = members.iter().map(|one| one.0).collect();
    let strangers: Vec<&[f32]> = strangers.iter().map(|one| one.0).collect();
    let given_away = membership(&members, &others, &copies, 1).unwrap();
    assert!(given_away.low > 0.99, "{given_away:?}");
    let free = membership(&members, &others, &strangers, 1).unwrap();
    assert!(free.low < 0.5 && free.high > 0.5 && free.low < free.area && free.area < free.high, "{free:?}");
    assert!(membership(&members[..2], &others, &strangers, 1).is_err());
}

#[test]
fn what_no_day_can_be_made_from_is_refused_with_a_reason() {
    let refuse = |grid: &Grid, streams: &[Column]| {
        Generator::learn(grid, streams, Settings { seed: 1, steps: 1 }, &mut |_, _| ControlFlow::Continue(()))
            .unwrap_err()
            .to_string()
    };
    let (grid, streams) = person(40, 1);
    let n = grid.len;
    let column = |f: &dyn Fn(usize) -> Option<f64>| [Column::from_options((0..n).map(f))];
    assert!(refuse(&grid, &column(&|_| None)).contains("known at least by half"));
    assert!(refuse(&grid, &column(&|t| (t < 3).then_some(1.0))).contains("known at least by half"));
    assert!(refuse(&grid, &column(&|_| Some(4.0))).contains("the same"));
    assert!(refuse(&grid, &column(&|t| Some(1e300 * t as f64))).contains("units"));
    assert!(refuse(&grid, &[]).contains("streams"));
    assert!(refuse(&Grid { step: 5, ..grid }, &streams).contains("grid"));
    assert!(refuse(&Grid { len: 7, ..grid }, &streams).contains("streams"));
    let generator = learn(40, Settings { seed: 1, steps: 2 });
    assert!(generator.days(5, 7, 1).is_err() && generator.days(1_000_000, 0, 1).is_err());
}
