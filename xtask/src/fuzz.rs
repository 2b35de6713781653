//! Fuzzing: every decoder of bytes from outside or from the disk, each for some seconds.
//!
//! The sanitizer needs unstable compiler flags; `RUSTC_BOOTSTRAP` lets the pinned stable toolchain take them, so that
//! what is fuzzed is what is shipped.

use crate::{Result, fuzz_seeds, root};
use clap::Args;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Which targets, and how long.
#[derive(Args)]
pub(crate) struct Fuzz {
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Targets; default: all
    targets: Vec<String>,
}

impl Fuzz {
    pub(crate) fn run(&self) -> Result<()> {
        if !cargo(&["--version"])?.success() {
            return Err("cargo-fuzz is not installed: cargo install --locked cargo-fuzz".into());
        }
        let all = all_targets()?;
        if let Some(unknown) = self.targets.iter().find(|target| !all.contains(target)) {
            return Err(format!("there is no fuzz target {unknown}; there are {}", all.join(", ")).into());
        }
        let chosen = if self.targets.is_empty() { &all } else { &self.targets };
        let began = Instant::now();
        let mut build = vec!["build"];
        if let [only] = chosen.as_slice() {
            build.push(only);
        }
        if !cargo(&build)?.success() {
            return Err("the fuzz targets do not build".into());
        }
        fuzz_seeds::write()?;
        println!("fuzz: built in {:.0} s", began.elapsed().as_secs_f64());
        for target in chosen {
            let seconds = format!("-max_total_time={}", self.seconds);
            let corpus = format!("fuzz/corpus/{target}");
            std::fs::create_dir_all(root().join(&corpus))?;
            let mut arguments = vec!["run", target, &corpus];
            let seeds = seeds_of(target);
            arguments.extend(seeds.iter().copied().filter(|seeds| root().join(seeds).is_dir()));
            // No input may take longer than ten seconds or more memory than half a gigabyte.
            arguments.extend([
                "--",
                &seconds,
                "-timeout=10",
                "-rss_limit_mb=1024",
                "-malloc_limit_mb=512",
                "-print_final_stats=0",
                "-verbosity=0",
            ]);
            if !cargo(&arguments)?.success() {
                return Err(
                    format!("fuzz target {target} found something: see above, and fuzz/artifacts/{target}").into()
                );
            }
            println!("fuzz: {target} found nothing in {} s", self.seconds);
        }
        Ok(())
    }
}

/// Folders of real files that a target begins with.
fn seeds_of(target: &str) -> Vec<&'static str> {
    match target {
        "intake_gpx" => vec!["crates/intake/tests/data/gpx"],
        "intake_ical" => vec!["crates/intake/tests/data/calendar"],
        "intake_detect" => vec!["crates/intake/tests/data/fitbit", "crates/intake/tests/data/glucose"],
        _ => Vec::new(),
    }
}

fn all_targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        let path = entry?.path();
        if path.extension() == Some("rs".as_ref()) {
            names.extend(path.file_stem().map(Path::new).map(|name| name.display().to_string()));
        }
    }
    names.sort();
    Ok(names)
}

fn cargo(arguments: &[&str]) -> Result<std::process::ExitStatus> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.arg("fuzz").args(arguments).current_dir(root()).env("RUSTC_BOOTSTRAP", "1");
    if arguments == ["--version"] {
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    }
    // The fuzzed build has flags of its own and would throw away everything else that was built.
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), std::path::PathBuf::from);
    Ok(command.env("CARGO_TARGET_DIR", target.join("fuzz")).status()?)
}
