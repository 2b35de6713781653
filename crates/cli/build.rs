//! Packs the demo's data, which are plain tables and would be a fifth of the program.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What the demo calls each file, and where it lies in `demo/`.
const FILES: [(&str, &str); 7] = [
    ("fitbit-heart-rate.csv", "5553957443_heartrate_minutes.csv"),
    ("fitbit-steps.csv", "5553957443_minuteStepsNarrow.csv"),
    ("fitbit-intensity.csv", "5553957443_minuteIntensitiesNarrow.csv"),
    ("fitbit-days.csv", "5553957443_dailyActivity.csv"),
    ("fitbit-sleep.csv", "5553957443_sleepDay.csv"),
    ("glucose.csv", "1636-70-1005_glucose.csv"),
    ("cerknicko-jezero.gpx", "cerknicko-jezero.gpx"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let demo = Path::new("../../demo");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut table = String::from("[\n");
    for (name, file) in FILES {
        let from = demo.join(file);
        println!("cargo::rerun-if-changed={}", from.display());
        let bytes = fs::read(&from).map_err(|error| format!("{}: {error}", from.display()))?;
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&bytes)?;
        let to = out.join(format!("{name}.gz"));
        fs::write(&to, packed.finish()?)?;
        writeln!(table, "    ({name:?}, include_bytes!({:?})),", to.display().to_string())?;
    }
    table.push(']');
    fs::write(out.join("demo.rs"), table)?;
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
