//! Documents that must not fall behind: every dependency is explained in ARCHITECTURE.md, every test named there
//! exists, and every crate has its place.

use crate::{Result, root};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(crate) fn run() -> Result<()> {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md"))?;
    let mut wrong = Vec::new();
    let explained: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("- `")?.split('`').next()).collect();
    let used = dependencies(&std::fs::read_to_string(root().join("Cargo.toml"))?);
    for name in &used {
        if !explained.contains(name.as_str()) && !name.starts_with("didymos-") {
            wrong.push(format!("ARCHITECTURE.md does not say what `{name}` is for"));
        }
    }
    let section = page.split("\n## Dependencies").nth(1).unwrap_or_default();
    for name in section.lines().filter_map(|line| line.strip_prefix("- `")?.split('`').next()) {
        if !used.contains(name) && name != "libfuzzer-sys" {
            wrong.push(format!("ARCHITECTURE.md explains `{name}`, which is no dependency any more"));
        }
    }
    let functions = functions(&root().join("crates"))?;
    let tests: Vec<&str> = page.split('`').skip(1).step_by(2).filter(|code| code.matches('_').count() >= 3).collect();
    for test in &tests {
        if !functions.contains(*test) {
            wrong.push(format!("ARCHITECTURE.md names the test `{test}`, which there is none of"));
        }
    }
    for line in &wrong {
        eprintln!("{line}");
    }
    println!("docs: {} dependencies explained, {} tests named, {} wrong", used.len(), tests.len(), wrong.len());
    if wrong.is_empty() { Ok(()) } else { Err("the documents are behind the code".into()) }
}

/// Names below `[workspace.dependencies]`.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    manifest
        .lines()
        .skip_while(|line| *line != "[workspace.dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('=').map(|(name, _)| name.trim().to_owned()))
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .collect()
}

/// Names of all functions under `dir`.
fn functions(dir: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut folders: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path.extension() == Some("rs".as_ref()) {
                let text = std::fs::read_to_string(&path)?;
                let starts = text.split("fn ").skip(1);
                names.extend(starts.filter_map(|rest| rest.split(['(', '<']).next().map(str::to_owned)));
            }
        }
    }
    Ok(names)
}
