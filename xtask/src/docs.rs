//! Documents that must not fall behind: every dependency is explained in ARCHITECTURE.md and every test named there
//! exists. And what it says of the pure crates is so: they name nothing that reads the world.

use crate::{Result, root};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Crates that get time and randomness as arguments and touch nothing.
const PURE: [&str; 7] = ["base", "identity", "consent", "guard", "circle", "copies", "mirror"];
/// What reads the world, by the names it goes by in Rust.
const WORLD: [&str; 10] = [
    "SystemTime",
    "Instant",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::thread",
    "getrandom",
    "rand::",
    "println!",
];

pub(crate) fn run() -> Result<()> {
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md"))?;
    let mut wrong = Vec::new();
    let explained: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("- `")?.split('`').next()).collect();
    let used = dependencies()?;
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
    let tests: Vec<&str> = page
        .split('`')
        .filter(|code| {
            let word = code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            word && code.matches('_').count() >= 3
        })
        .collect();
    for test in &tests {
        if !functions.contains(*test) {
            wrong.push(format!("ARCHITECTURE.md names the test `{test}`, which there is none of"));
        }
    }
    for name in PURE {
        for file in sources(&root().join("crates").join(name).join("src"))? {
            let text = std::fs::read_to_string(&file)?;
            for world in WORLD.iter().filter(|world| text.contains(**world)) {
                wrong.push(format!(
                    "{name} is pure, but {} names `{world}`",
                    file.file_name().unwrap_or_default().display()
                ));
            }
        }
    }
    for line in &wrong {
        eprintln!("{line}");
    }
    println!("docs: {} dependencies explained, {} tests named, {} wrong", used.len(), tests.len(), wrong.len());
    if wrong.is_empty() { Ok(()) } else { Err("the documents are behind the code".into()) }
}

/// Names of the dependencies that some member of the workspace uses.
fn dependencies() -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut manifests = vec![root().join("bench/Cargo.toml"), root().join("xtask/Cargo.toml")];
    for entry in std::fs::read_dir(root().join("crates"))? {
        manifests.push(entry?.path().join("Cargo.toml"));
    }
    for manifest in manifests.iter().filter(|manifest| manifest.is_file()) {
        let text = std::fs::read_to_string(manifest)?;
        let section = |line: &str| line.starts_with('[') && line.contains("dependencies");
        let mut within = false;
        for line in text.lines() {
            if line.starts_with('[') {
                within = section(line);
            } else if let Some((name, _)) = line.split_once(['.', ' ', '=']).filter(|_| within) {
                names.insert(name.to_owned());
            }
        }
    }
    names.retain(|name| !name.is_empty() && !name.starts_with('#'));
    Ok(names)
}

/// All Rust files under `dir`.
fn sources(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path.extension() == Some("rs".as_ref()) {
                files.push(path);
            }
        }
    }
    Ok(files)
}

/// Names of all functions under `dir`.
fn functions(dir: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for file in sources(dir)? {
        let text = std::fs::read_to_string(file)?;
        let starts = text.split("fn ").skip(1);
        names.extend(starts.filter_map(|rest| rest.split(['(', '<']).next().map(str::to_owned)));
    }
    Ok(names)
}
