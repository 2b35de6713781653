//! Builds the owner's app and lists its files for embedding.
//!
//! An unchanged app is built once for all profiles: the result lies in the target folder under the digest of all that it
//! is made of. Where there is no Node, or no packages can be had, the program is built all the same, with a plain page
//! that says what is missing.

use std::error::Error;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fmt::Write as _};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What the app is made of, beneath `web/`.
const SOURCES: [&str; 8] = [
    "package.json",
    "package-lock.json",
    "vite.config.ts",
    "svelte.config.js",
    "tsconfig.json",
    "index.html",
    "src",
    "public",
];

const MISSING: &str = include_str!("missing.html");

fn main() -> Result<()> {
    let web = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../web");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=missing.html");
    let mut files = Vec::new();
    for source in SOURCES {
        let path = web.join(source);
        println!("cargo::rerun-if-changed={}", path.display());
        collect(&path, &mut files)?;
    }
    let mut digest = blake3::Hasher::new();
    for path in &files {
        let bytes = fs::read(path)?;
        digest.update(path.strip_prefix(&web)?.to_string_lossy().as_bytes());
        digest.update(&(bytes.len() as u64).to_le_bytes());
        digest.update(&bytes);
    }
    let name = digest.finalize().to_hex()[..32].to_owned();
    let built = match app(&web, &out, &name) {
        Ok(built) => Some(built),
        Err(error) => {
            println!("cargo::warning=the owner's app is left out of this build: {error}");
            None
        }
    };
    list(built.as_deref(), &out)
}

/// The built app: what an earlier build left, or a new one.
fn app(web: &Path, out: &Path, name: &str) -> Result<PathBuf> {
    // target/<profile>/build/<package>/out
    let target = out.ancestors().nth(4).ok_or("no target folder")?.join("web");
    fs::create_dir_all(&target)?;
    let built = target.join(name);
    // Builds for two profiles at once would install packages into the same folder.
    let lock = File::create(target.join("lock"))?;
    lock.lock()?;
    if built.join("index.html").is_file() {
        return Ok(built);
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    run(Command::new(npm).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(web))?;
    let fresh = target.join(format!("{name}.new"));
    let _ = fs::remove_dir_all(&fresh);
    run(Command::new(npm).args(["run", "build"]).env("DIDYMOS_WEB_OUT", &fresh).current_dir(web))?;
    fs::rename(&fresh, &built)?;
    Ok(built)
}

fn run(command: &mut Command) -> Result<()> {
    let shown = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{shown}: {error}; Node 20 or newer is needed"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().filter(|line| !line.contains("npm warn")).take(6).collect::<Vec<_>>().join(" | ");
    Err(format!("{shown} ended with {}: {said}", output.status).into())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries =
        fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<Vec<_>>>()?;
    entries.sort();
    entries.iter().try_for_each(|entry| collect(entry, files))
}

/// Writes the table that `page.rs` includes: path, type, bytes, and whether they are packed.
fn list(built: Option<&Path>, out: &Path) -> Result<()> {
    let mut table = String::from("&[\n");
    let mut entry = |path: &str, bytes: &[u8]| -> Result<()> {
        let extension = path.rsplit('.').next().unwrap_or_default();
        let kind = match extension {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "woff2" => "font/woff2",
            "webmanifest" => "application/manifest+json",
            _ => return Err(format!("{path}: no type is known for it").into()),
        };
        let packed = !["png", "woff2"].contains(&extension);
        let held = out.join(format!("asset-{}", blake3::hash(path.as_bytes()).to_hex()));
        if packed {
            let mut gzip = flate2::write::GzEncoder::new(File::create(&held)?, flate2::Compression::best());
            gzip.write_all(bytes)?;
            gzip.finish()?;
        } else {
            fs::write(&held, bytes)?;
        }
        let at = if path == "index.html" { String::from("/") } else { format!("/{path}") };
        writeln!(
            table,
            "    Asset {{ path: {at:?}, kind: {kind:?}, packed: {packed}, bytes: include_bytes!({:?}) }},",
            held.display().to_string()
        )?;
        Ok(())
    };
    match built {
        Some(built) => {
            let mut files = Vec::new();
            collect(built, &mut files)?;
            for file in files {
                let path = file.strip_prefix(built)?.to_string_lossy().replace('\\', "/");
                entry(&path, &fs::read(&file)?)?;
            }
        }
        None => entry("index.html", MISSING.as_bytes())?,
    }
    table.push_str("]\n");
    Ok(fs::write(out.join("assets.rs"), table)?)
}
