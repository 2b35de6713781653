//! Forecasts over rolling windows of given streams, for `bench/mirror.d/forecast.py` to set beside its peers: what was
//! said, what came, and the very features that the learners saw.

use clap::Subcommand;
use didymos_mirror::features::{Column, Grid, How, Samples, resample};
use didymos_mirror::forecast::{Ask, feature_rows, forecast};
use didymos_mirror::graph::{Graph, Shape};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

/// What to measure of the forecasts.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Forecasts the streams of a file and writes what was said beside it
    Rolling {
        /// JSON: targets with `name`, `step_ms`, `horizon`, `season` and `streams` of `how`, `start` and `value`
        file: PathBuf,
        /// Where features go, one file of little-endian floats per target
        #[arg(long)]
        features: Option<PathBuf>,
    },
    /// Ten years of one person: putting five million observations on a grid, and a new day into the graph
    Decade {
        /// Years; fewer for a trial run
        #[arg(long, default_value_t = 10)]
        years: u32,
    },
}

pub(crate) fn run(command: &Command) -> Result<Value, Box<dyn Error>> {
    match command {
        Command::Rolling { file, features } => {
            let targets: Vec<Value> = serde_json::from_slice(&std::fs::read(file)?)?;
            let rolled = targets.iter().map(|target| rolling(target, features.as_deref()));
            Ok(Value::Array(rolled.collect::<Result<_, _>>()?))
        }
        Command::Decade { years } => decade(*years),
    }
}

fn list<T>(json: &Value, of: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    json.as_array().map(|all| all.iter().filter_map(of).collect()).unwrap_or_default()
}

fn rolling(target: &Value, features: Option<&std::path::Path>) -> Result<Value, Box<dyn Error>> {
    let number = |name: &str| target[name].as_u64().ok_or(format!("no {name}"));
    let step = number("step_ms")? as i64;
    let streams: Vec<(How, Vec<i64>, Vec<f64>)> = list(&target["streams"], |stream| {
        let how = if stream["how"] == "sum" { How::Sum } else { How::Mean };
        Some((how, list(&stream["start"], Value::as_i64), list(&stream["value"], Value::as_f64)))
    });
    let times = &streams.first().ok_or("no streams")?.1;
    let (first, last) = (times.iter().min().ok_or("no rows")?, times.iter().max().ok_or("no rows")?);
    let grid = Grid::over(*first, *last, step, 1_000_000).ok_or("no grid")?;
    let columns: Vec<Column> =
        streams.iter().map(|(how, start, value)| resample(&[Samples { start, value }], &grid, *how)).collect();
    let ask = Ask { horizon: number("horizon")? as usize, season: number("season")? as usize, seed: 1 };
    let others: Vec<&Column> = columns.iter().skip(1).collect();
    let began = Instant::now();
    let answer = forecast(&columns[0], &others, &grid, &ask, &mut |_, _| ControlFlow::Continue(()));
    let seconds = began.elapsed().as_secs_f64();
    let name = target["name"].as_str().unwrap_or("stream");
    let answer = match answer {
        Ok(answer) => answer,
        Err(refused) => return Ok(json!({ "name": name, "refused": refused.to_string() })),
    };
    let mut described = json!({
        "name": name, "seconds": seconds, "model": answer.model, "windows": answer.score.windows, "mase": answer.score.mase,
        "rmse": answer.score.rmse, "skill_vs_naive": answer.score.skill_vs_naive, "coverage_90": answer.score.coverage_90,
        "values": columns[0].iter().collect::<Vec<_>>(),
        "checked": answer.checked.iter().map(|past| json!([
            past.origin, past.point.ahead, past.fitted, past.truth, past.naive, past.point.q05, past.point.q50,
            past.point.q95, past.point.mean,
        ])).collect::<Vec<_>>(),
    });
    if let Some(folder) = features {
        let rows = feature_rows(&columns[0], &others, &grid, &ask)?;
        let path = folder.join(format!("{name}.f32"));
        let mut out = BufWriter::new(std::fs::File::create(&path)?);
        for row in &rows {
            let head = [row.origin as f32, row.ahead as f32, row.anchor as f32, row.truth as f32];
            for x in head.iter().chain(&row.features) {
                out.write_all(&x.to_le_bytes())?;
            }
        }
        out.flush()?;
        described["features"] =
            json!({ "file": path, "columns": 4 + rows.first().map_or(0, |row| row.features.len()) });
    }
    Ok(described)
}

/// Streams of the person of ten years, and how many of their minutes have an observation, in percent.
const STREAMS: [(How, u64); 8] = [
    (How::Mean, 30),
    (How::Sum, 25),
    (How::Sum, 25),
    (How::Mean, 10),
    (How::Mean, 3),
    (How::Mean, 1),
    (How::Sum, 1),
    (How::Mean, 1),
];

fn decade(years: u32) -> Result<Value, Box<dyn Error>> {
    let (minute, day) = (60_000i64, 86_400_000i64);
    let days = i64::from(years) * 365;
    let mut random = 1u64;
    let mut below = |limit: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % limit
    };
    let mut streams: Vec<(How, Vec<i64>, Vec<f64>)> =
        STREAMS.iter().map(|(how, _)| (*how, Vec::new(), Vec::new())).collect();
    for i in 0..days * 1_440 {
        for ((_, start, value), (_, share)) in streams.iter_mut().zip(STREAMS) {
            if below(100) < share {
                let wave = ((i % 1_440) as f64 / 1_440.0 * std::f64::consts::TAU).sin();
                start.push(i * minute + below(60) as i64 * 1_000);
                value.push(60.0 + 10.0 * wave + below(20) as f64);
            }
        }
    }
    let observations: usize = streams.iter().map(|(_, start, _)| start.len()).sum();
    let began = Instant::now();
    let mut columns: Vec<Vec<Column>> = Vec::new();
    for step in [15 * minute, 60 * minute, day] {
        let grid = Grid::over(0, days * day - 1, step, 1_000_000).ok_or("no grid")?;
        columns.push(
            streams.iter().map(|(how, start, value)| resample(&[Samples { start, value }], &grid, *how)).collect(),
        );
    }
    let featurised = began.elapsed().as_secs_f64();
    let of_day = |day: usize| -> Vec<Vec<Option<f64>>> {
        columns[1].iter().map(|column| (day * 24..day * 24 + 24).map(|i| column.get(i)).collect()).collect()
    };
    let began = Instant::now();
    let mut graph = Graph::new(streams.len(), Shape::hours());
    for day in 0..days as usize - 1 {
        graph.add_day(&of_day(day), day % 7)?;
    }
    let grown = began.elapsed().as_secs_f64();
    let mut updates: Vec<f64> = Vec::new();
    for _ in 0..9 {
        let mut next = graph.clone();
        let began = Instant::now();
        next.add_day(&of_day(days as usize - 1), 0)?;
        let _ = next.edges(0.05, 1);
        updates.push(began.elapsed().as_secs_f64());
    }
    updates.sort_by(f64::total_cmp);
    Ok(json!({
        "observations": observations, "years": years, "streams": streams.len(), "featurised_seconds": featurised,
        "graph_anew_seconds": grown, "graph_new_day_ms": updates[4] * 1_000.0, "graph_new_day_ms_most": updates[8] * 1_000.0,
    }))
}
