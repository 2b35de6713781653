//! Experiments: a list, or one with its schedule and result.

use super::table::{Side, Table, plain};
use super::{faint, good, heading, notable, number};
use didymos_twin::response::{ExperimentShown, ExperimentState};

fn state(shown: &ExperimentShown) -> String {
    match shown.state {
        ExperimentState::Planned => "planned".to_owned(),
        ExperimentState::Running => format!("day {} of {}", shown.days_done + 1, shown.days),
        ExperimentState::Done => "done".to_owned(),
        ExperimentState::Ended => "ended early".to_owned(),
    }
}

/// All of them.
pub(crate) fn list(all: &[ExperimentShown], width: usize) -> String {
    if all.is_empty() {
        return "no experiment is laid out; `twin ask … --save` keeps the trial that would settle a question\n"
            .to_owned();
    }
    let columns = [("id", Side::Left), ("state", Side::Left), ("outcome", Side::Left), ("what", Side::Left)];
    let mut table = Table::new(columns);
    for shown in all {
        let title = plain(&shown.experiment.title);
        table.row([shown.id.clone(), state(shown), shown.experiment.outcome.to_string(), title]);
    }
    table.render(width)
}

/// One of them.
pub(crate) fn one(shown: &ExperimentShown, width: usize) -> String {
    let mut text = format!("{}  {}  {}\n", heading(&plain(&shown.experiment.title)), state(shown), faint(&shown.id));
    if let Some(today) = &shown.today {
        text.push_str(&format!("Today: {}\n", good(&plain(today))));
    }
    text.push_str(&format!(
        "{} of {} days are over; {} of the outcome\n",
        number::count(shown.days_done),
        number::count(shown.days),
        number::counted(shown.days_measured, "counted day")
    ));
    for result in &shown.result {
        text.push_str(&format!("\n{}\n", heading(&plain(&result.says))));
        let chance = result.contrast.p;
        text.push_str(&format!(
            "{} pairs; chance alone shows as much {:.1} % of the time\n",
            result.contrast.pairs,
            chance * 100.0
        ));
    }
    if let Some(waiting) = &shown.waiting {
        text.push_str(&format!("{}\n", plain(waiting)));
    }
    for note in &shown.notes {
        text.push_str(&format!("{} {}\n", notable("Mind:"), plain(note)));
    }
    let mut table = Table::new([
        ("block", Side::Right),
        ("from", Side::Left),
        ("to", Side::Left),
        ("counts from", Side::Left),
        ("what", Side::Left),
    ]);
    for period in &shown.schedule {
        let (from, to, counted) = (period.from.clone(), period.to.clone(), period.counted_from.clone());
        table.row([period.block.to_string(), from, to, counted, plain(&period.arm)]);
    }
    text.push('\n');
    text.push_str(&table.render(width));
    text
}
