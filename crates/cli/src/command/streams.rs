//! `twin streams`: what is measured.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::{Reach, reach};
use crate::render::streams;
use crate::trouble::Trouble;
use didymos_base::time::DAY_MS;
use didymos_twin::request::Query;
use didymos_twin::response::StreamInfo;
use didymos_twin::{Moment, Request, Response};

pub(crate) fn run(globals: &Globals) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    let streams = list(&reach)?;
    if globals.json {
        output::json(&streams)?;
        return Ok(Exit::Done);
    }
    if streams.is_empty() {
        output::text("Nothing yet. `twin import FILE…` takes in Apple Health, Fitbit, glucose, GPX and CSV files.")?;
        return Ok(Exit::Done);
    }
    reach.expect_many();
    let series = streams.iter().map(|stream| last_days(&reach, stream)).collect::<Result<Vec<_>, _>>()?;
    output::text(&streams::render(&streams, &series, output::width()))?;
    Ok(Exit::Done)
}

/// Every stream.
pub(crate) fn list(reach: &Reach) -> Result<Vec<StreamInfo>, Trouble> {
    match reach.ask(&Request::Streams)? {
        Response::Streams(streams) => Ok(streams),
        _ => Err(Trouble::misunderstood()),
    }
}

fn last_days(reach: &Reach, stream: &StreamInfo) -> Result<Vec<Option<f64>>, Trouble> {
    let query = Query {
        stream: stream.id.clone(),
        from: Some(Moment::Wall(streams::first_day(stream) * DAY_MS)),
        to: None,
        every: "1d".parse().ok(),
        source: None,
        limit: streams::DAYS as u32 + 1,
    };
    match reach.ask(&Request::Query(query))? {
        Response::Query(answer) => Ok(streams::days(stream, answer.buckets.as_deref().unwrap_or_default())),
        _ => Err(Trouble::misunderstood()),
    }
}
