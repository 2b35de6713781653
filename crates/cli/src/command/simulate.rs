//! `twin simulate`: bodies moved on, and trials on virtual people.

use crate::arguments::{self, Globals};
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::simulate;
use crate::trouble::Trouble;
use clap::{Args, Subcommand};
use didymos_base::StreamId;
use didymos_twin::request::{Connection, Injected, Served, Simulate as Asked};
use didymos_twin::response::SimulateAnswer;
use didymos_twin::{Request, Response};
use std::path::PathBuf;

/// The largest protocol file.
const PROTOCOL_BYTES_MOST: u64 = 1 << 20;

const EXAMPLES: &str = "\
Examples:
  twin simulate body glucose --person adult#004 --meal 30:60 --bolus 30:4
  twin simulate body sleep --later -60 --nights 14
  twin simulate body training --load exercise_minutes --performance speed --factor 1.3
  twin simulate body brain --connection 12:40:0.5
  twin simulate body brain --lesion 12 --inhibition 1.2
  twin simulate trial docs/trial.toml --csv > people.csv";

/// Bodies moved on under what is said of them, and trials on virtual people.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Simulate {
    #[command(subcommand)]
    what: What,
    /// Print the table, or the lines, as CSV
    #[arg(long, global = true, conflicts_with = "json")]
    csv: bool,
}

#[derive(Subcommand)]
enum What {
    /// One body: the owner's, fitted to the owner's data, or a virtual person's
    #[command(subcommand)]
    Body(BodyOf),
    /// So many virtual people × arms × days, from a protocol file (TOML or JSON)
    Trial {
        /// The protocol
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum BodyOf {
    /// Glucose under meals and insulin
    Glucose {
        /// A virtual person such as `adult#004` [default: you]
        #[arg(long)]
        person: Option<String>,
        /// Something eaten: minutes from the start, and grams of carbohydrate
        #[arg(long = "meal", value_name = "MINUTE:GRAMS", value_parser = pair)]
        meals: Vec<(u32, f64)>,
        /// Insulin beside the basal rate: minutes from the start, and units
        #[arg(long = "bolus", value_name = "MINUTE:UNITS", value_parser = pair)]
        boluses: Vec<(u32, f64)>,
        /// How long
        #[arg(long, default_value_t = 8)]
        hours: u32,
    },
    /// Your sleep, from your nights
    Sleep {
        /// Minutes that every bedtime is later; negative is earlier
        #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
        later: f64,
        /// How many nights
        #[arg(long, default_value_t = 7)]
        nights: u32,
    },
    /// Your fitness and fatigue
    Training {
        /// The stream of a day's load
        #[arg(long, value_parser = arguments::stream)]
        load: StreamId,
        /// The stream that tells performance
        #[arg(long, value_parser = arguments::stream)]
        performance: StreamId,
        /// What the usual load is multiplied by
        #[arg(long, default_value_t = 1.0)]
        factor: f64,
        /// How many days
        #[arg(long, default_value_t = 42)]
        days: u32,
    },
    /// Your brain network at rest
    Brain {
        /// A changed connection: two regions and what its weight is multiplied by
        #[arg(long = "connection", value_name = "A:B:FACTOR", value_parser = connection)]
        connections: Vec<Connection>,
        /// A region that is cut off: its name, or its number from 1
        #[arg(long = "lesion", value_name = "REGION")]
        lesions: Vec<String>,
        /// What a drug multiplies inhibition by, in every region (GABA-A): 0.5 to 2
        #[arg(long, default_value_t = 1.0)]
        inhibition: f64,
        /// What it multiplies excitation by (glutamate): 0.5 to 2
        #[arg(long, default_value_t = 1.0)]
        excitation: f64,
        /// Minutes of brain time
        #[arg(long, default_value_t = 5.0)]
        minutes: f64,
        /// Where chance comes from
        #[arg(long, default_value_t = 0)]
        seed: u32,
    },
}

fn pair(text: &str) -> Result<(u32, f64), String> {
    let parsed = text.split_once(':').and_then(|(minute, amount)| Some((minute.parse().ok()?, amount.parse().ok()?)));
    parsed.filter(|(_, amount): &(u32, f64)| amount.is_finite()).ok_or_else(|| "write it as 30:60".to_owned())
}

fn connection(text: &str) -> Result<Connection, String> {
    let parts: Vec<&str> = text.rsplitn(2, ':').collect();
    let parsed = match parts[..] {
        [factor, regions] => regions.split_once(':').zip(factor.parse().ok().filter(|factor: &f64| factor.is_finite())),
        _ => None,
    };
    let ((from, to), factor) = parsed.ok_or("write it as 12:40:0.5")?;
    Ok(Connection { from: from.to_owned(), to: to.to_owned(), factor })
}

pub(crate) fn run(globals: &Globals, typed: Simulate) -> Result<Exit, Trouble> {
    let asked = match typed.what {
        What::Trial { file } => protocol(&file)?,
        What::Body(BodyOf::Glucose { person, meals, boluses, hours }) => Asked::Glucose {
            person,
            meals: meals.into_iter().map(|(minute, grams)| Served { minute, grams }).collect(),
            boluses: boluses.into_iter().map(|(minute, units)| Injected { minute, units }).collect(),
            hours,
        },
        What::Body(BodyOf::Sleep { later, nights }) => Asked::Sleep { bedtime_later: later, nights },
        What::Body(BodyOf::Training { load, performance, factor, days }) => {
            Asked::Training { load, performance, factor, days }
        }
        What::Body(BodyOf::Brain { connections, lesions, inhibition, excitation, minutes, seed }) => {
            Asked::Brain { connections, lesions, inhibition, excitation, minutes, seed }
        }
    };
    let reach = reach(globals)?;
    let Response::Simulated(answer) = reach.work(&Request::Simulate(asked), "stopping; nothing was changed")? else {
        return Err(Trouble::misunderstood());
    };
    match &*answer {
        answer if globals.json => output::json(answer)?,
        SimulateAnswer::Trial(trial) if typed.csv => output::text(&simulate::trial_csv(trial)?)?,
        SimulateAnswer::Lines(lines) if typed.csv => output::text(&simulate::lines_csv(lines)?)?,
        SimulateAnswer::Trial(trial) => output::text(&simulate::trial(trial, output::width()))?,
        SimulateAnswer::Lines(lines) => output::text(&simulate::lines(lines, output::width()))?,
    }
    Ok(Exit::Done)
}

/// Reads a protocol: TOML, or JSON where the file says so by its name or its first letter.
fn protocol(file: &std::path::Path) -> Result<Asked, Trouble> {
    let size = std::fs::metadata(file).map_err(|error| Trouble::file("read", file, &error))?.len();
    let bad = |words: String| {
        Trouble::new(Exit::Usage, format!("{}: {words}", file.display()))
            .next("`docs/trial.toml` is an example of a protocol")
    };
    if size > PROTOCOL_BYTES_MOST {
        return Err(bad("a protocol has at most a megabyte".to_owned()));
    }
    let text = std::fs::read_to_string(file).map_err(|error| Trouble::file("read", file, &error))?;
    let json =
        file.extension().is_some_and(|end| end.eq_ignore_ascii_case("json")) || text.trim_start().starts_with('{');
    let mut table: serde_json::Map<String, serde_json::Value> = if json {
        serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?
    } else {
        toml::from_str(&text).map_err(|error| bad(error.to_string()))?
    };
    table.entry("what").or_insert_with(|| "trial".into());
    match serde_json::from_value(serde_json::Value::Object(table)) {
        Ok(asked @ Asked::Trial { .. }) => Ok(asked),
        Ok(_) => Err(bad("it is not a trial".to_owned())),
        Err(error) => Err(bad(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_connections_are_read_as_typed() {
        assert_eq!(pair("30:60.5"), Ok((30, 60.5)));
        assert_eq!(connection("12:40:0.5").map(|c| (c.from, c.to, c.factor)), Ok(("12".into(), "40".into(), 0.5)));
        for bad in ["30", "a:b", "30:NaN", "-1:3", ""] {
            assert!(pair(bad).is_err() && connection(bad).is_err(), "{bad}");
        }
    }
}
