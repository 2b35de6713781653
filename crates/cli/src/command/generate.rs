//! `twin generate`: days that never were.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::mirror;
use crate::trouble::Trouble;
use clap::Args;
use didymos_twin::request::Generate as Asked;
use didymos_twin::{Request, Response};

const HELP: &str = "\
Four makers learn from your days, and each is attacked: are the days that it learnt from nearer to
what it makes than days that it has not seen? One that gives them away is not used.";

/// Make up days like yours, unless they would be yours in disguise
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Generate {
    /// How many days
    #[arg(long, default_value_t = 7)]
    days: u32,
    /// Weekday of the first: 0 is Monday, 6 Sunday
    #[arg(long, default_value_t = 0)]
    weekday: u32,
    /// Where chance comes from: the same seed gives the same days
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// Print the days as CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

pub(crate) fn run(globals: &Globals, typed: &Generate) -> Result<Exit, Trouble> {
    let asked = Asked { days: typed.days, weekday: typed.weekday, seed: typed.seed };
    let answer = reach(globals)?.work(&Request::Generate(asked), "stopping; what was learnt so far is kept")?;
    let Response::Generated(answer) = answer else { return Err(Trouble::misunderstood()) };
    if globals.json {
        output::json(&answer)?;
    } else if typed.csv && answer.refused.is_none() {
        output::text(&mirror::made_csv(&answer)?)?;
    } else {
        output::text(&mirror::made(&answer, output::width()))?;
    }
    Ok(if answer.refused.is_some() { Exit::BadNews } else { Exit::Done })
}
