//! `twin brain`: the owner's connectome, and the model that is fitted to it.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::number;
use crate::trouble::Trouble;
use clap::{Args, Subcommand};
use didymos_twin::request::BrainAdd;
use didymos_twin::{Request, Response};
use std::path::{Path, PathBuf};

/// The largest file of numbers.
const BYTES_MOST: u64 = 64 << 20;

const EXAMPLES: &str = "\
Example:
  twin brain add weights.txt lengths.txt --bold rest.txt --interval 720

Files are text: a row of the table a line, numbers parted by blanks, commas or tabs.";

/// Your brain network: a connectome, and the model that is fitted to it.
#[derive(Subcommand)]
pub(crate) enum Brain {
    /// Keep a connectome, and fit a model to a scan at rest if there is one
    Add(Add),
    /// What is kept
    Show,
}

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Add {
    /// Weights of tractography: regions × regions
    weights: PathBuf,
    /// Fibre lengths in mm: regions × regions
    lengths: PathBuf,
    /// Names of the regions, one a line
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
    /// BOLD signal at rest: a region a line
    #[arg(long, value_name = "FILE")]
    bold: Option<PathBuf>,
    /// Milliseconds between readings of the BOLD signal
    #[arg(long, default_value_t = 720.0, requires = "bold")]
    interval: f64,
}

pub(crate) fn run(globals: &Globals, typed: Brain) -> Result<Exit, Trouble> {
    let request = match typed {
        Brain::Show => Request::BrainShow,
        Brain::Add(add) => Request::BrainAdd(BrainAdd {
            weights: numbers(&add.weights)?,
            lengths: numbers(&add.lengths)?,
            regions: add.names.as_deref().map(names).transpose()?.unwrap_or_default(),
            bold_ms: add.bold.as_ref().map(|_| add.interval),
            bold: add.bold.as_deref().map(numbers).transpose()?.unwrap_or_default(),
        }),
    };
    let reach = reach(globals)?;
    let Response::Brain(shown) = reach.work(&request, "stopping; nothing was changed")? else {
        return Err(Trouble::misunderstood());
    };
    if globals.json {
        output::json(&shown)?;
        return Ok(Exit::Done);
    }
    if shown.regions.is_empty() {
        output::text("no connectome is here; `twin brain add` keeps one\n")?;
        return Ok(Exit::Done);
    }
    let model = match shown.unseen {
        Some(unseen) => format!("a model of the first half of the scan goes with the second half by {unseen:.2}"),
        None => "no scan at rest, so no model".to_owned(),
    };
    let regions = number::counted(shown.regions.len() as u64, "region");
    output::text(&format!("{regions}, {}\n{model}\n", number::counted(shown.connections, "connection")))?;
    Ok(Exit::Done)
}

fn text(path: &Path) -> Result<String, Trouble> {
    let size = std::fs::metadata(path).map_err(|error| Trouble::file("read", path, &error))?.len();
    if size > BYTES_MOST {
        return Err(Trouble::new(Exit::Usage, format!("{} is larger than 64 MB", path.display())));
    }
    std::fs::read_to_string(path).map_err(|error| Trouble::file("read", path, &error))
}

fn names(path: &Path) -> Result<Vec<String>, Trouble> {
    Ok(text(path)?.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect())
}

fn numbers(path: &Path) -> Result<Vec<f64>, Trouble> {
    let text = text(path)?;
    let words = text.split(|letter: char| letter.is_whitespace() || letter == ',' || letter == ';');
    words
        .filter(|word| !word.is_empty())
        .map(|word| word.parse().ok().filter(|number: &f64| number.is_finite()))
        .collect::<Option<Vec<f64>>>()
        .ok_or_else(|| Trouble::new(Exit::Usage, format!("{} holds something that is no number", path.display())))
}
