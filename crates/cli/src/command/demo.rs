//! `twin demo`: a throw-away twin with real people's data, to look around in.

use super::import::take_in;
use super::init::new_phrase;
use super::streams;
use super::up::{Listen, serve_others, start, until_stopped};
use crate::arguments::Globals;
use crate::exit::Exit;
use crate::reach::Reach;
use crate::render::{faint, heading, number};
use crate::trouble::Trouble;
use crate::{interrupt, output, private_file};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Args;
use didymos_gateway::{Access, Server};
use didymos_identity::KdfCost;
use didymos_twin::request::Import;
use didymos_twin::response::ImportReport;
use didymos_twin::{Keeper, Twin};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// The sample data, each packed with gzip by the build script: see `demo/SOURCES.md` for who it is from.
const FILES: [(&str, &[u8]); 7] = include!(concat!(env!("OUT_DIR"), "/demo.rs"));
const WHOSE: &str =
    "Real data of three people put together: one's Fitbit months, another's glucose, a third one's walk.";

/// Makes a throw-away twin from sample data and serves its page until Ctrl-C. Nothing of it stays.
#[derive(Args)]
pub(crate) struct Demo {
    #[command(flatten)]
    listen: Listen,
    /// Only make it, say what it holds, and end
    #[arg(long)]
    no_serve: bool,
}

pub(crate) fn run(globals: &Globals, typed: &Demo) -> Result<Exit, Trouble> {
    interrupt::heed("stopping; the demo's files are removed");
    let dir = tempfile::Builder::new().prefix("twin-demo-").tempdir();
    let dir = dir.map_err(|error| Trouble::file("make a folder in", &std::env::temp_dir(), &error))?;
    let (reach, report, passphrase_file) = make(dir.path())?;
    if interrupt::is_asked() {
        return Ok(Exit::Stopped);
    }
    let streams = streams::list(&reach)?.len();
    if typed.no_serve {
        if globals.json {
            output::json(&json!({ "observations": report.added, "streams": streams, "seconds": report.seconds }))?;
        } else {
            output::text(&format!("{WHOSE}\n{}", summary(&report, streams)))?;
        }
        return Ok(Exit::Done);
    }
    let home = reach.home().to_owned();
    let Some(twin) = reach.into_own() else { return Err(Trouble::misunderstood()) };
    let keeper = serve_others(Keeper::of(twin, KdfCost::STANDARD));
    let server = start(&typed.listen, |addr| Server::keep(Arc::clone(&keeper), addr, Access::default()))?;
    if globals.json {
        output::json(&json!({
            "url": server.url(),
            "address": server.addr(),
            "home": home,
            "passphrase_file": passphrase_file,
            "observations": report.added,
            "streams": streams,
        }))?;
    } else {
        output::text(&welcome(server.url(), &summary(&report, streams), &home, &passphrase_file))?;
    }
    until_stopped(server, globals.json)?;
    keeper.lock();
    dir.close().map_err(|error| Trouble::new(Exit::Io, format!("the demo's files could not be removed: {error}")))?;
    Ok(Exit::Done)
}

/// A new twin in `dir`, filled. Its passphrase lies beside it: there is nothing in it that is not public.
fn make(dir: &Path) -> Result<(Reach, ImportReport, PathBuf), Trouble> {
    let mut random = Zeroizing::new([0u8; 16]);
    getrandom::fill(random.as_mut_slice())
        .map_err(|error| Trouble::new(Exit::Io, format!("the operating system gave no random numbers: {error}")))?;
    let passphrase = Zeroizing::new(URL_SAFE_NO_PAD.encode(random.as_slice()));
    let passphrase_file = dir.join("passphrase");
    private_file::create(&passphrase_file, passphrase.as_bytes())
        .map_err(|error| Trouble::file("write", &passphrase_file, &error))?;

    let home = dir.join("twin");
    let twin = Twin::init(&home, &new_phrase()?, &passphrase, KdfCost::STANDARD)?;
    let reach = Reach::own(home, twin);
    let samples = dir.join("samples");
    std::fs::create_dir(&samples).map_err(|error| Trouble::file("make", &samples, &error))?;
    for (name, bytes) in FILES {
        let path = samples.join(name);
        std::fs::File::create(&path)
            .and_then(|mut file| std::io::copy(&mut flate2::read::GzDecoder::new(bytes), &mut file))
            .map_err(|error| Trouble::file("write", &path, &error))?;
    }
    let report = take_in(&reach, Import { paths: vec![samples.clone()], ..Import::default() })?;
    std::fs::remove_dir_all(&samples).map_err(|error| Trouble::file("remove", &samples, &error))?;
    Ok((reach, report, passphrase_file))
}

fn summary(report: &ImportReport, streams: usize) -> String {
    format!(
        "{} on {}, sealed and signed in {}.",
        number::counted(report.added, "observation"),
        number::counted(streams as u64, "stream"),
        number::seconds(report.seconds),
    )
}

fn welcome(url: &str, summary: &str, home: &Path, passphrase_file: &Path) -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| "twin".into());
    let command =
        format!("{} --home {} --passphrase-file {}", program.display(), home.display(), passphrase_file.display());
    format!(
        "{url}\n\n{}\n{summary} {}\n\n{}\n  \
         1. Open the link (it works once) and zoom into the heart rate of a single run.\n  \
         2. Click a point: you see the file, the byte, the commit and the signature behind it.\n  \
         3. In another terminal, prove one value and check the proof, which needs no key:\n     \
         {command} prove glucose 2016-04-10T08:00 -o breakfast.twinproof\n     \
         {} check breakfast.twinproof\n\n{}\n",
        heading(WHOSE),
        faint("Nothing of it stays."),
        heading("Three things to try"),
        program.display(),
        faint("Ctrl-C ends the demo and removes its files."),
    )
}
