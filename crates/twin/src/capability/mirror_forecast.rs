//! What comes next on a stream.

use super::mirror_streams::{Series, read};
use crate::Twin;
use crate::door::{Failure, FailureCode, Progress, Watch};
use crate::request::{Every, Forecast as Asked};
use crate::response::{ForecastAnswer, ForecastPart, ForecastPoint};
use didymos_base::time::{DAY_MS, HOUR_MS, MINUTE_MS, wall_text};
use didymos_mirror::features::{Column, Grid};
use didymos_mirror::forecast::{Ask, Refused, forecast};

/// Widths of steps, and of how many days of the past the model learns at that width.
const STEPS: [(i64, i64); 5] =
    [(5 * MINUTE_MS, 60), (15 * MINUTE_MS, 180), (HOUR_MS, 3 * 365), (6 * HOUR_MS, 6 * 365), (DAY_MS, 20 * 365)];
/// More steps than this to the horizon and a wider step is taken.
const AHEAD: i64 = 48;
/// Other streams that a model may learn from: the ones that move most alike are chosen from so many.
const OTHERS_READ: usize = 10;
const OTHERS: usize = 3;

pub(crate) fn answer(twin: &Twin, asked: &Asked, watch: Watch<'_>) -> Result<ForecastAnswer, Failure> {
    let series = read(twin, &asked.stream, asked.source.as_deref())?;
    let (step, days) = step(&series, asked)?;
    let last = series.span.1;
    let first = series.span.0.max(last.saturating_sub(days * DAY_MS));
    let too_long = || Failure::new(FailureCode::Invalid, "the stream spans more time than can be forecast from");
    let grid = Grid::over(first, last, step, 1_000_000).ok_or_else(too_long)?;
    let column = series.on(&grid);
    let others = others(twin, asked, &column, &grid);
    let ask = Ask {
        horizon: usize::try_from(asked.horizon.ms() / step).unwrap_or(0),
        season: if step < DAY_MS { grid.per_day() } else { 7 },
        seed: asked.seed,
    };
    let borrowed: Vec<&Column> = others.iter().map(|(_, column)| column).collect();
    let mut heard = |done: usize, of: usize| {
        watch(Progress { doing: "learning".into(), unit: "models".into(), done: done as u64, of: of as u64 })
    };
    let made =
        forecast(&column, &borrowed, &grid, &ask, &mut heard).map_err(|refused| failure(&refused, asked, step))?;
    let every = width(step);
    let mut notes = Vec::new();
    if series.in_future > 0 {
        notes.push(format!(
            "{} observations lie in the future and were passed over: a clock was wrong",
            series.in_future
        ));
    }
    let point = |point: &didymos_mirror::forecast::Point| ForecastPoint {
        time: wall_text(grid.time(made.origin + point.ahead)),
        q05: point.q05,
        q50: point.q50,
        q95: point.q95,
        mean: point.mean,
    };
    let part = |(name, weight): &(&'static str, f64)| ForecastPart { name: (*name).to_owned(), weight: *weight };
    Ok(ForecastAnswer {
        stream: asked.stream.clone(),
        unit: series.stream.unit.clone(),
        every,
        model: made.model,
        parts: made.parts.iter().map(part).collect(),
        learnt_from: others.into_iter().map(|(name, _)| name).collect(),
        from: wall_text(grid.time(made.origin)),
        points: made.points.iter().map(point).collect(),
        recent: recent(&column, made.origin, 2 * ask.horizon.max(24)),
        skill_vs_naive: made.score.skill_vs_naive,
        coverage_90: made.score.coverage_90,
        mase: made.score.mase,
        mae: made.score.mae,
        rmse: made.score.rmse,
        windows: made.score.windows as u64,
        notes,
    })
}

/// The last buckets up to `last`, oldest first.
fn recent(column: &Column, last: usize, count: usize) -> Vec<Option<f64>> {
    (last.saturating_sub(count - 1)..=last).map(|i| column.get(i)).collect()
}

/// The narrowest step that the stream fills and that reaches the horizon in not too many.
fn step(series: &Series, asked: &Asked) -> Result<(i64, i64), Failure> {
    let horizon = asked.horizon.ms();
    if let Some(every) = asked.every {
        let step = every.ms();
        if horizon % step != 0 || DAY_MS % step != 0 || step < MINUTE_MS {
            let message = "a step must be a part of a day, or a day, and go into the horizon a whole number of times";
            return Err(Failure::new(FailureCode::Invalid, message));
        }
        let days = STEPS.iter().rev().find(|(width, _)| *width <= step).map_or(14, |(_, days)| *days);
        return Ok((step, days));
    }
    // A sensor of five minutes may tick a little slower than that.
    let fits = |step: i64| step * 10 >= series.usual_gap * 9 && horizon % step == 0 && horizon / step >= 1;
    let fitting: Vec<(i64, i64)> = STEPS.into_iter().filter(|(step, _)| fits(*step)).collect();
    let near = fitting.iter().find(|(step, _)| horizon / step <= AHEAD).or(fitting.last());
    near.copied().ok_or_else(|| {
        let message = format!(
            "`{}` has an observation about every {}: ask for a horizon of 5m, 15m, 1h, 6h, 1d or whole multiples that is not shorter",
            asked.stream,
            width(series.usual_gap.max(MINUTE_MS))
        );
        Failure::new(FailureCode::Invalid, message)
    })
}

fn width(ms: i64) -> String {
    format!("{}m", ms / MINUTE_MS)
        .parse::<Every>()
        .map_or_else(|_| format!("{} min", ms / MINUTE_MS), |every| every.to_string())
}

/// Other streams of numbers on the same grid, those that move most like `column`.
fn others(twin: &Twin, asked: &Asked, column: &Column, grid: &Grid) -> Vec<(String, Column)> {
    let mut names: Vec<(u64, didymos_base::StreamId)> = {
        let index = twin.vault.index();
        let other = |of: &&didymos_vault::StreamChunks| of.stream.kind.is_number() && of.stream.id != asked.stream;
        index.streams.iter().filter(other).map(|of| (of.count, of.stream.id.clone())).collect()
    };
    names.sort_by(|a, b| b.cmp(a));
    let mut alike: Vec<(f64, String, Column)> = Vec::new();
    for (_, name) in names.into_iter().take(OTHERS_READ) {
        let Ok(series) = read(twin, &name, asked.source.as_deref()) else { continue };
        let other = series.on(grid);
        if let Some(alikeness) = alikeness(column, &other) {
            alike.push((alikeness, name.to_string(), other));
        }
    }
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    alike.into_iter().take(OTHERS).map(|(_, name, column)| (name, column)).collect()
}

/// The absolute correlation where both are known; none where that is less than half of `column`.
fn alikeness(column: &Column, other: &Column) -> Option<f64> {
    let pairs: Vec<(f64, f64)> = column.iter().zip(other.iter()).filter_map(|(a, b)| Some((a?, b?))).collect();
    (pairs.len() * 2 >= column.count() && pairs.len() > 2).then_some(())?;
    let n = pairs.len() as f64;
    let (a, b) = pairs.iter().fold((0.0, 0.0), |sum, (a, b)| (sum.0 + a / n, sum.1 + b / n));
    let sums = pairs.iter().fold((0.0, 0.0, 0.0), |sum, (x, y)| {
        (sum.0 + (x - a) * (y - b), sum.1 + (x - a).powi(2), sum.2 + (y - b).powi(2))
    });
    let alike = sums.0.abs() / (sums.1 * sums.2).sqrt();
    alike.is_finite().then_some(alike)
}

fn failure(refused: &Refused, asked: &Asked, step: i64) -> Failure {
    if *refused == Refused::Stopped {
        return Failure::new(FailureCode::Stopped, "stopped; nothing was changed");
    }
    let next = match refused {
        Refused::TooFew { .. } | Refused::NoWindows { .. } => "more time must pass, or older data be imported",
        Refused::Horizon(_) => "ask for a shorter horizon",
        _ => "look at it with `twin query`",
    };
    let message = format!("no forecast of `{}` in steps of {}: {refused}; {next}", asked.stream, width(step));
    Failure::new(FailureCode::Invalid, message)
}
