//! A person's way with their twin, from the first word to a new machine. Numbers that are compared with were counted
//! from the sample files by other means.

mod typed;

use serde_json::json;
use typed::{Desk, GLUCOSE, HEART_RATE, STEPS, WALK, sample};

#[test]
fn from_init_to_restore_nothing_is_lost() {
    let desk = Desk::new();
    let made = desk.json(&["init"]);
    assert!(made["did"].as_str().expect("a DID").starts_with("did:key:z6Mk"));
    let phrase = made["phrase"].as_str().expect("a phrase");
    assert_eq!(phrase.split(' ').count(), 24);

    // In.
    let files = [sample(HEART_RATE), sample(STEPS), sample(GLUCOSE), sample(WALK)];
    let import: Vec<_> = ["import"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let report = desk.json(&import);
    assert_eq!(report["streams"]["heart_rate"], 45_605);
    assert_eq!(report["streams"]["steps"], 45_605);
    assert_eq!(report["streams"]["glucose"], 1_846);
    assert_eq!(report["duplicate"], 0);
    assert!(report["seconds"].as_f64().expect("a number") > 0.0);
    let first = &report["files"][0];
    assert_eq!(first["path"], files[0]);
    assert_eq!(first["format"], "fitbit_csv");
    assert_eq!((&first["added"], &first["duplicate"], &first["skipped"]), (&json!(45_605), &json!(0), &json!({})));
    let again = desk.json(&import);
    assert_eq!((&again["added"], &again["duplicate"]), (&json!(0), &report["added"]));

    // Looking.
    let streams = desk.json(&["streams"]);
    let stream = |id: &str| streams.as_array().and_then(|all| all.iter().find(|s| s["id"] == id)).expect("a stream");
    let heart_rate = stream("heart_rate");
    assert_eq!((&heart_rate["unit"], &heart_rate["count"]), (&json!("/min"), &json!(45_605)));
    assert_eq!(heart_rate["first"], "2016-04-01T00:00:00");
    assert_eq!(heart_rate["last"], "2016-05-11T21:42:00");
    assert_eq!(heart_rate["sources"], json!(["Fitbit, account 5553957443"]));

    let day = ["--from", "2016-04-10", "--to", "2016-04-11", "--every", "1d"];
    let mean = ["query", "heart_rate", "--stat", "mean,min,max"];
    let answer = desk.json(&[&mean[..], &day[..]].concat());
    assert_eq!(answer["buckets"].as_array().map(Vec::len), Some(1));
    let bucket = answer["buckets"][0].as_object().expect("a bucket");
    let names: Vec<_> = bucket.keys().map(String::as_str).collect();
    assert_eq!(names, ["count", "max", "mean", "min", "time"], "only what was asked for");
    assert_eq!((&bucket["count"], &bucket["min"], &bucket["max"]), (&json!(1_303), &json!(53.0), &json!(97.0)));
    assert!((bucket["mean"].as_f64().expect("a mean") - 63.135_072_908_672_29).abs() < 1e-9);
    let steps = desk.json(&[&["query", "steps", "--stat", "sum"][..], &day[..]].concat());
    assert_eq!(steps["buckets"][0]["sum"], 5_170.0);

    let csv = desk.twin(&["query", "steps", "--every", "1w", "--stat", "sum", "--csv"]).ok().out;
    let sums: f64 = csv.lines().skip(1).filter_map(|line| line.split(',').nth(1)?.parse::<f64>().ok()).sum();
    assert_eq!((csv.lines().next(), sums), (Some("time,sum"), 306_820.0));
    let raw = desk.json(&["query", "glucose", "--limit", "1"]);
    assert_eq!(raw["points"][0]["value"], 179.0);
    assert_eq!((&raw["points"][0]["time"], &raw["more"]), (&json!("2016-04-06T19:13:52"), &json!(true)));

    // Where from.
    let shown = desk.json(&["show", "heart-rate", "2016-04-10T08:00"]);
    assert_eq!(shown["observation"]["value"]["number"], 55.0);
    assert_eq!((&shown["position"], &shown["verified"]), (&json!(384_355), &json!(true)));
    assert_eq!(shown["file"]["name"], files[0]);
    desk.twin(&["prove", "heart_rate", "2016-04-10T08:00", "-o", "p.twinproof"]).ok();
    let proof = std::fs::read(desk.path("p.twinproof")).expect("a proof");
    assert!(proof.len() <= 2_048, "{} bytes", proof.len());
    checked_by_a_stranger(&proof, &made["did"]);

    // Whole.
    let verified = desk.json(&["verify"]);
    assert_eq!(verified["damaged"], json!([]));
    let all: u64 = desk.counts().values().sum();
    assert_eq!(verified["observations"], all);
    let log = desk.json(&["log", "--limit", "3"]);
    assert_eq!(log["commits"].as_array().map(Vec::len), Some(3));
    assert!(desk.twin(&["log"]).ok().out.contains("heart_rate every 1d from 2016-04-10"));

    // Out and in again.
    desk.twin(&["export", "out"]).ok();
    let other = ["--home", "other"];
    desk.twin(&[&other[..], &["init", "--phrase-out", "other-words"]].concat()).ok();
    let report = desk.json(&[&other[..], &["import", "out"]].concat());
    assert_eq!(report["added"], all, "an export brings everything back: {report}");

    // Away, and back with nothing but the words.
    desk.twin(&["backup", "add", "copy"]).ok();
    let copied = desk.json(&["backup", "run"]);
    assert!(copied[0]["copied"].as_u64() > Some(0) && copied[0]["error"].is_null());
    let checked = desk.json(&["backup", "check"]);
    assert_eq!(checked[0]["missing"], json!([]));
    let before = desk.json(&["streams"]);
    std::fs::remove_dir_all(desk.home()).expect("the machine is lost");
    let words = desk.write("words", phrase);
    let passphrase = desk.write("new-passphrase", "another good passphrase\n");
    let restored = desk.json(&["restore", "copy", "--phrase-file", &words, "--passphrase-file", &passphrase]);
    assert_eq!((&restored["did"], &restored["observations"]), (&made["did"], &json!(all)));
    let after = desk.json(&["streams", "--passphrase-file", &passphrase]);
    assert_eq!(before, after);
    desk.twin(&["verify", "--passphrase-file", &passphrase]).ok();
    // The words may also be piped in.
    let piped = std::fs::File::open(&words).expect("the words");
    let mut again = desk.command(&["--home", "piped", "restore", "copy", "--passphrase-file", &passphrase]);
    assert!(again.stdin(piped).output().expect("runs").status.success());
}

/// A proof is checked with no twin, and a changed one does not hold.
fn checked_by_a_stranger(proof: &[u8], owner: &serde_json::Value) {
    let stranger = Desk::new();
    let file = stranger.write("p.twinproof", proof);
    let checked = stranger.json(&["check", &file]);
    assert_eq!((&checked["valid"], &checked["owner"]), (&json!(true), owner));
    assert_eq!((&checked["stream"], &checked["value"]["number"]), (&json!("heart_rate"), &json!(55.0)));
    assert_eq!((&checked["time"], &checked["source"]["app"]), (&json!("2016-04-10T08:00:00"), &json!("Fitbit")));
    assert!(stranger.twin(&["check", &file]).ok().out.contains("signature holds"));
    assert!(!stranger.home().exists());

    // 55 is 0xf9 0x52 0xe0 as a half-precision float: make it 56.
    let at = proof.windows(3).position(|window| window == [0xf9, 0x52, 0xe0]).expect("the value is in the proof");
    let mut tampered = proof.to_vec();
    tampered[at + 2] = 0;
    tampered[at + 1] = 0x53;
    for forged in [tampered, proof[..proof.len() - 1].to_vec(), b"not a proof".to_vec(), Vec::new()] {
        let file = stranger.write("forged", forged);
        let said = stranger.twin(&["check", &file, "--json"]).exits(1);
        assert_eq!(said.json()["valid"], false);
        stranger.twin(&["check", &file]).exits(1);
    }
    stranger.twin(&["check", "nowhere"]).exits(4).complains_of(&["nowhere", "check the path"]);
}

#[test]
fn people_see_tables_and_programs_see_json() {
    let desk = Desk::with_twin();
    let empty = desk.twin(&["streams"]).ok();
    assert!(empty.out.starts_with("Nothing yet."), "{}", empty.out);
    assert_eq!(desk.json(&["streams"]), json!([]));

    let said = desk.twin(&["import", &sample(GLUCOSE), &sample(WALK)]).ok().out;
    for words in ["glucose_csv", "gpx", "Skipped, and why", "no time", "1,846", "known already"] {
        assert!(said.contains(words), "{words} is not in\n{said}");
    }
    let streams = desk.twin(&["streams"]).ok().out;
    assert!(streams.contains("LAST 60 DAYS") && streams.contains('█'), "{streams}");
    let table = desk.twin(&["query", "glucose", "--every", "1d"]).ok().out;
    assert!(table.contains("Glucose  mg/dL  per 1d") && table.contains("──●──"), "{table}");
    let show = desk.twin(&["show", "glucose", "2016-04-07T08:00"]).ok().out;
    for step in ["├─ file", "├─ commit", "└─ device", "checked just now"] {
        assert!(show.contains(step), "{step} is not in\n{show}");
    }
    let doctor = desk.json(&["doctor"]);
    assert_eq!((&doctor["healthy"], &doctor["status"]["observations"]), (&json!(true), &json!(2_441)));
    assert!(!table.contains('\u{1b}'), "no colours where there is no terminal");

    // Nothing of this needs a twin.
    let nobody = Desk::new();
    assert!(nobody.twin(&["completions", "bash"]).ok().out.contains("_twin"));
    let api = nobody.json(&["openapi"]);
    assert!(api["paths"]["/api/streams.list@1"].is_object());
}

#[test]
fn damage_is_named_and_healed_from_a_copy() {
    let desk = Desk::with_twin();
    desk.twin(&["import", &sample(GLUCOSE)]).ok();
    desk.twin(&["backup", "add", "copy"]).ok();
    desk.twin(&["backup", "run"]).ok();
    let journal = desk.home().join("journal");
    let mut bytes = std::fs::read(&journal).expect("a journal");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::write(&journal, bytes).expect("rot");

    let report = desk.twin(&["verify", "--json"]).exits(1).json();
    let damaged = report["damaged"].as_array().expect("a list");
    assert!(!damaged.is_empty() && damaged[0]["file"] == "journal", "{report}");
    assert!(desk.twin(&["verify"]).exits(1).out.contains("twin repair"));
    let healed = desk.json(&["repair"]);
    assert_eq!(healed["remaining"], json!([]));
    assert_eq!(desk.json(&["verify"])["damaged"], json!([]));
    assert_eq!(desk.counts()["glucose"], 1_846);
}
