//! Simulations: lines as small pictures with figures, trials as a table with bars.

use super::table::{Side, Table, plain};
use super::{bar, faint, heading, number, spark, words};
use crate::exit::Exit;
use crate::trouble::Trouble;
use didymos_twin::response::{Contrast, SimulatedLines, SimulatedTrial};

/// Columns of a bar.
const BAR: usize = 30;

/// Lines for a person.
pub(crate) fn lines(answer: &SimulatedLines, width: usize) -> String {
    let mut text = String::new();
    let room = width.saturating_sub(26).clamp(20, 120);
    for line in &answer.lines {
        let (low, high) =
            line.values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(*y), high.max(*y)));
        text.push_str(&format!(
            "{}  {}\n  {}  {} to {}\n",
            heading(&plain(&line.name)),
            plain(&words::unit(&line.unit)),
            spark::spark(&spark::squeezed(&line.values.iter().copied().map(Some).collect::<Vec<_>>(), room)),
            number::value(low),
            number::value(high)
        ));
    }
    if let (Some(first), Some(last)) = (answer.time.first(), answer.time.last()) {
        text.push_str(&faint(&format!(
            "  from {} to {} {}\n",
            number::value(*first),
            number::value(*last),
            answer.time_unit
        )));
    }
    text.push('\n');
    for figure in &answer.figures {
        text.push_str(&format!(
            "{:<46}{} {}\n",
            plain(&figure.name),
            number::value(figure.value),
            plain(&words::unit(&figure.unit))
        ));
    }
    text.push_str(&faint(&format!("by {}\n", plain(&answer.model.says))));
    for note in &answer.notes {
        text.push_str(&faint(&format!("{}\n", plain(note))));
    }
    text
}

/// A trial for a person.
pub(crate) fn trial(answer: &SimulatedTrial, width: usize) -> String {
    let gained = |gained: Option<&Contrast>| {
        gained.map_or_else(String::new, |g| {
            format!("{:+.1} ({:+.1} to {:+.1})", g.effect, g.interval_95[0], g.interval_95[1])
        })
    };
    let mut table = Table::new([
        ("arm", Side::Left),
        ("70–180 %", Side::Right),
        ("gained", Side::Left),
        ("<70 %", Side::Right),
        ("gained", Side::Left),
        (">180 %", Side::Right),
        ("U/day", Side::Right),
        ("p", Side::Right),
    ]);
    for arm in &answer.arms {
        table.row([
            plain(&arm.name),
            format!("{:.1}", arm.ranges.in_range),
            gained(arm.in_range_gained.as_ref()),
            format!("{:.1}", arm.ranges.under_70),
            gained(arm.under_70_gained.as_ref()),
            format!("{:.1}", arm.ranges.over_180),
            format!("{:.1}", arm.insulin_u_per_day),
            arm.in_range_gained.as_ref().map_or_else(String::new, |gained| format!("{:.3}", gained.p)),
        ]);
    }
    let mut text =
        format!("{}  {} patient-days\n", heading("Trial on virtual people"), number::count(answer.patient_days));
    text.push_str(&table.render(width));
    text.push_str("\ntime in 70–180 mg/dL\n");
    for arm in &answer.arms {
        let name: String = plain(&arm.name).chars().take(24).collect();
        text.push_str(&format!(
            "{name:<26}{} {:.1} %\n",
            bar::length(arm.ranges.in_range / 100.0, BAR),
            arm.ranges.in_range
        ));
    }
    text.push_str(&faint(
        "gained: against the first arm, mean over people, with the interval that holds it at 95 % (by lots)\n",
    ));
    text
}

fn csv(rows: impl IntoIterator<Item = Vec<String>>) -> Result<String, Trouble> {
    let failed = |words: String| Trouble::new(Exit::Io, format!("cannot write CSV: {words}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(|error| failed(error.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

/// People × arms.
pub(crate) fn trial_csv(answer: &SimulatedTrial) -> Result<String, Trouble> {
    let head = ["person", "arm", "in_range", "under_70", "under_54", "over_180", "insulin_u_per_day"];
    let rows = answer.people.iter().map(|row| {
        let r = &row.ranges;
        let figures = [r.in_range, r.under_70, r.under_54, r.over_180, row.insulin_u_per_day];
        [row.person.to_string(), row.arm.clone()].into_iter().chain(figures.map(|figure| figure.to_string())).collect()
    });
    csv([head.map(str::to_owned).to_vec()].into_iter().chain(rows))
}

/// Steps × lines.
pub(crate) fn lines_csv(answer: &SimulatedLines) -> Result<String, Trouble> {
    let head =
        [format!("time_{}", answer.time_unit)].into_iter().chain(answer.lines.iter().map(|line| line.name.clone()));
    let rows = answer.time.iter().enumerate().map(|(at, time)| {
        let values = answer.lines.iter().map(|line| line.values.get(at).map_or_else(String::new, f64::to_string));
        [time.to_string()].into_iter().chain(values).collect()
    });
    csv([head.collect::<Vec<_>>()].into_iter().chain(rows))
}
