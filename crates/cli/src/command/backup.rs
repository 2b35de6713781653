//! `twin backup`: copies elsewhere, sealed as they are here.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::table::{Side, Table, plain};
use crate::render::{bad, faint, good, number, words};
use crate::trouble::Trouble;
use clap::{Args, Subcommand};
use didymos_twin::request::{BackupAdd, BackupWhich};
use didymos_twin::response::BackupReport;
use didymos_twin::{Request, Response};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const EXAMPLES: &str = "\
Examples:
  twin backup add /media/disk/twin-copy
  twin backup add s3://bucket/twin --option endpoint=https://s3.example.org --option region=eu
  twin backup run                                        all places, only what they lack
  twin backup check /media/disk/twin-copy                reads it all back

Settings of an S3-compatible store come from --option NAME=VALUE, from --options-file (one NAME=VALUE
a line), or from AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; they are
kept sealed in the journal. Secrets are not taken from the command line, which others can read.";

/// Copies are sealed as the original is: whoever keeps one learns nothing from it.
#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Backup {
    /// Name a place that keeps a copy
    Add(Add),
    /// Copy what the places do not have yet
    Run(Which),
    /// Read the copies back and compare them with the journal
    Check(Which),
    /// List the places, and how they stand
    List,
}

#[derive(Args)]
pub(crate) struct Add {
    #[arg(help = "A folder, or s3://bucket/prefix")]
    target: String,
    #[command(flatten)]
    options: Options,
}

#[derive(Args)]
pub(crate) struct Which {
    /// One place, as given to `add` [default: all]
    target: Option<String>,
}

/// Settings of a store.
#[derive(Args)]
pub(crate) struct Options {
    /// A setting: endpoint or region
    #[arg(long, value_name = "NAME=VALUE")]
    option: Vec<String>,
    /// File with a setting per line
    #[arg(long, value_name = "FILE")]
    options_file: Option<PathBuf>,
}

/// Where settings come from if nothing is said: the names that other programs for such stores use.
const VARIABLES: [(&str, &str); 6] = [
    ("AWS_ENDPOINT_URL", "endpoint"),
    ("AWS_REGION", "region"),
    ("AWS_DEFAULT_REGION", "region"),
    ("AWS_ACCESS_KEY_ID", "access_key_id"),
    ("AWS_SECRET_ACCESS_KEY", "secret_access_key"),
    ("AWS_SESSION_TOKEN", "session_token"),
];
const OPTIONS_BYTES_MAX: u64 = 64 * 1024;

impl Options {
    /// All settings: the command line before the file before the environment. A folder has none.
    pub(crate) fn read(&self, target: &str) -> Result<BTreeMap<String, String>, Trouble> {
        let mut all = BTreeMap::new();
        for option in &self.option {
            let (name, value) = pair(option)?;
            if name.contains("secret") || name.contains("token") || name.contains("password") {
                return Err(Trouble::new(
                    Exit::Usage,
                    format!("{name} is a secret, and every process can read this line"),
                )
                .next("put it into the environment (AWS_SECRET_ACCESS_KEY) or into a file named with --options-file"));
            }
            all.insert(name, value);
        }
        if let Some(path) = &self.options_file {
            let text = text_of(path)?;
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            for line in lines {
                let (name, value) = pair(line)?;
                all.entry(name).or_insert(value);
            }
        }
        if target.contains("://") {
            for (variable, name) in VARIABLES {
                if let Ok(value) = std::env::var(variable) {
                    all.entry(name.to_owned()).or_insert(value);
                }
            }
        }
        Ok(all)
    }
}

fn text_of(path: &Path) -> Result<Zeroizing<String>, Trouble> {
    use std::io::Read;
    let mut text = Zeroizing::new(String::new());
    std::fs::File::open(path)
        .and_then(|file| file.take(OPTIONS_BYTES_MAX).read_to_string(&mut text))
        .map_err(|error| Trouble::file("read", path, &error))?;
    Ok(text)
}

/// `name=value`. The error does not repeat what was typed: it may be a secret in the wrong place.
fn pair(text: &str) -> Result<(String, String), Trouble> {
    text.split_once('=')
        .map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()))
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| Trouble::new(Exit::Usage, "a setting is written NAME=VALUE, for example region=eu"))
}

/// The target as any process understands it: folders become absolute, addresses stay as they are.
pub(crate) fn target(typed: &str) -> Result<String, Trouble> {
    if typed.contains("://") {
        return Ok(typed.to_owned());
    }
    let path = std::path::absolute(typed).map_err(|error| Trouble::file("use", Path::new(typed), &error))?;
    path.into_os_string()
        .into_string()
        .map_err(|_| Trouble::new(Exit::Usage, "the folder's name is not UTF-8 text; choose another one"))
}

/// How the answer to a request is told.
type Render = fn(&[BackupReport], usize) -> String;

pub(crate) fn run(globals: &Globals, typed: Backup) -> Result<Exit, Trouble> {
    let which = |which: Which| -> Result<BackupWhich, Trouble> {
        Ok(BackupWhich { target: which.target.as_deref().map(target).transpose()? })
    };
    let (request, render): (Request, Render) = match typed {
        Backup::Add(add) => {
            let target = target(&add.target)?;
            let options = add.options.read(&target)?;
            (Request::BackupAdd(BackupAdd { target, options }), added)
        }
        Backup::Run(asked) => (Request::BackupRun(which(asked)?), copied),
        Backup::Check(asked) => (Request::BackupCheck(which(asked)?), checked),
        Backup::List => (Request::BackupList, listed),
    };
    let reach = reach(globals)?;
    let says = "stopping; what is copied stays copied (Ctrl-C again stops at once)";
    let Response::Backup(reports) = reach.work(&request, says)? else {
        return Err(Trouble::misunderstood());
    };
    if globals.json {
        output::json(&reports)?;
    } else {
        let mut text = render(&reports, output::width());
        for report in &reports {
            if let Some(error) = &report.error {
                text.push_str(&format!("{} {}: {}\n", bad("failed:"), plain(&report.target), plain(error)));
            }
        }
        output::text(&text)?;
    }
    let bad_news = reports.iter().any(|report| report.error.is_some() || !report.missing.is_empty());
    Ok(if bad_news { Exit::BadNews } else { Exit::Done })
}

fn added(reports: &[BackupReport], _: usize) -> String {
    let places: Vec<_> = reports.iter().map(|report| plain(&report.target)).collect();
    format!("{} keeps a copy from now on. `twin backup run` copies everything there.\n", places.join(", "))
}

fn copied(reports: &[BackupReport], width: usize) -> String {
    let mut table =
        Table::new([("place", Side::Left), ("objects", Side::Right), ("new", Side::Right), ("", Side::Left)]);
    for report in reports.iter().filter(|report| report.error.is_none()) {
        table.row([
            plain(&report.target),
            number::count(report.objects),
            number::count(report.copied),
            number::bytes(report.bytes),
        ]);
    }
    format!("{}{}", table.render(width), faint("`twin backup check` reads it all back.\n"))
}

fn checked(reports: &[BackupReport], width: usize) -> String {
    let mut table = Table::new([
        ("place", Side::Left),
        ("objects", Side::Right),
        ("missing", Side::Right),
        ("behind", Side::Right),
        ("", Side::Left),
    ]);
    for report in reports.iter().filter(|report| report.error.is_none()) {
        table.row([
            plain(&report.target),
            number::count(report.objects),
            number::count(report.missing.len() as u64),
            number::count(report.behind),
            if report.missing.is_empty() { good("whole") } else { bad("`twin backup run` puts back what is missing") },
        ]);
    }
    table.render(width)
}

fn listed(reports: &[BackupReport], width: usize) -> String {
    if reports.is_empty() {
        return "No place keeps a copy yet: name one with `twin backup add`.\n".to_owned();
    }
    let mut table = Table::new([("place", Side::Left), ("last read back and found whole", Side::Left)]);
    for report in reports {
        let verified = report.verified.as_deref().map_or_else(|| "never".to_owned(), words::time);
        table.row([plain(&report.target), verified]);
    }
    table.render(width)
}
