//! The real program as real processes: what a person's terminal would run.

use crate::{Result, root};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A built `twin`, and a folder that it keeps a twin in.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) binary: PathBuf,
    pub(crate) home: PathBuf,
    pub(crate) passphrase: String,
}

/// Builds `twin` in release, unless one is given.
pub(crate) fn binary(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(given) = given {
        return Ok(std::path::absolute(given)?);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args([
            "build",
            "--release",
            "--package",
            "didymos-cli",
            "--bin",
            "twin",
            "--message-format=json-render-diagnostics",
        ])
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()?;
    if !built.status.success() {
        return Err("twin does not build".into());
    }
    let lines = String::from_utf8(built.stdout)?;
    let executable = lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .next_back();
    executable.ok_or_else(|| "cargo named no executable".into())
}

impl Program {
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .arg("--json")
            .env("TWIN_HOME", &self.home)
            .env("TWIN_PASSPHRASE", &self.passphrase)
            .stdin(Stdio::null());
        command
    }

    /// Starts it and lets it run.
    pub(crate) fn start(&self, arguments: &[&str]) -> Result<Child> {
        Ok(self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
    }

    /// Runs it to its end, whatever that is.
    pub(crate) fn output(&self, arguments: &[&str]) -> Result<Output> {
        Ok(self.command(arguments).output()?)
    }

    /// Runs it and reads its answer; anything but success is an error.
    pub(crate) fn answer(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.output(arguments)?;
        if !output.status.success() {
            return Err(format!("twin {}: {}", arguments.join(" "), told(&output)).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Observations per stream.
    pub(crate) fn counts(&self) -> Result<BTreeMap<String, u64>> {
        let streams = self.answer(&["streams"])?;
        let rows = streams.as_array().ok_or("`streams` is no list")?;
        Ok(rows
            .iter()
            .map(|row| (row["id"].as_str().unwrap_or_default().to_owned(), row["count"].as_u64().unwrap_or_default()))
            .collect())
    }

    /// Commits, if nothing is damaged.
    pub(crate) fn sound(&self) -> Result<u64> {
        let report = self.answer(&["verify"])?;
        match report["damaged"].as_array() {
            Some(damaged) if damaged.is_empty() => {
                report["commits"].as_u64().ok_or_else(|| "no number of commits".into())
            }
            _ => Err(format!("verify names damage: {}", report["damaged"]).into()),
        }
    }
}

/// Exit code and words of a process that ended.
pub(crate) fn told(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout).chars().take(2_000).collect::<String>()
    )
}
