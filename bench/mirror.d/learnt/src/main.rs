//! Learns a portrait and a maker of days for each person of a file, and prints how they were judged, as JSON.
//!
//! ```text
//! learnt PEOPLE.json [STEPS]
//! ```
//!
//! A person has a `name` and `streams` of `how`, `start` and `value`, as `bench forecast rolling` reads them.

use didymos_mirror::features::{Column, Grid, How, Samples, resample};
use didymos_mirror::generate::{self, Generator};
use didymos_mirror::gnn::{self, Diary, Learner};
use serde_json::{Value, json};
use std::error::Error;
use std::ops::ControlFlow;
use std::time::Instant;

const HOUR: i64 = 3_600_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("which file?")?;
    let steps: Option<usize> = arguments.next().map(|steps| steps.parse()).transpose()?;
    let people: Vec<Value> = serde_json::from_slice(&std::fs::read(file)?)?;
    let told: Result<Vec<Value>, Box<dyn Error>> = people.iter().map(|person| tell(person, steps)).collect();
    println!("{}", Value::Array(told?));
    Ok(())
}

fn list<T>(json: &Value, of: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    json.as_array().map(|all| all.iter().filter_map(of).collect()).unwrap_or_default()
}

fn tell(person: &Value, steps: Option<usize>) -> Result<Value, Box<dyn Error>> {
    let streams: Vec<(How, Vec<i64>, Vec<f64>)> = list(&person["streams"], |stream| {
        let how = if stream["how"] == "sum" { How::Sum } else { How::Mean };
        Some((how, list(&stream["start"], Value::as_i64), list(&stream["value"], Value::as_f64)))
    });
    let times = || streams.iter().flat_map(|stream| &stream.1);
    let (first, last) = (times().min().ok_or("no rows")?, times().max().ok_or("no rows")?);
    let grid = Grid::over(*first, *last, HOUR, 1_000_000).ok_or("no grid")?;
    let columns: Vec<Column> =
        streams.iter().map(|(how, start, value)| resample(&[Samples { start, value }], &grid, *how)).collect();

    let diary = Diary { grid, streams: &columns, places: &[], events: &[] };
    let mut settings = gnn::Settings::default();
    settings.steps = steps.unwrap_or(settings.steps);
    let began = Instant::now();
    let portrait = match Learner::learn(&diary, settings) {
        Ok(portrait) => json!({ "verdicts": portrait.verdicts(), "seconds": began.elapsed().as_secs_f64() }),
        Err(refusal) => json!({ "refused": refusal.to_string() }),
    };

    let mut settings = generate::Settings::default();
    settings.steps = steps.unwrap_or(settings.steps);
    let began = Instant::now();
    let days = match Generator::learn(&grid, &columns, settings, &mut |_, _| ControlFlow::Continue(())) {
        Ok(Some(made)) => json!({
            "judged": made.judged(), "real_predictive": made.real_predictive(), "kind": made.kind(),
            "seconds": began.elapsed().as_secs_f64(),
        }),
        Ok(None) => json!({ "refused": "stopped" }),
        Err(refusal) => json!({ "refused": refusal.to_string() }),
    };
    let known: Vec<usize> = columns.iter().map(Column::count).collect();
    Ok(json!({ "name": person["name"], "hours": grid.len, "known": known, "portrait": portrait, "days": days }))
}
