//! What an import brought: a line per file, what was left out and why, what is new.

use super::table::{Side, Table, plain};
use super::{bad, faint, good, heading, notable, number};
use didymos_twin::response::{ImportReport, ImportedFile};
use std::collections::BTreeMap;
use std::path::Path;

/// Whether the file gave what it has, or broke off.
pub(crate) fn is_whole(file: &ImportedFile) -> bool {
    file.error.is_none() && file.format != "unknown"
}

/// The report for a person.
pub(crate) fn render(report: &ImportReport, width: usize) -> String {
    let mut text = String::new();
    if report.files.is_empty() {
        return "no files were found there\n".to_owned();
    }
    let mut files = Table::new([
        ("file", Side::Left),
        ("format", Side::Left),
        ("new", Side::Right),
        ("known", Side::Right),
        ("skipped", Side::Right),
    ]);
    for file in &report.files {
        let skipped: u64 = file.skipped.values().sum();
        files.row([
            name(&file.path),
            plain(&file.format),
            number::count(file.added),
            number::count(file.duplicate),
            if skipped == 0 { String::new() } else { number::count(skipped) },
        ]);
    }
    text.push_str(&files.render(width));

    for file in report.files.iter().filter(|file| file.error.is_some() || file.format == "unknown") {
        let why = file.error.as_deref().unwrap_or("not a format that this program knows");
        text.push_str(&format!("\n{} {}", bad("not read to its end:"), plain(why)));
    }
    if report.files.iter().any(|file| !is_whole(file)) {
        text.push('\n');
    }
    let skipped = summed(report.files.iter().map(|file| &file.skipped));
    if !skipped.is_empty() {
        text.push_str(&format!("\n{}\n", heading("Skipped, and why")));
        text.push_str(&reasons(&skipped, width));
    }
    let notes = summed(report.files.iter().map(|file| &file.notes));
    if !notes.is_empty() {
        text.push_str(&format!("\n{}\n", heading("Passed over on purpose")));
        text.push_str(&reasons(&notes, width));
    }
    if !report.streams.is_empty() {
        text.push_str(&format!("\n{}\n", heading("New observations")));
        let mut streams = Table::new([("", Side::Left), ("", Side::Right)]);
        let mut by_count: Vec<_> = report.streams.iter().filter(|(_, count)| **count > 0).collect();
        by_count.sort_by(|(one, a), (other, b)| b.cmp(a).then(one.cmp(other)));
        for (stream, count) in by_count {
            streams.row([format!("  {}", plain(stream)), number::count(*count)]);
        }
        text.push_str(&streams.render(width));
    }
    text.push_str(&format!("\n{}\n", summary(report)));
    text
}

fn summary(report: &ImportReport) -> String {
    let rate = report.added + report.duplicate;
    let pace = if report.seconds > 0.05 {
        format!(", {} a second", number::count((rate as f64 / report.seconds) as u64))
    } else {
        String::new()
    };
    let took = faint(&format!("in {}{pace}", number::seconds(report.seconds)));
    let added = format!("{} new", number::count(report.added));
    let added = if report.added > 0 { good(&added) } else { notable(&added) };
    format!("{added}, {} known already, {took}", number::count(report.duplicate))
}

fn reasons(counts: &BTreeMap<&str, u64>, width: usize) -> String {
    let mut table = Table::new([("", Side::Right), ("", Side::Left)]);
    for (reason, count) in counts {
        table.row([format!("  {}", number::count(*count)), plain(reason)]);
    }
    table.render(width)
}

fn summed<'a>(all: impl Iterator<Item = &'a BTreeMap<String, u64>>) -> BTreeMap<&'a str, u64> {
    let mut sums = BTreeMap::new();
    for (reason, count) in all.flatten() {
        *sums.entry(reason.as_str()).or_default() += count;
    }
    sums
}

/// The file's own name, with the archive's before it where it is a member of one.
fn name(path: &str) -> String {
    match path.split_once('!') {
        Some((archive, member)) => format!("{} ! {}", last_part(archive), plain(member)),
        None => last_part(path),
    }
}

fn last_part(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| plain(path), |name| plain(&name.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_says_what_is_new_and_what_was_left_out() {
        let file = ImportedFile {
            path: "/data/export.zip!apple_health_export/export.xml".into(),
            format: "apple_health_xml".into(),
            added: 1_200,
            duplicate: 3,
            skipped: [("not a number".to_owned(), 2)].into(),
            ..ImportedFile::default()
        };
        let torn = ImportedFile {
            path: "/data/torn.gpx".into(),
            format: "gpx".into(),
            error: Some("/data/torn.gpx: damaged at byte 12".into()),
            ..ImportedFile::default()
        };
        assert!(is_whole(&file) && !is_whole(&torn));
        let report = ImportReport {
            import: String::new(),
            files: vec![file, torn],
            added: 1_200,
            duplicate: 3,
            streams: [("heart_rate".to_owned(), 1_200)].into(),
            seconds: 0.02,
        };
        let text = render(&report, 120);
        for part in [
            "export.zip ! apple_health_export/export.xml  apple_health_xml  1,200      3        2\n",
            "torn.gpx                                     gpx                   0      0",
            "not read to its end: /data/torn.gpx: damaged at byte 12\n",
            "  2  not a number\n",
            "  heart_rate  1,200\n",
            "1,200 new, 3 known already, in 0.0 s\n",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
    }
}
