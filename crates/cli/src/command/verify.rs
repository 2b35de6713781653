//! `twin verify`: reads and hashes everything again.

use crate::arguments::Globals;
use crate::exit::Exit;
use crate::output;
use crate::reach::reach;
use crate::render::{bad, good, number, table::plain};
use crate::trouble::Trouble;
use didymos_twin::response::{Damage, VerifyReport};
use didymos_twin::{Request, Response};

pub(crate) fn run(globals: &Globals) -> Result<Exit, Trouble> {
    let reach = reach(globals)?;
    let Response::Verify(report) = reach.work(&Request::Verify, "stopping")? else {
        return Err(Trouble::misunderstood());
    };
    if globals.json {
        output::json(&report)?;
    } else {
        output::text(&render(&report))?;
    }
    Ok(if report.damaged.is_empty() { Exit::Done } else { Exit::BadNews })
}

fn render(report: &VerifyReport) -> String {
    let read = format!(
        "{}, {}, {}",
        number::counted(report.commits, "commit"),
        number::counted(report.objects, "object"),
        number::counted(report.observations, "observation"),
    );
    if report.damaged.is_empty() {
        return format!("{} {read}: every digest, seal and signature holds\n", good("whole"));
    }
    let mut text = format!("{} {read} hold; this does not:\n", bad("damaged"));
    damages(&mut text, &report.damaged);
    text.push_str(
        "\n`twin repair` heals it from your backups (`twin backup list`). Nothing wrong is ever shown as right.\n",
    );
    text
}

/// One line for each damage.
pub(crate) fn damages(text: &mut String, damaged: &[Damage]) {
    for damage in damaged {
        let object = damage.object.map_or_else(String::new, |object| format!(", object {}", object.short()));
        let place = format!("{} at byte {}{object}", damage.file, number::count(damage.at));
        text.push_str(&format!("  {}: {}\n", plain(&place), plain(&damage.what)));
    }
}
