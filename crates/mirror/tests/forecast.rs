//! Forecasts of streams whose truth is known, because they are made up here, and refusals of senseless ones.

use didymos_mirror::features::{Column, Grid};
use didymos_mirror::forecast::{Ask, Forecast, Refused, forecast};
use std::ops::ControlFlow;

const HOUR: i64 = 3_600_000;
const ASK: Ask = Ask { horizon: 6, season: 24, seed: 1 };

struct Random(u64);

impl Random {
    fn even(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// An hourly stream with a daily rhythm and noise whose size depends on the hour, every so many hours missing.
fn rhythm(days: usize, missing: f64, seed: u64) -> Vec<Option<f64>> {
    let mut random = Random(seed);
    let mut slow = 0.0;
    (0..days * 24)
        .map(|i| {
            let turn = (i % 24) as f64 / 24.0 * std::f64::consts::TAU;
            let noise = random.even() + random.even() + random.even() - 1.5;
            slow = 0.9 * slow + noise;
            let y = 70.0 + 12.0 * turn.sin() + slow + noise * if i % 24 < 8 { 1.0 } else { 6.0 };
            (random.even() >= missing).then_some(y)
        })
        .collect()
}

fn run(values: &[Option<f64>], ask: &Ask) -> Result<Forecast, Refused> {
    let column = Column::from_options(values.iter().copied());
    let grid = Grid { start: 1_700_006_400_000, step: HOUR, len: column.len() };
    forecast(&column, &[], &grid, ask, &mut |_, _| ControlFlow::Continue(()))
}

#[test]
fn a_rhythm_is_forecast_better_than_by_yesterday_and_bands_hold() {
    let forecast = run(&rhythm(35, 0.0, 3), &ASK).expect("a forecast");
    assert!(forecast.score.skill_vs_naive > 0.2, "{:?}", forecast.score);
    assert!((0.87..=0.93).contains(&forecast.score.coverage_90), "{:?}", forecast.score);
    assert_eq!(forecast.points.len(), 6);
    for point in &forecast.points {
        assert!(point.q05 <= point.q50 && point.q50 <= point.q95, "{point:?}");
    }
}

#[test]
fn bands_hold_also_where_a_third_is_missing() {
    let forecast = run(&rhythm(45, 0.33, 4), &ASK).expect("a forecast");
    assert!((0.87..=0.93).contains(&forecast.score.coverage_90), "{:?}", forecast.score);
}

#[test]
fn what_is_scored_was_not_known_when_it_was_said() {
    let values = rhythm(24, 0.0, 5);
    let whole = run(&values, &ASK).expect("a forecast");
    // Whatever comes after a window must not change what was said in it.
    let cut = 24 * 20;
    let mut other = values.clone();
    for y in &mut other[cut..] {
        *y = y.map(|y| 300.0 - y);
    }
    let changed = run(&other, &ASK).expect("a forecast");
    // Bounds and the choice of anchor look at everything, so only windows forecast in both ways alike are compared.
    let early = |forecast: &Forecast| -> Vec<(usize, usize, u64)> {
        let said = forecast.checked.iter().filter(|past| past.origin + past.point.ahead < cut && past.fitted < cut);
        said.map(|past| (past.origin, past.point.ahead, past.point.q50.to_bits())).collect()
    };
    assert!(early(&whole).len() > 500);
    assert_eq!(early(&whole), early(&changed));
}

#[test]
fn the_same_seed_gives_the_same_forecast() {
    let values = rhythm(14, 0.1, 6);
    let once = run(&values, &ASK).expect("a forecast");
    assert_eq!(once.points, run(&values, &ASK).expect("a forecast").points);
}

#[test]
fn noise_is_not_forecast_as_if_it_were_a_rhythm() {
    let mut random = Random(8);
    let noise: Vec<Option<f64>> = (0..24 * 25).map(|_| Some(random.even())).collect();
    let forecast = run(&noise, &ASK).expect("a forecast");
    // The best that can be said of even noise is its middle: mean absolute error 1/4, against 1/3 of seasonal naive.
    assert!(forecast.score.mase < 0.8, "{:?}", forecast.score);
    assert!((0.87..=0.93).contains(&forecast.score.coverage_90), "{:?}", forecast.score);
}

#[test]
fn senseless_streams_are_refused_with_a_reason() {
    assert_eq!(run(&[None; 500], &ASK).map(|_| ()), Err(Refused::NothingKnown));
    assert_eq!(run(&[], &ASK).map(|_| ()), Err(Refused::NothingKnown));
    assert_eq!(run(&[Some(1.0), Some(2.0), Some(3.0)], &ASK).map(|_| ()), Err(Refused::TooFew { have: 3, need: 120 }));
    assert_eq!(run(&[Some(60.0); 900], &ASK).map(|_| ()), Err(Refused::Constant));
    assert_eq!(run(&rhythm(30, 0.0, 1), &Ask { horizon: 0, ..ASK }).map(|_| ()), Err(Refused::Horizon(0)));
    assert_eq!(run(&rhythm(30, 0.0, 1), &Ask { horizon: 400, ..ASK }).map(|_| ()), Err(Refused::Horizon(400)));
    let huge: Vec<Option<f64>> = (0..900).map(|i| Some(if i % 2 == 0 { 1e300 } else { -1e300 })).collect();
    assert!(matches!(run(&huge, &ASK), Err(Refused::TooLarge(_))));
}

#[test]
fn strange_but_possible_streams_give_numbers() {
    let spikes: Vec<Option<f64>> = (0..24 * 20).map(|i| Some(if i % 97 == 0 { 1e9 } else { 0.0 })).collect();
    let steps: Vec<Option<f64>> = (0..24 * 20).map(|i| Some(f64::from(u8::from(i > 300)))).collect();
    let scattered: Vec<Option<f64>> = (0..24 * 200).map(|i| (i % 37 == 0).then_some(f64::from(i % 11))).collect();
    for values in [spikes, steps, scattered] {
        match run(&values, &ASK) {
            Ok(forecast) => {
                let numbers = forecast.points.iter().flat_map(|point| [point.q05, point.q50, point.q95, point.mean]);
                assert!(numbers.into_iter().all(f64::is_finite));
                let score = forecast.score;
                assert!(
                    [score.mase, score.rmse, score.skill_vs_naive, score.coverage_90].iter().all(|x| x.is_finite())
                );
            }
            Err(refused) => assert!(matches!(refused, Refused::NoWindows { .. }), "{refused}"),
        }
    }
}
