//! `twin repair`: heals what `verify` finds.

use super::verify::damages;
use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::{bad, good, number};
use crate::trouble::Trouble;
use didymos_twin::response::RepairReport;
use didymos_twin::{Request, Response};

pub(crate) fn run(globals: &Globals) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    let Response::Repair(report) = reach.work(&Request::Repair, "stopping")? else {
        return Err(Trouble::misunderstood());
    };
    if globals.json {
        output::json(&report)?;
    } else {
        output::text(&render(&report))?;
    }
    Ok(if report.remaining.is_empty() { Exit::Done } else { Exit::BadNews })
}

fn render(report: &RepairReport) -> String {
    if report.healed.is_empty() && report.remaining.is_empty() {
        return format!("{}: there was nothing to repair\n", good("whole"));
    }
    let mut text = String::new();
    if !report.healed.is_empty() {
        text.push_str(&format!("{} {}:\n", good("healed"), number::counted(report.healed.len() as u64, "damage")));
        damages(&mut text, &report.healed);
    }
    if !report.remaining.is_empty() {
        text.push_str(&format!("{}:\n", bad("still damaged")));
        damages(&mut text, &report.remaining);
        text.push_str("\nNo backup or friend who was reached has these. Attach a backup that has (`twin backup add`), or wait for friends \
             (`twin up`), and repair again.\n");
    }
    text
}
