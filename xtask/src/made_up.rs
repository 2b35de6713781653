//! A made-up person's exports: deterministic, with the daily rhythm, overlaps and labels of real ones.

use crate::Result;
use crate::seeded::Seeded;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const DEVICE: &str = "&lt;&lt;HKDevice: 0x301230001&gt;, name:Apple Watch, manufacturer:Apple Inc., model:Watch, hardware:Watch6,2, software:9.1&gt;";

/// The day `n` days after the first of January 2021, by a calendar of twelve 28-day months: no date is ever wrong.
fn date(n: u32) -> (u32, u32, u32) {
    (2021 + n / 336, n % 336 / 28 + 1, n % 28 + 1)
}

/// An Apple Health `export.xml` of the days `days`. The same day is the same in every export that has it.
pub(crate) fn apple_health(path: &Path, days: std::ops::Range<u32>, seed: u64) -> Result<()> {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<HealthData locale=\"en_CH\">\n");
    for n in days {
        let (year, month, day) = date(n);
        let mut lots = Seeded::round(seed, u64::from(n));
        for minute in 0..1_440 {
            let stamp = |second: u32| {
                format!("{year}-{month:02}-{day:02} {:02}:{:02}:{second:02} +0100", minute / 60, minute % 60)
            };
            let wave = (f64::from(minute) / 1_440.0 * std::f64::consts::TAU).sin();
            let beat = 62.0 - 12.0 * wave + lots.share() * 9.0;
            let _ = writeln!(
                text,
                " <Record type=\"HKQuantityTypeIdentifierHeartRate\" sourceName=\"Watch\" sourceVersion=\"9.1\" device=\"{DEVICE}\" \
                 unit=\"count/min\" creationDate=\"{0}\" startDate=\"{0}\" endDate=\"{0}\" value=\"{beat:.0}\"/>",
                stamp(lots.below(60) as u32)
            );
            if minute % 10 == 0 && (420..1_320).contains(&minute) {
                let _ = writeln!(
                    text,
                    " <Record type=\"HKQuantityTypeIdentifierStepCount\" sourceName=\"Phone\" unit=\"count\" creationDate=\"{1}\" \
                     startDate=\"{0}\" endDate=\"{1}\" value=\"{2}\"/>",
                    stamp(0),
                    stamp(59),
                    1 + lots.below(120)
                );
            }
            if minute < 360 && minute % 30 == 0 {
                let stage = ["AsleepCore", "AsleepDeep", "AsleepREM", "Awake"][lots.below(4) as usize];
                let _ = writeln!(
                    text,
                    " <Record type=\"HKCategoryTypeIdentifierSleepAnalysis\" sourceName=\"Watch\" creationDate=\"{1}\" \
                     startDate=\"{0}\" endDate=\"{1}\" value=\"HKCategoryValueSleepAnalysis{stage}\"/>",
                    stamp(0),
                    stamp(50)
                );
            }
        }
    }
    text.push_str("</HealthData>\n");
    std::fs::write(path, text)?;
    Ok(())
}

/// A glucose table of the days `days`.
pub(crate) fn glucose(path: &Path, days: std::ops::Range<u32>, seed: u64) -> Result<()> {
    let mut text = String::from("id,time,gl\n");
    for n in days {
        let (year, month, day) = date(n);
        let mut lots = Seeded::round(seed ^ 0x617, u64::from(n));
        for minute in (0..1_440).step_by(5) {
            let level = 80 + lots.below(90);
            let _ = writeln!(text, "p1,{year}-{month:02}-{day:02} {:02}:{:02}:00,{level}", minute / 60, minute % 60);
        }
    }
    std::fs::write(path, text)?;
    Ok(())
}

/// Writes the exports that a person would make one after the other: each holds some days of the one before.
pub(crate) fn exports(dir: &Path, count: u32, days_each: u32, seed: u64) -> Result<Vec<PathBuf>> {
    let mut made = Vec::new();
    for n in 0..count {
        let from = n * days_each;
        let folder = dir.join(format!("export-{n}"));
        std::fs::create_dir_all(&folder)?;
        apple_health(&folder.join("export.xml"), from.saturating_sub(days_each / 5)..from + days_each, seed)?;
        glucose(&folder.join("glucose.csv"), from..from + days_each, seed)?;
        made.push(folder);
    }
    Ok(made)
}
