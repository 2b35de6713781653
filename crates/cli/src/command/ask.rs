//! `twin ask`: what would be, if something were done differently.

use crate::arguments::{self, Globals};
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::{experiment, what_if};
use crate::trouble::Trouble;
use clap::Args;
use didymos_base::StreamId;
use didymos_twin::request::{Every, Sentence, WhatIf};
use didymos_twin::{Request, Response};

const EXAMPLES: &str = "\
Examples:
  twin ask \"what if I sleep an hour more?\"
  twin ask \"what will my glucose do after this meal and two units less?\"
  twin ask \"what does my brain network do if the connection between 12 and 40 weakens?\"
  twin ask \"Was wenn ich 2000 Schritte mehr gehe?\" --outcome sleep_minutes --json

Both futures are drawn from the same noise, so that they differ in nothing but the change. What
goes together by itself need not be a cause: --save keeps the trial that would settle it.";

/// What if? Two futures, the effect, how sure that is and why, and the trial that would settle it.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Ask {
    /// The question, in English or German
    #[arg(required = true)]
    question: Vec<String>,
    /// What is asked about [default: what follows most clearly]
    #[arg(long, value_name = "STREAM", value_parser = arguments::stream)]
    outcome: Option<StreamId>,
    /// How far ahead [default: 7d, for glucose 8h]
    #[arg(long, value_name = "TIME")]
    horizon: Option<Every>,
    /// Only from sources whose name contains this
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,
    /// Where chance comes from: the same seed gives the same answer
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// Only say how the question is read
    #[arg(long)]
    reading: bool,
    /// Keep the trial that would settle it as an experiment that begins tomorrow
    #[arg(long, conflicts_with = "reading")]
    save: bool,
}

pub(crate) fn run(globals: &Globals, typed: &Ask) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    let sentence = typed.question.join(" ");
    if typed.reading {
        let Response::Reading(reading) = reach.ask(&Request::ReadSentence(Sentence { sentence }))? else {
            return Err(Trouble::misunderstood());
        };
        if globals.json {
            output::json(&reading)?;
        } else {
            output::text(&what_if::reading(&reading))?;
        }
        return Ok(if reading.interventions.is_empty() { Exit::BadNews } else { Exit::Done });
    }
    let asked = WhatIf {
        sentence: Some(sentence),
        interventions: Vec::new(),
        outcome: typed.outcome.clone(),
        horizon: typed.horizon,
        source: typed.source.clone(),
        seed: typed.seed,
    };
    let says = "stopping; nothing was changed";
    let Response::WhatIf(answer) = reach.work(&Request::WhatIf(asked), says)? else {
        return Err(Trouble::misunderstood());
    };
    if globals.json {
        output::json(&answer)?;
    } else {
        output::text(&what_if::render(&answer, output::width()))?;
    }
    if answer.refused.is_some() {
        return Ok(Exit::BadNews);
    }
    if typed.save {
        let offer = answer.causal.as_ref().and_then(|causal| causal.trial.as_ref());
        let Some(offer) = offer else {
            return Err(Trouble::new(Exit::Usage, "there is no trial to keep for this question")
                .next("`twin experiment list` shows what is laid out already"));
        };
        let Response::Experiment(shown) = reach.ask(&Request::ExperimentAdd(offer.experiment.clone()))? else {
            return Err(Trouble::misunderstood());
        };
        if !globals.json {
            output::text(&format!("\n{}", experiment::one(&shown, output::width())))?;
        }
    }
    Ok(Exit::Done)
}
