//! `twin propose`: what could be done in the coming days.

use crate::arguments::{self, Globals};
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::{experiment, mirror};
use crate::trouble::Trouble;
use clap::Args;
use didymos_base::StreamId;
use didymos_twin::request::{Allowed, Propose as Asked, Wish};
use didymos_twin::{Request, Response};

const EXAMPLES: &str = "\
Examples:
  twin propose --more heart_rate_variability
  twin propose --less resting_heart_rate --within steps:4000:12000 --within sleep_minutes:420:540
  twin propose --more mood --days 7 --save

Planned in a world learnt from your own days. What was never done in such a state is not proposed,
or only with --beyond and a warning. It need not be a cause: --save keeps the trial that would tell.";

/// What you could do in the coming days for what you wish, within your limits
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Propose {
    /// A stream that is to be more
    #[arg(long, value_name = "STREAM", value_parser = arguments::stream)]
    more: Vec<StreamId>,
    /// A stream that is to be less
    #[arg(long, value_name = "STREAM", value_parser = arguments::stream)]
    less: Vec<StreamId>,
    /// What you would do, and within which limits per day [default: what there is, as it was usually done]
    #[arg(long, value_name = "STREAM[:LOW:HIGH]", value_parser = allowed)]
    within: Vec<Allowed>,
    /// How many days ahead
    #[arg(long, default_value_t = 3)]
    days: u32,
    /// Also propose, with a warning, what was never done before
    #[arg(long)]
    beyond: bool,
    /// Where chance comes from
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// Keep the trial that would settle it as an experiment that begins tomorrow
    #[arg(long)]
    save: bool,
}

fn allowed(text: &str) -> Result<Allowed, String> {
    let mut parts = text.split(':');
    let stream = arguments::stream(parts.next().unwrap_or_default()).map_err(|error| error.to_string())?;
    let mut limit = || {
        let part = parts.next().filter(|part| !part.is_empty());
        part.map(|part| part.parse::<f64>().ok().filter(|x| x.is_finite()).ok_or("write it as steps:4000:12000"))
            .transpose()
    };
    let (low, high) = (limit()?, limit()?);
    if parts.next().is_some() {
        return Err("write it as steps:4000:12000".to_owned());
    }
    Ok(Allowed { stream, low, high })
}

pub(crate) fn run(globals: &Globals, typed: &Propose) -> Result<Exit, Trouble> {
    let wish = |weight: f64| move |stream: &StreamId| Wish { stream: stream.clone(), weight };
    let aims: Vec<Wish> = typed.more.iter().map(wish(1.0)).chain(typed.less.iter().map(wish(-1.0))).collect();
    if aims.is_empty() {
        return Err(
            Trouble::new(Exit::Usage, "what do you wish for?").next("say it with --more STREAM or --less STREAM")
        );
    }
    let asked =
        Asked { aims, limits: typed.within.clone(), days: Some(typed.days), beyond: typed.beyond, seed: typed.seed };
    let reach = reach(globals)?;
    let answer = reach.work(&Request::Propose(asked), "stopping; nothing was changed")?;
    let Response::Proposed(answer) = answer else { return Err(Trouble::misunderstood()) };
    if globals.json && !typed.save {
        output::json(&answer)?;
    } else if !globals.json {
        output::text(&mirror::proposed(&answer, output::width()))?;
    }
    if typed.save {
        let Some(trial) = answer.causal.as_ref().and_then(|causal| causal.trial.clone()) else {
            return Err(Trouble::new(Exit::Usage, "there is no trial to keep: nothing was proposed"));
        };
        let Response::Experiment(kept) = reach.ask(&Request::ExperimentAdd(trial.experiment))? else {
            return Err(Trouble::misunderstood());
        };
        if globals.json {
            output::json(&kept)?;
        } else {
            output::text(&experiment::one(&kept, output::width()))?;
        }
    }
    Ok(if answer.refused.is_some() { Exit::BadNews } else { Exit::Done })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_typed() {
        let told = |text: &str| allowed(text).map(|a| (a.stream.to_string(), a.low, a.high));
        assert_eq!(told("steps:4000:12000"), Ok(("steps".into(), Some(4000.0), Some(12000.0))));
        assert_eq!(told("steps"), Ok(("steps".into(), None, None)));
        assert_eq!(told("steps::9"), Ok(("steps".into(), None, Some(9.0))));
        assert!(told("steps:a:b").is_err() && told("steps:1:2:3").is_err() && told("").is_err());
    }
}
