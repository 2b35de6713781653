//! Rot: one random byte or length of one file of a data directory, again and again. What is spoiled is named and
//! refused, or it is provably harmless; a copy heals it; and no question ever gets another answer than before.

use crate::seeded::Seeded;
use crate::{Result, made_up};
use clap::Args;
use didymos_identity::{KdfCost, KeyFile, RecoveryPhrase};
use didymos_twin::request::{BackupAdd, BackupWhich, Import, Query, View, Which};
use didymos_twin::response::{RepairReport, VerifyReport};
use didymos_twin::{Door, Failure, FailureCode, Request, Response, Twin, unwatched};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Instant;

const PASSPHRASE: &str = "correct horse battery";
/// Files that hold nothing that cannot be made again. What rots in them may go unnoticed, but must change no answer.
const DERIVED: [&str; 2] = ["derived", "lock"];

/// What to spoil, and how often.
#[derive(Args)]
pub(crate) struct Rot {
    /// Rounds, each from the same sound directory
    #[arg(long, default_value_t = 1_000)]
    rounds: u64,
    /// Where the lots come from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this round
    #[arg(long)]
    round: Option<u64>,
}

/// How the rounds on one file ended.
#[derive(Default)]
struct Tally {
    rounds: u64,
    named: u64,
    harmless: u64,
    refused_answers: u64,
    healed: u64,
}

/// How one round ended well.
struct Outcome {
    named: bool,
    refused_answers: u64,
}

/// A change of one file.
enum Spoil {
    Flip { at: usize, mask: u8 },
    Cut { len: usize },
}

impl Rot {
    pub(crate) fn run(&self) -> Result<()> {
        let began = Instant::now();
        // In memory where that can be had: each answer leaves a receipt that waits for the medium, which is not tested here.
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
        let home = dir.path().join("home");
        let questions = make(dir.path(), &home)?;
        let sound = Snapshot::of(&home)?;
        let right = {
            let twin = open(&home)?;
            answers(&twin, &questions)
        };
        if right.iter().any(|answer| answer.starts_with("failed")) {
            return Err(format!("the sound twin does not answer: {right:?}").into());
        }
        let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
        let mut wrong = Vec::new();
        let rounds = self.round.map_or(0..self.rounds, |round| round..round + 1);
        // A panic is told by its round, not by a trace in the middle of the table.
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        for round in rounds {
            let mut lots = Seeded::round(self.seed, round);
            let (name, bytes) = sound.pick(round, &mut lots);
            let (spoiled, what) = spoil(bytes, &mut lots);
            sound.put_back(&home)?;
            std::fs::write(home.join(name), &spoiled)?;
            let changed = spoiled != *bytes && !same_keys(&spoiled, bytes);
            let attempt = AssertUnwindSafe(|| one(&home, name, changed, &questions, &right, lots.once_in(2)));
            let tally = tallies.entry(name).or_default();
            tally.rounds += 1;
            let told = match catch_unwind(attempt) {
                Ok(Ok(outcome)) => {
                    *(if outcome.named { &mut tally.named } else { &mut tally.harmless }) += 1;
                    tally.refused_answers += outcome.refused_answers;
                    tally.healed += 1;
                    continue;
                }
                Ok(Err(error)) => error,
                Err(panic) => format!("PANIC: {}", words_of(&*panic)),
            };
            let what = match what {
                Spoil::Flip { at, mask } => format!("byte {at} of {} xor {mask:#04x}", bytes.len()),
                Spoil::Cut { len } => format!("cut from {} to {len}", bytes.len()),
            };
            eprintln!("round {round}: {name} {what}: {told}");
            wrong.push(round);
        }
        std::panic::set_hook(hook);
        print(&tallies, &sound);
        println!(
            "rot: {} rounds with seed {}, {} wrong, {:.1} s",
            tallies.values().map(|tally| tally.rounds).sum::<u64>(),
            self.seed,
            wrong.len(),
            began.elapsed().as_secs_f64()
        );
        match wrong.first() {
            None => Ok(()),
            Some(round) => Err(format!("run `cargo xtask rot --seed {} --round {round}` again", self.seed).into()),
        }
    }
}

/// Makes a twin with some weeks of several streams and a copy beside it; returns the questions to ask of it.
fn make(dir: &Path, home: &Path) -> Result<Vec<Request>> {
    let phrase = RecoveryPhrase::from_entropy([7; 32]);
    let twin = Twin::init(home, &phrase, PASSPHRASE, KdfCost::for_tests())?;
    for folder in made_up::exports(dir, 3, 10, 1)? {
        ask(&twin, Request::Import(Import { paths: vec![folder], ..Import::default() }))?;
    }
    let target = dir.join("copy").display().to_string();
    let Response::Streams(streams) = ask(&twin, Request::Streams)? else { return Err("another answer".into()) };
    let mut questions = vec![Request::Streams];
    for stream in &streams {
        let id = &stream.id;
        for every in [None, Some("1h"), Some("1d"), Some("1w")] {
            let every = every.map(str::parse).transpose()?;
            let query = Query { stream: id.clone(), from: None, to: None, every, source: None, limit: 100_000 };
            questions.push(Request::Query(query));
        }
        let (from, to) = (stream.span.0, stream.span.1 + 1);
        for (to, points) in [(to, 200), (from + 7_200_000, 400)] {
            questions.push(Request::View(View { stream: id.clone(), from, to, points }));
        }
        questions.push(Request::Show(Which { stream: id.clone(), time: "2021-01-09T03:00".parse()? }));
    }
    // Asking once fills the roll-ups, so that they are there to rot.
    answers(&twin, &questions);
    ask(&twin, Request::BackupAdd(BackupAdd { target, options: BTreeMap::new() }))?;
    ask(&twin, Request::BackupRun(BackupWhich::default()))?;
    Ok(questions)
}

fn open(home: &Path) -> std::result::Result<Twin, Failure> {
    Twin::open(home, PASSPHRASE)
}

fn ask(twin: &Twin, request: Request) -> std::result::Result<Response, Failure> {
    twin.ask(&twin.principal(), request, &mut unwatched)
}

/// The answers as text; a refusal because of damage is `damaged`.
fn answers(twin: &Twin, questions: &[Request]) -> Vec<String> {
    let answer = |question: &Request| match ask(twin, question.clone()) {
        Ok(answer) => serde_json::to_string(&answer).unwrap_or_else(|error| format!("failed: {error}")),
        Err(failure) if failure.code == FailureCode::Damaged => "damaged".to_owned(),
        Err(failure) => format!("failed: {:?}: {}", failure.code, failure.message),
    };
    questions.iter().map(answer).collect()
}

fn verify(twin: &Twin) -> std::result::Result<VerifyReport, String> {
    match ask(twin, Request::Verify) {
        Ok(Response::Verify(report)) => Ok(report),
        Ok(other) => Err(format!("another answer: {other:?}")),
        Err(failure) => Err(format!("verify: {failure:?}")),
    }
}

/// Compares answers with the right ones; returns how many were refused.
fn compare(twin: &Twin, questions: &[Request], right: &[String]) -> std::result::Result<u64, String> {
    let mut refused = 0;
    for ((got, right), question) in answers(twin, questions).iter().zip(right).zip(questions) {
        match got.as_str() {
            "damaged" => refused += 1,
            got if got == right => {}
            got => {
                let from = got.bytes().zip(right.bytes()).take_while(|(a, b)| a == b).count();
                let near = |text: &str| text.chars().skip(from.saturating_sub(20)).take(120).collect::<String>();
                return Err(format!("WRONG ANSWER to {question:?}: {} instead of {}", near(got), near(right)));
            }
        }
    }
    Ok(refused)
}

fn one(
    home: &Path,
    name: &str,
    changed: bool,
    questions: &[Request],
    right: &[String],
    verify_first: bool,
) -> std::result::Result<Outcome, String> {
    let twin = open(home).map_err(|failure| format!("does not open: {failure:?}"))?;
    // The next acknowledged write replaces a slot of the head as a matter of course, so what opening told counts too.
    let told_at_opening = twin.notices().iter().any(|notice| notice.starts_with(name));
    let mut refused_answers = 0;
    if !verify_first {
        refused_answers += compare(&twin, questions, right)?;
    }
    let report = verify(&twin)?;
    if verify_first {
        refused_answers += compare(&twin, questions, right)?;
    }
    let named = told_at_opening || report.damaged.iter().any(|damage| damage.file == name);
    if changed && !named && !DERIVED.contains(&name) {
        return Err(format!("UNNOTICED: verify names {:?}", report.damaged));
    }
    if !named && refused_answers > 0 {
        return Err("answers are refused, but verify names no damage".to_owned());
    }
    match ask(&twin, Request::Repair) {
        Ok(Response::Repair(RepairReport { remaining, .. })) if remaining.is_empty() => {}
        other => return Err(format!("NOT HEALED: {other:?}")),
    }
    healed(&twin, questions, right, "after the repair")?;
    drop(twin);
    let twin = open(home).map_err(|failure| format!("healed, but does not open: {failure:?}"))?;
    healed(&twin, questions, right, "opened again")?;
    Ok(Outcome { named, refused_answers })
}

fn healed(twin: &Twin, questions: &[Request], right: &[String], when: &str) -> std::result::Result<(), String> {
    let report = verify(twin)?;
    if !report.damaged.is_empty() {
        return Err(format!("{when}, verify still names {:?}", report.damaged));
    }
    match compare(twin, questions, right) {
        Ok(0) => Ok(()),
        Ok(refused) => Err(format!("{when}, {refused} answers are refused")),
        Err(wrong) => Err(format!("{when}: {wrong}")),
    }
}

fn spoil(bytes: &[u8], lots: &mut Seeded) -> (Vec<u8>, Spoil) {
    let at = lots.below(bytes.len() as u64) as usize;
    if bytes.is_empty() || lots.once_in(4) {
        return (bytes[..at.min(bytes.len())].to_vec(), Spoil::Cut { len: at });
    }
    let mask = if lots.once_in(2) { 1 << lots.below(8) } else { 1 + lots.below(255) as u8 };
    let mut spoiled = bytes.to_vec();
    spoiled[at] ^= mask;
    (spoiled, Spoil::Flip { at, mask })
}

/// A key file whose white space, or the case of a hexadecimal digit, changed says the same: its own check sum proves it.
fn same_keys(spoiled: &[u8], sound: &[u8]) -> bool {
    KeyFile::parse(sound).is_ok_and(|sound| KeyFile::parse(spoiled).as_ref() == Ok(&sound))
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without words")
}

/// The files of a data directory as they were.
struct Snapshot(Vec<(String, Vec<u8>)>);

impl Snapshot {
    fn of(home: &Path) -> Result<Self> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(home)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                let name = entry.file_name().to_string_lossy().into_owned();
                files.push((name, std::fs::read(entry.path())?));
            }
        }
        files.sort();
        Ok(Self(files))
    }

    /// Every other round takes the files in turn, so that small ones have theirs; the rest goes by size.
    fn pick(&self, round: u64, lots: &mut Seeded) -> (&str, &Vec<u8>) {
        let turn = (round / 2) as usize % self.0.len();
        let mut at = lots.below(self.0.iter().map(|(_, bytes)| bytes.len() as u64).sum());
        let by_size = self.0.iter().position(|(_, bytes)| {
            let here = at < bytes.len() as u64;
            at = at.saturating_sub(bytes.len() as u64);
            here
        });
        let (name, bytes) = &self.0[if round.is_multiple_of(2) { turn } else { by_size.unwrap_or(turn) }];
        (name, bytes)
    }

    fn put_back(&self, home: &Path) -> Result<()> {
        let there: Vec<PathBuf> =
            std::fs::read_dir(home)?.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>()?;
        for path in there.iter().filter(|path| !self.0.iter().any(|(name, _)| path.ends_with(name))) {
            std::fs::remove_file(path)?;
        }
        for (name, bytes) in &self.0 {
            std::fs::write(home.join(name), bytes)?;
        }
        Ok(())
    }
}

fn print(tallies: &BTreeMap<&str, Tally>, sound: &Snapshot) {
    println!(
        "{:<16} {:>9} {:>7} {:>7} {:>9} {:>8} {:>7}",
        "file", "bytes", "rounds", "named", "harmless", "refusals", "healed"
    );
    for (name, tally) in tallies {
        let bytes = sound.0.iter().find(|(file, _)| file == name).map_or(0, |(_, bytes)| bytes.len());
        println!(
            "{name:<16} {bytes:>9} {:>7} {:>7} {:>9} {:>8} {:>7}",
            tally.rounds, tally.named, tally.harmless, tally.refused_answers, tally.healed
        );
    }
}
