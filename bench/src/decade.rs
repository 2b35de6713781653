//! Ten years of one person through the door: five million observations in a sealed vault, read, put on grids and made a
//! graph of when the twin is first asked; then day after day, each imported and asked for.

use crate::vault::{filled, opening};
use didymos_base::{Stream, streams};
use didymos_identity::{KdfCost, KeyFile, RecoveryPhrase, Secret32, Unlocked};
use didymos_twin::request::{CsvColumns, Graph, Import};
use didymos_twin::{Door, Request, Response, Twin, unwatched};
use serde_json::{Value, json};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use crate::person::{START, Series};

type Failed = Box<dyn Error>;

const PASSPHRASE: &str = "a passphrase for measuring";
const MINUTE: i64 = 60_000;
/// Days that come in one by one.
const NEW: i64 = 5;
/// Streams, and how many minutes of a hundred have an observation.
const STREAMS: [(&str, u64); 8] = [
    ("heart_rate", 30),
    ("steps", 25),
    ("energy_active", 25),
    ("respiratory_rate", 10),
    ("glucose", 3),
    ("oxygen_saturation", 1),
    ("distance", 1),
    ("body_mass", 1),
];

fn series(stream: &str, number: usize, share: u64, days: std::ops::Range<i64>) -> Result<Series, Failed> {
    let stream: Stream = streams::known(stream).ok_or(format!("no stream is called {stream}"))?.stream();
    let mut rows = Vec::new();
    for minute in days.start * 1_440..days.end * 1_440 {
        let mut drawn = (minute as u64 * 8 + number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        drawn ^= drawn >> 31;
        if drawn % 100 < share {
            let wave = ((minute % 1_440) as f64 / 1_440.0 * std::f64::consts::TAU).sin();
            let at = START + minute * MINUTE + (drawn >> 40) as i64 % 60 * 1_000;
            rows.push((at, at, 60.0 + 10.0 * wave + ((drawn >> 20) % 20) as f64));
        }
    }
    Ok(Series { stream, rows })
}

fn all(days: std::ops::Range<i64>) -> Result<Vec<Series>, Failed> {
    STREAMS.iter().enumerate().map(|(number, (stream, share))| series(stream, number, *share, days.clone())).collect()
}

fn ask(twin: &Twin, request: Request) -> Result<Response, Failed> {
    Ok(twin.ask(&twin.principal(), request, &mut unwatched)?)
}

/// What a graph took: seconds by the clock, and of processors by all threads of this process that are still there.
struct Took {
    clock: f64,
    processors: f64,
    days: u64,
}

/// Seconds that processors gave to this process so far, as Linux counts them; 0 where it does not.
fn processors() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let given = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok());
    given.filter_map(|text| text.split(' ').next()?.parse::<f64>().ok()).sum::<f64>() / 1e9
}

fn graph(twin: &Twin) -> Result<Took, Failed> {
    let (began, before) = (Instant::now(), processors());
    let Response::Graph(answer) = ask(twin, Request::Graph(Graph { rate: 0.05, source: None }))? else {
        return Err("another answer".into());
    };
    Ok(Took { clock: began.elapsed().as_secs_f64(), processors: processors() - before, days: answer.days })
}

fn median(of: &[Took], figure: impl Fn(&Took) -> f64) -> f64 {
    let mut all: Vec<f64> = of.iter().map(figure).collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Brings a day in, stream by stream, as a phone would deliver it.
fn deliver(twin: &Twin, dir: &Path, day: i64) -> Result<(), Failed> {
    for series in all(day..day + 1)? {
        let mut text = String::from("time,value\n");
        for (at, _, value) in &series.rows {
            text.push_str(&format!("{at},{value}\n"));
        }
        let path = dir.join("day.csv");
        std::fs::write(&path, text)?;
        let columns = CsvColumns {
            stream: series.stream.id.to_string(),
            time: "time".into(),
            value: "value".into(),
            time_format: Some("ms".into()),
            unit: Some(series.stream.unit.clone()),
            ..CsvColumns::default()
        };
        let asked = Import { paths: vec![path], zone: Some("UTC".into()), csv: Some(columns), ..Import::default() };
        ask(twin, Request::Import(asked))?;
    }
    Ok(())
}

pub(crate) fn decade(years: u32) -> Result<Value, Failed> {
    let days = i64::from(years) * 365;
    let past = all(0..days)?;
    let observations: usize = past.iter().map(|series| series.rows.len()).sum();
    let dir = tempfile::tempdir()?;
    let home = dir.path().join("home");
    std::fs::create_dir(&home)?;
    drop(filled(&home, &past)?);
    drop(past);
    let unlocked = Unlocked {
        vault_key: RecoveryPhrase::from_entropy([7; 32]).vault_key(),
        device_seed: Secret32::from_bytes([9; 32]),
        owner: opening(&home).0.owner,
    };
    let keys = KeyFile::seal(&unlocked, PASSPHRASE, KdfCost::for_tests(), [3; 40])?;
    std::fs::write(home.join("keys.json"), keys.to_text())?;
    let twin = Twin::open(&home, PASSPHRASE)?;
    let first = graph(&twin)?;
    let mut new_days = Vec::new();
    for day in days..days + NEW {
        deliver(&twin, dir.path(), day)?;
        new_days.push(graph(&twin)?);
    }
    let again = graph(&twin)?;
    let most = new_days.iter().map(|took| took.clock).fold(0.0, f64::max);
    Ok(json!({
        "observations": observations, "years": years, "streams": STREAMS.len(), "days": again.days,
        "first_seconds": first.clock, "first_processor_seconds": first.processors,
        "new_day_ms": median(&new_days, |took| took.clock) * 1_000.0,
        "new_day_processor_ms": median(&new_days, |took| took.processors) * 1_000.0,
        "new_day_ms_most": most * 1_000.0, "same_days_ms": again.clock * 1_000.0,
    }))
}
