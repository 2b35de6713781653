//! `twin query`: statistics per bucket of time, or the observations themselves.

use super::ask_about;
use crate::arguments::{self, Globals};
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::query::{self, Stat};
use crate::trouble::Trouble;
use clap::Args;
use didymos_base::StreamId;
use didymos_twin::request::{Every, MAX_ROWS, Query as Ask};
use didymos_twin::response::QueryAnswer;
use didymos_twin::{Moment, Request, Response};
use serde_json::Value as Json;

const EXAMPLES: &str = "\
Examples:
  twin query heart_rate --every 1d                       per day, all there is
  twin query heart_rate --from 2024-05-01 --to 2024-05-02 --every 15m
  twin query steps --every 1w --stat sum,count --csv > steps.csv
  twin query glucose --from 2024-05-01T07:30 --limit 20  the observations themselves

Times without an offset are on your own wall clock, wherever you were; --to is exclusive.";
/// Rows of an answer where nothing is said.
const ROWS: u32 = 10_000;

/// Statistics per minute, hour, day or week; without --every the observations themselves.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Query {
    /// A name from `twin streams`
    #[arg(value_parser = arguments::stream)]
    stream: StreamId,
    /// First moment [default: the first there is]
    #[arg(long, value_name = "TIME")]
    from: Option<Moment>,
    /// Moment to stop before [default: after the last there is]
    #[arg(long, value_name = "TIME")]
    to: Option<Moment>,
    /// Width of a bucket: a number and m, h, d or w
    #[arg(long, value_name = "WIDTH")]
    every: Option<Every>,
    /// Statistics to show [default: what suits the stream; in JSON all]
    #[arg(long, value_delimiter = ',', requires = "every")]
    stat: Vec<Stat>,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Only from sources whose name contains this
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,
    /// At most so many rows [default: 10000; with --csv 1000000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_ROWS)))]
    limit: Option<u32>,
}

pub(crate) fn run(globals: &Globals, typed: &Query) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    let limit = typed.limit.unwrap_or(if typed.csv || globals.json { MAX_ROWS } else { ROWS });
    let ask = Ask {
        stream: typed.stream.clone(),
        from: typed.from,
        to: typed.to,
        every: typed.every,
        source: typed.source.clone(),
        limit,
    };
    let Response::Query(answer) = ask_about(&reach, &typed.stream, &Request::Query(ask))? else {
        return Err(Trouble::misunderstood());
    };
    if globals.json {
        output::json(&as_json(&answer, &typed.stat)?)?;
        return Ok(Exit::Done);
    }
    if typed.csv {
        let stats = if typed.stat.is_empty() { &ALL[..] } else { &typed.stat };
        let csv = query::csv(&answer, stats)
            .map_err(|error| Trouble::new(Exit::Io, format!("the answer does not fit into CSV: {error}")))?;
        output::text(&String::from_utf8_lossy(&csv))?;
    } else {
        let stats = if typed.stat.is_empty() { Stat::usual(answer.kind) } else { &typed.stat };
        output::text(&query::render(&answer, stats, typed.every.map(Every::ms), output::width()))?;
    }
    if answer.more {
        output::aside(&query::more(limit));
    }
    for note in &answer.notes {
        output::aside(note);
    }
    Ok(Exit::Done)
}

const ALL: [Stat; 5] = [Stat::Count, Stat::Mean, Stat::Min, Stat::Max, Stat::Sum];

/// The answer with, in each bucket, only its time, its count and the statistics asked for.
fn as_json(answer: &QueryAnswer, stats: &[Stat]) -> Result<Json, Trouble> {
    let mut json = serde_json::to_value(answer).map_err(|_| Trouble::misunderstood())?;
    if stats.is_empty() {
        return Ok(json);
    }
    let dropped: Vec<_> =
        ALL.into_iter().filter(|stat| *stat != Stat::Count && !stats.contains(stat)).map(Stat::name).collect();
    for bucket in json.get_mut("buckets").and_then(Json::as_array_mut).into_iter().flatten() {
        if let Some(bucket) = bucket.as_object_mut() {
            bucket.retain(|name, _| !dropped.contains(&name.as_str()));
        }
    }
    Ok(json)
}
