//! A value and the chain behind it, from what was seen to who signed it.

use super::table::plain;
use super::{bad, faint, good, heading, number, words};
use didymos_base::streams;
use didymos_twin::response::Provenance;
use didymos_vault::proof::Checked;

/// Steps of a chain: what, and lines about it.
struct Chain(Vec<(&'static str, Vec<String>)>);

impl Chain {
    fn step(&mut self, what: &'static str, lines: impl IntoIterator<Item = String>) {
        self.0.push((what, lines.into_iter().map(|line| plain(&line)).collect()));
    }

    fn render(&self) -> String {
        let wide = self.0.iter().map(|(what, _)| what.len()).max().unwrap_or(0);
        let mut text = String::new();
        for (at, (what, lines)) in self.0.iter().enumerate() {
            let mark = if at + 1 < self.0.len() { "├─" } else { "└─" };
            let below = if at + 1 < self.0.len() { "│ " } else { "  " };
            for (i, line) in lines.iter().enumerate() {
                let label = if i == 0 { *what } else { "" };
                let mark = faint(if i == 0 { mark } else { below });
                text.push_str(&format!("  {mark} {}  {line}\n", faint(&format!("{label:wide$}"))));
            }
        }
        text
    }
}

/// One observation with its whole provenance.
pub(crate) fn render(shown: &Provenance) -> String {
    let observation = &shown.observation;
    let label = streams::label(observation.stream.as_str());
    let value = plain(&words::value(&observation.value, &observation.unit));
    let mut text = format!("{}  {}\n{}\n", heading(&label), heading(&value), plain(&words::when(observation)));
    if shown.same_time > 0 {
        let others = number::counted(shown.same_time.into(), "other observation");
        text.push_str(&faint(&format!("{others} of this stream at the very same moment\n")));
    }
    text.push('\n');

    let mut chain = Chain(Vec::new());
    let code = shown.code.as_ref().map_or_else(String::new, |code| format!(", {} {}", code.system, code.code));
    chain.step("stream", [format!("{} in {}{code}", observation.stream, observation.unit)]);
    chain.step("source", words::source(&observation.source));
    let mut file = vec![shown.file.name.clone()];
    file.push(format!("read as {}, record at byte {}", shown.file.format, number::count(shown.position)));
    match (shown.file.bytes, shown.file.digest) {
        (Some(bytes), Some(digest)) => file.push(format!("{} bytes, BLAKE3 {digest}", number::count(bytes))),
        _ => file.push("was not read to its end".to_owned()),
    }
    chain.step("file", file);
    chain.step("import", [words::time(&shown.imported)]);
    let place =
        format!("observation {} of {}", number::count(u64::from(shown.index) + 1), number::count(shown.of.into()));
    chain.step("object", [shown.object.to_string(), place]);
    let commit = &shown.commit;
    let made = format!("number {}, made {}", commit.seq, words::time(&commit.time));
    chain.step("commit", [made, commit.digest.to_string()]);
    chain.step("device", [commit.device.to_string()]);
    text.push_str(&chain.render());
    text.push('\n');
    text.push_str(&if shown.verified {
        good("checked just now: the value hashes up to what the device signed")
    } else {
        bad("this does not hold: run `twin verify`")
    });
    text.push('\n');
    text
}

/// What a checked proof shows.
pub(crate) fn checked(checked: &Checked, bytes: usize) -> String {
    let observation = &checked.observation;
    let label = streams::label(observation.stream.as_str());
    let value = plain(&words::value(&observation.value, &observation.unit));
    let mut chain = Chain(Vec::new());
    chain.step("source", words::source(&observation.source));
    let (index, of) = checked.place;
    let place = format!("observation {} of {}", number::count(u64::from(index) + 1), number::count(of.into()));
    chain.step("object", [checked.object.to_string(), place]);
    let commit = &checked.commit;
    let time = words::time(&commit.time.rfc3339(didymos_base::ZoneOffset::UTC));
    chain.step("commit", [format!("number {}, made {time}", commit.seq), commit.digest().to_string()]);
    chain.step("device", [commit.device.to_string()]);
    chain.step("owner", [checked.owner.to_string()]);
    for (witness, at) in &checked.witnesses {
        let seen = format!("seen {}", words::time(&at.rfc3339(didymos_base::ZoneOffset::UTC)));
        chain.step("witness", [witness.to_string(), seen]);
    }
    format!(
        "{}  {}\n{}\n\n{}\n{} {}\n{}\n",
        heading(&label),
        heading(&value),
        plain(&words::when(observation)),
        chain.render(),
        good("signature holds"),
        faint(&format!("({} bytes; nothing else of the journal is revealed)", number::count(bytes as u64))),
        faint(
            "It shows that the owner's device recorded this by then, not that the value was true. Whether that owner is who you think, ask them."
        ),
    )
}
