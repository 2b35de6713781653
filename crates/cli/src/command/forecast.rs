//! `twin forecast`: what comes next on a stream, how sure that is, and how right such answers have been.

use super::ask_about;
use crate::arguments::{self, Globals};
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::forecast;
use crate::trouble::Trouble;
use clap::Args;
use didymos_base::StreamId;
use didymos_twin::request::{Every, Forecast as Ask};
use didymos_twin::{Request, Response};

const EXAMPLES: &str = "\
Examples:
  twin forecast heart_rate --horizon 24h
  twin forecast glucose --horizon 1h --backtest
  twin forecast steps --horizon 2w --every 1d --json

The line is the median, the band holds nine of ten values. --backtest shows how right such
forecasts have been where they could be checked; in JSON that is always there.";

/// What comes next on a stream of numbers, with a 90 % band.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Forecast {
    /// A name from `twin streams`
    #[arg(value_parser = arguments::stream)]
    stream: StreamId,
    /// How far ahead: a number and m, h, d or w
    #[arg(long, value_name = "TIME", default_value = "24h")]
    horizon: Every,
    /// Width of a step [default: what suits the stream and the horizon]
    #[arg(long, value_name = "WIDTH")]
    every: Option<Every>,
    /// Show how right such forecasts have been over rolling windows of the past
    #[arg(long)]
    backtest: bool,
    /// Only from sources whose name contains this
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,
    /// Where chance comes from: the same seed gives the same forecast
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(globals: &Globals, typed: &Forecast) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    let ask = Ask {
        stream: typed.stream.clone(),
        horizon: typed.horizon,
        every: typed.every,
        source: typed.source.clone(),
        seed: typed.seed,
    };
    let Response::Forecast(answer) = ask_about(&reach, &typed.stream, &Request::Forecast(ask))? else {
        return Err(Trouble::misunderstood());
    };
    if globals.json {
        output::json(&answer)?;
        return Ok(Exit::Done);
    }
    output::text(&forecast::render(&answer, typed.backtest, output::width()))?;
    for note in &answer.notes {
        output::aside(note);
    }
    Ok(Exit::Done)
}
